//! Closing a month and a year through the command line: revaluation, deferrals, commissions, the checklist, the closing
//! entry. Documents are recorded through the ledger itself, everything else by a process of its own.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod books;

use std::process::Command as Process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chrono::NaiveDate;
use ledger_core::command::{DraftDeferral, DraftDocument, DraftDocumentLine, DraftValue, RecordPayment, Settles};
use ledger_core::subledger::{DeferralMethod, DocumentKind};
use ledger_core::{Actor, Command, DraftEntry, DraftLine, EntryKind, Event};
use ledger_store::testing::{RUNTIME_ROLE, TestDatabase, database};
use ledger_store::writer::{Ledger, Request};
use ledger_store::{OrgId, Store};

struct Desk {
    url: String,
    store: Store,
    _database: TestDatabase,
}

/// What a command ended with and printed.
struct Said {
    code: i32,
    out: String,
    err: String,
}

impl Desk {
    async fn run(&self, words: &[&str]) -> Said {
        let mut command = Process::new(env!("CARGO_BIN_EXE_ledgerd"));
        command.env("DATABASE_URL", &self.url).env("LEDGERD_ACTOR", "alice").env_remove("LEDGERD_ADMIN_URL").args(words);
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Said { code: output.status.code().unwrap(), out: text(&output.stdout), err: text(&output.stderr) }
    }

    /// Runs a command that must succeed: its words, those after `|` with spaces in them.
    async fn ok(&self, line: &str) -> String {
        let (plain, rest) = line.split_once('|').map_or((line, ""), |(plain, rest)| (plain, rest));
        let words = plain.split_whitespace().chain(rest.split('|').map(str::trim).filter(|word| !word.is_empty()));
        let said = self.run(&words.collect::<Vec<_>>()).await;
        assert_eq!(said.code, 0, "{line}: {}{}", said.out, said.err);
        said.out
    }

    async fn submit(&self, command: Command) {
        let org: OrgId = self.store.organization("acme").await.unwrap().unwrap().org;
        Ledger::new(self.store.clone()).submit(org, Request::new(command, Actor::user("clerk"))).await.unwrap();
    }

    async fn document(&self, kind: DocumentKind, date: &str, currency: &str, change: impl FnOnce(&mut DraftDocument)) {
        let line = DraftDocumentLine::new("4000", 120.into());
        let mut draft = DraftDocument::new(kind, "C-1", day(date), vec![line]);
        (draft.currency, draft.value) = (Some(currency.into()), DraftValue::Recorded);
        change(&mut draft);
        self.submit(Command::RecordDocument(Box::new(draft))).await;
    }

    async fn receive(&self, date: &str, amount: i64, currency: &str, settles: Settles) {
        let mut payment = RecordPayment::new(DocumentKind::PaymentIn, "C-1", "1010", day(date), amount.into());
        (payment.currency, payment.settles) = (Some(currency.into()), settles);
        self.submit(Command::RecordPayment(Box::new(payment))).await;
    }
}

fn day(date: &str) -> NaiveDate {
    date.parse().unwrap()
}

