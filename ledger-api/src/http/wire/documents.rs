//! Documents: orders, invoices, bills, expense claims, credit and debit notes; invoicing orders; writing off.

use ledger_core::command::{DraftDeferral, DraftDocument, DraftDocumentLine, DraftValue, InvoiceOrder, WriteOff};
use ledger_core::rounding::Rounding;
use ledger_core::subledger::{Attachment, Origin, TaxRounding};
use ledger_core::{Command, Text};
use rust_decimal::Decimal;
use serde::Deserialize;
use utoipa::ToSchema;

use super::body::Fault;
use super::objects::only_objects;
use super::parties::{NewTermsPart, terms};
use super::scalars::{Day, Magnitude, Plain, Quantity, Rate};
use super::tags::Tags;
use super::words::{DeferralMethodWord, DocumentKindWord, RoundingWord, SideWord, TaxRoundingWord};

only_objects!(NewDocument, NewDocumentLine, NewDeferral, NewAttachment, NewOrigin, NewOrderInvoice, NewWriteOff);

/// A document to record: what it does to the books follows from it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
#[schema(example = json!({
    "kind": "invoice", "party": "C-1042", "date": "2026-02-03", "reference": "PO-7",
    "lines": [{"description": "Paper", "quantity": "3", "unit_price": "12.50", "account": "4000", "tax_code": "VAT20"}]
}))]
pub struct NewDocument {
    /// What it is.
    pub kind: DocumentKindWord,
    /// Which sub-ledger; what the kind, the document it is against, or the party says where not stated.
    pub side: Option<SideWord>,
    /// Code of the party.
    #[schema(example = "C-1042")]
    pub party: Plain,
    /// Its date.
    pub date: Day,
    /// Its number, where the ledger shall not give the next of the series.
    pub number: Option<Plain>,
    /// The series in which the ledger numbers it; the kind's own where not stated.
    #[serde(default)]
    pub series: Plain,
    /// Code of its currency; that of the document it is against, else the party's, else the functional one where not stated.
    pub currency: Option<Plain>,
    /// Functional units per unit of its currency, where recorded rates shall not say. Not with `value`.
    pub rate: Option<Rate>,
    /// What its total is worth in the functional currency, where recorded rates shall not say. Not with `rate`.
    pub value: Option<Magnitude>,
    /// The other side's number or purchase order.
    pub reference: Option<Plain>,
    /// Number of the invoice or bill that a credit or debit note is about.
    pub against: Option<Plain>,
    /// One or more lines.
    #[schema(min_items = 1, max_items = 2_000)]
    pub lines: Vec<NewDocumentLine>,
    /// Where its tax is rounded; on each line where not stated.
    pub tax_rounding: Option<TaxRoundingWord>,
    /// How its tax is rounded; ties away from zero where not stated.
    pub rounding: Option<RoundingWord>,
    /// Whether prices have tax in them.
    #[serde(default)]
    pub tax_included: bool,
    /// When it falls due, in which parts; by the party's terms where not stated.
    #[schema(max_items = 100)]
    pub terms: Option<Vec<NewTermsPart>>,
    /// When all of it falls due, whatever the terms.
    pub due: Option<Day>,
    /// Code of the control account; the party's, else the organization's where not stated.
    pub control: Option<Plain>,
    /// A note.
    #[serde(default)]
    pub memo: Plain,
    /// Dimensions of the whole.
    #[serde(default)]
    pub tags: Tags,
    /// Files that belong to it, by reference.
    #[serde(default)]
    #[schema(max_items = 100)]
    pub attachments: Vec<NewAttachment>,
    /// How it came in.
    pub origin: Option<NewOrigin>,
    /// Your own id, unique in the organization for ever.
    pub external_id: Option<Plain>,
}

/// One line of a document.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct NewDocumentLine {
    /// What it is for.
    #[serde(default)]
    pub description: Plain,
    /// How many; one where not stated.
    pub quantity: Option<Quantity>,
    /// What one costs after discounts, in the document's currency.
    pub unit_price: Quantity,
    /// Code of the account where it goes.
    #[schema(example = "4000")]
    pub account: Plain,
    /// Its tax code.
    pub tax_code: Option<Plain>,
    /// Dimensions.
    #[serde(default)]
    pub tags: Tags,
    /// When it is earned or spent, where that is over time.
    pub deferral: Option<NewDeferral>,
}

/// When a line is earned or spent.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
#[schema(example = json!({"start": "2026-01-01", "end": "2026-12-31", "account": "2400", "method": "days"}))]
pub struct NewDeferral {
    /// First day, inclusive.
    pub start: Day,
    /// Last day, inclusive.
    pub end: Day,
    /// Code of the account where it waits.
    pub account: Plain,
    /// How it is spread; by days where not stated.
    pub method: Option<DeferralMethodWord>,
}

/// A file that belongs to a document: its hash, what it is and its name are kept, not the file.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct NewAttachment {
    /// BLAKE3 of its bytes, in hexadecimal.
    #[schema(pattern = "^[0-9a-f]{64}$", example = "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262")]
    pub hash: Plain,
    /// What it is.
    #[schema(example = "application/pdf")]
    pub media_type: Plain,
    /// Its file name.
    #[schema(example = "scan.pdf")]
    pub name: Plain,
}

/// How a document came in.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
#[schema(example = json!({"channel": "email", "confidence": "0.93"}))]
pub struct NewOrigin {
    /// By which way: email, portal, api.
    pub channel: Plain,
    /// How sure whoever or whatever read it was, 0 to 1.
    pub confidence: Option<Rate>,
}

