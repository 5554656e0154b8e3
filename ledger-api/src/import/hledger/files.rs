//! The main file and what it includes, as one stream of blocks.
//!
//! Included files are found relative to the file that includes them, by name or pattern; a file that is being
//! read is not begun again.

use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::blocks::{Block, Blocks};
use crate::import::source::{Place, ReadError};

const DEPTH_MAX: usize = 100;
const FILES_MAX: usize = 100_000;
const MEMORY_BYTES: u64 = 1 << 20;

/// Where the journal comes from; it is read twice.
pub(super) enum Main {
    /// A file.
    Path(PathBuf),
    /// A short stream, kept.
    Memory(String, Arc<[u8]>),
    /// A long stream, kept in a temporary file.
    Spooled(String, File),
}

impl Main {
    /// Takes in a stream that can be read only once.
    ///
    /// # Errors
    /// What the stream or the temporary file says.
    pub(super) fn from_reader(name: &str, mut reader: impl Read) -> io::Result<Self> {
        let mut head = Vec::new();
        reader.by_ref().take(MEMORY_BYTES).read_to_end(&mut head)?;
        if u64::try_from(head.len()).unwrap_or(u64::MAX) < MEMORY_BYTES {
            return Ok(Self::Memory(name.to_owned(), head.into()));
        }
        let mut file = tempfile::tempfile()?;
        io::copy(&mut Cursor::new(head).chain(reader), &mut file)?;
        Ok(Self::Spooled(name.to_owned(), file))
    }

    /// Its name, as the user gave it.
    pub(super) fn name(&self) -> Arc<str> {
        match self {
            Self::Path(path) => path.to_string_lossy().into(),
            Self::Memory(name, _) | Self::Spooled(name, _) => name.as_str().into(),
        }
    }

    fn open(&self) -> io::Result<Frame> {
        let (reader, path, identity): (Box<dyn Read>, _, _) = match self {
            Self::Path(path) => return Frame::open(path),
            Self::Memory(_, bytes) => (Box::new(Cursor::new(Arc::clone(bytes))), PathBuf::new(), PathBuf::new()),
            Self::Spooled(_, file) => {
                let mut file = file.try_clone()?;
                file.seek(SeekFrom::Start(0))?;
                (Box::new(file), PathBuf::new(), PathBuf::new())
            }
        };
        Ok(Frame { blocks: Blocks::new(reader), name: self.name(), path, identity, include: Include::default() })
    }
}

struct Frame {
    blocks: Blocks<Box<dyn Read>>,
    name: Arc<str>,
    path: PathBuf,
    identity: PathBuf,
    include: Include,
}

/// An include directive and the files it names that are not begun yet, the next one last.
#[derive(Default)]
struct Include {
    waiting: Vec<PathBuf>,
    line: u32,
    text: String,
}

impl Frame {
    fn open(path: &Path) -> io::Result<Self> {
        if !path.metadata()?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"));
        }
        let file = File::open(path)?;
        let identity = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let name = path.to_string_lossy().into();
        Ok(Self { blocks: Blocks::new(Box::new(file)), name, path: path.to_owned(), identity, include: Include::default() })
    }
}

/// What comes next in the files.
pub(super) enum Step {
    /// A block; ask [`Files::block`].
    Block,
    /// An included file begins.
    Entered,
    /// An included file cannot be read.
    Refused {
        /// Why.
        problem: String,
        /// Where the include stands.
        line: u32,
        /// The include.
        text: String,
    },
    /// The end of an included file.
    Left,
    /// The end of everything.
    Done,
}

/// The files being read: each includes the next.
pub(super) struct Files {
    stack: Vec<Frame>,
    opened: usize,
}

impl Files {
    /// Begins with the main file.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub(super) fn open(main: &Main) -> Result<Self, ReadError> {
        let frame = main.open().map_err(|error| ReadError::Io { place: Place { file: main.name(), line: 0, column: 0 }, error })?;
        Ok(Self { stack: vec![frame], opened: 1 })
    }

    /// Moves on.
    ///
    /// # Errors
    /// What the system says about the file being read.
    pub(super) fn advance(&mut self) -> Result<Step, ReadError> {
        let Some(frame) = self.stack.last_mut() else { return Ok(Step::Done) };
        if let Some(path) = frame.include.waiting.pop() {
            let (line, text) = (frame.include.line, frame.include.text.clone());
            return Ok(match self.push(&path) {
                Ok(()) => Step::Entered,
                Err(problem) => Step::Refused { problem, line, text },
            });
        }
        match frame.blocks.advance() {
            Ok(true) => return Ok(Step::Block),
            Ok(false) => {}
            Err(error) => {
                let place = Place { file: Arc::clone(&frame.name), line: frame.blocks.line(), column: 0 };
                return Err(ReadError::Io { place, error });
            }
        }
        self.stack.pop();
        Ok(if self.stack.is_empty() { Step::Done } else { Step::Left })
    }

    /// The block that [`Files::advance`] found.
    pub(super) fn block(&self) -> Block<'_> {
        self.stack.last().map_or(Block { bytes: &[], line: 0 }, |frame| frame.blocks.current())
    }

    /// The name of the file being read.
    pub(super) fn name(&self) -> Arc<str> {
        self.stack.last().map(|frame| Arc::clone(&frame.name)).unwrap_or_default()
    }

    /// Puts the files that an include names before what is left of the file being read.
    ///
    /// # Errors
    /// What is wrong with the include, as the problem of a refusal.
    pub(super) fn include(&mut self, pattern: &str, line: u32, text: &str) -> Result<(), String> {
        let Some(frame) = self.stack.last_mut() else { return Ok(()) };
        let mut waiting = super::include::resolve(pattern, &frame.path, &frame.identity)?;
        waiting.reverse();
        frame.include = Include { waiting, line, text: text.to_owned() };
        Ok(())
    }

    fn push(&mut self, path: &Path) -> Result<(), String> {
        let frame = Frame::open(path).map_err(|error| format!("the included file {} cannot be read: {error}", path.display()))?;
        if self.stack.iter().any(|open| open.identity == frame.identity) {
            return Err(format!("{} includes itself", path.display()));
        }
        if self.stack.len() >= DEPTH_MAX || self.opened >= FILES_MAX {
            return Err(format!("more than {DEPTH_MAX} includes inside one another, or {FILES_MAX} in all"));
        }
        self.opened += 1;
        self.stack.push(frame);
        Ok(())
    }
}
