//! `ledgerd commission`: plans, who earns by them, what was earned, taken back and paid out.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use clap::{Args, Subcommand, ValueEnum};
use ledger_core::command::{AccrueCommission, AssignCommission, DefineCommissionPlan, DraftRule, DraftTier, PayOutCommissions};
use ledger_core::subledger::commission::{DatedRule, Rule, Trigger};
use ledger_core::{AccountRef, Book, Command, CommodityNo, Event, PartyNo, Units};
use ledger_store::load::load_book;
use rust_decimal::Decimal;

use super::complaint::Outcome;
use super::moment;
use super::output::{self, FormatArg, Sheet, grouped, number, plain, print, text};
use super::revalue::{code, scale};
use super::shell::Shell;

/// The commands of `commission`.
#[derive(Debug, Subcommand)]
pub enum CommissionCommand {
    /// Define, change and list plans
    #[command(subcommand)]
    Plan(PlanCommand),
    /// Let a payee earn by a plan on a customer's invoices, or on those that name the payee as seller
    Assign(AssignArgs),
    /// List who earns by which plan on what
    Assigned(ListArgs),
    /// Accrue what a payee earned on one invoice, where nobody was assigned
    Accrue(AccrueArgs),
    /// Turn what a payee is owed into an open item that can be paid
    Payout(PayoutArgs),
    /// Say what each payee earned, what was taken back, what was paid out and what is owed
    Statement(StatementArgs),
}

/// The commands of `commission plan`.
#[derive(Debug, Subcommand)]
pub enum PlanCommand {
    /// Define a plan, or change it for what is earned from now on
    Define(DefineArgs),
    /// List the plans
    List(ListArgs),
}

/// When commission is earned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TriggerArg {
    /// When the invoice is issued
    Invoice,
    /// As far as it is paid, when it is paid
    Cash,
}

/// Arguments of `commission plan define`.
#[derive(Debug, Args)]
#[command(after_help = "\
A rule is `flat AMOUNT` a sale, `percent RATE`, `tiers FROM/RATE,…` (each rate on what lies in its tier) or
`retroactive FROM/RATE,…` (the reached tier's rate on everything). It may begin with the days of the invoices it is for:
`2025-01-01..2025-12-31: percent 10`. Of rules for one day the last given holds.

Examples:
  ledgerd commission plan define --org acme agents --trigger cash --rule \"percent 10\" --expense 6500 --accrued 2300
  ledgerd commission plan define --org acme partners --trigger invoice --expense 6500 --accrued 2300 \\
      --rule \"2025-01-01: retroactive 0/5,10000/7,50000/10\"")]
pub struct DefineArgs {
    /// The organization, by its short name
    #[arg(long, value_name = "SLUG")]
    pub org: String,
    /// Its code
    #[arg(value_name = "PLAN")]
    pub plan: String,
    /// When it is earned
    #[arg(long, value_enum, value_name = "WHEN")]
    pub trigger: TriggerArg,
    /// What it earns; may be repeated
    #[arg(long, value_name = "RULE", value_parser = rule, required = true)]
    pub rule: Vec<RuleArg>,
    /// The expense account
    #[arg(long, value_name = "CODE")]
    pub expense: String,
    /// The liability account where it waits for payout
    #[arg(long, value_name = "CODE")]
    pub accrued: String,
}

/// Arguments of what only lists.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// The organization, by its short name
    #[arg(long, value_name = "SLUG")]
    pub org: String,
    #[command(flatten)]
    format: FormatArg,
}

/// Arguments of `commission assign`.
#[derive(Debug, Args)]
#[command(after_help = "\
From then on invoices earn by themselves: with --customer all invoices of that customer, without it those that have the
tag seller=PAYEE, themselves or on their lines where these agree. A plan on the trigger `invoice` earns when an invoice is issued, one on `cash` as payments settle it.
Nothing is earned twice. Credit notes, and payments that are undone, take back. The same command with --to ends it.

