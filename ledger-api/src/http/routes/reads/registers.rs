//! Lists of what the books know by name: parties, commodities, rates, periods, tax codes.
//!
//! Answered from the book as known at the point that is asked for. Each is in the order of a key that never changes, so
//! pages neither skip nor repeat.

use axum::response::Response;
use chrono::NaiveDate;
use ledger_core::subledger::{PartyKind, TaxCode, TaxComponent};
use ledger_core::{AccountNo, Book, CommodityKind, CommodityNo, Month, Party, PeriodStatus};
use ledger_projections::reports::Point;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::cli::output::plain;
use crate::http::extract::PointParams;
use crate::http::reading::answer;
use crate::http::reading::books::Held;
use crate::http::reading::cursor::{Listing, held, page};
use crate::http::reading::named::Named;
use crate::http::reading::params::{Day, Limit};
use crate::http::reading::shown::tags_of;
use crate::http::routes::organizations::NoParams;
use crate::http::state::App;
use crate::http::{Problem, Read};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_parties))
        .routes(routes!(show_party))
        .routes(routes!(list_commodities))
        .routes(routes!(list_rates))
        .routes(routes!(list_periods))
        .routes(routes!(show_period))
        .routes(routes!(list_tax_codes))
        .routes(routes!(show_tax_code))
}

/// A page of a list.
macro_rules! pages {
    ($($(#[$doc:meta])* $name:ident of $shown:ident;)+) => { $(
        $(#[$doc])*
        #[derive(Debug, Serialize, ToSchema)]
        pub struct $name {
            /// The elements.
            pub(super) data: Vec<$shown>,
            /// Where the next page begins; null at the end.
            pub(super) next_cursor: Option<String>,
            /// The last event that counts. Pages that follow are held at it.
            pub(super) seq: u64,
        }
    )+ };
}
pub(super) use pages;

pages! {
    /// A page of parties, by code.
    PartyPage of PartyShown;
    /// A page of commodities, in the order of definition: the first is the functional currency.
    CommodityPage of CommodityShown;
    /// A page of rates, by base, quote, type and day.
    RatePage of KnownRate;
    /// A page of periods, by month.
    PeriodPage of PeriodShown;
    /// A page of tax codes, by code.
    TaxCodePage of TaxCodeShown;
}

/// A page of a list without parameters of its own.
#[derive(Clone, Debug, Deserialize, Serialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct PageAsked {
    /// Elements of a page: 1 to 200, 50 by default.
    #[serde(skip_serializing)]
    #[param(required = false, nullable = false, value_type = u16, minimum = 1, maximum = 200)]
    pub(super) limit: Limit,
    /// `next_cursor` of the page before, with the same parameters.
    #[serde(skip_serializing)]
    #[param(nullable = false)]
    pub(super) cursor: Option<String>,
}

/// The book as known at a point. It is never behind the stream: `min_seq` only has to have happened.
pub(super) async fn book<Q>(read: &Read<Q>, point: Point) -> Result<Held, Problem> {
    let book = read.access.app.reading.books.at(&read.access.org(), point).await?;
    match read.min_seq.filter(|seq| point == Point::Latest && *seq > book.seq()) {
        Some(asked) => Err(ledger_projections::ProjectionError::BeyondEnd { asked, head: book.seq() }.into()),
        None => Ok(book),
    }
}

pub(super) fn account(book: &Book, no: AccountNo) -> String {
    book.account(no).map(|account| account.code.to_string()).unwrap_or_default()
}

pub(super) fn currency(book: &Book, no: CommodityNo) -> (String, u8) {
    book.commodity(no).map(|commodity| (commodity.code.to_string(), commodity.scale)).unwrap_or_default()
}

/// Which parties.
#[derive(Clone, Debug, Deserialize, Serialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct PartiesAsked {
    /// Parties of this kind.
    #[param(nullable = false, inline)]
    kind: Option<AskedPartyKind>,
    /// A text in the code, in any case.
    #[param(nullable = false)]
    text: Option<String>,
    /// Elements of a page: 1 to 200, 50 by default.
    #[serde(skip_serializing)]
    #[param(required = false, nullable = false, value_type = u16, minimum = 1, maximum = 200)]
    limit: Limit,
    /// `next_cursor` of the page before, with the same parameters.
    #[serde(skip_serializing)]
    #[param(nullable = false)]
    cursor: Option<String>,
}

