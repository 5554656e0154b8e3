//! Buying and selling: invoices with the cost of what they sold, bills with their freight, and how both are settled.
//! What an exchange rate did between an invoice and its payment is the book's to find out.

use chrono::{Datelike, Days, NaiveDate};
use ledger_core::subledger::{DocumentKind, Side};

use super::Followup;
use super::act::{Document, DocumentLine, Effect, PAYABLES, Payment, RECEIVABLES};
use super::chart::PRODUCTS;
use super::company::{COST, Claim, Company, End, Return};
use super::entry::{Currency, Entry};
use super::people::{pick, pick_in, service};

/// Goods that are billed in a foreign currency and on their way.
const ON_THE_WAY: &str = "1270";
/// Where service contracts wait to be earned, and where they are.
const UNEARNED: &str = "2400";
const SERVICE: &str = "4070";
/// What is kept on the operating account, and on foreign ones, before a payment is made.
const USD_RESERVE: i64 = 20_000_000;
const FOREIGN_RESERVE: i64 = 2_500_000;
/// From then on some customers do not say what they pay.
const SILENT_FROM: NaiveDate = NaiveDate::from_ymd_opt(2025, 12, 1).unwrap();

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
        let currency = customer.currency;
        let about = self.rates.in_currency(usd, currency, self.today);
        let number = self.document("INV");
        let due = self.in_days(if currency == Currency::Usd { 30 } else { 45 });
        let parts = self.split(about);
        let line = |(product, quantity, price): &(usize, i64, i64)| {
            let (name, _, revenue, _) = PRODUCTS[*product];
            let line = DocumentLine { quantity: *quantity, taxed: customer.taxed, ..DocumentLine::new(name, revenue, *price) };
            line.tagged("department", "sales").tagged("region", customer.region)
        };
        let invoice = self.invoice(&customer.code, &number, due, currency, parts.iter().map(line).collect());
        let (cents, value) = (invoice.total(), self.value(invoice.total(), currency));
        self.issue(invoice);
        self.to_ship += usd;
        let costs = self.deliver(&number, &parts, currency);
        let claim = Claim { party: customer.code.clone(), document: number, currency, cents, value, end: End::Paid };
        self.expect_payment(claim, due, customer.taxed, (parts[0].0, costs));
        if !customer.taxed && currency == Currency::Usd && self.dice.once_in(60) {
            self.sell_service(&customer.code);
        }
    }

    fn invoice(&self, party: &str, number: &str, due: NaiveDate, currency: Currency, lines: Vec<DocumentLine>) -> Document {
        let (kind, side, against) = (DocumentKind::Invoice, Side::Receivable, None);
        let (number, party) = (number.to_owned(), party.to_owned());
        Document { kind, side, number, party, date: self.today, due: Some(due), against, currency, lines }
    }

    /// A year of service, invoiced ahead and earned day by day.
    fn sell_service(&mut self, party: &str) {
        let number = self.document("INV");
        let due = self.in_days(30);
        let last = self.today.with_year(self.today.year() + 1).map_or(self.today, |end| end - Days::new(1));
        let cents = self.dice.about(360_000, 40);
        let line = DocumentLine { over: Some((self.today, last, UNEARNED)), ..DocumentLine::new("Service of a year", SERVICE, cents) };
        let invoice = self.invoice(party, &number, due, Currency::Usd, vec![line.tagged("department", "sales")]);
        self.issue(invoice);
        let claim = Claim { party: party.to_owned(), document: number, currency: Currency::Usd, cents, value: cents, end: End::Paid };
        let late = self.late();
        self.expect(due + late, claim);
    }

    /// One to three product lines of an invoice of about so much: which, how many, at what price.
    fn split(&mut self, about: i64) -> Vec<(usize, i64, i64)> {
        let lines = [1, 1, 2, 2, 3][self.dice.index(5)];
        let first = self.dice.index(PRODUCTS.len());
        let mut rest = about;
        let mut parts = Vec::with_capacity(3);
        for line in 0..lines {
            let part = if line + 1 == lines { rest } else { rest * self.dice.between(25, 60) / 100 };
            let quantity = self.dice.between(1, 40).min(part / 100).max(1);
            parts.push(((first + line) % PRODUCTS.len(), quantity, (part / quantity).max(1)));
            rest -= part;
        }
        parts
    }

    /// The cost of what an invoice sold leaves the stock; what is short is bought first. Answers the first line's cost.
    fn deliver(&mut self, document: &str, parts: &[(usize, i64, i64)], currency: Currency) -> i64 {
        let mut entry = Entry::new(self.today, format!("Cost of {document}"));
        let mut first = 0;
        for (product, quantity, price) in parts {
            let (_, stock, _, cost_account) = PRODUCTS[*product];
            let sold = self.value(quantity * price, currency);
            let cost = (sold * self.dice.between(COST * 10 - 40, COST * 10 + 40) / 1_000).max(1);
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

    /// From five days early to nineteen late, in days after that.
    fn late(&mut self) -> chrono::TimeDelta {
        chrono::TimeDelta::days(self.dice.between(0, 24) - 5)
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
            self.expect(due + Days::new(120), claim);
        } else if claim.currency == Currency::Usd && self.dice.percent(9) {
            claim.end = End::Discounted;
            self.expect(self.in_days(10), claim);
        } else if self.dice.percent(4) {
            // In two instalments.
            let half = Claim { cents: claim.cents / 2, value: claim.value / 2, ..claim.clone() };
            (claim.cents, claim.value) = (claim.cents - half.cents, claim.value - half.value);
            self.expect(due, half);
            self.expect(due + Days::new(30), claim);
        } else {
            let late = self.late();
            self.expect(due + late, claim);
        }
    }

    pub(super) fn collect(&mut self, claim: Claim) {
        let Claim { party, document, currency, cents, value, end } = claim;
        let discount = match end {
            End::Paid => 0,
            End::Discounted => cents / 50,
            End::Lost => return self.lose(party, document, currency, (cents, value)),
        };
        if discount != 0 {
            self.credit(&party, &document, DocumentLine::new("Discount for early payment", "4910", discount), currency);
        }
        let number = self.document("RC");
        let charge = if currency != Currency::Usd && self.dice.percent(30) { self.dice.between(600, 2_400) } else { 0 };
        let charge = charge.min(cents / 20);
        let silent = self.today >= SILENT_FROM && self.dice.once_in(20);
        self.settle(Payment {
            side: Side::Receivable,
            number,
            party,
            date: self.today,
            currency,
            cents: cents - discount,
            pays: (!silent).then_some(document),
            account: bank(currency),
            charge,
            carried: value - discount,
        });
    }

    /// A claim that nobody will pay.
    fn lose(&mut self, party: String, document: String, currency: Currency, (cents, value): (i64, i64)) {
        self.note(Effect { account: RECEIVABLES, currency, cents: -cents, value: -value });
        self.note(Effect { account: "6470", currency, cents, value });
        self.followups.push(Followup::WriteOff { party, document, date: self.today });
    }

    /// A credit note against an invoice.
    fn credit(&mut self, party: &str, invoice: &str, line: DocumentLine, currency: Currency) {
        let number = self.document("CN");
        self.issue(Document {
            kind: DocumentKind::CreditNote,
            side: Side::Receivable,
            number,
            party: party.to_owned(),
            date: self.today,
            due: None,
            against: Some(invoice.to_owned()),
            currency,
            lines: vec![line.tagged("department", "sales")],
        });
    }

    pub(super) fn take_back(&mut self, back: Return) {
        let Return { claim: Claim { party, document, currency, cents, .. }, product, cost } = back;
        let (name, stock, _, cost_account) = PRODUCTS[product];
        self.credit(&party, &document, DocumentLine::new(format!("{name} returned"), "4900", cents), currency);
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
        let number = self.document("BILL");
        let due = self.in_days(if currency == Currency::Usd { 30 } else { 40 });
        let (name, stock, _, _) = PRODUCTS[product];
        let account = if currency == Currency::Usd { stock } else { ON_THE_WAY };
        let line = DocumentLine::new(name, account, cents).tagged("region", supplier.region);
        self.receive(&supplier.code, &number, due, currency, line);
        if currency != Currency::Usd {
            let mut entry = Entry::new(self.today, format!("Goods of {number} arrived"));
            entry.usd(stock, value);
            entry.line(ON_THE_WAY, -cents, currency).worth(-value);
            self.post(entry);
            let share = self.dice.between(20, 40);
            self.bill("Transocean Forwarding", "Freight and duty", "5100", value * share / 1_000, 20);
        }
    }

    /// A bill of one line, to be paid when it falls due.
    fn receive(&mut self, party: &str, number: &str, due: NaiveDate, currency: Currency, line: DocumentLine) {
        let cents = line.net();
        self.issue(Document {
            kind: DocumentKind::Bill,
            side: Side::Payable,
            number: number.to_owned(),
            party: party.to_owned(),
            date: self.today,
            due: Some(due),
            against: None,
            currency,
            lines: vec![line],
        });
        let value = self.value(cents, currency);
        let claim = Claim { party: party.to_owned(), document: number.to_owned(), currency, cents, value, end: End::Paid };
        self.owe(due, claim);
    }

    /// A bill in USD for an expense, to be paid in so many days. Answers its number.
    pub(super) fn bill(&mut self, party: &str, what: &str, account: &'static str, cents: i64, days: i64) -> String {
        let number = self.document("BILL");
        let due = self.in_days(days);
        let line = DocumentLine::new(what, account, cents).tagged("department", department(account));
        self.receive(&service(party), &number, due, Currency::Usd, line);
        number
    }

    /// A bill for an expense of some time ahead: first day, last day, and where it waits.
    pub(super) fn bill_over(
        &mut self,
        party: &str,
        what: &str,
        account: &'static str,
        cents: i64,
        over: (NaiveDate, NaiveDate, &'static str),
    ) {
        let number = self.document("BILL");
        let due = self.in_days(20);
        let line = DocumentLine { over: Some(over), ..DocumentLine::new(what, account, cents) };
        self.receive(&service(party), &number, due, Currency::Usd, line.tagged("department", department(account)));
    }

    pub(super) fn pay(&mut self, claim: Claim) {
        let Claim { party, document, currency, cents, value, .. } = claim;
        self.provide(cents, currency);
        let (number, pays) = (self.document("PM"), Some(document));
        let (date, account) = (self.today, bank(currency));
        self.settle(Payment { side: Side::Payable, number, party, date, currency, cents, pays, account, charge: 0, carried: value });
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
    entry.usd(PAYABLES, -cents).with(&service(party), document).due(due);
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
