//! Open items, allocations and exchange differences, in the ledger's own words.
//!
//! Most figures are restated from the tests and reports of other systems; the case they come from stands beside them.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod words;

use words::check;

/// A receivable and a payable control account, and somebody on either side.
fn books(functional: &str, script: &str) {
    check(&format!(
        "org {functional} required
         open cash asset sub=bank
         open ar asset sub=receivable
         open ap liability sub=payable
         open sales revenue
         open cost expense
         open fx revenue sub=fx_gain_loss
         control ar receivable
         control ap payable
         party C customer
         party V vendor
         {script}"
    ));
}

#[test]
fn an_instalment_is_settled_by_due_date() {
    // A1: terms 30 % at 30 days, 50 % at 60, 20 % at 90; a payment of 40 takes the first and part of the second. The
    // later credit note of 100 exceeds what is left, names no invoice and stays an item of its own.
    books(
        "INR",
        "post 2026-01-01: ar 30 INR party C doc I due 2026-01-31 | ar 50 INR party C doc I due 2026-03-02 | ar 20 INR party C doc I due 2026-04-01 | sales -100 INR
         item C:I#1 30 INR
         item C:I#2 50 INR
         item C:I#3 20 INR
         post 2026-01-01: ar -40 INR party C doc P | cash 40 INR
         allocate C:P
         item C:I#1 0 INR
         item C:I#2 40 INR
         item C:I#3 20 INR
         item C:P 0 INR
         allocations 2
         post 2026-01-01: ar -100 INR party C doc CN | sales 100 INR
         item C:CN -100 INR
         holds ar -40 INR",
    );
}

#[test]
fn what_falls_due_first_is_settled_first() {
    // By due date, which is the entry's date where the line has none; then by date, then in the order of posting.
    books(
        "INR",
        "post 2026-01-03: ar 1 INR party C doc E | sales -1 INR
         post 2026-01-02: ar 2 INR party C doc D due 2026-01-03 | sales -2 INR
         post 2026-01-02: ar 4 INR party C doc F due 2026-01-03 | sales -4 INR
         post 2026-01-01: ar 8 INR party C doc G due 2026-01-09 | sales -8 INR
         post 2026-01-05: ar 16 INR party C doc A due 2026-01-01 | sales -16 INR
         post 2026-01-01: ar 100 USD = 1 party C doc U | sales -100 USD = -1
         post 2026-02-01: ar -26 INR party C doc P | cash 26 INR
         allocate C:P 17
         item C:A 0 INR
         item C:D 1 INR
         allocate C:P 1
         item C:D 0 INR
         item C:F 4 INR
         allocate C:P
         item C:F 0 INR
         item C:E 0 INR
         item C:G 5 INR
         item C:U 100 USD
         allocations 6",
    );
}

#[test]
fn credit_notes_settle_what_they_name() {
    // A2: a credit note that names the unpaid invoice closes it.
    books(
        "INR",
        "post 2026-01-01: ar 100 INR party C doc I | sales -100 INR
         post 2026-01-01: ar -100 INR party C doc I | sales 100 INR
         item C:I 0 INR
         allocations 1
         holds ar 0 INR",
    );
    // A3: a payment of 40 and then a credit note of 100 on an invoice of 60, 100 and 40.
    books(
        "INR",
        "post 2026-01-01: ar 60 INR party C doc I due 2026-01-31 | ar 100 INR party C doc I due 2026-03-02 | ar 40 INR party C doc I due 2026-04-01 | sales -200 INR
         post 2026-01-01: ar -40 INR party C doc I | cash 40 INR
         item C:I#1 20 INR
         post 2026-01-01: ar -100 INR party C doc I | sales 100 INR
         item C:I#1 0 INR
         item C:I#2 20 INR
         item C:I#3 40 INR",
    );
    // A4, A7: one that names none is an item of its own.
    books(
        "INR",
        "post 2026-01-01: ar 100 INR party C doc I | sales -100 INR
         post 2026-01-02: ar -40 INR party C doc I | cash 40 INR
         post 2026-01-02: ar -100 INR party C doc CN | sales 100 INR
         item C:I 60 INR
         item C:CN -100 INR",
    );
    // A12: a journal moves the credit of a paid invoice to another.
    books(
        "INR",
        "post 2026-01-01: ar 100 INR party C doc I1 | sales -100 INR
         post 2026-01-01: ar -100 INR party C doc I1 | cash 100 INR
         post 2026-01-02: ar -100 INR party C doc CN | sales 100 INR
         post 2026-01-02: ar 100 INR party C doc I2 | sales -100 INR
         post 2026-01-03: ar 100 INR party C doc CN | ar -100 INR party C doc I2
         item C:I1 0 INR
         item C:I2 0 INR
         item C:CN 0 INR
         holds ar 0 INR",
    );
}

