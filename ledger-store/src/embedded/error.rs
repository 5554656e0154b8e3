//! What can go wrong between "no database given" and "a server answers": every case says what was tried and what to do.

use std::io;
use std::path::{Path, PathBuf};

/// Why the embedded server is not available.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EmbeddedError {
    /// No usable server binaries on this machine, and none could be fetched.
    #[error("no PostgreSQL server (version 15 or newer) to run.\n{searched}\nTo fix it, do one of these:\n{advice}")]
    NoServer {
        /// Each place looked at, and what was found there.
        searched: String,
        /// What to install, for this system.
        advice: String,
    },
    /// The folder named by `LEDGERD_PG_BIN` (or the configuration) does not hold a usable server.
    #[error(
        "{} holds no usable PostgreSQL server: {reason}. LEDGERD_PG_BIN must name the folder with `postgres`, `initdb` and `pg_ctl` of version 15 or newer; unset it to let ledgerd search",
        dir.display()
    )]
    BadBinaries {
        /// The folder as given.
        dir: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A setting has a value that cannot be understood.
    #[error("{name}={value:?} is not understood: expected {expected}")]
    BadSetting {
        /// The environment variable or field.
        name: &'static str,
        /// Its value.
        value: String,
        /// What is accepted.
        expected: &'static str,
    },
    /// The data directory cannot be used.
    #[error("the data directory {} cannot be used: {reason}", path.display())]
    DataDir {
        /// The directory.
        path: PathBuf,
        /// Why, and what to do.
        reason: String,
    },
    /// A private copy of the server could not be fetched.
    #[error("could not fetch a private PostgreSQL through apt ({step}): {detail}")]
    Fetch {
        /// Which step failed.
        step: String,
        /// What the program said.
        detail: String,
    },
    /// A program could not be run, or failed.
    #[error("{program} failed ({status}): {output}")]
    Command {
        /// The program and its first arguments.
        program: String,
        /// Its exit status, or why it could not be started.
        status: String,
        /// The end of what it printed.
        output: String,
    },
    /// The server did not come up.
    #[error("the PostgreSQL server in {} did not start: {reason}\nThe end of its log ({}):\n{log_tail}", data_dir.display(), log.display())]
    Start {
        /// The data directory.
        data_dir: PathBuf,
        /// What was seen.
        reason: String,
        /// The log file.
        log: PathBuf,
        /// Its last lines.
        log_tail: String,
    },
    /// The server runs but does not let us in.
    #[error("the PostgreSQL server in {} runs but refuses the connection: {source}", data_dir.display())]
    Connect {
        /// The data directory.
        data_dir: PathBuf,
        /// What it answered.
        #[source]
        source: sqlx::Error,
    },
    /// A file operation failed.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was being done.
        action: &'static str,
        /// To which path.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The background thread that runs the server's programs was lost (the runtime is shutting down).
    #[error("the start or stop of the embedded server was interrupted: {0}")]
    Interrupted(String),
}

pub(crate) type Result<T> = std::result::Result<T, EmbeddedError>;

/// Puts the path and the action on an I/O error.
pub(crate) trait Context<T> {
    fn at(self, action: &'static str, path: &Path) -> Result<T>;
}

impl<T> Context<T> for io::Result<T> {
    fn at(self, action: &'static str, path: &Path) -> Result<T> {
        self.map_err(|source| EmbeddedError::Io { action, path: path.to_owned(), source })
    }
}
