//! A window over a file that slides forward: bytes in, nothing kept behind the record being read.

use std::io::{ErrorKind, Read};

const CHUNK: usize = 256 << 10;

/// The part of a source that is in memory.
pub(crate) struct Buffer {
    input: Box<dyn Read + Send>,
    data: Vec<u8>,
    start: usize,
    end: usize,
    eof: bool,
}

impl Buffer {
    pub(crate) fn new(input: Box<dyn Read + Send>) -> Self {
        Self { input, data: vec![0; CHUNK], start: 0, end: 0, eof: false }
    }

    /// What has been read and not consumed.
    #[inline]
    pub(crate) fn bytes(&self) -> &[u8] {
        self.data.get(self.start..self.end).unwrap_or_default()
    }

    /// Whether nothing follows [`Self::bytes`].
    #[inline]
    pub(crate) fn at_end(&self) -> bool {
        self.eof
    }

    /// Leaves the first `count` bytes behind.
    #[inline]
    pub(crate) fn consume(&mut self, count: usize) {
        self.start = (self.start + count).min(self.end);
    }

    /// Reads more behind the bytes that are there, making room where needed.
    pub(crate) fn fill(&mut self) -> std::io::Result<()> {
        if self.start > 0 {
            self.data.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        if self.end == self.data.len() {
            self.data.resize(self.data.len() * 2, 0);
        }
        loop {
            match self.input.read(self.data.get_mut(self.end..).unwrap_or_default()) {
                Ok(0) => self.eof = true,
                Ok(count) => self.end = (self.end + count).min(self.data.len()),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            }
            return Ok(());
        }
    }

    /// Drops a byte order mark at the beginning; names the encoding when it is not UTF-8.
    pub(crate) fn byte_order_mark(&mut self) -> std::io::Result<Option<&'static str>> {
        while self.bytes().len() < 3 && !self.eof {
            self.fill()?;
        }
        match self.bytes() {
            [0xef, 0xbb, 0xbf, ..] => self.consume(3),
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => return Ok(Some("UTF-16")),
            _ => {}
        }
        Ok(None)
    }
}

/// Line and column (characters) of a byte of a piece of text that begins on `line`. CR, LF and CRLF end a line.
pub(crate) fn position(text: &[u8], offset: usize, line: u32) -> (u32, u32) {
    let before = text.get(..offset.min(text.len())).unwrap_or_default();
    let mut begin = 0;
    let mut line = line;
    for (at, byte) in before.iter().enumerate() {
        if *byte == b'\n' || (*byte == b'\r' && text.get(at + 1) != Some(&b'\n')) {
            line = line.saturating_add(1);
            begin = at + 1;
        }
    }
    let column = String::from_utf8_lossy(before.get(begin..).unwrap_or_default()).chars().count();
    (line, u32::try_from(column).unwrap_or(u32::MAX).saturating_add(1))
}
