//! `GET /entries`: the journal, filtered and page by page, and one entry as its event has it.

use axum::response::Response;
use chrono::NaiveDate;
use ledger_core::{EntryKind, Event, Seq};
use ledger_projections::GlFact;
use ledger_projections::reports::{EntryFilter, EntryOrder, EntryQuery, Place, Point, entries};
use ledger_store::OrgStore;
use ledger_store::load::{LoadError, to_chain};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::extract::PointParams;
use crate::http::reading::cursor::{Listing, held};
use crate::http::reading::events::commit_shown;
use crate::http::reading::named::Named;
use crate::http::reading::params::{Amount, Day, Limit, Moment, PageSize, Since, Way, YesNo};
use crate::http::reading::shown::{EntryDetail, EntryShown, actor_shown, entry_shown, lines_of};
use crate::http::reading::{answer, asked_wrongly, ready};
use crate::http::routes::organizations::NoParams;
use crate::http::state::App;
use crate::http::{Problem, Read};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_entries)).routes(routes!(show_entry))
}

/// What a list of entries goes by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EntriesBy {
    /// The day on which they count, then as they were recorded.
    #[default]
    EffectiveDate,
    /// As they were recorded.
    RecordedAt,
}

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum AskedKind {
    /// Daily business.
    Ordinary,
    /// Balances brought in from elsewhere.
    Opening,
    /// Explicit year-end closing.
    Closing,
    /// Adjustments at a period's end.
    Adjusting,
    /// The negation of an earlier entry.
    Reversal,
}

impl From<AskedKind> for EntryKind {
    fn from(word: AskedKind) -> Self {
        match word {
            AskedKind::Ordinary => Self::Ordinary,
            AskedKind::Opening => Self::Opening,
            AskedKind::Closing => Self::Closing,
            AskedKind::Adjusting => Self::Adjusting,
            AskedKind::Reversal => Self::Reversal,
        }
    }
}

/// Which entries. Conditions on lines (account, amount, currency, party, document, tag, and text in a note) must all hold
/// for one and the same line.
#[derive(Clone, Debug, Deserialize, Serialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct EntriesAsked {
    /// What the list goes by.
    #[serde(default)]
    #[param(inline)]
    order_by: EntriesBy,
    /// `desc`: the newest first.
    #[serde(default)]
    #[param(inline)]
    direction: Way,
    /// Entries with a line on this account.
    #[param(nullable = false)]
    account: Option<String>,
    /// With `account`: or on an account below it (under it in the chart, or with a code that continues it after a colon).
    #[serde(default)]
    #[param(required = false, inline, value_type = bool)]
    below: YesNo,
    /// The first effective date, inclusive.
    #[param(required = false, nullable = false, value_type = String, format = Date)]
    from: Option<Day>,
    /// The last effective date, inclusive.
    #[param(required = false, nullable = false, value_type = String, format = Date)]
    to: Option<Day>,
    /// The same as `to`.
    #[param(required = false, nullable = false, value_type = String, format = Date)]
    as_of: Option<Day>,
    /// Recorded at this moment or later: RFC 3339, or a date for the beginning of that day (UTC).
    #[param(required = false, nullable = false, value_type = String)]
    recorded_from: Option<Since>,
    /// Recorded at this moment or earlier: RFC 3339, or a date for the end of that day (UTC).
    #[param(required = false, nullable = false, value_type = String)]
    recorded_to: Option<Moment>,
    /// A line of exactly this amount, whichever side it is on.
    #[param(required = false, nullable = false, value_type = String, pattern = r"^\d{1,20}(\.\d{1,18})?$")]
    amount: Option<Amount>,
    /// A line of at least this amount, inclusive, whichever side it is on.
    #[param(required = false, nullable = false, value_type = String, pattern = r"^\d{1,20}(\.\d{1,18})?$")]
    amount_min: Option<Amount>,
    /// A line of at most this amount, inclusive, whichever side it is on.
    #[param(required = false, nullable = false, value_type = String, pattern = r"^\d{1,20}(\.\d{1,18})?$")]
    amount_max: Option<Amount>,
    /// A line in this currency.
    #[param(nullable = false)]
    currency: Option<String>,
    /// A line of this party, by its code.
    #[param(nullable = false)]
    party: Option<String>,
    /// A line of the document with this number.
    #[param(nullable = false)]
    document: Option<String>,
    /// A line with this tag, of its own or of its entry: `key=value`.
    #[param(nullable = false, pattern = "^[^=]+=.*$", example = "project=north")]
    tag: Option<String>,
    /// A text in the entry's description or the line's note, in any case.
    #[param(nullable = false)]
    text: Option<String>,
    /// Entries of this kind.
    #[param(nullable = false, inline)]
    kind: Option<AskedKind>,
    /// Entries of a page: 1 to 200, 50 by default. A page may be shorter and still not be the last: `next_cursor` tells.
    #[serde(skip_serializing)]
    #[param(required = false, nullable = false, value_type = u16, minimum = 1, maximum = 200)]
    limit: Limit,
    /// `next_cursor` of the page before, with the same parameters.
    #[serde(skip_serializing)]
    #[param(nullable = false)]
    cursor: Option<String>,
}

