//! The reports of documents as they are printed: a company's invoices, bills and credit notes, asked as a process.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::process::Command as Process;

use ledger_core::book::Valuation;
use ledger_core::command::{
    DefineTaxCode, DraftDeferral, DraftDocument, DraftDocumentLine, DraftTaxComponent, DraftValue, OpenAccount, RegisterParty,
};
use ledger_core::subledger::{DeferralMethod, DocumentKind, PartyKind, Side};
use ledger_core::{AccountType, Actor, Command, DraftEntry, DraftLine};
use ledger_store::OrgId;
use ledger_store::testing::{RUNTIME_ROLE, TestDatabase, database};
use ledger_store::writer::{Ledger, NewOrganization, Request};
use rust_decimal::Decimal;
use serde_json::{Value, json};

/// A company whose documents were recorded, and the way to ask for reports.
struct Desk {
    database: TestDatabase,
    ledger: Ledger,
    org: OrgId,
}

/// Account, price, and tax code of a line.
type Line<'a> = (&'a str, &'a str, Option<&'a str>);

fn dec(text: &str) -> Decimal {
    text.parse().unwrap()
}

impl Desk {
    async fn begin() -> Self {
        let database = database().await;
        let ledger = Ledger::new(database.store().await);
        let new = NewOrganization {
            slug: "acme".to_owned(),
            name: "Acme Trading".to_owned(),
            functional_currency: "USD".to_owned(),
            functional_scale: None,
            valuation: Valuation::Required,
        };
        let org = ledger.create_organization(new, &Actor::user("clerk")).await.unwrap();
        let desk = Self { database, ledger, org };
        for (code, kind) in [
            ("1100", AccountType::Asset),
            ("1400", AccountType::Asset),
            ("2000", AccountType::Liability),
            ("2100", AccountType::Liability),
            ("2500", AccountType::Liability),
            ("4000", AccountType::Revenue),
            ("5000", AccountType::Expense),
        ] {
            desk.submit(Command::OpenAccount(OpenAccount::new(code, kind))).await;
        }
        for (account, side) in [("1100", Side::Receivable), ("2000", Side::Payable)] {
            desk.submit(Command::DesignateControl { account: account.into(), side }).await;
        }
        for (party, kind) in [("C-1", PartyKind::Customer), ("C-2", PartyKind::Customer), ("V-1", PartyKind::Vendor)] {
            desk.submit(Command::RegisterParty(Box::new(RegisterParty::new(party, kind)))).await;
        }
        let vat = |rate: i64, report_box: &str| DraftTaxComponent {
            report_box: report_box.into(),
            ..DraftTaxComponent::new("VAT", Decimal::from(rate), "2100")
        };
        let kept = DraftTaxComponent { withheld: true, ..DraftTaxComponent::new("Income", Decimal::from(15), "1400") };
        let half = DraftTaxComponent { recoverable: Decimal::from(50), ..vat(20, "4") };
        let reverse = DraftTaxComponent { reverse_charge: Some("2100".into()), ..vat(20, "8") };
        for (code, components) in
            [("STD", vec![vat(20, "1")]), ("KEPT", vec![vat(20, "1"), kept]), ("CAR", vec![half]), ("ABROAD", vec![reverse])]
        {
            let define = DefineTaxCode { code: code.into(), name: "".into(), components };
            desk.submit(Command::DefineTaxCode(Box::new(define))).await;
        }
        desk
    }

    async fn submit(&self, command: Command) {
        let shown = format!("{command:?}");
        self.ledger.submit(self.org, Request::new(command, Actor::user("clerk"))).await.unwrap_or_else(|error| panic!("{error}: {shown}"));
    }

    async fn record(&self, kind: DocumentKind, party: &str, date: &str, lines: &[Line<'_>], change: impl FnOnce(&mut DraftDocument)) {
        let line = |(account, price, code): &Line<'_>| DraftDocumentLine {
            tax_code: code.map(Into::into),
            ..DraftDocumentLine::new(*account, dec(price))
        };
        let mut draft = DraftDocument::new(kind, party, date.parse().unwrap(), lines.iter().map(line).collect());
        change(&mut draft);
        self.submit(Command::RecordDocument(Box::new(draft))).await;
    }

