//! What the books say, folded from the first event as plainly as it can be said: lines, open items, invoices.

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate};
use ledger_core::money::decimal_of;
use ledger_core::subledger::{DocumentKind, ItemId};
use ledger_core::{Account, AccountType, BalancedEntry, EntryKind, Event, SubType, Units};
use rust_decimal::Decimal;

use crate::words::Ledger;

/// A posted line.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) seq: u64,
    pub(crate) date: NaiveDate,
    pub(crate) account: Account,
    /// Name of the highest account above it.
    pub(crate) top: String,
    pub(crate) currency: String,
    pub(crate) net: Decimal,
    pub(crate) base: Decimal,
    /// Whether it closes a year.
    pub(crate) closing: bool,
    /// Whose revenue it is, where it is revenue of somebody.
    pub(crate) customer: Option<String>,
    /// The kind of the document, or of the document that is taken back.
    pub(crate) document: Option<DocumentKind>,
    pub(crate) tags: Vec<(String, String)>,
    pub(crate) is_cash: bool,
}

impl Line {
    pub(crate) fn kind(&self) -> AccountType {
        self.account.kind
    }

    /// Positive where it increases what the type is about; nothing where it closes a year.
    pub(crate) fn natural(&self) -> Decimal {
        let profit_and_loss = self.kind().is_profit_and_loss();
        match self.kind().is_debit_normal() {
            _ if self.closing && profit_and_loss => Decimal::ZERO,
            true => self.base,
            false => -self.base,
        }
    }

    pub(crate) fn period(&self) -> String {
        period(self.date)
    }

    pub(crate) fn tag(&self, key: &str) -> Option<&str> {
        self.tags.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
    }
}

pub(crate) fn period(date: NaiveDate) -> String {
    format!("{:04}-{:02}", date.year(), date.month())
}

/// An invoice, bill, payment …: a line on a control account, and what is left of it.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub(crate) receivable: bool,
    pub(crate) party: String,
    pub(crate) document: String,
    pub(crate) date: NaiveDate,
    pub(crate) due: NaiveDate,
    pub(crate) currency: String,
    pub(crate) amount: Decimal,
    pub(crate) base: Decimal,
    pub(crate) open: Decimal,
    pub(crate) open_base: Decimal,
    pub(crate) kind: Option<DocumentKind>,
    /// What settled it: the allocation, its day, and what it was.
    pub(crate) settled: Vec<(u64, NaiveDate, Option<DocumentKind>)>,
}

impl Item {
    /// Whether it is what is owed, and not what pays it.
    pub(crate) fn is_owed(&self) -> bool {
        if self.receivable { self.open > Decimal::ZERO } else { self.open < Decimal::ZERO }
    }

    pub(crate) fn overdue(&self, today: NaiveDate) -> i64 {
        (today - self.due).num_days().max(0)
    }

    pub(crate) fn bucket(&self, today: NaiveDate) -> &'static str {
        match self.overdue(today) {
            0 => "current",
            1..=30 => "1-30",
            31..=60 => "31-60",
            61..=90 => "61-90",
            _ => "91+",
        }
    }

    pub(crate) fn last_payment(&self) -> Option<NaiveDate> {
        let paid = |kind: &Option<DocumentKind>| !matches!(kind, Some(DocumentKind::CreditNote | DocumentKind::WriteOff));
        self.settled.iter().filter(|(.., kind)| paid(kind)).map(|(_, date, _)| *date).max()
    }
}

/// Everything that the questions ask for.
#[derive(Default)]
pub(crate) struct Facts {
    pub(crate) lines: Vec<Line>,
    pub(crate) items: BTreeMap<(u64, u32), Item>,
    /// Customer and month of each invoice that was not taken back.
    pub(crate) invoices: BTreeMap<u64, (String, String)>,
}

impl Facts {
    /// Folds all events.
    pub(crate) fn of(ledger: &Ledger) -> Self {
        let mut facts = Self::default();
        let mut seen = Seen::default();
        for (proposed, seq) in ledger.events.iter().zip(1_u64..) {
            let event = &proposed.event;
            facts.document(ledger, event, seq, &mut seen);
            if let Some(entry) = event.entry() {
                facts.entry(ledger, event, entry, seq, &mut seen);
            }
            facts.allocation(ledger, event, seq, &mut seen);
        }
        facts
    }

    fn document(&mut self, ledger: &Ledger, event: &Event, seq: u64, seen: &mut Seen) {
        match event {
            Event::DocumentRecorded { document, .. } => {
                let party = ledger.book.party(document.party).unwrap().code.to_string();
                if document.kind == DocumentKind::Invoice {
                    self.invoices.insert(seq, (party.clone(), period(document.date)));
                }
                seen.documents.insert(seq, (document.kind, party));
            }
            Event::EntryReversed { entry, .. } => drop(self.invoices.remove(&entry.header().reverses.unwrap())),
            _ => {}
        }
    }

