//! Any bytes under a digest that fits are a book or an error, and a book decides without panicking.
#![no_main]

use ledger_core::codec::snapshot;
use ledger_core::{Actor, Command, Context, DraftEntry, DraftLine};
use libfuzzer_sys::fuzz_target;
use rust_decimal::Decimal;

fuzz_target!(|bytes: &[u8]| {
    let mut whole = bytes.to_vec();
    whole.extend_from_slice(blake3::hash(bytes).as_bytes());
    let Ok((book, tip)) = snapshot::decode(&whole) else { return };
    // Not every encoding is the shortest, but what was read is written and read again as the same.
    let again = snapshot::encode(&book, &tip).expect("book and tip are at one position");
    let (restored, restored_tip) = snapshot::decode(&again).expect("what is written can be read");
    assert_eq!(restored_tip, tip);
    assert_eq!(snapshot::encode(&restored, &restored_tip).expect("as before"), again);
    let lines = book.accounts().iter().take(4).flat_map(|account| {
        [Decimal::ONE, -Decimal::ONE].map(|amount| DraftLine::new(ledger_core::AccountRef::No(account.no), amount, "USD"))
    });
    let date = "2026-01-31".parse().expect("a date");
    let draft = DraftEntry::new(date, "a test", lines.collect());
    drop(book.decide(&Command::PostEntry(draft), &Context::new(&Actor::system("fuzz"))));
});
