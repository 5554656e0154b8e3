//! What somebody with every right in the database can do to history, and where `verify` finds it.
//!
//! Each case has an organization of its own, changed by a superuser with the triggers switched off. The forgers here
//! know the format and recompute hashes as far as the case says.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use chrono::NaiveDate;
use ledger_core::book::Valuation;
use ledger_core::chain::{Commit, commit_hash};
use ledger_core::codec;
use ledger_core::command::OpenAccount;
use ledger_core::merkle::{Frontier, leaf_hash};
use ledger_core::{AccountType, Actor, Command, DraftEntry, DraftLine, Seq, Timestamp};
use ledger_store::bulk::{Bulk, BulkOptions};
use ledger_store::load::{self, Loaded};
use ledger_store::testing::{TestDatabase, database};
use ledger_store::verify::Check::{
    self, Chain, Clock, Count, Event, ExternalId, Hash, Head, Inserted, Key, Missing, Snapshot, Time, TreeRoot,
};
use ledger_store::verify::{Report, stored};
use ledger_store::writer::{IdempotencyKey, Ledger, NewOrganization, Request};
use ledger_store::{KeptHead, OrgId, OrgStore};
use rust_decimal::Decimal;
use sqlx::{ConnectOptions, PgConnection, query};
use uuid::Uuid;

/// Events of the commits that the bulk import writes; each is a chunk of entries.
const CHUNKS: [usize; 8] = [1, 1, 3, 5, 1, 4, 1, 2];

/// A database with one organization after the other.
struct World {
    database: TestDatabase,
    ledger: Ledger,
    next: u32,
}

/// One organization's history, as it was before anybody changed it, and a superuser's connection.
struct Crime {
    org: OrgStore,
    /// All commits; those of [`CHUNKS`] come last.
    commits: Vec<Commit>,
    kept: KeptHead,
    /// Head kept before the last five commits.
    kept_early: KeptHead,
    superuser: PgConnection,
    bystander: OrgId,
}

impl World {
    async fn new() -> Self {
        let database = database().await;
        let ledger = Ledger::new(database.store().await);
        Self { database, ledger, next: 0 }
    }

    async fn organization(&mut self) -> OrgId {
        self.next += 1;
        let new = NewOrganization {
            slug: format!("org-{}", self.next),
            name: "Acme".into(),
            functional_currency: "USD".into(),
            functional_scale: None,
            valuation: Valuation::Required,
        };
        let org = self.ledger.create_organization(new, &actor()).await.unwrap();
        for (code, kind) in [("cash", AccountType::Asset), ("sales", AccountType::Revenue)] {
            let command = Command::OpenAccount(OpenAccount::new(code, kind));
            self.ledger.submit(org, Request::new(command, actor())).await.unwrap();
        }
        self.import(org).await;
        org
    }

    async fn import(&self, org: OrgId) {
        let options = BulkOptions { actor: actor(), correlation: None, atomic: false, soft_closed: false };
        let mut bulk = Bulk::open(self.ledger.store().for_org(org), options).await.unwrap();
        let import = move || {
            for (chunk, count) in CHUNKS.into_iter().enumerate() {
                for n in 0..count {
                    bulk.decide((), sale(&format!("{chunk}-{n}"), n + 1)).unwrap();
                }
                bulk.end_chunk(Some(IdempotencyKey::new(format!("chunk {chunk}"), b""))).unwrap();
            }
            bulk.finish().unwrap();
        };
        tokio::task::spawn_blocking(import).await.unwrap();
    }

    async fn crime(&mut self) -> Crime {
        let (id, bystander) = (self.organization().await, self.organization().await);
        let org = self.ledger.store().for_org(id);
        let commits: Vec<Commit> = commits_of(&org).await;
        let head = |commit: &Commit| KeptHead {
            org: Some(id.0),
            seq: commit.last_seq(),
            hash: commit.hash,
            tree_root: Some(commit.header.tree_root),
            recorded_at: Some(commit.header.recorded_at),
        };
        let (kept, kept_early) = (head(&commits[commits.len() - 1]), head(&commits[commits.len() - 6]));
        let superuser = self.database.admin_options().connect().await.unwrap();
        Crime { org, commits, kept, kept_early, superuser, bystander }
    }
}

