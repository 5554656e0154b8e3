//! Journals as QuickBooks Online and Xero export them: what is read, what ties out, what is refused and with which words.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod books;

use ledger_api::import::preset::{self, Preset};
use ledger_api::import::run::{Format, ImportOptions, Mode};
use ledger_api::import::source::{Collected, Item, ReadError, SourceNotes};
use ledger_api::import::tabular::{Columns, DateFormat, KeyUse, Options};
use ledger_core::book::Valuation;
use ledger_core::{AccountRef, DraftEntry, DraftLine};

use Preset::{QuickBooks, Xero};

const QB_HEAD: &str = "\
Journal,,,,,,,,\r\n\
Juniper Lane Bakery,,,,,,,,\r\n\
\"January 1 - February 28, 2025\",,,,,,,,\r\n\
\r\n\
,Date,Transaction Type,Num,Name,Memo/Description,Account,Debit,Credit\r\n";

/// Three entries, grouped: only the first row of each says date, type and number.
const QB_BODY: &str = "\
,02/01/2025,Invoice,1041,Corner Cafe,,Accounts Receivable (A/R),\"$1,250.00\",\r\n\
,,,,Corner Cafe,Bread for January,Sales of Bread,,\"$1,200.00\"\r\n\
,,,,Corner Cafe,,Sales Tax Payable,,50.00\r\n\
,,,,,,,\"$1,250.00\",\"$1,250.00\"\r\n\
,,,,,,,,\r\n\
,02/03/2025,Check,,Mill & Sons,\"Flour, 40 sacks\",Supplies:Flour,480.5,\r\n\
,,,,,,Checking,,480.50\r\n\
,,,,,,,$480.50,$480.50\r\n\
,02/03/2025,Journal Entry,7,,Refund of a deposit,Checking,,($20.00)\r\n\
,,,,,,Deposits Held,,20.00\r\n\
,,,,,,,$0.00,$0.00\r\n";

const QB_END: &str = "\
TOTAL,,,,,,,\"$1,730.50\",\"$1,730.50\"\r\n\
\r\n\
\"Saturday, Mar 01, 2025 09:30:00 AM GMT-8 - Accrual Basis\",,,,,,,,\r\n";

fn quickbooks() -> String {
    format!("{QB_HEAD}{QB_BODY}{QB_END}")
}

fn options(preset: Preset) -> Options {
    Options {
        currency: Some("USD".into()),
        functional_currency: Some("USD".into()),
        date_format: preset.date_format(),
        numbers: preset.numbers('.', None),
        keep_text: true,
        ..Options::default()
    }
}

fn read_with(text: &str, preset: Preset, options: &Options) -> (Collected, Result<SourceNotes, ReadError>) {
    let mut sink = Collected::default();
    let input = Box::new(std::io::Cursor::new(text.as_bytes().to_vec()));
    let notes = preset::read(input, "j.csv".into(), preset, options, &mut sink);
    (sink, notes)
}

fn read(text: &str, preset: Preset) -> (Collected, SourceNotes) {
    let (sink, notes) = read_with(text, preset, &options(preset));
    (sink, notes.unwrap())
}

fn show_line(line: &DraftLine) -> String {
    let AccountRef::Code(account) = &line.account else { panic!("importers name accounts by code") };
    let mut out = format!("{account} {}", line.amount.normalize());
    if line.currency != "USD" {
        out.push_str(&format!(" {} ={}", line.currency, line.functional.unwrap()));
    }
    let Some(detail) = &line.detail else { return out };
    for (name, text) in [("party", &detail.party), ("doc", &detail.document), ("tax", &detail.tax_code), ("memo", &detail.memo)] {
        if let Some(text) = text {
            out.push_str(&format!(" {name}:{text}"));
        }
    }
    for (key, value) in &detail.tags {
        out.push_str(&format!(" #{key}={value}"));
    }
    out
}

fn show(draft: &DraftEntry) -> String {
    let lines: Vec<String> = draft.lines.iter().map(show_line).collect();
    let id = draft.external_id.as_ref().map(|id| format!(" [{id}]")).unwrap_or_default();
    format!("{}{id} {} | {}", draft.effective_date, draft.description, lines.join(" | "))
}

