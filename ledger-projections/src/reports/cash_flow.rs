//! The statement of cash flows, by the direct and the indirect method.
//!
//! Direct: the rows of `cash_flow`. Indirect: the profit of the period and what accounts without cash changed by, from
//! balances. Both begin and end at what the cash accounts hold. Amounts are seen from cash: what came in is positive.
//! What an account counts as is asked now, for any period: what somebody said of it, else what its sub-type says where
//! that is unambiguous, else it is unclassified and shown as such.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use ledger_core::book::FUNCTIONAL;
use ledger_core::{Account, AccountNo, Activity, CommodityNo, Seq, SubType, Units};
use ledger_store::{OrgStore, OrgTx};
use rust_decimal::Decimal;

use super::balances::{BalanceQuery, Balances, Closing, in_transaction};
use super::{Point, balances_fold};
use crate::account_balance::AccountBalance;
use crate::cash_flow::{CashFlow, FlowKind, units};
use crate::chart::Chart;
use crate::checkpoint::Checkpoint;
use crate::error::{Doing, ProjectionError, to_i64};

/// Adds up flows: `$1` organization, `$2` first and `$3` last day, `$4` the last event that counts.
pub const FLOWS: &str = include_str!("cash_flow.sql");

/// Which period, as known when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CashFlowQuery {
    /// The first day.
    pub from: NaiveDate,
    /// The last day.
    pub to: NaiveDate,
    /// As known when.
    pub point: Point,
}

/// A part of the statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    /// What the organization does for a living.
    Operating,
    /// Things that last.
    Investing,
    /// Owners and lenders.
    Financing,
    /// What nobody has said of what it is.
    Unclassified,
    /// Exchanges between currencies, and what exchange rates did to cash.
    Exchange,
}

impl Section {
    /// All, in the order of the statement.
    pub const ALL: [Self; 5] = [Self::Operating, Self::Investing, Self::Financing, Self::Unclassified, Self::Exchange];

    /// The word for programs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Operating => "operating",
            Self::Investing => "investing",
            Self::Financing => "financing",
            Self::Unclassified => "unclassified",
            Self::Exchange => "fx-effect",
        }
    }
}

/// What a line of the statement stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// Indirect: the profit of the period.
    Profit,
    /// Cash for an account; indirect: what the account changed by.
    Account(AccountNo),
    /// Indirect: what moved on an account without any cash, taken out of the profit.
    NonCash(AccountNo),
    /// Indirect: a result that belongs to another section, taken out of the profit.
    Elsewhere(AccountNo),
    /// Received or paid on a control account and not applied to any document.
    Unapplied(AccountNo),
    /// Indirect: exchanges between accounts without cash, and differences that are no cash.
    Differences,
    /// One currency exchanged for another.
    Exchange,
    /// A change of the value of cash in the functional currency.
    Fx,
    /// Cash brought in by opening entries.
    Opening,
    /// Cash moved by year-end closing entries.
    Closing,
}

/// An amount of cash in one commodity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amount {
    /// Smallest units of the commodity; received is positive.
    pub units: Units,
    /// Smallest units of the functional currency, over what has a value.
    pub functional: Units,
    /// Rows that were added up.
    pub lines: u64,
    /// Those of them without a value.
    pub unvalued: u64,
}

impl Amount {
    /// Adds another.
    pub const fn add(&mut self, other: &Self) {
        self.units += other.units;
        self.functional += other.functional;
        self.lines += other.lines;
        self.unvalued += other.unvalued;
    }

    const fn negated(self) -> Self {
        Self { units: -self.units, functional: -self.functional, ..self }
    }

    const fn is_zero(&self) -> bool {
        self.units == 0 && self.functional == 0
    }
}

/// Amounts per commodity.
pub type Amounts = BTreeMap<CommodityNo, Amount>;

/// A line of the statement in one commodity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CashFlowLine {
    /// Where it stands.
    pub section: Section,
    /// What it is.
    pub what: What,
    /// The commodity.
    pub commodity: CommodityNo,
    /// How much.
    pub amount: Amount,
}

