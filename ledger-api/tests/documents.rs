//! Invoices, bills and payments from files: open items, aging, and what is refused.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod books;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use books::{bring_in, shelf};
use chrono::NaiveDate;
use ledger_api::import::documents::{Kind, Settings};
use ledger_api::import::run::{Format, ImportOptions, Mode};
use ledger_api::import::tabular::{Columns, DateFormat, Options as Tabular};
use ledger_core::book::Valuation;
use ledger_core::subledger::Side;
use ledger_projections::reports::{Aging, AgingBy, Basis, ItemQuery, Point, USUAL_BOUNDS, aging, open_items};
use ledger_projections::{catch_up, compare};
use ledger_store::OrgStore;
use rust_decimal::Decimal;

fn options(kind: Kind, columns: &str) -> ImportOptions {
    let (control, counter) = match kind {
        Kind::Invoices => ("1100", "4000"),
        Kind::Bills => ("2000", "5000"),
        Kind::Payments(Side::Receivable) => ("1100", "1000"),
        Kind::Payments(Side::Payable) => ("2000", "1000"),
    };
    let mut options = ImportOptions::new(Format::Csv);
    options.documents = Some((kind, Settings::new(control, counter)));
    options.tabular = Tabular {
        columns: Columns::parse(columns).unwrap(),
        currency: Some("USD".into()),
        functional_currency: Some("USD".into()),
        ..Tabular::default()
    };
    options
}

fn query(side: Side, as_of: NaiveDate) -> ItemQuery {
    ItemQuery { side, as_of, point: Point::Latest, party: None }
}

fn shared(file: &str) -> Option<PathBuf> {
    let given = std::env::var_os("LEDGER_SHARED_DATA").map(PathBuf::from);
    let path = given.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data")).join("ar_ap").join(file);
    if path.is_file() {
        return Some(path);
    }
    println!("skipped: no {} (set LEDGER_SHARED_DATA)", path.display());
    None
}

fn rows(path: &Path) -> Vec<Vec<String>> {
    csv::Reader::from_path(path).unwrap().records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
}

/// Buckets of a row in the order of the answer files: the five, and the total.
fn amounts(aging: &Aging) -> BTreeMap<String, Vec<(u64, Decimal)>> {
    let row = |row: &ledger_projections::reports::AgingRow| {
        assert_eq!(row.unapplied.items, 0, "every payment pays an invoice");
        row.buckets.iter().copied().chain([row.total()]).map(|bucket| (bucket.items, bucket.amount)).collect()
    };
    aging.rows.iter().map(|found| (found.party.clone().unwrap_or_default(), row(found))).collect()
}

