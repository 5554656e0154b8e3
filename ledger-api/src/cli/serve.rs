//! `ledgerd serve`: the HTTP API over this machine's database. What it answers is in [`crate::http`].

use std::net::SocketAddr;

use anyhow::Context;
use clap::Args;

use super::complaint::Outcome;
use super::shell::Shell;
use crate::http::{self, Config};

/// Arguments of `serve`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ledgerd serve
  ledgerd serve --listen 0.0.0.0:8080
  curl http://127.0.0.1:8080/v1/orgs/acme -H \"Authorization: Bearer $(cat .ledgerd/platform-key)\"")]
pub struct ServeArgs {
    /// Where to listen
    #[arg(long, value_name = "ADDR", env = "LEDGERD_LISTEN", default_value = "127.0.0.1:8080", hide_env_values = true)]
    pub listen: SocketAddr,
    /// Key of the machine's operator [default: made on first use and kept in the data directory as platform-key]
    #[arg(long, value_name = "KEY", env = "LEDGERD_PLATFORM_KEY", hide_env_values = true)]
    pub platform_key: Option<String>,
}

pub(super) async fn run(shell: &Shell, args: ServeArgs) -> anyhow::Result<Outcome> {
    let session = shell.connect().await?;
    let key = match args.platform_key {
        Some(key) => Some(key),
        None if shell.global.database_url.is_none() => Some(kept_key(shell).await?),
        None => None,
    };
    let platform_key_hash = key.as_deref().map(|key| *blake3::hash(key.as_bytes()).as_bytes());
    let running = http::start(session.store, Config { listen: args.listen, platform_key_hash, ..Config::default() }).await?;
    shell.remark(&format!("listening on http://{} (reference: http://{}/docs)", running.address, running.address));
    std::future::pending::<()>().await;
    Ok(Outcome::Done)
}

/// The operator's key of the embedded database: made once, readable by its owner only.
async fn kept_key(shell: &Shell) -> anyhow::Result<String> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let path = shell.home().await.join("platform-key");
    if let Ok(kept) = std::fs::read_to_string(&path) {
        return Ok(kept.trim().to_owned());
    }
    let secret: [u8; 32] = rand::random();
    let key = format!("lpk_{}", blake3::Hash::from_bytes(secret).to_hex());
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)
        .with_context(|| format!("cannot keep the platform's key in {}", path.display()))?;
    writeln!(file, "{key}")?;
    shell.remark(&format!("made a key for the machine's operator: {}", path.display()));
    Ok(key)
}
