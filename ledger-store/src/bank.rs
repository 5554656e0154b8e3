//! Bank statements and their lines as they came, and which postings the lines turned out to be.
//!
//! How statements are read and what a line may be about belongs in `ledger-api`; this keeps them, once each, and remembers
//! what was matched. Nothing here moves money.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use ledger_core::{AccountNo, Seq};
use rust_decimal::Decimal;
use sqlx::Row;

use crate::commits::{from_i64, to_i64};
use crate::error::{Doing, StoreError};
use crate::tenant::{OrgStore, OrgTx};

/// A statement to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewStatement {
    /// BLAKE3 of the file that it came in.
    pub source_hash: [u8; 32],
    /// Its place in the file, from 1.
    pub place: u32,
    /// The file's name, for people.
    pub source_name: String,
    /// `camt.053`, `OFX`, `MT940`.
    pub format: String,
    /// The bank's number or id of it.
    pub reference: String,
    /// The bank's number of the account.
    pub bank_account: String,
    /// The account in the books.
    pub account: AccountNo,
    /// The account's currency.
    pub currency: String,
    /// The balance before the lines, and its day, where stated. Positive when the bank owes.
    pub opening: Option<(Decimal, Option<NaiveDate>)>,
    /// The balance after the lines.
    pub closing: Option<(Decimal, Option<NaiveDate>)>,
    /// Sum of booked lines.
    pub booked: Decimal,
    /// Whether opening and booked lines give the closing balance: `yes`, `no`, `not stated`.
    pub reconciles: String,
    /// Its lines in the order of the file.
    pub lines: Vec<Line>,
}

/// What a bank says of one movement.
#[derive(Clone, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct Line {
    /// When the bank booked it.
    pub date: NaiveDate,
    /// From when it bears interest, where stated.
    pub value_date: Option<NaiveDate>,
    /// Positive when money came in.
    pub amount: Decimal,
    /// Its currency.
    pub currency: String,
    /// Who paid or was paid.
    pub counterparty: Option<String>,
    /// Their account.
    pub counterparty_account: Option<String>,
    /// The bank's own reference.
    pub reference: Option<String>,
    /// The reference that the payer gave along.
    pub end_to_end: Option<String>,
    /// What it is for.
    pub text: String,
    /// `booked`, `pending`, `information`.
    pub status: String,
    /// Whether it takes back an earlier one.
    pub reversal: bool,
}

impl Line {
    /// The hash of what the bank says: two lines that say the same have the same.
    #[must_use]
    pub fn fingerprint(&self) -> [u8; 32] {
        let mut hash = blake3::Hasher::new();
        let mut field = |text: &str| {
            hash.update(&u64::try_from(text.len()).unwrap_or(u64::MAX).to_le_bytes());
            hash.update(text.as_bytes());
        };
        let or_empty = |text: &Option<String>| text.clone().unwrap_or_default();
        field(&self.date.to_string());
        field(&self.amount.normalize().to_string());
        for text in [&self.counterparty, &self.counterparty_account, &self.reference, &self.end_to_end] {
            field(&or_empty(text));
        }
        for text in [&self.currency, &self.text, &self.status] {
            field(text);
        }
        hash.finalize().into()
    }
}

/// Where a line is kept: statement and line, both from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LineId {
    /// The statement's number in the organization.
    pub statement: u32,
    /// Its place in the statement.
    pub line: u32,
}

impl std::fmt::Display for LineId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.statement, self.line)
    }
}

/// The posting that a line turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match {
    /// The posting's event.
    pub seq: Seq,
    /// Its line on the bank's account, from 1.
    pub line: u32,
    /// Whose document it pays, where one was named.
    pub party: Option<String>,
}

/// A line as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredLine {
    /// Where.
    pub id: LineId,
    /// The account in the books.
    pub account: AccountNo,
    /// What the bank says.
    pub line: Line,
    /// The line of an earlier statement that says the same.
    pub repeats: Option<LineId>,
    /// What it turned out to be.
    pub matched: Option<Match>,
}

/// How keeping a statement ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// Under this number; so many of its lines were told by earlier statements already.
    New {
        /// Its number.
        statement: u32,
        /// Lines that repeat an earlier statement's.
        repeated: u32,
    },
    /// It was there, under this number; nothing was changed.
    Known(u32),
}

/// Which lines to read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LineQuery {
    /// On this account only.
    pub account: Option<AccountNo>,
    /// Only those that are booked, repeat nothing and are not matched.
    pub waiting: bool,
    /// From this day on.
    pub from: Option<NaiveDate>,
    /// Up to this day.
    pub to: Option<NaiveDate>,
}

/// How remembering a match ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Matched {
    /// It is remembered.
    Yes,
    /// The line is not there, or is matched already.
    LineTaken,
    /// The posting is matched with another line.
    PostingTaken,
}

