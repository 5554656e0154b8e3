//! camt.053 (ISO 20022): one XML document with statements, their balances and entries. Versions 2 to 13 are read
//! with the same names; what changed between them (a status as a choice, a party inside a party) is looked for in
//! both places.

use std::sync::Arc;

use chrono::NaiveDate;
use ledger_core::Text;
use rust_decimal::Decimal;

use super::{Balance, BankFile, BankFormat, BankLine, FILE_BYTES_MAX, Faults, Refused, Statement, Status, values};
use crate::xml::{Element, Node, Xml};

/// What every namespace of the message begins with.
const NAMESPACE: &str = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.";

pub(super) fn read(text: &str, file: Arc<str>) -> Result<BankFile, Refused> {
    let mut xml = Xml::new(text.as_bytes(), file.clone(), 2 * FILE_BYTES_MAX).decoded();
    let mut faults = Faults::new(&file);
    let mut statements = Vec::new();
    let Node::Open(root) = xml.step()? else { return Err(xml.error(1, "expected a camt.053 document").into()) };
    is_statement(&root, &mut faults);
    loop {
        match xml.step()? {
            Node::Open(element) if element.name == "BkToCstmrStmt" => {}
            Node::Open(element) if element.name == "Stmt" => statements.push(statement(&mut xml, &element, &mut faults)?),
            Node::Open(_) => xml.skip()?,
            Node::Close(..) => {}
            Node::End => break,
        }
    }
    faults.end(BankFile { format: BankFormat::Camt053, statements, left_out: Vec::new() })
}

fn is_statement(root: &Element, faults: &mut Faults) {
    let spaces = root.attributes.iter().filter(|(name, _)| name == "xmlns" || name.starts_with("xmlns:"));
    let known = spaces.clone().any(|(_, space)| space.starts_with(NAMESPACE));
    if root.name != "Document" || !known {
        let found = spaces.map(|(_, space)| space.as_str()).find(|space| space.contains("20022")).unwrap_or(&root.name);
        faults.add(root.line, format!("expected a <Document> of {NAMESPACE}02 to 13"), Some(found), "ask the bank for camt.053");
    }
}

/// One `<Stmt>`: entries are taken one by one, so only what is kept stays in memory.
fn statement(xml: &mut Xml<&[u8]>, open: &Element, faults: &mut Faults) -> Result<Statement, Refused> {
    let mut statement = Statement { line: open.line, ..Statement::default() };
    let mut balances = Vec::new();
    while let Node::Open(element) = xml.step()? {
        let element = xml.tree(element)?;
        match element.name.as_str() {
            "Id" => statement.id = element.text,
            "Acct" => account(&element, &mut statement),
            "Bal" => balances.extend(balance(&element, faults)),
            "AddtlStmtInf" => statement.information = element.text,
            "Ntry" => statement.lines.extend(entry(&element, faults)),
            _ => {}
        }
    }
    choose(&mut statement, balances);
    if statement.account.is_empty() {
        faults.add(open.line, "the statement names no account: expected <Acct><Id> with <IBAN> or <Othr><Id>", None, "");
    }
    Ok(statement)
}

fn account(element: &Element, statement: &mut Statement) {
    let id = element.text_at("Id/IBAN").or_else(|| element.text_at("Id/Othr/Id"));
    statement.account = id.unwrap_or_default().into();
    statement.currency = element.text_at("Ccy").unwrap_or_default().into();
    statement.account_kind = element.text_at("Tp/Cd").or_else(|| element.text_at("Tp/Prtry")).unwrap_or_default().into();
}

/// Which balances the lines stand between: booked ones; of a page in between, the first and the last interim one.
fn choose(statement: &mut Statement, mut balances: Vec<Balance>) {
    let find =
        |kinds: &[&str], balances: &[Balance]| kinds.iter().find_map(|kind| balances.iter().position(|balance| balance.kind == *kind));
    if let Some(at) = find(&["OPBD", "PRCD", "ITBD"], &balances) {
        statement.opening = Some(balances.remove(at));
    }
    let closing = find(&["CLBD"], &balances).or_else(|| balances.iter().rposition(|balance| balance.kind == "ITBD"));
    if let Some(at) = closing {
        statement.closing = Some(balances.remove(at));
    }
    statement.others = balances;
    if statement.currency.is_empty() {
        let stated = statement.opening.as_ref().or(statement.closing.as_ref()).map(|balance| balance.currency.clone());
        statement.currency = stated.or_else(|| statement.lines.first().map(|line| line.currency.clone())).unwrap_or_default();
    }
}

fn balance(element: &Element, faults: &mut Faults) -> Option<Balance> {
    let kind = element.text_at("Tp/CdOrPrtry/Cd").or_else(|| element.text_at("Tp/CdOrPrtry/Prtry"));
    let kind = required(element, "Tp/CdOrPrtry/Cd", kind, "a balance type such as OPBD", faults)?;
    let (amount, currency) = amount(element, faults)?;
    let date = date(element, "Dt", faults);
    Some(Balance { kind: kind.into(), amount, currency, date: date.flatten(), line: element.line })
}

