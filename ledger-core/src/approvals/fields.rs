//! A proposal as a list of named fields, so that what a correction changed can be told field by field.

use rust_decimal::Decimal;

use super::{FieldChange, PolicyTerms, Proposal};
use crate::Text;
use crate::command::{DraftDocument, DraftDocumentLine, DraftValue, InvoiceOrder, PayOutCommissions, RecordPayment};
use crate::draft::{AccountRef, DraftDetail, DraftEntry, DraftLine};

/// Fields in order; what is not given is not there.
#[derive(Default)]
struct Fields(Vec<(Text, Text)>);

impl Fields {
    fn put(&mut self, name: &str, value: impl std::fmt::Display) {
        self.0.push((name.into(), Text::from(value.to_string())));
    }

    fn may(&mut self, name: &str, value: Option<impl std::fmt::Display>) {
        if let Some(value) = value {
            self.put(name, value);
        }
    }

    fn tags(&mut self, place: &str, tags: &[(Text, Text)]) {
        tags.iter().for_each(|(key, value)| self.put(&format!("{place}tags/{key}"), value));
    }

    fn amount(&mut self, name: &str, amount: Decimal) {
        self.put(name, amount.normalize());
    }
}

fn account(account: &AccountRef) -> Text {
    match account {
        AccountRef::Code(code) => code.clone(),
        AccountRef::No(no) => Text::from(format!("#{}", no.get())),
    }
}

impl Proposal {
    /// Its fields by name, in order: `effective_date`, `lines/1/account`, …
    #[must_use]
    pub fn fields(&self) -> Vec<(Text, Text)> {
        let mut fields = Fields::default();
        match self {
            Self::Entry(draft) => entry(&mut fields, draft),
            Self::Bill(draft) => document(&mut fields, draft),
            Self::OrderedBill(invoice) => ordered(&mut fields, invoice),
            Self::Payout(pay) => payout(&mut fields, pay),
            Self::Payment(paid) => payment(&mut fields, paid),
            Self::Reopening { month, reason } => {
                fields.put("month", month);
                fields.put("reason", reason);
            }
            Self::Policy(terms) => policy(&mut fields, terms),
        }
        fields.0
    }

    /// What another proposal would change in this one.
    #[must_use]
    pub fn changes(&self, after: &Self) -> Vec<FieldChange> {
        let (before, after) = (self.fields(), after.fields());
        let find = |fields: &[(Text, Text)], name: &Text| fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.clone());
        let mut changes = Vec::new();
        for (field, value) in &before {
            let now = find(&after, field).unwrap_or_default();
            if now != *value {
                changes.push(FieldChange { field: field.clone(), before: value.clone(), after: now });
            }
        }
        for (field, value) in after.iter().filter(|(field, _)| find(&before, field).is_none()) {
            changes.push(FieldChange { field: field.clone(), before: Text::default(), after: value.clone() });
        }
        changes
    }
}

fn entry(fields: &mut Fields, draft: &DraftEntry) {
    fields.put("effective_date", draft.effective_date);
    fields.put("description", &draft.description);
    fields.put("kind", draft.kind.as_str());
    fields.may("rounding_account", draft.rounding_account.as_ref());
    fields.tags("", &draft.tags);
    draft.lines.iter().zip(1..).for_each(|(drafted, no)| line(fields, drafted, no));
}

fn line(fields: &mut Fields, line: &DraftLine, no: u32) {
    fields.put(&format!("lines/{no}/account"), account(&line.account));
    fields.amount(&format!("lines/{no}/amount"), line.amount);
    fields.put(&format!("lines/{no}/currency"), &line.currency);
    fields.may(&format!("lines/{no}/functional"), line.functional.map(|value| value.normalize()));
    if let Some(weight) = &line.weight {
        fields.put(&format!("lines/{no}/weight"), format!("{} {}", weight.amount.normalize(), weight.currency));
    }
    if let Some(of_line) = &line.detail {
        detail(fields, of_line, &format!("lines/{no}/"));
    }
}

fn detail(fields: &mut Fields, detail: &DraftDetail, place: &str) {
    if let Some(rate) = &detail.rate {
        let date = rate.date.map(|date| format!(" {date}")).unwrap_or_default();
        let told = format!("{} {} {}{date} {}", rate.rate.normalize(), rate.quote, rate.kind.as_str(), rate.source);
        fields.put(&format!("{place}rate"), told.trim_end());
    }
    fields.may(&format!("{place}party"), detail.party.as_ref());
    fields.may(&format!("{place}document"), detail.document.as_ref());
    fields.may(&format!("{place}due_date"), detail.due_date);
    fields.may(&format!("{place}tax_code"), detail.tax_code.as_ref());
    fields.may(&format!("{place}memo"), detail.memo.as_ref());
    fields.tags(place, &detail.tags);
}

fn value(fields: &mut Fields, value: DraftValue) {
    match value {
        DraftValue::Recorded => {}
        DraftValue::Rate(rate) => fields.amount("rate", rate),
        DraftValue::Total(total) => fields.amount("value", total),
    }
}

