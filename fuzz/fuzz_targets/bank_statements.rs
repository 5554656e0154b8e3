//! Any bytes as a bank statement of any format: read or refused, reconciled, matched with itself.
#![no_main]

use ledger_api::bank::matching::{Candidate, suggest};
use ledger_api::bank::{BankFormat, read};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((choice, bytes)) = bytes.split_first() else { return };
    let format = [None, Some(BankFormat::Camt053), Some(BankFormat::Ofx), Some(BankFormat::Mt940)][usize::from(choice % 4)];
    let Ok(file) = read(bytes, "fuzz", format) else { return };
    for statement in &file.statements {
        let found = statement.reconcile();
        assert!(!found.verdict.as_str().is_empty());
        let postings: Vec<Candidate> = statement
            .lines
            .iter()
            .take(100)
            .map(|line| Candidate::CashPosting {
                id: "".into(),
                date: line.date,
                amount: line.amount,
                currency: line.currency.clone(),
                reference: line.text.clone(),
            })
            .collect();
        drop(suggest(&statement.lines[..postings.len()], &postings));
    }
});
