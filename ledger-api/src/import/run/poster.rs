//! The sink that posts: items are gathered into chunks, held against what is in already, and decided.
//!
//! What entries need and nobody declared is opened on the way: accounts by name with an inferred type,
//! commodities with the scale that the options, the file or the standard gives them.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use ledger_core::command::{DefineCommodity, OpenAccount, RecordRate, RegisterParty};
use ledger_core::commodity::default_scale;
use ledger_core::{AccountRef, Actor, Book, Command, Context, DraftEntry, Rejection, Text};
use ledger_store::OrgStore;
use ledger_store::bulk::{Bulk, BulkError};
use rustc_hash::FxBuildHasher;

use super::documents::document_weight;
use super::infer::infer;
use super::prefix::Prefix;
use super::rejects::Rejects;
use super::summary::{Counters, Opened, Summary};
use crate::import::source::{
    AccountDecl, CommodityDecl, ControlDecl, Item, PartyDecl, Place, RateDecl, Sink, SourceEntry, SourceError, Stop,
};

/// Items of one chunk at most.
const CHUNK_ITEMS: usize = 8_192;
/// Rough size at which a chunk ends early: lines and bytes of text, so that a commit stays small.
const CHUNK_WEIGHT: usize = 1 << 20;
/// What a line counts besides its texts.
pub(super) const LINE_WEIGHT: usize = 48;

/// Where decided commands go.
pub(super) enum Target {
    /// Nowhere: only the rules are asked.
    Check(Box<Book>, Actor),
    /// Into the stream.
    Post(Box<Bulk<Tag>>),
}

/// What a command is remembered by until it is durable.
pub(super) struct Tag {
    place: Place,
    text: Option<String>,
}

/// The sink.
pub(super) struct Poster {
    org: OrgStore,
    runtime: tokio::runtime::Handle,
    pub(super) target: Target,
    prefix: Prefix,
    chunk: Vec<Item>,
    chunk_weight: usize,
    /// Items at the front of the chunk that an earlier import brought in.
    chunk_known: usize,
    /// What the parser refused since the chunk began, each with the number of items before it: refusals are told
    /// in the order of the source, whoever refuses.
    broken: VecDeque<(usize, SourceError)>,
    scales: HashMap<Text, u8, FxBuildHasher>,
    asked: HashMap<Text, u8, FxBuildHasher>,
    pub(super) summary: Summary,
    counters: Arc<Counters>,
    pub(super) rejects: Option<Rejects>,
    stop_at_first: bool,
    external_ids: bool,
    pub(super) skip_existing: bool,
    pub(super) failure: Option<Failure>,
}

