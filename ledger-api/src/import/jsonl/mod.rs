//! Journals as JSON lines: one object per entry, or one object per line of an entry.