const UNIQUE_VIOLATION: &str = "23505";
/// Tries for a statement's number while others import at the same time.
const ATTEMPTS: usize = 16;

impl OrgStore {
    /// Keeps a statement with its lines, once: one of the same file and place on the same account is known already.
    ///
    /// # Errors
    /// [`StoreError`] when the server fails: nothing is kept then.
    pub async fn keep_statement(&self, new: &NewStatement, at: DateTime<Utc>, by: &str) -> Result<Kept, StoreError> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            match self.try_keep(new, at, by).await {
                Err(error) if attempt < ATTEMPTS && error.sqlstate().as_deref() == Some(UNIQUE_VIOLATION) => {}
                answer => return answer,
            }
        }
    }

    async fn try_keep(&self, new: &NewStatement, at: DateTime<Utc>, by: &str) -> Result<Kept, StoreError> {
        let mut tx = self.begin().await?;
        let known: Option<i32> = sqlx::query_scalar(
            "SELECT statement_no FROM ledger.bank_statement
              WHERE org_id = $1 AND source_hash = $2 AND place = $3 AND account_no = $4",
        )
        .bind(self.org().0)
        .bind(new.source_hash.as_slice())
        .bind(i32_of("place of a statement", new.place)?)
        .bind(i32_of("account of a statement", new.account.get())?)
        .fetch_optional(&mut *tx)
        .await
        .doing("look for a bank statement")?;
        if let Some(known) = known {
            return Ok(Kept::Known(u32_of("number of a statement", known)?));
        }
        let last: i32 = sqlx::query_scalar("SELECT coalesce(max(statement_no), 0) FROM ledger.bank_statement WHERE org_id = $1")
            .bind(self.org().0)
            .fetch_one(&mut *tx)
            .await
            .doing("number a bank statement")?;
        let number = last.saturating_add(1);
        insert_statement(&mut tx, number, new, at, by).await?;
        let repeated = insert_lines(&mut tx, number, new).await?;
        tx.commit().await?;
        Ok(Kept::New { statement: u32_of("number of a statement", number)?, repeated })
    }

    /// Lines, by date and place.
    ///
    /// # Errors
    /// [`StoreError`] when the server fails.
    pub async fn bank_lines(&self, query: &LineQuery) -> Result<Vec<StoredLine>, StoreError> {
        let mut tx = self.begin_read().await?;
        let account = query.account.map(|no| i32_of("account", no.get())).transpose()?;
        let rows = sqlx::query(
            "SELECT statement_no, line_no, account_no, date, value_date, amount, currency, counterparty, counterparty_account,
                    reference, end_to_end, text, status, reversal, repeats_statement, repeats_line, matched_seq, matched_line,
                    matched_party
               FROM ledger.bank_line
              WHERE org_id = $1 AND ($2::integer IS NULL OR account_no = $2)
                AND ($3::date IS NULL OR date >= $3) AND ($4::date IS NULL OR date <= $4)
                AND (NOT $5 OR (matched_seq IS NULL AND repeats_statement IS NULL AND status = 'booked'))
              ORDER BY date, statement_no, line_no",
        )
        .bind(self.org().0)
        .bind(account)
        .bind(query.from)
        .bind(query.to)
        .bind(query.waiting)
        .fetch_all(&mut *tx)
        .await
        .doing("read bank lines")?;
        tx.rollback().await?;
        rows.iter().map(stored).collect()
    }

    /// One line.
    ///
    /// # Errors
    /// [`StoreError`] when the server fails.
    pub async fn bank_line(&self, id: LineId) -> Result<Option<StoredLine>, StoreError> {
        let mut tx = self.begin_read().await?;
        let row = sqlx::query(
            "SELECT statement_no, line_no, account_no, date, value_date, amount, currency, counterparty, counterparty_account,
                    reference, end_to_end, text, status, reversal, repeats_statement, repeats_line, matched_seq, matched_line,
                    matched_party
               FROM ledger.bank_line WHERE org_id = $1 AND statement_no = $2 AND line_no = $3",
        )
        .bind(self.org().0)
        .bind(i32_of("number of a statement", id.statement)?)
        .bind(i32_of("line of a statement", id.line)?)
        .fetch_optional(&mut *tx)
        .await
        .doing("read a bank line")?;
        tx.rollback().await?;
        row.as_ref().map(stored).transpose()
    }

    /// Postings that bank lines of an account were matched with: event and line.
    ///
    /// # Errors
    /// [`StoreError`] when the server fails.
    pub async fn matched_postings(&self, account: AccountNo) -> Result<Vec<(Seq, u32)>, StoreError> {
        let mut tx = self.begin_read().await?;
        let rows: Vec<(i64, i32)> = sqlx::query_as(
            "SELECT matched_seq, matched_line FROM ledger.bank_line
              WHERE org_id = $1 AND account_no = $2 AND matched_seq IS NOT NULL",
        )
        .bind(self.org().0)
        .bind(i32_of("account", account.get())?)
        .fetch_all(&mut *tx)
        .await
        .doing("read what bank lines were matched with")?;
        tx.rollback().await?;
        rows.into_iter().map(|(seq, line)| Ok((from_i64("event of a match", seq)?, u32_of("line of a match", line)?))).collect()
    }

    /// Remembers which posting a line turned out to be. A line has one posting and a posting one line.
    ///
    /// # Errors
    /// [`StoreError`] when the server fails.
    pub async fn match_bank_line(&self, id: LineId, found: &Match, at: DateTime<Utc>, by: &str) -> Result<Matched, StoreError> {
        let mut tx = self.begin().await?;
        let done = sqlx::query(
            "UPDATE ledger.bank_line SET matched_seq = $4, matched_line = $5, matched_party = $6, matched_at = $7, matched_by = $8
              WHERE org_id = $1 AND statement_no = $2 AND line_no = $3 AND matched_seq IS NULL",
        )
        .bind(self.org().0)
        .bind(i32_of("number of a statement", id.statement)?)
        .bind(i32_of("line of a statement", id.line)?)
        .bind(to_i64("event of a match", found.seq)?)
        .bind(i32_of("line of a match", found.line)?)
        .bind(&found.party)
        .bind(at)
        .bind(by)
        .execute(&mut *tx)
        .await
        .doing("match a bank line");
        match done {
            Err(error) if error.sqlstate().as_deref() == Some(UNIQUE_VIOLATION) => Ok(Matched::PostingTaken),
            Err(error) => Err(error),
            Ok(done) if done.rows_affected() == 0 => Ok(Matched::LineTaken),
            Ok(_) => tx.commit().await.map(|()| Matched::Yes),
        }
    }

    /// Forgets what a line was matched with; answers whether it was. The posting stays as it is.
    ///
    /// # Errors
    /// [`StoreError`] when the server fails.
    pub async fn unmatch_bank_line(&self, id: LineId) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let done = sqlx::query(
            "UPDATE ledger.bank_line SET matched_seq = NULL, matched_line = NULL, matched_party = NULL, matched_at = NULL, matched_by = NULL
              WHERE org_id = $1 AND statement_no = $2 AND line_no = $3 AND matched_seq IS NOT NULL",
        )
        .bind(self.org().0)
        .bind(i32_of("number of a statement", id.statement)?)
        .bind(i32_of("line of a statement", id.line)?)
        .execute(&mut *tx)
        .await
        .doing("forget what a bank line was matched with")?;
        tx.commit().await?;
        Ok(done.rows_affected() > 0)
    }
}