/// `<Amt Ccy>` with the sign of `<CdtDbtInd>`.
fn amount(element: &Element, faults: &mut Faults) -> Option<(Decimal, Text)> {
    let text = required(element, "Amt", element.text_at("Amt"), "an amount", faults);
    let line = element.child("Amt").map_or(element.line, |amount| amount.line);
    let size = text.and_then(|text| {
        let size = values::unsigned(text, &['.']);
        if size.is_none() {
            faults.add(line, format!("<{}><Amt>: expected an amount without sign such as 8.85", element.name), Some(text), "");
        }
        size
    });
    let currency = element.child("Amt").and_then(|amount| amount.attribute("Ccy")).filter(|code| !code.is_empty());
    if currency.is_none() && text.is_some() {
        faults.add(line, format!("<{}><Amt> has no Ccy: expected a currency such as EUR", element.name), None, "");
    }
    let indicator = required(element, "CdtDbtInd", element.text_at("CdtDbtInd"), "CRDT or DBIT", faults)?;
    let sign = match indicator {
        "CRDT" => Decimal::ONE,
        "DBIT" => -Decimal::ONE,
        other => {
            faults.add(element.line, format!("<{}><CdtDbtInd>: expected CRDT or DBIT", element.name), Some(other), "");
            return None;
        }
    };
    Some((size? * sign, currency?.into()))
}

fn required<'a>(element: &Element, path: &str, value: Option<&'a str>, expected: &str, faults: &mut Faults) -> Option<&'a str> {
    if value.is_none() {
        faults.add(element.line, format!("<{}> has no <{}>: expected {expected}", element.name, path.replace('/', "><")), None, "");
    }
    value
}

/// The day of a `<Dt>` or `<DtTm>` inside `name`: outer `None` when it is broken (told), inner when there is none.
fn date(element: &Element, name: &str, faults: &mut Faults) -> Option<Option<NaiveDate>> {
    let Some(choice) = element.child(name) else { return Some(None) };
    let Some(text) = choice.text_at("Dt").or_else(|| choice.text_at("DtTm")).or(Some(choice.text.as_str()).filter(|text| !text.is_empty()))
    else {
        return Some(None);
    };
    let day = values::iso_date(text);
    if day.is_none() {
        faults.add(choice.line, format!("<{}><{name}>: expected a day of the calendar as YYYY-MM-DD", element.name), Some(text), "");
    }
    day.map(Some)
}

fn entry(element: &Element, faults: &mut Faults) -> Option<BankLine> {
    let amount = amount(element, faults);
    let status = status(element, faults);
    let (booked, valued) = (date(element, "BookgDt", faults), date(element, "ValDt", faults));
    let (booked, value_date) = (booked?, valued?);
    let Some(date) = booked.or(value_date) else {
        faults.add(element.line, "<Ntry> has neither <BookgDt> nor <ValDt>: expected a date", None, "");
        return None;
    };
    let (amount, currency) = amount?;
    let reversal = matches!(element.text_at("RvslInd"), Some("true" | "1"));
    let reference = element.text_at("AcctSvcrRef").or_else(|| element.text_at("NtryRef")).map(Text::from);
    let line =
        BankLine { line: element.line, date, value_date, amount, currency, reference, status: status?, reversal, ..BankLine::default() };
    Some(detailed(element, line))
}

fn status(element: &Element, faults: &mut Faults) -> Option<Status> {
    match element.text_at("Sts/Cd").or_else(|| element.text_at("Sts")) {
        Some("BOOK") => Some(Status::Booked),
        Some("PDNG" | "FUTR") => Some(Status::Pending),
        Some("INFO") => Some(Status::Information),
        other => {
            faults.add(element.line, "<Ntry><Sts>: expected BOOK, PDNG, FUTR or INFO", Some(other.unwrap_or_default()), "");
            None
        }
    }
}

/// Who and what for: of a single payment its own, of a batch what all of them say.
fn detailed(element: &Element, mut line: BankLine) -> BankLine {
    let details: Vec<&Element> = element.all("NtryDtls").flat_map(|details| details.all("TxDtls")).collect();
    // The roles are those of the payment that a reversal takes back.
    let debtor = line.amount.is_sign_positive() != line.reversal;
    if let [only] = details[..] {
        let end_to_end = only.text_at("Refs/EndToEndId").filter(|id| *id != "NOTPROVIDED");
        line.end_to_end = end_to_end.map(Text::from);
        line.counterparty = party(only, debtor);
        let account = if debtor { "RltdPties/DbtrAcct/Id" } else { "RltdPties/CdtrAcct/Id" };
        let account = only.at(account).and_then(|id| id.text_at("IBAN").or_else(|| id.text_at("Othr/Id")));
        line.counterparty_account = account.map(Text::from);
        line.reference = line.reference.or_else(|| only.text_at("Refs/AcctSvcrRef").map(Text::from));
    }
    let mut texts: Vec<&str> = Vec::new();
    for detail in &details {
        if details.len() > 1 {
            texts.extend(detail.text_at("Refs/EndToEndId").filter(|id| *id != "NOTPROVIDED"));
        }
        for remittance in detail.all("RmtInf") {
            texts.extend(remittance.all("Ustrd").map(|text| text.text.as_str()));
            texts.extend(remittance.all("Strd").flat_map(structured));
        }
        texts.extend(detail.text_at("AddtlTxInf"));
    }
    texts.extend(element.text_at("AddtlNtryInf"));
    texts.retain(|text| !text.is_empty());
    line.text = texts.join(" ").into();
    line
}

fn party(detail: &Element, debtor: bool) -> Option<Text> {
    let party = detail.at(if debtor { "RltdPties/Dbtr" } else { "RltdPties/Cdtr" })?;
    party.text_at("Nm").or_else(|| party.text_at("Pty/Nm")).map(Text::from)
}

/// The creditor's reference and the numbers of the documents that are paid.
fn structured(remittance: &Element) -> Vec<&str> {
    let documents = remittance.all("RfrdDocInf").filter_map(|document| document.text_at("Nb"));
    let extra = remittance.all("AddtlRmtInf").map(|text| text.text.as_str());
    remittance.text_at("CdtrRefInf/Ref").into_iter().chain(documents).chain(extra).collect()
}
