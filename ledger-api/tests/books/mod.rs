//! Organizations for the tests of whole imports: files go in through the runner, balances come out of the read models.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![allow(dead_code, unreachable_pub, clippy::allow_attributes, reason = "each test file uses its part")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::NaiveDate;
use futures::TryStreamExt;
use ledger_api::import::run::{Counters, ImportError, ImportOptions, Summary, import};
use ledger_core::book::Valuation;
use ledger_core::event::{Event, Recorded};
use ledger_core::{Actor, SubType};
use ledger_projections::reports::{BalanceQuery, Balances, balances};
use ledger_store::load::to_chain;
use ledger_store::testing::{TestDatabase, database};
use ledger_store::writer::{Ledger, NewOrganization};
use ledger_store::{OrgStore, Store};
use rust_decimal::Decimal;

/// Balance by account and commodity, without zeros.
pub type Sums = BTreeMap<(String, String), Decimal>;

/// A database for many organizations.
pub struct Shelf {
    pub database: TestDatabase,
    pub store: Store,
    pub ledger: Ledger,
}

pub async fn shelf() -> Shelf {
    let database = database().await;
    let store = database.store().await;
    Shelf { ledger: Ledger::new(store.clone()), database, store }
}

impl Shelf {
    /// Begins books in USD.
    pub async fn begin(&self, slug: &str, valuation: Valuation) -> OrgStore {
        let new = NewOrganization {
            slug: slug.to_owned(),
            name: slug.to_owned(),
            functional_currency: "USD".to_owned(),
            functional_scale: None,
            valuation,
        };
        let org = self.ledger.create_organization(new, &Actor::user("tester")).await.unwrap();
        self.store.for_org(org)
    }
}

/// Imports a file under its own name.
pub async fn bring_in(org: &OrgStore, path: &Path, options: &ImportOptions) -> Result<Summary, ImportError> {
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    import(org.clone(), path.to_owned(), name, options.clone(), Arc::new(Counters::default())).await
}

/// Balances that the read models answer.
pub async fn read(org: &OrgStore, query: BalanceQuery) -> Balances {
    balances(org, &query).await.unwrap()
}

/// The sums of a report, conversion and rounding set apart.
pub fn sums(balances: &Balances) -> Sums {
    let own = balances.rows.iter().filter(|row| !matches!(row.sub_type, SubType::Conversion | SubType::Rounding));
    own.map(|row| ((row.code.to_string(), row.currency.to_string()), row.balance())).filter(|(_, sum)| !sum.is_zero()).collect()
}

/// Per currency and in functional currency, everything together is nothing.
pub fn assert_zero(balances: &Balances, of: &str) {
    let mut sums: BTreeMap<&str, Decimal> = BTreeMap::new();
    for row in &balances.rows {
        *sums.entry(&row.currency).or_default() += row.balance();
        *sums.entry("the functional currency").or_default() += row.functional_balance().unwrap_or_default();
    }
    sums.retain(|_, sum| !sum.is_zero());
    assert!(sums.is_empty(), "{of}: the trial balance is off by {sums:?}");
}

/// History, decoded.
pub async fn history(org: &OrgStore) -> Vec<Recorded> {
    let commits: Vec<_> = org.commits(1, None).try_collect().await.unwrap();
    commits.into_iter().flat_map(|commit| to_chain(org.org(), commit).events().map(Result::unwrap).collect::<Vec<_>>()).collect()
}

/// Position and effective date of every entry.
pub fn dates(history: &[Recorded]) -> Vec<NaiveDate> {
    let mut dates: Vec<NaiveDate> =
        history.iter().filter_map(|recorded| recorded.event.entry()).map(|entry| entry.effective_date()).collect();
    dates.sort_unstable();
    dates.dedup();
    dates
}

/// Entries posted, reversals included.
pub fn entries(history: &[Recorded]) -> usize {
    history.iter().filter(|recorded| matches!(recorded.event, Event::EntryPosted(_) | Event::EntryReversed { .. })).count()
}

/// At most `count` of them, spread evenly, first and last included.
pub fn spread<T: Copy>(all: &[T], count: usize) -> Vec<T> {
    if all.len() <= count {
        return all.to_vec();
    }
    (0..count).map(|index| all[index * (all.len() - 1) / (count - 1)]).collect()
}

/// Rows of worked cases from other systems, where they are on this machine.
pub fn cases(file: &str) -> Option<Vec<Vec<String>>> {
    let given = std::env::var_os("LEDGER_SHARED_DATA").map(PathBuf::from);
    let path = given.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data")).join("cases").join(file);
    if !path.is_file() {
        println!("skipped: no {} (set LEDGER_SHARED_DATA)", path.display());
        return None;
    }
    let mut reader = csv::Reader::from_path(path).unwrap();
    Some(reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect())
}
