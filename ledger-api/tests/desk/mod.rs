//! A bookkeeper's desk for worked cases: commands are posted by their documents' names, read models are asked.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![allow(dead_code, unreachable_pub, clippy::allow_attributes, reason = "each test file uses its part")]

use chrono::NaiveDate;
use ledger_core::book::Valuation;
use ledger_core::command::{
    Allocate, AllocationTarget, DraftDocument, DraftDocumentLine, DraftValue, ItemRef, OpenAccount, RecordPayment, RecordRate,
    RegisterParty, Settles,
};
use ledger_core::draft::DraftDetail;
use ledger_core::subledger::{DocumentKind, PartyKind, Side, Terms, TermsPart};
use ledger_core::{AccountType, Actor, Command, DraftEntry, DraftLine, RateType, SubType};
use ledger_projections::catch_up;
use ledger_projections::reports::{AgingBy, BalanceQuery, Basis, ItemQuery, ItemRow, Point, USUAL_BOUNDS, aging, balances, open_items};
use ledger_store::OrgStore;
use ledger_store::writer::{Ledger, NewOrganization, Request};
use rust_decimal::Decimal;

use super::books::Shelf;

pub fn dec(text: &str) -> Decimal {
    text.parse().unwrap()
}

pub fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// An amount and its currency: `100 USD`.
fn money(text: &str) -> (Decimal, &str) {
    let (amount, currency) = text.split_once(' ').unwrap();
    (dec(amount), currency)
}

/// Books with a customer `C` and a vendor `V`, a bank account, and control accounts `ar` and `ap`.
pub struct Desk {
    ledger: Ledger,
    pub org: OrgStore,
    functional: String,
}

impl Desk {
    pub async fn begin(shelf: &Shelf, slug: &str, functional: &str) -> Self {
        let new = NewOrganization {
            slug: slug.to_owned(),
            name: slug.to_owned(),
            functional_currency: functional.to_owned(),
            functional_scale: Some(2),
            valuation: Valuation::Required,
        };
        let org = shelf.ledger.create_organization(new, &Actor::user("clerk")).await.unwrap();
        let desk = Self { ledger: shelf.ledger.clone(), org: shelf.store.for_org(org), functional: functional.to_owned() };
        for (code, kind, sub_type) in [
            ("bank", AccountType::Asset, SubType::Bank),
            ("ar", AccountType::Asset, SubType::Receivable),
            ("ap", AccountType::Liability, SubType::Payable),
            ("sales", AccountType::Revenue, SubType::General),
            ("cost", AccountType::Expense, SubType::General),
        ] {
            desk.submit(Command::OpenAccount(OpenAccount { sub_type, ..OpenAccount::new(code, kind) })).await;
        }
        for (account, side) in [("ar", Side::Receivable), ("ap", Side::Payable)] {
            desk.submit(Command::DesignateControl { account: account.into(), side }).await;
        }
        for (party, kind) in [("C", PartyKind::Customer), ("V", PartyKind::Vendor)] {
            desk.submit(Command::RegisterParty(Box::new(RegisterParty::new(party, kind)))).await;
        }
        desk
    }

    pub async fn submit(&self, command: Command) {
        let shown = format!("{command:?}");
        let answer = self.ledger.submit(self.org.org(), Request::new(command, Actor::user("clerk"))).await;
        answer.unwrap_or_else(|error| panic!("{error}: {shown}"));
    }

    fn draft(kind: DocumentKind, number: &str, date: NaiveDate, amount: Decimal) -> DraftDocument {
        let (party, account) = if kind == DocumentKind::Bill { ("V", "cost") } else { ("C", "sales") };
        let lines = vec![DraftDocumentLine::new(account, amount)];
        DraftDocument { number: Some(number.into()), ..DraftDocument::new(kind, party, date, lines) }
    }

    async fn record(&self, draft: DraftDocument) {
        self.submit(Command::RecordDocument(Box::new(draft))).await;
    }

    pub async fn document(&self, kind: DocumentKind, number: &str, date: NaiveDate, amount: &str) {
        self.record(Self::draft(kind, number, date, dec(amount))).await;
    }

    /// An invoice in instalments: share of each, and days until it is due.
    pub async fn instalments(&self, number: &str, date: NaiveDate, amount: &str, parts: &[(&str, u16)]) {
        let parts = parts.iter().map(|(share, days)| TermsPart { share: dec(share), days: *days }).collect();
        self.record(DraftDocument { terms: Some(Terms { parts }), ..Self::draft(DocumentKind::Invoice, number, date, dec(amount)) }).await;
    }

    /// A credit note against an invoice.
    pub async fn credit(&self, number: &str, invoice: &str, date: NaiveDate, amount: &str) {
        let draft = Self::draft(DocumentKind::CreditNote, number, date, dec(amount));
        self.record(DraftDocument { against: Some(invoice.into()), ..draft }).await;
    }

