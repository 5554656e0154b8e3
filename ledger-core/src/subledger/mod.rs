//! The words of the sub-ledgers: parties, open items, allocations, documents, revaluations.
//!
//! The one rule that everything rests on: a posted line on a control account *is* an open item, whatever event
//! carried it. Its id is where it stands: the event's seq and the line. Allocations settle items against each
//! other; they are events of their own.
//!
//! Only types and their arithmetic here. What may be asked of them is decided in `book`, their bytes are in `codec`.

mod allocation;
pub mod commission;
mod deferral;
mod document;
mod item;
mod party;
mod revaluation;
pub mod schedule;
pub mod tax;

pub use allocation::Allocation;
pub use commission::{ClawBack, CommissionAccrual, CommissionAssignment, CommissionPlan, Payout};
pub use deferral::{Deferral, DeferralPart, RecognisedPart};
pub use document::{
    Attachment, DeferralMethod, DeferralTerms, Document, DocumentKind, DocumentLine, Instalment, InvoiceTerms, Origin, TaxRounding, TaxRow,
};
pub use item::{ItemId, OpenItem};
pub use party::{Party, PartyKind, PartyNo, Side, Terms, TermsPart};
pub use revaluation::{Revaluation, Revalued, RevaluedTarget};
pub use tax::{TaxCode, TaxComponent};
