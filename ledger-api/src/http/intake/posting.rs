//! Deciding and appending what was read, and telling how far that is.

use std::collections::{HashSet, VecDeque};

use ledger_core::{Actor, Book, Command, Context, DraftEntry, Rejection, Seq, Text};
use ledger_projections::Wakeup;
use ledger_store::OrgStore;
use ledger_store::bulk::{Bulk, BulkError};
use ledger_store::load::save_book;

use super::reading::{Chunk, Parsed, Row};
use super::told::{Message, Outcome, Summary, Tally, Teller};
use crate::http::Problem;
use crate::http::problem::Fate;
use crate::http::routes::booked::in_entry;

/// Entries after which the books are kept as a snapshot.
const SNAPSHOT_AFTER: u64 = 50_000;

/// Where entries go.
pub enum Run {
    /// Nowhere: only the rules are asked.
    Check(Box<Book>, Actor),
    /// Into the stream of events.
    Post(Box<Bulk<u64>>),
}

/// What a stream is posted with.
pub struct Posting {
    /// Whose books.
    pub org: OrgStore,
    /// Waits for the database.
    pub runtime: tokio::runtime::Handle,
    /// Where entries go.
    pub run: Run,
    /// The caller's key.
    pub key: String,
    /// Whether external ids may be in use already.
    pub has_ids: bool,
    /// Told that read models may wait.
    pub wakeup: Wakeup,
    /// Told how far it is.
    pub teller: Teller,
}

/// A chunk on its way.
struct Underway {
    last_seq: Seq,
    lines: u64,
    posted: u64,
    refused: u64,
}

struct State {
    posting: Posting,
    /// What is durable.
    tally: Tally,
    underway: VecDeque<Underway>,
    /// Refused by the books after they had been accepted: others were faster.
    late: u64,
}

impl Posting {
    /// Posts everything that `next` gives, and tells the end. Blocks.
    pub fn run(self, mut next: impl FnMut() -> Option<Parsed>) {
        let seq = match &self.run {
            Run::Check(book, _) => book.seq(),
            Run::Post(bulk) => bulk.book().seq(),
        };
        let tally = Tally { seq, ..Tally::default() };
        let mut state = State { posting: self, tally, underway: VecDeque::new(), late: 0 };
        let ended = loop {
            let taken = match next() {
                Some(Parsed::Chunk(chunk)) => state.chunk(chunk),
                Some(Parsed::Known(count)) => {
                    (state.tally.lines, state.tally.already) = (count, count);
                    state.posting.teller.tell(&Message::Progress(state.tally));
                    Ok(())
                }
                Some(Parsed::End) => break Ok(()),
                Some(Parsed::Broken(problem)) => break Err(problem),
                None => break Err(interrupted()),
            };
            if let Err(problem) = taken {
                break Err(problem);
            }
        };
        state.end(ended);
    }
}

impl State {
    fn chunk(&mut self, chunk: Chunk) -> Result<(), Problem> {
        let Chunk { rows, end } = chunk;
        let (lines, mut posted, mut refused) = (rows.len() as u64, 0, 0);
        let taken = self.taken_ids(&rows)?;
        let mut seen: HashSet<Text> = HashSet::new();
        for Row { line, entry } in rows {
            let decided = entry.and_then(|draft| self.decide(line, draft, &taken, &mut seen).map_err(Problem::from));
            match decided {
                Ok(()) => posted += 1,
                Err(problem) => {
                    refused += 1;
                    self.posting.teller.refuse(line, &in_entry(problem));
                }
            }
        }
        let key = end.key(&self.posting.key);
        let last_seq = match &mut self.posting.run {
            Run::Check(book, _) => book.seq(),
            Run::Post(bulk) => {
                bulk.end_chunk(Some(key)).map_err(|error| failed(&error))?;
                self.posting.wakeup.pours(self.posting.org.org());
                bulk.book().seq()
            }
        };
        self.underway.push_back(Underway { last_seq, lines, posted, refused });
        self.take_late();
        self.tell_durable();
        Ok(())
    }

    fn decide(&mut self, line: u64, draft: DraftEntry, taken: &[(String, Seq)], seen: &mut HashSet<Text>) -> Result<(), Rejection> {
        if let Some(id) = &draft.external_id {
            if let Some((_, seq)) = taken.binary_search_by(|(known, _)| known.as_str().cmp(id)).ok().and_then(|at| taken.get(at)) {
                return Err(Rejection::ExternalIdTaken { external_id: id.clone(), seq: *seq });
            }
            if seen.contains(id) {
                return Err(Rejection::ExternalIdTaken { external_id: id.clone(), seq: self.seq() });
            }
        }
        let id = draft.external_id.clone();
        let command = Command::PostEntry(draft);
        match &mut self.posting.run {
            Run::Check(book, actor) => {
                let events = book.decide(&command, &Context::new(actor))?;
                events.iter().for_each(|proposed| book.evolve(&proposed.event));
            }
            Run::Post(bulk) => drop(bulk.decide(line, command)?),
        }
        seen.extend(id);
        Ok(())
    }

