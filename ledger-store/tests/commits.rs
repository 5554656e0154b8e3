//! Appending under the fence and reading back, as the runtime role.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use common::{GENESIS, NOON, admin, append_many, commit_after, create, external_id, head_after, key, organization, run};
use futures::TryStreamExt;
use ledger_core::Timestamp;
use ledger_store::testing::{RUNTIME_ROLE, TestDatabase, database};
use ledger_store::{AppendError, Commit, Creation, Head, OrgId, OrgStore, Resolution, Snapshot, Store, StoreConfig, StoreError};
use sqlx::{AssertSqlSafe, ConnectOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use uuid::Uuid;

async fn new_org() -> OrgStore {
    create(&database().await.store().await, "acme").await
}

#[tokio::test]
async fn an_organization_begins_with_an_empty_stream() {
    let store = database().await.store().await;
    let acme = organization("acme");
    assert_eq!(store.create_organization(&acme, GENESIS).await.unwrap(), Creation::Created);
    assert_eq!(store.organization("acme").await.unwrap(), Some(acme.clone()));
    let org = store.for_org(acme.org);
    assert_eq!(org.head().await.unwrap(), Head { seq: 0, hash: GENESIS, recorded_at: NOON });
    assert_eq!(org.commits_after(0, u64::MAX).await.unwrap(), []);
    assert!(matches!(org.commit_at(1).await, Err(StoreError::NoSuchEvent { seq: 1, .. })));

    let same_slug = organization("acme");
    let same_id = ledger_store::Organization { slug: "other".to_owned(), ..acme };
    for taken in [same_slug, same_id] {
        assert_eq!(store.create_organization(&taken, GENESIS).await.unwrap(), Creation::Taken);
    }
    for slug in ["", "Acme", "-acme", "acme-", "a b", &"a".repeat(64)] {
        let refused = store.create_organization(&organization(slug), GENESIS).await.unwrap_err();
        assert_eq!(refused.sqlstate().as_deref(), Some("23514"), "{slug:?}: {refused}");
    }
}

#[tokio::test]
async fn what_was_appended_is_read_back_to_the_last_bit() {
    let org = new_org().await;
    let mut head = org.head().await.unwrap();
    let times = [0, 1, -1, 1_700_000_000_123_457, 253_402_300_799_999_999, -62_135_596_800_000_000].map(Timestamp);
    for (codec, recorded_at) in (1..).zip(times) {
        let every_byte = (0..=255).collect::<Vec<u8>>().repeat(20);
        let commit = Commit { recorded_at, codec, payload: every_byte, ..commit_after(head, 5, vec![]) };
        let done = org.append_commit(&commit, head.seq, &[], &[]).await.unwrap();
        assert_eq!(done.seq, head.seq + 5);
        head = head_after(&commit);
        assert_eq!(org.head().await.unwrap(), head);
        for seq in commit.first_seq..=commit.last_seq() {
            assert_eq!(org.commit_at(seq).await.unwrap(), commit);
        }
    }
}

#[tokio::test]
async fn a_lost_race_is_fenced_and_changes_nothing() {
    let org = new_org().await;
    let [first, second] = append_many(&org, 2, 2, 10).await.try_into().unwrap();
    let head = org.head().await.unwrap();
    let next = commit_after(head, 1, vec![1]);
    let cases = [
        ("the same again", second.clone(), 2),
        ("an earlier place", commit_after(head_after(&first), 1, vec![1]), 2),
        ("a later place", Commit { first_seq: 6, ..next.clone() }, 5),
        ("the right place after another hash", Commit { prev_hash: [9; 32], ..next.clone() }, 4),
    ];
    for (what, commit, expected) in cases {
        let outcome = org.append_commit(&commit, expected, &[key("k", expected + 1)], &[external_id("x", expected + 1)]).await;
        assert!(matches!(outcome, Err(AppendError::Fenced)), "{what}: {outcome:?}");
    }
    let nobody = org.store().for_org(OrgId(Uuid::now_v7()));
    assert!(matches!(
        nobody.append_commit(&commit_after(Head { seq: 0, ..head }, 1, vec![1]), 0, &[], &[]).await,
        Err(AppendError::Fenced)
    ));
    assert_eq!(org.head().await.unwrap(), head);
    assert_eq!(org.find_keys(&["k"]).await.unwrap(), []);
    org.append_commit(&next, 4, &[key("k", 5)], &[external_id("x", 5)]).await.unwrap();
}

#[tokio::test]
async fn of_many_writers_one_wins_each_place() {
    let org = new_org().await;
    let writers = (0..8).map(|writer: u8| {
        let org = org.clone();
        tokio::spawn(async move {
            let mut won = 0_u64;
            for _ in 0..20 {
                let head = org.head().await.unwrap();
                let mut commit = commit_after(head, 3, vec![writer; 50]);
                commit.hash[31] = writer;
                match org.append_commit(&commit, head.seq, &[], &[]).await {
                    Ok(_) => won += 1,
                    Err(AppendError::Fenced) => {}
                    Err(other) => panic!("{other}"),
                }
            }
            won
        })
    });
    let mut won = 0;
    for writer in writers.collect::<Vec<_>>() {
        won += writer.await.unwrap();
    }
    let commits: Vec<Commit> = org.commits(1, None).try_collect().await.unwrap();
    assert_eq!(u64::try_from(commits.len()).unwrap(), won);
    let mut head = Head { seq: 0, hash: GENESIS, recorded_at: NOON };
    for commit in &commits {
        assert_eq!((commit.first_seq, commit.prev_hash), (head.seq + 1, head.hash), "no gap, one chain");
        head = head_after(commit);
    }
    assert_eq!(org.head().await.unwrap(), head);
}

#[tokio::test]
async fn a_used_key_or_external_id_undoes_the_whole_append_and_is_named() {
    let org = new_org().await;
    let first = commit_after(org.head().await.unwrap(), 3, vec![1]);
    org.append_commit(&first, 0, &[key("a", 1), key("b", 2)], &[external_id("x", 1), external_id("y", 3)]).await.unwrap();
    let head = head_after(&first);
    let next = commit_after(head, 2, vec![2]);
    let cases = [
        ("a used key", vec![key("new", 4), key("b", 5)], vec![external_id("new", 4)], "key b"),
        ("a used key alone", vec![key("b", 4)], vec![], "key b"),
        ("a key twice", vec![key("c", 4), key("c", 5)], vec![], "key c"),
        ("a used external id", vec![key("new", 4)], vec![external_id("new", 4), external_id("x", 5)], "external x"),
        ("an external id twice", vec![], vec![external_id("z", 4), external_id("z", 5)], "external z"),
    ];
    for (what, keys, ids, named) in cases {
        let found = match org.append_commit(&next, 3, &keys, &ids).await {
            Err(AppendError::DuplicateKey { key }) => format!("key {key}"),
            Err(AppendError::DuplicateExternalId { external_id }) => format!("external {external_id}"),
            other => panic!("{what}: {other:?}"),
        };
        assert_eq!(found, named, "{what}");
        assert_eq!(org.head().await.unwrap(), head, "{what}");
    }
    let late = Commit { prev_hash: GENESIS, ..commit_after(Head { seq: 0, hash: GENESIS, recorded_at: NOON }, 1, vec![3]) };
    for keys in [vec![key("b", 1)], vec![key("new", 1)], vec![]] {
        let lost = org.append_commit(&late, 0, &keys, &[]).await;
        assert!(matches!(lost, Err(AppendError::Fenced)), "a place that is taken comes before a key that is: {lost:?}");
    }
    assert_eq!(org.find_keys(&["new", "c"]).await.unwrap(), []);
    assert_eq!(org.find_external_ids(&["new", "z"]).await.unwrap(), []);

    let mut found = org.find_keys(&["b", "a", "none"]).await.unwrap();
    found.sort_by(|one, two| one.key.cmp(&two.key));
    assert_eq!(found.iter().map(|k| (k.key.as_str(), k.first_seq, k.event_count)).collect::<Vec<_>>(), [("a", 1, 1), ("b", 2, 1)]);
    assert!(found.iter().all(|k| k.request_hash == [3; 32] && k.recorded_at == first.recorded_at));
    assert_eq!(org.find_external_ids(&["y", "none"]).await.unwrap(), [("y".to_owned(), 3)]);

    let other = create(org.store(), "other").await;
    let own = commit_after(other.head().await.unwrap(), 1, vec![1]);
    other.append_commit(&own, 0, &[key("a", 1)], &[external_id("x", 1)]).await.expect("keys belong to their organization");
}

#[tokio::test]
async fn what_breaks_a_rule_is_refused_and_changes_nothing() {
    let org = new_org().await;
    let head = org.head().await.unwrap();
    let good = commit_after(head, 2, vec![1]);
    let cases = [
        ("no payload", Commit { payload: vec![], ..good.clone() }, 0, vec![]),
        ("no events", Commit { event_count: 0, ..good.clone() }, 0, vec![]),
        ("no codec", Commit { codec: 0, ..good.clone() }, 0, vec![]),
        ("a codec too large", Commit { codec: u16::MAX, ..good.clone() }, 0, vec![]),
        ("an expected seq that it does not follow", good.clone(), 1, vec![]),
        ("an empty key", good.clone(), 0, vec![key("", 1)]),
        ("a key too long", good.clone(), 0, vec![key(&"k".repeat(1_001), 1)]),
        ("a key with a NUL", good.clone(), 0, vec![key("a\0b", 1)]),
        ("a key of another commit's event", good.clone(), 0, vec![key("k", 3)]),
        ("a time before chrono's", Commit { recorded_at: Timestamp(i64::MIN), ..good.clone() }, 0, vec![]),
    ];
    for (what, commit, expected, keys) in cases {
        let outcome = org.append_commit(&commit, expected, &keys, &[]).await;
        assert!(matches!(&outcome, Err(AppendError::Refused(e)) if !e.is_transient()), "{what}: {outcome:?}");
        assert_eq!(org.head().await.unwrap(), head, "{what}");
    }
    org.append_commit(&good, 0, &[], &[]).await.unwrap();
}

#[tokio::test]
async fn pages_and_streams_hold_every_commit_once() {
    let org = new_org().await;
    let written = append_many(&org, 30, 10, 3_000).await;
    let firsts = |commits: &[Commit]| commits.iter().map(|c| c.first_seq).collect::<Vec<_>>();
    let cases: [(u64, u64, &[u64]); 8] = [
        (0, 1, &[1]),
        (0, 3_000, &[1]),
        (0, 3_001, &[1, 11]),
        (0, 9_000, &[1, 11, 21]),
        (10, 6_000, &[11, 21]),
        (15, 6_000, &[11, 21]),
        (299, 6_000, &[291]),
        (300, 6_000, &[]),
    ];
    for (after, max_bytes, expected) in cases {
        assert_eq!(firsts(&org.commits_after(after, max_bytes).await.unwrap()), expected, "after {after}, {max_bytes} bytes");
    }
    for (from, to, expected) in
        [(0, None, &written[..]), (1, None, &written[..]), (11, Some(20), &written[1..2]), (20, Some(21), &written[1..3]), (301, None, &[])]
    {
        let read: Vec<Commit> = org.commits(from, to).try_collect().await.unwrap();
        assert_eq!(read, expected, "{from} to {to:?}");
    }
    assert!(matches!(org.commit_at(0).await, Err(StoreError::NoSuchEvent { .. })));
    assert!(matches!(org.commit_at(301).await, Err(StoreError::NoSuchEvent { seq: 301, .. })));
    assert!(matches!(org.commit_at(u64::MAX).await, Err(StoreError::NoSuchEvent { .. })));

    let large = append_many(&org, 12, 1, 1 << 20).await;
    let read: Vec<Commit> = org.commits(301, None).try_collect().await.unwrap();
    assert_eq!(read, large, "over several pages");
}

/// Operators and functions of the usual names that answer otherwise, in a schema that comes before PostgreSQL's own.
const SHADOWS: [&str; 12] = [
    "CREATE SCHEMA evil",
    "GRANT USAGE ON SCHEMA evil TO PUBLIC",
    "CREATE FUNCTION evil.added(bigint, integer) RETURNS bigint LANGUAGE sql AS 'SELECT 1000::bigint'",
    "CREATE FUNCTION evil.same(bigint, bigint) RETURNS boolean LANGUAGE sql AS 'SELECT true'",
    "CREATE FUNCTION evil.same(bytea, bytea) RETURNS boolean LANGUAGE sql AS 'SELECT true'",
    "CREATE FUNCTION evil.same(uuid, uuid) RETURNS boolean LANGUAGE sql AS 'SELECT true'",
    "CREATE OPERATOR evil.+ (FUNCTION = evil.added, LEFTARG = bigint, RIGHTARG = integer)",
    "CREATE OPERATOR evil.= (FUNCTION = evil.same, LEFTARG = bigint, RIGHTARG = bigint)",
    "CREATE OPERATOR evil.= (FUNCTION = evil.same, LEFTARG = bytea, RIGHTARG = bytea)",
    "CREATE OPERATOR evil.= (FUNCTION = evil.same, LEFTARG = uuid, RIGHTARG = uuid)",
    "CREATE FUNCTION evil.format(text, uuid) RETURNS text LANGUAGE sql AS 'SELECT ''SELECT 1/0'''",
    "CREATE FUNCTION evil.octet_length(text) RETURNS integer LANGUAGE sql AS 'SELECT 0'",
];

#[tokio::test]
async fn no_search_path_changes_what_an_append_means() {
    let database = database().await;
    let org = create(&database.store().await, "acme").await;
    let mut superuser = admin(&database).await;
    for statement in SHADOWS {
        run(&mut superuser, statement).await.unwrap();
    }
    let mut connection = database.options_for(RUNTIME_ROLE).connect().await.unwrap();
    run(&mut connection, "SET search_path = evil, pg_catalog").await.unwrap();
    let shadowed: bool = sqlx::query_scalar("SELECT 1::bigint = 2::bigint").fetch_one(&mut connection).await.unwrap();
    assert!(shadowed, "the shadow stands before what it shadows");

    let first = commit_after(org.head().await.unwrap(), 3, vec![1; 50]);
    org.append_commit_on(&mut connection, &first, 0, &[key("k", 1)], &[]).await.unwrap();
    assert_eq!(org.head().await.unwrap(), head_after(&first));
    assert_eq!(org.commits_after(0, u64::MAX).await.unwrap(), std::slice::from_ref(&first));
    let stale = commit_after(Head { seq: 7, ..head_after(&first) }, 1, vec![1; 50]);
    let refused = org.append_commit_on(&mut connection, &stale, 7, &[], &[]).await;
    assert!(matches!(refused, Err(AppendError::Fenced)), "{refused:?}");
    assert_eq!(org.head().await.unwrap(), head_after(&first));
}

/// A history of 50,000 commits of three events each, of two organizations.
async fn long_histories(database: &TestDatabase, org: &OrgStore) {
    let mut superuser = admin(database).await;
    let fill = "INSERT INTO ledger.commits SELECT '{}', 1 + 3 * n, 3, now(), 1, '{}', hash, hash, hash, '\\x01'
                  FROM generate_series(0, 49999) AS n, (SELECT decode(repeat('00', 32), 'hex') AS hash) AS h";
    for id in [org.org(), OrgId(Uuid::now_v7())] {
        run(&mut superuser, &fill.replace("{}", &id.to_string())).await.unwrap();
    }
    run(&mut superuser, "ANALYZE ledger.commits").await.unwrap();
}

/// The plan of a statement with its parameters as given, made for these or for any.
async fn plan(org: &OrgStore, statement: &str, generic: bool, values: &str) -> String {
    let mut tx = org.begin().await.unwrap();
    let mode = if generic { "force_generic_plan" } else { "force_custom_plan" };
    let explain = format!("EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING OFF, SUMMARY OFF) EXECUTE hot ({values})");
    for step in [format!("SET LOCAL plan_cache_mode = {mode}"), format!("PREPARE hot AS {statement}")] {
        sqlx::query(AssertSqlSafe(step)).persistent(false).execute(&mut *tx).await.unwrap();
    }
    let lines: Vec<String> = sqlx::query_scalar(AssertSqlSafe(explain)).persistent(false).fetch_all(&mut *tx).await.unwrap();
    sqlx::query("DEALLOCATE hot").persistent(false).execute(&mut *tx).await.unwrap();
    tx.rollback().await.unwrap();
    lines.join("\n")
}

/// Pages that a plan touched.
fn pages(plan: &str) -> u32 {
    let hits = plan.split("shared hit=").nth(1).and_then(|rest| rest.split_whitespace().next()).unwrap();
    hits.parse().unwrap()
}

#[tokio::test]
async fn finding_a_commit_is_one_index_probe_however_long_the_history() {
    let database = database().await;
    let org = create(&database.store().await, "acme").await;
    long_histories(&database, &org).await;
    for seq in [1, 75_000, 150_000] {
        for generic in [false, true] {
            let plan = plan(&org, ledger_store::commits::COMMIT_AT, generic, &format!("'{}', {seq}", org.org())).await;
            assert!(plan.contains("Index Scan Backward using commits_pkey on commits (actual rows=1 loops=1)"), "{plan}");
            assert!(!plan.contains("Seq Scan") && !plan.contains("Rows Removed"), "{plan}");
            assert!(pages(&plan) <= 8, "{plan}");
        }
    }
}

#[tokio::test]
async fn reading_on_touches_what_is_new_however_long_the_history() {
    let database = database().await;
    let org = create(&database.store().await, "acme").await;
    long_histories(&database, &org).await;
    for (after, rows) in [(0, 20), (1, 20), (75_000, 20), (149_970, 10), (149_998, 1), (150_000, 0)] {
        for generic in [false, true] {
            let plan = plan(&org, ledger_store::commits::COMMITS_AFTER, generic, &format!("'{}', {after}, 20, 4194304", org.org())).await;
            assert!(!plan.contains("Seq Scan"), "after {after}: {plan}");
            assert!(plan.starts_with("Sub") && plan.contains(&format!("(actual rows={rows} loops=1)")), "after {after}: {plan}");
            assert!(pages(&plan) <= 16, "after {after}: {plan}");
        }
    }
}

#[tokio::test]
async fn snapshots_come_and_go() {
    let org = new_org().await;
    let snapshot = |seq, codec, byte| Snapshot { seq, codec, state: vec![byte; 9_000] };
    for saved in [snapshot(10, 1, 1), snapshot(20, 1, 2), snapshot(30, 2, 3), snapshot(20, 1, 4)] {
        org.save_snapshot(&saved).await.unwrap();
    }
    assert_eq!(org.latest_snapshot(1, None).await.unwrap(), Some(snapshot(20, 1, 4)));
    assert_eq!(org.latest_snapshot(1, Some(19)).await.unwrap(), Some(snapshot(10, 1, 1)));
    assert_eq!(org.latest_snapshot(2, None).await.unwrap(), Some(snapshot(30, 2, 3)));
    assert_eq!(org.latest_snapshot(2, Some(29)).await.unwrap(), None);
    assert_eq!(org.drop_snapshots(Some(20)).await.unwrap(), 1);
    assert_eq!(org.drop_snapshots(None).await.unwrap(), 2);
}

#[tokio::test]
async fn the_sweep_finds_who_lags() {
    let database = database().await;
    let store = database.store().await;
    let mut orgs = Vec::new();
    for slug in ["idle", "fresh", "behind", "done", "stuck", "leased", "expired", "old-version"] {
        let org = create(&store, slug).await;
        if slug != "idle" {
            append_many(&org, 1, 5, 10).await;
        }
        orgs.push(org);
    }
    let mut superuser = admin(&database).await;
    for (at, rest) in [
        (2, "1, 3, 'running', NULL, NULL, NULL, NULL"),
        (3, "1, 5, 'running', NULL, NULL, NULL, NULL"),
        (4, "1, 3, 'failed', 'boom', 4, NULL, NULL"),
        (5, "1, 3, 'running', NULL, NULL, gen_random_uuid(), '2024-01-01 00:00:01Z'"),
        (6, "1, 3, 'running', NULL, NULL, gen_random_uuid(), '2024-01-01 00:00:00Z'"),
        (7, "2, 5, 'failed', 'boom', 4, NULL, NULL"),
    ] {
        let insert = "INSERT INTO read.projection_checkpoint (org_id, name, version, seq, status, error, failed_seq, lease_owner, lease_until, updated_at)
                      VALUES ('{org}', 'gl', {rest}, now())";
        run(&mut superuser, &insert.replace("{org}", &orgs[at].org().to_string()).replace("{rest}", rest)).await.unwrap();
    }
    let now = Timestamp(1_704_067_200_000_000);
    let all = store.lagging("gl", 1, now, None, 100).await.unwrap();
    let found: Vec<(OrgId, u64, u64)> = all.iter().map(|l| (l.org, l.head, l.applied)).collect();
    assert_eq!(found, [(orgs[1].org(), 5, 0), (orgs[2].org(), 5, 3), (orgs[6].org(), 5, 3), (orgs[7].org(), 5, 5)]);
    let mut paged = store.lagging("gl", 1, now, None, 3).await.unwrap();
    paged.extend(store.lagging("gl", 1, now, Some(paged[2].org), 3).await.unwrap());
    assert_eq!(paged, all);
    assert_eq!(store.lagging("other", 1, now, None, 100).await.unwrap().len(), 7);
}

/// How a line between store and server behaves.
const HONEST: u8 = 0;
/// The answer to the next append is thrown away and the line is cut; from then on it is [`DOWN`].
const SWALLOWS_THE_ANSWER: u8 = 1;
const DOWN: u8 = 2;

/// A store whose line to the server can be made to swallow answers: what the server did, the store does not learn.
async fn store_on_a_line(options: sqlx::postgres::PgConnectOptions) -> (Store, Arc<AtomicU8>, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let socket = format!(".s.PGSQL.{}", options.get_port());
    let server = options.get_socket().unwrap().join(&socket);
    let listener = UnixListener::bind(dir.path().join(&socket)).unwrap();
    let line = Arc::new(AtomicU8::new(HONEST));
    let shared = line.clone();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            tokio::spawn(relay(client, server.clone(), shared.clone()));
        }
    });
    (Store::connect(options.socket(dir.path()), StoreConfig::default()).await.unwrap(), line, dir)
}

