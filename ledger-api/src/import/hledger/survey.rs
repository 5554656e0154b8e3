//! A first look over the files, before anything is handed over: which commodities are declared, whether balances
//! must be kept at all, and whether hledger would sort the entries before it checks them.
//!
//! It may say yes too often, which costs memory; what is wrong in the files is reported by the second reading.

use chrono::NaiveDate;

use super::amount::Reader;
use super::commodities::Commodities;
use super::files::{Files, Main, Step};
use super::scope::Scope;
use super::text::Cursor;
use super::{Dialect, Options, date, directive};
use crate::import::source::{CommodityDecl, Place, ReadError, Sink};

/// What the first look found.
#[derive(Default)]
pub(super) struct Survey {
    /// Something like a balance assertion stands somewhere.
    pub(super) asserts: bool,
    /// A date is earlier than one before it, or a posting has a date of its own.
    pub(super) unsorted: bool,
    /// Declared commodities, each once, with the most digits declared for it.
    pub(super) commodities: Vec<CommodityDecl>,
}

struct Surveyor<'s> {
    survey: Survey,
    scope: Scope,
    commodities: Commodities,
    dialect: Dialect,
    sink: &'s dyn Sink,
    last: Option<NaiveDate>,
    until: Option<&'static str>,
}

/// Looks over all files.
///
/// # Errors
/// When a file cannot be read.
pub(super) fn survey(main: &Main, dialect: Dialect, options: &Options, sink: &dyn Sink) -> Result<Survey, ReadError> {
    let mut files = Files::open(main)?;
    let mut surveyor = Surveyor {
        survey: Survey::default(),
        scope: Scope::new(options.default_year),
        commodities: Commodities::default(),
        dialect,
        sink,
        last: None,
        until: None,
    };
    loop {
        match files.advance()? {
            Step::Done => return Ok(surveyor.survey),
            Step::Entered | Step::Left | Step::Refused { .. } => {}
            Step::Block => {
                let block = files.block();
                let included = surveyor.block(block.bytes, || Place { file: files.name(), line: block.line, column: 0 });
                if let Some(pattern) = included.filter(|_| !options.refuse_includes) {
                    // A wrong include is reported by the second reading.
                    drop(files.include(&pattern, 0, ""));
                }
            }
        }
    }
}

impl Surveyor<'_> {
    /// Looks at a block; returns what it includes.
    fn block(&mut self, bytes: &[u8], place: impl Fn() -> Place) -> Option<String> {
        if let Some(end) = self.until {
            if bytes.trim_ascii_end() == end.as_bytes() {
                self.until = None;
            }
            return None;
        }
        if bytes.first().is_some_and(u8::is_ascii_digit) {
            self.entry(bytes);
            return None;
        }
        if !bytes.first().is_some_and(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'!' | b'@')) {
            return None;
        }
        let text = String::from_utf8_lossy(bytes);
        let (word, rest) = directive::keyword(&text);
        match word {
            "include" => return Some(directive::argument(rest).to_owned()),
            "comment" => self.until = Some("end comment"),
            "test" => self.until = Some("end test"),
            "Y" | "year" => self.scope.year = rest.trim().parse().ok().or(self.scope.year),
            "apply" => {
                let year = rest.trim().strip_prefix("year").and_then(|year| year.trim().parse().ok());
                self.scope.year = year.or(self.scope.year);
            }
            "commodity" | "D" => self.commodity(word, &text, place()),
            _ => {}
        }
        None
    }

    fn entry(&mut self, bytes: &[u8]) {
        let header_end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
        if self.dialect == Dialect::Hledger && !self.survey.unsorted {
            self.order(bytes.get(..header_end.min(20)).unwrap_or_default());
        }
        let mut in_comment = false;
        let mut dated = false;
        for byte in bytes.get(header_end..).unwrap_or_default() {
            match byte {
                b'\n' => in_comment = false,
                b';' => in_comment = true,
                b'=' if !in_comment => self.survey.asserts = true,
                b'[' | b':' if in_comment => dated = true,
                _ => {}
            }
        }
        if dated && self.dialect == Dialect::Hledger {
            self.survey.unsorted |= bytes.contains(&b'[') || bytes.windows(5).any(|window| window == b"date:");
        }
    }

    fn order(&mut self, header: &[u8]) {
        let text = match std::str::from_utf8(header) {
            Ok(text) => text,
            Err(error) => std::str::from_utf8(header.get(..error.valid_up_to()).unwrap_or_default()).unwrap_or_default(),
        };
        let mut cursor = Cursor::new(text, 0, text.len());
        if let Ok(date) = date::date(&mut cursor, self.scope.year, self.dialect) {
            self.survey.unsorted |= self.last.is_some_and(|last| date < last);
            self.last = Some(date);
        }
    }

    fn commodity(&mut self, word: &str, text: &str, place: Place) {
        let mut reader = Reader { dialect: self.dialect, commodities: &mut self.commodities, scope: &self.scope, sink: self.sink };
        let Ok(declared) = directive::commodity(&mut reader, word, text) else { return };
        let decl = declared.declaration(place);
        match self.survey.commodities.iter_mut().find(|known| known.code == decl.code) {
            Some(known) => {
                known.scale = known.scale.max(decl.scale);
                known.name = known.name.take().or(decl.name);
            }
            None => self.survey.commodities.push(decl),
        }
    }
}
