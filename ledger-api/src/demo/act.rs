//! What the company does: entries, documents and payments, and how each stands in its file. Amounts are in cents and
//! positive as the document has them; [`Act::effects`] has them debit positive.

use std::fmt::Write as _;

use chrono::NaiveDate;
use ledger_core::subledger::{DocumentKind, Side};

use super::entry::{Currency, Entry, figures, quoted};
use super::rates::Rates;

/// Receivables, payables, and where sales tax waits.
pub(super) const RECEIVABLES: &str = "1110";
pub(super) const PAYABLES: &str = "2010";
pub(super) const TAX_OWED: &str = "2210";
/// Where bank charges go.
pub(super) const CHARGES: &str = "6460";
/// The code of the sales tax, and its rate in hundredths of a percent.
pub(super) const TAX_CODE: &str = "SALES";
pub(super) const SALES_TAX: i64 = 725;

/// Something the company does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// A journal entry.
    Entry(Entry),
    /// An invoice, a bill or a credit note.
    Document(Document),
    /// Money received or sent.
    Payment(Payment),
}

/// An invoice, a bill, or a credit note to either.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Invoice, bill or credit note.
    pub kind: DocumentKind,
    /// Whether a customer or a vendor.
    pub side: Side,
    /// Its number.
    pub number: String,
    /// Code of whoever it is with.
    pub party: String,
    /// Its date.
    pub date: NaiveDate,
    /// When it falls due.
    pub due: Option<NaiveDate>,
    /// The document that it takes back from.
    pub against: Option<String>,
    /// Its currency.
    pub currency: Currency,
    /// Its lines.
    pub lines: Vec<DocumentLine>,
}

/// A line of a document, before tax.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentLine {
    /// What it is.
    pub what: String,
    /// Where it goes.
    pub account: &'static str,
    /// How many.
    pub quantity: i64,
    /// What one costs.
    pub price: i64,
    /// Whether sales tax is due on it.
    pub taxed: bool,
    /// Dimensions, as `key=value;key=value`.
    pub tags: String,
    /// First and last day of what is earned or spent over time, and where it waits.
    pub over: Option<(NaiveDate, NaiveDate, &'static str)>,
}

/// Money received from a customer or sent to a vendor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// Which of the two.
    pub side: Side,
    /// Its number.
    pub number: String,
    /// Code of whoever it is from or to.
    pub party: String,
    /// When.
    pub date: NaiveDate,
    /// Its currency.
    pub currency: Currency,
    /// How much.
    pub cents: i64,
    /// What it pays; what is due first where nothing is said.
    pub pays: Option<String>,
    /// The bank account.
    pub account: &'static str,
    /// What the bank keeps of it.
    pub charge: i64,
    /// What the paid items are carried at in USD.
    pub carried: i64,
}

/// What an act does to an account: cents of the currency, and their value in USD.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Effect {
    /// The account.
    pub(super) account: &'static str,
    /// The currency.
    pub(super) currency: Currency,
    /// Debit positive.
    pub(super) cents: i64,
    /// Debit positive; of documents to a cent or two, as each line is valued for itself here.
    pub(super) value: i64,
}

impl DocumentLine {
    pub(super) fn new(what: impl Into<String>, account: &'static str, cents: i64) -> Self {
        Self { what: what.into(), account, quantity: 1, price: cents, taxed: false, tags: String::new(), over: None }
    }

    pub(super) fn tagged(mut self, key: &str, value: &str) -> Self {
        if !self.tags.is_empty() {
            self.tags.push(';');
        }
        let _ = write!(self.tags, "{key}={value}");
        self
    }

    /// What it comes to, before tax.
    #[must_use]
    pub const fn net(&self) -> i64 {
        self.quantity * self.price
    }

    /// Its tax, half-up.
    #[must_use]
    pub const fn tax(&self) -> i64 {
        if self.taxed { (self.net() * SALES_TAX + 5_000) / 10_000 } else { 0 }
    }
}

impl Document {
    /// What is owed in all.
    #[must_use]
    pub fn total(&self) -> i64 {
        self.lines.iter().map(|line| line.net() + line.tax()).sum()
    }

