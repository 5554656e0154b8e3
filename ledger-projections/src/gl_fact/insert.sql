-- One statement per batch of whole entries. The conflict clause changes nothing that is there: the caller counts.
INSERT INTO read.gl_fact AS g
    (org_id, seq, recorded_at, reverses_seq, corrects_seq, line_no, effective_date, account_no, actor_no, due_date, closing,
     entry_kind, account_code, account_type, currency, amount, functional, description, external_id, party, document,
     tax_code, memo, tags, rate, rate_quote, weight, weight_currency)
SELECT $1, l.seq, l.recorded_at, l.reverses_seq, l.corrects_seq, l.line_no, l.effective_date, l.account_no, l.actor_no,
       l.due_date, l.closing, l.entry_kind, l.account_code, l.account_type, l.currency, l.amount, l.functional,
       l.description, l.external_id, l.party, l.document, l.tax_code, l.memo, l.tags, l.rate, l.rate_quote,
       l.weight, l.weight_currency
  FROM unnest($2::bigint[], $3::timestamptz[], $4::bigint[], $5::bigint[], $6::integer[], $7::date[], $8::integer[],
              $9::integer[], $10::date[], $11::boolean[], $12::text[], $13::text[], $14::text[], $15::text[],
              $16::numeric[], $17::numeric[], $18::text[], $19::text[], $20::text[], $21::text[], $22::text[],
              $23::text[], $24::jsonb[], $25::numeric[], $26::text[], $27::numeric[], $28::text[])
       AS l (seq, recorded_at, reverses_seq, corrects_seq, line_no, effective_date, account_no, actor_no, due_date, closing,
             entry_kind, account_code, account_type, currency, amount, functional, description, external_id, party,
             document, tax_code, memo, tags, rate, rate_quote, weight, weight_currency)
ON CONFLICT (org_id, seq, line_no) DO NOTHING