/// A flow of cash in a period, summed up.
#[derive(Clone, Copy, Debug)]
struct Flow {
    kind: FlowKind,
    account: Option<AccountNo>,
    commodity: CommodityNo,
    amount: Amount,
}

/// What the statements of a period are made of.
#[derive(Clone, Debug)]
pub struct CashFlows {
    /// The last event that they contain.
    pub seq: Seq,
    /// Accounts and commodities.
    pub chart: Chart,
    /// Cash before the first day.
    pub opening: Amounts,
    /// Cash after the last day.
    pub closing: Amounts,
    flows: Vec<Flow>,
    /// What accounts other than cash moved, year-end closings left out; debit positive.
    moved: Vec<(AccountNo, CommodityNo, Amount)>,
    /// Cash moved by year-end closings.
    closings: Amounts,
}

/// Where the movements of an account stand: what somebody said of it, else what its sub-type says. `None` is non-cash.
#[must_use]
pub fn section_of(chart: &Chart, account: &Account) -> Option<Section> {
    use SubType::{
        AccumulatedDepreciation, Bank, Cash, Commission, Conversion, CostOfSales, DeferredRevenue, FixedAsset, FxGainLoss, General,
        Inventory, Payable, PrepaidExpense, Receivable, RetainedEarnings, Rounding, Tax, ValuationAdjustment,
    };
    match account.activity {
        Some(Activity::Operating) => return Some(Section::Operating),
        Some(Activity::Investing) => return Some(Section::Investing),
        Some(Activity::Financing) => return Some(Section::Financing),
        Some(Activity::NonCash) => return None,
        None => {}
    }
    if chart.control(account.no).is_some() {
        return Some(Section::Operating);
    }
    match account.sub_type {
        Receivable | Payable | Tax | Inventory | DeferredRevenue | PrepaidExpense | CostOfSales | Commission | FxGainLoss | Rounding => {
            Some(Section::Operating)
        }
        FixedAsset => Some(Section::Investing),
        AccumulatedDepreciation | ValuationAdjustment => None,
        Conversion => Some(Section::Exchange),
        General | Cash | Bank | RetainedEarnings if account.kind.is_profit_and_loss() => Some(Section::Operating),
        General | Cash | Bank | RetainedEarnings => Some(Section::Unclassified),
    }
}

/// Whether an account is cash.
fn is_cash(chart: &Chart, account: &Account) -> bool {
    matches!(account.sub_type, SubType::Cash | SubType::Bank) && chart.control(account.no).is_none()
}

/// What the statements of a period are made of.
///
/// At [`Point::Latest`] from the read models, at a cost that grows with the period's flows; else balances are a fold of history.
///
/// # Errors
/// [`ProjectionError::BeyondEnd`] for an event that has not happened; [`ProjectionError`] when the server fails.
pub async fn cash_flows(org: &OrgStore, query: &CashFlowQuery) -> Result<CashFlows, ProjectionError> {
    let asked = query.point.seq(org).await?;
    let mut tx = org.begin_read().await?;
    let applied = Checkpoint::seq_of(&mut tx, CashFlow::NAME).await?;
    let balanced = Checkpoint::seq_of(&mut tx, AccountBalance::NAME).await?;
    let chart = Chart::load(&mut tx, CashFlow::NAME).await?;
    // Balances of the read model stand at one event; where that is not the one, they are added up from history.
    let seq = asked.map_or_else(|| applied.min(balanced), |asked| asked.min(applied));
    let flows = read_flows(&mut tx, query, seq, &chart).await?;
    let ranges = [
        BalanceQuery { as_of: query.from.pred_opt(), ..BalanceQuery::default() },
        BalanceQuery { from: Some(query.from), as_of: Some(query.to), ..BalanceQuery::default() },
        BalanceQuery { from: Some(query.from), as_of: Some(query.to), closing: Closing::Exclude, ..BalanceQuery::default() },
    ];
    let mut found = Vec::with_capacity(ranges.len());
    if seq == balanced {
        for range in &ranges {
            found.push(in_transaction(&mut tx, range).await?);
        }
    } else {
        found = balances_fold::all_balances_at(org, &ranges, seq).await?;
    }
    tx.rollback().await?;
    let sums: Vec<Vec<(AccountNo, CommodityNo, Amount)>> = found.iter().map(|balances| amounts(&chart, balances)).collect();
    let [opening, all, ordinary] = sums.as_slice() else { return Err(ProjectionError::Damaged { what: "balances", found: String::new() }) };
    let opening = cash_in(&chart, opening);
    let mut closing = opening.clone();
    let moved_cash = cash_in(&chart, all);
    add_all(&mut closing, &moved_cash);
    let mut closings = moved_cash;
    add_all(&mut closings, &cash_in(&chart, ordinary).into_iter().map(|(no, amount)| (no, amount.negated())).collect());
    let not_cash = |no: AccountNo| chart.account(no).is_none_or(|account| !is_cash(&chart, account));
    let moved = ordinary.iter().filter(|(no, ..)| not_cash(*no)).copied().collect();
    Ok(CashFlows { seq, opening, closing, flows, moved, closings, chart })
}

