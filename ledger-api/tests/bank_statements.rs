//! Bank statements of every format, small ones written here and the shared examples with their answers.
//!
//! The examples are other people's and not part of this project; without them the tests say that they are skipped.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use ledger_api::bank::{BankFile, BankFormat, Refused, Statement, Status, Verdict, read};
use rust_decimal::Decimal;

fn shared_data() -> Option<PathBuf> {
    let given = std::env::var_os("LEDGER_SHARED_DATA").map(PathBuf::from);
    let data = given.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data")).join("bank");
    if data.is_dir() {
        return Some(data);
    }
    println!("skipped: no shared data in {} (set LEDGER_SHARED_DATA)", data.display());
    None
}

/// An answer file's rows by the file they speak of, each row by its header.
fn answers(path: &Path) -> BTreeMap<String, Vec<BTreeMap<String, String>>> {
    let mut reader = csv::Reader::from_path(path).unwrap();
    let header = reader.headers().unwrap().clone();
    let mut files: BTreeMap<String, Vec<BTreeMap<String, String>>> = BTreeMap::new();
    for row in reader.records() {
        let row = row.unwrap();
        let row: BTreeMap<String, String> = header.iter().map(str::to_owned).zip(row.iter().map(str::to_owned)).collect();
        files.entry(row["file"].clone()).or_default().push(row);
    }
    files
}

fn file(path: &Path) -> Result<BankFile, Refused> {
    read(&std::fs::read(path).unwrap(), &path.file_name().unwrap().to_string_lossy(), None)
}

/// Every file of a folder has an answer, and every answer a file.
fn assert_all_answered(folder: &Path, answers: &BTreeMap<String, Vec<BTreeMap<String, String>>>) {
    let mut files: Vec<String> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    files.sort();
    assert_eq!(files, answers.keys().cloned().collect::<Vec<_>>());
}

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

/// The same number; written with the same digits where `exact`.
fn assert_amount(found: Decimal, wanted: &str, what: &str) {
    assert_eq!(found, decimal(wanted), "{what}");
}

#[test]
fn camt_examples_agree_with_their_answers() {
    let Some(data) = shared_data() else { return };
    let answers = answers(&data.join("camt053-oracle.csv"));
    assert_all_answered(&data.join("camt053"), &answers);
    for (name, rows) in &answers {
        let read = file(&data.join("camt053").join(name)).unwrap();
        assert_eq!((read.format, read.statements.len()), (BankFormat::Camt053, rows.len()), "{name}");
        for (statement, row) in read.statements.iter().zip(rows) {
            let found = statement.reconcile();
            let (opening, closing) = (statement.opening.as_ref().unwrap(), statement.closing.as_ref().unwrap());
            assert_eq!(statement.id, row["statement"], "{name}");
            assert_eq!((statement.account.as_str(), statement.currency.as_str()), (row["account"].as_str(), row["currency"].as_str()));
            assert_eq!((opening.amount.to_string(), opening.kind.as_str()), (row["opening"].clone(), row["opening_type"].as_str()));
            assert_eq!((closing.amount.to_string(), closing.kind.as_str()), (row["closing"].clone(), row["closing_type"].as_str()));
            assert_eq!(statement.lines.len().to_string(), row["entries"], "{name}");
            assert_eq!(found.booked.to_string(), row["sum_booked_entries"], "{name}: every digit is kept");
            assert_eq!(found.all.to_string(), row["sum_all_entries"], "{name}");
            assert_eq!(found.computed.unwrap().to_string(), row["opening_plus_booked"], "{name}");
            assert_eq!(found.verdict == Verdict::Reconciles, row["matches_closing"] == "True", "{name}: {:?}", found.verdict);
        }
    }
    let v4 = file(&data.join("camt053/genkgo_camt053.v4.xml")).unwrap();
    assert_eq!(v4.statements[0].reconcile().verdict, Verdict::Currencies(vec!["EUR".into(), "SEK".into()]));
    println!("camt.053: {} files agree", answers.len());
}

