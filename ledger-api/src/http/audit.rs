//! The audit log's way to the database: rows wait in a bounded queue and are written in batches, so that reads stay fast.
//!
//! A row of an answered request is never dropped: when the queue is full its request waits. Rows about requests that the
//! server itself failed (the database is away) are dropped rather than held, and counted.

use std::collections::HashMap;
use std::time::Duration;

use ledger_store::audit::AuditRow;
use ledger_store::{OrgId, Store};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Rows that may wait.
const QUEUE_MAX: usize = 65_536;
/// Rows of one batch.
const BATCH_MAX: usize = 2_000;
/// How long a row waits for company.
const GATHER: Duration = Duration::from_millis(100);
/// How long to wait before a batch that failed is tried again.
const PAUSE: Duration = Duration::from_millis(500);

/// Takes rows. Cheap to clone; the log's task ends when all are gone.
#[derive(Clone, Debug)]
pub struct AuditSink {
    rows: mpsc::Sender<(OrgId, AuditRow)>,
}

impl AuditSink {
    /// Begins to write.
    #[must_use]
    pub fn start(store: Store) -> (Self, JoinHandle<()>) {
        let (rows, queue) = mpsc::channel(QUEUE_MAX);
        (Self { rows }, tokio::spawn(write(store, queue)))
    }

    /// Takes a row; waits when too many others do.
    pub async fn record(&self, org: OrgId, row: AuditRow) {
        if row.status >= 500 {
            if self.rows.try_send((org, row)).is_err() {
                metrics::counter!("ledger_audit_dropped_total").increment(1);
            }
            return;
        }
        if self.rows.send((org, row)).await.is_err() {
            tracing::error!("the audit log has ended before the server");
        }
    }

    /// Rows that wait.
    #[must_use]
    pub fn backlog(&self) -> usize {
        QUEUE_MAX - self.rows.capacity()
    }
}

async fn write(store: Store, mut queue: mpsc::Receiver<(OrgId, AuditRow)>) {
    let mut taken = Vec::with_capacity(BATCH_MAX);
    while queue.recv_many(&mut taken, BATCH_MAX).await > 0 {
        if taken.len() < BATCH_MAX {
            tokio::time::sleep(GATHER).await;
            while taken.len() < BATCH_MAX
                && let Ok(row) = queue.try_recv()
            {
                taken.push(row);
            }
        }
        let mut by_org: HashMap<OrgId, Vec<AuditRow>> = HashMap::new();
        taken.drain(..).for_each(|(org, row)| by_org.entry(org).or_default().push(row));
        for (org, rows) in by_org {
            while let Err(error) = store.for_org(org).append_audit(&rows).await {
                if !error.is_transient() {
                    tracing::error!(%error, rows = rows.len(), "rows of the audit log cannot be written");
                    break;
                }
                tracing::warn!(%error, "the audit log waits for the database");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}
