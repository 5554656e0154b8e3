//! The state of the source's own books while its directives take effect: which accounts are open, what they
//! hold, and whether a transaction is one.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use ledger_core::money::{MoneyError, units_of};

use super::ast::{Directive, Fault, Kind, Method, Open, Parse, Pos, Txn};
use super::booking::{self, Stock};
use super::interpolate::{self, Booked, Scales};
use super::inventory::{Inventory, Met};
use super::names::{AccountId, CurrencyId};
use super::parse::Parsed;
use super::tolerance;

/// Digits after the point of each commodity.
#[derive(Debug)]
pub(super) struct ScaleTable(pub(super) Vec<u8>);

impl Scales for ScaleTable {
    fn scale(&self, currency: CurrencyId) -> u8 {
        self.0.get(currency.index()).copied().unwrap_or(0)
    }
}

/// Where an account stands.
#[derive(Clone, Copy, Debug, Default)]
enum State<'t> {
    #[default]
    Unknown,
    Open(&'t Open, NaiveDate),
    Automatic,
    Closed(NaiveDate),
}

/// A booked transaction.
#[derive(Debug)]
pub(super) struct Booking<'t> {
    /// In the order of the source; how each met its account's holdings.
    pub(super) postings: Vec<Booked<'t>>,
    pub(super) met: Vec<Met>,
    /// Whether rounded weights leave a residual.
    pub(super) rounded: bool,
    /// Whether beancount would round an amount that was left out to fewer digits than its commodity has.
    pub(super) finer: bool,
}

/// Accounts and their holdings.
pub(super) struct Ledger<'t> {
    pub(super) parsed: &'t Parsed<'t>,
    pub(super) scales: &'t ScaleTable,
    methods: &'t [Method],
    states: Vec<State<'t>>,
    inventories: Vec<Inventory<'t>>,
    /// Accounts that the file uses without opening them, where it asks for that; for the caller to take.
    pub(super) opened: Vec<AccountId>,
}

/// The booking method of every account.
pub(super) fn methods(parsed: &Parsed<'_>) -> Vec<Method> {
    let mut methods = vec![parsed.settings.booking; parsed.names.account_names().len()];
    for directive in &parsed.directives {
        if let Kind::Open(open) = &directive.kind
            && let Some(method) = open.booking
        {
            methods[open.account.index()] = method;
        }
    }
    methods
}

impl<'t> Ledger<'t> {
    pub(super) fn new(parsed: &'t Parsed<'t>, scales: &'t ScaleTable, methods: &'t [Method]) -> Self {
        let accounts = parsed.names.account_names().len();
        let mut inventories = Vec::new();
        inventories.resize_with(accounts, Inventory::default);
        Self { parsed, scales, methods, states: vec![State::Unknown; accounts], inventories, opened: Vec::new() }
    }

