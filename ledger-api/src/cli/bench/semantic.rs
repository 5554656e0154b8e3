//! The questions of the semantic views, asked as an organization's login, with row-level security and without it in the same
//! run. A policy must not cost a plan: what it adds is one look at whose the session is, and a condition that leads every index.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use chrono::{Days, NaiveDate};
use ledger_core::command::{ChangeAccount, OpenAccount, RegisterParty};
use ledger_core::draft::DraftDetail;
use ledger_core::subledger::{PartyKind, Side};
use ledger_core::{AccountType, Command, DraftEntry, DraftLine, SubType, Text};
use ledger_projections::catch_up;
use ledger_projections::semantic::guard::{Catalog, check};
use ledger_store::OrgStore;
use ledger_store::bulk::{Bulk, BulkOptions};
use ledger_store::semantic::{Limits, Session};
use ledger_store::writer::{IdempotencyKey, Request};
use rust_decimal::Decimal;
use sqlx::{AssertSqlSafe, ConnectOptions, PgConnection};

use super::world::{CHUNK, World, actor};
use super::{Against, Measured};
use crate::cli::output::print;
use crate::cli::shell::Shell;

/// How much longer a question may take with row-level security than without, in thousandths.
const BAR: u128 = 1_500;
/// Questions that take less are not compared: their time is that of the connection.
const WORTH_COMPARING: Duration = Duration::from_millis(20);
const RUNS: usize = 3;
const DAYS: u64 = 730;
const PARTIES: usize = 1_000;

/// A question and what it shows of a view.
const QUESTIONS: &[(&str, &str)] = &[
    (
        "profit and loss",
        "SELECT account_type, statement_line, sum(natural_base) FROM v_gl_fact WHERE account_type IN ('revenue', 'expense') AND effective_date >= current_date - 300 GROUP BY account_type, statement_line",
    ),
    ("lines of an entry", "SELECT line_id, account_name, net_base FROM v_gl_fact WHERE entry_no = 5000"),
    (
        "an account's week",
        "SELECT sum(net_base) FROM v_gl_fact WHERE account_code = 'bank' AND effective_date BETWEEN current_date - 107 AND current_date - 100",
    ),
    (
        "gross margin by quarter",
        "SELECT fiscal_year, to_char(effective_date, 'Q'), sum(CASE WHEN account_type = 'revenue' THEN natural_base ELSE 0 END) FROM v_gl_fact GROUP BY 1, 2",
    ),
    ("expenses by department", "SELECT department, sum(natural_base) FROM v_gl_fact WHERE account_type = 'expense' GROUP BY department"),
    ("four eyes", "SELECT DISTINCT entry_no, created_by FROM v_gl_fact WHERE approved_by = created_by"),
    ("trial balance", "SELECT period, sum(debit_base) - sum(credit_base) FROM v_trial_balance GROUP BY period"),
    ("chart", "SELECT count(*), max(level) FROM v_account"),
    ("aging", "SELECT aging_bucket, count(*), sum(open_base) FROM v_ar_open GROUP BY aging_bucket ORDER BY min(days_overdue)"),
    ("last payments", "SELECT max(last_payment_date) FROM v_ar_open WHERE customer_id = 'C-17'"),
    ("payables", "SELECT vendor_id, sum(open_base) FROM v_ap_open GROUP BY vendor_id"),
    (
        "customers",
        "SELECT customer_id, sum(net_revenue_base) FROM v_revenue_by_customer GROUP BY customer_id ORDER BY sum(net_revenue_base) DESC LIMIT 10",
    ),
    (
        "daily bank balance",
        "SELECT d.day, sum(coalesce(c.net_base, 0)) OVER (ORDER BY d.day) FROM v_calendar d LEFT JOIN (SELECT value_date, sum(net_base) AS net_base FROM v_cash_flow GROUP BY value_date) c ON c.value_date = d.day WHERE d.day BETWEEN current_date - 30 AND current_date ORDER BY d.day",
    ),
    (
        "cash of a day",
        "SELECT cash_account_code, sum(net_base) FROM v_cash_flow WHERE value_date = current_date - 10 GROUP BY cash_account_code",
    ),
    ("rates", "SELECT max(rate) FROM v_fx_rate"),
    ("periods", "SELECT count(*) FROM v_period WHERE status = 'open'"),
    ("freshness", "SELECT projection, lag_events FROM v_freshness"),
];

