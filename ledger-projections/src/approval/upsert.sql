INSERT INTO read.approval AS a
       (org_id, seq, draft_seq, subject, policy, policy_version, source, amount, requested_by, requested_at, plan, step_no, mode, needed,
        given, rejections, escalations, due_at, status, ended_at)
SELECT $1, u.*
  FROM unnest($2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::integer[], $7::text[], $8::numeric[], $9::text[],
              $10::timestamptz[], $11::text[], $12::integer[], $13::text[], $14::integer[], $15::integer[], $16::integer[],
              $17::integer[], $18::timestamptz[], $19::text[], $20::timestamptz[]) AS u
    ON CONFLICT (org_id, seq) DO UPDATE
   SET step_no = excluded.step_no, mode = excluded.mode, needed = excluded.needed, given = excluded.given,
       rejections = excluded.rejections, escalations = excluded.escalations, due_at = excluded.due_at, status = excluded.status,
       ended_at = excluded.ended_at
