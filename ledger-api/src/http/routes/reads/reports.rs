//! `GET /reports/…`: every report of the command line, as JSON or, with `Accept: text/csv`, as the same CSV.

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use chrono::NaiveDate;
use futures::StreamExt;
use ledger_core::Seq;
use ledger_projections::reports::{
    self, AgingBy, AllocationQuery, Basis, CashFlowQuery, Closing, DeferralBy, DeferralQuery, GeneralLedger, ItemQuery, LedgerQuery, Point,
    RevenueBy, RevenueQuery, TaxBy, TaxQuery, USUAL_BOUNDS,
};
use ledger_projections::{AccountBalance, CashFlow, Deferral, GlFact, OpenItem, RevenueByCustomer, TaxReport as TaxRows};
use serde_json::Value;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::events::accepts;
use super::report_params::*;
use super::report_shapes::*;
use crate::http::extract::PointParams;
use crate::http::reading::{answer, asked_wrongly, marked, ready};
use crate::http::state::App;
use crate::http::{Problem, Read};
use crate::report::Heading;
use crate::report::aging::AgingReport;
use crate::report::balance_sheet::BalanceSheet;
use crate::report::cash_flow::{CashFlowStatement, Detail, Method};
use crate::report::deferrals::DeferralReport;
use crate::report::income_statement::IncomeStatement;
use crate::report::revenue::RevenueReport;
use crate::report::source::{self, Snapshot, year_begin};
use crate::report::tax::TaxReport;
use crate::report::trial_balance::{Show, TrialBalance};
use crate::report::{allocations, general_ledger, open_items};

/// The media type of tables.
const CSV: &str = "text/csv";

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(report_trial_balance))
        .routes(routes!(report_balance_sheet))
        .routes(routes!(report_income_statement))
        .routes(routes!(report_general_ledger))
        .routes(routes!(report_aging))
        .routes(routes!(report_open_items))
        .routes(routes!(report_allocations))
        .routes(routes!(report_cash_flow))
        .routes(routes!(report_tax))
        .routes(routes!(report_deferrals))
        .routes(routes!(report_revenue))
}

/// The report in the form that the caller prefers.
fn shown<Q>(
    read: &Read<Q>,
    seq: Seq,
    csv: impl FnOnce() -> anyhow::Result<String>,
    json: impl FnOnce() -> Value,
) -> Result<Response, Problem> {
    if !accepts(&read.headers, CSV) {
        return Ok(answer(seq, &json()));
    }
    Ok(marked(seq, table(Body::from(csv()?))))
}

fn table(body: Body) -> Response {
    let mut response = body.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"));
    response
}

fn heading<Q>(read: &Read<Q>, from: Option<NaiveDate>, to: Option<NaiveDate>, seq: Seq) -> Heading {
    let organization = &read.access.organization;
    Heading {
        slug: organization.slug.clone(),
        organization: organization.name.clone(),
        from,
        to,
        seq,
        known_at: if let Point::KnownAt(time) = read.point { Some(time) } else { None },
        past: read.point != Point::Latest,
    }
}

/// The last day of a report that is asked for without one: the last day with an entry, or today.
async fn day<Q>(read: &Read<Q>, asked: Option<NaiveDate>) -> Result<NaiveDate, Problem> {
    match asked {
        Some(day) => Ok(day),
        None => Ok(source::last_day(&read.access.org()).await?.unwrap_or_else(|| chrono::Utc::now().date_naive())),
    }
}

fn check_span(from: Option<NaiveDate>, to: Option<NaiveDate>) -> Result<(), Problem> {
    match (from, to) {
        (Some(from), Some(to)) if from > to => {
            Err(Problem::malformed("PARAMETER_INVALID", format!("from ({from}) is after to ({to})")).hint("give the earlier date as from"))
        }
        _ => Ok(()),
    }
}

/// First and last day: `to` or `as_of`, and by default from the beginning of its fiscal year.
async fn span<Q>(read: &Read<Q>, asked: &Span) -> Result<(NaiveDate, NaiveDate), Problem> {
    let last = asked.last()?;
    check_span(asked.from, last)?;
    let to = day(read, last).await?;
    let from = asked.from.unwrap_or_else(|| year_begin(to, asked.year_begins));
    check_span(Some(from), Some(to))?;
    Ok((from, to))
}

