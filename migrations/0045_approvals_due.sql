-- Which requests for approval are overdue, across organizations: the question that whoever watches deadlines asks the directory.
SET LOCAL ROLE ledger_owner;

CREATE INDEX approval_due ON read.approval (org_id, due_at) WHERE status = 'pending' AND due_at IS NOT NULL;

-- Of what is asked for, the directory sees when it is due and nothing of what it is about.
CREATE POLICY directory_reads ON read.approval FOR SELECT TO ledger_directory USING (true);
GRANT SELECT (org_id, seq, step_no, due_at, status) ON read.approval TO ledger_directory;

-- Requests that wait for votes and were due at p_now or before, the longest overdue first.
CREATE FUNCTION control.approvals_due(p_now timestamptz, p_limit integer)
    RETURNS TABLE (org_id uuid, seq bigint, step_no integer, due_at timestamptz)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT a.org_id, a.seq, a.step_no, a.due_at
      FROM read.approval AS a
     WHERE a.status = 'pending' AND a.due_at IS NOT NULL AND a.due_at <= p_now
     ORDER BY a.due_at, a.org_id, a.seq
     LIMIT p_limit
$$;

REVOKE ALL ON FUNCTION control.approvals_due(timestamptz, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION control.approvals_due(timestamptz, integer) TO ledger_app;

GRANT CREATE ON SCHEMA control TO ledger_directory;
RESET ROLE;
ALTER FUNCTION control.approvals_due(timestamptz, integer) OWNER TO ledger_directory;
SET LOCAL ROLE ledger_owner;
REVOKE CREATE ON SCHEMA control FROM ledger_directory;
RESET ROLE;
