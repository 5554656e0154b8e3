//! Votes, and what else becomes of requests for approval.

use ledger_core::merkle::Hash;
use serde::Deserialize;
use utoipa::ToSchema;

use super::body::Fault;
use super::objects::only_objects;
use super::scalars::Plain;
use super::words::VoteWord;

only_objects!(NewVote, NewDelegation, NewOverride);

/// A vote of whoever sends it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct NewVote {
    /// What.
    pub vote: VoteWord,
    /// The hash of the draft that was looked at, as `GET /drafts/{seq}` shows it: a vote on anything else does not count.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    pub hash: Plain,
    /// Why; needed where it rejects.
    #[serde(default)]
    pub comment: Plain,
    /// Post the draft at once if this vote approves it. Where the books refuse that by now, it waits approved, and
    /// `not_posted` in the answer says why.
    #[serde(default)]
    pub then_post: bool,
}

/// Hands the own vote on.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct NewDelegation {
    /// To whom: a member's id.
    pub to: uuid::Uuid,
}

/// Approves past the policy's steps, where the policy allows that.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct NewOverride {
    /// The hash of the draft that was looked at.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    pub hash: Plain,
    /// Why; it stays in history.
    pub reason: Plain,
}

/// A hash in hexadecimal.
///
/// # Errors
/// [`Fault`] for anything else.
pub fn hash_of(text: &Plain, pointer: &str) -> Result<Hash, Fault> {
    let lower = text.0.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let hash = Some(&text.0).filter(|_| lower).and_then(|text| blake3::Hash::from_hex(text.as_str()).ok());
    hash.map(|hash| *hash.as_bytes()).ok_or_else(|| Fault::at(pointer, "a hash has 64 digits 0-9 and a-f"))
}
