//! The report of deferred amounts: what was invoiced or billed ahead, what of it was earned or spent, and what waits.
//!
//! Revenue and expense stand apart and currencies never share a row; totals are per currency, with the value in the
//! functional currency beside what remains.

use std::collections::BTreeMap;

use ledger_core::AccountNo;
use ledger_projections::reports::{DeferralAmounts, DeferralBy, DeferralRow, Deferrals};
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::Heading;
use super::open_items::Shown;
use crate::cli::output::{Column, Sheet, csv, number, text};

/// One amount of a row: its name in CSV and JSON, its title in tables, and where it is.
type Measure = (&'static str, &'static str, fn(&DeferralAmounts) -> Decimal);

const MEASURES: [Measure; 4] = [
    ("total", "Total", |amounts| amounts.total),
    ("cancelled", "Cancelled", |amounts| amounts.cancelled),
    ("recognised", "Recognised", |amounts| amounts.recognised),
    ("remaining", "Remaining", |amounts| amounts.remaining),
];

const NAMES: [&str; 10] = ["side", "month", "party", "document", "line", "seq", "account", "target", "until", "currency"];

/// Deferred amounts, ready to be printed.
#[derive(Debug)]
pub struct DeferralReport<'a> {
    deferrals: &'a Deferrals,
    by: DeferralBy,
    shown: Shown<'a>,
}

const fn side(expense: bool) -> &'static str {
    if expense { "expense" } else { "revenue" }
}

impl<'a> DeferralReport<'a> {
    /// Lays a report out. `by` is what it was made with.
    #[must_use]
    pub fn new(deferrals: &'a Deferrals, by: DeferralBy) -> Self {
        Self { deferrals, by, shown: Shown::new(&deferrals.chart) }
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
        csv(&columns, self.deferrals.rows.iter().map(|row| self.record(row)))
    }

    fn record(&self, row: &DeferralRow) -> Vec<String> {
        let mut cells = self.names(row).to_vec();
        cells.extend(MEASURES.iter().map(|(_, _, of)| self.shown.plain(of(&row.amounts), &row.currency)));
        cells.extend(MEASURES.iter().map(|(_, _, of)| self.shown.plain_value(of(&row.functional))));
        cells
    }

    fn code(&self, no: AccountNo) -> String {
        self.deferrals.chart.account(no).map(|account| account.code.to_string()).unwrap_or_default()
    }

    fn names(&self, row: &DeferralRow) -> [String; 10] {
        let month = row.month.map(|month| month.format("%Y-%m").to_string()).unwrap_or_default();
        let (side, currency) = (side(row.expense).to_owned(), row.currency.clone());
        let none = String::new;
        match &row.schedule {
            None => [side, month, none(), none(), none(), none(), none(), none(), none(), currency],
            Some(schedule) => [
                side,
                month,
                schedule.party.clone(),
                schedule.document.clone(),
                schedule.line.to_string(),
                schedule.seq.to_string(),
                self.code(schedule.deferred),
                self.code(schedule.target),
                schedule.until.to_string(),
                currency,
            ],
        }
    }

    /// The JSON form: rows with amounts and values, and totals by side and currency.
    #[must_use]
    pub fn json(&self, heading: &Heading) -> Value {
        let amounts = |amounts: &DeferralAmounts, currency: &str| -> Value {
            MEASURES
                .iter()
                .map(|(name, _, of)| ((*name).to_owned(), json!(self.shown.plain(of(amounts), currency))))
                .collect::<Map<_, _>>()
                .into()
        };
        let row = |row: &DeferralRow| {
            let names = NAMES.iter().zip(self.names(row)).filter(|(_, value)| !value.is_empty());
            let mut map: Map<String, Value> = names.map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
            map.insert("amounts".into(), amounts(&row.amounts, &row.currency));
            map.insert("functional".into(), amounts(&row.functional, self.shown.functional()));
            Value::Object(map)
        };
        let total = |((expense, currency), (found, value)): (&(bool, &str), &(DeferralAmounts, DeferralAmounts))| {
            json!({
                "side": side(*expense), "currency": currency,
                "amounts": amounts(found, currency), "functional": amounts(value, self.shown.functional()),
            })
        };
        let mut map = heading.json("deferrals");
        map.insert("functional_currency".into(), json!(self.shown.functional()));
        map.insert("rows".into(), self.deferrals.rows.iter().map(row).collect());
        map.insert("totals".into(), self.totals().iter().map(total).collect());
        Value::Object(map)
    }

