-- Where webhooks have something to do, across organizations: the two questions that the sender has to ask the directory.
SET LOCAL ROLE ledger_owner;

-- The cursor says nothing of where messages go nor what they are signed with; those the directory may not see.
CREATE POLICY directory_reads ON ledger.webhook_cursor FOR SELECT TO ledger_directory USING (true);
GRANT SELECT ON ledger.webhook_cursor TO ledger_directory;

-- Active endpoints with events after their cursor whose turn has come, or with dead letters to send again, in the order of
-- their ids, after (p_after_org, p_after). Nothing is claimed; who is leased to somebody at p_now is left out.
CREATE FUNCTION control.webhooks_due(p_now timestamptz, p_after_org uuid, p_after uuid, p_limit integer)
    RETURNS TABLE (org_id uuid, endpoint_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT c.org_id, c.endpoint_id
      FROM ledger.webhook_cursor AS c
      JOIN ledger.stream_head AS h ON h.org_id = c.org_id
     WHERE c.active
       AND (p_after_org IS NULL OR (c.org_id, c.endpoint_id) > (p_after_org, p_after))
       AND (c.replays OR (c.seq < h.seq AND (c.next_attempt_at IS NULL OR c.next_attempt_at <= p_now)))
       AND (c.lease_until IS NULL OR c.lease_until <= p_now)
     ORDER BY c.org_id, c.endpoint_id
     LIMIT p_limit
$$;

-- What is behind, for whoever watches the machine: endpoints that are active, those behind the stream, those that are being
-- tried again after a failure, the events that the furthest behind waits for, and the endpoints that are disabled.
CREATE FUNCTION control.webhook_backlog()
    RETURNS TABLE (active bigint, behind bigint, retrying bigint, furthest bigint, inactive bigint)
    LANGUAGE sql STABLE SECURITY DEFINER ROWS 1
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT count(*) FILTER (WHERE c.active),
           count(*) FILTER (WHERE c.active AND c.seq < h.seq),
           count(*) FILTER (WHERE c.active AND c.attempts > 0),
           coalesce(max(h.seq - c.seq) FILTER (WHERE c.active), 0),
           count(*) FILTER (WHERE NOT c.active)
      FROM ledger.webhook_cursor AS c
      JOIN ledger.stream_head AS h ON h.org_id = c.org_id
$$;

REVOKE ALL ON FUNCTION control.webhooks_due(timestamptz, uuid, uuid, integer), control.webhook_backlog() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION control.webhooks_due(timestamptz, uuid, uuid, integer), control.webhook_backlog() TO ledger_app;

GRANT CREATE ON SCHEMA control TO ledger_directory;
RESET ROLE;
ALTER FUNCTION control.webhooks_due(timestamptz, uuid, uuid, integer) OWNER TO ledger_directory;
ALTER FUNCTION control.webhook_backlog() OWNER TO ledger_directory;
SET LOCAL ROLE ledger_owner;
REVOKE CREATE ON SCHEMA control FROM ledger_directory;
RESET ROLE;
