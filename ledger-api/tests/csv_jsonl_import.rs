//! Journals as JSON lines, and charts of accounts as CSV.

use ledger_api::import::source::{Collected, Item, SourceNotes};
use ledger_api::import::tabular::{Columns, NumberFormat, Options};
use ledger_api::import::{csv, jsonl};
use ledger_core::AccountRef;

fn usd() -> Options {
    Options { currency: Some("USD".into()), functional_currency: Some("USD".into()), ..Options::default() }
}

fn read(text: &str, options: &Options) -> (Collected, SourceNotes) {
    let mut sink = Collected::default();
    let bytes = text.as_bytes().to_vec();
    let notes = jsonl::read(Box::new(std::io::Cursor::new(bytes)), "j.jsonl".into(), options, &mut sink);
    (sink, notes.unwrap_or_else(|error| panic!("{error}")))
}

fn entries(sink: &Collected) -> Vec<String> {
    let show = |item: &Item| {
        let Item::Entry(entry) = item else { return None };
        let lines = entry.draft.lines.iter().map(|line| {
            let AccountRef::Code(account) = &line.account else { panic!() };
            let detail = line.detail.as_deref().cloned().unwrap_or_default();
            let tags: String = detail.tags.iter().map(|(key, value)| format!(" #{key}={value}")).collect();
            let party = detail.party.map(|party| format!(" party:{party}")).unwrap_or_default();
            format!(" | {account} {} {}{party}{tags}", line.amount.normalize(), line.currency)
        });
        let id = entry.draft.external_id.as_deref().unwrap_or("-").to_owned();
        Some(format!("{} {id} {}{}", entry.draft.effective_date, entry.draft.description, lines.collect::<String>()))
    };
    sink.items.iter().filter_map(show).collect()
}

#[test]
fn entries_and_rows_are_read_exactly() {
    let row_form = r#"
{"entry":"7","date":"2025-01-31","account":1000,"debit":"100.50","description":"caf\u00e9"}

{"entry":7,"account":"4000","credit":100.50,"tags":{"dep":"Sales"},"tag:site":"Rome","memo":null}
"#;
    let entry_form = r#"{"entry":"7","date":"2025-01-31","description":"café","lines":[{"account":"1000","amount":100.5},{"account":"4000","amount":"-100.50","tags":"dep=Sales;site=Rome"}]}"#;
    let comma = Options { numbers: NumberFormat { decimal_mark: ',', grouping: Some('.') }, ..usd() };
    for (text, options) in [
        (row_form.to_owned(), usd()),
        (row_form.replace('\n', "\r"), usd()),
        (entry_form.to_owned(), usd()),
        (format!("\u{feff}{entry_form}\r\n"), usd()),
        (entry_form.replace("\"-100.50\"", "\"-100,50\""), comma),
        (entry_form.replace("account", "konto"), Options { columns: Columns::parse("account=konto").unwrap(), ..usd() }),
    ] {
        let (sink, notes) = read(&text, &options);
        assert_eq!(sink.errors, [], "{text}");
        assert_eq!(entries(&sink), ["2025-01-31 7 café | 1000 100.5 USD | 4000 -100.5 USD #dep=Sales #site=Rome"], "{text}");
        assert_eq!(notes.totals.unwrap().lines, 2);
    }
}

#[test]
fn an_entry_says_once_what_its_lines_share() {
    let text = r#"{"date":"2025-01-31","currency":"EUR","party":"Acme","lines":[{"account":"1","debit":1},{"account":"2","credit":1,"party":"Beta"}]}"#;
    let (sink, _) = read(text, &usd());
    assert_eq!(entries(&sink), ["2025-01-31 -  | 1 1 EUR party:Acme | 2 -1 EUR party:Beta"]);
}

