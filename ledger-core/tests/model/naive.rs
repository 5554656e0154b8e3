//! A naive ledger that predicts what the real one answers.
//!
//! It shares no code with the real one beyond the types of commands and events: names instead of numbers, maps
//! instead of indexes, decimals read from their text, everything computed again from the beginning each time.

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate};
use ledger_core::command::{OpenAccount, RecordRate, ReverseEntry};
use ledger_core::{AccountRef, AccountStatus, AccountType, Command, DraftEntry, DraftLine, PeriodStatus};
use rust_decimal::Decimal;

type Answer<T> = Result<T, &'static str>;

const LINE_MAX: i128 = 10_i128.pow(27) - 1;
const SUM_MAX: i128 = 10_i128.pow(28) - 1;
/// What the generator knows as ISO currencies, with their digits.
const ISO: [(&str, u32); 4] = [("USD", 2), ("EUR", 2), ("GBP", 2), ("JPY", 0)];

#[derive(Clone, Debug)]
struct Account {
    shape: String,
    debit_normal: bool,
    summary: bool,
    status: AccountStatus,
    bounds: BTreeMap<String, (Option<i128>, Option<i128>)>,
}

#[derive(Clone, Debug)]
struct Posted {
    date: NaiveDate,
    lines: Vec<PostedLine>,
    reversed: bool,
}

#[derive(Clone, Debug)]
struct PostedLine {
    account: String,
    currency: String,
    units: i128,
    value: Option<i128>,
}

/// A line on its way: what it weighs and by which rate it is valued.
#[derive(Clone, Debug)]
struct Way {
    line: PostedLine,
    weight: i128,
    weighed_in: String,
    priced: bool,
    rate: Option<Decimal>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Naive {
    pub(crate) required: bool,
    pub(crate) soft: bool,
    pub(crate) seq: u64,
    commodities: Vec<(String, u32)>,
    accounts: BTreeMap<String, Account>,
    balances: BTreeMap<(String, String), (i128, i128)>,
    rates: BTreeMap<(String, String), BTreeMap<NaiveDate, Decimal>>,
    closed: BTreeMap<i32, PeriodStatus>,
    entries: BTreeMap<u64, Posted>,
}

impl Naive {
    pub(crate) fn new(required: bool) -> Self {
        Self { required, seq: 3, commodities: vec![("USD".into(), 2)], ..Self::default() }
    }

    /// What follows from a command, in words, or the code of the refusal.
    pub(crate) fn answer(&mut self, command: &Command) -> Answer<Vec<String>> {
        let mut after = self.clone();
        let facts = after.decide(command)?;
        after.seq = self.seq + facts.len() as u64;
        *self = after;
        Ok(facts)
    }

    fn decide(&mut self, command: &Command) -> Answer<Vec<String>> {
        match command {
            Command::OpenAccount(open) => self.open(open),
            Command::DefineCommodity(define) => match (self.scale(&define.code), define.scale) {
                (Some(known), Some(asked)) if known != u32::from(asked) => Err("COMMODITY_DIFFERS"),
                (Some(_), _) => Ok(vec![]),
                (None, Some(asked)) if asked > 18 => Err("SCALE_TOO_LARGE"),
                (None, asked) => Ok(vec![self.define(&define.code, asked.map_or(8, u32::from))]),
            },
            Command::SetAccountStatus { account, status, .. } => self.set_status(account, *status),
            Command::SetBalanceCondition { account, currency, min, max } => self.bound(account, currency, *min, *max),
            Command::RecordRate(rate) => self.record(rate),
            Command::PostEntry(draft) => self.post(draft),
            Command::ReverseEntry(reverse) => Ok(vec![self.reverse(reverse)?]),
            Command::CorrectEntry(correct) => {
                let mut facts = vec![self.reverse(&correct.reverse)?];
                facts.extend(self.post(&correct.replacement)?);
                Ok(facts)
            }
            Command::ClosePeriod { month, status, .. } => self.close(month.ordinal(), *status),
            Command::ReopenPeriod { month, .. } => {
                self.closed.remove(&month.ordinal()).map(|_| vec![format!("reopened {month}")]).ok_or("PERIOD_UNCHANGED")
            }
            other => panic!("the model does not know {other:?}"),
        }
    }

