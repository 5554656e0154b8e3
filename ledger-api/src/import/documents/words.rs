//! The words that other programs use for kinds of documents and for payment terms.

use ledger_core::DocumentKind;
use ledger_core::subledger::{Side, Terms, TermsPart};
use rust_decimal::Decimal;

use super::Kind;
use crate::import::tabular::field::normalized;

/// The kind of document that a word means among rows of this kind.
pub(super) fn kind_of(rows: Kind, word: &str) -> Option<DocumentKind> {
    use DocumentKind::{Bill, CreditNote, DebitNote, ExpenseClaim, Invoice, Order, PaymentIn, PaymentOut, Refund};
    let word = normalized(word);
    let noted = match word.as_str() {
        "credit_note" | "creditnote" | "credit_memo" | "credit" | "vendor_credit" | "supplier_credit" => Some(CreditNote),
        "debit_note" | "debitnote" | "debit_memo" => Some(DebitNote),
        "order" | "sales_order" | "purchase_order" => Some(Order),
        _ => None,
    };
    match (rows, word.as_str()) {
        (Kind::Invoices, "invoice" | "sales_invoice") => Some(Invoice),
        (Kind::Bills, "bill" | "invoice" | "purchase_invoice" | "vendor_invoice") => Some(Bill),
        (Kind::Bills, "expense_claim" | "expense") => Some(ExpenseClaim),
        (Kind::Invoices | Kind::Bills, _) => noted,
        (Kind::Payments(_), "refund") => Some(Refund),
        (Kind::Payments(Side::Receivable), "payment" | "payment_in" | "receipt") => Some(PaymentIn),
        (Kind::Payments(Side::Payable), "payment" | "payment_out") => Some(PaymentOut),
        (Kind::Payments(_), _) => None,
    }
}

/// What [`kind_of`] expects, for messages.
pub(super) const fn kinds(rows: Kind) -> &'static str {
    match rows {
        Kind::Invoices => "invoice, credit_note, debit_note or order",
        Kind::Bills => "bill, expense_claim, credit_note, debit_note or order",
        Kind::Payments(_) => "payment or refund",
    }
}

/// Reads days (`30`) or shares and their days (`30@30,50@60,20@90`; also separated by `;`).
///
/// # Errors
/// What was expected.
pub(crate) fn terms(words: &str) -> Result<Terms, String> {
    let expected = || format!("expected days (30) or shares and their days (30@30,50@60,20@90), found `{words}`");
    let days = |word: &str| word.trim().parse::<u16>().map_err(|_| expected());
    if let Ok(net) = days(words) {
        return Ok(Terms::net(net));
    }
    let part = |part: &str| {
        let (share, due) = part.split_once('@').ok_or_else(expected)?;
        let share = share.trim().parse::<Decimal>().ok().filter(|share| *share > Decimal::ZERO).ok_or_else(expected)?;
        Ok(TermsPart { share, days: days(due)? })
    };
    Ok(Terms { parts: words.split([',', ';']).map(part).collect::<Result<_, String>>()? })
}
