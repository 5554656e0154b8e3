//! The bytes of history, frozen. An event written today is read in ten years, so these never change:
//! whoever changes the form of an event adds a new kind and a new sample, and leaves the old ones as they are.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod governed;

use std::fmt::Write as _;

use chrono::NaiveDate;
use ledger_core::book::{FUNCTIONAL, Valuation};
use ledger_core::chain::{CommitBuilder, CommitHeader, Tip, commit_hash, genesis_hash};
use ledger_core::codec::{decode, encode, snapshot};
use ledger_core::entry::EntryHeader;
use ledger_core::event::Proposed;
use ledger_core::merkle::{leaf_hash, node_hash};
use ledger_core::rounding::Rounding;
use ledger_core::subledger::commission::{DatedRule, Rule, Tier, Trigger};
use ledger_core::subledger::{
    Attachment, ClawBack, CommissionAccrual, CommissionAssignment, CommissionPlan, Deferral, DeferralMethod, DeferralPart, DeferralTerms,
    DocumentLine, Instalment, InvoiceTerms, Origin, Payout, RecognisedPart, Revaluation, Revalued, RevaluedTarget, TaxCode, TaxComponent,
    TaxRounding, TaxRow, Terms, TermsPart,
};
use ledger_core::{
    Account, AccountNo, AccountStatus, AccountType, Activity, Actor, ActorKind, ActorNo, Allocation, BalanceCondition, BalancedEntry, Book,
    Commodity, CommodityKind, CommodityNo, Document, DocumentKind, EntryKind, Event, ItemId, Line, LineDetail, Money, Month, Party,
    PartyKind, PartyNo, PeriodStatus, QuotedRate, RateEvidence, RateType, Side, SubType, Timestamp,
};
use rust_decimal::Decimal;
use uuid::Uuid;

const GOLDEN: &str = include_str!("golden.txt");
const WIRE: &str = include_str!("../src/codec/wire.rs");

const ORG: Uuid = Uuid::from_u128(0x0198_0000_0000_7000_8000_0000_0000_0001);

fn day(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).unwrap()
}

