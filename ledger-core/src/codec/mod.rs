//! Events to bytes and back: the only module that knows bincode.
//!
//! An event is `kind` (hand-numbered, never reused, naming type and version at once), its envelope, and the
//! body of that kind as a wire type of [`wire`]. A commit's payload is its events back to back, each preceded
//! by its length. The bytes of a sample of every kind are frozen by `tests/golden.rs`; a kind once written is
//! read for ever, by an explicit upcast in [`wire`].

mod agreed;
mod agreed_state;
mod bytes;
mod document;
mod entry;
mod governed;
mod governed_state;
mod items;
mod policy;
mod proposal;
pub mod snapshot;
mod subledger;
mod wire;

pub(crate) use document::document_bytes;
pub(crate) use entry::entry_bytes_at_most;
pub(crate) use proposal::proposal_bytes;

use serde::de::Deserialize;
use serde::ser::Serialize;
use uuid::Uuid;

use bytes::{Reader, put_option, put_u64};

use crate::Seq;
use crate::actor::ActorNo;
use crate::event::Proposed;
use crate::limits::EVENT_BYTES_MAX;

/// Version of a commit payload's layout.
pub const VERSION: u16 = 1;

/// Whether payloads of this layout can be read.
pub fn check_version(found: u16) -> Result<(), CodecError> {
    if found == VERSION {
        Ok(())
    } else {
        Err(CodecError::new(format!("payloads of layout {found} are not known to this version; use a newer one")))
    }
}

/// Why bytes are not what this version reads, or a value not what it writes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem}{}", seq.map(|seq| format!(" at seq {seq}")).unwrap_or_default())]
pub struct CodecError {
    /// What is wrong.
    pub problem: String,
    /// Position of the event, where it is known.
    pub seq: Option<Seq>,
}

impl CodecError {
    pub(crate) fn new(problem: impl Into<String>) -> Self {
        Self { problem: problem.into(), seq: None }
    }

    /// The same error with the position of the event.
    #[must_use]
    pub fn at(mut self, seq: Seq) -> Self {
        self.seq = Some(seq);
        self
    }
}

const fn config() -> impl bincode::config::Config {
    bincode::config::standard().with_limit::<EVENT_BYTES_MAX>()
}

pub(crate) fn write<T: Serialize>(out: &mut Vec<u8>, value: &T) -> Result<(), CodecError> {
    bincode::serde::encode_into_std_write(value, out, bincode::config::standard())
        .map(drop)
        .map_err(|error| CodecError::new(format!("cannot encode: {error}")))
}

/// Reads a value from the front of `bytes` and moves past it.
pub(crate) fn read<'de, T: Deserialize<'de>>(bytes: &mut &'de [u8]) -> Result<T, CodecError> {
    let (value, used) =
        bincode::serde::borrow_decode_from_slice(bytes, config()).map_err(|error| CodecError::new(format!("cannot decode: {error}")))?;
    *bytes = &bytes[used..];
    Ok(value)
}

/// Reads a value of up to `LIMIT` bytes from the front of `bytes`; the rest comes back with it.
pub(crate) fn read_front<'de, T: Deserialize<'de>, const LIMIT: usize>(bytes: &'de [u8]) -> Result<(T, &'de [u8]), CodecError> {
    let (value, used) = bincode::serde::borrow_decode_from_slice(bytes, bincode::config::standard().with_limit::<LIMIT>())
        .map_err(|error| CodecError::new(format!("cannot decode: {error}")))?;
    Ok((value, &bytes[used..]))
}

/// The bytes of one event.
///
/// # Errors
/// [`CodecError`] when it is larger than [`EVENT_BYTES_MAX`].
pub fn encode(event: &Proposed) -> Result<Vec<u8>, CodecError> {
    let mut out = Vec::with_capacity(96);
    encode_into(&mut out, event)?;
    Ok(out)
}

fn encode_into(out: &mut Vec<u8>, event: &Proposed) -> Result<(), CodecError> {
    let start = out.len();
    put_u64(out, u64::from(wire::kind_of(&event.event)));
    put_u64(out, u64::from(event.actor.0));
    put_option(out, event.correlation, |out, id| out.extend_from_slice(id.as_bytes()));
    put_option(out, event.causation, put_u64);
    wire::write_body(out, &event.event)?;
    if out.len() - start > EVENT_BYTES_MAX {
        let found = out.len() - start;
        out.truncate(start);
        return Err(CodecError::new(format!("the event has {found} bytes where {EVENT_BYTES_MAX} are the limit")));
    }
    Ok(())
}

/// The event in these bytes, all of which must belong to it.
///
/// # Errors
/// [`CodecError`]: an unknown kind, malformed or left-over bytes, a value that the books could not have written.
pub fn decode(bytes: &[u8]) -> Result<Proposed, CodecError> {
    if bytes.len() > EVENT_BYTES_MAX {
        return Err(CodecError::new(format!("an event of {} bytes where {EVENT_BYTES_MAX} are the limit", bytes.len())));
    }
    let mut from = Reader { rest: bytes };
    let kind = from.number()?;
    let actor = ActorNo(from.number()?);
    let correlation = from.option(Reader::array::<16>)?.map(Uuid::from_bytes);
    let causation = from.option(Reader::number::<Seq>)?;
    let event = wire::read_body(kind, &mut from)?;
    if !from.rest.is_empty() {
        return Err(CodecError::new(format!("{} bytes are left over after an event of kind {kind}", from.rest.len())));
    }
    Ok(Proposed { actor, correlation, causation, event })
}

/// Appends an event with its length and returns where its own bytes stand.
///
/// # Errors
/// [`CodecError`]; `out` is then unchanged.
pub(crate) fn append_frame(out: &mut Vec<u8>, event: &Proposed) -> Result<std::ops::Range<usize>, CodecError> {
    let start = out.len();
    out.push(0);
    if let Err(error) = encode_into(out, event) {
        out.truncate(start);
        return Err(error);
    }
    let length = out.len() - start - 1;
    if let Ok(short) = u8::try_from(length)
        && short <= SHORT_MAX
    {
        out[start] = short;
        return Ok(start + 1..out.len());
    }
    let long = u32::try_from(length).map_err(|_| CodecError::new("the event is too long"))?;
    out[start] = LONG;
    out.splice(start + 1..=start, long.to_le_bytes());
    Ok(start + 5..out.len())
}

/// Longest event whose length is one byte.
const SHORT_MAX: u8 = 250;
/// Marks a length of four bytes, little endian, always above [`SHORT_MAX`].
const LONG: u8 = 252;

/// The bytes of each event of a payload, in order. After an error there is nothing more.
pub fn frames(payload: &[u8]) -> impl Iterator<Item = Result<&[u8], CodecError>> {
    let mut rest = payload;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let frame = next_frame(&mut rest);
        if frame.is_err() {
            rest = &[];
        }
        Some(frame)
    })
}

fn next_frame<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], CodecError> {
    let broken = || CodecError::new("the payload is cut off or its lengths are wrong");
    let (first, after) = rest.split_first().ok_or_else(broken)?;
    let (length, after) = match *first {
        short if short <= SHORT_MAX => (usize::from(short), after),
        LONG => {
            let (length, after) = after.split_first_chunk::<4>().ok_or_else(broken)?;
            let length = u32::from_le_bytes(*length);
            if length <= u32::from(SHORT_MAX) {
                return Err(broken());
            }
            (usize::try_from(length).map_err(|_| broken())?, after)
        }
        _ => return Err(broken()),
    };
    let (frame, after) = after.split_at_checked(length).ok_or_else(broken)?;
    *rest = after;
    Ok(frame)
}
