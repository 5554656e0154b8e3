//! The rules of ACCOUNTING as tables: what is posted, and what stands in the books afterwards.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod words;

use ledger_core::Activity;
use words::check;

const BOOKS: &str = "
    org USD required
    open cash asset
    open bank asset
    open ar asset
    open sales revenue
    open fx revenue
    ";

const KEPT: &str = "
    org USD by-commodity
    commodity SHARES 4
    open cash asset
    open bank asset
    open stocks asset
    open sales revenue
    ";

#[track_caller]
fn books(script: &str) {
    check(&format!("{BOOKS}{script}"));
}

#[track_caller]
fn kept(script: &str) {
    check(&format!("{KEPT}{script}"));
}

#[test]
fn an_entry_in_one_currency_stands_as_posted() {
    books(
        "post 2026-01-05: cash 10.5 USD | sales -10.50 USD
         lines #1: cash 10.50 USD 10.50 | sales -10.50 USD -10.50
         post 2026-01-05: cash 0 USD | sales 0 USD
         holds cash 10.50 USD 10.50
         holds sales -10.50 USD -10.50",
    );
}

#[test]
fn amounts_are_the_truth_and_rates_are_evidence() {
    books(
        "post 2026-01-05: cash 95 EUR = 8000 at 84.2105 USD | sales -95 EUR = -8000
         lines #1: cash 95.00 EUR 8000.00 | sales -95.00 EUR -8000.00
         post 2026-01-05: cash 95 EUR = 0 | sales -95 EUR = 0.01        => UNBALANCED_FUNCTIONAL",
    );
}

#[test]
fn foreign_lines_take_the_latest_rate_of_at_most_31_days() {
    books(
        "rate EUR USD 1.10 2026-01-05
         rate EUR USD 1.20 2026-02-01
         rate EUR USD 9 2026-01-20 closing
         post 2026-01-04: cash 1 EUR | sales -1 EUR                     => RATE_MISSING
         post 2026-01-05: cash 1 EUR | sales -1 EUR
         lines #1: cash 1.00 EUR 1.10 | sales -1.00 EUR -1.10
         post 2026-02-01: cash 1 EUR | sales -1 EUR
         lines #2: cash 1.00 EUR 1.20 | sales -1.00 EUR -1.20
         post 2026-03-04: cash 1 EUR | sales -1 EUR
         post 2026-03-05: cash 1 EUR | sales -1 EUR                     => RATE_MISSING
         rate USD GBP 0.8 2026-03-05
         post 2026-03-05: cash 1 GBP | sales -1 GBP
         lines #4: cash 1.00 GBP 1.25 | sales -1.00 GBP -1.25
         rate USD JPY 5000000000000000000 2026-03-05                    -- too few digits would be left of its inverse
         post 2026-03-05: cash 1 JPY | sales -1 JPY                     => RATE_MISSING
         post 2026-03-05: cash 0 JPY | sales 0 JPY
         holds cash 0 JPY 0",
    );
}

#[test]
fn the_lines_of_a_side_sum_to_its_value() {
    books(
        "rate EUR USD 1.0853 2026-01-05
         post 2026-01-05: ar 100 EUR | sales -33.33 EUR | sales -66.67 EUR
         lines #1: ar 100.00 EUR 108.53 | sales -33.33 EUR -36.17 | sales -66.67 EUR -72.36
         post 2026-01-05: ar 0.03 EUR | sales -0.01 EUR | sales -0.01 EUR | sales -0.01 EUR
         lines #2: ar 0.03 EUR 0.03 | sales -0.01 EUR -0.01 | sales -0.01 EUR -0.01 | sales -0.01 EUR -0.01
         rate EUR USD 0.5 2026-01-06
         post 2026-01-06: ar 0.03 EUR | sales -0.01 EUR | sales -0.01 EUR | sales -0.01 EUR
         lines #3: ar 0.03 EUR 0.02 | sales -0.01 EUR -0.01 | sales -0.01 EUR -0.01 | sales -0.01 EUR 0.00",
    );
}

#[test]
fn lines_that_quote_the_same_rate_are_worth_the_same_on_both_sides() {
    books(
        "post 2026-01-06: ar 0.03 EUR at 0.5 USD | sales -0.01 EUR at 0.5 USD | sales -0.02 EUR at 0.5 USD
         lines #1: ar 0.03 EUR 0.02 | sales -0.01 EUR -0.01 | sales -0.02 EUR -0.01
         post 2026-01-06: ar 1 EUR at 0.5 USD | sales -1 EUR at 0.6 USD => UNBALANCED_FUNCTIONAL
         post 2026-01-06: ar 1 EUR at -1 USD | sales -1 EUR at 1 USD    => RATE_INVALID line 1",
    );
}