type FlowRow = (String, Option<i32>, i32, Decimal, Decimal, i64, i64);

async fn read_flows(tx: &mut OrgTx, query: &CashFlowQuery, seq: Seq, chart: &Chart) -> Result<Vec<Flow>, ProjectionError> {
    let rows: Vec<FlowRow> = sqlx::query_as(FLOWS)
        .bind(tx.org().0)
        .bind(query.from)
        .bind(query.to)
        .bind(to_i64(seq))
        .fetch_all(&mut **tx)
        .await
        .doing("add up cash flows")?;
    rows.into_iter()
        .map(|(kind, account, commodity, amount, value, lines, unvalued)| {
            let damaged = |found: i32| move |_| ProjectionError::Damaged { what: "a number in a cash flow", found: found.to_string() };
            let account = account.map(|no| u32::try_from(no).map(AccountNo::new).map_err(damaged(no))).transpose()?;
            let commodity = u16::try_from(commodity).map(CommodityNo::new).map_err(damaged(commodity))?;
            let amount = Amount {
                units: units(amount, scale(chart, commodity))?,
                functional: units(value, scale(chart, FUNCTIONAL))?,
                lines: u64::try_from(lines).unwrap_or(0),
                unvalued: u64::try_from(unvalued).unwrap_or(0),
            };
            let kind = FlowKind::parse(&kind).ok_or(ProjectionError::Damaged { what: "kind of a cash flow", found: kind })?;
            Ok(Flow { kind, account, commodity, amount })
        })
        .collect()
}

fn scale(chart: &Chart, no: CommodityNo) -> u8 {
    chart.commodity(no).map_or(0, |commodity| commodity.scale)
}

/// Balances in smallest units, debit positive.
fn amounts(chart: &Chart, balances: &Balances) -> Vec<(AccountNo, CommodityNo, Amount)> {
    let numbers: BTreeMap<&str, CommodityNo> = chart.commodities().iter().map(|c| (c.code.as_str(), c.no)).collect();
    let amount = |row: &super::BalanceRow| Amount {
        units: row.balance().mantissa(), // all digits of the commodity
        functional: row.functional_balance().map_or(0, |value| value.mantissa()),
        lines: row.lines,
        unvalued: row.unvalued_lines,
    };
    balances.rows.iter().filter_map(|row| Some((row.account_no, *numbers.get(row.currency.as_str())?, amount(row)))).collect()
}

fn cash_in(chart: &Chart, rows: &[(AccountNo, CommodityNo, Amount)]) -> Amounts {
    let mut found = Amounts::new();
    for (account, commodity, amount) in rows {
        if chart.account(*account).is_some_and(|account| is_cash(chart, account)) {
            found.entry(*commodity).or_default().add(amount);
        }
    }
    found
}

fn add_all(to: &mut Amounts, other: &Amounts) {
    for (commodity, amount) in other {
        to.entry(*commodity).or_default().add(amount);
    }
}

/// Lines by section and what they are.
type Lines = BTreeMap<(Section, What, CommodityNo), Amount>;

