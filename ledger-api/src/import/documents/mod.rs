//! Invoices, bills and payments as separated values: one row per document or per line of one.
//!
//! Each becomes an entry with a line on a control account that names its party, document and due date, so it is an open
//! item; a payment that names an invoice settles it. Parties are registered and control accounts made as they are met.
//! Columns are those of journals ([`super::tabular`]): `entry` is the document's number, `account` what it is
//! for (invoices, bills) or where the money went (payments), `document` what a payment pays.
//!
//! Not here: what allocation does (the core), posting (`import::run`).

mod build;

use std::io::Read;
use std::sync::Arc;

use ledger_core::Text;
use ledger_core::subledger::Side;

use super::csv::table::{Table, Turn};
use super::source::{ReadError, Sink, SourceError, SourceNotes};
use super::tabular::columns::{HeaderFlaw, Plan, list};
use super::tabular::line::missing;
use super::tabular::row::{Flaw, Row};
use super::tabular::{Field, Options};
use build::Builder;

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
        match self {
            Self::Invoices => "invoices",
            Self::Bills => "bills",
            Self::Payments(_) => "payments",
        }
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

    /// What rows may have. A column with another meaning of journals is refused: what it says would be lost.
    const fn reads(self) -> &'static [Field] {
        match self {
            Self::Invoices | Self::Bills => &[
                Field::Entry,
                Field::Party,
                Field::Date,
                Field::DueDate,
                Field::Amount,
                Field::Currency,
                Field::Account,
                Field::Description,
                Field::Memo,
            ],
            Self::Payments(_) => &[
                Field::Entry,
                Field::Document,
                Field::Party,
                Field::Date,
                Field::Amount,
                Field::Currency,
                Field::Account,
                Field::Description,
                Field::Memo,
            ],
        }
    }

    /// What every row has.
    const fn needs(self) -> &'static [Field] {
        match self {
            Self::Invoices | Self::Bills => &[Field::Entry, Field::Party, Field::Date, Field::Amount],
            Self::Payments(_) => &[Field::Party, Field::Date, Field::Amount],
        }
    }
}

/// Which accounts documents go to where their rows do not say it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accounts {
    /// The control account.
    pub control: Text,
    /// Revenue of invoices, expense of bills, cash of payments.
    pub counter: Text,
}

/// Reads documents and hands their entries to the sink, in the order of the file.
///
/// # Errors
/// [`ReadError::Source`] when the header lacks what such documents need, [`ReadError::Io`], [`ReadError::Stopped`]. What is
/// wrong with single documents goes to the sink.
pub fn read(
    reader: Box<dyn Read + Send>,
    file: Arc<str>,
    kind: Kind,
    accounts: &Accounts,
    options: &Options,
    sink: &mut dyn Sink,
) -> Result<SourceNotes, ReadError> {
    let mut table = Table::open(reader, file.clone(), options, |headers| {
        let plan = options.columns.resolve(headers)?;
        check(kind, &plan).map(|()| plan)
    })?;
    sink.header(table.header());
    let mut builder = Builder::new(kind, accounts, options, file, sink);
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

fn check(kind: Kind, plan: &Plan) -> Result<(), HeaderFlaw> {
    let unread: Vec<&str> =
        Field::ALL.iter().filter(|field| plan.has(**field) && !kind.reads().contains(field)).map(|field| field.name()).collect();
    if let Some(first) = unread.first() {
        return Err(HeaderFlaw {
            problem: format!("{} have no {}; {}", kind.as_str(), unread.join(", "), list(&plan.headers)),
            remedy: format!("leave the column out with --columns {first}=, or import journal entries with --kind entries"),
        });
    }
    let missing: Vec<&str> = kind.needs().iter().filter(|field| !plan.has(**field)).map(|field| field.name()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(HeaderFlaw {
        problem: format!("no column for {}, which {} need; {}", missing.join(", "), kind.as_str(), list(&plan.headers)),
        remedy: "name the headers with --columns entry=HEADER,party=HEADER,date=HEADER,due_date=HEADER,amount=HEADER".to_owned(),
    })
}

/// The text of a field that a row must have.
fn needed<'r>(row: &'r impl Row, field: Field, expected: &str) -> Result<&'r str, Flaw> {
    row.cell(field).ok_or_else(|| missing(field, expected))
}
