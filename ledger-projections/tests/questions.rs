//! The questions of the views' contract, asked of the views as an organization's login, against a plain fold of all events.
//! What each view shows is held against the same fold besides, row by row.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../../ledger-core/tests/words/mod.rs"]
mod words;

mod asking;
#[path = "asking/naive.rs"]
mod naive;

use std::collections::{BTreeMap, BTreeSet};

use asking::{Block, Books, blocks, company};
use chrono::{Datelike, Days, Months, NaiveDate};
use ledger_core::money::decimal_of;
use ledger_core::subledger::DocumentKind;
use ledger_core::{AccountType, Command, SubType};
use ledger_projections::reports::{CashFlowQuery, Point, Section, cash_flows};
use ledger_projections::semantic::guard::{Catalog, check};
use ledger_projections::{Reference, compare, rebuild};
use ledger_store::semantic::{Canonical, Limits, Session};
use ledger_store::testing::database;
use naive::{Facts, period};
use rust_decimal::{Decimal, RoundingStrategy};
use words::{Ledger, attempt, draft};

struct Asked {
    books: Books,
    facts: Facts,
    today: NaiveDate,
}

/// Rows as text, each value as it is compared: numbers without trailing zeros, nothing as `-`.
type Table = Vec<Vec<String>>;

impl Asked {
    async fn new() -> Self {
        let today = chrono::Utc::now().date_naive();
        let mut ledger = company(today, "ACME");
        further(&mut ledger, today);
        approvals(&mut ledger, today);
        let database = database().await;
        let store = database.store().await;
        let books = Books::keep(&store, "acme", "ACME", String::new(), ledger).await;
        let facts = Facts::of(&books.ledger);
        Self { books, facts, today }
    }

    /// The rows of a statement as it stands; what the guard makes of a question must give the same.
    async fn rows(&self, sql: &str) -> Table {
        let found = self.run(&Canonical::trusted_by_guard(sql.to_owned())).await;
        if let Ok(statement) = check(sql, &Catalog::contract()) {
            self.same(statement.as_str(), &self.run(&statement).await, found.clone());
        }
        found
    }

    async fn run(&self, statement: &Canonical) -> Table {
        let store = self.books.org.store();
        let mut session = Session::open(store, self.books.org.org(), Limits::default()).await.unwrap();
        let found = session.rows(statement, 100_000, 64 << 20).await;
        session.close().await;
        let found = found.unwrap_or_else(|error| panic!("{}\n{error}", statement.as_str()));
        assert!(!found.truncated);
        found.rows.into_iter().map(|row| row.into_iter().map(shown).collect()).collect()
    }

    #[track_caller]
    fn same(&self, what: &str, found: &Table, expected: Table) {
        let sorted = |rows: &Table| rows.iter().cloned().collect::<BTreeSet<_>>();
        let (found_set, expected_set) = (sorted(found), sorted(&expected));
        let only = |one: &BTreeSet<Vec<String>>, other: &BTreeSet<Vec<String>>| one.difference(other).take(6).cloned().collect::<Vec<_>>();
        assert!(
            found_set == expected_set && found.len() == expected.len(),
            "{what}: {} rows, {} expected\nonly in the view: {:?}\nonly in the fold: {:?}",
            found.len(),
            expected.len(),
            only(&found_set, &expected_set),
            only(&expected_set, &found_set)
        );
    }
}

/// An agent that proposes, people who decide about it, somebody who approves his own entry, and a request that is overdue.
fn approvals(ledger: &mut Ledger, today: NaiveDate) {
    let begin = NaiveDate::from_ymd_opt(2026, 1, 1).unwrap();
    let (at, day) = ((today - begin).num_seconds(), today - Days::new(3));
    for asked in [
        "agent BOT".to_owned(),
        "as agent BOT".to_owned(),
        format!("ran BOT 0.05 at={at}"),
        format!("ran BOT 0.25 at={at}"),
        format!("draft {day} ai=BOT confidence=0.9 at={at}: 6000 10 USD | 1000 -10 USD"),
        format!("draft {day} ai=BOT confidence=0.5 at={at}: 6000 11 USD | 1000 -11 USD"),
        "as tester".to_owned(),
        "ask d1: boss".to_owned(),
        "as boss".to_owned(),
        format!("vote r1 yes post at={at}"),
        "turn-down d2".to_owned(),
        "as tester".to_owned(),
        "policy large entry from=1000 self steps=majority@60".to_owned(),
        format!("draft {day}: 6000 1500 USD | 1000 -1500 USD"),
        "ask d3: tester".to_owned(),
        "vote r2 yes post".to_owned(),
        format!("draft {day}: 6000 6000 USD | 1000 -6000 USD"),
        "ask d4: a b c".to_owned(),
    ] {
        attempt(ledger, &asked).unwrap_or_else(|refused| panic!("{asked}: {refused}"));
    }
}

