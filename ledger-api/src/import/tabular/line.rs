//! From the cells of a row to a proposed line: amounts, rates, references, tags.

use ledger_core::draft::{DraftDetail, DraftRate};
use ledger_core::limits::{
    ACCOUNT_CODE_BYTES_MAX, COMMODITY_CODE_BYTES_MAX, DESCRIPTION_BYTES_MAX, NAME_BYTES_MAX, REFERENCE_BYTES_MAX, TAGS_MAX,
};
use ledger_core::money::{MoneyError, units_of};
use ledger_core::{AccountRef, DraftLine, RateType, Text, Units};
use rust_decimal::Decimal;

use super::field::Field;
use super::row::{Flaw, Row};
use super::{Options, words};
use crate::import::source::Sink;

/// The currencies met so far: their scales and what was debited and credited.
#[derive(Debug, Default)]
pub(crate) struct Currencies {
    known: Vec<Currency>,
}

/// One of them.
#[derive(Debug)]
pub(crate) struct Currency {
    pub(crate) code: Text,
    pub(crate) scale: u8,
    pub(crate) debit: Units,
    pub(crate) credit: Units,
    /// Whether an entry that was handed over uses it.
    pub(crate) touched: bool,
}

impl Currencies {
    /// The position of a currency, asking the sink for its scale when it is new.
    fn position(&mut self, code: &str, sink: &dyn Sink) -> usize {
        if let Some(at) = self.known.iter().position(|currency| currency.code == code) {
            return at;
        }
        self.known.push(Currency { code: code.into(), scale: sink.scale_of(code), debit: 0, credit: 0, touched: false });
        self.known.len() - 1
    }

    pub(crate) fn get_mut(&mut self, at: usize) -> Option<&mut Currency> {
        self.known.get_mut(at)
    }

    pub(crate) fn into_known(self) -> Vec<Currency> {
        self.known
    }
}

/// A line and what it adds to the control totals.
pub(crate) struct ReadLine {
    pub(crate) line: DraftLine,
    /// Position of its currency in [`Currencies`].
    pub(crate) currency: usize,
    /// Minor units, debit positive.
    pub(crate) units: Units,
    /// Whether the amount stood on the credit side.
    pub(crate) is_credit: bool,
}

/// Reads the line that a row stands for.
pub(crate) fn read(row: &impl Row, options: &Options, currencies: &mut Currencies, sink: &dyn Sink) -> Result<ReadLine, Flaw> {
    let account = row.cell(Field::Account).ok_or_else(|| missing(Field::Account, "an account code"))?;
    let account = limited(Field::Account, account, ACCOUNT_CODE_BYTES_MAX)?;
    let code = currency_of(row, options)?;
    let at = currencies.position(code, sink);
    let functional = functional_of(row, options, sink)?;
    let (amount, is_credit, field) = match amount_of(row, options)? {
        Some(found) => found,
        None if functional.is_some() => (Decimal::ZERO, false, Field::Functional),
        None => return Err(Flaw::row("the row has no amount", "fill in a debit or a credit (0 if the line is meant to be empty)")),
    };
    let (scale, currency) = currencies.known.get(at).map_or((0, code.into()), |known| (known.scale, known.code.clone()));
    let units = minor_units(row, field, amount, code, scale)?;
    let detail = detail_of(row, options, code)?;
    let line = DraftLine {
        account: AccountRef::Code(account.into()),
        amount,
        currency,
        functional,
        weight: None,
        detail: (detail != DraftDetail::default()).then(|| Box::new(detail)),
    };
    Ok(ReadLine { line, currency: at, units, is_credit })
}

pub(crate) fn missing(field: Field, expected: &str) -> Flaw {
    Flaw { field: Some(field), problem: format!("empty, expected {expected}"), found: None, remedy: Some("fill it in".to_owned()) }
}

pub(crate) fn limited(field: Field, text: &str, bytes: usize) -> Result<&str, Flaw> {
    if text.len() <= bytes {
        return Ok(text);
    }
    Err(Flaw::cell(field, text, format!("{} bytes long, at most {bytes} are kept", text.len()), "shorten it"))
}

