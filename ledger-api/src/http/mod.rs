//! `ledgerd serve`: the HTTP API, for programs that cannot afford to be wrong.
//!
//! A request goes through [`access`]: who asks, of which organization, whether the row of [`matrix`] permits it. Handlers
//! in `routes` get an organization only through what that makes, speak the JSON of `wire`, and answer with what the
//! books say or with a [`problem`]. What a command decides is `ledger-core`'s; how a number is computed, the reports'.

pub mod access;
pub mod audit;
pub mod config;
pub mod extract;
pub mod identity;
pub mod intake;
pub mod matrix;
pub mod mcp;
pub mod openapi;
pub mod ops;
pub mod problem;
pub mod rate;
pub mod reading;
pub mod review;
pub mod routes;
pub mod server;
pub mod state;
pub mod webhooks;
pub mod wire;

pub use access::Access;
pub use config::Config;
pub use extract::{Accepted, Read, Write};
pub use identity::{Principal, Subject};
pub use problem::Problem;
pub use server::{Running, start};
pub use state::App;

/// Every limit of the HTTP API, by name, so that documentation, tests at the edge and error messages agree.
pub mod limits {
    use std::time::Duration;

    /// Bytes of one request's JSON body.
    pub const BODY_BYTES_MAX: usize = 4 << 20;
    /// Bytes of an `Idempotency-Key`.
    pub const IDEMPOTENCY_KEY_BYTES_MAX: usize = 255;
    /// Bytes of a query string.
    pub const QUERY_BYTES_MAX: usize = 8 << 10;
    /// Bytes of credentials in `Authorization`.
    pub const CREDENTIALS_BYTES_MAX: usize = 8 << 10;
    /// Elements of one page of a list.
    pub const PAGE_MAX: u16 = 200;
    /// Elements of a page where `limit` is not given.
    pub const PAGE_DEFAULT: u16 = 50;
    /// One key or member may make one in so many of its organization's requests per minute, so that no program keeps the others out.
    pub const KEY_SHARE: u32 = 2;
    /// How long a request's body may take to arrive.
    pub const BODY_TIME_MAX: Duration = Duration::from_secs(30);
    /// How long a request's head may take to arrive.
    pub const HEAD_TIME_MAX: Duration = Duration::from_secs(10);
    /// How long a read waits for `min_seq` at most.
    pub const MIN_SEQ_WAIT_MAX: Duration = Duration::from_secs(5);
}