#[test]
fn advances_and_overpayments_stay_open() {
    // A5: a payment without an invoice.
    books("INR", "post 2026-01-01: ar -1000 INR party C doc SO | cash 1000 INR\n item C:SO -1000 INR");
    // A8: paid 110 on the next day for 100. As of today it is open; later 10 are unapplied.
    books(
        "INR",
        "post 2026-01-01: ar 100 INR party C doc I | sales -100 INR
         post 2026-01-02: ar -110 INR party C doc P | cash 110 INR
         allocate C:P
         item C:I 0 INR
         item C:P -10 INR
         item C:I at 2026-01-01 100 INR
         item C:P at 2026-01-01 0 INR
         item C:I at 2026-01-02 0 INR
         item C:P at 2026-01-02 -10 INR",
    );
    // A6: part of it by a journal that names the invoice.
    books(
        "INR",
        "post 2026-01-01: ar 100 INR party C doc I | sales -100 INR
         post 2026-01-01: ar -40 INR party C doc I | cost 40 INR
         item C:I 60 INR",
    );
    // A9: one minor unit is still open.
    books(
        "INR",
        "post 2026-01-01: ar 100 INR party C doc I | sales -100 INR
         post 2026-01-01: ar -99.99 INR party C doc P | cash 99.99 INR
         allocate C:P: C:I
         item C:I 0.01 INR
         holds ar 0.01 INR",
    );
    // A13: one journal pays half of two invoices on the next day.
    books(
        "INR",
        "post 2026-01-01: ar 100 INR party C doc I1 | sales -100 INR
         post 2026-01-01: ar 100 INR party C doc I2 | sales -100 INR
         post 2026-01-02: ar -50 INR party C doc I1 | ar -50 INR party C doc I2 | cash 100 INR
         item C:I1 at 2026-01-01 100 INR
         item C:I2 at 2026-01-01 100 INR
         item C:I1 50 INR
         item C:I2 50 INR",
    );
    // A10, A14: each in its own currency, summed by party.
    books(
        "INR",
        "post 2026-01-01: ar 100 USD = 8000 party C doc I1 | sales -100 USD = -8000
         post 2026-01-02: ar 100 INR party C doc I2 | sales -100 INR
         item C:I1 100 USD 8000
         item C:I2 100 INR 100",
    );
}

#[test]
fn every_partial_settlement_realises_its_difference() {
    // F2: the whole settled at another rate leaves neither currency nor value.
    books(
        "INR",
        "post 2026-01-01: ar 100 USD = 8000 party C doc I | sales -100 USD = -8000
         post 2026-02-01: ar -100 USD = -8500 party C doc P | cash 100 USD = 8500
         allocate C:P
         item C:I 0 USD 0
         item C:P 0 USD 0
         holds ar 0 USD 0
         holds fx 0 INR -500",
    );
    // F3: 95 USD for 8000 INR, not allocated: 5 USD of no value are left.
    books(
        "INR",
        "post 2026-01-01: ar 100 USD = 8000 party C doc I | sales -100 USD = -8000
         post 2026-02-01: ar -95 USD = -8000 party C doc P | cash 95 USD = 8000
         holds ar 5 USD 0
         item C:I 100 USD 8000
         item C:P -95 USD -8000
         post 2026-02-02: ar -5 USD = -421.05 party C doc I | cost 5 USD = 421.05
         allocate C:P
         item C:I 0 USD 0
         holds ar 0 USD 0
         holds fx 0 INR -421.05",
    );
    // F8: 90 of 100 EUR relieve 180 of 200 USD, although 90 EUR brought 200 USD.
    books(
        "USD",
        "post 2026-01-01: ar 100 EUR = 200 party C doc I | sales -100 EUR = -200
         post 2026-02-01: ar -90 EUR = -200 party C doc I | cash 90 EUR = 200
         item C:I 10 EUR 20
         holds ar 10 EUR 20
         holds fx 0 USD -20",
    );
    // F9: what is left of the larger keeps its own rate.
    books(
        "USD",
        "post 2026-01-01: ar 240 EUR = 80 party C doc L2 | sales -240 EUR = -80
         post 2026-01-02: ar -120 EUR = -60 party C doc L1 | cash 120 EUR = 60
         allocate C:L1
         item C:L2 120 EUR 40
         item C:L1 0 EUR 0
         holds ar 120 EUR 40
         holds fx 0 USD -20",
    );
    // F10: a loss of 450, and 10 USD at the old rate left. The day before, everything is open.
    books(
        "INR",
        "post 2026-01-01: ar 100 USD = 8000 party C doc I | sales -100 USD = -8000
         post 2026-01-31: ar -90 USD = -6750 party C doc P | cash 90 USD = 6750
         allocate C:P
         item C:I 10 USD 800
         item C:I at 2026-01-30 100 USD 8000
         holds fx 0 INR 450
         holds ar 10 USD 800",
    );
}

