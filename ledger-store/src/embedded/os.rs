//! The operating system's side: which user the server runs as, files that belong to it, programs run on its behalf, and which
//! process is which. Nothing here knows about clusters or settings.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use super::error::{Context, EmbeddedError, Result};

/// A user of this system that the server can run as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ServerUser {
    pub(super) name: String,
    pub(super) uid: u32,
    pub(super) gid: u32,
}

/// Who we are, and, when that is root, which user the server runs as (Postgres refuses to run as root).
#[derive(Clone, Debug)]
pub(super) struct Account {
    pub(super) uid: u32,
    pub(super) server: Option<ServerUser>,
}

impl Account {
    /// Finds out. `owner` is the owner of an existing cluster, which then decides.
    pub(super) fn current(owner: Option<(u32, u32)>) -> Result<Self> {
        let uid = own_uid()?;
        if uid != 0 {
            return Ok(Self { uid, server: None });
        }
        let server = match owner {
            Some((uid, gid)) if uid != 0 => ServerUser { name: format!("uid {uid}"), uid, gid },
            _ => unprivileged_user()?,
        };
        Ok(Self { uid, server: Some(server) })
    }

    /// The uid the server runs with.
    pub(super) fn server_uid(&self) -> u32 {
        self.server.as_ref().map_or(self.uid, |user| user.uid)
    }

    /// A program to be run as the server's user, without pipes to a terminal, without `PG*` settings of the caller.
    pub(super) fn command(&self, program: &Path) -> Command {
        let mut command = plain_command(program);
        if let Some(user) = &self.server {
            command.uid(user.uid).gid(user.gid).current_dir("/");
        }
        command
    }

    /// Gives a file or directory to the server's user (nothing to do unless we are root).
    pub(super) fn give(&self, path: &Path) -> Result<()> {
        match &self.server {
            Some(user) => chown(path, Some(user.uid), Some(user.gid)).at("give to the server's user", path),
            None => Ok(()),
        }
    }

    /// Makes a directory of mode 0700 that belongs to the server's user; an existing one is left as it is.
    pub(super) fn private_dir(&self, path: &Path) -> Result<()> {
        match DirBuilder::new().mode(0o700).create(path) {
            Ok(()) => {
                fs::set_permissions(path, Permissions::from_mode(0o700)).at("set the mode of", path)?;
                self.give(path)
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
            Err(error) => Err(error).at("create", path),
        }
    }

    /// Opens (or makes, mode 0600, belonging to the server's user) a file for appending and locking.
    pub(super) fn private_file(&self, path: &Path) -> Result<File> {
        let fresh = !path.exists();
        let file = OpenOptions::new().create(true).append(true).read(true).mode(0o600).open(path).at("open", path)?;
        if fresh {
            self.give(path)?;
        }
        Ok(file)
    }

    /// Whether the server's user can pass through every directory down to and including `path` (which must be absolute).
    pub(super) fn can_reach(&self, path: &Path) -> bool {
        let Some(user) = &self.server else { return true };
        let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        real.ancestors().all(|dir| fs::metadata(dir).is_ok_and(|found| passable(&found, user)))
    }
}

fn passable(dir: &fs::Metadata, user: &ServerUser) -> bool {
    let bit = if dir.uid() == user.uid {
        0o100
    } else if dir.gid() == user.gid {
        0o010
    } else {
        0o001
    };
    dir.mode() & bit != 0
}

pub(crate) fn own_uid() -> Result<u32> {
    if let Ok(found) = fs::metadata("/proc/self") {
        return Ok(found.uid());
    }
    let said = output(plain_command(Path::new("id")).arg("-u"))?;
    said.trim().parse().map_err(|_| EmbeddedError::Command { program: "id -u".into(), status: "unreadable answer".into(), output: said })
}

fn unprivileged_user() -> Result<ServerUser> {
    let passwd = Path::new("/etc/passwd");
    let text = fs::read_to_string(passwd).at("read", passwd)?;
    ["postgres", "nobody"].iter().find_map(|name| passwd_entry(&text, name)).ok_or_else(|| EmbeddedError::DataDir {
        path: passwd.to_owned(),
        reason: "PostgreSQL does not run as root, and there is no user `postgres` or `nobody` to run it as; \
                 add one (`useradd --system postgres`) or start ledgerd as an ordinary user"
            .into(),
    })
}

fn passwd_entry(text: &str, name: &str) -> Option<ServerUser> {
    let line = text.lines().find(|line| line.split(':').next() == Some(name))?;
    let mut fields = line.split(':').skip(2);
    let uid = fields.next()?.parse().ok().filter(|uid| *uid != 0)?;
    let gid = fields.next()?.parse().ok()?;
    Some(ServerUser { name: name.to_owned(), uid, gid })
}

/// A program run as ourselves, without the caller's `PG*` settings and with messages in English.
pub(super) fn plain_command(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.stdin(Stdio::null()).env("LC_ALL", "C");
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PG") {
            command.env_remove(name);
        }
    }
    command
}

