//! Which header stands for which field: by its own name, or as `--columns` says.

use ledger_core::Text;

use super::field::{Field, normalized};
use super::vocabulary::Vocabulary;

/// What a column is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A field of the row.
    Field(Field),
    /// A dimension: the tag with this key.
    Tag(Text),
}

impl Target {
    fn parse(name: &str) -> Option<Self> {
        match name.strip_prefix("tag:") {
            Some(key) => Some(Self::Tag(key.trim().into())).filter(|_| !key.trim().is_empty()),
            None => Vocabulary::named(name).map(Self::Field),
        }
    }

    fn name(&self) -> String {
        match self {
            Self::Field(field) => field.name().to_owned(),
            Self::Tag(key) => format!("tag:{key}"),
        }
    }
}

/// The mapping stated with `--columns field=header,…`. Empty: headers speak for themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Columns {
    /// A field and the header that carries it; no header means the field is not read.
    stated: Vec<(Target, Option<String>)>,
    /// What headers mean that nobody states.
    vocabulary: Vocabulary,
}

/// A header row that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderFlaw {
    /// What is wrong and what was expected.
    pub problem: String,
    /// What to do.
    pub remedy: String,
}

/// Where each field stands in a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Column of each field, by [`Field::index`].
    pub(crate) index: [Option<usize>; Field::COUNT],
    /// Columns kept as tags.
    pub(crate) tags: Vec<(Text, usize)>,
    /// The headers, for messages.
    pub(crate) headers: Vec<String>,
    /// Columns that are not imported.
    pub(crate) ignored: Vec<usize>,
}

impl Plan {
    /// A plan that knows the headers and no field of a journal.
    pub(crate) fn of_headers(headers: &[String]) -> Self {
        Self { index: [None; Field::COUNT], tags: Vec::new(), headers: headers.to_vec(), ignored: Vec::new() }
    }

    /// How many columns the plan understands: the better of two delimiters understands more.
    pub(crate) fn understood(&self) -> usize {
        self.index.iter().flatten().count() + self.tags.len()
    }
}

