//! Turning a draft into a balanced entry: the heart of the ledger.
//!
//! In order: the period takes the date; every line's account and commodity exist and its amounts are exact;
//! the entry balances (on weights where lines have a cost or price, else commodity by commodity, else on
//! stated functional amounts); foreign lines get their functional amounts; every commodity that was exchanged
//! gets a conversion line, so that each sums to zero; balance conditions hold; sums fit.
//!
//! Here: the order of the rules, and names and numbers of lines. What a foreign line is worth is decided in
//! `valuation`, whether the entry balances in `balancing`, what it may do to balances in `bounds`.

use rust_decimal::Decimal;
use smallvec::SmallVec;

use super::balancing::Group;
use super::chart::{commodity, to_units};
use super::{Book, FUNCTIONAL, Valuation, text};
use crate::account::{Account, AccountNo, AccountStatus, AccountType, SubType};
use crate::codec::entry_bytes_at_most;
use crate::commodity::{Commodity, CommodityNo, iso_scale};
use crate::draft::{DraftDetail, DraftEntry, DraftLine, DraftRate};
use crate::entry::{BalancedEntry, EntryHeader, Line, LineDetail};
use crate::event::Event;
use crate::limits::{ACCOUNT_CODE_BYTES_MAX, DESCRIPTION_BYTES_MAX, ENTRY_BYTES_MAX, ENTRY_LINES_MAX, REFERENCE_BYTES_MAX};
use crate::money::{Money, Units};
use crate::rate::RateEvidence;
use crate::rejection::Rejection;
use crate::{Seq, Text};

/// A line whose names are resolved, before it is part of an entry.
pub(super) struct Resolved {
    pub(super) line: Line,
    /// What it balances on: its cost or price where it has one, else its own amount.
    pub(super) weight: Money,
    pub(super) priced: bool,
    pub(super) source: Source,
}

/// Where a functional amount came from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// The line is in the functional currency, or the amount was stated or follows from the weight.
    Given,
    /// A rate: the parts of one side sum to the side's value.
    Rate(Decimal),
    /// None: the commodity is kept without a value.
    Unvalued,
}

pub(super) type Lines = SmallVec<[Resolved; 4]>;

/// What a posting defines on its way: ISO currencies on first use, conversion and rounding accounts.
#[derive(Default)]
pub(super) struct Fresh {
    /// Whether every line needs a value: where the organization says so, and beside control accounts.
    pub(super) valued: bool,
    pub(super) commodities: Vec<Commodity>,
    pub(super) accounts: Vec<Account>,
}

impl Book {
    /// What posting a draft defines on its way, and the entry. `before` are lines that the same command posts first.
    pub(super) fn post(
        &self,
        draft: &DraftEntry,
        corrects: Option<Seq>,
        soft_closed: bool,
        before: &[Line],
    ) -> Result<(Fresh, BalancedEntry), Rejection> {
        let mut fresh = Fresh::default();
        let lines = self.checked_lines(draft, soft_closed, &mut fresh)?;
        self.check_balances(before, &lines)?;
        Ok((fresh, self.entry_of(draft, corrects, lines)?))
    }

    /// The lines of a draft, checked but for what they do to balances. `fresh` gains what they define on their way.
    pub(super) fn checked_lines(&self, draft: &DraftEntry, soft_closed: bool, fresh: &mut Fresh) -> Result<Vec<Line>, Rejection> {
        check_texts(draft)?;
        self.check_period(draft.effective_date, soft_closed)?;
        let lines = if self.is_plain(draft) { self.plain_lines(draft)? } else { self.exchange_lines(draft, fresh)? };
        self.check_control(&lines)?;
        Ok(lines)
    }

    /// The entry of checked lines.
    pub(super) fn entry_of(&self, draft: &DraftEntry, corrects: Option<Seq>, lines: Vec<Line>) -> Result<BalancedEntry, Rejection> {
        BalancedEntry::new(header(draft, corrects), lines, FUNCTIONAL).map_err(|unbalanced| self.explain(unbalanced))
    }

