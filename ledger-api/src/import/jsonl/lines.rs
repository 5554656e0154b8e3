//! Lines of a file, each checked to be text and bounded in length.

use std::io::{self, Read};

use crate::import::tabular::buffer::{Buffer, position};

/// Bytes of one line: an entry of ten thousand lines fits.
const LINE_BYTES_MAX: usize = 16 << 20;

/// A reader of lines that end in CR, LF or CRLF.
pub(crate) struct Lines {
    buffer: Buffer,
    line: u32,
    /// Bytes of the current line with its end.
    current: usize,
    overlong: bool,
}

/// What stands next.
pub(crate) enum Turn<'a> {
    /// Nothing.
    End,
    /// A line that is not blank.
    Line {
        /// Its number, from 1.
        line: u32,
        /// Its text, trimmed at the end.
        text: &'a str,
    },
    /// A line that is no text, or too much of it.
    Broken { line: u32, column: u32, problem: &'static str, remedy: &'static str, raw: String },
}

impl Lines {
    pub(crate) fn new(input: Box<dyn Read + Send>) -> Self {
        Self { buffer: Buffer::new(input), line: 0, current: 0, overlong: false }
    }

    /// Drops a byte order mark; names the encoding when it is not UTF-8.
    pub(crate) fn byte_order_mark(&mut self) -> io::Result<Option<&'static str>> {
        self.buffer.byte_order_mark()
    }

    /// Moves to the next line, passing over blank ones.
    pub(crate) fn next(&mut self) -> io::Result<Turn<'_>> {
        let (length, complete) = loop {
            self.buffer.consume(self.current);
            self.current = 0;
            let Some((length, whole)) = self.find_end()? else { return Ok(Turn::End) };
            let rest_of_overlong = std::mem::take(&mut self.overlong);
            self.current = whole;
            self.overlong = length == whole && !self.buffer.at_end();
            if rest_of_overlong {
                continue;
            }
            self.line = self.line.saturating_add(1);
            let text = self.buffer.bytes().get(..length).unwrap_or_default();
            if !text.trim_ascii().is_empty() {
                break (length, !self.overlong);
            }
        };
        let bytes = self.buffer.bytes().get(..length).unwrap_or_default();
        let line = self.line;
        let (column, problem, remedy) = match std::str::from_utf8(bytes) {
            _ if !complete => (0, "the line is longer than 16 MiB", "write one object per line, or split the entry"),
            Ok(text) if !text.contains('\0') => return Ok(Turn::Line { line, text }),
            Ok(text) => (position(bytes, text.find('\0').unwrap_or(0), line).1, "a NUL character is no text", "remove it"),
            Err(error) => (position(bytes, error.valid_up_to(), line).1, "expected UTF-8 text", "save the file as UTF-8"),
        };
        let raw = if complete { String::from_utf8_lossy(bytes).into_owned() } else { String::new() };
        Ok(Turn::Broken { line, column, problem, remedy, raw })
    }

    /// Lengths of the line under the cursor without and with its end, equal when the end is not in sight.
    fn find_end(&mut self) -> io::Result<Option<(usize, usize)>> {
        let mut from = 0;
        loop {
            let bytes = self.buffer.bytes();
            let at_end = self.buffer.at_end();
            if bytes.is_empty() && at_end {
                return Ok(None);
            }
            let rest = bytes.get(from..).unwrap_or_default();
            match rest.iter().position(|b| *b == b'\n' || *b == b'\r').map(|at| at + from) {
                Some(at) if bytes.get(at) == Some(&b'\n') => return Ok(Some((at, at + 1))),
                Some(at) if at + 1 < bytes.len() || at_end => {
                    return Ok(Some((at, at + if bytes.get(at + 1) == Some(&b'\n') { 2 } else { 1 })));
                }
                Some(at) => from = at,
                None if at_end || bytes.len() > LINE_BYTES_MAX => return Ok(Some((bytes.len(), bytes.len()))),
                None => from = bytes.len(),
            }
            self.buffer.fill()?;
        }
    }
}
