//! beancount's rules in small: each case is a few lines of a file and what becomes of them. Expected numbers are
//! those of beancount 3.2.3, except where a comment says what this importer does better.

#![expect(clippy::unwrap_used, reason = "a test that cannot read its input has failed")]

use std::path::Path;

use ledger_api::import::beancount::{self, Options};
use ledger_api::import::source::{Collected, Item, SourceNotes};
use ledger_core::AccountRef;
use proptest::prelude::*;

const OPEN: &str = "1970-01-01 open Assets:Cash\n1970-01-01 open Assets:Stock\n1970-01-01 open Assets:Other\n\
                    1970-01-01 open Income:Gains\n1970-01-01 open Expenses:Fees\n1970-01-01 open Equity:Opening\n";
/// Lines that `OPEN` takes: cases begin on the line after.
const OPEN_LINES: u32 = 6;

fn read(text: &str) -> (Collected, SourceNotes) {
    let mut sink = Collected::default();
    let notes = beancount::read_from(text.as_bytes(), "books.beancount", Path::new(""), &Options::default(), &mut sink).unwrap();
    (sink, notes)
}

/// One line per entry: date, description, lines as `account amount commodity [= weight]`, and rounding.
fn entries(sink: &Collected) -> Vec<String> {
    let drafts = sink.items.iter().filter_map(|item| if let Item::Entry(entry) = item { Some(&entry.draft) } else { None });
    drafts
        .map(|draft| {
            let lines = draft.lines.iter().map(|line| {
                let AccountRef::Code(code) = &line.account else { panic!("importers name accounts") };
                let weight = line.weight.as_ref().map(|weight| format!(" = {} {}", weight.amount, weight.currency)).unwrap_or_default();
                format!("{code} {} {}{weight}", line.amount, line.currency)
            });
            let rounding = draft.rounding_account.as_ref().map(|account| format!(" ~ {account}")).unwrap_or_default();
            format!("{} {}: {}{rounding}", draft.effective_date, draft.description, lines.collect::<Vec<_>>().join(", "))
        })
        .collect()
}

fn errors(sink: &Collected, lines_before: u32) -> Vec<String> {
    let shown = sink.errors.iter().map(|error| {
        let found = error.found.as_ref().map(|found| format!(" `{found}`")).unwrap_or_default();
        format!("{}:{} {}{found}", error.place.line.saturating_sub(lines_before), error.place.column, error.problem)
    });
    shown.collect()
}

#[track_caller]
fn books(body: &str, expected: &[&str]) {
    let (sink, _) = read(&format!("{OPEN}{body}"));
    assert_eq!(errors(&sink, OPEN_LINES), Vec::<String>::new(), "{body}");
    assert_eq!(entries(&sink), expected, "{body}");
}

#[track_caller]
fn refuses(body: &str, expected: &[&str]) {
    let (sink, _) = read(&format!("{OPEN}{body}"));
    assert_eq!(errors(&sink, OPEN_LINES), expected, "{body}");
}

fn stock(method: &str, reduction: &str) -> String {
    format!(
        "2000-01-01 open Assets:Lots \"{method}\"\n\
         2014-01-01 * \"buy\"\n  Assets:Lots 10 HOOL {{100.00 USD}}\n  Assets:Cash\n\
         2014-01-02 * \"buy\"\n  Assets:Lots 5 HOOL {{120.00 USD, \"b\"}}\n  Assets:Cash\n\
         2014-01-03 * \"buy\"\n  Assets:Lots 5 HOOL {{110.00 USD}}\n  Assets:Cash\n\
         2014-02-01 * \"sell\"\n  Assets:Lots {reduction}\n  Assets:Cash 1000.00 USD\n  Income:Gains\n"
    )
}

/// The lots that a sale of a bought 10 @ 100, 5 @ 120 "b", 5 @ 110 takes.
#[test]
fn reductions_take_the_lots_that_beancount_takes() {
    for (method, reduction, lots) in [
        ("STRICT", "-5 HOOL {100.00 USD}", "-5 HOOL = -500.00 USD"),
        ("STRICT", "-2 HOOL {\"b\"}", "-2 HOOL = -240.00 USD"),
        ("STRICT", "-2 HOOL {2014-01-03}", "-2 HOOL = -220.00 USD"),
        ("STRICT", "-20 HOOL {}", "-10 HOOL = -1000.00 USD, -5 HOOL = -600.00 USD, -5 HOOL = -550.00 USD"),
        ("STRICT_WITH_SIZE", "-5 HOOL {}", "-5 HOOL = -600.00 USD"),
        ("FIFO", "-12 HOOL {}", "-10 HOOL = -1000.00 USD, -2 HOOL = -240.00 USD"),
        ("LIFO", "-7 HOOL {}", "-5 HOOL = -550.00 USD, -2 HOOL = -240.00 USD"),
        ("HIFO", "-7 HOOL {}", "-5 HOOL = -600.00 USD, -2 HOOL = -220.00 USD"),
        ("NONE", "-7 HOOL {90.00 USD}", "-7 HOOL = -630.00 USD"),
    ] {
        let (sink, _) = read(&format!("{OPEN}{}", stock(method, reduction)));
        assert_eq!(errors(&sink, 0), Vec::<String>::new(), "{method} {reduction}");
        let last = entries(&sink).pop().unwrap();
        let found: Vec<&str> =
            last.trim_start_matches("2014-02-01 sell: ").split(", ").filter(|line| line.starts_with("Assets:Lots")).collect();
        let found: Vec<&str> = found.iter().map(|line| line.trim_start_matches("Assets:Lots ")).collect();
        assert_eq!(found.join(", "), lots, "{method} {reduction}");
    }
}

