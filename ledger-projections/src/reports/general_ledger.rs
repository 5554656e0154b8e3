//! The general ledger: every line of an account in the order of its dates, with the balance after it.
//!
//! Read in pages, each in a transaction of its own, and still one answer: the reader holds on to the event at which it
//! began, and lines once written are never changed.

use std::collections::{BTreeMap, VecDeque};

use chrono::{DateTime, NaiveDate, Utc};
use ledger_core::{AccountNo, Seq, Text, Timestamp};
use ledger_store::{OrgStore, OrgTx};
use rust_decimal::Decimal;
use sqlx::types::JsonValue;

use super::Point;
use super::balances::{BalanceQuery, Closing, read_sums};
use crate::account_balance::AccountBalance;
use crate::chart::{Chart, account_i32};
use crate::checkpoint::Checkpoint;
use crate::error::{Doing, ProjectionError, to_i64, to_seq};
use crate::gl_fact::GlFact;
use crate::history::from_datetime;

/// Which lines to read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LedgerQuery {
    /// The account's code; all accounts where `None`.
    pub account: Option<Text>,
    /// Whether the accounts below it count as well: those under it in the chart, and those whose code continues it after a
    /// colon (`Assets:Bank` has `Assets:Bank:Checking` below it, whether it is an account itself or not).
    pub below: bool,
    /// The first effective date.
    pub from: Option<NaiveDate>,
    /// The last effective date.
    pub to: Option<NaiveDate>,
    /// As known when.
    pub point: Point,
}

/// What an account held of a currency.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// Debit positive, in the currency.
    pub balance: Decimal,
    /// Debit positive, in the functional currency; `None` where no line had a value.
    pub functional: Option<Decimal>,
}

/// The beginning of an account's lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerAccount {
    /// Its number.
    pub no: AccountNo,
    /// Its code.
    pub code: Text,
    /// Its name.
    pub name: Text,
    /// What it held before the first date, by currency.
    pub opening: BTreeMap<String, Held>,
}

/// One line of an account.
#[derive(Clone, Debug, PartialEq)]
pub struct LedgerLine {
    /// Its account.
    pub account_no: AccountNo,
    /// Its entry's event.
    pub seq: Seq,
    /// Its place in the entry, from 1.
    pub line_no: u32,
    /// When it counts.
    pub effective_date: NaiveDate,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// Ordinary, opening, closing …
    pub entry_kind: String,
    /// What happened.
    pub description: String,
    /// The caller's own id of the entry.
    pub external_id: Option<String>,
    /// The entry that this one negates.
    pub reverses: Option<Seq>,
    /// The entry that this one replaces.
    pub corrects: Option<Seq>,
    /// The currency.
    pub currency: String,
    /// Debit positive, in the currency.
    pub amount: Decimal,
    /// Debit positive, in the functional currency.
    pub functional: Option<Decimal>,
    /// What the account held of the currency after it.
    pub held: Held,
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

/// A part of the general ledger, in reading order.
#[derive(Clone, Debug, PartialEq)]
pub enum LedgerItem {
    /// An account begins. Accounts that held nothing and did not move are left out.
    Account(LedgerAccount),
    /// A line of the account that began last.
    Line(Box<LedgerLine>),
}

/// Reads a general ledger page by page.
#[derive(Clone, Debug)]
pub struct GeneralLedger {
    org: OrgStore,
    query: LedgerQuery,
    seq: Seq,
    waiting: VecDeque<LedgerAccount>,
    open: Option<OpenAccount>,
}

/// An account in the middle of its lines.
#[derive(Clone, Debug)]
struct OpenAccount {
    no: AccountNo,
    held: BTreeMap<String, Held>,
    after: (NaiveDate, i64, i32),
}

impl GeneralLedger {
    /// Begins to read: accounts by code, what each held before the first date.
    ///
    /// # Errors
    /// [`ProjectionError::UnknownAccount`]; [`ProjectionError::BeyondEnd`] for an event that has not happened, or that
    /// `gl_fact` has not come to; [`ProjectionError`] when the server fails.
    pub async fn open(org: &OrgStore, query: LedgerQuery) -> Result<Self, ProjectionError> {
        let asked = query.point.seq(org).await?;
        let mut tx = org.begin_read().await?;
        let lines = Checkpoint::seq_of(&mut tx, GlFact::NAME).await?;
        let balances = Checkpoint::seq_of(&mut tx, AccountBalance::NAME).await?;
        let seq = asked.unwrap_or(if balances <= lines { balances } else { lines });
        if seq > lines {
            return Err(ProjectionError::BeyondEnd { asked: seq, head: lines });
        }
        let chart = Chart::load(&mut tx, GlFact::NAME).await?;
        let accounts = select(&chart, &query)?;
        let opening = match query.from {
            None => BTreeMap::new(),
            Some(from) if seq == balances => opening_from_balances(&mut tx, from).await?,
            Some(from) => opening_from_lines(&mut tx, &accounts, from, seq).await?,
        };
        let moved = moved(&mut tx, &accounts, &query, seq).await?;
        tx.rollback().await?;
        Ok(Self { org: org.clone(), seq, waiting: sections(&chart, &accounts, opening, &moved), query, open: None })
    }

