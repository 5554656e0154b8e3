//! Documents, payments, deferrals, commissions and the year's end, in the ledger's own words. Figures restated from the tests
//! of other systems name their case.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod words;

use ledger_core::{DocumentKind, Event};
use words::{Ledger, check};

fn books(functional: &str, script: &str) -> Ledger {
    check(&format!(
        "org {functional} required
         open bank asset sub=bank
         open ar asset sub=receivable
         open ap liability sub=payable
         open vat-out liability sub=tax
         open vat-in asset sub=tax
         open deferred liability sub=deferred_revenue
         open prepaid asset sub=prepaid_expense
         open sales revenue
         open other-sales revenue
         open cost expense
         open fees expense
         open bad-debts expense
         open fx revenue sub=fx_gain_loss
         open retained equity sub=retained_earnings
         control ar receivable
         control ap payable
         party C customer
         party D customer terms=30@30,50@60,20@90
         party V vendor terms=100@30
         party P payee
         tax V20: VAT 20 vat-out box=1
         tax I20: VAT 20 vat-in box=4
         tax RC: VAT 20 vat-in reverse=vat-out box=4
         tax HALF: VAT 20 vat-in recoverable=50
         {script}"
    ))
}

#[test]
fn an_invoice_posts_its_net_tax_and_instalments() {
    let ledger = books(
        "USD",
        "invoice D 2026-01-31: sales 100 x 2 tax V20 | other-sales 10.50
         sum last: ar 250.50 | vat-out -40.00 | sales -200.00 | other-sales -10.50
         item D:INV-1#1 75.15 USD
         item D:INV-1#2 125.25 USD
         item D:INV-1#3 50.10 USD
         bill V 2026-02-01 no=4711: cost 100 tax I20
         sum last: ap -120.00 | vat-in 20.00 | cost 100.00
         bill V 2026-02-01 no=4712: cost 100 tax RC
         sum last: ap -100.00 | vat-out -20.00 | vat-in 20.00 | cost 100.00
         bill V 2026-02-01 no=4713: cost 100 tax HALF
         sum last: ap -120.00 | vat-in 10.00 | cost 110.00
         claim P 2026-02-01 no=E1: cost 12 tax I20
         invoice C 2026-02-01 included: sales 10 tax V20 | sales 10 tax V20
         sum last: ar 20.00 | vat-out -3.34 | sales -16.66
         invoice C 2026-02-01 included per-document: sales 10 tax V20 | sales 10 tax V20
         sum last: ar 20.00 | vat-out -3.33 | sales -16.67
         credit V 2026-02-02 no=G1 against=4713: cost 50 tax HALF
         sum last: ap 60.00 | vat-in -5.00 | cost -55.00
         item V:4713 -60.00 USD",
    );
    let documents: Vec<_> = ledger.events.iter().map(|proposed| proposed.event.type_name()).filter(|name| name.ends_with("ed")).collect();
    assert!(documents.contains(&"InvoiceIssued") && documents.contains(&"BillReceived") && documents.contains(&"ExpenseClaimed"));
}

#[test]
fn numbers_have_no_gaps_and_are_unique_where_they_must_be() {
    books(
        "USD",
        "invoice C 2026-01-01: sales 1
         invoice C 2026-01-01: nowhere 1 => ACCOUNT_UNKNOWN
         invoice C 2026-01-01: sales 1
         item C:INV-2 1 USD
         invoice C 2026-01-01 series=A: sales 1
         item C:A-1 1 USD
         invoice D 2026-01-01 no=INV-2: sales 1 => DOCUMENT_NUMBER_TAKEN
         invoice C 2026-01-01 no=X: sales 1
         invoice C 2026-01-01 no=INV-3: sales 1
         invoice C 2026-01-01: sales 4
         item C:INV-4 4 USD
         bill V 2026-01-01 no=1: cost 1
         bill V 2026-01-01 no=1: cost 1 => DOCUMENT_NUMBER_TAKEN
         bill P 2026-01-01 no=1: cost 1",
    );
}

