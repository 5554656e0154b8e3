//! Which files an include names: relative paths, `~`, and patterns with `*`, `?`, `[…]` and `**`.

use std::path::{Component, Path, PathBuf};

const DEPTH_MAX: usize = 32;
const MATCHES_MAX: usize = 100_000;

/// The files that `pattern` names in the file `parent`, in order. `identity` is the parent's real path; a pattern
/// does not match the file that it stands in.
///
/// # Errors
/// What is wrong with it.
pub(super) fn resolve(pattern: &str, parent: &Path, identity: &Path) -> Result<Vec<PathBuf>, String> {
    let pattern = without_format(pattern.trim())?;
    if pattern.is_empty() {
        return Err("an include without a file name".to_owned());
    }
    let path = absolute(pattern, parent.parent().unwrap_or(Path::new("")))?;
    if !pattern.contains(['*', '?', '[']) {
        return Ok(vec![path]);
    }
    let mut found = Vec::new();
    let parts: Vec<Component<'_>> = path.components().collect();
    expand(PathBuf::new(), &parts, 0, &mut found);
    found.retain(|file| file.canonicalize().map_or(true, |real| real != identity));
    found.sort();
    found.dedup();
    if found.is_empty() { Err("no file matches this include".to_owned()) } else { Ok(found) }
}

/// Removes quotes and hledger's `journal:`; other formats are refused.
fn without_format(pattern: &str) -> Result<&str, String> {
    let pattern = pattern.strip_prefix('"').and_then(|inner| inner.strip_suffix('"')).unwrap_or(pattern);
    for format in ["timeclock", "timedot", "csv", "ssv", "tsv", "rules"] {
        let suffix = Path::new(pattern).extension().is_some_and(|extension| extension.eq_ignore_ascii_case(format));
        if suffix || pattern.strip_prefix(format).is_some_and(|rest| rest.starts_with(':')) {
            return Err(format!("an include of a {format} file; only journals can be included"));
        }
    }
    Ok(["journal:", "ledger:", "j:"].iter().find_map(|prefix| pattern.strip_prefix(prefix)).unwrap_or(pattern))
}

fn absolute(pattern: &str, directory: &Path) -> Result<PathBuf, String> {
    match pattern.strip_prefix("~/") {
        Some(rest) => {
            let home = std::env::var_os("HOME").ok_or("`~` in an include, but HOME is not set")?;
            Ok(Path::new(&home).join(rest))
        }
        None => Ok(directory.join(pattern)),
    }
}

fn expand(base: PathBuf, parts: &[Component<'_>], depth: usize, found: &mut Vec<PathBuf>) {
    if depth > DEPTH_MAX || found.len() >= MATCHES_MAX {
        return;
    }
    let Some((part, rest)) = parts.split_first() else {
        if base.is_file() {
            found.push(base);
        }
        return;
    };
    let name = part.as_os_str().to_string_lossy();
    if name == "**" {
        if rest.first() == Some(part) {
            return expand(base, rest, depth, found);
        }
        expand(base.clone(), rest, depth + 1, found);
        for directory in children(&base).filter(|path| path.is_dir() && !path.is_symlink()) {
            expand(directory, parts, depth + 1, found);
        }
    } else if name.contains(['*', '?', '[']) {
        let pattern: Vec<char> = name.chars().collect();
        for child in children(&base) {
            let file: Vec<char> = child.file_name().unwrap_or_default().to_string_lossy().chars().collect();
            if matches(&pattern, &file) {
                expand(child, rest, depth + 1, found);
            }
        }
    } else {
        expand(base.join(part), rest, depth + 1, found);
    }
}

/// What lies in a directory, hidden files left out.
fn children(directory: &Path) -> impl Iterator<Item = PathBuf> {
    let here = directory.as_os_str().is_empty();
    let listing = std::fs::read_dir(if here { Path::new(".") } else { directory });
    let hidden = |name: &std::ffi::OsString| name.to_string_lossy().starts_with('.');
    let directory = directory.to_owned();
    listing
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.file_name())
        .filter(move |name| !hidden(name))
        .map(move |name| directory.join(name))
}

/// Whether a name matches a pattern. Backtracks to the last star only, so it takes at most their product.
fn matches(pattern: &[char], name: &[char]) -> bool {
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        if pattern.get(p) == Some(&'*') {
            star = Some((p, n));
            p += 1;
            continue;
        }
        if let Some(next) = one(pattern, p, name[n]) {
            (p, n) = (next, n + 1);
        } else if let Some((at, from)) = star {
            star = Some((at, from + 1));
            (p, n) = (at + 1, from + 1);
        } else {
            return false;
        }
    }
    pattern[p.min(pattern.len())..].iter().all(|c| *c == '*')
}

/// The place in the pattern after one character was matched.
fn one(pattern: &[char], at: usize, c: char) -> Option<usize> {
    match pattern.get(at)? {
        '?' => Some(at + 1),
        '[' => set(pattern, at, c),
        literal => (*literal == c).then_some(at + 1),
    }
}

fn set(pattern: &[char], at: usize, c: char) -> Option<usize> {
    let negated = matches!(pattern.get(at + 1), Some('!' | '^'));
    let first = at + 1 + usize::from(negated);
    let close = (first + 1..pattern.len()).find(|i| pattern[*i] == ']')?;
    let inner = &pattern[first..close];
    let ranges = inner.windows(3).any(|w| w[1] == '-' && w[0] <= c && c <= w[2]);
    ((ranges || inner.contains(&c)) != negated).then_some(close + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, name, want) in [
            ("*.journal", "a.journal", true),
            ("*.journal", "a.dat", false),
            ("20??.j", "2024.j", true),
            ("20??.j", "202.j", false),
            ("20[0-2]*.j", "2019.j", true),
            ("20[!0-2]*.j", "2019.j", false),
            ("a*b*c", "axxbyyc", true),
            ("a*b*c", "axxbyy", false),
            ("[", "[", false),
            ("**", "x", true),
        ] {
            let (p, n): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
            assert_eq!(matches(&p, &n), want, "{pattern} {name}");
        }
    }
}
