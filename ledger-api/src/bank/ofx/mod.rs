//! OFX: statements of bank accounts, credit cards and the cash of investment accounts, 1.x and 2.x.
//!
//! The tree comes from [`sgml`] for both; here is what its elements mean. OFX states no opening balance.

mod sgml;

use std::sync::Arc;

use chrono::NaiveDate;
use ledger_core::Text;

use super::{Balance, BankFile, BankFormat, BankLine, Faults, Refused, Statement, Status, values};
use crate::xml::Element;

/// Aggregates that hold one statement, and where each names its account.
const STATEMENTS: [(&str, &str); 3] = [("STMTRS", "BANKACCTFROM"), ("CCSTMTRS", "CCACCTFROM"), ("INVSTMTRS", "INVACCTFROM")];
/// Decimal marks of amounts: the standard allows both, and no grouping.
const MARKS: [char; 2] = ['.', ','];

pub(super) fn read(text: &str, file: &Arc<str>) -> Result<BankFile, Refused> {
    let root = sgml::tree(text, file)?;
    let mut faults = Faults::new(file);
    refused_requests(&root, &mut faults);
    let mut statements: Vec<Statement> = Vec::new();
    for (aggregate, from) in STATEMENTS {
        statements.extend(root.descendants(aggregate).into_iter().map(|element| statement(element, from, &mut faults)));
    }
    statements.sort_by_key(|statement| statement.line);
    faults.end(BankFile { format: BankFormat::Ofx, statements, left_out: Vec::new() })
}

/// A server's answer may be that it has no statement to give.
fn refused_requests(root: &Element, faults: &mut Faults) {
    for status in root.descendants("STATUS") {
        if value(status, "SEVERITY").is_some_and(|severity| severity.eq_ignore_ascii_case("ERROR")) {
            let found = value(status, "MESSAGE").or_else(|| value(status, "CODE"));
            faults.add(status.line, "<STATUS>: the bank's server answered with an error", found, "download the statement again");
        }
    }
}

fn statement(element: &Element, from: &str, faults: &mut Faults) -> Statement {
    let account = element.descendants(from).into_iter().next();
    let id = account.and_then(|account| value(account, "ACCTID"));
    if id.is_none() {
        faults.add(element.line, format!("<{}> has no <{from}><ACCTID>: expected an account", element.name), None, "");
    }
    let currency: Text = value(element, "CURDEF").unwrap_or_default().to_ascii_uppercase().as_str().into();
    if currency.is_empty() {
        faults.add(element.line, format!("<{}> has no <CURDEF>: expected a currency such as EUR", element.name), None, "");
    }
    let kind = account.and_then(|account| value(account, "ACCTTYPE")).unwrap_or_default();
    let mut statement = Statement {
        account: id.unwrap_or_default().into(),
        account_kind: kind.into(),
        line: element.line,
        closing: balance(element, "LEDGERBAL", &currency, faults),
        others: balance(element, "AVAILBAL", &currency, faults).into_iter().collect(),
        ..Statement::default()
    };
    for (name, status) in [("STMTTRN", Status::Booked), ("STMTTRNP", Status::Pending)] {
        let found = element.descendants(name);
        statement.lines.extend(found.into_iter().filter_map(|entry| line(entry, &currency, status, faults)));
    }
    statement.lines.sort_by_key(|line| line.line);
    statement.currency = currency;
    statement
}

fn value<'a>(element: &'a Element, name: &str) -> Option<&'a str> {
    element.text_at(name)
}

fn balance(element: &Element, name: &str, currency: &Text, faults: &mut Faults) -> Option<Balance> {
    let balance = element.descendants(name).into_iter().next()?;
    let amount = amount(balance, "BALAMT", faults)?;
    let date = value(balance, "DTASOF").and_then(|text| day(balance, "DTASOF", text, faults));
    Some(Balance { kind: name.into(), amount, currency: currency.clone(), date, line: balance.line })
}

fn amount(element: &Element, name: &str, faults: &mut Faults) -> Option<rust_decimal::Decimal> {
    let text = value(element, name);
    let amount = text.and_then(|text| values::signed(text, &MARKS));
    if amount.is_none() {
        let line = element.child(name).map_or(element.line, |amount| amount.line);
        let problem = match text {
            Some(_) => format!("<{}><{name}>: expected an amount such as -80.00, with a sign, digits and one decimal mark", element.name),
            None => format!("<{}> has no <{name}>: expected an amount", element.name),
        };
        faults.add(line, problem, text, "mend it, or ask the bank for a correct file");
    }
    amount
}

