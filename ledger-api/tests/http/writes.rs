//! Writes of the book: every command once, what is refused and where, keys, conditions, races.

use std::collections::BTreeSet;

use futures::future::join_all;
use ledger_store::load::{load_book, to_chain};
use reqwest::Method;
use serde_json::{Value, json};

use crate::serving::{Served, fresh_key, send};

/// Accounts, a party of each kind and a tax code: enough to do business.
pub(crate) async fn books(served: &Served, slug: &str) -> String {
    let org = served.org(slug).await;
    for (code, kind, sub_type) in [
        ("1000", "asset", "bank"),
        ("1100", "asset", "receivable"),
        ("2000", "liability", "payable"),
        ("2200", "liability", "tax"),
        ("2300", "liability", "general"),
        ("2400", "liability", "deferred_revenue"),
        ("3100", "equity", "retained_earnings"),
        ("4000", "revenue", "general"),
        ("6100", "expense", "general"),
        ("6500", "expense", "commission"),
    ] {
        let account = json!({ "code": code, "type": kind, "sub_type": sub_type });
        served.post(&format!("{org}/accounts"), account).await.expect(201);
    }
    org
}

/// An entry of two lines in the functional currency.
pub(crate) fn entry(date: &str, amount: &str) -> Value {
    json!({ "effective_date": date, "description": "Rent", "lines": [
        { "account": "6100", "direction": "debit", "amount": amount },
        { "account": "1000", "direction": "credit", "amount": amount } ] })
}

