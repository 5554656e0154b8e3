-- Answers to writes beside the book (keys, members, webhooks): kept for ever under the caller's key, in the transaction of the write.
SET LOCAL ROLE ledger_owner;

CREATE TABLE ledger.kept_answer (
    org_id       uuid        NOT NULL,
    key          text        COLLATE "C" NOT NULL CHECK (octet_length(key) BETWEEN 1 AND 1000),
    request_hash bytea       NOT NULL CHECK (octet_length(request_hash) = 32),
    status       smallint,
    answer       text,
    PRIMARY KEY (org_id, key)
);
ALTER TABLE ledger.kept_answer ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own_organization ON ledger.kept_answer
    USING (org_id = (SELECT ledger.auth_org_id())) WITH CHECK (org_id = (SELECT ledger.auth_org_id()));
-- The row is claimed before the work and filled after it, within one transaction.
GRANT SELECT, INSERT, UPDATE (status, answer) ON ledger.kept_answer TO ledger_app;

RESET ROLE;
