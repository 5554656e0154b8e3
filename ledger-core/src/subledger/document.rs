//! Documents: orders, invoices, bills, credit notes, payments and their like, as they were agreed.
//!
//! A document says what was agreed; its entry says what that does to the books, and the lines of that entry on
//! control accounts are its open items. Everything that was computed is stored and never computed again.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::{PartyNo, Side, Terms};
use crate::account::AccountNo;
use crate::commodity::CommodityNo;
use crate::merkle::Hash;
use crate::money::Units;
use crate::rounding::Rounding;
use crate::{Seq, Text};

words! {
    /// What a document is.
    DocumentKind {
        /// Agreed but not yet owed: it has no entry.
        Order = 0 "order",
        /// What a customer owes.
        Invoice = 1 "invoice",
        /// What a vendor is owed.
        Bill = 2 "bill",
        /// What somebody spent for the organization.
        ExpenseClaim = 3 "expense_claim",
        /// Takes back part or whole of an invoice or bill.
        CreditNote = 4 "credit_note",
        /// Adds to an invoice or bill.
        DebitNote = 5 "debit_note",
        /// Money received.
        PaymentIn = 6 "payment_in",
        /// Money sent.
        PaymentOut = 7 "payment_out",
        /// Money returned.
        Refund = 8 "refund",
        /// What will not be paid any more.
        WriteOff = 9 "write_off",
    }
}

impl DocumentKind {
    /// The series in which documents of the kind are numbered unless they name another.
    #[must_use]
    pub const fn series(self) -> &'static str {
        match self {
            Self::Order => "ORD",
            Self::Invoice => "INV",
            Self::Bill => "BILL",
            Self::ExpenseClaim => "EXP",
            Self::CreditNote => "CN",
            Self::DebitNote => "DN",
            Self::PaymentIn => "IN",
            Self::PaymentOut => "OUT",
            Self::Refund => "REF",
            Self::WriteOff => "WO",
        }
    }

    /// The name of its event.
    #[must_use]
    pub const fn event_name(self) -> &'static str {
        match self {
            Self::Order => "OrderReceived",
            Self::Invoice => "InvoiceIssued",
            Self::Bill => "BillReceived",
            Self::ExpenseClaim => "ExpenseClaimed",
            Self::CreditNote => "CreditNoteIssued",
            Self::DebitNote => "DebitNoteIssued",
            Self::PaymentIn => "PaymentReceived",
            Self::PaymentOut => "PaymentSent",
            Self::Refund => "RefundPaid",
            Self::WriteOff => "WrittenOff",
        }
    }
}

words! {
    /// Where the tax of a document is rounded.
    TaxRounding {
        /// Each line for itself.
        PerLine = 0 "line",
        /// The sum of each code's bases.
        PerDocument = 1 "document",
    }
}

words! {
    /// How a deferred amount is spread.
    DeferralMethod {
        /// By days, first and last inclusive.
        Days = 0 "days",
        /// The same for each month that is touched.
        Months = 1 "months",
        /// By months, a month that is only touched in part by its share of days.
        MonthsInPart = 2 "months_in_part",
    }
}

/// When a line is earned or spent, where that is not when it is invoiced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeferralTerms {
    /// First day, inclusive.
    pub start: NaiveDate,
    /// Last day, inclusive.
    pub end: NaiveDate,
    /// How it is spread.
    pub method: DeferralMethod,
    /// Where it waits: deferred revenue or prepaid expense.
    pub account: AccountNo,
}

/// One line of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentLine {
    /// For people.
    pub description: Text,
    /// How many.
    pub quantity: Decimal,
    /// What one costs, in the document's currency.
    pub unit_price: Decimal,
    /// Net of tax, in minor units of the document's currency. Positive as the document's kind has it.
    pub net: Units,
    /// Where it goes: revenue, expense, an asset.
    pub account: AccountNo,
    /// Its tax code.
    pub tax_code: Option<Text>,
    /// Dimensions.
    pub tags: Vec<(Text, Text)>,
    /// When it is earned or spent, where that is over time.
    pub deferral: Option<DeferralTerms>,
}

