//! Secrets and signatures of webhooks, as Standard Webhooks 1.0 has them.
//!
//! A message is signed as `id.timestamp.body` with HMAC-SHA256; while secrets are rotated, with both. Where secrets are
//! kept is `ledger_store::webhooks`' business.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use ledger_store::webhooks::SigningSecret;
use sha2::Sha256;

/// What a secret begins with where people see it.
pub const SECRET_PREFIX: &str = "whsec_";
/// Bytes of a secret that is made here.
const SECRET_BYTES: usize = 32;
/// Bytes that a secret has at least.
pub const SECRET_BYTES_MIN: usize = 24;
/// Bytes that a secret has at most.
pub const SECRET_BYTES_MAX: usize = 64;

/// A new secret from the system's randomness.
#[must_use]
pub fn new_secret() -> SigningSecret {
    SigningSecret(rand::random::<[u8; SECRET_BYTES]>().to_vec())
}

/// The secret as its owner is told it, once: `whsec_` and base64.
#[must_use]
pub fn secret_text(secret: &SigningSecret) -> String {
    format!("{SECRET_PREFIX}{}", STANDARD.encode(&secret.0))
}

/// Reads a secret that somebody brings along.
#[must_use]
pub fn parse_secret(text: &str) -> Option<SigningSecret> {
    let bytes = STANDARD.decode(text.strip_prefix(SECRET_PREFIX)?).ok()?;
    (SECRET_BYTES_MIN..=SECRET_BYTES_MAX).contains(&bytes.len()).then_some(SigningSecret(bytes))
}

/// The header `webhook-signature`: one `v1,…` for each secret, separated by spaces.
#[must_use]
pub fn signatures(secrets: &[SigningSecret], id: &str, timestamp: i64, body: &[u8]) -> String {
    let signed: Vec<String> = secrets.iter().filter_map(|secret| signature(secret, id, timestamp, body)).collect();
    signed.join(" ")
}

/// HMAC takes keys of any length, so there always is one.
fn signature(secret: &SigningSecret, id: &str, timestamp: i64, body: &[u8]) -> Option<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(&secret.0).ok()?;
    mac.update(format!("{id}.{timestamp}.").as_bytes());
    mac.update(body);
    Some(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Figures from Python's `hmac`.
    #[test]
    fn signatures_are_those_of_the_standard() {
        let secret = parse_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let other = SigningSecret((0..32).collect());
        let (id, at, body) = ("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
        let (one, two) = ("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", "v1,O4Gjv1HqPqsMrjmczoggs/sWA8gZD0VyHG+fLh4+ktI=");
        assert_eq!(signatures(std::slice::from_ref(&secret), id, at, body), one);
        assert_eq!(signatures(&[other, secret], id, at, body), format!("{two} {one}"));
    }

    #[test]
    fn secrets_are_read_where_they_are_of_the_right_form() {
        for bytes in [0, 23, 24, 32, 64, 65] {
            let text = secret_text(&SigningSecret(vec![7; bytes]));
            assert_eq!(parse_secret(&text).is_some(), (24..=64).contains(&bytes), "{bytes} bytes");
        }
        for wrong in ["", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS!"] {
            assert_eq!(parse_secret(wrong), None, "{wrong}");
        }
        assert_eq!(new_secret().0.len(), 32);
        assert_ne!(new_secret(), new_secret());
    }

    #[test]
    fn a_secret_does_not_show_itself() {
        assert_eq!(format!("{:?}", SigningSecret(b"very secret indeed, this one".to_vec())), "SigningSecret(…)");
    }
}