async fn insert_statement(tx: &mut OrgTx, number: i32, new: &NewStatement, at: DateTime<Utc>, by: &str) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO ledger.bank_statement AS s
                (org_id, statement_no, source_hash, place, source_name, format, reference, bank_account, account_no, currency,
                 opening, opening_on, closing, closing_on, booked, reconciles, imported_at, imported_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18) RETURNING s.statement_no",
    )
    .bind(tx.org().0)
    .bind(number)
    .bind(new.source_hash.as_slice())
    .bind(i32_of("place of a statement", new.place)?)
    .bind(&new.source_name)
    .bind(&new.format)
    .bind(&new.reference)
    .bind(&new.bank_account)
    .bind(i32_of("account of a statement", new.account.get())?)
    .bind(&new.currency)
    .bind(new.opening.map(|(amount, _)| amount))
    .bind(new.opening.and_then(|(_, date)| date))
    .bind(new.closing.map(|(amount, _)| amount))
    .bind(new.closing.and_then(|(_, date)| date))
    .bind(new.booked)
    .bind(&new.reconciles)
    .bind(at)
    .bind(by)
    .execute(&mut **tx)
    .await
    .doing("keep a bank statement")?;
    Ok(())
}

/// Inserts the lines; the n-th that says something repeats the n-th of earlier statements that says the same.
/// Answers how many do.
async fn insert_lines(tx: &mut OrgTx, number: i32, new: &NewStatement) -> Result<u32, StoreError> {
    let lines = &new.lines;
    let prints: Vec<[u8; 32]> = lines.iter().map(Line::fingerprint).collect();
    let account = i32_of("account of a statement", new.account.get())?;
    let earlier: Vec<(Vec<u8>, i32, i32)> = sqlx::query_as(
        "SELECT fingerprint, statement_no, line_no FROM ledger.bank_line
          WHERE org_id = $1 AND account_no = $2 AND fingerprint = ANY ($3) AND repeats_statement IS NULL
          ORDER BY statement_no DESC, line_no DESC",
    )
    .bind(tx.org().0)
    .bind(account)
    .bind(prints.iter().map(|print| print.to_vec()).collect::<Vec<_>>())
    .fetch_all(&mut **tx)
    .await
    .doing("look for bank lines that were told before")?;
    let mut told: HashMap<Vec<u8>, Vec<(i32, i32)>> = HashMap::new();
    for (print, statement, line) in earlier {
        told.entry(print).or_default().push((statement, line));
    }
    let repeats: Vec<Option<(i32, i32)>> = prints.iter().map(|print| told.get_mut(print.as_slice()).and_then(Vec::pop)).collect();
    let repeated = repeats.iter().flatten().count();
    fn all<'r, T>(lines: &'r [Line], value: impl Fn(&'r Line) -> T) -> Vec<T> {
        lines.iter().map(value).collect()
    }
    let numbers: Vec<i32> = (1..=i32::try_from(lines.len()).unwrap_or(i32::MAX)).collect();
    sqlx::query(
        "INSERT INTO ledger.bank_line AS l
                (org_id, statement_no, account_no, line_no, date, value_date, amount, currency, counterparty, counterparty_account,
                 reference, end_to_end, text, status, reversal, fingerprint, repeats_statement, repeats_line)
         SELECT $1, $2, $3, u.* FROM unnest($4::integer[], $5::date[], $6::date[], $7::numeric[], $8::text[], $9::text[], $10::text[],
                                            $11::text[], $12::text[], $13::text[], $14::text[], $15::boolean[], $16::bytea[],
                                            $17::integer[], $18::integer[]) AS u
         RETURNING l.line_no",
    )
    .bind(tx.org().0)
    .bind(number)
    .bind(account)
    .bind(numbers)
    .bind(all(lines, |l| l.date))
    .bind(all(lines, |l| l.value_date))
    .bind(all(lines, |l| l.amount))
    .bind(all(lines, |l| l.currency.as_str()))
    .bind(all(lines, |l| l.counterparty.as_deref()))
    .bind(all(lines, |l| l.counterparty_account.as_deref()))
    .bind(all(lines, |l| l.reference.as_deref()))
    .bind(all(lines, |l| l.end_to_end.as_deref()))
    .bind(all(lines, |l| l.text.as_str()))
    .bind(all(lines, |l| l.status.as_str()))
    .bind(all(lines, |l| l.reversal))
    .bind(prints.iter().map(|print| print.to_vec()).collect::<Vec<_>>())
    .bind(repeats.iter().map(|at| at.map(|at| at.0)).collect::<Vec<_>>())
    .bind(repeats.iter().map(|at| at.map(|at| at.1)).collect::<Vec<_>>())
    .execute(&mut **tx)
    .await
    .doing("keep bank lines")?;
    Ok(u32::try_from(repeated).unwrap_or(u32::MAX))
}