    fn seq(&self) -> Seq {
        match &self.posting.run {
            Run::Check(book, _) => book.seq(),
            Run::Post(bulk) => bulk.book().seq(),
        }
    }

    /// External ids of the chunk that are in use, in their order. Ids of this stream itself are found by the append.
    fn taken_ids(&self, rows: &[Row]) -> Result<Vec<(String, Seq)>, Problem> {
        if !self.posting.has_ids {
            return Ok(Vec::new());
        }
        let id_of = |row: &'_ Row| row.entry.as_ref().ok().and_then(|draft| draft.external_id.as_deref().map(str::to_owned));
        let ids: Vec<String> = rows.iter().filter_map(id_of).collect();
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut found = self.posting.runtime.block_on(self.posting.org.find_external_ids(&ids))?;
        found.sort_unstable();
        Ok(found)
    }

    /// Lines that were accepted and are refused now that others have changed the books.
    fn take_late(&mut self) {
        let Run::Post(bulk) = &mut self.posting.run else { return };
        for (line, rejection) in bulk.take_refused_later() {
            self.late += 1;
            self.posting.teller.refuse(line, &in_entry(rejection.into()));
        }
    }

    fn tell_durable(&mut self) {
        let durable = match &self.posting.run {
            Run::Check(book, _) => book.seq(),
            Run::Post(bulk) => bulk.progress().durable_seq(),
        };
        let mut moved = false;
        while let Some(chunk) = self.underway.pop_front_if(|chunk| chunk.last_seq <= durable) {
            self.add(&chunk);
            moved = true;
        }
        if moved {
            self.tally.seq = durable;
            self.posting.teller.tell(&Message::Progress(self.now()));
        }
    }

    fn add(&mut self, chunk: &Underway) {
        self.tally.lines += chunk.lines;
        self.tally.posted += chunk.posted;
        self.tally.refused += chunk.refused;
    }

    /// What is durable, with what was refused late.
    fn now(&self) -> Tally {
        let late = self.late.min(self.tally.posted);
        Tally { posted: self.tally.posted - late, refused: self.tally.refused + late, ..self.tally }
    }

    /// Waits for what is on its way, whatever ended the stream, and says how it ended.
    fn end(mut self, ended: Result<(), Problem>) {
        let mut hash = None;
        let ended = match &mut self.posting.run {
            Run::Check(..) => ended,
            Run::Post(bulk) => match bulk.settle() {
                Ok((loaded, late)) => {
                    self.tally.seq = loaded.tip.seq;
                    hash = Some(blake3::Hash::from_bytes(loaded.tip.hash).to_hex().to_string());
                    for (line, rejection) in late {
                        self.late += 1;
                        self.posting.teller.refuse(line, &in_entry(rejection.into()));
                    }
                    if self.tally.posted >= SNAPSHOT_AFTER {
                        let saved = self.posting.runtime.block_on(save_book(&self.posting.org, &loaded.book, &loaded.tip));
                        saved.unwrap_or_else(|error| tracing::warn!(%error, "no snapshot was kept"));
                    }
                    while let Some(chunk) = self.underway.pop_front() {
                        self.add(&chunk);
                    }
                    ended
                }
                Err(error) => {
                    self.tally.seq = bulk.progress().durable_seq();
                    Err(failed(&error))
                }
            },
        };
        let dry_run = matches!(self.posting.run, Run::Check(..));
        if dry_run {
            while let Some(chunk) = self.underway.pop_front() {
                self.add(&chunk);
            }
        }
        let outcome = if ended.is_ok() { Outcome::Complete } else { Outcome::Failed };
        let problem = ended.err().map(|problem| {
            let outcome = if self.tally.posted > 0 && !dry_run { Fate::Unknown } else { problem.outcome };
            Problem { outcome, ..problem }.body()
        });
        self.posting.teller.tell(&Message::Summary(Summary { outcome, dry_run, tally: self.now(), hash, problem }));
    }
}

fn interrupted() -> Problem {
    Problem::malformed("BODY_INTERRUPTED", "the stream ended before it was whole").hint("send it again with the same Idempotency-Key")
}

/// Why appending cannot go on. What was durable stays, and the same stream finds it.
fn failed(error: &BulkError) -> Problem {
    match error {
        BulkError::Codec(_) => Problem::internal(error),
        BulkError::Load(load) => match load {
            ledger_store::load::LoadError::Store(_) => unavailable(error),
            damaged => Problem::internal(damaged),
        },
        BulkError::Twin => {
            Problem::new(axum::http::StatusCode::CONFLICT, "STREAM_UNDER_WAY", "a stream with this key is under way elsewhere")
                .retry_in(1)
                .hint("send it again when that has ended")
        }
        _ => unavailable(error),
    }
}

fn unavailable(error: &BulkError) -> Problem {
    tracing::warn!(%error, "a stream of entries ended early");
    Problem::unavailable("the database is away or too busy").hint("send the same stream again with the same Idempotency-Key")
}
