//! A chart of accounts as separated values, so that accounts have their types before the first entry uses them.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;

use ledger_core::limits::{ACCOUNT_CODE_BYTES_MAX, NAME_BYTES_MAX};
use ledger_core::{AccountType, SubType, Text};

use super::table::{CsvRow, Table, Turn};
use crate::import::source::{AccountDecl, Item, Place, ReadError, Sink, SourceError, SourceNotes};
use crate::import::tabular::columns::{HeaderFlaw, Plan, list, two_headers};
use crate::import::tabular::field::normalized;
use crate::import::tabular::row::{Row, shortened};
use crate::import::tabular::{Options, words};

/// The columns of a chart: names and aliases of each.
const COLUMNS: [(&str, &[&str]); 8] = [
    ("account", &["account", "account_code", "account_no", "account_number", "account_id", "gl_account", "code", "number", "no"]),
    ("name", &["name", "account_name", "account_title", "title"]),
    ("type", &["type", "account_type", "kind"]),
    ("sub_type", &["sub_type", "subtype", "account_sub_type", "detail_type"]),
    ("parent", &["parent", "parent_account", "parent_code"]),
    ("contra", &["contra", "is_contra"]),
    ("summary", &["summary", "is_summary"]),
    ("normal_balance", &["normal_balance", "normal_side", "normal"]),
];
const ACCOUNT: usize = 0;
const NAME: usize = 1;
const TYPE: usize = 2;
const SUB_TYPE: usize = 3;
const PARENT: usize = 4;
const CONTRA: usize = 5;
const SUMMARY: usize = 6;
const NORMAL: usize = 7;

type Layout = [Option<usize>; COLUMNS.len()];

/// Reads a chart of accounts and hands its accounts to the sink, every parent before its children. Of the options
/// only the delimiter counts. A normal balance (`D` or `C`) opposite to the type's makes an account contra.
///
/// # Errors
/// [`ReadError::Source`] when the header lacks account or type, [`ReadError::Io`], [`ReadError::Stopped`]. What is
/// wrong with single accounts goes to the sink.
pub fn read(reader: Box<dyn Read + Send>, file_name: Arc<str>, options: &Options, sink: &mut dyn Sink) -> Result<SourceNotes, ReadError> {
    let mut table = Table::open(reader, file_name.clone(), options, |headers| {
        layout(headers)?;
        Ok(Plan::of_headers(headers))
    })?;
    sink.header(table.header());
    let headers = table.plan().headers.clone();
    let layout = layout(&headers).unwrap_or_default();
    let mut notes = SourceNotes::default();
    let ignored: Vec<&str> =
        headers.iter().enumerate().filter(|(i, h)| !layout.contains(&Some(*i)) && !h.is_empty()).map(|(_, h)| h.as_str()).collect();
    if !ignored.is_empty() {
        notes.remarks.push(format!("columns not imported: {}", ignored.join(", ")));
    }
    let mut chart = Chart::default();
    loop {
        let refused = match table.turn()? {
            Turn::End => break,
            Turn::Empty => None,
            Turn::Row(row) => account(&row, &layout, &file_name)
                .and_then(|decl| chart.add(decl))
                .err()
                .map(|error| SourceError { text: Some(row.raw().to_owned()), ..*error }),
            Turn::Broken { error, raw, .. } => Some(SourceError { text: Some(raw), ..*error }),
        };
        if let Some(error) = refused {
            *notes.counts.entry("accounts refused".to_owned()).or_default() += 1;
            sink.refuse(error)?;
        }
    }
    for decl in chart.parents_first() {
        sink.item(Item::Account(decl))?;
    }
    Ok(notes)
}

fn layout(headers: &[String]) -> Result<Layout, HeaderFlaw> {
    let mut layout = Layout::default();
    for (column, header) in headers.iter().enumerate() {
        let name = normalized(header);
        let Some(field) = COLUMNS.iter().position(|(_, aliases)| aliases.contains(&name.as_str())) else { continue };
        if let Some(other) = layout[field].replace(column) {
            let flaw = two_headers(headers, COLUMNS[field].0, other, column);
            return Err(HeaderFlaw { remedy: "rename the one that is not meant".to_owned(), ..flaw });
        }
    }
    for field in [ACCOUNT, TYPE] {
        if layout[field].is_none() {
            return Err(HeaderFlaw {
                problem: format!("a chart of accounts has a column for {}, this has none; {}", COLUMNS[field].0, list(headers)),
                remedy: format!("head it as one of {}", COLUMNS[field].1.join(", ")),
            });
        }
    }
    Ok(layout)
}

fn account(row: &CsvRow<'_>, layout: &Layout, file: &Arc<str>) -> Result<AccountDecl, Box<SourceError>> {
    let reader = Cells { row, layout, file };
    let code = reader.need(ACCOUNT, "an account code", ACCOUNT_CODE_BYTES_MAX)?;
    let word = reader.need(TYPE, words::TYPE_WORDS, NAME_BYTES_MAX)?;
    let stated =
        words::account_type(word).ok_or_else(|| reader.flaw(TYPE, format!("expected {}", words::TYPE_WORDS), "write one of these"))?;
    let sub_type = match reader.cell(SUB_TYPE) {
        None => stated.sub_type,
        Some(word) => Some(SubType::parse(&normalized(word)).ok_or_else(|| {
            let known: Vec<&str> = SubType::ALL.iter().map(|sub| sub.as_str()).collect();
            reader.flaw(SUB_TYPE, format!("expected one of {}", known.join(", ")), "write one of these or leave it empty")
        })?),
    };
    let name = reader.cell(NAME).map(|_| reader.need(NAME, "a name", NAME_BYTES_MAX)).transpose()?;
    let parent = reader.cell(PARENT).map(|_| reader.need(PARENT, "an account code", ACCOUNT_CODE_BYTES_MAX)).transpose()?;
    let (line, column) = layout[ACCOUNT].map_or((row.line(), 0), |column| row.place_of(column));
    Ok(AccountDecl {
        code: code.into(),
        name: name.map(Text::from),
        kind: Some(stated.kind),
        sub_type,
        parent: parent.map(Text::from),
        contra: reader.contra(stated.kind, stated.contra)?,
        summary: reader.yes_or_no(SUMMARY)?,
        place: Place { file: file.clone(), line, column },
    })
}

