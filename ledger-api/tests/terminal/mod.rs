//! Commands as a person types them: each is a process of its own, as the runtime's login of a database that exists.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![allow(dead_code, unreachable_pub, clippy::allow_attributes, reason = "each test file uses its part")]

use std::process::Command;

use ledger_store::testing::{RUNTIME_ROLE, TestDatabase, database};

/// A database, and the way to run commands on it.
pub struct Terminal {
    pub url: String,
    pub database: TestDatabase,
}

/// What a command ended with and printed.
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Terminal {
    pub async fn new() -> Self {
        let database = database().await;
        database.store().await.close().await;
        Self { url: database.url_for(RUNTIME_ROLE), database }
    }

    pub async fn run_as(&self, url: &str, arguments: &[&str]) -> Said {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ledgerd"));
        command.env("DATABASE_URL", url).env("LEDGERD_ACTOR", "alice").env_remove("LEDGERD_ADMIN_URL").args(arguments);
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Said { code: output.status.code().unwrap(), out: text(&output.stdout), err: text(&output.stderr) }
    }

    pub async fn run(&self, arguments: &[&str]) -> Said {
        self.run_as(&self.url, arguments).await
    }

    /// Runs a command that must succeed; answers what it printed.
    pub async fn ok(&self, arguments: &[&str]) -> String {
        let said = self.run(arguments).await;
        assert_eq!(said.code, 0, "{arguments:?}: {}", said.err);
        said.out
    }

    /// Runs a command that must be refused with this exit code; answers what it complained of.
    pub async fn refused(&self, code: i32, arguments: &[&str]) -> String {
        let said = self.run(arguments).await;
        assert_eq!((said.code, said.out.as_str()), (code, ""), "{arguments:?}: {}", said.err);
        said.err
    }
}
