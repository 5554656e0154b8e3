INSERT INTO read.open_item AS i
       (org_id, item_seq, item_line, recorded_at, side, account_no, party, document, kind, date, due_date, currency,
        amount, functional, open, open_functional, last_on, settled_on, settled_seq)
SELECT $1, u.item_seq, u.item_line, u.recorded_at, u.side, u.account_no, u.party, u.document, u.kind, u.date, u.due_date, u.currency,
       u.amount, u.functional, u.open, u.open_functional, u.last_on, coalesce(u.settled_on, 'infinity'), u.settled_seq
  FROM unnest($2::bigint[], $3::integer[], $4::timestamptz[], $5::text[], $6::integer[], $7::text[], $8::text[], $9::text[],
              $10::date[], $11::date[], $12::text[], $13::numeric[], $14::numeric[], $15::numeric[], $16::numeric[],
              $17::date[], $18::date[], $19::bigint[])
    AS u (item_seq, item_line, recorded_at, side, account_no, party, document, kind, date, due_date, currency,
          amount, functional, open, open_functional, last_on, settled_on, settled_seq)
RETURNING i.item_seq