#[test]
fn bad_objects_are_refused_by_name() {
    let line = |inner: &str| format!(r#"{{"entry":"x","date":"2025-01-31","lines":[{inner}]}}"#);
    for (text, message) in [
        (
            line(r#"{"account":"1","amount":1e5}"#),
            "field `amount`: expected a number like 1234.50, not an exponent form, found `1e5`; write all its digits",
        ),
        (line(r#"{"account":"1","amount":NaN}"#), "expected a JSON object: expected value, found `NaN}]}`; write one object per line"),
        (
            line(r#"{"account":"1","amount":1.005}"#),
            "field `amount`: USD has 2 digits after the decimal mark, the amount has 3, found `1.005`; fix the amount, or define the commodity with more digits: --commodity USD=3",
        ),
        (
            line(r#"{"account":"1","amont":1}"#),
            "the field `amont` is not known, found `1`; remove it, or say what it is with --columns field=amont or --columns tag:amont=amont",
        ),
        (line(r#"{"account":"1","amount":true}"#), "field `amount`: expected a text or a number, found `true`; write the value in quotes"),
        (
            line(r#"{"account":"1","amount":1,"amount":2}"#),
            "`amount` says the amount a second time, `amount` does already, found `2`; keep one of them",
        ),
        (
            line(r#"{"account":"1","amount":1,"date":"2025-01-01"}"#),
            "`date` belongs to the entry, not to one of its lines, found `\"2025-01-01\"`; move it beside `lines`",
        ),
        (line("7"), "expected a JSON object: invalid type: integer `7`, expected an object, found `7]}`; write one object per line"),
        (
            r#"{"entry":"x","date":"2025-01-31","lines":7}"#.into(),
            "field `lines`: expected an array of objects: invalid type: integer `7`, expected a sequence, found `7}`; write \"lines\":[{…},{…}]",
        ),
        (
            r#"{"entry":"x","date":"2025-01-31","amount":1,"lines":[]}"#.into(),
            "`amount` belongs to a line, not to the entry, found `1`; move it into the objects of `lines`",
        ),
        (
            r#"{"entry":"x","date":"31.01.2025","lines":[]}"#.into(),
            "field `date`: expected a date as %Y-%m-%d (like 2025-01-31), found `31.01.2025`; fix the date, or state the order with --date-format, such as %d/%m/%Y or %m/%d/%Y",
        ),
        (
            r#"{"account":"1","amount":1}"#.into(),
            "field `entry`: empty, expected the key of the row's entry; fill in the key on every row of the entry",
        ),
        ("[1]".into(), "expected a JSON object: invalid type: sequence, expected an object, found `[1]`; write one object per line"),
        (r#"{"entry":"x""#.into(), "expected a JSON object: EOF while parsing an object, found `\"`; write one object per line"),
        (r#"{"entry":"x\u0000","lines":[]}"#.into(), "field `entry`: a NUL character is no text, found `\"x\\u0000\"`; remove it"),
    ] {
        let good = |key: &str| {
            format!(r#"{{"entry":"{key}","date":"2025-01-31","lines":[{{"account":"1","amount":1}},{{"account":"2","amount":-1}}]}}"#)
        };
        let file = format!("{}\n{text}\n{}\n", good("a"), good("z"));
        let (sink, _) = read(&file, &usd());
        assert_eq!(sink.errors.len(), 1, "{text}: {:?}", sink.errors);
        let error = &sink.errors[0];
        assert_eq!(error.to_string(), format!("{}: {message}", error.place), "{text}");
        assert_eq!((&*error.place.file, error.place.line), ("j.jsonl", 2), "{text}");
        // The column is that of the offending text.
        let at_column: String = text.chars().skip(usize::try_from(error.place.column).unwrap() - 1).collect();
        let found = error.found.as_deref().unwrap_or("{");
        assert!(at_column.starts_with(found) || at_column.trim_start_matches('"').starts_with(found), "{error}: {at_column}");
        assert_eq!(sink.errors[0].text.as_deref(), Some(text.as_str()), "{text}");
        assert_eq!(entries(&sink).len(), 2, "{text}");
    }
}

fn chart(text: &str) -> (Vec<String>, Vec<String>) {
    let mut sink = Collected::default();
    let bytes = text.as_bytes().to_vec();
    csv::chart::read(Box::new(std::io::Cursor::new(bytes)), "c.csv".into(), &Options::default(), &mut sink)
        .unwrap_or_else(|error| panic!("{error}"));
    let show = |item: &Item| match item {
        Item::Account(decl) => format!(
            "{} {} {}{}{}{}{}",
            decl.code,
            decl.name.as_deref().unwrap_or("-"),
            decl.kind.map_or("?", |kind| kind.as_str()),
            decl.sub_type.map(|sub| format!("/{}", sub.as_str())).unwrap_or_default(),
            decl.parent.as_ref().map(|parent| format!(" under {parent}")).unwrap_or_default(),
            match decl.contra {
                Some(true) => " contra",
                Some(false) => " normal",
                None => "",
            },
            if decl.summary == Some(true) { " summary" } else { "" }
        ),
        other => panic!("{other:?}"),
    };
    (sink.items.iter().map(show).collect(), sink.errors.iter().map(ToString::to_string).collect())
}

#[test]
fn a_chart_opens_parents_first_and_knows_contra_accounts() {
    let text = "account;account_name;type;sub_type;parent;summary;normal_balance;statement\n\
                1010;Till;Asset;cash;1000;;D;BS\n1000;Money;asset;;;yes;;BS\n4900;Returns;Contra-Revenue;;;;D;PL\n\
                5000;Goods sold;COGS;;;;debit;PL\n1900;Wear;Fixed Asset;accumulated depreciation;;no;C;BS\n";
    let (accounts, errors) = chart(text);
    assert_eq!(errors, Vec::<String>::new());
    assert_eq!(
        accounts,
        [
            "1000 Money asset summary",
            "4900 Returns revenue contra",
            "5000 Goods sold expense/cogs normal",
            "1900 Wear asset/accumulated_depreciation contra",
            "1010 Till asset/cash under 1000 normal",
        ]
    );
}

#[test]
fn bad_accounts_are_refused_by_name() {
    for (row, message) in [
        ("1,A,", "c.csv:2:5: type: empty, expected asset, liability, equity, revenue or expense; fill it in"),
        ("1,A,Thing", "c.csv:2:5: type: expected asset, liability, equity, revenue or expense, found `Thing`; write one of these"),
        (",A,Asset", "c.csv:2:1: account: empty, expected an account code; fill it in"),
        ("1,A,Asset\n1,B,Asset", "c.csv:3:1: the account is on line 2 already, found `1`; keep one of them"),
        ("1,A", "c.csv:2: the row has 2 fields, the header has 3; quote fields that contain `,`, or state another --delimiter"),
    ] {
        assert_eq!(chart(&format!("code,title,type\n{row}\n")).1, [message], "{row}");
    }
    let contradiction = chart("code,type,normal\n1,Contra-Revenue,C\n").1;
    assert_eq!(
        contradiction,
        ["c.csv:2:18: normal_balance: a contra account of type revenue has a debit normal balance, found `C`; \
          fix the type, the contra column or the normal balance"]
    );
}