fn dec(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn account(no: u32, code: &str, kind: AccountType) -> Account {
    Account {
        no: AccountNo::new(no),
        code: code.into(),
        name: code.into(),
        kind,
        sub_type: SubType::General,
        contra: false,
        summary: false,
        parent: None,
        status: AccountStatus::Open,
        conditions: Vec::new(),
        activity: None,
    }
}

fn line(account: u32, units: i128, currency: u16, functional: Option<i128>) -> Line {
    Line { account: AccountNo::new(account), money: Money::new(units, CommodityNo::new(currency)), functional, detail: None }
}

fn header(kind: EntryKind) -> EntryHeader {
    EntryHeader {
        effective_date: day(2026, 1, 31),
        kind,
        description: "office rent".into(),
        external_id: None,
        tags: Vec::new(),
        reverses: None,
        corrects: None,
    }
}

fn plain_entry() -> BalancedEntry {
    let lines = vec![line(1, 123_456, 1, Some(123_456)), line(2, -123_456, 1, Some(-123_456))];
    BalancedEntry::new(header(EntryKind::Ordinary), lines, FUNCTIONAL).unwrap()
}

/// Everything that an entry can carry.
fn full_entry() -> BalancedEntry {
    let rate = RateEvidence {
        rate: dec("1.0853"),
        quote: FUNCTIONAL,
        kind: RateType::Closing,
        date: Some(day(2026, 1, 30)),
        source: "ecb".into(),
    };
    let detail = LineDetail {
        rate: Some(rate),
        weight: Some(Money::new(10_853, FUNCTIONAL)),
        party: Some("ACME".into()),
        document: Some("INV-1".into()),
        due_date: Some(day(2026, 2, 28)),
        tax_code: Some("VAT20".into()),
        tags: vec![("dept".into(), "sales".into())],
        memo: Some("first part".into()),
    };
    let mut lines = vec![
        Line { detail: Some(Box::new(detail)), ..line(1, 10_000, 2, Some(10_853)) },
        line(300, -10_000, 2, Some(-10_853)),
        line(70_000, 9_999_999_999_999_999_999_999_999, 3, None),
        line(1, -9_999_999_999_999_999_999_999_999, 3, None),
    ];
    lines[3].detail = Some(Box::default());
    let header = EntryHeader {
        external_id: Some("erp-42".into()),
        tags: vec![("batch".into(), "7".into())],
        reverses: Some(5),
        corrects: Some(70_000),
        effective_date: day(1969, 12, 31),
        ..header(EntryKind::Closing)
    };
    BalancedEntry::new(header, lines, FUNCTIONAL).unwrap()
}

/// A sample of every kind, in the order of their numbers; several where a field may be there or not.
fn samples() -> Vec<(&'static str, Proposed)> {
    let plain = |event| Proposed { actor: ActorNo(1), correlation: None, causation: None, event };
    let rich = |event| Proposed { actor: ActorNo(300), correlation: Some(Uuid::from_u128(0xc0ffee)), causation: Some(9), event };
    let no = AccountNo::new(2);
    let shop = Account { sub_type: SubType::Bank, contra: true, parent: Some(AccountNo::new(1)), ..account(2, "1010", AccountType::Asset) };
    let bound = |currency, min, max| BalanceCondition { currency: CommodityNo::new(currency), min, max };
    let month = Month::of(day(2026, 1, 1));
    vec![
        (
            "organization created",
            plain(Event::OrganizationCreated { org: ORG, name: "Demo Ltd".into(), functional: FUNCTIONAL, valuation: Valuation::Required }),
        ),
        (
            "organization created, by commodity",
            plain(Event::OrganizationCreated { org: ORG, name: "ß".into(), functional: FUNCTIONAL, valuation: Valuation::ByCommodity }),
        ),
        (
            "actor registered",
            plain(Event::ActorRegistered { no: ActorNo(1), actor: Actor { kind: ActorKind::Agent, identity: "agent:7".into() } }),
        ),
        (
            "commodity defined",
            plain(Event::CommodityDefined(Commodity {
                no: FUNCTIONAL,
                code: "USD".into(),
                scale: 2,
                kind: CommodityKind::Iso4217,
                name: "".into(),
            })),
        ),
        (
            "commodity defined, custom",
            plain(Event::CommodityDefined(Commodity {
                no: CommodityNo::new(300),
                code: "HOURS".into(),
                scale: 18,
                kind: CommodityKind::Custom,
                name: "hours worked".into(),
            })),
        ),
        ("account opened", plain(Event::AccountOpened(account(1, "1000", AccountType::Asset)))),
        ("account opened, all fields", rich(Event::AccountOpened(shop))),
        (
            "account changed",
            plain(Event::AccountChanged { no, name: "Till".into(), sub_type: SubType::Cash, parent: Some(AccountNo::new(1)) }),
        ),
        ("account status changed", plain(Event::AccountStatusChanged { no, status: AccountStatus::Closed, reason: "sold".into() })),
        (
            "account conditions set",
            plain(Event::AccountConditionsSet { no, conditions: vec![bound(1, Some(0), None), bound(2, Some(-5), Some(1 << 80))] }),
        ),
        ("account activity set", plain(Event::AccountActivitySet { no, activity: Some(Activity::NonCash) })),
        ("account activity taken back", plain(Event::AccountActivitySet { no, activity: None })),
        (
            "rate recorded",
            plain(Event::RateRecorded(QuotedRate {
                base: CommodityNo::new(2),
                quote: FUNCTIONAL,
                kind: RateType::Spot,
                date: day(2026, 1, 30),
                rate: dec("1.0853000000"),
                source: "ecb".into(),
            })),
        ),
        ("entry posted", plain(Event::EntryPosted(plain_entry()))),
        ("entry posted, all fields", rich(Event::EntryPosted(full_entry()))),
        ("entry reversed", plain(Event::EntryReversed { reason: "typing error".into(), entry: plain_entry() })),
        ("entry reversed, all fields", rich(Event::EntryReversed { reason: "".into(), entry: full_entry() })),
        ("period closed", plain(Event::PeriodClosed { month, status: PeriodStatus::SoftClosed, reason: "audit".into() })),
        ("period closed, hard", plain(Event::PeriodClosed { month, status: PeriodStatus::HardClosed, reason: "".into() })),
        ("period reopened", plain(Event::PeriodReopened { month, reason: "late bill".into() })),
    ]
    .into_iter()
    .chain(subledger_samples())
    .chain(agreed_samples())
    .chain(governed::events().into_iter().map(|(name, event)| (name, plain(event))))
    .collect()
}

fn party() -> Party {
    Party {
        no: PartyNo::new(1),
        code: "C-1".into(),
        kind: PartyKind::Customer,
        terms: Terms::net(30),
        currency: None,
        receivable: None,
        payable: None,
        tags: Vec::new(),
    }
}

fn full_party() -> Party {
    let part = |share, days| TermsPart { share: dec(share), days };
    Party {
        no: PartyNo::new(300),
        kind: PartyKind::Payee,
        terms: Terms { parts: vec![part("30", 0), part("70.5", 400)] },
        currency: Some(CommodityNo::new(2)),
        receivable: Some(AccountNo::new(1)),
        payable: Some(AccountNo::new(300)),
        tags: vec![("region".into(), "north".into())],
        ..party()
    }
}

fn order() -> Document {
    Document {
        kind: DocumentKind::Order,
        side: Side::Receivable,
        series: "".into(),
        ordinal: None,
        number: "O-1".into(),
        party: PartyNo::new(1),
        date: day(2026, 1, 31),
        currency: FUNCTIONAL,
        reference: None,
        order: None,
        relates_to: None,
        lines: Vec::new(),
        tax: Vec::new(),
        tax_rounding: TaxRounding::PerLine,
        rounding: Rounding::HalfUp,
        tax_included: false,
        total: 0,
        instalments: Vec::new(),
        cash_account: None,
        memo: "".into(),
        tags: Vec::new(),
        attachments: Vec::new(),
        origin: None,
        invoice_terms: None,
    }
}

fn order_with_terms() -> Document {
    let asked = InvoiceTerms { terms: Some(Terms::net(60)), due: Some(day(2026, 4, 30)), control: Some(AccountNo::new(300)) };
    Document { invoice_terms: Some(Box::new(asked)), ..order() }
}

/// Everything that a document can carry.
fn full_document() -> Document {
    let (start, end, account) = (day(2026, 2, 1), day(2027, 1, 31), AccountNo::new(4));
    let line = DocumentLine {
        description: "support, a year".into(),
        quantity: dec("2.5"),
        unit_price: dec("400.00"),
        net: 100_000,
        account: AccountNo::new(2),
        tax_code: Some("VAT20".into()),
        tags: vec![("dept".into(), "sales".into())],
        deferral: Some(DeferralTerms { start, end, method: DeferralMethod::Months, account }),
    };
    let tax = TaxRow {
        line: Some(1),
        code: "VAT20".into(),
        component: "standard".into(),
        report_box: "1".into(),
        rate: dec("0.20"),
        base: 100_000,
        tax: 20_000,
        recoverable: 10_000,
        account: AccountNo::new(5),
        reverse_charge: true,
    };
    Document {
        kind: DocumentKind::Bill,
        side: Side::Payable,
        series: "2026".into(),
        ordinal: Some(70_000),
        currency: CommodityNo::new(2),
        reference: Some("PO-7".into()),
        order: Some(4),
        relates_to: Some(5),
        lines: vec![line.clone(), DocumentLine { tax_code: None, tags: Vec::new(), deferral: None, net: -1, ..line }],
        tax: vec![tax.clone(), TaxRow { line: None, reverse_charge: false, ..tax }],
        tax_rounding: TaxRounding::PerDocument,
        rounding: Rounding::HalfEven,
        tax_included: true,
        total: 120_000,
        instalments: vec![Instalment { due: end, amount: 120_000 }],
        cash_account: Some(AccountNo::new(1)),
        memo: "thank you".into(),
        tags: vec![("batch".into(), "7".into())],
        attachments: vec![Attachment { hash: [7; 32], media_type: "application/pdf".into(), name: "bill.pdf".into() }],
        origin: Some(Origin { channel: "email".into(), confidence: Some(dec("0.97")) }),
        ..order()
    }
}

fn allocation() -> Allocation {
    Allocation {
        date: day(2026, 3, 1),
        from: ItemId { seq: 9, line: 2 },
        to: ItemId { seq: 7, line: 1 },
        taken: Money::new(9_000, CommodityNo::new(2)),
        settled: Money::new(10_000, CommodityNo::new(3)),
        functional_from: 20_000,
        functional_to: 18_000,
        realised: 2_000,
    }
}

fn revaluation() -> Revaluation {
    let revalued = |target, adjustment| Revalued { target, money: Money::new(10_000, CommodityNo::new(2)), carried: 20_000, adjustment };
    Revaluation {
        date: day(2026, 3, 31),
        rates: vec![(CommodityNo::new(2), dec("1.9900"))],
        revalued: vec![
            revalued(RevaluedTarget::Item(ItemId { seq: 300, line: 1 }), -100),
            revalued(RevaluedTarget::Holding(AccountNo::new(1)), 100),
        ],
    }
}

/// The events of the sub-ledgers.
fn subledger_samples() -> Vec<(&'static str, Proposed)> {
    let plain = |event| Proposed { actor: ActorNo(1), correlation: None, causation: None, event };
    let document = |document, entry| plain(Event::DocumentRecorded { document: Box::new(document), entry });
    let (reason, date) = ("wrong invoice", day(2026, 3, 2));
    let undone = |entry| plain(Event::AllocationReversed { allocation: 300, date, reason: reason.into(), entry });
    vec![
        ("party registered", plain(Event::PartyRegistered(Box::new(party())))),
        ("party registered, all fields", plain(Event::PartyRegistered(Box::new(full_party())))),
        ("party changed", plain(Event::PartyChanged(Box::new(full_party())))),
        ("control account set", plain(Event::ControlAccountSet { no: AccountNo::new(2), side: Side::Payable })),
        ("order recorded, version 2", document(order(), None)),
        ("order recorded, with terms", document(order_with_terms(), None)),
        ("document recorded, version 2, all fields", document(full_document(), Some(full_entry()))),
        ("items allocated", plain(Event::ItemsAllocated { allocation: Box::new(allocation()), entry: None })),
        ("items allocated, with an entry", plain(Event::ItemsAllocated { allocation: Box::new(allocation()), entry: Some(plain_entry()) })),
        ("allocation reversed", undone(None)),
        ("allocation reversed, with an entry", undone(Some(plain_entry()))),
        ("items revalued", plain(Event::ItemsRevalued { revaluation: Box::new(revaluation()), entry: plain_entry() })),
        ("revaluation reversed", plain(Event::RevaluationReversed { revaluation: 300, entry: plain_entry() })),
    ]
}

fn deferral() -> Deferral {
    let part = |month, units| DeferralPart { date: day(2026, month, 28), units, functional: units * 2 };
    Deferral {
        id: ItemId { seq: 300, line: 2 },
        deferred: AccountNo::new(3),
        target: AccountNo::new(4),
        currency: CommodityNo::new(2),
        tags: vec![("dept".into(), "sales".into())],
        parts: vec![part(1, -10_000), part(2, -10_001)],
    }
}

fn tax_code() -> TaxCode {
    let component = TaxComponent {
        name: "VAT".into(),
        rate: dec("20"),
        from: None,
        to: None,
        compound: false,
        account: AccountNo::new(5),
        recoverable: dec("100"),
        reverse_charge: None,
        withheld: false,
        report_box: "1a".into(),
    };
    let dated = TaxComponent {
        from: Some(day(2026, 1, 1)),
        to: Some(day(2026, 12, 31)),
        compound: true,
        recoverable: dec("66.6667"),
        reverse_charge: Some(AccountNo::new(6)),
        ..component.clone()
    };
    TaxCode { code: "V20".into(), name: "Standard rate".into(), components: vec![component, dated] }
}

fn plan() -> CommissionPlan {
    let tier = |from, percent: &str| Tier { from, percent: dec(percent) };
    let tiers = |retroactive| Rule::Tiers { tiers: vec![tier(0, "5"), tier(100_000, "7.5")], retroactive };
    let dated = |month, to, rule| DatedRule { from: day(2026, month, 1), to, rule };
    let rules = vec![
        dated(1, Some(day(2026, 1, 31)), Rule::Flat(2_500)),
        dated(2, None, Rule::Percent(dec("12.5"))),
        dated(3, None, tiers(false)),
        dated(4, None, tiers(true)),
    ];
    CommissionPlan { code: "agents".into(), trigger: Trigger::Cash, rules, expense: AccountNo::new(7), accrued: AccountNo::new(8) }
}

/// Deferrals, tax codes, commissions.
fn agreed_samples() -> Vec<(&'static str, Proposed)> {
    let plain = |event| Proposed { actor: ActorNo(1), correlation: None, causation: None, event };
    let recognised = RecognisedPart { deferral: deferral().id, part: deferral().parts[0] };
    let accrual = CommissionAccrual {
        plan: "agents".into(),
        rule_from: day(2026, 1, 1),
        payee: PartyNo::new(3),
        document: 300,
        date: day(2026, 3, 2),
        currency: CommodityNo::new(2),
        base: 60_000,
        earned: 5_400,
        expense: AccountNo::new(7),
        accrued: AccountNo::new(8),
    };
    let accrued = |entry| plain(Event::CommissionAccrued { accrual: Box::new(accrual.clone()), entry });
    let claw_back = ClawBack { accrual: 301, document: 302, base: 20_000, amount: 1_800 };
    let clawed_back = |entry| plain(Event::CommissionClawedBack { claw_back, entry });
    let parts = vec![(301, 3_600), (303, -1)];
    let payout = Payout { payee: PartyNo::new(3), number: "COM-1".into(), date: day(2026, 3, 31), parts };
    let (code, plan) = (Box::new(tax_code()), Box::new(plan()));
    vec![
        ("deferral scheduled", plain(Event::DeferralScheduled(Box::new(deferral())))),
        ("deferrals recognised", plain(Event::DeferralsRecognised { parts: vec![recognised], entry: plain_entry() })),
        ("deferral cancelled", plain(Event::DeferralCancelled { deferral: Box::new(deferral()), by: 302 })),
        ("tax code defined", plain(Event::TaxCodeDefined(code))),
        ("commission plan defined", plain(Event::CommissionPlanDefined(plan))),
        ("commission accrued", accrued(Some(plain_entry()))),
        ("commission accrued, nothing", accrued(None)),
        ("commission clawed back", clawed_back(Some(plain_entry()))),
        ("commission clawed back, nothing", clawed_back(None)),
        ("commission assigned", plain(Event::CommissionAssigned(Box::new(assignment(None))))),
        ("commission assigned, all fields", plain(Event::CommissionAssigned(Box::new(assignment(Some(PartyNo::new(300))))))),
        ("commissions paid out", plain(Event::CommissionsPaidOut { payout: Box::new(payout), entry: plain_entry() })),
    ]
}

fn assignment(customer: Option<PartyNo>) -> CommissionAssignment {
    let to = customer.map(|_| day(2026, 12, 31));
    CommissionAssignment { plan: "agents".into(), payee: PartyNo::new(3), customer, from: day(2026, 1, 1), to }
}

/// Events as versions that are no longer written say them: what they are read as today.
fn retired_samples() -> Vec<(&'static str, Proposed)> {
    let plain = |document, entry| Proposed {
        actor: ActorNo(1),
        correlation: None,
        causation: None,
        event: Event::DocumentRecorded { document: Box::new(document), entry },
    };
    vec![("order recorded", plain(order(), None)), ("document recorded, all fields", plain(full_document(), Some(full_entry())))]
}

/// A history that can be folded: what a commit and a snapshot are made of.
fn history() -> Vec<Proposed> {
    let names = ["organization created", "actor registered", "commodity defined", "account opened", "period closed", "rate recorded"];
    let mut events: Vec<_> = samples().into_iter().filter(|(name, _)| names.contains(name)).map(|(_, event)| event).collect();
    let opened = Event::AccountOpened(account(2, "4000", AccountType::Revenue));
    events.push(Proposed { actor: ActorNo(1), correlation: None, causation: None, event: opened });
    events.extend(samples().into_iter().filter(|(name, _)| *name == "entry posted").map(|(_, event)| event));
    events
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    })
}

