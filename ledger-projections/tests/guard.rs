//! The guard, both ways: what must be refused is, with words that help; what people ask is allowed; and no change of a text
//! makes anything out of it that is not on the lists.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use ledger_projections::semantic::guard::{Catalog, Code, canonical};
use proptest::prelude::*;

static CATALOG: LazyLock<Catalog> = LazyLock::new(Catalog::contract);

/// The blocks of a file of statements, without those that are comments only.
fn blocks(name: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/semantic").join(name);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut blocks = vec![String::new()];
    for line in text.lines() {
        if line.trim() == ";;" {
            blocks.push(String::new());
        } else {
            let block = blocks.last_mut().unwrap();
            block.push_str(line);
            block.push('\n');
        }
    }
    let says = |block: &String| block.lines().any(|line| !line.trim().is_empty() && !line.starts_with("--"));
    blocks.retain(says);
    blocks
}

#[track_caller]
fn all_refused(name: &str, at_least: usize) {
    let blocks = blocks(name);
    assert!(blocks.len() >= at_least, "only {} statements in {name}", blocks.len());
    let mut allowed = Vec::new();
    for block in &blocks {
        match canonical(block, &CATALOG) {
            Ok(text) => allowed.push(format!("{}\n  as: {text}", block.trim())),
            Err(refusal) => {
                assert!(!refusal.reason.is_empty() && !refusal.hint.is_empty(), "{block}: {refusal:?}");
                assert_ne!(refusal.code, Code::Unstable, "{block}: {refusal:?}");
            }
        }
    }
    assert!(allowed.is_empty(), "{} were allowed:\n{}", allowed.len(), allowed.join("\n"));
}

#[track_caller]
fn all_allowed(name: &str, at_least: usize) {
    let blocks = blocks(name);
    assert!(blocks.len() >= at_least, "only {} questions in {name}", blocks.len());
    let refused: Vec<String> = blocks
        .iter()
        .filter_map(|block| canonical(block, &CATALOG).err().map(|refusal| format!("{}\n  {refusal}; {}", block.trim(), refusal.hint)))
        .collect();
    assert!(refused.is_empty(), "{} were refused:\n{}", refused.len(), refused.join("\n"));
}

#[test]
fn what_attacks_is_refused() {
    all_refused("refused.sql", 400);
}

#[test]
fn what_was_tried_on_a_database_is_refused() {
    all_refused("hostile.sql", 150);
}

#[test]
fn what_people_ask_is_allowed() {
    all_allowed("allowed.sql", 80);
    all_allowed("legitimate.sql", 100);
}

#[test]
fn characters_that_are_not_seen_are_refused() {
    for (sql, code) in [
        ("SELECT\u{200b} 1", Code::BadCharacter),
        ("SELECT '\u{202e}abc'", Code::BadCharacter),
        ("SELECT 'a\u{7}'", Code::BadCharacter),
        ("SELECT 'a\0'", Code::BadCharacter),
        ("SELECT \"memo\u{200d}\" FROM v_gl_fact", Code::BadCharacter),
        ("SELECT 1 -- \u{2066}", Code::BadCharacter),
        ("SELECT '\u{e0041}'", Code::BadCharacter),
        ("SELECT \u{ff4d}emo FROM v_gl_fact", Code::Name),
        ("SELECT memo FROM v_gl_f\u{430}ct", Code::Name),
    ] {
        assert_eq!(canonical(sql, &CATALOG).unwrap_err().code, code, "{sql:?}");
    }
    // Blanks of other kinds part words as plain ones do, and are not in what is run.
    for sql in ["SELECT\u{a0}1", "SELECT\u{3000}1", "SELECT\t1", "SELECT\r\n1", " SELECT 1 -- Ünï\n"] {
        if let Ok(text) = canonical(sql, &CATALOG) {
            assert_eq!(text, "SELECT 1", "{sql:?}");
        }
    }
    assert_eq!(canonical("SELECT 'Größe €'", &CATALOG).unwrap(), "SELECT 'Größe €'");
}

