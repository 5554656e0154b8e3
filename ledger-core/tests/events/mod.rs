//! Arbitrary events: every kind, every field, biased to edges.

#![allow(dead_code, reason = "each test file that includes this module uses its own part of it")]

use chrono::{Days, NaiveDate};
use ledger_core::book::{FUNCTIONAL, Valuation};
use ledger_core::entry::EntryHeader;
use ledger_core::event::Proposed;
use ledger_core::limits::BALANCE_UNITS_MAX;
use ledger_core::{
    Account, AccountNo, AccountStatus, AccountType, Actor, ActorKind, ActorNo, BalanceCondition, BalancedEntry, Commodity, CommodityKind,
    CommodityNo, EntryKind, Event, Line, LineDetail, Money, Month, PeriodStatus, QuotedRate, RateEvidence, RateType, SubType,
};
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;
use rust_decimal::Decimal;
use uuid::Uuid;

pub(crate) fn text() -> BoxedStrategy<ledger_core::Text> {
    let lengths = prop_oneof![4 => 0_usize..30, 1 => select(vec![23, 24, 25, 249, 250, 251, 252, 300])];
    (lengths, select(vec!["a", "é", "記", " ", "\n"])).prop_map(|(length, unit)| unit.repeat(length).into()).boxed()
}

pub(crate) fn units() -> BoxedStrategy<i128> {
    let edges = vec![0, 1, 124, 125, 126, 127, 32_767, 32_768, 1 << 31, 1 << 32, 1 << 63, 1 << 64, BALANCE_UNITS_MAX / 8];
    (prop_oneof![select(edges), 0..1_000_000_i128, 0..BALANCE_UNITS_MAX / 8], any::<bool>())
        .prop_map(|(units, negative)| if negative { -units } else { units })
        .boxed()
}

pub(crate) fn date() -> BoxedStrategy<NaiveDate> {
    let near = (0_u64..20_000).prop_map(|days| NaiveDate::default() + Days::new(days));
    prop_oneof![4 => near, 1 => select(vec![NaiveDate::MIN, NaiveDate::MAX, NaiveDate::default()])].boxed()
}

pub(crate) fn rate() -> BoxedStrategy<Decimal> {
    let mantissa = prop_oneof![1..1_000_000_i128, select(vec![1, (1_i128 << 96) - 1])];
    (mantissa, 0_u32..29).prop_map(|(mantissa, scale)| Decimal::from_i128_with_scale(mantissa, scale)).boxed()
}

fn tags() -> BoxedStrategy<Vec<(ledger_core::Text, ledger_core::Text)>> {
    proptest::collection::vec((text(), text()), 0..3).boxed()
}

fn number() -> BoxedStrategy<u32> {
    prop_oneof![0_u32..300, select(vec![250, 251, 65_535, 65_536, u32::MAX])].boxed()
}

fn commodity_no() -> BoxedStrategy<CommodityNo> {
    prop_oneof![1_u16..4, select(vec![250, 251, u16::MAX])].prop_map(CommodityNo::new).boxed()
}

fn account_no() -> BoxedStrategy<AccountNo> {
    number().prop_map(AccountNo::new).boxed()
}

fn rate_type() -> BoxedStrategy<RateType> {
    select(vec![RateType::Spot, RateType::Average, RateType::Closing]).boxed()
}

fn seq() -> BoxedStrategy<u64> {
    prop_oneof![0_u64..300, select(vec![65_536, u64::from(u32::MAX) + 1, u64::MAX])].boxed()
}

fn detail() -> BoxedStrategy<Option<Box<LineDetail>>> {
    let evidence = (rate(), commodity_no(), rate_type(), of(date()), text()).prop_map(|(rate, quote, kind, date, source)| RateEvidence {
        rate,
        quote,
        kind,
        date,
        source,
    });
    let weight = (units(), commodity_no()).prop_map(|(units, currency)| Money::new(units, currency));
    let texts = (of(text()), of(text()), of(text()), of(text()));
    let detail = (of(evidence), of(weight), texts, of(date()), tags()).prop_map(|(rate, weight, texts, due_date, tags)| {
        let (party, document, tax_code, memo) = texts;
        Box::new(LineDetail { rate, weight, party, document, due_date, tax_code, tags, memo })
    });
    proptest::option::weighted(0.3, detail).boxed()
}

/// Lines in pairs that cancel out; foreign ones with or without a value.
fn lines() -> BoxedStrategy<Vec<Line>> {
    let pair = (account_no(), account_no(), commodity_no(), units(), of(units()), detail(), detail());
    proptest::collection::vec(pair, 1..4)
        .prop_map(|pairs| {
            let mut lines = Vec::new();
            for (debit, credit, currency, units, value, one, other) in pairs {
                // Values are optional per commodity: the odd ones have them, and one's own is the amount itself.
                let valued = currency == FUNCTIONAL || currency.get() % 2 == 1;
                let value = valued.then(|| if currency == FUNCTIONAL { units } else { value.unwrap_or(units) });
                let line = |account, units, functional, detail| Line { account, money: Money::new(units, currency), functional, detail };
                lines.push(line(debit, units, value, one));
                lines.push(line(credit, -units, value.map(|value| -value), other));
            }
            lines
        })
        .boxed()
}

