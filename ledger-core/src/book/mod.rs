//! The state of one organization, and its two functions: `decide` may refuse, `evolve` may not.
//!
//! `decide` reads the book and nothing else and answers with the events that follow, or a [`Rejection`].
//! `evolve` folds an event that has happened into the book. Replay is a fold of `evolve`; a snapshot is an
//! encoded book. What a decision needs beyond the book (an earlier entry) comes in through [`Context`].
//!
//! Here: the state and the dispatch. Postings are decided in `posting` and the modules that it names, everything
//! else in `chart`, `calendar` and `reversal`.

mod accruing;
mod agents;
mod agreed;
mod allocating;
mod balancing;
mod bounds;
mod calendar;
mod chart;
mod checklist;
mod commissions;
mod deferrals;
mod documents;
mod drafts;
mod evolve;
mod governed;
mod parties;
mod payments;
mod plan;
mod policies;
mod posting;
mod queries;
mod recording;
mod revaluing;
mod reversal;
mod several;
mod subledger;
mod tax_codes;
mod text;
mod valuation;
mod voting;
mod year_end;

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use smallvec::SmallVec;
use uuid::Uuid;

use crate::account::{Account, AccountNo};
use crate::actor::{Actor, ActorNo};
use crate::command::{Command, CreateOrganization};
use crate::commodity::{Commodity, CommodityKind, CommodityNo};
use crate::draft::AccountRef;
use crate::entry::BalancedEntry;
use crate::event::{Event, Proposed};
use crate::money::{Units, decimal_of};
use crate::period::{Month, PeriodStatus};
use crate::rate::RateType;
use crate::rejection::Rejection;
use crate::{Seq, Text};

/// The functional currency's number, the same in every organization.
pub const FUNCTIONAL: CommodityNo = CommodityNo::new(1);

/// What happens to a foreign line without a rate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Valuation {
    /// The entry is refused: every line has a value in the functional currency.
    #[default]
    Required,
    /// It is kept in its commodity without a functional amount, and reports say so.
    ByCommodity,
}

impl Valuation {
    /// The word used on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::ByCommodity => "by-commodity",
        }
    }
}

/// What a decision needs beyond the book.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// Who asks.
    pub actor: &'a Actor,
    /// The request it belongs to, recorded with its events.
    pub correlation: Option<Uuid>,
    /// Whether the actor may post into soft-closed periods.
    pub soft_closed: bool,
    /// Earlier entries that the command names.
    pub history: &'a dyn History,
    /// How many events of the same command stand before the first; 0 for every caller.
    pub ahead: Seq,
}

impl<'a> Context<'a> {
    /// A context without earlier entries or special permission.
    #[must_use]
    pub const fn new(actor: &'a Actor) -> Self {
        Self { actor, correlation: None, soft_closed: false, history: &NoHistory, ahead: 0 }
    }
}

/// Looks up entries of the same stream, for reversals.
pub trait History {
    /// The entry at a position, or `None` where there is no journal entry.
    fn entry(&self, seq: Seq) -> Option<BalancedEntry>;
}

/// For commands that name no earlier entry.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoHistory;

impl History for NoHistory {
    fn entry(&self, _: Seq) -> Option<BalancedEntry> {
        None
    }
}

impl History for BTreeMap<Seq, BalancedEntry> {
    fn entry(&self, seq: Seq) -> Option<BalancedEntry> {
        self.get(&seq).cloned()
    }
}

pub(crate) use agreed::Agreed;
pub use agreed::{DocumentFacts, KeptAccrual};
pub use checklist::{CloseChecklist, OpenPoint, PointKind};
pub(crate) use governed::{Governed, Pattern};
pub use governed::{KeptAgent, KeptDraft, KeptRequest};
pub use policies::NeededApproval;
pub use subledger::KeptAllocation;
pub(crate) use subledger::{LastRevalued, SubLedgers};
pub use year_end::{YearSums, year_balances};

type Index<K, V> = rustc_hash::FxHashMap<K, V>;