#[test]
fn refusals_help() {
    for (sql, code, hint) in [
        ("SELECT amount FROM v_ar_open", Code::UnknownColumn, "original_base, open_base"),
        ("SELECT acount_code FROM v_gl_fact", Code::UnknownColumn, "did you mean account_code?"),
        ("SELECT g.acount_code FROM v_gl_fact g", Code::UnknownColumn, "did you mean account_code?"),
        ("SELECT days_overdue FROM v_gl_fact", Code::UnknownColumn, "v_ap_open, v_ar_open have it"),
        ("SELECT sum(net_base) AS net FROM v_gl_fact WHERE net > 0", Code::UnknownColumn, "names a column of the answer"),
        ("SELECT 1 FROM v_glfact", Code::UnknownView, "did you mean v_gl_fact?"),
        ("SELECT 1 FROM invoices", Code::UnknownView, "ask one of v_account"),
        ("SELECT f.memo FROM v_gl_fact g", Code::UnknownRelation, "in reach here: g"),
        ("SELECT g FROM v_gl_fact g", Code::WholeRow, "g.column"),
        ("SELECT memo FROM v_gl_fact WHERE account_code = \"1000\"", Code::UnknownColumn, "single quotes"),
        ("SELECT couont(*) FROM v_account", Code::Function, "did you mean count?"),
        ("SELECT * FROM generate_series(1, 5)", Code::TableFunction, "v_calendar"),
        ("SELECT account_code = ANY(ARRAY['1']) FROM v_account", Code::Subscript, "IN (…)"),
        ("DELETE FROM v_gl_fact", Code::NotAQuery, "nothing can be changed"),
        ("SELECT 1; SELECT 2", Code::NotOneStatement, "one SELECT"),
        ("", Code::Empty, "SELECT"),
        ("-- nothing", Code::Empty, "SELECT"),
    ] {
        let refusal = canonical(sql, &CATALOG).unwrap_err();
        assert_eq!(refusal.code, code, "{sql}: {refusal:?}");
        assert!(refusal.hint.contains(hint), "{sql}: {refusal:?}");
    }
    let refusal = canonical("SELECT account_code,\n       memoo\nFROM v_gl_fact", &CATALOG).unwrap_err();
    assert_eq!(refusal.place.map(|place| (place.line, place.column)), Some((2, 8)), "{refusal:?}");
}

#[test]
fn what_is_long_or_deep_is_refused_on_a_small_stack() {
    let parts = [
        ("SELECT ", "1+"),
        ("SELECT ", "("),
        ("SELECT ", "NOT "),
        ("SELECT ", "- "),
        ("SELECT ", "CASE WHEN 1 THEN "),
        ("SELECT 1", " IS NULL"),
        ("SELECT 1", " ISNULL"),
        ("SELECT 1", "::int"),
        ("SELECT 1", " UNION SELECT 1"),
        ("", "("),
        ("SELECT * FROM v_account a", " JOIN v_account b ON true"),
        ("SELECT * FROM ", "("),
        ("SELECT ", "abs("),
        ("SELECT ", "(SELECT "),
        ("SELECT 1 IN ", "("),
        ("SELECT a", ".b"),
        ("WITH a AS (SELECT 1)", ", a AS (SELECT 1)"),
        ("SELECT 1", " AND 1 OR 1"),
        ("SELECT 1", " BETWEEN 1 AND 1"),
        ("SELECT 1", " AT TIME ZONE 'UTC'"),
        ("SELECT 1", "||'a'"),
        ("SELECT 1 ", "COLLATE \"C\" "),
        ("SELECT ", "EXISTS(SELECT "),
        ("", "SELECT * FROM ("),
        ("SELECT 1", " LIKE 'x'"),
        ("", "/*"),
        ("SELECT '", "''"),
        ("SELECT ", "INTERVAL "),
        ("", "WITH a AS ("),
        ("SELECT ", "CAST("),
        ("SELECT 1 FROM v_account", ", v_account a"),
    ];
    for (first, part) in parts {
        for times in [20_000 / part.len(), 2_400, 800, 300, 45] {
            let sql: String = format!("{first}{}1", part.repeat(times));
            let small = std::thread::Builder::new().stack_size(1 << 20);
            let outcome = small.spawn(move || canonical(&sql, &CATALOG).map(|text| text.len())).unwrap().join();
            assert!(outcome.unwrap().is_err() || times < 800, "{times} times {part:?} after {first:?}");
        }
    }
}

