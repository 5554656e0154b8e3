//! Who did it: people, API keys, agents and the system itself, numbered once per organization.

use crate::Text;

/// The small number of an actor inside its organization, in the order of first appearance, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ActorNo(pub u32);

/// What kind of actor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ActorKind {
    /// A person.
    User,
    /// A program with a key.
    ApiKey,
    /// A language model's agent.
    Agent,
    /// The ledger itself: importers, schedulers.
    System,
}

impl ActorKind {
    /// The word used in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::ApiKey => "api_key",
            Self::Agent => "agent",
            Self::System => "system",
        }
    }
}

/// Who gave a command. The identity is opaque and stable (a subject, a key id), not personal data.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Actor {
    /// Person, key, agent or system.
    pub kind: ActorKind,
    /// Stable identifier within the kind.
    pub identity: Text,
}

impl Actor {
    /// The ledger itself acting through the named part.
    #[must_use]
    pub fn system(part: &str) -> Self {
        Self { kind: ActorKind::System, identity: part.into() }
    }

    /// A person.
    #[must_use]
    pub fn user(identity: &str) -> Self {
        Self { kind: ActorKind::User, identity: identity.into() }
    }
}
