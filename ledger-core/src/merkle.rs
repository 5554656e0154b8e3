//! The RFC 6962 Merkle tree over the events of a stream, with BLAKE3 in place of SHA-256.
//!
//! The tree gives two proofs that need neither the database nor the rest of history: that an event is in the
//! stream (inclusion), and that a longer stream begins with a shorter one (consistency). Tree shape and proof
//! order are those of RFC 6962 section 2.1. Leaves are hashed with their length before them and zeros that fill their last
//! block; inner nodes in BLAKE3's keyed mode under a published key, so that a node is never taken for a leaf, where two
//! hashes fill exactly one block. Whole blocks can be hashed many at a time ([`many`]).

/// A BLAKE3 hash.
pub type Hash = [u8; 32];

mod many;

pub use many::leaf_hashes;

/// Bytes before an event in its leaf: its length.
const LENGTH: usize = 4;
/// The block of BLAKE3; a leaf is whole blocks.
const BLOCK: usize = 64;
/// Blocks of a leaf that needs no memory of its own.
const SHORT_BLOCKS: usize = 4;

/// How many blocks the leaf of an event fills.
const fn leaf_blocks(event: &[u8]) -> usize {
    (LENGTH + event.len()).div_ceil(BLOCK)
}

/// The bytes of a leaf into a buffer of zeros that it fills: the event's length in four bytes, little endian, the
/// event, and zeros to the end of the block.
fn write_leaf(event: &[u8], leaf: &mut [u8]) {
    let length = u32::try_from(event.len()).unwrap_or(u32::MAX); // events are far shorter
    let (before, after) = leaf.split_at_mut(LENGTH);
    before.copy_from_slice(&length.to_le_bytes());
    after[..event.len()].copy_from_slice(event);
}

/// The hash of an event's bytes as a leaf: of its length, itself, and zeros that fill the last block.
#[must_use]
pub fn leaf_hash(event: &[u8]) -> Hash {
    let length = leaf_blocks(event) * BLOCK;
    let mut short = [0; SHORT_BLOCKS * BLOCK];
    if let Some(leaf) = short.get_mut(..length) {
        write_leaf(event, leaf);
        return *blake3::hash(leaf).as_bytes();
    }
    let mut leaf = vec![0; length];
    write_leaf(event, &mut leaf);
    *blake3::hash(&leaf).as_bytes()
}

/// The key of inner nodes. It is no secret: it keeps them apart from everything else that is hashed.
pub const NODE_KEY: &[u8; 32] = b"ledger 2026 merkle inner node v1";

/// The hash of an inner node.
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut input = [0; 64];
    input[..32].copy_from_slice(left);
    input[32..].copy_from_slice(right);
    *blake3::keyed_hash(NODE_KEY, &input).as_bytes()
}

/// What must be kept of a tree to go on appending: its size and the roots of its perfect subtrees.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    peaks: Vec<Hash>,
}

impl Frontier {
    /// A frontier kept elsewhere.
    ///
    /// Returns `None` when the number of peaks does not fit the size.
    #[must_use]
    pub fn restore(size: u64, peaks: Vec<Hash>) -> Option<Self> {
        (u64::from(size.count_ones()) == peaks.len() as u64).then_some(Self { size, peaks })
    }

    /// Number of leaves.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Roots of the perfect subtrees, largest first.
    #[must_use]
    pub fn peaks(&self) -> &[Hash] {
        &self.peaks
    }

    /// Appends a leaf.
    pub fn push(&mut self, leaf: Hash) {
        let mut node = leaf;
        let mut level = self.size;
        while level & 1 == 1 {
            let Some(left) = self.peaks.pop() else { break };
            node = node_hash(&left, &node);
            level >>= 1;
        }
        self.peaks.push(node);
        self.size = self.size.saturating_add(1);
    }

    /// Appends a perfect subtree of 2^`height` leaves. Answers whether it fits here; if not, nothing has changed.
    #[must_use]
    pub fn push_subtree(&mut self, subtree: Subtree) -> bool {
        let Some(leaves) = 1_u64.checked_shl(subtree.height) else { return false };
        if !self.size.is_multiple_of(leaves) {
            return false;
        }
        let mut node = subtree.root;
        let mut level = self.size >> subtree.height;
        while level & 1 == 1 {
            let Some(left) = self.peaks.pop() else { break };
            node = node_hash(&left, &node);
            level >>= 1;
        }
        self.peaks.push(node);
        self.size += leaves;
        true
    }

