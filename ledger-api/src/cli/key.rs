//! `ledgerd key`: API keys, made here where there is nobody yet who could make one over HTTP.

use chrono::{DateTime, NaiveDate, Utc};
use clap::{Args, Subcommand};
use ledger_core::{Rejection, Timestamp};
use ledger_store::OrgStore;
use ledger_store::identity::{ApiKey, Given, NewApiKey, Page};
use ledger_store::load::load_book;
use serde_json::json;
use uuid::Uuid;

use super::complaint::{Complaint, Outcome};
use super::moment::show_time;
use super::output::{self, Format, FormatArg, Sheet, print, text};
use super::shell::Shell;
use crate::http::identity::token::{Kind, Token};
use crate::http::identity::{Permission, Role};

/// Keys that are listed at most.
const LISTED_MAX: i64 = 10_000;

/// The commands of `key`.
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Make a key and print it, this once
    Create(CreateArgs),
    /// List keys, also those that have ended
    List(ListArgs),
    /// End a key
    Revoke(RevokeArgs),
}

/// Arguments of `key create`.
#[derive(Debug, Args)]
#[command(after_help = "\
The key is printed on standard output and kept nowhere: only a hash of it is.

Examples:
  ledgerd key create --org acme --name billing --role operator
  ledgerd key create --org acme --name bot --role agent --agent bookkeeper
  ledgerd key create --org acme --name reports --role viewer --scope reports:read --expires 2027-01-01
  curl -H \"Authorization: Bearer $(ledgerd key create --org acme --name me --role owner)\" http://127.0.0.1:8080/v1/orgs/acme")]
pub struct CreateArgs {
    /// The organization, by its short name
    #[arg(long, value_name = "SLUG")]
    pub org: String,
    /// What people call it
    #[arg(long)]
    pub name: String,
    /// What it may: owner, administrator, accountant, approver, sales, operator, agent, auditor or viewer
    #[arg(long)]
    pub role: Role,
    /// Nothing but this permission of the role, such as entries:create; may be given several times
    #[arg(long = "scope", value_name = "PERMISSION")]
    pub scopes: Vec<Permission>,
    /// The registered agent whose key it is: it speaks as that agent and as nobody else; with --role agent
    #[arg(long, value_name = "CODE")]
    pub agent: Option<String>,
    /// The first day (UTC) on which it is no good any more
    #[arg(long, value_name = "DATE")]
    pub expires: Option<NaiveDate>,
}

/// Arguments of `key list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// The organization, by its short name
    #[arg(long, value_name = "SLUG")]
    pub org: String,
    #[command(flatten)]
    format: FormatArg,
}

/// Arguments of `key revoke`.
#[derive(Debug, Args)]
pub struct RevokeArgs {
    /// The organization, by its short name
    #[arg(long, value_name = "SLUG")]
    pub org: String,
    /// The key's id, as `ledgerd key list` shows it
    #[arg(value_name = "ID")]
    pub id: Uuid,
}

pub(super) async fn run(shell: &Shell, command: KeyCommand) -> anyhow::Result<Outcome> {
    match command {
        KeyCommand::Create(args) => create(shell, args).await,
        KeyCommand::List(args) => list(shell, &args).await,
        KeyCommand::Revoke(args) => revoke(shell, &args).await,
    }
}

async fn create(shell: &Shell, args: CreateArgs) -> anyhow::Result<Outcome> {
    let session = shell.connect().await?;
    let org = session.org_store(&args.org).await?;
    if let Some(agent) = &args.agent {
        check_agent(&org, agent, args.role).await?;
    }
    let token = Token::new(Kind::ApiKey, org.org(), Uuid::now_v7());
    let scopes: Vec<String> = args.scopes.iter().map(ToString::to_string).collect();
    let key = NewApiKey {
        id: token.id,
        name: args.name,
        secret_hash: token.hash(),
        given: Given { role: args.role.as_str().to_owned(), ..Given::default() },
        scopes: (!scopes.is_empty()).then_some(scopes),
        workspace: None,
        agent: args.agent,
        at: Utc::now(),
        by: session.actor.identity.to_string(),
        expires_at: args.expires.map(|day| day.and_time(chrono::NaiveTime::MIN).and_utc()),
    };
    let mut tx = org.begin().await?;
    tx.lock_access().await?;
    tx.add_api_key(&key).await?;
    tx.commit().await?;
    print(&format!("{}\n", token.reveal()))?;
    shell.remark(&format!("key {} ({}), role {}: it is not shown again", key.id, key.name, args.role));
    Ok(Outcome::Done)
}

