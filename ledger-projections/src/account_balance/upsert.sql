INSERT INTO read.account_balance AS b
    (org_id, grain, bucket, account_no, commodity_no, closing, lines, unvalued, debit, credit, functional_debit, functional_credit)
SELECT $1, m.*
  FROM unnest($2::text[], $3::date[], $4::integer[], $5::integer[], $6::boolean[], $7::bigint[], $8::bigint[],
              $9::numeric[], $10::numeric[], $11::numeric[], $12::numeric[]) AS m
ON CONFLICT (org_id, grain, bucket, account_no, commodity_no, closing) DO UPDATE
   SET lines             = b.lines + excluded.lines,
       unvalued          = b.unvalued + excluded.unvalued,
       debit             = b.debit + excluded.debit,
       credit            = b.credit + excluded.credit,
       functional_debit  = b.functional_debit + excluded.functional_debit,
       functional_credit = b.functional_credit + excluded.functional_credit
