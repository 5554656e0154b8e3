//! One line of a document: what it is for, how much, at which tax and over which time.

use ledger_core::command::{DraftDeferral, DraftDocumentLine};
use ledger_core::money::decimal_of;
use ledger_core::rounding::{Rounding, round_units};
use ledger_core::subledger::DeferralMethod;
use ledger_core::subledger::tax::exact_product;
use ledger_core::{AccountRef, Text, Units};
use rust_decimal::Decimal;

use super::Settings;
use crate::import::tabular::line::{date, minor_units, missing, number, tags_of};
use crate::import::tabular::row::{Flaw, Row};
use crate::import::tabular::{Field, Options};

/// A line with what it comes to before tax is added or taken off, in minor units.
pub(super) struct Line {
    pub(super) draft: DraftDocumentLine,
    pub(super) units: Units,
}

/// A part of a payment: how much, and what it pays.
pub(super) struct Part {
    pub(super) document: Option<Text>,
    /// How much of the document that settles, in its currency, where that is another than the payment's.
    pub(super) settled: Option<Decimal>,
    pub(super) units: Units,
}

/// What a document's lines are read with.
pub(super) struct Reading<'a> {
    pub(super) options: &'a Options,
    pub(super) settings: &'a Settings,
    pub(super) currency: &'a str,
    pub(super) scale: u8,
}

impl Reading<'_> {
    pub(super) fn line(&self, row: &impl Row) -> Result<Line, Flaw> {
        let (quantity, unit_price, units) = self.amounts(row)?;
        let account = row.cell(Field::Account).unwrap_or(&self.settings.counter);
        let tax_code = row.cell(Field::TaxCode).map(Text::from);
        if let (Some(code), None) = (&tax_code, self.settings.amounts) {
            let problem = "nothing says whether amounts have the tax in them";
            return Err(Flaw::cell(Field::TaxCode, code, problem, "say it with --amounts net or --amounts gross"));
        }
        let draft = DraftDocumentLine {
            description: row.cell(Field::Description).unwrap_or_default().into(),
            quantity,
            unit_price,
            account: AccountRef::Code(account.into()),
            tax_code,
            tags: tags_of(row)?,
            deferral: self.deferral(row)?,
        };
        Ok(Line { draft, units })
    }

    pub(super) fn part(&self, row: &impl Row) -> Result<Part, Flaw> {
        let amount = number(row, Field::Amount, self.options)?.ok_or_else(|| missing(Field::Amount, "an amount"))?;
        let units = minor_units(row, Field::Amount, amount, self.currency, self.scale)?;
        let settled = number(row, Field::Settled, self.options)?;
        if let (Some(text), None) = (row.cell(Field::Settled), row.cell(Field::Document)) {
            return Err(Flaw::cell(Field::Settled, text, "the row settles a document and names none", "fill in document"));
        }
        Ok(Part { document: row.cell(Field::Document).map(Text::from), settled, units })
    }

    /// Quantity, unit price and what they come to. Two of the three are enough; all three must agree.
    fn amounts(&self, row: &impl Row) -> Result<(Decimal, Decimal, Units), Flaw> {
        let quantity = number(row, Field::Quantity, self.options)?;
        let price = number(row, Field::UnitPrice, self.options)?;
        let amount = number(row, Field::Amount, self.options)?;
        let stated = amount.map(|amount| minor_units(row, Field::Amount, amount, self.currency, self.scale)).transpose()?;
        match (quantity, price, stated) {
            (None, None, None) => Err(missing(Field::Amount, "an amount")),
            (Some(_), None, None) => Err(missing(Field::UnitPrice, "what one costs, or an amount")),
            (None, None, Some(units)) => Ok((Decimal::ONE, decimal_of(units, self.scale), units)),
            (Some(quantity), None, Some(units)) => {
                let price = self.price_of(quantity, units).ok_or_else(|| {
                    let text = row.cell(Field::Quantity).unwrap_or_default();
                    Flaw::cell(
                        Field::Quantity,
                        text,
                        "no price of one comes to the amount",
                        "fill in unit_price, or leave the quantity out",
                    )
                })?;
                Ok((quantity, price, units))
            }
            (quantity, Some(price), stated) => {
                let quantity = quantity.unwrap_or(Decimal::ONE);
                let units = self.product(quantity, price).ok_or_else(|| {
                    let text = row.cell(Field::UnitPrice).unwrap_or_default();
                    Flaw::cell(Field::UnitPrice, text, "quantity times price is too large to keep exactly", "write fewer digits")
                })?;
                match stated {
                    Some(stated) if stated != units => {
                        let product = decimal_of(units, self.scale);
                        let text = row.cell(Field::Amount).unwrap_or_default();
                        let problem = format!("{quantity} times {price} is {product}, the amount says otherwise");
                        Err(Flaw::cell(Field::Amount, text, problem, "correct one of the three, or leave one out"))
                    }
                    _ => Ok((quantity, price, units)),
                }
            }
        }
    }

    fn product(&self, quantity: Decimal, price: Decimal) -> Option<Units> {
        round_units(exact_product(quantity, price)?, self.scale, Rounding::HalfUp).ok()
    }

    /// The price of one, with as many digits as it takes to come to the amount again.
    fn price_of(&self, quantity: Decimal, units: Units) -> Option<Decimal> {
        const DIGITS_MAX: u32 = 12;
        let price = decimal_of(units, self.scale).checked_div(quantity)?;
        let rounded = |digits| price.round_dp(digits).normalize();
        (u32::from(self.scale)..=DIGITS_MAX).map(rounded).find(|price| self.product(quantity, *price) == Some(units))
    }

    fn deferral(&self, row: &impl Row) -> Result<Option<DraftDeferral>, Flaw> {
        const PARTS: [Field; 3] = [Field::DeferralStart, Field::DeferralEnd, Field::DeferralAccount];
        let start = date(row, Field::DeferralStart, self.options)?;
        let end = date(row, Field::DeferralEnd, self.options)?;
        let method = row.cell(Field::DeferralMethod);
        match (start, end, row.cell(Field::DeferralAccount)) {
            (None, None, None) if method.is_none() => Ok(None),
            (Some(start), Some(end), Some(account)) => {
                let method = method.map_or(Ok(DeferralMethod::Days), |word| {
                    let expected =
                        || Flaw::cell(Field::DeferralMethod, word, "expected days, months or months_in_part", "write one of these");
                    DeferralMethod::parse(word).ok_or_else(expected)
                })?;
                Ok(Some(DraftDeferral { start, end, method, account: AccountRef::Code(account.into()) }))
            }
            _ => {
                let absent = PARTS.into_iter().find(|field| row.cell(*field).is_none()).unwrap_or(Field::DeferralStart);
                Err(missing(absent, "first day, last day and account of what is earned or spent over time"))
            }
        }
    }
}
