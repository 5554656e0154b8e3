//! `GET /documents`: orders, invoices, bills, notes, payments and write-offs, with what is open of them.
//!
//! The book knows the place, party and items of every document; what else it says is read from its event. Where the book
//! knows too little to decide whether a document is wanted, its event is read for that too, of at most [`LOOKED_AT_MAX`]
//! documents for a page, which may therefore be short.

use std::collections::BTreeMap;

use axum::response::Response;
use chrono::NaiveDate;
use ledger_core::event::Recorded;
use ledger_core::subledger::Document;
use ledger_core::{Book, DocumentKind, Event, ItemId, PartyNo, Seq, Units};
use ledger_store::OrgStore;
use ledger_store::load::{LoadError, to_chain};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::registers::{account, book, currency, pages, shown_amount};
use crate::cli::events::Decoder;
use crate::cli::moment::show_time;
use crate::http::extract::PointParams;
use crate::http::reading::answer;
use crate::http::reading::cursor::{Listing, held};
use crate::http::reading::named::Named;
use crate::http::reading::params::{Day, Limit, PageSize, Way};
use crate::http::state::App;
use crate::http::{Problem, Read};

/// Documents whose events are read for one page.
pub const LOOKED_AT_MAX: usize = 1_000;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_documents)).routes(routes!(show_document))
}

/// What a document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AskedDocumentKind {
    /// Agreed but not yet owed.
    Order,
    /// What a customer owes.
    Invoice,
    /// What a vendor is owed.
    Bill,
    /// What somebody spent for the organization.
    ExpenseClaim,
    /// Takes back part or whole of an invoice or bill.
    CreditNote,
    /// Adds to an invoice or bill.
    DebitNote,
    /// Money received.
    PaymentIn,
    /// Money sent.
    PaymentOut,
    /// Money returned.
    Refund,
    /// What will not be paid any more.
    WriteOff,
}

impl From<AskedDocumentKind> for DocumentKind {
    fn from(word: AskedDocumentKind) -> Self {
        use AskedDocumentKind as Asked;
        match word {
            Asked::Order => Self::Order,
            Asked::Invoice => Self::Invoice,
            Asked::Bill => Self::Bill,
            Asked::ExpenseClaim => Self::ExpenseClaim,
            Asked::CreditNote => Self::CreditNote,
            Asked::DebitNote => Self::DebitNote,
            Asked::PaymentIn => Self::PaymentIn,
            Asked::PaymentOut => Self::PaymentOut,
            Asked::Refund => Self::Refund,
            Asked::WriteOff => Self::WriteOff,
        }
    }
}

/// Whether anything is left of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum AskedOpen {
    /// Something is open.
    Open,
    /// Nothing is.
    Settled,
}

/// Which documents.
#[derive(Clone, Debug, Deserialize, Serialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct DocumentsAsked {
    /// Documents of this kind.
    #[param(nullable = false, inline)]
    kind: Option<AskedDocumentKind>,
    /// Of this party, by its code.
    #[param(nullable = false)]
    party: Option<String>,
    /// Of which something, or nothing, is open on the as-of day.
    #[param(nullable = false, inline)]
    status: Option<AskedOpen>,
    /// The first date of the document, inclusive.
    #[param(required = false, nullable = false, value_type = String, format = Date)]
    from: Option<Day>,
    /// The last date of the document, inclusive.
    #[param(required = false, nullable = false, value_type = String, format = Date)]
    to: Option<Day>,
    /// What is open, and which documents there are, as of this day, inclusive. Default: everything recorded.
    #[param(required = false, nullable = false, value_type = String, format = Date)]
    as_of: Option<Day>,
    /// `desc`: the last recorded first.
    #[serde(default)]
    #[param(inline)]
    direction: Way,
    /// Documents of a page: 1 to 200, 50 by default. A page may be shorter and still not be the last: `next_cursor` tells.
    #[serde(skip_serializing)]
    #[param(required = false, nullable = false, value_type = u16, minimum = 1, maximum = 200)]
    limit: Limit,
    /// `next_cursor` of the page before, with the same parameters.
    #[serde(skip_serializing)]
    #[param(nullable = false)]
    cursor: Option<String>,
}

