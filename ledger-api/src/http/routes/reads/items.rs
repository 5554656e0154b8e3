//! `GET /open-items` and `GET /allocations`: what is owed, and what settled it.

use axum::response::Response;
use chrono::NaiveDate;
use ledger_core::Seq;
use ledger_core::subledger::Side;
use ledger_projections::OpenItem;
use ledger_projections::reports::{self, AllocationLine, AllocationQuery, ItemQuery, ItemRow};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::cli::moment::show_time;
use crate::http::extract::PointParams;
use crate::http::reading::cursor::{Listing, held, page};
use crate::http::reading::params::{Day, Limit, PageSize};
use crate::http::reading::{answer, ready};
use crate::http::state::App;
use crate::http::{Problem, Read};
use crate::report::open_items::Shown;
use crate::report::source;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_open_items)).routes(routes!(list_allocations))
}

/// Which of the two sub-ledgers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum AskedSide {
    /// What others owe.
    #[default]
    Receivable,
    /// What is owed to others.
    Payable,
}

impl From<AskedSide> for Side {
    fn from(word: AskedSide) -> Self {
        match word {
            AskedSide::Receivable => Self::Receivable,
            AskedSide::Payable => Self::Payable,
        }
    }
}

/// Which open items.
#[derive(Clone, Debug, Deserialize, Serialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ItemsAsked {
    /// Of which sub-ledger.
    #[serde(default)]
    #[param(inline)]
    side: AskedSide,
    /// The day as of which they are open, inclusive. Default: the last day with an entry.
    #[param(required = false, nullable = false, value_type = String, format = Date)]
    as_of: Option<Day>,
    /// Of this party only, by its code.
    #[param(nullable = false)]
    party: Option<String>,
    /// Of the document with this number only.
    #[param(nullable = false)]
    document: Option<String>,
    /// Items of a page: 1 to 200, 50 by default.
    #[serde(skip_serializing)]
    #[param(required = false, nullable = false, value_type = u16, minimum = 1, maximum = 200)]
    limit: Limit,
    /// `next_cursor` of the page before, with the same parameters.
    #[serde(skip_serializing)]
    #[param(nullable = false)]
    cursor: Option<String>,
}

/// A page of open items, as they were posted.
#[derive(Debug, Serialize, ToSchema)]
pub struct ItemPage {
    /// The items.
    data: Vec<ItemShown>,
    /// Where the next page begins; null at the end.
    next_cursor: Option<String>,
    /// The last event that counts. Pages that follow are held at it.
    seq: u64,
    /// The day as of which they are open.
    #[schema(format = Date)]
    as_of: String,
    /// The currency in which the books are kept.
    functional_currency: String,
}

/// A line on a control account and what is left of it. What is owed is positive on both sides; payments and credits that
/// settle nothing yet are negative.
#[derive(Debug, Serialize, ToSchema)]
pub struct ItemShown {
    /// Its id: the event that posted it and its line, `seq:line`.
    #[schema(example = "42:1")]
    id: String,
    /// The control account.
    account: String,
    /// Whose it is.
    party: String,
    /// The number of its document.
    document: String,
    /// `invoice`, `payment_in`, `journal` …
    kind: String,
    /// The day on which it counts.
    #[schema(format = Date)]
    effective_date: String,
    /// When it was recorded.
    #[schema(format = DateTime)]
    recorded_at: String,
    /// When it falls due, where anything says so.
    #[schema(format = Date)]
    due_date: Option<String>,
    /// Days from then (or from its own day) to the as-of day; negative before it.
    days_overdue: i64,
    /// Its currency.
    currency: String,
    /// As it was posted.
    amount: String,
    /// What is left.
    open: String,
    /// What is left, in the functional currency at its own rate.
    open_functional: String,
}

/// List open items
///
/// In the order in which they were posted. A listing is held at the event and the day at which its first page was read.
/// What happened after `as_of` (inclusive) is undone.
#[utoipa::path(get, path = "/v1/orgs/{org}/open-items", tag = "Open items", params(PointParams, ItemsAsked),
    responses((status = 200, description = "Open items.", body = ItemPage)))]