fn entries(sink: &Collected) -> Vec<String> {
    let draft = |item: &Item| match item {
        Item::Entry(entry) => Some(show(&entry.draft)),
        _ => None,
    };
    sink.items.iter().filter_map(draft).collect()
}

fn errors(sink: &Collected) -> Vec<String> {
    sink.errors.iter().map(ToString::to_string).collect()
}

const QB_ENTRIES: [&str; 3] = [
    "2025-02-01 Invoice 1041 | Accounts Receivable (A/R) 1250 party:Corner Cafe doc:1041 #type=Invoice \
     | Sales of Bread -1200 party:Corner Cafe doc:1041 memo:Bread for January #type=Invoice \
     | Sales Tax Payable -50 party:Corner Cafe doc:1041 #type=Invoice",
    "2025-02-03 Check | Supplies:Flour 480.5 party:Mill & Sons memo:Flour, 40 sacks #type=Check | Checking -480.5 #type=Check",
    "2025-02-03 Journal Entry 7 | Checking 20 doc:7 memo:Refund of a deposit #type=Journal Entry \
     | Deposits Held -20 doc:7 #type=Journal Entry",
];

#[test]
fn a_quickbooks_journal_however_it_was_saved() {
    let text = quickbooks();
    for (name, text) in [
        ("as exported", text.clone()),
        ("line feeds", text.replace("\r\n", "\n")),
        ("carriage returns", text.replace("\r\n", "\r")),
        ("a byte order mark", format!("\u{feff}{text}")),
        (
            "no titles",
            text.replace(QB_HEAD, QB_HEAD.lines().last().unwrap()).replace("Credit,02", "Credit\r\n,02").replacen(
                "Credit",
                "Credit\r\n",
                1,
            ),
        ),
        ("no subtotals", text.lines().filter(|row| !row.starts_with(",,,,,,,")).map(|row| format!("{row}\r\n")).collect()),
    ] {
        let (sink, notes) = read(&text, QuickBooks);
        assert_eq!(errors(&sink), Vec::<String>::new(), "{name}");
        assert_eq!(entries(&sink), QB_ENTRIES, "{name}");
        assert_eq!(notes.counts.get("totals that tie out"), Some(&1), "{name}");
        let subtotals = if name == "no subtotals" { None } else { Some(&3) };
        assert_eq!(notes.counts.get("subtotals that tie out"), subtotals, "{name}");
        let totals = notes.totals.unwrap();
        assert_eq!((totals.entries, totals.lines, totals.currencies["USD"].debit), (3, 7, 173_050), "{name}");
    }
}

