//! How far from zero beancount lets a transaction be. Here it only decides whether a residual of rounding may be
//! booked; above one minor unit per line no tolerance of the file helps.

use rust_decimal::Decimal;

use super::interpolate::Booked;
use super::names::{CurrencyId, Names};
use super::settings::Settings;

/// The most that a cost or price adds to a tolerance.
const FROM_COST_MAX: Decimal = Decimal::from_parts(5, 0, 0, false, 1);

/// beancount's tolerance for one commodity of a transaction.
pub(super) fn of_transaction(currency: CurrencyId, booked: &[Booked<'_>], settings: &Settings, names: &Names<'_>) -> Decimal {
    let default = |code: &str| settings.tolerances.iter().rev().find(|(known, _)| known == code).map(|(_, number)| *number);
    let mut own = default(names.currency_name(currency));
    let mut from_cost = None;
    for posting in booked.iter().filter(|posting| !posting.computed && posting.units.scale() > 0) {
        let Some(step) = Decimal::new(1, posting.units.scale()).checked_mul(settings.multiplier) else { continue };
        if posting.currency == currency {
            own = Some(own.map_or(step, |known| known.max(step)));
        }
        if settings.from_cost {
            let cost = posting.cost.as_ref().map(|cost| (cost.number, cost.currency));
            for (number, _) in cost.into_iter().chain(posting.price).filter(|(_, quote)| *quote == currency) {
                let part = step.checked_mul(number).map_or(FROM_COST_MAX, |part| part.min(FROM_COST_MAX));
                from_cost = from_cost.unwrap_or(Decimal::ZERO).checked_add(part).or(from_cost);
            }
        }
    }
    match (own, from_cost) {
        (Some(a), Some(b)) => a.max(b),
        (Some(only), None) | (None, Some(only)) => only,
        (None, None) => default("*").unwrap_or_default(),
    }
}

/// How far a balance may be from what a `balance` or `pad` expects.
pub(super) fn of_balance(number: Decimal, explicit: Option<Decimal>, settings: &Settings) -> Decimal {
    match explicit {
        Some(tolerance) => tolerance,
        None if number.scale() == 0 => Decimal::ZERO,
        None => Decimal::new(1, number.scale()).checked_mul(settings.multiplier * Decimal::TWO).unwrap_or_default(),
    }
}
