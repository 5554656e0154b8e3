//! Lines out of pieces that end anywhere.

use super::LINE_BYTES_MAX;

/// Finds lines. What is left of a piece is kept until the next.
#[derive(Default)]
pub(super) struct Lines {
    carry: Vec<u8>,
    /// Number of the line that is being read, from 0.
    line: u64,
    overlong: bool,
}

/// A line that is not blank.
pub(super) struct Line<'a> {
    /// Its number, from 1, blank ones counted.
    pub(super) no: u64,
    /// Without its end; nothing where it is longer than is taken.
    pub(super) bytes: Option<&'a [u8]>,
}

impl Lines {
    /// Hands over every line that ends in this piece, in order, until `take` wants no more.
    pub(super) fn feed<E>(&mut self, piece: &[u8], mut take: impl FnMut(Line<'_>) -> Result<(), E>) -> Result<(), E> {
        let mut rest = piece;
        while let Some(end) = memchr::memchr(b'\n', rest) {
            let (head, tail) = rest.split_at(end);
            rest = tail.get(1..).unwrap_or_default();
            if self.carry.is_empty() && !self.overlong {
                self.line += 1;
                give(self.line, Some(head), &mut take)?;
            } else {
                self.keep(head);
                self.whole(&mut take)?;
            }
        }
        self.keep(rest);
        Ok(())
    }

    /// The last line, which need not end.
    pub(super) fn end<E>(&mut self, mut take: impl FnMut(Line<'_>) -> Result<(), E>) -> Result<(), E> {
        if self.carry.is_empty() && !self.overlong { Ok(()) } else { self.whole(&mut take) }
    }

    fn keep(&mut self, part: &[u8]) {
        self.overlong |= self.carry.len() + part.len() > LINE_BYTES_MAX;
        if self.overlong {
            self.carry = Vec::new();
        } else {
            self.carry.extend_from_slice(part);
        }
    }

    fn whole<E>(&mut self, take: &mut impl FnMut(Line<'_>) -> Result<(), E>) -> Result<(), E> {
        let carry = std::mem::take(&mut self.carry);
        self.line += 1;
        let bytes = (!std::mem::take(&mut self.overlong)).then_some(carry.as_slice());
        let given = give(self.line, bytes, take);
        self.carry = carry;
        self.carry.clear();
        given
    }
}

fn give<E>(no: u64, bytes: Option<&[u8]>, take: &mut impl FnMut(Line<'_>) -> Result<(), E>) -> Result<(), E> {
    let bytes = bytes.map(<[u8]>::trim_ascii);
    if bytes.is_some_and(<[u8]>::is_empty) { Ok(()) } else { take(Line { no, bytes: bytes.filter(|bytes| bytes.len() <= LINE_BYTES_MAX) }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines_of(pieces: &[&[u8]]) -> Vec<(u64, Option<usize>)> {
        let (mut lines, mut found) = (Lines::default(), Vec::new());
        let mut take = |line: Line<'_>| {
            found.push((line.no, line.bytes.map(<[u8]>::len)));
            Ok::<(), ()>(())
        };
        pieces.iter().for_each(|piece| lines.feed(piece, &mut take).unwrap_or_default());
        lines.end(&mut take).unwrap_or_default();
        found
    }

    #[test]
    fn pieces_may_end_anywhere() {
        let text = b"{\"a\":1}\n\r\n  \n{\"b\":\"a long one, longer than a word of it\"}\r\n{}\nlast";
        let expected = vec![(1, Some(7)), (4, Some(44)), (5, Some(2)), (6, Some(4))];
        assert_eq!(lines_of(&[text]), expected);
        for size in 1..text.len() {
            let pieces: Vec<&[u8]> = text.chunks(size).collect();
            assert_eq!(lines_of(&pieces), expected, "in pieces of {size}");
        }
        assert_eq!(lines_of(&[]), vec![]);
        assert_eq!(lines_of(&[b"\n\n"]), vec![]);
    }

    #[test]
    fn a_line_that_is_too_long_is_passed_over() {
        let most = vec![b'x'; LINE_BYTES_MAX];
        assert_eq!(lines_of(&[&most, b"\nnext"]), vec![(1, Some(LINE_BYTES_MAX)), (2, Some(4))]);
        assert_eq!(lines_of(&[&most, b"x", b"xx\nnext\n"]), vec![(1, None), (2, Some(4))]);
        let whole: Vec<u8> = most.iter().copied().chain(*b"x\nnext").collect();
        assert_eq!(lines_of(&[&whole]), vec![(1, None), (2, Some(4))]);
    }
}
