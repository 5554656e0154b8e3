-- What cash moved for in a period, dated as the cash moved, as known at an event: a range of the primary key.
-- $1 organization, $2 first day, $3 last day, $4 the last event that counts
SELECT kind, account_no, commodity_no, sum(amount), coalesce(sum(functional), 0), count(*), count(*) FILTER (WHERE functional IS NULL)
  FROM read.cash_flow
 WHERE org_id = $1 AND date BETWEEN $2 AND $3 AND seq <= $4
 GROUP BY kind, account_no, commodity_no
 ORDER BY commodity_no, account_no, kind
