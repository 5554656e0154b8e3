//! Documents, payments and tax codes through the command line alone, from an order to what is written off.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod terminal;

use terminal::Terminal;

/// A company with a customer, a vendor abroad and two tax codes.
async fn acme() -> Terminal {
    let desk = Terminal::new().await;
    desk.ok(&["org", "create", "acme", "--name", "Acme", "--currency", "USD"]).await;
    for (code, kind) in [
        ("1010", "asset"),
        ("1100", "asset"),
        ("1250", "asset"),
        ("2000", "liability"),
        ("2200", "liability"),
        ("2400", "liability"),
        ("4000", "revenue"),
        ("5000", "expense"),
        ("6700", "expense"),
        ("6800", "expense"),
    ] {
        desk.ok(&["account", "open", "--org", "acme", code, "--type", kind]).await;
    }
    desk.ok(&["account", "control", "--org", "acme", "1100", "--side", "receivable"]).await;
    desk.ok(&["account", "control", "--org", "acme", "2000", "--side", "payable"]).await;
    desk.ok(&["rate", "add", "--org", "acme", "EUR", "USD", "1.10", "--date", "2026-02-01"]).await;
    desk.ok(&["party", "register", "--org", "acme", "C-1", "--kind", "customer", "--terms", "30@30,70@60"]).await;
    desk.ok(&["party", "register", "--org", "acme", "V-7", "--kind", "vendor", "--currency", "EUR"]).await;
    let define = ["tax", "define", "--org", "acme", "VAT20", "--name", "VAT, standard", "--component", "VAT=20@2200,box=1"];
    assert!(desk.ok(&define).await.starts_with("Defined tax code VAT20 at seq "));
    assert_eq!(desk.ok(&define).await, "Tax code VAT20 stands already; nothing was changed.\n");
    desk.ok(&["tax", "define", "--org", "acme", "EU-RC", "--component", "VAT=20@1250,reverse=2200,recoverable=50,box=9"]).await;
    desk
}

/// `ledgerd document record`, a line of options.
async fn record(desk: &Terminal, options: &str) -> String {
    let arguments: Vec<&str> = ["document", "record", "--org", "acme"].into_iter().chain(options.split(' ')).collect();
    without_seq(&desk.ok(&arguments).await)
}

async fn pay(desk: &Terminal, options: &str) -> String {
    let (way, rest) = options.split_once(' ').unwrap();
    let arguments: Vec<&str> = ["payment", "record", way, "--org", "acme"].into_iter().chain(rest.split(' ')).collect();
    without_seq(&desk.ok(&arguments).await)
}

async fn show(desk: &Terminal, options: &str) -> String {
    let arguments: Vec<&str> = ["document", "show", "--org", "acme"].into_iter().chain(options.split(' ')).collect();
    desk.ok(&arguments).await
}

/// Places in history depend on how the books began.
fn without_seq(text: &str) -> String {
    let end = |line: &str| line.rsplit_once(" (seq ").map_or_else(|| line.to_owned(), |(before, _)| format!("{before}."));
    text.lines().map(end).collect::<Vec<_>>().join("\n")
}

const INVOICE: &str = "--kind invoice --party C-1 --date 2026-02-03 --quantity 3 --unit-price 33.335 --account 4000 --tax-code VAT20 \
                       --description Paper --reference PO-7";

