//! Bodies as tables: what is read, and what is refused where.

use ledger_core::command::{DraftRule, DraftValue, ItemRef, Settles};
use ledger_core::{AccountRef, Command, DraftEntry, ItemId, Text};
use rust_decimal::Decimal;
use serde::de::DeserializeOwned;

use super::accounts::{AccountChange, NewActivity};
use super::allocations::NewAllocation;
use super::batch::NewBatch;
use super::body::{Fault, parse};
use super::closing::NewClose;
use super::commissions::NewCommissionPlan;
use super::documents::NewDocument;
use super::entries::NewEntry;
use super::parties::{NewParty, PartyChange};
use super::payments::NewPayment;
use super::scalars::{Amount, Day, Magnitude, MonthKey, Plain, Quantity, Rate};
use super::tags::Tags;
use super::tax_codes::NewTaxCode;

fn read<T: DeserializeOwned>(json: &str) -> Result<T, String> {
    parse(json.as_bytes()).map_err(|fault| fault.detail)
}

#[test]
fn amounts_have_one_spelling() {
    let twenty = "9".repeat(20);
    let eighteen = "9".repeat(18);
    for (json, expected) in [
        (r#""0""#, Some("0")),
        (r#""12.50""#, Some("12.50")),
        (r#""-12.50""#, Some("-12.50")),
        (r#""-0.00""#, Some("0.00")),
        (r#""007.5""#, Some("007.5")),
        (r#""0.000000000000000001""#, Some("0.000000000000000001")),
        (r#""99999999999999999999.99999999""#, Some("99999999999999999999.99999999")),
        // Zeros at the end are no digits that could be lost.
        (r#""99999999999999999999.100000000000000000""#, Some("99999999999999999999.1")),
        (r#""00000000000000000001.000000000000000001""#, Some("1.000000000000000001")),
        (r#""1e5""#, None),
        (r#""1E-2""#, None),
        (r#""+1""#, None),
        (r#"".5""#, None),
        (r#""5.""#, None),
        (r#""-""#, None),
        (r#""""#, None),
        (r#"" 1""#, None),
        (r#""1 000""#, None),
        (r#""1,5""#, None),
        (r#""1_000""#, None),
        (r#""NaN""#, None),
        (r#""Infinity""#, None),
        (r#""0x1F""#, None),
        (r#""١٢""#, None),
        (r#""--1""#, None),
        (r#""1.2.3""#, None),
        ("12.50", None),
        ("12", None),
        ("1e400", None),
        ("null", None),
        ("true", None),
        (r#"["1"]"#, None),
        (&format!("\"1{twenty}\""), None),
        (&format!("\"{twenty}.{eighteen}\""), None),
        (&format!("\"0.{eighteen}9\""), None),
    ] {
        let found = read::<Amount>(json);
        let expected = expected.map(|text| text.parse::<Decimal>().unwrap());
        assert_eq!(found.as_ref().ok().map(|amount| amount.0), expected, "{json}: {found:?}");
        if let Ok(Amount(amount)) = found {
            assert!(!amount.is_sign_negative() || !amount.is_zero(), "{json} has no negative zero");
        }
    }
}

#[test]
fn what_has_a_side_is_not_negative_and_rates_have_more_digits() {
    assert!(read::<Magnitude>(r#""-1""#).unwrap_err().contains("may not be negative"));
    assert!(read::<Rate>(r#""-1""#).unwrap_err().contains("may not be negative"));
    assert_eq!(read::<Quantity>(r#""-3""#).map(|quantity| quantity.0), Ok(Decimal::from(-3)));
    let digits = "1234567890123456789012345678";
    assert_eq!(read::<Rate>(&format!("\"0.{digits}\"")).map(|rate| rate.0.to_string()), Ok(format!("0.{digits}")));
    assert!(read::<Rate>(&format!("\"1.{digits}\"")).unwrap_err().contains("28 significant digits"));
    assert!(read::<Rate>(&format!("\"0.{digits}9\"")).unwrap_err().contains("digits before the decimal point"));
    assert!(read::<Amount>("12.5").unwrap_err().contains("an amount as a string"));
}

#[test]
fn days_months_and_texts_have_one_spelling() {
    for (json, good) in [
        (r#""2026-03-31""#, true),
        (r#""2024-02-29""#, true),
        (r#""0001-01-01""#, true),
        (r#""9999-12-31""#, true),
        (r#""2026-02-29""#, false),
        (r#""2026-3-31""#, false),
        (r#""0000-01-01""#, false),
        (r#""10000-01-01""#, false),
        (r#""+226-03-31""#, false),
        (r#""2026-03-31T00:00:00Z""#, false),
        (r#""2026/03/31""#, false),
        (r#"" 026-03-31""#, false),
        (r#""2026-03-3é""#, false),
        (r#""""#, false),
        ("20260331", false),
    ] {
        assert_eq!(read::<Day>(json).is_ok(), good, "{json}");
    }
    for (json, good) in
        [(r#""2026-12""#, true), (r#""2026-13""#, false), (r#""2026-1""#, false), (r#""2026-001""#, false), ("202612", false)]
    {
        assert_eq!(read::<MonthKey>(json).is_ok(), good, "{json}");
    }
    assert_eq!(read::<Plain>(r#""Å\n""#), Ok(Plain("Å\n".into())));
    assert!(read::<Plain>(r#""a\u0000b""#).unwrap_err().contains("NUL"));
    assert!(read::<Plain>(r#""\ud800""#).is_err(), "half of a pair of surrogates");
    assert!(parse::<Plain>(b"\"\xff\"").is_err(), "no UTF-8");
}

#[test]
fn tags_keep_their_order_and_are_there_once() {
    let tags = read::<Tags>(r#"{"z": "1", "a": ""}"#).unwrap();
    assert_eq!(tags.0, [("z".into(), "1".into()), ("a".into(), Text::default())]);
    assert!(read::<Tags>(r#"{"a": "1", "a": "1"}"#).unwrap_err().contains("there twice"));
    assert!(read::<Tags>(r#"{"a": 1}"#).is_err() && read::<Tags>(r#"{"a": null}"#).is_err() && read::<Tags>("[]").is_err());
    let many = |count: usize| format!("{{{}}}", (0..count).map(|at| format!("\"{at}\": \"\"")).collect::<Vec<_>>().join(","));
    let most = ledger_core::limits::TAGS_MAX;
    assert!(read::<Tags>(&many(most)).is_ok() && read::<Tags>(&many(most + 1)).is_err());
}

/// An entry of two lines, of which a part of the text is another.
fn entry(was: &str, is: &str) -> String {
    let text = r#"{"effective_date": "2026-03-31", "description": "Rent", "tags": {"a/b~c": "x"}, "lines": [
        {"account": "6100", "direction": "debit", "amount": "12.50"},
        {"account": "1000", "direction": "credit", "amount": "12.50", "currency": "EUR", "rate": {"rate": "1.1", "quote": "USD"}}]}"#;
    assert!(was.is_empty() || text.contains(was), "{was}");
    text.replacen(was, is, 1)
}

#[test]
fn what_is_wrong_is_told_where_it_stands() {
    for (was, is, pointer, said) in [
        (r#""12.50"}"#, "12.50}", "/lines/0/amount", "an amount as a string"),
        (r#""12.50"}"#, r#""1e1"}"#, "/lines/0/amount", "digits 0-9"),
        (r#""12.50"}"#, r#""-12.50"}"#, "/lines/0/amount", "may not be negative"),
        (r#""2026-03-31""#, r#""2026-02-30""#, "/effective_date", "YYYY-MM-DD"),
        (r#""1.1""#, "1.1", "/lines/1/rate/rate", "a rate as a string"),
        (r#""credit""#, r#""Credit""#, "/lines/1/direction", "unknown variant"),
        (r#""credit""#, r#"{"credit": null}"#, "/lines/1/direction", "one of debit credit"),
        (r#""currency""#, r#""curency""#, "/lines/1/curency", "unknown field"),
        (r#""description""#, r#""amount""#, "/amount", "unknown field"),
        (r#""account": "6100", "#, "", "/lines/0", "missing field"),
        (r#""amount": "12.50"}"#, r#""amount": "12.50", "amount": "12.50"}"#, "/lines/0", "duplicate field"),
        (r#""x""#, "1", "/tags/a~1b~0c", "a text"),
        (r#""Rent""#, r#""Re\u0000nt""#, "/description", "NUL"),
        (r#""6100""#, "6100", "/lines/0/account", "a text"),
        (r#"{"account": "6100", "direction": "debit", "amount": "12.50"}"#, r#"["6100", "debit", "12.50"]"#, "/lines/0", "an object"),
    ] {
        let json = entry(was, is);
        let fault = parse::<NewEntry>(json.as_bytes()).unwrap_err();
        assert_eq!(fault.pointer, pointer, "{json}: {fault:?}");
        assert!(fault.detail.contains(said), "{json}: {fault:?}");
    }
    for json in ["", "{", "[]", "null", "{} {}", &format!("{} x", entry("", "")), &"[".repeat(100_000)] {
        assert!(parse::<NewEntry>(json.as_bytes()).is_err(), "{}", json.get(..20).unwrap_or(json));
    }
    let batch = format!(r#"{{"mode": "atomic", "entries": [{}, {}]}}"#, entry("", ""), entry(r#""12.50"}"#, "1}"));
    assert_eq!(parse::<NewBatch>(batch.as_bytes()).unwrap_err().pointer, "/entries/1/lines/0/amount");
}

#[test]
fn an_entry_is_proposed_as_it_is_said() {
    let functional = Text::from("USD");
    let draft = parse::<NewEntry>(entry("", "").as_bytes()).unwrap().draft(&functional);
    let [debit, credit] = draft.lines.as_slice() else { panic!("two lines") };
    assert_eq!((debit.account.clone(), debit.amount, debit.currency.as_str()), (AccountRef::from("6100"), Decimal::new(1250, 2), "USD"));
    assert!(debit.detail.is_none(), "a bare line stays one: nearly all are, and they are decided fast");
    assert_eq!((credit.amount, credit.currency.as_str()), (Decimal::new(-1250, 2), "EUR"));
    let rate = credit.detail.as_ref().and_then(|detail| detail.rate.as_ref()).unwrap();
    assert_eq!((rate.rate.to_string().as_str(), rate.quote.as_str(), rate.kind), ("1.1", "USD", ledger_core::RateType::Spot));
    let plain = r#"{"effective_date": "2026-03-31", "lines": [{"account": "1", "direction": "credit", "amount": "0",
        "functional_amount": "2", "weight": {"amount": "3", "currency": "ETH"}}]}"#;
    let DraftEntry { description, lines, .. } = parse::<NewEntry>(plain.as_bytes()).unwrap().draft(&functional);
    assert_eq!(description, "");
    assert_eq!(lines[0].functional, Some(Decimal::from(-2)), "every amount of a line is on its side");
    assert_eq!(lines[0].weight.as_ref().map(|weight| weight.amount), Some(Decimal::from(-3)));
}

#[test]
fn null_takes_back_and_absence_leaves() {
    let parent = |json: &str| match parse::<AccountChange>(json.as_bytes()).unwrap().of(AccountRef::from("1000")) {
        Command::ChangeAccount(change) => change.parent,
        other => panic!("{other:?}"),
    };
    assert_eq!(parent("{}"), None);
    assert_eq!(parent(r#"{"parent": null}"#), Some(None));
    assert_eq!(parent(r#"{"parent": "1"}"#), Some(Some(AccountRef::from("1"))));
    let currency = |json: &str| match parse::<PartyChange>(json.as_bytes()).unwrap().of("C".into()) {
        Command::ChangeParty(change) => change.currency,
        other => panic!("{other:?}"),
    };
    assert_eq!((currency("{}"), currency(r#"{"currency": null}"#)), (None, Some(None)));
    assert!(parse::<NewActivity>(b"{}").is_err() && parse::<NewActivity>(br#"{"activity": null}"#).unwrap().activity.is_none());
}

fn faulty<T: DeserializeOwned>(json: &str, command: impl FnOnce(T) -> Result<Command, Fault>) -> String {
    parse::<T>(json.as_bytes()).and_then(command).map_err(|fault| fault.pointer).unwrap_err()
}

#[test]
fn what_contradicts_itself_is_refused() {
    let document = |more: &str| format!(r#"{{"kind": "invoice", "party": "C", "date": "2026-01-05", "lines": []{more}}}"#);
    assert_eq!(faulty(&document(r#", "rate": "1", "value": "2""#), NewDocument::command), "/value");
    assert_eq!(faulty(&document(r#", "rate": "0""#), NewDocument::command), "/rate");
    let file = r#", "attachments": [{"hash": "00", "media_type": "a/b", "name": "c"}]"#;
    assert_eq!(faulty(&document(file), NewDocument::command), "/attachments/0/hash");
    assert_eq!(faulty(r#"{"kind": "payment_in", "party": "C", "date": "2026-01-05", "lines": []}"#, NewDocument::command), "/kind");
    let payment =
        |more: &str| format!(r#"{{"kind": "payment_in", "party": "C", "account": "1000", "date": "2026-01-05", "amount": "1"{more}}}"#);
    assert_eq!(faulty(&payment(r#", "settles": "these""#), NewPayment::command), "/targets");
    assert_eq!(faulty(&payment(r#", "targets": [{"document": "I"}]"#), NewPayment::command), "/targets");
    let from = |item: &str| format!(r#"{{"from": {item}}}"#);
    assert_eq!(faulty(&from("{}"), NewAllocation::command), "/from");
    assert_eq!(faulty(&from(r#"{"id": "7"}"#), NewAllocation::command), "/from/id");
    assert_eq!(faulty(&from(r#"{"id": "7:-1"}"#), NewAllocation::command), "/from/id");
    assert_eq!(faulty(&from(r#"{"id": "7:1", "party": "C"}"#), NewAllocation::command), "/from/id");
    let to = r#"{"from": {"id": "7:1"}, "to": [{"item": {"id": "8:1"}}, {"item": {"party": "C"}}]}"#;
    assert_eq!(faulty(to, NewAllocation::command), "/to/1/item");
    let plan = |rule: &str| {
        format!(r#"{{"code": "p", "trigger": "cash", "expense": "1", "accrued": "2", "rules": [{{"percent": "1"}}, {rule}]}}"#)
    };
    assert_eq!(faulty(&plan("{}"), NewCommissionPlan::command), "/rules/1");
    assert_eq!(faulty(&plan(r#"{"percent": "1", "flat": "1"}"#), NewCommissionPlan::command), "/rules/1");
    assert_eq!(faulty(&plan(r#"{"percent": "1", "retroactive": true}"#), NewCommissionPlan::command), "/rules/1/retroactive");
}

#[test]
fn commands_have_the_defaults_of_the_command_line() {
    let command = |command: Result<Command, Fault>| command.unwrap();
    let document = r#"{"kind": "invoice", "party": "C", "date": "2026-01-05", "lines": [{"unit_price": "2", "account": "4000"}]}"#;
    let Command::RecordDocument(draft) = command(parse(document.as_bytes()).and_then(NewDocument::command)) else { panic!() };
    let line = ledger_core::command::DraftDocumentLine::new("4000", Decimal::from(2));
    let day = "2026-01-05".parse().unwrap();
    assert_eq!(*draft, ledger_core::command::DraftDocument::new(ledger_core::DocumentKind::Invoice, "C", day, vec![line]));

    let payment = r#"{"kind": "refund", "party": "C", "account": "1000", "date": "2026-01-05", "amount": "1", "value": "2",
        "settles": "these", "targets": [{"document": "I", "amount": "1"}]}"#;
    let Command::RecordPayment(payment) = command(parse(payment.as_bytes()).and_then(NewPayment::command)) else { panic!() };
    assert_eq!(payment.value, DraftValue::Total(Decimal::from(2)));
    let Settles::These(targets) = payment.settles else { panic!() };
    assert_eq!(targets[0].item, ItemRef::document("C", "I"));

    let Command::Allocate(allocate) = command(parse(br#"{"from": {"id": "7:2"}}"#).and_then(NewAllocation::command)) else { panic!() };
    assert_eq!((allocate.from, allocate.to.len()), (ItemRef::Id(ItemId { seq: 7, line: 2 }), 0));

    let party: NewParty = parse(br#"{"code": "C", "kind": "customer"}"#).unwrap();
    let Command::RegisterParty(party) = party.command() else { panic!() };
    assert_eq!(*party, ledger_core::command::RegisterParty::new("C", ledger_core::PartyKind::Customer));

    let plan = r#"{"code": "p", "trigger": "cash", "expense": "1", "accrued": "2", "rules": [{"tiers": [{"from": "0", "percent": "5"}]}]}"#;
    let Command::DefineCommissionPlan(plan) = command(parse(plan.as_bytes()).and_then(NewCommissionPlan::command)) else { panic!() };
    assert!(matches!(&plan.rules[0].2, DraftRule::Tiers { tiers, retroactive: false } if tiers.len() == 1));

    let code: NewTaxCode = parse(br#"{"code": "V", "components": [{"name": "VAT", "rate": "20", "account": "2200"}]}"#).unwrap();
    let Command::DefineTaxCode(code) = code.command() else { panic!() };
    assert_eq!(code.components, [ledger_core::command::DraftTaxComponent::new("VAT", Decimal::from(20), "2200")]);

    let close: NewClose = parse(br#"{"status": "soft-closed"}"#).unwrap();
    let month = ledger_core::Month::parse("2026-01").unwrap();
    let expected =
        Command::ClosePeriod { month, status: ledger_core::PeriodStatus::SoftClosed, reason: Text::default(), accept_open: false };
    assert_eq!(close.of(month), expected);
}

/// Each of the core's words is one of the wire's, and stands for the same.
macro_rules! same_words {
    ($($word:ty => $core:ty: $all:expr),+ $(,)?) => { $(
        for value in $all {
            let read = read::<$word>(&format!("\"{}\"", value.as_str())).map(<$core>::from);
            assert_eq!(read, Ok(value), "{}", stringify!($word));
        }
    )+ };
}

#[test]
fn words_are_those_of_the_command_line_and_of_answers() {
    use super::words::*;
    use ledger_core::{AccountStatus, AccountType, Activity, PartyKind, PeriodStatus, RateType, Side, SubType, subledger};
    same_words! {
        AccountTypeWord => AccountType: AccountType::ALL,
        SubTypeWord => SubType: SubType::ALL.iter().copied(),
        AccountStatusWord => AccountStatus: [AccountStatus::Open, AccountStatus::Locked, AccountStatus::Closed],
        ActivityWord => Activity: Activity::ALL,
        SideWord => Side: Side::ALL.iter().copied(),
        RateTypeWord => RateType: [RateType::Spot, RateType::Average, RateType::Closing],
        ClosedWord => PeriodStatus: [PeriodStatus::SoftClosed, PeriodStatus::HardClosed],
        PartyKindWord => PartyKind: PartyKind::ALL.iter().copied(),
        TaxRoundingWord => subledger::TaxRounding: subledger::TaxRounding::ALL.iter().copied(),
        DeferralMethodWord => subledger::DeferralMethod: subledger::DeferralMethod::ALL.iter().copied(),
        TriggerWord => subledger::commission::Trigger: subledger::commission::Trigger::ALL.iter().copied(),
    }
}