#[test]
fn other_quickbooks_layouts() {
    let base = options(QuickBooks);
    let stated = |text| Options { columns: Columns::parse(text).unwrap(), ..base.clone() };
    let cases: [(&str, &str, Options, &[&str]); 7] = [
        (
            "every row repeats what the entry says; subtotals part entries that look alike",
            "Transaction date,Transaction type,Num,Name,Description,Account full name,Debit,Credit\n\
             03/01/2025,Deposit,,,a,Checking,5.00,\n03/01/2025,Deposit,,,b,Sales,,5.00\n,,,,,,5.00,5.00\n\
             03/01/2025,Deposit,,,c,Checking,6.00,\n03/01/2025,Deposit,,,d,Sales,,6.00\nTotal for Deposit,,,,,,6.00,6.00\nTOTAL,,,,,,11.00,11.00\n",
            base.clone(),
            &[
                "2025-03-01 Deposit | Checking 5 memo:a #type=Deposit | Sales -5 memo:b #type=Deposit",
                "2025-03-01 Deposit | Checking 6 memo:c #type=Deposit | Sales -6 memo:d #type=Deposit",
            ],
        ),
        (
            "grouped entries that look alike, without subtotals",
            "Date,Transaction Type,Num,Account,Debit,Credit\n\
             03/01/2025,Deposit,,Checking,5.00,\n,,,Sales,,5.00\n03/01/2025,Deposit,,Checking,6.00,\n,,,Sales,,6.00\n",
            base.clone(),
            &[
                "2025-03-01 Deposit | Checking 5 #type=Deposit | Sales -5 #type=Deposit",
                "2025-03-01 Deposit | Checking 6 #type=Deposit | Sales -6 #type=Deposit",
            ],
        ),
        (
            "numbered transactions, account numbers, class and location",
            "Trans #,Date,Transaction Type,Account #,Account,Class,Location,Debit,Credit\n\
             88,03/01/2025,Expense,6100,Rent,Shop,North,5.00,\n88,03/01/2025,Expense,1000,Checking,,,,5.00\n",
            base.clone(),
            &["2025-03-01 [quickbooks:88] Expense | 6100 5 #type=Expense #class=Shop #location=North | 1000 -5 #type=Expense"],
        ),
        (
            "foreign amounts beside the home ones",
            "Date,Transaction Type,Num,Account,Currency,Foreign Debit,Foreign Credit,Debit,Credit\n\
             03/01/2025,Invoice,9,Receivable EUR,EUR,100.00,,110.00,\n,,,Sales,EUR,,100.00,,110.00\n,,,,,,,110.00,110.00\n",
            base.clone(),
            &["2025-03-01 Invoice 9 | Receivable EUR 100 EUR =110.00 doc:9 #type=Invoice | Sales -100 EUR =-110.00 doc:9 #type=Invoice"],
        ),
        (
            "voided: lines without amounts",
            "Date,Transaction Type,Num,Account,Debit,Credit\n03/01/2025,Check,3,Checking,,\n,,,Rent,,\n03/02/2025,Check,4,Rent,1.00,\n,,,Checking,,1.00\n",
            base.clone(),
            &["2025-03-02 Check 4 | Rent 1 doc:4 #type=Check | Checking -1 doc:4 #type=Check"],
        ),
        (
            "the date order is what the caller states",
            "Date,Account,Debit,Credit\n03/04/2025,Rent,1.00,\n,Checking,,1.00\n",
            Options { date_format: DateFormat::new("%d/%m/%Y").unwrap(), ..base.clone() },
            &["2025-04-03  | Rent 1 | Checking -1"],
        ),
        (
            "headers in other words",
            "Fecha,Cuenta,Debe,Haber,Proyecto\n03/04/2025,Rent,1.00,,North\n,Checking,,1.00,\n",
            stated("date=Fecha,account=Cuenta,debit=Debe,credit=Haber,tag:project=Proyecto"),
            &["2025-03-04  | Rent 1 #project=North | Checking -1"],
        ),
    ];
    for (name, text, options, expected) in cases {
        let (sink, notes) = read_with(text, QuickBooks, &options);
        notes.unwrap();
        assert_eq!(errors(&sink), Vec::<String>::new(), "{name}");
        assert_eq!(entries(&sink), expected, "{name}");
    }
    let tagged = Options { key_use: KeyUse::Tag, ..base };
    let text = "Trans #,Date,Account,Debit,Credit\n88,03/01/2025,Rent,5.00,\n,,Checking,,5.00\n";
    let (sink, _) = read_with(text, QuickBooks, &tagged);
    let Some(Item::Entry(entry)) = sink.items.last() else { panic!("one entry") };
    assert_eq!((entry.draft.external_id.as_deref(), entry.draft.tags[0].1.as_str()), (None, "88"));
}

const XERO_TEMPLATE: &str = "\
*Narration,*Date,Description,*AccountCode,*TaxRate,*Amount,TrackingName1,TrackingOption1,TrackingName2,TrackingOption2
Accrued power,31/01/2025,January,445,Tax Exempt,\"1,150.25\",Region,North,,
Accrued power,31/01/2025,January,801,Tax Exempt,-1150.25,,,,
Prepaid rent,1 Feb 2025,,620,,300.00,Region,South,Site,Mill
,,,469,,-300.00,,,,
";

const XERO_REPORT: &str = "\
Journal Report,,,,,,,,,
Harbour Tools Ltd,,,,,,,,,
For the period 1 February 2025 to 28 February 2025,,,,,,,,,

Journal #,Date,Source,Contact,Reference,Description,Account Code,Account,Debit,Credit
2210,3 Feb 2025,Receivable Invoice,Dock 9,INV-77,Two vices,610,Accounts Receivable,230.00,
2210,3 Feb 2025,Receivable Invoice,Dock 9,INV-77,Two vices,200,Sales,,200.00
2210,3 Feb 2025,Receivable Invoice,Dock 9,INV-77,GST,820,GST,,30.00
Total,,,,,,,,230.00,230.00
2211,04/02/2025,Spend Money,,,Fees,404,Bank Fees,12.50,
2211,04/02/2025,Spend Money,,,Fees,,Main Account,,12.50
Total,,,,,,,,12.50,12.50
Total,,,,,,,,242.50,242.50
";

