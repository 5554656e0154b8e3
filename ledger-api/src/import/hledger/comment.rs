//! Comments: tags, dates of their own, and what is left for people.

use chrono::NaiveDate;
use ledger_core::Text;
use ledger_core::limits::{REFERENCE_BYTES_MAX, TAGS_MAX};

use super::Dialect;
use super::date::date;
use super::text::Cursor;

/// What the comments of an entry or of a posting say.
#[derive(Debug, Default)]
pub(super) struct Remarks {
    /// Tags in order.
    pub(super) tags: Vec<(Text, Text)>,
    /// Everything that was not only tags.
    pub(super) memo: Text,
    /// `date:` or `[DATE]`.
    pub(super) date: Option<NaiveDate>,
    /// `date2:` or `[=DATE]`.
    pub(super) date2: Option<NaiveDate>,
}

impl Remarks {
    /// Adds a comment, without its semicolon.
    pub(super) fn add(&mut self, comment: &str, dialect: Dialect, year: Option<i32>) {
        let comment = comment.trim();
        if comment.is_empty() {
            return;
        }
        let before = self.tags.len();
        let whole = match dialect {
            Dialect::Hledger => self.hledger_tags(comment, year),
            Dialect::Ledger => self.ledger_tags(comment),
        };
        if comment.contains('[') {
            self.bracketed_dates(comment, dialect, year);
        }
        if self.tags.len() == before || !whole {
            if !self.memo.is_empty() {
                self.memo.push('\n');
            }
            self.memo.push_str(comment);
        }
    }

    /// `name:value`, up to a comma. True when nothing stood before the first tag.
    fn hledger_tags(&mut self, comment: &str, year: Option<i32>) -> bool {
        let mut rest = comment;
        let mut whole = true;
        while let Some((before, after)) = rest.split_once(':') {
            let name = before.rsplit([' ', '\t', ',']).next().unwrap_or_default();
            whole &= before.trim_start().len() == name.len();
            if name.is_empty() {
                rest = after;
                whole = false;
                continue;
            }
            let (value, next) = after.split_once(',').unwrap_or((after, ""));
            self.dated_tag(name, value.trim(), year);
            rest = next;
        }
        whole && rest.trim().is_empty()
    }

    fn dated_tag(&mut self, name: &str, value: &str, year: Option<i32>) {
        let read = || date(&mut Cursor::new(value, 0, value.len()), year, Dialect::Hledger).ok();
        match name {
            "date" => self.date = read().or(self.date),
            "date2" => self.date2 = read().or(self.date2),
            _ => push_tag(&mut self.tags, name, value),
        }
    }

    /// `:one:two:` anywhere, `Key: value` at the beginning. True when that was all.
    fn ledger_tags(&mut self, comment: &str) -> bool {
        if !comment.contains(':') {
            return false;
        }
        let mut whole = true;
        for (place, word) in comment.split_ascii_whitespace().enumerate() {
            if word.len() >= 2 && word.starts_with(':') && word.ends_with(':') {
                word.split(':').filter(|tag| !tag.is_empty()).for_each(|tag| push_tag(&mut self.tags, tag, ""));
            } else if place == 0 && word.len() >= 2 && word.ends_with(':') {
                let value = comment.get(word.len()..).unwrap_or_default().trim();
                push_tag(&mut self.tags, word.trim_end_matches(':'), value);
                return true;
            } else {
                whole = false;
            }
        }
        whole
    }

    fn bracketed_dates(&mut self, comment: &str, dialect: Dialect, year: Option<i32>) {
        for inner in comment.split('[').skip(1).filter_map(|after| after.split_once(']')).map(|(inner, _)| inner) {
            let mut cursor = Cursor::new(inner, 0, inner.len());
            let first = if inner.starts_with('=') { None } else { date(&mut cursor, year, dialect).ok() };
            let second = if cursor.eat("=") { date(&mut cursor, year, dialect).ok() } else { None };
            if cursor.rest().is_empty() {
                self.date = first.or(self.date);
                self.date2 = second.or(self.date2);
            }
        }
    }

    /// Whether there is anything.
    pub(super) fn is_empty(&self) -> bool {
        self.tags.is_empty() && self.memo.is_empty() && self.date.is_none() && self.date2.is_none()
    }

    /// The dates as tags beside the others.
    pub(super) fn tags_with_dates(mut self) -> (Vec<(Text, Text)>, Text) {
        for (name, date) in [("date", self.date), ("date2", self.date2)] {
            if let Some(date) = date {
                push_tag(&mut self.tags, name, &date.to_string());
            }
        }
        (self.tags, self.memo)
    }
}

/// Adds a tag, kept within the limits of the books: what is longer ends in `…`.
pub(super) fn push_tag(tags: &mut Vec<(Text, Text)>, key: &str, value: &str) {
    if tags.len() < TAGS_MAX {
        tags.push((shortened(key, REFERENCE_BYTES_MAX), shortened(value, REFERENCE_BYTES_MAX)));
    }
}

/// A text of at most `bytes` bytes.
pub(super) fn shortened(text: &str, bytes: usize) -> Text {
    if text.len() <= bytes {
        return text.into();
    }
    let mut end = bytes - '…'.len_utf8();
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let mut short = Text::from(text.get(..end).unwrap_or_default());
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(comment: &str, dialect: Dialect) -> String {
        let mut remarks = Remarks::default();
        remarks.add(comment, dialect, Some(2010));
        let (tags, memo) = remarks.tags_with_dates();
        let tags: Vec<String> = tags.iter().map(|(key, value)| format!("{key}={value}")).collect();
        format!("{} | {memo}", tags.join(";"))
    }

    #[test]
    fn tags_of_both_dialects() {
        for (dialect, comment, want) in [
            (Dialect::Hledger, " plain words ", " | plain words"),
            (Dialect::Hledger, "a:1, b:two words,c:", "a=1;b=two words;c= | "),
            (Dialect::Hledger, "see x:1", "x=1 | see x:1"),
            (Dialect::Hledger, "date:2011/1/3", "date=2011-01-03 | date:2011/1/3"),
            (Dialect::Hledger, "date:1/3, date2:1/4", "date=2010-01-03;date2=2010-01-04 | date:1/3, date2:1/4"),
            (Dialect::Hledger, "[2011/01/02=2011/01/03]", "date=2011-01-02;date2=2011-01-03 | [2011/01/02=2011/01/03]"),
            (Dialect::Ledger, "[=2011/01/01]", "date2=2011-01-01 | [=2011/01/01]"),
            (Dialect::Ledger, ":one:two:", "one=;two= | "),
            (Dialect::Ledger, "Sample: a value: x", "Sample=a value: x | "),
            (Dialect::Ledger, "text :tag: more", "tag= | text :tag: more"),
            (Dialect::Ledger, "at 10:30", " | at 10:30"),
        ] {
            assert_eq!(read(comment, dialect), want, "{comment}");
        }
    }
}
