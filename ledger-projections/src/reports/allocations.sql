SELECT a.seq, a.recorded_at, a.date, i.party, i.document, i.kind, i.currency, -$2 * a.amount AS amount,
       -$2 * a.functional AS functional, o.document AS by_document, o.kind AS by_kind, o.currency AS by_currency,
       $2 * b.amount AS by_amount, a.realised + b.realised AS realised, a.reverses_seq
  FROM read.allocation AS a
  JOIN read.open_item AS i ON i.org_id = $1 AND i.item_seq = a.item_seq AND i.item_line = a.item_line
  JOIN read.open_item AS o ON o.org_id = $1 AND o.item_seq = a.other_seq AND o.item_line = a.other_line
  JOIN read.allocation AS b ON b.org_id = $1 AND b.item_seq = a.other_seq AND b.item_line = a.other_line AND b.seq = a.seq
 WHERE a.org_id = $1 AND a.date BETWEEN $3 AND $4 AND a.seq <= $5
   AND i.side = $6 AND sign(i.amount) = $2 AND ($7::text IS NULL OR i.party = $7)
   AND ($8::date IS NULL OR (a.date, a.seq) > ($8, $9::bigint))
 ORDER BY a.date, a.seq, a.item_seq, a.item_line
 LIMIT $10
