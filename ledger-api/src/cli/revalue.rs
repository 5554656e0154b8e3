//! `ledgerd revalue`: foreign open items, cash and bank balances at a date's closing rates, turned back on the next day.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use clap::Args;
use ledger_core::book::FUNCTIONAL;
use ledger_core::subledger::Revaluation;
use ledger_core::{Book, Command, CommodityNo, Event, Units};
use ledger_store::load::load_book;

use super::complaint::Outcome;
use super::moment;
use super::output::{self, FormatArg, Sheet, grouped, number, plain, print, text};
use super::shell::{Shell, SoftClosed};

/// Arguments of `revalue`.
#[derive(Debug, Args)]
#[command(after_help = "\
Each item and holding is revalued at the closing rate of the date, else at its spot rate, no older than 31 days. The
difference goes to the valuation adjustment account and back on the next day. Asked again, it posts what has changed.

Examples:
  ledgerd rate add --org acme EUR USD 1.0815 --date 2025-12-31 --type closing
  ledgerd revalue --org acme --date 2025-12-31 --dry-run
  ledgerd revalue --org acme --date 2025-12-31")]
pub struct RevalueArgs {
    /// The organization, by its short name
    #[arg(long, value_name = "SLUG")]
    pub org: String,
    /// The closing date
    #[arg(long, value_name = "DATE", value_parser = moment::date)]
    pub date: NaiveDate,
    /// Only say what would be posted
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    soft: SoftClosed,
    #[command(flatten)]
    format: FormatArg,
}

/// What a currency came to.
#[derive(Default)]
struct Sum {
    rate: String,
    items: usize,
    open: Units,
    carried: Units,
    adjustment: Units,
}

pub(super) async fn run(shell: &Shell, args: RevalueArgs) -> anyhow::Result<Outcome> {
    let session = shell.connect().await?.permitting(args.soft);
    let org = session.organization(&args.org).await?.org;
    let command = Command::Revalue { date: args.date };
    let events: Vec<Event> = if args.dry_run {
        session.decide(&load_book(&session.store.for_org(org)).await?.book, &command)?
    } else {
        session.submit_and_read(org, command).await?.into_iter().map(|recorded| recorded.event).collect()
    };
    let book = load_book(&session.store.for_org(org)).await?.book;
    let revaluations = events.iter().filter_map(|event| match event {
        Event::ItemsRevalued { revaluation, .. } => Some(&**revaluation),
        _ => None,
    });
    let sums = sums(revaluations);
    let amounts = |show: fn(Units, u8) -> String| sums.iter().map(move |(currency, sum)| (currency, sum, show)).collect::<Vec<_>>();
    let row = |(currency, sum, show): (&CommodityNo, &Sum, fn(Units, u8) -> String)| {
        let value = |units| show(units, scale(&book, FUNCTIONAL));
        let open = show(sum.open, scale(&book, *currency));
        [code(&book, *currency), sum.rate.clone(), sum.items.to_string(), open, value(sum.carried), value(sum.adjustment)]
    };
    let rows: Vec<[String; 6]> = amounts(plain).into_iter().map(row).collect();
    print(&output::records(&["currency", "rate", "items", "open", "carried", "adjustment"], &rows, args.format.format, || {
        if rows.is_empty() {
            return format!("Nothing is to be revalued at {}.\n", args.date);
        }
        let functional = code(&book, FUNCTIONAL);
        let value = |title: &str| number(format!("{title} {functional}"));
        let mut sheet = Sheet::new([text("Cur."), number("Rate"), number("Items"), number("Open"), value("Carried"), value("Adjustment")]);
        amounts(grouped).into_iter().map(row).for_each(|row| sheet.row(row));
        let back = events.iter().filter_map(|event| match event {
            Event::RevaluationReversed { entry, .. } => Some(entry.effective_date()),
            _ => None,
        });
        let back = back.max().map_or_else(String::new, |date| format!(", turned back on {date}"));
        let done = if args.dry_run { "Nothing was written; it would be posted" } else { "Posted" };
        format!("{}\n{done} at {}{back}.\n", sheet.render(), args.date)
    })?)?;
    Ok(Outcome::Done)
}

fn sums<'a>(revaluations: impl Iterator<Item = &'a Revaluation>) -> BTreeMap<CommodityNo, Sum> {
    let mut sums = BTreeMap::<CommodityNo, Sum>::new();
    for revaluation in revaluations {
        for (currency, rate) in &revaluation.rates {
            sums.entry(*currency).or_default().rate = rate.normalize().to_string();
        }
        for revalued in &revaluation.revalued {
            let sum = sums.entry(revalued.money.currency()).or_default();
            sum.items += 1;
            sum.open += revalued.money.units();
            sum.carried += revalued.carried;
            sum.adjustment += revalued.adjustment;
        }
    }
    sums
}

pub(super) fn code(book: &Book, currency: CommodityNo) -> String {
    book.commodity(currency).map_or_else(String::new, |commodity| commodity.code.to_string())
}

pub(super) fn scale(book: &Book, currency: CommodityNo) -> u8 {
    book.commodity(currency).map_or(0, |commodity| commodity.scale)
}
