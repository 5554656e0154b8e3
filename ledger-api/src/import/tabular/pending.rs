//! The entry whose rows are being read: what its rows must agree on, and what they add up to.

use std::sync::Arc;

use chrono::NaiveDate;
use ledger_core::limits::{DESCRIPTION_BYTES_MAX, NAME_BYTES_MAX, REFERENCE_BYTES_MAX};
use ledger_core::{AccountRef, AccountType, DraftEntry, DraftLine, EntryKind, Text, Units};
use rustc_hash::FxHashMap;

use super::field::Field;
use super::line::{ReadLine, date, limited};
use super::row::{Flaw, Row};
use super::{KeyUse, Options, words};
use crate::import::source::{AccountDecl, Place, SourceEntry, SourceError};

/// Accounts declared so far: their type and the line that declared them.
pub(crate) type Accounts = FxHashMap<Text, (Option<AccountType>, u32)>;

/// An entry in the making.
#[derive(Default)]
pub(crate) struct Pending {
    pub(crate) key: Option<Text>,
    /// Line of its first row.
    pub(crate) line: u32,
    pub(crate) rows: usize,
    pub(crate) date: Option<(NaiveDate, u32)>,
    kind: Option<(EntryKind, u32)>,
    external_id: Option<(Text, u32)>,
    description: Text,
    pub(crate) tags: Vec<(Text, Text)>,
    pub(crate) lines: Vec<DraftLine>,
    places: Vec<u32>,
    /// Currency position, minor units and whether they stood on the credit side, for the control totals.
    pub(crate) sides: Vec<(usize, Units, bool)>,
    /// Accounts first met in this entry.
    pub(crate) accounts: Vec<AccountDecl>,
    /// The first problem found; the entry is refused for it.
    pub(crate) problem: Option<SourceError>,
    pub(crate) more_problems: u32,
    /// Whether its source text is too large to be given back.
    pub(crate) too_large: bool,
}

impl Pending {
    pub(crate) fn new(key: Option<&str>, line: u32) -> Self {
        Self { key: key.map(Text::from), line, ..Self::default() }
    }

    /// Refuses the entry for this, unless it is refused already.
    pub(crate) fn blame(&mut self, error: SourceError) {
        if self.problem.is_some() {
            self.more_problems = self.more_problems.saturating_add(1);
        } else {
            self.problem = Some(error);
            (self.lines, self.places, self.accounts) = (Vec::new(), Vec::new(), Vec::new());
        }
    }

    /// Refuses the entry because its text is too large to be kept for a rejects file.
    pub(crate) fn blame_size(&mut self, place: Place) {
        if !self.too_large {
            self.too_large = true;
            let problem = "the entry's text is too large (16 MiB at most)".to_owned();
            self.blame(SourceError { place, problem, found: None, remedy: Some("split the entry".to_owned()), text: None });
        }
    }

    /// What a row says about the entry as a whole. Empty cells say nothing; two rows may not disagree.
    pub(crate) fn add_header(&mut self, row: &impl Row, options: &Options) -> Result<(), Flaw> {
        if let Some(found) = date(row, Field::Date, options)? {
            agree(&mut self.date, found, row, Field::Date, ToString::to_string)?;
        }
        if let Some(word) = row.cell(Field::Kind) {
            let kind = EntryKind::parse(word).filter(|kind| *kind != EntryKind::Reversal).ok_or_else(|| {
                let expected = "expected ordinary, opening, closing or adjusting";
                Flaw::cell(Field::Kind, word, expected, "write one of these, or leave it empty for ordinary")
            })?;
            agree(&mut self.kind, kind, row, Field::Kind, |kind| kind.as_str().to_owned())?;
        }
        if let Some(id) = row.cell(Field::ExternalId) {
            let id = Text::from(limited(Field::ExternalId, id, REFERENCE_BYTES_MAX)?);
            agree(&mut self.external_id, id, row, Field::ExternalId, ToString::to_string)?;
        }
        if let Some(text) = row.cell(Field::Description) {
            limited(Field::Description, text, DESCRIPTION_BYTES_MAX)?;
            if self.description.is_empty() {
                self.description = text.into();
            }
        }
        Ok(())
    }

