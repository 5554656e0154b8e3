//! What may be asked of the book beyond accounts: rates, periods, parties, control accounts, open items, allocations, document numbers.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::{Book, Holding, KeptAllocation};
use crate::account::AccountNo;
use crate::commodity::CommodityNo;
use crate::period::{Month, PeriodStatus};
use crate::rate::RateType;
use crate::subledger::{DocumentKind, ItemId, OpenItem, Party, PartyNo, Side};
use crate::{Seq, Text};

impl Book {
    /// All parties, in the order of registration.
    #[must_use]
    pub fn parties(&self) -> &[Party] {
        &self.sub.parties
    }

    /// The party with this number.
    #[must_use]
    pub fn party(&self, no: PartyNo) -> Option<&Party> {
        self.sub.party(no)
    }

    /// The party with this code.
    #[must_use]
    pub fn party_by_code(&self, code: &str) -> Option<&Party> {
        self.sub.party_by_code(code)
    }

    /// The sub-ledger that an account is a control account of.
    #[must_use]
    pub fn control(&self, account: AccountNo) -> Option<Side> {
        if self.sub.control.is_empty() { None } else { self.sub.control.get(&account).copied() }
    }

    /// All control accounts.
    pub fn controls(&self) -> impl Iterator<Item = (AccountNo, Side)> {
        self.sub.control.iter().map(|(no, side)| (*no, *side))
    }

    /// An item, open or settled.
    #[must_use]
    pub fn item(&self, id: ItemId) -> Option<&OpenItem> {
        self.sub.item(id)
    }

    /// All items, open and settled, in the order of posting.
    pub fn items(&self) -> impl Iterator<Item = (ItemId, &OpenItem)> {
        self.sub.items_from(ItemId { seq: 0, line: 0 })
    }

    /// The items that an event's lines made, open and settled.
    pub fn items_at(&self, seq: Seq) -> impl Iterator<Item = (ItemId, &OpenItem)> {
        self.sub.items_from(ItemId { seq, line: 0 }).take_while(move |(id, _)| id.seq == seq)
    }

    /// What is open on one side, of one party or of all: by party and account, then due date, date and place.
    pub fn open_items(&self, side: Side, party: Option<PartyNo>) -> impl Iterator<Item = (ItemId, &OpenItem)> {
        let one = party.map(|party| self.controls().flat_map(move |(account, _)| self.sub.due(party, account)));
        let all = party.is_none().then(|| self.sub.all_due());
        let items = one.into_iter().flatten().chain(all.into_iter().flatten());
        items.filter(move |(_, item)| self.control(item.account) == Some(side))
    }

    /// What came or went up to a date and settles nothing yet: payments, advances and credits on account.
    pub fn unapplied(&self, side: Side, until: NaiveDate) -> impl Iterator<Item = (ItemId, &OpenItem)> {
        let settling = move |item: &OpenItem| item.money.units().signum() == -side.opening_sign() && item.date <= until;
        self.open_items(side, None).filter(move |(_, item)| settling(item))
    }

    /// Control accounts that open items do not explain, with what each holds beyond them, debit positive. There are
    /// none: this is the law that everything here keeps, for checklists that do not take it on trust.
    #[must_use]
    pub fn unreconciled(&self) -> Vec<(AccountNo, Holding)> {
        let mut rest = BTreeMap::new();
        for (account, holding) in self.controls().flat_map(|(no, _)| self.holdings(no).iter().map(move |holding| (no, holding))) {
            rest.insert((account, holding.currency), (holding.units, holding.functional));
        }
        for (_, item) in self.sub.all_due() {
            let held = rest.entry((item.account, item.money.currency())).or_default();
            *held = (held.0 - item.open, held.1 - item.open_functional);
        }
        rest.retain(|_, held| *held != (0, 0));
        let holding = |(currency, (units, functional))| Holding { currency, units, functional };
        rest.into_iter().map(|((account, currency), held)| (account, holding((currency, held)))).collect()
    }

    /// The items of a party's document, open and settled, in the order of posting.
    pub fn items_of<'a>(&'a self, party: PartyNo, document: &'a str) -> impl Iterator<Item = (ItemId, &'a OpenItem)> {
        self.sub.of_document(party, document)
    }

    /// The allocation at a position.
    #[must_use]
    pub fn allocation(&self, seq: Seq) -> Option<&KeptAllocation> {
        self.sub.allocation(seq)
    }

    /// The allocations that an item is part of, undone ones too, in the order of the stream.
    pub fn allocations_of(&self, id: ItemId) -> impl Iterator<Item = (Seq, &KeptAllocation)> {
        self.sub.allocations_of(id)
    }

    /// All allocations, undone ones too, in the order of the stream.
    pub fn allocations(&self) -> impl Iterator<Item = (Seq, &KeptAllocation)> {
        self.sub.all_allocations()
    }

    /// Where the document of a kind and number stands; `party` where the other side numbers documents of the kind.
    #[must_use]
    pub fn document(&self, kind: DocumentKind, party: Option<PartyNo>, number: &str) -> Option<Seq> {
        self.sub.documents.get(&(kind, party, number.into())).copied()
    }

    /// Every document: what it is, whose numbers its number is one of (where parties number), the number, and its place.
    pub fn documents(&self) -> impl Iterator<Item = (DocumentKind, Option<PartyNo>, &Text, Seq)> {
        self.sub.documents.iter().map(|((kind, party, number), seq)| (*kind, *party, number, *seq))
    }

    /// Every rate, the last one recorded where a day has several: base, quote, type, day, rate.
    pub fn rates(&self) -> impl Iterator<Item = (CommodityNo, CommodityNo, RateType, NaiveDate, Decimal)> {
        let pairs = self.rates.iter();
        pairs.flat_map(|((base, quote, kind), days)| days.iter().map(|(day, rate)| (*base, *quote, *kind, *day, *rate)))
    }

    /// Periods that are closed; all others are open.
    pub fn periods(&self) -> impl Iterator<Item = (Month, PeriodStatus)> {
        self.periods.iter().map(|(month, status)| (*month, *status))
    }

    /// The last number given in a series, 0 where none was.
    #[must_use]
    pub fn last_ordinal(&self, kind: DocumentKind, series: &str) -> u64 {
        self.sub.series.get(&(kind, series.into())).copied().unwrap_or(0)
    }

    /// The last revaluation at a date, where there was one.
    #[must_use]
    pub fn revaluation(&self, date: NaiveDate) -> Option<Seq> {
        self.sub.revaluations.get(&date).copied()
    }
}
