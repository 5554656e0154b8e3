//! What the grammar yields: directives that borrow from the source text, numbers possibly missing.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use std::borrow::Cow;

use super::names::{AccountId, CurrencyId};

/// A place: byte offset in its file and line from 1. Columns are computed when an error needs them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Pos {
    pub(super) offset: u32,
    pub(super) line: u32,
}

/// A problem found at a place of the file being read.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    pub(super) pos: Pos,
    pub(super) problem: String,
    pub(super) found: Option<String>,
    pub(super) remedy: Option<String>,
}

impl Fault {
    pub(super) fn new(pos: Pos, problem: impl Into<String>) -> Box<Self> {
        Box::new(Self { pos, problem: problem.into(), found: None, remedy: None })
    }

    pub(super) fn found(mut self: Box<Self>, found: impl Into<String>) -> Box<Self> {
        self.found = Some(found.into());
        self
    }

    pub(super) fn remedy(mut self: Box<Self>, remedy: impl Into<String>) -> Box<Self> {
        self.remedy = Some(remedy.into());
        self
    }
}

/// What reading one piece gives.
pub(super) type Parse<T> = Result<T, Box<Fault>>;

/// A dated directive that takes effect; those that are only counted are not kept.
#[derive(Debug)]
pub(super) struct Directive<'a> {
    pub(super) date: NaiveDate,
    pub(super) file: u32,
    pub(super) pos: Pos,
    /// Where its text ends.
    pub(super) end: u32,
    pub(super) kind: Kind<'a>,
}

impl Directive<'_> {
    /// beancount's order within a day: open, balance, everything else, close; then by line.
    pub(super) fn order(&self) -> (NaiveDate, i8, u32) {
        let rank = match self.kind {
            Kind::Open(_) => -2,
            Kind::Balance(_) => -1,
            Kind::Close(_) => 2,
            _ => 0,
        };
        (self.date, rank, self.pos.line)
    }
}

#[derive(Debug)]
pub(super) enum Kind<'a> {
    Txn(Box<Txn<'a>>),
    Open(Box<Open>),
    Close(AccountId),
    Balance(Box<Balance>),
    Pad { account: AccountId, source: AccountId },
    Price { base: CurrencyId, rate: Decimal, quote: CurrencyId },
}

#[derive(Debug)]
pub(super) struct Open {
    pub(super) account: AccountId,
    pub(super) currencies: Vec<CurrencyId>,
    pub(super) booking: Option<Method>,
}

#[derive(Debug)]
pub(super) struct Balance {
    pub(super) account: AccountId,
    pub(super) number: Decimal,
    pub(super) number_pos: Pos,
    pub(super) tolerance: Option<Decimal>,
    pub(super) currency: CurrencyId,
}

#[derive(Debug)]
pub(super) struct CommodityDirective<'a> {
    pub(super) file: u32,
    pub(super) pos: Pos,
    pub(super) end: u32,
    pub(super) currency: CurrencyId,
    pub(super) meta: Vec<Meta<'a>>,
}

/// A metadata line; values are kept as text, nothing for `NULL` and empty values.
#[derive(Clone, Debug)]
pub(super) struct Meta<'a> {
    pub(super) key: &'a str,
    pub(super) value: Option<Cow<'a, str>>,
    pub(super) pos: Pos,
}

#[derive(Debug)]
pub(super) struct Txn<'a> {
    pub(super) flag: char,
    pub(super) payee: Option<Cow<'a, str>>,
    pub(super) narration: Cow<'a, str>,
    pub(super) tags: Vec<&'a str>,
    pub(super) links: Vec<&'a str>,
    pub(super) meta: Vec<Meta<'a>>,
    pub(super) postings: Vec<Posting<'a>>,
}

#[derive(Debug)]
pub(super) struct Posting<'a> {
    pub(super) pos: Pos,
    pub(super) flag: Option<char>,
    pub(super) account: AccountId,
    /// Absent where the posting ends after its account.
    pub(super) units: Option<Incomplete>,
    pub(super) cost: Option<Box<CostSpec<'a>>>,
    pub(super) price: Option<Box<Price>>,
    pub(super) meta: Vec<Meta<'a>>,
}

/// An amount of which either part may be left out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Incomplete {
    pub(super) pos: Pos,
    pub(super) number: Option<Decimal>,
    pub(super) currency: Option<CurrencyId>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Price {
    pub(super) amount: Incomplete,
    /// `@@`: for all units together.
    pub(super) total: bool,
}

/// A number that may be absent, or present but left to be computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Absent,
    Missing,
    Given(Decimal),
}

#[derive(Clone, Debug)]
pub(super) struct CostSpec<'a> {
    /// Per unit; `Given(0)` where only a total is written.
    pub(super) per: Part,
    /// Beside or instead of the cost per unit.
    pub(super) total: Part,
    pub(super) currency: Option<CurrencyId>,
    pub(super) date: Option<NaiveDate>,
    pub(super) label: Option<Cow<'a, str>>,
}

/// How a reduction finds its lots.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Method {
    #[default]
    Strict,
    StrictWithSize,
    None,
    Average,
    Fifo,
    Lifo,
    Hifo,
}

impl Method {
    pub(super) fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "STRICT" => Self::Strict,
            "STRICT_WITH_SIZE" => Self::StrictWithSize,
            "NONE" => Self::None,
            "AVERAGE" => Self::Average,
            "FIFO" => Self::Fifo,
            "LIFO" => Self::Lifo,
            "HIFO" => Self::Hifo,
            _ => return None,
        })
    }

    pub(super) const WORDS: &'static str = "STRICT, STRICT_WITH_SIZE, FIFO, LIFO, HIFO or NONE";
}
