//! One cluster on disk: making it, its settings, starting and stopping its server, and reading who runs it.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use super::EmbeddedConfig;
use super::binaries::Binaries;
use super::error::{Context, EmbeddedError, Result};
use super::home::Home;
use super::os::{self, Process, identify, last_lines, output};

/// The port is only part of the socket's name: the server listens on no network address.
pub(super) const PORT: u16 = 5432;

/// Recovery after a crash may have to read gigabytes of log; nothing else takes this long.
const START_SECONDS: &str = "900";
const STOP_SECONDS: &str = "300";
/// How long workers of a killed server may take to notice.
const ORPHANS_LEAVE: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(50);

/// A server that runs.
#[derive(Clone, Debug)]
pub(super) struct Running {
    pub(super) pid: u32,
    pub(super) socket_dir: PathBuf,
    pub(super) port: u16,
    pub(super) started_by_us: bool,
}

/// What a server writes about itself into `postmaster.pid`.
#[derive(Debug, PartialEq, Eq)]
struct PidFile {
    pid: u32,
    port: u16,
    socket_dir: PathBuf,
    status: String,
}

impl PidFile {
    fn read(cluster: &Path) -> Option<Self> {
        Self::parse(&fs::read_to_string(cluster.join("postmaster.pid")).ok()?)
    }

    /// Lines: process id, data directory, start time, port, socket folder, address, shared memory key, status.
    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let pid = lines.next()?.trim().parse().ok()?;
        let port = lines.nth(2).and_then(|line| line.trim().parse().ok()).unwrap_or(PORT);
        let socket_dir = lines.next().unwrap_or_default().into();
        let status = lines.nth(2).unwrap_or_default().trim().to_owned();
        Some(Self { pid, port, socket_dir, status })
    }
}

/// The process id of the cluster's live server, if it has one.
pub(super) fn live_server(cluster: &Path) -> Option<u32> {
    let found = PidFile::read(cluster)?;
    (identify(found.pid, cluster) == Process::Server).then_some(found.pid)
}

/// The major version that made the cluster.
pub(super) fn made_by(cluster: &Path) -> Option<u32> {
    fs::read_to_string(cluster.join("PG_VERSION")).ok()?.trim().parse().ok()
}

/// Waits for a server that is starting or stopping, and returns the one that is ready, if there is one.
pub(super) fn find_running(home: &Home) -> Option<Running> {
    let cluster = home.cluster();
    let begun = Instant::now();
    loop {
        let found = PidFile::read(&cluster)?;
        if identify(found.pid, &cluster) != Process::Server {
            return None;
        }
        let ready = found.status == "ready" || found.status == "standby";
        // Without a status after a while: let the connection tell.
        if ready || begun.elapsed() > Duration::from_secs(900) {
            return Some(Running { pid: found.pid, socket_dir: found.socket_dir, port: found.port, started_by_us: false });
        }
        std::thread::sleep(POLL);
    }
}

/// Makes the cluster unless it is there. It appears under its name only when it is complete.
pub(super) fn init(home: &Home, binaries: &Binaries, config: &EmbeddedConfig) -> Result<()> {
    let cluster = home.cluster();
    if made_by(&cluster).is_some() {
        return Ok(());
    }
    if cluster.exists() && fs::read_dir(&cluster).at("read", &cluster)?.next().is_some() {
        let reason = "it is not empty and holds no PostgreSQL cluster; move it away or choose another data directory";
        return Err(EmbeddedError::DataDir { path: cluster, reason: reason.into() });
    }
    home.secret("postgres")?;
    let done = run_initdb(home, binaries, config, "C.UTF-8").or_else(|_| run_initdb(home, binaries, config, "C"));
    let fresh = done?;
    fs::rename(&fresh, &cluster).at("move into place", &cluster)?;
    if config.durable {
        File::open(&home.dir).and_then(|dir| dir.sync_all()).at("sync", &home.dir)?;
    }
    Ok(())
}