#[test]
fn an_order_becomes_an_invoice_with_its_lines_and_channel() {
    let ledger = books(
        "USD",
        "order C 2026-01-01 channel=email sure=0.93: sales 12.50 x 4 tax V20 | sales 120 defer 2026-01-01 2026-12-31 months deferred
         holds ar 0 USD
         invoice-order ORD-1 2026-01-05
         sum last: ar 180.00 | vat-out -10.00 | deferred -120.00 | sales -50.00
         item C:INV-1 180 USD
         invoice-order ORD-1 2026-01-05 => DOCUMENT_UNKNOWN
         invoice-order ORD-2 2026-01-05 => DOCUMENT_UNKNOWN",
    );
    let documents = ledger.events.iter().filter_map(|proposed| match &proposed.event {
        Event::DocumentRecorded { document, .. } => Some(document),
        _ => None,
    });
    let [order, invoice] = documents.collect::<Vec<_>>()[..] else { panic!("an order and an invoice") };
    assert_eq!((order.kind, invoice.kind), (DocumentKind::Order, DocumentKind::Invoice));
    assert_eq!((&order.lines, &order.origin), (&invoice.lines, &invoice.origin));
    assert!(order.origin.is_some() && ledger.book.orders().next().is_none());
}

#[test]
fn payments_settle_by_due_date_as_told_or_nothing() {
    // A1: terms 30 %, 50 %, 20 %; a payment of 40; a credit note of 100 against it is more than the 60 that are left,
    // so that it stays an item of -100.
    books(
        "INR",
        "invoice D 2026-01-01: sales 100
         receive D 2026-01-01 bank 40
         item D:INV-1#1 0 INR
         item D:INV-1#2 40 INR
         item D:INV-1#3 20 INR
         credit D 2026-01-01 against=INV-1: sales 100
         item D:CN-1 -100 INR
         item D:INV-1#2 40 INR",
    );
    // A2: unpaid and credited.
    books("INR", "invoice C 2026-01-01: sales 100\n credit C 2026-01-01 against=INV-1: sales 100\n item C:INV-1 0 INR\n item C:CN-1 0 INR");
    // A3: 60, 100 and 40; a payment of 40, then a linked credit note of 100.
    books(
        "INR",
        "invoice C 2026-01-01 terms=30@30,50@60,20@90: sales 200
         receive C 2026-01-01 bank 40
         item C:INV-1#1 20 INR
         credit C 2026-01-01 against=INV-1: sales 100
         item C:INV-1#1 0 INR
         item C:INV-1#2 20 INR
         item C:INV-1#3 40 INR",
    );
    // A4: the same without a link; A5: an advance; A8: paid too much; A9: one unit is left.
    books(
        "INR",
        "invoice C 2026-01-01: sales 100
         receive C 2026-01-02 bank 40
         credit C 2026-01-02: sales 100
         item C:INV-1 60 INR
         item C:CN-1 -100 INR
         party S customer
         receive S 2026-01-01 bank 1000
         item S:IN-2 -1000 INR
         party T customer
         invoice T 2026-01-01: sales 100
         receive T 2026-01-02 bank 110
         item T:INV-2 at 2026-01-01 100 INR
         item T:IN-3 -10 INR
         party U customer
         invoice U 2026-01-01: sales 100
         receive U 2026-01-01 bank 99.99
         item U:INV-3 0.01 INR
         holds ar -1049.99 INR",
    );
    // A12: paid, credited, and the credit goes to another invoice; A13: one payment for two invoices.
    books(
        "INR",
        "invoice C 2026-01-01: sales 100
         receive C 2026-01-01 bank 100
         credit C 2026-01-02 against=INV-1: sales 100
         item C:CN-1 -100 INR
         invoice C 2026-01-02: sales 100
         allocate C:CN-1: C:INV-2
         item C:CN-1 0 INR
         item C:INV-2 0 INR
         invoice C 2026-01-03: sales 100
         invoice C 2026-01-03: sales 100
         receive C 2026-01-04 bank 100: C:INV-3 50 | C:INV-4 50
         item C:INV-3 at 2026-01-03 100 INR
         item C:INV-3 50 INR
         item C:INV-4 50 INR
         holds ar 100 INR",
    );
}

