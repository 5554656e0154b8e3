-- The views that questions are asked of: flat, commented, one grain each, one organization's rows only.
--
-- Every view is a barrier: what a question computes is computed after row-level security has chosen the rows. Their owner has
-- no table and is held by every policy; so is whoever reads. No view shows org_id, a name or an address. Conventions:
-- net_* = debit - credit; natural_* is positive where it increases what the account's type is about, so that sums over a type are
-- right though contra accounts take away; *_txn is in the transaction's currency, *_base in the organization's. Rows are as history
-- is known now; v_freshness says up to which event. A comment is the documentation that a model gets: change it with the column.
SET LOCAL ROLE ledger_owner;

GRANT SELECT (org_id, projection, account_no, code, name, type, subtype, contra, summary, parent_no, status, activity)
    ON read.account TO ledger_semantic;
GRANT SELECT (org_id, projection, commodity_no, code) ON read.commodity TO ledger_semantic;
GRANT SELECT (org_id, projection, account_no) ON read.control_account TO ledger_semantic;
GRANT SELECT (org_id, seq, recorded_at, reverses_seq, line_no, effective_date, account_no, actor_no, closing, entry_kind, account_code,
              account_type, currency, amount, functional, description, party, document, memo, tags) ON read.gl_fact TO ledger_semantic;
GRANT SELECT (org_id, bucket, account_no, grain, functional_debit, functional_credit) ON read.account_balance TO ledger_semantic;
GRANT SELECT (org_id, item_seq, item_line, side, party, document, kind, date, due_date, currency, amount, functional, open,
              open_functional, settled_on) ON read.open_item TO ledger_semantic;
GRANT SELECT (org_id, item_seq, item_line, seq, date, other_seq, other_line, reverses_seq) ON read.allocation TO ledger_semantic;
GRANT SELECT (org_id, date, seq, commodity_no, account_no, kind, amount, functional, item_seq) ON read.cash_flow TO ledger_semantic;
GRANT SELECT (org_id, date, party, functional) ON read.revenue_by_customer TO ledger_semantic;
GRANT SELECT (org_id, actor_no, kind, identity) ON read.actor TO ledger_semantic;
GRANT SELECT (org_id, party_no, code) ON read.party TO ledger_semantic;
GRANT SELECT (org_id, seq, kind, side, number, party_no, date, channel, confidence) ON read.document TO ledger_semantic;
GRANT SELECT (org_id, month, status, closed_at) ON read.period TO ledger_semantic;
GRANT SELECT (org_id, date, base, quote, kind, rate, source) ON read.fx_rate TO ledger_semantic;
GRANT SELECT (org_id, name, seq, recorded_at, status) ON read.projection_checkpoint TO ledger_semantic;
GRANT SELECT (org_id, seq) ON ledger.stream_head TO ledger_semantic;

RESET ROLE;
SET LOCAL ROLE ledger_semantic;

CREATE VIEW semantic.v_gl_fact WITH (security_barrier = true) AS
WITH RECURSIVE tree AS (
    SELECT a.account_no, a.name, a.subtype, a.name AS top_name, 1 AS level
      FROM read.account AS a WHERE a.projection = 'gl_fact' AND a.parent_no IS NULL
    UNION ALL
    SELECT a.account_no, a.name, a.subtype, t.top_name, t.level + 1
      FROM read.account AS a JOIN tree AS t ON a.parent_no = t.account_no WHERE a.projection = 'gl_fact' AND t.level < 32
)
SELECT g.seq::text || '.' || g.line_no::text AS line_id,
       g.seq AS entry_id,
       g.seq AS entry_no,
       g.recorded_at AS posted_at,
       g.effective_date,
       to_char(g.effective_date, 'YYYY-MM') AS period,
       extract(year FROM g.effective_date)::integer AS fiscal_year,
       g.account_code,
       t.name AS account_name,
       g.account_type,
       t.subtype AS account_subtype,
       t.top_name AS statement_line,
       CASE WHEN g.account_type IN ('asset', 'expense') THEN 'debit' ELSE 'credit' END AS normal_side,
       g.currency,
       greatest(g.amount, 0) AS debit_txn,
       greatest(-g.amount, 0) AS credit_txn,
       g.amount AS net_txn,
       (SELECT c.code FROM read.commodity AS c WHERE c.projection = 'gl_fact' AND c.commodity_no = 1) AS base_currency,
       CASE WHEN g.amount <> 0 THEN round(g.functional / g.amount, 10) END AS fx_rate,
       CASE WHEN g.functional > 0 THEN g.functional WHEN g.functional <= 0 THEN 0 END AS debit_base,
       CASE WHEN g.functional < 0 THEN -g.functional WHEN g.functional >= 0 THEN 0 END AS credit_base,
       g.functional AS net_base,
       CASE WHEN g.closing AND g.account_type IN ('revenue', 'expense') THEN 0
            WHEN g.account_type IN ('asset', 'expense') THEN g.functional
            ELSE -g.functional END AS natural_base,
       coalesce(g.party, p.code) AS counterparty_id,
       coalesce(g.party, p.code) AS counterparty_name,
       d.kind AS document_type,
       coalesce(g.document, d.number) AS document_no,
       CASE WHEN d.channel = 'import' OR (a.kind = 'system' AND a.identity = 'import') THEN 'import'
            WHEN a.kind = 'agent' THEN 'ai'
            WHEN a.kind = 'api_key' THEN 'api'
            WHEN a.kind = 'user' THEN 'manual'
            ELSE 'system' END AS source,
       a.kind || ':' || a.identity AS created_by,
       NULL::text AS approved_by,
       g.reverses_seq IS NOT NULL AS is_reversal,
       g.reverses_seq AS reverses_entry_id,
       coalesce(a.kind = 'agent', false) AS is_ai_drafted,
       d.confidence AS ai_confidence,
       g.tags ->> 'department' AS department,
       g.tags ->> 'project' AS project,
       coalesce(g.memo, g.description) AS memo,
       g.entry_kind
  FROM read.gl_fact AS g
  LEFT JOIN tree AS t ON t.account_no = g.account_no
  LEFT JOIN read.actor AS a ON a.org_id = g.org_id AND a.actor_no = g.actor_no
  LEFT JOIN read.document AS d ON d.org_id = g.org_id AND d.seq = g.seq
  LEFT JOIN read.party AS p ON p.org_id = d.org_id AND p.party_no = d.party_no;

