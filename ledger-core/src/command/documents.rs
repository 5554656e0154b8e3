//! What may be asked about documents: tax codes, orders, invoices and their like, payments, write-offs, deferrals,
//! commissions, the year's end. Codes and decimals; amounts are positive as the document's kind has them.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::AllocationTarget;
use crate::draft::AccountRef;
use crate::rounding::Rounding;
use crate::subledger::commission::Trigger;
use crate::subledger::{Attachment, DeferralMethod, DocumentKind, Origin, Side, TaxRounding, Terms};
use crate::{Seq, Text};

/// Defines a tax code, or changes it: the components given are all that it has from now on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DefineTaxCode {
    /// Its code.
    pub code: Text,
    /// Its name, for people.
    pub name: Text,
    /// In the order in which they are computed.
    pub components: Vec<DraftTaxComponent>,
}

/// One tax among those of a code; see [`TaxComponent`](crate::subledger::TaxComponent).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DraftTaxComponent {
    /// Its name.
    pub name: Text,
    /// In percent.
    pub rate: Decimal,
    /// The first day it holds for.
    pub from: Option<NaiveDate>,
    /// The last day it holds for.
    pub to: Option<NaiveDate>,
    /// Whether it is computed on the net and the earlier components.
    pub compound: bool,
    /// Where it goes.
    pub account: AccountRef,
    /// How much of it can be recovered, in percent.
    pub recoverable: Decimal,
    /// On purchases the buyer owes it: to this account.
    pub reverse_charge: Option<AccountRef>,
    /// Kept back by whoever pays.
    pub withheld: bool,
    /// The box of the tax report.
    pub report_box: Text,
}

impl DraftTaxComponent {
    /// A plain tax in percent, recoverable in full.
    pub fn new(name: &str, rate: Decimal, account: impl Into<AccountRef>) -> Self {
        Self {
            name: name.into(),
            rate,
            from: None,
            to: None,
            compound: false,
            account: account.into(),
            recoverable: Decimal::ONE_HUNDRED,
            reverse_charge: None,
            withheld: false,
            report_box: Text::default(),
        }
    }
}

/// When a line is earned or spent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DraftDeferral {
    /// First day, inclusive.
    pub start: NaiveDate,
    /// Last day, inclusive.
    pub end: NaiveDate,
    /// How it is spread.
    pub method: DeferralMethod,
    /// Where it waits.
    pub account: AccountRef,
}

/// One line of a proposed document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DraftDocumentLine {
    /// For people.
    pub description: Text,
    /// How many.
    pub quantity: Decimal,
    /// What one costs after discounts, in the document's currency.
    pub unit_price: Decimal,
    /// Where it goes.
    pub account: AccountRef,
    /// Its tax code.
    pub tax_code: Option<Text>,
    /// Dimensions.
    pub tags: Vec<(Text, Text)>,
    /// When it is earned or spent, where that is over time.
    pub deferral: Option<DraftDeferral>,
}

impl DraftDocumentLine {
    /// One of something, without tax.
    pub fn new(account: impl Into<AccountRef>, amount: Decimal) -> Self {
        Self {
            description: Text::default(),
            quantity: Decimal::ONE,
            unit_price: amount,
            account: account.into(),
            tax_code: None,
            tags: Vec::new(),
            deferral: None,
        }
    }
}

/// What the total of a document is worth in the functional currency, where recorded rates shall not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DraftValue {
    /// The recorded rate of the date; a credit note takes its invoice's.
    #[default]
    Recorded,
    /// Functional units per unit of the document's currency.
    Rate(Decimal),
    /// The total's value, positive.
    Total(Decimal),
}

