//! Requests for approval: who may vote, who did, and what follows.
//!
//! Who may vote is written down when approval is requested, and so is how many it takes. Both only grow afterwards, and
//! only the first.

use super::{Facts, Mode, Step};
use crate::merkle::Hash;
use crate::{Seq, Text, Timestamp};

words! {
    /// What somebody says.
    Vote {
        /// Yes.
        Approve = 0 "approve",
        /// No.
        Reject = 1 "reject",
    }
}

/// A step as it was requested.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestedStep {
    /// The policy's step.
    pub step: Step,
    /// Who may vote: identities, each once, without those who may not.
    pub eligible: Vec<Text>,
    /// How many approvals it takes.
    pub needed: u32,
}

/// A request for approval. It is known by the place of its event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requested {
    /// The draft.
    pub draft: Seq,
    /// The hash of what is to be approved.
    pub hash: Hash,
    /// The policy and its version; none where the ledger itself asks for somebody else's approval.
    pub policy: Option<(Text, u32)>,
    /// Its steps.
    pub steps: Vec<RequestedStep>,
    /// Whether who prepared it may approve it.
    pub self_approval: bool,
    /// Whether somebody who is not asked may approve it with a reason.
    pub allow_override: bool,
    /// What the policy looked at.
    pub facts: Facts,
    /// Who requests it.
    pub by: Text,
    /// When.
    pub at: Timestamp,
}

/// A vote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Voted {
    /// The request.
    pub request: Seq,
    /// Which of its steps, from 1.
    pub step: u32,
    /// Who votes.
    pub by: Text,
    /// Whose vote that is: the voter's own unless it was delegated.
    pub seat: Text,
    /// What.
    pub vote: Vote,
    /// Why.
    pub comment: Text,
    /// The hash of what was voted on.
    pub hash: Hash,
    /// When.
    pub at: Timestamp,
}

/// A place in a vote: somebody's own, handed on at will.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seat {
    /// Everybody who had it, the one who has it now last. Nobody has it twice.
    pub chain: Vec<Text>,
    /// What was said from it.
    pub vote: Option<Vote>,
}

impl Seat {
    /// A place of somebody's own.
    #[must_use]
    pub fn of(who: &Text) -> Self {
        Self { chain: vec![who.clone()], vote: None }
    }

    /// Whose it was first.
    #[must_use]
    pub fn owner(&self) -> Option<&Text> {
        self.chain.first()
    }

    /// Who votes from it.
    #[must_use]
    pub fn holder(&self) -> Option<&Text> {
        self.chain.last()
    }
}

/// Where a step stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepState {
    /// How votes count.
    pub mode: Mode,
    /// How many approvals it takes.
    pub needed: u32,
    /// Who may vote and did.
    pub seats: Vec<Seat>,
    /// When it is overdue; known once the step has begun.
    pub due: Option<Timestamp>,
    /// How often others were asked as well.
    pub escalations: u32,
}

impl StepState {
    /// A step before anybody voted.
    #[must_use]
    pub fn new(requested: &RequestedStep) -> Self {
        let seats = requested.eligible.iter().map(Seat::of).collect();
        Self { mode: requested.step.mode, needed: requested.needed, seats, due: None, escalations: 0 }
    }

    /// How many said so.
    #[must_use]
    pub fn count(&self, vote: Vote) -> usize {
        self.seats.iter().filter(|seat| seat.vote == Some(vote)).count()
    }

    /// What was decided, as soon as further votes cannot change it.
    #[must_use]
    pub fn outcome(&self) -> Option<Vote> {
        let (approvals, rejections) = (self.count(Vote::Approve), self.count(Vote::Reject));
        let needed = usize::try_from(self.needed).unwrap_or(usize::MAX);
        let rejected = match self.mode {
            Mode::Single | Mode::Unanimous | Mode::Veto => rejections > 0,
            Mode::Multiple(_) | Mode::Majority => self.seats.len() - rejections < needed,
        };
        match (rejected, approvals >= needed) {
            (true, _) => Some(Vote::Reject),
            (false, true) => Some(Vote::Approve),
            (false, false) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Votes in the order of the seats: `+` approves, `-` rejects, `.` waits.
    fn outcome(mode: Mode, votes: &str) -> Option<Vote> {
        let count = u32::try_from(votes.len()).unwrap();
        let seats = votes.chars().map(|vote| Seat {
            chain: vec!["somebody".into()],
            vote: match vote {
                '+' => Some(Vote::Approve),
                '-' => Some(Vote::Reject),
                _ => None,
            },
        });
        StepState { mode, needed: mode.needed(count), seats: seats.collect(), due: None, escalations: 0 }.outcome()
    }

    #[test]
    fn a_step_ends_as_soon_as_nothing_can_change_it() {
        let (yes, no, open) = (Some(Vote::Approve), Some(Vote::Reject), None);
        let cases = [
            (Mode::Single, "...", open),
            (Mode::Single, "+..", yes),
            (Mode::Single, "-..", no),
            (Mode::Multiple(2), "+..", open),
            (Mode::Multiple(2), "+-.", open),
            (Mode::Multiple(2), "+-+", yes),
            (Mode::Multiple(2), "--.", no),
            (Mode::Unanimous, "++.", open),
            (Mode::Unanimous, "+++", yes),
            (Mode::Unanimous, "+-.", no),
            (Mode::Majority, "++..", open),
            (Mode::Majority, "+++.", yes),
            (Mode::Majority, "--..", no),
            (Mode::Majority, "-....", open),
            (Mode::Veto, "++...", open),
            (Mode::Veto, "+++..", yes),
            (Mode::Veto, "++-..", no),
        ];
        for (mode, votes, expected) in cases {
            assert_eq!(outcome(mode, votes), expected, "{mode:?} {votes}");
        }
    }
}
