//! The text of a question before it is parsed: how long, of which characters, of which words. What is refused here
//! never gets to the parser.

use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::tokenizer::{Location, Span, Token, TokenWithSpan, Tokenizer};

use super::refusal::{Code, Place, Refusal};

/// Bytes of a question at most.
pub const BYTES_MAX: usize = 20_000;
/// Words and signs of a question at most. It bounds how deep a chain of operators can get, which no limit on nesting does.
const TOKENS_MAX: usize = 2_500;
/// Bytes of one text at most: with how often texts may be put together, it bounds how long a cell can get.
const TEXT_MAX: usize = 256;
/// Digits of one number at most.
const DIGITS_MAX: usize = 40;

/// The words of a question, without blanks, comments and the semicolon at the end.
pub(super) fn words(sql: &str) -> Result<Vec<TokenWithSpan>, Refusal> {
    if sql.len() > BYTES_MAX {
        return Err(Refusal::new(
            Code::TooLong,
            format!("the question has {} bytes, {BYTES_MAX} are the limit", sql.len()),
            "ask for less at once",
        ));
    }
    characters(sql)?;
    let mut words = tokens(sql)?;
    words.retain(|word| !matches!(word.token, Token::Whitespace(_) | Token::EOF));
    while words.last().is_some_and(|word| word.token == Token::SemiColon) {
        words.pop();
    }
    if words.len() > TOKENS_MAX {
        return Err(Refusal::new(
            Code::TooComplex,
            format!("the question has {} words and signs, {TOKENS_MAX} are the limit", words.len()),
            "ask for less at once",
        ));
    }
    begins_as_question(&words)?;
    words.iter().try_for_each(|word| token(&word.token).map_err(|refusal| refusal.at(word.span)))?;
    Ok(words)
}

fn tokens(sql: &str) -> Result<Vec<TokenWithSpan>, Refusal> {
    Tokenizer::new(&PostgreSqlDialect {}, sql).tokenize_with_location().map_err(|error| {
        let span = Span::new(error.location, error.location);
        Refusal::new(Code::Syntax, format!("the question cannot be read: {}", error.message), "close every quote, comment and parenthesis")
            .at(span)
    })
}

/// Refuses characters that are not seen, or that change the order in which others are seen.
fn characters(sql: &str) -> Result<(), Refusal> {
    let mut place = Place { line: 1, column: 1 };
    for letter in sql.chars() {
        if is_hidden(letter) && !matches!(letter, '\n' | '\r' | '\t') {
            let reason = format!("the question has the invisible or control character U+{:04X}", u32::from(letter));
            let span = Location::new(place.line, place.column);
            return Err(Refusal::new(Code::BadCharacter, reason, "leave it out").at(Span::new(span, span)));
        }
        if letter == '\n' {
            place = Place { line: place.line + 1, column: 1 };
        } else {
            place.column += 1;
        }
    }
    Ok(())
}

/// Whether a character is a control, or changes direction, or has no width, or stands for none.
#[must_use]
pub fn is_hidden(letter: char) -> bool {
    letter.is_control()
        || matches!(u32::from(letter),
            0xAD | 0x34F | 0x61C | 0x115F | 0x1160 | 0x17B4 | 0x17B5 | 0x180B..=0x180F | 0x200B..=0x200F
            | 0x2028..=0x202E | 0x2060..=0x206F | 0x2800 | 0x3164 | 0xFE00..=0xFE0F | 0xFEFF | 0xFFA0 | 0xFFF0..=0xFFFB
            | 0xE000..=0xF8FF | 0x1BCA0..=0x1BCA3 | 0x1D173..=0x1D17A | 0xE0000..=0x10_FFFF)
}

/// Words and signs by name; all others are refused.
fn token(token: &Token) -> Result<(), Refusal> {
    match token {
        Token::Word(word) if word.quote_style.is_none() && !word.value.is_ascii() => Err(Refusal::new(
            Code::Name,
            "a name has a letter that names do not have here",
            "use names of plain letters; texts stand in single quotes",
        )),
        Token::Word(_)
        | Token::Comma
        | Token::Eq
        | Token::Neq
        | Token::Lt
        | Token::Gt
        | Token::LtEq
        | Token::GtEq
        | Token::Plus
        | Token::Minus
        | Token::Mul
        | Token::Div
        | Token::Mod
        | Token::StringConcat
        | Token::LParen
        | Token::RParen
        | Token::Period
        | Token::DoubleColon => Ok(()),
        Token::Number(digits, long) => number(digits, *long),
        Token::SingleQuotedString(text) => literal(text),
        Token::SemiColon => Err(Refusal::new(Code::NotOneStatement, "more than one statement", "ask one SELECT at a time")),
        Token::Placeholder(_) | Token::Colon | Token::AtSign => {
            Err(Refusal::new(Code::Placeholder, "parameters are not filled in here", "write the value itself"))
        }
        Token::LBracket | Token::RBracket => {
            Err(Refusal::new(Code::Subscript, "arrays and subscripts are not allowed", "use IN (…) for a list of values"))
        }
        Token::DollarQuotedString(_)
        | Token::NationalStringLiteral(_)
        | Token::EscapedStringLiteral(_)
        | Token::UnicodeStringLiteral(_)
        | Token::HexStringLiteral(_)
        | Token::SingleQuotedByteStringLiteral(_)
        | Token::DoubleQuotedByteStringLiteral(_) => {
            Err(Refusal::new(Code::Literal, "texts in this notation are not allowed", "write the text in plain single quotes: 'text'"))
        }
        other => Err(Refusal::new(
            Code::Operator,
            format!("the sign {} is not allowed", other.to_string().chars().take(20).collect::<String>()),
            "use + - * / % || = <> < <= > >=, LIKE, IN, BETWEEN and IS",
        )),
    }
}

fn number(digits: &str, long: bool) -> Result<(), Refusal> {
    let plain =
        digits.bytes().all(|digit| digit.is_ascii_digit() || digit == b'.') && digits.bytes().filter(|digit| *digit == b'.').count() <= 1;
    if long || !plain || digits.len() > DIGITS_MAX || digits == "." {
        return Err(Refusal::new(Code::Literal, "a number in a notation that is not allowed", "write plain decimals, as 1250.75"));
    }
    Ok(())
}

fn literal(text: &str) -> Result<(), Refusal> {
    if text.contains('\\') {
        return Err(Refusal::new(Code::Literal, "a text has a backslash", "leave it out"));
    }
    if text.len() > TEXT_MAX {
        return Err(Refusal::new(Code::Literal, format!("a text is longer than {TEXT_MAX} bytes"), "compare with a shorter text"));
    }
    Ok(())
}

fn begins_as_question(words: &[TokenWithSpan]) -> Result<(), Refusal> {
    let Some(first) = words.iter().find(|word| word.token != Token::LParen) else {
        return Err(Refusal::new(Code::Empty, "nothing is asked", "write a SELECT over the views"));
    };
    let begins = match &first.token {
        Token::Word(word) => {
            word.quote_style.is_none() && ["SELECT", "WITH", "VALUES"].iter().any(|known| word.value.eq_ignore_ascii_case(known))
        }
        _ => false,
    };
    if begins {
        return Ok(());
    }
    let word: String = first.token.to_string().chars().take(30).collect();
    Err(Refusal::new(
        Code::NotAQuery,
        format!("a question begins with SELECT or WITH, this one with {word}"),
        "ask with one SELECT; nothing can be changed from here",
    )
    .at(first.span))
}
