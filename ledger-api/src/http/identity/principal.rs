//! Who asks, once that is proved, and what he may do. Pure: made by the rest of this module, read by everything else.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use ledger_core::Actor;
use ledger_core::actor::ActorKind;
use ledger_store::tenant::Caller;
use uuid::Uuid;

use super::permission::{Action, Permission, Resource};
use super::role::Role;
use crate::http::matrix::Matrix;

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A person, by a token of a configured issuer.
    User {
        /// What the issuer calls him.
        sub: String,
    },
    /// A program, by its key.
    ApiKey {
        /// The key.
        id: Uuid,
        /// Code of the agent whose key it is, if it is one's.
        agent: Option<String>,
    },
    /// A program that acts for a person, by a token that names both.
    Agent {
        /// The agent: what the token's `act.sub` says.
        id: String,
        /// The person: what the issuer calls him.
        for_user: String,
    },
    /// Who runs the machine.
    Platform,
}

/// A role with what was added to it, taken from it, or picked out of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The role.
    pub role: Role,
    /// Permissions that the role lacks.
    pub extra: BTreeSet<Permission>,
    /// Permissions that the role has and this does not.
    pub denied: BTreeSet<Permission>,
    /// Nothing but these, where there are any.
    pub only: Option<BTreeSet<Permission>>,
}

impl Grant {
    /// The plain role.
    #[must_use]
    pub fn role(role: Role) -> Self {
        Self { role, extra: BTreeSet::new(), denied: BTreeSet::new(), only: None }
    }

    /// Whether it has the permission. What decides who may what (see [`Resource::is_authority`]) comes with a role only.
    #[must_use]
    pub fn has(&self, matrix: &Matrix, permission: Permission) -> bool {
        let given = matrix.has(self.role, permission) || (!permission.resource.is_authority() && self.extra.contains(&permission));
        given && !self.denied.contains(&permission) && self.only.as_ref().is_none_or(|only| only.contains(&permission))
    }
}

/// Who asks, of one organization, and what he may do there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// Who.
    pub subject: Subject,
    /// His row: of a member (the person's, where an agent acts for one) or of a key. The platform has none.
    pub id: Option<Uuid>,
    /// What he may: a permission must be in all of them. None for the platform, which may everything. A second one narrows:
    /// the agent's beside the person's, or the lesser role that a token asks for.
    pub grants: Vec<Grant>,
    /// The sub-unit that he works in; `None` is the organization as a whole.
    pub workspace: Option<Uuid>,
    /// The sub-units that he is limited to, if any.
    pub workspaces: Option<Vec<Uuid>>,
    /// How surely he is known: 2 after a second factor.
    pub aal: u8,
    /// When his credential ends: longer answers end then, too.
    pub expires: Option<DateTime<Utc>>,
}

/// What [`Principal::platform`] is called in the database's context.
pub const PLATFORM: &str = "platform";

impl Principal {
    /// Who runs the machine.
    #[must_use]
    pub fn platform() -> Self {
        Self { subject: Subject::Platform, id: None, grants: Vec::new(), workspace: None, workspaces: None, aal: 2, expires: None }
    }

    /// Whether it is the operator of the machine.
    #[must_use]
    pub fn is_platform(&self) -> bool {
        self.subject == Subject::Platform
    }

    /// Whether he may.
    #[must_use]
    pub fn may(&self, matrix: &Matrix, resource: Resource, action: Action) -> bool {
        let permission = Permission::new(resource, action);
        // Who he is and what he may, everybody may ask for himself, however narrow his scope.
        if self.is_platform() || resource == Resource::Me {
            return true;
        }
        !self.grants.is_empty() && self.grants.iter().all(|grant| grant.has(matrix, permission))
    }

    /// The role he acts in: the least of his grants'. `None` is the platform.
    #[must_use]
    pub fn role(&self) -> Option<Role> {
        self.grants.iter().map(|grant| grant.role).max()
    }

    /// Whether he may give somebody else all that this grants: nobody gives what he does not have, and owners are made by
    /// owners.
    #[must_use]
    pub fn may_give(&self, matrix: &Matrix, grant: &Grant) -> bool {
        if self.is_platform() {
            return true;
        }
        if grant.role == Role::Owner && self.role() != Some(Role::Owner) {
            return false;
        }
        matrix.permissions().filter(|permission| grant.has(matrix, *permission)).all(|p| self.may(matrix, p.resource, p.action))
    }

    /// Code of the agent that the credentials are of, if they are one's: those speak as that agent and as nobody else.
    #[must_use]
    pub fn agent(&self) -> Option<&str> {
        match &self.subject {
            Subject::Agent { id, .. } => Some(id),
            Subject::ApiKey { agent, .. } => agent.as_deref(),
            Subject::User { .. } | Subject::Platform => None,
        }
    }

    /// Who rows say it was: opaque and stable, no personal data.
    #[must_use]
    pub fn actor(&self) -> Actor {
        let id = self.id.map(|id| id.to_string()).unwrap_or_default();
        match &self.subject {
            Subject::User { .. } => Actor { kind: ActorKind::User, identity: id.as_str().into() },
            Subject::ApiKey { .. } if self.role() == Some(Role::Agent) => Actor { kind: ActorKind::Agent, identity: id.as_str().into() },
            Subject::ApiKey { .. } => Actor { kind: ActorKind::ApiKey, identity: id.as_str().into() },
            Subject::Agent { id: agent, .. } => Actor { kind: ActorKind::Agent, identity: format!("{agent} for {id}").as_str().into() },
            Subject::Platform => Actor::system(PLATFORM),
        }
    }

