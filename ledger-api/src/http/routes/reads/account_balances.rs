//! `GET /accounts`: the chart with what each account holds, as of a day, as known at a point.

use axum::response::Response;
use ledger_core::{AccountStatus, AccountType};
use ledger_projections::reports::{AccountQuery, AccountRow, Accounts, BalanceRow, Point, accounts};
use ledger_projections::{AccountBalance, Chart, ProjectionError};
use ledger_store::OrgStore;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::extract::PointParams;
use crate::http::reading::cursor::{Listing, held};
use crate::http::reading::named::Named;
use crate::http::reading::params::{Day, Limit, PageSize};
use crate::http::reading::{answer, asked_wrongly, ready};
use crate::http::state::App;
use crate::http::{Problem, Read};
use crate::report::open_items::Shown;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_accounts)).routes(routes!(show_account))
}

/// The type of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum AskedType {
    /// What the organization owns.
    Asset,
    /// What it owes.
    Liability,
    /// What belongs to its owners.
    Equity,
    /// What it earns.
    Revenue,
    /// What it spends.
    Expense,
}

impl From<AskedType> for AccountType {
    fn from(word: AskedType) -> Self {
        match word {
            AskedType::Asset => Self::Asset,
            AskedType::Liability => Self::Liability,
            AskedType::Equity => Self::Equity,
            AskedType::Revenue => Self::Revenue,
            AskedType::Expense => Self::Expense,
        }
    }
}

/// Whether an account takes postings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum AskedStatus {
    /// It does.
    Open,
    /// For the time being it does not.
    Locked,
    /// It does not any more.
    Closed,
}

impl From<AskedStatus> for AccountStatus {
    fn from(word: AskedStatus) -> Self {
        match word {
            AskedStatus::Open => Self::Open,
            AskedStatus::Locked => Self::Locked,
            AskedStatus::Closed => Self::Closed,
        }
    }
}

/// Which accounts.
#[derive(Clone, Debug, Deserialize, Serialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct AccountsAsked {
    /// The last effective date that counts, inclusive. Default: everything posted, future dates included.
    #[param(required = false, nullable = false, value_type = String, format = Date)]
    as_of: Option<Day>,
    /// Accounts of this type.
    #[serde(rename = "type")]
    #[param(nullable = false, inline)]
    kind: Option<AskedType>,
    /// This account and those below it: under it in the chart, or with a code that continues it after a colon.
    #[param(nullable = false)]
    under: Option<String>,
    /// Accounts in this state.
    #[param(nullable = false, inline)]
    status: Option<AskedStatus>,
    /// A text in code or name, in any case.
    #[param(nullable = false)]
    text: Option<String>,
    /// Accounts of a page: 1 to 200, 50 by default.
    #[serde(skip_serializing)]
    #[param(required = false, nullable = false, value_type = u16, minimum = 1, maximum = 200)]
    limit: Limit,
    /// `next_cursor` of the page before, with the same parameters.
    #[serde(skip_serializing)]
    #[param(nullable = false)]
    cursor: Option<String>,
}

/// As of when.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct AsOf {
    /// The last effective date that counts, inclusive. Default: everything posted, future dates included.
    #[param(required = false, nullable = false, value_type = String, format = Date)]
    as_of: Option<Day>,
}

/// A page of accounts, by code.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccountPage {
    /// The accounts.
    data: Vec<AccountShown>,
    /// Where the next page begins; null at the end.
    next_cursor: Option<String>,
    /// The last event that counts. Pages that follow are held at it.
    seq: u64,
    /// The currency in which the books are kept.
    functional_currency: String,
}

/// An account and what it holds.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccountShown {
    /// Its code.
    code: String,
    /// Its name.
    name: String,
    /// `asset`, `liability`, `equity`, `revenue` or `expense`.
    #[serde(rename = "type")]
    kind: String,
    /// What it is for.
    sub_type: String,
    /// Whether its normal side is opposite to its type's.
    contra: bool,
    /// Whether it only sums up those below it and takes no postings.
    summary: bool,
    /// Code of the account above it.
    parent: Option<String>,
    /// `open`, `locked` or `closed`.
    status: String,
    /// The sub-ledger that it controls: `receivable` or `payable`.
    control: Option<String>,
    /// What its movements count as in a statement of cash flows, where that was said.
    activity: Option<String>,
    /// What it holds, a row per currency; empty where nothing was ever posted. Accounts below it are not in it.
    balances: Vec<BalanceShown>,
}