fn unhex(hex: &str) -> Vec<u8> {
    (0..hex.len() / 2).map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap()).collect()
}

fn chain_samples() -> Vec<(&'static str, Vec<u8>)> {
    let mut tip = Tip::genesis(ORG);
    let mut builder = CommitBuilder::default();
    history().iter().for_each(|event| builder.push(event).unwrap());
    let commit = builder.seal(&mut tip, Timestamp(1_769_817_600_000_000), Uuid::from_u128(0x0198_0000_0001_7000_8000_0000_0000_0000));
    let mut book = Book::default();
    history().iter().for_each(|proposed| book.evolve(&proposed.event));
    let zero = CommitHeader {
        org: Uuid::nil(),
        first_seq: 0,
        event_count: 0,
        recorded_at: Timestamp(0),
        codec: 0,
        base_id: Uuid::nil(),
        prev_hash: [0; 32],
        tree_root: [0; 32],
    };
    vec![
        ("genesis hash", genesis_hash(ORG).to_vec()),
        ("leaf hash of nothing", leaf_hash(&[]).to_vec()),
        ("leaf hash, short", leaf_hash(b"event").to_vec()),
        ("leaf hash, long", leaf_hash(&[7; 1_000]).to_vec()),
        ("node hash", node_hash(&[1; 32], &[2; 32]).to_vec()),
        ("commit hash of zeros", commit_hash(&zero, &[]).to_vec()),
        ("commit payload", commit.payload),
        ("commit tree root", commit.header.tree_root.to_vec()),
        ("commit hash", commit.hash.to_vec()),
        ("snapshot, layout 9", snapshot::encode(&book, &tip).unwrap()),
    ]
}