/// Entries of departments and projects, returns, a closed year and months, all around `today`.
fn further(ledger: &mut Ledger, today: NaiveDate) {
    for no in 0..24_u64 {
        let date = today - Days::new(no * 31 % 700);
        let lines = format!("{} {}.75 USD | 1000 -{}.75 USD", ["6000", "6100"][usize::try_from(no % 2).unwrap()], 20 + no, 20 + no);
        let mut entry = draft(&date.to_string(), None, None, &lines);
        let department = ["sales", "people"][usize::try_from(no % 2).unwrap()];
        entry.tags = if no % 3 == 0 { Vec::new() } else { vec![("department".into(), department.into()), ("project".into(), "P1".into())] };
        entry.description = "rent of the month".into();
        ledger.run(&Command::PostEntry(entry)).unwrap();
    }
    let back = |days: u64| today - Days::new(days);
    let year_end = NaiveDate::from_ymd_opt(today.year() - 1, 12, 31).unwrap();
    for asked in [
        format!("post {}: 4900 25 USD | 1000 -25 USD", back(33)),
        format!("invoice ACME-B {}: 4000 99 | 4100 1", back(22)),
        "reverse document".to_owned(),
        format!("close-year {year_end} 3100"),
        format!("close {} soft why=done", period(year_end)),
        format!("close {} hard accept why=done", period(year_end - Months::new(3))),
    ] {
        attempt(ledger, &asked).unwrap_or_else(|refused| panic!("{asked}: {refused}"));
    }
}

fn shown(value: Option<String>) -> String {
    let Some(text) = value else { return "-".to_owned() };
    let number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-'));
    // Days are digits and dashes, too; they are no decimals.
    match text.parse::<Decimal>() {
        Ok(decimal) if number => decimal.normalize().to_string(),
        _ => text,
    }
}

fn number(value: Decimal) -> String {
    value.normalize().to_string()
}

fn optional(value: Option<Decimal>) -> String {
    value.map_or_else(|| "-".to_owned(), number)
}

/// As PostgreSQL rounds: away from zero.
fn rounded(value: Decimal, digits: u32) -> Decimal {
    value.round_dp_with_strategy(digits, RoundingStrategy::MidpointAwayFromZero)
}

fn ratio(part: Decimal, whole: Decimal, digits: u32) -> Option<Decimal> {
    (!whole.is_zero()).then(|| rounded(Decimal::ONE_HUNDRED * part / whole, digits))
}

fn sum<K: Ord>(sums: &mut BTreeMap<K, Decimal>, key: K, value: Decimal) {
    *sums.entry(key).or_default() += value;
}

/// The statement of a question, by the words it begins with.
fn question(all: &[Block], begins: &str) -> String {
    all.iter().find(|block| block.says.starts_with(begins)).unwrap_or_else(|| panic!("{begins}")).statement.clone()
}

