//! The HTTP API as programs meet it: a real server over a real database, asked over TCP. One binary, one module per subject.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod basics;
mod batch;
mod events;
mod hostile;
mod identity;
mod matrix;
mod mcp;
mod ops;
mod outage;
mod reads;
mod reports;
mod review;
mod serving;
mod stream;
mod tokens;
mod webhooks;
mod writes;
