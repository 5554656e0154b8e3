-- Tax of a period. $1 organization, $2 first day, $3 last day, $4 the last event that counts or NULL for all,
-- $5 what a row stands for: 0 code, 1 box, 2 document, 3 month.
-- A reverse charge stands in two rows on one base, which counts once.
SELECT side,
       CASE WHEN $5 = 3 THEN date - (extract(day FROM date)::integer - 1) END AS month,
       CASE WHEN $5 = 2 THEN date END AS date, CASE WHEN $5 = 2 THEN seq END AS seq,
       CASE WHEN $5 = 2 THEN kind END AS kind, CASE WHEN $5 = 2 THEN document END AS document, CASE WHEN $5 = 2 THEN party END AS party,
       CASE WHEN $5 <> 1 THEN code END AS code, CASE WHEN $5 <> 1 THEN component END AS component, CASE WHEN $5 <> 1 THEN rate END AS rate,
       box, currency,
       sum(CASE WHEN nature <> 'reverse_due' THEN base ELSE 0 END) AS base,
       sum(CASE WHEN nature IN ('charged', 'reverse_charge') THEN tax ELSE 0 END) AS tax,
       sum(recoverable) AS recoverable,
       sum(CASE WHEN nature = 'withheld' THEN -tax ELSE 0 END) AS withheld,
       sum(CASE WHEN nature = 'reverse_due' THEN -tax ELSE 0 END) AS reverse_charge,
       sum(-posted) AS payable,
       sum(CASE WHEN nature <> 'reverse_due' THEN functional_base ELSE 0 END) AS functional_base,
       sum(CASE WHEN nature IN ('charged', 'reverse_charge') THEN functional_tax ELSE 0 END) AS functional_tax,
       sum(functional_recoverable) AS functional_recoverable,
       sum(CASE WHEN nature = 'withheld' THEN -functional_tax ELSE 0 END) AS functional_withheld,
       sum(CASE WHEN nature = 'reverse_due' THEN -functional_tax ELSE 0 END) AS functional_reverse_charge,
       sum(-functional_posted) AS functional_payable
  FROM read.tax_report
 WHERE org_id = $1 AND date BETWEEN $2 AND $3 AND ($4::bigint IS NULL OR seq <= $4)
 GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12
 ORDER BY side DESC, 2, 3, 4, 8, 9, 10, 11, 12