/// Words and signs of a statement.
fn pieces(sql: &str) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    let mut letters = sql.chars().peekable();
    while let Some(letter) = letters.next() {
        let mut piece = String::from(letter);
        if letter == '\'' || letter == '"' {
            for next in letters.by_ref() {
                piece.push(next);
                if next == letter {
                    break;
                }
            }
        } else if letter.is_alphanumeric() || letter == '_' {
            while let Some(next) = letters.next_if(|next| next.is_alphanumeric() || *next == '_') {
                piece.push(next);
            }
        } else if "<>=!|:".contains(letter) {
            while let Some(next) = letters.next_if(|next| "<>=|:".contains(*next)) {
                piece.push(next);
            }
        }
        if !piece.trim().is_empty() {
            pieces.push(piece);
        }
    }
    pieces
}

static STATEMENTS: LazyLock<Vec<Vec<String>>> =
    LazyLock::new(|| ["allowed.sql", "refused.sql"].iter().flat_map(|name| blocks(name)).map(|block| pieces(&block)).collect());
static PIECES: LazyLock<Vec<String>> =
    LazyLock::new(|| STATEMENTS.iter().flatten().cloned().collect::<BTreeSet<_>>().into_iter().collect());

/// One change of a statement: where, what kind, and with which piece.
type Change = (usize, u8, usize);

fn changed(statement: usize, changes: &[Change]) -> String {
    let mut words = STATEMENTS[statement % STATEMENTS.len()].clone();
    for (place, kind, with) in changes {
        let place = place % words.len().max(1);
        let piece = PIECES[with % PIECES.len()].clone();
        match kind % 5 {
            0 if !words.is_empty() => drop(words.remove(place)),
            1 if !words.is_empty() => words[place] = piece,
            2 if !words.is_empty() => words.insert(place, words[place].clone()),
            3 if !words.is_empty() => {
                let other = with % words.len();
                words.swap(place, other);
            }
            _ => words.insert(place, piece),
        }
    }
    words.join(" ")
}

/// What may stand before a parenthesis in a text that is run.
const BEFORE_PARENTHESES: &str = "\
    count sum avg min max bool_and bool_or every string_agg stddev stddev_pop stddev_samp variance var_pop var_samp corr percentile_cont \
    percentile_disc mode row_number rank dense_rank percent_rank cume_dist ntile lag lead first_value last_value nth_value now age \
    date_part date_trunc make_date to_char to_date justify_days coalesce nullif greatest least grouping abs ceil ceiling floor round trunc \
    sign mod div power sqrt ln width_bucket lower upper initcap length char_length left right substr btrim ltrim rtrim strpos split_part \
    replace concat concat_ws cast extract substring trim position numeric varchar in any all exists over filter group rollup cube sets values \
    as and or not select where on using union except intersect from join when then else case by having materialized between like ilike \
    distinct is limit offset of for both leading trailing semantic";

/// A second opinion on a text that is run, which knows nothing of how the guard reads it.
fn harmless(text: &str) -> Result<(), String> {
    let words = pieces(text);
    for (index, word) in words.iter().enumerate() {
        let next = words.get(index + 1).map_or("", String::as_str);
        let quoted = word.starts_with(['\'', '"']);
        if !quoted && word.chars().any(|letter| ";$[]{}@#~^&?\\!:`".contains(letter) || letter.is_control()) {
            return Err(format!("{word} stands in it"));
        }
        if (word == "-" && next == "-") || (word == "/" && next == "*") || word == "|" {
            return Err(format!("{word}{next} stands in it"));
        }
        let name = !quoted && word.starts_with(|first: char| first.is_alphabetic() || first == '_');
        let columns_of_alias =
            index > 0 && ["AS", "WITH", ","].contains(&words[index - 1].as_str()) || words[..index].iter().any(|before| before == "AS");
        if name && next == "(" && !columns_of_alias && !BEFORE_PARENTHESES.split(' ').any(|known| known.eq_ignore_ascii_case(word)) {
            return Err(format!("{word}(…) is called"));
        }
        if word == ")" && next == "." {
            return Err("a field of an expression is taken".to_owned());
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_change_makes_anything_of_a_text_that_is_not_allowed(
        statement in any::<usize>(),
        changes in prop::collection::vec(any::<Change>(), 0..5),
    ) {
        let sql = changed(statement, &changes);
        if let Ok(text) = canonical(&sql, &CATALOG) {
            prop_assert_eq!(canonical(&text, &CATALOG), Ok(text.clone()), "{}", sql);
            if let Err(harm) = harmless(&text) {
                prop_assert!(false, "{}: {}\n  from {}", harm, text, sql);
            }
        }
    }
}
