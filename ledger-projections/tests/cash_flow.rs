//! The statement of cash flows against a naive model that starts from nothing for every question, over random histories
//! of documents, payments, allocations, revaluations, reversals and closings in three currencies; and single cases in
//! the ledger's own words.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "common/cash.rs"]
mod cash;
#[path = "common/cash_naive.rs"]
mod naive;
#[path = "../../ledger-core/tests/words/mod.rs"]
mod words;

use std::collections::BTreeMap;

use cash::{Books, Dice, history, shown};
use chrono::NaiveDate;
use ledger_core::{AccountNo, CommodityNo, EntryKind, Units};
use ledger_projections::reports::{Amounts, CashFlowLine, CashFlowQuery, Point, Section, What, cash_flows, section_of};
use ledger_projections::{CashFlow, Chart, compare, projection::by_name, rebuild};
use words::{Ledger, check, day};

type Pair = (Units, Units);

fn sums(lines: &[CashFlowLine]) -> BTreeMap<CommodityNo, Pair> {
    let mut sums: BTreeMap<CommodityNo, Pair> = BTreeMap::new();
    for line in lines {
        let sum = sums.entry(line.commodity).or_default();
        *sum = (sum.0 + line.amount.units, sum.1 + line.amount.functional);
    }
    sums.retain(|_, sum| *sum != (0, 0));
    sums
}

fn pairs(amounts: &Amounts) -> BTreeMap<CommodityNo, Pair> {
    amounts.iter().map(|(no, amount)| (*no, (amount.units, amount.functional))).filter(|(_, pair)| *pair != (0, 0)).collect()
}

fn minus(one: &BTreeMap<CommodityNo, Pair>, other: &BTreeMap<CommodityNo, Pair>) -> BTreeMap<CommodityNo, Pair> {
    let mut left = one.clone();
    for (no, pair) in other {
        let sum = left.entry(*no).or_default();
        *sum = (sum.0 - pair.0, sum.1 - pair.1);
    }
    left.retain(|_, sum| *sum != (0, 0));
    left
}

/// Every law for one period as known at one event.
async fn assert_laws(books: &Books, ledger: &Ledger, (from, to): (NaiveDate, NaiveDate), point: Point) {
    let seq = match point {
        Point::AtSeq(seq) => seq,
        _ => u64::try_from(ledger.events.len()).unwrap(),
    };
    let about = format!("from {from} to {to} at {seq}");
    let found = cash_flows(&books.org, &CashFlowQuery { from, to, point }).await.unwrap();
    assert_eq!(found.seq, seq);
    let (opening, closing) = (naive::cash(ledger, seq, from.pred_opt().unwrap()), naive::cash(ledger, seq, to));
    assert_eq!((pairs(&found.opening), pairs(&found.closing)), (opening.clone(), closing.clone()), "cash {about}");
    let change = minus(&closing, &opening);
    let (direct, indirect) = (found.direct(), found.indirect());
    assert_eq!(sums(&direct), change, "direct: Σ sections = closing − opening {about}");
    assert_eq!(sums(&indirect), change, "indirect: Σ sections = closing − opening {about}");
    let exchange = |lines: &[CashFlowLine]| lines.iter().filter(|line| line.section == Section::Exchange).copied().collect::<Vec<_>>();
    assert_eq!(exchange(&direct), exchange(&indirect), "what exchange rates did to cash {about}");
    let mut expected = naive::direct(ledger, seq, from, to);
    for line in &direct {
        let pair = expected.remove(&(line.what, line.commodity));
        assert_eq!(pair, Some((line.amount.units, line.amount.functional)), "{:?} {about}", line.what);
    }
    assert_eq!(expected, BTreeMap::new(), "lines that are missing {about}");
}