/// Balances of one account: one row per commodity that it ever held.
type Holdings = SmallVec<[Holding; 1]>;

/// What an account holds of a commodity. Debit positive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holding {
    /// The commodity.
    pub currency: CommodityNo,
    /// Transaction amounts, in minor units.
    pub units: Units,
    /// Functional amounts, in minor units of the functional currency; what has no value counts as zero.
    pub functional: Units,
}

/// The books of one organization at a position of its stream.
#[derive(Clone, Debug, Default)]
pub struct Book {
    pub(crate) seq: Seq,
    pub(crate) org: Option<Uuid>,
    pub(crate) name: Text,
    pub(crate) valuation: Valuation,
    pub(crate) actors: Vec<Actor>,
    pub(crate) commodities: Vec<Commodity>,
    pub(crate) accounts: Vec<Account>,
    pub(crate) holdings: Vec<Holdings>,
    pub(crate) conversion: BTreeMap<CommodityNo, AccountNo>,
    pub(crate) rates: BTreeMap<(CommodityNo, CommodityNo, RateType), BTreeMap<NaiveDate, Decimal>>,
    pub(crate) periods: BTreeMap<Month, PeriodStatus>,
    pub(crate) reversed: BTreeMap<Seq, Seq>,
    pub(crate) sub: SubLedgers,
    pub(crate) agreed: Agreed,
    pub(crate) governed: Governed,
    actor_index: Index<Actor, ActorNo>,
    commodity_index: Index<Text, CommodityNo>,
    account_index: Index<Text, AccountNo>,
}

impl Book {
    /// Answers a command with the events that follow from it, in order, or with the reason why none does.
    ///
    /// # Errors
    /// [`Rejection`]; nothing has changed.
    pub fn decide(&self, command: &Command, context: &Context<'_>) -> Result<Vec<Proposed>, Rejection> {
        // Where no account is a control account a posting is one entry, and nearly all commands are postings.
        if let (Command::PostEntry(draft), Some(actor), true) = (
            command,
            self.actor_index.get(context.actor),
            self.has_begun() && self.sub.control.is_empty() && self.governed.leaves_alone(context.actor),
        ) {
            let (fresh, entry) = self.post(draft, None, context.soft_closed, &[])?;
            if fresh.is_empty() {
                return Ok(vec![envelope(*actor, context, Event::EntryPosted(entry))]);
            }
            return Ok(self.proposed(fresh.into_events(entry), context));
        }
        let events = self.events_of(command, context)?;
        if !events.is_empty() && !self.actor_index.contains_key(context.actor) {
            text::printable("actor", &context.actor.identity, crate::limits::NAME_BYTES_MAX, 0)?;
        }
        Ok(self.proposed(events, context))
    }

    fn events_of(&self, command: &Command, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
        if let Command::CreateOrganization(create) = command {
            return self.create_organization(create);
        }
        if !self.has_begun() {
            return Err(Rejection::OrganizationMissing {});
        }
        match command {
            Command::Agent(command) => return self.decide_agent(command, context),
            Command::Draft(command) => return self.decide_draft(command, context),
            Command::Approval(command) => return self.decide_approval(command, context),
            _ => {}
        }
        if self.governed.leaves_alone(context.actor) {
            return self.ungoverned(command, context);
        }
        self.check_person(context, "change the books")?;
        let events = self.ungoverned(command, context)?;
        self.check_approved(command, &events, context)?;
        Ok(events)
    }