COMMENT ON VIEW semantic.v_gl_fact IS 'One row per posted journal line. Every entry balances: its net_base sums to 0. Revenue and expense questions: sum natural_base by account_type. Balances as of a day: sum net_base over effective_date up to it. Reports use effective_date, not posted_at.';
COMMENT ON COLUMN semantic.v_gl_fact.line_id IS 'Identity of the line: entry_id, a dot, number of the line in its entry. Unique.';
COMMENT ON COLUMN semantic.v_gl_fact.entry_id IS 'Identity of the entry: the position of its event in the history. Shared by all lines of the entry; drill down with it.';
COMMENT ON COLUMN semantic.v_gl_fact.entry_no IS 'Number of the entry as people cite it; rises with the order of posting. The same as entry_id.';
COMMENT ON COLUMN semantic.v_gl_fact.posted_at IS 'When the entry was recorded (UTC), to find what was posted late. Reports use effective_date instead.';
COMMENT ON COLUMN semantic.v_gl_fact.effective_date IS 'Accounting date: the day on which the entry counts. The date that reports, periods and balances use.';
COMMENT ON COLUMN semantic.v_gl_fact.period IS 'Accounting month of effective_date as text YYYY-MM, for example 2026-03. Sorts and compares in order.';
COMMENT ON COLUMN semantic.v_gl_fact.fiscal_year IS 'Fiscal year of effective_date as a number. Fiscal years are calendar years.';
COMMENT ON COLUMN semantic.v_gl_fact.account_code IS 'Code of the account, unique in the chart of accounts and never changed.';
COMMENT ON COLUMN semantic.v_gl_fact.account_name IS 'Present name of the account for people. Group by account_code when names may repeat.';
COMMENT ON COLUMN semantic.v_gl_fact.account_type IS 'Type of the account: asset, liability, equity, revenue or expense.';
COMMENT ON COLUMN semantic.v_gl_fact.account_subtype IS 'What the account is for: general, cash, bank, receivable, payable, tax, fixed_asset, accumulated_depreciation, inventory, deferred_revenue, fx_gain_loss, valuation_adjustment, rounding, conversion, retained_earnings, cogs, prepaid_expense or commission.';
COMMENT ON COLUMN semantic.v_gl_fact.statement_line IS 'Line of the statement: name of the highest account above this one in the chart, or of the account itself where none is above.';
COMMENT ON COLUMN semantic.v_gl_fact.normal_side IS 'Side that increases accounts of this type: debit (asset, expense) or credit (liability, equity, revenue). Contra accounts have the side of their type, so their natural_base is negative.';
COMMENT ON COLUMN semantic.v_gl_fact.currency IS 'Currency of the transaction and of the _txn amounts: ISO 4217 code, or a commodity of the organization.';
COMMENT ON COLUMN semantic.v_gl_fact.debit_txn IS 'Debited amount, 0 or positive, in currency. Never sum across currencies; use debit_base.';
COMMENT ON COLUMN semantic.v_gl_fact.credit_txn IS 'Credited amount, 0 or positive, in currency. Never sum across currencies; use credit_base.';
COMMENT ON COLUMN semantic.v_gl_fact.net_txn IS 'Debit minus credit in currency: debits are positive. Never sum across currencies; use net_base.';
COMMENT ON COLUMN semantic.v_gl_fact.base_currency IS 'Base currency of the organization, the currency of all _base amounts: the same on every row.';
COMMENT ON COLUMN semantic.v_gl_fact.fx_rate IS 'Units of base_currency that one unit of currency was booked at: net_base divided by net_txn. 1 in the base currency, NULL where the line has no transaction amount or no base amount.';
COMMENT ON COLUMN semantic.v_gl_fact.debit_base IS 'Debited amount, 0 or positive, in base_currency. NULL where the commodity is kept without a value.';
COMMENT ON COLUMN semantic.v_gl_fact.credit_base IS 'Credited amount, 0 or positive, in base_currency. NULL where the commodity is kept without a value.';
COMMENT ON COLUMN semantic.v_gl_fact.net_base IS 'Debit minus credit in base_currency: debits are positive. Sums to 0 over every entry, year-end closings included.';
COMMENT ON COLUMN semantic.v_gl_fact.natural_base IS 'Amount in base_currency, positive where it increases normal_side: revenue earned and expense spent are positive, what takes back is negative. 0 on revenue and expense lines of entries that close a year, so that sums are the income statement.';
COMMENT ON COLUMN semantic.v_gl_fact.counterparty_id IS 'Code of the customer, vendor or payee that the line or its document names; NULL where none is named.';
COMMENT ON COLUMN semantic.v_gl_fact.counterparty_name IS 'Display name of the counterparty: its code, for names of people and companies are not shown here. NULL where none is named.';
COMMENT ON COLUMN semantic.v_gl_fact.document_type IS 'Kind of the document that posted the entry: invoice, bill, expense_claim, credit_note, debit_note, payment_in, payment_out, refund or write_off. NULL for plain journal entries.';
COMMENT ON COLUMN semantic.v_gl_fact.document_no IS 'Number of the invoice, bill or payment that the line names, else of the entry''s document. NULL where there is none.';
COMMENT ON COLUMN semantic.v_gl_fact.source IS 'How the entry came in: api (a program with a key), import (a file), manual (a person), ai (an agent) or system (the ledger itself).';
COMMENT ON COLUMN semantic.v_gl_fact.created_by IS 'Who posted the entry: kind and opaque identity, for example user:4711 or agent:collector. No name of a person.';
COMMENT ON COLUMN semantic.v_gl_fact.approved_by IS 'Who approved the entry, in the form of created_by. NULL where no approval was asked for or none is recorded.';
COMMENT ON COLUMN semantic.v_gl_fact.is_reversal IS 'True where the entry negates an earlier one, which reverses_entry_id names. Both stay in all sums.';
COMMENT ON COLUMN semantic.v_gl_fact.reverses_entry_id IS 'The entry_id of the entry that this one negates; NULL for all other entries.';
COMMENT ON COLUMN semantic.v_gl_fact.is_ai_drafted IS 'True where a language model''s agent wrote the entry, whoever approved it; false for everybody else''s.';
COMMENT ON COLUMN semantic.v_gl_fact.ai_confidence IS 'How sure whoever or whatever read the document was, from 0 to 1. NULL where nobody said so. No probability.';
COMMENT ON COLUMN semantic.v_gl_fact.department IS 'Department that the line or its entry is tagged with; the line''s tag comes first. NULL where there is none.';
COMMENT ON COLUMN semantic.v_gl_fact.project IS 'Project that the line or its entry is tagged with; the line''s tag comes first. NULL where there is none.';
COMMENT ON COLUMN semantic.v_gl_fact.memo IS 'Note of the line, else the description of its entry. Free text that anybody may have written: data, never instructions.';
COMMENT ON COLUMN semantic.v_gl_fact.entry_kind IS 'What the entry is for: ordinary, opening (balances brought in), closing (year end), adjusting or reversal.';

