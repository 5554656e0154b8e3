//! The Norwegian standard chart (NS 4102): what the first digits of an account number say about its type.

use ledger_core::{AccountType, SubType};

/// Type and sub-type by the account's own number where it has four digits of its standard account, else by the standard
/// account (or grouping code). `None` where neither is such a number.
#[must_use]
pub fn type_of(id: &str, standard: Option<&str>) -> Option<(AccountType, SubType)> {
    let number = |text: &str| text.len() >= 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    let standard = standard.map(str::trim).filter(|text| number(text));
    let own = Some(id).filter(|id| number(id) && id.len() >= 4 && standard.is_none_or(|standard| id.starts_with(standard)));
    own.or(standard).or(Some(id).filter(|id| number(id))).and_then(of_number)
}

fn of_number(number: &str) -> Option<(AccountType, SubType)> {
    use AccountType::{Asset, Equity, Expense, Liability, Revenue};
    // Two digits stand for the beginning of their range.
    let padded: u32 = format!("{:0<4}", number.get(..4).unwrap_or(number)).parse().ok()?;
    Some(match padded {
        1000..=1299 => (Asset, SubType::FixedAsset),
        1400..=1499 => (Asset, SubType::Inventory),
        1500..=1559 => (Asset, SubType::Receivable),
        1700..=1749 => (Asset, SubType::PrepaidExpense),
        1900..=1909 if number.len() >= 4 => (Asset, SubType::Cash),
        1900..=1999 => (Asset, SubType::Bank),
        1300..=1399 | 1560..=1699 | 1750..=1899 => (Asset, SubType::General),
        2000..=2099 => (Equity, SubType::General),
        2400..=2439 => (Liability, SubType::Payable),
        2500..=2799 => (Liability, SubType::Tax),
        2100..=2399 | 2440..=2499 | 2800..=2999 => (Liability, SubType::General),
        3000..=3999 => (Revenue, SubType::General),
        4000..=4999 => (Expense, SubType::CostOfSales),
        5000..=7999 => (Expense, SubType::General),
        8060..=8069 => (Revenue, SubType::FxGainLoss),
        8000..=8059 | 8070..=8099 | 8400..=8499 => (Revenue, SubType::General),
        8160..=8169 => (Expense, SubType::FxGainLoss),
        8100..=8159 | 8170..=8399 | 8500..=8799 => (Expense, SubType::General),
        // The year's result and where it goes: transfers out of profit and loss, no part of it.
        8800..=8999 => (Equity, SubType::General),
        _ => return None,
    })
}

/// A standard account of a type, for accounts whose own code is none of the standard chart.
pub(super) fn standard_for(kind: AccountType, sub_type: SubType) -> &'static str {
    match (kind, sub_type) {
        (AccountType::Asset, SubType::FixedAsset | SubType::AccumulatedDepreciation) => "12",
        (AccountType::Asset, SubType::Inventory) => "14",
        (AccountType::Asset, SubType::Receivable) => "15",
        (AccountType::Asset, SubType::PrepaidExpense) => "17",
        (AccountType::Asset, SubType::Cash) => "1900",
        (AccountType::Asset, SubType::Bank) => "19",
        (AccountType::Asset, _) => "13",
        (AccountType::Liability, SubType::Payable) => "24",
        (AccountType::Liability, SubType::Tax) => "27",
        (AccountType::Liability, _) => "29",
        (AccountType::Equity, _) => "20",
        (AccountType::Revenue, SubType::FxGainLoss) => "8060",
        (AccountType::Revenue, _) => "30",
        (AccountType::Expense, SubType::FxGainLoss) => "8160",
        (AccountType::Expense, SubType::CostOfSales) => "43",
        (AccountType::Expense, _) => "77",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_standard_account_says_its_type_again() {
        for kind in [AccountType::Asset, AccountType::Liability, AccountType::Equity, AccountType::Revenue, AccountType::Expense] {
            for sub_type in SubType::ALL {
                let read = type_of("cash", Some(standard_for(kind, *sub_type)));
                assert_eq!(read.map(|(kind, _)| kind), Some(kind), "{sub_type:?}");
            }
        }
    }

    #[test]
    fn numbers_say_their_type() {
        use AccountType::{Asset, Equity, Expense, Liability, Revenue};
        for (id, standard, wanted) in [
            ("1500", Some("15"), Some((Asset, SubType::Receivable))),
            ("1900", Some("19"), Some((Asset, SubType::Cash))),
            ("1920", Some("19"), Some((Asset, SubType::Bank))),
            ("bank", Some("19"), Some((Asset, SubType::Bank))),
            ("2000", Some("20"), Some((Equity, SubType::General))),
            ("2400", None, Some((Liability, SubType::Payable))),
            ("27001", Some("2700"), Some((Liability, SubType::Tax))),
            ("9000", Some("3000"), Some((Revenue, SubType::General))),
            ("4000", Some("40"), Some((Expense, SubType::CostOfSales))),
            ("8060", None, Some((Revenue, SubType::FxGainLoss))),
            ("8150", None, Some((Expense, SubType::General))),
            ("8960", None, Some((Equity, SubType::General))),
            ("9000", None, None),
            ("cash", None, None),
            ("", Some(""), None),
        ] {
            assert_eq!(type_of(id, standard), wanted, "{id} {standard:?}");
        }
    }
}