Examples:
  ledgerd commission assign --org acme agents P-3 --customer C-1042 --from 2025-01-01
  ledgerd commission assign --org acme agents P-3 --from 2025-01-01
  ledgerd commission assign --org acme agents P-3 --customer C-1042 --from 2025-01-01 --to 2025-12-31")]
pub struct AssignArgs {
    /// The organization, by its short name
    #[arg(long, value_name = "SLUG")]
    pub org: String,
    /// The plan
    #[arg(value_name = "PLAN")]
    pub plan: String,
    /// Who earns
    #[arg(value_name = "PAYEE")]
    pub payee: String,
    /// On all invoices of this customer
    #[arg(long, value_name = "CODE")]
    pub customer: Option<String>,
    /// First day of the invoices
    #[arg(long, value_name = "DATE", value_parser = moment::date)]
    pub from: NaiveDate,
    /// Last day of the invoices [default: open]
    #[arg(long, value_name = "DATE", value_parser = moment::date)]
    pub to: Option<NaiveDate>,
}

/// Arguments of `commission accrue`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ledgerd commission accrue --org acme agents P-3 INV-12")]
pub struct AccrueArgs {
    /// The organization, by its short name
    #[arg(long, value_name = "SLUG")]
    pub org: String,
    /// The plan
    #[arg(value_name = "PLAN")]
    pub plan: String,
    /// Who earned it
    #[arg(value_name = "PAYEE")]
    pub payee: String,
    /// The invoice's number
    #[arg(value_name = "INVOICE")]
    pub invoice: String,
    /// When it counts [default: the invoice's date, or that of its last payment, or the next open day]
    #[arg(long, value_name = "DATE", value_parser = moment::date)]
    pub date: Option<NaiveDate>,
}

/// Arguments of `commission payout`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ledgerd commission payout --org acme P-3 --date 2025-03-31 --number COM-2025-03")]
pub struct PayoutArgs {
    /// The organization, by its short name
    #[arg(long, value_name = "SLUG")]
    pub org: String,
    /// Who is owed
    #[arg(value_name = "PAYEE")]
    pub payee: String,
    /// When it counts: what was earned later stays
    #[arg(long, value_name = "DATE", value_parser = moment::date)]
    pub date: NaiveDate,
    /// The number of the open item
    #[arg(long, value_name = "NUMBER")]
    pub number: String,
    /// Its currency [default: the functional currency]
    #[arg(long, value_name = "CODE")]
    pub currency: Option<String>,
}

/// Arguments of `commission statement`.
#[derive(Debug, Args)]
pub struct StatementArgs {
    /// The organization, by its short name
    #[arg(long, value_name = "SLUG")]
    pub org: String,
    /// One payee only
    #[arg(long, value_name = "CODE")]
    pub payee: Option<String>,
    #[command(flatten)]
    format: FormatArg,
}

/// A rule and the days it holds for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleArg {
    from: NaiveDate,
    to: Option<NaiveDate>,
    rule: DraftRule,
}

/// Reads `[FROM[..TO]:] flat 25 | percent 10 | tiers 0/5,1000/7 | retroactive 0/5,1000/7`.
fn rule(words: &str) -> Result<RuleArg, String> {
    let wrong = || format!("{words:?} is no rule: write for example \"percent 10\" or \"2025-01-01..2025-12-31: retroactive 0/5,1000/7\"");
    let (days, rule) = words.split_once(':').map_or((None, words), |(days, rule)| (Some(days), rule));
    let (from, to) = match days.map(|days| days.split_once("..").map_or((days, None), |(from, to)| (from, Some(to)))) {
        None => (NaiveDate::from_ymd_opt(1, 1, 1).unwrap_or_default(), None),
        Some((from, to)) => (moment::date(from.trim())?, to.map(|to| moment::date(to.trim())).transpose()?),
    };
    let decimal = |word: &str| Decimal::from_str_exact(word.trim()).map_err(|_| wrong());
    let tiers = |list: &str| {
        let tier = |tier: &str| {
            let (from, percent) = tier.split_once('/').ok_or_else(wrong)?;
            Ok(DraftTier { from: decimal(from)?, percent: decimal(percent)? })
        };
        list.split(',').map(tier).collect::<Result<Vec<_>, String>>()
    };
    let (kind, value) = rule.trim().split_once(' ').ok_or_else(wrong)?;
    let rule = match kind {
        "flat" => DraftRule::Flat(decimal(value)?),
        "percent" => DraftRule::Percent(decimal(value)?),
        "tiers" => DraftRule::Tiers { tiers: tiers(value)?, retroactive: false },
        "retroactive" => DraftRule::Tiers { tiers: tiers(value)?, retroactive: true },
        _ => return Err(wrong()),
    };
    Ok(RuleArg { from, to, rule })
}

