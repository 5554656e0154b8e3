//! The question as a whole: one query, its WITH, its SELECTs, their set operations, order and limit.

use sqlparser::ast::{
    Cte as ParsedCte, CteAsMaterialized, Distinct, Expr as Parsed, Fetch, GroupByExpr, Ident, LimitClause, NamedWindowDefinition,
    NamedWindowExpr, OrderBy, OrderByExpr, OrderByKind, Query as ParsedQuery, Select as ParsedSelect, SelectFlavor, SelectItem,
    SelectItemQualifiedWildcardKind, SetExpr, SetOperator, SetQuantifier, Value, WildcardAdditionalOptions,
};
use sqlparser::tokenizer::Span;

use super::catalog::Catalog;
use super::form::{Body, Call, Cte, Expr, Grouping, Item, Name, Order, Query, Select, SetOp, Window};
use super::functions;
use super::names;
use super::refusal::{Code, Refusal};
use super::scope::{Names, Output, Relation, Rows, Scope};

/// How deep a question may be nested.
const DEPTH_MAX: usize = 60;
/// How often texts may be put together in a question: each time can double what there is.
const JOINED_MAX: usize = 12;
/// How often numbers may be raised to a power.
const RAISED_MAX: usize = 2;
/// Views, and besides them names of WITH, that a question may go to.
const VIEWS_MAX: usize = 8;
const CTES_MAX: usize = 12;
/// Sets that GROUP BY CUBE may make, as a power of two.
const CUBE_MAX: usize = 4;

/// Reads a question, and counts what it may have only so much of.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    pub(super) names: Names<'a>,
    depth: usize,
    joined: usize,
    raised: usize,
    views: usize,
    ctes: usize,
}

/// Refuses a clause by its name.
fn clause(name: &str, hint: &str) -> Refusal {
    Refusal::new(Code::Clause, format!("{name} is not allowed"), hint)
}

fn too_complex(reason: &str) -> Refusal {
    Refusal::new(Code::TooComplex, reason, "ask for less at once, or in several questions")
}

impl<'a> Reader<'a> {
    pub(super) fn new(catalog: &'a Catalog) -> Self {
        Self { names: Names::new(catalog), depth: 0, joined: 0, raised: 0, views: 0, ctes: 0 }
    }

    pub(super) fn enter(&mut self) -> Result<(), Refusal> {
        self.depth += 1;
        if self.depth > DEPTH_MAX { Err(too_complex("the question is nested too deep")) } else { Ok(()) }
    }

    pub(super) fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    pub(super) fn joined(&mut self, times: usize) -> Result<(), Refusal> {
        self.joined += times;
        if self.joined > JOINED_MAX { Err(too_complex("texts are put together too often")) } else { Ok(()) }
    }

    pub(super) fn raised(&mut self) -> Result<(), Refusal> {
        self.raised += 1;
        if self.raised > RAISED_MAX { Err(too_complex("numbers are raised to powers too often")) } else { Ok(()) }
    }

    pub(super) fn count_relation(&mut self, view: bool) -> Result<(), Refusal> {
        let (count, most) = if view { (&mut self.views, VIEWS_MAX) } else { (&mut self.ctes, CTES_MAX) };
        *count += 1;
        if *count > most {
            let reason = format!("the question goes to more than {most} relations");
            return Err(Refusal::new(Code::TooManyRelations, reason, "the views hold names and dates already: join less"));
        }
        Ok(())
    }

    /// Reads a query, and what it gives.
    pub(super) fn query(&mut self, query: &ParsedQuery) -> Result<(Query, Output), Refusal> {
        let (query, output, _) = self.query_with_scope(query)?;
        Ok((query, output))
    }

    fn query_with_scope(&mut self, query: &ParsedQuery) -> Result<(Query, Output, Scope), Refusal> {
        self.enter()?;
        let ctes = self.names.ctes.len();
        let read = self.query_here(query);
        self.names.ctes.truncate(ctes);
        self.leave();
        read
    }

