-- One statement per batch of whole entries. The rows come as one array of the table's own row type, in the order of its
-- columns (gl_fact/row.rs). A line that is there already is an error (23505).
WITH written AS (
    INSERT INTO read.gl_fact AS g
        (org_id, seq, recorded_at, reverses_seq, corrects_seq, line_no, effective_date, account_no, actor_no, due_date, closing,
         entry_kind, account_code, account_type, currency, amount, functional, description, external_id, party, document,
         tax_code, memo, tags, rate, rate_quote, weight, weight_currency)
    SELECT $1, l.seq, l.recorded_at, l.reverses_seq, l.corrects_seq, l.line_no, l.effective_date, l.account_no, l.actor_no,
           l.due_date, l.closing, l.entry_kind, l.account_code, l.account_type, l.currency, l.amount, l.functional,
           l.description, l.external_id, l.party, l.document, l.tax_code, l.memo, l.tags, l.rate, l.rate_quote,
           l.weight, l.weight_currency
      FROM unnest($2::read.gl_fact[]) AS l
    RETURNING 1
)
SELECT count(*) FROM written