#[test]
fn money_goes_out_comes_back_and_the_bank_takes_its_part() {
    books(
        "USD",
        "bill V 2026-01-01 no=B1: cost 100
         send V 2026-01-10 bank 60 charge=fees/0.50
         sum last: bank -60.50 | ap 60.00 | fees 0.50
         item V:B1 -40 USD
         invoice C 2026-01-01: sales 100
         receive C 2026-01-10 bank 100 charge=fees/3 nothing
         sum last: bank 97.00 | ar -100.00 | fees 3.00
         item C:IN-1 -100 USD
         refund C 2026-01-11 bank 30
         item C:IN-1 -70 USD
         receive C 2026-01-12 bank 100: C:INV-1
         receive C 2026-01-12 bank 100: C:INV-1 => ITEM_SETTLED
         receive C 2026-01-12 bank 0 => DOCUMENT_INVALID
         receive C 2026-01-12 ar 10 => DOCUMENT_INVALID
         receive C 2026-01-12 bank 10 charge=fees/11 => DOCUMENT_INVALID
         receive C 2026-01-12 bank 100.001 => OVER_PRECISE",
    );
}

#[test]
fn what_will_not_be_paid_is_written_off_at_its_own_value() {
    books(
        "USD",
        "invoice C 2026-01-01 terms=50@10,50@20 cur=EUR rate=1.10: sales 100
         write-off C:INV-1 bad-debts 60
         item C:INV-1#1 0 EUR 0
         item C:INV-1#2 40 EUR 44
         item C:WO-1 0 EUR 0
         holds bad-debts 60 EUR 66
         holds fx 0 USD
         write-off C:INV-1 bad-debts 41 => DOCUMENT_INVALID
         write-off C:INV-1 bad-debts
         holds ar 0 EUR 0
         write-off C:INV-1 bad-debts => DOCUMENT_UNKNOWN",
    );
}

#[test]
fn foreign_documents_realise_differences_and_credit_notes_take_their_rate() {
    // A10 and F10: 100 USD at 80; 90 are paid at 75.
    books(
        "INR",
        "invoice C 2026-01-01 cur=USD rate=80: sales 100
         invoice C 2026-01-01: sales 100
         item C:INV-1 100 USD 8000
         item C:INV-2 100 INR
         receive C 2026-01-02 bank 90 cur=USD value=6750
         item C:INV-1 10 USD 800
         holds fx 0 INR 450
         credit C 2026-01-03 against=INV-1: sales 10
         item C:INV-1 0 USD 0
         holds ar 0 USD 0
         holds sales -90 USD -7200
         rate USD INR 70 2026-01-01
         invoice C 2026-01-05 cur=USD: sales 10
         item C:INV-3 10 USD 700",
    );
}

#[test]
fn deferrals_are_fixed_recognised_and_cancelled_first() {
    // D1 in months: three of the four that are touched, each 100.
    books(
        "USD",
        "invoice C 2021-05-01: sales 300 defer 2021-05-01 2021-07-31 months deferred
         holds deferred -300 USD
         recognise 2021-05-30
         holds sales 0 USD
         recognise 2021-05-31
         holds sales -100 USD
         recognise 2021-05-31
         recognise 2021-08-31
         holds sales -300 USD
         holds deferred 0 USD",
    );
    // D2: by months in part. January is closed, so that its part goes into February.
    books(
        "USD",
        "invoice C 2025-01-08: sales 2258.06 cc north defer 2025-01-08 2025-03-15 months_in_part deferred
         close 2025-01 hard accept why=late
         recognise 2025-02-28
         sum last-1: deferred/north 774.19 | sales/north -774.19
         sum last: deferred/north 1000.00 | sales/north -1000.00
         holds sales -1774.19 USD
         recognise 2025-03-31
         sum last: deferred/north 483.87 | sales/north -483.87",
    );
    // D3: the same for each month that is touched.
    books(
        "USD",
        "invoice C 2025-01-08: sales 2258.06 defer 2025-01-08 2025-03-15 months deferred
         recognise 2025-01-31
         holds sales -752.68 USD
         recognise 2025-02-28
         holds sales -1505.37 USD
         recognise 2025-03-31
         holds sales -2258.06 USD",
    );
    // A credit note of 900 after three of twelve months takes back what is left; one of 1000 takes 100 of what was earned.
    books(
        "USD",
        "invoice C 2026-01-01: sales 1200 defer 2026-01-01 2026-12-31 months deferred
         recognise 2026-03-31
         credit C 2026-04-01 against=INV-1: sales 450
         sum last: ar -450.00 | deferred 450.00
         recognise 2026-04-30
         holds sales -350 USD
         credit C 2026-05-01 against=INV-1: sales 500
         sum last: ar -500.00 | deferred 400.00 | sales 100.00
         recognise 2026-12-31
         holds deferred 0 USD
         holds sales -250 USD
         item C:INV-1 250 USD
         credit C 2026-05-01 against=INV-1: sales 1 defer 2026-01-01 2026-12-31 months deferred => DOCUMENT_INVALID",
    );
    // A foreign one leaves nothing behind, in value either.
    books(
        "USD",
        "bill V 2026-01-01 no=B cur=EUR rate=1.3333: cost 100 defer 2026-01-31 2026-03-30 days prepaid
         recognise 2026-01-31
         credit V 2026-02-01 no=G against=B: cost 33.33
         recognise 2026-12-31
         holds prepaid 0 EUR 0
         holds cost 66.67 EUR
         item V:B -66.67 EUR",
    );
}

