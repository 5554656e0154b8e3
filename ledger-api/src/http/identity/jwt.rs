//! Tokens of configured issuers: taken apart, believed only when the issuer's own key signed them, and only what they
//! are for (RFC 7519, RFC 8725).
//!
//! The algorithm is the key's, never the token's word for it: `none` has no key, and a public key checks no HMAC. What a
//! token says of roles is a wish; what somebody may is looked up by [`super::lookup`].

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use jsonwebtoken::Algorithm;
use serde_json::{Map, Value};

use super::issuer::{Issuer, Keys};
use super::jwks::NoKey;
use super::role::Role;

/// Bytes of a token.
pub const TOKEN_BYTES_MAX: usize = 8 << 10;
/// Bytes of `sub`, and of the `sub` in `act`.
pub const SUBJECT_BYTES_MAX: usize = 255;
/// By how much clocks may differ.
pub const LEEWAY_SECONDS: i64 = 30;

/// Why a token is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It is no token.
    #[error("the token is malformed")]
    Malformed,
    /// Nobody configured its issuer.
    #[error("the token's issuer is not one that this server believes")]
    Issuer,
    /// Its algorithm is not one that its issuer signs with.
    #[error("the token's algorithm is not one that its issuer signs with")]
    Algorithm,
    /// It names a key that its issuer does not have.
    #[error("the token names a key that its issuer does not have")]
    Key,
    /// Its issuer's keys cannot be had.
    #[error("the keys of the token's issuer cannot be had at the moment")]
    KeysAway,
    /// Its signature is not its issuer's.
    #[error("the token's signature is not its issuer's")]
    Signature,
    /// It has no `exp`, or that has passed.
    #[error("the token has expired, or does not say when it does")]
    Expired,
    /// It is of the future.
    #[error("the token is not yet valid")]
    NotYet,
    /// It is for somebody else.
    #[error("the token is for another audience")]
    Audience,
    /// It does not say who it is about.
    #[error("the token does not say who it is about")]
    Subject,
    /// Nobody stands behind it: anonymous sign-in, or a key of the platform itself.
    #[error("the token is of an anonymous user or of a service, not of a person")]
    Nobody,
    /// A claim has a form that it cannot have.
    #[error("a claim of the token about role, organization or actor is malformed")]
    Claim,
}

impl Refusal {
    /// A code that never changes, for programs.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Malformed => "TOKEN_MALFORMED",
            Self::Issuer => "TOKEN_ISSUER",
            Self::Algorithm => "TOKEN_ALGORITHM",
            Self::Key => "TOKEN_KEY",
            Self::KeysAway => "TOKEN_KEYS_AWAY",
            Self::Signature => "TOKEN_SIGNATURE",
            Self::Expired => "TOKEN_EXPIRED",
            Self::NotYet => "TOKEN_NOT_YET_VALID",
            Self::Audience => "TOKEN_AUDIENCE",
            Self::Subject => "TOKEN_SUBJECT",
            Self::Nobody => "TOKEN_OF_NOBODY",
            Self::Claim => "TOKEN_CLAIM",
        }
    }
}

/// What a token says that is believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// Who vouches.
    pub issuer: String,
    /// For whom.
    pub subject: String,
    /// The program that acts for him.
    pub agent: Option<String>,
    /// The only organization that it is for, by short name or id.
    pub organization: Option<String>,
    /// The lesser role that it asks for.
    pub role: Option<Role>,
    /// His address, as far as the issuer vouches for it.
    pub email: Option<String>,
    /// How surely he is known.
    pub aal: u8,
    /// When it ends.
    pub expires: DateTime<Utc>,
}

/// A token taken apart; nothing of it is believed yet.
struct Parts<'t> {
    algorithm: Algorithm,
    kid: Option<String>,
    signed: &'t str,
    signature: &'t str,
    claims: Map<String, Value>,
}

