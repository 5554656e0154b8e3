-- How far projections are behind, counted over all organizations: what whoever watches the machine has to know.
SET LOCAL ROLE ledger_owner;

-- One row per projection: organizations with events to apply, the most events that one has to, the age in seconds of the oldest
-- last event that is not applied, and the organizations in which it stopped.
CREATE FUNCTION control.projection_lag(p_projections text[])
    RETURNS TABLE (projection text, behind bigint, events bigint, seconds bigint, stopped bigint)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT p.name,
           count(*) FILTER (WHERE h.seq > coalesce(c.seq, 0)),
           coalesce(max(h.seq - coalesce(c.seq, 0)), 0),
           coalesce(max(greatest(0, extract(epoch FROM statement_timestamp() - h.recorded_at)::bigint))
                    FILTER (WHERE h.seq > coalesce(c.seq, 0)), 0),
           count(*) FILTER (WHERE c.status = 'failed')
      FROM unnest(p_projections) AS p(name)
      LEFT JOIN ledger.stream_head AS h ON h.seq > 0
      LEFT JOIN read.projection_checkpoint AS c ON c.org_id = h.org_id AND c.name = p.name
     GROUP BY p.name
$$;

REVOKE ALL ON FUNCTION control.projection_lag(text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION control.projection_lag(text[]) TO ledger_app;

GRANT CREATE ON SCHEMA control TO ledger_directory;
RESET ROLE;
ALTER FUNCTION control.projection_lag(text[]) OWNER TO ledger_directory;
SET LOCAL ROLE ledger_owner;
REVOKE CREATE ON SCHEMA control FROM ledger_directory;
RESET ROLE;