#[test]
fn reductions_that_beancount_refuses_are_refused() {
    for (method, reduction, problem) in [
        ("STRICT", "-5 HOOL {}", "several lots fit this reduction"),
        ("STRICT", "-11 HOOL {100.00 USD}", "there are not enough units in the lots that fit"),
        ("STRICT", "-5 HOOL {99.00 USD}", "no lot of Assets:Lots fits this reduction"),
        ("STRICT_WITH_SIZE", "-4 HOOL {}", "several lots fit this reduction"),
        ("FIFO", "-21 HOOL {}", "there are not enough units in the lots that fit"),
        ("AVERAGE", "-5 HOOL {}", "beancount does not book reductions at average cost"),
        ("STRICT", "-5 HOOL {*}", "beancount does not book merged lots"),
    ] {
        let (sink, _) = read(&format!("{OPEN}{}", stock(method, reduction)));
        let [error] = sink.errors.as_slice() else { panic!("{method} {reduction}: {:?}", sink.errors) };
        assert_eq!(error.problem, problem, "{method} {reduction}");
        assert!(error.remedy.is_some(), "{method} {reduction}");
        assert!(error.text.as_ref().unwrap().starts_with("2014-02-01 * \"sell\"\n"), "{:?}", error.text);
    }
    let (sink, _) = read(&format!("{OPEN}{}", stock("STRICT", "-5 HOOL {}")));
    assert_eq!(
        sink.errors[0].to_string(),
        "books.beancount:18:3: several lots fit this reduction, found `-5 HOOL {}`; name one by cost, date or label, or open the \
         account with \"FIFO\"; it holds 10 HOOL {100 USD, 2014-01-01}; 5 HOOL {120 USD, 2014-01-02, \"b\"}; 5 HOOL {110 USD, 2014-01-03}"
    );
}

#[test]
fn lots_are_booked_in_one_transaction_and_short() {
    // Two reductions of one transaction do not take the same lot twice.
    books(
        "2014-01-01 * \"buy\"\n  Assets:Stock 2 HOOL {1.00 USD}\n  Assets:Stock 2 HOOL {2.00 USD}\n  Assets:Cash\n\
         2014-01-02 * \"sell\"\n  Assets:Stock -2 HOOL {1.00 USD}\n  Assets:Stock -2 HOOL {}\n  Assets:Cash\n",
        &[
            "2014-01-01 buy: Assets:Stock 2 HOOL = 2.00 USD, Assets:Stock 2 HOOL = 4.00 USD, Assets:Cash -6.00 USD",
            "2014-01-02 sell: Assets:Stock -2 HOOL = -2.00 USD, Assets:Stock -2 HOOL = -4.00 USD, Assets:Cash 6.00 USD",
        ],
    );
    // A short sale opens a lot of negative units, bought back by what fits.
    books(
        "2014-01-01 * \"short\"\n  Assets:Stock -3 HOOL {10.00 USD}\n  Assets:Cash 30.00 USD\n\
         2014-01-02 * \"cover\"\n  Assets:Stock 3 HOOL {}\n  Assets:Cash\n",
        &[
            "2014-01-01 short: Assets:Stock -3 HOOL = -30.00 USD, Assets:Cash 30.00 USD",
            "2014-01-02 cover: Assets:Stock 3 HOOL = 30.00 USD, Assets:Cash -30.00 USD",
        ],
    );
}

