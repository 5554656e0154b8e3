//! `ledgerd document show`: what was agreed, and what became of it. The book names the event, which is read by its
//! place; history is not searched.

use chrono::NaiveDate;
use clap::{Args, ValueEnum};
use ledger_core::{Book, CommodityNo, Document, DocumentKind, Event, ItemId, Money, OpenItem, Seq, Units};
use ledger_store::OrgStore;
use ledger_store::load::{event_at, load_book};
use serde_json::{Value, json};

use super::find::find;
use crate::cli::complaint::{Complaint, Outcome};
use crate::cli::events::described;
use crate::cli::output::{self, Format, FormatArg, Sheet, grouped, plain, print, text};
use crate::cli::recording::{party, shown};
use crate::cli::shell::Shell;

/// Arguments of `document show`.
#[derive(Debug, Args)]
#[command(after_help = "\
What is open is as of now; `ledgerd report open-items --as-of DATE` tells it for any day.

Examples:
  ledgerd document show --org acme INV-12
  ledgerd document show --org acme 4711 --party V-7 --format json")]
pub struct ShowArgs {
    /// The organization, by its short name
    #[arg(long, value_name = "SLUG")]
    pub org: String,
    /// The document's number
    #[arg(value_name = "NUMBER")]
    pub number: String,
    /// What it is, where several documents have the number
    #[arg(long, value_enum, value_name = "KIND")]
    pub kind: Option<AnyKindArg>,
    /// Whose it is, where several documents have the number
    #[arg(long, value_name = "CODE")]
    pub party: Option<String>,
    #[command(flatten)]
    format: FormatArg,
}

/// What a document may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnyKindArg(DocumentKind);

impl ValueEnum for AnyKindArg {
    fn value_variants<'a>() -> &'a [Self] {
        use DocumentKind::{Bill, CreditNote, DebitNote, ExpenseClaim, Invoice, Order, PaymentIn, PaymentOut, Refund, WriteOff};
        const ALL: &[AnyKindArg] = &[
            AnyKindArg(Order),
            AnyKindArg(Invoice),
            AnyKindArg(Bill),
            AnyKindArg(ExpenseClaim),
            AnyKindArg(CreditNote),
            AnyKindArg(DebitNote),
            AnyKindArg(PaymentIn),
            AnyKindArg(PaymentOut),
            AnyKindArg(Refund),
            AnyKindArg(WriteOff),
        ];
        ALL
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        let word = match self.0 {
            DocumentKind::ExpenseClaim => "expense-claim",
            DocumentKind::CreditNote => "credit-note",
            DocumentKind::DebitNote => "debit-note",
            DocumentKind::PaymentIn => "payment-in",
            DocumentKind::PaymentOut => "payment-out",
            DocumentKind::WriteOff => "write-off",
            one_word => one_word.as_str(),
        };
        Some(clap::builder::PossibleValue::new(word))
    }
}

/// A document, and what became of it.
struct Shown<'a> {
    book: &'a Book,
    seq: Seq,
    document: Document,
    /// Numbers of the order that it came from and of the document that it is about.
    order: Option<String>,
    about: Option<String>,
}

/// One part of what settled a document, or of what it settled.
struct Settled {
    date: NaiveDate,
    document: String,
    taken: Money,
    realised: Units,
    seq: Seq,
}

pub(super) async fn run(shell: &Shell, args: &ShowArgs) -> anyhow::Result<Outcome> {
    let session = shell.connect().await?;
    let org = session.org_store(&args.org).await?;
    let book = load_book(&org).await?.book;
    let found = find(&book, &args.number, args.kind.map(|kind| kind.0), args.party.as_deref())?;
    let recorded = event_at(&org, found.seq).await?;
    let json = described(&book, Some(found.seq), &recorded.event);
    let Event::DocumentRecorded { document, .. } = recorded.event else {
        return Err(Complaint::refused(format!("the event at seq {} is no document", found.seq)).hint("run `ledgerd verify`").into());
    };
    let (order, about) = (number_at(&org, document.order).await?, number_at(&org, document.relates_to).await?);
    let shown = Shown { book: &book, seq: found.seq, document: *document, order, about };
    print(&match args.format.format {
        Format::Table => shown.text(),
        Format::Csv => shown.csv()?,
        Format::Json => output::json(&shown.json(json)),
    })?;
    Ok(Outcome::Done)
}

