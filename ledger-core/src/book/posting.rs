//! Turning a draft into a balanced entry: the heart of the ledger.
//!
//! In order: the period takes the date; every line's account and commodity exist and its amounts are exact;
//! the entry balances (on weights where lines have a cost or price, else commodity by commodity, else on
//! stated functional amounts); foreign lines get their functional amounts; every commodity that was exchanged
//! gets a conversion line, so that each sums to zero; balance conditions hold; sums fit.
//!
//! Rounding happens in three named places: functional amounts from a rate (half-even, the parts of one side
//! always summing to its total), and the residual of rounded weights, which becomes a visible line on the
//! draft's rounding account.

use rust_decimal::Decimal;
use smallvec::SmallVec;

use super::chart::{commodity, to_units};
use super::{Book, FUNCTIONAL, Valuation, text};
use crate::account::{Account, AccountNo, AccountStatus, AccountType, SubType};
use crate::commodity::{Commodity, CommodityNo, iso_scale};
use crate::draft::{AccountRef, DraftDetail, DraftEntry, DraftLine, DraftRate};
use crate::entry::{BalancedEntry, EntryHeader, Line, LineDetail, Unbalanced};
use crate::event::Event;
use crate::limits::{DESCRIPTION_BYTES_MAX, ENTRY_LINES_MAX, RATE_AGE_DAYS_MAX, REFERENCE_BYTES_MAX};
use crate::money::{Money, Units, add_units, decimal_of};
use crate::rate::{RateEvidence, RateType};
use crate::rejection::Rejection;
use crate::rounding::{Rounding, split, units_product};
use crate::{Seq, Text};

/// Where conversion accounts stand in the chart; the commodity's code follows.
const CONVERSION_PREFIX: &str = "Equity:Conversion:";
/// Stands for the code of the commodity without one.
const NO_CODE: &str = "(none)";

/// The commodity whose conversion account has this code.
pub(super) fn conversion_currency(code: &str, commodities: &[Commodity]) -> Option<CommodityNo> {
    let code = code.strip_prefix(CONVERSION_PREFIX)?;
    let code = if code == NO_CODE { "" } else { code };
    commodities.iter().find(|commodity| commodity.code == code).map(|commodity| commodity.no)
}

/// A line whose names are resolved, before it is part of an entry.
struct Resolved {
    line: Line,
    weight: Money,
    priced: bool,
    functional_source: Source,
}

/// Where a functional amount came from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    /// The line is in the functional currency, or the amount was stated or follows from the weight.
    Given,
    /// A recorded rate: to be split over the lines of one side.
    Recorded(Decimal),
    /// None: the commodity is kept without a value.
    Unvalued,
}

/// Sums of one commodity over an entry.
struct Group {
    currency: CommodityNo,
    units: Units,
    debits: Units,
    functional: Units,
    valued: bool,
}

type Lines = SmallVec<[Resolved; 4]>;
type Groups = SmallVec<[Group; 4]>;

/// What a posting defines on its way: ISO currencies on first use, conversion and rounding accounts.
#[derive(Default)]
struct Fresh {
    commodities: Vec<Commodity>,
    accounts: Vec<Account>,
}

impl Book {
    /// The events of posting a draft: what it defines on its way, then the entry.
    pub(super) fn post(&self, draft: &DraftEntry, corrects: Option<Seq>, soft_closed: bool) -> Result<Vec<Event>, Rejection> {
        check_texts(draft)?;
        self.check_period(draft.effective_date, soft_closed)?;
        let mut fresh = Fresh::default();
        let mut lines = self.resolve_lines(draft, &mut fresh)?;
        self.check_weights(draft, &mut lines, &mut fresh)?;
        self.value_recorded(&mut lines);
        self.unvalue_partly_valued(&mut lines);
        let groups = groups_of(lines.iter().map(|resolved| &resolved.line)).ok_or(Rejection::AmountTooLarge { line: 0 })?;
        self.check_balanced(&lines, &groups, &fresh)?;
        let mut lines: Vec<Line> = lines.into_iter().map(|resolved| resolved.line).collect();
        self.add_conversion_lines(&groups, &mut lines, &mut fresh)?;
        self.check_balances(&lines)?;
        let entry = BalancedEntry::new(header(draft, corrects), lines, FUNCTIONAL).map_err(|unbalanced| self.explain(unbalanced))?;
        Ok(fresh.into_events(entry))
    }

