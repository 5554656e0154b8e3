//! The rejects file: the refused pieces as they stood, so that they can be mended and imported again.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Writes refused pieces; the file appears with the first of them.
pub(super) struct Rejects {
    path: PathBuf,
    header: String,
    file: Option<BufWriter<File>>,
}

impl Rejects {
    pub(super) fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), header: String::new(), file: None }
    }

    /// What the file must begin with.
    pub(super) fn header(&mut self, text: &str) {
        text.clone_into(&mut self.header);
    }

    pub(super) fn write(&mut self, text: &str) -> io::Result<()> {
        if self.file.is_none() {
            let mut file = BufWriter::new(File::create(&self.path)?);
            if !self.header.is_empty() {
                writeln!(file, "{}", self.header.trim_end_matches(['\r', '\n']))?;
            }
            self.file = Some(file);
        }
        let Some(file) = &mut self.file else { return Ok(()) };
        writeln!(file, "{}", text.trim_end_matches(['\r', '\n']))
    }

    /// Makes the file durable. Answers its path if there is one.
    pub(super) fn finish(self) -> io::Result<Option<PathBuf>> {
        let Some(file) = self.file else { return Ok(None) };
        file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        Ok(Some(self.path))
    }
}
