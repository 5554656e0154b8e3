//! `ledgerd import`: files that other programs wrote, into the books of an organization.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use ledger_core::Text;
use ledger_core::subledger::{Side, TaxRounding};
use serde_json::json;

use super::complaint::{Complaint, Outcome};
use super::output::{self, Format as Output, FormatArg, plain, print};
use super::progress;
use super::report_items::SideArg;
use super::shell::Shell;
use crate::import::documents::{Amounts, Kind, Settings};
use crate::import::preset::Preset;
use crate::import::run::{Counters, Format, ImportOptions, Mode, SHOWN_MAX, Summary, import};
use crate::import::tabular::{Columns, DateFormat, KeyUse, NumberFormat};

/// Accounts that the table lists before it only counts.
const ACCOUNTS_SHOWN: usize = 40;

/// Arguments of `import`.
#[derive(Debug, Args)]
#[command(after_help = "\
Nothing is written unless the whole file is right; --skip-invalid lets the rest in and writes what was refused to a
rejects file. Importing the same file again posts nothing twice; a killed import goes on where it stopped.

Examples:
  ledgerd import --org acme journal.csv
  ledgerd import --org acme --columns entry=JE,account=Konto,amount=Betrag --date-format %d.%m.%Y --decimal-mark , buchungen.csv
  ledgerd import --org home books.beancount --dry-run
  ledgerd import --org home 2025.journal --skip-virtual
  ledgerd import --org acme --chart accounts.csv journal.csv
  ledgerd import --org acme --from saft ledger.xml
  ledgerd import --org acme --kind invoices --columns number=InvoiceNo,party=Customer,due_date=Due invoices.csv
  ledgerd import --org acme --kind bills --amounts gross bills.jsonl
  ledgerd import --org acme --kind payments --columns pays=InvoiceNo,party=Customer received.csv
  ledgerd import --org acme --from quickbooks --chart accounts.csv Journal.csv
  ledgerd import --org acme --from xero --date-format %m/%d/%Y JournalReport.csv

Invoices and bills have number, party, date, amount, and may have kind (invoice, credit_note, debit_note, order), due_date,
terms, currency, account, description, quantity, unit_price, tax_code, reference, against (what a note takes back), memo,
series, tags, rate or value, deferral_start, deferral_end, deferral_account. A negative total is a credit note, or a refund
among payments. A payment settles the document that it names (settled: how much of it, where
that is in another currency), else what is due first, or nothing with --unapplied.
In JSON lines each object is a document with \"lines\": [{...}, {...}].