/// A key is made for an agent that the books know, and in the role of agents.
async fn check_agent(org: &OrgStore, agent: &str, role: Role) -> anyhow::Result<()> {
    if role != Role::Agent {
        return Err(Complaint::refused(format!("a key that is an agent's has the role agent, not {role}"))
            .hint("write --role agent, or leave --agent out")
            .into());
    }
    if load_book(org).await?.book.agent_by_code(agent).is_none() {
        return Err(Rejection::AgentUnknown { agent: agent.into() }.into());
    }
    Ok(())
}

async fn list(shell: &Shell, args: &ListArgs) -> anyhow::Result<Outcome> {
    let session = shell.connect().await?;
    let mut tx = session.org_store(&args.org).await?.begin_read().await?;
    let keys = tx.api_keys(Page { after: None, limit: LISTED_MAX }).await?;
    tx.rollback().await?;
    let now = Utc::now();
    let cells = |key: &ApiKey| {
        let role = key.custom_role.as_ref().unwrap_or(&key.role);
        let agent = key.agent.clone().unwrap_or_default();
        [
            key.key_id.to_string(),
            key.name.clone(),
            role.clone(),
            agent,
            status(key, now).to_owned(),
            at(key.expires_at),
            at(key.last_used_at),
        ]
    };
    print(&match args.format.format {
        Format::Table => {
            let mut sheet =
                Sheet::new([text("Id"), text("Name"), text("Role"), text("Agent"), text("Status"), text("Expires"), text("Last used")]);
            keys.iter().for_each(|key| sheet.row(cells(key)));
            sheet.render()
        }
        Format::Csv => output::csv(&["id", "name", "role", "agent", "status", "expires_at", "last_used_at"], keys.iter().map(cells))?,
        Format::Json => output::json(&keys.iter().map(|key| as_json(key, now)).collect()),
    })?;
    Ok(Outcome::Done)
}

fn as_json(key: &ApiKey, now: DateTime<Utc>) -> serde_json::Value {
    json!({
        "id": key.key_id.to_string(), "name": key.name, "role": key.custom_role.as_ref().unwrap_or(&key.role), "agent": key.agent, "scopes": key.scopes,
        "status": status(key, now), "created_at": at(Some(key.created_at)), "created_by": key.created_by,
        "expires_at": key.expires_at.map(|end| at(Some(end))), "last_used_at": key.last_used_at.map(|last| at(Some(last))),
    })
}

fn status(key: &ApiKey, now: DateTime<Utc>) -> &'static str {
    match (key.revoked_at, key.expires_at) {
        (Some(_), _) => "revoked",
        (None, Some(end)) if end <= now => "expired",
        _ => "good",
    }
}

/// A time as it is shown; nothing for none.
pub(super) fn at(time: Option<DateTime<Utc>>) -> String {
    time.map(|time| show_time(Timestamp(time.timestamp_micros()))).unwrap_or_default()
}

async fn revoke(shell: &Shell, args: &RevokeArgs) -> anyhow::Result<Outcome> {
    let session = shell.connect().await?;
    let mut tx = session.org_store(&args.org).await?.begin().await?;
    tx.lock_access().await?;
    let revoked = tx.revoke_api_key(args.id, Utc::now(), &session.actor.identity).await?;
    tx.commit().await?;
    if !revoked {
        return Err(Complaint::refused(format!("there is no key {} that could be revoked", args.id))
            .hint(format!("ledgerd key list --org {}", args.org))
            .into());
    }
    print(&format!("Revoked {}. Servers follow within seconds.\n", args.id))?;
    Ok(Outcome::Done)
}
