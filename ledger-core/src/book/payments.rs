//! Decisions about money received, sent and returned, and about what will not be paid any more. Each is a document
//! with its entry, followed in the same command by what it settles.

use rust_decimal::Decimal;

use super::allocating::Settle;
use super::plan::Plan;
use super::recording::{ControlLine, Counter, Currency, Numbered, Posting, Worth};
use super::{Book, Context, FUNCTIONAL, text};
use crate::Text;
use crate::account::AccountNo;
use crate::command::{Allocate, ItemRef, RecordPayment, Settles, WriteOff};
use crate::commodity::CommodityNo;
use crate::event::Event;
use crate::limits::{ALLOCATIONS_MAX, DESCRIPTION_BYTES_MAX, REFERENCE_BYTES_MAX};
use crate::money::Units;
use crate::rejection::Rejection;
use crate::rounding::{Rounding, prorate};
use crate::subledger::{Document, DocumentKind, DocumentLine, ItemId, OpenItem, PartyNo, Side, TaxRounding};

const fn invalid(fault: &'static str) -> Rejection {
    Rejection::DocumentInvalid { fault, line: 0 }
}

impl Book {
    pub(super) fn record_payment(&self, payment: &RecordPayment, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
        let mut plan = Plan::new(self, context);
        plan.pay(payment)?;
        plan.finish()
    }

    pub(super) fn write_off(&self, write_off: &WriteOff, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
        let mut plan = Plan::new(self, context);
        plan.write_off(write_off)?;
        plan.finish()
    }
}

/// A payment or write-off without its particulars.
fn bare(kind: DocumentKind, side: Side, party: PartyNo, numbered: Numbered, date: chrono::NaiveDate, currency: CommodityNo) -> Document {
    Document {
        kind,
        side,
        series: numbered.series,
        ordinal: numbered.ordinal,
        number: numbered.number,
        party,
        date,
        currency,
        reference: None,
        order: None,
        relates_to: None,
        lines: Vec::new(),
        tax: Vec::new(),
        tax_rounding: TaxRounding::PerLine,
        rounding: Rounding::HalfUp,
        tax_included: false,
        total: 0,
        instalments: Vec::new(),
        cash_account: None,
        memo: Text::default(),
        tags: Vec::new(),
        attachments: Vec::new(),
        origin: None,
        invoice_terms: None,
    }
}

fn other_line(description: &str, account: AccountNo, net: Units, scale: u8) -> DocumentLine {
    DocumentLine {
        description: description.into(),
        quantity: Decimal::ONE,
        unit_price: crate::money::decimal_of(net, scale),
        net,
        account,
        tax_code: None,
        tags: Vec::new(),
        deferral: None,
    }
}

impl Plan<'_> {
    fn pay(&mut self, payment: &RecordPayment) -> Result<(), Rejection> {
        check(payment)?;
        let book = self.book;
        let party = book.find_party(&payment.party, 0)?;
        let side = Book::side_of(party, payment.side);
        let incoming = match payment.kind {
            DocumentKind::PaymentIn => true,
            DocumentKind::PaymentOut => false,
            _ => side == Side::Payable,
        };
        let control = book.control_for(party, side, payment.control.as_ref())?;
        let currency = book.currency_for(payment.currency.as_ref(), party.currency.unwrap_or(FUNCTIONAL))?;
        let amount = currency.units(payment.amount, 0)?;
        let cash = book.money_account(&payment.account)?;
        let charge = book.charge_of(payment, &currency)?;
        if incoming && charge.is_some_and(|(_, charge)| charge > amount) {
            return Err(invalid("the bank's charge is more than the amount"));
        }
        let sign: Units = if incoming { -1 } else { 1 };
        let worth = book.worth(payment.value, &currency, sign)?;
        let counter = |account, units| Counter { account: Some(account), units, ..Counter::default() };
        let mut counters = vec![counter(cash, -sign * amount - charge.map_or(0, |(_, charge)| charge))];
        counters.extend(charge.map(|(account, charge)| counter(account, charge)));
        counters.retain(|counter| counter.units != 0);
        let numbered = book.numbered(payment.kind, None, payment.number.as_ref(), &payment.series)?;
        let mut document = bare(payment.kind, side, party.no, numbered, payment.date, currency.no);
        (document.total, document.cash_account) = (amount, Some(cash));
        document.lines.extend(charge.map(|(account, charge)| other_line("bank charge", account, charge, currency.scale)));
        (document.reference, document.memo, document.tags) = (payment.reference.clone(), payment.memo.clone(), payment.tags.clone());
        let controls = vec![ControlLine { units: sign * amount, due: None, value: None }];
        let external_id = payment.external_id.clone();
        let posting = Posting { party, control, currency: &currency, worth, controls, counters, external_id };
        let (_, items) = self.record(document, Some(&posting))?;
        match (items.first(), &payment.settles) {
            (Some(from), Settles::ByDueDate) => self.allocate_by_due_date(*from, None, None).map(drop),
            (Some(from), Settles::These(to)) if !to.is_empty() => {
                self.allocate(&Allocate { from: ItemRef::Id(*from), to: to.clone(), amount: None, date: None })
            }
            _ => Ok(()),
        }
    }

    fn write_off(&mut self, write_off: &WriteOff) -> Result<(), Rejection> {
        text::bounded("reason", &write_off.reason, DESCRIPTION_BYTES_MAX, 0)?;
        let book = self.book;
        let party = book.find_party(&write_off.party, 0)?;
        let open = book.open_of(party.no, &write_off.document);
        let Some((_, first)) = open.first() else { return Err(Rejection::DocumentUnknown { number: write_off.document.clone() }) };
        let side = book.control(first.account).unwrap_or(Side::Receivable);
        let currency = book.currency_for(None, first.money.currency())?;
        let parts = parts_of(&open, write_off.amount.map(|amount| currency.units(amount, 0)).transpose()?)?;
        let youngest = open.iter().map(|(_, item)| item.date).max().unwrap_or(first.date);
        let date = self.date_from(write_off.date, youngest)?;
        let account = book.posting_account(book.find(&write_off.account, 0)?, 0)?;
        if book.control(account).is_some() {
            return Err(invalid("it cannot be written off to a control account"));
        }
        let numbered = book.numbered(DocumentKind::WriteOff, None, write_off.number.as_ref(), &Text::default())?;
        let mut document = bare(DocumentKind::WriteOff, side, party.no, numbered, date, currency.no);
        let total: Units = parts.iter().map(|part| part.units).sum();
        (document.total, document.memo) = (total.abs(), write_off.reason.clone());
        document.relates_to = open.first().map(|(id, _)| id.seq);
        document.lines.push(other_line("written off", account, total.abs(), currency.scale));
        let foreign = !currency.is_functional();
        let controls = parts.iter().map(|part| ControlLine { units: -part.units, due: None, value: foreign.then_some(-part.value) });
        let counters = vec![Counter { account: Some(account), units: total, ..Counter::default() }];
        let (control, controls) = (first.account, controls.collect());
        let posting = Posting { party, control, currency: &currency, worth: Worth::Recorded, controls, counters, external_id: None };
        let (_, items) = self.record(document, Some(&posting))?;
        for (from, part) in items.into_iter().zip(parts) {
            let units = part.units.abs();
            self.settle(Settle { from, to: part.item, taken: units, settled: units, date: None })?;
        }
        Ok(())
    }
}