fn document(fields: &mut Fields, draft: &DraftDocument) {
    fields.put("kind", draft.kind.as_str());
    fields.put("party", &draft.party);
    fields.put("date", draft.date);
    fields.may("side", draft.side.map(crate::Side::as_str));
    fields.may("number", draft.number.as_ref());
    fields.put("series", &draft.series);
    fields.may("currency", draft.currency.as_ref());
    value(fields, draft.value);
    fields.may("reference", draft.reference.as_ref());
    fields.may("against", draft.against.as_ref());
    fields.put("tax_rounding", draft.tax_rounding.as_str());
    fields.put("rounding", format!("{:?}", draft.rounding));
    fields.put("tax_included", draft.tax_included);
    fields.may("due", draft.due);
    for (part, no) in draft.terms.iter().flat_map(|terms| &terms.parts).zip(1..) {
        fields.put(&format!("terms/{no}"), format!("{} after {} days", part.share.normalize(), part.days));
    }
    fields.may("control", draft.control.as_ref().map(account));
    fields.put("memo", &draft.memo);
    fields.tags("", &draft.tags);
    for (attachment, no) in draft.attachments.iter().zip(1..) {
        let hash: String = attachment.hash.iter().map(|byte| format!("{byte:02x}")).collect();
        fields.put(&format!("attachments/{no}"), format!("{} {} {hash}", attachment.name, attachment.media_type));
    }
    if let Some(origin) = &draft.origin {
        fields.put("origin/channel", &origin.channel);
        fields.may("origin/confidence", origin.confidence.map(|confidence| confidence.normalize()));
    }
    draft.lines.iter().zip(1..).for_each(|(line, no)| document_line(fields, line, &format!("lines/{no}/")));
}

fn document_line(fields: &mut Fields, line: &DraftDocumentLine, place: &str) {
    fields.put(&format!("{place}description"), &line.description);
    fields.amount(&format!("{place}quantity"), line.quantity);
    fields.amount(&format!("{place}unit_price"), line.unit_price);
    fields.put(&format!("{place}account"), account(&line.account));
    fields.may(&format!("{place}tax_code"), line.tax_code.as_ref());
    fields.tags(place, &line.tags);
    if let Some(terms) = &line.deferral {
        let told = format!("{} to {} {} {}", terms.start, terms.end, terms.method.as_str(), account(&terms.account));
        fields.put(&format!("{place}deferral"), told);
    }
}

fn ordered(fields: &mut Fields, invoice: &InvoiceOrder) {
    fields.put("order", &invoice.order);
    fields.put("date", invoice.date);
    fields.may("number", invoice.number.as_ref());
    fields.put("series", &invoice.series);
    value(fields, invoice.value);
}

fn payout(fields: &mut Fields, pay: &PayOutCommissions) {
    fields.put("payee", &pay.payee);
    fields.put("date", pay.date);
    fields.put("number", &pay.number);
    fields.may("currency", pay.currency.as_ref());
}

fn payment(fields: &mut Fields, paid: &RecordPayment) {
    fields.put("kind", paid.kind.as_str());
    fields.put("party", &paid.party);
    fields.put("account", account(&paid.account));
    fields.put("date", paid.date);
    fields.amount("amount", paid.amount);
    fields.may("side", paid.side.map(crate::Side::as_str));
    fields.may("currency", paid.currency.as_ref());
    value(fields, paid.value);
    if let Some((charged, amount)) = &paid.bank_charge {
        fields.put("bank_charge", format!("{} {}", account(charged), amount.normalize()));
    }
    fields.may("number", paid.number.as_ref());
    fields.put("series", &paid.series);
    fields.may("reference", paid.reference.as_ref());
    fields.put("settles", format!("{:?}", paid.settles));
    fields.may("control", paid.control.as_ref().map(account));
    fields.put("memo", &paid.memo);
    fields.tags("", &paid.tags);
}

fn policy(fields: &mut Fields, terms: &PolicyTerms) {
    let words = |words: Vec<&str>| words.join(",");
    fields.put("code", &terms.code);
    fields.put("subjects", words(terms.subjects.iter().map(|subject| subject.as_str()).collect()));
    fields.may("when/amount_from", terms.when.amount_from.map(|amount| amount.normalize()));
    fields.put("when/account_types", words(terms.when.account_types.iter().map(|kind| kind.as_str()).collect()));
    fields.put("when/sources", words(terms.when.sources.iter().map(|source| source.as_str()).collect()));
    fields.may("when/confidence_below", terms.when.confidence_below.map(|below| below.normalize()));
    fields.put("when/periods", words(terms.when.periods.iter().map(|status| status.as_str()).collect()));
    fields.put("rank", terms.rank);
    fields.put("self_approval", terms.self_approval);
    fields.put("allow_override", terms.allow_override);
    fields.put("active", terms.active);
    for (step, no) in terms.steps.iter().zip(1..) {
        fields.put(&format!("steps/{no}/mode"), format!("{:?}", step.mode));
        fields.put(&format!("steps/{no}/eligible"), step.eligible.join(","));
        fields.put(&format!("steps/{no}/min_aal"), step.min_aal);
        fields.may(&format!("steps/{no}/due"), step.due);
        fields.put(&format!("steps/{no}/on_timeout"), format!("{:?}", step.on_timeout));
    }
}
