//! Any text as a question: what the guard lets through it lets through again as it wrote it, and Postgres's own parser reads
//! nothing in it that is not on the guard's lists.
//!
//! Postgres's parser is compiled in with `--features postgres`, which needs libclang; without it, only the guard is asked.
//! A text that Postgres does not read at all is harmless: it is refused there.
#![no_main]

use std::sync::LazyLock;

use ledger_projections::semantic::guard::{Catalog, canonical};
use libfuzzer_sys::fuzz_target;

static CATALOG: LazyLock<Catalog> = LazyLock::new(Catalog::contract);

/// Statements to start from, as words.
static STATEMENTS: LazyLock<Vec<Vec<&'static str>>> = LazyLock::new(|| {
    let allowed = include_str!("../../ledger-projections/tests/semantic/allowed.sql");
    let refused = include_str!("../../ledger-projections/tests/semantic/refused.sql");
    [allowed, refused].into_iter().flat_map(|file| file.split("\n;;\n")).map(words).collect()
});

static WORDS: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let mut words: Vec<&str> = STATEMENTS.iter().flatten().copied().collect();
    words.sort_unstable();
    words.dedup();
    words
});

/// Words and signs, each where it ends.
fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = match first {
            '\'' | '"' => rest[1..].find(first).map_or(rest.len(), |at| at + 2),
            letter if letter.is_alphanumeric() || letter == '_' => {
                rest.find(|letter: char| !letter.is_alphanumeric() && letter != '_').unwrap_or(rest.len())
            }
            _ => first.len_utf8(),
        };
        let (word, after) = rest.split_at(end);
        if !word.trim().is_empty() {
            words.push(word);
        }
        rest = after;
    }
    words
}

/// A statement with changes that the bytes tell: three of them each.
fn changed(choice: usize, changes: &[u8]) -> String {
    let mut words = STATEMENTS[choice % STATEMENTS.len()].clone();
    for change in changes.chunks_exact(3) {
        let [place, kind, with] = [change[0], change[1], change[2]].map(usize::from);
        let word = WORDS[(with + 256 * (kind / 8)) % WORDS.len()];
        let place = place % words.len().max(1);
        match kind % 8 {
            0 if !words.is_empty() => drop(words.remove(place)),
            1 if !words.is_empty() => words[place] = word,
            2 if !words.is_empty() => words.insert(place, words[with % words.len()]),
            3 if !words.is_empty() => {
                let other = with % words.len();
                words.swap(place, other);
            }
            4 => {
                // A part of another statement.
                let other = &STATEMENTS[(with + 256 * (kind / 8)) % STATEMENTS.len()];
                words.splice(place..place, other.iter().copied());
            }
            5 => words.truncate(place),
            _ => words.insert(place, word),
        }
    }
    words.join(" ")
}

fn ask(sql: &str) {
    let Ok(text) = canonical(sql, &CATALOG) else { return };
    assert_eq!(canonical(&text, &CATALOG), Ok(text.clone()), "the text that is run is not allowed itself: {sql}");
    #[cfg(feature = "postgres")]
    agreement::check(&text, sql);
}

fuzz_target!(|bytes: &[u8]| {
    let Some((how, rest)) = bytes.split_first() else { return };
    if how % 4 == 0 {
        if let Ok(sql) = std::str::from_utf8(rest) {
            ask(sql);
        }
    } else if let [high, low, changes @ ..] = rest {
        ask(&changed(usize::from(*high) * 256 + usize::from(*low), changes));
    }
});

/// What Postgres reads in a text that the guard let through.
#[cfg(feature = "postgres")]
mod agreement {
    use serde_json::Value;

    /// Kinds of nodes that a question may have.
    const NODES: &str = "\
        SelectStmt ResTarget ColumnRef String AStar AConst AExpr BoolExpr FuncCall TypeCast RangeVar RangeSubselect JoinExpr SortBy \
        WindowDef SubLink CaseExpr CaseWhen CoalesceExpr MinMaxExpr NullTest BooleanTest GroupingSet GroupingFunc List CommonTableExpr \
        SqlvalueFunction RowExpr Integer Float Boolean";
    /// Functions by the names that Postgres gives them, those of special syntax under `pg_catalog`.
    const FUNCTIONS: &str = "\
        count sum avg min max bool_and bool_or every string_agg stddev stddev_pop stddev_samp variance var_pop var_samp corr percentile_cont \
        percentile_disc mode row_number rank dense_rank percent_rank cume_dist ntile lag lead first_value last_value nth_value now age \
        date_part date_trunc make_date to_char to_date justify_days abs ceil ceiling floor round trunc sign mod div power sqrt ln width_bucket \
        lower upper initcap length char_length left right substr btrim ltrim rtrim strpos split_part replace concat concat_ws extract \
        substring position timezone like_escape";
    const TYPES: &str = "text bool uuid date timestamp timestamptz int2 int4 int8 interval numeric varchar";
    const OPERATORS: &str = "+ - * / % || = <> < <= > >= ~~ !~~ ~~* !~~* BETWEEN NOT";
    /// SQLVALUEs: CURRENT_DATE, CURRENT_TIMESTAMP, LOCALTIMESTAMP.
    const VALUES: [i64; 3] = [1, 4, 8];

