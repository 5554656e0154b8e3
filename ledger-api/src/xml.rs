//! XML read piece by piece, with the line of every element and limits on everything that could grow.
//!
//! Formats (camt.053, SAF-T) walk the outer elements and take the inner ones as small trees. Documents with a
//! DOCTYPE are refused, so there are no entities to expand; what an element means is the formats' business.

use std::io::{BufRead, BufReader, Read};
use std::sync::Arc;

use ledger_core::Text;
use quick_xml::Reader;
use quick_xml::events::{BytesRef, BytesStart, Event};

use crate::import::source::{Place, ReadError, SourceError};

/// Elements inside each other at most.
const DEPTH_MAX: usize = 64;
/// Bytes between two marks (one tag, one text) at most.
const TOKEN_BYTES_MAX: u64 = 1 << 20;
/// Bytes of the source of a piece that is taken as a tree.
const TREE_BYTES_MAX: u64 = 64 << 20;

/// An element with everything in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Element {
    /// Its name without a prefix.
    pub name: Text,
    /// Line of its opening tag, from 1.
    pub line: u32,
    /// Attributes with their names as they stand, prefix included.
    pub attributes: Vec<(Text, Text)>,
    /// Its own text (not its children's), trimmed.
    pub text: Text,
    /// Its children in order.
    pub children: Vec<Self>,
}

impl Element {
    /// The first child of a name.
    #[must_use]
    pub fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// All children of a name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The element at a path of names with `/` between them, the first of each name.
    #[must_use]
    pub fn at(&self, path: &str) -> Option<&Self> {
        path.split('/').try_fold(self, |element, name| element.child(name))
    }

    /// The text at a path, where there is some.
    #[must_use]
    pub fn text_at(&self, path: &str) -> Option<&str> {
        self.at(path).map(|element| element.text.as_str()).filter(|text| !text.is_empty())
    }

    /// An attribute's value.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// This element and all below it of a name, outermost first.
    #[must_use]
    pub fn descendants<'a>(&'a self, name: &str) -> Vec<&'a Self> {
        let (mut found, mut left) = (Vec::new(), vec![self]);
        while let Some(element) = left.pop() {
            if element.name == name {
                found.push(element);
            }
            left.extend(element.children.iter().rev());
        }
        found
    }
}

/// One step through a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// An opening tag: name, line and attributes; children come as further nodes.
    Open(Element),
    /// A closing tag and the text since the last tag.
    Close(Text, Text),
    /// The document is over and complete.
    End,
}

/// A document that is being read.
pub struct Xml<R> {
    reader: Reader<Counted<R>>,
    file: Arc<str>,
    open: Vec<Text>,
    /// An empty element is an opening and a closing tag: the second is still due.
    empty: bool,
    buffer: Vec<u8>,
    any_encoding: bool,
    begun: bool,
}

impl<R: Read> Xml<R> {
    /// Reads a document of at most `bytes_max` bytes, called `file` in messages.
    pub fn new(source: R, file: Arc<str>, bytes_max: u64) -> Self {
        let inner = BufReader::with_capacity(64 << 10, source);
        let counted = Counted { inner, line: 1, bytes: 0, token_at: 0, bytes_max };
        let mut reader = Reader::from_reader(counted);
        reader.config_mut().check_end_names = true;
        Self { reader, file, open: Vec::new(), empty: false, buffer: Vec::new(), any_encoding: false, begun: false }
    }

    /// The text was decoded before: what the declaration says about its encoding no longer matters.
    #[must_use]
    pub fn decoded(mut self) -> Self {
        self.any_encoding = true;
        self
    }

    /// The file as messages name it.
    #[must_use]
    pub fn file(&self) -> &Arc<str> {
        &self.file
    }

    /// The line that is being read, from 1.
    #[must_use]
    pub fn line(&self) -> u32 {
        self.reader.get_ref().line
    }

    /// A refusal at a line of this document.
    #[must_use]
    pub fn error(&self, line: u32, problem: impl Into<String>) -> ReadError {
        let place = Place { file: self.file.clone(), line, column: 0 };
        ReadError::Source(Box::new(SourceError { place, problem: problem.into(), found: None, remedy: None, text: None }))
    }

    /// The next tag.
    ///
    /// # Errors
    /// What is not well-formed, too large, or not UTF-8, with its line.
    pub fn step(&mut self) -> Result<Node, ReadError> {
        if std::mem::take(&mut self.empty) {
            return Ok(Node::Close(self.open.pop().unwrap_or_default(), Text::default()));
        }
        let mut text = Text::default();
        loop {
            let line = self.line();
            let source = self.reader.get_mut();
            source.token_at = source.bytes;
            let mut buffer = std::mem::take(&mut self.buffer);
            buffer.clear();
            let event = match self.reader.read_event_into(&mut buffer) {
                Ok(event) => event,
                Err(error) => return Err(self.broken(error)),
            };
            let taken = self.take(&event, line, &mut text);
            drop(event);
            self.buffer = buffer;
            if let Some(node) = taken? {
                return Ok(node);
            }
        }
    }