    fn resolve_lines(&self, draft: &DraftEntry, fresh: &mut Fresh) -> Result<Lines, Rejection> {
        let mut lines = Lines::with_capacity(draft.lines.len());
        for (index, line) in draft.lines.iter().enumerate() {
            lines.push(self.resolve(line, draft, index + 1, fresh)?);
        }
        Ok(lines)
    }

    fn resolve(&self, draft: &DraftLine, entry: &DraftEntry, line: usize, fresh: &mut Fresh) -> Result<Resolved, Rejection> {
        let account = self.posting_account(&draft.account, line)?.no;
        let (currency, scale) = self.commodity_for(&draft.currency, line, fresh)?;
        let units = units_or_refusal(draft.amount, &draft.currency, scale, line)?;
        let weight = match &draft.weight {
            None => Money::new(units, currency),
            Some(weight) => self.weight(weight, units, line, fresh)?,
        };
        let priced = draft.weight.is_some();
        let detail = match &draft.detail {
            None if !priced => None,
            detail => Some(Box::new(self.detail(detail.as_deref(), priced.then_some(weight), line, fresh)?)),
        };
        let (functional, functional_source) = if currency == FUNCTIONAL {
            (Some(self.own_value(draft, units, line)?), Source::Given)
        } else {
            self.value(draft, currency, weight, entry, line)?
        };
        Ok(Resolved { line: Line { account, money: Money::new(units, currency), functional, detail }, weight, priced, functional_source })
    }

    /// The account, if it takes postings.
    fn posting_account(&self, account: &AccountRef, line: usize) -> Result<&Account, Rejection> {
        let account = self.find(account, line)?;
        if account.summary {
            return Err(Rejection::AccountSummary { account: account.code.clone(), line });
        }
        match account.status {
            AccountStatus::Open => Ok(account),
            AccountStatus::Locked => Err(Rejection::AccountLocked { account: account.code.clone(), line }),
            AccountStatus::Closed => Err(Rejection::AccountClosed { account: account.code.clone(), line }),
        }
    }

    /// The number and scale of a commodity. ISO currencies are defined on first use.
    fn commodity_for(&self, code: &Text, line: usize, fresh: &mut Fresh) -> Result<(CommodityNo, u8), Rejection> {
        if let Some(first) = self.commodities.first()
            && first.code == *code
        {
            return Ok((first.no, first.scale));
        }
        let known = self.commodity_by_code(code).or_else(|| fresh.commodities.iter().find(|known| known.code == *code));
        if let Some(known) = known {
            return Ok((known.no, known.scale));
        }
        if iso_scale(code).is_none() {
            return Err(Rejection::CommodityUnknown { code: code.clone(), line });
        }
        let defined = commodity(self.next_commodity(fresh.commodities.len())?, code, None, "")?;
        let found = (defined.no, defined.scale);
        fresh.commodities.push(defined);
        Ok(found)
    }

    fn weight(&self, weight: &crate::Weight, units: Units, line: usize, fresh: &mut Fresh) -> Result<Money, Rejection> {
        let (currency, scale) = self.commodity_for(&weight.currency, line, fresh)?;
        let weight = units_or_refusal(weight.amount, &weight.currency, scale, line)?;
        if weight.signum() * units.signum() < 0 {
            return Err(Rejection::WeightSign { line });
        }
        Ok(Money::new(weight, currency))
    }

    fn detail(&self, draft: Option<&DraftDetail>, weight: Option<Money>, line: usize, fresh: &mut Fresh) -> Result<LineDetail, Rejection> {
        let Some(draft) = draft else { return Ok(LineDetail { weight, ..LineDetail::default() }) };
        text::detail(draft, line)?;
        Ok(LineDetail {
            rate: draft.rate.as_ref().map(|rate| self.evidence(rate, line, fresh)).transpose()?,
            weight,
            party: draft.party.clone(),
            document: draft.document.clone(),
            due_date: draft.due_date,
            tax_code: draft.tax_code.clone(),
            tags: draft.tags.clone(),
            memo: draft.memo.clone(),
        })
    }

