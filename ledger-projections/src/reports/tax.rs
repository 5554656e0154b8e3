//! Tax of a period by code, box, document or month; sales and purchases apart, each currency for itself.
//!
//! Amounts have the sign of an invoice or bill; credit notes and reversals take away. What is owed to the state is in
//! `payable` alone, positive, whatever the side.

use std::ops::AddAssign;

use chrono::NaiveDate;
use ledger_core::Seq;
use ledger_store::{OrgStore, OrgTx};
use rust_decimal::Decimal;

use super::Point;
use crate::chart::Chart;
use crate::checkpoint::Checkpoint;
use crate::error::{Doing, ProjectionError, to_i64, to_seq};
use crate::tax_report::TaxReport;

/// Tax of a period: `$1` organization, `$2` first day, `$3` last day, `$4` event or NULL, `$5` what a row stands for.
///
/// Planned anew each time it is asked: one plan for all periods would read everything.
pub const TAX: &str = include_str!("tax.sql");

/// What a row stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TaxBy {
    /// A component of a tax code.
    #[default]
    Code,
    /// A box of the tax report.
    Box,
    /// A component of a tax code on a document, or on its reversal.
    Document,
    /// A component of a tax code in a month.
    Month,
}

/// Which tax.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaxQuery {
    /// The first day.
    pub from: NaiveDate,
    /// The last day.
    pub to: NaiveDate,
    /// As known when.
    pub point: Point,
    /// What a row stands for.
    pub by: TaxBy,
}

/// Amounts of tax, in one currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TaxAmounts {
    /// What it was computed on. One base counts for each component that is computed on it, and once for a reverse charge.
    pub base: Decimal,
    /// What was charged, or self-assessed under a reverse charge.
    pub tax: Decimal,
    /// How much of it can be recovered: purchases only.
    pub recoverable: Decimal,
    /// How much of it is part of the cost: purchases only.
    pub not_recoverable: Decimal,
    /// What whoever paid kept back.
    pub withheld: Decimal,
    /// What is due for purchases under a reverse charge.
    pub reverse_charge: Decimal,
    /// What the tax accounts moved, owed to the state positive: on sales tax less what was withheld, on purchases what
    /// was withheld and is due less what can be recovered.
    pub payable: Decimal,
}

impl AddAssign<&Self> for TaxAmounts {
    fn add_assign(&mut self, other: &Self) {
        self.base += other.base;
        self.tax += other.tax;
        self.recoverable += other.recoverable;
        self.not_recoverable += other.not_recoverable;
        self.withheld += other.withheld;
        self.reverse_charge += other.reverse_charge;
        self.payable += other.payable;
    }
}

/// One row of a tax report, in one currency. What is grouped away is `None`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaxLine {
    /// Whether it is tax on purchases; else on sales.
    pub purchases: bool,
    /// The first day of the month.
    pub month: Option<NaiveDate>,
    /// The document, where it is by document.
    pub document: Option<TaxDocument>,
    /// The tax code.
    pub code: Option<String>,
    /// Its component.
    pub component: Option<String>,
    /// As a share: 0.20 for 20 %.
    pub rate: Option<Decimal>,
    /// The box of the tax report; may be empty.
    pub report_box: String,
    /// The currency of the documents.
    pub currency: String,
    /// In that currency.
    pub amounts: TaxAmounts,
    /// In the functional currency, at the documents' own rates.
    pub functional: TaxAmounts,
}

/// Which document, or reversal of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaxDocument {
    /// When it counts.
    pub date: NaiveDate,
    /// The event: the document's, or its reversal's.
    pub seq: Seq,
    /// `invoice`, `bill`, `credit_note` …
    pub kind: String,
    /// Its number.
    pub number: String,
    /// Whose it is; empty where nothing is owed.
    pub party: String,
}