/// Why a pass ended before the end of the source, other than by the source itself.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The stream.
    #[error(transparent)]
    Bulk(#[from] BulkError),
    /// The database.
    #[error(transparent)]
    Store(#[from] ledger_store::StoreError),
    /// The rejects file.
    #[error("the rejects file cannot be written: {0}")]
    Rejects(#[from] std::io::Error),
}

/// What a pass is given.
pub(super) struct Setup {
    pub(super) org: OrgStore,
    pub(super) target: Target,
    pub(super) prefix: Prefix,
    pub(super) asked: Vec<(Text, u8)>,
    pub(super) counters: Arc<Counters>,
    pub(super) rejects: Option<Rejects>,
    pub(super) stop_at_first: bool,
    pub(super) external_ids: bool,
    pub(super) skip_existing: bool,
}

impl Poster {
    pub(super) fn new(setup: Setup) -> Self {
        Self {
            org: setup.org,
            runtime: tokio::runtime::Handle::current(),
            target: setup.target,
            prefix: setup.prefix,
            chunk: Vec::with_capacity(CHUNK_ITEMS),
            chunk_weight: 0,
            chunk_known: 0,
            broken: VecDeque::new(),
            scales: HashMap::default(),
            asked: setup.asked.into_iter().collect(),
            summary: Summary::default(),
            counters: setup.counters,
            rejects: setup.rejects,
            stop_at_first: setup.stop_at_first,
            external_ids: setup.external_ids,
            skip_existing: setup.skip_existing,
            failure: None,
        }
    }

    /// Decides what is left after the source has ended.
    pub(super) fn end(&mut self) -> Result<(), Stop> {
        self.flush()
    }

    pub(super) fn book(&self) -> &Book {
        match &self.target {
            Target::Check(book, _) => book,
            Target::Post(bulk) => bulk.book(),
        }
    }

    fn fail(&mut self, failure: impl Into<Failure>) -> Stop {
        self.failure = Some(failure.into());
        Stop
    }

    /// Decides the chunk and sends it on its way under the key of everything up to its end.
    fn flush(&mut self) -> Result<(), Stop> {
        let mut items = std::mem::take(&mut self.chunk);
        let known = std::mem::take(&mut self.chunk_known);
        self.chunk_weight = 0;
        self.summary.rates_already += items.iter().take(known).filter(|item| matches!(item, Item::Rate(_))).count() as u64;
        self.summary.already += items.drain(..known).filter(|item| matches!(item, Item::Entry(_) | Item::Document(_))).count() as u64;
        let taken = self.taken_ids(&items)?;
        for (item, index) in items.drain(..).zip(known..) {
            self.refuse_broken(index)?;
            self.decide_item(item, &taken)?;
        }
        self.refuse_broken(usize::MAX)?;
        self.chunk = items; // its room is used again
        let key = self.prefix.key();
        if let Target::Post(bulk) = &mut self.target {
            let sent = bulk.end_chunk(Some(key));
            let late = bulk.take_refused_later();
            sent.map_err(|error| self.fail(error))?;
            self.refuse_late(late)?;
        }
        Ok(())
    }

    /// Refuses what the parser refused before this item of the chunk.
    fn refuse_broken(&mut self, item: usize) -> Result<(), Stop> {
        while let Some((_, error)) = self.broken.pop_front_if(|(before, _)| *before <= item) {
            self.refuse_piece(error)?;
        }
        Ok(())
    }

    fn refuse_piece(&mut self, error: SourceError) -> Result<(), Stop> {
        if let (Some(rejects), Some(text)) = (&mut self.rejects, &error.text)
            && let Err(failed) = rejects.write(text)
        {
            return Err(self.fail(failed));
        }
        self.summary.refuse(error);
        if self.stop_at_first { Err(Stop) } else { Ok(()) }
    }

    pub(super) fn refuse_late(&mut self, late: Vec<(Tag, Rejection)>) -> Result<(), Stop> {
        let mut told = Ok(());
        for (tag, rejection) in late {
            self.summary.posted = self.summary.posted.saturating_sub(1);
            if self.refuse_rejection(&rejection, tag.place, tag.text).is_err() {
                told = Err(Stop); // the others are refused all the same
            }
        }
        told
    }

    /// External ids of the chunk that are in use, where the organization has any.
    fn taken_ids(&mut self, items: &[Item]) -> Result<HashMap<String, u64>, Stop> {
        if !self.external_ids {
            return Ok(HashMap::new());
        }
        let id_of = |item: &Item| match item {
            Item::Entry(entry) => entry.draft.external_id.as_ref().map(ToString::to_string),
            Item::Document(document) => document.recording.external_id().map(ToString::to_string),
            _ => None,
        };
        let ids: Vec<String> = items.iter().filter_map(id_of).collect();
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let found = self.runtime.block_on(self.org.find_external_ids(&ids));
        found.map(|found| found.into_iter().collect()).map_err(|error| self.fail(error))
    }

    fn decide_item(&mut self, item: Item, taken: &HashMap<String, u64>) -> Result<(), Stop> {
        match item {
            Item::Commodity(decl) => self.commodity(decl),
            Item::Account(decl) => self.account(decl),
            Item::Rate(decl) => self.rate(decl),
            Item::Party(decl) => self.party(decl),
            Item::Control(decl) => self.control(&decl),
            Item::Entry(entry) => {
                let seq = entry.draft.external_id.as_ref().and_then(|id| taken.get(id.as_str()).copied());
                match (seq, &entry.draft.external_id) {
                    (Some(_), _) if self.skip_existing => {
                        self.summary.already += 1;
                        Ok(())
                    }
                    (Some(seq), Some(id)) => {
                        let rejection = Rejection::ExternalIdTaken { external_id: id.clone(), seq };
                        self.refuse_rejection(&rejection, entry.place, entry.text)
                    }
                    _ => self.entry(*entry),
                }
            }
            Item::Document(document) => self.document(*document, taken),
        }
    }

    pub(super) fn decide(&mut self, command: Command, place: &Place, text: Option<String>) -> Result<(), Rejection> {
        match &mut self.target {
            Target::Check(book, actor) => {
                let events = book.decide(&command, &Context::new(actor))?;
                events.iter().for_each(|proposed| book.evolve(&proposed.event));
                Ok(())
            }
            Target::Post(bulk) => bulk.decide(Tag { place: place.clone(), text }, command).map(drop),
        }
    }

    /// Decides something that a declaration or an entry needs; a refusal is one of the source at that place.
    fn declare(&mut self, command: Command, place: &Place) -> Result<bool, Stop> {
        match self.decide(command, place, None) {
            Ok(()) => Ok(true),
            Err(rejection) => self.refuse_rejection(&rejection, place.clone(), None).map(|()| false),
        }
    }

    fn commodity(&mut self, decl: CommodityDecl) -> Result<(), Stop> {
        if self.book().commodity_by_code(&decl.code).is_none() {
            self.define(&decl.code, decl.name.unwrap_or_default(), &decl.place)?;
        }
        Ok(())
    }

    fn define(&mut self, code: &Text, name: Text, place: &Place) -> Result<(), Stop> {
        let scale = self.scale_of(code);
        let define = DefineCommodity { code: code.clone(), scale: Some(scale), name };
        if self.declare(Command::DefineCommodity(define), place)? {
            self.summary.commodities.push((code.clone(), scale));
        }
        Ok(())
    }

    fn account(&mut self, decl: AccountDecl) -> Result<(), Stop> {
        if self.book().account_by_code(&decl.code).is_some() {
            return Ok(());
        }
        let (kind, sub_type) = infer(&decl.code);
        let open = OpenAccount {
            code: decl.code.clone(),
            name: decl.name.unwrap_or_default(),
            kind: decl.kind.unwrap_or(kind),
            sub_type: decl.sub_type.unwrap_or(if decl.kind.is_none_or(|stated| stated == kind) { sub_type } else { Default::default() }),
            contra: decl.contra.unwrap_or(false),
            summary: decl.summary.unwrap_or(false),
            parent: decl.parent.map(AccountRef::Code),
        };
        self.open(open, decl.kind.is_none(), &decl.place)
    }

    fn open(&mut self, open: OpenAccount, inferred: bool, place: &Place) -> Result<(), Stop> {
        let opened = Opened { code: open.code.clone(), kind: open.kind, sub_type: open.sub_type, inferred };
        if self.declare(Command::OpenAccount(open), place)? {
            self.summary.opened.push(opened);
        }
        Ok(())
    }

    fn party(&mut self, decl: PartyDecl) -> Result<(), Stop> {
        if self.book().party_by_code(&decl.code).is_none() {
            let register = Command::RegisterParty(Box::new(RegisterParty::new(&decl.code, decl.kind)));
            if self.declare(register, &decl.place)? {
                self.summary.parties += 1;
            }
        }
        Ok(())
    }

    fn control(&mut self, decl: &ControlDecl) -> Result<(), Stop> {
        let account = self.book().account_by_code(&decl.code).map(|account| account.no);
        if account.and_then(|no| self.book().control(no)) != Some(decl.side) {
            let designate = Command::DesignateControl { account: AccountRef::Code(decl.code.clone()), side: decl.side };
            self.declare(designate, &decl.place)?;
        }
        Ok(())
    }

    fn rate(&mut self, decl: RateDecl) -> Result<(), Stop> {
        for code in [&decl.base, &decl.quote] {
            if self.book().commodity_by_code(code).is_none() {
                self.define(code, Text::default(), &decl.place)?;
            }
        }
        if self.has_rate(&decl) {
            self.summary.rates_already += 1;
            return Ok(());
        }
        let record = RecordRate {
            base: decl.base,
            quote: decl.quote,
            kind: decl.kind,
            date: decl.date,
            rate: decl.rate,
            source: decl.source.unwrap_or_else(|| decl.place.file.as_ref().into()),
        };
        if self.declare(Command::RecordRate(record), &decl.place)? {
            self.summary.rates += 1;
        }
        Ok(())
    }

    fn has_rate(&self, decl: &RateDecl) -> bool {
        let no = |code: &Text| self.book().commodity_by_code(code).map(|commodity| commodity.no);
        let (Some(base), Some(quote)) = (no(&decl.base), no(&decl.quote)) else { return false };
        self.book().rate_on(base, quote, decl.kind, decl.date) == Some((decl.date, decl.rate))
    }

    fn entry(&mut self, entry: SourceEntry) -> Result<(), Stop> {
        self.prepare(&entry.draft, &entry.place)?;
        let SourceEntry { draft, place, line_places, text } = entry;
        let lines = draft.lines.len() as u64;
        let kept = self.rejects.is_some().then(|| text.clone()).flatten();
        match self.decide(Command::PostEntry(draft), &place, kept) {
            Ok(()) => {
                self.summary.posted += 1;
                self.summary.lines += lines;
                Ok(())
            }
            Err(rejection) => {
                let line = rejection.line().checked_sub(1).and_then(|index| line_places.get(index)).copied();
                let place = Place { line: line.unwrap_or(place.line), column: 0, ..place };
                self.refuse_rejection(&rejection, place, text)
            }
        }
    }

    /// Opens accounts and defines commodities that an entry uses and the books do not have.
    fn prepare(&mut self, draft: &DraftEntry, place: &Place) -> Result<(), Stop> {
        for line in &draft.lines {
            if let AccountRef::Code(code) = &line.account
                && self.book().account_by_code(code).is_none()
            {
                let (kind, sub_type) = infer(code);
                self.open(OpenAccount { sub_type, ..OpenAccount::new(code, kind) }, true, place)?;
            }
            self.know(&line.currency, place)?;
            if let Some(weight) = &line.weight {
                self.know(&weight.currency, place)?;
            }
            if let Some(rate) = line.detail.as_ref().and_then(|detail| detail.rate.as_ref()) {
                self.know(&rate.quote, place)?;
            }
        }
        Ok(())
    }

    pub(super) fn know(&mut self, code: &Text, place: &Place) -> Result<(), Stop> {
        if self.book().commodity_by_code(code).is_some() {
            return Ok(());
        }
        self.define(code, Text::default(), place)
    }

    pub(super) fn refuse_rejection(&mut self, rejection: &Rejection, place: Place, text: Option<String>) -> Result<(), Stop> {
        let remedy = match rejection {
            Rejection::OverPrecise { currency, .. } => format!("round it, or pass --commodity '{currency}=DIGITS' on the first import"),
            other => other.hint().to_owned(),
        };
        let problem = format!("{rejection} [{}]", rejection.code());
        self.counters.count_refused();
        self.refuse_piece(SourceError { place, problem, found: None, remedy: Some(remedy), text })
    }
}

impl Sink for Poster {
    fn item(&mut self, item: Item) -> Result<(), Stop> {
        if let Item::Commodity(decl) = &item {
            let digits = decl.scale.unwrap_or(0).max(default_scale_if_known(&decl.code)).max(if decl.scale.is_none() {
                default_scale(&decl.code)
            } else {
                0
            });
            self.scales.entry(decl.code.clone()).or_insert(digits);
        }
        let ended_here = self.prefix.take(&item);
        self.chunk_weight += weight_of(&item);
        self.chunk.push(item);
        if ended_here {
            self.chunk_known = self.chunk.len();
        }
        if self.chunk.len() >= CHUNK_ITEMS || self.chunk_weight >= CHUNK_WEIGHT {
            self.counters.count_entries(self.chunk.len());
            self.flush()?;
        }
        Ok(())
    }

    fn refuse(&mut self, error: SourceError) -> Result<(), Stop> {
        self.counters.count_refused();
        self.chunk_weight += error.text.as_ref().map_or(0, String::len);
        self.broken.push_back((self.chunk.len(), error));
        if self.broken.len() >= CHUNK_ITEMS || self.chunk_weight >= CHUNK_WEIGHT { self.flush() } else { Ok(()) }
    }

    fn header(&mut self, text: &str) {
        if let Some(rejects) = &mut self.rejects {
            rejects.header(text);
        }
    }

    fn scale_of(&self, commodity: &str) -> u8 {
        let stated = || self.asked.get(commodity).or_else(|| self.scales.get(commodity)).copied();
        let known = self.book().commodity_by_code(commodity).map(|known| known.scale);
        known.or_else(stated).unwrap_or_else(|| default_scale(commodity))
    }
}

/// The standard's digits of a currency or symbol; 0 for anything else, whose declaration then decides alone.
fn default_scale_if_known(code: &str) -> u8 {
    let scale = default_scale(code);
    if scale == ledger_core::commodity::CUSTOM_SCALE_DEFAULT { 0 } else { scale }
}

fn weight_of(item: &Item) -> usize {
    let entry = match item {
        Item::Entry(entry) => entry,
        Item::Document(document) => return document_weight(document),
        _ => return LINE_WEIGHT,
    };
    let line = |line: &ledger_core::DraftLine| {
        let detail = line.detail.as_ref().map_or(0, |detail| {
            let tags: usize = detail.tags.iter().map(|(key, value)| key.len() + value.len()).sum();
            tags + detail.memo.as_ref().map_or(0, |memo| memo.len())
        });
        LINE_WEIGHT + detail
    };
    entry.draft.description.len() + entry.draft.lines.iter().map(line).sum::<usize>()
}