    fn take(&mut self, event: &Event<'_>, line: u32, text: &mut Text) -> Result<Option<Node>, ReadError> {
        match event {
            Event::Start(tag) => {
                text.clear();
                return self.opened(tag, line).map(Some);
            }
            Event::Empty(tag) => {
                text.clear();
                self.empty = true;
                return self.opened(tag, line).map(Some);
            }
            Event::End(_) => {
                let name = self.open.pop().unwrap_or_default();
                return Ok(Some(Node::Close(name, text.trim().into())));
            }
            Event::Text(piece) => text.push_str(&piece.xml10_content()),
            Event::CData(piece) => text.push_str(&piece.xml10_content()),
            Event::GeneralRef(reference) => text.push(self.referred(reference, line)?),
            Event::DocType(_) => {
                return Err(self.error(line, "the document has a DOCTYPE, which is not accepted: it could define entities"));
            }
            Event::Decl(declaration) if !self.any_encoding => {
                if let Some(Ok(encoding)) = declaration.encoding()
                    && !["utf-8", "utf8", "us-ascii", "ascii"].contains(&encoding.to_ascii_lowercase().as_str())
                {
                    return Err(self.error(line, format!("the document is in {encoding}, expected UTF-8")));
                }
            }
            Event::Decl(_) | Event::Comment(_) | Event::PI(_) => {}
            Event::Eof => {
                return match self.open.last() {
                    Some(name) => Err(self.error(self.line(), format!("the document ends inside <{name}>: it is cut off"))),
                    None if !self.begun => Err(self.error(1, "the document is empty, expected XML")),
                    None => Ok(Some(Node::End)),
                };
            }
        }
        if self.open.is_empty() && !text.trim().is_empty() {
            return Err(self.error(line, "text outside of the document's element, expected XML"));
        }
        Ok(None)
    }

    fn opened(&mut self, tag: &BytesStart<'_>, line: u32) -> Result<Node, ReadError> {
        if self.open.len() >= DEPTH_MAX {
            return Err(self.error(line, format!("elements stand more than {DEPTH_MAX} deep in each other")));
        }
        let mut element = Element { name: tag.local_name().as_ref().into(), line, ..Element::default() };
        for attribute in tag.attributes() {
            let attribute = attribute.map_err(|error| self.error(line, format!("a broken attribute in <{}>: {error}", element.name)))?;
            let value = attribute.normalized_value(quick_xml::XmlVersion::Implicit1_0);
            let value = value.map_err(|error| self.error(line, format!("a broken attribute in <{}>: {error}", element.name)))?;
            element.attributes.push((attribute.key.as_ref().into(), value.as_ref().into()));
        }
        self.open.push(element.name.clone());
        self.begun = true;
        Ok(Node::Open(element))
    }

    /// The five names that XML itself has, and characters by number.
    fn referred(&self, reference: &BytesRef<'_>, line: u32) -> Result<char, ReadError> {
        if reference.is_char_ref() {
            let resolved = reference.resolve_char_ref().ok().flatten();
            return resolved.ok_or_else(|| self.error(line, format!("&{}; is no character", &**reference)));
        }
        match &**reference {
            "amp" => Ok('&'),
            "lt" => Ok('<'),
            "gt" => Ok('>'),
            "quot" => Ok('"'),
            "apos" => Ok('\''),
            name => Err(self.error(line, format!("the entity &{name}; is not known; only &amp; &lt; &gt; &quot; &apos; are"))),
        }
    }

    fn broken(&self, error: quick_xml::Error) -> ReadError {
        let line = self.line();
        match error {
            quick_xml::Error::Io(error) => match error.get_ref().and_then(|inner| inner.downcast_ref::<TooLarge>()) {
                Some(limit) => self.error(line, limit.to_string()),
                None => {
                    let place = Place { file: self.file.clone(), line, column: 0 };
                    ReadError::Io { place, error: std::io::Error::new(error.kind(), error.to_string()) }
                }
            },
            quick_xml::Error::Encoding(_) => self.error(line, "bytes that are not UTF-8"),
            other => self.error(line, format!("the XML is broken: {other}")),
        }
    }

