//! Running an import: which importer reads, how often, and where what it finds goes.
//!
//! * `Checked` (the default): the whole source is read and decided once without writing. If anything is refused,
//!   everything refused is listed and nothing is written; else it is read again and posted in chunks, so that a
//!   killed import goes on where it stopped.
//! * `Atomic`: as before, but posted in one transaction.
//! * `SkipInvalid`: one pass; what is refused goes to the rejects file, the rest goes in.
//!
//! Formats are the parsers' business, decisions the core's, durability the store's ([`ledger_store::bulk`]).

mod documents;
mod gathered;
mod infer;
mod poster;
mod prefix;
mod rejects;
mod summary;

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ledger_core::{Actor, Text};
use ledger_store::bulk::{Bulk, BulkOptions};
use ledger_store::load::{LoadError, load_book};
use ledger_store::{OrgStore, StoreError};

use self::poster::{Poster, Setup, Target};
use self::prefix::Prefix;
use self::rejects::Rejects;
use super::documents::{Kind as DocumentsKind, Settings as DocumentSettings, Written, read as read_documents};
use super::preset::{self, Preset};
use super::rates;
use super::source::{ReadError, SourceNotes};
use super::{beancount, csv, hledger, jsonl, tabular};
use crate::saft;

pub use self::infer::infer;
pub use self::poster::Failure;
pub use self::prefix::KEY_PREFIX;
pub use self::summary::{Counters, Opened, SHOWN_MAX, Summary};

/// What a source is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A journal, one row per line.
    Csv,
    /// A journal, one object per entry or per line.
    Jsonl,
    /// A beancount ledger.
    Beancount,
    /// An hledger journal.
    Hledger,
    /// A Ledger journal.
    Ledger,
    /// A chart of accounts in CSV.
    Chart,
    /// SAF-T Financial of Norway.
    Saft,
    /// A journal exported by QuickBooks Online or Xero.
    Preset(Preset),
    /// A table of exchange rates in CSV; needs [`ImportOptions::rates`].
    Rates,
}

impl Format {
    /// The format that a file's name suggests.
    #[must_use]
    pub fn of_path(path: &Path) -> Option<Self> {
        Some(match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "csv" | "tsv" => Self::Csv,
            "jsonl" | "ndjson" => Self::Jsonl,
            "beancount" | "bean" => Self::Beancount,
            "journal" | "hledger" | "j" => Self::Hledger,
            "ledger" | "dat" | "lgr" => Self::Ledger,
            "saft" => Self::Saft,
            _ => return None,
        })
    }
}

/// What happens to the rest when something is refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Nothing is written unless everything is right; then chunk by chunk.
    #[default]
    Checked,
    /// Nothing is written unless everything is right; then in one transaction.
    Atomic,
    /// The rest goes in.
    SkipInvalid,
}

/// What to import, and how.
#[derive(Clone, Debug)]
pub struct ImportOptions {
    /// The format.
    pub format: Format,
    /// What happens when something is refused.
    pub mode: Mode,
    /// Only the check.
    pub dry_run: bool,
    /// Where refused pieces go with [`Mode::SkipInvalid`].
    pub rejects: Option<PathBuf>,
    /// Digits of commodities, where the user states them.
    pub commodities: Vec<(Text, u8)>,
    /// Entries whose external id is in use are passed over instead of refused.
    pub skip_existing: bool,
    /// For CSV and JSON lines.
    pub tabular: tabular::Options,
    /// For hledger and Ledger journals: leave virtual postings and automated rules out.
    pub skip_virtual: bool,
    /// For hledger and Ledger journals: the year of dates without one.
    pub default_year: Option<i32>,
    /// For SAF-T: leave the opening balances out.
    pub skip_opening: bool,
    /// For CSV and JSON lines: what is in the file are documents of this kind, not journal entries.
    pub documents: Option<(DocumentsKind, DocumentSettings)>,
    /// For tables of rates.
    pub rates: Option<rates::Options>,
    /// Who imports.
    pub actor: Actor,
}

