//! Questions with the SQL that answers them: how the views are meant to be used. A test runs every one of them.

/// A question, and the statement that answers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Example {
    /// The question.
    pub question: &'static str,
    /// The statement.
    pub sql: &'static str,
}

/// The examples that ask a view.
pub fn of(view: &str) -> impl Iterator<Item = &'static Example> {
    all()
        .iter()
        .filter(move |example| example.sql.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').any(|word| word == view))
}

/// All of them.
#[must_use]
pub fn all() -> &'static [Example] {
    &EXAMPLES
}

const fn example(question: &'static str, sql: &'static str) -> Example {
    Example { question, sql }
}

static EXAMPLES: [Example; 16] = [
    example(
        "Profit and loss of 2026 by statement line",
        "SELECT account_type, statement_line, sum(natural_base) AS amount_base, min(base_currency) AS base_currency FROM v_gl_fact \
         WHERE account_type IN ('revenue', 'expense') AND effective_date BETWEEN DATE '2026-01-01' AND DATE '2026-12-31' \
         GROUP BY account_type, statement_line ORDER BY account_type DESC, amount_base DESC",
    ),
    example(
        "Do debits equal credits in each period of 2026?",
        "SELECT period, sum(debit_base) AS debits, sum(credit_base) AS credits, sum(debit_base) - sum(credit_base) AS difference \
         FROM v_trial_balance WHERE period BETWEEN '2026-01' AND '2026-12' GROUP BY period ORDER BY period",
    ),
    example(
        "The ten customers with the highest net revenue, and their share",
        "SELECT customer_name, sum(net_revenue_base) AS revenue_base, round(100 * sum(net_revenue_base) / nullif(sum(sum(net_revenue_base)) OVER (), 0), 2) AS share_pct \
         FROM v_revenue_by_customer GROUP BY customer_id, customer_name ORDER BY revenue_base DESC LIMIT 10",
    ),
    example(
        "Receivables by age",
        "SELECT aging_bucket, count(*) AS invoices, sum(open_base) AS open_base, min(base_currency) AS base_currency FROM v_ar_open GROUP BY aging_bucket ORDER BY min(days_overdue)",
    ),
    example(
        "Which customers are more than 30 days late, and by how much?",
        "SELECT customer_name, sum(open_base) AS overdue_base, max(days_overdue) AS latest FROM v_ar_open WHERE days_overdue > 30 GROUP BY customer_id, customer_name ORDER BY overdue_base DESC",
    ),
    example(
        "Days of sales outstanding over the last 90 days",
        "SELECT round(90 * (SELECT sum(open_base) FROM v_ar_open) / nullif((SELECT sum(natural_base) FROM v_gl_fact WHERE account_type = 'revenue' \
         AND effective_date > current_date - 90 AND effective_date <= current_date), 0), 1) AS dso_days",
    ),
    example(
        "Bills that fall due within a week",
        "SELECT vendor_name, bill_no, due_date, currency, open_txn, open_base FROM v_ap_open WHERE due_date BETWEEN current_date AND current_date + 7 ORDER BY due_date, vendor_name",
    ),
    example(
        "Bills of one vendor, of the same amount, within a week of each other",
        "SELECT a.vendor_name, a.bill_no AS bill_a, b.bill_no AS bill_b, a.open_txn, a.currency FROM v_ap_open AS a JOIN v_ap_open AS b ON a.vendor_id = b.vendor_id \
         AND a.currency = b.currency AND a.open_txn = b.open_txn AND a.bill_no < b.bill_no AND abs(a.issue_date - b.issue_date) <= 7",
    ),
    example(
        "Cash at the end of each of the last 30 days",
        "SELECT d.day, sum(coalesce(c.net_base, 0)) OVER (ORDER BY d.day) AS balance_base FROM v_calendar AS d LEFT JOIN (SELECT value_date, sum(net_base) AS net_base \
         FROM v_cash_flow GROUP BY value_date) AS c ON c.value_date = d.day WHERE d.day BETWEEN current_date - 30 AND current_date ORDER BY d.day",
    ),
    example(
        "What is open in each currency, receivables less payables",
        "SELECT currency, sum(txn) AS net_txn, sum(base) AS net_base FROM (SELECT currency, open_txn AS txn, open_base AS base FROM v_ar_open \
         UNION ALL SELECT currency, -open_txn, -open_base FROM v_ap_open) AS e GROUP BY currency ORDER BY abs(sum(base)) DESC",
    ),
    example(
        "Expense by department, one quarter beside the same of the year before",
        "SELECT department, sum(natural_base) FILTER (WHERE effective_date BETWEEN DATE '2026-07-01' AND DATE '2026-09-30') AS q3_2026_base, \
         sum(natural_base) FILTER (WHERE effective_date BETWEEN DATE '2025-07-01' AND DATE '2025-09-30') AS q3_2025_base \
         FROM v_gl_fact WHERE account_type = 'expense' GROUP BY department ORDER BY 2 DESC NULLS LAST",
    ),
    example(
        "Entries whose author also approved them",
        "SELECT DISTINCT entry_no, created_by, approved_by FROM v_gl_fact WHERE approved_by = created_by ORDER BY entry_no",
    ),
    example(
        "Periods and whether they are open",
        "SELECT period, fiscal_year, start_date, end_date, status, closed_at FROM v_period ORDER BY period DESC LIMIT 24",
    ),
    example(
        "Accounts and where they stand in the chart",
        "SELECT account_code, account_name, account_type, account_subtype, account_path, is_active FROM v_account ORDER BY account_code",
    ),
    example(
        "The latest rate of each currency",
        "SELECT DISTINCT ON (currency) currency, base_currency, rate_date, rate, source FROM v_fx_rate ORDER BY currency, rate_date DESC",
    ),
    example(
        "How fresh are these answers?",
        "SELECT projection, applied_through_seq, lag_events, as_of FROM v_freshness ORDER BY projection",
    ),
];

#[cfg(test)]
mod tests {
    use super::super::guard::{Catalog, check};
    use super::*;

    #[test]
    fn the_guard_lets_every_example_through() {
        let catalog = Catalog::contract();
        for example in all() {
            if let Err(refusal) = check(example.sql, &catalog) {
                panic!("{}: {refusal}", example.question);
            }
        }
    }

    #[test]
    fn examples_are_found_by_their_views() {
        assert_eq!(of("v_freshness").count(), 1);
        assert!(of("v_gl_fact").count() >= 4);
        assert_eq!(of("v_gl").count(), 0);
    }
}