    /// The last event that counts.
    #[must_use]
    pub fn seq(&self) -> Seq {
        self.seq
    }

    /// The next part, of up to `limit` lines; empty at the end.
    ///
    /// # Errors
    /// [`ProjectionError`] when the server fails.
    pub async fn next(&mut self, limit: usize) -> Result<Vec<LedgerItem>, ProjectionError> {
        let mut items = Vec::new();
        let mut tx = self.org.begin_read().await?;
        let mut left = limit.max(1);
        while left > 0 {
            let Some(mut open) = self.open.take().or_else(|| self.next_account(&mut items)) else { break };
            let rows = self.lines(&mut tx, &open, left).await?;
            let whole = rows.len() < left;
            left -= rows.len();
            for row in rows {
                items.push(LedgerItem::Line(Box::new(open.line(row)?)));
            }
            if !whole {
                self.open = Some(open);
            }
        }
        tx.rollback().await?;
        Ok(items)
    }

    fn next_account(&mut self, items: &mut Vec<LedgerItem>) -> Option<OpenAccount> {
        let account = self.waiting.pop_front()?;
        let after = (self.query.from.unwrap_or(EARLIEST), i64::MIN, i32::MIN);
        let open = OpenAccount { no: account.no, held: account.opening.clone(), after };
        items.push(LedgerItem::Account(account));
        Some(open)
    }

