//! What a document says of the whole: taken from its first row, and held against the others.

use chrono::NaiveDate;
use ledger_core::command::{AllocationTarget, DraftDocument, DraftValue, ItemRef, RecordPayment, Settles};
use ledger_core::money::{add_units, decimal_of};
use ledger_core::subledger::Terms;
use ledger_core::{AccountRef, DocumentKind, Text, Units};
use rust_decimal::Decimal;

use super::line::{Line, Part, Reading};
use super::words::{kind_of, kinds, terms};
use super::{Amounts, Kind, Settings, needed};
use crate::import::source::{Recording, SourceError};
use crate::import::tabular::line::{currency_of, date, number, tags_of};
use crate::import::tabular::row::{Flaw, Row};
use crate::import::tabular::{Field, Options};

/// A document whose rows are being read.
pub(super) struct Pending {
    pub(super) number: Option<Text>,
    pub(super) party: Text,
    pub(super) date: NaiveDate,
    pub(super) currency: Text,
    pub(super) scale: u8,
    /// What the amounts say, in minor units of the currency.
    pub(super) total: Units,
    /// Rows or objects that it is made of, and where each stands.
    pub(super) places: Vec<u32>,
    pub(super) line: u32,
    pub(super) text: String,
    pub(super) flaw: Option<SourceError>,
    stated: Option<DocumentKind>,
    due: Option<NaiveDate>,
    terms: Option<Terms>,
    value: DraftValue,
    against: Option<Text>,
    reference: Option<Text>,
    series: Text,
    memo: Text,
    external_id: Option<Text>,
    /// Tags and accounts that payments and objects say of the whole.
    tags: Vec<(Text, Text)>,
    account: Option<Text>,
    charge: Option<(Text, Decimal)>,
    lines: Vec<Line>,
    parts: Vec<Part>,
    /// The cells of the first row that the others must agree with.
    said: Vec<(Field, Text)>,
}

impl Pending {
    /// What the first row of a document says of the whole. `is_header` where its lines are elsewhere.
    pub(super) fn read(row: &impl Row, kind: Kind, settings: &Settings, options: &Options, is_header: bool) -> Result<Self, Flaw> {
        let payment = matches!(kind, Kind::Payments(_));
        let number = match (row.cell(Field::Entry), row.cell(Field::Series)) {
            (None, None) if !payment && !settings.unnumbered => Some(needed(row, Field::Entry, "the document's number")?),
            (number, _) => number,
        };
        let party = needed(row, Field::Party, "a customer's or vendor's code")?;
        if payment && !is_header && number.is_none() && row.cell(Field::Document).is_none() {
            return Err(Flaw::row("a payment names neither a number nor what it pays", "fill in number or document"));
        }
        let currency = currency_of(row, options)?;
        let said = kind.vocabulary().agreed().iter().filter_map(|field| row.cell(*field).map(|text| (*field, text.into())));
        let text = |field| row.cell(field).map(Text::from);
        Ok(Self {
            number: number.map(Text::from),
            party: party.into(),
            date: day(row, Field::Date, options)?.ok_or_else(|| Flaw::row("the document has no date", "fill in the date"))?,
            currency: currency.into(),
            scale: 0,
            total: 0,
            places: Vec::new(),
            line: row.line(),
            text: row.raw().to_owned(),
            flaw: None,
            stated: stated_kind(row, kind)?,
            due: day(row, Field::DueDate, options)?,
            terms: row
                .cell(Field::Terms)
                .map(|words| terms(words).map_err(|problem| Flaw::cell(Field::Terms, words, problem, "write one of these")))
                .transpose()?,
            value: value_of(row, options, currency)?,
            against: if payment { None } else { text(Field::Document) },
            reference: text(Field::Reference),
            series: text(Field::Series).unwrap_or_default(),
            memo: text(Field::Memo).or_else(|| text(Field::Description).filter(|_| payment)).unwrap_or_default(),
            external_id: text(Field::ExternalId),
            tags: if payment || is_header { tags_of(row)? } else { Vec::new() },
            account: text(Field::Account).filter(|_| payment),
            charge: charge_of(row, options)?,
            lines: Vec::new(),
            parts: Vec::new(),
            said: said.collect(),
        })
    }

