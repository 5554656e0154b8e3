-- The next lines of one account, in the order of the index gl_fact_by_account.
SELECT seq, line_no, effective_date, recorded_at, entry_kind, description, external_id, reverses_seq, corrects_seq,
       currency, amount, functional, party, document, due_date, tax_code, memo, tags
  FROM read.gl_fact
 WHERE org_id = $1 AND account_no = $2 AND (effective_date, seq, line_no) > ($3, $4, $5)
   AND effective_date <= $6 AND seq <= $7
 ORDER BY effective_date, seq, line_no
 LIMIT $8