    /// Appends leaves, as pushing one after another does, most of them hashed side by side.
    pub fn extend(&mut self, leaves: &[Hash]) {
        for subtree in subtrees(self.size, leaves) {
            let fits = self.push_subtree(subtree);
            debug_assert!(fits, "subtrees are made for where they stand");
        }
    }

    /// The root of the tree; for no leaves the hash of nothing, as in RFC 6962.
    #[must_use]
    pub fn root(&self) -> Hash {
        let mut peaks = self.peaks.iter().rev();
        let Some(last) = peaks.next() else { return *blake3::hash(&[]).as_bytes() };
        peaks.fold(*last, |right, left| node_hash(left, &right))
    }
}

/// A perfect part of a tree: what a run of leaves contributes, computed without what stands before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subtree {
    /// It has 2^height leaves, the first at a multiple of that number.
    pub height: u32,
    /// Its root.
    pub root: Hash,
}

/// The largest perfect subtrees of the leaves that stand at `start` (from 0) and after, in order. Pushing them onto
/// the frontier of the `start` leaves before gives what pushing the leaves gives; nearly all the hashing is done here.
#[must_use]
pub fn subtrees(start: u64, leaves: &[Hash]) -> Vec<Subtree> {
    let mut found = Vec::new();
    let (mut at, mut rest) = (start, leaves);
    while let Some(longest) = rest.len().checked_ilog2() {
        let height = at.trailing_zeros().min(longest);
        let (part, after) = rest.split_at(1 << height);
        found.push(Subtree { height, root: perfect_root(part) });
        (at, rest) = (at + (1 << height), after);
    }
    found
}

/// The root over 2^n leaves, level by level.
fn perfect_root(leaves: &[Hash]) -> Hash {
    let mut level = std::borrow::Cow::Borrowed(leaves);
    while level.len() > 1 {
        level = many::node_hashes(&level).into();
    }
    level.first().copied().unwrap_or_default()
}

/// The root over leaves at hand.
#[must_use]
pub fn root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => *blake3::hash(&[]).as_bytes(),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(split_point(leaves.len()));
            node_hash(&root(left), &root(right))
        }
    }
}

/// The largest power of two smaller than `n` (n > 1).
const fn split_point(n: usize) -> usize {
    1 << (usize::BITS - 1 - (n - 1).leading_zeros())
}

/// The audit path of the leaf at `index` (from 0), from the leaf upwards. `None` when there is no such leaf.
#[must_use]
pub fn inclusion_proof(leaves: &[Hash], index: usize) -> Option<Vec<Hash>> {
    if index >= leaves.len() {
        return None;
    }
    if leaves.len() == 1 {
        return Some(Vec::new());
    }
    let (left, right) = leaves.split_at(split_point(leaves.len()));
    let (mut path, sibling) = match index.checked_sub(left.len()) {
        None => (inclusion_proof(left, index)?, root(right)),
        Some(rest) => (inclusion_proof(right, rest)?, root(left)),
    };
    path.push(sibling);
    Some(path)
}

/// Whether the path proves that `leaf` is at `index` (from 0) of the tree of `size` leaves with this root.
#[must_use]
pub fn verify_inclusion(leaf: &Hash, index: u64, size: u64, path: &[Hash], root: &Hash) -> bool {
    if index >= size {
        return false;
    }
    let (mut node_index, mut last, mut node) = (index, size - 1, *leaf);
    for sibling in path {
        if last == 0 {
            return false;
        }
        if node_index & 1 == 1 || node_index == last {
            node = node_hash(sibling, &node);
            while node_index & 1 == 0 && node_index != 0 {
                node_index >>= 1;
                last >>= 1;
            }
        } else {
            node = node_hash(&node, sibling);
        }
        node_index >>= 1;
        last >>= 1;
    }
    last == 0 && node == *root
}

/// The proof that the tree over all leaves begins with the tree over the first `first` of them.
/// `None` when `first` is 0 or larger than the tree.
#[must_use]
pub fn consistency_proof(leaves: &[Hash], first: usize) -> Option<Vec<Hash>> {
    (1..=leaves.len()).contains(&first).then(|| sub_proof(leaves, first, true))
}

