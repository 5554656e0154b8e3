//! Laws of documents over random histories in three currencies: invoices and bills with tax and schedules, notes,
//! payments, refunds, write-offs, recognition, commissions, reversals.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod words;

use std::collections::BTreeMap;

use ledger_core::chain::Tip;
use ledger_core::codec::snapshot;
use ledger_core::subledger::commission::base_of_payment;
use ledger_core::{Book, Document, DocumentKind, Event, ItemId};
use proptest::prelude::*;
use words::random::{Dice, history, step};
use words::{Ledger, attempt};

fn bytes(book: &Book) -> Vec<u8> {
    let mut tip = Tip::genesis(book.org().unwrap());
    (0..book.seq()).for_each(|_| tip.tree.push([0; 32]));
    tip.seq = book.seq();
    snapshot::encode(book, &tip).unwrap()
}

fn documents(ledger: &Ledger) -> impl Iterator<Item = &Document> {
    ledger.events.iter().filter_map(|proposed| match &proposed.event {
        Event::DocumentRecorded { document, .. } => Some(&**document),
        _ => None,
    })
}

/// What an account holds by currency: amount and value, without rows of nothing.
fn held(book: &Book, code: &str) -> BTreeMap<u16, (i128, i128)> {
    let rows = book.holdings(book.account_by_code(code).unwrap().no).iter();
    rows.map(|row| (row.currency.get(), (row.units, row.functional))).filter(|(_, held)| *held != (0, 0)).collect()
}

fn amounts(held: BTreeMap<u16, (i128, i128)>) -> BTreeMap<u16, i128> {
    held.into_iter().map(|(currency, (units, _))| (currency, units)).filter(|(_, units)| *units != 0).collect()
}

/// What payments, not credit notes nor write-offs, settle of a document.
fn paid(book: &Book, seq: u64) -> i128 {
    let is = |id: ItemId, kind| book.document(kind, None, &book.item(id).unwrap().document) == Some(id.seq);
    let holding = book.allocations().filter(|(_, kept)| kept.reversed.is_none()).map(|(_, kept)| &kept.allocation);
    let settling = holding.filter(|allocation| allocation.to.seq == seq);
    settling
        .filter(|made| !is(made.from, DocumentKind::CreditNote) && !is(made.from, DocumentKind::WriteOff))
        .map(|made| made.settled.units())
        .sum()
}

