//! The journal of a period: whole entries in the order in which they were recorded, and what they sum to. For files
//! that hand a ledger over to somebody else (SAF-T); one account's lines in the order of their dates are the general
//! ledger's business.
//!
//! Read in pages, each in a transaction of its own, and still one answer: the reader holds on to the event at which it
//! began, and lines once written are never changed. All amounts are in the functional currency unless said otherwise.

use chrono::{DateTime, NaiveDate, Utc};
use ledger_core::{AccountNo, Seq, Timestamp};
use ledger_store::OrgStore;
use rust_decimal::Decimal;
use sqlx::types::JsonValue;

use crate::chart::Chart;
use crate::checkpoint::Checkpoint;
use crate::error::{Doing, ProjectionError, to_i64, to_seq};
use crate::gl_fact::GlFact;
use crate::history::from_datetime;

/// A journal that is being read.
#[derive(Clone, Debug)]
pub struct Journal {
    org: OrgStore,
    from: NaiveDate,
    to: NaiveDate,
    seq: Seq,
    chart: Chart,
    after: (i64, i32),
}

/// What the journal sums to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct JournalTotals {
    /// Entries.
    pub entries: i64,
    /// Debits, not negative.
    pub debit: Decimal,
    /// Credits, not negative.
    pub credit: Decimal,
    /// Lines up to the last day that have no value in the functional currency and are in no sum.
    pub unvalued: i64,
}

/// What an account, or a party on an account, held before the first day and moved in the period. Debit positive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalRoll {
    /// The account.
    pub account_no: AccountNo,
    /// The party; `None` for lines without one.
    pub party: Option<String>,
    /// Before the first day.
    pub opening: Decimal,
    /// From the first day to the last.
    pub movement: Decimal,
}

/// One line of the journal.
#[derive(Clone, Debug, PartialEq)]
pub struct JournalLine {
    /// Its entry's event.
    pub seq: Seq,
    /// Its place in the entry, from 1.
    pub line_no: i32,
    /// When it counts.
    pub effective_date: NaiveDate,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// What happened.
    pub description: String,
    /// The account.
    pub account_no: AccountNo,
    /// The transaction currency.
    pub currency: String,
    /// Debit positive, in the transaction currency.
    pub amount: Decimal,
    /// Debit positive.
    pub functional: Decimal,
    /// Customer, vendor or payee.
    pub party: Option<String>,
    /// Invoice or bill number.
    pub document: Option<String>,
    /// When it falls due.
    pub due_date: Option<NaiveDate>,
    /// Tax code.
    pub tax_code: Option<String>,
    /// A note.
    pub memo: Option<String>,
    /// Dimensions, as a JSON object.
    pub tags: Option<JsonValue>,
}

#[derive(sqlx::FromRow)]
struct LineRow {
    seq: i64,
    line_no: i32,
    effective_date: NaiveDate,
    recorded_at: DateTime<Utc>,
    description: String,
    account_no: i32,
    currency: String,
    amount: Decimal,
    functional: Option<Decimal>,
    party: Option<String>,
    document: Option<String>,
    due_date: Option<NaiveDate>,
    tax_code: Option<String>,
    memo: Option<String>,
    tags: Option<JsonValue>,
}

fn account(no: i32) -> Result<AccountNo, ProjectionError> {
    let number = u32::try_from(no).map_err(|_| ProjectionError::Damaged { what: "an account's number", found: no.to_string() })?;
    Ok(AccountNo::new(number))
}

impl Journal {
    /// Begins to read. Without bounds the period reaches from the first line to the last.
    ///
    /// # Errors
    /// [`ProjectionError`] when the server fails.
    pub async fn open(org: &OrgStore, from: Option<NaiveDate>, to: Option<NaiveDate>) -> Result<Option<Self>, ProjectionError> {
        let mut tx = org.begin_read().await?;
        let seq = Checkpoint::seq_of(&mut tx, GlFact::NAME).await?;
        let chart = Chart::load(&mut tx, GlFact::NAME).await?;
        let (first, last): (Option<NaiveDate>, Option<NaiveDate>) =
            sqlx::query_as("SELECT min(effective_date), max(effective_date) FROM read.gl_fact WHERE org_id = $1 AND seq <= $2")
                .bind(tx.org().0)
                .bind(to_i64(seq))
                .fetch_one(&mut *tx)
                .await
                .doing("find the journal's first and last day")?;
        tx.rollback().await?;
        let bounds = from.or(first).zip(to.or(last));
        Ok(bounds.map(|(from, to)| Self { org: org.clone(), from, to, seq, chart, after: (0, 0) }))
    }

    /// First and last day.
    #[must_use]
    pub const fn period(&self) -> (NaiveDate, NaiveDate) {
        (self.from, self.to)
    }

    /// Accounts as of the event that the journal is read at.
    #[must_use]
    pub const fn chart(&self) -> &Chart {
        &self.chart
    }

