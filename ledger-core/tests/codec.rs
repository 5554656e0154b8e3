//! Laws of the bytes: every event has one encoding, it is bincode's, and no other bytes are an event.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod events;

use ledger_core::book::FUNCTIONAL;
use ledger_core::codec::{decode, encode, frames};
use ledger_core::entry::EntryHeader;
use ledger_core::event::Proposed;
use ledger_core::limits::{ENTRY_LINES_MAX, EVENT_BYTES_MAX};
use ledger_core::{AccountNo, ActorNo, BalancedEntry, EntryKind, Event, Line, LineDetail, Money};
use proptest::prelude::*;
use serde::Serialize;

/// The stored form of an entry as bincode's derive would have it.
#[derive(Serialize)]
struct EntryForm<'a> {
    date: i32,
    kind: u8,
    description: &'a str,
    external_id: Option<&'a str>,
    tags: Vec<(&'a str, &'a str)>,
    reverses: Option<u64>,
    corrects: Option<u64>,
    lines: Vec<LineForm<'a>>,
}

#[derive(Serialize)]
struct LineForm<'a> {
    account: u32,
    currency: u16,
    units: i128,
    functional: FunctionalForm,
    detail: Option<DetailForm<'a>>,
}

#[derive(Serialize)]
enum FunctionalForm {
    None,
    SameAsTransaction,
    Units(i128),
}

#[derive(Serialize)]
struct DetailForm<'a> {
    rate: Option<EvidenceForm<'a>>,
    weight: Option<(i128, u16)>,
    party: Option<&'a str>,
    document: Option<&'a str>,
    due_date: Option<i32>,
    tax_code: Option<&'a str>,
    tags: Vec<(&'a str, &'a str)>,
    memo: Option<&'a str>,
}

#[derive(Serialize)]
struct EvidenceForm<'a> {
    rate: (i128, u32),
    quote: u16,
    kind: u8,
    date: Option<i32>,
    source: &'a str,
}

fn days(date: chrono::NaiveDate) -> i32 {
    i32::try_from((date - chrono::NaiveDate::default()).num_days()).unwrap()
}

fn entry_form(entry: &BalancedEntry) -> EntryForm<'_> {
    let header = entry.header();
    let kinds = [EntryKind::Ordinary, EntryKind::Opening, EntryKind::Closing, EntryKind::Adjusting, EntryKind::Reversal];
    EntryForm {
        date: days(header.effective_date),
        kind: (0..).zip(kinds).find(|(_, kind)| *kind == header.kind).unwrap().0,
        description: &header.description,
        external_id: header.external_id.as_deref(),
        tags: header.tags.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect(),
        reverses: header.reverses,
        corrects: header.corrects,
        lines: entry.lines().iter().map(line_form).collect(),
    }
}

fn line_form(line: &Line) -> LineForm<'_> {
    LineForm {
        account: line.account.get(),
        currency: line.money.currency().get(),
        units: line.money.units(),
        functional: match line.functional {
            None => FunctionalForm::None,
            Some(same) if same == line.money.units() => FunctionalForm::SameAsTransaction,
            Some(other) => FunctionalForm::Units(other),
        },
        detail: line.detail.as_deref().map(detail_form),
    }
}

fn detail_form(detail: &LineDetail) -> DetailForm<'_> {
    DetailForm {
        rate: detail.rate.as_ref().map(|rate| EvidenceForm {
            rate: (rate.rate.mantissa(), rate.rate.scale()),
            quote: rate.quote.get(),
            kind: ["spot", "average", "closing"].iter().position(|word| *word == rate.kind.as_str()).unwrap().try_into().unwrap(),
            date: rate.date.map(days),
            source: &rate.source,
        }),
        weight: detail.weight.map(|weight| (weight.units(), weight.currency().get())),
        party: detail.party.as_deref(),
        document: detail.document.as_deref(),
        due_date: detail.due_date.map(days),
        tax_code: detail.tax_code.as_deref(),
        tags: detail.tags.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect(),
        memo: detail.memo.as_deref(),
    }
}

