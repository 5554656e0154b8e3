//! What stands over a report: whose, as of when, as known when. Without it a printed page proves nothing.

use chrono::NaiveDate;
use ledger_core::{Seq, Timestamp};
use serde_json::{Map, Value, json};

use crate::cli::moment::show_time;

/// Whose books, and the moment they show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heading {
    /// Short name of the organization.
    pub slug: String,
    /// Its name.
    pub organization: String,
    /// The first day that counts, where there is one.
    pub from: Option<NaiveDate>,
    /// The last day that counts.
    pub to: Option<NaiveDate>,
    /// The last event that counts.
    pub seq: Seq,
    /// The moment as known at which they are shown, where one was asked for.
    pub known_at: Option<Timestamp>,
    /// Whether the caller asked for an earlier state of knowledge.
    pub past: bool,
}

impl Heading {
    /// The lines over a table.
    #[must_use]
    pub fn text(&self, title: &str) -> String {
        let span = match (self.from, self.to) {
            (Some(from), Some(to)) => format!(" from {from} to {to}"),
            (Some(from), None) => format!(" from {from}"),
            (None, Some(to)) => format!(" as of {to}"),
            (None, None) => ", everything posted".to_owned(),
        };
        let known = match (self.known_at, self.past) {
            (Some(at), _) => format!("\nas known at {} (event {})", show_time(at), self.seq),
            (None, true) => format!("\nas known at event {}", self.seq),
            (None, false) => String::new(),
        };
        format!("{}: {title}{span}{known}\n\n", self.organization)
    }

    /// The same for programs.
    #[must_use]
    pub fn json(&self, report: &str) -> Map<String, Value> {
        let mut map = Map::new();
        map.insert("report".into(), json!(report));
        map.insert("organization".into(), json!(self.slug));
        map.insert("from".into(), json!(self.from));
        map.insert("to".into(), json!(self.to));
        map.insert("seq".into(), json!(self.seq));
        map.insert("known_at".into(), json!(self.known_at.map(show_time)));
        map
    }
}
