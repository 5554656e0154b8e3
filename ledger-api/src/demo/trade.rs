//! Buying and selling: invoices with their cost, bills with their freight, and how both are settled. A foreign
//! item is settled at the value it was booked with; the difference to the day's rate is realised then.

use chrono::NaiveDate;

use super::chart::PRODUCTS;
use super::company::{COST, Claim, Company, End, Return};
use super::entry::{Currency, Entry};
use super::people::{pick, pick_in};

pub(super) const RECEIVABLES: &str = "1110";
pub(super) const PAYABLES: &str = "2010";
const EXCHANGE: &str = "7020";
/// Sales tax of those who pay it, in hundredths of a percent.
const SALES_TAX: i64 = 725;
/// What is kept on the operating account, and on foreign ones, before a payment is made.
const USD_RESERVE: i64 = 20_000_000;
const FOREIGN_RESERVE: i64 = 2_500_000;

/// The bank account of a currency.
pub(super) const fn bank(currency: Currency) -> &'static str {
    match currency {
        Currency::Usd => "1020",
        Currency::Eur => "1040",
        Currency::Gbp => "1050",
    }
}

impl Company<'_> {
    pub(super) fn sell(&mut self) {
        let people = self.people;
        let customer = pick(&people.customers, &mut self.dice);
        // Many small orders and some large ones; on average the average.
        let size = 12 + self.dice.below(70) + self.dice.below(70) + if self.dice.once_in(6) { self.dice.below(320) } else { 0 };
        let usd = (self.average_sale * size / 108).max(2_500);
        let net = self.rates.in_currency(usd, customer.currency, self.today);
        let document = self.document("INV");
        let terms = if customer.currency == Currency::Usd { 30 } else { 45 };
        let due = self.in_days(terms);
        let mut entry = Entry::new(self.today, format!("Invoice {document} to {}", customer.name));
        let tax = if customer.taxed { (net * SALES_TAX + 5_000) / 10_000 } else { 0 };
        entry.line(RECEIVABLES, net + tax, customer.currency).with(&customer.name, &document).due(due);
        let parts = self.split(net);
        for (product, part) in &parts {
            entry.line(PRODUCTS[*product].2, -part, customer.currency).tagged("department", "sales").tagged("region", customer.region);
        }
        if tax != 0 {
            entry.line("2210", -tax, customer.currency);
        }
        self.post(entry);
        self.to_ship += usd;
        let costs = self.deliver(&document, &parts, customer.currency);
        let value = self.value(net + tax, customer.currency);
        let claim = Claim { party: customer.name.clone(), document, currency: customer.currency, cents: net + tax, value, end: End::Paid };
        self.expect_payment(claim, due, customer.taxed, (parts[0].0, costs));
    }

    /// One to three product lines of an invoice.
    fn split(&mut self, net: i64) -> Vec<(usize, i64)> {
        let lines = [1, 1, 2, 2, 3][self.dice.index(5)];
        let first = self.dice.index(PRODUCTS.len());
        let mut rest = net;
        let mut parts = Vec::with_capacity(3);
        for line in 0..lines {
            let part = if line + 1 == lines { rest } else { rest * self.dice.between(25, 60) / 100 };
            parts.push(((first + line) % PRODUCTS.len(), part));
            rest -= part;
        }
        parts
    }

    /// The cost of what an invoice sold leaves the stock; what is short is bought first. Answers the first line's cost.
    fn deliver(&mut self, document: &str, parts: &[(usize, i64)], currency: Currency) -> i64 {
        let mut entry = Entry::new(self.today, format!("Cost of {document}"));
        let mut first = 0;
        for (product, part) in parts {
            let (_, stock, _, cost_account) = PRODUCTS[*product];
            let cost = self.value(*part, currency) * self.dice.between(COST * 10 - 40, COST * 10 + 40) / 1_000;
            while self.carried(stock, Currency::Usd) < cost {
                self.buy_for(*product);
            }
            entry.usd(cost_account, cost).tagged("department", "warehouse");
            entry.usd(stock, -cost);
            first = if first == 0 { cost } else { first };
        }
        self.post(entry);
        first
    }

    fn expect_payment(&mut self, mut claim: Claim, due: NaiveDate, taxed: bool, (product, cost): (usize, i64)) {
        if !taxed && self.dice.once_in(40) {
            // A tenth of the goods comes back before the invoice is paid.
            let (cents, value) = (claim.cents / 10, claim.value / 10);
            let back = Claim { cents, value, ..claim.clone() };
            (claim.cents, claim.value) = (claim.cents - cents, claim.value - value);
            let date = super::rates::business_day(self.in_days(6));
            self.returns.entry(date).or_default().push(Return { claim: back, product, cost: cost / 10 });
        }
        if self.dice.once_in(300) {
            claim.end = End::Lost;
            self.expect(due + chrono::Days::new(120), claim);
        } else if claim.currency == Currency::Usd && self.dice.percent(9) {
            claim.end = End::Discounted;
            self.expect(self.in_days(10), claim);
        } else if self.dice.percent(4) {
            // In two instalments.
            let half = Claim { cents: claim.cents / 2, value: claim.value / 2, ..claim.clone() };
            (claim.cents, claim.value) = (claim.cents - half.cents, claim.value - half.value);
            self.expect(due, half);
            self.expect(due + chrono::Days::new(30), claim);
        } else {
            let late = u64::try_from(self.dice.between(0, 24)).unwrap_or(0);
            self.expect(due + chrono::Days::new(late) - chrono::Days::new(5), claim);
        }
    }

    pub(super) fn collect(&mut self, claim: Claim) {
        let Claim { party, document, currency, cents, value, end } = claim;
        let what = match end {
            End::Lost => "Written off",
            End::Paid | End::Discounted => "Received for",
        };
        let mut entry = Entry::new(self.today, format!("{what} {document} from {party}"));
        let discount = if end == End::Discounted { cents / 50 } else { 0 };
        let got = self.value(cents - discount, currency);
        match end {
            End::Lost => {
                entry.line("6470", cents, currency).worth(value).tagged("department", "administration");
            }
            End::Paid | End::Discounted => {
                entry.line(bank(currency), cents - discount, currency).worth(got);
            }
        }
        if discount != 0 {
            entry.usd("4910", discount).tagged("department", "sales");
        }
        entry.line(RECEIVABLES, -cents, currency).worth(-value).with(&party, &document);
        if end == End::Paid && got != value {
            entry.line(EXCHANGE, 0, currency).worth(value - got);
        }
        self.post(entry);
    }

    pub(super) fn take_back(&mut self, back: Return) {
        let Return { claim: Claim { party, document, currency, cents, value, .. }, product, cost } = back;
        let note = self.document("CN");
        let (_, stock, _, cost_account) = PRODUCTS[product];
        let mut entry = Entry::new(self.today, format!("Credit note {note} for {document} to {party}"));
        entry.line("4900", cents, currency).worth(value).tagged("department", "sales");
        entry.line(RECEIVABLES, -cents, currency).worth(-value).with(&party, &document);
        self.post(entry);
        let mut entry = Entry::new(self.today, format!("Goods back from {document}"));
        entry.usd(stock, cost);
        entry.usd(cost_account, -cost);
        self.post(entry);
    }

    pub(super) fn buy(&mut self) {
        self.buy_for(self.neediest());
    }

    fn buy_for(&mut self, product: usize) {
        let currency = [Currency::Usd, Currency::Usd, Currency::Usd, Currency::Eur, Currency::Gbp][self.dice.index(5)];
        let people = self.people;
        let supplier = pick_in(&people.suppliers, currency, &mut self.dice);
        let usd = self.dice.about(self.average_purchase, 35).max(1_000);
        let cents = self.rates.in_currency(usd, currency, self.today);
        let value = self.value(cents, currency);
        let bill = self.document("BILL");
        let due = self.in_days(if currency == Currency::Usd { 30 } else { 40 });
        let mut entry = Entry::new(self.today, format!("Goods from {}, {bill}", supplier.name));
        entry.usd(PRODUCTS[product].1, value).tagged("region", supplier.region);
        entry.line(PAYABLES, -cents, currency).worth(-value).with(&supplier.name, &bill).due(due);
        self.post(entry);
        let claim = Claim { party: supplier.name.clone(), document: bill, currency, cents, value, end: End::Paid };
        self.owe(due, claim);
        if currency != Currency::Usd {
            let share = self.dice.between(20, 40);
            self.bill("Transocean Forwarding", "Freight and duty", "5100", value * share / 1_000, 20);
        }
    }

    /// A bill in USD for an expense, to be paid in so many days. Answers the entry's number and the bill's.
    pub(super) fn bill(&mut self, party: &str, what: &str, account: &'static str, cents: i64, days: i64) -> (String, String) {
        let document = self.document("BILL");
        let due = self.in_days(days);
        let id = self.post(bill_entry(self.today, party, what, &document, account, cents, due));
        let claim =
            Claim { party: party.to_owned(), document: document.clone(), currency: Currency::Usd, cents, value: cents, end: End::Paid };
        self.owe(due, claim);
        (id, document)
    }

    pub(super) fn pay(&mut self, claim: Claim) {
        let Claim { party, document, currency, cents, value, .. } = claim;
        self.provide(cents, currency);
        let paid = self.value(cents, currency);
        let mut entry = Entry::new(self.today, format!("Paid {document} to {party}"));
        entry.line(PAYABLES, cents, currency).worth(value).with(&party, &document);
        entry.line(bank(currency), -cents, currency).worth(-paid);
        if paid != value {
            entry.line(EXCHANGE, 0, currency).worth(paid - value);
        }
        self.post(entry);
    }

    /// Sees to it that a payment can be made: from the credit line, or by an exchange.
    pub(super) fn provide(&mut self, cents: i64, currency: Currency) {
        let reserve = if currency == Currency::Usd { USD_RESERVE } else { FOREIGN_RESERVE };
        let short = cents + reserve - self.cents(bank(currency), currency);
        if short <= 0 {
            return;
        }
        // In round sums of 100,000.
        let amount = (short / 10_000_000 + 1) * 10_000_000;
        if currency == Currency::Usd {
            let mut entry = Entry::new(self.today, "Drawn on the credit line");
            entry.usd("1020", amount);
            entry.usd("2320", -amount);
            self.post(entry);
            return;
        }
        let value = self.value(amount, currency);
        let spread = value / 500;
        self.provide(value + spread, Currency::Usd);
        let mut entry = Entry::new(self.today, format!("Bought {} {} for USD", amount / 100, currency.code()));
        entry.line(bank(currency), amount, currency).worth(value);
        entry.usd("6460", spread);
        entry.usd("1020", -value - spread);
        self.post(entry);
    }

    /// What foreign accounts hold beyond their needs is sold.
    pub(super) fn sweep(&mut self, currency: Currency) {
        const ENOUGH: i64 = 60_000_000;
        let amount = (self.cents(bank(currency), currency) - ENOUGH) / 5_000_000 * 5_000_000;
        if amount <= 0 {
            return;
        }
        let value = self.value(amount, currency);
        let spread = value / 500;
        let mut entry = Entry::new(self.today, format!("Sold {} {} for USD", amount / 100, currency.code()));
        entry.line(bank(currency), -amount, currency).worth(-value);
        entry.usd("6460", spread);
        entry.usd("1020", value - spread);
        self.post(entry);
    }
}

/// A bill in USD for an expense.
pub(super) fn bill_entry(
    date: NaiveDate,
    party: &str,
    what: &str,
    document: &str,
    account: &'static str,
    cents: i64,
    due: NaiveDate,
) -> Entry {
    let mut entry = Entry::new(date, format!("{what}, {document} of {party}"));
    entry.usd(account, cents).tagged("department", department(account));
    entry.usd(PAYABLES, -cents).with(party, document).due(due);
    entry
}

/// The department that an expense belongs to.
pub(super) fn department(account: &str) -> &'static str {
    match account {
        "5100" | "6210" | "6220" | "6230" | "6110" | "6120" | "6130" | "1510" | "1520" => "warehouse",
        "6310" | "6320" | "6330" => "sales",
        _ => "administration",
    }
}
