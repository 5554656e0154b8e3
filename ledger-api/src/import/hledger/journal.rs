//! The second reading: block after block, directives change the state, entries are settled and handed over.

use std::sync::Arc;

use super::amount::Reader;
use super::assertions::Balances;
use super::balance::settle;
use super::commodities::Commodities;
use super::directive::{self, argument, keyword};
use super::emit::{Counts, emit};
use super::entry::{self, Kind, Pending, Posting};
use super::files::{Files, Main, Step};
use super::scope::{Apply, Scope};
use super::survey::survey;
use super::text::{Fault, Lines, Parsed, fault};
use super::{Dialect, Options};
use crate::import::source::{AccountDecl, Item, Place, ReadError, Sink, SourceNotes, Stop};

/// An import under way.
struct Journal<'s> {
    dialect: Dialect,
    options: &'s Options,
    sink: &'s mut dyn Sink,
    scope: Scope,
    outer: Vec<Scope>,
    commodities: Commodities,
    counts: Counts,
    /// Running balances, where assertions need them.
    balances: Option<Balances>,
    /// Entries waiting for the end, where assertions are checked in date order and the files are not.
    waiting: Option<Vec<Pending>>,
    file: Arc<str>,
    skipping_until: Option<&'static str>,
}

/// What a block asks of the file reader.
enum Next {
    Block,
    Include(String),
}

/// Reads everything.
pub(super) fn read(main: &Main, dialect: Dialect, options: &Options, sink: &mut dyn Sink) -> Result<SourceNotes, ReadError> {
    let found = survey(main, dialect, options, sink)?;
    let mut journal = Journal {
        dialect,
        options,
        sink,
        scope: Scope::new(options.default_year),
        outer: Vec::new(),
        commodities: Commodities::default(),
        counts: Counts::default(),
        balances: found.asserts.then(Balances::default),
        waiting: (found.asserts && found.unsorted).then(Vec::new),
        file: main.name(),
        skipping_until: None,
    };
    for declaration in found.commodities {
        journal.sink.item(Item::Commodity(declaration))?;
    }
    let mut files = Files::open(main)?;
    journal.run(&mut files)?;
    journal.check_waiting()?;
    let Journal { mut counts, commodities, balances, .. } = journal;
    counts.add("balance assertions checked", balances.map_or(0, |balances| balances.checked));
    Ok(counts.notes(&commodities))
}

