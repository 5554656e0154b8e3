//! The smallest things that a body has: amounts, rates, days, months, texts. Each reads one spelling and refuses all
//! others, so that nothing is ever guessed or rounded.

use std::fmt;

use chrono::{Datelike, NaiveDate};
use ledger_core::{Month, Text};
use rust_decimal::Decimal;
use serde::de::{Deserialize, Deserializer, Error, Visitor};
use utoipa::ToSchema;

/// Digits before the decimal point.
pub const WHOLE_DIGITS_MAX: usize = 20;
/// Digits after the decimal point of an amount.
pub const AMOUNT_FRACTION_DIGITS_MAX: usize = 18;
/// Digits after the decimal point of a rate.
pub const RATE_FRACTION_DIGITS_MAX: usize = 28;
/// Digits that are kept exactly, from the first that is not zero.
pub const SIGNIFICANT_DIGITS_MAX: usize = 28;

/// An exact amount of money, which may be negative. A decimal string, never a JSON number: JSON numbers lose digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ToSchema)]
#[schema(value_type = String, pattern = r"^-?\d{1,20}(\.\d{1,18})?$", example = "-12.50")]
pub struct Amount(pub Decimal);

/// An exact amount of money, zero or more; which side it is on is said beside it. A decimal string.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ToSchema)]
#[schema(value_type = String, pattern = r"^\d{1,20}(\.\d{1,18})?$", example = "12.50")]
pub struct Magnitude(pub Decimal);

/// How many, or what one costs. A decimal string, which may be negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ToSchema)]
#[schema(value_type = String, pattern = r"^-?\d{1,20}(\.\d{1,18})?$", example = "3")]
pub struct Quantity(pub Decimal);

/// A rate, price, percentage or share: zero or more. A decimal string.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ToSchema)]
#[schema(value_type = String, pattern = r"^\d{1,20}(\.\d{1,28})?$", example = "1.0842")]
pub struct Rate(pub Decimal);

/// A day of the calendar, without a time or zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ToSchema)]
#[schema(value_type = String, format = Date, example = "2026-03-31")]
pub struct Day(pub NaiveDate);

/// A month of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ToSchema)]
#[schema(value_type = String, pattern = r"^\d{4}-(0[1-9]|1[0-2])$", example = "2026-03")]
pub struct MonthKey(pub Month);

/// A text in UTF-8 without NUL characters.
#[derive(Clone, Debug, Default, PartialEq, Eq, ToSchema)]
#[schema(value_type = String)]
pub struct Plain(pub Text);

impl Plain {
    /// The text as the account that it names.
    #[must_use]
    pub fn account(self) -> ledger_core::AccountRef {
        ledger_core::AccountRef::Code(self.0)
    }
}

/// What a decimal may look like.
#[derive(Clone, Copy)]
struct Shape {
    signed: bool,
    fraction_max: usize,
}

const AMOUNT: Shape = Shape { signed: true, fraction_max: AMOUNT_FRACTION_DIGITS_MAX };
const MAGNITUDE: Shape = Shape { signed: false, fraction_max: AMOUNT_FRACTION_DIGITS_MAX };
const RATE: Shape = Shape { signed: false, fraction_max: RATE_FRACTION_DIGITS_MAX };

/// Reads a decimal of a shape, exactly.
fn decimal(text: &str, shape: Shape) -> Result<Decimal, String> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(_) if !shape.signed => return Err("may not be negative; which side it is on is said by another field".to_owned()),
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, fraction) = digits.split_once('.').map_or((digits, None), |(whole, fraction)| (whole, Some(fraction)));
    let only_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !only_digits(whole) || !fraction.is_none_or(only_digits) {
        return Err("has digits 0-9 and at most one decimal point with digits on both sides, nothing else".to_owned());
    }
    let fraction = fraction.unwrap_or_default();
    if whole.len() > WHOLE_DIGITS_MAX || fraction.len() > shape.fraction_max {
        let most = shape.fraction_max;
        return Err(format!("has at most {WHOLE_DIGITS_MAX} digits before the decimal point and {most} after it"));
    }
    exact(negative, whole, fraction)
        .ok_or_else(|| format!("has at most {SIGNIFICANT_DIGITS_MAX} significant digits, all of which are kept"))
}

