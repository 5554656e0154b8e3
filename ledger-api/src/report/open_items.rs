//! The list of open items: every invoice, bill, credit and payment of which something is left.

use ledger_projections::Chart;
use ledger_projections::reports::{ItemRow, OpenItems};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::Heading;
use crate::cli::output::{Sheet, csv, number, text};

/// The columns of the CSV form.
pub const COLUMNS: [&str; 12] =
    ["party", "document", "kind", "date", "due_date", "days_overdue", "currency", "amount", "open", "open_functional", "seq", "line"];

/// Amounts with all digits of their commodity.
#[derive(Debug)]
pub struct Shown<'a> {
    chart: &'a Chart,
}

impl<'a> Shown<'a> {
    /// By the commodities of a chart.
    #[must_use]
    pub const fn new(chart: &'a Chart) -> Self {
        Self { chart }
    }

    /// Code of the functional currency.
    #[must_use]
    pub fn functional(&self) -> &'a str {
        self.chart.functional().map_or("", |functional| functional.code.as_str())
    }

    fn scale(&self, currency: &str) -> u32 {
        self.chart.commodities().iter().find(|commodity| commodity.code == currency).map_or(0, |found| u32::from(found.scale))
    }

    /// For programs.
    #[must_use]
    pub fn plain(&self, mut amount: Decimal, currency: &str) -> String {
        amount.rescale(self.scale(currency));
        amount.to_string()
    }

    /// For programs, in the functional currency.
    #[must_use]
    pub fn plain_value(&self, amount: Decimal) -> String {
        self.plain(amount, self.functional())
    }

    /// For people.
    #[must_use]
    pub fn grouped(&self, mut amount: Decimal, currency: &str) -> String {
        let scale = self.scale(currency);
        amount.rescale(scale);
        crate::cli::output::grouped(amount.mantissa(), u8::try_from(scale).unwrap_or(0))
    }

    /// For people, in the functional currency.
    #[must_use]
    pub fn grouped_value(&self, amount: Decimal) -> String {
        self.grouped(amount, self.functional())
    }
}

/// The CSV form.
///
/// # Errors
/// None that the rows can cause.
pub fn to_csv(items: &OpenItems) -> anyhow::Result<String> {
    let shown = Shown::new(&items.chart);
    csv(&COLUMNS, items.rows.iter().map(|row| record(row, &shown)))
}

fn record(row: &ItemRow, shown: &Shown<'_>) -> [String; 12] {
    [
        row.party.clone(),
        row.document.clone(),
        row.kind.clone(),
        row.date.to_string(),
        row.due_date.map(|date| date.to_string()).unwrap_or_default(),
        row.days_overdue.to_string(),
        row.currency.clone(),
        shown.plain(row.amount, &row.currency),
        shown.plain(row.open, &row.currency),
        shown.plain_value(row.open_functional),
        row.seq.to_string(),
        row.line.to_string(),
    ]
}

/// The JSON form.
#[must_use]
pub fn to_json(items: &OpenItems, heading: &Heading, side: &str) -> Value {
    let shown = Shown::new(&items.chart);
    let row = |row: &ItemRow| {
        let pairs = COLUMNS.iter().map(|name| (*name).to_owned()).zip(record(row, &shown));
        Value::Object(pairs.map(|(name, value)| (name, json!(value))).collect())
    };
    let mut map = heading.json("open-items");
    map.insert("side".into(), json!(side));
    map.insert("functional_currency".into(), json!(shown.functional()));
    map.insert("rows".into(), items.rows.iter().map(row).collect());
    Value::Object(map)
}

/// The table for people.
#[must_use]
pub fn to_table(items: &OpenItems, heading: &Heading, title: &str) -> String {
    if items.rows.is_empty() {
        return format!("{}Nothing is open.\n", heading.text(title));
    }
    let shown = Shown::new(&items.chart);
    let value = format!("Value {}", shown.functional());
    let mut sheet = Sheet::new([
        text("Party"),
        text("Document"),
        text("Kind"),
        text("Date"),
        text("Due"),
        number("Days"),
        text("Cur."),
        number("Amount"),
        number("Open"),
        number(value),
    ]);
    let mut last = None;
    for row in &items.rows {
        let party = if last == Some(&row.party) { String::new() } else { row.party.clone() };
        last = Some(&row.party);
        let due = row.due_date.map(|date| date.to_string()).unwrap_or_default();
        let (amount, open) = (shown.grouped(row.amount, &row.currency), shown.grouped(row.open, &row.currency));
        let kind = row.kind.replace('_', " ");
        let (days, currency, value) = (row.days_overdue.to_string(), row.currency.clone(), shown.grouped_value(row.open_functional));
        sheet.row([party, row.document.clone(), kind, row.date.to_string(), due, days, currency, amount, open, value]);
    }
    sheet.rule();
    let total: Decimal = items.rows.iter().map(|row| row.open_functional).sum();
    let mut cells = vec![String::new(); 10];
    (cells[0], cells[9]) = ("Total".to_owned(), shown.grouped_value(total));
    sheet.strong(cells);
    format!("{}{}", heading.text(title), sheet.render())
}