/// A rule as it is written on the command line.
fn rule_text(book: &Book, dated: &DatedRule) -> String {
    let amount = |units: Units| {
        let amount = plain(units, scale(book, ledger_core::book::FUNCTIONAL));
        amount.strip_suffix(".00").map_or(amount.clone(), str::to_owned)
    };
    let rule = match &dated.rule {
        Rule::Flat(units) => format!("flat {}", amount(*units)),
        Rule::Percent(percent) => format!("percent {percent}"),
        Rule::Tiers { tiers, retroactive } => {
            let tiers: Vec<String> = tiers.iter().map(|tier| format!("{}/{}", amount(tier.from), tier.percent)).collect();
            format!("{} {}", if *retroactive { "retroactive" } else { "tiers" }, tiers.join(","))
        }
    };
    match (dated.from, dated.to) {
        (from, None) if Some(from) == NaiveDate::from_ymd_opt(1, 1, 1) => rule,
        (from, None) => format!("{from}: {rule}"),
        (from, Some(to)) => format!("{from}..{to}: {rule}"),
    }
}

pub(super) async fn run(shell: &Shell, command: CommissionCommand) -> anyhow::Result<Outcome> {
    match command {
        CommissionCommand::Plan(PlanCommand::Define(args)) => define(shell, args).await,
        CommissionCommand::Plan(PlanCommand::List(args)) => plans(shell, &args).await,
        CommissionCommand::Assign(args) => assign(shell, args).await,
        CommissionCommand::Assigned(args) => assigned(shell, &args).await,
        CommissionCommand::Accrue(args) => accrue(shell, args).await,
        CommissionCommand::Payout(args) => payout(shell, args).await,
        CommissionCommand::Statement(args) => statement(shell, &args).await,
    }
}

async fn define(shell: &Shell, args: DefineArgs) -> anyhow::Result<Outcome> {
    let session = shell.connect().await?;
    let org = session.organization(&args.org).await?.org;
    let define = DefineCommissionPlan {
        code: args.plan.as_str().into(),
        trigger: match args.trigger {
            TriggerArg::Invoice => Trigger::Invoice,
            TriggerArg::Cash => Trigger::Cash,
        },
        rules: args.rule.into_iter().map(|rule| (rule.from, rule.to, rule.rule)).collect(),
        expense: AccountRef::from(args.expense.as_str()),
        accrued: AccountRef::from(args.accrued.as_str()),
    };
    let receipt = session.submit(org, Command::DefineCommissionPlan(Box::new(define))).await?;
    print(&match receipt.event_count {
        0 => format!("Plan {} stands already; nothing was changed.\n", args.plan),
        _ => format!("Defined plan {} at seq {}.\n", args.plan, receipt.last_seq()),
    })?;
    Ok(Outcome::Done)
}

async fn plans(shell: &Shell, args: &ListArgs) -> anyhow::Result<Outcome> {
    let session = shell.connect().await?;
    let book = load_book(&session.org_store(&args.org).await?).await?.book;
    let account = |no| book.account(no).map_or_else(String::new, |account| account.code.to_string());
    let rows: Vec<[String; 5]> = book
        .commission_plans()
        .map(|plan| {
            let rules: Vec<String> = plan.rules.iter().map(|dated| rule_text(&book, dated)).collect();
            [plan.code.to_string(), plan.trigger.as_str().to_owned(), rules.join("; "), account(plan.expense), account(plan.accrued)]
        })
        .collect();
    let nothing = "No plans yet. Define one: ledgerd commission plan define --help\n";
    listing(&["plan", "trigger", "rules", "expense", "accrued"], ["Plan", "Trigger", "Rules", "Expense", "Accrued"], rows, args, nothing)
}

