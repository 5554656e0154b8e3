//! What a question can be: a tree of our own, into which what the parser found is translated piece by piece.
//!
//! What has no form here cannot be asked, however it was written, and what the parser may learn to read some day has
//! none either. Only this tree is written out ([`super::render`]), so nothing reaches the database that nobody looked at.

/// A name as Postgres knows it: lower case, unless it was quoted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Name(pub(super) String);

impl Name {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Query {
    pub(super) with: Vec<Cte>,
    pub(super) body: Body,
    pub(super) order_by: Vec<Order>,
    pub(super) limit: Option<u64>,
    pub(super) offset: Option<u64>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Cte {
    pub(super) name: Name,
    pub(super) columns: Vec<Name>,
    pub(super) materialized: Option<bool>,
    pub(super) query: Query,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Body {
    Select(Box<Select>),
    Values(Vec<Vec<Expr>>),
    Set {
        op: SetOp,
        all: bool,
        left: Box<Body>,
        right: Box<Body>,
    },
    /// In parentheses, with an order or a limit of its own.
    Nested(Box<Query>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SetOp {
    Union,
    Except,
    Intersect,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Select {
    pub(super) distinct: Option<Vec<Expr>>,
    pub(super) items: Vec<Item>,
    pub(super) from: Vec<From>,
    pub(super) filter: Option<Expr>,
    pub(super) group_by: Vec<Grouping>,
    pub(super) having: Option<Expr>,
    pub(super) windows: Vec<(Name, Window)>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Item {
    All,
    AllOf(Name),
    Value { expr: Expr, alias: Option<Name> },
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum From {
    View { name: Name, alias: Option<Name>, columns: Vec<Name> },
    Cte { name: Name, alias: Option<Name>, columns: Vec<Name> },
    Derived { query: Box<Query>, alias: Name, columns: Vec<Name> },
    Join { left: Box<From>, right: Box<From>, kind: JoinKind, by: JoinBy },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum JoinKind {
    Inner,
    Left,
    Right,
    Full,
    Cross,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum JoinBy {
    Nothing,
    On(Expr),
    Using(Vec<Name>),
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Grouping {
    Plain(Expr),
    Rollup(Vec<Vec<Expr>>),
    Cube(Vec<Vec<Expr>>),
    Sets(Vec<Vec<Expr>>),
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Order {
    pub(super) expr: Expr,
    pub(super) descending: Option<bool>,
    pub(super) nulls_first: Option<bool>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expr {
    /// A column, or a name of the answer. `home` is the relation's number in the same FROM, if it is of that.
    Column {
        of: Option<Name>,
        name: Name,
        home: Option<usize>,
    },
    Null,
    Truth(bool),
    Number(String),
    Text(String),
    /// `DATE '…'` and its kind.
    Moment {
        kind: &'static str,
        text: String,
    },
    Interval {
        text: String,
        unit: Option<&'static str>,
    },
    /// All of them or any of them: two or more.
    Logic {
        all: bool,
        parts: Vec<Expr>,
    },
    Not(Box<Expr>),
    Sign {
        minus: bool,
        expr: Box<Expr>,
    },
    Binary {
        op: Op,
        left: Box<Expr>,
        right: Box<Expr>,
    },
    Is {
        expr: Box<Expr>,
        negated: bool,
        what: Is,
    },
    Differs {
        left: Box<Expr>,
        right: Box<Expr>,
        negated: bool,
    },
    InList {
        expr: Box<Expr>,
        negated: bool,
        list: Vec<Expr>,
    },
    InQuery {
        expr: Box<Expr>,
        negated: bool,
        query: Box<Query>,
    },
    Between {
        expr: Box<Expr>,
        negated: bool,
        low: Box<Expr>,
        high: Box<Expr>,
    },
    Like {
        expr: Box<Expr>,
        negated: bool,
        any_case: bool,
        pattern: Box<Expr>,
        escape: Option<String>,
    },
    /// `= ANY (SELECT …)`.
    Quantified {
        left: Box<Expr>,
        op: Op,
        all: bool,
        query: Box<Query>,
    },
    Case {
        of: Option<Box<Expr>>,
        when: Vec<(Expr, Expr)>,
        otherwise: Option<Box<Expr>>,
    },
    Cast {
        expr: Box<Expr>,
        to: String,
    },
    Extract {
        field: &'static str,
        from: Box<Expr>,
    },
    AtTimeZone {
        expr: Box<Expr>,
        zone: String,
    },
    Substring {
        expr: Box<Expr>,
        from: Option<Box<Expr>>,
        length: Option<Box<Expr>>,
    },
    Trim {
        side: Option<&'static str>,
        what: Option<Box<Expr>>,
        from: Box<Expr>,
    },
    Position {
        what: Box<Expr>,
        within: Box<Expr>,
    },
    Call(Box<Call>),
    /// Several values side by side, to be compared with others.
    Row(Vec<Expr>),
    Exists {
        negated: bool,
        query: Box<Query>,
    },
    Scalar(Box<Query>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Is {
    Null,
    True,
    False,
    Unknown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Op {
    Plus,
    Minus,
    Times,
    Divide,
    Modulo,
    Concat,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Op {
    pub(super) const fn sign(self) -> &'static str {
        match self {
            Self::Plus => "+",
            Self::Minus => "-",
            Self::Times => "*",
            Self::Divide => "/",
            Self::Modulo => "%",
            Self::Concat => "||",
            Self::Equal => "=",
            Self::NotEqual => "<>",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }

    pub(super) const fn compares(self) -> bool {
        matches!(self, Self::Equal | Self::NotEqual | Self::Less | Self::LessOrEqual | Self::Greater | Self::GreaterOrEqual)
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Call {
    pub(super) name: &'static str,
    pub(super) args: Args,
    pub(super) within: Vec<Order>,
    pub(super) filter: Option<Expr>,
    pub(super) over: Option<Over>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Args {
    /// `current_date`: no parentheses at all.
    Bare,
    Star,
    List {
        distinct: bool,
        values: Vec<Expr>,
        order_by: Vec<Order>,
    },
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Over {
    Named(Name),
    Window(Box<Window>),
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Window {
    pub(super) base: Option<Name>,
    pub(super) partition_by: Vec<Expr>,
    pub(super) order_by: Vec<Order>,
    pub(super) frame: Option<Frame>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Frame {
    pub(super) unit: &'static str,
    pub(super) start: Bound,
    pub(super) end: Option<Bound>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Bound {
    Current,
    Preceding(Option<Expr>),
    Following(Option<Expr>),
}