/// A page of entries.
#[derive(Debug, Serialize, ToSchema)]
pub struct EntryPage {
    /// The entries.
    data: Vec<EntryShown>,
    /// Where the next page begins; null at the end.
    next_cursor: Option<String>,
    /// The last event that counts. Pages that follow are held at it.
    seq: u64,
}

impl EntriesAsked {
    fn filter(&self) -> Result<EntryFilter, Problem> {
        let text = |text: &Option<String>| text.as_deref().map(Into::into);
        let both = |a: bool, b: bool, said: &str| if a && b { Err(Problem::malformed("PARAMETER_INVALID", said)) } else { Ok(()) };
        both(self.to.is_some(), self.as_of.is_some(), "to and as_of are both given: they mean the same")?;
        both(
            self.amount.is_some(),
            self.amount_min.or(self.amount_max).is_some(),
            "amount is given together with amount_min or amount_max",
        )?;
        both(self.below.is_yes(), self.account.is_none(), "below is given without account")?;
        let split = |tag: &String| {
            let (key, value) = tag.split_once('=').filter(|(key, _)| !key.is_empty())?;
            Some((key.into(), value.into()))
        };
        let tag = match &self.tag {
            Some(tag) => vec![split(tag).ok_or_else(|| Problem::malformed("PARAMETER_INVALID", "tag: expected key=value"))?],
            None => Vec::new(),
        };
        Ok(EntryFilter {
            account: text(&self.account),
            below: self.below.is_yes(),
            from: self.from.map(|day| day.0),
            to: self.to.or(self.as_of).map(|day| day.0),
            recorded_from: self.recorded_from.map(|moment| moment.0),
            recorded_to: self.recorded_to.map(|moment| moment.0),
            amount_min: self.amount.or(self.amount_min).map(|amount| amount.0),
            amount_max: self.amount.or(self.amount_max).map(|amount| amount.0),
            currency: text(&self.currency),
            party: text(&self.party),
            document: text(&self.document),
            tags: tag,
            text: text(&self.text),
            kind: self.kind.map(Into::into),
        })
    }
}

/// List journal entries
///
/// A listing is held at the event at which its first page was read: what is posted meanwhile is neither in it nor moves
/// anything, so nothing is skipped and nothing repeated. With `at_seq` or `known_at` (inclusive) entries are shown as they
/// were known then: an entry that was reversed later is not reversed.
#[utoipa::path(get, path = "/v1/orgs/{org}/entries", tag = "Entries", params(PointParams, EntriesAsked),
    responses((status = 200, description = "Entries with their lines.", body = EntryPage)))]
async fn list_entries(read: Read<EntriesAsked>) -> Result<Response, Problem> {
    let (query, org) = (&read.query, read.access.org());
    let listing = Listing::new("entries", org.org().0, query, read.point);
    let cursor = listing.read::<(NaiveDate, Seq)>(query.cursor.as_deref())?;
    let question = EntryQuery {
        point: ready(&read, &[GlFact::NAME], held(cursor.as_ref(), read.point)).await?,
        filter: query.filter()?,
        order: if query.order_by == EntriesBy::EffectiveDate { EntryOrder::Effective } else { EntryOrder::Recorded },
        newest_first: query.direction == Way::Desc,
        after: cursor.map(|cursor| Place { date: cursor.key.0, seq: cursor.key.1 }),
        limit: query.limit.size(),
    };
    let found = entries(&org, &question).await.map_err(asked_wrongly("account"))?;
    let book = read.access.app.reading.books.latest(&org).await?;
    let page = EntryPage {
        data: found.rows.iter().map(|row| entry_shown(&found.chart, &book, row)).collect(),
        next_cursor: found.next.map(|place| listing.write(found.seq, (place.date, place.seq))),
        seq: found.seq,
    };
    Ok(answer(found.seq, &page))
}

