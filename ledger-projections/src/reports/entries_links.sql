-- How many lines some entries have, and what took them back or replaced them up to an event.
-- $1 organization, $2 entries, $3 the last event that counts
SELECT e.seq,
       (SELECT count(*) FROM read.gl_fact AS l WHERE l.org_id = $1 AND l.seq = e.seq) AS lines,
       (SELECT min(r.seq) FROM read.gl_fact AS r
         WHERE r.org_id = $1 AND r.reverses_seq = e.seq AND r.reverses_seq IS NOT NULL AND r.line_no = 1 AND r.seq <= $3) AS reversed_by,
       (SELECT min(c.seq) FROM read.gl_fact AS c
         WHERE c.org_id = $1 AND c.corrects_seq = e.seq AND c.corrects_seq IS NOT NULL AND c.line_no = 1 AND c.seq <= $3) AS corrected_by
  FROM unnest($2::bigint[]) AS e (seq)
