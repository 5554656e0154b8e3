//! The chart of accounts: types, sub-types, hierarchy, and what stops a posting.

use crate::Text;
use crate::commodity::CommodityNo;
use crate::money::Units;

/// The small number of an account inside its organization, in the order of opening, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountNo(u32);

impl AccountNo {
    /// The account with this number.
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

/// The five types. Assets and expenses are debit-normal, the others credit-normal; a contra flag turns it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AccountType {
    /// What the organization owns.
    Asset,
    /// What it owes.
    Liability,
    /// What belongs to its owners.
    Equity,
    /// What it earns.
    Revenue,
    /// What it spends.
    Expense,
}

impl AccountType {
    /// All, in the order of a balance sheet followed by an income statement.
    pub const ALL: [Self; 5] = [Self::Asset, Self::Liability, Self::Equity, Self::Revenue, Self::Expense];

    /// The word used in files and reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Asset => "asset",
            Self::Liability => "liability",
            Self::Equity => "equity",
            Self::Revenue => "revenue",
            Self::Expense => "expense",
        }
    }

    /// Reads the word of a file, in any letter case; `income` is revenue.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Some(match word.to_ascii_lowercase().as_str() {
            "asset" | "assets" | "a" => Self::Asset,
            "liability" | "liabilities" | "l" => Self::Liability,
            "equity" | "e" => Self::Equity,
            "revenue" | "revenues" | "income" | "r" => Self::Revenue,
            "expense" | "expenses" | "x" => Self::Expense,
            _ => return None,
        })
    }

    /// Whether a debit increases accounts of this type.
    #[must_use]
    pub const fn is_debit_normal(self) -> bool {
        matches!(self, Self::Asset | Self::Expense)
    }

    /// Whether the type belongs to the income statement.
    #[must_use]
    pub const fn is_profit_and_loss(self) -> bool {
        matches!(self, Self::Revenue | Self::Expense)
    }
}

words! {
    /// What an account is for, where reports and rules need to know it.
    #[derive(Default)]
    SubType {
        /// Nothing special.
        #[default]
        General = 0 "general",
        /// Money in hand.
        Cash = 1 "cash",
        /// Money at a bank.
        Bank = 2 "bank",
        /// What customers owe: a control account.
        Receivable = 3 "receivable",
        /// What vendors are owed: a control account.
        Payable = 4 "payable",
        /// Taxes owed or recoverable.
        Tax = 5 "tax",
        /// Things that last.
        FixedAsset = 6 "fixed_asset",
        /// What they have lost in value.
        AccumulatedDepreciation = 7 "accumulated_depreciation",
        /// Goods for sale.
        Inventory = 8 "inventory",
        /// Received but not yet earned.
        DeferredRevenue = 9 "deferred_revenue",
        /// Exchange differences.
        FxGainLoss = 10 "fx_gain_loss",
        /// Unrealised revaluation beside a control account.
        ValuationAdjustment = 11 "valuation_adjustment",
        /// Where named roundings go.
        Rounding = 12 "rounding",
        /// The other side of exchanges, so that each currency sums to zero.
        Conversion = 13 "conversion",
        /// Profits of earlier years.
        RetainedEarnings = 14 "retained_earnings",
        /// Cost of goods sold.
        CostOfSales = 15 "cogs",
        /// Paid but not yet spent.
        PrepaidExpense = 16 "prepaid_expense",
        /// What agents and sellers earn on sales.
        Commission = 17 "commission",
    }
}

/// Whether an account takes postings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AccountStatus {
    /// It does.
    #[default]
    Open,
    /// For the time being it does not.
    Locked,
    /// It never will again, unless it is reopened.
    Closed,
}

impl AccountStatus {
    /// The word used in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Locked => "locked",
            Self::Closed => "closed",
        }
    }
}

/// What the movements of an account count as in a cash-flow statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Activity {
    /// What the organization does for a living.
    Operating,
    /// Things that last, and what they were bought and sold for.
    Investing,
    /// Owners and lenders.
    Financing,
    /// Depreciation, revaluation: no money is ever behind it.
    NonCash,
}

impl Activity {
    /// All, in the order of a statement.
    pub const ALL: [Self; 4] = [Self::Operating, Self::Investing, Self::Financing, Self::NonCash];

    /// The word used in files and reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Operating => "operating",
            Self::Investing => "investing",
            Self::Financing => "financing",
            Self::NonCash => "non-cash",
        }
    }

    /// Reads the word of a file, in any letter case.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|activity| activity.as_str() == word.to_ascii_lowercase())
    }
}

/// A bound on an account's balance in one commodity, enforced at posting, in order, inside a batch too.
/// "Natural" means positive on the account's normal side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BalanceCondition {
    /// The commodity that is bounded.
    pub currency: CommodityNo,
    /// Smallest natural balance, in minor units; 0 is "never negative".
    pub min: Option<Units>,
    /// Largest natural balance, in minor units.
    pub max: Option<Units>,
}

/// An account of the chart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its number in the organization.
    pub no: AccountNo,
    /// Its code, unique in the organization: `1000`, `Assets:Bank:Checking`.
    pub code: Text,
    /// Its name for people.
    pub name: Text,
    /// Its type.
    pub kind: AccountType,
    /// Its sub-type.
    pub sub_type: SubType,
    /// Whether its normal side is opposite to its type's.
    pub contra: bool,
    /// Whether it only sums its children and takes no postings.
    pub summary: bool,
    /// The account above it.
    pub parent: Option<AccountNo>,
    /// Open, locked or closed.
    pub status: AccountStatus,
    /// Bounds on its balance.
    pub conditions: Vec<BalanceCondition>,
    /// What its movements count as in a cash-flow statement, where somebody said so.
    pub activity: Option<Activity>,
}

impl Account {
    /// Whether a debit increases this account.
    #[must_use]
    pub const fn is_debit_normal(&self) -> bool {
        self.kind.is_debit_normal() != self.contra
    }

    /// A debit-positive number seen from the account's normal side.
    #[must_use]
    pub const fn natural(&self, units: Units) -> Units {
        if self.is_debit_normal() { units } else { -units }
    }
}
