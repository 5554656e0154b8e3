//! Finds a PostgreSQL server to run: a folder that was named, a private copy, the system's. Running it belongs to `cluster`,
//! fetching one to `fetch`.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::error::{EmbeddedError, Result};
use super::fetch;
use super::os::{Account, output, plain_command};

/// The oldest major version that is used: `CREATE DATABASE … STRATEGY` and lz4 compression of full pages came with it.
pub const OLDEST_MAJOR: u32 = 15;

/// The environment variable that limits where server binaries may come from.
pub(super) const SEARCH_VARIABLE: &str = "LEDGERD_PG_SEARCH";
/// The environment variable that names the folder of server binaries.
pub(super) const BIN_VARIABLE: &str = "LEDGERD_PG_BIN";

/// Where server binaries may come from. From the environment: `LEDGERD_PG_SEARCH`, a comma-separated list of
/// `private` (a copy fetched earlier), `system` (installed on the machine) and `fetch` (fetch a private copy through apt);
/// `none` for nothing. Unset means all three. `LEDGERD_PG_SEARCH=private,fetch` behaves as if nothing were installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Search {
    /// A private copy that was fetched earlier.
    pub private: bool,
    /// What is installed on the machine.
    pub system: bool,
    /// Fetching a private copy (Debian and Ubuntu).
    pub fetch: bool,
}

impl Search {
    /// Everywhere.
    pub const ALL: Self = Self { private: true, system: true, fetch: true };
    /// Nowhere but in the folder that was named.
    pub const NONE: Self = Self { private: false, system: false, fetch: false };

    /// Reads `LEDGERD_PG_SEARCH`.
    ///
    /// # Errors
    /// When it holds a word that is not one of its values.
    pub fn from_env() -> std::result::Result<Self, EmbeddedError> {
        match std::env::var(SEARCH_VARIABLE) {
            Ok(text) if !text.trim().is_empty() => Self::parse(&text),
            _ => Ok(Self::ALL),
        }
    }

    fn parse(text: &str) -> Result<Self> {
        let mut search = Self::NONE;
        for word in text.split(',').map(str::trim) {
            match word {
                "private" => search.private = true,
                "system" => search.system = true,
                "fetch" => search.fetch = true,
                "none" => {}
                _ => {
                    return Err(EmbeddedError::BadSetting {
                        name: SEARCH_VARIABLE,
                        value: text.to_owned(),
                        expected: "a comma-separated list of private, system, fetch; or none",
                    });
                }
            }
        }
        Ok(search)
    }
}

/// A server that answered when asked for its version.
#[derive(Clone, Debug)]
pub(super) struct Binaries {
    pub(super) bin: PathBuf,
    pub(super) major: u32,
    /// Folders of shared libraries that only a private copy needs.
    pub(super) libraries: Vec<PathBuf>,
}

impl Binaries {
    /// One of the server's programs, to be run as the server's user.
    pub(super) fn command(&self, program: &str, account: &Account) -> Command {
        let mut command = account.command(&self.bin.join(program));
        // A large payload is read into memory of its own: keeping that from commit to commit saves the server a tenth.
        command.envs([("MALLOC_MMAP_THRESHOLD_", "33554432"), ("MALLOC_TRIM_THRESHOLD_", "67108864")]);
        if !self.libraries.is_empty() {
            let path = std::env::join_paths(&self.libraries).unwrap_or_default();
            command.env("LD_LIBRARY_PATH", path);
        }
        command
    }

    /// Asks the programs in `bin` for their version.
    fn probe(bin: &Path, libraries: Vec<PathBuf>, account: &Account) -> std::result::Result<Self, String> {
        let mut found = Self { bin: bin.to_owned(), major: 0, libraries };
        if !bin.is_dir() {
            return Err("no such folder".into());
        }
        for program in ["initdb", "pg_ctl", "postgres"] {
            if !bin.join(program).is_file() {
                return Err(format!("`{program}` is missing"));
            }
            let said = output(found.command(program, account).arg("--version")).map_err(|error| error.to_string())?;
            found.major = parse_major(&said).ok_or_else(|| format!("`{program} --version` says {said:?}"))?;
        }
        if found.major < OLDEST_MAJOR {
            return Err(format!("version {} is too old", found.major));
        }
        Ok(found)
    }
}

/// `postgres (PostgreSQL) 15.8 (Debian 15.8-0+deb12u1)` → 15; `18beta1` → 18.
fn parse_major(said: &str) -> Option<u32> {
    let version = said.split(") ").nth(1)?;
    let digits: String = version.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

/// What to look for.
pub(super) struct Wanted<'a> {
    pub(super) explicit: Option<PathBuf>,
    pub(super) search: Search,
    /// Where the private copy is or will be.
    pub(super) private: &'a Path,
    /// The version that made the cluster, where there is one: data files of one major version are read by no other.
    pub(super) major: Option<u32>,
    pub(super) account: &'a Account,
    pub(super) notify: fn(&str),
}

impl Wanted<'_> {
    fn check(&self, found: &Binaries) -> std::result::Result<(), String> {
        match self.major {
            Some(major) if major != found.major => Err(format!("version {}, but the data was made by version {major}", found.major)),
            _ => Ok(()),
        }
    }

    fn try_dir(&self, bin: &Path, libraries: Vec<PathBuf>) -> std::result::Result<Binaries, String> {
        let found = Binaries::probe(bin, libraries, self.account)?;
        self.check(&found)?;
        Ok(found)
    }
}

