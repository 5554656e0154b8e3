//! A SAF-T transaction as a journal entry: date, lines with their party, document, tax and analysis, and the sides that
//! control totals are made of.

use chrono::{Datelike, NaiveDate};
use ledger_core::draft::{DraftDetail, DraftRate};
use ledger_core::limits::{REFERENCE_BYTES_MAX, TAGS_MAX};
use ledger_core::{DraftEntry, DraftLine, RateType, Text, Weight};
use rust_decimal::Decimal;

use super::names::{JOURNAL, PERIOD, SOURCE_DOCUMENT, TAX_AMOUNT, TAX_BASE};
use super::{PartyKind, State, rolls};
use crate::import::source::{SourceEntry, SourceError};
use crate::xml::Element;

/// A transaction that was read.
pub(super) struct Read {
    pub(super) entry: SourceEntry,
    pub(super) lines: Vec<Sides>,
}

/// What a line adds to rolls and totals, in the file's currency.
pub(super) struct Sides {
    pub(super) account: Text,
    pub(super) party: Option<(PartyKind, Text)>,
    pub(super) debit: Decimal,
    pub(super) credit: Decimal,
    pub(super) line: u32,
}

type Flawed = Box<SourceError>;

/// `YYYY-MM-DD`, perhaps with a zone.
pub(super) fn day(text: &str) -> Option<NaiveDate> {
    let plain = text.get(..10).filter(|day| day.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-'))?;
    let zone = &text[10..];
    (zone.is_empty() || zone.starts_with(['Z', '+', '-', 'T'])).then(|| plain.parse().ok()).flatten()
}

pub(super) fn read(state: &mut State<'_>, journal: &Text, element: &Element) -> Result<Read, Flawed> {
    let id = element.text_at("TransactionID");
    let id = id.ok_or_else(|| Box::new(state.flaw(element.line, "<Transaction> has no <TransactionID>", None)))?;
    let text = element.text_at("TransactionDate");
    let date = text.and_then(day).ok_or_else(|| {
        let problem = format!("transaction {id}: <TransactionDate>: expected a day of the calendar as YYYY-MM-DD");
        Box::new(state.flaw(element.line, problem, text))
    })?;
    let mut lines = Vec::new();
    let mut sides = Vec::new();
    for line in element.all("Line") {
        let (draft, side) = read_line(state, id, line)?;
        lines.push(draft);
        sides.push(side);
    }
    let line_places = sides.iter().map(|side| side.line).collect();
    let mut draft = DraftEntry::new(date, element.text_at("Description").unwrap_or_default(), lines);
    let year = element.text_at("PeriodYear").map_or_else(|| date.year().to_string(), str::to_owned);
    draft.external_id = Some(format!("saft:{year}:{journal}:{id}").as_str().into());
    let mut tags = Tags { list: Vec::new(), left_out: 0 };
    tags.push(JOURNAL, journal);
    if let Some(period) = other_period(element, date) {
        tags.push(PERIOD, &period);
        state.count("transactions dated outside of their period (it is kept as a tag)");
    }
    draft.tags = tags.list;
    let entry = SourceEntry { draft, place: state.place(element.line), line_places, text: None };
    Ok(Read { entry, lines: sides })
}

/// The accounting period, where it is not the month of the date.
fn other_period(element: &Element, date: NaiveDate) -> Option<String> {
    let (year, period) = element.text_at("PeriodYear").zip(element.text_at("Period"))?;
    let same = year.parse() == Ok(date.year()) && period.parse() == Ok(date.month());
    (!same).then(|| format!("{year}-{period}"))
}

/// A line's amount: in the file's currency, and in another where it was made in one.
struct Amount {
    own: Decimal,
    foreign: Option<(Decimal, Text)>,
    rate: Option<Decimal>,
}

fn read_line(state: &mut State<'_>, id: &str, element: &Element) -> Result<(DraftLine, Sides), Flawed> {
    let flaw = |state: &State<'_>, line: u32, problem: &str, found: Option<&str>| {
        Box::new(state.flaw(line, format!("transaction {id}: {problem}"), found))
    };
    let account = element.text_at("AccountID").ok_or_else(|| flaw(state, element.line, "<Line> has no <AccountID>", None))?;
    let side = |name: &str| element.child(name).map(|side| (side, amount(side)));
    let (found, is_credit) = match (side("DebitAmount"), side("CreditAmount")) {
        (Some(found), None) => (found, false),
        (None, Some(found)) => (found, true),
        _ => return Err(flaw(state, element.line, "<Line>: expected either <DebitAmount> or <CreditAmount>", None)),
    };
    let Some(amount) = found.1 else {
        return Err(flaw(
            state,
            found.0.line,
            &format!("<{}>: expected <Amount> such as 1250.00", found.0.name),
            found.0.text_at("Amount"),
        ));
    };
    let (debit, credit) = if is_credit { (Decimal::ZERO, amount.own) } else { (amount.own, Decimal::ZERO) };
    let party = [PartyKind::Customer, PartyKind::Supplier]
        .into_iter()
        .find_map(|kind| element.text_at(kind.id_element()).map(|id| (kind, Text::from(id))));
    let mut line = valued(state, account, &amount, if is_credit { -Decimal::ONE } else { Decimal::ONE });
    let (detail, left_out) = detail(state, element, party.as_ref(), line.detail.take());
    line.detail = detail.map(Box::new);
    for _ in 0..left_out {
        state.count("tags left out because they are too long or too many");
    }
    Ok((line, Sides { account: account.into(), party, debit, credit, line: element.line }))
}