pages! {
    /// A page of documents, in the order of recording.
    DocumentPage of DocumentShown;
}

/// A document, and what is open of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct DocumentShown {
    /// The number of its event.
    seq: u64,
    /// Its number.
    number: String,
    /// `order`, `invoice`, `bill` …
    kind: String,
    /// `receivable` or `payable`.
    side: String,
    /// Whose.
    party: String,
    /// Its date.
    #[schema(format = Date)]
    effective_date: String,
    /// When it was recorded.
    #[schema(format = DateTime)]
    recorded_at: String,
    /// The other side's number of it.
    reference: Option<String>,
    /// Its currency.
    currency: String,
    /// What it comes to, not negative.
    total: String,
    /// What is open of it, not negative.
    open: String,
    /// The same in the functional currency, at its own rate.
    open_functional: String,
    /// When the first of what is open falls due.
    #[schema(format = Date)]
    due_date: Option<String>,
    /// The entry that reversed it.
    reversed_by: Option<u64>,
}

/// A document with its lines, what is open of it, and what settled it.
#[derive(Debug, Serialize, ToSchema)]
pub struct DocumentDetail {
    /// The number of its event.
    seq: u64,
    /// Id of its event.
    event_id: uuid::Uuid,
    /// `InvoiceIssued`, `BillReceived`, `PaymentReceived` …
    event_type: String,
    /// When it was recorded.
    #[schema(format = DateTime)]
    recorded_at: String,
    /// Its date.
    #[schema(format = Date)]
    effective_date: String,
    /// What was agreed, with lines, tax and entry: the body of its event.
    #[schema(value_type = Object)]
    document: Value,
    /// What it opened on control accounts.
    items: Vec<DocumentItem>,
    /// Allocations that hold.
    settled: Vec<DocumentSettled>,
    /// The entry that reversed it.
    reversed_by: Option<u64>,
}

/// A part of a document that falls due.
#[derive(Debug, Serialize, ToSchema)]
pub struct DocumentItem {
    /// Its id: `seq:line`.
    id: String,
    /// The control account.
    account: String,
    /// When it falls due.
    #[schema(format = Date)]
    due_date: Option<String>,
    /// As it was posted, not negative.
    amount: String,
    /// Its currency.
    currency: String,
    /// What is left, not negative.
    open: String,
    /// The same in the functional currency.
    open_functional: String,
}

/// A part that settled a document, or that it settled.
#[derive(Debug, Serialize, ToSchema)]
pub struct DocumentSettled {
    /// The allocation.
    seq: u64,
    /// When it counts.
    #[schema(format = Date)]
    effective_date: String,
    /// The number of the other document.
    document: String,
    /// How much, in the other's currency.
    amount: String,
    /// That currency.
    currency: String,
    /// Exchange gain (positive) or loss, in the functional currency.
    realised: String,
}

/// What the book knows of a document.
struct Candidate {
    seq: Seq,
    /// Its date and party, where the book knows.
    known: Option<(NaiveDate, PartyNo)>,
    open: Units,
    open_functional: Units,
    due: Option<NaiveDate>,
    reversed_by: Option<Seq>,
}

/// List documents
///
/// In the order of recording. A listing is held at the event at which its first page was read.
#[utoipa::path(get, path = "/v1/orgs/{org}/documents", tag = "Documents", params(PointParams, DocumentsAsked),
    responses((status = 200, description = "Documents and what is open of them.", body = DocumentPage)))]
