-- The next lines of a document in the order of their days: a range of gl_fact_by_document.
-- $1 organization, $2 day and $3 event before, $4 first and $5 last day, $6 first and $7 last event, $8 how many, $9 document
SELECT effective_date, seq
  FROM read.gl_fact
 WHERE org_id = $1 AND document = $9 AND (effective_date, seq) {after} ($2, $3)
   AND effective_date BETWEEN $4 AND $5 AND seq BETWEEN $6 AND $7
 ORDER BY effective_date {order}, seq {order}
 LIMIT $8
