//! The ledger against a naive model of it: random commands, biased to edges, must get the same answers.
//!
//! On failure the commands are printed as the test language's debug form and the seed is kept by proptest.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

#[path = "model/naive.rs"]
mod naive;
mod words;

use chrono::{Days, NaiveDate};
use ledger_core::command::{CorrectEntry, DefineCommodity, OpenAccount, RecordRate, ReverseEntry};
use ledger_core::draft::{DraftDetail, DraftRate};
use ledger_core::{
    AccountStatus, AccountType, BalancedEntry, Book, Command, DraftEntry, DraftLine, Event, Month, PeriodStatus, RateType, Weight,
};
use naive::Naive;
use proptest::prelude::*;
use proptest::sample::select;
use rust_decimal::Decimal;
use words::{Ledger, check, dec};

const MOST: &str = "9999999999999999999999999.99";

fn account() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        20 => select(vec!["cash", "bank", "sales", "contra"]),
        1 => select(vec!["all", "nowhere", "Equity:Conversion:EUR", "Equity:Conversion:USD", "round"]),
    ]
}

fn currency() -> impl Strategy<Value = &'static str> {
    prop_oneof![10 => Just("USD"), 6 => Just("EUR"), 2 => Just("GBP"), 1 => Just("JPY"), 3 => Just("TOK"), 1 => Just("HOURS")]
}

/// Amounts near zero, one, and the limits; the largest only where no rate multiplies them.
fn amount() -> impl Strategy<Value = Decimal> {
    let cents = prop_oneof![3 => 0_i64..4, 3 => 99_i64..102, 2 => 1_i64..1_000_000];
    (cents, any::<bool>(), 0_u32..40).prop_map(|(cents, negative, odd)| {
        let amount = if odd == 0 { Decimal::new(cents, 3) } else { Decimal::new(cents, 2) };
        if negative { -amount } else { amount }
    })
}

fn huge() -> impl Strategy<Value = Decimal> {
    select(vec![
        MOST,
        "9999999999999999999999999.98",
        "10000000000000000000000000.00",
        "79228162514264337593543950335",
        "5000000000000000000000000",
    ])
    .prop_map(dec)
}

fn rate() -> impl Strategy<Value = Decimal> {
    select(vec!["0.8", "1.25", "4"]).prop_map(dec)
}

fn quoted() -> impl Strategy<Value = Decimal> {
    select(vec!["0.5", "1.0853", "0", "-1", "123.456", "0.01"]).prop_map(dec)
}

fn day() -> impl Strategy<Value = NaiveDate> {
    let near = (0_u64..130).prop_map(|days| NaiveDate::from_ymd_opt(2025, 12, 1).unwrap() + Days::new(days));
    let edges = vec![(0, 12, 31), (1, 1, 1), (9999, 12, 31), (10_000, 1, 1)];
    prop_oneof![60 => near, 1 => select(edges).prop_map(|(y, m, d)| NaiveDate::from_ymd_opt(y, m, d).unwrap())]
}

fn month() -> impl Strategy<Value = Month> {
    (2025 * 12 + 11..2025 * 12 + 16).prop_map(Month::from_ordinal)
}

fn any_line() -> impl Strategy<Value = DraftLine> {
    let weight = proptest::option::weighted(0.3, (amount(), currency()));
    let stated = proptest::option::weighted(0.2, amount());
    let own = proptest::option::weighted(0.1, (quoted(), currency()));
    (account(), amount(), currency(), weight, stated, own).prop_map(|(account, amount, currency, weight, functional, own)| {
        let mut line = DraftLine::new(account, amount, currency);
        line.weight = weight.map(|(amount, currency)| Weight { amount, currency: currency.into() });
        line.functional = functional;
        line.detail = own.map(|(rate, quote)| Box::new(quoting(rate, quote)));
        line
    })
}

fn quoting(rate: Decimal, quote: &str) -> DraftDetail {
    let rate = DraftRate { rate, quote: quote.into(), kind: RateType::Spot, date: None, source: "".into() };
    DraftDetail { rate: Some(rate), ..DraftDetail::default() }
}

