//! A trial balance as of a date in the middle, while history grows a hundredfold.

use std::time::{Duration, Instant};

use chrono::NaiveDate;
use ledger_projections::catch_up_with;
use ledger_projections::projection::by_name;
use ledger_projections::reports::{BalanceQuery, balances};

use super::Measured;
use super::world::World;
use crate::cli::shell::Shell;

/// Runs of which the median is taken.
const RUNS: usize = 21;

pub(super) async fn run(shell: &Shell, entries: usize) -> anyhow::Result<Vec<Measured>> {
    let mut world = World::new(shell).await?;
    let projection = by_name("account_balance")?;
    let query = BalanceQuery { as_of: NaiveDate::from_ymd_opt(2025, 1, 17), ..BalanceQuery::default() };
    let mut all = Vec::new();
    for (no, size) in [entries / 100, entries / 10, entries].into_iter().enumerate() {
        let org = world.organization(&format!("bench-{no}")).await?;
        world.fill(&org, size).await?;
        catch_up_with(&org, &projection, |_| ()).await?;
        let mut times: Vec<Duration> = Vec::with_capacity(RUNS);
        let mut rows = 0;
        for _ in 0..RUNS {
            let started = Instant::now();
            rows = balances(&org, &query).await?.rows.len();
            times.push(started.elapsed());
        }
        times.sort_unstable();
        let note = format!("median of {RUNS}; slowest {:.2?}; {rows} rows", times[RUNS - 1]);
        all.push(Measured::new(format!("report: trial balance of {size} entries"), "report", 1, times[RUNS / 2]).note(note));
    }
    let (first, last) = (all[0].took, all[all.len() - 1].took);
    let growth = last.as_micros() * 1000 / first.as_micros().max(1);
    if let Some(measured) = all.last_mut() {
        measured.against = Some(super::Against { permille: growth, bar: 2_000, at_most: true });
        measured.note.push_str("; beside the smallest history");
    }
    Ok(all)
}