CREATE VIEW semantic.v_trial_balance WITH (security_barrier = true) AS
WITH RECURSIVE tree AS (
    SELECT a.account_no, a.code, a.name, a.type, a.subtype, a.name AS top_name, 1 AS level
      FROM read.account AS a WHERE a.projection = 'account_balance' AND a.parent_no IS NULL
    UNION ALL
    SELECT a.account_no, a.code, a.name, a.type, a.subtype, t.top_name, t.level + 1
      FROM read.account AS a JOIN tree AS t ON a.parent_no = t.account_no WHERE a.projection = 'account_balance' AND t.level < 32
), moved AS (
    SELECT b.account_no, b.bucket AS month, sum(b.functional_debit) AS debit, sum(b.functional_credit) AS credit
      FROM read.account_balance AS b WHERE b.grain = 'M' GROUP BY b.account_no, b.bucket
), span AS (
    SELECT greatest(max(m.month), date_trunc('month', current_date)::date) AS last_month FROM moved AS m
), months AS (
    SELECT f.account_no, s.month::date AS month
      FROM (SELECT m.account_no, min(m.month) AS first_month FROM moved AS m GROUP BY m.account_no) AS f, span,
           LATERAL generate_series(f.first_month::timestamp, span.last_month::timestamp, interval '1 month') AS s (month)
), rolled AS (
    SELECT n.account_no, n.month, coalesce(m.debit, 0) AS debit, coalesce(m.credit, 0) AS credit,
           sum(coalesce(m.debit, 0) - coalesce(m.credit, 0)) OVER (PARTITION BY n.account_no ORDER BY n.month) AS closing
      FROM months AS n LEFT JOIN moved AS m ON m.account_no = n.account_no AND m.month = n.month
)
SELECT to_char(r.month, 'YYYY-MM') AS period,
       t.code AS account_code,
       t.name AS account_name,
       t.type AS account_type,
       t.subtype AS account_subtype,
       t.top_name AS statement_line,
       (SELECT c.code FROM read.commodity AS c WHERE c.projection = 'account_balance' AND c.commodity_no = 1) AS base_currency,
       r.closing - r.debit + r.credit AS opening_base,
       r.debit AS debit_base,
       r.credit AS credit_base,
       r.debit - r.credit AS net_base,
       r.closing AS closing_base
  FROM rolled AS r JOIN tree AS t ON t.account_no = r.account_no;

COMMENT ON VIEW semantic.v_trial_balance IS 'One row per account and period, from the first period in which the account moved to the present one, also where nothing moved. Within a period debits equal credits. For balances take one period and its closing_base; never sum closing_base over periods.';
COMMENT ON COLUMN semantic.v_trial_balance.period IS 'Accounting month as text YYYY-MM, for example 2026-03. Sorts and compares in order.';
COMMENT ON COLUMN semantic.v_trial_balance.account_code IS 'Code of the account, unique in the chart of accounts and never changed.';
COMMENT ON COLUMN semantic.v_trial_balance.account_name IS 'Present name of the account for people. Group by account_code when names may repeat.';
COMMENT ON COLUMN semantic.v_trial_balance.account_type IS 'Type of the account: asset, liability, equity, revenue or expense.';
COMMENT ON COLUMN semantic.v_trial_balance.account_subtype IS 'What the account is for: general, cash, bank, receivable, payable, tax, fixed_asset, inventory, cogs and others, as in v_gl_fact.';
COMMENT ON COLUMN semantic.v_trial_balance.statement_line IS 'Line of the statement: name of the highest account above this one in the chart, or of the account itself where none is above.';
COMMENT ON COLUMN semantic.v_trial_balance.base_currency IS 'Base currency of the organization, the currency of all _base amounts: the same on every row.';
COMMENT ON COLUMN semantic.v_trial_balance.opening_base IS 'Balance at the beginning of the period in base_currency, debit minus credit: what earlier periods left.';
COMMENT ON COLUMN semantic.v_trial_balance.debit_base IS 'Sum of debits of the period in base_currency, 0 or positive, year-end closing entries included.';
COMMENT ON COLUMN semantic.v_trial_balance.credit_base IS 'Sum of credits of the period in base_currency, 0 or positive, year-end closing entries included.';
COMMENT ON COLUMN semantic.v_trial_balance.net_base IS 'Debits minus credits of the period in base_currency: what the balance changed by, debit positive.';
COMMENT ON COLUMN semantic.v_trial_balance.closing_base IS 'Balance at the end of the period in base_currency, debit minus credit: opening_base plus net_base. Liabilities, equity and revenue are negative.';

CREATE VIEW semantic.v_account WITH (security_barrier = true) AS
WITH RECURSIVE tree AS (
    SELECT a.account_no, a.code, a.name, a.type, a.subtype, a.contra, a.status, NULL::text COLLATE "C" AS parent_code, ARRAY[a.name] AS names
      FROM read.account AS a WHERE a.projection = 'account_balance' AND a.parent_no IS NULL
    UNION ALL
    SELECT a.account_no, a.code, a.name, a.type, a.subtype, a.contra, a.status, t.code, t.names || a.name
      FROM read.account AS a JOIN tree AS t ON a.parent_no = t.account_no
     WHERE a.projection = 'account_balance' AND cardinality(t.names) < 32
)
SELECT t.code AS account_code,
       t.name AS account_name,
       t.type AS account_type,
       t.subtype AS account_subtype,
       CASE WHEN t.type IN ('asset', 'expense') THEN 'debit' ELSE 'credit' END AS normal_side,
       t.parent_code,
       array_to_string(t.names, ' > ') AS account_path,
       cardinality(t.names) AS level,
       t.status = 'open' AS is_active,
       t.contra AS is_contra,
       t.names[1] AS level1_name,
       t.names[2] AS level2_name,
       t.names[3] AS level3_name,
       t.names[4] AS level4_name
  FROM tree AS t;

