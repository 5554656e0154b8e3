//! Credentials to a principal: what a request brings, checked, and what its bearer is in the organization that he asks of.
//!
//! What the database says is believed for a few seconds ([`super::kept::KEPT_FOR`]); changes made through this server
//! count at once ([`Identity::forget`]).

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::http::StatusCode;
use chrono::{DateTime, Duration, Utc};
use ledger_store::identity::{Given, KeyCredentials, Membership};
use ledger_store::{OrgId, Organization, Store, StoreError};
use subtle::ConstantTimeEq;
use uuid::Uuid;

use super::issuer::{Issuer, IssuerConfig};
use super::jwt::{self, Claims, Refusal};
use super::kept::Kept;
use super::permission::Permission;
use super::plan::{Plan, Tier};
use super::principal::{Grant, Principal, Subject};
use super::role::Role;
use super::token::{Kind, Token};
use crate::http::problem::Problem;

/// Look-ups of one kind that are kept at most.
const KEPT_MAX: usize = 100_000;
/// A key's last use is noted once in this time.
const NOTED_APART: Duration = Duration::minutes(1);

/// Credentials that somebody has; what he may is another matter.
#[derive(Clone, Debug)]
pub enum Credential {
    /// Who runs the machine.
    Platform,
    /// A key of an organization, with what it may there.
    Key(OrgId, Arc<Principal>),
    /// A token of a configured issuer.
    Token(Arc<Claims>),
}

impl Credential {
    /// Who it is, where no organization is concerned: nobody may anything by it.
    #[must_use]
    pub fn anywhere(&self) -> Principal {
        match self {
            Self::Platform => Principal::platform(),
            Self::Key(_, principal) => Principal { grants: Vec::new(), ..Principal::clone(principal) },
            Self::Token(claims) => {
                let nobody =
                    Principal { subject: subject(claims), aal: claims.aal, expires: Some(claims.expires), ..Principal::platform() };
                Principal { grants: Vec::new(), ..nobody }
            }
        }
    }

    /// The organization that it is limited to, where it says so by id.
    #[must_use]
    pub fn organization(&self) -> Option<OrgId> {
        match self {
            Self::Key(org, _) => Some(*org),
            _ => None,
        }
    }
}

/// A key that was looked up, and until when it is good.
#[derive(Clone)]
struct KnownKey {
    id: Uuid,
    org: OrgId,
    principal: Arc<Principal>,
}

/// Recognises who asks.
pub struct Identity {
    platform: Option<[u8; 32]>,
    issuers: Vec<Issuer>,
    usual: Tier,
    keys: Kept<[u8; 32], KnownKey>,
    tokens: Kept<[u8; 32], Arc<Claims>>,
    members: Kept<(OrgId, String, String), Option<Arc<Membership>>>,
    workspaces: Kept<(OrgId, String), Option<Uuid>>,
    plans: Kept<OrgId, Arc<Plan>>,
}

impl Identity {
    /// For the holder of the platform's key (its BLAKE3 hash), these issuers, and organizations on the usual plan unless
    /// something else was agreed.
    ///
    /// # Errors
    /// What is wrong with the configuration of an issuer.
    pub fn new(platform: Option<[u8; 32]>, issuers: &[IssuerConfig], usual: Tier) -> Result<Self, String> {
        let names: BTreeSet<&str> = issuers.iter().map(|issuer| issuer.issuer.as_str()).collect();
        if names.len() != issuers.len() {
            return Err("two issuers have the same name: one set of keys each".to_owned());
        }
        Ok(Self {
            platform,
            issuers: issuers.iter().map(Issuer::new).collect::<Result<_, _>>()?,
            usual,
            keys: Kept::new(KEPT_MAX),
            tokens: Kept::new(KEPT_MAX),
            members: Kept::new(KEPT_MAX),
            workspaces: Kept::new(KEPT_MAX),
            plans: Kept::new(KEPT_MAX),
        })
    }

