//! Turns settled entries into items of the neutral stream, and keeps the counts and totals of the summary.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::NaiveDate;
use ledger_core::money::decimal_of;
use ledger_core::{AccountRef, AccountType, DraftEntry, DraftLine, EntryKind, SubType, Text, Weight};

use super::Options;
use super::commodities::Commodities;
use super::entry::{Kind, Pending, Posting};
use crate::import::source::{AccountDecl, Item, Place, Sink, SourceEntry, SourceNotes, Stop, Totals};

/// Counts of things left out or done, by name.
#[derive(Default)]
pub(super) struct Counts {
    counts: BTreeMap<&'static str, u64>,
    entries: u64,
    lines: u64,
    first_date: Option<NaiveDate>,
    last_date: Option<NaiveDate>,
    rounding_declared: bool,
}

impl Counts {
    /// Adds to a count.
    pub(super) fn add(&mut self, name: &'static str, count: u64) {
        if count > 0 {
            *self.counts.entry(name).or_default() += count;
        }
    }

    /// What the summary says.
    pub(super) fn notes(self, commodities: &Commodities) -> SourceNotes {
        SourceNotes {
            counts: self.counts.into_iter().map(|(name, count)| (name.to_owned(), count)).collect(),
            remarks: Vec::new(),
            rates: Default::default(),
            totals: Some(Totals {
                entries: self.entries,
                lines: self.lines,
                first_date: self.first_date,
                last_date: self.last_date,
                currencies: commodities.totals().collect(),
            }),
        }
    }
}

/// Hands a settled entry over.
pub(super) fn emit(
    mut pending: Pending,
    options: &Options,
    commodities: &mut Commodities,
    counts: &mut Counts,
    sink: &mut dyn Sink,
) -> Result<(), Stop> {
    let is_virtual = !pending.postings.is_empty() && pending.postings.iter().all(|posting| posting.kind != Kind::Real);
    let postings = left_in(std::mem::take(&mut pending.postings), counts);
    if postings.is_empty() {
        counts.add(if is_virtual { "entries of virtual postings only left out" } else { "entries without an amount left out" }, 1);
        return Ok(());
    }
    let place = Place { file: Arc::clone(&pending.file), line: pending.line, column: 0 };
    let rounding_account = if pending.residual { options.rounding_account.clone() } else { None };
    if let Some(code) = &rounding_account {
        declare_rounding(code, &place, counts, sink)?;
    }
    counts.entries += 1;
    counts.first_date = Some(counts.first_date.map_or(pending.date, |first| first.min(pending.date)));
    counts.last_date = Some(counts.last_date.map_or(pending.date, |last| last.max(pending.date)));
    let mut lines = Vec::with_capacity(postings.len());
    let mut line_places = Vec::with_capacity(postings.len());
    for posting in postings {
        counts.lines += 1;
        line_places.push(posting.line);
        lines.push(line(posting, commodities));
    }
    let draft = DraftEntry {
        effective_date: pending.date,
        description: pending.description,
        kind: EntryKind::Ordinary,
        external_id: None,
        tags: pending.tags,
        lines,
        rounding_account,
    };
    let text = if options.keep_text { pending.text.map(String::from) } else { None };
    sink.item(Item::Entry(Box::new(SourceEntry { draft, place, line_places, text })))
}

/// Without virtual postings and without amounts of zero, which say nothing in the books; but an entry of which
/// only one line is not zero keeps them.
fn left_in(mut postings: Vec<Posting>, counts: &mut Counts) -> Vec<Posting> {
    let is_zero = |posting: &Posting| posting.amount.is_none_or(|(units, _)| units == 0);
    let (mut virtual_count, mut own_dates, mut lines, mut zeros) = (0, 0, 0_usize, 0);
    for posting in &postings {
        if posting.kind != Kind::Real {
            virtual_count += 1;
        } else if is_zero(posting) {
            zeros += 1;
        } else {
            lines += 1;
            own_dates += u64::from(posting.date.is_some());
        }
    }
    counts.add("virtual postings left out", virtual_count);
    counts.add("postings with a date of their own, booked on the date of their entry", own_dates);
    if virtual_count > 0 {
        postings.retain(|posting| posting.kind == Kind::Real);
    }
    if zeros > 0 && lines != 1 {
        counts.add("postings of zero left out", zeros);
        postings.retain(|posting| !is_zero(posting));
    }
    postings
}

fn line(posting: Posting, commodities: &mut Commodities) -> DraftLine {
    let (units, com) = posting.amount.unwrap_or_default();
    commodities.count(com, units);
    let weight = posting
        .weight
        .map(|weight| Weight { amount: decimal_of(weight.units, commodities.scale(weight.com)), currency: commodities.code(weight.com) });
    DraftLine {
        account: AccountRef::Code(posting.account),
        amount: decimal_of(units, commodities.scale(com)),
        currency: commodities.code(com),
        functional: None,
        weight,
        detail: posting.detail,
    }
}

fn declare_rounding(code: &Text, place: &Place, counts: &mut Counts, sink: &mut dyn Sink) -> Result<(), Stop> {
    counts.add("entries with a residual of rounded weights, booked to the rounding account", 1);
    if std::mem::replace(&mut counts.rounding_declared, true) {
        return Ok(());
    }
    sink.item(Item::Account(AccountDecl {
        code: code.clone(),
        kind: Some(AccountType::Equity),
        sub_type: Some(SubType::Rounding),
        place: place.clone(),
        ..AccountDecl::default()
    }))
}
