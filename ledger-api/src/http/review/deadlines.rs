//! Deadlines of requests for approval: looked for every half minute over all organizations, each reported once.
//!
//! What follows from a deadline is the core's to say, and it never is an approval. Several servers report the same deadline
//! under the same key, so it counts once.

use std::time::Duration;

use ledger_core::{Actor, Command};
use ledger_store::DueApproval;
use ledger_store::writer::{IdempotencyKey, Request as Submission};

use super::asking::{now, report_deadline};
use crate::http::Problem;
use crate::http::state::App;

/// How often deadlines are looked for.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// How many are reported each time.
const AT_A_TIME: u16 = 500;
/// Who reports them.
const REPORTER: &str = "deadlines";

/// Looks for deadlines until it is aborted.
pub async fn watch(app: App) {
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        if let Err(problem) = report(&app).await {
            tracing::warn!(code = problem.code, detail = %problem.detail, "deadlines of approvals could not be reported");
        }
    }
}

/// Reports every deadline that has passed, and says how many.
///
/// # Errors
/// 503 when the database is away.
pub async fn report(app: &App) -> Result<usize, Problem> {
    let due = app.store.approvals_due(now(), AT_A_TIME).await?;
    let found = due.len();
    for overdue in due {
        let submitted = report_deadline(app, overdue.org, overdue.request, |command| submission(overdue, command)).await;
        if let Err(problem) = submitted {
            tracing::warn!(org = %overdue.org, request = overdue.request, code = problem.code, detail = %problem.detail, "a deadline was not reported");
        }
    }
    Ok(found)
}

fn submission(overdue: DueApproval, command: Command) -> Submission {
    // With spaces: no caller of the API can have such a key, and so take it first.
    let key = format!("deadline of request {} step {} due {}", overdue.request, overdue.step, overdue.due.0);
    let named = IdempotencyKey::new(key.clone(), key.as_bytes());
    Submission::new(command, Actor::system(REPORTER)).keyed(named)
}