/// What one component of a tax code came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaxRow {
    /// The document's line, from 1; nothing where tax is rounded per document.
    pub line: Option<u32>,
    /// The tax code.
    pub code: Text,
    /// Its component.
    pub component: Text,
    /// The box of the tax report.
    pub report_box: Text,
    /// As a share: 0.20 for 20 %.
    pub rate: Decimal,
    /// What it was computed on, in minor units of the document's currency.
    pub base: Units,
    /// The tax, in minor units of the document's currency; positive adds to the total.
    pub tax: Units,
    /// How much of it is recoverable.
    pub recoverable: Units,
    /// The tax account.
    pub account: AccountNo,
    /// Whether the buyer owes it to the state. On a purchase such a row comes twice: what is deductible, and
    /// negative what is due, so that the total does not have it.
    pub reverse_charge: bool,
}

/// A part of a document's total that falls due for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instalment {
    /// When.
    pub due: NaiveDate,
    /// How much, in minor units of the document's currency.
    pub amount: Units,
}

/// A file that belongs to a document, by reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// BLAKE3 of its bytes.
    pub hash: Hash,
    /// `application/pdf`.
    pub media_type: Text,
    /// Its file name.
    pub name: Text,
}

/// How a document came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// `email`, `portal`, `api`, `import`.
    pub channel: Text,
    /// How sure whoever or whatever read it was: 0 to 1.
    pub confidence: Option<Decimal>,
}

/// What an order asks of its invoice where that is not what the party's invoices have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InvoiceTerms {
    /// When it falls due, counted from the invoice's date.
    pub terms: Option<Terms>,
    /// When all of it falls due, whatever the terms.
    pub due: Option<NaiveDate>,
    /// The control account.
    pub control: Option<AccountNo>,
}

/// A document as it was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// What it is.
    pub kind: DocumentKind,
    /// Which sub-ledger it belongs to.
    pub side: Side,
    /// The series that it is numbered in; may be empty.
    pub series: Text,
    /// Its place in the series, where the ledger numbered it.
    pub ordinal: Option<u64>,
    /// Its number: unique for its kind, and per party where the party gave it.
    pub number: Text,
    /// Whose it is.
    pub party: PartyNo,
    /// Its date.
    pub date: NaiveDate,
    /// Its currency.
    pub currency: CommodityNo,
    /// The other side's number or purchase order.
    pub reference: Option<Text>,
    /// The order that it came from.
    pub order: Option<Seq>,
    /// The document that it takes back, adds to, pays or writes off.
    pub relates_to: Option<Seq>,
    /// What was agreed.
    pub lines: Vec<DocumentLine>,
    /// Tax by component.
    pub tax: Vec<TaxRow>,
    /// Where tax is rounded.
    pub tax_rounding: TaxRounding,
    /// How it is rounded.
    pub rounding: Rounding,
    /// Whether prices had tax in them.
    pub tax_included: bool,
    /// What is owed or paid in all, in minor units of the currency; positive.
    pub total: Units,
    /// When it falls due.
    pub instalments: Vec<Instalment>,
    /// Where the money went or came from, for payments and refunds.
    pub cash_account: Option<AccountNo>,
    /// For people.
    pub memo: Text,
    /// Dimensions of the whole.
    pub tags: Vec<(Text, Text)>,
    /// Files that belong to it.
    pub attachments: Vec<Attachment>,
    /// How it came in.
    pub origin: Option<Origin>,
    /// What an order was given explicitly for the invoice that it becomes; nothing on any other document.
    pub invoice_terms: Option<Box<InvoiceTerms>>,
}

impl Document {
    /// Whether the other side numbers documents like this one, so that numbers are unique per party.
    #[must_use]
    pub fn is_numbered_by_party(&self) -> bool {
        use DocumentKind::{Bill, CreditNote, DebitNote, ExpenseClaim};
        self.side == Side::Payable && matches!(self.kind, Bill | ExpenseClaim | CreditNote | DebitNote)
    }

    /// Whose numbers this one's must differ from: the party's where the party numbers, else all of the kind.
    #[must_use]
    pub fn number_scope(&self) -> Option<PartyNo> {
        self.is_numbered_by_party().then_some(self.party)
    }
}
