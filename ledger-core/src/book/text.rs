//! Texts and dates that callers give: bounded, printable, never silently cut.

use chrono::{Datelike, NaiveDate};

use crate::draft::DraftDetail;
use crate::limits::{DESCRIPTION_BYTES_MAX, REFERENCE_BYTES_MAX, TAGS_MAX, YEAR_MAX, YEAR_MIN};
use crate::rejection::Rejection;

/// A text that may not be empty.
pub(super) fn printable(what: &'static str, value: &str, limit: usize, line: usize) -> Result<(), Rejection> {
    if value.trim().is_empty() {
        return Err(Rejection::InvalidText { what, found: value.into(), line });
    }
    bounded(what, value, limit, line)
}

/// A text that may be empty.
pub(super) fn bounded(what: &'static str, value: &str, limit: usize, line: usize) -> Result<(), Rejection> {
    if value.len() > limit {
        return Err(Rejection::LimitExceeded { what, limit, found: value.len(), line });
    }
    // Bytes below 128 are whole characters in UTF-8; the control characters above are U+0080 to U+009F.
    let control = |byte: u8| (byte < b' ' && byte != b'\n' && byte != b'\t') || byte == 0x7f;
    let found = value.bytes().fold(false, |found, byte| found | control(byte));
    if !found && (value.is_ascii() || !value.chars().any(|c| ('\u{80}'..='\u{9f}').contains(&c))) {
        Ok(())
    } else {
        Err(Rejection::InvalidText { what, found: value.into(), line })
    }
}

/// A date that text, databases and other programs can hold.
pub(super) fn date(date: NaiveDate, line: usize) -> Result<(), Rejection> {
    if (YEAR_MIN..=YEAR_MAX).contains(&date.year()) { Ok(()) } else { Err(Rejection::DateOutOfRange { date, line }) }
}

pub(super) fn tags(tags: &[(crate::Text, crate::Text)], line: usize) -> Result<(), Rejection> {
    if tags.len() > TAGS_MAX {
        return Err(Rejection::LimitExceeded { what: "tags", limit: TAGS_MAX, found: tags.len(), line });
    }
    tags.iter().try_for_each(|(key, value)| {
        printable("tag key", key, REFERENCE_BYTES_MAX, line)?;
        bounded("tag value", value, REFERENCE_BYTES_MAX, line)
    })
}

pub(super) fn detail(detail: &DraftDetail, line: usize) -> Result<(), Rejection> {
    let references = [("party", &detail.party), ("document", &detail.document), ("tax code", &detail.tax_code)];
    for (what, value) in references {
        value.as_ref().map_or(Ok(()), |value| printable(what, value, REFERENCE_BYTES_MAX, line))?;
    }
    detail.memo.as_ref().map_or(Ok(()), |memo| bounded("memo", memo, DESCRIPTION_BYTES_MAX, line))?;
    tags(&detail.tags, line)
}
