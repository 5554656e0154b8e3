-- Questions about approvals and agents, and what approvals say about entries and bills.
SET LOCAL ROLE ledger_owner;

GRANT SELECT (org_id, agent_no, code, name, type, model, currency) ON read.agent TO ledger_semantic;
GRANT SELECT (org_id, seq, ran_at, agent_no, model, tokens_in, tokens_out, cost, currency, latency_ms, outcome) ON read.agent_run
    TO ledger_semantic;
GRANT SELECT (org_id, seq, drafted_at, subject, subject_no, source, agent_no, actor_no, confidence, corrections, status, decided_at,
              decided_by, posted_seq, route, four_eyes) ON read.draft TO ledger_semantic;
GRANT SELECT (org_id, seq, draft_seq, subject, policy, source, amount, requested_by, requested_at, plan, step_no, mode, needed, given,
              escalations, due_at, status, ended_at) ON read.approval TO ledger_semantic;

RESET ROLE;
SET LOCAL ROLE ledger_semantic;

CREATE VIEW semantic.v_approval WITH (security_barrier = true) AS
SELECT p.seq AS request_id,
       p.subject AS subject_type,
       d.subject_no,
       p.amount AS amount_base,
       (SELECT c.code FROM read.commodity AS c WHERE c.projection = 'approval' AND c.commodity_no = 1) AS base_currency,
       p.requested_by,
       p.requested_at,
       p.due_at,
       p.status,
       p.mode,
       p.needed AS approvals_needed,
       p.given AS approvals_given,
       p.escalations AS escalation_level,
       p.draft_seq AS draft_id,
       p.source,
       p.policy,
       p.step_no,
       length(p.plan) - length(replace(p.plan, ';', '')) + 1 AS steps,
       p.ended_at
  FROM read.approval AS p
  LEFT JOIN read.draft AS d ON d.org_id = p.org_id AND d.seq = p.draft_seq;

COMMENT ON VIEW semantic.v_approval IS 'One row per request for approval of a draft, ended ones included. A draft that was corrected or asked about again has several. Waiting now: status pending; overdue: pending and due_at before now().';
COMMENT ON COLUMN semantic.v_approval.request_id IS 'Identity of the request: the position of its event in the history.';
COMMENT ON COLUMN semantic.v_approval.subject_type IS 'What is to be approved: entry, bill, payout (commissions that become payable), payment (money sent), reopening (of a closed period) or policy (of approvals).';
COMMENT ON COLUMN semantic.v_approval.subject_no IS 'Number of the bill or payment, month, or code of the policy where it has one; else draft- and the number of the draft.';
COMMENT ON COLUMN semantic.v_approval.amount_base IS 'Sum of the debits that would be posted, in base_currency, 0 or positive, as decided when approval was requested. 0 where no money moves.';
COMMENT ON COLUMN semantic.v_approval.base_currency IS 'Base currency of the organization, the currency of all _base amounts: the same on every row.';
COMMENT ON COLUMN semantic.v_approval.requested_by IS 'Who asked for the approval: an opaque identity, no name of a person.';
COMMENT ON COLUMN semantic.v_approval.requested_at IS 'When the approval was asked for (UTC).';
COMMENT ON COLUMN semantic.v_approval.due_at IS 'When the step that the request has come to is overdue (UTC); NULL where it has no deadline. Being overdue never approves.';
COMMENT ON COLUMN semantic.v_approval.status IS 'Where it stands: pending (waits for votes), approved, overridden (approved past the steps, with a reason), rejected, expired (overdue) or invalidated (what was to be approved was changed or withdrawn).';
COMMENT ON COLUMN semantic.v_approval.mode IS 'How the votes of the present step count: single (the first decides), multiple (so many approve), unanimous, majority or veto (majority, but one rejection ends it).';
COMMENT ON COLUMN semantic.v_approval.approvals_needed IS 'Approvals that the present step takes; fixed when the approval was asked for.';
COMMENT ON COLUMN semantic.v_approval.approvals_given IS 'Approvals that the present step has so far.';
COMMENT ON COLUMN semantic.v_approval.escalation_level IS 'How often others were asked as well because a step was overdue; 0 for never.';
COMMENT ON COLUMN semantic.v_approval.draft_id IS 'The draft that is to be approved: the position of its event in the history. Joins draft_id of v_gl_fact.';
COMMENT ON COLUMN semantic.v_approval.source IS 'Who proposed it: person, ai (an agent) or import (a file or a program).';
COMMENT ON COLUMN semantic.v_approval.policy IS 'Code of the policy that asks for the approval; NULL where the ledger itself does, as for what agents propose.';
COMMENT ON COLUMN semantic.v_approval.step_no IS 'Step that the request has come to, from 1; steps come one after the other.';
COMMENT ON COLUMN semantic.v_approval.steps IS 'Number of steps that the policy asks for.';
COMMENT ON COLUMN semantic.v_approval.ended_at IS 'When the request was approved or ended otherwise (UTC); NULL while it is pending.';

