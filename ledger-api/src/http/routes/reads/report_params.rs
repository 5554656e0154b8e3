//! What reports may be asked with. Days are inclusive, everywhere.

use chrono::NaiveDate;
use serde::{Deserialize, Deserializer, de::Error};
use utoipa::{IntoParams, ToSchema};

use super::items::AskedSide;
use crate::http::Problem;
use crate::http::reading::params::{Day, MonthOfYear, YesNo};

/// Words of queries; the first is the default.
macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $(#[$first_doc:meta])* $first:ident, $($(#[$word_doc:meta])* $word:ident),+ $(,)? })+) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $(#[$first_doc])* #[default] $first, $($(#[$word_doc])* $word),+ }
    )+ };
}

words! {
    /// Which amounts a trial balance shows.
    AskedValue {
        /// Each currency as it was posted.
        Transaction,
        /// Values in the functional currency, one row per account.
        Functional,
    }
    /// What a row of an aging stands for.
    AskedAgingBy {
        /// A party in a currency.
        Party,
        /// Everything in a currency.
        Total,
        /// A document of a party.
        Document,
    }
    /// What an age counts from.
    AskedBasis {
        /// The due date; the document's where there is none.
        DueDate,
        /// The document's date.
        DocumentDate,
    }
    /// By which method cash is explained.
    AskedMethod {
        /// What cash was received and paid for.
        Direct,
        /// The profit, and what makes it differ from cash.
        Indirect,
    }
    /// How much of a statement.
    AskedDetail {
        /// One line per account.
        Account,
        /// One line per section.
        Section,
    }
    /// What a row of tax stands for.
    AskedTaxBy {
        /// A component of a tax code.
        Code,
        /// A box of the tax report.
        Box,
        /// A document and component.
        Document,
        /// A month and component.
        Month,
    }
    /// What a row of deferred amounts stands for.
    AskedDeferralBy {
        /// A schedule: a line of a document.
        Document,
        /// A month in which parts are due.
        Month,
    }
    /// What a row of revenue stands for.
    AskedRevenueBy {
        /// A customer.
        Customer,
        /// A revenue account.
        Account,
        /// A month.
        Month,
    }
}

/// Days overdue up to which an item belongs to each bucket but the last: `0,30,60,90`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bounds(pub Vec<i32>);

/// Buckets of an aging at most.
pub const BUCKETS_MAX: usize = 20;

impl<'de> Deserialize<'de> for Bounds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bounds: Option<Vec<i32>> =
            text.split(',').map(|bound| bound.parse().ok().filter(|bound| (-36_500..=36_500).contains(bound))).collect();
        let rising = |bounds: &Vec<i32>| bounds.len() < BUCKETS_MAX && bounds.is_sorted_by(|a, b| a < b);
        let said = || format!("{text:?}: expected days in rising order, fewer than {BUCKETS_MAX}, for example 0,30,60,90");
        bounds.filter(rising).map(Self).ok_or_else(|| D::Error::custom(said()))
    }
}

/// A period that was asked for.
pub(super) struct Span {
    pub(super) from: Option<NaiveDate>,
    pub(super) to: Option<Day>,
    pub(super) as_of: Option<Day>,
    pub(super) year_begins: u32,
}

impl Span {
    pub(super) fn last(&self) -> Result<Option<NaiveDate>, Problem> {
        last(self.to, self.as_of)
    }
}

/// The last day, which has two names.
pub(super) fn last(to: Option<Day>, as_of: Option<Day>) -> Result<Option<NaiveDate>, Problem> {
    if to.is_some() && as_of.is_some() {
        return Err(Problem::malformed("PARAMETER_INVALID", "to and as_of are both given: they mean the same"));
    }
    Ok(to.or(as_of).map(|day| day.0))
}

