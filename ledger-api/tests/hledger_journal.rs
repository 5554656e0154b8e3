//! What journals of hledger and Ledger mean, case by case. Where the two programs agree with each other or say
//! something surprising, the expected lines are what hledger 1.25 and Ledger 3.3 print.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use ledger_api::import::hledger::{Dialect, Options, read, read_from};
use ledger_api::import::source::{Collected, Item, SourceNotes};
use ledger_core::AccountRef;
use proptest::prelude::*;

use Dialect::{Hledger, Ledger};

fn import_with(text: &[u8], dialect: Dialect, options: &Options) -> (Collected, SourceNotes) {
    let mut sink = Collected::default();
    let notes = read_from(text, "j", dialect, options, &mut sink).unwrap();
    (sink, notes)
}

fn import(text: &str, dialect: Dialect) -> (Collected, SourceNotes) {
    import_with(text.as_bytes(), dialect, &Options { default_year: Some(2026), ..Options::default() })
}

/// `account amount commodity [@ weight]`, entries separated by `--`, refusals behind them.
fn shown(sink: &Collected) -> Vec<String> {
    let mut all = Vec::new();
    for item in &sink.items {
        let Item::Entry(entry) = item else { continue };
        all.push(format!("-- {}", entry.draft.effective_date));
        for line in &entry.draft.lines {
            let AccountRef::Code(account) = &line.account else { panic!("a number") };
            let weight = line.weight.as_ref().map(|w| format!(" @@ {} {}", w.amount.normalize(), w.currency)).unwrap_or_default();
            all.push(format!("{account} {} {}{weight}", line.amount.normalize(), line.currency).trim_end().to_owned());
        }
        if let Some(account) = &entry.draft.rounding_account {
            all.push(format!("rounding: {account}"));
        }
    }
    all.extend(sink.errors.iter().map(|error| format!("! {error}")));
    all
}

fn lines(text: &str, dialect: Dialect) -> Vec<String> {
    shown(&import(text, dialect).0)
}

fn check(cases: &[(&str, &[Dialect], &str, &[&str])]) {
    for (name, dialects, text, want) in cases {
        for dialect in *dialects {
            assert_eq!(lines(text, *dialect), *want, "{name} ({dialect:?})");
        }
    }
}

const BOTH: &[Dialect] = &[Hledger, Ledger];

