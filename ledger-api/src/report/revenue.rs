//! The revenue report: what was earned in a period by customer, account or month.
//!
//! Currencies never share a row; the value in the functional currency stands beside each amount, and only values are
//! summed over currencies.

use std::collections::BTreeMap;

use ledger_projections::reports::{RevenueBy, RevenueRow, Revenues};
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::Heading;
use super::open_items::Shown;
use crate::cli::output::{Column, Sheet, csv, number, text};

/// The columns of the CSV form.
pub const COLUMNS: [&str; 7] = ["customer", "account", "name", "month", "currency", "amount", "functional"];

/// Revenue, ready to be printed.
#[derive(Debug)]
pub struct RevenueReport<'a> {
    revenue: &'a Revenues,
    by: RevenueBy,
    shown: Shown<'a>,
}

impl<'a> RevenueReport<'a> {
    /// Lays a report out. `by` is what it was made with.
    #[must_use]
    pub fn new(revenue: &'a Revenues, by: RevenueBy) -> Self {
        Self { revenue, by, shown: Shown::new(&revenue.chart) }
    }

    /// The CSV form. Without a value in the functional currency the last cell is empty.
    ///
    /// # Errors
    /// None that the rows can cause.
    pub fn csv(&self) -> anyhow::Result<String> {
        csv(&COLUMNS, self.revenue.rows.iter().map(|row| self.record(row)))
    }

    fn record(&self, row: &RevenueRow) -> [String; 7] {
        let account = row.account.and_then(|no| self.revenue.chart.account(no));
        [
            row.party.clone().unwrap_or_default(),
            account.map(|account| account.code.to_string()).unwrap_or_default(),
            account.map(|account| account.name.to_string()).unwrap_or_default(),
            row.month.map(|month| month.format("%Y-%m").to_string()).unwrap_or_default(),
            row.currency.clone(),
            self.shown.plain(row.amount, &row.currency),
            row.functional.map(|value| self.shown.plain_value(value)).unwrap_or_default(),
        ]
    }

    /// The JSON form: rows, totals per currency, and what all of it is worth.
    #[must_use]
    pub fn json(&self, heading: &Heading) -> Value {
        let key = match self.by {
            RevenueBy::Customer => &COLUMNS[..1],
            RevenueBy::Account => &COLUMNS[1..3],
            RevenueBy::Month => &COLUMNS[3..4],
        };
        let row = |row: &RevenueRow| {
            let cells = self.record(row);
            let cells = COLUMNS.iter().zip(cells).filter(|(name, _)| key.contains(name) || COLUMNS[4..6].contains(name));
            let mut map: Map<String, Value> = cells.map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
            map.insert("functional".into(), json!(row.functional.map(|value| self.shown.plain_value(value))));
            map.insert("unvalued_lines".into(), json!(row.unvalued_lines));
            Value::Object(map)
        };
        let total = |(currency, (amount, value)): (&&str, &(Decimal, Decimal))| json!({ "currency": currency, "amount": self.shown.plain(*amount, currency), "functional": self.shown.plain_value(*value) });
        let mut map = heading.json("revenue");
        map.insert("functional_currency".into(), json!(self.shown.functional()));
        map.insert("rows".into(), self.revenue.rows.iter().map(row).collect());
        map.insert("totals".into(), self.totals().iter().map(total).collect());
        map.insert("functional_total".into(), json!(self.shown.plain_value(self.value())));
        Value::Object(map)
    }

    /// By currency: amount and value.
    fn totals(&self) -> BTreeMap<&str, (Decimal, Decimal)> {
        let mut totals: BTreeMap<&str, (Decimal, Decimal)> = BTreeMap::new();
        for row in &self.revenue.rows {
            let (amount, value) = totals.entry(&row.currency).or_default();
            *amount += row.amount;
            *value += row.functional.unwrap_or_default();
        }
        totals
    }

    fn value(&self) -> Decimal {
        self.revenue.rows.iter().filter_map(|row| row.functional).sum()
    }

    /// The table for people.
    #[must_use]
    pub fn table(&self, heading: &Heading) -> String {
        let title = match self.by {
            RevenueBy::Customer => "Revenue by customer",
            RevenueBy::Account => "Revenue by account",
            RevenueBy::Month => "Revenue by month",
        };
        if self.revenue.rows.is_empty() {
            return format!("{}Nothing was earned.\n", heading.text(title));
        }
        let functional = self.shown.functional();
        let foreign = self.revenue.rows.iter().any(|row| row.currency != functional);
        let titles: &[&str] = match self.by {
            RevenueBy::Customer => &["Customer"],
            RevenueBy::Account => &["Account", "Name"],
            RevenueBy::Month => &["Month"],
        };
        let mut columns: Vec<Column> = titles.iter().map(|title| text(*title)).collect();
        columns.extend([text("Cur."), number("Revenue")]);
        columns.extend(foreign.then(|| number(format!("Value {functional}"))));
        let mut sheet = Sheet::new(columns);
        for row in &self.revenue.rows {
            let [customer, account, name, month, currency, ..] = self.record(row);
            let mut cells = match self.by {
                RevenueBy::Customer => vec![if customer.is_empty() { "(no customer)".to_owned() } else { customer }],
                RevenueBy::Account => vec![account, name],
                RevenueBy::Month => vec![month],
            };
            cells.extend([currency, self.shown.grouped(row.amount, &row.currency)]);
            cells.extend(foreign.then(|| row.functional.map(|value| self.shown.grouped_value(value)).unwrap_or_default()));
            sheet.row(cells);
        }
        sheet.rule();
        for (index, (currency, (amount, value))) in self.totals().iter().enumerate() {
            let mut cells = vec![String::new(); titles.len()];
            if index == 0 {
                "Total".clone_into(&mut cells[0]);
            }
            cells.extend([(*currency).to_owned(), self.shown.grouped(*amount, currency)]);
            cells.extend(foreign.then(|| self.shown.grouped_value(*value)));
            sheet.strong(cells);
        }
        format!("{}{}{}", heading.text(title), sheet.render(), self.footer(foreign))
    }

    fn footer(&self, foreign: bool) -> String {
        let in_all = format!("\nIn all {} {}.\n", self.shown.grouped_value(self.value()), self.shown.functional());
        match self.revenue.rows.iter().map(|row| row.unvalued_lines).sum::<u64>() {
            0 if !foreign => String::new(),
            0 => in_all,
            lines => format!("{in_all}{lines} lines have no value and are not in it.\n"),
        }
    }
}
