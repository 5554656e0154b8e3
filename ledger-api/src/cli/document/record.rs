//! `ledgerd document record`: one document, from options or from a JSON object.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::NaiveDate;
use clap::{Args, ValueEnum};
use ledger_core::command::{DraftDeferral, DraftDocument, DraftDocumentLine};
use ledger_core::rounding::Rounding;
use ledger_core::subledger::{Attachment, DeferralMethod, Origin, Terms};
use ledger_core::{AccountRef, Book, Command, DocumentKind, Text};
use ledger_store::Organization;
use ledger_store::load::load_book;
use rust_decimal::Decimal;

use super::KindArg;
use crate::cli::complaint::{Complaint, Outcome};
use crate::cli::import::TaxRoundingArg;
use crate::cli::moment;
use crate::cli::recording::{OnceArgs, WorthArgs, key_of, number, record, tag};
use crate::cli::report_items::SideArg;
use crate::cli::shell::Shell;
use crate::import::documents::{Amounts, Kind, Settings, read_one, terms};
use crate::import::source::{Item, Recording, Sink, SourceError, Stop};
use crate::import::tabular::Options;

/// Arguments of `document record`.
#[derive(Debug, Args)]
#[command(after_help = "\
A document of one line is told by options. One of many lines is a JSON object in a file (or - for standard input):

  {\"kind\": \"invoice\", \"party\": \"C-1042\", \"date\": \"2026-02-03\", \"terms\": \"30\", \"reference\": \"PO-7\",
   \"lines\": [{\"description\": \"Paper\", \"quantity\": 3, \"unit_price\": \"12.50\", \"account\": \"4000\", \"tax_code\": \"VAT20\"},
             {\"amount\": \"40.00\", \"account\": \"4100\", \"tags\": {\"site\": \"north\"}}]}

It may have number, series, currency, rate or value, due_date, against, memo, tags and external_id; lines may have
deferral_start, deferral_end, deferral_account and deferral_method. Without a number the ledger gives the next of the series.

Examples:
  ledgerd document record --org acme --kind invoice --party C-1042 --date 2026-02-03 --amount 120.00 --account 4000
  ledgerd document record --org acme --kind bill --party V-7 --number 4711 --date 2026-02-03 --due 2026-03-05 \\
      --quantity 3 --unit-price 12.50 --account 5000 --tax-code VAT20 --attach scan.pdf
  ledgerd document record --org acme --kind credit-note --party C-1042 --date 2026-02-09 --amount 20 --account 4000 --against INV-12
  ledgerd document record --org acme --file invoice.json --dry-run")]
pub struct RecordArgs {
    /// The organization, by its short name
    #[arg(long, value_name = "SLUG")]
    pub org: String,
    /// What it is; a file may say so itself
    #[arg(long, value_enum, value_name = "KIND", required_unless_present = "file")]
    pub kind: Option<KindArg>,
    /// A JSON object with the document; `-` is standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = OF_OPTIONS)]
    pub file: Option<PathBuf>,
    /// Whose
    #[arg(long, value_name = "CODE", required_unless_present = "file")]
    pub party: Option<String>,
    /// Its date
    #[arg(long, value_name = "DATE", value_parser = moment::date, required_unless_present = "file")]
    pub date: Option<NaiveDate>,
    /// What it comes to, before tax unless --tax-included
    #[arg(long, value_name = "AMOUNT", value_parser = number, required_unless_present_any = ["file", "unit_price"], conflicts_with = "unit_price")]
    pub amount: Option<Decimal>,
    /// What one costs
    #[arg(long, value_name = "AMOUNT", value_parser = number)]
    pub unit_price: Option<Decimal>,
    /// How many
    #[arg(long, value_name = "NUMBER", value_parser = number, requires = "unit_price")]
    pub quantity: Option<Decimal>,
    /// Where it goes: revenue, expense, an asset; with --file, where lines go that do not say it
    #[arg(long, value_name = "CODE", required_unless_present = "file")]
    pub account: Option<String>,
    /// Its tax code
    #[arg(long, value_name = "CODE")]
    pub tax_code: Option<String>,
    /// What it is for
    #[arg(long, value_name = "TEXT")]
    pub description: Option<String>,
    /// When it is earned or spent, where that is over time, where it waits, and how it is spread [days, months, months_in_part]
    #[arg(long, value_name = "START..END@ACCOUNT[=METHOD]", value_parser = deferral)]
    pub deferral: Option<DraftDeferral>,
    /// Prices have tax in them
    #[arg(long)]
    pub tax_included: bool,
    /// Where tax is rounded
    #[arg(long, value_enum, default_value_t, value_name = "WHERE")]
    pub tax_rounding: TaxRoundingArg,
    /// How tax is rounded
    #[arg(long, value_enum, default_value_t, value_name = "HOW")]
    pub rounding: RoundingArg,
    /// Its number [default: the next of its series]
    #[arg(long, value_name = "NUMBER")]
    pub number: Option<String>,
    /// The series in which the ledger numbers it
    #[arg(long, value_name = "SERIES")]
    pub series: Option<String>,
    /// Its currency [default: that of the document it is against, else the party's, else the functional one]
    #[arg(long, value_name = "CODE")]
    pub currency: Option<String>,
    /// What its total is worth
    #[command(flatten)]
    pub worth: WorthArgs,
    /// The other side's number or purchase order
    #[arg(long, value_name = "TEXT")]
    pub reference: Option<String>,
    /// The invoice or bill that a credit or debit note is about
    #[arg(long, value_name = "NUMBER")]
    pub against: Option<String>,
    /// When all of it falls due
    #[arg(long, value_name = "DATE", value_parser = moment::date)]
    pub due: Option<NaiveDate>,
    /// Days until it falls due, or shares and their days: 30@30,50@60,20@90 [default: the party's terms]
    #[arg(long, value_name = "DAYS", value_parser = terms)]
    pub terms: Option<Terms>,
    /// Which sub-ledger [default: as the kind or the party says]
    #[arg(long, value_enum, value_name = "SIDE")]
    pub side: Option<SideArg>,
    /// The control account [default: the party's, else the organization's]
    #[arg(long, value_name = "CODE")]
    pub control: Option<String>,
    /// A note
    #[arg(long, value_name = "TEXT")]
    pub memo: Option<String>,
    /// A dimension; may be repeated
    #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = tag)]
    pub tags: Vec<(Text, Text)>,
    /// A file that belongs to it: its hash, media type and name are kept, not the file; may be repeated
    #[arg(long, value_name = "FILE")]
    pub attach: Vec<PathBuf>,
    /// How it came in: email, portal, api
    #[arg(long, value_name = "WORD")]
    pub channel: Option<String>,
    /// How sure whoever or whatever read it was, 0 to 1
    #[arg(long, value_name = "NUMBER", value_parser = number, requires = "channel")]
    pub confidence: Option<Decimal>,
    /// Your own id for it, unique in the organization
    #[arg(long, value_name = "ID")]
    pub external_id: Option<String>,
    /// How it is recorded
    #[command(flatten)]
    pub once: OnceArgs,
}

/// What a file says itself.
const OF_OPTIONS: [&str; 20] = [
    "party",
    "date",
    "amount",
    "unit_price",
    "quantity",
    "tax_code",
    "description",
    "deferral",
    "number",
    "series",
    "currency",
    "rate",
    "value",
    "reference",
    "against",
    "due",
    "terms",
    "memo",
    "tags",
    "external_id",
];

/// `--rounding`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum RoundingArg {
    /// Ties away from zero
    #[default]
    HalfUp,
    /// Ties to the even neighbour
    HalfEven,
}

impl From<RoundingArg> for Rounding {
    fn from(arg: RoundingArg) -> Self {
        match arg {
            RoundingArg::HalfUp => Self::HalfUp,
            RoundingArg::HalfEven => Self::HalfEven,
        }
    }
}

/// Reads `2026-01-01..2026-12-31@2400=months`.
fn deferral(words: &str) -> Result<DraftDeferral, String> {
    let wrong = || format!("expected START..END@ACCOUNT such as 2026-01-01..2026-12-31@2400, found `{words}`");
    let (days, rest) = words.split_once('@').ok_or_else(wrong)?;
    let (start, end) = days.split_once("..").ok_or_else(wrong)?;
    let (account, method) = rest.rsplit_once('=').map_or((rest, None), |(account, method)| (account, Some(method)));
    let method = match method {
        None => DeferralMethod::Days,
        Some(word) => DeferralMethod::parse(word).ok_or_else(|| format!("expected days, months or months_in_part, found `{word}`"))?,
    };
    Ok(DraftDeferral { start: moment::date(start)?, end: moment::date(end)?, method, account: AccountRef::from(account) })
}

pub(super) async fn run(shell: &Shell, args: RecordArgs) -> anyhow::Result<Outcome> {
    let attachments = args.attach.iter().map(|path| attachment(path)).collect::<anyhow::Result<Vec<_>>>()?;
    let text = args.file.as_deref().map(read_text).transpose()?;
    let session = shell.connect().await?;
    let organization = session.organization(&args.org).await?;
    let mut draft = match text {
        Some((name, text)) => {
            let book = load_book(&session.store.for_org(organization.org)).await?.book;
            from_file(&args, &organization, &book, name, &text)?
        }
        None => from_options(&args),
    };
    draft.side = args.side.map(Into::into);
    draft.control = args.control.as_deref().map(AccountRef::from);
    (draft.tax_included, draft.tax_rounding, draft.rounding) = (args.tax_included, args.tax_rounding.into(), args.rounding.into());
    draft.attachments = attachments;
    draft.origin = args.channel.as_deref().map(|channel| Origin { channel: channel.into(), confidence: args.confidence });
    let recording = Recording::Document(draft);
    let key = args.once.key.as_deref().map(|key| key_of(key, &recording));
    let Recording::Document(draft) = recording else { return Ok(Outcome::Done) };
    record(&session, &organization, Command::RecordDocument(Box::new(draft)), key, &args.once).await
}

fn from_options(args: &RecordArgs) -> DraftDocument {
    let text = |text: &Option<String>| text.as_deref().map(Text::from);
    let line = DraftDocumentLine {
        description: text(&args.description).unwrap_or_default(),
        quantity: args.quantity.unwrap_or(Decimal::ONE),
        tax_code: text(&args.tax_code),
        deferral: args.deferral.clone(),
        ..DraftDocumentLine::new(args.account.as_deref().unwrap_or_default(), args.unit_price.or(args.amount).unwrap_or_default())
    };
    let kind = args.kind.map_or(DocumentKind::Invoice, Into::into);
    let mut draft = DraftDocument::new(kind, args.party.as_deref().unwrap_or_default(), args.date.unwrap_or_default(), vec![line]);
    (draft.number, draft.series, draft.currency) = (text(&args.number), text(&args.series).unwrap_or_default(), text(&args.currency));
    (draft.value, draft.reference, draft.against) = (args.worth.draft(), text(&args.reference), text(&args.against));
    (draft.due, draft.terms) = (args.due, args.terms.clone());
    (draft.memo, draft.tags, draft.external_id) = (text(&args.memo).unwrap_or_default(), args.tags.clone(), text(&args.external_id));
    draft
}

/// The file's name for messages, and its text.
fn read_text(path: &Path) -> anyhow::Result<(String, String)> {
    let (name, read) = if path == Path::new("-") {
        let mut text = String::new();
        ("standard input".to_owned(), std::io::stdin().lock().read_to_string(&mut text).map(|_| text))
    } else {
        (path.display().to_string(), std::fs::read_to_string(path))
    };
    let text =
        read.map_err(|error| Complaint::refused(format!("{name} cannot be read: {error}")).hint("check the path; it must be UTF-8 text"))?;
    Ok((name, text))
}

fn from_file(args: &RecordArgs, organization: &Organization, book: &Book, name: String, text: &str) -> anyhow::Result<DraftDocument> {
    let object = serde_json::from_str::<serde_json::Value>(text).unwrap_or_default();
    let word = |name: &str| object.get(name).and_then(serde_json::Value::as_str);
    let said = ["kind", "type"].into_iter().find_map(word).map(str::to_owned);
    let asked: Option<DocumentKind> = args.kind.map(Into::into);
    let is_bill = match &said {
        Some(word) => matches!(word.to_ascii_lowercase().replace('-', "_").as_str(), "bill" | "expense_claim"),
        None => matches!(asked, Some(DocumentKind::Bill | DocumentKind::ExpenseClaim)),
    };
    let settings = Settings {
        amounts: Some(if args.tax_included { Amounts::Gross } else { Amounts::Net }),
        unnumbered: true,
        ..Settings::new("", args.account.as_deref().unwrap_or_default())
    };
    let functional = Text::from(organization.functional_currency.as_str());
    let of_party = word("party").and_then(|code| book.party_by_code(code)).and_then(|party| book.commodity(party.currency?));
    let currency = of_party.map_or_else(|| functional.clone(), |commodity| commodity.code.clone());
    let options = Options { currency: Some(currency), functional_currency: Some(functional), ..Options::default() };
    let mut one = One { book, found: None, refused: None };
    let kind = if is_bill { Kind::Bills } else { Kind::Invoices };
    let file: Arc<str> = name.as_str().into();
    read_one(text, &file, kind, &settings, &options, &mut one)?;
    if let Some(error) = one.refused {
        return Err(Complaint::refused(SourceError { remedy: None, ..error.clone() }.to_string())
            .hint(
                error
                    .remedy
                    .filter(|remedy| !remedy.contains("--"))
                    .unwrap_or_else(|| "correct it: `ledgerd document record --help` shows what a file may have".to_owned()),
            )
            .into());
    }
    let Some(mut draft) = one.found else { return Err(Complaint::refused(format!("{name} has no document")).into()) };
    if let Some(line) = draft.lines.iter().position(|line| line.account == AccountRef::Code(Text::default())) {
        return Err(Complaint::refused(format!("{name}: line {} names no account", line + 1))
            .hint("add \"account\" to the line, or pass --account for lines without one")
            .into());
    }
    match (asked, said) {
        (Some(asked), None) if draft.kind == DocumentKind::CreditNote && asked != draft.kind => {
            return Err(Complaint::refused(format!("{name}: the total is negative")).hint("record it as a credit note").into());
        }
        (Some(asked), None) => draft.kind = asked,
        (Some(asked), Some(word)) if asked != draft.kind => {
            return Err(Complaint::usage(format!("{name} says that it is `{word}`, --kind says otherwise")).hint("leave one out").into());
        }
        (None, None) => {
            return Err(Complaint::usage(format!("{name} does not say what it is")).hint("add \"kind\", or pass --kind").into());
        }
        (_, Some(_)) => {}
    }
    // What is not said is for the book to say: a note has the currency of what it is against.
    draft.currency = draft.currency.filter(|_| ["currency", "currency_code", "ccy"].into_iter().any(|name| object.get(name).is_some()));
    Ok(draft)
}

/// Takes the one document of a file.
struct One<'a> {
    book: &'a Book,
    found: Option<DraftDocument>,
    refused: Option<SourceError>,
}

