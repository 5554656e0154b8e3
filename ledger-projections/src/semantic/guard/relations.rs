//! FROM: views of the list, names of WITH, and SELECTs in parentheses; and what they are joined by.

use sqlparser::ast::{Ident, Join, JoinConstraint, JoinOperator, ObjectName, TableAlias, TableFactor, TableWithJoins};

use super::form::{Args, Call, Expr, From, JoinBy, JoinKind, Name, Select};
use super::names;
use super::refusal::{Code, Refusal};
use super::scope::{Relation, Rows, Scope};
use super::statement::{Reader, renamed, span_of};

const SCHEMA: &str = "semantic";

impl Reader<'_> {
    /// Reads a FROM, and the relations that it brings into reach.
    pub(super) fn relations(&mut self, tables: &[TableWithJoins]) -> Result<(Vec<From>, Vec<Relation>), Refusal> {
        let mut relations = Vec::new();
        let from = tables.iter().map(|table| self.table_with_joins(table, &mut relations)).collect::<Result<_, _>>()?;
        for (index, relation) in relations.iter().enumerate() {
            if relations.iter().take(index).any(|other: &Relation| other.name == relation.name) {
                let reason = format!("two relations are called {}", super::scope::shown(&relation.name));
                return Err(Refusal::new(Code::Name, reason, "give each its own alias: FROM v_ap_open a JOIN v_ap_open b"));
            }
        }
        Ok((from, relations))
    }

    fn table_with_joins(&mut self, table: &TableWithJoins, relations: &mut Vec<Relation>) -> Result<From, Refusal> {
        self.enter()?;
        let first = relations.len();
        let mut left = self.factor(&table.relation, relations)?;
        for join in &table.joins {
            left = self.join(left, join, relations, first)?;
        }
        self.leave();
        Ok(left)
    }

    fn factor(&mut self, factor: &TableFactor, relations: &mut Vec<Relation>) -> Result<From, Refusal> {
        match factor {
            TableFactor::Table { name, alias, args, with_hints, version, with_ordinality, partitions, json_path, sample, index_hints } => {
                let span = span_of(&names::parts(name)?);
                if args.is_some() || *with_ordinality {
                    return Err(table_function().at(span));
                }
                if sample.is_some()
                    || !with_hints.is_empty()
                    || version.is_some()
                    || !partitions.is_empty()
                    || json_path.is_some()
                    || !index_hints.is_empty()
                {
                    return Err(Refusal::new(Code::Clause, "a view is named with more than an alias", "write FROM view alias").at(span));
                }
                self.named(name, alias.as_ref(), relations)
            }
            TableFactor::Derived { lateral: true, .. } => {
                Err(Refusal::new(Code::Lateral, "LATERAL is not allowed", "use a window function, or a subquery in the SELECT list"))
            }
            TableFactor::Derived { lateral: false, subquery, alias, sample: None } => {
                let Some(alias) = alias else {
                    return Err(Refusal::new(Code::Name, "a SELECT in FROM has no name", "write FROM (SELECT …) AS name"));
                };
                let (query, output) = self.query(subquery)?;
                let (name, columns) = self.table_alias(alias)?;
                let output = renamed(output, &columns).map_err(|refusal| refusal.at(alias.name.span))?;
                relations.push(Relation { name: name.clone(), output });
                Ok(From::Derived { query: Box::new(query), alias: name, columns })
            }
            TableFactor::NestedJoin { table_with_joins, alias: None } => self.table_with_joins(table_with_joins, relations),
            TableFactor::TableFunction { .. } | TableFactor::Function { .. } | TableFactor::UNNEST { .. } => Err(table_function()),
            TableFactor::JsonTable { .. } | TableFactor::OpenJsonTable { .. } | TableFactor::XmlTable { .. } => Err(table_function()),
            _ => Err(Refusal::new(
                Code::Clause,
                "a relation of a kind that is not allowed",
                "use views, names of WITH, and (SELECT …) AS name",
            )),
        }
    }

    fn named(&mut self, object: &ObjectName, alias: Option<&TableAlias>, relations: &mut Vec<Relation>) -> Result<From, Refusal> {
        let parts = names::parts(object)?;
        let span = span_of(&parts);
        let (ident, qualified) = unqualified(&parts).map_err(|refusal| refusal.at(span))?;
        let name = names::name(ident)?;
        let (alias, columns) = match alias {
            None => (None, Vec::new()),
            Some(alias) => {
                let (alias, columns) = self.table_alias(alias)?;
                (Some(alias), columns)
            }
        };
        let cte = if qualified { None } else { self.names.cte(&name).map(|cte| cte.output.clone()) };
        let is_cte = cte.is_some();
        let output = match cte {
            Some(output) => output,
            None => self.names.view(&name, span)?,
        };
        self.count_relation(!is_cte).map_err(|refusal| refusal.at(span))?;
        let output = renamed(output, &columns).map_err(|refusal| refusal.at(span))?;
        relations.push(Relation { name: alias.clone().unwrap_or_else(|| name.clone()), output });
        Ok(if is_cte { From::Cte { name, alias, columns } } else { From::View { name, alias, columns } })
    }

    /// The name and the columns' names that an alias gives.
    pub(super) fn table_alias(&mut self, alias: &TableAlias) -> Result<(Name, Vec<Name>), Refusal> {
        let TableAlias { explicit: _, name, columns, at } = alias;
        if at.is_some() {
            return Err(Refusal::new(Code::Clause, "an alias with AT is not allowed", "write FROM view alias").at(name.span));
        }
        let mut taken = Vec::with_capacity(columns.len());
        for column in columns {
            if column.data_type.is_some() {
                return Err(Refusal::new(Code::Clause, "an alias gives types", "name the columns only").at(column.name.span));
            }
            taken.push(names::name(&column.name)?);
        }
        Ok((names::name(name)?, taken))
    }

    fn join(&mut self, left: From, join: &Join, relations: &mut Vec<Relation>, first: usize) -> Result<From, Refusal> {
        let Join { relation, global, join_operator } = join;
        let (kind, constraint) = match join_operator {
            JoinOperator::Join(constraint) | JoinOperator::Inner(constraint) => (JoinKind::Inner, Some(constraint)),
            JoinOperator::Left(constraint) | JoinOperator::LeftOuter(constraint) => (JoinKind::Left, Some(constraint)),
            JoinOperator::Right(constraint) | JoinOperator::RightOuter(constraint) => (JoinKind::Right, Some(constraint)),
            JoinOperator::FullOuter(constraint) => (JoinKind::Full, Some(constraint)),
            JoinOperator::CrossJoin(JoinConstraint::None) => (JoinKind::Cross, None),
            _ => {
                return Err(Refusal::new(Code::Join, "a join of a kind that is not allowed", "write JOIN, LEFT JOIN or FULL JOIN with ON"));
            }
        };
        if *global {
            return Err(Refusal::new(Code::Join, "GLOBAL JOIN is not allowed", "write JOIN … ON"));
        }
        let right = self.factor(relation, relations)?;
        let by = match constraint {
            None => JoinBy::Nothing,
            Some(JoinConstraint::On(condition)) => {
                self.names.scopes.push(Scope { relations: std::mem::take(relations), aliases: Vec::new(), first });
                let condition = self.expr(condition);
                *relations = self.names.scopes.pop().map(|scope| scope.relations).unwrap_or_default();
                JoinBy::On(condition?)
            }
            Some(JoinConstraint::Using(columns)) => JoinBy::Using(self.using(columns, relations.get(first..).unwrap_or_default())?),
            Some(JoinConstraint::Natural) => {
                return Err(Refusal::new(
                    Code::Join,
                    "NATURAL JOIN is not allowed",
                    "say what is joined by: USING (column) or ON a.column = b.column",
                ));
            }
            Some(JoinConstraint::None) => {
                return Err(Refusal::new(Code::Join, "a join does not say what by", "write ON a.column = b.column"));
            }
        };
        Ok(From::Join { left: Box::new(left), right: Box::new(right), kind, by })
    }

    fn using(&mut self, columns: &[ObjectName], relations: &[Relation]) -> Result<Vec<Name>, Refusal> {
        let mut taken = Vec::with_capacity(columns.len());
        for column in columns {
            let parts = names::parts(column)?;
            let span = span_of(&parts);
            let [ident] = parts.as_slice() else {
                return Err(Refusal::new(Code::FieldAccess, "USING takes plain columns", "write USING (column)").at(span));
            };
            let name = names::name(ident)?;
            if relations.iter().filter(|relation| relation.has(&name)).count() < 2 {
                let reason = format!("not both sides have a column {}", super::scope::shown(&name));
                return Err(Refusal::new(Code::UnknownColumn, reason, "write ON a.column = b.column").at(span));
            }
            taken.push(name);
        }
        Ok(taken)
    }
}

