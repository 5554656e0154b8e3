//! Lists over HTTP: what was known when, cursors while others post, filters against a scan of all events.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::serving::Served;

/// Books with a small chart; writes go through the writer, for what is tested is reading.
pub(crate) struct Books {
    pub(crate) served: Served,
    pub(crate) path: String,
    pub(crate) org: ledger_store::OrgId,
}

impl Books {
    pub(crate) async fn begin() -> Self {
        let served = Served::start().await;
        let path = served.org("acme").await;
        let org = served.running.app.store.organization("acme").await.unwrap().unwrap().org;
        let books = Self { served, path, org };
        for (code, kind) in [("1000", "asset"), ("4000", "revenue"), ("5000", "expense"), ("5100", "expense")] {
            let parent = (code == "5100").then(|| ledger_core::AccountRef::from("5000"));
            let open = ledger_core::command::OpenAccount::new(code, ledger_core::AccountType::parse(kind).unwrap());
            books.submit(ledger_core::Command::OpenAccount(ledger_core::command::OpenAccount { parent, ..open })).await;
        }
        books
    }

    /// A command; answers the seq of its last event.
    pub(crate) async fn submit(&self, command: ledger_core::Command) -> u64 {
        let request = ledger_store::writer::Request::new(command, ledger_core::Actor::user("tester"));
        self.served.running.app.ledger.submit(self.org, request).await.unwrap().last_seq()
    }

    /// An entry over two accounts; answers its seq.
    pub(crate) async fn post(&self, date: &str, debit: &str, credit: &str, amount: &str) -> u64 {
        self.submit(ledger_core::Command::PostEntry(draft(date, debit, credit, amount))).await
    }

    /// What is at a path below the organization's, where that is an answer.
    #[track_caller]
    pub(crate) fn get(&self, path: &str) -> impl Future<Output = Value> {
        let path = format!("{}{path}", self.path);
        async move { self.served.get(&path).await.expect(200) }
    }

    pub(crate) async fn refused(&self, path: &str) -> (u16, String) {
        self.served.get(&format!("{}{path}", self.path)).await.problem()
    }

    /// Every element of a list, page by page.
    pub(crate) async fn all(&self, path: &str) -> Vec<Value> {
        let (mut all, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let next = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
            let page = self.get(&format!("{path}{next}")).await;
            all.extend(page["data"].as_array().unwrap().iter().cloned());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = Some(next.to_owned()),
                None => return all,
            }
        }
    }
}

pub(crate) fn draft(date: &str, debit: &str, credit: &str, amount: &str) -> ledger_core::DraftEntry {
    let amount: rust_decimal::Decimal = amount.parse().unwrap();
    let lines = vec![ledger_core::DraftLine::new(debit, amount, "USD"), ledger_core::DraftLine::new(credit, -amount, "USD")];
    ledger_core::DraftEntry::new(date.parse().unwrap(), format!("{debit} from {credit}").as_str(), lines)
}

fn seqs(entries: &[Value]) -> Vec<u64> {
    entries.iter().map(|entry| entry["seq"].as_u64().unwrap()).collect()
}

