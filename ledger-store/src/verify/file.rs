//! Verifies an archive: no database, no network, nothing but the file and what was kept of its history.

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use super::links::Against;
use super::pipeline::Verifier;
use super::{Check, Finding, Interrupted, KeptHead, Report};
use crate::archive::{ArchiveError, ArchiveReader};

/// Why an archive cannot be verified.
#[derive(Debug, thiserror::Error)]
pub enum VerifyFileError {
    /// It is no archive, or the system cannot read it.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// A thread ended early.
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
}

/// Verifies an archive. `kept`: heads of any organization that were kept outside. `progress` counts events.
///
/// # Errors
/// [`VerifyFileError`] when it is no archive or cannot be read; that it is damaged is in the report.
pub fn verify(from: impl Read, kept: Vec<KeptHead>, progress: Arc<AtomicU64>) -> Result<Report, VerifyFileError> {
    let mut archive = ArchiveReader::new(from)?;
    let org = archive.org();
    let kept = kept.into_iter().filter(|head| head.org.is_none_or(|of| of == org)).collect();
    let against = Against { kept, ..Against::default() };
    let mut verifier = Verifier::start(org, against, false, progress);
    let mut damage = None;
    for commit in &mut archive {
        match commit {
            Ok(commit) => verifier.push(commit)?,
            Err(damaged @ ArchiveError::Damaged { .. }) => damage = Some(damaged.to_string()),
            Err(error) => return Err(error.into()),
        }
    }
    let linked = verifier.finish()?;
    let mut report = linked.report;
    if let Some(detail) = damage {
        let after = linked.end_seq + 1;
        report.add(Finding { check: Check::Archive, first_seq: after, last_seq: after, commits: 0, detail });
    }
    Ok(report)
}
