-- Who wants to be told of events by HTTP, how far each was told, and what became of every attempt.
SET LOCAL ROLE ledger_owner;

-- The stream itself is what waits to be sent: nothing is copied when an event is recorded, so nothing can be lost on the way.
-- A deleted endpoint keeps its row, for what was sent to it stays on record.
CREATE TABLE ledger.webhook_endpoint (
    org_id        uuid        NOT NULL,
    endpoint_id   uuid        NOT NULL,
    url           text        NOT NULL CHECK (octet_length(url) BETWEEN 1 AND 2000),
    description   text        NOT NULL CHECK (octet_length(description) <= 1000),
    event_types   text[]      NOT NULL CHECK (cardinality(event_types) <= 100),
    status        text        COLLATE "C" NOT NULL CHECK (status IN ('active', 'disabled', 'deleted')),
    status_reason text        CHECK (octet_length(status_reason) <= 1000),
    created_at    timestamptz NOT NULL,
    created_by    text        NOT NULL,
    updated_at    timestamptz NOT NULL,
    updated_by    text        NOT NULL,
    PRIMARY KEY (org_id, endpoint_id)
);

-- What an endpoint's messages are signed with. Signing needs the secret itself, not a hash of it: only the runtime may read
-- this table, nothing shows a secret again after it was made, and a deleted endpoint's are deleted. The newest signs for
-- ever; an older one until its expires_at.
CREATE TABLE ledger.webhook_secret (
    org_id      uuid        NOT NULL,
    endpoint_id uuid        NOT NULL,
    secret_no   integer     NOT NULL CHECK (secret_no > 0),
    secret      bytea       NOT NULL CHECK (octet_length(secret) BETWEEN 24 AND 64),
    created_at  timestamptz NOT NULL,
    expires_at  timestamptz,
    PRIMARY KEY (org_id, endpoint_id, secret_no)
);

-- How far an endpoint was told: every event up to seq is settled, that is delivered, dead, or of a type that it does not want.
-- attempts are those of the event that is being sent, next_attempt_at when it is its turn again. Leases are conditional
-- updates of this row, as for projections. replays says that dead letters wait to be sent again.
CREATE TABLE ledger.webhook_cursor (
    org_id          uuid        NOT NULL,
    endpoint_id     uuid        NOT NULL,
    active          boolean     NOT NULL,
    seq             bigint      NOT NULL CHECK (seq >= 0),
    attempts        integer     NOT NULL CHECK (attempts >= 0),
    next_attempt_at timestamptz,
    replays         boolean     NOT NULL,
    lease_owner     uuid,
    lease_until     timestamptz,
    updated_at      timestamptz NOT NULL,
    PRIMARY KEY (org_id, endpoint_id),
    CHECK ((lease_owner IS NULL) = (lease_until IS NULL))
) WITH (fillfactor = 50);

-- Every attempt that ended, for ever. attempt_id is a UUIDv7, so the order of ids is the order of time. seq is 0 for a test.
CREATE TABLE ledger.webhook_attempt (
    org_id      uuid        NOT NULL,
    endpoint_id uuid        NOT NULL,
    attempt_id  uuid        NOT NULL,
    message_id  text        COLLATE "C" NOT NULL,
    kind        text        COLLATE "C" NOT NULL CHECK (kind IN ('event', 'replay', 'test')),
    seq         bigint      NOT NULL CHECK (seq >= 0),
    event_type  text        COLLATE "C" NOT NULL,
    attempt     integer     NOT NULL CHECK (attempt > 0),
    started_at  timestamptz NOT NULL,
    duration_ms integer     NOT NULL CHECK (duration_ms >= 0),
    delivered   boolean     NOT NULL,
    http_status smallint,
    error       text        CHECK (octet_length(error) <= 1000),
    response    text        CHECK (octet_length(response) <= 4000),
    PRIMARY KEY (org_id, endpoint_id, attempt_id)
);
CREATE INDEX webhook_attempt_of_event ON ledger.webhook_attempt (org_id, endpoint_id, seq);
CREATE INDEX webhook_attempt_failed ON ledger.webhook_attempt (org_id, endpoint_id, attempt_id) WHERE NOT delivered;

-- Events that an endpoint did not accept in all their attempts. One is sent again when somebody asks for it.
CREATE TABLE ledger.webhook_dead_letter (
    org_id      uuid        NOT NULL,
    endpoint_id uuid        NOT NULL,
    seq         bigint      NOT NULL CHECK (seq > 0),
    event_type  text        COLLATE "C" NOT NULL,
    status      text        COLLATE "C" NOT NULL CHECK (status IN ('dead', 'queued', 'delivered')),
    attempts    integer     NOT NULL CHECK (attempts > 0),
    died_at     timestamptz NOT NULL,
    http_status smallint,
    error       text        CHECK (octet_length(error) <= 1000),
    updated_at  timestamptz NOT NULL,
    PRIMARY KEY (org_id, endpoint_id, seq)
);
CREATE INDEX webhook_dead_letter_queued ON ledger.webhook_dead_letter (org_id, endpoint_id, seq) WHERE status = 'queued';

ALTER TABLE ledger.webhook_endpoint    ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE ledger.webhook_secret      ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE ledger.webhook_cursor      ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE ledger.webhook_attempt     ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE ledger.webhook_dead_letter ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own_organization ON ledger.webhook_endpoint
    USING (org_id = (SELECT ledger.auth_org_id())) WITH CHECK (org_id = (SELECT ledger.auth_org_id()));
CREATE POLICY own_organization ON ledger.webhook_secret
    USING (org_id = (SELECT ledger.auth_org_id())) WITH CHECK (org_id = (SELECT ledger.auth_org_id()));
CREATE POLICY own_organization ON ledger.webhook_cursor
    USING (org_id = (SELECT ledger.auth_org_id())) WITH CHECK (org_id = (SELECT ledger.auth_org_id()));
CREATE POLICY own_organization ON ledger.webhook_attempt
    USING (org_id = (SELECT ledger.auth_org_id())) WITH CHECK (org_id = (SELECT ledger.auth_org_id()));
CREATE POLICY own_organization ON ledger.webhook_dead_letter
    USING (org_id = (SELECT ledger.auth_org_id())) WITH CHECK (org_id = (SELECT ledger.auth_org_id()));

GRANT SELECT, INSERT ON ledger.webhook_endpoint, ledger.webhook_dead_letter, ledger.webhook_cursor TO ledger_app;
GRANT UPDATE (url, description, event_types, status, status_reason, updated_at, updated_by) ON ledger.webhook_endpoint TO ledger_app;
GRANT UPDATE (active, seq, attempts, next_attempt_at, replays, lease_owner, lease_until, updated_at) ON ledger.webhook_cursor TO ledger_app;
GRANT UPDATE (status, attempts, http_status, error, updated_at) ON ledger.webhook_dead_letter TO ledger_app;
GRANT SELECT, INSERT, DELETE ON ledger.webhook_secret TO ledger_app;
GRANT DELETE ON ledger.webhook_cursor TO ledger_app;
GRANT UPDATE (expires_at) ON ledger.webhook_secret TO ledger_app;
GRANT SELECT, INSERT ON ledger.webhook_attempt TO ledger_app;
GRANT SELECT ON ledger.webhook_endpoint, ledger.webhook_cursor, ledger.webhook_attempt, ledger.webhook_dead_letter TO ledger_auditor;

RESET ROLE;
