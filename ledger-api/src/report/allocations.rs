//! The list of allocations: what settled what, and what exchange rates did to it.

use ledger_projections::reports::{AllocationLine, Allocations};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::Heading;
use super::open_items::Shown;
use crate::cli::output::{Sheet, csv, number, text};

/// The columns of the CSV form.
pub const COLUMNS: [&str; 14] = [
    "date",
    "party",
    "document",
    "kind",
    "currency",
    "amount",
    "functional",
    "settled_by",
    "by_kind",
    "by_currency",
    "by_amount",
    "realised",
    "seq",
    "reverses",
];

fn record(row: &AllocationLine, shown: &Shown<'_>) -> [String; 14] {
    [
        row.date.to_string(),
        row.party.clone(),
        row.document.clone(),
        row.kind.clone(),
        row.currency.clone(),
        shown.plain(row.amount, &row.currency),
        shown.plain_value(row.functional),
        row.by_document.clone(),
        row.by_kind.clone(),
        row.by_currency.clone(),
        shown.plain(row.by_amount, &row.by_currency),
        shown.plain_value(row.realised),
        row.seq.to_string(),
        row.reverses.map(|seq| seq.to_string()).unwrap_or_default(),
    ]
}

/// The CSV form.
///
/// # Errors
/// None that the rows can cause.
pub fn to_csv(found: &Allocations) -> anyhow::Result<String> {
    let shown = Shown::new(&found.chart);
    csv(&COLUMNS, found.rows.iter().map(|row| record(row, &shown)))
}

/// The JSON form.
#[must_use]
pub fn to_json(found: &Allocations, heading: &Heading, side: &str) -> Value {
    let shown = Shown::new(&found.chart);
    let row = |row: &AllocationLine| {
        Value::Object(COLUMNS.iter().map(|name| (*name).to_owned()).zip(record(row, &shown).into_iter().map(|cell| json!(cell))).collect())
    };
    let mut map = heading.json("allocations");
    map.insert("side".into(), json!(side));
    map.insert("functional_currency".into(), json!(shown.functional()));
    map.insert("rows".into(), found.rows.iter().map(row).collect());
    Value::Object(map)
}

/// The table for people.
#[must_use]
pub fn to_table(found: &Allocations, heading: &Heading, title: &str) -> String {
    if found.rows.is_empty() {
        return format!("{}Nothing was settled.\n", heading.text(title));
    }
    let shown = Shown::new(&found.chart);
    let realised = format!("Realised {}", shown.functional());
    let undone = found.rows.iter().any(|row| row.reverses.is_some());
    let columns = [text("Date"), text("Party"), text("Document"), text("Settled by"), text("Cur."), number("Amount"), number(realised)];
    let mut sheet = Sheet::new(columns.into_iter().chain([number("Seq")]).chain(undone.then(|| number("Undoes"))));
    for row in &found.rows {
        let amount = shown.grouped(row.amount, &row.currency);
        let gain = if row.realised.is_zero() { String::new() } else { shown.grouped_value(row.realised) };
        let undoes = undone.then(|| row.reverses.map(|seq| seq.to_string()).unwrap_or_default());
        let (date, party, document, currency) = (row.date.to_string(), row.party.clone(), row.document.clone(), row.currency.clone());
        sheet.row([date, party, document, row.by_document.clone(), currency, amount, gain, row.seq.to_string()].into_iter().chain(undoes));
    }
    sheet.rule();
    let total: Decimal = found.rows.iter().map(|row| row.realised).sum();
    let mut cells = vec![String::new(); 7];
    (cells[0], cells[6]) = ("Total".to_owned(), shown.grouped_value(total));
    sheet.strong(cells);
    format!("{}{}", heading.text(title), sheet.render())
}
