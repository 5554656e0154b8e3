//! The words for documents.
//!
//! ```text
//! tax CODE: NAME RATE ACCOUNT [compound] [withheld] [recoverable=N] [reverse=ACCOUNT] [from=D] [to=D] [box=B] | …
//! order|invoice|bill|claim|credit|debit PARTY DATE [no=N] [series=S] [cur=C] [rate=R] [value=V] [against=N] [due=D]
//!     [terms=SHARE@DAYS,…] [control=ACCOUNT] [included] [per-document] [channel=C] [sure=N] [seller=P] [id=ID]: LINE | LINE …
//!   LINE = ACCOUNT PRICE [x QUANTITY] [tax CODE] [cc VALUE] [sold PAYEE] [defer START END METHOD ACCOUNT]
//! invoice-order NUMBER DATE [no=N]
//! receive|send|refund PARTY DATE ACCOUNT AMOUNT [cur=C] [rate=R] [value=V] [charge=ACCOUNT/AMOUNT] [no=N] [nothing]: TARGETS
//! write-off PARTY:DOCUMENT ACCOUNT [AMOUNT] [on=DATE]
//! recognise DATE
//! plan CODE invoice|cash EXPENSE ACCRUED: flat N | percent N | tiers FROM/PERCENT … | retroactive FROM/PERCENT …
//! assign PLAN PAYEE [customer=C] [from=D] [to=D]                 (from 2026-01-01 where not said)
//! accrue PLAN PAYEE INVOICE [on=DATE]                                    payout PAYEE DATE NUMBER [cur=C]
//! close-year DATE ACCOUNT
//! ```

use chrono::NaiveDate;
use ledger_core::book::year_balances;
use ledger_core::command::{
    AccrueCommission, AssignCommission, CloseYear, DefineCommissionPlan, DefineTaxCode, DraftDeferral, DraftDocument, DraftDocumentLine,
    DraftRule, DraftTaxComponent, DraftTier, DraftValue, InvoiceOrder, PayOutCommissions, RecordPayment, Settles, WriteOff,
};
use ledger_core::subledger::commission::Trigger;
use ledger_core::subledger::{DeferralMethod, DocumentKind, Origin, TaxRounding};
use ledger_core::{Command, Text};

use super::{Ledger, day, dec, target, terms};

fn parts(lines: &str) -> impl Iterator<Item = Vec<&str>> {
    lines.split('|').map(|part| part.split_whitespace().collect::<Vec<_>>()).filter(|part| !part.is_empty())
}

fn option<'a>(words: &[&'a str], key: &str) -> Option<&'a str> {
    words.iter().find_map(|word| word.strip_prefix(key)?.strip_prefix('='))
}

fn text(words: &[&str], key: &str) -> Option<Text> {
    option(words, key).map(Into::into)
}

/// A command about documents; nothing for any other word.
pub(super) fn command(ledger: &Ledger, words: &[&str], lines: &str) -> Option<Command> {
    use DocumentKind::{Bill, CreditNote, DebitNote, ExpenseClaim, Invoice, Order, PaymentIn, PaymentOut, Refund};
    Some(match words[0] {
        "tax" => tax(words[1], lines),
        "order" => document(Order, words, lines),
        "invoice" => document(Invoice, words, lines),
        "bill" => document(Bill, words, lines),
        "claim" => document(ExpenseClaim, words, lines),
        "credit" => document(CreditNote, words, lines),
        "debit" => document(DebitNote, words, lines),
        "invoice-order" => Command::InvoiceOrder(Box::new(InvoiceOrder {
            order: words[1].into(),
            date: day(words[2]),
            number: text(words, "no"),
            series: "".into(),
            value: value(words),
        })),
        "receive" => payment(PaymentIn, words, lines),
        "send" => payment(PaymentOut, words, lines),
        "refund" => payment(Refund, words, lines),
        "write-off" => {
            let (party, document) = words[1].split_once(':').unwrap();
            Command::WriteOff(Box::new(WriteOff {
                party: party.into(),
                document: document.into(),
                account: words[2].into(),
                date: option(words, "on").map(day),
                amount: words.get(3).filter(|word| !word.contains('=')).map(|word| dec(word)),
                number: None,
                reason: "a reason".into(),
            }))
        }
        "recognise" => Command::RecogniseDeferrals { up_to: day(words[1]) },
        "plan" => plan(words, lines),
        "accrue" => Command::AccrueCommission(Box::new(AccrueCommission {
            plan: words[1].into(),
            payee: words[2].into(),
            invoice: words[3].into(),
            date: option(words, "on").map(day),
        })),
        "assign" => Command::AssignCommission(Box::new(AssignCommission {
            plan: words[1].into(),
            payee: words[2].into(),
            customer: text(words, "customer"),
            from: day(option(words, "from").unwrap_or("2026-01-01")),
            to: option(words, "to").map(day),
        })),
        "payout" => Command::PayOutCommissions(Box::new(PayOutCommissions {
            payee: words[1].into(),
            date: day(words[2]),
            number: words[3].into(),
            currency: text(words, "cur"),
        })),
        "close-year" => {
            let date: NaiveDate = day(words[1]);
            let balances = year_balances(&ledger.book, ledger.history.values(), date);
            let seq = option(words, "seq").map_or(ledger.book.seq(), |seq| seq.parse().unwrap());
            Command::CloseYear(Box::new(CloseYear { date, retained_earnings: words[2].into(), balances, seq }))
        }
        _ => return None,
    })
}

