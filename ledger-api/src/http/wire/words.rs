//! Fixed words of bodies and answers, each standing for a value of the core.

use serde::Serialize;
use utoipa::ToSchema;

/// Reads a fixed word from a text, and from nothing else.
macro_rules! read_words {
    ($name:ident { $($variant:ident = $word:literal),+ $(,)? }) => {
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Read;
                impl serde::de::Visitor<'_> for Read {
                    type Value = $name;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str(concat!("one of", $(" ", $word),+))
                    }

                    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<$name, E> {
                        match text {
                            $($word => Ok($name::$variant),)+
                            other => Err(E::unknown_variant($crate::http::wire::scalars::shortened(other), &[$($word),+])),
                        }
                    }
                }
                deserializer.deserialize_str(Read)
            }
        }
    };
}
pub(super) use read_words;

macro_rules! wire_words {
    ($($(#[$doc:meta])* $name:ident => $core:ty { $($(#[$variant_doc:meta])* $variant:ident = $word:literal),+ $(,)? })+) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
        pub enum $name { $($(#[$variant_doc])* #[serde(rename = $word)] $variant),+ }

        read_words!($name { $($variant = $word),+ });

        impl From<$name> for $core {
            fn from(word: $name) -> Self {
                match word { $($name::$variant => <$core>::$variant),+ }
            }
        }
    )+ };
}

wire_words! {
    /// The type of an account.
    AccountTypeWord => ledger_core::AccountType {
        /// What the organization owns.
        Asset = "asset",
        /// What it owes.
        Liability = "liability",
        /// What belongs to its owners.
        Equity = "equity",
        /// What it earns.
        Revenue = "revenue",
        /// What it spends.
        Expense = "expense",
    }
    /// What an account is for, where reports and rules need to know it.
    SubTypeWord => ledger_core::SubType {
        /// Nothing special.
        General = "general",
        /// Money in hand.
        Cash = "cash",
        /// Money at a bank.
        Bank = "bank",
        /// What customers owe.
        Receivable = "receivable",
        /// What vendors are owed.
        Payable = "payable",
        /// Taxes owed or recoverable.
        Tax = "tax",
        /// Things that last.
        FixedAsset = "fixed_asset",
        /// What they have lost in value.
        AccumulatedDepreciation = "accumulated_depreciation",
        /// Goods for sale.
        Inventory = "inventory",
        /// Received but not yet earned.
        DeferredRevenue = "deferred_revenue",
        /// Exchange differences.
        FxGainLoss = "fx_gain_loss",
        /// Unrealised revaluation beside a control account.
        ValuationAdjustment = "valuation_adjustment",
        /// Where named roundings go.
        Rounding = "rounding",
        /// The other side of exchanges.
        Conversion = "conversion",
        /// Profits of earlier years.
        RetainedEarnings = "retained_earnings",
        /// Cost of goods sold.
        CostOfSales = "cogs",
        /// Paid but not yet spent.
        PrepaidExpense = "prepaid_expense",
        /// What agents and sellers earn on sales.
        Commission = "commission",
    }
    /// Whether an account takes postings.
    AccountStatusWord => ledger_core::AccountStatus {
        /// It does.
        Open = "open",
        /// For the time being it does not.
        Locked = "locked",
        /// It never will again, unless it is reopened.
        Closed = "closed",
    }
    /// What the movements of an account count as in a cash-flow statement.
    ActivityWord => ledger_core::Activity {
        /// What the organization does for a living.
        Operating = "operating",
        /// Things that last.
        Investing = "investing",
        /// Owners and lenders.
        Financing = "financing",
        /// No money is ever behind it.
        NonCash = "non-cash",
    }
    /// Which of the two sub-ledgers.
    SideWord => ledger_core::Side {
        /// What others owe: invoices are debits.
        Receivable = "receivable",
        /// What is owed to others: bills are credits.
        Payable = "payable",
    }
    /// What an entry is. Reversals follow from reversing.
    EntryKindWord => ledger_core::EntryKind {
        /// Daily business.
        Ordinary = "ordinary",
        /// Balances brought in from elsewhere.
        Opening = "opening",
        /// Explicit year-end closing; left out of profit and loss.
        Closing = "closing",
        /// Adjustments at a period's end.
        Adjusting = "adjusting",
    }
    /// Which of the day's rates.
    RateTypeWord => ledger_core::RateType {
        /// Of the moment of the transaction.
        Spot = "spot",
        /// Of a period.
        Average = "average",
        /// Of a balance sheet date.
        Closing = "closing",
    }
    /// How a period is closed.
    ClosedWord => ledger_core::PeriodStatus {
        /// Who may post into soft-closed periods still can.
        SoftClosed = "soft-closed",
        /// Nobody can.
        HardClosed = "hard-closed",
    }
    /// What a party is to the organization.
    PartyKindWord => ledger_core::subledger::PartyKind {
        /// Buys.
        Customer = "customer",
        /// Sells.
        Vendor = "vendor",
        /// Is paid for something else: agents, employees.
        Payee = "payee",
    }
    /// What a document is. Payments and write-offs have their own collections.
    DocumentKindWord => ledger_core::DocumentKind {
        /// Agreed but not yet owed: it has no entry.
        Order = "order",
        /// What a customer owes.
        Invoice = "invoice",
        /// What a vendor is owed.
        Bill = "bill",
        /// What somebody spent for the organization.
        ExpenseClaim = "expense_claim",
        /// Takes back part or whole of an invoice or bill.
        CreditNote = "credit_note",
        /// Adds to an invoice or bill.
        DebitNote = "debit_note",
    }
    /// Which way money went.
    PaymentKindWord => ledger_core::DocumentKind {
        /// Received.
        PaymentIn = "payment_in",
        /// Sent.
        PaymentOut = "payment_out",
        /// Returned: out to customers, in from vendors.
        Refund = "refund",
    }
    /// Where the tax of a document is rounded.
    TaxRoundingWord => ledger_core::subledger::TaxRounding {
        /// Each line for itself.
        PerLine = "line",
        /// The sum of each code's bases.
        PerDocument = "document",
    }
    /// How a tie and a remainder are decided.
    RoundingWord => ledger_core::rounding::Rounding {
        /// To the nearest, ties away from zero.
        HalfUp = "half_up",
        /// To the nearest, ties to the even neighbour.
        HalfEven = "half_even",
    }
    /// How a deferred amount is spread.
    DeferralMethodWord => ledger_core::subledger::DeferralMethod {
        /// By days, first and last inclusive.
        Days = "days",
        /// The same for each month that is touched.
        Months = "months",
        /// By months, a month that is only touched in part by its share of days.
        MonthsInPart = "months_in_part",
    }
    /// Who may post into a period.
    PeriodStatusWord => ledger_core::PeriodStatus {
        /// Everybody.
        Open = "open",
        /// Who may post into soft-closed periods.
        SoftClosed = "soft-closed",
        /// Nobody.
        HardClosed = "hard-closed",
    }
    /// What an agent is for.
    AgentTypeWord => ledger_core::approvals::AgentType {
        /// Answers questions and drafts what it is told to.
        Assistant = "assistant",
        /// Drafts entries from documents and statements.
        Accountant = "accountant",
        /// Reads and explains.
        Analyst = "analyst",
        /// Looks for what is wrong.
        Auditor = "auditor",
        /// Something else.
        Other = "other",
    }
    /// How an execution ended.
    RunOutcomeWord => ledger_core::approvals::RunOutcome {
        /// It did what it was asked for.
        Succeeded = "succeeded",
        /// It failed.
        Failed = "failed",
        /// The model, or a guard before it, refused.
        Refused = "refused",
        /// Somebody stopped it.
        Cancelled = "cancelled",
    }
    /// What can need approval.
    SubjectWord => ledger_core::approvals::Subject {
        /// A journal entry.
        Entry = "entry",
        /// A bill or an expense claim.
        Bill = "bill",
        /// Commissions that become payable.
        Payout = "payout",
        /// Money sent: to a vendor, or back to a customer.
        Payment = "payment",
        /// A closed period opened again.
        Reopening = "reopening",
        /// A policy, or a change of one.
        Policy = "policy",
    }
    /// Who proposed it.
    SourceWord => ledger_core::approvals::SourceKind {
        /// A person.
        Person = "person",
        /// An agent.
        Ai = "ai",
        /// A program with a key, a file.
        Import = "import",
    }
    /// What somebody says.
    VoteWord => ledger_core::approvals::Vote {
        /// Yes.
        Approve = "approve",
        /// No: that turns the draft down where the step ends with it.
        Reject = "reject",
    }
    /// When commission is earned.
    TriggerWord => ledger_core::subledger::commission::Trigger {
        /// When the sale is invoiced.
        Invoice = "invoice",
        /// When it is paid, as far as it is paid.
        Cash = "cash",
    }
}

/// Which side of an account a line is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// The left side: adds to assets and expenses.
    Debit,
    /// The right side: adds to liabilities, equity and revenue.
    Credit,
}

read_words!(Direction { Debit = "debit", Credit = "credit" });

impl Direction {
    /// The amount, debit positive.
    #[must_use]
    pub fn signed(self, amount: rust_decimal::Decimal) -> rust_decimal::Decimal {
        match self {
            Self::Debit => amount,
            Self::Credit => -amount,
        }
    }
}
