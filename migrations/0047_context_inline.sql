-- The organization of the running statement, in a form that the planner writes into each policy, as it was in 0007: since 0040 it
-- was a call per policy again, which three policies of a posting paid for. What logins of questions are answered is a function of
-- its own, and the runtime's branch, first as ever, never comes to it.
SET LOCAL ROLE ledger_owner;
-- The directory owns the new function; whoever makes it must be able to act as the directory there.
GRANT CREATE ON SCHEMA ledger TO ledger_directory;
RESET ROLE;

SET LOCAL ROLE ledger_directory;
-- Whose a login of questions is: the second and third branch of 0046. NULL for every other login.
CREATE FUNCTION ledger.auth_asking_org_id() RETURNS uuid
    LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    said text[];
BEGIN
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
-- What a policy calls is called by whoever reads.
REVOKE ALL ON FUNCTION ledger.auth_asking_org_id() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger.auth_asking_org_id() TO ledger_owner, ledger_app, ledger_auditor, ledger_semantic, ledger_llm_read, ledger_logins;
RESET ROLE;

-- It reads nothing by itself any more, so it needs nobody's rights but the reader's.
ALTER FUNCTION ledger.auth_org_id() OWNER TO ledger_owner;
SET LOCAL ROLE ledger_owner;
REVOKE CREATE ON SCHEMA ledger FROM ledger_directory;
-- The body is parsed here and now, so that no search path can change what its names mean.
CREATE OR REPLACE FUNCTION ledger.auth_org_id() RETURNS uuid
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN CASE WHEN pg_has_role(session_user, 'ledger_app', 'member') THEN nullif(current_setting('app.org_id', true), '')::uuid
                ELSE ledger.auth_asking_org_id() END;
GRANT EXECUTE ON FUNCTION ledger.auth_org_id() TO ledger_directory;
RESET ROLE;
