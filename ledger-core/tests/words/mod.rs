//! The ledger's own words for tests: one command per line, what follows from it behind `=>`.
//!
//! ```text
//! org USD required | org USD by-commodity
//! open CODE TYPE [contra] [summary] [sub=WORD] [under=CODE]      change CODE [name=N] [sub=WORD] [under=CODE|-]
//! activity CODE operating|investing|financing|non-cash|none
//! commodity CODE SCALE                                           rate BASE QUOTE RATE DATE [TYPE]
//! lock|unlock|shut|reopen-account CODE                           bound CODE CURRENCY [min=N] [max=N]
//! close MONTH soft|hard [accept why=WORD]      reopen MONTH        permit soft | permit none
//! post DATE [rounding=CODE] [id=ID]: LINE | LINE …               (entries are #1, #2 … as they are posted)
//!   LINE = ACCOUNT AMOUNT CURRENCY [@@ AMOUNT CURRENCY] [= FUNCTIONAL] [at RATE QUOTE] [due DATE] [party CODE] [doc NUMBER]
//! reverse #N|document|document-N [DATE]  (the last, or N before it)      correct #N [DATE] by DATE: LINE | LINE …
//! holds ACCOUNT AMOUNT CURRENCY [FUNCTIONAL]                     lines #N: ACCOUNT AMOUNT CURRENCY FUNCTIONAL|- | …
//! dated #N DATE
//! party CODE KIND [terms=SHARE@DAYS,…] [receivable=CODE]         change-party CODE [terms=…] [receivable=CODE|-]
//! control ACCOUNT receivable|payable
//! allocate ITEM [AMOUNT] [on=DATE] [: ITEM [AMOUNT [SETTLED]] | …]   (allocations are @1, @2 … as they are made)
//!   ITEM = PARTY:DOCUMENT[#INSTALMENT]
//! unallocate @N [DATE]
//! revalue DATE
//! item ITEM OPEN CURRENCY [FUNCTIONAL]                           (what all its lines have left)
//! item ITEM at DATE OPEN CURRENCY [FUNCTIONAL]
//! allocations COUNT                                              (that hold)
//! ```
//!
//! The words for documents are in `documents`, those for agents, drafts and approvals in `approvals`. A command without `=>` must be accepted. `=> CODE` or `=> CODE line N` must be refused so.

#![allow(dead_code, reason = "each test file that includes this module uses its own part of it")]

pub(crate) mod approvals;
mod documents;
pub(crate) mod random;

use std::collections::BTreeMap;