impl Columns {
    /// Reads `field=header,field=header`. A header may be quoted as in CSV when it has a comma. `field=` leaves the
    /// field out although a header has its name.
    ///
    /// # Errors
    /// A sentence naming the part that is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut columns = Self::default();
        for part in split_quoted(text) {
            let part = part.trim();
            if part.is_empty() {
                continue;
            }
            let (name, header) = part.split_once('=').ok_or_else(|| format!("expected field=header, found `{part}`"))?;
            let target = Target::parse(name.trim()).ok_or_else(|| {
                let names: Vec<&str> = Field::ALL.iter().map(|field| field.name()).collect();
                format!("`{}` is not a field; the fields are {} and tag:NAME", name.trim(), names.join(", "))
            })?;
            let header = Some(header.trim().to_owned()).filter(|header| !header.is_empty());
            if columns.stated.iter().any(|(other, _)| *other == target) {
                return Err(format!("`{}` is mapped twice", target.name()));
            }
            if let Some((other, _)) = columns.stated.iter().find(|(_, taken)| taken.is_some() && *taken == header) {
                return Err(format!(
                    "the header `{}` is mapped to both {} and {}",
                    header.unwrap_or_default(),
                    other.name(),
                    target.name()
                ));
            }
            columns.stated.push((target, header));
        }
        Ok(columns)
    }

    /// The same mapping over headers of another kind of source.
    #[must_use]
    pub(crate) fn in_vocabulary(self, vocabulary: Vocabulary) -> Self {
        Self { vocabulary, ..self }
    }

    pub(crate) const fn vocabulary(&self) -> Vocabulary {
        self.vocabulary
    }

    /// What `--columns` says a header stands for.
    pub(crate) fn stated_for(&self, header: &str) -> Option<&Target> {
        self.stated.iter().find(|(_, taken)| taken.as_deref() == Some(header.trim())).map(|(target, _)| target)
    }

    /// Whether `--columns` says where this field stands, or that it is not read.
    pub(crate) fn states(&self, field: Field) -> bool {
        self.stated.iter().any(|(target, _)| *target == Target::Field(field))
    }

    /// Whether a header may take this field without being asked to: not when `--columns` states the field, nor
    /// when it states the other way to write amounts.
    fn is_free(&self, field: Field) -> bool {
        let maps = |fields: &[Field]| {
            self.stated.iter().any(|(target, header)| header.is_some() && matches!(target, Target::Field(f) if fields.contains(f)))
        };
        !self.states(field)
            && match field {
                Field::Amount | Field::Side => !maps(&[Field::Debit, Field::Credit]),
                Field::Debit | Field::Credit => !maps(&[Field::Amount]),
                Field::Functional => !maps(&[Field::FunctionalDebit, Field::FunctionalCredit]),
                Field::FunctionalDebit | Field::FunctionalCredit => !maps(&[Field::Functional]),
                _ => true,
            }
    }

    /// What a name in a source means; nothing when nobody knows it.
    #[must_use]
    pub fn target_of(&self, name: &str) -> Option<Target> {
        let name = name.trim();
        if let Some((target, _)) = self.stated.iter().find(|(_, header)| header.as_deref() == Some(name)) {
            return Some(target.clone());
        }
        if name.starts_with("tag:") {
            return Target::parse(name).filter(|target| !self.stated.iter().any(|(other, _)| other == target));
        }
        self.vocabulary.field_of(name).filter(|field| self.is_free(*field)).map(Target::Field)
    }

    /// Where each field stands under these headers.
    ///
    /// # Errors
    /// [`HeaderFlaw`] when a mapped header is not there, when two headers claim one field, or when what every
    /// journal needs is missing.
    pub(crate) fn resolve(&self, headers: &[String]) -> Result<Plan, HeaderFlaw> {
        let mut plan = Plan::of_headers(headers);
        self.check_stated(headers)?;
        for (column, header) in headers.iter().enumerate() {
            match self.target_of(header) {
                Some(Target::Field(field)) => {
                    if let Some(other) = plan.index[field.index()].replace(column) {
                        return Err(two_headers(headers, field.name(), other, column));
                    }
                }
                Some(Target::Tag(key)) => {
                    if let Some((_, other)) = plan.tags.iter().find(|(taken, _)| *taken == key) {
                        return Err(two_headers(headers, &format!("tag:{key}"), *other, column));
                    }
                    plan.tags.push((key, column));
                }
                None => plan.ignored.push(column),
            }
        }
        Ok(plan)
    }

    /// Checks that every header named by `--columns` is there.
    pub(crate) fn check_stated(&self, headers: &[String]) -> Result<(), HeaderFlaw> {
        for (target, header) in &self.stated {
            let Some(header) = header else { continue };
            if !headers.iter().any(|found| found.trim() == header) {
                let near = headers.iter().find(|found| normalized(found) == normalized(header));
                return Err(HeaderFlaw {
                    problem: format!("--columns maps {} to the header `{header}`, which is not there; {}", target.name(), list(headers)),
                    remedy: near.map_or_else(
                        || "map it to one of these".to_owned(),
                        |near| format!("write it as it stands: {}={}", target.name(), near.trim()),
                    ),
                });
            }
        }
        Ok(())
    }
}

impl Plan {
    /// Whether a field has a column.
    pub(crate) fn has(&self, field: Field) -> bool {
        self.index[field.index()].is_some()
    }

