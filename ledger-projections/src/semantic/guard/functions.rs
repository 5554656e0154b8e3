//! Functions that may be called, and in which forms. What is not in the list does not exist here.
//!
//! Not in it on purpose: whatever makes long texts out of short ones (`repeat`, `lpad`, `format`), makes rows
//! (`generate_series`), reads or changes the session or the server (`set_config`, `current_setting`, `pg_*`), runs SQL
//! that it is given (`query_to_xml`, `ts_stat`), or matches by expressions that take forever (`regexp_*`).

use sqlparser::ast::{
    DuplicateTreatment, Expr as Parsed, Function, FunctionArg, FunctionArgExpr, FunctionArgumentClause, FunctionArgumentList,
    FunctionArguments, OrderByExpr, OrderByOptions, OrderBySort, WindowFrame, WindowFrameBound, WindowFrameUnits, WindowSpec, WindowType,
};
use sqlparser::tokenizer::Span;

use super::form::{Args, Bound, Call, Expr, Frame, Op, Order, Over, Window};
use super::names;
use super::nearest::nearest;
use super::refusal::{Code, Refusal};
use super::statement::Reader;

/// In which form a function is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Of values.
    Scalar,
    /// Without parentheses.
    Bare,
    /// Of all rows of a group; also over a window.
    Aggregate,
    /// `WITHIN GROUP (ORDER BY …)`.
    Ordered,
    /// Over a window only.
    Window,
}

/// A function: its name, form, and how many values it takes.
struct Known(&'static str, Kind, usize, usize);

const MANY: usize = 20;

/// Sorted by form, then as one looks for them.
const KNOWN: [Known; 75] = [
    Known("count", Kind::Aggregate, 1, 1),
    Known("sum", Kind::Aggregate, 1, 1),
    Known("avg", Kind::Aggregate, 1, 1),
    Known("min", Kind::Aggregate, 1, 1),
    Known("max", Kind::Aggregate, 1, 1),
    Known("bool_and", Kind::Aggregate, 1, 1),
    Known("bool_or", Kind::Aggregate, 1, 1),
    Known("every", Kind::Aggregate, 1, 1),
    Known("string_agg", Kind::Aggregate, 2, 2),
    Known("stddev", Kind::Aggregate, 1, 1),
    Known("stddev_pop", Kind::Aggregate, 1, 1),
    Known("stddev_samp", Kind::Aggregate, 1, 1),
    Known("variance", Kind::Aggregate, 1, 1),
    Known("var_pop", Kind::Aggregate, 1, 1),
    Known("var_samp", Kind::Aggregate, 1, 1),
    Known("corr", Kind::Aggregate, 2, 2),
    Known("percentile_cont", Kind::Ordered, 1, 1),
    Known("percentile_disc", Kind::Ordered, 1, 1),
    Known("mode", Kind::Ordered, 0, 0),
    Known("row_number", Kind::Window, 0, 0),
    Known("rank", Kind::Window, 0, 0),
    Known("dense_rank", Kind::Window, 0, 0),
    Known("percent_rank", Kind::Window, 0, 0),
    Known("cume_dist", Kind::Window, 0, 0),
    Known("ntile", Kind::Window, 1, 1),
    Known("lag", Kind::Window, 1, 3),
    Known("lead", Kind::Window, 1, 3),
    Known("first_value", Kind::Window, 1, 1),
    Known("last_value", Kind::Window, 1, 1),
    Known("nth_value", Kind::Window, 2, 2),
    Known("current_date", Kind::Bare, 0, 0),
    Known("current_timestamp", Kind::Bare, 0, 0),
    Known("localtimestamp", Kind::Bare, 0, 0),
    Known("now", Kind::Scalar, 0, 0),
    Known("age", Kind::Scalar, 1, 2),
    Known("date_part", Kind::Scalar, 2, 2),
    Known("date_trunc", Kind::Scalar, 2, 3),
    Known("make_date", Kind::Scalar, 3, 3),
    Known("to_char", Kind::Scalar, 2, 2),
    Known("to_date", Kind::Scalar, 2, 2),
    Known("justify_days", Kind::Scalar, 1, 1),
    Known("coalesce", Kind::Scalar, 1, MANY),
    Known("nullif", Kind::Scalar, 2, 2),
    Known("greatest", Kind::Scalar, 1, MANY),
    Known("least", Kind::Scalar, 1, MANY),
    Known("grouping", Kind::Scalar, 1, MANY),
    Known("abs", Kind::Scalar, 1, 1),
    Known("ceil", Kind::Scalar, 1, 1),
    Known("ceiling", Kind::Scalar, 1, 1),
    Known("floor", Kind::Scalar, 1, 1),
    Known("round", Kind::Scalar, 1, 2),
    Known("trunc", Kind::Scalar, 1, 2),
    Known("sign", Kind::Scalar, 1, 1),
    Known("mod", Kind::Scalar, 2, 2),
    Known("div", Kind::Scalar, 2, 2),
    Known("power", Kind::Scalar, 2, 2),
    Known("sqrt", Kind::Scalar, 1, 1),
    Known("ln", Kind::Scalar, 1, 1),
    Known("width_bucket", Kind::Scalar, 4, 4),
    Known("lower", Kind::Scalar, 1, 1),
    Known("upper", Kind::Scalar, 1, 1),
    Known("initcap", Kind::Scalar, 1, 1),
    Known("length", Kind::Scalar, 1, 1),
    Known("char_length", Kind::Scalar, 1, 1),
    Known("left", Kind::Scalar, 2, 2),
    Known("right", Kind::Scalar, 2, 2),
    Known("substr", Kind::Scalar, 2, 3),
    Known("btrim", Kind::Scalar, 1, 2),
    Known("ltrim", Kind::Scalar, 1, 2),
    Known("rtrim", Kind::Scalar, 1, 2),
    Known("strpos", Kind::Scalar, 2, 2),
    Known("split_part", Kind::Scalar, 3, 3),
    Known("replace", Kind::Scalar, 3, 3),
    Known("concat", Kind::Scalar, 1, MANY),
    Known("concat_ws", Kind::Scalar, 2, MANY),
];

/// How much longer `string_agg` may make a text, in joinings of two texts.
const JOININGS_OF_STRING_AGG: usize = 4;

/// The names of all functions.
pub(super) fn known() -> impl Iterator<Item = &'static str> {
    KNOWN.iter().map(|known| known.0)
}

