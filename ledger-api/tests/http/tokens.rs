//! Tokens of issuers: what is believed, and everything that must not be. Keys are in `keys/`; their endpoint is a small
//! server of the test's own that can be told to go away.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::{Json, Router, routing::get};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use ledger_api::http::Config;
use ledger_api::http::identity::IssuerConfig;
use reqwest::Method;
use serde_json::{Value, json};

use crate::serving::{Answer, Served, send};

pub(crate) const SECRET: &str = "a secret of the test, of at least thirty-two bytes";
pub(crate) const HS: &str = "https://hs.example";
const RS: &str = "https://rs.example";
const PUBLISHED: &str = "https://published.example/auth/v1";

const RSA: &[u8] = include_bytes!("keys/rsa.pem");
const RSA_OTHER: &[u8] = include_bytes!("keys/rsa_other.pem");
const RSA_PUBLIC: &str = include_str!("keys/rsa.public.pem");
const EC: &[u8] = include_bytes!("keys/ec.pem");
const EC_OTHER: &[u8] = include_bytes!("keys/ec_other.pem");
const EC_PUBLIC: &str = include_str!("keys/ec.public.pem");

/// Publishes keys, as long as it is not told to fail.
#[derive(Clone, Default)]
struct Endpoint {
    keys: Arc<Mutex<Vec<Value>>>,
    away: Arc<AtomicBool>,
    asked: Arc<AtomicU32>,
}

impl Endpoint {
    async fn start(&self) -> SocketAddr {
        async fn answer(State(endpoint): State<Endpoint>) -> axum::response::Response {
            endpoint.asked.fetch_add(1, Ordering::SeqCst);
            if endpoint.away.load(Ordering::SeqCst) {
                return StatusCode::INTERNAL_SERVER_ERROR.into_response();
            }
            let keys = endpoint.keys.lock().unwrap().clone();
            Json(json!({ "keys": keys })).into_response()
        }
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().route("/keys", get(answer)).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        address
    }

    fn publish(&self, keys: &[(&str, &[u8], Algorithm)]) {
        *self.keys.lock().unwrap() = keys.iter().map(|(kid, pem, algorithm)| jwk(kid, pem, *algorithm)).collect();
    }
}

fn private(pem: &[u8], algorithm: Algorithm) -> EncodingKey {
    match algorithm {
        Algorithm::ES256 => EncodingKey::from_ec_pem(pem).unwrap(),
        _ => EncodingKey::from_rsa_pem(pem).unwrap(),
    }
}

fn jwk(kid: &str, pem: &[u8], algorithm: Algorithm) -> Value {
    let mut jwk = serde_json::to_value(Jwk::from_encoding_key(&private(pem, algorithm), algorithm).unwrap()).unwrap();
    jwk["kid"] = json!(kid);
    jwk["use"] = json!("sig");
    jwk
}

fn now() -> i64 {
    chrono::Utc::now().timestamp()
}

/// What a good token of an issuer says.
pub(crate) fn claims(issuer: &str, subject: &str) -> Value {
    json!({ "iss": issuer, "aud": "ledger", "sub": subject, "exp": now() + 600, "iat": now(), "role": "authenticated", "aal": "aal1" })
}

pub(crate) fn with(mut claims: Value, name: &str, value: Value) -> Value {
    claims[name] = value;
    claims
}

/// Signed with the secret.
pub(crate) fn hs(claims: &Value) -> String {
    encode(&Header::new(Algorithm::HS256), claims, &EncodingKey::from_secret(SECRET.as_bytes())).unwrap()
}

fn signed(claims: &Value, kid: Option<&str>, pem: &[u8], algorithm: Algorithm) -> String {
    let header = Header { kid: kid.map(str::to_owned), ..Header::new(algorithm) };
    encode(&header, claims, &private(pem, algorithm)).unwrap()
}

/// A token with any header, signed by HMAC with any secret.
fn made(header: &Value, claims: &Value, secret: &[u8]) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(header), part(claims));
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &EncodingKey::from_secret(secret), Algorithm::HS256).unwrap();
    format!("{message}.{signature}")
}

fn issuer(text: &str) -> IssuerConfig {
    toml::from_str(text).unwrap()
}

/// The issuers of these tests: one with a secret, one with a public key, one that publishes its keys.
pub(crate) fn config(jwks: Option<SocketAddr>) -> Config {
    let mut issuers = vec![
        issuer(&format!(
            "issuer = \"{HS}\"\naudience = [\"ledger\"]\nsecret = \"{SECRET}\"\norganization_claim = \"app_metadata.org_id\"\nrole_claim = \"app_metadata.ledger_role\""
        )),
        issuer(&format!("issuer = \"{RS}\"\naudience = [\"ledger\"]\npublic_key = '''{RSA_PUBLIC}'''\nalgorithms = [\"RS256\"]")),
    ];
    issuers.extend(jwks.map(|address| {
        issuer(&format!("preset = \"supabase\"\nissuer = \"{PUBLISHED}\"\naudience = [\"ledger\"]\njwks_url = \"http://{address}/keys\""))
    }));
    Config { issuers, ..Config::default() }
}

