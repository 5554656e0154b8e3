-- One row per slip: what it is, and where. The schemas are all that are not Postgres' own, so that one added later counts.
WITH space AS (
    SELECT oid, nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
), rel AS (
    SELECT c.*, s.nspname, s.nspname || '.' || c.relname AS full_name
      FROM pg_class c JOIN space s ON s.oid = c.relnamespace
     WHERE s.nspname || '.' || c.relname <> 'public._sqlx_migrations'
), tab AS (
    SELECT * FROM rel WHERE relkind IN ('r', 'p')
), pol AS (
    SELECT p.*, t.full_name,
           coalesce(pg_get_expr(p.polqual, p.polrelid), '') AS qual,
           coalesce(pg_get_expr(p.polwithcheck, p.polrelid), '') AS with_check,
           p.polpermissive AND p.polcmd = 'r' AND p.polroles = ARRAY[(SELECT oid FROM pg_roles WHERE rolname = 'ledger_directory')] AS directory,
           -- What is left of it when every look at the context that happens once per statement is taken out.
           regexp_replace(coalesce(pg_get_expr(p.polqual, p.polrelid), '') || coalesce(pg_get_expr(p.polwithcheck, p.polrelid), ''),
                          '\( SELECT ledger\.auth_[a-z]+(_id)?\(\) AS [a-z_]+\)', '', 'g') AS per_row
      FROM pg_policy p JOIN tab t ON t.oid = p.polrelid
), idx AS (
    SELECT i.*, t.full_name, c.relname AS index_name,
           (SELECT attname FROM pg_attribute a WHERE a.attrelid = i.indrelid AND a.attnum = i.indkey[0]) AS leads
      FROM pg_index i JOIN tab t ON t.oid = i.indrelid JOIN pg_class c ON c.oid = i.indexrelid
     WHERE c.oid NOT IN (SELECT indexrelid FROM pg_index WHERE indrelid = to_regclass('public._sqlx_migrations'))
), fun AS (
    SELECT p.*, s.nspname, s.nspname || '.' || p.proname AS full_name FROM pg_proc p JOIN space s ON s.oid = p.pronamespace
), commits_table AS (
    SELECT 'ledger.commits'::regclass::oid AS oid
    UNION SELECT relid FROM pg_partition_tree('ledger.commits')
), holds AS (
    SELECT rel.full_name, a.grantee, a.privilege_type, coalesce(r.rolname, 'PUBLIC') AS role_name
      FROM rel CROSS JOIN aclexplode(rel.relacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee
    UNION ALL
    SELECT rel.full_name || '.' || t.attname, a.grantee, a.privilege_type, coalesce(r.rolname, 'PUBLIC')
      FROM rel JOIN pg_attribute t ON t.attrelid = rel.oid CROSS JOIN aclexplode(t.attacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee
)
SELECT slip, place FROM (
    -- Tables and partitions
    SELECT 'table without org_id uuid NOT NULL' AS slip, full_name AS place FROM tab
     WHERE NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = tab.oid AND a.attname = 'org_id' AND a.atttypid = 'uuid'::regtype AND a.attnotnull)
    UNION ALL SELECT 'row-level security off', full_name FROM tab WHERE NOT relrowsecurity
    UNION ALL SELECT 'row-level security not forced', full_name FROM tab WHERE NOT relforcerowsecurity
    UNION ALL SELECT 'no policy of the organization', full_name FROM tab WHERE NOT EXISTS (SELECT FROM pol WHERE pol.polrelid = tab.oid AND polpermissive AND NOT directory)
    UNION ALL SELECT 'not owned by ledger_owner', full_name FROM rel WHERE relkind IN ('r', 'p') AND relowner <> 'ledger_owner'::regrole
    UNION ALL SELECT 'primary key missing', full_name FROM tab WHERE NOT EXISTS (SELECT FROM idx WHERE idx.indrelid = tab.oid AND indisprimary)
    UNION ALL SELECT 'schema without a known purpose', nspname FROM space WHERE nspname NOT IN ('control', 'ledger', 'read', 'semantic', 'public')
    UNION ALL SELECT 'object in schema public', full_name FROM rel WHERE nspname = 'public' AND relkind <> 'i'
    -- Policies
    UNION ALL SELECT 'policy that does not compare once per statement', full_name || ' ' || polname FROM pol
     WHERE polpermissive AND NOT directory AND (qual !~ '^\(org_id = \( SELECT .*auth_org_id\(\)' OR (polcmd IN ('*', 'a', 'w') AND with_check <> qual))
    UNION ALL SELECT 'partial policy in place of the organization''s', full_name || ' ' || polname FROM pol
     WHERE polpermissive AND NOT directory AND (polcmd <> '*' OR polroles <> ARRAY[0::oid])
    -- Restrictive ones only take away from what the organization's policy gives; they hold for everybody, and ask who it is once.
    UNION ALL SELECT 'restrictive policy that asks per row, or not everybody', full_name || ' ' || polname FROM pol
     WHERE NOT polpermissive AND (per_row ~ 'auth_|current_setting' OR polroles <> ARRAY[0::oid] OR (polcmd = 'w' AND with_check <> qual))
    -- Indexes, keys, sequences
    UNION ALL SELECT 'index that org_id does not lead', full_name || ' ' || index_name FROM idx
     WHERE leads IS DISTINCT FROM 'org_id' AND index_name <> 'organization_slug_key'
    UNION ALL SELECT 'sequence', full_name FROM rel WHERE relkind = 'S'
    UNION ALL SELECT 'foreign key that may cross organizations', conrelid::regclass || ' ' || conname FROM pg_constraint c
     WHERE contype = 'f' AND connamespace IN (SELECT oid FROM space)
       AND NOT ((SELECT attname FROM pg_attribute WHERE attrelid = conrelid AND attnum = conkey[1]) = 'org_id'
            AND (SELECT attname FROM pg_attribute WHERE attrelid = confrelid AND attnum = confkey[1]) = 'org_id')
    UNION ALL SELECT 'deferrable constraint', conrelid::regclass || ' ' || conname FROM pg_constraint WHERE condeferrable AND connamespace IN (SELECT oid FROM space)
    UNION ALL SELECT 'enum type', s.nspname || '.' || typname FROM pg_type t JOIN space s ON s.oid = t.typnamespace WHERE typtype = 'e'
    UNION ALL SELECT 'rule', full_name || ' ' || rulename FROM pg_rewrite w JOIN rel ON rel.oid = w.ev_class WHERE rulename <> '_RETURN'
    -- Functions
    UNION ALL SELECT 'function that everybody may call', full_name FROM fun CROSS JOIN aclexplode(coalesce(proacl, acldefault('f', proowner))) a WHERE a.grantee = 0
    -- The body of a function in standard SQL was parsed when it was made, and no path changes what its names mean. The function of
    -- the hot path names everything with its schema instead (see the test of that), and has its caller's rights.
    UNION ALL SELECT 'function without a pinned search_path', full_name FROM fun
     WHERE prosqlbody IS NULL AND NOT (full_name = 'ledger.append_posting' AND NOT prosecdef) AND NOT EXISTS (SELECT FROM unnest(proconfig) AS setting WHERE setting = 'search_path=pg_catalog, pg_temp')
    -- Beside it, the function that answers whose a login of questions is, and those that make and drop logins and sign what stands in for them.
    UNION ALL SELECT 'SECURITY DEFINER outside the directory', full_name FROM fun
     WHERE prosecdef AND (nspname <> 'control' OR proowner <> 'ledger_directory'::regrole)
       AND NOT (full_name = 'ledger.auth_asking_org_id' AND proowner = 'ledger_directory'::regrole)
       AND NOT (full_name IN ('control.semantic_login', 'control.drop_semantic_login', 'control.sign_semantic_context') AND proowner = 'ledger_logins'::regrole)
    UNION ALL SELECT 'function not owned by ledger_owner', full_name FROM fun WHERE NOT prosecdef AND proowner <> 'ledger_owner'::regrole
    UNION ALL SELECT 'context function that is not STABLE and PARALLEL SAFE', full_name FROM fun
     WHERE full_name ~ '^ledger\.auth_' AND (provolatile <> 's' OR proparallel <> 's')
    -- Views
    UNION ALL SELECT 'materialized view or foreign table', full_name FROM rel WHERE relkind IN ('m', 'f')
    UNION ALL SELECT 'view without security_barrier or security_invoker', full_name FROM rel
     WHERE relkind = 'v' AND NOT coalesce(reloptions, '{}') && ARRAY['security_barrier=true', 'security_barrier=on', 'security_invoker=true', 'security_invoker=on']
    UNION ALL SELECT 'view owned by a role that row-level security does not hold', full_name FROM rel JOIN pg_roles r ON r.oid = relowner
     WHERE relkind = 'v' AND (rolsuper OR rolbypassrls)
    -- What questions are asked of
    UNION ALL SELECT 'semantic: not a view', full_name FROM rel WHERE nspname = 'semantic' AND relkind <> 'v'
    UNION ALL SELECT 'semantic: function', full_name FROM fun WHERE nspname = 'semantic'
    UNION ALL SELECT 'semantic: view without security_barrier', full_name FROM rel
     WHERE nspname = 'semantic' AND relkind = 'v' AND NOT coalesce(reloptions, '{}') && ARRAY['security_barrier=true', 'security_barrier=on']
    -- The reader's rights end at the view: one that hands the reader on to tables would ask for rights that he must not have.
    UNION ALL SELECT 'semantic: view that reads as its reader', full_name FROM rel
     WHERE nspname = 'semantic' AND coalesce(reloptions, '{}') && ARRAY['security_invoker=true', 'security_invoker=on']
    UNION ALL SELECT 'semantic: not owned by ledger_semantic', full_name FROM rel
     WHERE nspname = 'semantic' AND relkind = 'v' AND relowner <> 'ledger_semantic'::regrole
    UNION ALL SELECT 'semantic: its owner owns something elsewhere', c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relowner = 'ledger_semantic'::regrole AND (n.nspname <> 'semantic' OR c.relkind <> 'v')
    UNION ALL SELECT 'semantic: view whose comment does not begin with its grain', full_name FROM rel
     WHERE nspname = 'semantic' AND relkind = 'v' AND coalesce(obj_description(oid, 'pg_class'), '') !~ '^One row per .{20,}'
    UNION ALL SELECT 'semantic: column without a comment of 20 characters', rel.full_name || '.' || a.attname
      FROM rel JOIN pg_attribute a ON a.attrelid = rel.oid AND a.attnum > 0
     WHERE nspname = 'semantic' AND length(coalesce(col_description(rel.oid, a.attnum), '')) < 20
    UNION ALL SELECT 'semantic: column that says whose it is, or is personal', rel.full_name || '.' || a.attname
      FROM rel JOIN pg_attribute a ON a.attrelid = rel.oid AND a.attnum > 0
     WHERE nspname = 'semantic' AND (a.attname ~ '^org_|email|phone|address|iban|tax_id|bank_account' OR a.attname = 'org')
    UNION ALL SELECT 'semantic: amount that does not say its currency', rel.full_name || '.' || a.attname
      FROM rel JOIN pg_attribute a ON a.attrelid = rel.oid AND a.attnum > 0
     WHERE nspname = 'semantic' AND a.atttypid = 'numeric'::regtype
       AND a.attname !~ '(_txn|_base|_usd)$' AND a.attname !~ '^(.*_)?(rate|confidence|seconds|ms|error)$'
    UNION ALL SELECT 'semantic: type that is not leakproof to compare, or not plain', rel.full_name || '.' || a.attname || ' ' || a.atttypid::regtype
      FROM rel JOIN pg_attribute a ON a.attrelid = rel.oid AND a.attnum > 0
     WHERE nspname = 'semantic' AND a.atttypid::regtype NOT IN ('text', 'integer', 'bigint', 'smallint', 'numeric', 'date', 'timestamptz', 'boolean', 'uuid')
    UNION ALL SELECT 'semantic: granted to somebody else, or more than SELECT', full_name || ' ' || privilege_type || ' ' || role_name FROM holds
     WHERE full_name ~ '^semantic\.' AND role_name <> 'ledger_semantic' AND (role_name <> 'ledger_llm_read' OR privilege_type <> 'SELECT')
    UNION ALL SELECT 'semantic: view that nobody may read', full_name FROM rel
     WHERE nspname = 'semantic' AND relkind = 'v' AND NOT has_table_privilege('ledger_llm_read', oid, 'SELECT')
    UNION ALL SELECT 'the reader of questions has rights beside the views', full_name || ' ' || privilege_type FROM holds
     WHERE role_name = 'ledger_llm_read' AND full_name !~ '^semantic\.'
    UNION ALL SELECT 'the reader of questions may use another schema', s.nspname FROM space s CROSS JOIN aclexplode(
           (SELECT nspacl FROM pg_namespace WHERE oid = s.oid)) a
     WHERE a.grantee = 'ledger_llm_read'::regrole AND s.nspname <> 'semantic'
    UNION ALL SELECT 'the reader of questions may call', full_name FROM fun CROSS JOIN aclexplode(coalesce(proacl, acldefault('f', proowner))) a
     WHERE a.grantee = 'ledger_llm_read'::regrole AND full_name NOT IN ('ledger.auth_org_id', 'ledger.auth_asking_org_id')
    UNION ALL SELECT 'the owner of the views may do more than look', full_name || ' ' || privilege_type FROM holds
     WHERE role_name = 'ledger_semantic' AND full_name !~ '^semantic\.' AND privilege_type <> 'SELECT'
    UNION ALL SELECT 'dangerous function that everybody may call', p.oid::regprocedure::text
      FROM pg_proc p CROSS JOIN aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
     WHERE p.pronamespace = 'pg_catalog'::regnamespace AND a.grantee = 0
       AND p.proname ~ '^(set_config|pg_sleep|pg_(try_)?advisory_|pg_terminate_backend|pg_cancel_backend|pg_notify|lo_|pg_logical_emit_message|query_to_xml|ts_stat|pg_stat_get_activity|pg_export_snapshot)'
       AND (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
    UNION ALL SELECT 'login of an organization that may do more than ask', r.rolname FROM pg_roles r
     WHERE r.rolname ~ '^ledger_llm_[0-9a-f]{32}$'
       AND (r.rolsuper OR r.rolbypassrls OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication OR r.rolconnlimit NOT BETWEEN 1 AND 2
            OR EXISTS (SELECT FROM pg_auth_members m WHERE m.member = r.oid AND m.roleid <> 'ledger_llm_read'::regrole))
    UNION ALL SELECT 'the runtime is in the readers'' role', 'ledger_app' WHERE pg_has_role('ledger_app', 'ledger_llm_read', 'member')
    -- History
    UNION ALL SELECT 'commits without the append-only trigger', oid::regclass::text FROM commits_table
     WHERE NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = commits_table.oid AND t.tgenabled = 'A'
                          AND t.tgfoid = 'ledger.refuse_change'::regproc AND t.tgtype & (2 | 8 | 16 | 32) = (2 | 8 | 16 | 32) AND t.tgqual IS NULL)
    UNION ALL SELECT 'payload that Postgres would compress slowly', 'ledger.commits' FROM pg_attribute
     WHERE attrelid = 'ledger.commits'::regclass AND attname = 'payload' AND attstorage <> 'e' AND attcompression <> 'l'
    -- Grants
    UNION ALL SELECT 'granted to everybody', full_name || ' ' || privilege_type FROM holds WHERE grantee = 0
    UNION ALL SELECT 'granted to a role that may only look', role_name || ' ' || privilege_type || ' ' || full_name FROM holds
     WHERE role_name IN ('ledger_directory', 'ledger_auditor') AND privilege_type <> 'SELECT'
    UNION ALL SELECT 'kept for ever, yet the runtime may change it', full_name || ' ' || privilege_type FROM holds
     WHERE role_name = 'ledger_app' AND full_name ~ '^ledger\.(commits|idempotency_key|external_id|webhook_attempt)' AND privilege_type NOT IN ('SELECT', 'INSERT')
    UNION ALL SELECT 'the runtime may empty or hang triggers on it', full_name || ' ' || privilege_type FROM holds
     WHERE role_name = 'ledger_app' AND privilege_type IN ('TRUNCATE', 'TRIGGER', 'REFERENCES')
    UNION ALL SELECT 'role with more power than it needs', rolname FROM pg_roles
     WHERE rolname IN ('ledger_owner', 'ledger_app', 'ledger_directory', 'ledger_auditor', 'ledger_semantic', 'ledger_llm_read', 'ledger_logins')
       AND (rolsuper OR rolbypassrls OR rolcreaterole AND rolname <> 'ledger_logins' OR rolcreatedb OR rolreplication OR rolcanlogin)
    UNION ALL SELECT 'role that is a member of another', m.member::regrole || ' in ' || m.roleid::regrole FROM pg_auth_members m
     WHERE m.member IN ('ledger_owner'::regrole, 'ledger_app'::regrole, 'ledger_directory'::regrole, 'ledger_auditor'::regrole,
                        'ledger_semantic'::regrole, 'ledger_llm_read'::regrole)
) AS found ORDER BY slip, place
