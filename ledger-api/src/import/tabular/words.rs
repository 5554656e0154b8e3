//! The words that other programs use for account types and sides.

use ledger_core::{AccountType, SubType};

/// What a type word says about an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TypeWord {
    /// The type.
    pub kind: AccountType,
    /// The sub-type, where the word says more than the type.
    pub sub_type: Option<SubType>,
    /// Whether the word says contra.
    pub contra: bool,
}

/// Reads an account type as accountants write it: the five types, `COGS`, `Opex`, `Contra-Revenue`, `Current
/// Asset`, `Accounts Receivable`, …
#[must_use]
pub fn account_type(word: &str) -> Option<TypeWord> {
    let word = super::field::normalized(word);
    let (contra, word) = match word.strip_prefix("contra_") {
        Some(rest) => (true, rest),
        None => (false, word.as_str()),
    };
    let (kind, sub_type) = plain_type(word)?;
    Some(TypeWord { kind, sub_type, contra })
}

/// The words that [`account_type`] is likely to be asked for, for messages.
pub const TYPE_WORDS: &str = "asset, liability, equity, revenue or expense";

fn plain_type(word: &str) -> Option<(AccountType, Option<SubType>)> {
    use AccountType::{Asset, Equity, Expense, Liability, Revenue};
    if let Some(kind) = AccountType::parse(word) {
        return Some((kind, None));
    }
    Some(match word {
        "current_asset"
        | "current_assets"
        | "other_current_asset"
        | "other_current_assets"
        | "other_asset"
        | "other_assets"
        | "non_current_asset"
        | "noncurrent_asset" => (Asset, None),
        "cash" => (Asset, Some(SubType::Cash)),
        "bank" => (Asset, Some(SubType::Bank)),
        "accounts_receivable" | "account_receivable" | "receivable" | "receivables" | "ar" | "a_r" => (Asset, Some(SubType::Receivable)),
        "inventory" | "stock" => (Asset, Some(SubType::Inventory)),
        "fixed_asset" | "fixed_assets" => (Asset, Some(SubType::FixedAsset)),
        "prepayment" | "prepaid_expense" | "prepaid_expenses" => (Asset, Some(SubType::PrepaidExpense)),
        "current_liability"
        | "current_liabilities"
        | "other_current_liability"
        | "other_current_liabilities"
        | "long_term_liability"
        | "long_term_liabilities"
        | "non_current_liability"
        | "noncurrent_liability"
        | "credit_card" => (Liability, None),
        "accounts_payable" | "account_payable" | "payable" | "payables" | "ap" | "a_p" => (Liability, Some(SubType::Payable)),
        "retained_earnings" => (Equity, Some(SubType::RetainedEarnings)),
        "capital" | "owners_equity" | "owner_s_equity" | "shareholders_equity" => (Equity, None),
        "sales" | "other_income" | "other_revenue" | "operating_revenue" | "turnover" => (Revenue, None),
        "cogs" | "cost_of_goods_sold" | "cost_of_sales" | "direct_costs" => (Expense, Some(SubType::CostOfSales)),
        "opex" | "operating_expense" | "operating_expenses" | "other_expense" | "other_expenses" | "overhead" | "overheads"
        | "depreciation" | "cost" | "costs" => (Expense, None),
        _ => return None,
    })
}

/// Whether a word means debit (`true`) or credit (`false`).
#[must_use]
pub fn is_debit(word: &str) -> Option<bool> {
    match word.trim().trim_end_matches('.').to_ascii_lowercase().as_str() {
        "d" | "dr" | "debit" => Some(true),
        "c" | "cr" | "credit" => Some(false),
        _ => None,
    }
}

/// Whether a word means yes or no.
#[must_use]
pub fn is_yes(word: &str) -> Option<bool> {
    match word.trim().to_ascii_lowercase().as_str() {
        "1" | "y" | "yes" | "true" | "x" => Some(true),
        "0" | "n" | "no" | "false" => Some(false),
        _ => None,
    }
}