/// Posted, backdated and corrected: what each day held, as known at each moment.
#[tokio::test(flavor = "multi_thread")]
async fn what_counts_when_and_what_was_known_when() {
    let books = Books::begin().await;
    let posted = books.post("2026-01-10", "1000", "4000", "100.00").await;
    let backdated = books.post("2026-01-05", "1000", "4000", "30.00").await;
    let reverse = ledger_core::command::ReverseEntry { original: posted, date: None, reason: "wrong amount".into() };
    let replacement = draft("2026-01-12", "1000", "4000", "110.00");
    let correct = ledger_core::command::CorrectEntry { reverse, replacement };
    let corrected = books.submit(ledger_core::Command::CorrectEntry(Box::new(correct))).await;
    let moment = |entry: &Value| entry["recorded_at"].as_str().unwrap().to_owned();
    let (first, second) =
        (moment(&books.get(&format!("/entries/{posted}")).await), moment(&books.get(&format!("/entries/{backdated}")).await));
    // as_of across, known_at down.
    let days = ["2026-01-04", "2026-01-05", "2026-01-09", "2026-01-10", "2026-01-11", "2026-01-12", "2026-12-31"];
    let table = [
        (format!("at_seq={}", posted - 1), ["-", "-", "-", "-", "-", "-", "-"]),
        (format!("at_seq={posted}"), ["-", "-", "-", "100.00", "100.00", "100.00", "100.00"]),
        (format!("known_at={first}"), ["-", "-", "-", "100.00", "100.00", "100.00", "100.00"]),
        (format!("at_seq={backdated}"), ["-", "30.00", "30.00", "130.00", "130.00", "130.00", "130.00"]),
        (format!("known_at={second}"), ["-", "30.00", "30.00", "130.00", "130.00", "130.00", "130.00"]),
        (format!("min_seq={corrected}"), ["-", "30.00", "30.00", "30.00", "30.00", "140.00", "140.00"]),
    ];
    for (known, row) in table {
        for (as_of, expected) in days.iter().zip(row) {
            let account = books.get(&format!("/accounts/1000?as_of={as_of}&{known}")).await;
            let found = account["balances"][0]["balance"].as_str().unwrap_or("-");
            assert_eq!(found, expected, "as of {as_of}, {known}");
        }
    }
    // Entries as known: reversed only where that had happened.
    let then = books.get(&format!("/entries?at_seq={backdated}")).await;
    assert_eq!(seqs(then["data"].as_array().unwrap()), [posted, backdated]);
    assert!(then["data"][0]["reversed_by"].is_null());
    let now = books.get(&format!("/entries/{posted}")).await;
    assert_eq!((now["reversed_by"].as_u64(), now["corrected_by"].as_u64()), (Some(corrected - 1), Some(corrected)));
    assert!(books.get(&format!("/entries/{posted}?at_seq={backdated}")).await["reversed_by"].is_null());
    assert_eq!(books.refused(&format!("/entries/{corrected}?at_seq={backdated}")).await.0, 404);
    // The list and the single entry say the same.
    for entry in books.all(&format!("/entries?min_seq={corrected}")).await {
        let single = books.get(&format!("/entries/{}", entry["seq"])).await;
        for (name, value) in entry.as_object().unwrap() {
            assert_eq!(single[name], *value, "{name} of {}", entry["seq"]);
        }
    }
}