The presets quickbooks and xero know the headers, titles, subtotals and totals of those programs' journals. Their
dates are read month first (quickbooks) or day first (xero) unless --date-format says otherwise; totals are held
against the lines above them. Account names there do not tell their types: state them with --chart.")]
pub struct ImportArgs {
    /// Slug of the organization
    #[arg(long, value_name = "SLUG")]
    pub org: String,
    /// What the file is written in; by default its ending tells
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub from: Option<FromArg>,
    /// What the rows of a CSV file or the objects of JSON lines are
    #[arg(long, value_enum, default_value_t, value_name = "KIND")]
    pub kind: DocumentArg,
    /// Whether payments were received or sent
    #[arg(long, value_enum, default_value_t, value_name = "SIDE")]
    pub side: SideArg,
    /// Control account of invoices, bills and payments [default: the side's first one, else 1100 or 2000]
    #[arg(long, value_name = "CODE")]
    pub control_account: Option<String>,
    /// Account of rows that name none: revenue of invoices, expense of bills, bank of payments [default: 4000, 5000, 1000]
    #[arg(long, value_name = "CODE")]
    pub counter_account: Option<String>,
    /// Whether amounts have tax in them; to be stated where there are tax codes
    #[arg(long, value_enum, value_name = "AMOUNTS")]
    pub amounts: Option<AmountsArg>,
    /// Where the tax of documents is rounded
    #[arg(long, value_enum, default_value_t, value_name = "WHERE")]
    pub tax_rounding: TaxRoundingArg,
    /// Leave payments that name no document open, instead of settling what is due first
    #[arg(long)]
    pub unapplied: bool,
    /// Which header stands for which field: field=header,field=header
    #[arg(long, value_name = "MAP", value_parser = Columns::parse)]
    pub columns: Option<Columns>,
    /// How dates are written in CSV and JSON lines, for example %d/%m/%Y [default: %Y-%m-%d; %m/%d/%Y for quickbooks, %d/%m/%Y for xero]
    #[arg(long, value_name = "PATTERN", value_parser = DateFormat::new)]
    pub date_format: Option<DateFormat>,
    /// What separates CSV fields [default: found in the header row]
    #[arg(long, value_name = "CHAR", value_parser = delimiter)]
    pub delimiter: Option<char>,
    /// The decimal mark of CSV and JSON lines amounts
    #[arg(long, value_name = "CHAR", default_value_t = '.')]
    pub decimal_mark: char,
    /// What groups the digits of CSV and JSON lines amounts [default: nothing; a comma for quickbooks and xero]
    #[arg(long, value_name = "CHAR")]
    pub digit_group: Option<char>,
    /// Currency of CSV and JSON lines rows that name none [default: the organization's]
    #[arg(long, value_name = "CODE")]
    pub currency: Option<String>,
    /// What becomes of the entry key of CSV and JSON lines
    #[arg(long, value_enum, default_value_t, value_name = "USE")]
    pub entry_key: KeyArg,
    /// A chart of accounts in CSV, read first
    #[arg(long, value_name = "FILE")]
    pub chart: Option<PathBuf>,
    /// Digits after the point of a commodity that is met for the first time: CODE=DIGITS
    #[arg(long = "commodity", value_name = "CODE=DIGITS", value_parser = commodity)]
    pub commodities: Vec<(Text, u8)>,
    /// Year of journal dates without one [default: the current year]
    #[arg(long, value_name = "YEAR")]
    pub year: Option<i32>,
    /// Leave virtual postings and automated rules out, and count them
    #[arg(long)]
    pub skip_virtual: bool,
    /// Leave the opening balances of SAF-T out: the books have them from an earlier period
    #[arg(long)]
    pub skip_opening: bool,
    /// Post everything in one transaction
    #[arg(long, conflicts_with = "skip_invalid")]
    pub atomic: bool,
    /// Import what is right and write the rest to the rejects file
    #[arg(long)]
    pub skip_invalid: bool,
    /// Pass over entries whose external id is posted already, instead of refusing them
    #[arg(long)]
    pub skip_existing: bool,
    /// Where refused pieces go [default: FILE.rejects and the file's ending]
    #[arg(long, value_name = "FILE", requires = "skip_invalid")]
    pub rejects: Option<PathBuf>,
    /// Only check: nothing is written
    #[arg(long)]
    pub dry_run: bool,
    /// How to print the summary
    #[command(flatten)]
    pub format: FormatArg,
    /// The file; `-` is standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

/// `--from`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FromArg {
    /// A journal in CSV, one row per line
    Csv,
    /// A journal in JSON lines
    Jsonl,
    /// A beancount ledger
    Beancount,
    /// An hledger journal
    Hledger,
    /// A Ledger journal
    Ledger,
    /// A chart of accounts in CSV
    Chart,
    /// SAF-T Financial of Norway
    Saft,
    /// A Journal report of QuickBooks Online in CSV
    Quickbooks,
    /// A Journal Report or manual-journal template of Xero in CSV
    Xero,
}

/// `--kind`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum DocumentArg {
    /// Journal entries, one row per line
    #[default]
    Entries,
    /// Invoices to customers, one row per line: number, party, date, due_date, amount, account
    Invoices,
    /// Bills of vendors, likewise
    Bills,
    /// Payments, one per row: party, date, amount, document (what it pays), account (where the money went)
    Payments,
}

/// `--amounts`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum AmountsArg {
    /// Tax comes on top of them
    Net,
    /// Tax is in them
    Gross,
}

impl From<AmountsArg> for Amounts {
    fn from(arg: AmountsArg) -> Self {
        match arg {
            AmountsArg::Net => Self::Net,
            AmountsArg::Gross => Self::Gross,
        }
    }
}

