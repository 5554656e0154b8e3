-- A key that is one agent's: whoever holds it speaks as that agent and as nobody else.
SET LOCAL ROLE ledger_owner;

-- The agent's code, which the books know. An agent works in the role made for agents, or in one made from it.
-- The runtime gives it with a new key, as INSERT on the table allows; nothing lets it be changed afterwards.
ALTER TABLE control.api_key
    ADD COLUMN agent text COLLATE "C" CHECK (octet_length(agent) BETWEEN 1 AND 1000),
    ADD CHECK (agent IS NULL OR role = 'agent');

RESET ROLE;