impl ImportOptions {
    /// The defaults for a format.
    #[must_use]
    pub fn new(format: Format) -> Self {
        Self {
            format,
            mode: Mode::Checked,
            dry_run: false,
            rejects: None,
            commodities: Vec::new(),
            skip_existing: false,
            tabular: tabular::Options::default(),
            skip_virtual: false,
            default_year: None,
            skip_opening: false,
            documents: None,
            rates: None,
            actor: Actor::system("import"),
        }
    }
}

/// Why an import ended early. Refused pieces of the source are no error: the summary lists them.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The source as a whole.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The stream, the database or the rejects file.
    #[error(transparent)]
    Failure(#[from] Failure),
    /// The books.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The organization has none.
    #[error("the organization's books have not begun: create it with `ledgerd org create`")]
    NoBooks,
    /// A thread ended without saying why.
    #[error("the import was interrupted; run it again to go on")]
    Interrupted,
}

/// What a document or payment asks for, as bytes that do not change between versions.
pub(crate) fn canonical(recording: &super::source::Recording) -> Vec<u8> {
    let mut bytes = gathered::Gathered::default();
    bytes.recording(recording);
    bytes.0
}

impl From<StoreError> for ImportError {
    fn from(error: StoreError) -> Self {
        Self::Load(error.into())
    }
}

/// Imports the file at `path` into an organization. `name` is what messages call it.
///
/// # Errors
/// [`ImportError`]; what is durable by then stays, and the same import goes on from there.
pub async fn import(
    org: OrgStore,
    path: PathBuf,
    name: String,
    options: ImportOptions,
    counters: Arc<Counters>,
) -> Result<Summary, ImportError> {
    let runtime = tokio::runtime::Handle::current();
    let work = tokio::task::spawn_blocking(move || Run { org, path, name, options, counters, runtime }.run());
    work.await.map_err(|_| ImportError::Interrupted)?
}

struct Run {
    org: OrgStore,
    path: PathBuf,
    name: String,
    options: ImportOptions,
    counters: Arc<Counters>,
    runtime: tokio::runtime::Handle,
}

impl Run {
    fn run(self) -> Result<Summary, ImportError> {
        let before = self.runtime.block_on(self.org.head())?.seq;
        let prefix = self.runtime.block_on(Prefix::load(&self.org))?;
        let skips = self.options.mode == Mode::SkipInvalid;
        if self.options.dry_run || !skips {
            let mut checked = self.check(prefix.rewound())?;
            if self.options.dry_run || checked.refused > 0 {
                (checked.seqs, checked.dry_run) = ((before, before), self.options.dry_run);
                checked.nothing_written = checked.refused > 0;
                return Ok(checked);
            }
        }
        let mut posted = self.post(prefix, if skips { self.rejects() } else { None })?;
        posted.seqs.0 = before;
        Ok(posted)
    }

    fn rejects(&self) -> Option<Rejects> {
        self.options.rejects.as_deref().map(Rejects::new)
    }

    fn setup(&self, target: Target, prefix: Prefix, rejects: Option<Rejects>) -> Result<Setup, ImportError> {
        let has_ids = self.runtime.block_on(self.org.has_external_ids())?;
        self.counters.begin(matches!(target, Target::Post(_)));
        Ok(Setup {
            org: self.org.clone(),
            stop_at_first: false,
            target,
            prefix,
            asked: self.options.commodities.clone(),
            counters: Arc::clone(&self.counters),
            rejects,
            external_ids: has_ids,
            skip_existing: self.options.skip_existing,
        })
    }

    /// Reads and decides everything without writing.
    fn check(&self, prefix: Prefix) -> Result<Summary, ImportError> {
        let loaded = self.runtime.block_on(load_book(&self.org))?;
        loaded.book.org().ok_or(ImportError::NoBooks)?;
        let target = Target::Check(Box::new(loaded.book), self.options.actor.clone());
        let mut poster = Poster::new(self.setup(target, prefix, None)?);
        let notes = self.read_all(&mut poster)?;
        Ok(Summary { notes, ..poster.summary })
    }

