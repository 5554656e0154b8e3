//! Keys as an issuer publishes them (RFC 7517): fetched when needed, kept when the endpoint is away, and fetched again,
//! not too often, when a token names a key that is not among them.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use futures::StreamExt;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::Value;
use tokio::sync::Mutex;

/// How long one look at the endpoint may take.
pub const FETCH_TIME_MAX: Duration = Duration::from_secs(5);
/// Bytes of a set of keys.
pub const FETCH_BYTES_MAX: usize = 256 << 10;
/// Keys in one set.
pub const KEYS_MAX: usize = 100;
/// Keys that are older than this are fetched again, while the present ones go on being used.
pub const REFRESH_AFTER: Duration = Duration::from_secs(600);
/// The endpoint is not asked again before, whatever tokens name.
pub const FETCH_APART_MIN: Duration = Duration::from_secs(5);

/// A key and the one algorithm that it is for.
#[derive(Clone, Debug)]
pub(super) struct PublicKey {
    pub(super) kid: Option<String>,
    pub(super) algorithm: Algorithm,
    pub(super) key: DecodingKey,
}

/// Why there is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoKey {
    /// The issuer does not publish it.
    Unknown,
    /// The issuer's keys have never been had: it may well be one of them.
    Unavailable,
}

/// An issuer's keys.
#[derive(Debug)]
pub(super) struct Jwks {
    url: String,
    client: reqwest::Client,
    kept: RwLock<Option<Set>>,
    last_try: Mutex<Option<Instant>>,
}

#[derive(Clone, Debug)]
struct Set {
    keys: Arc<Vec<PublicKey>>,
    at: Instant,
}

impl Jwks {
    pub(super) fn new(url: &str) -> Result<Self, String> {
        let parsed = reqwest::Url::parse(url).map_err(|error| format!("jwks_url is no URL: {error}"))?;
        let here = parsed.host_str().is_some_and(|host| matches!(host, "localhost" | "127.0.0.1" | "[::1]"));
        if parsed.scheme() != "https" && !(parsed.scheme() == "http" && here) {
            return Err("jwks_url must be https: whoever can change the answer can be anybody".to_owned());
        }
        let client = reqwest::Client::builder()
            .timeout(FETCH_TIME_MAX)
            .connect_timeout(FETCH_TIME_MAX)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| format!("no client for jwks_url: {error}"))?;
        Ok(Self { url: url.to_owned(), client, kept: RwLock::new(None), last_try: Mutex::new(None) })
    }

    #[cfg(test)]
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// The key that a token names, for the algorithm that it names.
    pub(super) async fn key(self: &Arc<Self>, kid: Option<&str>, algorithm: Algorithm) -> Result<PublicKey, NoKey> {
        if let Some(set) = self.kept() {
            if set.at.elapsed() > REFRESH_AFTER {
                let this = Arc::clone(self);
                tokio::spawn(async move { this.refresh(Some(set.at)).await });
            }
            if let Some(key) = pick(&set.keys, kid, algorithm) {
                return Ok(key);
            }
        }
        let seen = self.kept().map(|set| set.at);
        self.refresh(seen).await;
        match self.kept() {
            None => Err(NoKey::Unavailable),
            Some(set) => pick(&set.keys, kid, algorithm).ok_or(NoKey::Unknown),
        }
    }

    fn kept(&self) -> Option<Set> {
        self.kept.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Fetches the keys, unless somebody has since `seen`, or the endpoint was asked a moment ago.
    async fn refresh(&self, seen: Option<Instant>) {
        let mut last_try = self.last_try.lock().await;
        if self.kept().map(|set| set.at) != seen || last_try.is_some_and(|at| at.elapsed() < FETCH_APART_MIN) {
            return;
        }
        *last_try = Some(Instant::now());
        match self.fetch().await {
            Ok(keys) => {
                let set = Set { keys: Arc::new(keys), at: Instant::now() };
                *self.kept.write().unwrap_or_else(PoisonError::into_inner) = Some(set);
            }
            Err(why) => tracing::warn!(url = self.url, why, "an issuer's keys could not be had; those from before go on being used"),
        }
    }

    async fn fetch(&self) -> Result<Vec<PublicKey>, String> {
        let response = self.client.get(&self.url).send().await.map_err(|error| error.without_url().to_string())?;
        if response.status() != reqwest::StatusCode::OK {
            return Err(format!("answered {}", response.status()));
        }
        let mut body = Vec::new();
        let mut chunks = response.bytes_stream();
        while let Some(chunk) = chunks.next().await {
            body.extend_from_slice(&chunk.map_err(|error| error.without_url().to_string())?);
            if body.len() > FETCH_BYTES_MAX {
                return Err(format!("more than {FETCH_BYTES_MAX} bytes"));
            }
        }
        read_set(&body)
    }
}

