-- The append: one transaction and one round trip, fenced on the head.
SET LOCAL ROLE ledger_owner;

-- Puts a commit in its place: the first half of an append. False when the place is taken, which is how a race is lost.
--
-- The place is taken before the head is moved, here and everywhere: two writers of one organization meet at the place,
-- where the second waits for the first and then knows. In the other order they could wait for each other.
CREATE FUNCTION ledger.stage_commit(
    p_org uuid, p_expected bigint, p_prev_hash bytea,
    p_event_count integer, p_recorded_at timestamptz, p_codec smallint, p_base_id uuid,
    p_tree_root bytea, p_hash bytea, p_payload bytea
) RETURNS boolean
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    EXECUTE format('SET LOCAL app.org_id = %L', p_org);
    INSERT INTO ledger.commits
        (org_id, first_seq, event_count, recorded_at, codec, base_id, prev_hash, tree_root, hash, payload)
    VALUES
        (p_org, p_expected + 1, p_event_count, p_recorded_at, p_codec, p_base_id, p_prev_hash, p_tree_root, p_hash, p_payload)
    ON CONFLICT (org_id, first_seq) DO NOTHING;
    RETURN FOUND;
END
$$;

-- Moves the head over a commit that was staged in the same transaction, with the idempotency keys and external ids that
-- become durable with it: the second half of an append.
--
-- Raises LK004 (the head is not where the caller believes), LK001 (an idempotency key is taken) or LK002 (an external id
-- is taken; DETAIL = which one). The transaction must then be rolled back; raising does that for a statement by itself.
-- Everything is a parameter, time and identifiers too: no volatile function decides what is stored.
-- The arrays run in step: key i has hash i, first seq i and event count i.
CREATE FUNCTION ledger.finish_commit(
    p_org uuid, p_expected bigint, p_prev_hash bytea, p_event_count integer, p_recorded_at timestamptz, p_hash bytea,
    p_keys text[], p_key_hashes bytea[], p_key_seqs bigint[], p_key_counts integer[],
    p_external_ids text[], p_external_seqs bigint[]
) RETURNS void
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    inserted bigint;
    taken    text;
BEGIN
    UPDATE ledger.stream_head
       SET seq = p_expected + p_event_count, hash = p_hash, recorded_at = p_recorded_at
     WHERE org_id = p_org AND seq = p_expected AND hash = p_prev_hash;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the head is not at seq %', p_expected USING ERRCODE = 'LK004';
    END IF;

    -- The head's row is locked by now, so no other append of this organization can slip a key in between.
    IF cardinality(p_keys) > 0 THEN
        INSERT INTO ledger.idempotency_key AS k (org_id, key, request_hash, first_seq, event_count, recorded_at)
        SELECT p_org, u.key, u.request_hash, u.first_seq, u.event_count, p_recorded_at
          FROM unnest(p_keys, p_key_hashes, p_key_seqs, p_key_counts) AS u (key, request_hash, first_seq, event_count)
        ON CONFLICT (org_id, key) DO NOTHING;
        GET DIAGNOSTICS inserted = ROW_COUNT;
        IF inserted <> cardinality(p_keys) THEN
            SELECT coalesce(
                (SELECT k.key FROM ledger.idempotency_key AS k
                  WHERE k.org_id = p_org AND k.key = ANY (p_keys) AND k.first_seq <= p_expected LIMIT 1),
                (SELECT u.key FROM unnest(p_keys) AS u (key) GROUP BY u.key HAVING count(*) > 1 LIMIT 1))
              INTO taken;
            RAISE EXCEPTION 'idempotency key already used' USING ERRCODE = 'LK001', DETAIL = taken;
        END IF;
    END IF;

    IF cardinality(p_external_ids) > 0 THEN
        INSERT INTO ledger.external_id AS e (org_id, external_id, seq)
        SELECT p_org, u.external_id, u.seq
          FROM unnest(p_external_ids, p_external_seqs) AS u (external_id, seq)
        ON CONFLICT (org_id, external_id) DO NOTHING;
        GET DIAGNOSTICS inserted = ROW_COUNT;
        IF inserted <> cardinality(p_external_ids) THEN
            SELECT coalesce(
                (SELECT e.external_id FROM ledger.external_id AS e
                  WHERE e.org_id = p_org AND e.external_id = ANY (p_external_ids) AND e.seq <= p_expected LIMIT 1),
                (SELECT u.id FROM unnest(p_external_ids) AS u (id) GROUP BY u.id HAVING count(*) > 1 LIMIT 1))
              INTO taken;
            RAISE EXCEPTION 'external id already used' USING ERRCODE = 'LK002', DETAIL = taken;
        END IF;
    END IF;
