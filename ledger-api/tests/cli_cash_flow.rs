//! The statement of cash flows as a person asks for it: by both methods, per currency, before and after what an account
//! counts as was said.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod terminal;

use terminal::Terminal;

const INVOICES: &str = "entry,party,date,due_date,currency,account,amount
INV-1,C-1,2025-01-10,2025-02-10,USD,4000,3000
INV-2,C-2,2025-01-11,2025-02-11,EUR,4000,1000
";

const PAYMENTS: &str = "party,date,currency,amount,account,document
C-1,2025-02-12,USD,2000,1010,INV-1
C-2,2025-02-20,EUR,1200,1010,INV-2
";

async fn acme() -> Terminal {
    let desk = Terminal::new().await;
    desk.ok(&["org", "create", "acme", "--name", "Acme Trading", "--currency", "USD"]).await;
    for account in [
        "1010 --type asset --name Bank --sub-type bank",
        "1100 --type asset --name Receivables",
        "1500 --type asset --name Machines --sub-type fixed_asset",
        "1590 --type asset --name Worn --sub-type accumulated_depreciation --contra",
        "2500 --type liability --name Loan",
        "3000 --type equity --name Capital --activity financing",
        "4000 --type revenue --name Sales",
        "6100 --type expense --name Rent",
        "6900 --type expense --name Wear",
    ] {
        let words = ["account", "open", "--org", "acme"].into_iter().chain(account.split(' '));
        desk.ok(&words.collect::<Vec<_>>()).await;
    }
    desk.ok(&["account", "control", "--org", "acme", "1100", "--side", "receivable"]).await;
    for (date, rate) in [("2025-01-01", "1.08"), ("2025-02-15", "1.12")] {
        desk.ok(&["rate", "add", "--org", "acme", "EUR", "USD", rate, "--date", date, "--source", "ecb"]).await;
    }
    for (date, debit, credit) in [
        ("2025-01-02", "1010=10000", "3000=10000"),
        ("2025-01-03", "1010=5000", "2500=5000"),
        ("2025-01-05", "1500=4000", "1010=4000"),
        ("2025-01-31", "6900=100", "1590=100"),
        ("2025-01-31", "6100=800", "1010=800"),
    ] {
        desk.ok(&["entry", "post", "--org", "acme", "--date", date, "--description", "x", "--debit", debit, "--credit", credit]).await;
    }
    let folder = tempfile::tempdir().unwrap();
    for (kind, table) in [("invoices", INVOICES), ("payments", PAYMENTS)] {
        let file = folder.path().join(format!("{kind}.csv"));
        std::fs::write(&file, table).unwrap();
        desk.ok(&["import", "--org", "acme", "--kind", kind, file.to_str().unwrap()]).await;
    }
    desk
}

