-- Who may come in, and as what: keys of programs, members, invitations, roles an organization made, its sub-units.
SET LOCAL ROLE ledger_owner;

-- Grows with every change of who may what. Changes lock its row first, so that they happen one after another: two
-- owners cannot remove each other at the same moment, nor two invitations be accepted for the last free seat.
CREATE TABLE control.access_version (
    org_id  uuid   NOT NULL,
    version bigint NOT NULL CHECK (version > 0),
    PRIMARY KEY (org_id)
);

CREATE TABLE control.workspace (
    org_id       uuid        NOT NULL,
    workspace_id uuid        NOT NULL,
    code         text        COLLATE "C" NOT NULL CHECK (code ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
    name         text        NOT NULL CHECK (octet_length(name) BETWEEN 1 AND 1000),
    created_at   timestamptz NOT NULL,
    created_by   text        NOT NULL,
    archived_at  timestamptz,
    PRIMARY KEY (org_id, workspace_id)
);
CREATE UNIQUE INDEX workspace_code ON control.workspace (org_id, code);

-- A role with more or less than one of the built-in roles has. Permissions are written resource:action.
CREATE TABLE control.custom_role (
    org_id     uuid        NOT NULL,
    code       text        COLLATE "C" NOT NULL CHECK (code ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
    name       text        NOT NULL CHECK (octet_length(name) BETWEEN 1 AND 1000),
    base       text        COLLATE "C" NOT NULL CHECK (base IN ('owner', 'administrator', 'accountant', 'approver', 'sales', 'operator', 'agent', 'auditor', 'viewer') AND base <> 'owner'),
    extra      text[]      NOT NULL,
    denied     text[]      NOT NULL,
    updated_at timestamptz NOT NULL,
    updated_by text        NOT NULL,
    PRIMARY KEY (org_id, code)
);

-- Known by what a configured issuer calls them: no names, no addresses. role is the built-in role, also under a
-- custom one. workspace_ids NULL is the whole organization.
CREATE TABLE control.member (
    org_id        uuid        NOT NULL,
    member_id     uuid        NOT NULL,
    issuer        text        COLLATE "C" NOT NULL CHECK (octet_length(issuer) BETWEEN 1 AND 1000),
    subject       text        COLLATE "C" NOT NULL CHECK (octet_length(subject) BETWEEN 1 AND 1000),
    role          text        COLLATE "C" NOT NULL CHECK (role IN ('owner', 'administrator', 'accountant', 'approver', 'sales', 'operator', 'agent', 'auditor', 'viewer')),
    custom_role   text        COLLATE "C",
    extra         text[]      NOT NULL,
    denied        text[]      NOT NULL,
    workspace_ids uuid[]      CHECK (cardinality(workspace_ids) > 0),
    created_at    timestamptz NOT NULL,
    created_by    text        NOT NULL,
    updated_at    timestamptz NOT NULL,
    updated_by    text        NOT NULL,
    PRIMARY KEY (org_id, member_id)
);
CREATE UNIQUE INDEX member_subject ON control.member (org_id, issuer, subject);

-- Of a key only the hash of its secret. While a rotation overlaps, the one before is good until previous_until.
-- scopes NULL is all that the role has.
CREATE TABLE control.api_key (
    org_id         uuid        NOT NULL,
    key_id         uuid        NOT NULL,
    name           text        NOT NULL CHECK (octet_length(name) BETWEEN 1 AND 1000),
    secret_hash    bytea       NOT NULL CHECK (octet_length(secret_hash) = 32),
    previous_hash  bytea       CHECK (octet_length(previous_hash) = 32),
    previous_until timestamptz,
    role           text        COLLATE "C" NOT NULL CHECK (role IN ('owner', 'administrator', 'accountant', 'approver', 'sales', 'operator', 'agent', 'auditor', 'viewer')),
    custom_role    text        COLLATE "C",
    scopes         text[]      CHECK (cardinality(scopes) > 0),
    workspace_id   uuid,
    created_at     timestamptz NOT NULL,
    created_by     text        NOT NULL,
    rotated_at     timestamptz,
    expires_at     timestamptz,
    last_used_at   timestamptz,
    revoked_at     timestamptz,
    revoked_by     text,
    PRIMARY KEY (org_id, key_id),
    CHECK ((previous_hash IS NULL) = (previous_until IS NULL))
);

-- Good once, until it expires or is revoked. An address is only kept until then.
CREATE TABLE control.invitation (
    org_id        uuid        NOT NULL,
    invitation_id uuid        NOT NULL,
    secret_hash   bytea       NOT NULL CHECK (octet_length(secret_hash) = 32),
    email         text        CHECK (octet_length(email) <= 1000),
    role          text        COLLATE "C" NOT NULL CHECK (role IN ('owner', 'administrator', 'accountant', 'approver', 'sales', 'operator', 'agent', 'auditor', 'viewer')),
    custom_role   text        COLLATE "C",
    extra         text[]      NOT NULL,
    denied        text[]      NOT NULL,
    workspace_ids uuid[]      CHECK (cardinality(workspace_ids) > 0),
    created_at    timestamptz NOT NULL,
    created_by    text        NOT NULL,
    expires_at    timestamptz NOT NULL,
    accepted_at   timestamptz,
    accepted_by   uuid,
    revoked_at    timestamptz,
    revoked_by    text,
    PRIMARY KEY (org_id, invitation_id),
    CHECK (accepted_at IS NULL OR revoked_at IS NULL)
);

ALTER TABLE control.access_version ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own_organization ON control.access_version
    USING (org_id = (SELECT ledger.auth_org_id())) WITH CHECK (org_id = (SELECT ledger.auth_org_id()));
ALTER TABLE control.workspace ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own_organization ON control.workspace
    USING (org_id = (SELECT ledger.auth_org_id())) WITH CHECK (org_id = (SELECT ledger.auth_org_id()));
ALTER TABLE control.custom_role ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own_organization ON control.custom_role
    USING (org_id = (SELECT ledger.auth_org_id())) WITH CHECK (org_id = (SELECT ledger.auth_org_id()));
ALTER TABLE control.member ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own_organization ON control.member
    USING (org_id = (SELECT ledger.auth_org_id())) WITH CHECK (org_id = (SELECT ledger.auth_org_id()));
ALTER TABLE control.api_key ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own_organization ON control.api_key
    USING (org_id = (SELECT ledger.auth_org_id())) WITH CHECK (org_id = (SELECT ledger.auth_org_id()));
ALTER TABLE control.invitation ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own_organization ON control.invitation
    USING (org_id = (SELECT ledger.auth_org_id())) WITH CHECK (org_id = (SELECT ledger.auth_org_id()));

-- Within the organization: RESTRICTIVE, so that they only take away. The ledger's own work and the platform pass.
-- Who sees: managers and auditors, and everybody his own row. Who changes: managers, and owners only by owners.
-- Who is limited to a workspace sees what belongs to it, and brings in and changes nothing beyond it.
-- Where nobody may remove rows there is no policy for it: the runtime is not granted DELETE.
CREATE POLICY who_sees ON control.member AS RESTRICTIVE FOR SELECT
    USING (member_id = (SELECT ledger.auth_user_id()) OR ((SELECT ledger.auth_role()) IN ('system', 'platform', 'owner', 'administrator', 'auditor')
            AND ((SELECT ledger.auth_workspace_id()) IS NULL OR workspace_ids @> ARRAY[(SELECT ledger.auth_workspace_id())])));
CREATE POLICY who_adds ON control.member AS RESTRICTIVE FOR INSERT
    WITH CHECK ((SELECT ledger.auth_role()) IN ('system', 'platform', 'owner', 'administrator')
       AND (role <> 'owner' OR (SELECT ledger.auth_role()) <> 'administrator')
       AND ((SELECT ledger.auth_workspace_id()) IS NULL OR workspace_ids <@ ARRAY[(SELECT ledger.auth_workspace_id())]));
CREATE POLICY who_changes ON control.member AS RESTRICTIVE FOR UPDATE
    USING ((SELECT ledger.auth_role()) IN ('system', 'platform', 'owner', 'administrator')
       AND (role <> 'owner' OR (SELECT ledger.auth_role()) <> 'administrator')
       AND ((SELECT ledger.auth_workspace_id()) IS NULL OR workspace_ids <@ ARRAY[(SELECT ledger.auth_workspace_id())]))
    WITH CHECK ((SELECT ledger.auth_role()) IN ('system', 'platform', 'owner', 'administrator')
       AND (role <> 'owner' OR (SELECT ledger.auth_role()) <> 'administrator')
       AND ((SELECT ledger.auth_workspace_id()) IS NULL OR workspace_ids <@ ARRAY[(SELECT ledger.auth_workspace_id())]));
CREATE POLICY who_removes ON control.member AS RESTRICTIVE FOR DELETE
    USING ((SELECT ledger.auth_role()) IN ('system', 'platform', 'owner', 'administrator')
       AND (role <> 'owner' OR (SELECT ledger.auth_role()) <> 'administrator')
       AND ((SELECT ledger.auth_workspace_id()) IS NULL OR workspace_ids <@ ARRAY[(SELECT ledger.auth_workspace_id())]));
CREATE POLICY who_sees ON control.api_key AS RESTRICTIVE FOR SELECT
    USING (key_id = (SELECT ledger.auth_user_id()) OR ((SELECT ledger.auth_role()) IN ('system', 'platform', 'owner', 'administrator', 'auditor')
            AND ((SELECT ledger.auth_workspace_id()) IS NULL OR workspace_id = (SELECT ledger.auth_workspace_id()))));
CREATE POLICY who_adds ON control.api_key AS RESTRICTIVE FOR INSERT
    WITH CHECK ((SELECT ledger.auth_role()) IN ('system', 'platform', 'owner', 'administrator')
       AND (role <> 'owner' OR (SELECT ledger.auth_role()) <> 'administrator')
       AND ((SELECT ledger.auth_workspace_id()) IS NULL OR workspace_id = (SELECT ledger.auth_workspace_id())));
CREATE POLICY who_changes ON control.api_key AS RESTRICTIVE FOR UPDATE
    USING ((SELECT ledger.auth_role()) IN ('system', 'platform', 'owner', 'administrator')
       AND (role <> 'owner' OR (SELECT ledger.auth_role()) <> 'administrator')
       AND ((SELECT ledger.auth_workspace_id()) IS NULL OR workspace_id = (SELECT ledger.auth_workspace_id())))
    WITH CHECK ((SELECT ledger.auth_role()) IN ('system', 'platform', 'owner', 'administrator')
       AND (role <> 'owner' OR (SELECT ledger.auth_role()) <> 'administrator')
       AND ((SELECT ledger.auth_workspace_id()) IS NULL OR workspace_id = (SELECT ledger.auth_workspace_id())));
CREATE POLICY who_sees ON control.invitation AS RESTRICTIVE FOR SELECT
    USING ((SELECT ledger.auth_role()) IN ('system', 'platform', 'owner', 'administrator', 'auditor')
       AND ((SELECT ledger.auth_workspace_id()) IS NULL OR workspace_ids @> ARRAY[(SELECT ledger.auth_workspace_id())]));
CREATE POLICY who_adds ON control.invitation AS RESTRICTIVE FOR INSERT
    WITH CHECK ((SELECT ledger.auth_role()) IN ('system', 'platform', 'owner', 'administrator')
       AND (role <> 'owner' OR (SELECT ledger.auth_role()) <> 'administrator')
       AND ((SELECT ledger.auth_workspace_id()) IS NULL OR workspace_ids <@ ARRAY[(SELECT ledger.auth_workspace_id())]));
CREATE POLICY who_changes ON control.invitation AS RESTRICTIVE FOR UPDATE
    USING ((SELECT ledger.auth_role()) IN ('system', 'platform', 'owner', 'administrator')
       AND (role <> 'owner' OR (SELECT ledger.auth_role()) <> 'administrator')
       AND ((SELECT ledger.auth_workspace_id()) IS NULL OR workspace_ids <@ ARRAY[(SELECT ledger.auth_workspace_id())]))
    WITH CHECK ((SELECT ledger.auth_role()) IN ('system', 'platform', 'owner', 'administrator')
       AND (role <> 'owner' OR (SELECT ledger.auth_role()) <> 'administrator')
       AND ((SELECT ledger.auth_workspace_id()) IS NULL OR workspace_ids <@ ARRAY[(SELECT ledger.auth_workspace_id())]));
CREATE POLICY who_adds ON control.custom_role AS RESTRICTIVE FOR INSERT
    WITH CHECK ((SELECT ledger.auth_role()) IN ('system', 'platform', 'owner', 'administrator')
       AND (SELECT ledger.auth_workspace_id()) IS NULL);
CREATE POLICY who_changes ON control.custom_role AS RESTRICTIVE FOR UPDATE
    USING ((SELECT ledger.auth_role()) IN ('system', 'platform', 'owner', 'administrator')
       AND (SELECT ledger.auth_workspace_id()) IS NULL)
    WITH CHECK ((SELECT ledger.auth_role()) IN ('system', 'platform', 'owner', 'administrator')
       AND (SELECT ledger.auth_workspace_id()) IS NULL);
CREATE POLICY who_removes ON control.custom_role AS RESTRICTIVE FOR DELETE
    USING ((SELECT ledger.auth_role()) IN ('system', 'platform', 'owner', 'administrator')
       AND (SELECT ledger.auth_workspace_id()) IS NULL);
CREATE POLICY who_sees ON control.workspace AS RESTRICTIVE FOR SELECT
    USING ((SELECT ledger.auth_workspace_id()) IS NULL OR workspace_id = (SELECT ledger.auth_workspace_id()));
CREATE POLICY who_adds ON control.workspace AS RESTRICTIVE FOR INSERT
    WITH CHECK ((SELECT ledger.auth_role()) IN ('system', 'platform', 'owner', 'administrator')
       AND (SELECT ledger.auth_workspace_id()) IS NULL);
CREATE POLICY who_changes ON control.workspace AS RESTRICTIVE FOR UPDATE
    USING ((SELECT ledger.auth_role()) IN ('system', 'platform', 'owner', 'administrator')
       AND (SELECT ledger.auth_workspace_id()) IS NULL)
    WITH CHECK ((SELECT ledger.auth_role()) IN ('system', 'platform', 'owner', 'administrator')
       AND (SELECT ledger.auth_workspace_id()) IS NULL);

GRANT SELECT, INSERT, UPDATE ON control.access_version, control.workspace TO ledger_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON control.custom_role, control.member TO ledger_app;
-- Nothing for ledger_auditor: none of this is the books.
-- A key and an invitation stay for the record once they have ended; what they were is not changed.
GRANT SELECT, INSERT ON control.api_key, control.invitation TO ledger_app;
GRANT UPDATE (secret_hash, previous_hash, previous_until, rotated_at, expires_at, last_used_at, revoked_at, revoked_by)
    ON control.api_key TO ledger_app;
GRANT UPDATE (email, accepted_at, accepted_by, revoked_at, revoked_by) ON control.invitation TO ledger_app;

RESET ROLE;