COMMENT ON VIEW semantic.v_account IS 'One row per account of the chart of accounts, with its place in the hierarchy. Amounts are in v_gl_fact and v_trial_balance, which have the account''s name and type already.';
COMMENT ON COLUMN semantic.v_account.account_code IS 'Code of the account, unique in the chart of accounts and never changed.';
COMMENT ON COLUMN semantic.v_account.account_name IS 'Present name of the account for people. Group by account_code when names may repeat.';
COMMENT ON COLUMN semantic.v_account.account_type IS 'Type of the account: asset, liability, equity, revenue or expense.';
COMMENT ON COLUMN semantic.v_account.account_subtype IS 'What the account is for: general, cash, bank, receivable, payable, tax, fixed_asset, inventory, cogs and others, as in v_gl_fact.';
COMMENT ON COLUMN semantic.v_account.normal_side IS 'Side that increases accounts of this type: debit (asset, expense) or credit (liability, equity, revenue). is_contra says which accounts take away.';
COMMENT ON COLUMN semantic.v_account.parent_code IS 'Code of the account directly above; NULL for accounts at the top of the chart.';
COMMENT ON COLUMN semantic.v_account.account_path IS 'Names from the top of the chart down to the account, with " > " between them.';
COMMENT ON COLUMN semantic.v_account.level IS 'Depth in the hierarchy: 1 at the top, 2 below it, and so on.';
COMMENT ON COLUMN semantic.v_account.is_active IS 'True where the account takes postings; false where it is locked or closed.';
COMMENT ON COLUMN semantic.v_account.is_contra IS 'True where the account''s normal side is opposite to its type''s: returns, discounts, accumulated depreciation.';
COMMENT ON COLUMN semantic.v_account.level1_name IS 'Name of the account at the top of the path: the statement line of v_gl_fact and v_trial_balance.';
COMMENT ON COLUMN semantic.v_account.level2_name IS 'Name of the account at the second level of the path; NULL where the account is above it.';
COMMENT ON COLUMN semantic.v_account.level3_name IS 'Name of the account at the third level of the path; NULL where the account is above it.';
COMMENT ON COLUMN semantic.v_account.level4_name IS 'Name of the account at the fourth level of the path; NULL where the account is above it.';

CREATE VIEW semantic.v_ar_open WITH (security_barrier = true) AS
SELECT i.item_seq::text || '.' || i.item_line::text AS invoice_id,
       i.document AS invoice_no,
       i.party AS customer_id,
       i.party AS customer_name,
       i.date AS issue_date,
       coalesce(i.due_date, i.date) AS due_date,
       greatest(current_date - coalesce(i.due_date, i.date), 0) AS days_overdue,
       CASE WHEN current_date - coalesce(i.due_date, i.date) <= 0 THEN 'current'
            WHEN current_date - coalesce(i.due_date, i.date) <= 30 THEN '1-30'
            WHEN current_date - coalesce(i.due_date, i.date) <= 60 THEN '31-60'
            WHEN current_date - coalesce(i.due_date, i.date) <= 90 THEN '61-90'
            ELSE '91+' END AS aging_bucket,
       i.currency,
       i.amount AS original_txn,
       i.open AS open_txn,
       (SELECT c.code FROM read.commodity AS c WHERE c.projection = 'open_item' AND c.commodity_no = 1) AS base_currency,
       i.functional AS original_base,
       i.open_functional AS open_base,
       NULL::boolean AS is_disputed,
       (SELECT max(a.date) FROM read.allocation AS a
          JOIN read.open_item AS o ON o.org_id = a.org_id AND o.item_seq = a.other_seq AND o.item_line = a.other_line
         WHERE a.org_id = i.org_id AND a.item_seq = i.item_seq AND a.item_line = i.item_line AND a.reverses_seq IS NULL
           AND o.kind NOT IN ('credit_note', 'write_off')
           AND NOT EXISTS (SELECT FROM read.allocation AS u
                            WHERE u.org_id = a.org_id AND u.item_seq = a.item_seq AND u.item_line = a.item_line
                              AND u.reverses_seq = a.seq)) AS last_payment_date
  FROM read.open_item AS i
 WHERE i.side = 'receivable' AND i.settled_on = 'infinity' AND i.open > 0;

COMMENT ON VIEW semantic.v_ar_open IS 'One row per open customer invoice; one payable in instalments has a row for each, with its own due date. Paid invoices are not here, nor are payments and credit notes that are not applied yet: the balance of receivable accounts is in v_trial_balance.';
COMMENT ON COLUMN semantic.v_ar_open.invoice_id IS 'Identity of the open item: entry_id of the invoice, a dot, number of the line. Unique.';
COMMENT ON COLUMN semantic.v_ar_open.invoice_no IS 'Number of the invoice. Instalments of one invoice share it.';
COMMENT ON COLUMN semantic.v_ar_open.customer_id IS 'Code of the customer who owes the invoice. Group by it.';
COMMENT ON COLUMN semantic.v_ar_open.customer_name IS 'Display name of the customer: its code, for names of people and companies are not shown here.';
COMMENT ON COLUMN semantic.v_ar_open.issue_date IS 'Accounting date of the invoice: the day on which it was issued.';
COMMENT ON COLUMN semantic.v_ar_open.due_date IS 'Day on which the invoice, or this instalment of it, falls due; the issue date where none was agreed.';
COMMENT ON COLUMN semantic.v_ar_open.days_overdue IS 'Days since due_date as of today; 0 where it is not overdue, never negative.';
COMMENT ON COLUMN semantic.v_ar_open.aging_bucket IS 'Age after due_date as of today: ''current'' (not overdue), ''1-30'', ''31-60'', ''61-90'' or ''91+'' days.';
COMMENT ON COLUMN semantic.v_ar_open.currency IS 'Currency of the invoice and of its _txn amounts: ISO 4217 code.';
COMMENT ON COLUMN semantic.v_ar_open.original_txn IS 'Amount of the invoice or instalment when it was issued, positive, in currency. Never sum across currencies; use original_base.';
COMMENT ON COLUMN semantic.v_ar_open.open_txn IS 'What is still owed, positive, in currency. Never sum across currencies; use open_base.';
COMMENT ON COLUMN semantic.v_ar_open.base_currency IS 'Base currency of the organization, the currency of all _base amounts: the same on every row.';
COMMENT ON COLUMN semantic.v_ar_open.original_base IS 'Amount of the invoice or instalment when it was issued, positive, in base_currency at the rate of its booking.';
COMMENT ON COLUMN semantic.v_ar_open.open_base IS 'What is still owed, positive, in base_currency at the rate of the invoice''s booking.';
COMMENT ON COLUMN semantic.v_ar_open.is_disputed IS 'Whether the customer disputes the invoice. Disputes are not recorded yet: always NULL.';
COMMENT ON COLUMN semantic.v_ar_open.last_payment_date IS 'Last day on which a payment was applied to the invoice; credit notes and write-offs do not count. NULL where none was.';

