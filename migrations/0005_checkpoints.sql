-- How far each projection has come in each organization, who works on it, and what stopped it.
SET LOCAL ROLE ledger_owner;

-- Written in the same transaction as the rows it speaks for. The lease is a conditional update of this row
-- (lease_owner, lease_until), never an advisory lock: those are local to a node and anybody may take them.
CREATE TABLE read.projection_checkpoint (
    org_id      uuid        NOT NULL,
    name        text        COLLATE "C" NOT NULL CHECK (octet_length(name) BETWEEN 1 AND 100),
    version     integer     NOT NULL CHECK (version > 0),
    seq         bigint      NOT NULL CHECK (seq >= 0),
    recorded_at timestamptz,
    status      text        NOT NULL CHECK (status IN ('running', 'failed', 'rebuilding')),
    error       text,
    failed_seq  bigint,
    lease_owner uuid,
    lease_until timestamptz,
    updated_at  timestamptz NOT NULL,
    PRIMARY KEY (org_id, name),
    CHECK ((status = 'failed') = (failed_seq IS NOT NULL AND error IS NOT NULL)),
    CHECK ((lease_owner IS NULL) = (lease_until IS NULL))
) WITH (fillfactor = 50);

ALTER TABLE read.projection_checkpoint ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own_organization ON read.projection_checkpoint
    USING (org_id = (SELECT ledger.auth_org_id())) WITH CHECK (org_id = (SELECT ledger.auth_org_id()));
GRANT SELECT, INSERT, UPDATE, DELETE ON read.projection_checkpoint TO ledger_app;
GRANT SELECT ON read.projection_checkpoint TO ledger_auditor;

RESET ROLE;
