//! Rounds of kill -9: of a process that posts, of `ledgerd import`, and of the Postgres server, at random moments. After
//! each, nothing acknowledged is missing, nothing is doubled, what was not answered is in or out whole, the import goes
//! on to the same books, the chain verifies, and read models are what a replay gives.
//!
//! `LEDGERD_CRASH_ROUNDS` says how many (50), `LEDGERD_TEST_SEED` which (any; it is printed).

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod books;
mod poster;

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::str::FromStr;
use std::time::{Duration, Instant};

use ledger_core::book::Valuation;
use ledger_core::command::OpenAccount;
use ledger_core::{AccountType, Actor};
use ledger_store::testing::{DurableServer, durable_server};
use ledger_store::writer::{Ledger, NewOrganization, Request};
use ledger_store::{MIGRATOR, OrgId, OrgStore, Store, StoreConfig, ensure_login};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use sqlx::postgres::PgConnectOptions;

use books::Books;

const ROUNDS: u32 = 50;
/// Ways of importing; each organization gets a file in each way.
const WAYS: usize = 4;
/// Rounds between comparisons of the read models.
const COMPARE_EVERY: u32 = 10;

/// Who is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Victim {
    Poster,
    Importer,
    /// With all its workers, while the others go on.
    Server,
    /// Its first process; the workers notice.
    Postmaster,
    /// As when the machine loses power, but for the disk's cache.
    All,
}

struct World {
    server: DurableServer,
    url: String,
    scratch: tempfile::TempDir,
    posts: OrgId,
    imports: OrgId,
    poster: Option<Child>,
    importer: Option<Child>,
    /// The file that is being imported.
    file: usize,
    imported: bool,
    post_books: Books,
    import_books: Books,
}

