//! What `ledgerd serve` is told: where to listen, whom to believe.

use std::net::SocketAddr;
use std::time::Duration;

use super::identity::{IssuerConfig, Tier};
use super::limits;
use super::webhooks::WebhooksConfig;

/// The configuration of a server.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where to listen.
    pub listen: SocketAddr,
    /// BLAKE3 hash of the platform's key: whoever has the key operates this machine and creates organizations.
    pub platform_key_hash: Option<[u8; 32]>,
    /// Whose tokens are believed.
    pub issuers: Vec<IssuerConfig>,
    /// The plan of organizations with which nothing was agreed.
    pub plan: Tier,
    /// Requests that an organization may make in a minute, where its plan does not say; `None`: any number.
    pub requests_per_minute: Option<u32>,
    /// How long a request's head may take to arrive.
    pub head_time: Duration,
    /// How long a request's body may take to arrive.
    pub body_time: Duration,
    /// How long the writer asks what became of a commit when the database was lost, before who waits is answered 503.
    pub resolve_for: Duration,
    /// How long a stopping server serves on while `/readyz` says no, for those who distribute requests to notice.
    pub drain: Duration,
    /// How long a stopping server waits for requests that are under way.
    pub grace: Duration,
    /// Whether `/metrics` is open to everybody, and not only to the operator of the machine.
    pub open_metrics: bool,
    /// How events are sent to who asked for them.
    pub webhooks: WebhooksConfig,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            platform_key_hash: None,
            issuers: Vec::new(),
            plan: Tier::default(),
            requests_per_minute: None,
            head_time: limits::HEAD_TIME_MAX,
            body_time: limits::BODY_TIME_MAX,
            resolve_for: Duration::from_secs(10),
            drain: Duration::ZERO,
            grace: Duration::from_secs(20),
            open_metrics: false,
            webhooks: WebhooksConfig::default(),
        }
    }
}
