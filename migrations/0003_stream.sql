-- The streams: one per organization, stored as commits, and what must become durable together with a commit.
--
-- Every table: org_id first in every key, row-level security enabled and forced, the same policy, no sequence, no
-- foreign key. The policy compares with the context once per statement (a sub-select); it does not route: statements
-- say org_id = $1 as well. Text keys are compared byte by byte (COLLATE "C"), so that no upgrade of the machine's
-- collations can make an index disagree with its table.
SET LOCAL ROLE ledger_owner;

-- Where each stream ends. The conditional update of this row is the fence between concurrent writers.
-- Half of each page stays free, so that the update of a busy organization's row stays within its page.
CREATE TABLE ledger.stream_head (
    org_id      uuid        NOT NULL,
    seq         bigint      NOT NULL CHECK (seq >= 0),
    hash        bytea       NOT NULL CHECK (octet_length(hash) = 32),
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (org_id)
) WITH (fillfactor = 50);

-- One row is what one durable transaction appended: event_count events, numbered from first_seq, back to back in payload.
--
-- A plain table, not a declared partitioned one, and ready to become one: the partition key (first_seq) is in the
-- primary key, so the day old history is to move away this table becomes the first partition of a new parent without
-- being rewritten (CREATE … PARTITION BY RANGE (first_seq), then ATTACH PARTITION over a validated CHECK; a test does
-- it). One default partition today was measured: 3 % on an append, nothing on a probe. It would also buy nothing,
-- since nearly every stream lies in the first range, while each partition needs its own policy, FORCE and TRUNCATE
-- trigger, which Postgres does not inherit and somebody can forget.
-- Payloads are dense binary: EXTERNAL keeps Postgres from trying to compress them.
CREATE TABLE ledger.commits (
    org_id      uuid        NOT NULL,
    first_seq   bigint      NOT NULL CHECK (first_seq > 0),
    event_count integer     NOT NULL CHECK (event_count > 0),
    recorded_at timestamptz NOT NULL,
    codec       smallint    NOT NULL CHECK (codec > 0),
    base_id     uuid        NOT NULL,
    prev_hash   bytea       NOT NULL CHECK (octet_length(prev_hash) = 32),
    tree_root   bytea       NOT NULL CHECK (octet_length(tree_root) = 32),
    hash        bytea       NOT NULL CHECK (octet_length(hash) = 32),
    payload     bytea       NOT NULL CHECK (octet_length(payload) > 0),
    PRIMARY KEY (org_id, first_seq)
);
ALTER TABLE ledger.commits ALTER COLUMN payload SET STORAGE EXTERNAL;

-- The answer that a key once got, kept for ever: which events, and what was asked.
CREATE TABLE ledger.idempotency_key (
    org_id       uuid        NOT NULL,
    key          text        COLLATE "C" NOT NULL CHECK (octet_length(key) BETWEEN 1 AND 1000),
    request_hash bytea       NOT NULL CHECK (octet_length(request_hash) = 32),
    first_seq    bigint      NOT NULL CHECK (first_seq > 0),
    event_count  integer     NOT NULL CHECK (event_count >= 0),
    recorded_at  timestamptz NOT NULL,
    PRIMARY KEY (org_id, key)
);

-- Names that other programs gave to entries, unique within the organization.
CREATE TABLE ledger.external_id (
    org_id      uuid   NOT NULL,
    external_id text   COLLATE "C" NOT NULL CHECK (octet_length(external_id) BETWEEN 1 AND 1000),
    seq         bigint NOT NULL CHECK (seq > 0),
    PRIMARY KEY (org_id, external_id)
);

-- The state of an organization at a seq. Saves time only: dropping every row changes nothing else.
CREATE TABLE ledger.snapshot (
    org_id uuid     NOT NULL,
    seq    bigint   NOT NULL CHECK (seq > 0),
    codec  smallint NOT NULL CHECK (codec > 0),
    state  bytea    NOT NULL,
    PRIMARY KEY (org_id, seq)
);
ALTER TABLE ledger.snapshot ALTER COLUMN state SET STORAGE EXTERNAL;

ALTER TABLE ledger.stream_head     ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE ledger.commits         ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE ledger.idempotency_key ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE ledger.external_id     ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE ledger.snapshot        ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

CREATE POLICY own_organization ON ledger.stream_head
    USING (org_id = (SELECT ledger.auth_org_id())) WITH CHECK (org_id = (SELECT ledger.auth_org_id()));
CREATE POLICY own_organization ON ledger.commits
    USING (org_id = (SELECT ledger.auth_org_id())) WITH CHECK (org_id = (SELECT ledger.auth_org_id()));
CREATE POLICY own_organization ON ledger.idempotency_key
    USING (org_id = (SELECT ledger.auth_org_id())) WITH CHECK (org_id = (SELECT ledger.auth_org_id()));
CREATE POLICY own_organization ON ledger.external_id
    USING (org_id = (SELECT ledger.auth_org_id())) WITH CHECK (org_id = (SELECT ledger.auth_org_id()));
CREATE POLICY own_organization ON ledger.snapshot
    USING (org_id = (SELECT ledger.auth_org_id())) WITH CHECK (org_id = (SELECT ledger.auth_org_id()));

GRANT SELECT, INSERT ON ledger.commits, ledger.idempotency_key, ledger.external_id TO ledger_app;
GRANT SELECT, INSERT, UPDATE (seq, hash, recorded_at) ON ledger.stream_head TO ledger_app;
GRANT SELECT, INSERT, DELETE, UPDATE (codec, state) ON ledger.snapshot TO ledger_app;
GRANT SELECT ON ledger.stream_head, ledger.commits, ledger.idempotency_key, ledger.external_id TO ledger_auditor;

-- History is not edited, by nobody: the grants stop the runtime, this stops the owner and the superuser's slip.
CREATE FUNCTION ledger.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION '% on %.% refused: commits are append-only', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'LK003', HINT = 'Correct the books by appending (a reversal, a correction); history stays as it was.';
END
$$;
REVOKE ALL ON FUNCTION ledger.refuse_change() FROM PUBLIC;

-- Per statement, so that even a statement that touches no row is refused; ALWAYS, so that a replica's session is too.
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.commits
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
ALTER TABLE ledger.commits ENABLE ALWAYS TRIGGER append_only;

RESET ROLE;