struct Cells<'a> {
    row: &'a CsvRow<'a>,
    layout: &'a Layout,
    file: &'a Arc<str>,
}

impl<'a> Cells<'a> {
    fn cell(&self, field: usize) -> Option<&'a str> {
        self.row.column(self.layout[field]?)
    }

    fn need(&self, field: usize, expected: &str, bytes: usize) -> Result<&'a str, Box<SourceError>> {
        match self.cell(field) {
            None => Err(self.flaw(field, format!("empty, expected {expected}"), "fill it in")),
            Some(text) if text.len() > bytes => {
                Err(self.flaw(field, format!("{} bytes long, at most {bytes} are kept", text.len()), "shorten it"))
            }
            Some(text) => Ok(text),
        }
    }

    fn yes_or_no(&self, field: usize) -> Result<Option<bool>, Box<SourceError>> {
        let Some(word) = self.cell(field) else { return Ok(None) };
        words::is_yes(word).map(Some).ok_or_else(|| self.flaw(field, "expected yes or no".to_owned(), "write yes, no, true, false, 1 or 0"))
    }

    /// What the word for the type, the contra column and the normal balance say together; they may not disagree.
    fn contra(&self, kind: AccountType, by_type: bool) -> Result<Option<bool>, Box<SourceError>> {
        let by_normal = match self.cell(NORMAL) {
            None => None,
            Some(word) => {
                let is_debit = words::is_debit(word)
                    .ok_or_else(|| self.flaw(NORMAL, "expected D or C".to_owned(), "write D for debit, C for credit"))?;
                Some(is_debit != kind.is_debit_normal())
            }
        };
        let by_column = self.yes_or_no(CONTRA)?;
        let stated = by_column.or(by_type.then_some(true));
        match (stated, by_normal) {
            (Some(stated), Some(normal)) if stated != normal => {
                let which = if stated { "a contra account" } else { "no contra account" };
                let side = if (kind.is_debit_normal()) == stated { "credit" } else { "debit" };
                let problem = format!("{which} of type {} has a {side} normal balance", kind.as_str());
                Err(self.flaw(NORMAL, problem, "fix the type, the contra column or the normal balance"))
            }
            _ => Ok(stated.or(by_normal)),
        }
    }

    fn flaw(&self, field: usize, problem: String, remedy: &str) -> Box<SourceError> {
        let (line, column) = self.layout[field].map_or((self.row.line(), 0), |column| self.row.place_of(column));
        Box::new(SourceError {
            place: Place { file: self.file.clone(), line, column },
            problem: format!("{}: {problem}", COLUMNS[field].0),
            found: self.cell(field).map(shortened),
            remedy: Some(remedy.to_owned()),
            text: None,
        })
    }
}

/// The accounts of a file in its order. Charts are small: this is the one source that is held in memory.
#[derive(Default)]
struct Chart {
    accounts: Vec<AccountDecl>,
    by_code: BTreeMap<Text, usize>,
}

impl Chart {
    fn add(&mut self, decl: AccountDecl) -> Result<(), Box<SourceError>> {
        if let Some(first) = self.by_code.get(&decl.code).and_then(|at| self.accounts.get(*at)) {
            let problem = format!("the account is on line {} already", first.place.line);
            return Err(Box::new(SourceError {
                place: decl.place.clone(),
                problem,
                found: Some(decl.code.to_string()),
                remedy: Some("keep one of them".to_owned()),
                text: None,
            }));
        }
        self.by_code.insert(decl.code.clone(), self.accounts.len());
        self.accounts.push(decl);
        Ok(())
    }

    /// Every parent before its children, otherwise in the order of the file. Accounts in a circle of parents come
    /// last, in the order of the file, for the book to refuse.
    fn parents_first(self) -> Vec<AccountDecl> {
        let mut depth_order: Vec<(usize, usize)> = (0..self.accounts.len()).map(|at| (self.depth(at), at)).collect();
        if depth_order.iter().all(|(depth, _)| *depth == 0) {
            return self.accounts;
        }
        depth_order.sort_unstable();
        let mut slots: Vec<Option<AccountDecl>> = self.accounts.into_iter().map(Some).collect();
        depth_order.into_iter().filter_map(|(_, at)| slots.get_mut(at).and_then(Option::take)).collect()
    }

    fn depth(&self, mut at: usize) -> usize {
        const DEPTH_MAX: usize = 64;
        for depth in 0..DEPTH_MAX {
            let parent = self.accounts.get(at).and_then(|decl| decl.parent.as_ref()).and_then(|code| self.by_code.get(code));
            match parent {
                Some(parent) => at = *parent,
                None => return depth,
            }
        }
        DEPTH_MAX
    }
}
