//! From a JSON object to a row: names to fields, values to texts, every place kept.

use std::borrow::Cow;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::import::source::{Place, SourceError};
use crate::import::tabular::buffer::position;
use crate::import::tabular::columns::Target;
use crate::import::tabular::row::{Row, shortened};
use crate::import::tabular::vocabulary::Vocabulary;
use crate::import::tabular::{Field, Options};

/// The members of an object in their order, values as they stood.
pub(crate) type Members<'a> = Vec<(Cow<'a, str>, &'a RawValue)>;

struct Object<'a>(Members<'a>);

impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Members<'de>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::with_capacity(12);
                while let Some(Name(name)) = map.next_key()? {
                    members.push((name, map.next_value()?));
                }
                Ok(members)
            }
        }
        deserializer.deserialize_map(Collect).map(Self)
    }
}

struct Name<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Name<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = Cow<'de, str>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a name")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Cow::Borrowed(text))
            }
            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Cow::Owned(text.to_owned()))
            }
        }
        deserializer.deserialize_str(Text).map(Self)
    }
}

/// What an object stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// A line of an entry, with the entry's key.
    Row,
    /// An entry with an array of lines.
    Header,
    /// An element of that array.
    Line,
}

/// The line of the file that is being read.
pub(crate) struct Context<'a> {
    pub(crate) text: &'a str,
    pub(crate) line: u32,
    pub(crate) file: &'a Arc<str>,
    pub(crate) options: &'a Options,
}

#[derive(Debug)]
struct Cell<'a> {
    name: Cow<'a, str>,
    value: Cow<'a, str>,
    /// Where the value begins in the line, in bytes.
    offset: usize,
}

/// A row made of an object.
pub(crate) struct JsonRow<'a> {
    text: &'a str,
    line: u32,
    cells: Vec<Cell<'a>>,
    /// Position in `cells` plus one, by [`Field::index`]; 0 for none.
    index: [u8; Field::COUNT],
    tags: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    header: Option<&'a JsonRow<'a>>,
    begin: usize,
}