#[test]
fn xero_exports() {
    let (sink, _) = read(XERO_TEMPLATE, Xero);
    assert_eq!(errors(&sink), Vec::<String>::new());
    let template = [
        "2025-01-31 Accrued power | 445 1150.25 tax:Tax Exempt memo:January #Region=North | 801 -1150.25 tax:Tax Exempt memo:January",
        "2025-02-01 Prepaid rent | 620 300 #Region=South #Site=Mill | 469 -300",
    ];
    assert_eq!(entries(&sink), template);

    let (sink, notes) = read(XERO_REPORT, Xero);
    assert_eq!(errors(&sink), Vec::<String>::new());
    let report = [
        "2025-02-03 [xero:2210] Receivable Invoice INV-77 | 610 230 party:Dock 9 doc:INV-77 memo:Two vices #type=Receivable Invoice \
         | 200 -200 party:Dock 9 doc:INV-77 memo:Two vices #type=Receivable Invoice \
         | 820 -30 party:Dock 9 doc:INV-77 memo:GST #type=Receivable Invoice",
        "2025-02-04 [xero:2211] Spend Money | 404 12.5 memo:Fees #type=Spend Money | Main Account -12.5 memo:Fees #type=Spend Money",
    ];
    assert_eq!(entries(&sink), report);
    assert_eq!((notes.counts["subtotals that tie out"], notes.counts["totals that tie out"]), (2, 1));
    let names = sink.items.iter().filter_map(|item| match item {
        Item::Account(decl) => Some(format!("{} {}", decl.code, decl.name.as_deref().unwrap_or(""))),
        _ => None,
    });
    assert_eq!(names.collect::<Vec<_>>(), ["610 Accounts Receivable", "200 Sales", "820 GST", "404 Bank Fees"]);
}

