//! Organizations and commits for the store's tests. What is in a payload does not matter here.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![allow(dead_code, unreachable_pub, clippy::allow_attributes, reason = "each test file uses its part")]

use ledger_core::Timestamp;
use ledger_store::testing::TestDatabase;
use ledger_store::{Commit, Creation, Head, NewExternalId, NewKey, OrgId, OrgStore, Organization, Store};
use sqlx::{AssertSqlSafe, ConnectOptions, PgConnection};
use uuid::Uuid;

/// What every stream of these tests begins at.
pub const GENESIS: [u8; 32] = [7; 32];
/// An odd number of microseconds: a millisecond clock would not keep it.
pub const NOON: Timestamp = Timestamp(1_700_000_000_123_457);

/// A new organization with an empty stream.
pub async fn create(store: &Store, slug: &str) -> OrgStore {
    let organization = organization(slug);
    assert_eq!(store.create_organization(&organization, GENESIS).await.unwrap(), Creation::Created);
    store.for_org(organization.org)
}

pub fn organization(slug: &str) -> Organization {
    Organization {
        org: OrgId(Uuid::now_v7()),
        slug: slug.to_owned(),
        name: format!("{slug} Ltd."),
        functional_currency: "EUR".to_owned(),
        valuation: "required".to_owned(),
        created_at: NOON,
    }
}

/// The commit of `event_count` events that follows `head`. Its hash is made up, but different for each place.
pub fn commit_after(head: Head, event_count: u32, payload: Vec<u8>) -> Commit {
    let first_seq = head.seq + 1;
    let mut hash = [1; 32];
    hash[..8].copy_from_slice(&first_seq.to_be_bytes());
    Commit {
        first_seq,
        event_count,
        recorded_at: Timestamp(NOON.0 + i64::try_from(first_seq).unwrap()),
        codec: 1,
        base_id: Uuid::now_v7(),
        prev_hash: head.hash,
        tree_root: [2; 32],
        hash,
        payload,
    }
}

pub fn head_after(commit: &Commit) -> Head {
    Head { seq: commit.last_seq(), hash: commit.hash, recorded_at: commit.recorded_at }
}

/// Appends `count` commits of `events` events and `bytes` bytes each; answers them.
pub async fn append_many(org: &OrgStore, count: u32, events: u32, bytes: usize) -> Vec<Commit> {
    let mut head = org.head().await.unwrap();
    let mut commits = Vec::new();
    for _ in 0..count {
        let commit = commit_after(head, events, vec![42; bytes]);
        org.append_commit(&commit, head.seq, &[], &[]).await.unwrap();
        head = head_after(&commit);
        commits.push(commit);
    }
    commits
}

pub fn key(name: &str, first_seq: u64) -> NewKey {
    NewKey { key: name.to_owned(), request_hash: [3; 32], first_seq, event_count: 1 }
}

pub fn external_id(name: &str, seq: u64) -> NewExternalId {
    NewExternalId { external_id: name.to_owned(), seq }
}

pub async fn admin(database: &TestDatabase) -> PgConnection {
    database.admin_options().connect().await.unwrap()
}

/// Runs one statement; `Err` is the SQLSTATE.
pub async fn run(connection: &mut PgConnection, statement: &str) -> Result<u64, String> {
    match sqlx::query(AssertSqlSafe(statement.to_owned())).persistent(false).execute(connection).await {
        Ok(done) => Ok(done.rows_affected()),
        Err(error) => Err(error.as_database_error().and_then(|e| e.code()).map_or_else(|| error.to_string(), |c| c.into_owned())),
    }
}