/// Whether the call makes one value of many rows.
pub(super) fn aggregates(call: &Call) -> bool {
    call.over.is_none() && KNOWN.iter().any(|known| known.0 == call.name && matches!(known.1, Kind::Aggregate | Kind::Ordered))
}

fn refuse(name: &str, reason: &str, hint: &str) -> Refusal {
    Refusal::new(Code::Function, format!("{name} {reason}"), hint)
}

fn lookup(function: &Function) -> Result<(&'static Known, Span), Refusal> {
    let parts = names::parts(&function.name)?;
    let (Some(ident), 1) = (parts.first(), parts.len()) else {
        let hint = "call a function by its plain name";
        return Err(Refusal::new(Code::Function, "a function's name has a schema", hint)
            .at(parts.first().map_or_else(Span::empty, |part| part.span)));
    };
    if ident.quote_style.is_some() {
        return Err(Refusal::new(Code::Function, "a function's name stands in quotes", "call a function by its plain name").at(ident.span));
    }
    let name = names::name(ident)?;
    let found = KNOWN.iter().find(|known| known.0 == name.as_str());
    let known = found.ok_or_else(|| {
        let hint = match nearest(name.as_str(), known()) {
            Some(near) => format!("did you mean {near}?"),
            None => format!("these may be called: {}", known().collect::<Vec<_>>().join(", ")),
        };
        refuse(name.as_str(), "is not a function that may be called", &hint).at(ident.span)
    })?;
    Ok((known, ident.span))
}

