//! The columns of a preset's reports: which header means what, and whether there are enough of them.

use ledger_core::Text;

use super::Preset;
use crate::import::tabular::columns::{HeaderFlaw, Target, list, two_headers};
use crate::import::tabular::field::normalized;
use crate::import::tabular::{Columns, Field};

/// What a column of a report is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Col {
    /// Number of the entry in the program it comes from.
    Id,
    Date,
    /// Invoice, bill, journal entry …
    Type,
    /// Number that people know the document by.
    Number,
    Party,
    Memo,
    Narration,
    AccountCode,
    AccountName,
    Debit,
    Credit,
    /// Debit positive.
    Amount,
    TaxRate,
    DueDate,
    Currency,
    ForeignDebit,
    ForeignCredit,
    TrackingName1,
    TrackingOption1,
    TrackingName2,
    TrackingOption2,
}

const COLS: usize = Col::TrackingOption2 as usize + 1;

/// How rows of one entry know each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Grouping {
    /// By the entry's number.
    Id,
    /// By narration and date, as in a template.
    Narration,
    /// By date, type and number of the document.
    Head,
}

/// Where everything stands in a report.
#[derive(Debug)]
pub(super) struct Layout {
    at: [Option<usize>; COLS],
    /// Columns kept as tags.
    pub(super) tags: Vec<(Text, usize)>,
    pub(super) headers: Vec<String>,
    pub(super) grouping: Grouping,
    ignored: Vec<usize>,
}

impl Layout {
    /// Understands a row as the header of this preset's reports.
    pub(super) fn resolve(preset: Preset, columns: &Columns, headers: &[String]) -> Result<Self, HeaderFlaw> {
        let mut layout =
            Self { at: [None; COLS], tags: Vec::new(), headers: headers.to_vec(), grouping: Grouping::Head, ignored: Vec::new() };
        for (column, header) in headers.iter().enumerate() {
            layout.place(preset, columns, column, header)?;
        }
        columns.check_stated(headers)?;
        layout.check(preset)
    }

    fn place(&mut self, preset: Preset, columns: &Columns, column: usize, header: &str) -> Result<(), HeaderFlaw> {
        let stated = columns.stated_for(header);
        let col = match stated {
            Some(Target::Tag(key)) => {
                self.tags.push((key.clone(), column));
                return Ok(());
            }
            Some(Target::Field(field)) => Some(col_of_field(*field).ok_or_else(|| HeaderFlaw {
                problem: format!("--columns maps {}, which {} does not read", field.name(), preset.name()),
                remedy: "leave it out, or read the file with --from csv".to_owned(),
            })?),
            None => {
                let name = normalized(&header.replace('#', " no "));
                if let Some(key) = preset.tag_of(&name) {
                    self.tags.push((Text::const_new(key), column));
                    return Ok(());
                }
                preset.col_of(&name).filter(|col| !field_of(*col).is_some_and(|field| columns.states(field)))
            }
        };
        match col {
            None => self.ignored.push(column),
            Some(col) => {
                if let Some(other) = self.at[col as usize].replace(column) {
                    let field = field_of(col).map_or("entry", Field::name);
                    return Err(two_headers(&self.headers, field, other, column));
                }
            }
        }
        Ok(())
    }

    fn check(mut self, preset: Preset) -> Result<Self, HeaderFlaw> {
        let mut missing = Vec::new();
        if !self.has(Col::Date) {
            missing.push("a date");
        }
        if !self.has(Col::AccountCode) && !self.has(Col::AccountName) {
            missing.push("an account");
        }
        let two_sided = self.has(Col::Debit) && self.has(Col::Credit);
        let signed = self.has(Col::Amount) && preset == Preset::Xero;
        if !two_sided && !signed {
            missing.push(if preset == Preset::Xero { "debit and credit (or an amount)" } else { "debit and credit" });
        }
        if !missing.is_empty() {
            return Err(HeaderFlaw {
                problem: format!("{} has columns for {}; {}", preset.report(), missing.join(", "), list(&self.headers)),
                remedy: "export that report, or name the headers with --columns date=HEADER,account=HEADER,debit=HEADER,credit=HEADER"
                    .to_owned(),
            });
        }
        if two_sided {
            self.at[Col::Amount as usize] = None;
        }
        self.grouping = match preset {
            _ if self.has(Col::Id) => Grouping::Id,
            Preset::QuickBooks => Grouping::Head,
            Preset::Xero if self.has(Col::Narration) => Grouping::Narration,
            Preset::Xero => {
                return Err(HeaderFlaw {
                    problem: format!("nothing says which rows are one journal (a journal number or a narration); {}", list(&self.headers)),
                    remedy: "export the Journal Report: a general ledger by account does not keep the rows of a journal together"
                        .to_owned(),
                });
            }
        };
        Ok(self)
    }

