//! Journals as CSV: what is read, what is refused and with which words.

use ledger_api::import::csv;
use ledger_api::import::source::{Collected, Item, ReadError, Sink, SourceError, SourceNotes, Stop};
use ledger_api::import::tabular::{Columns, DateFormat, KeyUse, NumberFormat, Options};
use ledger_core::{AccountRef, DraftEntry, DraftLine};

fn usd() -> Options {
    Options { currency: Some("USD".into()), functional_currency: Some("USD".into()), ..Options::default() }
}

fn read(text: impl AsRef<[u8]>, options: &Options) -> (Collected, Result<SourceNotes, ReadError>) {
    let mut sink = Collected::default();
    let bytes = text.as_ref().to_vec();
    let notes = csv::read(Box::new(std::io::Cursor::new(bytes)), "j.csv".into(), options, &mut sink);
    (sink, notes)
}

/// Everything about a line in one short text.
fn show_line(line: &DraftLine) -> String {
    let AccountRef::Code(account) = &line.account else { panic!("importers name accounts by code") };
    let mut out = format!("{account} {} {}", line.amount.normalize(), line.currency);
    if let Some(functional) = line.functional {
        out.push_str(&format!(" ={}", functional.normalize()));
    }
    let Some(detail) = &line.detail else { return out };
    if let Some(rate) = &detail.rate {
        out.push_str(&format!(" @{} {} {}", rate.rate.normalize(), rate.quote, rate.kind.as_str()));
    }
    for (name, text) in [("party", &detail.party), ("doc", &detail.document), ("tax", &detail.tax_code), ("memo", &detail.memo)] {
        if let Some(text) = text {
            out.push_str(&format!(" {name}:{text}"));
        }
    }
    if let Some(due) = detail.due_date {
        out.push_str(&format!(" due:{due}"));
    }
    for (key, value) in &detail.tags {
        out.push_str(&format!(" #{key}={value}"));
    }
    out
}

fn show(draft: &DraftEntry) -> String {
    let lines: Vec<String> = draft.lines.iter().map(show_line).collect();
    format!("{} {} | {}", draft.effective_date, draft.description, lines.join(" | "))
}

fn drafts(sink: &Collected) -> impl Iterator<Item = &DraftEntry> {
    sink.items.iter().filter_map(|item| match item {
        Item::Entry(entry) => Some(&entry.draft),
        _ => None,
    })
}

fn entries(sink: &Collected) -> Vec<String> {
    drafts(sink).map(show).collect()
}

const PLAIN: &str = "2025-01-31 rent | 6200 100.5 USD | 1000 -100.5 USD";

#[test]
fn the_same_entry_however_it_is_written() {
    let columns = |text| Options { columns: Columns::parse(text).unwrap(), ..usd() };
    let german = Options {
        numbers: NumberFormat { decimal_mark: ',', grouping: Some('.') },
        date_format: DateFormat::new("%d.%m.%Y").unwrap(),
        ..usd()
    };
    for (text, options) in [
        ("entry,date,account,debit,credit,description\n1,2025-01-31,6200,100.50,,rent\n1,2025-01-31,1000,,100.50,rent\n", usd()),
        ("entry,date,account,debit,credit,description\r\n1,2025-01-31,6200,100.50,0.0,rent\r\n1,2025-01-31,1000,0,100.5,rent", usd()),
        ("entry,date,account,debit,credit,description\r1,2025-01-31,6200,100.50,,rent\r1,,1000,,100.50,\r", usd()),
        ("\u{feff}Entry ID;Posting Date;Account Code;Amount;Description\n1;2025-01-31;6200;100.50;rent\n1;;1000;-100.50;\n", usd()),
        ("sep=;\nentry;date;account;amount;description\n1;2025-01-31;6200;100.50;rent\n1;;1000;(100.50);\n", usd()),
        ("entry\tdate\taccount\tamount\tD/C\tnarration\n1\t2025-01-31\t6200\t100.50\tD\trent\n1\t\t1000\t100.50\tC\t\n", usd()),
        ("entry;date;account;debit;credit;description\n1;31.01.2025;6200;100,50;;rent\n1;;1000;;100,5;\n", german),
        (
            "no,on,acct,plus,minus,what\n1,2025-01-31,6200,100.50,,rent\n1,,1000,,100.50,\n",
            columns("entry=no,date=on,account=acct,debit=plus,credit=minus,description=what"),
        ),
        (
            "entry,date,account,debit,credit,amount,description\n1,2025-01-31,6200,100.50,,9,rent\n1,,1000,,100.50,9,\n",
            columns("debit=debit"),
        ),
        (
            "\n\nentry,date,account,debit,credit,description\n\n\"1\",2025-01-31,\" 6200 \",100.50,,rent\n,,,,,\n1,2025-01-31,1000,-100.50,,rent,,\n",
            usd(),
        ),
    ] {
        let (sink, notes) = read(text, &options);
        notes.unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(sink.errors, [], "{text}");
        assert_eq!(entries(&sink), [PLAIN], "{text}");
    }
}

