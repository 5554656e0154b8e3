//! A second opinion: folds history again and compares every row of a read model with what follows from it.
//!
//! Streams: memory does not grow with history for `gl_fact`, and with its own size for `account_balance`.

use std::cmp::Ordering;
use std::fmt::Debug;
use std::sync::Arc;

use ledger_core::Seq;
use ledger_store::{OrgStore, OrgTx};

use crate::chart::Chart;
use crate::checkpoint::Checkpoint;
use crate::error::ProjectionError;
use crate::pipeline::{Bounds, Prepared, Purpose, Source};
use crate::projection::{Projection, by_name};
use crate::runner::Progress;
use crate::tape::Tape;

/// Differences that are described; the others are counted.
pub const DESCRIBED_MAX: usize = 20;

/// One value that history does not give.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The table, without its schema.
    pub table: &'static str,
    /// The row, by the columns of its key.
    pub key: String,
    /// The column; `None` where the whole row is missing or too many.
    pub column: Option<&'static str>,
    /// What history gives; `None` where there should be no row.
    pub expected: Option<String>,
    /// What is there; `None` where the row is missing.
    pub found: Option<String>,
}

/// What a comparison found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Differences {
    /// The last event that was compared.
    pub seq: Seq,
    /// Rows that history gives.
    pub rows: u64,
    /// Differences in all.
    pub count: u64,
    /// The first of them.
    pub first: Vec<Difference>,
}

impl Differences {
    /// Whether every row is what history gives.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    fn add(&mut self, difference: impl FnOnce() -> Difference) {
        self.count += 1;
        if self.first.len() < DESCRIBED_MAX {
            self.first.push(difference());
        }
    }

    /// Compares two sequences of rows, both in the order of their keys. `columns` lists what differs in a pair of rows.
    pub(crate) fn merge<K: Ord + Debug, E: Debug, F: Debug>(
        &mut self,
        table: &'static str,
        expected: impl Iterator<Item = (K, E)>,
        found: impl Iterator<Item = (K, F)>,
        columns: impl Fn(&E, &F) -> Vec<(&'static str, String, String)>,
    ) {
        let (mut expected, mut found) = (expected.peekable(), found.peekable());
        loop {
            let order = match (expected.peek(), found.peek()) {
                (None, None) => return,
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some((expected, _)), Some((found, _))) => expected.cmp(found),
            };
            let one = if order.is_le() { expected.next() } else { None };
            let other = if order.is_ge() { found.next() } else { None };
            self.rows += u64::from(one.is_some());
            match (one, other) {
                (Some((key, expected)), Some((_, found))) => {
                    for (column, expected, found) in columns(&expected, &found) {
                        let key = format!("{key:?}");
                        self.add(|| Difference { table, key, column: Some(column), expected: Some(expected), found: Some(found) });
                    }
                }
                (Some((key, row)), None) => self.add(|| {
                    let (key, expected) = (format!("{key:?}"), Some(format!("{row:?}")));
                    Difference { table, key, column: None, expected, found: None }
                }),
                (None, Some((key, row))) => self.add(|| {
                    let (key, found) = (format!("{key:?}"), Some(format!("{row:?}")));
                    Difference { table, key, column: None, expected: None, found }
                }),
                (None, None) => return,
            }
        }
    }
}

