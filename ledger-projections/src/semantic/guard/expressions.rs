//! Values: every kind of expression that a question may hold. A kind that is not named here is refused.

use sqlparser::ast::{
    BinaryOperator, CaseWhen, CastKind, CeilFloorKind, DateTimeField, Expr as Parsed, ExtractSyntax, Ident, Query as ParsedQuery,
    TrimWhereField, UnaryOperator, Value, ValueWithSpan,
};
use sqlparser::tokenizer::Span;

use super::form::{Args, Call, Expr, Is, Name, Op};
use super::names;
use super::refusal::{Code, Refusal};
use super::statement::{Reader, span_of};
use super::types;

impl Reader<'_> {
    pub(super) fn exprs(&mut self, exprs: &[Parsed]) -> Result<Vec<Expr>, Refusal> {
        exprs.iter().map(|expr| self.expr(expr)).collect()
    }

    fn boxed(&mut self, expr: &Parsed) -> Result<Box<Expr>, Refusal> {
        self.expr(expr).map(Box::new)
    }

    fn boxed_maybe(&mut self, expr: Option<&Parsed>) -> Result<Option<Box<Expr>>, Refusal> {
        expr.map(|expr| self.boxed(expr)).transpose()
    }

    /// Reads a value.
    pub(super) fn expr(&mut self, expr: &Parsed) -> Result<Expr, Refusal> {
        self.enter()?;
        let read = self.expr_here(expr);
        self.leave();
        read
    }

    fn expr_here(&mut self, expr: &Parsed) -> Result<Expr, Refusal> {
        match expr {
            Parsed::Identifier(ident) => self.column(None, ident),
            Parsed::CompoundIdentifier(parts) => self.compound(parts),
            Parsed::Value(value) => literal(value),
            Parsed::TypedString(literal) => types::typed(literal),
            Parsed::Interval(interval) => types::interval(interval).map_err(|refusal| refusal.at(place_of(expr))),
            Parsed::Nested(inner) => self.expr(inner),
            Parsed::BinaryOp { left, op, right } => self.binary(left, op, right).map_err(|refusal| refusal.at(place_of(expr))),
            Parsed::UnaryOp { op, expr: inner } => self.unary(*op, inner),
            Parsed::Function(function) => self.function(function),
            Parsed::Case { operand, conditions, else_result, case_token: _, end_token: _ } => {
                self.case(operand.as_deref(), conditions, else_result.as_deref())
            }
            Parsed::Cast { .. } | Parsed::Extract { .. } | Parsed::AtTimeZone { .. } => {
                self.converted(expr).map_err(|refusal| refusal.at(place_of(expr)))
            }
            Parsed::Ceil { .. } | Parsed::Floor { .. } => self.rounded(expr),
            Parsed::Position { .. } | Parsed::Substring { .. } | Parsed::Trim { .. } => self.text_part(expr),
            Parsed::Exists { subquery, negated } => Ok(Expr::Exists { negated: *negated, query: self.boxed_query(subquery)? }),
            Parsed::Subquery(subquery) => Ok(Expr::Scalar(self.boxed_query(subquery)?)),
            Parsed::IsNull(_) | Parsed::IsNotNull(_) | Parsed::IsTrue(_) | Parsed::IsNotTrue(_) | Parsed::IsFalse(_) => self.is(expr),
            Parsed::IsNotFalse(_) | Parsed::IsUnknown(_) | Parsed::IsNotUnknown(_) => self.is(expr),
            Parsed::IsDistinctFrom(left, right) => self.differs(left, right, false),
            Parsed::IsNotDistinctFrom(left, right) => self.differs(left, right, true),
            Parsed::InList { .. } | Parsed::InSubquery { .. } | Parsed::Between { .. } => self.within(expr),
            Parsed::Like { .. } | Parsed::ILike { .. } => self.like(expr),
            Parsed::AnyOp { left, compare_op, right, is_some: _ } => self.quantified(left, compare_op, right, false),
            Parsed::AllOp { left, compare_op, right } => self.quantified(left, compare_op, right, true),
            refused => Err(refusal_of(refused).at(place_of(refused))),
        }
    }

    fn column(&mut self, of: Option<&Ident>, ident: &Ident) -> Result<Expr, Refusal> {
        let of = of.map(names::name).transpose()?;
        let name = names::name(ident)?;
        let home = self.names.column(of.as_ref(), &name, ident.span)?;
        Ok(Expr::Column { of, name, home })
    }

    fn compound(&mut self, parts: &[Ident]) -> Result<Expr, Refusal> {
        match parts {
            [of, name] => self.column(Some(of), name),
            _ => {
                let reason = "a column is named with more than its relation";
                let refusal = Refusal::new(Code::FieldAccess, reason, "write alias.column, without the schema");
                Err(parts.first().map_or_else(|| refusal.clone(), |part| refusal.clone().at(part.span)))
            }
        }
    }

    fn boxed_query(&mut self, query: &ParsedQuery) -> Result<Box<super::form::Query>, Refusal> {
        Ok(Box::new(self.query(query)?.0))
    }

    fn binary(&mut self, left: &Parsed, op: &BinaryOperator, right: &Parsed) -> Result<Expr, Refusal> {
        match op {
            BinaryOperator::And => self.logic(true, left, right),
            BinaryOperator::Or => self.logic(false, left, right),
            _ => {
                let op = operator(op)?;
                if op == Op::Concat {
                    self.joined(1)?;
                }
                let (left, right) =
                    if op.compares() { (self.comparable(left)?, self.comparable(right)?) } else { (self.expr(left)?, self.expr(right)?) };
                Ok(Expr::Binary { op, left: Box::new(left), right: Box::new(right) })
            }
        }
    }

    /// A chain of AND or of OR, which the parser nests to the left, side by side.
    fn logic(&mut self, all: bool, left: &Parsed, right: &Parsed) -> Result<Expr, Refusal> {
        let mut backwards = vec![right];
        let mut rest = left;
        while let Parsed::BinaryOp { left, op, right } = rest {
            if !matches!((op, all), (BinaryOperator::And, true) | (BinaryOperator::Or, false)) {
                break;
            }
            backwards.push(right);
            rest = left;
        }
        backwards.push(rest);
        let mut parts = Vec::with_capacity(backwards.len());
        for part in backwards.into_iter().rev() {
            match self.expr(part)? {
                Expr::Logic { all: inner, parts: more } if inner == all => parts.extend(more),
                part => parts.push(part),
            }
        }
        Ok(Expr::Logic { all, parts })
    }

    /// A value, or several side by side where they are compared.
    fn comparable(&mut self, expr: &Parsed) -> Result<Expr, Refusal> {
        match expr {
            Parsed::Tuple(values) if values.len() > 1 => Ok(Expr::Row(self.exprs(values)?)),
            _ => self.expr(expr),
        }
    }

    fn unary(&mut self, op: UnaryOperator, inner: &Parsed) -> Result<Expr, Refusal> {
        let expr = self.boxed(inner)?;
        match op {
            UnaryOperator::Not => Ok(match *expr {
                Expr::Exists { negated, query } => Expr::Exists { negated: !negated, query },
                _ => Expr::Not(expr),
            }),
            UnaryOperator::Minus => Ok(Expr::Sign { minus: true, expr }),
            UnaryOperator::Plus => Ok(Expr::Sign { minus: false, expr }),
            other => Err(refused_operator(&other.to_string())),
        }
    }

    fn case(&mut self, operand: Option<&Parsed>, conditions: &[CaseWhen], otherwise: Option<&Parsed>) -> Result<Expr, Refusal> {
        let of = self.boxed_maybe(operand)?;
        let mut when = Vec::with_capacity(conditions.len());
        for CaseWhen { condition, result } in conditions {
            when.push((self.expr(condition)?, self.expr(result)?));
        }
        Ok(Expr::Case { of, when, otherwise: self.boxed_maybe(otherwise)? })
    }

    fn converted(&mut self, expr: &Parsed) -> Result<Expr, Refusal> {
        match expr {
            Parsed::Cast { kind: CastKind::Cast | CastKind::DoubleColon, expr, data_type, format: None } => {
                let (to, expr) = (types::cast_type(data_type)?, self.boxed(expr)?);
                if to != "text" && !to.starts_with("varchar") && super::relations::any_column(&expr, &is_free_text) {
                    return Err(Refusal::new(
                        Code::Type,
                        "a free text cannot be cast to a number or a date",
                        "compare texts with texts; amounts and dates have columns of their own",
                    ));
                }
                Ok(Expr::Cast { to, expr })
            }
            Parsed::Extract { field, syntax: ExtractSyntax::From, expr } => {
                Ok(Expr::Extract { field: types::extract_field(field)?, from: self.boxed(expr)? })
            }
            Parsed::AtTimeZone { timestamp, time_zone } => {
                let zone = match self.expr(time_zone)? {
                    Expr::Text(zone) if zone.bytes().all(|letter| letter.is_ascii_alphanumeric() || b"_/+-:".contains(&letter)) => zone,
                    _ => {
                        return Err(Refusal::new(
                            Code::Expression,
                            "a time zone is given by its name",
                            "write AT TIME ZONE 'Europe/Vienna'",
                        ));
                    }
                };
                Ok(Expr::AtTimeZone { expr: self.boxed(timestamp)?, zone })
            }
            _ => Err(Refusal::new(Code::Type, "a conversion in a form that is not allowed", "write CAST(value AS type)")),
        }
    }

    fn rounded(&mut self, expr: &Parsed) -> Result<Expr, Refusal> {
        let (name, inner) = match expr {
            Parsed::Ceil { expr, field: CeilFloorKind::DateTimeField(DateTimeField::NoDateTime) } => ("ceil", expr),
            Parsed::Floor { expr, field: CeilFloorKind::DateTimeField(DateTimeField::NoDateTime) } => ("floor", expr),
            _ => return Err(Refusal::new(Code::Function, "ceil and floor take one value", "write floor(value)").at(place_of(expr))),
        };
        let args = Args::List { distinct: false, values: vec![self.expr(inner)?], order_by: Vec::new() };
        Ok(Expr::Call(Box::new(Call { name, args, within: Vec::new(), filter: None, over: None })))
    }

    fn text_part(&mut self, expr: &Parsed) -> Result<Expr, Refusal> {
        match expr {
            Parsed::Position { expr, r#in } => Ok(Expr::Position { what: self.boxed(expr)?, within: self.boxed(r#in)? }),
            Parsed::Substring { expr: of, substring_from, substring_for, special: _, shorthand: _ } => {
                let from = self.boxed_maybe(substring_from.as_deref())?;
                let length = self.boxed_maybe(substring_for.as_deref())?;
                if from.as_deref().is_some_and(|from| !counts(from)) || length.as_deref().is_some_and(|length| !counts(length)) {
                    let hint = "write SUBSTRING(text FROM 1 FOR 3); patterns are matched with LIKE";
                    return Err(Refusal::new(Code::Function, "SUBSTRING takes positions, not patterns", hint).at(place_of(expr)));
                }
                Ok(Expr::Substring { expr: self.boxed(of)?, from, length })
            }
            Parsed::Trim { trim_where, trim_what, expr, trim_characters: None } => {
                let side = trim_where.as_ref().map(|side| match side {
                    TrimWhereField::Both => "BOTH",
                    TrimWhereField::Leading => "LEADING",
                    TrimWhereField::Trailing => "TRAILING",
                });
                Ok(Expr::Trim { side, what: self.boxed_maybe(trim_what.as_deref())?, from: self.boxed(expr)? })
            }
            _ => {
                Err(Refusal::new(Code::Function, "TRIM in a form that is not allowed", "write btrim(text, 'characters')")
                    .at(place_of(expr)))
            }
        }
    }

    fn is(&mut self, expr: &Parsed) -> Result<Expr, Refusal> {
        let (inner, negated, what) = match expr {
            Parsed::IsNull(inner) => (inner, false, Is::Null),
            Parsed::IsNotNull(inner) => (inner, true, Is::Null),
            Parsed::IsTrue(inner) => (inner, false, Is::True),
            Parsed::IsNotTrue(inner) => (inner, true, Is::True),
            Parsed::IsFalse(inner) => (inner, false, Is::False),
            Parsed::IsNotFalse(inner) => (inner, true, Is::False),
            Parsed::IsUnknown(inner) => (inner, false, Is::Unknown),
            Parsed::IsNotUnknown(inner) => (inner, true, Is::Unknown),
            other => return Err(refusal_of(other)),
        };
        Ok(Expr::Is { expr: self.boxed(inner)?, negated, what })
    }

    fn differs(&mut self, left: &Parsed, right: &Parsed, negated: bool) -> Result<Expr, Refusal> {
        Ok(Expr::Differs { left: self.boxed(left)?, right: self.boxed(right)?, negated })
    }

    fn within(&mut self, expr: &Parsed) -> Result<Expr, Refusal> {
        match expr {
            Parsed::InList { expr, list, negated } => {
                let expr = Box::new(self.comparable(expr)?);
                let list = list.iter().map(|each| self.comparable(each)).collect::<Result<_, _>>()?;
                Ok(Expr::InList { expr, negated: *negated, list })
            }
            Parsed::InSubquery { expr, subquery, negated } => {
                let expr = Box::new(self.comparable(expr)?);
                Ok(Expr::InQuery { expr, negated: *negated, query: self.boxed_query(subquery)? })
            }
            Parsed::Between { expr, negated, low, high } => {
                Ok(Expr::Between { expr: self.boxed(expr)?, negated: *negated, low: self.boxed(low)?, high: self.boxed(high)? })
            }
            other => Err(refusal_of(other)),
        }
    }

    fn like(&mut self, expr: &Parsed) -> Result<Expr, Refusal> {
        let (negated, subject, pattern, escape, any_case) = match expr {
            Parsed::Like { negated, any: false, expr, pattern, escape_char } => (negated, expr, pattern, escape_char, false),
            Parsed::ILike { negated, any: false, expr, pattern, escape_char } => (negated, expr, pattern, escape_char, true),
            other => {
                return Err(Refusal::new(Code::Expression, "LIKE in a form that is not allowed", "write column LIKE 'pattern%'")
                    .at(place_of(other)));
            }
        };
        let escape = escape.as_deref().map(escape_of).transpose()?;
        Ok(Expr::Like { expr: self.boxed(subject)?, negated: *negated, any_case, pattern: self.boxed(pattern)?, escape })
    }

    fn quantified(&mut self, left: &Parsed, op: &BinaryOperator, right: &Parsed, all: bool) -> Result<Expr, Refusal> {
        let Parsed::Subquery(query) = right else {
            return Err(Refusal::new(Code::Expression, "ANY and ALL take a SELECT", "write column IN ('a', 'b') for a list of values")
                .at(place_of(right)));
        };
        let op = operator(op)?;
        if !op.compares() {
            return Err(refused_operator(op.sign()).at(place_of(left)));
        }
        Ok(Expr::Quantified { left: self.boxed(left)?, op, all, query: self.boxed_query(query)? })
    }
}

