//! Open items and aging of an organization with a tenth of its documents open, as of today and as of an earlier day.

use std::time::{Duration, Instant};

use chrono::{Days, NaiveDate};
use ledger_core::command::{OpenAccount, RegisterParty};
use ledger_core::draft::DraftDetail;
use ledger_core::subledger::{PartyKind, Side};
use ledger_core::{AccountType, Command, DraftEntry, DraftLine, Text};
use ledger_projections::catch_up_with;
use ledger_projections::projection::by_name;
use ledger_projections::reports::{AgingBy, Basis, ItemQuery, Point, USUAL_BOUNDS, aging, open_items};
use ledger_store::OrgStore;
use ledger_store::bulk::{Bulk, BulkOptions};
use ledger_store::writer::IdempotencyKey;
use rust_decimal::Decimal;

use super::Measured;
use super::world::{CHUNK, World, actor};
use crate::cli::shell::Shell;

const PARTIES: usize = 1_000;
const DAYS: usize = 730;
/// Days from an invoice to its payment.
const PAID_AFTER: u64 = 35;
/// Runs of which the median is taken.
const RUNS: usize = 5;

pub(super) async fn run(shell: &Shell, documents: usize) -> anyhow::Result<Vec<Measured>> {
    let mut world = World::new(shell).await?;
    let org = world.organization("bench-aging").await?;
    let filled = fill(&world, &org, documents).await?;
    let started = Instant::now();
    catch_up_with(&org, &by_name("open_item")?, |_| ()).await?;
    let projected = started.elapsed();
    let count = documents as u64;
    let mut all = vec![
        Measured::new("aging: invoices, and payments of nine in ten", "documents", count * 19 / 10, filled),
        Measured::new("aging: project open items", "documents", count * 19 / 10, projected),
    ];
    for (what, as_of) in [("as of the end", day(DAYS + 60)), ("as of the middle", day(DAYS / 2))] {
        let query = ItemQuery { side: Side::Receivable, as_of, point: Point::Latest, party: None };
        let (mut items, mut sums) = (Vec::new(), Vec::new());
        let mut open = 0;
        for _ in 0..RUNS {
            let started = Instant::now();
            let aged = aging(&org, &query, Basis::DueDate, AgingBy::Party, &USUAL_BOUNDS).await?;
            sums.push(started.elapsed());
            let started = Instant::now();
            open = open_items(&org, &query).await?.rows.len();
            items.push(started.elapsed());
            drop(aged);
        }
        let median = |times: &mut Vec<Duration>| {
            times.sort_unstable();
            times[RUNS / 2]
        };
        let note = format!("{open} open of {documents}");
        all.push(Measured::new(format!("aging: by party {what}"), "report", 1, median(&mut sums)).note(note.clone()));
        all.push(Measured::new(format!("aging: every open item {what}"), "items", open as u64, median(&mut items)).note(note));
    }
    Ok(all)
}

fn day(n: usize) -> NaiveDate {
    let days = Days::new(u64::try_from(n).unwrap_or(0));
    NaiveDate::from_ymd_opt(2024, 1, 1).and_then(|first| first.checked_add_days(days)).unwrap_or_default()
}

/// The `n`th invoice, or its payment.
fn item(n: usize, of: usize, invoice: bool) -> Command {
    let cents = i64::try_from(n % 90_000 + 100).unwrap_or(100);
    let amount = if invoice { Decimal::new(cents, 2) } else { -Decimal::new(cents, 2) };
    let issued = day(n * DAYS / of.max(1));
    let date = if invoice { issued } else { issued + Days::new(PAID_AFTER) };
    let detail = DraftDetail {
        party: Some(Text::from(format!("C-{}", n % PARTIES))),
        document: Some(Text::from(format!("INV-{n}"))),
        due_date: invoice.then(|| issued + Days::new(30)),
        ..DraftDetail::default()
    };
    let counter = if invoice { "sales" } else { "bank" };
    let lines = vec![
        DraftLine { detail: Some(Box::new(detail)), ..DraftLine::new("receivable", amount, "USD") },
        DraftLine::new(counter, -amount, "USD"),
    ];
    Command::PostEntry(DraftEntry::new(date, if invoice { "goods sold on credit" } else { "paid" }, lines))
}

async fn fill(world: &World, org: &OrgStore, documents: usize) -> anyhow::Result<Duration> {
    let open = |code, kind| Command::OpenAccount(OpenAccount::new(code, kind));
    let mut commands = vec![
        open("receivable", AccountType::Asset),
        open("sales", AccountType::Revenue),
        open("bank", AccountType::Asset),
        Command::DesignateControl { account: "receivable".into(), side: Side::Receivable },
    ];
    let party = |n| Command::RegisterParty(Box::new(RegisterParty::new(&format!("C-{n}"), PartyKind::Customer)));
    commands.extend((0..PARTIES).map(party));
    for command in commands {
        world.ledger.submit(org.org(), ledger_store::writer::Request::new(command, actor())).await?;
    }
    let options = BulkOptions { actor: actor(), correlation: None, atomic: false, soft_closed: false };
    let mut bulk = Bulk::open(org.clone(), options).await?;
    let started = Instant::now();
    tokio::task::spawn_blocking(move || {
        let invoices = (0..documents).map(|n| item(n, documents, true));
        let payments = (0..documents).filter(|n| n % 10 != 0).map(|n| item(n, documents, false));
        for (n, command) in invoices.chain(payments).enumerate() {
            bulk.decide((), command).map_err(|rejection| anyhow::anyhow!("{rejection}"))?;
            if (n + 1) % (CHUNK / 2) == 0 {
                bulk.end_chunk(Some(IdempotencyKey::new(format!("bench-aging:{n}"), b"")))?;
            }
        }
        bulk.finish()?;
        anyhow::Ok(())
    })
    .await??;
    Ok(started.elapsed())
}