    fn query_here(&mut self, query: &ParsedQuery) -> Result<(Query, Output, Scope), Refusal> {
        let ParsedQuery { with, body, order_by, limit_clause, fetch, locks, for_clause, settings, format_clause, pipe_operators } = query;
        if !locks.is_empty() {
            return Err(clause("FOR UPDATE, FOR SHARE or another lock", "leave it out; nothing can be locked from here"));
        }
        if for_clause.is_some() || settings.is_some() || format_clause.is_some() || !pipe_operators.is_empty() {
            return Err(clause("a clause after the SELECT", "only ORDER BY, LIMIT and OFFSET may follow"));
        }
        let mut ctes = Vec::new();
        if let Some(with) = with {
            if with.recursive {
                let hint = "use account_path and level, or v_calendar, instead of recursion";
                return Err(Refusal::new(Code::Recursion, "WITH RECURSIVE is not allowed", hint).at(with.with_token.0.span));
            }
            for cte in &with.cte_tables {
                ctes.push(self.cte(cte)?);
            }
        }
        let (body, mut output, scope) = self.body(body)?;
        self.names.scopes.push(scope);
        let order_by = self.order_by(order_by.as_ref(), matches!(body, Body::Select(_)));
        let scope = self.names.scopes.pop().unwrap_or_default();
        let order_by = order_by?;
        let (limit, offset) = limits(limit_clause.as_ref(), fetch.as_ref())?;
        output.rows = match limit {
            Some(0 | 1) => Rows::One,
            Some(..=1_000) => output.rows.min(Rows::Few),
            _ => output.rows,
        };
        Ok((Query { with: ctes, body, order_by, limit, offset }, output, scope))
    }

    fn cte(&mut self, cte: &ParsedCte) -> Result<Cte, Refusal> {
        let ParsedCte { alias, query, from, materialized, closing_paren_token: _ } = cte;
        if from.is_some() {
            return Err(clause("FROM after WITH", "write WITH name AS (SELECT …)"));
        }
        let materialized = match materialized {
            None => None,
            Some(CteAsMaterialized::Materialized) => Some(true),
            Some(CteAsMaterialized::NotMaterialized) => return Err(clause("NOT MATERIALIZED", "leave it out")),
        };
        let (_, columns) = self.table_alias(alias)?;
        let name = names::cte(&alias.name)?;
        let (query, output) = self.query(query)?;
        let output = renamed(output, &columns).map_err(|refusal| refusal.at(alias.name.span))?;
        self.names.ctes.push(Relation { name: name.clone(), output });
        Ok(Cte { name, columns, materialized, query })
    }

