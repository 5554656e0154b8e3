//! The OpenAPI document: what the handlers say of themselves, and what holds for every operation.
//!
//! Every operation gets the refusals and headers that the pipeline can answer with, so that a handler documents its
//! success only. The document as committed is `docs/openapi.json`; a test fails when it drifts.

use std::collections::BTreeSet;

use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{HttpMethod, Operation, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{Content, ContentBuilder, ObjectBuilder, OpenApi, Ref, RefOr, Required, Response, ResponseBuilder, Type};

use super::limits;
use super::problem::PROBLEM_JSON;

/// Everything under this prefix belongs to an organization.
const OF_ORGANIZATION: &str = "/v1/orgs/{org}";

/// Why any operation may be refused.
const REFUSALS: [(&str, &str); 12] = [
    ("400", "Malformed: a header, the path, the query or the body cannot be understood."),
    ("401", "Credentials are missing, unknown, expired or revoked."),
    ("403", "The caller's role, scopes or plan do not permit it."),
    ("404", "Nothing there, or nothing that the caller may know of."),
    ("408", "The body took too long to arrive."),
    ("409", "What exists already is in the way, or a read model is behind."),
    ("413", "The body or one of its parts is too large."),
    ("415", "The body is not of the media type that the operation takes."),
    ("422", "The books refuse it, or the idempotency key was used for another request."),
    ("429", "Too many requests: wait as `Retry-After` says."),
    ("500", "The server failed; never because of what was asked."),
    ("503", "The database is away or the server is stopping: try again."),
];

/// Subjects, in the order in which the reference page shows them.
const TAGS: [(&str, &str); 27] = [
    ("Organizations", "Whose books they are."),
    ("Accounts", "The chart of accounts, with balances."),
    ("Entries", "Journal entries: posted one at a time, in batches or as a stream; reversed and corrected, never edited."),
    ("Reports", "Statements as of any date, as known at any event or time; as JSON or CSV."),
    ("Events", "History, decoded and with its hashes; followed as it happens; proved."),
    ("Parties", "Customers, vendors and payees."),
    ("Documents", "Orders, invoices, bills, notes, write-offs."),
    ("Payments", "Money received, sent and returned."),
    ("Open items", "What is owed and owing."),
    ("Allocations", "What settled what."),
    ("Tax codes", "How tax is computed and where it goes."),
    ("Commissions", "Who earns by which sales."),
    ("Commodities and rates", "Currencies, shares, hours; exchange rates and prices."),
    ("Closing", "Periods, revaluation, deferrals, the end of the year."),
    ("Drafts", "What people and agents propose: it moves nothing until it is posted."),
    ("Approvals", "Policies, requests, votes: whose approval something needs before it is posted."),
    ("Agents", "Programs with a language model behind them: what they may do, what they cost."),
    ("Semantic layer", "Views, metrics and questions in SQL, for language models and everybody else; an assistant's desk."),
    ("Webhooks", "Being told of events."),
    ("Me", "Who the caller is."),
    ("API keys", "Keys of programs."),
    ("Members", "People and agents of an organization."),
    ("Invitations", "How they come in."),
    ("Roles", "Roles that an organization makes."),
    ("Workspaces", "Its sub-units."),
    ("Plan", "What it has paid for, and how much of it is used."),
    ("Audit log", "Who asked for what."),
];

/// Questions that come as a body: they write nothing and take no key.
const ASKED: [&str; 3] = ["/semantic/query", "/semantic/metrics/query", "/mcp"];

/// Adds to every operation what holds for all of them.
pub fn complete(document: &mut OpenApi) {
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in operations_of(item) {
            complete_one(path, &method, operation);
        }
    }
    document.tags = Some(TAGS.iter().map(|(name, said)| TagBuilder::new().name(*name).description(Some(*said)).build()).collect());
    let components = document.components.get_or_insert_default();
    let bearer =
        Http::builder().scheme(HttpAuthScheme::Bearer).description(Some("An API key (`lsk_…`) or a token of a configured issuer."));
    for (status, said) in REFUSALS {
        components.responses.insert(format!("Refusal{status}"), refusal(status, said));
    }
    components.security_schemes.insert("bearer".to_owned(), SecurityScheme::Http(bearer.build()).into());
    document.security = Some(vec![SecurityRequirement::new::<_, [&str; 0], &str>("bearer", [])]);
}