/// Makes an order an invoice.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
#[schema(example = json!({"order": "ORD-3", "date": "2026-02-03"}))]
pub struct NewOrderInvoice {
    /// The order's number.
    pub order: Plain,
    /// The invoice's date.
    pub date: Day,
    /// The invoice's number, where the ledger shall not give the next of the series.
    pub number: Option<Plain>,
    /// The invoice's series.
    #[serde(default)]
    pub series: Plain,
    /// Functional units per unit of its currency, where recorded rates shall not say. Not with `value`.
    pub rate: Option<Rate>,
    /// What its total is worth in the functional currency, where recorded rates shall not say. Not with `rate`.
    pub value: Option<Magnitude>,
}

/// Writes off what is open of a document.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
#[schema(example = json!({"party": "C-1042", "document": "INV-12", "account": "6900", "reason": "insolvent"}))]
pub struct NewWriteOff {
    /// Code of the party.
    pub party: Plain,
    /// The document's number.
    pub document: Plain,
    /// Code of the account where it goes: bad debts, small differences.
    pub account: Plain,
    /// When; the day of the youngest item if its period is open, where not stated.
    pub date: Option<Day>,
    /// How much; all that is open where not stated. The earliest due goes first.
    pub amount: Option<Magnitude>,
    /// Its number, where the ledger shall not give the next of the series.
    pub number: Option<Plain>,
    /// Why.
    #[serde(default)]
    pub reason: Plain,
}

/// What a total is worth, by at most one of the two ways of saying it.
pub(super) fn worth(rate: Option<Rate>, value: Option<Magnitude>) -> Result<DraftValue, Fault> {
    let positive = |number: Decimal, pointer: &str| match number.is_zero() {
        true => Err(Fault::at(pointer, "has to be more than zero; leave it out for the recorded rate")),
        false => Ok(number),
    };
    Ok(match (rate, value) {
        (None, None) => DraftValue::Recorded,
        (Some(Rate(rate)), None) => DraftValue::Rate(positive(rate, "/rate")?),
        (None, Some(Magnitude(total))) => DraftValue::Total(positive(total, "/value")?),
        (Some(_), Some(_)) => return Err(Fault::at("/value", "\"rate\" says what the total is worth already: keep one of the two")),
    })
}

pub(super) fn text(text: Option<Plain>) -> Option<Text> {
    text.map(|text| text.0)
}

impl NewDocument {
    /// The command.
    ///
    /// # Errors
    /// [`Fault`] for what contradicts itself.
    pub fn command(self) -> Result<Command, Fault> {
        let value = worth(self.rate, self.value)?;
        let attachments = self.attachments.into_iter().enumerate().map(|(at, file)| file.draft(at)).collect::<Result<_, _>>()?;
        Ok(Command::RecordDocument(Box::new(DraftDocument {
            kind: self.kind.into(),
            side: self.side.map(Into::into),
            party: self.party.0,
            date: self.date.0,
            number: text(self.number),
            series: self.series.0,
            currency: text(self.currency),
            value,
            reference: text(self.reference),
            against: text(self.against),
            lines: self.lines.into_iter().map(NewDocumentLine::draft).collect(),
            tax_rounding: self.tax_rounding.map_or(TaxRounding::PerLine, Into::into),
            rounding: self.rounding.map_or(Rounding::HalfUp, Into::into),
            tax_included: self.tax_included,
            terms: self.terms.map(terms),
            due: self.due.map(|day| day.0),
            control: self.control.map(Plain::account),
            memo: self.memo.0,
            tags: self.tags.0,
            attachments,
            origin: self.origin.map(|origin| Origin { channel: origin.channel.0, confidence: origin.confidence.map(|sure| sure.0) }),
            external_id: text(self.external_id),
        })))
    }
}

impl NewDocumentLine {
    fn draft(self) -> DraftDocumentLine {
        DraftDocumentLine {
            description: self.description.0,
            quantity: self.quantity.map_or(Decimal::ONE, |quantity| quantity.0),
            unit_price: self.unit_price.0,
            account: self.account.account(),
            tax_code: text(self.tax_code),
            tags: self.tags.0,
            deferral: self.deferral.map(|deferral| DraftDeferral {
                start: deferral.start.0,
                end: deferral.end.0,
                method: deferral.method.map_or(ledger_core::subledger::DeferralMethod::Days, Into::into),
                account: deferral.account.account(),
            }),
        }
    }
}

impl NewAttachment {
    fn draft(self, at: usize) -> Result<Attachment, Fault> {
        let lower = self.hash.0.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let hash = Some(&self.hash.0).filter(|_| lower).and_then(|hash| blake3::Hash::from_hex(hash.as_str()).ok());
        let hash = hash.ok_or_else(|| Fault::at(format!("/attachments/{at}/hash"), "a hash has 64 digits 0-9 and a-f"))?;
        Ok(Attachment { hash: *hash.as_bytes(), media_type: self.media_type.0, name: self.name.0 })
    }
}

impl NewOrderInvoice {
    /// The command.
    ///
    /// # Errors
    /// [`Fault`] for what contradicts itself.
    pub fn command(self) -> Result<Command, Fault> {
        let value = worth(self.rate, self.value)?;
        let (order, number, series) = (self.order.0, text(self.number), self.series.0);
        Ok(Command::InvoiceOrder(Box::new(InvoiceOrder { order, date: self.date.0, number, series, value })))
    }
}

impl NewWriteOff {
    /// The command.
    #[must_use]
    pub fn command(self) -> Command {
        Command::WriteOff(Box::new(WriteOff {
            party: self.party.0,
            document: self.document.0,
            account: self.account.account(),
            date: self.date.map(|day| day.0),
            amount: self.amount.map(|amount| amount.0),
            number: text(self.number),
            reason: self.reason.0,
        }))
    }
}
