//! Which document a number means. The book knows the place of every number, so nothing is searched in history.

use ledger_core::{Book, DocumentKind, PartyNo, Seq};

use crate::cli::complaint::Complaint;
use crate::cli::recording::party;

/// A document that has a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found {
    kind: DocumentKind,
    /// Whose numbers it is one of, where parties number.
    scope: Option<PartyNo>,
    pub(super) seq: Seq,
}

/// The one document with this number, kind and party.
pub(super) fn find(book: &Book, number: &str, kind: Option<DocumentKind>, of: Option<&str>) -> anyhow::Result<Found> {
    let wanted = match of {
        Some(code) => {
            let known = book.party_by_code(code).map(|party| party.no);
            Some(known.ok_or_else(|| Complaint::refused(format!("there is no party {code:?}")).hint("list them: ledgerd party list"))?)
        }
        None => None,
    };
    let mut found: Vec<Found> = Vec::new();
    for kind in DocumentKind::ALL.iter().copied().filter(|of| kind.is_none_or(|kind| kind == *of)) {
        let ours = book.document(kind, None, number).map(|seq| Found { kind, scope: None, seq });
        found.extend(ours.filter(|ours| wanted.is_none_or(|party| book.document_facts(ours.seq).is_none_or(|facts| facts.party == party))));
        let parties = book.parties().iter().map(|party| party.no).filter(|no| wanted.is_none_or(|wanted| wanted == *no));
        if is_numbered_by_parties(kind) {
            found.extend(parties.filter_map(|no| book.document(kind, Some(no), number).map(|seq| Found { kind, scope: Some(no), seq })));
        }
    }
    match found.as_slice() {
        [only] => Ok(*only),
        [] => Err(Complaint::refused(format!("there is no document {number:?}"))
            .hint("look at `ledgerd report open-items`, or at history: ledgerd events")
            .into()),
        several => {
            let list: Vec<String> = several.iter().map(|found| found.shown(book)).collect();
            Err(Complaint::refused(format!("{} documents have the number {number:?}: {}", several.len(), list.join(", ")))
                .hint("say which with --kind or --party")
                .into())
        }
    }
}

/// Whether parties may number such documents; see [`ledger_core::Document::is_numbered_by_party`].
const fn is_numbered_by_parties(kind: DocumentKind) -> bool {
    use DocumentKind::{Bill, CreditNote, DebitNote, ExpenseClaim};
    matches!(kind, Bill | ExpenseClaim | CreditNote | DebitNote)
}

impl Found {
    fn shown(self, book: &Book) -> String {
        let whose = self.scope.map(|no| format!(" of {}", party(book, no))).unwrap_or_default();
        format!("{}{whose} (seq {})", self.kind.as_str().replace('_', "-"), self.seq)
    }
}
