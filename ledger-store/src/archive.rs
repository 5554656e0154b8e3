//! A history as a file: every commit as it is stored, to be verified and kept without a database.
//!
//! Layout, all numbers big endian: the line `ledger-archive 1 ORG\n` (ORG is a UUID with hyphens), then for each commit
//! the length of its payload (4 bytes), first seq (8), event count (4), recorded at (8, microseconds since 1970), codec
//! (2), base id (16), previous hash (32), tree root (32), hash (32) and the payload; then four bytes 0xff and the number
//! of commits (8). A file without that end is cut off. Nothing here is trusted: the hashes are what proves a history.

use std::io::{self, Read, Write};

use ledger_core::Timestamp;
use ledger_core::chain::{Commit, CommitHeader};
use ledger_core::limits::COMMIT_BYTES_MAX;
use ledger_core::merkle::Hash;
use uuid::Uuid;

const MAGIC: &str = "ledger-archive";
const VERSION: &str = "1";
/// Bytes of the first line.
const FIRST_LINE: usize = MAGIC.len() + 1 + VERSION.len() + 1 + 36 + 1;
/// Bytes of a commit before its payload, without the length.
const HEADER: usize = 8 + 4 + 8 + 2 + 16 + 32 + 32 + 32;
/// In the place of a length: no more commits.
const END: u32 = u32::MAX;
/// Most bytes of a payload that are made room for before they have arrived.
const ROOM: usize = 1 << 20;

/// Why a file cannot be read as an archive.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// It does not begin as one.
    #[error("it is no ledger archive: its first line is not `{MAGIC} {VERSION} ORGANIZATION`")]
    NotAnArchive,
    /// It was written by a newer program.
    #[error("the archive has version {0}, expected {VERSION}: use a newer ledgerd")]
    Version(String),
    /// It ends early or its lengths are wrong.
    #[error("the archive is cut off or damaged after {commits} commits, at byte {offset}: {problem}")]
    Damaged {
        /// Whole commits before.
        commits: u64,
        /// Where the damage shows.
        offset: u64,
        /// What was expected.
        problem: &'static str,
    },
    /// It cannot be read or written.
    #[error("the archive cannot be read or written: {0}")]
    Io(#[from] io::Error),
}

/// Writes an archive.
pub struct ArchiveWriter<W: Write> {
    to: W,
    commits: u64,
}

impl<W: Write> ArchiveWriter<W> {
    /// Begins an archive of an organization's history.
    ///
    /// # Errors
    /// What the system says.
    pub fn new(mut to: W, org: Uuid) -> io::Result<Self> {
        writeln!(to, "{MAGIC} {VERSION} {}", org.hyphenated())?;
        Ok(Self { to, commits: 0 })
    }

    /// Adds a commit, the next by position.
    ///
    /// # Errors
    /// What the system says; a payload larger than [`COMMIT_BYTES_MAX`].
    pub fn push(&mut self, commit: &Commit) -> io::Result<()> {
        let length = u32::try_from(commit.payload.len()).ok().filter(|_| commit.payload.len() <= COMMIT_BYTES_MAX);
        let length = length.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "a commit is larger than a commit may be"))?;
        let header = &commit.header;
        let mut bytes = Vec::with_capacity(4 + HEADER);
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(&header.first_seq.to_be_bytes());
        bytes.extend_from_slice(&header.event_count.to_be_bytes());
        bytes.extend_from_slice(&header.recorded_at.0.to_be_bytes());
        bytes.extend_from_slice(&header.codec.to_be_bytes());
        bytes.extend_from_slice(header.base_id.as_bytes());
        for hash in [&header.prev_hash, &header.tree_root, &commit.hash] {
            bytes.extend_from_slice(hash);
        }
        self.to.write_all(&bytes)?;
        self.to.write_all(&commit.payload)?;
        self.commits += 1;
        Ok(())
    }

    /// Ends the archive and answers what it was written to.
    ///
    /// # Errors
    /// What the system says.
    pub fn finish(mut self) -> io::Result<W> {
        self.to.write_all(&END.to_be_bytes())?;
        self.to.write_all(&self.commits.to_be_bytes())?;
        self.to.flush()?;
        Ok(self.to)
    }
}

/// Reads an archive, one commit after the other.
#[derive(Debug)]
pub struct ArchiveReader<R: Read> {
    from: R,
    org: Uuid,
    commits: u64,
    offset: u64,
    ended: bool,
}

impl<R: Read> ArchiveReader<R> {
    /// Opens an archive.
    ///
    /// # Errors
    /// [`ArchiveError`].
    pub fn new(mut from: R) -> Result<Self, ArchiveError> {
        let mut line = [0; FIRST_LINE];
        let got = fill(&mut from, &mut line)?;
        let text = std::str::from_utf8(&line[..got]).map_err(|_| ArchiveError::NotAnArchive)?;
        let words: Vec<&str> = text.split([' ', '\n']).collect();
        match words.as_slice() {
            [MAGIC, VERSION, org, ""] => {
                let org = Uuid::try_parse(org).map_err(|_| ArchiveError::NotAnArchive)?;
                Ok(Self { from, org, commits: 0, offset: FIRST_LINE as u64, ended: false })
            }
            [MAGIC, version, ..] if *version != VERSION => Err(ArchiveError::Version((*version).to_owned())),
            _ => Err(ArchiveError::NotAnArchive),
        }
    }

    /// Whose history it says it is.
    #[must_use]
    pub fn org(&self) -> Uuid {
        self.org
    }