/// The types of the events that a receipt names, those that only register who acts left out.
async fn events_of(served: &Served, slug: &str, receipt: &Value) -> Vec<&'static str> {
    use futures::TryStreamExt;
    let organization = served.running.app.store.organization(slug).await.unwrap().unwrap();
    let org = served.running.app.store.for_org(organization.org);
    let (first, last) = (receipt["first_seq"].as_u64().unwrap(), receipt["seq"].as_u64().unwrap());
    let commits: Vec<_> = org.commits(first, Some(last)).try_collect().await.unwrap();
    let recorded = commits.into_iter().flat_map(|commit| to_chain(org.org(), commit).events().map(Result::unwrap).collect::<Vec<_>>());
    let named = recorded.filter(|recorded| (first..=last).contains(&recorded.seq)).map(|recorded| recorded.event.type_name());
    named.filter(|name| *name != "ActorRegistered").collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_of_the_book_is_done_once() {
    let served = Served::start().await;
    let org = books(&served, "acme").await;
    let line = |account: &str, direction: &str, amount: &str| json!({ "account": account, "direction": direction, "amount": amount });
    let party_line = |direction: &str, document: &str| json!({ "account": "1100", "direction": direction, "amount": "10.00", "party": "C-1", "document": document, "due_date": "2026-02-01" });
    let deferral = json!({ "start": "2026-01-01", "end": "2026-12-31", "account": "2400" });
    // What is asked, and the events that follow. `@name` stands for the seq of the row with that name.
    let script: Vec<(&str, &str, &str, Value, &[&str])> = vec![
        ("", "PATCH", "/accounts/1000", json!({ "name": "Bank, main" }), &["AccountChanged"]),
        ("", "PATCH", "/accounts/1000", json!({ "parent": null }), &[]),
        ("", "POST", "/accounts/6100/status", json!({ "status": "locked", "reason": "review" }), &["AccountStatusChanged"]),
        ("", "POST", "/accounts/6100/status", json!({ "status": "open" }), &["AccountStatusChanged"]),
        ("", "POST", "/accounts/3100/activity", json!({ "activity": "financing" }), &["AccountActivitySet"]),
        ("", "POST", "/accounts/1000/balance-condition", json!({ "currency": "USD", "max": "1000000" }), &["AccountConditionsSet"]),
        ("", "POST", "/accounts/1100/control", json!({ "side": "receivable" }), &["ControlAccountSet"]),
        ("", "POST", "/accounts/2000/control", json!({ "side": "payable" }), &["ControlAccountSet"]),
        ("", "POST", "/commodities", json!({ "code": "ETH", "scale": 18, "name": "Ether" }), &["CommodityDefined"]),
        (
            "",
            "POST",
            "/rates",
            json!({ "base": "EUR", "quote": "USD", "date": "2026-01-01", "rate": "1.10", "source": "ecb" }),
            &["CommodityDefined", "RateRecorded"],
        ),
        (
            "",
            "POST",
            "/parties",
            json!({ "code": "C-1", "kind": "customer", "terms": [{ "share": "1", "days": 30 }] }),
            &["PartyRegistered"],
        ),
        ("", "POST", "/parties", json!({ "code": "V-1", "kind": "vendor" }), &["PartyRegistered"]),
        ("", "POST", "/parties", json!({ "code": "P-1", "kind": "payee", "payable": "2000" }), &["PartyRegistered"]),
        ("", "PATCH", "/parties/C-1", json!({ "tags": { "region": "north" } }), &["PartyChanged"]),
        (
            "",
            "POST",
            "/tax-codes",
            json!({ "code": "VAT20", "name": "VAT", "components": [{ "name": "VAT", "rate": "20", "account": "2200" }] }),
            &["TaxCodeDefined"],
        ),
        ("entry", "POST", "/entries", entry("2026-01-05", "100.00"), &["EntryPosted"]),
        (
            "",
            "POST",
            "/entries/@entry/correction",
            json!({ "reason": "typo", "replacement": entry("2026-01-05", "99.00") }),
            &["EntryReversed", "EntryPosted"],
        ),
        ("again", "POST", "/entries", entry("2026-01-06", "1.00"), &["EntryPosted"]),
        ("", "POST", "/entries/@again/reversal", json!({ "reason": "twice" }), &["EntryReversed"]),
        (
            "",
            "POST",
            "/entries",
            json!({ "effective_date": "2026-01-07", "lines": [party_line("debit", "J-1"), line("4000", "credit", "10.00")] }),
            &["EntryPosted"],
        ),
        (
            "",
            "POST",
            "/entries",
            json!({ "effective_date": "2026-01-08", "lines": [line("1000", "debit", "10.00"), party_line("credit", "J-2")] }),
            &["EntryPosted"],
        ),
        (
            "settled",
            "POST",
            "/allocations",
            json!({ "from": { "party": "C-1", "document": "J-2" }, "to": [{ "item": { "party": "C-1", "document": "J-1" } }] }),
            &["ItemsAllocated"],
        ),
        ("", "POST", "/allocations/@settled/reversal", json!({ "reason": "another" }), &["AllocationReversed"]),
        (
            "",
            "POST",
            "/commission-plans",
            json!({ "code": "agents", "trigger": "invoice", "rules": [{ "percent": "10" }], "expense": "6500", "accrued": "2300" }),
            &["CommissionPlanDefined"],
        ),
        (
            "",
            "POST",
            "/documents",
            json!({ "kind": "order", "party": "C-1", "date": "2026-01-09", "lines": [{ "unit_price": "50.00", "account": "4000" }] }),
            &["OrderReceived"],
        ),
        ("", "POST", "/order-invoices", json!({ "order": "ORD-1", "date": "2026-01-10" }), &["InvoiceIssued"]),
        ("", "POST", "/commission-accruals", json!({ "plan": "agents", "payee": "P-1", "invoice": "INV-1" }), &["CommissionAccrued"]),
        (
            "",
            "POST",
            "/commission-assignments",
            json!({ "plan": "agents", "payee": "P-1", "customer": "C-1", "from": "2026-01-01" }),
            &["CommissionAssigned"],
        ),
        (
            "",
            "POST",
            "/documents",
            json!({ "kind": "invoice", "party": "C-1", "date": "2026-01-11", "lines": [
                { "unit_price": "120.00", "account": "4000", "tax_code": "VAT20", "deferral": deferral } ] }),
            &["InvoiceIssued", "DeferralScheduled", "CommissionAccrued"],
        ),
        ("", "POST", "/deferrals/recognitions", json!({ "up_to": "2026-01-31" }), &["DeferralsRecognised"]),
        ("", "POST", "/commission-payouts", json!({ "payee": "P-1", "date": "2026-01-31", "number": "COM-1" }), &["CommissionsPaidOut"]),
        (
            "",
            "POST",
            "/payments",
            json!({ "kind": "payment_in", "party": "C-1", "account": "1000", "date": "2026-01-20", "amount": "40.00", "settles": "these",
                "targets": [{ "document": "INV-1" }], "bank_charge": { "account": "6100", "amount": "0.50" } }),
            &["PaymentReceived", "ItemsAllocated"],
        ),
        (
            "",
            "POST",
            "/write-offs",
            json!({ "party": "C-1", "document": "INV-1", "account": "6100", "reason": "small" }),
            &["WrittenOff", "ItemsAllocated"],
        ),
        (
            "",
            "POST",
            "/documents",
            json!({ "kind": "bill", "party": "V-1", "number": "4711", "date": "2026-01-12", "currency": "EUR",
                "lines": [{ "unit_price": "5.00", "account": "6100" }] }),
            &["BillReceived"],
        ),
        (
            "",
            "POST",
            "/rates",
            json!({ "base": "EUR", "quote": "USD", "date": "2026-01-31", "rate": "1.20", "type": "closing" }),
            &["RateRecorded"],
        ),
        ("", "POST", "/revaluations", json!({ "date": "2026-01-31" }), &["ItemsRevalued", "RevaluationReversed"]),
        ("", "POST", "/periods/2025-12/close", json!({ "status": "soft-closed" }), &["PeriodClosed"]),
        ("", "POST", "/periods/2025-12/reopen", json!({ "reason": "late" }), &["PeriodReopened"]),
        ("", "POST", "/year-closings", json!({ "date": "2026-12-31" }), &["EntryPosted"]),
    ];
    let mut seqs: Vec<(&str, u64)> = Vec::new();
    for (name, method, path, body, expected) in script {
        let path = seqs.iter().fold(path.to_owned(), |path, (name, seq)| path.replace(&format!("@{name}"), &seq.to_string()));
        let method: Method = method.parse().unwrap();
        let path = format!("{org}{path}");
        let preview = served.write(method.clone(), &format!("{path}?dry_run=true"), &body).await.expect(200);
        let would: Vec<&str> = preview["events"].as_array().unwrap().iter().map(|event| event["type"].as_str().unwrap()).collect();
        let answer = served.write(method, &path, &body).await;
        let (seq, etag) = (answer.header("ledger-seq").map(str::to_owned), answer.header("etag").map(str::to_owned));
        let receipt = answer.expect(if expected.is_empty() { 200 } else { 201 });
        assert_eq!(seq, Some(receipt["seq"].to_string()), "{path}");
        assert_eq!(etag, Some(format!("\"{}\"", receipt["seq"])), "{path}");
        let found = if expected.is_empty() { Vec::new() } else { events_of(&served, "acme", &receipt).await };
        let ours =
            |names: &[&str]| names.iter().filter(|name| **name != "AccountOpened").map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(ours(&found), ours(expected), "{path} {body}");
        assert_eq!(would, found, "{path}: what would follow is what follows");
        if !name.is_empty() {
            seqs.push((name, receipt["seq"].as_u64().unwrap()));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_are_answered_with_their_number() {
    let served = Served::start().await;
    let org = books(&served, "acme").await;
    served.post(&format!("{org}/accounts/1100/control"), json!({ "side": "receivable" })).await.expect(201);
    served.post(&format!("{org}/parties"), json!({ "code": "C-1", "kind": "customer" })).await.expect(201);
    let invoice =
        json!({ "kind": "invoice", "party": "C-1", "date": "2026-01-09", "lines": [{ "unit_price": "50.00", "account": "4000" }] });
    let path = format!("{org}/documents");
    let first = served.post_keyed(&path, "one", &invoice).await;
    let again = served.post_keyed(&path, "one", &invoice).await;
    assert_eq!((again.status, &again.text, again.header("idempotent-replayed")), (201, &first.text, Some("true")));
    let first = first.expect(201);
    assert_eq!((first["document"]["number"].as_str(), first["document"]["kind"].as_str()), (Some("INV-1"), Some("invoice")));
    let second = served.post(&path, invoice).await.expect(201);
    assert_eq!(second["document"]["number"], "INV-2");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_says_why_and_where() {
    let served = Served::start().await;
    let org = books(&served, "acme").await;
    served.post(&format!("{org}/accounts/1100/control"), json!({ "side": "receivable" })).await.expect(201);
    served.post(&format!("{org}/parties"), json!({ "code": "C-1", "kind": "customer" })).await.expect(201);
    served.post(&format!("{org}/periods/2025-12/close"), json!({ "status": "hard-closed", "reason": "audited" })).await.expect(201);
    let taken = json!({ "effective_date": "2026-01-05", "external_id": "x", "lines": entry("2026-01-05", "1.00")["lines"] });
    let first = served.post(&format!("{org}/entries"), taken.clone()).await.expect(201);
    let with = |pointer: &str, value: Value| {
        let mut entry = entry("2026-01-05", "1.00");
        *entry.pointer_mut(pointer).unwrap() = value;
        entry
    };
    let added = |pointer: &str, name: &str, value: Value| {
        let mut entry = entry("2026-01-05", "1.00");
        entry.pointer_mut(pointer).unwrap()[name] = value;
        entry
    };
    // Path, body, status, code, pointer.
    let table: Vec<(&str, Value, u16, &str, Option<&str>)> = vec![
        ("/entries", with("/lines/1/amount", json!("2.00")), 422, "UNBALANCED", None),
        ("/entries", with("/lines/1/amount", json!(1)), 400, "MALFORMED_BODY", Some("/lines/1/amount")),
        ("/entries", with("/lines/1/amount", json!(1.5)), 400, "MALFORMED_BODY", Some("/lines/1/amount")),
        ("/entries", with("/lines/1/amount", json!("1e0")), 400, "MALFORMED_BODY", Some("/lines/1/amount")),
        ("/entries", with("/lines/1/amount", json!("NaN")), 400, "MALFORMED_BODY", Some("/lines/1/amount")),
        ("/entries", with("/lines/1/amount", json!("-1.00")), 400, "MALFORMED_BODY", Some("/lines/1/amount")),
        ("/entries", with("/lines/1/amount", json!("1.001")), 422, "OVER_PRECISE", Some("/lines/1")),
        ("/entries", with("/lines/0/account", json!("9999")), 422, "ACCOUNT_UNKNOWN", Some("/lines/0/account")),
        ("/entries", with("/lines/0/account", json!("a\u{0}")), 400, "MALFORMED_BODY", Some("/lines/0/account")),
        ("/entries", with("/lines/0/account", json!("1100")), 422, "CONTROL_NEEDS_PARTY", Some("/lines/0/party")),
        ("/entries", with("/effective_date", json!("2025-12-31")), 422, "PERIOD_CLOSED", Some("/effective_date")),
        ("/entries", with("/effective_date", json!("2026-02-30")), 400, "MALFORMED_BODY", Some("/effective_date")),
        ("/entries", with("/lines", json!([])), 422, "TOO_FEW_LINES", Some("/lines")),
        ("/entries", added("", "extra", json!(1)), 400, "MALFORMED_BODY", Some("/extra")),
        ("/entries", added("/lines/0", "currency", json!("XXQ")), 422, "COMMODITY_UNKNOWN", Some("/lines/0")),
        ("/entries", added("/lines/0", "currency", json!("EUR")), 422, "RATE_MISSING", Some("/lines/0")),
        ("/entries", added("", "tags", json!({ "a": 1 })), 400, "MALFORMED_BODY", Some("/tags/a")),
        ("/entries", added("", "description", json!("a\u{7}b")), 422, "INVALID_TEXT", None),
        ("/entries", taken.clone(), 409, "EXTERNAL_ID_TAKEN", Some("/external_id")),
        ("/entries/1/reversal", json!({}), 404, "ENTRY_UNKNOWN", None),
        ("/entries/99999/reversal", json!({}), 404, "ENTRY_UNKNOWN", None),
        ("/entries/x/reversal", json!({}), 400, "PATH_INVALID", None),
        ("/entries/-1/reversal", json!({}), 400, "PATH_INVALID", None),
        ("/entries/99999999999999999999/reversal", json!({}), 400, "PATH_INVALID", None),
        ("/accounts", json!({ "code": "1000", "type": "liability" }), 409, "ACCOUNT_DIFFERS", None),
        ("/accounts", json!({ "code": "1", "type": "assets" }), 400, "MALFORMED_BODY", Some("/type")),
        ("/accounts", json!({ "code": "", "type": "asset" }), 422, "INVALID_TEXT", None),
        ("/accounts/nowhere/status", json!({ "status": "locked" }), 404, "ACCOUNT_UNKNOWN", None),
        ("/accounts/1000/status", json!({ "status": "open" }), 409, "STATUS_UNCHANGED", None),
        ("/accounts/1000/activity", json!({}), 400, "MALFORMED_BODY", Some("")),
        ("/accounts/%00/status", json!({ "status": "locked" }), 400, "PATH_INVALID", None),
        ("/commodities", json!({ "code": "ETH", "scale": 19 }), 422, "SCALE_TOO_LARGE", None),
        ("/commodities", json!({ "code": "ETH", "scale": -1 }), 400, "MALFORMED_BODY", Some("/scale")),
        ("/rates", json!({ "base": "EUR", "quote": "USD", "date": "2026-01-01", "rate": "0" }), 422, "RATE_INVALID", None),
        ("/periods/2026-13/close", json!({ "status": "hard-closed" }), 400, "PATH_INVALID", None),
        ("/periods/2025-12/close", json!({ "status": "hard-closed" }), 409, "PERIOD_UNCHANGED", None),
        ("/parties", json!({ "code": "C-1", "kind": "vendor" }), 409, "PARTY_DIFFERS", None),
        ("/allocations", json!({ "from": { "party": "C-1", "document": "X" } }), 422, "ITEM_UNKNOWN", None),
        ("/allocations", json!({ "from": {} }), 400, "MALFORMED_BODY", Some("/from")),
        ("/allocations/1/reversal", json!({}), 404, "ALLOCATION_UNKNOWN", None),
        ("/order-invoices", json!({ "order": "ORD-9", "date": "2026-01-05" }), 422, "DOCUMENT_UNKNOWN", None),
        ("/revaluations", json!({ "date": "tomorrow" }), 400, "MALFORMED_BODY", Some("/date")),
    ];
    for (path, body, status, code, pointer) in table {
        let answer = served.post(&format!("{org}{path}"), body.clone()).await;
        assert_eq!(answer.problem(), (status, code.to_owned()), "{path} {body}: {}", answer.text);
        assert_eq!(answer.json()["pointer"].as_str(), pointer, "{path} {body}: {}", answer.text);
    }
    let answer = served.post(&format!("{org}/entries"), taken).await.json();
    assert_eq!(answer["existing_seq"], first["seq"], "the entry that has the external id");
    let changed = served.write(Method::PATCH, &format!("{org}/accounts/nowhere"), &json!({ "name": "x" })).await;
    assert_eq!(changed.problem(), (404, "ACCOUNT_UNKNOWN".to_owned()));
    let changed = served.write(Method::PATCH, &format!("{org}/accounts/1000"), &json!({ "parent": "nowhere" })).await;
    assert_eq!(changed.problem(), (422, "ACCOUNT_UNKNOWN".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_answered_once_and_for_ever() {
    let served = Served::start().await;
    let org = books(&served, "acme").await;
    let path = format!("{org}/entries");
    let first = served.post_keyed(&path, "rent", &entry("2026-01-05", "1.00")).await;
    assert_eq!((first.status, first.header("idempotent-replayed")), (201, None));
    // Closed meanwhile: the answer stays.
    served.post(&format!("{org}/periods/2026-01/close"), json!({ "status": "hard-closed", "reason": "x" })).await.expect(201);
    let spaced = served.request(Method::POST, &path).header("idempotency-key", "\"rent\"").header("content-type", "application/json");
    let replays = [
        served.post_keyed(&path, "rent", &entry("2026-01-05", "1.00")).await,
        send(spaced.body(serde_json::to_string_pretty(&entry("2026-01-05", "1.00")).unwrap())).await,
    ];
    for replay in replays {
        assert_eq!((replay.status, &replay.text, replay.header("idempotent-replayed")), (201, &first.text, Some("true")));
        assert_eq!((replay.header("ledger-seq"), replay.header("etag")), (first.header("ledger-seq"), first.header("etag")));
    }
    let other = served.post_keyed(&path, "rent", &entry("2026-02-05", "2.00")).await;
    assert_eq!(other.problem(), (422, "IDEMPOTENCY_KEY_REUSED".to_owned()));
    let elsewhere = served.post_keyed(&format!("{org}/revaluations"), "rent", &json!({ "date": "2026-02-05" })).await;
    assert!(matches!(elsewhere.status, 200 | 422), "nothing is revalued: {}", elsewhere.text);
    // A refusal leaves the key free.
    assert_eq!(served.post_keyed(&path, "late", &entry("2026-01-05", "1.00")).await.problem().0, 422);
    assert_eq!(served.post_keyed(&path, "late", &entry("2026-02-05", "1.00")).await.status, 201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_with_one_key_one_is_done_and_all_get_its_answer() {
    let served = Served::start().await;
    let org = books(&served, "acme").await;
    let (path, body) = (format!("{org}/entries"), entry("2026-01-05", "1.00"));
    let before = served.get(&org).await.expect(200)["seq"].as_u64().unwrap();
    let answers = join_all((0..32).map(|_| served.post_keyed(&path, "one", &body))).await;
    let texts: BTreeSet<&str> = answers.iter().map(|answer| answer.text.as_str()).collect();
    assert_eq!((texts.len(), answers.iter().all(|answer| answer.status == 201)), (1, true), "{texts:?}");
    assert_eq!(answers.iter().filter(|answer| answer.header("idempotent-replayed").is_none()).count(), 1);
    let after = served.get(&org).await.expect(200)["seq"].as_u64().unwrap();
    assert_eq!(after - before, 1, "one event: {texts:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_a_hundred_reversals_one_wins() {
    let served = Served::start().await;
    let org = books(&served, "acme").await;
    let posted = served.post(&format!("{org}/entries"), entry("2026-01-05", "1.00")).await.expect(201);
    let path = format!("{org}/entries/{}/reversal", posted["seq"]);
    let answers = join_all((0..100).map(|_| served.post(&path, json!({ "reason": "race" })))).await;
    let (won, lost): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 201);
    let [winner] = won.as_slice() else { panic!("{} won", won.len()) };
    for answer in lost {
        assert_eq!(answer.problem(), (409, "ALREADY_REVERSED".to_owned()));
        assert_eq!(answer.json()["existing_seq"], winner.json()["seq"]);
    }
    let organization = served.running.app.store.organization("acme").await.unwrap().unwrap();
    let book = load_book(&served.running.app.store.for_org(organization.org)).await.unwrap().book;
    let bank = book.account_by_code("1000").unwrap().no;
    assert!(book.holdings(bank).iter().all(|holding| holding.units == 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_condition_that_does_not_hold_changes_nothing() {
    let served = Served::start().await;
    let org = books(&served, "acme").await;
    let path = format!("{org}/entries");
    let conditional = |seq: u64, key: &str| {
        let request = served.request(Method::POST, &path).header("idempotency-key", key).header("if-match", format!("\"{seq}\""));
        send(request.json(&entry("2026-01-05", "1.00")))
    };
    let head = served.get(&org).await.expect(200)["seq"].as_u64().unwrap();
    assert_eq!(conditional(head - 1, "a").await.problem(), (412, "BOOK_MOVED".to_owned()));
    let done = conditional(head, "b").await;
    assert_eq!(done.status, 201, "{}", done.text);
    assert_eq!(conditional(head, &fresh_key()).await.problem(), (412, "BOOK_MOVED".to_owned()));
    let again = conditional(head, "b").await;
    assert_eq!((again.status, again.text), (201, done.text), "a retry gets its answer whatever happened since");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_has_ten_thousand_lines_and_no_more() {
    let served = Served::start().await;
    let org = books(&served, "acme").await;
    let most = ledger_core::limits::ENTRY_LINES_MAX;
    for (lines, status) in [(most, 201), (most + 1, 422)] {
        let line = |at: usize| {
            let direction = if at.is_multiple_of(2) { "debit" } else { "credit" };
            json!({ "account": "1000", "direction": direction, "amount": if lines % 2 == 1 && at == 0 { "0" } else { "1" } })
        };
        let mut lines: Vec<Value> = (0..lines).map(line).collect();
        if lines.len() % 2 == 1 {
            lines[2] = json!({ "account": "1000", "direction": "debit", "amount": "1" });
        }
        let answer = served.post(&format!("{org}/entries"), json!({ "effective_date": "2026-01-05", "lines": lines })).await;
        assert_eq!(answer.status, status, "{}", answer.text);
        if status == 422 {
            assert_eq!(answer.problem().1, "LIMIT_EXCEEDED");
        }
    }
}
