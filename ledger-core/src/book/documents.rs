//! Decisions about orders, invoices, bills, expense claims, credit notes and debit notes.
//!
//! In order: the party, its side and control account; lines with their accounts, tax codes and schedules; tax; the
//! number; instalments; the entry. A credit note against a document first cancels what is unrecognised of its
//! schedules, takes commissions back, and settles the document as far as that is open for all of it; one that
//! exceeds what is open stays an open item, because nobody has said which part of it is to be returned.

use rust_decimal::Decimal;

use super::plan::Plan;
use super::recording::{ControlLine, Counter, Currency, Posting, Worth};
use super::{Book, Context, DocumentFacts, text};
use crate::account::AccountNo;
use crate::command::{DraftDocument, DraftDocumentLine, DraftValue, InvoiceOrder};
use crate::event::Event;
use crate::limits::{ATTACHMENTS_MAX, DESCRIPTION_BYTES_MAX, DOCUMENT_LINES_MAX, REFERENCE_BYTES_MAX};
use crate::money::Units;
use crate::rejection::Rejection;
use crate::rounding::{Rounding, prorate};
use crate::subledger::tax::{TaxLine, TaxRules, Taxed, compute, exact_product};
use crate::subledger::{
    DeferralTerms, Document, DocumentKind, DocumentLine, Instalment, InvoiceTerms, ItemId, Party, PartyNo, Side, TaxCode, Terms,
};
use crate::{AccountRef, Seq, Text};

const fn invalid(fault: &'static str, line: usize) -> Rejection {
    Rejection::DocumentInvalid { fault, line }
}

impl Book {
    pub(super) fn decide_document(&self, draft: &DraftDocument, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
        let mut plan = Plan::new(self, context);
        plan.record_draft(draft, None)?;
        plan.finish()
    }

    /// An order becomes an invoice, or a bill where it was given to a vendor.
    pub(super) fn invoice_order(&self, invoice: &InvoiceOrder, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
        let unknown = || Rejection::DocumentUnknown { number: invoice.order.clone() };
        let seq = self.document(DocumentKind::Order, None, &invoice.order).ok_or_else(unknown)?;
        let order = self.order(seq).ok_or_else(unknown)?;
        let kind = if order.side == Side::Receivable { DocumentKind::Invoice } else { DocumentKind::Bill };
        let party = self.party(order.party).ok_or_else(unknown)?;
        let mut draft = DraftDocument::new(kind, &party.code, invoice.date, order.lines.iter().map(drafted).collect());
        draft.number.clone_from(&invoice.number);
        draft.series.clone_from(&invoice.series);
        draft.value = invoice.value;
        draft.currency = self.commodity(order.currency).map(|commodity| commodity.code.clone());
        draft.reference = order.reference.clone().or_else(|| Some(order.number.clone()));
        (draft.tax_rounding, draft.rounding, draft.tax_included) = (order.tax_rounding, order.rounding, order.tax_included);
        (draft.memo, draft.tags) = (order.memo.clone(), order.tags.clone());
        (draft.attachments, draft.origin) = (order.attachments.clone(), order.origin.clone());
        if let Some(asked) = &order.invoice_terms {
            (draft.terms, draft.due) = (asked.terms.clone(), asked.due);
            draft.control = asked.control.map(AccountRef::No);
        }
        let mut plan = Plan::new(self, context);
        plan.record_draft(&draft, Some(seq))?;
        plan.finish()
    }

    /// The document that a credit or debit note is about.
    fn find_against(&self, number: &Text, side: Side, party: PartyNo) -> Result<(Seq, &DocumentFacts), Rejection> {
        use DocumentKind::{Bill, DebitNote, ExpenseClaim, Invoice};
        let kinds: &[DocumentKind] = if side == Side::Receivable { &[Invoice, DebitNote] } else { &[Bill, ExpenseClaim, DebitNote] };
        let scope = (side == Side::Payable).then_some(party);
        let found = kinds.iter().filter_map(|kind| self.document(*kind, scope, number));
        let found = found.filter_map(|seq| self.document_facts(seq).map(|facts| (seq, facts)));
        let mut found = found.filter(|(seq, facts)| facts.party == party && self.reversed_by(*seq).is_none());
        found.next().ok_or_else(|| Rejection::DocumentUnknown { number: number.clone() })
    }
}

