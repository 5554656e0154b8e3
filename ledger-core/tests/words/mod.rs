//! The ledger's own words for tests: one command per line, what follows from it behind `=>`.
//!
//! ```text
//! org USD required | org USD by-commodity
//! open CODE TYPE [contra] [summary] [sub=WORD] [under=CODE]      change CODE [name=N] [sub=WORD] [under=CODE|-]
//! commodity CODE SCALE                                           rate BASE QUOTE RATE DATE [TYPE]
//! lock|unlock|shut|reopen-account CODE                           bound CODE CURRENCY [min=N] [max=N]
//! close MONTH soft|hard      reopen MONTH                        permit soft | permit none
//! post DATE [rounding=CODE] [id=ID]: LINE | LINE …               (entries are #1, #2 … as they are posted)
//!   LINE = ACCOUNT AMOUNT CURRENCY [@@ AMOUNT CURRENCY] [= FUNCTIONAL] [at RATE QUOTE] [due DATE]
//! reverse #N [DATE]                                              correct #N [DATE] by DATE: LINE | LINE …
//! holds ACCOUNT AMOUNT CURRENCY [FUNCTIONAL]                     lines #N: ACCOUNT AMOUNT CURRENCY FUNCTIONAL|- | …
//! dated #N DATE
//! ```
//!
//! A command without `=>` must be accepted. `=> CODE` or `=> CODE line N` must be refused so.

#![allow(dead_code, reason = "each test file that includes this module uses its own part of it")]

use std::collections::BTreeMap;

use chrono::NaiveDate;
use ledger_core::book::Valuation;
use ledger_core::command::{ChangeAccount, CorrectEntry, CreateOrganization, DefineCommodity, OpenAccount, RecordRate, ReverseEntry};
use ledger_core::draft::{DraftDetail, DraftRate};
use ledger_core::event::Proposed;
use ledger_core::money::decimal_of;
use ledger_core::{
    AccountRef, AccountStatus, AccountType, Actor, BalancedEntry, Book, Command, Context, DraftEntry, DraftLine, Month, PeriodStatus,
    RateType, Rejection, SubType, Weight,
};
use rust_decimal::Decimal;
use uuid::Uuid;

/// A book with its history.
pub(crate) struct Ledger {
    pub(crate) book: Book,
    pub(crate) events: Vec<Proposed>,
    pub(crate) history: BTreeMap<u64, BalancedEntry>,
    pub(crate) entries: Vec<u64>,
    pub(crate) soft_closed: bool,
    pub(crate) actor: Actor,
}

impl Default for Ledger {
    fn default() -> Self {
        let (book, actor) = (Book::default(), Actor::user("tester"));
        Self { book, events: Vec::new(), history: BTreeMap::new(), entries: Vec::new(), soft_closed: false, actor }
    }
}

impl Ledger {
    /// Decides and folds one command.
    pub(crate) fn run(&mut self, command: &Command) -> Result<Vec<Proposed>, Rejection> {
        let context = Context { soft_closed: self.soft_closed, history: &self.history, ..Context::new(&self.actor) };
        let decided = self.book.decide(command, &context)?;
        for proposed in &decided {
            self.book.evolve(&proposed.event);
            if let Some(entry) = proposed.event.entry() {
                self.history.insert(self.book.seq(), entry.clone());
                self.entries.push(self.book.seq());
            }
        }
        self.events.extend(decided.iter().cloned());
        Ok(decided)
    }

    fn entry(&self, name: &str) -> u64 {
        let no: usize = name.trim_start_matches('#').parse().unwrap();
        // An entry that nobody posted, for asking about it.
        no.checked_sub(1).and_then(|index| self.entries.get(index)).copied().unwrap_or(u64::from(u32::MAX))
    }

    #[track_caller]
    fn holds(&self, words: &[&str]) {
        let account = self.book.account_by_code(words[0]).unwrap().no;
        let commodity = self.book.commodity_by_code(words[2]).unwrap();
        let held = self.book.holdings(account).iter().find(|holding| holding.currency == commodity.no);
        let (units, functional) = held.map_or((0, 0), |held| (held.units, held.functional));
        assert_eq!(decimal_of(units, commodity.scale), dec(words[1]), "{} in {}", words[0], words[2]);
        if let Some(expected) = words.get(3) {
            assert_eq!(decimal_of(functional, self.book.commodities()[0].scale), dec(expected), "functional amount of {}", words[0]);
        }
    }

