-- Who asks, beside whose books it is: the user, the workspace and the role of the running transaction.
--
-- The application has decided before what the caller may; policies that name these functions are a second lock on the
-- few tables that say who may what. A transaction that binds no caller is the ledger's own work (workers, the command
-- line, the look-up of a key before anybody is known): it has no role, and is bound to its organization like all others.
SET LOCAL ROLE ledger_owner;

-- As with auth_org_id(): only members of ledger_app are believed.
CREATE FUNCTION ledger.auth_user_id() RETURNS uuid
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF pg_has_role(session_user, 'ledger_app', 'member') THEN
        RETURN nullif(current_setting('app.user_id', true), '')::uuid;
    END IF;
    RETURN NULL;
END
$$;

-- The sub-unit that the caller works in; NULL is the organization as a whole.
CREATE FUNCTION ledger.auth_workspace_id() RETURNS uuid
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF pg_has_role(session_user, 'ledger_app', 'member') THEN
        RETURN nullif(current_setting('app.workspace_id', true), '')::uuid;
    END IF;
    RETURN NULL;
END
$$;

-- 'owner' ... 'viewer', 'platform' for who runs the machine, 'system' where no caller is bound, and for every other
-- login 'none', which no policy lists.
CREATE FUNCTION ledger.auth_role() RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF pg_has_role(session_user, 'ledger_app', 'member') THEN
        RETURN coalesce(nullif(current_setting('app.role', true), ''), 'system');
    END IF;
    RETURN 'none';
END
$$;

-- Binds the running transaction to an organization and to who asks. The user is a member's or key's id; the platform's
-- and nobody else's is NULL.
CREATE FUNCTION ledger.bind_caller(p_org uuid, p_user uuid, p_workspace uuid, p_role text) RETURNS void
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF p_org IS NULL OR p_role IS NULL OR (p_user IS NULL AND p_role <> 'platform') THEN
        RAISE EXCEPTION 'bind_caller: an organization, a user and a role are required' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    IF p_role NOT IN ('owner', 'administrator', 'accountant', 'approver', 'sales', 'operator', 'agent', 'auditor', 'viewer', 'platform') THEN
        RAISE EXCEPTION 'bind_caller: % is no role', p_role USING ERRCODE = 'invalid_parameter_value';
    END IF;
    EXECUTE format('SET LOCAL app.org_id = %L', p_org);
    EXECUTE format('SET LOCAL app.user_id = %L', coalesce(p_user::text, ''));
    EXECUTE format('SET LOCAL app.workspace_id = %L', coalesce(p_workspace::text, ''));
    EXECUTE format('SET LOCAL app.role = %L', p_role);
END
$$;

REVOKE ALL ON FUNCTION
    ledger.auth_user_id(), ledger.auth_workspace_id(), ledger.auth_role(),
    ledger.bind_caller(uuid, uuid, uuid, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger.auth_user_id(), ledger.auth_workspace_id(), ledger.auth_role()
    TO ledger_app, ledger_directory, ledger_auditor;
GRANT EXECUTE ON FUNCTION ledger.bind_caller(uuid, uuid, uuid, text) TO ledger_app;

RESET ROLE;