    fn evidence(&self, draft: &DraftRate, line: usize, fresh: &mut Fresh) -> Result<RateEvidence, Rejection> {
        if draft.rate < Decimal::ZERO {
            return Err(Rejection::RateInvalid { rate: draft.rate, line });
        }
        text::bounded("rate source", &draft.source, REFERENCE_BYTES_MAX, line)?;
        let (quote, _) = self.commodity_for(&draft.quote, line, fresh)?;
        Ok(RateEvidence { rate: draft.rate, quote, kind: draft.kind, date: draft.date, source: draft.source.clone() })
    }

    /// A line in the functional currency is worth itself; one of no amount may carry a functional amount only.
    fn own_value(&self, draft: &DraftLine, units: Units, line: usize) -> Result<Units, Rejection> {
        let Some(stated) = draft.functional else { return Ok(units) };
        let stated = self.functional_units(stated, line)?;
        if stated == units || units == 0 {
            return Ok(stated);
        }
        Err(Rejection::FunctionalDiffers { expected: self.display(units, FUNCTIONAL), found: self.display(stated, FUNCTIONAL), line })
    }

    /// The functional amount of a foreign line: as stated, by its weight, by its own rate, or by a recorded one.
    fn value(
        &self,
        draft: &DraftLine,
        currency: CommodityNo,
        weight: Money,
        entry: &DraftEntry,
        line: usize,
    ) -> Result<(Option<Units>, Source), Rejection> {
        if let Some(stated) = draft.functional {
            return Ok((Some(self.functional_units(stated, line)?), Source::Given));
        }
        if weight.currency() == FUNCTIONAL {
            return Ok((Some(weight.units()), Source::Given));
        }
        if let Some(rate) = own_rate(draft, &self.commodities[0].code) {
            let units = units_product(draft.amount, rate, self.commodities[0].scale, Rounding::HalfEven);
            return units.map(|units| (Some(units), Source::Given)).map_err(|_| Rejection::AmountTooLarge { line });
        }
        match self.valuation {
            Valuation::ByCommodity => Ok((None, Source::Unvalued)),
            Valuation::Required if draft.amount.is_zero() => Ok((Some(0), Source::Given)),
            Valuation::Required => {
                let rate = self.recorded_rate(currency, entry.effective_date).ok_or_else(|| Rejection::RateMissing {
                    base: draft.currency.clone(),
                    quote: self.commodities[0].code.clone(),
                    date: entry.effective_date,
                    line,
                })?;
                let units = units_product(draft.amount, rate, self.commodities[0].scale, Rounding::HalfEven);
                units.map(|units| (Some(units), Source::Recorded(rate))).map_err(|_| Rejection::AmountTooLarge { line })
            }
        }
    }

    fn functional_units(&self, stated: Decimal, line: usize) -> Result<Units, Rejection> {
        to_units(stated, &self.commodities[0], line)
    }

    /// The spot rate of a commodity in the functional currency, of the day or at most a month before it. A rate
    /// recorded the other way round is inverted to 28 significant digits.
    fn recorded_rate(&self, currency: CommodityNo, day: chrono::NaiveDate) -> Option<Decimal> {
        let fresh_enough = |(date, _): &(chrono::NaiveDate, Decimal)| (day - *date).num_days() <= RATE_AGE_DAYS_MAX;
        let direct = self.rate_on(currency, FUNCTIONAL, RateType::Spot, day).filter(fresh_enough);
        let inverse = || self.rate_on(FUNCTIONAL, currency, RateType::Spot, day).filter(fresh_enough);
        match direct {
            Some((_, rate)) => Some(rate),
            None => inverse().and_then(|(_, rate)| Decimal::ONE.checked_div(rate)),
        }
    }

    /// Amounts that one recorded rate gives are rounded side by side, so that equal sides have equal values.
    fn value_recorded(&self, lines: &mut Lines) {
        let mut rates: SmallVec<[(CommodityNo, Decimal); 2]> = SmallVec::new();
        for resolved in lines.iter() {
            if let Source::Recorded(rate) = resolved.functional_source {
                let pair = (resolved.line.money.currency(), rate);
                if !rates.contains(&pair) {
                    rates.push(pair);
                }
            }
        }
        for (currency, rate) in rates {
            for debit in [true, false] {
                self.value_side(lines, currency, rate, debit);
            }
        }
    }