#[test]
fn commissions_are_accrued_taken_back_and_paid_out() {
    books(
        "USD",
        "plan agents invoice cost deferred: retroactive 0/5 1000/7 2000/10
         invoice C 2026-01-01: sales 600 tax V20
         invoice C 2026-01-02: sales 600
         accrue agents P INV-1
         holds deferred -30 USD
         accrue agents P INV-1
         accrue agents P INV-2
         holds deferred -84 USD
         credit C 2026-01-03 against=INV-2: sales 200
         holds deferred -66 USD
         payout P 2026-01-31 COM-1
         item P:COM-1 -66 USD
         holds deferred 0 USD
         payout P 2026-01-31 COM-2 => NOTHING_TO_PAY
         credit C 2026-02-01 against=INV-2: sales 400
         holds deferred 36 USD
         holds cost 30 USD
         accrue agents P INV-9 => DOCUMENT_UNKNOWN
         accrue none P INV-1 => PLAN_UNKNOWN",
    );
    // A plan's amounts mean the same number in every currency, whatever its digits.
    books(
        "USD",
        "plan agents invoice cost deferred: tiers 0/5 1000/10
         plan each invoice cost deferred: flat 25
         rate JPY USD 0.007 2026-01-01
         invoice C 2026-01-01 cur=JPY: sales 1500
         accrue agents P INV-1
         holds deferred -100 JPY
         accrue each P INV-1
         holds deferred -125 JPY",
    );
    // On cash: as far as it is paid, and what was never paid takes nothing back when it is credited.
    books(
        "USD",
        "plan cash cash cost deferred: percent 10
         invoice C 2026-01-01: sales 100 tax V20
         accrue cash P INV-1
         holds deferred 0 USD
         receive C 2026-01-05 bank 48
         accrue cash P INV-1
         holds deferred -4 USD
         credit C 2026-01-06 against=INV-1: sales 60 tax V20
         item C:INV-1 0 USD
         holds deferred -4 USD
         accrue cash P INV-1
         holds deferred -4 USD",
    );
}

/// Negated whole, it would leave on the deferred account what the credit note took from it already.
#[test]
fn a_document_is_not_reversed_once_a_credit_note_cancelled_some_of_its_schedule() {
    books(
        "USD",
        "invoice C 2026-01-01: sales 120 defer 2026-01-01 2026-12-31 months prepaid
         credit C 2026-01-02 against=INV-1: sales 20
         holds prepaid -100 USD
         reverse document-1 => DEFERRAL_RECOGNISED
         reverse document => DEFERRAL_RECOGNISED
         credit C 2026-01-03 against=INV-1: sales 100
         reverse document-2 => DEFERRAL_RECOGNISED
         holds prepaid 0 USD
         holds ar 0 USD",
    );
}

