//! The forms in which events are stored, one per kind and version, converted by hand so that a rename or a new
//! field in the core cannot change history.
//!
//! Numbers of kinds, of enum values and the order of fields are promises: add, never change. A new version of
//! a body gets a new number and a new type here; the old type stays, and its conversion is the upcast.

use std::borrow::Cow;

use chrono::{Days, NaiveDate};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;
use uuid::Uuid;

use super::{CodecError, read, write};
use crate::account::{Account, AccountNo, AccountStatus, AccountType, BalanceCondition, SubType};
use crate::actor::{Actor, ActorKind, ActorNo};
use crate::book::Valuation;
use crate::commodity::{Commodity, CommodityKind, CommodityNo};
use crate::entry::{BalancedEntry, EntryHeader, EntryKind, Line, LineDetail};
use crate::event::Event;
use crate::money::Money;
use crate::period::{Month, PeriodStatus};
use crate::rate::{QuotedRate, RateEvidence, RateType};
use crate::{Seq, Text};

/// Kinds: type and version in one number. Never reused.
mod kind {
    pub(super) const ORGANIZATION_CREATED_V1: u16 = 1;
    pub(super) const ACTOR_REGISTERED_V1: u16 = 2;
    pub(super) const COMMODITY_DEFINED_V1: u16 = 3;
    pub(super) const ACCOUNT_OPENED_V1: u16 = 10;
    pub(super) const ACCOUNT_CHANGED_V1: u16 = 11;
    pub(super) const ACCOUNT_STATUS_CHANGED_V1: u16 = 12;
    pub(super) const ACCOUNT_CONDITIONS_SET_V1: u16 = 13;
    pub(super) const RATE_RECORDED_V1: u16 = 20;
    pub(super) const ENTRY_POSTED_V1: u16 = 30;
    pub(super) const ENTRY_REVERSED_V1: u16 = 31;
    pub(super) const PERIOD_CLOSED_V1: u16 = 40;
    pub(super) const PERIOD_REOPENED_V1: u16 = 41;
}

/// The kind under which an event is written today.
pub(super) const fn kind_of(event: &Event) -> u16 {
    match event {
        Event::OrganizationCreated { .. } => kind::ORGANIZATION_CREATED_V1,
        Event::ActorRegistered { .. } => kind::ACTOR_REGISTERED_V1,
        Event::CommodityDefined(_) => kind::COMMODITY_DEFINED_V1,
        Event::AccountOpened(_) => kind::ACCOUNT_OPENED_V1,
        Event::AccountChanged { .. } => kind::ACCOUNT_CHANGED_V1,
        Event::AccountStatusChanged { .. } => kind::ACCOUNT_STATUS_CHANGED_V1,
        Event::AccountConditionsSet { .. } => kind::ACCOUNT_CONDITIONS_SET_V1,
        Event::RateRecorded(_) => kind::RATE_RECORDED_V1,
        Event::EntryPosted(_) => kind::ENTRY_POSTED_V1,
        Event::EntryReversed { .. } => kind::ENTRY_REVERSED_V1,
        Event::PeriodClosed { .. } => kind::PERIOD_CLOSED_V1,
        Event::PeriodReopened { .. } => kind::PERIOD_REOPENED_V1,
    }
}

/// Writes the body of an event in today's version of its kind.
pub(super) fn write_body(out: &mut Vec<u8>, event: &Event) -> Result<(), CodecError> {
    match event {
        Event::OrganizationCreated { org, name, functional, valuation } => {
            write(out, &(org.as_bytes(), name.as_str(), functional.get(), valuation_no(*valuation)))
        }
        Event::ActorRegistered { no, actor } => write(out, &(no.0, actor_kind_no(actor.kind), actor.identity.as_str())),
        Event::CommodityDefined(commodity) => write(out, &CommodityV1::from(commodity)),
        Event::AccountOpened(account) => write(out, &AccountV1::from(account)),
        Event::AccountChanged { no, name, sub_type, parent } => {
            write(out, &(no.get(), name.as_str(), sub_type.number(), parent.map(AccountNo::get)))
        }
        Event::AccountStatusChanged { no, status, reason } => write(out, &(no.get(), account_status_no(*status), reason.as_str())),
        Event::AccountConditionsSet { no, conditions } => {
            write(out, &(no.get(), conditions.iter().map(ConditionV1::from).collect::<Vec<_>>()))
        }
        Event::RateRecorded(rate) => write(out, &RateV1::from(rate)),
        Event::EntryPosted(entry) => write(out, &EntryV1::from(entry)),
        Event::EntryReversed { reason, entry } => write(out, &(reason.as_str(), EntryV1::from(entry))),
        Event::PeriodClosed { month, status, reason } => write(out, &(month.ordinal(), period_status_no(*status), reason.as_str())),
        Event::PeriodReopened { month, reason } => write(out, &(month.ordinal(), reason.as_str())),
    }
}