pub(super) async fn run(shell: &Shell, entries: usize) -> anyhow::Result<Vec<Measured>> {
    let world = World::new(shell).await?;
    let org = world.org.clone();
    let filled = fill(&world, &org, entries).await?;
    let started = Instant::now();
    catch_up(&org, |_| ()).await?;
    let count = entries as u64;
    let mut all = vec![
        Measured::new("semantic: post", "entries", count, filled),
        Measured::new("semantic: project all read models", "entries", count, started.elapsed()),
    ];
    let mut admin = world.scratch.admin.clone().connect().await.context("connect as the administrator")?;
    execute(&mut admin, "VACUUM ANALYZE").await?;
    let with = ask_all(&world, &org).await?;
    let plans = plans(&mut admin, &org).await?;
    // Only the ledger's tables of this scratch database, which holds one organization: the same rows without a policy.
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT format('ALTER TABLE %I.%I DISABLE ROW LEVEL SECURITY', nspname, relname) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
          WHERE relrowsecurity AND nspname IN ('read', 'ledger')",
    )
    .fetch_all(&mut admin)
    .await?;
    for statement in tables {
        execute(&mut admin, &statement).await?;
    }
    let without = ask_all(&world, &org).await?;
    for ((what, held), (_, free)) in with.iter().zip(&without) {
        let mut measured =
            Measured::new(format!("semantic: {what}"), "question", 1, *held).note(format!("without row-level security {free:.2?}"));
        if *free >= WORTH_COMPARING {
            let permille = held.as_micros() * 1000 / free.as_micros().max(1);
            measured.against = Some(Against { permille, bar: BAR, at_most: true });
        }
        all.push(measured);
    }
    for ((what, _), plan) in QUESTIONS.iter().zip(plans) {
        print(&format!("{what}\n{plan}\n\n"))?;
    }
    Ok(all)
}

async fn execute(admin: &mut PgConnection, statement: &str) -> anyhow::Result<()> {
    sqlx::query(AssertSqlSafe(statement.to_owned())).persistent(false).execute(admin).await?;
    Ok(())
}

/// The median time of each question, connection left out.
async fn ask_all(world: &World, org: &OrgStore) -> anyhow::Result<Vec<(&'static str, Duration)>> {
    let limits = Limits { statement: Duration::from_secs(120), ..Limits::default() };
    let mut all = Vec::with_capacity(QUESTIONS.len());
    for (what, sql) in QUESTIONS {
        let statement = check(sql, &Catalog::contract()).map_err(|refusal| anyhow::anyhow!("{what}: {refusal}"))?;
        let mut times = Vec::with_capacity(RUNS);
        for _ in 0..RUNS {
            let mut session = Session::open(&world.store, org.org(), limits).await?;
            let started = Instant::now();
            let answer = session.rows(&statement, 1_000, 1 << 20).await;
            times.push(started.elapsed());
            session.close().await;
            answer.with_context(|| format!("ask {what:?}"))?;
        }
        times.sort_unstable();
        all.push((*what, times[RUNS / 2]));
    }
    Ok(all)
}

/// How each question is answered, as the organization's login.
async fn plans(admin: &mut PgConnection, org: &OrgStore) -> anyhow::Result<Vec<String>> {
    execute(admin, &format!("SET SESSION AUTHORIZATION ledger_llm_{}", org.org().0.simple())).await?;
    execute(admin, "SET search_path = semantic").await?;
    let mut all = Vec::with_capacity(QUESTIONS.len());
    for (_, sql) in QUESTIONS {
        let statement = AssertSqlSafe(format!("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) {sql}"));
        let lines: Vec<String> = sqlx::query_scalar(statement).persistent(false).fetch_all(&mut *admin).await?;
        all.push(lines.join("\n"));
    }
    execute(admin, "RESET SESSION AUTHORIZATION").await?;
    Ok(all)
}