    /// A document in another currency: `100 USD` that are worth so much in the functional one.
    pub async fn foreign(&self, kind: DocumentKind, number: &str, date: NaiveDate, amount: &str, worth: &str) {
        let (amount, currency) = money(amount);
        let value = DraftValue::Total(dec(worth));
        self.record(DraftDocument { currency: Some(currency.into()), value, ..Self::draft(kind, number, date, amount) }).await;
    }

    pub async fn pay(&self, number: &str, date: NaiveDate, amount: &str, settles: Settles) {
        let payment = RecordPayment::new(DocumentKind::PaymentIn, "C", "bank", date, dec(amount));
        self.submit(Command::RecordPayment(Box::new(RecordPayment { number: Some(number.into()), settles, ..payment }))).await;
    }

    pub async fn pay_foreign(&self, kind: DocumentKind, number: &str, date: NaiveDate, amount: &str, worth: &str, settles: Settles) {
        let (amount, currency) = money(amount);
        let party = if kind == DocumentKind::PaymentOut { "V" } else { "C" };
        let payment = RecordPayment::new(kind, party, "bank", date, amount);
        let (number, currency, value) = (Some(number.into()), Some(currency.into()), DraftValue::Total(dec(worth)));
        self.submit(Command::RecordPayment(Box::new(RecordPayment { number, currency, value, settles, ..payment }))).await;
    }

    fn line(&self, account: &str, amount: Decimal, document: &str) -> DraftLine {
        let detail = DraftDetail { party: Some("C".into()), document: Some(document.into()), ..DraftDetail::default() };
        let detail = (account == "ar").then(|| Box::new(detail));
        DraftLine { detail, ..DraftLine::new(account, amount, &self.functional) }
    }

    async fn post(&self, date: NaiveDate, lines: Vec<DraftLine>) {
        self.submit(Command::PostEntry(DraftEntry::new(date, "journal", lines))).await;
    }

    /// A plain journal; its line on the control account names a document.
    pub async fn journal(&self, document: &str, date: NaiveDate, lines: &[(&str, &str)]) {
        self.post(date, lines.iter().map(|(account, amount)| self.line(account, dec(amount), document)).collect()).await;
    }

    /// A journal that takes an amount in another currency, and its value, from a document to costs.
    pub async fn journal_foreign(&self, document: &str, date: NaiveDate, amount: &str, worth: &str) {
        let (amount, currency) = money(amount);
        let in_currency = |line: DraftLine, sign| DraftLine { currency: currency.into(), functional: Some(sign * dec(worth)), ..line };
        let lines = [("ar", amount, -Decimal::ONE), ("cost", -amount, Decimal::ONE)];
        self.post(date, lines.map(|(account, amount, sign)| in_currency(self.line(account, amount, document), sign)).into()).await;
    }

    /// A journal that pays the same of two invoices.
    pub async fn both_halves(&self, one: &str, other: &str, date: NaiveDate, each: &str) {
        let each = dec(each);
        let lines = [self.line("ar", -each, one), self.line("ar", -each, other), self.line("bank", each + each, "")];
        self.post(date, lines.into()).await;
    }

    /// What is short becomes an item of its own: a document, and what pays the old one by as much (`…-PAID`).
    pub async fn short(&self, document: &str, date: NaiveDate, amount: &str) {
        let lines = [self.line("ar", -dec(amount), &format!("{document}-PAID")), self.line("ar", dec(amount), document)];
        self.post(date, lines.into()).await;
    }

    pub async fn rate(&self, base: &str, quote: &str, rate: &str, date: NaiveDate) {
        let source = "the case".into();
        let rate = RecordRate { base: base.into(), quote: quote.into(), kind: RateType::Closing, date, rate: dec(rate), source };
        self.submit(Command::RecordRate(rate)).await;
    }

    pub async fn revalue(&self, date: NaiveDate) {
        self.submit(Command::Revalue { date }).await;
    }

    async fn make(&self, from: ItemRef, to: Vec<AllocationTarget>) {
        self.submit(Command::Allocate(Box::new(Allocate { from, to, amount: None, date: None }))).await;
    }

    pub async fn settle(&self, from: ItemRef, to: ItemRef) {
        self.make(from, vec![AllocationTarget { item: to, amount: None, settled: None }]).await;
    }

    pub async fn allocate(&self, from: &str, to: &str) {
        self.settle(ItemRef::document("C", from), ItemRef::document("C", to)).await;
    }

    /// Between two currencies: how much is taken of one, and how much of the other it settles.
    pub async fn allocate_between(&self, from: &str, to: &str, taken: &str, settled: &str) {
        let target = AllocationTarget { item: ItemRef::document("C", to), amount: Some(dec(taken)), settled: Some(dec(settled)) };
        self.make(ItemRef::document("C", from), vec![target]).await;
    }

