//! What a month still needs before it is closed: a list for people, and what keeps a hard close from happening.
//!
//! Everything here is as the book stands now: a payment of January that was allocated in February is no open point
//! of January any more. What is done about a point is decided elsewhere.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::{Book, FUNCTIONAL, Holding};
use crate::account::AccountNo;
use crate::money::{Money, Units};
use crate::period::Month;
use crate::rejection::Rejection;
use crate::subledger::{DeferralPart, ItemId, RevaluedTarget, Side};
use crate::{Seq, Text};

/// How many points of one kind a refusal names.
const NAMED_MAX: usize = 3;

/// What a month still needs before it is closed. Everything empty: nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CloseChecklist {
    /// Payments and credits of the month or before that settle nothing yet.
    pub unapplied: Vec<ItemId>,
    /// Schedules with parts of the month or before that are not recognised.
    pub unrecognised: Vec<ItemId>,
    /// Foreign items and holdings that a revaluation at the month's end would adjust; all that were open then where a
    /// rate is missing. Only of books that have a control account: journals alone do not say what is monetary.
    pub unrevalued: Vec<(RevaluedTarget, Money)>,
    /// Control accounts that hold what no open item explains, as of now; see [`Book::unreconciled`].
    pub unreconciled: Vec<(AccountNo, Holding)>,
    /// Orders up to the month's end that were not invoiced.
    pub orders: Vec<Seq>,
}

impl CloseChecklist {
    /// Whether nothing is left to do.
    #[must_use]
    pub fn is_clear(&self) -> bool {
        *self == Self::default()
    }
}

words! {
    /// What a point of the checklist is about, in the order in which they are best dealt with.
    PointKind {
        /// A payment or credit settles nothing yet.
        Unallocated = 0 "unallocated",
        /// A control account holds what no open item explains.
        Unreconciled = 1 "unreconciled",
        /// An order was not invoiced.
        Order = 2 "order",
        /// A schedule has parts that are due and not recognised.
        Unrecognised = 3 "unrecognised",
        /// A foreign item or holding is not revalued.
        Unrevalued = 4 "unrevalued",
    }
}

impl PointKind {
    /// What to do about it, starting with a verb.
    #[must_use]
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::Unallocated => "allocate it to what it pays, or refund it",
            Self::Unreconciled => "verify and replay the books: this cannot be",
            Self::Order => "invoice the order",
            Self::Unrecognised => "recognise deferred amounts up to the month's end",
            Self::Unrevalued => "record the closing rate and revalue at the month's end",
        }
    }
}

/// One open point of a month's checklist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenPoint {
    /// What it is about.
    pub kind: PointKind,
    /// Its name: `PARTY:DOCUMENT`, `DOCUMENT line N`, an account or an order's number.
    pub name: Text,
    /// Where it stands in the stream; nothing for accounts.
    pub seq: Option<Seq>,
    /// How much: left to allocate (debit positive), unexplained, ordered, to be recognised, carried.
    pub amount: Decimal,
    /// Code of the amount's commodity.
    pub currency: Text,
}

impl Book {
    /// What is still to be done before a month is closed.
    #[must_use]
    pub fn close_checklist(&self, month: Month) -> CloseChecklist {
        let last = last_day(month);
        let items =
            || [Side::Receivable, Side::Payable].into_iter().flat_map(|side| self.open_items(side, None).map(move |item| (side, item)));
        let open_then = |id: ItemId| self.item_at(id, last).is_some_and(|(money, _)| money.units() != 0);
        let unapplied = items().filter(|(side, (id, item))| item.money.units().signum() != side.opening_sign() && open_then(*id));
        let due = |deferral: &&crate::subledger::Deferral| deferral.parts.iter().any(|part| part.date <= last);
        CloseChecklist {
            unapplied: unapplied.map(|(_, (id, _))| id).collect(),
            unrecognised: self.deferrals().filter(due).map(|deferral| deferral.id).collect(),
            unrevalued: self.unrevalued(last),
            unreconciled: self.unreconciled(),
            orders: self.orders().filter(|(_, order)| order.date <= last).map(|(seq, _)| seq).collect(),
        }
    }

