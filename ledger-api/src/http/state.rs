//! What every request shares: the store, the writer, the read models' worker, and what is known of organizations.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Instant;

use axum::Router;
use ledger_projections::Wakeup;
use ledger_store::writer::{Ledger, LedgerConfig};
use ledger_store::{OrgId, Organization, Store};
use tokio::sync::Mutex;
use uuid::Uuid;

use super::audit::AuditSink;
use super::config::Config;
use super::identity::{Identity, Meter};
use super::matrix::Matrix;
use super::ops::Health;
use super::problem::Problem;
use super::rate::Buckets;
use super::reading::Reading;
use super::webhooks::Webhooks;

/// Organizations whose row of the directory is kept in memory.
const ORGANIZATIONS_KEPT: usize = 100_000;

/// The server's state. Cheap to clone.
#[derive(Clone)]
pub struct App {
    /// The data source.
    pub store: Store,
    /// The way in for commands.
    pub ledger: Ledger,
    /// Wakes the worker, and those who wait for a read model.
    pub wakeup: Wakeup,
    /// What reads share.
    pub reading: Arc<Reading>,
    /// The configuration.
    pub config: Arc<Config>,
    /// Who asks.
    pub identity: Arc<Identity>,
    /// What organizations use.
    pub meter: Arc<Meter>,
    /// Who may do what.
    pub matrix: Arc<Matrix>,
    /// The log of who asked for what.
    pub audit: AuditSink,
    /// What each organization has left of its requests.
    pub org_rates: Arc<Buckets<OrgId>>,
    /// What each key and member has left of its share of them.
    pub key_rates: Arc<Buckets<Uuid>>,
    /// Sends messages to endpoints.
    pub webhooks: Arc<Webhooks>,
    /// What is known of the process itself.
    pub health: Arc<Health>,
    /// When metrics were last asked of the database.
    pub(super) sampled: Arc<Mutex<Option<Instant>>>,
    organizations: Arc<RwLock<HashMap<String, Arc<Organization>>>>,
    /// The whole of the API, for those parts of it that ask others. Let go when the server stops: it holds this state.
    house: Arc<RwLock<Option<Router>>>,
}

impl App {
    /// A server over a store.
    ///
    /// # Errors
    /// What is wrong with the configuration of an issuer of tokens, or why nothing can be sent by HTTP from this machine.
    pub fn new(store: Store, config: Config, matrix: Arc<Matrix>, audit: AuditSink) -> anyhow::Result<Self> {
        let ledger = Ledger::with_config(store.clone(), LedgerConfig { resolve_for: config.resolve_for, ..LedgerConfig::default() });
        let identity = Identity::new(config.platform_key_hash, &config.issuers, config.plan).map_err(anyhow::Error::msg)?;
        let webhooks = Arc::new(Webhooks::new(&config.webhooks)?);
        let reading = Arc::new(Reading::new(&ledger));
        Ok(Self {
            store,
            ledger,
            reading,
            wakeup: Wakeup::default(),
            config: Arc::new(config),
            identity: Arc::new(identity),
            meter: Arc::default(),
            matrix,
            audit,
            org_rates: Arc::default(),
            key_rates: Arc::default(),
            webhooks,
            health: Arc::default(),
            sampled: Arc::default(),
            organizations: Arc::default(),
            house: Arc::default(),
        })
    }

    /// The API itself, where it is served.
    pub(super) fn house(&self) -> Option<Router> {
        self.house.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn set_house(&self, house: Option<Router>) {
        *self.house.write().unwrap_or_else(PoisonError::into_inner) = house;
    }

    /// The organization with this slug. Slugs never change hands, so what was found once is not asked again.
    ///
    /// # Errors
    /// 404 when there is none, 503 when the database is away.
    pub async fn organization(&self, slug: &str) -> Result<Arc<Organization>, Problem> {
        if let Some(known) = self.organizations.read().unwrap_or_else(PoisonError::into_inner).get(slug) {
            return Ok(Arc::clone(known));
        }
        let found = Arc::new(self.store.organization(slug).await?.ok_or_else(Problem::no_organization)?);
        let mut kept = self.organizations.write().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= ORGANIZATIONS_KEPT {
            kept.clear();
        }
        kept.insert(slug.to_owned(), Arc::clone(&found));
        Ok(found)
    }
}