#[tokio::test]
async fn from_an_invoice_to_what_is_written_off() {
    let desk = acme().await;
    let would = record(&desk, &format!("{INVOICE} --dry-run")).await;
    assert_eq!(would, "Would record invoice INV-1 of C-1: 120.01 USD, due 2026-03-05 (36.01 USD), 2026-04-04 (84.00 USD).");
    for lead in ["Recorded", "Recorded before, under this key:"] {
        let said = record(&desk, &format!("{INVOICE} --key k1")).await;
        assert_eq!(said, format!("{lead} invoice INV-1 of C-1: 120.01 USD, due 2026-03-05 (36.01 USD), 2026-04-04 (84.00 USD)."));
    }
    let paid = pay(&desk, "in --party C-1 --account 1010 --date 2026-03-01 --amount 40 --charge 6800=2.50 --reference BANK-9").await;
    let settled = ["Settled 36.01 USD of INV-1 with IN-1, 2026-03-01.", "Settled 3.99 USD of INV-1 with IN-1, 2026-03-01."];
    assert_eq!(paid.lines().skip(1).collect::<Vec<_>>(), settled);
    let noted = record(&desk, "--kind credit-note --party C-1 --date 2026-03-09 --amount 10 --account 4000 --against INV-1").await;
    assert_eq!(noted.lines().last(), Some("Settled 10.00 USD of INV-1 with CN-1, 2026-03-09."));
    let shown = show(&desk, "INV-1").await;
    insta::assert_snapshot!(shown, @r"
    Invoice INV-1 of C-1, 2026-02-03 (seq 22)
    Reference: PO-7

     Line   What    Quantity    Price   Account   Tax     Net USD
    ──────────────────────────────────────────────────────────────
     1      Paper          3   33.335   4000      VAT20    100.01

     Tax     Component    %     Base     Tax   Account   Box
    ─────────────────────────────────────────────────────────
     VAT20   VAT         20   100.01   20.00   2200      1

    Net 100.01, tax 20.00, total 120.01 USD

     Due          Amount    Open   Cur.
    ────────────────────────────────────
     2026-03-05    36.01    0.00   USD
     2026-04-04    84.00   70.01   USD

     Settled      With   Amount   Cur.   Exchange   Seq
    ────────────────────────────────────────────────────
     2026-03-01   IN-1    36.01   USD               24
     2026-03-01   IN-1     3.99   USD               25
     2026-03-09   CN-1    10.00   USD               27
    ");
    let write_off = ["document", "write-off", "--org", "acme", "INV-1", "--party", "C-1", "--account", "6700", "--reason", "insolvent"];
    let said = without_seq(&desk.ok(&write_off).await);
    assert_eq!(said, "Recorded write off WO-1 of C-1: 70.01 USD.\nSettled 70.01 USD of INV-1 with WO-1, 2026-02-03.");
    assert!(show(&desk, "WO-1").await.contains("About: INV-1 (seq"));
    let said = pay(&desk, "in --party C-1 --account 1010 --date 2026-03-11 --amount 500 --unapplied").await;
    assert_eq!(said.lines().last(), Some("500.00 USD of it stays open, unapplied."));
    let said = pay(&desk, "refund --party C-1 --account 1010 --date 2026-03-12 --amount 400 --pays IN-2").await;
    assert_eq!(said.lines().last(), Some("Settled 400.00 USD of IN-2 with REF-1, 2026-03-12."));
    let balance = desk.ok(&["report", "trial-balance", "--org", "acme", "--format", "csv"]).await;
    for row in ["1010,1010,asset,USD,137.50,0.00,137.50", "1100,1100,asset,USD,0.00,100.00,-100.00", "6800,6800,expense,USD,2.50,0.00,2.50"]
    {
        assert!(balance.contains(row), "{row}\n{balance}");
    }
}

const ORDER: &str = r#"{
  "kind": "order", "party": "C-1", "date": "2026-02-04", "terms": "10", "memo": "spring", "tags": {"site": "north"},
  "lines": [
    {"description": "Ink", "quantity": 2, "unit_price": "12.50", "account": "4000", "tax_code": "VAT20"},
    {"amount": "120.00", "deferral_start": "2026-01-01", "deferral_end": "2026-12-31", "deferral_account": "2400", "deferral_method": "months"}
  ]
}"#;

#[tokio::test]
async fn an_order_keeps_its_lines_and_files() {
    let desk = acme().await;
    let folder = tempfile::tempdir().unwrap();
    let (file, scan) = (folder.path().join("order.json"), folder.path().join("scan.pdf"));
    std::fs::write(&file, ORDER).unwrap();
    std::fs::write(&scan, "scan").unwrap();
    let (file, scan) = (file.to_str().unwrap(), scan.to_str().unwrap());
    let options = ["document", "record", "--org", "acme", "--file", file];
    let refused = desk.refused(1, &options).await;
    assert!(refused.contains("line 2 names no account") && refused.contains("hint: add \"account\""), "{refused}");
    let more = ["--account", "4000", "--attach", scan, "--channel", "email", "--confidence", "0.93"];
    let said = desk.ok(&[&options[..], &more].concat()).await;
    assert!(said.starts_with("Recorded order ORD-1 of C-1: 150.00 USD, due 2026-02-14"), "{said}");
    let before = desk.ok(&["report", "trial-balance", "--org", "acme", "--format", "csv"]).await;
    assert_eq!(before.lines().count(), 1, "an order posts nothing: {before}");
    let said = desk.ok(&["document", "invoice-order", "--org", "acme", "ORD-1", "--date", "2026-02-10"]).await;
    assert!(said.contains("Scheduled 120.00 USD in 12 parts, 2026-01-31 to 2026-12-31"), "{said}");
    let shown = show(&desk, "INV-1").await;
    let hash = blake3::hash(b"scan").to_hex().to_string();
    for part in [
        "Order: ORD-1 (seq",
        "Memo: spring",
        "Tags: site=north",
        "Came by: email, confidence 0.93",
        "(2026-01-01 to 2026-12-31, 2400 by months)",
        "Net 145.00, tax 5.00, total 150.00 USD",
        "150.00   150.00   USD",
        &format!("Attached: scan.pdf (application/pdf, blake3 {hash})"),
    ] {
        assert!(shown.contains(part), "{part}\n{shown}");
    }
    let lines = show(&desk, "INV-1 --format csv").await;
    assert_eq!(lines.lines().nth(1), Some("1,Ink,2,12.50,4000,VAT20,USD,25.00"));
}

