//! Books to ask questions of, statements to ask them with, and what the server says on the side.

#![allow(dead_code, clippy::allow_attributes, reason = "each test file uses its part")]

use std::fmt::{Debug, Write as _};
use std::sync::{Mutex, OnceLock};

use chrono::{Days, NaiveDate};
use ledger_core::chain::{CommitBuilder, Tip};
use ledger_core::{Command, Event, Timestamp};
use ledger_projections::catch_up;
use ledger_store::load::from_chain;
use ledger_store::{Creation, OrgId, OrgStore, Organization, Store};
use uuid::Uuid;

use crate::words::{Ledger, attempt, check, draft};

/// A statement of a corpus and what is said of it.
pub(crate) struct Block {
    pub(crate) says: String,
    pub(crate) statement: String,
}

/// The blocks of a corpus; the first says what the file is.
pub(crate) fn blocks(text: &str, begins: &str) -> Vec<Block> {
    let block = |block: &str| {
        let (first, rest) = block.trim().split_once('\n').unwrap_or((block.trim(), ""));
        let says = first.strip_prefix(begins).unwrap_or_else(|| panic!("a block begins with {begins:?}, not {first:?}"));
        Block { says: says.to_owned(), statement: rest.trim().to_owned() }
    };
    text.split("\n;;\n").skip(1).map(block).collect()
}

/// One organization's books, in the database and in memory.
pub(crate) struct Books {
    pub(crate) org: OrgStore,
    pub(crate) slug: String,
    /// What its texts are full of.
    pub(crate) marker: &'static str,
    /// What only its rows hold.
    pub(crate) secret: String,
    pub(crate) ledger: Ledger,
}

impl Books {
    /// Books of a small company whose texts are full of the marker.
    pub(crate) async fn open(store: &Store, slug: &str, marker: &'static str) -> Self {
        let today = chrono::Utc::now().date_naive();
        let secret = format!("{marker}-in-its-rows");
        let mut ledger = company(today, marker);
        for no in 0..40_u64 {
            let date = (today - Days::new(no * 9 % 300)).to_string();
            let mut entry = draft(&date, None, None, &format!("6000 {0}.25 USD | 1000 -{0}.25 USD", no + 1));
            entry.description = format!("{secret} no {no}").into();
            ledger.run(&Command::PostEntry(entry)).unwrap();
        }
        Self::keep(store, slug, marker, secret, ledger).await
    }

    /// Puts books into the database and brings their read models up to date.
    pub(crate) async fn keep(store: &Store, slug: &str, marker: &'static str, secret: String, mut ledger: Ledger) -> Self {
        let id = Uuid::new_v4();
        if let Some(first) = ledger.events.first_mut()
            && let Event::OrganizationCreated { org, .. } = &mut first.event
        {
            *org = id;
        }
        let mut tip = Tip::genesis(id);
        let organization = Organization {
            org: OrgId(id),
            slug: slug.to_owned(),
            name: format!("{marker} Ltd"),
            functional_currency: "USD".to_owned(),
            valuation: "required".to_owned(),
            created_at: Timestamp(1_700_000_000_000_000),
        };
        assert_eq!(store.create_organization(&organization, tip.hash).await.unwrap(), Creation::Created);
        let org = store.for_org(OrgId(id));
        // An hour ago, so that what asks for the last days finds it.
        let begun = chrono::Utc::now().timestamp_micros() - 3_600_000_000;
        for (chunk, no) in ledger.events.chunks(50).zip(1_i64..) {
            let mut builder = CommitBuilder::default();
            chunk.iter().for_each(|event| builder.push(event).unwrap());
            let expected = tip.seq;
            let commit = builder.seal(&mut tip, Timestamp(begun + no * 1_000_000), Uuid::now_v7());
            org.append_commit(&from_chain(commit), expected, &[], &[]).await.unwrap();
        }
        catch_up(&org, |_| ()).await.unwrap();
        Self { org, slug: slug.to_owned(), marker, secret, ledger }
    }
}