/// Finds a server, fetching a private copy as the last resort.
pub(super) fn find(wanted: &Wanted<'_>) -> Result<Binaries> {
    if let Some(dir) = &wanted.explicit {
        return wanted.try_dir(dir, Vec::new()).map_err(|reason| EmbeddedError::BadBinaries { dir: dir.clone(), reason });
    }
    let mut searched = String::new();
    if wanted.search.private {
        if let Some(found) = try_all(wanted, fetch::copies_in(wanted.private), "a private copy in", &mut searched) {
            return Ok(found);
        }
        let _ = writeln!(searched, "  a private copy in {}: none that serves", wanted.private.display());
    }
    if wanted.search.system {
        let places = system_places().into_iter().map(|bin| (bin, Vec::new())).collect();
        if let Some(found) = try_all(wanted, places, "the system's", &mut searched) {
            return Ok(found);
        }
        let _ = writeln!(searched, "  PATH, pg_config, /usr/lib/postgresql/*/bin, /usr/pgsql-*/bin, Homebrew: none that serves");
    } else {
        let _ = writeln!(searched, "  the system's binaries: not looked at ({SEARCH_VARIABLE})");
    }
    if wanted.search.fetch {
        match fetch::fetch(wanted.private, wanted.account, wanted.major, wanted.notify) {
            Ok((bin, libraries)) => match wanted.try_dir(&bin, libraries) {
                Ok(found) => return Ok(found),
                Err(reason) => {
                    let _ = writeln!(searched, "  fetched to {}: {reason}", bin.display());
                }
            },
            Err(error) => {
                let _ = writeln!(searched, "  fetching a private copy: {error}");
            }
        }
    } else {
        let _ = writeln!(searched, "  fetching a private copy: not allowed ({SEARCH_VARIABLE})");
    }
    Err(EmbeddedError::NoServer { searched: searched.trim_end().to_owned(), advice: advice(wanted.major) })
}

fn try_all(wanted: &Wanted<'_>, places: Vec<(PathBuf, Vec<PathBuf>)>, what: &str, searched: &mut String) -> Option<Binaries> {
    for (bin, libraries) in places {
        match wanted.try_dir(&bin, libraries) {
            Ok(found) => return Some(found),
            Err(reason) => {
                let _ = writeln!(searched, "  {what} {}: {reason}", bin.display());
            }
        }
    }
    None
}

/// Folders that hold a `postgres` on this machine, in the order in which they are tried.
fn system_places() -> Vec<PathBuf> {
    let mut places: Vec<PathBuf> = std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default();
    if let Ok(dir) = output(plain_command(Path::new("pg_config")).arg("--bindir")) {
        places.push(PathBuf::from(dir.trim()));
    }
    places.extend(versioned("/usr/lib/postgresql", ""));
    places.extend(versioned("/usr", "pgsql-"));
    for opt in ["/opt/homebrew/opt", "/usr/local/opt", "/home/linuxbrew/.linuxbrew/opt"] {
        places.extend(versioned(opt, "postgresql@"));
        places.push(Path::new(opt).join("postgresql/bin"));
    }
    let mut seen = Vec::new();
    places.retain(|bin| {
        let new = bin.is_absolute() && bin.join("postgres").is_file() && !seen.contains(bin);
        seen.push(bin.clone());
        new
    });
    places
}

/// `<parent>/<prefix><number>/bin`, newest first.
fn versioned(parent: &str, prefix: &str) -> Vec<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = fs::read_dir(parent)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name();
            let major = name.to_str()?.strip_prefix(prefix)?.parse().ok()?;
            Some((major, entry.path().join("bin")))
        })
        .collect();
    found.sort_by_key(|(major, _)| std::cmp::Reverse(*major));
    found.into_iter().map(|(_, bin)| bin).collect()
}

fn advice(major: Option<u32>) -> String {
    let system = fs::read_to_string("/etc/os-release").unwrap_or_default().to_lowercase();
    let version = major.map(|major| format!(" {major}")).unwrap_or_default();
    let package = major.map_or_else(|| "postgresql".to_owned(), |major| format!("postgresql-{major}"));
    let install = if system.contains("debian") || system.contains("ubuntu") {
        format!("install it: apt-get install {package}")
    } else if system.contains("fedora") || system.contains("rhel") {
        "install it: dnf install postgresql-server".to_owned()
    } else if system.contains("alpine") {
        "install it: apk add postgresql".to_owned()
    } else if system.contains("arch") {
        "install it: pacman -S postgresql".to_owned()
    } else if cfg!(target_os = "macos") {
        "install it: brew install postgresql@17".to_owned()
    } else {
        "install the package that holds the PostgreSQL server".to_owned()
    };
    format!(
        "  - {install} (PostgreSQL{version}, {OLDEST_MAJOR} or newer; it need not be running)\n  \
         - set {BIN_VARIABLE} to the folder that holds `postgres`, `initdb` and `pg_ctl`\n  \
         - set DATABASE_URL to a server that you already run"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_what_servers_say() {
        for (said, major) in [
            ("postgres (PostgreSQL) 15.8 (Debian 15.8-0+deb12u1)\n", Some(15)),
            ("pg_ctl (PostgreSQL) 18beta1\n", Some(18)),
            ("initdb (PostgreSQL) 9.6.24\n", Some(9)),
            ("postgres: command not found", None),
        ] {
            assert_eq!(parse_major(said), major, "{said}");
        }
    }

    #[test]
    fn the_search_switch_takes_its_words_and_no_others() {
        assert_eq!(Search::parse("none").unwrap(), Search::NONE);
        assert_eq!(Search::parse("private, fetch").unwrap(), Search { system: false, ..Search::ALL });
        assert!(Search::parse("privat").unwrap_err().to_string().contains("private, system, fetch"));
    }
}