#[test]
fn numbers_left_out_are_computed() {
    for (postings, expected) in [
        ("Assets:Cash 7 USD\n  Expenses:Fees", "Assets:Cash 7 USD, Expenses:Fees -7 USD"),
        ("Assets:Cash 7 USD\n  Expenses:Fees USD", "Assets:Cash 7 USD, Expenses:Fees -7 USD"),
        ("Assets:Cash 7 USD\n  Expenses:Fees -7", "Assets:Cash 7 USD, Expenses:Fees -7 USD"),
        (
            "Assets:Cash 7 USD\n  Assets:Cash 3 EUR\n  Expenses:Fees",
            "Assets:Cash 7 USD, Assets:Cash 3 EUR, Expenses:Fees -7 USD, Expenses:Fees -3 EUR",
        ),
        ("Assets:Cash 10 EUR @ 1.5 USD\n  Expenses:Fees", "Assets:Cash 10 EUR = 15.00 USD, Expenses:Fees -15.0 USD"),
        ("Assets:Cash 10 EUR @@ 9.99 USD\n  Expenses:Fees", "Assets:Cash 10 EUR = 9.99 USD, Expenses:Fees -9.99 USD"),
        ("Assets:Cash 3 EUR @@ 10 USD\n  Expenses:Fees -10 USD", "Assets:Cash 3 EUR = 10.00 USD, Expenses:Fees -10 USD"),
        ("Assets:Cash 4 EUR @ USD\n  Expenses:Fees -5 USD", "Assets:Cash 4 EUR = 5.00 USD, Expenses:Fees -5 USD"),
        ("Assets:Cash 4 EUR @\n  Expenses:Fees -5 USD", "Assets:Cash 4 EUR = 5.00 USD, Expenses:Fees -5 USD"),
        ("Assets:Cash EUR @ 2 USD\n  Expenses:Fees -5 USD", "Assets:Cash 2.5 EUR = 5 USD, Expenses:Fees -5 USD"),
        ("Assets:Stock 4 HOOL {}\n  Assets:Cash -10.00 USD", "Assets:Stock 4 HOOL = 10.00 USD, Assets:Cash -10.00 USD"),
        ("Assets:Stock 4 HOOL {{10.00 USD}}\n  Assets:Cash", "Assets:Stock 4 HOOL = 10.00 USD, Assets:Cash -10.00 USD"),
        ("Assets:Stock 3 HOOL {10 # 1.00 USD}\n  Assets:Cash", "Assets:Stock 3 HOOL = 31.00 USD, Assets:Cash -31.00 USD"),
        ("Assets:Stock 3 HOOL {10 # USD}\n  Assets:Cash -31.00 USD", "Assets:Stock 3 HOOL = 31.00 USD, Assets:Cash -31.00 USD"),
        ("Assets:Stock HOOL {10 USD}\n  Assets:Cash -30.00 USD", "Assets:Stock 3.00 HOOL = 30.00 USD, Assets:Cash -30.00 USD"),
        // beancount fills -7.8; a commodity's digits do not depend on the digits nearby.
        (
            "Assets:Cash 4.8 USD\n  Assets:Cash 2.97 USD\n  Expenses:Fees",
            "Assets:Cash 4.8 USD, Assets:Cash 2.97 USD, Expenses:Fees -7.77 USD",
        ),
        // beancount keeps 0.7367431365175 JPY.
        ("Expenses:Fees -19.59 USD\n  Assets:Cash JPY @ 26.59 USD", "Expenses:Fees -19.59 USD, Assets:Cash 1 JPY = 19.59 USD"),
        // beancount fills -0.3333498 USD.
        ("Assets:Stock 3 HOOL @ 0.1111166 USD\n  Assets:Cash", "Assets:Stock 3 HOOL = 0.33 USD, Assets:Cash -0.33 USD"),
        (
            "Assets:Cash 10.00/4 USD\n  Assets:Cash (3+4)*-2 USD\n  Expenses:Fees",
            "Assets:Cash 2.50 USD, Assets:Cash -14 USD, Expenses:Fees 11.50 USD",
        ),
        ("Assets:Cash 1,234.50 USD\n  Expenses:Fees", "Assets:Cash 1234.50 USD, Expenses:Fees -1234.50 USD"),
        ("Assets:Cash 0 USD\n  Expenses:Fees 0.00 EUR", "Assets:Cash 0 USD, Expenses:Fees 0.00 EUR"),
        ("Assets:Stock 5 HOOL @ 0 USD", "Assets:Stock 5 HOOL = 0.00 USD, Assets:Stock 0 USD"),
    ] {
        books(&format!("2014-01-01 * \"x\"\n  {postings}\n"), &[&format!("2014-01-01 x: {expected}")]);
    }
}