/// The keys of a set that can check signatures; others are left out.
fn read_set(body: &[u8]) -> Result<Vec<PublicKey>, String> {
    let set: Value = serde_json::from_slice(body).map_err(|error| format!("no JSON: {error}"))?;
    let keys = set.get("keys").and_then(Value::as_array).ok_or("no array of keys")?;
    if keys.len() > KEYS_MAX {
        return Err(format!("{} keys, expected {KEYS_MAX} at most", keys.len()));
    }
    Ok(keys.iter().filter_map(read_key).collect())
}

/// The algorithm follows from the key's type, never from the token. Symmetric keys have no place in public.
fn read_key(jwk: &Value) -> Option<PublicKey> {
    let text = |name: &str| jwk.get(name).and_then(Value::as_str);
    if text("use").is_some_and(|purpose| purpose != "sig") {
        return None;
    }
    let (algorithm, word, key) = match (text("kty")?, text("crv")) {
        ("RSA", _) => (Algorithm::RS256, "RS256", DecodingKey::from_rsa_components(text("n")?, text("e")?)),
        ("EC", Some("P-256")) => (Algorithm::ES256, "ES256", DecodingKey::from_ec_components(text("x")?, text("y")?)),
        ("OKP", Some("Ed25519")) => (Algorithm::EdDSA, "EdDSA", DecodingKey::from_ed_components(text("x")?)),
        _ => return None,
    };
    if text("alg").is_some_and(|alg| alg != word) {
        return None;
    }
    Some(PublicKey { kid: text("kid").map(str::to_owned), algorithm, key: key.ok()? })
}

/// A token that names no key is checked with the only one there is for its algorithm, if there is only one.
fn pick(keys: &[PublicKey], kid: Option<&str>, algorithm: Algorithm) -> Option<PublicKey> {
    let mut fitting = keys.iter().filter(|key| key.algorithm == algorithm && (kid.is_none() || key.kid.as_deref() == kid));
    match (fitting.next(), fitting.next()) {
        (Some(key), None) => Some(key.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_keys_that_check_signatures_are_taken() {
        let ec = json!({ "kty": "EC", "crv": "P-256", "kid": "e", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0" });
        let with = |name: &str, value: Value| {
            let mut key = ec.clone();
            key[name] = value;
            key
        };
        let set = json!({ "keys": [
            ec, with("use", json!("enc")), with("alg", json!("HS256")), with("alg", json!("none")), with("crv", json!("P-384")), with("kty", json!("oct")),
            { "kty": "oct", "k": "c2VjcmV0", "kid": "o" }, { "kty": "RSA", "n": "!", "e": "AQAB" }, 7, null,
            { "kty": "RSA", "kid": "r", "use": "sig", "alg": "RS256", "n": "sXchDaQebHnPiGvyDOAT4saGEUetSyo9MKLOoWFsueri23bOdgWp4Dy1WlUzewbgBHod5pcM9H95GQRV3JDXboIRROSBigeC5yjU1hGzHHyXss8UDprecbAYxknTcQkhslANGRUZmdTOQ5qTRsLAt6BTYuyvVRdhS8exSZEy_c4gs_7svlJJQ4H9_NxsiIoLwAEk7-Q3UXERGYw_75IDrGA84-lA_-Ct4eTlXHBIY2EaV7t7LjJaynVJCpkv4LKjTTAumiGUIuQhrNhZLuF_RJLqHpM2kgWFLU7-VTdL1VbC2tejvcI2BlMkEpk1BzBZI0KQB0GaDWFLN-aEAw3vRw", "e": "AQAB" },
        ]});
        let keys = read_set(set.to_string().as_bytes()).unwrap();
        assert_eq!(
            keys.iter().map(|key| (key.kid.as_deref(), key.algorithm)).collect::<Vec<_>>(),
            [(Some("e"), Algorithm::ES256), (Some("r"), Algorithm::RS256)]
        );
        assert!(pick(&keys, Some("e"), Algorithm::ES256).is_some());
        assert!(pick(&keys, Some("e"), Algorithm::RS256).is_none(), "a key is for one algorithm");
        assert!(pick(&keys, Some("e"), Algorithm::HS256).is_none(), "and never a secret");
        assert!(pick(&keys, None, Algorithm::RS256).is_some());
        assert!(pick(&[keys.clone(), keys].concat(), None, Algorithm::RS256).is_none(), "which of two?");
        for wrong in ["", "[]", "{}", "{\"keys\": {}}"] {
            assert!(read_set(wrong.as_bytes()).is_err(), "{wrong}");
        }
        assert!(read_set(json!({ "keys": vec![0; KEYS_MAX + 1] }).to_string().as_bytes()).is_err());
    }
}