    /// Whether every line is a bare amount in the functional currency, as nearly all are.
    fn is_plain(&self, draft: &DraftEntry) -> bool {
        let functional = &self.functional().code;
        let bare =
            |line: &DraftLine| line.weight.is_none() && line.detail.is_none() && line.functional.is_none() && line.currency == *functional;
        draft.rounding_account.is_none() && draft.lines.iter().all(bare)
    }

    /// The lines of a plain draft: what [`Self::exchange_lines`] gives for it, without the detours.
    fn plain_lines(&self, draft: &DraftEntry) -> Result<Vec<Line>, Rejection> {
        let scale = self.functional().scale;
        let mut lines = Vec::with_capacity(draft.lines.len());
        let mut group = Group::new(FUNCTIONAL);
        let mut fits = true;
        for (index, line) in draft.lines.iter().enumerate() {
            let account = self.posting_account(self.find(&line.account, index + 1)?, index + 1)?;
            let units = units_or_refusal(line.amount, &line.currency, scale, index + 1)?;
            fits = fits && group.add(units, Some(units)).is_some();
            lines.push(Line { account, money: Money::new(units, FUNCTIONAL), functional: Some(units), detail: None });
        }
        if !fits {
            return Err(Rejection::AmountTooLarge { line: 0 });
        }
        if group.units == 0 { Ok(lines) } else { Err(self.unbalanced(&group, &Fresh::default())) }
    }

    fn exchange_lines(&self, draft: &DraftEntry, fresh: &mut Fresh) -> Result<Vec<Line>, Rejection> {
        let mut resolved = Lines::with_capacity(draft.lines.len());
        fresh.valued = self.valuation == Valuation::Required || self.touches_control(draft.lines.iter().map(|line| &line.account));
        for (index, line) in draft.lines.iter().enumerate() {
            resolved.push(self.resolve(line, draft, index + 1, fresh)?);
        }
        self.check_weights(draft, &mut resolved, fresh)?;
        self.value_sides(&mut resolved, fresh);
        self.unvalue_partly_valued(&mut resolved);
        let lines = self.balanced_lines(resolved, fresh)?;
        if lines.len() > ENTRY_LINES_MAX {
            let what = "lines of an entry, conversion and rounding lines included";
            return Err(Rejection::LimitExceeded { what, limit: ENTRY_LINES_MAX, found: lines.len(), line: 0 });
        }
        match entry_bytes_at_most(draft.description.len(), &draft.tags, &lines) {
            found if found > ENTRY_BYTES_MAX => {
                Err(Rejection::LimitExceeded { what: "bytes of an entry", limit: ENTRY_BYTES_MAX, found, line: 0 })
            }
            _ => Ok(lines),
        }
    }

    fn resolve(&self, draft: &DraftLine, entry: &DraftEntry, line: usize, fresh: &mut Fresh) -> Result<Resolved, Rejection> {
        let account = self.posting_account(self.find(&draft.account, line)?, line)?;
        let (currency, scale) = self.commodity_for(&draft.currency, line, fresh)?;
        let money = Money::new(units_or_refusal(draft.amount, &draft.currency, scale, line)?, currency);
        let weight = match &draft.weight {
            None => money,
            Some(weight) => self.weight(weight, money, line, fresh)?,
        };
        let priced = draft.weight.is_some();
        let detail = match &draft.detail {
            None if !priced => None,
            detail => Some(Box::new(self.detail(detail.as_deref(), priced.then_some(weight), line, fresh)?)),
        };
        let (functional, source) = if currency == FUNCTIONAL {
            (Some(self.own_value(draft, money.units(), line)?), Source::Given)
        } else {
            self.value(draft, weight, entry.effective_date, line, fresh.valued)?
        };
        Ok(Resolved { line: Line { account, money, functional, detail }, weight, priced, source })
    }

