//! Any payload splits into whole frames or ends in one error, and a commit of it folds or is refused.
#![no_main]

use ledger_core::chain::{Commit, CommitHeader, Tip, commit_hash, genesis_hash};
use ledger_core::codec::{self, frames};
use ledger_core::merkle::{Frontier, leaf_hash};
use ledger_core::{Book, Timestamp};
use libfuzzer_sys::fuzz_target;
use uuid::Uuid;

fuzz_target!(|payload: &[u8]| {
    let org = Uuid::from_u128(1);
    let (mut tree, mut whole, mut bytes) = (Frontier::default(), 0, 0);
    for frame in frames(payload).map_while(Result::ok) {
        tree.push(leaf_hash(frame));
        whole += 1;
        bytes += frame.len() + if frame.len() <= 250 { 1 } else { 5 };
    }
    let header = CommitHeader {
        org,
        first_seq: 1,
        event_count: whole,
        recorded_at: Timestamp(0),
        codec: codec::VERSION,
        base_id: Uuid::nil(),
        prev_hash: genesis_hash(org),
        tree_root: tree.root(),
    };
    let commit = Commit { hash: commit_hash(&header, payload), header, payload: payload.to_vec() };
    let passes = Tip::genesis(org).advance(&commit).is_ok();
    assert_eq!(passes, whole > 0 && bytes == payload.len(), "whole frames, and they alone, are a commit");
    let mut book = Book::default();
    for recorded in commit.events().map_while(Result::ok).take(1_000) {
        book.evolve(&recorded.event);
    }
});
