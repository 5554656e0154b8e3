//! From a posted line to its row, and to the bytes of its row. No database here.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use ledger_core::event::Recorded;
use ledger_core::limits::BALANCE_UNITS_MAX;
use ledger_core::money::decimal_of;
use ledger_core::{BalancedEntry, Commodity, CommodityNo, Line, LineDetail, Text, Units};
use rust_decimal::Decimal;
use sqlx::types::JsonValue;

use crate::chart::{Chart, account_i32};
use crate::error::to_i64;
use crate::history::to_datetime;
use crate::record::{Rows, Table};

/// What the lines of an entry share.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct GlEntry {
    pub(crate) seq: i64,
    pub(crate) recorded_at: DateTime<Utc>,
    pub(crate) effective_date: NaiveDate,
    pub(crate) closing: bool,
    pub(crate) entry_kind: &'static str,
    pub(crate) description: Text,
    pub(crate) external_id: Option<Text>,
    pub(crate) actor_no: i32,
    pub(crate) reverses_seq: Option<i64>,
    pub(crate) corrects_seq: Option<i64>,
}

/// A row of `read.gl_fact`, in the types of its columns.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct GlRow {
    pub(crate) entry: Arc<GlEntry>,
    pub(crate) line_no: i32,
    pub(crate) account_no: i32,
    pub(crate) account_code: Text,
    pub(crate) account_type: &'static str,
    pub(crate) currency: Text,
    pub(crate) amount: Decimal,
    pub(crate) functional: Option<Decimal>,
    pub(crate) due_date: Option<NaiveDate>,
    pub(crate) party: Option<Text>,
    pub(crate) document: Option<Text>,
    pub(crate) tax_code: Option<Text>,
    pub(crate) memo: Option<Text>,
    /// A JSON object: the entry's tags and the line's, the line's before the entry's of the same key.
    pub(crate) tags: Option<JsonValue>,
    pub(crate) rate: Option<Decimal>,
    pub(crate) rate_quote: Option<Text>,
    pub(crate) weight: Option<Decimal>,
    pub(crate) weight_currency: Option<Text>,
}

impl Table for GlRow {
    const NAME: &'static str = "read.gl_fact";
    const COLUMNS: i32 = 28;
}

/// Bytes that a row usually has.
const ROW_BYTES: usize = 400;

/// Rows as a statement takes them: every column of `read.gl_fact`, in its order.
pub(super) fn encoded(rows: &[GlRow]) -> Rows<GlRow> {
    let mut encoded = Rows::with_capacity(rows.len(), ROW_BYTES);
    for row in rows {
        let entry = &row.entry;
        encoded.push(|columns| {
            columns.org().int8(entry.seq).timestamptz(entry.recorded_at).int8(entry.reverses_seq).int8(entry.corrects_seq);
            columns.int4(row.line_no).date(entry.effective_date).int4(row.account_no).int4(entry.actor_no).date(row.due_date);
            columns.bool(entry.closing).text(entry.entry_kind).text(row.account_code.as_str()).text(row.account_type);
            columns.text(row.currency.as_str()).numeric(row.amount).numeric(row.functional).text(entry.description.as_str());
            columns.text(entry.external_id.as_deref()).text(row.party.as_deref()).text(row.document.as_deref());
            columns.text(row.tax_code.as_deref()).text(row.memo.as_deref()).jsonb(row.tags.as_ref()).numeric(row.rate);
            columns.text(row.rate_quote.as_deref()).numeric(row.weight).text(row.weight_currency.as_deref());
        });
    }
    encoded
}

/// Adds the rows of an event; none where it moves no money.
pub(super) fn rows_of(chart: &Chart, event: &Recorded, rows: &mut Vec<GlRow>) -> Result<(), String> {
    let Some(entry) = event.event.entry() else { return Ok(()) };
    let shared = Arc::new(entry_of(chart, event, entry)?);
    for (index, line) in entry.lines().iter().enumerate() {
        let line_no = i32::try_from(index + 1).map_err(|_| "the entry has too many lines".to_owned())?;
        rows.push(row_of(chart, &shared, entry, line, line_no)?);
    }
    Ok(())
}