fn value(words: &[&str]) -> DraftValue {
    match (option(words, "rate"), option(words, "value")) {
        (Some(rate), _) => DraftValue::Rate(dec(rate)),
        (None, Some(total)) => DraftValue::Total(dec(total)),
        (None, None) => DraftValue::Recorded,
    }
}

fn tax(code: &str, lines: &str) -> Command {
    let components = parts(lines).map(|words| DraftTaxComponent {
        compound: words.contains(&"compound"),
        withheld: words.contains(&"withheld"),
        recoverable: option(&words, "recoverable").map_or(rust_decimal::Decimal::ONE_HUNDRED, dec),
        reverse_charge: option(&words, "reverse").map(Into::into),
        from: option(&words, "from").map(day),
        to: option(&words, "to").map(day),
        report_box: text(&words, "box").unwrap_or_default(),
        ..DraftTaxComponent::new(words[0], dec(words[1]), words[2])
    });
    Command::DefineTaxCode(Box::new(DefineTaxCode { code: code.into(), name: "".into(), components: components.collect() }))
}

fn document(kind: DocumentKind, words: &[&str], lines: &str) -> Command {
    let mut draft = DraftDocument::new(kind, words[1], day(words[2]), parts(lines).map(|words| line(&words)).collect());
    (draft.number, draft.series) = (text(words, "no"), text(words, "series").unwrap_or_default());
    (draft.currency, draft.value, draft.against) = (text(words, "cur"), value(words), text(words, "against"));
    (draft.due, draft.terms) = (option(words, "due").map(day), option(words, "terms").map(terms));
    draft.tax_included = words.contains(&"included");
    draft.external_id = text(words, "id");
    draft.control = text(words, "control").map(ledger_core::AccountRef::Code);
    draft.tags = text(words, "seller").map(|seller| ("seller".into(), seller)).into_iter().collect();
    if words.contains(&"per-document") {
        draft.tax_rounding = TaxRounding::PerDocument;
    }
    draft.origin = text(words, "channel").map(|channel| Origin { channel, confidence: option(words, "sure").map(dec) });
    Command::RecordDocument(Box::new(draft))
}

fn line(words: &[&str]) -> DraftDocumentLine {
    let mut line = DraftDocumentLine::new(words[0], dec(words[1]));
    let mut rest = &words[2..];
    while let Some((keyword, after)) = rest.split_first() {
        rest = &after[1..];
        match *keyword {
            "x" => line.quantity = dec(after[0]),
            "tax" => line.tax_code = Some(after[0].into()),
            "sold" => line.tags = vec![("seller".into(), after[0].into())],
            "cc" => line.tags = vec![("cost_center".into(), after[0].into())],
            "defer" => {
                let method = DeferralMethod::parse(after[2]).unwrap();
                line.deferral = Some(DraftDeferral { start: day(after[0]), end: day(after[1]), method, account: after[3].into() });
                rest = &after[4..];
            }
            other => panic!("{other:?} is no part of a document's line"),
        }
    }
    line
}

fn payment(kind: DocumentKind, words: &[&str], lines: &str) -> Command {
    let mut payment = RecordPayment::new(kind, words[1], words[3], day(words[2]), dec(words[4]));
    (payment.currency, payment.value, payment.number) = (text(words, "cur"), value(words), text(words, "no"));
    payment.bank_charge = option(words, "charge").map(|charge| {
        let (account, amount) = charge.split_once('/').unwrap();
        (account.into(), dec(amount))
    });
    let targets: Vec<_> = lines.split('|').filter(|part| !part.trim().is_empty()).map(target).collect();
    payment.settles = match targets.is_empty() {
        false => Settles::These(targets),
        true if words.contains(&"nothing") => Settles::Nothing,
        true => Settles::ByDueDate,
    };
    Command::RecordPayment(Box::new(payment))
}

fn plan(words: &[&str], lines: &str) -> Command {
    let tier = |word: &&str| {
        let (from, percent) = word.split_once('/').unwrap();
        DraftTier { from: dec(from), percent: dec(percent) }
    };
    let rules = parts(lines).map(|words| {
        let rule = match words[0] {
            "flat" => DraftRule::Flat(dec(words[1])),
            "percent" => DraftRule::Percent(dec(words[1])),
            kind => DraftRule::Tiers { tiers: words[1..].iter().map(tier).collect(), retroactive: kind == "retroactive" },
        };
        (day("2026-01-01"), None, rule)
    });
    Command::DefineCommissionPlan(Box::new(DefineCommissionPlan {
        code: words[1].into(),
        trigger: Trigger::parse(words[2]).unwrap(),
        rules: rules.collect(),
        expense: words[3].into(),
        accrued: words[4].into(),
    }))
}
