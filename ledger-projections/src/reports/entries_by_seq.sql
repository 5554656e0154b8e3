-- The next entries in the order of recording: a range of the primary key. Days are looked at by whoever asks, and line_no
-- is not compared with =, so that no other index seems fit.
-- $1 organization, $3 the event before, $6 first and $7 last event, $8 how many
SELECT effective_date, seq
  FROM read.gl_fact
 WHERE org_id = $1 AND seq {after} $3 AND seq BETWEEN $6 AND $7 AND line_no <= 1
 ORDER BY seq {order}
 LIMIT $8