/// Parameters of reports on a period, with what one has besides.
macro_rules! of_a_period {
    ($($(#[$doc:meta])* $name:ident { $($fields:tt)* } year $year:expr;)+) => { $(
        $(#[$doc])*
        #[derive(Clone, Debug, Deserialize, IntoParams)]
        #[into_params(parameter_in = Query)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            /// The first day, inclusive. Default: the first day of the fiscal year of the last.
            #[param(required = false, nullable = false, value_type = String, format = Date)]
            pub(super) from: Option<Day>,
            /// The last day, inclusive. Default: the last day with an entry.
            #[param(required = false, nullable = false, value_type = String, format = Date)]
            pub(super) to: Option<Day>,
            /// The same as `to`.
            #[param(required = false, nullable = false, value_type = String, format = Date)]
            pub(super) as_of: Option<Day>,
            $($fields)*
        }

        impl $name {
            pub(super) fn span(&self) -> Span {
                let year: fn(&Self) -> u32 = $year;
                Span { from: self.from.map(|day| day.0), to: self.to, as_of: self.as_of, year_begins: year(self) }
            }
        }
    )+ };
}

of_a_period! {
    /// A period in fiscal years.
    PeriodAsked {
        /// The month with which fiscal years begin, 1 to 12.
        #[param(required = false, nullable = false, value_type = u32, minimum = 1, maximum = 12)]
        pub(super) year_begins: Option<MonthOfYear>,
    } year |asked| asked.year_begins.map_or(1, |month| month.0);
    /// A statement of cash flows.
    CashFlowAsked {
        /// The month with which fiscal years begin, 1 to 12.
        #[param(required = false, nullable = false, value_type = u32, minimum = 1, maximum = 12)]
        pub(super) year_begins: Option<MonthOfYear>,
        /// What cash was for, or how the profit became cash.
        #[serde(default)]
        #[param(inline)]
        pub(super) method: AskedMethod,
        /// A line per account, or per section.
        #[serde(default)]
        #[param(inline)]
        pub(super) by: AskedDetail,
    } year |asked| asked.year_begins.map_or(1, |month| month.0);
    /// A tax report.
    TaxAsked {
        /// What a row stands for.
        #[serde(default)]
        #[param(inline)]
        pub(super) by: AskedTaxBy,
    } year |_| 1;
    /// A report of revenue.
    RevenueAsked {
        /// What a row stands for.
        #[serde(default)]
        #[param(inline)]
        pub(super) by: AskedRevenueBy,
    } year |_| 1;
    /// A report of allocations.
    AllocationsReportAsked {
        /// Of which sub-ledger.
        #[serde(default)]
        #[param(inline)]
        pub(super) side: AskedSide,
        /// Of this party only, by its code.
        #[param(nullable = false)]
        pub(super) party: Option<String>,
    } year |_| 1;
}

/// A trial balance.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct TrialBalanceAsked {
    /// The last effective date that counts, inclusive. Default: everything posted, future dates included.
    #[param(required = false, nullable = false, value_type = String, format = Date)]
    pub(super) as_of: Option<Day>,
    /// Amounts as they were posted, or their values.
    #[serde(default)]
    #[param(inline)]
    pub(super) value: AskedValue,
}

/// A balance sheet.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct BalanceSheetAsked {
    /// The day, inclusive. Default: the last day with an entry.
    #[param(required = false, nullable = false, value_type = String, format = Date)]
    pub(super) as_of: Option<Day>,
    /// The month with which fiscal years begin, 1 to 12.
    #[param(required = false, nullable = false, value_type = u32, minimum = 1, maximum = 12)]
    pub(super) year_begins: Option<MonthOfYear>,
}

/// A general ledger.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct GeneralLedgerAsked {
    /// One account and those below it. Default: all.
    #[param(nullable = false)]
    pub(super) account: Option<String>,
    /// The first day, inclusive.
    #[param(required = false, nullable = false, value_type = String, format = Date)]
    pub(super) from: Option<Day>,
    /// The last day, inclusive.
    #[param(required = false, nullable = false, value_type = String, format = Date)]
    pub(super) to: Option<Day>,
    /// The same as `to`.
    #[param(required = false, nullable = false, value_type = String, format = Date)]
    pub(super) as_of: Option<Day>,
}

/// An aging.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct AgingAsked {
    /// Of which sub-ledger.
    #[serde(default)]
    #[param(inline)]
    pub(super) side: AskedSide,
    /// The day as of which items are open and their age counts, inclusive. Default: the last day with an entry.
    #[param(required = false, nullable = false, value_type = String, format = Date)]
    pub(super) as_of: Option<Day>,
    /// Of this party only, by its code.
    #[param(nullable = false)]
    pub(super) party: Option<String>,
    /// What a row stands for.
    #[serde(default)]
    #[param(inline)]
    pub(super) by: AskedAgingBy,
    /// What an age counts from.
    #[serde(default)]
    #[param(inline)]
    pub(super) basis: AskedBasis,
    /// The last day overdue of each bucket but the last, rising: `0,30,60,90` by default.
    #[param(required = false, nullable = false, value_type = String, pattern = r"^-?\d{1,5}(,-?\d{1,5}){0,18}$")]
    pub(super) buckets: Option<Bounds>,
}

/// Open items.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct OpenItemsAsked {
    /// Of which sub-ledger.
    #[serde(default)]
    #[param(inline)]
    pub(super) side: AskedSide,
    /// The day as of which they are open, inclusive. Default: the last day with an entry.
    #[param(required = false, nullable = false, value_type = String, format = Date)]
    pub(super) as_of: Option<Day>,
    /// Of this party only, by its code.
    #[param(nullable = false)]
    pub(super) party: Option<String>,
}

/// Deferred amounts.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct DeferralsAsked {
    /// The day, inclusive. Default: the last day with an entry.
    #[param(required = false, nullable = false, value_type = String, format = Date)]
    pub(super) as_of: Option<Day>,
    /// What a row stands for.
    #[serde(default)]
    #[param(inline)]
    pub(super) by: AskedDeferralBy,
    /// Show schedules of which nothing remains as well.
    #[serde(default)]
    #[param(required = false, inline, value_type = bool)]
    pub(super) finished: YesNo,
}
