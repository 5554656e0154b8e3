-- A tenth off what a posting costs the server: the search path is neither set nor set back.
SET LOCAL ROLE ledger_owner;

-- As in 0029. Every table, function and operator is named with its schema, so no search path can change what a name means, and none
-- has to be pinned: pinning one parses it, looks its schemas up and throws the caches away that follow from it, twice a posting.
CREATE OR REPLACE FUNCTION ledger.append_posting(
    p_org uuid, p_expected bigint, p_prev_hash bytea,
    p_event_count integer, p_recorded_at timestamptz, p_codec smallint, p_base_id uuid,
    p_tree_root bytea, p_hash bytea, p_payload bytea,
    p_key text, p_key_hash bytea, p_key_seq bigint, p_key_count integer
) RETURNS text
    LANGUAGE plpgsql
AS $$
BEGIN
    EXECUTE pg_catalog.format('SET LOCAL app.org_id = %L', p_org);
    INSERT INTO ledger.commits
        (org_id, first_seq, event_count, recorded_at, codec, base_id, prev_hash, tree_root, hash, payload)
    VALUES
        (p_org, p_expected OPERATOR(pg_catalog.+) 1, p_event_count, p_recorded_at, p_codec, p_base_id, p_prev_hash, p_tree_root, p_hash,
         p_payload);
    UPDATE ledger.stream_head
       SET seq = p_expected OPERATOR(pg_catalog.+) p_event_count, hash = p_hash, recorded_at = p_recorded_at
     WHERE org_id OPERATOR(pg_catalog.=) p_org AND seq OPERATOR(pg_catalog.=) p_expected AND hash OPERATOR(pg_catalog.=) p_prev_hash;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the head is not at seq %', p_expected USING ERRCODE = 'LK004';
    END IF;
    IF p_key IS NULL THEN
        RETURN 'appended';
    END IF;
    IF pg_catalog.octet_length(p_key) OPERATOR(pg_catalog.<) 1 OR pg_catalog.octet_length(p_key) OPERATOR(pg_catalog.>) 1000 THEN
        RAISE EXCEPTION 'an idempotency key has 1 to 1,000 bytes, not %', pg_catalog.octet_length(p_key) USING ERRCODE = '23514';
    END IF;
    INSERT INTO ledger.idempotency_key (org_id, key, request_hash, first_seq, event_count, recorded_at)
    VALUES (p_org, p_key, p_key_hash, p_key_seq, p_key_count, p_recorded_at);
    RETURN 'appended';
END
$$;

RESET ROLE;