    /// Reads, decides and posts.
    fn post(&self, prefix: Prefix, rejects: Option<Rejects>) -> Result<Summary, ImportError> {
        let options = BulkOptions {
            actor: self.options.actor.clone(),
            correlation: None,
            atomic: self.options.mode == Mode::Atomic,
            soft_closed: false,
        };
        let bulk = self.runtime.block_on(Bulk::open(self.org.clone(), options))?;
        bulk.book().org().ok_or(ImportError::NoBooks)?;
        let mut poster = Poster::new(self.setup(Target::Post(Box::new(bulk)), prefix, rejects)?);
        let read = self.read_all(&mut poster);
        let Poster { target: Target::Post(bulk), .. } = &mut poster else { return Err(ImportError::Interrupted) };
        let notes = match read {
            Ok(notes) => notes,
            Err(error) => {
                bulk.give_up();
                return Err(error);
            }
        };
        let (loaded, late) = bulk.settle().map_err(Failure::from)?;
        // A refusal no longer stops anything; a rejects file that cannot be written is told, once the book is saved.
        let told = poster.refuse_late(late).or_else(|_| poster.failure.take().map_or(Ok(()), Err));
        if self.options.mode != Mode::Atomic {
            self.runtime.block_on(ledger_store::load::save_book(&self.org, &loaded.book, &loaded.tip))?;
        }
        told?;
        let mut summary = poster.summary;
        summary.rejects = poster.rejects.map(Rejects::finish).transpose().map_err(Failure::from)?.flatten();
        (summary.notes, summary.seqs) = (notes, (0, loaded.tip.seq));
        Ok(summary)
    }

    fn read_all(&self, poster: &mut Poster) -> Result<SourceNotes, ImportError> {
        let read = self.read(poster).and_then(|notes| poster.end().map(|()| notes).map_err(ReadError::from));
        match (read, poster.failure.take()) {
            (_, Some(failure)) => Err(failure.into()),
            (read, None) => Ok(read?),
        }
    }

    fn read(&self, poster: &mut Poster) -> Result<SourceNotes, ReadError> {
        let options = &self.options;
        let keep_text = poster.rejects.is_some();
        let name: Arc<str> = self.name.as_str().into();
        let tabular = || tabular::Options { keep_text, ..options.tabular.clone() };
        let journal = || hledger::Options {
            default_year: options.default_year,
            skip_virtual: options.skip_virtual,
            keep_text,
            ..hledger::Options::default()
        };
        if let Some((kind, settings)) = &options.documents {
            let written = if options.format == Format::Jsonl { Written::Jsonl } else { Written::Csv };
            return read_documents(self.open()?, name, (*kind, written), settings, &tabular(), poster);
        }
        match options.format {
            Format::Csv => csv::read(self.open()?, name, &tabular(), poster),
            Format::Jsonl => jsonl::read(self.open()?, name, &tabular(), poster),
            Format::Chart => csv::chart::read(self.open()?, name, &tabular(), poster),
            Format::Saft => {
                let functional_currency = options.tabular.functional_currency.clone();
                saft::read(self.open()?, name, &saft::Options { functional_currency, skip_opening: options.skip_opening }, poster)
            }
            Format::Rates => match &options.rates {
                Some(rates) => rates::read(self.open()?, name, rates, poster),
                None => Ok(SourceNotes::default()),
            },
            Format::Preset(preset) => preset::read(self.open()?, name, preset, &tabular(), poster),
            Format::Beancount => beancount::read(&self.path, &beancount::Options { keep_text, ..beancount::Options::default() }, poster),
            Format::Hledger => hledger::read(&self.path, hledger::Dialect::Hledger, &journal(), poster),
            Format::Ledger => hledger::read(&self.path, hledger::Dialect::Ledger, &journal(), poster),
        }
    }

    fn open(&self) -> Result<Box<dyn Read + Send>, ReadError> {
        let file = File::open(&self.path).map_err(|error| {
            let place = super::source::Place { file: self.name.as_str().into(), line: 0, column: 0 };
            ReadError::Io { place, error }
        })?;
        Ok(Box::new(file))
    }
}