    /// What the database is told, for its policies.
    #[must_use]
    pub fn caller(&self) -> Caller {
        Caller { user: self.id, workspace: self.workspace, role: self.role().map_or(PLATFORM, Role::as_str) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "method,path,resource,action,owner,administrator,accountant,approver,sales,operator,agent,auditor,viewer
GET,/a,reports,read,y,y,y,y,y,y,y,y,y
POST,/b,entries,create,y,y,y,-,-,-,y,-,-
POST,/c,periods,approve,y,y,-,y,-,-,-,-,-
POST,/d,members,create,y,y,-,-,-,-,-,-,-
PUT,/e,plans,update,-,-,-,-,-,-,-,-,-
";

    fn matrix() -> Matrix {
        Matrix::parse(FILE).unwrap()
    }

    fn set(words: &[&str]) -> BTreeSet<Permission> {
        words.iter().map(|word| word.parse().unwrap()).collect()
    }

    fn user(grants: Vec<Grant>) -> Principal {
        let subject = Subject::User { sub: "u-1".to_owned() };
        Principal { subject, id: Some(Uuid::from_u128(7)), grants, workspace: None, workspaces: None, aal: 1, expires: None }
    }

    fn may(principal: &Principal, word: &str) -> bool {
        let permission: Permission = word.parse().unwrap();
        principal.may(&matrix(), permission.resource, permission.action)
    }

    #[test]
    fn a_role_with_more_and_less() {
        let grant = Grant {
            extra: set(&["periods:approve", "members:create", "plans:update"]),
            denied: set(&["entries:create"]),
            ..Grant::role(Role::Accountant)
        };
        let principal = user(vec![grant.clone()]);
        for (word, answer) in [
            ("reports:read", true),
            ("periods:approve", true),
            ("entries:create", false),
            // Who may what is not given away one by one, whatever a row says.
            ("members:create", false),
            ("plans:update", false),
            ("webhooks:create", false),
        ] {
            assert_eq!(may(&principal, word), answer, "{word}");
        }
        let narrow = user(vec![Grant { only: Some(set(&["reports:read", "members:create"])), ..grant }]);
        assert_eq!((may(&narrow, "reports:read"), may(&narrow, "periods:approve"), may(&narrow, "members:create")), (true, false, false));
        assert!(!may(&user(Vec::new()), "reports:read"), "no grant is nothing");
    }

    #[test]
    fn a_second_grant_only_narrows() {
        let agent = user(vec![Grant::role(Role::Administrator), Grant::role(Role::Agent)]);
        assert_eq!((may(&agent, "entries:create"), may(&agent, "periods:approve"), may(&agent, "members:create")), (true, false, false));
        assert_eq!(agent.role(), Some(Role::Agent));
        // A viewer whose token asks to be owner stays a viewer, also in the database's eyes.
        let upstart = user(vec![Grant::role(Role::Viewer), Grant::role(Role::Owner)]);
        assert_eq!((may(&upstart, "entries:create"), upstart.role(), upstart.caller().role), (false, Some(Role::Viewer), "viewer"));
    }

    #[test]
    fn nobody_gives_what_he_does_not_have() {
        let administrator = user(vec![Grant { denied: set(&["periods:approve"]), ..Grant::role(Role::Administrator) }]);
        let cases = [
            (Grant::role(Role::Owner), false),
            (Grant::role(Role::Administrator), false),
            (Grant { denied: set(&["periods:approve"]), ..Grant::role(Role::Administrator) }, true),
            (Grant::role(Role::Approver), false),
            (Grant::role(Role::Accountant), true),
            (Grant { extra: set(&["periods:approve"]), ..Grant::role(Role::Viewer) }, false),
        ];
        for (grant, answer) in cases {
            assert_eq!(administrator.may_give(&matrix(), &grant), answer, "{grant:?}");
        }
        assert!(user(vec![Grant::role(Role::Owner)]).may_give(&matrix(), &Grant::role(Role::Owner)));
        assert!(!user(vec![Grant::role(Role::Viewer)]).may_give(&matrix(), &Grant::role(Role::Accountant)));
        // An owner by membership whose token asks for less makes no owners.
        assert!(!user(vec![Grant::role(Role::Owner), Grant::role(Role::Administrator)]).may_give(&matrix(), &Grant::role(Role::Owner)));
        assert!(Principal::platform().may_give(&matrix(), &Grant::role(Role::Owner)));
    }

    #[test]
    fn who_it_was() {
        let mut principal = user(vec![Grant::role(Role::Viewer)]);
        assert_eq!(principal.actor(), Actor::user("00000000-0000-0000-0000-000000000007"));
        principal.subject = Subject::Agent { id: "bot".to_owned(), for_user: "u-1".to_owned() };
        assert_eq!(
            (principal.actor().kind, principal.actor().identity.as_str()),
            (ActorKind::Agent, "bot for 00000000-0000-0000-0000-000000000007")
        );
        assert_eq!(Principal::platform().actor(), Actor::system("platform"));
        assert_eq!(Principal::platform().caller(), Caller { user: None, workspace: None, role: "platform" });
    }
}
