//! SAF-T Financial of Norway: what a file says about itself, what becomes of it in the books, and out again.
//!
//! The shared example is other people's and not part of this project; without it its tests say that they are skipped.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod books;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ledger_api::import::run::{Format, ImportOptions};
use ledger_api::import::source::{Collected, Item, SourceNotes};
use ledger_api::saft::export::{Company, write};
use ledger_api::saft::{ControlTotal, DIFFERENCE, Options, PartyKind, Rolls, rolls};
use ledger_core::book::Valuation;
use ledger_core::subledger::PartyKind as BooksParty;
use ledger_core::{EntryKind, SubType};
use ledger_projections::catch_up;
use ledger_projections::reports::{BalanceQuery, Journal};
use ledger_store::OrgStore;
use ledger_store::writer::NewOrganization;
use rust_decimal::Decimal;

use books::{Shelf, bring_in, history, read, shelf, sums};

const EXAMPLE: &str = "no_saft_financial_888888888";

fn shared_data() -> Option<PathBuf> {
    let given = std::env::var_os("LEDGER_SHARED_DATA").map(PathBuf::from);
    let data = given.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data")).join("saft");
    if data.is_dir() {
        return Some(data);
    }
    println!("skipped: no shared data in {} (set LEDGER_SHARED_DATA)", data.display());
    None
}

fn rows(path: &Path) -> Vec<Vec<String>> {
    let mut reader = csv::Reader::from_path(path).unwrap();
    reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
}

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn collected(text: &[u8], options: &Options) -> (Collected, Result<(SourceNotes, Rolls), String>) {
    let mut sink = Collected::default();
    let read = rolls(Box::new(std::io::Cursor::new(text.to_vec())), "sample.xml".into(), options, &mut sink);
    (sink, read.map_err(|error| error.to_string()))
}

async fn begin(shelf: &Shelf, slug: &str) -> OrgStore {
    let new = NewOrganization {
        slug: slug.to_owned(),
        name: slug.to_owned(),
        functional_currency: "NOK".to_owned(),
        functional_scale: None,
        valuation: Valuation::Required,
    };
    let org = shelf.ledger.create_organization(new, &ledger_core::Actor::user("tester")).await.unwrap();
    shelf.store.for_org(org)
}

