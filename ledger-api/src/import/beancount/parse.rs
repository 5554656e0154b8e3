//! The grammar of dated and undated directives. Transactions have their own file (`parse_txn`).
//!
//! A fault spoils one directive: reading goes on at the next line that begins one.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::ast::{Balance, CommodityDirective, Directive, Fault, Kind, Meta, Method, Open, Parse, Pos};
use super::cursor::Cursor;
use super::expr;
use super::names::{AccountId, CurrencyId, Names};
use super::settings::{Outcome, Plugin, Settings};

/// What all files together yield.
#[derive(Debug, Default)]
pub(super) struct Parsed<'a> {
    pub(super) names: Names<'a>,
    pub(super) settings: Settings,
    pub(super) directives: Vec<Directive<'a>>,
    pub(super) commodities: Vec<CommodityDirective<'a>>,
    /// File, place, end and pattern of each include line.
    pub(super) includes: Vec<Include>,
    /// Text of options, plugins and declarations: what a part of the file needs in front of it to be read alone.
    pub(super) preamble: Vec<(u32, u32, u32)>,
    pub(super) counts: BTreeMap<String, u64>,
}

/// An include line.
#[derive(Clone, Debug)]
pub(super) struct Include {
    pub(super) pos: Pos,
    pub(super) end: u32,
    pub(super) pattern: String,
}

/// A directive that cannot be read, with the end of its text.
pub(super) struct Refusal {
    pub(super) start: u32,
    pub(super) end: u32,
    pub(super) fault: Box<Fault>,
}

/// One file being read.
pub(super) struct Parser<'a, 'p> {
    pub(super) cursor: Cursor<'a>,
    pub(super) out: &'p mut Parsed<'a>,
    pub(super) file: u32,
    /// Tags pushed and not yet popped.
    pub(super) tags: Vec<(&'a str, Pos)>,
    /// Metadata pushed and not yet popped.
    pub(super) meta: Vec<Meta<'a>>,
    bad_lines: &'p [u32],
}

type Refuse<'r> = dyn FnMut(Refusal) + 'r;

const UNDATED: &[&str] = &["option", "include", "plugin", "pushtag", "poptag", "pushmeta", "popmeta"];

/// Reads one file into `out`. `bad_lines` are lines with bytes that were no UTF-8; what stands on them is refused.
pub(super) fn parse_file<'a>(text: &'a str, file: u32, bad_lines: &[u32], out: &mut Parsed<'a>, refuse: &mut Refuse<'_>) {
    let mut parser = Parser { cursor: Cursor::new(text), out, file, tags: Vec::new(), meta: Vec::new(), bad_lines };
    parser.run(text, refuse);
}