#[test]
fn an_exchange_gets_a_conversion_line_for_each_currency() {
    books(
        "post 2026-01-05: cash 10 EUR @@ 11 USD | bank -11 USD
         lines #1: cash 10.00 EUR 11.00 | bank -11.00 USD -11.00 | Equity:Conversion:EUR -10.00 EUR -11.00 | Equity:Conversion:USD 11.00 USD 11.00
         holds Equity:Conversion:EUR -10 EUR -11.00
         holds Equity:Conversion:USD 11 USD 11.00
         post 2026-01-06: cash -10 EUR = -11 | bank 11 USD
         holds Equity:Conversion:EUR 0 EUR 0
         holds Equity:Conversion:USD 0 USD 0
         lock Equity:Conversion:EUR
         post 2026-01-07: cash 10 EUR @@ 11 USD | bank -11 USD          => ACCOUNT_LOCKED line 3",
    );
}

#[test]
fn a_settlement_books_its_difference_as_a_functional_only_line() {
    books(
        "post 2026-01-05: ar 10 EUR = 11 | sales -10 EUR = -11
         post 2026-02-05: bank 12 USD | ar -10 EUR = -11                => UNBALANCED_FUNCTIONAL
         post 2026-02-05: bank 12 USD | ar -10 EUR = -11 | fx 0 USD = -1
         lines #2: bank 12.00 USD 12.00 | ar -10.00 EUR -11.00 | fx 0.00 USD -1.00 | Equity:Conversion:USD -12.00 USD -12.00 | Equity:Conversion:USD 0.00 USD 1.00 | Equity:Conversion:EUR 10.00 EUR 11.00
         holds ar 0 EUR 0
         holds fx 0 USD -1.00
         reverse #2
         post 2026-02-05: bank 12 USD | ar -10 EUR = -11 | fx -1 USD
         holds ar 0 EUR 0
         holds fx -1 USD -1.00
         holds Equity:Conversion:USD -11 USD -11.00
         holds Equity:Conversion:EUR 10 EUR 11.00",
    );
}

#[test]
fn a_revaluation_changes_functional_amounts_alone() {
    books(
        "post 2026-01-31: ar 0 EUR = 0.50 | fx 0 USD = -0.50
         lines #1: ar 0.00 EUR 0.50 | fx 0.00 USD -0.50
         post 2026-01-31: ar 0 EUR = 0.50 | fx 0 USD = -0.40            => UNBALANCED_FUNCTIONAL",
    );
}

#[test]
fn a_cost_in_a_foreign_currency_is_worth_what_that_currency_is() {
    books(
        "commodity SHARES 4
         open stocks asset
         rate EUR USD 1.1 2026-01-05
         post 2026-01-05: stocks 3 SHARES @@ 100.01 EUR | cash -100.01 EUR
         lines #1: stocks 3.0000 SHARES 110.01 | cash -100.01 EUR -110.01 | Equity:Conversion:SHARES -3.0000 SHARES -110.01 | Equity:Conversion:EUR 100.01 EUR 110.01",
    );
}

#[test]
fn a_residual_of_rounded_weights_is_a_visible_line() {
    books(
        "commodity SHARES 4
         open stocks asset
         post 2026-01-05 rounding=Equity:Rounding: stocks 3 SHARES @@ 100.01 USD | cash -100.00 USD
         lines #1: stocks 3.0000 SHARES 100.01 | cash -100.00 USD -100.00 | Equity:Rounding -0.01 USD -0.01 | Equity:Conversion:SHARES -3.0000 SHARES -100.01 | Equity:Conversion:USD 100.01 USD 100.01
         post 2026-01-05 rounding=Equity:Rounding: stocks 3 SHARES @@ 100.02 USD | cash -100.00 USD | bank 1 EUR = 0 | bank -1 EUR = 0
         post 2026-01-05 rounding=Equity:Rounding: stocks 3 SHARES @@ 100.03 USD | cash -100.00 USD | bank 1 EUR = 0 | bank -1 EUR = 0 => UNBALANCED
         post 2026-01-05: stocks 3 SHARES @@ 100.01 USD | cash -100.00 USD => UNBALANCED
         lock Equity:Rounding
         post 2026-01-05 rounding=Equity:Rounding: stocks 3 SHARES @@ 100.01 USD | cash -100.00 USD => ACCOUNT_LOCKED line 3
         post 2026-01-05 rounding=Equity:Rounding: stocks 3 SHARES @@ 100.00 USD | cash -100.00 USD",
    );
}