#[test]
fn what_cannot_be_computed_is_refused() {
    for (postings, expected) in [
        ("Assets:Cash\n  Expenses:Fees", "3:3 only one posting of a transaction may leave out its amount `Expenses:Fees`"),
        (
            "Assets:Cash 4 EUR @ USD\n  Expenses:Fees USD",
            "3:3 more than one number is left out among the postings that balance in USD `Expenses:Fees`",
        ),
        ("Assets:Stock HOOL {{10 USD}}\n  Assets:Cash -3 USD", "2:3 the units cannot be computed from a total cost alone"),
        ("Assets:Stock 0 HOOL {10 USD}\n  Assets:Cash 0 USD", "2:3 a lot needs units other than zero"),
        ("Assets:Stock 0 HOOL @ USD\n  Assets:Cash 3 USD", "2:3 a price cannot be computed for zero units"),
        ("Assets:Stock 4 HOOL {-1 USD}\n  Assets:Cash 4 USD", "2:3 the cost of a lot cannot be negative `-1`"),
        ("Assets:Cash 4 EUR @ -1 USD\n  Assets:Cash 4 USD", "2:23 a price cannot be negative"),
        ("Assets:Cash EUR @@ 1 USD\n  Assets:Cash 4 USD", "2:22 a total price needs the number of units"),
        ("Assets:Stock 4 HOOL {1 USD} @ 2 EUR\n  Assets:Cash -4 USD", "2:33 the cost and the price of a posting must be in one commodity"),
        ("Assets:Cash 1\n  Assets:Cash 4", "2:3 the commodity of this posting cannot be found out `Assets:Cash`"),
        ("Assets:Cash 1.00 USD\n  Assets:Cash -0.90 USD", "1:1 the transaction does not balance: 0.1 USD too much debit"),
        ("Assets:Cash 100.00 USD\n  Assets:Cash -100.01 USD", "1:1 the transaction does not balance: 0.01 USD too much credit"),
        // Within beancount's tolerance, but more than one minor unit per line.
        ("Assets:Cash 150.25 USD\n  Assets:Other -150.3 USD", "1:1 the transaction does not balance: 0.05 USD too much credit"),
        ("Assets:Cash 1.005 USD\n  Assets:Other", "2:15 USD has 2 digits after the point, and amounts are not rounded `1.005 USD`"),
        ("Assets:Nowhere 1 USD\n  Assets:Other", "2:3 the account is not open on 2014-01-01 `Assets:Nowhere`"),
        (
            "Assets:Cash 99999999999999999999999999 USD\n  Assets:Other",
            "2:15 the amount is too large to keep exactly `99999999999999999999999999 USD`",
        ),
        (
            "Assets:Cash 99999999999999999999999999999 USD\n  Assets:Other",
            "2:15 the number has more than 28 digits `99999999999999999999999999999`",
        ),
    ] {
        refuses(&format!("2014-01-01 * \"x\"\n  {postings}\n"), &[expected]);
    }
}

#[test]
fn residuals_of_rounding_get_a_line_and_larger_ones_do_not() {
    // 3 × 33.335 weighs 100.00 rounded as a whole, 33.34 or 33.33 each.
    books(
        "2014-01-01 * \"x\"\n  Assets:Stock 1 A.B {33.335 USD, \"1\"}\n  Assets:Stock 1 A.B {33.335 USD, \"2\"}\n  Assets:Cash -66.67 USD\n",
        &["2014-01-01 x: Assets:Stock 1 A.B = 33.34 USD, Assets:Stock 1 A.B = 33.34 USD, Assets:Cash -66.67 USD ~ Equity:Rounding"],
    );
    books(
        "2014-01-01 * \"x\"\n  Assets:Stock 1.5 HOOL {66.67 USD}\n  Assets:Cash -100.00 USD\n",
        &["2014-01-01 x: Assets:Stock 1.5 HOOL = 100.00 USD, Assets:Cash -100.00 USD"],
    );
    let (sink, _) = read(
        "option \"name_equity\" \"Capital\"\noption \"account_rounding\" \"Cents\"\n1970-01-01 open Assets:Cash\n\
         2014-01-01 * \"x\"\n  Assets:Cash 1 A.B {33.335 USD, \"1\"}\n  Assets:Cash 1 A.B {33.335 USD, \"2\"}\n  Assets:Cash\n",
    );
    assert!(entries(&sink)[0].ends_with("~ Capital:Cents"), "{:?}", entries(&sink));
}

