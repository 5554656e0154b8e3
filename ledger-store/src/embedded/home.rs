//! The data directory: where it is (a server that cannot run as root may be unable to reach it), what lies in it, and the
//! secrets kept there.

use std::fs::{self, DirBuilder, File};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use super::error::{Context, EmbeddedError, Result};
use super::os::Account;

/// Longest folder in which a socket fits: `sun_path` holds 104 bytes on the strictest system, `/.s.PGSQL.5432` takes 14.
const LONGEST_SOCKET_DIR: usize = 88;

/// Where root's data goes when the server's user cannot reach the place asked for.
const ELSEWHERE: [&str; 2] = ["/var/lib/ledgerd", "/var/tmp/ledgerd"];

/// A data directory, settled: absolute, present, reachable by the server.
#[derive(Clone, Debug)]
pub(super) struct Home {
    pub(super) dir: PathBuf,
    pub(super) account: Account,
}

impl Home {
    /// Makes the directory (or the one that stands in for it) and finds out who runs the server in it.
    pub(super) fn settle(asked: &Path, notify: fn(&str)) -> Result<Self> {
        let asked = std::path::absolute(asked).at("find", asked)?;
        let mut account = Account::current(None)?;
        let made = make(&asked, &account)?;
        let asked = asked.canonicalize().at("find", &asked)?;
        let dir = if account.can_reach(&asked) { asked } else { relocate(&asked, made, &account, notify)? };
        refuse_awkward(&dir)?;
        let cluster = dir.join("cluster");
        if let Ok(found) = fs::metadata(&cluster) {
            account = Account::current(Some((found.uid(), found.gid())))?;
            if found.uid() != account.server_uid() {
                let reason = format!(
                    "it belongs to uid {}, and we are uid {}: start as that user, or choose another directory",
                    found.uid(),
                    account.uid
                );
                return Err(EmbeddedError::DataDir { path: cluster, reason });
            }
        }
        Ok(Self { dir, account })
    }

    pub(super) fn cluster(&self) -> PathBuf {
        self.dir.join("cluster")
    }

    pub(super) fn log(&self) -> PathBuf {
        self.dir.join("postgres.log")
    }

    /// The file that is locked while a server is being started or stopped.
    pub(super) fn start_lock(&self) -> Result<File> {
        self.account.private_file(&self.dir.join("lock"))
    }

    /// The file on which every process that uses the server holds a shared lock.
    pub(super) fn users_lock(&self) -> Result<File> {
        self.account.private_file(&self.dir.join("users"))
    }

    /// The file in which we note the process id of a server that we started.
    pub(super) fn started_note(&self) -> PathBuf {
        self.dir.join("started")
    }

    /// A folder for the socket: in the data directory, or a short one elsewhere when that lies too deep.
    pub(super) fn socket_dir(&self) -> Result<PathBuf> {
        let run = self.dir.join("run");
        let text = run.to_string_lossy();
        if text.len() <= LONGEST_SOCKET_DIR && !text.contains([',', '"']) {
            self.account.private_dir(&run)?;
            return Ok(run);
        }
        let name = format!("ledgerd-{}-{}", self.account.server_uid(), short_hash(&self.dir));
        for parent in ["/tmp", "/var/tmp", "/dev/shm"] {
            let dir = Path::new(parent).join(&name);
            if self.account.private_dir(&dir).is_ok() && self.is_private(&dir) {
                return Ok(dir);
            }
        }
        let reason =
            "its path is too long for a socket, and no private folder could be made in /tmp, /var/tmp or /dev/shm; choose a shorter path";
        Err(EmbeddedError::DataDir { path: self.dir.clone(), reason: reason.into() })
    }

    /// Whether `dir` is a real directory of the server's user that nobody else may enter.
    fn is_private(&self, dir: &Path) -> bool {
        fs::symlink_metadata(dir).is_ok_and(|found| found.is_dir() && found.uid() == self.account.server_uid() && found.mode() & 0o077 == 0)
    }

    pub(super) fn secret_path(&self, name: &str) -> PathBuf {
        self.dir.join("secrets").join(name)
    }