async fn list_documents(read: Read<DocumentsAsked>) -> Result<Response, Problem> {
    let (query, org) = (&read.query, read.access.org());
    let listing = Listing::new("documents", org.org().0, query, read.point);
    let cursor = listing.read::<Seq>(query.cursor.as_deref())?;
    let point = held(cursor.as_ref(), read.point);
    let (seq, party, candidates) = {
        let book = book(&read, point).await?;
        let party = match &query.party {
            Some(code) => Some(party_named(&book, code)?),
            None => None,
        };
        (book.seq(), party, candidates(&book, query, party, cursor.map(|cursor| cursor.key)))
    };
    let size = query.limit.size();
    let (mut found, mut looked_at, mut last, mut more) = (Vec::new(), 0, None, false);
    let mut events = Events::new(&org);
    for candidate in candidates {
        if found.len() == size || looked_at == LOOKED_AT_MAX {
            more = true;
            break;
        }
        looked_at += 1;
        last = Some(candidate.seq);
        let recorded = events.at(candidate.seq).await?;
        if let Event::DocumentRecorded { document, .. } = &recorded.event
            && query.wants(document, party)
        {
            found.push((candidate, recorded));
        }
    }
    let book = read.access.app.reading.books.latest(&org).await?; // for names
    let page = DocumentPage {
        data: found.iter().filter_map(|(candidate, recorded)| document_shown(&book, candidate, recorded)).collect(),
        next_cursor: last.filter(|_| more).map(|last| listing.write(seq, last)),
        seq,
    };
    Ok(answer(seq, &page))
}

fn party_named(book: &Book, code: &str) -> Result<PartyNo, Problem> {
    let said = || Problem::malformed("PARAMETER_INVALID", format!("party: there is no party {code:?}")).hint("list them at /parties");
    book.party_by_code(code).map(|party| party.no).ok_or_else(said)
}

/// Documents that are wanted as far as the book can tell, in the order in which they are listed.
fn candidates(book: &Book, query: &DocumentsAsked, party: Option<PartyNo>, after: Option<Seq>) -> Vec<Candidate> {
    let kind = query.kind.map(DocumentKind::from);
    let behind = |seq: Seq| match query.direction {
        Way::Desc => after.is_none_or(|after| seq < after),
        Way::Asc => after.is_none_or(|after| seq > after),
    };
    let of_kind = book.documents().filter(|(of, _, _, seq)| kind.is_none_or(|kind| kind == *of) && behind(*seq));
    let mut seqs: Vec<Seq> = of_kind.map(|(.., seq)| seq).collect();
    seqs.sort_unstable();
    if query.direction == Way::Desc {
        seqs.reverse();
    }
    let as_of = query.as_of.map(|day| day.0);
    let all = seqs.into_iter().map(|seq| candidate(book, seq, as_of));
    let wanted = |candidate: &Candidate| {
        let open = candidate.open != 0 || candidate.open_functional != 0;
        query.status.is_none_or(|status| open == (status == AskedOpen::Open))
            && candidate.known.is_none_or(|(date, whose)| query.within(date) && party.is_none_or(|party| party == whose))
    };
    // More than a page needs, less than all there are.
    all.filter(wanted).take(LOOKED_AT_MAX + 1).collect()
}

fn candidate(book: &Book, seq: Seq, as_of: Option<NaiveDate>) -> Candidate {
    let mut found = Candidate { seq, known: None, open: 0, open_functional: 0, due: None, reversed_by: book.reversed_by(seq) };
    for (id, item) in book.items_at(seq) {
        found.known = Some((item.date, item.party));
        let (open, functional) = left(book, id, as_of).unwrap_or((item.open, item.open_functional));
        found.open += open.abs();
        found.open_functional += functional.abs();
        if open != 0 {
            found.due = Some(found.due.map_or(item.due_or_date(), |due| due.min(item.due_or_date())));
        }
    }
    if let Some(facts) = book.document_facts(seq) {
        found.known = Some((facts.date, facts.party));
    }
    found
}

