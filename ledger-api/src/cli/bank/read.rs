//! `ledgerd bank read`: statements that banks wrote, read and held against their own balances. No database is touched.

use std::io::Read;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use crate::bank::{Balance, BankFile, BankFormat, FILE_BYTES_MAX, Refused, Statement, Verdict, read};
use crate::cli::complaint::Outcome;
use crate::cli::output::{self, Format, FormatArg, Sheet, number, print, text};
use crate::import::source::{Place, SourceError};

/// Arguments of `bank read`.
#[derive(Debug, Args)]
#[command(after_help = "\
Nothing is posted, and nothing that does not add up is mended. Exit code: 1 when a statement does not reconcile, a file
is refused, or a piece of it was left out.

Examples:
  ledgerd bank read january.xml february.sta
  ledgerd bank read --format csv card.ofx > lines.csv")]
pub struct ReadArgs {
    /// What the files are written in; by default their content tells
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub from: Option<FromArg>,
    /// How to print the result
    #[command(flatten)]
    pub format: FormatArg,
    /// The files; `-` is standard input
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
}

/// `--from`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FromArg {
    /// ISO 20022 bank to customer statement
    Camt053,
    /// Open Financial Exchange
    Ofx,
    /// SWIFT customer statement message
    Mt940,
}

impl From<FromArg> for BankFormat {
    fn from(arg: FromArg) -> Self {
        match arg {
            FromArg::Camt053 => Self::Camt053,
            FromArg::Ofx => Self::Ofx,
            FromArg::Mt940 => Self::Mt940,
        }
    }
}

/// A file and what came of it.
type ReadFile = (String, Result<BankFile, Refused>);

pub(super) fn run(args: &ReadArgs) -> anyhow::Result<Outcome> {
    let files: Vec<ReadFile> = args.files.iter().map(|path| read_file(path, args.from.map(BankFormat::from))).collect();
    let complaints = files.iter().flat_map(|(_, file)| match file {
        Ok(file) => file.left_out.iter().chain(file.statements.iter().flat_map(|statement| &statement.notes)).collect::<Vec<_>>(),
        Err(Refused(errors)) => errors.iter().collect(),
    });
    if args.format.format != Format::Json {
        complaints.for_each(|complaint| eprintln!("{complaint}"));
    }
    print(&match args.format.format {
        Format::Table => as_text(&files),
        Format::Csv => as_csv(&files)?,
        Format::Json => output::json(&json!({ "files": files.iter().map(as_json).collect::<Vec<_>>() })),
    })?;
    Ok(if files.iter().all(is_right) { Outcome::Done } else { Outcome::Failed })
}

fn is_right((_, file): &ReadFile) -> bool {
    let agrees = |statement: &Statement| matches!(statement.reconcile().verdict, Verdict::Reconciles | Verdict::NotStated);
    file.as_ref().is_ok_and(|file| file.left_out.is_empty() && file.statements.iter().all(agrees))
}

fn read_file(path: &Path, format: Option<BankFormat>) -> ReadFile {
    let (name, bytes) = bytes_of(path);
    let file = bytes.and_then(|bytes| read(&bytes, &name, format));
    (name, file)
}

/// What messages call a file, and its bytes.
pub(super) fn bytes_of(path: &Path) -> (String, Result<Vec<u8>, Refused>) {
    let name = if path == Path::new("-") { "standard input".to_owned() } else { path.display().to_string() };
    let mut bytes = Vec::new();
    let taken = if path == Path::new("-") {
        std::io::stdin().lock().take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes))
    };
    let refused = |error: std::io::Error| {
        let place = Place { file: name.as_str().into(), line: 0, column: 0 };
        let problem = format!("the file cannot be read: {error}");
        Refused(vec![SourceError { place, problem, found: None, remedy: None, text: None }])
    };
    let bytes = taken.map(|_| bytes).map_err(refused);
    (name, bytes)
}

pub(super) fn verdict(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Differs(by) => format!("no, off by {by}"),
        Verdict::Currencies(currencies) => format!("no, in {}", currencies.join(" and ")),
        other => other.as_str().to_owned(),
    }
}

pub(super) fn balance(balance: Option<&Balance>, currency: &str) -> String {
    match balance {
        None => String::new(),
        Some(balance) if balance.currency == currency => balance.amount.to_string(),
        Some(balance) => format!("{} {}", balance.amount, balance.currency),
    }
}