    /// What a revaluation at a date would adjust. A date that a later revaluation followed cannot be revalued again.
    fn unrevalued(&self, date: NaiveDate) -> Vec<(RevaluedTarget, Money)> {
        if self.sub.control.is_empty() {
            return Vec::new();
        }
        match self.to_revalue(date) {
            Ok(revalued) => revalued.into_iter().map(|revalued| (revalued.target, revalued.money)).collect(),
            Err(Rejection::RevaluedAlready { .. }) => Vec::new(),
            Err(_) => self.foreign_at(date).map(|(target, money, _)| (target, money)).collect(),
        }
    }

    /// The points of a month's checklist, each by name.
    #[must_use]
    pub fn open_points(&self, month: Month) -> Vec<OpenPoint> {
        let last = last_day(month);
        let list = self.close_checklist(month);
        let unapplied = list.unapplied.iter().filter_map(|id| {
            let item = self.item(*id)?;
            Some(self.point(PointKind::Unallocated, self.item_label(item), Some(id.seq), Money::new(item.open, item.money.currency())))
        });
        let unreconciled = list.unreconciled.iter().map(|(account, held)| {
            let (units, currency) = if held.units == 0 { (held.functional, FUNCTIONAL) } else { (held.units, held.currency) };
            self.point(PointKind::Unreconciled, self.account_code(*account), None, Money::new(units, currency))
        });
        let orders = list.orders.iter().filter_map(|seq| {
            let order = self.order(*seq)?;
            Some(self.point(PointKind::Order, order.number.clone(), Some(*seq), Money::new(order.total, order.currency)))
        });
        let unrecognised = list.unrecognised.iter().filter_map(|id| {
            let deferral = self.agreed.deferrals.get(id)?;
            let due = |part: &&DeferralPart| part.date <= last;
            let units: Units = deferral.parts.iter().filter(due).map(|part| part.units.abs()).sum();
            Some(self.point(PointKind::Unrecognised, self.deferral_name(*id), Some(id.seq), Money::new(units, deferral.currency)))
        });
        let unrevalued = list.unrevalued.iter().filter_map(|(target, money)| {
            let (name, seq) = match target {
                RevaluedTarget::Item(id) => (self.item(*id).map(|item| self.item_label(item))?, Some(id.seq)),
                RevaluedTarget::Holding(account) => (self.account_code(*account), None),
            };
            Some(self.point(PointKind::Unrevalued, name, seq, *money))
        });
        unapplied.chain(unreconciled).chain(orders).chain(unrecognised).chain(unrevalued).collect()
    }

    fn point(&self, kind: PointKind, name: Text, seq: Option<Seq>, money: Money) -> OpenPoint {
        let currency = self.commodity(money.currency()).map(|commodity| commodity.code.clone()).unwrap_or_default();
        OpenPoint { kind, name, seq, amount: self.display(money.units(), money.currency()), currency }
    }

    fn account_code(&self, account: AccountNo) -> Text {
        self.account(account).map(|account| account.code.clone()).unwrap_or_default()
    }

    /// `INV-7 line 2`: the document and line that a schedule belongs to.
    fn deferral_name(&self, id: ItemId) -> Text {
        let number = self.document_facts(id.seq).map(|facts| facts.number.as_str()).unwrap_or_default();
        Text::from(format!("{number} line {}", id.line))
    }
}

fn last_day(month: Month) -> NaiveDate {
    month.next().first_day().pred_opt().unwrap_or(NaiveDate::MAX)
}

/// The points by kind: how many, the first of them, and what to do.
pub(super) fn listed(points: &[OpenPoint]) -> Text {
    let of_kind = |kind: &PointKind| {
        let names: Vec<&str> = points.iter().filter(|point| point.kind == *kind).map(|point| point.name.as_str()).collect();
        let more = if names.len() > NAMED_MAX { ", …" } else { "" };
        let first = names.iter().take(NAMED_MAX).copied().collect::<Vec<_>>().join(", ");
        (!names.is_empty()).then(|| format!("{} {} ({first}{more}): {}", names.len(), kind.as_str(), kind.remedy()))
    };
    Text::from(PointKind::ALL.iter().filter_map(of_kind).collect::<Vec<_>>().join("; "))
}

/// How many points there are of each kind: `2 unallocated, 1 order`.
pub(super) fn counted(points: &[OpenPoint]) -> String {
    let of_kind = |kind: &PointKind| {
        let count = points.iter().filter(|point| point.kind == *kind).count();
        (count > 0).then(|| format!("{count} {}", kind.as_str()))
    };
    PointKind::ALL.iter().filter_map(of_kind).collect::<Vec<_>>().join(", ")
}
