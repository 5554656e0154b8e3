//! The lexer: reads one lexical element at a time from where the parser stands, and never looks further than
//! that element. Lines are counted here and nowhere else.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use std::borrow::Cow;

use super::ast::{Fault, Parse, Pos};

/// Significant digits of a number literal: what an exact decimal holds for certain.
const DIGITS_MAX: u32 = 28;

/// A reading position in a source text.
#[derive(Clone, Debug)]
pub(super) struct Cursor<'a> {
    text: &'a str,
    at: usize,
    line: u32,
}

fn is_currency_byte(byte: u8) -> bool {
    byte.is_ascii_uppercase() || byte.is_ascii_digit() || matches!(byte, b'\'' | b'.' | b'_' | b'-')
}

fn is_tag_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'/' | b'.')
}

fn is_account_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte >= 0x80
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0, line: 1 }
    }

    pub(super) fn pos(&self) -> Pos {
        // Sources over 4 GiB are refused before they are read.
        Pos { offset: u32::try_from(self.at).unwrap_or(u32::MAX), line: self.line }
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    pub(super) fn peek_at(&self, ahead: usize) -> Option<u8> {
        self.text.as_bytes().get(self.at + ahead).copied()
    }

    fn rest(&self) -> &'a [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    fn slice(&self, from: usize, to: usize) -> &'a str {
        self.text.get(from..to).unwrap_or_default()
    }

    /// Takes a byte that is known to be there and not a line end.
    pub(super) fn bump(&mut self) {
        self.at += 1;
    }

    /// Takes `byte` if it is next.
    pub(super) fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        if found {
            self.at += 1;
        }
        found
    }

    pub(super) fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r')) {
            self.at += 1;
        }
    }

    /// Whether nothing but a comment is left on the line.
    pub(super) fn at_line_end(&mut self) -> bool {
        self.blanks();
        matches!(self.peek(), None | Some(b'\n' | b';'))
    }

    /// Whether the line is at its end without a comment.
    pub(super) fn at_newline(&self) -> bool {
        matches!(self.peek(), None | Some(b'\n'))
    }

    /// Takes what is left of the line.
    pub(super) fn skip_line(&mut self) {
        match self.rest().iter().position(|byte| *byte == b'\n') {
            Some(end) => {
                self.at += end + 1;
                self.line += 1;
            }
            None => self.at = self.text.len(),
        }
    }

    /// Takes the end of a line and a comment before it.
    pub(super) fn line_end(&mut self) -> Parse<()> {
        if self.at_line_end() {
            self.skip_line();
            return Ok(());
        }
        Err(self.unexpected("expected the end of the line"))
    }

    /// A fault at the next element, showing its text.
    pub(super) fn unexpected(&mut self, problem: impl Into<String>) -> Box<Fault> {
        self.blanks();
        Fault::new(self.pos(), problem).found(self.word())
    }

    /// The next element as a person sees it, for messages.
    pub(super) fn word(&self) -> String {
        if self.at_newline() {
            return "end of line".to_owned();
        }
        let rest = self.text.get(self.at..).unwrap_or_default();
        let end = rest.find(|c: char| c.is_whitespace()).unwrap_or(rest.len());
        let word = if end == 0 { rest.get(..1).unwrap_or_default() } else { &rest[..end] };
        word.chars().take(60).collect()
    }

    pub(super) fn at_date(&self) -> bool {
        self.date_shape().is_some()
    }

    /// Lengths of the year, month and day digits, if a date is next.
    fn date_shape(&self) -> Option<(usize, usize, usize)> {
        let rest = self.rest();
        let digits = |from: usize| rest.get(from..).unwrap_or_default().iter().take_while(|b| b.is_ascii_digit()).count();
        let separator = |at: usize| matches!(rest.get(at), Some(b'-' | b'/'));
        let year = digits(0);
        if year < 4 || !separator(year) {
            return None;
        }
        let month = digits(year + 1);
        if month == 0 || !separator(year + 1 + month) {
            return None;
        }
        let day = digits(year + month + 2);
        (day > 0).then_some((year, month, day))
    }

    pub(super) fn date(&mut self) -> Parse<NaiveDate> {
        let Some((year, month, day)) = self.date_shape() else {
            return Err(self.unexpected("expected a date such as 2024-01-31"));
        };
        let start = self.at;
        let text = |from: usize, len: usize| self.slice(start + from, start + from + len);
        let parts = (text(0, year).parse::<i32>(), text(year + 1, month).parse::<u32>(), text(year + month + 2, day).parse::<u32>());
        let end = start + year + month + day + 2;
        let date = match parts {
            (Ok(y @ 1..=9999), Ok(m), Ok(d)) => NaiveDate::from_ymd_opt(y, m, d),
            _ => None,
        };
        let Some(date) = date else {
            return Err(Fault::new(self.pos(), "this day is not in the calendar").found(self.slice(start, end)));
        };
        self.at = end;
        Ok(date)
    }

    /// A number literal: digits with commas, then a point and digits.
    pub(super) fn number(&mut self) -> Parse<Decimal> {
        let rest = self.rest();
        let mut whole = rest.iter().take_while(|b| b.is_ascii_digit() || **b == b',').count();
        while whole > 0 && rest[whole - 1] == b',' {
            whole -= 1;
        }
        if whole == 0 || !rest[0].is_ascii_digit() {
            return Err(self.unexpected("expected a number"));
        }
        let mut end = whole;
        if rest.get(whole) == Some(&b'.') {
            end = whole + 1 + rest[whole + 1..].iter().take_while(|b| b.is_ascii_digit()).count();
        }
        let text = self.slice(self.at, self.at + end);
        let Some(number) = literal(text) else {
            return Err(Fault::new(self.pos(), format!("the number has more than {DIGITS_MAX} digits"))
                .found(text.chars().take(60).collect::<String>())
                .remedy("write it with fewer digits"));
        };
        self.at += end;
        Ok(number)
    }

    /// Bytes of the commodity that is next, 0 if none is.
    pub(super) fn currency_len(&self) -> usize {
        let rest = self.rest();
        let first = match rest.first() {
            Some(byte) if byte.is_ascii_uppercase() || *byte == b'/' => *byte,
            _ => return 0,
        };
        let mut len = 1 + rest[1..].iter().take_while(|b| is_currency_byte(**b)).count();
        while len > 1 && !(rest[len - 1].is_ascii_uppercase() || rest[len - 1].is_ascii_digit()) {
            len -= 1;
        }
        if first == b'/' && !rest[1..len].iter().any(u8::is_ascii_uppercase) {
            return 0;
        }
        if matches!(&rest[..len], b"TRUE" | b"FALSE" | b"NULL") { 0 } else { len }
    }

    /// The commodity that is next, if one is.
    pub(super) fn currency(&mut self) -> Option<&'a str> {
        let len = self.currency_len();
        if len == 0 {
            return None;
        }
        self.at += len;
        Some(self.slice(self.at - len, self.at))
    }

    /// Bytes of the account name that is next, 0 if none is.
    pub(super) fn account_len(&self) -> usize {
        let rest = self.rest();
        let part = |from: usize, digits: bool| {
            let start = rest.get(from).copied().unwrap_or(b' ');
            if start.is_ascii_uppercase() || start >= 0x80 || (digits && start.is_ascii_digit()) {
                rest[from..].iter().take_while(|b| is_account_byte(**b)).count()
            } else {
                0
            }
        };
        let mut len = part(0, false);
        let mut parts = 1;
        while len > 0 && rest.get(len) == Some(&b':') {
            let next = part(len + 1, true);
            if next == 0 {
                break;
            }
            len += 1 + next;
            parts += 1;
        }
        if parts > 1 { len } else { 0 }
    }

    pub(super) fn account(&mut self) -> Parse<&'a str> {
        self.blanks();
        let len = self.account_len();
        let next = self.peek_at(len);
        if len == 0 || next == Some(b':') {
            return Err(self.unexpected("expected an account such as Assets:Bank:Checking").remedy(
                "write at least two parts joined by colons, each starting with an upper-case letter or (after the first) a digit",
            ));
        }
        self.at += len;
        Ok(self.slice(self.at - len, self.at))
    }

    pub(super) fn string(&mut self) -> Parse<Cow<'a, str>> {
        self.blanks();
        if self.peek() != Some(b'"') {
            return Err(self.unexpected("expected a text in double quotes"));
        }
        let open = self.pos();
        let start = self.at + 1;
        let bytes = self.text.as_bytes();
        let (mut at, mut escaped, mut line) = (start, false, self.line);
        loop {
            match bytes.get(at) {
                None => {
                    return Err(Fault::new(open, "this text has no closing quote").found(self.word()).remedy("close it with \""));
                }
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    at += 1;
                    line += u32::from(bytes.get(at) == Some(&b'\n'));
                }
                Some(b'\n') => line += 1,
                Some(_) => {}
            }
            at += 1;
        }
        let raw = self.slice(start, at);
        self.at = at + 1;
        self.line = line;
        Ok(match (escaped, raw.contains("\r\n")) {
            (false, false) => Cow::Borrowed(raw),
            (_, crlf) => Cow::Owned(unescape(&if crlf { raw.replace("\r\n", "\n") } else { raw.to_owned() })),
        })
    }

    /// A `#tag` or `^link`, without its sign.
    pub(super) fn tag(&mut self, sign: u8) -> Option<&'a str> {
        if self.peek() != Some(sign) {
            return None;
        }
        let len = self.rest()[1..].iter().take_while(|b| is_tag_byte(**b)).count();
        if len == 0 {
            return None;
        }
        self.at += 1 + len;
        Some(self.slice(self.at - len, self.at))
    }

    /// A metadata key with its colon.
    pub(super) fn key(&mut self) -> Parse<&'a str> {
        let rest = self.rest();
        let len = rest.iter().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')).count();
        if len < 2 || !rest[0].is_ascii_lowercase() || rest.get(len) != Some(&b':') {
            return Err(self.unexpected("expected a metadata key such as `invoice:`"));
        }
        self.at += len + 1;
        Ok(self.slice(self.at - len - 1, self.at - 1))
    }

    /// A word of lower-case letters; empty if none is next.
    pub(super) fn keyword(&mut self) -> &'a str {
        let len = self.rest().iter().take_while(|b| b.is_ascii_lowercase()).count();
        self.at += len;
        self.slice(self.at - len, self.at)
    }

    /// A flag: `*`, one of `!&#?%`, or a single capital letter before a blank.
    pub(super) fn flag(&mut self) -> Option<char> {
        let byte = self.peek()?;
        let plain = matches!(byte, b'*' | b'!' | b'&' | b'#' | b'?' | b'%');
        let letter = byte.is_ascii_uppercase() && matches!(self.peek_at(1), None | Some(b' ' | b'\t' | b'\r' | b'\n'));
        if !plain && !letter {
            return None;
        }
        self.at += 1;
        Some(char::from(byte))
    }
}

