//! Writing and comparing agents and executions.

use std::collections::BTreeMap;

use ledger_store::OrgTx;

use super::fold::Runs;
use super::rows::{AgentRow, Row};
use crate::compare::{Differences, column};
use crate::error::{Doing, ProjectionError};

/// Rows that one statement writes.
const STATEMENT_ROWS: usize = 4_096;
/// Rows that one statement reads.
const PAGE: i64 = 8_192;

type Agents = BTreeMap<i64, AgentRow>;

/// Writes the batch in the transaction.
pub(super) async fn write(tx: &mut OrgTx, batch: Runs) -> Result<(), ProjectionError> {
    if batch.agents.len() == 0 && batch.runs.is_empty() {
        return Ok(());
    }
    let changed = batch.agents.len() > 0;
    let known = agents(tx).await?.into_iter().map(|row| (i64::from(row.agent_no), row)).collect();
    let (agents, runs) = whole(batch, known)?;
    if changed {
        upsert_agents(tx, &agents.into_values().collect::<Vec<_>>()).await?;
    }
    for statement in runs.chunks(STATEMENT_ROWS) {
        insert(tx, statement).await?;
    }
    Ok(())
}

/// Agents as they are in the end, and executions with their agents' currency.
fn whole(batch: Runs, known: Agents) -> Result<(Agents, Vec<Row>), ProjectionError> {
    let Runs { agents, mut runs } = batch;
    let agents = agents.apply(known)?;
    for run in &mut runs {
        let missing = || ProjectionError::Damaged { what: "an agent that ran", found: format!("none for event {}", run.seq) };
        let agent = agents.get(&i64::from(run.agent_no)).ok_or_else(missing)?;
        run.currency.clone_from(&agent.currency);
    }
    Ok((agents, runs))
}

async fn agents(tx: &mut OrgTx) -> Result<Vec<AgentRow>, ProjectionError> {
    sqlx::query_as(
        "SELECT agent_no, code, name, type, model, currency, budget, suspended, stopped FROM read.agent WHERE org_id = $1 ORDER BY agent_no",
    )
    .bind(tx.org().0)
    .fetch_all(&mut **tx)
    .await
    .doing("read agents")
}

async fn upsert_agents(tx: &mut OrgTx, rows: &[AgentRow]) -> Result<(), ProjectionError> {
    fn all<'r, T>(rows: &'r [AgentRow], value: impl Fn(&'r AgentRow) -> T) -> Vec<T> {
        rows.iter().map(value).collect()
    }
    sqlx::query(
        "INSERT INTO read.agent AS a (org_id, agent_no, code, name, type, model, currency, budget, suspended, stopped)
         SELECT $1, u.* FROM unnest($2::integer[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::numeric[],
                                    $9::boolean[], $10::boolean[]) AS u
             ON CONFLICT (org_id, agent_no) DO UPDATE
            SET name = excluded.name, type = excluded.type, model = excluded.model, currency = excluded.currency,
                budget = excluded.budget, suspended = excluded.suspended, stopped = excluded.stopped",
    )
    .bind(tx.org().0)
    .bind(all(rows, |r| r.agent_no))
    .bind(all(rows, |r| r.code.as_str()))
    .bind(all(rows, |r| r.name.as_str()))
    .bind(all(rows, |r| r.kind.as_str()))
    .bind(all(rows, |r| r.model.as_str()))
    .bind(all(rows, |r| r.currency.as_str()))
    .bind(all(rows, |r| r.budget))
    .bind(all(rows, |r| r.suspended))
    .bind(all(rows, |r| r.stopped))
    .execute(&mut **tx)
    .await
    .doing("write agents")?;
    Ok(())
}

async fn insert(tx: &mut OrgTx, rows: &[Row]) -> Result<(), ProjectionError> {
    fn all<'r, T>(rows: &'r [Row], value: impl Fn(&'r Row) -> T) -> Vec<T> {
        rows.iter().map(value).collect()
    }
    sqlx::query(
        "INSERT INTO read.agent_run AS r (org_id, seq, ran_at, agent_no, model, tokens_in, tokens_out, cost, currency, latency_ms, outcome,
                                         error, confidence, acted_for, conversation)
         SELECT $1, u.* FROM unnest($2::bigint[], $3::timestamptz[], $4::integer[], $5::text[], $6::bigint[], $7::bigint[],
                                    $8::numeric[], $9::text[], $10::bigint[], $11::text[], $12::text[], $13::numeric[], $14::text[],
                                    $15::uuid[]) AS u",
    )
    .bind(tx.org().0)
    .bind(all(rows, |r| r.seq))
    .bind(all(rows, |r| r.ran_at))
    .bind(all(rows, |r| r.agent_no))
    .bind(all(rows, |r| r.model.as_str()))
    .bind(all(rows, |r| r.tokens_in))
    .bind(all(rows, |r| r.tokens_out))
    .bind(all(rows, |r| r.cost))
    .bind(all(rows, |r| r.currency.as_str()))
    .bind(all(rows, |r| r.latency_ms))
    .bind(all(rows, |r| r.outcome.as_str()))
    .bind(all(rows, |r| r.error.as_deref()))
    .bind(all(rows, |r| r.confidence))
    .bind(all(rows, |r| r.acted_for.as_deref()))
    .bind(all(rows, |r| r.conversation))
    .execute(&mut **tx)
    .await
    .doing("insert executions of agents")?;
    Ok(())
}

