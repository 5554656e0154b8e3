//! Metrics: numbers with a name, whose definition is ours. A question names a metric, dimensions, filters and a period; the
//! statement that answers it is written here, over the semantic views, and goes the way of every other statement: through
//! the guard and the organization's own login.

use chrono::NaiveDate;

/// Dimensions that one question may break a metric down by.
pub const DIMENSIONS_MAX: usize = 3;
/// Filters of one question.
pub const FILTERS_MAX: usize = 5;
/// Values of one filter.
pub const VALUES_MAX: usize = 50;
/// Characters of a filter's value.
pub const VALUE_CHARS_MAX: usize = 200;
/// Rows of an answer, unless fewer are asked for.
pub const ROWS_MAX: u16 = 1_000;
/// Rows behind an answer that are shown.
pub const BEHIND_MAX: u16 = 200;

/// What a metric's value is measured in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// The organization's functional currency.
    BaseCurrency,
    /// Hundredths of the whole.
    Percent,
    /// Days.
    Days,
}

/// Which days a metric is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Time {
    /// What happened from the first day to the last.
    Period,
    /// What there is at the end of the last day; it has no first.
    Balance,
    /// What there is now; it takes no days.
    Today,
}

/// What a metric can be broken down and filtered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dimension {
    /// Its name, which is the view's column.
    pub name: &'static str,
    /// What it is.
    pub description: &'static str,
}

/// A number with a name.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// Its definition.
    pub description: &'static str,
    /// What it is measured in.
    pub unit: Unit,
    /// Which days it is about.
    pub time: Time,
    /// What it can be broken down by.
    pub dimensions: &'static [Dimension],
    /// The view that it is read from.
    pub view: &'static str,
    value: &'static str,
    condition: Option<&'static str>,
    /// The view's column of days.
    day: &'static str,
}

const fn dimension(name: &'static str, description: &'static str) -> Dimension {
    Dimension { name, description }
}

const GL: &[Dimension] = &[
    dimension("period", "Month, YYYY-MM."),
    dimension("fiscal_year", "Fiscal year."),
    dimension("account_code", "Code of the account."),
    dimension("account_name", "Name of the account."),
    dimension("statement_line", "Line of the statement."),
    dimension("currency", "Currency of the transaction."),
    dimension("counterparty_name", "Customer or vendor."),
    dimension("department", "Department."),
    dimension("project", "Project."),
    dimension("source", "How the entry came in."),
];
const CASH: &[Dimension] = &[
    dimension("period", "Month, YYYY-MM."),
    dimension("cash_account_code", "Code of the cash account."),
    dimension("cash_account_name", "Name of the cash account."),
    dimension("activity", "operating, investing or financing."),
    dimension("direction", "in or out."),
    dimension("currency", "Currency of the movement."),
    dimension("counterparty_name", "Who paid or was paid."),
];
const RECEIVABLE: &[Dimension] = &[
    dimension("customer_name", "Customer."),
    dimension("aging_bucket", "current, 1-30, 31-60, 61-90 or 91+."),
    dimension("currency", "Currency of the invoice."),
];
const PAYABLE: &[Dimension] = &[
    dimension("vendor_name", "Vendor."),
    dimension("aging_bucket", "current, 1-30, 31-60, 61-90 or 91+."),
    dimension("currency", "Currency of the bill."),
];
const AGENTS: &[Dimension] =
    &[dimension("agent_name", "Agent."), dimension("agent_type", "Type of the agent."), dimension("model", "Model that it ran with.")];

