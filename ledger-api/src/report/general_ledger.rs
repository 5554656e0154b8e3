//! The general ledger on paper: per account what it held, each line, and the balance after it. Read and printed page
//! by page, so that CSV of any length needs little memory.

use futures::stream::{self, Stream};
use ledger_projections::reports::{GeneralLedger, Held, LedgerAccount, LedgerItem, LedgerLine};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::Heading;
use crate::cli::output::{self, Format, Sheet, number, text};

/// Lines that are read at once.
const PAGE: usize = 5_000;
/// Lines of one piece.
const PIECE: usize = 500;

/// The columns of the CSV form; `value` is in the functional currency and empty where a line has none.
pub const COLUMNS: [&str; 14] = [
    "account",
    "name",
    "date",
    "seq",
    "line",
    "description",
    "party",
    "document",
    "currency",
    "debit",
    "credit",
    "balance",
    "value",
    "value_balance",
];

/// Prints a general ledger.
///
/// # Errors
/// The database's, or those of standard output.
pub async fn print(mut ledger: GeneralLedger, heading: &Heading, format: Format) -> anyhow::Result<()> {
    let mut printer: Box<dyn Printer + Send> = match format {
        Format::Table => Box::new(Tables { heading: heading.text("General ledger"), ..Tables::default() }),
        Format::Csv => Box::<Rows>::default(),
        Format::Json => Box::new(Document { heading: heading.clone(), accounts: Vec::new() }),
    };
    output::print(&printer.begin()?)?;
    loop {
        let page = ledger.next(PAGE).await?;
        if page.is_empty() {
            break;
        }
        let mut text = String::new();
        for item in page {
            text.push_str(&printer.item(item)?);
        }
        output::print(&text)?;
    }
    output::print(&printer.end())?;
    Ok(())
}

/// A general ledger piece by piece, as CSV or else as one JSON document, of which no more than a page is ever in memory.
pub fn pieces(ledger: GeneralLedger, heading: &Heading, csv: bool) -> impl Stream<Item = anyhow::Result<String>> + Send + use<> {
    let printer: Box<dyn Printer + Send> = if csv { Box::<Rows>::default() } else { Box::new(Pieces::new(heading)) };
    stream::try_unfold((ledger, printer, Part::Beginning), |(mut ledger, mut printer, part)| async move {
        let (text, next) = match part {
            Part::Beginning => (printer.begin()?, Part::Middle),
            Part::Middle => {
                let page = ledger.next(PIECE).await?;
                match page.is_empty() {
                    true => (printer.end(), Part::End),
                    false => (page.into_iter().map(|item| printer.item(item)).collect::<anyhow::Result<String>>()?, Part::Middle),
                }
            }
            Part::End => return Ok(None),
        };
        Ok(Some((text, (ledger, printer, next))))
    })
}

/// How far a ledger is that comes in pieces.
enum Part {
    Beginning,
    Middle,
    End,
}

/// What stands on paper for each part of the ledger.
trait Printer {
    fn begin(&mut self) -> anyhow::Result<String>;
    fn item(&mut self, item: LedgerItem) -> anyhow::Result<String>;
    fn end(&mut self) -> String;
}

/// The two sides of an amount, the other one empty.
fn sides(amount: Decimal, show: fn(Decimal) -> String) -> [String; 2] {
    if amount.is_sign_negative() && !amount.is_zero() { [String::new(), show(-amount)] } else { [show(amount), String::new()] }
}

fn plain(amount: Decimal) -> String {
    amount.to_string()
}

/// An amount for tables: thousands grouped, and of long fractions only what is needed.
fn grouped(amount: Decimal) -> String {
    const CURRENCY_DIGITS: u32 = 4;
    let amount = if amount.scale() > CURRENCY_DIGITS { amount.normalize() } else { amount };
    output::grouped(amount.mantissa(), u8::try_from(amount.scale()).unwrap_or(u8::MAX))
}

/// A table per account.
#[derive(Default)]
struct Tables {
    heading: String,
    account: Option<(LedgerAccount, Vec<LedgerLine>)>,
    any: bool,
}

