//! Whatever can be drafted besides entries: bills against orders, payouts, payments, from the proposal to the books.

use serde_json::{Value, json};

use super::{Company, Person, refusal};

/// A vendor with an order, a payee who earned something, and a policy that covers what they get.
async fn business() -> Company {
    let company = Company::open().await;
    let owner = &company.owner.token;
    let line = |price: &str, account: &str| json!([{ "description": "Work", "quantity": "1", "unit_price": price, "account": account }]);
    for (path, body) in [
        ("/accounts/2000/control", json!({ "side": "payable" })),
        ("/accounts/1100/control", json!({ "side": "receivable" })),
        ("/parties", json!({ "code": "V-1", "kind": "vendor" })),
        ("/parties", json!({ "code": "C-1", "kind": "customer" })),
        ("/parties", json!({ "code": "P-1", "kind": "payee", "payable": "2000" })),
        ("/documents", json!({ "kind": "order", "party": "V-1", "date": "2026-01-05", "number": "PO-1", "lines": line("80.00", "6100") })),
        (
            "/documents",
            json!({ "kind": "invoice", "party": "C-1", "date": "2026-01-06", "number": "INV-1", "lines": line("500.00", "4000") }),
        ),
        (
            "/commission-plans",
            json!({ "code": "agents", "trigger": "invoice", "rules": [{ "percent": "10" }], "expense": "6500", "accrued": "2300" }),
        ),
        ("/commission-accruals", json!({ "plan": "agents", "payee": "P-1", "invoice": "INV-1" })),
    ] {
        company.post(path, owner, body).await.expect(201);
    }
    let terms = json!({ "subjects": ["bill", "payment", "payout"], "steps": [{ "mode": "single", "eligible": ["role:approver"] }] });
    company.policy("money-out", terms).await;
    company
}

/// Refused directly, drafted, approved and posted: the event that it became.
async fn through_approval(company: &Company, by: &Person, (path, field, subject): (&str, &str, &str), body: Value) -> Value {
    let direct = company.post(path, &by.token, body.clone()).await;
    assert_eq!(refusal(&direct), (409, "APPROVAL_NEEDED".to_owned()), "{path}");
    let draft = company.propose(by, json!({ field: body, "rationale": "due" })).await;
    assert_eq!((&draft["subject"], &draft["approval"]["policy"]), (&json!(subject), &json!("money-out")), "{field}");
    let early = company.post(&format!("/drafts/{}/post", draft["seq"]), &by.token, json!({})).await;
    assert_eq!(refusal(&early), (409, "APPROVAL_NEEDED".to_owned()), "{field}");
    let voted = company.vote(&draft["approval"]["request"], &company.approver, &draft["hash"], true).await.expect(201);
    assert_eq!((&voted["posted"]["route"], &voted["posted"]["four_eyes"]), (&json!("approved"), &json!(true)), "{field}: {voted}");
    assert_eq!(company.get(&format!("/drafts/{}", draft["seq"])).await["status"], "posted", "{field}");
    let event = voted["posted"]["event"].as_u64().unwrap();
    company.get(&format!("/events?after={}&limit=1", event - 1)).await["data"][0].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn bills_of_orders_payouts_and_payments_are_drafted_approved_and_posted() {
    let company = business().await;
    let by = &company.accountant;
    let bill = json!({ "order": "PO-1", "date": "2026-01-10", "number": "B-1" });
    let recorded = through_approval(&company, by, ("/order-invoices", "ordered_bill", "bill"), bill).await;
    assert_eq!(recorded["type"], "BillReceived", "{recorded}");
    let order = company.get("/documents/PO-1").await["seq"].clone();
    assert_eq!(company.get("/documents/B-1").await["document"]["order"], order, "it knows its order");

    let payout = json!({ "payee": "P-1", "date": "2026-01-31", "number": "COM-1" });
    let recorded = through_approval(&company, by, ("/commission-payouts", "payout", "payout"), payout).await;
    assert_eq!(recorded["type"], "CommissionsPaidOut", "{recorded}");

    // What is open after each.
    for (party, document, amount, left) in
        [("V-1", "B-1", "30.00", Some("50.00")), ("V-1", "B-1", "50.00", None), ("P-1", "COM-1", "50.00", None)]
    {
        let payment = json!({ "kind": "payment_out", "party": party, "account": "1000", "date": "2026-02-02", "amount": amount,
            "settles": "these", "targets": [{ "document": document }] });
        let recorded = through_approval(&company, by, ("/payments", "payment", "payment"), payment).await;
        assert_eq!(recorded["type"], "PaymentSent", "{recorded}");
        // What the payment settles follows in events of its own.
        let head = company.get("/head").await["seq"].clone();
        let open = company.get(&format!("/open-items?party={party}&side=payable&min_seq={head}")).await;
        let items: Vec<&str> = open["data"].as_array().unwrap().iter().map(|item| item["open"].as_str().unwrap()).collect();
        assert_eq!(items, left.into_iter().collect::<Vec<_>>(), "{open}");
    }
    // Money that comes in needs nobody.
    let received = json!({ "kind": "payment_in", "party": "C-1", "account": "1000", "date": "2026-02-02", "amount": "500.00" });
    company.post("/payments", &by.token, received).await.expect(201);
}
