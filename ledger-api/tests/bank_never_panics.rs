//! Whatever the bytes, the readers of bank statements and of SAF-T answer: statements that were damaged in any way are
//! read or refused, and what was read still adds up to itself.

use ledger_api::bank::matching::{Candidate, suggest};
use ledger_api::bank::{Status, Verdict, read};
use ledger_api::import::source::Collected;
use ledger_api::saft;
use proptest::prelude::*;
use rust_decimal::Decimal;

const SAMPLES: [&str; 5] = [
    include_str!("../../fuzz/seeds/bank_statements/mt940.sta"),
    include_str!("../../fuzz/seeds/bank_statements/bank.ofx"),
    include_str!("../../fuzz/seeds/bank_statements/camt.xml"),
    include_str!("../../fuzz/seeds/import_saft/small.xml"),
    "0:20:A\n:25:B\n:60F:D260101EUR1,\n:61:260101RC99999999999999,99999999FTRFNONREF\n:86:/NAME/A/EREF/B/\n:62M:D260101EUR1,\n-}{5:}",
];

/// Pieces that formats are made of, and some that they are not.
const PIECES: [&str; 24] = [
    "",
    "<",
    ">",
    "</",
    "/>",
    "<A>",
    "</OFX>",
    "<STMTTRN>",
    "<![CDATA[",
    "<!--",
    "&",
    "&#0;",
    "\n",
    "\r\n",
    ":61:",
    ":86:",
    "?20",
    "?é",
    "-",
    "99999999999999999999",
    "0",
    ",",
    "é€",
    "\u{0}",
];

#[derive(Clone, Debug)]
struct Edit {
    at: usize,
    cut: usize,
    put: Vec<u8>,
}

fn edit() -> impl Strategy<Value = Edit> {
    let put = prop_oneof![
        4 => prop::sample::select(PIECES.to_vec()).prop_map(|piece| piece.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..4),
    ];
    (any::<prop::sample::Index>(), 0..30_usize, put).prop_map(|(at, cut, put)| Edit { at: at.index(4_096), cut, put })
}

fn damaged(sample: &str, edits: &[Edit]) -> Vec<u8> {
    let mut bytes = sample.as_bytes()[1..].to_vec();
    for edit in edits {
        let from = edit.at % (bytes.len() + 1);
        let to = (from + edit.cut).min(bytes.len());
        bytes.splice(from..to, edit.put.iter().copied());
    }
    bytes
}

/// What must hold of whatever was read.
fn check(bytes: &[u8]) {
    match read(bytes, "f", None) {
        Err(refused) => assert!(!refused.0.is_empty() && refused.0.iter().all(|error| !error.problem.is_empty())),
        Ok(file) => {
            assert!(!file.statements.is_empty());
            for statement in &file.statements {
                let found = statement.reconcile();
                let booked = statement.lines.iter().filter(|line| line.status == Status::Booked).map(|line| line.amount);
                assert_eq!(found.booked, booked.fold(Decimal::ZERO, |sum, amount| sum + amount));
                if found.verdict == Verdict::Reconciles {
                    assert_eq!(found.computed, statement.closing.as_ref().map(|balance| balance.amount));
                }
                let candidates: Vec<Candidate> = statement
                    .lines
                    .iter()
                    .map(|line| Candidate::OpenItem {
                        id: "".into(),
                        document: line.text.clone(),
                        party: line.counterparty.clone().unwrap_or_default(),
                        open: line.amount,
                        currency: line.currency.clone(),
                        due_date: line.value_date,
                    })
                    .collect();
                for suggestion in suggest(&statement.lines, &candidates) {
                    assert!(!suggestion.reasons.is_empty() && suggestion.candidate < candidates.len());
                }
            }
        }
    }
    let mut sink = Collected::default();
    let read = saft::rolls(Box::new(std::io::Cursor::new(bytes.to_vec())), "f".into(), &saft::Options::default(), &mut sink);
    if let Ok((notes, rolls)) = read {
        assert_eq!(rolls.debit - rolls.credit, rolls.accounts.iter().map(|account| account.movement).sum::<Decimal>());
        assert!(!notes.remarks.is_empty());
    }
}

#[test]
fn the_samples_themselves_are_read() {
    for (index, sample) in SAMPLES.iter().enumerate() {
        let text = &sample[1..];
        check(text.as_bytes());
        assert_eq!(read(text.as_bytes(), "f", None).is_ok(), index != 3, "{index}");
    }
    let mut sink = Collected::default();
    let text = SAMPLES[3].as_bytes();
    assert!(saft::read(Box::new(text), "f".into(), &saft::Options::default(), &mut sink).is_ok() && sink.errors.is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn damaged_files_are_read_or_refused(sample in 0..SAMPLES.len(), edits in prop::collection::vec(edit(), 1..6)) {
        check(&damaged(SAMPLES[sample], &edits));
    }
}
