//! Agents, drafts and approvals with every field there and not there: for the frozen bytes and for arbitrary events.

#![allow(dead_code, reason = "each test file that includes this module uses its own part of it")]

use chrono::NaiveDate;
use ledger_core::approvals::{
    Agent, AgentNo, AgentRun, AgentType, AiSource, ApprovalPolicy, Autonomy, Correction, DraftSource, Drafted, Facts, FieldChange, Mode,
    OnTimeout, PolicyTerms, Posted, Predicate, Proposal, Requested, RequestedStep, Route, RunOutcome, SourceKind, Step, Subject, Vote,
    Voted,
};
use ledger_core::book::FUNCTIONAL;
use ledger_core::command::{
    AllocationTarget, DraftDeferral, DraftDocument, DraftDocumentLine, DraftValue, InvoiceOrder, ItemRef, PayOutCommissions, RecordPayment,
    Settles,
};
use ledger_core::draft::{DraftDetail, DraftRate};
use ledger_core::entry::EntryHeader;
use ledger_core::rounding::Rounding;
use ledger_core::subledger::{Attachment, DeferralMethod, Origin, TaxRounding, Terms};
use ledger_core::{
    AccountNo, AccountRef, AccountType, BalancedEntry, CommodityNo, DocumentKind, DraftEntry, DraftLine, EntryKind, Event, ItemId, Line,
    Money, Month, PeriodStatus, RateType, Side, Timestamp, Weight,
};
use rust_decimal::Decimal;
use uuid::Uuid;

/// 2026-01-31T00:00:00Z.
const AT: Timestamp = Timestamp(1_769_817_600_000_000);

fn day(month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, month, day).unwrap()
}

