//! From documents to rows, purely. Reversals are kept as they are until the rows that they take back are known.

use ledger_core::event::Recorded;
use ledger_core::rounding::{Rounding, prorate};
use ledger_core::subledger::tax::TaxRow;
use ledger_core::{BalancedEntry, Document, DocumentKind, Event, Line, Side, Units};

use super::rows::{Reversal, Row};
use crate::amounts::{amount, currency, party_of, recorded_at, value};
use crate::chart::{Chart, account_i32};
use crate::error::to_i64;

/// Rows of documents and reversals, each in the order of history.
#[derive(Clone, Debug, Default)]
pub(crate) struct TaxBatch {
    pub(crate) rows: Vec<Row>,
    pub(crate) reversals: Vec<Reversal>,
}

impl TaxBatch {
    /// Adds what follows from an event.
    pub(crate) fn add(&mut self, chart: &Chart, event: &Recorded) -> Result<(), String> {
        match &event.event {
            Event::DocumentRecorded { document, entry: Some(entry) } if !document.tax.is_empty() => {
                let mut rows = rows_of(chart, event, document, entry)?;
                self.rows.append(&mut rows);
            }
            Event::EntryReversed { entry, .. } => self.reversals.extend(reversal_of(event, entry)?),
            _ => {}
        }
        Ok(())
    }
}

/// A reversal, where the entry can be that of a document with tax: such an entry names the tax code on some line.
fn reversal_of(event: &Recorded, entry: &BalancedEntry) -> Result<Option<Reversal>, String> {
    let Some(original) = entry.header().reverses else { return Ok(None) };
    if !entry.lines().iter().any(|line| tax_code(line).is_some()) {
        return Ok(None);
    }
    let (seq, original, date) = (to_i64(event.seq), to_i64(original), entry.effective_date());
    Ok(Some(Reversal { seq, original, recorded_at: recorded_at(event)?, date }))
}

fn tax_code(line: &Line) -> Option<&str> {
    line.detail.as_ref()?.tax_code.as_deref()
}

fn rows_of(chart: &Chart, event: &Recorded, document: &Document, entry: &BalancedEntry) -> Result<Vec<Row>, String> {
    let worth = Worth::of(chart, document, entry);
    let lines = posted_lines(document, entry)?;
    let sign: Units = if document.kind == DocumentKind::CreditNote { -1 } else { 1 };
    let purchase = document.side == Side::Payable;
    let party = party_of(chart, entry).map(ToString::to_string).unwrap_or_default();
    let mut rows = Vec::with_capacity(document.tax.len());
    for ((tax, line), row_no) in document.tax.iter().zip(lines).zip(1_i32..) {
        let in_currency = |units| amount(chart, units, document.currency);
        let posted = line.map_or(0, |line| line.money.units());
        let functional_posted = match line {
            Some(line) => line.functional.ok_or("a line of a document's tax has no functional amount")?,
            None => 0,
        };
        // What is on the tax account is worth what was posted; what is not, what the document is worth.
        let of_value =
            |units: Units| if units.abs() == posted.abs() { functional_posted.abs() * units.signum() } else { worth.of_units(units) };
        rows.push(Row {
            seq: to_i64(event.seq),
            row_no,
            recorded_at: recorded_at(event)?,
            date: entry.effective_date(),
            reverses_seq: None,
            side: if purchase { "purchases" } else { "sales" }.to_owned(),
            kind: document.kind.as_str().to_owned(),
            document: document.number.to_string(),
            party: party.clone(),
            code: tax.code.to_string(),
            component: tax.component.to_string(),
            report_box: tax.report_box.to_string(),
            rate: tax.rate.normalize(),
            nature: nature(tax, purchase).to_owned(),
            account_no: account_i32(tax.account),
            currency: currency(chart, document.currency).to_string(),
            base: in_currency(sign * tax.base)?,
            tax: in_currency(sign * tax.tax)?,
            recoverable: in_currency(sign * tax.recoverable)?,
            posted: in_currency(posted)?,
            functional_base: value(chart, worth.of_units(sign * tax.base))?,
            functional_tax: value(chart, of_value(sign * tax.tax))?,
            functional_recoverable: value(chart, of_value(sign * tax.recoverable))?,
            functional_posted: value(chart, functional_posted)?,
        });
    }
    Ok(rows)
}

/// What a row is: see the table.
fn nature(row: &TaxRow, purchase: bool) -> &'static str {
    let turned = row.tax.signum() * row.base.signum() < 0;
    match (row.reverse_charge, turned) {
        (true, true) if purchase => "reverse_due",
        (true, _) => "reverse_charge",
        (false, true) => "withheld",
        (false, false) => "charged",
    }
}

/// What an entry puts on the account of a tax row, debit positive: all of it on sales; on purchases what can be recovered,
/// and of what is withheld or due all of it.
fn posted_units(document: &Document, row: &TaxRow) -> Units {
    let purchase = document.side == Side::Payable;
    let part = if purchase && row.tax.signum() * row.base.signum() > 0 { row.recoverable } else { row.tax };
    let sign = document.side.opening_sign() * if document.kind == DocumentKind::CreditNote { -1 } else { 1 };
    -sign * part
}

/// The entry's line of each tax row; rows of which nothing was posted have none. They are the last lines of the entry that
/// name a tax code, in the order of the rows.
fn posted_lines<'a>(document: &Document, entry: &'a BalancedEntry) -> Result<Vec<Option<&'a Line>>, String> {
    let mut lines = entry.lines().iter().rev();
    let mut found = Vec::with_capacity(document.tax.len());
    for row in document.tax.iter().rev() {
        let units = posted_units(document, row);
        if units == 0 {
            found.push(None);
            continue;
        }
        let its = |line: &&Line| line.account == row.account && line.money.units() == units && tax_code(line) == Some(row.code.as_str());
        let line = lines.find(its);
        found.push(Some(line.ok_or_else(|| format!("the entry has no line for tax {} {} of {units} units", row.code, row.component))?));
    }
    found.reverse();
    Ok(found)
}

/// What a document's units are worth: as its lines on control accounts are, or all debits where there are none.
struct Worth {
    functional: Units,
    units: Units,
}

impl Worth {
    fn of(chart: &Chart, document: &Document, entry: &BalancedEntry) -> Self {
        if chart.functional().is_some_and(|functional| functional.no == document.currency) {
            return Self { functional: 1, units: 1 };
        }
        let sum = |wanted: &dyn Fn(&Line) -> bool| {
            let lines = entry.lines().iter().filter(|line| wanted(line));
            lines.fold((0, 0), |(functional, units), line| (functional + line.functional.unwrap_or(0), units + line.money.units()))
        };
        let (functional, units) = match sum(&|line| chart.control(line.account).is_some()) {
            (_, 0) => sum(&|line| line.money.units() > 0),
            found => found,
        };
        Self { functional: functional.abs(), units: units.abs() }
    }

    fn of_units(&self, units: Units) -> Units {
        if self.units == 0 || units == 0 {
            return 0;
        }
        units.signum() * prorate(self.functional, units.unsigned_abs(), self.units.unsigned_abs(), Rounding::HalfEven)
    }
}