    /// The control account.
    const fn control(&self) -> &'static str {
        control(self.side)
    }

    /// 1 where it is a debit on its control account.
    fn sign(&self) -> i64 {
        let opening = if self.side == Side::Receivable { 1 } else { -1 };
        if self.kind == DocumentKind::CreditNote { -opening } else { opening }
    }
}

const fn control(side: Side) -> &'static str {
    match side {
        Side::Receivable => RECEIVABLES,
        Side::Payable => PAYABLES,
    }
}

/// The header rows of the files of documents and of payments.
pub(super) const DOCUMENT_HEADER: &str = "number,kind,party,date,due_date,against,currency,description,account,quantity,unit_price,tax_code,\
                                   tags,deferral_start,deferral_end,deferral_account,deferral_method";
/// The header row of files of payments.
pub(super) const PAYMENT_HEADER: &str = "number,party,date,currency,amount,pays,account,bank_charge,charge_account";

impl Act {
    /// When it counts.
    #[must_use]
    pub const fn date(&self) -> NaiveDate {
        match self {
            Self::Entry(entry) => entry.date,
            Self::Document(document) => document.date,
            Self::Payment(payment) => payment.date,
        }
    }

    /// What it does to the books.
    pub(super) fn effects(&self, rates: &Rates) -> Vec<Effect> {
        let effect = |account, currency, cents, date| Effect { account, currency, cents, value: rates.value(cents, currency, date) };
        match self {
            Self::Entry(entry) => {
                let value = |line: &super::Line| line.value.unwrap_or_else(|| rates.value(line.cents, line.currency, entry.date));
                let of =
                    |line: &super::Line| Effect { account: line.account, currency: line.currency, cents: line.cents, value: value(line) };
                entry.lines.iter().map(of).collect()
            }
            Self::Document(document) => {
                let (sign, date, currency) = (document.sign(), document.date, document.currency);
                let mut effects = vec![effect(document.control(), currency, sign * document.total(), date)];
                for line in &document.lines {
                    let account = line.over.map_or(line.account, |(_, _, waits)| waits);
                    effects.push(effect(account, currency, -sign * line.net(), date));
                    if line.tax() != 0 {
                        effects.push(effect(TAX_OWED, currency, -sign * line.tax(), date));
                    }
                }
                effects
            }
            Self::Payment(payment) => {
                let sign = if payment.side == Side::Receivable { 1 } else { -1 };
                let (currency, date) = (payment.currency, payment.date);
                let item =
                    Effect { account: control(payment.side), currency, cents: -sign * payment.cents, value: -sign * payment.carried };
                let mut effects = vec![item, effect(payment.account, currency, sign * payment.cents - payment.charge, date)];
                if payment.charge != 0 {
                    effects.push(effect(CHARGES, currency, payment.charge, date));
                }
                effects
            }
        }
    }
}

impl Document {
    /// Appends the document's rows.
    pub fn write_csv(&self, out: &mut String) {
        let or_empty = |date: Option<NaiveDate>| date.map(|date| date.to_string()).unwrap_or_default();
        for line in &self.lines {
            let (number, kind, party, date) = (&self.number, self.kind.as_str(), &self.party, self.date);
            let against = self.against.as_deref().unwrap_or("");
            let _ = write!(out, "{number},{kind},{party},{date},{},{against},{},", or_empty(self.due), self.currency.code());
            let _ = write!(out, "{},{},{},{},", quoted(&line.what), line.account, line.quantity, figures(line.price));
            let _ = write!(out, "{},{},", if line.taxed { TAX_CODE } else { "" }, line.tags);
            let _ = match line.over {
                Some((start, end, waits)) => writeln!(out, "{start},{end},{waits},months_in_part"),
                None => writeln!(out, ",,,"),
            };
        }
    }
}

impl Payment {
    /// Appends the payment's row.
    pub fn write_csv(&self, out: &mut String) {
        let (number, party, date, currency) = (&self.number, &self.party, self.date, self.currency.code());
        let (charge, charged) = if self.charge == 0 { (String::new(), "") } else { (figures(self.charge), CHARGES) };
        let pays = self.pays.as_deref().unwrap_or("");
        let _ = writeln!(out, "{number},{party},{date},{currency},{},{pays},{},{charge},{charged}", figures(self.cents), self.account);
    }
}
