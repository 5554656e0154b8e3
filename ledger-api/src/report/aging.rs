//! The aging report: what is owed, by how long it is overdue, with what is unapplied in a column of its own.
//!
//! Currencies never share a row; the value in the functional currency stands beside each row's total.

use std::collections::BTreeMap;

use ledger_projections::reports::{Aging, AgingRow, Bucket, bucket_names};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::Heading;
use super::open_items::Shown;
use crate::cli::output::{Sheet, csv, number, text};

/// An aging, ready to be printed.
#[derive(Debug)]
pub struct AgingReport<'a> {
    aging: &'a Aging,
    names: Vec<String>,
    title: &'static str,
    shown: Shown<'a>,
}

impl<'a> AgingReport<'a> {
    /// Lays an aging out. `bounds` are those that it was made with.
    #[must_use]
    pub fn new(aging: &'a Aging, bounds: &[i32], title: &'static str) -> Self {
        Self { aging, names: bucket_names(bounds), title, shown: Shown::new(&aging.chart) }
    }

    /// The CSV form: `party,document,currency`, a column per bucket, `unapplied,total`.
    ///
    /// # Errors
    /// None that the rows can cause.
    pub fn csv(&self) -> anyhow::Result<String> {
        let mut columns = vec!["party", "document", "currency"];
        columns.extend(self.names.iter().map(String::as_str));
        columns.extend(["unapplied", "total"]);
        csv(&columns, self.aging.rows.iter().map(|row| self.record(row)))
    }

    fn record(&self, row: &AgingRow) -> Vec<String> {
        let amount = |bucket: &Bucket| self.shown.plain(bucket.amount, &row.currency);
        let mut cells = vec![row.party.clone().unwrap_or_default(), row.document.clone().unwrap_or_default(), row.currency.clone()];
        cells.extend(row.buckets.iter().map(amount));
        cells.extend([amount(&row.unapplied), amount(&row.total())]);
        cells
    }

    /// The JSON form: rows with amounts, values and numbers of items, and totals per currency.
    #[must_use]
    pub fn json(&self, heading: &Heading, side: &str) -> Value {
        let mut map = heading.json("aging");
        map.insert("side".into(), json!(side));
        map.insert("functional_currency".into(), json!(self.shown.functional()));
        map.insert("buckets".into(), json!(self.names));
        map.insert("rows".into(), self.aging.rows.iter().map(|row| self.row_json(row)).collect());
        map.insert("totals".into(), self.totals().values().map(|row| self.row_json(row)).collect());
        map.insert("functional_total".into(), json!(self.shown.plain_value(self.value())));
        Value::Object(map)
    }

    fn row_json(&self, row: &AgingRow) -> Value {
        let bucket = |bucket: &Bucket| {
            json!({
                "items": bucket.items,
                "amount": self.shown.plain(bucket.amount, &row.currency),
                "functional": self.shown.plain_value(bucket.functional),
            })
        };
        let buckets: serde_json::Map<String, Value> = self.names.iter().cloned().zip(row.buckets.iter().map(bucket)).collect();
        json!({
            "party": row.party, "document": row.document, "currency": row.currency,
            "buckets": buckets, "unapplied": bucket(&row.unapplied), "total": bucket(&row.total()),
        })
    }

    /// One row per currency.
    fn totals(&self) -> BTreeMap<&str, AgingRow> {
        let mut totals: BTreeMap<&str, AgingRow> = BTreeMap::new();
        for row in &self.aging.rows {
            let total = totals.entry(&row.currency).or_insert_with(|| AgingRow {
                party: None,
                document: None,
                currency: row.currency.clone(),
                buckets: vec![Bucket::default(); row.buckets.len()],
                unapplied: Bucket::default(),
            });
            total.add(row);
        }
        totals
    }

    fn value(&self) -> Decimal {
        self.aging.rows.iter().map(|row| row.total().functional).sum()
    }

    /// The table for people.
    #[must_use]
    pub fn table(&self, heading: &Heading) -> String {
        if self.aging.rows.is_empty() {
            return format!("{}Nothing is open.\n", heading.text(self.title));
        }
        let has = |of: fn(&AgingRow) -> &Option<String>| self.aging.rows.iter().any(|row| of(row).is_some());
        let (party, document) = (has(|row| &row.party), has(|row| &row.document));
        let foreign = self.aging.rows.iter().any(|row| row.currency != self.shown.functional());
        let mut columns = Vec::new();
        columns.extend(party.then(|| text("Party")));
        columns.extend(document.then(|| text("Document")));
        columns.push(text("Cur."));
        columns.extend(self.names.iter().map(|name| number(if name == "current" { "Current" } else { name.as_str() })));
        columns.extend([number("Unapplied"), number("Total")]);
        columns.extend(foreign.then(|| number(format!("Value {}", self.shown.functional()))));
        let cells = |row: &AgingRow, party_cell: String| {
            let amount = |bucket: &Bucket| if bucket.items == 0 { String::new() } else { self.shown.grouped(bucket.amount, &row.currency) };
            let mut cells = Vec::new();
            cells.extend(party.then_some(party_cell));
            cells.extend(document.then(|| row.document.clone().unwrap_or_default()));
            cells.push(row.currency.clone());
            cells.extend(row.buckets.iter().map(amount));
            cells.extend([amount(&row.unapplied), self.shown.grouped(row.total().amount, &row.currency)]);
            cells.extend(foreign.then(|| self.shown.grouped_value(row.total().functional)));
            cells
        };
        let mut sheet = Sheet::new(columns);
        let mut last = None;
        for row in &self.aging.rows {
            let shown = if last == Some(&row.party) { String::new() } else { row.party.clone().unwrap_or_default() };
            last = Some(&row.party);
            sheet.row(cells(row, shown));
        }
        if party {
            sheet.rule();
            for (index, total) in self.totals().values().enumerate() {
                sheet.strong(cells(total, if index == 0 { "Total".to_owned() } else { String::new() }));
            }
        }
        let value = if foreign {
            format!("\nIn all {} {}.\n", self.shown.grouped_value(self.value()), self.shown.functional())
        } else {
            String::new()
        };
        format!("{}{}{value}", heading.text(self.title), sheet.render())
    }
}
