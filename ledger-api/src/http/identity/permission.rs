//! Permissions: an action on a resource, written `resource:action`.
//!
//! Which route asks for which, and which role has it, is a row of `permissions.csv` ([`crate::http::matrix`]); whether a
//! caller has it is decided by [`super::Principal::may`].

use std::fmt;
use std::str::FromStr;

/// What is done to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// Bring in something new.
    Create,
    /// Look.
    Read,
    /// Change what is there.
    Update,
    /// Take away, revoke.
    Delete,
    /// Put into force what others prepared.
    Approve,
}

impl Action {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Create, Self::Read, Self::Update, Self::Delete, Self::Approve];

    /// The word in files and bodies.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Read => "read",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Approve => "approve",
        }
    }
}

macro_rules! resources {
    ($($(#[$doc:meta])* $name:ident = $word:literal,)+) => {
        /// What a route is about.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Resource { $($(#[$doc])* $name,)+ }

        impl Resource {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The word in files and bodies.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)+ }
            }
        }
    };
}

resources! {
    /// What only the operator of the machine may do.
    Platform = "platform",
    /// The organization itself.
    Organizations = "organizations",
    /// Accounts of the chart, control accounts, balances.
    Accounts = "accounts",
    /// Currencies and other commodities.
    Commodities = "commodities",
    /// Journal entries.
    Entries = "entries",
    /// Months: closing, locking, reopening; the checklist.
    Periods = "periods",
    /// Years: closing by an entry.
    Years = "years",
    /// Exchange rates and prices.
    Rates = "rates",
    /// Revaluation at closing rates.
    Revaluations = "revaluations",
    /// Customers, vendors, payees, as history has them.
    Parties = "parties",
    /// Names and addresses of parties: personal data.
    PartyDetails = "party-details",
    /// Orders, invoices, bills, notes.
    Documents = "documents",
    /// Money received, sent, returned.
    Payments = "payments",
    /// What settles what.
    Allocations = "allocations",
    /// Tax codes.
    TaxCodes = "tax-codes",
    /// What is open on control accounts.
    OpenItems = "open-items",
    /// Open items that will not be paid.
    WriteOffs = "write-offs",
    /// Deferred revenue and prepaid expense.
    Deferrals = "deferrals",
    /// Commission plans, assignments, accruals.
    Commissions = "commissions",
    /// Bank statements and their lines.
    BankStatements = "bank-statements",
    /// Reports.
    Reports = "reports",
    /// Views, metrics and questions in SQL; the tools of assistants.
    Semantic = "semantic",
    /// The stream itself.
    Events = "events",
    /// How far the read models are.
    Projections = "projections",
    /// Whether history is the one that was written.
    Verification = "verification",
    /// Keys of programs.
    ApiKeys = "api-keys",
    /// Members.
    Members = "members",
    /// Invitations.
    Invitations = "invitations",
    /// Roles that the organization made.
    Roles = "roles",
    /// Sub-units of the organization.
    Workspaces = "workspaces",
    /// Plan, limits, usage.
    Plans = "plans",
    /// Who did and looked at what.
    AuditLog = "audit-log",
    /// Endpoints that are told of events.
    Webhooks = "webhooks",
    /// Programs with a language model behind them: what they are, their executions, their costs.
    Agents = "agents",
    /// Proposals that move nothing until they are posted.
    Drafts = "drafts",
    /// Requests for approval, and votes.
    Approvals = "approvals",
    /// What needs whose approval.
    ApprovalPolicies = "approval-policies",
    /// The caller's own.
    Me = "me",
}

impl Resource {
    /// Whether permissions on it decide who may what. They come with a role alone: nobody is given them one by one, so
    /// that a member who manages nothing cannot be talked into making managers.
    #[must_use]
    pub const fn is_authority(self) -> bool {
        matches!(
            self,
            Self::Organizations | Self::ApiKeys | Self::Members | Self::Invitations | Self::Roles | Self::Workspaces | Self::Plans
        )
    }
}

/// A word that names no resource, action or permission.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no permission; one is resource:action, for example entries:create")]
pub struct UnknownPermission(pub String);

impl FromStr for Action {
    type Err = UnknownPermission;

    fn from_str(text: &str) -> Result<Self, UnknownPermission> {
        Self::ALL.into_iter().find(|action| action.as_str() == text).ok_or_else(|| UnknownPermission(text.to_owned()))
    }
}

impl FromStr for Resource {
    type Err = UnknownPermission;

    fn from_str(text: &str) -> Result<Self, UnknownPermission> {
        Self::ALL.iter().copied().find(|resource| resource.as_str() == text).ok_or_else(|| UnknownPermission(text.to_owned()))
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An action on a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Permission {
    /// On what.
    pub resource: Resource,
    /// What.
    pub action: Action,
}

impl Permission {
    /// The permission to do this to that.
    #[must_use]
    pub const fn new(resource: Resource, action: Action) -> Self {
        Self { resource, action }
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.resource, self.action)
    }
}

impl FromStr for Permission {
    type Err = UnknownPermission;

    fn from_str(text: &str) -> Result<Self, UnknownPermission> {
        let unknown = || UnknownPermission(text.to_owned());
        let (resource, action) = text.split_once(':').ok_or_else(unknown)?;
        Ok(Self { resource: resource.parse().map_err(|_| unknown())?, action: action.parse().map_err(|_| unknown())? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_back() {
        for resource in Resource::ALL {
            for action in Action::ALL {
                let permission = Permission::new(*resource, action);
                assert_eq!(permission.to_string().parse(), Ok(permission));
            }
        }
        for wrong in ["", "entries", "entries:", ":read", "entries:post", "entry:read", "entries:read:all", "*:*"] {
            assert!(wrong.parse::<Permission>().is_err(), "{wrong}");
        }
    }
}
