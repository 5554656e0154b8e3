//! Writes values out.

use super::super::form::{Args, Bound, Call, Expr, Frame, Is, Op, Over, Window};
use super::Pen;

impl Pen {
    /// An operand: in parentheses unless it is a single thing.
    pub(super) fn operand(&mut self, expr: &Expr) {
        if is_single(expr) {
            self.expr(expr);
        } else {
            self.in_parentheses(|pen| pen.expr(expr));
        }
    }

    pub(super) fn expr(&mut self, expr: &Expr) {
        match expr {
            Expr::Column { .. } | Expr::Null | Expr::Truth(_) | Expr::Number(_) | Expr::Text(_) => self.leaf(expr),
            Expr::Moment { .. } | Expr::Interval { .. } => self.leaf(expr),
            Expr::Logic { .. } | Expr::Not(_) | Expr::Sign { .. } | Expr::Binary { .. } => self.operation(expr),
            Expr::Is { .. } | Expr::Differs { .. } | Expr::InList { .. } | Expr::InQuery { .. } => self.test(expr),
            Expr::Between { .. } | Expr::Like { .. } | Expr::Quantified { .. } | Expr::Exists { .. } => self.test(expr),
            Expr::Case { of, when, otherwise } => self.case(of.as_deref(), when, otherwise.as_deref()),
            Expr::Cast { .. } | Expr::Extract { .. } | Expr::AtTimeZone { .. } => self.special(expr),
            Expr::Substring { .. } | Expr::Trim { .. } | Expr::Position { .. } => self.special(expr),
            Expr::Call(call) => self.call(call),
            Expr::Row(values) => self.in_parentheses(|pen| pen.list(values, Self::expr)),
            Expr::Scalar(query) => self.in_parentheses(|pen| pen.query(query)),
        }
    }

    fn leaf(&mut self, expr: &Expr) {
        match expr {
            Expr::Column { of, name, .. } => {
                if let Some(of) = of {
                    self.name(of);
                    self.put(".");
                }
                self.name(name);
            }
            Expr::Truth(truth) => self.put(if *truth { "TRUE" } else { "FALSE" }),
            Expr::Number(digits) => self.put(digits),
            Expr::Text(text) => self.text(text),
            Expr::Moment { kind, text } => {
                self.put(kind);
                self.put(" ");
                self.text(text);
            }
            Expr::Interval { text, unit } => {
                self.put("INTERVAL ");
                self.text(text);
                if let Some(unit) = unit {
                    self.put(" ");
                    self.put(unit);
                }
            }
            _ => self.put("NULL"),
        }
    }

    fn operation(&mut self, expr: &Expr) {
        match expr {
            Expr::Logic { all, parts } => {
                for (index, part) in parts.iter().enumerate() {
                    if index > 0 {
                        self.put(if *all { " AND " } else { " OR " });
                    }
                    self.operand(part);
                }
            }
            Expr::Not(inner) => {
                self.put("NOT ");
                self.operand(inner);
            }
            Expr::Sign { minus, expr } => {
                self.put(if *minus { "-" } else { "+" });
                self.operand(expr);
            }
            Expr::Binary { op, left, right } => {
                if matches!(&**left, Expr::Binary { op: inner, .. } if inner == op && !op.compares()) {
                    self.expr(left);
                } else {
                    self.operand(left);
                }
                self.sign(*op);
                self.operand(right);
            }
            _ => {}
        }
    }

    fn sign(&mut self, op: Op) {
        self.put(" ");
        self.put(op.sign());
        self.put(" ");
    }

    fn test(&mut self, expr: &Expr) {
        let not = |negated: bool| if negated { " NOT" } else { "" };
        match expr {
            Expr::Is { expr, negated, what } => {
                self.operand(expr);
                self.put(if *negated { " IS NOT " } else { " IS " });
                self.put(match what {
                    Is::Null => "NULL",
                    Is::True => "TRUE",
                    Is::False => "FALSE",
                    Is::Unknown => "UNKNOWN",
                });
            }
            Expr::Differs { left, right, negated } => {
                self.operand(left);
                self.put(if *negated { " IS NOT DISTINCT FROM " } else { " IS DISTINCT FROM " });
                self.operand(right);
            }
            Expr::InList { expr, negated, list } => {
                self.operand(expr);
                self.put(not(*negated));
                self.put(" IN ");
                self.in_parentheses(|pen| pen.list(list, Self::expr));
            }
            Expr::InQuery { expr, negated, query } => {
                self.operand(expr);
                self.put(not(*negated));
                self.put(" IN ");
                self.in_parentheses(|pen| pen.query(query));
            }
            Expr::Between { expr, negated, low, high } => {
                self.operand(expr);
                self.put(not(*negated));
                self.put(" BETWEEN ");
                self.operand(low);
                self.put(" AND ");
                self.operand(high);
            }
            Expr::Like { expr, negated, any_case, pattern, escape } => {
                self.operand(expr);
                self.put(not(*negated));
                self.put(if *any_case { " ILIKE " } else { " LIKE " });
                self.operand(pattern);
                if let Some(escape) = escape {
                    self.put(" ESCAPE ");
                    self.text(escape);
                }
            }
            Expr::Quantified { left, op, all, query } => {
                self.operand(left);
                self.sign(*op);
                self.put(if *all { "ALL " } else { "ANY " });
                self.in_parentheses(|pen| pen.query(query));
            }
            Expr::Exists { negated, query } => {
                self.put(if *negated { "NOT EXISTS " } else { "EXISTS " });
                self.in_parentheses(|pen| pen.query(query));
            }
            _ => {}
        }
    }

