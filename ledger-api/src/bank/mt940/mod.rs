//! MT940: SWIFT customer statements, one message per statement, with or without the SWIFT envelope.
//!
//! [`fields`] cuts the file into messages and tagged fields, here is what the fields mean, [`details`] reads the
//! free part (`:86:`) in which banks write who paid and what for.

mod details;
mod fields;

use std::sync::Arc;

use chrono::{Datelike, NaiveDate};
use ledger_core::Text;

use super::{Balance, BankFile, BankFormat, BankLine, Faults, Refused, Statement, Status, fault, values};
use fields::{Field, Message};

/// Decimal marks: SWIFT has the comma; some banks write a point.
const MARKS: [char; 2] = [',', '.'];
const MEND: &str = "mend it, or ask the bank for a correct file";

pub(super) fn read(text: &str, file: &Arc<str>) -> Result<BankFile, Refused> {
    let mut faults = Faults::new(file);
    let (messages, strays) = fields::messages(text);
    let statements = messages.iter().filter_map(|message| statement(message, &mut faults)).collect();
    let left_out = strays.iter().filter(|field| field.tag == "61").map(|field| {
        let mut error = fault(file, field.line, "a statement line (:61:) that stands in no statement");
        error.found = Some(field.first().to_owned());
        error
    });
    let left_out = left_out.collect();
    faults.end(BankFile { format: BankFormat::Mt940, statements, left_out })
}

fn statement(message: &Message<'_>, faults: &mut Faults) -> Option<Statement> {
    let mut statement = Statement { line: message.line, ..Statement::default() };
    let mut closed = false;
    for field in &message.fields {
        match field.tag {
            "25" | "25P" => statement.account = field.first().trim().into(),
            "28" | "28C" => statement.id = field.first().trim().into(),
            "60F" | "60M" => {
                statement.opening = balance(field, faults);
                statement.currency = statement.opening.as_ref().map(|balance| balance.currency.clone()).unwrap_or_default();
            }
            "61" => {
                let line = line(field, &statement.currency, &mut statement.notes, faults);
                statement.lines.extend(line);
            }
            "62F" | "62M" => {
                statement.closing = balance(field, faults);
                closed = true;
            }
            "64" | "65" => statement.others.extend(balance(field, faults)),
            "86" if closed || statement.lines.is_empty() => statement.information = details::plain(&field.lines),
            "86" => {
                if let Some(line) = statement.lines.last_mut() {
                    details::describe(&field.lines, line);
                }
            }
            _ => {}
        }
    }
    complete(message, &statement, faults);
    Some(statement)
}

/// What every message must have.
fn complete(message: &Message<'_>, statement: &Statement, faults: &mut Faults) {
    let has = |tags: &[&str]| message.fields.iter().any(|field| tags.contains(&field.tag));
    if statement.account.is_empty() {
        faults.add(message.line, "the statement has no account: expected :25:", None, MEND);
    }
    if !has(&["60F", "60M"]) {
        faults.add(message.line, "the statement has no opening balance: expected :60F: or :60M:", None, MEND);
    }
    if !has(&["62F", "62M"]) {
        faults.add(message.line, "the statement has no closing balance: expected :62F: or :62M:; perhaps the file is cut off", None, MEND);
    }
}

/// `C110522EUR3236,28`: side, day, currency, amount.
fn balance(field: &Field<'_>, faults: &mut Faults) -> Option<Balance> {
    let text = field.first().trim();
    let parsed = (|| {
        let (side, rest) = text.split_at_checked(1)?;
        let (day, rest) = rest.split_at_checked(6)?;
        let (currency, amount) = rest.split_at_checked(3)?;
        let amount = values::unsigned(amount, &MARKS)?;
        let amount = match side {
            "C" => amount,
            "D" => -amount,
            _ => return None,
        };
        let letters = currency.bytes().all(|byte| byte.is_ascii_uppercase());
        letters.then_some((amount, short_day(day).and_then(|(year, month, day)| NaiveDate::from_ymd_opt(year, month, day)), currency))
    })();
    let Some((amount, date, currency)) = parsed else {
        let problem = format!(":{}: expected a balance such as C110522EUR3236,28", field.tag);
        faults.add(field.line, problem, Some(text), MEND);
        return None;
    };
    if date.is_none() {
        faults.add(field.line, format!(":{}: expected a day of the calendar as YYMMDD", field.tag), Some(text), MEND);
    }
    Some(Balance { kind: field.tag.into(), amount, currency: currency.into(), date, line: field.line })
}

/// Year, month and day of `YYMMDD`. SWIFT's window: 80 to 99 are of the last century.
fn short_day(text: &str) -> Option<(i32, u32, u32)> {
    if text.len() != 6 || !text.is_ascii() {
        return None;
    }
    let year = i32::try_from(values::digits(&text[..2])?).ok()?;
    Some((if year >= 80 { 1900 + year } else { 2000 + year }, values::digits(&text[2..4])?, values::digits(&text[4..])?))
}

/// The parts of a statement line's first row.
struct Parts<'t> {
    value: &'t str,
    entry: Option<&'t str>,
    mark: &'t str,
    amount: &'t str,
    references: &'t str,
}