async fn relay(client: UnixStream, server: std::path::PathBuf, line: Arc<AtomicU8>) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = UnixStream::connect(server).await.unwrap().into_split();
    let questions = tokio::spawn(async move { tokio::io::copy(&mut from_client, &mut to_server).await });
    let mut answer = vec![0; 65_536];
    while let Ok(read @ 1..) = from_server.read(&mut answer).await {
        if line.load(Ordering::SeqCst) == SWALLOWS_THE_ANSWER && answer[..read].windows(8).any(|w| w == b"appended") {
            line.store(DOWN, Ordering::SeqCst);
        }
        if line.load(Ordering::SeqCst) == DOWN || to_client.write_all(&answer[..read]).await.is_err() {
            break;
        }
    }
    questions.abort();
}

#[tokio::test]
async fn an_answer_lost_after_the_commit_is_an_unknown_outcome_that_can_be_resolved() {
    let database = database().await;
    let honest = database.store().await;
    let org = create(&honest, "acme").await;
    let (store, line, _dir) = store_on_a_line(database.options_for(RUNTIME_ROLE)).await;
    let far = store.for_org(org.org());
    let [first] = append_many(&far, 1, 2, 10).await.try_into().unwrap();

    let commit = commit_after(head_after(&first), 2, vec![1]);
    line.store(SWALLOWS_THE_ANSWER, Ordering::SeqCst);
    let outcome = far.append_commit(&commit, 2, &[key("k", 3)], &[]).await;
    assert!(matches!(outcome, Err(AppendError::OutcomeUnknown(_))), "{outcome:?}");
    assert!(far.resolve(&commit).await.unwrap_err().is_transient(), "nobody can tell as long as nobody answers");
    line.store(HONEST, Ordering::SeqCst);
    assert!(matches!(far.resolve(&commit).await.unwrap(), Resolution::Committed(done) if done.seq == 4));
    let again = far.append_commit(&commit, 2, &[key("k", 3)], &[]).await;
    assert!(matches!(again, Err(AppendError::Fenced)), "the very same commit cannot get in twice: {again:?}");
    assert_eq!(org.commit_at(4).await.unwrap(), commit);
}

