//! What all documents share when they are recorded: sides and control accounts, numbers, currencies, and the entry,
//! which goes through the same balanced posting as any other.
//!
//! Amounts in the entry: one line on the control account for each instalment, and the other side's lines against it.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::plan::Plan;
use super::posting::{Fresh, units_or_refusal};
use super::{Book, FUNCTIONAL, text};
use crate::account::AccountNo;
use crate::codec::{document_bytes, entry_bytes_at_most};
use crate::command::DraftValue;
use crate::commodity::{Commodity, CommodityNo, iso_scale};
use crate::draft::{AccountRef, DraftDetail, DraftEntry, DraftLine, DraftRate};
use crate::event::Event;
use crate::limits::{ENTRY_BYTES_MAX, REFERENCE_BYTES_MAX};
use crate::money::{Units, decimal_of};
use crate::rate::RateType;
use crate::rejection::Rejection;
use crate::rounding::{Rounding, prorate, units_product};
use crate::subledger::tax::fitted;
use crate::subledger::{Document, DocumentKind, ItemId, Party, PartyKind, PartyNo, Side};
use crate::{Seq, Text};

/// A document's currency: known, or an ISO code that its posting defines.
#[derive(Clone, Debug)]
pub(super) struct Currency {
    pub(super) no: CommodityNo,
    pub(super) scale: u8,
    pub(super) code: Text,
    fresh: Option<Commodity>,
}

impl Currency {
    pub(super) fn units(&self, amount: Decimal, line: usize) -> Result<Units, Rejection> {
        units_or_refusal(amount, &self.code, self.scale, line)
    }

    pub(super) fn is_functional(&self) -> bool {
        self.no == FUNCTIONAL
    }

    /// The event that defines it, where nothing has yet.
    pub(super) fn definition(&self) -> Option<Event> {
        self.fresh.clone().map(Event::CommodityDefined)
    }
}

/// What the amounts of a posting are worth.
#[derive(Clone, Copy, Debug)]
pub(super) enum Worth {
    /// By the recorded rate.
    Recorded,
    /// By this rate.
    Rate(Decimal),
    /// The sum of the control lines is worth this; same sign as they.
    Total(Units),
}

/// A line on the control account.
pub(super) struct ControlLine {
    pub(super) units: Units,
    pub(super) due: Option<NaiveDate>,
    /// Its value, where that is settled already.
    pub(super) value: Option<Units>,
}

/// A line against the control account.
#[derive(Default)]
pub(super) struct Counter {
    pub(super) account: Option<AccountNo>,
    pub(super) units: Units,
    /// Its value, where that is settled already.
    pub(super) value: Option<Units>,
    pub(super) tax_code: Option<Text>,
    pub(super) tags: Vec<(Text, Text)>,
}

/// An entry of a document to be. Units are debit positive.
pub(super) struct Posting<'a> {
    pub(super) party: &'a Party,
    pub(super) control: AccountNo,
    pub(super) currency: &'a Currency,
    pub(super) worth: Worth,
    pub(super) controls: Vec<ControlLine>,
    pub(super) counters: Vec<Counter>,
    pub(super) external_id: Option<Text>,
}

/// A number and where it stands in its series.
pub(super) struct Numbered {
    pub(super) series: Text,
    pub(super) ordinal: Option<u64>,
    pub(super) number: Text,
}

impl Book {
    /// The sub-ledger that documents of a party belong to unless they say otherwise.
    pub(super) fn side_of(party: &Party, stated: Option<Side>) -> Side {
        stated.unwrap_or(if party.kind == PartyKind::Customer { Side::Receivable } else { Side::Payable })
    }

    /// The control account that is named, or the party's, or the organization's first of that side.
    pub(super) fn control_for(&self, party: &Party, side: Side, stated: Option<&AccountRef>) -> Result<AccountNo, Rejection> {
        if let Some(account) = stated {
            return self.control_account(account, side);
        }
        let own = match side {
            Side::Receivable => party.receivable,
            Side::Payable => party.payable,
        };
        let first = || self.controls().find(|(_, found)| *found == side).map(|(no, _)| no);
        own.or_else(first).ok_or(Rejection::ControlUnset { side: side.as_str() })
    }

