//! The configuration of `ledgerd serve`, from a file, the environment and the command line: the later wins.
//!
//! Each setting has one name, such as `webhooks.parallel`. In the file it is `parallel` in the table `[webhooks]`, in the
//! environment `LEDGERD_WEBHOOKS_PARALLEL`, on the command line `--set webhooks.parallel=8`. What no setting has for a name is a
//! mistake, wherever it stands, and all mistakes are told at once. The settings themselves are in [`super::keys`].

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use ledger_store::StoreConfig;

use super::file;
use super::keys::{KEYS, Key};
use crate::http::Config;

/// What a server is told.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the embedded database lives.
    pub data_dir: Option<PathBuf>,
    /// The database, where it is not the embedded one.
    pub database_url: Option<Hidden>,
    /// The key of the machine's operator.
    pub platform_key: Option<Hidden>,
    /// Bounds of the connections.
    pub pool: StoreConfig,
    /// Which login of the database questions in SQL are asked as.
    pub questions: QuestionSettings,
    /// What is logged, and how.
    pub log: LogSettings,
    /// Where spans are sent, if anywhere.
    pub traces: TraceSettings,
    /// What the server itself is told.
    pub server: Config,
}

/// A text that shows nothing of itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Hidden(pub String);

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// Which login of the database questions in SQL are asked as.
#[derive(Clone, Debug, Default)]
pub struct QuestionSettings {
    /// One for all organizations that the administrator has made, in place of one for each that is made on demand.
    pub shared: bool,
    /// The password of that one.
    pub shared_password: Option<Hidden>,
}

/// What is logged, and how.
#[derive(Clone, Debug)]
pub struct LogSettings {
    /// A filter: a level, or levels by module.
    pub level: String,
    /// One JSON object a line, for programs.
    pub json: bool,
}

/// Where spans are sent.
#[derive(Clone, Debug, Default)]
pub struct TraceSettings {
    /// The traces endpoint of an OTLP receiver over HTTP.
    pub endpoint: Option<String>,
    /// The name under which this server appears.
    pub service: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            data_dir: None,
            database_url: None,
            platform_key: None,
            pool: StoreConfig::default(),
            questions: QuestionSettings::default(),
            log: LogSettings { level: "warn".to_owned(), json: true },
            traces: TraceSettings { endpoint: None, service: "ledgerd".to_owned() },
            server: Config::default(),
        }
    }
}

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nobody said anything.
    Default,
    /// The file, at this line.
    File(PathBuf, usize),
    /// A variable of the environment.
    Environment(String),
    /// An option of the command line.
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path, line) => write!(f, "{}:{line}", path.display()),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::Flag(flag) => f.write_str(flag),
        }
    }
}

/// A value on its way in.
#[derive(Clone, Debug)]
pub struct Given {
    /// The setting's name.
    pub key: String,
    /// What is said; elements of lists separated by commas.
    pub text: String,
    /// By whom.
    pub origin: Origin,
}

/// A configuration, and where each value came from.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The values.
    pub settings: Settings,
    origins: BTreeMap<&'static str, Origin>,
}

/// Variables that are other parts' business.
const OTHERS: [&str; 5] = ["LEDGERD_CONFIG", "LEDGERD_API_KEY", "LEDGERD_ADMIN_URL", "LEDGERD_ACTOR", "LEDGERD_LOG"];
/// The same by their beginning.
const OTHERS_BEGIN: [&str; 3] = ["LEDGERD_PG_", "LEDGERD_TEST_", "LEDGERD_CRASH_"];

/// The variable that sets a key.
#[must_use]
pub fn variable(key: &str) -> String {
    format!("LEDGERD_{}", key.to_ascii_uppercase().replace('.', "_"))
}

impl Loaded {
    /// Reads the file, then what the environment says, then the command line.
    ///
    /// # Errors
    /// Every mistake, each with its place.
    pub fn read(
        path: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
        flags: impl IntoIterator<Item = Given>,
    ) -> Result<Self, Vec<String>> {
        let (mut given, mut mistakes) = (Vec::new(), Vec::new());
        let mut loaded = Self { settings: Settings::default(), origins: BTreeMap::new() };
        if let Some(path) = path {
            match file::read(path) {
                Ok(file) => {
                    given.extend(file.given);
                    mistakes.extend(file.mistakes);
                    loaded.settings.server.issuers = file.issuers;
                }
                Err(mistake) => mistakes.push(mistake),
            }
        }
        given.extend(from_environment(environment, &mut mistakes));
        given.extend(flags);
        for one in given {
            if let Err(said) = loaded.take(&one) {
                mistakes.push(format!("{}: {}: {said}", one.origin, one.key));
            }
        }
        if mistakes.is_empty() { Ok(loaded) } else { Err(mistakes) }
    }

    fn take(&mut self, given: &Given) -> Result<(), String> {
        let key = KEYS.iter().find(|key| key.name == given.key).ok_or_else(|| unknown(&given.key))?;
        (key.set)(&mut self.settings, &given.text)?;
        self.origins.insert(key.name, given.origin.clone());
        Ok(())
    }

    /// Whether nobody said anything of a setting.
    #[must_use]
    pub fn is_default(&self, key: &str) -> bool {
        !self.origins.contains_key(key)
    }

    /// Every setting with its value and where that came from; secrets are not shown.
    #[must_use]
    pub fn shown(&self) -> Vec<(&'static Key, String, Origin)> {
        let show = |key: &'static Key| {
            let value = (key.get)(&self.settings);
            let value = if key.secret && !value.is_empty() { "(secret)".to_owned() } else { value };
            (key, value, self.origins.get(key.name).cloned().unwrap_or(Origin::Default))
        };
        KEYS.iter().map(show).collect()
    }
}