/// The metrics, in the order in which they are listed.
#[must_use]
pub fn all() -> &'static [Metric] {
    const fn gl(name: &'static str, description: &'static str, value: &'static str, condition: &'static str) -> Metric {
        Metric {
            name,
            description,
            unit: Unit::BaseCurrency,
            time: Time::Period,
            dimensions: GL,
            view: "v_gl_fact",
            value,
            condition: Some(condition),
            day: "effective_date",
        }
    }
    const fn open(
        name: &'static str,
        description: &'static str,
        view: &'static str,
        dimensions: &'static [Dimension],
        condition: Option<&'static str>,
    ) -> Metric {
        Metric {
            name,
            description,
            unit: Unit::BaseCurrency,
            time: Time::Today,
            dimensions,
            view,
            value: "coalesce(sum(open_base), 0)",
            condition,
            day: "due_date",
        }
    }
    const fn cash(
        name: &'static str,
        description: &'static str,
        value: &'static str,
        time: Time,
        condition: Option<&'static str>,
    ) -> Metric {
        Metric {
            name,
            description,
            unit: Unit::BaseCurrency,
            time,
            dimensions: CASH,
            view: "v_cash_flow",
            value,
            condition,
            day: "value_date",
        }
    }
    const fn outstanding(name: &'static str, description: &'static str, view: &'static str, value: &'static str) -> Metric {
        Metric { name, description, unit: Unit::Days, time: Time::Today, dimensions: &[], view, value, condition: None, day: "due_date" }
    }
    static METRICS: [Metric; 14] = [
        gl("revenue", "Revenue: credits less debits on revenue accounts.", "coalesce(sum(natural_base), 0)", "account_type = 'revenue'"),
        gl("expense", "Expense: debits less credits on expense accounts.", "coalesce(sum(natural_base), 0)", "account_type = 'expense'"),
        Metric {
            unit: Unit::Percent,
            ..gl(
                "gross_margin",
                "Revenue less cost of goods sold, in percent of revenue; null where there is no revenue.",
                "round(100 * (sum(CASE WHEN account_type = 'revenue' THEN natural_base ELSE 0 END) - \
                 sum(CASE WHEN account_subtype = 'cogs' THEN natural_base ELSE 0 END)) / \
                 nullif(sum(CASE WHEN account_type = 'revenue' THEN natural_base ELSE 0 END), 0), 2)",
                "account_type IN ('revenue', 'expense')",
            )
        },
        gl("net_income", "Revenue less expense.", "coalesce(sum(-net_base), 0)", "account_type IN ('revenue', 'expense')"),
        cash("cash_balance", "Cash at the end of the last day.", "coalesce(sum(net_base), 0)", Time::Balance, None),
        cash("net_cash_flow", "Cash in less cash out.", "coalesce(sum(net_base), 0)", Time::Period, None),
        open("ar_open", "What customers owe now, less what they have paid on account.", "v_ar_open", RECEIVABLE, None),
        open("ar_overdue", "What customers owe now that is past due.", "v_ar_open", RECEIVABLE, Some("days_overdue > 0")),
        open("ap_open", "What we owe vendors now, less what we have paid on account.", "v_ap_open", PAYABLE, None),
        outstanding(
            "dso",
            "Days of sales outstanding: open receivables, divided by the revenue of the last 90 days, times 90.",
            "v_ar_open",
            "round(90 * coalesce(sum(open_base), 0) / nullif((SELECT sum(natural_base) FROM v_gl_fact WHERE account_type = 'revenue' \
             AND effective_date > current_date - 90 AND effective_date <= current_date), 0), 1)",
        ),
        outstanding(
            "dpo",
            "Days of purchases outstanding: open payables, divided by the expense of the last 90 days, times 90.",
            "v_ap_open",
            "round(90 * coalesce(sum(open_base), 0) / nullif((SELECT sum(natural_base) FROM v_gl_fact WHERE account_type = 'expense' \
             AND effective_date > current_date - 90 AND effective_date <= current_date), 0), 1)",
        ),
        cash(
            "burn",
            "Cash that operations and investments used per month that had any: positive where cash went out.",
            "round(-sum(net_base) / nullif(count(DISTINCT period), 0), 2)",
            Time::Period,
            Some("activity <> 'financing'"),
        ),
        gl(
            "fx_gain",
            "Realised and unrealised gains on exchange rates; losses are negative.",
            "coalesce(sum(-net_base), 0)",
            "account_subtype = 'fx_gain_loss'",
        ),
        Metric {
            name: "ai_draft_approval_rate",
            description: "Drafts of agents that people approved, in percent of those that they decided.",
            unit: Unit::Percent,
            time: Time::Period,
            dimensions: AGENTS,
            view: "v_agent_metrics",
            value: "round(100.0 * sum(drafts_approved) / nullif(sum(drafts_approved) + sum(drafts_rejected), 0), 1)",
            condition: None,
            day: "day",
        },
    ];
    &METRICS
}

/// A filter: rows whose dimension has one of the values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// One of the metric's dimensions.
    pub dimension: String,
    /// The values.
    pub values: Vec<String>,
}

/// A question for a metric.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MetricQuery {
    /// Which.
    pub metric: String,
    /// What to break it down by, in this order.
    pub dimensions: Vec<String>,
    /// Which rows count.
    pub filters: Vec<Filter>,
    /// The first day, inclusive.
    pub from: Option<NaiveDate>,
    /// The last day, inclusive.
    pub to: Option<NaiveDate>,
    /// Rows at most; the largest values first, periods in their order.
    pub limit: Option<u16>,
}

