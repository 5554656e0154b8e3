//! `ledgerd serve`: the HTTP API over this machine's database. What it answers is in [`crate::http`], what it can be told
//! in [`crate::http::ops::keys`].

use std::net::SocketAddr;
use std::pin::pin;

use anyhow::Context;
use clap::Args;

use super::complaint::{self, Outcome};
use super::config::ConfigArgs;
use super::shell::{Global, Shell};
use crate::http;
use crate::http::ops::Settings;
use crate::http::ops::settings::Hidden;
use crate::http::ops::telemetry::Telemetry;

/// Arguments of `serve`.
#[derive(Debug, Args)]
#[command(after_help = "\
Everything that can be set is listed by `ledgerd config check`. SIGTERM and Ctrl-C stop in order; a second one at once.

Examples:
  ledgerd serve
  ledgerd serve --listen 0.0.0.0:8080
  ledgerd serve --config ledgerd.toml --set log.level=info
  curl http://127.0.0.1:8080/v1/orgs/acme -H \"Authorization: Bearer $(cat .ledgerd/platform-key)\"")]
pub struct ServeArgs {
    /// Where to listen [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<SocketAddr>,
    /// Key of the machine's operator [default: made on first use and kept in the data directory as platform-key]
    #[arg(long, value_name = "KEY")]
    pub platform_key: Option<String>,
    /// Where the configuration comes from.
    #[command(flatten)]
    pub config: ConfigArgs,
}

/// Serves until a signal comes; does not end with a first signal as other commands do.
pub(super) async fn run(global: &Global, args: ServeArgs) -> anyhow::Result<Outcome> {
    let flags = [("listen", args.listen.map(|address| address.to_string())), ("platform_key", args.platform_key)];
    let settings = args.config.load(global, flags)?.settings;
    let telemetry = Telemetry::start(&settings.log, &settings.traces)?;
    let shell = Shell::configured(global, &settings);
    let ended = serve(&shell, settings).await;
    let closed = shell.close().await;
    telemetry.stop().await;
    ended.and_then(|outcome| closed.map(|()| outcome))
}

async fn serve(shell: &Shell, settings: Settings) -> anyhow::Result<Outcome> {
    let mut signal = pin!(super::interruption());
    let session = tokio::select! {
        session = shell.connect_to_answer(&settings) => session?,
        signal = &mut signal => return Err(complaint::interrupted(signal)),
    };
    let mut config = settings.server;
    if config.platform_key_hash.is_none() && shell.global.database_url.is_none() {
        let Hidden(key) = kept_key(shell).await?;
        config.platform_key_hash = Some(*blake3::hash(key.as_bytes()).as_bytes());
    }
    let running = http::start(session.store, config).await?;
    shell.remark(&format!("listening on http://{} (reference: http://{}/docs)", running.address, running.address));
    signal.await;
    shell.remark("stopping: finishing what is under way (once more to stop at once)");
    tokio::select! {
        () = running.stop() => Ok(Outcome::Done),
        signal = super::interruption() => Err(complaint::interrupted(signal)),
    }
}

/// The operator's key of the embedded database: made once, readable by its owner only.
async fn kept_key(shell: &Shell) -> anyhow::Result<Hidden> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let path = shell.home().await.join("platform-key");
    if let Ok(kept) = std::fs::read_to_string(&path) {
        return Ok(Hidden(kept.trim().to_owned()));
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
    Ok(Hidden(key))
}