    fn known(list: &str, word: &str) -> bool {
        list.split_whitespace().any(|known| known == word)
    }

    /// Panics where Postgres reads something that is not on the lists.
    pub(super) fn check(text: &str, sql: &str) {
        let Ok(parsed) = pg_query::parse(text, pg_query::ParserOptions::default()) else { return };
        let tree = serde_json::to_value(&parsed.protobuf).unwrap_or_default();
        let statements = tree["stmts"].as_array().cloned().unwrap_or_default();
        assert_eq!(statements.len(), 1, "{text}\nfrom {sql}");
        if let Err(what) = look(&tree, &mut Vec::new()) {
            panic!("Postgres reads {what} in\n{text}\nfrom {sql}");
        }
    }

    /// Looks at every node: a node stands under its kind as the only key of an object below `node`.
    fn look(value: &Value, ctes: &mut Vec<String>) -> Result<(), String> {
        match value {
            Value::Array(values) => values.iter().try_for_each(|value| look(value, ctes)),
            Value::Object(fields) => {
                let known_ctes = ctes.len();
                for (name, field) in fields {
                    // WITH comes into reach of everything beside it.
                    if name == "with_clause" {
                        look(field, ctes)?;
                    }
                }
                for (name, field) in fields {
                    if name == "node" {
                        kind(field, ctes)?;
                    }
                    if ["locking_clause", "indirection", "into_clause", "recursive", "func_variadic"].contains(&name.as_str())
                        && !is_empty(field)
                    {
                        return Err(format!("{name}: {field}"));
                    }
                    if name != "with_clause" {
                        look(field, ctes)?;
                    }
                }
                if fields.contains_key("target_list") {
                    ctes.truncate(known_ctes);
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn is_empty(value: &Value) -> bool {
        match value {
            Value::Null | Value::Bool(false) => true,
            Value::Array(values) => values.is_empty(),
            _ => false,
        }
    }

    fn kind(node: &Value, ctes: &mut Vec<String>) -> Result<(), String> {
        let Some((kind, fields)) = node.as_object().and_then(|node| node.iter().next()) else { return Ok(()) };
        if kind == "node" {
            return Ok(()); // a field of this name, with a node in it
        }
        if !known(NODES, kind) {
            return Err(format!("a {kind}"));
        }
        let names = |field: &str| -> Vec<String> { strings(&fields[field]) };
        let found = match kind.as_str() {
            "FuncCall" => {
                let names = names("funcname");
                let plain = match names.as_slice() {
                    [name] => name,
                    [schema, name] if schema == "pg_catalog" => name,
                    _ => return Err(format!("the function {names:?}")),
                };
                known(FUNCTIONS, plain).then_some(()).ok_or(format!("the function {names:?}"))
            }
            "TypeCast" => {
                let names = strings(&fields["type_name"]["names"]);
                let is_array = !is_empty(&fields["type_name"]["array_bounds"]);
                let plain = names.last().is_some_and(|name| known(TYPES, name)) && names.len() <= 2;
                (plain && !is_array).then_some(()).ok_or(format!("the type {names:?}"))
            }
            "AExpr" => {
                let names = names("name");
                let plain = names.len() == 1 && names.iter().all(|name| name.split(' ').all(|word| known(OPERATORS, word) || word == "IN"));
                plain.then_some(()).ok_or(format!("the operator {names:?}"))
            }
            "SqlvalueFunction" => {
                VALUES.contains(&fields["op"].as_i64().unwrap_or_default()).then_some(()).ok_or(format!("the value {fields}"))
            }
            "ColumnRef" => {
                let count = fields["fields"].as_array().map_or(0, Vec::len);
                (1..=2).contains(&count).then_some(()).ok_or(format!("the column {fields}"))
            }
            "CommonTableExpr" => {
                ctes.push(fields["ctename"].as_str().unwrap_or_default().to_owned());
                Ok(())
            }
            "RangeVar" => {
                let (schema, name) = (fields["schemaname"].as_str().unwrap_or_default(), fields["relname"].as_str().unwrap_or_default());
                let is_view = schema == "semantic" && super::CATALOG.columns(name).is_some();
                let is_cte = schema.is_empty() && ctes.iter().any(|cte| cte == name);
                (is_view || is_cte).then_some(()).ok_or(format!("the relation {schema}.{name}"))
            }
            _ => Ok(()),
        };
        found
    }

    /// The texts of a list of names.
    fn strings(list: &Value) -> Vec<String> {
        let text = |name: &Value| name["node"]["String"]["sval"].as_str().unwrap_or("?").to_owned();
        list.as_array().map(|names| names.iter().map(text).collect()).unwrap_or_default()
    }
}