CREATE VIEW semantic.v_agent_metrics WITH (security_barrier = true) AS
WITH ran AS (
    SELECT r.agent_no, (r.ran_at AT TIME ZONE 'UTC')::date AS day, count(*) AS executions,
           count(*) FILTER (WHERE r.outcome = 'failed') AS errors, sum(r.tokens_in)::bigint AS tokens_in,
           sum(r.tokens_out)::bigint AS tokens_out, sum(r.cost) AS cost, sum(r.latency_ms) AS latency_ms,
           (array_agg(r.model ORDER BY r.seq DESC))[1] AS model
      FROM read.agent_run AS r
     GROUP BY r.agent_no, (r.ran_at AT TIME ZONE 'UTC')::date
), drafted AS (
    SELECT w.agent_no, (w.drafted_at AT TIME ZONE 'UTC')::date AS day, count(*) AS created,
           count(*) FILTER (WHERE w.seen AND w.status = 'posted') AS approved,
           count(*) FILTER (WHERE w.status = 'rejected') AS rejected,
           count(*) FILTER (WHERE w.corrections > 0) AS corrected,
           count(*) FILTER (WHERE w.route = 'auto') AS auto_posted,
           avg(w.confidence) AS confidence,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM w.decided_at - w.drafted_at)) FILTER (WHERE w.seen) AS review,
           avg(abs(w.confidence - CASE WHEN w.status = 'posted' AND w.corrections = 0 THEN 1 ELSE 0 END)) FILTER (WHERE w.seen) AS off
      FROM (SELECT d.agent_no, d.drafted_at, d.decided_at, d.status, d.corrections, d.route, d.confidence,
                   d.status = 'rejected' OR coalesce(d.route IN ('approved', 'overridden'), false) AS seen
              FROM read.draft AS d WHERE d.agent_no IS NOT NULL) AS w
     GROUP BY w.agent_no, (w.drafted_at AT TIME ZONE 'UTC')::date
), days AS (
    SELECT r.agent_no, r.day FROM ran AS r UNION SELECT w.agent_no, w.day FROM drafted AS w
)
SELECT y.day,
       a.code AS agent_id,
       a.name AS agent_name,
       a.type AS agent_type,
       coalesce(r.model, a.model) AS model,
       coalesce(r.executions, 0) AS executions,
       coalesce(r.errors, 0) AS errors,
       coalesce(r.tokens_in, 0) AS tokens_in,
       coalesce(r.tokens_out, 0) AS tokens_out,
       CASE WHEN a.currency = 'USD' THEN coalesce(r.cost, 0) END AS cost_usd,
       coalesce(w.created, 0) AS drafts_created,
       coalesce(w.approved, 0) AS drafts_approved,
       coalesce(w.rejected, 0) AS drafts_rejected,
       round(w.confidence, 6) AS avg_confidence,
       round(w.review::numeric, 3) AS median_review_seconds,
       a.currency,
       coalesce(r.cost, 0) AS cost_txn,
       coalesce(w.corrected, 0) AS drafts_corrected,
       coalesce(w.auto_posted, 0) AS drafts_auto_posted,
       round(w.off, 6) AS calibration_error,
       round(r.latency_ms / nullif(r.executions, 0), 3) AS avg_latency_ms
  FROM days AS y
  JOIN read.agent AS a ON a.agent_no = y.agent_no
  LEFT JOIN ran AS r ON r.agent_no = y.agent_no AND r.day = y.day
  LEFT JOIN drafted AS w ON w.agent_no = y.agent_no AND w.day = y.day;

