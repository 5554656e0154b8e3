//! Batches: all or none, or each for itself; keys, limits, and what is left when a request is cut off.

use futures::future::join_all;
use ledger_api::http::wire::batch::BATCH_ENTRIES_MAX;
use reqwest::Method;
use serde_json::{Value, json};

use crate::serving::{Served, send};
use crate::writes::{books, entry};

fn batch(mode: &str, entries: &[Value]) -> Value {
    json!({ "mode": mode, "entries": entries })
}

async fn head(served: &Served, org: &str) -> u64 {
    served.get(org).await.expect(200)["seq"].as_u64().unwrap()
}

fn named(date: &str, amount: &str, external_id: &str) -> Value {
    let mut entry = entry(date, amount);
    entry["external_id"] = json!(external_id);
    entry
}

#[tokio::test(flavor = "multi_thread")]
async fn an_atomic_batch_is_one_commit_or_nothing() {
    let served = Served::start().await;
    let org = books(&served, "acme").await;
    let path = format!("{org}/entries/batch");
    served.post(&format!("{org}/entries"), named("2026-01-05", "1.00", "used")).await.expect(201);
    let before = head(&served, &org).await;
    let good = entry("2026-01-05", "1.00");
    let bad = json!({ "effective_date": "2026-01-05", "lines": [
        { "account": "6100", "direction": "debit", "amount": "1.00" }, { "account": "nowhere", "direction": "credit", "amount": "1.00" } ] });
    for (entries, status, code, index, pointer) in [
        (vec![good.clone(), good.clone(), bad], 422, "ACCOUNT_UNKNOWN", Some(2), Some("/entries/2/lines/1/account")),
        (vec![good.clone(), named("2026-01-05", "1.00", "used")], 409, "EXTERNAL_ID_TAKEN", Some(1), Some("/entries/1/external_id")),
        (vec![named("2026-01-05", "1.00", "a"), named("2026-01-05", "1.00", "a")], 409, "EXTERNAL_ID_TAKEN", Some(1), None),
        (vec![], 400, "BATCH_SIZE", None, Some("/entries")),
    ] {
        let answer = served.post(&path, batch("atomic", &entries)).await;
        assert_eq!(answer.problem(), (status, code.to_owned()), "{}", answer.text);
        let body = answer.json();
        assert_eq!(body["index"].as_u64(), index, "{body}");
        if let Some(pointer) = pointer {
            assert_eq!(body["pointer"], pointer, "{body}");
        }
    }
    assert_eq!(head(&served, &org).await, before, "nothing of a refused batch is there");

    let entries = [named("2026-01-05", "1.00", "x"), good.clone(), good.clone()];
    let preview = served.post(&format!("{path}?dry_run=true"), batch("atomic", &entries)).await.expect(200);
    assert_eq!((preview["dry_run"].as_bool(), preview["posted"].as_u64(), head(&served, &org).await), (Some(true), Some(3), before));
    let first = served.post_keyed(&path, "all", &batch("atomic", &entries)).await;
    let again = served.post_keyed(&path, "all", &batch("atomic", &entries)).await;
    assert_eq!((first.status, again.status, &again.text), (201, 201, &first.text), "{}", first.text);
    assert_eq!((first.header("idempotent-replayed"), again.header("idempotent-replayed")), (None, Some("true")));
    assert_eq!(head(&served, &org).await, before + 3);
    let answer = first.json();
    let seqs: Vec<u64> = answer["results"].as_array().unwrap().iter().map(|result| result["seq"].as_u64().unwrap()).collect();
    assert_eq!((answer["posted"].as_u64(), seqs), (Some(3), vec![before + 1, before + 2, before + 3]));
    let other = served.post_keyed(&path, "all", &batch("atomic", &entries[1..])).await;
    assert_eq!(other.problem(), (422, "IDEMPOTENCY_KEY_REUSED".to_owned()));
    let stale = served.request(Method::POST, &path).header("idempotency-key", "stale").header("if-match", format!("\"{before}\""));
    assert_eq!(send(stale.json(&batch("atomic", &entries[1..]))).await.problem(), (412, "BOOK_MOVED".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_goes_on_has_a_result_for_each() {
    let served = Served::start().await;
    let org = books(&served, "acme").await;
    let path = format!("{org}/entries/batch");
    served.post(&format!("{org}/accounts/1000/balance-condition"), json!({ "currency": "USD", "min": "-2.00" })).await.expect(201);
    let before = head(&served, &org).await;
    let unbalanced = json!({ "effective_date": "2026-01-05", "lines": [
        { "account": "6100", "direction": "debit", "amount": "1.00" }, { "account": "1000", "direction": "credit", "amount": "2.00" } ] });
    // The bank may go down to -2.00: the third good entry is refused because of the first two.
    let entries = [
        named("2026-01-05", "1.00", "a"),
        unbalanced,
        named("2026-01-05", "1.00", "a"),
        entry("2026-01-05", "1.00"),
        entry("2026-01-05", "1.00"),
    ];
    let body = batch("continue", &entries);
    let said = |answer: &Value| -> Vec<(String, Option<String>, Option<String>)> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let results = answer["results"].as_array().unwrap().iter();
        results
            .map(|result| (text(&result["status"]).unwrap(), text(&result["problem"]["code"]), text(&result["problem"]["pointer"])))
            .collect()
    };
    let refused = |code: &str, pointer: &str| ("refused".to_owned(), Some(code.to_owned()), Some(pointer.to_owned()));
    let posted = || ("posted".to_owned(), None, None);
    let expected = vec![
        posted(),
        refused("UNBALANCED", "/entries/1"),
        refused("EXTERNAL_ID_TAKEN", "/entries/2/external_id"),
        posted(),
        refused("BALANCE_CONDITION", "/entries/4/lines/1"),
    ];
    let preview = served.post(&format!("{path}?dry_run=true"), body.clone()).await.expect(200);
    assert_eq!((said(&preview), head(&served, &org).await), (expected.clone(), before));
    let first = served.post_keyed(&path, "some", &body).await;
    let answer = first.json();
    assert_eq!((first.status, said(&answer)), (201, expected), "{}", first.text);
    assert_eq!((answer["posted"].as_u64(), answer["refused"].as_u64()), (Some(2), Some(3)));
    assert_eq!(head(&served, &org).await, before + 2);
    // The answer stays although the refused ones would be taken now.
    served.post(&format!("{org}/accounts/1000/balance-condition"), json!({ "currency": "USD" })).await.expect(201);
    let after = head(&served, &org).await;
    let again = served.post_keyed(&path, "some", &body).await;
    assert_eq!((again.status, &again.text, again.header("idempotent-replayed")), (201, &first.text, Some("true")));
    let other = served.post_keyed(&path, "some", &batch("continue", &entries[..1])).await;
    assert_eq!(other.problem(), (422, "IDEMPOTENCY_KEY_REUSED".to_owned()));
    assert_eq!(head(&served, &org).await, after, "nothing was posted again");
    let none = served.post(&path, batch("continue", &[entries[1].clone()])).await;
    assert_eq!((none.status, none.json()["posted"].as_u64(), none.json()["seq"].as_u64()), (200, Some(0), None), "{}", none.text);
    let conditional = served.request(Method::POST, &path).header("idempotency-key", "c").header("if-match", "\"1\"").json(&body);
    assert_eq!(send(conditional).await.problem(), (400, "IF_MATCH_INVALID".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_was_cut_off_goes_on_where_it_stopped() {
    let served = Served::start().await;
    let org = books(&served, "acme").await;
    let path = format!("{org}/entries/batch");
    let entries: Vec<Value> = (0..300).map(|at| entry("2026-01-05", &format!("{}.00", at + 1))).collect();
    let body = batch("continue", &entries);
    let before = head(&served, &org).await;
    // Cut off at any moment: the connection goes away while the batch is on its way, and it is sent again.
    for wait in [0, 2, 5, 10, 20] {
        let request = served.post_keyed(&path, "cut", &body);
        tokio::time::timeout(std::time::Duration::from_millis(wait), request).await.ok();
    }
    let answer = served.post_keyed(&path, "cut", &body).await.expect(201);
    assert_eq!((answer["posted"].as_u64(), answer["refused"].as_u64()), (Some(300), Some(0)));
    assert_eq!(head(&served, &org).await, before + 300, "each is there once");
    let seqs: Vec<u64> = answer["results"].as_array().unwrap().iter().map(|result| result["seq"].as_u64().unwrap()).collect();
    assert!(seqs.is_sorted(), "in the order of the batch");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_batches_with_one_key_are_done_once() {
    let served = Served::start().await;
    let org = books(&served, "acme").await;
    for mode in ["atomic", "continue"] {
        let before = head(&served, &org).await;
        let body = batch(mode, &vec![entry("2026-01-05", "1.00"); 20]);
        let (path, key) = (format!("{org}/entries/batch"), format!("key-{mode}"));
        let answers = join_all((0..32).map(|_| served.post_keyed(&path, &key, &body))).await;
        assert!(answers.iter().all(|answer| answer.status == 201 && answer.text == answers[0].text), "{mode}: {answers:?}");
        assert_eq!(head(&served, &org).await, before + 20, "{mode}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_has_a_thousand_entries_and_no_more() {
    let served = Served::start().await;
    let org = books(&served, "acme").await;
    let path = format!("{org}/entries/batch");
    for mode in ["atomic", "continue"] {
        let most = vec![entry("2026-01-05", "1.00"); BATCH_ENTRIES_MAX];
        let answer = served.post(&path, batch(mode, &most)).await.expect(201);
        assert_eq!(answer["posted"].as_u64(), u64::try_from(BATCH_ENTRIES_MAX).ok());
        let more = vec![entry("2026-01-05", "1.00"); BATCH_ENTRIES_MAX + 1];
        let answer = served.post(&path, batch(mode, &more)).await;
        assert_eq!(answer.problem(), (400, "BATCH_SIZE".to_owned()), "{}", answer.text);
        assert_eq!(answer.json()["pointer"], "/entries");
    }
}
