//! `ledgerd rate import`: a table of rates, recorded as quoted.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use clap::Args;
use ledger_core::{RateType, Text};
use serde_json::json;

use super::complaint::{Complaint, Outcome};
use super::output::{self, Format as Output, FormatArg, Sheet, number, print, text};
use super::shell::Shell;
use crate::import::rates::{Common, Options};
use crate::import::run::{Format, ImportOptions, Summary};
use crate::import::tabular::{DateFormat, NumberFormat};

/// Arguments of `rate import`.
#[derive(Debug, Args)]
#[command(after_help = "\
The file has a row per rate (date, currency, rate) or a row per date with a column per currency. Say which way its
rates are quoted: --base USD when they tell how many of a currency one dollar is worth, --quote USD when they tell how
many dollars one of a currency is worth; --per-unit names the exceptions to --base. Rates are recorded as they stand,
never inverted. Nothing is written unless the whole file is right; importing it again records nothing twice.

Examples:
  ledgerd rate import --org acme --base EUR --source ecb eurofxref-hist.csv
  ledgerd rate import --org acme --base USD --per-unit AUD,GBP --currency-map \"Australia=AUD,Japan=JPY,United Kingdom=GBP\" \\
      --type average --skip-unknown monthly.csv")]
pub struct RateImportArgs {
    /// The organization, by its short name
    #[arg(long, value_name = "SLUG")]
    pub org: String,
    /// The currency of which one is priced: rates tell how many of the others it is worth
    #[arg(long, value_name = "CODE", required_unless_present = "quote", conflicts_with = "quote")]
    pub base: Option<String>,
    /// The currency in which one of each other is priced
    #[arg(long, value_name = "CODE")]
    pub quote: Option<String>,
    /// Currencies whose rates tell how many of --base one of them is worth
    #[arg(long, value_name = "CODES", value_delimiter = ',', conflicts_with = "quote")]
    pub per_unit: Vec<String>,
    /// Codes of what the file calls by other names: "Japan=JPY,Sweden=SEK", or a file of such lines
    #[arg(long, value_name = "MAP")]
    pub currency_map: Option<String>,
    /// Which header stands for date, currency and rate: date=HEADER,rate=HEADER
    #[arg(long, value_name = "MAP")]
    pub columns: Option<String>,
    /// spot, average or closing
    #[arg(long = "type", value_name = "TYPE", value_parser = super::rate::kind, default_value = "spot")]
    pub kind: RateType,
    /// Where the rates come from [default: the file's name]
    #[arg(long, value_name = "NAME")]
    pub source: Option<String>,
    /// How dates are written, for example %d/%m/%Y [default: %Y-%m-%d]
    #[arg(long, value_name = "PATTERN", value_parser = DateFormat::new)]
    pub date_format: Option<DateFormat>,
    /// The decimal mark of rates
    #[arg(long, value_name = "CHAR", default_value_t = '.')]
    pub decimal_mark: char,
    /// What groups the digits of rates [default: nothing]
    #[arg(long, value_name = "CHAR")]
    pub digit_group: Option<char>,
    /// What separates fields [default: found in the header row]
    #[arg(long, value_name = "CHAR")]
    pub delimiter: Option<char>,
    /// Pass over what has no currency code, and count it
    #[arg(long)]
    pub skip_unknown: bool,
    /// Only check: nothing is written
    #[arg(long)]
    pub dry_run: bool,
    /// How to print the summary
    #[command(flatten)]
    pub format: FormatArg,
    /// The file
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

/// Reads `name=value` pairs, parted by commas or lines.
fn pairs(option: &str, map: &str) -> anyhow::Result<BTreeMap<String, String>> {
    let mut pairs = BTreeMap::new();
    for part in map.split([',', '\n']).map(str::trim).filter(|part| !part.is_empty() && !part.starts_with('#')) {
        let wrong = |what: &str| Complaint::usage(format!("{option}: {what}, found {part:?}")).hint("write NAME=VALUE,NAME=VALUE");
        let (name, value) = part.split_once('=').ok_or_else(|| wrong("expected NAME=VALUE"))?;
        if pairs.insert(name.trim().to_owned(), value.trim().to_owned()).is_some() {
            return Err(wrong("a name that is there already").into());
        }
    }
    Ok(pairs)
}

fn currency_map(map: &str) -> anyhow::Result<BTreeMap<String, Text>> {
    let written = if map.contains('=') {
        map.to_owned()
    } else {
        std::fs::read_to_string(map).map_err(|error| {
            Complaint::usage(format!("--currency-map: the file {map} cannot be read: {error}"))
                .hint("write \"NAME=CODE,NAME=CODE\", or name a file")
        })?
    };
    Ok(pairs("--currency-map", &written)?.into_iter().map(|(name, code)| (name, Text::from(code))).collect())
}

fn options(args: &RateImportArgs) -> anyhow::Result<Options> {
    let common = match (&args.base, &args.quote) {
        (Some(base), _) => Common::Base(base.as_str().into()),
        (None, Some(quote)) => Common::Quote(quote.as_str().into()),
        (None, None) => return Err(Complaint::usage("say which way rates are quoted").hint("add --base CODE or --quote CODE").into()),
    };
    let file_name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(Options {
        per_unit: args.per_unit.iter().map(|code| Text::from(code.trim())).collect::<BTreeSet<_>>(),
        names: args.currency_map.as_deref().map(currency_map).transpose()?.unwrap_or_default(),
        columns: args.columns.as_deref().map(|map| pairs("--columns", map)).transpose()?.unwrap_or_default(),
        kind: args.kind,
        source: args.source.clone().unwrap_or_else(|| file_name(&args.file)).into(),
        date_format: args.date_format.clone().unwrap_or_default(),
        numbers: NumberFormat { decimal_mark: args.decimal_mark, grouping: args.digit_group },
        delimiter: args.delimiter,
        skip_unknown: args.skip_unknown,
        ..Options::new(common)
    })
}

pub(super) async fn run(shell: &Shell, args: RateImportArgs) -> anyhow::Result<Outcome> {
    let rates = options(&args)?;
    let session = shell.connect().await?;
    let organization = session.organization(&args.org).await?;
    let org = session.store.for_org(organization.org);
    let options = ImportOptions { dry_run: args.dry_run, actor: shell.actor(), rates: Some(rates), ..ImportOptions::new(Format::Rates) };
    let name = args.file.display().to_string();
    let summary = super::import::watched(shell, org, args.file.clone(), name, options).await?;
    print(&match args.format.format {
        Output::Json => output::json(&as_json(&summary)),
        Output::Csv => output::csv(&["base", "quote", "first_date", "last_date", "rates"], spans(&summary))?,
        Output::Table => as_text(&summary),
    })?;
    Ok(if summary.refused > 0 { Outcome::Failed } else { Outcome::Done })
}

fn spans(summary: &Summary) -> impl Iterator<Item = [String; 5]> + '_ {
    summary.notes.rates.iter().map(|((base, quote), span)| {
        [base.to_string(), quote.to_string(), span.first.to_string(), span.last.to_string(), span.count.to_string()]
    })
}

