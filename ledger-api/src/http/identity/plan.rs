//! Plans: what an organization has paid for. Pure; what was agreed apart from a plan is a row of `control.plan`.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use axum::http::StatusCode;
use ledger_store::identity::PlanRow;

use super::permission::{Action, Permission, Resource};
use super::principal::{Principal, Subject};
use crate::http::problem::Problem;

/// Which plan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tier {
    /// A few people, by the application that they use.
    Starter,
    /// A company with its programs.
    Professional,
    /// Everything, without limits.
    #[default]
    Enterprise,
    /// What was agreed, and nothing else.
    Custom,
}

impl Tier {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Starter, Self::Professional, Self::Enterprise, Self::Custom];

    /// The word in files, bodies and the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Starter => "starter",
            Self::Professional => "professional",
            Self::Enterprise => "enterprise",
            Self::Custom => "custom",
        }
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Tier {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|tier| tier.as_str() == text);
        found.ok_or_else(|| format!("{text:?} is no plan; plans are starter, professional, enterprise, custom"))
    }
}

/// What a plan may have or lack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Feature {
    /// Programs with keys of their own.
    ApiAccess,
    /// Roles that the organization makes.
    CustomRoles,
    /// Being told of events.
    Webhooks,
    /// Reading who did and looked at what. It is written in any case.
    AuditLog,
}

impl Feature {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::ApiAccess, Self::CustomRoles, Self::Webhooks, Self::AuditLog];

    /// The word in files, bodies and the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ApiAccess => "api-access",
            Self::CustomRoles => "custom-roles",
            Self::Webhooks => "webhooks",
            Self::AuditLog => "audit-log",
        }
    }

    /// The feature that something belongs to, if any. What is there can always be looked at and taken away.
    #[must_use]
    pub const fn of(permission: Permission) -> Option<Self> {
        match (permission.resource, permission.action) {
            (Resource::AuditLog, _) => Some(Self::AuditLog),
            (_, Action::Read | Action::Delete) => None,
            (Resource::ApiKeys, _) => Some(Self::ApiAccess),
            (Resource::Roles, _) => Some(Self::CustomRoles),
            (Resource::Webhooks, _) => Some(Self::Webhooks),
            _ => None,
        }
    }
}

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a plan counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seat {
    /// Members that are no agents, with open invitations.
    Members,
    /// Members and keys with the role agent.
    Agents,
    /// Workspaces that are not closed.
    Workspaces,
}

impl Seat {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Members => "members",
            Self::Agents => "agents",
            Self::Workspaces => "workspaces",
        }
    }
}

/// What an organization has: `None` is no limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Which plan.
    pub tier: Tier,
    /// Members at most.
    pub members: Option<u32>,
    /// Agents at most.
    pub agents: Option<u32>,
    /// Workspaces at most.
    pub workspaces: Option<u32>,
    /// Requests per minute.
    pub requests_per_minute: Option<u32>,
    /// What it has.
    pub features: BTreeSet<Feature>,
}

impl Plan {
    /// A plan as everybody gets it. Of the custom one it is what nothing was agreed on: no features, and no limits.
    #[must_use]
    pub fn of(tier: Tier) -> Self {
        let (members, agents, workspaces, requests_per_minute) = match tier {
            Tier::Starter => (Some(3), Some(1), Some(1), Some(300)),
            Tier::Professional => (Some(25), Some(5), Some(10), Some(6_000)),
            Tier::Enterprise | Tier::Custom => (None, None, None, None),
        };
        let features: &[Feature] = match tier {
            Tier::Starter | Tier::Custom => &[],
            Tier::Professional => &[Feature::ApiAccess, Feature::Webhooks],
            Tier::Enterprise => &Feature::ALL,
        };
        Self { tier, members, agents, workspaces, requests_per_minute, features: features.iter().copied().collect() }
    }

    /// A plan with what was agreed apart from it. Words that name nothing give nothing.
    #[must_use]
    pub fn agreed(row: &PlanRow) -> Self {
        let plan = Self::of(row.plan.parse().unwrap_or(Tier::Custom));
        let limit = |agreed: Option<i32>, usual: Option<u32>| agreed.and_then(|most| u32::try_from(most).ok()).or(usual);
        let named = |feature: &Feature| row.features.iter().flatten().any(|word| word == feature.as_str());
        Self {
            tier: plan.tier,
            members: limit(row.members, plan.members),
            agents: limit(row.agents, plan.agents),
            workspaces: limit(row.workspaces, plan.workspaces),
            requests_per_minute: limit(row.requests_per_minute, plan.requests_per_minute),
            features: plan.features.iter().copied().chain(Feature::ALL.into_iter().filter(named)).collect(),
        }
    }

