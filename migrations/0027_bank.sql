-- What banks say: statements as they came, their lines, and which posting each line turned out to be. No journal: nothing
-- here moves money, and a line that was matched says so with the event and line of the posting.
SET LOCAL ROLE ledger_owner;

-- Numbered from 1 within the organization by the program; a lost race for a number is a duplicate key and tried again.
-- source_hash and place name the statement in its file, so that a file that comes twice goes in once.
CREATE TABLE ledger.bank_statement (
    org_id       uuid        NOT NULL,
    statement_no integer     NOT NULL CHECK (statement_no > 0),
    source_hash  bytea       NOT NULL CHECK (octet_length(source_hash) = 32),
    place        integer     NOT NULL CHECK (place > 0),
    source_name  text        NOT NULL,
    format       text        COLLATE "C" NOT NULL,
    reference    text        NOT NULL,
    bank_account text        NOT NULL,
    account_no   integer     NOT NULL CHECK (account_no > 0),
    currency     text        COLLATE "C" NOT NULL,
    opening      numeric,
    opening_on   date,
    closing      numeric,
    closing_on   date,
    booked       numeric     NOT NULL,
    reconciles   text        COLLATE "C" NOT NULL,
    imported_at  timestamptz NOT NULL,
    imported_by  text        NOT NULL,
    PRIMARY KEY (org_id, statement_no)
);
CREATE UNIQUE INDEX bank_statement_source ON ledger.bank_statement (org_id, source_hash, place, account_no);

-- Amounts are positive when money came in. fingerprint is the hash of what the bank says of the line; a line of another
-- statement of the account that says the same again names the earlier one in repeats_*.
CREATE TABLE ledger.bank_line (
    org_id               uuid    NOT NULL,
    statement_no         integer NOT NULL,
    line_no              integer NOT NULL CHECK (line_no > 0),
    account_no           integer NOT NULL,
    date                 date    NOT NULL,
    value_date           date,
    amount               numeric NOT NULL,
    currency             text    COLLATE "C" NOT NULL,
    counterparty         text,
    counterparty_account text,
    reference            text,
    end_to_end           text,
    text                 text    NOT NULL,
    status               text    COLLATE "C" NOT NULL,
    reversal             boolean NOT NULL,
    fingerprint          bytea   NOT NULL CHECK (octet_length(fingerprint) = 32),
    repeats_statement    integer,
    repeats_line         integer,
    matched_seq          bigint,
    matched_line         integer,
    matched_party        text    COLLATE "C",
    matched_at           timestamptz,
    matched_by           text,
    PRIMARY KEY (org_id, statement_no, line_no),
    CHECK ((matched_seq IS NULL) = (matched_line IS NULL) AND (matched_seq IS NULL) = (matched_at IS NULL))
);
-- A posting on the account is one line of the bank at most.
CREATE UNIQUE INDEX bank_line_matched ON ledger.bank_line (org_id, matched_seq, matched_line) WHERE matched_seq IS NOT NULL;
CREATE INDEX bank_line_fingerprint ON ledger.bank_line (org_id, account_no, fingerprint);
CREATE INDEX bank_line_unmatched ON ledger.bank_line (org_id, account_no, date) WHERE matched_seq IS NULL;
CREATE INDEX bank_line_by_party ON ledger.bank_line (org_id, matched_party) WHERE matched_party IS NOT NULL;

ALTER TABLE ledger.bank_statement ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE ledger.bank_line      ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own_organization ON ledger.bank_statement
    USING (org_id = (SELECT ledger.auth_org_id())) WITH CHECK (org_id = (SELECT ledger.auth_org_id()));
CREATE POLICY own_organization ON ledger.bank_line
    USING (org_id = (SELECT ledger.auth_org_id())) WITH CHECK (org_id = (SELECT ledger.auth_org_id()));
GRANT SELECT, INSERT ON ledger.bank_statement TO ledger_app;
GRANT SELECT, INSERT ON ledger.bank_line TO ledger_app;
-- What a bank said stays; what it turned out to be is written once known, and who it was about may be erased.
GRANT UPDATE (matched_seq, matched_line, matched_party, matched_at, matched_by, counterparty, counterparty_account, text)
    ON ledger.bank_line TO ledger_app;
GRANT SELECT ON ledger.bank_statement, ledger.bank_line TO ledger_auditor;

RESET ROLE;