async fn assign(shell: &Shell, args: AssignArgs) -> anyhow::Result<Outcome> {
    let session = shell.connect().await?;
    let org = session.organization(&args.org).await?.org;
    let assign = AssignCommission {
        plan: args.plan.as_str().into(),
        payee: args.payee.as_str().into(),
        customer: args.customer.as_deref().map(Into::into),
        from: args.from,
        to: args.to,
    };
    let receipt = session.submit(org, Command::AssignCommission(Box::new(assign))).await?;
    let whose = args.customer.map_or_else(|| format!("with the tag seller={}", args.payee), |customer| format!("of {customer}"));
    let until = args.to.map_or_else(String::new, |to| format!(" to {to}"));
    print(&match receipt.event_count {
        0 => "It is so already; nothing was changed.\n".to_owned(),
        _ => format!("{} earns by {} on invoices {whose} from {}{until} (seq {}).\n", args.payee, args.plan, args.from, receipt.last_seq()),
    })?;
    Ok(Outcome::Done)
}

async fn assigned(shell: &Shell, args: &ListArgs) -> anyhow::Result<Outcome> {
    let session = shell.connect().await?;
    let book = load_book(&session.org_store(&args.org).await?).await?.book;
    let rows: Vec<[String; 5]> = book
        .commission_assignments()
        .map(|assignment| {
            let payee = party(&book, assignment.payee);
            let customer = assignment.customer.map_or_else(|| format!("seller={payee}"), |customer| party(&book, customer));
            let to = assignment.to.map_or_else(String::new, |to| to.to_string());
            [assignment.plan.to_string(), payee, customer, assignment.from.to_string(), to]
        })
        .collect();
    let nothing = "Nobody is assigned yet: ledgerd commission assign --help\n";
    listing(&["plan", "payee", "invoices_of", "from", "to"], ["Plan", "Payee", "Invoices of", "From", "To"], rows, args, nothing)
}

fn listing(names: &[&str; 5], titles: [&str; 5], rows: Vec<[String; 5]>, args: &ListArgs, nothing: &str) -> anyhow::Result<Outcome> {
    print(&output::records(names, &rows, args.format.format, || {
        if rows.is_empty() {
            return nothing.to_owned();
        }
        let mut sheet = Sheet::new(titles.map(text));
        rows.iter().cloned().for_each(|row| sheet.row(row));
        sheet.render()
    })?)?;
    Ok(Outcome::Done)
}

async fn accrue(shell: &Shell, args: AccrueArgs) -> anyhow::Result<Outcome> {
    let session = shell.connect().await?;
    let org = session.organization(&args.org).await?.org;
    let (plan, payee, invoice) = (args.plan.as_str().into(), args.payee.as_str().into(), args.invoice.as_str().into());
    let command = Command::AccrueCommission(Box::new(AccrueCommission { plan, payee, invoice, date: args.date }));
    let events = session.submit_and_read(org, command).await?;
    let book = load_book(&session.store.for_org(org)).await?.book;
    let mut said = String::new();
    for recorded in &events {
        if let Event::CommissionAccrued { accrual, .. } = &recorded.event {
            let amount = |units| plain(units, scale(&book, accrual.currency));
            let (earned, base, currency) = (amount(accrual.earned), amount(accrual.base), code(&book, accrual.currency));
            said = format!("{} earned {earned} {currency} on {base} of {} (seq {}).\n", args.payee, args.invoice, recorded.seq);
        }
    }
    if said.is_empty() {
        said = format!("Nothing more is earned on {} by now; nothing was changed.\n", args.invoice);
    }
    print(&said)?;
    Ok(Outcome::Done)
}