impl<'t> Parts<'t> {
    /// `YYMMDD[MMDD](C|D|RC|RD|EC|ED)[funds]amount,type[reference][//bank's reference]`.
    fn of(text: &'t str) -> Option<Self> {
        let (value, rest) = text.split_at_checked(6)?;
        let (entry, rest) = match rest.split_at_checked(4) {
            Some((day, after)) if values::digits(day).is_some() => (Some(day), after),
            _ => (None, rest),
        };
        let mark = ["RC", "RD", "EC", "ED", "C", "D"].into_iter().find(|mark| rest.starts_with(mark))?;
        let (mark, rest) = rest.split_at(mark.len());
        let rest = rest.strip_prefix(|c: char| c.is_ascii_uppercase()).unwrap_or(rest);
        let end = rest.find(|c: char| !c.is_ascii_digit() && !MARKS.contains(&c)).unwrap_or(rest.len());
        let (amount, rest) = rest.split_at(end);
        let (kind, references) = rest.split_at_checked(4)?;
        let typed = kind.bytes().enumerate().all(|(index, byte)| byte.is_ascii_uppercase() || index > 0 && byte.is_ascii_digit());
        typed.then_some(Self { value, entry, mark, amount, references })
    }
}

fn line(field: &Field<'_>, currency: &Text, notes: &mut Vec<crate::import::source::SourceError>, faults: &mut Faults) -> Option<BankLine> {
    let text = field.first().trim();
    let Some(parts) = Parts::of(text) else {
        let expected = ":61: expected day, side, amount and type such as 1105240524D9,50NTRFNONREF";
        faults.add(field.line, expected, Some(text), MEND);
        return None;
    };
    let size = values::unsigned(parts.amount, &MARKS);
    if size.is_none() {
        faults.add(field.line, ":61: expected an amount such as 9,50", Some(parts.amount), MEND);
    }
    let value_date = value_day(&parts, field, notes, faults);
    let entry = parts.entry.map(|entry| value_date.and_then(|value| entry_day(entry, value)));
    if let (Some(None), Some(_)) = (entry, value_date) {
        faults.add(field.line, ":61: expected a booking day of the calendar as MMDD", parts.entry, MEND);
    }
    let (size, value_date, entry) = (size?, value_date?, entry.unwrap_or(value_date)?);
    let credit = matches!(parts.mark, "C" | "RD" | "EC");
    let mut line = BankLine {
        line: field.line,
        date: entry,
        value_date: Some(value_date),
        amount: if credit { size } else { -size },
        currency: currency.clone(),
        status: if parts.mark.starts_with('E') { Status::Pending } else { Status::Booked },
        reversal: parts.mark.starts_with('R'),
        ..BankLine::default()
    };
    referenced(&mut line, parts.references, &field.lines[1..]);
    Some(line)
}

/// The value date. Banks that reckon months of 30 days write 29 and 30 February: the month's last day is meant.
fn value_day(
    parts: &Parts<'_>,
    field: &Field<'_>,
    notes: &mut Vec<crate::import::source::SourceError>,
    faults: &mut Faults,
) -> Option<NaiveDate> {
    let stated = short_day(parts.value);
    if let Some(date) = stated.and_then(|(year, month, day)| NaiveDate::from_ymd_opt(year, month, day)) {
        return Some(date);
    }
    if let Some((year, 2, 29 | 30)) = stated {
        let last = NaiveDate::from_ymd_opt(year, 3, 1).and_then(|march| march.pred_opt());
        if let Some(last) = last {
            let mut note = fault(&faults.file, field.line, format!("a value date in a month of 30 days, read as {last}"));
            note.found = Some(parts.value.to_owned());
            notes.push(note);
        }
        return last;
    }
    faults.add(field.line, ":61: expected a value date of the calendar as YYMMDD", Some(parts.value), MEND);
    None
}

/// `MMDD` in the year that brings it nearest to the value date.
fn entry_day(text: &str, value: NaiveDate) -> Option<NaiveDate> {
    let (month, day) = (values::digits(text.get(..2)?)?, values::digits(text.get(2..)?)?);
    let years = [value.year(), value.year() - 1, value.year() + 1];
    let days = years.into_iter().filter_map(|year| NaiveDate::from_ymd_opt(year, month, day));
    days.min_by_key(|day| (*day - value).num_days().abs())
}

/// The owner's reference, the bank's after `//`, and a row of further text.
fn referenced(line: &mut BankLine, references: &str, further: &[&str]) {
    let (own, bank) = references.split_once("//").unwrap_or((references, ""));
    let meant = |text: &str| {
        let text = text.trim();
        (!text.is_empty() && !matches!(text, "NONREF" | "KREF+" | "EREF+" | "NOTPROVIDED")).then(|| Text::from(text))
    };
    line.end_to_end = meant(own);
    line.reference = meant(bank).or_else(|| meant(own));
    line.text = details::plain(further);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_booking_day_is_near_its_value_date() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        for (entry, value, wanted) in [
            ("0524", "2011-05-24", Some("2011-05-24")),
            ("0102", "2010-12-31", Some("2011-01-02")),
            ("1231", "2011-01-02", Some("2010-12-31")),
            ("0229", "2015-12-31", Some("2016-02-29")),
            ("0230", "2016-02-29", None),
            ("1331", "2016-02-29", None),
        ] {
            assert_eq!(entry_day(entry, day(value)), wanted.map(day), "{entry} {value}");
        }
    }

    #[test]
    fn years_have_a_window() {
        let years: Vec<_> = ["800101", "990101", "000101", "790101"].iter().map(|day| short_day(day).unwrap().0).collect();
        assert_eq!(years, [1980, 1999, 2000, 2079]);
    }
}
