//! What each report looks like as JSON. The reports themselves are made in `crate::report`, for the command line as for
//! here: a test holds every answer against these shapes, and against what the command line prints.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Adds to a report what all of them begin with.
macro_rules! reports {
    ($($(#[$doc:meta])* $name:ident { $($fields:tt)* })+) => { $(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            /// Which report it is.
            pub report: String,
            /// The organization's short name.
            pub organization: String,
            /// The first effective date that counts, inclusive; null for all from the beginning.
            #[schema(format = Date)]
            pub from: Option<String>,
            /// The last effective date that counts, inclusive; null for all, future dates included.
            #[schema(format = Date)]
            pub to: Option<String>,
            /// The last event that counts.
            pub seq: u64,
            /// The moment as known at which the books are shown, inclusive, where one was asked for.
            #[schema(format = DateTime)]
            pub known_at: Option<String>,
            $($fields)*
        }
    )+ };
}

/// Parts of reports.
macro_rules! shapes {
    ($($(#[$doc:meta])* $name:ident { $($fields:tt)* })+) => { $(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
        #[serde(deny_unknown_fields)]
        pub struct $name { $($fields)* }
    )+ };
}

reports! {
    /// Every account's balance, and whether debits equal credits.
    TrialBalanceReport {
        /// The currency in which the books are kept.
        pub functional_currency: String,
        /// One row per account and currency.
        pub rows: Vec<TrialBalanceRow>,
        /// One per currency.
        pub totals: Vec<SidesTotal>,
        /// Sum of all values in the functional currency: 0.
        pub functional_total: String,
        /// Whether some lines have no value in the functional currency and are in no value.
        pub partly_unvalued: bool,
        /// Whether debits equal credits in every currency and in value.
        pub in_balance: bool,
    }
    /// Assets, liabilities and equity on a day. Each section shows its own side as positive.
    BalanceSheetReport {
        /// The currency in which the books are kept.
        pub functional_currency: String,
        /// Assets, liabilities, equity.
        pub sections: Vec<StatementSection>,
        /// What stands against the assets.
        pub liabilities_and_equity: StatementTotals,
        /// Whether assets equal liabilities and equity in every currency and in value.
        pub ties: bool,
    }
    /// Revenue and expenses of a period, without closing entries. Each section shows its own side as positive.
    IncomeStatementReport {
        /// The currency in which the books are kept.
        pub functional_currency: String,
        /// Revenue, expenses.
        pub sections: Vec<StatementSection>,
        /// Revenue less expenses.
        pub net_income: StatementTotals,
    }
    /// Every line of every account, or of one, with the balance after it.
    GeneralLedgerReport {
        /// By code.
        pub accounts: Vec<LedgerAccountShape>,
    }
    /// What is owed, by how long it is overdue.
    AgingReportShape {
        /// `receivable` or `payable`.
        pub side: String,
        /// The currency in which the books are kept.
        pub functional_currency: String,
        /// The names of the buckets, youngest first.
        pub buckets: Vec<String>,
        /// By party, document and currency, as far as it is not grouped away.
        pub rows: Vec<AgingRowShape>,
        /// One per currency.
        pub totals: Vec<AgingRowShape>,
        /// All of it in the functional currency.
        pub functional_total: String,
    }
    /// Every open invoice, bill, credit and unapplied payment.
    OpenItemsReport {
        /// `receivable` or `payable`.
        pub side: String,
        /// The currency in which the books are kept.
        pub functional_currency: String,
        /// By party, due date and place.
        pub rows: Vec<OpenItemRowShape>,
    }
    /// What settled what in a period.
    AllocationsReport {
        /// `receivable` or `payable`.
        pub side: String,
        /// The currency in which the books are kept.
        pub functional_currency: String,
        /// By date and event.
        pub rows: Vec<AllocationRowShape>,
    }
    /// Where cash came from and went. Received is positive.
    CashFlowReport {
        /// `direct` or `indirect`.
        pub method: String,
        /// The currency in which the books are kept.
        pub functional_currency: String,
        /// Cash at the beginning.
        pub opening: StatementTotals,
        /// Operating, investing, financing, unclassified, exchange.
        pub sections: Vec<CashFlowSectionShape>,
        /// All sections together.
        pub change: StatementTotals,
        /// Cash at the end.
        pub closing: StatementTotals,
        /// Whether the sections are the change in cash.
        pub ties: bool,
    }
    /// Tax of a period.
    TaxReportShape {
        /// The currency in which the books are kept.
        pub functional_currency: String,
        /// By side, then as was asked.
        pub rows: Vec<TaxRowShape>,
        /// By side and currency.
        pub totals: Vec<TaxTotalShape>,
        /// What is owed to the state in all, in the functional currency.
        pub functional_payable: String,
    }
    /// Deferred revenue and prepaid expense.
    DeferralsReport {
        /// The currency in which the books are kept.
        pub functional_currency: String,
        /// By side, then as was asked.
        pub rows: Vec<DeferralRowShape>,
        /// By side and currency.
        pub totals: Vec<DeferralTotalShape>,
    }
    /// Revenue of a period.
    RevenueReportShape {
        /// The currency in which the books are kept.
        pub functional_currency: String,
        /// As was asked.
        pub rows: Vec<RevenueRowShape>,
        /// By currency.
        pub totals: Vec<AmountAndValue>,
        /// All of it in the functional currency.
        pub functional_total: String,
    }
}

shapes! {
    /// An account's balance in a currency.
    TrialBalanceRow {
        /// Its code.
        pub account: String,
        /// Its name.
        pub name: String,
        /// Its type.
        pub r#type: String,
        /// What it is for.
        pub sub_type: String,
        /// The currency.
        pub currency: String,
        /// The net balance, where it is a debit.
        pub debit: String,
        /// The net balance, where it is a credit.
        pub credit: String,
        /// Debits less credits.
        pub balance: String,
        /// The same in the functional currency; null where a line has no value.
        pub functional: Option<String>,
    }
    /// Both sides of a currency.
    SidesTotal {
        /// The currency.
        pub currency: String,
        /// Debits.
        pub debit: String,
        /// Credits.
        pub credit: String,
    }
    /// A part of a statement.
    StatementSection {
        /// Its name.
        pub section: String,
        /// Accounts and derived lines.
        pub lines: Vec<StatementLine>,
        /// What they sum to.
        pub totals: StatementTotals,
    }
    /// A line of a statement.
    StatementLine {
        /// The account's code; empty or null for what is derived.
        pub account: Option<String>,
        /// The account's name, or what it is.
        pub name: String,
        /// The currency.
        pub currency: String,
        /// On the section's own side.
        pub amount: String,
        /// The same in the functional currency; null where it has none.
        pub value: Option<String>,
    }
    /// Sums per currency and in value.
    StatementTotals {
        /// One per currency.
        pub currencies: Vec<CurrencyAmount>,
        /// In the functional currency.
        pub value: String,
        /// Whether a part has no value and is not in it.
        pub partly_unvalued: bool,
    }
    /// An amount of a currency.
    CurrencyAmount {
        /// The currency.
        pub currency: String,
        /// How much.
        pub amount: String,
    }
    /// An account's part of the general ledger.
    LedgerAccountShape {
        /// Its code.
        pub account: String,
        /// Its name.
        pub name: String,
        /// What it held before the first day, per currency.
        pub opening: Vec<HeldShape>,
        /// In the order of their dates.
        pub lines: Vec<LedgerLineShape>,
    }
    /// What an account held of a currency.
    HeldShape {
        /// The currency.
        pub currency: String,
        /// Debits less credits.
        pub balance: String,
        /// In the functional currency.
        pub value: Option<String>,
    }
    /// A line of an account.
    LedgerLineShape {
        /// The effective date.
        #[schema(format = Date)]
        pub date: String,
        /// The entry's id.
        pub seq: u64,
        /// The line's place in it.
        pub line: u32,
        /// What the entry is.
        pub kind: String,
        /// What happened.
        pub description: String,
        /// Customer, vendor or payee.
        pub party: Option<String>,
        /// Number of a document.
        pub document: Option<String>,
        /// When it falls due.
        #[schema(format = Date)]
        pub due_date: Option<String>,
        /// A note.
        pub memo: Option<String>,
        /// The caller's own id of the entry.
        pub external_id: Option<String>,
        /// Tax code.
        pub tax_code: Option<String>,
        /// Dimensions, as an object; null where there are none.
        #[schema(value_type = Option<Object>)]
        pub tags: Option<serde_json::Value>,
        /// The entry that this one negates.
        pub reverses: Option<u64>,
        /// The entry that this one replaces.
        pub corrects: Option<u64>,
        /// The currency.
        pub currency: String,
        /// Debit positive.
        pub amount: String,
        /// What the account held of the currency after it.
        pub balance: String,
        /// The amount in the functional currency.
        pub value: Option<String>,
        /// What was held after it, in the functional currency.
        pub value_balance: Option<String>,
    }
    /// A row of an aging.
    AgingRowShape {
        /// The party; null where grouped away.
        pub party: Option<String>,
        /// The document; null where grouped away.
        pub document: Option<String>,
        /// The currency.
        pub currency: String,
        /// By the bucket's name.
        pub buckets: BTreeMap<String, AgingBucketShape>,
        /// Payments and credits that settle nothing yet; negative.
        pub unapplied: AgingBucketShape,
        /// All of them.
        pub total: AgingBucketShape,
    }
    /// A part of an aging.
    AgingBucketShape {
        /// How many items.
        pub items: u64,
        /// In the row's currency.
        pub amount: String,
        /// In the functional currency.
        pub functional: String,
    }
    /// An open item.
    OpenItemRowShape {
        /// Whose.
        pub party: String,
        /// The number of its document.
        pub document: String,
        /// What that is.
        pub kind: String,
        /// Its date.
        #[schema(format = Date)]
        pub date: String,
        /// When it falls due; empty where nothing says so.
        pub due_date: String,
        /// Days overdue; negative before.
        pub days_overdue: String,
        /// Its currency.
        pub currency: String,
        /// As it was posted.
        pub amount: String,
        /// What is left.
        pub open: String,
        /// What is left, in the functional currency.
        pub open_functional: String,
        /// The event that posted it.
        pub seq: String,
        /// The line of its entry.
        pub line: String,
    }
    /// An allocation.
    AllocationRowShape {
        /// When it counts.
        #[schema(format = Date)]
        pub date: String,
        /// Whose.
        pub party: String,
        /// What was settled.
        pub document: String,
        /// What that is.
        pub kind: String,
        /// Its currency.
        pub currency: String,
        /// How much.
        pub amount: String,
        /// The value of that.
        pub functional: String,
        /// What settled it.
        pub settled_by: String,
        /// What that is.
        pub by_kind: String,
        /// Its currency.
        pub by_currency: String,
        /// How much of it was taken.
        pub by_amount: String,
        /// Exchange gain or loss.
        pub realised: String,
        /// Its event.
        pub seq: String,
        /// The allocation that is undone by it; empty for none.
        pub reverses: String,
    }
    /// A part of a statement of cash flows.
    CashFlowSectionShape {
        /// Its name.
        pub section: String,
        /// What it is made of; left out `by` section.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false)]
        pub lines: Option<Vec<CashFlowLineShape>>,
        /// What they sum to.
        pub totals: StatementTotals,
    }
    /// A line of a statement of cash flows.
    CashFlowLineShape {
        /// What it is: `account`, `profit`, `exchange` …
        pub kind: String,
        /// The account's code.
        pub account: Option<String>,
        /// Its name, or what it is.
        pub name: String,
        /// The currency.
        pub currency: String,
        /// Received is positive.
        pub amount: String,
        /// In the functional currency.
        pub value: Option<String>,
    }
    /// A row of a tax report; what does not say which row it is, is left out.
    TaxRowShape {
        /// `sales` or `purchases`.
        pub side: String,
        /// By month.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false)]
        pub month: Option<String>,
        /// By document: its date.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false, format = Date)]
        pub date: Option<String>,
        /// By document: what it is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false)]
        pub kind: Option<String>,
        /// By document: its number.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false)]
        pub document: Option<String>,
        /// By document: whose.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false)]
        pub party: Option<String>,
        /// By document: its event.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false)]
        pub seq: Option<String>,
        /// The tax code.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false)]
        pub code: Option<String>,
        /// The component.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false)]
        pub component: Option<String>,
        /// In percent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false)]
        pub rate: Option<String>,
        /// The box of the tax report.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false)]
        pub r#box: Option<String>,
        /// The currency.
        pub currency: String,
        /// In it.
        pub amounts: TaxAmountsShape,
        /// In the functional currency.
        pub functional: TaxAmountsShape,
    }
    /// What a side of a tax report sums to in a currency.
    TaxTotalShape {
        /// `sales` or `purchases`.
        pub side: String,
        /// The currency.
        pub currency: String,
        /// In it; bases are not summed.
        pub amounts: TaxAmountsShape,
        /// In the functional currency.
        pub functional: TaxAmountsShape,
    }
    /// Amounts of tax.
    TaxAmountsShape {
        /// What it was computed on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false)]
        pub base: Option<String>,
        /// What was charged.
        pub tax: String,
        /// What can be recovered.
        pub recoverable: String,
        /// What is part of the cost.
        pub not_recoverable: String,
        /// What was kept back.
        pub withheld: String,
        /// What is due under reverse charges.
        pub reverse_charge: String,
        /// What is owed to the state.
        pub payable: String,
    }
    /// A row of deferred amounts; what does not say which row it is, is left out.
    DeferralRowShape {
        /// `revenue` or `expense`.
        pub side: String,
        /// By month.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false)]
        pub month: Option<String>,
        /// By document: whose.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false)]
        pub party: Option<String>,
        /// By document: its number.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false)]
        pub document: Option<String>,
        /// By document: the line.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false)]
        pub line: Option<String>,
        /// By document: its event.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false)]
        pub seq: Option<String>,
        /// By document: where it waits.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false)]
        pub account: Option<String>,
        /// By document: where it goes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false)]
        pub target: Option<String>,
        /// By document: the last day of a part.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false, format = Date)]
        pub until: Option<String>,
        /// The currency.
        pub currency: String,
        /// In it.
        pub amounts: DeferralAmountsShape,
        /// In the functional currency.
        pub functional: DeferralAmountsShape,
    }
    /// What a side sums to in a currency.
    DeferralTotalShape {
        /// `revenue` or `expense`.
        pub side: String,
        /// The currency.
        pub currency: String,
        /// In it.
        pub amounts: DeferralAmountsShape,
        /// In the functional currency.
        pub functional: DeferralAmountsShape,
    }
    /// Deferred amounts.
    DeferralAmountsShape {
        /// What was scheduled.
        pub total: String,
        /// What was cancelled.
        pub cancelled: String,
        /// What was recognised.
        pub recognised: String,
        /// What waits.
        pub remaining: String,
    }
    /// A row of revenue; what does not say which row it is, is left out.
    RevenueRowShape {
        /// By customer; empty for what has none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false)]
        pub customer: Option<String>,
        /// By account: its code.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false)]
        pub account: Option<String>,
        /// By account: its name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false)]
        pub name: Option<String>,
        /// By month.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false)]
        pub month: Option<String>,
        /// The currency.
        pub currency: String,
        /// In it.
        pub amount: String,
        /// In the functional currency; null where a line has no value.
        pub functional: Option<String>,
        /// Lines without a value.
        pub unvalued_lines: u64,
    }
    /// An amount and its value.
    AmountAndValue {
        /// The currency.
        pub currency: String,
        /// In it.
        pub amount: String,
        /// In the functional currency.
        pub functional: String,
    }
}