#[test]
fn pads_fill_what_later_balances_ask_for() {
    books(
        "1970-01-01 open Assets:Other:Sub\n\
         2014-01-01 pad Assets:Other Equity:Opening\n\
         2014-01-02 * \"x\"\n  Assets:Other:Sub 7 USD\n  Equity:Opening\n\
         2014-01-05 balance Assets:Other 10 USD\n\
         2014-01-06 balance Assets:Other 2 EUR\n\
         2014-02-01 pad Assets:Other Expenses:Fees\n\
         2014-02-02 balance Assets:Other 9.50 USD\n",
        &[
            "2014-01-01 (Padding inserted for Balance of 10 USD for difference 3 USD): Assets:Other 3 USD, Equity:Opening -3 USD",
            "2014-01-01 (Padding inserted for Balance of 2 EUR for difference 2 EUR): Assets:Other 2 EUR, Equity:Opening -2 EUR",
            "2014-01-02 x: Assets:Other:Sub 7 USD, Equity:Opening -7 USD",
            "2014-02-01 (Padding inserted for Balance of 9.50 USD for difference -0.50 USD): Assets:Other -0.50 USD, Expenses:Fees 0.50 USD",
        ],
    );
    refuses(
        "2014-01-01 pad Assets:Other Equity:Opening\n",
        &["1:1 this pad has nothing to fill before the next pad of its account `Assets:Other`"],
    );
    refuses(
        "2014-01-01 * \"x\"\n  Assets:Stock 1 HOOL {1 USD}\n  Assets:Cash\n\
         2014-01-02 pad Assets:Stock Equity:Opening\n2014-01-03 balance Assets:Stock 2 HOOL\n",
        &[
            "4:1 this pad has nothing to fill before the next pad of its account `Assets:Stock`",
            "5:33 lots held at cost cannot be padded `2 HOOL`",
        ],
    );
}

#[test]
fn balances_hold_at_the_start_of_their_day() {
    let paid = "2014-01-05 * \"x\"\n  Assets:Cash 10.00 USD\n  Equity:Opening\n";
    for (assertion, problem) in [
        ("2014-01-06 balance Assets:Cash 10.00 USD", None),
        ("2014-01-06 balance Assets:Cash 10.01 USD", None),
        (
            "2014-01-06 balance Assets:Cash 10.02 USD",
            Some("4:32 Assets:Cash holds 10.00 USD at the start of 2014-01-06, 0.02 USD too little `10.02 USD`"),
        ),
        ("2014-01-06 balance Assets:Cash 11 ~ 1.5 USD", None),
        (
            "2014-01-06 balance Assets:Cash 9 USD",
            Some("4:32 Assets:Cash holds 10.00 USD at the start of 2014-01-06, 1.00 USD too much `9 USD`"),
        ),
        ("2014-01-05 balance Assets:Cash 0 USD", None),
        ("2014-01-06 balance Assets:Cash 0 EUR", None),
        ("2014-01-06 balance Assets:None 0 USD", Some("4:1 the account is not open on 2014-01-06 `Assets:None`")),
        ("2014-01-06 balance Assets 10.00 USD", Some("4:20 expected an account such as Assets:Bank:Checking `Assets`")),
    ] {
        refuses(&format!("{paid}{assertion}\n"), problem.as_slice());
    }
}

#[test]
fn accounts_are_open_from_their_opening_to_their_closing() {
    refuses(
        "2014-01-01 open Assets:Eur EUR, CHF\n\
         2014-01-02 * \"x\"\n  Assets:Eur 1 USD\n  Assets:Cash\n\
         2014-01-03 close Assets:Eur\n\
         2014-01-04 * \"y\"\n  Assets:Eur 1 EUR\n  Assets:Cash\n\
         2014-01-05 open Assets:Cash\n\
         2014-01-05 close Assets:Nowhere\n\
         2014-01-06 balance Assets:Eur 0 EUR\n\
         2014-01-06 open Aktiva:Bank\n",
        &[
            "3:3 Assets:Eur was opened for EUR, CHF only `USD`",
            "7:3 the account was closed on 2014-01-03 `Assets:Eur`",
            "9:1 the account is open since 1970-01-01 already `Assets:Cash`",
            "10:1 the account was not opened before 2014-01-05 `Assets:Nowhere`",
            "12:1 the account begins with none of Assets, Liabilities, Equity, Income, Expenses `Aktiva:Bank`",
        ],
    );
    let (sink, notes) = read("plugin \"beancount.plugins.auto\"\n2014-01-01 * \"x\"\n  Assets:A 2 EUR @ 1.50 USD\n  Assets:B\n");
    assert!(sink.errors.is_empty());
    assert_eq!(notes.counts["accounts opened by the auto_accounts plugin"], 2);
    assert!(sink.items.iter().any(|item| matches!(item, Item::Rate(rate) if rate.base == "EUR" && rate.rate.to_string() == "1.50")));
}

