//! The general ledger page by page against a fold of history, and the plans of the statements that reports live on.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use std::collections::BTreeMap;

use chrono::NaiveDate;
use common::{Dice, World, day, sale, world};
use ledger_core::Seq;
use ledger_core::book::Valuation;
use ledger_projections::reports::{BalanceQuery, GeneralLedger, LedgerItem, LedgerQuery, Point, balances, statements};
use ledger_projections::{ProjectionError, catch_up, catch_up_with, projection::by_name};
use rust_decimal::Decimal;
use sqlx::ConnectOptions;

async fn read_all(world: &World, query: LedgerQuery, limit: usize) -> Vec<LedgerItem> {
    let mut ledger = GeneralLedger::open(&world.org, query).await.unwrap();
    let mut items = Vec::new();
    loop {
        let page = ledger.next(limit).await.unwrap();
        if page.is_empty() {
            return items;
        }
        assert!(page.iter().filter(|item| matches!(item, LedgerItem::Line(_))).count() <= limit);
        items.extend(page);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_account_runs_from_its_opening_to_its_closing_balance() {
    let mut world = world(Valuation::ByCommodity).await;
    let mut dice = Dice::new(41);
    for _ in 0..300 {
        world.something_happens(&mut dice);
        if dice.chance(5) {
            world.commit().await;
        }
    }
    world.commit().await;
    catch_up(&world.org, |_| ()).await.unwrap();
    let head = world.tip.seq;
    // The balances one event ahead, so that openings cannot come from them.
    let points = [Point::Latest, Point::AtSeq(head), Point::AtSeq(head / 2), Point::AtSeq(head - 3)];
    for point in points {
        for (from, to) in [(None, None), (Some(day(200)), Some(day(500))), (Some(day(300)), None)] {
            let query = LedgerQuery { from, to, point, ..LedgerQuery::default() };
            let items = read_all(&world, query.clone(), 7).await;
            assert_eq!(items, read_all(&world, query.clone(), 100_000).await, "{query:?}");
            check(&world, &query, &items).await;
        }
    }
}

/// Opening, lines and closing against balances folded from history.
async fn check(world: &World, query: &LedgerQuery, items: &[LedgerItem]) {
    let point = match query.point {
        Point::Latest => Point::AtSeq(world.tip.seq),
        other => other,
    };
    let held = |as_of: Option<NaiveDate>| async move {
        let query = BalanceQuery { as_of, point, ..BalanceQuery::default() };
        let rows = balances(&world.org, &query).await.unwrap().rows;
        rows.into_iter().map(|row| ((row.code.to_string(), row.currency.to_string()), row.balance())).collect::<BTreeMap<_, _>>()
    };
    let opening = match query.from {
        Some(from) => held(from.pred_opt()).await,
        None => BTreeMap::new(),
    };
    let closing = held(query.to).await;
    let mut found: BTreeMap<(String, String), Decimal> = BTreeMap::new();
    let mut code = String::new();
    let (mut codes, mut last) = (Vec::new(), None);
    for item in items {
        match item {
            LedgerItem::Account(account) => {
                code = account.code.to_string();
                codes.push(code.clone());
                last = None;
                for (currency, held) in &account.opening {
                    let key = (code.clone(), currency.clone());
                    assert_eq!(opening.get(&key), Some(&held.balance), "{key:?}");
                    found.insert(key, held.balance);
                }
            }
            LedgerItem::Line(line) => {
                let place = (line.effective_date, line.seq, line.line_no);
                assert!(last.is_none_or(|last| last < place));
                last = Some(place);
                assert!(query.from.is_none_or(|from| line.effective_date >= from) && query.to.is_none_or(|to| line.effective_date <= to));
                let held = found.entry((code.clone(), line.currency.clone())).or_default();
                *held += line.amount;
                assert_eq!(*held, line.held.balance);
            }
        }
    }
    assert!(codes.is_sorted());
    let without_zeros = |all: BTreeMap<_, Decimal>| all.into_iter().filter(|(_, held)| !held.is_zero()).collect::<Vec<_>>();
    assert_eq!(without_zeros(found), without_zeros(closing), "{query:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_are_chosen_by_code_and_by_what_is_below() {
    let mut world = world(Valuation::Required).await;
    let mut dice = Dice::new(42);
    for _ in 0..40 {
        world.something_happens(&mut dice);
    }
    world.commit().await;
    catch_up(&world.org, |_| ()).await.unwrap();
    let codes = |code: &str, below: bool| {
        let query = LedgerQuery { account: Some(code.into()), below, ..LedgerQuery::default() };
        let world = &world;
        async move {
            let items = read_all(world, query, 10).await;
            items
                .into_iter()
                .filter_map(|item| if let LedgerItem::Account(a) = item { Some(a.code.to_string()) } else { None })
                .collect::<Vec<_>>()
        }
    };
    assert_eq!(codes("1000", false).await, ["1000"]);
    assert!(codes("Equity:Conversion", true).await.iter().all(|code| code.starts_with("Equity:Conversion:")));
    assert!(!codes("Equity:Conversion", true).await.is_empty());
    for (code, below) in [("Equity:Conversion", false), ("nothing", true), ("Equity:Conv", true)] {
        let query = LedgerQuery { account: Some(code.into()), below, ..LedgerQuery::default() };
        assert!(matches!(GeneralLedger::open(&world.org, query).await, Err(ProjectionError::UnknownAccount(_))), "{code}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_in_the_middle_of_reading_does_not_see_what_is_posted_meanwhile() {
    let mut world = world(Valuation::Required).await;
    for n in 0..20 {
        world.decide(sale(day(n), 100));
    }
    world.commit().await;
    catch_up(&world.org, |_| ()).await.unwrap();
    let query = LedgerQuery { account: Some("1000".into()), from: Some(day(5)), ..LedgerQuery::default() };
    let undisturbed = read_all(&world, query.clone(), 1000).await;
    let mut ledger = GeneralLedger::open(&world.org, query.clone()).await.unwrap();
    let mut items = ledger.next(4).await.unwrap();
    world.decide(sale(day(0), 77));
    world.decide(sale(day(12), 77));
    world.commit().await;
    // The lines alone, then the balances too: whoever begins now sees the same balance either way.
    catch_up_with(&world.org, &by_name("gl_fact").unwrap(), |_| ()).await.unwrap();
    let ahead = GeneralLedger::open(&world.org, query.clone()).await.unwrap().seq();
    assert_eq!(ahead, world.tip.seq - 2, "up to where lines and balances agree");
    assert_eq!(read_all(&world, query.clone(), 3).await, undisturbed);
    catch_up(&world.org, |_| ()).await.unwrap();
    while let page = ledger.next(4).await.unwrap()
        && !page.is_empty()
    {
        items.extend(page);
    }
    assert_eq!(items, undisturbed);
    assert_ne!(read_all(&world, query, 3).await, undisturbed);
}

/// Read models of ten years, put there by the owner: what a plan is like when history is long.
async fn long_history(world: &World) -> Seq {
    let mut connection = world.database().admin_options().connect().await.unwrap();
    let org = world.org.org().0;
    let balances = "INSERT INTO read.account_balance (org_id, grain, bucket, account_no, commodity_no, closing, lines, unvalued, debit, credit, functional_debit, functional_credit)
        SELECT $1, g.grain, b::date, a, 1, false, 1, 0, 1, 1, 1, 1
          FROM (VALUES ('D', interval '1 day'), ('M', interval '1 month'), ('Y', interval '1 year')) AS g (grain, step)
         CROSS JOIN LATERAL generate_series(timestamp '2015-01-01', timestamp '2024-12-31', g.step) AS b
         CROSS JOIN generate_series(1, 20) AS a";
    let lines = "INSERT INTO read.gl_fact (org_id, seq, recorded_at, line_no, effective_date, account_no, actor_no, closing, entry_kind, account_code, account_type, currency, description, amount, functional)
        SELECT $1, 1000 + n, now(), l, date '2015-01-01' + n / 20, 1 + (n + l) % 20, 1, false, 'ordinary', 'x', 'asset', 'USD', 'x', 3 - 2 * l, 3 - 2 * l
          FROM generate_series(1, 60000) AS n CROSS JOIN generate_series(1, 2) AS l";
    for statement in [balances, lines] {
        sqlx::query(statement).bind(org).execute(&mut connection).await.unwrap();
    }
    for table in ["ANALYZE read.account_balance", "ANALYZE read.gl_fact"] {
        sqlx::query(table).execute(&mut connection).await.unwrap();
    }
    1000
}

/// A plan as text, of a statement with its parameters in place.
async fn plan(world: &World, statement: &str, generic: bool, parameters: &[(&str, &str)]) -> String {
    let mut tx = world.org.begin().await.unwrap();
    let mode = if generic { "SET LOCAL plan_cache_mode = force_generic_plan" } else { "SET LOCAL plan_cache_mode = force_custom_plan" };
    sqlx::query(mode).execute(&mut *tx).await.unwrap();
    let types = parameters.iter().map(|(kind, _)| *kind).collect::<Vec<_>>().join(", ");
    let prepare = format!("PREPARE hot ({types}) AS {statement}");
    sqlx::query(sqlx::AssertSqlSafe(prepare)).persistent(false).execute(&mut *tx).await.unwrap();
    let values = parameters.iter().map(|(_, value)| *value).collect::<Vec<_>>().join(", ");
    let explain = format!("EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING OFF, SUMMARY OFF) EXECUTE hot ({values})");
    let lines: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(explain)).persistent(false).fetch_all(&mut *tx).await.unwrap();
    sqlx::query("DEALLOCATE hot").persistent(false).execute(&mut *tx).await.unwrap();
    tx.rollback().await.unwrap();
    lines.join("\n")
}

/// The pages that a plan touched in all.
fn pages(plan: &str) -> u64 {
    let first = plan.lines().find(|line| line.contains("Buffers:")).unwrap();
    first.split_whitespace().filter_map(|word| word.split_once('=')).map(|(_, n)| n.parse::<u64>().unwrap()).sum()
}

/// Items of ten years, of which those of the last month are open.
async fn long_receivables(world: &World) {
    let mut connection = world.database().admin_options().connect().await.unwrap();
    let items = "INSERT INTO read.open_item (org_id, item_seq, item_line, recorded_at, side, account_no, party, document, kind, date, due_date,
                                             currency, amount, functional, open, open_functional, last_on, settled_on, settled_seq)
        SELECT $1, 1000 + 2 * n, 1, now(), 'receivable', 2, 'C-' || n % 100, 'INV-' || n, 'invoice', d, d + 30, 'USD', 1, 1, o, o,
               CASE o WHEN 1 THEN d ELSE d + 35 END, CASE o WHEN 1 THEN 'infinity' ELSE d + 35 END,
               CASE o WHEN 1 THEN 9223372036854775807 ELSE 1001 + 2 * n END
          FROM (SELECT n, date '2015-01-01' + n / 20 AS d, CASE WHEN n > 59000 THEN 1 ELSE 0 END AS o FROM generate_series(1, 60000) AS n) AS made";
    let settled = "INSERT INTO read.allocation (org_id, item_seq, item_line, seq, recorded_at, date, other_seq, other_line, amount, functional, realised)
        SELECT $1, 1000 + 2 * n, 1, 1001 + 2 * n, now(), date '2015-01-01' + n / 20 + 35, 1, 1, -1, -1, 0 FROM generate_series(1, 59000) AS n";
    for statement in [items, settled] {
        sqlx::query(statement).bind(world.org.org().0).execute(&mut connection).await.unwrap();
    }
    for table in ["ANALYZE read.open_item", "ANALYZE read.allocation"] {
        sqlx::query(table).execute(&mut connection).await.unwrap();
    }
}

/// What is settled long before the day that is asked for is not read: neither items nor allocations.
#[tokio::test(flavor = "multi_thread")]
async fn open_items_are_read_without_what_was_settled_long_before() {
    let world = world(Valuation::Required).await;
    catch_up(&world.org, |_| ()).await.unwrap();
    long_receivables(&world).await;
    let org = format!("'{}'", world.org.org().0);
    for (what, as_of, seq, party, most) in [
        ("today", "'2023-12-31'", "NULL", "NULL", 120),
        ("today, as known a while ago", "'2023-12-31'", "118000", "NULL", 9_000),
        ("a month before the end", "'2023-02-01'", "NULL", "NULL", 6_000),
        ("one party", "'2023-12-31'", "NULL", "'C-7'", 60),
    ] {
        let parameters = [("uuid", org.as_str()), ("text", "'receivable'"), ("date", as_of), ("bigint", seq), ("text", party)];
        // Asked anew each time, so planned for the day and the event that are asked for.
        let plan = plan(&world, statements::ITEMS_AS_OF, false, &parameters).await;
        assert!(!plan.contains("Seq Scan"), "{what}\n{plan}");
        assert!(pages(&plan) <= most, "{what}: {} pages\n{plan}", pages(&plan));
        println!("{what}: {} pages\n{plan}\n", pages(&plan));
    }
}

/// Cash of ten years, 20 flows a day.
async fn long_cash(world: &World) {
    let mut connection = world.database().admin_options().connect().await.unwrap();
    let rows = "INSERT INTO read.cash_flow (org_id, date, seq, row_no, commodity_no, account_no, kind, amount, functional)
        SELECT $1, date '2015-01-01' + n / 20, 1000 + n, 0, 1, 1 + n % 50, 'account', 1, 1 FROM generate_series(1, 60000) AS n";
    sqlx::query(rows).bind(world.org.org().0).execute(&mut connection).await.unwrap();
    sqlx::query("ANALYZE read.cash_flow").execute(&mut connection).await.unwrap();
}

/// A statement of cash flows reads its period, not what was before it.
#[tokio::test(flavor = "multi_thread")]
async fn cash_is_read_by_the_days_of_its_period() {
    let world = world(Valuation::Required).await;
    catch_up(&world.org, |_| ()).await.unwrap();
    long_cash(&world).await;
    let org = format!("'{}'", world.org.org().0);
    for generic in [false, true] {
        let parameters = [("uuid", org.as_str()), ("date", "'2022-01-01'"), ("date", "'2022-03-31'"), ("bigint", "100000")];
        let plan = plan(&world, statements::FLOWS, generic, &parameters).await;
        assert!(plan.contains("cash_flow_pkey") && !plan.contains("Seq Scan"), "{plan}");
        assert!(pages(&plan) <= 60, "{} pages\n{plan}", pages(&plan));
        println!("{plan}");
    }
}

/// Tax of ten years, 16 rows a day.
async fn long_tax(world: &World) {
    let mut connection = world.database().admin_options().connect().await.unwrap();
    let rows = "INSERT INTO read.tax_report (org_id, seq, row_no, recorded_at, date, side, kind, document, party, code, component, box, rate, nature,
                                             account_no, currency, base, tax, recoverable, posted, functional_base, functional_tax, functional_recoverable, functional_posted)
        SELECT $1, 1000 + n, 1, now(), date '2015-01-01' + n / 16, 'sales', 'invoice', 'INV-' || n, 'C-' || n % 100, 'S', 'VAT', '1', 0.2, 'charged',
               7, 'USD', 100, 20, 0, -20, 100, 20, 0, -20
          FROM generate_series(1, 60000) AS n";
    sqlx::query(rows).bind(world.org.org().0).execute(&mut connection).await.unwrap();
    sqlx::query("ANALYZE read.tax_report").execute(&mut connection).await.unwrap();
}

/// Schedules of ten years, of which those of the last months have something left.
async fn long_schedules(world: &World) {
    let mut connection = world.database().admin_options().connect().await.unwrap();
    let rows = "INSERT INTO read.deferral (org_id, document_seq, document_line, scheduled_seq, part_no, side, party, document, deferred_no, target_no,
                                           currency, part_date, amount, functional, scheduled_on, recognised_on, recognised_seq, done_on, done_seq)
        SELECT $1, 1000 + 20 * n, 1, 1000 + 20 * n, p, 'revenue', 'C-' || n % 100, 'INV-' || n, 7, 8, 'USD', d + 30 * p, -1, -1, d,
               CASE WHEN d + 30 * p <= date '2024-12-31' THEN d + 30 * p END, CASE WHEN d + 30 * p <= date '2024-12-31' THEN 1000 + 20 * n + p END,
               CASE WHEN d + 30 * p <= date '2024-12-31' THEN d + 30 * p ELSE 'infinity' END,
               CASE WHEN d + 30 * p <= date '2024-12-31' THEN 1000 + 20 * n + p ELSE 9223372036854775807 END
          FROM (SELECT n, date '2015-01-01' + n AS d FROM generate_series(1, 3652) AS n) AS made CROSS JOIN generate_series(1, 12) AS p";
    sqlx::query(rows).bind(world.org.org().0).execute(&mut connection).await.unwrap();
    sqlx::query("ANALYZE read.deferral").execute(&mut connection).await.unwrap();
}

/// Schedules that ended long before the day are not read.
#[tokio::test(flavor = "multi_thread")]
async fn deferred_amounts_are_read_without_what_was_recognised_long_before() {
    let world = world(Valuation::Required).await;
    catch_up(&world.org, |_| ()).await.unwrap();
    long_schedules(&world).await;
    let org = format!("'{}'", world.org.org().0);
    // 360 schedules of 12 parts wait, of 3,652; 40 more did when event 72,000 was the last.
    for (what, as_of, seq, by_month, most) in [
        ("today", "'2024-12-31'", "NULL", "false", 360 * 16),
        ("today by month", "'2024-12-31'", "NULL", "true", 360 * 16),
        ("today, as known a while ago", "'2024-12-31'", "72000", "false", 500 * 16),
    ] {
        let parameters = [("uuid", org.as_str()), ("date", as_of), ("bigint", seq), ("boolean", "false"), ("boolean", by_month)];
        let plan = plan(&world, statements::DEFERRALS, false, &parameters).await;
        assert!(!plan.contains("Seq Scan"), "{what}\n{plan}");
        assert!(pages(&plan) <= most, "{what}: {} pages\n{plan}", pages(&plan));
        println!("{what}: {} pages\n{plan}\n", pages(&plan));
    }
}

/// Ten customers' revenue on every day of ten years is read by the days that are asked for.
#[tokio::test(flavor = "multi_thread")]
async fn revenue_is_read_by_the_days_of_its_period() {
    let world = world(Valuation::Required).await;
    catch_up(&world.org, |_| ()).await.unwrap();
    let mut connection = world.database().admin_options().connect().await.unwrap();
    let rows = "INSERT INTO read.revenue_by_customer (org_id, date, party, account_no, commodity_no, lines, unvalued, amount, functional)
        SELECT $1, date '2015-01-01' + n, 'C-' || p, 5, 1, 1, 0, 1, 1 FROM generate_series(1, 3652) AS n CROSS JOIN generate_series(1, 10) AS p ORDER BY n, p";
    sqlx::query(rows).bind(world.org.org().0).execute(&mut connection).await.unwrap();
    sqlx::query("ANALYZE read.revenue_by_customer").execute(&mut connection).await.unwrap();
    let org = format!("'{}'", world.org.org().0);
    for by in ["0", "1", "2"] {
        let parameters = [("uuid", org.as_str()), ("date", "'2022-01-01'"), ("date", "'2022-03-31'"), ("integer", by)];
        let plan = plan(&world, statements::REVENUE, false, &parameters).await;
        assert!(plan.contains("revenue_by_customer_pkey") && !plan.contains("Seq Scan"), "by {by}\n{plan}");
        assert!(pages(&plan) <= 60, "by {by}: {} pages\n{plan}", pages(&plan));
    }
}

/// A tax report reads its period, not what was before it.
#[tokio::test(flavor = "multi_thread")]
async fn tax_is_read_by_the_days_of_its_period() {
    let world = world(Valuation::Required).await;
    catch_up(&world.org, |_| ()).await.unwrap();
    long_tax(&world).await;
    let org = format!("'{}'", world.org.org().0);
    for (by, seq) in [("0", "NULL"), ("1", "50000"), ("2", "NULL"), ("3", "NULL")] {
        let period = [("date", "'2022-01-01'"), ("date", "'2022-03-31'")];
        let parameters = [("uuid", org.as_str()), period[0], period[1], ("bigint", seq), ("integer", by)];
        let plan = plan(&world, statements::TAX, false, &parameters).await;
        assert!(plan.contains("tax_report_by_date") && !plan.contains("Seq Scan"), "by {by}\n{plan}");
        assert!(pages(&plan) <= 120, "by {by}: {} pages\n{plan}", pages(&plan));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_read_ranges_of_an_index_however_long_the_history() {
    let world = world(Valuation::Required).await;
    catch_up(&world.org, |_| ()).await.unwrap();
    long_history(&world).await;
    let org = format!("'{}'", world.org.org().0);
    let none = [("text", "'D'"), ("date", "'1970-01-01'"), ("date", "'1969-12-31'")];
    let mut sum = vec![("uuid", org.as_str()), ("boolean", "true")];
    sum.extend([("text", "'Y'"), ("date", "'-infinity'"), ("date", "'2019-12-31'")]);
    sum.extend([("text", "'M'"), ("date", "'2020-01-01'"), ("date", "'2020-05-31'")]);
    sum.extend([("text", "'D'"), ("date", "'2020-06-01'"), ("date", "'2020-06-17'")]);
    sum.extend(none.into_iter().chain(none));
    let lines = [
        ("uuid", org.as_str()),
        ("integer", "7"),
        ("date", "'2019-03-01'"),
        ("bigint", "0"),
        ("integer", "0"),
        ("date", "'2022-01-01'"),
        ("bigint", "1000000"),
        ("bigint", "100"),
    ];
    let cases = [
        ("a balance in the middle", statements::SUM, sum.as_slice(), "account_balance_pkey", 640),
        ("a page of a ledger", statements::LINES, lines.as_slice(), "gl_fact_by_account", 220),
    ];
    for (what, statement, parameters, index, most) in cases {
        for generic in [false, true] {
            let plan = plan(&world, statement, generic, parameters).await;
            assert!(
                plan.contains(index) && !plan.contains("Seq Scan on account_balance") && !plan.contains("Seq Scan on gl_fact"),
                "{what}\n{plan}"
            );
            assert!(pages(&plan) <= most, "{what}: {} pages\n{plan}", pages(&plan));
        }
    }
}

/// Pages of entries read a range of one index, whatever they are ordered by and however long the history.
#[tokio::test(flavor = "multi_thread")]
async fn pages_of_entries_are_ranges_of_an_index() {
    use statements::{Driver, ENTRY_LINKS, MATCHING, candidates};
    let world = world(Valuation::Required).await;
    catch_up(&world.org, |_| ()).await.unwrap();
    long_history(&world).await;
    let mut connection = world.database().admin_options().connect().await.unwrap();
    for statement in [
        "UPDATE read.gl_fact SET party = 'C-' || seq % 100, document = 'INV-' || seq / 2 WHERE line_no = 1",
        "UPDATE read.gl_fact SET reverses_seq = seq - 10 WHERE seq % 100 = 0",
        "VACUUM ANALYZE read.gl_fact",
    ] {
        sqlx::query(statement).execute(&mut connection).await.unwrap();
    }
    let org = format!("'{}'", world.org.org().0);
    let common = [
        ("uuid", org.as_str()),
        ("date", "'2019-03-01'"),
        ("bigint", "31000"),
        ("date", "'2010-01-01'"),
        ("date", "'2030-01-01'"),
        ("bigint", "1"),
        ("bigint", "1000000"),
        ("bigint", "100"),
    ];
    let cases = [
        (Driver::Seq, None, "gl_fact_pkey", 220),
        (Driver::Date, None, "gl_fact_by_date", 220),
        (Driver::Account, Some(("integer[]", "'{3,7,11}'")), "gl_fact_by_account", 640),
        (Driver::Party, Some(("text", "'C-7'")), "gl_fact_by_party", 220),
        (Driver::Document, Some(("text", "'INV-1200'")), "gl_fact_by_document", 20),
    ];
    for (driver, about, index, most) in cases {
        for newest_first in [true, false] {
            for generic in [false, true] {
                let parameters: Vec<_> = common.into_iter().chain(about).collect();
                let plan = plan(&world, &candidates(driver, newest_first), generic, &parameters).await;
                assert!(
                    plan.contains(index) && !plan.contains("Seq Scan") && !plan.contains("Sort Method: external"),
                    "{driver:?}\n{plan}"
                );
                assert!(pages(&plan) <= most, "{driver:?}: {} pages\n{plan}", pages(&plan));
            }
        }
    }
    let links = [("uuid", org.as_str()), ("bigint[]", "'{1090,1190,30190,40000}'"), ("bigint", "1000000")];
    let nothing = [("integer[]", "NULL"), ("text", "NULL"), ("text", "NULL"), ("text", "NULL"), ("numeric", "1"), ("numeric", "NULL")];
    let mut matching = vec![("uuid", org.as_str()), ("bigint[]", "'{1090,1190,30190,40000}'")];
    matching.extend(nothing.into_iter().chain([("text", "NULL"), ("text[]", "NULL"), ("text[]", "NULL"), ("text", "NULL")]));
    for (what, statement, parameters) in [("links", ENTRY_LINKS, links.as_slice()), ("matching", MATCHING, matching.as_slice())] {
        for generic in [false, true] {
            let plan = plan(&world, statement, generic, parameters).await;
            assert!(!plan.contains("Seq Scan on gl_fact"), "{what}\n{plan}");
            assert!(pages(&plan) <= 80, "{what}: {} pages\n{plan}", pages(&plan));
        }
    }
}
