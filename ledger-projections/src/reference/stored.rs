//! Rows as they are found in the database, held against rows that follow from history.

use chrono::{DateTime, NaiveDate, Utc};
use ledger_core::Text;
use ledger_store::OrgTx;
use rust_decimal::Decimal;

use super::fold::References;
use crate::compare::{Differences, column};
use crate::error::{Doing, ProjectionError};

/// Rows that one statement reads.
const PAGE: i64 = 16_384;

type DocumentColumns = (i64, String, String, String, i32, NaiveDate, Option<i64>, Option<String>, Option<Decimal>);

/// Compares all rows of all tables. Only documents are many; they are read page by page.
pub(super) async fn compare(tx: &mut OrgTx, batch: References, differences: &mut Differences) -> Result<(), ProjectionError> {
    compare_named(tx, &batch, differences).await?;
    compare_periods(tx, &batch, differences).await?;
    compare_rates(tx, &batch, differences).await?;
    compare_documents(tx, batch, differences).await
}

/// Both sides of a row as they are shown.
fn whole(expected: &String, found: &String) -> Vec<(&'static str, String, String)> {
    let mut list = Vec::new();
    column(&mut list, "row", expected, found);
    list
}

async fn compare_named(tx: &mut OrgTx, batch: &References, differences: &mut Differences) -> Result<(), ProjectionError> {
    let actors: Vec<(i32, String, String)> =
        sqlx::query_as("SELECT actor_no, kind, identity FROM read.actor WHERE org_id = $1 ORDER BY actor_no")
            .bind(tx.org().0)
            .fetch_all(&mut **tx)
            .await
            .doing("read who acted")?;
    let parties: Vec<(i32, String, String)> =
        sqlx::query_as("SELECT party_no, kind, code FROM read.party WHERE org_id = $1 ORDER BY party_no")
            .bind(tx.org().0)
            .fetch_all(&mut **tx)
            .await
            .doing("read parties")?;
    for (table, expected, found) in [("actor", &batch.actors, actors), ("party", &batch.parties, parties)] {
        let expected = expected.iter().map(|(no, row)| (*no, format!("{} {}", row.kind, row.name)));
        differences.merge(table, expected, found.into_iter().map(|(no, kind, name)| (no, format!("{kind} {name}"))), whole);
    }
    Ok(())
}

async fn compare_periods(tx: &mut OrgTx, batch: &References, differences: &mut Differences) -> Result<(), ProjectionError> {
    let found: Vec<(NaiveDate, String, Option<DateTime<Utc>>)> =
        sqlx::query_as("SELECT month, status, closed_at FROM read.period WHERE org_id = $1 ORDER BY month")
            .bind(tx.org().0)
            .fetch_all(&mut **tx)
            .await
            .doing("read periods")?;
    let expected = batch.periods.iter().map(|(month, row)| (*month, format!("{} {:?}", row.status, row.closed_at)));
    let found = found.into_iter().map(|(month, status, closed_at)| (month, format!("{status} {closed_at:?}")));
    differences.merge("period", expected, found, whole);
    Ok(())
}

async fn compare_rates(tx: &mut OrgTx, batch: &References, differences: &mut Differences) -> Result<(), ProjectionError> {
    let found: Vec<(NaiveDate, String, String, String, Decimal, String)> =
        sqlx::query_as("SELECT date, base, quote, kind, rate, source FROM read.fx_rate WHERE org_id = $1 ORDER BY date, base, quote, kind")
            .bind(tx.org().0)
            .fetch_all(&mut **tx)
            .await
            .doing("read rates")?;
    let key = |date: NaiveDate, base: &str, quote: &str, kind: &str| (date, Text::from(base), Text::from(quote), kind.to_owned());
    let shown = |rate: &Decimal, source: &str| format!("{} {source}", rate.normalize());
    let expected =
        batch.rates.iter().map(|((date, base, quote, kind), (rate, source))| (key(*date, base, quote, kind), shown(rate, source)));
    let found = found.into_iter().map(|(date, base, quote, kind, rate, source)| (key(date, &base, &quote, &kind), shown(&rate, &source)));
    differences.merge("fx_rate", expected, found, whole);
    Ok(())
}

async fn compare_documents(tx: &mut OrgTx, batch: References, differences: &mut Differences) -> Result<(), ProjectionError> {
    let expected = batch.documents.into_iter().map(|(seq, row)| {
        let confidence = row.confidence.map(|confidence| confidence.normalize());
        let parts = (row.kind, row.side, row.number.as_str(), row.party_no, row.date, row.relates_seq, row.channel.as_deref(), confidence);
        (seq, format!("{parts:?}"))
    });
    let mut expected = expected.peekable();
    let mut after = i64::MIN;
    loop {
        let page = documents_after(tx, after).await?;
        let Some(last) = page.last().map(|row| row.0) else {
            differences.merge("document", expected, std::iter::empty::<(i64, String)>(), whole);
            return Ok(());
        };
        let due: Vec<_> = std::iter::from_fn(|| expected.next_if(|(seq, _)| *seq <= last)).collect();
        let found = page.into_iter().map(|(seq, kind, side, number, party_no, date, relates_seq, channel, confidence)| {
            let confidence = confidence.map(|confidence| confidence.normalize());
            let parts = (kind.as_str(), side.as_str(), number.as_str(), party_no, date, relates_seq, channel.as_deref(), confidence);
            (seq, format!("{parts:?}"))
        });
        differences.merge("document", due.into_iter(), found, whole);
        after = last;
    }
}

async fn documents_after(tx: &mut OrgTx, after: i64) -> Result<Vec<DocumentColumns>, ProjectionError> {
    sqlx::query_as(
        "SELECT seq, kind, side, number, party_no, date, relates_seq, channel, confidence
           FROM read.document WHERE org_id = $1 AND seq > $2 ORDER BY seq LIMIT $3",
    )
    .bind(tx.org().0)
    .bind(after)
    .bind(PAGE)
    .fetch_all(&mut **tx)
    .await
    .doing("read documents")
}