#[test]
fn every_field_finds_its_place() {
    let text = "entry,date,account,debit,credit,currency,functional,rate,rate_type,party,due_date,document,tax_code,tags,tag:department,\
                external_id,description,memo,kind\n\
                A,2025-01-31,1100,100.00,,EUR,110.00,1.1,average,Acme,2025-03-02,INV-7,VAT20,project=x;lot=7,Sales,ext-1,sale,by phone,opening\n\
                A,2025-01-31,4000,,100.00,EUR,-110,,,,,,,,,,sale to Acme,,\n\
                B,2025-02-01,1000,,10,USD,,1,,,,,,,,,fee,,\n\
                B,2025-02-01,6000,9.95,,EUR,,1.0051,,,,,,,,,fee,,\n";
    let (sink, notes) = read(text, &Options { keep_text: true, ..usd() });
    assert_eq!(sink.errors, []);
    assert_eq!(
        entries(&sink),
        [
            "2025-01-31 sale | 1100 100 EUR =110 @1.1 USD average party:Acme doc:INV-7 tax:VAT20 memo:by phone due:2025-03-02 \
             #project=x #lot=7 #department=Sales | 4000 -100 EUR =-110 memo:sale to Acme",
            "2025-02-01 fee | 1000 -10 USD | 6000 9.95 EUR @1.0051 USD spot",
        ]
    );
    let Item::Entry(first) = &sink.items[0] else { panic!("{:?}", sink.items[0]) };
    assert_eq!((first.draft.external_id.as_deref(), first.draft.kind.as_str()), (Some("ext-1"), "opening"));
    assert_eq!((first.place.to_string(), first.line_places.as_slice()), ("j.csv:2".to_owned(), [2, 3].as_slice()));
    assert_eq!(first.text.as_deref(), Some(text.lines().skip(1).take(2).collect::<Vec<_>>().join("\n").as_str()));
    let totals = notes.unwrap().totals.unwrap();
    assert_eq!((totals.entries, totals.lines), (2, 4));
    let dates = [totals.first_date, totals.last_date].map(|date| date.unwrap().to_string());
    assert_eq!(dates, ["2025-01-31", "2025-02-01"]);
    let sums: Vec<_> = totals.currencies.iter().map(|(code, sides)| (code.as_str(), sides.debit, sides.credit)).collect();
    assert_eq!(sums, [("EUR", 10_995, 10_000), ("USD", 0, 1_000)]);
}

#[test]
fn the_key_becomes_what_the_options_say() {
    let text = "entry,date,account,amount\nJ1,2025-01-31,1,1\nJ1,,2,-1\n";
    for (key_use, external_id, tags) in [(KeyUse::ExternalId, Some("J1"), 0), (KeyUse::Tag, None, 1), (KeyUse::Nothing, None, 0)] {
        let (sink, _) = read(text, &Options { key_use, ..usd() });
        let draft = drafts(&sink).next().unwrap();
        assert_eq!((draft.external_id.as_deref(), draft.tags.len()), (external_id, tags), "{key_use:?}");
    }
}

#[test]
fn accounts_are_described_once() {
    let text = "entry,date,account,account_name,account_type,amount\n\
                1,2025-01-31,1000,Cash,Asset,1\n1,,4900,Returns,Contra-Revenue,-1\n2,2025-01-31,1000,Cash,asset,2\n2,,1000,Cash,Expense,-2\n";
    let (sink, _) = read(text, &usd());
    let describe = |item: &Item| match item {
        Item::Account(decl) => Some(format!("{} {:?} {:?} {:?}", decl.code, decl.name, decl.kind, decl.contra)),
        _ => None,
    };
    let accounts: Vec<String> = sink.items.iter().filter_map(describe).collect();
    assert_eq!(accounts, ["1000 Some(\"Cash\") Some(Asset) None", "4900 Some(\"Returns\") Some(Revenue) Some(true)"]);
    assert_eq!(
        sink.errors[0].to_string(),
        "j.csv:5:14: column 5 `account_type`: the account `1000` is of type asset on line 2, found `Expense`; \
         an account has one type: fix one of the two"
    );
}