/// A stored line as it would be proposed again.
fn drafted(line: &DocumentLine) -> DraftDocumentLine {
    use crate::command::DraftDeferral;
    let deferral = line.deferral.as_ref().map(|terms| DraftDeferral {
        start: terms.start,
        end: terms.end,
        method: terms.method,
        account: AccountRef::No(terms.account),
    });
    DraftDocumentLine {
        description: line.description.clone(),
        quantity: line.quantity,
        unit_price: line.unit_price,
        account: AccountRef::No(line.account),
        tax_code: line.tax_code.clone(),
        tags: line.tags.clone(),
        deferral,
    }
}

/// What a draft's names stand for.
struct Resolved<'a> {
    party: &'a Party,
    side: Side,
    against: Option<(Seq, &'a DocumentFacts)>,
    currency: Currency,
    lines: Vec<DocumentLine>,
    taxed: Taxed,
}

impl Plan<'_> {
    fn record_draft(&mut self, draft: &DraftDocument, order: Option<Seq>) -> Result<(), Rejection> {
        check(draft)?;
        let book = self.book;
        let resolved = book.resolve_document(draft)?;
        let document = book.document_of(draft, &resolved, order)?;
        if draft.kind == DocumentKind::Order {
            self.define_currency(&resolved.currency);
            self.record(document, None)?;
            return Ok(());
        }
        let control = book.control_for(resolved.party, resolved.side, draft.control.as_ref())?;
        let credit = draft.kind == DocumentKind::CreditNote;
        let sign = resolved.side.opening_sign() * if credit { -1 } else { 1 };
        let controls = document.instalments.iter().map(|part| ControlLine { units: sign * part.amount, due: Some(part.due), value: None });
        let controls: Vec<ControlLine> = controls.collect();
        let counters = counters(&resolved, sign);
        let (counters, cancelled) = match resolved.against.filter(|_| credit) {
            Some((seq, _)) => book.cancelling(seq, counters),
            None => (counters, Vec::new()),
        };
        let worth = self.worth_of(draft, &resolved, sign)?;
        let posting = Posting {
            party: resolved.party,
            control,
            currency: &resolved.currency,
            worth,
            controls,
            counters: counters.into_iter().map(|(counter, _)| counter).chain(tax_counters(&resolved, sign)).collect(),
            external_id: draft.external_id.clone(),
        };
        let first_counter = posting.controls.len();
        let (seq, items) = self.record(document, Some(&posting))?;
        match resolved.against.filter(|_| credit) {
            Some(against) => {
                for deferral in cancelled {
                    self.push(Event::DeferralCancelled { deferral: Box::new(deferral), by: seq });
                }
                let allowed = (against.1.net - against.1.credited_net - resolved.taxed.net).max(0);
                self.claw_back((against.0, &against.1.number), seq, draft.date, |_| Some(allowed))?;
                self.settle_against(against, &items)
            }
            None => self.schedule(seq, first_counter, &resolved.lines),
        }
    }

    /// A credit note against a foreign document counts at that document's rate unless it says otherwise.
    fn worth_of(&self, draft: &DraftDocument, resolved: &Resolved<'_>, sign: Units) -> Result<Worth, Rejection> {
        let book = self.book;
        let stated = book.worth(draft.value, &resolved.currency, sign)?;
        let Some((seq, facts)) = resolved.against else { return Ok(stated) };
        if draft.value != DraftValue::Recorded || resolved.currency.is_functional() || facts.currency != resolved.currency.no {
            return Ok(stated);
        }
        let (units, value) = book
            .items_at(seq)
            .fold((0, 0), |(units, value): (Units, Units), (_, item)| (units + item.money.units(), value + item.functional));
        if units == 0 {
            return Ok(stated);
        }
        let total = prorate(value, resolved.taxed.total.unsigned_abs(), units.unsigned_abs(), Rounding::HalfEven);
        Ok(Worth::Total(sign * total.abs()))
    }

    /// A credit note settles the document that it is against, where that has as much open.
    fn settle_against(&mut self, (seq, _): (Seq, &DocumentFacts), items: &[ItemId]) -> Result<(), Rejection> {
        let Some(from) = items.first() else { return Ok(()) };
        let Some((currency, credit)) = self.item(*from).map(|item| (item.money.currency(), item.open)) else { return Ok(()) };
        let known = self.book.items_at(seq).map(|(id, _)| id);
        let mut open: Vec<_> = known.filter_map(|id| self.item(id).map(|item| (id, item.clone()))).collect();
        open.retain(|(_, item)| item.open != 0 && item.money.currency() == currency && item.open.signum() == -credit.signum());
        open.sort_by_key(|(id, item)| (item.due_or_date(), item.date, *id));
        if open.iter().map(|(_, item)| item.open.abs()).sum::<Units>() < credit.abs() {
            return Ok(());
        }
        let open: Vec<ItemId> = open.into_iter().map(|(id, _)| id).collect();
        self.settle_each(*from, &open, None, None).map(drop)
    }
}