/// What is left of an item on a day; nothing where no day is asked for.
fn left(book: &Book, id: ItemId, as_of: Option<NaiveDate>) -> Option<(Units, Units)> {
    let day = as_of?;
    Some(book.item_at(id, day).map_or((0, 0), |(money, functional)| (money.units(), functional)))
}

impl DocumentsAsked {
    fn within(&self, date: NaiveDate) -> bool {
        let last = [self.to, self.as_of].into_iter().flatten().map(|day| day.0).min();
        self.from.is_none_or(|from| from.0 <= date) && last.is_none_or(|last| date <= last)
    }

    fn wants(&self, document: &Document, party: Option<PartyNo>) -> bool {
        self.within(document.date) && party.is_none_or(|party| party == document.party)
    }
}

/// Events by their places, a commit at a time: documents that were imported together are read together.
struct Events<'a> {
    org: &'a OrgStore,
    commit: BTreeMap<Seq, Recorded>,
}

impl<'a> Events<'a> {
    fn new(org: &'a OrgStore) -> Self {
        Self { org, commit: BTreeMap::new() }
    }

    async fn at(&mut self, seq: Seq) -> Result<Recorded, Problem> {
        if let Some(found) = self.commit.remove(&seq) {
            return Ok(found);
        }
        let commit = to_chain(self.org.org(), self.org.commit_at(seq).await?);
        let documents =
            commit.events().filter(|event| !matches!(event, Ok(other) if !matches!(other.event, Event::DocumentRecorded { .. })));
        let read: Result<Vec<Recorded>, _> = documents.collect();
        let read = read.map_err(|source| LoadError::Codec { org: self.org.org(), source })?;
        self.commit = read.into_iter().map(|recorded| (recorded.seq, recorded)).collect();
        self.commit.remove(&seq).ok_or_else(|| Problem::internal(&format!("there is no document at seq {seq}")))
    }
}

fn document_shown(book: &Book, candidate: &Candidate, recorded: &Recorded) -> Option<DocumentShown> {
    let Event::DocumentRecorded { document, .. } = &recorded.event else { return None };
    Some(DocumentShown {
        seq: recorded.seq,
        number: document.number.to_string(),
        kind: document.kind.as_str().to_owned(),
        side: document.side.as_str().to_owned(),
        party: book.party(document.party).map(|party| party.code.to_string()).unwrap_or_default(),
        effective_date: document.date.to_string(),
        recorded_at: show_time(recorded.recorded_at),
        reference: document.reference.as_ref().map(ToString::to_string),
        currency: currency(book, document.currency).0,
        total: shown_amount(book, document.total.abs(), document.currency),
        open: shown_amount(book, candidate.open, document.currency),
        open_functional: shown_amount(book, candidate.open_functional, ledger_core::book::FUNCTIONAL),
        due_date: candidate.due.map(|day| day.to_string()),
        reversed_by: candidate.reversed_by,
    })
}

/// Which of the documents with a number.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct DocumentAsked {
    /// What it is, where several documents have the number.
    #[param(nullable = false, inline)]
    kind: Option<AskedDocumentKind>,
    /// Whose it is, where several documents have the number.
    #[param(nullable = false)]
    party: Option<String>,
    /// What is open as of this day, inclusive. Default: everything recorded.
    #[param(required = false, nullable = false, value_type = String, format = Date)]
    as_of: Option<Day>,
}

/// Show a document
#[utoipa::path(get, path = "/v1/orgs/{org}/documents/{number}", tag = "Documents",
    params(("number" = String, Path, description = "Its number, percent-encoded."), PointParams, DocumentAsked),
    responses((status = 200, description = "The document, what is open of it, and what settled it.", body = DocumentDetail)))]