    fn value_side(&self, lines: &mut Lines, currency: CommodityNo, rate: Decimal, debit: bool) {
        let of_side = |resolved: &Resolved| {
            resolved.line.money.currency() == currency
                && matches!(resolved.functional_source, Source::Recorded(_))
                && (resolved.line.money.units() > 0) == debit
        };
        let side: Vec<Units> = lines.iter().filter(|line| of_side(line)).map(|line| line.line.money.units()).collect();
        let total: Units = side.iter().sum();
        let Ok(value) = units_product(self.display(total, currency), rate, self.commodities[0].scale, Rounding::HalfEven) else { return };
        let mut parts = split(value, &side).into_iter();
        for resolved in lines.iter_mut().filter(|line| of_side(line)) {
            resolved.line.functional = parts.next();
        }
    }

    /// Where values are optional, a commodity of which only some lines have one is kept without.
    fn unvalue_partly_valued(&self, lines: &mut Lines) {
        if self.valuation == Valuation::Required || lines.iter().all(|resolved| resolved.line.functional.is_some()) {
            return;
        }
        let unvalued: SmallVec<[CommodityNo; 4]> =
            lines.iter().filter(|resolved| resolved.line.functional.is_none()).map(|resolved| resolved.line.money.currency()).collect();
        for resolved in lines.iter_mut().filter(|resolved| unvalued.contains(&resolved.line.money.currency())) {
            resolved.line.functional = None;
            resolved.functional_source = Source::Unvalued;
        }
    }

    /// Where lines carry weights, the weights sum to zero, or leave what rounding them explains.
    fn check_weights(&self, draft: &DraftEntry, lines: &mut Lines, fresh: &mut Fresh) -> Result<(), Rejection> {
        if !lines.iter().any(|resolved| resolved.priced) && draft.rounding_account.is_none() {
            return Ok(());
        }
        let weights: SmallVec<[Line; 4]> = lines.iter().map(weight_line).collect();
        let groups = groups_of(weights.iter()).ok_or(Rejection::AmountTooLarge { line: 0 })?;
        let priced = lines.iter().any(|resolved| resolved.priced);
        let line_count = i128::try_from(lines.len()).unwrap_or(i128::MAX);
        for group in groups.iter().filter(|group| group.units != 0) {
            let tolerated = draft.rounding_account.as_ref().filter(|_| group.units.abs() <= line_count);
            match tolerated {
                Some(account) => {
                    let residual = self.rounding_line(account, group, fresh)?;
                    lines.push(residual);
                }
                None if priced => return Err(self.unbalanced(group, fresh)),
                None => {}
            }
        }
        Ok(())
    }

    fn rounding_line(&self, code: &Text, group: &Group, fresh: &mut Fresh) -> Result<Resolved, Rejection> {
        let account = self.special_account(code, SubType::Rounding, fresh)?;
        let money = Money::new(-group.units, group.currency);
        let functional = (group.currency == FUNCTIONAL).then_some(-group.units);
        let source = if functional.is_some() { Source::Given } else { Source::Unvalued };
        let memo = Some(Text::from("rounding of weights"));
        let detail = Some(Box::new(LineDetail { memo, ..LineDetail::default() }));
        Ok(Resolved { line: Line { account, money, functional, detail }, weight: money, priced: false, functional_source: source })
    }

    /// Commodity by commodity, or by what the exchange is worth.
    fn check_balanced(&self, lines: &Lines, groups: &Groups, fresh: &Fresh) -> Result<(), Rejection> {
        let mut off = groups.iter().filter(|group| group.units != 0);
        let (first, second) = (off.next(), off.next());
        let priced = lines.iter().any(|resolved| resolved.priced);
        let all_valued = groups.iter().all(|group| group.valued);
        let functional: Units = groups.iter().map(|group| group.functional).sum();
        match (first, second) {
            (Some(group), None) if !priced => return Err(self.unbalanced(group, fresh)),
            (Some(group), Some(_)) if !priced && !all_valued => {
                let difference = self.shown(group.units, group.currency, fresh);
                return Err(Rejection::ExchangeUnpriced { currency: self.code_of(group.currency, fresh), difference });
            }
            _ => {}
        }
        if functional != 0 && (self.valuation == Valuation::Required || !priced) {
            let (currency, difference) = (self.code_of(FUNCTIONAL, fresh), self.display(functional, FUNCTIONAL));
            return Err(Rejection::UnbalancedFunctional { currency, difference });
        }
        Ok(())
    }