/// Proposes an order, invoice, bill, expense claim, credit note or debit note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DraftDocument {
    /// What it is; payments and write-offs have their own commands.
    pub kind: DocumentKind,
    /// Which sub-ledger; by default what the kind, the document it is against, or the party says.
    pub side: Option<Side>,
    /// Whose: a party's code.
    pub party: Text,
    /// Its date.
    pub date: NaiveDate,
    /// Its number, where the ledger shall not give one.
    pub number: Option<Text>,
    /// The series in which the ledger numbers it; the kind's own where empty.
    pub series: Text,
    /// Its currency; by default that of the document it is against, or the party's, or the functional one.
    pub currency: Option<Text>,
    /// What its total is worth.
    pub value: DraftValue,
    /// The other side's number or purchase order.
    pub reference: Option<Text>,
    /// The number of the invoice or bill that a credit or debit note is about.
    pub against: Option<Text>,
    /// One or more lines.
    pub lines: Vec<DraftDocumentLine>,
    /// Where tax is rounded.
    pub tax_rounding: TaxRounding,
    /// How it is rounded.
    pub rounding: Rounding,
    /// Whether prices have tax in them.
    pub tax_included: bool,
    /// When it falls due, where not by the party's terms.
    pub terms: Option<Terms>,
    /// When all of it falls due, whatever the terms.
    pub due: Option<NaiveDate>,
    /// The control account, where not the party's or the organization's.
    pub control: Option<AccountRef>,
    /// For people.
    pub memo: Text,
    /// Dimensions of the whole.
    pub tags: Vec<(Text, Text)>,
    /// Files that belong to it.
    pub attachments: Vec<Attachment>,
    /// How it came in.
    pub origin: Option<Origin>,
    /// The caller's own id.
    pub external_id: Option<Text>,
}

impl DraftDocument {
    /// A document with everything else by default.
    #[must_use]
    pub fn new(kind: DocumentKind, party: &str, date: NaiveDate, lines: Vec<DraftDocumentLine>) -> Self {
        Self {
            kind,
            side: None,
            party: party.into(),
            date,
            number: None,
            series: Text::default(),
            currency: None,
            value: DraftValue::Recorded,
            reference: None,
            against: None,
            lines,
            tax_rounding: TaxRounding::PerLine,
            rounding: Rounding::HalfUp,
            tax_included: false,
            terms: None,
            due: None,
            control: None,
            memo: Text::default(),
            tags: Vec::new(),
            attachments: Vec::new(),
            origin: None,
            external_id: None,
        }
    }
}

/// Makes an order an invoice: its lines, terms of tax, channel and confidence stay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvoiceOrder {
    /// The order's number.
    pub order: Text,
    /// The invoice's date.
    pub date: NaiveDate,
    /// The invoice's number, where the ledger shall not give one.
    pub number: Option<Text>,
    /// The invoice's series.
    pub series: Text,
    /// What its total is worth.
    pub value: DraftValue,
}

/// What a payment settles.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Settles {
    /// The party's items on the same account in the same currency, the earliest due first.
    #[default]
    ByDueDate,
    /// These, in this order; what is left of the payment stays open.
    These(Vec<AllocationTarget>),
    /// Nothing yet: all of it stays open.
    Nothing,
}

/// Records money received, sent or returned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordPayment {
    /// Payment in, payment out or refund. A refund goes out to customers and comes in from vendors.
    pub kind: DocumentKind,
    /// Which sub-ledger; by default the party's.
    pub side: Option<Side>,
    /// Whose.
    pub party: Text,
    /// The cash or bank account.
    pub account: AccountRef,
    /// When.
    pub date: NaiveDate,
    /// What is settled, positive: for money received, bank charges are taken off it; for money sent, they come on top.
    pub amount: Decimal,
    /// Its currency; by default the party's, or the functional one.
    pub currency: Option<Text>,
    /// What the amount is worth.
    pub value: DraftValue,
    /// What the bank kept, and the account that it goes to.
    pub bank_charge: Option<(AccountRef, Decimal)>,
    /// Its number, where the ledger shall not give one.
    pub number: Option<Text>,
    /// The series in which the ledger numbers it.
    pub series: Text,
    /// The bank's or other side's reference.
    pub reference: Option<Text>,
    /// What it settles.
    pub settles: Settles,
    /// The control account, where not the party's or the organization's.
    pub control: Option<AccountRef>,
    /// For people.
    pub memo: Text,
    /// Dimensions of the whole.
    pub tags: Vec<(Text, Text)>,
    /// The caller's own id.
    pub external_id: Option<Text>,
}

impl RecordPayment {
    /// A payment with everything else by default.
    pub fn new(kind: DocumentKind, party: &str, account: impl Into<AccountRef>, date: NaiveDate, amount: Decimal) -> Self {
        Self {
            kind,
            side: None,
            party: party.into(),
            account: account.into(),
            date,
            amount,
            currency: None,
            value: DraftValue::Recorded,
            bank_charge: None,
            number: None,
            series: Text::default(),
            reference: None,
            settles: Settles::ByDueDate,
            control: None,
            memo: Text::default(),
            tags: Vec::new(),
            external_id: None,
        }
    }
}