fn run_initdb(home: &Home, binaries: &Binaries, config: &EmbeddedConfig, ctype: &str) -> Result<PathBuf> {
    let fresh = home.dir.join("cluster.new");
    if fresh.exists() {
        fs::remove_dir_all(&fresh).at("remove the unfinished", &fresh)?;
    }
    home.account.private_dir(&fresh)?;
    let mut command = binaries.command("initdb", &home.account);
    // Bytes decide the order of text: fast, and the same on every system and after every upgrade of its C library.
    command.args(["--encoding=UTF8", "--lc-collate=C", "--lc-messages=C", "--lc-monetary=C", "--lc-numeric=C", "--lc-time=C"]);
    command.arg(format!("--lc-ctype={ctype}")).args(["--username=postgres", "--data-checksums", "--no-instructions"]);
    if config.trust {
        command.arg("--auth=trust");
    } else {
        command.args(["--auth-local=scram-sha-256", "--auth-host=scram-sha-256"]);
        let mut pwfile = std::ffi::OsString::from("--pwfile=");
        pwfile.push(home.secret_path("postgres"));
        command.arg(pwfile);
    }
    if !config.durable {
        command.arg("--no-sync");
    }
    output(command.arg("-D").arg(&fresh))?;
    let main = fresh.join("postgresql.conf");
    let mut text = fs::read_to_string(&main).at("read", &main)?;
    text.push_str("\n# Written anew at every start:\ninclude_if_exists = 'ledgerd.conf'\n");
    fs::write(&main, text).at("write", &main)?;
    Ok(fresh)
}

/// Starts the server and waits until it takes connections.
pub(super) fn launch(home: &Home, binaries: &Binaries, config: &EmbeddedConfig) -> Result<Running> {
    let cluster = home.cluster();
    let socket_dir = home.socket_dir()?;
    write_settings(home, binaries, config, &socket_dir)?;
    free_stale_pid(&cluster)?;
    free_stale_sockets(&socket_dir, &cluster);
    rotate_log(&home.log());
    drop(home.account.private_file(&home.log())?);
    await_orphans(&cluster);
    let begun = Instant::now();
    while let Err(reason) = pg_ctl_start(home, binaries) {
        let tail = last_lines(&fs::read_to_string(home.log()).unwrap_or_default(), 15);
        let orphans = tail.contains("is still in use") || tail.contains("another postmaster");
        if !orphans || begun.elapsed() > ORPHANS_LEAVE {
            return Err(EmbeddedError::Start { data_dir: home.dir.clone(), reason, log: home.log(), log_tail: tail });
        }
        await_orphans(&cluster);
        std::thread::sleep(Duration::from_millis(200));
    }
    let Some(found) = PidFile::read(&cluster) else {
        let tail = last_lines(&fs::read_to_string(home.log()).unwrap_or_default(), 15);
        let reason = "it started and went away again".to_owned();
        return Err(EmbeddedError::Start { data_dir: home.dir.clone(), reason, log: home.log(), log_tail: tail });
    };
    Ok(Running { pid: found.pid, socket_dir, port: found.port, started_by_us: true })
}

/// Gives `pg_ctl` a file instead of pipes: it hands what it has to the server, which would keep a pipe open for ever.
fn pg_ctl_start(home: &Home, binaries: &Binaries) -> std::result::Result<(), String> {
    let said = tempfile::tempfile().map_err(|error| error.to_string())?;
    let (out, err) = (said.try_clone(), said.try_clone());
    let mut command = binaries.command("pg_ctl", &home.account);
    command.args(["start", "-s", "-w", "-t", START_SECONDS, "-D"]).arg(home.cluster()).arg("-l").arg(home.log());
    command.stdout(out.map_or_else(|_| Stdio::null(), Stdio::from)).stderr(err.map_or_else(|_| Stdio::null(), Stdio::from));
    let status = command.status().map_err(|error| format!("pg_ctl could not be run: {error}"))?;
    if status.success() {
        return Ok(());
    }
    let mut text = String::new();
    let mut said = said;
    let _ = std::io::Seek::rewind(&mut said).and_then(|()| std::io::Read::read_to_string(&mut said, &mut text));
    Err(format!("pg_ctl start: {status}: {}", last_lines(text.trim(), 4)))
}