fn sub_proof(leaves: &[Hash], first: usize, whole: bool) -> Vec<Hash> {
    if first == leaves.len() {
        return if whole { Vec::new() } else { vec![root(leaves)] };
    }
    let (left, right) = leaves.split_at(split_point(leaves.len()));
    let (mut proof, sibling) = match first.checked_sub(left.len()) {
        None | Some(0) => (sub_proof(left, first, whole), root(right)),
        Some(rest) => (sub_proof(right, rest, false), root(left)),
    };
    proof.push(sibling);
    proof
}

/// Whether the proof shows that the tree (`second`, `second_root`) begins with the tree (`first`, `first_root`).
#[must_use]
pub fn verify_consistency(first: u64, first_root: &Hash, second: u64, second_root: &Hash, proof: &[Hash]) -> bool {
    if first == 0 || first > second {
        return false;
    }
    if first == second {
        return proof.is_empty() && first_root == second_root;
    }
    let (mut node, mut last) = (first - 1, second - 1);
    while node & 1 == 1 {
        node >>= 1;
        last >>= 1;
    }
    let mut rest = proof.iter();
    let seed = if node == 0 { Some(first_root) } else { rest.next() };
    let Some(seed) = seed else { return false };
    let (mut old, mut new) = (*seed, *seed);
    for sibling in rest {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            old = node_hash(sibling, &old);
            new = node_hash(sibling, &new);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            new = node_hash(&new, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && old == *first_root && new == *second_root
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaves(n: u32) -> Vec<Hash> {
        (0..n).map(|i| leaf_hash(&i.to_le_bytes())).collect()
    }

    #[test]
    fn the_frontier_has_the_root_of_the_whole_tree() {
        let mut frontier = Frontier::default();
        let all = leaves(70);
        assert_eq!(frontier.root(), root(&[]));
        for n in 1..=all.len() {
            frontier.push(all[n - 1]);
            assert_eq!(frontier.root(), root(&all[..n]), "{n} leaves");
            assert_eq!(Frontier::restore(frontier.size(), frontier.peaks().to_vec()).as_ref(), Some(&frontier));
        }
    }

    #[test]
    fn subtrees_of_a_run_of_leaves_stand_for_the_leaves() {
        let all = leaves(70);
        for start in 0..40 {
            for end in start..all.len() {
                let mut one_by_one = Frontier::default();
                all[..start].iter().for_each(|leaf| one_by_one.push(*leaf));
                let mut at_once = one_by_one.clone();
                all[start..end].iter().for_each(|leaf| one_by_one.push(*leaf));
                let mut extended = at_once.clone();
                extended.extend(&all[start..end]);
                assert_eq!(extended, one_by_one, "{start}..{end}");
                let parts = subtrees(start as u64, &all[start..end]);
                assert!(parts.into_iter().all(|part| at_once.push_subtree(part)), "{start}..{end}");
                assert_eq!(at_once, one_by_one, "{start}..{end}");
            }
        }
        let misplaced = Subtree { height: 1, root: all[0] };
        let mut odd = Frontier::default();
        odd.push(all[0]);
        assert!(!odd.push_subtree(misplaced));
        assert_eq!(odd.size(), 1);
    }

    #[test]
    fn inclusion_proofs_prove_their_leaf_and_no_other() {
        let all = leaves(33);
        for size in 1..=all.len() {
            let tree = root(&all[..size]);
            for index in 0..size {
                let path = inclusion_proof(&all[..size], index).unwrap();
                assert!(verify_inclusion(&all[index], index as u64, size as u64, &path, &tree), "{index} of {size}");
                let other = (index + 1) % all.len();
                assert!(!verify_inclusion(&all[other], index as u64, size as u64, &path, &tree));
                assert!(!verify_inclusion(&all[index], index as u64 + 1, size as u64, &path, &tree));
            }
        }
    }

    #[test]
    fn consistency_proofs_prove_a_prefix_and_no_other_history() {
        let all = leaves(33);
        let mut forged = all.clone();
        forged[0][0] ^= 1;
        for second in 1..=all.len() {
            for first in 1..=second {
                let proof = consistency_proof(&all[..second], first).unwrap();
                let (a, b) = (root(&all[..first]), root(&all[..second]));
                assert!(verify_consistency(first as u64, &a, second as u64, &b, &proof), "{first} of {second}");
                assert!(!verify_consistency(first as u64, &root(&forged[..first]), second as u64, &b, &proof));
            }
        }
    }
}