#[tokio::test]
async fn bills_abroad_with_reverse_charge() {
    let desk = acme().await;
    let bill = "--kind bill --party V-7 --number 4711 --date 2026-02-03 --due 2026-03-05 --amount 100 --account 5000 --tax-code EU-RC";
    assert_eq!(record(&desk, bill).await, "Recorded bill 4711 of V-7: 100.00 EUR, due 2026-03-05.");
    let said = pay(&desk, "out --party V-7 --account 1010 --date 2026-02-20 --amount 50 --pays 4711 --rate 1.20").await;
    let settled = "Settled 50.00 EUR of 4711 with OUT-1, 2026-02-20, exchange loss 5.00 USD.";
    assert!(said.lines().any(|line| line == settled), "{said}");
    // A party's item in another currency says how much it settles.
    pay(&desk, "out --party V-7 --account 1010 --date 2026-02-21 --amount 11 --currency USD --unapplied").await;
    let said = desk.ok(&["allocation", "make", "--org", "acme", "--party", "V-7", "--from", "OUT-2", "--to", "4711=11:10"]).await;
    assert!(said.starts_with("Made one allocation"), "{said}");
    let said = pay(&desk, "out --party V-7 --account 1010 --date 2026-02-21 --amount 12 --currency USD --pays 4711=12:10").await;
    assert_eq!(said.lines().last(), Some("Settled 10.00 EUR of 4711 with OUT-3, 2026-02-21, exchange loss 1.00 USD."));
    let shown: serde_json::Value = serde_json::from_str(&show(&desk, "4711 --party V-7 --format json").await).unwrap();
    assert_eq!(shown["type"], "BillReceived");
    assert_eq!((&shown["items"][0]["open"], &shown["items"][0]["open_functional"]), (&"30.00".into(), &"33.00".into()));
    assert_eq!((&shown["settled"][0]["document"], &shown["settled"][0]["amount"]), (&"OUT-1".into(), &"50.00".into()));
    let rows = shown["tax"].as_array().unwrap();
    assert_eq!(rows.len(), 2, "what can be deducted and what is due: {rows:?}");
    let events = desk.ok(&["events", "--org", "acme"]).await;
    for kind in ["TaxCodeDefined", "BillReceived", "PaymentSent", "ItemsAllocated"] {
        assert!(events.contains(&format!("\"type\":\"{kind}\"")), "{kind}");
    }
    let listed = desk.ok(&["tax", "list", "--org", "acme", "--format", "csv"]).await;
    assert!(listed.contains("EU-RC,,VAT,20,1250,,,false,50,2200,false,9\n"), "{listed}");
}