    /// What follows from a command of the books, whoever gives it and whether or not anybody approved it.
    fn ungoverned(&self, command: &Command, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
        match command {
            Command::CreateOrganization(_) => Err(Rejection::OrganizationExists {}),
            Command::DefineCommodity(define) => self.define_commodity(define),
            Command::OpenAccount(open) => self.open_account(open),
            Command::ChangeAccount(change) => self.change_account(change),
            Command::SetAccountStatus { account, status, reason } => self.set_account_status(account, *status, reason),
            Command::SetAccountActivity { account, activity } => self.set_account_activity(account, *activity),
            Command::SetBalanceCondition { account, currency, min, max } => self.set_balance_condition(account, currency, *min, *max),
            Command::RecordRate(rate) => self.record_rate(rate),
            Command::PostEntry(draft) => self.post_and_allocate(draft, context),
            Command::PostEntries(drafts) => self.post_entries(drafts, context),
            Command::ReverseEntry(reverse) => self.reverse_entry(reverse, context),
            Command::CorrectEntry(correct) => self.correct(correct, context),
            Command::ClosePeriod { month, status, reason, accept_open } => self.close_period(*month, *status, reason, *accept_open),
            Command::ReopenPeriod { month, reason } => self.reopen_period(*month, reason),
            Command::Revalue { date } => self.revalue(*date, context),
            Command::RegisterParty(register) => self.register(register),
            Command::ChangeParty(change) => self.change_party(change),
            Command::DesignateControl { account, side } => self.designate(account, *side),
            Command::Allocate(allocate) => self.allocate(allocate, context),
            Command::ReverseAllocation { allocation, date, reason } => self.reverse_allocation(*allocation, *date, reason, context),
            Command::DefineTaxCode(define) => self.define_tax_code(define),
            Command::RecordDocument(draft) => self.decide_document(draft, context),
            Command::InvoiceOrder(invoice) => self.invoice_order(invoice, context),
            Command::RecordPayment(payment) => self.record_payment(payment, context),
            Command::WriteOff(write_off) => self.write_off(write_off, context),
            Command::RecogniseDeferrals { up_to } => self.recognise_deferrals(*up_to, context),
            Command::DefineCommissionPlan(define) => self.define_commission_plan(define),
            Command::AssignCommission(assign) => self.assign_commission(assign),
            Command::AccrueCommission(accrue) => self.accrue_commission(accrue, context),
            Command::PayOutCommissions(pay) => self.pay_out_commissions(pay, context),
            Command::CloseYear(close) => self.close_year(close, context),
            Command::Agent(command) => self.decide_agent(command, context),
            Command::Draft(command) => self.decide_draft(command, context),
            Command::Approval(command) => self.decide_approval(command, context),
        }
    }

    /// Puts the events into their envelopes; a new actor is registered first.
    fn proposed(&self, events: Vec<Event>, context: &Context<'_>) -> Vec<Proposed> {
        if events.is_empty() {
            return Vec::new();
        }
        let known = self.actor_index.get(context.actor).copied();
        let actor = known.unwrap_or_else(|| ActorNo(u32::try_from(self.actors.len() + 1).unwrap_or(u32::MAX)));
        let registered = known.is_none().then(|| Event::ActorRegistered { no: actor, actor: context.actor.clone() });
        let envelope = |event| envelope(actor, context, event);
        let mut proposed = Vec::with_capacity(events.len() + usize::from(registered.is_some()));
        // The organization is created before anybody can be registered in it.
        let mut events = events.into_iter();
        if let Some(event) = registered {
            if self.org.is_none() {
                proposed.extend(events.next().map(envelope));
            }
            proposed.push(envelope(event));
        }
        proposed.extend(events.map(envelope));
        proposed
    }

    fn create_organization(&self, create: &CreateOrganization) -> Result<Vec<Event>, Rejection> {
        if self.org.is_some() {
            return Err(Rejection::OrganizationExists {});
        }
        text::printable("organization name", &create.name, crate::limits::NAME_BYTES_MAX, 0)?;
        let functional = chart::commodity(FUNCTIONAL, &create.functional_currency, create.functional_scale, "")?;
        Ok(vec![
            Event::OrganizationCreated { org: create.org, name: create.name.clone(), functional: FUNCTIONAL, valuation: create.valuation },
            Event::CommodityDefined(functional),
        ])
    }

    /// The position up to which events were folded.
    #[must_use]
    pub const fn seq(&self) -> Seq {
        self.seq
    }

    /// The organization, once its books have begun.
    #[must_use]
    pub const fn org(&self) -> Option<Uuid> {
        self.org
    }