fn actor() -> Actor {
    Actor::system("tamper test")
}

fn sale(id: &str, cents: usize) -> Command {
    let amount = Decimal::new(i64::try_from(cents).unwrap(), 2);
    let lines = vec![DraftLine::new("cash", amount, "USD"), DraftLine::new("sales", -amount, "USD")];
    let draft = DraftEntry::new(NaiveDate::from_ymd_opt(2026, 1, 31).unwrap(), "a sale", lines);
    Command::PostEntry(DraftEntry { external_id: Some(id.into()), ..draft })
}

async fn commits_of(org: &OrgStore) -> Vec<Commit> {
    let page = org.commits_after(0, u64::MAX).await.unwrap();
    page.into_iter().map(|commit| load::to_chain(org.org(), commit)).collect()
}

impl Crime {
    /// The commit of a chunk.
    fn chunk(&self, index: usize) -> Commit {
        self.commits[self.commits.len() - CHUNKS.len() + index].clone()
    }

    fn first(&self, chunk: usize) -> Seq {
        self.chunk(chunk).header.first_seq
    }

    fn last(&self, chunk: usize) -> Seq {
        self.chunk(chunk).last_seq()
    }

    /// Where and what, for a chunk.
    fn at(&self, check: Check, chunk: usize) -> (Check, Seq, Seq) {
        (check, self.first(chunk), self.last(chunk))
    }

    fn end(&self) -> Seq {
        self.kept.seq
    }

    async fn triggers(&mut self, state: &'static str) {
        query(sqlx::AssertSqlSafe(format!("ALTER TABLE ledger.commits {state} TRIGGER append_only")))
            .execute(&mut self.superuser)
            .await
            .unwrap();
    }

    async fn delete(&mut self, first_seq: Seq) {
        let org = self.org.org();
        self.delete_of(org, first_seq).await;
    }

    async fn delete_of(&mut self, org: OrgId, first_seq: Seq) {
        let statement = query("DELETE FROM ledger.commits WHERE org_id = $1 AND first_seq = $2").bind(org.0).bind(number(first_seq));
        assert_eq!(statement.execute(&mut self.superuser).await.unwrap().rows_affected(), 1);
    }

    async fn insert(&mut self, commit: &Commit) {
        let org = self.org.org();
        self.insert_into(org, commit).await;
    }

    async fn insert_into(&mut self, org: OrgId, commit: &Commit) {
        let row = load::from_chain(commit.clone());
        query(
            "INSERT INTO ledger.commits (org_id, first_seq, event_count, recorded_at, codec, base_id, prev_hash, tree_root, hash, payload)
               VALUES ($1, $2, $3, 'epoch'::timestamptz + $4 * interval '1 microsecond', $5, $6, $7, $8, $9, $10)",
        )
        .bind(org.0)
        .bind(number(row.first_seq))
        .bind(i32::try_from(row.event_count).unwrap())
        .bind(row.recorded_at.0)
        .bind(i16::try_from(row.codec).unwrap())
        .bind(row.base_id)
        .bind(row.prev_hash.as_slice())
        .bind(row.tree_root.as_slice())
        .bind(row.hash.as_slice())
        .bind(row.payload)
        .execute(&mut self.superuser)
        .await
        .unwrap();
    }

    /// Puts another commit where one stood.
    async fn replace(&mut self, first_seq: Seq, commit: &Commit) {
        self.delete(first_seq).await;
        self.insert(commit).await;
    }

    /// Makes the head row say that the stream ends here.
    async fn set_head(&mut self, commit: &Commit) {
        query("UPDATE ledger.stream_head SET seq = $2, hash = $3 WHERE org_id = $1")
            .bind(self.org.org().0)
            .bind(number(commit.last_seq()))
            .bind(commit.hash.as_slice())
            .execute(&mut self.superuser)
            .await
            .unwrap();
    }