    #[track_caller]
    fn lines(&self, name: &str, expected: &str) {
        let found = self.history[&self.entry(name)].lines().iter().map(|line| {
            let commodity = self.book.commodity(line.money.currency()).unwrap();
            let functional = line.functional.map_or("-".into(), |units| decimal_of(units, self.book.commodities()[0].scale).to_string());
            let code = &self.book.account(line.account).unwrap().code;
            format!("{code} {} {} {functional}", decimal_of(line.money.units(), commodity.scale), commodity.code)
        });
        assert_eq!(found.collect::<Vec<_>>(), expected.split('|').map(squeeze).collect::<Vec<_>>(), "lines of {name}");
    }
}

/// Runs a script and compares every answer.
#[track_caller]
pub(crate) fn check(script: &str) -> Ledger {
    let mut ledger = Ledger::default();
    for (index, text) in script.lines().enumerate() {
        let text = text.split("--").next().unwrap().trim();
        if text.is_empty() {
            continue;
        }
        let (asked, expected) = text.split_once("=>").unwrap_or((text, "ok"));
        let answer = step(&mut ledger, asked.trim());
        let found = answer.map_or_else(|rejection| refusal(&rejection, expected), |()| "ok".to_owned());
        assert_eq!(found, squeeze(expected), "line {} of the script: {text}", index + 1);
    }
    ledger
}

fn refusal(rejection: &Rejection, expected: &str) -> String {
    assert!(!rejection.hint().is_empty() && !rejection.to_string().ends_with('.'), "{rejection:?} explains itself");
    let line = if expected.contains(" line ") { format!(" line {}", rejection.line()) } else { String::new() };
    format!("{}{line}", rejection.code())
}

#[track_caller]
fn step(ledger: &mut Ledger, asked: &str) -> Result<(), Rejection> {
    let (head, lines) = asked.split_once(": ").unwrap_or((asked, ""));
    let words: Vec<&str> = head.split_whitespace().collect();
    match words[0] {
        "holds" => ledger.holds(&words[1..]),
        "lines" => ledger.lines(words[1], lines),
        "dated" => assert_eq!(ledger.history[&ledger.entry(words[1])].effective_date(), day(words[2])),
        "permit" => ledger.soft_closed = words[1] == "soft",
        _ => drop(ledger.run(&command(ledger, &words, lines))?),
    }
    Ok(())
}