    fn body(&mut self, body: &SetExpr) -> Result<(Body, Output, Scope), Refusal> {
        self.enter()?;
        let read = match body {
            SetExpr::Select(select) => self.select(select),
            SetExpr::Query(query) => self.nested(query),
            SetExpr::Values(values) => self.values(values),
            SetExpr::SetOperation { op, set_quantifier, left, right } => self.set(*op, *set_quantifier, left, right),
            SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_) => Err(Refusal::new(
                Code::NotAQuery,
                "a statement that changes something",
                "ask with one SELECT; nothing can be changed from here",
            )),
            SetExpr::Table(_) => Err(clause("TABLE", "write SELECT * FROM view")),
        };
        self.leave();
        read
    }

    fn nested(&mut self, query: &ParsedQuery) -> Result<(Body, Output, Scope), Refusal> {
        let (query, output, scope) = self.query_with_scope(query)?;
        let Query { with, order_by, limit, offset, .. } = &query;
        if with.is_empty() && order_by.is_empty() && limit.is_none() && offset.is_none() {
            return Ok((query.body, output, scope));
        }
        let scope = named_only(&output);
        Ok((Body::Nested(Box::new(query)), output, scope))
    }

    fn values(&mut self, values: &sqlparser::ast::Values) -> Result<(Body, Output, Scope), Refusal> {
        let sqlparser::ast::Values { explicit_row, value_keyword, rows } = values;
        if *explicit_row || *value_keyword {
            return Err(clause("VALUES in this form", "write VALUES (1, 'a'), (2, 'b')"));
        }
        let rows: Vec<Vec<Expr>> = rows.iter().map(|row| self.exprs(row)).collect::<Result<_, _>>()?;
        let width = rows.first().map_or(0, Vec::len);
        if width == 0 || rows.iter().any(|row| row.len() != width) {
            return Err(clause("VALUES with rows of different lengths", "give each row as many values as the first"));
        }
        let columns = (1..=width).map(|number| Some(Name(format!("column{number}")))).collect();
        let output = Output { columns, rows: if rows.len() == 1 { Rows::One } else { Rows::Few }, ordered: true };
        let scope = named_only(&output);
        Ok((Body::Values(rows), output, scope))
    }

    fn set(
        &mut self,
        op: SetOperator,
        quantifier: SetQuantifier,
        left: &SetExpr,
        right: &SetExpr,
    ) -> Result<(Body, Output, Scope), Refusal> {
        let op = match op {
            SetOperator::Union => SetOp::Union,
            SetOperator::Except => SetOp::Except,
            SetOperator::Intersect => SetOp::Intersect,
            SetOperator::Minus => return Err(clause("MINUS", "write EXCEPT")),
        };
        let all = match quantifier {
            SetQuantifier::All => true,
            SetQuantifier::None | SetQuantifier::Distinct => false,
            SetQuantifier::ByName | SetQuantifier::AllByName | SetQuantifier::DistinctByName => {
                return Err(clause("BY NAME", "give both SELECTs their columns in the same order"));
            }
        };
        let (left, output, _) = self.body(left)?;
        let (right, other, _) = self.body(right)?;
        if output.columns.len() != other.columns.len() {
            return Err(clause("a set operation of SELECTs with different numbers of columns", "give both the same columns"));
        }
        let output = Output { rows: output.rows.max(other.rows).max(Rows::Few), ..output };
        let scope = named_only(&output);
        Ok((Body::Set { op, all, left: Box::new(left), right: Box::new(right) }, output, scope))
    }

    fn select(&mut self, select: &ParsedSelect) -> Result<(Body, Output, Scope), Refusal> {
        refuse_clauses(select)?;
        let (from, relations) = self.relations(&select.from)?;
        let aliases = select.projection.iter().filter_map(alias_of).filter_map(|ident| names::name(ident).ok()).collect();
        self.names.scopes.push(Scope { relations, aliases, first: 0 });
        let read = self.select_here(select, from);
        let scope = self.names.scopes.pop().unwrap_or_default();
        let (select, columns) = read?;
        super::relations::connected(&scope.relations, &select)?;
        let rows = rows_of(&select, &scope);
        let ordered = !select.items.contains(&Item::All) || !select.from.iter().any(merges);
        Ok((Body::Select(Box::new(select)), Output { columns, rows, ordered }, scope))
    }

    fn select_here(&mut self, select: &ParsedSelect, from: Vec<super::form::From>) -> Result<(Select, Vec<Option<Name>>), Refusal> {
        let mut items = Vec::with_capacity(select.projection.len());
        let mut columns = Vec::with_capacity(select.projection.len());
        for item in &select.projection {
            items.push(self.item(item, &mut columns)?);
        }
        let distinct = match &select.distinct {
            None | Some(Distinct::All) => None,
            Some(Distinct::Distinct) => Some(Vec::new()),
            Some(Distinct::On(exprs)) => Some(exprs.iter().map(|expr| self.key(expr)).collect::<Result<_, _>>()?),
        };
        let select = Select {
            distinct,
            items,
            from,
            filter: select.selection.as_ref().map(|filter| self.expr(filter)).transpose()?,
            group_by: self.group_by(&select.group_by)?,
            having: select.having.as_ref().map(|having| self.expr(having)).transpose()?,
            windows: select.named_window.iter().map(|window| self.named_window(window)).collect::<Result<_, _>>()?,
        };
        Ok((select, columns))
    }

    fn item(&mut self, item: &SelectItem, columns: &mut Vec<Option<Name>>) -> Result<Item, Refusal> {
        match item {
            SelectItem::UnnamedExpr(expr) => {
                let expr = self.expr(expr)?;
                columns.push(natural_name(&expr));
                Ok(Item::Value { expr, alias: None })
            }
            SelectItem::ExprWithAlias { expr, alias } => {
                let expr = self.expr(expr)?;
                let alias = names::name(alias)?;
                columns.push(Some(alias.clone()));
                Ok(Item::Value { expr, alias: Some(alias) })
            }
            SelectItem::Wildcard(options) => {
                plain_wildcard(options)?;
                let relations = self.names.scopes.last().map_or(&[][..], |scope| &scope.relations);
                if relations.is_empty() {
                    return Err(clause("SELECT * without FROM", "name the view in FROM"));
                }
                columns.extend(relations.iter().flat_map(|relation| relation.output.columns.iter().cloned()));
                Ok(Item::All)
            }
            SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(object), options) => {
                plain_wildcard(options)?;
                let parts = names::parts(object)?;
                let [ident] = parts.as_slice() else {
                    return Err(Refusal::new(Code::WholeRow, "* of more than a relation", "write alias.*"));
                };
                let name = names::name(ident)?;
                columns.extend(self.names.all_of(&name, ident.span)?.output.columns.iter().cloned());
                Ok(Item::AllOf(name))
            }
            SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::Expr(_), _) => {
                Err(Refusal::new(Code::WholeRow, "* of an expression", "write alias.*, or name the columns"))
            }
            SelectItem::ExprWithAliases { .. } => Err(clause("several names for one column", "give each column one name")),
        }
    }

    fn group_by(&mut self, group_by: &GroupByExpr) -> Result<Vec<Grouping>, Refusal> {
        match group_by {
            GroupByExpr::Expressions(exprs, modifiers) if modifiers.is_empty() => exprs.iter().map(|expr| self.grouping(expr)).collect(),
            GroupByExpr::Expressions(..) | GroupByExpr::All(_) => Err(clause("GROUP BY ALL or WITH …", "name the columns to group by")),
        }
    }

    fn grouping(&mut self, expr: &Parsed) -> Result<Grouping, Refusal> {
        Ok(match expr {
            Parsed::Rollup(sets) => Grouping::Rollup(self.sets(sets)?),
            Parsed::Cube(sets) if sets.len() <= CUBE_MAX => Grouping::Cube(self.sets(sets)?),
            Parsed::Cube(_) => return Err(too_complex("GROUP BY CUBE makes too many groups")),
            Parsed::GroupingSets(sets) => Grouping::Sets(self.sets(sets)?),
            _ => Grouping::Plain(self.key(expr)?),
        })
    }

    fn sets(&mut self, sets: &[Vec<Parsed>]) -> Result<Vec<Vec<Expr>>, Refusal> {
        sets.iter().map(|set| set.iter().map(|expr| self.key(expr)).collect()).collect()
    }

    /// What is ordered or grouped by: a value, or the name of a column of the answer.
    fn key(&mut self, expr: &Parsed) -> Result<Expr, Refusal> {
        let inner = strip(expr);
        if let Parsed::Identifier(ident) = inner {
            let name = names::name(ident)?;
            if self.names.scopes.last().is_some_and(|scope| scope.aliases.contains(&name)) {
                return Ok(Expr::Column { of: None, name, home: None });
            }
        }
        self.expr(inner)
    }

    fn order_by(&mut self, order_by: Option<&OrderBy>, of_select: bool) -> Result<Vec<Order>, Refusal> {
        let Some(OrderBy { kind, interpolate }) = order_by else { return Ok(Vec::new()) };
        let OrderByKind::Expressions(orders) = kind else { return Err(clause("ORDER BY ALL", "name the columns to order by")) };
        if interpolate.is_some() {
            return Err(clause("INTERPOLATE", "leave it out"));
        }
        orders.iter().map(|order| self.sorted(order, of_select)).collect()
    }

    fn sorted(&mut self, order: &OrderByExpr, of_select: bool) -> Result<Order, Refusal> {
        let expr = self.key(&order.expr)?;
        if !of_select && !matches!(expr, Expr::Column { of: None, .. } | Expr::Number(_)) {
            return Err(clause("ordering a set operation by an expression", "order by a column of the answer, by its name or number"));
        }
        functions::ordered(expr, order)
    }

    fn named_window(&mut self, definition: &NamedWindowDefinition) -> Result<(Name, Window), Refusal> {
        let NamedWindowDefinition(name, window) = definition;
        match window {
            NamedWindowExpr::WindowSpec(spec) => Ok((names::name(name)?, self.window(spec)?)),
            NamedWindowExpr::NamedWindow(_) => Err(clause("a window that is another's name", "write WINDOW name AS (…)")),
        }
    }
}