#[test]
fn a_residual_in_a_foreign_currency_is_valued_with_it() {
    books(
        "commodity SHARES 4
         open stocks asset
         rate EUR USD 1.5 2026-01-05
         post 2026-01-05 rounding=r: stocks 3 SHARES @@ 100.01 EUR | cash -100.00 EUR
         lines #1: stocks 3.0000 SHARES 150.02 | cash -100.00 EUR -150.00 | r -0.01 EUR -0.02 | Equity:Conversion:SHARES -3.0000 SHARES -150.02 | Equity:Conversion:EUR 100.01 EUR 150.02
         post 2026-01-05 rounding=r: stocks 3 SHARES @@ 100.01 EUR = 150 | cash -100.00 EUR = -150
         holds r -0.02 EUR -0.02",
    );
}

#[test]
fn books_kept_by_commodity_need_no_rates() {
    kept(
        "post 2026-01-05: cash 5 EUR | sales -5 EUR
         lines #1: cash 5.00 EUR - | sales -5.00 EUR -
         post 2026-01-05: stocks 3 SHARES @@ 100.01 EUR | cash -100.01 EUR
         lines #2: stocks 3.0000 SHARES - | cash -100.01 EUR - | Equity:Conversion:SHARES -3.0000 SHARES - | Equity:Conversion:EUR 100.01 EUR -
         post 2026-01-05: stocks 3 SHARES @@ 100.01 USD | cash -100.01 USD
         lines #3: stocks 3.0000 SHARES 100.01 | cash -100.01 USD -100.01 | Equity:Conversion:SHARES -3.0000 SHARES -100.01 | Equity:Conversion:USD 100.01 USD 100.01
         post 2026-01-05: cash 1 EUR | bank -1.10 USD                   => EXCHANGE_UNPRICED
         post 2026-01-05: cash 1 EUR = 1.10 | bank -1.10 USD
         post 2026-01-05: cash 1 EUR = 1.10 | bank -1 EUR
         lines #5: cash 1.00 EUR - | bank -1.00 EUR -
         post 2026-01-05: cash 2 '' | sales -2 ''                       => COMMODITY_UNKNOWN
         post 2026-01-05 rounding=r: stocks 3 SHARES @@ 100.01 EUR | cash -100.00 EUR
         holds r -0.01 EUR 0",
    );
}

#[test]
fn a_price_in_the_same_commodity_is_no_exchange() {
    kept(
        "post 2026-01-05: cash 10 USD @@ 10 USD | bank -10 USD
         post 2026-01-05: cash 10 USD @@ 12 USD | bank -12 USD          => RATE_INVALID line 1",
    );
}

#[test]
fn an_amount_at_a_price_of_zero_moves() {
    kept(
        "post 2026-01-05: stocks 3 SHARES @@ 0 USD | cash 0 USD
         lines #1: stocks 3.0000 SHARES 0.00 | cash 0.00 USD 0.00 | Equity:Conversion:SHARES -3.0000 SHARES 0.00",
    );
}

#[test]
fn a_reversal_negates_at_the_original_rates_at_most_once() {
    books(
        "rate EUR USD 1.10 2026-01-05
         post 2026-01-05: cash 10 EUR | sales -10 EUR
         rate EUR USD 1.50 2026-01-05
         reverse #1
         lines #2: cash -10.00 EUR -11.00 | sales 10.00 EUR 11.00
         dated #2 2026-01-05
         reverse #1                                                     => ALREADY_REVERSED
         reverse #2 2026-03-01
         lines #3: cash 10.00 EUR 11.00 | sales -10.00 EUR -11.00
         dated #3 2026-03-01
         holds cash 10 EUR 11.00
         lock cash
         reverse #3                                                     => ACCOUNT_LOCKED line 1
         reverse #4                                                     => ENTRY_UNKNOWN",
    );
}

#[test]
fn a_reversal_lands_in_the_first_open_period_from_the_original_on() {
    books(
        "post 2025-11-15: cash 1 USD | sales -1 USD
         post 2025-11-15: cash 1 USD | sales -1 USD
         post 2025-11-15: cash 1 USD | sales -1 USD
         close 2025-11 soft
         close 2025-12 hard
         reverse #1
         dated #4 2026-01-01
         reverse #2 2025-12-31                                          => PERIOD_CLOSED
         permit soft
         reverse #2
         dated #5 2025-11-15
         permit none
         reopen 2025-11
         reverse #3
         dated #6 2025-11-15",
    );
}

#[test]
fn at_the_end_of_time_there_is_no_later_period() {
    books(
        "post 9999-12-15: cash 1 USD | sales -1 USD
         close 9999-12 hard
         reverse #1                                                     => PERIOD_CLOSED
         reverse #1 last-day                                            => DATE_OUT_OF_RANGE
         reverse #1 first-day                                           => DATE_OUT_OF_RANGE
         post first-day: cash 1 USD | sales -1 USD                      => DATE_OUT_OF_RANGE
         post 0001-01-01: cash 1 USD | sales -1 USD
         post 2026-01-01: cash 1 USD due last-day | sales -1 USD        => DATE_OUT_OF_RANGE line 1
         rate EUR USD 1 last-day                                        => DATE_OUT_OF_RANGE",
    );
}