async fn payout(shell: &Shell, args: PayoutArgs) -> anyhow::Result<Outcome> {
    let session = shell.connect().await?;
    let org = session.organization(&args.org).await?.org;
    let pay = PayOutCommissions {
        payee: args.payee.as_str().into(),
        date: args.date,
        number: args.number.as_str().into(),
        currency: args.currency.as_deref().map(Into::into),
    };
    let events = session.submit_and_read(org, Command::PayOutCommissions(Box::new(pay))).await?;
    let book = load_book(&session.store.for_org(org)).await?.book;
    let items = events.iter().flat_map(|recorded| book.items_at(recorded.seq).map(move |(_, item)| (recorded.seq, item)));
    let said: String = items
        .map(|(seq, item)| {
            let currency = item.money.currency();
            let amount = plain(-item.money.units(), scale(&book, currency));
            format!("{} of {} is open with {amount} {} (seq {seq}).\n", args.number, args.payee, code(&book, currency))
        })
        .collect();
    print(&said)?;
    Ok(Outcome::Done)
}

/// What was earned, taken back, paid out.
#[derive(Default)]
struct Sums {
    accrued: Units,
    clawed_back: Units,
    paid_out: Units,
}

async fn statement(shell: &Shell, args: &StatementArgs) -> anyhow::Result<Outcome> {
    let session = shell.connect().await?;
    let book = load_book(&session.org_store(&args.org).await?).await?.book;
    let mut sums = BTreeMap::<(PartyNo, String, CommodityNo), Sums>::new();
    for (_, kept) in book.accruals() {
        let accrual = &kept.accrual;
        if args.payee.as_ref().is_none_or(|payee| *payee == party(&book, accrual.payee)) {
            let sum = sums.entry((accrual.payee, accrual.plan.to_string(), accrual.currency)).or_default();
            sum.accrued += accrual.earned;
            sum.clawed_back += kept.clawed_back;
            sum.paid_out += kept.paid_out;
        }
    }
    let row = |show: fn(Units, u8) -> String| {
        let book = &book;
        sums.iter().map(move |((payee, plan, currency), sum)| {
            let amount = |units| show(units, scale(book, *currency));
            let owed = sum.accrued - sum.clawed_back - sum.paid_out;
            let amounts = [sum.accrued, sum.clawed_back, sum.paid_out, owed].map(amount);
            let [accrued, clawed_back, paid_out, owed] = amounts;
            [party(book, *payee), plan.clone(), code(book, *currency), accrued, clawed_back, paid_out, owed]
        })
    };
    let rows: Vec<[String; 7]> = row(plain).collect();
    let names = ["payee", "plan", "currency", "accrued", "clawed_back", "paid_out", "owed"];
    print(&output::records(&names, &rows, args.format.format, || {
        if rows.is_empty() {
            return "Nothing was earned yet.\n".to_owned();
        }
        let amounts = ["Accrued", "Taken back", "Paid out", "Owed"].map(number);
        let mut sheet = Sheet::new(["Payee", "Plan", "Cur."].map(text).into_iter().chain(amounts));
        row(grouped).for_each(|row| sheet.row(row));
        sheet.render()
    })?)?;
    Ok(Outcome::Done)
}

fn party(book: &Book, no: PartyNo) -> String {
    book.party(no).map_or_else(String::new, |party| party.code.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_read_with_their_days() {
        for (words, from, to) in [
            ("percent 10", "0001-01-01", None),
            ("flat 25.50", "0001-01-01", None),
            ("2025-01-01: tiers 0/5,1000/7.5", "2025-01-01", None),
            ("2025-01-01..2025-12-31: retroactive 0/5,1000/7", "2025-01-01", Some("2025-12-31")),
        ] {
            let read = rule(words).unwrap();
            assert_eq!((read.from.to_string().as_str(), read.to.map(|to| to.to_string()).as_deref()), (from, to), "{words}");
        }
        for words in ["", "percent", "percent ten", "tiers 5", "half 5", "2025: percent 5", "2025-01-01..: percent 5"] {
            assert!(rule(words).is_err(), "{words}");
        }
    }
}