    fn open(&mut self, open: &OpenAccount) -> Answer<Vec<String>> {
        let shape = format!("{:?} {} {}", open.kind, open.contra, open.summary);
        if let Some(known) = self.accounts.get(open.code.as_str()) {
            return if known.shape == shape { Ok(vec![]) } else { Err("ACCOUNT_DIFFERS") };
        }
        let debit = matches!(open.kind, AccountType::Asset | AccountType::Expense);
        let account = Account {
            shape,
            debit_normal: debit != open.contra,
            summary: open.summary,
            status: AccountStatus::Open,
            bounds: BTreeMap::new(),
        };
        self.accounts.insert(open.code.to_string(), account);
        Ok(vec![format!("account {}", open.code)])
    }

    fn set_status(&mut self, account: &AccountRef, status: AccountStatus) -> Answer<Vec<String>> {
        let code = self.code(account)?;
        if self.accounts[&code].status == status {
            return Err("STATUS_UNCHANGED");
        }
        let full = self.balances.iter().any(|((held, _), balance)| *held == code && *balance != (0, 0));
        if status == AccountStatus::Closed && full {
            return Err("ACCOUNT_NOT_EMPTY");
        }
        self.accounts.get_mut(&code).unwrap().status = status;
        Ok(vec![format!("status {code} {status:?}")])
    }

    fn bound(&mut self, account: &AccountRef, currency: &str, min: Option<Decimal>, max: Option<Decimal>) -> Answer<Vec<String>> {
        let code = self.code(account)?;
        let scale = self.scale(currency).ok_or("COMMODITY_UNKNOWN")?;
        let bounds = (min.map(|min| units(min, scale)).transpose()?, max.map(|max| units(max, scale)).transpose()?);
        let held = self.balances.get(&(code.clone(), currency.to_owned())).map_or(0, |held| held.0);
        let account = self.accounts.get_mut(&code).unwrap();
        check_bounds(account, bounds, held)?;
        let before = account.bounds.remove(currency);
        if bounds != (None, None) {
            account.bounds.insert(currency.to_owned(), bounds);
        }
        let changed = before.unwrap_or((None, None)) != bounds;
        Ok(changed.then(|| format!("bounds {code}")).into_iter().collect())
    }

    fn record(&mut self, rate: &RecordRate) -> Answer<Vec<String>> {
        in_range(rate.date)?;
        if rate.rate <= Decimal::ZERO || rate.base == rate.quote {
            return Err("RATE_INVALID");
        }
        let mut facts = vec![];
        for code in [&rate.base, &rate.quote] {
            self.commodity(code, &mut facts)?;
        }
        let days = self.rates.entry((rate.base.to_string(), rate.quote.to_string())).or_default();
        if days.insert(rate.date, rate.rate) != Some(rate.rate) {
            facts.push(format!("rate {} {} {} {}", rate.base, rate.quote, rate.date, rate.rate));
        }
        Ok(facts)
    }

    fn close(&mut self, month: i32, status: PeriodStatus) -> Answer<Vec<String>> {
        let current = self.closed.get(&month).copied().unwrap_or(PeriodStatus::Open);
        match (current, status) {
            (current, status) if current == status => Err("PERIOD_UNCHANGED"),
            (_, PeriodStatus::Open) | (PeriodStatus::HardClosed, _) => Err("PERIOD_STEP"),
            (_, status) => {
                self.closed.insert(month, status);
                Ok(vec![format!("closed {} {status:?}", ledger_core::Month::from_ordinal(month))])
            }
        }
    }

    fn takes(&self, date: NaiveDate) -> bool {
        let status = self.closed.get(&(date.year() * 12 + date.month0().cast_signed())).copied().unwrap_or(PeriodStatus::Open);
        status == PeriodStatus::Open || (status == PeriodStatus::SoftClosed && self.soft)
    }

