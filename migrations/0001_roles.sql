-- Roles: who owns, who runs, who looks things up, who audits. None of them can log in.
--
-- Roles belong to the cluster, not to the database, so every statement here holds when the role is there already
-- and when two databases of one cluster are migrated at the same moment.
--   ledger_owner      owns schemas, tables and functions; nobody runs as it
--   ledger_app        the runtime; login roles become members of it
--   ledger_directory  owns the few functions that look across organizations; may only SELECT
--   ledger_auditor    reads one organization's books, bound by row-level security like everybody else
DO $roles$
DECLARE
    role_name text;
BEGIN
    FOREACH role_name IN ARRAY ARRAY['ledger_owner', 'ledger_app', 'ledger_directory', 'ledger_auditor'] LOOP
        IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = role_name) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS', role_name);
            EXCEPTION WHEN duplicate_object OR unique_violation THEN
                NULL; -- another database's migration was faster
            END;
        END IF;
    END LOOP;

    -- An administrator that is no superuser must be able to act as the owners it has just made.
    IF NOT (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user) THEN
        FOREACH role_name IN ARRAY ARRAY['ledger_owner', 'ledger_directory'] LOOP
            IF NOT pg_has_role(current_user, role_name, 'member') THEN
                BEGIN
                    EXECUTE format('GRANT %I TO %I', role_name, current_user);
                EXCEPTION WHEN unique_violation THEN
                    NULL;
                END;
            END IF;
        END LOOP;
    END IF;

    -- The runtime compares the schema it finds with the one it was built for.
    IF to_regclass('_sqlx_migrations') IS NOT NULL THEN
        GRANT SELECT ON _sqlx_migrations TO ledger_app;
    END IF;
END
$roles$;

-- Clusters upgraded from before version 15 still let everybody create objects in "public".
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
