INSERT INTO ledger.audit_log AS a
    (org_id, id, occurred_at, actor_kind, actor, acting_for, resource, action, method, route, records, personal, remote,
     correlation, status, code, micros)
SELECT $1, r.* FROM unnest($2::uuid[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
                           $10::text[], $11::text[], $12::boolean[], $13::text[], $14::text[], $15::smallint[], $16::text[], $17::bigint[]) AS r
ON CONFLICT (org_id, id) DO NOTHING