impl Reader<'_> {
    pub(super) fn function(&mut self, function: &Function) -> Result<Expr, Refusal> {
        let (known, span) = lookup(function)?;
        self.call(known, function).map_err(|refusal| refusal.at(span))
    }

    fn call(&mut self, known: &Known, function: &Function) -> Result<Expr, Refusal> {
        let Function { name: _, uses_odbc_syntax, parameters, args, filter, null_treatment, over, within_group } = function;
        if *uses_odbc_syntax || *parameters != FunctionArguments::None || null_treatment.is_some() {
            return Err(refuse(known.0, "is called in a form that is not allowed", "call it as name(values)"));
        }
        fits(known, args, filter.is_some(), over.is_some(), within_group.len())?;
        let args = self.arguments(known, args)?;
        self.within_bounds(known, &args)?;
        let within = within_group.iter().map(|order| self.order(order)).collect::<Result<_, _>>()?;
        let filter = filter.as_deref().map(|filter| self.expr(filter)).transpose()?;
        let over = over.as_ref().map(|over| self.over(over)).transpose()?;
        Ok(Expr::Call(Box::new(Call { name: known.0, args, within, filter, over })))
    }

    fn arguments(&mut self, known: &Known, args: &FunctionArguments) -> Result<Args, Refusal> {
        let list = match args {
            FunctionArguments::None if known.1 == Kind::Bare => return Ok(Args::Bare),
            FunctionArguments::List(list) if known.1 != Kind::Bare => list,
            FunctionArguments::None | FunctionArguments::List(_) | FunctionArguments::Subquery(_) => {
                return Err(refuse(
                    known.0,
                    "is called in a form that is not allowed",
                    "call it as name(values); current_date and its kind without parentheses",
                ));
            }
        };
        let FunctionArgumentList { duplicate_treatment, args, clauses } = list;
        if matches!(args.as_slice(), [FunctionArg::Unnamed(FunctionArgExpr::Wildcard)]) {
            if known.0 == "count" && duplicate_treatment.is_none() && clauses.is_empty() {
                return Ok(Args::Star);
            }
            return Err(refuse(known.0, "takes a value, not *", "only count(*) takes all columns"));
        }
        let values: Vec<Expr> = args.iter().map(|arg| self.argument(known, arg)).collect::<Result<_, _>>()?;
        let distinct = matches!(duplicate_treatment, Some(DuplicateTreatment::Distinct));
        let order_by = self.argument_order(known, clauses)?;
        if (distinct || !order_by.is_empty()) && known.1 != Kind::Aggregate {
            return Err(refuse(known.0, "takes no DISTINCT and no ORDER BY", "use them with aggregates only"));
        }
        if !(known.2..=known.3).contains(&values.len()) {
            let takes = if known.2 == known.3 { known.2.to_string() } else { format!("{} to {}", known.2, known.3) };
            return Err(refuse(known.0, &format!("takes {takes} values, not {}", values.len()), "give it what it takes"));
        }
        Ok(Args::List { distinct, values, order_by })
    }

    fn argument(&mut self, known: &Known, arg: &FunctionArg) -> Result<Expr, Refusal> {
        match arg {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => self.expr(expr),
            FunctionArg::Unnamed(_) | FunctionArg::Named { .. } | FunctionArg::ExprNamed { .. } => {
                Err(refuse(known.0, "takes plain values", "give it columns and values, without names and without *"))
            }
        }
    }

    fn argument_order(&mut self, known: &Known, clauses: &[FunctionArgumentClause]) -> Result<Vec<Order>, Refusal> {
        match clauses {
            [] => Ok(Vec::new()),
            [FunctionArgumentClause::OrderBy(orders)] => orders.iter().map(|order| self.order(order)).collect(),
            _ => Err(refuse(known.0, "is called in a form that is not allowed", "only ORDER BY may follow the values")),
        }
    }

    /// Keeps what functions make within bounds that are known before anything runs.
    fn within_bounds(&mut self, known: &Known, args: &Args) -> Result<(), Refusal> {
        let Args::List { values, .. } = args else { return Ok(()) };
        match (known.0, values.as_slice()) {
            ("concat" | "concat_ws", values) => self.joined(values.len().saturating_sub(1)),
            ("string_agg", [_, Expr::Text(separator)]) if separator.len() <= 10 => self.joined(JOININGS_OF_STRING_AGG),
            ("string_agg", _) => Err(refuse(known.0, "takes a short text to put between", "write string_agg(column, ', ')")),
            ("replace", [_, Expr::Text(from), Expr::Text(to)]) if to.len() <= from.len() => Ok(()),
            ("replace", _) => {
                Err(refuse(known.0, "may not make a text longer", "replace a text by one that is not longer, both in quotes"))
            }
            ("power", [_, exponent]) if is_small_number(exponent) => self.raised(),
            ("power", _) => Err(refuse(known.0, "takes a small number as exponent", "write power(value, 2) or power(value, 1.0 / 12)")),
            _ => Ok(()),
        }
    }

    fn over(&mut self, over: &WindowType) -> Result<Over, Refusal> {
        match over {
            WindowType::NamedWindow(ident) => Ok(Over::Named(names::name(ident)?)),
            WindowType::WindowSpec(spec) => Ok(Over::Window(Box::new(self.window(spec)?))),
        }
    }

    pub(super) fn window(&mut self, spec: &WindowSpec) -> Result<Window, Refusal> {
        let WindowSpec { window_name, partition_by, order_by, window_frame } = spec;
        Ok(Window {
            base: window_name.as_ref().map(names::name).transpose()?,
            partition_by: self.exprs(partition_by)?,
            order_by: order_by.iter().map(|order| self.order(order)).collect::<Result<_, _>>()?,
            frame: window_frame.as_ref().map(|frame| self.frame(frame)).transpose()?,
        })
    }

    fn frame(&mut self, frame: &WindowFrame) -> Result<Frame, Refusal> {
        let WindowFrame { units, start_bound, end_bound } = frame;
        let unit = match units {
            WindowFrameUnits::Rows => "ROWS",
            WindowFrameUnits::Range => "RANGE",
            WindowFrameUnits::Groups => "GROUPS",
        };
        Ok(Frame { unit, start: self.bound(start_bound)?, end: end_bound.as_ref().map(|bound| self.bound(bound)).transpose()? })
    }

    fn bound(&mut self, bound: &WindowFrameBound) -> Result<Bound, Refusal> {
        let mut distance = |expr: &Option<Box<Parsed>>| {
            let Some(expr) = expr else { return Ok(None) };
            match self.expr(expr)? {
                expr @ (Expr::Number(_) | Expr::Interval { .. }) => Ok(Some(expr)),
                _ => Err(Refusal::new(
                    Code::Clause,
                    "a window reaches by a number of rows or an interval",
                    "write ROWS BETWEEN 2 PRECEDING AND CURRENT ROW",
                )),
            }
        };
        Ok(match bound {
            WindowFrameBound::CurrentRow => Bound::Current,
            WindowFrameBound::Preceding(expr) => Bound::Preceding(distance(expr)?),
            WindowFrameBound::Following(expr) => Bound::Following(distance(expr)?),
        })
    }

    pub(super) fn order(&mut self, order: &OrderByExpr) -> Result<Order, Refusal> {
        let expr = self.expr(&order.expr)?;
        ordered(expr, order)
    }
}