/// 2,466 invoices with their settlements, of 100 customers, against agings that others computed.
#[tokio::test(flavor = "multi_thread")]
async fn shared_receivables_age_as_others_compute() {
    let Some(source) = shared("ibm_accounts_receivable.csv") else { return };
    let shelf = shelf().await;
    let org = shelf.begin("receivables", Valuation::Required).await;
    let mut invoices =
        options(Kind::Invoices, "entry=invoiceNumber,party=customerID,date=InvoiceDate,due_date=DueDate,amount=InvoiceAmount");
    let mut payments = options(
        Kind::Payments(Side::Receivable),
        "document=invoiceNumber,party=customerID,date=SettledDate,amount=InvoiceAmount,entry=,account=",
    );
    for options in [&mut invoices, &mut payments] {
        options.tabular.date_format = DateFormat::new("%m/%d/%Y").unwrap();
        let summary = bring_in(&org, &source, options).await.unwrap();
        assert_eq!((summary.posted, summary.refused), (2_466, 0), "{:?}", summary.refusals);
        let again = bring_in(&org, &source, options).await.unwrap();
        assert_eq!((again.posted, again.already), (0, 2_466), "the same file twice posts nothing");
    }
    catch_up(&org, |_| ()).await.unwrap();
    let basis = |word: &str| match word {
        "due_date" => Basis::DueDate,
        "invoice_date" => Basis::DocumentDate,
        other => panic!("an unknown basis {other}"),
    };
    let mut compared = 0;
    let names = ["current", "1-30", "31-60", "61-90", "91+", "total"];
    for row in rows(&source.with_file_name("ibm_accounts_receivable.aging-oracle.csv")) {
        let [as_of, by, currency, bucket, items, amount] = row.as_slice() else { panic!("{row:?}") };
        let found = aging(&org, &query(Side::Receivable, as_of.parse().unwrap()), basis(by), AgingBy::Total, &USUAL_BOUNDS).await.unwrap();
        assert!(found.rows.iter().all(|row| row.currency == *currency));
        let at = names.iter().position(|name| name == bucket).unwrap();
        let found = amounts(&found).remove("").map_or((0, Decimal::ZERO), |row| row[at]);
        assert_eq!(found, (items.parse().unwrap(), amount.parse().unwrap()), "{bucket} as of {as_of} by {by}");
        compared += 1;
    }
    let mut parties: BTreeMap<(String, String), BTreeMap<String, Vec<Decimal>>> = BTreeMap::new();
    for row in rows(&source.with_file_name("ibm_accounts_receivable.aging-by-party-oracle.csv")) {
        let of_day = parties.entry((row[0].clone(), row[1].clone())).or_default();
        of_day.insert(row[2].clone(), row[4..].iter().map(|cell| cell.parse().unwrap()).collect());
    }
    for ((as_of, by), expected) in &parties {
        let found = aging(&org, &query(Side::Receivable, as_of.parse().unwrap()), basis(by), AgingBy::Party, &USUAL_BOUNDS).await.unwrap();
        let found: BTreeMap<String, Vec<Decimal>> =
            amounts(&found).into_iter().map(|(party, row)| (party, row.into_iter().map(|(_, amount)| amount).collect())).collect();
        assert_eq!(&found, expected, "by party as of {as_of} by {by}");
        compared += expected.len();
    }
    println!("{compared} rows of agings agree");
    for name in ["open_item", "account_balance", "gl_fact"] {
        assert_eq!(compare(&org, name, |_| ()).await.unwrap().count, 0, "{name}");
    }
}

async fn import(org: &OrgStore, kind: Kind, text: &str, mode: Mode) -> ledger_api::import::run::Summary {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("documents.csv");
    std::fs::write(&path, text).unwrap();
    let options =
        ImportOptions { mode, rejects: (mode == Mode::SkipInvalid).then(|| folder.path().join("rejects.csv")), ..options(kind, "") };
    bring_in(org, &path, &options).await.unwrap()
}