#[tokio::test]
async fn a_server_process_that_dies_before_the_commit_is_an_unknown_outcome_too() {
    let database = database().await;
    let store = database.store().await;
    let org = create(&store, "acme").await;
    let commit = commit_after(org.head().await.unwrap(), 1, vec![1]);
    let mut superuser = admin(&database).await;
    run(&mut superuser, "BEGIN").await.unwrap();
    run(&mut superuser, "SELECT FROM ledger.stream_head FOR UPDATE").await.unwrap();
    let waiting = tokio::spawn({
        let (org, commit) = (org.clone(), commit.clone());
        async move { org.append_commit(&commit, 0, &[], &[]).await }
    });
    let kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND usename = 'ledgerd' AND datname = current_database()";
    while run(&mut superuser, kill).await.unwrap() == 0 {
        tokio::task::yield_now().await;
        run(&mut superuser, "SELECT pg_stat_clear_snapshot()").await.unwrap();
    }
    let outcome = waiting.await.unwrap();
    assert!(matches!(outcome, Err(AppendError::OutcomeUnknown(_))), "{outcome:?}");
    run(&mut superuser, "ROLLBACK").await.unwrap();
    assert_eq!(org.resolve(&commit).await.unwrap(), Resolution::NotYet);
    org.append_commit(&commit, 0, &[], &[]).await.unwrap();

    let loser = Commit { hash: [8; 32], ..commit };
    assert_eq!(org.resolve(&loser).await.unwrap(), Resolution::Overtaken);
}

#[tokio::test]
async fn a_statement_that_ran_out_of_time_changed_nothing() {
    let database = database().await;
    let org = create(&database.store().await, "acme").await;
    let hasty = StoreConfig { statement_timeout: std::time::Duration::from_millis(50), ..StoreConfig::default() };
    let store = Store::connect(database.options_for(RUNTIME_ROLE), hasty).await.unwrap();
    let mut superuser = admin(&database).await;
    run(&mut superuser, "BEGIN").await.unwrap();
    run(&mut superuser, "SELECT FROM ledger.stream_head FOR UPDATE").await.unwrap();
    let commit = commit_after(org.head().await.unwrap(), 1, vec![1]);
    let outcome = store.for_org(org.org()).append_commit(&commit, 0, &[], &[]).await;
    assert!(matches!(&outcome, Err(AppendError::Refused(e)) if e.is_transient()), "{outcome:?}");
    run(&mut superuser, "ROLLBACK").await.unwrap();
    assert_eq!(org.head().await.unwrap().seq, 0);
}
