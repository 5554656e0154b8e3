//! The forms in which events are stored, one per kind and version, converted by hand so that a rename or a new
//! field in the core cannot change history. The form of entries is in [`super::entry`].
//!
//! Numbers of kinds, of enum values and the order of fields are promises: add, never change. A new version of
//! a body gets a new number and a new type here; the old type stays, and its conversion is the upcast.

use chrono::{Days, NaiveDate};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::bytes::{Reader, put_str};
use super::entry::{self, put_entry};
use super::{CodecError, agreed, document, governed, read, subledger, write};
use crate::Text;
use crate::account::{Account, AccountNo, AccountStatus, AccountType, Activity, BalanceCondition, SubType};
use crate::actor::{Actor, ActorKind, ActorNo};
use crate::book::Valuation;
use crate::commodity::{Commodity, CommodityKind, CommodityNo};
use crate::entry::EntryKind;
use crate::event::Event;
use crate::period::{Month, PeriodStatus};
use crate::rate::{QuotedRate, RateType};

/// Kinds: type and version in one number. Never reused.
mod kind {
    pub(super) const ORGANIZATION_CREATED_V1: u16 = 1;
    pub(super) const ACTOR_REGISTERED_V1: u16 = 2;
    pub(super) const COMMODITY_DEFINED_V1: u16 = 3;
    pub(super) const ACCOUNT_OPENED_V1: u16 = 10;
    pub(super) const ACCOUNT_CHANGED_V1: u16 = 11;
    pub(super) const ACCOUNT_STATUS_CHANGED_V1: u16 = 12;
    pub(super) const ACCOUNT_CONDITIONS_SET_V1: u16 = 13;
    pub(super) const ACCOUNT_ACTIVITY_SET_V1: u16 = 14;
    pub(super) const RATE_RECORDED_V1: u16 = 20;
    pub(super) const ENTRY_POSTED_V1: u16 = 30;
    pub(super) const ENTRY_REVERSED_V1: u16 = 31;
    pub(super) const PERIOD_CLOSED_V1: u16 = 40;
    pub(super) const PERIOD_REOPENED_V1: u16 = 41;
    pub(super) const PARTY_REGISTERED_V1: u16 = 50;
    pub(super) const PARTY_CHANGED_V1: u16 = 51;
    pub(super) const CONTROL_ACCOUNT_SET_V1: u16 = 52;
    pub(super) const DOCUMENT_RECORDED_V1: u16 = 60;
    pub(super) const DOCUMENT_RECORDED_V2: u16 = 61;
    pub(super) const ITEMS_ALLOCATED_V1: u16 = 70;
    pub(super) const ALLOCATION_REVERSED_V1: u16 = 71;
    pub(super) const ITEMS_REVALUED_V1: u16 = 80;
    pub(super) const REVALUATION_REVERSED_V1: u16 = 81;
    pub(super) const DEFERRAL_SCHEDULED_V1: u16 = 85;
    pub(super) const DEFERRALS_RECOGNISED_V1: u16 = 86;
    pub(super) const DEFERRAL_CANCELLED_V1: u16 = 87;
    pub(super) const TAX_CODE_DEFINED_V1: u16 = 90;
    pub(super) const COMMISSION_PLAN_DEFINED_V1: u16 = 95;
    pub(super) const COMMISSION_ACCRUED_V1: u16 = 96;
    pub(super) const COMMISSION_CLAWED_BACK_V1: u16 = 97;
    pub(super) const COMMISSIONS_PAID_OUT_V1: u16 = 98;
    pub(super) const COMMISSION_ASSIGNED_V1: u16 = 99;
    pub(super) const AGENT_REGISTERED_V1: u16 = 110;
    pub(super) const AGENT_CHANGED_V1: u16 = 111;
    pub(super) const AGENT_STATUS_SET_V1: u16 = 112;
    pub(super) const AGENT_RAN_V1: u16 = 113;
    pub(super) const AGENT_COSTS_BOOKED_V1: u16 = 114;
    pub(super) const AUTO_POSTING_STOPPED_V1: u16 = 115;
    pub(super) const DRAFTED_V1: u16 = 120;
    pub(super) const DRAFT_CORRECTED_V1: u16 = 121;
    pub(super) const DRAFT_REJECTED_V1: u16 = 122;
    pub(super) const DRAFT_WITHDRAWN_V1: u16 = 123;
    pub(super) const DRAFT_POSTED_V1: u16 = 124;
    pub(super) const APPROVAL_POLICY_SET_V1: u16 = 130;
    pub(super) const APPROVAL_REQUESTED_V1: u16 = 131;
    pub(super) const APPROVAL_VOTED_V1: u16 = 132;
    pub(super) const APPROVAL_DELEGATED_V1: u16 = 133;
    pub(super) const APPROVAL_ESCALATED_V1: u16 = 134;
    pub(super) const APPROVAL_REMINDED_V1: u16 = 135;
    pub(super) const APPROVAL_EXPIRED_V1: u16 = 136;
    pub(super) const APPROVAL_COMPLETED_V1: u16 = 137;
    pub(super) const APPROVAL_INVALIDATED_V1: u16 = 138;
    pub(super) const APPROVAL_OVERRIDDEN_V1: u16 = 139;
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
        Event::AccountActivitySet { .. } => kind::ACCOUNT_ACTIVITY_SET_V1,
        Event::RateRecorded(_) => kind::RATE_RECORDED_V1,
        Event::EntryPosted(_) => kind::ENTRY_POSTED_V1,
        Event::EntryReversed { .. } => kind::ENTRY_REVERSED_V1,
        Event::PeriodClosed { .. } => kind::PERIOD_CLOSED_V1,
        Event::PeriodReopened { .. } => kind::PERIOD_REOPENED_V1,
        Event::PartyRegistered(_) => kind::PARTY_REGISTERED_V1,
        Event::PartyChanged(_) => kind::PARTY_CHANGED_V1,
        Event::ControlAccountSet { .. } => kind::CONTROL_ACCOUNT_SET_V1,
        Event::DocumentRecorded { .. } => kind::DOCUMENT_RECORDED_V2,
        Event::ItemsAllocated { .. } => kind::ITEMS_ALLOCATED_V1,
        Event::AllocationReversed { .. } => kind::ALLOCATION_REVERSED_V1,
        Event::ItemsRevalued { .. } => kind::ITEMS_REVALUED_V1,
        Event::RevaluationReversed { .. } => kind::REVALUATION_REVERSED_V1,
        Event::DeferralScheduled(_) => kind::DEFERRAL_SCHEDULED_V1,
        Event::DeferralsRecognised { .. } => kind::DEFERRALS_RECOGNISED_V1,
        Event::DeferralCancelled { .. } => kind::DEFERRAL_CANCELLED_V1,
        Event::TaxCodeDefined(_) => kind::TAX_CODE_DEFINED_V1,
        Event::CommissionPlanDefined(_) => kind::COMMISSION_PLAN_DEFINED_V1,
        Event::CommissionAccrued { .. } => kind::COMMISSION_ACCRUED_V1,
        Event::CommissionClawedBack { .. } => kind::COMMISSION_CLAWED_BACK_V1,
        Event::CommissionsPaidOut { .. } => kind::COMMISSIONS_PAID_OUT_V1,
        Event::CommissionAssigned(_) => kind::COMMISSION_ASSIGNED_V1,
        Event::AgentRegistered(_) => kind::AGENT_REGISTERED_V1,
        Event::AgentChanged(_) => kind::AGENT_CHANGED_V1,
        Event::AgentStatusSet { .. } => kind::AGENT_STATUS_SET_V1,
        Event::AgentRan(_) => kind::AGENT_RAN_V1,
        Event::AgentCostsBooked { .. } => kind::AGENT_COSTS_BOOKED_V1,
        Event::AutoPostingStopped { .. } => kind::AUTO_POSTING_STOPPED_V1,
        Event::Drafted(_) => kind::DRAFTED_V1,
        Event::DraftCorrected(_) => kind::DRAFT_CORRECTED_V1,
        Event::DraftRejected { .. } => kind::DRAFT_REJECTED_V1,
        Event::DraftWithdrawn { .. } => kind::DRAFT_WITHDRAWN_V1,
        Event::DraftPosted(_) => kind::DRAFT_POSTED_V1,
        Event::ApprovalPolicySet(_) => kind::APPROVAL_POLICY_SET_V1,
        Event::ApprovalRequested(_) => kind::APPROVAL_REQUESTED_V1,
        Event::ApprovalVoted(_) => kind::APPROVAL_VOTED_V1,
        Event::ApprovalDelegated { .. } => kind::APPROVAL_DELEGATED_V1,
        Event::ApprovalEscalated { .. } => kind::APPROVAL_ESCALATED_V1,
        Event::ApprovalReminded { .. } => kind::APPROVAL_REMINDED_V1,
        Event::ApprovalExpired { .. } => kind::APPROVAL_EXPIRED_V1,
        Event::ApprovalCompleted { .. } => kind::APPROVAL_COMPLETED_V1,
        Event::ApprovalInvalidated { .. } => kind::APPROVAL_INVALIDATED_V1,
        Event::ApprovalOverridden { .. } => kind::APPROVAL_OVERRIDDEN_V1,
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
        Event::AccountActivitySet { no, activity } => write(out, &(no.get(), activity.map(activity_no))),
        Event::RateRecorded(rate) => write(out, &RateV1::from(rate)),
        Event::EntryPosted(entry) => {
            put_entry(out, entry);
            Ok(())
        }
        Event::EntryReversed { reason, entry } => {
            put_str(out, reason);
            put_entry(out, entry);
            Ok(())
        }
        Event::PeriodClosed { month, status, reason } => write(out, &(month.ordinal(), period_status_no(*status), reason.as_str())),
        Event::PeriodReopened { month, reason } => write(out, &(month.ordinal(), reason.as_str())),
        by_hand => {
            subledger::put_event(out, by_hand);
            Ok(())
        }
    }
}