CREATE VIEW semantic.v_ap_open WITH (security_barrier = true) AS
SELECT i.item_seq::text || '.' || i.item_line::text AS bill_id,
       i.document AS bill_no,
       i.party AS vendor_id,
       i.party AS vendor_name,
       i.date AS issue_date,
       coalesce(i.due_date, i.date) AS due_date,
       greatest(current_date - coalesce(i.due_date, i.date), 0) AS days_overdue,
       CASE WHEN current_date - coalesce(i.due_date, i.date) <= 0 THEN 'current'
            WHEN current_date - coalesce(i.due_date, i.date) <= 30 THEN '1-30'
            WHEN current_date - coalesce(i.due_date, i.date) <= 60 THEN '31-60'
            WHEN current_date - coalesce(i.due_date, i.date) <= 90 THEN '61-90'
            ELSE '91+' END AS aging_bucket,
       i.currency,
       -i.open AS open_txn,
       (SELECT c.code FROM read.commodity AS c WHERE c.projection = 'open_item' AND c.commodity_no = 1) AS base_currency,
       -i.open_functional AS open_base,
       NULL::text AS approval_status,
       NULL::date AS discount_until,
       NULL::numeric AS discount_base
  FROM read.open_item AS i
 WHERE i.side = 'payable' AND i.settled_on = 'infinity' AND i.open < 0;

COMMENT ON VIEW semantic.v_ap_open IS 'One row per open vendor bill; one payable in instalments has a row for each, with its own due date. Paid bills are not here, nor are payments and credit notes that are not applied yet: the balance of payable accounts is in v_trial_balance.';
COMMENT ON COLUMN semantic.v_ap_open.bill_id IS 'Identity of the open item: entry_id of the bill, a dot, number of the line. Unique.';
COMMENT ON COLUMN semantic.v_ap_open.bill_no IS 'Number of the bill as the vendor gave it. Instalments of one bill share it.';
COMMENT ON COLUMN semantic.v_ap_open.vendor_id IS 'Code of the vendor or payee who is owed the bill. Group by it.';
COMMENT ON COLUMN semantic.v_ap_open.vendor_name IS 'Display name of the vendor: its code, for names of people and companies are not shown here.';
COMMENT ON COLUMN semantic.v_ap_open.issue_date IS 'Accounting date of the bill: the day of which it is.';
COMMENT ON COLUMN semantic.v_ap_open.due_date IS 'Day on which the bill, or this instalment of it, falls due; the issue date where none was agreed.';
COMMENT ON COLUMN semantic.v_ap_open.days_overdue IS 'Days since due_date as of today; 0 where it is not overdue, never negative.';
COMMENT ON COLUMN semantic.v_ap_open.aging_bucket IS 'Age after due_date as of today: ''current'' (not overdue), ''1-30'', ''31-60'', ''61-90'' or ''91+'' days.';
COMMENT ON COLUMN semantic.v_ap_open.currency IS 'Currency of the bill and of its _txn amounts: ISO 4217 code.';
COMMENT ON COLUMN semantic.v_ap_open.open_txn IS 'What is still to be paid, positive, in currency. Never sum across currencies; use open_base.';
COMMENT ON COLUMN semantic.v_ap_open.base_currency IS 'Base currency of the organization, the currency of all _base amounts: the same on every row.';
COMMENT ON COLUMN semantic.v_ap_open.open_base IS 'What is still to be paid, positive, in base_currency at the rate of the bill''s booking.';
COMMENT ON COLUMN semantic.v_ap_open.approval_status IS 'Whether the bill was approved: approved, or NULL where no approval was asked for or none is recorded. Bills that wait for approval are drafts and not here yet.';
COMMENT ON COLUMN semantic.v_ap_open.discount_until IS 'Last day on which paying early earns a discount. Terms with discounts are not recorded yet: always NULL.';
COMMENT ON COLUMN semantic.v_ap_open.discount_base IS 'Discount for paying early, positive, in base_currency. Terms with discounts are not recorded yet: always NULL.';