use chrono::NaiveDate;
use ledger_core::book::Valuation;
use ledger_core::command::{
    Allocate, AllocationTarget, ChangeAccount, ChangeParty, CorrectEntry, CreateOrganization, DefineCommodity, ItemRef, OpenAccount,
    RecordRate, RegisterParty, ReverseEntry,
};
use ledger_core::draft::{DraftDetail, DraftRate};
use ledger_core::event::Proposed;
use ledger_core::money::decimal_of;
use ledger_core::subledger::{Terms, TermsPart};
use ledger_core::{
    AccountRef, AccountStatus, AccountType, Activity, Actor, ActorKind, BalancedEntry, Book, Command, Context, DraftEntry, DraftLine,
    Event, Month, PartyKind, PeriodStatus, RateType, Rejection, Side, SubType, Weight,
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
                if matches!(proposed.event, Event::EntryPosted(_) | Event::EntryReversed { .. }) {
                    self.entries.push(self.book.seq());
                }
            }
        }
        self.events.extend(decided.iter().cloned());
        Ok(decided)
    }

    fn entry(&self, name: &str) -> u64 {
        if name == "last-event" {
            return self.book.seq();
        }
        if let Some(back) = name.strip_prefix("document") {
            let back = back.strip_prefix('-').map_or(0, |back| back.parse().unwrap());
            let documents = (1..).zip(&self.events).filter(|(_, proposed)| matches!(proposed.event, Event::DocumentRecorded { .. }));
            return documents.map(|(seq, _)| seq).collect::<Vec<u64>>().into_iter().rev().nth(back).unwrap_or(0);
        }
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

    /// Where the N-th allocation stands; somewhere without one for those that nobody made.
    fn allocation(&self, name: &str) -> u64 {
        let no: usize = name.trim_start_matches('@').parse().unwrap();
        self.book.allocations().nth(no - 1).map_or(u64::from(u32::MAX), |(seq, _)| seq)
    }

    /// What the lines of a document have left, now or at a date.
    #[track_caller]
    fn item(&self, words: &[&str]) {
        let (item, rest) = words.split_first().unwrap();
        let (at, rest) = if let ["at", date, rest @ ..] = rest { (Some(day(date)), rest) } else { (None, rest) };
        let (party, document) = item.split_once(':').unwrap();
        let (document, instalment) = document.split_once('#').map_or((document, None), |(document, no)| (document, Some(no)));
        let party = self.book.party_by_code(party).unwrap().no;
        let commodity = self.book.commodity_by_code(rest[1]).unwrap();
        let (mut open, mut value) = (0, 0);
        for (id, item) in self.book.items_of(party, document).filter(|(_, item)| item.money.currency() == commodity.no) {
            let opening = self.book.control(item.account).unwrap().opening_sign() == item.money.units().signum();
            if instalment.is_some_and(|no| !opening || no.parse() != Ok(item.instalment)) {
                continue;
            }
            let (left, functional) = match at {
                None => (item.open, item.open_functional),
                Some(date) => self.book.item_at(id, date).map_or((0, 0), |(money, value)| (money.units(), value)),
            };
            (open, value) = (open + left, value + functional);
        }
        assert_eq!(decimal_of(open, commodity.scale), dec(rest[0]), "what {item} has left");
        if let Some(expected) = rest.get(2) {
            assert_eq!(decimal_of(value, self.book.commodities()[0].scale), dec(expected), "the value of what {item} has left");
        }
    }

    /// `sum last: ACCOUNT AMOUNT | …`: the lines of the last entry by account and dimensions, in the order of the chart.
    #[track_caller]
    fn sum(&self, words: &[&str], expected: &str) {
        let back: usize = words[0].strip_prefix("last").unwrap().strip_prefix('-').map_or(0, |no| no.parse().unwrap());
        let entry = self.history.values().nth_back(back).unwrap();
        let mut sums: BTreeMap<(u32, String), Decimal> = BTreeMap::new();
        for line in entry.lines() {
            let scale = self.book.commodity(line.money.currency()).unwrap().scale;
            let tags = line.detail.iter().flat_map(|detail| &detail.tags).map(|(_, value)| format!("/{value}")).collect::<String>();
            *sums.entry((line.account.get(), tags)).or_default() += decimal_of(line.money.units(), scale);
        }
        let code = |no: u32| &self.book.account(ledger_core::AccountNo::new(no)).unwrap().code;
        let found: Vec<_> = sums.into_iter().map(|((no, tags), sum)| format!("{}{tags} {sum}", code(no))).collect();
        assert_eq!(found, expected.split('|').map(squeeze).collect::<Vec<_>>(), "sums of the entry");
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

/// Runs one command that may be refused.
pub(crate) fn attempt(ledger: &mut Ledger, asked: &str) -> Result<(), Rejection> {
    step(ledger, asked)
}

#[track_caller]
fn step(ledger: &mut Ledger, asked: &str) -> Result<(), Rejection> {
    let (head, lines) = asked.split_once(": ").unwrap_or((asked, ""));
    let words: Vec<&str> = head.split_whitespace().collect();
    match words[0] {
        "holds" => ledger.holds(&words[1..]),
        "lines" => ledger.lines(words[1], lines),
        "item" => ledger.item(&words[1..]),
        "allocations" => {
            let count = ledger.book.allocations().filter(|(_, kept)| kept.reversed.is_none()).count();
            assert_eq!(count.to_string(), words[1], "allocations that hold");
        }
        "sum" => ledger.sum(&words[1..], lines),
        "dated" => assert_eq!(ledger.history[&ledger.entry(words[1])].effective_date(), day(words[2])),
        "permit" => ledger.soft_closed = words[1] == "soft",
        "as" => {
            let kind = match words[1] {
                "agent" => ActorKind::Agent,
                "key" => ActorKind::ApiKey,
                _ => ActorKind::User,
            };
            ledger.actor = Actor { kind, identity: (*words.last().unwrap()).into() };
        }
        "drafts" => assert_eq!(ledger.book.drafts().count().to_string(), words[1], "drafts that wait"),
        "requests" => assert_eq!(ledger.book.approval_requests().count().to_string(), words[1], "requests that wait"),
        "posted-by" => assert_eq!(approvals::last_posted(ledger), words[1..].join(" "), "how the last draft was carried out"),
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
        "activity" => Command::SetAccountActivity { account: words[1].into(), activity: Activity::parse(words[2]) },
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
        "close" => Command::ClosePeriod {
            month: Month::parse(words[1]).unwrap(),
            status: period(words[2]),
            reason: option("why").unwrap_or_default().into(),
            accept_open: flag("accept"),
        },
        "reopen" => Command::ReopenPeriod { month: Month::parse(words[1]).unwrap(), reason: option("why").unwrap_or("a reason").into() },
        "post" => Command::PostEntry(draft(words[1], option("rounding"), option("id"), lines)),
        "reverse" => Command::ReverseEntry(reverse(ledger, words)),
        "correct" => {
            let by = words.iter().position(|word| *word == "by").unwrap();
            let replacement = draft(words[by + 1], option("rounding"), option("id"), lines);
            Command::CorrectEntry(Box::new(CorrectEntry { reverse: reverse(ledger, &words[..by]), replacement }))
        }
        "party" => {
            let mut register = RegisterParty::new(words[1], PartyKind::parse(words[2]).unwrap());
            register.terms = option("terms").map_or_else(Terms::default, terms);
            register.receivable = option("receivable").map(AccountRef::from);
            Command::RegisterParty(Box::new(register))
        }
        "change-party" => Command::ChangeParty(Box::new(ChangeParty {
            party: words[1].into(),
            terms: option("terms").map(terms),
            receivable: option("receivable").map(|code| (code != "-").then(|| code.into())),
            ..ChangeParty::default()
        })),
        "control" => Command::DesignateControl { account: words[1].into(), side: Side::parse(words[2]).unwrap() },
        "allocate" => Command::Allocate(Box::new(Allocate {
            from: item(words[1]),
            to: lines.split('|').filter(|target| !target.trim().is_empty()).map(target).collect(),
            amount: words.get(2).filter(|word| !word.contains('=')).map(|word| dec(word)),
            date: option("on").map(day),
        })),
        "revalue" => Command::Revalue { date: day(words[1]) },
        "unallocate" => Command::ReverseAllocation {
            allocation: ledger.allocation(words[1]),
            date: words.get(2).map(|date| day(date)),
            reason: "a reason".into(),
        },
        other => documents::command(ledger, words, lines)
            .or_else(|| approvals::command(ledger, words, lines))
            .unwrap_or_else(|| panic!("{other:?} is no command of the test language")),
    }
}

fn terms(words: &str) -> Terms {
    let part = |part: &str| {
        let (share, days) = part.split_once('@').unwrap();
        TermsPart { share: dec(share), days: days.parse().unwrap() }
    };
    Terms { parts: words.split(',').filter(|part| !part.is_empty()).map(part).collect() }
}

/// `PARTY:DOCUMENT` or `PARTY:DOCUMENT#INSTALMENT`.
pub(crate) fn item(text: &str) -> ItemRef {
    let (party, document) = text.split_once(':').unwrap();
    let (document, instalment) = document.split_once('#').map_or((document, None), |(document, no)| (document, Some(no)));
    ItemRef::Document { party: party.into(), document: document.into(), instalment: instalment.map(|no| no.parse().unwrap()) }
}

fn target(text: &str) -> AllocationTarget {
    let words: Vec<&str> = text.split_whitespace().collect();
    AllocationTarget { item: item(words[0]), amount: words.get(1).map(|word| dec(word)), settled: words.get(2).map(|word| dec(word)) }
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
            "doc" => detail.document = Some((*value).into()),
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