    /// Another line of the document.
    pub(super) fn add(&mut self, row: &impl Row, kind: Kind, settings: &Settings, options: &Options) -> Result<(), Flaw> {
        let reading = Reading { options, settings, currency: &self.currency, scale: self.scale };
        let units = if let Kind::Payments(_) = kind {
            let part = reading.part(row)?;
            let units = part.units;
            self.parts.push(part);
            units
        } else {
            let line = reading.line(row)?;
            let units = line.units;
            self.lines.push(line);
            units
        };
        self.places.push(row.locate(None).0);
        self.total = add_units(self.total, units).ok_or_else(|| {
            let text = row.cell(Field::Amount).unwrap_or_default();
            Flaw::cell(Field::Amount, text, "the document's total is too large to keep exactly", "split the document")
        })?;
        Ok(())
    }

    /// Whether a later row says the same of the whole.
    pub(super) fn agrees(&self, row: &impl Row, kind: Kind, options: &Options) -> Result<(), Flaw> {
        for field in kind.vocabulary().agreed() {
            let Some(other) = row.cell(*field) else { continue };
            let known = self.said.iter().find(|(said, _)| said == field).map(|(_, text)| text.as_str());
            if known == Some(other) {
                continue;
            }
            let expected = match field {
                Field::Date => Some(self.date),
                Field::DueDate => self.due,
                Field::Currency if *other == self.currency => continue,
                _ => None,
            };
            if matches!(field, Field::Date | Field::DueDate) && day(row, *field, options)? == expected {
                continue;
            }
            let problem = format!("the rows of a document agree, an earlier one says `{}`", known.unwrap_or("nothing"));
            return Err(Flaw::cell(*field, other, problem, "give one document one number, and say the same in all its rows"));
        }
        Ok(())
    }

    /// What is wrong with the document as a whole, once all its rows are read.
    pub(super) fn fault(&self, settings: &Settings, options: &Options) -> Option<String> {
        let DraftValue::Total(value) = self.value else { return None };
        let is_functional = options.functional_currency.as_deref() == Some(self.currency.as_str());
        let taxed_on_top = settings.amounts == Some(Amounts::Net) && self.lines.iter().any(|line| line.draft.tax_code.is_some());
        let total = decimal_of(self.total, self.scale).abs();
        let differs = is_functional && !taxed_on_top && value != total;
        differs.then(|| format!("the document comes to {total} {} and its value says {value}", self.currency))
    }

    /// What it is: as it says, else by the sign of its total.
    pub(super) fn kind(&self, kind: Kind) -> DocumentKind {
        let usual = match kind {
            Kind::Invoices => DocumentKind::Invoice,
            Kind::Bills => DocumentKind::Bill,
            Kind::Payments(ledger_core::Side::Receivable) => DocumentKind::PaymentIn,
            Kind::Payments(ledger_core::Side::Payable) => DocumentKind::PaymentOut,
        };
        let returned = if matches!(kind, Kind::Payments(_)) { DocumentKind::Refund } else { DocumentKind::CreditNote };
        self.stated.unwrap_or(if self.total < 0 { returned } else { usual })
    }

    /// Whether amounts stand with a minus because the document takes back.
    fn is_negated(&self, kind: Kind) -> bool {
        self.total < 0 && matches!(self.kind(kind), DocumentKind::CreditNote | DocumentKind::Refund)
    }

    /// Codes of the accounts of its lines, and of those where their amounts wait.
    pub(super) fn accounts(&self, settings: &Settings, kind: Kind) -> (Vec<Text>, Vec<Text>) {
        let code = |account: &AccountRef| if let AccountRef::Code(code) = account { Some(code.clone()) } else { None };
        if let Kind::Payments(_) = kind {
            return (vec![self.account.clone().unwrap_or_else(|| settings.counter.clone())], Vec::new());
        }
        let lines = self.lines.iter().filter_map(|line| code(&line.draft.account)).collect();
        let waiting = self.lines.iter().filter_map(|line| line.draft.deferral.as_ref().and_then(|deferral| code(&deferral.account)));
        (lines, waiting.collect())
    }

    /// Where the bank's charge goes.
    pub(super) fn charge_account(&self) -> Option<Text> {
        self.charge.as_ref().map(|(account, _)| account.clone())
    }

