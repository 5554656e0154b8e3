//! Pages of lists that are kept in the order of one fixed-length key: `limit`, and a cursor that belongs to its list and filters.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::http::limits;
use crate::http::problem::Problem;

/// Bytes of a cursor that say which list and filters it belongs to.
const MARK: usize = 8;

/// How many are asked for, and the key of the last element of the page before.
pub(super) fn position<const N: usize>(
    limit: Option<u16>,
    cursor: Option<&str>,
    bound_to: &str,
) -> Result<(u16, Option<[u8; N]>), Problem> {
    let limit = limit.unwrap_or(limits::PAGE_DEFAULT);
    if !(1..=limits::PAGE_MAX).contains(&limit) {
        return Err(Problem::malformed("PARAMETER_INVALID", format!("limit: expected 1 to {}, found {limit}", limits::PAGE_MAX)));
    }
    let key = cursor.map(|cursor| key_of(cursor, bound_to).ok_or_else(invalid)).transpose()?;
    Ok((limit, key))
}

fn invalid() -> Problem {
    Problem::malformed("CURSOR_INVALID", "the cursor is not one of this list with these filters")
        .hint("give `next_cursor` of the page before, and leave the other parameters as they were")
}

fn key_of<const N: usize>(cursor: &str, bound_to: &str) -> Option<[u8; N]> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
    let (mark, key) = bytes.split_at_checked(MARK)?;
    (mark == mark_of(bound_to)).then_some(())?;
    key.try_into().ok()
}

fn mark_of(bound_to: &str) -> [u8; MARK] {
    let mut mark = [0; MARK];
    blake3::Hasher::new_derive_key("ledger 2026 cursor of webhooks v1").update(bound_to.as_bytes()).finalize_xof().fill(&mut mark);
    mark
}

/// One page of what was found (one more than asked for, where there is more), and the cursor of the next.
pub(super) fn page<T, const N: usize>(
    mut found: Vec<T>,
    limit: u16,
    bound_to: &str,
    key: impl Fn(&T) -> [u8; N],
) -> (Vec<T>, Option<String>) {
    let more = found.len() > usize::from(limit);
    found.truncate(limit.into());
    let last = found.last().filter(|_| more);
    let next = last.map(|last| URL_SAFE_NO_PAD.encode([mark_of(bound_to).as_slice(), key(last).as_slice()].concat()));
    (found, next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_belongs_to_its_list() {
        let (shown, next) = page(vec![1_u64, 2, 3], 2, "list a", |n| n.to_be_bytes());
        assert_eq!(shown, [1, 2]);
        let next = next.unwrap();
        assert_eq!(position::<8>(None, Some(&next), "list a").unwrap(), (limits::PAGE_DEFAULT, Some(2_u64.to_be_bytes())));
        assert_eq!(position::<8>(None, Some(&next), "list b").unwrap_err().code, "CURSOR_INVALID");
        assert_eq!(position::<16>(None, Some(&next), "list a").unwrap_err().code, "CURSOR_INVALID");
        assert_eq!(page(vec![1_u64, 2], 2, "list a", |n| n.to_be_bytes()).1, None);
        for (limit, fits) in [(1, true), (200, true), (0, false), (201, false)] {
            assert_eq!(position::<8>(Some(limit), None, "").is_ok(), fits, "{limit}");
        }
    }
}