#[test]
fn amounts() {
    check(&[
        ("symbols", BOTH, "2026-1-2 x\n a  $1.50\n b  $-1.50\n", &["-- 2026-01-02", "a 1.5 $", "b -1.5 $"]),
        ("signs", BOTH, "2026/01/02 x\n a  -$1\n b  $ 1\n", &["-- 2026-01-02", "a -1 $", "b 1 $"]),
        ("right", BOTH, "2026.01.02 x\n a  1EUR\n b\t-1 EUR\n", &["-- 2026-01-02", "a 1 EUR", "b -1 EUR"]),
        ("quoted", BOTH, "1/2 x\n a  3 \"AB 12\"\n b\n", &["-- 2026-01-02", "a 3 AB 12", "b -3 AB 12"]),
        ("bare", BOTH, "1/2 x\n a b c  3\n d\n", &["-- 2026-01-02", "a b c 3", "d -3"]),
        ("zero", BOTH, "1/2 x\n a  0\n b  1 EUR\n c\n", &["-- 2026-01-02", "b 1 EUR", "c -1 EUR"]),
        ("grouped", BOTH, "1/2 x\n a  1,234,567.50 EUR\n b\n", &["-- 2026-01-02", "a 1234567.5 EUR", "b -1234567.5 EUR"]),
        ("comma", BOTH, "1/2 x\n a  1.234,50 EUR\n b\n", &["-- 2026-01-02", "a 1234.5 EUR", "b -1234.5 EUR"]),
        ("one comma", &[Hledger], "1/2 x\n a  1,000 FOO\n b\n", &["-- 2026-01-02", "a 1 FOO", "b -1 FOO"]),
        ("one comma", &[Ledger], "1/2 x\n a  1,000 FOO\n b\n", &["-- 2026-01-02", "a 1000 FOO", "b -1000 FOO"]),
        (
            "learned comma",
            &[Ledger],
            "1/2 x\n a  1,5 EUR\n b\n1/2 x\n a  1.000 EUR\n b\n",
            &["-- 2026-01-02", "a 1.5 EUR", "b -1.5 EUR", "-- 2026-01-02", "a 1000 EUR", "b -1000 EUR"],
        ),
        ("indian", &[Hledger], "1/2 x\n a  ₹12,34,567.89\n b\n", &["-- 2026-01-02", "a 1234567.89 ₹", "b -1234567.89 ₹"]),
        ("spaces", &[Hledger], "1/2 x\n a  1 000 000,5 EUR\n b\n", &["-- 2026-01-02", "a 1000000.5 EUR", "b -1000000.5 EUR"]),
        ("exponent", &[Hledger], "1/2 x\n a  1E3 EUR\n b  -1.0e3 EUR\n", &["-- 2026-01-02", "a 1000 EUR", "b -1000 EUR"]),
        ("decimal-mark", &[Hledger], "decimal-mark ,\n1/2 x\n a  1.000 EUR\n b\n", &["-- 2026-01-02", "a 1000 EUR", "b -1000 EUR"]),
        ("commodity", &[Hledger], "commodity 1.000,00 EUR\n1/2 x\n a  1.000 EUR\n b\n", &["-- 2026-01-02", "a 1000 EUR", "b -1000 EUR"]),
        ("default", &[Hledger], "D $1,000.00\n1/2 x\n a  1,000\n b\n", &["-- 2026-01-02", "a 1000 $", "b -1000 $"]),
        ("default is no default in Ledger", &[Ledger], "D $1,000.00\n1/2 x\n a  1\n b\n", &["-- 2026-01-02", "a 1", "b -1"]),
    ]);
    check(&[
        (
            "arithmetic",
            &[Ledger],
            "1/2 x\n a  (10 EUR * 3 + 2 EUR)\n b  (-32 EUR / 4)\n c  (-(24 EUR))\n",
            &["-- 2026-01-02", "a 32 EUR", "b -8 EUR", "c -24 EUR"],
        ),
        (
            "no end",
            &[Ledger],
            "1/2 x\n a  (10 EUR / 3)\n b\n",
            &["! j:2:5: an expression whose value has no end or too many digits, found `(10 EUR / 3)`; write the amount as a number"],
        ),
        (
            "a function",
            &[Ledger],
            "1/2 x\n a  (market(1 EUR))\n b\n",
            &[
                "! j:2:6: an expression that is more than numbers, + - * / and parentheses, found `market(1 EUR))`; write the amount as a number",
            ],
        ),
        (
            "two kinds",
            &[Ledger],
            "1/2 x\n a  (1 EUR + 1 USD)\n b\n",
            &["! j:2:12: a sum of two commodities is no amount, found `+ 1 USD`; write one posting for each commodity"],
        ),
    ]);
}

