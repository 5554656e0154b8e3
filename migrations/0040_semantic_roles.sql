-- Who may run SQL that somebody else wrote (a model's, an analyst's): a login per organization, and what it may not do.
--
-- Such SQL says nothing that is believed. Its organization is the login that the session was opened with (session_user), which
-- no statement can change; row-level security compares with that. What it may read are the views of the schema semantic, what
-- it may call what those views call. The guard that reads statements before they run is a second lock, not this one.
--   ledger_semantic  owns the views and no table; it reads what the views show, and policies hold it like everybody else
--   ledger_llm_read  may read the views; logins are members of it, and of nothing else
--   ledger_logins    owns the two functions that make and drop logins; that is why it may create roles
DO $roles$
DECLARE
    role_name text;
    role_is   text;
BEGIN
    FOREACH role_name IN ARRAY ARRAY['ledger_semantic', 'ledger_llm_read', 'ledger_logins'] LOOP
        role_is := CASE role_name WHEN 'ledger_logins' THEN 'CREATEROLE' ELSE 'NOCREATEROLE' END;
        IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = role_name) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN NOSUPERUSER NOCREATEDB %s NOREPLICATION NOBYPASSRLS', role_name, role_is);
            EXCEPTION
                WHEN duplicate_object OR unique_violation THEN
                    NULL; -- another database's migration was faster
                WHEN insufficient_privilege THEN
                    -- Nobody here may hand on the right to create roles: logins are then made by the administrator.
                    EXECUTE format('CREATE ROLE %I NOLOGIN NOSUPERUSER NOCREATEDB NOREPLICATION NOBYPASSRLS', role_name);
            END;
        END IF;
    END LOOP;

    -- An administrator that is no superuser must be able to act as the owners it has just made.
    IF NOT (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user) THEN
        FOREACH role_name IN ARRAY ARRAY['ledger_semantic', 'ledger_logins'] LOOP
            IF NOT pg_has_role(current_user, role_name, 'member') THEN
                BEGIN
                    EXECUTE format('GRANT %I TO %I', role_name, current_user);
                EXCEPTION WHEN unique_violation THEN
                    NULL;
                END;
            END IF;
        END LOOP;
    END IF;

    -- From version 16 on whoever makes a member of a role must administer it.
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_auth_members WHERE roleid = 'ledger_llm_read'::regrole AND member = 'ledger_logins'::regrole) THEN
        BEGIN
            GRANT ledger_llm_read TO ledger_logins WITH ADMIN OPTION;
        EXCEPTION WHEN unique_violation THEN
            NULL;
        END;
    END IF;

    -- Only a superuser may bound somebody's temporary files, or let somebody do so.
    BEGIN
        GRANT SET ON PARAMETER temp_file_limit TO ledger_logins;
    EXCEPTION WHEN insufficient_privilege OR unique_violation OR internal_error THEN
        NULL; -- a managed server; or another database's migration did it at this moment
    END;
END
$roles$;

-- Functions that everybody may call and that nobody's question needs: they set what others rely on, wait, lock, signal, leave
-- something behind in a transaction that only reads, or run a text as SQL. Taken from PUBLIC, given back to those who work
-- here. A managed server may refuse; then the guard alone keeps questions from them, and logins keep organizations apart.
DO $built_in$
DECLARE
    named   regprocedure;
    keeper  text;
    keepers text := '';