/// Compares all rows.
pub(super) async fn compare(tx: &mut OrgTx, batch: Runs, differences: &mut Differences) -> Result<(), ProjectionError> {
    let (expected, runs) = whole(batch, Agents::new())?;
    let found = agents(tx).await?.into_iter().map(|row| (i64::from(row.agent_no), row));
    differences.merge("agent", expected.into_iter(), found, agent_columns);
    let mut expected = runs.into_iter().map(|row| (row.seq, row)).peekable();
    let mut after = i64::MIN;
    loop {
        let page = page(tx, after).await?;
        let Some(last) = page.last().map(|row| row.seq) else {
            differences.merge("agent_run", expected, std::iter::empty::<(i64, Row)>(), columns);
            return Ok(());
        };
        let due: Vec<_> = std::iter::from_fn(|| expected.next_if(|(key, _)| *key <= last)).collect();
        differences.merge("agent_run", due.into_iter(), page.into_iter().map(|row| (row.seq, row)), columns);
        after = last;
    }
}

async fn page(tx: &mut OrgTx, after: i64) -> Result<Vec<Row>, ProjectionError> {
    sqlx::query_as(
        "SELECT seq, ran_at, agent_no, model, tokens_in, tokens_out, cost, currency, latency_ms, outcome, error, confidence, acted_for,
                conversation
           FROM read.agent_run WHERE org_id = $1 AND seq > $2 ORDER BY seq LIMIT $3",
    )
    .bind(tx.org().0)
    .bind(after)
    .bind(PAGE)
    .fetch_all(&mut **tx)
    .await
    .doing("read executions of agents")
}

fn agent_columns(row: &AgentRow, found: &AgentRow) -> Vec<(&'static str, String, String)> {
    let list = &mut Vec::new();
    column(list, "code", row.code.as_str(), found.code.as_str());
    column(list, "name", row.name.as_str(), found.name.as_str());
    column(list, "type", row.kind.as_str(), found.kind.as_str());
    column(list, "model", row.model.as_str(), found.model.as_str());
    column(list, "currency", row.currency.as_str(), found.currency.as_str());
    column(list, "budget", row.budget, found.budget);
    column(list, "suspended", row.suspended, found.suspended);
    column(list, "stopped", row.stopped, found.stopped);
    std::mem::take(list)
}

fn columns(row: &Row, found: &Row) -> Vec<(&'static str, String, String)> {
    let list = &mut Vec::new();
    column(list, "ran_at", row.ran_at, found.ran_at);
    column(list, "agent_no", row.agent_no, found.agent_no);
    column(list, "model", row.model.as_str(), found.model.as_str());
    column(list, "tokens_in", row.tokens_in, found.tokens_in);
    column(list, "tokens_out", row.tokens_out, found.tokens_out);
    column(list, "cost", row.cost, found.cost);
    column(list, "currency", row.currency.as_str(), found.currency.as_str());
    column(list, "latency_ms", row.latency_ms, found.latency_ms);
    column(list, "outcome", row.outcome.as_str(), found.outcome.as_str());
    column(list, "error", row.error.as_deref(), found.error.as_deref());
    column(list, "confidence", row.confidence, found.confidence);
    column(list, "acted_for", row.acted_for.as_deref(), found.acted_for.as_deref());
    column(list, "conversation", row.conversation, found.conversation);
    std::mem::take(list)
}