/// `YYYYMMDD`, then perhaps a time, a fraction and a zone. The day is the one that the bank wrote.
fn day(element: &Element, name: &str, text: &str, faults: &mut Faults) -> Option<NaiveDate> {
    let date = parse_day(text);
    if date.is_none() {
        let line = element.child(name).map_or(element.line, |date| date.line);
        let problem = format!("<{}><{name}>: expected a day of the calendar as YYYYMMDD", element.name);
        faults.add(line, problem, Some(text), "mend it, or ask the bank for a correct file");
    }
    date
}

fn parse_day(text: &str) -> Option<NaiveDate> {
    let (day, rest) = text.split_at_checked(8)?;
    let (rest, zone) = rest.split_once('[').map_or((rest, None), |(rest, zone)| (rest, Some(zone)));
    let (clock, fraction) = rest.trim_end().split_once('.').unwrap_or((rest.trim_end(), ""));
    let plain = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
    let fits = matches!(clock.len(), 0 | 2 | 4 | 6) && plain(clock) && plain(fraction);
    (fits && zone.is_none_or(|zone| zone.ends_with(']'))).then(|| values::compact_date(day)).flatten()
}

fn line(element: &Element, currency: &Text, status: Status, faults: &mut Faults) -> Option<BankLine> {
    let field = if status == Status::Pending { "DTTRAN" } else { "DTPOSTED" };
    let date = match value(element, field) {
        Some(text) => day(element, field, text, faults),
        None => {
            let line = element.child(field).map_or(element.line, |date| date.line);
            let problem = format!("<{}> has no <{field}>: expected a date as YYYYMMDD", element.name);
            faults.add(line, problem, None, "mend it, or ask the bank for a correct file");
            None
        }
    };
    let value_date = value(element, "DTAVAIL").and_then(|text| day(element, "DTAVAIL", text, faults));
    let amount = amount(element, "TRNAMT", faults);
    // <CURRENCY> says what the amount is in; <ORIGCURRENCY> only what it was before the bank changed it.
    let own = element.text_at("CURRENCY/CURSYM").map(|code| Text::from(code.to_ascii_uppercase().as_str()));
    let name = value(element, "NAME").or_else(|| element.text_at("PAYEE/NAME"));
    let to = ["BANKACCTTO/ACCTID", "CCACCTTO/ACCTID"].into_iter().find_map(|path| element.text_at(path));
    let mut texts: Vec<&str> = [value(element, "MEMO"), name].into_iter().flatten().collect();
    if texts.len() == 2 && texts[0].starts_with(texts[1]) {
        texts.pop();
    }
    let cheque =
        value(element, "CHECKNUM").filter(|number| number.bytes().any(|byte| byte != b'0')).map(|number| format!("cheque {number}"));
    texts.extend(cheque.as_deref());
    Some(BankLine {
        line: element.line,
        date: date?,
        value_date,
        amount: amount?,
        currency: own.unwrap_or_else(|| currency.clone()),
        counterparty: name.map(Text::from),
        counterparty_account: to.map(Text::from),
        reference: value(element, "FITID").map(Text::from),
        end_to_end: value(element, "REFNUM").map(Text::from),
        text: texts.join(" ").into(),
        status,
        reversal: value(element, "CORRECTACTION").is_some(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_times_and_zones_of_many_shapes() {
        for (text, wanted) in [
            ("20090523122017", "2009-05-23"),
            ("20051028", "2005-10-28"),
            ("200510291120", "2005-10-29"),
            ("20180608000000.000[-4:EDT]", "2018-06-08"),
            ("20240325000000[-3:GMT]", "2024-03-25"),
            ("20180608 ", "2018-06-08"),
            ("201120000000", ""),
            ("20120231", ""),
            ("2012", ""),
            ("20120201x", ""),
            ("20120201[5", ""),
            ("2012020é", ""),
        ] {
            assert_eq!(parse_day(text), wanted.parse().ok(), "{text}");
        }
    }
}