/// Without the parentheses around it.
fn strip(mut expr: &Parsed) -> &Parsed {
    while let Parsed::Nested(inner) = expr {
        expr = inner;
    }
    expr
}

/// Refuses every clause of SELECT that has no form here.
fn refuse_clauses(select: &ParsedSelect) -> Result<(), Refusal> {
    let ParsedSelect {
        select_token,
        optimizer_hints,
        distinct: _,
        select_modifiers,
        top,
        top_before_distinct: _,
        projection,
        exclude,
        into,
        from: _,
        lateral_views,
        prewhere,
        selection: _,
        connect_by,
        group_by: _,
        cluster_by,
        distribute_by,
        sort_by,
        having: _,
        named_window: _,
        qualify,
        window_before_qualify: _,
        value_table_mode,
        flavor,
    } = select;
    let span = select_token.0.span;
    if into.is_some() {
        return Err(clause("SELECT INTO", "leave INTO out; nothing can be written from here").at(span));
    }
    if projection.is_empty() || *flavor != SelectFlavor::Standard {
        return Err(clause("SELECT without columns", "name the columns").at(span));
    }
    let others = [
        ("QUALIFY", qualify.is_some(), "put the SELECT in FROM, and use WHERE around it"),
        ("TOP", top.is_some(), "write LIMIT at the end"),
        ("LATERAL VIEW", !lateral_views.is_empty(), "use the columns of the view"),
        ("CONNECT BY", !connect_by.is_empty(), "use account_path and level"),
        ("PREWHERE", prewhere.is_some(), "write WHERE"),
        ("EXCLUDE", exclude.is_some(), "name the columns"),
        ("AS VALUE", value_table_mode.is_some(), "leave it out"),
        ("a hint", !optimizer_hints.is_empty() || select_modifiers.is_some(), "leave it out"),
        (
            "CLUSTER BY, DISTRIBUTE BY or SORT BY",
            !(cluster_by.is_empty() && distribute_by.is_empty() && sort_by.is_empty()),
            "write ORDER BY",
        ),
    ];
    match others.into_iter().find(|(_, is, _)| *is) {
        Some((name, _, hint)) => Err(clause(name, hint).at(span)),
        None => Ok(()),
    }
}