    /// One conversion line for every commodity that was exchanged, so that each sums to zero.
    fn add_conversion_lines(&self, groups: &Groups, lines: &mut Vec<Line>, fresh: &mut Fresh) -> Result<(), Rejection> {
        let exchanged = groups.iter().any(|group| group.units != 0);
        for group in groups.iter().filter(|group| group.units != 0 || (exchanged && group.functional != 0)) {
            let account = self.conversion_account(group.currency, fresh)?;
            let functional = group.valued.then_some(-group.functional);
            lines.push(Line { account, money: Money::new(-group.units, group.currency), functional, detail: None });
        }
        Ok(())
    }

    fn conversion_account(&self, currency: CommodityNo, fresh: &mut Fresh) -> Result<AccountNo, Rejection> {
        if let Some(known) = self.conversion.get(&currency) {
            return Ok(*known);
        }
        let code = self.code_of(currency, fresh);
        let suffix = if code.is_empty() { NO_CODE } else { code.as_str() };
        self.special_account(&Text::from(format!("{CONVERSION_PREFIX}{suffix}")), SubType::Conversion, fresh)
    }

    /// An equity account that the ledger opens on demand.
    fn special_account(&self, code: &Text, sub_type: SubType, fresh: &mut Fresh) -> Result<AccountNo, Rejection> {
        let known = self.account_by_code(code).or_else(|| fresh.accounts.iter().find(|account| account.code == *code));
        if let Some(known) = known {
            return Ok(known.no);
        }
        let no = self.next_account(fresh.accounts.len())?;
        fresh.accounts.push(Account {
            no,
            code: code.clone(),
            name: code.clone(),
            kind: AccountType::Equity,
            sub_type,
            contra: false,
            summary: false,
            parent: None,
            status: AccountStatus::Open,
            conditions: Vec::new(),
        });
        Ok(no)
    }

    /// Bounds and sizes of the balances that would result.
    pub(super) fn check_balances(&self, lines: &[Line]) -> Result<(), Rejection> {
        for (index, line) in lines.iter().enumerate() {
            let Some(account) = self.account(line.account) else { continue };
            let currency = line.money.currency();
            let held = self.holdings(line.account).iter().find(|holding| holding.currency == currency);
            let (units, functional) = held.map_or((0, 0), |holding| (holding.units, holding.functional));
            let same = |other: &&Line| other.account == line.account && other.money.currency() == currency;
            let (mut units, mut functional) = (Some(units), Some(functional));
            for other in lines[..=index].iter().filter(same) {
                units = units.and_then(|units| add_units(units, other.money.units()));
                functional = functional.and_then(|sum| add_units(sum, other.functional.unwrap_or(0)));
            }
            let too_large = || Rejection::BalanceTooLarge {
                account: account.code.clone(),
                currency: self.commodity(currency).map(|commodity| commodity.code.clone()).unwrap_or_default(),
                line: index + 1,
            };
            let balance = units.ok_or_else(too_large)?;
            functional.ok_or_else(too_large)?;
            // A condition is checked on the last line of the account: an entry takes effect as a whole.
            if !account.conditions.is_empty() && !lines[index + 1..].iter().any(|other| same(&other)) {
                for condition in account.conditions.iter().filter(|condition| condition.currency == currency) {
                    self.check_condition(account, condition, account.natural(balance), index + 1)?;
                }
            }
        }
        Ok(())
    }

    fn unbalanced(&self, group: &Group, fresh: &Fresh) -> Rejection {
        let shown = |units| self.shown(units, group.currency, fresh);
        Rejection::Unbalanced {
            currency: self.code_of(group.currency, fresh),
            debits: shown(group.debits),
            credits: shown(group.debits - group.units),
            difference: shown(group.units),
        }
    }

    /// What the balance law found, in the caller's words. The checks before it leave nothing to find but sums
    /// that are too large.
    pub(super) fn explain(&self, unbalanced: Unbalanced) -> Rejection {
        let code = |currency| self.commodity(currency).map(|commodity| commodity.code.clone()).unwrap_or_default();
        match unbalanced {
            Unbalanced::TooFewLines => Rejection::TooFewLines { found: 1 },
            Unbalanced::Overflow => Rejection::AmountTooLarge { line: 0 },
            Unbalanced::Functional { off } => {
                Rejection::UnbalancedFunctional { currency: code(FUNCTIONAL), difference: self.display(off, FUNCTIONAL) }
            }
            Unbalanced::Currency { currency, off } => {
                Rejection::ExchangeUnpriced { currency: code(currency), difference: self.display(off, currency) }
            }
            Unbalanced::PartlyValued { currency } => Rejection::ExchangeUnpriced { currency: code(currency), difference: Decimal::ZERO },
        }
    }

