//! `ledgerd org`: organizations, each with its own books.

use clap::{Args, Subcommand, ValueEnum};
use ledger_core::book::Valuation;
use ledger_store::Organization;
use ledger_store::writer::NewOrganization;
use serde_json::json;

use super::complaint::Outcome;
use super::moment::show_time;
use super::output::{self, Format, FormatArg, Sheet, print, text};
use super::shell::Shell;

/// The commands of `org`.
#[derive(Debug, Subcommand)]
pub enum OrgCommand {
    /// Begin the books of an organization
    Create(CreateArgs),
    /// List the organizations of this database
    List(FormatArg),
}

/// Arguments of `org create`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ledgerd org create acme --name \"Acme Trading\" --currency USD
  ledgerd org create garden --name \"Community Garden\" --currency EUR --valuation by-commodity")]
pub struct CreateArgs {
    /// Short name on the command line: a-z, 0-9 and inner hyphens
    #[arg(value_name = "SLUG", value_parser = slug)]
    pub slug: String,
    /// Full name, as it stands over reports
    #[arg(long)]
    pub name: String,
    /// Functional currency: the one in which the books are kept and reported (ISO 4217 code)
    #[arg(long, value_name = "CODE")]
    pub currency: String,
    /// Digits after the decimal point of that currency, where they shall differ from the standard's
    #[arg(long, value_name = "DIGITS", value_parser = clap::value_parser!(u8).range(0..=18))]
    pub scale: Option<u8>,
    /// What happens to a line in another currency that has no rate
    #[arg(long, value_enum, default_value_t)]
    pub valuation: ValuationArg,
}

/// `--valuation`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ValuationArg {
    /// The entry is refused: every line has a value in the functional currency
    #[default]
    Required,
    /// The line is kept in its currency or commodity, without a value
    ByCommodity,
}

impl From<ValuationArg> for Valuation {
    fn from(arg: ValuationArg) -> Self {
        match arg {
            ValuationArg::Required => Self::Required,
            ValuationArg::ByCommodity => Self::ByCommodity,
        }
    }
}

pub(super) fn slug(text: &str) -> Result<String, String> {
    let ends = |byte: Option<&u8>| byte.is_some_and(|byte| *byte != b'-');
    let bytes = text.as_bytes();
    let inside = bytes.iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-');
    if inside && bytes.len() <= 63 && ends(bytes.first()) && ends(bytes.last()) {
        return Ok(text.to_owned());
    }
    Err("a slug has 1 to 63 letters a-z, digits and inner hyphens, for example acme-trading".to_owned())
}

pub(super) async fn run(shell: &Shell, command: OrgCommand) -> anyhow::Result<Outcome> {
    match command {
        OrgCommand::Create(args) => create(shell, args).await,
        OrgCommand::List(format) => list(shell, format.format).await,
    }
}

async fn create(shell: &Shell, args: CreateArgs) -> anyhow::Result<Outcome> {
    let session = shell.connect().await?;
    let new = NewOrganization {
        slug: args.slug.clone(),
        name: args.name.clone(),
        functional_currency: args.currency.clone(),
        functional_scale: args.scale,
        valuation: args.valuation.into(),
    };
    let org = session.ledger.create_organization(new, &session.actor).await?;
    print(&format!("Created {} ({}), books in {}, id {org}.\n", args.slug, args.name, args.currency))?;
    shell.remark(&format!("Next: ledgerd import --org {} FILE, or ledgerd account open --org {} CODE --type asset", args.slug, args.slug));
    Ok(Outcome::Done)
}

async fn list(shell: &Shell, format: Format) -> anyhow::Result<Outcome> {
    let session = shell.connect().await?;
    let organizations = session.store.organizations().await?;
    print(&match format {
        Format::Table if organizations.is_empty() => {
            "No organizations yet. Create one: ledgerd org create SLUG --name NAME --currency USD\n".to_owned()
        }
        Format::Table => sheet(&organizations).render(),
        Format::Csv => output::csv(
            &["slug", "name", "currency", "valuation", "created_at", "id"],
            organizations.iter().map(|org| {
                let id = org.org.to_string();
                [org.slug.clone(), org.name.clone(), org.functional_currency.clone(), org.valuation.clone(), show_time(org.created_at), id]
            }),
        )?,
        Format::Json => output::json(&organizations.iter().map(as_json).collect()),
    })?;
    Ok(Outcome::Done)
}

fn sheet(organizations: &[Organization]) -> Sheet {
    let mut sheet = Sheet::new([text("Slug"), text("Name"), text("Currency"), text("Valuation"), text("Created")]);
    for org in organizations {
        let created = show_time(org.created_at).chars().take("2026-01-15".len()).collect();
        sheet.row([org.slug.clone(), org.name.clone(), org.functional_currency.clone(), org.valuation.clone(), created]);
    }
    sheet
}

fn as_json(org: &Organization) -> serde_json::Value {
    json!({
        "slug": org.slug, "name": org.name, "currency": org.functional_currency, "valuation": org.valuation,
        "created_at": show_time(org.created_at), "id": org.org.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::slug;

    #[test]
    fn slugs_are_checked_before_the_database_is_asked() {
        for (text, good) in [("acme", true), ("a", true), ("acme-2", true), ("-acme", false), ("Acme", false), ("", false), ("a b", false)]
        {
            assert_eq!(slug(text).is_ok(), good, "{text:?}");
        }
    }
}
