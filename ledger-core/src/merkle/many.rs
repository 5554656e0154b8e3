//! Many short inputs hashed side by side: what [`super::leaf_hash`] and [`super::node_hash`] give, at a fraction of the time.
//!
//! Why: a processor hashes up to sixteen blocks of different inputs in the time of one, and an event is one or two
//! blocks. `blake3` offers that only through a part of its interface that it does not promise to keep; it is used in
//! this file alone, its version is pinned, and a test holds every result against the promised interface. Should it
//! go, map [`super::leaf_hash`] and [`super::node_hash`] over the inputs: the hashes stay the same.

use blake3::IncrementCounter;
use blake3::platform::Platform;

use super::{Hash, NODE_KEY, leaf_hash};

/// The block of BLAKE3.
const BLOCK: usize = 64;
/// Inputs that are hashed together.
const TOGETHER: usize = 16;

// Of the specification of BLAKE3, section 2.2 and table 1.
const IV: [u32; 8] = [0x6A09_E667, 0xBB67_AE85, 0x3C6E_F372, 0xA54F_F53A, 0x510E_527F, 0x9B05_688C, 0x1F83_D9AB, 0x5BE0_CD19];
const CHUNK_START: u8 = 1;
const CHUNK_END: u8 = 1 << 1;
const ROOT: u8 = 1 << 3;
const KEYED_HASH: u8 = 1 << 4;

/// Hashes inputs of whole blocks, each a chunk of its own, into `out`.
fn hash_together<const N: usize>(inputs: &[[u8; N]], key: &[u32; 8], flags: u8, out: &mut [Hash]) {
    for (inputs, out) in inputs.chunks(TOGETHER).zip(out.chunks_mut(TOGETHER)) {
        let Some(first) = inputs.first() else { continue };
        let mut each = [first; TOGETHER];
        each.iter_mut().zip(inputs).for_each(|(place, input)| *place = input);
        let out = out.as_flattened_mut();
        Platform::detect().hash_many(&each[..inputs.len()], key, 0, IncrementCounter::No, flags, CHUNK_START, CHUNK_END | ROOT, out);
    }
}

/// The hashes of the inner nodes over neighbours; a last one without a neighbour is left out.
pub(super) fn node_hashes(children: &[Hash]) -> Vec<Hash> {
    let (pairs, _) = children.as_flattened().as_chunks::<BLOCK>();
    let mut parents = vec![[0; 32]; pairs.len()];
    hash_together(pairs, &node_key(), KEYED_HASH, &mut parents);
    parents
}

fn node_key() -> [u32; 8] {
    let (words, _) = NODE_KEY.as_chunks::<4>();
    std::array::from_fn(|index| u32::from_le_bytes(words[index]))
}

/// Leaves of `N` bytes that wait to be hashed together, and their places in the answer.
struct Waiting<const N: usize> {
    inputs: Vec<[u8; N]>,
    places: Vec<usize>,
}

impl<const N: usize> Waiting<N> {
    const fn new() -> Self {
        Self { inputs: Vec::new(), places: Vec::new() }
    }

    fn add(&mut self, event: &[u8], place: usize, found: &mut [Hash]) {
        let mut input = [0; N];
        super::write_leaf(event, &mut input);
        self.inputs.push(input);
        self.places.push(place);
        if self.inputs.len() == TOGETHER {
            self.flush(found);
        }
    }

    fn flush(&mut self, found: &mut [Hash]) {
        let mut hashes = [[0; 32]; TOGETHER];
        hash_together(&self.inputs, &IV, 0, &mut hashes);
        for (place, hash) in self.places.iter().zip(hashes) {
            found[*place] = hash;
        }
        self.inputs.clear();
        self.places.clear();
    }
}

/// The leaf hashes of events, in their order.
#[must_use]
pub fn leaf_hashes<'a>(events: impl Iterator<Item = &'a [u8]>) -> Vec<Hash> {
    let mut found = Vec::with_capacity(events.size_hint().0);
    let (mut one, mut two, mut three) = (Waiting::<BLOCK>::new(), Waiting::<{ 2 * BLOCK }>::new(), Waiting::<{ 3 * BLOCK }>::new());
    for (place, event) in events.enumerate() {
        found.push([0; 32]);
        match super::leaf_blocks(event) {
            1 => one.add(event, place, &mut found),
            2 => two.add(event, place, &mut found),
            3 => three.add(event, place, &mut found),
            _ => found[place] = leaf_hash(event),
        }
    }
    one.flush(&mut found);
    two.flush(&mut found);
    three.flush(&mut found);
    found
}

#[cfg(test)]
mod tests {
    use super::super::{leaf_hash, node_hash};
    use super::*;

    #[test]
    fn many_at_once_are_what_one_by_one_gives() {
        let bytes: Vec<u8> = (0..=u8::MAX).cycle().take(700).collect();
        for count in [0, 1, 2, 15, 16, 17, 33, 200] {
            let events: Vec<&[u8]> = (0..count).map(|n| &bytes[n..n + (n * 37) % 300]).collect();
            let one_by_one: Vec<Hash> = events.iter().map(|event| leaf_hash(event)).collect();
            assert_eq!(leaf_hashes(events.into_iter()), one_by_one, "{count} leaves");
            let nodes: Vec<Hash> = one_by_one.chunks_exact(2).map(|pair| node_hash(&pair[0], &pair[1])).collect();
            assert_eq!(node_hashes(&one_by_one), nodes, "nodes over {count} leaves");
        }
    }

    #[test]
    fn events_of_every_length_around_a_block_are_hashed_the_same_both_ways() {
        let bytes = [5; 400];
        for length in 0..=bytes.len() {
            assert_eq!(leaf_hashes([&bytes[..length]].into_iter()), [leaf_hash(&bytes[..length])], "{length} bytes");
        }
    }
}
