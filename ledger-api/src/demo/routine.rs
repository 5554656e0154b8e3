//! What comes with the calendar: opening balances, payroll, rent, taxes, loans, depreciation, revaluation, and the
//! small mistakes that are mended later.

use chrono::Datelike;
use ledger_core::EntryKind;

use super::Followup;
use super::act::{Effect, PAYABLES, RECEIVABLES};
use super::chart::PRODUCTS;
use super::company::{Claim, Company, End};
use super::entry::{Currency, Entry};
use super::people::Party;
use super::trade::{bank, bill_entry, department};

/// Balances brought in, in USD cents, debit positive.
const OPENING: &[(&str, i64)] = &[
    ("1010", 250_000),
    ("1020", 142_000_000),
    ("1030", 18_000_000),
    ("1510", 138_000_000),
    ("1520", 52_000_000),
    ("1530", 26_000_000),
    ("1610", -51_000_000),
    ("1620", -23_000_000),
    ("1630", -11_000_000),
    ("2310", -180_000_000),
    ("2320", -40_000_000),
    ("3010", -200_000_000),
];
/// Stock of each product line.
const STOCK: i64 = 55_000_000;
/// Gross pay of half a month: account, department, cents.
const PAYROLL: [(&str, &str, i64); 3] =
    [("6010", "warehouse", 5_150_000), ("6020", "sales", 4_200_000), ("6030", "administration", 3_650_000)];
/// Depreciation of a month: account, counter-account, cents.
const DEPRECIATION: [(&str, &str, i64); 3] = [("6510", "1610", 1_150_000), ("6520", "1620", 720_000), ("6530", "1630", 530_000)];
/// Bills of a month: day, from whom, for what, account, about how many cents, how many percent more or less.
const BILLS: [(u32, &str, &str, &str, i64, i64); 8] = [
    (3, "Meridian Health", "Benefits", "6050", 2_700_000, 3),
    (5, "Brightside Agency", "Advertising", "6310", 1_800_000, 20),
    (8, "Valley Power and Water", "Utilities", "6120", 800_000, 25),
    (11, "Boxwright", "Packaging", "6230", 620_000, 15),
    (16, "Alba & Crane LLP", "Advice and audit", "6440", 900_000, 30),
    (19, "Handy Brothers", "Repairs", "6130", 310_000, 60),
    (22, "Ledgerworks", "Subscriptions", "6420", 750_000, 4),
    (26, "Longline Telecom", "Telephone", "6430", 240_000, 8),
];
/// What is paid for a year ahead: from whom, what, expense, where it waits, cents.
const PREPAID: [(&str, &str, &str, &str, i64); 2] = [
    ("Guardian Mutual", "Insurance of the year", "6410", "1310", 13_200_000),
    ("Ledgerworks", "Licences of the year", "6420", "1320", 6_000_000),
];
/// Things bought to last: year, month, day, from whom, what, account, cents.
const INVESTMENTS: [(i32, u32, u32, &str, &str, &str, i64); 3] = [
    (2024, 5, 14, "Lift & Stack", "Two forklifts", "1510", 8_640_000),
    (2025, 3, 11, "Route Motors", "Delivery van", "1520", 6_380_000),
    (2025, 9, 9, "Rackspace Partners", "Servers", "1530", 4_790_000),
];