#[test]
fn syntax_faults_name_their_place_and_spoil_one_directive() {
    let good = "2014-01-01 * \"good\"\n  Assets:Cash 1 USD\n  Assets:Other\n";
    for (bad, expected) in [
        ("2014-13-01 * \"x\"\n  Assets:Cash 1 USD\n", "1:1 this day is not in the calendar `2014-13-01`"),
        ("2014-01-01 * \"x\n", "1:14 this text seems to have no closing quote: a dated line follows inside it `\"x`"),
        ("2014-01-01 * \"a\" \"b\" \"c\"\n", "1:22 a transaction has at most a payee and a narration; this is a third text `\"c\"`"),
        ("2014-01-01 * \"x\"\n  Assets:cash 1 USD\n  Assets:Other\n", "2:3 expected an account such as Assets:Bank:Checking `Assets:cash`"),
        ("2014-01-01 * \"x\"\n  Assets:Cash 1 usd\n  Assets:Other\n", "2:17 expected the end of the line `usd`"),
        ("2014-01-01 * \"x\"\n  Assets:Cash 1.2.3 USD\n", "2:18 expected the end of the line `.3`"),
        ("2014-01-01 * \"x\"\n  Assets:Cash (1 USD\n", "2:18 expected a closing parenthesis `USD`"),
        ("2014-01-01 * \"x\"\n  Assets:Cash 1/0 USD\n", "2:17 a number cannot be divided by zero"),
        ("2014-01-01 * \"x\"\n  Assets:Stock 1 HOOL {1 USD\n", "2:29 expected , or } in the cost `end of line`"),
        ("2014-01-01 * \"x\"\n  Assets:Stock 1 HOOL {{1 USD}\n", "2:31 expected the cost to end with }} `end of line`"),
        ("2014-01-01 * \"x\"\n  Assets:Cash 1 USD\n  #late\n", "3:3 tags and links must stand before the first posting `#late`"),
        (
            "2014-01-01 * \"x\"\n  Assets:Cash 1 USD\n\n  Assets:Other -1 USD\n",
            "4:3 this indented line belongs to no directive `Assets:Other`",
        ),
        (
            "2014-01-01 opne Assets:X\n",
            "1:12 expected a flag, txn, open, close, balance, pad, price, commodity, event, query, note, document or custom `opne`",
        ),
        (
            "2014-01-01 open Assets:X \"FIRST\"\n",
            "1:26 expected a booking method: STRICT, STRICT_WITH_SIZE, FIFO, LIFO, HIFO or NONE `FIRST`",
        ),
        ("Hello world\nagain\n", "1:1 expected a date or a directive at the beginning of the line `Hello`"),
        ("option \"titel\" \"x\"\n", "1:1 beancount has no option of this name `titel`"),
        ("option \"booking_method\" \"X\"\n", "1:25 expected a booking method: STRICT, STRICT_WITH_SIZE, FIFO, LIFO, HIFO or NONE `X`"),
        ("include \"nothing-*.beancount\"\n", "1:1 no file matches this include `nothing-*.beancount`"),
        ("poptag #a\n", "1:1 this tag was not pushed before in the same file `#a`"),
        ("pushtag #a\n", "1:1 this is pushed and never popped in the same file `#a`"),
        (
            "plugin \"beancount.plugins.currency_accounts\"\n",
            "1:1 this plugin adds or changes entries and is not run here `beancount.plugins.currency_accounts`",
        ),
        ("2014-01-01 commodity USD\n  precision: \"many\"\n", "2:3 expected the digits after the point, 0 to 18 `many`"),
        ("2014-01-01 * \"ü\" x\n", "1:18 expected the end of the line `x`"),
    ] {
        let (sink, _) = read(&format!("{OPEN}{bad}{good}"));
        let found = errors(&sink, OPEN_LINES);
        assert_eq!(found.first().map(String::as_str), Some(expected), "{bad}");
        assert!(entries(&sink).iter().any(|entry| entry.starts_with("2014-01-01 good")), "{bad}: {found:?}");
    }
}

#[test]
fn refusals_carry_the_text_of_the_whole_directive() {
    let (sink, _) = read("2014-01-01 * \"x\"\r\n  invoice: \"7\"\r\n  Assets:Cash 1 usd\r\n  Assets:Other\r\n; next\r\n");
    assert_eq!(sink.errors.len(), 1);
    assert_eq!(sink.errors[0].text.as_deref(), Some("2014-01-01 * \"x\"\r\n  invoice: \"7\"\r\n  Assets:Cash 1 usd\r\n  Assets:Other"));
}