/// A company with control accounts, a customer and two payees.
async fn acme() -> Desk {
    let database = database().await;
    let desk = Desk { url: database.url_for(RUNTIME_ROLE), store: database.store().await, _database: database };
    desk.ok("org create acme --name Acme --currency USD").await;
    for account in [
        "1010 --type asset --sub-type bank --name Bank",
        "1100 --type asset --name Receivables",
        "2100 --type liability --name Payables",
        "2300 --type liability --name Commissions",
        "2400 --type liability --name Deferred",
        "3100 --type equity --sub-type retained_earnings --name Retained",
        "4000 --type revenue --name Sales",
        "6500 --type expense --name Commission",
    ] {
        desk.ok(&format!("account open --org acme {account}")).await;
    }
    desk.ok("account control --org acme 1100 --side receivable").await;
    desk.ok("account control --org acme 2100 --side payable").await;
    desk.ok("party register --org acme C-1 --kind customer --terms 30").await;
    desk.ok("party register --org acme P-1 --kind payee").await;
    desk.ok("rate add --org acme EUR USD 1.10 --date 2025-01-01").await;
    desk
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_is_closed_when_its_checklist_is_done_or_accepted() {
    let desk = acme().await;
    desk.document(DocumentKind::Invoice, "2025-01-10", "EUR", |_| ()).await;
    desk.document(DocumentKind::Invoice, "2025-01-15", "USD", |draft| {
        draft.lines[0].deferral = Some(DraftDeferral {
            start: day("2025-01-01"),
            end: day("2025-12-31"),
            method: DeferralMethod::Months,
            account: "2400".into(),
        });
    })
    .await;
    desk.document(DocumentKind::Order, "2025-01-20", "USD", |_| ()).await;
    desk.receive("2025-01-25", 50, "USD", Settles::Nothing).await;

    let open = desk.run(&["period", "checklist", "--org", "acme", "2025-01", "--format", "csv"]).await;
    assert_eq!(open.code, 1, "{}", open.err);
    insta::assert_snapshot!(open.out, @r#"
    point,name,seq,amount,currency,remedy
    unallocated,C-1:IN-1,23,-50.00,USD,"allocate it to what it pays, or refund it"
    order,ORD-1,22,120.00,USD,invoice the order
    unrecognised,INV-2 line 1,20,10.00,USD,ledgerd deferral recognise --org acme --up-to 2025-01-31
    "#);
    let refused = desk.run(&["period", "close", "--org", "acme", "2025-01"]).await;
    assert_eq!(refused.code, 1, "{}", refused.out);
    insta::assert_snapshot!(refused.err, @r"
    error: period 2025-01 has open points: 1 unallocated (C-1:IN-1): allocate it to what it pays, or refund it; 1 order (ORD-1): invoice the order; 1 unrecognised (INV-2 line 1): recognise deferred amounts up to the month's end
    hint: do what is listed, or accept the open points with a reason
    ");
    assert!(refused.out.contains("Open points of 2025-01:") && refused.out.contains("C-1:IN-1"), "{}", refused.out);
    let unreasoned = desk.run(&["period", "close", "--org", "acme", "2025-01", "--accept-open"]).await;
    assert_eq!(unreasoned.code, 2, "{}", unreasoned.err);

    // Softly it is closed all the same, and says what is open.
    let softly = desk.ok("period close --org acme 2025-01 --soft").await;
    assert!(softly.contains("Open points") && softly.ends_with("Period 2025-01 is soft-closed now (seq 24).\n"), "{softly}");
    desk.ok("period reopen --org acme 2025-01 --reason late").await;

    // Each point is done by its command.
    insta::assert_snapshot!(desk.ok("deferral list --org acme --format csv").await, @r"
    party,document,line,deferred,target,currency,unrecognised,parts,next,last
    C-1,INV-2,1,2400,4000,USD,-120.00,12,2025-01-31,2025-12-31
    ");
    insta::assert_snapshot!(desk.ok("deferral recognise --org acme --up-to 2025-02-28").await, @r"
     Date         Seq   Account   Cur.   Amount
    ────────────────────────────────────────────
     2025-01-31    26   2400      USD     10.00
     2025-01-31    26   4000      USD    -10.00
     2025-02-28    27   2400      USD     10.00
     2025-02-28    27   4000      USD    -10.00

    Recognised 2 parts of schedules in 2 entries.
    ");
    assert_eq!(desk.ok("deferral recognise --org acme --up-to 2025-02-28").await, "Nothing is left to recognise up to 2025-02-28.\n");
    desk.ok("rate add --org acme EUR USD 1.20 --date 2025-01-31 --type closing").await;
    let planned = desk.ok("revalue --org acme --date 2025-01-31 --dry-run").await;
    insta::assert_snapshot!(planned, @r"
     Cur.   Rate   Items     Open   Carried USD   Adjustment USD
    ─────────────────────────────────────────────────────────────
     EUR     1.2       1   120.00        132.00            12.00

    Nothing was written; it would be posted at 2025-01-31, turned back on 2025-02-01.
    ");
    insta::assert_snapshot!(desk.ok("revalue --org acme --date 2025-01-31 --format json").await, @r#"
    [
      {
        "currency": "EUR",
        "rate": "1.2",
        "items": "1",
        "open": "120.00",
        "carried": "132.00",
        "adjustment": "12.00"
      }
    ]
    "#);
    assert_eq!(desk.ok("revalue --org acme --date 2025-01-31").await, "Nothing is to be revalued at 2025-01-31.\n");
    let left = desk.run(&["period", "checklist", "--org", "acme", "2025-01"]).await;
    insta::assert_snapshot!(left.out, @r"
     Point         Name       Seq   Amount   Cur.   Remedy
    ──────────────────────────────────────────────────────────────────────────────────────────
     unallocated   C-1:IN-1    23   -50.00   USD    allocate it to what it pays, or refund it
     order         ORD-1       22   120.00   USD    invoice the order
    ");

    let closed = desk.ok("period close --org acme 2025-01 --accept-open --reason | advance of C-1").await;
    assert!(closed.ends_with("Period 2025-01 is hard-closed now (seq 33).\n"), "{closed}");
    let told = desk.ok("events --org acme --from 33").await;
    assert!(told.contains(r#""reason":"advance of C-1 (accepted: 1 unallocated, 1 order)""#), "{told}");
    assert_eq!(desk.ok("period checklist --org acme 2024-12").await, "Period 2024-12 has no open points.\n");
}

/// What finishes a month goes into it while it is closed softly, where that is asked for.
#[tokio::test(flavor = "multi_thread")]
async fn a_softly_closed_month_is_finished_on_demand() {
    let desk = acme().await;
    desk.document(DocumentKind::Invoice, "2025-01-10", "EUR", |_| ()).await;
    desk.ok("rate add --org acme EUR USD 1.20 --date 2025-01-31 --type closing").await;
    desk.ok("period close --org acme 2025-01 --soft").await;
    let refused = desk.run(&["revalue", "--org", "acme", "--date", "2025-01-31"]).await;
    assert_eq!((refused.code, refused.err.contains("period 2025-01 is soft-closed")), (1, true), "{}", refused.err);
    let posted = desk.ok("revalue --org acme --date 2025-01-31 --into-soft-closed").await;
    assert!(posted.ends_with("Posted at 2025-01-31, turned back on 2025-02-01.\n"), "{posted}");
    desk.ok("period close --org acme 2025-01").await;
}

/// Somebody posts all the time; the closing entry is of the moment at which it stands all the same.
#[tokio::test(flavor = "multi_thread")]
async fn a_year_is_closed_while_others_post() {
    let desk = acme().await;
    let org = desk.store.organization("acme").await.unwrap().unwrap().org;
    let (ledger, busy) = (Ledger::new(desk.store.clone()), Arc::new(AtomicBool::new(true)));
    let poster = tokio::spawn({
        let busy = Arc::clone(&busy);
        async move {
            let mut posted = 0;
            while busy.load(Ordering::Relaxed) {
                let lines = vec![DraftLine::new("1010", 1.into(), "USD"), DraftLine::new("4000", (-1).into(), "USD")];
                let command = Command::PostEntry(DraftEntry::new(day("2025-05-05"), "a sale", lines));
                ledger.submit(org, Request::new(command, Actor::user("clerk"))).await.unwrap();
                posted += 1;
                tokio::time::sleep(Duration::from_millis(30)).await;
            }
            posted
        }
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    let closed = desk.ok("year close --org acme --year 2025 --format csv").await;
    busy.store(false, Ordering::Relaxed);
    assert!(poster.await.unwrap() > 5);
    let history = books::history(&desk.store.for_org(org)).await;
    let at = history.iter().position(|recorded| recorded.event.entry().is_some_and(|entry| entry.header().kind == EntryKind::Closing));
    let sales = history[..at.unwrap()].iter().filter(|recorded| matches!(recorded.event, Event::EntryPosted(_))).count();
    assert!(closed.contains(&format!("4000,Sales,,USD,{sales}.00,,{sales}.00\n")), "{sales}: {closed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn commissions_are_assigned_earned_and_paid_out() {
    let desk = acme().await;
    let define = "commission plan define --org acme agents --trigger cash --expense 6500 --accrued 2300 --rule";
    desk.ok(&format!("{define} | percent 10 | --rule | 2025-03-01: tiers 0/10,100/20")).await;
    let again = desk.ok(&format!("{define} | percent 10 | --rule | 2025-03-01: tiers 0/10,100/20")).await;
    assert_eq!(again, "Plan agents stands already; nothing was changed.\n");
    desk.ok("commission plan define --org acme each --trigger invoice --expense 6500 --accrued 2300 --rule | flat 5.50").await;
    insta::assert_snapshot!(desk.ok("commission plan list --org acme").await, @r"
     Plan     Trigger   Rules                                       Expense   Accrued
    ──────────────────────────────────────────────────────────────────────────────────
     agents   cash      percent 10; 2025-03-01: tiers 0/10,100/20   6500      2300
     each     invoice   flat 5.50                                   6500      2300
    ");
    let assigned = desk.ok("commission assign --org acme agents P-1 --customer C-1 --from 2025-01-01").await;
    assert_eq!(assigned, "P-1 earns by agents on invoices of C-1 from 2025-01-01 (seq 20).\n");
    desk.ok("commission assign --org acme each P-1 --from 2025-01-01 --to 2025-12-31").await;
    insta::assert_snapshot!(desk.ok("commission assigned --org acme --format csv").await, @r"
    plan,payee,invoices_of,from,to
    each,P-1,seller=P-1,2025-01-01,2025-12-31
    agents,P-1,C-1,2025-01-01,
    ");

    desk.document(DocumentKind::Invoice, "2025-01-10", "USD", |draft| draft.tags = vec![("seller".into(), "P-1".into())]).await;
    desk.receive("2025-01-20", 60, "USD", Settles::ByDueDate).await;
    insta::assert_snapshot!(desk.ok("commission statement --org acme").await, @r"
     Payee   Plan     Cur.   Accrued   Taken back   Paid out   Owed
    ────────────────────────────────────────────────────────────────
     P-1     agents   USD       6.00         0.00       0.00   6.00
     P-1     each     USD       5.50         0.00       0.00   5.50
    ");
    assert_eq!(
        desk.ok("commission accrue --org acme agents P-1 INV-1").await,
        "Nothing more is earned on INV-1 by now; nothing was changed.\n"
    );
    desk.document(DocumentKind::Invoice, "2025-01-11", "USD", |_| ()).await;
    let accrued = desk.ok("commission accrue --org acme each P-1 INV-2").await;
    assert_eq!(accrued, "P-1 earned 5.50 USD on 120.00 of INV-2 (seq 29).\n");
    desk.document(DocumentKind::CreditNote, "2025-01-12", "USD", |draft| draft.against = Some("INV-2".into())).await;
    let paid = desk.ok("commission payout --org acme P-1 --date 2025-01-31 --number COM-1").await;
    assert_eq!(paid, "COM-1 of P-1 is open with 11.50 USD (seq 33).\n");
    insta::assert_snapshot!(desk.ok("commission statement --org acme --payee P-1 --format csv").await, @r"
    payee,plan,currency,accrued,clawed_back,paid_out,owed
    P-1,agents,USD,6.00,0.00,6.00,0.00
    P-1,each,USD,11.00,5.50,5.50,0.00
    ");
    let nothing = desk.run(&["commission", "payout", "--org", "acme", "P-1", "--date", "2025-01-31", "--number", "COM-2"]).await;
    assert_eq!((nothing.code, nothing.err.contains("nothing is owed")), (1, true), "{}", nothing.err);
    let told = desk.ok("events --org acme --from 16").await;
    for words in [
        r#""type":"CommissionAssigned","plan":"agents","payee":"P-1","customer":"C-1","from":"2025-01-01","to":null"#,
        r#""type":"CommissionClawedBack","plan":"each","payee":"P-1","accrual":29,"document":30,"currency":"USD","base":"120.00","taken_back":"5.50""#,
    ] {
        assert!(told.contains(words), "{words}: {told}");
    }
    assert_eq!(desk.run(&["commission", "plan", "define", "--org", "acme", "x", "--trigger", "cash", "--rule", "much"]).await.code, 2);
}

/// Imported invoices and payments earn like any other, and everything can be replayed and proved.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_imported_earns_commission_too() {
    let desk = acme().await;
    desk.ok("commission plan define --org acme agents --trigger cash --expense 6500 --accrued 2300 --rule | percent 10").await;
    desk.ok("commission assign --org acme agents P-1 --from 2025-01-01").await;
    let folder = tempfile::tempdir().unwrap();
    let import = async |kind: &str, text: &str| {
        let path = folder.path().join(format!("{kind}.csv"));
        std::fs::write(&path, text).unwrap();
        desk.ok(&format!("import --org acme --kind {kind} {}", path.display())).await
    };
    import(
        "invoices",
        "entry,party,date,amount,account,tags\nI-1,C-1,2025-01-10,100.00,4000,seller=P-1\nI-2,C-1,2025-01-11,100.00,4000,\n",
    )
    .await;
    import("payments", "entry,party,date,amount,account\nB-1,C-1,2025-02-20,150.00,1010\n").await;
    let statement = desk.ok("commission statement --org acme --format csv").await;
    assert!(statement.ends_with("P-1,agents,USD,10.00,0.00,0.00,10.00\n"), "{statement}");
    assert!(desk.ok("replay --org acme").await.contains("everything is what history gives"));
    desk.ok("verify --org acme").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_year_is_closed_by_an_entry_that_keeps_dimensions() {
    let desk = acme().await;
    desk.document(DocumentKind::Invoice, "2025-06-01", "USD", |draft| draft.lines[0].tags = vec![("cc".into(), "north".into())]).await;
    desk.document(DocumentKind::Invoice, "2025-01-10", "EUR", |_| ()).await;
    desk.ok("entry post --org acme --date 2025-07-01 --description Fees --debit 6500=20 --credit 1010=20").await;
    desk.ok("entry post --org acme --date 2026-01-01 --description Next --debit 6500=7 --credit 1010=7").await;
    let planned = desk.ok("year close --org acme --year 2025 --retained-earnings 3100 --dry-run").await;
    insta::assert_snapshot!(planned, @r"
     Account   Name         Dimensions   Cur.    Debit   Credit   Value USD
    ────────────────────────────────────────────────────────────────────────
     4000      Sales        cc=north     USD    120.00               120.00
     4000      Sales                     EUR    120.00               132.00
     6500      Commission                USD              20.00      -20.00
     3100      Retained                  EUR             120.00     -132.00
     3100      Retained                  USD     20.00                20.00
     3100      Retained     cc=north     USD             120.00     -120.00

    Nothing was written; the entry would count at 2025-12-31.
    ");
    let closed = desk.ok("year close --org acme --year 2025 --format csv").await;
    insta::assert_snapshot!(closed, @r"
    account,name,dimensions,currency,debit,credit,value
    4000,Sales,cc=north,USD,120.00,,120.00
    4000,Sales,,EUR,120.00,,132.00
    6500,Commission,,USD,,20.00,-20.00
    3100,Retained,,EUR,,120.00,-132.00
    3100,Retained,,USD,20.00,,20.00
    3100,Retained,cc=north,USD,,120.00,-120.00
    ");
    let again = desk.run(&["year", "close", "--org", "acme", "--year", "2025"]).await;
    assert_eq!((again.code, again.err.contains("nothing to close")), (1, true), "{}", again.err);
    let other = desk.run(&["year", "close", "--org", "acme", "--year", "2026", "--retained-earnings", "4000"]).await;
    assert_eq!((other.code, other.err.contains("is no equity account")), (1, true), "{}", other.err);

    // Late postings into the year are closed by the same command; profit and loss leaves closing entries out.
    desk.ok("entry post --org acme --date 2025-12-31 --description Late --debit 6500=3 --credit 1010=3").await;
    insta::assert_snapshot!(desk.ok("year close --org acme --last-day 2025-12-31 --format csv").await, @r"
    account,name,dimensions,currency,debit,credit,value
    6500,Commission,,USD,,3.00,-3.00
    3100,Retained,,USD,3.00,,3.00
    ");
    insta::assert_snapshot!(desk.ok("report income-statement --org acme --from 2025-01-01 --to 2025-12-31 --format csv").await, @r"
    section,account,name,currency,amount,value
    revenue,4000,Sales,USD,120.00,120.00
    revenue,4000,Sales,EUR,120.00,132.00
    expenses,6500,Commission,USD,23.00,23.00
    ");
}
