-- Items that are open as of a day and as known at an event, with what is open of them.
-- $1 organization, $2 side, $3 day, $4 the last event that counts or NULL for all, $5 party or NULL for all
SELECT i.item_seq, i.item_line, i.recorded_at, i.account_no, i.party, i.document, i.kind, i.date, i.due_date, i.currency, i.amount, i.functional, o.open, o.open_functional
  FROM read.open_item AS i
 CROSS JOIN LATERAL (
       -- Nothing happened to it after the day: what is left is what was left then.
       SELECT i.open, i.open_functional WHERE i.last_on <= $3 AND $4::bigint IS NULL
        UNION ALL
       SELECT i.amount + coalesce(sum(a.amount), 0), i.functional + coalesce(sum(a.functional), 0)
         FROM read.allocation AS a
        WHERE (i.last_on > $3 OR $4::bigint IS NOT NULL)
          AND a.org_id = $1 AND a.item_seq = i.item_seq AND a.item_line = i.item_line
          AND a.date <= $3 AND ($4::bigint IS NULL OR a.seq <= $4)
       HAVING i.last_on > $3 OR $4::bigint IS NOT NULL
       ) AS o
 WHERE i.org_id = $1 AND i.side = $2 AND i.date <= $3
   AND (i.settled_on > $3 OR i.settled_seq > $4)
   AND ($4::bigint IS NULL OR i.item_seq <= $4)
   AND ($5::text IS NULL OR i.party = $5)
   AND (o.open <> 0 OR o.open_functional <> 0)