#[test]
fn an_allocation_between_currencies_moves_both() {
    // F5: 1620 of the books' own for 1000 USD that are worth 1630: a gain of 50, and 10 short, which a journal leaves open.
    books(
        "EUR",
        "post 2026-01-01: ar 1000 USD = 1580 party C doc I | sales -1000 USD = -1580
         post 2026-02-01: ar -1620 EUR party C doc P | cash 1620 EUR
         allocate C:P: C:I 1630 1000 => ALLOCATION_TOO_LARGE
         allocate C:P: C:I 1620 1000.01 => ALLOCATION_TOO_LARGE
         allocate C:P: C:I 1620 993.87
         item C:I 6.13 USD 9.69
         holds fx 0 EUR -49.69
         unallocate @1
         holds fx 0 EUR 0
         holds ar 1000 USD 1580
         holds ar -1620 EUR -1620
         post 2026-02-01: ar -10 EUR party C doc P2 | ar 10 EUR party C doc SHORT
         allocate C:P2: C:I 10 6.13
         allocate C:P: C:I 1620 993.87
         item C:I 0 USD 0
         item C:P 0 EUR 0
         item C:SHORT 10 EUR 10
         holds fx 0 EUR -50
         holds ar 0 USD 0
         holds ar 10 EUR 10",
    );
    // Two foreign currencies, neither of which is the books' own.
    books(
        "INR",
        "post 2026-01-01: ap -100 USD = -8000 party V doc B | cost 100 USD = 8000
         post 2026-02-01: ap 95 EUR = 8200 party V doc P | cash -95 EUR = -8200
         allocate V:P : V:B 95 100
         item V:B 0 USD 0
         item V:P 0 EUR 0
         holds ap 0 USD 0
         holds ap 0 EUR 0
         holds fx 0 INR 200
         holds Equity:Conversion:USD -100 USD -8200
         holds Equity:Conversion:EUR 95 EUR 8200",
    );
}

#[test]
fn reversing_what_is_allocated_undoes_that_first() {
    books(
        "INR",
        "post 2026-01-05: ar 100 USD = 8000 party C doc I | sales -100 USD = -8000
         post 2026-02-01: ar -60 USD = -5100 party C doc P | cash 60 USD = 5100
         allocate C:P
         holds fx 0 INR -300
         reverse #1
         holds fx 0 INR 0
         holds ar -60 USD -5100
         item C:I 0 USD 0
         item C:P -60 USD -5100
         item C:I at 2026-01-31 0 USD 0
         allocations 1
         reverse #1 => ALREADY_REVERSED
         reverse #3
         item C:I 100 USD 8000
         holds ar 40 USD 2900
         allocate C:P
         item C:I 40 USD 3200
         holds ar 40 USD 3200",
    );
    // A correction does the same in one command, and what the replacement names is settled again.
    books(
        "INR",
        "post 2026-01-05: ar 100 INR party C doc I | sales -100 INR
         post 2026-02-01: ar -60 INR party C doc I | cash 60 INR
         item C:I 40 INR
         correct #2 by 2026-02-01: ar -70 INR party C doc I | cash 70 INR
         item C:I 30 INR
         holds ar 30 INR
         allocations 2",
    );
}