pub(crate) fn currency_of<'a>(row: &'a impl Row, options: &'a Options) -> Result<&'a str, Flaw> {
    let Some(code) = row.cell(Field::Currency) else {
        return options
            .currency
            .as_deref()
            .ok_or_else(|| Flaw::row("the row names no currency", "add a currency column, or pass --currency CODE for rows without one"));
    };
    if code.len() == 3 && code.bytes().all(|b| b.is_ascii_alphabetic()) && code.bytes().any(|b| b.is_ascii_lowercase()) {
        let upper = code.to_ascii_uppercase();
        if ledger_core::commodity::iso(&upper).is_some() {
            return Err(Flaw::cell(Field::Currency, code, "expected a currency code in capitals", format!("write {upper}")));
        }
    }
    limited(Field::Currency, code, COMMODITY_CODE_BYTES_MAX)
}

/// A signed amount, whether it stood on the credit side, and its cell. Nothing when all cells are empty.
fn amount_of(row: &impl Row, options: &Options) -> Result<Option<(Decimal, bool, Field)>, Flaw> {
    if let Some(amount) = number(row, Field::Amount, options)? {
        if row.cell(Field::Debit).is_some() || row.cell(Field::Credit).is_some() {
            return Err(Flaw::row("the row has an amount and a debit or credit", "keep one of them"));
        }
        let Some(side) = row.cell(Field::Side) else {
            return Ok(Some((amount, amount.is_sign_negative(), Field::Amount)));
        };
        let is_debit =
            words::is_debit(side).ok_or_else(|| Flaw::cell(Field::Side, side, "expected D or C", "write D for debit, C for credit"))?;
        return Ok(Some((if is_debit { amount } else { -amount }, !is_debit, Field::Amount)));
    }
    two_sided(row, options, Field::Debit, Field::Credit)
}

/// The functional amount, where it is stated.
fn functional_of(row: &impl Row, options: &Options, sink: &dyn Sink) -> Result<Option<Decimal>, Flaw> {
    let (amount, field) = match number(row, Field::Functional, options)? {
        Some(amount) => (amount, Field::Functional),
        None => match two_sided(row, options, Field::FunctionalDebit, Field::FunctionalCredit)? {
            Some((amount, _, field)) => (amount, field),
            None => return Ok(None),
        },
    };
    if let Some(code) = options.functional_currency.as_deref() {
        minor_units(row, field, amount, code, sink.scale_of(code))?;
    }
    Ok(Some(amount))
}

fn two_sided(row: &impl Row, options: &Options, debit: Field, credit: Field) -> Result<Option<(Decimal, bool, Field)>, Flaw> {
    match (number(row, debit, options)?, number(row, credit, options)?) {
        (Some(left), Some(right)) if !left.is_zero() && !right.is_zero() => Err(Flaw {
            field: Some(credit),
            problem: format!("the row has a {} and a {}", debit.name(), credit.name()),
            found: Some(format!("{left} and {right}")),
            remedy: Some("split it into two rows".to_owned()),
        }),
        (Some(left), Some(right)) if left.is_zero() && !right.is_zero() => Ok(Some((-right, true, credit))),
        (Some(left), _) => Ok(Some((left, false, debit))),
        (None, Some(right)) => Ok(Some((-right, true, credit))),
        (None, None) => Ok(None),
    }
}

pub(crate) fn number(row: &impl Row, field: Field, options: &Options) -> Result<Option<Decimal>, Flaw> {
    let Some(text) = row.cell(field) else { return Ok(None) };
    options.numbers.parse(text).map(Some).map_err(|flaw| Flaw::cell(field, text, flaw.problem, flaw.remedy))
}

pub(crate) fn minor_units(row: &impl Row, field: Field, amount: Decimal, code: &str, scale: u8) -> Result<Units, Flaw> {
    units_of(amount, scale).map_err(|error| {
        let found = row.cell(field).unwrap_or_default();
        match error {
            MoneyError::OverPrecise { .. } => {
                let digits = amount.normalize().scale();
                let plural = if scale == 1 { "digit" } else { "digits" };
                let remedy = format!("fix the amount, or define the commodity with more digits: --commodity {code}={digits}");
                Flaw::cell(field, found, format!("{code} has {scale} {plural} after the decimal mark, the amount has {digits}"), remedy)
            }
            _ => Flaw::cell(field, found, "the amount is too large to keep exactly (27 digits of minor units)", "split it"),
        }
    })
}

fn detail_of(row: &impl Row, options: &Options, code: &str) -> Result<DraftDetail, Flaw> {
    let reference = |field, bytes| row.cell(field).map(|text| limited(field, text, bytes)).transpose().map(|text| text.map(Text::from));
    let detail = DraftDetail {
        rate: rate_of(row, options, code)?,
        party: reference(Field::Party, REFERENCE_BYTES_MAX)?,
        document: reference(Field::Document, REFERENCE_BYTES_MAX)?,
        due_date: date(row, Field::DueDate, options)?,
        tax_code: reference(Field::TaxCode, NAME_BYTES_MAX)?,
        tags: tags_of(row)?,
        memo: reference(Field::Memo, DESCRIPTION_BYTES_MAX)?,
    };
    Ok(detail)
}

