//! The house in order: rules about the files themselves, of which ARCHITECTURE.md says that they hold.
//!
//! Walks the workspace instead of asking git, so that it also holds where there is no repository.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs;
use std::path::{Path, PathBuf};

/// A file of the workspace, by its path from the root.
struct File {
    path: String,
    text: String,
}

impl File {
    fn is_under(&self, places: &[&str]) -> bool {
        places.iter().any(|place| self.path.starts_with(place))
    }

    fn ends_with(&self, ending: &str) -> bool {
        self.path.ends_with(ending)
    }

    /// Rust that runs in production: not tests, benches, fuzzing, nor the stores' testing helpers.
    fn is_product(&self) -> bool {
        self.ends_with(".rs") && self.path.contains("/src/") && !self.ends_with("tests.rs") && !self.ends_with("testing.rs")
    }

    /// The file without its unit tests, which stand at the end.
    fn before_tests(&self) -> &str {
        self.text.split("#[cfg(test)]\nmod tests {").next().unwrap_or(&self.text)
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Folders that are made, not written.
const MADE: [&str; 6] = [".git", ".ledgerd", "target", "fuzz/target", "fuzz/corpus", "fuzz/artifacts"];

/// Every text file that belongs to the project.
fn files() -> Vec<File> {
    let root = root();
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let entry = entry.unwrap();
            let path = entry.path().strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
            if MADE.contains(&path.as_str()) {
                continue;
            }
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
            } else if let Ok(text) = String::from_utf8(fs::read(entry.path()).unwrap()) {
                found.push(File { path, text });
            }
        }
    }
    assert!(found.len() > 150, "only {} files were found below {}", found.len(), root.display());
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// Fails with all of them when there are any.
#[track_caller]
fn none(rule: &str, offenders: impl IntoIterator<Item = String>) {
    let offenders: Vec<String> = offenders.into_iter().collect();
    assert!(offenders.is_empty(), "{rule}:\n  {}", offenders.join("\n  "));
}

/// Where one of these words stands, as `path:line: text`.
fn places<'a>(file: &'a File, text: &'a str, words: &'a [&'a str]) -> impl Iterator<Item = String> + 'a {
    let lines = text.lines().enumerate();
    let hits = lines.filter(|(_, line)| words.iter().any(|word| has_word(line, word)));
    hits.map(|(index, line)| format!("{}:{}: {}", file.path, index + 1, line.trim()))
}

/// Whether `word` stands in the line and is not a part of a longer word.
fn has_word(line: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back().is_some_and(part) && word.starts_with(part);
        let after = line[at + word.len()..].chars().next().is_some_and(part) && word.ends_with(part);
        !before && !after
    })
}

#[test]
fn words_are_found_whole() {
    for (line, word, found) in [
        ("let x: f64 = 1", "f64", true),
        ("to_f64x", "f64", false),
        ("f64", "f64", true),
        ("a /x/y", "/x/", true),
        ("serial", "SERIAL", false),
    ] {
        assert_eq!(has_word(line, word), found, "{word} in {line}");
    }
}

#[test]
fn files_are_short_enough_to_read() {
    const LINES_MAX: usize = 600;
    const TEST_LINES_MAX: usize = 800;
    let files = files();
    none(
        "split these along what they are about",
        files.iter().filter(|file| file.ends_with(".rs")).filter_map(|file| {
            let most = if file.path.contains("/src/") { LINES_MAX } else { TEST_LINES_MAX };
            let lines = file.text.lines().count();
            (lines > most).then(|| format!("{}: {lines} lines, {most} are the limit", file.path))
        }),
    );
}

#[test]
fn every_module_says_why_it_is_there() {
    let files = files();
    none(
        "begin with a header: //! why the module exists and what belongs elsewhere",
        files.iter().filter(|file| file.ends_with(".rs") && !file.is_under(&["fuzz/"]) && !file.ends_with("build.rs")).filter_map(|file| {
            let first = file.text.lines().find(|line| !line.starts_with("#!["));
            first.is_none_or(|line| !line.starts_with("//!")).then(|| file.path.clone())
        }),
    );
}

#[test]
fn arrows_run_one_way() {
    const ALLOWED: [(&str, &[&str]); 4] = [
        ("ledger-core", &[]),
        ("ledger-store", &["ledger-core"]),
        ("ledger-projections", &["ledger-core", "ledger-store"]),
        ("ledger-api", &["ledger-core", "ledger-store", "ledger-projections"]),
    ];
    for (name, allowed) in ALLOWED {
        let manifest = fs::read_to_string(root().join(name).join("Cargo.toml")).unwrap();
        let named = manifest.lines().filter_map(|line| line.split(['.', ' ', '=']).next()).filter(|word| word.starts_with("ledger-"));
        // A crate may name itself, to test with a feature of its own.
        none(
            &format!("{name} depends on what it must not know"),
            named.filter(|word| *word != name && !allowed.contains(word)).map(str::to_owned),
        );
    }
}

