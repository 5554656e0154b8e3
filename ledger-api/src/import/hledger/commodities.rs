//! The commodities met so far: a small number for each, its scale, and how it writes its numbers.
//!
//! A scale is asked of the sink once, at first use, and kept: amounts are integers of minor units from then on.
//! Declarations are handed over before the first entry, so that the answer is final.

use ledger_core::{Text, Units};
use rustc_hash::FxHashMap;

use super::number::Style;
use crate::import::source::{SideTotals, Sink};

/// The number of a commodity in [`Commodities`].
pub(super) type Com = u32;

struct Known {
    code: Text,
    scale: u8,
    style: Option<Style>,
    decimal_comma: bool,
    debit: Units,
    credit: Units,
}

/// All commodities of one import.
#[derive(Default)]
pub(super) struct Commodities {
    known: Vec<Known>,
    index: FxHashMap<Text, Com>,
    last: Com,
}

impl Commodities {
    /// The number of the commodity with this code.
    #[inline]
    pub(super) fn intern(&mut self, code: &str, sink: &dyn Sink) -> Com {
        if self.get(self.last).is_some_and(|known| known.code == code) {
            return self.last;
        }
        self.last = match self.index.get(code) {
            Some(com) => *com,
            None => self.add(code, sink),
        };
        self.last
    }

    fn add(&mut self, code: &str, sink: &dyn Sink) -> Com {
        let com = Com::try_from(self.known.len()).unwrap_or(Com::MAX);
        let scale = sink.scale_of(code).min(ledger_core::limits::SCALE_MAX);
        self.known.push(Known { code: code.into(), scale, style: None, decimal_comma: false, debit: 0, credit: 0 });
        self.index.insert(code.into(), com);
        com
    }

    /// Lets another symbol stand for a commodity.
    pub(super) fn alias(&mut self, alias: &str, com: Com) {
        self.index.insert(alias.into(), com);
        self.last = com;
    }

    fn get(&self, com: Com) -> Option<&Known> {
        self.known.get(usize::try_from(com).unwrap_or(usize::MAX))
    }

    fn get_mut(&mut self, com: Com) -> Option<&mut Known> {
        self.known.get_mut(usize::try_from(com).unwrap_or(usize::MAX))
    }

    /// Its code.
    #[inline]
    pub(super) fn code(&self, com: Com) -> Text {
        self.get(com).map(|known| known.code.clone()).unwrap_or_default()
    }

    /// Its digits after the point.
    #[inline]
    pub(super) fn scale(&self, com: Com) -> u8 {
        self.get(com).map_or(0, |known| known.scale)
    }

    /// How hledger's directives say it writes numbers.
    pub(super) fn style(&self, com: Com) -> Option<&Style> {
        self.get(com).and_then(|known| known.style.as_ref())
    }

    /// Remembers what a directive said.
    pub(super) fn set_style(&mut self, com: Com, style: Style) {
        if let Some(known) = self.get_mut(com) {
            known.style = Some(style);
        }
    }

    /// Whether Ledger has seen it with a decimal comma.
    pub(super) fn decimal_comma(&self, com: Com) -> bool {
        self.get(com).is_some_and(|known| known.decimal_comma)
    }

    /// Remembers that it writes a decimal comma.
    pub(super) fn set_decimal_comma(&mut self, com: Com) {
        if let Some(known) = self.get_mut(com) {
            known.decimal_comma = true;
        }
    }

    /// `12.50 EUR`, for messages.
    pub(super) fn show(&self, com: Com, units: Units) -> String {
        let number = super::number::units_text(units, self.scale(com));
        let code = self.code(com);
        if code.is_empty() { number } else { format!("{number} {code}") }
    }

    /// Adds a line that was handed over to the control totals.
    #[inline]
    pub(super) fn count(&mut self, com: Com, units: Units) {
        if let Some(known) = self.get_mut(com) {
            let side = if units < 0 { &mut known.credit } else { &mut known.debit };
            *side = side.saturating_add(units.abs());
        }
    }

    /// The control totals of commodities that were posted.
    pub(super) fn totals(&self) -> impl Iterator<Item = (Text, SideTotals)> {
        self.known
            .iter()
            .filter(|known| known.debit != 0 || known.credit != 0)
            .map(|known| (known.code.clone(), SideTotals { scale: known.scale, debit: known.debit, credit: known.credit }))
    }
}
