-- Where a server does not let us make logins: one login for all organizations, and a signed word that says whose a session is.
--
-- Second choice to a login per organization (0040), which needs nothing to be said. The administrator makes one login,
-- ledger_llm_shared, a member of ledger_llm_read and of nothing else. Each of its transactions is told whose it is by a setting,
-- and a setting can be set by the statement that runs there: so it counts only with a signature that the runtime asks for, over the
-- organization, the backend and the moment at which the transaction began. None of these can be chosen by a statement, and the
-- secret is read by two functions only. What was signed for another backend, or for an earlier transaction of this one, is nothing.
SET LOCAL ROLE ledger_owner;
GRANT SELECT (secret) ON ledger.org_login TO ledger_directory;
-- The directory owns the function below; whoever replaces it must be able to act as the directory there.
GRANT CREATE ON SCHEMA ledger TO ledger_directory;
GRANT CREATE ON SCHEMA control TO ledger_logins;
RESET ROLE;

SET LOCAL ROLE ledger_directory;
-- As in 0040, with a third branch. A worker of a parallel plan is another backend, where nothing would be signed; policies ask
-- once per statement, in the first backend, and sessions of the shared login plan without workers besides.
CREATE OR REPLACE FUNCTION ledger.auth_org_id() RETURNS uuid
    LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    said text[];
BEGIN
    IF pg_has_role(session_user, 'ledger_app', 'member') THEN
        RETURN nullif(current_setting('app.org_id', true), '')::uuid;
    END IF;
    IF session_user ~ '^ledger_llm_[0-9a-f]{32}$' THEN
        RETURN (SELECT l.org_id FROM ledger.org_login AS l
                 WHERE l.org_id = substr(session_user::text, 12)::uuid AND l.rolname = session_user::text);
    END IF;
    IF session_user = 'ledger_llm_shared' THEN
        said := regexp_match(current_setting('app.signed_org', true),
                             '^([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\|([0-9]{1,9})\|([0-9]{1,18})\|([0-9a-f]{64})$');
        IF said[2]::integer = pg_backend_pid() AND said[3]::bigint = (extract(epoch FROM transaction_timestamp()) * 1000000)::bigint THEN
            RETURN (SELECT l.org_id FROM ledger.org_login AS l
                     WHERE l.org_id = said[1]::uuid
                       AND said[4] = encode(sha256(l.secret || sha256(l.secret || convert_to(said[1] || '|' || said[2] || '|' || said[3], 'UTF8'))), 'hex'));
        END IF;
    END IF;
    RETURN NULL;
END
$$;
RESET ROLE;

SET LOCAL ROLE ledger_owner;
-- Signs, for the organization that the transaction is bound to, that a transaction of a backend is its: the backend's process
-- id, and when the transaction began, in microseconds since 1970.
CREATE FUNCTION control.sign_semantic_context(p_backend integer, p_began bigint) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_org    uuid := ledger.auth_org_id();
    v_secret bytea;
    v_said   text;
BEGIN
    IF v_org IS NULL OR p_backend IS NULL OR p_began IS NULL OR NOT EXISTS (SELECT FROM control.organization AS o WHERE o.org_id = v_org) THEN
        RAISE EXCEPTION 'sign_semantic_context: the transaction is not bound to an organization of this database' USING ERRCODE = 'LK040';
    END IF;
    SELECT l.secret INTO v_secret FROM ledger.org_login AS l WHERE l.org_id = v_org;
    IF NOT FOUND THEN
        v_secret := uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid());
        INSERT INTO ledger.org_login AS l (org_id, rolname, secret)
        VALUES (v_org, 'ledger_llm_' || replace(v_org::text, '-', ''), v_secret) ON CONFLICT (org_id) DO NOTHING;
        SELECT l.secret INTO v_secret FROM ledger.org_login AS l WHERE l.org_id = v_org;
    END IF;
    v_said := format('%s|%s|%s', v_org, p_backend, p_began);
    RETURN v_said || '|' || encode(sha256(v_secret || sha256(v_secret || convert_to(v_said, 'UTF8'))), 'hex');
END
$$;
REVOKE ALL ON FUNCTION control.sign_semantic_context(integer, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION control.sign_semantic_context(integer, bigint) TO ledger_app;
RESET ROLE;
ALTER FUNCTION control.sign_semantic_context(integer, bigint) OWNER TO ledger_logins;
SET LOCAL ROLE ledger_owner;
REVOKE CREATE ON SCHEMA ledger FROM ledger_directory;
REVOKE CREATE ON SCHEMA control FROM ledger_logins;
RESET ROLE;