fn command(ledger: &Ledger, words: &[&str], lines: &str) -> Command {
    let option = |key: &str| words.iter().find_map(|word| word.strip_prefix(key)?.strip_prefix('='));
    let flag = |word: &str| words.contains(&word);
    let status = |status| Command::SetAccountStatus { account: words[1].into(), status, reason: "a reason".into() };
    match words[0] {
        "org" => Command::CreateOrganization(CreateOrganization {
            org: Uuid::from_u128(1),
            name: option("name").unwrap_or("Test").into(),
            functional_currency: words[1].into(),
            functional_scale: option("scale").map(|scale| scale.parse().unwrap()),
            valuation: if flag("by-commodity") { Valuation::ByCommodity } else { Valuation::Required },
        }),
        "open" => Command::OpenAccount(OpenAccount {
            contra: flag("contra"),
            summary: flag("summary"),
            sub_type: option("sub").map_or(SubType::General, |word| SubType::parse(word).unwrap()),
            parent: option("under").map(AccountRef::from),
            ..OpenAccount::new(words[1], AccountType::parse(words[2]).unwrap())
        }),
        "change" => Command::ChangeAccount(ChangeAccount {
            account: words[1].into(),
            name: option("name").map(Into::into),
            sub_type: option("sub").map(|word| SubType::parse(word).unwrap()),
            parent: option("under").map(|code| (code != "-").then(|| code.into())),
        }),
        "commodity" => Command::DefineCommodity(DefineCommodity {
            code: words[1].into(),
            scale: words.get(2).map(|scale| scale.parse().unwrap()),
            name: "".into(),
        }),
        "rate" => Command::RecordRate(RecordRate {
            base: words[1].into(),
            quote: words[2].into(),
            rate: dec(words[3]),
            date: day(words[4]),
            kind: words.get(5).map_or(RateType::Spot, |word| RateType::parse(word).unwrap()),
            source: "".into(),
        }),
        "lock" => status(AccountStatus::Locked),
        "shut" => status(AccountStatus::Closed),
        "unlock" | "reopen-account" => status(AccountStatus::Open),
        "bound" => Command::SetBalanceCondition {
            account: words[1].into(),
            currency: words[2].into(),
            min: option("min").map(dec),
            max: option("max").map(dec),
        },
        "close" => Command::ClosePeriod { month: Month::parse(words[1]).unwrap(), status: period(words[2]), reason: "".into() },
        "reopen" => Command::ReopenPeriod { month: Month::parse(words[1]).unwrap(), reason: option("why").unwrap_or("a reason").into() },
        "post" => Command::PostEntry(draft(words[1], option("rounding"), option("id"), lines)),
        "reverse" => Command::ReverseEntry(reverse(ledger, words)),
        "correct" => {
            let by = words.iter().position(|word| *word == "by").unwrap();
            let replacement = draft(words[by + 1], option("rounding"), option("id"), lines);
            Command::CorrectEntry(Box::new(CorrectEntry { reverse: reverse(ledger, &words[..by]), replacement }))
        }
        other => panic!("{other:?} is no command of the test language"),
    }
}

fn reverse(ledger: &Ledger, words: &[&str]) -> ReverseEntry {
    ReverseEntry { original: ledger.entry(words[1]), date: words.get(2).map(|text| day(text)), reason: "a reason".into() }
}

/// A draft from the words of its lines.
pub(crate) fn draft(date: &str, rounding: Option<&str>, id: Option<&str>, lines: &str) -> DraftEntry {
    let lines = lines.split('|').filter(|line| !line.trim().is_empty()).map(line).collect();
    let mut draft = DraftEntry::new(day(date), "an entry", lines);
    draft.rounding_account = rounding.map(Into::into);
    draft.external_id = id.map(Into::into);
    draft
}

fn line(text: &str) -> DraftLine {
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut line = DraftLine::new(words[0], dec(words[1]), currency(words[2]));
    let mut detail = DraftDetail::default();
    let mut rest = &words[3..];
    while let [keyword, value, after @ ..] = rest {
        rest = after;
        match *keyword {
            "=" => line.functional = Some(dec(value)),
            "due" => detail.due_date = Some(day(value)),
            "party" => detail.party = Some((*value).into()),
            "@@" | "at" => {
                let (code, after) = after.split_first().unwrap();
                rest = after;
                if *keyword == "@@" {
                    line.weight = Some(Weight { amount: dec(value), currency: currency(code).into() });
                } else {
                    let quote = currency(code).into();
                    detail.rate = Some(DraftRate { rate: dec(value), quote, kind: RateType::Spot, date: None, source: "".into() });
                }
            }
            other => panic!("{other:?} is no part of a line"),
        }
    }
    if detail != DraftDetail::default() {
        line.detail = Some(Box::new(detail));
    }
    line
}

/// `''` stands for the commodity without a code.
fn currency(code: &str) -> &str {
    if code == "''" { "" } else { code }
}

fn period(word: &str) -> PeriodStatus {
    match word {
        "soft" => PeriodStatus::SoftClosed,
        "hard" => PeriodStatus::HardClosed,
        _ => PeriodStatus::Open,
    }
}

pub(crate) fn dec(text: &str) -> Decimal {
    text.parse().unwrap()
}

pub(crate) fn day(text: &str) -> NaiveDate {
    match text {
        "first-day" => NaiveDate::MIN,
        "last-day" => NaiveDate::MAX,
        text => NaiveDate::parse_from_str(text, "%Y-%m-%d").unwrap(),
    }
}

fn squeeze(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
