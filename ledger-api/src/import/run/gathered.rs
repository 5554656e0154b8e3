//! The bytes that an item has in the running hash over a source: every field, each told apart from its neighbours.

use chrono::{Datelike, NaiveDate};
use ledger_core::command::{DraftDocument, DraftDocumentLine, DraftValue, ItemRef, RecordPayment, Settles};
use ledger_core::{AccountRef, DraftLine, Text};
use rust_decimal::Decimal;

use crate::import::source::Recording;

/// The bytes of one item.
#[derive(Default)]
pub(super) struct Gathered(pub(super) Vec<u8>);

impl Gathered {
    pub(super) fn number(&mut self, number: i128) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    pub(super) fn text(&mut self, text: &str) {
        self.0.extend_from_slice(&(text.len() as u64).to_le_bytes());
        self.0.extend_from_slice(text.as_bytes());
    }

    fn decimal(&mut self, value: Decimal) {
        self.number(value.mantissa());
        self.0.push(u8::try_from(value.scale()).unwrap_or(u8::MAX));
    }

    pub(super) fn line(&mut self, line: &DraftLine) {
        self.account(&line.account);
        self.decimal(line.amount);
        self.text(&line.currency);
        if let Some(functional) = line.functional {
            self.decimal(functional);
        }
        if let Some(weight) = &line.weight {
            self.decimal(weight.amount);
            self.text(&weight.currency);
        }
        if let Some(detail) = &line.detail {
            for text in [&detail.party, &detail.document, &detail.tax_code, &detail.memo] {
                self.text(text.as_deref().unwrap_or(""));
            }
            self.text(&detail.due_date.map(|date| date.to_string()).unwrap_or_default());
            for (key, value) in &detail.tags {
                self.text(key);
                self.text(value);
            }
            if let Some(rate) = &detail.rate {
                self.decimal(rate.rate);
                self.text(&rate.quote);
            }
        }
    }

    fn account(&mut self, account: &AccountRef) {
        match account {
            AccountRef::Code(code) => self.text(code),
            AccountRef::No(no) => self.number(i128::from(no.get())),
        }
    }

    /// A text that may not be there, told apart from an empty one.
    fn optional(&mut self, text: Option<&str>) {
        self.0.push(u8::from(text.is_some()));
        self.text(text.unwrap_or_default());
    }

    fn date(&mut self, date: NaiveDate) {
        self.number(i128::from(date.num_days_from_ce()));
    }

    fn tags(&mut self, tags: &[(Text, Text)]) {
        self.number(tags.len() as i128);
        for (key, value) in tags {
            self.text(key);
            self.text(value);
        }
    }

    fn value(&mut self, value: DraftValue) {
        match value {
            DraftValue::Recorded => self.0.push(0),
            DraftValue::Rate(rate) => {
                self.0.push(1);
                self.decimal(rate);
            }
            DraftValue::Total(total) => {
                self.0.push(2);
                self.decimal(total);
            }
        }
    }

    /// A document or a payment.
    pub(super) fn recording(&mut self, recording: &Recording) {
        match recording {
            Recording::Document(draft) => self.document(draft),
            Recording::Payment(payment) => self.payment(payment),
        }
    }

    /// Everything that a source can say of a document.
    fn document(&mut self, draft: &DraftDocument) {
        self.text(draft.kind.as_str());
        self.text(&draft.party);
        self.date(draft.date);
        for text in [&draft.number, &draft.currency, &draft.reference, &draft.against, &draft.external_id] {
            self.optional(text.as_deref());
        }
        self.text(&draft.series);
        self.text(&draft.memo);
        self.value(draft.value);
        self.0.extend([draft.tax_rounding.number(), u8::from(draft.tax_included)]);
        self.optional(draft.due.map(|due| due.to_string()).as_deref());
        let terms = draft.terms.iter().flat_map(|terms| &terms.parts);
        terms.for_each(|part| {
            self.decimal(part.share);
            self.number(i128::from(part.days));
        });
        draft.control.iter().for_each(|control| self.account(control));
        self.tags(&draft.tags);
        self.number(draft.lines.len() as i128);
        draft.lines.iter().for_each(|line| self.document_line(line));
    }

    fn document_line(&mut self, line: &DraftDocumentLine) {
        self.account(&line.account);
        self.decimal(line.quantity);
        self.decimal(line.unit_price);
        self.text(&line.description);
        self.optional(line.tax_code.as_deref());
        self.tags(&line.tags);
        if let Some(deferral) = &line.deferral {
            self.date(deferral.start);
            self.date(deferral.end);
            self.text(deferral.method.as_str());
            self.account(&deferral.account);
        }
    }

    /// Everything that a source can say of a payment.
    fn payment(&mut self, payment: &RecordPayment) {
        self.text(payment.kind.as_str());
        self.text(&payment.party);
        self.account(&payment.account);
        self.date(payment.date);
        self.decimal(payment.amount);
        for text in [&payment.number, &payment.currency, &payment.reference, &payment.external_id] {
            self.optional(text.as_deref());
        }
        self.text(&payment.series);
        self.text(&payment.memo);
        self.value(payment.value);
        if let Some((account, charge)) = &payment.bank_charge {
            self.account(account);
            self.decimal(*charge);
        }
        payment.control.iter().for_each(|control| self.account(control));
        self.tags(&payment.tags);
        match &payment.settles {
            Settles::ByDueDate => self.text("by due date"),
            Settles::Nothing => self.text("nothing"),
            Settles::These(targets) => targets.iter().for_each(|target| {
                if let ItemRef::Document { document, .. } = &target.item {
                    self.text(document);
                }
                self.optional(target.amount.map(|amount| amount.to_string()).as_deref());
                self.optional(target.settled.map(|settled| settled.to_string()).as_deref());
            }),
        }
    }
}