#[test]
fn what_must_not_be_there_is_not() {
    /// Words, the files in which they are looked for, and the places where they may stand.
    struct Ban {
        rule: &'static str,
        words: &'static [&'static str],
        within: fn(&File) -> bool,
        except: &'static [&'static str],
    }
    let rust = |file: &File| file.ends_with(".rs");
    let core = |file: &File| file.is_under(&["ledger-core/src/"]) && file.is_product();
    let product = |file: &File| file.is_product() || (file.ends_with(".sql") && !file.path.contains("/tests/"));
    let sources = |file: &File| file.ends_with(".rs") || file.ends_with(".sql");
    let bans = [
        Ban {
            rule: "the core has no I/O, clock, randomness or JSON: take it as an argument",
            words: &[
                "sqlx",
                "tokio",
                "serde_json",
                "SystemTime",
                "Instant::now",
                "Utc::now",
                "Local::now",
                "rand",
                "std::fs",
                "std::net",
                "std::env",
            ],
            within: core,
            except: &[],
        },
        Ban {
            rule: "money is exact, and so is everything near it",
            words: &["f32", "f64"],
            within: rust,
            except: &["ledger-core/tests/purity.rs"],
        },
        Ban {
            rule: "only the codec knows bincode",
            words: &["bincode::"],
            within: rust,
            except: &["ledger-core/src/codec/", "ledger-core/tests/"],
        },
        Ban { rule: "only ledger-api speaks JSON", words: &["serde_json"], within: rust, except: &["ledger-api/", "fuzz/"] },
        Ban {
            rule: "commits are inserted by the functions of the database that place them",
            words: &["INTO ledger.commits"],
            within: product,
            except: &[
                "migrations/0004_append.sql",
                "migrations/0007_posting.sql",
                "migrations/0029_posting_key.sql",
                "migrations/0050_posting_path.sql",
            ],
        },
        Ban {
            rule: "what a column is compared with is a plain value: row-level security runs COALESCE after its own condition, so no index is used",
            words: &[">= coalesce(", "<= coalesce("],
            within: product,
            except: &[],
        },
        Ban {
            rule: "only the directory looks across organizations",
            words: &["SECURITY DEFINER"],
            within: product,
            except: &[
                "migrations/0006_directory.sql",
                "migrations/0036_webhooks_due.sql",
                "migrations/0039_projection_lag.sql",
                "migrations/0045_approvals_due.sql",
                "migrations/0040_semantic_roles.sql",
                "migrations/0046_signed_context.sql",
                "migrations/0047_context_inline.sql",
            ],
        },
        Ban {
            rule: "statements are prepared, one at a time, and bind their organization with ledger.bind_org",
            words: &["raw_sql", "set_config("],
            within: sources,
            except: &["ledger-projections/tests/semantic/"],
        },
        Ban {
            rule: "what is run for others is what the guard wrote",
            words: &["trusted_by_guard"],
            within: rust,
            except: &["ledger-store/src/semantic/mod.rs", "ledger-projections/src/semantic/guard/mod.rs", "ledger-projections/tests/"],
        },
        Ban {
            rule: "nothing ordered or dense comes from a sequence, and nothing crosses organizations",
            words: &[
                "SERIAL",
                "BIGSERIAL",
                "CREATE SEQUENCE",
                "GENERATED ALWAYS AS IDENTITY",
                "FOREIGN KEY",
                "REFERENCES",
                "DEFERRABLE",
                "CREATE RULE",
            ],
            within: |file| file.is_under(&["migrations/"]),
            except: &[],
        },
        Ban {
            rule: "leases are conditional updates of a row: advisory locks are local to a node",
            words: &["pg_advisory_lock", "pg_advisory_xact_lock", "pg_try_advisory_lock", "pg_try_advisory_xact_lock"],
            within: product,
            except: &[],
        },
        Ban {
            rule: "NOTIFY holds a lock of the whole database: one place sends it, outside appends",
            words: &["pg_notify"],
            within: product,
            except: &["ledger-store/src/db.rs", "migrations/0040_semantic_roles.sql"],
        },
        Ban {
            rule: "nothing is left to be done",
            words: &["todo!", "unimplemented!", "FIXME", "TODO", "XXX"],
            within: sources,
            except: &[],
        },
    ];
    let files = files();
    for ban in bans {
        let searched: Vec<&File> = files.iter().filter(|file| (ban.within)(file) && file.path != "ledger-api/tests/house.rs").collect();
        assert!(!searched.is_empty(), "nothing was searched for: {}", ban.rule);
        none(
            ban.rule,
            searched.into_iter().filter(|file| !file.is_under(ban.except)).flat_map(|file| places(file, file.before_tests(), ban.words)),
        );
    }
}