#[test]
fn a_correction_reverses_and_replaces_in_one_step() {
    books(
        "bound cash USD min=0 max=100
         post 2026-01-05: cash 100 USD | sales -100 USD
         correct #1 by 2026-01-06: cash 90 USD | sales -90 USD
         holds cash 90 USD 90
         correct #1 by 2026-01-06: cash 90 USD | sales -90 USD          => ALREADY_REVERSED
         correct #3 by 2026-01-06: cash 101 USD | sales -101 USD        => BALANCE_CONDITION line 1
         holds cash 90 USD 90                                           -- nothing of it has happened
         correct #3 by 2026-01-06: cash 1 EUR @@ 1.10 USD | sales -1.10 USD
         holds cash 0 USD 0
         holds cash 1 EUR 1.10
         post 2026-01-07: cash 60 USD | sales -60 USD
         post 2026-01-08: bank 50 USD | cash -50 USD
         reverse #6                                                     => BALANCE_CONDITION line 1
         correct #6 by 2026-01-07: cash 80 USD | sales -80 USD          => BALANCE_CONDITION line 1",
    );
}

#[test]
fn conditions_see_the_entry_as_a_whole() {
    books(
        "bound cash USD min=0
         post 2026-01-05: cash -5 USD | sales 5 USD                     => BALANCE_CONDITION line 1
         post 2026-01-05: cash -5 USD | cash 5 USD
         post 2026-01-05: cash -5 USD | sales 3 USD | cash 2 USD        => BALANCE_CONDITION line 3
         post 2026-01-05: cash -5 EUR = -5 | sales 5 EUR = 5
         bound cash EUR min=0                                           => BALANCE_CONDITION
         bound sales EUR min=0                                          => BALANCE_CONDITION line 0  -- revenue is credit-normal
         bound sales EUR max=0
         bound cash USD
         post 2026-01-05: cash -5 USD | sales 5 USD",
    );
}

#[test]
fn definitions_may_be_confirmed_but_not_changed() {
    check(
        "org USD required
         open assets asset summary
         open cash asset under=assets
         open cash asset under=assets
         open cash asset                                                => ACCOUNT_DIFFERS
         change cash name=Till
         change cash name=Till
         change cash under=-
         open cash asset
         commodity USD 2
         commodity USD 3                                                => COMMODITY_DIFFERS
         rate EUR USD 1.1 2026-01-01
         rate EUR USD 1.1 2026-01-01
         rate EUR EUR 1 2026-01-01                                      => RATE_INVALID
         rate EUR USD -1 2026-01-01                                     => RATE_INVALID
         rate NONE USD 1 2026-01-01                                     => COMMODITY_UNKNOWN",
    );
}

#[test]
fn an_account_says_what_it_counts_as_and_takes_it_back() {
    let count = |script: &str| check(&format!("{BOOKS}{script}")).events.len() - check(BOOKS).events.len();
    for (script, events) in [
        ("activity bank financing", 1),
        ("activity bank financing\nactivity bank financing", 1),
        ("activity bank financing\nactivity bank none", 2),
        ("activity bank none", 0),
        ("activity nowhere investing => ACCOUNT_UNKNOWN", 0),
    ] {
        assert_eq!(count(script), events, "{script}");
    }
    let ledger = check(&format!("{BOOKS}activity ar non-cash\nchange ar name=Owed"));
    assert_eq!(ledger.book.account_by_code("ar").unwrap().activity, Some(Activity::NonCash), "it stays when other things change");
}

#[test]
fn periods_open_and_close_step_by_step() {
    books(
        "close 2026-01 soft
         close 2026-01 soft                                             => PERIOD_UNCHANGED
         post 2026-01-31: cash 1 USD | sales -1 USD                     => PERIOD_CLOSED
         permit soft
         post 2026-01-31: cash 1 USD | sales -1 USD
         close 2026-01 hard
         post 2026-01-31: cash 1 USD | sales -1 USD                     => PERIOD_CLOSED
         close 2026-01 open                                             => PERIOD_STEP
         reopen 2026-01
         close 2026-02 hard
         post 2026-01-31: cash 1 USD | sales -1 USD",
    );
}

#[test]
fn a_commodity_may_have_no_code() {
    let mut ledger = check(KEPT);
    let define = ledger_core::command::DefineCommodity { code: "".into(), scale: Some(2), name: "".into() };
    ledger.run(&ledger_core::Command::DefineCommodity(define)).unwrap();
    let draft = words::draft("2026-01-05", None, None, "cash 10 '' @@ 1 USD | bank -1 USD");
    ledger.run(&ledger_core::Command::PostEntry(draft)).unwrap();
    assert!(ledger.book.account_by_code("Equity:Conversion:(none)").is_some());
}
