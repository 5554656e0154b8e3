-- Schedules as of a day. $1 organization, $2 day, $3 the last event that counts or NULL for all, $4 whether finished ones
-- count too, $5 whether a row stands for a month, else for a schedule. Each part counts from its own day, for both ways.
WITH wanted AS (
    SELECT DISTINCT document_seq, document_line
      FROM read.deferral
     WHERE org_id = $1 AND ($4 OR done_on > $2 OR done_seq > $3)
), part AS (
    SELECT d.*, d.scheduled_seq = d.document_seq AS original, d.scheduled_on <= $2 AS scheduled,
           d.recognised_on <= $2 AND ($3::bigint IS NULL OR d.recognised_seq <= $3) AS recognised,
           d.cancelled_on <= $2 AND ($3::bigint IS NULL OR d.cancelled_seq <= $3) AS cancelled
      FROM wanted AS w
     CROSS JOIN LATERAL (
           SELECT * FROM read.deferral AS p
            WHERE p.org_id = $1 AND p.document_seq = w.document_seq AND p.document_line = w.document_line
              AND ($3::bigint IS NULL OR p.scheduled_seq <= $3)
           OFFSET 0 -- schedule by schedule: a join would read all parts there ever were
           ) AS d
), summed AS (
    SELECT side, CASE WHEN $5 THEN part_date - (extract(day FROM part_date)::integer - 1) END AS month, currency,
           CASE WHEN NOT $5 THEN document_seq END AS document_seq, CASE WHEN NOT $5 THEN document_line END AS document_line,
           CASE WHEN NOT $5 THEN party END AS party, CASE WHEN NOT $5 THEN document END AS document,
           CASE WHEN NOT $5 THEN deferred_no END AS deferred_no, CASE WHEN NOT $5 THEN target_no END AS target_no,
           max(part_date) AS until,
           coalesce(sum(amount) FILTER (WHERE scheduled AND original), 0) AS total,
           coalesce(sum(amount) FILTER (WHERE scheduled AND NOT original), 0) AS left_over,
           coalesce(sum(amount) FILTER (WHERE cancelled), 0) AS cancelled,
           coalesce(sum(amount) FILTER (WHERE recognised), 0) AS recognised,
           coalesce(sum(functional) FILTER (WHERE scheduled AND original), 0) AS functional_total,
           coalesce(sum(functional) FILTER (WHERE scheduled AND NOT original), 0) AS functional_left_over,
           coalesce(sum(functional) FILTER (WHERE cancelled), 0) AS functional_cancelled,
           coalesce(sum(functional) FILTER (WHERE recognised), 0) AS functional_recognised
      FROM part
     GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9
)
SELECT side, month, currency, document_seq, document_line, party, document, deferred_no, target_no, until,
       total, cancelled - left_over AS cancelled, recognised, total + left_over - cancelled - recognised AS remaining,
       functional_total, functional_cancelled - functional_left_over AS functional_cancelled, functional_recognised,
       functional_total + functional_left_over - functional_cancelled - functional_recognised AS functional_remaining
  FROM summed
 WHERE total + left_over - cancelled - recognised <> 0
    OR functional_total + functional_left_over - functional_cancelled - functional_recognised <> 0
    OR (($4 OR $5) AND (total <> 0 OR recognised <> 0 OR cancelled <> left_over))
 ORDER BY side DESC, month, party, document, document_seq, document_line, currency
