//! Currencies and other things that are counted: ISO 4217 codes, and what an organization defines itself.
//!
//! A commodity's scale is fixed when it is defined and never inferred from entries afterwards.

use iso_currency::Currency;

use crate::Text;
use crate::limits::SCALE_MAX;

/// The small number of a commodity inside its organization, in the order of definition, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommodityNo(u16);

impl CommodityNo {
    /// The commodity with this number.
    #[must_use]
    pub const fn new(no: u16) -> Self {
        Self(no)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }

    pub(crate) fn index(self) -> usize {
        usize::from(self.0).wrapping_sub(1)
    }
}

/// Where a commodity's definition comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommodityKind {
    /// A currency of ISO 4217; its scale is the standard's unless the organization asked for more digits.
    Iso4217,
    /// Hours, shares, tokens, points, or a currency symbol that is no code.
    Custom,
}

/// A currency or commodity of one organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commodity {
    /// Its number in the organization.
    pub no: CommodityNo,
    /// Its code, unique in the organization. May be empty: plain-text ledgers know amounts without a symbol.
    pub code: Text,
    /// Digits after the decimal point, 0 to 18.
    pub scale: u8,
    /// ISO or the organization's own.
    pub kind: CommodityKind,
    /// A name for people; may be empty.
    pub name: Text,
}

/// Digits that a commodity gets when nobody states them and no standard does: shares, hours, tokens.
pub const CUSTOM_SCALE_DEFAULT: u8 = 8;

/// The ISO 4217 currency with this code.
#[must_use]
pub fn iso(code: &str) -> Option<Currency> {
    Currency::from_code(code)
}

/// The minor-unit digits of an ISO 4217 currency; `None` for unknown codes.
/// Codes without a minor unit in the standard (gold, test codes) take the default of custom commodities.
#[must_use]
pub fn iso_scale(code: &str) -> Option<u8> {
    let currency = iso(code)?;
    let digits = currency.exponent().map_or(CUSTOM_SCALE_DEFAULT, |digits| u8::try_from(digits).unwrap_or(CUSTOM_SCALE_DEFAULT));
    Some(digits.min(SCALE_MAX))
}

/// The scale that a commodity gets when it is defined without one: ISO's for a code, that of the symbol's
/// currency for `$ € £ ¥ …`, else [`CUSTOM_SCALE_DEFAULT`].
#[must_use]
pub fn default_scale(code: &str) -> u8 {
    iso_scale(code).or_else(|| symbol_scale(code)).unwrap_or(CUSTOM_SCALE_DEFAULT)
}

fn symbol_scale(symbol: &str) -> Option<u8> {
    match symbol {
        "$" | "€" | "£" | "US$" | "C$" | "CA$" | "A$" | "AU$" | "NZ$" | "HK$" | "S$" | "R$" | "R" | "₹" | "₽" | "₴" | "₺" | "₪" | "zł"
        | "Kč" | "kr" | "Fr" | "Fr." | "元" | "฿" | "₱" | "₦" => Some(2),
        "¥" | "₩" | "₫" => Some(0),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_come_from_the_standard() {
        for (code, scale) in [("USD", 2), ("JPY", 0), ("KWD", 3), ("CLF", 4), ("$", 2), ("¥", 0), ("AAPL", 8), ("", 8)] {
            assert_eq!(default_scale(code), scale, "{code}");
        }
    }
}