    fn code_of(&self, currency: CommodityNo, fresh: &Fresh) -> Text {
        self.defined(currency, fresh).map(|commodity| commodity.code.clone()).unwrap_or_default()
    }

    fn shown(&self, units: Units, currency: CommodityNo, fresh: &Fresh) -> Decimal {
        decimal_of(units, self.defined(currency, fresh).map_or(0, |commodity| commodity.scale))
    }

    fn defined<'a>(&'a self, currency: CommodityNo, fresh: &'a Fresh) -> Option<&'a Commodity> {
        self.commodity(currency).or_else(|| fresh.commodities.iter().find(|commodity| commodity.no == currency))
    }
}

impl Fresh {
    fn into_events(self, entry: BalancedEntry) -> Vec<Event> {
        let mut events = Vec::with_capacity(1 + self.commodities.len() + self.accounts.len());
        events.extend(self.commodities.into_iter().map(Event::CommodityDefined));
        events.extend(self.accounts.into_iter().map(Event::AccountOpened));
        events.push(Event::EntryPosted(entry));
        events
    }
}

fn check_texts(draft: &DraftEntry) -> Result<(), Rejection> {
    match draft.lines.len() {
        0 | 1 => return Err(Rejection::TooFewLines { found: draft.lines.len() }),
        found if found > ENTRY_LINES_MAX => {
            return Err(Rejection::LimitExceeded { what: "lines of an entry", limit: ENTRY_LINES_MAX, found, line: 0 });
        }
        _ => {}
    }
    text::bounded("description", &draft.description, DESCRIPTION_BYTES_MAX, 0)?;
    if let Some(id) = &draft.external_id {
        text::printable("external id", id, REFERENCE_BYTES_MAX, 0)?;
    }
    text::tags(&draft.tags, 0)
}

fn header(draft: &DraftEntry, corrects: Option<Seq>) -> EntryHeader {
    EntryHeader {
        effective_date: draft.effective_date,
        kind: draft.kind,
        description: draft.description.clone(),
        external_id: draft.external_id.clone(),
        tags: draft.tags.clone(),
        reverses: None,
        corrects,
    }
}

/// The rate that a line quotes in the functional currency.
fn own_rate(draft: &DraftLine, functional: &Text) -> Option<Decimal> {
    let rate = draft.detail.as_ref()?.rate.as_ref()?;
    (rate.quote == *functional && draft.weight.is_none()).then_some(rate.rate)
}

fn units_or_refusal(amount: Decimal, currency: &Text, scale: u8, line: usize) -> Result<Units, Rejection> {
    use crate::money::{MoneyError, units_of};
    units_of(amount, scale).map_err(|error| match error {
        MoneyError::OverPrecise { .. } => Rejection::OverPrecise { amount, currency: currency.clone(), scale, line },
        MoneyError::Overflow | MoneyError::CurrencyMismatch => Rejection::AmountTooLarge { line },
    })
}

fn weight_line(resolved: &Resolved) -> Line {
    Line { account: resolved.line.account, money: resolved.weight, functional: None, detail: None }
}

/// Sums per commodity, in the order of first appearance. `None` when a sum is too large.
fn groups_of<'a>(lines: impl Iterator<Item = &'a Line>) -> Option<Groups> {
    let mut groups = Groups::new();
    for line in lines {
        let (currency, units) = (line.money.currency(), line.money.units());
        let index = match groups.iter().position(|group| group.currency == currency) {
            Some(index) => index,
            None => {
                groups.push(Group { currency, units: 0, debits: 0, functional: 0, valued: true });
                groups.len() - 1
            }
        };
        let group = &mut groups[index];
        group.units = add_units(group.units, units)?;
        group.debits = add_units(group.debits, units.max(0))?;
        group.functional = add_units(group.functional, line.functional.unwrap_or(0))?;
        group.valued &= line.functional.is_some();
    }
    Some(groups)
}
