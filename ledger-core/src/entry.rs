//! The balanced journal entry: the only thing that can be posted.
//!
//! A [`BalancedEntry`] has private fields and one checked constructor, so a function that receives one never
//! asks again whether it balances. Laws, for every value of the type:
//!
//! * I2: for every commodity the transaction amounts of its lines sum to zero;
//! * I1: the functional amounts of its valued lines sum to zero, and within one commodity either all lines
//!   are valued or none is;
//! * a line in the functional currency is valued at its own amount.
//!
//! Not here: how an exchange gets its conversion lines, or where functional amounts come from (`book::posting`).

use chrono::NaiveDate;

use crate::account::AccountNo;
use crate::commodity::CommodityNo;
use crate::money::{Money, Units, add_units};
use crate::rate::RateEvidence;
use crate::tally::Tally;
use crate::{Seq, Text};

/// What an entry is for; reports leave some kinds out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntryKind {
    /// Daily business.
    #[default]
    Ordinary,
    /// Balances brought in from elsewhere.
    Opening,
    /// Explicit year-end closing; left out of profit and loss.
    Closing,
    /// Adjustments at a period's end.
    Adjusting,
    /// The negation of an earlier entry.
    Reversal,
}

impl EntryKind {
    /// The word used in files and reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ordinary => "ordinary",
            Self::Opening => "opening",
            Self::Closing => "closing",
            Self::Adjusting => "adjusting",
            Self::Reversal => "reversal",
        }
    }

    /// Reads the word of a file.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Some(match word.to_ascii_lowercase().as_str() {
            "ordinary" => Self::Ordinary,
            "opening" => Self::Opening,
            "closing" => Self::Closing,
            "adjusting" => Self::Adjusting,
            "reversal" => Self::Reversal,
            _ => return None,
        })
    }
}

/// The parts of a posted line that most lines do not have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LineDetail {
    /// The rate that stood beside the line.
    pub rate: Option<RateEvidence>,
    /// What the line was worth in another commodity when it was exchanged. The total is the truth.
    pub weight: Option<Money>,
    /// Customer, vendor or payee.
    pub party: Option<Text>,
    /// Invoice or bill number, cheque number.
    pub document: Option<Text>,
    /// When it falls due.
    pub due_date: Option<NaiveDate>,
    /// Tax code.
    pub tax_code: Option<Text>,
    /// Dimensions.
    pub tags: Vec<(Text, Text)>,
    /// A note.
    pub memo: Option<Text>,
}

/// One posted line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The account.
    pub account: AccountNo,
    /// Transaction amount, debit positive.
    pub money: Money,
    /// Amount in minor units of the functional currency, debit positive; `None` where the organization keeps
    /// the commodity without a value.
    pub functional: Option<Units>,
    /// Everything else.
    pub detail: Option<Box<LineDetail>>,
}

/// What belongs to the entry as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryHeader {
    /// When it counts.
    pub effective_date: NaiveDate,
    /// Ordinary, opening, closing …
    pub kind: EntryKind,
    /// What happened, for people.
    pub description: Text,
    /// The caller's own id.
    pub external_id: Option<Text>,
    /// Dimensions.
    pub tags: Vec<(Text, Text)>,
    /// The entry that this one negates.
    pub reverses: Option<Seq>,
    /// The entry that this one replaces.
    pub corrects: Option<Seq>,
}

/// Why lines are not an entry. The book explains it to callers with names and amounts; this is the law itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unbalanced {
    /// Fewer than two lines.
    #[error("an entry needs at least two lines")]
    TooFewLines,
    /// I2: a commodity does not sum to zero.
    #[error("commodity {currency:?} is off by {off} minor units")]
    Currency {
        /// The commodity.
        currency: CommodityNo,
        /// Debits minus credits, in its minor units.
        off: Units,
    },
    /// I1: the functional amounts do not sum to zero.
    #[error("the functional amounts are off by {off} minor units")]
    Functional {
        /// Debits minus credits, in minor units of the functional currency.
        off: Units,
    },
    /// Some lines of a commodity have a functional amount and some do not, or a line in the functional
    /// currency is not valued at its own amount.
    #[error("commodity {currency:?} is only partly valued in the functional currency")]
    PartlyValued {
        /// The commodity.
        currency: CommodityNo,
    },
    /// A sum is too large to keep.
    #[error("a sum is too large to keep exactly")]
    Overflow,
}

/// A journal entry that obeys I1 and I2. Only [`BalancedEntry::new`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BalancedEntry {
    header: EntryHeader,
    lines: Vec<Line>,
}

impl BalancedEntry {
    /// The balance check.
    ///
    /// # Errors
    /// [`Unbalanced`] names the first law that does not hold.
    pub fn new(header: EntryHeader, lines: Vec<Line>, functional_currency: CommodityNo) -> Result<Self, Unbalanced> {
        if lines.len() < 2 {
            return Err(Unbalanced::TooFewLines);
        }
        check_currencies(&lines, functional_currency)?;
        Ok(Self { header, lines })
    }

    /// What belongs to the entry as a whole.
    #[must_use]
    pub const fn header(&self) -> &EntryHeader {
        &self.header
    }

    /// Its lines, in order.
    #[must_use]
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// When it counts.
    #[must_use]
    pub const fn effective_date(&self) -> NaiveDate {
        self.header.effective_date
    }
}

struct Sum {
    currency: CommodityNo,
    units: Units,
    valued: bool,
}

fn fits(money: Money) -> bool {
    add_units(0, money.units()).is_some()
}

fn check_currencies(lines: &[Line], functional_currency: CommodityNo) -> Result<(), Unbalanced> {
    let mut sums = Tally::new();
    let mut functional = 0;
    for line in lines {
        let (currency, units) = (line.money.currency(), line.money.units());
        let valued = line.functional.is_some();
        let sum = sums.of(currency, || Sum { currency, units: 0, valued });
        if sum.valued != valued {
            return Err(Unbalanced::PartlyValued { currency });
        }
        // No line is larger than a sum may be, so that every amount of an entry can be negated.
        if !fits(line.money) || !line.detail.as_ref().and_then(|detail| detail.weight).is_none_or(fits) {
            return Err(Unbalanced::Overflow);
        }
        sum.units = add_units(sum.units, units).ok_or(Unbalanced::Overflow)?;
        if currency == functional_currency && line.functional != Some(units) && units != 0 {
            return Err(Unbalanced::PartlyValued { currency });
        }
        let value = add_units(0, line.functional.unwrap_or(0)).ok_or(Unbalanced::Overflow)?;
        functional = add_units(functional, value).ok_or(Unbalanced::Overflow)?;
    }
    if let Some(sum) = sums.values().find(|sum| sum.units != 0) {
        return Err(Unbalanced::Currency { currency: sum.currency, off: sum.units });
    }
    if functional == 0 { Ok(()) } else { Err(Unbalanced::Functional { off: functional }) }
}