    fn reverse(&mut self, reverse: &ReverseEntry) -> Answer<String> {
        let original = self.entries.get(&reverse.original).cloned().ok_or("ENTRY_UNKNOWN")?;
        if original.reversed {
            return Err("ALREADY_REVERSED");
        }
        let date = match reverse.date {
            Some(date) => {
                in_range(date)?;
                self.takes(date).then_some(date)
            }
            // The generator closes few months, so an open one is near.
            None => std::iter::once(original.date)
                .chain(original.date.iter_days().take(4_000).filter(|day| day.day() == 1 && *day > original.date))
                .find(|day| self.takes(*day)),
        };
        let date = date.ok_or("PERIOD_CLOSED")?;
        let negated = |line: &PostedLine| PostedLine { units: -line.units, value: line.value.map(|value| -value), ..line.clone() };
        let lines: Vec<_> = original.lines.iter().map(negated).collect();
        for line in &lines {
            self.open_for_postings(&line.account)?;
        }
        self.commit(&lines)?;
        self.entries.get_mut(&reverse.original).unwrap().reversed = true;
        let fact = words("reversed", date, &lines);
        self.entries.insert(self.seq + 1, Posted { date, lines, reversed: false });
        Ok(fact)
    }

    fn post(&mut self, draft: &DraftEntry) -> Answer<Vec<String>> {
        if draft.lines.len() < 2 {
            return Err("TOO_FEW_LINES");
        }
        in_range(draft.effective_date)?;
        if !self.takes(draft.effective_date) {
            return Err("PERIOD_CLOSED");
        }
        // A correction has posted its reversal already.
        let before = u64::from(self.entries.contains_key(&(self.seq + 1)));
        let (mut facts, mut accounts) = (vec![], vec![]);
        let mut ways = vec![];
        for line in &draft.lines {
            ways.push(self.way(line, draft.effective_date, &mut facts)?);
        }
        self.weigh(draft, &mut ways, &mut accounts)?;
        self.value_sides(&mut ways);
        self.forget_partial_values(&mut ways);
        let priced = ways.iter().any(|way| way.priced);
        let mut lines: Vec<_> = ways.into_iter().map(|way| way.line).collect();
        self.check_balance(&lines, priced)?;
        self.convert(&mut lines, &mut accounts)?;
        self.commit(&lines)?;
        if lines.iter().filter_map(|line| line.value).sum::<i128>() != 0 {
            return Err("UNBALANCED_FUNCTIONAL");
        }
        facts.extend(accounts);
        facts.push(words("posted", draft.effective_date, &lines));
        let at = self.seq + before + facts.len() as u64;
        self.entries.insert(at, Posted { date: draft.effective_date, lines, reversed: false });
        Ok(facts)
    }

    fn way(&mut self, draft: &DraftLine, day: NaiveDate, facts: &mut Vec<String>) -> Answer<Way> {
        let account = self.code(&draft.account)?;
        self.open_for_postings(&account)?;
        let scale = self.commodity(&draft.currency, facts)?;
        let amount = units(draft.amount, scale)?;
        let (weight, weighed_in) = match &draft.weight {
            None => (amount, draft.currency.to_string()),
            Some(weight) => {
                let scale = self.commodity(&weight.currency, facts)?;
                let total = units(weight.amount, scale)?;
                if (total > 0 && amount < 0) || (total < 0 && amount > 0) {
                    return Err("WEIGHT_SIGN");
                }
                if weight.currency == draft.currency && total != amount {
                    return Err("RATE_INVALID");
                }
                (total, weight.currency.to_string())
            }
        };
        let quoted = draft.detail.as_ref().and_then(|detail| detail.rate.as_ref());
        if let Some(rate) = quoted {
            if rate.rate < Decimal::ZERO {
                return Err("RATE_INVALID");
            }
            self.commodity(&rate.quote, facts)?;
        }
        let mut rate = None;
        let stated = draft.functional.map(|stated| units(stated, 2));
        let value = if draft.currency == "USD" {
            let stated = stated.transpose()?.unwrap_or(amount);
            if stated != amount && amount != 0 {
                return Err("FUNCTIONAL_DIFFERS");
            }
            Some(stated)
        } else if let Some(stated) = stated {
            Some(stated?)
        } else if weighed_in == "USD" {
            Some(weight)
        } else {
            let own = quoted.filter(|rate| rate.quote == "USD" && draft.weight.is_none()).map(|rate| rate.rate);
            if own.is_none() && !self.required {
                None
            } else if own.is_none() && weight == 0 {
                Some(0)
            } else {
                rate = Some(own.or_else(|| self.rate(&weighed_in, day)).ok_or("RATE_MISSING")?);
                let value = times(weight, self.scale(&weighed_in).unwrap(), rate.unwrap());
                if value.abs() > LINE_MAX {
                    return Err("AMOUNT_TOO_LARGE");
                }
                Some(value)
            }
        };
        let line = PostedLine { account, currency: draft.currency.to_string(), units: amount, value };
        Ok(Way { line, weight, weighed_in, priced: draft.weight.is_some(), rate })
    }

