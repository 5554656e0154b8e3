//! Splits separated values into records, strictly: a quote that is never closed, or text behind a closing quote,
//! is an error with its place. Lenient readers take the rest of the file for one field instead, which in a
//! journal loses entries in silence, and keep no source text for a rejects file.
//!
//! CR, LF and CRLF all end a record; a quoted field may hold any of them, and `""` for a quote.

use std::io::{self, Read};

use crate::import::tabular::buffer::Buffer;

/// Bytes of one record; what is longer is refused, so that memory stays bounded.
const RECORD_BYTES_MAX: usize = 1 << 20;

/// A field of the current record, as bytes of its text or, where quotes were doubled, of the unescaped copy.
#[derive(Clone, Copy, Debug)]
struct Span {
    start: usize,
    end: usize,
    /// Where the field began in the record's text, its opening quote included.
    begin: usize,
    unescaped: bool,
}

/// What stands next in the file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Nothing.
    End,
    /// A record; its fields can be asked for.
    Record,
    /// A line that is no record. The fields before the flaw can be asked for.
    Broken(Breach),
}

/// What is wrong with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Breach {
    /// Where in the line, in bytes.
    pub(crate) offset: usize,
    /// What is wrong and what was expected.
    pub(crate) problem: &'static str,
    /// What to do.
    pub(crate) remedy: &'static str,
}

enum Scan {
    /// Length of the text, length with its line end, lines that it takes up.
    Whole(usize, usize, u32),
    /// The window ends inside the record.
    More,
    Broken(Breach),
}

/// A reader of records. The current record stays available until the next call of [`Records::next`].
pub(crate) struct Records {
    buffer: Buffer,
    delimiter: u8,
    fields: Vec<Span>,
    unescaped: Vec<u8>,
    /// Line on which the current record begins.
    line: u32,
    /// Length of the current record's text; with its line end; lines it takes up.
    current: (usize, usize, u32),
    /// The current line is longer than the window; the rest of it is still to be dropped.
    overlong: bool,
}

impl Records {
    pub(crate) fn new(input: Box<dyn Read + Send>) -> Self {
        Self {
            buffer: Buffer::new(input),
            delimiter: b',',
            fields: Vec::new(),
            unescaped: Vec::new(),
            line: 1,
            current: (0, 0, 0),
            overlong: false,
        }
    }