    /// The organization's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What happens to foreign lines without a rate.
    #[must_use]
    pub const fn valuation(&self) -> Valuation {
        self.valuation
    }

    /// All accounts, in the order of opening.
    #[must_use]
    pub fn accounts(&self) -> &[Account] {
        &self.accounts
    }

    /// All commodities, in the order of definition; the first is the functional currency.
    #[must_use]
    pub fn commodities(&self) -> &[Commodity] {
        &self.commodities
    }

    /// All actors, in the order of first appearance.
    #[must_use]
    pub fn actors(&self) -> &[Actor] {
        &self.actors
    }

    /// The account with this number.
    #[must_use]
    pub fn account(&self, no: AccountNo) -> Option<&Account> {
        self.accounts.get(no.index())
    }

    /// The account with this code.
    #[must_use]
    pub fn account_by_code(&self, code: &str) -> Option<&Account> {
        self.account_index.get(code).and_then(|no| self.account(*no))
    }

    /// The commodity with this number.
    #[must_use]
    pub fn commodity(&self, no: CommodityNo) -> Option<&Commodity> {
        self.commodities.get(no.index())
    }

    /// The commodity with this code.
    #[must_use]
    pub fn commodity_by_code(&self, code: &str) -> Option<&Commodity> {
        self.commodity_index.get(code).and_then(|no| self.commodity(*no))
    }

    /// What an account holds, one row per commodity that it ever held.
    #[must_use]
    pub fn holdings(&self, account: AccountNo) -> &[Holding] {
        self.holdings.get(account.index()).map_or(&[], SmallVec::as_slice)
    }

    /// The status of a period.
    #[must_use]
    pub fn period_status(&self, month: Month) -> PeriodStatus {
        self.periods.get(&month).copied().unwrap_or_default()
    }

    /// What reversed the entry at a position.
    #[must_use]
    pub fn reversed_by(&self, seq: Seq) -> Option<Seq> {
        self.reversed.get(&seq).copied()
    }

    /// The latest rate recorded on or before a day, with its day.
    #[must_use]
    pub fn rate_on(&self, base: CommodityNo, quote: CommodityNo, kind: RateType, day: NaiveDate) -> Option<(NaiveDate, Decimal)> {
        self.rates.get(&(base, quote, kind))?.range(..=day).next_back().map(|(date, rate)| (*date, *rate))
    }

    /// Where the first event of a command will stand: whoever acts for the first time is registered before it.
    fn first_of(&self, context: &Context<'_>) -> Seq {
        self.seq + 1 + context.ahead + Seq::from(!self.actor_index.contains_key(context.actor))
    }

    /// Whether there is an organization with its functional currency, which every other decision leans on.
    const fn has_begun(&self) -> bool {
        self.org.is_some() && !self.commodities.is_empty()
    }

    /// The functional currency. Only for decisions, which are made once the books have begun.
    fn functional(&self) -> &Commodity {
        &self.commodities[FUNCTIONAL.index()]
    }

    fn find(&self, account: &AccountRef, line: usize) -> Result<&Account, Rejection> {
        let found = match account {
            AccountRef::Code(code) => self.account_by_code(code),
            AccountRef::No(no) => self.account(*no),
        };
        found.ok_or_else(|| Rejection::AccountUnknown { account: name_of(account), line })
    }

    fn display(&self, units: Units, currency: CommodityNo) -> Decimal {
        decimal_of(units, self.commodity(currency).map_or(0, |commodity| commodity.scale))
    }
}

fn envelope(actor: ActorNo, context: &Context<'_>, event: Event) -> Proposed {
    Proposed { actor, correlation: context.correlation, causation: None, event }
}

fn name_of(account: &AccountRef) -> Text {
    match account {
        AccountRef::Code(code) => code.clone(),
        AccountRef::No(no) => Text::from(format!("#{}", no.get())),
    }
}

const fn commodity_kind(is_iso: bool) -> CommodityKind {
    if is_iso { CommodityKind::Iso4217 } else { CommodityKind::Custom }
}