/// Stops the server. `wait` until it has written everything and gone.
pub(super) fn stop(home: &Home, binaries: &Binaries, wait: bool) -> Result<()> {
    let mut command = binaries.command("pg_ctl", &home.account);
    command.args(["stop", "-s", "-m", "fast", "-D"]).arg(home.cluster());
    if wait {
        command.args(["-w", "-t", STOP_SECONDS]);
    } else {
        command.arg("-W");
    }
    output(&mut command).map(drop)
}

/// A `postmaster.pid` left by a server that was killed may name a process id that now belongs to another program (after a restart
/// of a container: often). Postgres would refuse to start; so the line gets the id of a process that has ended. The rest of the file,
/// by which Postgres finds workers that still run, stays.
fn free_stale_pid(cluster: &Path) -> Result<()> {
    let path = cluster.join("postmaster.pid");
    let Some(found) = PidFile::read(cluster) else { return Ok(()) };
    if identify(found.pid, cluster) != Process::Other {
        return Ok(());
    }
    let Some(spent) = os::spent_pid() else { return Ok(()) };
    let text = fs::read_to_string(&path).at("read", &path)?;
    let rest = text.split_once('\n').map_or("", |(_, rest)| rest);
    fs::write(&path, format!("{spent}\n{rest}")).at("write", &path)
}

/// The lock file beside the socket names the killed server too, and Postgres would refuse to start for the same reason. The
/// folder is this cluster's own, so a lock whose process is not its server is nobody's.
fn free_stale_sockets(socket_dir: &Path, cluster: &Path) {
    for entry in fs::read_dir(socket_dir).into_iter().flatten().flatten() {
        let (name, path) = (entry.file_name(), entry.path());
        let is_lock = name.to_string_lossy().starts_with(".s.PGSQL.") && name.to_string_lossy().ends_with(".lock");
        let owner = fs::read_to_string(&path).ok().and_then(|text| text.lines().next()?.trim().parse().ok());
        if is_lock && owner.is_some_and(|pid| identify(pid, cluster) == Process::Other) {
            let _ = fs::remove_file(&path); // else the server says why it does not start
        }
    }
}

/// Workers of a server that was killed notice by themselves; one that is busy is told to go. Only called while no server lives.
fn await_orphans(cluster: &Path) {
    if live_server(cluster).is_some() {
        return;
    }
    let begun = Instant::now();
    loop {
        let left = os::processes_in(cluster);
        if left.is_empty() || begun.elapsed() > ORPHANS_LEAVE {
            return;
        }
        if begun.elapsed() > Duration::from_secs(10) {
            os::signal("KILL", &left);
        } else if begun.elapsed() > Duration::from_secs(2) {
            os::signal("QUIT", &left);
        }
        std::thread::sleep(POLL);
    }
}

fn rotate_log(log: &Path) {
    const LARGE: u64 = 16 << 20;
    if fs::metadata(log).is_ok_and(|found| found.len() > LARGE) {
        let _ = fs::rename(log, log.with_extension("log.1"));
    }
}

