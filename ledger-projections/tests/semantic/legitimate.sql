-- Questions that must be answered. Blocks end with a line of two semicolons; a block's first line is the question, the rest one statement.
-- The first fourteen are the sample questions of the views' contract.
;;
-- question: profit and loss for 2026 to date by statement line
SELECT account_type, statement_line, sum(natural_base) AS amount_base, min(base_currency) AS base_currency FROM v_gl_fact WHERE account_type IN ('revenue','expense') AND effective_date >= DATE '2026-01-01' AND effective_date <= current_date GROUP BY account_type, statement_line ORDER BY account_type DESC, amount_base DESC
;;
-- question: does the trial balance balance for each period of 2026?
SELECT period, sum(debit_base) AS debits, sum(credit_base) AS credits, sum(debit_base) - sum(credit_base) AS difference FROM v_trial_balance WHERE period BETWEEN '2026-01' AND '2026-12' GROUP BY period ORDER BY period
;;
-- question: top 10 customers by net revenue this fiscal year and their share of the total
SELECT customer_name, sum(net_revenue_base) AS revenue, round(100 * sum(net_revenue_base) / nullif(sum(sum(net_revenue_base)) OVER (), 0), 2) AS share_pct FROM v_revenue_by_customer WHERE fiscal_year = 2026 GROUP BY customer_id, customer_name ORDER BY revenue DESC LIMIT 10
;;
-- question: AR aging by bucket in base currency and number of invoices
SELECT aging_bucket, count(*) AS invoices, sum(open_base) AS open_base, min(base_currency) AS base_currency FROM v_ar_open GROUP BY aging_bucket ORDER BY min(days_overdue)
;;
-- question: DSO for the last 90 days
SELECT round(90 * (SELECT sum(open_base) FROM v_ar_open) / nullif((SELECT sum(natural_base) FROM v_gl_fact WHERE account_type = 'revenue' AND effective_date > current_date - INTERVAL '90 days' AND effective_date <= current_date), 0), 1) AS dso_days
;;
-- question: early-payment discounts we lose if we do not pay this week
SELECT vendor_name, sum(discount_base) AS discount_base, min(discount_until) AS first_deadline FROM v_ap_open WHERE discount_until BETWEEN current_date AND current_date + 7 GROUP BY vendor_id, vendor_name ORDER BY discount_base DESC
;;
-- question: daily bank balance for the last 30 days
SELECT d.day, sum(coalesce(c.net_base, 0)) OVER (ORDER BY d.day) AS balance_base FROM v_calendar d LEFT JOIN (SELECT value_date, sum(net_base) AS net_base FROM v_cash_flow GROUP BY value_date) c ON c.value_date = d.day WHERE d.day BETWEEN current_date - 30 AND current_date ORDER BY d.day
;;
-- question: exposure by currency: open AR minus open AP in transaction and base currency
SELECT currency, sum(txn) AS net_txn, sum(base) AS net_base FROM (SELECT currency, open_txn AS txn, open_base AS base FROM v_ar_open UNION ALL SELECT currency, -open_txn, -open_base FROM v_ap_open) e GROUP BY currency ORDER BY abs(sum(base)) DESC
;;
-- question: expenses by department against the same quarter last year
SELECT department, sum(natural_base) FILTER (WHERE effective_date BETWEEN DATE '2026-07-01' AND DATE '2026-09-30') AS q3_2026, sum(natural_base) FILTER (WHERE effective_date BETWEEN DATE '2025-07-01' AND DATE '2025-09-30') AS q3_2025 FROM v_gl_fact WHERE account_type = 'expense' GROUP BY department ORDER BY 2 DESC NULLS LAST
;;
-- question: entries whose approver is also their author (four-eyes violations)
SELECT DISTINCT entry_no, created_by, approved_by FROM v_gl_fact WHERE approved_by = created_by ORDER BY entry_no
;;
-- question: possible duplicate vendor bills: same vendor, same amount, within 7 days
SELECT a.vendor_name, a.bill_no AS bill_a, b.bill_no AS bill_b, a.open_txn, a.currency FROM v_ap_open a JOIN v_ap_open b ON a.vendor_id = b.vendor_id AND a.currency = b.currency AND a.open_txn = b.open_txn AND a.bill_no < b.bill_no AND abs(a.issue_date - b.issue_date) <= 7
;;
-- question: AI-drafted entries: share, approval rate and average confidence by agent for the last 30 days
SELECT agent_name, sum(drafts_created) AS drafts, round(100.0 * sum(drafts_approved) / nullif(sum(drafts_created), 0), 1) AS approved_pct, round(avg(avg_confidence), 3) AS confidence, sum(cost_usd) AS cost_usd FROM v_agent_metrics WHERE day > current_date - 30 GROUP BY agent_id, agent_name ORDER BY drafts DESC
;;
-- question: approvals overdue now, by mode and escalation level
SELECT mode, escalation_level, count(*) AS requests, sum(amount_base) AS amount_base, min(due_at) AS oldest_due FROM v_approval WHERE status = 'pending' AND due_at < now() GROUP BY mode, escalation_level ORDER BY oldest_due
;;
-- question: gross margin by quarter
SELECT fiscal_year, to_char(effective_date, 'Q') AS quarter, sum(CASE WHEN account_type = 'revenue' THEN natural_base ELSE 0 END) AS revenue, sum(CASE WHEN account_subtype = 'cogs' THEN natural_base ELSE 0 END) AS cogs, round(100 * (sum(CASE WHEN account_type = 'revenue' THEN natural_base ELSE 0 END) - sum(CASE WHEN account_subtype = 'cogs' THEN natural_base ELSE 0 END)) / nullif(sum(CASE WHEN account_type = 'revenue' THEN natural_base ELSE 0 END), 0), 1) AS margin_pct FROM v_gl_fact GROUP BY 1, 2 ORDER BY 1, 2
;;
-- question: how many entries are there?
SELECT count(DISTINCT entry_no) AS entries FROM v_gl_fact
;;
-- question: how many lines are there by account type?
SELECT account_type, count(*) AS lines FROM v_gl_fact GROUP BY account_type ORDER BY lines DESC
;;
-- question: revenue by month
SELECT period, sum(natural_base) AS revenue_base FROM v_gl_fact WHERE account_type = 'revenue' GROUP BY period ORDER BY period
;;
-- question: revenue by month and year to date
SELECT period, sum(natural_base) AS revenue_base, sum(sum(natural_base)) OVER (PARTITION BY fiscal_year ORDER BY period) AS year_to_date_base FROM v_gl_fact WHERE account_type = 'revenue' GROUP BY fiscal_year, period ORDER BY period
;;
-- question: revenue against the month before
SELECT period, revenue_base, revenue_base - lag(revenue_base) OVER (ORDER BY period) AS change_base FROM (SELECT period, sum(natural_base) AS revenue_base FROM v_gl_fact WHERE account_type = 'revenue' GROUP BY period) m ORDER BY period
;;
-- question: net income by period
SELECT period, sum(CASE WHEN account_type = 'revenue' THEN natural_base ELSE -natural_base END) AS net_income_base FROM v_gl_fact WHERE account_type IN ('revenue', 'expense') GROUP BY period ORDER BY period
;;
-- question: the ten largest expenses of this year
SELECT entry_no, effective_date, account_name, memo, natural_base FROM v_gl_fact WHERE account_type = 'expense' AND fiscal_year = 2026 ORDER BY natural_base DESC LIMIT 10
;;
-- question: expenses by account with their share
SELECT account_code, account_name, sum(natural_base) AS expense_base, round(100 * sum(natural_base) / nullif(sum(sum(natural_base)) OVER (), 0), 1) AS share_pct FROM v_gl_fact WHERE account_type = 'expense' GROUP BY account_code, account_name ORDER BY expense_base DESC
;;
-- question: expense accounts above the average
WITH totals AS (SELECT account_code, sum(natural_base) AS expense_base FROM v_gl_fact WHERE account_type = 'expense' GROUP BY account_code) SELECT account_code, expense_base FROM totals WHERE expense_base > (SELECT avg(expense_base) FROM totals) ORDER BY expense_base DESC
;;
-- question: balance sheet as of today by type
SELECT account_type, sum(net_base) AS balance_base FROM v_gl_fact WHERE account_type IN ('asset', 'liability', 'equity') AND effective_date <= current_date GROUP BY account_type
;;
-- question: balances of all accounts at the end of a period
SELECT account_code, account_name, closing_base FROM v_trial_balance WHERE period = '2026-06' AND closing_base <> 0 ORDER BY account_code
;;
-- question: opening balance, movement and closing balance of the bank
SELECT period, opening_base, debit_base, credit_base, closing_base FROM v_trial_balance WHERE account_subtype = 'bank' ORDER BY period
;;
-- question: which accounts did not move this year?
SELECT a.account_code, a.account_name FROM v_account a LEFT JOIN v_gl_fact g ON g.account_code = a.account_code AND g.fiscal_year = 2026 WHERE g.line_id IS NULL ORDER BY a.account_code
;;
-- question: the chart of accounts
SELECT account_code, account_name, account_type, account_subtype, parent_code, account_path, level FROM v_account ORDER BY account_code
;;
-- question: accounts that are not active
SELECT account_code, account_name FROM v_account WHERE NOT is_active
;;
-- question: accounts below a heading
SELECT account_code, account_path FROM v_account WHERE account_path LIKE 'Sales%' ORDER BY account_path
;;
-- question: deepest level of the chart
SELECT max(level) AS deepest FROM v_account
;;
-- question: what do customers owe in all?
SELECT sum(open_base) AS open_base, count(*) AS invoices, count(DISTINCT customer_id) AS customers FROM v_ar_open
;;
-- question: who owes most?
SELECT customer_name, sum(open_base) AS open_base FROM v_ar_open GROUP BY customer_id, customer_name ORDER BY open_base DESC LIMIT 5
;;
-- question: overdue invoices with the days since they fell due
SELECT invoice_no, customer_name, due_date, days_overdue, open_txn, currency FROM v_ar_open WHERE days_overdue > 0 ORDER BY days_overdue DESC, invoice_no
;;
-- question: share of receivables that is overdue
SELECT round(100 * sum(open_base) FILTER (WHERE days_overdue > 0) / nullif(sum(open_base), 0), 1) AS overdue_pct FROM v_ar_open
;;
-- question: average age of open invoices
SELECT round(avg(current_date - issue_date), 1) AS average_days FROM v_ar_open
;;
-- question: invoices that fall due next week
SELECT invoice_no, customer_name, due_date, open_base FROM v_ar_open WHERE due_date BETWEEN current_date AND current_date + 7 ORDER BY due_date
;;
-- question: partly paid invoices
SELECT invoice_no, original_txn, open_txn, original_txn - open_txn AS paid_txn, currency FROM v_ar_open WHERE open_txn < original_txn
;;
-- question: invoices on which something was paid lately
SELECT invoice_no, last_payment_date FROM v_ar_open WHERE last_payment_date >= current_date - 30
;;
-- question: customers without any payment on their open invoices
SELECT customer_id, count(*) AS invoices FROM v_ar_open GROUP BY customer_id HAVING max(last_payment_date) IS NULL
;;
-- question: aging by customer in columns
SELECT customer_name, sum(CASE WHEN aging_bucket = 'current' THEN open_base ELSE 0 END) AS current_base, sum(CASE WHEN aging_bucket = '1-30' THEN open_base ELSE 0 END) AS to_30_base, sum(CASE WHEN aging_bucket = '91+' THEN open_base ELSE 0 END) AS over_90_base FROM v_ar_open GROUP BY customer_id, customer_name ORDER BY customer_name
;;
-- question: what do we owe in all?
SELECT sum(open_base) AS open_base, count(*) AS bills FROM v_ap_open
;;
-- question: what is to be paid this month by vendor?
SELECT vendor_name, sum(open_base) AS open_base, min(due_date) AS first_due FROM v_ap_open WHERE due_date < date_trunc('month', current_date) + INTERVAL '1 month' GROUP BY vendor_id, vendor_name ORDER BY first_due
;;
-- question: overdue bills by bucket
SELECT aging_bucket, count(*) AS bills, sum(open_base) AS open_base FROM v_ap_open WHERE days_overdue > 0 GROUP BY aging_bucket ORDER BY min(days_overdue)
;;
-- question: payables by currency
SELECT currency, sum(open_txn) AS open_txn, sum(open_base) AS open_base FROM v_ap_open GROUP BY currency ORDER BY currency
;;
-- question: bills without an approval
SELECT bill_no, vendor_name FROM v_ap_open WHERE approval_status IS NULL OR approval_status <> 'approved'
;;
-- question: receivables against payables
SELECT (SELECT coalesce(sum(open_base), 0) FROM v_ar_open) AS receivable_base, (SELECT coalesce(sum(open_base), 0) FROM v_ap_open) AS payable_base
;;
-- question: revenue by customer and month
SELECT period, customer_name, net_revenue_base FROM v_revenue_by_customer ORDER BY period, customer_name
;;
-- question: customers with credit notes
SELECT customer_name, sum(credit_note_base) AS credited_base, sum(revenue_base) AS revenue_base FROM v_revenue_by_customer GROUP BY customer_id, customer_name HAVING sum(credit_note_base) > 0
;;
-- question: average revenue of an invoice
SELECT customer_name, round(sum(revenue_base) / nullif(sum(invoice_count), 0), 2) AS average_base FROM v_revenue_by_customer GROUP BY customer_id, customer_name
;;
-- question: customers that bought last year and not this year
SELECT DISTINCT customer_id FROM v_revenue_by_customer WHERE fiscal_year = 2025 EXCEPT SELECT DISTINCT customer_id FROM v_revenue_by_customer WHERE fiscal_year = 2026
;;
-- question: new customers of this year
SELECT customer_id, min(period) AS first_period FROM v_revenue_by_customer GROUP BY customer_id HAVING min(fiscal_year) = 2026
;;
-- question: customers ranked within each month
SELECT period, customer_name, net_revenue_base, rank() OVER (PARTITION BY period ORDER BY net_revenue_base DESC) AS place FROM v_revenue_by_customer
;;
-- question: concentration: what share have the three largest customers?
WITH c AS (SELECT customer_id, sum(net_revenue_base) AS revenue_base FROM v_revenue_by_customer GROUP BY customer_id), t AS (SELECT revenue_base, row_number() OVER (ORDER BY revenue_base DESC) AS place FROM c) SELECT round(100 * sum(revenue_base) FILTER (WHERE place <= 3) / nullif(sum(revenue_base), 0), 1) AS share_pct FROM t
;;
-- question: cash flow by activity and month
SELECT period, activity, sum(net_base) AS net_base FROM v_cash_flow GROUP BY period, activity ORDER BY period, activity
;;
-- question: cash received and paid by month
SELECT period, sum(net_base) FILTER (WHERE direction = 'in') AS received_base, -sum(net_base) FILTER (WHERE direction = 'out') AS paid_base FROM v_cash_flow GROUP BY period ORDER BY period
;;
-- question: cash balance by account
SELECT cash_account_code, cash_account_name, currency, sum(net_txn) AS balance_txn, sum(net_base) AS balance_base FROM v_cash_flow WHERE value_date <= current_date GROUP BY cash_account_code, cash_account_name, currency ORDER BY cash_account_code
;;
-- question: largest payments
SELECT movement_id, value_date, counterparty_name, document_no, net_base FROM v_cash_flow WHERE direction = 'out' ORDER BY net_base LIMIT 10
;;
-- question: how long does the cash last at the present burn?
SELECT round((SELECT sum(net_base) FROM v_cash_flow) / nullif((SELECT -sum(net_base) / 3 FROM v_cash_flow WHERE activity = 'operating' AND value_date > current_date - INTERVAL '3 months'), 0), 1) AS months
;;
-- question: who paid us this quarter?
SELECT counterparty_name, sum(net_base) AS received_base FROM v_cash_flow WHERE direction = 'in' AND value_date >= date_trunc('quarter', current_date) GROUP BY counterparty_id, counterparty_name ORDER BY received_base DESC
;;
-- question: the last rate of each currency
SELECT r.currency, r.rate_date, r.rate FROM v_fx_rate r JOIN (SELECT currency, max(rate_date) AS rate_date FROM v_fx_rate GROUP BY currency) l ON l.currency = r.currency AND l.rate_date = r.rate_date ORDER BY r.currency
;;
-- question: rates of a month
SELECT rate_date, currency, base_currency, rate, source FROM v_fx_rate WHERE rate_date >= DATE '2026-01-01' AND rate_date < DATE '2026-02-01' ORDER BY rate_date, currency
;;
-- question: how far did the rate move?
SELECT currency, min(rate) AS lowest, max(rate) AS highest, round(100 * (max(rate) - min(rate)) / min(rate), 2) AS range_pct FROM v_fx_rate GROUP BY currency
;;
-- question: which periods are open?
SELECT period, status, start_date, end_date FROM v_period WHERE status = 'open' ORDER BY period
;;
-- question: when were periods closed?
SELECT period, status, closed_at FROM v_period WHERE closed_at IS NOT NULL ORDER BY closed_at
;;
-- question: business days of a month
SELECT count(*) AS business_days FROM v_calendar WHERE period = '2026-03' AND is_business_day
;;
-- question: how fresh are the numbers?
SELECT projection, applied_through_seq, lag_events, as_of FROM v_freshness ORDER BY projection
;;
-- question: entries that were posted long after the day they count
SELECT entry_no, effective_date, posted_at FROM v_gl_fact WHERE posted_at > effective_date + INTERVAL '30 days' ORDER BY entry_no
;;
-- question: entries on weekends
SELECT DISTINCT g.entry_no, g.effective_date FROM v_gl_fact g JOIN v_calendar c ON c.day = g.effective_date WHERE NOT c.is_business_day ORDER BY g.entry_no
;;
-- question: round amounts
SELECT entry_no, account_code, net_base FROM v_gl_fact WHERE net_base <> 0 AND mod(abs(net_base), 1000) = 0 ORDER BY entry_no
;;
-- question: reversals and what they reverse
SELECT DISTINCT entry_no, reverses_entry_id, effective_date FROM v_gl_fact WHERE is_reversal ORDER BY entry_no
;;
-- question: entries by source
SELECT source, count(DISTINCT entry_no) AS entries FROM v_gl_fact GROUP BY source ORDER BY entries DESC
;;
-- question: who posted how much
SELECT created_by, count(DISTINCT entry_no) AS entries, max(posted_at) AS last_posted FROM v_gl_fact GROUP BY created_by
;;
-- question: entries by an agent
SELECT entry_no, account_name, net_base, ai_confidence FROM v_gl_fact WHERE is_ai_drafted ORDER BY entry_no
;;
-- question: lines of one entry
SELECT line_id, account_code, account_name, debit_base, credit_base, memo FROM v_gl_fact WHERE entry_no = 42 ORDER BY line_id
;;
-- question: does every entry balance?
SELECT entry_no, sum(net_base) AS difference FROM v_gl_fact GROUP BY entry_no HAVING sum(net_base) <> 0
;;
-- question: lines that name a customer
SELECT counterparty_id, count(*) AS lines, sum(net_base) AS net_base FROM v_gl_fact WHERE counterparty_id IS NOT NULL GROUP BY counterparty_id ORDER BY counterparty_id
;;
-- question: what was booked with a document
SELECT effective_date, account_code, net_txn, currency FROM v_gl_fact WHERE document_no = 'INV-1' ORDER BY line_id
;;
-- question: documents by kind and month
SELECT period, document_type, count(DISTINCT entry_no) AS documents FROM v_gl_fact WHERE document_type IS NOT NULL GROUP BY period, document_type ORDER BY period, document_type
;;
-- question: what is in foreign currencies
SELECT currency, sum(net_txn) AS net_txn, sum(net_base) AS net_base FROM v_gl_fact WHERE currency <> base_currency AND account_type = 'asset' GROUP BY currency
;;
-- question: exchange differences
SELECT period, sum(natural_base) AS loss_base FROM v_gl_fact WHERE account_subtype = 'fx_gain_loss' GROUP BY period ORDER BY period
;;
-- question: average booked rate by currency
SELECT currency, round(avg(fx_rate), 4) AS average_rate FROM v_gl_fact WHERE fx_rate IS NOT NULL GROUP BY currency
;;
-- question: project costs
SELECT coalesce(project, 'none') AS project, sum(natural_base) AS cost_base FROM v_gl_fact WHERE account_type = 'expense' GROUP BY coalesce(project, 'none') ORDER BY cost_base DESC
;;
-- question: departments and projects together
SELECT department, project, sum(natural_base) AS cost_base FROM v_gl_fact WHERE account_type = 'expense' GROUP BY GROUPING SETS ((department, project), (department), ()) ORDER BY department NULLS LAST, project NULLS LAST
;;
-- question: memo lines with a word, whatever the case
SELECT entry_no, memo FROM v_gl_fact WHERE lower(memo) LIKE '%rent%' ORDER BY entry_no
;;
-- question: memo lines with a word, by ILIKE
SELECT entry_no, trim(memo) AS memo FROM v_gl_fact WHERE memo ILIKE '%insurance%' LIMIT 20
;;
-- question: months without revenue
SELECT p.period FROM v_period p LEFT JOIN (SELECT period, sum(natural_base) AS revenue_base FROM v_gl_fact WHERE account_type = 'revenue' GROUP BY period) r ON r.period = p.period WHERE coalesce(r.revenue_base, 0) = 0 ORDER BY p.period
;;
-- question: trial balance by type for a period, with its difference
SELECT account_type, sum(debit_base) AS debit_base, sum(credit_base) AS credit_base FROM v_trial_balance WHERE period = '2026-03' GROUP BY ROLLUP (account_type) ORDER BY account_type NULLS LAST
;;
-- question: assets, liabilities and equity over time
SELECT period, sum(closing_base) FILTER (WHERE account_type = 'asset') AS assets_base, -sum(closing_base) FILTER (WHERE account_type = 'liability') AS liabilities_base FROM v_trial_balance GROUP BY period ORDER BY period
;;
-- question: working capital
SELECT period, sum(closing_base) AS working_capital_base FROM v_trial_balance WHERE account_subtype IN ('cash', 'bank', 'receivable', 'inventory', 'payable') GROUP BY period ORDER BY period DESC LIMIT 1
;;
-- question: moving average of revenue over three months
SELECT period, round(avg(revenue_base) OVER (ORDER BY period ROWS BETWEEN 2 PRECEDING AND CURRENT ROW), 2) AS average_base FROM (SELECT period, sum(natural_base) AS revenue_base FROM v_gl_fact WHERE account_type = 'revenue' GROUP BY period) m ORDER BY period
;;
-- question: revenue of the last twelve months
SELECT sum(natural_base) AS revenue_base FROM v_gl_fact WHERE account_type = 'revenue' AND effective_date > current_date - INTERVAL '12 months' AND effective_date <= current_date
;;
-- question: growth against the year before
SELECT fiscal_year, revenue_base, round(100 * (revenue_base - lag(revenue_base) OVER (ORDER BY fiscal_year)) / nullif(lag(revenue_base) OVER (ORDER BY fiscal_year), 0), 1) AS growth_pct FROM (SELECT fiscal_year, sum(natural_base) AS revenue_base FROM v_gl_fact WHERE account_type = 'revenue' GROUP BY fiscal_year) y ORDER BY fiscal_year
;;
-- question: first and last entry
SELECT min(effective_date) AS first_day, max(effective_date) AS last_day, max(posted_at) AS last_posted FROM v_gl_fact
;;
-- question: the median expense line
SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY natural_base) AS median_base FROM v_gl_fact WHERE account_type = 'expense'
;;
-- question: customers by name in one text
SELECT string_agg(DISTINCT customer_name, ', ' ORDER BY customer_name) AS customers FROM v_ar_open
;;
-- question: entries per weekday
SELECT extract(isodow FROM effective_date) AS weekday, count(DISTINCT entry_no) AS entries FROM v_gl_fact GROUP BY extract(isodow FROM effective_date) ORDER BY weekday
;;
-- question: revenue by quarter, written as a date
SELECT date_trunc('quarter', effective_date)::date AS quarter, sum(natural_base) AS revenue_base FROM v_gl_fact WHERE account_type = 'revenue' GROUP BY date_trunc('quarter', effective_date)::date ORDER BY quarter
;;
-- question: account names in capitals, cut
SELECT upper(substring(account_name FROM 1 FOR 10)) AS short_name, length(account_name) AS letters FROM v_account ORDER BY short_name
;;
-- question: a constant
SELECT 1 AS one, 'text' AS word, DATE '2026-01-01' AS day, NULL AS nothing, true AS yes
;;
-- question: the largest customer of each month, by DISTINCT ON
SELECT DISTINCT ON (period) period, customer_name, net_revenue_base FROM v_revenue_by_customer ORDER BY period, net_revenue_base DESC
;;
-- question: customers that also are vendors
SELECT customer_id AS party FROM v_ar_open INTERSECT SELECT vendor_id FROM v_ap_open
;;
-- question: views may be named with their schema
SELECT count(*) AS accounts FROM semantic.v_account
;;
-- question: words in quotes that look dangerous are only words
SELECT count(*) AS lines FROM v_gl_fact WHERE memo = 'DROP TABLE; SELECT pg_sleep(1) -- set_config'
;;
-- question: names with an accent or an apostrophe
SELECT count(*) AS lines FROM v_gl_fact WHERE counterparty_name = 'O''Brien & Söhne'
;;
-- question: EXISTS and NOT IN
SELECT customer_id FROM v_ar_open a WHERE EXISTS (SELECT 1 FROM v_ap_open b WHERE b.vendor_id = a.customer_id) OR a.customer_id NOT IN ('A', 'B')
;;
-- question: the second page of a list
SELECT entry_no, effective_date, account_code, net_base FROM v_gl_fact ORDER BY entry_no, line_id LIMIT 50 OFFSET 50
;;
-- question: days payable outstanding
SELECT round(90 * (SELECT sum(open_base) FROM v_ap_open) / nullif((SELECT sum(natural_base) FROM v_gl_fact WHERE account_subtype = 'cogs' AND effective_date > current_date - 90 AND effective_date <= current_date), 0), 1) AS dpo_days