    /// Weights must sum to zero for each commodity, or be off by no more units than lines.
    fn weigh(&mut self, draft: &DraftEntry, ways: &mut Vec<Way>, accounts: &mut Vec<String>) -> Answer<()> {
        let priced = ways.iter().any(|way| way.priced);
        let given = ways.clone();
        for code in in_order(given.iter().map(|way| way.weighed_in.as_str())) {
            let of_code: Vec<_> = given.iter().filter(|way| way.weighed_in == code).collect();
            let off: i128 = of_code.iter().map(|way| way.weight).sum();
            match &draft.rounding_account {
                _ if off == 0 => {}
                Some(account) if off.unsigned_abs() <= of_code.len() as u128 => {
                    let account = self.special(account, accounts)?;
                    let rate = given.iter().filter(|way| way.weighed_in == code).find_map(|way| way.rate);
                    let unvalued = given.iter().any(|way| way.line.currency == code && way.line.value.is_none());
                    let value = match rate {
                        _ if code == "USD" => Some(-off),
                        Some(rate) => Some(times(-off, self.scale(&code).unwrap(), rate)),
                        None if !self.required && unvalued => None,
                        None => Some(0),
                    };
                    let line = PostedLine { account, currency: code.clone(), units: -off, value };
                    ways.push(Way { line, weight: -off, weighed_in: code, priced: false, rate });
                }
                _ if priced => return Err("UNBALANCED"),
                _ => {}
            }
        }
        Ok(())
    }

    /// The debits valued by one rate are worth what their sum is, and so are the credits.
    fn value_sides(&self, ways: &mut [Way]) {
        let mut pairs: Vec<(String, Decimal)> = vec![];
        for way in ways.iter() {
            pairs.extend(way.rate.map(|rate| (way.weighed_in.clone(), rate)));
        }
        for (code, rate) in pairs {
            for debit in [true, false] {
                let side: Vec<usize> = (0..ways.len())
                    .filter(|i| ways[*i].weighed_in == code && ways[*i].rate == Some(rate) && (ways[*i].weight > 0) == debit)
                    .collect();
                let weight: i128 = side.iter().map(|i| ways[*i].weight).sum();
                let worth = times(weight, self.scale(&code).unwrap(), rate);
                let given: i128 = side.iter().filter_map(|i| ways[*i].line.value).sum();
                if worth == given {
                    continue;
                }
                // Floor of each share, then the units that are left from the first on.
                let sign = if worth < 0 { -1 } else { 1 };
                let mut left = worth.abs();
                for i in &side {
                    let share = worth.abs() * ways[*i].weight.abs() / weight.abs();
                    ways[*i].line.value = Some(share * sign);
                    left -= share;
                }
                for i in side.iter().filter(|i| ways[**i].weight != 0).take(usize::try_from(left).unwrap()).copied().collect::<Vec<_>>() {
                    *ways[i].line.value.as_mut().unwrap() += sign;
                }
            }
        }
    }

    fn forget_partial_values(&self, ways: &mut [Way]) {
        let without: Vec<String> = ways.iter().filter(|way| way.line.value.is_none()).map(|way| way.line.currency.clone()).collect();
        for way in ways.iter_mut().filter(|way| without.contains(&way.line.currency)) {
            way.line.value = None;
        }
    }