fn table_function() -> Refusal {
    Refusal::new(
        Code::TableFunction,
        "a function as a relation is not allowed",
        "use the views; v_calendar has the days, v_period the periods",
    )
}

/// The view's own name, and whether its schema stood before it.
fn unqualified<'i>(parts: &[&'i Ident]) -> Result<(&'i Ident, bool), Refusal> {
    match parts {
        [name] => Ok((name, false)),
        [schema, name] if names::name(schema)?.as_str() == SCHEMA => Ok((name, true)),
        _ => Err(Refusal::new(Code::UnknownView, "only the views of the schema semantic may be asked", "name the view without a schema")),
    }
}

/// Refuses a SELECT whose relations are paired with each other by nothing: everything with everything.
pub(super) fn connected(relations: &[Relation], select: &Select) -> Result<(), Refusal> {
    let mut groups: Vec<usize> = (0..relations.len()).collect();
    select.filter.iter().for_each(|filter| connect(filter, &mut groups));
    select.from.iter().for_each(|from| connect_from(from, relations, &mut groups));
    let (mut apart, mut large) = (0, 0);
    for group in 0..relations.len() {
        let members = || relations.iter().zip(&groups).filter(|(_, of)| **of == group).map(|(relation, _)| relation.output.rows);
        apart += usize::from(members().any(|rows| rows > Rows::One));
        large += usize::from(members().any(|rows| rows == Rows::Many));
    }
    if apart <= 1 || (apart == 2 && large <= 1) {
        return Ok(());
    }
    Err(Refusal::new(
        Code::Join,
        "relations are paired with each other by nothing",
        "join them by what they have in common: ON a.column = b.column",
    ))
}