impl Sink for One<'_> {
    fn item(&mut self, item: Item) -> Result<(), Stop> {
        if let Item::Document(document) = item
            && let Recording::Document(draft) = document.recording
        {
            self.found = Some(draft);
        }
        Ok(())
    }

    fn refuse(&mut self, error: SourceError) -> Result<(), Stop> {
        self.refused.get_or_insert(error);
        Ok(())
    }

    fn scale_of(&self, commodity: &str) -> u8 {
        let known = self.book.commodity_by_code(commodity).map(|known| known.scale);
        known.unwrap_or_else(|| ledger_core::commodity::default_scale(commodity))
    }
}

/// A file by reference: the hash of its bytes, what it is, and its name without folders.
fn attachment(path: &Path) -> anyhow::Result<Attachment> {
    let unreadable =
        |error| Complaint::refused(format!("{} cannot be attached: {error}", path.display())).hint("check the path of --attach");
    let mut hasher = blake3::Hasher::new();
    std::fs::File::open(path).and_then(|file| hasher.update_reader(file).map(drop)).map_err(unreadable)?;
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    Ok(Attachment { hash: *hasher.finalize().as_bytes(), media_type: media_type(&ending).into(), name: name.as_str().into() })
}

fn media_type(ending: &str) -> &'static str {
    match ending {
        "pdf" => "application/pdf",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "tif" | "tiff" => "image/tiff",
        "txt" => "text/plain",
        "csv" => "text/csv",
        "html" | "htm" => "text/html",
        "xml" => "application/xml",
        "json" => "application/json",
        "eml" => "message/rfc822",
        "zip" => "application/zip",
        "docx" => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "xlsx" => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deferrals_say_from_when_to_when_and_where() {
        let read = deferral("2026-01-01..2026-12-31@2400=months").unwrap();
        assert_eq!((read.method, read.account), (DeferralMethod::Months, AccountRef::from("2400")));
        assert_eq!(deferral("2026-01-01..2026-12-31@Liabilities:Deferred").unwrap().method, DeferralMethod::Days);
        for words in ["2026-01-01", "2026-01-01..2026-12-31", "2026-01-01..x@2400", "2026-01-01..2026-12-31@2400=years"] {
            assert!(deferral(words).is_err(), "{words}");
        }
    }
}