/// `--tax-rounding`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum TaxRoundingArg {
    /// Each line for itself
    #[default]
    Line,
    /// The sum of each code's bases
    Document,
}

impl From<TaxRoundingArg> for TaxRounding {
    fn from(arg: TaxRoundingArg) -> Self {
        match arg {
            TaxRoundingArg::Line => Self::PerLine,
            TaxRoundingArg::Document => Self::PerDocument,
        }
    }
}

impl From<FromArg> for Format {
    fn from(arg: FromArg) -> Self {
        match arg {
            FromArg::Csv => Self::Csv,
            FromArg::Jsonl => Self::Jsonl,
            FromArg::Beancount => Self::Beancount,
            FromArg::Hledger => Self::Hledger,
            FromArg::Ledger => Self::Ledger,
            FromArg::Chart => Self::Chart,
            FromArg::Saft => Self::Saft,
            FromArg::Quickbooks => Self::Preset(Preset::QuickBooks),
            FromArg::Xero => Self::Preset(Preset::Xero),
        }
    }
}

/// `--entry-key`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum KeyArg {
    /// The entry's external id: it cannot be posted twice, from any file
    #[default]
    ExternalId,
    /// The tag `entry`
    Tag,
    /// Dropped
    Nothing,
}

impl From<KeyArg> for KeyUse {
    fn from(arg: KeyArg) -> Self {
        match arg {
            KeyArg::ExternalId => Self::ExternalId,
            KeyArg::Tag => Self::Tag,
            KeyArg::Nothing => Self::Nothing,
        }
    }
}

fn delimiter(text: &str) -> Result<char, String> {
    match text {
        "tab" | "\\t" | "\t" => Ok('\t'),
        _ => text.parse().map_err(|_| "one character, or `tab`".to_owned()),
    }
}

fn commodity(text: &str) -> Result<(Text, u8), String> {
    let (code, digits) = text.rsplit_once('=').ok_or("expected CODE=DIGITS, for example USD=4")?;
    let digits = digits.parse().ok().filter(|digits| *digits <= ledger_core::limits::SCALE_MAX);
    Ok((code.into(), digits.ok_or("a commodity has 0 to 18 digits after the point")?))
}

pub(super) async fn run(shell: &Shell, args: ImportArgs) -> anyhow::Result<Outcome> {
    let session = shell.connect().await?;
    let organization = session.organization(&args.org).await?;
    let org = session.store.for_org(organization.org);
    let options = options(shell, &args, &organization.functional_currency)?;
    let options = ImportOptions { documents: documents(&org, &args, options.format).await?, ..options };
    if let Some(chart) = &args.chart {
        let options = ImportOptions { format: Format::Chart, rejects: None, documents: None, ..options.clone() };
        let summary = watched(shell, org.clone(), chart.clone(), chart.display().to_string(), options).await?;
        if summary.refused > 0 {
            return show(&args, &summary, None);
        }
    }
    let started = Instant::now();
    let (path, name, _spooled) = source(&args.file)?;
    let summary = watched(shell, org, path, name, options).await?;
    show(&args, &summary, Some(started.elapsed()))
}

fn options(shell: &Shell, args: &ImportArgs, functional: &str) -> anyhow::Result<ImportOptions> {
    let format = args.from.map(Format::from).or_else(|| Format::of_path(&args.file)).ok_or_else(|| {
        Complaint::usage(format!("the ending of {} does not tell what it is written in", args.file.display()))
            .hint("say it with --from csv, jsonl, beancount, hledger, ledger, saft, quickbooks, xero or chart")
    })?;
    let mut options = ImportOptions::new(format);
    options.mode = match (args.atomic, args.skip_invalid) {
        (true, _) => Mode::Atomic,
        (_, true) => Mode::SkipInvalid,
        _ => Mode::Checked,
    };
    options.dry_run = args.dry_run;
    options.rejects = (options.mode == Mode::SkipInvalid).then(|| args.rejects.clone().unwrap_or_else(|| rejects_beside(&args.file)));
    options.commodities.clone_from(&args.commodities);
    options.skip_existing = args.skip_existing;
    options.skip_virtual = args.skip_virtual;
    options.skip_opening = args.skip_opening;
    options.default_year = Some(args.year.unwrap_or_else(|| chrono::Datelike::year(&chrono::Local::now())));
    options.actor = shell.actor();
    options.tabular.columns = args.columns.clone().unwrap_or_default();
    options.tabular.date_format = args.date_format.clone().unwrap_or_default();
    options.tabular.numbers = NumberFormat { decimal_mark: args.decimal_mark, grouping: args.digit_group };
    if let Format::Preset(preset) = format {
        options.tabular.date_format = args.date_format.clone().unwrap_or_else(|| preset.date_format());
        options.tabular.numbers = preset.numbers(args.decimal_mark, args.digit_group);
    }
    options.tabular.delimiter = args.delimiter;
    options.tabular.currency = Some(args.currency.as_deref().unwrap_or(functional).into());
    options.tabular.functional_currency = Some(functional.into());
    options.tabular.key_use = args.entry_key.into();
    Ok(options)
}