async fn list_open_items(read: Read<ItemsAsked>) -> Result<Response, Problem> {
    let (query, org) = (&read.query, read.access.org());
    let listing = Listing::new("open-items", org.org().0, query, read.point);
    let cursor = listing.read::<(Seq, u32, NaiveDate)>(query.cursor.as_deref())?;
    let point = ready(&read, &[OpenItem::NAME], held(cursor.as_ref(), read.point)).await?;
    let as_of = match (&cursor, query.as_of) {
        (Some(cursor), _) => cursor.key.2,
        (None, Some(day)) => day.0,
        (None, None) => source::last_day(&org).await?.unwrap_or_else(|| chrono::Utc::now().date_naive()),
    };
    let asked = ItemQuery { side: query.side.into(), as_of, point, party: query.party.as_deref().map(Into::into) };
    let mut found = reports::open_items(&org, &asked).await?;
    found.rows.sort_by_key(|row| (row.seq, row.line));
    let after = cursor.map(|cursor| (cursor.key.0, cursor.key.1));
    let wanted = |row: &&ItemRow| {
        query.document.as_ref().is_none_or(|document| row.document == *document) && after.is_none_or(|after| (row.seq, row.line) > after)
    };
    let (rows, more) = page(found.rows.iter().filter(wanted), query.limit);
    let shown = Shown::new(&found.chart);
    let last = rows.last().filter(|_| more);
    let page = ItemPage {
        next_cursor: last.map(|row| listing.write(found.seq, (row.seq, row.line, as_of))),
        data: rows.iter().map(|row| item_shown(&found.chart, row)).collect(),
        seq: found.seq,
        as_of: as_of.to_string(),
        functional_currency: shown.functional().to_owned(),
    };
    Ok(answer(found.seq, &page))
}

fn item_shown(chart: &ledger_projections::Chart, row: &ItemRow) -> ItemShown {
    let shown = Shown::new(chart);
    ItemShown {
        id: format!("{}:{}", row.seq, row.line),
        account: chart.account(row.account_no).map(|account| account.code.to_string()).unwrap_or_default(),
        party: row.party.clone(),
        document: row.document.clone(),
        kind: row.kind.clone(),
        effective_date: row.date.to_string(),
        recorded_at: show_time(row.recorded_at),
        due_date: row.due_date.map(|day| day.to_string()),
        days_overdue: row.days_overdue,
        currency: row.currency.clone(),
        amount: shown.plain(row.amount, &row.currency),
        open: shown.plain(row.open, &row.currency),
        open_functional: shown.plain_value(row.open_functional),
    }
}

/// Which allocations.
#[derive(Clone, Debug, Deserialize, Serialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct AllocationsAsked {
    /// Of which sub-ledger.
    #[serde(default)]
    #[param(inline)]
    side: AskedSide,
    /// The first effective date, inclusive.
    #[param(required = false, nullable = false, value_type = String, format = Date)]
    from: Option<Day>,
    /// The last effective date, inclusive.
    #[param(required = false, nullable = false, value_type = String, format = Date)]
    to: Option<Day>,
    /// The same as `to`.
    #[param(required = false, nullable = false, value_type = String, format = Date)]
    as_of: Option<Day>,
    /// Of this party only, by its code.
    #[param(nullable = false)]
    party: Option<String>,
    /// Allocations of a page: 1 to 200, 50 by default.
    #[serde(skip_serializing)]
    #[param(required = false, nullable = false, value_type = u16, minimum = 1, maximum = 200)]
    limit: Limit,
    /// `next_cursor` of the page before, with the same parameters.
    #[serde(skip_serializing)]
    #[param(nullable = false)]
    cursor: Option<String>,
}

/// A page of allocations, by date.
#[derive(Debug, Serialize, ToSchema)]
pub struct AllocationPage {
    /// The allocations and their reversals.
    data: Vec<AllocationShown>,
    /// Where the next page begins; null at the end.
    next_cursor: Option<String>,
    /// The last event that counts. Pages that follow are held at it.
    seq: u64,
    /// The currency in which the books are kept.
    functional_currency: String,
}

