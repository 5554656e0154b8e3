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

fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(63).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.chars().take(63).enumerate() {
        let mut diagonal = i;
        let mut before = i + 1;
        for (right, above) in b.iter().zip(row.iter_mut().skip(1)) {
            let cost = diagonal + usize::from(left != *right);
            diagonal = *above;
            before = cost.min(before + 1).min(diagonal + 1);
            *above = before;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
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