fn plain_wildcard(options: &WildcardAdditionalOptions) -> Result<(), Refusal> {
    let WildcardAdditionalOptions { wildcard_token, opt_ilike, opt_exclude, opt_except, opt_replace, opt_rename, opt_alias } = options;
    let plain = opt_ilike.is_none() && opt_exclude.is_none() && opt_except.is_none() && opt_replace.is_none() && opt_rename.is_none();
    if plain && opt_alias.is_none() { Ok(()) } else { Err(clause("* with exceptions", "name the columns").at(wildcard_token.0.span)) }
}

fn alias_of(item: &SelectItem) -> Option<&Ident> {
    match item {
        SelectItem::ExprWithAlias { alias, .. } => Some(alias),
        SelectItem::UnnamedExpr(Parsed::CompoundIdentifier(parts)) => parts.last(),
        _ => None,
    }
}

/// The names of what a set operation gives: all that it can be ordered by.
fn named_only(output: &Output) -> Scope {
    Scope { aliases: output.columns.iter().flatten().cloned().collect(), ..Scope::default() }
}

/// Whether a join merges columns, which then come first.
fn merges(from: &super::form::From) -> bool {
    use super::form::{From, JoinBy};
    match from {
        From::View { .. } | From::Cte { .. } | From::Derived { .. } => false,
        From::Join { left, right, by, .. } => matches!(by, JoinBy::Using(_)) || merges(left) || merges(right),
    }
}