/// Relations that stand in one condition belong together.
fn connect(condition: &Expr, groups: &mut [usize]) {
    match condition {
        Expr::Logic { all: true, parts } => parts.iter().for_each(|part| connect(part, groups)),
        _ => {
            let mut homes = Vec::new();
            walk(condition, &mut |expr| {
                if let Expr::Column { home: Some(home), .. } = expr {
                    homes.push(*home);
                }
            });
            homes.windows(2).for_each(|pair| unite(pair[0], pair[1], groups));
        }
    }
}

fn unite(one: usize, other: usize, groups: &mut [usize]) {
    if let (Some(&from), Some(&to)) = (groups.get(other), groups.get(one)) {
        groups.iter_mut().filter(|group| **group == from).for_each(|group| *group = to);
    }
}

fn connect_from(from: &From, relations: &[Relation], groups: &mut [usize]) {
    let From::Join { left, right, by, .. } = from else { return };
    connect_from(left, relations, groups);
    connect_from(right, relations, groups);
    match by {
        JoinBy::Nothing => {}
        JoinBy::On(condition) => connect(condition, groups),
        JoinBy::Using(columns) => {
            for column in columns {
                let having: Vec<usize> =
                    relations.iter().enumerate().filter(|(_, relation)| relation.has(column)).map(|(index, _)| index).collect();
                having.windows(2).for_each(|pair| unite(pair[0], pair[1], groups));
            }
        }
    }
}

/// Whether a call of that kind stands in it, subqueries aside.
pub(super) fn any_call(expr: &Expr, is: &dyn Fn(&Call) -> bool) -> bool {
    let mut found = false;
    walk(expr, &mut |expr| found |= matches!(expr, Expr::Call(call) if is(call)));
    found
}

/// Whether a column of that kind stands in it, subqueries aside.
pub(super) fn any_column(expr: &Expr, is: &dyn Fn(&Name) -> bool) -> bool {
    let mut found = false;
    walk(expr, &mut |expr| found |= matches!(expr, Expr::Column { name, .. } if is(name)));
    found
}

/// Every expression in it, itself first, without those of subqueries.
fn walk(expr: &Expr, see: &mut dyn FnMut(&Expr)) {
    see(expr);
    for part in parts(expr) {
        walk(part, see);
    }
}

fn parts(expr: &Expr) -> Vec<&Expr> {
    match expr {
        Expr::Column { .. } | Expr::Null | Expr::Truth(_) | Expr::Number(_) | Expr::Text(_) | Expr::Moment { .. } => Vec::new(),
        Expr::Interval { .. } | Expr::Exists { .. } | Expr::Scalar(_) => Vec::new(),
        Expr::Logic { parts, .. } | Expr::Row(parts) => parts.iter().collect(),
        Expr::Not(inner) | Expr::Sign { expr: inner, .. } | Expr::Is { expr: inner, .. } | Expr::Cast { expr: inner, .. } => vec![inner],
        Expr::Extract { from: inner, .. } | Expr::AtTimeZone { expr: inner, .. } => vec![inner],
        Expr::InQuery { expr: inner, .. } | Expr::Quantified { left: inner, .. } => vec![inner],
        Expr::Binary { left, right, .. } | Expr::Differs { left, right, .. } => vec![left, right],
        Expr::Position { what: left, within: right } | Expr::Like { expr: left, pattern: right, .. } => vec![left, right],
        Expr::InList { expr, list, .. } => std::iter::once(&**expr).chain(list).collect(),
        Expr::Between { expr, low, high, .. } => vec![expr, low, high],
        Expr::Case { of, when, otherwise } => {
            let whens = when.iter().flat_map(|(condition, value)| [condition, value]);
            of.as_deref().into_iter().chain(whens).chain(otherwise.as_deref()).collect()
        }
        Expr::Substring { expr, from, length } => std::iter::once(&**expr).chain(from.as_deref()).chain(length.as_deref()).collect(),
        Expr::Trim { what, from, .. } => std::iter::once(&**from).chain(what.as_deref()).collect(),
        Expr::Call(call) => call_parts(call),
    }
}

fn call_parts(call: &Call) -> Vec<&Expr> {
    let values = match &call.args {
        Args::List { values, .. } => values.as_slice(),
        Args::Bare | Args::Star => &[],
    };
    values.iter().chain(&call.filter).collect()
}