/// Two to five lines that balance in one currency, sometimes at a rate of their own or with stated values.
fn one_currency() -> impl Strategy<Value = Vec<DraftLine>> {
    let parts = proptest::collection::vec((account(), amount()), 1..5);
    (parts, account(), currency(), proptest::option::weighted(0.2, quoted()), any::<bool>()).prop_map(
        |(parts, last, currency, rate, stated)| {
            let mut lines: Vec<_> = parts.into_iter().map(|(account, amount)| DraftLine::new(account, amount, currency)).collect();
            let rest = -lines.iter().map(|line| line.amount).sum::<Decimal>();
            lines.push(DraftLine::new(last, rest, currency));
            for line in &mut lines {
                line.detail = rate.map(|rate| Box::new(quoting(rate, "USD")));
                if stated && rate.is_some_and(|rate| rate.is_zero()) {
                    line.functional = Some(line.amount);
                }
            }
            lines
        },
    )
}

/// Something bought at a cost in another currency, off by a few units, sometimes in two lots.
fn exchange() -> impl Strategy<Value = Vec<DraftLine>> {
    let lot = || (amount(), amount());
    let off = prop_oneof![6 => Just(0_i64), 3 => -4_i64..5];
    (account(), account(), currency(), currency(), lot(), proptest::option::of(lot()), off).prop_map(
        |(to, from, bought, paid, lot, more, off)| {
            let buy = |(amount, cost): (Decimal, Decimal)| {
                let mut line = DraftLine::new(to, amount, bought);
                let cost = if amount.is_sign_negative() { -cost.abs() } else { cost.abs() };
                line.weight = Some(Weight { amount: cost, currency: paid.into() });
                line
            };
            let mut lines: Vec<_> = std::iter::once(lot).chain(more).map(buy).collect();
            let cost: Decimal = lines.iter().filter_map(|line| line.weight.as_ref()).map(|weight| weight.amount).sum();
            lines.push(DraftLine::new(from, Decimal::new(off, 2) - cost, paid));
            lines
        },
    )
}

/// The largest amounts, back and forth, in currencies that no rate multiplies.
fn extreme() -> impl Strategy<Value = Vec<DraftLine>> {
    (account(), account(), huge(), select(vec!["USD", "TOK"]), any::<bool>(), any::<bool>()).prop_map(
        |(a, b, amount, currency, turn, off)| {
            let amount = if turn { -amount } else { amount };
            let other = if off { amount - dec("0.01") } else { amount };
            let mut lines = vec![DraftLine::new(a, amount, currency), DraftLine::new(b, -other, currency)];
            if currency == "TOK" {
                lines.iter_mut().for_each(|line| line.functional = Some(Decimal::ZERO));
            }
            lines
        },
    )
}

/// Functional-only lines beside others.
fn revaluation() -> impl Strategy<Value = Vec<DraftLine>> {
    (account(), account(), currency(), amount(), proptest::option::of(exchange())).prop_map(|(a, b, currency, value, beside)| {
        let only = |account, currency, value| DraftLine { functional: Some(value), ..DraftLine::new(account, Decimal::ZERO, currency) };
        let mut lines = vec![only(a, currency, value), only(b, "USD", -value)];
        lines.extend(beside.into_iter().flatten());
        lines
    })
}

fn entry() -> BoxedStrategy<DraftEntry> {
    let lines = prop_oneof![
        8 => one_currency().boxed(),
        6 => exchange().boxed(),
        3 => extreme().boxed(),
        2 => revaluation().boxed(),
        2 => proptest::collection::vec(any_line().boxed(), 0..5).boxed(),
    ];
    let rounding = proptest::option::weighted(0.4, select(vec!["round", "round", "cash", "all"]));
    (day(), lines, rounding)
        .prop_map(|(day, lines, rounding)| {
            let mut draft = DraftEntry::new(day, "an entry", lines);
            draft.rounding_account = rounding.map(Into::into);
            draft
        })
        .boxed()
}

/// Entries are named by their number; the test puts in the position.
fn reversal() -> impl Strategy<Value = ReverseEntry> {
    (0_u64..30, proptest::option::weighted(0.3, day())).prop_map(|(original, date)| ReverseEntry { original, date, reason: "".into() })
}

