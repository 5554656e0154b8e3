//! Who may do what: the committed table `permissions.csv`, one row per route, and the check that no route is without one.
//!
//! A row says which resource and action a route is, and which roles have it; the same resource and action has the same
//! roles in every row. What members and keys have beyond their role is the identity's business.

use std::collections::{BTreeSet, HashMap};

/// The table as committed.
const TABLE: &str = include_str!("permissions.csv");

/// The roles, in the order of the table's columns.
pub const ROLES: [&str; 9] = ["owner", "administrator", "accountant", "approver", "sales", "operator", "agent", "auditor", "viewer"];

/// The resource of what only the operator of the machine may do.
pub const PLATFORM: &str = "platform";

/// One route and who may use it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// `GET`, `POST` …
    pub method: String,
    /// With its parameters in braces.
    pub path: String,
    /// What it is about.
    pub resource: String,
    /// create, read, update, delete or approve.
    pub action: String,
    /// By the order of [`ROLES`].
    pub roles: [bool; 9],
}

impl Row {
    /// Whether a role has it.
    #[must_use]
    pub fn allows(&self, role: &str) -> bool {
        ROLES.iter().position(|known| *known == role).is_some_and(|at| self.roles[at])
    }
}

/// The whole table.
#[derive(Clone, Debug)]
pub struct Matrix {
    /// By path; few methods each.
    rows: HashMap<String, Vec<Row>>,
}

impl Matrix {
    /// The committed table.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn committed() -> anyhow::Result<Self> {
        Self::parse(TABLE)
    }

    fn parse(table: &str) -> anyhow::Result<Self> {
        let mut rows: HashMap<String, Vec<Row>> = HashMap::new();
        let mut roles_of: HashMap<(String, String), [bool; 9]> = HashMap::new();
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(table.as_bytes());
        let expected: Vec<&str> = ["method", "path", "resource", "action"].into_iter().chain(ROLES).collect();
        anyhow::ensure!(reader.headers()?.iter().eq(expected.iter().copied()), "permissions.csv has other columns than {expected:?}");
        for record in reader.records() {
            let record = record?;
            let line = record.position().map_or(0, csv::Position::line);
            let field = |at: usize| record.get(at).unwrap_or_default().to_owned();
            let mut roles = [false; 9];
            for (at, allowed) in roles.iter_mut().enumerate() {
                *allowed = match record.get(at + 4) {
                    Some("y") => true,
                    Some("-") => false,
                    other => anyhow::bail!("permissions.csv:{line}: expected y or -, found {other:?}"),
                };
            }
            let row = Row { method: field(0), path: field(1), resource: field(2), action: field(3), roles };
            anyhow::ensure!(
                ["create", "read", "update", "delete", "approve"].contains(&row.action.as_str()),
                "permissions.csv:{line}: {:?} is no action",
                row.action
            );
            let same = *roles_of.entry((row.resource.clone(), row.action.clone())).or_insert(roles);
            anyhow::ensure!(same == roles, "permissions.csv:{line}: {} {} has other roles in an earlier row", row.resource, row.action);
            let of_path = rows.entry(row.path.clone()).or_default();
            let twice = of_path.iter().any(|other| other.method == row.method);
            anyhow::ensure!(!twice, "permissions.csv:{line}: this route has a row already");
            of_path.push(row);
        }
        Ok(Self { rows })
    }

    /// The row of a route.
    #[must_use]
    pub fn row(&self, method: &str, path: &str) -> Option<&Row> {
        self.rows.get(path)?.iter().find(|row| row.method == method)
    }

    /// The methods of a path, in alphabetical order.
    #[must_use]
    pub fn methods(&self, path: &str) -> Vec<&str> {
        let mut methods: Vec<&str> = self.rows.get(path).into_iter().flatten().map(|row| row.method.as_str()).collect();
        methods.sort_unstable();
        methods
    }

    /// Every row, in no particular order.
    pub fn rows(&self) -> impl Iterator<Item = &Row> {
        self.rows.values().flatten()
    }

    /// The roles that have an action on a resource, by the order of [`ROLES`]; nobody has what no row names.
    #[must_use]
    pub fn roles_of(&self, resource: &str, action: &str) -> [bool; 9] {
        self.rows().find(|row| row.resource == resource && row.action == action).map_or([false; 9], |row| row.roles)
    }

    /// Every resource and action that a row names.
    #[must_use]
    pub fn permissions(&self) -> BTreeSet<(String, String)> {
        self.rows().map(|row| (row.resource.clone(), row.action.clone())).collect()
    }

    /// Fails unless the served routes and the rows are the same.
    ///
    /// # Errors
    /// Which routes have no row, and which rows no route.
    pub fn must_equal(&self, served: &BTreeSet<(String, String)>) -> anyhow::Result<()> {
        let rows: BTreeSet<(String, String)> = self.rows().map(|row| (row.method.clone(), row.path.clone())).collect();
        let without_row: Vec<_> = served.difference(&rows).collect();
        let without_route: Vec<_> = rows.difference(served).collect();
        anyhow::ensure!(
            without_row.is_empty() && without_route.is_empty(),
            "permissions.csv and the served routes differ: without a row {without_row:?}; without a route {without_route:?}"
        );
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_has_a_row_and_every_row_a_route() {
        let matrix = Matrix::committed().unwrap();
        let (_, document) = crate::http::routes::api();
        matrix.must_equal(&crate::http::openapi::operations(&document)).unwrap();
    }

    #[test]
    fn a_slip_in_the_table_is_found() {
        let head = TABLE.lines().next().unwrap();
        let with = |rows: &str| Matrix::parse(&format!("{head}\n{rows}")).map(drop).map_err(|error| error.to_string());
        assert_eq!(with("GET,/a,x,read,y,-,-,-,-,-,-,-,-"), Ok(()));
        for (rows, said) in [
            ("GET,/a,x,look,y,-,-,-,-,-,-,-,-", "no action"),
            ("GET,/a,x,read,y,-,-,-,-,-,-,-,?", "expected y or -"),
            ("GET,/a,x,read,y,-,-,-,-,-,-,-,-\nGET,/b,x,read,-,-,-,-,-,-,-,-,-", "other roles"),
            ("GET,/a,x,read,y,-,-,-,-,-,-,-,-\nGET,/a,x,read,y,-,-,-,-,-,-,-,-", "a row already"),
        ] {
            assert!(with(rows).unwrap_err().contains(said), "{rows}");
        }
    }
}
