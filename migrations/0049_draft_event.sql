-- Which events a draft's history is made of, so that it is read without reading the stream.
SET LOCAL ROLE ledger_owner;

-- One row per event that is about a draft: what proposed it, corrections, requests for its approval and all that happened to
-- them, and its end. An event is about one draft. Rows never change. Those of before this migration come when the projection
-- `draft` is rebuilt, which its raised version asks for; until then history is read from the stream, as it was.
CREATE TABLE read.draft_event (
    org_id    uuid   NOT NULL,
    draft_seq bigint NOT NULL,
    seq       bigint NOT NULL,
    PRIMARY KEY (org_id, draft_seq, seq)
);
-- A vote names its request, and the request's own row says of which draft it is.
CREATE UNIQUE INDEX draft_event_by_seq ON read.draft_event (org_id, seq);

ALTER TABLE read.draft_event ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own_organization ON read.draft_event
    USING (org_id = (SELECT ledger.auth_org_id())) WITH CHECK (org_id = (SELECT ledger.auth_org_id()));
GRANT SELECT, INSERT, DELETE ON read.draft_event TO ledger_app;
GRANT SELECT ON read.draft_event TO ledger_auditor;

RESET ROLE;