/// What a party is to the organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum AskedPartyKind {
    /// Buys.
    Customer,
    /// Sells.
    Vendor,
    /// Is paid for something else.
    Payee,
}

impl From<AskedPartyKind> for PartyKind {
    fn from(word: AskedPartyKind) -> Self {
        match word {
            AskedPartyKind::Customer => Self::Customer,
            AskedPartyKind::Vendor => Self::Vendor,
            AskedPartyKind::Payee => Self::Payee,
        }
    }
}

/// A customer, vendor or payee, as history knows it: by a code that says nobody's name.
#[derive(Debug, Serialize, ToSchema)]
pub struct PartyShown {
    /// Its code.
    code: String,
    /// `customer`, `vendor` or `payee`.
    kind: String,
    /// When its documents fall due unless they say otherwise.
    terms: Vec<TermsShown>,
    /// The currency of its documents unless they say otherwise; null for the functional one.
    currency: Option<String>,
    /// Its receivable control account, where it is not the default.
    receivable: Option<String>,
    /// Its payable control account, where it is not the default.
    payable: Option<String>,
    /// Dimensions: an object of texts.
    #[schema(value_type = Object)]
    tags: Value,
}

/// A part of payment terms.
#[derive(Debug, Serialize, ToSchema)]
pub struct TermsShown {
    /// Its share in relation to the others'.
    share: String,
    /// Days after the document's date.
    days: u16,
}

/// List parties
///
/// By code. Names and addresses are personal data and not here.
#[utoipa::path(get, path = "/v1/orgs/{org}/parties", tag = "Parties", params(PointParams, PartiesAsked),
    responses((status = 200, description = "Parties, by code.", body = PartyPage)))]
async fn list_parties(read: Read<PartiesAsked>) -> Result<Response, Problem> {
    let query = &read.query;
    let listing = Listing::new("parties", read.access.organization.org.0, query, read.point);
    let cursor = listing.read::<String>(query.cursor.as_deref())?;
    let book = book(&read, held(cursor.as_ref(), read.point)).await?;
    let text = query.text.as_ref().map(|text| text.to_lowercase());
    let wanted = |party: &&Party| {
        query.kind.is_none_or(|kind| party.kind == kind.into())
            && text.as_ref().is_none_or(|text| party.code.to_lowercase().contains(text))
            && cursor.as_ref().is_none_or(|cursor| *party.code > *cursor.key)
    };
    let mut found: Vec<&Party> = book.parties().iter().filter(wanted).collect();
    found.sort_unstable_by(|a, b| a.code.cmp(&b.code));
    let (rows, more) = page(found.into_iter(), query.limit);
    let next_cursor = rows.last().filter(|_| more).map(|party| listing.write(book.seq(), party.code.as_str()));
    let data = rows.into_iter().map(|party| party_shown(&book, party)).collect();
    Ok(answer(book.seq(), &PartyPage { data, next_cursor, seq: book.seq() }))
}

/// Show a party
#[utoipa::path(get, path = "/v1/orgs/{org}/parties/{code}", tag = "Parties",
    params(("code" = String, Path, description = "The party's code, percent-encoded."), PointParams),
    responses((status = 200, description = "The party.", body = PartyShown)))]
async fn show_party(Named(code): Named, read: Read<NoParams>) -> Result<Response, Problem> {
    let book = book(&read, read.point).await?;
    let party = book.party_by_code(&code).ok_or_else(|| Problem::not_found(format!("there is no party {code:?}")))?;
    Ok(answer(book.seq(), &party_shown(&book, party)))
}

fn party_shown(book: &Book, party: &Party) -> PartyShown {
    PartyShown {
        code: party.code.to_string(),
        kind: party.kind.as_str().to_owned(),
        terms: party.terms.parts.iter().map(|part| TermsShown { share: part.share.normalize().to_string(), days: part.days }).collect(),
        currency: party.currency.map(|no| currency(book, no).0),
        receivable: party.receivable.map(|no| account(book, no)),
        payable: party.payable.map(|no| account(book, no)),
        tags: tags_of(&party.tags, &[]),
    }
}

/// A currency or another commodity.
#[derive(Debug, Serialize, ToSchema)]
pub struct CommodityShown {
    /// Its code.
    code: String,
    /// Its name.
    name: String,
    /// Digits after the decimal point.
    scale: u8,
    /// `iso4217` or `custom`.
    kind: String,
    /// Whether the books are kept in it.
    functional: bool,
}

