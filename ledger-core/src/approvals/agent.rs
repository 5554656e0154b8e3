//! Agents: programs with a language model behind them, what they may do alone, and what running them costs.

use rust_decimal::Decimal;
use uuid::Uuid;

use crate::account::AccountNo;
use crate::commodity::CommodityNo;
use crate::money::{POW10, Units};
use crate::{Text, Timestamp};

/// The small number of an agent inside its organization, in the order of registration, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AgentNo(u32);

impl AgentNo {
    /// The agent with this number.
    #[must_use]
    pub const fn new(no: u32) -> Self {
        Self(no)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }

    pub(crate) fn index(self) -> usize {
        usize::try_from(self.0).map_or(usize::MAX, |no| no.wrapping_sub(1))
    }
}

words! {
    /// What an agent is for.
    AgentType {
        /// Answers questions and drafts what it is told to.
        Assistant = 0 "assistant",
        /// Drafts entries from documents and statements.
        Accountant = 1 "accountant",
        /// Reads and explains.
        Analyst = 2 "analyst",
        /// Looks for what is wrong.
        Auditor = 3 "auditor",
        /// Something else.
        Other = 4 "other",
    }
}

words! {
    /// How an execution ended.
    RunOutcome {
        /// It did what it was asked for.
        Succeeded = 0 "succeeded",
        /// It failed.
        Failed = 1 "failed",
        /// The model, or a guard before it, refused.
        Refused = 2 "refused",
        /// Somebody stopped it.
        Cancelled = 3 "cancelled",
    }
}

/// Kinds of entries that a person decides about unless an agent's autonomy says otherwise: owners' draws, between
/// companies, payroll reclassified, accruals at year end, what is capitalised, from books to tax.
pub const ALWAYS_PEOPLE: [&str; 6] = ["owner_draw", "intercompany", "payroll_reclass", "year_end_accrual", "capitalisation", "book_to_tax"];

/// What an agent may do without a person. By default nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Autonomy {
    /// Whether its drafts may post themselves at all. Everything else here narrows that.
    pub auto_post: bool,
    /// Largest sum of debits, in the functional currency.
    pub cap: Decimal,
    /// Smallest confidence, from 0 to 1.
    pub confidence: Decimal,
    /// How often people approved the pattern (party, account, tax code and side) of each line before.
    pub approvals: u32,
    /// Kinds of drafts that a person always decides about; a draft without a kind is one of them.
    pub always_people: Vec<Text>,
    /// How many in a hundred of those that could post themselves a person sees all the same.
    pub sample_percent: Decimal,
    /// How many of the last decisions of people are looked at …
    pub window: u32,
    /// … and how many in a hundred of the window may be rejections before posting alone stops.
    pub rejected_percent: Decimal,
}

impl Default for Autonomy {
    fn default() -> Self {
        Self {
            auto_post: false,
            cap: Decimal::ZERO,
            confidence: Decimal::ONE,
            approvals: 10,
            always_people: ALWAYS_PEOPLE.iter().map(|kind| Text::from(*kind)).collect(),
            sample_percent: Decimal::TEN,
            window: 50,
            rejected_percent: Decimal::TEN,
        }
    }
}

impl Autonomy {
    /// Whether a draft is one of those that a person sees all the same. Its hash decides, so nobody can choose.
    #[must_use]
    pub fn samples(&self, hash: &crate::merkle::Hash) -> bool {
        let mut first = [0; 8];
        first.copy_from_slice(&hash[..8]);
        Decimal::from(u64::from_be_bytes(first) % 1_000_000) < self.sample_percent * Decimal::from(10_000)
    }
}

/// An agent as it is registered. Its code is the identity under which it acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agent {
    /// Its number in the organization.
    pub no: AgentNo,
    /// Its code, unique in the organization: the identity of the actor that it is.
    pub code: Text,
    /// Its name, for people.
    pub name: Text,
    /// What it is for.
    pub kind: AgentType,
    /// The model that it runs on.
    pub model: Text,
    /// How the model is set up, in whatever form its operator keeps that.
    pub configuration: Text,
    /// What it can do, for people.
    pub capabilities: Vec<Text>,
    /// The tools that it may use; whoever offers tools asks.
    pub tools: Vec<Text>,
    /// What it may do without a person.
    pub autonomy: Autonomy,
    /// The currency of its costs and its budget.
    pub currency: CommodityNo,
    /// What its executions may cost in a month, in its currency; no bound where not given.
    pub budget: Option<Decimal>,
    /// Where its costs are booked.
    pub expense: Option<AccountNo>,
    /// Where they wait for the provider's bill.
    pub accrued: Option<AccountNo>,
}