/// Reads digits, commas and a point exactly, keeping the digits after the point as written.
fn literal(text: &str) -> Option<Decimal> {
    let (mut mantissa, mut digits, mut scale, mut fraction) = (0_i128, 0_u32, 0_u32, false);
    for byte in text.bytes() {
        match byte {
            b'0'..=b'9' => {
                mantissa = mantissa * 10 + i128::from(byte - b'0');
                digits += u32::from(mantissa != 0);
                scale += u32::from(fraction);
                if digits > DIGITS_MAX || scale > DIGITS_MAX {
                    return None;
                }
            }
            b'.' => fraction = true,
            _ => {}
        }
    }
    Decimal::try_from_i128_with_scale(mantissa, scale).ok()
}

fn unescape(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    let mut chars = raw.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            text.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => text.push('\n'),
            Some('t') => text.push('\t'),
            Some('r') => text.push('\r'),
            Some(other) => text.push(other),
            None => {}
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_end_where_beancount_ends_them() {
        let currency = |text: &str| Cursor::new(text).currency().map(str::to_owned);
        for (text, want) in [
            ("USD}", Some("USD")),
            ("V ", Some("V")),
            ("CAC_ ", Some("CAC")),
            ("TLT_040921C144 x", Some("TLT_040921C144")),
            ("/6J", Some("/6J")),
            ("/6.3", None),
            ("NULL", None),
            ("usd", None),
        ] {
            assert_eq!(currency(text).as_deref(), want, "{text}");
        }
        for (text, want) in [("1,234.50 USD", "1234.50"), ("7.", "7"), ("100,", "100"), ("000.10", "0.10")] {
            assert_eq!(Cursor::new(text).number().unwrap().to_string(), want, "{text}");
        }
        assert!(Cursor::new("12345678901234567890123456789").number().is_err());
        for (text, want) in [("Assets:A:1b", "Assets:A:1b"), ("Actifs:Épargne", "Actifs:Épargne"), ("资产:银行 1", "资产:银行")] {
            assert_eq!(Cursor::new(text).account().unwrap(), want, "{text}");
        }
        for text in ["Assets", "Assets:bank", "assets:Bank", "Assets::Bank"] {
            assert!(Cursor::new(text).account().is_err(), "{text}");
        }
        assert_eq!(Cursor::new(r#""a \"b\" \\ c\nd""#).string().unwrap(), "a \"b\" \\ c\nd");
        assert!(Cursor::new("2014-02-30").date().is_err());
        assert_eq!(Cursor::new("2014/2/3").date().unwrap().to_string(), "2014-02-03");
    }
}