    /// Number and sides of the period's entries.
    ///
    /// # Errors
    /// [`ProjectionError`] when the server fails.
    pub async fn totals(&self) -> Result<JournalTotals, ProjectionError> {
        let mut tx = self.org.begin_read().await?;
        let totals = sqlx::query_as(
            "SELECT count(DISTINCT seq) FILTER (WHERE effective_date >= $2) AS entries,
                    coalesce(sum(functional) FILTER (WHERE effective_date >= $2 AND functional > 0), 0) AS debit,
                    coalesce(-sum(functional) FILTER (WHERE effective_date >= $2 AND functional < 0), 0) AS credit,
                    count(*) FILTER (WHERE functional IS NULL) AS unvalued
               FROM read.gl_fact WHERE org_id = $1 AND effective_date <= $3 AND seq <= $4",
        )
        .bind(tx.org().0)
        .bind(self.from)
        .bind(self.to)
        .bind(to_i64(self.seq))
        .fetch_one(&mut *tx)
        .await
        .doing("add up the journal")?;
        tx.rollback().await?;
        Ok(totals)
    }

    /// Every account and party that held something or moved, by account and party.
    ///
    /// # Errors
    /// [`ProjectionError`] when the server fails.
    pub async fn rolls(&self) -> Result<Vec<JournalRoll>, ProjectionError> {
        let mut tx = self.org.begin_read().await?;
        let rows: Vec<(i32, Option<String>, Decimal, Decimal)> = sqlx::query_as(
            "SELECT account_no, party, coalesce(sum(functional) FILTER (WHERE effective_date < $2), 0),
                    coalesce(sum(functional) FILTER (WHERE effective_date >= $2), 0)
               FROM read.gl_fact WHERE org_id = $1 AND effective_date <= $3 AND seq <= $4
              GROUP BY account_no, party ORDER BY account_no, party",
        )
        .bind(tx.org().0)
        .bind(self.from)
        .bind(self.to)
        .bind(to_i64(self.seq))
        .fetch_all(&mut *tx)
        .await
        .doing("add up accounts and parties")?;
        tx.rollback().await?;
        rows.into_iter()
            .map(|(no, party, opening, movement)| Ok(JournalRoll { account_no: account(no)?, party, opening, movement }))
            .collect()
    }

    /// Tax codes on lines of the period.
    ///
    /// # Errors
    /// [`ProjectionError`] when the server fails.
    pub async fn tax_codes(&self) -> Result<Vec<String>, ProjectionError> {
        let mut tx = self.org.begin_read().await?;
        let codes = sqlx::query_scalar(
            "SELECT DISTINCT tax_code FROM read.gl_fact
              WHERE org_id = $1 AND effective_date BETWEEN $2 AND $3 AND seq <= $4 AND tax_code IS NOT NULL ORDER BY tax_code",
        )
        .bind(tx.org().0)
        .bind(self.from)
        .bind(self.to)
        .bind(to_i64(self.seq))
        .fetch_all(&mut *tx)
        .await
        .doing("list the tax codes of the journal")?;
        tx.rollback().await?;
        Ok(codes)
    }

    /// The next lines, up to `limit`, by entry and line; empty at the end. An entry may go on in the next page.
    ///
    /// # Errors
    /// [`ProjectionError`] when the server fails.
    pub async fn next(&mut self, limit: usize) -> Result<Vec<JournalLine>, ProjectionError> {
        let mut tx = self.org.begin_read().await?;
        let rows: Vec<LineRow> = sqlx::query_as(
            "SELECT seq, line_no, effective_date, recorded_at, description, account_no, currency, amount, functional, party,
                    document, due_date, tax_code, memo, tags
               FROM read.gl_fact
              WHERE org_id = $1 AND (seq, line_no) > ($2, $3) AND seq <= $4 AND effective_date BETWEEN $5 AND $6
              ORDER BY seq, line_no LIMIT $7",
        )
        .bind(tx.org().0)
        .bind(self.after.0)
        .bind(self.after.1)
        .bind(to_i64(self.seq))
        .bind(self.from)
        .bind(self.to)
        .bind(i64::try_from(limit.max(1)).unwrap_or(i64::MAX))
        .fetch_all(&mut *tx)
        .await
        .doing("read the journal")?;
        tx.rollback().await?;
        if let Some(last) = rows.last() {
            self.after = (last.seq, last.line_no);
        }
        rows.into_iter().map(line).collect()
    }
}

fn line(row: LineRow) -> Result<JournalLine, ProjectionError> {
    Ok(JournalLine {
        seq: to_seq("seq of a line", row.seq)?,
        line_no: row.line_no,
        effective_date: row.effective_date,
        recorded_at: from_datetime(row.recorded_at),
        description: row.description,
        account_no: account(row.account_no)?,
        currency: row.currency,
        amount: row.amount,
        functional: row.functional.unwrap_or_default(),
        party: row.party,
        document: row.document,
        due_date: row.due_date,
        tax_code: row.tax_code,
        memo: row.memo,
        tags: row.tags,
    })
}