impl<'a> Context<'a> {
    /// Takes an object apart.
    pub(crate) fn object(&self, text: &'a str) -> Result<Members<'a>, SourceError> {
        serde_json::from_str::<Object<'a>>(text)
            .map(|object| object.0)
            .map_err(|error| self.syntax(text, &error, "expected a JSON object", "write one object per line"))
    }

    /// Takes an array apart.
    pub(crate) fn array(&self, value: &'a RawValue) -> Result<Vec<&'a RawValue>, SourceError> {
        serde_json::from_str(value.get())
            .map_err(|error| self.syntax(value.get(), &error, "field `lines`: expected an array of objects", "write \"lines\":[{…},{…}]"))
    }

    /// The row that an object stands for, and what is wrong with it if anything is. Even then the row is there as
    /// far as it could be read, so that its entry can be found.
    pub(crate) fn row(
        &self,
        text: &'a str,
        members: &Members<'a>,
        role: Role,
        header: Option<&'a JsonRow<'a>>,
    ) -> (JsonRow<'a>, Option<SourceError>) {
        let mut row = JsonRow {
            text: self.text,
            line: self.line,
            cells: Vec::with_capacity(members.len()),
            index: [0; Field::COUNT],
            tags: Vec::new(),
            header,
            begin: self.offset(text),
        };
        let mut flaw = None;
        let mut has_lines = false;
        for (name, value) in members {
            let result = if name == "lines" && role == Role::Header {
                if std::mem::replace(&mut has_lines, true) {
                    Err(self.refusal(value.get(), "the name `lines` is there twice".to_owned(), "keep one"))
                } else {
                    Ok(())
                }
            } else {
                self.add(&mut row, name.clone(), value, role)
            };
            flaw = flaw.or(result.err());
        }
        (row, flaw)
    }

    fn add(&self, row: &mut JsonRow<'a>, name: Cow<'a, str>, value: &'a RawValue, role: Role) -> Result<(), SourceError> {
        let raw = value.get();
        let target = self.options.columns.target_of(&name).ok_or_else(|| {
            let remedy = format!("remove it, or say what it is with --columns field={name} or --columns tag:{name}={name}");
            self.refusal(raw, format!("the field `{}` is not known", shortened(&name)), &remedy)
        })?;
        let field = match target {
            Target::Tag(key) => {
                if let Some(text) = self.scalar(&name, raw, false)? {
                    row.tags.push((Cow::Owned(key.to_string()), text));
                }
                return Ok(());
            }
            Target::Field(Field::Tags) if raw.starts_with('{') => return self.add_tags(row, raw),
            Target::Field(field) => field,
        };
        self.check_role(&name, field, raw, role)?;
        if let Some(other) = row.cell_of(field) {
            let problem = format!("`{name}` says the {} a second time, `{}` does already", field.name(), other.name);
            return Err(self.refusal(raw, problem, "keep one of them"));
        }
        if let Some(value) = self.scalar(&name, raw, is_amount(field))? {
            row.cells.push(Cell { name, value, offset: self.offset(raw) });
            // More members than a byte counts cannot all be different fields.
            row.index[field.index()] = u8::try_from(row.cells.len()).unwrap_or(0);
        }
        Ok(())
    }

    fn add_tags(&self, row: &mut JsonRow<'a>, raw: &'a str) -> Result<(), SourceError> {
        for (key, value) in self.object(raw)? {
            if let Some(text) = self.scalar(&key, value.get(), false)? {
                row.tags.push((key, text));
            }
        }
        Ok(())
    }

    fn check_role(&self, name: &str, field: Field, raw: &str, role: Role) -> Result<(), SourceError> {
        let vocabulary = self.options.columns.vocabulary();
        if !vocabulary.reads(field) {
            let remedy = format!("remove it, or keep it as a tag with --columns tag:{name}={name}");
            return Err(self.refusal(raw, format!("`{name}` is no field of {}", vocabulary.as_str()), &remedy));
        }
        match role {
            Role::Line if vocabulary != Vocabulary::Journal => match vocabulary.is_of_line(field) {
                true => Ok(()),
                false => {
                    Err(self.refusal(raw, format!("`{name}` belongs to the document, not to one of its lines"), "move it beside `lines`"))
                }
            },
            Role::Header if vocabulary != Vocabulary::Journal => match vocabulary.is_of_whole(field) {
                true => Ok(()),
                false => Err(self.refusal(
                    raw,
                    format!("`{name}` belongs to a line, not to the document"),
                    "move it into the objects of `lines`",
                )),
            },
            Role::Line if field.is_of_entry() => {
                Err(self.refusal(raw, format!("`{name}` belongs to the entry, not to one of its lines"), "move it beside `lines`"))
            }
            Role::Header if !field.is_of_entry() && !is_default(field) && !matches!(field, Field::Description | Field::Tags) => {
                Err(self.refusal(raw, format!("`{name}` belongs to a line, not to the entry"), "move it into the objects of `lines`"))
            }
            _ => Ok(()),
        }
    }

    /// The text of a value: a string, or the digits of a number as they stand. Nothing for null.
    fn scalar(&self, name: &str, raw: &'a str, is_amount: bool) -> Result<Option<Cow<'a, str>>, SourceError> {
        match raw.as_bytes().first() {
            Some(b'"') if !raw.contains('\\') => Ok(raw.get(1..raw.len().saturating_sub(1)).map(Cow::Borrowed)),
            Some(b'"') => match serde_json::from_str::<String>(raw) {
                Ok(text) if !text.contains('\0') => Ok(Some(Cow::Owned(text))),
                Ok(_) => Err(self.refusal(raw, format!("field `{name}`: a NUL character is no text"), "remove it")),
                Err(error) => Err(self.syntax(raw, &error, "expected a text", "fix the text")),
            },
            Some(b'-' | b'0'..=b'9') if is_amount && self.options.numbers.decimal_mark != '.' => {
                Ok(Some(Cow::Owned(raw.replace('.', ","))))
            }
            Some(b'-' | b'0'..=b'9') => Ok(Some(Cow::Borrowed(raw))),
            Some(b'n') => Ok(None),
            _ => Err(self.refusal(raw, format!("field `{name}`: expected a text or a number"), "write the value in quotes")),
        }
    }

    fn offset(&self, part: &str) -> usize {
        part.as_ptr().addr().checked_sub(self.text.as_ptr().addr()).filter(|offset| *offset <= self.text.len()).unwrap_or(0)
    }

    fn refusal(&self, raw: &str, problem: String, remedy: &str) -> SourceError {
        let (line, column) = position(self.text.as_bytes(), self.offset(raw), self.line);
        let place = Place { file: self.file.clone(), line, column };
        SourceError { place, problem, found: Some(shortened(raw)), remedy: Some(remedy.to_owned()), text: None }
    }

    fn syntax(&self, part: &str, error: &serde_json::Error, expected: &str, remedy: &str) -> SourceError {
        let inner = error.column().saturating_sub(1);
        let offset = self.offset(part) + inner;
        let (line, column) = position(self.text.as_bytes(), offset, self.line);
        let said = error.to_string();
        let said = said.split(" at line ").next().unwrap_or_default();
        let found = self.text.get(offset..).map(shortened).filter(|text| !text.is_empty());
        let place = Place { file: self.file.clone(), line, column };
        SourceError { place, problem: format!("{expected}: {said}"), found, remedy: Some(remedy.to_owned()), text: None }
    }
}

/// Fields that an entry may say once for all its lines.
fn is_default(field: Field) -> bool {
    matches!(field, Field::Currency | Field::Party | Field::Document | Field::DueDate)
}

fn is_amount(field: Field) -> bool {
    matches!(
        field,
        Field::Debit
            | Field::Credit
            | Field::Amount
            | Field::Functional
            | Field::FunctionalDebit
            | Field::FunctionalCredit
            | Field::Rate
            | Field::Quantity
            | Field::UnitPrice
            | Field::BankCharge
            | Field::Settled
    )
}

impl<'a> JsonRow<'a> {
    fn cell_of(&self, field: Field) -> Option<&Cell<'a>> {
        let position = usize::from(self.index[field.index()]).checked_sub(1)?;
        self.cells.get(position)
    }
}

impl Row for JsonRow<'_> {
    fn cell(&self, field: Field) -> Option<&str> {
        // What a line of an entry does not say, its header may.
        let own = self.cell_of(field).map(|cell| cell.value.trim()).filter(|text| !text.is_empty());
        match own {
            None if is_default(field) => self.header.and_then(|header| header.cell(field)),
            own => own,
        }
    }

    fn tags(&self) -> impl Iterator<Item = (&str, &str)> {
        self.tags.iter().map(|(key, value)| (key.trim(), value.trim())).filter(|(_, value)| !value.is_empty())
    }

    fn locate(&self, field: Option<Field>) -> (u32, u32) {
        let cell = field.and_then(|field| self.cell_of(field).or_else(|| self.header.and_then(|header| header.cell_of(field))));
        let offset = cell.map_or(self.begin, |cell| cell.offset);
        position(self.text.as_bytes(), offset, self.line)
    }

    fn label(&self, field: Field) -> String {
        format!("field `{}`", self.cell_of(field).map_or(field.name(), |cell| cell.name.as_ref()))
    }

    fn raw(&self) -> &str {
        self.text
    }

    fn line(&self) -> u32 {
        self.line
    }
}