    /// Whose credentials these are.
    ///
    /// # Errors
    /// 401 when they are nobody's, 503 when that cannot be known now.
    pub async fn recognise(&self, store: &Store, credentials: &str) -> Result<Credential, Problem> {
        let (now, print) = (Utc::now(), *blake3::hash(credentials.as_bytes()).as_bytes());
        if self.platform.is_some_and(|known| known.ct_eq(&print).into()) {
            return Ok(Credential::Platform);
        }
        if credentials.starts_with("lsk_") {
            return self.key(store, credentials, print, now).await.map(|known| Credential::Key(known.org, known.principal));
        }
        if credentials.matches('.').count() < 2 {
            return Err(unknown());
        }
        if let Some(claims) = self.tokens.get(&print).filter(|claims| claims.expires > now) {
            return Ok(Credential::Token(claims));
        }
        let claims = Arc::new(jwt::verify(credentials, &self.issuers, now).await.map_err(refused)?);
        self.tokens.put(print, Arc::clone(&claims));
        Ok(Credential::Token(claims))
    }

    async fn key(&self, store: &Store, text: &str, print: [u8; 32], now: DateTime<Utc>) -> Result<KnownKey, Problem> {
        let good = |known: &KnownKey| known.principal.expires.is_none_or(|end| end > now);
        if let Some(known) = self.keys.get(&print) {
            return if good(&known) { Ok(known) } else { Err(unknown()) };
        }
        let token = Token::parse(Kind::ApiKey, text).ok_or_else(unknown)?;
        let org = store.for_org(token.org);
        let found = org.key_credentials(token.id).await?.ok_or_else(unknown)?;
        let known = KnownKey { id: token.id, org: token.org, principal: Arc::new(key_principal(&token, &found).ok_or_else(unknown)?) };
        if !good(&known) {
            return Err(unknown());
        }
        if found.last_used_at.is_none_or(|last| last + NOTED_APART < now) {
            let id = token.id;
            tokio::spawn(async move {
                if let Err(error) = org.note_key_used(id, now).await {
                    tracing::warn!(%error, "the use of a key could not be noted");
                }
            });
        }
        self.keys.put(print, known.clone());
        Ok(known)
    }

    /// What the bearer is in an organization, in the workspace that he names. `None` for strangers.
    ///
    /// # Errors
    /// 403 for a workspace that is not his, or when he has to name one; 503 when the database is away.
    pub async fn principal(
        &self,
        store: &Store,
        credential: &Credential,
        organization: &Organization,
        workspace: Option<&str>,
    ) -> Result<Option<Arc<Principal>>, Problem> {
        let found = match credential {
            Credential::Platform => Some(Arc::new(Principal::platform())),
            Credential::Key(org, principal) => (*org == organization.org).then(|| Arc::clone(principal)),
            Credential::Token(claims) => self.by_token(store, claims, organization).await?.map(Arc::new),
        };
        let Some(principal) = found else { return Ok(None) };
        self.in_workspace(store, principal, organization.org, workspace).await.map(Some)
    }

    /// What the bearer of credentials that were recognised a while ago is now: for answers that take long. `None` where they
    /// have ended, or he is no member any more.
    ///
    /// # Errors
    /// 503 when the database is away.
    pub async fn again(&self, store: &Store, credential: &Credential, organization: &Organization) -> Result<Option<Principal>, Problem> {
        let now = Utc::now();
        match credential {
            Credential::Platform => Ok(Some(Principal::platform())),
            Credential::Token(claims) if claims.expires <= now => Ok(None),
            Credential::Token(claims) => self.by_token(store, claims, organization).await,
            Credential::Key(org, before) => {
                let Some(id) = before.id.filter(|_| before.expires.is_none_or(|end| end > now)) else { return Ok(None) };
                let found = store.for_org(*org).key_credentials(id).await?.filter(|key| key.revoked_at.is_none());
                let grants = found.filter(|key| key.expires_at.is_none_or(|end| end > now)).and_then(|key| key_grant(&key));
                Ok(grants.map(|grant| Principal { grants: vec![grant], ..Principal::clone(before) }))
            }
        }
    }

