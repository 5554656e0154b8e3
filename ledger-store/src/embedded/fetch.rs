//! Fetches a private copy of the PostgreSQL server through apt on Debian and Ubuntu: no root needed, nothing on the system
//! touched. apt works in folders of its own, checks the signatures as always, and only downloads; `dpkg-deb` unpacks.

use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::binaries::OLDEST_MAJOR;
use super::error::{Context, EmbeddedError, Result};
use super::os::{Account, output, plain_command};

/// Packages that the server's package asks for and that a private copy does without: the system's C library and tools, and
/// what serves the system-wide service, just-in-time compilation or Perl.
const LEFT_OUT: [&str; 19] = [
    "libc6",
    "libc-bin",
    "libgcc-s1",
    "gcc-",
    "libstdc++",
    "libcrypt1",
    "debconf",
    "dpkg",
    "init-system",
    "postgresql-common",
    "ssl-cert",
    "tzdata",
    "libllvm",
    "perl",
    "libperl",
    "sysvinit",
    "lsb-",
    "adduser",
    "netbase",
];

/// The copies that are there, newest first: the folder of programs and those of its libraries.
pub(super) fn copies_in(private: &Path) -> Vec<(PathBuf, Vec<PathBuf>)> {
    let mut majors: Vec<u32> =
        fs::read_dir(private).into_iter().flatten().flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    majors.sort_unstable_by(|a, b| b.cmp(a));
    majors.into_iter().map(|major| layout(&private.join(major.to_string()), major)).collect()
}

fn layout(root: &Path, major: u32) -> (PathBuf, Vec<PathBuf>) {
    let mut libraries = Vec::new();
    for lib in ["usr/lib", "lib"] {
        for entry in fs::read_dir(root.join(lib)).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().contains("-linux-") {
                libraries.push(entry.path());
            }
        }
    }
    (root.join(format!("usr/lib/postgresql/{major}/bin")), libraries)
}

/// Fetches a copy into `private/<major>`, of version `major` if given, else the distribution's own.
///
/// # Errors
/// When this is no Debian or Ubuntu, apt reaches no archive, or the archive has no version that serves.
pub(super) fn fetch(private: &Path, account: &Account, major: Option<u32>, notify: fn(&str)) -> Result<(PathBuf, Vec<PathBuf>)> {
    require_apt()?;
    DirBuilder::new().recursive(true).mode(0o755).create(private).at("create", private)?;
    if !account.can_reach(private) {
        return Err(failed("prepare", format!("the server's user cannot reach {}", private.display())));
    }
    let lock_path = private.join("lock");
    let lock = OpenOptions::new().create(true).append(true).open(&lock_path).at("open", &lock_path)?;
    lock.lock().at("lock", &lock_path)?;
    if let Some(found) = copies_in(private).into_iter().find(|(bin, _)| fits(bin, major)) {
        return Ok(found);
    }
    let apt = Apt::prepare(private.join("apt"))?;
    notify(&format!("no PostgreSQL server on this machine: fetching a private copy through apt into {} (once)", private.display()));
    let outcome = apt.fetch_into(private, major, notify);
    let _ = fs::remove_dir_all(&apt.dir);
    outcome
}

fn fits(bin: &Path, major: Option<u32>) -> bool {
    bin.join("postgres").is_file() && major.is_none_or(|major| bin.parent().is_some_and(|dir| dir.ends_with(major.to_string())))
}

fn failed(step: impl Into<String>, detail: impl ToString) -> EmbeddedError {
    EmbeddedError::Fetch { step: step.into(), detail: detail.to_string() }
}

fn require_apt() -> Result<()> {
    for program in ["apt-get", "apt-cache", "dpkg-deb"] {
        if output(plain_command(Path::new(program)).arg("--version")).is_err() {
            return Err(failed("look for apt", format!("`{program}` is not here: this works on Debian and Ubuntu only")));
        }
    }
    Ok(())
}

/// apt with folders of its own.
struct Apt {
    dir: PathBuf,
    config: PathBuf,
}

impl Apt {
    fn prepare(dir: PathBuf) -> Result<Self> {
        let _ = fs::remove_dir_all(&dir);
        for part in ["state/lists/partial", "cache/archives/partial", "log", "debs"] {
            let path = dir.join(part);
            fs::create_dir_all(&path).at("create", &path)?;
        }
        let config = dir.join("apt.conf");
        let home = dir.display();
        // The #clear lines keep the system's own hooks (such as emptying its package cache) from running.
        let text = format!(
            "#clear APT::Update::Pre-Invoke;\n#clear APT::Update::Post-Invoke;\n#clear APT::Update::Post-Invoke-Success;\n\
             #clear DPkg::Pre-Invoke;\n#clear DPkg::Post-Invoke;\n#clear DPkg::Pre-Install-Pkgs;\n\
             Dir::State \"{home}/state\";\nDir::State::lists \"{home}/state/lists\";\nDir::State::status \"/var/lib/dpkg/status\";\n\
             Dir::State::extended_states \"{home}/state/extended_states\";\nDir::Cache \"{home}/cache\";\n\
             Dir::Cache::archives \"{home}/cache/archives\";\nDir::Log \"{home}/log\";\nAPT::Sandbox::User \"root\";\n\
             Debug::NoLocking \"true\";\nAPT::Get::Assume-Yes \"true\";\nAPT::Install-Recommends \"false\";\n\
             Acquire::Languages \"none\";\nAcquire::Retries \"3\";\nAPT::Update::Error-Mode \"any\";\nAcquire::http::Timeout \"30\";\nAcquire::https::Timeout \"30\";\n"
        );
        fs::write(&config, text).at("write", &config)?;
        Ok(Self { dir, config })
    }