    fn name(&self, account: AccountId) -> &'t str {
        self.parsed.names.account_name(account)
    }

    fn currency(&self, currency: CurrencyId) -> &'t str {
        self.parsed.names.currency_name(currency)
    }

    /// Opens an account.
    pub(super) fn open(&mut self, open: &'t Open, directive: &Directive<'_>) -> Parse<()> {
        let name = self.name(open.account);
        let fault = |problem: String| Fault::new(directive.pos, problem).found(name);
        if self.parsed.settings.kind(name).is_none() {
            let roots = self.parsed.settings.root_names();
            return Err(
                fault(format!("the account begins with none of {roots}")).remedy("rename it, or set the options name_assets and so on")
            );
        }
        match self.states[open.account.index()] {
            State::Unknown | State::Automatic => {
                self.states[open.account.index()] = State::Open(open, directive.date);
                Ok(())
            }
            State::Open(_, date) => {
                Err(fault(format!("the account is open since {date} already")).remedy("remove one of the open directives"))
            }
            State::Closed(date) => {
                Err(fault(format!("the account was closed on {date}; beancount does not open it again")).remedy("use another name"))
            }
        }
    }

    /// Closes an account.
    pub(super) fn close(&mut self, account: AccountId, directive: &Directive<'_>) -> Parse<()> {
        let fault = |problem: String| Fault::new(directive.pos, problem).found(self.name(account));
        match self.states[account.index()] {
            State::Open(..) | State::Automatic => {
                self.states[account.index()] = State::Closed(directive.date);
                Ok(())
            }
            State::Closed(date) => {
                Err(fault(format!("the account was closed on {date} already")).remedy("remove one of the close directives"))
            }
            State::Unknown => Err(fault(format!("the account was not opened before {}", directive.date)).remedy("add an open directive")),
        }
    }

    /// Whether postings to the account are allowed.
    pub(super) fn check_active(&mut self, account: AccountId, date: NaiveDate, pos: Pos) -> Parse<()> {
        let name = self.name(account);
        let problem = match self.states[account.index()] {
            State::Open(..) | State::Automatic => return Ok(()),
            State::Unknown if self.parsed.settings.auto_accounts && self.parsed.settings.kind(name).is_some() => {
                self.states[account.index()] = State::Automatic;
                self.opened.push(account);
                return Ok(());
            }
            State::Unknown => format!("the account is not open on {date}"),
            State::Closed(closed) => format!("the account was closed on {closed}"),
        };
        Err(Fault::new(pos, problem).found(name).remedy(format!("add `{date} open {name}`, or correct the name or the date")))
    }

    /// Whether a balance of the account may be asserted: it was opened once.
    pub(super) fn check_known(&mut self, account: AccountId, date: NaiveDate, pos: Pos) -> Parse<()> {
        if matches!(self.states[account.index()], State::Closed(_)) { Ok(()) } else { self.check_active(account, date, pos) }
    }

    /// Whether the account takes the commodity.
    pub(super) fn check_currency(&self, account: AccountId, currency: CurrencyId, pos: Pos) -> Parse<()> {
        let State::Open(open, _) = self.states[account.index()] else { return Ok(()) };
        if open.currencies.is_empty() || open.currencies.contains(&currency) {
            return Ok(());
        }
        let allowed: Vec<&str> = open.currencies.iter().map(|known| self.currency(*known)).collect();
        Err(Fault::new(pos, format!("{} was opened for {} only", self.name(account), allowed.join(", ")))
            .found(self.currency(currency))
            .remedy("correct the commodity, or add it to the open directive"))
    }

    /// Whether the number has no more digits than its commodity.
    pub(super) fn check_precision(&self, number: Decimal, currency: CurrencyId, pos: Pos) -> Parse<()> {
        let scale = self.scales.scale(currency);
        let name = self.currency(currency);
        match units_of(number, scale) {
            Ok(_) => Ok(()),
            Err(MoneyError::OverPrecise { .. }) => {
                Err(Fault::new(pos, format!("{name} has {scale} digits after the point, and amounts are not rounded"))
                    .found(format!("{number} {name}"))
                    .remedy(format!("correct the amount, or pass --commodity {name}={}", number.normalize().scale())))
            }
            Err(_) => Err(Fault::new(pos, "the amount is too large to keep exactly").found(format!("{number} {name}"))),
        }
    }

    /// Books a transaction and adds it to the holdings.
    pub(super) fn post(&mut self, directive: &Directive<'_>, txn: &'t Txn<'t>) -> Parse<Booking<'t>> {
        for posting in &txn.postings {
            self.check_active(posting.account, directive.date, posting.pos)?;
            if let Some(units) = posting.units
                && let (Some(number), Some(currency)) = (units.number, units.currency)
            {
                self.check_precision(number, currency, units.pos)?;
            }
        }
        let mut booked = self.book(directive.date, txn)?;
        for posting in &booked {
            self.check_currency(posting.account, posting.currency, posting.pos)?;
            self.check_precision(posting.units, posting.currency, posting.pos)?;
        }
        let rounded = self.check_balance(directive, &booked)?;
        booked.sort_by_key(|posting| posting.index);
        let mut met = Vec::with_capacity(booked.len());
        for posting in &booked {
            let inventory = &mut self.inventories[posting.account.index()];
            let how = inventory.add(posting.currency, posting.units, posting.cost.as_ref());
            met.push(how.ok_or_else(|| Fault::new(posting.pos, "the balance of this account becomes too large to keep exactly"))?);
        }
        let finer = self.is_finer(&booked);
        Ok(Booking { postings: booked, met, rounded, finer })
    }

    fn book(&self, date: NaiveDate, txn: &'t Txn<'t>) -> Parse<Vec<Booked<'t>>> {
        let stock = Stock { names: &self.parsed.names, inventories: &self.inventories, methods: self.methods };
        if let Some(booked) = self.book_plainly(txn)? {
            return Ok(booked);
        }
        let mut all = Vec::with_capacity(txn.postings.len());
        for (currency, legs) in booking::categorize(txn, &stock)? {
            let legs = booking::reduce(date, legs, &stock)?;
            all.extend(interpolate::complete((currency, legs), &self.parsed.names, self.scales)?);
        }
        Ok(all)
    }

    /// The short way for transactions of plain complete amounts, which most are.
    fn book_plainly(&self, txn: &'t Txn<'t>) -> Parse<Option<Vec<Booked<'t>>>> {
        let mut booked = Vec::with_capacity(txn.postings.len());
        for (index, posting) in txn.postings.iter().enumerate() {
            let Some(units) = posting.units.filter(|_| posting.cost.is_none() && posting.price.is_none()) else { return Ok(None) };
            let (Some(number), Some(currency)) = (units.number, units.currency) else { return Ok(None) };
            booked.push(interpolate::plain(index, posting, number, currency));
        }
        Ok(Some(booked))
    }

    /// Whether the weights sum to zero, per commodity; `true` when only with a residual of rounding.
    fn check_balance(&self, directive: &Directive<'_>, booked: &[Booked<'_>]) -> Parse<bool> {
        let mut sums: Vec<(CurrencyId, Decimal, Decimal)> = Vec::new();
        let large = || Fault::new(directive.pos, "the sum of this transaction is too large to keep exactly");
        for posting in booked {
            let weight = &posting.weight;
            let at = sums.iter().position(|(known, ..)| *known == weight.currency).unwrap_or_else(|| {
                sums.push((weight.currency, Decimal::ZERO, Decimal::ZERO));
                sums.len() - 1
            });
            let (_, exact, rounded) = &mut sums[at];
            *exact = exact.checked_add(weight.exact).ok_or_else(large)?;
            *rounded = rounded.checked_add(weight.rounded).ok_or_else(large)?;
        }
        let mut residual = false;
        for (currency, exact, rounded) in sums.into_iter().filter(|(_, _, rounded)| !rounded.is_zero()) {
            self.check_residual(currency, exact, rounded, directive, booked)?;
            residual = true;
        }
        Ok(residual)
    }

    fn check_residual(
        &self,
        currency: CurrencyId,
        exact: Decimal,
        rounded: Decimal,
        directive: &Directive<'_>,
        booked: &[Booked<'_>],
    ) -> Parse<()> {
        let step = Decimal::new(1, u32::from(self.scales.scale(currency)));
        let in_group = booked.iter().filter(|posting| posting.weight.currency == currency);
        let lines = in_group.clone().count();
        let most = step.checked_mul(Decimal::from(lines)).unwrap_or(Decimal::MAX);
        let mut allowed = tolerance::of_transaction(currency, booked, &self.parsed.settings, &self.parsed.names);
        if in_group.clone().any(|posting| posting.computed) {
            allowed = allowed.max(step / Decimal::TWO);
        }
        let within_file = exact.abs() <= allowed;
        if within_file && rounded.abs() <= most {
            return Ok(());
        }
        let code = self.currency(currency);
        let difference = if within_file { rounded } else { exact };
        let side = if difference.is_sign_negative() { "credit" } else { "debit" };
        let problem = format!("the transaction does not balance: {} {code} too much {side}", difference.abs().normalize());
        let remedy = if within_file {
            format!(
                "correct an amount; beancount tolerates {allowed} {code} here, but only one minor unit per line can be booked as rounding"
            )
        } else {
            "correct an amount, or leave one out to have it computed".to_owned()
        };
        Err(Fault::new(directive.pos, problem).remedy(remedy))
    }

    fn is_finer(&self, booked: &[Booked<'_>]) -> bool {
        let computed = booked.iter().filter(|posting| posting.computed && posting.cost.is_none() && posting.price.is_none());
        computed.into_iter().any(|posting| {
            let tolerance = tolerance::of_transaction(posting.currency, booked, &self.parsed.settings, &self.parsed.names);
            let step = (tolerance * Decimal::TWO).normalize();
            // beancount rounds to twice the tolerance where that looks like a number that somebody wrote.
            !step.is_zero() && step.mantissa() < 10_000 && posting.units.round_dp(step.scale()) != posting.units
        })
    }

    /// Whether an account or one below it holds lots of a commodity.
    pub(super) fn holds_lots(&self, accounts: &[AccountId], currency: CurrencyId) -> bool {
        accounts.iter().any(|account| self.inventories[account.index()].has_lots(currency))
    }
}
