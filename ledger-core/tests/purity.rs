//! Keeps the core pure: what it may depend on, and that the lint against clocks, I/O and floats is in force.

const CORE: &str = include_str!("../Cargo.toml");
const WORKSPACE: &str = include_str!("../../Cargo.toml");
const CLIPPY: &str = include_str!("../clippy.toml");
const SHARED_CLIPPY: &str = include_str!("../../clippy.toml");

/// Crates that compute and nothing else. Whoever adds one checks that it has no I/O, clock or randomness.
const ALLOWED: [&str; 11] =
    ["serde", "rust_decimal", "chrono", "uuid", "thiserror", "bincode", "iso_currency", "blake3", "smallvec", "compact_str", "rustc-hash"];

/// Features that would bring in a clock or randomness, or wire formats that belong to the API.
const FORBIDDEN_FEATURES: [(&str, &[&str]); 3] = [
    ("chrono", &["clock", "now", "default"]),
    ("uuid", &["v1", "v4", "v6", "v7", "rng", "fast-rng"]),
    ("rust_decimal", &["rand", "db", "default"]),
];

/// The lines of one table of a manifest.
fn table<'a>(manifest: &'a str, name: &str) -> Vec<&'a str> {
    let header = format!("[{name}]");
    let lines = manifest.lines().map(str::trim).skip_while(|line| *line != header).skip(1);
    lines.take_while(|line| !line.starts_with('[')).filter(|line| !line.is_empty() && !line.starts_with('#')).collect()
}

#[test]
fn the_core_depends_on_crates_that_only_compute() {
    let dependencies = table(CORE, "dependencies");
    assert!(!dependencies.is_empty());
    for line in dependencies {
        let name = line.split(['.', ' ', '=']).next().unwrap();
        assert!(ALLOWED.contains(&name), "ledger-core may not depend on {name}: let the caller do it and pass the result in");
        assert_eq!(line, format!("{name}.workspace = true"), "features are stated once, in the workspace");
    }
    for table in ["build-dependencies", "features"] {
        assert!(!CORE.contains(&format!("[{table}]")), "the core has no {table}");
    }
    assert!(!CORE.contains("[target."), "the core is the same on every platform");
}

#[test]
fn dependencies_come_without_clock_and_randomness() {
    let dependencies = table(WORKSPACE, "workspace.dependencies");
    for (name, forbidden) in FORBIDDEN_FEATURES {
        let line = dependencies.iter().find(|line| line.starts_with(&format!("{name} ="))).unwrap();
        for feature in forbidden.iter().filter(|feature| **feature != "default") {
            assert!(
                !line.contains(&format!("\"{feature}\"")),
                "{name} may not have the feature {feature}: time and ids come in as arguments"
            );
        }
        if forbidden.contains(&"default") {
            assert!(line.contains("default-features = false"), "{name} may not have its default features");
        }
    }
}

#[test]
fn the_lints_forbid_clocks_io_and_floats() {
    for ban in
        ["SystemTime::now", "Instant::now", "Utc::now", "Uuid::new_v4", "std::env::var", "std::fs::File", "\"f64\"", "\"f32\"", "HashMap"]
    {
        assert!(CLIPPY.contains(ban), "ledger-core/clippy.toml no longer bans {ban}");
    }
    assert!(CORE.contains("[lints]\nworkspace = true"), "the core takes the workspace's lints");
    assert!(WORKSPACE.contains("unsafe_code = \"forbid\""));
}

/// A crate's clippy.toml replaces the workspace's. Its bans of what the core cannot even reach are left out.
#[test]
fn shared_settings_are_repeated() {
    for line in SHARED_CLIPPY.lines().filter(|line| line.contains('=') && !line.starts_with("disallowed") && !line.contains("sqlx::")) {
        assert!(CLIPPY.contains(line.trim()), "ledger-core/clippy.toml replaces the workspace's file, so repeat there: {line}");
    }
}
