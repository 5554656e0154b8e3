//! The rows of `read.tax_report`.

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;

/// Event and place among the document's tax rows, from 1.
pub(crate) type RowKey = (i64, i32);

/// What a tax row of a document, or of its reversal, came to; as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct Row {
    pub(crate) seq: i64,
    pub(crate) row_no: i32,
    pub(crate) recorded_at: DateTime<Utc>,
    pub(crate) date: NaiveDate,
    pub(crate) reverses_seq: Option<i64>,
    pub(crate) side: String,
    pub(crate) kind: String,
    pub(crate) document: String,
    pub(crate) party: String,
    pub(crate) code: String,
    pub(crate) component: String,
    #[sqlx(rename = "box")]
    pub(crate) report_box: String,
    pub(crate) rate: Decimal,
    pub(crate) nature: String,
    pub(crate) account_no: i32,
    pub(crate) currency: String,
    pub(crate) base: Decimal,
    pub(crate) tax: Decimal,
    pub(crate) recoverable: Decimal,
    pub(crate) posted: Decimal,
    pub(crate) functional_base: Decimal,
    pub(crate) functional_tax: Decimal,
    pub(crate) functional_recoverable: Decimal,
    pub(crate) functional_posted: Decimal,
}

impl Row {
    pub(crate) const fn key(&self) -> RowKey {
        (self.seq, self.row_no)
    }

    /// The row of the reversal of this one.
    pub(crate) fn reversed(&self, by: &Reversal) -> Self {
        Self {
            seq: by.seq,
            recorded_at: by.recorded_at,
            date: by.date,
            reverses_seq: Some(self.seq),
            base: -self.base,
            tax: -self.tax,
            recoverable: -self.recoverable,
            posted: -self.posted,
            functional_base: -self.functional_base,
            functional_tax: -self.functional_tax,
            functional_recoverable: -self.functional_recoverable,
            functional_posted: -self.functional_posted,
            ..self.clone()
        }
    }
}

/// The reversal of an entry that may be a document's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reversal {
    pub(crate) seq: i64,
    pub(crate) original: i64,
    pub(crate) recorded_at: DateTime<Utc>,
    pub(crate) date: NaiveDate,
}