/// Reads the body of any kind that was ever written, as today's event.
pub(super) fn read_body(kind: u16, from: &mut Reader<'_>) -> Result<Event, CodecError> {
    match kind {
        kind::ENTRY_POSTED_V1 => Ok(Event::EntryPosted(entry::entry(from)?)),
        kind::ENTRY_REVERSED_V1 => Ok(Event::EntryReversed { reason: from.text()?, entry: entry::entry(from)? }),
        kind::PARTY_REGISTERED_V1 => Ok(Event::PartyRegistered(Box::new(subledger::party(from)?))),
        kind::PARTY_CHANGED_V1 => Ok(Event::PartyChanged(Box::new(subledger::party(from)?))),
        kind::CONTROL_ACCOUNT_SET_V1 => Ok(Event::ControlAccountSet { no: AccountNo::new(from.number()?), side: subledger::side(from)? }),
        kind::DOCUMENT_RECORDED_V1 => subledger::document_recorded(from, document::document_v1),
        kind::DOCUMENT_RECORDED_V2 => subledger::document_recorded(from, document::document),
        kind::ITEMS_ALLOCATED_V1 => subledger::items_allocated(from),
        kind::ALLOCATION_REVERSED_V1 => subledger::allocation_reversed(from),
        kind::ITEMS_REVALUED_V1 => subledger::items_revalued(from),
        kind::REVALUATION_REVERSED_V1 => Ok(Event::RevaluationReversed { revaluation: from.number()?, entry: entry::entry(from)? }),
        kind::DEFERRAL_SCHEDULED_V1 => agreed::deferral_scheduled(from),
        kind::DEFERRALS_RECOGNISED_V1 => agreed::deferrals_recognised(from),
        kind::DEFERRAL_CANCELLED_V1 => agreed::deferral_cancelled(from),
        kind::TAX_CODE_DEFINED_V1 => Ok(Event::TaxCodeDefined(Box::new(agreed::tax_code(from)?))),
        kind::COMMISSION_PLAN_DEFINED_V1 => Ok(Event::CommissionPlanDefined(Box::new(agreed::plan(from)?))),
        kind::COMMISSION_ACCRUED_V1 => agreed::commission_accrued(from),
        kind::COMMISSION_CLAWED_BACK_V1 => agreed::commission_clawed_back(from),
        kind::COMMISSIONS_PAID_OUT_V1 => agreed::commissions_paid_out(from),
        kind::COMMISSION_ASSIGNED_V1 => Ok(Event::CommissionAssigned(Box::new(agreed::assignment(from)?))),
        110..=139 => read_governed(kind, from),
        _ => read_rare(kind, from),
    }
}