fn operations_of(item: &mut PathItem) -> Vec<(HttpMethod, &mut Operation)> {
    let PathItem { get, post, put, patch, delete, .. } = item;
    [(HttpMethod::Get, get), (HttpMethod::Post, post), (HttpMethod::Put, put), (HttpMethod::Patch, patch), (HttpMethod::Delete, delete)]
        .into_iter()
        .filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
        .collect()
}

/// A name that no other operation has: `post_orgs_entries`, `get_orgs_accounts_by_code`.
fn operation_id(path: &str, method: &str) -> String {
    let steps = path.split('/').filter(|step| !["", "v1", "{org}"].contains(step)).map(|step| {
        let plain = step.replace('-', "_");
        plain.strip_prefix('{').map_or_else(|| plain.clone(), |named| format!("by_{}", named.trim_end_matches('}')))
    });
    [method.to_lowercase()].into_iter().chain(steps).collect::<Vec<_>>().join("_")
}

fn complete_one(path: &str, method: &HttpMethod, operation: &mut Operation) {
    operation.operation_id = Some(operation_id(path, word(method)));
    let text = || ObjectBuilder::new().schema_type(Type::String);
    let parameters = operation.parameters.get_or_insert_default();
    if path.starts_with(OF_ORGANIZATION)
        && !parameters.iter().any(|parameter| matches!(parameter, RefOr::T(parameter) if parameter.name == "org"))
    {
        let slug = text().pattern(Some("^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")).build();
        let org = ParameterBuilder::new().name("org").parameter_in(ParameterIn::Path).required(Required::True).schema(Some(slug));
        parameters.insert(0, org.description(Some("The organization's short name.")).build().into());
    }
    let writes = !matches!(method, HttpMethod::Get) && !ASKED.iter().any(|end| path.ends_with(end));
    if writes {
        let key = text().min_length(Some(1)).max_length(Some(limits::IDEMPOTENCY_KEY_BYTES_MAX)).pattern(Some("^[!-~]+$")).build();
        let key =
            ParameterBuilder::new().name("Idempotency-Key").parameter_in(ParameterIn::Header).required(Required::True).schema(Some(key));
        let said = "Chosen by the caller, kept for ever per organization: the same key and body get the same answer, marked `Idempotent-Replayed: true`.";
        parameters.push(key.description(Some(said)).build().into());
    }
    if let Some(RefOr::T(body)) = operation.request_body.as_mut() {
        let is_nothing = |content: &RefOr<Content>| match content {
            RefOr::T(content) => {
                matches!(&content.schema, Some(RefOr::Ref(schema)) if schema.ref_location.ends_with("/Nothing"))
            }
            RefOr::Ref(_) => false,
        };
        if body.content.values().any(is_nothing) {
            body.required = Some(Required::False); // a body without fields may be left out
        }
    }
    for (status, _) in REFUSALS {
        operation
            .responses
            .responses
            .entry(status.to_owned())
            .or_insert_with(|| Ref::from_response_name(format!("Refusal{status}")).into());
    }
    for (status, response) in &mut operation.responses.responses {
        let RefOr::T(response) = response else { continue };
        name_request(response);
        if status.starts_with('2') && writes {
            let replayed = HeaderBuilder::new()
                .schema(Some(text()))
                .description(Some("`true` where an earlier request with the same key was answered so."));
            response.headers.insert("Idempotent-Replayed".to_owned(), replayed.build().into());
        }
    }
}