/// What settled what.
#[derive(Debug, Serialize, ToSchema)]
pub struct AllocationShown {
    /// Its id: the number of its event.
    seq: u64,
    /// The day on which it counts.
    #[schema(format = Date)]
    effective_date: String,
    /// When it was recorded.
    #[schema(format = DateTime)]
    recorded_at: String,
    /// Whose.
    party: String,
    /// The number of the document that was settled.
    document: String,
    /// What that is.
    kind: String,
    /// Its currency.
    currency: String,
    /// How much of it was settled; negative where that was undone.
    amount: String,
    /// The value of that at the item's own rate.
    functional: String,
    /// The number of what settled it.
    by_document: String,
    /// What that is.
    by_kind: String,
    /// Its currency.
    by_currency: String,
    /// How much of that was taken.
    by_amount: String,
    /// Exchange gain (positive) or loss that was realised, in the functional currency.
    realised: String,
    /// The allocation that this one undoes.
    reverses: Option<u64>,
}

/// List allocations
///
/// By effective date, then as they were recorded. A listing is held at the event at which its first page was read.
#[utoipa::path(get, path = "/v1/orgs/{org}/allocations", tag = "Allocations", params(PointParams, AllocationsAsked),
    responses((status = 200, description = "Allocations and their reversals.", body = AllocationPage)))]
async fn list_allocations(read: Read<AllocationsAsked>) -> Result<Response, Problem> {
    let (query, org) = (&read.query, read.access.org());
    if query.to.is_some() && query.as_of.is_some() {
        return Err(Problem::malformed("PARAMETER_INVALID", "to and as_of are both given: they mean the same"));
    }
    let listing = Listing::new("allocations", org.org().0, query, read.point);
    let cursor = listing.read::<(NaiveDate, Seq)>(query.cursor.as_deref())?;
    let point = ready(&read, &[OpenItem::NAME], held(cursor.as_ref(), read.point)).await?;
    let ends = (NaiveDate::from_ymd_opt(1, 1, 1).unwrap_or_default(), NaiveDate::from_ymd_opt(9999, 12, 31).unwrap_or_default());
    let size = query.limit.size();
    let asked = AllocationQuery {
        side: query.side.into(),
        from: query.from.map_or(ends.0, |day| day.0),
        to: query.to.or(query.as_of).map_or(ends.1, |day| day.0),
        point,
        party: query.party.as_deref().map(Into::into),
        after: cursor.map(|cursor| cursor.key),
        limit: Some(size + 1),
    };
    let found = reports::allocations(&org, &asked).await?;
    let shown = Shown::new(&found.chart);
    let more = found.rows.len() > size;
    let rows = found.rows.get(..size).unwrap_or(&found.rows);
    let page = AllocationPage {
        next_cursor: rows.last().filter(|_| more).map(|row| listing.write(found.seq, (row.date, row.seq))),
        data: rows.iter().map(|row| allocation_shown(&shown, row)).collect(),
        seq: found.seq,
        functional_currency: shown.functional().to_owned(),
    };
    Ok(answer(found.seq, &page))
}

fn allocation_shown(shown: &Shown<'_>, row: &AllocationLine) -> AllocationShown {
    AllocationShown {
        seq: row.seq,
        effective_date: row.date.to_string(),
        recorded_at: show_time(row.recorded_at),
        party: row.party.clone(),
        document: row.document.clone(),
        kind: row.kind.clone(),
        currency: row.currency.clone(),
        amount: shown.plain(row.amount, &row.currency),
        functional: shown.plain_value(row.functional),
        by_document: row.by_document.clone(),
        by_kind: row.by_kind.clone(),
        by_currency: row.by_currency.clone(),
        by_amount: shown.plain(row.by_amount, &row.by_currency),
        realised: shown.plain_value(row.realised),
        reverses: row.reverses,
    }
}