/// Agents, drafts and approvals.
fn read_governed(kind: u16, from: &mut Reader<'_>) -> Result<Event, CodecError> {
    match kind {
        kind::AGENT_REGISTERED_V1 => Ok(Event::AgentRegistered(Box::new(governed::agent(from)?))),
        kind::AGENT_CHANGED_V1 => Ok(Event::AgentChanged(Box::new(governed::agent(from)?))),
        kind::AGENT_STATUS_SET_V1 => governed::agent_status_set(from),
        kind::AGENT_RAN_V1 => Ok(Event::AgentRan(Box::new(governed::run(from)?))),
        kind::AGENT_COSTS_BOOKED_V1 => governed::agent_costs_booked(from),
        kind::AUTO_POSTING_STOPPED_V1 => governed::auto_posting_stopped(from),
        kind::DRAFTED_V1 => governed::drafted(from),
        kind::DRAFT_CORRECTED_V1 => governed::correction(from),
        kind::DRAFT_REJECTED_V1 => governed::draft_rejected(from),
        kind::DRAFT_WITHDRAWN_V1 => governed::draft_withdrawn(from),
        kind::DRAFT_POSTED_V1 => governed::posted(from),
        kind::APPROVAL_POLICY_SET_V1 => governed::approval_policy_set(from),
        kind::APPROVAL_REQUESTED_V1 => governed::approval_requested(from),
        kind::APPROVAL_VOTED_V1 => governed::approval_voted(from),
        kind::APPROVAL_DELEGATED_V1 => governed::approval_delegated(from),
        kind::APPROVAL_ESCALATED_V1 => governed::approval_escalated(from),
        kind::APPROVAL_REMINDED_V1 => governed::approval_reminded(from),
        kind::APPROVAL_EXPIRED_V1 => governed::approval_expired(from),
        kind::APPROVAL_COMPLETED_V1 => governed::approval_completed(from),
        kind::APPROVAL_INVALIDATED_V1 => governed::approval_invalidated(from),
        kind::APPROVAL_OVERRIDDEN_V1 => governed::approval_overridden(from),
        unknown => Err(CodecError::new(format!("event kind {unknown} is not known to this version; use a newer one"))),
    }
}