END
$$;

-- A whole append in one round trip. Answers 'appended', or 'fenced' when the place is taken (nothing was changed then).
CREATE FUNCTION ledger.append_commit(
    p_org uuid, p_expected bigint, p_prev_hash bytea,
    p_event_count integer, p_recorded_at timestamptz, p_codec smallint, p_base_id uuid,
    p_tree_root bytea, p_hash bytea, p_payload bytea,
    p_keys text[], p_key_hashes bytea[], p_key_seqs bigint[], p_key_counts integer[],
    p_external_ids text[], p_external_seqs bigint[]
) RETURNS text
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NOT ledger.stage_commit(p_org, p_expected, p_prev_hash, p_event_count, p_recorded_at, p_codec, p_base_id,
                               p_tree_root, p_hash, p_payload) THEN
        RETURN 'fenced';
    END IF;
    PERFORM ledger.finish_commit(p_org, p_expected, p_prev_hash, p_event_count, p_recorded_at, p_hash,
                                 p_keys, p_key_hashes, p_key_seqs, p_key_counts, p_external_ids, p_external_seqs);
    RETURN 'appended';
END
$$;

-- What these keys were answered with. Binds the organization itself: one round trip on the way of every retried request.
CREATE FUNCTION ledger.find_keys(p_org uuid, p_keys text[])
    RETURNS TABLE (key text, request_hash bytea, first_seq bigint, event_count integer, recorded_at timestamptz)
    LANGUAGE plpgsql ROWS 10
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    EXECUTE format('SET LOCAL app.org_id = %L', p_org);
    RETURN QUERY
        SELECT k.key, k.request_hash, k.first_seq, k.event_count, k.recorded_at
          FROM ledger.idempotency_key AS k
         WHERE k.org_id = p_org AND k.key = ANY (p_keys);
END
$$;

-- Where the stream ends, in one round trip.
CREATE FUNCTION ledger.head(p_org uuid)
    RETURNS TABLE (seq bigint, hash bytea, recorded_at timestamptz)
    LANGUAGE plpgsql ROWS 1
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    EXECUTE format('SET LOCAL app.org_id = %L', p_org);
    RETURN QUERY SELECT h.seq, h.hash, h.recorded_at FROM ledger.stream_head AS h WHERE h.org_id = p_org;
END
$$;

REVOKE ALL ON FUNCTION
    ledger.append_commit(uuid, bigint, bytea, integer, timestamptz, smallint, uuid, bytea, bytea, bytea,
                         text[], bytea[], bigint[], integer[], text[], bigint[]),
    ledger.stage_commit(uuid, bigint, bytea, integer, timestamptz, smallint, uuid, bytea, bytea, bytea),
    ledger.finish_commit(uuid, bigint, bytea, integer, timestamptz, bytea, text[], bytea[], bigint[], integer[], text[], bigint[]),
    ledger.find_keys(uuid, text[]), ledger.head(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    ledger.append_commit(uuid, bigint, bytea, integer, timestamptz, smallint, uuid, bytea, bytea, bytea,
                         text[], bytea[], bigint[], integer[], text[], bigint[]),
    ledger.stage_commit(uuid, bigint, bytea, integer, timestamptz, smallint, uuid, bytea, bytea, bytea),
    ledger.finish_commit(uuid, bigint, bytea, integer, timestamptz, bytea, text[], bytea[], bigint[], integer[], text[], bigint[]),
    ledger.find_keys(uuid, text[]), ledger.head(uuid) TO ledger_app;

RESET ROLE;