/// Somebody posts all the time, before and behind what is being read: every entry of the first page's moment comes once.
#[tokio::test(flavor = "multi_thread")]
async fn cursors_neither_skip_nor_repeat_while_entries_are_posted() {
    let books = Books::begin().await;
    let mut expected = BTreeSet::new();
    let mut last = 0;
    for n in 0..40 {
        last = books.post(&format!("2026-01-{:02}", 1 + n * 7 % 28), "1000", "4000", "1.00").await;
        expected.insert(last);
    }
    let lists = [
        "/entries?limit=7",
        "/entries?limit=7&direction=asc",
        "/entries?limit=7&order_by=recorded_at",
        "/entries?limit=7&order_by=recorded_at&direction=asc&account=1000",
    ];
    for list in lists {
        let posting = async {
            for posted in 0..60 {
                books.post(&format!("2026-01-{:02}", 1 + posted * 11 % 28), "1000", "4000", "2.00").await;
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
            std::future::pending::<()>().await;
        };
        let expected: Vec<u64> = if list == lists[0] { expected.iter().copied().collect() } else { Vec::new() };
        let reading = async {
            let first = books.get(&format!("{list}&min_seq={last}")).await;
            let mut found = seqs(first["data"].as_array().unwrap());
            let held = first["seq"].as_u64().unwrap();
            let mut next = first["next_cursor"].as_str().map(str::to_owned);
            while let Some(cursor) = next {
                let page = books.get(&format!("{list}&min_seq={last}&cursor={cursor}")).await;
                assert_eq!(page["seq"].as_u64(), Some(held));
                found.extend(seqs(page["data"].as_array().unwrap()));
                next = page["next_cursor"].as_str().map(str::to_owned);
            }
            (held, found)
        };
        let (held, found) = tokio::select! {
            read = reading => read,
            () = posting => unreachable!(),
        };
        let distinct: BTreeSet<u64> = found.iter().copied().collect();
        assert_eq!(distinct.len(), found.len(), "{list}: something came twice");
        let at_once: BTreeSet<u64> =
            books.all(&format!("/entries?limit=200&at_seq={held}")).await.iter().map(|entry| entry["seq"].as_u64().unwrap()).collect();
        assert_eq!(distinct, at_once, "{list}: something was skipped");
        assert!(expected.iter().all(|seq| distinct.contains(seq)));
    }
}

/// Every filter of the journal against a scan of all events as they come from `/events`.
#[tokio::test(flavor = "multi_thread")]
async fn filters_find_what_a_scan_of_all_events_finds() {
    let books = Books::begin().await;
    let accounts = ["1000", "4000", "5000", "5100"];
    let mut last = 0;
    for n in 0..60_usize {
        let (debit, credit) = (accounts[n % 4], accounts[(n * 3 + 1) % 4]);
        if debit == credit {
            continue;
        }
        let mut entry = draft(&format!("2026-{:02}-{:02}", 1 + n % 3, 1 + n % 28), debit, credit, &format!("{}.50", n % 9));
        if n % 3 == 0 {
            entry.tags = vec![("project".into(), if n % 2 == 0 { "north" } else { "south" }.into())];
        }
        if n % 5 == 0 {
            let detail = ledger_core::draft::DraftDetail {
                party: Some("C-1".into()),
                document: Some(format!("D-{n}").as_str().into()),
                memo: Some("A Note".into()),
                ..Default::default()
            };
            entry.lines[0].detail = Some(Box::new(detail));
        }
        last = books.submit(ledger_core::Command::PostEntry(entry)).await;
    }
    let events = books.get("/events?limit=200").await;
    let entries: Vec<Value> = events["data"].as_array().unwrap().iter().filter(|event| event["type"] == "EntryPosted").cloned().collect();
    assert!(entries.len() > 30);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let any_line = |event: &Value, test: &dyn Fn(&Value) -> bool| event["body"]["lines"].as_array().unwrap().iter().any(test);
    let number = |line: &Value| line["amount"].as_str().unwrap().trim_start_matches('-').parse::<rust_decimal::Decimal>().unwrap();
    type Test<'a> = Box<dyn Fn(&Value) -> bool + 'a>;
    let filters: Vec<(&str, Test<'_>)> = vec![
        ("account=1000", Box::new(|e| any_line(e, &|line| line["account"] == "1000"))),
        ("account=5000", Box::new(|e| any_line(e, &|line| line["account"] == "5000"))),
        ("account=5000&below=true", Box::new(|e| any_line(e, &|line| text(&line["account"]).starts_with('5')))),
        (
            "from=2026-01-10&to=2026-02-20",
            Box::new(|e| ("2026-01-10".to_owned()..="2026-02-20".to_owned()).contains(&text(&e["effective_date"]))),
        ),
        ("as_of=2026-01-15", Box::new(|e| text(&e["effective_date"]).as_str() <= "2026-01-15")),
        ("amount=4.50", Box::new(|e| any_line(e, &|line| number(line) == "4.5".parse().unwrap()))),
        (
            "amount_min=5&amount_max=7.50",
            Box::new(|e| any_line(e, &|line| number(line) >= "5".parse().unwrap() && number(line) <= "7.5".parse().unwrap())),
        ),
        ("currency=EUR", Box::new(|_| false)),
        ("party=C-1", Box::new(|e| any_line(e, &|line| line["party"] == "C-1"))),
        ("party=C-1&account=1000", Box::new(|e| any_line(e, &|line| line["party"] == "C-1" && line["account"] == "1000"))),
        ("document=D-15", Box::new(|e| any_line(e, &|line| line["document"] == "D-15"))),
        ("tag=project%3Dnorth", Box::new(|e| e["body"]["tags"] == json!([["project", "north"]]))),
        (
            "tag=project=south&account=4000",
            Box::new(|e| e["body"]["tags"] == json!([["project", "south"]]) && any_line(e, &|line| line["account"] == "4000")),
        ),
        ("text=a%20NOTE", Box::new(|e| any_line(e, &|line| line["memo"] == "A Note"))),
        ("text=FROM%205100", Box::new(|e| text(&e["body"]["description"]).ends_with("from 5100"))),
        ("kind=ordinary", Box::new(|_| true)),
        ("kind=reversal", Box::new(|_| false)),
    ];
    for (filter, test) in &filters {
        let expected: BTreeSet<u64> = entries.iter().filter(|event| test(event)).map(|event| event["seq"].as_u64().unwrap()).collect();
        for order in ["", "&order_by=recorded_at&direction=asc"] {
            let found = books.all(&format!("/entries?{filter}{order}&limit=7&min_seq={last}")).await;
            assert_eq!(found.len(), expected.len(), "{filter}");
            assert_eq!(found.iter().map(|entry| entry["seq"].as_u64().unwrap()).collect::<BTreeSet<_>>(), expected, "{filter}");
        }
    }
    let moments: BTreeMap<u64, String> =
        entries.iter().map(|event| (event["seq"].as_u64().unwrap(), text(&event["recorded_at"]))).collect();
    let (from, to) = (&moments.values().nth(10).unwrap(), &moments.values().nth(20).unwrap());
    let found = books.all(&format!("/entries?recorded_from={from}&recorded_to={to}&limit=7&min_seq={last}")).await;
    assert_eq!(found.len(), moments.values().filter(|moment| from <= moment && moment <= to).count());
}

/// What is not understood is refused, never ignored.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_understood_is_refused() {
    let books = Books::begin().await;
    let mut last = 0;
    for _ in 0..4 {
        last = books.post("2026-01-10", "1000", "4000", "100.00").await;
    }
    let cursor = books.get(&format!("/entries?limit=1&min_seq={last}")).await["next_cursor"].as_str().unwrap().to_owned();
    let beyond = last + 1_000_000;
    let cases = [
        ("/entries?colour=red".to_owned(), 400, "PARAMETER_INVALID"),
        ("/entries?limit=0".to_owned(), 400, "PARAMETER_INVALID"),
        ("/entries?limit=201".to_owned(), 400, "PARAMETER_INVALID"),
        ("/entries?limit=ten".to_owned(), 400, "PARAMETER_INVALID"),
        ("/entries?from=2026-02-30".to_owned(), 400, "PARAMETER_INVALID"),
        ("/entries?amount=1e3".to_owned(), 400, "PARAMETER_INVALID"),
        ("/entries?amount=-5".to_owned(), 400, "PARAMETER_INVALID"),
        ("/entries?amount=1&amount_min=1".to_owned(), 400, "PARAMETER_INVALID"),
        ("/entries?account=9999".to_owned(), 400, "PARAMETER_INVALID"),
        ("/entries?below=true".to_owned(), 400, "PARAMETER_INVALID"),
        ("/entries?tag=project".to_owned(), 400, "PARAMETER_INVALID"),
        ("/entries?kind=odd".to_owned(), 400, "PARAMETER_INVALID"),
        ("/entries?known_at=yesterday".to_owned(), 400, "PARAMETER_INVALID"),
        ("/entries?known_at=2026-01-01&at_seq=1".to_owned(), 400, "PARAMETER_INVALID"),
        (format!("/entries?at_seq={beyond}"), 400, "BEYOND_END"),
        (format!("/entries?min_seq={beyond}"), 400, "BEYOND_END"),
        ("/entries?limit=1&account=1000&cursor=".to_owned() + &cursor, 400, "CURSOR_INVALID"),
        (format!("/entries?limit=1&at_seq={last}&cursor={cursor}"), 400, "CURSOR_INVALID"),
        ("/entries?cursor=xyz".to_owned(), 400, "CURSOR_INVALID"),
        ("/accounts?cursor=".to_owned() + &cursor, 400, "CURSOR_INVALID"),
        ("/accounts?under=9999".to_owned(), 400, "PARAMETER_INVALID"),
        ("/accounts/9999".to_owned(), 404, "NOT_FOUND"),
        ("/accounts/%FF".to_owned(), 400, "PATH_INVALID"),
        ("/accounts/%00".to_owned(), 400, "PATH_INVALID"),
        ("/entries?text=%00".to_owned(), 400, "PARAMETER_INVALID"),
        ("/entries?party=a%00b".to_owned(), 400, "PARAMETER_INVALID"),
        ("/entries/0".to_owned(), 404, "NOT_FOUND"),
        ("/entries/1".to_owned(), 404, "NOT_FOUND"),
        ("/entries/abc".to_owned(), 400, "PATH_INVALID"),
        ("/entries/99999999999999999999".to_owned(), 400, "PATH_INVALID"),
        (format!("/entries/{beyond}"), 404, "NOT_FOUND"),
        ("/events?after=-1".to_owned(), 400, "PARAMETER_INVALID"),
        (format!("/events/{beyond}/proof"), 404, "NOT_FOUND"),
        (format!("/events/stream?after={beyond}"), 400, "BEYOND_END"),
        ("/head?at_seq=1".to_owned(), 400, "PARAMETER_INVALID"),
    ];
    for (path, status, code) in cases {
        assert_eq!(books.refused(&path).await, (status, code.to_owned()), "{path}");
    }
    // A cursor goes on with another size of page.
    assert_eq!(books.get(&format!("/entries?limit=200&min_seq={last}&cursor={cursor}")).await["data"].as_array().unwrap().len(), 3);
}

