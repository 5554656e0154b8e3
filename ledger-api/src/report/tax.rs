//! The tax report: what was charged and paid in a period, and what is owed to the state for it.
//!
//! Sales and purchases stand apart and currencies never share a row; the last column of the table is the value in the
//! functional currency. Bases are not totalled: one base counts for each component that is computed on it.

use std::collections::BTreeMap;

use ledger_projections::reports::{Tax, TaxAmounts, TaxBy, TaxLine};
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::Heading;
use super::open_items::Shown;
use crate::cli::output::{Column, Sheet, csv, number, text};

/// One amount of a row: its name in CSV and JSON, its title in tables, and where it is.
type Measure = (&'static str, &'static str, fn(&TaxAmounts) -> Decimal);

const MEASURES: [Measure; 7] = [
    ("base", "Base", |amounts| amounts.base),
    ("tax", "Tax", |amounts| amounts.tax),
    ("recoverable", "Recov.", |amounts| amounts.recoverable),
    ("not_recoverable", "Cost", |amounts| amounts.not_recoverable),
    ("withheld", "Withheld", |amounts| amounts.withheld),
    ("reverse_charge", "Reverse", |amounts| amounts.reverse_charge),
    ("payable", "Payable", |amounts| amounts.payable),
];

const NAMES: [&str; 12] = ["side", "month", "date", "kind", "document", "party", "seq", "code", "component", "rate", "box", "currency"];

/// A tax report, ready to be printed.
#[derive(Debug)]
pub struct TaxReport<'a> {
    tax: &'a Tax,
    by: TaxBy,
    shown: Shown<'a>,
}

const fn side(purchases: bool) -> &'static str {
    if purchases { "purchases" } else { "sales" }
}

/// A share as a percentage.
fn percent(rate: Decimal) -> String {
    (rate * Decimal::ONE_HUNDRED).normalize().to_string()
}

impl<'a> TaxReport<'a> {
    /// Lays a report out. `by` is what it was made with.
    #[must_use]
    pub fn new(tax: &'a Tax, by: TaxBy) -> Self {
        Self { tax, by, shown: Shown::new(&tax.chart) }
    }

    /// The CSV form: the columns that say which row it is, the amounts, and the same in the functional currency.
    ///
    /// # Errors
    /// None that the rows can cause.
    pub fn csv(&self) -> anyhow::Result<String> {
        let functional: Vec<String> = MEASURES.iter().map(|(name, ..)| format!("functional_{name}")).collect();
        let mut columns = NAMES.to_vec();
        columns.extend(MEASURES.iter().map(|(name, ..)| *name));
        columns.extend(functional.iter().map(String::as_str));
        csv(&columns, self.tax.rows.iter().map(|row| self.record(row)))
    }

    fn record(&self, row: &TaxLine) -> Vec<String> {
        let mut cells = self.names(row).to_vec();
        cells.extend(MEASURES.iter().map(|(_, _, of)| self.shown.plain(of(&row.amounts), &row.currency)));
        cells.extend(MEASURES.iter().map(|(_, _, of)| self.shown.plain_value(of(&row.functional))));
        cells
    }

    fn names(&self, row: &TaxLine) -> [String; 12] {
        let document = row.document.as_ref();
        [
            side(row.purchases).to_owned(),
            row.month.map(|month| month.format("%Y-%m").to_string()).unwrap_or_default(),
            document.map(|document| document.date.to_string()).unwrap_or_default(),
            document.map(|document| document.kind.clone()).unwrap_or_default(),
            document.map(|document| document.number.clone()).unwrap_or_default(),
            document.map(|document| document.party.clone()).unwrap_or_default(),
            document.map(|document| document.seq.to_string()).unwrap_or_default(),
            row.code.clone().unwrap_or_default(),
            row.component.clone().unwrap_or_default(),
            row.rate.map(percent).unwrap_or_default(),
            row.report_box.clone(),
            row.currency.clone(),
        ]
    }

    /// The JSON form: rows with amounts and values, and totals by side and currency.
    #[must_use]
    pub fn json(&self, heading: &Heading) -> Value {
        let amounts = |amounts: &TaxAmounts, currency: &str, base: bool| -> Value {
            let wanted = MEASURES.iter().filter(|(name, ..)| base || *name != "base");
            wanted.map(|(name, _, of)| ((*name).to_owned(), json!(self.shown.plain(of(amounts), currency)))).collect::<Map<_, _>>().into()
        };
        let row = |row: &TaxLine| {
            let names = NAMES.iter().zip(self.names(row)).filter(|(_, value)| !value.is_empty());
            let mut map: Map<String, Value> = names.map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
            map.insert("amounts".into(), amounts(&row.amounts, &row.currency, true));
            map.insert("functional".into(), amounts(&row.functional, self.shown.functional(), true));
            Value::Object(map)
        };
        let total = |((purchases, currency), (found, value)): (&(bool, &str), &(TaxAmounts, TaxAmounts))| {
            json!({
                "side": side(*purchases), "currency": currency,
                "amounts": amounts(found, currency, false), "functional": amounts(value, self.shown.functional(), false),
            })
        };
        let mut map = heading.json("tax");
        map.insert("functional_currency".into(), json!(self.shown.functional()));
        map.insert("rows".into(), self.tax.rows.iter().map(row).collect());
        map.insert("totals".into(), self.totals().iter().map(total).collect());
        map.insert("functional_payable".into(), json!(self.shown.plain_value(self.payable())));
        Value::Object(map)
    }