    fn entry(&mut self, ledger: &Ledger, event: &Event, entry: &BalancedEntry, seq: u64, seen: &mut Seen) {
        let header = entry.header();
        let closing = header.kind == EntryKind::Closing || header.reverses.is_some_and(|seq| seen.closing.contains(&seq));
        if closing {
            seen.closing.push(seq);
        }
        let document = header.reverses.map_or(seq, |seq| seq);
        let document = seen.documents.get(&document).cloned();
        let makes_items = !matches!(
            event,
            Event::ItemsAllocated { .. }
                | Event::AllocationReversed { .. }
                | Event::ItemsRevalued { .. }
                | Event::RevaluationReversed { .. }
        );
        for (line, no) in entry.lines().iter().zip(1_u32..) {
            let account = ledger.book.account(line.account).unwrap().clone();
            let commodity = ledger.book.commodity(line.money.currency()).unwrap();
            let (net, base) = (decimal_of(line.money.units(), commodity.scale), decimal_of(line.functional.unwrap(), 2));
            let control = ledger.book.control(line.account);
            let detail = line.detail.as_deref();
            let of_line = detail.and_then(|detail| detail.party.as_ref()).map(ToString::to_string);
            let customer = match event {
                // Parts of schedules, two lines each: the document says whose they are.
                Event::DeferralsRecognised { parts, .. } => {
                    let part = &parts[usize::try_from((no - 1) / 2).unwrap()];
                    seen.documents.get(&part.deferral.seq).map(|(_, party)| party.clone())
                }
                _ => of_line.clone().or_else(|| only_party(ledger, entry)),
            };
            let tags = detail.map(|detail| detail.tags.clone()).unwrap_or_default();
            let tags = tags.iter().chain(&header.tags).map(|(key, value)| (key.to_string(), value.to_string())).collect();
            if let (Some(side), true, true) = (control, makes_items, net != Decimal::ZERO) {
                let detail = detail.unwrap();
                let item = Item {
                    receivable: side == ledger_core::Side::Receivable,
                    party: of_line.unwrap(),
                    document: detail.document.as_ref().unwrap().to_string(),
                    date: header.effective_date,
                    due: detail.due_date.unwrap_or(header.effective_date),
                    currency: commodity.code.to_string(),
                    amount: net,
                    base,
                    open: net,
                    open_base: base,
                    kind: seen.documents.get(&seq).map(|(kind, _)| *kind),
                    settled: Vec::new(),
                };
                self.items.insert((seq, no), item);
            }
            self.lines.push(Line {
                seq,
                date: header.effective_date,
                top: top(ledger, &account),
                currency: commodity.code.to_string(),
                net,
                base,
                closing,
                customer,
                document: document.as_ref().map(|(kind, _)| *kind),
                tags,
                is_cash: matches!(account.sub_type, SubType::Bank | SubType::Cash) && control.is_none(),
                account,
            });
        }
    }

    fn allocation(&mut self, ledger: &Ledger, event: &Event, seq: u64, seen: &mut Seen) {
        match event {
            Event::ItemsAllocated { allocation, .. } => {
                let moved = [
                    (allocation.from, allocation.to, allocation.taken, allocation.functional_from),
                    (allocation.to, allocation.from, allocation.settled, allocation.functional_to),
                ];
                for (item, other, money, value) in moved {
                    let scale = ledger.book.commodity(money.currency()).unwrap().scale;
                    let (taken, value) = (decimal_of(money.units(), scale), decimal_of(value, 2));
                    let by = self.items[&key(other)].kind;
                    let item = self.items.get_mut(&key(item)).unwrap();
                    let sign = if item.amount.is_sign_positive() { Decimal::ONE } else { -Decimal::ONE };
                    (item.open, item.open_base) = (item.open - sign * taken, item.open_base - sign * value);
                    item.settled.push((seq, allocation.date, by));
                }
                seen.allocations.insert(
                    seq,
                    (
                        moved.map(|(item, _, money, value)| (item, money.units(), value)),
                        allocation.taken.currency(),
                        allocation.settled.currency(),
                    ),
                );
            }
            Event::AllocationReversed { allocation, .. } => {
                let (moved, taken, settled) = seen.allocations[allocation];
                for ((item, units, value), currency) in moved.into_iter().zip([taken, settled]) {
                    let scale = ledger.book.commodity(currency).unwrap().scale;
                    let item = self.items.get_mut(&key(item)).unwrap();
                    let sign = if item.amount.is_sign_positive() { Decimal::ONE } else { -Decimal::ONE };
                    (item.open, item.open_base) =
                        (item.open + sign * decimal_of(units, scale), item.open_base + sign * decimal_of(value, 2));
                    item.settled.retain(|(by, ..)| by != allocation);
                }
            }
            _ => {}
        }
    }

    /// What is owed to the organization, or by it.
    pub(crate) fn owed(&self, receivable: bool) -> Vec<&Item> {
        self.items.values().filter(|item| item.receivable == receivable && item.is_owed()).collect()
    }
}

type Moved = ([(ItemId, Units, Units); 2], ledger_core::CommodityNo, ledger_core::CommodityNo);

/// What later events refer to.
#[derive(Default)]
struct Seen {
    documents: BTreeMap<u64, (DocumentKind, String)>,
    allocations: BTreeMap<u64, Moved>,
    closing: Vec<u64>,
}

fn key(item: ItemId) -> (u64, u32) {
    (item.seq, item.line)
}

fn top(ledger: &Ledger, account: &Account) -> String {
    let mut at = account;
    while let Some(parent) = at.parent {
        at = ledger.book.account(parent).unwrap();
    }
    at.name.to_string()
}

/// The party that all lines on control accounts name, where they name one.
fn only_party(ledger: &Ledger, entry: &BalancedEntry) -> Option<String> {
    let controls = entry.lines().iter().filter(|line| ledger.book.control(line.account).is_some());
    let mut parties: Vec<String> = controls.filter_map(|line| Some(line.detail.as_ref()?.party.as_ref()?.to_string())).collect();
    parties.dedup();
    if parties.len() == 1 { parties.pop() } else { None }
}
