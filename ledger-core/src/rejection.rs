//! Why the book refuses a command: what was expected, what came, where, and what to do.
//!
//! A rejection is an answer, not a failure: nothing has changed. Every variant has a code that never changes,
//! a message for people, a hint that starts with a verb, and says whether trying again can help.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use crate::period::{Month, PeriodStatus};
use crate::{Seq, Text};

#[macro_use]
mod governed;

/// Where in an entry: the line, from 1; 0 is the entry as a whole.
pub type LineNo = usize;

macro_rules! rejections {
    ($(
        $(#[$doc:meta])* $variant:ident { $( $(#[$field_doc:meta])* $field:ident : $type:ty ),* $(,)? }
        = $code:literal, $message:literal, $hint:literal $(, $transient:ident)?;
    )+) => {
        /// Why a command was refused, in the order in which the rules are checked.
        #[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
        pub enum Rejection { $(
            $(#[$doc])*
            #[error($message)]
            $variant { $( $(#[$field_doc])* $field: $type ),* },
        )+ }

        impl Rejection {
            /// A code that never changes, for programs.
            #[must_use]
            pub const fn code(&self) -> &'static str {
                match self { $(Self::$variant { .. } => $code,)+ }
            }

            /// What to do about it, starting with a verb.
            #[must_use]
            pub const fn hint(&self) -> &'static str {
                match self { $(Self::$variant { .. } => $hint,)+ }
            }

            /// Whether the same command may be accepted later, after something else was posted or opened.
            #[must_use]
            pub const fn is_transient(&self) -> bool {
                match self { $(Self::$variant { .. } => rejections!(@ $($transient)?),)+ }
            }

            /// All codes, in the order of the enum.
            pub const CODES: &'static [&'static str] = &[$($code),+];
        }
    };
    (@ transient) => { true };
    (@) => { false };
}

with_governed! {
    rejections,
    /// The books have not begun.
    OrganizationMissing {} = "ORGANIZATION_MISSING", "the organization's books have not begun", "create the organization first", transient;
    /// The books have begun already.
    OrganizationExists {} = "ORGANIZATION_EXISTS", "the organization's books have begun already", "use the organization that exists";
    /// A text or a list is too long, or empty where it may not be.
    LimitExceeded {
        /// What is limited.
        what: &'static str,
        /// What is allowed.
        limit: usize,
        /// What came.
        found: usize,
        /// Where.
        line: LineNo,
    } = "LIMIT_EXCEEDED", "{what}: {found} given where {limit} are allowed (line {line})", "shorten it or split the entry";
    /// A text is empty or has control characters.
    InvalidText {
        /// Which text.
        what: &'static str,
        /// What came.
        found: Text,
        /// Where.
        line: LineNo,
    } = "INVALID_TEXT", "{what} may not be empty or hold control characters, found {found:?} (line {line})", "give a printable text";
    /// The commodity is not defined and no ISO code.
    CommodityUnknown {
        /// Its code.
        code: Text,
        /// Where.
        line: LineNo,
    } = "COMMODITY_UNKNOWN", "commodity {code:?} is not defined (line {line})", "define the commodity with its scale first, or use an ISO 4217 code", transient;
    /// The commodity is defined with another scale.
    CommodityDiffers {
        /// Its code.
        code: Text,
        /// As it is defined.
        scale: u8,
        /// As it was given.
        found: u8,
    } = "COMMODITY_DIFFERS", "commodity {code:?} is defined with {scale} digits, not {found}", "keep its scale: it is fixed when a commodity is defined";
    /// More digits than any commodity has.
    ScaleTooLarge {
        /// What came.
        found: u8,
    } = "SCALE_TOO_LARGE", "a commodity has at most 18 digits after the decimal point, not {found}", "give fewer digits";
    /// No such account.
    AccountUnknown {
        /// Its code or number.
        account: Text,
        /// Where.
        line: LineNo,
    } = "ACCOUNT_UNKNOWN", "account {account:?} does not exist (line {line})", "open the account first, or correct its code", transient;
    /// The account exists with another type or place.
    AccountDiffers {
        /// Its code.
        account: Text,
        /// What it is.
        expected: Text,
        /// What was asked for.
        found: Text,
    } = "ACCOUNT_DIFFERS", "account {account:?} exists as {expected}, not as {found}", "use the account as it is, or another code";
    /// Parents would form a circle.
    AccountCycle {
        /// The account.
        account: Text,
    } = "ACCOUNT_CYCLE", "account {account:?} would stand above itself", "choose a parent that is not below the account";
    /// A summary account takes no postings.
    AccountSummary {
        /// The account.
        account: Text,
        /// Where.
        line: LineNo,
    } = "ACCOUNT_SUMMARY", "account {account:?} is a summary account and takes no postings (line {line})", "post to one of the accounts below it";
    /// A locked account takes no postings.
    AccountLocked {
        /// The account.
        account: Text,
        /// Where.
        line: LineNo,
    } = "ACCOUNT_LOCKED", "account {account:?} is locked (line {line})", "unlock the account, or post to another", transient;
    /// A closed account takes no postings.
    AccountClosed {
        /// The account.
        account: Text,
        /// Where.
        line: LineNo,
    } = "ACCOUNT_CLOSED", "account {account:?} is closed (line {line})", "reopen the account, or post to another", transient;
    /// An account with a balance cannot be closed.
    AccountNotEmpty {
        /// The account.
        account: Text,
        /// Its balance, debit positive.
        balance: Decimal,
        /// In which commodity.
        currency: Text,
    } = "ACCOUNT_NOT_EMPTY", "account {account:?} has a balance of {balance} {currency} and cannot be closed", "move the balance to another account first", transient;
    /// The status is the one that it has.
    StatusUnchanged {
        /// The account.
        account: Text,
        /// Its status.
        status: &'static str,
    } = "STATUS_UNCHANGED", "account {account:?} is {status} already", "nothing needs to be done";
    /// A date is outside the years that are kept.
    DateOutOfRange {
        /// What came.
        date: NaiveDate,
        /// Where.
        line: LineNo,
    } = "DATE_OUT_OF_RANGE", "{date} is not in the years 1 to 9999 (line {line})", "correct the date";
    /// The period does not take this entry.
    PeriodClosed {
        /// The period.
        month: Month,
        /// Its status.
        status: &'static str,
        /// The entry's date.
        date: NaiveDate,
    } = "PERIOD_CLOSED", "period {month} is {status}; an entry of {date} cannot be posted", "choose a date in an open period, or reopen the period", transient;
    /// Too few lines.
    TooFewLines {
        /// What came.
        found: usize,
    } = "TOO_FEW_LINES", "an entry needs at least two lines, found {found}", "add the line that balances it";
    /// More digits than the commodity has.
    OverPrecise {
        /// What came.
        amount: Decimal,
        /// The commodity.
        currency: Text,
        /// Its digits.
        scale: u8,
        /// Where.
        line: LineNo,
    } = "OVER_PRECISE", "{amount} {currency} has more than the {scale} digits of {currency:?} (line {line})", "round the amount where it is computed, or define the commodity with more digits";
    /// Too large to keep exactly.
    AmountTooLarge {
        /// Where.
        line: LineNo,
    } = "AMOUNT_TOO_LARGE", "the amount is too large to keep exactly: at most 27 digits of minor units (line {line})", "split the amount";
    /// A rate is not positive.
    RateInvalid {
        /// What came.
        rate: Decimal,
        /// Where.
        line: LineNo,
    } = "RATE_INVALID", "a rate must be positive and between two different commodities, found {rate} (line {line})", "quote how much one unit of the base is worth";
    /// A weight points the other way than its line.
    WeightSign {
        /// Where.
        line: LineNo,
    } = "WEIGHT_SIGN", "the weight's side differs from its line's (line {line})", "give the weight the sign of the line";
    /// A functional amount contradicts the line.
    FunctionalDiffers {
        /// What it must be.
        expected: Decimal,
        /// What came.
        found: Decimal,
        /// Where.
        line: LineNo,
    } = "FUNCTIONAL_DIFFERS", "the functional amount must be {expected}, found {found} (line {line})", "leave the functional amount out, or state the same";
    /// No rate for a foreign line.
    RateMissing {
        /// What has no price.
        base: Text,
        /// In what.
        quote: Text,
        /// On which day.
        date: NaiveDate,
        /// Where.
        line: LineNo,
    } = "RATE_MISSING", "no {base}/{quote} spot rate is recorded for {date} or the 31 days before it (line {line})", "record the rate, or state the functional amount or a rate on the line", transient;
    /// A commodity does not sum to zero.
    Unbalanced {
        /// The commodity.
        currency: Text,
        /// Sum of debits.
        debits: Decimal,
        /// Sum of credits.
        credits: Decimal,
        /// Debits minus credits.
        difference: Decimal,
    } = "UNBALANCED", "debits {debits} and credits {credits} {currency} differ by {difference}", "correct an amount, or add the missing line";
    /// Functional amounts do not sum to zero.
    UnbalancedFunctional {
        /// The functional currency.
        currency: Text,
        /// Debits minus credits.
        difference: Decimal,
    } = "UNBALANCED_FUNCTIONAL", "the lines' values in {currency} differ by {difference}", "state functional amounts that agree, or add a line for the exchange difference";
    /// Two or more commodities do not sum to zero and nothing says what they are worth.
    ExchangeUnpriced {
        /// The first of them.
        currency: Text,
        /// What it is off by.
        difference: Decimal,
    } = "EXCHANGE_UNPRICED", "{currency} is off by {difference} and no price says what it was exchanged for", "state a cost, price or functional amount on the exchanged lines";
    /// A balance would leave its bounds.
    BalanceCondition {
        /// The account.
        account: Text,
        /// The commodity.
        currency: Text,
        /// The natural balance that would result.
        balance: Decimal,
        /// The bound.
        bound: Decimal,
        /// `at least` or `at most`.
        relation: &'static str,
        /// Where.
        line: LineNo,
    } = "BALANCE_CONDITION", "account {account:?} must hold {relation} {bound} {currency} and would hold {balance} (line {line})", "lower the amount, or post what restores the balance first", transient;
    /// A balance would be too large.
    BalanceTooLarge {
        /// The account.
        account: Text,
        /// The commodity.
        currency: Text,
        /// Where.
        line: LineNo,
    } = "BALANCE_TOO_LARGE", "the {currency} balance of account {account:?} would exceed 28 digits of minor units (line {line})", "post to another account";
    /// No entry there.
    EntryUnknown {
        /// Where it should be.
        seq: Seq,
    } = "ENTRY_UNKNOWN", "there is no journal entry at seq {seq}", "look the entry up and give its seq";
    /// Reversed already.
    AlreadyReversed {
        /// The entry.
        seq: Seq,
        /// What reversed it.
        by: Seq,
    } = "ALREADY_REVERSED", "the entry at seq {seq} was reversed at seq {by}", "reverse the reversal if that was wrong";
    /// The period has that status.
    PeriodUnchanged {
        /// The period.
        month: Month,
        /// Its status.
        status: &'static str,
    } = "PERIOD_UNCHANGED", "period {month} is {status} already", "nothing needs to be done";
    /// That is no way to close.
    PeriodStep {
        /// The period.
        month: Month,
        /// What was asked.
        status: &'static str,
    } = "PERIOD_STEP", "period {month} cannot be closed as {status}", "reopen it first, or choose soft-closed or hard-closed";
    /// The month's checklist has open points.
    PeriodHasOpenPoints {
        /// The period.
        month: Month,
        /// What is open, and what to do about it.
        points: Text,
    } = "PERIOD_HAS_OPEN_POINTS", "period {month} has open points: {points}", "do what is listed, or accept the open points with a reason", transient;
    /// No such party.
    PartyUnknown {
        /// Its code.
        party: Text,
        /// Where.
        line: LineNo,
    } = "PARTY_UNKNOWN", "party {party:?} is not registered (line {line})", "register the party first, or correct its code", transient;
    /// The party exists with other terms, accounts or tags.
    PartyDiffers {
        /// Its code.
        party: Text,
    } = "PARTY_DIFFERS", "party {party:?} is registered otherwise", "use the party as it is, or change it";
    /// Terms without a positive share.
    TermsInvalid {
        /// The share.
        share: Decimal,
    } = "TERMS_INVALID", "every part of payment terms needs a positive share of at most 12 digits, found {share}", "give each part a positive share";
    /// An account with a balance cannot become a control account.
    ControlHasBalance {
        /// The account.
        account: Text,
        /// Its balance, debit positive.
        balance: Decimal,
        /// In which commodity.
        currency: Text,
    } = "CONTROL_HAS_BALANCE", "account {account:?} has a balance of {balance} {currency} that no open item explains", "choose an account without a balance, move the balance away first, and post it again as open items", transient;
    /// It is a control account of the other side.
    ControlDiffers {
        /// The account.
        account: Text,
        /// Its side.
        side: &'static str,
    } = "CONTROL_DIFFERS", "account {account:?} is a {side} control account already", "use another account for the other side";
    /// It is no control account of that side.
    ControlMissing {
        /// The account.
        account: Text,
        /// The side that was asked for.
        side: &'static str,
    } = "CONTROL_MISSING", "account {account:?} is no {side} control account", "designate it as one first, or choose one that is", transient;
    /// A line on a control account says nobody's name.
    ControlNeedsParty {
        /// The account.
        account: Text,
        /// Where.
        line: LineNo,
    } = "CONTROL_NEEDS_PARTY", "account {account:?} is a control account and its lines need a party (line {line})", "name the party on the line, or post to another account";
    /// A line on a control account names no document.
    ControlNeedsDocument {
        /// The account.
        account: Text,
        /// Where.
        line: LineNo,
    } = "CONTROL_NEEDS_DOCUMENT", "account {account:?} is a control account and its lines need a document number (line {line})", "name the document on the line, or post to another account";
    /// A line on a control account has a value without an amount, or of the other sign.
    ControlNeedsAmount {
        /// The account.
        account: Text,
        /// Where.
        line: LineNo,
    } = "CONTROL_NEEDS_AMOUNT", "a line on control account {account:?} needs an amount, and a value on the same side (line {line})", "state both on one side; exchange differences follow from allocations and revaluations";
    /// An entry that follows from something else.
    EntryBound {
        /// The entry.
        seq: Seq,
    } = "ENTRY_BOUND", "the entry at seq {seq} follows from an allocation or a revaluation", "reverse the allocation; a revaluation is reversed by itself on the next day";
    /// No such item.
    ItemUnknown {
        /// Party and document, or event and line.
        item: Text,
    } = "ITEM_UNKNOWN", "there is no item {item}", "look the open items up and name one of them", transient;
    /// Nothing is left of it.
    ItemSettled {
        /// Party and document, or event and line.
        item: Text,
    } = "ITEM_SETTLED", "nothing is left of item {item}", "leave the amount open, or undo the allocation that settled it", transient;
    /// Two debits or two credits.
    AllocationSameSign {
        /// What settles.
        from: Text,
        /// What is settled.
        to: Text,
    } = "ALLOCATION_SAME_SIGN", "items {from} and {to} are on the same side, so neither settles the other", "allocate a debit to a credit";
    /// Items of two parties.
    AllocationOtherParty {
        /// What settles.
        from: Text,
        /// What is settled.
        to: Text,
    } = "ALLOCATION_OTHER_PARTY", "items {from} and {to} belong to different parties", "post a journal that moves the amount to the other party first";
    /// More than is left.
    AllocationTooLarge {
        /// The item.
        item: Text,
        /// What is left of it.
        open: Decimal,
        /// What was asked.
        asked: Decimal,
        /// In which commodity.
        currency: Text,
    } = "ALLOCATION_TOO_LARGE", "{asked} {currency} were asked of item {item}, which has {open} left", "allocate what is left; the rest stays an item of its own", transient;
    /// Two currencies and no amounts.
    AllocationNeedsAmounts {
        /// What settles.
        from: Text,
        /// What is settled.
        to: Text,
    } = "ALLOCATION_NEEDS_AMOUNTS", "items {from} and {to} are in different currencies", "state how much of each is settled";
    /// Before the items existed.
    AllocationTooEarly {
        /// What came.
        date: NaiveDate,
        /// The first day that would do.
        earliest: NaiveDate,
    } = "ALLOCATION_TOO_EARLY", "an allocation cannot count from {date}: the items allow it from {earliest}", "leave the date out, or give a later one";
    /// No allocation there.
    AllocationUnknown {
        /// Where it should be.
        seq: Seq,
    } = "ALLOCATION_UNKNOWN", "there is no allocation at seq {seq}", "look the allocation up and give its seq";
    /// Nothing to settle.
    NothingToAllocate {
        /// What would settle.
        item: Text,
    } = "NOTHING_TO_ALLOCATE", "item {item} finds no open item of its party, account and currency on the other side", "leave it open until there is one, or name what it settles", transient;
    /// An earlier date was revalued before the last one.
    RevaluedAlready {
        /// The date.
        date: NaiveDate,
        /// Its revaluation.
        seq: Seq,
    } = "REVALUED_ALREADY", "{date} was revalued at seq {seq}, and a later date since", "post a journal for what changed, or revalue the last date again";
    /// A tax code that cannot be.
    TaxCodeInvalid {
        /// Its code.
        code: Text,
        /// What is wrong.
        fault: &'static str,
    } = "TAX_CODE_INVALID", "tax code {code:?}: {fault}", "correct the code's components";
    /// No such tax code, or nothing of it holds on that day.
    TaxCodeUnknown {
        /// Its code.
        code: Text,
        /// The day.
        date: NaiveDate,
        /// Where.
        line: LineNo,
    } = "TAX_CODE_UNKNOWN", "tax code {code:?} is not defined for {date} (line {line})", "define the code with components that hold on that day, or correct it", transient;
    /// A document that cannot be.
    DocumentInvalid {
        /// What is wrong.
        fault: &'static str,
        /// Where.
        line: LineNo,
    } = "DOCUMENT_INVALID", "the document cannot be recorded: {fault} (line {line})", "correct the document";
    /// The number is taken.
    DocumentNumberTaken {
        /// The kind of document.
        kind: &'static str,
        /// The number.
        number: Text,
        /// The document that has it.
        seq: Seq,
    } = "DOCUMENT_NUMBER_TAKEN", "{kind} {number:?} was recorded at seq {seq}", "use the document that exists, or another number";
    /// No such document.
    DocumentUnknown {
        /// Its number.
        number: Text,
    } = "DOCUMENT_UNKNOWN", "there is no document {number:?} that this can refer to", "record the document first, or correct its number", transient;
    /// No control account is designated.
    ControlUnset {
        /// Of which side.
        side: &'static str,
    } = "CONTROL_UNSET", "no {side} control account is designated", "designate a control account first", transient;
    /// The document's schedules were recognised or cancelled in part, or it is a credit note that cancelled some.
    DeferralRecognised {
        /// The document.
        seq: Seq,
    } = "DEFERRAL_RECOGNISED", "deferred amounts of the document at seq {seq} were recognised or cancelled already", "record a credit note against it, or a new invoice, instead of a reversal";
    /// No such plan, or no rule of it holds on that day.
    PlanUnknown {
        /// Its code.
        plan: Text,
        /// The day.
        date: NaiveDate,
    } = "PLAN_UNKNOWN", "commission plan {plan:?} has no rule for {date}", "define the plan with a rule that holds on that day, or correct its code", transient;
    /// A plan that cannot be.
    PlanInvalid {
        /// Its code.
        plan: Text,
        /// What is wrong.
        fault: &'static str,
    } = "PLAN_INVALID", "commission plan {plan:?}: {fault}", "correct the plan's rules";
    /// Nothing is owed.
    NothingToPay {
        /// To whom.
        payee: Text,
    } = "NOTHING_TO_PAY", "nothing is owed to {payee:?}", "wait until something was accrued", transient;
    /// Balances that are not of profit and loss, or nothing to close.
    NothingToClose {
        /// The date.
        date: NaiveDate,
    } = "NOTHING_TO_CLOSE", "profit and loss holds nothing to close at {date}", "give the balances of the year's revenue and expense accounts";
    /// An account that the closing cannot touch.
    CloseAccount {
        /// The account.
        account: Text,
        /// What it should be.
        expected: &'static str,
    } = "CLOSE_ACCOUNT", "account {account:?} is no {expected} account", "give revenue and expense accounts to close, and an equity account to close them to";
    /// The books have moved on.
    BookMoved {
        /// Where they stood.
        expected: Seq,
        /// Where they stand.
        found: Seq,
    } = "BOOK_MOVED", "what was asked rests on seq {expected} and the books stand at seq {found}", "read the books again and repeat it for what they say now", transient;
    /// The external id is taken.
    ExternalIdTaken {
        /// The id.
        external_id: Text,
        /// The entry that has it.
        seq: Seq,
    } = "EXTERNAL_ID_TAKEN", "external id {external_id:?} belongs to the entry at seq {seq}", "use the entry that exists, or another id";
    /// One of several entries is refused, and so is none of them posted.
    InBatch {
        /// Which, from 0.
        index: usize,
        /// Why.
        rejection: Box<Rejection>,
    } = "IN_BATCH", "entry {index} of the batch: {rejection}", "correct that entry, or leave it out";
}

impl Rejection {
    pub(crate) fn period(month: Month, status: PeriodStatus, date: NaiveDate) -> Self {
        Self::PeriodClosed { month, status: status.as_str(), date }
    }

    /// The line it is about, from 1; 0 where it is about the whole.
    #[must_use]
    pub const fn line(&self) -> LineNo {
        match self {
            Self::LimitExceeded { line, .. }
            | Self::InvalidText { line, .. }
            | Self::CommodityUnknown { line, .. }
            | Self::AccountUnknown { line, .. }
            | Self::AccountSummary { line, .. }
            | Self::AccountLocked { line, .. }
            | Self::AccountClosed { line, .. }
            | Self::DateOutOfRange { line, .. }
            | Self::OverPrecise { line, .. }
            | Self::AmountTooLarge { line }
            | Self::RateInvalid { line, .. }
            | Self::WeightSign { line }
            | Self::FunctionalDiffers { line, .. }
            | Self::RateMissing { line, .. }
            | Self::TaxCodeUnknown { line, .. }
            | Self::DocumentInvalid { line, .. }
            | Self::BalanceCondition { line, .. }
            | Self::BalanceTooLarge { line, .. }
            | Self::PartyUnknown { line, .. }
            | Self::ControlNeedsParty { line, .. }
            | Self::ControlNeedsDocument { line, .. }
            | Self::ControlNeedsAmount { line, .. } => *line,
            _ => 0,
        }
    }
}
