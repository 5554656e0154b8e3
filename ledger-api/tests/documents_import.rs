//! Files of documents: what rows and objects of JSON mean, and what is refused where.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod books;

use books::{Shelf, bring_in, shelf};
use ledger_api::import::documents::{Amounts, Kind, Settings};
use ledger_api::import::run::{Format, ImportOptions, Mode, Summary};
use ledger_api::import::tabular::{Columns, Options as Tabular};
use ledger_core::book::Valuation;
use ledger_core::command::{DefineTaxCode, DraftTaxComponent, OpenAccount, RecordRate};
use ledger_core::subledger::Side;
use ledger_core::{AccountType, Actor, Command, Event, RateType};
use ledger_projections::catch_up;
use ledger_projections::reports::{ItemQuery, Point, open_items};
use ledger_store::OrgStore;
use ledger_store::writer::Request;
use rust_decimal::Decimal;

/// How a file is read.
#[derive(Clone)]
struct How {
    kind: Kind,
    format: Format,
    columns: &'static str,
    amounts: Option<Amounts>,
    unapplied: bool,
    mode: Mode,
}

impl How {
    const fn new(kind: Kind) -> Self {
        Self { kind, format: Format::Csv, columns: "", amounts: None, unapplied: false, mode: Mode::Checked }
    }

    const fn json(kind: Kind) -> Self {
        Self { format: Format::Jsonl, ..Self::new(kind) }
    }

    fn options(&self) -> ImportOptions {
        let (control, counter) = match self.kind {
            Kind::Invoices => ("1100", "4000"),
            Kind::Bills => ("2000", "5000"),
            Kind::Payments(Side::Receivable) => ("1100", "1000"),
            Kind::Payments(Side::Payable) => ("2000", "1000"),
        };
        let mut options = ImportOptions { mode: self.mode, ..ImportOptions::new(self.format) };
        let (amounts, unapplied) = (self.amounts, self.unapplied);
        options.documents = Some((self.kind, Settings { amounts, unapplied, ..Settings::new(control, counter) }));
        options.tabular = Tabular {
            columns: Columns::parse(self.columns).unwrap(),
            currency: Some("USD".into()),
            functional_currency: Some("USD".into()),
            ..Tabular::default()
        };
        options
    }
}

async fn import(org: &OrgStore, how: &How, text: &str) -> Summary {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("documents");
    std::fs::write(&path, text).unwrap();
    bring_in(org, &path, &how.options()).await.unwrap()
}

/// Imports what is right and must be taken whole.
async fn take(org: &OrgStore, how: &How, text: &str) -> Summary {
    let summary = import(org, how, text).await;
    assert_eq!(summary.refused, 0, "{:?}", summary.refusals);
    summary
}

/// Books with a tax of 20 % and a rate for euros.
async fn begin(shelf: &Shelf, slug: &str) -> OrgStore {
    let org = shelf.begin(slug, Valuation::Required).await;
    let tax = DefineTaxCode {
        code: "VAT".into(),
        name: "Value added tax".into(),
        components: vec![DraftTaxComponent::new("VAT", Decimal::from(20), "2200")],
    };
    let rate = RecordRate {
        base: "EUR".into(),
        quote: "USD".into(),
        kind: RateType::Spot,
        date: "2026-01-01".parse().unwrap(),
        rate: Decimal::new(110, 2),
        source: "test".into(),
    };
    for command in [
        Command::OpenAccount(OpenAccount::new("2200", AccountType::Liability)),
        Command::DefineTaxCode(Box::new(tax)),
        Command::RecordRate(rate),
    ] {
        shelf.ledger.submit(org.org(), Request::new(command, Actor::user("tester"))).await.unwrap();
    }
    org
}

/// Open items as of the end of 2026: kind, party, document, amount, what it is worth.
async fn open(org: &OrgStore, side: Side) -> Vec<String> {
    catch_up(org, |_| ()).await.unwrap();
    let query = ItemQuery { side, as_of: "2026-12-31".parse().unwrap(), point: Point::Latest, party: None };
    let items = open_items(org, &query).await.unwrap();
    let mut rows: Vec<String> = items
        .rows
        .iter()
        .map(|row| {
            format!(
                "{} {} {} {} {} {}",
                row.kind,
                row.party,
                row.document,
                row.currency,
                row.open.normalize(),
                row.open_functional.normalize()
            )
        })
        .collect();
    rows.sort();
    rows
}