/// List commodities
#[utoipa::path(get, path = "/v1/orgs/{org}/commodities", tag = "Commodities and rates", params(PointParams, PageAsked),
    responses((status = 200, description = "Commodities, in the order of definition.", body = CommodityPage)))]
async fn list_commodities(read: Read<PageAsked>) -> Result<Response, Problem> {
    let listing = Listing::new("commodities", read.access.organization.org.0, &read.query, read.point);
    let cursor = listing.read::<u16>(read.query.cursor.as_deref())?;
    let book = book(&read, held(cursor.as_ref(), read.point)).await?;
    let rest = book.commodities().iter().filter(|commodity| cursor.as_ref().is_none_or(|cursor| commodity.no.get() > cursor.key));
    let (rows, more) = page(rest, read.query.limit);
    let next_cursor = rows.last().filter(|_| more).map(|commodity| listing.write(book.seq(), commodity.no.get()));
    let shown = |commodity: &ledger_core::Commodity| CommodityShown {
        code: commodity.code.to_string(),
        name: commodity.name.to_string(),
        scale: commodity.scale,
        kind: if commodity.kind == CommodityKind::Iso4217 { "iso4217" } else { "custom" }.to_owned(),
        functional: commodity.no == ledger_core::book::FUNCTIONAL,
    };
    let data = rows.into_iter().map(shown).collect();
    Ok(answer(book.seq(), &CommodityPage { data, next_cursor, seq: book.seq() }))
}

/// Which rates.
#[derive(Clone, Debug, Deserialize, Serialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct RatesAsked {
    /// What is priced.
    #[param(nullable = false)]
    base: Option<String>,
    /// In what it is priced.
    #[param(nullable = false)]
    quote: Option<String>,
    /// `spot`, `average` or `closing`.
    #[serde(rename = "type")]
    #[param(nullable = false, inline)]
    kind: Option<AskedRateType>,
    /// The first day, inclusive.
    #[param(required = false, nullable = false, value_type = String, format = Date)]
    from: Option<Day>,
    /// The last day, inclusive.
    #[param(required = false, nullable = false, value_type = String, format = Date)]
    to: Option<Day>,
    /// The same as `to`.
    #[param(required = false, nullable = false, value_type = String, format = Date)]
    as_of: Option<Day>,
    /// Elements of a page: 1 to 200, 50 by default.
    #[serde(skip_serializing)]
    #[param(required = false, nullable = false, value_type = u16, minimum = 1, maximum = 200)]
    limit: Limit,
    /// `next_cursor` of the page before, with the same parameters.
    #[serde(skip_serializing)]
    #[param(nullable = false)]
    cursor: Option<String>,
}

/// Which of the day's rates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum AskedRateType {
    /// Of the moment of the transaction.
    Spot,
    /// Of a period.
    Average,
    /// Of a balance sheet date.
    Closing,
}

impl AskedRateType {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Spot => "spot",
            Self::Average => "average",
            Self::Closing => "closing",
        }
    }
}

/// A rate: one of the base is worth so many of the quote. Where a day has several, the last recorded; who recorded it and
/// when is in its event.
#[derive(Debug, Serialize, ToSchema)]
pub struct KnownRate {
    /// What is priced.
    base: String,
    /// In what it is priced.
    quote: String,
    /// `spot`, `average` or `closing`.
    #[serde(rename = "type")]
    kind: String,
    /// The day that it holds for.
    #[schema(format = Date)]
    effective_date: String,
    /// How many of the quote one of the base is worth.
    rate: String,
}

type RateKey = (String, String, String, NaiveDate);

/// List exchange rates and prices
#[utoipa::path(get, path = "/v1/orgs/{org}/rates", tag = "Commodities and rates", params(PointParams, RatesAsked),
    responses((status = 200, description = "Rates, by base, quote, type and day.", body = RatePage)))]