    /// Bytes read so far.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.offset
    }

    fn damaged(&self, problem: &'static str) -> ArchiveError {
        ArchiveError::Damaged { commits: self.commits, offset: self.offset, problem }
    }

    fn take<const N: usize>(&mut self, problem: &'static str) -> Result<[u8; N], ArchiveError> {
        let mut bytes = [0; N];
        if fill(&mut self.from, &mut bytes)? < N {
            return Err(self.damaged(problem));
        }
        self.offset += N as u64;
        Ok(bytes)
    }

    fn read(&mut self) -> Result<Option<Commit>, ArchiveError> {
        let length = u32::from_be_bytes(self.take("expected a commit or the archive's end")?);
        if length == END {
            return self.end();
        }
        let length = usize::try_from(length).ok().filter(|length| *length <= COMMIT_BYTES_MAX);
        let length = length.ok_or_else(|| self.damaged("a commit is larger than a commit may be"))?;
        let bytes = self.take::<HEADER>("expected the rest of a commit")?;
        let mut fields = Fields(&bytes);
        let header = CommitHeader {
            org: self.org,
            first_seq: u64::from_be_bytes(fields.take()),
            event_count: u32::from_be_bytes(fields.take()),
            recorded_at: Timestamp(i64::from_be_bytes(fields.take())),
            codec: u16::from_be_bytes(fields.take()),
            base_id: Uuid::from_bytes(fields.take()),
            prev_hash: fields.take(),
            tree_root: fields.take(),
        };
        let hash: Hash = fields.take();
        if i64::try_from(header.first_seq).is_err() {
            return Err(self.damaged("a position is out of range"));
        }
        let payload = self.payload(length)?;
        self.commits += 1;
        Ok(Some(Commit { header, hash, payload }))
    }

    /// Room grows with what arrives: a wrong length costs nothing.
    fn payload(&mut self, length: usize) -> Result<Vec<u8>, ArchiveError> {
        let mut payload = Vec::with_capacity(length.min(ROOM));
        let got = (&mut self.from).take(length as u64).read_to_end(&mut payload)?;
        self.offset += got as u64;
        if got < length { Err(self.damaged("expected the rest of a payload")) } else { Ok(payload) }
    }

    fn end(&mut self) -> Result<Option<Commit>, ArchiveError> {
        let commits = u64::from_be_bytes(self.take("expected the number of commits")?);
        if commits != self.commits {
            return Err(self.damaged("the archive says that it holds another number of commits"));
        }
        let mut more = [0];
        if fill(&mut self.from, &mut more)? > 0 {
            return Err(self.damaged("bytes follow the archive's end"));
        }
        Ok(None)
    }
}

impl<R: Read> Iterator for ArchiveReader<R> {
    type Item = Result<Commit, ArchiveError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let next = self.read().transpose();
        self.ended = !matches!(next, Some(Ok(_)));
        next
    }
}

/// Reads until the buffer is full or the file ends; answers how many bytes.
fn fill(from: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut got = 0;
    while got < buffer.len() {
        match from.read(&mut buffer[got..]) {
            Ok(0) => break,
            Ok(more) => got += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(got)
}

/// Takes fields of known width from the front.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        match self.0.split_first_chunk::<N>() {
            Some((first, rest)) => {
                self.0 = rest;
                *first
            }
            None => [0; N], // the widths above add up
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Vec<Commit> {
        (1..4_u8)
            .map(|n| {
                let header = CommitHeader {
                    org: Uuid::from_u128(7),
                    first_seq: u64::from(n),
                    event_count: 1,
                    recorded_at: Timestamp(-5),
                    codec: 1,
                    base_id: Uuid::from_u128(9),
                    prev_hash: [n; 32],
                    tree_root: [n + 1; 32],
                };
                Commit { header, hash: [n + 2; 32], payload: vec![n; usize::from(n) * 100] }
            })
            .collect()
    }

    fn written() -> Vec<u8> {
        let mut writer = ArchiveWriter::new(Vec::new(), Uuid::from_u128(7)).unwrap();
        sample().iter().for_each(|commit| writer.push(commit).unwrap());
        writer.finish().unwrap()
    }

    #[test]
    fn what_is_written_is_read() {
        let bytes = written();
        let reader = ArchiveReader::new(bytes.as_slice()).unwrap();
        assert_eq!(reader.org(), Uuid::from_u128(7));
        assert_eq!(reader.collect::<Result<Vec<_>, _>>().unwrap(), sample());
    }

    #[test]
    fn every_cut_and_every_addition_is_noticed() {
        let bytes = written();
        for end in 0..bytes.len() {
            let whole = ArchiveReader::new(&bytes[..end]).and_then(Iterator::collect::<Result<Vec<_>, _>>);
            assert!(whole.is_err(), "{end} of {} bytes", bytes.len());
        }
        let longer = [bytes.as_slice(), b"x"].concat();
        assert!(ArchiveReader::new(longer.as_slice()).unwrap().any(|commit| commit.is_err()));
    }

    #[test]
    fn other_files_are_refused_in_words() {
        for (bytes, said) in [
            (&b""[..], "no ledger archive"),
            (b"PK\x03\x04 something else that is long enough to be an archive's first line", "no ledger archive"),
            (b"ledger-archive 2 00000000-0000-0000-0000-000000000007\n", "use a newer ledgerd"),
            (b"ledger-archive 1 00000000-0000-0000-0000-00000000000x\n", "no ledger archive"),
        ] {
            let error = ArchiveReader::new(bytes).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
    }
}
