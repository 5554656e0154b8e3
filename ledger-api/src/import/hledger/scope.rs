//! What directives have said so far and entries below them obey: year, aliases, prefixes, defaults.

use std::borrow::Cow;

use ledger_core::Text;

use super::Dialect;
use super::commodities::Com;

/// One `apply` that is not ended yet.
#[derive(Clone, Debug)]
pub(super) enum Apply {
    /// A prefix for account names.
    Account(Text),
    /// A tag on entries.
    Tag(Text, Text),
    /// A default year; holds the one before it.
    Year(Option<i32>),
}

impl Apply {
    /// The word behind `end apply`.
    pub(super) const fn word(&self) -> &'static str {
        match self {
            Self::Account(_) => "account",
            Self::Tag(..) => "tag",
            Self::Year(_) => "year",
        }
    }
}

/// The state of the directives.
#[derive(Clone, Debug, Default)]
pub(super) struct Scope {
    /// What a date without a year takes.
    pub(super) year: Option<i32>,
    /// hledger's `decimal-mark`.
    pub(super) decimal_mark: Option<char>,
    /// What an amount without a symbol is counted in (hledger's `D`).
    pub(super) default_commodity: Option<Com>,
    /// Ledger's `bucket`.
    pub(super) bucket: Option<Text>,
    /// Account aliases in order of appearance.
    aliases: Vec<(Text, Text)>,
    applied: Vec<Apply>,
    prefix: Text,
}

impl Scope {
    /// The state at the beginning of a journal.
    pub(super) fn new(year: Option<i32>) -> Self {
        Self { year, ..Self::default() }
    }

    /// Starts an `apply`.
    pub(super) fn push(&mut self, apply: Apply) {
        self.applied.push(apply);
        self.rebuild();
    }

    /// Ends the innermost `apply` of a kind (any kind without a word). False when there is none.
    pub(super) fn pop(&mut self, word: Option<&str>) -> bool {
        let Some(at) = self.applied.iter().rposition(|apply| word.is_none_or(|word| word == apply.word())) else { return false };
        if let Apply::Year(year) = self.applied.remove(at) {
            self.year = year;
        }
        self.rebuild();
        true
    }

    fn rebuild(&mut self) {
        self.prefix.clear();
        for apply in &self.applied {
            if let Apply::Account(name) = apply {
                self.prefix.push_str(name);
                self.prefix.push(':');
            }
        }
    }

    /// Tags that entries get.
    pub(super) fn tags(&self) -> impl Iterator<Item = (Text, Text)> + '_ {
        self.applied.iter().filter_map(|apply| match apply {
            Apply::Tag(key, value) => Some((key.clone(), value.clone())),
            _ => None,
        })
    }

    /// Lets one account name stand for another.
    pub(super) fn add_alias(&mut self, alias: &str, account: &str) {
        self.aliases.push((alias.into(), account.into()));
    }

    /// Forgets all aliases.
    pub(super) fn clear_aliases(&mut self) {
        self.aliases.clear();
    }

    /// At the end of an included file: what it may not change for the file that included it.
    pub(super) fn leave_file(&mut self, before: Self, dialect: Dialect) {
        match dialect {
            Dialect::Hledger => *self = before,
            Dialect::Ledger => {
                self.applied = before.applied;
                self.year = before.year;
                self.rebuild();
            }
        }
    }

    /// The full name of an account as written.
    #[inline]
    pub(super) fn account(&self, written: &str, dialect: Dialect) -> Text {
        if self.prefix.is_empty() && self.aliases.is_empty() {
            return Text::from(written);
        }
        match dialect {
            Dialect::Hledger => self.hledger_account(written),
            Dialect::Ledger => self.ledger_account(written),
        }
    }

    /// The prefix first, then every alias, the latest first, on the name or a parent of it.
    fn hledger_account(&self, written: &str) -> Text {
        let mut name = Cow::Owned(format!("{}{written}", self.prefix));
        for (alias, account) in self.aliases.iter().rev() {
            if let Some(rest) = below(&name, alias) {
                name = Cow::Owned(format!("{account}{rest}"));
            }
        }
        Text::from(name.as_ref())
    }

    /// An alias of the whole name or of its first part replaces the prefix.
    fn ledger_account(&self, written: &str) -> Text {
        let first = written.split(':').next().unwrap_or(written);
        let find = |name: &str| self.aliases.iter().rev().find(|(alias, _)| alias == name).map(|(_, account)| account);
        if let Some(account) = find(written) {
            return account.clone();
        }
        match find(first) {
            Some(account) => Text::from(format!("{account}{}", written.get(first.len()..).unwrap_or_default())),
            None => Text::from(format!("{}{written}", self.prefix)),
        }
    }
}

/// What follows `parent` in `name`, when `name` is it or lies below it.
fn below<'a>(name: &'a str, parent: &str) -> Option<&'a str> {
    name.strip_prefix(parent).filter(|rest| rest.is_empty() || rest.starts_with(':'))
}
