//! A head kept outside: where a stream ended at some moment, small enough to print, and enough to prove later that
//! history still begins with it.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, SecondsFormat, Utc};
use ledger_core::merkle::Hash;
use ledger_core::{Seq, Timestamp};
use uuid::Uuid;

/// First word of a line that holds a head.
const WORD: &str = "ledger-head";

/// Where a stream ended. As a line of text: `ledger-head ORG SEQ HASH TREE-ROOT RECORDED-AT`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptHead {
    /// Whose stream; `None` when it was typed in without.
    pub org: Option<Uuid>,
    /// Its last event.
    pub seq: Seq,
    /// The hash of its last commit.
    pub hash: Hash,
    /// The root of the Merkle tree over its events.
    pub tree_root: Option<Hash>,
    /// When the last commit was recorded.
    pub recorded_at: Option<Timestamp>,
}

/// Why a text is no head.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{found:?} is no kept head: {problem}; expected SEQ:HASH with 64 hexadecimal digits, or a line written by --save-head")]
pub struct BadHead {
    found: String,
    problem: &'static str,
}

impl fmt::Display for KeptHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Some(org), Some(tree_root), Some(at)) = (self.org, &self.tree_root, self.recorded_at) else {
            return write!(f, "{}:{}", self.seq, hex(&self.hash));
        };
        let at = DateTime::<Utc>::from_timestamp_micros(at.0).unwrap_or_default().to_rfc3339_opts(SecondsFormat::Micros, true);
        write!(f, "{WORD} {org} {} {} {} {at}", self.seq, hex(&self.hash), hex(tree_root))
    }
}

impl FromStr for KeptHead {
    type Err = BadHead;

    fn from_str(text: &str) -> Result<Self, BadHead> {
        let bad = |problem| BadHead { found: text.chars().take(200).collect(), problem };
        let words: Vec<&str> = text.split_whitespace().collect();
        match words.as_slice() {
            [WORD, org, seq, hash, tree_root, at] => Ok(Self {
                org: Some(org.parse().map_err(|_| bad("the organization's id is no UUID"))?),
                seq: position(seq).ok_or_else(|| bad("the position is no number above 0"))?,
                hash: unhex(hash).ok_or_else(|| bad("the hash is not 64 hexadecimal digits"))?,
                tree_root: Some(unhex(tree_root).ok_or_else(|| bad("the tree root is not 64 hexadecimal digits"))?),
                recorded_at: Some(moment(at).ok_or_else(|| bad("the time is not in RFC 3339"))?),
            }),
            [pair] => {
                let (seq, hash) = pair.split_once(':').ok_or_else(|| bad("there is no colon"))?;
                Ok(Self {
                    org: None,
                    seq: position(seq).ok_or_else(|| bad("the position is no number above 0"))?,
                    hash: unhex(hash).ok_or_else(|| bad("the hash is not 64 hexadecimal digits"))?,
                    tree_root: None,
                    recorded_at: None,
                })
            }
            _ => Err(bad("it has the wrong number of words")),
        }
    }
}

/// The heads in a file: one per line; empty lines and lines that begin with `#` are passed over.
///
/// # Errors
/// [`BadHead`] for the first line that is none.
pub fn parse_heads(text: &str) -> Result<Vec<KeptHead>, BadHead> {
    text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::parse).collect()
}

fn position(text: &str) -> Option<Seq> {
    text.parse().ok().filter(|seq| *seq > 0)
}

fn moment(text: &str) -> Option<Timestamp> {
    DateTime::parse_from_rfc3339(text).ok().map(|at| Timestamp(at.timestamp_micros()))
}

/// A hash in hexadecimal digits.
#[must_use]
pub fn hex(hash: &Hash) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Hash> {
    blake3::Hash::from_hex(text).ok().map(|hash| *hash.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_read_as_they_are_written() {
        let whole = KeptHead {
            org: Some(Uuid::from_u128(7)),
            seq: 12,
            hash: [0xab; 32],
            tree_root: Some([1; 32]),
            recorded_at: Some(Timestamp(1_700_000_000_123_457)),
        };
        let short = KeptHead { org: None, tree_root: None, recorded_at: None, ..whole.clone() };
        for head in [&whole, &short] {
            assert_eq!(head.to_string().parse().as_ref(), Ok(head));
        }
        assert_eq!(parse_heads(&format!("# kept\n\n{whole}\n{short}\n")), Ok(vec![whole, short]));
    }

    #[test]
    fn what_is_no_head_is_said() {
        let digits = "ab".repeat(32);
        for (text, problem) in [
            ("12".to_owned(), "there is no colon"),
            (format!("0:{digits}"), "the position is no number above 0"),
            (format!("12:{}", &digits[1..]), "the hash is not 64 hexadecimal digits"),
            (format!("ledger-head x 1 {digits} {digits} 2026-01-01T00:00:00Z"), "the organization's id is no UUID"),
            ("a b".to_owned(), "it has the wrong number of words"),
        ] {
            assert_eq!(text.parse::<KeptHead>().map_err(|bad| bad.problem), Err(problem), "{text}");
        }
    }
}
