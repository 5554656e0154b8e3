//! What can be said of one commit without the commits before it. Pure; nearly all the work of a verification, and
//! done by several threads at once.

use ledger_core::chain::{Commit, CommitHeader, commit_hash};
use ledger_core::codec;
use ledger_core::event::{Event, Proposed};
use ledger_core::merkle::{Hash, Subtree, leaf_hashes, subtrees};
use ledger_core::{Line, Seq};
use uuid::Uuid;

use super::names::NameSum;

/// Unreadable events of one commit that are listed.
const UNREADABLE_MAX: usize = 20;

/// A commit and what was found in it.
pub(super) struct Examined {
    pub(super) header: CommitHeader,
    /// As it is stored.
    pub(super) hash: Hash,
    /// As header and payload give it.
    pub(super) computed: Hash,
    /// Bytes of the payload.
    pub(super) bytes: u64,
    /// The payload, where it may be needed to find out what was changed.
    pub(super) payload: Option<Vec<u8>>,
    /// Whole events in the payload.
    pub(super) frames: u64,
    /// Whether the payload is cut off or its lengths are wrong.
    pub(super) cut_off: bool,
    /// What the events add to the tree, if they stand where the header says.
    pub(super) subtrees: Vec<Subtree>,
    /// Journal entries.
    pub(super) entries: u64,
    /// Events that cannot be read, and why.
    pub(super) unreadable: Vec<(Seq, String)>,
    /// Where books are begun, and whose.
    pub(super) begun: Vec<(Seq, Uuid)>,
    /// What events give numbers to, and refer to by number.
    pub(super) accounts: Numbers,
    pub(super) commodities: Numbers,
    pub(super) actors: Numbers,
    /// Reversals or corrections that name an event which is not before them.
    pub(super) forward: Vec<Seq>,
    /// External ids of entries.
    pub(super) names: NameSum,
    /// The events, where they are to be folded.
    pub(super) events: Vec<Event>,
}

impl Examined {
    pub(super) fn last_seq(&self) -> Seq {
        self.header.first_seq.saturating_add(u64::from(self.header.event_count)).saturating_sub(1)
    }

    pub(super) fn hash_holds(&self) -> bool {
        self.hash == self.computed
    }
}

/// Numbers given in order (1, 2, 3 …) and referred to within one commit, without knowing how many were given before.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Numbers {
    /// How many were given.
    pub(super) given: u64,
    /// The first that was given out of order: where, and after how many given before the commit it would be in order.
    pub(super) starts: Option<(Seq, u64)>,
    /// Where one was given that does not follow the one before it in the commit.
    pub(super) disorder: Option<Seq>,
    /// The largest need: where, and how many must have been given before the commit.
    pub(super) needs: Option<(Seq, u64)>,
}

impl Numbers {
    fn give(&mut self, seq: Seq, no: u64) {
        let before = no.checked_sub(self.given + 1);
        match (before, self.starts) {
            (Some(before), None) => self.starts = Some((seq, before)),
            (Some(before), Some((_, known))) if before == known => {}
            _ => self.disorder = self.disorder.or(Some(seq)),
        }
        self.given += 1;
    }

    fn need(&mut self, seq: Seq, no: u64) {
        let before = if no == 0 { u64::MAX } else { no.saturating_sub(self.given) };
        if before > self.needs.map_or(0, |(_, most)| most) {
            self.needs = Some((seq, before));
        }
    }
}

/// Looks at one commit. `fold_to`: events up to here are kept for folding.
pub(super) fn examine(commit: Commit, fold_to: Seq) -> Examined {
    let computed = commit_hash(&commit.header, &commit.payload);
    let first = commit.header.first_seq;
    let mut found = Examined {
        hash: commit.hash,
        computed,
        bytes: commit.payload.len() as u64,
        payload: None,
        frames: 0,
        cut_off: false,
        subtrees: Vec::new(),
        entries: 0,
        unreadable: Vec::new(),
        begun: Vec::new(),
        accounts: Numbers::default(),
        commodities: Numbers::default(),
        actors: Numbers::default(),
        forward: Vec::new(),
        names: NameSum::default(),
        events: Vec::new(),
        header: commit.header,
    };
    let mut frames = Vec::with_capacity(usize::try_from(found.header.event_count).unwrap_or(0).min(commit.payload.len()));
    let mut seq = first;
    for frame in codec::frames(&commit.payload) {
        let Ok(frame) = frame else {
            found.cut_off = true;
            break;
        };
        frames.push(frame);
        match codec::decode(frame) {
            Ok(event) => found.event(seq, event, seq <= fold_to),
            Err(error) if found.unreadable.len() < UNREADABLE_MAX => found.unreadable.push((seq, error.problem)),
            Err(_) => {}
        }
        seq = seq.saturating_add(1);
    }
    found.frames = frames.len() as u64;
    found.subtrees = subtrees(first.saturating_sub(1), &leaf_hashes(frames.into_iter()));
    if !found.hash_holds() {
        found.payload = Some(commit.payload);
    }
    found
}

impl Examined {
    fn event(&mut self, seq: Seq, proposed: Proposed, keep: bool) {
        self.refer(seq, &proposed);
        if let Some(entry) = proposed.event.entry() {
            self.entries += 1;
            let header = entry.header();
            if let Some(name) = &header.external_id {
                self.names.add(name, seq);
            }
            if [header.reverses, header.corrects].into_iter().flatten().any(|named| named == 0 || named >= seq) {
                self.forward.push(seq);
            }
            entry.lines().iter().for_each(|line| self.refer_line(seq, line));
        }
        if keep {
            self.events.push(proposed.event);
        }
    }

