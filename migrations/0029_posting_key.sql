-- Another sixth off what a posting costs the server.
SET LOCAL ROLE ledger_owner;

-- As the CHECKs of 0007: read from the catalog's text again by every INSERT, which was an eighth of a posting's instructions.
-- What it said is said by the function below, and by the program before it sends a key.
ALTER TABLE ledger.idempotency_key DROP CONSTRAINT idempotency_key_key_check;

-- As in 0007, but a key that is used is an error too (23505), as a place that is taken is. Who is told so looks: where the
-- place is still free it was the key. ON CONFLICT would make every posting pay for what hardly any of them meets.
CREATE OR REPLACE FUNCTION ledger.append_posting(
    p_org uuid, p_expected bigint, p_prev_hash bytea,
    p_event_count integer, p_recorded_at timestamptz, p_codec smallint, p_base_id uuid,
    p_tree_root bytea, p_hash bytea, p_payload bytea,
    p_key text, p_key_hash bytea, p_key_seq bigint, p_key_count integer
) RETURNS text
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    EXECUTE format('SET LOCAL app.org_id = %L', p_org);
    INSERT INTO ledger.commits
        (org_id, first_seq, event_count, recorded_at, codec, base_id, prev_hash, tree_root, hash, payload)
    VALUES
        (p_org, p_expected + 1, p_event_count, p_recorded_at, p_codec, p_base_id, p_prev_hash, p_tree_root, p_hash, p_payload);
    UPDATE ledger.stream_head
       SET seq = p_expected + p_event_count, hash = p_hash, recorded_at = p_recorded_at
     WHERE org_id = p_org AND seq = p_expected AND hash = p_prev_hash;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the head is not at seq %', p_expected USING ERRCODE = 'LK004';
    END IF;
    IF p_key IS NULL THEN
        RETURN 'appended';
    END IF;
    IF octet_length(p_key) NOT BETWEEN 1 AND 1000 THEN
        RAISE EXCEPTION 'an idempotency key has 1 to 1,000 bytes, not %', octet_length(p_key) USING ERRCODE = '23514';
    END IF;
    INSERT INTO ledger.idempotency_key (org_id, key, request_hash, first_seq, event_count, recorded_at)
    VALUES (p_org, p_key, p_key_hash, p_key_seq, p_key_count, p_recorded_at);
    RETURN 'appended';
END
$$;

RESET ROLE;
