//! Who owes and is owed: customers, vendors, payees.
//!
//! Events hold only a code that the organization chose, never a name or an address: those live outside the
//! stream, where they can be erased.

use chrono::{Days, NaiveDate};
use rust_decimal::Decimal;

use super::Instalment;
use crate::Text;
use crate::account::AccountNo;
use crate::commodity::CommodityNo;
use crate::money::Units;
use crate::rounding::split;

/// The small number of a party inside its organization, in the order of registration, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartyNo(u32);

impl PartyNo {
    /// The party with this number.
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
    /// What a party is to the organization.
    PartyKind {
        /// Buys.
        Customer = 0 "customer",
        /// Sells.
        Vendor = 1 "vendor",
        /// Is paid for something else: agents, employees.
        Payee = 2 "payee",
    }
}

words! {
    /// Which of the two sub-ledgers.
    Side {
        /// What others owe: invoices are debits.
        Receivable = 0 "receivable",
        /// What is owed to others: bills are credits.
        Payable = 1 "payable",
    }
}

impl Side {
    /// The sign of what opens an item on this side: an invoice is a debit (1), a bill a credit (-1).
    #[must_use]
    pub const fn opening_sign(self) -> Units {
        match self {
            Self::Receivable => 1,
            Self::Payable => -1,
        }
    }
}

/// One part of payment terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TermsPart {
    /// Its share of the total in relation to the other parts'; positive. Percentages are shares that sum to 100.
    pub share: Decimal,
    /// Days after the document's date when it falls due.
    pub days: u16,
}

/// When a document's total falls due, in which parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// One or more parts, in order.
    pub parts: Vec<TermsPart>,
}

impl Default for Terms {
    fn default() -> Self {
        Self::net(0)
    }
}

impl Terms {
    /// Everything so many days after the document's date.
    #[must_use]
    pub fn net(days: u16) -> Self {
        Self { parts: vec![TermsPart { share: Decimal::ONE, days }] }
    }

    /// The instalments of a total: floor of each share, leftover units one by one from the first. They sum to it.
    #[must_use]
    pub fn instalments(&self, total: Units, date: NaiveDate) -> Vec<Instalment> {
        let due = |days: u16| date.checked_add_days(Days::new(u64::from(days))).unwrap_or(date);
        let scale = self.parts.iter().map(|part| part.share.scale()).max().unwrap_or(0);
        let weight = |share: Decimal| {
            let factor = crate::money::POW10.get(usize::try_from(scale - share.scale()).unwrap_or(0)).copied().unwrap_or(1);
            share.mantissa().saturating_mul(factor)
        };
        let weights: Vec<Units> = self.parts.iter().map(|part| weight(part.share)).collect();
        let parts = self.parts.iter().zip(split(total, &weights));
        parts.map(|(part, amount)| Instalment { due: due(part.days), amount }).collect()
    }
}

/// A customer, vendor or payee.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Party {
    /// Its number in the organization.
    pub no: PartyNo,
    /// Its code, unique in the organization; no personal data.
    pub code: Text,
    /// What it is to the organization.
    pub kind: PartyKind,
    /// When its documents fall due unless they say otherwise.
    pub terms: Terms,
    /// The currency of its documents unless they say otherwise; the functional one where not given.
    pub currency: Option<CommodityNo>,
    /// Its receivable control account, where it is not the organization's default.
    pub receivable: Option<AccountNo>,
    /// Its payable control account, where it is not the organization's default.
    pub payable: Option<AccountNo>,
    /// Dimensions.
    pub tags: Vec<(Text, Text)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instalments_sum_to_the_total() {
        let part = |share: &str, days| TermsPart { share: share.parse().unwrap(), days };
        let date = NaiveDate::from_ymd_opt(2026, 1, 31).unwrap();
        type Case<'a> = (&'a [TermsPart], Units, &'a [(u16, Units)]);
        let cases: [Case<'_>; 4] = [
            (&[part("1", 0)], 100, &[(0, 100)]),
            (&[part("30", 30), part("50", 60), part("20", 90)], 10_000, &[(30, 3_000), (60, 5_000), (90, 2_000)]),
            (&[part("1", 10), part("1.0", 20), part("1.00", 30)], 100, &[(10, 34), (20, 33), (30, 33)]),
            (&[part("0.5", 0), part("0.5", 30)], -101, &[(0, -51), (30, -50)]),
        ];
        for (parts, total, expected) in cases {
            let found = Terms { parts: parts.to_vec() }.instalments(total, date);
            let expected: Vec<_> =
                expected.iter().map(|(days, amount)| Instalment { due: date + Days::new(u64::from(*days)), amount: *amount }).collect();
            assert_eq!(found, expected, "{total}");
        }
    }
}