COMMENT ON VIEW semantic.v_agent_metrics IS 'One row per agent and day (UTC) on which it ran or drafted something. Executions and costs count on the day of the run, drafts on the day on which they were proposed, whenever they were decided.';
COMMENT ON COLUMN semantic.v_agent_metrics.day IS 'Calendar day in universal time.';
COMMENT ON COLUMN semantic.v_agent_metrics.agent_id IS 'Code of the agent, unique in the organization: the identity under which it acts.';
COMMENT ON COLUMN semantic.v_agent_metrics.agent_name IS 'Present name of the agent for people. Group by agent_id when names may repeat.';
COMMENT ON COLUMN semantic.v_agent_metrics.agent_type IS 'What the agent is for: assistant, accountant, analyst, auditor or other.';
COMMENT ON COLUMN semantic.v_agent_metrics.model IS 'Model of the last execution of the day; the one that the agent is registered with where it did not run.';
COMMENT ON COLUMN semantic.v_agent_metrics.executions IS 'Number of executions on the day, however they ended.';
COMMENT ON COLUMN semantic.v_agent_metrics.errors IS 'Number of executions on the day that failed; refusals and cancellations are none.';
COMMENT ON COLUMN semantic.v_agent_metrics.tokens_in IS 'Tokens that the agent''s model read on the day.';
COMMENT ON COLUMN semantic.v_agent_metrics.tokens_out IS 'Tokens that the agent''s model wrote on the day.';
COMMENT ON COLUMN semantic.v_agent_metrics.cost_usd IS 'Exact cost of the day''s executions in US dollars; NULL for agents whose costs are in another currency, see cost_txn.';
COMMENT ON COLUMN semantic.v_agent_metrics.drafts_created IS 'Number of drafts that the agent proposed on the day.';
COMMENT ON COLUMN semantic.v_agent_metrics.drafts_approved IS 'How many of the day''s drafts people approved and posted, with corrections or without.';
COMMENT ON COLUMN semantic.v_agent_metrics.drafts_rejected IS 'How many of the day''s drafts people rejected.';
COMMENT ON COLUMN semantic.v_agent_metrics.avg_confidence IS 'Average confidence that the agent gave its drafts of the day, from 0 to 1; NULL where it gave none. No probability: see calibration_error.';
COMMENT ON COLUMN semantic.v_agent_metrics.median_review_seconds IS 'Median time from proposal to decision of the day''s drafts that people decided about, in seconds; NULL where they decided about none.';
COMMENT ON COLUMN semantic.v_agent_metrics.currency IS 'Currency of the agent''s costs and of cost_txn: ISO 4217 code, or a commodity of the organization.';
COMMENT ON COLUMN semantic.v_agent_metrics.cost_txn IS 'Exact cost of the day''s executions in currency. Never sum across currencies.';
COMMENT ON COLUMN semantic.v_agent_metrics.drafts_corrected IS 'How many of the day''s drafts somebody corrected, whatever became of them.';
COMMENT ON COLUMN semantic.v_agent_metrics.drafts_auto_posted IS 'How many of the day''s drafts posted themselves within the agent''s autonomy.';
COMMENT ON COLUMN semantic.v_agent_metrics.calibration_error IS 'Average distance of confidence from the outcome (1 approved without correction, 0 otherwise) of drafts that people decided about: 0 is perfect, 1 the opposite of it. NULL where there are none.';
COMMENT ON COLUMN semantic.v_agent_metrics.avg_latency_ms IS 'Average duration of the day''s executions in milliseconds; NULL where there were none.';

