//! Arbitrary events: every kind, every field, biased to edges.

#![allow(dead_code, reason = "each test file that includes this module uses its own part of it")]

#[path = "../governed/mod.rs"]
mod governed;

use chrono::{Days, NaiveDate};
use ledger_core::book::{FUNCTIONAL, Valuation};
use ledger_core::entry::EntryHeader;
use ledger_core::event::Proposed;
use ledger_core::limits::BALANCE_UNITS_MAX;
use ledger_core::rounding::Rounding;
use ledger_core::subledger::commission::{DatedRule, Rule, Tier, Trigger};
use ledger_core::subledger::{
    Attachment, DeferralMethod, DeferralTerms, DocumentLine, Instalment, InvoiceTerms, Origin, Revaluation, Revalued, RevaluedTarget,
    TaxRounding, TaxRow, Terms, TermsPart,
};
use ledger_core::subledger::{
    ClawBack, CommissionAccrual, CommissionAssignment, CommissionPlan, Deferral, DeferralPart, Payout, RecognisedPart, TaxCode,
    TaxComponent,
};
use ledger_core::{
    Account, AccountNo, AccountStatus, AccountType, Activity, Actor, ActorKind, ActorNo, Allocation, BalanceCondition, BalancedEntry,
    Commodity, CommodityKind, CommodityNo, Document, DocumentKind, EntryKind, Event, ItemId, Line, LineDetail, Money, Month, Party,
    PartyKind, PartyNo, PeriodStatus, QuotedRate, RateEvidence, RateType, Side, SubType,
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
            activity: None,
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

fn side() -> BoxedStrategy<Side> {
    select(Side::ALL).boxed()
}

fn money() -> BoxedStrategy<Money> {
    (units(), commodity_no()).prop_map(|(units, currency)| Money::new(units, currency)).boxed()
}

fn item_id() -> BoxedStrategy<ItemId> {
    (seq(), number()).prop_map(|(seq, line)| ItemId { seq, line }).boxed()
}

fn terms() -> BoxedStrategy<Terms> {
    let part = (rate(), any::<u16>()).prop_map(|(share, days)| TermsPart { share, days });
    proptest::collection::vec(part, 0..4).prop_map(|parts| Terms { parts }).boxed()
}

fn party() -> BoxedStrategy<Box<Party>> {
    let accounts = (of(account_no()), of(account_no()));
    (number(), text(), select(PartyKind::ALL), terms(), of(commodity_no()), accounts, tags())
        .prop_map(|(no, code, kind, terms, currency, (receivable, payable), tags)| {
            Box::new(Party { no: PartyNo::new(no), code, kind, terms, currency, receivable, payable, tags })
        })
        .boxed()
}

fn document_line() -> BoxedStrategy<DocumentLine> {
    let deferral = (date(), date(), select(DeferralMethod::ALL), account_no()).prop_map(|(start, end, method, account)| DeferralTerms {
        start,
        end,
        method,
        account,
    });
    (text(), rate(), rate(), units(), account_no(), of(text()), tags(), of(deferral))
        .prop_map(|(description, quantity, unit_price, net, account, tax_code, tags, deferral)| DocumentLine {
            description,
            quantity,
            unit_price,
            net,
            account,
            tax_code,
            tags,
            deferral,
        })
        .boxed()
}

fn tax_row() -> BoxedStrategy<TaxRow> {
    let amounts = (units(), units(), units());
    (of(number()), (text(), text(), text()), rate(), amounts, account_no(), any::<bool>())
        .prop_map(|(line, (code, component, report_box), rate, (base, tax, recoverable), account, reverse_charge)| TaxRow {
            line,
            code,
            component,
            report_box,
            rate,
            base,
            tax,
            recoverable,
            account,
            reverse_charge,
        })
        .boxed()
}

fn document() -> BoxedStrategy<Box<Document>> {
    use proptest::collection::vec as list;
    let names = (select(DocumentKind::ALL), side(), text(), of(seq()), text(), number().prop_map(PartyNo::new), date(), commodity_no());
    let others = (of(text()), of(seq()), of(seq()), of(account_no()), text(), tags());
    let rounding = (select(TaxRounding::ALL), select(vec![Rounding::HalfEven, Rounding::HalfUp]), any::<bool>(), units());
    let instalment = (date(), units()).prop_map(|(due, amount)| Instalment { due, amount });
    let attachment = (any::<[u8; 32]>(), text(), text()).prop_map(|(hash, media_type, name)| Attachment { hash, media_type, name });
    let origin = (text(), of(rate())).prop_map(|(channel, confidence)| Origin { channel, confidence });
    let asked =
        (of(terms()), of(date()), of(account_no())).prop_map(|(terms, due, control)| Box::new(InvoiceTerms { terms, due, control }));
    let lists = (list(document_line(), 0..3), list(tax_row(), 0..3), list(instalment, 0..3), list(attachment, 0..2), of(origin), of(asked));
    (names, others, rounding, lists)
        .prop_map(|(names, others, rounding, lists)| {
            let (kind, side, series, ordinal, number, party, date, currency) = names;
            let (reference, order, relates_to, cash_account, memo, tags) = others;
            let (tax_rounding, rounding, tax_included, total) = rounding;
            let (lines, tax, instalments, attachments, origin, invoice_terms) = lists;
            Box::new(Document {
                kind,
                side,
                series,
                ordinal,
                number,
                party,
                date,
                currency,
                reference,
                order,
                relates_to,
                lines,
                tax,
                tax_rounding,
                rounding,
                tax_included,
                total,
                instalments,
                cash_account,
                memo,
                tags,
                attachments,
                origin,
                invoice_terms,
            })
        })
        .boxed()
}

fn allocation() -> BoxedStrategy<Box<Allocation>> {
    (date(), item_id(), item_id(), money(), money(), (units(), units(), units()))
        .prop_map(|(date, from, to, taken, settled, (functional_from, functional_to, realised))| {
            Box::new(Allocation { date, from, to, taken, settled, functional_from, functional_to, realised })
        })
        .boxed()
}

fn revaluation() -> BoxedStrategy<Box<Revaluation>> {
    let target = prop_oneof![item_id().prop_map(RevaluedTarget::Item), account_no().prop_map(RevaluedTarget::Holding)];
    let revalued = (target, money(), units(), units()).prop_map(|(target, money, carried, adjustment)| Revalued {
        target,
        money,
        carried,
        adjustment,
    });
    let rates = proptest::collection::vec((commodity_no(), rate()), 0..3);
    (date(), rates, proptest::collection::vec(revalued, 0..4))
        .prop_map(|(date, rates, revalued)| Box::new(Revaluation { date, rates, revalued }))
        .boxed()
}

/// The events of the sub-ledgers.
fn subledger_event() -> BoxedStrategy<Event> {
    prop_oneof![
        1 => party().prop_map(Event::PartyRegistered),
        1 => party().prop_map(Event::PartyChanged),
        1 => (account_no(), side()).prop_map(|(no, side)| Event::ControlAccountSet { no, side }),
        3 => (document(), of(entry())).prop_map(|(document, entry)| Event::DocumentRecorded { document, entry }),
        1 => (allocation(), of(entry())).prop_map(|(allocation, entry)| Event::ItemsAllocated { allocation, entry }),
        1 => (seq(), date(), text(), of(entry()))
            .prop_map(|(allocation, date, reason, entry)| Event::AllocationReversed { allocation, date, reason, entry }),
        1 => (revaluation(), entry()).prop_map(|(revaluation, entry)| Event::ItemsRevalued { revaluation, entry }),
        1 => (seq(), entry()).prop_map(|(revaluation, entry)| Event::RevaluationReversed { revaluation, entry }),
        3 => agreed_event(),
    ]
    .boxed()
}

fn deferral_part() -> BoxedStrategy<DeferralPart> {
    (date(), units(), units()).prop_map(|(date, units, functional)| DeferralPart { date, units, functional }).boxed()
}

fn deferral() -> BoxedStrategy<Box<Deferral>> {
    (item_id(), account_no(), account_no(), commodity_no(), tags(), proptest::collection::vec(deferral_part(), 0..4))
        .prop_map(|(id, deferred, target, currency, tags, parts)| Box::new(Deferral { id, deferred, target, currency, tags, parts }))
        .boxed()
}

fn tax_code() -> BoxedStrategy<Box<TaxCode>> {
    let days = (of(date()), of(date()), any::<bool>(), any::<bool>());
    let component = (text(), rate(), days, account_no(), rate(), of(account_no()), text()).prop_map(
        |(name, rate, (from, to, compound, withheld), account, recoverable, reverse_charge, report_box)| TaxComponent {
            name,
            rate,
            from,
            to,
            compound,
            account,
            recoverable,
            reverse_charge,
            withheld,
            report_box,
        },
    );
    (text(), text(), proptest::collection::vec(component, 0..3))
        .prop_map(|(code, name, components)| Box::new(TaxCode { code, name, components }))
        .boxed()
}

fn plan() -> BoxedStrategy<Box<CommissionPlan>> {
    let tiers = proptest::collection::vec((units(), rate()).prop_map(|(from, percent)| Tier { from, percent }), 0..3);
    let rule = prop_oneof![
        units().prop_map(Rule::Flat),
        rate().prop_map(Rule::Percent),
        (tiers, any::<bool>()).prop_map(|(tiers, retroactive)| Rule::Tiers { tiers, retroactive }),
    ];
    let dated = (date(), of(date()), rule).prop_map(|(from, to, rule)| DatedRule { from, to, rule });
    (text(), select(Trigger::ALL), proptest::collection::vec(dated, 0..3), account_no(), account_no())
        .prop_map(|(code, trigger, rules, expense, accrued)| Box::new(CommissionPlan { code, trigger, rules, expense, accrued }))
        .boxed()
}

fn accrual() -> BoxedStrategy<Box<CommissionAccrual>> {
    let who = (text(), date(), number().prop_map(PartyNo::new), seq(), date());
    (who, commodity_no(), units(), units(), account_no(), account_no())
        .prop_map(|((plan, rule_from, payee, document, date), currency, base, earned, expense, accrued)| {
            Box::new(CommissionAccrual { plan, rule_from, payee, document, date, currency, base, earned, expense, accrued })
        })
        .boxed()
}

/// Deferrals, tax codes, commissions.
fn agreed_event() -> BoxedStrategy<Event> {
    let parts =
        proptest::collection::vec((item_id(), deferral_part()).prop_map(|(deferral, part)| RecognisedPart { deferral, part }), 0..4);
    let claw_back =
        (seq(), seq(), units(), units()).prop_map(|(accrual, document, base, amount)| ClawBack { accrual, document, base, amount });
    let payout = (number().prop_map(PartyNo::new), text(), date(), proptest::collection::vec((seq(), units()), 0..3))
        .prop_map(|(payee, number, date, parts)| Box::new(Payout { payee, number, date, parts }));
    let payee = || number().prop_map(PartyNo::new);
    let assignment = (text(), payee(), of(payee()), date(), of(date()))
        .prop_map(|(plan, payee, customer, from, to)| CommissionAssignment { plan, payee, customer, from, to });
    prop_oneof![
        deferral().prop_map(Event::DeferralScheduled),
        (parts, entry()).prop_map(|(parts, entry)| Event::DeferralsRecognised { parts, entry }),
        (deferral(), seq()).prop_map(|(deferral, by)| Event::DeferralCancelled { deferral, by }),
        tax_code().prop_map(Event::TaxCodeDefined),
        plan().prop_map(Event::CommissionPlanDefined),
        (accrual(), of(entry())).prop_map(|(accrual, entry)| Event::CommissionAccrued { accrual, entry }),
        (claw_back, of(entry())).prop_map(|(claw_back, entry)| Event::CommissionClawedBack { claw_back, entry }),
        assignment.prop_map(|assignment| Event::CommissionAssigned(Box::new(assignment))),
        (payout, entry()).prop_map(|(payout, entry)| Event::CommissionsPaidOut { payout, entry }),
    ]
    .boxed()
}

/// Agents, drafts and approvals: the samples, some of their fields anything.
fn governed_event() -> BoxedStrategy<Event> {
    use ledger_core::approvals::{AiSource, DraftSource, Drafted, SourceKind, Vote};
    let samples: Vec<Event> = governed::events().into_iter().map(|(_, event)| event).collect();
    let texts = || proptest::collection::vec(text(), 0..3);
    let hash = any::<[u8; 32]>;
    let source = prop_oneof![
        Just(DraftSource::Person),
        text().prop_map(|channel| DraftSource::Import { channel }),
        (number(), text(), hash(), texts(), of(text())).prop_map(|(agent, model, prompt_hash, evidence, acted_for)| {
            let agent = ledger_core::approvals::AgentNo::new(agent);
            DraftSource::Ai(Box::new(AiSource { agent, model, prompt_hash, evidence, acted_for }))
        }),
    ];
    let said = (text(), text(), of(rate()), text());
    let drafted = (select(governed::proposals()), hash(), source, said, any::<i64>(), units()).prop_map(
        |(content, hash, source, (by, kind, confidence, rationale), at, amount)| {
            let at = ledger_core::Timestamp(at);
            Event::Drafted(Box::new(Drafted { content, hash, source, by, kind, confidence, rationale, at, amount }))
        },
    );
    let varied = (select(samples), texts(), text(), units(), of(rate()), (seq(), select(Vote::ALL), select(SourceKind::ALL)));
    let varied = varied.prop_map(|(mut event, list, said, units, sure, (place, vote, source))| {
        match &mut event {
            Event::AgentRegistered(agent) | Event::AgentChanged(agent) => {
                (agent.tools, agent.configuration, agent.budget) = (list, said, sure);
            }
            Event::AgentRan(run) => (run.evidence, run.error, run.confidence, run.tokens_in) = (list, Some(said), sure, place),
            Event::DraftCorrected(correction) => (correction.reason, correction.draft, correction.amount) = (said, place, units),
            Event::DraftRejected { draft, reason, .. } | Event::DraftWithdrawn { draft, reason, .. } => (*draft, *reason) = (place, said),
            Event::DraftPosted(posted) => (posted.event, posted.approvers) = (place, list),
            Event::ApprovalPolicySet(policy) => (policy.terms.code, policy.terms.when.amount_from) = (said, sure),
            Event::ApprovalRequested(requested) => {
                (requested.facts.amount, requested.facts.source, requested.draft) = (units, source, place);
                requested.steps.iter_mut().for_each(|step| step.eligible.clone_from(&list));
            }
            Event::ApprovalVoted(voted) => (voted.comment, voted.vote, voted.request) = (said, vote, place),
            Event::ApprovalEscalated { added, .. } => *added = list,
            _ => {}
        }
        event
    });
    prop_oneof![varied, drafted].boxed()
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
        1 => (account_no(), of(select(Activity::ALL.to_vec()))).prop_map(|(no, activity)| Event::AccountActivitySet { no, activity }),
        1 => (commodity_no(), commodity_no(), rate_type(), date(), rate(), text()).prop_map(|(base, quote, kind, date, rate, source)| {
            Event::RateRecorded(QuotedRate { base, quote, kind, date, rate, source })
        }),
        4 => entry().prop_map(Event::EntryPosted),
        2 => (text(), entry()).prop_map(|(reason, entry)| Event::EntryReversed { reason, entry }),
        1 => (month(), period, text()).prop_map(|(month, status, reason)| Event::PeriodClosed { month, status, reason }),
        1 => (month(), text()).prop_map(|(month, reason)| Event::PeriodReopened { month, reason }),
        8 => subledger_event(),
        4 => governed_event(),
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