/// Trial balance
///
/// Every account's balance, and whether debits equal credits. `as_of` is inclusive; without it everything posted counts.
#[utoipa::path(get, path = "/v1/orgs/{org}/reports/trial-balance", tag = "Reports", params(PointParams, TrialBalanceAsked),
    responses((status = 200, description = "The report.", content((TrialBalanceReport = "application/json"), (String = "text/csv")))))]
async fn report_trial_balance(read: Read<TrialBalanceAsked>) -> Result<Response, Problem> {
    let point = ready(&read, balances(&read), read.point).await?;
    let as_of = read.query.as_of.map(|day| day.0);
    let org = read.access.org();
    let Snapshot { books, balances, seq } = source::movements(&org, (None, as_of), point, Closing::Include).await?;
    let show = if read.query.value == AskedValue::Functional { Show::Functional } else { Show::Transaction };
    let report = TrialBalance::new(&books, &balances, show);
    let heading = heading(&read, None, as_of, seq);
    shown(&read, seq, || report.csv(), || report.json(&heading))
}

/// Balances as known earlier come from history itself, and wait for nothing.
fn balances<Q>(read: &Read<Q>) -> &'static [&'static str] {
    if read.point == Point::Latest { &[AccountBalance::NAME] } else { &[] }
}

/// Balance sheet
///
/// Assets, liabilities and equity on a day, inclusive; the results of earlier years are derived.
#[utoipa::path(get, path = "/v1/orgs/{org}/reports/balance-sheet", tag = "Reports", params(PointParams, BalanceSheetAsked),
    responses((status = 200, description = "The report.", content((BalanceSheetReport = "application/json"), (String = "text/csv")))))]
async fn report_balance_sheet(read: Read<BalanceSheetAsked>) -> Result<Response, Problem> {
    let point = ready(&read, balances(&read), read.point).await?;
    let as_of = day(&read, read.query.as_of.map(|day| day.0)).await?;
    let year = year_begin(as_of, read.query.year_begins.map_or(1, |month| month.0));
    let (now, before) = source::balances_and_before(&read.access.org(), as_of, year, point).await?;
    let report = BalanceSheet::new(&now.books, &now.balances, &before, year);
    let heading = heading(&read, None, Some(as_of), now.seq);
    shown(&read, now.seq, || report.csv(), || report.json(&heading))
}

/// Income statement
///
/// Revenue and expenses from `from` to `to`, both inclusive; closing entries are left out.
#[utoipa::path(get, path = "/v1/orgs/{org}/reports/income-statement", tag = "Reports", params(PointParams, PeriodAsked),
    responses((status = 200, description = "The report.", content((IncomeStatementReport = "application/json"), (String = "text/csv")))))]
async fn report_income_statement(read: Read<PeriodAsked>) -> Result<Response, Problem> {
    let point = ready(&read, balances(&read), read.point).await?;
    let (from, to) = span(&read, &read.query.span()).await?;
    let moved = source::movements(&read.access.org(), (Some(from), Some(to)), point, Closing::Exclude).await?;
    let report = IncomeStatement::new(&moved.books, &moved.balances);
    let heading = heading(&read, Some(from), Some(to), moved.seq);
    shown(&read, moved.seq, || report.csv(), || report.json(&heading))
}

/// General ledger
///
/// Every line of every account, or of one and those below it, with the balance after it. Sent piece by piece as it is
/// read, of any length; for pages of it see `/entries`.
#[utoipa::path(get, path = "/v1/orgs/{org}/reports/general-ledger", tag = "Reports", params(PointParams, GeneralLedgerAsked),
    responses((status = 200, description = "The report.", content((GeneralLedgerReport = "application/json"), (String = "text/csv")))))]
async fn report_general_ledger(read: Read<GeneralLedgerAsked>) -> Result<Response, Problem> {
    let query = &read.query;
    let (from, to) = (query.from.map(|day| day.0), last(query.to, query.as_of)?);
    check_span(from, to)?;
    let point = ready(&read, &[GlFact::NAME, AccountBalance::NAME], read.point).await?;
    let asked = LedgerQuery { account: query.account.as_deref().map(Into::into), below: true, from, to, point };
    let ledger = GeneralLedger::open(&read.access.org(), asked).await.map_err(asked_wrongly("account"))?;
    let (seq, csv) = (ledger.seq(), accepts(&read.headers, CSV));
    let pieces = general_ledger::pieces(ledger, &heading(&read, from, to, seq), csv);
    let body = Body::from_stream(pieces.map(|piece| piece.map(Bytes::from).map_err(std::io::Error::other)));
    if csv {
        return Ok(marked(seq, table(body)));
    }
    let mut response = body.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(marked(seq, response))
}