fn as_text(files: &[ReadFile]) -> String {
    let mut shown = String::new();
    for (name, file) in files {
        let Ok(file) = file else { continue };
        let columns = [text("Statement"), text("Account"), number("Opening"), number("Lines"), number("Booked"), number("Closing")];
        let mut sheet = Sheet::new(columns.into_iter().chain([text("Currency"), text("Reconciles")]));
        for statement in &file.statements {
            let found = statement.reconcile();
            sheet.row([
                statement.id.to_string(),
                statement.account.to_string(),
                balance(statement.opening.as_ref(), &statement.currency),
                statement.lines.len().to_string(),
                found.booked.to_string(),
                balance(statement.closing.as_ref(), &statement.currency),
                statement.currency.to_string(),
                verdict(&found.verdict),
            ]);
        }
        shown.push_str(&format!("{name} ({})\n{}\n", file.format.as_str(), sheet.render()));
    }
    shown
}

fn as_csv(files: &[ReadFile]) -> anyhow::Result<String> {
    let header = [
        "file",
        "line",
        "statement",
        "account",
        "date",
        "value_date",
        "amount",
        "currency",
        "counterparty",
        "counterparty_account",
        "reference",
        "end_to_end",
        "text",
        "status",
    ];
    let rows = files.iter().filter_map(|(name, file)| Some((name, file.as_ref().ok()?))).flat_map(|(name, file)| {
        let lines = file.statements.iter().flat_map(|statement| statement.lines.iter().map(move |line| (statement, line)));
        lines.map(move |(statement, line)| {
            let or_empty = |text: &Option<ledger_core::Text>| text.as_deref().unwrap_or_default().to_owned();
            [
                name.clone(),
                line.line.to_string(),
                statement.id.to_string(),
                statement.account.to_string(),
                line.date.to_string(),
                line.value_date.map(|date| date.to_string()).unwrap_or_default(),
                line.amount.to_string(),
                line.currency.to_string(),
                or_empty(&line.counterparty),
                or_empty(&line.counterparty_account),
                or_empty(&line.reference),
                or_empty(&line.end_to_end),
                line.text.to_string(),
                line.status.as_str().to_owned(),
            ]
        })
    });
    output::csv(&header, rows)
}

fn as_json((name, file): &ReadFile) -> Value {
    let told = |errors: &[SourceError]| -> Vec<Value> {
        let one = |error: &SourceError| json!({ "line": error.place.line, "problem": error.problem, "found": error.found, "remedy": error.remedy });
        errors.iter().map(one).collect()
    };
    match file {
        Err(Refused(errors)) => json!({ "file": name, "refused": told(errors) }),
        Ok(file) => {
            let statements = file.statements.iter().map(|statement| {
                let mut value = statement_json(statement);
                value["notes"] = told(&statement.notes).into();
                value
            });
            json!({
                "file": name, "format": file.format.as_str(), "statements": statements.collect::<Vec<_>>(),
                "left_out": told(&file.left_out),
            })
        }
    }
}

fn statement_json(statement: &Statement) -> Value {
    let found = statement.reconcile();
    let stated = |balance: &Balance| {
        json!({
            "type": balance.kind.as_str(), "amount": balance.amount.to_string(), "currency": balance.currency.as_str(),
            "date": balance.date.map(|date| date.to_string()), "line": balance.line,
        })
    };
    let lines = statement.lines.iter().map(|line| {
        json!({
            "line": line.line, "date": line.date.to_string(), "value_date": line.value_date.map(|date| date.to_string()),
            "amount": line.amount.to_string(), "currency": line.currency.as_str(), "counterparty": line.counterparty.as_deref(),
            "counterparty_account": line.counterparty_account.as_deref(), "reference": line.reference.as_deref(),
            "end_to_end": line.end_to_end.as_deref(), "text": line.text.as_str(), "status": line.status.as_str(), "reversal": line.reversal,
        })
    });
    let difference = match &found.verdict {
        Verdict::Differs(by) => Some(by.to_string()),
        _ => None,
    };
    json!({
        "statement": statement.id.as_str(), "account": statement.account.as_str(), "account_kind": statement.account_kind.as_str(),
        "currency": statement.currency.as_str(), "opening": statement.opening.as_ref().map(stated),
        "closing": statement.closing.as_ref().map(stated), "other_balances": statement.others.iter().map(stated).collect::<Vec<_>>(),
        "booked": found.booked.to_string(), "booked_and_pending": found.all.to_string(),
        "opening_plus_booked": found.computed.map(|sum| sum.to_string()), "reconciles": found.verdict.as_str(),
        "difference": difference, "information": statement.information.as_str(), "lines": lines.collect::<Vec<_>>(),
    })
}