pub(crate) async fn ask(served: &Served, method: Method, path: &str, token: &str) -> Answer {
    send(served.client.request(method, served.url(path)).bearer_auth(token)).await
}

async fn me(served: &Served, token: &str) -> (u16, String) {
    let answer = ask(served, Method::GET, "/v1/me", token).await;
    if answer.status == 200 { (200, answer.json()["subject"].as_str().unwrap_or_default().to_owned()) } else { answer.problem() }
}

async fn add(served: &Served, org: &str, issuer: &str, subject: &str, role: &str) -> Value {
    served.post(&format!("{org}/members"), json!({ "issuer": issuer, "subject": subject, "role": role })).await.expect(201)
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_an_issuer_signed_is_believed() {
    let endpoint = Endpoint::default();
    endpoint.publish(&[("r", RSA, Algorithm::RS256), ("e", EC, Algorithm::ES256)]);
    let served = Served::with(config(Some(endpoint.start().await))).await;
    let (own, rs, published) = (claims(HS, "u"), claims(RS, "u"), claims(PUBLISHED, "u"));
    let good = [
        hs(&own),
        signed(&rs, None, RSA, Algorithm::RS256),
        signed(&published, Some("r"), RSA, Algorithm::RS256),
        signed(&published, Some("e"), EC, Algorithm::ES256),
        hs(&with(own.clone(), "exp", json!(now() - 20))),
        hs(&with(own.clone(), "nbf", json!(now() + 20))),
        hs(&with(own.clone(), "aud", json!(["other", "ledger"]))),
    ];
    for token in &good {
        assert_eq!(me(&served, token).await, (200, "u".to_owned()), "{token}");
    }
    let none =
        |alg: &str| format!("{}.{}.", URL_SAFE_NO_PAD.encode(json!({ "alg": alg }).to_string()), URL_SAFE_NO_PAD.encode(own.to_string()));
    let stripped = good[0].rsplit_once('.').unwrap().0;
    let other_body = {
        let parts: Vec<&str> = good[1].split('.').collect();
        format!("{}.{}.{}", parts[0], URL_SAFE_NO_PAD.encode(with(rs.clone(), "sub", json!("admin")).to_string()), parts[2])
    };
    let public_der = URL_SAFE_NO_PAD.encode(RSA_PUBLIC);
    let bad: Vec<(&str, String, &str)> = vec![
        ("expired", hs(&with(own.clone(), "exp", json!(now() - 31))), "TOKEN_EXPIRED"),
        ("without an end", hs(&with(own.clone(), "exp", Value::Null)), "TOKEN_EXPIRED"),
        ("not yet valid", hs(&with(own.clone(), "nbf", json!(now() + 60))), "TOKEN_NOT_YET_VALID"),
        ("of an unknown issuer", hs(&claims("https://evil.example", "u")), "TOKEN_ISSUER"),
        ("of another issuer, by this one's secret", hs(&claims(RS, "u")), "TOKEN_ALGORITHM"),
        ("for another audience", hs(&with(own.clone(), "aud", json!("someone"))), "TOKEN_AUDIENCE"),
        ("without an audience", hs(&with(own.clone(), "aud", Value::Null)), "TOKEN_AUDIENCE"),
        ("without a subject", hs(&with(own.clone(), "sub", Value::Null)), "TOKEN_SUBJECT"),
        ("of a service", hs(&with(own.clone(), "role", json!("service_role"))), "TOKEN_OF_NOBODY"),
        ("anonymous", hs(&with(own.clone(), "is_anonymous", json!(true))), "TOKEN_OF_NOBODY"),
        ("alg=none", none("none"), "TOKEN_ALGORITHM"),
        ("alg=None", none("None"), "TOKEN_ALGORITHM"),
        ("alg is empty", none(""), "TOKEN_ALGORITHM"),
        ("by another secret", made(&json!({ "alg": "HS256" }), &own, b"another secret of at least thirty-two bytes"), "TOKEN_SIGNATURE"),
        ("by no secret", made(&json!({ "alg": "HS256" }), &own, b""), "TOKEN_SIGNATURE"),
        ("by another key", signed(&rs, None, RSA_OTHER, Algorithm::RS256), "TOKEN_SIGNATURE"),
        ("by a key of another kind", signed(&rs, None, EC, Algorithm::ES256), "TOKEN_ALGORITHM"),
        ("HMAC with the public key", made(&json!({ "alg": "HS256" }), &rs, RSA_PUBLIC.as_bytes()), "TOKEN_ALGORITHM"),
        ("HMAC with the published key", made(&json!({ "alg": "HS256", "kid": "r" }), &published, RSA_PUBLIC.as_bytes()), "TOKEN_ALGORITHM"),
        (
            "HMAC with the published curve",
            made(&json!({ "alg": "HS256", "kid": "e" }), &published, EC_PUBLIC.as_bytes()),
            "TOKEN_ALGORITHM",
        ),
        ("another kind of HMAC", made(&json!({ "alg": "HS512" }), &own, SECRET.as_bytes()), "TOKEN_ALGORITHM"),
        ("the key of another kind by name", signed(&published, Some("e"), RSA, Algorithm::RS256), "TOKEN_KEY"),
        ("an unknown key", signed(&published, Some("x"), RSA, Algorithm::RS256), "TOKEN_KEY"),
        ("a file for a key", signed(&published, Some("../../etc/passwd"), RSA, Algorithm::RS256), "TOKEN_KEY"),
        ("SQL for a key", signed(&published, Some("x' UNION SELECT 'a"), RSA, Algorithm::RS256), "TOKEN_KEY"),
        ("a published key of somebody else", signed(&published, Some("r"), RSA_OTHER, Algorithm::RS256), "TOKEN_SIGNATURE"),
        (
            "its own key along",
            made(
                &json!({ "alg": "HS256", "jwk": { "kty": "oct", "k": public_der }, "jku": "http://evil.example" }),
                &own,
                RSA_PUBLIC.as_bytes(),
            ),
            "TOKEN_SIGNATURE",
        ),
        ("what must be understood", made(&json!({ "alg": "HS256", "crit": ["x"], "x": 1 }), &own, SECRET.as_bytes()), "TOKEN_MALFORMED"),
        ("another body under the signature", other_body, "TOKEN_SIGNATURE"),
        ("without its signature", stripped.to_owned(), "CREDENTIALS_UNKNOWN"),
        ("with an empty signature", format!("{stripped}."), "TOKEN_SIGNATURE"),
        ("truncated", good[0][..good[0].len() - 4].to_owned(), "TOKEN_SIGNATURE"),
        ("truncated in its signature", good[1][..good[1].len() / 2].to_owned(), "TOKEN_SIGNATURE"),
        ("truncated in its body", good[1][..60].to_owned(), "CREDENTIALS_UNKNOWN"),
        ("with something after it", format!("{}.x", good[0]), "TOKEN_MALFORMED"),
        ("a body that is a list", made(&json!({ "alg": "HS256" }), &json!([own]), SECRET.as_bytes()), "TOKEN_MALFORMED"),
        ("no JSON", "bm8.bm8.bm8".to_owned(), "TOKEN_MALFORMED"),
        ("padded", format!("{}==", good[0]), "TOKEN_SIGNATURE"),
    ];
    for (what, token, code) in bad {
        assert_eq!(me(&served, &token).await, (401, code.to_owned()), "{what}: {token}");
    }
    let oversized = hs(&with(own, "padding", json!("x".repeat(9_000))));
    assert_eq!(me(&served, &oversized).await.0, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_rotate_and_their_endpoint_may_go_away() {
    let endpoint = Endpoint::default();
    endpoint.publish(&[("one", EC, Algorithm::ES256)]);
    let served = Served::with(config(Some(endpoint.start().await))).await;
    let token = |kid, pem| signed(&claims(PUBLISHED, "u"), Some(kid), pem, Algorithm::ES256);

    // Away from the beginning: it cannot be known, which is not the caller's fault.
    endpoint.away.store(true, Ordering::SeqCst);
    assert_eq!(me(&served, &token("one", EC)).await, (503, "UNAVAILABLE".to_owned()));
    endpoint.away.store(false, Ordering::SeqCst);
    tokio::time::sleep(std::time::Duration::from_millis(5_100)).await;
    assert_eq!(me(&served, &token("one", EC)).await.0, 200);

    // Many unknown keys at once: the endpoint is not asked again for each of them.
    let before = endpoint.asked.load(Ordering::SeqCst);
    let unknown = (0..20).map(|n| {
        let token = signed(&claims(PUBLISHED, "u"), Some(&format!("k{n}")), EC_OTHER, Algorithm::ES256);
        let served = &served;
        async move { me(served, &token).await }
    });
    for answer in futures::future::join_all(unknown).await {
        assert_eq!(answer, (401, "TOKEN_KEY".to_owned()));
    }
    assert!(endpoint.asked.load(Ordering::SeqCst) - before <= 1);

    // Rotated: the new key is fetched when a token names it, and the old one is no good once it is not published.
    endpoint.publish(&[("two", EC_OTHER, Algorithm::ES256)]);
    tokio::time::sleep(std::time::Duration::from_millis(5_100)).await;
    assert_eq!(me(&served, &token("two", EC_OTHER)).await.0, 200);
    let old = signed(&with(claims(PUBLISHED, "u"), "jti", json!("new")), Some("one"), EC, Algorithm::ES256);
    assert_eq!(me(&served, &old).await, (401, "TOKEN_KEY".to_owned()));

    // Away again: those from before go on being good.
    endpoint.away.store(true, Ordering::SeqCst);
    tokio::time::sleep(std::time::Duration::from_millis(5_100)).await;
    assert_eq!(me(&served, &old).await.0, 401);
    let fresh = signed(&with(claims(PUBLISHED, "u"), "jti", json!("another")), Some("two"), EC_OTHER, Algorithm::ES256);
    assert_eq!(me(&served, &fresh).await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_says_who_and_membership_says_what() {
    let served = Served::with(config(None)).await;
    let (org, other) = (served.org("acme").await, served.org("other").await);
    add(&served, &org, HS, "ann", "administrator").await;
    add(&served, &org, HS, "bot", "agent").await;
    add(&served, &other, HS, "bea", "owner").await;
    let here = |token: String| {
        let served = &served;
        async move {
            let answer = ask(served, Method::GET, "/v1/orgs/acme/me", &token).await;
            if answer.status == 200 { answer.json()["role"].as_str().unwrap().to_owned() } else { answer.problem().1 }
        }
    };
    let ann = claims(HS, "ann");
    let meta = |name: &str, value: Value| with(ann.clone(), "app_metadata", json!({ name: value }));
    let id = served.get("/v1/orgs/acme").await.expect(200)["id"].clone();
    for (what, token, answer) in [
        ("a member", hs(&ann), "administrator"),
        ("a stranger", hs(&claims(HS, "nobody")), "ORGANIZATION_NOT_FOUND"),
        ("a member elsewhere", hs(&claims(HS, "bea")), "ORGANIZATION_NOT_FOUND"),
        ("another issuer's ann", signed(&claims(RS, "ann"), None, RSA, Algorithm::RS256), "ORGANIZATION_NOT_FOUND"),
        ("who asks for less", hs(&meta("ledger_role", json!("viewer"))), "viewer"),
        ("who asks for more stays what he is", hs(&meta("ledger_role", json!("owner"))), "administrator"),
        ("who asks for what is no role", hs(&meta("ledger_role", json!("root"))), "TOKEN_CLAIM"),
        ("a token for this organization", hs(&meta("org_id", json!("acme"))), "administrator"),
        ("by its id", hs(&meta("org_id", id)), "administrator"),
        ("a token for another", hs(&meta("org_id", json!("other"))), "ORGANIZATION_NOT_FOUND"),
        (
            "what a user writes about himself",
            hs(&with(ann.clone(), "user_metadata", json!({ "org_id": "other", "ledger_role": "owner" }))),
            "administrator",
        ),
        ("an agent for a member", hs(&with(ann.clone(), "act", json!({ "sub": "bot" }))), "agent"),
        ("an agent that is not known", hs(&with(ann.clone(), "act", json!({ "sub": "other-bot" }))), "ORGANIZATION_NOT_FOUND"),
        ("a person as an agent", hs(&with(claims(HS, "bot"), "act", json!({ "sub": "ann" }))), "ORGANIZATION_NOT_FOUND"),
    ] {
        assert_eq!(here(token).await, answer, "{what}");
    }
    // The wish for less holds for what is done, not only for what is shown.
    let less = hs(&meta("ledger_role", json!("viewer")));
    assert_eq!(ask(&served, Method::GET, "/v1/orgs/acme/members", &less).await.problem().1, "FORBIDDEN");
    let agent = hs(&with(ann.clone(), "act", json!({ "sub": "bot" })));
    assert_eq!(ask(&served, Method::GET, "/v1/orgs/acme/members", &agent).await.problem().1, "FORBIDDEN");
    // A member that was taken out is a stranger at once.
    let members = ask(&served, Method::GET, "/v1/orgs/acme/members", &hs(&ann)).await.expect(200);
    let id = members["data"].as_array().unwrap().iter().find(|one| one["subject"] == "ann").unwrap()["id"].as_str().unwrap().to_owned();
    served.write(Method::DELETE, &format!("{org}/members/{id}"), &json!({})).await.expect(200);
    assert_eq!(here(hs(&ann)).await, "ORGANIZATION_NOT_FOUND");
}
