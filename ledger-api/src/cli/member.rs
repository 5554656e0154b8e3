//! `ledgerd member`: members, brought in here where there is nobody yet who could invite them over HTTP.

use chrono::Utc;
use clap::{Args, Subcommand};
use ledger_store::identity::{Added, Given, Member, NewMember, Page};
use serde_json::json;
use uuid::Uuid;

use super::complaint::{Complaint, Outcome};
use super::key::at;
use super::output::{self, Format, FormatArg, Sheet, print, text};
use super::shell::Shell;
use crate::http::identity::Role;

/// Members that are listed at most.
const LISTED_MAX: i64 = 10_000;

/// The commands of `member`.
#[derive(Debug, Subcommand)]
pub enum MemberCommand {
    /// Bring in a member
    Add(AddArgs),
    /// List members
    List(ListArgs),
    /// Take a member out
    Remove(RemoveArgs),
}

/// Arguments of `member add`.
#[derive(Debug, Args)]
#[command(after_help = "\
Issuer and subject are `iss` and `sub` of the tokens that the member will come with.

Example:
  ledgerd member add --org acme --issuer https://project.supabase.co/auth/v1 --subject 6f1c3a50-… --role owner")]
pub struct AddArgs {
    /// The organization, by its short name
    #[arg(long, value_name = "SLUG")]
    pub org: String,
    /// Who vouches for him
    #[arg(long, value_name = "ISS")]
    pub issuer: String,
    /// What that issuer calls him
    #[arg(long, value_name = "SUB")]
    pub subject: String,
    /// What he may: owner, administrator, accountant, approver, sales, operator, agent, auditor or viewer
    #[arg(long)]
    pub role: Role,
}

/// Arguments of `member list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// The organization, by its short name
    #[arg(long, value_name = "SLUG")]
    pub org: String,
    #[command(flatten)]
    format: FormatArg,
}

/// Arguments of `member remove`.
#[derive(Debug, Args)]
pub struct RemoveArgs {
    /// The organization, by its short name
    #[arg(long, value_name = "SLUG")]
    pub org: String,
    /// The member's id, as `ledgerd member list` shows it
    #[arg(value_name = "ID")]
    pub id: Uuid,
}

pub(super) async fn run(shell: &Shell, command: MemberCommand) -> anyhow::Result<Outcome> {
    match command {
        MemberCommand::Add(args) => add(shell, args).await,
        MemberCommand::List(args) => list(shell, &args).await,
        MemberCommand::Remove(args) => remove(shell, &args).await,
    }
}

async fn add(shell: &Shell, args: AddArgs) -> anyhow::Result<Outcome> {
    let session = shell.connect().await?;
    let mut tx = session.org_store(&args.org).await?.begin().await?;
    let member = NewMember {
        id: Uuid::now_v7(),
        issuer: args.issuer,
        subject: args.subject,
        given: Given { role: args.role.as_str().to_owned(), ..Given::default() },
        workspaces: None,
        at: Utc::now(),
        by: session.actor.identity.to_string(),
    };
    tx.lock_access().await?;
    if tx.add_member(&member).await? == Added::Taken {
        return Err(Complaint::refused(format!("{} of {} is a member already", member.subject, member.issuer)).into());
    }
    tx.commit().await?;
    print(&format!("{} is a member, role {}, id {}.\n", member.subject, args.role, member.id))?;
    Ok(Outcome::Done)
}

async fn list(shell: &Shell, args: &ListArgs) -> anyhow::Result<Outcome> {
    let session = shell.connect().await?;
    let mut tx = session.org_store(&args.org).await?.begin_read().await?;
    let members = tx.members(Page { after: None, limit: LISTED_MAX }).await?;
    tx.rollback().await?;
    let role = |member: &Member| member.given.custom_role.clone().unwrap_or_else(|| member.given.role.clone());
    let cells = |member: &Member| {
        [member.member_id.to_string(), role(member), member.subject.clone(), member.issuer.clone(), at(Some(member.created_at))]
    };
    print(&match args.format.format {
        Format::Table => {
            let mut sheet = Sheet::new([text("Id"), text("Role"), text("Subject"), text("Issuer"), text("Since")]);
            members.iter().for_each(|member| sheet.row(cells(member)));
            sheet.render()
        }
        Format::Csv => output::csv(&["id", "role", "subject", "issuer", "created_at"], members.iter().map(cells))?,
        Format::Json => output::json(
            &members
                .iter()
                .map(|member| {
                    json!({ "id": member.member_id.to_string(), "role": role(member), "subject": member.subject,
                            "issuer": member.issuer, "created_at": at(Some(member.created_at)) })
                })
                .collect(),
        ),
    })?;
    Ok(Outcome::Done)
}

async fn remove(shell: &Shell, args: &RemoveArgs) -> anyhow::Result<Outcome> {
    let session = shell.connect().await?;
    let mut tx = session.org_store(&args.org).await?.begin().await?;
    tx.lock_access().await?;
    let Some(member) = tx.member(args.id).await? else {
        let hint = format!("ledgerd member list --org {}", args.org);
        return Err(Complaint::refused(format!("there is no member {}", args.id)).hint(hint).into());
    };
    let owner = Role::Owner.as_str();
    if member.given.role == owner && tx.count_members(owner).await? <= 1 {
        return Err(Complaint::refused(format!("{} is the only owner", args.id)).hint("bring in another owner first").into());
    }
    tx.remove_member(args.id).await?;
    tx.commit().await?;
    print(&format!("Removed {}. Servers follow within seconds.\n", args.id))?;
    Ok(Outcome::Done)
}
