//! `/v1/orgs/{org}/entries`: journal entries.

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use ledger_core::{Command, DraftEntry, DraftLine};
use rust_decimal::Decimal;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::http::extract::{Receipt, WriteParams};
use crate::http::state::App;
use crate::http::{Accepted, Problem, Write};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(post))
}

/// A journal entry to be posted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewEntry {
    /// When it counts.
    #[schema(format = Date, example = "2026-01-15")]
    pub effective_date: String,
    /// What happened.
    #[serde(default)]
    pub description: String,
    /// Two or more lines that balance in each currency.
    pub lines: Vec<NewLine>,
}

/// One line of an entry.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewLine {
    /// The account's code.
    #[schema(example = "1000")]
    pub account: String,
    /// Debit or credit.
    pub direction: Direction,
    /// Not negative.
    #[schema(example = "12.00")]
    pub amount: String,
    /// ISO 4217 code or a commodity's; the functional currency by default.
    #[schema(nullable = false)]
    pub currency: Option<String>,
}

/// A side of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Left.
    Debit,
    /// Right.
    Credit,
}

/// Post a journal entry
#[utoipa::path(post, path = "/v1/orgs/{org}/entries", tag = "Entries", params(WriteParams), request_body = NewEntry,
    responses((status = 201, description = "Posted: durable.", body = Receipt)))]
async fn post(write: Write<NewEntry>) -> Result<Accepted, Problem> {
    let entry = &write.body;
    let date =
        crate::cli::moment::date(&entry.effective_date).map_err(|said| Problem::malformed("MALFORMED_BODY", said).at("/effective_date"))?;
    let functional = &write.access.organization.functional_currency;
    let lines = entry.lines.iter().enumerate().map(|(at, line)| {
        let amount = Decimal::from_str_exact(&line.amount)
            .map_err(|_| Problem::malformed("MALFORMED_BODY", "expected a decimal").at(format!("/lines/{at}/amount")))?;
        let amount = if line.direction == Direction::Debit { amount } else { -amount };
        Ok(DraftLine::new(line.account.as_str(), amount, line.currency.as_deref().unwrap_or(functional)))
    });
    let draft = DraftEntry::new(date, &entry.description, lines.collect::<Result<_, Problem>>()?);
    write.submit(Command::PostEntry(draft)).await
}
