//! What headers and names mean in each kind of source: `invoice_no` is the number of an invoice, and what a payment
//! pays.
//!
//! Journals have the names and aliases of [`Field`]; documents have words of their own before these.

use super::field::{Field, normalized};

/// A kind of source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Vocabulary {
    /// Journal entries.
    #[default]
    Journal,
    /// Invoices, and their orders and notes.
    Invoices,
    /// Bills, likewise.
    Bills,
    /// Payments.
    Payments,
}

/// What documents may say of the whole, and on each of their lines.
const WHOLE: &[Field] = &[
    Field::Entry,
    Field::Kind,
    Field::Party,
    Field::Date,
    Field::DueDate,
    Field::Terms,
    Field::Currency,
    Field::Functional,
    Field::Rate,
    Field::Reference,
    Field::Document,
    Field::Series,
    Field::Memo,
    Field::ExternalId,
];
const LINES: &[Field] = &[
    Field::Amount,
    Field::Quantity,
    Field::UnitPrice,
    Field::Account,
    Field::TaxCode,
    Field::Description,
    Field::Tags,
    Field::DeferralStart,
    Field::DeferralEnd,
    Field::DeferralAccount,
    Field::DeferralMethod,
];
/// What payments may say of the whole, and of each document that they pay.
const PAYMENT: &[Field] = &[
    Field::Entry,
    Field::Kind,
    Field::Party,
    Field::Date,
    Field::Currency,
    Field::Functional,
    Field::Rate,
    Field::Account,
    Field::Reference,
    Field::Series,
    Field::Memo,
    Field::Description,
    Field::BankCharge,
    Field::ChargeAccount,
    Field::Tags,
    Field::ExternalId,
];
const PAID: &[Field] = &[Field::Amount, Field::Document, Field::Settled];

impl Vocabulary {
    /// The field that `--columns` calls so.
    pub(crate) fn named(name: &str) -> Option<Field> {
        match name {
            "number" => Some(Field::Entry),
            "against" | "pays" => Some(Field::Document),
            "value" => Some(Field::Functional),
            name => Field::named(name),
        }
    }

    /// The field that a header means by itself.
    pub(crate) fn field_of(self, header: &str) -> Option<Field> {
        if self == Self::Journal {
            return Field::of_header(header);
        }
        let word = normalized(header);
        self.own(&word).or_else(|| Self::common(&word)).or_else(|| Field::of_header(&word)).or_else(|| Field::named(&word))
    }

    fn own(self, word: &str) -> Option<Field> {
        Some(match (self, word) {
            (Self::Invoices, "invoice" | "invoice_no" | "invoice_number" | "invoice_id")
            | (Self::Bills, "bill" | "bill_no" | "bill_number" | "bill_id" | "invoice" | "invoice_no" | "invoice_number")
            | (Self::Payments, "payment" | "payment_no" | "payment_number" | "payment_id" | "receipt_no" | "receipt_number")
            | (Self::Invoices | Self::Bills, "document" | "document_no" | "document_number" | "doc_no") => Field::Entry,
            (Self::Payments, "bill" | "bill_no" | "bill_number" | "pays") => Field::Document,
            (Self::Invoices, "invoice_date") | (Self::Bills, "bill_date" | "invoice_date") | (Self::Payments, "payment_date") => {
                Field::Date
            }
            (Self::Invoices | Self::Bills, "line_amount" | "line_total") | (Self::Payments, "payment_amount") => Field::Amount,
            _ => return None,
        })
    }

    fn common(word: &str) -> Option<Field> {
        Some(match word {
            "number" => Field::Entry,
            "type" | "document_type" | "doc_type" | "document_kind" => Field::Kind,
            "customer_id" | "customer_code" | "vendor_id" | "vendor_code" | "supplier_id" | "supplier_code" => Field::Party,
            "document_date" => Field::Date,
            "reference" | "ref" | "po" | "po_number" | "purchase_order" => Field::Reference,
            "against" | "applies_to" => Field::Document,
            "qty" => Field::Quantity,
            "price" | "unit_amount" => Field::UnitPrice,
            "line_description" | "line_memo" | "item_description" => Field::Description,
            "payment_terms" => Field::Terms,
            "service_start" => Field::DeferralStart,
            "service_end" => Field::DeferralEnd,
            "value" | "functional_total" => Field::Functional,
            _ => return None,
        })
    }

    /// Whether sources of this kind may have the field at all.
    pub(crate) fn reads(self, field: Field) -> bool {
        match self {
            Self::Journal => Field::OF_JOURNALS.contains(&field),
            _ => self.is_of_whole(field) || self.is_of_line(field),
        }
    }

    /// Whether the field is said once for a document.
    pub(crate) fn is_of_whole(self, field: Field) -> bool {
        match self {
            Self::Journal => field.is_of_entry(),
            Self::Invoices | Self::Bills => WHOLE.contains(&field) || field == Field::Tags,
            Self::Payments => PAYMENT.contains(&field),
        }
    }

    /// Whether the field is said for each line.
    pub(crate) fn is_of_line(self, field: Field) -> bool {
        match self {
            Self::Journal => !field.is_of_entry(),
            Self::Invoices | Self::Bills => LINES.contains(&field),
            Self::Payments => PAID.contains(&field),
        }
    }

    /// What all rows of a document say alike.
    pub(crate) const fn agreed(self) -> &'static [Field] {
        match self {
            Self::Journal => &[],
            Self::Invoices | Self::Bills => WHOLE,
            Self::Payments => PAYMENT,
        }
    }

    /// What people call the field here.
    pub(crate) const fn name(self, field: Field) -> &'static str {
        match (self, field) {
            (Self::Journal, field) => field.name(),
            (_, Field::Entry) => "number",
            (Self::Invoices | Self::Bills, Field::Document) => "against",
            (_, field) => field.name(),
        }
    }

    /// What the source has, for messages.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Journal => "journals",
            Self::Invoices => "invoices",
            Self::Bills => "bills",
            Self::Payments => "payments",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_means_what_its_source_is_about() {
        for (vocabulary, header, field) in [
            (Vocabulary::Journal, "Invoice No", Some(Field::Document)),
            (Vocabulary::Invoices, "Invoice No", Some(Field::Entry)),
            (Vocabulary::Bills, "invoice_number", Some(Field::Entry)),
            (Vocabulary::Payments, "Invoice No", Some(Field::Document)),
            (Vocabulary::Journal, "Quantity", None),
            (Vocabulary::Invoices, "Quantity", Some(Field::Quantity)),
            (Vocabulary::Journal, "Ref", Some(Field::Document)),
            (Vocabulary::Bills, "Ref", Some(Field::Reference)),
            (Vocabulary::Invoices, "due", Some(Field::DueDate)),
            (Vocabulary::Payments, "salesman", None),
        ] {
            assert_eq!(vocabulary.field_of(header), field, "{vocabulary:?} {header}");
        }
    }
}