fn corpus() -> Vec<Block> {
    blocks(include_str!("semantic/legitimate.sql"), "-- question: ")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_questions_of_the_contract_have_the_answers_of_a_plain_fold() {
    let asked = Asked::new().await;
    let (all, facts, today) = (corpus(), &asked.facts, asked.today);
    let ask = async |begins: &str| asked.rows(&question(&all, begins)).await;
    let this_year = |date: NaiveDate| date >= NaiveDate::from_ymd_opt(2026, 1, 1).unwrap() && date <= today;

    let mut lines = BTreeMap::new();
    for line in facts.lines.iter().filter(|line| line.kind().is_profit_and_loss() && this_year(line.date)) {
        sum(&mut lines, (line.kind().as_str(), line.top.clone()), line.natural());
    }
    let expected = lines.into_iter().map(|((kind, top), amount)| vec![kind.into(), top, number(amount), "USD".into()]).collect();
    asked.same("profit and loss", &ask("profit and loss for 2026").await, expected);

    let mut periods: BTreeMap<String, (Decimal, Decimal)> = BTreeMap::new();
    let first = facts.lines.iter().map(|line| line.date).min().unwrap();
    for day in first.iter_days().take_while(|day| *day <= today) {
        periods.entry(period(day)).or_default();
    }
    for line in &facts.lines {
        let (debit, credit) = periods.entry(line.period()).or_default();
        *debit += line.base.max(Decimal::ZERO);
        *credit += (-line.base).max(Decimal::ZERO);
    }
    let of_2026 = periods.into_iter().filter(|(period, _)| ("2026-01".."2026-13").contains(&period.as_str()));
    let expected = of_2026.map(|(period, (debit, credit))| vec![period, number(debit), number(credit), number(debit - credit)]);
    let found = ask("does the trial balance balance").await;
    assert!(found.iter().all(|row| row[3] == "0"));
    asked.same("trial balance", &found, expected.collect());

    let mut customers = BTreeMap::new();
    for line in facts.lines.iter().filter(|line| line.kind() == AccountType::Revenue && line.date.year() == 2026) {
        sum(&mut customers, line.customer.clone().unwrap_or_else(|| "(no customer)".to_owned()), line.natural());
    }
    let total: Decimal = customers.values().sum();
    let expected = customers.into_iter().map(|(name, revenue)| vec![name, number(revenue), optional(ratio(revenue, total, 2))]);
    asked.same("customers", &ask("top 10 customers").await, expected.collect());

    let mut aging: BTreeMap<&str, (i64, Decimal)> = BTreeMap::new();
    for item in facts.owed(true) {
        let bucket = aging.entry(item.bucket(today)).or_default();
        *bucket = (bucket.0 + 1, bucket.1 + item.open_base);
    }
    let found = ask("AR aging").await;
    assert!(aging.len() > 3, "the company has invoices of every age: {aging:?}");
    let order: Vec<&str> = found.iter().map(|row| row[0].as_str()).collect();
    assert!(
        ["current", "1-30", "31-60", "61-90", "91+"].iter().filter(|bucket| aging.contains_key(**bucket)).eq(order.iter()),
        "{order:?}"
    );
    let expected = aging.into_iter().map(|(bucket, (count, open))| vec![bucket.into(), count.to_string(), number(open), "USD".into()]);
    asked.same("aging", &found, expected.collect());

    let open: Decimal = facts.owed(true).iter().map(|item| item.open_base).sum();
    let recent =
        facts.lines.iter().filter(|line| line.kind() == AccountType::Revenue && line.date > today - Days::new(90) && line.date <= today);
    let recent: Decimal = recent.map(naive::Line::natural).sum();
    asked.same("DSO", &ask("DSO for").await, vec![vec![number(rounded(Decimal::from(90) * open / recent, 1))]]);

    asked.same("discounts", &ask("early-payment discounts").await, Table::new());

    let mut balance = Decimal::ZERO;
    let cash = |day| facts.lines.iter().filter(move |line| line.is_cash && line.date == day).map(|line| line.base).sum::<Decimal>();
    let expected = (today - Days::new(30)).iter_days().take(31).map(|day| {
        balance += cash(day);
        vec![day.to_string(), number(balance)]
    });
    asked.same("bank balance", &ask("daily bank balance").await, expected.collect());

    let mut exposure: BTreeMap<String, (Decimal, Decimal)> = BTreeMap::new();
    for item in facts.owed(true).into_iter().chain(facts.owed(false)) {
        let sums = exposure.entry(item.currency.clone()).or_default();
        *sums = (sums.0 + item.open, sums.1 + item.open_base);
    }
    assert_eq!(exposure.len(), 3, "three currencies");
    let expected = exposure.into_iter().map(|(currency, (txn, base))| vec![currency, number(txn), number(base)]);
    asked.same("exposure", &ask("exposure by currency").await, expected.collect());

    let mut departments: BTreeMap<String, [Option<Decimal>; 2]> = BTreeMap::new();
    for line in facts.lines.iter().filter(|line| line.kind() == AccountType::Expense) {
        let sums = departments.entry(line.tag("department").unwrap_or("-").to_owned()).or_default();
        let quarter =
            (7..=9).contains(&line.date.month()).then(|| [2026, 2025].iter().position(|year| *year == line.date.year())).flatten();
        if let Some(index) = quarter {
            sums[index] = Some(sums[index].unwrap_or_default() + line.natural());
        }
    }
    let expected = departments.into_iter().map(|(name, [now, before])| vec![name, optional(now), optional(before)]);
    asked.same("departments", &ask("expenses by department").await, expected.collect());

    // Who approved and drafted what is held against random histories where approvals are tested; this is what happened here.
    let own = facts.lines.iter().find(|line| line.base == Decimal::from(1500) && line.account.code == "6000").unwrap();
    let expected = vec![own.seq.to_string(), "user:tester".into(), "user:tester".into()];
    asked.same("four eyes", &ask("entries whose approver").await, vec![expected]);
    let of_agents = ["BOT", "2", "50", "0.7", "0.3"].map(str::to_owned).to_vec();
    asked.same("drafts of agents", &ask("AI-drafted entries").await, vec![of_agents]);
    let overdue = ["majority", "0", "1", "6000", "2026-01-01 00:01:00+00"].map(str::to_owned).to_vec();
    asked.same("approvals overdue", &ask("approvals overdue").await, vec![overdue]);

    let bills = facts.owed(false);
    let mut expected = Table::new();
    for a in &bills {
        for b in &bills {
            let alike = (&a.party, &a.currency, a.open) == (&b.party, &b.currency, b.open) && a.document < b.document;
            if alike && (a.date - b.date).num_days().abs() <= 7 {
                expected.push(vec![a.party.clone(), a.document.clone(), b.document.clone(), number(-a.open), a.currency.clone()]);
            }
        }
    }
    assert!(!expected.is_empty(), "the company has a bill twice");
    asked.same("duplicates", &ask("possible duplicate").await, expected);

    let mut quarters: BTreeMap<(i32, u32), (Decimal, Decimal)> = BTreeMap::new();
    for line in &facts.lines {
        let sums = quarters.entry((line.date.year(), line.date.month0() / 3 + 1)).or_default();
        sums.0 += if line.kind() == AccountType::Revenue { line.natural() } else { Decimal::ZERO };
        sums.1 += if line.account.sub_type == SubType::CostOfSales { line.natural() } else { Decimal::ZERO };
    }
    let expected = quarters.into_iter().map(|((year, quarter), (revenue, cost))| {
        vec![year.to_string(), quarter.to_string(), number(revenue), number(cost), optional(ratio(revenue - cost, revenue, 1))]
    });
    asked.same("gross margin", &ask("gross margin by quarter").await, expected.collect());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_legitimate_question_is_answered() {
    let asked = Asked::new().await;
    let all = corpus();
    assert!(all.len() >= 100);
    let mut empty = Vec::new();
    for block in &all {
        if asked.rows(&block.statement).await.is_empty() {
            empty.push(block.says.as_str());
        }
    }
    println!("without rows: {empty:#?}");
    assert!(empty.len() < 25, "questions should find something: {empty:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_view_shows_what_a_plain_fold_gives() {
    let asked = Asked::new().await;
    let (facts, today, ledger) = (&asked.facts, asked.today, &asked.books.ledger);

    let found = asked.rows("SELECT entry_id, effective_date, account_code, statement_line, currency, net_txn, debit_base - credit_base, natural_base, coalesce(department, 'none') FROM v_gl_fact").await;
    let expected = facts.lines.iter().map(|line| {
        let department = line.tag("department").unwrap_or("none").to_owned();
        let (date, code) = (line.date.to_string(), line.account.code.to_string());
        vec![
            line.seq.to_string(),
            date,
            code,
            line.top.clone(),
            line.currency.clone(),
            number(line.net),
            number(line.base),
            number(line.natural()),
            department,
        ]
    });
    asked.same("lines", &found, expected.collect());

    for (receivable, sql) in [
        (
            true,
            "SELECT invoice_no, customer_id, issue_date, due_date, days_overdue, aging_bucket, currency, original_txn, open_txn, original_base, open_base, last_payment_date FROM v_ar_open",
        ),
        (
            false,
            "SELECT bill_no, vendor_id, issue_date, due_date, days_overdue, aging_bucket, currency, open_txn, open_base FROM v_ap_open",
        ),
    ] {
        let sign = if receivable { Decimal::ONE } else { -Decimal::ONE };
        let expected = facts.owed(receivable).into_iter().map(|item| {
            let amounts =
                if receivable { vec![item.amount, item.open, item.base, item.open_base] } else { vec![item.open, item.open_base] };
            let mut row = vec![item.document.clone(), item.party.clone(), item.date.to_string(), item.due.to_string()];
            row.extend([item.overdue(today).to_string(), item.bucket(today).to_owned(), item.currency.clone()]);
            row.extend(amounts.into_iter().map(|amount| number(sign * amount)));
            if receivable {
                row.push(item.last_payment().map_or("-".to_owned(), |date| date.to_string()));
            }
            row
        });
        asked.same(sql, &asked.rows(sql).await, expected.collect());
    }

    let mut revenue: BTreeMap<(String, String), (Decimal, Decimal, u64)> = BTreeMap::new();
    for line in facts.lines.iter().filter(|line| line.kind() == AccountType::Revenue && !line.closing) {
        let sums = revenue.entry((line.period(), line.customer.clone().unwrap_or_else(|| "-".to_owned()))).or_default();
        sums.0 += line.natural();
        sums.1 -= if line.document == Some(DocumentKind::CreditNote) { line.natural() } else { Decimal::ZERO };
    }
    for (customer, period) in facts.invoices.values() {
        revenue.entry((period.clone(), customer.clone())).or_default().2 += 1;
    }
    let expected = revenue.into_iter().map(|((period, customer), (net, credited, invoices))| {
        vec![period, customer, number(net + credited), number(credited), number(net), invoices.to_string()]
    });
    let found = asked
        .rows("SELECT period, customer_id, revenue_base, credit_note_base, net_revenue_base, invoice_count FROM v_revenue_by_customer")
        .await;
    asked.same("revenue by customer", &found, expected.collect());

    let expected = ledger.book.accounts().iter().map(|account| {
        let parent = account.parent.map_or("-".to_owned(), |no| ledger.book.account(no).unwrap().code.to_string());
        let side = if account.kind.is_debit_normal() { "debit" } else { "credit" };
        vec![
            account.code.to_string(),
            account.name.to_string(),
            account.kind.as_str().into(),
            side.into(),
            parent,
            account.contra.to_string(),
        ]
    });
    asked.same(
        "accounts",
        &asked.rows("SELECT account_code, account_name, account_type, normal_side, parent_code, is_contra FROM v_account").await,
        expected.collect(),
    );

    let mut balances: BTreeMap<String, Decimal> = BTreeMap::new();
    facts.lines.iter().for_each(|line| sum(&mut balances, line.account.code.to_string(), line.base));
    let expected = balances.into_iter().map(|(code, balance)| vec![code, number(balance)]);
    let last = "SELECT account_code, closing_base FROM v_trial_balance WHERE period = (SELECT max(period) FROM v_trial_balance)";
    asked.same("closing balances", &asked.rows(last).await, expected.collect());
    assert_eq!(
        asked
            .rows(
                "SELECT count(*) FROM v_trial_balance WHERE opening_base + net_base <> closing_base OR debit_base - credit_base <> net_base"
            )
            .await,
        [["0"]]
    );

    // Every entry's cash, account by account; and by activity as the statement of cash flows has it.
    let mut cash: BTreeMap<(String, u64), Decimal> = BTreeMap::new();
    facts.lines.iter().filter(|line| line.is_cash).for_each(|line| sum(&mut cash, (line.account.code.to_string(), line.seq), line.base));
    let expected = cash.into_iter().map(|((code, seq), base)| vec![code, seq.to_string(), number(base)]);
    let found = asked.rows("SELECT cash_account_code, split_part(movement_id, '.', 1), sum(net_base) FROM v_cash_flow GROUP BY 1, 2").await;
    asked.same("cash by entry", &found, expected.collect());
    let query = CashFlowQuery { from: today - Days::new(1000), to: today + Days::new(1), point: Point::Latest };
    let statement = cash_flows(&asked.books.org, &query).await.unwrap();
    let mut sections: BTreeMap<&str, Decimal> = BTreeMap::new();
    for line in statement.direct() {
        if matches!(line.section, Section::Operating | Section::Investing | Section::Financing) {
            sum(&mut sections, line.section.as_str(), decimal_of(line.amount.functional, 2));
        }
    }
    let expected = sections.into_iter().map(|(section, amount)| vec![section.to_owned(), number(amount)]);
    let found = asked
        .rows("SELECT activity, sum(net_base) FROM v_cash_flow WHERE activity IN ('operating', 'investing', 'financing') GROUP BY activity")
        .await;
    asked.same("activities", &found, expected.collect());

    let status = asked.rows("SELECT period, status, closed_at IS NOT NULL FROM v_period WHERE status <> 'open'").await;
    let year_end = NaiveDate::from_ymd_opt(today.year() - 1, 12, 31).unwrap();
    let closed = |date, status: &str| vec![period(date), status.to_owned(), "true".to_owned()];
    asked.same("periods", &status, vec![closed(year_end, "soft-closed"), closed(year_end - Months::new(3), "hard-closed")]);
    assert_eq!(asked.rows("SELECT count(*) FROM v_calendar WHERE day BETWEEN current_date - 30 AND current_date").await, [["31"]]);

    let rates = asked.rows("SELECT currency, rate_date, rate, rate_type FROM v_fx_rate ORDER BY rate_date").await;
    assert!(rates.iter().any(|row| row[0] == "EUR" && row[3] == "closing") && rates.iter().any(|row| row[0] == "JPY"), "{rates:?}");
    assert_eq!(asked.rows("SELECT count(*) FROM v_freshness WHERE lag_events <> 0 OR status <> 'running'").await, [["0"]]);
    let sources = [["manual", "false", "user:tester"], ["ai", "true", "agent:BOT"]].map(|row| row.map(str::to_owned).to_vec()).to_vec();
    asked.same("sources", &asked.rows("SELECT DISTINCT source, is_ai_drafted, created_by FROM v_gl_fact").await, sources);
    assert!(asked.rows("SELECT DISTINCT ai_confidence FROM v_gl_fact WHERE document_type = 'bill'").await.len() > 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_entries_refer_to_equals_history_also_when_it_is_made_anew() {
    let asked = Asked::new().await;
    for _ in 0..2 {
        let found = compare(&asked.books.org, Reference::NAME, |_| ()).await.unwrap();
        assert!(found.is_empty() && found.rows > 50, "{found:?}");
        let projection = ledger_projections::projection::by_name(Reference::NAME).unwrap();
        rebuild(&asked.books.org, &projection, |_| ()).await.unwrap();
    }
    let mut tx = asked.books.org.begin().await.unwrap();
    let org = asked.books.org.org().0;
    for spoil in [
        "UPDATE read.party SET code = 'nobody' WHERE org_id = $1 AND party_no = 1",
        "DELETE FROM read.actor WHERE org_id = $1",
        "UPDATE read.period SET status = 'open' WHERE org_id = $1",
        "UPDATE read.document SET number = 'X' WHERE org_id = $1 AND seq = (SELECT min(seq) FROM read.document WHERE org_id = $1)",
        "UPDATE read.fx_rate SET rate = rate + 1 WHERE org_id = $1 AND date = (SELECT min(date) FROM read.fx_rate WHERE org_id = $1)",
    ] {
        assert!(sqlx::query(spoil).bind(org).execute(&mut *tx).await.unwrap().rows_affected() > 0, "{spoil}");
    }
    tx.commit().await.unwrap();
    let found = compare(&asked.books.org, Reference::NAME, |_| ()).await.unwrap();
    let tables: BTreeSet<&str> = found.first.iter().map(|difference| difference.table).collect();
    assert_eq!(tables, BTreeSet::from(["actor", "document", "fx_rate", "party", "period"]), "{found:?}");
}
