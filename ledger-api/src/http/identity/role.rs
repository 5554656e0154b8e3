//! The nine roles that a member or key can have. What each may do stands in `permissions.csv`, not here.

use std::fmt;
use std::str::FromStr;

/// What somebody is in an organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Whose books they are: everything, and the only one who makes owners.
    Owner,
    /// Runs the organization: members, keys, webhooks, and the books.
    Administrator,
    /// Keeps the books.
    Accountant,
    /// Approves what others prepared: closes, reopens, reads.
    Approver,
    /// Customers, orders, invoices.
    Sales,
    /// Records what happens day by day: payments, documents.
    Operator,
    /// A program that prepares for people.
    Agent,
    /// Reads everything, the audit log too, and changes nothing.
    Auditor,
    /// Reads the books.
    Viewer,
}

impl Role {
    /// All of them, in the order of the columns of `permissions.csv`; the first may most.
    pub const ALL: [Self; 9] = [
        Self::Owner,
        Self::Administrator,
        Self::Accountant,
        Self::Approver,
        Self::Sales,
        Self::Operator,
        Self::Agent,
        Self::Auditor,
        Self::Viewer,
    ];

    /// The word in files, bodies and the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Administrator => "administrator",
            Self::Accountant => "accountant",
            Self::Approver => "approver",
            Self::Sales => "sales",
            Self::Operator => "operator",
            Self::Agent => "agent",
            Self::Auditor => "auditor",
            Self::Viewer => "viewer",
        }
    }

    const fn bit(self) -> u16 {
        match self {
            Self::Owner => 1,
            Self::Administrator => 1 << 1,
            Self::Accountant => 1 << 2,
            Self::Approver => 1 << 3,
            Self::Sales => 1 << 4,
            Self::Operator => 1 << 5,
            Self::Agent => 1 << 6,
            Self::Auditor => 1 << 7,
            Self::Viewer => 1 << 8,
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that names no role.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no role; roles are owner, administrator, accountant, approver, sales, operator, agent, auditor, viewer")]
pub struct UnknownRole(pub String);

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        Self::ALL.into_iter().find(|role| role.as_str() == text).ok_or_else(|| UnknownRole(text.to_owned()))
    }
}

/// Some of the roles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RoleSet(u16);

impl RoleSet {
    /// The same and one more.
    #[must_use]
    pub const fn with(self, role: Role) -> Self {
        Self(self.0 | role.bit())
    }

    /// Whether the role is one of them.
    #[must_use]
    pub const fn contains(self, role: Role) -> bool {
        self.0 & role.bit() != 0
    }
}

impl FromIterator<Role> for RoleSet {
    fn from_iter<I: IntoIterator<Item = Role>>(roles: I) -> Self {
        roles.into_iter().fold(Self::default(), Self::with)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_has_its_word_and_its_bit() {
        let mut seen = 0;
        for role in Role::ALL {
            assert_eq!(role.as_str().parse(), Ok(role));
            assert_eq!(seen & role.bit(), 0, "{role}");
            seen |= role.bit();
            assert!(Role::ALL.into_iter().filter(|other| RoleSet::default().with(role).contains(*other)).eq([role]));
        }
        for wrong in ["", "Owner", "admin", "platform", "service_role"] {
            assert_eq!(wrong.parse::<Role>(), Err(UnknownRole(wrong.to_owned())));
        }
    }
}
