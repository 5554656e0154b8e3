//! Every limit of the books, by name, so that documentation, tests at the edge and error messages agree.

/// Digits after the decimal point that a commodity may have (Wei have 18).
pub const SCALE_MAX: u8 = 18;
/// Largest magnitude of one line, in minor units: 27 digits, so that sums of lines stay within [`BALANCE_UNITS_MAX`].
pub const LINE_UNITS_MAX: i128 = 10_i128.pow(27) - 1;
/// Largest magnitude of a balance, in minor units: 28 digits, what a `Decimal` and a NUMERIC column both hold exactly.
pub const BALANCE_UNITS_MAX: i128 = 10_i128.pow(28) - 1;
/// Lines that one journal entry may have, conversion and rounding lines included.
pub const ENTRY_LINES_MAX: usize = 10_000;
/// Bytes of an account code.
pub const ACCOUNT_CODE_BYTES_MAX: usize = 255;
/// Bytes of a commodity code.
pub const COMMODITY_CODE_BYTES_MAX: usize = 64;
/// Bytes of a name (account, commodity, organization, actor).
pub const NAME_BYTES_MAX: usize = 1_000;
/// Bytes of a description or memo.
pub const DESCRIPTION_BYTES_MAX: usize = 16_000;
/// Bytes of an external id, a party, a document reference, a tag key or a tag value.
pub const REFERENCE_BYTES_MAX: usize = 1_000;
/// Tags on an entry or on a line.
pub const TAGS_MAX: usize = 100;
/// Accounts in one chart.
pub const ACCOUNTS_MAX: usize = 1_000_000;
/// Commodities in one organization.
pub const COMMODITIES_MAX: usize = 60_000;
/// Entries that one command may post, all or none.
pub const BATCH_ENTRIES_MAX: usize = 1_000;
/// First year of a date: text, databases and programs agree on the years 1 to 9999.
pub const YEAR_MIN: i32 = 1;
/// Last year of a date.
pub const YEAR_MAX: i32 = 9_999;
/// Events in one commit.
pub const COMMIT_EVENTS_MAX: usize = 8_192;
/// Bytes of one commit's payload above which no further event is added to it.
pub const COMMIT_BYTES_TARGET: usize = 1 << 20;
/// Bytes of one encoded event: what the codec agrees to decode.
pub const EVENT_BYTES_MAX: usize = 4 << 20;
/// Bytes that the lines and texts of one entry may need at most: an event has room for its reason and envelope besides.
pub const ENTRY_BYTES_MAX: usize = EVENT_BYTES_MAX - (64 << 10);
/// Bytes of one commit's payload that a reader accepts.
pub const COMMIT_BYTES_MAX: usize = 64 << 20;
/// Days that a recorded rate may be older than the entry that relies on it.
pub const RATE_AGE_DAYS_MAX: i64 = 31;
/// Lines of one document.
pub const DOCUMENT_LINES_MAX: usize = 2_000;
/// Files that one document may refer to.
pub const ATTACHMENTS_MAX: usize = 100;
/// Parts of schedules that one event recognises.
pub const RECOGNISED_PARTS_MAX: usize = 2_000;
/// Events of recognition that one command may make; what would be more is left for another.
pub const RECOGNITIONS_MAX: usize = 100;
/// Parties in one organization.
pub const PARTIES_MAX: usize = 100_000_000;
/// Parts of payment terms.
pub const TERMS_PARTS_MAX: usize = 100;
/// Allocations that one command may make; what would be more is left for another.
pub const ALLOCATIONS_MAX: usize = 2_000;
/// Items that one revaluation event names; more of them take several events.
pub const REVALUED_MAX: usize = 50_000;
/// Agents in one organization.
pub const AGENTS_MAX: usize = 10_000;
/// Approval policies in one organization.
pub const POLICIES_MAX: usize = 1_000;
/// Steps of one policy.
pub const POLICY_STEPS_MAX: usize = 20;
/// People who may vote in one step, and words for who may.
pub const ELIGIBLE_MAX: usize = 1_000;
/// Drafts that wait at one time.
pub const DRAFTS_MAX: usize = 100_000;
/// References that an execution or a draft names as its evidence; capabilities and tools of an agent.
pub const EVIDENCE_MAX: usize = 200;
/// Bytes of a draft's content: an event has room for a draft before and after a correction.
pub const DRAFT_BYTES_MAX: usize = 1 << 20;