#[tokio::test(flavor = "multi_thread")]
async fn sections_and_exchange_effect_are_the_change_in_cash() {
    let mut seen = BTreeMap::<&str, usize>::new();
    for seed in 0..12 {
        let ledger = history(seed, 70);
        let mut dice = Dice(seed + 1_000);
        let mut books = Books::begin().await;
        while books.appended < ledger.events.len() {
            books.append(&ledger, 1 + dice.index(40)).await;
            if dice.below(2) == 0 {
                books.catch_up().await;
            }
        }
        books.catch_up().await;
        let found = compare(&books.org, CashFlow::NAME, |_| ()).await.unwrap();
        assert_eq!((found.count, &found.first), (0, &vec![]), "seed {seed}");
        for rebuilt in [false, true] {
            if rebuilt {
                rebuild(&books.org, &by_name(CashFlow::NAME).unwrap(), |_| ()).await.unwrap();
                assert_eq!(compare(&books.org, CashFlow::NAME, |_| ()).await.unwrap().count, 0, "rebuilt, seed {seed}");
            }
            for question in 0..8 {
                let (one, other) = (dice.day(), dice.day());
                let span = if question == 0 { (day("2025-01-01"), day("2027-12-31")) } else { (one.min(other), one.max(other)) };
                let seq = 1 + dice.below(u64::try_from(ledger.events.len()).unwrap());
                let point = if question < 3 { Point::Latest } else { Point::AtSeq(seq) };
                assert_laws(&books, &ledger, span, point).await;
            }
        }
        let taken_back = ledger.history.values().filter_map(|entry| ledger.history.get(&entry.header().reverses?));
        let openings = taken_back.filter(|entry| entry.header().kind == EntryKind::Opening).count();
        *seen.entry("an opening taken back").or_default() += openings;
        for event in &ledger.events {
            *seen.entry(event.event.type_name()).or_default() += 1;
        }
    }
    for name in [
        "InvoiceIssued",
        "BillReceived",
        "CreditNoteIssued",
        "PaymentReceived",
        "PaymentSent",
        "RefundPaid",
        "WrittenOff",
        "EntryPosted",
        "EntryReversed",
        "ItemsAllocated",
        "AllocationReversed",
        "ItemsRevalued",
        "RevaluationReversed",
        "CommissionsPaidOut",
        "AccountChanged",
        "an opening taken back",
    ] {
        assert!(seen.get(name).is_some_and(|count| *count >= 3), "{name}: {seen:?}");
    }
}

const BEGIN: &str = "
    org USD required
    open bank asset sub=bank
    open till asset sub=cash
    open ar asset
    open ap liability
    open vat liability sub=tax
    open machine asset sub=fixed_asset
    open worn asset contra sub=accumulated_depreciation
    open capital equity
    open loan liability
    open sales revenue
    open rent expense
    open wear expense
    control ar receivable
    control ap payable
    party A customer
    party B vendor
    rate EUR USD 1.10 2026-01-01
    rate EUR USD 1.20 2026-02-01
    tax T: VAT 20 vat
    ";

/// What the direct and the indirect statement of 2026 say, line by line.
async fn statement(script: &str) -> (Vec<String>, Vec<String>) {
    let ledger = check(&format!("{BEGIN}{script}"));
    let mut books = Books::begin().await;
    books.append(&ledger, usize::MAX).await;
    books.catch_up().await;
    let (from, to) = (day("2026-01-01"), day("2026-12-31"));
    assert_laws(&books, &ledger, (from, to), Point::Latest).await;
    let found = cash_flows(&books.org, &CashFlowQuery { from, to, point: Point::Latest }).await.unwrap();
    (shown(&ledger, &found.direct()), shown(&ledger, &found.indirect()))
}