/// The decimal of at most 48 digits, if it can be kept exactly; zeros at the end are given up before digits are.
fn exact(negative: bool, whole: &str, fraction: &str) -> Option<Decimal> {
    let significant = |fraction: &str| whole.len() + fraction.len() - leading_zeros(whole, fraction);
    let fraction = if significant(fraction) > SIGNIFICANT_DIGITS_MAX { fraction.trim_end_matches('0') } else { fraction };
    if significant(fraction) > SIGNIFICANT_DIGITS_MAX {
        return None;
    }
    let mut units: i128 = 0;
    for byte in whole.bytes().chain(fraction.bytes()) {
        units = units * 10 + i128::from(byte - b'0');
    }
    let scale = u32::try_from(fraction.len()).ok()?;
    Decimal::try_from_i128_with_scale(if negative { -units } else { units }, scale).ok()
}

fn leading_zeros(whole: &str, fraction: &str) -> usize {
    whole.bytes().chain(fraction.bytes()).take_while(|byte| *byte == b'0').count()
}

/// Reads `2026-03-31`.
fn day(text: &str) -> Option<NaiveDate> {
    let bytes = text.as_bytes();
    if bytes.len() != 10 || bytes.get(4) != Some(&b'-') || bytes.get(7) != Some(&b'-') {
        return None;
    }
    let number = |part: Option<&str>| part.filter(|part| part.bytes().all(|byte| byte.is_ascii_digit()))?.parse::<u32>().ok();
    let (year, month, day) = (number(text.get(..4))?, number(text.get(5..7))?, number(text.get(8..))?);
    NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day).filter(|day| day.year() >= ledger_core::limits::YEAR_MIN)
}

macro_rules! from_string {
    ($type:ident, $expected:literal, $read:expr) => {
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Read;
                impl Visitor<'_> for Read {
                    type Value = $type;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str($expected)
                    }

                    fn visit_str<E: Error>(self, text: &str) -> Result<$type, E> {
                        let read: fn(&str) -> Result<$type, String> = $read;
                        read(text).map_err(E::custom)
                    }
                }
                deserializer.deserialize_str(Read)
            }
        }

        impl std::str::FromStr for $type {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                let read: fn(&str) -> Result<$type, String> = $read;
                read(text)
            }
        }
    };
}

fn of_shape(what: &str, text: &str, shape: Shape) -> Result<Decimal, String> {
    decimal(text, shape).map_err(|rule| format!("{what} {rule}, found {:?}", shortened(text)))
}

from_string!(Amount, "an amount as a string such as \"-12.50\"", |text| of_shape("an amount", text, AMOUNT).map(Amount));
from_string!(Magnitude, "an amount as a string such as \"12.50\"", |text| of_shape("an amount", text, MAGNITUDE).map(Magnitude));
from_string!(Quantity, "a quantity as a string such as \"3\"", |text| of_shape("a quantity", text, AMOUNT).map(Quantity));
from_string!(Rate, "a rate as a string such as \"1.0842\"", |text| of_shape("a rate", text, RATE).map(Rate));
from_string!(Day, "a day as a string such as \"2026-03-31\"", |text| {
    day(text).map(Day).ok_or_else(|| format!("a day of the calendar is written YYYY-MM-DD, found {:?}", shortened(text)))
});
from_string!(MonthKey, "a month as a string such as \"2026-03\"", |text| {
    let first = (text.len() == 7).then(|| day(&format!("{text}-01"))).flatten();
    let month = first.map(|day| MonthKey(Month::of(day)));
    month.ok_or_else(|| format!("a month of the calendar is written YYYY-MM, found {:?}", shortened(text)))
});
from_string!(Plain, "a text", |text| {
    if text.as_bytes().contains(&0) { Err("a text may not hold NUL characters".to_owned()) } else { Ok(Plain(Text::from(text))) }
});

/// What a refusal shows of what came.
pub(super) fn shortened(text: &str) -> &str {
    match text.char_indices().nth(40) {
        Some((end, _)) => text.get(..end).unwrap_or(text),
        None => text,
    }
}