/// Writes off what is open of a document, at the items' own value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriteOff {
    /// Whose.
    pub party: Text,
    /// The document's number, as its items name it.
    pub document: Text,
    /// Where it goes: bad debts, small differences.
    pub account: AccountRef,
    /// When; by default the day of the youngest item if its period is open.
    pub date: Option<NaiveDate>,
    /// How much, positive; all that is open where not stated. The earliest due goes first.
    pub amount: Option<Decimal>,
    /// Its number, where the ledger shall not give one.
    pub number: Option<Text>,
    /// Why.
    pub reason: Text,
}

/// One step of a tiered commission rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DraftTier {
    /// The sum of bases from which it holds.
    pub from: Decimal,
    /// In percent.
    pub percent: Decimal,
}

/// What sums of bases earn; see [`Rule`](crate::subledger::commission::Rule). Amounts have the digits of
/// the functional currency and mean the same number in each invoice's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DraftRule {
    /// The same for each sale.
    Flat(Decimal),
    /// A percentage of each base.
    Percent(Decimal),
    /// By tiers.
    Tiers {
        /// In ascending order, the first from 0.
        tiers: Vec<DraftTier>,
        /// Whether reaching a tier changes what was earned below it.
        retroactive: bool,
    },
}

/// Defines a commission plan, or changes it for accruals to come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DefineCommissionPlan {
    /// Its code.
    pub code: Text,
    /// When it is earned.
    pub trigger: Trigger,
    /// From, to (open where not given), and what is earned.
    pub rules: Vec<(NaiveDate, Option<NaiveDate>, DraftRule)>,
    /// The expense account.
    pub expense: AccountRef,
    /// Where it waits for payout.
    pub accrued: AccountRef,
}

/// Lets a payee earn by a plan without being asked for, or changes from when to when: on invoices of a customer, or
/// without one on those whose tag [`seller`](crate::subledger::commission::SELLER_TAG) is the payee's code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssignCommission {
    /// The plan's code.
    pub plan: Text,
    /// The payee's code.
    pub payee: Text,
    /// The customer's code.
    pub customer: Option<Text>,
    /// First day of invoices, inclusive.
    pub from: NaiveDate,
    /// Last day of invoices, inclusive; open where not given.
    pub to: Option<NaiveDate>,
}

/// Accrues what a payee earned on an invoice: all of it, or as far as it is paid by now, as the plan says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccrueCommission {
    /// The plan's code.
    pub plan: Text,
    /// The payee's code.
    pub payee: Text,
    /// The invoice's number.
    pub invoice: Text,
    /// When it counts; by default the invoice's date, or on cash that of its last payment, if its period is open, else
    /// the first day of the first open period after it.
    pub date: Option<NaiveDate>,
}

/// Turns what a payee is owed into an open item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayOutCommissions {
    /// The payee's code.
    pub payee: Text,
    /// When it counts. Accruals that count later stay.
    pub date: NaiveDate,
    /// Its number.
    pub number: Text,
    /// Code of the currency; the functional one where not given.
    pub currency: Option<Text>,
}

/// What an account of profit and loss holds at a year's end, by dimensions; debit positive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct YearBalance {
    /// The account.
    pub account: AccountRef,
    /// Code of the commodity.
    pub currency: Text,
    /// Dimensions that the closing entry keeps.
    pub tags: Vec<(Text, Text)>,
    /// In its commodity.
    pub amount: Decimal,
    /// In the functional currency.
    pub functional: Option<Decimal>,
}

/// Closes a year explicitly: one entry of kind closing takes every balance of profit and loss to retained earnings.
/// Balances by dimension are summed up by whoever asks, from history up to `seq`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloseYear {
    /// The last day of the year.
    pub date: NaiveDate,
    /// The equity account that takes the profit.
    pub retained_earnings: AccountRef,
    /// What there is to close.
    pub balances: Vec<YearBalance>,
    /// The position that the balances were summed up to: refused where the books have moved on.
    pub seq: Seq,
}
