//! Worked figures restated from other systems' tests: real commands are posted and real projections read.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod books;

use books::{cases, shelf};
use chrono::{Days, NaiveDate};
use ledger_core::book::Valuation;
use ledger_core::command::{OpenAccount, RegisterParty};
use ledger_core::draft::DraftDetail;
use ledger_core::subledger::{PartyKind, Side};
use ledger_core::{AccountType, Actor, Command, DraftEntry, DraftLine};
use ledger_projections::catch_up;
use ledger_projections::reports::{AgingBy, Basis, ItemQuery, Point, aging};
use ledger_store::OrgStore;
use ledger_store::writer::{Ledger, Request};
use rust_decimal::Decimal;

/// Books with a receivable control account.
struct Desk {
    ledger: Ledger,
    org: OrgStore,
}

impl Desk {
    async fn open(ledger: Ledger, org: OrgStore) -> Self {
        let desk = Self { ledger, org };
        let open = |code, kind| Command::OpenAccount(OpenAccount::new(code, kind));
        for command in [
            open("receivable", AccountType::Asset),
            open("sales", AccountType::Revenue),
            open("bank", AccountType::Asset),
            Command::DesignateControl { account: "receivable".into(), side: Side::Receivable },
        ] {
            desk.submit(command).await;
        }
        desk
    }

    async fn submit(&self, command: Command) {
        self.ledger.submit(self.org.org(), Request::new(command, Actor::user("clerk"))).await.unwrap();
    }

    async fn register(&self, party: &str) {
        self.submit(Command::RegisterParty(Box::new(RegisterParty::new(party, PartyKind::Customer)))).await;
    }

    /// A line on the control account, debit positive; one that names a document with the other sign settles it.
    async fn post(&self, party: &str, document: &str, date: NaiveDate, due: Option<NaiveDate>, amount: Decimal) {
        let detail = DraftDetail { party: Some(party.into()), document: Some(document.into()), due_date: due, ..DraftDetail::default() };
        let counter = if amount.is_sign_negative() { "bank" } else { "sales" };
        let lines = vec![
            DraftLine { detail: Some(Box::new(detail)), ..DraftLine::new("receivable", amount, "USD") },
            DraftLine::new(counter, -amount, "USD"),
        ];
        self.submit(Command::PostEntry(DraftEntry::new(date, document, lines))).await;
    }

    /// What a document has in which bucket.
    async fn bucket(&self, party: &str, document: &str, as_of: NaiveDate, basis: Basis, bounds: &[i32]) -> Vec<(usize, Decimal)> {
        catch_up(&self.org, |_| ()).await.unwrap();
        let query = ItemQuery { side: Side::Receivable, as_of, point: Point::Latest, party: Some(party.into()) };
        let found = aging(&self.org, &query, basis, AgingBy::Document, bounds).await.unwrap();
        let row = found.rows.iter().find(|row| row.document.as_deref() == Some(document));
        row.map_or_else(Vec::new, |row| {
            assert_eq!(row.unapplied.items, 0);
            row.buckets.iter().enumerate().filter(|(_, bucket)| bucket.items > 0).map(|(at, bucket)| (at, bucket.amount)).collect()
        })
    }
}

/// `aging_bucket_expected.csv`: B1 by document date in the buckets of its source, B2 by due date at both ends of each.
#[tokio::test(flavor = "multi_thread")]
async fn items_fall_into_the_buckets_that_other_systems_expect() {
    const B1: [(&str, i32); 5] = [("current(<30)", 30), ("31-90", 90), ("91-180", 180), ("181-270", 270), ("271-365", 365)];
    const B2: [(&str, i32); 5] = [("current", 0), ("1-30", 30), ("31-60", 60), ("61-90", 90), ("91-120", 120)];
    let Some(rows) = cases("aging_bucket_expected.csv") else { return };
    let shelf = shelf().await;
    let desk = Desk::open(shelf.ledger.clone(), shelf.begin("cases", Valuation::Required).await).await;
    for party in ["acct1", "acct2", "any"] {
        desk.register(party).await;
    }
    let mut compared = 0;
    for (no, row) in rows.iter().enumerate() {
        let [case, _, as_of, _, party, document, dated, gross, cleared, open, bucket] = row.as_slice() else { panic!("{row:?}") };
        let number = format!("{document}-{no}");
        if case == "B1" {
            let as_of: NaiveDate = as_of.parse().unwrap();
            let date = dated.parse().unwrap_or_else(|_| "2023-06-30".parse().unwrap()); // "before 2024-01-01"
            desk.post(party, &number, date, None, gross.parse().unwrap()).await;
            let cleared: Decimal = cleared.parse().unwrap();
            if !cleared.is_zero() {
                desk.post(party, &number, as_of, None, -cleared).await;
            }
            let bounds = B1.map(|(_, days)| days);
            let at = B1.iter().position(|(name, _)| name == bucket).unwrap_or(bounds.len());
            assert!(at < bounds.len() || bucket == "365+", "{bucket}");
            let found = desk.bucket(party, &number, as_of, Basis::DocumentDate, &bounds).await;
            assert_eq!(found, [(at, open.parse().unwrap())], "{row:?}");
            compared += 1;
            continue;
        }
        let due: NaiveDate = "2024-06-30".parse().unwrap();
        let offsets: &[i64] = match as_of.as_str() {
            "as_of<=due" => &[-20, -1, 0],
            "due+1 .. due+30" => &[1, 30],
            "due+31 .. due+60" => &[31, 60],
            "due+61 .. due+90" => &[61, 90],
            "due+91 .. due+120" => &[91, 120],
            "later" => &[121, 1_000],
            "no due date" => &[0],
            other => panic!("an unknown day {other}"),
        };
        let due_date = (as_of != "no due date").then_some(due);
        let date = due_date.map_or(due, |due| due - Days::new(30));
        desk.post("any", &number, date, due_date, Decimal::TEN).await;
        let bounds = B2.map(|(_, days)| days);
        let at = B2.iter().position(|(name, _)| name == bucket).unwrap_or(bounds.len());
        assert!(at < bounds.len() || bucket == "120+", "{bucket}");
        for offset in offsets {
            let day = due + chrono::TimeDelta::days(*offset);
            let found = desk.bucket("any", &number, day, Basis::DueDate, &bounds).await;
            assert_eq!(found, [(at, Decimal::TEN)], "{row:?} at {offset}");
        }
        compared += 1;
    }
    assert_eq!(compared, rows.len());
    println!("{compared} rows of aging buckets agree");
}
