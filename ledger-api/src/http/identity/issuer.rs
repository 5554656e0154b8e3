//! Whose tokens are believed: the configuration of issuers, checked when the server starts.
//!
//! Supabase and Auth.js (NextAuth) are presets: they fill in what is the same for everybody who uses them. What a token
//! must look like is checked in [`super::jwt`].

use std::fmt;
use std::sync::Arc;

use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;

use super::jwks::{Jwks, PublicKey};

/// A shared secret must not be shorter than what it makes (RFC 7518, 3.2).
pub const SECRET_BYTES_MIN: usize = 32;

/// What is the same for everybody who uses a platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Preset {
    /// Supabase Auth. `issuer` is `https://PROJECT.supabase.co/auth/v1`; keys come from its JWKS, or from the project's
    /// legacy JWT secret where `secret` is given. The organization is `app_metadata.org_id`, which users cannot edit.
    Supabase,
    /// Auth.js (NextAuth). Its session cookie is encrypted for the application itself: have the application sign a token
    /// of its own (HS256 with `secret`, or with a key whose JWKS it publishes) with `iss`, `aud`, `sub` and `exp`.
    Authjs,
}

/// An issuer, as it is configured. One of `secret`, `jwks_url` and `public_key` says whose signature counts.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssuerConfig {
    /// A platform whose ways are known.
    #[serde(default)]
    pub preset: Option<Preset>,
    /// `iss` of its tokens, to the letter.
    pub issuer: String,
    /// `aud` of its tokens: one of these. Supabase's is `authenticated`.
    #[serde(default)]
    pub audience: Vec<String>,
    /// The secret that it signs with (HS256), of at least 32 bytes.
    #[serde(default)]
    pub secret: Option<String>,
    /// Where its public keys are. Supabase's default is `/.well-known/jwks.json` below `issuer`.
    #[serde(default)]
    pub jwks_url: Option<String>,
    /// Its public key, in PEM.
    #[serde(default)]
    pub public_key: Option<String>,
    /// What it signs with: RS256, ES256, EdDSA. Default: all three for a JWKS; to be given for a public key.
    #[serde(default)]
    pub algorithms: Vec<String>,
    /// Path of the claim that picks the organization, by its short name or id, such as `app_metadata.org_id`.
    #[serde(default)]
    pub organization_claim: Option<String>,
    /// Path of the claim that asks for a lesser role than the member has.
    #[serde(default)]
    pub role_claim: Option<String>,
}

impl fmt::Debug for IssuerConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IssuerConfig").field("issuer", &self.issuer).field("audience", &self.audience).finish_non_exhaustive()
    }
}

/// Where the keys are that an issuer's signatures are checked with.
#[derive(Debug)]
pub(super) enum Keys {
    /// One, with the algorithm it is for.
    Fixed(PublicKey),
    /// As published.
    Published(Arc<Jwks>),
}

/// An issuer, ready to be asked.
#[derive(Debug)]
pub struct Issuer {
    /// `iss`, to the letter.
    pub name: String,
    pub(super) audience: Vec<String>,
    pub(super) algorithms: Vec<Algorithm>,
    pub(super) keys: Keys,
    pub(super) organization_claim: Option<String>,
    pub(super) role_claim: Option<String>,
}

impl Issuer {
    /// Makes it ready.
    ///
    /// # Errors
    /// In words, what is wrong with the configuration.
    pub fn new(config: &IssuerConfig) -> Result<Self, String> {
        let wrong = |said: String| format!("issuer {:?}: {said}", config.issuer);
        let config = with_preset(config);
        if config.issuer.is_empty() || config.audience.is_empty() || config.audience.iter().any(String::is_empty) {
            return Err(wrong("issuer and audience are required: a token is for somebody".to_owned()));
        }
        let given = [&config.secret, &config.jwks_url, &config.public_key].into_iter().filter(|source| source.is_some()).count();
        if given != 1 {
            return Err(wrong(format!("{given} of secret, jwks_url and public_key are given, expected one")));
        }
        let algorithms = algorithms(&config).map_err(wrong)?;
        let keys = keys(&config, &algorithms).map_err(wrong)?;
        Ok(Self {
            name: config.issuer,
            audience: config.audience,
            algorithms,
            keys,
            organization_claim: config.organization_claim,
            role_claim: config.role_claim,
        })
    }
}

fn with_preset(config: &IssuerConfig) -> IssuerConfig {
    let mut config = config.clone();
    if config.preset == Some(Preset::Supabase) {
        if config.audience.is_empty() {
            config.audience = vec!["authenticated".to_owned()];
        }
        if config.secret.is_none() && config.public_key.is_none() && config.jwks_url.is_none() {
            config.jwks_url = Some(format!("{}/.well-known/jwks.json", config.issuer.trim_end_matches('/')));
        }
        config.organization_claim.get_or_insert_with(|| "app_metadata.org_id".to_owned());
        config.role_claim.get_or_insert_with(|| "app_metadata.ledger_role".to_owned());
    }
    config
}