-- Entries and bills say who approved them. What was drafted was created by whoever drafted it, not by whoever posted it.
CREATE OR REPLACE VIEW semantic.v_gl_fact WITH (security_barrier = true) AS
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
       CASE WHEN w.source = 'ai' THEN 'ai'
            WHEN w.source = 'import' THEN 'import'
            WHEN d.channel = 'import' OR (a.kind = 'system' AND a.identity = 'import') THEN 'import'
            WHEN a.kind = 'agent' THEN 'ai'
            WHEN a.kind = 'api_key' THEN 'api'
            WHEN a.kind = 'user' THEN 'manual'
            ELSE 'system' END AS source,
       coalesce(w.kind || ':' || w.identity, a.kind || ':' || a.identity) AS created_by,
       CASE WHEN w.route IN ('approved', 'overridden') THEN 'user:' || replace(w.decided_by, ', ', ', user:') END AS approved_by,
       g.reverses_seq IS NOT NULL AS is_reversal,
       g.reverses_seq AS reverses_entry_id,
       coalesce(w.source = 'ai', a.kind = 'agent', false) AS is_ai_drafted,
       coalesce(w.confidence, d.confidence) AS ai_confidence,
       g.tags ->> 'department' AS department,
       g.tags ->> 'project' AS project,
       coalesce(g.memo, g.description) AS memo,
       g.entry_kind,
       w.four_eyes,
       w.seq AS draft_id
  FROM read.gl_fact AS g
  LEFT JOIN tree AS t ON t.account_no = g.account_no
  LEFT JOIN read.actor AS a ON a.org_id = g.org_id AND a.actor_no = g.actor_no
  LEFT JOIN read.document AS d ON d.org_id = g.org_id AND d.seq = g.seq
  LEFT JOIN read.party AS p ON p.org_id = d.org_id AND p.party_no = d.party_no
  LEFT JOIN (SELECT f.org_id, f.posted_seq, f.seq, f.source, f.confidence, f.route, f.decided_by, f.four_eyes, b.kind, b.identity
               FROM read.draft AS f
               LEFT JOIN read.actor AS b ON b.org_id = f.org_id AND b.actor_no = f.actor_no
              WHERE f.posted_seq IS NOT NULL) AS w ON w.org_id = g.org_id AND w.posted_seq = g.seq;

COMMENT ON COLUMN semantic.v_gl_fact.created_by IS 'Who proposed or posted the entry: kind and opaque identity, for example user:4711 or agent:collector. Of drafted entries whoever drafted them. No name of a person.';
COMMENT ON COLUMN semantic.v_gl_fact.approved_by IS 'Who approved the entry, in the form of created_by, with commas between several. NULL where no approval was asked for or none is recorded.';
COMMENT ON COLUMN semantic.v_gl_fact.is_ai_drafted IS 'True where a language model''s agent drafted the entry, whoever approved or posted it; false for everybody else''s.';
COMMENT ON COLUMN semantic.v_gl_fact.ai_confidence IS 'How sure the agent, or whoever or whatever read the document, was, from 0 to 1. NULL where nobody said so. No probability.';
COMMENT ON COLUMN semantic.v_gl_fact.four_eyes IS 'For drafted entries: true where somebody approved it who neither wrote it nor was acted for, false where nobody did (alone by policy, without approval, or within an agent''s autonomy). NULL for entries that were no drafts.';
COMMENT ON COLUMN semantic.v_gl_fact.draft_id IS 'The draft that the entry comes from: the position of its event in the history; NULL for entries that were no drafts. Joins draft_id of v_approval.';

CREATE OR REPLACE VIEW semantic.v_ap_open WITH (security_barrier = true) AS
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
       CASE WHEN w.route IN ('approved', 'overridden') THEN 'approved' END AS approval_status,
       NULL::date AS discount_until,
       NULL::numeric AS discount_base
  FROM read.open_item AS i
  LEFT JOIN read.draft AS w ON w.org_id = i.org_id AND w.posted_seq = i.item_seq
 WHERE i.side = 'payable' AND i.settled_on = 'infinity' AND i.open < 0;

COMMENT ON COLUMN semantic.v_freshness.projection IS 'Name of the projection: gl_fact is behind v_gl_fact, account_balance behind v_trial_balance, open_item behind v_ar_open and v_ap_open, approval behind v_approval, agent_run and draft behind v_agent_metrics, cash_flow, revenue_by_customer and reference behind the others.';

GRANT SELECT ON semantic.v_approval, semantic.v_agent_metrics TO ledger_llm_read;

RESET ROLE;