/// Show a journal entry
///
/// As its event has it, with the hash of the commit that made it durable; right after it was posted, without waiting for
/// any read model.
#[utoipa::path(get, path = "/v1/orgs/{org}/entries/{seq}", tag = "Entries",
    params(("seq" = u64, Path, description = "The entry's id: the number of its event."), PointParams),
    responses((status = 200, description = "The entry.", body = EntryDetail)))]
async fn show_entry(name: Named, read: Read<NoParams>) -> Result<Response, Problem> {
    let (seq, org) = (name.seq()?, read.access.org());
    let last = match read.point {
        Point::Latest => org.head().await?.seq,
        earlier => earlier.seq(&org).await?.unwrap_or(0),
    };
    let missing = || Problem::not_found(format!("there is no journal entry with id {seq}"));
    if seq == 0 || seq > last {
        return Err(missing());
    }
    let (recorded, commit) = at(&org, seq).await?;
    let entry = recorded.event.entry().ok_or_else(missing)?;
    let reversed_by = read.access.app.reading.books.latest(&org).await?.reversed_by(seq).filter(|by| *by <= last);
    let corrected_by = match reversed_by {
        Some(by) => correction(&org, seq, by).await?.filter(|by| *by <= last),
        None => None,
    };
    let book = read.access.app.reading.books.latest(&org).await?;
    let header = entry.header();
    let shown = EntryShown {
        seq,
        effective_date: header.effective_date.to_string(),
        recorded_at: crate::cli::moment::show_time(recorded.recorded_at),
        kind: header.kind.as_str().to_owned(),
        closing: header.kind == EntryKind::Closing || closes_back(&org, header.reverses).await?,
        description: header.description.to_string(),
        external_id: header.external_id.as_ref().map(ToString::to_string),
        actor: actor_shown(&book, recorded.actor),
        reverses: header.reverses,
        corrects: header.corrects,
        reversed_by,
        corrected_by,
        lines: lines_of(&book, entry),
    };
    let detail = EntryDetail {
        entry: shown,
        event_id: recorded.id,
        event_type: recorded.event.type_name().to_owned(),
        reason: if let Event::EntryReversed { reason, .. } = &recorded.event { Some(reason.to_string()) } else { None },
        correlation: recorded.correlation,
        commit,
    };
    Ok(answer(last, &detail))
}

type Found = (ledger_core::event::Recorded, crate::http::reading::events::CommitShown);

/// The event at a position, and its commit.
async fn at(org: &OrgStore, seq: Seq) -> Result<Found, Problem> {
    let commit = to_chain(org.org(), org.commit_at(seq).await?);
    let index = usize::try_from(seq - commit.header.first_seq).unwrap_or(usize::MAX);
    let recorded = commit.events().nth(index).ok_or_else(|| Problem::internal(&format!("the commit at seq {seq} ends before it")))?;
    let recorded = recorded.map_err(|source| LoadError::Codec { org: org.org(), source })?;
    Ok((recorded, commit_shown(&commit.header, &commit.hash)))
}

/// Whether an entry takes back one that closed a year.
async fn closes_back(org: &OrgStore, reverses: Option<Seq>) -> Result<bool, Problem> {
    let Some(original) = reverses else { return Ok(false) };
    let entry = ledger_store::load::entry_at(org, original).await?;
    Ok(entry.is_some_and(|entry| entry.header().kind == EntryKind::Closing))
}

/// What replaced an entry: it follows the reversal, in the same commit.
async fn correction(org: &OrgStore, original: Seq, reversal: Seq) -> Result<Option<Seq>, Problem> {
    let commit = to_chain(org.org(), org.commit_at(reversal).await?);
    let mut events = commit.events().filter_map(Result::ok).skip_while(|recorded| recorded.seq <= reversal);
    let found = events.find(|recorded| recorded.event.entry().is_some_and(|entry| entry.header().corrects == Some(original)));
    Ok(found.map(|recorded| recorded.seq))
}
