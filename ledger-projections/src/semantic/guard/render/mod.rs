//! Writes a question out: the one text of it that is run. Every operand that is not a single thing stands in
//! parentheses, so that no rule of precedence, theirs or ours, decides what it means.

mod expressions;

use super::form::{Body, Cte, Expr, From, Grouping, Item, JoinBy, JoinKind, Name, Order, Query, Select, SetOp};

/// The text of a question, on one line.
pub(super) fn render(query: &Query) -> String {
    let mut pen = Pen(String::with_capacity(512));
    pen.query(query);
    pen.0
}

/// Words that stand for themselves only in quotes: the reserved ones of Postgres, and those that mean something where a
/// column or a function's name could stand.
const KEYWORDS: &str = "\
    all analyse analyze and any array as asc asymmetric at authorization begin between bigint binary bit boolean both by case \
    cast char character check coalesce collate collation column concurrently constraint create cross cube current \
    current_catalog current_date current_role current_schema current_time current_timestamp current_user dec decimal default \
    deferrable desc distinct do double else end escape except exclude exists extract false fetch filter first float following \
    for foreign freeze from full grant greatest group grouping groups having ilike in initially inner inout int integer \
    intersect interval into is isnull join last lateral leading least left like limit localtime localtimestamp materialized \
    national natural nchar none normalize not notnull null nullif nulls numeric offset on only or order out outer over \
    overlaps overlay partition placing position preceding precision primary qualify range real recursive references returning \
    right rollup row rows select session_user set setof sets similar smallint some substring symmetric table tablesample then \
    time timestamp to trailing treat trim true unbounded union unique user using values varchar variadic verbose when where \
    window with within xmltable";

fn is_plain(name: &str) -> bool {
    let mut letters = name.bytes();
    letters.next().is_some_and(|first| first.is_ascii_lowercase() || first == b'_')
        && letters.all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == b'_')
        && KEYWORDS.split(' ').all(|keyword| keyword != name)
}

struct Pen(String);

impl Pen {
    fn put(&mut self, text: &str) {
        self.0.push_str(text);
    }

    fn name(&mut self, name: &Name) {
        if is_plain(name.as_str()) {
            self.put(name.as_str());
        } else {
            self.quoted(name.as_str(), '"');
        }
    }

    fn text(&mut self, text: &str) {
        self.quoted(text, '\'');
    }

    fn quoted(&mut self, text: &str, quote: char) {
        self.0.push(quote);
        for letter in text.chars() {
            if letter == quote {
                self.0.push(quote);
            }
            self.0.push(letter);
        }
        self.0.push(quote);
    }

