//! The texts of a source: the first file, and what it includes, in the order in which beancount reads them.
//!
//! beancount books by date over all files together, so texts are held whole; what is parsed borrows from them.

use std::collections::{HashSet, VecDeque};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Options;
use super::ast::{Fault, Pos};
use super::glob;
use super::parse::{Include, Parsed, parse_file};
use crate::import::source::{Place, ReadError, SourceError};

/// One text and how it is called.
#[derive(Debug)]
pub(super) struct SourceFile {
    pub(super) name: Arc<str>,
    pub(super) text: String,
    /// Lines that had bytes which are no UTF-8, ascending.
    pub(super) bad_lines: Vec<u32>,
}

impl SourceFile {
    fn new(name: Arc<str>, bytes: Vec<u8>) -> Result<Self, ReadError> {
        if u32::try_from(bytes.len()).is_err() {
            let error = std::io::Error::other("a beancount file over 4 GiB; split it and include the parts");
            return Err(ReadError::Io { place: Place { file: name, line: 0, column: 0 }, error });
        }
        let (text, bad_lines) = match String::from_utf8(bytes) {
            Ok(text) => (text, Vec::new()),
            Err(error) => {
                let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
                let lines = error.as_bytes().split(|byte| *byte == b'\n').zip(1_u32..);
                (text, lines.filter(|(line, _)| std::str::from_utf8(line).is_err()).map(|(_, no)| no).collect())
            }
        };
        let text = match text.strip_prefix('\u{feff}') {
            Some(rest) => rest.to_owned(),
            None => text,
        };
        Ok(Self { name, text, bad_lines })
    }

    /// A place with its column in characters.
    pub(super) fn place(&self, pos: Pos) -> Place {
        let before = self.text.get(..pos.offset as usize);
        let column = before.map_or(0, |text| {
            let line = &text[text.rfind('\n').map_or(0, |at| at + 1)..];
            u32::try_from(line.chars().count() + 1).unwrap_or(0)
        });
        Place { file: self.name.clone(), line: pos.line, column }
    }

    /// The text from one offset to another, without the last line end.
    pub(super) fn excerpt(&self, start: u32, end: u32) -> String {
        self.text.get(start as usize..end as usize).unwrap_or_default().trim_end_matches(['\n', '\r']).to_owned()
    }

    /// A fault as the sink takes it.
    pub(super) fn refusal(&self, fault: Fault, text: Option<String>) -> SourceError {
        let place = self.place(fault.pos);
        SourceError { place, problem: fault.problem, found: fault.found, remedy: fault.remedy, text }
    }
}

/// Reads the first text and everything it includes. What cannot be included is refused where it is named.
pub(super) fn load(
    mut first: impl Read,
    name: &str,
    folder: &Path,
    options: &Options,
    refused: &mut Vec<SourceError>,
) -> Result<Vec<SourceFile>, ReadError> {
    let name: Arc<str> = name.into();
    let mut bytes = Vec::new();
    first.read_to_end(&mut bytes).map_err(|error| io(name.clone(), error))?;
    let mut seen = HashSet::new();
    seen.extend(std::fs::canonicalize(Path::new(&*name)).ok());
    let mut files = vec![SourceFile::new(name, bytes)?];
    let mut waiting: VecDeque<(usize, PathBuf)> = VecDeque::from([(0, folder.to_path_buf())]);
    while let Some((at, folder)) = waiting.pop_front() {
        for include in includes(&files[at]) {
            if options.refuse_includes {
                let fault = Fault::new(include.pos, "includes are not followed here").found(include.pattern.clone());
                refuse(&files[at], &include, *fault.remedy("import the included file itself"), refused);
                continue;
            }
            let found = glob::expand(&folder.join(&include.pattern));
            if found.is_empty() {
                let fault = Fault::new(include.pos, "no file matches this include").found(include.pattern.clone());
                refuse(&files[at], &include, *fault.remedy("name an existing file, relative to the file with the include"), refused);
            }
            for path in found {
                match read_included(&path, &mut seen) {
                    Ok(bytes) => {
                        let folder = path.parent().unwrap_or(Path::new("")).to_path_buf();
                        files.push(SourceFile::new(path.to_string_lossy().into(), bytes)?);
                        waiting.push_back((files.len() - 1, folder));
                    }
                    Err(problem) => {
                        let fault = Fault::new(include.pos, problem).found(path.to_string_lossy());
                        refuse(&files[at], &include, *fault, refused);
                    }
                }
            }
        }
    }
    Ok(files)
}

fn refuse(file: &SourceFile, include: &Include, fault: Fault, refused: &mut Vec<SourceError>) {
    let text = file.excerpt(include.pos.offset, include.end);
    refused.push(file.refusal(fault, Some(text)));
}

fn read_included(path: &Path, seen: &mut HashSet<PathBuf>) -> Result<Vec<u8>, String> {
    if matches!(path.extension().and_then(|e| e.to_str()), Some("gpg" | "asc")) {
        return Err("an encrypted file cannot be included; decrypt it first".to_owned());
    }
    let full = std::fs::canonicalize(path).map_err(|error| format!("the included file cannot be read: {error}"))?;
    if !seen.insert(full) {
        return Err("this file is included a second time; remove one of the includes".to_owned());
    }
    std::fs::read(path).map_err(|error| format!("the included file cannot be read: {error}"))
}

/// The include lines of a text. They are found by the grammar itself, so that one inside a text in quotes is none.
fn includes(file: &SourceFile) -> Vec<Include> {
    if !file.text.contains("include") {
        return Vec::new();
    }
    let mut parsed = Parsed::default();
    parse_file(&file.text, 1, &file.bad_lines, &mut parsed, &mut |_| ());
    parsed.includes
}

fn io(file: Arc<str>, error: std::io::Error) -> ReadError {
    ReadError::Io { place: Place { file, line: 0, column: 0 }, error }
}