/// What the rows are, and which accounts they go to.
async fn documents(org: &ledger_store::OrgStore, args: &ImportArgs, format: Format) -> anyhow::Result<Option<(Kind, Settings)>> {
    let of_documents = args.control_account.is_some() || args.counter_account.is_some() || args.amounts.is_some() || args.unapplied;
    let kind = match args.kind {
        DocumentArg::Entries if of_documents => {
            return Err(Complaint::usage("--control-account, --counter-account, --amounts and --unapplied are for documents")
                .hint("say which with --kind invoices, bills or payments, or leave them out")
                .into());
        }
        DocumentArg::Entries => return Ok(None),
        DocumentArg::Invoices => Kind::Invoices,
        DocumentArg::Bills => Kind::Bills,
        DocumentArg::Payments => Kind::Payments(args.side.into()),
    };
    if !matches!(format, Format::Csv | Format::Jsonl) {
        return Err(Complaint::usage(format!("--kind {} reads CSV and JSON lines only", kind.as_str()))
            .hint("save the file as CSV or JSON lines, or say --from csv or --from jsonl")
            .into());
    }
    let known = || async {
        let book = ledger_store::load::load_book(org).await?.book;
        let of_side = book.controls().find(|(_, side)| *side == kind.side());
        anyhow::Ok(of_side.and_then(|(no, _)| book.account(no)).map(|account| account.code.clone()))
    };
    let usual = match kind.side() {
        Side::Receivable => "1100",
        Side::Payable => "2000",
    };
    let control = match &args.control_account {
        Some(code) => code.as_str().into(),
        None => known().await?.unwrap_or_else(|| usual.into()),
    };
    let counter = args.counter_account.as_deref().unwrap_or(match kind {
        Kind::Invoices => "4000",
        Kind::Bills => "5000",
        Kind::Payments(_) => "1000",
    });
    let settings = Settings {
        amounts: args.amounts.map(Into::into),
        tax_rounding: args.tax_rounding.into(),
        unapplied: args.unapplied,
        ..Settings::new(control, counter)
    };
    Ok(Some((kind, settings)))
}

/// `books.csv` → `books.rejects.csv`.
fn rejects_beside(file: &Path) -> PathBuf {
    if file == Path::new("-") {
        return PathBuf::from("import.rejects");
    }
    match file.extension() {
        Some(ending) => file.with_extension(format!("rejects.{}", ending.to_string_lossy())),
        None => file.with_extension("rejects"),
    }
}

/// Standard input is kept in a file first, because it may be read twice.
fn source(file: &Path) -> anyhow::Result<(PathBuf, String, Option<tempfile::NamedTempFile>)> {
    if file != Path::new("-") {
        return Ok((file.to_owned(), file.display().to_string(), None));
    }
    let mut spooled = tempfile::NamedTempFile::new()?;
    std::io::copy(&mut std::io::stdin().lock(), &mut spooled)?;
    spooled.flush()?;
    Ok((spooled.path().to_owned(), "standard input".to_owned(), Some(spooled)))
}