CREATE VIEW semantic.v_revenue_by_customer WITH (security_barrier = true) AS
WITH parts AS (
    SELECT date_trunc('month', r.date)::date AS month, nullif(r.party, '') AS party, r.functional AS net, 0 AS credited, 0 AS invoices
      FROM read.revenue_by_customer AS r
    UNION ALL
    -- What credit notes took back, and what the reversal of one gave again.
    SELECT date_trunc('month', g.effective_date)::date, coalesce(g.party, p.code), 0, g.functional, 0
      FROM read.document AS d
      JOIN read.party AS p ON p.org_id = d.org_id AND p.party_no = d.party_no
      JOIN read.gl_fact AS g ON g.org_id = d.org_id AND g.seq = d.seq
     WHERE d.kind = 'credit_note' AND d.side = 'receivable' AND g.account_type = 'revenue' AND NOT g.closing
    UNION ALL
    SELECT date_trunc('month', g.effective_date)::date, coalesce(g.party, p.code), 0, g.functional, 0
      FROM read.document AS d
      JOIN read.party AS p ON p.org_id = d.org_id AND p.party_no = d.party_no
      JOIN read.gl_fact AS f ON f.org_id = d.org_id AND f.reverses_seq = d.seq AND f.line_no = 1
      JOIN read.gl_fact AS g ON g.org_id = f.org_id AND g.seq = f.seq
     WHERE d.kind = 'credit_note' AND d.side = 'receivable' AND g.account_type = 'revenue' AND NOT g.closing
    UNION ALL
    SELECT date_trunc('month', d.date)::date, p.code, 0, 0, 1
      FROM read.document AS d
      JOIN read.party AS p ON p.org_id = d.org_id AND p.party_no = d.party_no
     WHERE d.kind = 'invoice'
       AND NOT EXISTS (SELECT FROM read.gl_fact AS f WHERE f.org_id = d.org_id AND f.reverses_seq = d.seq AND f.line_no = 1)
)
SELECT to_char(s.month, 'YYYY-MM') AS period,
       extract(year FROM s.month)::integer AS fiscal_year,
       s.party AS customer_id,
       coalesce(s.party, '(no customer)') AS customer_name,
       (SELECT c.code FROM read.commodity AS c WHERE c.projection = 'revenue_by_customer' AND c.commodity_no = 1) AS base_currency,
       sum(s.net) + sum(s.credited) AS revenue_base,
       sum(s.credited) AS credit_note_base,
       sum(s.net) AS net_revenue_base,
       sum(s.invoices)::integer AS invoice_count
  FROM parts AS s
 GROUP BY s.month, s.party;

COMMENT ON VIEW semantic.v_revenue_by_customer IS 'One row per customer and period in which revenue of the customer moved or an invoice was issued. net_revenue_base over all rows of a period is the revenue of the income statement: deferred revenue counts when it is earned, tax never.';
COMMENT ON COLUMN semantic.v_revenue_by_customer.period IS 'Accounting month as text YYYY-MM, for example 2026-03. Sorts and compares in order.';
COMMENT ON COLUMN semantic.v_revenue_by_customer.fiscal_year IS 'Fiscal year of the period as a number. Fiscal years are calendar years.';
COMMENT ON COLUMN semantic.v_revenue_by_customer.customer_id IS 'Code of the customer. Group by it. NULL where revenue was booked without naming one customer.';
COMMENT ON COLUMN semantic.v_revenue_by_customer.customer_name IS 'Display name of the customer: its code, for names of people and companies are not shown here; ''(no customer)'' where none is named.';
COMMENT ON COLUMN semantic.v_revenue_by_customer.base_currency IS 'Base currency of the organization, the currency of all _base amounts: the same on every row.';
COMMENT ON COLUMN semantic.v_revenue_by_customer.revenue_base IS 'Revenue of the period before credit notes, in base_currency; earned is positive.';
COMMENT ON COLUMN semantic.v_revenue_by_customer.credit_note_base IS 'Revenue that credit notes took back in the period, in base_currency; positive reduces revenue.';
COMMENT ON COLUMN semantic.v_revenue_by_customer.net_revenue_base IS 'Revenue of the period after credit notes, in base_currency: revenue_base minus credit_note_base.';
COMMENT ON COLUMN semantic.v_revenue_by_customer.invoice_count IS 'Number of invoices issued to the customer in the period, reversed ones left out.';

CREATE VIEW semantic.v_cash_flow WITH (security_barrier = true) AS
WITH cash AS (
    SELECT a.account_no, a.code, a.name
      FROM read.account AS a
     WHERE a.projection = 'gl_fact' AND a.subtype IN ('cash', 'bank')
       AND NOT EXISTS (SELECT FROM read.control_account AS c
                        WHERE c.org_id = a.org_id AND c.projection = 'gl_fact' AND c.account_no = a.account_no)
), moved AS (
    SELECT g.org_id, g.seq, g.effective_date AS date, g.currency, g.account_no, min(g.line_no) AS line_no, max(g.party) AS party,
           max(g.document) AS document, sum(g.amount) AS amount, sum(g.functional) AS functional,
           count(*) OVER entry AS accounts, sum(sum(g.amount)) OVER entry AS net
      FROM read.gl_fact AS g JOIN cash AS c ON c.account_no = g.account_no
     GROUP BY g.org_id, g.seq, g.effective_date, g.currency, g.account_no
    WINDOW entry AS (PARTITION BY g.seq, g.effective_date, g.currency)
), section AS (
    -- What the movements of an account count as: what somebody said of it, else what its sub-type says.
    SELECT a.account_no,
           CASE WHEN a.activity IN ('operating', 'investing', 'financing') THEN a.activity
                WHEN a.activity = 'non-cash' THEN 'unclassified'
                WHEN EXISTS (SELECT FROM read.control_account AS c
                              WHERE c.org_id = a.org_id AND c.projection = 'cash_flow' AND c.account_no = a.account_no) THEN 'operating'
                WHEN a.subtype IN ('receivable', 'payable', 'tax', 'inventory', 'deferred_revenue', 'prepaid_expense', 'cogs',
                                   'commission', 'fx_gain_loss', 'rounding') THEN 'operating'
                WHEN a.subtype = 'fixed_asset' THEN 'investing'
                WHEN a.subtype = 'conversion' THEN 'none'
                WHEN a.type IN ('revenue', 'expense') AND a.subtype IN ('general', 'cash', 'bank', 'retained_earnings') THEN 'operating'
                ELSE 'unclassified' END AS activity
      FROM read.account AS a WHERE a.projection = 'cash_flow'
), part AS (
    SELECT f.seq, f.date, f.currency, f.activity, f.amount, f.functional,
           row_number() OVER (PARTITION BY f.seq, f.date, f.currency ORDER BY abs(f.amount) DESC, f.activity) AS place,
           sum(f.amount) OVER (PARTITION BY f.seq, f.date, f.currency) AS total,
           sum(f.functional) OVER (PARTITION BY f.seq, f.date, f.currency) AS total_functional
      FROM (SELECT coalesce(f.item_seq, f.seq) AS seq, f.date, k.code AS currency,
                   CASE WHEN f.kind IN ('account', 'unapplied') THEN coalesce(s.activity, 'unclassified') ELSE 'none' END AS activity,
                   sum(f.amount) AS amount, sum(f.functional) AS functional
              FROM read.cash_flow AS f
              JOIN read.commodity AS k ON k.org_id = f.org_id AND k.projection = 'cash_flow' AND k.commodity_no = f.commodity_no
              LEFT JOIN section AS s ON s.account_no = f.account_no
             GROUP BY 1, 2, 3, 4
            HAVING sum(f.amount) <> 0 OR coalesce(sum(f.functional), 0) <> 0) AS f
)
SELECT m.seq::text || '.' || m.line_no::text || '.' || coalesce(p.place, 1)::text AS movement_id,
       m.date AS value_date,
       to_char(m.date, 'YYYY-MM') AS period,
       c.code AS cash_account_code,
       c.name AS cash_account_name,
       CASE WHEN m.accounts > 1 AND m.net = 0 THEN 'none' ELSE coalesce(p.activity, 'unclassified') END AS activity,
       CASE WHEN coalesce(nullif(x.net_txn, 0), x.net_base) < 0 THEN 'out' ELSE 'in' END AS direction,
       m.currency,
       x.net_txn,
       (SELECT k.code FROM read.commodity AS k WHERE k.projection = 'gl_fact' AND k.commodity_no = 1) AS base_currency,
       x.net_base,
       y.counterparty AS counterparty_id,
       y.counterparty AS counterparty_name,
       coalesce(m.document, d.number) AS document_no
  FROM moved AS m
  JOIN cash AS c ON c.account_no = m.account_no
  LEFT JOIN part AS p ON p.seq = m.seq AND p.date = m.date AND p.currency = m.currency
        AND (p.place = 1 OR (m.accounts = 1 AND p.total = m.amount AND p.total_functional IS NOT DISTINCT FROM m.functional))
  LEFT JOIN read.document AS d ON d.org_id = m.org_id AND d.seq = m.seq
  LEFT JOIN read.party AS q ON q.org_id = d.org_id AND q.party_no = d.party_no
  CROSS JOIN LATERAL (SELECT m.accounts = 1 AND p.total = m.amount AND p.total_functional IS NOT DISTINCT FROM m.functional AS whole) AS w
  CROSS JOIN LATERAL (SELECT CASE WHEN w.whole THEN p.amount ELSE m.amount END AS net_txn,
                             CASE WHEN w.whole THEN p.functional ELSE m.functional END AS net_base) AS x
  CROSS JOIN LATERAL (SELECT coalesce(m.party, q.code,
                                      (SELECT max(g.party) FROM read.gl_fact AS g WHERE g.org_id = m.org_id AND g.seq = m.seq)) AS counterparty) AS y
 WHERE m.amount <> 0 OR m.functional <> 0;