    /// By side and currency: amounts and values.
    fn totals(&self) -> BTreeMap<(bool, &str), (DeferralAmounts, DeferralAmounts)> {
        let mut totals: BTreeMap<(bool, &str), (DeferralAmounts, DeferralAmounts)> = BTreeMap::new();
        for row in &self.deferrals.rows {
            let (amounts, value) = totals.entry((row.expense, &row.currency)).or_default();
            *amounts += &row.amounts;
            *value += &row.functional;
        }
        totals
    }

    /// The table for people: deferred revenue, prepaid expense.
    #[must_use]
    pub fn table(&self, heading: &Heading) -> String {
        let mut all = heading.text("Deferred amounts");
        if self.deferrals.rows.is_empty() {
            all.push_str("Nothing waits to be earned or spent.\n");
        }
        let sheet = |(expense, title)| {
            let rows: Vec<&DeferralRow> = self.deferrals.rows.iter().filter(|row| row.expense == expense).collect();
            (!rows.is_empty()).then(|| format!("{title}\n{}", self.sheet(&rows, expense)))
        };
        let sheets: Vec<String> = [(false, "Deferred revenue"), (true, "Prepaid expense")].into_iter().filter_map(sheet).collect();
        all.push_str(&sheets.join("\n"));
        all
    }

    fn sheet(&self, rows: &[&DeferralRow], expense: bool) -> String {
        let foreign = rows.iter().any(|row| row.currency != self.shown.functional());
        let titles = match self.by {
            DeferralBy::Document => vec!["Party", "Document", "Until", "Cur."],
            DeferralBy::Month => vec!["Month", "Cur."],
        };
        let width = titles.len();
        let mut columns: Vec<Column> = titles.into_iter().map(text).collect();
        columns.extend(MEASURES.iter().map(|(_, title, _)| number(*title)));
        columns.extend(foreign.then(|| number(format!("In {}", self.shown.functional()))));
        let mut sheet = Sheet::new(columns);
        let amounts = |found: &DeferralAmounts, currency: &str| {
            let cell = |amount: Decimal| if amount.is_zero() { String::new() } else { self.shown.grouped(amount, currency) };
            MEASURES.iter().map(|(_, _, of)| cell(of(found))).collect::<Vec<_>>()
        };
        for row in rows {
            let [_, month, party, document, line, _, _, _, until, currency] = self.names(row);
            let mut cells = match self.by {
                DeferralBy::Document => vec![party, format!("{document}, line {line}"), until, currency],
                DeferralBy::Month => vec![month, currency],
            };
            cells.extend(amounts(&row.amounts, &row.currency));
            cells.extend(foreign.then(|| self.shown.grouped_value(row.functional.remaining)));
            sheet.row(cells);
        }
        sheet.rule();
        let totals = self.totals();
        for (index, ((_, currency), (found, value))) in totals.iter().filter(|((side, _), _)| *side == expense).enumerate() {
            let mut cells = vec![String::new(); width];
            if index == 0 {
                "Total".clone_into(&mut cells[0]);
            }
            (*currency).clone_into(&mut cells[width - 1]);
            cells.extend(amounts(found, currency));
            cells.extend(foreign.then(|| self.shown.grouped_value(value.remaining)));
            sheet.strong(cells);
        }
        sheet.render()
    }
}