    /// Drops a byte order mark; names the encoding when it is not UTF-8.
    pub(crate) fn byte_order_mark(&mut self) -> io::Result<Option<&'static str>> {
        self.buffer.byte_order_mark()
    }

    pub(crate) fn set_delimiter(&mut self, delimiter: u8) {
        self.delimiter = delimiter;
    }

    /// Line on which the current record begins, from 1.
    #[inline]
    pub(crate) fn line(&self) -> u32 {
        self.line
    }

    /// The text of the current record without its line end.
    #[inline]
    pub(crate) fn raw(&self) -> &[u8] {
        self.buffer.bytes().get(..self.current.0).unwrap_or_default()
    }

    /// How many fields the current record has.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.fields.len()
    }

    /// A field of the current record, unquoted.
    #[inline]
    pub(crate) fn field(&self, index: usize) -> Option<&[u8]> {
        let span = self.fields.get(index)?;
        let text = if span.unescaped { &self.unescaped } else { self.buffer.bytes() };
        text.get(span.start..span.end)
    }

    /// Where a field's text stands in the record's, unless it had to be unescaped.
    #[inline]
    pub(crate) fn within(&self, index: usize) -> Option<Option<std::ops::Range<usize>>> {
        self.fields.get(index).map(|span| (!span.unescaped).then_some(span.start..span.end))
    }

    /// Where a field begins in the record's text, in bytes.
    pub(crate) fn begin(&self, index: usize) -> usize {
        self.fields.get(index).map_or(0, |span| span.begin)
    }

    /// Moves to the next record, passing over empty lines.
    pub(crate) fn next(&mut self) -> io::Result<Next> {
        loop {
            self.leave_current()?;
            let next = self.look()?;
            let is_blank = next == Next::Record && self.current.0 == 0;
            if !is_blank {
                return Ok(next);
            }
        }
    }

    /// Reads the record under the cursor again, with another delimiter.
    pub(crate) fn look(&mut self) -> io::Result<Next> {
        loop {
            match self.scan() {
                Scan::Whole(_, 0, _) => return Ok(Next::End),
                Scan::Whole(text, whole, lines) => {
                    self.current = (text, whole, lines);
                    return Ok(Next::Record);
                }
                Scan::Broken(breach) => return self.give_up(breach).map(Next::Broken),
                Scan::More if self.buffer.bytes().len() > RECORD_BYTES_MAX => {
                    // The window cut this one.
                    self.fields.pop();
                    let breach = Breach {
                        offset: 0,
                        problem: "the record is longer than 1 MiB",
                        remedy: "look for a quote that is never closed, or shorten it",
                    };
                    return self.give_up(breach).map(Next::Broken);
                }
                Scan::More => self.buffer.fill()?,
            }
        }
    }

    fn leave_current(&mut self) -> io::Result<()> {
        self.buffer.consume(self.current.1);
        self.line = self.line.saturating_add(self.current.2);
        self.current = (0, 0, 0);
        while std::mem::take(&mut self.overlong) {
            let (text, whole) = self.physical_line()?;
            self.overlong = text == whole && !self.buffer.at_end();
            self.buffer.consume(whole);
        }
        Ok(())
    }

    /// The current record cannot be read: its first physical line is taken for it, reading goes on behind.
    fn give_up(&mut self, breach: Breach) -> io::Result<Breach> {
        let (text, whole) = self.physical_line()?;
        self.overlong = text == whole && !self.buffer.at_end();
        self.current = (text, whole, 1);
        self.fields.retain(|span| span.unescaped || span.end <= text);
        Ok(breach)
    }

    /// Lengths of the line under the cursor, without and with its end; equal when the end is not in sight.
    fn physical_line(&mut self) -> io::Result<(usize, usize)> {
        loop {
            let bytes = self.buffer.bytes();
            match bytes.iter().position(|b| matches!(b, b'\n' | b'\r')) {
                Some(at) if bytes.get(at) == Some(&b'\n') => return Ok((at, at + 1)),
                Some(at) if at + 1 < bytes.len() || self.buffer.at_end() => {
                    return Ok((at, at + if bytes.get(at + 1) == Some(&b'\n') { 2 } else { 1 }));
                }
                None if bytes.len() > RECORD_BYTES_MAX || self.buffer.at_end() => return Ok((bytes.len(), bytes.len())),
                _ => self.buffer.fill()?,
            }
        }
    }

    fn scan(&mut self) -> Scan {
        self.fields.clear();
        self.unescaped.clear();
        let bytes = self.buffer.bytes();
        let at_end = self.buffer.at_end();
        let delimiter = self.delimiter;
        let (mut at, mut lines) = (0, 1);
        loop {
            let begin = at;
            if bytes.get(at) == Some(&b'"') {
                match quoted(bytes, at, &mut self.unescaped) {
                    Quoted::Closed { span, next, inner_lines } => {
                        self.fields.push(span);
                        (at, lines) = (next, lines + inner_lines);
                    }
                    Quoted::Open if at_end => return Scan::Broken(UNCLOSED.at(begin)),
                    Quoted::Open => return Scan::More,
                }
            } else {
                let rest = bytes.get(at..).unwrap_or_default();
                at += rest.iter().position(|b| *b == delimiter || *b == b'\n' || *b == b'\r').unwrap_or(rest.len());
                self.fields.push(Span { start: begin, end: at, begin, unescaped: false });
            }
            match bytes.get(at) {
                None if !at_end => return Scan::More,
                None => return Scan::Whole(at, at, lines),
                Some(b'\n') => return Scan::Whole(at, at + 1, lines),
                Some(b'\r') if at + 1 == bytes.len() && !at_end => return Scan::More,
                Some(b'\r') => return Scan::Whole(at, at + if bytes.get(at + 1) == Some(&b'\n') { 2 } else { 1 }, lines),
                Some(b) if *b == delimiter => at += 1,
                Some(_) => {
                    self.fields.pop();
                    return Scan::Broken(BEHIND_QUOTE.at(at));
                }
            }
        }
    }
}

const UNCLOSED: Breach =
    Breach { offset: 0, problem: "a quote is opened and never closed", remedy: "close it, or double it if it is part of the text" };
