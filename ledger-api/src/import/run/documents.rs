//! Documents and payments on their way into the books: what they need and nobody declared, and what stands already.

use std::collections::HashMap;

use ledger_core::command::{ItemRef, RecordPayment, Settles};
use ledger_core::{Command, DocumentKind, Rejection, Side, Text};

use super::poster::{LINE_WEIGHT, Poster};
use crate::import::source::{Place, Recording, SourceDocument, Stop};

impl Poster {
    /// Records a document, unless its number or id stands already and such ones are passed over.
    pub(super) fn document(&mut self, document: SourceDocument, taken: &HashMap<String, u64>) -> Result<(), Stop> {
        let SourceDocument { recording, place, line_places, text } = document;
        let seq = recording.external_id().and_then(|id| taken.get(id.as_str()).copied());
        if self.skip_existing && (seq.is_some() || self.stands(&recording)) {
            self.summary.already += 1;
            return Ok(());
        }
        if let (Some(seq), Some(id)) = (seq, recording.external_id()) {
            return self.refuse_rejection(&Rejection::ExternalIdTaken { external_id: id.clone(), seq }, place, text);
        }
        let currency = match &recording {
            Recording::Document(draft) => draft.currency.clone(),
            Recording::Payment(payment) => payment.currency.clone(),
        };
        if let Some(code) = currency {
            self.know(&code, &place)?;
        }
        let command = match recording {
            Recording::Document(draft) => Command::RecordDocument(Box::new(draft)),
            Recording::Payment(mut payment) => {
                self.pass_over_settled(&mut payment);
                Command::RecordPayment(Box::new(payment))
            }
        };
        let kept = self.rejects.is_some().then(|| text.clone()).flatten();
        match self.decide(command, &place, kept) {
            Ok(()) => {
                self.summary.posted += 1;
                self.summary.lines += line_places.len() as u64;
                Ok(())
            }
            Err(rejection) => {
                let line = rejection.line().checked_sub(1).and_then(|index| line_places.get(index)).copied();
                let place = Place { line: line.unwrap_or(place.line), column: 0, ..place };
                self.refuse_rejection(&rejection, place, text)
            }
        }
    }

    /// Whether a document of this kind has the number.
    fn stands(&self, recording: &Recording) -> bool {
        let (kind, number, party, side) = match recording {
            Recording::Document(draft) => (draft.kind, &draft.number, &draft.party, draft.side),
            Recording::Payment(payment) => (payment.kind, &payment.number, &payment.party, payment.side),
        };
        let numbered_by_party = side == Some(Side::Payable) && !is_ours(kind);
        let Some(number) = number else { return false };
        let scope = self.book().party_by_code(party).map(|party| party.no);
        match numbered_by_party {
            true => scope.is_some_and(|party| self.book().document(kind, Some(party), number).is_some()),
            false => self.book().document(kind, None, number).is_some(),
        }
    }

    /// A payment of what was paid before is kept as an item of its own: the money did come in. What nobody knows is
    /// left to be refused.
    fn pass_over_settled(&mut self, payment: &mut RecordPayment) {
        let Settles::These(targets) = &mut payment.settles else { return };
        let book = self.book();
        let Some(party) = book.party_by_code(&payment.party).map(|party| party.no) else { return };
        let is_settled = |document: &Text| {
            let mut items = book.items_of(party, document).peekable();
            items.peek().is_some() && items.all(|(_, item)| item.open == 0)
        };
        targets.retain(|target| !matches!(&target.item, ItemRef::Document { document, .. } if is_settled(document)));
        if targets.is_empty() {
            payment.settles = Settles::Nothing;
            self.summary.unapplied += 1;
        }
    }
}

/// Whether the organization itself numbers such documents even with vendors.
const fn is_ours(kind: DocumentKind) -> bool {
    use DocumentKind::{Bill, CreditNote, DebitNote, ExpenseClaim};
    !matches!(kind, Bill | ExpenseClaim | CreditNote | DebitNote)
}

/// Rough size of a document: its lines and bytes of text.
pub(super) fn document_weight(document: &SourceDocument) -> usize {
    let tags = |tags: &[(Text, Text)]| tags.iter().map(|(key, value)| key.len() + value.len()).sum::<usize>();
    match &document.recording {
        Recording::Document(draft) => {
            let lines: usize = draft.lines.iter().map(|line| LINE_WEIGHT + line.description.len() + tags(&line.tags)).sum();
            LINE_WEIGHT + draft.memo.len() + lines
        }
        Recording::Payment(payment) => 2 * LINE_WEIGHT + payment.memo.len() + tags(&payment.tags),
    }
}
