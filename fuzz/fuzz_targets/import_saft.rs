//! Any bytes as a SAF-T file: read, posted or refused.
#![no_main]

use ledger_api::import::source::Collected;
use ledger_api::saft::{Options, read};
use ledger_fuzz::post_all;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut found = Collected::default();
    drop(read(Box::new(std::io::Cursor::new(bytes.to_vec())), "fuzz.xml".into(), &Options::default(), &mut found));
    post_all(found);
});