/// Header and good rows around the rows under test, so that what is refused is seen to be refused alone.
fn around(rows: &str) -> String {
    format!(
        "entry,date,account,debit,credit,currency,rate,tags,due,kind\n\
         a,2025-01-31,1,1,,USD,,,,\na,,2,,1,USD,,,,\n{rows}\nz,2025-01-31,1,1,,USD,,,,\nz,,2,,1,USD,,,,\n"
    )
}

const STATE_ORDER: &str = "fix the date, or state the order with --date-format, such as %d/%m/%Y or %m/%d/%Y";

#[test]
fn bad_rows_are_refused_by_name() {
    let not_a_date =
        |column: &str, found: &str| format!("{column}: expected a date as %Y-%m-%d (like 2025-01-31), found `{found}`; {STATE_ORDER}");
    for (rows, message) in [
        ("b,31/01/2025,1,1,,USD,,,,", &*not_a_date("j.csv:4:3: column 2 `date`", "31/01/2025")),
        ("b,2025-02-30,1,1,,USD,,,,", &not_a_date("j.csv:4:3: column 2 `date`", "2025-02-30")),
        ("b,2025-01-31,1,1,,USD,,,soon,", &not_a_date("j.csv:4:25: column 9 `due`", "soon")),
        ("b,,1,1,,USD,,,,\nb,,2,,1,USD,,,,", "j.csv:4: the entry has no date, found `b`; fill in the date on its first row"),
        (
            "b,2025-01-31,1,1,,USD,,,,\nb,2025-02-01,2,,1,USD,,,,",
            "j.csv:5:3: column 2 `date`: the rows of an entry have one date, this entry's is 2025-01-31 on line 4, found `2025-02-01`; \
             give the entry one value, or its rows different keys",
        ),
        ("b,2025-01-31,,1,,USD,,,,", "j.csv:4:14: column 3 `account`: empty, expected an account code; fill it in"),
        ("b,2025-01-31,1,,,USD,,,,", "j.csv:4: the row has no amount; fill in a debit or a credit (0 if the line is meant to be empty)"),
        (
            "b,2025-01-31,1,1,2,USD,,,,",
            "j.csv:4:18: column 5 `credit`: the row has a debit and a credit, found `1 and 2`; split it into two rows",
        ),
        (
            "b,2025-01-31,1,1e3,,USD,,,,",
            "j.csv:4:16: column 4 `debit`: expected a number like 1234.50, not an exponent form, found `1e3`; write all its digits",
        ),
        ("b,2025-01-31,1,NaN,,USD,,,,", "j.csv:4:16: column 4 `debit`: expected a number like 1234.50, found `NaN`; fix the number"),
        (
            "b,2025-01-31,1,$5,,USD,,,,",
            "j.csv:4:16: column 4 `debit`: expected a number like 1234.50 without a currency or other letters, found `$5`; \
             put the currency into the currency column",
        ),
        (
            "b,2025-01-31,1,\"1,5\",,USD,,,,",
            "j.csv:4:16: column 4 `debit`: expected a number like 1234.50 with the decimal mark `.` and no digit grouping, found `1,5`; \
             state --decimal-mark ',' if it is the decimal mark, or --digit-group ',' if it groups digits",
        ),
        (
            "b,2025-01-31,1,1.005,,USD,,,,",
            "j.csv:4:16: column 4 `debit`: USD has 2 digits after the decimal mark, the amount has 3, found `1.005`; \
             fix the amount, or define the commodity with more digits: --commodity USD=3",
        ),
        (
            "b,2025-01-31,1,10000000000000000000000000,,USD,,,,",
            "j.csv:4:16: column 4 `debit`: the amount is too large to keep exactly (27 digits of minor units), \
             found `10000000000000000000000000`; split it",
        ),
        ("b,2025-01-31,1,1,,usd,,,,", "j.csv:4:19: column 6 `currency`: expected a currency code in capitals, found `usd`; write USD"),
        (
            "b,2025-01-31,1,1,,EUR,-1,,,",
            "j.csv:4:23: column 7 `rate`: expected a rate above zero, found `-1`; write what one unit is worth in the functional currency",
        ),
        ("b,2025-01-31,1,1,,USD,2,,,", "j.csv:4:23: column 7 `rate`: a rate from USD to USD is 1, found `2`; leave it empty or write 1"),
        (
            "b,2025-01-31,1,1,,USD,,lot,,",
            "j.csv:4:24: column 8 `tags`: expected tags as key=value;key2=value2, found `lot`; write a `=` between each key and its value",
        ),
        (
            "b,2025-01-31,1,1,,USD,,k=1;k=2,,",
            "j.csv:4:24: column 8 `tags`: the tag `k` has two values, `1` is the other, found `2`; keep one of them",
        ),
        (
            "b,2025-01-31,1,1,,USD,,,,reversal",
            "j.csv:4:26: column 10 `kind`: expected ordinary, opening, closing or adjusting, found `reversal`; \
             write one of these, or leave it empty for ordinary",
        ),
        ("b,2025-01-31,1", "j.csv:4: the row has 3 fields, the header has 10; quote fields that contain `,`, or state another --delimiter"),
        (
            "b,2025-01-31,1,1,,USD,,,,,x",
            "j.csv:4: the row has 11 fields, the header has 10; quote fields that contain `,`, or state another --delimiter",
        ),
        (
            "b,2025-01-31,\"1\"x,1,,USD,,,,",
            "j.csv:4:17: expected a delimiter or the line's end behind a closing quote, found `x,1,,USD,,,,`; \
             double quotes that are part of the text",
        ),
        (
            "b,2025-01-31,\"1,1,,USD,,,,",
            "j.csv:4:14: a quote is opened and never closed, found `\"1,1,,USD,,,,`; close it, or double it if it is part of the text",
        ),
        ("b,2025-01-31,\0,1,,USD,,,,", "j.csv:4:14: a NUL character is no text, found `\\x00`; remove it"),
        (
            "b,2025-01-31,1,1,,USD,,,,\na,2025-01-31,1,1,,USD,,,,",
            "j.csv:5: the entry `a` began on line 2 and comes again after other entries; \
             sort the file so that the rows of an entry stand together",
        ),
        (
            "b,2025-01-31,1,x,,USD,,,,\nb,,2,,1,USD,,,,\nb,,2,,y,USD,,,,",
            "j.csv:4:16: column 4 `debit`: expected a number like 1234.50 (and 1 more problem in this entry), found `x`; fix the number",
        ),
    ] {
        let text = around(rows);
        let (sink, _) = read(&text, &usd());
        assert_eq!(sink.errors.first().map(ToString::to_string).as_deref(), Some(message), "{rows}");
        // What was refused can be fixed and imported again: header and source rows are given back.
        assert_eq!(sink.header.as_deref(), text.lines().next(), "{rows}");
        let given_back: Vec<&str> = sink.errors.iter().flat_map(|error| error.text.as_deref().unwrap_or("?").split('\n')).collect();
        let accepted: usize = drafts(&sink).map(|draft| draft.lines.len()).sum();
        assert_eq!(given_back.len() + accepted, text.lines().count() - 1, "{rows}: {given_back:?}");
        assert!(given_back.iter().all(|row| text.contains(row)), "{rows}: {given_back:?}");
        assert!(rows.split('\n').any(|row| given_back.contains(&row)), "{rows}: {given_back:?}");
    }
}

