//! Two payments race for one invoice through two ledgers, each with a book of its own: one settles it, the other does not.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use chrono::NaiveDate;
use ledger_core::book::Valuation;
use ledger_core::command::{Allocate, AllocationTarget, ItemRef, OpenAccount, RegisterParty};
use ledger_core::draft::DraftDetail;
use ledger_core::subledger::{PartyKind, Side};
use ledger_core::{AccountType, Actor, Command, DraftEntry, DraftLine, Rejection};
use ledger_store::load::load_book;
use ledger_store::testing::database;
use ledger_store::writer::{Ledger, NewOrganization, Request, SubmitError};
use ledger_store::{OrgId, OrgStore};
use rust_decimal::Decimal;

const ROUNDS: usize = 40;

fn request(command: Command) -> Request {
    Request::new(command, Actor::user("cashier"))
}

async fn begin(ledger: &Ledger) -> OrgId {
    let new = NewOrganization {
        slug: "acme".into(),
        name: "Acme".into(),
        functional_currency: "USD".into(),
        functional_scale: None,
        valuation: Valuation::Required,
    };
    let org = ledger.create_organization(new, &Actor::user("cashier")).await.unwrap();
    let open = |code, kind| Command::OpenAccount(OpenAccount::new(code, kind));
    for command in [
        open("bank", AccountType::Asset),
        open("receivable", AccountType::Asset),
        open("sales", AccountType::Revenue),
        Command::DesignateControl { account: "receivable".into(), side: Side::Receivable },
        Command::RegisterParty(Box::new(RegisterParty::new("C-1", PartyKind::Customer))),
    ] {
        ledger.submit(org, request(command)).await.unwrap();
    }
    org
}

/// A line of 100.00 on the control account; an invoice is a debit, a payment a credit.
fn item(document: &str, invoice: bool) -> Command {
    let amount = if invoice { Decimal::ONE_HUNDRED } else { -Decimal::ONE_HUNDRED };
    let detail = DraftDetail { party: Some("C-1".into()), document: Some(document.into()), ..DraftDetail::default() };
    let counter = if invoice { "sales" } else { "bank" };
    let lines = vec![
        DraftLine { detail: Some(Box::new(detail)), ..DraftLine::new("receivable", amount, "USD") },
        DraftLine::new(counter, -amount, "USD"),
    ];
    Command::PostEntry(DraftEntry::new(NaiveDate::from_ymd_opt(2026, 1, 31).unwrap(), document, lines))
}

fn settle(payment: &str, invoice: &str) -> Command {
    let to = vec![AllocationTarget { item: ItemRef::document("C-1", invoice), amount: None, settled: None }];
    Command::Allocate(Box::new(Allocate { from: ItemRef::document("C-1", payment), to, amount: None, date: None }))
}

/// What is left of the document's items, in cents, in the order of posting.
async fn left(org: &OrgStore, document: &str) -> Vec<i128> {
    let book = load_book(org).await.unwrap().book;
    let party = book.party_by_code("C-1").unwrap().no;
    book.items_of(party, document).map(|(_, item)| item.open).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_payments_that_name_one_invoice_settle_it_once() {
    let database = database().await;
    let (one, other) = (Ledger::new(database.store().await), Ledger::new(database.store().await));
    let org = begin(&one).await;
    let books = database.store().await.for_org(org);
    for round in 0..ROUNDS {
        let invoice = format!("INV-{round}");
        one.submit(org, request(item(&invoice, true))).await.unwrap();
        let (first, second) =
            tokio::join!(one.submit(org, request(item(&invoice, false))), other.submit(org, request(item(&invoice, false))));
        // Both took money, so both are posted; one has an allocation with it.
        let counts = [first.unwrap().event_count, second.unwrap().event_count];
        assert!(counts == [2, 1] || counts == [1, 2], "{counts:?}");
        let mut left = left(&books, &invoice).await;
        left.sort_unstable();
        assert_eq!(left, [-10_000, 0, 0], "{invoice}: settled once, and the other payment is all there");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_allocations_to_one_invoice_are_one_allocation_and_one_refusal() {
    let database = database().await;
    let (one, other) = (Ledger::new(database.store().await), Ledger::new(database.store().await));
    let org = begin(&one).await;
    let books = database.store().await.for_org(org);
    for round in 0..ROUNDS {
        let [invoice, early, late] = ["INV", "EARLY", "LATE"].map(|word| format!("{word}-{round}"));
        for command in [item(&invoice, true), item(&early, false), item(&late, false)] {
            one.submit(org, request(command)).await.unwrap();
        }
        let answers = tokio::join!(one.submit(org, request(settle(&early, &invoice))), other.submit(org, request(settle(&late, &invoice))));
        let (accepted, refused) = match answers {
            (Ok(accepted), Err(refused)) | (Err(refused), Ok(accepted)) => (accepted, refused),
            both => panic!("{both:?}"),
        };
        assert_eq!(accepted.event_count, 1);
        assert!(matches!(&refused, SubmitError::Rejected(Rejection::ItemSettled { .. })), "{refused:?}");
        assert_eq!(left(&books, &invoice).await, [0]);
        let mut payments = [left(&books, &early).await, left(&books, &late).await].concat();
        payments.sort_unstable();
        assert_eq!(payments, [-10_000, 0], "the other payment stays unapplied");
    }
}