/// Adds a column to a list when its two values differ.
pub(crate) fn column<T: PartialEq + Debug>(list: &mut Vec<(&'static str, String, String)>, name: &'static str, expected: T, found: T) {
    if expected != found {
        list.push((name, format!("{expected:?}"), format!("{found:?}")));
    }
}

/// Compares a projection of an organization with history, up to its checkpoint.
///
/// # Errors
/// [`ProjectionError::UnknownProjection`], [`ProjectionError::Poisoned`] at an event that gives no rows, the store's failures.
pub async fn compare(org: &OrgStore, name: &str, progress: impl FnMut(Progress) + Send) -> Result<Differences, ProjectionError> {
    compare_with(org, &by_name(name)?, progress).await
}

/// As [`compare`], for a projection of the caller's.
///
/// # Errors
/// As [`compare`].
pub async fn compare_with(
    org: &OrgStore,
    projection: &Arc<dyn Projection>,
    progress: impl FnMut(Progress) + Send,
) -> Result<Differences, ProjectionError> {
    compare_to(org, projection, Seq::MAX, progress).await
}

/// As [`compare_with`], but of the rows that follow from the events up to `to` only. A read model whose rows are sums over
/// history, and the chart, cannot be taken apart like that: they are compared when `to` is not before the checkpoint.
///
/// # Errors
/// As [`compare`].
pub async fn compare_to(
    org: &OrgStore,
    projection: &Arc<dyn Projection>,
    to: Seq,
    mut progress: impl FnMut(Progress) + Send,
) -> Result<Differences, ProjectionError> {
    let name = projection.name();
    let mut tx = org.begin_read().await?;
    let applied = Checkpoint::seq_of(&mut tx, name).await?;
    let head = applied.min(to);
    let in_part = head < applied;
    if in_part && projection.compares_as_a_whole() {
        tx.rollback().await?;
        return Ok(Differences { seq: 0, ..Differences::default() });
    }
    let mut differences = Differences { seq: head, ..Differences::default() };
    let bounds = if projection.compares_as_a_whole() { Bounds { events: u64::MAX, rows: usize::MAX } } else { Bounds::USUAL };
    let (mut at, mut chart) = (0, Chart::default());
    if head > 0 {
        let mut source =
            Source::start_for(Purpose::Comparing, &Tape::new(org.clone()), Arc::clone(projection), Chart::default(), 0, Some(head), bounds);
        while let Some(prepared) = source.next().await {
            let Prepared { from, to, batch, .. } = prepared?;
            let end = (to < applied).then_some(to);
            batch.compare(&mut tx, from, end, &mut differences).await?;
            at = to;
            progress(Progress { projection: name, seq: to, head });
        }
        chart = source.chart().await.ok_or(ledger_store::StoreError::Interrupted(org.org()))?;
    }
    if at < head || applied == 0 {
        projection.batch().compare(&mut tx, at, in_part.then_some(head), &mut differences).await?;
    }
    if !in_part {
        compare_charts(&mut tx, name, &chart, &mut differences).await?;
    }
    tx.rollback().await?;
    Ok(differences)
}

async fn compare_charts(tx: &mut OrgTx, projection: &str, expected: &Chart, differences: &mut Differences) -> Result<(), ProjectionError> {
    let found = match Chart::load(tx, projection).await {
        Ok(found) => found,
        Err(ProjectionError::Damaged { what, found }) => {
            let expected = Some("rows of this program, numbered from 1 without gaps".to_owned());
            differences.add(|| Difference {
                table: "account, commodity",
                key: what.to_owned(),
                column: None,
                expected,
                found: Some(found),
            });
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    let whole = |expected: &String, found: &String| {
        let mut list = Vec::new();
        column(&mut list, "row", expected, found);
        list
    };
    let accounts = |chart: &Chart| chart.accounts().iter().map(|row| (row.no.get(), format!("{row:?}"))).collect::<Vec<_>>();
    differences.merge("account", accounts(expected).into_iter(), accounts(&found).into_iter(), whole);
    let commodities = |chart: &Chart| chart.commodities().iter().map(|row| (row.no.get(), format!("{row:?}"))).collect::<Vec<_>>();
    differences.merge("commodity", commodities(expected).into_iter(), commodities(&found).into_iter(), whole);
    let control = |chart: &Chart| chart.control_accounts().iter().map(|(no, side)| (no.get(), format!("{side:?}"))).collect::<Vec<_>>();
    differences.merge("control_account", control(expected).into_iter(), control(&found).into_iter(), whole);
    let closing = |chart: &Chart| chart.closing().iter().map(|seq| (*seq, String::new())).collect::<Vec<_>>();
    differences.merge("closing_entry", closing(expected).into_iter(), closing(&found).into_iter(), whole);
    Ok(())
}
