-- Revenue of a period. $1 organization, $2 first day, $3 last day, $4 what a row stands for: 0 customer, 1 account, 2 month.
SELECT CASE WHEN $4 = 0 THEN party END AS party, CASE WHEN $4 = 1 THEN account_no END AS account_no,
       CASE WHEN $4 = 2 THEN date - (extract(day FROM date)::integer - 1) END AS month, commodity_no,
       sum(lines)::bigint AS lines, sum(unvalued)::bigint AS unvalued, sum(amount) AS amount, sum(functional) AS functional
  FROM read.revenue_by_customer
 WHERE org_id = $1 AND date BETWEEN $2 AND $3
 GROUP BY 1, 2, 3, 4