    fn check_balance(&self, lines: &[PostedLine], priced: bool) -> Answer<()> {
        let off = in_order(lines.iter().map(|line| line.currency.as_str())).into_iter().filter(|code| sum(lines, code).0 != 0).count();
        if !priced && off == 1 {
            return Err("UNBALANCED");
        }
        if !priced && off > 1 && lines.iter().any(|line| line.value.is_none()) {
            return Err("EXCHANGE_UNPRICED");
        }
        let values: i128 = lines.iter().filter_map(|line| line.value).sum();
        if values != 0 && (self.required || !priced) { Err("UNBALANCED_FUNCTIONAL") } else { Ok(()) }
    }

    fn convert(&mut self, lines: &mut Vec<PostedLine>, accounts: &mut Vec<String>) -> Answer<()> {
        let given = lines.clone();
        let codes = in_order(given.iter().map(|line| line.currency.as_str()));
        if codes.iter().all(|code| sum(&given, code).0 == 0) {
            return Ok(());
        }
        for code in codes {
            let (units, value) = sum(&given, &code);
            if (units, value) == (0, 0) {
                continue;
            }
            let valued = given.iter().filter(|line| line.currency == code).all(|line| line.value.is_some());
            let account = self.special(&format!("Equity:Conversion:{code}"), accounts)?;
            let mut push = |units, value| lines.push(PostedLine { account: account.clone(), currency: code.clone(), units, value });
            match code.as_str() {
                "USD" if units != value => {
                    if units != 0 {
                        push(-units, Some(-units));
                    }
                    push(0, Some(units - value));
                }
                _ => push(-units, valued.then_some(-value)),
            }
        }
        Ok(())
    }

    /// Adds lines to the balances, one by one, and looks at bounds where an account is touched for the last time.
    fn commit(&mut self, lines: &[PostedLine]) -> Answer<()> {
        for (index, line) in lines.iter().enumerate() {
            let key = (line.account.clone(), line.currency.clone());
            let balance = self.balances.entry(key).or_default();
            *balance = (balance.0 + line.units, balance.1 + line.value.unwrap_or(0));
            if balance.0.abs() > SUM_MAX || balance.1.abs() > SUM_MAX {
                return Err("BALANCE_TOO_LARGE");
            }
            let again = lines[index + 1..].iter().any(|later| later.account == line.account && later.currency == line.currency);
            let account = &self.accounts[&line.account];
            if let (false, Some(bounds)) = (again, account.bounds.get(&line.currency)) {
                check_bounds(account, *bounds, balance.0)?;
            }
        }
        Ok(())
    }

    fn special(&mut self, code: &str, accounts: &mut Vec<String>) -> Answer<String> {
        if self.accounts.contains_key(code) {
            self.open_for_postings(code)?;
        } else {
            let account = Account {
                shape: format!("{:?} false false!", AccountType::Equity),
                debit_normal: false,
                summary: false,
                status: AccountStatus::Open,
                bounds: BTreeMap::new(),
            };
            self.accounts.insert(code.to_owned(), account);
            accounts.push(format!("account {code}"));
        }
        Ok(code.to_owned())
    }

    fn open_for_postings(&self, code: &str) -> Answer<()> {
        match &self.accounts[code] {
            Account { summary: true, .. } => Err("ACCOUNT_SUMMARY"),
            Account { status: AccountStatus::Locked, .. } => Err("ACCOUNT_LOCKED"),
            Account { status: AccountStatus::Closed, .. } => Err("ACCOUNT_CLOSED"),
            _ => Ok(()),
        }
    }

    fn code(&self, account: &AccountRef) -> Answer<String> {
        match account {
            AccountRef::Code(code) if self.accounts.contains_key(code.as_str()) => Ok(code.to_string()),
            _ => Err("ACCOUNT_UNKNOWN"),
        }
    }

    fn scale(&self, code: &str) -> Option<u32> {
        self.commodities.iter().find(|(known, _)| known == code).map(|(_, scale)| *scale)
    }