/// The poster of [`poster`]: does nothing unless it was started as one.
#[tokio::test(flavor = "multi_thread")]
async fn the_poster() {
    poster::run_if_asked().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_or_doubled_whoever_is_killed() {
    let variable = |name| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let rounds = variable("LEDGERD_CRASH_ROUNDS").map_or(ROUNDS, |rounds| u32::try_from(rounds).unwrap());
    let seed = variable("LEDGERD_TEST_SEED").unwrap_or_else(rand::random);
    println!("seed {seed} (LEDGERD_TEST_SEED), {rounds} rounds (LEDGERD_CRASH_ROUNDS)");
    let mut random = StdRng::seed_from_u64(seed);
    let mut world = World::new().await;
    let started = Instant::now();
    for round in 1..=rounds {
        let victim =
            [Victim::Poster, Victim::Importer, Victim::Server, Victim::Server, Victim::Postmaster, Victim::All][random.random_range(0..6)];
        world.round(victim, &mut random).await;
        world.check(round % COMPARE_EVERY == 0).await;
        println!(
            "round {round}, {:?}: {victim:?} killed; {} posts, file {}, {} imported entries",
            started.elapsed(),
            world.post_books.entries(),
            world.file,
            world.import_books.entries()
        );
    }
    world.finish().await;
}

impl World {
    async fn new() -> Self {
        let server = durable_server().await;
        server.create_database("ledger", Some(&MIGRATOR)).await;
        ensure_login(&server.admin_options().database("ledger"), "ledgerd", "").await.unwrap();
        let url = server.url_for("ledgerd", "ledger");
        let ledger = Ledger::new(connect(&url).await);
        let (posts, imports) = (begin(&ledger, "posts").await, begin(&ledger, "imports-0").await);
        ledger.store().close().await;
        let scratch = tempfile::tempdir().unwrap();
        books::write_file(&scratch.path().join("0.csv"), 0);
        let (post_books, import_books) = (Books::default(), Books::default());
        Self { server, url, scratch, posts, imports, poster: None, importer: None, file: 0, imported: false, post_books, import_books }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }

    /// Starts both, waits for a random moment, kills, lets the survivors go on for a while, and kills them too.
    async fn round(&mut self, victim: Victim, random: &mut StdRng) {
        self.poster = Some(poster::spawn(&self.url, self.posts, &self.path("answers"), &self.path("poster.err")));
        self.next_file().await;
        self.importer = Some(self.start_import());
        self.wait_for_the_moment(random).await;
        match victim {
            Victim::Poster => kill(&mut self.poster),
            Victim::Importer => self.kill_importer(),
            Victim::Server => self.server.kill_9().await,
            Victim::Postmaster => self.server.kill_postmaster_9(),
            Victim::All => {
                self.server.kill_9().await;
                kill(&mut self.poster);
                self.kill_importer();
            }
        }
        pause(random.random_range(0..100)).await;
        self.server.restart().await;
        pause(random.random_range(0..400)).await;
        kill(&mut self.poster);
        self.kill_importer();
    }

    /// A random time, or just after the import became durable further.
    async fn wait_for_the_moment(&self, random: &mut StdRng) {
        if random.random_bool(0.5) {
            return pause(random.random_range(0..1_500)).await;
        }
        let org = self.org(self.imports).await;
        let (before, started) = (org.head().await.unwrap().seq, Instant::now());
        while started.elapsed() < Duration::from_secs(3) && org.head().await.unwrap().seq == before {
            pause(1).await;
        }
        pause(random.random_range(0..30)).await;
    }

    /// After a file that is in, the next; after all ways of importing, the next organization.
    async fn next_file(&mut self) {
        if !std::mem::take(&mut self.imported) {
            return;
        }
        self.file += 1;
        books::write_file(&self.path(&format!("{}.csv", self.file)), self.file);
        if self.file.is_multiple_of(WAYS) {
            let ledger = Ledger::new(connect(&self.url).await);
            books::check_read_models(&ledger.store().for_org(self.imports)).await;
            self.imports = begin(&ledger, &self.importing()).await;
            self.import_books = Books::default();
            ledger.store().close().await;
        }
    }

    /// The organization that the current file goes to.
    fn importing(&self) -> String {
        format!("imports-{}", self.file / WAYS)
    }

    fn start_import(&mut self) -> Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ledgerd"));
        command.args(["import", "--org", &self.importing(), "--quiet"]);
        // In one pass and in two, with external ids and without: all must go on where they stopped.
        match self.file % WAYS {
            0 => command.args(["--skip-invalid", "--entry-key", "tag"]),
            1 => command.arg("--skip-invalid"),
            2 => command.args(["--entry-key", "nothing"]),
            _ => command.arg("--atomic"),
        };
        command.arg(self.path(&format!("{}.csv", self.file)));
        let errors = std::fs::OpenOptions::new().create(true).append(true).open(self.path("importer.err")).unwrap();
        command.env("DATABASE_URL", &self.url).stdin(Stdio::null()).stdout(Stdio::null()).stderr(errors).spawn().unwrap()
    }

    /// It may be done by now, and then it has to have been right.
    fn kill_importer(&mut self) {
        let Some(mut importer) = self.importer.take() else { return };
        if let Some(status) = importer.try_wait().unwrap() {
            self.imported |= status.success();
            return;
        }
        importer.kill().unwrap();
        importer.wait().unwrap();
    }

    async fn org(&self, org: OrgId) -> OrgStore {
        connect(&self.url).await.for_org(org)
    }

    async fn check(&mut self, read_models: bool) {
        let answers = poster::read_answers(&self.path("answers"));
        let store = connect(&self.url).await;
        let (posts, imports) = (store.for_org(self.posts), store.for_org(self.imports));
        self.post_books.read_on(&posts).await;
        self.import_books.read_on(&imports).await;
        self.post_books.check_posts(&answers, poster::POSTERS);
        let there = self.import_books.check_import(self.file, self.imported);
        let atomic = self.file % WAYS == 3;
        assert!(!atomic || there == 0 || there == books::FILE_ENTRIES, "an atomic import is there in part: {there} entries");
        assert_eq!(self.import_books.entries(), self.file % WAYS * books::FILE_ENTRIES + there, "nothing else is there");
        for name in ["poster.err", "importer.err"] {
            let said = std::fs::read_to_string(self.path(name)).unwrap_or_default();
            assert!(!said.contains("panicked"), "{name}: {said}");
        }
        if read_models {
            books::check_read_models(&posts).await;
            books::check_read_models(&imports).await;
        }
        store.close().await;
    }

    /// What was interrupted is brought to its end, and the poster gets answers for all it has asked.
    async fn finish(&mut self) {
        let mut poster = Some(poster::spawn(&self.url, self.posts, &self.path("answers"), &self.path("poster.err")));
        for _ in 0..2 {
            self.next_file().await;
            let mut importer = self.start_import();
            assert!(importer.wait().unwrap().success(), "{}", std::fs::read_to_string(self.path("importer.err")).unwrap());
            self.imported = true;
        }
        pause(500).await;
        kill(&mut poster);
        self.check(true).await;
        // Once more: nothing is posted twice.
        let before = self.import_books.entries();
        assert!(self.start_import().wait().unwrap().success());
        self.check(false).await;
        assert_eq!(self.import_books.entries(), before);
        println!("{} posts, {} imported files", self.post_books.entries(), self.file + 1);
        assert!(self.post_books.entries() > 100, "the posters came to nothing");
    }
}

impl Drop for World {
    fn drop(&mut self) {
        for child in [&mut self.poster, &mut self.importer].into_iter().flatten() {
            child.kill().ok();
            child.wait().ok();
        }
    }
}

/// SIGKILL.
fn kill(child: &mut Option<Child>) {
    let Some(mut child) = child.take() else { return };
    let ended = child.try_wait().unwrap();
    assert!(ended.is_none(), "the poster ended by itself: {ended:?}; see its errors");
    child.kill().unwrap();
    child.wait().unwrap();
}

async fn pause(millis: u64) {
    tokio::time::sleep(Duration::from_millis(millis)).await;
}

async fn connect(url: &str) -> Store {
    Store::connect(PgConnectOptions::from_str(url).unwrap(), StoreConfig::default()).await.unwrap()
}

async fn begin(ledger: &Ledger, slug: &str) -> OrgId {
    let actor = Actor::user("tester");
    let new = NewOrganization {
        slug: slug.into(),
        name: slug.into(),
        functional_currency: "USD".into(),
        functional_scale: None,
        valuation: Valuation::Required,
    };
    let org = ledger.create_organization(new, &actor).await.unwrap();
    for (code, kind) in [("cash", AccountType::Asset), ("sales", AccountType::Revenue)] {
        let command = ledger_core::Command::OpenAccount(OpenAccount::new(code, kind));
        ledger.submit(org, Request::new(command, actor.clone())).await.unwrap();
    }
    org
}