    /// Reads the secret of this name, making one of 192 random bits (48 hexadecimal digits) on first use.
    pub(super) fn secret(&self, name: &str) -> Result<String> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
        if name.is_empty() || !name.chars().all(plain) {
            return Err(EmbeddedError::BadSetting {
                name: "secret name",
                value: name.to_owned(),
                expected: "lower-case letters, digits, `_` and `-`",
            });
        }
        let path = self.secret_path(name);
        let dir = self.dir.join("secrets");
        self.account.private_dir(&dir)?;
        if !path.exists() {
            // Written aside (mode 0600) and linked into place, so that nobody reads half a secret and two makers agree on one.
            let mut file = tempfile::NamedTempFile::new_in(&dir).at("write in", &dir)?;
            let bytes: [u8; 24] = rand::random();
            let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            file.write_all(text.as_bytes()).and_then(|()| file.as_file().sync_all()).at("write", &path)?;
            self.account.give(file.path())?;
            match file.persist_noclobber(&path) {
                Ok(_) => {}
                Err(error) if error.error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error.error).at("write", &path),
            }
        }
        Ok(fs::read_to_string(&path).at("read", &path)?.trim().to_owned())
    }
}

/// Makes the directory if it is missing; says whether it was.
fn make(dir: &Path, account: &Account) -> Result<bool> {
    if dir.is_dir() {
        return Ok(false);
    }
    if let Some(parent) = dir.parent() {
        fs::create_dir_all(parent).at("create", parent)?;
    }
    DirBuilder::new().mode(0o700).create(dir).at("create the data directory", dir)?;
    account.give(dir)?;
    Ok(true)
}

/// The place that stands in for one that the server's user cannot reach.
fn relocate(asked: &Path, made: bool, account: &Account, notify: fn(&str)) -> Result<PathBuf> {
    for parent in ELSEWHERE.map(Path::new) {
        if !parent.is_dir() && DirBuilder::new().mode(0o755).create(parent).is_err() {
            continue;
        }
        // Whoever could write there could put a data directory of theirs in the place of ours.
        let ours =
            fs::symlink_metadata(parent).is_ok_and(|found| found.is_dir() && found.uid() == account.uid && found.mode() & 0o022 == 0);
        let dir = parent.join(short_hash(asked));
        if !ours || make(&dir, account).is_err() || !account.can_reach(&dir) {
            continue;
        }
        let user = account.server.as_ref().map_or("", |user| user.name.as_str());
        let note = asked.join("location");
        if made || !note.exists() {
            notify(&format!(
                "as root, PostgreSQL runs as the user {user}, who cannot reach {}; its data is in {} instead",
                asked.display(),
                dir.display()
            ));
            fs::write(&note, format!("{}\n", dir.display())).at("write", &note)?;
        }
        return Ok(dir);
    }
    let reason = "PostgreSQL does not run as root, its user cannot reach this directory, and neither /var/lib/ledgerd nor /var/tmp/ledgerd \
                  can be made; set LEDGERD_DATA_DIR to a directory that every user may pass through, or start as an ordinary user";
    Err(EmbeddedError::DataDir { path: asked.to_owned(), reason: reason.into() })
}

/// The server's own scripts put the path between double quotes of a shell.
fn refuse_awkward(dir: &Path) -> Result<()> {
    let fine = dir.to_str().is_some_and(|text| !text.contains(['"', '$', '`', '\\', '\n']));
    if fine {
        return Ok(());
    }
    let reason = "its path holds a quote, dollar sign, backquote, backslash, line break or something that is not UTF-8; choose another";
    Err(EmbeddedError::DataDir { path: dir.to_owned(), reason: reason.into() })
}

fn short_hash(path: &Path) -> String {
    blake3::hash(path.as_os_str().as_encoded_bytes()).to_hex()[..12].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_made_once_and_kept_to_its_owner() {
        let scratch = tempfile::tempdir().unwrap();
        let home = Home { dir: scratch.path().to_owned(), account: Account::current(None).unwrap() };
        let first = home.secret("ledger_app").unwrap();
        assert_eq!(first.len(), 48);
        assert_eq!(home.secret("ledger_app").unwrap(), first);
        assert_ne!(home.secret("ledger_reader").unwrap(), first);
        assert_eq!(fs::metadata(home.secret_path("ledger_app")).unwrap().mode() & 0o777, 0o600);
        assert!(home.secret("../etc").is_err());
    }
}