    fn list<T>(&mut self, items: &[T], mut each: impl FnMut(&mut Self, &T)) {
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                self.put(", ");
            }
            each(self, item);
        }
    }

    fn in_parentheses(&mut self, inner: impl FnOnce(&mut Self)) {
        self.put("(");
        inner(self);
        self.put(")");
    }

    fn query(&mut self, query: &Query) {
        if !query.with.is_empty() {
            self.put("WITH ");
            self.list(&query.with, Self::cte);
            self.put(" ");
        }
        self.body(&query.body);
        self.order_by(" ORDER BY ", &query.order_by);
        for (word, count) in [(" LIMIT ", query.limit), (" OFFSET ", query.offset)] {
            if let Some(count) = count {
                self.put(word);
                self.put(&count.to_string());
            }
        }
    }

    fn cte(&mut self, cte: &Cte) {
        self.name(&cte.name);
        self.columns(&cte.columns);
        self.put(match cte.materialized {
            None => " AS ",
            Some(true) => " AS MATERIALIZED ",
            Some(false) => " AS NOT MATERIALIZED ",
        });
        self.in_parentheses(|pen| pen.query(&cte.query));
    }

    fn columns(&mut self, columns: &[Name]) {
        if !columns.is_empty() {
            self.put(" ");
            self.in_parentheses(|pen| pen.list(columns, Self::name));
        }
    }

    fn body(&mut self, body: &Body) {
        match body {
            Body::Select(select) => self.select(select),
            Body::Values(rows) => {
                self.put("VALUES ");
                self.list(rows, |pen, row| pen.in_parentheses(|pen| pen.list(row, Self::expr)));
            }
            Body::Nested(query) => self.in_parentheses(|pen| pen.query(query)),
            Body::Set { op, all, left, right } => {
                self.branch(left);
                self.put(match op {
                    SetOp::Union => " UNION ",
                    SetOp::Except => " EXCEPT ",
                    SetOp::Intersect => " INTERSECT ",
                });
                if *all {
                    self.put("ALL ");
                }
                self.branch(right);
            }
        }
    }

    fn branch(&mut self, body: &Body) {
        match body {
            Body::Select(_) | Body::Values(_) | Body::Nested(_) => self.body(body),
            Body::Set { .. } => self.in_parentheses(|pen| pen.body(body)),
        }
    }

    fn select(&mut self, select: &Select) {
        self.put("SELECT ");
        if let Some(on) = &select.distinct {
            self.put("DISTINCT ");
            if !on.is_empty() {
                self.put("ON ");
                self.in_parentheses(|pen| pen.list(on, Self::expr));
                self.put(" ");
            }
        }
        self.list(&select.items, Self::item);
        if !select.from.is_empty() {
            self.put(" FROM ");
            self.list(&select.from, Self::from);
        }
        self.condition(" WHERE ", select.filter.as_ref());
        if !select.group_by.is_empty() {
            self.put(" GROUP BY ");
            self.list(&select.group_by, Self::grouping);
        }
        self.condition(" HAVING ", select.having.as_ref());
        if !select.windows.is_empty() {
            self.put(" WINDOW ");
            self.list(&select.windows, |pen, (name, window)| {
                pen.name(name);
                pen.put(" AS ");
                pen.window(window);
            });
        }
    }

    fn condition(&mut self, word: &str, condition: Option<&Expr>) {
        if let Some(condition) = condition {
            self.put(word);
            self.expr(condition);
        }
    }

    fn item(&mut self, item: &Item) {
        match item {
            Item::All => self.put("*"),
            Item::AllOf(name) => {
                self.name(name);
                self.put(".*");
            }
            Item::Value { expr, alias } => {
                self.expr(expr);
                self.alias(alias.as_ref());
            }
        }
    }

    fn alias(&mut self, alias: Option<&Name>) {
        if let Some(alias) = alias {
            self.put(" AS ");
            self.name(alias);
        }
    }

    fn from(&mut self, from: &From) {
        match from {
            From::View { name, alias, columns } => {
                self.put("semantic.");
                self.name(name);
                self.alias(alias.as_ref());
                self.columns(columns);
            }
            From::Cte { name, alias, columns } => {
                self.name(name);
                self.alias(alias.as_ref());
                self.columns(columns);
            }
            From::Derived { query, alias, columns } => {
                self.in_parentheses(|pen| pen.query(query));
                self.alias(Some(alias));
                self.columns(columns);
            }
            From::Join { left, right, kind, by } => self.join(left, right, *kind, by),
        }
    }

    fn join(&mut self, left: &From, right: &From, kind: JoinKind, by: &JoinBy) {
        self.from(left);
        self.put(match kind {
            JoinKind::Inner => " JOIN ",
            JoinKind::Left => " LEFT JOIN ",
            JoinKind::Right => " RIGHT JOIN ",
            JoinKind::Full => " FULL JOIN ",
            JoinKind::Cross => " CROSS JOIN ",
        });
        if matches!(right, From::Join { .. }) {
            self.in_parentheses(|pen| pen.from(right));
        } else {
            self.from(right);
        }
        match by {
            JoinBy::Nothing => {}
            JoinBy::On(condition) => self.condition(" ON ", Some(condition)),
            JoinBy::Using(columns) => {
                self.put(" USING");
                self.columns(columns);
            }
        }
    }

    fn grouping(&mut self, grouping: &Grouping) {
        let (word, sets) = match grouping {
            Grouping::Plain(expr) => return self.expr(expr),
            Grouping::Rollup(sets) => ("ROLLUP ", sets),
            Grouping::Cube(sets) => ("CUBE ", sets),
            Grouping::Sets(sets) => ("GROUPING SETS ", sets),
        };
        self.put(word);
        self.in_parentheses(|pen| pen.list(sets, |pen, set| pen.in_parentheses(|pen| pen.list(set, Self::expr))));
    }

    fn order_by(&mut self, word: &str, orders: &[Order]) {
        if !orders.is_empty() {
            self.put(word);
            self.list(orders, Self::order);
        }
    }

    fn order(&mut self, order: &Order) {
        self.expr(&order.expr);
        self.put(order.descending.map_or("", |descending| if descending { " DESC" } else { " ASC" }));
        self.put(order.nulls_first.map_or("", |first| if first { " NULLS FIRST" } else { " NULLS LAST" }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_are_sorted_and_quoted() {
        assert_eq!(KEYWORDS.split(' ').filter(|word| word.is_empty() || !is_plain(word)).count(), KEYWORDS.split(' ').count());
        for (name, plain) in [("memo", true), ("select", false), ("Memo", false), ("a b", false), ("1a", false), ("_x9", true), ("", false)]
        {
            assert_eq!(is_plain(name), plain, "{name}");
        }
    }
}