#[test]
fn inference() {
    check(&[
        ("one left out", BOTH, "1/2 x\n a  1 EUR\n b  2 EUR\n c\n", &["-- 2026-01-02", "a 1 EUR", "b 2 EUR", "c -3 EUR"]),
        ("two commodities", BOTH, "1/2 x\n a  1 EUR\n c\n b  2 USD\n", &["-- 2026-01-02", "a 1 EUR", "c -1 EUR", "c -2 USD", "b 2 USD"]),
        ("priced", BOTH, "1/2 x\n a  50 AAPL @ $30.125\n c\n", &["-- 2026-01-02", "a 50 AAPL @@ 1506.25 $", "c -1506.25 $"]),
        ("total", BOTH, "1/2 x\n a  -3 AAPL @@ $10\n c\n", &["-- 2026-01-02", "a -3 AAPL @@ -10 $", "c 10 $"]),
        ("virtual cost", BOTH, "1/2 x\n a  3 AAPL (@) $10\n c\n", &["-- 2026-01-02", "a 3 AAPL @@ 30 $", "c -30 $"]),
        ("exchange", BOTH, "1/2 x\n a  -10 EUR\n b  $12\n", &["-- 2026-01-02", "a -10 EUR @@ -12 $", "b 12 $"]),
        (
            "split exchange",
            BOTH,
            "1/2 x\n a  1 EUR\n b  2 EUR\n c  $-10\n",
            &["-- 2026-01-02", "a 1 EUR @@ 3.33 $", "b 2 EUR @@ 6.67 $", "c -10 $"],
        ),
        (
            "same sign",
            BOTH,
            "1/2 x\n a  1 EUR\n b  2 USD\n",
            &[
                "! j:1:1: the entry does not balance: its postings sum to 1 EUR and 2 USD instead of zero, found `1/2 x`; correct an amount, or leave one out to have it inferred",
            ],
        ),
        (
            "two left out",
            BOTH,
            "1/2 x\n a  1 EUR\n b\n c\n",
            &["! j:4:2: a second posting without an amount; only one can be inferred, found `c`; write the amount of all postings but one"],
        ),
        (
            "off",
            BOTH,
            "1/2 x\n a  1 EUR\n b  -0.99 EUR\n",
            &[
                "! j:1:1: the entry does not balance: its postings sum to 0.01 EUR instead of zero, found `1/2 x`; correct an amount, or leave one out to have it inferred",
            ],
        ),
        (
            "rounded",
            BOTH,
            "1/2 x\n a  3 AAPL @ $3.335\n b  $-10.01\n",
            &["-- 2026-01-02", "a 3 AAPL @@ 10 $", "b -10.01 $", "rounding: Equity:Rounding"],
        ),
        (
            "beyond rounding",
            BOTH,
            "1/2 x\n a  3 AAPL @ $3.335\n b  $-10.02\n",
            &[
                "! j:1:1: the entry does not balance: its postings sum to -0.02 $ instead of zero, found `1/2 x`; correct an amount or price; where the difference comes from rounding, state the digits, as in --commodity '$=2'",
            ],
        ),
        (
            "hledger ignores costs in braces",
            &[Hledger],
            "1/2 x\n a  -5 AAPL {$30} [2020-01-01] @ $35\n b\n",
            &["-- 2026-01-02", "a -5 AAPL @@ -175 $", "b 175 $"],
        ),
        (
            "Ledger weighs by them",
            &[Ledger],
            "1/2 x\n a  -5 AAPL {$30} [2020/01/01] (n) @ $35\n b\n",
            &["-- 2026-01-02", "a -5 AAPL @@ -150 $", "b 150 $"],
        ),
        ("total cost", &[Ledger], "1/2 x\n a  5 AAPL {{$30}}\n b\n", &["-- 2026-01-02", "a 5 AAPL @@ 30 $", "b -30 $"]),
        ("fixed cost", &[Ledger], "1/2 x\n a  5 AAPL {=$30} @ $31\n b\n", &["-- 2026-01-02", "a 5 AAPL @@ 150 $", "b -150 $"]),
        (
            "cost in another commodity",
            &[Ledger],
            "1/2 x\n a  -5 AAPL {30 EUR} @ $35\n b\n",
            &["-- 2026-01-02", "a -5 AAPL @@ -175 $", "b 175 $"],
        ),
        ("bucket", &[Ledger], "bucket Assets:Cash\n1/2 x\n a  5 EUR\n", &["-- 2026-01-02", "a 5 EUR", "Assets:Cash -5 EUR"]),
    ]);
}