impl Journal<'_> {
    fn run(&mut self, files: &mut Files) -> Result<(), ReadError> {
        loop {
            match files.advance()? {
                Step::Done => return Ok(()),
                Step::Entered => {
                    self.outer.push(self.scope.clone());
                    self.file = files.name();
                }
                Step::Left => {
                    self.file = files.name();
                    if let Some(before) = self.outer.pop() {
                        self.scope.leave_file(before, self.dialect);
                    }
                }
                Step::Refused { problem, line, text } => self.refuse(&fault_of_include(problem), line, &text)?,
                Step::Block => {
                    let block = files.block();
                    let line = block.line;
                    let Next::Include(pattern) = self.bytes(block.bytes, line)? else { continue };
                    let text = format!("include {pattern}");
                    if let Err(problem) = files.include(&pattern, line, &text) {
                        self.refuse(&fault_of_include(problem), line, &text)?;
                    }
                }
            }
        }
    }

    fn bytes(&mut self, bytes: &[u8], line: u32) -> Result<Next, Stop> {
        match std::str::from_utf8(bytes) {
            Ok(text) => self.block(text, line),
            Err(error) => {
                let text = String::from_utf8_lossy(bytes);
                let problem = fault(error.valid_up_to(), '\u{fffd}'.len_utf8(), "a byte that is not UTF-8 text")
                    .remedy("convert the file to UTF-8, for example with `iconv -f latin1 -t utf8`");
                self.refuse(&problem, line, &text)?;
                Ok(Next::Block)
            }
        }
    }

    fn block(&mut self, text: &str, line: u32) -> Result<Next, Stop> {
        if let Some(end) = self.skipping_until {
            if text.lines().next().is_some_and(|line| line.trim_end() == end) {
                self.skipping_until = None;
            }
            return Ok(Next::Block);
        }
        let done = match text.as_bytes().first() {
            Some(b'0'..=b'9') => self.entry(text, line)?,
            Some(b';' | b'#' | b'*') => self.only_comments(text, 1),
            Some(b'%' | b'|') if self.dialect == Dialect::Ledger => self.only_comments(text, 1),
            Some(b' ' | b'\t') => self.only_comments(text, 0),
            Some(b'~') => {
                self.counts.add("periodic transactions left out", 1);
                Ok(())
            }
            Some(b'=') => self.automated(text),
            Some(b'-') if self.dialect == Dialect::Ledger => {
                self.counts.add("command-line options in the journal ignored", 1);
                Ok(())
            }
            _ => match self.directive(text, line)? {
                Ok(next) => return Ok(next),
                Err(fault) => Err(fault),
            },
        };
        if let Err(fault) = done {
            self.refuse(&fault, line, text)?;
        }
        Ok(Next::Block)
    }

    /// Lines from the `first` on that must hold nothing but comments.
    fn only_comments(&self, text: &str, first: usize) -> Parsed<()> {
        for (start, end) in Lines::new(text).skip(first) {
            let line = text.get(start..end).unwrap_or_default();
            let inner = line.trim_start();
            if !inner.starts_with([';', '#', '*']) {
                return Err(fault(end - inner.len(), inner.len(), "an indented line that belongs to no entry or directive")
                    .remedy("put it under the line that begins its entry, without a blank line between"));
            }
        }
        Ok(())
    }

    fn automated(&mut self, text: &str) -> Parsed<()> {
        if self.options.skip_virtual {
            self.counts.add("automated rules left out", 1);
            return Ok(());
        }
        let end = text.find('\n').unwrap_or(text.len());
        Err(fault(0, end, "an automated rule; its postings cannot be imported")
            .remedy("leave automated and virtual postings out with --skip-virtual"))
    }

    fn reader(&mut self) -> Reader<'_> {
        Reader { dialect: self.dialect, commodities: &mut self.commodities, scope: &self.scope, sink: &*self.sink }
    }

    fn entry(&mut self, text: &str, line: u32) -> Result<Parsed<()>, Stop> {
        let file = Arc::clone(&self.file);
        let mut pending = match entry::entry(&mut self.reader(), &file, text, line) {
            Ok(pending) => pending,
            Err(fault) => return Ok(Err(fault)),
        };
        if !self.options.skip_virtual
            && let Some(posting) = pending.postings.iter().find(|posting| posting.kind != Kind::Real)
        {
            let (start, end) = posting.span;
            return Ok(Err(fault(start, end - start, "a virtual posting; it has no place in balanced books")
                .remedy("leave virtual postings out with --skip-virtual")));
        }
        self.add_bucket(&mut pending);
        if self.dialect == Dialect::Hledger && assigns(&pending) {
            self.strip_prices(&mut pending);
        }
        if self.options.keep_text || self.waiting.is_some() {
            pending.text = Some(text.trim_end_matches(['\n', '\r']).into());
        }
        if let Some(waiting) = &mut self.waiting {
            waiting.push(pending);
            return Ok(Ok(()));
        }
        if let Err(fault) = self.settle(&mut pending) {
            return Ok(Err(fault));
        }
        self.emit(pending)?;
        Ok(Ok(()))
    }

    /// Ledger's bucket takes the other side of an entry with one posting.
    fn add_bucket(&self, pending: &mut Pending) {
        if let (Some(bucket), [only], Dialect::Ledger) = (&self.scope.bucket, pending.postings.as_slice(), self.dialect)
            && only.kind == Kind::Real
        {
            let other =
                Posting { account: bucket.clone(), amount: None, weight: None, assertion: None, date: None, detail: None, ..only.clone() };
            pending.postings.push(other);
        }
    }

    /// hledger does not see prices in an entry with a balance assignment; neither do its users' books.
    fn strip_prices(&mut self, pending: &mut Pending) {
        for posting in pending.postings.iter_mut().filter(|posting| posting.weight.is_some()) {
            posting.weight = None;
            if let Some(detail) = &mut posting.detail {
                detail.rate = None;
            }
            self.counts.add("prices beside a balance assignment ignored, as hledger does", 1);
        }
    }

    fn emit(&mut self, pending: Pending) -> Result<(), Stop> {
        emit(pending, self.options, &mut self.commodities, &mut self.counts, self.sink)
    }

    fn settle(&mut self, pending: &mut Pending) -> Parsed<()> {
        let Some(balances) = &mut self.balances else { return balance(pending, self.options, &self.commodities) };
        if self.dialect == Dialect::Hledger && !assigns(pending) {
            balance(pending, self.options, &self.commodities)?;
            return check_in_order(balances, pending, self.dialect, &self.commodities);
        }
        in_order(balances, pending, self.dialect, &self.commodities, self.options)
    }

    /// hledger's order: entries without assignments are balanced first; then all postings by date.
    fn check_waiting(&mut self) -> Result<(), Stop> {
        let Some(mut waiting) = self.waiting.take() else { return Ok(()) };
        let mut balances = self.balances.take().unwrap_or_default();
        let mut faults: Vec<Option<Box<Fault>>> = Vec::with_capacity(waiting.len());
        let mut order = Vec::new();
        for (index, pending) in waiting.iter_mut().enumerate() {
            let assigns = assigns(pending);
            faults.push(if assigns { None } else { balance(pending, self.options, &self.commodities).err() });
            match (assigns, faults.last()) {
                (_, Some(Some(_))) => {}
                (true, _) => order.push((pending.date, index, None)),
                (false, _) => {
                    order.extend(pending.postings.iter().enumerate().map(|(at, p)| (p.date.unwrap_or(pending.date), index, Some(at))));
                }
            }
        }
        order.sort_by_key(|(date, ..)| *date);
        for (_, index, posting) in order {
            let (Some(pending), Some(slot)) = (waiting.get_mut(index), faults.get_mut(index)) else { continue };
            let checked = match posting {
                None => in_order(&mut balances, pending, self.dialect, &self.commodities, self.options),
                Some(at) => pending.postings.get(at).map_or(Ok(()), |p| add_and_check(&mut balances, p, self.dialect, &self.commodities)),
            };
            if let (Err(fault), None) = (checked, &slot) {
                *slot = Some(fault);
            }
        }
        self.balances = Some(balances);
        let mut entries: Vec<_> = waiting.into_iter().zip(faults).collect();
        entries.sort_by_key(|(pending, _)| pending.date);
        for (pending, fault) in entries {
            match fault {
                None => self.emit(pending)?,
                Some(fault) => {
                    let text = pending.text.as_deref().unwrap_or_default();
                    self.sink.refuse(fault.error(&pending.file, pending.line, text))?;
                }
            }
        }
        Ok(())
    }

    fn refuse(&mut self, fault: &Fault, line: u32, text: &str) -> Result<(), Stop> {
        self.sink.refuse(fault.error(&self.file, line, text))
    }

    fn directive(&mut self, text: &str, line: u32) -> Result<Parsed<Next>, Stop> {
        let (word, rest) = keyword(text);
        let value = argument(rest);
        let whole = text.find('\n').unwrap_or(text.len());
        let wrong = |problem: &str, remedy: &'static str| Ok(Err(fault(0, whole, problem).remedy(remedy)));
        match word {
            "include" if self.options.refuse_includes => {
                return wrong("an include where none is allowed", "put the included text in its place");
            }
            "include" => return Ok(Ok(Next::Include(value.to_owned()))),
            "comment" => self.skipping_until = Some("end comment"),
            "test" => self.skipping_until = Some("end test"),
            "account" => return Ok(self.account(text, rest, line)?.map(|()| Next::Block)),
            "commodity" | "D" => return Ok(self.commodity(word, text).map(|()| Next::Block)),
            "P" => return Ok(self.price(text, line)?.map(|()| Next::Block)),
            "Y" | "year" => match value.parse() {
                Ok(year) => self.scope.year = Some(year),
                Err(_) => return wrong("a year was expected", "write `Y 2026`"),
            },
            "alias" => match self.alias(value) {
                Ok(()) => {}
                Err(problem) => return wrong(problem, "write `alias OLD = NEW` with plain account names"),
            },
            "apply" => {
                if !self.apply(value) {
                    return wrong(
                        "an `apply` that is not known",
                        "expected `apply account NAME`, `apply tag NAME: VALUE` or `apply year 2026`",
                    );
                }
            }
            "end" => {
                if !self.end(value) {
                    return wrong("an `end` without its beginning", "remove it, or write the `apply` that it ends");
                }
            }
            "decimal-mark" => match value {
                "." | "," => self.scope.decimal_mark = value.chars().next(),
                _ => return wrong("a decimal mark was expected", "write `decimal-mark .` or `decimal-mark ,`"),
            },
            "A" | "bucket" => self.scope.bucket = Some(self.scope.account(value, self.dialect)),
            "C" if self.dialect == Dialect::Ledger => {
                return wrong(
                    "a conversion between units; amounts are kept in the unit they are written in",
                    "write the amounts in one unit and remove the directive",
                );
            }
            "i" | "I" | "o" | "O" | "b" | "h" => {
                return wrong("a timeclock entry", "convert it to entries first, for example with `hledger print`");
            }
            "N" | "C" | "payee" | "tag" | "assert" | "check" | "capture" | "define" | "def" | "eval" | "expr" | "python" | "import"
            | "value" | "fixed" | "endfixed" | "pop" | "option" => self.counts.add("directives without effect on the books ignored", 1),
            _ => {
                return wrong(
                    "neither an entry nor a directive",
                    "expected a date at the beginning of an entry, a directive, or `;` before a comment",
                );
            }
        }
        Ok(Ok(Next::Block))
    }

    fn alias(&mut self, value: &str) -> Result<(), &'static str> {
        if value.starts_with('/') {
            return Err("an alias with a regular expression; only plain account names can be replaced");
        }
        match value.split_once('=') {
            Some((alias, account)) if !alias.trim().is_empty() && !account.trim().is_empty() => {
                self.scope.add_alias(alias.trim(), account.trim());
                Ok(())
            }
            _ => Err("an alias without both names"),
        }
    }

    fn apply(&mut self, value: &str) -> bool {
        let (word, rest) = value.split_once([' ', '\t']).unwrap_or((value, ""));
        let rest = rest.trim();
        match word {
            "account" if !rest.is_empty() => self.scope.push(Apply::Account(rest.into())),
            "tag" if !rest.is_empty() => {
                let (key, value) = rest.split_once(':').unwrap_or((rest, ""));
                self.scope.push(Apply::Tag(key.trim().into(), value.trim().into()));
            }
            "year" => {
                let Ok(year) = rest.parse() else { return false };
                self.scope.push(Apply::Year(self.scope.year));
                self.scope.year = Some(year);
            }
            "fixed" | "rate" => self.counts.add("directives without effect on the books ignored", 1),
            _ => return false,
        }
        true
    }

    fn end(&mut self, value: &str) -> bool {
        let word = value.strip_prefix("apply").unwrap_or(value).trim();
        match word {
            "aliases" => self.scope.clear_aliases(),
            "fixed" | "rate" | "comment" | "test" => {}
            "" => return self.scope.pop(None),
            "tag" if self.dialect == Dialect::Hledger => drop(self.scope.pop(Some(word))),
            _ => return self.scope.pop(Some(word)),
        }
        true
    }

    fn commodity(&mut self, word: &str, text: &str) -> Parsed<()> {
        let dialect = self.dialect;
        let declared = directive::commodity(&mut self.reader(), word, text)?;
        if let Some(style) = declared.style {
            self.commodities.set_style(declared.com, style);
        }
        for alias in &declared.aliases {
            self.commodities.alias(alias, declared.com);
        }
        if declared.is_default && dialect == Dialect::Hledger {
            self.scope.default_commodity = Some(declared.com);
        }
        Ok(())
    }

    fn price(&mut self, text: &str, line: u32) -> Result<Parsed<()>, Stop> {
        let place = Place { file: Arc::clone(&self.file), line, column: 0 };
        match directive::price(&mut self.reader(), text, place) {
            Ok(Some(rate)) => self.sink.item(Item::Rate(rate))?,
            Ok(None) => self.counts.add("prices that are no rate ignored", 1),
            Err(fault) => return Ok(Err(fault)),
        }
        Ok(Ok(()))
    }

    fn account(&mut self, text: &str, rest: &str, line: u32) -> Result<Parsed<()>, Stop> {
        let first = rest.lines().next().unwrap_or_default();
        let (name, comment) = first.split_once(';').unwrap_or((first, ""));
        let name = name.trim();
        let name = name.find("  ").or_else(|| name.find('\t')).and_then(|at| name.get(..at)).unwrap_or(name);
        if name.is_empty() {
            return Ok(Err(fault(0, text.len(), "an account name was expected").remedy("write `account Assets:Cash`")));
        }
        let code = self.scope.account(name, self.dialect);
        let mut kind = if self.dialect == Dialect::Hledger { directive::account_type(comment) } else { None };
        for (start, end) in Lines::new(text).skip(1) {
            let below = text.get(start..end).unwrap_or_default().trim();
            let (word, value) = below.split_once([' ', '\t']).unwrap_or((below, ""));
            match word {
                "alias" => self.scope.add_alias(value.trim(), &code),
                "default" if self.dialect == Dialect::Ledger => self.scope.bucket = Some(code.clone()),
                _ if below.starts_with(';') && self.dialect == Dialect::Hledger => kind = kind.or_else(|| directive::account_type(below)),
                _ => {}
            }
        }
        self.sink.item(Item::Account(AccountDecl {
            code,
            kind: kind.map(|(kind, _)| kind),
            sub_type: kind.and_then(|(_, sub_type)| sub_type),
            place: Place { file: Arc::clone(&self.file), line, column: 0 },
            ..AccountDecl::default()
        }))?;
        Ok(Ok(()))
    }
}

