//! Verifications in the background: one at a time on a server, the last of each organization remembered until it stops.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::Utc;
use ledger_core::Timestamp;
use ledger_store::verify::{Report, stored};
use ledger_store::{OrgId, OrgStore};
use serde::Serialize;
use tokio::sync::Semaphore;
use utoipa::ToSchema;

use super::events::hex;
use crate::cli::moment::show_time;

/// Organizations whose last verification is remembered.
const REMEMBERED_MAX: usize = 1_000;
/// Verifications that read at the same time; others wait their turn.
pub const VERIFICATIONS_MAX: usize = 1;

/// Verifications of one server.
#[derive(Clone, Debug)]
pub struct Verifying {
    runs: Arc<Mutex<HashMap<OrgId, Run>>>,
    turns: Arc<Semaphore>,
}

impl Default for Verifying {
    fn default() -> Self {
        Self { runs: Arc::default(), turns: Arc::new(Semaphore::new(VERIFICATIONS_MAX)) }
    }
}

#[derive(Clone, Debug)]
struct Run {
    started: Timestamp,
    progress: Arc<AtomicU64>,
    ended: Option<(Timestamp, Result<Arc<Report>, String>)>,
}

/// How the last verification stands.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct VerificationShown {
    /// `never`, `running`, `sound`, `unsound`, or `failed` where it could not be carried through.
    #[schema(example = "sound")]
    pub state: String,
    /// When it was asked for.
    #[schema(format = DateTime)]
    pub started_at: Option<String>,
    /// When it ended.
    #[schema(format = DateTime)]
    pub finished_at: Option<String>,
    /// Events that were checked so far.
    pub events: u64,
    /// The event up to which history is proven: the stream's last one when it ended.
    pub seq: Option<u64>,
    /// Hash of the commit that ends there, in hexadecimal. Kept elsewhere, it proves later that nothing was rewritten.
    pub hash: Option<String>,
    /// Root of the Merkle tree over all events up to there, in hexadecimal.
    pub tree_root: Option<String>,
    /// Commits that were checked.
    pub commits: Option<u64>,
    /// Journal entries among the events.
    pub entries: Option<u64>,
    /// What does not hold, or is remarkable; at most 100.
    pub findings: Vec<FindingShown>,
    /// Findings beyond those.
    pub unlisted_findings: u64,
    /// Why it failed, where it did.
    pub failure: Option<String>,
}

/// Something that does not hold.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FindingShown {
    /// Which check.
    pub check: String,
    /// The first event that it is about.
    pub first_seq: u64,
    /// The last event that it is about.
    pub last_seq: u64,
    /// Whether it is a remark: history is sound nevertheless.
    pub remark: bool,
    /// What was found.
    pub detail: String,
}

impl Verifying {
    /// Begins to verify, unless that is going on. Answers how it stands, and whether it was begun now.
    #[must_use]
    pub fn begin(&self, org: &OrgStore) -> (VerificationShown, bool) {
        let mut runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(run) = runs.get(&org.org()).filter(|run| run.ended.is_none()) {
            return (run.shown(), false);
        }
        if runs.len() >= REMEMBERED_MAX {
            runs.retain(|_, run| run.ended.is_none());
        }
        let run = Run { started: now(), progress: Arc::default(), ended: None };
        runs.insert(org.org(), run.clone());
        tokio::spawn(self.clone().run(org.clone(), Arc::clone(&run.progress)));
        (run.shown(), true)
    }

    async fn run(self, org: OrgStore, progress: Arc<AtomicU64>) {
        let options = stored::Options { progress, ..stored::Options::default() };
        let ended = match self.turns.acquire().await {
            Ok(_turn) => stored::verify(&org, options).await.map_err(|error| error.to_string()),
            Err(closed) => Err(closed.to_string()),
        };
        match &ended {
            Ok(report) if !report.is_sound() => {
                metrics::counter!("ledger_verification_failures_total").increment(1);
                tracing::error!(org = %org.org(), findings = report.findings.len(), "verification: NOT sound")
            }
            Err(error) => tracing::error!(org = %org.org(), error, "verification could not be carried through"),
            Ok(_) => {}
        }
        let mut runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(run) = runs.get_mut(&org.org()) {
            run.ended = Some((now(), ended.map(Arc::new)));
        }
    }

    /// How the last one stands.
    #[must_use]
    pub fn last(&self, org: OrgId) -> VerificationShown {
        let runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        runs.get(&org).map_or_else(|| shown("never"), Run::shown)
    }
}

fn now() -> Timestamp {
    Timestamp(Utc::now().timestamp_micros())
}

fn shown(state: &str) -> VerificationShown {
    VerificationShown {
        state: state.to_owned(),
        started_at: None,
        finished_at: None,
        events: 0,
        seq: None,
        hash: None,
        tree_root: None,
        commits: None,
        entries: None,
        findings: Vec::new(),
        unlisted_findings: 0,
        failure: None,
    }
}

impl Run {
    fn shown(&self) -> VerificationShown {
        let (at, ended) = match &self.ended {
            None => {
                let events = self.progress.load(Ordering::Relaxed);
                return VerificationShown { started_at: Some(show_time(self.started)), events, ..shown("running") };
            }
            Some(ended) => ended,
        };
        let known = VerificationShown { started_at: Some(show_time(self.started)), finished_at: Some(show_time(*at)), ..shown("failed") };
        let report = match ended {
            Err(_) => {
                let failure = Some("it could not be carried through; the operator finds the cause in the log".to_owned());
                return VerificationShown { failure, ..known };
            }
            Ok(report) => report,
        };
        let finding = |finding: &ledger_store::verify::Finding| FindingShown {
            check: finding.check.as_str().to_owned(),
            first_seq: finding.first_seq,
            last_seq: finding.last_seq,
            remark: finding.check.is_remark(),
            detail: finding.detail.clone(),
        };
        VerificationShown {
            state: if report.is_sound() { "sound" } else { "unsound" }.to_owned(),
            events: report.events,
            seq: report.end.as_ref().map(|end| end.seq),
            hash: report.end.as_ref().map(|end| hex(&end.hash)),
            tree_root: report.end.as_ref().and_then(|end| end.tree_root.as_ref()).map(hex),
            commits: Some(report.commits),
            entries: Some(report.entries),
            findings: report.findings.iter().map(finding).collect(),
            unlisted_findings: report.unlisted,
            ..known
        }
    }
}