async fn show_document(Named(number): Named, read: Read<DocumentAsked>) -> Result<Response, Problem> {
    let (query, org) = (&read.query, read.access.org());
    let seq = {
        let book = book(&read, read.point).await?;
        let party = match &query.party {
            Some(code) => Some(party_named(&book, code)?),
            None => None,
        };
        only(&book, &number, query.kind.map(Into::into), party)?
    };
    let recorded = Events::new(&org).at(seq).await?;
    let Event::DocumentRecorded { document, .. } = &recorded.event else {
        return Err(Problem::internal(&format!("the event at seq {seq} is no document")));
    };
    let book = book(&read, read.point).await?;
    let as_of = query.as_of.map(|day| day.0);
    let detail = DocumentDetail {
        seq,
        event_id: recorded.id,
        event_type: recorded.event.type_name().to_owned(),
        recorded_at: show_time(recorded.recorded_at),
        effective_date: document.date.to_string(),
        document: Decoder::new(&book).body(&recorded.event),
        items: items(&book, seq, as_of),
        settled: settled(&book, seq, as_of),
        reversed_by: book.reversed_by(seq),
    };
    Ok(answer(book.seq(), &detail))
}

/// The one document with a number.
fn only(book: &Book, number: &str, kind: Option<DocumentKind>, party: Option<PartyNo>) -> Result<Seq, Problem> {
    let mut found = Vec::new();
    for of in DocumentKind::ALL.iter().copied().filter(|of| kind.is_none_or(|kind| kind == *of)) {
        let whose = |seq: &Seq| candidate(book, *seq, None).known.map(|(_, whose)| whose);
        let ours = book.document(of, None, number);
        found.extend(ours.filter(|seq| party.is_none_or(|party| whose(seq).is_none_or(|whose| whose == party))));
        match party {
            Some(party) => found.extend(book.document(of, Some(party), number)),
            None => found.extend(book.parties().iter().filter_map(|party| book.document(of, Some(party.no), number))),
        }
    }
    match found.as_slice() {
        [only] => Ok(*only),
        [] => Err(Problem::not_found(format!("there is no document {number:?}")).hint("list them at /documents")),
        several => Err(Problem::malformed("DOCUMENT_AMBIGUOUS", format!("{} documents have the number {number:?}", several.len()))
            .hint("say which with kind or party")),
    }
}

fn items(book: &Book, seq: Seq, as_of: Option<NaiveDate>) -> Vec<DocumentItem> {
    let shown = |(id, item): (ItemId, &ledger_core::OpenItem)| {
        let (open, functional) = left(book, id, as_of).unwrap_or((item.open, item.open_functional));
        let no = item.money.currency();
        DocumentItem {
            id: format!("{}:{}", id.seq, id.line),
            account: account(book, item.account),
            due_date: item.due.map(|day| day.to_string()),
            amount: shown_amount(book, item.money.units().abs(), no),
            currency: currency(book, no).0,
            open: shown_amount(book, open.abs(), no),
            open_functional: shown_amount(book, functional.abs(), ledger_core::book::FUNCTIONAL),
        }
    };
    book.items_at(seq).map(shown).collect()
}

fn settled(book: &Book, seq: Seq, as_of: Option<NaiveDate>) -> Vec<DocumentSettled> {
    let mut found = Vec::new();
    for (id, _) in book.items_at(seq) {
        for (seq, kept) in book.allocations_of(id) {
            let counts = |date: NaiveDate| as_of.is_none_or(|day| date <= day);
            let undone = kept.reversed.is_some_and(|(_, on)| counts(on));
            if undone || !counts(kept.allocation.date) {
                continue;
            }
            let allocation = &kept.allocation;
            let (other, money) =
                if allocation.from == id { (allocation.to, allocation.taken) } else { (allocation.from, allocation.settled) };
            found.push(DocumentSettled {
                seq,
                effective_date: allocation.date.to_string(),
                document: book.item(other).map(|item| item.document.to_string()).unwrap_or_default(),
                amount: shown_amount(book, money.units(), money.currency()),
                currency: currency(book, money.currency()).0,
                realised: shown_amount(book, allocation.realised, ledger_core::book::FUNCTIONAL),
            });
        }
    }
    found.sort_by_key(|settled| settled.seq);
    found
}