/// Accounts are listed with what they hold; the chart is a tree, and codes may be anything that a path can carry.
#[tokio::test(flavor = "multi_thread")]
async fn accounts_are_listed_with_their_balances() {
    let books = Books::begin().await;
    let odd = ledger_core::command::OpenAccount::new("Assets:Bank/Giro 1", ledger_core::AccountType::Asset);
    books.submit(ledger_core::Command::OpenAccount(odd)).await;
    books.post("2026-01-10", "1000", "4000", "100.00").await;
    let last = books.post("2026-01-11", "5100", "1000", "40.00").await;
    let codes = |path: &str| {
        let path = format!("/accounts?limit=2&min_seq={last}{path}");
        let books = &books;
        async move { books.all(&path).await.iter().map(|account| account["code"].as_str().unwrap().to_owned()).collect::<Vec<_>>() }
    };
    assert_eq!(codes("").await, ["1000", "4000", "5000", "5100", "Assets:Bank/Giro 1"]);
    assert_eq!(codes("&type=expense").await, ["5000", "5100"]);
    assert_eq!(codes("&under=5000").await, ["5000", "5100"]);
    assert_eq!(codes("&under=Assets").await, ["Assets:Bank/Giro 1"]);
    assert_eq!(codes("&text=giro").await, ["Assets:Bank/Giro 1"]);
    assert_eq!(codes("&status=closed").await, Vec::<String>::new());
    let bank = books.get("/accounts/1000").await;
    assert_eq!(
        bank["balances"],
        json!([{ "currency": "USD", "debit": "100.00", "credit": "40.00", "balance": "60.00", "functional_balance": "60.00", "lines": 2, "unvalued_lines": 0 }])
    );
    assert_eq!(books.get("/accounts/Assets%3ABank%2FGiro%201").await["code"], "Assets:Bank/Giro 1");
}
