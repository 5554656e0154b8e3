//! Journal entries with their lines: filtered, newest or oldest first, read page by page without skipping or repeating.
//!
//! A page is found in steps: [`candidates`] are the next entries in the order of one index, of which `matching` keeps
//! those that have a line for which every condition holds, until the page is full. What is not a range of an index is
//! only ever looked for among [`SCANNED_MAX`] candidates; a page may therefore be short, and still not be the last.
//!
//! Lines never change and only come at the end of history, so a listing that holds on to an event (its [`Entries::seq`])
//! sees the same entries however much is posted meanwhile, and shows an entry as reversed only where it was by then.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use ledger_core::{AccountNo, EntryKind, Seq, Text, Timestamp};
use ledger_store::{OrgStore, OrgTx};
use rust_decimal::Decimal;
use sqlx::types::JsonValue;

use super::Point;
use super::general_ledger::{EARLIEST, LATEST, LedgerQuery, select};
use crate::chart::{Chart, account_i32};
use crate::checkpoint::Checkpoint;
use crate::error::{Doing, ProjectionError, to_i64, to_seq};
use crate::gl_fact::GlFact;
use crate::history::{from_datetime, seq_known_at};

/// Entries that a page looks at before it ends early.
pub const SCANNED_MAX: usize = 50_000;
/// Lines after which a page ends early, after a whole entry.
pub const PAGE_LINES_MAX: u64 = 10_000;
/// Accounts that are read one by one; of more, entries are looked through by their days.
const ACCOUNTS_MAX: usize = 32;
/// Candidates that are asked for at once, at first and at most.
const CHUNK: usize = 256;
const CHUNK_MAX: usize = 4_096;

/// In which order entries come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EntryOrder {
    /// By the day on which they count, then as they were recorded.
    #[default]
    Effective,
    /// As they were recorded.
    Recorded,
}

/// Which entries. Conditions on lines must all hold for one and the same line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EntryFilter {
    /// A line on this account.
    pub account: Option<Text>,
    /// Or on an account below it, as in [`LedgerQuery::below`].
    pub below: bool,
    /// The first effective date.
    pub from: Option<NaiveDate>,
    /// The last effective date.
    pub to: Option<NaiveDate>,
    /// Recorded at this moment or later.
    pub recorded_from: Option<Timestamp>,
    /// Recorded at this moment or earlier.
    pub recorded_to: Option<Timestamp>,
    /// A line of at least this amount in its currency, whichever side it is on.
    pub amount_min: Option<Decimal>,
    /// A line of at most this amount in its currency, whichever side it is on.
    pub amount_max: Option<Decimal>,
    /// A line in this currency.
    pub currency: Option<Text>,
    /// A line of this party.
    pub party: Option<Text>,
    /// A line of this document.
    pub document: Option<Text>,
    /// A line with all of these tags, of its own or of its entry.
    pub tags: Vec<(Text, Text)>,
    /// A text in the entry's description or the line's note, in any case.
    pub text: Option<Text>,
    /// Entries of this kind.
    pub kind: Option<EntryKind>,
}

impl EntryFilter {
    fn counts_on(&self, date: NaiveDate) -> bool {
        self.from.is_none_or(|from| from <= date) && self.to.is_none_or(|to| date <= to)
    }
}

/// A page of entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryQuery {
    /// As known when. The first page answers with the event that the others are then to be asked at.
    pub point: Point,
    /// Which.
    pub filter: EntryFilter,
    /// In which order.
    pub order: EntryOrder,
    /// The newest first.
    pub newest_first: bool,
    /// Where the page before ended.
    pub after: Option<Place>,
    /// Entries at most.
    pub limit: usize,
}

/// Where an entry stands, in either order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Its effective date.
    pub date: NaiveDate,
    /// Its event.
    pub seq: Seq,
}

/// A page of entries.
#[derive(Clone, Debug, PartialEq)]
pub struct Entries {
    /// The last event that counts.
    pub seq: Seq,
    /// Accounts and commodities.
    pub chart: Chart,
    /// The entries.
    pub rows: Vec<EntryRow>,
    /// Where to go on; `None` at the end.
    pub next: Option<Place>,
}

/// An entry with its lines.
#[derive(Clone, Debug, PartialEq)]
pub struct EntryRow {
    /// Its event.
    pub seq: Seq,
    /// When it counts.
    pub effective_date: NaiveDate,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// Ordinary, opening, closing …
    pub kind: String,
    /// Whether it closes a year, or takes such a closing back.
    pub closing: bool,
    /// What happened.
    pub description: String,
    /// The caller's own id of it.
    pub external_id: Option<String>,
    /// Who recorded it: the number of an actor.
    pub actor_no: i32,
    /// The entry that it negates.
    pub reverses: Option<Seq>,
    /// The entry that it replaces.
    pub corrects: Option<Seq>,
    /// What negated it, up to the last event that counts.
    pub reversed_by: Option<Seq>,
    /// What replaced it, up to the last event that counts.
    pub corrected_by: Option<Seq>,
    /// Its lines.
    pub lines: Vec<EntryLine>,
}

