//! Invoices, bills and payments: as separated values with one row per document or per line of one, or as JSON lines
//! with one object per document and its `lines`.
//!
//! Each becomes a document of the book, numbered, taxed and due as it says; a payment settles what it names, else
//! what is due first. Parties are registered and control accounts made as they are met. `number` is the document's,
//! `account` what a line is for (invoices, bills) or where the money went (payments), `document` what a payment pays.
//!
//! Here: what rows mean ([`mod@build`], [`mod@whole`], [`mod@line`]). Not here: how rows are written (`csv`, `jsonl`), what a
//! document does to the books (the core), posting (`import::run`).

mod build;
mod line;
mod whole;
mod words;

use std::io::Read;
use std::sync::Arc;

use ledger_core::Text;
use ledger_core::subledger::{Side, TaxRounding};

use super::csv::table::{Table, Turn};
use super::jsonl::lines::Turn as LineTurn;
use super::jsonl::object::{Context, Role};
use super::jsonl::{open, unreadable};
use super::source::{Place, ReadError, Sink, SourceError, SourceNotes};
use super::tabular::columns::{HeaderFlaw, Plan, list};
use super::tabular::line::missing;
use super::tabular::row::{Flaw, Row};
use super::tabular::vocabulary::Vocabulary;
use super::tabular::{Field, Options};
use build::Builder;
pub(crate) use words::terms;

/// What the rows of a file are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// What customers owe.
    Invoices,
    /// What vendors are owed.
    Bills,
    /// Money received or sent.
    Payments(Side),
}

impl Kind {
    /// The word of the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.vocabulary().as_str()
    }

    /// The sub-ledger.
    #[must_use]
    pub const fn side(self) -> Side {
        match self {
            Self::Invoices => Side::Receivable,
            Self::Bills => Side::Payable,
            Self::Payments(side) => side,
        }
    }

    const fn vocabulary(self) -> Vocabulary {
        match self {
            Self::Invoices => Vocabulary::Invoices,
            Self::Bills => Vocabulary::Bills,
            Self::Payments(_) => Vocabulary::Payments,
        }
    }

    /// What every row has, in one of these ways.
    const fn needs(self) -> &'static [&'static [Field]] {
        match self {
            Self::Invoices | Self::Bills => {
                &[&[Field::Entry, Field::Series], &[Field::Party], &[Field::Date], &[Field::Amount, Field::UnitPrice]]
            }
            Self::Payments(_) => &[&[Field::Party], &[Field::Date], &[Field::Amount]],
        }
    }
}

/// Whether amounts have tax in them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amounts {
    /// Tax comes on top.
    Net,
    /// Tax is in them.
    Gross,
}

/// What the rows of a file leave open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The control account.
    pub control: Text,
    /// Revenue of invoices, expense of bills, cash of payments, where rows do not say it.
    pub counter: Text,
    /// Whether amounts have tax in them: to be stated where rows have tax codes.
    pub amounts: Option<Amounts>,
    /// Where tax is rounded.
    pub tax_rounding: TaxRounding,
    /// Lets the ledger number documents that say no number.
    pub unnumbered: bool,
    /// Leaves payments open that name nothing, instead of settling what is due first.
    pub unapplied: bool,
}

impl Settings {
    /// These accounts, and everything else by default.
    #[must_use]
    pub fn new(control: impl Into<Text>, counter: impl Into<Text>) -> Self {
        let (control, counter) = (control.into(), counter.into());
        Self { control, counter, amounts: None, tax_rounding: TaxRounding::PerLine, unnumbered: false, unapplied: false }
    }
}

/// How a file of documents is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// One row per line of a document.
    Csv,
    /// One object per document.
    Jsonl,
}

/// Reads documents and hands them to the sink, in the order of the file.
///
/// # Errors
/// [`ReadError::Source`] when the header lacks what such documents need, [`ReadError::Io`], [`ReadError::Stopped`]. What is
/// wrong with single documents goes to the sink.
pub fn read(
    reader: Box<dyn Read + Send>,
    file: Arc<str>,
    (kind, written): (Kind, Written),
    settings: &Settings,
    options: &Options,
    sink: &mut dyn Sink,
) -> Result<SourceNotes, ReadError> {
    let options = Options { columns: options.columns.clone().in_vocabulary(kind.vocabulary()), ..options.clone() };
    match written {
        Written::Csv => read_table(reader, file, kind, settings, &options, sink),
        Written::Jsonl => read_objects(reader, file, kind, settings, &options, sink),
    }
}

fn read_table(
    reader: Box<dyn Read + Send>,
    file: Arc<str>,
    kind: Kind,
    settings: &Settings,
    options: &Options,
    sink: &mut dyn Sink,
) -> Result<SourceNotes, ReadError> {
    let mut table = Table::open(reader, file.clone(), options, |headers| {
        let plan = options.columns.resolve(headers)?;
        check(kind, settings, &plan).map(|()| plan)
    })?;
    sink.header(table.header());
    let mut builder = Builder::new(kind, settings, options, file, sink);
    builder.remark(table.plan().remark());
    builder.begin()?;
    loop {
        match table.turn()? {
            Turn::End => break,
            Turn::Empty => builder.count("empty rows passed over"),
            Turn::Row(row) => builder.row(&row)?,
            Turn::Broken { error, raw, .. } => builder.refuse(SourceError { text: Some(raw), ..*error })?,
        }
    }
    Ok(builder.finish()?)
}