impl Company<'_> {
    /// The balances of the first day, item by item.
    pub(super) fn open_books(&mut self) {
        let mut entry = Entry::new(self.today, "Opening balances").of_kind(EntryKind::Opening);
        for (account, cents) in OPENING {
            entry.usd(account, *cents);
        }
        for (_, stock, _, _) in PRODUCTS {
            entry.usd(stock, STOCK);
        }
        for (currency, cents) in [(Currency::Eur, 38_000_000), (Currency::Gbp, 24_000_000)] {
            let value = self.value(cents, currency);
            entry.line(bank(currency), cents, currency).worth(value);
        }
        let people = self.people;
        self.open_items(&mut entry, &people.customers[..60], 4_800_000, 1);
        self.open_items(&mut entry, &people.suppliers[..36], 4_100_000, -1);
        let sum: i64 = entry.lines.iter().map(|line| line.value.unwrap_or(line.cents)).sum();
        entry.usd("3020", -sum);
        self.post(entry);
    }

    /// Invoices or bills of the year before, due over the next weeks.
    fn open_items(&mut self, entry: &mut Entry, parties: &[Party], about: i64, sign: i64) {
        for party in parties {
            let usd = self.dice.about(about, 60);
            let cents = self.rates.in_currency(usd, party.currency, self.today);
            let value = self.value(cents, party.currency);
            let document = self.document(if sign > 0 { "INV" } else { "BILL" });
            let wait = self.dice.between(3, 40);
            let due = self.in_days(wait);
            let account = if sign > 0 { RECEIVABLES } else { PAYABLES };
            entry.line(account, cents * sign, party.currency).worth(value * sign).with(&party.code, &document).due(due);
            let claim = Claim { party: party.code.clone(), document, currency: party.currency, cents, value, end: End::Paid };
            if sign > 0 { self.expect(due, claim) } else { self.owe(due, claim) }
        }
    }

    /// What a date brings by itself.
    pub(super) fn calendar(&mut self) {
        let (year, month, day) = (self.today.year(), self.today.month(), self.today.day());
        for (of_day, party, what, account, cents, percent) in BILLS {
            if day == of_day {
                let cents = self.dice.about(cents, percent);
                let posted = self.bill(party, what, account, cents, 14);
                self.slip(party, what, account, cents, &posted);
            }
        }
        for (of_year, of_month, of_day, party, what, account, cents) in INVESTMENTS {
            if (year, month, day) == (of_year, of_month, of_day) {
                self.bill(party, what, account, cents, 30);
            }
        }
        match day {
            1 => self.month_begin(),
            10 => self.clear("2220", "Payroll taxes"),
            15 => {
                self.payroll();
                if month % 3 == 1 {
                    self.clear("2230", "Income tax");
                }
            }
            20 => {
                self.clear("2210", "Sales tax");
                self.clear("2020", "Credit card");
            }
            _ => {}
        }
        if (month, day) == (3, 6) || (month, day) == (10, 9) {
            self.bill("Fairgrounds Chicago", "Booth at the trade fair", "6330", 2_850_000, 10);
        }
        if month % 3 == 0 && day == 18 && self.cents("1020", Currency::Usd) > 90_000_000 {
            self.spend("Dividend", "3030", 12_000_000);
        }
    }

    fn month_begin(&mut self) {
        let today = self.today;
        self.bill("Dockside Properties", "Rent", "6110", if today.year() == 2024 { 3_800_000 } else { 3_914_000 }, 4);
        if today.month() == 1 {
            let last = chrono::NaiveDate::from_ymd_opt(today.year(), 12, 31).unwrap_or(today);
            for (party, what, expense, waits, cents) in PREPAID {
                self.bill_over(party, what, expense, cents, (today, last, waits));
            }
        }
    }

    /// Some bills are entered twice, some purchases on the wrong account; both are found out later.
    fn slip(&mut self, party: &str, what: &str, account: &'static str, cents: i64, document: &str) {
        let month = self.today.month();
        let due = self.in_days(14);
        if account == "6430" && !month.is_multiple_of(2) {
            let id = self.post(bill_entry(self.today, party, what, &format!("{document}-COPY"), account, cents, due));
            let late = self.today.year() == 2024 && month == 11;
            self.followups.push(Followup::Reverse { id, reason: format!("{document} was entered twice"), late });
        }
        if account == "6420" && month.is_multiple_of(2) {
            let mut wrong = Entry::new(self.today, "Licences for one user, by card");
            wrong.usd("6450", cents / 10).tagged("department", department("6450"));
            wrong.usd("2020", -cents / 10);
            let wrong_id = self.post(wrong.clone());
            wrong.lines[0].account = account;
            wrong.id = format!("{wrong_id}-C");
            let reason = format!("posted to office supplies instead of software, see {document}");
            self.followups.push(Followup::Correct { id: wrong_id, reason, replacement: wrong });
        }
    }

    fn payroll(&mut self) {
        let raise = if self.today.year() == 2024 { 1_000 } else { 1_030 };
        let mut entry = Entry::new(self.today, "Payroll of half a month");
        let mut gross = 0;
        for (account, of_department, cents) in PAYROLL {
            let cents = self.dice.about(cents, 3) * raise / 1_000;
            entry.usd(account, cents).tagged("department", of_department);
            gross += cents;
        }
        let (withheld, own) = (gross * 22 / 100, gross * 765 / 10_000);
        let net = gross - withheld;
        entry.usd("6040", own).tagged("department", "administration");
        entry.usd("2220", -withheld - own);
        entry.usd("1030", -net);
        let short = net + 5_000_000 - self.cents("1030", Currency::Usd);
        if short > 0 {
            self.provide(short, Currency::Usd);
            let mut transfer = Entry::new(self.today, "Transfer for payroll");
            transfer.usd("1030", short);
            transfer.usd("1020", -short);
            self.post(transfer);
        }
        self.post(entry);
    }

    /// Pays what has gathered on a liability account.
    fn clear(&mut self, account: &'static str, what: &str) {
        let owed = -self.cents(account, Currency::Usd);
        if owed > 0 {
            self.spend(&format!("{what} paid"), account, owed);
        }
    }

    fn spend(&mut self, what: &str, account: &'static str, cents: i64) {
        self.provide(cents, Currency::Usd);
        let mut entry = Entry::new(self.today, what);
        entry.usd(account, cents);
        entry.usd("1020", -cents);
        self.post(entry);
    }

    /// Friday: petty cash, and what was bought by card.
    pub(super) fn week(&mut self) {
        if self.cents("1010", Currency::Usd) < 60_000 {
            self.spend("Petty cash filled up", "1010", 200_000);
        }
        let mut entry = Entry::new(self.today, "Coffee, stamps and parking");
        let cents = self.dice.about(21_000, 40);
        entry.usd("6450", cents).tagged("department", "administration");
        entry.usd("1010", -cents);
        self.post(entry);
        for (what, account, about) in
            [("Travel of the sales team", "6320", 310_000), ("Fuel", "6220", 115_000), ("Office supplies", "6450", 34_000)]
        {
            let cents = self.dice.about(about, 35);
            let mut entry = Entry::new(self.today, format!("{what}, by card"));
            entry.usd(account, cents).tagged("department", department(account));
            entry.usd("2020", -cents);
            self.post(entry);
        }
    }

    /// Wednesday: two carriers bill what was shipped.
    pub(super) fn carriers(&mut self) {
        let freight = std::mem::take(&mut self.to_ship) * 21 / 1_000;
        for (carrier, share) in [("Interline Freight", 62), ("Parcel Partners", 38)] {
            if freight > 10_000 {
                self.bill(carrier, "Freight of the week", "6210", freight * share / 100, 21);
            }
        }
    }

    pub(super) fn month_end(&mut self) {
        self.payroll();
        self.depreciate();
        self.loans();
        for (_, _, expense, waits, of_year) in PREPAID {
            for (account, cents) in [(expense, of_year / 12), (waits, -of_year / 12)] {
                self.note(Effect { account, currency: Currency::Usd, cents, value: cents });
            }
        }
        let mut entry = Entry::new(self.today, "Bank charges of the month");
        entry.usd("6460", self.dice.about(38_000, 25)).tagged("department", "administration");
        let charged = entry.lines[0].cents;
        entry.usd("1020", -charged);
        self.post(entry);
        self.sweep(Currency::Eur);
        self.sweep(Currency::Gbp);
        if self.today.month().is_multiple_of(3) {
            self.quarter_end();
        }
    }

    fn depreciate(&mut self) {
        let mut entry = Entry::new(self.today, "Depreciation of the month").of_kind(EntryKind::Adjusting);
        for (expense, asset, cents) in DEPRECIATION {
            entry.usd(expense, cents).tagged("department", "administration");
            entry.usd(asset, -cents);
        }
        self.post(entry);
    }

    /// Interest of both loans, an instalment of one, and what can be given back of the other.
    fn loans(&mut self) {
        let owed = -self.cents("2310", Currency::Usd) - self.cents("2320", Currency::Usd);
        let interest = owed * 62 / 1_000 / 12;
        self.provide(2_500_000 + interest, Currency::Usd);
        let mut entry = Entry::new(self.today, "Interest, and instalment of the term loan");
        entry.usd("7010", interest).tagged("department", "administration");
        entry.usd("2310", 2_500_000);
        entry.usd("1020", -2_500_000 - interest);
        self.post(entry);
        let spare = self.cents("1020", Currency::Usd) - 80_000_000;
        let back = spare.min(-self.cents("2320", Currency::Usd)) / 2_500_000 * 2_500_000;
        if back > 0 {
            self.spend("Credit line given back", "2320", back);
        }
    }

    fn quarter_end(&mut self) {
        let product = self.dice.index(PRODUCTS.len());
        let (name, stock, _, _) = PRODUCTS[product];
        let missing = self.dice.between(180_000, 620_000).min(self.carried(stock, Currency::Usd));
        let mut entry = Entry::new(self.today, format!("Stock count: {name} missing")).of_kind(EntryKind::Adjusting);
        entry.usd("5200", missing).tagged("department", "warehouse");
        entry.usd(stock, -missing);
        self.post(entry);
        let profit = self.profit();
        let tax = (profit - self.taxed) * 24 / 100;
        if tax > 0 {
            let mut entry = Entry::new(self.today, "Income tax of the quarter").of_kind(EntryKind::Adjusting);
            entry.usd("8010", tax);
            entry.usd("2230", -tax);
            self.post(entry);
            self.taxed = profit;
        }
    }
}
