-- What is known of the people and companies behind the codes of parties. History holds the codes only; these rows are
-- kept beside it so that they can be changed and erased while every proof of history stays as it is.
SET LOCAL ROLE ledger_owner;

CREATE TABLE ledger.party_detail (
    org_id       uuid        NOT NULL,
    party        text        COLLATE "C" NOT NULL CHECK (octet_length(party) BETWEEN 1 AND 1000),
    name         text        CHECK (octet_length(name) <= 1000),
    email        text        CHECK (octet_length(email) <= 1000),
    phone        text        CHECK (octet_length(phone) <= 1000),
    address      text        CHECK (octet_length(address) <= 4000),
    tax_id       text        CHECK (octet_length(tax_id) <= 1000),
    bank_account text        CHECK (octet_length(bank_account) <= 1000),
    note         text        CHECK (octet_length(note) <= 4000),
    updated_at   timestamptz NOT NULL,
    updated_by   text        NOT NULL,
    PRIMARY KEY (org_id, party)
);

ALTER TABLE ledger.party_detail ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own_organization ON ledger.party_detail
    USING (org_id = (SELECT ledger.auth_org_id())) WITH CHECK (org_id = (SELECT ledger.auth_org_id()));
-- Not for the auditor: the books are complete without it.
GRANT SELECT, INSERT, UPDATE, DELETE ON ledger.party_detail TO ledger_app;

RESET ROLE;
