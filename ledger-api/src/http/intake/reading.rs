//! From bytes to drafts, in chunks that depend on nothing but what was sent.

use axum::body::Bytes;
use ledger_core::{DraftEntry, Text};
use tokio::sync::mpsc;

use super::lines::{Line, Lines};
use super::{CHUNK_BYTES, CHUNK_LINES, LINE_BYTES_MAX, Mark};
use crate::http::Problem;
use crate::http::routes::booked::at_fault;
use crate::http::wire::body::parse_fast;
use crate::http::wire::entries::NewEntry;

/// Bytes that are hashed at a time.
const HASHED_BYTES: usize = 64 << 10;

/// A line of the stream and what it says.
pub struct Row {
    /// Its number, from 1.
    pub line: u64,
    /// The entry, or why it is none.
    pub entry: Result<DraftEntry, Problem>,
}

/// Lines that become durable together.
pub struct Chunk {
    /// The lines.
    pub rows: Vec<Row>,
    /// Where they end.
    pub end: Mark,
}

/// What is read of a stream, in its order.
pub enum Parsed {
    /// To be posted.
    Chunk(Chunk),
    /// So many lines are in already.
    Known(u64),
    /// The stream is at its end.
    End,
    /// It cannot go on.
    Broken(Problem),
}

/// Whoever was to take what is read has gone.
pub struct Gone;

/// Reads a stream.
pub struct Reader<S> {
    functional: Text,
    hasher: blake3::Hasher,
    /// What is hashed next: in large pieces it takes a fraction of the time.
    to_hash: Vec<u8>,
    count: u64,
    known: std::vec::IntoIter<Mark>,
    next: Option<Mark>,
    rows: Vec<Row>,
    bytes: usize,
    sink: S,
}

/// Why a line is the last that is read.
enum Stop {
    Gone,
    Other,
}

impl<S: FnMut(Parsed) -> Result<(), Gone>> Reader<S> {
    /// A reader at the beginning of a stream of which `known` is in already.
    pub fn new(functional: Text, known: Vec<Mark>, sink: S) -> Self {
        let mut known = known.into_iter();
        let next = known.next();
        let hasher = blake3::Hasher::new_derive_key("ledger 2026 entry stream v1");
        let to_hash = Vec::with_capacity(HASHED_BYTES * 2);
        Self { functional, hasher, to_hash, count: 0, known, next, rows: Vec::new(), bytes: 0, sink }
    }

    /// Reads until the stream ends, breaks, or nobody takes what is read.
    pub fn run(mut self, mut pieces: mpsc::Receiver<Result<Bytes, Problem>>) {
        let mut lines = Lines::default();
        while let Some(piece) = pieces.blocking_recv() {
            let read = match piece {
                Ok(piece) => lines.feed(&piece, |line| self.take(&line)),
                Err(problem) => return self.give(Parsed::Broken(problem)),
            };
            match read {
                Ok(()) => {}
                Err(Stop::Gone) => return,
                Err(Stop::Other) => return self.give(Parsed::Broken(other_stream())),
            }
        }
        let ended = lines.end(|line| self.take(&line)).and_then(|()| self.flush());
        match ended {
            Ok(()) if self.next.is_some() => self.give(Parsed::Broken(other_stream())),
            Ok(()) => self.give(Parsed::End),
            Err(Stop::Gone) => {}
            Err(Stop::Other) => self.give(Parsed::Broken(other_stream())),
        }
    }

    fn give(&mut self, parsed: Parsed) {
        let _ = (self.sink)(parsed); // nobody may be left to hear it
    }

    fn take(&mut self, line: &Line<'_>) -> Result<(), Stop> {
        let bytes = line.bytes.unwrap_or_default();
        // A line that is too long is known by its place only.
        self.to_hash.extend_from_slice(&u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_le_bytes());
        self.to_hash.extend_from_slice(bytes);
        if self.to_hash.len() >= HASHED_BYTES {
            self.hash();
        }
        self.count += 1;
        if let Some(mark) = self.next {
            // What may be in already is not posted before it is known whether it is.
            return self.compare(mark);
        }
        self.bytes += bytes.len();
        let entry = line.bytes.map_or_else(|| Err(too_long()), |bytes| self.read(bytes));
        self.rows.push(Row { line: line.no, entry });
        if self.rows.len() >= CHUNK_LINES || self.bytes >= CHUNK_BYTES { self.flush() } else { Ok(()) }
    }

    fn compare(&mut self, mark: Mark) -> Result<(), Stop> {
        if self.count < mark.count {
            return Ok(());
        }
        if self.mark() != mark {
            return Err(Stop::Other);
        }
        self.next = self.known.next();
        if self.next.is_some() { Ok(()) } else { (self.sink)(Parsed::Known(self.count)).map_err(|Gone| Stop::Gone) }
    }

    fn read(&self, bytes: &[u8]) -> Result<DraftEntry, Problem> {
        parse_fast::<NewEntry>(bytes).map(|entry| entry.draft(&self.functional)).map_err(at_fault)
    }

    fn hash(&mut self) {
        self.hasher.update(&self.to_hash);
        self.to_hash.clear();
    }

    fn mark(&mut self) -> Mark {
        self.hash();
        Mark { count: self.count, hash: *self.hasher.finalize().as_bytes() }
    }

    fn flush(&mut self) -> Result<(), Stop> {
        if self.rows.is_empty() {
            return Ok(());
        }
        self.bytes = 0;
        let rows = std::mem::replace(&mut self.rows, Vec::with_capacity(CHUNK_LINES));
        let end = self.mark();
        (self.sink)(Parsed::Chunk(Chunk { rows, end })).map_err(|Gone| Stop::Gone)
    }
}

fn too_long() -> Problem {
    let said = format!("the line has more than {LINE_BYTES_MAX} bytes");
    Problem::new(axum::http::StatusCode::PAYLOAD_TOO_LARGE, "LINE_TOO_LARGE", said).hint("split the entry")
}

fn other_stream() -> Problem {
    let said = "this Idempotency-Key was used for a stream that began otherwise; nothing was posted";
    Problem::new(axum::http::StatusCode::UNPROCESSABLE_ENTITY, "IDEMPOTENCY_KEY_REUSED", said)
        .hint("send the same stream from its beginning, or choose another key")
}
