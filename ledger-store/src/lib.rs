//! The commit log on Postgres: append under a fence, read history back, one organization at a time.
//!
//! Start at [`Store::connect`], take a handle with [`Store::for_org`], and everything about one organization hangs on
//! it. What the bytes in a commit mean is `ledger-core`'s business; read models are `ledger-projections`'.

pub mod answers;
pub mod archive;
pub mod audit;
pub mod bank;
pub mod bulk;
pub mod commits;
pub mod db;
pub mod directory;
pub mod embedded;
pub mod error;
pub mod identity;
pub mod kept;
pub mod keys;
pub mod load;
pub mod migrate;
pub mod party_details;
pub mod semantic;
pub mod snapshots;
pub mod tenant;
#[cfg(feature = "testing")]
pub mod testing;
pub mod verify;
pub mod webhooks;
pub mod writer;

pub use commits::{AppendError, Appended, Commit, Head, NewCommit, Resolution, StoredCommit};
pub use db::{Store, StoreConfig};
pub use directory::{Creation, DueApproval, Lagging, Organization, ProjectionLag};
pub use error::StoreError;
pub use kept::KeptHead;
pub use keys::{NewExternalId, NewKey, StoredKey};
pub use migrate::{MIGRATOR, MigrationReport, ensure_login, migrate};
pub use party_details::PartyDetails;
pub use snapshots::Snapshot;
pub use tenant::{Caller, OrgId, OrgStore, OrgTx};
