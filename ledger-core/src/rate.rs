//! Exchange rates: evidence beside amounts, never their source once they are booked.
//!
//! A quote `EUR/USD = 1.10` means one EUR is worth 1.10 USD: base EUR, quote USD.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use crate::Text;
use crate::commodity::CommodityNo;

/// Which of the day's rates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RateType {
    /// Of the moment of the transaction.
    #[default]
    Spot,
    /// Of a period.
    Average,
    /// Of a balance sheet date.
    Closing,
}

impl RateType {
    /// The word used in files and reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Spot => "spot",
            Self::Average => "average",
            Self::Closing => "closing",
        }
    }

    /// Reads the word of a file.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Some(match word.to_ascii_lowercase().as_str() {
            "spot" => Self::Spot,
            "average" => Self::Average,
            "closing" => Self::Closing,
            _ => return None,
        })
    }
}

/// A recorded rate: one unit of `base` is worth `rate` units of `quote`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuotedRate {
    /// What is priced.
    pub base: CommodityNo,
    /// In what it is priced.
    pub quote: CommodityNo,
    /// Spot, average or closing.
    pub kind: RateType,
    /// The day it holds for.
    pub date: NaiveDate,
    /// Positive; up to 28 significant digits are kept.
    pub rate: Decimal,
    /// Where it came from (`ecb`, a file's name); may be empty.
    pub source: Text,
}

/// The rate that stood beside a line when it was posted. The amounts are the truth; this is evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateEvidence {
    /// Units of `quote` per unit of the line's commodity, as it was quoted.
    pub rate: Decimal,
    /// In what the line's commodity was priced.
    pub quote: CommodityNo,
    /// Spot, average or closing.
    pub kind: RateType,
    /// The rate's own date, where it is known and differs from the entry's.
    pub date: Option<NaiveDate>,
    /// Where it came from; may be empty.
    pub source: Text,
}