async fn list_rates(read: Read<RatesAsked>) -> Result<Response, Problem> {
    let query = &read.query;
    let last = super::report_params::last(query.to, query.as_of)?;
    let listing = Listing::new("rates", read.access.organization.org.0, query, read.point);
    let cursor = listing.read::<RateKey>(query.cursor.as_deref())?;
    let book = book(&read, held(cursor.as_ref(), read.point)).await?;
    let wanted = |(base, quote, kind, day, _): &(String, String, String, NaiveDate, String)| {
        query.base.as_ref().is_none_or(|asked| asked == base)
            && query.quote.as_ref().is_none_or(|asked| asked == quote)
            && query.kind.is_none_or(|asked| asked.as_str() == kind)
            && query.from.is_none_or(|from| from.0 <= *day)
            && last.is_none_or(|last| *day <= last)
            && cursor.as_ref().is_none_or(|cursor| (base, quote, kind, day) > (&cursor.key.0, &cursor.key.1, &cursor.key.2, &cursor.key.3))
    };
    let named = book.rates().map(|(base, quote, kind, day, rate)| {
        (currency(&book, base).0, currency(&book, quote).0, kind.as_str().to_owned(), day, rate.normalize().to_string())
    });
    let mut found: Vec<_> = named.filter(wanted).collect();
    found.sort_unstable();
    let (rows, more) = page(found.into_iter(), query.limit);
    let next_cursor = rows.last().filter(|_| more).map(|(base, quote, kind, day, _)| listing.write(book.seq(), (base, quote, kind, day)));
    let shown = |(base, quote, kind, day, rate): (String, String, String, NaiveDate, String)| KnownRate {
        base,
        quote,
        kind,
        effective_date: day.to_string(),
        rate,
    };
    let data = rows.into_iter().map(shown).collect();
    Ok(answer(book.seq(), &RatePage { data, next_cursor, seq: book.seq() }))
}

/// A month that is closed.
#[derive(Debug, Serialize, ToSchema)]
pub struct PeriodShown {
    /// The month.
    #[schema(example = "2025-12")]
    month: String,
    /// `open`, `soft-closed` or `hard-closed`.
    status: String,
}

/// A month, and what it still needs before it is closed.
#[derive(Debug, Serialize, ToSchema)]
pub struct PeriodDetail {
    /// The month.
    #[schema(example = "2025-12")]
    month: String,
    /// `open`, `soft-closed` or `hard-closed`.
    status: String,
    /// What it still needs before it is closed.
    open_points: Vec<OpenPointShown>,
}

/// Something that a month still needs.
#[derive(Debug, Serialize, ToSchema)]
pub struct OpenPointShown {
    /// `unallocated`, `unreconciled`, `order`, `unrecognised` or `unrevalued`.
    point: String,
    /// Its name: `PARTY:DOCUMENT`, `DOCUMENT line N`, an account or an order's number.
    name: String,
    /// Where it stands in the stream.
    seq: Option<u64>,
    /// How much.
    amount: String,
    /// Of what.
    currency: String,
    /// What to do about it.
    remedy: String,
}

/// List closed periods
///
/// Months that are closed; all others are open.
#[utoipa::path(get, path = "/v1/orgs/{org}/periods", tag = "Closing", params(PointParams, PageAsked),
    responses((status = 200, description = "Closed months, in their order.", body = PeriodPage)))]
async fn list_periods(read: Read<PageAsked>) -> Result<Response, Problem> {
    let listing = Listing::new("periods", read.access.organization.org.0, &read.query, read.point);
    let cursor = listing.read::<i32>(read.query.cursor.as_deref())?;
    let book = book(&read, held(cursor.as_ref(), read.point)).await?;
    let rest = book.periods().filter(|(month, _)| cursor.as_ref().is_none_or(|cursor| month.ordinal() > cursor.key));
    let (rows, more) = page(rest, read.query.limit);
    let next_cursor = rows.last().filter(|_| more).map(|(month, _)| listing.write(book.seq(), month.ordinal()));
    let shown = |(month, status): (Month, PeriodStatus)| PeriodShown { month: month.to_string(), status: status.as_str().to_owned() };
    let data = rows.into_iter().map(shown).collect();
    Ok(answer(book.seq(), &PeriodPage { data, next_cursor, seq: book.seq() }))
}

/// Show a period and its checklist
#[utoipa::path(get, path = "/v1/orgs/{org}/periods/{month}", tag = "Closing",
    params(("month" = String, Path, description = "The month: `2025-12`."), PointParams),
    responses((status = 200, description = "The month.", body = PeriodDetail)))]