/// An order by what was read of it.
pub(super) fn ordered(expr: Expr, order: &OrderByExpr) -> Result<Order, Refusal> {
    let OrderByExpr { expr: _, options, with_fill } = order;
    if with_fill.is_some() {
        return Err(Refusal::new(Code::Clause, "WITH FILL is not allowed", "order by columns, ASC or DESC"));
    }
    let OrderByOptions { sort, nulls_first } = options;
    let descending = match sort {
        None => None,
        Some(OrderBySort::Asc) => Some(false),
        Some(OrderBySort::Desc) => Some(true),
        Some(OrderBySort::Using(_)) => {
            return Err(Refusal::new(Code::Operator, "ORDER BY USING is not allowed", "order by columns, ASC or DESC"));
        }
    };
    Ok(Order { expr, descending, nulls_first: *nulls_first })
}

fn fits(known: &Known, args: &FunctionArguments, filter: bool, over: bool, within: usize) -> Result<(), Refusal> {
    let star = matches!(args, FunctionArguments::List(list) if !list.clauses.is_empty());
    match known.1 {
        Kind::Scalar | Kind::Bare if filter || over || within > 0 || star => {
            Err(refuse(known.0, "takes no FILTER, OVER or WITHIN GROUP", "use them with aggregates only"))
        }
        Kind::Window if !over || filter || within > 0 => {
            Err(refuse(known.0, "needs OVER (…)", "write row_number() OVER (PARTITION BY … ORDER BY …)"))
        }
        Kind::Ordered if within != 1 || over => {
            Err(refuse(known.0, "needs WITHIN GROUP (ORDER BY …)", "write percentile_cont(0.5) WITHIN GROUP (ORDER BY column)"))
        }
        Kind::Aggregate if within > 0 => Err(refuse(known.0, "takes no WITHIN GROUP", "leave it out")),
        Kind::Scalar | Kind::Bare | Kind::Window | Kind::Ordered | Kind::Aggregate => Ok(()),
    }
}

/// Numbers of up to three characters, one sign, one division of two: `2`, `-1`, `0.5`, `1.0 / 12`.
fn is_small_number(expr: &Expr) -> bool {
    match expr {
        Expr::Number(digits) => digits.len() <= 3,
        Expr::Sign { expr, .. } => matches!(&**expr, Expr::Number(digits) if digits.len() <= 3),
        Expr::Binary { op: Op::Divide, left, right } => {
            matches!((&**left, &**right), (Expr::Number(a), Expr::Number(b)) if a.len() <= 3 && b.len() <= 3)
        }
        _ => false,
    }
}
