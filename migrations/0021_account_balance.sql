-- Balances as movements: what was debited and credited per account, commodity and stretch of time.
SET LOCAL ROLE ledger_owner;

-- Every movement is kept three times: in its day ('D'), month ('M') and year ('Y'), each stretch named by its first day.
-- The balance as of any date is then a short sum, however long the history: whole years, whole months of the last year,
-- days of the last month. The key has them in that order, so that each part is one range of the index.
--
-- debit and credit are not negative, in the units of the commodity; functional_* in those of the functional currency,
-- over the lines that have a value: unvalued counts the others. closing sets explicit year-end entries apart, which an
-- income statement leaves out.
CREATE TABLE read.account_balance (
    org_id            uuid    NOT NULL,
    bucket            date    NOT NULL,
    account_no        integer NOT NULL,
    commodity_no      integer NOT NULL,
    grain             text    COLLATE "C" NOT NULL CHECK (grain IN ('D', 'M', 'Y')),
    closing           boolean NOT NULL,
    lines             bigint  NOT NULL CHECK (lines > 0),
    unvalued          bigint  NOT NULL CHECK (unvalued BETWEEN 0 AND lines),
    debit             numeric NOT NULL,
    credit            numeric NOT NULL,
    functional_debit  numeric NOT NULL,
    functional_credit numeric NOT NULL,
    PRIMARY KEY (org_id, grain, bucket, account_no, commodity_no, closing)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05); -- rows of open days are updated often, in their page

ALTER TABLE read.account_balance ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own_organization ON read.account_balance
    USING (org_id = (SELECT ledger.auth_org_id())) WITH CHECK (org_id = (SELECT ledger.auth_org_id()));
GRANT SELECT, INSERT, UPDATE, DELETE ON read.account_balance TO ledger_app;
GRANT SELECT ON read.account_balance TO ledger_auditor;

RESET ROLE;