#[test]
fn what_surrounds_the_amounts_is_kept() {
    let text = format!(
        "\u{feff}* heading\n#+STARTUP: x\n{OPEN}pushtag #trip\npushmeta place: \"Rome\"\n\
         2014-01-02 ! \"Cafe\" \"Coffee \\\"to go\\\"\" #fun ^r-1\n  invoice: 77\n  due: 2014-02-01\n  none:\n  ; a comment\n\
         ! Assets:Stock 2 HOOL {{10.00 USD, \"lot\"}} @ 11.00 USD ; trailing\n    memo: \"here\"\n  Assets:Cash\n\
         poptag #trip\npopmeta place:\n\
         2014-01-01 txn \"early\"\n  Assets:Cash 1 USD\n  Assets:Other\n\
         2014-01-03 price HOOL 12.5 USD\n2014-01-03 note Assets:Cash \"hi\" #t\n2014-01-03 custom \"budget\" Assets:Cash 12 USD TRUE\n\
         1999-01-01 commodity HOOL\n  precision: 4\n  name: \"Hooli\"\n"
    )
    .replace("! Assets:Stock", "  ! Assets:Stock");
    let (sink, notes) = read(&text);
    assert_eq!(errors(&sink, 0), Vec::<String>::new());
    let Item::Commodity(hool) = &sink.items[0] else { panic!("commodities come first: {:?}", sink.items[0]) };
    assert_eq!((hool.code.as_str(), hool.scale, hool.name.as_deref()), ("HOOL", Some(4), Some("Hooli")));
    let drafts: Vec<_> =
        sink.items.iter().filter_map(|item| if let Item::Entry(entry) = item { Some(&entry.draft) } else { None }).collect();
    assert_eq!(drafts[0].description, "early");
    assert_eq!(drafts[1].description, "Cafe | Coffee \"to go\"");
    let tags: Vec<String> = drafts[1].tags.iter().map(|(key, value)| format!("{key}={value}")).collect();
    assert_eq!(tags, ["payee=Cafe", "flag=!", "tag=fun", "tag=trip", "link=r-1", "place=Rome", "invoice=77", "due=2014-02-01"]);
    let detail = drafts[1].lines[0].detail.as_ref().unwrap();
    let rate = detail.rate.as_ref().unwrap();
    assert_eq!((rate.rate.to_string().as_str(), rate.quote.as_str()), ("10.00", "USD"));
    let tags: Vec<String> = detail.tags.iter().map(|(key, value)| format!("{key}={value}")).collect();
    assert_eq!(tags, ["lot_cost=10 USD", "lot_date=2014-01-02", "lot_label=lot", "price=11 USD", "flag=!", "memo=here"]);
    assert!(sink.items.iter().any(|item| matches!(item, Item::Rate(rate) if rate.base == "HOOL")));
    assert_eq!(notes.counts["note directives ignored"], 1);
    assert_eq!(notes.counts["custom directives ignored"], 1);
}

#[test]
fn includes_are_read_once_and_from_their_own_folder() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    std::fs::create_dir(folder.path().join("sub")).unwrap();
    write("main.beancount", "include \"sub/*.beancount\"\ninclude \"main.beancount\"\n2014-01-01 open Assets:A\n");
    write("sub/a.beancount", "2014-01-01 open Assets:B\ninclude \"c.inc\"\n");
    write("sub/b.beancount", "2014-01-02 * \"b\"\n  Assets:A 1 USD\n  Assets:B\n");
    write("sub/c.inc", "2014-01-02 * \"c\"\n  Assets:A 1 usd\n");
    let mut sink = Collected::default();
    beancount::read(&folder.path().join("main.beancount"), &Options::default(), &mut sink).unwrap();
    assert_eq!(entries(&sink), ["2014-01-02 b: Assets:A 1 USD, Assets:B -1 USD"]);
    let errors: Vec<String> = sink
        .errors
        .iter()
        .map(|error| format!("{}: {}", Path::new(&*error.place.file).file_name().unwrap().display(), error.problem))
        .collect();
    assert_eq!(
        errors,
        ["main.beancount: this file is included a second time; remove one of the includes", "c.inc: expected the end of the line"]
    );
}

#[test]
fn includes_can_be_forbidden() {
    let mut sink = Collected::default();
    let options = Options { refuse_includes: true, ..Options::default() };
    beancount::read_from("include \"/etc/*\"\n".as_bytes(), "x", Path::new(""), &options, &mut sink).unwrap();
    assert_eq!(errors(&sink, 0), ["1:1 includes are not followed here `/etc/*`"]);
}

#[test]
fn a_rejects_file_begins_with_what_its_transactions_need() {
    let mut sink = Collected::default();
    let options = Options { keep_text: true, ..Options::default() };
    let text = format!(
        "option \"booking_method\" \"FIFO\"\n2014-01-01 commodity USD\n  precision: 3\n{OPEN}2014-01-01 * \"x\"\n  Assets:Cash 1.005 USD\n  Assets:Other\n"
    );
    beancount::read_from(text.as_bytes(), "x", Path::new(""), &options, &mut sink).unwrap();
    assert_eq!(errors(&sink, 0), Vec::<String>::new());
    let header = sink.header.unwrap();
    assert!(
        header.starts_with("option \"booking_method\" \"FIFO\"\n2014-01-01 commodity USD\n  precision: 3\n1970-01-01 open Assets:Cash\n"),
        "{header}"
    );
    let Some(Item::Entry(entry)) = sink.items.last() else { panic!("{:?}", sink.items) };
    assert_eq!(entry.text.as_deref(), Some("2014-01-01 * \"x\"\n  Assets:Cash 1.005 USD\n  Assets:Other"));
    assert_eq!((entry.place.line, entry.place.column, entry.line_places.as_slice()), (10, 1, &[11, 12][..]));
}

