-- What entries refer to and reports show beside them: who acted, parties, documents, what became of months, rates by day.
SET LOCAL ROLE ledger_owner;

-- Who acted, by the number that events and read.gl_fact.actor_no name. identity is opaque: a subject, a key's id.
CREATE TABLE read.actor (
    org_id   uuid    NOT NULL,
    actor_no integer NOT NULL CHECK (actor_no > 0),
    kind     text    COLLATE "C" NOT NULL, -- user, api_key, agent, system
    identity text    COLLATE "C" NOT NULL,
    PRIMARY KEY (org_id, actor_no)
);

CREATE TABLE read.party (
    org_id   uuid    NOT NULL,
    party_no integer NOT NULL CHECK (party_no > 0),
    code     text    COLLATE "C" NOT NULL,
    kind     text    COLLATE "C" NOT NULL, -- customer, vendor, payee
    PRIMARY KEY (org_id, party_no)
);

-- One row per document, by the event that recorded it, which is that of its entry too. Rows never change. channel and
-- confidence say how it came in and how sure whoever or whatever read it was.
CREATE TABLE read.document (
    org_id      uuid    NOT NULL,
    seq         bigint  NOT NULL,
    kind        text    COLLATE "C" NOT NULL,
    side        text    COLLATE "C" NOT NULL,
    number      text    COLLATE "C" NOT NULL,
    party_no    integer NOT NULL,
    date        date    NOT NULL,
    relates_seq bigint,
    channel     text    COLLATE "C",
    confidence  numeric,
    PRIMARY KEY (org_id, seq)
);
CREATE INDEX document_by_kind ON read.document (org_id, kind, date);

-- Months that were ever closed, by their first day: what became of them last. closed_at is NULL where they are open again.
CREATE TABLE read.period (
    org_id    uuid NOT NULL,
    month     date NOT NULL,
    status    text COLLATE "C" NOT NULL, -- open, soft-closed, hard-closed
    closed_at timestamptz,
    PRIMARY KEY (org_id, month)
);

-- Quotes: one unit of base is worth rate units of quote. Of several of a kind for a day the last one recorded counts.
CREATE TABLE read.fx_rate (
    org_id uuid    NOT NULL,
    date   date    NOT NULL,
    base   text    COLLATE "C" NOT NULL,
    quote  text    COLLATE "C" NOT NULL,
    kind   text    COLLATE "C" NOT NULL, -- spot, average, closing
    rate   numeric NOT NULL,
    source text    NOT NULL,
    PRIMARY KEY (org_id, date, base, quote, kind)
);

ALTER TABLE read.actor    ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE read.party    ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE read.document ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE read.period   ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE read.fx_rate  ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own_organization ON read.actor
    USING (org_id = (SELECT ledger.auth_org_id())) WITH CHECK (org_id = (SELECT ledger.auth_org_id()));
CREATE POLICY own_organization ON read.party
    USING (org_id = (SELECT ledger.auth_org_id())) WITH CHECK (org_id = (SELECT ledger.auth_org_id()));
CREATE POLICY own_organization ON read.document
    USING (org_id = (SELECT ledger.auth_org_id())) WITH CHECK (org_id = (SELECT ledger.auth_org_id()));
CREATE POLICY own_organization ON read.period
    USING (org_id = (SELECT ledger.auth_org_id())) WITH CHECK (org_id = (SELECT ledger.auth_org_id()));
CREATE POLICY own_organization ON read.fx_rate
    USING (org_id = (SELECT ledger.auth_org_id())) WITH CHECK (org_id = (SELECT ledger.auth_org_id()));
GRANT SELECT, INSERT, UPDATE, DELETE ON read.actor, read.party, read.document, read.period, read.fx_rate TO ledger_app;
GRANT SELECT ON read.actor, read.party, read.document, read.period, read.fx_rate TO ledger_auditor;

RESET ROLE;
