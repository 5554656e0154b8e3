//! Who may do what: the committed table `permissions.csv`, one row per route, and the check that no route is without one.
//!
//! A row says which resource and action a route is, and which roles have it; the same resource and action has the same
//! roles in every row. What members and keys have beyond their role is the [`super::identity`]'s business.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::identity::{Permission, Role, RoleSet};

/// The table as committed.
const TABLE: &str = include_str!("permissions.csv");

/// One route and who may use it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// `GET`, `POST` …
    pub method: String,
    /// With its parameters in braces.
    pub path: String,
    /// What it asks for.
    pub permission: Permission,
    /// Which roles have that.
    pub roles: RoleSet,
}

/// The whole table.
#[derive(Clone, Debug)]
pub struct Matrix {
    /// By path; few methods each.
    rows: HashMap<String, Vec<Row>>,
    roles: BTreeMap<Permission, RoleSet>,
}

impl Matrix {
    /// The committed table.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn committed() -> anyhow::Result<Self> {
        Self::parse(TABLE)
    }

    /// Reads a table.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn parse(table: &str) -> anyhow::Result<Self> {
        let mut matrix = Self { rows: HashMap::new(), roles: BTreeMap::new() };
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(table.as_bytes());
        let expected: Vec<&str> = ["method", "path", "resource", "action"].into_iter().chain(Role::ALL.map(Role::as_str)).collect();
        anyhow::ensure!(reader.headers()?.iter().eq(expected.iter().copied()), "permissions.csv has other columns than {expected:?}");
        for record in reader.records() {
            let record = record?;
            let line = record.position().map_or(0, csv::Position::line);
            let added = read_row(&record).and_then(|row| matrix.add(row));
            added.map_err(|wrong| anyhow::anyhow!("permissions.csv:{line}: {wrong}"))?;
        }
        Ok(matrix)
    }

    fn add(&mut self, row: Row) -> anyhow::Result<()> {
        let same = *self.roles.entry(row.permission).or_insert(row.roles);
        anyhow::ensure!(same == row.roles, "{} has other roles in an earlier row", row.permission);
        let of_path = self.rows.entry(row.path.clone()).or_default();
        let twice = of_path.iter().any(|other| other.method == row.method);
        anyhow::ensure!(!twice, "this route has a row already");
        of_path.push(row);
        Ok(())
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

    /// Whether a role has a permission; nobody has what no row names.
    #[must_use]
    pub fn has(&self, role: Role, permission: Permission) -> bool {
        self.roles.get(&permission).is_some_and(|roles| roles.contains(role))
    }

    /// Every permission that a row names, in order.
    pub fn permissions(&self) -> impl Iterator<Item = Permission> + '_ {
        self.roles.keys().copied()
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

fn read_row(record: &csv::StringRecord) -> anyhow::Result<Row> {
    let field = |at: usize| record.get(at).unwrap_or_default();
    let mut roles = RoleSet::default();
    for (at, role) in Role::ALL.into_iter().enumerate() {
        match record.get(at + 4) {
            Some("y") => roles = roles.with(role),
            Some("-") => {}
            other => anyhow::bail!("expected y or -, found {other:?}"),
        }
    }
    let permission = Permission {
        resource: field(2).parse().map_err(|_| anyhow::anyhow!("{:?} is no resource", field(2)))?,
        action: field(3).parse().map_err(|_| anyhow::anyhow!("{:?} is no action", field(3)))?,
    };
    Ok(Row { method: field(0).to_owned(), path: field(1).to_owned(), permission, roles })
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
        assert_eq!(with("GET,/a,events,read,y,-,-,-,-,-,-,-,-"), Ok(()));
        for (rows, said) in [
            ("GET,/a,x,read,y,-,-,-,-,-,-,-,-", "no resource"),
            ("GET,/a,events,look,y,-,-,-,-,-,-,-,-", "no action"),
            ("GET,/a,events,read,y,-,-,-,-,-,-,-,?", "expected y or -"),
            ("GET,/a,events,read,y,-,-,-,-,-,-,-,-\nGET,/b,events,read,-,-,-,-,-,-,-,-,-", "other roles"),
            ("GET,/a,events,read,y,-,-,-,-,-,-,-,-\nGET,/a,events,read,y,-,-,-,-,-,-,-,-", "a row already"),
        ] {
            assert!(with(rows).unwrap_err().contains(said), "{rows}");
        }
    }
}
