//! Lists of commissions: plans, who earns by them, and what each payee earned, was paid and is owed.

use std::collections::BTreeMap;

use axum::response::Response;
use ledger_core::subledger::CommissionPlan;
use ledger_core::subledger::commission::{DatedRule, Rule};
use ledger_core::{Book, CommodityNo, PartyNo, Units};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::registers::{PageAsked, account, book, currency, pages, shown_amount};
use crate::http::extract::PointParams;
use crate::http::reading::answer;
use crate::http::reading::cursor::{Listing, held, page};
use crate::http::reading::named::Named;
use crate::http::reading::params::Limit;
use crate::http::routes::organizations::NoParams;
use crate::http::state::App;
use crate::http::{Problem, Read};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_commission_plans))
        .routes(routes!(show_commission_plan))
        .routes(routes!(list_commission_assignments))
        .routes(routes!(list_commission_statements))
}

pages! {
    /// A page of commission plans, by code.
    PlanPage of CommissionPlanShown;
    /// A page of assignments, by customer (none first), payee and plan.
    AssignmentPage of AssignmentShown;
    /// A page of statements, by payee, plan and currency.
    StatementPage of PayeeStatement;
}

/// A commission plan.
#[derive(Debug, Serialize, ToSchema)]
pub struct CommissionPlanShown {
    /// Its code.
    code: String,
    /// `invoice` or `cash`.
    trigger: String,
    /// What it earns; of rules for one day the last holds.
    rules: Vec<RuleShown>,
    /// The expense account.
    expense: String,
    /// The liability account where it waits for payout.
    accrued: String,
}

/// What a sale earns on invoices of some days: one of `flat`, `percent` and `tiers`.
#[derive(Debug, Serialize, ToSchema)]
pub struct RuleShown {
    /// First day of the invoices, inclusive.
    #[schema(format = Date)]
    from: String,
    /// Last day of the invoices, inclusive; null where open.
    #[schema(format = Date)]
    to: Option<String>,
    /// The same for each sale, in the functional currency.
    flat: Option<String>,
    /// In percent of each sale.
    percent: Option<String>,
    /// By tiers.
    tiers: Option<Vec<TierShown>>,
    /// Whether reaching a tier changes what was earned below it.
    retroactive: bool,
}

/// A step of a tiered rule.
#[derive(Debug, Serialize, ToSchema)]
pub struct TierShown {
    /// The sum of sales from which it holds, in the functional currency.
    from: String,
    /// In percent.
    percent: String,
}

/// List commission plans
#[utoipa::path(get, path = "/v1/orgs/{org}/commission-plans", tag = "Commissions", params(PointParams, PageAsked),
    responses((status = 200, description = "Plans, by code.", body = PlanPage)))]
async fn list_commission_plans(read: Read<PageAsked>) -> Result<Response, Problem> {
    let listing = Listing::new("commission-plans", read.access.organization.org.0, &read.query, read.point);
    let cursor = listing.read::<String>(read.query.cursor.as_deref())?;
    let book = book(&read, held(cursor.as_ref(), read.point)).await?;
    let rest = book.commission_plans().filter(|plan| cursor.as_ref().is_none_or(|cursor| *plan.code > *cursor.key));
    let (rows, more) = page(rest, read.query.limit);
    let next_cursor = rows.last().filter(|_| more).map(|plan| listing.write(book.seq(), plan.code.as_str()));
    let data = rows.into_iter().map(|plan| plan_shown(&book, plan)).collect();
    Ok(answer(book.seq(), &PlanPage { data, next_cursor, seq: book.seq() }))
}

/// Show a commission plan
#[utoipa::path(get, path = "/v1/orgs/{org}/commission-plans/{code}", tag = "Commissions",
    params(("code" = String, Path, description = "Its code, percent-encoded."), PointParams),
    responses((status = 200, description = "The plan.", body = CommissionPlanShown)))]
async fn show_commission_plan(Named(code): Named, read: Read<NoParams>) -> Result<Response, Problem> {
    let book = book(&read, read.point).await?;
    let plan = book.commission_plan(&code).ok_or_else(|| Problem::not_found(format!("there is no commission plan {code:?}")))?;
    Ok(answer(book.seq(), &plan_shown(&book, plan)))
}

fn plan_shown(book: &Book, plan: &CommissionPlan) -> CommissionPlanShown {
    let amount = |units: Units| shown_amount(book, units, ledger_core::book::FUNCTIONAL);
    let rule = |dated: &DatedRule| {
        let mut shown = RuleShown {
            from: dated.from.to_string(),
            to: dated.to.map(|day| day.to_string()),
            flat: None,
            percent: None,
            tiers: None,
            retroactive: false,
        };
        match &dated.rule {
            Rule::Flat(units) => shown.flat = Some(amount(*units)),
            Rule::Percent(percent) => shown.percent = Some(percent.to_string()),
            Rule::Tiers { tiers, retroactive } => {
                let tiers = tiers.iter().map(|tier| TierShown { from: amount(tier.from), percent: tier.percent.to_string() });
                shown.tiers = Some(tiers.collect());
                shown.retroactive = *retroactive;
            }
        }
        shown
    };
    CommissionPlanShown {
        code: plan.code.to_string(),
        trigger: plan.trigger.as_str().to_owned(),
        rules: plan.rules.iter().map(rule).collect(),
        expense: account(book, plan.expense),
        accrued: account(book, plan.accrued),
    }
}