/// What is written off of an item, with the item's sign.
struct WrittenOff {
    item: ItemId,
    units: Units,
    value: Units,
}

fn parts_of(open: &[(ItemId, OpenItem)], limit: Option<Units>) -> Result<Vec<WrittenOff>, Rejection> {
    let all: Units = open.iter().map(|(_, item)| item.open.abs()).sum();
    let mut left = limit.unwrap_or(all);
    if left <= 0 || left > all {
        return Err(invalid("it has less open than shall be written off, or the amount is not positive"));
    }
    let mut parts = Vec::new();
    for (id, item) in open {
        let units = left.min(item.open.abs());
        if units == 0 {
            break;
        }
        left -= units;
        let value = prorate(item.open_functional, units.unsigned_abs(), item.open.unsigned_abs(), Rounding::HalfEven);
        parts.push(WrittenOff { item: *id, units: item.open.signum() * units, value });
    }
    Ok(parts)
}

impl Book {
    /// What a party's document has open: items of one account, currency and sign, the earliest due first.
    fn open_of(&self, party: PartyNo, document: &str) -> Vec<(ItemId, OpenItem)> {
        let mut open: Vec<(ItemId, OpenItem)> = self.items_of(party, document).map(|(id, item)| (id, item.clone())).collect();
        open.retain(|(_, item)| item.open != 0);
        open.sort_by_key(|(id, item)| (item.due_or_date(), item.date, *id));
        if let Some((_, first)) = open.first() {
            let same = (first.account, first.money.currency(), first.open.signum());
            open.retain(|(_, item)| (item.account, item.money.currency(), item.open.signum()) == same);
        }
        open.truncate(ALLOCATIONS_MAX);
        open
    }

    fn money_account(&self, account: &crate::AccountRef) -> Result<AccountNo, Rejection> {
        let no = self.posting_account(self.find(account, 0)?, 0)?;
        if self.control(no).is_some() { Err(invalid("money is not on a control account")) } else { Ok(no) }
    }

    fn charge_of(&self, payment: &RecordPayment, currency: &Currency) -> Result<Option<(AccountNo, Units)>, Rejection> {
        let Some((account, charge)) = &payment.bank_charge else { return Ok(None) };
        let (account, charge) = (self.money_account(account)?, currency.units(*charge, 0)?);
        match charge {
            0 => Ok(None),
            charge if charge < 0 => Err(invalid("the bank's charge is negative")),
            charge => Ok(Some((account, charge))),
        }
    }
}

fn check(payment: &RecordPayment) -> Result<(), Rejection> {
    use DocumentKind::{PaymentIn, PaymentOut, Refund};
    if !matches!(payment.kind, PaymentIn | PaymentOut | Refund) {
        return Err(invalid("a payment is money received, sent or returned"));
    }
    if payment.amount <= Decimal::ZERO {
        return Err(invalid("the amount of a payment is positive"));
    }
    text::date(payment.date, 0)?;
    text::bounded("memo", &payment.memo, DESCRIPTION_BYTES_MAX, 0)?;
    text::tags(&payment.tags, 0)?;
    payment.reference.as_ref().map_or(Ok(()), |reference| text::printable("reference", reference, REFERENCE_BYTES_MAX, 0))
}