    async fn lines(&self, tx: &mut OrgTx, open: &OpenAccount, limit: usize) -> Result<Vec<LineRow>, ProjectionError> {
        sqlx::query_as(LINES)
            .bind(tx.org().0)
            .bind(account_i32(open.no))
            .bind(open.after.0)
            .bind(open.after.1)
            .bind(open.after.2)
            .bind(self.query.to.unwrap_or(LATEST))
            .bind(to_i64(self.seq))
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_all(&mut **tx)
            .await
            .doing("read the general ledger")
    }
}

/// The first and the last day that Postgres and the books both know.
pub(super) const EARLIEST: NaiveDate = match NaiveDate::from_ymd_opt(-4712, 1, 1) {
    Some(day) => day,
    None => NaiveDate::MIN,
};
pub(super) const LATEST: NaiveDate = match NaiveDate::from_ymd_opt(262_000, 1, 1) {
    Some(day) => day,
    None => NaiveDate::MAX,
};

/// The next lines of an account: `$1` the organization, `$2` the account, `$3` to `$5` the line before (date, seq, line),
/// `$6` the last date, `$7` the last event, `$8` how many.
pub const LINES: &str = include_str!("general_ledger.sql");

#[derive(Debug, sqlx::FromRow)]
struct LineRow {
    seq: i64,
    line_no: i32,
    effective_date: NaiveDate,
    recorded_at: DateTime<Utc>,
    entry_kind: String,
    description: String,
    external_id: Option<String>,
    reverses_seq: Option<i64>,
    corrects_seq: Option<i64>,
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

impl Held {
    fn add(&mut self, amount: Decimal, functional: Option<Decimal>) -> Result<(), ProjectionError> {
        let too_large = || ProjectionError::Damaged { what: "a running balance", found: "more than 28 digits".to_owned() };
        self.balance = self.balance.checked_add(amount).ok_or_else(too_large)?;
        if let Some(functional) = functional {
            self.functional = Some(self.functional.unwrap_or_default().checked_add(functional).ok_or_else(too_large)?);
        }
        Ok(())
    }
}

impl OpenAccount {
    fn line(&mut self, row: LineRow) -> Result<LedgerLine, ProjectionError> {
        self.after = (row.effective_date, row.seq, row.line_no);
        let held = self.held.entry(row.currency.clone()).or_default();
        held.add(row.amount, row.functional)?;
        let seq = |seq| to_seq("seq of a line", seq);
        Ok(LedgerLine {
            account_no: self.no,
            seq: seq(row.seq)?,
            line_no: u32::try_from(row.line_no).unwrap_or(0),
            effective_date: row.effective_date,
            recorded_at: from_datetime(row.recorded_at),
            entry_kind: row.entry_kind,
            description: row.description,
            external_id: row.external_id,
            reverses: row.reverses_seq.map(seq).transpose()?,
            corrects: row.corrects_seq.map(seq).transpose()?,
            currency: row.currency,
            amount: row.amount,
            functional: row.functional,
            held: held.clone(),
            party: row.party,
            document: row.document,
            due_date: row.due_date,
            tax_code: row.tax_code,
            memo: row.memo,
            tags: row.tags,
        })
    }
}

/// The accounts that were asked for, by code.
pub(super) fn select(chart: &Chart, query: &LedgerQuery) -> Result<Vec<AccountNo>, ProjectionError> {
    let mut found: Vec<_> = match &query.account {
        None => chart.accounts().iter().collect(),
        Some(code) => {
            let root = chart.account_by_code(code).map(|account| account.no);
            let under = root.filter(|_| query.below).map(|root| chart.subtree(root)).unwrap_or_default();
            let continues = |other: &str| query.below && other.strip_prefix(code.as_str()).is_some_and(|rest| rest.starts_with(':'));
            let wanted = |no, other: &str| Some(no) == root || under.contains(&no) || continues(other);
            let found: Vec<_> = chart.accounts().iter().filter(|account| wanted(account.no, &account.code)).collect();
            if found.is_empty() {
                return Err(ProjectionError::UnknownAccount(code.to_string()));
            }
            found
        }
    };
    found.sort_by(|a, b| a.code.cmp(&b.code));
    Ok(found.into_iter().map(|account| account.no).collect())
}

type Opening = BTreeMap<AccountNo, BTreeMap<String, Held>>;

/// From the balances, where they stand at the very event: a short range sum.
async fn opening_from_balances(tx: &mut OrgTx, from: NaiveDate) -> Result<Opening, ProjectionError> {
    let chart = Chart::load(tx, AccountBalance::NAME).await?;
    let Some(before) = from.pred_opt() else { return Ok(Opening::new()) };
    let query = BalanceQuery { from: None, as_of: Some(before), point: Point::Latest, closing: Closing::Include };
    let mut opening = Opening::new();
    for ((account, commodity), sums) in read_sums(tx, &query).await? {
        let currency = chart.commodity(commodity).map(|commodity| commodity.code.to_string()).unwrap_or_default();
        let functional = (sums.unvalued < sums.lines).then(|| sums.functional_debit - sums.functional_credit);
        opening.entry(account).or_default().insert(currency, Held { balance: sums.debit - sums.credit, functional });
    }
    Ok(opening)
}

/// From the lines themselves, where the balances stand at another event: as long as the accounts' history.
async fn opening_from_lines(tx: &mut OrgTx, accounts: &[AccountNo], from: NaiveDate, seq: Seq) -> Result<Opening, ProjectionError> {
    let rows: Vec<(i32, String, Decimal, Option<Decimal>)> = sqlx::query_as(
        "SELECT account_no, currency, sum(amount), sum(functional) FROM read.gl_fact
          WHERE org_id = $1 AND account_no = ANY ($2) AND effective_date < $3 AND seq <= $4
          GROUP BY account_no, currency",
    )
    .bind(tx.org().0)
    .bind(accounts.iter().copied().map(account_i32).collect::<Vec<_>>())
    .bind(from)
    .bind(to_i64(seq))
    .fetch_all(&mut **tx)
    .await
    .doing("add up opening balances")?;
    let mut opening = Opening::new();
    for (account, currency, balance, functional) in rows {
        let account = AccountNo::new(u32::try_from(account).unwrap_or(0));
        opening.entry(account).or_default().insert(currency, Held { balance, functional });
    }
    Ok(opening)
}

/// Which of the accounts have lines in the range: one probe of the index each.
async fn moved(tx: &mut OrgTx, accounts: &[AccountNo], query: &LedgerQuery, seq: Seq) -> Result<Vec<i32>, ProjectionError> {
    sqlx::query_scalar(
        "SELECT a.no FROM unnest($2::integer[]) AS a (no)
          WHERE EXISTS (SELECT FROM read.gl_fact AS g
                         WHERE g.org_id = $1 AND g.account_no = a.no AND g.effective_date BETWEEN $3 AND $4 AND g.seq <= $5)",
    )
    .bind(tx.org().0)
    .bind(accounts.iter().copied().map(account_i32).collect::<Vec<_>>())
    .bind(query.from.unwrap_or(EARLIEST))
    .bind(query.to.unwrap_or(LATEST))
    .bind(to_i64(seq))
    .fetch_all(&mut **tx)
    .await
    .doing("find the accounts that moved")
}

fn sections(chart: &Chart, accounts: &[AccountNo], mut opening: Opening, moved: &[i32]) -> VecDeque<LedgerAccount> {
    let moved: std::collections::BTreeSet<_> = moved.iter().copied().collect();
    let section = |no: &AccountNo| {
        let account = chart.account(*no)?;
        let opening = opening.remove(no).unwrap_or_default();
        let holds = opening.values().any(|held| !held.balance.is_zero() || held.functional.is_some_and(|value| !value.is_zero()));
        (holds || moved.contains(&account_i32(*no))).then(|| LedgerAccount {
            no: *no,
            code: account.code.clone(),
            name: account.name.clone(),
            opening,
        })
    };
    accounts.iter().filter_map(section).collect()
}