fn command() -> BoxedStrategy<Command> {
    let status = select(vec![AccountStatus::Open, AccountStatus::Open, AccountStatus::Locked, AccountStatus::Closed]);
    let period = select(vec![PeriodStatus::Open, PeriodStatus::SoftClosed, PeriodStatus::HardClosed]);
    let bound = || proptest::option::of(prop_oneof![Just(Decimal::ZERO), amount()]);
    prop_oneof![
        60 => entry().prop_map(Command::PostEntry),
        8 => reversal().prop_map(Command::ReverseEntry),
        6 => (reversal(), entry())
            .prop_map(|(reverse, replacement)| Command::CorrectEntry(Box::new(CorrectEntry { reverse, replacement }))),
        8 => (currency(), currency(), rate(), day()).prop_map(|(base, quote, rate, date)| {
            Command::RecordRate(RecordRate { base: base.into(), quote: quote.into(), kind: RateType::Spot, date, rate, source: "".into() })
        }),
        2 => (account(), select(AccountType::ALL.to_vec()), any::<bool>()).prop_map(|(code, kind, contra)| {
            Command::OpenAccount(OpenAccount { contra, ..OpenAccount::new(code, kind) })
        }),
        1 => (currency(), proptest::option::of(0_u8..20))
            .prop_map(|(code, scale)| define(code, if code == "HOURS" || code == "TOK" { scale } else { scale.or(Some(2)) })),
        3 => (account(), status)
            .prop_map(|(account, status)| Command::SetAccountStatus { account: account.into(), status, reason: "".into() }),
        3 => (account(), currency(), bound(), bound())
            .prop_map(|(account, currency, min, max)| Command::SetBalanceCondition { account: account.into(), currency: currency.into(), min, max }),
        2 => (month(), period).prop_map(|(month, status)| Command::ClosePeriod { month, status, reason: "".into(), accept_open: false }),
        2 => month().prop_map(|month| Command::ReopenPeriod { month, reason: "why".into() }),
    ]
    .boxed()
}

fn define(code: &str, scale: Option<u8>) -> Command {
    Command::DefineCommodity(DefineCommodity { code: code.into(), scale, name: "".into() })
}

const SETUP: [&str; 6] = ["cash asset", "bank asset", "sales revenue", "contra revenue contra", "all asset summary", "more asset"];

fn begin(required: bool) -> (Ledger, Naive) {
    let valuation = if required { "required" } else { "by-commodity" };
    let mut ledger = check(&format!("org USD {valuation}"));
    let mut naive = Naive::new(required);
    for account in SETUP {
        let words: Vec<_> = account.split(' ').collect();
        let open = OpenAccount {
            contra: words.contains(&"contra") && words.len() == 3,
            summary: words.contains(&"summary"),
            ..OpenAccount::new(words[0], AccountType::parse(words[1]).unwrap())
        };
        let command = Command::OpenAccount(open);
        ledger.run(&command).unwrap();
        naive.answer(&command).unwrap();
    }
    ledger.run(&define("TOK", Some(2))).unwrap();
    naive.answer(&define("TOK", Some(2))).unwrap();
    (ledger, naive)
}

/// Puts positions in the place of entry numbers.
fn located(command: Command, ledger: &Ledger) -> Command {
    let at = |no: u64| usize::try_from(no).ok().and_then(|no| ledger.entries.get(no)).copied().unwrap_or(no);
    let place = |reverse: ReverseEntry| ReverseEntry { original: at(reverse.original), ..reverse };
    match command {
        Command::ReverseEntry(reverse) => Command::ReverseEntry(place(reverse)),
        Command::CorrectEntry(correct) => {
            Command::CorrectEntry(Box::new(CorrectEntry { reverse: place(correct.reverse), replacement: correct.replacement }))
        }
        other => other,
    }
}

fn facts(book: &Book, event: &Event) -> String {
    match event {
        Event::CommodityDefined(commodity) => format!("commodity {} {}", commodity.code, commodity.scale),
        Event::AccountOpened(account) => format!("account {}", account.code),
        Event::AccountStatusChanged { no, status, .. } => format!("status {} {status:?}", book.account(*no).unwrap().code),
        Event::AccountConditionsSet { no, .. } => format!("bounds {}", book.account(*no).unwrap().code),
        Event::RateRecorded(rate) => {
            let code = |no| &book.commodity(no).unwrap().code;
            format!("rate {} {} {} {}", code(rate.base), code(rate.quote), rate.date, rate.rate)
        }
        Event::EntryPosted(entry) => entry_facts(book, "posted", entry),
        Event::EntryReversed { entry, .. } => entry_facts(book, "reversed", entry),
        Event::PeriodClosed { month, status, .. } => format!("closed {month} {status:?}"),
        Event::PeriodReopened { month, .. } => format!("reopened {month}"),
        other => format!("{other:?}"),
    }
}