#[test]
fn reversed_documents_leave_nothing_behind() {
    books(
        "USD",
        "plan agents invoice cost deferred: percent 10
         invoice C 2026-01-01: sales 120 tax V20 defer 2026-01-01 2026-12-31 months prepaid
         accrue agents P INV-1
         receive C 2026-01-02 bank 144
         reverse document => ok
         holds bank 0 USD",
    );
    let ledger = books(
        "USD",
        "plan agents invoice cost deferred: percent 10
         invoice C 2026-01-01: sales 120 tax V20 defer 2026-01-01 2026-12-31 months prepaid
         accrue agents P INV-1
         holds cost 12 USD
         reverse document
         reverse last-event => ENTRY_BOUND
         holds ar 0 USD
         holds prepaid 0 USD
         holds cost 0 USD
         holds vat-out 0 USD
         accrue agents P INV-1 => DOCUMENT_UNKNOWN
         credit C 2026-01-02 against=INV-1: sales 1 => DOCUMENT_UNKNOWN
         invoice C 2026-01-03: sales 50
         credit C 2026-01-04 against=INV-2: sales 20
         item C:INV-2 30 USD
         reverse document
         item C:INV-2 50 USD
         credit C 2026-01-04 against=INV-2: sales 50
         item C:INV-2 0 USD",
    );
    assert!(ledger.book.deferrals().next().is_none());
}

#[test]
fn a_year_is_closed_by_account_and_dimension() {
    // C1: sales of 400 and costs of 600 leave a loss of 200.
    books(
        "USD",
        "post 2026-06-01: bank 400 USD | sales -400 USD
         post 2026-07-01: cost 600 USD | bank -600 USD
         post 2027-01-01: bank 5 USD | sales -5 USD
         close-year 2026-12-31 retained
         sum last: sales 400.00 | cost -600.00 | retained 200.00
         dated last-event 2026-12-31
         holds sales -5 USD
         close-year 2026-12-31 retained => NOTHING_TO_CLOSE
         close-year 2027-12-31 sales => CLOSE_ACCOUNT
         close-year 2027-12-31 retained seq=1 => BOOK_MOVED",
    );
    // Exchange differences have a value and no amount.
    books(
        "USD",
        "invoice C 2026-01-01 cur=EUR rate=1.10: sales 100
         receive C 2026-02-01 bank 100 cur=EUR rate=1.20
         post 2026-03-01: bank 3 USD | fx -3 USD
         holds fx -3 USD -13
         holds retained 0 USD
         close-year 2026-12-31 retained
         holds fx 0 USD 0
         holds sales 0 EUR 0
         holds retained -3 USD -13
         holds retained -100 EUR -110",
    );
    // C2: the closing keeps cost centers.
    books(
        "USD",
        "invoice C 2026-06-01: sales 400 cc cc1 | sales 200 cc cc2
         close-year 2026-12-31 retained
         sum last: sales/cc1 400.00 | sales/cc2 200.00 | retained/cc1 -400.00 | retained/cc2 -200.00",
    );
}

#[test]
fn the_checklist_of_a_month_says_what_is_left() {
    let month = ledger_core::Month::parse("2026-01").unwrap();
    let ledger = books(
        "USD",
        "invoice C 2026-01-05 cur=EUR rate=1.1: sales 120 defer 2026-01-01 2026-12-31 months deferred
         receive C 2026-01-06 bank 10
         order C 2026-01-07: sales 1
         order C 2026-02-07: sales 1",
    );
    let left = ledger.book.close_checklist(month);
    let counts = (left.unapplied.len(), left.unrecognised.len(), left.unrevalued.len(), left.unreconciled.len(), left.orders.len());
    assert_eq!(counts, (1, 1, 1, 0, 1));
    let done = books("USD", "invoice C 2026-01-05: sales 120\n receive C 2026-01-06 bank 120");
    assert!(done.book.close_checklist(month).is_clear());
}