/// Writes `ledgerd.conf`, which `postgresql.conf` includes at its end.
fn write_settings(home: &Home, binaries: &Binaries, config: &EmbeddedConfig, socket_dir: &Path) -> Result<()> {
    let path = home.cluster().join("ledgerd.conf");
    let mut settings = settings(config, socket_dir, memory_mebibytes());
    if supports_lz4(home, binaries) {
        settings.push(("wal_compression".into(), "lz4".into()));
    }
    settings.extend(config.extra_settings.iter().cloned());
    let mut text = String::from("# Written by ledgerd at every start; a later ALTER SYSTEM overrides it.\n");
    for (name, value) in settings {
        let _ = writeln!(text, "{name} = '{}'", value.replace('\'', "''"));
    }
    fs::write(&path, text).at("write", &path)?;
    home.account.give(&path)
}

fn supports_lz4(home: &Home, binaries: &Binaries) -> bool {
    let mut command = binaries.command("postgres", &home.account);
    command.args(["-c", "wal_compression=lz4", "-C", "wal_compression", "-D"]).arg(home.cluster());
    output(&mut command).is_ok()
}

fn settings(config: &EmbeddedConfig, socket_dir: &Path, memory: u64) -> Vec<(String, String)> {
    let on = if config.durable { "on" } else { "off" };
    let buffers = (memory / 8).clamp(32, 256);
    let cache = (memory / 2).max(64);
    let mut settings = vec![
        ("listen_addresses", String::new()),
        ("port", PORT.to_string()),
        ("unix_socket_directories", socket_dir.to_string_lossy().into_owned()),
        ("unix_socket_permissions", "0700".into()),
        ("cluster_name", "ledgerd".into()),
        ("password_encryption", "scram-sha-256".into()),
        ("max_connections", "200".into()),
        // Nothing that was acknowledged may be lost, whatever else is tuned.
        ("fsync", on.into()),
        ("synchronous_commit", on.into()),
        ("full_page_writes", on.into()),
        ("shared_buffers", format!("{buffers}MB")),
        ("effective_cache_size", format!("{cache}MB")),
        ("maintenance_work_mem", format!("{}MB", (memory / 32).clamp(16, 256))),
        ("work_mem", "16MB".into()),
        ("wal_buffers", "16MB".into()),
        ("checkpoint_timeout", "15min".into()),
        ("checkpoint_completion_target", "0.9".into()),
        ("random_page_cost", "1.1".into()),
        ("max_locks_per_transaction", "128".into()),
        ("jit", "off".into()),
        ("timezone", "UTC".into()),
        ("log_timezone", "UTC".into()),
        ("log_line_prefix", "%m [%p] %q%u@%d ".into()),
        ("log_checkpoints", "off".into()),
    ];
    if config.durable {
        settings.push(("max_wal_size", "4GB".into()));
    } else {
        settings.extend([("max_wal_size", "512MB".into()), ("wal_level", "minimal".into()), ("max_wal_senders", "0".into())]);
    }
    settings.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The machine's memory in mebibytes; a small guess where it cannot be read.
fn memory_mebibytes() -> u64 {
    let text = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok()).map_or(2048, |kib| kib / 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pid_file_is_read_whole_or_cut_short() {
        let text = "4711\n/data/cluster\n1700000000\n5432\n/data/run\n\n  5432001     65536\nready   \n";
        let whole = PidFile::parse(text).unwrap();
        assert_eq!(whole, PidFile { pid: 4711, port: 5432, socket_dir: "/data/run".into(), status: "ready".into() });
        assert_eq!(PidFile::parse("4711\n").unwrap().status, "");
        assert_eq!(PidFile::parse(""), None);
    }

    #[test]
    fn durability_is_given_up_only_where_asked() {
        let mut config = EmbeddedConfig::new("x");
        for durable in [true, false] {
            config.durable = durable;
            let all = settings(&config, Path::new("/run"), 1024);
            for name in ["fsync", "synchronous_commit", "full_page_writes"] {
                let expected = if durable { "on" } else { "off" };
                assert!(all.iter().any(|(key, value)| key == name && value == expected), "{name} with durable = {durable}");
            }
            assert!(all.contains(&("listen_addresses".to_owned(), String::new())));
        }
    }
}