fn dec(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn entry() -> BalancedEntry {
    let line = |account, units| Line {
        account: AccountNo::new(account),
        money: Money::new(units, FUNCTIONAL),
        functional: Some(units),
        detail: None,
    };
    let header = EntryHeader {
        effective_date: day(1, 31),
        kind: EntryKind::Ordinary,
        description: "usage of clerk up to 2026-01".into(),
        external_id: None,
        tags: Vec::new(),
        reverses: None,
        corrects: None,
    };
    BalancedEntry::new(header, vec![line(7, 123), line(8, -123)], FUNCTIONAL).unwrap()
}

fn agent(no: u32) -> Agent {
    Agent {
        no: AgentNo::new(no),
        code: "clerk".into(),
        name: "Clerk".into(),
        kind: AgentType::Assistant,
        model: "model-1".into(),
        configuration: "".into(),
        capabilities: Vec::new(),
        tools: Vec::new(),
        autonomy: Autonomy::default(),
        currency: FUNCTIONAL,
        budget: None,
        expense: None,
        accrued: None,
    }
}

fn full_agent() -> Agent {
    Agent {
        kind: AgentType::Accountant,
        configuration: "temperature 0".into(),
        capabilities: vec!["bills".into(), "statements".into()],
        tools: vec!["draft_entry".into()],
        autonomy: Autonomy {
            auto_post: true,
            cap: dec("250.00"),
            confidence: dec("0.9"),
            approvals: 3,
            always_people: vec!["owner_draw".into()],
            sample_percent: dec("12.5"),
            window: 300,
            rejected_percent: dec("5"),
        },
        currency: CommodityNo::new(3),
        budget: Some(dec("25")),
        expense: Some(AccountNo::new(7)),
        accrued: Some(AccountNo::new(300)),
        ..agent(300)
    }
}

fn run() -> AgentRun {
    AgentRun {
        agent: AgentNo::new(1),
        model: "model-1".into(),
        at: AT,
        tokens_in: 1_200,
        tokens_out: 70_000,
        cost: dec("0.001234567891"),
        latency_ms: 950,
        outcome: RunOutcome::Succeeded,
        error: None,
        confidence: None,
        evidence: Vec::new(),
        acted_for: None,
        conversation: None,
    }
}

fn full_run() -> AgentRun {
    AgentRun {
        outcome: RunOutcome::Failed,
        error: Some("out of time".into()),
        confidence: Some(dec("0.42")),
        evidence: vec!["event:7".into(), "document:BILL-1".into()],
        acted_for: Some("user-1".into()),
        conversation: Some(Uuid::from_u128(0xc0ffee)),
        at: Timestamp(-1),
        ..run()
    }
}

fn plain_draft() -> DraftEntry {
    let lines = vec![DraftLine::new("rent", dec("1200.00"), "USD"), DraftLine::new(AccountRef::No(AccountNo::new(1)), dec("-1200"), "USD")];
    DraftEntry::new(day(1, 31), "office rent", lines)
}

/// Everything that a drafted entry can carry.
fn full_draft() -> DraftEntry {
    let detail = DraftDetail {
        rate: Some(DraftRate {
            rate: dec("1.0853"),
            quote: "USD".into(),
            kind: RateType::Closing,
            date: Some(day(1, 30)),
            source: "ecb".into(),
        }),
        party: Some("ACME".into()),
        document: Some("INV-1".into()),
        due_date: Some(day(2, 28)),
        tax_code: Some("VAT20".into()),
        tags: vec![("dept".into(), "sales".into())],
        memo: Some("first part".into()),
    };
    let mut draft = plain_draft();
    draft.lines[0].functional = Some(dec("1300.5"));
    draft.lines[0].weight = Some(Weight { amount: dec("1300.50"), currency: "USD".into() });
    draft.lines[0].detail = Some(Box::new(detail));
    draft.lines[1].detail = Some(Box::default());
    (draft.kind, draft.external_id, draft.rounding_account) = (EntryKind::Adjusting, Some("erp-1".into()), Some("rounding".into()));
    draft.tags = vec![("batch".into(), "7".into())];
    draft
}

fn bill() -> DraftDocument {
    DraftDocument::new(DocumentKind::Bill, "V-1", day(1, 5), vec![DraftDocumentLine::new("cost", dec("10"))])
}

fn full_bill() -> DraftDocument {
    let line = DraftDocumentLine {
        description: "licence".into(),
        quantity: dec("2.5"),
        unit_price: dec("99.99"),
        account: AccountRef::No(AccountNo::new(300)),
        tax_code: Some("VAT20".into()),
        tags: vec![("dept".into(), "it".into())],
        deferral: Some(DraftDeferral { start: day(1, 1), end: day(12, 31), method: DeferralMethod::ALL[1], account: "prepaid".into() }),
    };
    DraftDocument {
        side: Some(Side::Payable),
        number: Some("R-77".into()),
        series: "IT".into(),
        currency: Some("EUR".into()),
        value: DraftValue::Rate(dec("1.1")),
        reference: Some("PO-1".into()),
        against: Some("BILL-1".into()),
        lines: vec![line],
        tax_rounding: TaxRounding::PerDocument,
        rounding: Rounding::HalfEven,
        tax_included: true,
        terms: Some(Terms::net(30)),
        due: Some(day(2, 28)),
        control: Some("ap".into()),
        memo: "yearly".into(),
        tags: vec![("batch".into(), "7".into())],
        attachments: vec![Attachment { hash: [7; 32], media_type: "application/pdf".into(), name: "bill.pdf".into() }],
        origin: Some(Origin { channel: "mail".into(), confidence: Some(dec("0.93")) }),
        external_id: Some("erp-2".into()),
        ..bill()
    }
}

fn payment() -> RecordPayment {
    RecordPayment::new(DocumentKind::PaymentOut, "V-1", "bank", day(1, 20), dec("99.90"))
}

fn full_payment(settles: Settles) -> RecordPayment {
    RecordPayment {
        side: Some(Side::Payable),
        currency: Some("EUR".into()),
        value: DraftValue::Total(dec("109.89")),
        bank_charge: Some(("charges".into(), dec("0.50"))),
        number: Some("OUT-9".into()),
        series: "BANK".into(),
        reference: Some("E2E-1".into()),
        settles,
        control: Some("ap".into()),
        memo: "run of January".into(),
        tags: vec![("run".into(), "1".into())],
        external_id: Some("erp-3".into()),
        ..payment()
    }
}

fn targets() -> Settles {
    let document = ItemRef::Document { party: "V-1".into(), document: "R-77".into(), instalment: Some(2) };
    Settles::These(vec![
        AllocationTarget { item: ItemRef::Id(ItemId { seq: 300, line: 1 }), amount: None, settled: None },
        AllocationTarget { item: document, amount: Some(dec("5")), settled: Some(dec("5.5")) },
    ])
}

fn terms() -> PolicyTerms {
    PolicyTerms::new("entries", Subject::Entry, vec![Step::new(Mode::Single, &["role:controller"])])
}

fn full_terms() -> PolicyTerms {
    let step = |mode, on_timeout| Step { min_aal: 2, due: Some(86_400), on_timeout, ..Step::new(mode, &["role:controller", "user:7"]) };
    PolicyTerms {
        subjects: Subject::ALL.to_vec(),
        when: Predicate {
            amount_from: Some(dec("10000.00")),
            account_types: vec![AccountType::Expense, AccountType::Liability],
            sources: SourceKind::ALL.to_vec(),
            confidence_below: Some(dec("0.7")),
            periods: vec![PeriodStatus::SoftClosed],
        },
        steps: vec![
            step(Mode::Multiple(2), OnTimeout::Escalate { to: vec!["role:cfo".into()], due: 3_600 }),
            step(Mode::Unanimous, OnTimeout::Reject),
            step(Mode::Majority, OnTimeout::Remind),
            Step::new(Mode::Veto, &[]),
        ],
        rank: 7,
        self_approval: true,
        allow_override: true,
        active: false,
        ..terms()
    }
}

fn ai() -> DraftSource {
    DraftSource::Ai(Box::new(AiSource {
        agent: AgentNo::new(1),
        model: "model-1".into(),
        prompt_hash: [9; 32],
        evidence: vec!["document:BILL-1".into()],
        acted_for: Some("user-1".into()),
    }))
}

fn drafted(content: Proposal, source: DraftSource) -> Event {
    Event::Drafted(Box::new(Drafted {
        hash: content.hash(),
        content,
        source,
        by: "clerk".into(),
        kind: "rent".into(),
        confidence: Some(dec("0.95")),
        rationale: "as every month".into(),
        at: AT,
        amount: 120_000,
    }))
}

/// Every kind of proposal.
pub(crate) fn proposals() -> Vec<Proposal> {
    vec![
        Proposal::Entry(Box::new(plain_draft())),
        Proposal::Entry(Box::new(full_draft())),
        Proposal::Bill(Box::new(bill())),
        Proposal::Bill(Box::new(full_bill())),
        Proposal::OrderedBill(Box::new(InvoiceOrder {
            order: "ORD-1".into(),
            date: day(1, 9),
            number: Some("R-1".into()),
            series: "IT".into(),
            value: DraftValue::Recorded,
        })),
        Proposal::Payout(Box::new(PayOutCommissions {
            payee: "P-1".into(),
            date: day(1, 31),
            number: "COM-1".into(),
            currency: Some("EUR".into()),
        })),
        Proposal::Payment(Box::new(payment())),
        Proposal::Payment(Box::new(full_payment(targets()))),
        Proposal::Payment(Box::new(full_payment(Settles::Nothing))),
        Proposal::Reopening { month: Month::from_ordinal(24_312), reason: "a late bill".into() },
        Proposal::Policy(Box::new(terms())),
        Proposal::Policy(Box::new(full_terms())),
    ]
}

fn requested(full: bool) -> Event {
    let step = |step: Step| RequestedStep { step, eligible: vec!["user-2".into(), "user-3".into()], needed: 2 };
    Event::ApprovalRequested(Box::new(Requested {
        draft: 300,
        hash: [3; 32],
        policy: full.then(|| ("entries".into(), 3)),
        steps: if full { full_terms() } else { terms() }.steps.into_iter().map(step).collect(),
        self_approval: full,
        allow_override: full,
        facts: Facts {
            subject: if full { Subject::Payment } else { Subject::Entry },
            amount: 120_000,
            account_types: if full { vec![AccountType::Asset, AccountType::Expense] } else { Vec::new() },
            source: if full { SourceKind::Ai } else { SourceKind::Person },
            confidence: full.then(|| dec("0.5")),
            period: if full { PeriodStatus::HardClosed } else { PeriodStatus::Open },
        },
        by: "clerk".into(),
        at: AT,
    }))
}

fn correction() -> Event {
    let content = Proposal::Entry(Box::new(plain_draft()));
    Event::DraftCorrected(Box::new(Correction {
        draft: 300,
        hash: content.hash(),
        changes: vec![FieldChange { field: "lines/1/amount".into(), before: "1100".into(), after: "1200".into() }],
        content,
        by: "user-2".into(),
        reason: "the new contract".into(),
        amount: 120_000,
    }))
}

fn posted(route: Route, request: Option<u64>) -> Event {
    let approvers = request.map(|_| "user-2".into()).into_iter().collect();
    Event::DraftPosted(Box::new(Posted { draft: 300, event: 310, route, request, four_eyes: request.is_some(), approvers }))
}

/// Every kind of event, in the order of their numbers.
pub(crate) fn events() -> Vec<(&'static str, Event)> {
    let no = AgentNo::new(1);
    let proposals = proposals();
    let propose = |index: usize, source| drafted(proposals[index].clone(), source);
    let import = || DraftSource::Import { channel: "bank".into() };
    vec![
        ("agent registered", Event::AgentRegistered(Box::new(agent(1)))),
        ("agent changed", Event::AgentChanged(Box::new(full_agent()))),
        ("agent suspended", Event::AgentStatusSet { agent: no, suspended: true, reason: "a review".into() }),
        ("agent ran", Event::AgentRan(Box::new(run()))),
        ("agent failed", Event::AgentRan(Box::new(full_run()))),
        (
            "agent costs booked",
            Event::AgentCostsBooked {
                agent: no,
                month: Month::from_ordinal(24_312),
                booked: 123,
                carried: dec("0.004567891"),
                entry: entry(),
            },
        ),
        ("auto-posting stopped", Event::AutoPostingStopped { agent: no, rejected: 6, window: 50 }),
        ("entry drafted", propose(0, DraftSource::Person)),
        ("entry drafted by an agent", propose(1, ai())),
        ("bill drafted", propose(2, import())),
        ("bill drafted, full", propose(3, import())),
        ("ordered bill drafted", propose(4, import())),
        ("payout drafted", propose(5, import())),
        ("payment drafted", propose(6, import())),
        ("payment drafted, full", propose(7, import())),
        ("payment drafted, on account", propose(8, import())),
        ("reopening drafted", propose(9, DraftSource::Person)),
        ("policy drafted", propose(10, DraftSource::Person)),
        ("policy drafted, full", propose(11, DraftSource::Person)),
        ("draft corrected", correction()),
        ("draft rejected", Event::DraftRejected { draft: 300, by: "user-2".into(), reason: "twice".into() }),
        ("draft withdrawn", Event::DraftWithdrawn { draft: 300, by: "clerk".into(), reason: "".into() }),
        ("draft posted", posted(Route::Direct, None)),
        ("draft posted, approved", posted(Route::Approved, Some(305))),
        ("approval policy set", Event::ApprovalPolicySet(Box::new(ApprovalPolicy { terms: terms(), version: 1 }))),
        ("approval policy set, full", Event::ApprovalPolicySet(Box::new(ApprovalPolicy { terms: full_terms(), version: 300 }))),
        ("approval requested", requested(false)),
        ("approval requested, full", requested(true)),
        (
            "approval voted",
            Event::ApprovalVoted(Box::new(Voted {
                request: 305,
                step: 1,
                by: "user-4".into(),
                seat: "user-2".into(),
                vote: Vote::Reject,
                comment: "twice".into(),
                hash: [3; 32],
                at: AT,
            })),
        ),
        ("approval delegated", Event::ApprovalDelegated { request: 305, from: "user-2".into(), to: "user-4".into(), at: AT }),
        ("approval escalated", Event::ApprovalEscalated { request: 305, added: vec!["user-5".into()], due: AT, at: AT }),
        ("approval reminded", Event::ApprovalReminded { request: 305, due: AT, at: AT }),
        ("approval expired", Event::ApprovalExpired { request: 305, at: AT }),
        ("approval completed", Event::ApprovalCompleted { request: 305, approved: true }),
        ("approval invalidated", Event::ApprovalInvalidated { request: 305, reason: "the draft was corrected".into() }),
        (
            "approval overridden",
            Event::ApprovalOverridden { request: 305, by: "user-9".into(), reason: "the rent is due".into(), hash: [3; 32], at: AT },
        ),
    ]
}