fn entry_facts(book: &Book, what: &str, entry: &BalancedEntry) -> String {
    let line = |line: &ledger_core::Line| {
        let account = &book.account(line.account).unwrap().code;
        let currency = &book.commodity(line.money.currency()).unwrap().code;
        format!(" | {account} {} {currency} {:?}", line.money.units(), line.functional)
    };
    format!("{what} {}{}", entry.effective_date(), entry.lines().iter().map(line).collect::<String>())
}

/// I1, I2 and the per-currency trial balance, summed afresh from what the accounts hold.
fn assert_in_balance(book: &Book) {
    let mut sums = std::collections::BTreeMap::<_, i128>::new();
    let mut functional = 0;
    for holding in book.accounts().iter().flat_map(|account| book.holdings(account.no)) {
        *sums.entry(holding.currency).or_default() += holding.units;
        functional += holding.functional;
    }
    assert!(sums.values().all(|sum| *sum == 0) && functional == 0, "the trial balance is off: {sums:?}, {functional}");
}

fn agree(required: bool, commands: Vec<(Command, bool)>) -> Result<usize, TestCaseError> {
    let (mut ledger, mut naive) = begin(required);
    let mut accepted = 0;
    for (command, soft) in commands {
        let command = located(command, &ledger);
        (ledger.soft_closed, naive.soft) = (soft, soft);
        naive.seq = ledger.book.seq();
        let expected = naive.answer(&command).map_err(str::to_owned);
        let found = ledger.run(&command);
        let found = found.map(|events| events.iter().map(|proposed| facts(&ledger.book, &proposed.event)).collect::<Vec<_>>());
        let found = found.map_err(|rejection| rejection.code().to_owned());
        accepted += usize::from(found.is_ok());
        prop_assert_eq!(found, expected, "the answer to {:#?}", command);
        assert_in_balance(&ledger.book);
    }
    Ok(accepted)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn the_ledger_answers_as_the_model_does(
        required in any::<bool>(),
        commands in proptest::collection::vec((command(), any::<bool>()), 1..60),
    ) {
        agree(required, commands)?;
    }
}

#[test]
fn the_generator_reaches_every_answer_that_the_model_knows() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let (mut runner, command) = (TestRunner::deterministic(), command());
    let mut answers = std::collections::BTreeMap::<String, usize>::new();
    for round in 0..300 {
        let (_, mut naive) = begin(round % 2 == 0);
        let (mut ledger, _) = begin(round % 2 == 0);
        for _ in 0..60 {
            let command = located(command.new_tree(&mut runner).unwrap().current(), &ledger);
            naive.seq = ledger.book.seq();
            let answer = naive.answer(&command).err().unwrap_or("accepted");
            drop(ledger.run(&command));
            *answers.entry(answer.to_owned()).or_default() += 1;
        }
    }
    let missing: Vec<_> = REACHED.iter().filter(|code| !answers.contains_key(**code)).collect();
    assert!(missing.is_empty(), "the generator no longer reaches {missing:?}: {answers:?}");
    assert!(answers["accepted"] * 3 > 300 * 60, "too few commands are accepted: {answers:?}");
}

const REACHED: [&str; 24] = [
    "ACCOUNT_CLOSED",
    "ACCOUNT_DIFFERS",
    "ACCOUNT_LOCKED",
    "ACCOUNT_NOT_EMPTY",
    "ACCOUNT_SUMMARY",
    "ACCOUNT_UNKNOWN",
    "ALREADY_REVERSED",
    "AMOUNT_TOO_LARGE",
    "BALANCE_CONDITION",
    "COMMODITY_DIFFERS",
    "COMMODITY_UNKNOWN",
    "DATE_OUT_OF_RANGE",
    "ENTRY_UNKNOWN",
    "EXCHANGE_UNPRICED",
    "FUNCTIONAL_DIFFERS",
    "OVER_PRECISE",
    "PERIOD_CLOSED",
    "PERIOD_STEP",
    "RATE_INVALID",
    "RATE_MISSING",
    "STATUS_UNCHANGED",
    "UNBALANCED",
    "UNBALANCED_FUNCTIONAL",
    "WEIGHT_SIGN",
];
