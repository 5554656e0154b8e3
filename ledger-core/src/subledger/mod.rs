//! The words of the sub-ledgers: parties, open items, allocations, documents, revaluations.
//!
//! The one rule that everything rests on: a posted line on a control account *is* an open item, whatever event
//! carried it. Its id is where it stands: the event's seq and the line. Allocations settle items against each
//! other; they are events of their own.
//!
//! Only types and their arithmetic here. What may be asked of them is decided in `book`, their bytes are in `codec`.

/// Enums with a stored number and a word.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $no:literal $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$variant_doc])* $variant = $no,)+ }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word used in files and reports.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// The number used in events; never reused.
            #[must_use]
            pub const fn number(self) -> u8 {
                match self { $(Self::$variant => $no),+ }
            }

            /// What has this number.
            #[must_use]
            pub const fn from_number(no: u8) -> Option<Self> {
                match no { $($no => Some(Self::$variant),)+ _ => None }
            }

            /// Reads the word of a file, in any letter case.
            #[must_use]
            pub fn parse(word: &str) -> Option<Self> {
                match word.to_ascii_lowercase().as_str() { $($word => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

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
pub use commission::{ClawBack, CommissionAccrual, CommissionPlan, Payout};
pub use deferral::{Deferral, DeferralPart, RecognisedPart};
pub use document::{
    Attachment, DeferralMethod, DeferralTerms, Document, DocumentKind, DocumentLine, Instalment, Origin, TaxRounding, TaxRow,
};
pub use item::{ItemId, OpenItem};
pub use party::{Party, PartyKind, PartyNo, Side, Terms, TermsPart};
pub use revaluation::{Revaluation, Revalued, RevaluedTarget};
pub use tax::{TaxCode, TaxComponent};