/// The `n`th entry: one in twenty an invoice, half of the others through the bank, over two years up to today.
fn entry(n: usize, of: usize, today: NaiveDate, accounts: &[Text]) -> Command {
    let amount = Decimal::new(i64::try_from(n % 90_000 + 100).unwrap_or(100), 2);
    let back = DAYS - u64::try_from(n).unwrap_or(0) * DAYS / u64::try_from(of.max(1)).unwrap_or(1);
    let date = today - Days::new(back);
    let line = |account: &str, amount, detail| DraftLine { detail, ..DraftLine::new(account, amount, "USD") };
    let party = |side: &str, no: usize| {
        let party = Some(Text::from(format!("{side}-{}", no % PARTIES)));
        let (document, due_date) = (Some(Text::from(format!("{side}-DOC-{no}"))), Some(date + Days::new(30)));
        Some(Box::new(DraftDetail { party, document, due_date, ..DraftDetail::default() }))
    };
    let lines = match n % 20 {
        0 => vec![line("receivable", amount, party("C", n)), line("sales", -amount, None)],
        1 => vec![line("payable", -amount, party("V", n)), line("cost", amount, None)],
        2..=10 => vec![line("bank", amount, None), line("sales", -amount, None)],
        _ => {
            let tags = vec![(Text::const_new("department"), Text::from(format!("D{}", n % 7)))];
            let tagged = n.is_multiple_of(3).then(|| Box::new(DraftDetail { tags, ..DraftDetail::default() }));
            vec![line(&accounts[n % accounts.len()], -amount, None), line("cost", amount, tagged)]
        }
    };
    Command::PostEntry(DraftEntry::new(date, "goods sold or bought", lines))
}

async fn fill(world: &World, org: &OrgStore, entries: usize) -> anyhow::Result<Duration> {
    let open = |code, kind, sub_type| Command::OpenAccount(OpenAccount { sub_type, ..OpenAccount::new(code, kind) });
    let mut commands = vec![
        open("receivable", AccountType::Asset, SubType::Receivable),
        open("payable", AccountType::Liability, SubType::Payable),
        open("bank", AccountType::Asset, SubType::Bank),
        open("sales", AccountType::Revenue, SubType::General),
        open("cost", AccountType::Expense, SubType::CostOfSales),
        Command::DesignateControl { account: "receivable".into(), side: Side::Receivable },
        Command::DesignateControl { account: "payable".into(), side: Side::Payable },
        Command::ChangeAccount(ChangeAccount {
            account: "sales".into(),
            name: Some(Text::const_new("Sales")),
            sub_type: None,
            parent: None,
        }),
    ];
    let party = |code: String, kind| Command::RegisterParty(Box::new(RegisterParty::new(&code, kind)));
    commands.extend((0..PARTIES).map(|no| party(format!("C-{no}"), PartyKind::Customer)));
    commands.extend((0..PARTIES).map(|no| party(format!("V-{no}"), PartyKind::Vendor)));
    let sent = commands.into_iter().map(|command| world.ledger.submit(org.org(), Request::new(command, actor())));
    futures::future::try_join_all(sent).await?;
    let options = BulkOptions { actor: actor(), correlation: None, atomic: false, soft_closed: false };
    let mut bulk = Bulk::open(org.clone(), options).await?;
    let accounts = world.accounts.clone();
    let today = chrono::Utc::now().date_naive();
    let started = Instant::now();
    tokio::task::spawn_blocking(move || {
        for n in 0..entries {
            bulk.decide((), entry(n, entries, today, &accounts)).map_err(|rejection| anyhow::anyhow!("{rejection}"))?;
            if (n + 1) % CHUNK == 0 {
                bulk.end_chunk(Some(IdempotencyKey::new(format!("bench-semantic:{n}"), b"")))?;
            }
        }
        bulk.finish()?;
        anyhow::Ok(())
    })
    .await??;
    Ok(started.elapsed())
}