#[tokio::test]
async fn what_is_refused_changes_nothing_and_says_what_to_do() {
    let desk = acme().await;
    record(&desk, INVOICE).await;
    record(&desk, "--kind credit-note --party C-1 --number INV-1 --date 2026-02-04 --amount 1 --account 4000").await;
    let before = desk.ok(&["events", "--org", "acme"]).await;
    let invoice = "record --kind invoice --date 2026-02-03";
    for (code, options, says, hint) in [
        (1, format!("{invoice} --party C-9 --amount 1 --account 4000"), "party \"C-9\" is not registered", "register the party first"),
        (1, format!("{invoice} --party C-1 --amount 1 --account 4999"), "account \"4999\" does not exist (line 1)", "open the account"),
        (1, format!("{invoice} --party C-1 --amount 1 --account 4000 --tax-code X"), "tax code \"X\" is not defined", "define the code"),
        (1, format!("{invoice} --party C-1 --amount 1 --account 4000 --number INV-1"), "was recorded at seq", "another number"),
        (1, format!("{invoice} --party C-1 --amount=-1 --account 4000"), "record a credit note instead", "correct the document"),
        (1, format!("{invoice} --party C-1 --amount 1 --account 4000 --against INV-1"), "only credit and debit notes", "correct"),
        (1, format!("{invoice} --party C-1 --amount 1 --account 4000 --attach /no/such.pdf"), "cannot be attached", "--attach"),
        (1, "show INV-2".to_owned(), "there is no document \"INV-2\"", "open-items"),
        (1, "show INV-1".to_owned(), "2 documents have the number \"INV-1\": invoice (seq", "--kind or --party"),
        (1, "show INV-1 --party C-8".to_owned(), "there is no party \"C-8\"", "party list"),
        (1, "invoice-order ORD-5 --date 2026-03-01".to_owned(), "there is no document \"ORD-5\"", "record the document first"),
        (1, "write-off INV-9 --party C-1 --account 6700 --reason x".to_owned(), "there is no document \"INV-9\"", "correct its number"),
        (1, "write-off INV-1 --party C-1 --account 6700 --amount 999 --reason x".to_owned(), "less open than", "correct"),
        (2, format!("{invoice} --party C-1 --account 4000"), "--amount", ""),
        (2, format!("{invoice} --party C-1 --account 4000 --file x.json --amount 1"), "cannot be used with", ""),
        (2, "record --kind payment --party C-1".to_owned(), "invalid value 'payment'", ""),
    ] {
        let (command, rest) = options.split_once(' ').unwrap();
        let arguments: Vec<&str> = ["document", command, "--org", "acme"].into_iter().chain(rest.split(' ')).collect();
        let said = desk.refused(code, &arguments).await;
        assert!(said.contains(says) && said.contains(hint), "{options}: {said}");
    }
    for (options, says) in [
        ("in --party C-1 --account 1010 --date 2026-03-01 --amount 1 --pays INV-7", "there is no item C-1:INV-7"),
        ("in --party C-1 --account 1010 --date 2026-03-01 --amount 1 --pays INV-1=500", "were asked of item"),
        ("in --party C-1 --account 1100 --date 2026-03-01 --amount 1", "money is not on a control account"),
        ("out --party V-7 --account 1010 --date 2025-01-01 --amount 1", "no EUR/USD spot rate"),
    ] {
        let (way, rest) = options.split_once(' ').unwrap();
        let arguments: Vec<&str> = ["payment", "record", way, "--org", "acme"].into_iter().chain(rest.split(' ')).collect();
        let said = desk.refused(1, &arguments).await;
        assert!(said.contains(says) && said.contains("hint: "), "{options}: {said}");
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("document.json");
    for (text, says) in [
        ("{\"kind\":\"invoice\",\n\"party\":\"C-1\",\n\"colour\":1}", "document.json:3:10: the field `colour` is not known"),
        ("{\"kind\":\"invoice\"", "expected a JSON object"),
        ("[1]", "expected a JSON object"),
        ("{\"kind\":\"invoice\",\"party\":\"C-1\",\"date\":\"2026-02-30\",\"amount\":1,\"account\":\"4000\"}", "expected a date like"),
        (
            "{\"kind\":\"receipt\",\"party\":\"C-1\",\"date\":\"2026-02-03\",\"amount\":1,\"account\":\"4000\"}",
            "expected invoice, credit_note",
        ),
        (
            "{\"kind\":\"invoice\",\"party\":\"C-1\",\"date\":\"2026-02-03\",\"amount\":1,\"account\":\"4998\"}",
            "account \"4998\" does not exist",
        ),
    ] {
        std::fs::write(&file, text).unwrap();
        let said = desk.refused(1, &["document", "record", "--org", "acme", "--file", file.to_str().unwrap()]).await;
        assert!(said.contains(says) && said.contains("hint: "), "{text}: {said}");
    }
    std::fs::write(&file, "{\"party\":\"C-1\",\"date\":\"2026-02-03\",\"amount\":1,\"account\":\"4000\"}").unwrap();
    let said = desk.refused(2, &["document", "record", "--org", "acme", "--file", file.to_str().unwrap()]).await;
    assert!(said.contains("does not say what it is"), "{said}");
    assert_eq!(desk.ok(&["events", "--org", "acme"]).await, before, "nothing was changed");
}