fn fault_of_include(problem: String) -> Box<Fault> {
    fault(0, usize::MAX, problem).remedy("correct the name, or remove the include")
}

/// Whether a posting takes its amount from what its account's balance is to become.
fn assigns(pending: &Pending) -> bool {
    pending.postings.iter().any(|posting| posting.amount.is_none() && posting.assertion.is_some())
}

fn balance(pending: &mut Pending, options: &Options, commodities: &Commodities) -> Parsed<()> {
    settle(pending, Kind::Real, commodities)?;
    let real = pending.residual;
    if pending.postings.iter().any(|posting| posting.kind != Kind::Real) {
        // Left out anyway: their amounts only matter where they can be known.
        drop(settle(pending, Kind::Balanced, commodities));
        pending.residual = real;
    }
    if real && options.rounding_account.is_none() {
        let problem = "the rounded prices of this entry leave a residual, and there is no rounding account";
        return Err(fault(0, pending.header_length, problem).remedy("name one with --rounding-account Equity:Rounding"));
    }
    Ok(())
}

fn add_and_check(balances: &mut Balances, posting: &Posting, dialect: Dialect, commodities: &Commodities) -> Parsed<()> {
    balances.add(posting)?;
    balances.check(posting, dialect, commodities)
}

/// Adds all postings; the first assertion that fails is the entry's fault.
fn check_in_order(balances: &mut Balances, pending: &Pending, dialect: Dialect, commodities: &Commodities) -> Parsed<()> {
    let mut result = Ok(());
    for posting in &pending.postings {
        result = result.and(add_and_check(balances, posting, dialect, commodities));
    }
    result
}

