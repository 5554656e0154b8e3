//! `ledgerd openapi`: the document that describes the HTTP API, as it is served. It is made from the routes in [`crate::http`].

use super::complaint::Outcome;
use super::output::print;

pub(super) fn run() -> anyhow::Result<Outcome> {
    let (_, document) = crate::http::routes::api();
    print(&format!("{}\n", serde_json::to_string_pretty(&document)?))?;
    Ok(Outcome::Done)
}