#[test]
fn mt940_examples_agree_with_their_answers() {
    let Some(data) = shared_data() else { return };
    let answers = answers(&data.join("mt940-statement-oracle.csv"));
    assert_all_answered(&data.join("mt940"), &answers);
    let mut statements = 0;
    for (name, rows) in &answers {
        let read = file(&data.join("mt940").join(name)).unwrap();
        assert_eq!((read.format, read.statements.len()), (BankFormat::Mt940, rows.len()), "{name}");
        for (statement, row) in read.statements.iter().zip(rows) {
            let what = format!("{name} statement {}", row["statement_no"]);
            let found = statement.reconcile();
            assert_eq!((statement.account.as_str(), statement.currency.as_str()), (row["account"].as_str(), row["currency"].as_str()));
            assert_amount(statement.opening.as_ref().unwrap().amount, &row["opening"], &what);
            assert_amount(statement.closing.as_ref().unwrap().amount, &row["closing"], &what);
            assert_eq!(statement.lines.len().to_string(), row["lines"], "{what}");
            assert_amount(found.booked, &row["sum_lines"], &what);
            assert_amount(found.computed.unwrap(), &row["opening_plus_sum"], &what);
            assert_eq!(found.verdict == Verdict::Reconciles, row["reconciles"] == "True", "{what}: {:?}", found.verdict);
            statements += 1;
        }
        let left_out: Vec<u32> = read.left_out.iter().map(|error| error.place.line).collect();
        assert_eq!(left_out, if name.contains("multiline") { vec![38] } else { vec![] }, "{name}: a line after the end is told");
    }
    let february = file(&data.join("mt940/self-provided_february_30.sta")).unwrap();
    let line = &february.statements[0].lines[0];
    assert_eq!((line.value_date, line.date), ("2016-02-29".parse().ok(), "2016-03-01".parse().unwrap()));
    assert!(february.statements[0].notes[0].to_string().contains("month of 30 days"), "{:?}", february.statements[0].notes);
    println!("MT940: {} files, {statements} statements agree", answers.len());
}

#[test]
fn ofx_examples_agree_with_their_answers() {
    let Some(data) = shared_data() else { return };
    let answers = answers(&data.join("ofx-oracle.csv"));
    assert_all_answered(&data.join("ofx"), &answers);
    for (name, rows) in &answers {
        let read = file(&data.join("ofx").join(name));
        let row = &rows[0];
        if !row["error"].is_empty() {
            let said = read.unwrap_err().to_string();
            let (expected, lines) = if row["error"].contains("Date") {
                ("has no <DTPOSTED>: expected a date", &[33, 42, 50][..])
            } else {
                ("<STMTTRN><TRNAMT>: expected an amount such as -80.00, with a sign, digits and one decimal mark, found `$120`", &[37][..])
            };
            assert!(said.contains(expected), "{name}: {said}");
            for line in lines {
                assert!(said.contains(&format!("{name}:{line}: ")), "{name}: line {line} of\n{said}");
            }
            println!("{said}");
            continue;
        }
        let read = read.unwrap();
        assert_eq!((read.format, read.statements.len(), rows.len()), (BankFormat::Ofx, 1, 1), "{name}");
        let statement = &read.statements[0];
        assert_eq!(
            (statement.account.as_str(), statement.account_kind.as_str()),
            (row["account"].as_str(), row["type"].as_str()),
            "{name}"
        );
        assert_eq!(statement.currency.to_lowercase(), row["currency"], "{name}");
        assert_eq!(statement.lines.len().to_string(), row["transactions"], "{name}");
        assert_eq!(statement.reconcile().booked.to_string(), row["sum"], "{name}");
        assert_eq!(statement.reconcile().verdict, Verdict::NotStated, "{name}: OFX has no opening balance");
        let closing = statement.closing.as_ref();
        assert_eq!(closing.map(|balance| balance.amount.to_string()).unwrap_or_default(), row["ledger_balance"], "{name}");
        let day = closing.and_then(|balance| balance.date).map(|date| date.to_string()).unwrap_or_default();
        assert_eq!(day, row["balance_date"].chars().take(10).collect::<String>(), "{name}");
    }
    println!("OFX: {} files agree", answers.len());
}

/// A camt.053 statement around balances and entries.
fn camt(version: &str, inside: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?>\n<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version}\"><BkToCstmrStmt><Stmt>\n\
         <Id>S1</Id><Acct><Id><IBAN>DE02100100109307118603</IBAN></Id><Ccy>EUR</Ccy></Acct>\n{inside}\n</Stmt></BkToCstmrStmt></Document>"
    )
}

fn bal(kind: &str, amount: &str, side: &str) -> String {
    format!(
        "<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp><Amt Ccy=\"EUR\">{amount}</Amt><CdtDbtInd>{side}</CdtDbtInd>\
         <Dt><Dt>2026-01-31</Dt></Dt></Bal>"
    )
}

fn entry(amount: &str, side: &str, further: &str) -> String {
    format!("<Ntry><Amt Ccy=\"EUR\">{amount}</Amt><CdtDbtInd>{side}</CdtDbtInd><BookgDt><Dt>2026-01-15</Dt></BookgDt>{further}</Ntry>\n")
}