/// The columns under the names that an alias gives them.
pub(super) fn renamed(mut output: Output, columns: &[Name]) -> Result<Output, Refusal> {
    if columns.len() > output.columns.len() {
        return Err(clause("more names than columns", "give as many names as there are columns"));
    }
    if !output.ordered && !columns.is_empty() {
        return Err(clause("naming the columns of SELECT * FROM … USING", "name the columns after SELECT"));
    }
    for (column, name) in output.columns.iter_mut().zip(columns) {
        *column = Some(name.clone());
    }
    Ok(output)
}

/// The name that Postgres gives a column without one, where it can be known.
fn natural_name(expr: &Expr) -> Option<Name> {
    match expr {
        Expr::Column { name, .. } => Some(name.clone()),
        Expr::Call(call) => Some(Name(call.name.to_owned())),
        Expr::Cast { expr, .. } => match &**expr {
            Expr::Column { name, .. } => Some(name.clone()),
            Expr::Call(call) => Some(Name(call.name.to_owned())),
            _ => None,
        },
        Expr::Extract { .. } => Some(Name("extract".to_owned())),
        _ => None,
    }
}

fn rows_of(select: &Select, scope: &Scope) -> Rows {
    let aggregated = |item: &Item| matches!(item, Item::Value { expr, .. } if super::relations::any_call(expr, &|call: &Call| functions::aggregates(call)));
    if select.from.is_empty() {
        Rows::One
    } else if !select.group_by.is_empty() {
        Rows::Few
    } else if select.having.is_some() || select.items.iter().any(aggregated) {
        Rows::One
    } else {
        scope.relations.iter().map(|relation| relation.output.rows).max().unwrap_or(Rows::One)
    }
}

fn limits(clause_: Option<&LimitClause>, fetch: Option<&Fetch>) -> Result<(Option<u64>, Option<u64>), Refusal> {
    let (mut limit, mut offset) = (None, None);
    match clause_ {
        None => {}
        Some(LimitClause::LimitOffset { limit: count, offset: skipped, limit_by }) if limit_by.is_empty() => {
            limit = count.as_ref().map(whole).transpose()?;
            offset = skipped.as_ref().map(|skipped| whole(&skipped.value)).transpose()?;
        }
        Some(LimitClause::LimitOffset { .. } | LimitClause::OffsetCommaLimit { .. }) => {
            return Err(clause("LIMIT in this form", "write LIMIT 10 OFFSET 20"));
        }
    }
    match fetch {
        None => {}
        Some(Fetch { with_ties: false, percent: false, quantity }) if limit.is_none() => {
            limit = Some(quantity.as_ref().map_or(Ok(1), whole)?);
        }
        Some(_) => return Err(clause("FETCH in this form", "write LIMIT 10")),
    }
    Ok((limit, offset))
}

fn whole(expr: &Parsed) -> Result<u64, Refusal> {
    let digits = match strip(expr) {
        Parsed::Value(value) => match &value.value {
            Value::Number(digits, false) => digits.parse().ok(),
            _ => None,
        },
        _ => None,
    };
    digits
        .filter(|count: &u64| *count <= 1_000_000_000)
        .ok_or_else(|| clause("LIMIT or OFFSET by an expression", "write LIMIT and a whole number"))
}

/// Where a name stands, for refusals.
pub(super) fn span_of(idents: &[&Ident]) -> Span {
    idents.first().map_or_else(Span::empty, |ident| ident.span)
}