impl Book {
    fn resolve_document<'a>(&'a self, draft: &DraftDocument) -> Result<Resolved<'a>, Rejection> {
        use DocumentKind::{Bill, CreditNote, DebitNote, ExpenseClaim, Invoice};
        let party = self.find_party(&draft.party, 0)?;
        let side = match draft.kind {
            Invoice => Side::Receivable,
            Bill | ExpenseClaim => Side::Payable,
            _ => Self::side_of(party, draft.side),
        };
        if draft.side.is_some_and(|stated| stated != side) {
            return Err(invalid("its kind belongs to the other side", 0));
        }
        let against = match &draft.against {
            Some(_) if !matches!(draft.kind, CreditNote | DebitNote) => {
                return Err(invalid("only credit and debit notes are against a document", 0));
            }
            Some(number) => Some(self.find_against(number, side, party.no)?),
            None => None,
        };
        let otherwise = against.map(|(_, facts)| facts.currency).or(party.currency).unwrap_or(super::FUNCTIONAL);
        let currency = self.currency_for(draft.currency.as_ref(), otherwise)?;
        if against.is_some_and(|(_, facts)| facts.currency != currency.no) {
            return Err(invalid("a note has the currency of the document it is against", 0));
        }
        let (mut lines, taxed) = self.lines_of(draft, side, &currency)?;
        if taxed.total < 0 || taxed.net < 0 {
            return Err(invalid("its total is negative: record a credit note instead", 0));
        }
        lines.iter_mut().zip(&taxed.lines).for_each(|(line, taxed)| line.net = taxed.net);
        Ok(Resolved { party, side, against, currency, lines, taxed })
    }

    /// Lines with their accounts, before tax is taken off inclusive prices, and what tax comes to.
    fn lines_of(&self, draft: &DraftDocument, side: Side, currency: &Currency) -> Result<(Vec<DocumentLine>, Taxed), Rejection> {
        let mut lines = Vec::with_capacity(draft.lines.len());
        let mut taxable = Vec::with_capacity(draft.lines.len());
        for (line, no) in draft.lines.iter().zip(1..) {
            let amount = exact_product(line.quantity, line.unit_price).ok_or(Rejection::AmountTooLarge { line: no })?;
            let code = line.tax_code.as_ref().map(|code| self.tax_code_on(code, draft, no)).transpose()?;
            taxable.push(TaxLine { amount, code });
            lines.push(self.line_of(line, draft.kind, no)?);
        }
        let rules = TaxRules {
            date: draft.date,
            per: draft.tax_rounding,
            rounding: draft.rounding,
            included: draft.tax_included,
            purchase: side == Side::Payable,
            scale: currency.scale,
        };
        let taxed = compute(&taxable, &rules).map_err(|_| Rejection::AmountTooLarge { line: 0 })?;
        Ok((lines, taxed))
    }

    fn tax_code_on(&self, code: &Text, draft: &DraftDocument, line: usize) -> Result<&TaxCode, Rejection> {
        let known = self.tax_code(code).filter(|code| code.on(draft.date).next().is_some());
        known.ok_or_else(|| Rejection::TaxCodeUnknown { code: code.clone(), date: draft.date, line })
    }

    fn line_of(&self, line: &DraftDocumentLine, kind: DocumentKind, no: usize) -> Result<DocumentLine, Rejection> {
        let account = self.document_account(&line.account, no)?;
        let deferral = match &line.deferral {
            None => None,
            Some(_) if kind == DocumentKind::CreditNote => return Err(invalid("a credit note cancels schedules and has none itself", no)),
            Some(terms) => {
                text::date(terms.start, no)?;
                text::date(terms.end, no)?;
                let (start, end, method) = (terms.start, terms.end, terms.method);
                if crate::subledger::schedule::schedule(1, start, end, method.into()).is_none() {
                    return Err(invalid("a schedule ends on or after its first day and has at most 1200 months", no));
                }
                Some(DeferralTerms { start, end, method, account: self.document_account(&terms.account, no)? })
            }
        };
        Ok(DocumentLine {
            description: line.description.clone(),
            quantity: line.quantity,
            unit_price: line.unit_price,
            net: 0,
            account,
            tax_code: line.tax_code.clone(),
            tags: line.tags.clone(),
            deferral,
        })
    }

    /// An account that takes postings and is no control account: items come from the document as a whole.
    fn document_account(&self, account: &AccountRef, line: usize) -> Result<AccountNo, Rejection> {
        let no = self.posting_account(self.find(account, line)?, line)?;
        if self.control(no).is_some() { Err(invalid("a line may not be on a control account", line)) } else { Ok(no) }
    }

    /// What an order is given for its invoice beyond what it shows itself.
    fn invoice_terms(&self, draft: &DraftDocument, side: Side) -> Result<Option<Box<InvoiceTerms>>, Rejection> {
        if draft.kind != DocumentKind::Order {
            return Ok(None);
        }
        let control = draft.control.as_ref().map(|account| self.control_account(account, side)).transpose()?;
        let asked = InvoiceTerms { terms: draft.terms.clone(), due: draft.due, control };
        Ok((asked != InvoiceTerms::default()).then(|| Box::new(asked)))
    }

    fn document_of(&self, draft: &DraftDocument, resolved: &Resolved<'_>, order: Option<Seq>) -> Result<Document, Rejection> {
        let mut document = Document {
            kind: draft.kind,
            side: resolved.side,
            series: Text::default(),
            ordinal: None,
            number: Text::default(),
            party: resolved.party.no,
            date: draft.date,
            currency: resolved.currency.no,
            reference: draft.reference.clone(),
            order,
            relates_to: resolved.against.map(|(seq, _)| seq),
            lines: resolved.lines.clone(),
            tax: resolved.taxed.rows.clone(),
            tax_rounding: draft.tax_rounding,
            rounding: draft.rounding,
            tax_included: draft.tax_included,
            total: resolved.taxed.total,
            instalments: instalments(draft, resolved),
            cash_account: None,
            memo: draft.memo.clone(),
            tags: draft.tags.clone(),
            attachments: draft.attachments.clone(),
            origin: draft.origin.clone(),
            invoice_terms: self.invoice_terms(draft, resolved.side)?,
        };
        let numbered = self.numbered(draft.kind, document.number_scope(), draft.number.as_ref(), &draft.series)?;
        (document.series, document.ordinal, document.number) = (numbered.series, numbered.ordinal, numbered.number);
        Ok(document)
    }
}

