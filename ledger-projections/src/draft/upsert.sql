INSERT INTO read.draft AS d
       (org_id, seq, drafted_at, subject, subject_no, source, agent_no, model, actor_no, proposed_by, acted_for, business, confidence,
        rationale, amount, hash, corrections, request_seq, status, decided_at, decided_by, reason, posted_seq, route, four_eyes)
SELECT $1, u.*
  FROM unnest($2::bigint[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::integer[], $8::text[], $9::integer[], $10::text[],
              $11::text[], $12::text[], $13::numeric[], $14::text[], $15::numeric[], $16::text[], $17::integer[], $18::bigint[],
              $19::text[], $20::timestamptz[], $21::text[], $22::text[], $23::bigint[], $24::text[], $25::boolean[]) AS u
    ON CONFLICT (org_id, seq) DO UPDATE
   SET subject_no = excluded.subject_no, amount = excluded.amount, hash = excluded.hash, corrections = excluded.corrections,
       request_seq = excluded.request_seq, status = excluded.status, decided_at = excluded.decided_at,
       decided_by = excluded.decided_by, reason = excluded.reason, posted_seq = excluded.posted_seq, route = excluded.route,
       four_eyes = excluded.four_eyes
