//! Who asks.

use ledger_core::{Actor, ActorKind};

/// Who a request comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Whoever operates the machine.
    Platform,
}

/// Who asks, and what that permits.
#[derive(Clone, Debug)]
pub struct Principal {
    /// Who.
    pub subject: Subject,
}

impl Principal {
    /// Who is recorded with every event.
    #[must_use]
    pub fn actor(&self) -> Actor {
        match self.subject {
            Subject::Platform => Actor { kind: ActorKind::System, identity: "platform".into() },
        }
    }
}