/// What the refusal of a hard close says, and the reason that the event keeps once it is accepted.
#[test]
fn a_hard_close_wants_the_checklist_done_or_accepted() {
    let script = "invoice C 2026-01-05 cur=EUR rate=1.1: sales 120 defer 2026-01-01 2026-12-31 months deferred
         receive C 2026-01-06 bank 10
         order C 2026-01-07: sales 1
         close 2026-01 soft
         reopen 2026-01
         close 2026-01 hard => PERIOD_HAS_OPEN_POINTS
         close 2026-01 hard accept => INVALID_TEXT";
    let mut ledger = books("USD", script);
    let month = ledger_core::Month::parse("2026-01").unwrap();
    let refusal = words::attempt(&mut ledger, "close 2026-01 hard").unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "period 2026-01 has open points: 1 unallocated (C:IN-1): allocate it to what it pays, or refund it; \
         1 order (ORD-1): invoice the order; 1 unrecognised (INV-1 line 1): recognise deferred amounts up to the month's end; \
         1 unrevalued (C:INV-1): record the closing rate and revalue at the month's end"
    );
    let points = ledger.book.open_points(month);
    let named: Vec<_> = points.iter().map(|point| format!("{} {} {}", point.kind.as_str(), point.amount, point.currency)).collect();
    assert_eq!(named, ["unallocated -10.00 USD", "order 1.00 USD", "unrecognised 10.00 EUR", "unrevalued 120.00 EUR"]);
    words::attempt(&mut ledger, "close 2026-01 hard accept why=audited").unwrap();
    let Event::PeriodClosed { reason, .. } = &ledger.events.last().unwrap().event else { panic!("a month was closed") };
    assert_eq!(reason, "audited (accepted: 1 unallocated, 1 order, 1 unrecognised, 1 unrevalued)");

    // Each point is done by its own command; later months do not bring it back.
    books(
        "USD",
        &format!(
            "{script}
             close 2025-12 hard
             invoice-order ORD-1 2026-01-08
             allocate C:IN-1: C:INV-2 1
             refund C 2026-01-31 bank 9: C:IN-1 9
             recognise 2026-01-31
             rate EUR USD 1.1 2026-01-31 closing
             close 2026-01 hard -- at its own rate nothing is to be revalued
             rate EUR USD 1.2 2026-02-28 closing
             close 2026-02 hard => PERIOD_HAS_OPEN_POINTS
             revalue 2026-02-28
             recognise 2026-02-28
             close 2026-02 hard
             receive C 2026-03-01 bank 120 cur=EUR rate=1.2
             recognise 2026-03-31
             close 2026-03 hard"
        ),
    );
}