/// Where an expression begins, as far as that is found without going deep: chains can be long.
fn place_of(mut expr: &Parsed) -> Span {
    loop {
        expr = match expr {
            Parsed::Identifier(ident) => return ident.span,
            Parsed::CompoundIdentifier(parts) => return parts.first().map_or_else(Span::empty, |part| part.span),
            Parsed::Value(value) => return value.span,
            Parsed::TypedString(literal) => return literal.value.span,
            Parsed::Case { case_token, .. } => return case_token.0.span,
            Parsed::Function(function) => return names::parts(&function.name).map_or_else(|_| Span::empty(), |parts| span_of(&parts)),
            Parsed::BinaryOp { left: inner, .. } | Parsed::AnyOp { left: inner, .. } | Parsed::AllOp { left: inner, .. } => inner,
            Parsed::Nested(inner) | Parsed::Cast { expr: inner, .. } | Parsed::Collate { expr: inner, .. } => inner,
            Parsed::CompoundFieldAccess { root: inner, .. } | Parsed::JsonAccess { value: inner, .. } => inner,
            Parsed::Like { expr: inner, .. } | Parsed::ILike { expr: inner, .. } | Parsed::SimilarTo { expr: inner, .. } => inner,
            Parsed::Position { expr: inner, .. } | Parsed::Substring { expr: inner, .. } | Parsed::Trim { expr: inner, .. } => inner,
            Parsed::Ceil { expr: inner, .. } | Parsed::Floor { expr: inner, .. } | Parsed::Extract { expr: inner, .. } => inner,
            Parsed::Interval(interval) => &interval.value,
            Parsed::Tuple(parts) => match parts.first() {
                Some(first) => first,
                None => return Span::empty(),
            },
            _ => return Span::empty(),
        };
    }
}