#[test]
fn an_allocation_is_undone_once_and_not_before_it_counts() {
    books(
        "INR",
        "post 2026-01-05: ar 100 USD = 8000 party C doc I | sales -100 USD = -8000
         post 2026-02-01: ar -60 USD = -5100 party C doc P | cash 60 USD = 5100
         allocate C:P on=2026-02-10
         unallocate @1 2026-02-09 => ALLOCATION_TOO_EARLY
         unallocate @1 2026-02-20
         unallocate @1 => ALREADY_REVERSED
         item C:I 100 USD 8000
         item C:I at 2026-02-09 100 USD 8000
         item C:I at 2026-02-10 40 USD 3200
         item C:I at 2026-02-20 100 USD 8000
         allocate C:P on=2026-02-15 => ALLOCATION_TOO_EARLY
         allocate C:P
         item C:I 40 USD 3200
         item C:P 0 USD 0
         holds fx 0 INR -300",
    );
}

#[test]
fn an_allocation_counts_in_an_open_period() {
    books(
        "INR",
        "post 2026-01-05: ar 100 USD = 8000 party C doc I | sales -100 USD = -8000
         post 2026-02-01: ar -60 USD = -5100 party C doc P | cash 60 USD = 5100
         close 2026-02 hard accept why=later
         allocate C:P on=2026-02-10 => PERIOD_CLOSED
         allocate C:P
         item C:I at 2026-02-28 100 USD 8000
         item C:I at 2026-03-01 40 USD 3200",
    );
}

#[test]
fn values_are_needed_beside_control_accounts_even_where_they_are_optional() {
    check(
        "org INR by-commodity
         open ar asset
         open sales revenue
         control ar receivable
         party C customer
         post 2026-01-05: ar 100 USD party C doc I | sales -100 USD => RATE_MISSING line 1
         rate USD INR 80 2026-01-01
         post 2026-01-05: ar 100 USD party C doc I | sales -100 USD
         item C:I 100 USD 8000",
    );
}

#[test]
fn parties_and_control_accounts_are_confirmed_or_changed() {
    books(
        "INR",
        "party C customer
         party C vendor => PARTY_DIFFERS
         change-party C terms=30@10,70@20
         party C customer => PARTY_DIFFERS
         party C customer terms=30@10,70@20
         change-party Z terms=1@1 => PARTY_UNKNOWN
         change-party C terms= => LIMIT_EXCEEDED
         control ar receivable
         open all asset summary
         control all receivable => ACCOUNT_SUMMARY
         change-party C receivable=ap => CONTROL_MISSING
         change-party C receivable=ar
         post 2026-01-05: ar 0 INR party C doc I | sales 0 INR
         post 2026-01-05: ar 1 INR doc I | sales -1 INR => CONTROL_NEEDS_PARTY line 1
         post 2026-01-05: ar 1 INR party Q doc I | sales -1 INR => PARTY_UNKNOWN line 1",
    );
}

#[test]
fn revaluation_is_turned_back_on_the_next_day() {
    // F1, A11: 100 USD at 80, closing at 85. The control account stays as it is.
    books(
        "INR",
        "open va asset sub=valuation_adjustment
         post 2026-01-01: ar 100 USD = 8000 party C doc I | sales -100 USD = -8000
         rate USD INR 84 2026-01-31
         rate USD INR 85 2026-01-31 closing
         revalue 2026-01-31
         holds ar 100 USD 8000
         holds va 0 USD 0
         holds fx 0 USD 0
         item C:I 100 USD 8000
         revalue 2026-01-31
         post 2026-01-31: ar 10 USD = 800 party C doc I2 | sales -10 USD = -800
         rate USD INR 86 2026-01-31 closing
         revalue 2026-01-31
         revalue 2026-02-28",
    );
    // F4: a loss of 70 in the adjustment account.
    let ledger = check(
        "org EUR required
         open ar asset
         open sales revenue
         control ar receivable
         party C customer
         post 2026-01-01: ar 1000 USD = 1700 party C doc I | sales -1000 USD = -1700
         rate USD EUR 1.63 2026-01-31 closing
         revalue 2026-01-31",
    );
    assert_eq!(
        posted(&ledger),
        ["2026-01-31 valuation-adjustment -70.00 fx-gain-loss 70.00", "2026-02-01 valuation-adjustment 70.00 fx-gain-loss -70.00"]
    );
}