    fn case(&mut self, of: Option<&Expr>, when: &[(Expr, Expr)], otherwise: Option<&Expr>) {
        self.put("CASE");
        if let Some(of) = of {
            self.put(" ");
            self.operand(of);
        }
        for (condition, value) in when {
            self.put(" WHEN ");
            self.expr(condition);
            self.put(" THEN ");
            self.expr(value);
        }
        self.condition(" ELSE ", otherwise);
        self.put(" END");
    }

    fn special(&mut self, expr: &Expr) {
        match expr {
            Expr::Cast { expr, to } => {
                self.put("CAST(");
                self.expr(expr);
                self.put(" AS ");
                self.put(to);
            }
            Expr::Extract { field, from } => {
                self.put("EXTRACT(");
                self.put(field);
                self.condition(" FROM ", Some(from));
            }
            Expr::AtTimeZone { expr, zone } => {
                self.put("(");
                self.operand(expr);
                self.put(" AT TIME ZONE ");
                self.text(zone);
            }
            Expr::Substring { expr, from, length } => {
                self.put("SUBSTRING(");
                self.operand(expr);
                self.clause(" FROM ", from.as_deref());
                self.clause(" FOR ", length.as_deref());
            }
            Expr::Trim { side, what, from } => {
                self.put("TRIM(");
                if let Some(side) = side {
                    self.put(side);
                    self.put(" ");
                }
                if let Some(what) = what {
                    self.operand(what);
                    self.put(" ");
                }
                if side.is_some() || what.is_some() {
                    self.put("FROM ");
                }
                self.operand(from);
            }
            Expr::Position { what, within } => {
                self.put("POSITION(");
                self.operand(what);
                self.put(" IN ");
                self.operand(within);
            }
            _ => self.put("("),
        }
        self.put(")");
    }

    fn clause(&mut self, word: &str, expr: Option<&Expr>) {
        if let Some(expr) = expr {
            self.put(word);
            self.operand(expr);
        }
    }

    fn call(&mut self, call: &Call) {
        self.put(call.name);
        match &call.args {
            Args::Bare => return,
            Args::Star => self.put("(*)"),
            Args::List { distinct, values, order_by } => self.in_parentheses(|pen| {
                pen.put(if *distinct { "DISTINCT " } else { "" });
                pen.list(values, Self::expr);
                pen.order_by(" ORDER BY ", order_by);
            }),
        }
        if !call.within.is_empty() {
            self.put(" WITHIN GROUP ");
            self.in_parentheses(|pen| pen.order_by("ORDER BY ", &call.within));
        }
        if let Some(filter) = &call.filter {
            self.put(" FILTER ");
            self.in_parentheses(|pen| pen.condition("WHERE ", Some(filter)));
        }
        match &call.over {
            None => {}
            Some(Over::Named(name)) => {
                self.put(" OVER ");
                self.name(name);
            }
            Some(Over::Window(window)) => {
                self.put(" OVER ");
                self.window(window);
            }
        }
    }

    pub(super) fn window(&mut self, window: &Window) {
        self.in_parentheses(|pen| {
            let start = pen.0.len();
            if let Some(base) = &window.base {
                pen.name(base);
            }
            if !window.partition_by.is_empty() {
                pen.space_after(start);
                pen.put("PARTITION BY ");
                pen.list(&window.partition_by, Self::expr);
            }
            if !window.order_by.is_empty() {
                pen.space_after(start);
                pen.order_by("ORDER BY ", &window.order_by);
            }
            if let Some(frame) = &window.frame {
                pen.space_after(start);
                pen.frame(frame);
            }
        });
    }

    fn space_after(&mut self, start: usize) {
        if self.0.len() > start {
            self.put(" ");
        }
    }

    fn frame(&mut self, frame: &Frame) {
        self.put(frame.unit);
        match &frame.end {
            None => {
                self.put(" ");
                self.bound(&frame.start);
            }
            Some(end) => {
                self.put(" BETWEEN ");
                self.bound(&frame.start);
                self.put(" AND ");
                self.bound(end);
            }
        }
    }

    fn bound(&mut self, bound: &Bound) {
        let (distance, word) = match bound {
            Bound::Current => return self.put("CURRENT ROW"),
            Bound::Preceding(distance) => (distance, " PRECEDING"),
            Bound::Following(distance) => (distance, " FOLLOWING"),
        };
        match distance {
            None => self.put("UNBOUNDED"),
            Some(distance) => self.operand(distance),
        }
        self.put(word);
    }
}

/// Whether nothing beside it can take a part of it away.
fn is_single(expr: &Expr) -> bool {
    match expr {
        Expr::Column { .. } | Expr::Null | Expr::Truth(_) | Expr::Number(_) | Expr::Text(_) | Expr::Moment { .. } => true,
        Expr::Call(call) => call.over.is_none() && call.filter.is_none() && call.within.is_empty(),
        Expr::Case { .. } | Expr::Cast { .. } | Expr::Extract { .. } | Expr::AtTimeZone { .. } => true,
        Expr::Substring { .. } | Expr::Trim { .. } | Expr::Position { .. } => true,
        Expr::Row(_) | Expr::Scalar(_) => true,
        Expr::Interval { unit, .. } => unit.is_none(),
        Expr::Logic { .. } | Expr::Not(_) | Expr::Sign { .. } | Expr::Binary { .. } | Expr::Is { .. } | Expr::Differs { .. } => false,
        Expr::InList { .. } | Expr::InQuery { .. } | Expr::Between { .. } | Expr::Like { .. } => false,
        Expr::Quantified { .. } | Expr::Exists { .. } => false,
    }
}
