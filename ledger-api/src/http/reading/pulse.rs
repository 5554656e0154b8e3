//! Who has grown: hints from this process's writer and, by NOTIFY, from other processes, for those who wait for events.
//!
//! Hints may be lost and are never more than hints: whoever waits also looks by itself every [`POLL`].

use std::time::Duration;

use ledger_store::writer::Ledger;
use ledger_store::{OrgId, Store};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::broadcast::{self, Receiver, Sender};

/// How often whoever waits looks by itself.
pub const POLL: Duration = Duration::from_secs(1);
/// Hints that are kept for whoever is slow to hear them.
const KEPT: usize = 1_024;
/// How long to wait before listening again, where that failed.
const AGAIN: Duration = Duration::from_secs(5);

/// Hints of growth.
#[derive(Clone)]
pub struct Pulse {
    grown: Sender<OrgId>,
}

/// One who waits for an organization.
pub struct Waiting {
    org: OrgId,
    hints: Receiver<OrgId>,
}

impl Pulse {
    /// Hints from a writer of this process.
    #[must_use]
    pub fn new(ledger: &Ledger) -> Self {
        let (grown, _) = broadcast::channel(KEPT);
        let (pulse, mut hints) = (Self { grown }, ledger.grown());
        let to = pulse.grown.clone();
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                loop {
                    match hints.recv().await {
                        Ok(hint) => drop(to.send(hint.org)),
                        Err(RecvError::Lagged(_)) => {}
                        Err(RecvError::Closed) => return,
                    }
                }
            });
        }
        pulse
    }

    /// Passes on what other processes say, for as long as it is polled.
    pub async fn listen(&self, store: &Store) {
        loop {
            if let Err(error) = self.hear(store).await {
                tracing::debug!(%error, "not listening for other processes' commits; polling goes on");
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    async fn hear(&self, store: &Store) -> anyhow::Result<()> {
        let mut listener = store.listener(ledger_projections::worker::CHANNEL).await?;
        loop {
            let said = listener.recv().await?;
            if let Ok(org) = said.payload().parse::<uuid::Uuid>() {
                self.grown.send(OrgId(org)).ok();
            }
        }
    }

    /// Waits for an organization from now on.
    #[must_use]
    pub fn waiting(&self, org: OrgId) -> Waiting {
        Waiting { org, hints: self.grown.subscribe() }
    }
}

impl Waiting {
    /// Until the organization may have grown, or [`POLL`] has passed.
    pub async fn next(&mut self) {
        let hinted = async {
            loop {
                match self.hints.recv().await {
                    Ok(org) if org == self.org => return,
                    Ok(_) => {}
                    Err(RecvError::Lagged(_)) => return,
                    Err(RecvError::Closed) => std::future::pending().await,
                }
            }
        };
        tokio::time::timeout(POLL, hinted).await.ok();
    }
}