/// A line of an entry.
#[derive(Clone, Debug, PartialEq)]
pub struct EntryLine {
    /// Its place in the entry, from 1.
    pub line_no: i32,
    /// The account's code.
    pub account: String,
    /// The currency.
    pub currency: String,
    /// Debit positive, in the currency.
    pub amount: Decimal,
    /// Debit positive, in the functional currency.
    pub functional: Option<Decimal>,
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
    /// Tags of the line and of its entry, as a JSON object.
    pub tags: Option<JsonValue>,
    /// The rate that it was converted with, and to which currency.
    pub rate: Option<(Decimal, String)>,
    /// What it weighs in the balance of its entry, and in which currency.
    pub weight: Option<(Decimal, String)>,
}

/// Which index candidates come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Driver {
    /// The primary key.
    Seq,
    /// The days of entries.
    Date,
    /// The lines of accounts.
    Account,
    /// The lines of a party.
    Party,
    /// The lines of a document.
    Document,
}

/// The next candidates, for a test that reads their plan: `$1` organization, `$2` and `$3` the place before, `$4` and `$5`
/// days, `$6` and `$7` events, `$8` how many, `$9` what the driver is about.
#[must_use]
pub fn candidates(driver: Driver, newest_first: bool) -> String {
    let (after, order) = if newest_first { ("<", "DESC") } else { (">", "ASC") };
    let statement = match driver {
        Driver::Seq => include_str!("entries_by_seq.sql"),
        Driver::Date => include_str!("entries_by_date.sql"),
        Driver::Account => include_str!("entries_by_account.sql"),
        Driver::Party => include_str!("entries_by_party.sql"),
        Driver::Document => include_str!("entries_by_document.sql"),
    };
    statement.replace("{after}", after).replace("{order}", order)
}

/// Which of the candidates match; see there for the parameters.
pub const MATCHING: &str = include_str!("entries_matching.sql");
/// What became of entries: `$1` organization, `$2` entries, `$3` the last event that counts.
pub const LINKS: &str = include_str!("entries_links.sql");
const LINES: &str = include_str!("entries_lines.sql");

/// A page of entries.
///
/// # Errors
/// [`ProjectionError::UnknownAccount`]; [`ProjectionError::BeyondEnd`] for an event that has not happened, or that
/// `gl_fact` has not come to; [`ProjectionError`] when the server fails.
pub async fn entries(org: &OrgStore, query: &EntryQuery) -> Result<Entries, ProjectionError> {
    let asked = query.point.seq(org).await?;
    let recorded = recorded_between(org, &query.filter).await?;
    let mut tx = org.begin_read().await?;
    let applied = Checkpoint::seq_of(&mut tx, GlFact::NAME).await?;
    let seq = asked.unwrap_or(applied);
    if seq > applied {
        return Err(ProjectionError::BeyondEnd { asked: seq, head: applied });
    }
    let chart = Chart::load(&mut tx, GlFact::NAME).await?;
    let accounts = accounts(&chart, &query.filter)?;
    let search = Search { query, accounts, first: recorded.0, last: recorded.1.min(seq) };
    let (found, next) = search.page(&mut tx).await?;
    let (rows, cut) = hydrate(&mut tx, &found, seq).await?;
    tx.rollback().await?;
    Ok(Entries { seq, chart, rows, next: cut.or(next) })
}

/// The events recorded between two moments, both included: recording times never go back.
async fn recorded_between(org: &OrgStore, filter: &EntryFilter) -> Result<(Seq, Seq), ProjectionError> {
    let first = match filter.recorded_from {
        Some(from) => seq_known_at(org, Timestamp(from.0.saturating_sub(1))).await? + 1,
        None => 1,
    };
    let last = match filter.recorded_to {
        Some(to) => seq_known_at(org, to).await?,
        None => Seq::MAX,
    };
    Ok((first, last))
}

fn accounts(chart: &Chart, filter: &EntryFilter) -> Result<Option<Vec<AccountNo>>, ProjectionError> {
    let Some(account) = &filter.account else { return Ok(None) };
    let query = LedgerQuery { account: Some(account.clone()), below: filter.below, ..LedgerQuery::default() };
    select(chart, &query).map(Some)
}

/// A page that is being looked for.
struct Search<'a> {
    query: &'a EntryQuery,
    accounts: Option<Vec<AccountNo>>,
    first: Seq,
    last: Seq,
}

