-- Which of some entries have a line for which every condition holds. A condition that is NULL always does.
-- $1 organization, $2 entries, $3 accounts, $4 party, $5 document, $6 currency, $7 least and $8 largest amount whichever
-- side it is on, $9 kind, $10 keys of tags and $11 their values, $12 text in the description or the note, in any case
SELECT DISTINCT l.seq
  FROM read.gl_fact AS l
 WHERE l.org_id = $1 AND l.seq = ANY ($2)
   AND ($3::integer[] IS NULL OR l.account_no = ANY ($3))
   AND ($4::text IS NULL OR l.party = $4)
   AND ($5::text IS NULL OR l.document = $5)
   AND ($6::text IS NULL OR l.currency = $6)
   AND ($7::numeric IS NULL OR abs(l.amount) >= $7)
   AND ($8::numeric IS NULL OR abs(l.amount) <= $8)
   AND ($9::text IS NULL OR l.entry_kind = $9)
   AND ($10::text[] IS NULL
        OR NOT EXISTS (SELECT FROM unnest($10, $11::text[]) AS t (key, value)
                        WHERE NOT coalesce((l.tags -> t.key) @> to_jsonb(t.value), false)))
   AND ($12::text IS NULL OR strpos(lower(l.description), lower($12)) > 0 OR strpos(lower(coalesce(l.memo, '')), lower($12)) > 0)