/// Paths of somebody's machine say nothing to a reader.
#[test]
fn no_file_speaks_of_one_machine() {
    let homes: Vec<String> = ["home/", "Users/", "root/", "work/", "workspace/"].iter().map(|folder| format!("/{folder}")).collect();
    let homes: Vec<&str> = homes.iter().map(String::as_str).collect();
    let files = files();
    none(
        "write paths from the workspace's root",
        files
            .iter()
            .filter(|file| file.path != "Cargo.lock")
            .flat_map(|file| places(file, &file.text, &homes))
            .filter(|place| !place.contains("linuxbrew")),
    );
}

#[test]
fn migrations_say_why_and_are_numbered() {
    let files = files();
    let migrations: Vec<&File> = files.iter().filter(|file| file.is_under(&["migrations/"])).collect();
    assert!(migrations.len() >= 8);
    let mut numbers: Vec<&str> = Vec::new();
    for file in migrations {
        let name = file.path.strip_prefix("migrations/").unwrap();
        let (number, rest) = name.split_at(4);
        assert!(number.bytes().all(|b| b.is_ascii_digit()) && rest.starts_with('_') && rest.ends_with(".sql"), "{name}: NNNN_what.sql");
        assert!(!numbers.contains(&number), "{name}: its number is taken");
        numbers.push(number);
        let first = file.text.lines().next().unwrap();
        assert!(first.starts_with("-- ") && first.len() > 20, "{name} begins with its reason: -- what for");
    }
}

/// What lies at the top, and what is said about it.
#[test]
fn the_map_shows_every_room() {
    let root = root();
    let map = fs::read_to_string(root.join("ARCHITECTURE.md")).unwrap();
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    for entry in fs::read_dir(&root).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        if entry.file_type().unwrap().is_dir() && !name.starts_with('.') && name != "target" {
            assert!(map.contains(&format!("`{name}/`")), "ARCHITECTURE.md does not say what is in {name}/");
        }
    }
    for page in ["ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "docs/decisions.md", "LICENSE-MIT", "LICENSE-APACHE"] {
        assert!(root.join(page).is_file(), "{page} is missing");
        assert!(readme.contains(page), "README.md does not mention {page}");
    }
    assert!(root.join(".ci/run").is_file());
}

/// Files that a page names in backquotes are there.
#[test]
fn what_the_pages_name_exists() {
    let root = root();
    for page in ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "docs/decisions.md"] {
        let text = fs::read_to_string(root.join(page)).unwrap();
        let spans = text.split('`').skip(1).step_by(2);
        let named = spans.filter(|span| {
            span.contains('/') && span.starts_with(|c: char| c.is_ascii_lowercase()) && !span.contains([' ', '*', ':', '<', '\n', ',', '='])
        });
        let beginnings = ["", "ledger-core/", "ledger-core/src/", "ledger-store/", "ledger-projections/", "ledger-api/", "ledger-api/src/"];
        none(
            &format!("{page} names what does not exist"),
            named.filter(|span| !beginnings.iter().any(|beginning| root.join(beginning).join(span).exists())).map(str::to_owned),
        );
    }
}

/// The limits in the README are those of the code.
#[test]
fn the_readme_has_the_limits_of_the_code() {
    use ledger_core::limits;
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let table = readme.split("## Limits").nth(1).unwrap().split("##").next().unwrap();
    for (what, value) in [
        ("digits after the decimal point", usize::from(limits::SCALE_MAX)),
        ("lines of one entry", limits::ENTRY_LINES_MAX),
        ("account code", limits::ACCOUNT_CODE_BYTES_MAX),
        ("account code", limits::COMMODITY_CODE_BYTES_MAX),
        ("name;", limits::NAME_BYTES_MAX),
        ("name;", limits::DESCRIPTION_BYTES_MAX),
        ("party,", limits::REFERENCE_BYTES_MAX),
        ("tags on", limits::TAGS_MAX),
        ("accounts,", limits::ACCOUNTS_MAX),
        ("accounts,", limits::COMMODITIES_MAX),
        ("age of a recorded rate", usize::try_from(limits::RATE_AGE_DAYS_MAX).unwrap()),
        ("one encoded event", limits::EVENT_BYTES_MAX >> 20),
        ("events in one commit", limits::COMMIT_EVENTS_MAX),
    ] {
        let row = table.lines().find(|line| line.starts_with(&format!("| {what}"))).unwrap_or_else(|| panic!("no row for {what}"));
        assert!(has_word(&row.replace(',', ""), &value.to_string()), "the README's row is not {value}: {row}");
    }
    assert_eq!((limits::LINE_UNITS_MAX, limits::BALANCE_UNITS_MAX), (10_i128.pow(27) - 1, 10_i128.pow(28) - 1));
}