/// Checks a token against the issuers that are configured.
///
/// # Errors
/// Why it is not believed.
pub async fn verify(token: &str, issuers: &[Issuer], now: DateTime<Utc>) -> Result<Claims, Refusal> {
    let parts = take_apart(token)?;
    let named = parts.claims.get("iss").and_then(Value::as_str).ok_or(Refusal::Issuer)?;
    let issuer = issuers.iter().find(|issuer| issuer.name == named).ok_or(Refusal::Issuer)?;
    if !issuer.algorithms.contains(&parts.algorithm) {
        return Err(Refusal::Algorithm);
    }
    let key = match &issuer.keys {
        Keys::Fixed(key) => key.clone(),
        Keys::Published(keys) => keys.key(parts.kid.as_deref(), parts.algorithm).await.map_err(|none| match none {
            NoKey::Unknown => Refusal::Key,
            NoKey::Unavailable => Refusal::KeysAway,
        })?,
    };
    // The key's algorithm, which is the token's as well: both were compared.
    match jsonwebtoken::crypto::verify(parts.signature, parts.signed.as_bytes(), &key.key, key.algorithm) {
        Ok(true) if key.algorithm == parts.algorithm => read_claims(&parts.claims, issuer, now),
        _ => Err(Refusal::Signature),
    }
}

fn take_apart(token: &str) -> Result<Parts<'_>, Refusal> {
    if token.len() > TOKEN_BYTES_MAX {
        return Err(Refusal::Malformed);
    }
    let (signed, signature) = token.rsplit_once('.').ok_or(Refusal::Malformed)?;
    let (header, claims) = signed.split_once('.').ok_or(Refusal::Malformed)?;
    let header = object(header)?;
    let text = |name: &str| match header.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.as_str())),
        Some(_) => Err(Refusal::Malformed),
    };
    // What must be understood (RFC 7515, 4.1.11) is not understood here. Keys that a token brings along are never looked at.
    if header.contains_key("crit") || header.contains_key("b64") || header.contains_key("enc") {
        return Err(Refusal::Malformed);
    }
    if text("typ")?.is_some_and(|kind| !["jwt", "at+jwt"].iter().any(|known| kind.eq_ignore_ascii_case(known))) {
        return Err(Refusal::Malformed);
    }
    let algorithm = match text("alg")? {
        Some("HS256") => Algorithm::HS256,
        Some("RS256") => Algorithm::RS256,
        Some("ES256") => Algorithm::ES256,
        Some("EdDSA") => Algorithm::EdDSA,
        Some(_) => return Err(Refusal::Algorithm),
        None => return Err(Refusal::Malformed),
    };
    let kid = text("kid")?.map(str::to_owned);
    Ok(Parts { algorithm, kid, signed, signature, claims: object(claims)? })
}

fn object(segment: &str) -> Result<Map<String, Value>, Refusal> {
    let bytes = URL_SAFE_NO_PAD.decode(segment).map_err(|_| Refusal::Malformed)?;
    serde_json::from_slice(&bytes).map_err(|_| Refusal::Malformed)
}

fn read_claims(claims: &Map<String, Value>, issuer: &Issuer, now: DateTime<Utc>) -> Result<Claims, Refusal> {
    let now = now.timestamp();
    let expires = time(claims, "exp")?.ok_or(Refusal::Expired)?;
    if expires.saturating_add(LEEWAY_SECONDS) <= now {
        return Err(Refusal::Expired);
    }
    for begins in [time(claims, "nbf")?, time(claims, "iat")?].into_iter().flatten() {
        if begins.saturating_sub(LEEWAY_SECONDS) > now {
            return Err(Refusal::NotYet);
        }
    }
    let meant = match claims.get("aud") {
        Some(Value::String(one)) => issuer.audience.contains(one),
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).any(|one| issuer.audience.iter().any(|own| own == one)),
        _ => false,
    };
    if !meant {
        return Err(Refusal::Audience);
    }
    if !matches!(claims.get("is_anonymous"), None | Some(Value::Null | Value::Bool(false)))
        || matches!(claims.get("role").and_then(Value::as_str), Some("service_role" | "anon" | "supabase_admin"))
    {
        return Err(Refusal::Nobody);
    }
    let agent = match claims.get("act") {
        None | Some(Value::Null) => None,
        Some(actor) => Some(name(actor.get("sub")).ok_or(Refusal::Claim)?),
    };
    let role = match at_path(claims, issuer.role_claim.as_deref())? {
        None => None,
        Some(word) => Some(word.parse().map_err(|_| Refusal::Claim)?),
    };
    Ok(Claims {
        issuer: issuer.name.clone(),
        subject: name(claims.get("sub")).ok_or(Refusal::Subject)?,
        agent,
        organization: at_path(claims, issuer.organization_claim.as_deref())?,
        role,
        email: email(claims),
        aal: if claims.get("aal").and_then(Value::as_str) == Some("aal2") { 2 } else { 1 },
        expires: DateTime::from_timestamp(expires, 0).ok_or(Refusal::Expired)?,
    })
}