/// The dimensions of a row, from its `tags` cell and from columns of their own.
pub(crate) fn tags_of(row: &impl Row) -> Result<Vec<(Text, Text)>, Flaw> {
    let mut tags = Vec::new();
    if let Some(text) = row.cell(Field::Tags) {
        for pair in text.split(';').map(str::trim).filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').ok_or_else(|| {
                Flaw::cell(Field::Tags, pair, "expected tags as key=value;key2=value2", "write a `=` between each key and its value")
            })?;
            push_tag(&mut tags, key.trim(), value.trim())?;
        }
    }
    for (key, value) in row.tags() {
        push_tag(&mut tags, key, value)?;
    }
    Ok(tags)
}

fn push_tag(tags: &mut Vec<(Text, Text)>, key: &str, value: &str) -> Result<(), Flaw> {
    if key.is_empty() {
        return Err(Flaw::cell(Field::Tags, value, "a tag has no key", "write key=value"));
    }
    limited(Field::Tags, key, REFERENCE_BYTES_MAX)?;
    limited(Field::Tags, value, REFERENCE_BYTES_MAX)?;
    if let Some((_, other)) = tags.iter().find(|(taken, _)| taken == key) {
        if other == value {
            return Ok(());
        }
        return Err(Flaw::cell(Field::Tags, value, format!("the tag `{key}` has two values, `{other}` is the other"), "keep one of them"));
    }
    if tags.len() >= TAGS_MAX {
        return Err(Flaw::cell(Field::Tags, key, format!("a line has at most {TAGS_MAX} tags"), "leave some out"));
    }
    tags.push((key.into(), value.into()));
    Ok(())
}

fn rate_of(row: &impl Row, options: &Options, code: &str) -> Result<Option<DraftRate>, Flaw> {
    let Some(rate) = number(row, Field::Rate, options)? else {
        return match [Field::RateType, Field::RateDate].into_iter().find_map(|field| row.cell(field).map(|text| (field, text))) {
            Some((field, text)) => Err(Flaw::cell(field, text, "the row says something about a rate but has none", "fill in the rate")),
            None => Ok(None),
        };
    };
    let text = row.cell(Field::Rate).unwrap_or_default();
    if rate <= Decimal::ZERO {
        return Err(Flaw::cell(Field::Rate, text, "expected a rate above zero", "write what one unit is worth in the functional currency"));
    }
    let kind = match row.cell(Field::RateType) {
        None => RateType::Spot,
        Some(word) => RateType::parse(word).ok_or_else(|| {
            Flaw::cell(Field::RateType, word, "expected spot, average or closing", "write one of these or leave it empty")
        })?,
    };
    let quote = match row.cell(Field::RateCurrency) {
        Some(code) => limited(Field::RateCurrency, code, COMMODITY_CODE_BYTES_MAX)?.into(),
        None => options.functional_currency.clone().ok_or_else(|| {
            Flaw::cell(Field::Rate, text, "nothing says in which currency the rate is quoted", "add a column rate_currency")
        })?,
    };
    if quote == code {
        // Exports write 1 beside amounts that need no exchange.
        let remedy = "leave it empty or write 1";
        return if rate == Decimal::ONE {
            Ok(None)
        } else {
            Err(Flaw::cell(Field::Rate, text, format!("a rate from {code} to {code} is 1"), remedy))
        };
    }
    let source = row.cell(Field::RateSource).map(|text| limited(Field::RateSource, text, NAME_BYTES_MAX)).transpose()?.unwrap_or_default();
    Ok(Some(DraftRate { rate, quote, kind, date: date(row, Field::RateDate, options)?, source: source.into() }))
}

/// The date of a cell, in the stated format.
pub(crate) fn date(row: &impl Row, field: Field, options: &Options) -> Result<Option<chrono::NaiveDate>, Flaw> {
    let Some(text) = row.cell(field) else { return Ok(None) };
    let format = &options.date_format;
    format.parse(text).map(Some).ok_or_else(|| {
        let problem = format!("expected a date as {} (like {})", format.pattern(), format.example());
        Flaw::cell(field, text, problem, "fix the date, or state the order with --date-format, such as %d/%m/%Y or %m/%d/%Y")
    })
}
