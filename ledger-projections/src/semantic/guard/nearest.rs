//! The name that was probably meant.

/// The candidate that is most like `name`, when one is like it at all.
pub(super) fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (name.chars().count() / 3).clamp(usize::from(name.len() > 1), 3);
    let measured = candidates.into_iter().map(|candidate| (unlikeness(name, candidate), candidate));
    measured.filter(|(unlike, _)| *unlike <= limit).min().map(|(_, candidate)| candidate)
}

/// Edits from one to the other; fewer where one holds the other whole, as `amount_base` holds `amount`.
fn unlikeness(name: &str, candidate: &str) -> usize {
    let (short, long) = if name.len() < candidate.len() { (name, candidate) } else { (candidate, name) };
    let is_part = short.len() >= 3 && short.len() * 4 >= long.len() && long.split('_').any(|part| part == short);
    let held = is_part || (short.len() >= 4 && long.starts_with(short));
    let edits = edits(name, candidate);
    if held { edits.min(1) } else { edits }
}

/// Names are no longer than this; of what is longer, the beginning is compared.
const COMPARED: usize = 63;

fn edits(a: &str, b: &str) -> usize {
    let cut = |name: &str| name.chars().take(COMPARED).collect::<String>();
    strsim::levenshtein(&cut(a), &cut(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_are_counted() {
        for (a, b, count) in [("", "abc", 3), ("abc", "abc", 0), ("kitten", "sitting", 3), ("memo", "memos", 1)] {
            assert_eq!(edits(a, b), count, "{a} {b}");
            assert_eq!(edits(b, a), count, "{b} {a}");
        }
    }

    #[test]
    fn what_was_meant_is_found_and_nothing_is_made_up() {
        let names = ["account_code", "account_name", "net_base", "open_base", "due_date"];
        for (written, meant) in
            [("acount_code", Some("account_code")), ("duedate", Some("due_date")), ("net", Some("net_base")), ("xyzzy", None)]
        {
            assert_eq!(nearest(written, names), meant, "{written}");
        }
    }
}
