//! `ledgerd mcp`: the assistant's desk over standard input and output, for programs that start their servers themselves.
//! What stands on it is in [`crate::http::mcp`].

use std::pin::pin;

use anyhow::Context;
use axum::http::{HeaderMap, HeaderValue, header};
use clap::Args;
use rmcp::ServiceExt;
use rmcp::transport::stdio;
use serde_json::Value;

use super::complaint::{self, Complaint, Outcome};
use super::config::ConfigArgs;
use super::shell::{Global, Shell};
use crate::http;
use crate::http::mcp::Desk;
use crate::http::mcp::house::House;
use crate::http::ops::Settings;
use crate::http::ops::telemetry::Telemetry;

/// Arguments of `mcp`.
#[derive(Debug, Args)]
#[command(after_help = "\
The key says whose books it is and what may be asked; make one for an assistant that is a registered agent:
  ledgerd key create --org acme --name assistant --role agent --agent bookkeeper

An assistant's configuration then has:
  {\"command\": \"ledgerd\", \"args\": [\"mcp\"], \"env\": {\"LEDGERD_API_KEY\": \"lsk_...\"}}")]
pub struct McpArgs {
    /// The API key that is asked with
    #[arg(long, value_name = "KEY", env = "LEDGERD_API_KEY", hide_env_values = true)]
    pub key: String,
    /// Where the configuration comes from.
    #[command(flatten)]
    pub config: ConfigArgs,
}

/// Speaks until its input ends or a signal comes.
pub(super) async fn run(global: &Global, args: McpArgs) -> anyhow::Result<Outcome> {
    let settings = args.config.load(global, [])?.settings;
    let telemetry = Telemetry::start(&settings.log, &settings.traces)?;
    let shell = Shell::configured(global, &settings);
    let ended = speak(&shell, settings, &args.key).await;
    let closed = shell.close().await;
    telemetry.stop().await;
    ended.and_then(|outcome| closed.map(|()| outcome))
}

async fn speak(shell: &Shell, settings: Settings, key: &str) -> anyhow::Result<Outcome> {
    let mut signal = pin!(super::interruption());
    let session = tokio::select! {
        session = shell.connect_to_answer(&settings) => session?,
        signal = &mut signal => return Err(complaint::interrupted(signal)),
    };
    let mut config = settings.server;
    config.webhooks.enabled = false; // a server's business
    let (running, router) = http::server::start_within(session.store, config)?;
    let house = house(router, key).await?;
    let desk = Desk::new(house).serve(stdio()).await.context("the client did not begin as the protocol has it")?;
    tokio::select! {
        ended = desk.waiting() => drop(ended.context("the conversation broke off")?),
        _ = signal => {}
    }
    running.stop().await;
    Ok(Outcome::Done)
}

/// The API of the organization that the key is of.
async fn house(router: axum::Router, key: &str) -> anyhow::Result<House> {
    let mut headers = HeaderMap::new();
    let bearer = HeaderValue::from_str(&format!("Bearer {key}")).context("the key has characters that no key has")?;
    headers.insert(header::AUTHORIZATION, bearer);
    let me = House::new(router.clone(), "", &headers, None).get("/v1/me", &[]).await.map_err(|problem| refused(&problem))?;
    let slug = me.get("organization").and_then(Value::as_str);
    let slug =
        slug.ok_or_else(|| Complaint::refused("the key is not of one organization").hint("make one with `ledgerd key create --org SLUG`"))?;
    Ok(House::new(router, slug, &headers, None))
}

fn refused(problem: &Value) -> Complaint {
    let word = |name: &str| problem.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    Complaint::refused(format!("the key is refused: {} ({})", word("detail"), word("code")))
        .hint("look at `ledgerd key list`, or make a new one")
}