impl Search<'_> {
    fn driver(&self) -> Driver {
        let filter = &self.query.filter;
        match self.query.order {
            EntryOrder::Recorded => Driver::Seq,
            EntryOrder::Effective if filter.document.is_some() => Driver::Document,
            EntryOrder::Effective if filter.party.is_some() => Driver::Party,
            EntryOrder::Effective => match &self.accounts {
                Some(accounts) if accounts.len() <= ACCOUNTS_MAX => Driver::Account,
                _ => Driver::Date,
            },
        }
    }

    /// Whether candidates have to be looked at line by line.
    fn has_conditions(&self) -> bool {
        let EntryFilter { account, amount_min, amount_max, currency, party, document, tags, text, kind, .. } = &self.query.filter;
        let texts = [account, currency, party, document, text];
        texts.iter().any(|condition| condition.is_some())
            || [amount_min, amount_max].iter().any(|condition| condition.is_some())
            || !tags.is_empty()
            || kind.is_some()
    }

    /// The entries of the page, and where to go on.
    async fn page(&self, tx: &mut OrgTx) -> Result<(Vec<Place>, Option<Place>), ProjectionError> {
        let (limit, matched) = (self.query.limit.max(1), self.has_conditions());
        let mut chunk = if matched { CHUNK.max(limit) } else { limit + 1 };
        let (mut found, mut scanned, mut at) = (Vec::new(), 0, self.query.after);
        loop {
            let next = self.candidates(tx, at, chunk).await?;
            let (read, ended) = (next.len(), next.len() < chunk);
            at = next.last().copied().or(at);
            let mut places = next;
            places.dedup();
            places.retain(|place| self.query.filter.counts_on(place.date));
            found.extend(if matched { self.matching(tx, places).await? } else { places });
            scanned += read;
            if found.len() > limit {
                found.truncate(limit);
                return Ok((found.clone(), found.last().copied()));
            }
            if ended {
                return Ok((found, None));
            }
            if scanned >= SCANNED_MAX {
                return Ok((found, at));
            }
            chunk = (chunk * 2).min(CHUNK_MAX);
        }
    }

    async fn candidates(&self, tx: &mut OrgTx, after: Option<Place>, limit: usize) -> Result<Vec<Place>, ProjectionError> {
        let (query, filter) = (self.query, &self.query.filter);
        let start = if query.newest_first { (LATEST, i64::MAX) } else { (EARLIEST, 0) };
        let (date, seq) = after.map_or(start, |place| (place.date, to_i64(place.seq)));
        let driver = self.driver();
        let statement = candidates(driver, query.newest_first);
        let statement = sqlx::query_as(sqlx::AssertSqlSafe(statement))
            .bind(tx.org().0)
            .bind(date)
            .bind(seq)
            .bind(filter.from.unwrap_or(EARLIEST))
            .bind(filter.to.unwrap_or(LATEST))
            .bind(to_i64(self.first))
            .bind(to_i64(self.last))
            .bind(i64::try_from(limit).unwrap_or(i64::MAX));
        let statement = match driver {
            Driver::Seq | Driver::Date => statement,
            Driver::Account => statement.bind(self.account_numbers()),
            Driver::Party => statement.bind(filter.party.as_deref()),
            Driver::Document => statement.bind(filter.document.as_deref()),
        };
        let rows: Vec<(NaiveDate, i64)> = statement.fetch_all(&mut **tx).await.doing("read the next entries")?;
        rows.into_iter().map(|(date, seq)| Ok(Place { date, seq: to_seq("seq of an entry", seq)? })).collect()
    }

    fn account_numbers(&self) -> Option<Vec<i32>> {
        self.accounts.as_ref().map(|accounts| accounts.iter().copied().map(account_i32).collect())
    }

    async fn matching(&self, tx: &mut OrgTx, places: Vec<Place>) -> Result<Vec<Place>, ProjectionError> {
        if places.is_empty() {
            return Ok(places);
        }
        let filter = &self.query.filter;
        let tags = |part: fn(&(Text, Text)) -> &Text| {
            (!filter.tags.is_empty()).then(|| filter.tags.iter().map(|tag| part(tag).to_string()).collect::<Vec<_>>())
        };
        let rows: Vec<i64> = sqlx::query_scalar(MATCHING)
            .bind(tx.org().0)
            .bind(places.iter().map(|place| to_i64(place.seq)).collect::<Vec<_>>())
            .bind(self.account_numbers())
            .bind(filter.party.as_deref())
            .bind(filter.document.as_deref())
            .bind(filter.currency.as_deref())
            .bind(filter.amount_min)
            .bind(filter.amount_max)
            .bind(filter.kind.map(EntryKind::as_str))
            .bind(tags(|tag| &tag.0))
            .bind(tags(|tag| &tag.1))
            .bind(filter.text.as_deref())
            .fetch_all(&mut **tx)
            .await
            .doing("look through entries")?;
        let rows: BTreeSet<i64> = rows.into_iter().collect();
        Ok(places.into_iter().filter(|place| rows.contains(&to_i64(place.seq))).collect())
    }
}

