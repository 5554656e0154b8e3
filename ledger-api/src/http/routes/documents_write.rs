//! Recording documents and payments, invoicing orders, writing off.

use axum::Json;
use axum::response::{IntoResponse, Response};
use ledger_core::{Command, Event};
use serde::Serialize;
use utoipa::{IntoResponses, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::booked::{at_fault, with_body};
use crate::cli::recording::followed;
use crate::http::extract::{Preview, Receipt, WriteParams};
use crate::http::state::App;
use crate::http::wire::documents::{NewDocument, NewOrderInvoice, NewWriteOff};
use crate::http::wire::payments::NewPayment;
use crate::http::{Accepted, Problem, Write};

/// The routes.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(record_document))
        .routes(routes!(invoice_order))
        .routes(routes!(write_off))
        .routes(routes!(record_payment))
}

/// A receipt, and what was recorded.
#[derive(Serialize, ToSchema)]
pub struct DocumentReceipt {
    /// The receipt.
    #[serde(flatten)]
    pub receipt: Receipt,
    /// The document: the first where several followed.
    pub document: DocumentName,
}

/// What names a document.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DocumentName {
    /// Its event.
    #[schema(example = 42)]
    pub seq: u64,
    /// What it is.
    #[schema(example = "invoice")]
    pub kind: String,
    /// Its number.
    #[schema(example = "INV-12")]
    pub number: String,
}

/// The answers to recording a document.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "it describes answers")]
enum Recorded {
    /// Recorded, and durable.
    #[response(status = 201)]
    Done(DocumentReceipt),
    /// With `dry_run=true`: what would follow.
    #[response(status = 200)]
    WouldBe(Preview),
}

/// Record an order, invoice, bill, expense claim, credit note or debit note
#[utoipa::path(post, path = "/v1/orgs/{org}/documents", tag = "Documents", params(WriteParams),
    request_body = NewDocument, responses(Recorded))]
async fn record_document(write: Write<NewDocument>) -> Result<Response, Problem> {
    let (write, body) = write.split();
    record(&write, body.command().map_err(at_fault)?).await
}

/// Make an order an invoice
#[utoipa::path(post, path = "/v1/orgs/{org}/order-invoices", tag = "Documents", params(WriteParams),
    request_body = NewOrderInvoice, responses(Recorded))]
async fn invoice_order(write: Write<NewOrderInvoice>) -> Result<Response, Problem> {
    let (write, body) = write.split();
    record(&write, body.command().map_err(at_fault)?).await
}

/// Write off what is open of a document
#[utoipa::path(post, path = "/v1/orgs/{org}/write-offs", tag = "Documents", params(WriteParams),
    request_body = NewWriteOff, responses(Recorded))]
async fn write_off(write: Write<NewWriteOff>) -> Result<Response, Problem> {
    let (write, body) = write.split();
    record(&write, body.command()).await
}

/// Record money received, sent or returned
#[utoipa::path(post, path = "/v1/orgs/{org}/payments", tag = "Payments", params(WriteParams),
    request_body = NewPayment, responses(Recorded))]
async fn record_payment(write: Write<NewPayment>) -> Result<Response, Problem> {
    let (write, body) = write.split();
    record(&write, body.command().map_err(at_fault)?).await
}

/// Records it and says under which number: the ledger may have given that.
async fn record(write: &Write<()>, command: Command) -> Result<Response, Problem> {
    let accepted = write.submit(command).await?;
    let Accepted::Durable(receipt) = &accepted else { return Ok(accepted.into_response()) };
    let events = followed(&write.access.org(), receipt).await?;
    let document = events.into_iter().find_map(|(seq, event)| match event {
        Event::DocumentRecorded { document, .. } => {
            Some(DocumentName { seq, kind: document.kind.as_str().to_owned(), number: document.number.to_string() })
        }
        _ => None,
    });
    let document = document.ok_or_else(|| Problem::internal(&"no document followed"))?;
    let body = DocumentReceipt { receipt: Receipt::from(receipt), document };
    Ok(with_body(accepted, Json(body)))
}