fn literal(value: &ValueWithSpan) -> Result<Expr, Refusal> {
    match &value.value {
        Value::Null => Ok(Expr::Null),
        Value::Boolean(truth) => Ok(Expr::Truth(*truth)),
        Value::Number(digits, false) => Ok(Expr::Number(digits.clone())),
        Value::SingleQuotedString(text) => Ok(Expr::Text(text.clone())),
        Value::Placeholder(_) => {
            Err(Refusal::new(Code::Placeholder, "parameters are not filled in here", "write the value itself").at(value.span))
        }
        _ => Err(Refusal::new(
            Code::Literal,
            "a value in a notation that is not allowed",
            "write 'text' in plain single quotes, numbers as 1250.75",
        )
        .at(value.span)),
    }
}

fn escape_of(escape: &Parsed) -> Result<String, Refusal> {
    let refused = || Refusal::new(Code::Literal, "ESCAPE takes one character", "write ESCAPE '!'").at(place_of(escape));
    let Parsed::Value(value) = escape else { return Err(refused()) };
    match &value.value {
        Value::SingleQuotedString(text) if text.chars().count() == 1 => Ok(text.clone()),
        _ => Err(refused()),
    }
}

fn operator(op: &BinaryOperator) -> Result<Op, Refusal> {
    Ok(match op {
        BinaryOperator::Plus => Op::Plus,
        BinaryOperator::Minus => Op::Minus,
        BinaryOperator::Multiply => Op::Times,
        BinaryOperator::Divide => Op::Divide,
        BinaryOperator::Modulo => Op::Modulo,
        BinaryOperator::StringConcat => Op::Concat,
        BinaryOperator::Eq => Op::Equal,
        BinaryOperator::NotEq => Op::NotEqual,
        BinaryOperator::Lt => Op::Less,
        BinaryOperator::LtEq => Op::LessOrEqual,
        BinaryOperator::Gt => Op::Greater,
        BinaryOperator::GtEq => Op::GreaterOrEqual,
        other => return Err(refused_operator(&other.to_string())),
    })
}