const BEHIND_QUOTE: Breach = Breach {
    offset: 0,
    problem: "expected a delimiter or the line's end behind a closing quote",
    remedy: "double quotes that are part of the text",
};

impl Breach {
    const fn at(self, offset: usize) -> Self {
        Self { offset, ..self }
    }
}

enum Quoted {
    Closed { span: Span, next: usize, inner_lines: u32 },
    Open,
}

/// Reads a quoted field whose opening quote is at `begin`.
fn quoted(bytes: &[u8], begin: usize, unescaped: &mut Vec<u8>) -> Quoted {
    let copy = unescaped.len();
    let mut lines = 0;
    let (mut at, mut kept) = (begin + 1, begin + 1);
    let mut has_copy = false;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' if bytes.get(at + 1) == Some(&b'"') => {
                unescaped.extend_from_slice(bytes.get(kept..=at).unwrap_or_default());
                has_copy = true;
                at += 2;
                kept = at;
                continue;
            }
            b'"' => {
                let mut span = Span { start: begin + 1, end: at, begin, unescaped: false };
                if has_copy {
                    unescaped.extend_from_slice(bytes.get(kept..at).unwrap_or_default());
                    span = Span { start: copy, end: unescaped.len(), begin, unescaped: true };
                }
                // A quote at the window's end may be the first of two: the caller sees no byte behind it and
                // asks for more.
                return Quoted::Closed { span, next: at + 1, inner_lines: lines };
            }
            b'\n' => lines += 1,
            b'\r' if bytes.get(at + 1) != Some(&b'\n') => lines += 1,
            _ => {}
        }
        at += 1;
    }
    Quoted::Open
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &'static str) -> Vec<String> {
        let mut records = Records::new(Box::new(text.as_bytes()));
        let mut out = Vec::new();
        loop {
            match records.next().unwrap() {
                Next::End => return out,
                Next::Record => {
                    let fields: Vec<_> = (0..records.len()).map(|i| String::from_utf8_lossy(records.field(i).unwrap())).collect();
                    out.push(format!("{}:{}", records.line(), fields.join("|")));
                }
                Next::Broken(breach) => out.push(format!("{}:{} {}", records.line(), breach.offset, breach.problem)),
            }
        }
    }

    #[test]
    fn records_end_in_cr_lf_or_both() {
        for text in ["a,b\nc,d", "a,b\r\nc,d\r\n", "a,b\rc,d\r"] {
            assert_eq!(all(text), ["1:a|b", "2:c|d"], "{text:?}");
        }
        assert_eq!(all("a\n\n\r\n\rb"), ["1:a", "5:b"]);
        assert_eq!(all(""), Vec::<String>::new());
        assert_eq!(all(",\n,"), ["1:|", "2:|"]);
    }

    #[test]
    fn quotes_hold_delimiters_lines_and_quotes() {
        assert_eq!(all("\"a,b\",\"c\"\"d\"\n\"x\r\ny\rz\",\"\"\nlast"), ["1:a,b|c\"d", "2:x\r\ny\rz|", "5:last"]);
        assert_eq!(all("a \"b\" c,5\" pipe"), ["1:a \"b\" c|5\" pipe"]);
    }

    #[test]
    fn broken_quotes_cost_one_line() {
        assert_eq!(all("a,\"b\"c,d\nx"), ["1:5 expected a delimiter or the line's end behind a closing quote", "2:x"]);
        assert_eq!(all("a,\"b\nc,d\ne"), ["1:2 a quote is opened and never closed", "2:c|d", "3:e"]);
    }

    #[test]
    fn a_record_beyond_the_limit_is_refused_and_reading_goes_on() {
        let text = format!("a\n{}\nb,{}\nc", "x".repeat(3 << 20), "y".repeat(600 << 10));
        let mut records = Records::new(Box::new(io::Cursor::new(text.into_bytes())));
        let mut seen = Vec::new();
        loop {
            let next = records.next().unwrap();
            seen.push((records.line(), records.len(), matches!(next, Next::Broken(_))));
            if next == Next::End {
                break;
            }
        }
        assert_eq!(seen[..4], [(1, 1, false), (2, 0, true), (3, 2, false), (4, 1, false)]);
    }
}