    /// Rewrites history from a chunk on with every hash and root recomputed, as the ledger itself would have.
    async fn rewrite_from(&mut self, chunk: usize, change: impl FnOnce(&mut Commit)) {
        let from = self.commits.len() - CHUNKS.len() + chunk;
        let mut forged: Vec<Commit> = self.commits[from..].to_vec();
        change(&mut forged[0]);
        let mut tree = Frontier::default();
        for commit in &self.commits[..from] {
            leaves(commit).for_each(|leaf| tree.push(leaf));
        }
        let (mut hash, mut seq) = (self.commits[from - 1].hash, self.commits[from - 1].last_seq());
        for commit in &mut forged {
            leaves(commit).for_each(|leaf| tree.push(leaf));
            (commit.header.first_seq, commit.header.prev_hash, commit.header.tree_root) = (seq + 1, hash, tree.root());
            commit.hash = commit_hash(&commit.header, &commit.payload);
            (hash, seq) = (commit.hash, commit.last_seq());
        }
        for index in from..self.commits.len() {
            self.delete(self.commits[index].header.first_seq).await;
        }
        for commit in &forged {
            self.insert(commit).await;
        }
        self.set_head(forged.last().unwrap()).await;
    }

    async fn verify(&self, kept: &[&KeptHead]) -> Report {
        let others = vec![self.bystander.0, Uuid::from_u128(5)];
        let kept = kept.iter().map(|head| (*head).clone()).collect();
        stored::verify(&self.org, stored::Options { kept, others, ..Default::default() }).await.unwrap()
    }
}

fn number(seq: Seq) -> i64 {
    i64::try_from(seq).unwrap()
}

fn leaves(commit: &Commit) -> impl Iterator<Item = [u8; 32]> + '_ {
    codec::frames(&commit.payload).map(|frame| leaf_hash(frame.unwrap()))
}

/// The payload without its first event, and one event fewer in the header.
fn without_first_event(commit: &mut Commit) {
    let first = usize::from(commit.payload[0]) + 1;
    commit.payload.drain(..first);
    commit.header.event_count -= 1;
}

fn found(report: &Report) -> Vec<(Check, Seq, Seq)> {
    report.findings.iter().map(|finding| (finding.check, finding.first_seq, finding.last_seq)).collect()
}