    /// The currency that is named, else this one. ISO codes are defined on first use.
    pub(super) fn currency_for(&self, code: Option<&Text>, otherwise: CommodityNo) -> Result<Currency, Rejection> {
        let known = match code {
            None => self.commodity(otherwise),
            Some(code) => self.commodity_by_code(code),
        };
        if let Some(known) = known {
            return Ok(Currency { no: known.no, scale: known.scale, code: known.code.clone(), fresh: None });
        }
        let code = code.cloned().unwrap_or_default();
        if iso_scale(&code).is_none() {
            return Err(Rejection::CommodityUnknown { code, line: 0 });
        }
        let fresh = super::chart::commodity(self.next_commodity(0)?, &code, None, "")?;
        Ok(Currency { no: fresh.no, scale: fresh.scale, code, fresh: Some(fresh) })
    }

    /// The number that is given, if it is free, or the next of its series.
    pub(super) fn numbered(
        &self,
        kind: DocumentKind,
        scope: Option<PartyNo>,
        given: Option<&Text>,
        series: &Text,
    ) -> Result<Numbered, Rejection> {
        text::bounded("series", series, REFERENCE_BYTES_MAX, 0)?;
        let numbered = if let Some(number) = given {
            text::printable("document number", number, REFERENCE_BYTES_MAX, 0)?;
            Numbered { series: series.clone(), ordinal: None, number: number.clone() }
        } else {
            let series = if series.is_empty() { Text::from(kind.series()) } else { series.clone() };
            let last = self.last_ordinal(kind, &series);
            // A number that somebody gave is a document's all the same: the series goes on after it without a gap.
            let of =
                |ordinal| Numbered { series: series.clone(), ordinal: Some(ordinal), number: Text::from(format!("{series}-{ordinal}")) };
            let free = |numbered: &Numbered| self.document(kind, scope, &numbered.number).is_none();
            (last + 1..).map(of).find(free).unwrap_or_else(|| of(last + 1))
        };
        match self.document(kind, scope, &numbered.number) {
            Some(seq) => Err(Rejection::DocumentNumberTaken { kind: kind.as_str(), number: numbered.number, seq }),
            None => Ok(numbered),
        }
    }

    /// What stated values and rates mean for a total. `sign` is that of the control lines.
    pub(super) fn worth(&self, value: DraftValue, currency: &Currency, sign: Units) -> Result<Worth, Rejection> {
        Ok(match value {
            DraftValue::Recorded => Worth::Recorded,
            DraftValue::Rate(rate) if rate <= Decimal::ZERO => return Err(Rejection::RateInvalid { rate, line: 0 }),
            DraftValue::Rate(rate) => Worth::Rate(rate),
            DraftValue::Total(_) if currency.is_functional() => Worth::Recorded,
            DraftValue::Total(value) if value <= Decimal::ZERO => {
                return Err(Rejection::DocumentInvalid { fault: "a stated value is positive", line: 0 });
            }
            DraftValue::Total(value) => Worth::Total(sign * self.functional_units(value, 0)?),
        })
    }

    fn entry_draft(&self, document: &Document, posting: &Posting<'_>) -> DraftEntry {
        let (controls, counters) = self.values(posting);
        let functional = &self.functional().code;
        let amount = |units| decimal_of(units, posting.currency.scale);
        let value = |units: Option<Units>| units.map(|units| decimal_of(units, self.functional().scale));
        let rate = match posting.worth {
            Worth::Rate(rate) if !posting.currency.is_functional() => {
                Some(DraftRate { rate, quote: functional.clone(), kind: RateType::Spot, date: None, source: Text::default() })
            }
            _ => None,
        };
        let line = |account, units, functional, detail: DraftDetail| DraftLine {
            functional: value(functional),
            detail: (detail != DraftDetail::default()).then(|| Box::new(detail)),
            ..DraftLine::new(AccountRef::No(account), amount(units), &posting.currency.code)
        };
        let mut lines = Vec::with_capacity(controls.len() + counters.len());
        for (control, functional) in posting.controls.iter().zip(controls) {
            let detail = DraftDetail {
                rate: rate.clone(),
                party: Some(posting.party.code.clone()),
                document: Some(document.number.clone()),
                due_date: control.due,
                ..DraftDetail::default()
            };
            lines.push(line(posting.control, control.units, functional, detail));
        }
        for (counter, functional) in posting.counters.iter().zip(counters) {
            let (tax_code, tags) = (counter.tax_code.clone(), counter.tags.clone());
            let detail = DraftDetail { rate: rate.clone(), tax_code, tags, ..DraftDetail::default() };
            lines.extend(counter.account.map(|account| line(account, counter.units, functional, detail)));
        }
        let kind = document.kind.as_str().replace('_', " ");
        let description = if document.memo.is_empty() { format!("{kind} {}", document.number) } else { document.memo.to_string() };
        let mut draft = DraftEntry::new(document.date, &description, lines);
        draft.tags.clone_from(&document.tags);
        draft.external_id.clone_from(&posting.external_id);
        draft
    }