fn refused_operator(sign: &str) -> Refusal {
    let sign: String = sign.chars().take(40).collect();
    Refusal::new(Code::Operator, format!("the operator {sign} is not allowed"), "use + - * / % || = <> < <= > >=, LIKE, IN, BETWEEN and IS")
}

/// Whether a value is a count, whatever the columns are: of numbers, lengths and positions only.
fn counts(expr: &Expr) -> bool {
    match expr {
        Expr::Number(_) | Expr::Position { .. } => true,
        Expr::Sign { expr, .. } => counts(expr),
        Expr::Binary { op: Op::Plus | Op::Minus | Op::Times, left, right } => counts(left) && counts(right),
        Expr::Call(call) => ["length", "char_length", "strpos"].contains(&call.name),
        _ => false,
    }
}

/// Columns of whatever somebody once wrote: a cast would fail on a row, and say so.
fn is_free_text(column: &Name) -> bool {
    column.as_str() == "memo" || column.as_str().ends_with("_name")
}

/// Why an expression of a kind that has no form here is refused.
fn refusal_of(expr: &Parsed) -> Refusal {
    let (code, reason, hint) = match expr {
        Parsed::CompoundFieldAccess { .. } => (Code::FieldAccess, "fields of an expression are not allowed", "write alias.column"),
        Parsed::JsonAccess { .. } => (Code::Operator, "paths into a value are not allowed", "use the columns of the view"),
        Parsed::Array(_) => (Code::Subscript, "arrays are not allowed", "use IN (…) for a list of values"),
        Parsed::Tuple(_) => (Code::WholeRow, "several values stand where one should", "compare them: (a, b) = (c, d), or (a, b) IN (…)"),
        Parsed::Wildcard(_) | Parsed::QualifiedWildcard(..) => {
            (Code::WholeRow, "* stands where a value should", "name the columns, or use count(*)")
        }
        Parsed::SimilarTo { .. } | Parsed::RLike { .. } => {
            (Code::Operator, "matching by regular expressions is not allowed", "use LIKE or ILIKE")
        }
        Parsed::Collate { .. } => (Code::Clause, "COLLATE is not allowed", "leave it out"),
        _ => (
            Code::Expression,
            "an expression of a kind that is not allowed",
            "use columns, values, arithmetic, comparisons, CASE and the listed functions",
        ),
    };
    Refusal::new(code, reason, hint)
}
