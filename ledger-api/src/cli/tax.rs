//! `ledgerd tax`: tax codes, each a dated list of components.

use clap::{Args, Subcommand};
use ledger_core::command::{DefineTaxCode, DraftTaxComponent};
use ledger_core::subledger::TaxComponent;
use ledger_core::{AccountNo, AccountRef, Command};
use ledger_store::load::load_book;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::complaint::Outcome;
use super::moment;
use super::output::{self, Format, FormatArg, Sheet, print, text};
use super::shell::Shell;

/// The commands of `tax`.
#[derive(Debug, Subcommand)]
pub enum TaxCommand {
    /// Define a tax code, or change it for documents to come; what was recorded keeps its tax
    Define(Box<DefineArgs>),
    /// List the tax codes
    List(ListArgs),
}

/// Arguments of `tax define`.
#[derive(Debug, Args)]
#[command(after_help = "\
A component is NAME=PERCENT@ACCOUNT, and after commas what else is true of it:
  from=DATE, to=DATE     the first and the last day that it holds for
  compound               computed on the net and the components before it
  recoverable=PERCENT    how much of it can be recovered on purchases; the rest is part of the cost
  reverse=ACCOUNT        reverse charge: on purchases the buyer owes it, to this account
  withheld               kept back by whoever pays
  box=NAME               the box of the tax report

Examples:
  ledgerd tax define --org acme VAT20 --name \"VAT, standard\" --component VAT=20@2200,box=1
  ledgerd tax define --org acme QC --component GST=5@2210,box=105 --component QST=9.975@2220,box=205
  ledgerd tax define --org acme DE19 --component VAT=19@2200,to=2020-06-30 --component VAT=16@2200,from=2020-07-01
  ledgerd tax define --org acme EU-RC --component VAT=20@1250,reverse=2200,box=9")]
pub struct DefineArgs {
    /// The organization, by its short name
    #[arg(long, value_name = "SLUG")]
    pub org: String,
    /// Its code
    #[arg(value_name = "CODE")]
    pub code: String,
    /// Its name, for people
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub name: String,
    /// A tax of the code; may be repeated, and is computed in this order
    #[arg(long = "component", value_name = "NAME=PERCENT@ACCOUNT,...", value_parser = component, required = true)]
    pub components: Vec<DraftTaxComponent>,
}

/// Arguments of `tax list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// The organization, by its short name
    #[arg(long, value_name = "SLUG")]
    pub org: String,
    #[command(flatten)]
    format: FormatArg,
}

fn percent(word: &str) -> Option<Decimal> {
    Decimal::from_str_exact(word.trim().trim_end_matches('%')).ok()
}

/// Reads `VAT=20@2200,from=2024-01-01,box=1`.
fn component(words: &str) -> Result<DraftTaxComponent, String> {
    let mut parts = words.split(',').map(str::trim);
    let first = parts.next().unwrap_or_default();
    let wrong = || format!("expected NAME=PERCENT@ACCOUNT such as VAT=20@2200, found `{first}`");
    let (name, rest) = first.split_once('=').ok_or_else(wrong)?;
    let (rate, account) = rest.split_once('@').ok_or_else(wrong)?;
    let rate = percent(rate).ok_or_else(wrong)?;
    if name.trim().is_empty() || account.trim().is_empty() {
        return Err(wrong());
    }
    let mut component = DraftTaxComponent::new(name.trim(), rate, account.trim());
    for part in parts {
        let (word, value) = part.split_once('=').map_or((part, None), |(word, value)| (word.trim(), Some(value.trim())));
        match (word, value) {
            ("from", Some(day)) => component.from = Some(moment::date(day)?),
            ("to", Some(day)) => component.to = Some(moment::date(day)?),
            ("compound", None) => component.compound = true,
            ("withheld", None) => component.withheld = true,
            ("recoverable", Some(share)) => {
                component.recoverable = percent(share).ok_or_else(|| format!("expected a percentage such as 50, found `{share}`"))?;
            }
            ("reverse", Some(account)) => component.reverse_charge = Some(AccountRef::from(account)),
            ("box", Some(name)) => component.report_box = name.into(),
            _ => {
                return Err(format!(
                    "`{part}` is nothing that a component has: from=DATE, to=DATE, compound, recoverable=PERCENT, reverse=ACCOUNT, withheld, box=NAME"
                ));
            }
        }
    }
    Ok(component)
}

pub(super) async fn run(shell: &Shell, command: TaxCommand) -> anyhow::Result<Outcome> {
    match command {
        TaxCommand::Define(args) => define(shell, *args).await,
        TaxCommand::List(args) => list(shell, &args).await,
    }
}

