//! Rows of `gl_fact` as they are found in the database, held against rows that follow from history.

use chrono::{DateTime, NaiveDate, Utc};
use ledger_core::Seq;
use ledger_store::OrgTx;
use rust_decimal::Decimal;
use sqlx::types::JsonValue;

use super::GlRow;
use crate::compare::{Differences, column};
use crate::error::{Doing, ProjectionError, to_i64};

#[derive(Clone, Debug, sqlx::FromRow)]
struct Stored {
    seq: i64,
    recorded_at: DateTime<Utc>,
    reverses_seq: Option<i64>,
    corrects_seq: Option<i64>,
    line_no: i32,
    effective_date: NaiveDate,
    account_no: i32,
    actor_no: i32,
    due_date: Option<NaiveDate>,
    closing: bool,
    entry_kind: String,
    account_code: String,
    account_type: String,
    currency: String,
    amount: Decimal,
    functional: Option<Decimal>,
    description: String,
    external_id: Option<String>,
    party: Option<String>,
    document: Option<String>,
    tax_code: Option<String>,
    memo: Option<String>,
    tags: Option<JsonValue>,
    rate: Option<Decimal>,
    rate_quote: Option<String>,
    weight: Option<Decimal>,
    weight_currency: Option<String>,
}

/// Rows that one statement reads: bounded, whatever somebody may have put between two events.
const PAGE: i64 = 16_384;

/// Compares the rows of the events after `from` up to `to`, or to the end of the table.
pub(super) async fn compare(
    tx: &mut OrgTx,
    from: Seq,
    to: Option<Seq>,
    expected: Vec<GlRow>,
    differences: &mut Differences,
) -> Result<(), ProjectionError> {
    // From the very beginning where it is the first batch, so that a row at an impossible place is found too.
    let mut after = if from == 0 { (i64::MIN, i32::MIN) } else { (to_i64(from), i32::MAX) };
    let to = to.map_or(i64::MAX, to_i64);
    let mut expected = expected.into_iter().map(|row| ((row.entry.seq, row.line_no), row)).peekable();
    loop {
        let page = page(tx, after, to).await?;
        let Some(last) = page.last().map(|row| (row.seq, row.line_no)) else {
            differences.merge("gl_fact", expected, std::iter::empty::<((i64, i32), Stored)>(), columns);
            return Ok(());
        };
        let due: Vec<_> = std::iter::from_fn(|| expected.next_if(|(key, _)| *key <= last)).collect();
        differences.merge("gl_fact", due.into_iter(), page.into_iter().map(|row| ((row.seq, row.line_no), row)), columns);
        after = last;
    }
}

async fn page(tx: &mut OrgTx, (seq, line_no): (i64, i32), to: i64) -> Result<Vec<Stored>, ProjectionError> {
    sqlx::query_as(
        "SELECT seq, recorded_at, reverses_seq, corrects_seq, line_no, effective_date, account_no, actor_no, due_date, closing,
                entry_kind, account_code, account_type, currency, amount, functional, description, external_id, party,
                document, tax_code, memo, tags, rate, rate_quote, weight, weight_currency
           FROM read.gl_fact
          WHERE org_id = $1 AND (seq, line_no) > ($2, $3) AND seq <= $4
          ORDER BY seq, line_no LIMIT $5",
    )
    .bind(tx.org().0)
    .bind(seq)
    .bind(line_no)
    .bind(to)
    .bind(PAGE)
    .fetch_all(&mut **tx)
    .await
    .doing("read lines of the general ledger")
}

fn columns(row: &GlRow, found: &Stored) -> Vec<(&'static str, String, String)> {
    let (list, entry) = (&mut Vec::new(), &row.entry);
    column(list, "recorded_at", entry.recorded_at, found.recorded_at);
    column(list, "reverses_seq", entry.reverses_seq, found.reverses_seq);
    column(list, "corrects_seq", entry.corrects_seq, found.corrects_seq);
    column(list, "effective_date", entry.effective_date, found.effective_date);
    column(list, "account_no", row.account_no, found.account_no);
    column(list, "actor_no", entry.actor_no, found.actor_no);
    column(list, "due_date", row.due_date, found.due_date);
    column(list, "closing", entry.closing, found.closing);
    column(list, "entry_kind", entry.entry_kind, found.entry_kind.as_str());
    column(list, "account_code", row.account_code.as_str(), found.account_code.as_str());
    column(list, "account_type", row.account_type, found.account_type.as_str());
    column(list, "currency", row.currency.as_str(), found.currency.as_str());
    column(list, "amount", row.amount, found.amount);
    column(list, "functional", row.functional, found.functional);
    column(list, "description", entry.description.as_str(), found.description.as_str());
    column(list, "external_id", entry.external_id.as_deref(), found.external_id.as_deref());
    column(list, "party", row.party.as_deref(), found.party.as_deref());
    column(list, "document", row.document.as_deref(), found.document.as_deref());
    column(list, "tax_code", row.tax_code.as_deref(), found.tax_code.as_deref());
    column(list, "memo", row.memo.as_deref(), found.memo.as_deref());
    column(list, "tags", row.tags.as_ref(), found.tags.as_ref());
    column(list, "rate", row.rate, found.rate);
    column(list, "rate_quote", row.rate_quote.as_deref(), found.rate_quote.as_deref());
    column(list, "weight", row.weight, found.weight);
    column(list, "weight_currency", row.weight_currency.as_deref(), found.weight_currency.as_deref());
    std::mem::take(list)
}