fn stands_on(book: &Book, seq: u64, plan: &str, payee: &str) -> i128 {
    let payee = book.party_by_code(payee).unwrap().no;
    let of_plan = book.accruals_of(seq).filter(|(_, kept)| kept.accrual.plan == plan && kept.accrual.payee == payee);
    of_plan.map(|(_, kept)| kept.accrual.base - kept.credited).sum()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn documents_keep_the_laws(seed in any::<u64>(), steps in 1_usize..60) {
        let ledger = history(seed, steps);
        let book = &ledger.book;
        prop_assert_eq!(book.unreconciled(), vec![], "Σ open items = control account");

        // What waits is what schedules say, in amount and value, whatever was recognised, credited or reversed.
        for account in ["deferred", "prepaid"] {
            let no = book.account_by_code(account).unwrap().no;
            let mut waiting = BTreeMap::<u16, (i128, i128)>::new();
            for deferral in book.deferrals().filter(|deferral| deferral.deferred == no) {
                let (units, value) = deferral.unrecognised();
                let sum = waiting.entry(deferral.currency.get()).or_default();
                *sum = (sum.0 + units, sum.1 + value);
            }
            waiting.retain(|_, sum| *sum != (0, 0));
            prop_assert_eq!(waiting, held(book, account), "Σ unrecognised = {}", account);
        }

        // What is owed to payees and not paid out yet is what the accruals say.
        let mut owed = BTreeMap::<u16, i128>::new();
        book.accruals().for_each(|(_, kept)| *owed.entry(kept.accrual.currency.get()).or_default() -= kept.owed());
        owed.retain(|_, sum| *sum != 0);
        prop_assert_eq!(owed, amounts(held(book, "owed")), "Σ accrued − taken back − paid out");
        for (_, kept) in book.accruals() {
            prop_assert!(kept.credited <= kept.accrual.base && kept.clawed_back.abs() <= kept.accrual.earned.abs());
        }

        for document in documents(&ledger) {
            let net: i128 = document.lines.iter().map(|line| line.net).sum();
            let tax: i128 = document.tax.iter().map(|row| row.tax).sum();
            if document.cash_account.is_none() && document.kind != DocumentKind::WriteOff {
                prop_assert_eq!(net + tax, document.total, "Σ line nets + Σ tax rows = total");
            }
            let due: i128 = document.instalments.iter().map(|part| part.amount).sum();
            prop_assert!(document.instalments.is_empty() || due == document.total, "Σ instalments = total");
        }
    }

    #[test]
    fn commissions_follow_invoices_and_payments_and_are_earned_once(seed in any::<u64>(), steps in 1_usize..60) {
        let ledger = history(seed, steps);
        let book = &ledger.book;
        let invoices: Vec<_> = (1..=book.seq()).filter(|seq| book.reversed_by(*seq).is_none()).collect();
        let invoices = invoices.into_iter().filter_map(|seq| Some((seq, book.document_facts(seq)?)));
        for (seq, facts) in invoices.filter(|(_, facts)| facts.kind == DocumentKind::Invoice) {
            let (net, gross) = ((facts.net - facts.credited_net).max(0), (facts.total - facts.credited_total).max(0));
            let on_cash = base_of_payment(net, gross, 0, paid(book, seq));
            let february = words::day("2026-02-01");
            let earning = [("invoice", "Q", net, true), ("each", "Q", on_cash, true), ("part", "Q", on_cash, facts.date >= february)];
            let sold = facts.seller.as_deref() == Some("P");
            for (plan, payee, base, assigned) in earning.into_iter().chain([("cash", "P", on_cash, sold)]) {
                let stands = stands_on(book, seq, plan, payee);
                if !assigned {
                    continue;
                }
                prop_assert!(base <= stands && stands <= net, "{} {} {}: {} <= {} <= {}", plan, payee, facts.number, base, stands, net);
                prop_assert!(facts.credited_total != 0 || stands == base, "{} {} {}: {} = {}", plan, payee, facts.number, base, stands);
                let mut again = Ledger { book: book.clone(), ..Ledger::default() };
                attempt(&mut again, &format!("accrue {plan} {payee} {}", facts.number)).unwrap();
                prop_assert!(again.events.is_empty(), "nothing is earned twice: {:?}", again.events);
            }
        }
        // A flat amount is earned once per sale, in however many payments, less rounding of what was taken back.
        let mut flat = BTreeMap::<u64, i128>::new();
        for (_, kept) in book.accruals().filter(|(_, kept)| kept.accrual.plan == "each") {
            *flat.entry(kept.accrual.document).or_default() += kept.accrual.earned - kept.clawed_back;
        }
        for (seq, earned) in flat {
            let scale = book.commodity(book.document_facts(seq).unwrap().currency).unwrap().scale;
            let units = 5 * 10_i128.pow(scale.into());
            prop_assert!(earned <= units + 3, "{} of {}", earned, units);
        }
    }

    #[test]
    fn numbers_run_without_gaps(seed in any::<u64>()) {
        let ledger = history(seed, 60);
        let mut last = BTreeMap::new();
        for document in documents(&ledger) {
            if let Some(ordinal) = document.ordinal {
                let expected = last.entry((document.kind, document.series.clone())).or_insert(0_u64);
                *expected += 1;
                prop_assert_eq!(ordinal, *expected, "{} {}", document.kind.as_str(), document.number);
            }
        }
    }

    #[test]
    fn replay_and_snapshots_are_the_live_book(seed in any::<u64>()) {
        let ledger = history(seed, 40);
        let live = bytes(&ledger.book);
        let mut replayed = Book::default();
        ledger.events.iter().for_each(|proposed| replayed.evolve(&proposed.event));
        prop_assert!(bytes(&replayed) == live, "replay = live");
        let (restored, _) = snapshot::decode(&live).unwrap();
        prop_assert!(bytes(&restored) == live, "a snapshot restores everything");
        // What follows from kept state is rebuilt: the same further steps give the same events.
        let mut one = Ledger { book: restored, events: Vec::new(), history: ledger.history.clone(), ..Ledger::default() };
        let mut other = Ledger { book: replayed, events: Vec::new(), history: ledger.history.clone(), ..Ledger::default() };
        let mut dice = Dice(seed ^ 1);
        for _ in 0..20 {
            let asked = step(&mut dice);
            if !asked.starts_with("reverse ") {
                drop((attempt(&mut one, &asked), attempt(&mut other, &asked)));
            }
        }
        prop_assert_eq!(one.events, other.events);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn a_closed_year_leaves_nothing_in_profit_and_loss(seed in any::<u64>()) {
        let mut ledger = history(seed, 40);
        attempt(&mut ledger, "recognise 2026-12-31").unwrap();
        attempt(&mut ledger, "open retained equity").unwrap();
        let earned = |book: &Book| {
            let accounts = book.accounts().iter().filter(|account| account.kind.is_profit_and_loss());
            let rows = accounts.flat_map(|account| book.holdings(account.no).iter().map(|held| (account.code.to_string(), held.units, held.functional)));
            rows.filter(|(_, units, value)| (*units, *value) != (0, 0)).collect::<Vec<_>>()
        };
        let before: i128 = earned(&ledger.book).iter().map(|(_, _, value)| value).sum();
        if earned(&ledger.book).is_empty() {
            return Ok(());
        }
        attempt(&mut ledger, "close-year 2026-12-31 retained").unwrap();
        prop_assert_eq!(earned(&ledger.book), vec![]);
        let retained = held(&ledger.book, "retained").values().map(|(_, value)| value).sum::<i128>();
        prop_assert_eq!(retained, before, "retained earnings take the profit");
    }
}

/// The random histories reach what they are to test.
#[test]
fn histories_have_every_kind_of_event() {
    let mut seen = BTreeMap::<&str, usize>::new();
    for seed in 0..40 {
        history(seed, 60).events.iter().for_each(|proposed| *seen.entry(proposed.event.type_name()).or_default() += 1);
    }
    for name in [
        "InvoiceIssued",
        "BillReceived",
        "CreditNoteIssued",
        "PaymentReceived",
        "PaymentSent",
        "RefundPaid",
        "WrittenOff",
        "EntryReversed",
        "DeferralScheduled",
        "DeferralsRecognised",
        "DeferralCancelled",
        "CommissionAssigned",
        "CommissionAccrued",
        "CommissionClawedBack",
        "CommissionsPaidOut",
        "ItemsAllocated",
        "AllocationReversed",
    ] {
        assert!(seen.get(name).is_some_and(|count| *count >= 3), "{name}: {seen:?}");
    }
}