fn check(kind: Kind, settings: &Settings, plan: &Plan) -> Result<(), HeaderFlaw> {
    let vocabulary = kind.vocabulary();
    let unread: Vec<&str> =
        Field::ALL.iter().filter(|field| plan.has(**field) && !vocabulary.reads(**field)).map(|field| field.name()).collect();
    if let Some(first) = unread.first() {
        return Err(HeaderFlaw {
            problem: format!("{} have no {}; {}", kind.as_str(), unread.join(", "), list(&plan.headers)),
            remedy: format!("leave the column out with --columns {first}=, or import journal entries with --kind entries"),
        });
    }
    if plan.has(Field::TaxCode) && settings.amounts.is_none() {
        return Err(HeaderFlaw {
            problem: "there are tax codes and nothing says whether amounts have the tax in them".to_owned(),
            remedy: "say it with --amounts net or --amounts gross, or leave the codes out with --columns tax_code=".to_owned(),
        });
    }
    let is_missing = |ways: &&&[Field]| !ways.iter().any(|field| plan.has(*field));
    let missing: Vec<&str> =
        kind.needs().iter().filter(is_missing).filter_map(|ways| ways.first()).map(|field| vocabulary.name(*field)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(HeaderFlaw {
        problem: format!("no column for {}, which {} need; {}", missing.join(", "), kind.as_str(), list(&plan.headers)),
        remedy: "name the headers with --columns number=HEADER,party=HEADER,date=HEADER,due_date=HEADER,amount=HEADER".to_owned(),
    })
}

fn read_objects(
    reader: Box<dyn Read + Send>,
    file: Arc<str>,
    kind: Kind,
    settings: &Settings,
    options: &Options,
    sink: &mut dyn Sink,
) -> Result<SourceNotes, ReadError> {
    let mut source = open(reader, &file, options)?;
    let mut builder = Builder::new(kind, settings, options, file.clone(), sink);
    builder.begin()?;
    loop {
        match source.next().map_err(|error| unreadable(&file, 0, error))? {
            LineTurn::End => break,
            LineTurn::Line { line, text } => take(&mut builder, &Context { text, line, file: &file, options })?,
            LineTurn::Broken { line, column, problem, remedy, raw } => {
                let place = Place { file: file.clone(), line, column };
                let (problem, remedy) = (problem.to_owned(), Some(remedy.to_owned()));
                builder.refuse(SourceError { place, problem, found: None, remedy, text: Some(raw) })?;
            }
        }
    }
    Ok(builder.finish()?)
}

/// Reads one document from the text of a JSON object, however it is broken into lines, and hands it to the sink.
///
/// # Errors
/// [`ReadError::Stopped`]. What is wrong with the document goes to the sink.
pub fn read_one(
    text: &str,
    file: &Arc<str>,
    kind: Kind,
    settings: &Settings,
    options: &Options,
    sink: &mut dyn Sink,
) -> Result<(), ReadError> {
    let options = Options { columns: options.columns.clone().in_vocabulary(kind.vocabulary()), ..options.clone() };
    let mut builder = Builder::new(kind, settings, &options, file.clone(), sink);
    take(&mut builder, &Context { text, line: 1, file, options: &options })?;
    builder.finish()?;
    Ok(())
}

/// One object: a document with its lines, or one line of a document as a row has it.
fn take(builder: &mut Builder<'_>, context: &Context<'_>) -> Result<(), ReadError> {
    let whole = |error: SourceError| SourceError { text: Some(context.text.to_owned()), ..error };
    let object = match context.object(context.text) {
        Ok(object) => object,
        Err(error) => return Ok(builder.refuse(whole(error))?),
    };
    let Some((_, inner)) = object.iter().find(|(name, _)| name == "lines") else {
        match context.row(context.text, &object, Role::Row, None) {
            (row, None) => builder.row(&row)?,
            (_, Some(error)) => builder.refuse(whole(error))?,
        }
        return Ok(());
    };
    let (header, flaw) = context.row(context.text, &object, Role::Header, None);
    if let Some(error) = flaw {
        return Ok(builder.refuse(whole(error))?);
    }
    builder.begin_document(&header)?;
    match context.array(inner) {
        Ok(items) => {
            for item in items {
                match context.object(item.get()) {
                    Ok(object) => match context.row(item.get(), &object, Role::Line, Some(&header)) {
                        (row, None) => builder.add_line(&row),
                        (_, Some(error)) => builder.blame(error),
                    },
                    Err(error) => builder.blame(error),
                }
            }
        }
        Err(error) => builder.blame(error),
    }
    Ok(builder.end_document()?)
}

/// The text of a field that a row must have.
fn needed<'r>(row: &'r impl Row, field: Field, expected: &str) -> Result<&'r str, Flaw> {
    row.cell(field).ok_or_else(|| missing(field, expected))
}