BEGIN
    FOR keeper IN
        SELECT rolname FROM pg_catalog.pg_roles
         WHERE rolname IN ('ledger_owner', 'ledger_app', 'ledger_directory', 'ledger_auditor', 'ledger_logins', 'ledger_semantic',
                           'pg_database_owner', 'pg_monitor', current_user)
    LOOP
        keepers := keepers || CASE keepers WHEN '' THEN '' ELSE ', ' END || quote_ident(keeper);
    END LOOP;
    FOR named IN
        SELECT p.oid::regprocedure FROM pg_catalog.pg_proc AS p
         WHERE p.pronamespace = 'pg_catalog'::regnamespace
           AND pg_has_role(p.proowner, 'usage') -- whoever does not own them is not even heard
           AND p.proname ~ ('^(set_config|pg_sleep.*|pg_(try_)?advisory_.*|pg_terminate_backend|pg_cancel_backend|pg_notify'
                         || '|lo_.*|loread|lowrite|pg_logical_emit_message|pg_export_snapshot'
                         || '|(query|cursor|table|schema|database)_to_xml.*|ts_stat|ts_rewrite'
                         || '|pg_stat_get_(activity|backend_.*|wal_senders|progress_info|replication_.*|subscription.*)'
                         || '|pg_(listening_channels|notification_queue_usage|prepared_statement|prepared_xact|cursor|lock_status)'
                         || '|txid_current|pg_current_xact_id'
                         || '|pg_(total_)?relation_size|pg_(table|indexes|database|tablespace)_size)$')
           AND EXISTS (SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) AS a
                        WHERE a.grantee = 0 AND a.privilege_type = 'EXECUTE')
    LOOP
        BEGIN
            EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %s', named, keepers);
            EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', named);
        EXCEPTION WHEN insufficient_privilege THEN
            EXIT;
        END;
    END LOOP;

    -- DO runs a program; functions that are there need no right to the language that they are written in.
    IF (SELECT pg_has_role(l.lanowner, 'usage') FROM pg_catalog.pg_language AS l WHERE l.lanname = 'plpgsql') THEN
        EXECUTE format('GRANT USAGE ON LANGUAGE plpgsql TO %s', keepers);
        REVOKE USAGE ON LANGUAGE plpgsql FROM PUBLIC;
    END IF;

    -- A temporary table may stand where a name is looked for. Nobody here makes any. The right to connect stays as it is:
    -- whoever it is taken from (backups, monitoring) would find out only when it is needed, and a stranger reads nothing.
    IF (SELECT pg_has_role(d.datdba, 'usage') FROM pg_catalog.pg_database AS d WHERE d.datname = current_database()) THEN
        EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
    END IF;
END
$built_in$;

CREATE SCHEMA semantic AUTHORIZATION ledger_semantic; -- what questions are asked of

SET LOCAL ROLE ledger_owner;

GRANT USAGE ON SCHEMA ledger, read TO ledger_semantic;
GRANT USAGE ON SCHEMA control, ledger TO ledger_logins;

-- Which login is whose, and what its password is made of. Nobody reads the secret but the functions below. A login of this
-- name in another database of the cluster says nothing here: without a row it sees nothing.
CREATE TABLE ledger.org_login (
    org_id  uuid  NOT NULL,
    rolname text  COLLATE "C" NOT NULL CHECK (rolname = 'ledger_llm_' || replace(org_id::text, '-', '')),
    secret  bytea NOT NULL CHECK (octet_length(secret) = 32),
    PRIMARY KEY (org_id)
);
ALTER TABLE ledger.org_login ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own_organization ON ledger.org_login
    USING (org_id = (SELECT ledger.auth_org_id())) WITH CHECK (org_id = (SELECT ledger.auth_org_id()));
-- The function that answers whose a session is looks before that is known.
CREATE POLICY directory_reads ON ledger.org_login FOR SELECT TO ledger_directory USING (true);
GRANT SELECT (org_id, rolname) ON ledger.org_login TO ledger_directory;
GRANT SELECT, INSERT, DELETE ON ledger.org_login TO ledger_logins;
GRANT SELECT (org_id) ON control.organization TO ledger_logins;

-- As in 0002, with a branch for logins that are an organization's: by session_user, never by what is set. The runtime's branch
-- comes first and is the same as ever: it is in the path of every append. The directory owns the function, and it runs as
-- the directory, because those whom it answers may not read the table.
CREATE OR REPLACE FUNCTION ledger.auth_org_id() RETURNS uuid
    LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF pg_has_role(session_user, 'ledger_app', 'member') THEN
        RETURN nullif(current_setting('app.org_id', true), '')::uuid;
    END IF;
    IF session_user ~ '^ledger_llm_[0-9a-f]{32}$' THEN
        RETURN (SELECT l.org_id FROM ledger.org_login AS l
                 WHERE l.org_id = substr(session_user::text, 12)::uuid AND l.rolname = session_user::text);
    END IF;
    RETURN NULL;
END
$$;

-- The login of the organization that the transaction is bound to, made where it is missing, with its password. The password is
-- made of a secret that all processes share, so each of them finds the same. p_renew sets it again, for a login that came
-- with another (a restored backup); bounds that the server lets us set are set whenever the login is made or renewed.
CREATE FUNCTION control.semantic_login(p_renew boolean) RETURNS TABLE (login text, password text)
    LANGUAGE plpgsql SECURITY DEFINER ROWS 1
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_org     uuid := ledger.auth_org_id();
    v_role    text;
    v_word    text;
    v_secret  bytea;
    v_found   record;
    v_setting text;