#[test]
fn bytes_that_are_no_text_spoil_their_directive_only() {
    let mut text = format!("{OPEN}2014-01-01 * \"caf").into_bytes();
    text.push(0xe9);
    text.extend(b"\"\n  Assets:Cash 1 USD\n  Assets:Other\n2014-01-01 * \"good\"\n  Assets:Cash 1 USD\n  Assets:Other\n");
    let mut sink = Collected::default();
    beancount::read_from(text.as_slice(), "x", Path::new(""), &Options::default(), &mut sink).unwrap();
    assert_eq!(errors(&sink, OPEN_LINES), ["1:0 this line has bytes that are not UTF-8"]);
    assert_eq!(entries(&sink).len(), 1);
}

#[test]
fn an_error_of_the_system_names_the_file() {
    let error = beancount::read(Path::new("no/such.beancount"), &Options::default(), &mut Collected::default()).unwrap_err();
    assert!(error.to_string().contains("no/such.beancount"), "{error}");
}

/// Pieces of the grammar, so that random files get far into it.
const PIECES: &[&str] = &[
    "2014-01-01",
    "2014-02-03",
    " * ",
    " open ",
    " close ",
    " balance ",
    " pad ",
    " price ",
    " commodity ",
    "\n  ",
    "\n",
    "Assets:Cash",
    "Assets:Stock",
    "Income:Gains",
    " 10 ",
    " -10 ",
    " 0 ",
    " 1.005 ",
    " HOOL ",
    " USD ",
    "{",
    "}",
    "{{",
    "}}",
    "#",
    "@",
    "@@",
    ",",
    "~",
    "*",
    "(",
    ")",
    "+",
    "/",
    "\"x\"",
    "\"",
    "\\",
    ";",
    "#tag",
    "^link",
    "key: ",
    "option \"booking_method\" \"FIFO\"",
    "include \"x\"",
    "pushtag #a",
    "poptag #a",
    "plugin \"auto_accounts\"",
    "é",
    " 99999999999999999999999999 ",
    " 0.0000000000000000000000000001 ",
    " {} ",
    "\n  Assets:Stock 1 HOOL {2 USD}\n  Assets:Cash\n",
    "\r\n",
    "TRUE",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_text_is_read_to_its_end(text in any::<String>()) {
        read(&text);
    }

    #[test]
    fn any_bytes_are_read_to_their_end(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        beancount::read_from(bytes.as_slice(), "x", Path::new(""), &Options { keep_text: true, refuse_includes: true }, &mut Collected::default()).unwrap();
    }

    #[test]
    fn any_words_of_the_grammar_are_read_to_their_end(words in prop::collection::vec(prop::sample::select(PIECES), 0..60)) {
        let (sink, _) = read(&format!("plugin \"auto\"\n{}", words.concat()));
        for error in &sink.errors {
            prop_assert!(error.place.line > 0 && !error.problem.is_empty(), "{:?}", error);
        }
    }

    /// Whatever is accepted balances in its weights, or is one minor unit per line away from it.
    #[test]
    fn what_is_accepted_balances(numbers in prop::collection::vec((-5000_i64..5000, 0_u32..4, 1_i64..50_000, 0_u32..5), 1..5)) {
        let postings = numbers.iter().enumerate().map(|(at, (units, scale, price, price_scale))| {
            let (units, price) = (rust_decimal::Decimal::new(*units, *scale), rust_decimal::Decimal::new(*price, *price_scale));
            format!("  Assets:A{at} {units} HOOL @ {price} USD\n")
        });
        let text = format!("plugin \"auto\"\n2014-01-01 * \"x\"\n{}  Assets:Cash\n", postings.collect::<String>());
        let (sink, _) = read(&text);
        for item in &sink.items {
            let Item::Entry(entry) = item else { continue };
            let weights = entry.draft.lines.iter().map(|line| line.weight.as_ref().map_or(line.amount, |weight| weight.amount));
            let residual = weights.sum::<rust_decimal::Decimal>().abs();
            let allowed = if entry.draft.rounding_account.is_some() { i64::try_from(entry.draft.lines.len()).unwrap() } else { 0 };
            prop_assert!(residual <= rust_decimal::Decimal::new(allowed, 2), "{text}");
        }
        prop_assert_eq!(sink.errors.len(), 0, "{}", text);
    }
}
