//! The chart as reports need it, and one account's balance in one commodity.

use ledger_core::{Account, AccountNo, AccountType, Commodity, CommodityKind, CommodityNo, SubType, Units};

use super::sums::Sum;

/// Accounts and commodities of one organization, numbered from 1 in the order of definition.
#[derive(Clone, Debug, Default)]
pub struct Books {
    /// All accounts.
    pub accounts: Vec<Account>,
    /// All commodities; the first is the functional currency.
    pub commodities: Vec<Commodity>,
    /// Digits that tables show of each commodity, where fewer than it has suffice ([`Books::fit`]).
    shown: Vec<u8>,
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
    /// A chart. Tables show every digit of every commodity until [`Books::fit`] says otherwise.
    #[must_use]
    pub fn new(accounts: Vec<Account>, commodities: Vec<Commodity>) -> Self {
        let shown = commodities.iter().map(|commodity| commodity.scale).collect();
        Self { accounts, commodities, shown }
    }

    /// Lets tables leave out the zeros behind shares, hours and the like that no balance here needs. Currencies keep
    /// their digits, and so does every commodity in CSV and JSON.
    pub fn fit(&mut self, balances: &[Balance]) {
        const CURRENCY_DIGITS: u8 = 2;
        for (shown, commodity) in self.shown.iter_mut().zip(&self.commodities) {
            if commodity.kind == CommodityKind::Iso4217 || commodity.scale <= CURRENCY_DIGITS {
                continue;
            }
            let amounts = balances.iter().filter(|balance| balance.currency == commodity.no).map(|balance| balance.sum.units);
            *shown = amounts.map(|units| digits_needed(units, commodity.scale)).max().unwrap_or(commodity.scale);
        }
    }

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
        let scale = self.scale(currency);
        let fitted = usize::from(currency.get()).checked_sub(1).and_then(|index| self.shown.get(index));
        // An amount that was not looked at when the digits were chosen keeps what it needs.
        let shown = fitted.map_or(scale, |shown| (*shown).max(digits_needed(units, scale)));
        crate::cli::output::grouped(units / 10_i128.pow(u32::from(scale - shown)), shown)
    }

    /// A functional value for tables.
    #[must_use]
    pub fn value(&self, units: Units) -> String {
        crate::cli::output::grouped(units, self.functional_scale())
    }

    /// A functional value for programs.
    #[must_use]
    pub fn plain_value(&self, units: Units) -> String {
        crate::cli::output::plain(units, self.functional_scale())
    }
}

/// Digits after the point without the zeros at the end.
fn digits_needed(mut units: Units, scale: u8) -> u8 {
    let mut digits = scale;
    while digits > 0 && units % 10 == 0 {
        units /= 10;
        digits -= 1;
    }
    digits
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
    fn tables_show_the_digits_that_are_needed_and_no_fewer() {
        let commodity =
            |no, code: &str, scale, kind| Commodity { no: CommodityNo::new(no), code: code.into(), scale, kind, name: "".into() };
        let commodities = vec![
            commodity(1, "USD", 2, CommodityKind::Iso4217),
            commodity(2, "GLD", 8, CommodityKind::Custom),
            commodity(3, "$", 2, CommodityKind::Custom),
        ];
        let mut books = Books::new(Vec::new(), commodities);
        let balance =
            |no, units| Balance { account: AccountNo::new(1), currency: CommodityNo::new(no), sum: Sum { units, ..Sum::default() } };
        books.fit(&[balance(1, 100), balance(2, 1_250_000_000), balance(2, -300_000_000), balance(3, 100)]);
        for (no, units, shown) in
            [(1, 100, "1.00"), (2, -300_000_000, "-3.0"), (2, 1_250_000_000, "12.5"), (2, 1, "0.00000001"), (3, 500, "5.00")]
        {
            assert_eq!(books.grouped(units, CommodityNo::new(no)), shown);
        }
    }

    #[test]
    fn codes_sort_as_people_count() {
        let mut codes = ["1000", "900", "Assets:Bank 10", "assets:Bank 9", "Assets", "Assets Old", "0100"];
        codes.sort_by_key(|code| code_order(code));
        assert_eq!(codes, ["0100", "900", "1000", "Assets", "assets:Bank 9", "Assets:Bank 10", "Assets Old"]);
    }
}