fn one(text: &str) -> Statement {
    let read = read(text.as_bytes(), "sample", None).unwrap();
    assert_eq!(read.statements.len(), 1);
    read.statements.into_iter().next().unwrap()
}

#[test]
fn camt_versions_say_the_same_in_different_places() {
    let party = |inner: &str| {
        format!(
            "<NtryDtls><TxDtls><Refs><EndToEndId>E-7</EndToEndId></Refs><RltdPties><Dbtr>{inner}</Dbtr><DbtrAcct><Id><IBAN>DE77</IBAN></Id>\
             </DbtrAcct></RltdPties><RmtInf><Ustrd>Invoice</Ustrd><Ustrd>2026-17</Ustrd></RmtInf></TxDtls></NtryDtls>"
        )
    };
    let old = entry("10.00", "CRDT", &format!("<Sts>BOOK</Sts>{}", party("<Nm>Ada</Nm>")));
    let new = entry("10.00", "CRDT", &format!("<Sts><Cd>BOOK</Cd></Sts>{}", party("<Pty><Nm>Ada</Nm></Pty>")));
    for (version, entry) in [("02", &old), ("04", &old), ("08", &new), ("13", &new)] {
        let statement = one(&camt(version, &(bal("OPBD", "5.00", "DBIT") + entry + &bal("CLBD", "5.00", "CRDT"))));
        let line = &statement.lines[0];
        assert_eq!((line.counterparty.as_deref(), line.counterparty_account.as_deref()), (Some("Ada"), Some("DE77")), "{version}");
        assert_eq!((line.end_to_end.as_deref(), line.text.as_str()), (Some("E-7"), "Invoice 2026-17"), "{version}");
        assert_eq!((line.line, line.status), (4, Status::Booked), "{version}");
        assert_eq!(statement.reconcile().verdict, Verdict::Reconciles, "{version}");
    }
}

#[test]
fn only_booked_lines_reconcile() {
    let pending = entry("99.00", "CRDT", "<Sts>PDNG</Sts>") + &entry("7", "DBIT", "<Sts>INFO</Sts>");
    let booked = entry("0.12345", "DBIT", "<RvslInd>true</RvslInd><Sts>BOOK</Sts>");
    let statement = one(&camt("02", &(bal("PRCD", "1.00000", "CRDT") + &pending + &booked + &bal("CLBD", "0.87655", "CRDT"))));
    let found = statement.reconcile();
    assert_eq!((found.booked, found.all), (decimal("-0.12345"), decimal("98.87655")));
    assert_eq!((found.verdict, statement.lines[2].reversal), (Verdict::Reconciles, true));
    let interim = bal("ITBD", "1", "CRDT") + &entry("1", "CRDT", "<Sts>BOOK</Sts>") + &bal("ITBD", "3", "CRDT");
    assert_eq!(one(&camt("02", &interim)).reconcile().verdict, Verdict::Differs(decimal("1")));
    assert_eq!(one(&camt("02", "")).reconcile().verdict, Verdict::NotStated);
}

const MT940: &str = ":20:REF\r\n:25:DE02100100109307118603\r\n:28C:7/1\r\n:60F:C260101EUR100,00\r\n\
    :61:2601020103D10,5NTRFINV-7//BANK-1\r\n:86:166?00PAID?32M\u{fc}ller?33 & Co\r\n:61:260104RD0,50NTRFNONREF\r\n:62F:C260104EUR90,00\r\n-\r\n";

#[test]
fn mt940_in_latin_1_with_crlf() {
    let latin: Vec<u8> = MT940.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    assert!(std::str::from_utf8(&latin).is_err());
    for bytes in [latin.as_slice(), MT940.as_bytes(), MT940.replace("\r\n", "\n").as_bytes()] {
        let read = read(bytes, "sample", None).unwrap();
        let statement = &read.statements[0];
        assert_eq!((statement.id.as_str(), statement.line, statement.lines.len()), ("7/1", 1, 2));
        let [first, second] = &statement.lines[..] else { panic!("{statement:?}") };
        assert_eq!(first.counterparty.as_deref(), Some("M\u{fc}ller & Co"));
        assert_eq!((first.reference.as_deref(), first.end_to_end.as_deref()), (Some("BANK-1"), Some("INV-7")));
        assert_eq!((first.date, first.amount, first.line), ("2026-01-03".parse().unwrap(), decimal("-10.5"), 5));
        assert_eq!((second.amount, second.reversal, second.reference.as_deref()), (decimal("0.50"), true, None));
        assert_eq!(statement.reconcile().verdict, Verdict::Reconciles);
    }
}

