-- Cash flow by the direct method: what came in and went out, and what for.
SET LOCAL ROLE ledger_owner;

-- What an account's movements count as, where somebody said so; each projection's picture has it as of its checkpoint.
ALTER TABLE read.account ADD COLUMN activity text COLLATE "C";

-- Movements of cash, each split over what it was for. Amounts are signed: cash received is positive. Rows are only added:
-- an allocation takes from 'unapplied' and gives to the accounts that what was settled came from, its reversal gives it
-- back, all dated as the cash moved. So as of a day, and as known at an event, a statement is a sum over rows.
--
-- kind: 'account' (account_no says what for), 'unapplied' (account_no is the control account), 'exchange' of one currency for
-- another, 'fx' (a change of value without a movement), 'opening' (brought in), 'closing' (moved by a year-end entry).
-- item_*: of the cash of which open item an allocation speaks, and taken, on the first row of each, how many of its
-- smallest units were settled. functional is NULL where the commodity is kept without a value.
CREATE TABLE read.cash_flow (
    org_id       uuid    NOT NULL,
    date         date    NOT NULL,
    seq          bigint  NOT NULL,
    row_no       integer NOT NULL,
    commodity_no integer NOT NULL,
    account_no   integer,
    kind         text    COLLATE "C" NOT NULL,
    amount       numeric NOT NULL,
    functional   numeric,
    item_seq     bigint,
    item_line    integer,
    taken        numeric,
    PRIMARY KEY (org_id, date, seq, row_no)
);
-- What a reversal undoes.
CREATE INDEX cash_flow_by_seq ON read.cash_flow (org_id, seq) WHERE item_seq IS NOT NULL;
CREATE INDEX cash_flow_openings ON read.cash_flow (org_id, seq) WHERE kind = 'opening';

-- What the items of control accounts are made of: the accounts on the other side of their entries, and in which
-- proportion. An item without a row stands for its own control account.
CREATE TABLE read.cash_flow_item (
    org_id    uuid      NOT NULL,
    item_seq  bigint    NOT NULL,
    item_line integer   NOT NULL,
    accounts  integer[] NOT NULL,
    weights   numeric[] NOT NULL,
    PRIMARY KEY (org_id, item_seq, item_line)
);

-- The cash behind items, per currency in its smallest units: what of it no allocation has spoken of yet. units_left is
-- what is left of the item itself.
CREATE TABLE read.cash_flow_unapplied (
    org_id       uuid    NOT NULL,
    item_seq     bigint  NOT NULL,
    item_line    integer NOT NULL,
    commodity_no integer NOT NULL,
    account_no   integer NOT NULL,
    date         date    NOT NULL,
    units_left   numeric NOT NULL,
    cash         numeric NOT NULL,
    functional   numeric,
    PRIMARY KEY (org_id, item_seq, item_line, commodity_no)
) WITH (fillfactor = 80); -- most rows are updated once or twice

ALTER TABLE read.cash_flow           ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE read.cash_flow_item      ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE read.cash_flow_unapplied ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own_organization ON read.cash_flow
    USING (org_id = (SELECT ledger.auth_org_id())) WITH CHECK (org_id = (SELECT ledger.auth_org_id()));
CREATE POLICY own_organization ON read.cash_flow_item
    USING (org_id = (SELECT ledger.auth_org_id())) WITH CHECK (org_id = (SELECT ledger.auth_org_id()));
CREATE POLICY own_organization ON read.cash_flow_unapplied
    USING (org_id = (SELECT ledger.auth_org_id())) WITH CHECK (org_id = (SELECT ledger.auth_org_id()));
GRANT SELECT, INSERT, DELETE ON read.cash_flow, read.cash_flow_item TO ledger_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON read.cash_flow_unapplied TO ledger_app;
GRANT SELECT ON read.cash_flow, read.cash_flow_item, read.cash_flow_unapplied TO ledger_auditor;

RESET ROLE;
