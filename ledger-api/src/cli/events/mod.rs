//! `ledgerd events`: history as JSON lines, decoded, one event a line, as it streams from the database.

mod agreed;
mod decoded;
pub(crate) mod governed;
mod subledger;

use clap::Args;
use futures::TryStreamExt;
use ledger_core::{Book, Event, Seq};
use ledger_store::load::{LoadError, load_book, to_chain};
use serde_json::{Value, json};

pub(crate) use self::decoded::Decoder;
use super::complaint::{Complaint, Outcome};
use super::output::print;
use super::shell::Shell;

/// Arguments of `events`.
#[derive(Debug, Args)]
#[command(after_help = "\
Each line is one event: seq, id, recorded_at, actor, type and what happened. Amounts are decimals in quotation
marks, debit positive. The last event of a commit also shows the commit and its hash.

Examples:
  ledgerd events --org acme
  ledgerd events --org acme --from 1000 --to 1100
  ledgerd events --org acme | grep '\"type\":\"PeriodClosed\"'")]
pub struct EventsArgs {
    /// The organization, by its short name
    #[arg(long, value_name = "SLUG")]
    pub org: String,
    /// The first event
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub from: Seq,
    /// The last event [default: the last there is]
    #[arg(long, value_name = "N")]
    pub to: Option<Seq>,
}

pub(super) async fn run(shell: &Shell, args: EventsArgs) -> anyhow::Result<Outcome> {
    if args.to.is_some_and(|to| to < args.from) {
        return Err(Complaint::usage("--to is before --from").hint("give the smaller number with --from").into());
    }
    let session = shell.connect().await?;
    let org = session.org_store(&args.org).await?;
    // Numbers of accounts, commodities and actors never change their meaning: the latest book names them all.
    let loaded = load_book(&org).await?;
    let head = loaded.tip.seq;
    let decoder = Decoder::new(&loaded.book);
    let to = args.to.unwrap_or(head).min(head);
    let mut commits = Box::pin(org.commits(args.from, Some(to)));
    while let Some(commit) = commits.try_next().await? {
        let commit = to_chain(org.org(), commit);
        let mut lines = String::new();
        for recorded in commit.events() {
            let recorded = recorded.map_err(|source| LoadError::Codec { org: org.org(), source })?;
            if recorded.seq < args.from || recorded.seq > to {
                continue;
            }
            let mut line = decoder.event(&recorded);
            if recorded.seq == commit.last_seq() {
                let header = &commit.header;
                line.insert(
                    "commit".into(),
                    json!({
                        "first_seq": header.first_seq, "events": header.event_count, "codec": header.codec,
                        "prev_hash": hex(&header.prev_hash), "tree_root": hex(&header.tree_root), "hash": hex(&commit.hash),
                    }),
                );
            }
            lines.push_str(&serde_json::Value::Object(line).to_string());
            lines.push('\n');
        }
        print(&lines)?;
    }
    if args.from > head {
        shell.remark(&format!("History ends at event {head}."));
    }
    Ok(Outcome::Done)
}

/// An event without its envelope: its type and what happened.
pub(crate) fn described(book: &Book, seq: Option<Seq>, event: &Event) -> Value {
    Decoder::new(book).described(seq, event)
}

fn hex(hash: &[u8; 32]) -> String {
    blake3::Hash::from_bytes(*hash).to_hex().to_string()
}
