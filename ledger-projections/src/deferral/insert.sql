INSERT INTO read.deferral AS d
       (org_id, document_seq, document_line, scheduled_seq, part_no, side, party, document, deferred_no, target_no, currency, part_date,
        amount, functional, scheduled_on, recognised_on, recognised_seq, cancelled_on, cancelled_seq, done_on, done_seq)
SELECT $1, u.document_seq, u.document_line, u.scheduled_seq, u.part_no, u.side, u.party, u.document, u.deferred_no, u.target_no, u.currency,
       u.part_date, u.amount, u.functional, u.scheduled_on, u.recognised_on, u.recognised_seq, u.cancelled_on, u.cancelled_seq,
       coalesce(u.done_on, 'infinity'), u.done_seq
  FROM unnest($2::bigint[], $3::integer[], $4::bigint[], $5::integer[], $6::text[], $7::text[], $8::text[], $9::integer[], $10::integer[],
              $11::text[], $12::date[], $13::numeric[], $14::numeric[], $15::date[], $16::date[], $17::bigint[], $18::date[], $19::bigint[],
              $20::date[], $21::bigint[])
    AS u (document_seq, document_line, scheduled_seq, part_no, side, party, document, deferred_no, target_no, currency, part_date,
          amount, functional, scheduled_on, recognised_on, recognised_seq, cancelled_on, cancelled_seq, done_on, done_seq)
RETURNING d.document_seq
