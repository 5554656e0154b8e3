//! Rows that begin with an event and are changed by later ones: what is waiting, what was decided.
//!
//! A batch holds what happened in the order of history. Rows that were there before are loaded, everything is applied in
//! memory, and what was touched is written whole.

use std::collections::{BTreeMap, BTreeSet};

use crate::error::ProjectionError;

/// Something that happens to a row.
#[derive(Clone, Debug)]
pub(crate) enum Step<R, C> {
    /// It begins.
    New(Box<R>),
    /// It is changed.
    Change(C),
}

/// What happens to rows, each by the place of the event that it began with.
#[derive(Clone, Debug)]
pub(crate) struct Steps<R, C>(Vec<(i64, Step<R, C>)>);

impl<R, C> Default for Steps<R, C> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

/// A row that later events change.
pub(crate) trait Evolving<C> {
    /// What it is called where it is missing.
    const WHAT: &'static str;

    /// What a change makes of it.
    fn change(&mut self, change: C);
}

impl<R: Evolving<C>, C> Steps<R, C> {
    pub(crate) fn begin(&mut self, key: i64, row: R) {
        self.0.push((key, Step::New(Box::new(row))));
    }

    pub(crate) fn change(&mut self, key: i64, change: C) {
        self.0.push((key, Step::Change(change)));
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Rows that have to be there before.
    pub(crate) fn earlier(&self) -> Vec<i64> {
        let (mut new, mut earlier) = (BTreeSet::new(), BTreeSet::new());
        for (key, step) in &self.0 {
            match step {
                Step::New(_) => drop(new.insert(*key)),
                Step::Change(_) if !new.contains(key) => drop(earlier.insert(*key)),
                Step::Change(_) => {}
            }
        }
        earlier.into_iter().collect()
    }

    /// Everything that happens, one after the other, to rows that were there before. Answers all rows.
    pub(crate) fn apply(self, mut rows: BTreeMap<i64, R>) -> Result<BTreeMap<i64, R>, ProjectionError> {
        for (key, step) in self.0 {
            match step {
                Step::New(row) => drop(rows.insert(key, *row)),
                Step::Change(change) => match rows.get_mut(&key) {
                    Some(row) => row.change(change),
                    None => return Err(ProjectionError::Damaged { what: R::WHAT, found: format!("none for event {key}") }),
                },
            }
        }
        Ok(rows)
    }
}
