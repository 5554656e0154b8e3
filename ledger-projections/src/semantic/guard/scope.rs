//! Which names are in reach where, and what each of them is. A name that is nothing here is refused, which is what
//! keeps `t.row_to_json`, whole rows and columns of the system out.

use sqlparser::tokenizer::Span;

use super::catalog::Catalog;
use super::form::Name;
use super::nearest::nearest;
use super::refusal::{Code, Refusal};

/// Columns that a hint lists at most.
const COLUMNS_LISTED: usize = 50;

/// How many rows a relation has, as far as that matters for what it may be paired with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rows {
    One,
    Few,
    Many,
}

/// What a query gives: its columns, as far as they have names, and how many rows.
#[derive(Clone, Debug)]
pub(super) struct Output {
    pub(super) columns: Vec<Option<Name>>,
    pub(super) rows: Rows,
    /// Whether the columns stand in this order for Postgres, too: not after `*` of a join that merges columns.
    pub(super) ordered: bool,
}

/// A relation of a FROM, by the name that columns are qualified with.
#[derive(Clone, Debug)]
pub(super) struct Relation {
    pub(super) name: Name,
    pub(super) output: Output,
}

impl Relation {
    pub(super) fn has(&self, column: &Name) -> bool {
        self.output.columns.iter().flatten().any(|each| each == column)
    }
}

/// The relations of one SELECT, and the names of what it gives.
#[derive(Clone, Debug, Default)]
pub(super) struct Scope {
    pub(super) relations: Vec<Relation>,
    pub(super) aliases: Vec<Name>,
    /// The first relation that is in reach: in ON, those of other parts of the FROM are not.
    pub(super) first: usize,
}

impl Scope {
    /// The number of the first relation in reach that is so.
    fn find(&self, is: impl Fn(&Relation) -> bool) -> Option<usize> {
        self.relations.iter().enumerate().skip(self.first).find(|(_, relation)| is(relation)).map(|(index, _)| index)
    }
}

/// Everything in reach at one place of the question: the innermost SELECT last.
#[derive(Debug)]
pub(super) struct Names<'a> {
    catalog: &'a Catalog,
    pub(super) scopes: Vec<Scope>,
    pub(super) ctes: Vec<Relation>,
}

impl<'a> Names<'a> {
    pub(super) fn new(catalog: &'a Catalog) -> Self {
        Self { catalog, scopes: Vec::new(), ctes: Vec::new() }
    }

    /// A CTE in reach, the latest of its name.
    pub(super) fn cte(&self, name: &Name) -> Option<&Relation> {
        self.ctes.iter().rev().find(|cte| cte.name == *name)
    }

    /// A view's columns and size.
    pub(super) fn view(&self, name: &Name, span: Span) -> Result<Output, Refusal> {
        let Some(columns) = self.catalog.columns(name.as_str()) else { return Err(self.no_view(name).at(span)) };
        let rows = if Catalog::is_small(name.as_str()) { Rows::Few } else { Rows::Many };
        Ok(Output { columns: columns.iter().map(|column| Some(Name(column.clone()))).collect(), rows, ordered: true })
    }

    /// Looks a column up: the number of its relation, when that is of the innermost SELECT.
    pub(super) fn column(&self, of: Option<&Name>, name: &Name, span: Span) -> Result<Option<usize>, Refusal> {
        let found = match of {
            Some(of) => self.qualified(of, name),
            None => self.unqualified(name),
        };
        found.map_err(|refusal| refusal.at(span))
    }

    fn qualified(&self, of: &Name, name: &Name) -> Result<Option<usize>, Refusal> {
        for (depth, scope) in self.scopes.iter().rev().enumerate() {
            let Some(index) = scope.find(|relation| relation.name == *of) else { continue };
            if !scope.relations.get(index).is_some_and(|relation| relation.has(name)) {
                return Err(self.no_column(Some(of), name));
            }
            return Ok((depth == 0).then_some(index));
        }
        Err(self.no_relation(of))
    }

