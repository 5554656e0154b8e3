//! Reads a journal piece by piece: a line that begins at the margin, with the indented lines under it.
//!
//! Memory stays at one buffer however long the file is.

use std::io::{self, Read};

const BUFFER_BYTES: usize = 256 << 10;
/// An entry of 10,000 lines with long comments stays far below this.
const BLOCK_BYTES_MAX: usize = 32 << 20;

/// A piece of a journal.
pub(super) struct Block<'a> {
    /// Its bytes, with line ends.
    pub(super) bytes: &'a [u8],
    /// The number of its first line, from 1.
    pub(super) line: u32,
}

/// The blocks of one file.
pub(super) struct Blocks<R> {
    reader: R,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    line: u32,
    at_end: bool,
    begun: bool,
    current: (usize, u32),
}

impl<R: Read> Blocks<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { reader, buffer: vec![0; BUFFER_BYTES], start: 0, end: 0, line: 1, at_end: false, begun: false, current: (0, 1) }
    }

    /// The line that comes next.
    pub(super) const fn line(&self) -> u32 {
        self.line
    }

    /// Moves to the next block; blank lines between blocks are skipped. False at the end of the file.
    ///
    /// # Errors
    /// What the reader says, and `InvalidData` for a block longer than 32 MiB.
    pub(super) fn advance(&mut self) -> io::Result<bool> {
        if !self.begun {
            self.begun = true;
            self.skip_byte_order_mark()?;
        }
        loop {
            let Some(length) = self.line_length(0)? else { return Ok(false) };
            if !is_blank(self.window(0, length)) {
                self.block(length)?;
                return Ok(true);
            }
            self.start += length;
            self.line = self.line.saturating_add(1);
        }
    }

    /// The block that [`advance`](Self::advance) found.
    pub(super) fn current(&self) -> Block<'_> {
        let (length, line) = self.current;
        Block { bytes: self.buffer.get(self.start - length..self.start).unwrap_or_default(), line }
    }

    fn block(&mut self, first: usize) -> io::Result<()> {
        let mut length = first;
        let mut lines = 1_u32;
        while let Some(more) = self.indented_line(length)? {
            length += more;
            lines = lines.saturating_add(1);
        }
        self.current = (length, self.line);
        self.start += length;
        self.line = self.line.saturating_add(lines);
        Ok(())
    }

    /// The length of the line at `offset` if it is indented and not blank.
    fn indented_line(&mut self, offset: usize) -> io::Result<Option<usize>> {
        if self.start + offset >= self.end && !self.fill()? {
            return Ok(None);
        }
        if !matches!(self.buffer.get(self.start + offset), Some(b' ' | b'\t')) {
            return Ok(None);
        }
        let length = self.line_length(offset)?;
        Ok(length.filter(|length| !is_blank(self.window(offset, *length))))
    }

    /// Bytes of the line that begins `offset` bytes ahead, with its line end; nothing at the end of the file.
    fn line_length(&mut self, offset: usize) -> io::Result<Option<usize>> {
        let mut searched = 0;
        loop {
            let from = self.start + offset + searched;
            let window = self.buffer.get(from..self.end).unwrap_or_default();
            if let Some(at) = window.iter().position(|byte| *byte == b'\n') {
                return Ok(Some(searched + at + 1));
            }
            searched += window.len();
            if !self.fill()? {
                return Ok((searched > 0).then_some(searched));
            }
        }
    }

    fn window(&self, offset: usize, length: usize) -> &[u8] {
        let from = self.start + offset;
        self.buffer.get(from..from + length).unwrap_or_default()
    }

    /// Reads more behind what is there; false at the end of the file.
    fn fill(&mut self) -> io::Result<bool> {
        if self.at_end {
            return Ok(false);
        }
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.end == self.buffer.len() {
            if self.end >= BLOCK_BYTES_MAX {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "an entry longer than 32 MiB"));
            }
            self.buffer.resize(self.end * 2, 0);
        }
        loop {
            let room = self.buffer.get_mut(self.end..).unwrap_or_default();
            match self.reader.read(room) {
                Ok(0) => self.at_end = true,
                Ok(count) => self.end += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            }
            return Ok(!self.at_end);
        }
    }

    fn skip_byte_order_mark(&mut self) -> io::Result<()> {
        while self.end < 3 && self.fill()? {}
        if self.window(0, 3) == [0xEF, 0xBB, 0xBF] {
            self.start += 3;
        }
        Ok(())
    }
}

/// Whether a line holds nothing but spaces.
fn is_blank(line: &[u8]) -> bool {
    line.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks(text: &[u8]) -> Vec<(u32, String)> {
        let mut blocks = Blocks::new(text);
        let mut all = Vec::new();
        while blocks.advance().unwrap() {
            let block = blocks.current();
            all.push((block.line, String::from_utf8(block.bytes.to_vec()).unwrap()));
        }
        all
    }

    #[test]
    fn indented_lines_belong_to_the_line_above() {
        let found = blocks(b"\xEF\xBB\xBF\n; one\n\na\n  b\n\tc\n   \nd\r\n e\r\nf");
        let want = [(2, "; one\n"), (4, "a\n  b\n\tc\n"), (8, "d\r\n e\r\n"), (10, "f")];
        assert_eq!(found, want.map(|(line, text)| (line, text.to_owned())));
    }

    #[test]
    fn a_block_may_be_longer_than_the_buffer() {
        let long = format!("a\n{}\nb\n", " x".repeat(BUFFER_BYTES));
        let found = blocks(long.as_bytes());
        assert_eq!(found.iter().map(|(line, text)| (*line, text.len())).collect::<Vec<_>>(), [(1, long.len() - 2), (3, 2)]);
    }
}