fn stored(row: &sqlx::postgres::PgRow) -> Result<StoredLine, StoreError> {
    fn get<'r, T>(row: &'r sqlx::postgres::PgRow, column: &'static str) -> Result<T, StoreError>
    where
        T: sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>,
    {
        row.try_get(column).doing("read a bank line")
    }
    let repeats: (Option<i32>, Option<i32>) = (get(row, "repeats_statement")?, get(row, "repeats_line")?);
    let matched: (Option<i64>, Option<i32>) = (get(row, "matched_seq")?, get(row, "matched_line")?);
    let id = |statement, line| {
        Ok::<_, StoreError>(LineId { statement: u32_of("number of a statement", statement)?, line: u32_of("line of a statement", line)? })
    };
    Ok(StoredLine {
        id: id(get(row, "statement_no")?, get(row, "line_no")?)?,
        account: AccountNo::new(u32_of("account of a bank line", get(row, "account_no")?)?),
        line: sqlx::FromRow::from_row(row).doing("read a bank line")?,
        repeats: repeats.0.zip(repeats.1).map(|(statement, line)| id(statement, line)).transpose()?,
        matched: match matched.0.zip(matched.1) {
            None => None,
            Some((seq, line)) => Some(Match {
                seq: from_i64("event of a match", seq)?,
                line: u32_of("line of a match", line)?,
                party: get(row, "matched_party")?,
            }),
        },
    })
}

fn i32_of(what: &'static str, value: u32) -> Result<i32, StoreError> {
    i32::try_from(value).map_err(|_| StoreError::OutOfRange { what, found: value.to_string(), expected: "at most 2147483647" })
}

fn u32_of(what: &'static str, value: i32) -> Result<u32, StoreError> {
    u32::try_from(value).map_err(|_| StoreError::OutOfRange { what, found: value.to_string(), expected: "not negative" })
}
