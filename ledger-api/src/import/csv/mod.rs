//! Journals and charts of accounts as separated values: one row per line of an entry.
