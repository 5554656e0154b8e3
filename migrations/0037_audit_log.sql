-- Who asked for what: every access to an organization's data and every change, with its outcome. Beside history, which says
-- what changed; this says who looked, too. Append-only; erased with the organization only.
SET LOCAL ROLE ledger_owner;

CREATE TABLE ledger.audit_log (
    org_id      uuid        NOT NULL,
    -- The request's own id (UUIDv7): the order of the log, and what answers and logs call the request.
    id          uuid        NOT NULL,
    occurred_at timestamptz NOT NULL,
    -- user, api_key, agent or system; and who, as an opaque id. For an agent: on whose behalf.
    actor_kind  text        COLLATE "C" NOT NULL,
    actor       text        COLLATE "C" NOT NULL,
    acting_for  text        COLLATE "C",
    resource    text        COLLATE "C" NOT NULL,
    action      text        COLLATE "C" NOT NULL,
    method      text        COLLATE "C" NOT NULL,
    route       text        COLLATE "C" NOT NULL,
    -- Which records, as the path names them, and what was written: their seqs.
    records     text        COLLATE "C" NOT NULL,
    personal    boolean     NOT NULL,
    remote      text        COLLATE "C" NOT NULL,
    correlation text        COLLATE "C",
    status      smallint    NOT NULL,
    code        text        COLLATE "C",
    micros      bigint      NOT NULL,
    PRIMARY KEY (org_id, id)
);

ALTER TABLE ledger.audit_log ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own_organization ON ledger.audit_log
    USING (org_id = (SELECT ledger.auth_org_id())) WITH CHECK (org_id = (SELECT ledger.auth_org_id()));
GRANT SELECT, INSERT ON ledger.audit_log TO ledger_app;
GRANT SELECT ON ledger.audit_log TO ledger_auditor;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
ALTER TABLE ledger.audit_log ENABLE ALWAYS TRIGGER append_only;

RESET ROLE;