    fn command(&self, program: &str) -> Command {
        let mut command = plain_command(Path::new(program));
        command.arg("-c").arg(&self.config).current_dir(self.dir.join("debs"));
        command
    }

    fn fetch_into(&self, private: &Path, major: Option<u32>, notify: fn(&str)) -> Result<(PathBuf, Vec<PathBuf>)> {
        notify("  reading the archive's package lists");
        // One unreachable archive of several is reported as a failure (`Error-Mode`) but must not stop us: what matters is
        // whether the package is known afterwards. If not, this is why.
        let updated = output(self.command("apt-get").args(["-q", "update"]));
        let major = match self.available(major) {
            Ok(major) => major,
            Err(error) => return Err(updated.err().map_or(error, |update| failed("update", update))),
        };
        if !Path::new("/usr/share/zoneinfo/UTC").exists() {
            return Err(failed("prepare", "the server needs the system's time zones: install the package `tzdata`"));
        }
        let packages = self.needed(major)?;
        notify(&format!("  fetching PostgreSQL {major}: {} packages", packages.len()));
        output(self.command("apt-get").args(["-q", "download"]).args(&packages)).map_err(|error| failed("download", error))?;
        notify("  unpacking");
        let root = private.join(major.to_string());
        self.unpack(private, &root)?;
        notify(&format!("  PostgreSQL {major} is ready in {}", root.display()));
        Ok(layout(&root, major))
    }

    /// The major version to take: the one asked for, else the one `postgresql` stands for, else the newest there is.
    fn available(&self, wanted: Option<u32>) -> Result<u32> {
        let names = output(self.command("apt-cache").args(["pkgnames", "postgresql-"])).map_err(|error| failed("list", error))?;
        let mut majors: Vec<u32> = names
            .lines()
            .filter_map(|name| name.strip_prefix("postgresql-")?.parse().ok())
            .filter(|major| *major >= OLDEST_MAJOR && self.candidate(*major))
            .collect();
        majors.sort_unstable();
        let standard = || {
            let shown = output(self.command("apt-cache").args(["show", "--no-all-versions", "postgresql"])).ok()?;
            let depends = shown.lines().find_map(|line| line.strip_prefix("Depends: postgresql-"))?.to_owned();
            depends.split([',', ' ']).next()?.parse().ok()
        };
        let pick = wanted.or_else(standard).filter(|major| majors.contains(major)).or(if wanted.is_none() {
            majors.last().copied()
        } else {
            None
        });
        pick.ok_or_else(|| {
            let asked = wanted.map_or_else(|| format!("{OLDEST_MAJOR} or newer"), |major| major.to_string());
            failed("look for the package", format!("the archives of this system offer no PostgreSQL {asked} (found: {majors:?})"))
        })
    }

    /// Whether the package can be had, not only named by another one.
    fn candidate(&self, major: u32) -> bool {
        let package = format!("postgresql-{major}");
        output(self.command("apt-cache").args(["show", "--no-all-versions", &package])).is_ok_and(|text| text.contains("Filename:"))
    }

    /// The server's package and what this system lacks of what it needs.
    fn needed(&self, major: u32) -> Result<Vec<String>> {
        let server = format!("postgresql-{major}");
        let own = [server.clone(), format!("postgresql-client-{major}"), "libpq5".to_owned()];
        let plan = output(self.command("apt-get").args(["-q", "--simulate", "--reinstall", "install", &server]))
            .map_err(|error| failed("plan", error))?;
        let mut packages: Vec<String> = own.to_vec();
        for name in plan.lines().filter_map(|line| line.strip_prefix("Inst ")?.split(' ').next()) {
            let skip = LEFT_OUT.iter().any(|left| name.starts_with(left)) || name.ends_with("-perl");
            if !skip && !packages.iter().any(|have| have == name) {
                packages.push(name.to_owned());
            }
        }
        Ok(packages)
    }

    fn unpack(&self, private: &Path, root: &Path) -> Result<()> {
        let fresh = private.join("unpacking");
        let _ = fs::remove_dir_all(&fresh);
        DirBuilder::new().mode(0o755).create(&fresh).at("create", &fresh)?;
        let debs = self.dir.join("debs");
        for entry in fs::read_dir(&debs).at("read", &debs)?.flatten() {
            let unpacked = output(plain_command(Path::new("dpkg-deb")).arg("-x").arg(entry.path()).arg(&fresh));
            unpacked.map_err(|error| failed("unpack", error))?;
        }
        fs::set_permissions(&fresh, Permissions::from_mode(0o755)).at("set the mode of", &fresh)?;
        let _ = fs::remove_dir_all(root);
        fs::rename(&fresh, root).at("move into place", root)
    }
}