    async fn report(&self, arguments: &[&str]) -> String {
        let mut command = Process::new(env!("CARGO_BIN_EXE_ledgerd"));
        command.env("DATABASE_URL", self.database.url_for(RUNTIME_ROLE)).env_remove("LEDGERD_ADMIN_URL");
        command.arg("report").args(arguments).args(["--org", "acme"]);
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tax_is_reported_by_code_box_document_and_month() {
    use DocumentKind::{Bill, CreditNote, Invoice};
    let desk = Desk::begin().await;
    let euros = |draft: &mut DraftDocument| {
        draft.currency = Some("EUR".into());
        draft.value = DraftValue::Rate(dec("1.1"));
    };
    let numbered = |number: &'static str| move |draft: &mut DraftDocument| draft.number = Some(number.into());
    desk.record(Invoice, "C-1", "2026-01-10", &[("4000", "1000", Some("STD")), ("4000", "50", None)], |_| ()).await;
    desk.record(Invoice, "C-2", "2026-01-20", &[("4000", "200", Some("KEPT"))], |_| ()).await;
    desk.record(Invoice, "C-2", "2026-02-01", &[("4000", "300", Some("STD"))], euros).await;
    desk.record(Bill, "V-1", "2026-02-05", &[("5000", "400", Some("CAR"))], numbered("B-77")).await;
    desk.record(Bill, "V-1", "2026-02-06", &[("5000", "500", Some("ABROAD"))], numbered("B-78")).await;
    desk.record(CreditNote, "C-1", "2026-02-10", &[("4000", "100", Some("STD"))], |draft| draft.against = Some("INV-1".into())).await;

    let quarter = ["--from", "2026-01-01", "--to", "2026-03-31"];
    let tax = |more: &[&'static str]| {
        let mut arguments = vec!["tax"];
        arguments.extend(quarter.iter().chain(more));
        let desk = &desk;
        async move { desk.report(&arguments).await }
    };
    insta::assert_snapshot!(tax(&[]).await, @r"
    Acme Trading: Tax from 2026-01-01 to 2026-03-31

    Sales
     Tax code           Box   Cur.     Base      Tax   Withheld   Payable   In USD
    ───────────────────────────────────────────────────────────────────────────────
     KEPT Income 15 %         USD    200.00               30.00    -30.00   -30.00
     KEPT VAT 20 %      1     USD    200.00    40.00                40.00    40.00
     STD VAT 20 %       1     EUR    300.00    60.00                60.00    66.00
     STD VAT 20 %       1     USD    900.00   180.00               180.00   180.00
                                     ──────   ──────   ────────   ───────   ──────
     Total                    EUR              60.00                60.00    66.00
                              USD             220.00      30.00    190.00   190.00

    Purchases
     Tax code          Box   Cur.     Base      Tax   Recov.    Cost   Reverse   Payable
    ─────────────────────────────────────────────────────────────────────────────────────
     ABROAD VAT 20 %   8     USD    500.00   100.00   100.00            100.00
     CAR VAT 20 %      4     USD    400.00    80.00    40.00   40.00              -40.00
                                    ──────   ──────   ──────   ─────   ───────   ───────
     Total                   USD             180.00   140.00   40.00    100.00    -40.00

    Payable in all: 216.00 USD.
    ");
    insta::assert_snapshot!(tax(&["--by", "box", "--format", "csv"]).await, @r"
    side,month,date,kind,document,party,seq,code,component,rate,box,currency,base,tax,recoverable,not_recoverable,withheld,reverse_charge,payable,functional_base,functional_tax,functional_recoverable,functional_not_recoverable,functional_withheld,functional_reverse_charge,functional_payable
    sales,,,,,,,,,,,USD,200.00,0.00,0.00,0.00,30.00,0.00,-30.00,200.00,0.00,0.00,0.00,30.00,0.00,-30.00
    sales,,,,,,,,,,1,EUR,300.00,60.00,0.00,0.00,0.00,0.00,60.00,330.00,66.00,0.00,0.00,0.00,0.00,66.00
    sales,,,,,,,,,,1,USD,1100.00,220.00,0.00,0.00,0.00,0.00,220.00,1100.00,220.00,0.00,0.00,0.00,0.00,220.00
    purchases,,,,,,,,,,4,USD,400.00,80.00,40.00,40.00,0.00,0.00,-40.00,400.00,80.00,40.00,40.00,0.00,0.00,-40.00
    purchases,,,,,,,,,,8,USD,500.00,100.00,100.00,0.00,0.00,100.00,0.00,500.00,100.00,100.00,0.00,0.00,100.00,0.00
    ");
    insta::assert_snapshot!(tax(&["--by", "document"]).await, @r"
    Acme Trading: Tax from 2026-01-01 to 2026-03-31

    Sales
     Date         Document   Party   Tax code    Cur.       Base      Tax   Withheld   Payable   In USD
    ────────────────────────────────────────────────────────────────────────────────────────────────────
     2026-01-10   INV-1      C-1     STD VAT     USD    1,000.00   200.00               200.00   200.00
     2026-01-20   INV-2      C-2     KEPT        USD      200.00               30.00    -30.00   -30.00
                                     Income
     2026-01-20   INV-2      C-2     KEPT VAT    USD      200.00    40.00                40.00    40.00
     2026-02-01   INV-3      C-2     STD VAT     EUR      300.00    60.00                60.00    66.00
     2026-02-10   CN-1       C-1     STD VAT     USD     -100.00   -20.00               -20.00   -20.00
                                                        ────────   ──────   ────────   ───────   ──────
     Total                                       EUR                60.00                60.00    66.00
                                                 USD               220.00      30.00    190.00   190.00

    Purchases
     Date       Documen   Party   Tax       Cur.     Base      Tax   Recov.    Cost   Reverse   Payable
                t                 code
    ────────────────────────────────────────────────────────────────────────────────────────────────────
     2026-02-   B-77      V-1     CAR VAT   USD    400.00    80.00    40.00   40.00              -40.00
     05
     2026-02-   B-78      V-1     ABROAD    USD    500.00   100.00   100.00            100.00
     06                           VAT
                                                   ──────   ──────   ──────   ─────   ───────   ───────
     Total                                  USD             180.00   140.00   40.00    100.00    -40.00

    Payable in all: 216.00 USD.
    ");
    insta::assert_snapshot!(desk.report(&["tax", "--to", "2026-03-31", "--by", "month", "--at-seq", "25"]).await, @r"
    Acme Trading: Tax from 2026-01-01 to 2026-03-31
    as known at event 25

    Sales
     Month     Tax code           Box   Cur.       Base      Tax   Withheld   Payable   In USD
    ───────────────────────────────────────────────────────────────────────────────────────────
     2026-01   KEPT Income 15 %         USD      200.00               30.00    -30.00   -30.00
     2026-01   KEPT VAT 20 %      1     USD      200.00    40.00                40.00    40.00
     2026-01   STD VAT 20 %       1     USD    1,000.00   200.00               200.00   200.00
     2026-02   STD VAT 20 %       1     EUR      300.00    60.00                60.00    66.00
                                               ────────   ──────   ────────   ───────   ──────
     Total                              EUR                60.00                60.00    66.00
                                        USD               240.00      30.00    210.00   210.00

    Purchases
     Month     Tax code          Box   Cur.     Base      Tax   Recov.    Cost   Reverse   Payable
    ───────────────────────────────────────────────────────────────────────────────────────────────
     2026-02   ABROAD VAT 20 %   8     USD    500.00   100.00   100.00            100.00
     2026-02   CAR VAT 20 %      4     USD    400.00    80.00    40.00   40.00              -40.00
                                              ──────   ──────   ──────   ─────   ───────   ───────
     Total                             USD             180.00   140.00   40.00    100.00    -40.00

    Payable in all: 236.00 USD.
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn deferred_amounts_are_reported_by_document_and_month() {
    use DocumentKind::{Bill, CreditNote, Invoice};
    let desk = Desk::begin().await;
    let over = |start: &str, end: &str, account: &str| {
        let (start, end) = (start.parse().unwrap(), end.parse().unwrap());
        Some(DraftDeferral { start, end, method: DeferralMethod::Months, account: account.into() })
    };
    let year = over("2026-01-01", "2026-12-31", "2500");
    desk.record(Invoice, "C-1", "2026-01-10", &[("4000", "1200", None)], |draft| draft.lines[0].deferral = year).await;
    let quarter = over("2026-02-01", "2026-04-30", "2500");
    desk.record(Invoice, "C-2", "2026-02-01", &[("4000", "300", None)], |draft| {
        (draft.currency, draft.value) = (Some("EUR".into()), DraftValue::Rate(dec("1.1")));
        draft.lines[0].deferral = quarter;
    })
    .await;
    let rent = over("2026-01-01", "2026-03-31", "1400");
    desk.record(Bill, "V-1", "2026-01-02", &[("5000", "900", None)], |draft| {
        draft.number = Some("B-1".into());
        draft.lines[0].deferral = rent;
    })
    .await;
    desk.submit(Command::RecogniseDeferrals { up_to: "2026-02-28".parse().unwrap() }).await;
    desk.record(CreditNote, "C-1", "2026-03-10", &[("4000", "500", None)], |draft| draft.against = Some("INV-1".into())).await;

    insta::assert_snapshot!(desk.report(&["deferrals", "--as-of", "2026-03-31"]).await, @r"
    Acme Trading: Deferred amounts as of 2026-03-31

    Deferred revenue
     Party   Document        Until        Cur.      Total   Cancelled   Recognised   Remaining   In USD
    ────────────────────────────────────────────────────────────────────────────────────────────────────
     C-1     INV-1, line 1   2026-12-31   USD    1,200.00      500.00       200.00      500.00   500.00
     C-2     INV-2, line 1   2026-04-30   EUR      300.00                   100.00      200.00   220.00
                                                 ────────   ─────────   ──────────   ─────────   ──────
     Total                                EUR      300.00                   100.00      200.00   220.00
                                          USD    1,200.00      500.00       200.00      500.00   500.00

    Prepaid expense
     Party   Document      Until        Cur.    Total   Cancelled   Recognised   Remaining
    ───────────────────────────────────────────────────────────────────────────────────────
     V-1     B-1, line 1   2026-03-31   USD    900.00                   600.00      300.00
                                               ──────   ─────────   ──────────   ─────────
     Total                              USD    900.00                   600.00      300.00
    ");
    insta::assert_snapshot!(desk.report(&["deferrals", "--as-of", "2026-02-28", "--by", "month"]).await, @r"
    Acme Trading: Deferred amounts as of 2026-02-28

    Deferred revenue
     Month     Cur.      Total   Cancelled   Recognised   Remaining     In USD
    ───────────────────────────────────────────────────────────────────────────
     2026-01   USD      100.00                   100.00                   0.00
     2026-02   EUR      100.00                   100.00                   0.00
     2026-02   USD      100.00                   100.00                   0.00
     2026-03   EUR      100.00                               100.00     110.00
     2026-03   USD      100.00                               100.00     100.00
     2026-04   EUR      100.00                               100.00     110.00
     2026-04   USD      100.00                               100.00     100.00
     2026-05   USD      100.00                               100.00     100.00
     2026-06   USD      100.00                               100.00     100.00
     2026-07   USD      100.00                               100.00     100.00
     2026-08   USD      100.00                               100.00     100.00
     2026-09   USD      100.00                               100.00     100.00
     2026-10   USD      100.00                               100.00     100.00
     2026-11   USD      100.00                               100.00     100.00
     2026-12   USD      100.00                               100.00     100.00
                      ────────   ─────────   ──────────   ─────────   ────────
     Total     EUR      300.00                   100.00      200.00     220.00
               USD    1,200.00                   200.00    1,000.00   1,000.00

    Prepaid expense
     Month     Cur.    Total   Cancelled   Recognised   Remaining
    ──────────────────────────────────────────────────────────────
     2026-01   USD    300.00                   300.00
     2026-02   USD    300.00                   300.00
     2026-03   USD    300.00                               300.00
                      ──────   ─────────   ──────────   ─────────
     Total     USD    900.00                   600.00      300.00
    ");
    insta::assert_snapshot!(desk.report(&["deferrals", "--as-of", "2026-03-31", "--format", "csv"]).await, @r"
    side,month,party,document,line,seq,account,target,until,currency,total,cancelled,recognised,remaining,functional_total,functional_cancelled,functional_recognised,functional_remaining
    revenue,,C-1,INV-1,1,20,2500,4000,2026-12-31,USD,1200.00,500.00,200.00,500.00,1200.00,500.00,200.00,500.00
    revenue,,C-2,INV-2,1,23,2500,4000,2026-04-30,EUR,300.00,0.00,100.00,200.00,330.00,0.00,110.00,220.00
    expense,,V-1,B-1,1,25,1400,5000,2026-03-31,USD,900.00,0.00,600.00,300.00,900.00,0.00,600.00,300.00
    ");
}

/// The JSON forms: totals per currency beside the rows, and who it is of.
#[tokio::test(flavor = "multi_thread")]
async fn each_report_has_a_json_form() {
    let desk = Desk::begin().await;
    desk.record(DocumentKind::Invoice, "C-1", "2026-01-10", &[("4000", "1000", Some("STD")), ("4000", "600", None)], |draft| {
        let (start, end) = ("2026-01-01".parse().unwrap(), "2026-06-30".parse().unwrap());
        draft.lines[1].deferral = Some(DraftDeferral { start, end, method: DeferralMethod::Months, account: "2500".into() });
    })
    .await;
    let cases = [
        ("tax", "payable", "200.00", json!({ "side": "sales", "code": "STD", "component": "VAT", "rate": "20", "box": "1" })),
        (
            "deferrals",
            "remaining",
            "600.00",
            json!({ "side": "revenue", "party": "C-1", "document": "INV-1", "line": "2", "account": "2500" }),
        ),
        ("revenue", "", "1000.00", json!({ "customer": "C-1", "currency": "USD", "functional": "1000.00", "unvalued_lines": 0 })),
    ];
    for (report, amount, expected, row) in cases {
        let found: Value = serde_json::from_str(&desk.report(&[report, "--format", "json"]).await).unwrap();
        assert_eq!(
            (&found["report"], &found["organization"], &found["functional_currency"]),
            (&json!(report), &json!("acme"), &json!("USD"))
        );
        let total = &found["totals"][0];
        let total = if amount.is_empty() { &total["amount"] } else { &total["amounts"][amount] };
        assert_eq!((&found["totals"][0]["currency"], total), (&json!("USD"), &json!(expected)), "{found}");
        for (name, value) in row.as_object().unwrap() {
            assert_eq!(&found["rows"][0][name], value, "{report}: {name}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn revenue_is_reported_by_customer_account_and_month() {
    use DocumentKind::{CreditNote, Invoice};
    let desk = Desk::begin().await;
    desk.submit(Command::OpenAccount(OpenAccount { name: "Interest".into(), ..OpenAccount::new("4100", AccountType::Revenue) })).await;
    desk.record(Invoice, "C-1", "2026-01-10", &[("4000", "1000", Some("STD"))], |_| ()).await;
    desk.record(Invoice, "C-2", "2026-02-01", &[("4000", "300", None), ("4100", "12.50", None)], |draft| {
        (draft.currency, draft.value) = (Some("EUR".into()), DraftValue::Rate(dec("1.1")));
    })
    .await;
    desk.record(CreditNote, "C-1", "2026-02-10", &[("4000", "100", Some("STD"))], |draft| draft.against = Some("INV-1".into())).await;
    let lines = vec![DraftLine::new("1400", dec("7"), "USD"), DraftLine::new("4100", dec("-7"), "USD")];
    desk.submit(Command::PostEntry(DraftEntry::new("2026-03-01".parse().unwrap(), "interest", lines))).await;

    let quarter = ["revenue", "--from", "2026-01-01", "--to", "2026-03-31"];
    let revenue = |more: &[&'static str]| {
        let arguments: Vec<&str> = quarter.iter().chain(more).copied().collect();
        let desk = &desk;
        async move { desk.report(&arguments).await }
    };
    insta::assert_snapshot!(revenue(&[]).await, @r"
    Acme Trading: Revenue by customer from 2026-01-01 to 2026-03-31

     Customer        Cur.   Revenue   Value USD
    ────────────────────────────────────────────
     (no customer)   USD       7.00        7.00
     C-1             USD     900.00      900.00
     C-2             EUR     312.50      343.75
                            ───────   ─────────
     Total           EUR     312.50      343.75
                     USD     907.00      907.00

    In all 1,250.75 USD.
    ");
    insta::assert_snapshot!(revenue(&["--by", "account", "--format", "csv"]).await, @r"
    customer,account,name,month,currency,amount,functional
    ,4000,4000,,EUR,300.00,330.00
    ,4000,4000,,USD,900.00,900.00
    ,4100,Interest,,EUR,12.50,13.75
    ,4100,Interest,,USD,7.00,7.00
    ");
    insta::assert_snapshot!(revenue(&["--by", "month", "--at-seq", "21"]).await, @r"
    Acme Trading: Revenue by month from 2026-01-01 to 2026-03-31
    as known at event 21

     Month     Cur.    Revenue
    ───────────────────────────
     2026-01   USD    1,000.00
                      ────────
     Total     USD    1,000.00
    ");
}
