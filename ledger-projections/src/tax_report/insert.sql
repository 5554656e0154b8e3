INSERT INTO read.tax_report AS t
       (org_id, seq, row_no, recorded_at, date, reverses_seq, side, kind, document, party, code, component, box, rate, nature,
        account_no, currency, base, tax, recoverable, posted, functional_base, functional_tax, functional_recoverable, functional_posted)
SELECT $1, u.*
  FROM unnest($2::bigint[], $3::integer[], $4::timestamptz[], $5::date[], $6::bigint[], $7::text[], $8::text[], $9::text[], $10::text[],
              $11::text[], $12::text[], $13::text[], $14::numeric[], $15::text[], $16::integer[], $17::text[], $18::numeric[],
              $19::numeric[], $20::numeric[], $21::numeric[], $22::numeric[], $23::numeric[], $24::numeric[], $25::numeric[]) AS u
RETURNING t.seq