/// Cases: a script, and the direct statement that follows from it.
#[tokio::test(flavor = "multi_thread")]
async fn cash_is_shown_for_what_it_was_for() {
    let cases: &[(&str, &str, &[&str])] = &[
        (
            "what becomes cash later was cash all the time",
            "open purse asset
             post 2026-01-05: purse 120 USD | sales -120 USD
             post 2026-01-06: rent 20 USD | purse -20 USD
             change purse sub=cash",
            &["operating sales 120.00 USD 120.00", "operating rent -20.00 USD -20.00"],
        ),
        (
            "what somebody said goes for any period",
            "post 2026-01-05: bank 500 USD | capital -500 USD
             activity capital financing",
            &["financing capital 500.00 USD 500.00"],
        ),
        (
            "another item than an invoice is not looked through",
            "post 2026-01-05: ar 80 USD party A doc J1 | ap -80 USD party B doc J1
             receive A 2026-01-09 bank 80",
            &["operating ar 80.00 USD 80.00"],
        ),
        (
            "a bank's charge is not received",
            "invoice A 2026-01-05: sales 100
             receive A 2026-01-20 bank 100 charge=rent/3",
            &["operating sales 97.00 USD 97.00"],
        ),
        (
            "a sale over the counter",
            "post 2026-01-05: till 120 USD | sales -100 USD | vat -20 USD",
            &["operating vat 20.00 USD 20.00", "operating sales 100.00 USD 100.00"],
        ),
        ("a transfer between cash accounts is none", "post 2026-01-05: till 120 USD | bank -120 USD", &[]),
        (
            "of what was bought on credit only what was paid is shown",
            "post 2026-01-05: machine 1000 USD | loan -800 USD | bank -200 USD",
            &["investing machine -200.00 USD -200.00"],
        ),
        (
            "equity without a tag is unclassified",
            "post 2026-01-05: bank 500 USD | capital -500 USD",
            &["unclassified capital 500.00 USD 500.00"],
        ),
        ("an invoice alone moves no cash", "invoice A 2026-01-05: sales 100 tax T", &[]),
        (
            "a payment becomes what was invoiced, tax apart",
            "invoice A 2026-01-05: sales 100 tax T
          receive A 2026-01-20 bank 60",
            &["operating vat 10.00 USD 10.00", "operating sales 50.00 USD 50.00"],
        ),
        (
            "what is not allocated is unapplied",
            "invoice A 2026-01-05: sales 100
          receive A 2026-01-20 bank 130",
            &["operating sales 100.00 USD 100.00", "operating unapplied:ar 30.00 USD 30.00"],
        ),
        (
            "an allocation taken back makes it unapplied again",
            "invoice A 2026-01-05: sales 100
          receive A 2026-01-20 bank 100
          unallocate @1",
            &["operating unapplied:ar 100.00 USD 100.00"],
        ),
        (
            "a machine that was billed is an investment",
            "bill B 2026-01-05: machine 100 | rent 50
          send B 2026-02-05 bank 150",
            &["operating rent -50.00 USD -50.00", "investing machine -100.00 USD -100.00"],
        ),
        (
            "a foreign invoice is worth what was received",
            "invoice A 2026-01-05 cur=EUR: sales 100
          receive A 2026-02-05 bank 100 cur=EUR",
            &["operating sales 100.00 EUR 120.00"],
        ),
        (
            "an exchange moves cash from one currency to another",
            "post 2026-01-05: bank 100 EUR @@ 110 USD | bank -110 USD",
            &["fx-effect exchange -110.00 USD -110.00", "fx-effect exchange 100.00 EUR 110.00"],
        ),
        (
            "what was bought abroad is what was paid",
            "post 2026-01-05: rent 100 EUR @@ 110 USD | bank -110 USD",
            &["operating rent -110.00 USD -110.00"],
        ),
        (
            "a refund of what was never applied",
            "receive A 2026-01-20 bank 100
          refund A 2026-01-25 bank 100",
            &[],
        ),
        (
            "journals on control accounts are items as well",
            "post 2026-01-05: ar 80 USD party A doc J1 | sales -80 USD
          post 2026-01-09: bank 80 USD | ar -80 USD party A doc J1",
            &["operating sales 80.00 USD 80.00"],
        ),
    ];
    for (name, script, expected) in cases {
        let (direct, _) = statement(script).await;
        assert_eq!(direct, *expected, "{name}");
    }
}