    fn refer(&mut self, seq: Seq, proposed: &Proposed) {
        let account = |numbers: &mut Numbers, no: ledger_core::AccountNo| numbers.need(seq, u64::from(no.get()));
        match &proposed.event {
            Event::OrganizationCreated { org, .. } => return self.begun.push((seq, *org)), // before anybody is registered
            Event::ActorRegistered { no, .. } => self.actors.give(seq, u64::from(no.0)),
            Event::CommodityDefined(commodity) => self.commodities.give(seq, u64::from(commodity.no.get())),
            Event::AccountOpened(opened) => {
                self.accounts.give(seq, u64::from(opened.no.get()));
                opened.parent.into_iter().for_each(|parent| account(&mut self.accounts, parent));
            }
            Event::AccountChanged { no, parent, .. } => {
                account(&mut self.accounts, *no);
                parent.iter().for_each(|parent| account(&mut self.accounts, *parent));
            }
            Event::AccountStatusChanged { no, .. } | Event::AccountConditionsSet { no, .. } | Event::AccountActivitySet { no, .. } => {
                account(&mut self.accounts, *no);
            }
            Event::RateRecorded(rate) => {
                self.commodities.need(seq, u64::from(rate.base.get()));
                self.commodities.need(seq, u64::from(rate.quote.get()));
            }
            Event::ControlAccountSet { no, .. } => account(&mut self.accounts, *no),
            Event::PartyRegistered(party) | Event::PartyChanged(party) => {
                [party.receivable, party.payable].into_iter().flatten().for_each(|no| account(&mut self.accounts, no));
                party.currency.iter().for_each(|currency| self.commodities.need(seq, u64::from(currency.get())));
            }
            Event::DocumentRecorded { document, .. } => {
                self.commodities.need(seq, u64::from(document.currency.get()));
                document.lines.iter().for_each(|line| account(&mut self.accounts, line.account));
                document.tax.iter().for_each(|row| account(&mut self.accounts, row.account));
                let asked = document.invoice_terms.as_ref().and_then(|asked| asked.control);
                [document.cash_account, asked].into_iter().flatten().for_each(|no| account(&mut self.accounts, no));
            }
            Event::DeferralScheduled(deferral) | Event::DeferralCancelled { deferral, .. } => {
                [deferral.deferred, deferral.target].iter().for_each(|no| account(&mut self.accounts, *no));
                self.commodities.need(seq, u64::from(deferral.currency.get()));
            }
            Event::TaxCodeDefined(code) => {
                for component in &code.components {
                    account(&mut self.accounts, component.account);
                    component.reverse_charge.iter().for_each(|no| account(&mut self.accounts, *no));
                }
            }
            Event::CommissionPlanDefined(plan) => [plan.expense, plan.accrued].iter().for_each(|no| account(&mut self.accounts, *no)),
            Event::CommissionAccrued { accrual, .. } => {
                [accrual.expense, accrual.accrued].iter().for_each(|no| account(&mut self.accounts, *no));
                self.commodities.need(seq, u64::from(accrual.currency.get()));
            }
            Event::AgentRegistered(agent) | Event::AgentChanged(agent) => {
                [agent.expense, agent.accrued].into_iter().flatten().for_each(|no| account(&mut self.accounts, no));
                self.commodities.need(seq, u64::from(agent.currency.get()));
            }
            // What they refer to beside their entry's lines are events.
            Event::EntryPosted(_)
            | Event::EntryReversed { .. }
            | Event::PeriodClosed { .. }
            | Event::PeriodReopened { .. }
            | Event::ItemsAllocated { .. }
            | Event::AllocationReversed { .. }
            | Event::ItemsRevalued { .. }
            | Event::RevaluationReversed { .. }
            | Event::DeferralsRecognised { .. }
            | Event::CommissionClawedBack { .. }
            | Event::CommissionsPaidOut { .. }
            | Event::CommissionAssigned(_)
            | Event::AgentStatusSet { .. }
            | Event::AgentRan(_)
            | Event::AgentCostsBooked { .. }
            | Event::AutoPostingStopped { .. }
            | Event::DraftCorrected(_)
            | Event::Drafted(_)
            | Event::DraftRejected { .. }
            | Event::DraftWithdrawn { .. }
            | Event::DraftPosted(_)
            | Event::ApprovalPolicySet(_)
            | Event::ApprovalRequested(_)
            | Event::ApprovalVoted(_)
            | Event::ApprovalDelegated { .. }
            | Event::ApprovalEscalated { .. }
            | Event::ApprovalReminded { .. }
            | Event::ApprovalExpired { .. }
            | Event::ApprovalCompleted { .. }
            | Event::ApprovalInvalidated { .. }
            | Event::ApprovalOverridden { .. } => {}
        }
        self.actors.need(seq, u64::from(proposed.actor.0));
    }

    fn refer_line(&mut self, seq: Seq, line: &Line) {
        self.accounts.need(seq, u64::from(line.account.get()));
        self.commodities.need(seq, u64::from(line.money.currency().get()));
        if let Some(detail) = &line.detail {
            let named = [detail.weight.map(|weight| weight.currency()), detail.rate.as_ref().map(|rate| rate.quote)];
            named.into_iter().flatten().for_each(|currency| self.commodities.need(seq, u64::from(currency.get())));
        }
    }
}