#[test]
fn the_example_ties_out_where_its_answers_do() {
    let Some(data) = shared_data() else { return };
    let text = std::fs::read(data.join(EXAMPLE).with_extension("xml")).unwrap();
    let (sink, read) = collected(&text, &Options::default());
    let (notes, rolls) = read.unwrap();
    assert_eq!(sink.errors, []);
    let answers = rows(&data.join(format!("{EXAMPLE}.oracle.csv")));
    assert_eq!(rolls.accounts.len(), answers.len());
    for (roll, row) in rolls.accounts.iter().zip(&answers) {
        let [id, _, opening, movement, computed, closing, agrees] = &row[..] else { panic!("{row:?}") };
        assert_eq!(roll.account, id);
        assert_eq!((roll.opening, roll.movement, roll.computed()), (decimal(opening), decimal(movement), decimal(computed)), "{id}");
        assert_eq!((roll.closing, roll.agrees()), (Some(decimal(closing)), agrees == "True"), "{id}");
        let told = notes.remarks.iter().any(|remark| remark.starts_with(&format!("account {id} opens with")));
        assert_eq!(told, agrees != "True", "{id}: {:#?}", notes.remarks);
    }
    let answers = rows(&data.join(format!("{EXAMPLE}.subledger-oracle.csv")));
    let (totals, parties): (Vec<_>, Vec<_>) = answers.iter().partition(|row| row[0] == "SUBLEDGER_TOTAL");
    assert_eq!(rolls.parties.len(), parties.len());
    for (party, row) in rolls.parties.iter().zip(&parties) {
        let [kind, id, account, opening, movement, closing, agrees] = &row[..] else { panic!("{row:?}") };
        let wanted = if kind == "Customer" { PartyKind::Customer } else { PartyKind::Supplier };
        assert_eq!((party.kind, party.id.as_str(), party.account.as_str()), (wanted, id.as_str(), account.as_str()));
        assert_eq!((party.opening, party.movement, party.closing), (decimal(opening), decimal(movement), Some(decimal(closing))), "{id}");
        assert_eq!(party.closing == Some(party.computed()), agrees == "True", "{id}");
    }
    let found: Vec<(String, Decimal, Decimal)> = rolls.sub_ledgers().into_iter().map(|(a, o, c)| (a.to_string(), o, c)).collect();
    let wanted: Vec<(String, Decimal, Decimal)> = totals.iter().map(|row| (row[2].clone(), decimal(&row[3]), decimal(&row[5]))).collect();
    assert_eq!(found, wanted);
    for (account, opening, _) in &found {
        let told =
            notes.remarks.iter().any(|remark| remark.starts_with(&format!("the sub-ledger of account {account} opens with {opening} ")));
        assert!(told, "{:#?}", notes.remarks);
    }
    for total in ControlTotal::ALL {
        assert_eq!(rolls.stated.get(&total), Some(&rolls.computed(total)), "{total:?}");
    }
    notes.remarks.iter().for_each(|remark| println!("{remark}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_example_in_the_books_has_the_same_balances() {
    let Some(data) = shared_data() else { return };
    let shelf = shelf().await;
    let org = begin(&shelf, "saft").await;
    let path = data.join(EXAMPLE).with_extension("xml");
    let mut options = ImportOptions::new(Format::Saft);
    options.tabular.functional_currency = Some("NOK".into());
    let summary = bring_in(&org, &path, &options).await.unwrap();
    assert_eq!((summary.refused, summary.posted), (0, 54), "53 transactions and the opening: {:#?}", summary.refusals);
    let again = bring_in(&org, &path, &options).await.unwrap();
    assert_eq!((again.posted, again.refused), (0, 0), "the same file twice posts nothing");
    catch_up(&org, |_| ()).await.unwrap();
    let end = "2017-12-31".parse().unwrap();
    let start: chrono::NaiveDate = "2017-01-01".parse().unwrap();
    let at = |from: Option<chrono::NaiveDate>, to| BalanceQuery { from, as_of: Some(to), ..BalanceQuery::default() };
    let opening = sums(&read(&org, at(None, start.pred_opt().unwrap())).await);
    let movement = sums(&read(&org, at(Some(start), end)).await);
    let closing = sums(&read(&org, at(None, end)).await);
    let of = |sums: &books::Sums, account: &str| sums.get(&(account.to_owned(), "NOK".to_owned())).copied().unwrap_or_default();
    let answers = rows(&data.join(format!("{EXAMPLE}.oracle.csv")));
    for row in &answers {
        let account = row[0].as_str();
        let found = (of(&opening, account), of(&movement, account), of(&closing, account));
        assert_eq!(found, (decimal(&row[2]), decimal(&row[3]), decimal(&row[4])), "{account}");
    }
    let stated: Decimal = answers.iter().map(|row| decimal(&row[2])).sum();
    assert_eq!((of(&opening, DIFFERENCE), of(&movement, DIFFERENCE)), (-stated, Decimal::ZERO), "the difference is visible, not hidden");
    assert!(closing.keys().all(|(account, _)| account == DIFFERENCE || answers.iter().any(|row| row[0] == *account)));
    assert_parties(&org, &data).await;
}

/// Opening and movement per customer and supplier, out of the lines that were posted.
async fn assert_parties(org: &OrgStore, data: &Path) {
    let mut found: BTreeMap<(String, bool), Decimal> = BTreeMap::new();
    let mut tax_codes = 0;
    for recorded in history(org).await {
        let Some(entry) = recorded.event.entry() else { continue };
        for line in entry.lines() {
            let Some(detail) = &line.detail else { continue };
            tax_codes += usize::from(detail.tax_code.is_some());
            if let Some(party) = &detail.party {
                assert!(detail.document.is_some(), "{party}: a party's line names a document");
                let amount = ledger_core::money::decimal_of(line.money.units(), 2);
                *found.entry((party.to_string(), entry.header().kind == EntryKind::Opening)).or_default() += amount;
            }
        }
    }
    assert_eq!(tax_codes, 34);
    for row in rows(&data.join(format!("{EXAMPLE}.subledger-oracle.csv"))).iter().filter(|row| row[0] != "SUBLEDGER_TOTAL") {
        let of = |opening| found.get(&(row[1].clone(), opening)).copied().unwrap_or_default();
        assert_eq!((of(true), of(false)), (decimal(&row[3]), decimal(&row[4])), "{} {}", row[0], row[1]);
    }
}

/// A file around accounts, parties and transactions.
fn saft(accounts: &str, parties: &str, entries: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<AuditFile xmlns=\"urn:StandardAuditFile-Taxation-Financial:NO\">\n\
         <Header><AuditFileVersion>1.30</AuditFileVersion><DefaultCurrencyCode>NOK</DefaultCurrencyCode><SelectionCriteria>\
         <SelectionStartDate>2026-01-01</SelectionStartDate></SelectionCriteria></Header>\n\
         <MasterFiles><GeneralLedgerAccounts>{accounts}</GeneralLedgerAccounts>{parties}</MasterFiles>\n\
         <GeneralLedgerEntries>\n{entries}\n</GeneralLedgerEntries></AuditFile>"
    )
}

fn account(id: &str, balances: &str) -> String {
    format!(
        "<Account><AccountID>{id}</AccountID><AccountDescription>{id}</AccountDescription><GroupingCode>{id}</GroupingCode>{balances}</Account>"
    )
}

fn transaction(lines: &str) -> String {
    format!(
        "<Journal><JournalID>J</JournalID><Transaction><TransactionID>1</TransactionID><Period>1</Period><PeriodYear>2026</PeriodYear>\
         <TransactionDate>2026-01-15</TransactionDate><Description>sale</Description>\n{lines}</Transaction></Journal>"
    )
}

fn line(account: &str, side: &str, amount: &str, further: &str) -> String {
    format!("<Line><AccountID>{account}</AccountID><{side}Amount><Amount>{amount}</Amount></{side}Amount>{further}</Line>\n")
}

#[test]
fn version_1_3_and_foreign_lines() {
    let accounts = account("1500", "<OpeningDebitBalance>10.00</OpeningDebitBalance>")
        + &account("2000", "<OpeningCreditBalance>10.00</OpeningCreditBalance>")
        + &account("3000", "");
    let parties = "<Customers><Customer><Name>Ada</Name><CustomerID>7</CustomerID><BalanceAccount><AccountID>1500</AccountID>\
        <OpeningDebitBalance>4.00</OpeningDebitBalance></BalanceAccount></Customer></Customers>\
        <Suppliers><Supplier><SupplierID>7</SupplierID></Supplier></Suppliers>";
    let foreign = "<Line><AccountID>1500</AccountID><CustomerID>7</CustomerID><ReferenceNumber>INV-1</ReferenceNumber>\
        <DebitAmount><Amount>115.00</Amount><CurrencyCode>EUR</CurrencyCode><CurrencyAmount>10.00</CurrencyAmount>\
        <ExchangeRate>11.5</ExchangeRate></DebitAmount></Line>";
    let entries = transaction(&(foreign.to_owned() + &line("3000", "Credit", "115.00", "")));
    let (sink, read) = collected(saft(&accounts, parties, &entries).as_bytes(), &Options::default());
    let (notes, _) = read.unwrap();
    assert_eq!(sink.errors, []);
    let drafts = sink.items.iter().filter_map(|item| match item {
        Item::Entry(entry) => Some(&entry.draft),
        _ => None,
    });
    let [opening, sale] = &drafts.collect::<Vec<_>>()[..] else { panic!("{:#?}", sink.items) };
    assert_eq!((opening.kind, opening.effective_date.to_string().as_str()), (EntryKind::Opening, "2025-12-31"));
    let amounts: Vec<String> = opening.lines.iter().map(|line| line.amount.to_string()).collect();
    assert_eq!(amounts, ["4.00", "6.00", "-10.00"], "what the customers do not explain is a line of its own");
    let first = &sale.lines[0];
    assert_eq!((first.amount, first.currency.as_str(), first.functional), (decimal("10.00"), "EUR", Some(decimal("115.00"))));
    let detail = first.detail.as_ref().unwrap();
    assert_eq!((detail.party.as_deref(), detail.document.as_deref()), (Some("customer:7"), Some("INV-1")), "both lists have a 7");
    assert_eq!(detail.rate.as_ref().unwrap().rate, decimal("11.5"));
    assert_eq!(sale.external_id.as_deref(), Some("saft:2026:J:1"));
    let kinds = sink.items.iter().filter_map(|item| match item {
        Item::Account(account) => account.sub_type,
        _ => None,
    });
    let registered = sink.items.iter().filter_map(|item| match item {
        Item::Party(party) => Some((party.code.to_string(), party.kind)),
        _ => None,
    });
    let wanted = [("customer:7".to_owned(), BooksParty::Customer), ("supplier:7".to_owned(), BooksParty::Vendor)];
    assert_eq!(registered.collect::<Vec<_>>(), wanted);
    assert_eq!(kinds.collect::<Vec<_>>(), [SubType::Receivable, SubType::General, SubType::General]);
    assert!(notes.remarks.contains(&"NumberOfEntries is not stated; the file has 1".to_owned()), "{:#?}", notes.remarks);
    let (sink, _) = collected(saft(&accounts, parties, &entries).as_bytes(), &Options { skip_opening: true, ..Options::default() });
    assert_eq!(sink.items.iter().filter(|item| matches!(item, Item::Entry(_))).count(), 1);
}

#[test]
fn totals_that_are_wrong_are_told() {
    let totals = "<NumberOfEntries>2</NumberOfEntries><TotalDebit>5.00</TotalDebit><TotalCredit>6.00</TotalCredit>";
    let entries = totals.to_owned() + &transaction(&(line("1500", "Debit", "5.00", "") + &line("3000", "Credit", "5.00", "")));
    let (_, read) = collected(saft(&account("1500", ""), "", &entries).as_bytes(), &Options::default());
    let (notes, _) = read.unwrap();
    for wanted in [
        "NumberOfEntries is stated as 2, but the file has 1",
        "TotalDebit 5.00 agrees",
        "TotalCredit is stated as 6.00, but the file has 5.00",
    ] {
        assert!(notes.remarks.iter().any(|remark| remark == wanted), "{wanted} in {:#?}", notes.remarks);
    }
}

#[test]
fn what_is_broken_is_refused_with_its_line() {
    let good = transaction(&(line("1500", "Debit", "5.00", "") + &line("3000", "Credit", "5.00", "")));
    let whole = |entries: &str| saft(&account("1500", ""), "", entries);
    for (text, expected) in [
        (
            whole(&good.replace("2026-01-15", "2026-02-30")),
            "sample.xml:6: transaction 1: <TransactionDate>: expected a day of the calendar",
        ),
        (
            whole(&good.replacen("5.00", "5,00", 1)),
            "sample.xml:7: transaction 1: <DebitAmount>: expected <Amount> such as 1250.00, found `5,00`",
        ),
        (whole(&good.replacen("DebitAmount", "Other", 2)), "expected either <DebitAmount> or <CreditAmount>"),
        (whole(&good.replacen("AccountID", "Other", 2)), "transaction 1: <Line> has no <AccountID>"),
        (whole(&good.replace("TransactionID", "Other")), "<Transaction> has no <TransactionID>"),
        (whole("<TotalDebit>much</TotalDebit>"), "sample.xml:6: <TotalDebit>: expected a number, found `much`"),
        (saft(&(account("1500", "") + &account("1500", "")), "", ""), "the account is listed twice, found `1500`"),
        (saft(&account("1500", "<ClosingDebitBalance>x</ClosingDebitBalance>"), "", ""), "<ClosingDebitBalance>: expected an amount"),
        (saft("", "<Customers><Customer/></Customers>", ""), "<Customer> has no <CustomerID>"),
        (whole(&good).replace(":NO\"", ":LU\""), "the Norwegian SAF-T Financial"),
        (whole(&good).replace("2026-01-01", "January"), "<SelectionStartDate>: expected a day as YYYY-MM-DD, found `January`"),
        (whole(&good).replace("</AuditFile>", ""), "is cut off"),
        (whole(&good).replace("<AuditFile", "<!DOCTYPE a><AuditFile"), "DOCTYPE"),
        (String::new(), "the document is empty"),
    ] {
        let (sink, read) = collected(text.as_bytes(), &Options::default());
        let said: Vec<String> = sink.errors.iter().map(ToString::to_string).chain(read.err()).collect();
        assert!(said.iter().any(|error| error.contains(expected)), "{said:#?} instead of {expected}");
    }
}

/// Writes a period and reads it into other books.
async fn round_trip(shelf: &Shelf, org: &OrgStore, slug: &str, span: (Option<&str>, Option<&str>)) -> (String, OrgStore) {
    let day = |text: Option<&str>| text.map(|text| text.parse().unwrap());
    let mut journal = Journal::open(org, day(span.0), day(span.1)).await.unwrap().unwrap();
    let company = Company { name: "Ada & Co <AS>".to_owned(), id: slug.to_owned(), currency: "NOK".to_owned() };
    let mut written = Vec::new();
    write(&mut journal, &company, "2026-06-01T00:00:00Z".parse().unwrap(), &mut written).await.unwrap();
    let text = String::from_utf8(written).unwrap();
    let (sink, read) = collected(text.as_bytes(), &Options::default());
    let (notes, rolls) = read.unwrap();
    assert_eq!(sink.errors, []);
    assert!(rolls.accounts.iter().all(|account| account.closing.is_some() && account.agrees()), "{:#?}", notes.remarks);
    assert!(rolls.parties.iter().all(|party| party.closing == Some(party.computed())), "{:#?}", notes.remarks);
    for total in ControlTotal::ALL {
        assert_eq!(rolls.stated.get(&total), Some(&rolls.computed(total)), "{total:?}");
    }
    assert!(!notes.remarks.iter().any(|remark| remark.contains("opening balances of the accounts sum")), "{:#?}", notes.remarks);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.xml");
    std::fs::write(&path, &text).unwrap();
    let again = begin(shelf, slug).await;
    let mut options = ImportOptions::new(Format::Saft);
    options.tabular.functional_currency = Some("NOK".into());
    let summary = bring_in(&again, &path, &options).await.unwrap();
    assert_eq!(summary.refused, 0, "{:#?}", summary.refusals);
    catch_up(&again, |_| ()).await.unwrap();
    (text, again)
}

/// Balances by account, type and currency, every account counted.
async fn trial(org: &OrgStore, from: Option<&str>, to: &str) -> BTreeMap<(String, String, String), (Decimal, Option<Decimal>)> {
    let day = |text: &str| text.parse().unwrap();
    let found = read(org, BalanceQuery { from: from.map(day), as_of: Some(day(to)), ..BalanceQuery::default() }).await;
    let rows = found.rows.iter().filter(|row| !row.balance().is_zero() || row.functional_balance().is_some_and(|value| !value.is_zero()));
    rows.map(|row| {
        ((row.code.to_string(), row.kind.as_str().to_owned(), row.currency.to_string()), (row.balance(), row.functional_balance()))
    })
    .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn books_written_and_read_again_have_the_same_balances() {
    let shelf = shelf().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("in.xml");
    let foreign = "<Line><AccountID>1500</AccountID><CustomerID>7</CustomerID><Description>R&amp;D \u{1f9f8}</Description><ReferenceNumber>INV-1</ReferenceNumber>\
        <DebitAmount><Amount>115.00</Amount><CurrencyCode>EUR</CurrencyCode><CurrencyAmount>10.00</CurrencyAmount></DebitAmount></Line>";
    let tax = "<TaxInformation><TaxType>MVA</TaxType><TaxCode>3</TaxCode><TaxBase>92</TaxBase><TaxAmount><Amount>23</Amount></TaxAmount></TaxInformation>";
    let entries = transaction(&(foreign.to_owned() + &line("3000", "Credit", "92.00", tax) + &line("2700", "Credit", "23.00", "")));
    let accounts = account("1500", "<OpeningDebitBalance>10.00</OpeningDebitBalance>")
        + &account("2000", "<OpeningCreditBalance>10.00</OpeningCreditBalance>")
        + &account("3000", "")
        + &account("2700", "");
    std::fs::write(&path, saft(&accounts, "", &entries)).unwrap();
    let org = begin(&shelf, "first").await;
    let mut options = ImportOptions::new(Format::Saft);
    options.tabular.functional_currency = Some("NOK".into());
    let summary = bring_in(&org, &path, &options).await.unwrap();
    assert_eq!((summary.refused, summary.posted), (0, 2), "{:#?}", summary.refusals);
    catch_up(&org, |_| ()).await.unwrap();
    let (text, again) = round_trip(&shelf, &org, "whole", (None, None)).await;
    let wanted = trial(&org, None, "2026-12-31").await;
    assert!(wanted.keys().any(|(_, _, currency)| currency == "EUR"), "{wanted:#?}");
    assert_eq!(trial(&again, None, "2026-12-31").await, wanted);
    for expected in
        ["Ada &amp; Co &lt;AS&gt;", "R&amp;D \u{1f9f8}", "<ReferenceNumber>INV-1<", "<TaxCode>3<", "<TaxBase>92<", "<CustomerID>7<"]
    {
        assert!(text.contains(expected), "{expected} in {text}");
    }
    let (_, later) = round_trip(&shelf, &org, "later", (Some("2026-01-01"), Some("2026-12-31"))).await;
    assert_eq!(trial(&later, None, "2026-12-31").await, wanted, "the opening entry carries what was before");
    assert_eq!(trial(&later, Some("2026-01-01"), "2026-12-31").await, trial(&org, Some("2026-01-01"), "2026-12-31").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_example_written_and_read_again_has_the_same_balances() {
    let Some(data) = shared_data() else { return };
    let shelf = shelf().await;
    let org = begin(&shelf, "example").await;
    let mut options = ImportOptions::new(Format::Saft);
    options.tabular.functional_currency = Some("NOK".into());
    bring_in(&org, &data.join(EXAMPLE).with_extension("xml"), &options).await.unwrap();
    catch_up(&org, |_| ()).await.unwrap();
    for (slug, from, to) in [("year", "2017-01-01", "2017-12-31"), ("spring", "2017-02-01", "2017-03-31")] {
        let (_, again) = round_trip(&shelf, &org, slug, (Some(from), Some(to))).await;
        for (first, last) in [(None, "2016-12-31"), (None, to), (Some(from), to)] {
            let before: chrono::NaiveDate = from.parse().unwrap();
            let last = if first.is_none() && last == "2016-12-31" { before.pred_opt().unwrap().to_string() } else { last.to_owned() };
            assert_eq!(trial(&again, first, &last).await, trial(&org, first, &last).await, "{slug} {first:?} to {last}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_imports_and_exports() {
    let database = ledger_store::testing::database().await;
    database.store().await.close().await;
    let url = database.url_for(ledger_store::testing::RUNTIME_ROLE);
    let folder = tempfile::tempdir().unwrap();
    let totals = "<NumberOfEntries>2</NumberOfEntries><TotalDebit>5.00</TotalDebit><TotalCredit>5.00</TotalCredit>";
    let entries = totals.to_owned() + &transaction(&(line("1920", "Debit", "5.00", "") + &line("3000", "Credit", "5.00", "")));
    std::fs::write(folder.path().join("in.xml"), saft(&(account("1920", "") + &account("3000", "")), "", &entries)).unwrap();
    let run = |arguments: &'static str| {
        let (url, folder) = (url.clone(), folder.path().to_owned());
        let run = move || {
            let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_ledgerd"));
            command.env("DATABASE_URL", url).env_remove("LEDGERD_ADMIN_URL").current_dir(folder).args(arguments.split_whitespace());
            let output = command.output().unwrap();
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
        };
        tokio::task::spawn_blocking(run)
    };
    for (arguments, exit, out, err) in [
        ("org create acme --name Acme --currency NOK", 0, "", ""),
        ("export --org acme --saft none.xml", 1, "", "has no entries to export"),
        ("import --org acme --from saft in.xml", 0, "NumberOfEntries is stated as 2, but the file has 1", ""),
        ("export --org acme --saft out.xml", 0, "out.xml: 1 entries from 2026-01-15 to 2026-01-15, debits 5.00 and credits 5.00 NOK", ""),
        ("export --org acme --saft out.xml", 1, "", "out.xml exists already"),
        ("export --org acme", 2, "", "--out"),
        ("export --org acme --saft a.xml --out b", 2, "", "cannot be used with"),
        ("export --org acme --out b --from 2026-01-01", 2, "", "cannot be used with"),
        ("export --org acme --saft a.xml --from 2026-02-01 --to 2026-01-01", 2, "", "give the earlier date"),
        ("org create again --name Again --currency NOK", 0, "", ""),
        ("import --org again --from saft out.xml", 0, "NumberOfEntries 1 agrees", ""),
        ("report trial-balance --org again --format csv", 0, "1920", ""),
    ] {
        let (code, said, complained) = run(arguments).await.unwrap();
        assert_eq!(code, exit, "{arguments}: {said}{complained}");
        assert!(said.contains(out) && complained.contains(err), "{arguments}: {said}{complained}");
    }
}