async fn open(org: &OrgStore, side: Side, as_of: &str) -> Vec<String> {
    catch_up(org, |_| ()).await.unwrap();
    let items = open_items(org, &query(side, as_of.parse().unwrap())).await.unwrap();
    items.rows.iter().map(|row| format!("{} {} {} {}", row.party, row.document, row.currency, row.open.normalize())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_become_open_items_and_payments_settle_them() {
    let shelf = shelf().await;
    let org = shelf.begin("acme", Valuation::Required).await;
    let invoices = "entry,party,date,due_date,amount,account,description\n";
    let summary = import(
        &org,
        Kind::Invoices,
        &format!("{invoices}INV-1,C-1,2026-01-10,2026-02-09,100.00,4000,goods\nINV-1,C-1,2026-01-10,2026-02-09,20.00,4100,freight\nINV-2,C-1,2026-01-20,2026-01-31,50.00,,\nINV-3,C-2,2026-01-25,,80.00,,\n"),
        Mode::Checked,
    )
    .await;
    assert_eq!((summary.posted, summary.refused, summary.parties), (3, 0, 2));
    let summary = import(
        &org,
        Kind::Payments(Side::Receivable),
        "entry,party,date,amount,document\nPAY-1,C-1,2026-02-01,70.00,INV-1\nPAY-2,C-2,2026-02-03,100.00,INV-3\nPAY-3,C-1,2026-02-05,5.00,\n",
        Mode::Checked,
    )
    .await;
    assert_eq!((summary.posted, summary.refused), (3, 0), "{:?}", summary.refusals);
    assert_eq!(open(&org, Side::Receivable, "2026-01-31").await, ["C-1 INV-2 USD 50", "C-1 INV-1 USD 120", "C-2 INV-3 USD 80"]);
    assert_eq!(
        open(&org, Side::Receivable, "2026-02-28").await,
        ["C-1 INV-2 USD 45", "C-1 INV-1 USD 50", "C-2 PAY-2 USD -20"],
        "a part is paid, what names nothing pays what is due first, an overpayment is an item of its own"
    );
    let summary = import(
        &org,
        Kind::Bills,
        "entry,party,date,due_date,amount\n7,V-1,2026-02-01,2026-03-03,40.00\n7,V-2,2026-02-02,2026-03-04,60.00\n",
        Mode::Checked,
    )
    .await;
    assert_eq!((summary.posted, summary.refused), (2, 0), "a vendor's numbers are its own: {:?}", summary.refusals);
    import(&org, Kind::Payments(Side::Payable), "entry,party,date,amount,document\nOUT-1,V-2,2026-02-20,60.00,7\n", Mode::Checked).await;
    assert_eq!(open(&org, Side::Payable, "2026-02-28").await, ["V-1 7 USD 40"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_a_document_is_refused_with_its_place() {
    let shelf = shelf().await;
    let org = shelf.begin("acme", Valuation::Required).await;
    let header = "entry,party,date,due_date,amount,account\n";
    for (rows, line, says) in [
        (",C-1,2026-01-10,,1.00,", 2, "the document's number"),
        ("A,,2026-01-10,,1.00,", 2, "a customer's or vendor's code"),
        ("A,C-1,,,1.00,", 2, "no date"),
        ("A,C-1,10.01.2026,,1.00,", 2, "expected a date like 2025-01-31"),
        ("A,C-1,2026-01-10,2026-02-30,1.00,", 2, "expected a date like"),
        ("A,C-1,2026-01-10,,,", 2, "expected an amount"),
        ("A,C-1,2026-01-10,,one,", 2, "amount"),
        ("A,C-1,2026-01-10,,1.001,", 2, "1.001"),
        ("A,C-1,2026-01-10,,1.00,\nB,C-1,2026-01-10,,1.00,\nA,C-1,2026-01-10,,1.00,", 4, "came before"),
        ("A,C-1,2026-01-10,,1.00,\nA,C-2,2026-01-10,,1.00,", 3, "the rows of a document agree"),
        ("A,C-1,2026-01-10,,1.00,\nA,C-1,2026-01-11,,1.00,", 3, "the rows of a document agree"),
        ("A,C-1,2026-01-10,,99999999999999999999999999,", 2, "too large"),
    ] {
        let before = org.head().await.unwrap().seq;
        let summary = import(&org, Kind::Invoices, &format!("{header}{rows}\n"), Mode::Checked).await;
        let refusal = summary.refusals.first().unwrap_or_else(|| panic!("{rows} was taken"));
        assert!(refusal.to_string().contains(says), "{rows}: {refusal}");
        assert_eq!(refusal.place.line, line, "{rows}: {refusal}");
        assert_eq!(org.head().await.unwrap().seq, before, "a refused file leaves nothing: {rows}");
    }
    let summary =
        import(&org, Kind::Invoices, &format!("{header}A,C-1,2026-01-10,,1.00,\nB,,2026-01-10,,1.00,\n"), Mode::SkipInvalid).await;
    assert_eq!((summary.posted, summary.refused), (1, 1));
}
