-- What was settled in a period: the list of allocations by date.
SET LOCAL ROLE ledger_owner;
CREATE INDEX allocation_by_date ON read.allocation (org_id, date);
RESET ROLE;
