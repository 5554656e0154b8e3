//! What every projection of the sub-ledgers makes of an event's numbers: decimals, codes and moments.

use chrono::{DateTime, Utc};
use ledger_core::event::Recorded;
use ledger_core::{BalancedEntry, CommodityNo, Text, Units};
use rust_decimal::Decimal;

use crate::chart::Chart;
use crate::gl_fact::decimal;
use crate::history::to_datetime;

/// When an event was recorded.
pub(crate) fn recorded_at(event: &Recorded) -> Result<DateTime<Utc>, String> {
    to_datetime(event.recorded_at).map_err(|error| error.to_string())
}

/// Minor units of a commodity as a decimal.
pub(crate) fn amount(chart: &Chart, units: Units, no: CommodityNo) -> Result<Decimal, String> {
    let commodity = chart.commodity(no).ok_or_else(|| format!("commodity #{} was never defined", no.get()))?;
    decimal(units, commodity.scale)
}

/// Minor units of the functional currency as a decimal.
pub(crate) fn value(chart: &Chart, units: Units) -> Result<Decimal, String> {
    let functional = chart.functional().ok_or("the books have no functional currency yet")?;
    decimal(units, functional.scale)
}

/// The code of a commodity.
pub(crate) fn currency(chart: &Chart, no: CommodityNo) -> Text {
    chart.commodity(no).map(|commodity| commodity.code.clone()).unwrap_or_default()
}

/// The one party that an entry's lines on control accounts name; `None` where they name several or there are none.
pub(crate) fn party_of<'a>(chart: &Chart, entry: &'a BalancedEntry) -> Option<&'a Text> {
    let controls = entry.lines().iter().filter(|line| chart.control(line.account).is_some());
    let mut parties = controls.filter_map(|line| line.detail.as_ref()?.party.as_ref());
    let first = parties.next()?;
    parties.all(|party| party == first).then_some(first)
}

/// A hash as it is shown: hexadecimal.
pub(crate) fn hex(hash: &[u8]) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}
