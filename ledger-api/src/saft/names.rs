//! Names that reading and writing share.

/// Code of the account on which opening balances that do not sum to zero become visible.
pub const DIFFERENCE: &str = "opening-difference";
/// Document of opening balances of customers and suppliers.
pub const OPENING_DOCUMENT: &str = "opening";
/// Tag of an entry: the journal it stood in.
pub(crate) const JOURNAL: &str = "journal";
/// Tag of an entry: its accounting period where it is not the month of its date.
pub(crate) const PERIOD: &str = "period";
/// Tag of a line: the document behind it, where that is not its reference.
pub(crate) const SOURCE_DOCUMENT: &str = "source_document";
/// Tag of a line: the amount that the tax was computed from.
pub(crate) const TAX_BASE: &str = "tax_base";
/// Tag of a line: the tax that was computed.
pub(crate) const TAX_AMOUNT: &str = "tax_amount";
