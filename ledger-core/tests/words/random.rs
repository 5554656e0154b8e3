//! Random histories of documents in three currencies: invoices and bills with tax and schedules, notes, payments, refunds,
//! write-offs, recognition, commissions, reversals. The laws that they keep are in the tests that use them.

use super::{Ledger, attempt, check};

/// Numbers that choose, one after the other.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    pub(crate) fn of<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[usize::try_from(self.below(list.len() as u64)).unwrap()]
    }

    pub(crate) fn amount(&mut self, currency: &str) -> String {
        if currency == "JPY" { (self.below(20_000) + 1).to_string() } else { format!("{}.{:02}", self.below(200), self.below(99) + 1) }
    }

    pub(crate) fn date(&mut self) -> String {
        format!("2026-{:02}-{:02}", self.below(4) + 1, self.below(28) + 1)
    }
}

/// Books in which everything can happen: three currencies, rates of four months, tax, schedules, commission plans.
pub(crate) fn begin() -> Ledger {
    check(
        "org USD required
         open bank asset sub=bank
         open ar asset
         open ap liability
         open vat liability
         open kept asset
         open deferred liability
         open prepaid asset
         open owed liability
         open sales revenue
         open cost expense
         open pay expense
         open bad expense
         control ar receivable
         control ap payable
         party A customer terms=30@10,70@40
         party B vendor
         party P payee
         party Q payee
         rate EUR USD 1.1234 2026-01-01
         rate JPY USD 0.0071 2026-01-01
         rate EUR USD 1.0517 2026-02-01
         rate JPY USD 0.0069 2026-02-01
         rate EUR USD 1.0999 2026-03-01
         rate JPY USD 0.0073 2026-03-01
         rate EUR USD 1.0999 2026-04-01
         rate JPY USD 0.0073 2026-04-01
         tax T: VAT 20 vat box=20 | LOCAL 1.75 vat compound recoverable=40 box=local
         tax R: VAT 7 vat reverse=vat recoverable=33.3333 box=20
         tax W: VAT 7 vat | INCOME 15 kept withheld box=kept
         plan invoice invoice pay owed: retroactive 0/5 100/7.5 400/10
         plan cash cash pay owed: tiers 0/10 300/3
         plan each cash pay owed: flat 5
         plan part cash pay owed: percent 3.33
         assign invoice Q customer=A
         assign each Q customer=A
         assign part Q customer=A from=2026-02-01
         assign cash P",
    )
}

fn lines(dice: &mut Dice, account: &str, deferred: &str, currency: &str, schedules: bool) -> String {
    let line = |dice: &mut Dice| {
        let (price, tax) = (dice.amount(currency), dice.of(&["", "tax T", "tax R", "tax W", ""]));
        let (cc, quantity) = (dice.of(&["", "cc north", "cc south"]), dice.below(4) + 1);
        let method = dice.of(&["days", "months", "months_in_part"]);
        let schedule = if schedules && dice.below(3) == 0 {
            format!("defer {} 2026-0{}-30 {method} {deferred}", dice.date(), dice.below(4) + 5)
        } else {
            String::new()
        };
        format!("{account} {price} x {quantity} {tax} {cc} {schedule}")
    };
    (0..=dice.below(2)).map(|_| line(dice)).collect::<Vec<_>>().join(" | ")
}

/// A random command in the ledger's words; many are refused, as they should be.
pub(crate) fn step(dice: &mut Dice) -> String {
    let (currency, date) = (dice.of(&["USD", "EUR", "JPY"]), dice.date());
    let flags = dice.of(&["", "included", "per-document", "included per-document"]);
    let no = dice.below(6) + 1;
    match dice.below(16) {
        0..=2 => {
            let seller = dice.of(&["", "", "seller=P", "seller=X"]);
            format!("invoice A {date} cur={currency} {flags} {seller}: {}", lines(dice, "sales", "deferred", currency, true))
        }
        3 => format!("bill B {date} cur={currency} {flags}: {}", lines(dice, "cost", "prepaid", currency, true)),
        4 => {
            let lines = lines(dice, "sales", "", currency, false);
            let against = if dice.below(3) == 0 { String::new() } else { format!("against=INV-{no}") };
            format!("credit A {date} {against} {flags}: {lines}")
        }
        5 => format!("credit B {date} no=G{no} against=BILL-{no} {flags}: {}", lines(dice, "cost", "", currency, false)),
        6 | 7 => {
            format!("receive A {date} bank {} cur={currency} {}", dice.amount(currency), dice.of(&["", "nothing", "charge=cost/0.01"]))
        }
        8 => format!("send B {date} bank {} cur={currency}", dice.amount(currency)),
        9 => format!("refund A {date} bank {} cur={currency}", dice.amount(currency)),
        10 => format!("write-off A:INV-{no} bad"),
        11 => format!("recognise {date}"),
        12..=14 => {
            let plan = dice.of(&["invoice", "cash"]);
            if dice.below(4) == 0 { format!("payout P 2026-04-28 COM-{no} cur={currency}") } else { format!("accrue {plan} P INV-{no}") }
        }
        _ => format!("reverse document-{}", dice.below(8)),
    }
}

/// What random commands leave.
pub(crate) fn history(seed: u64, steps: usize) -> Ledger {
    let mut ledger = begin();
    let mut dice = Dice(seed);
    for _ in 0..steps {
        drop(attempt(&mut ledger, &step(&mut dice)));
    }
    ledger
}