/// A bank statement of OFX 1.x around transactions.
fn ofx(inside: &str) -> String {
    format!(
        "OFXHEADER:100\r\nDATA:OFXSGML\r\nVERSION:102\r\nCHARSET:1252\r\n\r\n<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS>\r\n<CURDEF>EUR\r\n\
         <BANKACCTFROM><BANKID>1<ACCTID>77<ACCTTYPE>CHECKING</BANKACCTFROM>\r\n<BANKTRANLIST>\r\n{inside}\r\n</BANKTRANLIST>\r\n\
         <LEDGERBAL><BALAMT>5,00<DTASOF>20260131</LEDGERBAL></STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>"
    )
}

#[test]
fn ofx_of_old_programs() {
    let text = ofx("<STMTTRN><TRNTYPE>DEBIT<DTPOSTED>20260102<TRNAMT>-1,50<FITID>F1<NAME>Caf\u{e9} & bar<MEMO></STMTTRN>\r\n\
        <STMTTRN><DTPOSTED>20260103120000[-5:EST]<TRNAMT>+2.000<FITID>F2<CHECKNUM>12<CURRENCY><CURRATE>1.1<CURSYM>USD</CURRENCY></STMTTRN>");
    let latin: Vec<u8> = text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    let read = read(&latin, "sample", None).unwrap();
    let [first, second] = &read.statements[0].lines[..] else { panic!("{read:?}") };
    assert_eq!((first.counterparty.as_deref(), first.amount, first.line), (Some("Caf\u{e9} & bar"), decimal("-1.50"), 10));
    assert_eq!((second.amount.to_string().as_str(), second.currency.as_str(), second.text.as_str()), ("2.000", "USD", "cheque 12"));
    assert_eq!(read.statements[0].closing.as_ref().unwrap().amount, decimal("5"));
}

#[test]
fn what_is_wrong_is_refused_with_line_field_and_expectation() {
    let booked = "<Sts>BOOK</Sts>";
    let mt940 = |from: &str, to: &str| MT940.replace(from, to);
    for (text, expected) in [
        (String::new(), "sample:1: this is no bank statement"),
        ("just text\n".to_owned(), "sample:1: this is no bank statement"),
        (camt("02", &entry("1,00", "CRDT", booked)), "sample:4: <Ntry><Amt>: expected an amount without sign such as 8.85, found `1,00`"),
        (camt("02", &entry("-1.00", "CRDT", booked)), "sample:4: <Ntry><Amt>: expected an amount without sign"),
        (camt("02", &entry("1.00", "CREDIT", booked)), "sample:4: <Ntry><CdtDbtInd>: expected CRDT or DBIT, found `CREDIT`"),
        (camt("02", &entry("1.00", "CRDT", "<Sts>DONE</Sts>")), "<Ntry><Sts>: expected BOOK, PDNG, FUTR or INFO, found `DONE`"),
        (camt("02", &entry("1", "CRDT", booked)).replace("2026-01-15", "2026-02-30"), "<Ntry><BookgDt>: expected a day of the calendar"),
        (camt("02", &entry("1", "CRDT", booked)).replace("BookgDt", "Other"), "<Ntry> has neither <BookgDt> nor <ValDt>"),
        (camt("02", &entry("1", "CRDT", booked)).replace(" Ccy=\"EUR\"", ""), "<Ntry><Amt> has no Ccy"),
        (camt("02", &bal("OPBD", "x", "CRDT")), "<Bal><Amt>: expected an amount"),
        (camt("02", "").replace("IBAN", "Other"), "the statement names no account"),
        (camt("02", "").replace("camt.053", "camt.052"), "expected a <Document> of urn:iso:std:iso:20022:tech:xsd:camt.053.001.02 to 13"),
        (camt("02", "").replace("</Stmt>", ""), "the XML is broken"),
        (camt("02", "").replace("<Document", "<!DOCTYPE x [<!ENTITY a \"b\">]><Document"), "DOCTYPE"),
        (camt("02", "<Ntry>&bomb;</Ntry>"), "sample:4: the entity &bomb; is not known"),
        (camt("02", &entry("123456789012345", "CRDT", booked)), "<Ntry><Amt>: expected an amount without sign"),
        (mt940("D10,5N", "D10,5,0N"), "sample:5: :61: expected an amount such as 9,50, found `10,5,0`"),
        (
            mt940("260102", "260230").replace("260230", "260431"),
            "sample:5: :61: expected a value date of the calendar as YYMMDD, found `260431`",
        ),
        (mt940("0103", "0230"), "sample:5: :61: expected a booking day of the calendar as MMDD, found `0230`"),
        (mt940("D10,5NTRF", "X10,5NTRF"), "sample:5: :61: expected day, side, amount and type"),
        (mt940("C260101EUR100,00", "C260101EUR"), "sample:4: :60F: expected a balance such as C110522EUR3236,28"),
        (mt940("C260101", "C261301"), "sample:4: :60F: expected a day of the calendar"),
        (mt940(":25:DE02100100109307118603\r\n", ""), "sample:1: the statement has no account: expected :25:"),
        (mt940(":62F:C260104EUR90,00\r\n-\r\n", ""), "sample:1: the statement has no closing balance"),
        (ofx("<STMTTRN><TRNAMT>1<FITID>1</STMTTRN>"), "sample:10: <STMTTRN> has no <DTPOSTED>: expected a date as YYYYMMDD"),
        (ofx("<STMTTRN><DTPOSTED>20260230<TRNAMT>1</STMTTRN>"), "<STMTTRN><DTPOSTED>: expected a day of the calendar"),
        (ofx("<STMTTRN><DTPOSTED>20260201<TRNAMT>1.000,5</STMTTRN>"), "<STMTTRN><TRNAMT>: expected an amount such as -80.00"),
        (ofx("").replace("<ACCTID>77", ""), "<STMTRS> has no <BANKACCTFROM><ACCTID>"),
        (ofx("").replace("STMTRS", "OTHER"), "the file has no OFX statement"),
        (ofx("").replace("</OFX>", ""), "the file ends before </OFX>"),
        (
            ofx("<STATUS><CODE>2000<SEVERITY>ERROR<MESSAGE>no access</STATUS>"),
            "the bank's server answered with an error, found `no access`",
        ),
    ] {
        let said = read(text.as_bytes(), "sample", None).map(|file| format!("{file:?}")).unwrap_err().to_string();
        assert!(said.contains(expected), "{said}\ninstead of\n{expected}\nfor\n{text}");
    }
}