    /// What is due first.
    pub async fn allocate_rest(&self, from: &str) {
        self.make(ItemRef::document("C", from), Vec::new()).await;
    }

    pub async fn items(&self, side: Side, as_of: NaiveDate) -> Vec<ItemRow> {
        catch_up(&self.org, |_| ()).await.unwrap();
        open_items(&self.org, &ItemQuery { side, as_of, point: Point::Latest, party: None }).await.unwrap().rows
    }

    pub async fn open_count(&self, side: Side, as_of: NaiveDate) -> usize {
        self.items(side, as_of).await.len()
    }

    /// Documents of the customer with what they have left.
    pub async fn open(&self, as_of: NaiveDate) -> Vec<(String, Decimal)> {
        self.items(Side::Receivable, as_of).await.into_iter().map(|item| (item.document, item.open)).collect()
    }

    pub async fn party_total(&self, as_of: NaiveDate) -> Decimal {
        catch_up(&self.org, |_| ()).await.unwrap();
        let query = ItemQuery { side: Side::Receivable, as_of, point: Point::Latest, party: None };
        let found = aging(&self.org, &query, Basis::DueDate, AgingBy::Party, &USUAL_BOUNDS).await.unwrap();
        assert_eq!(found.rows.len(), 1);
        found.rows[0].total().amount
    }

    /// What an account holds in the functional currency, over all currencies.
    pub async fn functional(&self, account: &str, as_of: NaiveDate) -> Decimal {
        catch_up(&self.org, |_| ()).await.unwrap();
        let found = balances(&self.org, &BalanceQuery { as_of: Some(as_of), ..BalanceQuery::default() }).await.unwrap();
        found.rows.iter().filter(|row| row.code == account).filter_map(|row| row.functional_balance()).sum()
    }

    /// What settled an item up to a day, by the kinds of what settled it: paid, and credited.
    async fn settled(&self, item: &ItemRow, as_of: NaiveDate) -> (Decimal, Decimal) {
        let mut tx = self.org.begin_read().await.unwrap();
        let settled: Vec<(String, Decimal)> = sqlx::query_as(
            "SELECT o.kind, -sum(a.amount) FROM read.allocation a
               JOIN read.open_item o ON o.org_id = $1 AND o.item_seq = a.other_seq AND o.item_line = a.other_line
              WHERE a.org_id = $1 AND a.item_seq = $2 AND a.item_line = $3 AND a.date <= $4 GROUP BY o.kind",
        )
        .bind(self.org.org().0)
        .bind(i64::try_from(item.seq).unwrap())
        .bind(i32::try_from(item.line).unwrap())
        .bind(as_of)
        .fetch_all(&mut *tx)
        .await
        .unwrap();
        tx.rollback().await.unwrap();
        let of = |credit: bool| settled.iter().filter(|(kind, _)| (kind == "credit_note") == credit).map(|(_, sum)| *sum).sum();
        (of(false), of(true))
    }

    /// Compares rows of a case: invoiced, paid, credited, outstanding; nothing else is open.
    pub async fn agrees(&self, rows: &[&[String]], as_of: NaiveDate) {
        let mut items = self.items(Side::Receivable, as_of).await;
        for row in rows {
            let [invoiced, paid, credited, outstanding] =
                [6, 7, 8, 9].map(|column: usize| if row[column].is_empty() { Decimal::ZERO } else { dec(&row[column]) });
            let place = items.iter().position(|item| names(&row[4], item)).unwrap_or_else(|| panic!("{row:?} is not among {items:?}"));
            let item = &items[place];
            let found = if item.amount.is_sign_positive() {
                let (paid, credited) = self.settled(item, as_of).await;
                [item.amount, paid, credited, item.open]
            } else {
                [Decimal::ZERO, -item.amount, Decimal::ZERO, item.open] // the source shows credits of their own as paid
            };
            assert_eq!(found, [invoiced, paid, credited, outstanding], "{row:?}");
            assert_eq!(item.currency, row[10], "{row:?}");
            items.remove(place);
        }
        let rest: Vec<_> = items.into_iter().filter(|item| !rows.iter().any(|row| names(&row[4], item))).collect();
        assert!(rest.iter().all(|item| rows[0][2].starts_with("then full-amount") && item.document == "I"), "also open: {rest:?}");
    }
}

/// Whether a row's document is this item: `invoice`, `invoice term2`, `credit note`, `payment`, `journal`.
fn names(document: &str, item: &ItemRow) -> bool {
    const DUE: [(&str, i64); 3] = [("invoice term1", 30), ("invoice term2", 60), ("invoice term3", 90)];
    match document {
        "invoice" => item.document == "I",
        "credit note" => item.document == "CN",
        "payment" => item.document == "P",
        "journal" => item.document == "J",
        terms => DUE.iter().any(|(name, days)| {
            *name == terms && item.document == "I" && item.due_date.is_some_and(|due| (due - item.date).num_days() == *days)
        }),
    }
}