    /// The number of an account that takes postings.
    pub(super) fn posting_account(&self, account: &Account, line: usize) -> Result<AccountNo, Rejection> {
        if account.summary {
            return Err(Rejection::AccountSummary { account: account.code.clone(), line });
        }
        match account.status {
            AccountStatus::Open => Ok(account.no),
            AccountStatus::Locked => Err(Rejection::AccountLocked { account: account.code.clone(), line }),
            AccountStatus::Closed => Err(Rejection::AccountClosed { account: account.code.clone(), line }),
        }
    }

    /// The number and scale of a commodity. ISO currencies are defined on first use.
    fn commodity_for(&self, code: &Text, line: usize, fresh: &mut Fresh) -> Result<(CommodityNo, u8), Rejection> {
        let functional = self.functional();
        if functional.code == *code {
            return Ok((functional.no, functional.scale));
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

    fn weight(&self, weight: &crate::Weight, money: Money, line: usize, fresh: &mut Fresh) -> Result<Money, Rejection> {
        let (currency, scale) = self.commodity_for(&weight.currency, line, fresh)?;
        let units = units_or_refusal(weight.amount, &weight.currency, scale, line)?;
        if units.signum() * money.units().signum() < 0 {
            return Err(Rejection::WeightSign { line });
        }
        if currency == money.currency() && units != money.units() {
            return Err(Rejection::RateInvalid { rate: weight.amount, line });
        }
        Ok(Money::new(units, currency))
    }

    fn detail(&self, draft: Option<&DraftDetail>, weight: Option<Money>, line: usize, fresh: &mut Fresh) -> Result<LineDetail, Rejection> {
        let Some(draft) = draft else { return Ok(LineDetail { weight, ..LineDetail::default() }) };
        text::detail(draft, line)?;
        draft.due_date.map_or(Ok(()), |date| text::date(date, line))?;
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
        draft.date.map_or(Ok(()), |date| text::date(date, line))?;
        text::bounded("rate source", &draft.source, REFERENCE_BYTES_MAX, line)?;
        let (quote, _) = self.commodity_for(&draft.quote, line, fresh)?;
        Ok(RateEvidence { rate: draft.rate, quote, kind: draft.kind, date: draft.date, source: draft.source.clone() })
    }

    /// An account that the ledger opens on demand, for the generated line at `line`.
    pub(super) fn special_account(
        &self,
        code: &Text,
        kind: AccountType,
        sub_type: SubType,
        line: usize,
        fresh: &mut Fresh,
    ) -> Result<AccountNo, Rejection> {
        if let Some(known) = self.account_by_code(code) {
            return self.posting_account(known, line);
        }
        if let Some(known) = fresh.accounts.iter().find(|account| account.code == *code) {
            return Ok(known.no);
        }
        text::printable("account code", code, ACCOUNT_CODE_BYTES_MAX, line)?;
        let no = self.next_account(fresh.accounts.len())?;
        fresh.accounts.push(Account {
            no,
            code: code.clone(),
            name: code.clone(),
            kind,
            sub_type,
            contra: false,
            summary: false,
            parent: None,
            status: AccountStatus::Open,
            conditions: Vec::new(),
            activity: None,
        });
        Ok(no)
    }

    pub(super) fn functional_units(&self, stated: Decimal, line: usize) -> Result<Units, Rejection> {
        to_units(stated, self.functional(), line)
    }
}

impl Fresh {
    /// How many commodities and accounts there are.
    pub(super) fn counts(&self) -> (usize, usize) {
        (self.commodities.len(), self.accounts.len())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.commodities.is_empty() && self.accounts.is_empty()
    }

    pub(super) fn into_events(self, entry: BalancedEntry) -> Vec<Event> {
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

/// An amount in a commodity's smallest units, or why that cannot be.
pub(super) fn units_or_refusal(amount: Decimal, currency: &Text, scale: u8, line: usize) -> Result<Units, Rejection> {
    use crate::money::{MoneyError, units_of};
    units_of(amount, scale).map_err(|error| match error {
        MoneyError::OverPrecise { .. } => Rejection::OverPrecise { amount, currency: currency.clone(), scale, line },
        MoneyError::Overflow | MoneyError::CurrencyMismatch => Rejection::AmountTooLarge { line },
    })
}