/// A tax report, and as of when it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tax {
    /// The last event that it contains.
    pub seq: Seq,
    /// Accounts and commodities.
    pub chart: Chart,
    /// Sales first, then by month or document, code, component, rate, box and currency.
    pub rows: Vec<TaxLine>,
}

/// The tax of a period.
///
/// # Errors
/// [`ProjectionError::BeyondEnd`] for an event that has not happened; [`ProjectionError`] when the server fails.
pub async fn tax(org: &OrgStore, query: &TaxQuery) -> Result<Tax, ProjectionError> {
    let asked = query.point.seq(org).await?;
    let mut tx = org.begin_read().await?;
    let applied = Checkpoint::seq_of(&mut tx, TaxReport::NAME).await?;
    let chart = Chart::load(&mut tx, TaxReport::NAME).await?;
    let rows = rows(&mut tx, query, asked).await?;
    tx.rollback().await?;
    let seq = asked.map_or(applied, |asked| asked.min(applied));
    Ok(Tax { seq, chart, rows: rows.into_iter().map(Stored::read).collect::<Result<_, _>>()? })
}

async fn rows(tx: &mut OrgTx, query: &TaxQuery, asked: Option<Seq>) -> Result<Vec<Stored>, ProjectionError> {
    sqlx::query_as(TAX)
        .persistent(false)
        .bind(tx.org().0)
        .bind(query.from)
        .bind(query.to)
        .bind(asked.map(to_i64))
        .bind(match query.by {
            TaxBy::Code => 0,
            TaxBy::Box => 1,
            TaxBy::Document => 2,
            TaxBy::Month => 3_i32,
        })
        .fetch_all(&mut **tx)
        .await
        .doing("add up tax")
}

#[derive(sqlx::FromRow)]
struct Stored {
    side: String,
    month: Option<NaiveDate>,
    date: Option<NaiveDate>,
    seq: Option<i64>,
    kind: Option<String>,
    document: Option<String>,
    party: Option<String>,
    code: Option<String>,
    component: Option<String>,
    rate: Option<Decimal>,
    #[sqlx(rename = "box")]
    report_box: String,
    currency: String,
    base: Decimal,
    tax: Decimal,
    recoverable: Decimal,
    withheld: Decimal,
    reverse_charge: Decimal,
    payable: Decimal,
    functional_base: Decimal,
    functional_tax: Decimal,
    functional_recoverable: Decimal,
    functional_withheld: Decimal,
    functional_reverse_charge: Decimal,
    functional_payable: Decimal,
}

impl Stored {
    fn read(self) -> Result<TaxLine, ProjectionError> {
        let purchases = self.side == "purchases";
        let not = |tax: Decimal, recoverable| if purchases { tax - recoverable } else { Decimal::ZERO };
        let document = match (self.date, self.seq) {
            (Some(date), Some(seq)) => Some(TaxDocument {
                date,
                seq: to_seq("event of a tax row", seq)?,
                kind: self.kind.unwrap_or_default(),
                number: self.document.unwrap_or_default(),
                party: self.party.unwrap_or_default(),
            }),
            _ => None,
        };
        Ok(TaxLine {
            purchases,
            month: self.month,
            document,
            code: self.code,
            component: self.component,
            rate: self.rate,
            report_box: self.report_box,
            currency: self.currency,
            amounts: TaxAmounts {
                base: self.base,
                tax: self.tax,
                recoverable: self.recoverable,
                not_recoverable: not(self.tax, self.recoverable),
                withheld: self.withheld,
                reverse_charge: self.reverse_charge,
                payable: self.payable,
            },
            functional: TaxAmounts {
                base: self.functional_base,
                tax: self.functional_tax,
                recoverable: self.functional_recoverable,
                not_recoverable: not(self.functional_tax, self.functional_recoverable),
                withheld: self.functional_withheld,
                reverse_charge: self.functional_reverse_charge,
                payable: self.functional_payable,
            },
        })
    }
}
