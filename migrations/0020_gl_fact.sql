-- The general ledger as rows: one per posted line.
SET LOCAL ROLE ledger_owner;

-- Each projection's own picture of the chart, as of its own checkpoint and in the same transactions: whoever starts in
-- the middle of a stream finds the accounts that the lines ahead name, without reading history again, and a projection
-- that lags, stops or is rebuilt leaves the others' picture alone. Small: one row per account.
CREATE TABLE read.account (
    org_id     uuid    NOT NULL,
    projection text    COLLATE "C" NOT NULL,
    account_no integer NOT NULL CHECK (account_no > 0),
    code       text    COLLATE "C" NOT NULL,
    name       text    NOT NULL,
    type       text    COLLATE "C" NOT NULL,
    subtype    text    COLLATE "C" NOT NULL,
    contra     boolean NOT NULL,
    summary    boolean NOT NULL,
    parent_no  integer,
    status     text    COLLATE "C" NOT NULL,
    PRIMARY KEY (org_id, projection, account_no)
);

CREATE TABLE read.commodity (
    org_id       uuid     NOT NULL,
    projection   text     COLLATE "C" NOT NULL,
    commodity_no integer  NOT NULL CHECK (commodity_no > 0),
    code         text     COLLATE "C" NOT NULL,
    name         text     NOT NULL,
    scale        smallint NOT NULL CHECK (scale BETWEEN 0 AND 18),
    kind         text     COLLATE "C" NOT NULL,
    PRIMARY KEY (org_id, projection, commodity_no)
);

-- Entries that close a year, and their reversals: an income statement leaves both out. A reversal names only the entry
-- that it negates, so what that one was must be remembered. A handful of rows per year.
CREATE TABLE read.closing_entry (
    org_id     uuid   NOT NULL,
    projection text   COLLATE "C" NOT NULL,
    seq        bigint NOT NULL CHECK (seq > 0),
    PRIMARY KEY (org_id, projection, seq)
);

-- Amounts are signed, debit positive, in the units of their currency. functional is NULL where the organization keeps
-- the commodity without a value.
--
-- What never changes about an account (code, type) stands beside the line; its name and sub-type are looked up
-- (read.gl_line), for a renamed account must not rewrite every line that it ever had.
--
-- Two indexes earn their keep: the key (rebuild, comparison, "this entry's lines") and the account's ledger in the order
-- in which it is read. A third would cost every import what a report over one organization saves now and then.
CREATE TABLE read.gl_fact (
    org_id          uuid        NOT NULL,
    seq             bigint      NOT NULL,
    recorded_at     timestamptz NOT NULL,
    reverses_seq    bigint,
    corrects_seq    bigint,
    line_no         integer     NOT NULL,
    effective_date  date        NOT NULL,
    account_no      integer     NOT NULL,
    actor_no        integer     NOT NULL,
    due_date        date,
    closing         boolean     NOT NULL,
    entry_kind      text        COLLATE "C" NOT NULL,
    account_code    text        COLLATE "C" NOT NULL,
    account_type    text        COLLATE "C" NOT NULL,
    currency        text        COLLATE "C" NOT NULL,
    amount          numeric     NOT NULL,
    functional      numeric,
    description     text        NOT NULL,
    external_id     text,
    party           text,
    document        text,
    tax_code        text,
    memo            text,
    tags            jsonb,
    rate            numeric,
    rate_quote      text        COLLATE "C",
    weight          numeric,
    weight_currency text        COLLATE "C",
    PRIMARY KEY (org_id, seq, line_no)
);
CREATE INDEX gl_fact_by_account ON read.gl_fact (org_id, account_no, effective_date, seq, line_no);

ALTER TABLE read.account   ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE read.commodity ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE read.closing_entry ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE read.gl_fact   ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own_organization ON read.account
    USING (org_id = (SELECT ledger.auth_org_id())) WITH CHECK (org_id = (SELECT ledger.auth_org_id()));
CREATE POLICY own_organization ON read.commodity
    USING (org_id = (SELECT ledger.auth_org_id())) WITH CHECK (org_id = (SELECT ledger.auth_org_id()));
CREATE POLICY own_organization ON read.closing_entry
    USING (org_id = (SELECT ledger.auth_org_id())) WITH CHECK (org_id = (SELECT ledger.auth_org_id()));
CREATE POLICY own_organization ON read.gl_fact
    USING (org_id = (SELECT ledger.auth_org_id())) WITH CHECK (org_id = (SELECT ledger.auth_org_id()));

GRANT SELECT, INSERT, UPDATE, DELETE ON read.account, read.commodity TO ledger_app;
GRANT SELECT, INSERT, DELETE ON read.gl_fact, read.closing_entry TO ledger_app; -- a line is never changed, only rebuilt with all others
GRANT SELECT ON read.account, read.commodity, read.closing_entry, read.gl_fact TO ledger_auditor;

-- An entry's lines arrive in one statement and sum to zero, per currency and in the functional currency: a second
-- opinion by the database on what the core has proved and the projection has carried over.
CREATE FUNCTION read.refuse_unbalanced() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    off record;
BEGIN
    SELECT l.org_id, l.seq, l.currency AS what, sum(l.amount) AS amount INTO off
      FROM lines AS l GROUP BY l.org_id, l.seq, l.currency HAVING sum(l.amount) <> 0 LIMIT 1;
    IF NOT FOUND THEN
        SELECT l.org_id, l.seq, 'the functional currency' AS what, sum(l.functional) AS amount INTO off
          FROM lines AS l GROUP BY l.org_id, l.seq HAVING sum(l.functional) <> 0 LIMIT 1;
    END IF;
    IF FOUND THEN
        RAISE EXCEPTION 'entry % is off by % in %', off.seq, off.amount, off.what
            USING ERRCODE = 'LK010', HINT = 'All lines of an entry are inserted by one statement, and sum to zero.';
    END IF;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION read.refuse_unbalanced() FROM PUBLIC;
CREATE TRIGGER balanced AFTER INSERT ON read.gl_fact
    REFERENCING NEW TABLE AS lines FOR EACH STATEMENT EXECUTE FUNCTION read.refuse_unbalanced();

-- The line with its account's present name and sub-type. The reader's own rights and policies hold.
CREATE VIEW read.gl_line WITH (security_invoker = true) AS
SELECT g.*, a.name AS account_name, a.subtype AS account_subtype
  FROM read.gl_fact AS g
  JOIN read.account AS a ON a.org_id = g.org_id AND a.projection = 'gl_fact' AND a.account_no = g.account_no;
GRANT SELECT ON read.gl_line TO ledger_app, ledger_auditor;

RESET ROLE;
