//! Balances as known at an earlier event, by a fold of history: no projection is asked, and memory grows with the chart
//! only. The second opinion on the read model as well.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use ledger_core::{AccountNo, BalancedEntry, CommodityNo, Seq};
use ledger_store::OrgStore;

use super::balances::{BalanceQuery, Balances, Closing, Sums};
use crate::account_balance::Movement;
use crate::chart::Chart;
use crate::error::ProjectionError;
use crate::gl_fact::decimal;
use crate::history;

type Totals = BTreeMap<(AccountNo, CommodityNo), Movement>;

/// The balances when event `seq` was the last.
pub(super) async fn balances_at(org: &OrgStore, query: &BalanceQuery, seq: Seq) -> Result<Balances, ProjectionError> {
    let mut found = all_balances_at(org, std::slice::from_ref(query), seq).await?;
    found.pop().ok_or(ProjectionError::Damaged { what: "a balance", found: String::new() })
}

/// The balances of several questions, in their order, from one fold.
pub(super) async fn all_balances_at(org: &OrgStore, queries: &[BalanceQuery], seq: Seq) -> Result<Vec<Balances>, ProjectionError> {
    let (mut chart, mut totals) = (Chart::default(), vec![Totals::new(); queries.len()]);
    if seq > 0 {
        history::visit(org, 1, Some(seq), |recorded| {
            if let Some(entry) = recorded.event.entry() {
                for (totals, _) in totals.iter_mut().zip(queries).filter(|(_, query)| counts(query, &chart, entry)) {
                    add(totals, entry);
                }
            }
            chart.evolve(recorded.seq, &recorded.event);
            Ok(ControlFlow::Continue(()))
        })
        .await?;
    }
    drop(chart.take_changes()); // nobody writes them
    totals.into_iter().map(|totals| balances(seq, chart.clone(), totals)).collect()
}

fn balances(seq: Seq, chart: Chart, totals: Totals) -> Result<Balances, ProjectionError> {
    let mut all = BTreeMap::new();
    for (key, movement) in totals {
        all.insert(key, sums(&chart, key.1, &movement)?);
    }
    Balances::new(seq, chart, all)
}

fn counts(query: &BalanceQuery, chart: &Chart, entry: &BalancedEntry) -> bool {
    let date = entry.effective_date();
    query.from.is_none_or(|from| date >= from)
        && query.as_of.is_none_or(|as_of| date <= as_of)
        && (query.closing == Closing::Include || !chart.is_closing(entry))
}

fn add(totals: &mut Totals, entry: &BalancedEntry) {
    for line in entry.lines() {
        let movement = Movement::of(line.money.units(), line.functional);
        totals.entry((line.account, line.money.currency())).or_default().add(&movement);
    }
}

fn sums(chart: &Chart, commodity: CommodityNo, movement: &Movement) -> Result<Sums, ProjectionError> {
    let scale = chart.commodity(commodity).map_or(0, |commodity| commodity.scale);
    let functional_scale = chart.functional().map_or(0, |functional| functional.scale);
    let decimal = |units, scale| decimal(units, scale).map_err(|found| ProjectionError::Damaged { what: "a balance", found });
    Ok(Sums {
        lines: movement.lines,
        unvalued: movement.unvalued,
        debit: decimal(movement.debit, scale)?,
        credit: decimal(movement.credit, scale)?,
        functional_debit: decimal(movement.functional_debit, functional_scale)?,
        functional_credit: decimal(movement.functional_credit, functional_scale)?,
    })
}
