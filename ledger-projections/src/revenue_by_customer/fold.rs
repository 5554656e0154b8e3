//! From entries to movements of revenue accounts, purely.

use std::collections::BTreeMap;
use std::collections::hash_map::Entry;

use chrono::NaiveDate;
use ledger_core::event::Recorded;
use ledger_core::subledger::RecognisedPart;
use ledger_core::{AccountType, BalancedEntry, Event, Line, Text, Units};
use rust_decimal::Decimal;
use rustc_hash::FxHashMap;

use crate::amounts::party_of;
use crate::chart::{Chart, account_i32};
use crate::error::to_i64;
use crate::gl_fact::decimal;

/// Whose movement of which account it is, and when. Ordered as the table's key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key {
    pub(crate) date: NaiveDate,
    /// Empty where no customer can be named.
    pub(crate) party: Text,
    pub(crate) account_no: i32,
    pub(crate) commodity_no: u16,
}

/// A movement in minor units, credit positive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Movement {
    pub(crate) lines: i64,
    pub(crate) unvalued: i64,
    pub(crate) units: Units,
    pub(crate) functional: Units,
}

impl Movement {
    fn of(line: &Line) -> Self {
        Self {
            lines: 1,
            unvalued: i64::from(line.functional.is_none()),
            units: -line.money.units(),
            functional: -line.functional.unwrap_or(0),
        }
    }

    /// Adds another movement. Sums of 27-digit lines cannot reach the end of an i128 within a human lifetime.
    pub(crate) fn add(&mut self, other: &Self) {
        self.lines += other.lines;
        self.unvalued += other.unvalued;
        self.units += other.units;
        self.functional += other.functional;
    }
}

/// Movements of a batch, netted before they meet the database.
#[derive(Clone, Debug, Default)]
pub(crate) struct Revenue {
    pub(crate) days: FxHashMap<Key, Movement>,
    /// Whose documents have schedules of revenue.
    pub(crate) documents: BTreeMap<i64, Text>,
    /// Movements of schedules whose documents came in earlier batches, by the document; nobody's for now.
    pub(crate) waiting: FxHashMap<(i64, Key), Movement>,
    scales: FxHashMap<u16, u8>,
    functional_scale: u8,
}

impl Revenue {
    /// How many rows it has become.
    pub(crate) fn rows(&self) -> usize {
        self.days.len() + self.documents.len() + self.waiting.len()
    }

    /// Adds what follows from an event.
    pub(crate) fn add(&mut self, chart: &Chart, event: &Recorded) -> Result<(), String> {
        let Some(entry) = event.event.entry() else { return Ok(()) };
        let is_revenue = |line: &&Line| chart.account(line.account).is_some_and(|account| account.kind == AccountType::Revenue);
        let mut any = false;
        for line in entry.lines().iter().filter(is_revenue) {
            self.check(chart, line)?;
            any = true;
        }
        if let Some(party) = party_of_schedules(chart, &event.event, entry) {
            self.documents.insert(to_i64(event.seq), party);
        }
        if !any || chart.is_closing(entry) {
            return Ok(());
        }
        if let Event::DeferralsRecognised { parts, .. } = &event.event {
            self.add_recognised(entry, parts, |line| is_revenue(&line));
            return Ok(());
        }
        let of_entry = party_of(chart, entry);
        for line in entry.lines().iter().filter(is_revenue) {
            let own = line.detail.as_ref().and_then(|detail| detail.party.as_ref());
            self.add_line(entry, line, own.or(of_entry).cloned().unwrap_or_default());
        }
        Ok(())
    }

    fn check(&mut self, chart: &Chart, line: &Line) -> Result<(), String> {
        self.functional_scale = chart.functional().ok_or("the books have no functional currency yet")?.scale;
        let no = line.money.currency();
        if let Entry::Vacant(vacant) = self.scales.entry(no.get()) {
            vacant.insert(chart.commodity(no).ok_or_else(|| format!("commodity #{} was never defined", no.get()))?.scale);
        }
        Ok(())
    }

    fn add_line(&mut self, entry: &BalancedEntry, line: &Line, party: Text) {
        self.days.entry(key(entry, line, party)).or_default().add(&Movement::of(line));
    }

    /// Each part has two lines, in the order of the parts: from where it waited to where it counts.
    fn add_recognised(&mut self, entry: &BalancedEntry, parts: &[RecognisedPart], is_revenue: impl Fn(&Line) -> bool) {
        let parts = parts.iter().flat_map(|part| [(part, -part.part.units), (part, part.part.units)]);
        let mut parts = parts.map(Some).chain(std::iter::repeat(None));
        for line in entry.lines() {
            let part = parts.next().flatten().filter(|(_, units)| *units == line.money.units());
            if !is_revenue(line) {
                continue;
            }
            let Some((part, _)) = part else {
                self.add_line(entry, line, Text::default());
                continue;
            };
            let document = to_i64(part.deferral.seq);
            match self.documents.get(&document).cloned() {
                Some(party) => self.add_line(entry, line, party),
                None => self.waiting.entry((document, key(entry, line, Text::default()))).or_default().add(&Movement::of(line)),
            }
        }
    }

    /// An amount of a commodity that something moved in.
    pub(crate) fn amount(&self, units: Units, commodity_no: u16) -> Result<Decimal, String> {
        decimal(units, self.scales.get(&commodity_no).copied().unwrap_or(0))
    }

    /// An amount of the functional currency.
    pub(crate) fn value(&self, units: Units) -> Result<Decimal, String> {
        decimal(units, self.functional_scale)
    }
}

fn key(entry: &BalancedEntry, line: &Line, party: Text) -> Key {
    Key { date: entry.effective_date(), party, account_no: account_i32(line.account), commodity_no: line.money.currency().get() }
}

/// The party of a document that has schedules of revenue; empty where it names none.
fn party_of_schedules(chart: &Chart, event: &Event, entry: &BalancedEntry) -> Option<Text> {
    let Event::DocumentRecorded { document, .. } = event else { return None };
    let is_revenue = |no| chart.account(no).is_some_and(|account| account.kind == AccountType::Revenue);
    let counts = |terms: &ledger_core::subledger::DeferralTerms, target| is_revenue(target) || is_revenue(terms.account);
    let any = document.lines.iter().any(|line| line.deferral.as_ref().is_some_and(|terms| counts(terms, line.account)));
    any.then(|| party_of(chart, entry).cloned().unwrap_or_default())
}
