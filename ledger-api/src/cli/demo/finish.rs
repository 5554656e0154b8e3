//! What the demo's company does when its files are in: losses are written off, and month after month what was deferred is
//! recognised, foreign balances are revalued and commissions paid; then months are closed, and the first year.

use chrono::{Days, NaiveDate};
use ledger_core::command::{CorrectEntry, PayOutCommissions, RecordPayment, RecordRate, ReverseEntry, WriteOff};
use ledger_core::period::{Month, PeriodStatus};
use ledger_core::subledger::DocumentKind;
use ledger_core::{Command, RateType, Seq};

use crate::demo::{Currency, Followup, Plan, earners, rate_on, roles};

/// The first month, how many are closed in all, and how many of these hard.
const FIRST_MONTH: i32 = 2024 * 12;
const MONTHS: i32 = 24;
const CLOSED: i32 = 21;
const HARD_CLOSED: i32 = 12;

/// A command, the key under which it goes in once, and whether it may find nothing to do.
pub(super) struct Task {
    pub(super) key: String,
    pub(super) command: Command,
    pub(super) optional: bool,
}

impl Task {
    fn new(key: String, command: Command) -> Self {
        Self { key, command, optional: false }
    }
}

/// The last day of a month that is counted from 0.
fn last_day(number: i32) -> NaiveDate {
    let next = Month::from_ordinal(FIRST_MONTH + number + 1).first_day();
    next.pred_opt().unwrap_or(next)
}

/// What was found out later: mistakes and losses. Of mistakes either those that are found after their month was closed
/// (`late`), or the others.
pub(super) fn mends<'a>(
    followups: &'a [Followup],
    late: bool,
    seq_of: impl Fn(&str) -> Option<Seq> + 'a,
) -> impl Iterator<Item = Task> + 'a {
    followups.iter().filter(move |followup| matches!(followup, Followup::Reverse { late: true, .. }) == late).filter_map(move |followup| {
        let reverse = |original, reason: &str| ReverseEntry { original, date: None, reason: reason.into() };
        Some(match followup {
            Followup::Reverse { id, reason, .. } => {
                Task::new(format!("demo:mend:{id}"), Command::ReverseEntry(reverse(seq_of(id)?, reason)))
            }
            Followup::Correct { id, reason, replacement } => {
                let correct = CorrectEntry { reverse: reverse(seq_of(id)?, reason), replacement: replacement.draft() };
                Task::new(format!("demo:mend:{id}"), Command::CorrectEntry(Box::new(correct)))
            }
            Followup::WriteOff { party, document, date } => Task::new(format!("demo:loss:{document}"), loss(party, document, *date)),
        })
    })
}

fn loss(party: &str, document: &str, date: NaiveDate) -> Command {
    Command::WriteOff(Box::new(WriteOff {
        party: party.into(),
        document: document.into(),
        account: roles().losses.into(),
        date: Some(date),
        amount: None,
        number: None,
        reason: "given up".into(),
    }))
}

/// What every month brings, month after month.
pub(super) fn months(plan: Plan) -> Vec<Task> {
    (0..MONTHS).flat_map(|number| month(plan, number)).collect()
}

fn month(plan: Plan, number: i32) -> Vec<Task> {
    let date = last_day(number);
    let mut tasks = vec![Task::new(format!("demo:recognise:{date}"), Command::RecogniseDeferrals { up_to: date })];
    for currency in [Currency::Eur, Currency::Gbp] {
        let rate = RecordRate {
            base: currency.code().into(),
            quote: Currency::Usd.code().into(),
            kind: RateType::Closing,
            date,
            rate: rate_on(&plan, currency, date),
            source: "month end".into(),
        };
        tasks.push(Task::new(format!("demo:closing-rate:{}:{date}", currency.code()), Command::RecordRate(rate)));
    }
    if (number + 1) % 3 == 0 {
        tasks.extend(payouts(date));
    }
    tasks
}

/// What sellers have earned in a quarter becomes what they are owed, in each currency.
fn payouts(date: NaiveDate) -> impl Iterator<Item = Task> {
    let mut sellers: Vec<&str> = earners().into_iter().map(|(_, seller, _)| seller).collect();
    sellers.dedup();
    let each = move |seller: &'static str| [Currency::Usd, Currency::Eur, Currency::Gbp].map(|currency| (seller, currency));
    sellers.into_iter().flat_map(each).map(move |(seller, currency)| {
        let number = payout_number(seller, currency, date);
        let pay = PayOutCommissions { payee: seller.into(), date, number: number.as_str().into(), currency: Some(currency.code().into()) };
        Task { optional: true, ..Task::new(format!("demo:payout:{number}"), Command::PayOutCommissions(Box::new(pay))) }
    })
}

fn payout_number(seller: &str, currency: Currency, date: NaiveDate) -> String {
    format!("COM-{seller}-{}-{}", currency.code(), date.format("%y%m"))
}

/// Payments of what sellers are owed, a fortnight after each quarter but the last; `open` says how much of a number.
pub(super) fn payments(open: impl Fn(&str, &str) -> Option<rust_decimal::Decimal>) -> Vec<Task> {
    let mut sellers: Vec<&str> = earners().into_iter().map(|(_, seller, _)| seller).collect();
    sellers.dedup();
    let mut tasks = Vec::new();
    for date in (0..MONTHS - 1).filter(|number| (number + 1) % 3 == 0).map(last_day) {
        for seller in &sellers {
            for (currency, bank) in crate::demo::banks() {
                let number = payout_number(seller, currency, date);
                let Some(amount) = open(seller, &number) else { continue };
                let payment = RecordPayment {
                    currency: Some(currency.code().into()),
                    number: Some(format!("PM-{number}").into()),
                    ..RecordPayment::new(DocumentKind::PaymentOut, seller, bank, date + Days::new(14), amount)
                };
                tasks.push(Task::new(format!("demo:pay:{number}"), Command::RecordPayment(Box::new(payment))));
            }
        }
    }
    tasks
}

/// Foreign items and holdings at the closing rates of each month that is closed, when everything else of it is in.
pub(super) fn revaluations() -> impl Iterator<Item = Task> {
    (0..CLOSED).map(last_day).map(|date| Task::new(format!("demo:revalue:{date}"), Command::Revalue { date }))
}

/// Months are closed softly first; the first year hard when its books are finished.
pub(super) fn closings(hard: bool) -> impl Iterator<Item = Task> {
    let (months, status, reason) = match hard {
        true => (HARD_CLOSED, PeriodStatus::HardClosed, "year audited"),
        false => (CLOSED, PeriodStatus::SoftClosed, "month reported"),
    };
    (0..months).map(move |number| {
        let month = Month::from_ordinal(FIRST_MONTH + number);
        let command = Command::ClosePeriod { month, status, reason: reason.into(), accept_open: false };
        Task::new(format!("demo:close:{}:{month}", status.as_str()), command)
    })
}