/// What was recorded of documents: type, number, total, tax and lines.
async fn recorded(org: &OrgStore) -> Vec<String> {
    let history = books::history(org).await;
    let documents = history.iter().filter_map(|recorded| match &recorded.event {
        Event::DocumentRecorded { document, .. } => Some(document),
        _ => None,
    });
    let shown = |document: &ledger_core::Document| {
        let line = |line: &ledger_core::subledger::DocumentLine| {
            format!("{}x{}={} {}", line.quantity.normalize(), line.unit_price.normalize(), line.net, line.description)
        };
        let tax: i128 = document.tax.iter().map(|row| row.tax).sum();
        let lines: Vec<String> = document.lines.iter().map(line).collect();
        format!("{} {} {} tax {tax} [{}]", document.kind.event_name(), document.number, document.total, lines.join("; "))
    };
    documents.map(|document| shown(document)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_say_all_that_documents_have() {
    let shelf = shelf().await;
    let org = begin(&shelf, "acme").await;
    let gross = How { amounts: Some(Amounts::Gross), ..How::new(Kind::Invoices) };
    let summary = take(
        &org,
        &gross,
        "number,type,customer,date,terms,description,qty,price,amount,tax code,ref,against,memo,tag:region,currency,value\n\
         1,invoice,C-1,2026-01-10,50@10;50@40,paper,3,,100.00,VAT,PO-7,,spring,north,,\n\
         1,,C-1,2026-01-10,,ink,2,10.005,,VAT,,,,south,,\n\
         2,,C-2,2026-01-12,30,advice,,,200.00,,,,,,EUR,230.00\n\
         3,credit note,C-1,2026-01-20,,back,1,60,60.00,VAT,,1,,,,\n\
         4,,C-2,2026-01-21,,rebate,,,-20.00,,,2,,,EUR,\n\
         5,order,C-2,2026-01-22,,later,1,9,,,,,,,,\n",
    )
    .await;
    assert_eq!((summary.posted, summary.lines, summary.parties), (5, 6, 2));
    let sides = &summary.notes.totals.as_ref().unwrap().currencies;
    assert_eq!((sides["USD"].debit, sides["USD"].credit, sides["EUR"].debit, sides["EUR"].credit), (12_901, 6_000, 20_000, 2_000));
    assert_eq!(
        recorded(&org).await,
        [
            "InvoiceIssued 1 12001 tax 2001 [3x33.333=8333 paper; 2x10.005=1667 ink]",
            "InvoiceIssued 2 20000 tax 0 [1x200=20000 advice]",
            "CreditNoteIssued 3 6000 tax 1000 [1x60=5000 back]",
            "CreditNoteIssued 4 2000 tax 0 [1x20=2000 rebate]",
            "OrderReceived 5 900 tax 0 [1x9=900 later]",
        ]
    );
    assert_eq!(
        open(&org, Side::Receivable).await,
        ["invoice C-1 1 USD 0.01 0.01", "invoice C-1 1 USD 60 60", "invoice C-2 2 EUR 180 207"],
        "what is due first is credited first; the rebate counts at its invoice's rate"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn payments_settle_what_they_name() {
    let shelf = shelf().await;
    let org = begin(&shelf, "acme").await;
    let invoices = "number,party,date,due_date,amount\n\
                    1,C-1,2026-01-10,2026-02-09,100.00\n2,C-1,2026-01-11,2026-02-08,50.00\n3,C-1,2026-01-12,2026-02-07,70.00\n";
    take(&org, &How::new(Kind::Invoices), invoices).await;
    let payments = How::new(Kind::Payments(Side::Receivable));
    take(&org, &payments, "number,party,date,amount,invoice no,ref\nP1,C-1,2026-02-01,80.00,1,BANK-9\nP1,C-1,2026-02-01,50.00,2,BANK-9\n")
        .await;
    assert_eq!(open(&org, Side::Receivable).await, ["invoice C-1 1 USD 20 20", "invoice C-1 3 USD 70 70"], "a payment in parts");
    let summary = take(&org, &payments, "number,party,date,amount,invoice no\nP2,C-1,2026-02-02,50.00,2\n").await;
    assert_eq!(summary.unapplied, 1, "paid twice: the money came in all the same");
    let unapplied = How { unapplied: true, ..payments.clone() };
    take(&org, &unapplied, "number,party,date,amount\nP3,C-1,2026-02-03,5.00\n").await;
    let expected = ["invoice C-1 1 USD 20 20", "invoice C-1 3 USD 70 70", "payment_in C-1 P2 USD -50 -50", "payment_in C-1 P3 USD -5 -5"];
    assert_eq!(open(&org, Side::Receivable).await, expected);
    take(
        &org,
        &payments,
        "number,party,date,amount,bank_charge,charge_account\nP4,C-1,2026-02-04,75.00,2.50,6800\nR1,C-1,2026-02-05,-50.00,,\n",
    )
    .await;
    let expected = ["invoice C-1 1 USD 15 15", "payment_in C-1 P3 USD -5 -5"];
    assert_eq!(open(&org, Side::Receivable).await, expected, "the first due is paid first; a refund takes what was paid twice");
    take(&org, &How::new(Kind::Invoices), "number,party,date,amount,currency\nE1,C-2,2026-01-10,100.00,EUR\n").await;
    let text = "number,party,date,amount,currency,invoice no,settled\nP6,C-2,2026-02-01,88.00,USD,E1,80.00\n";
    take(&org, &payments, text).await;
    let expected = ["invoice C-1 1 USD 15 15", "invoice C-2 E1 EUR 20 22", "payment_in C-1 P3 USD -5 -5"];
    assert_eq!(open(&org, Side::Receivable).await, expected, "in another currency it says how much it settles");
    let summary = import(&org, &payments, "number,party,date,amount,currency,invoice no\nP7,C-2,2026-02-06,1.00,USD,E1\n").await;
    let refusal = summary.refusals.first().unwrap().to_string();
    assert!(refusal.contains("ALLOCATION_NEEDS_AMOUNTS") && refusal.contains("state how much of each"), "{refusal}");
    let summary = import(&org, &payments, "number,party,date,amount,invoice no\nP5,C-1,2026-02-06,1.00,77\n").await;
    let refusal = summary.refusals.first().unwrap().to_string();
    assert!(refusal.contains(":2:") && refusal.contains("ITEM_UNKNOWN") && refusal.contains("C-1:77"), "{refusal}");
    assert!(summary.nothing_written);
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_of_json_are_documents() {
    let shelf = shelf().await;
    let org = begin(&shelf, "acme").await;
    let bills = How { amounts: Some(Amounts::Net), ..How::json(Kind::Bills) };
    let text = r#"{"number":"7","party":"V-1","date":"2026-02-01","due_date":"2026-03-03","reference":"ours","memo":"march","tags":{"site":"a"},"lines":[{"description":"paper","quantity":3,"unit_price":"1.50","tax_code":"VAT"},{"amount":10,"account":"5100","tags":{"team":"x"}}]}
{"number":"7","party":"V-2","date":"2026-02-02","amount":"60.00","currency":"EUR","rate":"1.2"}
{"number":"8","kind":"credit_note","party":"V-1","date":"2026-02-10","against":"7","lines":[{"amount":"-5.40"}]}
"#;
    let summary = take(&org, &bills, text).await;
    assert_eq!((summary.posted, summary.lines), (3, 4));
    assert_eq!(
        recorded(&org).await,
        [
            "BillReceived 7 1540 tax 90 [3x1.5=450 paper; 1x10=1000 ]",
            "BillReceived 7 6000 tax 0 [1x60=6000 ]",
            "CreditNoteIssued 8 540 tax 0 [1x5.4=540 ]",
        ]
    );
    assert_eq!(open(&org, Side::Payable).await, ["bill V-1 7 USD 10 10", "bill V-2 7 EUR 60 72"]);
    assert_eq!(take(&org, &bills, text).await.already, 3, "the same file twice records nothing");
    let skipping = ImportOptions { skip_existing: true, ..bills.options() };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("more.jsonl");
    std::fs::write(&path, format!("{{\"number\":\"9\",\"party\":\"V-1\",\"date\":\"2026-02-11\",\"amount\":1}}\n{text}")).unwrap();
    let summary = bring_in(&org, &path, &skipping).await.unwrap();
    assert_eq!((summary.posted, summary.already, summary.refused), (1, 3, 0), "{:?}", summary.refusals);
    let payments = How::json(Kind::Payments(Side::Payable));
    let text = r#"{"number":"OUT-1","party":"V-1","date":"2026-03-01","account":"1010","reference":"run 1","lines":[{"document":"7","amount":10},{"document":"9","amount":"1"}]}"#;
    take(&org, &payments, text).await;
    assert_eq!(open(&org, Side::Payable).await, ["bill V-2 7 EUR 60 72"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn schedules_come_with_their_lines() {
    let shelf = shelf().await;
    let org = begin(&shelf, "acme").await;
    let text = "number,party,date,amount,service_start,service_end,deferral_account,deferral_method\n\
                1,C-1,2026-01-01,120.00,2026-01-01,2026-12-31,2400,months\n";
    take(&org, &How::new(Kind::Invoices), text).await;
    let parts: Vec<usize> = books::history(&org)
        .await
        .iter()
        .filter_map(|recorded| if let Event::DeferralScheduled(deferral) = &recorded.event { Some(deferral.parts.len()) } else { None })
        .collect();
    assert_eq!(parts, [12]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_told_with_its_place() {
    let shelf = shelf().await;
    let org = begin(&shelf, "acme").await;
    take(&org, &How::new(Kind::Invoices), "number,party,date,amount\nA,C-1,2026-01-10,1.00\n").await;
    let invoices = How { amounts: Some(Amounts::Net), ..How::new(Kind::Invoices) };
    let json = How { amounts: Some(Amounts::Net), ..How::json(Kind::Invoices) };
    let rows = |header: &str, row: &str| format!("{header}\n{row}\n");
    let base = "number,party,date,amount";
    for (how, text, line, column, says) in [
        (&invoices, rows(base, "A,C-1,2026-01-11,2.00"), 2, 0, "was recorded at seq"),
        (&invoices, rows("number,party,date,amount,type", "B,C-1,2026-01-11,2.00,bill"), 2, 23, "expected invoice, credit_note"),
        (&invoices, rows("number,party,date,amount,type", "B,C-1,2026-01-11,-2.00,invoice"), 2, 0, "record a credit note instead"),
        (&invoices, rows("number,party,date,amount,terms", "B,C-1,2026-01-11,2.00,soon"), 2, 23, "expected days (30)"),
        (&invoices, rows("number,party,date,amount,tax_code", "B,C-1,2026-01-11,2.00,GST"), 2, 0, "TAX_CODE_UNKNOWN"),
        (&invoices, rows("number,party,date,quantity,unit_price,amount", "B,C-1,2026-01-11,2,1.10,2.30"), 2, 25, "2 times 1.10 is 2.20"),
        (&invoices, rows("number,party,date,quantity,unit_price", "B,C-1,2026-01-11,2,"), 2, 20, "what one costs"),
        (&invoices, rows("number,party,date,quantity,amount", "B,C-1,2026-01-11,0,2.00"), 2, 18, "no price of one"),
        (&invoices, rows("number,party,date,amount,against", "B,C-1,2026-01-11,-2.00,Z"), 2, 0, "DOCUMENT_UNKNOWN"),
        (&invoices, rows("number,party,date,amount,against", "B,C-1,2026-01-11,2.00,A"), 2, 0, "only credit and debit notes"),
        (
            &invoices,
            rows("number,party,date,amount,value", "B,C-1,2026-01-11,2.00,3.00"),
            2,
            0,
            "comes to 2.00 USD and its value says 3.00",
        ),
        (&invoices, rows("number,party,date,amount,rate,value", "B,C-1,2026-01-11,2.00,1,2.00"), 2, 0, "keep one of them"),
        (&invoices, rows("number,party,date,amount,currency", "B,C-1,2025-01-11,2.00,EUR"), 2, 0, "RATE_MISSING"),
        (
            &invoices,
            rows("number,party,date,amount,memo", "B,C-1,2026-01-11,2.00,x\nB,C-1,2026-01-11,2.00,y"),
            3,
            23,
            "the rows of a document agree",
        ),
        (&invoices, rows("number,party,date,amount,deferral_start", "B,C-1,2026-01-11,2.00,2026-01-01"), 2, 0, "deferral_end"),
        (
            &json,
            r#"{"number":"B","party":"C-1","date":"2026-01-11","amount":2,"colour":"red"}"#.into(),
            1,
            69,
            "the field `colour` is not known",
        ),
        (&json, r#"{"number":"B","party":"C-1","date":"2026-01-11","debit":2}"#.into(), 1, 57, "`debit` is no field of invoices"),
        (
            &json,
            r#"{"number":"B","party":"C-1","date":"2026-01-11","lines":[{"amount":2,"party":"C-2"}]}"#.into(),
            1,
            78,
            "belongs to the document",
        ),
        (&json, r#"{"number":"B","party":"C-1","date":"2026-01-11","amount":2,"lines":[]}"#.into(), 1, 58, "belongs to a line"),
        (
            &json,
            r#"{"number":"B","party":"C-1","date":"2026-01-11","lines":[{"amount":2},{"amount":"x"}]}"#.into(),
            1,
            81,
            "field `amount`",
        ),
        (&json, r#"{"number":"B","party":"C-1","date":"2026-01-11","lines":[]}"#.into(), 1, 0, "it has no lines"),
        (&json, r#"{"party":"C-1","date":"2026-01-11","lines":[{"amount":2}]}"#.into(), 1, 1, "the document's number"),
    ] {
        let before = org.head().await.unwrap().seq;
        let summary = import(&org, how, &text).await;
        let refusal = summary.refusals.first().unwrap_or_else(|| panic!("{text} was taken"));
        assert!(refusal.to_string().contains(says), "{text}: {refusal}");
        assert!(refusal.remedy.is_some(), "{text}: {refusal}");
        assert_eq!((refusal.place.line, refusal.place.column), (line, column), "{text}: {refusal}");
        assert_eq!(org.head().await.unwrap().seq, before, "a refused file leaves nothing: {text}");
    }
}

/// What makes a whole file unusable.
#[tokio::test(flavor = "multi_thread")]
async fn headers_say_what_is_needed() {
    let shelf = shelf().await;
    let org = begin(&shelf, "acme").await;
    let payments = How::new(Kind::Payments(Side::Receivable));
    for (how, text, says) in [
        (How::new(Kind::Invoices), "number,party,date,amount,tax_code\n", "say it with --amounts net or --amounts gross"),
        (How::new(Kind::Invoices), "number,party,date,debit,amount\n", "invoices have no debit"),
        (How::new(Kind::Invoices), "party,date\n", "no column for number, amount"),
        (payments.clone(), "party,date,amount,due_date\n", "payments have no due_date"),
        (payments, "party,amount\n", "no column for date"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("documents.csv");
        std::fs::write(&path, text).unwrap();
        let error = bring_in(&org, &path, &how.options()).await.unwrap_err().to_string();
        assert!(error.contains(says), "{text}: {error}");
    }
}

/// One document of a random table.
#[derive(Clone, Debug)]
struct Any {
    kind: &'static str,
    party: u8,
    day: u32,
    due: Option<u32>,
    currency: &'static str,
    memo: &'static str,
    lines: Vec<(u32, i64, bool, u8)>,
}

fn any_document() -> impl proptest::strategy::Strategy<Value = Any> {
    use proptest::prelude::*;
    let line = (1_u32..9, 1_i64..90_000, any::<bool>(), 0_u8..3);
    (
        prop::sample::select(vec!["invoice", "credit_note", "debit_note", "order", ""]),
        0_u8..4,
        1_u32..28,
        prop::option::of(1_u32..28),
        prop::sample::select(vec!["USD", "EUR"]),
        prop::sample::select(vec!["", "goods, \"first\"", "für März"]),
        prop::collection::vec(line, 1..5),
    )
        .prop_map(|(kind, party, day, due, currency, memo, lines)| Any { kind, party, day, due, currency, memo, lines })
}

const HEADER: [&str; 13] = [
    "number",
    "kind",
    "party",
    "date",
    "due_date",
    "currency",
    "memo",
    "description",
    "quantity",
    "unit_price",
    "tax_code",
    "account",
    "tag:site",
];

impl Any {
    fn whole(&self, number: usize) -> [(&'static str, String); 7] {
        [
            ("number", format!("N-{number}")),
            ("kind", self.kind.to_owned()),
            ("party", format!("C-{}", self.party)),
            ("date", format!("2026-01-{:02}", self.day)),
            ("due_date", self.due.map(|day| format!("2026-02-{day:02}")).unwrap_or_default()),
            ("currency", self.currency.to_owned()),
            ("memo", self.memo.to_owned()),
        ]
    }

    /// Cells of a line; what has no value is empty.
    fn cells(line: (u32, i64, bool, u8)) -> [(&'static str, String); 6] {
        let (quantity, cents, taxed, account) = line;
        [
            ("description", format!("item {account}")),
            ("quantity", quantity.to_string()),
            ("unit_price", Decimal::new(cents, 2).to_string()),
            ("tax_code", if taxed { "VAT".to_owned() } else { String::new() }),
            ("account", if account == 0 { String::new() } else { format!("40{account}0") }),
            ("tag:site", if account == 2 { "north".to_owned() } else { String::new() }),
        ]
    }

    fn csv(&self, number: usize, writer: &mut csv::Writer<Vec<u8>>) {
        for line in &self.lines {
            let cells = self.whole(number).into_iter().chain(Self::cells(*line));
            writer.write_record(cells.map(|(_, text)| text)).unwrap();
        }
    }

    fn json(&self, number: usize) -> String {
        let object = |cells: &[(&'static str, String)]| -> serde_json::Map<String, serde_json::Value> {
            cells.iter().filter(|(_, text)| !text.is_empty()).map(|(name, text)| ((*name).to_owned(), text.as_str().into())).collect()
        };
        let mut document = object(&self.whole(number));
        let lines = self.lines.iter().map(|line| serde_json::Value::Object(object(&Self::cells(*line))));
        document.insert("lines".to_owned(), lines.collect());
        serde_json::Value::Object(document).to_string()
    }
}

/// The same table, written in both ways, makes the same history.
#[tokio::test(flavor = "multi_thread")]
async fn csv_and_json_lines_make_identical_books() {
    use proptest::strategy::{Strategy, ValueTree};
    let shelf = shelf().await;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut documents = 0;
    for round in 0..12 {
        let table = proptest::collection::vec(any_document(), 1..12).new_tree(&mut runner).unwrap().current();
        let amounts = Some(if round % 2 == 0 { Amounts::Net } else { Amounts::Gross });
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(HEADER).unwrap();
        table.iter().enumerate().for_each(|(number, document)| document.csv(number, &mut writer));
        let csv = String::from_utf8(writer.into_inner().unwrap()).unwrap();
        let json: Vec<String> = table.iter().enumerate().map(|(number, document)| document.json(number)).collect();
        let mut histories = Vec::new();
        for (how, text) in [(How::new(Kind::Invoices), csv), (How::json(Kind::Invoices), json.join("\n"))] {
            let org = begin(&shelf, &format!("books-{round}-{}", histories.len())).await;
            let summary = take(&org, &How { amounts, ..how }, &text).await;
            assert_eq!(summary.posted, table.len() as u64);
            let history = books::history(&org).await;
            let totals = format!("{:?}", summary.notes.totals.map(|totals| (totals.entries, totals.lines, totals.currencies)));
            // The first event names the organization.
            histories.push((
                totals,
                history.into_iter().skip(1).map(|recorded| recorded.event).collect::<Vec<_>>(),
                open(&org, Side::Receivable).await,
            ));
        }
        documents += table.len();
        assert_eq!(histories[0], histories[1], "{table:#?}");
    }
    println!("{documents} documents agree");
}

/// Cells that documents may have, and some that they may not.
fn any_cell() -> impl proptest::strategy::Strategy<Value = &'static str> {
    proptest::sample::select(vec![
        "",
        "",
        "A",
        "B-1",
        "C-1",
        "2026-01-31",
        "2026-02-30",
        "30",
        "30@30,50@60,20@90",
        "0@1",
        "99999",
        "1.00",
        "-1.00",
        "0",
        "1e9",
        "0.001",
        "79228162514264337593543950335",
        "-99999999999999999999999999",
        "0.3333333333333333333333333333",
        "USD",
        "EUR",
        "BTC",
        "usd",
        "VAT",
        "credit note",
        "order",
        "refund",
        "invoice",
        "a=b;c=d",
        "=",
        "4000",
        "1100",
        "months",
        "\u{7}",
        "für",
    ])
}

/// Fields that documents or payments have, and one that neither has.
const FIELDS: [&str; 25] = [
    "kind",
    "due_date",
    "terms",
    "currency",
    "value",
    "rate",
    "reference",
    "against",
    "series",
    "memo",
    "description",
    "quantity",
    "unit_price",
    "account",
    "tax_code",
    "tags",
    "deferral_start",
    "deferral_end",
    "deferral_account",
    "deferral_method",
    "bank_charge",
    "charge_account",
    "settled",
    "external_id",
    "debit",
];

/// Whatever stands in a file is recorded or refused; books stay in balance and their events readable.
#[test]
fn almost_documents_get_an_answer() {
    use ledger_api::import::documents::{Written, read};
    use proptest::prelude::*;
    use proptest::strategy::ValueTree;
    let needed = |cells: &[&'static str]| prop::sample::select(cells.to_vec());
    let row = (
        needed(&["A", "A", "B-1", "B-2", ""]),
        needed(&["C-1", "C-1", "C-2"]),
        needed(&["2026-01-31", "2026-01-31", "2026-02-28", "soon"]),
        needed(&["1.00", "25.50", "-3.00", "0", "0.001", "79228162514264337593543950335", "x"]),
        prop::collection::vec(any_cell(), 5),
    );
    let strategy = (prop::sample::subsequence(FIELDS.to_vec(), 0..5), prop::collection::vec(row, 1..8), 0_usize..4, any::<(bool, bool)>());
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut recorded, mut refused) = (0, 0);
    for _ in 0..1_500 {
        let (more, rows, which, (gross, json)) = strategy.new_tree(&mut runner).unwrap().current();
        let kind = [Kind::Invoices, Kind::Bills, Kind::Payments(Side::Receivable), Kind::Payments(Side::Payable)][which];
        let names: Vec<&str> = ["number", "party", "date", "amount"].into_iter().chain(more).collect();
        let rows = rows.iter().map(|(number, party, date, amount, more)| [&[*number, *party, *date, *amount], more.as_slice()].concat());
        let text = if json {
            let object = |row: Vec<&str>| {
                let cells = names.iter().zip(row).filter(|(_, cell)| !cell.is_empty());
                serde_json::Value::Object(cells.map(|(name, cell)| ((*name).to_owned(), cell.into())).collect()).to_string() + "\n"
            };
            rows.map(object).collect()
        } else {
            let quoted =
                |row: Vec<&str>| row.iter().take(names.len()).map(|cell| format!("\"{cell}\"")).collect::<Vec<_>>().join(",") + "\n";
            rows.fold(names.join(",") + "\n", |text, row| text + &quoted(row))
        };
        let how = How { amounts: Some(if gross { Amounts::Gross } else { Amounts::Net }), ..How::new(kind) };
        let options = how.options();
        let Some((_, settings)) = options.documents else { panic!("a kind of documents") };
        let mut found = ledger_api::import::source::Collected::default();
        let written = if json { Written::Jsonl } else { Written::Csv };
        let source = Box::new(std::io::Cursor::new(text.clone().into_bytes()));
        let _ = read(source, "f".into(), (kind, written), &settings, &options.tabular, &mut found);
        refused += found.errors.len();
        let mut books = Books::begin();
        let before = books.0.seq();
        found.items.into_iter().for_each(|item| books.take(item));
        recorded += books.0.seq() - before;
        assert_eq!(books.functional(), 0, "{text}");
    }
    println!("{recorded} events followed, {refused} documents were refused as they stood");
    assert!(recorded > 1_000 && refused > 1_000, "neither is rare: {recorded} {refused}");
}

/// Books without a database.
struct Books(ledger_core::Book, Actor);

impl Books {
    fn begin() -> Self {
        use ledger_core::command::CreateOrganization;
        let mut books = Self(ledger_core::Book::default(), Actor::user("tester"));
        books.run(&Command::CreateOrganization(CreateOrganization {
            org: uuid::Uuid::from_u128(1),
            name: "Acme".into(),
            functional_currency: "USD".into(),
            functional_scale: None,
            valuation: Valuation::Required,
        }));
        books.run(&Command::OpenAccount(OpenAccount::new("2200", AccountType::Liability)));
        let components = vec![DraftTaxComponent::new("VAT", Decimal::from(20), "2200")];
        books.run(&Command::DefineTaxCode(Box::new(DefineTaxCode { code: "VAT".into(), name: "".into(), components })));
        books
    }

    fn take(&mut self, item: ledger_api::import::source::Item) {
        use ledger_api::import::source::{Item, Recording};
        match item {
            Item::Account(decl) => self.run(&Command::OpenAccount(OpenAccount::new(&decl.code, decl.kind.unwrap()))),
            Item::Party(decl) => {
                self.run(&Command::RegisterParty(Box::new(ledger_core::command::RegisterParty::new(&decl.code, decl.kind))));
            }
            Item::Control(decl) => self.run(&Command::DesignateControl { account: decl.code.as_str().into(), side: decl.side }),
            Item::Document(document) => match document.recording {
                Recording::Document(draft) => self.run(&Command::RecordDocument(Box::new(draft))),
                Recording::Payment(payment) => self.run(&Command::RecordPayment(Box::new(payment))),
            },
            other => panic!("documents have no {other:?}"),
        }
    }

    /// What is refused is refused with a remedy.
    fn run(&mut self, command: &Command) {
        match self.0.decide(command, &ledger_core::Context::new(&self.1)) {
            Ok(events) => {
                for proposed in &events {
                    let bytes = ledger_core::codec::encode(proposed).unwrap();
                    assert_eq!(ledger_core::codec::decode(&bytes).as_ref(), Ok(proposed));
                    self.0.evolve(&proposed.event);
                }
            }
            Err(rejection) => assert!(!rejection.to_string().is_empty() && !rejection.hint().is_empty()),
        }
    }

    /// All balances together, in the functional currency.
    fn functional(&self) -> i128 {
        let holdings = self.0.accounts().iter().flat_map(|account| self.0.holdings(account.no));
        holdings.map(|holding| holding.functional).sum()
    }
}

/// A file that has grown at its end brings in what is new, and nothing twice.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_has_grown_goes_on() {
    let shelf = shelf().await;
    let org = begin(&shelf, "acme").await;
    let invoices = How::new(Kind::Invoices);
    let mut text = "number,party,date,amount\n1,C-1,2026-01-10,1.00\n1,C-1,2026-01-10,2.00\n2,C-1,2026-01-11,5.00\n".to_owned();
    assert_eq!(take(&org, &invoices, &text).await.posted, 2);
    text.push_str("3,C-2,2026-01-12,7.00\n");
    let summary = take(&org, &invoices, &text).await;
    assert_eq!((summary.posted, summary.already), (1, 2));
    let other = text.replace("5.00", "6.00");
    let summary = import(&org, &invoices, &other).await;
    assert!(summary.nothing_written && summary.refusals[0].problem.contains("DOCUMENT_NUMBER_TAKEN"), "{:?}", summary.refusals);
}

/// What is refused stands in the rejects file as it stood, ready to be mended and imported again.
#[tokio::test(flavor = "multi_thread")]
async fn refused_documents_come_back_whole() {
    let shelf = shelf().await;
    let org = begin(&shelf, "acme").await;
    let header = "number,party,date,amount,account";
    let csv = format!(
        "{header}\n1,C-1,2026-01-10,1.00,4000\n2,C-1,2026-01-10,2.00,4000\n2,C-1,2026-01-10,x,4000\n3,C-1,2026-01-10,3.00,1100\n4,C-1,2026-01-10,4.00,\n"
    );
    let bad = r#"{"number":"6","party":"C-1","date":"2026-01-10","lines":[{"amount":"1"},{"amount":"1","account":"1100"}]}"#;
    let json = format!("{{\"number\":\"5\",\"party\":\"C-1\",\"date\":\"2026-01-10\",\"amount\":1}}\n{bad}\n");
    let rows = "2,C-1,2026-01-10,2.00,4000\n2,C-1,2026-01-10,x,4000\n3,C-1,2026-01-10,3.00,1100\n";
    for (how, text, posted, places, rejected) in [
        (How::new(Kind::Invoices), csv, 2, vec![4, 5], format!("{header}\n{rows}")),
        (How::json(Kind::Invoices), json, 1, vec![2], format!("{bad}\n")),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let (path, rejects) = (folder.path().join("documents"), folder.path().join("rejects"));
        std::fs::write(&path, text).unwrap();
        let options = ImportOptions { mode: Mode::SkipInvalid, rejects: Some(rejects.clone()), ..how.options() };
        let summary = bring_in(&org, &path, &options).await.unwrap();
        assert_eq!(summary.posted, posted, "{:?}", summary.refusals);
        assert_eq!(summary.refusals.iter().map(|refusal| refusal.place.line).collect::<Vec<_>>(), places, "{:?}", summary.refusals);
        assert_eq!(std::fs::read_to_string(&rejects).unwrap(), rejected);
    }
}