/// A company that sells to customers in three currencies, owes vendors, pays and is paid; everything around `today`.
pub(crate) fn company(today: NaiveDate, marker: &str) -> Ledger {
    let back = |days: u64| (today - Days::new(days)).to_string();
    let m = marker;
    let mut ledger = check(&format!(
        "org USD required name={m}
         open 100 asset summary
         open 1000 asset sub=bank under=100
         open 1010 asset sub=cash under=100
         open 1040 asset sub=bank under=100
         open 1100 asset sub=receivable
         open 1500 asset sub=fixed_asset
         open 1510 asset contra sub=accumulated_depreciation
         open 2000 liability sub=payable
         open 2100 liability sub=tax
         open 2300 liability
         open 2400 liability sub=deferred_revenue
         open 3000 equity
         open 3100 equity sub=retained_earnings
         open 400 revenue summary
         open 4000 revenue under=400
         open 4100 revenue under=400
         open 4900 revenue contra under=400
         open 5000 expense sub=cogs
         open 600 expense summary
         open 6000 expense under=600
         open 6100 expense under=600
         open 6900 expense sub=general
         change 4000 name={m}-sales
         change 400 name=Sales
         activity 2300 financing
         activity 3000 financing
         control 1100 receivable
         control 2000 payable
         party {m}-A customer terms=100@30
         party {m}-B customer terms=50@10,50@70
         party {m}-C customer
         party {m}-V vendor terms=100@20
         party {m}-W vendor
         rate EUR USD 1.09 {d40} closing
         rate USD JPY 150 {d30}
         tax VAT: VAT 20 2100
         post {d400}: 1000 50000 USD | 3000 -50000 USD
         post {d390}: 1500 8000 USD | 1000 -8000 USD
         post {d380}: 1000 10000 USD | 2300 -10000 USD
         post {d60}: 2300 800 USD | 6900 200.50 USD | 1000 -1000.50 USD
         post {d50}: 1010 300 USD | 1000 -300 USD
         post {d45}: 6900 100 USD | 1510 -100 USD
         post {d44}: 1040 1000 EUR @@ 1120 USD | 1000 -1120 USD",
        d400 = back(400),
        d390 = back(390),
        d380 = back(380),
        d60 = back(60),
        d50 = back(50),
        d45 = back(45),
        d44 = back(44),
        d40 = back(40),
        d30 = back(30),
    ));
    let say = |ledger: &mut Ledger, asked: String| attempt(ledger, &asked).unwrap_or_else(|refused| panic!("{asked}: {refused}"));
    for step in 0..21_u64 {
        say(&mut ledger, format!("rate EUR USD 1.{} {}", 1000 + step * 37 % 400, back(410 - step * 20)));
        say(&mut ledger, format!("rate JPY USD 0.00{} {}", 65 + step % 9, back(410 - step * 20)));
    }
    for no in 0..36_u64 {
        let (customer, date) = (["A", "B", "C"][usize::try_from(no % 3).unwrap()], back(395 - no * 11));
        let currency = ["USD", "EUR", "USD", "JPY"][usize::try_from(no % 4).unwrap()];
        let price = if currency == "JPY" { format!("{}", 20_000 + no * 777) } else { format!("{}.{:02}", 150 + no * 37, no % 100) };
        say(&mut ledger, format!("invoice {m}-{customer} {date} cur={currency}: 4000 {price} x 2 tax VAT | 4100 {price}"));
        if no % 3 != 2 {
            let (vendor, bill) = (["V", "W"][usize::try_from(no % 2).unwrap()], back(390 - no * 10));
            let price = if currency == "JPY" { "9000".to_owned() } else { format!("{}.50", 90 + no * 5) };
            say(
                &mut ledger,
                format!(
                    "bill {m}-{vendor} {bill} no={m}-B{no} cur={currency} sure=0.{} channel=email: 5000 {price} | 6100 {price}",
                    70 + no % 30
                ),
            );
        }
    }
    // Two bills that may be one, a credit note, payments in part and whole, what nobody has applied, and what waits to be earned.
    for (no, days) in [("D1", 12_u64), ("D2", 9)] {
        say(&mut ledger, format!("bill {m}-V {} no={m}-{no}: 6100 444.44", back(days)));
    }
    say(&mut ledger, format!("credit {m}-A {} against=INV-1: 4000 50 tax VAT", back(300)));
    say(&mut ledger, format!("receive {m}-A {} 1000 700 cur=USD", back(200)));
    say(&mut ledger, format!("receive {m}-B {} 1040 500 cur=EUR", back(100)));
    say(&mut ledger, format!("receive {m}-C {} 1010 1500 cur=USD", back(20)));
    say(&mut ledger, format!("receive {m}-C {} 1000 77 cur=USD nothing", back(10)));
    say(&mut ledger, format!("send {m}-V {} 1000 400 cur=USD", back(90)));
    say(&mut ledger, format!("send {m}-W {} 1040 120 cur=EUR", back(15)));
    say(&mut ledger, format!("invoice {m}-A {}: 4000 1200 defer {} {} months 2400", back(70), back(70), today));
    say(&mut ledger, format!("recognise {today}"));
    ledger
}

/// What the server told its clients on the side, of the whole process.
pub(crate) struct Notices(&'static Mutex<String>);

impl Notices {
    /// Listens from now on.
    pub(crate) fn listen() -> Self {
        static HEARD: OnceLock<Mutex<String>> = OnceLock::new();
        let heard = HEARD.get_or_init(Mutex::default);
        // Whoever came first has set it already.
        tracing::subscriber::set_global_default(Ear(heard)).ok();
        Self(heard)
    }

    /// Everything that was said.
    pub(crate) fn all(&self) -> String {
        self.0.lock().unwrap().clone()
    }
}

struct Ear(&'static Mutex<String>);

impl tracing::Subscriber for Ear {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.target().starts_with("sqlx::postgres")
    }

    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}

    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        struct Text<'t>(&'t mut String);
        impl tracing::field::Visit for Text<'_> {
            fn record_debug(&mut self, _: &tracing::field::Field, value: &dyn Debug) {
                writeln!(self.0, "{value:?}").ok();
            }
        }
        event.record(&mut Text(&mut self.0.lock().unwrap()));
    }

    fn enter(&self, _: &tracing::span::Id) {}

    fn exit(&self, _: &tracing::span::Id) {}
}
