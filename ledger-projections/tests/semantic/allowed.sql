-- Questions that the guard must allow: the samples that come with the views, and their kind. Blocks are separated by lines of
-- two semicolons.
;;
SELECT account_type, statement_line, sum(natural_base) AS amount_base, min(base_currency) AS base_currency FROM v_gl_fact WHERE account_type IN ('revenue','expense') AND effective_date >= DATE '2026-01-01' AND effective_date <= current_date GROUP BY account_type, statement_line ORDER BY account_type DESC, amount_base DESC
;;
SELECT period, sum(debit_base) AS debits, sum(credit_base) AS credits, sum(debit_base) - sum(credit_base) AS difference FROM v_trial_balance WHERE period BETWEEN '2026-01' AND '2026-12' GROUP BY period ORDER BY period
;;
SELECT customer_name, sum(net_revenue_base) AS revenue, round(100 * sum(net_revenue_base) / nullif(sum(sum(net_revenue_base)) OVER (), 0), 2) AS share_pct FROM v_revenue_by_customer WHERE fiscal_year = 2026 GROUP BY customer_id, customer_name ORDER BY revenue DESC LIMIT 10
;;
SELECT aging_bucket, count(*) AS invoices, sum(open_base) AS open_base, min(base_currency) AS base_currency FROM v_ar_open GROUP BY aging_bucket ORDER BY min(days_overdue)
;;
SELECT round(90 * (SELECT sum(open_base) FROM v_ar_open) / nullif((SELECT sum(natural_base) FROM v_gl_fact WHERE account_type = 'revenue' AND effective_date > current_date - INTERVAL '90 days' AND effective_date <= current_date), 0), 1) AS dso_days
;;
SELECT vendor_name, sum(discount_base) AS discount_base, min(discount_until) AS first_deadline FROM v_ap_open WHERE discount_until BETWEEN current_date AND current_date + 7 GROUP BY vendor_id, vendor_name ORDER BY discount_base DESC
;;
SELECT d.day, sum(coalesce(c.net_base, 0)) OVER (ORDER BY d.day) AS balance_base FROM v_calendar d LEFT JOIN (SELECT value_date, sum(net_base) AS net_base FROM v_cash_flow GROUP BY value_date) c ON c.value_date = d.day WHERE d.day BETWEEN current_date - 30 AND current_date ORDER BY d.day
;;
SELECT currency, sum(txn) AS net_txn, sum(base) AS net_base FROM (SELECT currency, open_txn AS txn, open_base AS base FROM v_ar_open UNION ALL SELECT currency, -open_txn, -open_base FROM v_ap_open) e GROUP BY currency ORDER BY abs(sum(base)) DESC
;;
SELECT department, sum(natural_base) FILTER (WHERE effective_date BETWEEN DATE '2026-07-01' AND DATE '2026-09-30') AS q3_2026, sum(natural_base) FILTER (WHERE effective_date BETWEEN DATE '2025-07-01' AND DATE '2025-09-30') AS q3_2025 FROM v_gl_fact WHERE account_type = 'expense' GROUP BY department ORDER BY 2 DESC NULLS LAST
;;
SELECT DISTINCT entry_no, created_by, approved_by FROM v_gl_fact WHERE approved_by = created_by ORDER BY entry_no
;;
SELECT a.vendor_name, a.bill_no AS bill_a, b.bill_no AS bill_b, a.open_txn, a.currency FROM v_ap_open a JOIN v_ap_open b ON a.vendor_id = b.vendor_id AND a.currency = b.currency AND a.open_txn = b.open_txn AND a.bill_no < b.bill_no AND abs(a.issue_date - b.issue_date) <= 7
;;
SELECT agent_name, sum(drafts_created) AS drafts, round(100.0 * sum(drafts_approved) / nullif(sum(drafts_created), 0), 1) AS approved_pct, round(avg(avg_confidence), 3) AS confidence, sum(cost_usd) AS cost_usd FROM v_agent_metrics WHERE day > current_date - 30 GROUP BY agent_id, agent_name ORDER BY drafts DESC
;;
SELECT mode, escalation_level, count(*) AS requests, sum(amount_base) AS amount_base, min(due_at) AS oldest_due FROM v_approval WHERE status = 'pending' AND due_at < now() GROUP BY mode, escalation_level ORDER BY oldest_due
;;
SELECT fiscal_year, to_char(effective_date, 'Q') AS quarter, sum(CASE WHEN account_type = 'revenue' THEN natural_base ELSE 0 END) AS revenue, sum(CASE WHEN account_subtype = 'cogs' THEN natural_base ELSE 0 END) AS cogs, round(100 * (sum(CASE WHEN account_type = 'revenue' THEN natural_base ELSE 0 END) - sum(CASE WHEN account_subtype = 'cogs' THEN natural_base ELSE 0 END)) / nullif(sum(CASE WHEN account_type = 'revenue' THEN natural_base ELSE 0 END), 0), 1) AS margin_pct FROM v_gl_fact GROUP BY 1, 2 ORDER BY 1, 2
;;
SELECT * FROM v_account
;;
SELECT a.* FROM v_account a WHERE a.is_active
;;
SELECT count(*) FROM semantic.v_gl_fact
;;
SELECT count(DISTINCT counterparty_id) AS customers FROM v_gl_fact WHERE account_type = 'revenue'
;;
SELECT period, sum(debit_base) FROM v_gl_fact GROUP BY period HAVING sum(debit_base) > 1000 ORDER BY period DESC LIMIT 12
;;
SELECT account_code, net_base, row_number() OVER (PARTITION BY account_code ORDER BY effective_date, line_id) AS n FROM v_gl_fact
;;
SELECT period, sum(net_base) AS net, lag(sum(net_base), 1) OVER (ORDER BY period) AS before FROM v_gl_fact GROUP BY period
;;
WITH m AS (SELECT period, sum(natural_base) AS revenue FROM v_gl_fact WHERE account_type = 'revenue' GROUP BY period) SELECT period, revenue, revenue - lag(revenue) OVER (ORDER BY period) AS growth FROM m ORDER BY period
;;
WITH r AS (SELECT sum(natural_base) AS total FROM v_gl_fact WHERE account_type = 'revenue'), c AS (SELECT customer_name, sum(net_revenue_base) AS revenue FROM v_revenue_by_customer GROUP BY customer_name) SELECT c.customer_name, c.revenue, round(100 * c.revenue / nullif(r.total, 0), 1) AS pct FROM c CROSS JOIN r ORDER BY c.revenue DESC
;;
SELECT customer_name, invoice_no, days_overdue FROM v_ar_open WHERE days_overdue > 30 AND NOT is_disputed ORDER BY days_overdue DESC NULLS LAST LIMIT 20
;;
SELECT customer_name, percentile_cont(0.5) WITHIN GROUP (ORDER BY days_overdue) AS median_days FROM v_ar_open GROUP BY customer_name
;;
SELECT vendor_name, string_agg(bill_no, ', ' ORDER BY bill_no) AS bills FROM v_ap_open GROUP BY vendor_name
;;
SELECT date_trunc('month', effective_date) AS month, sum(natural_base) FROM v_gl_fact WHERE account_type = 'expense' GROUP BY 1 ORDER BY 1
;;
SELECT extract(year FROM effective_date) AS year, extract(QUARTER FROM effective_date) AS q, sum(net_base) FROM v_gl_fact GROUP BY 1, 2
;;
SELECT effective_date::text, net_base::numeric(20, 2), CAST(entry_no AS text) FROM v_gl_fact LIMIT 5
;;
SELECT CASE account_type WHEN 'asset' THEN 'A' WHEN 'liability' THEN 'L' ELSE 'other' END AS kind, sum(net_base) FROM v_gl_fact GROUP BY 1
;;
SELECT account_code || ' ' || account_name AS account, sum(net_base) FROM v_gl_fact GROUP BY account_code, account_name
;;
SELECT memo FROM v_gl_fact WHERE memo ILIKE '%rent%' OR memo LIKE 'Ins!_%' ESCAPE '!'
;;
SELECT memo FROM v_gl_fact WHERE memo IS NOT NULL AND ai_confidence IS NULL AND is_ai_drafted IS NOT TRUE
;;
SELECT department, project, sum(natural_base) FROM v_gl_fact WHERE account_type = 'expense' GROUP BY ROLLUP (department, project)
;;
SELECT department, project, sum(natural_base), grouping(department) FROM v_gl_fact GROUP BY GROUPING SETS ((department), (project), ())
;;
SELECT department, sum(natural_base) FROM v_gl_fact GROUP BY CUBE (department)
;;
SELECT DISTINCT ON (customer_id) customer_id, invoice_no, due_date FROM v_ar_open ORDER BY customer_id, due_date
;;
SELECT * FROM v_gl_fact WHERE (account_code, currency) IN (('1000', 'EUR'), ('1010', 'USD'))
;;
SELECT * FROM v_gl_fact WHERE account_code IN (SELECT account_code FROM v_account WHERE account_path LIKE 'Assets%')
;;
SELECT a.account_code FROM v_account a WHERE NOT EXISTS (SELECT 1 FROM v_gl_fact g WHERE g.account_code = a.account_code)
;;
SELECT a.account_code, (SELECT max(g.effective_date) FROM v_gl_fact g WHERE g.account_code = a.account_code) AS last_used FROM v_account a
;;
SELECT period FROM v_period WHERE status = 'open' EXCEPT SELECT period FROM v_gl_fact
;;
(SELECT period FROM v_period) UNION (SELECT period FROM v_gl_fact) INTERSECT (SELECT period FROM v_trial_balance) ORDER BY period
;;
SELECT customer_name AS "Customer", sum(open_base) AS "Open (base)" FROM v_ar_open GROUP BY customer_name ORDER BY "Open (base)" DESC
;;
SELECT sum(net_base) FILTER (WHERE direction = 'in') AS inflow, sum(net_base) FILTER (WHERE direction = 'out') AS outflow FROM v_cash_flow WHERE value_date >= date_trunc('year', current_date)
;;
SELECT value_date, sum(sum(net_base)) OVER (ORDER BY value_date ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS balance FROM v_cash_flow GROUP BY value_date
;;
SELECT day, avg(x) OVER w AS moving FROM (SELECT value_date AS day, sum(net_base) AS x FROM v_cash_flow GROUP BY value_date) d WINDOW w AS (ORDER BY day ROWS BETWEEN 6 PRECEDING AND CURRENT ROW)
;;
SELECT value_date, sum(net_base) OVER (ORDER BY value_date RANGE BETWEEN INTERVAL '30 days' PRECEDING AND CURRENT ROW) FROM v_cash_flow
;;
SELECT p.period, coalesce(sum(g.natural_base), 0) AS revenue FROM v_period p LEFT JOIN v_gl_fact g ON g.period = p.period AND g.account_type = 'revenue' GROUP BY p.period ORDER BY p.period
;;
SELECT period, revenue_base FROM v_revenue_by_customer JOIN v_period USING (period) WHERE status = 'closed'
;;
SELECT c.day, a.account_code FROM v_calendar c CROSS JOIN v_account a WHERE c.day = current_date
;;
SELECT projection, applied_through_seq, as_of FROM v_freshness
;;
SELECT due_at, now() - due_at AS late FROM v_approval WHERE status = 'pending' AND due_at < now() - INTERVAL '1' DAY
;;
SELECT to_char(posted_at AT TIME ZONE 'Europe/Vienna', 'YYYY-MM-DD HH24:MI') FROM v_gl_fact ORDER BY posted_at DESC FETCH FIRST 10 ROWS ONLY
;;
SELECT upper(left(account_name, 3)), substring(memo FROM 1 FOR 20), substring(memo, 2, 3), position('x' IN memo), trim(both ' ' from memo), trim(memo), length(memo), replace(memo, '-', '') FROM v_gl_fact
;;
SELECT power(sum(natural_base) / nullif(min(natural_base), 0), 1.0 / 12) - 1 AS rate FROM v_gl_fact
;;
SELECT sum(open_base) FROM v_ar_open WHERE due_date BETWEEN current_date AND current_date + 30
;;
SELECT max(x.total) FROM (SELECT customer_id, sum(open_base) AS total FROM v_ar_open GROUP BY customer_id) AS x
;;
SELECT t.c, t.s FROM (SELECT customer_name, sum(open_base) FROM v_ar_open GROUP BY 1) AS t(c, s) WHERE t.s > 0
;;
SELECT v.bucket, coalesce(sum(o.open_base), 0) FROM (VALUES ('current', 1), ('1-30', 2)) AS v(bucket, n) LEFT JOIN v_ar_open o ON o.aging_bucket = v.bucket GROUP BY v.bucket, v.n ORDER BY v.n
;;
SELECT rate FROM v_fx_rate WHERE currency = 'USD' AND rate_date = (SELECT max(rate_date) FROM v_fx_rate WHERE currency = 'USD')
;;
SELECT open_base FROM v_ar_open WHERE open_base >= ALL (SELECT open_base FROM v_ar_open)
;;
SELECT entry_no FROM v_gl_fact WHERE created_by IS DISTINCT FROM approved_by
;;
SELECT sum(net_base) = 0 AS balanced FROM v_gl_fact -- the whole ledger
;;
SELECT /* what we owe */ sum(open_base) FROM v_ap_open;
;;
SELECT 1
;;
SELECT 'it''s' AS text, DATE '2026-01-31' + INTERVAL '1 month', -5 - -3, +1, 7 % 3, 2.50
;;
SELECT greatest(debit_base, credit_base), least(1, 2), abs(-net_base), ceil(net_base), floor(net_base), round(net_base, 2), trunc(net_base, 1), sign(net_base), mod(5, 3) FROM v_gl_fact
;;
SELECT account_code FROM v_account WHERE is_active = true AND level <= 2 ORDER BY account_code OFFSET 10
;;
SELECT ntile(4) OVER (ORDER BY open_base) AS quartile, dense_rank() OVER (ORDER BY open_base DESC) FROM v_ar_open
;;
SELECT first_value(rate) OVER (PARTITION BY currency ORDER BY rate_date DESC) FROM v_fx_rate
;;
SELECT age(now(), requested_at), date_part('day', now() - requested_at) FROM v_approval
;;
WITH a AS MATERIALIZED (SELECT period, sum(net_base) AS n FROM v_gl_fact GROUP BY period), b AS (SELECT a.period, a.n FROM a WHERE a.n > 0) SELECT b.period FROM b JOIN a ON a.period = b.period
;;
SELECT v_gl_fact.account_code FROM v_gl_fact
;;
SELECT bool_and(is_active), every(level > 0) FROM v_account
;;
SELECT concat(account_code, ' - ', account_name), concat_ws(', ', department, project) FROM v_gl_fact
;;
SELECT a.customer_name, b.net_revenue_base FROM v_ar_open a, v_revenue_by_customer b WHERE a.customer_id = b.customer_id
;;
SELECT stddev_samp(net_base), variance(net_base), corr(net_base, debit_base) FROM v_gl_fact
;;
SELECT (sum(open_base) - 100) * 2 / (1 + 1) AS x FROM v_ar_open
;;
SELECT account_type, sum(net_base) FROM v_gl_fact WHERE NOT (account_type = 'asset' OR account_type = 'liability') GROUP BY account_type