    pub(super) fn into_recording(self, kind: Kind, settings: &Settings) -> Recording {
        let negated = self.is_negated(kind);
        if let Kind::Payments(_) = kind {
            return Recording::Payment(self.into_payment(kind, settings, negated));
        }
        let document = self.kind(kind);
        let lines = self.lines.into_iter().map(|line| {
            let mut draft = line.draft;
            if negated && !draft.unit_price.is_zero() {
                draft.unit_price = -draft.unit_price;
            }
            draft
        });
        let mut draft = DraftDocument::new(document, &self.party, self.date, lines.collect());
        (draft.side, draft.control) = (Some(kind.side()), Some(AccountRef::Code(settings.control.clone())));
        (draft.number, draft.series, draft.currency) = (self.number, self.series, Some(self.currency));
        (draft.value, draft.reference, draft.against) = (self.value, self.reference, self.against);
        (draft.due, draft.terms) = (self.due, self.terms);
        (draft.memo, draft.tags, draft.external_id) = (self.memo, self.tags, self.external_id);
        (draft.tax_rounding, draft.tax_included) = (settings.tax_rounding, settings.amounts == Some(Amounts::Gross));
        Recording::Document(draft)
    }

    fn into_payment(self, kind: Kind, settings: &Settings, negated: bool) -> RecordPayment {
        let sign = if negated { -1 } else { 1 };
        let account = self.account.as_ref().unwrap_or(&settings.counter).as_str();
        let amount = decimal_of(sign * self.total, self.scale);
        let mut payment = RecordPayment::new(self.kind(kind), &self.party, account, self.date, amount);
        // A payment in parts says how much of it goes where; one that names one document settles that as far as it goes.
        let in_parts = self.parts.len() > 1;
        let target = |part: &Part| {
            let document = part.document.as_ref()?;
            let amount = (in_parts || part.settled.is_some()).then(|| decimal_of(sign * part.units, self.scale));
            let settled = part.settled.map(|settled| settled.abs());
            Some(AllocationTarget { item: ItemRef::document(&self.party, document), amount, settled })
        };
        let named: Vec<AllocationTarget> = self.parts.iter().filter_map(target).collect();
        payment.settles = match (named.is_empty(), settings.unapplied) {
            (false, _) => Settles::These(named),
            (true, true) => Settles::Nothing,
            (true, false) => Settles::ByDueDate,
        };
        (payment.side, payment.control) = (Some(kind.side()), Some(AccountRef::Code(settings.control.clone())));
        (payment.number, payment.series, payment.currency) = (self.number, self.series, Some(self.currency));
        (payment.value, payment.reference) = (self.value, self.reference);
        payment.bank_charge = self.charge.map(|(account, charge)| (AccountRef::Code(account), charge));
        (payment.memo, payment.tags, payment.external_id) = (self.memo, self.tags, self.external_id);
        payment
    }
}

/// A date of a document, with the message of documents.
fn day(row: &impl Row, field: Field, options: &Options) -> Result<Option<NaiveDate>, Flaw> {
    date(row, field, options).map_err(|flaw| {
        let problem = format!("expected a date like {}", options.date_format.example());
        Flaw { problem, remedy: Some("state how dates are written with --date-format".to_owned()), ..flaw }
    })
}

fn stated_kind(row: &impl Row, kind: Kind) -> Result<Option<DocumentKind>, Flaw> {
    let Some(word) = row.cell(Field::Kind) else { return Ok(None) };
    kind_of(kind, word).map(Some).ok_or_else(|| {
        Flaw::cell(
            Field::Kind,
            word,
            format!("expected {}", kinds(kind)),
            "write one of these, or leave the column out with --columns kind=",
        )
    })
}

/// What the total is worth, where the row says it.
fn value_of(row: &impl Row, options: &Options, currency: &str) -> Result<DraftValue, Flaw> {
    let is_functional = options.functional_currency.as_deref() == Some(currency);
    match (number(row, Field::Rate, options)?, number(row, Field::Functional, options)?) {
        (Some(_), Some(_)) => Err(Flaw::row("the row has a rate and a value in the functional currency", "keep one of them")),
        (None, None) => Ok(DraftValue::Recorded),
        (Some(rate), None) if is_functional => {
            let text = row.cell(Field::Rate).unwrap_or_default();
            let wrong = || Flaw::cell(Field::Rate, text, format!("a rate from {currency} to {currency} is 1"), "leave it empty or write 1");
            if rate == Decimal::ONE { Ok(DraftValue::Recorded) } else { Err(wrong()) }
        }
        (Some(rate), None) => Ok(DraftValue::Rate(rate)),
        (None, Some(value)) => Ok(DraftValue::Total(value.abs())),
    }
}

fn charge_of(row: &impl Row, options: &Options) -> Result<Option<(Text, Decimal)>, Flaw> {
    let Some(charge) = number(row, Field::BankCharge, options)?.filter(|charge| !charge.is_zero()) else { return Ok(None) };
    let account = needed(row, Field::ChargeAccount, "the account that the bank's charge goes to")?;
    Ok(Some((account.into(), charge)))
}