    /// Everything inside an element that was just opened.
    ///
    /// # Errors
    /// As [`Xml::step`]; and a piece that is too large.
    pub fn tree(&mut self, root: Element) -> Result<Element, ReadError> {
        let begin = self.reader.get_ref().bytes;
        let mut above = Vec::new();
        let mut current = root;
        loop {
            if self.reader.get_ref().bytes - begin > TREE_BYTES_MAX {
                return Err(self.error(current.line, format!("<{}> is larger than {} MiB", current.name, TREE_BYTES_MAX >> 20)));
            }
            match self.step()? {
                Node::Open(child) => above.push(std::mem::replace(&mut current, child)),
                Node::Close(_, text) => {
                    if current.children.is_empty() {
                        current.text = text;
                    }
                    let Some(mut parent) = above.pop() else { return Ok(current) };
                    parent.children.push(current);
                    current = parent;
                }
                Node::End => return Err(self.error(current.line, format!("<{}> is not closed", current.name))),
            }
        }
    }

    /// Passes over everything inside an element that was just opened.
    ///
    /// # Errors
    /// As [`Xml::step`].
    pub fn skip(&mut self) -> Result<(), ReadError> {
        let mut depth = 1_usize;
        while depth > 0 {
            match self.step()? {
                Node::Open(_) => depth += 1,
                Node::Close(..) => depth -= 1,
                Node::End => return Ok(()),
            }
        }
        Ok(())
    }
}

/// A limit was reached.
#[derive(Debug, thiserror::Error)]
enum TooLarge {
    #[error("a tag or text is longer than {} KiB", TOKEN_BYTES_MAX >> 10)]
    Token,
    #[error("the file is larger than {} MiB", .0 >> 20)]
    File(u64),
}

/// Counts lines and bytes on their way to the parser.
struct Counted<R> {
    inner: BufReader<R>,
    line: u32,
    bytes: u64,
    token_at: u64,
    bytes_max: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
        let ready = self.fill_buf()?;
        let count = ready.len().min(to.len());
        to[..count].copy_from_slice(&ready[..count]);
        self.consume(count);
        Ok(count)
    }
}

impl<R: Read> BufRead for Counted<R> {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        if self.bytes > self.bytes_max {
            return Err(std::io::Error::other(TooLarge::File(self.bytes_max)));
        }
        if self.bytes - self.token_at > TOKEN_BYTES_MAX {
            return Err(std::io::Error::other(TooLarge::Token));
        }
        self.inner.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        let lines = self.inner.buffer().iter().take(amount).filter(|byte| **byte == b'\n').count();
        self.line = self.line.saturating_add(u32::try_from(lines).unwrap_or(u32::MAX));
        self.bytes += amount as u64;
        self.inner.consume(amount);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Element, String> {
        let mut xml = Xml::new(text.as_bytes(), "x.xml".into(), 4 << 20);
        let Node::Open(root) = xml.step().map_err(|error| error.to_string())? else { return Err("no element".to_owned()) };
        let tree = xml.tree(root).map_err(|error| error.to_string())?;
        match xml.step().map_err(|error| error.to_string())? {
            Node::End => Ok(tree),
            node => Err(format!("{node:?} after the document's element")),
        }
    }

    #[test]
    fn a_tree_has_names_texts_and_lines() {
        let text = "\u{feff}<?xml version='1.0'?>\r\n<!-- a --><n:a xmlns:n='u'>\r\n <n:b c='1 &amp; 2'> x &lt;&#228;<![CDATA[<y>]]> </n:b>\n <d/>\n</n:a>\n";
        let tree = read(text).unwrap();
        assert_eq!((tree.name.as_str(), tree.line, tree.attribute("xmlns:n")), ("a", 2, Some("u")));
        assert_eq!((tree.text_at("b"), tree.child("b").unwrap().attribute("c")), (Some("x <ä<y>"), Some("1 & 2")));
        assert_eq!((tree.child("d").unwrap().line, tree.text_at("d")), (4, None));
    }

    #[test]
    fn what_is_broken_or_hostile_is_refused_with_its_line() {
        let deep = "<a>".repeat(DEPTH_MAX + 1);
        let long = format!("<a>{}</a>", "x".repeat(2 << 20));
        let large = format!("<a>{}</a>", "<b>x</b>".repeat(1 << 20));
        for (text, expected) in [
            ("", "x.xml:1: the document is empty"),
            ("plain", "expected XML"),
            ("<a>\n<b></a>", "x.xml:2: the XML is broken"),
            ("<a>\n<b>", "x.xml:2: the document ends inside <b>"),
            ("<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>", "DOCTYPE"),
            ("<a>\n&x;</a>", "x.xml:2: the entity &x; is not known"),
            ("<?xml version=\"1.0\" encoding=\"UTF-16\"?><a/>", "UTF-16, expected UTF-8"),
            (deep.as_str(), "64 deep"),
            (long.as_str(), "longer than 1024 KiB"),
            (large.as_str(), "larger than 4 MiB"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(expected), "{error} instead of {expected}");
        }
        let mut xml = Xml::new(&b"<a>\xff</a>"[..], "x.xml".into(), 1 << 20);
        xml.step().unwrap();
        assert!(xml.step().unwrap_err().to_string().contains("not UTF-8"));
    }
}
