-- What an organization has paid for: its plan, what the plan limits, and how much of it is used.
SET LOCAL ROLE ledger_owner;

-- No row: the plan that the server is configured to give. Limits are those of the plan where they are NULL here;
-- features NULL likewise. What each plan has is the program's business.
CREATE TABLE control.plan (
    org_id              uuid        NOT NULL,
    plan                text        COLLATE "C" NOT NULL CHECK (plan IN ('starter', 'professional', 'enterprise', 'custom')),
    members             integer     CHECK (members >= 0),
    agents              integer     CHECK (agents >= 0),
    workspaces          integer     CHECK (workspaces >= 0),
    requests_per_minute integer     CHECK (requests_per_minute > 0),
    features            text[],
    updated_at          timestamptz NOT NULL,
    updated_by          text        NOT NULL,
    PRIMARY KEY (org_id)
);

-- Counted by the server in memory and added here every few seconds. month is its first day (UTC).
CREATE TABLE control.usage (
    org_id uuid   NOT NULL,
    month  date   NOT NULL,
    metric text   COLLATE "C" NOT NULL CHECK (octet_length(metric) BETWEEN 1 AND 100),
    count  bigint NOT NULL CHECK (count >= 0),
    PRIMARY KEY (org_id, month, metric)
) WITH (fillfactor = 70); -- updated often, in its page

ALTER TABLE control.plan  ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE control.usage ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own_organization ON control.plan
    USING (org_id = (SELECT ledger.auth_org_id())) WITH CHECK (org_id = (SELECT ledger.auth_org_id()));
CREATE POLICY own_organization ON control.usage
    USING (org_id = (SELECT ledger.auth_org_id())) WITH CHECK (org_id = (SELECT ledger.auth_org_id()));

-- No organization changes its own plan, nor what it is charged for.
CREATE POLICY who_adds ON control.plan AS RESTRICTIVE FOR INSERT
    WITH CHECK ((SELECT ledger.auth_role()) IN ('system', 'platform'));
CREATE POLICY who_changes ON control.plan AS RESTRICTIVE FOR UPDATE
    USING ((SELECT ledger.auth_role()) IN ('system', 'platform'))
    WITH CHECK ((SELECT ledger.auth_role()) IN ('system', 'platform'));
CREATE POLICY who_adds ON control.usage AS RESTRICTIVE FOR INSERT
    WITH CHECK ((SELECT ledger.auth_role()) IN ('system', 'platform'));
CREATE POLICY who_changes ON control.usage AS RESTRICTIVE FOR UPDATE
    USING ((SELECT ledger.auth_role()) IN ('system', 'platform'))
    WITH CHECK ((SELECT ledger.auth_role()) IN ('system', 'platform'));

GRANT SELECT, INSERT, UPDATE ON control.plan, control.usage TO ledger_app;

RESET ROLE;