#[tokio::test]
async fn cash_is_shown_for_what_it_was_for_by_both_methods() {
    let desk = acme().await;
    let report = ["report", "cash-flow", "--org", "acme", "--from", "2025-01-01", "--to", "2025-12-31"];
    let with = |more: &[&'static str]| report.iter().copied().chain(more.iter().copied()).collect::<Vec<_>>();
    insta::assert_snapshot!(desk.ok(&with(&[])).await, @r"
    Acme Trading: Cash flow from 2025-01-01 to 2025-12-31

                                                Cur.      Amount   Value USD
    ─────────────────────────────────────────────────────────────────────────
     Operating activities
       4000 Sales                               USD     2,000.00    2,000.00
                                                EUR     1,000.00    1,120.00
       6100 Rent                                USD      -800.00     -800.00
       Receipts not applied, 1100 Receivables   EUR       200.00      224.00
                                                       ─────────   ─────────
     Cash from operating activities             USD     1,200.00    1,200.00
                                                EUR     1,200.00    1,344.00
                                                                    2,544.00

     Investing activities
       1500 Machines                            USD    -4,000.00   -4,000.00
                                                       ─────────   ─────────
     Cash from investing activities             USD    -4,000.00   -4,000.00

     Financing activities
       3000 Capital                             USD    10,000.00   10,000.00
                                                       ─────────   ─────────
     Cash from financing activities             USD    10,000.00   10,000.00

     Unclassified
       2500 Loan                                USD     5,000.00    5,000.00
                                                       ─────────   ─────────
     Cash not classified                        USD     5,000.00    5,000.00

     Change in cash                             USD    12,200.00   12,200.00
                                                EUR     1,200.00    1,344.00
                                                                   13,544.00
     Cash at the beginning                                              0.00
     Cash at the end                            USD    12,200.00   12,200.00
                                                EUR     1,200.00    1,344.00
                                                                   13,544.00

    Nobody has said what the unclassified accounts count as. For 2500:
    ledgerd account activity --org acme 2500 operating|investing|financing|non-cash
    ");
    insta::assert_snapshot!(desk.ok(&with(&["--method", "indirect"])).await, @r"
    Acme Trading: Cash flow, indirect method from 2025-01-01 to 2025-12-31

                                                Cur.      Amount   Value USD
    ─────────────────────────────────────────────────────────────────────────
     Operating activities
       Profit of the period                     USD     2,100.00    2,140.00
                                                EUR     1,000.00    1,080.00
       1590 Worn (no cash)                      USD       100.00      100.00
       1100 Receivables                         USD    -1,000.00   -1,000.00
                                                EUR       200.00      224.00
       Exchanges and differences without cash   USD         0.00      -40.00
                                                EUR         0.00       40.00
                                                       ─────────   ─────────
     Cash from operating activities             USD     1,200.00    1,200.00
                                                EUR     1,200.00    1,344.00
                                                                    2,544.00

     Investing activities
       1500 Machines                            USD    -4,000.00   -4,000.00
                                                       ─────────   ─────────
     Cash from investing activities             USD    -4,000.00   -4,000.00

     Financing activities
       3000 Capital                             USD    10,000.00   10,000.00
                                                       ─────────   ─────────
     Cash from financing activities             USD    10,000.00   10,000.00

     Unclassified
       2500 Loan                                USD     5,000.00    5,000.00
                                                       ─────────   ─────────
     Cash not classified                        USD     5,000.00    5,000.00

     Change in cash                             USD    12,200.00   12,200.00
                                                EUR     1,200.00    1,344.00
                                                                   13,544.00
     Cash at the beginning                                              0.00
     Cash at the end                            USD    12,200.00   12,200.00
                                                EUR     1,200.00    1,344.00
                                                                   13,544.00

    Nobody has said what the unclassified accounts count as. For 2500:
    ledgerd account activity --org acme 2500 operating|investing|financing|non-cash
    ");
    let said = desk.ok(&["account", "activity", "--org", "acme", "2500", "financing"]).await;
    assert!(said.starts_with("Account 2500 counts as financing in cash-flow statements, as said at seq "), "{said}");
    insta::assert_snapshot!(desk.ok(&with(&["--format", "csv"])).await, @r"
    section,kind,account,name,currency,amount,value
    operating,account,4000,Sales,USD,2000.00,2000.00
    operating,account,4000,Sales,EUR,1000.00,1120.00
    operating,account,6100,Rent,USD,-800.00,-800.00
    operating,unapplied,1100,Receivables,EUR,200.00,224.00
    investing,account,1500,Machines,USD,-4000.00,-4000.00
    financing,account,2500,Loan,USD,5000.00,5000.00
    financing,account,3000,Capital,USD,10000.00,10000.00
    closing,total,,,USD,12200.00,12200.00
    closing,total,,,EUR,1200.00,1344.00
    ");
    insta::assert_snapshot!(desk.ok(&with(&["--by", "section", "--format", "csv"])).await, @r"
    section,kind,account,name,currency,amount,value
    operating,total,,,USD,1200.00,1200.00
    operating,total,,,EUR,1200.00,1344.00
    investing,total,,,USD,-4000.00,-4000.00
    financing,total,,,USD,15000.00,15000.00
    closing,total,,,USD,12200.00,12200.00
    closing,total,,,EUR,1200.00,1344.00
    ");
    // One month later: nothing moved, and cash is what it was.
    let later = ["report", "cash-flow", "--org", "acme", "--from", "2025-03-01", "--to", "2025-03-31"];
    insta::assert_snapshot!(desk.ok(&later).await, @r"
    Acme Trading: Cash flow from 2025-03-01 to 2025-03-31

                             Cur.      Amount   Value USD
    ──────────────────────────────────────────────────────
     Change in cash                                  0.00
     Cash at the beginning   USD    12,200.00   12,200.00
                             EUR     1,200.00    1,344.00
                                                13,544.00
     Cash at the end         USD    12,200.00   12,200.00
                             EUR     1,200.00    1,344.00
                                                13,544.00
    ");
    let json: serde_json::Value = serde_json::from_str(&desk.ok(&with(&["--format", "json"])).await).unwrap();
    assert_eq!(
        (&json["ties"], &json["method"], &json["closing"]["value"], &json["sections"][2]["totals"]["value"]),
        (&true.into(), &"direct".into(), &"13544.00".into(), &"15000.00".into())
    );
}

/// As known before the payments came in there are none, whatever their date.
#[tokio::test]
async fn what_was_known_earlier_is_shown_as_it_was() {
    let desk = acme().await;
    let events = desk.ok(&["events", "--org", "acme"]).await;
    let first = events.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let before = first.into_iter().find(|event| event["type"] == "PaymentReceived").unwrap()["seq"].as_u64().unwrap() - 1;
    let seq = before.to_string();
    let report = ["report", "cash-flow", "--org", "acme", "--to", "2025-12-31", "--by", "section", "--format", "csv", "--at-seq", &seq];
    insta::assert_snapshot!(desk.ok(&report).await, @r"
    section,kind,account,name,currency,amount,value
    operating,total,,,USD,-800.00,-800.00
    investing,total,,,USD,-4000.00,-4000.00
    financing,total,,,USD,10000.00,10000.00
    unclassified,total,,,USD,5000.00,5000.00
    closing,total,,,USD,10200.00,10200.00
    ");
}

/// Books that nobody has told which account is the bank get their statement as soon as somebody does.
#[tokio::test]
async fn an_account_that_becomes_cash_was_cash_all_the_time() {
    let desk = acme().await;
    let report = ["report", "cash-flow", "--org", "acme", "--to", "2025-12-31", "--by", "section", "--format", "csv"];
    let before = desk.ok(&report).await;
    desk.ok(&["account", "change", "--org", "acme", "1010", "--sub-type", "general"]).await;
    assert_eq!(desk.ok(&report).await, "section,kind,account,name,currency,amount,value\n");
    desk.ok(&["account", "change", "--org", "acme", "1010", "--sub-type", "bank", "--name", "Main bank"]).await;
    assert_eq!(desk.ok(&report).await, before);
    let again = desk.ok(&["account", "change", "--org", "acme", "1010", "--parent", "none"]).await;
    assert_eq!(again, "Account 1010 is so already; nothing was changed.\n");
    let said = desk.refused(2, &["account", "change", "--org", "acme", "1010"]).await;
    assert!(said.contains("give --name, --sub-type or --parent"), "{said}");
}

#[tokio::test]
async fn what_cannot_be_asked_is_explained() {
    let desk = acme().await;
    let said = desk.refused(2, &["account", "activity", "--org", "acme", "2500", "lending"]).await;
    assert!(said.contains("expected one of operating, investing, financing, non-cash, none"), "{said}");
    let said = desk.refused(2, &["report", "cash-flow", "--org", "acme", "--from", "2025-02-01", "--to", "2025-01-01"]).await;
    assert!(said.contains("--from 2025-02-01 is after --to 2025-01-01"), "{said}");
    desk.ok(&["account", "activity", "--org", "acme", "3000", "none"]).await;
    let again = desk.ok(&["account", "activity", "--org", "acme", "3000", "none"]).await;
    assert_eq!(again, "Account 3000 counts as what its sub-type says already; nothing was changed.\n");
}