    /// The values of control lines and counter lines, where they are stated and not left to rates.
    fn values(&self, posting: &Posting<'_>) -> (Vec<Option<Units>>, Vec<Option<Units>>) {
        let (controls, counters) = (&posting.controls, &posting.counters);
        let settled = controls.iter().any(|line| line.value.is_some());
        let Some(total) = self.stated_total(posting) else { return (vec![None; controls.len()], vec![None; counters.len()]) };
        let control_values = if settled {
            controls.iter().map(|line| line.value.unwrap_or(0)).collect()
        } else {
            shares(total, &controls.iter().map(|line| line.units).collect::<Vec<_>>())
        };
        let fixed: Units = counters.iter().filter_map(|line| line.value).sum();
        let free: Vec<Units> = counters.iter().filter(|line| line.value.is_none()).map(|line| line.units).collect();
        let mut free = shares(-total - fixed, &free).into_iter();
        let counter_values = counters.iter().map(|line| line.value.or_else(|| free.next())).collect();
        (control_values.into_iter().map(Some).collect(), counter_values)
    }

    fn stated_total(&self, posting: &Posting<'_>) -> Option<Units> {
        if posting.currency.is_functional() {
            return None;
        }
        let settled: Option<Units> = posting.controls.iter().map(|line| line.value).sum();
        if let (Some(settled), false) = (settled, posting.controls.is_empty()) {
            return Some(settled);
        }
        let fixed = posting.counters.iter().any(|line| line.value.is_some());
        if fixed && posting.counters.iter().all(|line| line.value.is_some()) {
            return Some(-posting.counters.iter().filter_map(|line| line.value).sum::<Units>());
        }
        match posting.worth {
            Worth::Total(total) => Some(total),
            Worth::Rate(rate) if fixed => {
                let total: Units = posting.controls.iter().map(|line| line.units).sum();
                let amount = decimal_of(total, posting.currency.scale);
                units_product(amount, rate, self.functional().scale, Rounding::HalfEven).ok()
            }
            _ => None,
        }
    }
}

impl Plan<'_> {
    /// Records a document with its entry, where it has one. Answers where it stands and what items it makes.
    pub(super) fn record(&mut self, document: Document, posting: Option<&Posting<'_>>) -> Result<(Seq, Vec<ItemId>), Rejection> {
        text::date(document.date, 0)?;
        let mut entry = None;
        if let Some(posting) = posting {
            let draft = self.book.entry_draft(&document, posting);
            if draft.lines.len() > 1 {
                let (fresh, posted) = self.book.post(&draft, None, self.soft_closed, self.lines())?;
                self.define(fresh);
                entry = Some(posted);
            } else {
                self.book.check_period(document.date, self.soft_closed)?;
            }
        }
        let lines =
            entry.as_ref().map_or(0, |entry| entry_bytes_at_most(entry.header().description.len(), &entry.header().tags, entry.lines()));
        let found = lines + document_bytes(&document);
        if found > ENTRY_BYTES_MAX {
            return Err(Rejection::LimitExceeded { what: "bytes of a document and its entry", limit: ENTRY_BYTES_MAX, found, line: 0 });
        }
        let seq = self.next_seq();
        let items = self.post(Event::DocumentRecorded { document: Box::new(document), entry });
        Ok((seq, items))
    }

    /// A currency is defined before a document that has no entry to define it.
    pub(super) fn define_currency(&mut self, currency: &Currency) {
        if let Some(fresh) = &currency.fresh {
            self.define(Fresh { commodities: vec![fresh.clone()], ..Fresh::default() });
        }
    }
}

/// Splits a total in proportion to amounts of either sign; the shares sum to it.
pub(super) fn shares(total: Units, amounts: &[Units]) -> Vec<Units> {
    let sum: Units = amounts.iter().sum();
    let share = |amount: &Units| {
        let magnitude = prorate(total, amount.unsigned_abs(), sum.unsigned_abs(), Rounding::HalfEven);
        if sum == 0 { 0 } else { magnitude * amount.signum() * sum.signum() }
    };
    let parts = amounts.iter().map(share).collect();
    if amounts.is_empty() { parts } else { fitted(parts, total, amounts) }
}
