//! Permissions (`resource:action`), and the table of which role has which: `permissions.csv` read.
//!
//! Pure. Which route asks for which permission is a row of the file; whether a caller has it is decided by
//! [`super::Principal::may`].

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use super::role::{Role, RoleSet};

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
    Taxes = "taxes",
    /// Deferred revenue and prepaid expense.
    Deferrals = "deferrals",
    /// Commission plans, assignments, accruals.
    Commissions = "commissions",
    /// Bank statements and their lines.
    BankStatements = "bank-statements",
    /// Reports.
    Reports = "reports",
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

/// A row of the file: what a route asks for, and which roles have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The method, in capitals.
    pub method: String,
    /// The path as OpenAPI writes it.
    pub path: String,
    /// What it asks for.
    pub permission: Permission,
    /// Who has that.
    pub roles: RoleSet,
}

/// Which role has which permission.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Matrix {
    rows: Vec<Row>,
    roles: BTreeMap<Permission, RoleSet>,
}

const HEADING: &str = "method,path,resource,action,owner,administrator,accountant,approver,sales,operator,agent,auditor,viewer";
const COLUMNS: usize = 4 + Role::ALL.len();

impl Matrix {
    /// Reads the file. Empty lines and lines that begin with `#` are left out.
    ///
    /// # Errors
    /// In words, with the line: a wrong heading, a row with too few or unknown words, a route that stands there twice,
    /// or a permission that has other roles than on an earlier row.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
        match lines.next() {
            Some((_, heading)) if heading.trim_end() == HEADING => {}
            found => return Err(format!("the first line is {:?}, expected {HEADING:?}", found.map_or("", |(_, line)| line))),
        }
        let mut matrix = Self::default();
        for (index, line) in lines {
            let row = parse_row(line).map_err(|wrong| format!("line {}: {wrong}", index + 1))?;
            matrix.add(row).map_err(|wrong| format!("line {}: {wrong}", index + 1))?;
        }
        Ok(matrix)
    }

    fn add(&mut self, row: Row) -> Result<(), String> {
        if self.rows.iter().any(|other| (&other.method, &other.path) == (&row.method, &row.path)) {
            return Err(format!("{} {} has a row already", row.method, row.path));
        }
        match self.roles.insert(row.permission, row.roles) {
            Some(earlier) if earlier != row.roles => {
                return Err(format!(
                    "{} has other roles than on an earlier row: a role has a permission or not, whatever the route",
                    row.permission
                ));
            }
            _ => {}
        }
        self.rows.push(row);
        Ok(())
    }

    /// The rows in the order of the file.
    #[must_use]
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The row of a route.
    #[must_use]
    pub fn row(&self, method: &str, path: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.method == method && row.path == path)
    }

    /// Whether the role has the permission. One that no route asks for, nobody has.
    #[must_use]
    pub fn has(&self, role: Role, permission: Permission) -> bool {
        self.roles.get(&permission).is_some_and(|roles| roles.contains(role))
    }

    /// Every permission that a route asks for, in order.
    pub fn permissions(&self) -> impl Iterator<Item = Permission> + '_ {
        self.roles.keys().copied()
    }
}

fn parse_row(line: &str) -> Result<Row, String> {
    let cells: Vec<&str> = line.trim_end().split(',').collect();
    let [method, path, resource, action, answers @ ..] = cells.as_slice() else {
        return Err(format!("{} cells, expected {COLUMNS}", cells.len()));
    };
    if answers.len() != Role::ALL.len() {
        return Err(format!("{} cells, expected {COLUMNS}", cells.len()));
    }
    if !["GET", "POST", "PUT", "PATCH", "DELETE"].contains(method) || !path.starts_with('/') {
        return Err(format!("{method} {path} is no route: give a method in capitals and a path"));
    }
    let mut roles = RoleSet::default();
    for (role, answer) in Role::ALL.into_iter().zip(answers) {
        match *answer {
            "y" => roles = roles.with(role),
            "-" => {}
            other => return Err(format!("{role} is {other:?}, expected y or -")),
        }
    }
    let permission = Permission {
        resource: resource.parse().map_err(|_| format!("{resource:?} is no resource"))?,
        action: action.parse().map_err(|_| format!("{action:?} is no action"))?,
    };
    Ok(Row { method: (*method).to_owned(), path: (*path).to_owned(), permission, roles })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

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

    #[test]
    fn the_file_is_read_and_its_mistakes_are_named() {
        let good =
            format!("{HEADING}\n# a remark\nGET,/v1/x,reports,read,y,y,y,y,-,-,-,y,y\n\nPOST,/v1/x,entries,create,y,y,y,-,-,-,-,-,-\n");
        let matrix = Matrix::parse(&good).unwrap();
        assert_eq!(matrix.rows().len(), 2);
        assert!(matrix.has(Role::Auditor, Permission::new(Resource::Reports, Action::Read)));
        assert!(!matrix.has(Role::Sales, Permission::new(Resource::Reports, Action::Read)));
        assert!(!matrix.has(Role::Owner, Permission::new(Resource::Entries, Action::Delete)), "no route asks for it");
        assert_eq!(matrix.row("POST", "/v1/x").unwrap().permission.to_string(), "entries:create");
        assert!(matrix.row("POST", "/v1/y").is_none());

        let cases = [
            ("method,path\n", "the first line is"),
            ("{h}\nGET,/v1/x,reports,read,y\n", "line 2: 5 cells, expected 13"),
            ("{h}\nGET,/v1/x,reports,read,y,y,y,y,-,-,-,y,maybe\n", "viewer is \"maybe\""),
            ("{h}\nGET,/v1/x,nothing,read,y,y,y,y,-,-,-,y,y\n", "\"nothing\" is no resource"),
            ("{h}\nGET,/v1/x,reports,look,y,y,y,y,-,-,-,y,y\n", "\"look\" is no action"),
            ("{h}\nget,/v1/x,reports,read,y,y,y,y,-,-,-,y,y\n", "is no route"),
            ("{h}\nGET,/v1/x,reports,read,y,y,y,y,-,-,-,y,y\nGET,/v1/x,reports,read,y,y,y,y,-,-,-,y,y\n", "has a row already"),
            (
                "{h}\nGET,/v1/x,reports,read,y,y,y,y,-,-,-,y,y\nGET,/v1/y,reports,read,y,y,y,y,y,-,-,y,y\n",
                "line 3: reports:read has other roles",
            ),
        ];
        for (text, wrong) in cases {
            let refusal = Matrix::parse(&text.replace("{h}", HEADING)).unwrap_err();
            assert!(refusal.contains(wrong), "{text}: {refusal}");
        }
    }
}