#[test]
fn what_was_revalued_realises_its_difference_once() {
    // F6: a bill of 388 USD at 94.39, closing 93.9325, paid at 94.125: 177.51 - 177.51 + 102.82.
    let ledger = check(
        "org INR required
         open bank asset sub=bank
         open ap liability
         open cost expense
         control ap payable
         party V vendor
         rate USD INR 93.9325 2026-01-31 closing
         post 2026-01-15: ap -388 USD = -36623.32 party V doc B | cost 388 USD = 36623.32
         revalue 2026-01-31
         post 2026-02-10: ap 388 USD at 94.125 INR party V doc P | bank -388 USD at 94.125 INR
         allocate V:P
         holds ap 0 USD 0
         holds valuation-adjustment 0 USD 0
         holds fx-gain-loss 0 USD 0
         holds fx-gain-loss 0 INR -102.82",
    );
    assert_eq!(posted(&ledger)[0], "2026-01-31 valuation-adjustment 177.51 fx-gain-loss -177.51");
    // F7: 1000 USD at 17, closing 16, paid at 17: an unrealised gain of 1000 goes back, and nothing is left anywhere.
    let ledger = check(
        "org EGP required
         open bank asset sub=bank
         open ap liability
         open cost expense
         control ap payable
         party V vendor
         rate USD EGP 16 2026-01-31 closing
         post 2026-01-15: ap -1000 USD = -17000 party V doc B | cost 1000 USD = 17000
         post 2026-02-10: ap 1000 USD = 17000 party V doc B | bank -1000 USD = -17000
         revalue 2026-01-31
         item V:B 0 USD 0
         holds ap 0 USD 0
         holds fx-gain-loss 0 USD 0
         holds valuation-adjustment 0 USD 0",
    );
    assert_eq!(posted(&ledger)[0], "2026-01-31 valuation-adjustment 1000.00 fx-gain-loss -1000.00", "as it was open at the date");
}

#[test]
fn cash_is_revalued_as_it_was_held_at_the_date() {
    let ledger = check(
        "org USD required
         open bank asset sub=bank
         open sales revenue
         post 2026-01-10: bank 100 EUR = 110 | sales -100 EUR = -110
         post 2026-02-10: bank 50 EUR = 60 | sales -50 EUR = -60
         rate EUR USD 1.2 2026-01-31 closing
         revalue 2026-01-31
         post 2026-01-20: bank 10 EUR = 11 | sales -10 EUR = -11
         revalue 2026-01-31",
    );
    assert_eq!(
        posted(&ledger),
        [
            "2026-01-31 valuation-adjustment 10.00 fx-gain-loss -10.00",
            "2026-02-01 valuation-adjustment -10.00 fx-gain-loss 10.00",
            "2026-01-31 valuation-adjustment 1.00 fx-gain-loss -1.00",
            "2026-02-01 valuation-adjustment -1.00 fx-gain-loss 1.00",
        ]
    );
}

#[test]
fn what_is_on_account_is_listed_for_a_checklist() {
    let ledger = check(
        "org INR required
         open cash asset
         open ar asset
         open sales revenue
         control ar receivable
         party C customer
         post 2026-01-01: ar 100 INR party C doc I | sales -100 INR
         post 2026-01-31: ar -110 INR party C doc P | cash 110 INR
         allocate C:P
         post 2026-02-01: ar -5 INR party C doc Q | cash 5 INR",
    );
    let on_account = |until| -> Vec<(String, i128)> {
        let items = ledger.book.unapplied(ledger_core::Side::Receivable, words::day(until));
        items.map(|(_, item)| (item.document.to_string(), item.open)).collect()
    };
    assert_eq!(on_account("2026-01-30"), []);
    assert_eq!(on_account("2026-01-31"), [("P".into(), -1_000)]);
    assert_eq!(on_account("2026-02-28"), [("P".into(), -1_000), ("Q".into(), -500)]);
    assert_eq!(ledger.book.unapplied(ledger_core::Side::Payable, words::day("2026-02-28")).count(), 0);
}

/// The entries of revaluations: date, and each line's account and value.
fn posted(ledger: &words::Ledger) -> Vec<String> {
    let revaluing = |event: &&ledger_core::Event| {
        matches!(event, ledger_core::Event::ItemsRevalued { .. } | ledger_core::Event::RevaluationReversed { .. })
    };
    let events = ledger.events.iter().map(|proposed| &proposed.event).filter(revaluing);
    let shown = events.map(|event| {
        let entry = event.entry().unwrap();
        let lines = entry.lines().iter().map(|line| {
            let account = ledger.book.account(line.account).unwrap();
            format!(" {} {}", account.code, ledger_core::money::decimal_of(line.functional.unwrap(), 2))
        });
        format!("{}{}", entry.effective_date(), lines.collect::<String>())
    });
    shown.collect()
}