/// Finds exactly what is expected; the words of the first finding hold `words`.
fn assert_found(case: &str, report: &Report, expected: &[(Check, Seq, Seq)], words: &str) {
    let shown: Vec<String> = report.findings.iter().map(|f| format!("{} {}..{}: {}", f.check, f.first_seq, f.last_seq, f.detail)).collect();
    assert_eq!(found(report), expected, "{case}: {shown:#?}");
    assert_eq!(report.is_sound(), expected.is_empty(), "{case}");
    let said = report.findings.first().map_or("", |finding| finding.detail.as_str());
    assert!(said.contains(words), "{case}: {said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_untouched_history_is_sound_in_every_respect() {
    let mut world = World::new().await;
    let crime = world.crime().await;
    let loaded = load::load_book(&crime.org).await.unwrap();
    load::save_book(&crime.org, &loaded.book, &loaded.tip).await.unwrap();
    let report = crime.verify(&[&crime.kept_early, &crime.kept]).await;
    assert_found("untouched", &report, &[], "");
    let entries: usize = CHUNKS.iter().sum();
    assert_eq!((report.entries, report.events), (entries as u64, crime.end()));
    assert_eq!(report.end.as_ref(), Some(&crime.kept));
    let beyond = report.beyond;
    assert_eq!((beyond.kept_heads, beyond.head, beyond.snapshots), (2, true, Some(1)));
    assert_eq!((beyond.keys, beyond.external_ids), (Some(CHUNKS.len() as u64), Some(entries as u64)));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_byte_one_time_one_field() {
    let mut world = World::new().await;
    type Change = fn(&mut Commit);
    let cases: [(&str, Change, &[Check], &str); 9] = [
        // The last byte of the description, so that the event can still be read.
        ("a changed payload byte", |c| *c.payload.iter_mut().rfind(|byte| **byte == b'e').unwrap() = b'E', &[Hash], "payload was changed"),
        ("a changed timestamp", |c| c.header.recorded_at.0 += 1, &[Hash], "its header was changed (the recorded time"),
        ("a backdated commit", |c| c.header.recorded_at.0 -= 86_400_000_000, &[Hash, Time], "its header was changed (the recorded time"),
        ("a changed id", |c| c.header.base_id = Uuid::now_v7(), &[Hash], "its header was changed"),
        ("a changed previous hash", |c| c.header.prev_hash = [1; 32], &[Hash], "its previous hash was changed"),
        ("a changed tree root", |c| c.header.tree_root = [1; 32], &[Hash], "its tree root was changed"),
        ("a changed stored hash", |c| c.hash = [1; 32], &[Hash], "its stored hash was changed"),
        (
            "a cut payload",
            |c| c.payload.truncate(c.payload.len() - 1),
            &[Count, Hash],
            "the payload holds 4 whole events and is then cut off",
        ),
        ("an unknown layout", |c| c.header.codec = 9, &[Event, Hash], "use a newer one"),
    ];
    for (case, change, checks, words) in cases {
        let mut crime = world.crime().await;
        crime.triggers("DISABLE").await;
        let mut commit = crime.chunk(3);
        change(&mut commit);
        crime.replace(commit.header.first_seq, &commit).await;
        crime.triggers("ENABLE ALWAYS").await;
        let expected: Vec<_> = checks.iter().map(|check| crime.at(*check, 3)).collect();
        let report = crime.verify(&[]).await;
        // Keys and external ids may tell too.
        let of_commits = report.findings.iter().filter(|finding| !matches!(finding.check, Key | ExternalId)).cloned().collect();
        let report = Report { findings: of_commits, ..report };
        assert_found(case, &report, &expected, words);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whole_commits_gone_swapped_inserted_moved() {
    let mut world = World::new().await;

    let mut crime = world.crime().await;
    crime.triggers("DISABLE").await;
    crime.delete(crime.first(3)).await;
    let report = crime.verify(&[]).await;
    let gone = crime.at(Missing, 3);
    assert_eq!(found(&report)[0], gone);
    assert!(
        found(&report)[1..].iter().all(|(check, first, last)| matches!(check, Key | ExternalId) && *first >= gone.1 && *last <= gone.2)
    );
    assert!(report.findings[0].detail.contains("5 events are missing"), "{report:?}");

    let mut crime = world.crime().await;
    let (one, other) = (crime.chunk(0), crime.chunk(1));
    crime.delete(one.header.first_seq).await;
    crime.delete(other.header.first_seq).await;
    for (commit, place) in [(&one, &other), (&other, &one)] {
        let mut moved = commit.clone();
        moved.header.first_seq = place.header.first_seq;
        crime.insert(&moved).await;
    }
    let report = crime.verify(&[]).await;
    let hashes: Vec<_> = found(&report).into_iter().filter(|(check, ..)| *check == Hash).collect();
    assert_eq!(hashes, [(Hash, one.header.first_seq, other.header.first_seq)], "{:#?}", report.findings);
    let said = format!("it is the commit that began at seq {}", other.header.first_seq);
    assert!(report.findings[0].detail.contains(&said), "{:#?}", report.findings);

    // Two commits of the same length swapped whole, with the header fields of their new place and hashes recomputed.
    let mut crime = world.crime().await;
    let (one, other) = (crime.chunk(4), crime.chunk(6));
    for (place, content) in [(&one, &other), (&other, &one)] {
        let mut forged = Commit { payload: content.payload.clone(), ..place.clone() };
        forged.hash = commit_hash(&forged.header, &forged.payload);
        crime.replace(place.header.first_seq, &forged).await;
    }
    let report = crime.verify(&[]).await;
    assert_eq!(found(&report)[..3], [crime.at(TreeRoot, 4), crime.at(Chain, 4), crime.at(Chain, 6)], "{:#?}", report.findings);

    // A commit put between two others at a place that is free: inside the one before.
    let mut crime = world.crime().await;
    let mut inserted = crime.chunk(0);
    inserted.header.first_seq = crime.first(3) + 1;
    crime.insert(&inserted).await;
    let report = crime.verify(&[]).await;
    let at = inserted.header.first_seq;
    assert_eq!(found(&report)[0], (Inserted, at, at));
    assert!(
        report.findings[0].detail.contains(&format!("it is the commit that began at seq {}", crime.first(0))),
        "{:#?}",
        report.findings
    );

    // The same with care: everything after it is renumbered, and the inserted one continues the one before it.
    let mut crime = world.crime().await;
    let place = crime.first(4);
    for chunk in (4..CHUNKS.len()).rev() {
        let mut shifted = crime.chunk(chunk);
        shifted.header.first_seq += 1;
        crime.replace(crime.first(chunk), &shifted).await;
    }
    let mut inserted = crime.chunk(0);
    (inserted.header.first_seq, inserted.header.prev_hash) = (place, crime.chunk(3).hash);
    inserted.header.recorded_at = crime.chunk(3).header.recorded_at;
    inserted.hash = commit_hash(&inserted.header, &inserted.payload);
    crime.insert(&inserted).await;
    let report = crime.verify(&[]).await;
    let expected =
        [(TreeRoot, place, place), (Inserted, place, place), (Hash, place + 1, crime.end() + 1), (Head, crime.end() + 1, crime.end() + 1)];
    assert_eq!(found(&report)[..4], expected, "{:#?}", report.findings);
    assert!(report.findings[2].detail.contains(&format!("it is the commit that began at seq {place}")), "{:#?}", report.findings);

    // From the end of another organization to the end of this one.
    let mut crime = world.crime().await;
    let theirs = commits_of(&world.ledger.store().for_org(crime.bystander)).await.pop().unwrap();
    crime.delete(crime.first(7)).await;
    let bystander = crime.bystander;
    crime.delete_of(bystander, theirs.header.first_seq).await;
    crime.insert(&theirs).await;
    let report = crime.verify(&[]).await;
    assert_eq!(found(&report)[0], crime.at(Hash, 7), "{:#?}", report.findings);
    assert!(report.findings[0].detail.contains(&format!("it belongs to organization {bystander}")), "{:#?}", report.findings);
    let robbed = stored::verify(&world.ledger.store().for_org(bystander), stored::Options::default()).await.unwrap();
    assert_eq!(found(&robbed)[0], (Head, theirs.header.first_seq, theirs.last_seq()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tail_cut_off_is_told_by_the_head_row_and_by_a_kept_head() {
    let mut world = World::new().await;
    for head_row_too in [false, true] {
        let mut crime = world.crime().await;
        crime.triggers("DISABLE").await;
        crime.delete(crime.first(6)).await;
        crime.delete(crime.first(7)).await;
        for table in ["idempotency_key WHERE org_id = $1 AND first_seq", "external_id WHERE org_id = $1 AND seq"] {
            let statement = sqlx::AssertSqlSafe(format!("DELETE FROM ledger.{table} >= $2"));
            query(statement).bind(crime.org.org().0).bind(number(crime.first(6))).execute(&mut crime.superuser).await.unwrap();
        }
        if head_row_too {
            let last = crime.chunk(5);
            crime.set_head(&last).await;
        }
        let (from, to) = (crime.first(6), crime.end());
        let without: &[_] = if head_row_too { &[] } else { &[(Head, from, to)] };
        assert_found("without a kept head", &crime.verify(&[]).await, without, if head_row_too { "" } else { "its tail is missing" });
        let mut with = vec![(Check::KeptHead, from, to)];
        with.extend(without);
        assert_found("with a kept head", &crime.verify(&[&crime.kept_early, &crime.kept]).await, &with, "its tail was cut off");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payload_without_one_of_its_events() {
    let mut world = World::new().await;

    // The commit's own hash recomputed, its count as before.
    let mut crime = world.crime().await;
    crime.triggers("DISABLE").await;
    let mut commit = crime.chunk(3);
    without_first_event(&mut commit);
    commit.header.event_count += 1;
    commit.hash = commit_hash(&commit.header, &commit.payload);
    crime.replace(commit.header.first_seq, &commit).await;
    let report = crime.verify(&[]).await;
    assert_eq!(found(&report)[..2], [crime.at(Count, 3), crime.at(Chain, 3)], "{:#?}", report.findings);
    assert!(report.findings[0].detail.contains("holds 4 whole events, the header says 5"), "{report:?}");

    // The count too: now an event is missing before the next commit.
    let mut crime = world.crime().await;
    let mut commit = crime.chunk(3);
    without_first_event(&mut commit);
    commit.hash = commit_hash(&commit.header, &commit.payload);
    crime.replace(commit.header.first_seq, &commit).await;
    let report = crime.verify(&[]).await;
    let (first, last) = (crime.first(3), crime.last(3));
    assert_eq!(found(&report)[..2], [(TreeRoot, first, last - 1), (Missing, last, last)], "{:#?}", report.findings);

    // The tree root too: the next commit continues another one, and its position leaves a gap.
    let mut crime = world.crime().await;
    let mut commit = crime.chunk(3);
    without_first_event(&mut commit);
    let mut tree = Frontier::default();
    crime.commits.iter().take_while(|c| c.header.first_seq < first).for_each(|c| leaves(c).for_each(|leaf| tree.push(leaf)));
    leaves(&commit).for_each(|leaf| tree.push(leaf));
    commit.header.tree_root = tree.root();
    commit.hash = commit_hash(&commit.header, &commit.payload);
    crime.replace(commit.header.first_seq, &commit).await;
    let report = crime.verify(&[]).await;
    assert_eq!(found(&report)[0], (Missing, last, last), "{:#?}", report.findings);
}

#[tokio::test(flavor = "multi_thread")]
async fn hashes_recomputed_by_somebody_who_knows_how() {
    let mut world = World::new().await;

    // A recorded time moved, this commit's hash recomputed: the next commit continues another one.
    let mut crime = world.crime().await;
    crime.triggers("DISABLE").await;
    let mut commit = crime.chunk(3);
    commit.header.recorded_at.0 += 1;
    commit.hash = commit_hash(&commit.header, &commit.payload);
    crime.replace(commit.header.first_seq, &commit).await;
    let report = crime.verify(&[]).await;
    assert_eq!(found(&report)[0], crime.at(Chain, 3), "{:#?}", report.findings);
    assert!(report.findings[0].detail.contains("it was changed and its hash recomputed"), "{report:?}");

    // The whole suffix recomputed, and the head row: nothing in the database can tell. A head kept outside does,
    // and one kept before says where to look.
    type Change = fn(&mut Commit);
    let cases: [(&str, Change); 2] = [
        ("a recorded time", |c| c.header.recorded_at.0 += 1),
        ("who asked", |c| {
            let forged = codec::frames(&c.payload).next().unwrap().unwrap().to_vec();
            let mut proposed = codec::decode(&forged).unwrap();
            proposed.correlation = Some(Uuid::from_u128(1));
            let encoded = codec::encode(&proposed).unwrap();
            let rest = c.payload[forged.len() + 1..].to_vec();
            c.payload = [&[u8::try_from(encoded.len()).unwrap()], encoded.as_slice(), rest.as_slice()].concat();
        }),
    ];
    for (case, change) in cases {
        let mut crime = world.crime().await;
        crime.rewrite_from(3, change).await;
        let report = crime.verify(&[]).await;
        let told: Vec<_> = found(&report).into_iter().filter(|(check, ..)| *check != Key).collect();
        assert_eq!(told, [], "{case}: {:#?}", report.findings);
        let report = crime.verify(&[&crime.kept_early, &crime.kept]).await;
        let told: Vec<_> = found(&report).into_iter().filter(|(check, ..)| *check == Check::KeptHead).collect();
        assert_eq!(told, [(Check::KeptHead, crime.kept_early.seq + 1, crime.end())], "{case}: {:#?}", report.findings);
        assert!(report.findings[0].detail.contains("is not the one that was kept"), "{case}: {:#?}", report.findings);
    }

    // A commit backdated by a year with all that follows: the id, made by the same clock, is a remark worth a look.
    let mut crime = world.crime().await;
    crime.rewrite_from(7, |c| c.header.recorded_at.0 += 365 * 86_400_000_000).await;
    let report = crime.verify(&[&crime.kept]).await;
    assert_eq!(found(&report)[..2], [crime.at(Clock, 7), (Check::KeptHead, 1, crime.end())], "{:#?}", report.findings);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_speak_about_the_stream() {
    let mut world = World::new().await;
    let statements: [(&str, &str, Check, &str); 7] = [
        ("UPDATE ledger.stream_head SET hash = sha256('x') WHERE org_id = $1 AND $2 > 0", "head", Head, "the stream's head has hash"),
        (
            "UPDATE ledger.idempotency_key SET first_seq = $2 + 100 WHERE org_id = $1 AND key = 'chunk 7'",
            "key",
            Key,
            "names events that are not in history",
        ),
        (
            "UPDATE ledger.idempotency_key SET event_count = 90 WHERE org_id = $1 AND key = 'chunk 3' AND $2 > 0",
            "key",
            Key,
            "names events of more than one commit",
        ),
        (
            "UPDATE ledger.external_id SET seq = $2 WHERE org_id = $1 AND external_id = '3-0'",
            "external id",
            ExternalId,
            "is kept for an event that does not bear it",
        ),
        (
            "DELETE FROM ledger.external_id WHERE org_id = $1 AND external_id = '3-0' AND $2 > 0",
            "external id",
            ExternalId,
            "it could be posted again",
        ),
        ("INSERT INTO ledger.external_id VALUES ($1, 'new', $2)", "external id", ExternalId, "is kept for an event that does not bear it"),
        (
            "UPDATE ledger.snapshot SET state = state || '\\x00' WHERE org_id = $1 AND $2 > 0",
            "snapshot",
            Snapshot,
            "not the state that history gives",
        ),
    ];
    for (statement, case, check, words) in statements {
        let mut crime = world.crime().await;
        let loaded = load::load_book(&crime.org).await.unwrap();
        load::save_book(&crime.org, &loaded.book, &loaded.tip).await.unwrap();
        let done = query(statement).bind(crime.org.org().0).bind(number(crime.end())).execute(&mut crime.superuser).await.unwrap();
        assert_eq!(done.rows_affected(), 1, "{statement}");
        let report = crime.verify(&[]).await;
        assert_eq!(found(&report)[0].0, check, "{case}: {:#?}", report.findings);
        assert!(report.findings[0].detail.contains(words), "{case}: {:#?}", report.findings);
        assert!(report.findings.iter().all(|finding| finding.check == check), "{case}: {:#?}", report.findings);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_was_kept_stays_true_while_history_grows() {
    let mut world = World::new().await;
    let crime = world.crime().await;
    world.ledger.submit(crime.org.org(), Request::new(sale("later", 5), actor())).await.unwrap();
    let report = crime.verify(&[&crime.kept_early, &crime.kept]).await;
    assert_found("grown", &report, &[], "");
    assert_eq!(report.end.unwrap().seq, crime.end() + 1);
    let mut loaded = Loaded::genesis(crime.org.org());
    loaded.catch_up(&crime.org).await.unwrap();
    assert!(loaded.tip.recorded_at > Timestamp(0));
}
