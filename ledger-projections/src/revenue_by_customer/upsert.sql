INSERT INTO read.revenue_by_customer AS r (org_id, date, party, account_no, commodity_no, lines, unvalued, amount, functional)
SELECT $1, u.* FROM unnest($2::date[], $3::text[], $4::integer[], $5::integer[], $6::bigint[], $7::bigint[], $8::numeric[], $9::numeric[]) AS u
ON CONFLICT (org_id, date, party, account_no, commodity_no) DO UPDATE
   SET lines      = r.lines + excluded.lines,
       unvalued   = r.unvalued + excluded.unvalued,
       amount     = r.amount + excluded.amount,
       functional = r.functional + excluded.functional