    /// Checks that the columns of a journal are there and say amounts in one way only.
    pub(crate) fn check_journal(&self) -> Result<(), HeaderFlaw> {
        if let Some(field) = Field::ALL.iter().find(|field| self.has(**field) && !Field::OF_JOURNALS.contains(field)) {
            return Err(HeaderFlaw {
                problem: format!("journals have no {}", field.name()),
                remedy: "leave it out of --columns, or say what the rows are with --kind invoices, bills or payments".to_owned(),
            });
        }
        let missing: Vec<&str> =
            [Field::Entry, Field::Date, Field::Account].iter().filter(|field| !self.has(**field)).map(|field| field.name()).collect();
        let amounts = self.has(Field::Amount) || self.has(Field::Debit) || self.has(Field::Credit);
        if !missing.is_empty() || !amounts {
            let mut wanted = missing.join(", ");
            if !amounts {
                wanted.push_str(if missing.is_empty() { "amount or debit and credit" } else { ", amount or debit and credit" });
            }
            return Err(HeaderFlaw {
                problem: format!("no column for {wanted}; {}", list(&self.headers)),
                remedy: "name the headers with --columns entry=HEADER,date=HEADER,account=HEADER,debit=HEADER,credit=HEADER".to_owned(),
            });
        }
        if self.has(Field::Debit) != self.has(Field::Credit) {
            let (have, lack) = if self.has(Field::Debit) { ("debit", "credit") } else { ("credit", "debit") };
            return Err(HeaderFlaw {
                problem: format!("there is a column for {have} but none for {lack}; {}", list(&self.headers)),
                remedy: format!("name it with --columns {lack}=HEADER, or map a signed one with --columns amount=HEADER"),
            });
        }
        self.check_amounts()
    }

    fn check_amounts(&self) -> Result<(), HeaderFlaw> {
        if self.has(Field::Amount) && self.has(Field::Debit) {
            return Err(HeaderFlaw {
                problem: format!("amounts are there twice, as amount and as debit and credit; {}", list(&self.headers)),
                remedy: "choose with --columns amount=HEADER or --columns debit=HEADER,credit=HEADER".to_owned(),
            });
        }
        if self.has(Field::Side) && !self.has(Field::Amount) {
            return Err(HeaderFlaw {
                problem: format!("a column of sides (`{}`) needs one of amounts beside it", self.header(Field::Side)),
                remedy: "leave it out with --columns side=".to_owned(),
            });
        }
        if self.has(Field::Functional) && (self.has(Field::FunctionalDebit) || self.has(Field::FunctionalCredit)) {
            return Err(HeaderFlaw {
                problem: format!("functional amounts are there twice, signed and as debit and credit; {}", list(&self.headers)),
                remedy: "leave one out with --columns functional= or --columns functional_debit=,functional_credit=".to_owned(),
            });
        }
        Ok(())
    }

    fn header(&self, field: Field) -> &str {
        self.index[field.index()].and_then(|column| self.headers.get(column)).map_or("", String::as_str)
    }

    /// The sentence for the summary about columns that are left out.
    pub(crate) fn remark(&self) -> Option<String> {
        let names: Vec<&str> = self
            .ignored
            .iter()
            .filter_map(|column| self.headers.get(*column))
            .map(|header| header.trim())
            .filter(|h| !h.is_empty())
            .collect();
        let first = names.first()?;
        Some(format!("columns not imported: {} (keep one as a tag with --columns \"tag:{first}={first}\")", names.join(", ")))
    }
}

/// "the headers are …" for messages.
pub(crate) fn list(headers: &[String]) -> String {
    let names: Vec<String> = headers.iter().take(40).map(|header| header.trim().chars().take(60).collect()).collect();
    let more = if headers.len() > names.len() { format!(" and {} more", headers.len() - names.len()) } else { String::new() };
    format!("the headers are: {}{more}", names.join(", "))
}

pub(crate) fn two_headers(headers: &[String], field: &str, first: usize, second: usize) -> HeaderFlaw {
    let name = |column: usize| headers.get(column).map_or("", |header| header.trim());
    let (one, two) = (name(first), name(second));
    let remedy = if one == two {
        "rename one of them in the file".to_owned()
    } else {
        format!("choose with --columns {field}={one} or --columns {field}={two}")
    };
    HeaderFlaw {
        problem: format!("two columns are headed as {field}: `{one}` (column {}) and `{two}` (column {})", first + 1, second + 1),
        remedy,
    }
}

fn split_quoted(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut quoted = false;
    for c in text.chars() {
        match (c, parts.last_mut()) {
            ('"', _) => quoted = !quoted,
            (',', _) if !quoted => parts.push(String::new()),
            (c, Some(part)) => part.push(c),
            (_, None) => {}
        }
    }
    parts
}
