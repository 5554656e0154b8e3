-- Movements per account and commodity in up to five ranges of stretches, each one range of the primary key.
SELECT m.account_no, m.commodity_no, sum(m.lines)::bigint, sum(m.unvalued)::bigint,
       sum(m.debit), sum(m.credit), sum(m.functional_debit), sum(m.functional_credit)
  FROM (SELECT * FROM read.account_balance WHERE org_id = $1 AND grain = $3 AND bucket BETWEEN $4 AND $5
        UNION ALL
        SELECT * FROM read.account_balance WHERE org_id = $1 AND grain = $6 AND bucket BETWEEN $7 AND $8
        UNION ALL
        SELECT * FROM read.account_balance WHERE org_id = $1 AND grain = $9 AND bucket BETWEEN $10 AND $11
        UNION ALL
        SELECT * FROM read.account_balance WHERE org_id = $1 AND grain = $12 AND bucket BETWEEN $13 AND $14
        UNION ALL
        SELECT * FROM read.account_balance WHERE org_id = $1 AND grain = $15 AND bucket BETWEEN $16 AND $17) AS m
 WHERE $2 OR NOT m.closing
 GROUP BY m.account_no, m.commodity_no