/// Reads the body of any kind that was ever written, as today's event.
pub(super) fn read_body(kind: u16, bytes: &mut &[u8]) -> Result<Event, CodecError> {
    Ok(match kind {
        kind::ORGANIZATION_CREATED_V1 => {
            let (org, name, functional, valuation): ([u8; 16], &str, u16, u8) = read(bytes)?;
            Event::OrganizationCreated {
                org: Uuid::from_bytes(org),
                name: name.into(),
                functional: CommodityNo::new(functional),
                valuation: valuation_of(valuation)?,
            }
        }
        kind::ACTOR_REGISTERED_V1 => {
            let (no, kind, identity): (u32, u8, &str) = read(bytes)?;
            Event::ActorRegistered { no: ActorNo(no), actor: Actor { kind: actor_kind_of(kind)?, identity: identity.into() } }
        }
        kind::COMMODITY_DEFINED_V1 => Event::CommodityDefined(read::<CommodityV1>(bytes)?.upcast()?),
        kind::ACCOUNT_OPENED_V1 => Event::AccountOpened(read::<AccountV1>(bytes)?.upcast()?),
        kind::ACCOUNT_CHANGED_V1 => {
            let (no, name, sub_type, parent): (u32, &str, u8, Option<u32>) = read(bytes)?;
            let parent = parent.map(AccountNo::new);
            Event::AccountChanged { no: AccountNo::new(no), name: name.into(), sub_type: sub_type_of(sub_type)?, parent }
        }
        kind::ACCOUNT_STATUS_CHANGED_V1 => {
            let (no, status, reason): (u32, u8, &str) = read(bytes)?;
            Event::AccountStatusChanged { no: AccountNo::new(no), status: account_status_of(status)?, reason: reason.into() }
        }
        kind::ACCOUNT_CONDITIONS_SET_V1 => {
            let (no, conditions): (u32, Vec<ConditionV1>) = read(bytes)?;
            Event::AccountConditionsSet { no: AccountNo::new(no), conditions: conditions.into_iter().map(ConditionV1::upcast).collect() }
        }
        kind::RATE_RECORDED_V1 => Event::RateRecorded(read::<RateV1>(bytes)?.upcast()?),
        kind::ENTRY_POSTED_V1 => Event::EntryPosted(read::<EntryV1>(bytes)?.upcast()?),
        kind::ENTRY_REVERSED_V1 => {
            let (reason, entry): (&str, EntryV1) = read(bytes)?;
            Event::EntryReversed { reason: reason.into(), entry: entry.upcast()? }
        }
        kind::PERIOD_CLOSED_V1 => {
            let (month, status, reason): (i32, u8, &str) = read(bytes)?;
            Event::PeriodClosed { month: Month::from_ordinal(month), status: period_status_of(status)?, reason: reason.into() }
        }
        kind::PERIOD_REOPENED_V1 => {
            let (month, reason): (i32, &str) = read(bytes)?;
            Event::PeriodReopened { month: Month::from_ordinal(month), reason: reason.into() }
        }
        unknown => return Err(CodecError::new(format!("event kind {unknown} is not known to this version; use a newer one"))),
    })
}

/// Defines both directions of an enum's stored numbers.
macro_rules! numbered {
    ($to:ident, $of:ident, $type:ty, $name:literal, { $($variant:path = $no:literal),+ $(,)? }) => {
        pub(super) const fn $to(value: $type) -> u8 { match value { $($variant => $no),+ } }
        pub(super) fn $of(no: u8) -> Result<$type, CodecError> {
            match no { $($no => Ok($variant),)+ _ => Err(CodecError::new(format!(concat!("{} is no ", $name), no))) }
        }
    };
}

numbered!(valuation_no, valuation_of, Valuation, "valuation", { Valuation::Required = 0, Valuation::ByCommodity = 1 });
numbered!(actor_kind_no, actor_kind_of, ActorKind, "kind of actor", {
    ActorKind::User = 0, ActorKind::ApiKey = 1, ActorKind::Agent = 2, ActorKind::System = 3 });