/// Imports, and shows how far it has come.
pub(super) async fn watched(
    shell: &Shell,
    org: ledger_store::OrgStore,
    path: PathBuf,
    name: String,
    options: ImportOptions,
) -> anyhow::Result<Summary> {
    let counters = Arc::new(Counters::default());
    let bar = progress::counter(shell.global.quiet, "checking");
    let watch = {
        let (bar, counters) = (bar.clone(), Arc::clone(&counters));
        tokio::spawn(async move {
            loop {
                bar.set_message(if counters.is_posting() { "posting" } else { "checking" });
                bar.set_position(counters.entries());
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        })
    };
    let summary = import(org, path, name, options, counters).await;
    watch.abort();
    bar.finish_and_clear();
    Ok(summary?)
}

fn show(args: &ImportArgs, summary: &Summary, took: Option<Duration>) -> anyhow::Result<Outcome> {
    print(&match args.format.format {
        Output::Json => output::json(&as_json(summary)),
        Output::Csv => as_csv(summary)?,
        Output::Table => as_text(args, summary, took),
    })?;
    Ok(if summary.refused > 0 { Outcome::Failed } else { Outcome::Done })
}

fn as_text(args: &ImportArgs, summary: &Summary, took: Option<Duration>) -> String {
    use std::fmt::Write as _;
    let mut text = String::new();
    for refusal in &summary.refusals {
        let _ = writeln!(text, "{refusal}");
    }
    if summary.refused > summary.refusals.len() as u64 {
        let _ = writeln!(text, "... and {} more", summary.refused - summary.refusals.len() as u64);
    }
    if !text.is_empty() {
        text.push('\n');
    }
    let verb = match (summary.dry_run, summary.nothing_written) {
        (true, _) => "Would post",
        (_, true) => "Nothing was written; the file has",
        _ => "Posted",
    };
    let entries = |count| counted(args.kind, count);
    let _ = write!(text, "{verb} {} with {} lines", entries(summary.posted), summary.lines);
    if let Some(took) = took.filter(|_| summary.posted > 0 && !summary.nothing_written && !summary.dry_run) {
        let per_second = u128::from(summary.posted) * 1_000_000 / took.as_micros().max(1);
        let _ = write!(text, " in {:.1?} ({per_second}/s), seq {} to {}", took, summary.seqs.0 + 1, summary.seqs.1);
    }
    text.push_str(".\n");
    if summary.already > 0 {
        let _ = writeln!(text, "Already in the books: {}.", entries(summary.already));
    }
    if summary.refused > 0 {
        let _ = write!(text, "Refused in all: {}", summary.refused);
        match &summary.rejects {
            Some(path) => {
                let _ = writeln!(text, ". Mend them in {} and import that file.", path.display());
            }
            None if summary.nothing_written => text.push_str(". Mend the file, or let the rest in with --skip-invalid.\n"),
            None => text.push_str(".\n"),
        }
    }
    totals_text(&mut text, args.kind, summary);
    opened_text(&mut text, summary);
    if summary.parties > 0 {
        let _ = writeln!(text, "Parties registered: {}.", summary.parties);
    }
    if summary.unapplied > 0 {
        let _ = writeln!(text, "Payments of what was settled already, left open: {}.", summary.unapplied);
    }
    if summary.rates > 0 {
        let _ = writeln!(text, "Rates recorded: {}.", summary.rates);
    }
    for (what, count) in &summary.notes.counts {
        let _ = writeln!(text, "{}: {count}.", capitalised(what));
    }
    for remark in &summary.notes.remarks {
        let _ = writeln!(text, "Note: {remark}.");
    }
    if summary.refused == 0 && !summary.dry_run {
        let report = if args.kind == DocumentArg::Entries { "trial-balance" } else { "aging" };
        let _ = writeln!(text, "Next: ledgerd report {report} --org {}", args.org);
    }
    text
}

/// "1 entry", "3 documents", as what is imported is called.
fn counted(kind: DocumentArg, count: u64) -> String {
    let (one, many) = match kind {
        DocumentArg::Entries => ("entry", "entries"),
        DocumentArg::Invoices | DocumentArg::Bills => ("document", "documents"),
        DocumentArg::Payments => ("payment", "payments"),
    };
    format!("{count} {}", if count == 1 { one } else { many })
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

fn totals_text(text: &mut String, kind: DocumentArg, summary: &Summary) {
    use std::fmt::Write as _;
    let Some(totals) = &summary.notes.totals else { return };
    let _ = write!(text, "Control totals of the file: {}, {} lines", counted(kind, totals.entries), totals.lines);
    if let (Some(first), Some(last)) = (totals.first_date, totals.last_date) {
        let _ = write!(text, ", {first} to {last}");
    }
    text.push_str(".\n");
    for (currency, sides) in &totals.currencies {
        let (debit, credit) = (plain(sides.debit, sides.scale), plain(sides.credit, sides.scale));
        let _ = writeln!(text, "  {currency}: debits {debit}, credits {credit}");
    }
}

fn opened_text(text: &mut String, summary: &Summary) {
    use std::fmt::Write as _;
    if !summary.commodities.is_empty() {
        let list: Vec<String> = summary.commodities.iter().map(|(code, scale)| format!("{code:?} ({scale} digits)")).collect();
        let _ = writeln!(text, "Commodities defined: {}.", list.join(", "));
    }
    if summary.opened.is_empty() {
        return;
    }
    let inferred = summary.opened.iter().filter(|account| account.inferred).count();
    if inferred == 0 {
        let _ = writeln!(text, "Accounts opened: {}.", summary.opened.len());
        return;
    }
    let _ = writeln!(text, "Accounts opened: {}, of which {inferred} with a type read off the name:", summary.opened.len());
    for account in summary.opened.iter().filter(|account| account.inferred).take(ACCOUNTS_SHOWN) {
        let _ = writeln!(text, "  {} as {} ({})", account.code, account.kind.as_str(), account.sub_type.as_str());
    }
    if inferred > ACCOUNTS_SHOWN {
        let _ = writeln!(text, "  ... and {} more (--format json lists all)", inferred - ACCOUNTS_SHOWN);
    }
}

fn as_csv(summary: &Summary) -> anyhow::Result<String> {
    let row = |summary: &Summary| {
        [summary.posted, summary.lines, summary.already, summary.refused, summary.rates, summary.opened.len() as u64].map(|n| n.to_string())
    };
    output::csv(&["posted", "lines", "already", "refused", "rates", "accounts_opened"], [row(summary)])
}

fn as_json(summary: &Summary) -> serde_json::Value {
    let accounts = summary.opened.iter().map(|account| {
        json!({ "account": account.code.as_str(), "type": account.kind.as_str(), "sub_type": account.sub_type.as_str(), "inferred": account.inferred })
    });
    let refusals = summary.refusals.iter().map(|error| {
        json!({
            "file": error.place.file.as_ref(), "line": error.place.line, "column": error.place.column,
            "problem": error.problem, "found": error.found, "remedy": error.remedy,
        })
    });
    let totals = summary.notes.totals.as_ref().map(|totals| {
        let currencies = totals.currencies.iter().map(|(code, sides)| {
            (code.to_string(), json!({ "debit": plain(sides.debit, sides.scale), "credit": plain(sides.credit, sides.scale) }))
        });
        json!({
            "entries": totals.entries, "lines": totals.lines,
            "first_date": totals.first_date.map(|date| date.to_string()), "last_date": totals.last_date.map(|date| date.to_string()),
            "currencies": currencies.collect::<serde_json::Map<_, _>>(),
        })
    });
    json!({
        "posted": summary.posted, "lines": summary.lines, "already": summary.already, "refused": summary.refused,
        "refusals": refusals.collect::<Vec<_>>(), "refusals_shown_at_most": SHOWN_MAX,
        "dry_run": summary.dry_run, "nothing_written": summary.nothing_written,
        "first_seq": summary.seqs.0 + 1, "last_seq": summary.seqs.1,
        "accounts_opened": accounts.collect::<Vec<_>>(),
        "commodities_defined": summary.commodities.iter().map(|(code, scale)| json!({ "code": code.as_str(), "scale": scale })).collect::<Vec<_>>(),
        "rates": summary.rates, "parties": summary.parties, "unapplied": summary.unapplied, "counts": summary.notes.counts, "remarks": summary.notes.remarks, "control_totals": totals,
        "rejects_file": summary.rejects.as_ref().map(|path| path.display().to_string()),
    })
}
