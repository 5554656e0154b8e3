//! From events to rows, purely. Of several events about the same thing the last one counts.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use ledger_core::event::Recorded;
use ledger_core::subledger::{Document, Party};
use ledger_core::{Event, Month, QuotedRate, Text};
use rust_decimal::Decimal;

use crate::amounts::recorded_at;
use crate::chart::Chart;
use crate::error::to_i64;

/// A row of `read.actor` or `read.party`: what it is, and its identity or code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) kind: &'static str,
    pub(super) name: Text,
}

/// A row of `read.document`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DocumentRow {
    pub(super) kind: &'static str,
    pub(super) side: &'static str,
    pub(super) number: Text,
    pub(super) party_no: i32,
    pub(super) date: NaiveDate,
    pub(super) relates_seq: Option<i64>,
    pub(super) channel: Option<Text>,
    pub(super) confidence: Option<Decimal>,
}

/// A row of `read.period`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PeriodRow {
    pub(super) status: &'static str,
    pub(super) closed_at: Option<DateTime<Utc>>,
}

/// The key of a row of `read.fx_rate`: day, what is priced, in what, which of the day's rates.
pub(super) type RateKey = (NaiveDate, Text, Text, &'static str);

/// Rows of a batch.
#[derive(Clone, Debug, Default)]
pub(super) struct References {
    pub(super) actors: BTreeMap<i32, Named>,
    pub(super) parties: BTreeMap<i32, Named>,
    pub(super) documents: BTreeMap<i64, DocumentRow>,
    pub(super) periods: BTreeMap<NaiveDate, PeriodRow>,
    pub(super) rates: BTreeMap<RateKey, (Decimal, Text)>,
}

impl References {
    /// How many rows it has become.
    pub(super) fn rows(&self) -> usize {
        self.actors.len() + self.parties.len() + self.documents.len() + self.periods.len() + self.rates.len()
    }

    /// Adds what follows from an event.
    pub(super) fn add(&mut self, chart: &Chart, event: &Recorded) -> Result<(), String> {
        match &event.event {
            Event::ActorRegistered { no, actor } => {
                self.actors.insert(number(no.0), Named { kind: actor.kind.as_str(), name: actor.identity.clone() });
            }
            Event::PartyRegistered(party) | Event::PartyChanged(party) => self.add_party(party),
            Event::DocumentRecorded { document, .. } => {
                self.documents.insert(to_i64(event.seq), document_row(document));
            }
            Event::PeriodClosed { month, status, .. } => {
                let row = PeriodRow { status: status.as_str(), closed_at: Some(recorded_at(event)?) };
                self.periods.insert(month.first_day(), row);
            }
            Event::PeriodReopened { month, .. } => self.reopened(*month),
            Event::RateRecorded(rate) => self.add_rate(chart, rate)?,
            _ => {}
        }
        Ok(())
    }

    fn add_party(&mut self, party: &Party) {
        self.parties.insert(number(party.no.get()), Named { kind: party.kind.as_str(), name: party.code.clone() });
    }

    fn reopened(&mut self, month: Month) {
        self.periods.insert(month.first_day(), PeriodRow { status: ledger_core::PeriodStatus::Open.as_str(), closed_at: None });
    }

    fn add_rate(&mut self, chart: &Chart, rate: &QuotedRate) -> Result<(), String> {
        let code = |no: ledger_core::CommodityNo| {
            let commodity = chart.commodity(no).ok_or_else(|| format!("commodity #{} was never defined", no.get()))?;
            Ok::<_, String>(commodity.code.clone())
        };
        let key = (rate.date, code(rate.base)?, code(rate.quote)?, rate.kind.as_str());
        self.rates.insert(key, (rate.rate, rate.source.clone()));
        Ok(())
    }
}

fn document_row(document: &Document) -> DocumentRow {
    DocumentRow {
        kind: document.kind.as_str(),
        side: document.side.as_str(),
        number: document.number.clone(),
        party_no: number(document.party.get()),
        date: document.date,
        relates_seq: document.relates_to.map(to_i64),
        channel: document.origin.as_ref().map(|origin| origin.channel.clone()),
        confidence: document.origin.as_ref().and_then(|origin| origin.confidence),
    }
}

/// A number as Postgres keeps it. Organizations have fewer.
fn number(no: u32) -> i32 {
    i32::try_from(no).unwrap_or(i32::MAX)
}