fn as_text(summary: &Summary) -> String {
    use std::fmt::Write as _;
    let mut out = String::new();
    for refusal in &summary.refusals {
        let _ = writeln!(out, "{refusal}");
    }
    let more = summary.refused.saturating_sub(summary.refusals.len() as u64);
    if more > 0 {
        let _ = writeln!(out, "... and {more} more");
    }
    let mut sheet = Sheet::new([text("base"), text("quote"), text("first"), text("last"), number("rates")]);
    spans(summary).for_each(|row| sheet.row(row));
    if !summary.notes.rates.is_empty() {
        out.push_str(&sheet.render());
        out.push('\n');
    }
    let verb = match (summary.dry_run, summary.nothing_written) {
        (true, _) => "Would record",
        (_, true) => "Nothing was written; the file has, besides what was refused,",
        _ => "Recorded",
    };
    let _ = writeln!(out, "{verb} {} rates; {} were recorded already.", summary.rates, summary.rates_already);
    for (what, count) in &summary.notes.counts {
        let _ = writeln!(out, "{count} {what}.");
    }
    for remark in &summary.notes.remarks {
        let _ = writeln!(out, "Note: {remark}.");
    }
    out
}

fn as_json(summary: &Summary) -> serde_json::Value {
    let pairs = summary.notes.rates.iter().map(|((base, quote), span)| {
        json!({ "base": base.as_str(), "quote": quote.as_str(), "first_date": span.first.to_string(), "last_date": span.last.to_string(), "rates": span.count })
    });
    json!({
        "recorded": summary.rates, "already": summary.rates_already, "refused": summary.refused, "dry_run": summary.dry_run,
        "nothing_written": summary.nothing_written, "pairs": pairs.collect::<Vec<_>>(),
        "refusals": summary.refusals.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "counts": summary.notes.counts, "remarks": summary.notes.remarks,
    })
}
