//! The type of an account that nobody declared, read off its name. The summary of an import lists every guess.

use ledger_core::{AccountType, SubType};

/// Words that a path's first part may be, in several of the languages that people keep books in.
const ROOTS: &[(AccountType, &[&str])] = &[
    (AccountType::Asset, &["asset", "assets", "aktiva", "actif", "actifs", "activo", "activos", "tillgångar", "eiendeler", "активы"]),
    (
        AccountType::Liability,
        &["liability", "liabilities", "debt", "debts", "passiva", "passif", "pasivo", "pasivos", "skulder", "gjeld", "пассивы"],
    ),
    (AccountType::Equity, &["equity", "capital", "eigenkapital", "capitaux", "patrimonio", "eget kapital", "egenkapital", "капитал"]),
    (
        AccountType::Revenue,
        &[
            "income",
            "incomes",
            "revenue",
            "revenues",
            "sales",
            "ertrag",
            "erträge",
            "revenus",
            "ingresos",
            "intäkter",
            "inntekter",
            "доходы",
        ],
    ),
    (
        AccountType::Expense,
        &["expense", "expenses", "cost", "costs", "aufwand", "aufwendungen", "dépenses", "gastos", "kostnader", "utgifter", "расходы"],
    ),
];

/// Words of a sub-type, anywhere in the path.
const SUB_TYPES: &[(AccountType, SubType, &[&str])] = &[
    (AccountType::Asset, SubType::Receivable, &["receivable", "receivables", "accountsreceivable"]),
    (AccountType::Asset, SubType::Cash, &["cash", "wallet", "petty cash"]),
    (AccountType::Asset, SubType::Bank, &["bank", "checking", "savings", "saving", "giro"]),
    (AccountType::Asset, SubType::Inventory, &["inventory"]),
    (AccountType::Liability, SubType::Payable, &["payable", "payables", "accountspayable"]),
    (AccountType::Equity, SubType::RetainedEarnings, &["retained earnings", "retained-earnings"]),
    (AccountType::Equity, SubType::Conversion, &["conversion", "conversions"]),
    (AccountType::Equity, SubType::Rounding, &["rounding"]),
];

/// A type and sub-type for a name. Numbered charts follow the usual ranges (1 assets, 2 liabilities, 3 equity,
/// 4 revenue, 5 to 9 expenses); a name that says nothing is an asset.
#[must_use]
pub fn infer(code: &str) -> (AccountType, SubType) {
    let lower = code.to_lowercase();
    let parts: Vec<&str> = lower.split(':').map(str::trim).collect();
    let kind = parts.iter().find_map(|part| root(part)).or_else(|| numbered(&lower)).unwrap_or(AccountType::Asset);
    let sub_type = SUB_TYPES
        .iter()
        .find(|(of, _, words)| *of == kind && parts.iter().any(|part| words.contains(part)))
        .map_or(SubType::General, |(_, sub_type, _)| *sub_type);
    (kind, sub_type)
}

fn root(part: &str) -> Option<AccountType> {
    ROOTS.iter().find(|(_, words)| words.contains(&part)).map(|(kind, _)| *kind)
}

fn numbered(code: &str) -> Option<AccountType> {
    let digits = code.bytes().take_while(u8::is_ascii_digit).count();
    match (digits, code.as_bytes().first()?) {
        (3.., b'1') => Some(AccountType::Asset),
        (3.., b'2') => Some(AccountType::Liability),
        (3.., b'3') => Some(AccountType::Equity),
        (3.., b'4') => Some(AccountType::Revenue),
        (3.., b'5'..=b'9') => Some(AccountType::Expense),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_their_type() {
        for (code, kind, sub_type) in [
            ("Assets:Bank:Checking", AccountType::Asset, SubType::Bank),
            ("x:liabilities:credit card", AccountType::Liability, SubType::General),
            ("Income:Salary", AccountType::Revenue, SubType::General),
            ("expenses:food", AccountType::Expense, SubType::General),
            ("Equity:Opening Balances", AccountType::Equity, SubType::General),
            ("liabilities:payable:alice", AccountType::Liability, SubType::Payable),
            ("1000", AccountType::Asset, SubType::General),
            ("4100-sales", AccountType::Revenue, SubType::General),
            ("7", AccountType::Asset, SubType::General),
            ("", AccountType::Asset, SubType::General),
        ] {
            assert_eq!(infer(code), (kind, sub_type), "{code}");
        }
    }
}
