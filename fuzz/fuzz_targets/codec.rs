//! Any bytes are one event in its only encoding, or an error.
#![no_main]

use ledger_core::codec::{decode, encode};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(event) = decode(bytes) {
        assert_eq!(encode(&event).expect("what was read can be written"), bytes);
    }
});