fn ledgerd(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ledgerd"));
    for name in ["DATABASE_URL", "LEDGERD_ADMIN_URL", "LEDGERD_DATA_DIR"] {
        command.env_remove(name);
    }
    command.args(arguments).output().unwrap()
}

#[test]
fn the_command_reads_prints_and_judges() {
    let folder = tempfile::tempdir().unwrap();
    let save = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let good = save("good.sta", MT940);
    let off = save("off.sta", &MT940.replace("EUR90,00", "EUR91,00"));
    let bad = save("bad.sta", &MT940.replace("D10,5", "D,"));
    let card = save("card.ofx", &ofx("<STMTTRN><DTPOSTED>20260102<TRNAMT>1<FITID>1</STMTTRN>"));
    let missing = folder.path().join("missing").to_str().unwrap().to_owned();
    for (arguments, exit, out, err) in [
        (vec!["bank", "read", &good], 0, "Reconciles", ""),
        (vec!["bank", "read", &off], 1, "no, off by 1.00", ""),
        (vec!["bank", "read", &good, &bad], 1, "DE02100100109307118603", ":61: expected an amount such as 9,50"),
        (vec!["bank", "read", &card], 0, "not stated", ""),
        (vec!["bank", "read", &missing], 1, "", "cannot be read"),
        (vec!["bank", "read", "--format", "csv", &good], 0, "2026-01-03,2026-01-02,-10.5,EUR,M\u{fc}ller & Co,", ""),
        (vec!["bank", "read", "--format", "json", &off], 1, "\"reconciles\": \"no\"", ""),
        (vec!["bank", "read", "--from", "ofx", &good], 1, "", "no <OFX> element"),
        (vec!["bank", "read"], 2, "", "Usage"),
        (vec!["bank", "read", "--format", "pdf", &good], 2, "", "table, csv, json"),
    ] {
        let output = ledgerd(&arguments);
        let (said, complained) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
        assert_eq!(output.status.code(), Some(exit), "{arguments:?}: {said}{complained}");
        assert!(said.contains(out) && complained.contains(err), "{arguments:?}: {said}{complained}");
    }
    let json = ledgerd(&["bank", "read", "--format", "json", &good, &bad]).stdout;
    let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(json["files"][0]["statements"][0]["lines"][0]["amount"], "-10.5");
    assert_eq!(json["files"][1]["refused"][0]["line"], 5);
}