fn entry_of(chart: &Chart, event: &Recorded, entry: &BalancedEntry) -> Result<GlEntry, String> {
    let header = entry.header();
    Ok(GlEntry {
        seq: to_i64(event.seq),
        recorded_at: to_datetime(event.recorded_at).map_err(|error| error.to_string())?,
        effective_date: header.effective_date,
        closing: chart.is_closing(entry),
        entry_kind: header.kind.as_str(),
        description: header.description.clone(),
        external_id: header.external_id.clone(),
        actor_no: i32::try_from(event.actor.0).unwrap_or(i32::MAX),
        reverses_seq: header.reverses.map(to_i64),
        corrects_seq: header.corrects.map(to_i64),
    })
}

fn row_of(chart: &Chart, entry: &Arc<GlEntry>, whole: &BalancedEntry, line: &Line, line_no: i32) -> Result<GlRow, String> {
    static NOTHING: LineDetail =
        LineDetail { rate: None, weight: None, party: None, document: None, due_date: None, tax_code: None, tags: Vec::new(), memo: None };
    let detail = line.detail.as_deref().unwrap_or(&NOTHING);
    let account =
        chart.account(line.account).ok_or_else(|| format!("account #{} of line {line_no} was never opened", line.account.get()))?;
    let currency = commodity(chart, line.money.currency())?;
    let functional = chart.functional().ok_or("the books have no functional currency yet")?;
    let weight = detail.weight.map(|weight| commodity(chart, weight.currency()).map(|of| (weight, of))).transpose()?;
    let quote = detail.rate.as_ref().map(|rate| commodity(chart, rate.quote)).transpose()?;
    Ok(GlRow {
        entry: Arc::clone(entry),
        line_no,
        account_no: account_i32(account.no),
        account_code: account.code.clone(),
        account_type: account.kind.as_str(),
        currency: currency.code.clone(),
        amount: decimal(line.money.units(), currency.scale)?,
        functional: line.functional.map(|units| decimal(units, functional.scale)).transpose()?,
        due_date: detail.due_date,
        party: detail.party.clone(),
        document: detail.document.clone(),
        tax_code: detail.tax_code.clone(),
        memo: detail.memo.clone(),
        tags: tags(&whole.header().tags, &detail.tags),
        rate: detail.rate.as_ref().map(|rate| rate.rate),
        rate_quote: quote.map(|quote| quote.code.clone()),
        weight: weight.map(|(weight, of)| decimal(weight.units(), of.scale)).transpose()?,
        weight_currency: weight.map(|(_, of)| of.code.clone()),
    })
}

fn commodity(chart: &Chart, no: CommodityNo) -> Result<&Commodity, String> {
    chart.commodity(no).ok_or_else(|| format!("commodity #{} was never defined", no.get()))
}

/// Minor units as the decimal that a column holds, refused where it would not be exact.
pub(crate) fn decimal(units: Units, scale: u8) -> Result<Decimal, String> {
    if units.abs() > BALANCE_UNITS_MAX {
        return Err(format!("{units} minor units are more than an amount can hold exactly"));
    }
    Ok(decimal_of(units, scale))
}

/// The tags as a JSON object. A key that one side names more than once has an array of its values.
fn tags(entry: &[(Text, Text)], line: &[(Text, Text)]) -> Option<JsonValue> {
    if entry.is_empty() && line.is_empty() {
        return None;
    }
    let mut keys: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (key, value) in line {
        keys.entry(key).or_default().push(value);
    }
    let own: Vec<&str> = keys.keys().copied().collect();
    for (key, value) in entry.iter().filter(|(key, _)| !own.contains(&key.as_str())) {
        keys.entry(key).or_default().push(value);
    }
    let value = |mut values: Vec<&str>| match values.pop() {
        Some(only) if values.is_empty() => JsonValue::from(only),
        Some(last) => JsonValue::from_iter(values.into_iter().chain([last])),
        None => JsonValue::Null,
    };
    Some(JsonValue::Object(keys.into_iter().map(|(key, values)| (key.to_owned(), value(values))).collect()))
}