/// Assigns and checks posting by posting, then balances the entry and adds what was left out.
fn in_order(balances: &mut Balances, pending: &mut Pending, dialect: Dialect, commodities: &Commodities, options: &Options) -> Parsed<()> {
    let mut result = Ok(());
    let mut inferred = Vec::new();
    let mut at = 0;
    while let Some(posting) = pending.postings.get_mut(at) {
        if posting.amount.is_none() {
            match posting.assertion.take() {
                None => inferred.push(posting.span),
                Some(assertion) => {
                    posting.amount = Some((0, assertion.com));
                    let missing = balances.assigned(posting, &assertion, dialect)?;
                    posting.assertion = Some(assertion);
                    assign(&mut pending.postings, at, &missing, commodities)?;
                }
            }
        }
        if let Some(posting) = pending.postings.get(at) {
            result = result.and(add_and_check_last(balances, posting, pending.postings.get(at + 1), dialect, commodities));
        }
        at += 1;
    }
    balance(pending, options, commodities)?;
    for posting in pending.postings.iter().filter(|posting| inferred.contains(&posting.span)) {
        balances.add(posting)?;
    }
    result
}

/// An assignment over several commodities is checked after its last posting.
fn add_and_check_last(
    balances: &mut Balances,
    posting: &Posting,
    next: Option<&Posting>,
    dialect: Dialect,
    commodities: &Commodities,
) -> Parsed<()> {
    balances.add(posting)?;
    if next.is_some_and(|next| next.span == posting.span) { Ok(()) } else { balances.check(posting, dialect, commodities) }
}

/// Gives an assigned posting its amounts, one posting for each commodity.
fn assign(postings: &mut Vec<Posting>, at: usize, missing: &super::balance::Sums, commodities: &Commodities) -> Parsed<()> {
    let Some(template) = postings.get(at).cloned() else { return Ok(()) };
    let mut assigned = Vec::with_capacity(missing.len());
    for (com, units) in missing {
        let mut posting = Posting { amount: Some((*units, *com)), ..template.clone() };
        if let Some(assertion) = &template.assertion
            && let (Some(price), true) = (&assertion.price, assertion.com == *com)
        {
            let number = super::number::Number { mantissa: *units, scale: u32::from(commodities.scale(*com)) };
            posting.weight = Some(entry::weigh(number, price, commodities)?);
        }
        assigned.push(posting);
    }
    if !assigned.is_empty() {
        postings.splice(at..=at, assigned);
    }
    Ok(())
}