async fn show_period(Named(name): Named, read: Read<NoParams>) -> Result<Response, Problem> {
    let month = crate::cli::moment::month(&name).map_err(|said| Problem::malformed("PATH_INVALID", said))?;
    let book = book(&read, read.point).await?;
    let point = |point: ledger_core::book::OpenPoint| OpenPointShown {
        point: point.kind.as_str().to_owned(),
        name: point.name.to_string(),
        seq: point.seq,
        amount: point.amount.to_string(),
        currency: point.currency.to_string(),
        remedy: point.kind.remedy().to_owned(),
    };
    let shown = PeriodDetail {
        month: month.to_string(),
        status: book.period_status(month).as_str().to_owned(),
        open_points: book.open_points(month).into_iter().map(point).collect(),
    };
    Ok(answer(book.seq(), &shown))
}

/// A tax code: a dated list of components.
#[derive(Debug, Serialize, ToSchema)]
pub struct TaxCodeShown {
    /// Its code.
    code: String,
    /// Its name.
    name: String,
    /// In the order in which they are computed.
    components: Vec<TaxComponentShown>,
}

/// One tax of a code.
#[derive(Debug, Serialize, ToSchema)]
pub struct TaxComponentShown {
    /// Its name.
    name: String,
    /// In percent.
    rate: String,
    /// The first day it holds for, inclusive.
    #[schema(format = Date)]
    from: Option<String>,
    /// The last day it holds for, inclusive.
    #[schema(format = Date)]
    to: Option<String>,
    /// Whether it is computed on the net and the earlier components.
    compound: bool,
    /// Where it goes.
    account: String,
    /// How much of it can be recovered on purchases, in percent.
    recoverable: String,
    /// Under reverse charge: the account to which the buyer owes it.
    reverse_charge: Option<String>,
    /// Whether whoever pays keeps it back.
    withheld: bool,
    /// The box of the tax report.
    report_box: String,
}

/// List tax codes
#[utoipa::path(get, path = "/v1/orgs/{org}/tax-codes", tag = "Tax codes", params(PointParams, PageAsked),
    responses((status = 200, description = "Tax codes, by code.", body = TaxCodePage)))]
async fn list_tax_codes(read: Read<PageAsked>) -> Result<Response, Problem> {
    let listing = Listing::new("tax-codes", read.access.organization.org.0, &read.query, read.point);
    let cursor = listing.read::<String>(read.query.cursor.as_deref())?;
    let book = book(&read, held(cursor.as_ref(), read.point)).await?;
    let rest = book.tax_codes().filter(|code| cursor.as_ref().is_none_or(|cursor| *code.code > *cursor.key));
    let (rows, more) = page(rest, read.query.limit);
    let next_cursor = rows.last().filter(|_| more).map(|code| listing.write(book.seq(), code.code.as_str()));
    let data = rows.into_iter().map(|code| tax_code_shown(&book, code)).collect();
    Ok(answer(book.seq(), &TaxCodePage { data, next_cursor, seq: book.seq() }))
}

/// Show a tax code
#[utoipa::path(get, path = "/v1/orgs/{org}/tax-codes/{code}", tag = "Tax codes",
    params(("code" = String, Path, description = "Its code, percent-encoded."), PointParams),
    responses((status = 200, description = "The tax code.", body = TaxCodeShown)))]
async fn show_tax_code(Named(code): Named, read: Read<NoParams>) -> Result<Response, Problem> {
    let book = book(&read, read.point).await?;
    let found = book.tax_code(&code).ok_or_else(|| Problem::not_found(format!("there is no tax code {code:?}")))?;
    Ok(answer(book.seq(), &tax_code_shown(&book, found)))
}

fn tax_code_shown(book: &Book, code: &TaxCode) -> TaxCodeShown {
    let component = |part: &TaxComponent| TaxComponentShown {
        name: part.name.to_string(),
        rate: part.rate.normalize().to_string(),
        from: part.from.map(|day| day.to_string()),
        to: part.to.map(|day| day.to_string()),
        compound: part.compound,
        account: account(book, part.account),
        recoverable: part.recoverable.normalize().to_string(),
        reverse_charge: part.reverse_charge.map(|no| account(book, no)),
        withheld: part.withheld,
        report_box: part.report_box.to_string(),
    };
    TaxCodeShown { code: code.code.to_string(), name: code.name.to_string(), components: code.components.iter().map(component).collect() }
}

/// An amount in minor units, for programs.
pub(super) fn shown_amount(book: &Book, units: ledger_core::Units, no: CommodityNo) -> String {
    plain(units, currency(book, no).1)
}