/// Why a question for a metric has no statement.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MetricError {
    /// There is no such metric.
    #[error("there is no metric {found:?}; there are {known}")]
    Unknown {
        /// What was asked for.
        found: String,
        /// What there is.
        known: String,
    },
    /// The metric has no such dimension.
    #[error("{metric} has no dimension {found:?}; it has {known}")]
    Dimension {
        /// The metric.
        metric: &'static str,
        /// What was asked for.
        found: String,
        /// What it has.
        known: String,
    },
    /// Days that the metric does not take.
    #[error("{metric} {said}")]
    Days {
        /// The metric.
        metric: &'static str,
        /// Why.
        said: &'static str,
    },
    /// Too much, or not what a value can be.
    #[error("{0}")]
    Bounds(String),
}

/// What a question becomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compiled {
    /// The statement that answers it.
    pub sql: String,
    /// The statement for the rows that the answer is computed from, the first [`BEHIND_MAX`] of them.
    pub behind: String,
}

/// The statements of a question, for the guard.
///
/// # Errors
/// [`MetricError`], in words for who asks.
pub fn compile(query: &MetricQuery) -> Result<Compiled, MetricError> {
    let metric = all().iter().find(|metric| metric.name == query.metric).ok_or_else(|| MetricError::Unknown {
        found: query.metric.clone(),
        known: all().iter().map(|metric| metric.name).collect::<Vec<_>>().join(", "),
    })?;
    check(metric, query)?;
    let dimensions = query.dimensions.iter().map(|name| column(metric, name)).collect::<Result<Vec<_>, _>>()?;
    let conditions = conditions(metric, query)?;
    let mut select: Vec<String> = dimensions.iter().map(|name| (*name).to_owned()).collect();
    select.push(format!("{} AS {}", metric.value, metric.name));
    if metric.unit == Unit::BaseCurrency {
        select.push("min(base_currency) AS base_currency".to_owned());
    }
    let rows = if conditions.is_empty() { metric.view.to_owned() } else { format!("{} WHERE {}", metric.view, conditions.join(" AND ")) };
    let mut statement = format!("SELECT {} FROM {rows}", select.join(", "));
    if !dimensions.is_empty() {
        let ordered = if dimensions.contains(&"period") {
            dimensions.join(", ")
        } else {
            format!("{} DESC, {}", dimensions.len() + 1, dimensions.join(", "))
        };
        statement.push_str(&format!(" GROUP BY {} ORDER BY {ordered}", dimensions.join(", ")));
    }
    statement.push_str(&format!(" LIMIT {}", query.limit.unwrap_or(ROWS_MAX)));
    let (columns, order) = behind(metric.view);
    Ok(Compiled { sql: statement, behind: format!("SELECT {columns} FROM {rows} ORDER BY {order} LIMIT {BEHIND_MAX}") })
}

/// What leads from a number on to entries: columns of a view, and their order.
fn behind(view: &str) -> (&'static str, &'static str) {
    match view {
        "v_gl_fact" => (
            "entry_id, line_id, effective_date, account_code, natural_base, net_base, base_currency, counterparty_name, memo",
            "effective_date, entry_id, line_id",
        ),
        "v_cash_flow" => (
            "movement_id, value_date, cash_account_code, activity, net_base, base_currency, counterparty_name, document_no",
            "value_date, movement_id",
        ),
        "v_ar_open" => ("invoice_id, invoice_no, customer_name, due_date, days_overdue, open_base, base_currency", "due_date, invoice_id"),
        "v_ap_open" => ("bill_id, bill_no, vendor_name, due_date, days_overdue, open_base, base_currency", "due_date, bill_id"),
        _ => ("day, agent_name, model, drafts_created, drafts_approved, drafts_rejected", "day, agent_name, model"),
    }
}

fn check(metric: &'static Metric, query: &MetricQuery) -> Result<(), MetricError> {
    let days = |said| Err(MetricError::Days { metric: metric.name, said });
    if query.dimensions.len() > DIMENSIONS_MAX || query.filters.len() > FILTERS_MAX {
        return Err(MetricError::Bounds(format!("a question has at most {DIMENSIONS_MAX} dimensions and {FILTERS_MAX} filters")));
    }
    if query.dimensions.iter().enumerate().any(|(at, name)| query.dimensions.iter().take(at).any(|earlier| earlier == name)) {
        return Err(MetricError::Bounds("a dimension is named once".to_owned()));
    }
    if !query.limit.is_none_or(|limit| (1..=ROWS_MAX).contains(&limit)) {
        return Err(MetricError::Bounds(format!("limit is 1 to {ROWS_MAX}")));
    }
    match (metric.time, query.from, query.to) {
        (Time::Today, Some(_), _) | (Time::Today, _, Some(_)) => days("is as of now and takes no days"),
        (Time::Balance, Some(_), _) => days("is a balance at the end of a day: give the last day alone"),
        (_, Some(from), Some(to)) if from > to => days("begins after it ends: give the earlier day first"),
        _ => Ok(()),
    }
}