fn instalments(draft: &DraftDocument, resolved: &Resolved<'_>) -> Vec<Instalment> {
    let total = resolved.taxed.total;
    let once = |due| vec![Instalment { due, amount: total }];
    let mut parts = match (draft.due, &draft.terms) {
        (Some(due), _) => once(due),
        (None, Some(terms)) => terms.instalments(total, draft.date),
        (None, None) if draft.kind == DocumentKind::CreditNote => once(draft.date),
        (None, None) => resolved.party.terms.instalments(total, draft.date),
    };
    parts.retain(|part| part.amount != 0);
    parts
}

/// The other side of the control account: each line with what tax adds to its cost. Lines of nothing are left out.
fn counters(resolved: &Resolved<'_>, sign: Units) -> Vec<(Counter, bool)> {
    let lines = resolved.lines.iter().zip(&resolved.taxed.lines);
    let counters = lines.map(|(line, taxed)| {
        let account = line.deferral.as_ref().map_or(line.account, |terms| terms.account);
        let units = -sign * (taxed.net + taxed.cost);
        let counter = Counter { account: Some(account), units, value: None, tax_code: line.tax_code.clone(), tags: line.tags.clone() };
        (counter, line.deferral.is_some())
    });
    counters.filter(|(counter, _)| counter.units != 0).collect()
}