numbered!(commodity_kind_no, commodity_kind_of, CommodityKind, "kind of commodity", { CommodityKind::Iso4217 = 0, CommodityKind::Custom = 1 });
numbered!(account_type_no, account_type_of, AccountType, "account type", {
    AccountType::Asset = 0, AccountType::Liability = 1, AccountType::Equity = 2, AccountType::Revenue = 3, AccountType::Expense = 4 });
numbered!(account_status_no, account_status_of, AccountStatus, "account status", {
    AccountStatus::Open = 0, AccountStatus::Locked = 1, AccountStatus::Closed = 2 });
numbered!(rate_type_no, rate_type_of, RateType, "rate type", { RateType::Spot = 0, RateType::Average = 1, RateType::Closing = 2 });
numbered!(entry_kind_no, entry_kind_of, EntryKind, "kind of entry", {
    EntryKind::Ordinary = 0, EntryKind::Opening = 1, EntryKind::Closing = 2, EntryKind::Adjusting = 3, EntryKind::Reversal = 4 });
numbered!(period_status_no, period_status_of, PeriodStatus, "period status", {
    PeriodStatus::Open = 0, PeriodStatus::SoftClosed = 1, PeriodStatus::HardClosed = 2 });

fn sub_type_of(no: u8) -> Result<SubType, CodecError> {
    SubType::from_number(no).ok_or_else(|| CodecError::new(format!("{no} is no account sub-type")))
}

/// Days since 1970-01-01.
pub(super) fn days(date: NaiveDate) -> i32 {
    date.signed_duration_since(NaiveDate::default()).num_days().try_into().unwrap_or(i32::MAX)
}

pub(super) fn date(days: i32) -> Result<NaiveDate, CodecError> {
    let magnitude = Days::new(u64::from(days.unsigned_abs()));
    let epoch = NaiveDate::default();
    let date = if days < 0 { epoch.checked_sub_days(magnitude) } else { epoch.checked_add_days(magnitude) };
    date.ok_or_else(|| CodecError::new(format!("day {days} is out of range")))
}

/// A decimal as mantissa and scale.
pub(super) type DecimalV1 = (i128, u32);

pub(super) fn decimal_parts(value: Decimal) -> DecimalV1 {
    (value.mantissa(), value.scale())
}

pub(super) fn decimal((mantissa, scale): DecimalV1) -> Result<Decimal, CodecError> {
    Decimal::try_from_i128_with_scale(mantissa, scale).map_err(|_| CodecError::new("a decimal is out of range"))
}

#[derive(Serialize, Deserialize)]
pub(super) struct CommodityV1<'a> {
    no: u16,
    #[serde(borrow)]
    code: Cow<'a, str>,
    scale: u8,
    kind: u8,
    #[serde(borrow)]
    name: Cow<'a, str>,
}

impl<'a> From<&'a Commodity> for CommodityV1<'a> {
    fn from(c: &'a Commodity) -> Self {
        Self { no: c.no.get(), code: Cow::Borrowed(&c.code), scale: c.scale, kind: commodity_kind_no(c.kind), name: Cow::Borrowed(&c.name) }
    }
}

impl CommodityV1<'_> {
    pub(super) fn upcast(self) -> Result<Commodity, CodecError> {
        if self.scale > crate::limits::SCALE_MAX {
            return Err(CodecError::new(format!("{} is no scale of a commodity", self.scale)));
        }
        Ok(Commodity {
            no: CommodityNo::new(self.no),
            code: text(self.code),
            scale: self.scale,
            kind: commodity_kind_of(self.kind)?,
            name: text(self.name),
        })
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct AccountV1<'a> {
    no: u32,
    #[serde(borrow)]
    code: Cow<'a, str>,
    #[serde(borrow)]
    name: Cow<'a, str>,
    kind: u8,
    sub_type: u8,
    contra: bool,
    summary: bool,
    parent: Option<u32>,
}

impl<'a> From<&'a Account> for AccountV1<'a> {
    fn from(a: &'a Account) -> Self {
        Self {
            no: a.no.get(),
            code: Cow::Borrowed(&a.code),
            name: Cow::Borrowed(&a.name),
            kind: account_type_no(a.kind),
            sub_type: a.sub_type.number(),
            contra: a.contra,
            summary: a.summary,
            parent: a.parent.map(AccountNo::get),
        }
    }
}