/// One execution of an agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentRun {
    /// Which agent.
    pub agent: AgentNo,
    /// The model that ran.
    pub model: Text,
    /// When it ended.
    pub at: Timestamp,
    /// Tokens that it read.
    pub tokens_in: u64,
    /// Tokens that it wrote.
    pub tokens_out: u64,
    /// What it cost, in the agent's currency; at most 12 digits after the point.
    pub cost: Decimal,
    /// How long it took, in milliseconds.
    pub latency_ms: u64,
    /// How it ended.
    pub outcome: RunOutcome,
    /// What went wrong.
    pub error: Option<Text>,
    /// What the model says of its own certainty, from 0 to 1.
    pub confidence: Option<Decimal>,
    /// What it rested on: documents, events, statements.
    pub evidence: Vec<Text>,
    /// The person that it acted for.
    pub acted_for: Option<Text>,
    /// The conversation or request that it was part of.
    pub conversation: Option<Uuid>,
}

/// An exact cost: millionths of a millionth of a currency's unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cost(pub i128);

impl Cost {
    /// Digits after the point.
    pub const SCALE: u32 = 12;
    /// The largest cost of one execution, in whole units of its currency.
    const MOST: i128 = 1_000_000_000;

    /// An amount as a cost; nothing for those that are negative, too large, or finer than a cost can be.
    #[must_use]
    pub fn of(amount: Decimal) -> Option<Self> {
        let amount = amount.normalize();
        let missing = Self::SCALE.checked_sub(amount.scale())?;
        let factor = POW10.get(usize::try_from(missing).ok()?)?;
        let pico = amount.mantissa().checked_mul(*factor)?;
        (0..=Self::MOST * POW10[12]).contains(&pico).then_some(Self(pico))
    }

    /// The cost as a decimal.
    #[must_use]
    pub fn decimal(self) -> Decimal {
        Decimal::try_from_i128_with_scale(self.0, Self::SCALE).unwrap_or(Decimal::MAX).normalize()
    }

    /// Whole minor units of a currency with so many digits, and what is left.
    #[must_use]
    pub fn split(self, scale: u8) -> (Units, Self) {
        let power = |digits: u32| POW10.get(usize::try_from(digits).unwrap_or(usize::MAX)).copied().unwrap_or(i128::MAX);
        match Self::SCALE.checked_sub(u32::from(scale)) {
            Some(finer) => (self.0 / power(finer), Self(self.0 % power(finer))),
            None => (self.0.saturating_mul(power(u32::from(scale) - Self::SCALE)), Self(0)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_split_exactly() {
        let cost = |text: &str| Cost::of(text.parse().unwrap());
        for (text, scale, units, rest) in [
            ("1.239999999999", 2, 123, "0.009999999999"),
            ("0.004", 2, 0, "0.004"),
            ("7", 0, 7, "0"),
            ("0.000000000001", 12, 1, "0"),
            ("1", 18, 1_000_000_000_000_000_000, "0"),
            ("1000000000.000", 2, 100_000_000_000, "0"),
        ] {
            assert_eq!(cost(text).unwrap().split(scale), (units, cost(rest).unwrap()), "{text}");
        }
        for text in ["-0.01", "0.0000000000001", "1000000000.01", "79228162514264337593543950335"] {
            assert_eq!(cost(text), None, "{text}");
        }
        assert_eq!(cost("1.20").unwrap().decimal().to_string(), "1.2");
    }

    #[test]
    fn nothing_and_everything_can_be_sampled() {
        let sampling = |percent: i64| Autonomy { sample_percent: percent.into(), ..Autonomy::default() };
        let hashes = (0..200_u8).map(|no| *blake3::hash(&[no]).as_bytes());
        let count = |percent| hashes.clone().filter(|hash| sampling(percent).samples(hash)).count();
        assert_eq!((count(0), count(100)), (0, 200));
        assert!((5..40).contains(&count(10)), "{}", count(10));
    }
}