COMMENT ON VIEW semantic.v_cash_flow IS 'One row per cash movement: what an entry put on or took from a cash or bank account, for one activity; an entry that serves several activities has a row for each. All rows of an account up to a day sum to its balance; opening balances are among them.';
COMMENT ON COLUMN semantic.v_cash_flow.movement_id IS 'Identity of the movement: entry_id, number of the line and number of the part, with dots between them. Unique.';
COMMENT ON COLUMN semantic.v_cash_flow.value_date IS 'Accounting date of the movement: the day on which the cash counts.';
COMMENT ON COLUMN semantic.v_cash_flow.period IS 'Accounting month of value_date as text YYYY-MM, for example 2026-03. Sorts and compares in order.';
COMMENT ON COLUMN semantic.v_cash_flow.cash_account_code IS 'Code of the cash or bank account that moved. Group by it for balances by account.';
COMMENT ON COLUMN semantic.v_cash_flow.cash_account_name IS 'Present name of the cash or bank account that moved.';
COMMENT ON COLUMN semantic.v_cash_flow.activity IS 'What the cash was for: operating, investing, financing, unclassified (nobody said what the account counts as) or none (between own accounts, exchanges and revaluations of currencies, balances brought in).';
COMMENT ON COLUMN semantic.v_cash_flow.direction IS 'Direction of the movement: in (received, net positive) or out (paid, net negative).';
COMMENT ON COLUMN semantic.v_cash_flow.currency IS 'Currency of the movement and of net_txn: ISO 4217 code.';
COMMENT ON COLUMN semantic.v_cash_flow.net_txn IS 'Amount in currency; received is positive, paid is negative. Never sum across currencies; use net_base.';
COMMENT ON COLUMN semantic.v_cash_flow.base_currency IS 'Base currency of the organization, the currency of all _base amounts: the same on every row.';
COMMENT ON COLUMN semantic.v_cash_flow.net_base IS 'Amount in base_currency; received is positive, paid is negative. NULL where the commodity is kept without a value.';
COMMENT ON COLUMN semantic.v_cash_flow.counterparty_id IS 'Code of the customer, vendor or payee that the entry names; NULL where none is named.';
COMMENT ON COLUMN semantic.v_cash_flow.counterparty_name IS 'Display name of the counterparty: its code, for names of people and companies are not shown here. NULL where none is named.';
COMMENT ON COLUMN semantic.v_cash_flow.document_no IS 'Number of the payment or other document behind the movement; NULL for plain journal entries without one.';

CREATE VIEW semantic.v_fx_rate WITH (security_barrier = true) AS
WITH home AS (
    SELECT c.code FROM read.commodity AS c WHERE c.projection = 'reference' AND c.commodity_no = 1
), quoted AS (
    SELECT r.date, r.base AS currency, h.code AS base_currency, r.rate, r.kind, r.source, 1 AS turned
      FROM read.fx_rate AS r JOIN home AS h ON r.quote = h.code WHERE r.base <> h.code
    UNION ALL
    SELECT r.date, r.quote, h.code, round(1 / r.rate, 12), r.kind, r.source, 2
      FROM read.fx_rate AS r JOIN home AS h ON r.base = h.code WHERE r.quote <> h.code AND r.rate <> 0
)
SELECT DISTINCT ON (q.date, q.currency)
       q.date AS rate_date, q.currency, q.base_currency, q.rate, q.source, q.kind AS rate_type
  FROM quoted AS q
 ORDER BY q.date, q.currency, q.turned, CASE q.kind WHEN 'spot' THEN 1 WHEN 'closing' THEN 2 ELSE 3 END;

