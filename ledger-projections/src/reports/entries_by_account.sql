-- The next lines of some accounts in the order of their days: a range of gl_fact_by_account each.
-- $1 organization, $2 day and $3 event before, $4 first and $5 last day, $6 first and $7 last event, $8 how many, $9 accounts
SELECT l.effective_date, l.seq
  FROM unnest($9::integer[]) AS a (no)
 CROSS JOIN LATERAL (
       SELECT g.effective_date, g.seq
         FROM read.gl_fact AS g
        WHERE g.org_id = $1 AND g.account_no = a.no AND (g.effective_date, g.seq) {after} ($2, $3)
          AND g.effective_date BETWEEN $4 AND $5 AND g.seq BETWEEN $6 AND $7
        ORDER BY g.effective_date {order}, g.seq {order}
        LIMIT $8
       ) AS l
 ORDER BY l.effective_date {order}, l.seq {order}
 LIMIT $8