fn from_environment(environment: impl IntoIterator<Item = (String, String)>, mistakes: &mut Vec<String>) -> Vec<Given> {
    let mut given = Vec::new();
    for (name, text) in environment {
        let origin = Origin::Environment(name.clone());
        if let Some(key) = KEYS.iter().find(|key| variable(key.name) == name) {
            given.push(Given { key: key.name.to_owned(), text, origin });
        } else if name == "DATABASE_URL" {
            given.insert(0, Given { key: "database_url".to_owned(), text, origin });
        } else if name.starts_with("LEDGERD_")
            && !OTHERS.contains(&name.as_str())
            && !OTHERS_BEGIN.iter().any(|beginning| name.starts_with(beginning))
        {
            mistakes.push(format!("environment {name}: there is no such setting{}", meant(&name, variable)));
        }
    }
    given
}

/// What is wrong with a name that no setting has.
#[must_use]
pub fn unknown(key: &str) -> String {
    format!("there is no such setting{}", meant(key, str::to_owned))
}

/// The setting that was meant, most likely.
fn meant(given: &str, spell: impl Fn(&str) -> String) -> String {
    let nearest = KEYS.iter().map(|key| spell(key.name)).min_by_key(|name| strsim::levenshtein(name, given));
    nearest.filter(|name| strsim::levenshtein(name, given) <= 3).map_or_else(String::new, |name| format!("; did you mean {name}?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flag(key: &str, text: &str) -> Given {
        Given { key: key.to_owned(), text: text.to_owned(), origin: Origin::Flag("--set".to_owned()) }
    }

    fn written(text: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        file
    }

    #[test]
    fn the_later_wins_and_it_is_told_who_said_it() {
        let file = written("listen = \"127.0.0.1:1\"\n\n[webhooks]\nparallel = 1\ntimeout_seconds = 7\n");
        let environment = [("LEDGERD_WEBHOOKS_PARALLEL", "2"), ("LEDGERD_LISTEN", "127.0.0.1:2"), ("LEDGERD_PG_BIN", "x"), ("PATH", "y")];
        let environment = environment.map(|(name, text)| (name.to_owned(), text.to_owned()));
        let loaded = Loaded::read(Some(file.path()), environment, [flag("listen", "127.0.0.1:3")]).unwrap();
        assert_eq!(loaded.settings.server.listen.port(), 3);
        assert_eq!(loaded.settings.server.webhooks.parallel, 2);
        assert_eq!(loaded.settings.server.webhooks.timeout.as_secs(), 7);
        let origin = |name: &str| loaded.shown().into_iter().find(|(key, ..)| key.name == name).unwrap().2.to_string();
        assert_eq!(origin("listen"), "--set");
        assert_eq!(origin("webhooks.parallel"), "environment LEDGERD_WEBHOOKS_PARALLEL");
        assert_eq!(origin("webhooks.timeout_seconds"), format!("{}:5", file.path().display()));
        assert_eq!(origin("webhooks.allow_http"), "default");
    }

    #[test]
    fn every_mistake_is_told_with_its_place() {
        let file = written("lissten = \"x\"\n[webhooks]\nparallel = \"many\"\nports = [443, 99999]\n[nothing]\nx = 1\n");
        let environment = [("LEDGERD_WEBHOOKS_PARALEL".to_owned(), "2".to_owned())];
        let mistakes = Loaded::read(Some(file.path()), environment, [flag("grace", "1")]).unwrap_err();
        let path = file.path().display();
        for said in [
            format!("{path}:1: lissten: there is no such setting; did you mean listen?"),
            format!("{path}:3: webhooks.parallel: \"many\" is no number"),
            format!("{path}:4: webhooks.ports: "),
            format!("{path}:6: nothing.x: there is no such setting"),
            "environment LEDGERD_WEBHOOKS_PARALEL: there is no such setting; did you mean LEDGERD_WEBHOOKS_PARALLEL?".to_owned(),
            "--set: grace: there is no such setting".to_owned(),
        ] {
            assert!(mistakes.iter().any(|mistake| mistake.starts_with(&said)), "{said}\nis not among {mistakes:#?}");
        }
        assert_eq!(mistakes.len(), 6);
        let broken = written("listen = \n");
        assert!(Loaded::read(Some(broken.path()), [], []).unwrap_err()[0].starts_with(&format!("{}:1: ", broken.path().display())));
        assert!(Loaded::read(Some(Path::new("/nowhere/at.all")), [], []).unwrap_err()[0].contains("/nowhere/at.all"));
    }

    #[test]
    fn secrets_are_not_shown() {
        let given = [
            ("database_url", "postgres://u:hush@h/d"),
            ("platform_key", "lpk_hush_hush_hush_hush_hush_hush_hush"),
            ("questions.shared_password", "hush"),
        ];
        let loaded = Loaded::read(None, [], given.map(|(key, text)| flag(key, text))).unwrap();
        assert!(loaded.shown().iter().all(|(_, value, _)| !value.contains("hush")));
        assert!(!format!("{:?}", loaded.settings).contains("hush"));
    }

    /// A value that is shown can be given, and nothing changes.
    #[test]
    fn what_is_shown_can_be_set() {
        let loaded = Loaded::read(None, [], []).unwrap();
        let again: Vec<Given> =
            loaded.shown().into_iter().filter(|(_, value, _)| !value.is_empty()).map(|(key, value, _)| flag(key.name, &value)).collect();
        assert!(again.len() > 10);
        let second = Loaded::read(None, [], again).unwrap();
        let values = |loaded: &Loaded| loaded.shown().into_iter().map(|(key, value, _)| (key.name, value)).collect::<Vec<_>>();
        assert_eq!(values(&second), values(&loaded));
    }
}
