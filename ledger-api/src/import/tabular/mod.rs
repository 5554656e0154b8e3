//! What CSV and JSON lines share: field names, header mapping, amounts, dates, and how rows become entries.
