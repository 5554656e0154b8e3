//! File patterns of `include`: `*`, `?`, `[abc]` and `**` for any folders. Hidden names match only patterns that
//! show their dot. Links to folders are not followed by `**`, so a pattern always ends.

use std::path::{Component, Path, PathBuf};

/// How many folders deep `**` looks.
const DEPTH_MAX: usize = 64;
/// How many folders `**` looks into.
const FOLDERS_MAX: usize = 100_000;

/// Files that match `pattern`, sorted by name. A pattern without wildcards matches itself if it exists.
pub(super) fn expand(pattern: &Path) -> Vec<PathBuf> {
    let mut found = vec![PathBuf::new()];
    for part in pattern.components() {
        found = match part {
            Component::Normal(name) => step(&found, &name.to_string_lossy()),
            other => found.into_iter().map(|path| path.join(other.as_os_str())).collect(),
        };
    }
    found.retain(|path| path.is_file());
    found.sort();
    found.dedup();
    found
}

fn step(folders: &[PathBuf], name: &str) -> Vec<PathBuf> {
    if name == "**" {
        return folders.iter().flat_map(|folder| below(folder)).collect();
    }
    if !name.contains(['*', '?', '[']) {
        return folders.iter().map(|folder| folder.join(name)).filter(|path| path.exists()).collect();
    }
    let pattern: Vec<char> = name.chars().collect();
    folders.iter().flat_map(|folder| names(folder).into_iter().filter(|n| matches(&pattern, n)).map(|n| folder.join(n))).collect()
}

fn names(folder: &Path) -> Vec<String> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect()
}

/// A folder and all folders below it.
fn below(folder: &Path) -> Vec<PathBuf> {
    let mut all = vec![folder.to_path_buf()];
    let mut level = all.clone();
    for _ in 0..DEPTH_MAX {
        level = level
            .iter()
            .flat_map(|folder| names(folder).into_iter().map(|name| folder.join(name)))
            .filter(|path| is_folder(path))
            .collect();
        if level.is_empty() || all.len() > FOLDERS_MAX {
            break;
        }
        all.extend(level.iter().cloned());
    }
    all
}

fn is_folder(path: &Path) -> bool {
    let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
    !hidden && path.symlink_metadata().is_ok_and(|data| data.is_dir())
}

/// Whether a name matches a pattern of one path part.
fn matches(pattern: &[char], name: &str) -> bool {
    let name: Vec<char> = name.chars().collect();
    if name.first() == Some(&'.') && pattern.first() != Some(&'.') {
        return false;
    }
    let (mut p, mut n, mut star) = (0, 0, None);
    while n < name.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, n));
                p += 1;
                continue;
            }
            Some(_) => {
                if let Some(len) = one(&pattern[p..], name[n]) {
                    p += len;
                    n += 1;
                    continue;
                }
            }
            None => {}
        }
        let Some((at, from)) = star else { return false };
        star = Some((at, from + 1));
        p = at + 1;
        n = from + 1;
    }
    pattern[p..].iter().all(|c| *c == '*')
}

/// How much of the pattern stands for the one character, if it does.
fn one(pattern: &[char], c: char) -> Option<usize> {
    match pattern {
        ['?', ..] => Some(1),
        ['[', rest @ ..] => match set(rest) {
            Some((len, negated, body)) => (contains(body, c) != negated).then_some(len + 1),
            None => (c == '[').then_some(1),
        },
        [literal, ..] => (*literal == c).then_some(1),
        [] => None,
    }
}

/// Length after the bracket, negation and body of a set.
fn set(rest: &[char]) -> Option<(usize, bool, &[char])> {
    let negated = rest.first() == Some(&'!');
    let from = usize::from(negated);
    let close = rest.iter().skip(from + 1).position(|c| *c == ']')? + from + 1;
    Some((close + 1, negated, &rest[from..close]))
}

fn contains(body: &[char], c: char) -> bool {
    let mut at = 0;
    while at < body.len() {
        if body.get(at + 1) == Some(&'-') && at + 2 < body.len() {
            if (body[at]..=body[at + 2]).contains(&c) {
                return true;
            }
            at += 3;
        } else if body[at] == c {
            return true;
        } else {
            at += 1;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_a_shell_does() {
        for (pattern, name, want) in [
            ("*.beancount", "2024.beancount", true),
            ("*.beancount", ".hidden.beancount", false),
            (".h*", ".hidden", true),
            ("20?4*", "2024.x", true),
            ("[0-9]x", "7x", true),
            ("[!0-9]x", "7x", false),
            ("[ab", "[ab", true),
            ("a*b*c", "aXbYbZc", true),
            ("a*b", "aXc", false),
            ("", "", true),
        ] {
            assert_eq!(matches(&pattern.chars().collect::<Vec<_>>(), name), want, "{pattern} {name}");
        }
    }
}