/// Runs a program to its end and returns what it printed on standard output. Never for a program that leaves a daemon behind.
///
/// # Errors
/// When it cannot be started or exits with another status than 0.
pub(super) fn output(command: &mut Command) -> Result<String> {
    let name = describe(command);
    let done = command.output().map_err(|error| EmbeddedError::Command {
        program: name.clone(),
        status: "could not be run".into(),
        output: error.to_string(),
    })?;
    let stdout = String::from_utf8_lossy(&done.stdout).into_owned();
    if done.status.success() {
        return Ok(stdout);
    }
    let stderr = String::from_utf8_lossy(&done.stderr);
    Err(EmbeddedError::Command { program: name, status: done.status.to_string(), output: last_lines(&format!("{stdout}{stderr}"), 12) })
}

pub(super) fn describe(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy().into_owned()];
    words.extend(command.get_args().take(3).map(|arg| arg.to_string_lossy().into_owned()));
    words.join(" ")
}

/// The last `count` lines of a text.
pub(super) fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

/// What stands behind a process id found in a cluster's `postmaster.pid`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Process {
    /// No such process.
    Gone,
    /// A live server of that cluster.
    Server,
    /// A process, but not that server: the number was given to another, or the server died and nobody reaped it.
    Other,
}

/// Tells whether `pid` is the server whose data directory is `cluster` (absolute, without symbolic links).
pub(super) fn identify(pid: u32, cluster: &Path) -> Process {
    if Path::new("/proc/self/stat").exists() {
        let dir = Path::new("/proc").join(pid.to_string());
        if !dir.exists() {
            return Process::Gone;
        }
        // A server's working directory is its data directory; a zombie has none.
        return match fs::read_link(dir.join("cwd")) {
            Ok(cwd) if cwd == cluster => Process::Server,
            _ if !dir.exists() => Process::Gone,
            _ => Process::Other,
        };
    }
    match output(plain_command(Path::new("ps")).args(["-o", "comm=", "-p", &pid.to_string()])) {
        Ok(name) if name.contains("postgres") => Process::Server,
        Ok(_) => Process::Other,
        Err(_) => Process::Gone,
    }
}

/// Every process whose working directory is `cluster`: the server and all its workers. Empty where there is no `/proc`.
pub(crate) fn processes_in(cluster: &Path) -> Vec<u32> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
        .filter(|pid| fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd == cluster))
        .collect()
}

/// Sends a signal (by name, such as `KILL`) to processes; those that are gone already do not matter.
pub(crate) fn signal(name: &str, pids: &[u32]) {
    if pids.is_empty() {
        return;
    }
    let list: Vec<String> = pids.iter().map(u32::to_string).collect();
    let script = format!("kill -s {name} {} 2>/dev/null", list.join(" "));
    let _ = plain_command(Path::new("sh")).arg("-c").arg(script).stderr(Stdio::null()).status();
}

/// A process id that belongs to nobody: that of a child which has just ended.
pub(super) fn spent_pid() -> Option<u32> {
    let mut child = plain_command(Path::new("true")).spawn().ok()?;
    let pid = child.id();
    child.wait().ok()?;
    Some(pid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passwd_entry_is_found_by_its_whole_name_and_root_is_never_taken() {
        let text = "root:x:0:0:root:/root:/bin/bash\npostgres2:x:7:7::/:/bin/sh\npostgres:x:101:104:PG,,,:/var/lib/postgresql:/bin/bash\n";
        let found = passwd_entry(text, "postgres").unwrap();
        assert_eq!((found.uid, found.gid), (101, 104));
        assert_eq!(passwd_entry(text, "root"), None);
        assert_eq!(passwd_entry(text, "nobody"), None);
    }

    #[test]
    fn a_process_is_told_by_where_it_works() {
        let here = std::env::current_dir().unwrap().canonicalize().unwrap();
        assert_eq!(identify(std::process::id(), &here), Process::Server);
        assert_eq!(identify(std::process::id(), Path::new("/nowhere")), Process::Other);
        assert_eq!(identify(spent_pid().unwrap(), &here), Process::Gone);
    }
}
