//! What handlers take: a [`Write`] or a [`Read`] of an organization, checked before the handler runs.
//!
//! Strict in what is accepted: unknown fields and parameters are refused, and said where.

mod asked;
mod body;
mod query;
mod read;
mod write;

pub use asked::Asked;
pub use body::{BodyTime, Fingerprint, json_body};
pub(crate) use body::{media_type, refuse_encoded, whole};
pub use query::{Pairs, pairs, typed};
pub use read::{PointParams, Read};
pub(crate) use write::key_reused;
pub use write::{Accepted, Nothing, Preview, Receipt, Write, WriteParams, idempotency_key};