pub(crate) fn entry() -> BoxedStrategy<BalancedEntry> {
    let kinds = vec![EntryKind::Ordinary, EntryKind::Opening, EntryKind::Closing, EntryKind::Adjusting, EntryKind::Reversal];
    (date(), select(kinds), text(), of(text()), tags(), of(seq()), of(seq()), lines())
        .prop_map(|(effective_date, kind, description, external_id, tags, reverses, corrects, lines)| {
            let header = EntryHeader { effective_date, kind, description, external_id, tags, reverses, corrects };
            BalancedEntry::new(header, lines, FUNCTIONAL).unwrap()
        })
        .boxed()
}

fn account() -> BoxedStrategy<Account> {
    (account_no(), text(), text(), select(AccountType::ALL.to_vec()), select(SubType::ALL), any::<(bool, bool)>(), of(account_no()))
        .prop_map(|(no, code, name, kind, sub_type, (contra, summary), parent)| Account {
            no,
            code,
            name,
            kind,
            sub_type,
            contra,
            summary,
            parent,
            status: AccountStatus::Open,
            conditions: Vec::new(),
        })
        .boxed()
}

fn actor() -> BoxedStrategy<Actor> {
    let kinds = vec![ActorKind::User, ActorKind::ApiKey, ActorKind::Agent, ActorKind::System];
    (select(kinds), text()).prop_map(|(kind, identity)| Actor { kind, identity }).boxed()
}

fn commodity() -> BoxedStrategy<Commodity> {
    (commodity_no(), text(), 0_u8..19, any::<bool>(), text())
        .prop_map(|(no, code, scale, iso, name)| {
            let kind = if iso { CommodityKind::Iso4217 } else { CommodityKind::Custom };
            Commodity { no, code, scale, kind, name }
        })
        .boxed()
}

fn condition() -> BoxedStrategy<BalanceCondition> {
    (commodity_no(), of(units()), of(units())).prop_map(|(currency, min, max)| BalanceCondition { currency, min, max }).boxed()
}

pub(crate) fn event() -> BoxedStrategy<Event> {
    let valuation = select(vec![Valuation::Required, Valuation::ByCommodity]);
    let status = select(vec![AccountStatus::Open, AccountStatus::Locked, AccountStatus::Closed]);
    let period = select(vec![PeriodStatus::Open, PeriodStatus::SoftClosed, PeriodStatus::HardClosed]);
    let month = || any::<i32>().prop_map(Month::from_ordinal);
    prop_oneof![
        1 => (any::<u128>(), text(), commodity_no(), valuation).prop_map(|(org, name, functional, valuation)| {
            Event::OrganizationCreated { org: Uuid::from_u128(org), name, functional, valuation }
        }),
        1 => (number(), actor()).prop_map(|(no, actor)| Event::ActorRegistered { no: ActorNo(no), actor }),
        1 => commodity().prop_map(Event::CommodityDefined),
        1 => account().prop_map(Event::AccountOpened),
        1 => (account_no(), text(), select(SubType::ALL), of(account_no()))
            .prop_map(|(no, name, sub_type, parent)| Event::AccountChanged { no, name, sub_type, parent }),
        1 => (account_no(), status, text()).prop_map(|(no, status, reason)| Event::AccountStatusChanged { no, status, reason }),
        1 => (account_no(), proptest::collection::vec(condition(), 0..3))
            .prop_map(|(no, conditions)| Event::AccountConditionsSet { no, conditions }),
        1 => (commodity_no(), commodity_no(), rate_type(), date(), rate(), text()).prop_map(|(base, quote, kind, date, rate, source)| {
            Event::RateRecorded(QuotedRate { base, quote, kind, date, rate, source })
        }),
        4 => entry().prop_map(Event::EntryPosted),
        2 => (text(), entry()).prop_map(|(reason, entry)| Event::EntryReversed { reason, entry }),
        1 => (month(), period, text()).prop_map(|(month, status, reason)| Event::PeriodClosed { month, status, reason }),
        1 => (month(), text()).prop_map(|(month, reason)| Event::PeriodReopened { month, reason }),
    ]
    .boxed()
}

pub(crate) fn proposed() -> BoxedStrategy<Proposed> {
    (number(), of(any::<u128>()), of(seq()), event())
        .prop_map(|(actor, correlation, causation, event)| Proposed {
            actor: ActorNo(actor),
            correlation: correlation.map(Uuid::from_u128),
            causation,
            event,
        })
        .boxed()
}