#[test]
fn a_row_that_may_belong_to_two_entries_spoils_both() {
    let (sink, _) = read(around(",2025-01-31,1,1,,USD,,,,"), &usd());
    let errors: Vec<String> = sink.errors.iter().map(ToString::to_string).collect();
    assert_eq!(entries(&sink), Vec::<String>::new());
    assert_eq!(
        errors,
        [
            "j.csv:4:1: column 1 `entry`: empty, expected the key of the row's entry; fill in the key on every row of the entry",
            "j.csv:5: the row on line 4 could not be read and may belong to this entry; fix that row and import both again",
        ]
    );
    assert_eq!(sink.errors[0].text.as_deref().map(|text| text.lines().count()), Some(3));
}

#[test]
fn text_that_is_not_utf8_is_refused_in_its_place() {
    let mut text = around("b,2025-01-31,caf\u{1},1,,USD,,,,").into_bytes();
    text.iter_mut().filter(|byte| **byte == 1).for_each(|byte| *byte = 0xe9);
    let (sink, _) = read(&text, &usd());
    assert_eq!(
        sink.errors[0].to_string(),
        "j.csv:4:17: expected UTF-8 text, found `\\xe9`; save the file as UTF-8 (it may be Windows-1252 or Latin-1)"
    );
    assert_eq!(entries(&sink).len(), 2);
}

