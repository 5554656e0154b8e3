//! What keys and invitations look like in the hands of their bearers: a word, the organization, the row and a secret.
//!
//! The organization inside lets a token be checked under that organization's row-level security, without a look across
//! organizations. Kept is a hash of the secret: 32 random bytes need no slow one.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ledger_store::OrgId;
use subtle::ConstantTimeEq;
use uuid::Uuid;

/// What a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An API key.
    ApiKey,
    /// An invitation.
    Invitation,
}

impl Kind {
    const fn word(self) -> &'static str {
        match self {
            Self::ApiKey => "lsk_",
            Self::Invitation => "lsi_",
        }
    }

    const fn context(self) -> &'static str {
        match self {
            Self::ApiKey => "ledger 2026 secret of an api key v1",
            Self::Invitation => "ledger 2026 secret of an invitation v1",
        }
    }
}

/// Organization, row and secret: 16 + 16 + 32.
const BYTES: usize = 64;

/// A token taken apart. It says who somebody claims to be; the kept hash decides.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    /// What for.
    pub kind: Kind,
    /// Of which organization.
    pub org: OrgId,
    /// The row of the key or invitation.
    pub id: Uuid,
    secret: [u8; 32],
}

impl Token {
    /// A new one.
    #[must_use]
    pub fn new(kind: Kind, org: OrgId, id: Uuid) -> Self {
        Self { kind, org, id, secret: rand::random() }
    }

    /// Takes a text apart. `None` where it is no token of this kind, to the letter.
    #[must_use]
    pub fn parse(kind: Kind, text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text.strip_prefix(kind.word())?).ok()?;
        let bytes: [u8; BYTES] = bytes.try_into().ok()?;
        let (org, rest) = bytes.split_first_chunk::<16>()?;
        let (id, rest) = rest.split_first_chunk::<16>()?;
        let secret = rest.first_chunk::<32>()?;
        Some(Self { kind, org: OrgId(Uuid::from_bytes(*org)), id: Uuid::from_bytes(*id), secret: *secret })
    }

    /// The text that its bearer gets, once.
    #[must_use]
    pub fn reveal(&self) -> String {
        let mut bytes = [0; BYTES];
        bytes[..16].copy_from_slice(self.org.0.as_bytes());
        bytes[16..32].copy_from_slice(self.id.as_bytes());
        bytes[32..].copy_from_slice(&self.secret);
        format!("{}{}", self.kind.word(), URL_SAFE_NO_PAD.encode(bytes))
    }

    /// What is kept of it.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        blake3::derive_key(self.kind.context(), &self.secret)
    }

    /// Whether this is what was kept. Takes the same time whatever differs.
    #[must_use]
    pub fn matches(&self, kept: &[u8]) -> bool {
        self.hash().as_slice().ct_eq(kept).into()
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Token").field("kind", &self.kind).field("org", &self.org).field("id", &self.id).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_to_the_letter() {
        let token = Token::new(Kind::ApiKey, OrgId(Uuid::from_u128(1)), Uuid::from_u128(2));
        let text = token.reveal();
        assert_eq!((text.len(), &text[..4]), (90, "lsk_"));
        assert_eq!(Token::parse(Kind::ApiKey, &text), Some(token.clone()));
        assert!(token.matches(&token.hash()) && !token.matches(&[0; 32]) && !token.matches(&[]));
        let (body, last) = text.split_at(89);
        // The last letter carries four spare bits: only one of sixteen letters is the token.
        let others = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let same: Vec<char> = others.chars().filter(|c| Token::parse(Kind::ApiKey, &format!("{body}{c}")) == Some(token.clone())).collect();
        assert_eq!(same.into_iter().collect::<String>(), last);
        for wrong in ["", "lsk_", "lsk_AAAA", &text[1..], &text[..89], &format!("{text}A"), &format!("{text}="), &format!(" {text}")] {
            assert_eq!(Token::parse(Kind::ApiKey, wrong), None, "{wrong}");
        }
        assert_eq!(Token::parse(Kind::Invitation, &text), None, "a key is no invitation");
        let twin = Token { kind: Kind::Invitation, ..token.clone() };
        assert_ne!(twin.hash(), token.hash());
        assert!(!format!("{token:?}").contains("secret"));
    }
}