/// Who earns by which plan on what.
#[derive(Debug, Serialize, ToSchema)]
pub struct AssignmentShown {
    /// The plan.
    plan: String,
    /// Who earns.
    payee: String,
    /// On all invoices of this customer; null for those that name the payee as seller.
    customer: Option<String>,
    /// First day of the invoices, inclusive.
    #[schema(format = Date)]
    from: String,
    /// Last day of the invoices, inclusive; null where open.
    #[schema(format = Date)]
    to: Option<String>,
}

fn party(book: &Book, no: PartyNo) -> String {
    book.party(no).map(|party| party.code.to_string()).unwrap_or_default()
}

/// List commission assignments
#[utoipa::path(get, path = "/v1/orgs/{org}/commission-assignments", tag = "Commissions", params(PointParams, PageAsked),
    responses((status = 200, description = "Assignments, those that ended too.", body = AssignmentPage)))]
async fn list_commission_assignments(read: Read<PageAsked>) -> Result<Response, Problem> {
    type Key = (Option<u32>, u32, String);
    let listing = Listing::new("commission-assignments", read.access.organization.org.0, &read.query, read.point);
    let cursor = listing.read::<Key>(read.query.cursor.as_deref())?;
    let book = book(&read, held(cursor.as_ref(), read.point)).await?;
    let key =
        |of: &ledger_core::subledger::CommissionAssignment| -> Key { (of.customer.map(PartyNo::get), of.payee.get(), of.plan.to_string()) };
    let rest = book.commission_assignments().filter(|of| cursor.as_ref().is_none_or(|cursor| key(of) > cursor.key));
    let (rows, more) = page(rest, read.query.limit);
    let next_cursor = rows.last().filter(|_| more).map(|of| listing.write(book.seq(), key(of)));
    let shown = |of: &ledger_core::subledger::CommissionAssignment| AssignmentShown {
        plan: of.plan.to_string(),
        payee: party(&book, of.payee),
        customer: of.customer.map(|customer| party(&book, customer)),
        from: of.from.to_string(),
        to: of.to.map(|day| day.to_string()),
    };
    let data = rows.into_iter().map(shown).collect();
    Ok(answer(book.seq(), &AssignmentPage { data, next_cursor, seq: book.seq() }))
}

/// Whose statements.
#[derive(Clone, Debug, Deserialize, Serialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct StatementsAsked {
    /// One payee only, by code.
    #[param(nullable = false)]
    payee: Option<String>,
    /// Elements of a page: 1 to 200, 50 by default.
    #[serde(skip_serializing)]
    #[param(required = false, nullable = false, value_type = u16, minimum = 1, maximum = 200)]
    limit: Limit,
    /// `next_cursor` of the page before, with the same parameters.
    #[serde(skip_serializing)]
    #[param(nullable = false)]
    cursor: Option<String>,
}

/// What a payee earned by a plan in a currency, and what became of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct PayeeStatement {
    /// The payee.
    payee: String,
    /// The plan.
    plan: String,
    /// The currency.
    currency: String,
    /// What was earned.
    accrued: String,
    /// What was taken back.
    clawed_back: String,
    /// What was paid out.
    paid_out: String,
    /// What is owed.
    owed: String,
}

#[derive(Default)]
struct Sums {
    accrued: Units,
    clawed_back: Units,
    paid_out: Units,
}

/// List commission statements
#[utoipa::path(get, path = "/v1/orgs/{org}/commission-statements", tag = "Commissions", params(PointParams, StatementsAsked),
    responses((status = 200, description = "What each payee earned and is owed.", body = StatementPage)))]
async fn list_commission_statements(read: Read<StatementsAsked>) -> Result<Response, Problem> {
    type Key = (String, String, u16);
    let query = &read.query;
    let listing = Listing::new("commission-statements", read.access.organization.org.0, query, read.point);
    let cursor = listing.read::<Key>(query.cursor.as_deref())?;
    let book = book(&read, held(cursor.as_ref(), read.point)).await?;
    let mut sums = BTreeMap::<Key, Sums>::new();
    for (_, kept) in book.accruals() {
        let (accrual, payee) = (&kept.accrual, party(&book, kept.accrual.payee));
        if query.payee.as_ref().is_none_or(|asked| *asked == payee) {
            let sum = sums.entry((payee, accrual.plan.to_string(), accrual.currency.get())).or_default();
            sum.accrued += accrual.earned;
            sum.clawed_back += kept.clawed_back;
            sum.paid_out += kept.paid_out;
        }
    }
    let rest = sums.iter().filter(|(key, _)| cursor.as_ref().is_none_or(|cursor| **key > cursor.key));
    let (rows, more) = page(rest, query.limit);
    let next_cursor = rows.last().filter(|_| more).map(|(key, _)| listing.write(book.seq(), key));
    let shown = |((payee, plan, no), sum): (&Key, &Sums)| {
        let no = CommodityNo::new(*no);
        let amount = |units| shown_amount(&book, units, no);
        PayeeStatement {
            payee: payee.clone(),
            plan: plan.clone(),
            currency: currency(&book, no).0,
            accrued: amount(sum.accrued),
            clawed_back: amount(sum.clawed_back),
            paid_out: amount(sum.paid_out),
            owed: amount(sum.accrued - sum.clawed_back - sum.paid_out),
        }
    };
    let data = rows.into_iter().map(shown).collect();
    Ok(answer(book.seq(), &StatementPage { data, next_cursor, seq: book.seq() }))
}