#[test]
fn unusable_files_are_refused_whole() {
    let columns = |text| Options { columns: Columns::parse(text).unwrap(), ..usd() };
    let name_them = "name the headers with --columns entry=HEADER,date=HEADER,account=HEADER,debit=HEADER,credit=HEADER";
    for (text, options, message) in [
        ("", usd(), "the file is empty, expected a header row; check that it is the right file"),
        (
            "id,when,what\n",
            usd(),
            &*format!("no column for entry, date, account, amount or debit and credit; the headers are: id, when, what; {name_them}"),
        ),
        (
            "entry,date,account,debit\n",
            usd(),
            "there is a column for debit but none for credit; the headers are: entry, date, account, debit; \
             name it with --columns credit=HEADER, or map a signed one with --columns amount=HEADER",
        ),
        (
            "entry,date,account,debit,credit,amount\n",
            usd(),
            "amounts are there twice, as amount and as debit and credit; the headers are: entry, date, account, debit, credit, amount; \
             choose with --columns amount=HEADER or --columns debit=HEADER,credit=HEADER",
        ),
        (
            "entry,date,posting_date,account,amount\n",
            usd(),
            "two columns are headed as date: `date` (column 2) and `posting_date` (column 3); \
             choose with --columns date=date or --columns date=posting_date",
        ),
        (
            "entry,date,account,amount,amount\n",
            usd(),
            "two columns are headed as amount: `amount` (column 4) and `amount` (column 5); rename one of them in the file",
        ),
        (
            "entry,date,account,amount,who\n",
            columns("party=Who"),
            "--columns maps party to the header `Who`, which is not there; the headers are: entry, date, account, amount, who; \
             write it as it stands: party=who",
        ),
        (
            "entry,date,account,amount\n",
            Options { numbers: NumberFormat { decimal_mark: ',', grouping: Some(',') }, ..usd() },
            "`,` cannot be both the decimal mark and the digit grouping; state --decimal-mark and --digit-group",
        ),
        (
            "entry,date,account,amount\n",
            Options { delimiter: Some('"'), ..usd() },
            "`\"` cannot be a delimiter; use one ASCII character that is no quote, letter or digit",
        ),
    ] {
        let (sink, notes) = read(text, &options);
        assert_eq!(notes.map(|_| ()).map_err(|error| error.to_string()), Err(format!("j.csv:1: {message}")), "{text}");
        assert!(sink.items.is_empty() && sink.errors.is_empty(), "{text}");
    }
    let (_, notes) = read([0xff, 0xfe, b'e', 0], &usd());
    assert_eq!(notes.unwrap_err().to_string(), "j.csv:1: the file is UTF-16, expected UTF-8; save it as UTF-8");
    assert!(Columns::parse("acount=x").unwrap_err().starts_with("`acount` is not a field; the fields are entry, date, account,"));
    assert_eq!(Columns::parse("date=x,date=y").unwrap_err(), "`date` is mapped twice");
}

#[test]
fn rows_without_any_currency_are_refused() {
    let (sink, _) = read("entry,date,account,amount\n1,2025-01-31,1,1\n", &Options::default());
    let message = "j.csv:2: the row names no currency; add a currency column, or pass --currency CODE for rows without one";
    assert_eq!(sink.errors[0].to_string(), message);
}

#[test]
fn columns_left_out_are_listed() {
    let (_, notes) = read("entry,date,account,amount,user,posted at\n1,2025-01-31,1,1,me,now\n,,,,,\n", &usd());
    let notes = notes.unwrap();
    assert_eq!(notes.remarks, ["columns not imported: user, posted at (keep one as a tag with --columns \"tag:user=user\")"]);
    assert_eq!(notes.counts.get("empty rows passed over"), Some(&1));
}

#[test]
fn a_sink_that_wants_no_more_stops_the_reader() {
    struct Stopping(u32);
    impl Sink for Stopping {
        fn item(&mut self, _: Item) -> Result<(), Stop> {
            self.0 += 1;
            Err(Stop)
        }
        fn refuse(&mut self, _: SourceError) -> Result<(), Stop> {
            Ok(())
        }
        fn scale_of(&self, _: &str) -> u8 {
            2
        }
    }
    let mut sink = Stopping(0);
    let text = around("b,2025-01-31,1,1,,USD,,,,\nb,,2,,1,USD,,,,").into_bytes();
    let result = csv::read(Box::new(std::io::Cursor::new(text)), "j.csv".into(), &usd(), &mut sink);
    assert!(matches!(result, Err(ReadError::Stopped)) && sink.0 == 1);
}