impl AccountV1<'_> {
    pub(super) fn upcast(self) -> Result<Account, CodecError> {
        Ok(Account {
            no: AccountNo::new(self.no),
            code: text(self.code),
            name: text(self.name),
            kind: account_type_of(self.kind)?,
            sub_type: sub_type_of(self.sub_type)?,
            contra: self.contra,
            summary: self.summary,
            parent: self.parent.map(AccountNo::new),
            status: AccountStatus::Open,
            conditions: Vec::new(),
        })
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct ConditionV1 {
    currency: u16,
    min: Option<i128>,
    max: Option<i128>,
}

impl From<&BalanceCondition> for ConditionV1 {
    fn from(c: &BalanceCondition) -> Self {
        Self { currency: c.currency.get(), min: c.min, max: c.max }
    }
}

impl ConditionV1 {
    pub(super) fn upcast(self) -> BalanceCondition {
        BalanceCondition { currency: CommodityNo::new(self.currency), min: self.min, max: self.max }
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct RateV1<'a> {
    base: u16,
    quote: u16,
    kind: u8,
    date: i32,
    rate: DecimalV1,
    #[serde(borrow)]
    source: Cow<'a, str>,
}

impl<'a> From<&'a QuotedRate> for RateV1<'a> {
    fn from(r: &'a QuotedRate) -> Self {
        Self {
            base: r.base.get(),
            quote: r.quote.get(),
            kind: rate_type_no(r.kind),
            date: days(r.date),
            rate: decimal_parts(r.rate),
            source: Cow::Borrowed(&r.source),
        }
    }
}

impl RateV1<'_> {
    pub(super) fn upcast(self) -> Result<QuotedRate, CodecError> {
        Ok(QuotedRate {
            base: CommodityNo::new(self.base),
            quote: CommodityNo::new(self.quote),
            kind: rate_type_of(self.kind)?,
            date: date(self.date)?,
            rate: decimal(self.rate)?,
            source: text(self.source),
        })
    }
}

type TagsV1<'a> = Vec<(Cow<'a, str>, Cow<'a, str>)>;

#[derive(Serialize, Deserialize)]
struct EntryV1<'a> {
    date: i32,
    kind: u8,
    #[serde(borrow)]
    description: Cow<'a, str>,
    #[serde(borrow)]
    external_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    tags: TagsV1<'a>,
    reverses: Option<Seq>,
    corrects: Option<Seq>,
    #[serde(borrow)]
    lines: SmallVec<[LineV1<'a>; 4]>,
}

#[derive(Serialize, Deserialize)]
struct LineV1<'a> {
    account: u32,
    currency: u16,
    units: i128,
    functional: FunctionalV1,
    #[serde(borrow)]
    detail: Option<Box<DetailV1<'a>>>,
}

/// Numbered by position: 0, 1, 2.
#[derive(Serialize, Deserialize)]
enum FunctionalV1 {
    None,
    SameAsTransaction,
    Units(i128),
}

#[derive(Serialize, Deserialize)]
struct DetailV1<'a> {
    #[serde(borrow)]
    rate: Option<EvidenceV1<'a>>,
    weight: Option<(i128, u16)>,
    #[serde(borrow)]
    party: Option<Cow<'a, str>>,
    #[serde(borrow)]
    document: Option<Cow<'a, str>>,
    due_date: Option<i32>,
    #[serde(borrow)]
    tax_code: Option<Cow<'a, str>>,
    #[serde(borrow)]
    tags: TagsV1<'a>,
    #[serde(borrow)]
    memo: Option<Cow<'a, str>>,
}

#[derive(Serialize, Deserialize)]
struct EvidenceV1<'a> {
    rate: DecimalV1,
    quote: u16,
    kind: u8,
    date: Option<i32>,
    #[serde(borrow)]
    source: Cow<'a, str>,
}

impl<'a> From<&'a BalancedEntry> for EntryV1<'a> {
    fn from(entry: &'a BalancedEntry) -> Self {
        let header = entry.header();
        Self {
            date: days(header.effective_date),
            kind: entry_kind_no(header.kind),
            description: Cow::Borrowed(&header.description),
            external_id: borrowed(header.external_id.as_ref()),
            tags: borrowed_tags(&header.tags),
            reverses: header.reverses,
            corrects: header.corrects,
            lines: entry.lines().iter().map(LineV1::from).collect(),
        }
    }
}