/// A time in seconds; a fraction is cut off.
fn time(claims: &Map<String, Value>, claim: &str) -> Result<Option<i64>, Refusal> {
    match claims.get(claim) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Number(number)) => {
            let text = number.to_string();
            let whole = text.split_once('.').map_or(text.as_str(), |(whole, _)| whole);
            whole.parse().map(Some).map_err(|_| Refusal::Malformed)
        }
        Some(_) => Err(Refusal::Malformed),
    }
}

fn name(value: Option<&Value>) -> Option<String> {
    let text = value.and_then(Value::as_str)?;
    ((1..=SUBJECT_BYTES_MAX).contains(&text.len()) && !text.chars().any(char::is_control)).then(|| text.to_owned())
}

/// The text at a path of names with points between, if there is anything.
fn at_path(claims: &Map<String, Value>, path: Option<&str>) -> Result<Option<String>, Refusal> {
    let Some((first, rest)) = path.map(|path| path.split_once('.').unwrap_or((path, ""))) else { return Ok(None) };
    let mut found = claims.get(first);
    for step in rest.split('.').filter(|step| !step.is_empty()) {
        found = found.and_then(|value| value.get(step));
    }
    match found {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if !text.is_empty() => Ok(Some(text.clone())),
        Some(_) => Err(Refusal::Claim),
    }
}