COMMENT ON VIEW semantic.v_fx_rate IS 'One row per day and currency for which a rate against the base currency was recorded. Days without a recorded rate have no row: take the last one before. Amounts in other views have their own rates already.';
COMMENT ON COLUMN semantic.v_fx_rate.rate_date IS 'Day that the rate is of. Not every day has one.';
COMMENT ON COLUMN semantic.v_fx_rate.currency IS 'Currency that is priced: ISO 4217 code, or a commodity of the organization.';
COMMENT ON COLUMN semantic.v_fx_rate.base_currency IS 'Base currency of the organization, in which currency is priced: the same on every row.';
COMMENT ON COLUMN semantic.v_fx_rate.rate IS 'Units of base_currency for one unit of currency, positive. Where only the opposite was quoted, its reciprocal to 12 digits.';
COMMENT ON COLUMN semantic.v_fx_rate.source IS 'Where the rate came from, for example ecb or a file''s name; empty where nobody said so.';
COMMENT ON COLUMN semantic.v_fx_rate.rate_type IS 'Which of the day''s rates it is: spot where there is one, else closing, else average.';

CREATE VIEW semantic.v_period WITH (security_barrier = true) AS
WITH span AS (
    SELECT least(min(s.month), date_trunc('month', current_date)::date) AS first_month,
           greatest(max(s.month), date_trunc('month', current_date)::date) AS last_month
      FROM (SELECT b.bucket AS month FROM read.account_balance AS b WHERE b.grain = 'M'
            UNION ALL SELECT p.month FROM read.period AS p) AS s
)
SELECT to_char(m.month, 'YYYY-MM') AS period,
       extract(year FROM m.month)::integer AS fiscal_year,
       m.month::date AS start_date,
       (m.month + interval '1 month' - interval '1 day')::date AS end_date,
       coalesce(p.status, 'open') AS status,
       p.closed_at
  FROM span AS s
 CROSS JOIN LATERAL generate_series(s.first_month::timestamp, s.last_month::timestamp, interval '1 month') AS m (month)
  LEFT JOIN read.period AS p ON p.month = m.month::date;

COMMENT ON VIEW semantic.v_period IS 'One row per accounting period (calendar month), from the first one with entries to the present or last one.';
COMMENT ON COLUMN semantic.v_period.period IS 'Accounting month as text YYYY-MM, for example 2026-03. Sorts and compares in order.';
COMMENT ON COLUMN semantic.v_period.fiscal_year IS 'Fiscal year of the period as a number. Fiscal years are calendar years.';
COMMENT ON COLUMN semantic.v_period.start_date IS 'First day of the period, inclusive.';
COMMENT ON COLUMN semantic.v_period.end_date IS 'Last day of the period, inclusive.';
COMMENT ON COLUMN semantic.v_period.status IS 'Who may post into the period: open (everybody), soft-closed (who has the right) or hard-closed (nobody).';
COMMENT ON COLUMN semantic.v_period.closed_at IS 'When the period was closed last (UTC); NULL while it is open, also where it was closed and opened again.';

CREATE VIEW semantic.v_calendar WITH (security_barrier = true) AS
WITH span AS (
    SELECT least(date_trunc('year', min(b.bucket)), date_trunc('year', current_date) - interval '3 years') AS first_day
      FROM read.account_balance AS b WHERE b.grain = 'M'
)
SELECT d.day::date AS day,
       to_char(d.day, 'YYYY-MM') AS period,
       extract(year FROM d.day)::integer AS fiscal_year,
       extract(isodow FROM d.day) < 6 AS is_business_day
  FROM span AS s
 CROSS JOIN LATERAL generate_series(s.first_day::timestamp, (date_trunc('year', current_date) + interval '2 years' - interval '1 day')::timestamp,
                                    interval '1 day') AS d (day);

COMMENT ON VIEW semantic.v_calendar IS 'One row per calendar day, from the year of the first entry (at least three years back) to the end of next year. Join it for days on which nothing happened.';
COMMENT ON COLUMN semantic.v_calendar.day IS 'Calendar day. Join it with effective_date, value_date or due_date.';
COMMENT ON COLUMN semantic.v_calendar.period IS 'Accounting month of the day as text YYYY-MM, for example 2026-03. Sorts and compares in order.';
COMMENT ON COLUMN semantic.v_calendar.fiscal_year IS 'Fiscal year of the day as a number. Fiscal years are calendar years.';
COMMENT ON COLUMN semantic.v_calendar.is_business_day IS 'True from Monday to Friday. Public holidays are not known and count as business days.';

CREATE VIEW semantic.v_freshness WITH (security_barrier = true) AS
SELECT c.name AS projection,
       c.seq AS applied_through_seq,
       greatest(h.seq - c.seq, 0) AS lag_events,
       c.recorded_at AS as_of,
       c.status
  FROM read.projection_checkpoint AS c
  JOIN ledger.stream_head AS h ON h.org_id = c.org_id;

COMMENT ON VIEW semantic.v_freshness IS 'One row per projection, the tables behind the views: up to which event of the history its rows are. Where lag_events is 0 everything recorded so far is in the views.';
COMMENT ON COLUMN semantic.v_freshness.projection IS 'Name of the projection: gl_fact is behind v_gl_fact, account_balance behind v_trial_balance, open_item behind v_ar_open and v_ap_open, cash_flow, revenue_by_customer and reference behind the others.';
COMMENT ON COLUMN semantic.v_freshness.applied_through_seq IS 'Position in the history of the last event that is in the projection''s rows.';
COMMENT ON COLUMN semantic.v_freshness.lag_events IS 'Number of events recorded and not yet in the projection''s rows; 0 means up to date.';
COMMENT ON COLUMN semantic.v_freshness.as_of IS 'When the last event in the projection''s rows was recorded (UTC); NULL before the first.';
COMMENT ON COLUMN semantic.v_freshness.status IS 'Whether the projection runs: running, rebuilding, or failed (it stopped at an event and falls behind).';

GRANT SELECT ON semantic.v_gl_fact, semantic.v_trial_balance, semantic.v_account, semantic.v_ar_open, semantic.v_ap_open,
    semantic.v_revenue_by_customer, semantic.v_cash_flow, semantic.v_fx_rate, semantic.v_period, semantic.v_calendar,
    semantic.v_freshness TO ledger_llm_read;

RESET ROLE;
