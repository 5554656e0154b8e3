//! Walking through the text of one block, and saying where something in it is wrong.

use std::borrow::Cow;
use std::sync::Arc;

use crate::import::source::{Place, SourceError};

/// What is wrong with a block, as byte offsets into its text. Boxed: the good path should not carry it around.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    at: usize,
    len: usize,
    problem: String,
    remedy: Option<Cow<'static, str>>,
}

/// The result of parsing a piece of a block.
pub(super) type Parsed<T> = Result<T, Box<Fault>>;

/// A fault over `len` bytes from `at`.
pub(super) fn fault(at: usize, len: usize, problem: impl Into<String>) -> Box<Fault> {
    Box::new(Fault { at, len, problem: problem.into(), remedy: None })
}

impl Fault {
    /// The same with what to do about it.
    pub(super) fn remedy(mut self: Box<Self>, remedy: impl Into<Cow<'static, str>>) -> Box<Self> {
        self.remedy = Some(remedy.into());
        self
    }

    /// The fault as the user sees it. `line` is the line on which `text` begins.
    pub(super) fn error(&self, file: &Arc<str>, line: u32, text: &str) -> SourceError {
        let (line, column) = position(text, self.at, line);
        let end = self.at.saturating_add(self.len).min(text.len());
        let found = text.get(self.at..end).map(|found| found.trim_end().to_owned());
        SourceError {
            place: Place { file: Arc::clone(file), line, column },
            problem: self.problem.clone(),
            found: found.filter(|found| !found.is_empty()),
            remedy: self.remedy.as_ref().map(|remedy| remedy.clone().into_owned()),
            text: Some(text.trim_end_matches(['\n', '\r']).to_owned()),
        }
    }
}

/// Line and column (in characters, from 1) of a byte offset in a text that begins on line `first`.
fn position(text: &str, at: usize, first: u32) -> (u32, u32) {
    let before = text.get(..at).unwrap_or(text);
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let lines = before.bytes().filter(|byte| *byte == b'\n').count();
    let column = before.get(start..).unwrap_or_default().chars().count() + 1;
    (first.saturating_add(u32::try_from(lines).unwrap_or(u32::MAX)), u32::try_from(column).unwrap_or(0))
}

/// A position inside one line of a block. Offsets are those of the block, so that faults find their place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'a> {
    text: &'a str,
    /// Byte offset of what comes next.
    pub(super) pos: usize,
    /// Where the line ends.
    pub(super) end: usize,
}

impl<'a> Cursor<'a> {
    /// A cursor over `text[start..end]`.
    pub(super) fn new(text: &'a str, start: usize, end: usize) -> Self {
        Self { text, pos: start, end: end.min(text.len()) }
    }

    /// The same line from an earlier place on.
    pub(super) const fn back_to(self, pos: usize) -> Self {
        Self { pos, ..self }
    }

    /// The next byte.
    #[inline]
    pub(super) fn peek(&self) -> Option<u8> {
        self.byte(0)
    }

    /// The byte `ahead` of the next one.
    #[inline]
    pub(super) fn byte(&self, ahead: usize) -> Option<u8> {
        let at = self.pos + ahead;
        if at < self.end { self.text.as_bytes().get(at).copied() } else { None }
    }

    /// The next character.
    pub(super) fn char(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// What is left of the line.
    #[inline]
    pub(super) fn rest(&self) -> &'a str {
        self.slice(self.pos, self.end)
    }

    /// The text between two offsets; empty when they are no boundaries.
    #[inline]
    pub(super) fn slice(&self, start: usize, end: usize) -> &'a str {
        self.text.get(start..end).unwrap_or_default()
    }

    /// Skips spaces and tabs.
    #[inline]
    pub(super) fn skip_blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t')) {
            self.pos += 1;
        }
    }

    /// Skips `text` if it comes next.
    #[inline]
    pub(super) fn eat(&mut self, text: &str) -> bool {
        let found = self.rest().starts_with(text);
        if found {
            self.pos += text.len();
        }
        found
    }

    /// Whether nothing but a comment is left.
    #[inline]
    pub(super) fn is_done(&self) -> bool {
        matches!(self.peek(), None | Some(b';'))
    }

    /// The next run without spaces and tabs, skipped.
    pub(super) fn word(&mut self) -> &'a str {
        let start = self.pos;
        while !matches!(self.peek(), None | Some(b' ' | b'\t')) {
            self.pos += 1;
        }
        self.slice(start, self.pos)
    }

    /// What comes before `close`, which is skipped too; `None` (and no move) without it on this line.
    pub(super) fn until(&mut self, close: &str) -> Option<&'a str> {
        let rest = self.rest();
        let at = rest.find(close)?;
        self.pos += at + close.len();
        rest.get(..at)
    }

    /// A fault over the rest of the line up to a comment.
    pub(super) fn fault_here(&self, problem: impl Into<String>) -> Box<Fault> {
        let rest = self.rest();
        fault(self.pos, rest.find(';').filter(|at| *at > 0).unwrap_or(rest.len()), problem)
    }
}

/// The lines of a block as offsets, without line ends.
pub(super) struct Lines<'a> {
    text: &'a str,
    next: usize,
}

impl<'a> Lines<'a> {
    /// The lines of `text`.
    pub(super) const fn new(text: &'a str) -> Self {
        Self { text, next: 0 }
    }
}

impl Iterator for Lines<'_> {
    type Item = (usize, usize);

    #[inline]
    fn next(&mut self) -> Option<(usize, usize)> {
        let start = self.next;
        let rest = self.text.get(start..).filter(|rest| !rest.is_empty())?;
        let length = rest.find('\n').unwrap_or(rest.len());
        self.next = start + length + 1;
        let line = rest.get(..length).unwrap_or_default();
        Some((start, start + line.trim_end_matches('\r').len()))
    }
}
