-- The directory: which organizations there are, and the few questions that have to look across them.
SET LOCAL ROLE ledger_owner;

-- The only table whose rows are looked up before the organization is known; even so a bound session sees its own row
-- only, and everybody else asks the functions below. The slug is unique across organizations: the one key that must be.
CREATE TABLE control.organization (
    org_id              uuid        NOT NULL,
    slug                text        COLLATE "C" NOT NULL CHECK (slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
    name                text        NOT NULL CHECK (octet_length(name) BETWEEN 1 AND 1000),
    functional_currency text        COLLATE "C" NOT NULL CHECK (octet_length(functional_currency) BETWEEN 1 AND 64),
    valuation           text        COLLATE "C" NOT NULL CHECK (valuation IN ('required', 'by-commodity')),
    created_at          timestamptz NOT NULL,
    PRIMARY KEY (org_id),
    CONSTRAINT organization_slug_key UNIQUE (slug)
);
ALTER TABLE control.organization ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own_organization ON control.organization
    USING (org_id = (SELECT ledger.auth_org_id())) WITH CHECK (org_id = (SELECT ledger.auth_org_id()));
GRANT SELECT, INSERT ON control.organization TO ledger_app;
GRANT SELECT ON control.organization TO ledger_auditor;

-- What ledger_directory may see, and it may only look.
CREATE POLICY directory_reads ON control.organization FOR SELECT TO ledger_directory USING (true);
CREATE POLICY directory_reads ON ledger.stream_head FOR SELECT TO ledger_directory USING (true);
CREATE POLICY directory_reads ON read.projection_checkpoint FOR SELECT TO ledger_directory USING (true);
GRANT SELECT ON control.organization, ledger.stream_head, read.projection_checkpoint TO ledger_directory;

-- Enters an organization and the head of its empty stream. Answers 'created' or 'taken' (the slug or the id is in use).
CREATE FUNCTION control.create_organization(
    p_org uuid, p_slug text, p_name text, p_functional_currency text, p_valuation text,
    p_created_at timestamptz, p_genesis_hash bytea
) RETURNS text
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    EXECUTE format('SET LOCAL app.org_id = %L', p_org);
    INSERT INTO control.organization AS o (org_id, slug, name, functional_currency, valuation, created_at)
    VALUES (p_org, p_slug, p_name, p_functional_currency, p_valuation, p_created_at)
    ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        RETURN 'taken';
    END IF;
    INSERT INTO ledger.stream_head (org_id, seq, hash, recorded_at) VALUES (p_org, 0, p_genesis_hash, p_created_at);
    RETURN 'created';
END
$$;

CREATE FUNCTION control.org_list() RETURNS SETOF control.organization
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT o.* FROM control.organization AS o ORDER BY o.slug
$$;

CREATE FUNCTION control.org_by_slug(p_slug text) RETURNS SETOF control.organization
    LANGUAGE sql STABLE SECURITY DEFINER ROWS 1
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT o.* FROM control.organization AS o WHERE o.slug = p_slug
$$;

-- The sweep: organizations in which the projection has events to apply, in the order of their ids, after p_after.
--
-- Two primary keys merged, stopping at the limit; no lock is taken and nothing is claimed. Left out: who stopped at a
-- poisoned event (until it is resumed, or a new version comes), and who is leased to somebody at p_now.
CREATE FUNCTION control.lagging(p_projection text, p_version integer, p_now timestamptz, p_after uuid, p_limit integer)
    RETURNS TABLE (org_id uuid, head_seq bigint, applied_seq bigint)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT h.org_id, h.seq, coalesce(c.seq, 0)
      FROM ledger.stream_head AS h
      LEFT JOIN read.projection_checkpoint AS c ON c.org_id = h.org_id AND c.name = p_projection
     WHERE (p_after IS NULL OR h.org_id > p_after)
       AND h.seq > 0
       AND (c.seq IS NULL OR c.seq < h.seq OR c.version <> p_version)
       AND (c.status IS DISTINCT FROM 'failed' OR c.version <> p_version)
       AND (c.lease_until IS NULL OR c.lease_until <= p_now)
     ORDER BY h.org_id
     LIMIT p_limit
$$;

REVOKE ALL ON FUNCTION
    control.create_organization(uuid, text, text, text, text, timestamptz, bytea),
    control.org_list(), control.org_by_slug(text),
    control.lagging(text, integer, timestamptz, uuid, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    control.create_organization(uuid, text, text, text, text, timestamptz, bytea),
    control.org_list(), control.org_by_slug(text),
    control.lagging(text, integer, timestamptz, uuid, integer) TO ledger_app;

-- Giving a function away asks for the right to create where it lies, for as long as it takes.
GRANT CREATE ON SCHEMA control TO ledger_directory;
RESET ROLE;
ALTER FUNCTION control.org_list() OWNER TO ledger_directory;
ALTER FUNCTION control.org_by_slug(text) OWNER TO ledger_directory;
ALTER FUNCTION control.lagging(text, integer, timestamptz, uuid, integer) OWNER TO ledger_directory;
SET LOCAL ROLE ledger_owner;
REVOKE CREATE ON SCHEMA control FROM ledger_directory;
RESET ROLE;
