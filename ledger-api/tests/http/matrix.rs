//! Every route that is served, asked by every role: exactly what `permissions.csv` says, and to strangers nothing at all.

use std::collections::{BTreeMap, BTreeSet};

use futures::StreamExt;
use ledger_api::http::identity::Role;
use ledger_api::http::matrix::Matrix;
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::serving::{Served, fresh_key};

/// How many requests are under way at a time.
const AT_ONCE: usize = 12;

/// An operation of the served document.
#[derive(Clone, Debug)]
struct Operation {
    method: Method,
    path: String,
}

impl Operation {
    /// The path with something in place of each parameter.
    fn at(&self, org: &str) -> String {
        let step = |step: &str| match step {
            "{org}" => org.to_owned(),
            "{seq}" | "{no}" | "{number}" => "999999".to_owned(),
            "{month}" => "2026-01".to_owned(),
            "{id}" => "00000000-0000-0000-0000-000000000000".to_owned(),
            other if other.starts_with('{') => "nothing".to_owned(),
            plain => plain.to_owned(),
        };
        self.path.split('/').map(step).collect::<Vec<_>>().join("/")
    }
}

async fn operations(served: &Served) -> Vec<Operation> {
    let document: Value = served.client.get(served.url("/openapi.json")).send().await.unwrap().json().await.unwrap();
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys().filter(|key| ["get", "post", "put", "patch", "delete"].contains(&key.as_str())) {
            found.push(Operation { method: method.to_uppercase().parse().unwrap(), path: path.clone() });
        }
    }
    found
}

/// Asks without waiting for the end of an answer, which may be a stream. The body is one that no write takes.
async fn ask(served: &Served, operation: &Operation, org: &str, token: Option<&str>) -> Response {
    let mut request = served.client.request(operation.method.clone(), served.url(&operation.at(org)));
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    if operation.method != Method::GET {
        request = request.header("idempotency-key", fresh_key()).json(&json!({ "no such field": 1 }));
    }
    request.send().await.unwrap()
}

/// Status, and of refusals the body.
async fn answer(response: Response) -> (u16, String) {
    let status = response.status().as_u16();
    (status, if status >= 400 { response.text().await.unwrap() } else { String::new() })
}

fn code(body: &str) -> String {
    serde_json::from_str::<Value>(body).ok().and_then(|body| body["code"].as_str().map(str::to_owned)).unwrap_or_default()
}

/// A key of an organization; answers its secret and id.
async fn key(served: &Served, org: &str, role: &str, more: &[(&str, Value)]) -> (String, String) {
    let mut body = json!({ "name": role, "role": role });
    more.iter().for_each(|(name, value)| body[*name] = value.clone());
    let made = served.post(&format!("{org}/api-keys"), body).await.expect(201);
    (made["secret"].as_str().unwrap().to_owned(), made["id"].as_str().unwrap().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_has_a_row_and_every_row_a_route() {
    let served = Served::start().await;
    let matrix = Matrix::committed().unwrap();
    let routes: BTreeSet<(String, String)> = operations(&served).await.into_iter().map(|one| (one.method.to_string(), one.path)).collect();
    let rows: BTreeSet<(String, String)> = matrix.rows().map(|row| (row.method.clone(), row.path.clone())).collect();
    assert_eq!(routes, rows);
    assert!(routes.len() > 25, "{}", routes.len());
    // Whoever decides who may what is an owner or administrator, whatever rows are added.
    for row in matrix.rows().filter(|row| row.permission.resource.is_authority() && row.method != "GET") {
        let others: Vec<Role> = Role::ALL.into_iter().skip(2).filter(|role| row.roles.contains(*role)).collect();
        assert_eq!(others, [], "{} {}", row.method, row.path);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_role_gets_exactly_the_table_s_answer() {
    let served = Served::start().await;
    let (own, _) = (served.org("own").await, served.org("foreign").await);
    let matrix = Matrix::committed().unwrap();
    let operations = operations(&served).await;
    let mut keys = BTreeMap::new();
    for role in Role::ALL {
        keys.insert(role, key(&served, &own, role.as_str(), &[]).await.0);
    }
    let cases = operations.iter().flat_map(|operation| keys.iter().map(move |(role, token)| (operation, *role, token)));
    let wrong: Vec<String> = futures::stream::iter(cases)
        .map(|(operation, role, token)| check(&served, &matrix, operation, role, token))
        .buffer_unordered(AT_ONCE)
        .filter_map(|wrong| async move { wrong })
        .collect()
        .await;
    assert!(wrong.is_empty(), "{} answers are not the table's:\n{}", wrong.len(), wrong.join("\n"));
}

/// What is wrong with the answers to one role on one route, if anything.
async fn check(served: &Served, matrix: &Matrix, operation: &Operation, role: Role, token: &str) -> Option<String> {
    let row = matrix.row(operation.method.as_str(), &operation.path).unwrap();
    let allowed = row.roles.contains(role);
    let (status, body) = answer(ask(served, operation, "own", Some(token)).await).await;
    let what = format!("{} {} as {role}", operation.method, operation.path);
    let right = if allowed {
        !matches!(status, 401 | 403 | 405 | 429 | 500..) && code(&body) != "ORGANIZATION_NOT_FOUND"
    } else {
        status == 403 && code(&body) == "FORBIDDEN"
    };
    if !right {
        return Some(format!("{what}: {status} {}, allowed: {allowed}", code(&body)));
    }
    if !operation.path.contains("{org}") {
        return None;
    }
    let foreign = answer(ask(served, operation, "foreign", Some(token)).await).await;
    let nowhere = answer(ask(served, operation, "nowhere", Some(token)).await).await;
    if foreign != nowhere || foreign.0 != 404 || code(&foreign.1) != "ORGANIZATION_NOT_FOUND" {
        return Some(format!("{what}, foreign organization: {foreign:?}, one that does not exist: {nowhere:?}"));
    }
    None
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_comes_in_without_credentials_that_are_good() {
    let served = Served::start().await;
    let own = served.org("own").await;
    let (revoked, id) = key(&served, &own, "owner", &[]).await;
    let soon = chrono::Utc::now() + chrono::Duration::seconds(2);
    let (expired, _) = key(&served, &own, "owner", &[("expires_at", json!(soon.to_rfc3339()))]).await;
    let operations = operations(&served).await;
    let me = |token: String| served.client.get(served.url("/v1/orgs/own/me")).bearer_auth(token).send();
    assert_eq!(me(revoked.clone()).await.unwrap().status(), 200);
    assert_eq!(me(expired.clone()).await.unwrap().status(), 200);
    served.write(Method::DELETE, &format!("{own}/api-keys/{id}"), &json!({})).await.expect(200);
    tokio::time::sleep(std::time::Duration::from_millis(2_100)).await;

    let (body, last) = revoked.split_at(revoked.len() - 20);
    let forged = format!("{body}{}", last.chars().rev().collect::<String>());
    let tokens = [None, Some(revoked.as_str()), Some(expired.as_str()), Some(forged.as_str()), Some("lsk_"), Some("Bearer"), Some("a.b.c")];
    let cases = operations.iter().flat_map(|operation| tokens.iter().map(move |token| (operation, *token)));
    let served = &served;
    let wrong: Vec<String> = futures::stream::iter(cases)
        .map(|(operation, token)| async move {
            let (status, body) = answer(ask(served, operation, "own", token).await).await;
            (status != 401).then(|| format!("{} {} with {token:?}: {status} {}", operation.method, operation.path, code(&body)))
        })
        .buffer_unordered(AT_ONCE)
        .filter_map(|wrong| async move { wrong })
        .collect()
        .await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