#[test]
fn assertions_and_assignments() {
    check(&[
        (
            "holds",
            BOTH,
            "1/2 x\n a  1 EUR = 1 EUR\n b\n1/3 y\n a  1 EUR = 2 EUR\n b  = -2 EUR\n",
            &["-- 2026-01-02", "a 1 EUR", "b -1 EUR", "-- 2026-01-03", "a 1 EUR", "b -1 EUR"],
        ),
        (
            "fails",
            BOTH,
            "1/2 x\n a  1 EUR = 1.50 EUR\n b\n",
            &[
                "! j:2:11: the balance of a is not as asserted: expected 1.5 EUR, the postings make 1 EUR, a difference of -0.5 EUR, found `= 1.50 EUR`; correct the posting or the asserted balance",
            ],
        ),
        (
            "hledger sorts",
            &[Hledger],
            "1/5 later\n a  1 EUR = 3 EUR\n b\n1/2 earlier\n a  2 EUR = 2 EUR\n b\n",
            &["-- 2026-01-02", "a 2 EUR", "b -2 EUR", "-- 2026-01-05", "a 1 EUR", "b -1 EUR"],
        ),
        (
            "Ledger does not",
            &[Ledger],
            "1/5 later\n a  1 EUR = 1 EUR\n b\n1/2 earlier\n a  2 EUR = 3 EUR\n b\n",
            &["-- 2026-01-05", "a 1 EUR", "b -1 EUR", "-- 2026-01-02", "a 2 EUR", "b -2 EUR"],
        ),
        (
            "posting dates order",
            &[Hledger],
            "1/2 x\n a  1 EUR = 3 EUR  ; date:1/9\n b\n1/3 y\n a  2 EUR = 2 EUR\n b\n",
            &["-- 2026-01-02", "a 1 EUR", "b -1 EUR", "-- 2026-01-03", "a 2 EUR", "b -2 EUR"],
        ),
        (
            "other commodities do not matter",
            BOTH,
            "1/2 x\n a  1 EUR\n a  1 USD = 1 USD\n b\n",
            &["-- 2026-01-02", "a 1 EUR", "a 1 USD", "b -1 EUR", "b -1 USD"],
        ),
        (
            "unless asked",
            &[Hledger],
            "1/2 x\n a  1 EUR\n a  1 USD == 1 USD\n b\n",
            &[
                "! j:3:11: the balance of a is not as asserted: expected 0 EUR, the postings make 1 EUR, a difference of 1 EUR, found `== 1 USD`; correct the posting or the asserted balance",
            ],
        ),
        (
            "below",
            &[Hledger],
            "1/2 x\n a:b  1 EUR\n a  1 EUR =* 2 EUR\n aa  1 EUR\n b\n",
            &["-- 2026-01-02", "a:b 1 EUR", "a 1 EUR", "aa 1 EUR", "b -3 EUR"],
        ),
        (
            "assigned",
            BOTH,
            "1/2 x\n a  10 EUR\n b\n1/3 y\n a  = 25 EUR\n b\n",
            &["-- 2026-01-02", "a 10 EUR", "b -10 EUR", "-- 2026-01-03", "a 15 EUR", "b -15 EUR"],
        ),
        (
            "assigned in all commodities",
            &[Hledger],
            "1/2 x\n a  10 EUR\n a  5 USD\n b\n1/3 y\n a  == 1 USD\n b\n",
            &[
                "-- 2026-01-02",
                "a 10 EUR",
                "a 5 USD",
                "b -10 EUR",
                "b -5 USD",
                "-- 2026-01-03",
                "a -4 USD",
                "a -10 EUR",
                "b 4 USD",
                "b 10 EUR",
            ],
        ),
        (
            "assigned below",
            &[Hledger],
            "1/2 x\n a:b  10 EUR\n b\n1/3 y\n a  ==* 0\n b\n",
            &["-- 2026-01-02", "a:b 10 EUR", "b -10 EUR", "-- 2026-01-03", "a -10 EUR", "b 10 EUR"],
        ),
        ("assigned with a price", &[Hledger], "1/2 x\n a  = 4 AAPL @ $2\n b\n", &["-- 2026-01-02", "a 4 AAPL @@ 8 $", "b -8 $"]),
        (
            "hledger sees no price beside an assignment",
            &[Hledger],
            "1/2 x\n a  10 EUR @ $2\n b  = 5 EUR\n c\n",
            &["-- 2026-01-02", "a 10 EUR", "b 5 EUR", "c -15 EUR"],
        ),
        ("a pure assertion", BOTH, "1/2 x\n a  10 EUR\n b\n1/3 y\n a  0 EUR = 10 EUR\n", &["-- 2026-01-02", "a 10 EUR", "b -10 EUR"]),
        (
            "bare zero is everything in Ledger",
            &[Ledger],
            "1/2 x\n a  10 EUR = 0\n b\n",
            &[
                "! j:2:12: the balance of a is not as asserted: expected 0 EUR, the postings make 10 EUR, a difference of 10 EUR, found `= 0`; correct the posting or the asserted balance",
            ],
        ),
        ("bare zero is bare in hledger", &[Hledger], "1/2 x\n a  10 EUR = 0\n b\n", &["-- 2026-01-02", "a 10 EUR", "b -10 EUR"]),
        (
            "one mistake is told once",
            BOTH,
            "1/2 x\n a  1 EUR = 2 EUR\n b\n1/3 y\n a  1 EUR = 2 EUR\n b\n",
            &[
                "-- 2026-01-03",
                "a 1 EUR",
                "b -1 EUR",
                "! j:2:11: the balance of a is not as asserted: expected 2 EUR, the postings make 1 EUR, a difference of -1 EUR, found `= 2 EUR`; correct the posting or the asserted balance",
            ],
        ),
    ]);
    assert_eq!(import("1/2 x\n a  1 EUR = 1 EUR\n b  = -1 EUR\n", Hledger).1.counts.get("balance assertions checked"), Some(&2));
}