    pub(super) fn column(&self, col: Col) -> Option<usize> {
        self.at[col as usize]
    }

    pub(super) fn has(&self, col: Col) -> bool {
        self.column(col).is_some()
    }

    /// The sentence for the summary about columns that are left out.
    pub(super) fn remark(&self) -> Option<String> {
        let names: Vec<&str> =
            self.ignored.iter().filter_map(|column| self.headers.get(*column)).map(String::as_str).filter(|h| !h.is_empty()).collect();
        let first = names.first()?;
        Some(format!("columns not imported: {} (keep one as a tag with --columns \"tag:{first}={first}\")", names.join(", ")))
    }
}

/// The field of `--columns` that stands for a column.
fn field_of(col: Col) -> Option<Field> {
    Some(match col {
        Col::Id => Field::Entry,
        Col::Date => Field::Date,
        Col::Number => Field::Document,
        Col::Party => Field::Party,
        Col::Memo => Field::Memo,
        Col::Narration => Field::Description,
        Col::AccountCode => Field::Account,
        Col::AccountName => Field::AccountName,
        Col::Debit => Field::Debit,
        Col::Credit => Field::Credit,
        Col::Amount => Field::Amount,
        Col::TaxRate => Field::TaxCode,
        Col::DueDate => Field::DueDate,
        Col::Currency => Field::Currency,
        Col::Type
        | Col::ForeignDebit
        | Col::ForeignCredit
        | Col::TrackingName1
        | Col::TrackingOption1
        | Col::TrackingName2
        | Col::TrackingOption2 => return None,
    })
}

fn col_of_field(field: Field) -> Option<Col> {
    Some(match field {
        Field::Entry => Col::Id,
        Field::Date => Col::Date,
        Field::Document => Col::Number,
        Field::Party => Col::Party,
        Field::Memo => Col::Memo,
        Field::Description => Col::Narration,
        Field::Account => Col::AccountCode,
        Field::AccountName => Col::AccountName,
        Field::Debit => Col::Debit,
        Field::Credit => Col::Credit,
        Field::Amount => Col::Amount,
        Field::TaxCode => Col::TaxRate,
        Field::DueDate => Col::DueDate,
        Field::Currency => Col::Currency,
        _ => return None,
    })
}

impl Preset {
    fn tag_of(self, name: &str) -> Option<&'static str> {
        Some(match (self, name) {
            (Self::QuickBooks, "class" | "class_full_name" | "line_class" | "item_class") => "class",
            (Self::QuickBooks, "location" | "location_full_name" | "department") => "location",
            _ => return None,
        })
    }

    /// What a header means by itself. `#` reads as `no`.
    fn col_of(self, name: &str) -> Option<Col> {
        match self {
            Self::QuickBooks => quickbooks(name),
            Self::Xero => xero(name),
        }
    }
}

fn quickbooks(name: &str) -> Option<Col> {
    Some(match name {
        "trans_no" | "transaction_id" | "transaction_no" => Col::Id,
        "date" | "transaction_date" => Col::Date,
        "transaction_type" | "type" => Col::Type,
        "num" | "no" | "number" | "ref_no" | "doc_num" => Col::Number,
        "name" | "full_name" | "payee" => Col::Party,
        "memo_description" | "memo" | "description" | "line_description" => Col::Memo,
        "account_no" | "account_number" => Col::AccountCode,
        "account" | "account_full_name" | "account_name" | "distribution_account" => Col::AccountName,
        "debit" => Col::Debit,
        "credit" => Col::Credit,
        "due_date" => Col::DueDate,
        "currency" | "transaction_currency" => Col::Currency,
        "foreign_debit" | "debit_foreign" => Col::ForeignDebit,
        "foreign_credit" | "credit_foreign" => Col::ForeignCredit,
        _ => return None,
    })
}

fn xero(name: &str) -> Option<Col> {
    Some(match name {
        "journal" | "journal_no" | "journal_number" | "journal_id" => Col::Id,
        "date" | "journal_date" => Col::Date,
        "source" | "source_type" | "transaction_type" => Col::Type,
        "reference" | "ref" => Col::Number,
        "contact" | "contact_name" => Col::Party,
        "description" => Col::Memo,
        "narration" => Col::Narration,
        "accountcode" | "account_code" | "code" => Col::AccountCode,
        "account" | "account_name" => Col::AccountName,
        "debit" => Col::Debit,
        "credit" => Col::Credit,
        "amount" => Col::Amount,
        "taxrate" | "tax_rate" | "tax_rate_name" | "tax_code" => Col::TaxRate,
        "due_date" => Col::DueDate,
        "trackingname1" => Col::TrackingName1,
        "trackingoption1" => Col::TrackingOption1,
        "trackingname2" => Col::TrackingName2,
        "trackingoption2" => Col::TrackingOption2,
        _ => return None,
    })
}