fn column(metric: &'static Metric, name: &str) -> Result<&'static str, MetricError> {
    metric.dimensions.iter().find(|dimension| dimension.name == name).map(|dimension| dimension.name).ok_or_else(|| {
        MetricError::Dimension {
            metric: metric.name,
            found: name.to_owned(),
            known: metric.dimensions.iter().map(|dimension| dimension.name).collect::<Vec<_>>().join(", "),
        }
    })
}

fn conditions(metric: &'static Metric, query: &MetricQuery) -> Result<Vec<String>, MetricError> {
    let mut all: Vec<String> = metric.condition.iter().map(|condition| (*condition).to_owned()).collect();
    all.extend(query.from.map(|from| format!("{} >= DATE '{from}'", metric.day)));
    all.extend(query.to.map(|to| format!("{} <= DATE '{to}'", metric.day)));
    for filter in &query.filters {
        let column = column(metric, &filter.dimension)?;
        if filter.values.is_empty() || filter.values.len() > VALUES_MAX {
            return Err(MetricError::Bounds(format!("a filter has 1 to {VALUES_MAX} values")));
        }
        let values = filter.values.iter().map(|value| literal(value)).collect::<Result<Vec<_>, _>>()?;
        all.push(format!("CAST({column} AS text) IN ({})", values.join(", ")));
    }
    Ok(all)
}

/// A text in SQL. Standard strings have one special character.
fn literal(value: &str) -> Result<String, MetricError> {
    if value.chars().count() > VALUE_CHARS_MAX || value.chars().any(char::is_control) {
        return Err(MetricError::Bounds(format!(
            "a filter's value has at most {VALUE_CHARS_MAX} characters, none of them control characters"
        )));
    }
    Ok(format!("'{}'", value.replace('\'', "''")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Option<NaiveDate> {
        text.parse().ok()
    }

    fn question(metric: &str) -> MetricQuery {
        MetricQuery { metric: metric.to_owned(), ..MetricQuery::default() }
    }

    #[test]
    fn a_question_becomes_one_statement() {
        let query = MetricQuery {
            dimensions: vec!["period".to_owned(), "department".to_owned()],
            filters: vec![Filter { dimension: "currency".to_owned(), values: vec!["EUR".to_owned(), "it's".to_owned()] }],
            from: day("2026-01-01"),
            to: day("2026-03-31"),
            limit: Some(10),
            ..question("revenue")
        };
        assert_eq!(
            compile(&query).map(|compiled| compiled.sql).as_deref(),
            Ok("SELECT period, department, coalesce(sum(natural_base), 0) AS revenue, min(base_currency) AS base_currency FROM v_gl_fact \
                WHERE account_type = 'revenue' AND effective_date >= DATE '2026-01-01' AND effective_date <= DATE '2026-03-31' \
                AND CAST(currency AS text) IN ('EUR', 'it''s') GROUP BY period, department ORDER BY period, department LIMIT 10")
        );
        let open = compile(&question("ar_open")).expect("a metric");
        assert_eq!(
            open.behind,
            "SELECT invoice_id, invoice_no, customer_name, due_date, days_overdue, open_base, base_currency FROM v_ar_open ORDER BY due_date, invoice_id LIMIT 200"
        );
        assert_eq!(
            open.sql,
            "SELECT coalesce(sum(open_base), 0) AS ar_open, min(base_currency) AS base_currency FROM v_ar_open LIMIT 1000"
        );
    }

    #[test]
    fn what_is_not_defined_is_refused_with_what_there_is() {
        let said = |query: &MetricQuery| compile(query).expect_err("refused").to_string();
        assert!(said(&question("profit")).contains("revenue, expense, gross_margin"));
        assert!(
            said(&MetricQuery { dimensions: vec!["customer".to_owned()], ..question("ar_open") })
                .contains("customer_name, aging_bucket, currency")
        );
        assert!(said(&MetricQuery { from: day("2026-01-01"), ..question("ar_open") }).contains("as of now"));
        assert!(said(&MetricQuery { from: day("2026-01-01"), ..question("cash_balance") }).contains("the last day alone"));
        assert!(
            said(&MetricQuery { from: day("2026-02-01"), to: day("2026-01-01"), ..question("revenue") }).contains("the earlier day first")
        );
        assert!(said(&MetricQuery { dimensions: vec!["period".to_owned(); 2], ..question("revenue") }).contains("named once"));
        assert!(said(&MetricQuery { limit: Some(0), ..question("revenue") }).contains("1 to 1000"));
        let values = vec!["a\u{0}b".to_owned()];
        assert!(
            said(&MetricQuery { filters: vec![Filter { dimension: "period".to_owned(), values }], ..question("revenue") })
                .contains("control characters")
        );
    }
}