    /// Whether the plan has what the route needs, for who asks. The platform is not held to plans.
    ///
    /// # Errors
    /// 403 `PLAN_FEATURE`, naming plan and feature.
    pub fn permits(&self, principal: &Principal, permission: Permission) -> Result<(), Problem> {
        if principal.is_platform() {
            return Ok(());
        }
        let by_key = matches!(principal.subject, Subject::ApiKey { .. }).then_some(Feature::ApiAccess);
        match by_key.into_iter().chain(Feature::of(permission)).find(|feature| !self.features.contains(feature)) {
            None => Ok(()),
            Some(lacks) => {
                Err(Problem::new(StatusCode::FORBIDDEN, "PLAN_FEATURE", format!("the plan {} does not have {lacks}", self.tier))
                    .hint("ask whoever runs this ledger for a plan that has it; GET /plan shows the present one"))
            }
        }
    }

    /// Whether one more fits, where `used` are there.
    ///
    /// # Errors
    /// 403 `PLAN_LIMIT`, naming plan, limit and use.
    pub fn room_for(&self, seat: Seat, used: i64) -> Result<(), Problem> {
        let most = match seat {
            Seat::Members => self.members,
            Seat::Agents => self.agents,
            Seat::Workspaces => self.workspaces,
        };
        match most {
            Some(most) if used >= i64::from(most) => {
                let said = format!("the plan {} has room for {most} {}, and {used} are in use", self.tier, seat.as_str());
                Err(Problem::new(StatusCode::FORBIDDEN, "PLAN_LIMIT", said)
                    .hint("free one, or ask whoever runs this ledger for a larger plan; GET /plan shows limits and use"))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::super::{Grant, Role};
    use super::*;

    fn row(plan: &str) -> PlanRow {
        PlanRow {
            plan: plan.to_owned(),
            members: None,
            agents: None,
            workspaces: None,
            requests_per_minute: None,
            features: None,
            updated_at: DateTime::UNIX_EPOCH,
            updated_by: String::new(),
        }
    }

    #[test]
    fn what_was_agreed_goes_before_what_is_usual() {
        for tier in Tier::ALL {
            assert_eq!(tier.as_str().parse(), Ok(tier));
            assert_eq!(Plan::agreed(&row(tier.as_str())), Plan::of(tier));
        }
        let agreed =
            Plan::agreed(&PlanRow { members: Some(9), features: Some(vec!["webhooks".to_owned(), "flying".to_owned()]), ..row("starter") });
        assert_eq!((agreed.members, agreed.agents, agreed.features), (Some(9), Some(1), BTreeSet::from([Feature::Webhooks])));
        assert_eq!(Plan::agreed(&PlanRow { workspaces: Some(0), ..row("custom") }).workspaces, Some(0));
        assert!("gold".parse::<Tier>().is_err());
    }

    #[test]
    fn a_refusal_names_plan_limit_and_use() {
        let starter = Plan::of(Tier::Starter);
        assert!(starter.room_for(Seat::Members, 2).is_ok());
        let full = starter.room_for(Seat::Members, 3).unwrap_err();
        assert_eq!(
            (full.status.as_u16(), full.code, full.detail.as_str()),
            (403, "PLAN_LIMIT", "the plan starter has room for 3 members, and 3 are in use")
        );
        assert!(Plan::of(Tier::Enterprise).room_for(Seat::Agents, i64::MAX).is_ok());

        let user = |subject| Principal { subject, grants: vec![Grant::role(Role::Owner)], ..Principal::platform() };
        let person = user(Subject::User { sub: "u".to_owned() });
        let program = user(Subject::ApiKey { id: uuid::Uuid::nil(), agent: None });
        for (principal, permission, lacks) in [
            (&person, "entries:create", None),
            (&program, "entries:read", Some("api-access")),
            (&person, "api-keys:create", Some("api-access")),
            (&person, "api-keys:delete", None),
            (&person, "webhooks:create", Some("webhooks")),
            (&person, "roles:read", None),
            (&person, "audit-log:read", Some("audit-log")),
            (&Principal::platform(), "webhooks:create", None),
        ] {
            let refusal = starter.permits(principal, permission.parse().unwrap()).err();
            assert_eq!(refusal.as_ref().map(|problem| problem.code), lacks.map(|_| "PLAN_FEATURE"), "{permission}");
            assert_eq!(refusal.map(|problem| problem.detail), lacks.map(|lacks| format!("the plan starter does not have {lacks}")));
        }
    }
}