/// Where commodities are kept without a value, amounts tie out by themselves and are told from those with one.
#[tokio::test(flavor = "multi_thread")]
async fn what_has_no_value_is_counted_in_its_own_commodity() {
    let ledger = check(
        "org USD by-commodity
         commodity HOURS 2
         open bank asset sub=bank
         open capital equity
         open sales revenue
         post 2026-01-05: bank 5 HOURS | capital -5 HOURS
         post 2026-01-06: bank 8 USD | sales -8 USD",
    );
    let mut books = Books::begin().await;
    books.append(&ledger, usize::MAX).await;
    books.catch_up().await;
    let query = CashFlowQuery { from: day("2026-01-01"), to: day("2026-12-31"), point: Point::Latest };
    let found = cash_flows(&books.org, &query).await.unwrap();
    assert_eq!(compare(&books.org, CashFlow::NAME, |_| ()).await.unwrap().count, 0);
    let expected = ["operating sales 8.00 USD 8.00", "unclassified capital 5.00 HOURS 0.00"];
    assert_eq!(shown(&ledger, &found.direct()), expected);
    assert_eq!(found.direct().iter().map(|line| line.amount.unvalued).collect::<Vec<_>>(), [0, 1]);
    let hours = found.closing.values().find(|amount| amount.unvalued > 0).unwrap();
    assert_eq!((hours.units, hours.functional), (500, 0));
    assert_eq!(sums(&found.direct()), pairs(&found.closing));
    assert_eq!(sums(&found.indirect()), pairs(&found.closing));
}

/// Accounts, and where their movements stand.
#[test]
fn accounts_stand_where_somebody_said_or_where_their_sub_type_says() {
    let ledger = check(
        "org USD required
         open ar liability
         control ar receivable
         open tax liability sub=tax
         open goods asset sub=inventory
         open machine asset sub=fixed_asset
         open worn asset sub=accumulated_depreciation
         open adjust asset sub=valuation_adjustment
         open sales revenue
         open sold revenue
         activity sold investing
         open wear expense
         activity wear non-cash
         open loan liability
         activity loan financing
         open capital equity
         open retained equity sub=retained_earnings
         open other asset
         open convert equity sub=conversion",
    );
    let mut chart = Chart::default();
    for (event, seq) in ledger.events.iter().zip(1..) {
        chart.evolve(seq, &event.event);
    }
    let found = chart
        .accounts()
        .iter()
        .map(|account| format!("{} {}", account.code, section_of(&chart, account).map_or("non-cash", Section::as_str)));
    let expected = [
        "ar operating",
        "tax operating",
        "goods operating",
        "machine investing",
        "worn non-cash",
        "adjust non-cash",
        "sales operating",
        "sold investing",
        "wear non-cash",
        "loan financing",
        "capital unclassified",
        "retained unclassified",
        "other unclassified",
        "convert fx-effect",
    ];
    assert_eq!(found.collect::<Vec<_>>(), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_indirect_method_begins_with_the_profit() {
    let (direct, indirect) = statement(
        "post 2026-01-01: bank 1000 USD | capital -1000 USD
         post 2026-01-02: machine 500 USD | bank -500 USD
         invoice A 2026-01-05: sales 300
         receive A 2026-01-20 bank 200
         post 2026-01-31: wear 10 USD | worn -10 USD
         post 2026-02-01: bank 100 EUR @@ 110 USD | bank -110 USD",
    )
    .await;
    let fx = ["fx-effect exchange -110.00 USD -110.00", "fx-effect exchange 100.00 EUR 110.00"];
    let expected =
        ["operating sales 200.00 USD 200.00", "investing machine -500.00 USD -500.00", "unclassified capital 1000.00 USD 1000.00"];
    assert_eq!(direct, [&expected[..], &fx].concat());
    let expected = [
        "operating profit 290.00 USD 290.00",
        "operating ar -100.00 USD -100.00",
        "operating non-cash:worn 10.00 USD 10.00",
        "investing machine -500.00 USD -500.00",
        "unclassified capital 1000.00 USD 1000.00",
    ];
    assert_eq!(indirect, [&expected[..], &fx].concat());
}

/// The name of what a line stands for.
fn what(ledger: &Ledger, what: What) -> String {
    let code = |no: AccountNo| ledger.book.account(no).unwrap().code.to_string();
    match what {
        What::Profit => "profit".into(),
        What::Account(no) => code(no),
        What::NonCash(no) => format!("non-cash:{}", code(no)),
        What::Elsewhere(no) => format!("elsewhere:{}", code(no)),
        What::Unapplied(no) => format!("unapplied:{}", code(no)),
        What::Differences => "differences".into(),
        What::Exchange => "exchange".into(),
        What::Fx => "fx".into(),
        What::Opening => "opening".into(),
        What::Closing => "closing".into(),
    }
}