fn amount(side: &Element) -> Option<Amount> {
    let own = rolls::amount(side.text_at("Amount")?)?;
    let currency = side.text_at("CurrencyCode").map(Text::from);
    let foreign = match (side.text_at("CurrencyAmount"), currency) {
        (Some(text), Some(currency)) => Some((rolls::number(text)?, currency)),
        _ => None,
    };
    let rate = side.text_at("ExchangeRate").and_then(rolls::number).filter(|rate| *rate > Decimal::ZERO);
    Some(Amount { own, foreign, rate })
}

/// The line in the currency it was made in; what it is worth in the file's currency beside it.
fn valued(state: &State<'_>, account: &str, amount: &Amount, sign: Decimal) -> DraftLine {
    let own = amount.own * sign;
    let Some((foreign, currency)) = amount.foreign.as_ref().filter(|(_, currency)| *currency != state.currency) else {
        return DraftLine::new(account, own, &state.currency);
    };
    // Programs write the foreign amount with or without the sign of the other.
    let foreign = if foreign.is_sign_negative() == own.is_sign_negative() { *foreign } else { -*foreign };
    let mut line = DraftLine::new(account, foreign, currency);
    if state.options.functional_currency.as_ref().is_none_or(|functional| *functional == state.currency) {
        line.functional = Some(own);
    } else {
        line.weight = Some(Weight { amount: own, currency: state.currency.clone() });
    }
    if let Some(rate) = amount.rate {
        let rate = DraftRate { rate, quote: state.currency.clone(), kind: RateType::Spot, date: None, source: "saf-t".into() };
        line.detail = Some(Box::new(DraftDetail { rate: Some(rate), ..DraftDetail::default() }));
    }
    line
}

/// Everything beside account and amount, and how many tags had no room. `None` where there is nothing.
fn detail(
    state: &State<'_>,
    element: &Element,
    party: Option<&(PartyKind, Text)>,
    begun: Option<Box<DraftDetail>>,
) -> (Option<DraftDetail>, u64) {
    let mut detail = begun.map(|detail| *detail).unwrap_or_default();
    let mut tags = Tags { list: Vec::new(), left_out: 0 };
    detail.party = party.map(|(kind, id)| state.rolls.party_code(*kind, id));
    let source = element.text_at("SourceDocumentID");
    let document = element.text_at("ReferenceNumber").or_else(|| element.text_at("InvoiceNo")).or(source);
    detail.document = document.map(Text::from);
    if let Some(source) = source.filter(|source| Some(*source) != document) {
        tags.push(SOURCE_DOCUMENT, source);
    }
    detail.due_date = element.text_at("DueDate").and_then(day);
    for (index, tax) in element.all("TaxInformation").enumerate() {
        let Some(code) = tax.text_at("TaxCode") else { continue };
        if index == 0 {
            detail.tax_code = Some(code.into());
        } else {
            tags.push("tax_code", code);
        }
        tags.push_some(TAX_BASE, tax.text_at("TaxBase"));
        let computed = ["TaxAmount/Amount", "DebitTaxAmount/Amount", "CreditTaxAmount/Amount"];
        tags.push_some(TAX_AMOUNT, computed.into_iter().find_map(|path| tax.text_at(path)));
    }
    for analysis in element.all("Analysis") {
        if let (Some(kind), Some(id)) = (analysis.text_at("AnalysisType"), analysis.text_at("AnalysisID")) {
            let amounts = ["AnalysisAmount/Amount", "DebitAnalysisAmount/Amount", "CreditAnalysisAmount/Amount"];
            match amounts.into_iter().find_map(|path| analysis.text_at(path)) {
                Some(amount) => tags.push(kind, &format!("{id}={amount}")),
                None => tags.push(kind, id),
            }
        }
    }
    detail.memo = element.text_at("Description").map(Text::from);
    detail.tags = tags.list;
    let left_out = tags.left_out;
    ((detail != DraftDetail::default()).then_some(detail), left_out)
}

/// Tags within the limits of the ledger; what has no room is counted.
struct Tags {
    list: Vec<(Text, Text)>,
    left_out: u64,
}

impl Tags {
    fn push(&mut self, key: &str, value: &str) {
        if self.list.len() >= TAGS_MAX || key.len() > REFERENCE_BYTES_MAX || value.len() > REFERENCE_BYTES_MAX {
            self.left_out += 1;
        } else if !value.is_empty() {
            self.list.push((key.into(), value.into()));
        }
    }

    fn push_some(&mut self, key: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.push(key, value);
        }
    }
}