/// Aging
///
/// What is owed, by how long it is overdue on a day (inclusive), with what settles nothing yet in a column of its own.
#[utoipa::path(get, path = "/v1/orgs/{org}/reports/aging", tag = "Reports", params(PointParams, AgingAsked),
    responses((status = 200, description = "The report.", content((AgingReportShape = "application/json"), (String = "text/csv")))))]
async fn report_aging(read: Read<AgingAsked>) -> Result<Response, Problem> {
    let query = &read.query;
    let bounds = query.buckets.clone().map_or_else(|| USUAL_BOUNDS.to_vec(), |bounds| bounds.0);
    let point = ready(&read, &[OpenItem::NAME, AccountBalance::NAME], read.point).await?;
    let as_of = day(&read, query.as_of.map(|day| day.0)).await?;
    let asked = ItemQuery { side: query.side.into(), as_of, point, party: query.party.as_deref().map(Into::into) };
    let by = match query.by {
        AskedAgingBy::Total => AgingBy::Total,
        AskedAgingBy::Party => AgingBy::Party,
        AskedAgingBy::Document => AgingBy::Document,
    };
    let basis = if query.basis == AskedBasis::DueDate { Basis::DueDate } else { Basis::DocumentDate };
    let found = reports::aging(&read.access.org(), &asked, basis, by, &bounds).await?;
    let report = AgingReport::new(&found, &bounds, "");
    let heading = heading(&read, None, Some(as_of), found.seq);
    shown(&read, found.seq, || report.csv(), || report.json(&heading, asked.side.as_str()))
}

/// Open items
///
/// Every open invoice, bill, credit and unapplied payment on a day, inclusive; for pages of them see `/open-items`.
#[utoipa::path(get, path = "/v1/orgs/{org}/reports/open-items", tag = "Reports", params(PointParams, OpenItemsAsked),
    responses((status = 200, description = "The report.", content((OpenItemsReport = "application/json"), (String = "text/csv")))))]
async fn report_open_items(read: Read<OpenItemsAsked>) -> Result<Response, Problem> {
    let point = ready(&read, &[OpenItem::NAME, AccountBalance::NAME], read.point).await?;
    let as_of = day(&read, read.query.as_of.map(|day| day.0)).await?;
    let asked = ItemQuery { side: read.query.side.into(), as_of, point, party: read.query.party.as_deref().map(Into::into) };
    let found = reports::open_items(&read.access.org(), &asked).await?;
    let heading = heading(&read, None, Some(as_of), found.seq);
    shown(&read, found.seq, || open_items::to_csv(&found), || open_items::to_json(&found, &heading, asked.side.as_str()))
}

/// Allocations
///
/// What settled what from `from` to `to`, both inclusive; for pages of it see `/allocations`.
#[utoipa::path(get, path = "/v1/orgs/{org}/reports/allocations", tag = "Reports", params(PointParams, AllocationsReportAsked),
    responses((status = 200, description = "The report.", content((AllocationsReport = "application/json"), (String = "text/csv")))))]
async fn report_allocations(read: Read<AllocationsReportAsked>) -> Result<Response, Problem> {
    let query = &read.query;
    let point = ready(&read, &[OpenItem::NAME, AccountBalance::NAME], read.point).await?;
    let (from, to) = span(&read, &query.span()).await?;
    let party = query.party.as_deref().map(Into::into);
    let asked = AllocationQuery { side: query.side.into(), from, to, point, party, after: None, limit: None };
    let found = reports::allocations(&read.access.org(), &asked).await?;
    let heading = heading(&read, Some(from), Some(to), found.seq);
    shown(&read, found.seq, || allocations::to_csv(&found), || allocations::to_json(&found, &heading, asked.side.as_str()))
}

/// Cash flow
///
/// Where cash came from and went from `from` to `to`, both inclusive, and what exchange rates did to it.
#[utoipa::path(get, path = "/v1/orgs/{org}/reports/cash-flow", tag = "Reports", params(PointParams, CashFlowAsked),
    responses((status = 200, description = "The report.", content((CashFlowReport = "application/json"), (String = "text/csv")))))]