#[test]
fn directives() {
    check(&[
        (
            "years",
            BOTH,
            "Y2010\n1/2 x\n a  1\n b\nyear 2011\n1/2 x\n a  1\n b\napply year 2012\n1/2 x\n a  1\n b\nend apply year\n1/2 x\n a  1\n b\n",
            &[
                "-- 2010-01-02",
                "a 1",
                "b -1",
                "-- 2011-01-02",
                "a 1",
                "b -1",
                "-- 2012-01-02",
                "a 1",
                "b -1",
                "-- 2011-01-02",
                "a 1",
                "b -1",
            ],
        ),
        (
            "prefix",
            BOTH,
            "apply account Top\n1/2 x\n a  1\n b\nend apply account\n1/2 x\n a  1\n b\n",
            &["-- 2026-01-02", "Top:a 1", "Top:b -1", "-- 2026-01-02", "a 1", "b -1"],
        ),
        (
            "aliases, the prefix first",
            &[Hledger],
            "alias b=c\nalias a:b = x\napply account a\n1/2 x\n b:q  1\n bb\nend aliases\n1/2 x\n b  1\n c\n",
            &["-- 2026-01-02", "x:q 1", "a:bb -1", "-- 2026-01-02", "a:b 1", "a:c -1"],
        ),
        (
            "aliases instead of the prefix",
            &[Ledger],
            "alias Ch=Assets:Checking\napply account Top\n1/2 x\n Ch:Sub  1\n A:Cash\n",
            &["-- 2026-01-02", "Assets:Checking:Sub 1", "Top:A:Cash -1"],
        ),
        (
            "comments",
            BOTH,
            "; one\n# two\n* three\ncomment\n1/2 x\n  nonsense\nend comment\n\n  ; indented\n1/2 x ; c\n ; d\n a  1 ; e\n ; f\n b;b  ; g\n",
            &["-- 2026-01-02", "a 1", "b;b -1"],
        ),
        ("ignored", BOTH, "payee X\ntag y\nN $\n~ monthly\n a  1\n b\n", &[]),
        (
            "line ends",
            BOTH,
            "\u{feff}1/2 x\r\n a  1\r\n b\r\n\r\n1/3 y\r\n a  1\r\n b",
            &["-- 2026-01-02", "a 1", "b -1", "-- 2026-01-03", "a 1", "b -1"],
        ),
    ]);
}