/// The bytes under a name.
fn frozen(name: &str) -> Vec<u8> {
    unhex(GOLDEN.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).unwrap())
}

#[test]
fn history_keeps_its_bytes() {
    let events = samples().into_iter().map(|(name, event)| (name, encode(&event).unwrap()));
    let retired = retired_samples().into_iter().map(|(name, _)| (name, frozen(name)));
    let found = events.chain(chain_samples()).chain(retired).fold(String::new(), |mut text, (name, bytes)| {
        writeln!(text, "{name}: {}", hex(&bytes)).unwrap();
        text
    });
    for (frozen, now) in GOLDEN.lines().zip(found.lines()) {
        assert_eq!(
            now, frozen,
            "history would change: add a new version (a new kind in codec/wire.rs, a new layout number) and a new sample, and leave this one"
        );
    }
    assert_eq!(found.lines().count(), GOLDEN.lines().count(), "samples were added or removed; golden.txt should be:\n{found}");
}

#[test]
fn frozen_events_are_read_as_what_they_were() {
    for (name, event) in samples().into_iter().chain(retired_samples()) {
        assert_eq!(decode(&frozen(name)).unwrap(), event, "{name}");
    }
}

#[test]
fn a_frozen_snapshot_is_read_as_the_fold() {
    let frozen = GOLDEN.lines().find_map(|line| line.strip_prefix("snapshot, layout 9: ")).unwrap();
    let (book, tip) = snapshot::decode(&unhex(frozen)).unwrap();
    assert_eq!(hex(&snapshot::encode(&book, &tip).unwrap()), frozen);
    assert_eq!(book.holdings(AccountNo::new(1))[0].units, 123_456);
}

#[test]
fn every_kind_has_a_frozen_sample() {
    let kinds: Vec<u16> = WIRE
        .lines()
        .filter_map(|line| line.trim().strip_prefix("pub(super) const ")?.split_once(": u16 = "))
        .map(|(_, number)| number.trim_end_matches(';').parse().unwrap())
        .collect();
    assert!(kinds.len() >= 12, "the kinds are found in codec/wire.rs: {kinds:?}");
    let names = samples().into_iter().chain(retired_samples()).map(|(name, _)| name);
    let sampled: Vec<u16> = names.map(|name| u16::from(frozen(name)[0])).collect();
    for kind in &kinds {
        assert!(sampled.contains(kind), "kind {kind} has no sample in golden.rs: add one, so that its bytes cannot change unnoticed");
    }
    let mut unique = kinds.clone();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), kinds.len(), "a kind number is never used twice");
}