    fn commodity(&mut self, code: &str, facts: &mut Vec<String>) -> Answer<u32> {
        if let Some(scale) = self.scale(code) {
            return Ok(scale);
        }
        let (_, scale) = ISO.iter().find(|(iso, _)| *iso == code).ok_or("COMMODITY_UNKNOWN")?;
        facts.push(self.define(code, *scale));
        Ok(*scale)
    }

    fn define(&mut self, code: &str, scale: u32) -> String {
        self.commodities.push((code.to_owned(), scale));
        format!("commodity {code} {scale}")
    }

    /// The latest rate of the last 31 days, or the inverse of one the other way round.
    fn rate(&self, code: &str, day: NaiveDate) -> Option<Decimal> {
        let latest = |base: &str, quote: &str| {
            let days = self.rates.get(&(base.to_owned(), quote.to_owned()))?;
            let (date, rate) = days.iter().rfind(|(date, _)| **date <= day)?;
            ((day - *date).num_days() <= 31).then_some(*rate)
        };
        latest(code, "USD").or_else(|| Some(inverse(latest("USD", code)?)))
    }
}

/// The generator uses only rates that have an exact inverse.
fn inverse(rate: Decimal) -> Decimal {
    let text = match rate.to_string().as_str() {
        "0.8" => "1.25",
        "1.25" => "0.8",
        "4" => "0.25",
        other => panic!("{other} has no inverse in the table"),
    };
    text.parse().unwrap()
}

fn in_range(date: NaiveDate) -> Answer<()> {
    if (1..=9999).contains(&date.year()) { Ok(()) } else { Err("DATE_OUT_OF_RANGE") }
}

fn check_bounds(account: &Account, (min, max): (Option<i128>, Option<i128>), held: i128) -> Answer<()> {
    let natural = if account.debit_normal { held } else { -held };
    let low = min.is_some_and(|min| natural < min);
    let high = max.is_some_and(|max| natural > max);
    if low || high { Err("BALANCE_CONDITION") } else { Ok(()) }
}

/// Reads the digits of a decimal as minor units.
fn units(amount: Decimal, scale: u32) -> Answer<i128> {
    let text = amount.to_string();
    let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
    let scale = usize::try_from(scale).unwrap();
    let (kept, lost) = part.split_at(part.len().min(scale));
    if lost.bytes().any(|digit| digit != b'0') {
        return Err("OVER_PRECISE");
    }
    let digits = format!("{whole}{kept}{}", "0".repeat(scale - kept.len()));
    match digits.parse::<i128>() {
        Ok(units) if units.abs() <= LINE_MAX => Ok(units),
        _ => Err("AMOUNT_TOO_LARGE"),
    }
}

/// Minor units of a commodity times a rate, in cents, half to even.
fn times(units: i128, scale: u32, rate: Decimal) -> i128 {
    let product = units * rate.mantissa();
    let digits = scale + rate.scale();
    if digits <= 2 {
        return product * 10_i128.pow(2 - digits);
    }
    let divisor = 10_i128.pow(digits - 2);
    let (down, rest) = (product.div_euclid(divisor), product.rem_euclid(divisor));
    down + i128::from(rest * 2 > divisor || (rest * 2 == divisor && down % 2 != 0))
}

fn in_order<'a>(codes: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut seen: Vec<String> = vec![];
    for code in codes {
        if !seen.iter().any(|known| known == code) {
            seen.push(code.to_owned());
        }
    }
    seen
}

fn sum(lines: &[PostedLine], code: &str) -> (i128, i128) {
    let of_code = lines.iter().filter(|line| line.currency == code);
    of_code.fold((0, 0), |sum, line| (sum.0 + line.units, sum.1 + line.value.unwrap_or(0)))
}

fn words(what: &str, date: NaiveDate, lines: &[PostedLine]) -> String {
    let line = |line: &PostedLine| format!(" | {} {} {} {:?}", line.account, line.units, line.currency, line.value);
    format!("{what} {date}{}", lines.iter().map(line).collect::<String>())
}