#[test]
fn declarations() {
    let text = "commodity $1,000.000\ncommodity JPY 1.\ncommodity h\n  format 1.00 h\n  note hours\nP 2026/1/2 10:00:00 EUR $1.10\nP 2026-1-3 \"A B\" 0.5 EUR\n\
                account Assets:Cash  ; type:C\naccount Equity:Conv\n  ; type: conversion\naccount x:income  ; note, type: R\naccount plain\n";
    let (sink, _) = import(text, Hledger);
    assert!(sink.errors.is_empty(), "{:?}", sink.errors);
    let said: Vec<String> = sink
        .items
        .iter()
        .map(|item| match item {
            Item::Commodity(c) => format!("commodity {} {:?} {}", c.code, c.scale, c.name.as_deref().unwrap_or_default()),
            Item::Account(a) => format!("account {} {:?} {:?}", a.code, a.kind, a.sub_type),
            Item::Rate(r) => format!("rate {} {} {} {} line {}", r.date, r.base, r.rate, r.quote, r.place.line),
            Item::Entry(_) => "entry".to_owned(),
            Item::Party(_) | Item::Control(_) | Item::Document(_) => panic!("a journal names none: {item:?}"),
        })
        .collect();
    assert_eq!(
        said,
        [
            "commodity $ Some(3) ",
            "commodity JPY Some(0) ",
            "commodity h Some(2) hours",
            "rate 2026-01-02 EUR 1.10 $ line 6",
            "rate 2026-01-03 A B 0.5 EUR line 7",
            "account Assets:Cash Some(Asset) Some(Cash)",
            "account Equity:Conv Some(Equity) Some(Conversion)",
            "account x:income Some(Revenue) None",
            "account plain None None",
        ]
    );
}

#[test]
fn what_people_wrote_is_kept() {
    let text = "2026/1/2=1/5 ! (77) Shop | things  ; when:now\n ; a note\n * a  1 EUR @ $2  ; k:v\n b\n ; [2026/1/9]\n";
    let (sink, notes) = import(text, Hledger);
    let Some(Item::Entry(entry)) = sink.items.first() else { panic!("{:?}", sink.errors) };
    assert_eq!(entry.draft.description, "Shop | things");
    let tags = |tags: &[(ledger_core::Text, ledger_core::Text)]| tags.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join(";");
    assert_eq!(tags(&entry.draft.tags), "date2=2026-01-05;status=pending;code=77;payee=Shop;when=now;comment=a note");
    let details: Vec<_> = entry.draft.lines.iter().map(|line| line.detail.as_deref().unwrap()).collect();
    assert_eq!((tags(&details[0].tags).as_str(), tags(&details[1].tags).as_str()), ("status=cleared;k=v", "date=2026-01-09"));
    assert_eq!(details[0].rate.as_ref().map(|rate| (rate.rate.to_string(), rate.quote.to_string())), Some(("2".into(), "$".into())));
    assert_eq!(entry.line_places, [3, 4]);
    assert_eq!(
        notes.counts.into_iter().collect::<Vec<_>>(),
        [("postings with a date of their own, booked on the date of their entry".to_owned(), 1)]
    );
}

