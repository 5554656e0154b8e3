//! The chart as reports need it, and one account's balance in one commodity.

use ledger_core::{Account, AccountNo, AccountType, Commodity, CommodityNo, SubType, Units};

use super::sums::Sum;

/// Accounts and commodities of one organization, numbered from 1 in the order of definition.
#[derive(Clone, Debug, Default)]
pub struct Books {
    /// All accounts.
    pub accounts: Vec<Account>,
    /// All commodities; the first is the functional currency.
    pub commodities: Vec<Commodity>,
}

/// What an account holds of a commodity, or what moved on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Balance {
    /// The account.
    pub account: AccountNo,
    /// The commodity.
    pub currency: CommodityNo,
    /// Debits minus credits and their functional value.
    pub sum: Sum,
}

impl Books {
    /// The account with this number.
    #[must_use]
    pub fn account(&self, no: AccountNo) -> Option<&Account> {
        self.accounts.get(usize::try_from(no.get()).ok()?.checked_sub(1)?)
    }

    /// The commodity with this number.
    #[must_use]
    pub fn commodity(&self, no: CommodityNo) -> Option<&Commodity> {
        self.commodities.get(usize::from(no.get()).checked_sub(1)?)
    }

    /// Code of the functional currency.
    #[must_use]
    pub fn functional(&self) -> &str {
        self.commodities.first().map_or("", |commodity| commodity.code.as_str())
    }

    /// Digits of the functional currency.
    #[must_use]
    pub fn functional_scale(&self) -> u8 {
        self.commodities.first().map_or(0, |commodity| commodity.scale)
    }

    /// Code of a commodity.
    #[must_use]
    pub fn code(&self, no: CommodityNo) -> &str {
        self.commodity(no).map_or("?", |commodity| commodity.code.as_str())
    }

    /// Digits of a commodity.
    #[must_use]
    pub fn scale(&self, no: CommodityNo) -> u8 {
        self.commodity(no).map_or(0, |commodity| commodity.scale)
    }

    /// The type of an account; what is not in the chart counts as an asset, so that nothing is lost from a report.
    #[must_use]
    pub fn kind(&self, no: AccountNo) -> AccountType {
        self.account(no).map_or(AccountType::Asset, |account| account.kind)
    }

    /// Whether the ledger itself posts to the account, to keep currencies and roundings in balance.
    #[must_use]
    pub fn is_technical(&self, no: AccountNo) -> bool {
        self.account(no).is_some_and(|account| matches!(account.sub_type, SubType::Conversion | SubType::Rounding))
    }

    /// Where an account stands in a report: by type, then by code as people count (`900` before `1000`).
    #[must_use]
    pub fn order(&self, no: AccountNo) -> (AccountType, Vec<CodePart>) {
        (self.kind(no), self.account(no).map(|account| code_order(&account.code)).unwrap_or_default())
    }

    /// An amount for programs.
    #[must_use]
    pub fn plain(&self, units: Units, currency: CommodityNo) -> String {
        crate::cli::output::plain(units, self.scale(currency))
    }

    /// An amount for tables.
    #[must_use]
    pub fn grouped(&self, units: Units, currency: CommodityNo) -> String {
        crate::cli::output::grouped(units, self.scale(currency))
    }
}

/// A piece of an account code: numbers are compared as numbers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CodePart {
    /// A run of digits: its length without leading zeros, then the digits.
    Number(usize, String),
    /// Anything else, in lower case.
    Word(String),
}

/// A key that sorts codes as people count.
#[must_use]
pub fn code_order(code: &str) -> Vec<CodePart> {
    let mut parts = Vec::new();
    let mut rest = code;
    while let Some(first) = rest.chars().next() {
        let digits = first.is_ascii_digit();
        let end = rest.find(|c: char| c.is_ascii_digit() != digits).unwrap_or(rest.len());
        let (part, after) = rest.split_at(end);
        rest = after;
        if digits {
            let number = part.trim_start_matches('0');
            parts.push(CodePart::Number(number.len(), number.to_owned()));
        } else {
            // A colon ends a name: it sorts before everything that could follow the same name.
            parts.push(CodePart::Word(part.to_lowercase().replace(':', "\u{1}")));
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_sort_as_people_count() {
        let mut codes = ["1000", "900", "Assets:Bank 10", "assets:Bank 9", "Assets", "Assets Old", "0100"];
        codes.sort_by_key(|code| code_order(code));
        assert_eq!(codes, ["0100", "900", "1000", "Assets", "assets:Bank 9", "Assets:Bank 10", "Assets Old"]);
    }
}