#[test]
fn what_does_not_tie_out_is_refused_with_both_figures() {
    let report = quickbooks();
    // The sample, what is changed in it, how many entries are left, the refusal.
    let cases = [
        (
            QuickBooks,
            report.as_str(),
            ",,,,,,,$480.50,$480.50",
            ",,,,,,,$480.50,$481.50",
            2,
            "j.csv:13:8: the subtotal does not tie out: the lines of its entry sum to debits 480.5 and credits 480.50, found `$480.50 and \
             $481.50`; export the report again; a line may be missing or changed",
        ),
        (
            QuickBooks,
            &report,
            "TOTAL,,,,,,,\"$1,730.50\"",
            "TOTAL,,,,,,,\"$1,730.05\"",
            3,
            "j.csv:17:13: the total does not tie out: the lines above it sum to debits 1730.5 and credits 1730.50, found `$1,730.05 and \
             $1,730.50`; export the report again; a line may be missing or changed",
        ),
        (QuickBooks, &report, ",,,,,,Checking,,480.50\r\n", "", 2, "the subtotal does not tie out"),
        (QuickBooks, &report, "02/03/2025,Check", "13/02/2025,Check", 2, "expected a date as %m/%d/%Y"),
        (QuickBooks, &report, "02/03/2025,Check", ",Check", 2, "the entry has no date"),
        (QuickBooks, &report, "480.5,\r", "4l0.5,\r", 2, "expected a number like 1234.50"),
        (QuickBooks, &report, "480.5,\r", "€480.5,\r", 2, "without a currency"),
        (QuickBooks, &report, "\"$1,250.00\",\r\n", "$1,250.00,\r\n", 2, "the row has a debit and a credit"),
        (QuickBooks, &report, ",,,,,,Checking,,480.50", ",,,,,,,,480.50", 2, "the row has an amount and no account"),
        (QuickBooks, &report, "Checking,,480.50", "Checking,,480.50,x", 2, "the row has more fields than the header, found `x`"),
        (QuickBooks, &report, "Checking,,480.50", "Checking,1.00,480.50", 2, "the row has a debit and a credit"),
        (QuickBooks, &report, ",,,,,,Checking,,480.50", ",,,,,,Checking\"x\",,480.50", 3, ""),
        (QuickBooks, &report, ",,,,,,Checking,,480.50", ",,,,,,\"Checking\"x,,480.50", 2, "behind a closing quote"),
        (QuickBooks, &report, ",02/03/2025,Check,,Mill & Sons", ",,,,Mill & Sons", 2, "the line belongs to no entry"),
        (QuickBooks, &report, ",,,,,,,,\r\n,02/03", ",02/02/2025,Check,,,lost,,,\r\n,02/03", 3, "the row has neither account nor amount"),
        (Xero, XERO_REPORT, "Total,,,,,,,,12.50,12.50", "Total,,,,,,,,12.50,13.50", 1, "the subtotal does not tie out"),
        (Xero, XERO_REPORT, "242.50,242.50", "242.50,242.00", 2, "the total does not tie out"),
        (
            Xero,
            XERO_REPORT,
            "3 Feb 2025,Receivable Invoice,Dock 9,INV-77,GST",
            "4 Feb 2025,x,Dock 9,INV-77,GST",
            1,
            "the rows of an entry have one date",
        ),
        (Xero, XERO_REPORT, "2211,04/02/2025,Spend Money,,,Fees,,Main", "2210,04/02/2025,Spend Money,,,Fees,,Main", 2, "comes again"),
        (Xero, XERO_TEMPLATE, "-300.00", "-3OO.00", 1, "expected a number"),
    ];
    let mut wrong = Vec::new();
    for (preset, sample, from, to, left, expected) in cases {
        assert!(sample.contains(from), "{from}");
        let (sink, _) = read(&sample.replacen(from, to, 1), preset);
        let told = errors(&sink);
        let as_expected = if expected.is_empty() { told.is_empty() } else { told.iter().any(|error| error.contains(expected)) };
        if entries(&sink).len() != left || !as_expected {
            wrong.push(format!("{to:?}: {} entries, {told:#?}", entries(&sink).len()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn headers_that_will_not_do() {
    for (preset, text, problem) in [
        (QuickBooks, "", "the file is empty"),
        (QuickBooks, "Journal\nJuniper\n", "has columns for a date, an account, debit and credit"),
        (QuickBooks, "Date,Account,Amount\n01/02/2025,a,1\n", "has columns for debit and credit; the headers are: Date, Account, Amount"),
        (Xero, "Date,Source,Description,Account,Debit,Credit\n", "nothing says which rows are one journal"),
        (QuickBooks, "Date,Account,Debit,Credit,Debit\n", "two columns are headed as debit"),
    ] {
        let (_, result) = read_with(text, preset, &options(preset));
        let error = result.unwrap_err().to_string();
        assert!(error.contains(problem), "{text:?}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_goes_into_the_books_once_and_its_rejects_come_back() {
    let shelf = books::shelf().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("Journal.csv");
    let org = shelf.begin("bakery", Valuation::Required).await;
    let options = ImportOptions { tabular: options(QuickBooks), ..ImportOptions::new(Format::Preset(QuickBooks)) };

    std::fs::write(&path, quickbooks().replacen("Checking,,480.50", "Checking,,408.50", 1)).unwrap();
    let refused = books::bring_in(&org, &path, &options).await.unwrap();
    assert_eq!((refused.posted, refused.nothing_written), (2, true), "{:?}", refused.refusals);

    let rejects = folder.path().join("rejects.csv");
    let skipping = ImportOptions { mode: Mode::SkipInvalid, rejects: Some(rejects.clone()), ..options.clone() };
    let partly = books::bring_in(&org, &path, &skipping).await.unwrap();
    assert_eq!((partly.posted, partly.refused), (2, 2), "the entry and the total: {:?}", partly.refusals);
    let mended = std::fs::read_to_string(&rejects).unwrap().replacen("408.50", "480.50", 1);
    std::fs::write(&rejects, &mended).unwrap();
    let rest = books::bring_in(&org, &rejects, &options).await.unwrap();
    assert_eq!((rest.posted, rest.refused), (1, 0), "{mended}\n{:?}", rest.refusals);
    let again = books::bring_in(&org, &rejects, &options).await.unwrap();
    assert_eq!((again.posted, again.already), (0, 1));
    assert_eq!(books::entries(&books::history(&org).await), 3);
}