/// Bodies that bincode reads. What it accepts beyond the one encoding of a value is refused.
fn read_rare(kind: u16, from: &mut Reader<'_>) -> Result<Event, CodecError> {
    let before = from.rest;
    let event = read_with_bincode(kind, &mut from.rest)?;
    let mut canonical = Vec::with_capacity(before.len());
    write_body(&mut canonical, &event)?;
    let read = &before[..before.len() - from.rest.len()];
    if canonical == read { Ok(event) } else { Err(CodecError::new(format!("the event of kind {kind} is not in its shortest form"))) }
}

fn read_with_bincode(kind: u16, bytes: &mut &[u8]) -> Result<Event, CodecError> {
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
        kind::ACCOUNT_ACTIVITY_SET_V1 => {
            let (no, activity): (u32, Option<u8>) = read(bytes)?;
            Event::AccountActivitySet { no: AccountNo::new(no), activity: activity.map(activity_of).transpose()? }
        }
        kind::RATE_RECORDED_V1 => Event::RateRecorded(read::<RateV1>(bytes)?.upcast()?),
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
numbered!(activity_no, activity_of, Activity, "activity", {
    Activity::Operating = 0, Activity::Investing = 1, Activity::Financing = 2, Activity::NonCash = 3 });
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
    code: &'a str,
    scale: u8,
    kind: u8,
    name: &'a str,
}

impl<'a> From<&'a Commodity> for CommodityV1<'a> {
    fn from(c: &'a Commodity) -> Self {
        Self { no: c.no.get(), code: &c.code, scale: c.scale, kind: commodity_kind_no(c.kind), name: &c.name }
    }
}

impl CommodityV1<'_> {
    pub(super) fn upcast(self) -> Result<Commodity, CodecError> {
        if self.scale > crate::limits::SCALE_MAX {
            return Err(CodecError::new(format!("{} is no scale of a commodity", self.scale)));
        }
        Ok(Commodity {
            no: CommodityNo::new(self.no),
            code: Text::from(self.code),
            scale: self.scale,
            kind: commodity_kind_of(self.kind)?,
            name: Text::from(self.name),
        })
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct AccountV1<'a> {
    no: u32,
    code: &'a str,
    name: &'a str,
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
            code: &a.code,
            name: &a.name,
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
            code: Text::from(self.code),
            name: Text::from(self.name),
            kind: account_type_of(self.kind)?,
            sub_type: sub_type_of(self.sub_type)?,
            contra: self.contra,
            summary: self.summary,
            parent: self.parent.map(AccountNo::new),
            status: AccountStatus::Open,
            conditions: Vec::new(),
            activity: None,
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
    source: &'a str,
}

impl<'a> From<&'a QuotedRate> for RateV1<'a> {
    fn from(r: &'a QuotedRate) -> Self {
        Self {
            base: r.base.get(),
            quote: r.quote.get(),
            kind: rate_type_no(r.kind),
            date: days(r.date),
            rate: decimal_parts(r.rate),
            source: &r.source,
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
            source: Text::from(self.source),
        })
    }
}