#[test]
fn refusals_name_the_place() {
    let virtual_remedy = "leave virtual postings out with --skip-virtual";
    check(&[
        (
            "virtual",
            BOTH,
            "1/2 x\n (a)  1\n",
            &[&format!("! j:2:2: a virtual posting; it has no place in balanced books, found `(a)`; {virtual_remedy}")],
        ),
        (
            "balanced virtual",
            BOTH,
            "1/2 x\n [a]  1\n [b]\n",
            &[&format!("! j:2:2: a virtual posting; it has no place in balanced books, found `[a]`; {virtual_remedy}")],
        ),
        (
            "rule",
            BOTH,
            "= /a/\n (b)  0.1\n1/2 x\n a  1\n b\n",
            &[
                "-- 2026-01-02",
                "a 1",
                "b -1",
                "! j:1:1: an automated rule; its postings cannot be imported, found `= /a/`; leave automated and virtual postings out with --skip-virtual",
            ],
        ),
        (
            "too precise",
            BOTH,
            "1/2 x\n ä  $1.005\n b\n",
            &[
                "! j:2:5: an amount with more digits than the 2 of its commodity; it is not rounded, found `$1.005`; give the commodity more digits with --commodity '$=3', or correct the amount",
            ],
        ),
        (
            "too large",
            BOTH,
            "1/2 x\n a  $12345678901234567890123456\n b\n",
            &["! j:2:5: an amount too large to be kept exactly, found `$12345678901234567890123456`; correct the amount"],
        ),
        (
            "rest",
            BOTH,
            "1/2 x\n a  $1 zzz 5 ; c\n b\n",
            &[
                "! j:2:8: unexpected text after the amount, found `zzz 5`; expected one of `@ price`, `@@ total`, `{cost}`, `= balance` or `; comment`",
            ],
        ),
        (
            "negative price",
            BOTH,
            "1/2 x\n a  1 A @ $-1\n b\n",
            &["! j:2:11: a negative price, found `$-1`; write the price positive; its total takes the sign of the amount"],
        ),
        (
            "stray",
            BOTH,
            "1/2 x\n a  1\n b\n\n c  1\n",
            &[
                "-- 2026-01-02",
                "a 1",
                "b -1",
                "! j:5:2: an indented line that belongs to no entry or directive, found `c  1`; put it under the line that begins its entry, without a blank line between",
            ],
        ),
        (
            "nonsense",
            BOTH,
            "hello world\n",
            &[
                "! j:1:1: neither an entry nor a directive, found `hello world`; expected a date at the beginning of an entry, a directive, or `;` before a comment",
            ],
        ),
        (
            "clock",
            BOTH,
            "i 2026/01/02 10:00:00 a\n",
            &["! j:1:1: a timeclock entry, found `i 2026/01/02 10:00:00 a`; convert it to entries first, for example with `hledger print`"],
        ),
        (
            "regex",
            BOTH,
            "alias /a/=b\n",
            &[
                "! j:1:1: an alias with a regular expression; only plain account names can be replaced, found `alias /a/=b`; write `alias OLD = NEW` with plain account names",
            ],
        ),
        (
            "include",
            BOTH,
            "include nowhere.journal\n",
            &[
                "! j:1:1: the included file nowhere.journal cannot be read: No such file or directory (os error 2), found `include nowhere.journal`; correct the name, or remove the include",
            ],
        ),
    ]);
    let (sink, _) = import_with(b"1/2 x\n a  1\n b\n", Hledger, &Options::default());
    assert_eq!(
        shown(&sink),
        [
            "! j:1:1: a date without a year, and no `Y` directive above it names one, found `1/2`; name the year with --year 2026, or put a line `Y 2026` above"
        ]
    );
    let (sink, _) = import("include /dev/zero\n", Ledger);
    assert!(shown(&sink)[0].contains("cannot be read: it is not a regular file"), "{:?}", shown(&sink));
    let (sink, _) = import_with(b"2026-1-2 caf\xe9\n a  1\n b\n", Hledger, &Options::default());
    assert!(shown(&sink)[0].starts_with("! j:1:13: a byte that is not UTF-8 text"), "{:?}", shown(&sink));
    let (sink, _) = import("2026-1-2 x\n  a  1 EUR\n  b  2 EUR\n\n", Hledger);
    assert_eq!(sink.errors[0].text.as_deref(), Some("2026-1-2 x\n  a  1 EUR\n  b  2 EUR"));
}

#[test]
fn virtual_postings_are_left_out_on_request() {
    let text = "= /a/\n (b)  0.1\n1/1 v\n (a)  5 EUR\n1/2 x\n a  1 EUR = 6 EUR\n [c]  1 EUR\n [d]\n b\n";
    let options = Options { default_year: Some(2026), skip_virtual: true, ..Options::default() };
    let (sink, notes) = import_with(text.as_bytes(), Hledger, &options);
    assert_eq!(shown(&sink), ["-- 2026-01-02", "a 1 EUR", "b -1 EUR"]);
    let counts: Vec<_> = notes.counts.iter().map(|(name, count)| format!("{count} {name}")).collect();
    assert_eq!(
        counts,
        [
            "1 automated rules left out",
            "1 balance assertions checked",
            "1 entries of virtual postings only left out",
            "3 virtual postings left out"
        ]
    );
}