    /// Notes the account of a line the first time the file says something about it.
    pub(crate) fn add_account(&mut self, row: &impl Row, line: &DraftLine, known: &Accounts, file: &Arc<str>) -> Result<(), Flaw> {
        let (name, word) = (row.cell(Field::AccountName), row.cell(Field::AccountType));
        let AccountRef::Code(code) = &line.account else { return Ok(()) };
        if name.is_none() && word.is_none() {
            return Ok(());
        }
        let name = name.map(|name| limited(Field::AccountName, name, NAME_BYTES_MAX)).transpose()?;
        let stated = word.map(type_word).transpose()?;
        let kind = stated.map(|stated| stated.kind);
        let earlier = known
            .get(code)
            .copied()
            .or_else(|| self.accounts.iter().find(|decl| decl.code == *code).map(|decl| (decl.kind, decl.place.line)));
        match (earlier, kind) {
            (Some((Some(first), on)), Some(now)) if first != now => Err(Flaw::cell(
                Field::AccountType,
                word.unwrap_or_default(),
                format!("the account `{code}` is of type {} on line {on}", first.as_str()),
                "an account has one type: fix one of the two",
            )),
            (Some((Some(_), _)), _) | (Some((None, _)), None) => Ok(()),
            (None, _) | (Some((None, _)), Some(_)) => {
                let (line, column) = row.locate(Some(Field::Account));
                self.accounts.push(AccountDecl {
                    code: code.clone(),
                    name: name.map(Text::from),
                    kind,
                    sub_type: stated.and_then(|stated| stated.sub_type),
                    contra: stated.filter(|stated| stated.contra).map(|_| true),
                    place: Place { file: file.clone(), line, column },
                    ..AccountDecl::default()
                });
                Ok(())
            }
        }
    }

    /// Adds a line. A description that differs from the entry's becomes the line's memo.
    pub(crate) fn push(&mut self, mut read: ReadLine, row: &impl Row) {
        if self.problem.is_some() {
            return;
        }
        if let Some(text) = row.cell(Field::Description).filter(|text| *text != self.description) {
            let detail = read.line.detail.get_or_insert_default();
            detail.memo.get_or_insert_with(|| text.into());
        }
        self.lines.push(read.line);
        self.places.push(row.line());
        self.sides.push((read.currency, read.units, read.is_credit));
    }

    /// The entry, when all its rows are in. Its date is known to be there.
    pub(crate) fn into_entry(mut self, options: &Options, file: &Arc<str>, text: Option<String>) -> SourceEntry {
        let mut external_id = self.external_id.map(|(id, _)| id);
        match options.key_use {
            KeyUse::ExternalId => external_id = external_id.or(self.key),
            KeyUse::Tag => self.tags.extend(self.key.map(|key| (Text::const_new("entry"), key))),
            KeyUse::Nothing => {}
        }
        let draft = DraftEntry {
            effective_date: self.date.map(|(date, _)| date).unwrap_or_default(),
            description: self.description,
            kind: self.kind.map(|(kind, _)| kind).unwrap_or_default(),
            external_id,
            tags: self.tags,
            lines: self.lines,
            rounding_account: None,
        };
        SourceEntry { draft, place: Place { file: file.clone(), line: self.line, column: 0 }, line_places: self.places, text }
    }
}

/// Reads an account type.
pub(crate) fn type_word(word: &str) -> Result<words::TypeWord, Flaw> {
    words::account_type(word).ok_or_else(|| {
        let problem = format!("expected an account type: {}", words::TYPE_WORDS);
        Flaw::cell(Field::AccountType, word, problem, "write one of these")
    })
}

fn agree<T: PartialEq>(
    kept: &mut Option<(T, u32)>,
    found: T,
    row: &impl Row,
    field: Field,
    show: impl Fn(&T) -> String,
) -> Result<(), Flaw> {
    match kept {
        None => {
            *kept = Some((found, row.line()));
            Ok(())
        }
        Some((first, _)) if *first == found => Ok(()),
        Some((first, on)) => Err(Flaw::cell(
            field,
            row.cell(field).unwrap_or_default(),
            format!("the rows of an entry have one {}, this entry's is {} on line {on}", field.name(), show(first)),
            "give the entry one value, or its rows different keys",
        )),
    }
}