impl<'a> Parser<'a, '_> {
    fn run(&mut self, text: &'a str, refuse: &mut Refuse<'_>) {
        while let Some(byte) = self.cursor.peek() {
            if matches!(byte, b'*' | b':' | b'#' | b'!' | b'&' | b'?' | b'%' | b';' | b'\n') {
                self.cursor.skip_line();
                continue;
            }
            if matches!(byte, b' ' | b'\t' | b'\r') && self.cursor.clone().at_line_end() {
                self.cursor.skip_line();
                continue;
            }
            let start = self.cursor.clone();
            let read = self.directive().and_then(|()| self.readable_bytes(start.pos().line));
            if let Err(fault) = read {
                let fault = unclosed_quote(text, &start, fault);
                self.resume_after(&start);
                let (from, end) = (start.pos().offset, self.cursor.pos().offset);
                refuse(Refusal { start: from, end, fault });
            }
        }
        self.unbalanced(refuse);
    }

    /// Moves to the next line after `start` that begins a directive, a heading or a comment.
    fn resume_after(&mut self, start: &Cursor<'a>) {
        self.cursor = start.clone();
        loop {
            self.cursor.skip_line();
            let begins = match self.cursor.peek() {
                None | Some(b'*' | b';') => true,
                Some(b'0'..=b'9') => self.cursor.at_date(),
                Some(b'a'..=b'z') => UNDATED.contains(&self.cursor.clone().keyword()),
                Some(_) => false,
            };
            if begins {
                return;
            }
        }
    }

    fn readable_bytes(&mut self, from: u32) -> Parse<()> {
        let to = self.cursor.pos().line;
        let first = self.bad_lines.partition_point(|line| *line < from);
        match self.bad_lines.get(first) {
            Some(line) if *line < to || (*line == to && self.cursor.peek().is_none()) => {
                self.undo(from);
                Err(Fault::new(Pos { offset: u32::MAX, line: *line }, "this line has bytes that are not UTF-8")
                    .remedy("save the file as UTF-8"))
            }
            _ => Ok(()),
        }
    }

    /// Takes back what a directive that began on `line` has left.
    fn undo(&mut self, line: u32) {
        let file = self.file;
        self.out.directives.pop_if(|directive| directive.file == file && directive.pos.line == line);
        self.out.commodities.pop_if(|directive| directive.file == file && directive.pos.line == line);
    }

    fn unbalanced(&mut self, refuse: &mut Refuse<'_>) {
        let tags = self.tags.drain(..).map(|(tag, pos)| (format!("#{tag}"), format!("poptag #{tag}"), pos));
        let metas = self.meta.drain(..).map(|meta| (format!("{}:", meta.key), format!("popmeta {}:", meta.key), meta.pos));
        for (found, pop, pos) in tags.chain(metas) {
            let fault = Fault::new(pos, "this is pushed and never popped in the same file").found(found).remedy(format!("add `{pop}`"));
            refuse(Refusal { start: pos.offset, end: pos.offset, fault });
        }
    }

    fn directive(&mut self) -> Parse<()> {
        match self.cursor.peek() {
            Some(b' ' | b'\t') => Err(self
                .cursor
                .unexpected("this indented line belongs to no directive")
                .remedy("remove the blank or unindented comment line before it, which ends a transaction in beancount")),
            Some(b'0'..=b'9') => self.dated(),
            Some(b'a'..=b'z') => self.undated(),
            _ => Err(self.cursor.unexpected("expected a date or a directive at the beginning of the line")),
        }
    }

    fn undated(&mut self) -> Parse<()> {
        let pos = self.cursor.pos();
        let word = self.cursor.keyword();
        match word {
            "option" => self.option(pos),
            "include" => {
                let pattern = self.cursor.string()?.into_owned();
                self.cursor.line_end()?;
                let end = self.cursor.pos().offset;
                self.out.includes.push(Include { pos, end, pattern });
                Ok(())
            }
            "plugin" => {
                let name = self.cursor.string()?;
                if !self.cursor.at_line_end() {
                    self.cursor.string()?;
                }
                self.cursor.line_end()?;
                self.plugin(pos, &name)
            }
            "pushtag" | "poptag" => self.push_or_pop_tag(pos, word == "pushtag"),
            "pushmeta" => {
                self.cursor.blanks();
                let meta = self.key_value()?;
                self.cursor.line_end()?;
                self.meta.push(Meta { pos, ..meta });
                Ok(())
            }
            "popmeta" => {
                self.cursor.blanks();
                let key = self.cursor.key()?;
                self.cursor.line_end()?;
                let Some(at) = self.meta.iter().rposition(|meta| meta.key == key) else {
                    return Err(Fault::new(pos, "this metadata was not pushed before in the same file").found(key));
                };
                self.meta.remove(at);
                Ok(())
            }
            _ => Err(Fault::new(pos, "expected a dated directive, option, include, plugin, pushtag, poptag, pushmeta or popmeta")
                .found(if word.is_empty() { self.cursor.word() } else { word.to_owned() })),
        }
    }

    fn option(&mut self, pos: Pos) -> Parse<()> {
        let key = self.cursor.string()?;
        self.cursor.blanks();
        let value_pos = self.cursor.pos();
        let value = self.cursor.string()?;
        self.cursor.line_end()?;
        match self.out.settings.set(&key, &value, self.file == 0) {
            Ok(Outcome::Taken) => self.out.preamble.push((self.file, pos.offset, self.cursor.pos().offset)),
            Ok(Outcome::Elsewhere) => self.count("options of included files ignored (beancount takes them from the first file)"),
            Ok(Outcome::Plugin) => self.plugin(pos, &value)?,
            Err(problem) if problem.starts_with("beancount has no") => return Err(Fault::new(pos, problem).found(key)),
            Err(problem) => return Err(Fault::new(value_pos, problem).found(value)),
        }
        Ok(())
    }

    fn plugin(&mut self, pos: Pos, name: &str) -> Parse<()> {
        match self.out.settings.plugin(name) {
            Plugin::Done => {
                self.count(&format!("plugins applied: {name}"));
                self.out.preamble.push((self.file, pos.offset, self.cursor.pos().offset));
            }
            Plugin::Checks => self.count(&format!("plugins ignored that only check: {name}")),
            Plugin::Unknown => self.count(&format!("plugins ignored, effect unknown: {name}")),
            Plugin::ChangesBooks => {
                return Err(Fault::new(pos, "this plugin adds or changes entries and is not run here")
                    .found(name)
                    .remedy("write its result into the file (`bean-report FILE print` or beancount.parser.printer) and remove the line"));
            }
        }
        Ok(())
    }

    fn push_or_pop_tag(&mut self, pos: Pos, push: bool) -> Parse<()> {
        self.cursor.blanks();
        let Some(tag) = self.cursor.tag(b'#') else {
            return Err(self.cursor.unexpected("expected a tag such as #trip"));
        };
        self.cursor.line_end()?;
        if push {
            self.tags.push((tag, pos));
            return Ok(());
        }
        let Some(at) = self.tags.iter().position(|(pushed, _)| *pushed == tag) else {
            return Err(Fault::new(pos, "this tag was not pushed before in the same file").found(format!("#{tag}")));
        };
        self.tags.remove(at);
        Ok(())
    }

    fn dated(&mut self) -> Parse<()> {
        let pos = self.cursor.pos();
        let date = self.cursor.date()?;
        self.cursor.blanks();
        let word_pos = self.cursor.pos();
        let word = self.cursor.keyword();
        let kind = match word {
            "open" => self.open(pos)?,
            "close" => {
                let account = self.account()?;
                self.tail()?;
                Kind::Close(account)
            }
            "balance" => self.balance()?,
            "pad" => {
                let account = self.account()?;
                let source = self.account()?;
                self.tail()?;
                Kind::Pad { account, source }
            }
            "price" => {
                let base = self.currency()?;
                self.cursor.blanks();
                let rate = expr::number(&mut self.cursor)?;
                let quote = self.currency()?;
                self.tail()?;
                Kind::Price { base, rate, quote }
            }
            "commodity" => return self.commodity(pos),
            "event" | "query" | "note" | "document" | "custom" => return self.counted(word),
            "txn" | "" => Kind::Txn(Box::new(self.transaction(word == "txn")?)),
            _ => {
                return Err(Fault::new(
                    word_pos,
                    "expected a flag, txn, open, close, balance, pad, price, commodity, event, query, note, document or custom",
                )
                .found(word));
            }
        };
        let end = self.cursor.pos().offset;
        self.out.directives.push(Directive { date, file: self.file, pos, end, kind });
        Ok(())
    }

    fn open(&mut self, pos: Pos) -> Parse<Kind<'a>> {
        let account = self.account()?;
        let mut currencies = Vec::new();
        self.cursor.blanks();
        if self.cursor.currency_len() > 0 {
            currencies.push(self.currency()?);
            self.cursor.blanks();
            while self.cursor.eat(b',') {
                currencies.push(self.currency()?);
                self.cursor.blanks();
            }
        }
        let mut booking = None;
        if self.cursor.peek() == Some(b'"') {
            let at = self.cursor.pos();
            let word = self.cursor.string()?;
            booking = Some(
                Method::parse(&word)
                    .ok_or_else(|| Fault::new(at, format!("expected a booking method: {}", Method::WORDS)).found(word.clone()))?,
            );
        }
        self.tail()?;
        self.out.preamble.push((self.file, pos.offset, self.cursor.pos().offset));
        Ok(Kind::Open(Box::new(Open { account, currencies, booking })))
    }

    fn balance(&mut self) -> Parse<Kind<'a>> {
        let account = self.account()?;
        self.cursor.blanks();
        let number_pos = self.cursor.pos();
        let number = expr::number(&mut self.cursor)?;
        self.cursor.blanks();
        let mut tolerance = None;
        if self.cursor.eat(b'~') {
            self.cursor.blanks();
            tolerance = Some(expr::number(&mut self.cursor)?);
        }
        let currency = self.currency()?;
        self.tail()?;
        Ok(Kind::Balance(Box::new(Balance { account, number, number_pos, tolerance, currency })))
    }

    fn commodity(&mut self, pos: Pos) -> Parse<()> {
        let currency = self.currency()?;
        let meta = self.tail()?;
        let end = self.cursor.pos().offset;
        self.out.preamble.push((self.file, pos.offset, end));
        self.out.commodities.push(CommodityDirective { file: self.file, pos, end, currency, meta });
        Ok(())
    }

    /// Directives without effect on the books: read for their syntax and counted.
    fn counted(&mut self, word: &str) -> Parse<()> {
        match word {
            "event" | "query" => {
                self.cursor.string()?;
                self.cursor.string()?;
            }
            "note" | "document" => {
                self.cursor.account()?;
                self.cursor.string()?;
                self.tags_and_links(&mut Vec::new(), &mut Vec::new());
            }
            _ => {
                self.cursor.string()?;
                while !self.cursor.at_line_end() {
                    self.value()?;
                }
            }
        }
        self.tail()?;
        self.count(&format!("{word} directives ignored"));
        Ok(())
    }

    /// The end of a directive's first line and its metadata.
    fn tail(&mut self) -> Parse<Vec<Meta<'a>>> {
        self.cursor.line_end()?;
        let mut meta = Vec::new();
        while self.body_line() {
            meta.push(self.key_value()?);
            self.cursor.line_end()?;
        }
        Ok(meta)
    }

    /// Moves to the content of the next indented line, over comments; `false` when the directive has ended.
    pub(super) fn body_line(&mut self) -> bool {
        while matches!(self.cursor.peek(), Some(b' ' | b'\t')) {
            let mut ahead = self.cursor.clone();
            ahead.blanks();
            if ahead.at_newline() {
                return false;
            }
            self.cursor = ahead;
            if self.cursor.peek() != Some(b';') {
                return true;
            }
            self.cursor.skip_line();
        }
        false
    }

    pub(super) fn key_value(&mut self) -> Parse<Meta<'a>> {
        let pos = self.cursor.pos();
        let key = self.cursor.key()?;
        let value = if self.cursor.at_line_end() { None } else { self.value()? };
        Ok(Meta { key, value, pos })
    }

    /// A value of metadata or of a custom directive, as text.
    fn value(&mut self) -> Parse<Option<Cow<'a, str>>> {
        self.cursor.blanks();
        if self.cursor.at_date() {
            return Ok(Some(Cow::Owned(self.cursor.date()?.to_string())));
        }
        if expr::at_number(&self.cursor) {
            let number = expr::number(&mut self.cursor)?;
            self.cursor.blanks();
            return Ok(Some(Cow::Owned(match self.cursor.currency() {
                Some(currency) => format!("{number} {currency}"),
                None => number.to_string(),
            })));
        }
        if self.cursor.peek() == Some(b'"') {
            return self.cursor.string().map(Some);
        }
        if let Some(tag) = self.cursor.tag(b'#') {
            return Ok(Some(Cow::Borrowed(tag)));
        }
        if self.cursor.account_len() > 0 {
            return Ok(Some(Cow::Borrowed(self.cursor.account()?)));
        }
        if let Some(currency) = self.cursor.currency() {
            return Ok(Some(Cow::Borrowed(currency)));
        }
        for (word, value) in [("TRUE", Some("TRUE")), ("FALSE", Some("FALSE")), ("NULL", None)] {
            if self.cursor.word() == word {
                word.bytes().for_each(|_| self.cursor.bump());
                return Ok(value.map(Cow::Borrowed));
            }
        }
        Err(self.cursor.unexpected("expected a text in quotes, an account, a date, a commodity, a tag, a number or an amount"))
    }

    pub(super) fn tags_and_links(&mut self, tags: &mut Vec<&'a str>, links: &mut Vec<&'a str>) {
        loop {
            self.cursor.blanks();
            if let Some(tag) = self.cursor.tag(b'#') {
                tags.push(tag);
            } else if let Some(link) = self.cursor.tag(b'^') {
                links.push(link);
            } else {
                return;
            }
        }
    }

    pub(super) fn account(&mut self) -> Parse<AccountId> {
        let name = self.cursor.account()?;
        Ok(self.out.names.account(name))
    }

    fn currency(&mut self) -> Parse<CurrencyId> {
        self.cursor.blanks();
        match self.cursor.currency() {
            Some(name) => Ok(self.out.names.currency(name)),
            None => Err(self.cursor.unexpected("expected a commodity such as USD")),
        }
    }

    fn count(&mut self, what: &str) {
        *self.out.counts.entry(what.to_owned()).or_default() += 1;
    }
}

/// A missing closing quote shows far below, where the next text begins: point at the quote instead.
fn unclosed_quote(text: &str, start: &Cursor<'_>, fault: Box<Fault>) -> Box<Fault> {
    let mut probe = start.clone();
    loop {
        match probe.peek() {
            None | Some(b'\n' | b';') => return fault,
            Some(b'"') => {}
            Some(_) => {
                probe.bump();
                continue;
            }
        }
        let open = probe.pos();
        if probe.string().is_err() {
            return fault;
        }
        let close = probe.pos();
        let inside = text.get(open.offset as usize..close.offset as usize).unwrap_or_default();
        if inside.split('\n').skip(1).any(|line| Cursor::new(line).at_date()) {
            return Fault::new(open, "this text seems to have no closing quote: a dated line follows inside it")
                .found(inside.lines().next().unwrap_or_default())
                .remedy("close it with \"");
        }
    }
}
