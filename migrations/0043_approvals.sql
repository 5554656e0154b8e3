-- Agents and what running them costs, what was drafted and what became of it, requests for approval.
SET LOCAL ROLE ledger_owner;

-- Agents as they are registered now.
CREATE TABLE read.agent (
    org_id    uuid    NOT NULL,
    agent_no  integer NOT NULL CHECK (agent_no > 0),
    code      text    COLLATE "C" NOT NULL,
    name      text    NOT NULL,
    type      text    COLLATE "C" NOT NULL, -- assistant, accountant, analyst, auditor, other
    model     text    NOT NULL,
    currency  text    COLLATE "C" NOT NULL, -- of its costs and its budget
    budget    numeric, -- for a month; NULL where nothing bounds it
    suspended boolean NOT NULL,
    stopped   boolean NOT NULL, -- whether nothing of it posts itself, because people rejected too much
    PRIMARY KEY (org_id, agent_no)
);

-- One row per execution. Rows never change. cost is exact, in the agent's currency.
CREATE TABLE read.agent_run (
    org_id       uuid        NOT NULL,
    seq          bigint      NOT NULL,
    ran_at       timestamptz NOT NULL,
    agent_no     integer     NOT NULL,
    model        text        NOT NULL,
    tokens_in    bigint      NOT NULL,
    tokens_out   bigint      NOT NULL,
    cost         numeric     NOT NULL,
    currency     text        COLLATE "C" NOT NULL,
    latency_ms   bigint      NOT NULL,
    outcome      text        COLLATE "C" NOT NULL, -- succeeded, failed, refused, cancelled
    error        text,
    confidence   numeric,
    acted_for    text,
    conversation uuid,
    PRIMARY KEY (org_id, seq)
);
CREATE INDEX agent_run_by_agent ON read.agent_run (org_id, agent_no, ran_at);

-- One row per draft, by the event that proposed it. amount is the sum of its debits in the functional currency, as
-- corrected last. A draft waits until it is posted, rejected or withdrawn; posted_seq is then the entry or document that it
-- became, and four_eyes whether somebody approved it who neither wrote it nor was acted for.
CREATE TABLE read.draft (
    org_id      uuid        NOT NULL,
    seq         bigint      NOT NULL,
    drafted_at  timestamptz NOT NULL,
    subject     text        COLLATE "C" NOT NULL, -- entry, bill, payout, payment, reopening, policy
    subject_no  text        NOT NULL, -- its number, month or code where it has one, else draft-SEQ
    source      text        COLLATE "C" NOT NULL, -- person, ai, import
    agent_no    integer,
    model       text,
    actor_no    integer     NOT NULL,
    proposed_by text        NOT NULL,
    acted_for   text,
    business    text        NOT NULL, -- the kind of business that whoever proposed it says it is
    confidence  numeric,
    rationale   text        NOT NULL,
    amount      numeric     NOT NULL,
    hash        text        COLLATE "C" NOT NULL,
    corrections integer     NOT NULL,
    request_seq bigint,
    status      text        COLLATE "C" NOT NULL, -- waiting, posted, rejected, withdrawn
    decided_at  timestamptz,
    decided_by  text, -- who rejected or withdrew it, or approved it: identities, with commas between several
    reason      text,
    posted_seq  bigint,
    route       text        COLLATE "C", -- direct, approved, overridden, auto
    four_eyes   boolean,
    PRIMARY KEY (org_id, seq)
) WITH (fillfactor = 80);
CREATE INDEX draft_by_posted ON read.draft (org_id, posted_seq) WHERE posted_seq IS NOT NULL;
CREATE INDEX draft_by_status ON read.draft (org_id, status, seq);
CREATE INDEX draft_by_agent ON read.draft (org_id, agent_no, drafted_at) WHERE agent_no IS NOT NULL;

-- One row per request for approval. mode, needed and given are those of the step that it has come to; plan has all steps, as
-- mode/needed/seconds until overdue, so that what follows from a vote is told by the row alone.
CREATE TABLE read.approval (
    org_id         uuid        NOT NULL,
    seq            bigint      NOT NULL,
    draft_seq      bigint      NOT NULL,
    subject        text        COLLATE "C" NOT NULL,
    policy         text        COLLATE "C", -- NULL where the ledger itself asks
    policy_version integer,
    source         text        COLLATE "C" NOT NULL,
    amount         numeric     NOT NULL,
    requested_by   text        NOT NULL,
    requested_at   timestamptz NOT NULL,
    plan           text        COLLATE "C" NOT NULL,
    step_no        integer     NOT NULL,
    mode           text        COLLATE "C" NOT NULL, -- single, multiple, unanimous, majority, veto
    needed         integer     NOT NULL,
    given          integer     NOT NULL,
    rejections     integer     NOT NULL, -- over all steps
    escalations    integer     NOT NULL, -- over all steps
    due_at         timestamptz,
    status         text        COLLATE "C" NOT NULL, -- pending, approved, overridden, rejected, expired, invalidated
    ended_at       timestamptz,
    PRIMARY KEY (org_id, seq)
) WITH (fillfactor = 80);
CREATE INDEX approval_by_status ON read.approval (org_id, status, due_at);

ALTER TABLE read.agent     ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE read.agent_run ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE read.draft     ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE read.approval  ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own_organization ON read.agent
    USING (org_id = (SELECT ledger.auth_org_id())) WITH CHECK (org_id = (SELECT ledger.auth_org_id()));
CREATE POLICY own_organization ON read.agent_run
    USING (org_id = (SELECT ledger.auth_org_id())) WITH CHECK (org_id = (SELECT ledger.auth_org_id()));
CREATE POLICY own_organization ON read.draft
    USING (org_id = (SELECT ledger.auth_org_id())) WITH CHECK (org_id = (SELECT ledger.auth_org_id()));
CREATE POLICY own_organization ON read.approval
    USING (org_id = (SELECT ledger.auth_org_id())) WITH CHECK (org_id = (SELECT ledger.auth_org_id()));
GRANT SELECT, INSERT, UPDATE, DELETE ON read.agent, read.draft, read.approval TO ledger_app;
GRANT SELECT, INSERT, DELETE ON read.agent_run TO ledger_app;
GRANT SELECT ON read.agent, read.agent_run, read.draft, read.approval TO ledger_auditor;

RESET ROLE;