fn bincode(value: impl Serialize) -> Vec<u8> {
    bincode::serde::encode_to_vec(value, bincode::config::standard()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn decoding_gives_back_what_was_encoded(event in events::proposed()) {
        let bytes = encode(&event).unwrap();
        prop_assert_eq!(decode(&bytes).unwrap(), event);
    }

    #[test]
    fn entries_written_by_hand_are_bincode(event in events::proposed()) {
        let envelope = |kind: u16| (kind, event.actor.0, event.correlation.map(uuid::Uuid::into_bytes), event.causation);
        let expected = match &event.event {
            Event::EntryPosted(entry) => bincode((envelope(30), entry_form(entry))),
            Event::EntryReversed { reason, entry } => bincode((envelope(31), reason.as_str(), entry_form(entry))),
            _ => return Ok(()),
        };
        prop_assert_eq!(encode(&event).unwrap(), expected);
    }

    #[test]
    fn cut_bytes_are_no_event(event in events::proposed(), at in any::<prop::sample::Index>()) {
        let mut bytes = encode(&event).unwrap();
        bytes.truncate(at.index(bytes.len()));
        prop_assert!(decode(&bytes).is_err());
    }

    #[test]
    fn left_over_bytes_are_no_event(event in events::proposed(), more in any::<u8>()) {
        let mut bytes = encode(&event).unwrap();
        bytes.push(more);
        prop_assert!(decode(&bytes).is_err());
    }

    /// Garbled bytes never panic, and where they happen to be an event they are its only encoding.
    #[test]
    fn garbled_bytes_are_another_event_or_none(
        event in events::proposed(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut bytes = encode(&event).unwrap();
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if let Ok(other) = decode(&bytes) {
            prop_assert_eq!(encode(&other).unwrap(), bytes);
        }
    }

    #[test]
    fn noise_is_another_event_or_none(kind in 0_u8..110, mut bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        bytes.insert(0, kind);
        if let Ok(event) = decode(&bytes) {
            prop_assert_eq!(encode(&event).unwrap(), bytes);
        }
    }

    #[test]
    fn noise_has_frames_or_ends_in_an_error(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let frames: Vec<_> = frames(&bytes).collect();
        let whole: usize = frames.iter().flatten().map(|frame| frame.len() + if frame.len() <= 250 { 1 } else { 5 }).sum();
        prop_assert_eq!(whole == bytes.len(), frames.iter().all(Result::is_ok));
        prop_assert!(frames.iter().rev().skip(1).all(Result::is_ok), "nothing follows an error");
    }
}

/// An entry whose stored form is as large as it can be: what is written must be readable for ever.
#[test]
fn the_largest_entry_can_be_read_again() {
    let tags = vec![("k".into(), "".into()); 90];
    let line = |units| Line {
        account: AccountNo::new(1),
        money: Money::new(units, FUNCTIONAL),
        functional: Some(units),
        detail: Some(Box::new(LineDetail { tags: tags.clone(), ..LineDetail::default() })),
    };
    let lines = (0..ENTRY_LINES_MAX).map(|i| line(if i % 2 == 0 { 1 } else { -1 })).collect();
    let header = EntryHeader {
        effective_date: chrono::NaiveDate::default(),
        kind: EntryKind::Ordinary,
        description: "".into(),
        external_id: None,
        tags: Vec::new(),
        reverses: None,
        corrects: None,
    };
    let entry = BalancedEntry::new(header, lines, FUNCTIONAL).unwrap();
    let event = Proposed { actor: ActorNo(1), correlation: None, causation: None, event: Event::EntryPosted(entry) };
    let bytes = encode(&event).unwrap();
    assert!(bytes.len() > EVENT_BYTES_MAX / 2, "the sample is large: {}", bytes.len());
    assert!(decode(&bytes).unwrap() == event);
}

#[test]
fn an_event_beyond_the_limit_is_not_written() {
    let name = "n".repeat(EVENT_BYTES_MAX).into();
    let event = Event::OrganizationCreated { org: uuid::Uuid::nil(), name, functional: FUNCTIONAL, valuation: Default::default() };
    let error = encode(&Proposed { actor: ActorNo(1), correlation: None, causation: None, event }).unwrap_err();
    assert!(error.problem.contains("limit"), "{error}");
}

#[test]
fn a_length_that_cannot_be_true_is_refused_before_room_is_made() {
    // Kind 30, actor 1, no correlation, no causation, date, kind, an empty description, no id, then 2^62 tags.
    let mut bytes = vec![30, 1, 0, 0, 0, 0, 0, 0, 253];
    bytes.extend((1_u64 << 62).to_le_bytes());
    bytes.resize(4_096, 0);
    assert!(decode(&bytes).is_err());
}

#[test]
fn an_unknown_kind_asks_for_a_newer_version() {
    assert!(decode(&[240, 1, 0, 0]).unwrap_err().problem.contains("newer"));
}
