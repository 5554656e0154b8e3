//! Commodities, and what they are worth.

use ledger_core::Command;
use ledger_core::command::{DefineCommodity, RecordRate};
use serde::Deserialize;
use utoipa::ToSchema;

use super::objects::only_objects;
use super::scalars::{Day, Plain, Rate};
use super::words::RateTypeWord;

only_objects!(NewCommodity, NewRate);

/// A currency or other commodity to define. Currencies of ISO 4217 are defined by their first use.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
#[schema(example = json!({"code": "ETH", "scale": 18, "name": "Ether"}))]
pub struct NewCommodity {
    /// Its code; at most 64 bytes.
    pub code: Plain,
    /// Digits after the decimal point, fixed for ever; the standard's where not stated.
    #[schema(maximum = 18)]
    pub scale: Option<u8>,
    /// A name for people.
    #[serde(default)]
    pub name: Plain,
}

/// An exchange rate or price: one `base` is worth `rate` `quote`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
#[schema(example = json!({"base": "EUR", "quote": "USD", "date": "2026-03-31", "rate": "1.0842", "type": "closing", "source": "ecb"}))]
pub struct NewRate {
    /// What is priced.
    #[schema(example = "EUR")]
    pub base: Plain,
    /// In what.
    #[schema(example = "USD")]
    pub quote: Plain,
    /// The day it holds for.
    pub date: Day,
    /// What one `base` is worth; positive.
    pub rate: Rate,
    /// Which of the day's rates; spot where not stated.
    #[serde(rename = "type")]
    pub kind: Option<RateTypeWord>,
    /// Where it came from.
    #[serde(default)]
    pub source: Plain,
}

impl NewCommodity {
    /// The command.
    #[must_use]
    pub fn command(self) -> Command {
        Command::DefineCommodity(DefineCommodity { code: self.code.0, scale: self.scale, name: self.name.0 })
    }
}

impl NewRate {
    /// The command.
    #[must_use]
    pub fn command(self) -> Command {
        Command::RecordRate(RecordRate {
            base: self.base.0,
            quote: self.quote.0,
            kind: self.kind.map(Into::into).unwrap_or_default(),
            date: self.date.0,
            rate: self.rate.0,
            source: self.source.0,
        })
    }
}