async fn report_cash_flow(read: Read<CashFlowAsked>) -> Result<Response, Problem> {
    let point = ready(&read, &[CashFlow::NAME, AccountBalance::NAME], read.point).await?;
    let (from, to) = span(&read, &read.query.span()).await?;
    let flows = reports::cash_flows(&read.access.org(), &CashFlowQuery { from, to, point }).await?;
    let method = if read.query.method == AskedMethod::Direct { Method::Direct } else { Method::Indirect };
    let detail = if read.query.by == AskedDetail::Section { Detail::Section } else { Detail::Account };
    let report = CashFlowStatement::new(&flows, method, detail);
    let heading = heading(&read, Some(from), Some(to), flows.seq);
    shown(&read, flows.seq, || report.csv(), || report.json(&heading))
}

/// Tax
///
/// Tax of documents from `from` to `to`, both inclusive, by code, box, document or month.
#[utoipa::path(get, path = "/v1/orgs/{org}/reports/tax", tag = "Reports", params(PointParams, TaxAsked),
    responses((status = 200, description = "The report.", content((TaxReportShape = "application/json"), (String = "text/csv")))))]
async fn report_tax(read: Read<TaxAsked>) -> Result<Response, Problem> {
    let point = ready(&read, &[TaxRows::NAME, AccountBalance::NAME], read.point).await?;
    let (from, to) = span(&read, &read.query.span()).await?;
    let by = match read.query.by {
        AskedTaxBy::Code => TaxBy::Code,
        AskedTaxBy::Box => TaxBy::Box,
        AskedTaxBy::Document => TaxBy::Document,
        AskedTaxBy::Month => TaxBy::Month,
    };
    let found = reports::tax(&read.access.org(), &TaxQuery { from, to, point, by }).await?;
    let (report, heading) = (TaxReport::new(&found, by), heading(&read, Some(from), Some(to), found.seq));
    shown(&read, found.seq, || report.csv(), || report.json(&heading))
}

/// Deferred amounts
///
/// Deferred revenue and prepaid expense on a day, inclusive: what was recognised, and what waits.
#[utoipa::path(get, path = "/v1/orgs/{org}/reports/deferrals", tag = "Reports", params(PointParams, DeferralsAsked),
    responses((status = 200, description = "The report.", content((DeferralsReport = "application/json"), (String = "text/csv")))))]
async fn report_deferrals(read: Read<DeferralsAsked>) -> Result<Response, Problem> {
    let point = ready(&read, &[Deferral::NAME, AccountBalance::NAME], read.point).await?;
    let as_of = day(&read, read.query.as_of.map(|day| day.0)).await?;
    let by = if read.query.by == AskedDeferralBy::Document { DeferralBy::Document } else { DeferralBy::Month };
    let asked = DeferralQuery { as_of, point, by, finished: read.query.finished.is_yes() };
    let found = reports::deferrals(&read.access.org(), &asked).await?;
    let (report, heading) = (DeferralReport::new(&found, by), heading(&read, None, Some(as_of), found.seq));
    shown(&read, found.seq, || report.csv(), || report.json(&heading))
}

/// Revenue
///
/// Revenue from `from` to `to`, both inclusive, by customer, account or month.
#[utoipa::path(get, path = "/v1/orgs/{org}/reports/revenue", tag = "Reports", params(PointParams, RevenueAsked),
    responses((status = 200, description = "The report.", content((RevenueReportShape = "application/json"), (String = "text/csv")))))]
async fn report_revenue(read: Read<RevenueAsked>) -> Result<Response, Problem> {
    let point = ready(&read, &[RevenueByCustomer::NAME, AccountBalance::NAME], read.point).await?;
    let (from, to) = span(&read, &read.query.span()).await?;
    let by = match read.query.by {
        AskedRevenueBy::Customer => RevenueBy::Customer,
        AskedRevenueBy::Account => RevenueBy::Account,
        AskedRevenueBy::Month => RevenueBy::Month,
    };
    let found = reports::revenue(&read.access.org(), &RevenueQuery { from, to, point, by }).await?;
    let (report, heading) = (RevenueReport::new(&found, by), heading(&read, Some(from), Some(to), found.seq));
    shown(&read, found.seq, || report.csv(), || report.json(&heading))
}