/// What an account holds of a currency.
#[derive(Debug, Serialize, ToSchema)]
pub struct BalanceShown {
    /// ISO 4217 code or a commodity's.
    currency: String,
    /// All debits, not negative.
    debit: String,
    /// All credits, not negative.
    credit: String,
    /// Debits less credits.
    balance: String,
    /// The same in the functional currency; null where no line has a value.
    functional_balance: Option<String>,
    /// Lines.
    lines: u64,
    /// Lines without a value in the functional currency: where this is not 0, `functional_balance` is of a part.
    unvalued_lines: u64,
}

/// List accounts with their balances
///
/// By code. A listing is held at the event at which its first page was read: the pages that follow show the same books,
/// whatever is posted meanwhile. `as_of` is inclusive, and so is `known_at`.
#[utoipa::path(get, path = "/v1/orgs/{org}/accounts", tag = "Accounts", params(PointParams, AccountsAsked),
    responses((status = 200, description = "Accounts, by code.", body = AccountPage)))]
async fn list_accounts(read: Read<AccountsAsked>) -> Result<Response, Problem> {
    let (query, org) = (&read.query, read.access.org());
    let listing = Listing::new("accounts", org.org().0, query, read.point);
    let cursor = listing.read::<String>(query.cursor.as_deref())?;
    let point = ready(&read, &[AccountBalance::NAME], held(cursor.as_ref(), read.point)).await?;
    let question = AccountQuery {
        as_of: query.as_of.map(|day| day.0),
        point,
        kind: query.kind.map(Into::into),
        under: query.under.as_deref().map(Into::into),
        status: query.status.map(Into::into),
        text: query.text.as_deref().map(Into::into),
        after: cursor.map(|cursor| cursor.key.into()),
        limit: query.limit.size(),
    };
    let found = held_accounts(&org, question).await.map_err(asked_wrongly("under"))?;
    let next_cursor = found.next.as_ref().map(|code| listing.write(found.seq, code.as_str()));
    let page = AccountPage {
        data: found.rows.iter().map(|row| account_shown(&found.chart, row)).collect(),
        next_cursor,
        seq: found.seq,
        functional_currency: functional(&found),
    };
    Ok(answer(found.seq, &page))
}

/// Asked of the read model where that stands at the event already; history is folded for what is really past.
async fn held_accounts(org: &OrgStore, question: AccountQuery) -> Result<Accounts, ProjectionError> {
    if let Point::AtSeq(seq) = question.point {
        let latest = AccountQuery { point: Point::Latest, ..question.clone() };
        if let Ok(found) = accounts(org, &latest).await
            && found.seq == seq
        {
            return Ok(found);
        }
    }
    accounts(org, &question).await
}

/// Show an account with its balance
#[utoipa::path(get, path = "/v1/orgs/{org}/accounts/{code}", tag = "Accounts",
    params(("code" = String, Path, description = "The account's code, percent-encoded."), PointParams, AsOf),
    responses((status = 200, description = "The account.", body = AccountShown)))]
async fn show_account(Named(code): Named, read: Read<AsOf>) -> Result<Response, Problem> {
    let point = ready(&read, &[AccountBalance::NAME], read.point).await?;
    let question = AccountQuery { as_of: read.query.as_of.map(|day| day.0), point, ..AccountQuery::default() };
    let found = held_accounts(&read.access.org(), question).await?;
    let row = found.rows.iter().find(|row| row.account.code == code.as_str());
    let row = row.ok_or_else(|| Problem::not_found(format!("there is no account {code:?}")).hint("list them at /accounts"))?;
    Ok(answer(found.seq, &account_shown(&found.chart, row)))
}

fn functional(found: &Accounts) -> String {
    found.chart.functional().map(|functional| functional.code.to_string()).unwrap_or_default()
}

fn account_shown(chart: &Chart, row: &AccountRow) -> AccountShown {
    let (account, shown) = (&row.account, Shown::new(chart));
    AccountShown {
        code: account.code.to_string(),
        name: account.name.to_string(),
        kind: account.kind.as_str().to_owned(),
        sub_type: account.sub_type.as_str().to_owned(),
        contra: account.contra,
        summary: account.summary,
        parent: row.parent.as_ref().map(ToString::to_string),
        status: account.status.as_str().to_owned(),
        control: row.control.map(|side| side.as_str().to_owned()),
        activity: account.activity.map(|activity| activity.as_str().to_owned()),
        balances: row.balances.iter().map(|balance| balance_shown(&shown, balance)).collect(),
    }
}

fn balance_shown(shown: &Shown<'_>, row: &BalanceRow) -> BalanceShown {
    let currency = row.currency.as_str();
    BalanceShown {
        currency: currency.to_owned(),
        debit: shown.plain(row.debit, currency),
        credit: shown.plain(row.credit, currency),
        balance: shown.plain(row.balance(), currency),
        functional_balance: row.functional_balance().map(|value| shown.plain_value(value)),
        lines: row.lines,
        unvalued_lines: row.unvalued_lines,
    }
}