    fn unqualified(&self, name: &Name) -> Result<Option<usize>, Refusal> {
        for (depth, scope) in self.scopes.iter().rev().enumerate() {
            if let Some(index) = scope.find(|relation| relation.has(name)) {
                return Ok((depth == 0).then_some(index));
            }
        }
        Err(self.no_column(None, name))
    }

    /// Whether `alias.*` means a relation of the innermost SELECT.
    pub(super) fn all_of(&self, of: &Name, span: Span) -> Result<&Relation, Refusal> {
        let innermost = self.scopes.last();
        let found = innermost.and_then(|scope| scope.relations.iter().find(|relation| relation.name == *of));
        found.ok_or_else(|| self.no_relation(of).at(span))
    }

    fn no_view(&self, name: &Name) -> Refusal {
        let views = self.catalog.views();
        let names = views.chain(self.ctes.iter().map(|cte| cte.name.as_str()));
        let hint = match nearest(name.as_str(), names) {
            Some(near) => format!("did you mean {near}?"),
            None => format!("ask one of {}", self.catalog.views().collect::<Vec<_>>().join(", ")),
        };
        Refusal::new(Code::UnknownView, format!("there is no view {}", shown(name)), hint)
    }

    fn no_relation(&self, of: &Name) -> Refusal {
        let reachable: Vec<&str> = self.relations().map(|relation| relation.name.as_str()).collect();
        let hint = match nearest(of.as_str(), reachable.iter().copied()) {
            Some(near) => format!("did you mean {near}?"),
            None if reachable.is_empty() => "name a view in FROM first".to_owned(),
            None => format!("in reach here: {}; write alias.column", reachable.join(", ")),
        };
        Refusal::new(Code::UnknownRelation, format!("nothing here is called {}", shown(of)), hint)
    }

    fn no_column(&self, of: Option<&Name>, name: &Name) -> Refusal {
        if of.is_none() && self.relations().any(|relation| relation.name == *name) {
            return Refusal::new(
                Code::WholeRow,
                format!("{} is a relation and stands where a value should", shown(name)),
                format!("name a column of it: {}.column", shown(name)),
            );
        }
        let whose = of.map_or_else(String::new, |of| format!(" in {}", shown(of)));
        Refusal::new(Code::UnknownColumn, format!("there is no column {}{whose}", shown(name)), self.column_hint(of, name))
    }

    fn column_hint(&self, of: Option<&Name>, name: &Name) -> String {
        if of.is_none() && self.scopes.last().is_some_and(|scope| scope.aliases.contains(name)) {
            return format!(
                "{} names a column of the answer, which WHERE, HAVING and other columns cannot use: repeat the expression, or put the SELECT in FROM",
                shown(name)
            );
        }
        let meant = self.relations().filter(|relation| of.is_none_or(|of| relation.name == *of));
        let columns: Vec<&str> = meant.flat_map(|relation| relation.output.columns.iter().flatten().map(Name::as_str)).collect();
        if let Some(near) = nearest(name.as_str(), columns.iter().copied()) {
            return format!("did you mean {near}?");
        }
        let elsewhere = self.catalog.having(name.as_str());
        if !elsewhere.is_empty() {
            return format!("{} have it", elsewhere.join(", "));
        }
        if columns.is_empty() {
            return "name the view in FROM; texts stand in single quotes".to_owned();
        }
        let listed: Vec<&str> = columns.into_iter().take(COLUMNS_LISTED).collect();
        format!("texts stand in single quotes; columns here: {}", listed.join(", "))
    }

    fn relations(&self) -> impl Iterator<Item = &Relation> {
        self.scopes.iter().rev().flat_map(|scope| &scope.relations)
    }
}

/// A name of the caller's as it is repeated to them: no longer than a name can be.
pub(super) fn shown(name: &Name) -> String {
    name.as_str().chars().take(63).collect()
}