fn listed(lines: Lines) -> Vec<CashFlowLine> {
    let lines = lines.into_iter().filter(|(_, amount)| !amount.is_zero());
    lines.map(|((section, what, commodity), amount)| CashFlowLine { section, what, commodity, amount }).collect()
}

impl CashFlows {
    /// The statement by the direct method.
    #[must_use]
    pub fn direct(&self) -> Vec<CashFlowLine> {
        let mut lines = Lines::new();
        for flow in &self.flows {
            let (section, what) = self.place(flow);
            lines.entry((section, what, flow.commodity)).or_default().add(&flow.amount);
        }
        listed(lines)
    }

    /// Where a flow stands. Cash for an account without cash is a contradiction that is shown, not hidden.
    fn place(&self, flow: &Flow) -> (Section, What) {
        let section = |no: AccountNo| self.section(no).unwrap_or(Section::Unclassified);
        match (flow.kind, flow.account) {
            (FlowKind::Account, Some(no)) => (section(no), What::Account(no)),
            (FlowKind::Unapplied, Some(no)) => (section(no), What::Unapplied(no)),
            (FlowKind::Opening, _) => (Section::Unclassified, What::Opening),
            (FlowKind::Closing, _) => (Section::Unclassified, What::Closing),
            (FlowKind::Fx, _) => (Section::Exchange, What::Fx),
            (FlowKind::Exchange | FlowKind::Account | FlowKind::Unapplied, _) => (Section::Exchange, What::Exchange),
        }
    }

    fn section(&self, no: AccountNo) -> Option<Section> {
        self.chart.account(no).map_or(Some(Section::Unclassified), |account| section_of(&self.chart, account))
    }

    /// The statement by the indirect method.
    #[must_use]
    pub fn indirect(&self) -> Vec<CashFlowLine> {
        let mut lines = Lines::new();
        let mut add = |section, what, commodity, amount: &Amount| lines.entry((section, what, commodity)).or_default().add(amount);
        for (no, commodity, moved) in &self.moved {
            let (commodity, effect) = (*commodity, moved.negated());
            let section = self.section(*no);
            if self.chart.account(*no).is_some_and(|account| account.kind.is_profit_and_loss()) {
                add(Section::Operating, What::Profit, commodity, &effect);
                if let Some(section) = section.filter(|section| *section != Section::Operating) {
                    add(Section::Operating, What::Elsewhere(*no), commodity, &effect.negated());
                    add(section, What::Account(*no), commodity, &effect);
                }
                continue;
            }
            match section {
                None => add(Section::Operating, What::NonCash(*no), commodity, &effect),
                Some(Section::Exchange) => add(Section::Operating, What::Differences, commodity, &effect),
                Some(section) => add(section, What::Account(*no), commodity, &effect),
            }
        }
        // What exchange rates did to cash itself stands apart from operations.
        for flow in self.flows.iter().filter(|flow| matches!(flow.kind, FlowKind::Exchange | FlowKind::Fx)) {
            let (section, what) = self.place(flow);
            add(section, what, flow.commodity, &flow.amount);
            add(Section::Operating, What::Differences, flow.commodity, &flow.amount.negated());
        }
        for (commodity, amount) in &self.closings {
            add(Section::Unclassified, What::Closing, *commodity, amount);
        }
        self.move_differences(&mut lines);
        listed(lines)
    }

    /// A realised difference is worth something in a currency of which it has no amount: what it is worth moves to the
    /// currency whose cash came in at another rate. Nothing in total; where it were something, nothing is moved.
    fn move_differences(&self, lines: &mut Lines) {
        let mut missing: BTreeMap<CommodityNo, Units> = BTreeMap::new();
        for (amounts, sign) in [(&self.closing, 1), (&self.opening, -1)] {
            amounts.iter().for_each(|(no, amount)| *missing.entry(*no).or_default() += sign * amount.functional);
        }
        lines.iter().for_each(|((.., no), amount)| *missing.entry(*no).or_default() -= amount.functional);
        if missing.values().sum::<Units>() != 0 {
            return;
        }
        for (no, functional) in missing {
            let moved = Amount { functional, ..Amount::default() };
            lines.entry((Section::Operating, What::Differences, no)).or_default().add(&moved);
        }
    }
}