/// What may sign. A secret never checks anything but HS256, a public key never that.
fn algorithms(config: &IssuerConfig) -> Result<Vec<Algorithm>, String> {
    const PUBLIC: [(&str, Algorithm); 3] = [("RS256", Algorithm::RS256), ("ES256", Algorithm::ES256), ("EdDSA", Algorithm::EdDSA)];
    if config.secret.is_some() {
        let fits = config.algorithms.iter().all(|word| word == "HS256");
        return if fits { Ok(vec![Algorithm::HS256]) } else { Err("a secret signs with HS256 only".to_owned()) };
    }
    if config.algorithms.is_empty() && config.jwks_url.is_some() {
        return Ok(PUBLIC.into_iter().map(|(_, algorithm)| algorithm).collect());
    }
    let known = |word: &String| {
        let found = PUBLIC.into_iter().find(|(name, _)| name == word).map(|(_, algorithm)| algorithm);
        found.ok_or_else(|| format!("{word:?} is no algorithm for public keys; there are RS256, ES256, EdDSA"))
    };
    let algorithms: Vec<Algorithm> = config.algorithms.iter().map(known).collect::<Result<_, _>>()?;
    if config.public_key.is_some() && algorithms.len() != 1 {
        return Err("give the one algorithm of the public key: RS256, ES256 or EdDSA".to_owned());
    }
    Ok(algorithms)
}

fn keys(config: &IssuerConfig, algorithms: &[Algorithm]) -> Result<Keys, String> {
    if let Some(secret) = &config.secret {
        if secret.len() < SECRET_BYTES_MIN {
            return Err(format!("the secret has {} bytes, expected at least {SECRET_BYTES_MIN}", secret.len()));
        }
        return Ok(Keys::Fixed(PublicKey { kid: None, algorithm: Algorithm::HS256, key: DecodingKey::from_secret(secret.as_bytes()) }));
    }
    if let Some(url) = &config.jwks_url {
        return Ok(Keys::Published(Arc::new(Jwks::new(url)?)));
    }
    let pem = config.public_key.as_deref().unwrap_or_default().as_bytes();
    let algorithm = algorithms.first().copied().unwrap_or(Algorithm::RS256);
    let key = match algorithm {
        Algorithm::ES256 => DecodingKey::from_ec_pem(pem),
        Algorithm::EdDSA => DecodingKey::from_ed_pem(pem),
        _ => DecodingKey::from_rsa_pem(pem),
    };
    let key = key.map_err(|error| format!("public_key is no PEM of a key for {algorithm:?}: {error}"))?;
    Ok(Keys::Fixed(PublicKey { kid: None, algorithm, key }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> IssuerConfig {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn presets_fill_in_what_is_the_same_for_everybody() {
        let supabase = Issuer::new(&config("preset = \"supabase\"\nissuer = \"https://p.supabase.co/auth/v1\"")).unwrap();
        assert_eq!(
            (supabase.audience.as_slice(), supabase.organization_claim.as_deref()),
            (["authenticated".to_owned()].as_slice(), Some("app_metadata.org_id"))
        );
        assert!(matches!(&supabase.keys, Keys::Published(jwks) if jwks.url() == "https://p.supabase.co/auth/v1/.well-known/jwks.json"));
        assert!(!supabase.algorithms.contains(&Algorithm::HS256));
        let secret = "s".repeat(32);
        let legacy = Issuer::new(&config(&format!("preset = \"supabase\"\nissuer = \"i\"\nsecret = \"{secret}\""))).unwrap();
        assert_eq!(legacy.algorithms, [Algorithm::HS256]);
        let authjs =
            Issuer::new(&config(&format!("preset = \"authjs\"\nissuer = \"i\"\naudience = [\"ledger\"]\nsecret = \"{secret}\""))).unwrap();
        assert_eq!(authjs.algorithms, [Algorithm::HS256]);
    }

    #[test]
    fn a_configuration_that_would_believe_too_much_is_refused() {
        let secret = "s".repeat(32);
        for (text, said) in [
            ("issuer = \"i\"\nsecret = \"{s}\"".to_owned(), "audience are required"),
            ("issuer = \"i\"\naudience = [\"a\"]".to_owned(), "0 of secret, jwks_url and public_key"),
            ("issuer = \"i\"\naudience = [\"a\"]\nsecret = \"{s}\"\njwks_url = \"https://x\"".to_owned(), "2 of secret"),
            ("issuer = \"i\"\naudience = [\"a\"]\nsecret = \"short\"".to_owned(), "5 bytes, expected at least 32"),
            ("issuer = \"i\"\naudience = [\"a\"]\nsecret = \"{s}\"\nalgorithms = [\"RS256\"]".to_owned(), "HS256 only"),
            (
                "issuer = \"i\"\naudience = [\"a\"]\njwks_url = \"https://x\"\nalgorithms = [\"HS256\"]".to_owned(),
                "no algorithm for public keys",
            ),
            (
                "issuer = \"i\"\naudience = [\"a\"]\njwks_url = \"https://x\"\nalgorithms = [\"none\"]".to_owned(),
                "no algorithm for public keys",
            ),
            ("issuer = \"i\"\naudience = [\"a\"]\njwks_url = \"http://x/keys\"".to_owned(), "https"),
            ("issuer = \"i\"\naudience = [\"a\"]\npublic_key = \"x\"".to_owned(), "the one algorithm"),
            ("issuer = \"i\"\naudience = [\"a\"]\npublic_key = \"x\"\nalgorithms = [\"RS256\"]".to_owned(), "no PEM"),
        ] {
            let refusal = Issuer::new(&config(&text.replace("{s}", &secret))).unwrap_err();
            assert!(refusal.contains(said), "{text}: {refusal}");
        }
        assert!(toml::from_str::<IssuerConfig>("issuer = \"i\"\nsekret = \"x\"").is_err());
        assert!(!format!("{:?}", config(&format!("issuer = \"i\"\nsecret = \"{secret}\""))).contains(&secret));
    }
}
