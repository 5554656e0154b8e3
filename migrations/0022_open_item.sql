-- Open items and what settled them: receivables and payables as of any date, as known at any moment.
SET LOCAL ROLE ledger_owner;

-- The control accounts of each projection's chart, as of its own checkpoint (see read.account).
CREATE TABLE read.control_account (
    org_id     uuid    NOT NULL,
    projection text    COLLATE "C" NOT NULL,
    account_no integer NOT NULL CHECK (account_no > 0),
    side       text    COLLATE "C" NOT NULL,
    PRIMARY KEY (org_id, projection, account_no)
);

-- One row per line that was posted to a control account. Amounts are signed, debit positive, in the units of currency and
-- of the functional currency; open and open_functional are what is left after everything known so far.
--
-- An item is of no interest as of a date once it was settled before it. settled_on is the last day on which anything
-- happened to an item that is now settled ('infinity' while it is open), settled_seq the event that settled it: an aging
-- as of a day reads what was settled after that day, one as known at an event also what was settled after that event, and
-- neither reads what is settled long before.
CREATE TABLE read.open_item (
    org_id          uuid        NOT NULL,
    item_seq        bigint      NOT NULL,
    item_line       integer     NOT NULL,
    recorded_at     timestamptz NOT NULL,
    side            text        COLLATE "C" NOT NULL,
    account_no      integer     NOT NULL,
    party           text        COLLATE "C" NOT NULL,
    document        text        COLLATE "C" NOT NULL,
    kind            text        COLLATE "C" NOT NULL,
    date            date        NOT NULL,
    due_date        date,
    currency        text        COLLATE "C" NOT NULL,
    amount          numeric     NOT NULL,
    functional      numeric     NOT NULL,
    open            numeric     NOT NULL,
    open_functional numeric     NOT NULL,
    last_on         date        NOT NULL,
    settled_on      date        NOT NULL,
    settled_seq     bigint      NOT NULL,
    PRIMARY KEY (org_id, item_seq, item_line)
) WITH (fillfactor = 80); -- most rows are updated once or twice
CREATE INDEX open_item_unsettled ON read.open_item (org_id, side, settled_on);
CREATE INDEX open_item_settled_seq ON read.open_item (org_id, side, settled_seq);
CREATE INDEX open_item_by_party ON read.open_item (org_id, party, side, settled_on);

-- One row per item that an allocation, or its reversal, touched: what was added to the item's open amounts, so negative
-- for what settles a positive item. other_* name the item on the other side. Rows never change.
CREATE TABLE read.allocation (
    org_id            uuid        NOT NULL,
    item_seq          bigint      NOT NULL,
    item_line         integer     NOT NULL,
    seq               bigint      NOT NULL,
    recorded_at       timestamptz NOT NULL,
    date              date        NOT NULL,
    other_seq         bigint      NOT NULL,
    other_line        integer     NOT NULL,
    amount            numeric     NOT NULL,
    functional        numeric     NOT NULL,
    realised          numeric     NOT NULL, -- gain positive, in the functional currency; on the settling side's row only
    reverses_seq      bigint,
    PRIMARY KEY (org_id, item_seq, item_line, seq)
);

CREATE INDEX allocation_by_seq ON read.allocation (org_id, seq); -- what a reversal undoes

ALTER TABLE read.control_account ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE read.open_item       ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE read.allocation      ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own_organization ON read.control_account
    USING (org_id = (SELECT ledger.auth_org_id())) WITH CHECK (org_id = (SELECT ledger.auth_org_id()));
CREATE POLICY own_organization ON read.open_item
    USING (org_id = (SELECT ledger.auth_org_id())) WITH CHECK (org_id = (SELECT ledger.auth_org_id()));
CREATE POLICY own_organization ON read.allocation
    USING (org_id = (SELECT ledger.auth_org_id())) WITH CHECK (org_id = (SELECT ledger.auth_org_id()));
GRANT SELECT, INSERT, UPDATE, DELETE ON read.open_item, read.control_account TO ledger_app;
GRANT SELECT, INSERT, DELETE ON read.allocation TO ledger_app;
GRANT SELECT ON read.open_item, read.allocation, read.control_account TO ledger_auditor;

RESET ROLE;