fn email(claims: &Map<String, Value>) -> Option<String> {
    let vouched = claims.get("email_verified").is_none_or(|verified| *verified == Value::Bool(true));
    claims.get("email").and_then(Value::as_str).filter(|address| vouched && !address.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::{EncodingKey, Header, encode};
    use serde_json::json;

    use super::super::issuer::IssuerConfig;
    use super::*;

    const SECRET: &str = "a secret of at least thirty-two bytes";
    const NOW: i64 = 1_800_000_000;

    fn issuers() -> Vec<Issuer> {
        let text = format!(
            "issuer = \"https://i\"\naudience = [\"ledger\", \"other\"]\nsecret = \"{SECRET}\"\norganization_claim = \"app_metadata.org_id\"\nrole_claim = \"app_metadata.role\""
        );
        vec![Issuer::new(&toml::from_str::<IssuerConfig>(&text).unwrap()).unwrap()]
    }

    fn claims() -> Value {
        json!({ "iss": "https://i", "aud": "ledger", "sub": "u-1", "exp": NOW + 60 })
    }

    fn with(name: &str, value: Value) -> Value {
        let mut claims = claims();
        if value == json!("gone") {
            claims.as_object_mut().unwrap().remove(name);
        } else {
            claims[name] = value;
        }
        claims
    }

    async fn check(claims: &Value) -> Result<Claims, Refusal> {
        let token = encode(&Header::default(), claims, &EncodingKey::from_secret(SECRET.as_bytes())).unwrap();
        verify(&token, &issuers(), DateTime::from_timestamp(NOW, 0).unwrap()).await
    }

    #[tokio::test]
    async fn what_a_token_says_is_taken_or_refused() {
        let good = check(&claims()).await.unwrap();
        assert_eq!((good.subject.as_str(), good.aal, good.agent, good.organization, good.role), ("u-1", 1, None, None, None));
        let full = json!({ "iss": "https://i", "aud": ["x", "other"], "sub": "u-1", "exp": NOW + 60, "nbf": NOW, "iat": NOW - 5, "aal": "aal2",
            "role": "authenticated", "is_anonymous": false, "email": "a@b.c", "act": { "sub": "bot" }, "app_metadata": { "org_id": "acme", "role": "viewer" } });
        let full = check(&full).await.unwrap();
        assert_eq!(
            (full.aal, full.agent.as_deref(), full.organization.as_deref(), full.role),
            (2, Some("bot"), Some("acme"), Some(Role::Viewer))
        );
        assert_eq!((full.email.as_deref(), full.expires.timestamp()), (Some("a@b.c"), NOW + 60));

        for (name, value, outcome) in [
            ("exp", json!("gone"), Some(Refusal::Expired)),
            ("exp", json!(NOW - 29), None),
            ("exp", json!(NOW - 30), Some(Refusal::Expired)),
            ("exp", json!(0), Some(Refusal::Expired)),
            ("exp", json!("2099"), Some(Refusal::Malformed)),
            ("exp", json!(i64::MAX), Some(Refusal::Expired)),
            ("exp", json!(u64::MAX), Some(Refusal::Malformed)),
            ("nbf", json!(NOW + 30), None),
            ("nbf", json!(NOW + 31), Some(Refusal::NotYet)),
            ("iat", json!(NOW + 31), Some(Refusal::NotYet)),
            ("aud", json!("gone"), Some(Refusal::Audience)),
            ("aud", json!("ledger2"), Some(Refusal::Audience)),
            ("aud", json!([]), Some(Refusal::Audience)),
            ("aud", json!({ "ledger": true }), Some(Refusal::Audience)),
            ("iss", json!("https://i/"), Some(Refusal::Issuer)),
            ("iss", json!(["https://i"]), Some(Refusal::Issuer)),
            ("iss", json!("gone"), Some(Refusal::Issuer)),
            ("sub", json!("gone"), Some(Refusal::Subject)),
            ("sub", json!(""), Some(Refusal::Subject)),
            ("sub", json!(7), Some(Refusal::Subject)),
            ("sub", json!("s".repeat(256)), Some(Refusal::Subject)),
            ("sub", json!("a\u{0}b"), Some(Refusal::Subject)),
            ("is_anonymous", json!(true), Some(Refusal::Nobody)),
            ("is_anonymous", json!("yes"), Some(Refusal::Nobody)),
            ("role", json!("service_role"), Some(Refusal::Nobody)),
            ("role", json!("anon"), Some(Refusal::Nobody)),
            ("act", json!({}), Some(Refusal::Claim)),
            ("act", json!("bot"), Some(Refusal::Claim)),
            ("app_metadata", json!({ "role": "root" }), Some(Refusal::Claim)),
            ("app_metadata", json!({ "role": ["owner"] }), Some(Refusal::Claim)),
            ("app_metadata", json!({ "org_id": 7 }), Some(Refusal::Claim)),
            ("user_metadata", json!({ "org_id": "acme" }), None),
        ] {
            assert_eq!(check(&with(name, value.clone())).await.err(), outcome, "{name}: {value}");
        }
        let unverified =
            check(&json!({ "iss": "https://i", "aud": "ledger", "sub": "u", "exp": NOW + 1, "email": "a@b.c", "email_verified": false }))
                .await;
        assert_eq!(unverified.unwrap().email, None);
        let fraction = URL_SAFE_NO_PAD.encode(format!(r#"{{"exp":{}.75}}"#, NOW));
        assert_eq!(time(&object(&fraction).unwrap(), "exp"), Ok(Some(NOW)));
    }

    #[tokio::test]
    async fn what_is_no_token_is_refused_before_anything_is_believed() {
        let segment = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let token = |header: Value| format!("{}.{}.c2ln", segment(header), segment(claims()));
        let long = format!("{}.{}", token(json!({ "alg": "HS256" })), "A".repeat(TOKEN_BYTES_MAX));
        for (text, outcome) in [
            (String::new(), Refusal::Malformed),
            ("a.b".to_owned(), Refusal::Malformed),
            ("a.b.c.d.e".to_owned(), Refusal::Malformed),
            (long, Refusal::Malformed),
            (token(json!({ "alg": "none" })), Refusal::Algorithm),
            (token(json!({ "alg": "NONE" })), Refusal::Algorithm),
            (token(json!({ "alg": "hs256" })), Refusal::Algorithm),
            (token(json!({ "alg": "HS512" })), Refusal::Algorithm),
            (token(json!({ "alg": "RS256" })), Refusal::Algorithm),
            (token(json!({})), Refusal::Malformed),
            (token(json!({ "alg": ["HS256"] })), Refusal::Malformed),
            (token(json!({ "alg": "HS256", "crit": ["exp"] })), Refusal::Malformed),
            (token(json!({ "alg": "HS256", "typ": "JWE" })), Refusal::Malformed),
            (token(json!({ "alg": "dir", "enc": "A256GCM" })), Refusal::Malformed),
            (token(json!({ "alg": "HS256", "kid": { "x": 1 } })), Refusal::Malformed),
            (token(json!({ "alg": "HS256", "jwk": { "kty": "oct", "k": "AA" } })), Refusal::Signature),
        ] {
            let refused = verify(&text, &issuers(), DateTime::from_timestamp(NOW, 0).unwrap()).await;
            assert_eq!(refused.err(), Some(outcome), "{text:.200}");
        }
    }
}