/// Every answer says what the request is called.
fn name_request(response: &mut Response) {
    let text = ObjectBuilder::new().schema_type(Type::String);
    let id = HeaderBuilder::new().schema(Some(text)).description(Some("Names this request in the audit log.")).build();
    response.headers.insert("Request-Id".to_owned(), id.into());
}

fn refusal(status: &str, said: &str) -> RefOr<Response> {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("ProblemBody"))).build();
    let mut response = ResponseBuilder::new().description(said).content(PROBLEM_JSON, content).build();
    if matches!(status, "429" | "503") {
        let seconds = ObjectBuilder::new().schema_type(Type::Integer).build();
        let header = HeaderBuilder::new().schema(Some(seconds)).description(Some("Seconds to wait before trying again.")).build();
        response.headers.insert("Retry-After".to_owned(), header.into());
    }
    name_request(&mut response);
    RefOr::T(response)
}

fn word(method: &HttpMethod) -> &'static str {
    match method {
        HttpMethod::Get => "GET",
        HttpMethod::Post => "POST",
        HttpMethod::Put => "PUT",
        HttpMethod::Patch => "PATCH",
        HttpMethod::Delete => "DELETE",
        _ => "OTHER",
    }
}

/// Method and path of every operation.
#[must_use]
pub fn operations(document: &OpenApi) -> BTreeSet<(String, String)> {
    let mut paths = document.paths.paths.clone();
    let operations = paths.iter_mut().flat_map(|(path, item)| {
        operations_of(item).into_iter().map(|(method, _)| (word(&method).to_owned(), path.clone())).collect::<Vec<_>>()
    });
    operations.collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::{Path, PathBuf};

    use serde_json::Value;

    #[test]
    fn every_operation_has_a_subject_that_is_described() {
        let (_, document) = crate::http::routes::api();
        let document = serde_json::to_value(&document).unwrap();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let tag = operation["tags"][0].as_str().unwrap_or_default();
                assert!(super::TAGS.iter().any(|(name, _)| *name == tag), "{method} {path}: {tag:?}");
            }
        }
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let (_, document) = crate::http::routes::api();
        let document = serde_json::to_value(&document).unwrap();
        let mut todo = vec![(String::new(), &document)];
        let mut nowhere: BTreeMap<&str, String> = BTreeMap::new();
        while let Some((at, value)) = todo.pop() {
            match value {
                Value::Array(items) => todo.extend((0..).zip(items).map(|(no, item)| (format!("{at}/{no}"), item))),
                Value::Object(members) => {
                    if let Some(Value::String(place)) = members.get("$ref")
                        && document.pointer(place.trim_start_matches('#')).is_none()
                    {
                        nowhere.insert(place, at.clone());
                    }
                    todo.extend(members.iter().map(|(name, member)| (format!("{at}/{name}"), member)));
                }
                _ => {}
            }
        }
        assert!(nowhere.is_empty(), "what is referred to, and where from: {nowhere:#?}");
    }

    /// The document keeps one schema of a name, whichever came last.
    #[test]
    fn no_two_schemas_have_the_same_name() {
        let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http")];
        let mut places: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let text = std::fs::read_to_string(&path).unwrap();
                for derived in text.split("#[derive(").skip(1).filter(|rest| rest.split(')').next().unwrap().contains("ToSchema")) {
                    let word = |kind: &str| derived.split_once(kind).map(|(before, after)| (before.len(), after));
                    let (_, after) = [word("struct "), word("enum ")].into_iter().flatten().min_by_key(|(at, _)| *at).unwrap();
                    let name: String = after.chars().take_while(|c| c.is_alphanumeric()).collect();
                    // Empty: of a macro, which is given names elsewhere.
                    if !name.is_empty() {
                        places.entry(name).or_default().push(path.clone());
                    }
                }
            }
        }
        places.retain(|_, places| places.len() > 1);
        assert!(places.is_empty(), "{places:#?}");
    }
}