    /// By side and currency: amounts and values.
    fn totals(&self) -> BTreeMap<(bool, &str), (TaxAmounts, TaxAmounts)> {
        let mut totals: BTreeMap<(bool, &str), (TaxAmounts, TaxAmounts)> = BTreeMap::new();
        for row in &self.tax.rows {
            let (amounts, value) = totals.entry((row.purchases, &row.currency)).or_default();
            *amounts += &row.amounts;
            *value += &row.functional;
        }
        totals
    }

    /// What is owed for everything, in the functional currency.
    fn payable(&self) -> Decimal {
        self.tax.rows.iter().map(|row| row.functional.payable).sum()
    }

    /// The table for people: sales, purchases, and what is owed in all.
    #[must_use]
    pub fn table(&self, heading: &Heading) -> String {
        if self.tax.rows.is_empty() {
            return format!("{}No document of the period has tax.\n", heading.text("Tax"));
        }
        let mut all = heading.text("Tax");
        for (purchases, title) in [(false, "Sales"), (true, "Purchases")] {
            let rows: Vec<&TaxLine> = self.tax.rows.iter().filter(|row| row.purchases == purchases).collect();
            if !rows.is_empty() {
                all.push_str(&format!("{title}\n{}\n", self.sheet(&rows, purchases)));
            }
        }
        let (owed, functional) = (self.payable(), self.shown.functional());
        let words = if owed.is_sign_negative() && !owed.is_zero() { "To be recovered" } else { "Payable" };
        all.push_str(&format!("{words} in all: {} {functional}.\n", self.shown.grouped_value(owed.abs())));
        all
    }

    fn sheet(&self, rows: &[&TaxLine], purchases: bool) -> String {
        // Columns in which there is nothing are left out: few books withhold tax.
        let used = |(_, _, of): &&Measure| rows.iter().any(|row| !of(&row.amounts).is_zero());
        let measures: Vec<&Measure> =
            MEASURES.iter().filter(|measure| matches!(measure.0, "base" | "tax" | "payable") || used(measure)).collect();
        let foreign = rows.iter().any(|row| row.currency != self.shown.functional());
        let mut columns: Vec<Column> = self.key_titles().into_iter().map(text).collect();
        columns.push(text("Cur."));
        columns.extend(measures.iter().map(|(_, title, _)| number(*title)));
        columns.extend(foreign.then(|| number(format!("In {}", self.shown.functional()))));
        let width = self.key_titles().len();
        let mut sheet = Sheet::new(columns);
        for row in rows {
            let mut cells = self.key_cells(row);
            cells.push(row.currency.clone());
            cells.extend(measures.iter().map(|(_, _, of)| self.cell(of(&row.amounts), &row.currency)));
            cells.extend(foreign.then(|| self.shown.grouped_value(row.functional.payable)));
            sheet.row(cells);
        }
        sheet.rule();
        let totals = self.totals();
        for (index, ((_, currency), (found, value))) in totals.iter().filter(|((side, _), _)| *side == purchases).enumerate() {
            let mut cells = vec![String::new(); width];
            if let Some(first) = cells.first_mut().filter(|_| index == 0) {
                "Total".clone_into(first);
            }
            cells.push((*currency).to_owned());
            let total = |(name, _, of): &&Measure| if *name == "base" { String::new() } else { self.cell(of(found), currency) };
            cells.extend(measures.iter().map(|measure| total(measure)));
            cells.extend(foreign.then(|| self.shown.grouped_value(value.payable)));
            sheet.strong(cells);
        }
        sheet.render()
    }

    fn cell(&self, amount: Decimal, currency: &str) -> String {
        if amount.is_zero() { String::new() } else { self.shown.grouped(amount, currency) }
    }

    fn key_titles(&self) -> Vec<&'static str> {
        match self.by {
            TaxBy::Code => vec!["Tax code", "Box"],
            TaxBy::Box => vec!["Box"],
            TaxBy::Month => vec!["Month", "Tax code", "Box"],
            TaxBy::Document => vec!["Date", "Document", "Party", "Tax code"],
        }
    }

    fn key_cells(&self, row: &TaxLine) -> Vec<String> {
        let [_, month, date, _, document, party, _, code, component, rate, report_box, _] = self.names(row);
        let code = match self.by {
            TaxBy::Document => format!("{code} {component}"),
            _ => format!("{code} {component} {rate} %"),
        };
        match self.by {
            TaxBy::Code => vec![code, report_box],
            TaxBy::Box => vec![if report_box.is_empty() { "none".to_owned() } else { report_box }],
            TaxBy::Month => vec![month, code, report_box],
            TaxBy::Document => vec![date, document, party, code],
        }
    }
}
