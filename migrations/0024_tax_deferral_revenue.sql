-- What documents leave beside the general ledger: tax by code and box, schedules of deferred amounts, revenue by customer.
SET LOCAL ROLE ledger_owner;

-- One row per tax row of a document, and one more where the document's entry was reversed (and again, where that was).
-- Amounts have the document's sign: credit notes and reversals are negative. posted is what the entry put on the tax
-- account, debit positive: on purchases what can be recovered, on sales all of it. Rows never change.
--
-- nature says what a row is: 'charged' is part of the price; 'withheld' is kept back by whoever pays; 'reverse_charge' is
-- assessed by the buyer, and on purchases stands beside a row 'reverse_due' of what is owed for it, on the same base.
CREATE TABLE read.tax_report (
    org_id                 uuid        NOT NULL,
    seq                    bigint      NOT NULL, -- the document's event, or its reversal's
    row_no                 integer     NOT NULL,
    recorded_at            timestamptz NOT NULL,
    date                   date        NOT NULL,
    reverses_seq           bigint,
    side                   text        COLLATE "C" NOT NULL, -- 'sales' or 'purchases'
    kind                   text        COLLATE "C" NOT NULL,
    document               text        COLLATE "C" NOT NULL,
    party                  text        COLLATE "C" NOT NULL, -- empty where nothing is owed and so no line names it
    code                   text        COLLATE "C" NOT NULL,
    component              text        COLLATE "C" NOT NULL,
    box                    text        COLLATE "C" NOT NULL,
    rate                   numeric     NOT NULL, -- as a share: 0.20
    nature                 text        COLLATE "C" NOT NULL,
    account_no             integer     NOT NULL,
    currency               text        COLLATE "C" NOT NULL,
    base                   numeric     NOT NULL,
    tax                    numeric     NOT NULL,
    recoverable            numeric     NOT NULL,
    posted                 numeric     NOT NULL,
    functional_base        numeric     NOT NULL,
    functional_tax         numeric     NOT NULL,
    functional_recoverable numeric     NOT NULL,
    functional_posted      numeric     NOT NULL,
    PRIMARY KEY (org_id, seq, row_no)
);
CREATE INDEX tax_report_by_date ON read.tax_report (org_id, date);

-- One row per part of a schedule. A credit note or reversal cancels the parts that were not recognised yet and puts those
-- that are left in their place, scheduled by it. Amounts are debit positive as the target account sees them: revenue is
-- negative, expense positive; so they are also what the deferred account holds for a part that waits.
--
-- As of a day: what was scheduled up to it, less what was recognised or cancelled up to it; each may happen before the
-- other. scheduled_seq, recognised_seq and cancelled_seq are the events that moved the money. Of a part that is done,
-- done_on is the last day on which anything happened to it, done_seq the event; else 'infinity' and the last event of all.
CREATE TABLE read.deferral (
    org_id         uuid    NOT NULL,
    document_seq   bigint  NOT NULL,
    document_line  integer NOT NULL,
    scheduled_seq  bigint  NOT NULL, -- the document's event, or that of the credit note that left the part
    part_no        integer NOT NULL,
    side           text    COLLATE "C" NOT NULL, -- 'revenue' or 'expense'
    party          text    COLLATE "C" NOT NULL,
    document       text    COLLATE "C" NOT NULL,
    deferred_no    integer NOT NULL, -- where it waits
    target_no      integer NOT NULL, -- where it is recognised
    currency       text    COLLATE "C" NOT NULL,
    part_date      date    NOT NULL,
    amount         numeric NOT NULL,
    functional     numeric NOT NULL,
    scheduled_on   date    NOT NULL,
    recognised_on  date,
    recognised_seq bigint,
    cancelled_on   date,
    cancelled_seq  bigint,
    done_on        date    NOT NULL,
    done_seq       bigint  NOT NULL,
    PRIMARY KEY (org_id, document_seq, document_line, scheduled_seq, part_no)
) WITH (fillfactor = 80); -- each row is updated once
CREATE INDEX deferral_waiting ON read.deferral (org_id, done_on);
CREATE INDEX deferral_done_seq ON read.deferral (org_id, done_seq);

-- Movements of revenue accounts by day and customer, credit positive; entries that close a year are left out. party is
-- empty where no one customer can be named. Unvalued lines have no functional amount and are in no functional sum.
CREATE TABLE read.revenue_by_customer (
    org_id       uuid    NOT NULL,
    date         date    NOT NULL,
    party        text    COLLATE "C" NOT NULL,
    account_no   integer NOT NULL,
    commodity_no integer NOT NULL,
    lines        bigint  NOT NULL,
    unvalued     bigint  NOT NULL,
    amount       numeric NOT NULL,
    functional   numeric NOT NULL,
    PRIMARY KEY (org_id, date, party, account_no, commodity_no)
);

-- Whose documents have schedules of revenue: when a part is recognised only its document is named.
CREATE TABLE read.revenue_deferral (
    org_id       uuid   NOT NULL,
    document_seq bigint NOT NULL,
    party        text   COLLATE "C" NOT NULL,
    PRIMARY KEY (org_id, document_seq)
);

ALTER TABLE read.tax_report          ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE read.deferral            ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE read.revenue_by_customer ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE read.revenue_deferral    ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own_organization ON read.tax_report
    USING (org_id = (SELECT ledger.auth_org_id())) WITH CHECK (org_id = (SELECT ledger.auth_org_id()));
CREATE POLICY own_organization ON read.deferral
    USING (org_id = (SELECT ledger.auth_org_id())) WITH CHECK (org_id = (SELECT ledger.auth_org_id()));
CREATE POLICY own_organization ON read.revenue_by_customer
    USING (org_id = (SELECT ledger.auth_org_id())) WITH CHECK (org_id = (SELECT ledger.auth_org_id()));
CREATE POLICY own_organization ON read.revenue_deferral
    USING (org_id = (SELECT ledger.auth_org_id())) WITH CHECK (org_id = (SELECT ledger.auth_org_id()));
GRANT SELECT, INSERT, UPDATE, DELETE ON read.deferral, read.revenue_by_customer TO ledger_app;
GRANT SELECT, INSERT, DELETE ON read.tax_report, read.revenue_deferral TO ledger_app;
GRANT SELECT ON read.tax_report, read.deferral, read.revenue_by_customer, read.revenue_deferral TO ledger_auditor;

RESET ROLE;