impl Printer for Tables {
    fn begin(&mut self) -> anyhow::Result<String> {
        Ok(std::mem::take(&mut self.heading))
    }

    fn item(&mut self, item: LedgerItem) -> anyhow::Result<String> {
        self.any = true;
        match item {
            LedgerItem::Account(account) => {
                Ok(self.account.replace((account, Vec::new())).map(|done| table(&done.0, &done.1)).unwrap_or_default())
            }
            LedgerItem::Line(line) => {
                if let Some((_, lines)) = &mut self.account {
                    lines.push(*line);
                }
                Ok(String::new())
            }
        }
    }

    fn end(&mut self) -> String {
        match self.account.take() {
            Some((account, lines)) => table(&account, &lines),
            None if self.any => String::new(),
            None => "Nothing has been posted in this time.\n".to_owned(),
        }
    }
}

fn table(account: &LedgerAccount, lines: &[LedgerLine]) -> String {
    let mixed = lines.iter().map(|line| &line.currency).chain(account.opening.keys()).collect::<std::collections::BTreeSet<_>>().len() > 1;
    let party = lines.iter().any(|line| line.party.is_some());
    let document = lines.iter().any(|line| line.document.is_some());
    let currency = account.opening.keys().next().or(lines.first().map(|line| &line.currency)).cloned().unwrap_or_default();
    let wanted = [true, true, true, party, document, mixed, true, true, true];
    let pick = |cells: [String; 9]| cells.into_iter().zip(wanted).filter(|(_, wanted)| *wanted).map(|(cell, _)| cell);
    let titles = ["Date", "Seq", "Description", "Party", "Document", "Cur.", "Debit", "Credit", "Balance"].map(str::to_owned);
    let numbers = [false, true, false, false, false, false, true, true, true];
    let columns = titles.into_iter().zip(numbers).zip(wanted).filter(|(_, wanted)| *wanted);
    let mut sheet = Sheet::new(columns.map(|((title, is_number), _)| if is_number { number(title) } else { text(title) }));
    let blank = String::new;
    for (currency, held) in &account.opening {
        let label = "Balance before".to_owned();
        sheet.row(pick([blank(), blank(), label, blank(), blank(), currency.clone(), blank(), blank(), grouped(held.balance)]));
    }
    for line in lines {
        let [debit, credit] = sides(line.amount, grouped);
        let (party, document) = (line.party.clone().unwrap_or_default(), line.document.clone().unwrap_or_default());
        let (date, seq) = (line.effective_date.to_string(), line.seq.to_string());
        let balance = grouped(line.held.balance);
        sheet.row(pick([date, seq, described(line), party, document, line.currency.clone(), debit, credit, balance]));
    }
    let name = if account.name == account.code { String::new() } else { format!(" {}", account.name) };
    let unit = if mixed { String::new() } else { format!(", {currency}") };
    format!("{}{name}{unit}\n{}\n", account.code, sheet.render())
}

/// What happened, and what the line adds to it.
fn described(line: &LedgerLine) -> String {
    match &line.memo {
        Some(memo) if *memo != line.description => format!("{} ({memo})", line.description),
        _ => line.description.clone(),
    }
}

/// Rows of CSV.
#[derive(Default)]
struct Rows {
    account: [String; 2],
}

impl Printer for Rows {
    fn begin(&mut self) -> anyhow::Result<String> {
        output::csv(&COLUMNS, std::iter::empty::<[String; 14]>())
    }

    fn item(&mut self, item: LedgerItem) -> anyhow::Result<String> {
        let rows = match item {
            LedgerItem::Account(account) => {
                self.account = [account.code.to_string(), account.name.to_string()];
                account.opening.iter().map(|(currency, held)| self.opening(currency, held)).collect()
            }
            LedgerItem::Line(line) => vec![self.line(&line)],
        };
        output::csv_rows(rows)
    }

    fn end(&mut self) -> String {
        String::new()
    }
}

impl Rows {
    fn opening(&self, currency: &str, held: &Held) -> [String; 14] {
        let [code, name] = self.account.clone();
        let mut row: [String; 14] = Default::default();
        (row[0], row[1], row[5], row[8]) = (code, name, "balance before".to_owned(), currency.to_owned());
        (row[11], row[13]) = (plain(held.balance), held.functional.map(plain).unwrap_or_default());
        row
    }