#[derive(sqlx::FromRow)]
struct Links {
    seq: i64,
    lines: i64,
    reversed_by: Option<i64>,
    corrected_by: Option<i64>,
}

#[derive(sqlx::FromRow)]
struct LineRow {
    seq: i64,
    line_no: i32,
    effective_date: NaiveDate,
    recorded_at: DateTime<Utc>,
    entry_kind: String,
    closing: bool,
    description: String,
    external_id: Option<String>,
    reverses_seq: Option<i64>,
    corrects_seq: Option<i64>,
    actor_no: i32,
    account_code: String,
    currency: String,
    amount: Decimal,
    functional: Option<Decimal>,
    party: Option<String>,
    document: Option<String>,
    due_date: Option<NaiveDate>,
    tax_code: Option<String>,
    memo: Option<String>,
    tags: Option<JsonValue>,
    rate: Option<Decimal>,
    rate_quote: Option<String>,
    weight: Option<Decimal>,
    weight_currency: Option<String>,
}

/// The entries with their lines, and the last of them where there was no room for all.
async fn hydrate(tx: &mut OrgTx, places: &[Place], seq: Seq) -> Result<(Vec<EntryRow>, Option<Place>), ProjectionError> {
    if places.is_empty() {
        return Ok((Vec::new(), None));
    }
    let links: Vec<Links> = sqlx::query_as(LINKS)
        .bind(tx.org().0)
        .bind(places.iter().map(|place| to_i64(place.seq)).collect::<Vec<_>>())
        .bind(to_i64(seq))
        .fetch_all(&mut **tx)
        .await
        .doing("find what became of entries")?;
    let links: BTreeMap<i64, Links> = links.into_iter().map(|links| (links.seq, links)).collect();
    let kept = fitting(places, &links);
    let rows: Vec<LineRow> = sqlx::query_as(LINES)
        .bind(tx.org().0)
        .bind(kept.iter().map(|place| to_i64(place.seq)).collect::<Vec<_>>())
        .fetch_all(&mut **tx)
        .await
        .doing("read the lines of entries")?;
    let mut entries: BTreeMap<Seq, EntryRow> = BTreeMap::new();
    for row in rows {
        let seq = to_seq("seq of a line", row.seq)?;
        match entries.get_mut(&seq) {
            Some(entry) => entry.lines.push(line(row)),
            None => drop(entries.insert(seq, entry(seq, row, &links)?)),
        }
    }
    let found = kept.iter().filter_map(|place| entries.remove(&place.seq)).collect();
    Ok((found, if kept.len() < places.len() { kept.last().copied() } else { None }))
}

/// As many entries as there is room for, at least one.
fn fitting<'a>(places: &'a [Place], links: &BTreeMap<i64, Links>) -> &'a [Place] {
    let mut lines = 0_u64;
    for (index, place) in places.iter().enumerate() {
        lines += links.get(&to_i64(place.seq)).map_or(0, |links| u64::try_from(links.lines).unwrap_or(0));
        if lines > PAGE_LINES_MAX && index > 0 {
            return places.get(..index).unwrap_or(places);
        }
    }
    places
}

fn entry(seq: Seq, row: LineRow, links: &BTreeMap<i64, Links>) -> Result<EntryRow, ProjectionError> {
    let link = |of: fn(&Links) -> Option<i64>| links.get(&row.seq).and_then(of);
    let place = |seq: Option<i64>| seq.map(|seq| to_seq("seq of an entry", seq)).transpose();
    Ok(EntryRow {
        seq,
        effective_date: row.effective_date,
        recorded_at: from_datetime(row.recorded_at),
        closing: row.closing,
        actor_no: row.actor_no,
        reverses: place(row.reverses_seq)?,
        corrects: place(row.corrects_seq)?,
        reversed_by: place(link(|links| links.reversed_by))?,
        corrected_by: place(link(|links| links.corrected_by))?,
        kind: row.entry_kind.clone(),
        description: row.description.clone(),
        external_id: row.external_id.clone(),
        lines: vec![line(row)],
    })
}

fn line(row: LineRow) -> EntryLine {
    EntryLine {
        line_no: row.line_no,
        account: row.account_code,
        currency: row.currency,
        amount: row.amount,
        functional: row.functional,
        party: row.party,
        document: row.document,
        due_date: row.due_date,
        tax_code: row.tax_code,
        memo: row.memo,
        tags: row.tags,
        rate: row.rate.zip(row.rate_quote),
        weight: row.weight.zip(row.weight_currency),
    }
}