    async fn by_token(&self, store: &Store, claims: &Claims, organization: &Organization) -> Result<Option<Principal>, Problem> {
        let picked = |picked: &String| *picked == organization.slug || *picked == organization.org.0.to_string();
        if !claims.organization.as_ref().is_none_or(picked) {
            return Ok(None);
        }
        let Some(member) = self.membership(store, organization.org, &claims.issuer, &claims.subject).await? else { return Ok(None) };
        let Some(own) = grant(&member.given) else { return Ok(None) };
        let mut grants = vec![own];
        if let Some(agent) = &claims.agent {
            let known = self.membership(store, organization.org, &claims.issuer, agent).await?;
            match known.and_then(|agent| grant(&agent.given)) {
                Some(granted) if granted.role == Role::Agent => grants.push(granted),
                _ => return Ok(None),
            }
        }
        grants.extend(claims.role.map(Grant::role));
        Ok(Some(Principal {
            subject: subject(claims),
            id: Some(member.member_id),
            grants,
            workspace: None,
            workspaces: member.workspace_ids.clone(),
            aal: claims.aal,
            expires: Some(claims.expires),
        }))
    }

    async fn membership(&self, store: &Store, org: OrgId, issuer: &str, subject: &str) -> Result<Option<Arc<Membership>>, StoreError> {
        let asked = (org, issuer.to_owned(), subject.to_owned());
        if let Some(kept) = self.members.get(&asked) {
            return Ok(kept);
        }
        let found = store.for_org(org).membership(issuer, subject).await?.map(Arc::new);
        self.members.put(asked, found.clone());
        Ok(found)
    }

    /// Who is limited to one workspace works in that one; who is limited to several names one of them.
    async fn in_workspace(
        &self,
        store: &Store,
        principal: Arc<Principal>,
        org: OrgId,
        named: Option<&str>,
    ) -> Result<Arc<Principal>, Problem> {
        let own = principal.workspaces.as_deref();
        let workspace = match (named, own) {
            (None, None) => return Ok(principal),
            (None, Some([only])) => *only,
            (None, Some(_)) => {
                return Err(Problem::new(StatusCode::FORBIDDEN, "WORKSPACE_REQUIRED", "you are limited to several workspaces")
                    .hint("name the one to work in with the header Ledger-Workspace"));
            }
            (Some(code), own) => {
                let found = self.workspace(store, org, code).await?.filter(|id| own.is_none_or(|own| own.contains(id)));
                found.ok_or_else(|| {
                    Problem::new(StatusCode::FORBIDDEN, "WORKSPACE_NOT_YOURS", format!("there is no workspace {code:?} for you"))
                })?
            }
        };
        Ok(Arc::new(Principal { workspace: Some(workspace), ..Principal::clone(&principal) }))
    }

    async fn workspace(&self, store: &Store, org: OrgId, code: &str) -> Result<Option<Uuid>, StoreError> {
        let asked = (org, code.to_owned());
        if let Some(kept) = self.workspaces.get(&asked) {
            return Ok(kept);
        }
        let mut tx = store.for_org(org).begin_read().await?;
        let open = tx.workspace(code).await?.filter(|workspace| workspace.archived_at.is_none());
        tx.rollback().await?;
        let found = open.map(|workspace| workspace.workspace_id);
        self.workspaces.put(asked, found);
        Ok(found)
    }

    /// What the organization has paid for.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn plan(&self, store: &Store, org: OrgId) -> Result<Arc<Plan>, StoreError> {
        if let Some(kept) = self.plans.get(&org) {
            return Ok(kept);
        }
        let agreed = store.for_org(org).plan().await?;
        let plan = Arc::new(agreed.as_ref().map_or_else(|| Plan::of(self.usual), Plan::agreed));
        self.plans.put(org, Arc::clone(&plan));
        Ok(plan)
    }

    /// The plan of organizations with which nothing was agreed.
    #[must_use]
    pub fn usual_plan(&self) -> Plan {
        Plan::of(self.usual)
    }

    /// Forgets what was looked up of an organization: somebody changed who may what there.
    pub fn forget(&self, org: OrgId) {
        self.keys.forget(|_, known| known.org == org);
        self.members.forget(|(of, ..), _| *of == org);
        self.workspaces.forget(|(of, _), _| *of == org);
        self.plans.forget(|of, _| *of == org);
    }

    /// Forgets one key, which was revoked or rotated.
    pub fn forget_key(&self, key: Uuid) {
        self.keys.forget(|_, known| known.id == key);
    }

    /// Whether tokens of this issuer are believed.
    #[must_use]
    pub fn believes(&self, issuer: &str) -> bool {
        self.issuers.iter().any(|known| known.name == issuer)
    }
}

