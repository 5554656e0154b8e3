//! The views that may be asked, and their columns: what the guard checks every name against.

use std::collections::BTreeMap;

/// The contract's views, one a line: the name, then its columns.
const CONTRACT: &str = include_str!("views.txt");

/// Views of so few rows that pairing another with all of them is a question, not an accident.
const SMALL: [&str; 5] = ["v_account", "v_calendar", "v_freshness", "v_fx_rate", "v_period"];

/// Views and their columns, in the order that `SELECT *` gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Catalog {
    views: BTreeMap<String, Vec<String>>,
}

impl Catalog {
    /// A catalog of these views.
    #[must_use]
    pub fn new(views: impl IntoIterator<Item = (String, Vec<String>)>) -> Self {
        Self { views: views.into_iter().collect() }
    }

    /// The views as the contract has them, for those who have no database at hand.
    #[must_use]
    pub fn contract() -> Self {
        let line = |line: &str| {
            let (view, columns) = line.split_once(':')?;
            Some((view.trim().to_owned(), columns.split_whitespace().map(str::to_owned).collect()))
        };
        Self::new(CONTRACT.lines().filter_map(line))
    }

    /// The views' names, sorted.
    pub fn views(&self) -> impl Iterator<Item = &str> {
        self.views.keys().map(String::as_str)
    }

    /// The columns of a view, in order.
    #[must_use]
    pub fn columns(&self, view: &str) -> Option<&[String]> {
        self.views.get(view).map(Vec::as_slice)
    }

    pub(super) fn is_small(view: &str) -> bool {
        SMALL.contains(&view)
    }

    /// Views that have a column of this name.
    pub(super) fn having(&self, column: &str) -> Vec<&str> {
        let has = |columns: &[String]| columns.iter().any(|each| each == column);
        self.views.iter().filter(|(_, columns)| has(columns)).map(|(view, _)| view.as_str()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_contract_is_read_whole() {
        let catalog = Catalog::contract();
        assert_eq!(catalog.views().count(), CONTRACT.lines().count());
        assert_eq!(catalog.columns("v_calendar").map(<[String]>::len), Some(4));
        assert!(SMALL.iter().all(|view| catalog.columns(view).is_some()));
    }
}
