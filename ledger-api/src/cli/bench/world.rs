//! The organization that a bench fills: a chart of sixty accounts and entries of two lines.

use chrono::{Days, NaiveDate};
use ledger_core::book::Valuation;
use ledger_core::command::OpenAccount;
use ledger_core::{AccountType, Actor, Command, DraftEntry, DraftLine, Text};
use ledger_store::bulk::{Bulk, BulkOptions};
use ledger_store::writer::{IdempotencyKey, Ledger, NewOrganization, Request};
use ledger_store::{OrgStore, Store, StoreConfig};
use rust_decimal::Decimal;

use crate::cli::shell::{Scratch, Shell};

/// Entries of a chunk of a bulk append.
pub(super) const CHUNK: usize = 8_192;
/// Accounts of the chart.
const ACCOUNTS: usize = 60;

/// A scratch database with one organization.
pub(super) struct World {
    pub(super) scratch: Scratch,
    pub(super) store: Store,
    pub(super) ledger: Ledger,
    pub(super) org: OrgStore,
    pub(super) accounts: Vec<Text>,
}

pub(super) fn actor() -> Actor {
    Actor::system("bench")
}

impl World {
    pub(super) async fn new(shell: &Shell) -> anyhow::Result<Self> {
        let scratch = shell.scratch("ledger_bench").await?;
        let config = StoreConfig { max_connections: 40, statement_timeout: std::time::Duration::from_secs(600), ..StoreConfig::default() };
        let store = Store::connect(scratch.runtime.clone(), config).await?;
        let ledger = Ledger::new(store.clone());
        let mut world = Self { org: store.for_org(ledger_store::OrgId(uuid::Uuid::nil())), scratch, store, ledger, accounts: Vec::new() };
        world.org = world.organization("bench").await?;
        Ok(world)
    }

    /// Another organization with the same chart.
    pub(super) async fn organization(&mut self, slug: &str) -> anyhow::Result<OrgStore> {
        let new = NewOrganization {
            slug: slug.to_owned(),
            name: slug.to_owned(),
            functional_currency: "USD".to_owned(),
            functional_scale: None,
            valuation: Valuation::Required,
        };
        let org = self.ledger.create_organization(new, &actor()).await?;
        self.accounts = (0..ACCOUNTS).map(|no| Text::from(format!("{}", 1000 + no * 10))).collect();
        let opens = self.accounts.iter().enumerate().map(|(no, code)| {
            let kind = AccountType::ALL[no % AccountType::ALL.len()];
            self.ledger.submit(org, Request::new(Command::OpenAccount(OpenAccount::new(code, kind)), actor()))
        });
        futures::future::try_join_all(opens).await?;
        Ok(self.store.for_org(org))
    }

    /// The `n`th entry: two lines in USD, dates spread evenly over two years.
    pub(super) fn entry(&self, n: usize, of: usize) -> DraftEntry {
        let cents = i64::try_from(n % 90_000 + 100).unwrap_or(100);
        let amount = Decimal::new(cents, 2);
        let (debit, credit) = (&self.accounts[n % ACCOUNTS], &self.accounts[(n * 7 + 1 + n / ACCOUNTS) % ACCOUNTS]);
        let credit = if credit == debit { &self.accounts[(n + 1) % ACCOUNTS] } else { credit };
        let day = u64::try_from(n * 730 / of.max(1)).unwrap_or(0);
        let date = NaiveDate::from_ymd_opt(2024, 1, 1).and_then(|first| first.checked_add_days(Days::new(day))).unwrap_or_default();
        let line = |account: &Text, amount| DraftLine {
            account: ledger_core::AccountRef::Code(account.clone()),
            amount,
            currency: Text::const_new("USD"),
            functional: None,
            weight: None,
            detail: None,
        };
        DraftEntry::new(date, "goods sold on credit", vec![line(debit, amount), line(credit, -amount)])
    }

    /// Appends `count` entries in bulk and answers how long that took.
    pub(super) async fn fill(&self, org: &OrgStore, count: usize) -> anyhow::Result<std::time::Duration> {
        let options = BulkOptions { actor: actor(), correlation: None, atomic: false, soft_closed: false };
        let bulk = Bulk::open(org.clone(), options).await?;
        let entries: Vec<Command> = (0..count.min(1 << 20)).map(|n| Command::PostEntry(self.entry(n, count))).collect();
        let started = std::time::Instant::now();
        tokio::task::spawn_blocking(move || append(bulk, entries)).await??;
        Ok(started.elapsed())
    }
}

fn append(mut bulk: Bulk<()>, entries: Vec<Command>) -> anyhow::Result<()> {
    for (n, command) in entries.into_iter().enumerate() {
        bulk.decide((), command).map_err(|rejection| anyhow::anyhow!("{rejection}"))?;
        if (n + 1) % CHUNK == 0 {
            bulk.end_chunk(Some(IdempotencyKey::new(format!("bench:{}", n / CHUNK), b"")))?;
        }
    }
    bulk.finish()?;
    Ok(())
}