    fn line(&self, line: &LedgerLine) -> [String; 14] {
        let [code, name] = self.account.clone();
        let [debit, credit] = sides(line.amount, plain);
        let (date, seq, no) = (line.effective_date.to_string(), line.seq.to_string(), line.line_no.to_string());
        let (party, document) = (line.party.clone().unwrap_or_default(), line.document.clone().unwrap_or_default());
        let (value, value_balance) = (line.functional.map(plain).unwrap_or_default(), line.held.functional.map(plain).unwrap_or_default());
        let balance = plain(line.held.balance);
        let description = described(line);
        [code, name, date, seq, no, description, party, document, line.currency.clone(), debit, credit, balance, value, value_balance]
    }
}

/// One JSON document.
struct Document {
    heading: Heading,
    accounts: Vec<Value>,
}

impl Printer for Document {
    fn begin(&mut self) -> anyhow::Result<String> {
        Ok(String::new())
    }

    fn item(&mut self, item: LedgerItem) -> anyhow::Result<String> {
        match item {
            LedgerItem::Account(account) => self.accounts.push(account_json(&account)),
            LedgerItem::Line(line) => {
                if let Some(lines) = self.accounts.last_mut().and_then(|account| account["lines"].as_array_mut()) {
                    lines.push(line_json(&line));
                }
            }
        }
        Ok(String::new())
    }

    fn end(&mut self) -> String {
        let mut map = self.heading.json("general-ledger");
        map.insert("accounts".into(), Value::Array(std::mem::take(&mut self.accounts)));
        output::json(&Value::Object(map))
    }
}

/// One JSON document that is written as it is read.
struct Pieces {
    heading: String,
    account: Option<bool>,
}

impl Pieces {
    fn new(heading: &Heading) -> Self {
        let mut heading = Value::Object(heading.json("general-ledger")).to_string();
        heading.pop(); // its closing brace comes at the end
        Self { heading, account: None }
    }
}

impl Printer for Pieces {
    fn begin(&mut self) -> anyhow::Result<String> {
        Ok(format!("{},\"accounts\":[", self.heading))
    }

    fn item(&mut self, item: LedgerItem) -> anyhow::Result<String> {
        match item {
            LedgerItem::Account(account) => {
                let between = if self.account.replace(false).is_some() { "]}," } else { "" };
                let mut beginning = account_json(&account);
                if let Some(members) = beginning.as_object_mut() {
                    members.remove("lines");
                }
                let mut beginning = beginning.to_string();
                beginning.pop();
                Ok(format!("{between}{beginning},\"lines\":["))
            }
            LedgerItem::Line(line) => {
                let between = if self.account.replace(true) == Some(true) { "," } else { "" };
                Ok(format!("{between}{}", line_json(&line)))
            }
        }
    }

    fn end(&mut self) -> String {
        if self.account.is_some() { "]}]}" } else { "]}" }.to_owned()
    }
}

fn account_json(account: &LedgerAccount) -> Value {
    let opening = account
        .opening
        .iter()
        .map(|(currency, held)| json!({ "currency": currency, "balance": plain(held.balance), "value": held.functional.map(plain) }));
    json!({
        "account": account.code.as_str(), "name": account.name.as_str(), "opening": opening.collect::<Vec<_>>(),
        "lines": Vec::<Value>::new(),
    })
}

fn line_json(line: &LedgerLine) -> Value {
    json!({
        "date": line.effective_date, "seq": line.seq, "line": line.line_no, "kind": line.entry_kind, "description": line.description,
        "party": line.party, "document": line.document, "due_date": line.due_date, "memo": line.memo, "external_id": line.external_id,
        "tax_code": line.tax_code, "tags": line.tags, "reverses": line.reverses, "corrects": line.corrects,
        "currency": line.currency, "amount": plain(line.amount), "balance": plain(line.held.balance),
        "value": line.functional.map(plain), "value_balance": line.held.functional.map(plain),
    })
}