#[test]
fn assigned_commissions_are_earned_by_themselves_and_once() {
    // On the invoice, by customer; the explicit command finds nothing left to do.
    books(
        "USD",
        "plan agents invoice cost deferred: percent 10
         assign agents P customer=C from=2026-01-02 to=2026-01-31
         assign agents P customer=C from=2026-01-02 to=2026-01-31
         assign none P => PLAN_UNKNOWN
         assign agents X => PARTY_UNKNOWN
         assign agents P customer=X => PARTY_UNKNOWN
         assign agents P from=2026-02-01 to=2026-01-31 => PLAN_INVALID
         invoice C 2026-01-01: sales 1000
         invoice D 2026-01-02: sales 1000
         invoice C 2026-02-01: sales 1000
         holds deferred 0 USD
         invoice C 2026-01-31: sales 1000 tax V20
         sum last: deferred -100.00 | cost 100.00
         dated last-event 2026-01-31
         accrue agents P INV-4
         holds deferred -100 USD
         credit C 2026-02-02 against=INV-4: sales 400 tax V20
         holds deferred -60 USD
         order C 2026-01-10: sales 200
         invoice-order ORD-1 2026-01-11
         holds deferred -80 USD
         assign agents P customer=C from=2026-01-02 to=2026-01-02
         invoice C 2026-01-03: sales 1000
         holds deferred -80 USD
         invoice C 2026-01-02: sales 1000
         holds deferred -180 USD
         reverse document
         holds deferred -80 USD",
    );
    // On cash, by the seller that the invoice names: in parts that sum to the whole, as payments come and go.
    books(
        "USD",
        "plan cash cash cost deferred: percent 3.33
         plan each cash cost deferred: flat 10
         party Q payee
         assign cash P
         assign each Q customer=C
         assign cash Q customer=D
         invoice C 2026-01-01 seller=P: sales 100 tax V20
         invoice C 2026-01-01 seller=nobody: sales 100
         holds deferred 0 USD
         receive C 2026-01-05 bank 40
         holds deferred -4.44 USD -- 1.11 of P, 3.33 of Q
         dated last-event 2026-01-05
         receive C 2026-01-06 bank 40
         receive C 2026-01-07 bank 40 nothing
         holds deferred -8.89 USD
         allocate C:IN-3: C:INV-1
         holds deferred -13.33 USD
         unallocate @3 2026-01-08
         holds deferred -8.89 USD
         write-off C:INV-1 bad-debts
         holds deferred -8.89 USD -- what is written off is not paid
         receive C 2026-01-09 bank 60
         holds deferred -14.89 USD -- INV-2 names nobody: Q alone
         invoice D 2026-01-01 seller=P: sales 100
         receive D 2026-02-01 bank 100
         holds deferred -21.55 USD
         payout P 2026-02-28 COM-1
         payout Q 2026-02-28 COM-1
         holds deferred 0 USD",
    );
    // Lines name the seller where the invoice does not, and all that name one agree.
    books(
        "USD",
        "plan agents invoice cost deferred: percent 10
         party Q payee
         assign agents P
         assign agents Q
         invoice C 2026-01-01: sales 100 sold P | sales 100
         holds deferred -20 USD
         invoice C 2026-01-01: sales 100 sold P | sales 100 sold Q
         holds deferred -20 USD
         invoice C 2026-01-01 seller=Q: sales 100 sold P | sales 100 sold Q
         accrue agents Q INV-3
         holds deferred -40 USD",
    );
    // One payment settles several invoices: the tiers of one plan see each as the ones before it leave them.
    books(
        "USD",
        "plan cash cash cost deferred: retroactive 0/5 1000/7 2000/10
         assign cash P customer=C
         invoice C 2026-01-01: sales 600
         invoice C 2026-01-02: sales 600
         invoice C 2026-01-03: sales 1000
         receive C 2026-01-31 bank 2200
         holds deferred -220 USD
         reverse document
         holds deferred 0 USD
         close 2026-01 soft
         receive C 2026-02-05 bank 600
         holds deferred -30 USD
         dated last-event 2026-02-05",
    );
    // Half of what is owed is paid; when only tax is credited, that is more than half of what is left.
    books(
        "USD",
        "plan cash cash cost deferred: percent 10
         assign cash P customer=C
         tax ONLY: VAT 100 vat-out
         invoice C 2026-01-01: sales 100 tax V20
         receive C 2026-01-02 bank 60
         holds deferred -5 USD
         credit C 2026-01-03 against=INV-1: sales 10 tax ONLY
         holds deferred -5.40 USD",
    );
    // What a reversed credit note gives back is earned again.
    books(
        "USD",
        "plan agents invoice cost deferred: flat 10
         assign agents P customer=C
         invoice C 2026-01-01: sales 100
         credit C 2026-01-02 against=INV-1: sales 25
         holds deferred -7.50 USD
         reverse document
         holds deferred -10 USD",
    );
}

#[test]
fn an_order_keeps_the_terms_it_was_given() {
    books(
        "USD",
        "open ar2 asset
         control ar2 receivable
         order C 2026-01-01 terms=50@10,50@20 control=ar2: sales 100
         order C 2026-01-01 due=2026-06-30: sales 100
         order D 2026-01-01: sales 100
         order C 2026-01-01 control=bank: sales 1 => CONTROL_MISSING
         invoice-order ORD-1 2026-02-01
         item C:INV-1#2 50 USD
         holds ar2 100 USD
         invoice-order ORD-2 2026-02-01
         invoice-order ORD-3 2026-02-01
         item D:INV-3#3 20 USD",
    );
    let ledger = books("USD", "order C 2026-01-01 due=2026-06-30: sales 100\n invoice-order ORD-1 2026-02-01");
    let (_, item) = ledger.book.items().next().unwrap();
    assert_eq!(item.due, Some(words::day("2026-06-30")));
}