fn subject(claims: &Claims) -> Subject {
    match &claims.agent {
        None => Subject::User { sub: claims.subject.clone() },
        Some(agent) => Subject::Agent { id: agent.clone(), for_user: claims.subject.clone() },
    }
}

/// What a row grants; nothing where its role is none, or where it denies what this program does not know: that may be more than
/// it would leave out. What it gives beyond its role and is not known, is not given.
pub(in crate::http) fn grant(given: &Given) -> Option<Grant> {
    let extra: BTreeSet<Permission> = given.extra.iter().filter_map(|word| word.parse().ok()).collect();
    let denied: BTreeSet<Permission> = given.denied.iter().map(|word| word.parse().ok()).collect::<Option<_>>()?;
    Some(Grant { role: given.role.parse().ok()?, extra, denied, only: None })
}

/// What a key's row grants: its role, or the scopes that were picked out of it.
fn key_grant(found: &KeyCredentials) -> Option<Grant> {
    let only = found.scopes.as_ref().map(|scopes| scopes.iter().filter_map(|word| word.parse().ok()).collect());
    Some(Grant { only, ..grant(&found.given)? })
}

/// What a key's row makes of a token, if the token is that key's.
fn key_principal(token: &Token, found: &KeyCredentials) -> Option<Principal> {
    let earliest = |a: Option<DateTime<Utc>>, b: Option<DateTime<Utc>>| a.into_iter().chain(b).min();
    let present = token.matches(&found.secret_hash);
    let previous = found.previous_hash.as_deref().is_some_and(|hash| token.matches(hash));
    let expires = match (present, previous) {
        (true, _) => found.expires_at,
        (false, true) => earliest(found.expires_at, found.previous_until),
        (false, false) => return None,
    };
    if found.revoked_at.is_some() {
        return None;
    }
    Some(Principal {
        subject: Subject::ApiKey { id: token.id, agent: found.agent.clone() },
        id: Some(token.id),
        grants: vec![key_grant(found)?],
        workspace: None,
        workspaces: found.workspace_id.map(|workspace| vec![workspace]),
        aal: 1,
        expires,
    })
}

/// The same words whatever is wrong: who guesses learns nothing.
fn unknown() -> Problem {
    Problem::unauthenticated("CREDENTIALS_UNKNOWN", "the credentials are unknown, expired or revoked")
}

fn refused(refusal: Refusal) -> Problem {
    match refusal {
        Refusal::KeysAway => {
            Problem::unavailable("the keys of the token's issuer cannot be had at the moment; nothing has changed").retry_in(5)
        }
        other => Problem::unauthenticated(other.code(), other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_denied_what_is_not_known_gets_nothing() {
        let given = |extra: &[&str], denied: &[&str]| Given {
            role: "viewer".to_owned(),
            custom_role: None,
            extra: extra.iter().map(|word| (*word).to_owned()).collect(),
            denied: denied.iter().map(|word| (*word).to_owned()).collect(),
        };
        let granted = |extra: &[&str], denied: &[&str]| grant(&given(extra, denied)).map(|grant| (grant.extra.len(), grant.denied.len()));
        assert_eq!(granted(&["entries:create"], &["accounts:read"]), Some((1, 1)));
        assert_eq!(granted(&["moons:create", "entries:create"], &[]), Some((1, 0)), "what is not known is not given");
        assert_eq!(granted(&[], &["accounts:read", "moons:create"]), None);
        assert_eq!(grant(&Given { role: "emperor".to_owned(), ..given(&[], &[]) }).map(|_| ()), None);
    }
}