impl<'a> From<&'a Line> for LineV1<'a> {
    fn from(line: &'a Line) -> Self {
        let units = line.money.units();
        let functional = match line.functional {
            None => FunctionalV1::None,
            Some(functional) if functional == units => FunctionalV1::SameAsTransaction,
            Some(functional) => FunctionalV1::Units(functional),
        };
        let detail = line.detail.as_deref().map(|detail| Box::new(DetailV1::from(detail)));
        Self { account: line.account.get(), currency: line.money.currency().get(), units, functional, detail }
    }
}

impl<'a> From<&'a LineDetail> for DetailV1<'a> {
    fn from(detail: &'a LineDetail) -> Self {
        Self {
            rate: detail.rate.as_ref().map(|rate| EvidenceV1 {
                rate: decimal_parts(rate.rate),
                quote: rate.quote.get(),
                kind: rate_type_no(rate.kind),
                date: rate.date.map(days),
                source: Cow::Borrowed(&rate.source),
            }),
            weight: detail.weight.map(|weight| (weight.units(), weight.currency().get())),
            party: borrowed(detail.party.as_ref()),
            document: borrowed(detail.document.as_ref()),
            due_date: detail.due_date.map(days),
            tax_code: borrowed(detail.tax_code.as_ref()),
            tags: borrowed_tags(&detail.tags),
            memo: borrowed(detail.memo.as_ref()),
        }
    }
}

impl EntryV1<'_> {
    /// The balance laws are checked again on reading: bytes that do not balance are corruption, not an entry.
    /// The functional currency is always commodity 1.
    fn upcast(self) -> Result<BalancedEntry, CodecError> {
        let header = EntryHeader {
            effective_date: date(self.date)?,
            kind: entry_kind_of(self.kind)?,
            description: text(self.description),
            external_id: self.external_id.map(text),
            tags: owned_tags(self.tags),
            reverses: self.reverses,
            corrects: self.corrects,
        };
        let lines = self.lines.into_iter().map(LineV1::upcast).collect::<Result<Vec<_>, _>>()?;
        BalancedEntry::new(header, lines, crate::book::FUNCTIONAL)
            .map_err(|unbalanced| CodecError::new(format!("the stored entry does not balance: {unbalanced}")))
    }
}

impl LineV1<'_> {
    fn upcast(self) -> Result<Line, CodecError> {
        let in_range = |units: i128| {
            let fits = units.checked_abs().is_some_and(|magnitude| magnitude <= crate::limits::BALANCE_UNITS_MAX);
            fits.then_some(units).ok_or_else(|| CodecError::new("an amount is out of range"))
        };
        let units = in_range(self.units)?;
        let functional = match self.functional {
            FunctionalV1::None => None,
            FunctionalV1::SameAsTransaction => Some(units),
            FunctionalV1::Units(functional) => Some(in_range(functional)?),
        };
        let detail = self.detail.map(|detail| detail.upcast().map(Box::new)).transpose()?;
        let money = Money::new(units, CommodityNo::new(self.currency));
        Ok(Line { account: AccountNo::new(self.account), money, functional, detail })
    }
}

impl DetailV1<'_> {
    fn upcast(self) -> Result<LineDetail, CodecError> {
        Ok(LineDetail {
            rate: self.rate.map(EvidenceV1::upcast).transpose()?,
            weight: self.weight.map(|(units, currency)| Money::new(units, CommodityNo::new(currency))),
            party: self.party.map(text),
            document: self.document.map(text),
            due_date: self.due_date.map(date).transpose()?,
            tax_code: self.tax_code.map(text),
            tags: owned_tags(self.tags),
            memo: self.memo.map(text),
        })
    }
}

impl EvidenceV1<'_> {
    fn upcast(self) -> Result<RateEvidence, CodecError> {
        Ok(RateEvidence {
            rate: decimal(self.rate)?,
            quote: CommodityNo::new(self.quote),
            kind: rate_type_of(self.kind)?,
            date: self.date.map(date).transpose()?,
            source: text(self.source),
        })
    }
}

fn text(value: Cow<'_, str>) -> Text {
    Text::from(value.as_ref())
}

fn borrowed(value: Option<&Text>) -> Option<Cow<'_, str>> {
    value.map(|value| Cow::Borrowed(value.as_str()))
}

fn borrowed_tags(tags: &[(Text, Text)]) -> TagsV1<'_> {
    tags.iter().map(|(key, value)| (Cow::Borrowed(key.as_str()), Cow::Borrowed(value.as_str()))).collect()
}

fn owned_tags(tags: TagsV1<'_>) -> Vec<(Text, Text)> {
    tags.into_iter().map(|(key, value)| (text(key), text(value))).collect()
}