/// Tax on its accounts: on sales all of it, on purchases what can be recovered, what is withheld and what is due.
fn tax_counters(resolved: &Resolved<'_>, sign: Units) -> impl Iterator<Item = Counter> {
    let purchase = resolved.side == Side::Payable;
    resolved.taxed.rows.iter().filter_map(move |row| {
        let amount = if purchase && row.tax.signum() * row.base.signum() > 0 { row.recoverable } else { row.tax };
        let tax_code = Some(row.code.clone());
        (amount != 0).then(|| Counter { account: Some(row.account), units: -sign * amount, value: None, tax_code, tags: Vec::new() })
    })
}

fn check(draft: &DraftDocument) -> Result<(), Rejection> {
    use DocumentKind::{Bill, CreditNote, DebitNote, ExpenseClaim, Invoice, Order};
    if !matches!(draft.kind, Order | Invoice | Bill | ExpenseClaim | CreditNote | DebitNote) {
        return Err(invalid("payments, refunds and write-offs have their own commands", 0));
    }
    if draft.lines.is_empty() {
        return Err(invalid("it has no lines", 0));
    }
    let counts =
        [("lines of a document", draft.lines.len(), DOCUMENT_LINES_MAX), ("attachments", draft.attachments.len(), ATTACHMENTS_MAX)];
    for (what, found, limit) in counts {
        if found > limit {
            return Err(Rejection::LimitExceeded { what, limit, found, line: 0 });
        }
    }
    text::date(draft.date, 0)?;
    text::bounded("memo", &draft.memo, DESCRIPTION_BYTES_MAX, 0)?;
    text::tags(&draft.tags, 0)?;
    draft.reference.as_ref().map_or(Ok(()), |reference| text::printable("reference", reference, REFERENCE_BYTES_MAX, 0))?;
    draft.due.map_or(Ok(()), |due| text::date(due, 0))?;
    draft.terms.as_ref().map_or(Ok(()), check_terms)?;
    for attachment in &draft.attachments {
        text::printable("media type", &attachment.media_type, REFERENCE_BYTES_MAX, 0)?;
        text::printable("file name", &attachment.name, REFERENCE_BYTES_MAX, 0)?;
    }
    if let Some(origin) = &draft.origin {
        text::printable("channel", &origin.channel, REFERENCE_BYTES_MAX, 0)?;
        if origin.confidence.is_some_and(|confidence| !(Decimal::ZERO..=Decimal::ONE).contains(&confidence)) {
            return Err(invalid("confidence is a number from 0 to 1", 0));
        }
    }
    draft.lines.iter().zip(1..).try_for_each(|(line, no)| {
        text::bounded("description", &line.description, DESCRIPTION_BYTES_MAX, no)?;
        text::tags(&line.tags, no)
    })
}

fn check_terms(terms: &Terms) -> Result<(), Rejection> {
    super::parties::check_terms(terms)
}
