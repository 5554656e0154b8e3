//! Booked transactions as journal entries of the ledger.

use chrono::NaiveDate;
use ledger_core::draft::{DraftDetail, DraftRate};
use ledger_core::limits::{REFERENCE_BYTES_MAX, TAGS_MAX};
use ledger_core::{AccountRef, DraftEntry, DraftLine, RateType, Text, Weight};

use rust_decimal::Decimal;

use super::ast::{Meta, Txn};
use super::interpolate::Booked;
use super::names::Names;

/// An entry's draft, and how many tags had no room in it.
pub(super) struct Built {
    pub(super) draft: DraftEntry,
    pub(super) line_places: Vec<u32>,
    pub(super) left_out: u64,
}

/// Makes the draft of a transaction. `rounding` is the account for a residual, where there is one.
pub(super) fn build(date: NaiveDate, txn: &Txn<'_>, booked: &[Booked<'_>], names: &Names<'_>, rounding: Option<&str>) -> Built {
    let mut left_out = 0;
    let mut lines = Vec::with_capacity(booked.len());
    let mut line_places = Vec::with_capacity(booked.len());
    for posting in booked {
        lines.push(line(txn, posting, names, &mut left_out));
        line_places.push(posting.pos.line);
    }
    if let [only] = booked {
        // Shares received for nothing stand alone in beancount; an entry has two sides.
        let account = names.account_name(only.account);
        lines.push(DraftLine::new(account, Decimal::ZERO, names.currency_name(only.weight.currency)));
        line_places.push(only.pos.line);
    }
    let mut draft = DraftEntry::new(date, &description(txn), lines);
    draft.tags = entry_tags(txn, &mut left_out);
    draft.rounding_account = rounding.map(Text::from);
    Built { draft, line_places, left_out }
}

/// Payee and narration, as beancount shows them together.
fn description(txn: &Txn<'_>) -> String {
    match txn.payee.as_deref() {
        None | Some("") => txn.narration.clone().into_owned(),
        Some(payee) if txn.narration.is_empty() => payee.to_owned(),
        Some(payee) => format!("{payee} | {}", txn.narration),
    }
}

fn entry_tags(txn: &Txn<'_>, left_out: &mut u64) -> Vec<(Text, Text)> {
    let mut tags = Tags { list: Vec::new(), left_out };
    if let Some(payee) = txn.payee.as_deref().filter(|payee| !payee.is_empty()) {
        tags.push("payee", payee);
    }
    if txn.flag != '*' {
        tags.push("flag", txn.flag.encode_utf8(&mut [0; 4]));
    }
    txn.tags.iter().for_each(|tag| tags.push("tag", tag));
    txn.links.iter().for_each(|link| tags.push("link", link));
    tags.metadata(&txn.meta);
    tags.list
}

fn line(txn: &Txn<'_>, posting: &Booked<'_>, names: &Names<'_>, left_out: &mut u64) -> DraftLine {
    let mut line = DraftLine {
        account: AccountRef::Code(names.account_name(posting.account).into()),
        amount: posting.units,
        currency: names.currency_name(posting.currency).into(),
        functional: None,
        weight: None,
        detail: None,
    };
    let source = txn.postings.get(posting.index);
    let exchanged = posting.cost.is_some() || posting.price.is_some();
    let bare = source.is_none_or(|source| source.flag.is_none() && source.meta.is_empty());
    if !exchanged && bare {
        return line;
    }
    let mut detail = DraftDetail::default();
    let mut tags = Tags { list: Vec::new(), left_out };
    if exchanged {
        let currency = Text::from(names.currency_name(posting.weight.currency));
        line.weight = Some(Weight { amount: posting.weight.rounded, currency });
        detail.rate = rate(posting, names);
        lot_tags(posting, names, &mut tags);
    }
    if let Some(source) = source {
        if let Some(flag) = source.flag {
            tags.push("flag", flag.encode_utf8(&mut [0; 4]));
        }
        tags.metadata(&source.meta);
    }
    detail.tags = tags.list;
    line.detail = Some(Box::new(detail));
    line
}

/// The rate that the weight follows: the cost of the lot, else the price.
fn rate(posting: &Booked<'_>, names: &Names<'_>) -> Option<DraftRate> {
    let (rate, quote, date, source) = match (&posting.cost, posting.price) {
        (Some(cost), _) => (cost.number, cost.currency, Some(cost.date), "cost"),
        (None, Some((price, quote))) => (price, quote, None, "price"),
        (None, None) => return None,
    };
    let positive = !rate.is_zero() && !rate.is_sign_negative() && quote != posting.currency;
    positive.then(|| DraftRate { rate, quote: names.currency_name(quote).into(), kind: RateType::Spot, date, source: source.into() })
}

fn lot_tags(posting: &Booked<'_>, names: &Names<'_>, tags: &mut Tags<'_>) {
    let Some(cost) = &posting.cost else { return };
    tags.push("lot_cost", &format!("{} {}", cost.number.normalize(), names.currency_name(cost.currency)));
    tags.push("lot_date", &cost.date.to_string());
    if let Some(label) = cost.label {
        tags.push("lot_label", label);
    }
    if let Some((price, quote)) = posting.price {
        tags.push("price", &format!("{} {}", price.normalize(), names.currency_name(quote)));
    }
}

/// Tags within the limits of the ledger; what has no room is counted.
struct Tags<'l> {
    list: Vec<(Text, Text)>,
    left_out: &'l mut u64,
}

impl Tags<'_> {
    fn push(&mut self, key: &str, value: &str) {
        if self.list.len() >= TAGS_MAX || key.len() > REFERENCE_BYTES_MAX || value.len() > REFERENCE_BYTES_MAX {
            *self.left_out += 1;
        } else {
            self.list.push((key.into(), value.into()));
        }
    }

    fn metadata(&mut self, meta: &[Meta<'_>]) {
        for item in meta {
            if let Some(value) = &item.value {
                self.push(item.key, value);
            }
        }
    }
}
