SELECT id, occurred_at, actor_kind, actor, acting_for, resource, action, method, route, records, personal, remote, correlation,
       status, code, micros
  FROM ledger.audit_log
 WHERE org_id = $1
   AND ($2::uuid IS NULL OR id < $2)
   AND ($3::text IS NULL OR actor = $3)
   AND ($4::text IS NULL OR resource = $4)
   AND ($5::boolean IS NULL OR personal = $5)
   AND ($6::timestamptz IS NULL OR occurred_at >= $6)
   AND ($7::timestamptz IS NULL OR occurred_at <= $7)
 ORDER BY id DESC
 LIMIT $8