BEGIN
    IF v_org IS NULL OR NOT EXISTS (SELECT FROM control.organization AS o WHERE o.org_id = v_org) THEN
        RAISE EXCEPTION 'semantic_login: the transaction is not bound to an organization of this database' USING ERRCODE = 'LK040';
    END IF;
    v_role := 'ledger_llm_' || replace(v_org::text, '-', '');
    SELECT l.secret INTO v_secret FROM ledger.org_login AS l WHERE l.org_id = v_org;
    IF NOT FOUND THEN
        v_secret := uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid());
        INSERT INTO ledger.org_login AS l (org_id, rolname, secret) VALUES (v_org, v_role, v_secret) ON CONFLICT (org_id) DO NOTHING;
        SELECT l.secret INTO v_secret FROM ledger.org_login AS l WHERE l.org_id = v_org;
    END IF;
    v_word := encode(sha256(v_secret || uuid_send(v_org)), 'hex');

    SELECT r.rolcanlogin AND NOT (r.rolsuper OR r.rolbypassrls OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication)
           AND pg_has_role(r.oid, 'ledger_llm_read', 'member')
           AND NOT EXISTS (SELECT FROM pg_auth_members AS m WHERE m.member = r.oid AND m.roleid <> 'ledger_llm_read'::regrole) AS fit
      INTO v_found FROM pg_roles AS r WHERE r.rolname = v_role;
    IF FOUND AND NOT v_found.fit THEN
        RAISE EXCEPTION 'semantic_login: the role % may do more than an organization''s login may: drop it', v_role
            USING ERRCODE = 'LK041';
    END IF;
    IF NOT FOUND THEN
        BEGIN
            EXECUTE format('CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS CONNECTION LIMIT 2
                            IN ROLE ledger_llm_read PASSWORD %L', v_role, v_word);
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            RETURN QUERY SELECT v_role, v_word; -- somebody made it meanwhile
            RETURN;
        END;
    ELSIF p_renew THEN
        EXECUTE format('ALTER ROLE %I CONNECTION LIMIT 2 PASSWORD %L', v_role, v_word);
    ELSE
        RETURN QUERY SELECT v_role, v_word;
        RETURN;
    END IF;
    FOREACH v_setting IN ARRAY ARRAY[
        'default_transaction_read_only = on', 'search_path = semantic', 'statement_timeout = ''10s''', 'lock_timeout = ''500ms''',
        'idle_in_transaction_session_timeout = ''15s''', 'work_mem = ''16MB''', 'jit = off', 'temp_file_limit = ''256MB'''
    ] LOOP
        BEGIN
            EXECUTE format('ALTER ROLE %I SET %s', v_role, v_setting);
        EXCEPTION WHEN insufficient_privilege THEN
            NULL;
        END;
    END LOOP;
    RETURN QUERY SELECT v_role, v_word;
END
$$;

-- Drops the login of the organization that the transaction is bound to. Answers whether there was one. A session that is
-- open goes on until it ends.
CREATE FUNCTION control.drop_semantic_login() RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_org  uuid := ledger.auth_org_id();
    v_role text := 'ledger_llm_' || replace(v_org::text, '-', '');
BEGIN
    IF v_org IS NULL THEN
        RAISE EXCEPTION 'drop_semantic_login: the transaction is not bound to an organization' USING ERRCODE = 'LK040';
    END IF;
    DELETE FROM ledger.org_login AS l WHERE l.org_id = v_org;
    IF NOT EXISTS (SELECT FROM pg_roles AS r WHERE r.rolname = v_role) THEN
        RETURN false;
    END IF;
    EXECUTE format('DROP ROLE %I', v_role);
    RETURN true;
END
$$;

REVOKE ALL ON FUNCTION control.semantic_login(boolean), control.drop_semantic_login() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION control.semantic_login(boolean), control.drop_semantic_login() TO ledger_app;

-- Giving functions away asks for the right to create where they lie, for as long as it takes.
GRANT CREATE ON SCHEMA ledger TO ledger_directory;
GRANT CREATE ON SCHEMA control TO ledger_logins;
RESET ROLE;
ALTER FUNCTION ledger.auth_org_id() OWNER TO ledger_directory;
ALTER FUNCTION control.semantic_login(boolean) OWNER TO ledger_logins;
ALTER FUNCTION control.drop_semantic_login() OWNER TO ledger_logins;
SET LOCAL ROLE ledger_owner;
REVOKE CREATE ON SCHEMA ledger FROM ledger_directory;
REVOKE CREATE ON SCHEMA control FROM ledger_logins;
RESET ROLE;

-- What a view or a policy calls is called by whoever reads.
SET LOCAL ROLE ledger_directory;
GRANT EXECUTE ON FUNCTION ledger.auth_org_id() TO ledger_owner, ledger_app, ledger_auditor, ledger_semantic, ledger_llm_read, ledger_logins;
RESET ROLE;

SET LOCAL ROLE ledger_semantic;
GRANT USAGE ON SCHEMA semantic TO ledger_llm_read;
RESET ROLE;
