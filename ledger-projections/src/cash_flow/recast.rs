//! All rows anew, from history, when an account becomes cash or ceases to be.
//!
//! What is cash decides on every entry that ever touched the account, and on what was settled with it since: nothing less than
//! a fold of history gets that right. It is rare, and happens in the transaction of the batch that has the change.

use std::collections::BTreeSet;
use std::sync::Arc;

use ledger_core::event::Recorded;
use ledger_core::{AccountNo, Seq};
use ledger_store::{OrgId, OrgTx};

use super::fold::Flows;
use super::write::write_rows;
use crate::chart::Chart;
use crate::error::{Doing, ProjectionError};
use crate::history::Events;
use crate::projection::Batch;

/// Bytes of history that are read at once.
const PAGE_BYTES: u64 = 4 << 20;
/// Rows that are written at once.
const ROWS: usize = 16_384;

/// Replaces all rows by what follows from history up to an event, with these accounts as cash.
pub(super) async fn rewrite(tx: &mut OrgTx, cash: BTreeSet<AccountNo>, last: Seq) -> Result<(), ProjectionError> {
    sqlx::query("SET LOCAL statement_timeout = 0").execute(&mut **tx).await.doing("set up cash flows anew")?;
    for statement in [
        "DELETE FROM read.cash_flow WHERE org_id = $1",
        "DELETE FROM read.cash_flow_item WHERE org_id = $1",
        "DELETE FROM read.cash_flow_unapplied WHERE org_id = $1",
    ] {
        sqlx::query(statement).bind(tx.org().0).execute(&mut **tx).await.doing("clear cash flows")?;
    }
    let mut history = History::new(cash, last);
    while let Some(events) = history.next(tx).await? {
        for recorded in events {
            history.add(&recorded?)?;
            if history.flows.weight() >= ROWS {
                write_rows(tx, history.take()).await?;
            }
        }
    }
    write_rows(tx, history.take()).await
}

/// The fold of history up to an event, with these accounts as cash.
pub(super) async fn fold(tx: &mut OrgTx, cash: BTreeSet<AccountNo>, last: Seq) -> Result<Flows, ProjectionError> {
    let mut history = History::new(cash, last);
    while let Some(events) = history.next(tx).await? {
        for recorded in events {
            history.add(&recorded?)?;
        }
    }
    Ok(history.take())
}

/// History on its way to rows.
struct History {
    org: Option<OrgId>,
    cash: Arc<BTreeSet<AccountNo>>,
    chart: Chart,
    flows: Flows,
    at: Seq,
    last: Seq,
}

impl History {
    fn new(cash: BTreeSet<AccountNo>, last: Seq) -> Self {
        let cash = Arc::new(cash);
        let flows = Flows { fixed: Some(Arc::clone(&cash)), ..Flows::default() };
        Self { org: None, cash, chart: Chart::default(), flows, at: 0, last }
    }

    /// The next events; `None` at the end.
    async fn next(&mut self, tx: &mut OrgTx) -> Result<Option<Vec<Result<Recorded, ProjectionError>>>, ProjectionError> {
        self.org = Some(tx.org());
        if self.at >= self.last {
            return Ok(None);
        }
        let (org, first, last) = (tx.org(), self.at + 1, self.last);
        let commits = tx.commits_after(self.at, PAGE_BYTES).await?;
        let Some(end) = commits.last().map(ledger_store::StoredCommit::last_seq) else { return Ok(None) };
        self.at = end;
        Ok(Some(commits.into_iter().flat_map(|commit| Events::new(org, commit, first, Some(last))).collect()))
    }

    fn add(&mut self, recorded: &Recorded) -> Result<(), ProjectionError> {
        let poisoned = |problem| match self.org {
            Some(org) => ProjectionError::Poisoned { org, seq: recorded.seq, problem },
            None => ProjectionError::Damaged { what: "an event", found: problem },
        };
        self.flows.add(&self.chart, recorded).map_err(poisoned)?;
        self.chart.evolve(recorded.seq, &recorded.event);
        Ok(())
    }

    /// What was folded since.
    fn take(&mut self) -> Flows {
        let empty = Flows { fixed: Some(Arc::clone(&self.cash)), ..Flows::default() };
        drop(self.chart.take_changes()); // the chart is written by whoever asked
        std::mem::replace(&mut self.flows, empty)
    }
}