/// The number of the document at a place, for people.
async fn number_at(org: &OrgStore, seq: Option<Seq>) -> anyhow::Result<Option<String>> {
    let Some(seq) = seq else { return Ok(None) };
    Ok(match event_at(org, seq).await?.event {
        Event::DocumentRecorded { document, .. } => Some(format!("{} (seq {seq})", document.number)),
        _ => Some(format!("seq {seq}")),
    })
}

impl Shown<'_> {
    fn scale(&self, currency: CommodityNo) -> u8 {
        self.book.commodity(currency).map_or(0, |commodity| commodity.scale)
    }

    fn currency(&self) -> String {
        self.book.commodity(self.document.currency).map_or_else(String::new, |commodity| commodity.code.to_string())
    }

    fn grouped(&self, units: Units) -> String {
        grouped(units, self.scale(self.document.currency))
    }

    fn account(&self, no: ledger_core::AccountNo) -> String {
        self.book.account(no).map_or_else(String::new, |account| account.code.to_string())
    }

    fn items(&self) -> impl Iterator<Item = (ItemId, &OpenItem)> {
        self.book.items_at(self.seq)
    }

    /// Allocations that hold, in the order in which they were made.
    fn settled(&self) -> Vec<Settled> {
        let mut found = Vec::new();
        for (id, _) in self.items() {
            for (seq, kept) in self.book.allocations_of(id).filter(|(_, kept)| kept.reversed.is_none()) {
                let allocation = &kept.allocation;
                let (other, taken) =
                    if allocation.from == id { (allocation.to, allocation.taken) } else { (allocation.from, allocation.settled) };
                let document = self.book.item(other).map_or_else(|| other.to_string(), |item| item.document.to_string());
                found.push(Settled { date: allocation.date, document, taken, realised: allocation.realised, seq });
            }
        }
        found.sort_by_key(|settled| settled.seq);
        found
    }

    fn text(&self) -> String {
        let mut out = self.head();
        out.push('\n');
        out.push_str(&self.lines());
        if !self.document.tax.is_empty() {
            out.push('\n');
            out.push_str(&self.taxes());
        }
        let tax: Units = self.document.tax.iter().map(|row| row.tax).sum();
        let total = shown(self.book, Money::new(self.document.total, self.document.currency));
        let net = self.document.total - tax;
        out.push_str(&if self.document.tax.is_empty() {
            format!("\nTotal {total}\n")
        } else {
            format!("\nNet {}, tax {}, total {total}\n", self.grouped(net), self.grouped(tax))
        });
        out.push_str(&self.due());
        for file in &self.document.attachments {
            let hash = blake3::Hash::from_bytes(file.hash).to_hex();
            out.push_str(&format!("\nAttached: {} ({}, blake3 {hash})\n", file.name, file.media_type));
        }
        out
    }

    fn head(&self) -> String {
        let document = &self.document;
        let mut kind = document.kind.as_str().replace('_', " ");
        if let Some(first) = kind.get_mut(0..1) {
            first.make_ascii_uppercase();
        }
        let mut out = format!("{kind} {} of {}, {} (seq {})\n", document.number, party(self.book, document.party), document.date, self.seq);
        let mut say = |what: &str, value: Option<String>| {
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                out.push_str(&format!("{what}: {value}\n"));
            }
        };
        say("Reference", document.reference.as_ref().map(ToString::to_string));
        say("Order", self.order.clone());
        say("About", self.about.clone());
        say("Account", document.cash_account.map(|no| self.account(no)));
        say("Memo", Some(document.memo.to_string()));
        let tags: Vec<String> = document.tags.iter().map(|(key, value)| format!("{key}={value}")).collect();
        say("Tags", Some(tags.join(", ")));
        let sure =
            |origin: &ledger_core::subledger::Origin| origin.confidence.map(|sure| format!(", confidence {sure}")).unwrap_or_default();
        say("Came by", document.origin.as_ref().map(|origin| format!("{}{}", origin.channel, sure(origin))));
        say("Reversed", self.book.reversed_by(self.seq).map(|seq| format!("at seq {seq}")));
        out
    }

    fn lines(&self) -> String {
        if self.document.lines.is_empty() {
            return String::new();
        }
        let mut sheet = Sheet::new([
            text("Line"),
            text("What"),
            output::number("Quantity"),
            output::number("Price"),
            text("Account"),
            text("Tax"),
            output::number(format!("Net {}", self.currency())),
        ]);
        for (line, no) in self.document.lines.iter().zip(1..) {
            let mut what = line.description.to_string();
            for (key, value) in &line.tags {
                what.push_str(&format!(" [{key}={value}]"));
            }
            if let Some(terms) = &line.deferral {
                what.push_str(&format!(
                    " ({} to {}, {} by {})",
                    terms.start,
                    terms.end,
                    self.account(terms.account),
                    terms.method.as_str()
                ));
            }
            let (quantity, price) = (line.quantity.normalize().to_string(), line.unit_price.to_string());
            let tax = line.tax_code.as_ref().map(ToString::to_string).unwrap_or_default();
            sheet.row([no.to_string(), what.trim().to_owned(), quantity, price, self.account(line.account), tax, self.grouped(line.net)]);
        }
        sheet.render()
    }

    fn taxes(&self) -> String {
        let titles = [
            text("Tax"),
            text("Component"),
            output::number("%"),
            output::number("Base"),
            output::number("Tax"),
            text("Account"),
            text("Box"),
        ];
        let mut sheet = Sheet::new(titles);
        for row in &self.document.tax {
            let mut component = row.component.to_string();
            if row.reverse_charge {
                component.push_str(" (reverse charge)");
            }
            let percent = (row.rate * rust_decimal::Decimal::ONE_HUNDRED).normalize().to_string();
            let (base, tax) = (self.grouped(row.base), self.grouped(row.tax));
            sheet.row([row.code.to_string(), component, percent, base, tax, self.account(row.account), row.report_box.to_string()]);
        }
        sheet.render()
    }

    /// What falls due when, what is open of it, and what settled it.
    fn due(&self) -> String {
        let mut out = String::new();
        if self.items().next().is_some() {
            let mut sheet = Sheet::new([text("Due"), output::number("Amount"), output::number("Open"), text("Cur.")]);
            for (_, item) in self.items() {
                let scale = self.scale(item.money.currency());
                let (amount, open) = (grouped(item.money.units().abs(), scale), grouped(item.open.abs(), scale));
                let due = item.due.map_or_else(String::new, |due| due.to_string());
                sheet.row([due, amount, open, self.currency()]);
            }
            out.push_str(&format!("\n{}", sheet.render()));
        }
        let settled = self.settled();
        if !settled.is_empty() {
            let titles = [text("Settled"), text("With"), output::number("Amount"), text("Cur."), output::number("Exchange"), text("Seq")];
            let mut sheet = Sheet::new(titles);
            for part in settled {
                let currency = self.book.commodity(part.taken.currency()).map_or_else(String::new, |commodity| commodity.code.to_string());
                let amount = grouped(part.taken.units(), self.scale(part.taken.currency()));
                let realised = if part.realised == 0 { String::new() } else { grouped(part.realised, self.scale(CommodityNo::new(1))) };
                sheet.row([part.date.to_string(), part.document, amount, currency, realised, part.seq.to_string()]);
            }
            out.push_str(&format!("\n{}", sheet.render()));
        }
        out
    }

    fn csv(&self) -> anyhow::Result<String> {
        let scale = self.scale(self.document.currency);
        let rows = self.document.lines.iter().zip(1..).map(|(line, no)| {
            [
                no.to_string(),
                line.description.to_string(),
                line.quantity.normalize().to_string(),
                line.unit_price.to_string(),
                self.account(line.account),
                line.tax_code.as_ref().map(ToString::to_string).unwrap_or_default(),
                self.currency(),
                plain(line.net, scale),
            ]
        });
        output::csv(&["line", "description", "quantity", "unit_price", "account", "tax_code", "currency", "net"], rows)
    }

    fn json(&self, mut event: Value) -> Value {
        let scale = |currency| self.scale(currency);
        let items = self.items().map(|(id, item)| {
            let money = item.money;
            json!({
                "seq": id.seq, "line": id.line, "due": item.due, "amount": plain(money.units().abs(), scale(money.currency())),
                "open": plain(item.open.abs(), scale(money.currency())),
                "open_functional": plain(item.open_functional.abs(), scale(CommodityNo::new(1))),
            })
        });
        let settled = self.settled().into_iter().map(|part| {
            let currency = self.book.commodity(part.taken.currency()).map(|commodity| commodity.code.to_string());
            json!({
                "date": part.date, "document": part.document, "amount": plain(part.taken.units(), scale(part.taken.currency())),
                "currency": currency, "realised": plain(part.realised, scale(CommodityNo::new(1))), "seq": part.seq,
            })
        });
        if let Some(map) = event.as_object_mut() {
            map.insert("items".into(), items.collect());
            map.insert("settled".into(), settled.collect());
            map.insert("reversed_by".into(), json!(self.book.reversed_by(self.seq)));
        }
        event
    }
}
