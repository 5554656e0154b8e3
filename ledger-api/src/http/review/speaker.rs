//! In whose name something is drafted: a person's, a program's, or an agent's.

use ledger_core::actor::ActorKind;
use ledger_core::{Actor, Text};

use crate::http::identity::{Principal, Role, Subject};
use crate::http::{Access, Problem};

/// Who speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Speaker {
    /// Who is recorded: the agent itself where its own credentials are used.
    pub actor: Actor,
    /// The agent's code, where there is one.
    pub agent: Option<Text>,
    /// The person that the agent acts for, as events call him.
    pub acted_for: Option<Text>,
}

impl Speaker {
    /// Who speaks in a request that may name an agent.
    ///
    /// # Errors
    /// 403 for the credentials of another agent than is named; 422 for an agent that names none.
    pub fn of(access: &Access, named: Option<&Text>) -> Result<Self, Problem> {
        let principal = &access.principal;
        let person = matches!(principal.subject, Subject::User { .. } | Subject::Agent { .. });
        let is_agent = principal.role() == Some(Role::Agent);
        let acted_for = principal.id.filter(|_| person && !alone(principal)).map(|id| Text::from(id.to_string()));
        let agent = match (principal.agent().map(Text::from), named) {
            (Some(own), Some(named)) if own != *named => {
                let said = format!("the credentials are those of agent {:?}, and the request names {:?}", own.as_str(), named.as_str());
                return Err(Problem::forbidden(said).hint("leave the agent out, or send that agent's own key or token"));
            }
            (Some(own), _) => Some(own),
            (None, named) => named.cloned(),
        };
        if is_agent && agent.is_none() {
            return Err(Problem::refused("AGENT_UNNAMED", "/agent", "callers in the role agent say which agent they are")
                .hint("name a registered agent as {\"agent\": {\"code\": \"...\"}}"));
        }
        let actor = match &agent {
            Some(code) if is_agent => Actor { kind: ActorKind::Agent, identity: code.clone() },
            _ => access.actor(),
        };
        Ok(Self { actor, acted_for: acted_for.filter(|_| agent.is_some()), agent })
    }
}

/// A member who is an agent acts for nobody.
fn alone(principal: &Principal) -> bool {
    matches!(principal.subject, Subject::User { .. }) && principal.role() == Some(Role::Agent)
}
