//! Cursors: where a listing goes on, and at which event it is held. Opaque to callers.
//!
//! A cursor says with which filters, order and organization it was made, as a hash over them: with any other it is
//! refused, never read as something else. It names only a place and a seq, and what is read there is what the caller may
//! read anyway; so it is checked, not secret.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ledger_core::Seq;
use ledger_projections::reports::Point;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::params::{Limit, PageSize};
use crate::http::problem::Problem;

/// Bytes of the hash over what the listing is of.
const CHECK_BYTES: usize = 16;

/// A listing: of what, and how it was asked for.
pub struct Listing {
    check: [u8; CHECK_BYTES],
}

/// Where a listing goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor<K> {
    /// The event at which it is held.
    #[serde(rename = "s")]
    pub seq: Seq,
    /// The last element that was read.
    #[serde(rename = "k")]
    pub key: K,
}

impl Listing {
    /// A listing of `what` (the operation) in an organization. `asked` is the query, which leaves out its cursor and limit when
    /// it is serialized.
    #[must_use]
    pub fn new(what: &str, org: Uuid, asked: &impl Serialize, point: Point) -> Self {
        let asked = serde_json::to_vec(asked).unwrap_or_default();
        let mut hasher = blake3::Hasher::new_derive_key("ledger 2026 cursor v1");
        for part in [what.as_bytes(), org.as_bytes(), &asked, format!("{point:?}").as_bytes()] {
            hasher.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
            hasher.update(part);
        }
        let mut check = [0; CHECK_BYTES];
        hasher.finalize_xof().fill(&mut check);
        Self { check }
    }

    /// The cursor as callers get it.
    #[must_use]
    pub fn write<K: Serialize>(&self, seq: Seq, key: K) -> String {
        let body = serde_json::to_vec(&Cursor { seq, key }).unwrap_or_default();
        let mut bytes = self.tag(&body).to_vec();
        bytes.extend(body);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The cursor that a caller sends, where there is one.
    ///
    /// # Errors
    /// 400 for one that is damaged, or was made by another listing.
    pub fn read<K: DeserializeOwned>(&self, text: Option<&str>) -> Result<Option<Cursor<K>>, Problem> {
        let Some(text) = text else { return Ok(None) };
        let bytes = URL_SAFE_NO_PAD.decode(text).ok();
        let parts = bytes.as_deref().and_then(|bytes| bytes.split_at_checked(CHECK_BYTES));
        let body = parts.filter(|(tag, body)| *tag == self.tag(body)).map(|(_, body)| body);
        body.and_then(|body| serde_json::from_slice(body).ok()).map(Some).ok_or_else(invalid)
    }

    fn tag(&self, body: &[u8]) -> [u8; CHECK_BYTES] {
        let mut key = [0; blake3::KEY_LEN];
        key[..CHECK_BYTES].copy_from_slice(&self.check);
        let mut tag = [0; CHECK_BYTES];
        tag.copy_from_slice(&blake3::keyed_hash(&key, body).as_bytes()[..CHECK_BYTES]);
        tag
    }
}

/// The event at which a page is read: the cursor's, else the caller's.
#[must_use]
pub fn held<K>(cursor: Option<&Cursor<K>>, point: Point) -> Point {
    cursor.map_or(point, |cursor| Point::AtSeq(cursor.seq))
}

/// The elements of a page from those from its beginning on, and whether there are more.
pub fn page<T>(mut rest: impl Iterator<Item = T>, limit: Limit) -> (Vec<T>, bool) {
    let found: Vec<T> = rest.by_ref().take(limit.size()).collect();
    let more = rest.next().is_some();
    (found, more)
}

fn invalid() -> Problem {
    Problem::malformed("CURSOR_INVALID", "the cursor is damaged, or belongs to a listing with other parameters")
        .hint("send the next_cursor of the page before with the same parameters, or begin anew without a cursor")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_cursor_is_taken_by_the_listing_that_made_it_only() {
        let org = Uuid::from_u128(1);
        let listing = Listing::new("entries", org, &json!({ "account": "1000" }), Point::Latest);
        let text = listing.write(42, ("2026-01-15", 7));
        assert_eq!(listing.read::<(String, u64)>(Some(&text)).unwrap(), Some(Cursor { seq: 42, key: ("2026-01-15".to_owned(), 7) }));
        assert_eq!(listing.read::<(String, u64)>(None).unwrap(), None);
        let others = [
            Listing::new("accounts", org, &json!({ "account": "1000" }), Point::Latest),
            Listing::new("entries", Uuid::from_u128(2), &json!({ "account": "1000" }), Point::Latest),
            Listing::new("entries", org, &json!({ "account": "1001" }), Point::Latest),
            Listing::new("entries", org, &json!({ "account": "1000" }), Point::AtSeq(5)),
        ];
        for other in others {
            assert_eq!(other.read::<(String, u64)>(Some(&text)).unwrap_err().code, "CURSOR_INVALID");
        }
        let mut damaged = text.clone().into_bytes();
        let last = damaged.len() - 3;
        damaged[last] ^= 1;
        for text in ["", "x", "!!!", &text[..text.len() - 2], std::str::from_utf8(&damaged).unwrap()] {
            assert_eq!(listing.read::<(String, u64)>(Some(text)).unwrap_err().code, "CURSOR_INVALID", "{text:?}");
        }
    }
}
