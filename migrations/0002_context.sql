-- Schemas, and the one place that says which organization a statement works for.
CREATE SCHEMA control AUTHORIZATION ledger_owner; -- the directory of organizations
CREATE SCHEMA ledger AUTHORIZATION ledger_owner;  -- the streams: what happened
CREATE SCHEMA read AUTHORIZATION ledger_owner;    -- the read models: what follows from it, rebuilt at will

-- Every file works as the owner from here on, so that everything it makes belongs to it.
SET LOCAL ROLE ledger_owner;

GRANT USAGE ON SCHEMA control, ledger, read TO ledger_app, ledger_directory, ledger_auditor;

-- A function added later and forgotten here must not be callable by everybody.
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;

-- The organization of the running statement, or NULL, which matches no row.
--
-- It branches on what the session's role IS, never on what is set: only members of ledger_app, whose statements are
-- all written by us, are believed when they name their organization. A role whose statements somebody else writes
-- (an auditor's own SQL, a model's) must get a branch by session_user here, and must never be a member of ledger_app.
-- plpgsql, because it keeps its plan for the session: as an SQL function with a pinned path it took a third of an append.
CREATE FUNCTION ledger.auth_org_id() RETURNS uuid
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF pg_has_role(session_user, 'ledger_app', 'member') THEN
        RETURN nullif(current_setting('app.org_id', true), '')::uuid;
    END IF;
    RETURN NULL;
END
$$;

-- Binds the running transaction to an organization. SET LOCAL and not set_config: Citus hands it on to its workers.
CREATE FUNCTION ledger.bind_org(p_org uuid) RETURNS void
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF p_org IS NULL THEN
        RAISE EXCEPTION 'bind_org: an organization is required' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    EXECUTE format('SET LOCAL app.org_id = %L', p_org);
END
$$;

REVOKE ALL ON FUNCTION ledger.auth_org_id(), ledger.bind_org(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger.auth_org_id() TO ledger_app, ledger_directory, ledger_auditor;
GRANT EXECUTE ON FUNCTION ledger.bind_org(uuid) TO ledger_app;

RESET ROLE;
