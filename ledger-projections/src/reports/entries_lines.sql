-- The lines of some entries: ranges of the primary key. $1 organization, $2 entries
SELECT seq, line_no, effective_date, recorded_at, entry_kind, closing, description, external_id, reverses_seq, corrects_seq, actor_no,
       account_code, currency, amount, functional, party, document, due_date, tax_code, memo, tags, rate, rate_quote, weight, weight_currency
  FROM read.gl_fact
 WHERE org_id = $1 AND seq = ANY ($2)
 ORDER BY seq, line_no