async fn define(shell: &Shell, args: DefineArgs) -> anyhow::Result<Outcome> {
    let session = shell.connect().await?;
    let organization = session.organization(&args.org).await?;
    let define = DefineTaxCode { code: args.code.as_str().into(), name: args.name.as_str().into(), components: args.components };
    let receipt = session.submit(organization.org, Command::DefineTaxCode(Box::new(define))).await?;
    print(&match receipt.event_count {
        0 => format!("Tax code {} stands already; nothing was changed.\n", args.code),
        _ => format!("Defined tax code {} at seq {}.\n", args.code, receipt.last_seq()),
    })?;
    Ok(Outcome::Done)
}

const COLUMNS: [&str; 12] =
    ["code", "name", "component", "rate", "account", "from", "to", "compound", "recoverable", "reverse_charge", "withheld", "box"];

async fn list(shell: &Shell, args: &ListArgs) -> anyhow::Result<Outcome> {
    let session = shell.connect().await?;
    let book = load_book(&session.org_store(&args.org).await?).await?.book;
    let account = |no: AccountNo| book.account(no).map_or_else(String::new, |account| account.code.to_string());
    let row = |code: &ledger_core::subledger::TaxCode, part: &TaxComponent| {
        let day = |day: Option<chrono::NaiveDate>| day.map(|day| day.to_string()).unwrap_or_default();
        [
            code.code.to_string(),
            code.name.to_string(),
            part.name.to_string(),
            part.rate.normalize().to_string(),
            account(part.account),
            day(part.from),
            day(part.to),
            part.compound.to_string(),
            part.recoverable.normalize().to_string(),
            part.reverse_charge.map(account).unwrap_or_default(),
            part.withheld.to_string(),
            part.report_box.to_string(),
        ]
    };
    let rows: Vec<[String; 12]> = book
        .tax_codes()
        .flat_map(|code| code.components.iter().map(move |part| (code, part)))
        .map(|(code, part)| row(code, part))
        .collect();
    print(&match args.format.format {
        Format::Csv => output::csv(&COLUMNS, &rows)?,
        Format::Json => {
            let object = |row: &[String; 12]| {
                Value::Object(COLUMNS.iter().map(|name| (*name).to_owned()).zip(row.iter().map(|cell| json!(cell))).collect())
            };
            output::json(&Value::Array(rows.iter().map(object).collect()))
        }
        Format::Table if rows.is_empty() => "No tax codes yet. Define one: ledgerd tax define --help\n".to_owned(),
        Format::Table => table(&rows),
    })?;
    Ok(Outcome::Done)
}

fn table(rows: &[[String; 12]]) -> String {
    let mut sheet =
        Sheet::new([text("Code"), text("Name"), text("Component"), output::number("%"), text("Account"), text("What else"), text("Box")]);
    for [code, name, component, rate, account, from, to, compound, recoverable, reverse, withheld, report_box] in rows {
        let said = |is: bool, words: String| is.then_some(words);
        let remarks = [
            said(!from.is_empty(), format!("from {from}")),
            said(!to.is_empty(), format!("to {to}")),
            said(compound == "true", "compound".to_owned()),
            said(recoverable != "100", format!("{recoverable} % recoverable")),
            said(!reverse.is_empty(), format!("reverse charge to {reverse}")),
            said(withheld == "true", "withheld".to_owned()),
        ];
        let remarks: Vec<String> = remarks.into_iter().flatten().collect();
        let [code, name, component, rate, account] = [code, name, component, rate, account].map(Clone::clone);
        sheet.row([code, name, component, rate, account, remarks.join(", "), report_box.clone()]);
    }
    sheet.render()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_say_what_they_are() {
        let plain = component("VAT=20@2200").unwrap();
        assert_eq!(plain, DraftTaxComponent::new("VAT", Decimal::from(20), "2200"));
        let full = component("QST = 9.975% @ 2220, from=2024-01-01, to=2024-12-31, compound, recoverable=50, box=205").unwrap();
        assert_eq!((full.rate.to_string(), full.compound, full.report_box.as_str()), ("9.975".to_owned(), true, "205"));
        assert_eq!((full.recoverable, full.to), (Decimal::from(50), moment::date("2024-12-31").ok()));
        let reverse = component("VAT=20@1250,reverse=2200,withheld").unwrap();
        assert!(reverse.reverse_charge.is_some() && reverse.withheld);
        for words in ["VAT", "VAT=20", "VAT=x@2200", "=20@2200", "VAT=20@2200,half", "VAT=20@2200,from=soon", "VAT=20@2200,compound=yes"] {
            assert!(component(words).is_err(), "{words}");
        }
    }
}