#[test]
fn included_files() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("main.journal", "Y 2020\ninclude sub/*.journal\n1/1 main\n a  1\n b\ninclude loop.journal\ninclude sub/**/*.j\n");
    write("sub/one.journal", "Y 2021\n1/1 one\n a  1\n b\n");
    write("sub/two.journal", "1/1 two\n a  (1)\n b\n");
    write("sub/deep/er/three.j", "2022/1/1 three\n a  1\n b\n");
    write("loop.journal", "include ./main.journal\n");
    let mut sink = Collected::default();
    read(&folder.path().join("main.journal"), Ledger, &Options::default(), &mut sink).unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    assert_eq!(
        shown(&sink),
        [
            "-- 2021-01-01".to_owned(),
            "a 1".into(),
            "b -1".into(),
            "-- 2020-01-01".into(),
            "a 1".into(),
            "b -1".into(),
            "-- 2020-01-01".into(),
            "a 1".into(),
            "b -1".into(),
            "-- 2022-01-01".into(),
            "a 1".into(),
            "b -1".into(),
            format!(
                "! {}:1:1: {} includes itself, found `include ./main.journal`; correct the name, or remove the include",
                at("loop.journal"),
                at("./main.journal")
            ),
        ]
    );
    let places: Vec<String> =
        sink.items.iter().filter_map(|item| if let Item::Entry(e) = item { Some(e.place.to_string()) } else { None }).collect();
    assert_eq!(
        places,
        [
            format!("{}:2", at("sub/one.journal")),
            format!("{}:1", at("sub/two.journal")),
            format!("{}:3", at("main.journal")),
            format!("{}:1", at("sub/deep/er/three.j"))
        ]
    );
}

/// Pieces of journals, well-formed and not, in any order.
fn piece() -> impl Strategy<Value = String> {
    let words = prop::sample::select(vec![
        "2026-01-02",
        "1/2",
        " x\n",
        "\n",
        "\n  ",
        " ",
        "  ",
        "\t",
        "a:b",
        "a",
        "(v)",
        "[w]",
        "$",
        "EUR",
        "\"Q 1\"",
        "\"",
        "1",
        "-1",
        "1,000.00",
        "1.000,5",
        "9999999999999999999999999999",
        "0.00000001",
        "1e5",
        "1E99999",
        "@",
        "@@",
        "{",
        "}}",
        "{=",
        "[",
        "]",
        "(",
        ")",
        "(1 + 2)",
        "=",
        "==*",
        "=*",
        "*",
        "!",
        ";",
        "; k:v, [2026/1/2]",
        ":t:",
        "include *",
        "alias a=b",
        "apply account x\n",
        "end\n",
        "commodity ",
        "format ",
        "D ",
        "P 2026-1-2 ",
        "Y",
        "~",
        "= /x/\n",
        "comment\n",
        "end comment\n",
        "account a ; type:C\n",
        "decimal-mark ,\n",
        "bucket b\n",
        "ß",
        "🐑",
        "\u{a0}",
        "\r\n",
        "+",
        "/",
        "%",
        "|",
        "'",
    ]);
    prop_oneof![8 => words.prop_map(str::to_owned), 1 => "\\PC{0,6}"]
}

proptest! {
    #[test]
    fn nothing_makes_it_panic(pieces in prop::collection::vec(piece(), 0..60), ledger in any::<bool>(), skip in any::<bool>()) {
        let text = pieces.concat();
        let options = Options { default_year: Some(2026), skip_virtual: skip, keep_text: true, refuse_includes: true, ..Options::default() };
        let (sink, _) = import_with(text.as_bytes(), if ledger { Ledger } else { Hledger }, &options);
        for item in &sink.items {
            let Item::Entry(entry) = item else { continue };
            prop_assert_eq!(entry.line_places.len(), entry.draft.lines.len());
            if entry.draft.rounding_account.is_none() {
                let mut sums = std::collections::BTreeMap::new();
                for line in &entry.draft.lines {
                    let (amount, code) = line.weight.as_ref().map_or((line.amount, &line.currency), |w| (w.amount, &w.currency));
                    *sums.entry(code.clone()).or_insert(rust_decimal::Decimal::ZERO) += amount;
                }
                prop_assert!(sums.values().all(rust_decimal::Decimal::is_zero), "{:?}", entry.draft);
            }
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        import_with(&bytes, Hledger, &Options::default());
        import_with(&bytes, Ledger, &Options::default());
    }
}
