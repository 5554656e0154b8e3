//! Agents, drafts and approvals: tables of what is allowed and refused, and laws over random sequences of commands that a
//! judge checks who reads nothing but the events.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod judge;
mod words;

use judge::Judge;
use ledger_core::approvals::Cost;
use ledger_core::chain::Tip;
use ledger_core::codec::snapshot;
use ledger_core::{Book, Event};
use proptest::prelude::*;
use words::approvals::{actor, begin, history, step};
use words::random::Dice;
use words::{Ledger, attempt, check};

const BOOKS: &str = "org USD required
     open cash asset
     open rent expense
     open sales revenue
     open usage expense
     open owed liability
     ";

/// Books, and on them a script.
#[track_caller]
fn on_books(script: &str) -> Ledger {
    check(&format!("{BOOKS}\n{script}"))
}

const LINES: &str = "rent 100 USD party V | cash -100 USD";

#[test]
fn without_a_policy_nothing_changes_for_people() {
    on_books(
        "post 2026-01-05: rent 5 USD | cash -5 USD
         draft 2026-01-05: rent 7 USD | cash -7 USD
         holds rent 5 USD
         as anybody
         post-draft d1
         posted-by direct
         holds rent 12 USD
         post-draft d1                                             => DRAFT_UNKNOWN
         draft 2026-01-05 id=X: rent 7 USD | cash -7 USD           => DRAFT_INVALID
         draft 2026-01-05: rent 7 USD | cash -8 USD                => UNBALANCED
         as key k
         draft 2026-01-05: rent 7 USD | cash -7 USD                => DRAFT_INVALID
         as anybody
         draft 2026-01-05: rent 7 USD | cash -7 USD
         fix d2 2026-01-06: rent 8 USD | cash -8 USD
         withdraw d2
         fix d2 2026-01-06: rent 8 USD | cash -8 USD               => DRAFT_UNKNOWN
         draft 2026-01-05: rent 7 USD | cash -7 USD
         close 2026-01 hard
         post-draft d3                                             => PERIOD_CLOSED
         drafts 1
         turn-down d3
         drafts 0",
    );
}

#[test]
fn what_a_policy_covers_is_not_posted_directly() {
    on_books(
        "policy large entry from=1000 steps=multiple/2
         post 2026-01-05: rent 999.99 USD | cash -999.99 USD
         post 2026-01-05: rent 1000 USD | cash -1000 USD                    => APPROVAL_NEEDED
         correct #1 by 2026-01-05: rent 1000 USD | cash -1000 USD           => APPROVAL_NEEDED
         draft 2026-01-05: rent 1000 USD | cash -1000 USD
         post-draft d1                                                      => APPROVAL_NEEDED
         ask d1: tester a                                                   => APPROVAL_UNSATISFIABLE
         ask d1: tester a a b c
         ask d1: tester a b                                                 => APPROVAL_PENDING
         vote r1 yes                                                        => APPROVAL_NOT_ELIGIBLE
         as d
         vote r1 yes                                                        => APPROVAL_NOT_ELIGIBLE
         as a
         vote r1 yes other                                                  => APPROVAL_CHANGED
         vote r1 yes
         vote r1 yes                                                        => APPROVAL_NOT_ELIGIBLE
         post-draft d1                                                      => APPROVAL_NEEDED
         as key a
         vote r1 yes                                                        => APPROVAL_NOT_ELIGIBLE
         as b
         vote r1 yes
         holds rent 999.99 USD
         vote r1 yes                                                        => APPROVAL_UNKNOWN
         as tester
         post-draft d1
         posted-by approved four-eyes
         holds rent 1999.99 USD
         requests 0",
    );
}

#[test]
fn a_correction_ends_all_votes_and_its_author_has_none() {
    let ledger = on_books(
        "policy all entry steps=unanimous
         draft 2026-01-05: rent 10 USD | cash -10 USD
         ask d1: a b
         as a
         vote r1 yes
         as b
         fix d1 2026-01-06: rent 11 USD | cash -11 USD
         requests 0
         vote r1 yes                                                        => APPROVAL_UNKNOWN
         ask d1: a b
         vote r2 yes                                                        => APPROVAL_NOT_ELIGIBLE
         as a
         vote r2 yes post
         posted-by approved four-eyes
         holds rent 11 USD",
    );
    let changes = ledger.events.iter().find_map(|proposed| match &proposed.event {
        Event::DraftCorrected(correction) => Some(correction.changes.clone()),
        _ => None,
    });
    let told: Vec<_> = changes.unwrap().iter().map(|change| format!("{} {} > {}", change.field, change.before, change.after)).collect();
    assert_eq!(told, ["effective_date 2026-01-05 > 2026-01-06", "lines/1/amount 10 > 11", "lines/2/amount -10 > -11"], "field by field");
}

#[test]
fn steps_come_one_after_the_other_and_end_early() {
    on_books(
        "policy all entry steps=single,majority
         draft 2026-01-05: rent 10 USD | cash -10 USD
         ask d1: a b                                                        => DRAFT_INVALID
         ask d1: a b | b c d e
         as c
         vote r1 yes                                                        => APPROVAL_NOT_ELIGIBLE
         as b
         vote r1 yes
         as a
         vote r1 yes                                                        => APPROVAL_NOT_ELIGIBLE
         as b
         vote r1 yes
         as c
         vote r1 no
         as d
         vote r1 no
         drafts 0
         as e
         vote r1 yes                                                        => APPROVAL_UNKNOWN",
    );
}

#[test]
fn a_vote_is_handed_on_without_circles_and_counts_once() {
    on_books(
        "policy all entry steps=multiple/2
         draft 2026-01-05: rent 10 USD | cash -10 USD
         ask d1: a b c
         as x
         hand r1 y                                                          => APPROVAL_NOT_ELIGIBLE
         as a
         hand r1 b                                                          => APPROVAL_NOT_ELIGIBLE
         hand r1 tester                                                     => APPROVAL_NOT_ELIGIBLE
         hand r1 x
         vote r1 yes                                                        => APPROVAL_NOT_ELIGIBLE
         as x
         hand r1 a                                                          => APPROVAL_NOT_ELIGIBLE
         vote r1 yes
         hand r1 z                                                          => APPROVAL_NOT_ELIGIBLE
         as b
         hand r1 x                                                          => APPROVAL_NOT_ELIGIBLE
         vote r1 yes post
         posted-by approved four-eyes",
    );
}

#[test]
fn a_deadline_never_approves() {
    on_books(
        "policy escalating entry from=10 rank=1 steps=multiple/2@100!50
         policy ending entry steps=single@100!reject                        => APPROVAL_NEEDED
         draft 2026-01-05: rent 10 USD | cash -10 USD
         ask d1 at=0: a b
         due r1 at=99: c                                                    => APPROVAL_NOT_DUE
         as agent robot
         due r1 at=100: c                                                   => AGENT_MAY_NOT
         as tester
         due r1 at=100: a tester c
         as c
         vote r1 yes at=120
         due r1 at=149                                                      => APPROVAL_NOT_DUE
         due r1 at=150
         requests 0
         post-draft d1                                                      => APPROVAL_NEEDED
         as tester
         ask d1 at=200: a b
         due r2 at=300: a b tester
         requests 0
         drafts 1",
    );
    on_books(
        "policy ending entry steps=single@100!reject
         draft 2026-01-05: rent 10 USD | cash -10 USD
         ask d1 at=0: a
         as a
         vote r1 yes at=100                                                 => APPROVAL_OVERDUE
         due r1 at=100
         post-draft d1                                                      => APPROVAL_NEEDED",
    );
    on_books(
        "policy asking entry steps=single@100!remind
         draft 2026-01-05: rent 10 USD | cash -10 USD
         ask d1 at=0: a
         due r1 at=100
         due r1 at=199                                                      => APPROVAL_NOT_DUE
         due r1 at=200
         as a
         vote r1 yes at=1000 post
         posted-by approved four-eyes",
    );
}

#[test]
fn one_person_approves_alone_only_where_a_policy_says_so_and_it_shows() {
    on_books(
        "policy mine entry self
         draft 2026-01-05: rent 10 USD | cash -10 USD
         ask d1: tester
         vote r1 yes post
         posted-by approved",
    );
    // A change of policies can be approved alone where every policy can.
    on_books(
        "policy mine entry self
         draft-policy mine entry from=500 self
         ask d1: tester
         vote r1 yes post
         posted-by approved
         post 2026-01-05: rent 499 USD | cash -499 USD",
    );
}

#[test]
fn the_first_policy_is_free_and_all_others_are_approved() {
    on_books(
        "policy p entry from=100
         policy p entry from=100
         policy p entry from=200                                            => APPROVAL_NEEDED
         policy q bill                                                      => APPROVAL_NEEDED
         policy p entry off                                                 => APPROVAL_NEEDED
         draft-policy p entry from=200
         post-draft d1                                                      => APPROVAL_NEEDED
         draft 2026-01-05: rent 150 USD | cash -150 USD
         ask d2: a
         ask d1: tester                                                     => APPROVAL_UNSATISFIABLE
         ask d1: a
         as a
         vote r2 yes post
         post 2026-01-05: rent 150 USD | cash -150 USD
         as a
         vote r1 yes post
         posted-by approved four-eyes
         policy none none                                                   => POLICY_INVALID
         policy none entry steps=multiple/0                                 => POLICY_INVALID
         policy none entry below=2                                          => POLICY_INVALID",
    );
}

#[test]
fn past_the_steps_with_a_reason_where_the_policy_allows_it() {
    on_books(
        "policy strict entry from=100
         draft 2026-01-05: rent 100 USD | cash -100 USD
         ask d1: a
         as boss
         override r1                                                        => APPROVAL_NOT_ELIGIBLE",
    );
    on_books(
        "policy open entry from=100 override
         draft 2026-01-05: rent 100 USD | cash -100 USD
         ask d1: a
         override r1                                                        => APPROVAL_NOT_ELIGIBLE
         as boss
         override r1
         as a
         vote r1 yes                                                        => APPROVAL_UNKNOWN
         post-draft d1
         posted-by overridden four-eyes",
    );
}

#[test]
fn the_highest_rank_decides_and_what_was_approved_is_looked_at_again() {
    on_books(
        "policy small entry from=10 steps=single
         draft-policy large entry from=100 rank=5 steps=multiple/2
         ask d1: a
         as a
         vote r1 yes post
         as tester
         rate EUR USD 1 2026-01-01
         draft 2026-01-05: rent 90 EUR | cash -90 EUR
         ask d2: a b
         as a
         vote r2 yes
         as tester
         rate EUR USD 2 2026-01-02
         post-draft d2                                                      => APPROVAL_STALE
         ask d2: a b
         as a
         vote r3 yes post
         drafts 1
         as b
         vote r3 yes post
         drafts 0
         holds rent 90 EUR 180",
    );
}

#[test]
fn periods_bills_payments_and_payouts() {
    let script = "open ap liability
         control ap payable
         party V vendor
         party P payee
         policy reopen reopening,bill,payment,payout
         close 2026-01 hard
         reopen 2026-01                                                     => APPROVAL_NEEDED
         draft-reopen 2026-01
         ask d1: a
         as a
         vote r1 yes post
         as tester
         reopen 2026-01                                                     => PERIOD_UNCHANGED
         bill V 2026-01-05: rent 10                                         => APPROVAL_NEEDED
         draft-bill V 2026-01-05: rent 10
         ask d2: a
         as a
         vote r2 yes post
         posted-by approved four-eyes
         holds ap -10 USD
         as tester
         send V 2026-01-06 cash 10                                          => APPROVAL_NEEDED
         draft-pay V 2026-01-06 cash 10
         ask d3: a
         close 2026-01 hard accept why=audit
         as a
         vote r3 yes post                                                   => ok
         drafts 1
         post-draft d3                                                      => PERIOD_CLOSED
         holds ap -10 USD
         as tester
         draft-reopen 2026-01
         ask d4: a
         as a
         vote r4 yes post
         post-draft d3
         posted-by approved four-eyes
         holds ap 0 USD
         credit V 2026-01-07: rent 1
         post 2026-01-05: rent 5 USD | cash -5 USD";
    on_books(script);
}

#[test]
fn agents_draft_and_people_decide() {
    on_books(
        "draft 2026-01-05 ai=clerk: rent 100 USD | cash -100 USD            => AGENT_UNKNOWN
         agent clerk
         agent clerk auto approvals=0                                       => AGENT_INVALID
         as agent clerk
         post 2026-01-05: rent 100 USD | cash -100 USD                      => AGENT_MAY_NOT
         rate EUR USD 1 2026-01-01                                          => AGENT_MAY_NOT
         agent clerk auto                                                   => AGENT_MAY_NOT
         policy p entry self                                                => AGENT_MAY_NOT
         draft 2026-01-05: rent 100 USD | cash -100 USD                     => AGENT_MAY_NOT
         draft 2026-01-05 ai=other: rent 100 USD | cash -100 USD            => AGENT_MAY_NOT
         draft 2026-01-05 ai=clerk for=tester: rent 100 USD | cash -100 USD
         post-draft d1                                                      => AGENT_MAY_NOT
         turn-down d1                                                       => AGENT_MAY_NOT
         ask d1: tester clerk                                               => APPROVAL_UNSATISFIABLE
         ask d1: tester b
         vote r1 yes                                                        => APPROVAL_NOT_ELIGIBLE
         as tester
         vote r1 yes                                                        => APPROVAL_NOT_ELIGIBLE
         turn-down d1
         draft 2026-01-05 ai=clerk for=tester: rent 100 USD | cash -100 USD
         post-draft d2                                                      => APPROVAL_NEEDED
         ask d2: tester                                                     => APPROVAL_UNSATISFIABLE
         ask d2: tester a
         as a
         vote r2 yes post
         posted-by approved four-eyes
         suspend clerk
         draft 2026-01-05 ai=clerk: rent 100 USD | cash -100 USD            => AGENT_SUSPENDED
         begin clerk                                                        => AGENT_SUSPENDED
         ran clerk 0.01
         resume clerk
         begin clerk",
    );
}

/// What must be so for a draft to post itself, and each thing that keeps it from doing so.
#[test]
fn an_agent_posts_alone_within_everything_that_was_said_and_not_otherwise() {
    let learn = |agent: &str, draft: &str| {
        format!(
            "agent clerk {agent}
             draft 2026-01-04 ai=clerk kind=rent: {LINES}
             ask d1: a
             as a
             vote r1 yes post
             as agent clerk
             draft {draft}
             drafts "
        )
    };
    let auto = "auto cap=100 confidence=0.9 approvals=1 sample=0";
    let good = format!("2026-01-05 ai=clerk kind=rent confidence=0.9: {LINES}");
    let cases = [
        (auto, good.clone(), "0\n posted-by auto\n holds rent 200 USD"),
        ("cap=100 confidence=0.9 approvals=1 sample=0", good.clone(), "1"),
        ("auto cap=99.99 confidence=0.9 approvals=1 sample=0", good.clone(), "1"),
        ("auto cap=100 confidence=0.91 approvals=1 sample=0", good.clone(), "1"),
        ("auto cap=100 confidence=0.9 approvals=2 sample=0", good.clone(), "1"),
        ("auto cap=100 confidence=0.9 approvals=1 sample=100", good.clone(), "1"),
        ("auto cap=100 confidence=0.9 approvals=1 sample=0 people=rent", good.clone(), "1"),
        (auto, good.replace(" kind=rent", ""), "1"),
        (auto, good.replace("kind=rent", "kind=intercompany"), "1"),
        (auto, good.replace(" confidence=0.9", ""), "1"),
        (auto, good.replace("party V", "party W"), "1"),
        (auto, good.replace("rent 100 USD party V", "rent 100 USD"), "1"),
        (auto, good.replace("rent 100", "sales 100"), "1"),
        (auto, good.replace("100", "-100").replace("--", ""), "1"),
    ];
    for (agent, draft, then) in cases {
        on_books(&format!("{}{then}", learn(agent, &draft)));
    }
    // A policy that covers it wants people, whatever the agent may do.
    on_books(&format!("{}1", learn(auto, &good).replace("as agent clerk", "policy p entry\n as agent clerk")));
}

#[test]
fn an_agent_that_people_reject_too_often_stops() {
    let turned_down = "draft 2026-01-05 ai=clerk: rent 1 USD | cash -1 USD\n";
    let mut ledger = on_books(&format!(
        "agent clerk auto cap=100 confidence=0.9 approvals=1 sample=0 window=10 rejected=20
         draft 2026-01-04 ai=clerk kind=rent: {LINES}
         ask d1: a
         as a
         vote r1 yes post
         {turned_down} {turned_down} {turned_down}
         turn-down d2
         turn-down d3
         draft 2026-01-05 ai=clerk kind=rent confidence=0.9: {LINES}
         drafts 1
         posted-by auto
         turn-down d4
         draft 2026-01-05 ai=clerk kind=rent confidence=0.9: {LINES}
         drafts 1"
    ));
    assert!(ledger.events.iter().any(|proposed| matches!(proposed.event, Event::AutoPostingStopped { rejected: 3, window: 10, .. })));
    for step in ["resume clerk", &format!("draft 2026-01-05 ai=clerk kind=rent confidence=0.9: {LINES}")] {
        attempt(&mut ledger, step).unwrap();
    }
    assert_eq!(ledger.book.drafts().count(), 1, "after somebody let it go on, it does");
}

#[test]
fn a_budget_stops_what_has_not_happened_yet() {
    on_books(
        "agent clerk budget=1 cur=USD
         begin clerk
         begin clerk estimate=1
         begin clerk estimate=1.000000000001                                => AGENT_OVER_BUDGET
         begin clerk estimate=-1                                            => AGENT_INVALID
         ran clerk 0.999999999999
         begin clerk
         ran clerk 5
         begin clerk                                                        => AGENT_OVER_BUDGET
         draft 2026-01-05 ai=clerk: rent 1 USD | cash -1 USD                => AGENT_OVER_BUDGET
         ran clerk 7
         ran clerk 7 cur=EUR                                                => AGENT_INVALID
         ran clerk 0.0000000000001                                          => AGENT_INVALID
         begin clerk at=2678400
         draft 2026-01-05 at=2678400 ai=clerk: rent 1 USD | cash -1 USD",
    );
}

#[test]
fn costs_are_booked_once_and_what_is_left_over_is_carried() {
    on_books(
        "agent clerk expense=usage accrued=owed
         agent other cur=EUR
         book 2026-01                                                       => NOTHING_TO_BOOK
         ran clerk 0.333333333333
         ran clerk 0.333333333333
         ran clerk 0.333333333333
         book 2026-01
         holds usage 0.99 USD
         book 2026-01                                                       => NOTHING_TO_BOOK
         ran clerk 0.000000000001
         book 2026-02
         holds usage 1.00 USD
         holds owed -1.00 USD
         ran clerk 0.009999999999
         book 2026-01                                                       => NOTHING_TO_BOOK
         ran clerk 3 at=2678400
         book 2026-01                                                       => NOTHING_TO_BOOK
         close 2026-02 hard
         book 2026-02
         holds usage 4.00 USD",
    );
    on_books(
        "agent other cur=EUR
         rate EUR USD 1.5 2026-01-20
         ran other 2.005 cur=EUR
         book 2026-01                                                       => AGENT_INVALID
         book 2026-01 expense=usage accrued=owed
         holds usage 2.00 EUR 3.00
         reverse last-event                                                 => ENTRY_BOUND",
    );
}

fn bytes(book: &Book) -> Vec<u8> {
    let mut tip = Tip::genesis(book.org().unwrap());
    (0..book.seq()).for_each(|_| tip.tree.push([0; 32]));
    tip.seq = book.seq();
    snapshot::encode(book, &tip).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_posted_that_was_not_approved(seed in any::<u64>(), steps in 1_usize..250) {
        let mut ledger = begin();
        let mut judge = Judge::default();
        ledger.events.iter().for_each(|proposed| judge.see(&proposed.event));
        let mut dice = Dice(seed);
        for _ in 0..steps {
            let who = actor(&mut dice, &ledger);
            attempt(&mut ledger, &format!("as {who}")).unwrap();
            let before = ledger.events.len();
            let asked = step(&mut dice, &ledger);
            drop(attempt(&mut ledger, &asked));
            let events: Vec<Event> = ledger.events[before..].iter().map(|proposed| proposed.event.clone()).collect();
            let verdict = judge.judge(&ledger.actor, &events);
            prop_assert!(verdict.is_ok(), "{}: {:?}\n{:#?}", asked, verdict, events);
        }
    }

    #[test]
    fn costs_are_on_the_books_to_the_last_digit(seed in any::<u64>(), steps in 1_usize..120) {
        let ledger = history(seed, steps);
        let (mut spent, mut booked) = (0, 0);
        for proposed in &ledger.events {
            match &proposed.event {
                Event::AgentRan(run) => spent += Cost::of(run.cost).unwrap().0,
                Event::AgentCostsBooked { booked: units, .. } => booked += units,
                _ => {}
            }
        }
        let kept = ledger.book.agent_by_code("clerk").unwrap();
        let waiting: i128 = kept.unbooked.values().map(|cost| cost.0).sum();
        prop_assert!((0..10_i128.pow(10)).contains(&kept.carried.0), "less than a cent is carried");
        prop_assert_eq!(spent, booked * 10_i128.pow(10) + kept.carried.0 + waiting, "Σ costs = Σ booked + carried + waiting");
        let usage = ledger.book.holdings(ledger.book.account_by_code("usage").unwrap().no);
        prop_assert_eq!(usage.iter().map(|held| held.units).sum::<i128>(), booked, "the expense account has what was booked");
        prop_assert_eq!(kept.spent.values().map(|cost| cost.0).sum::<i128>(), spent);
    }

    #[test]
    fn replay_and_snapshots_are_the_live_book(seed in any::<u64>()) {
        let ledger = history(seed, 120);
        let live = bytes(&ledger.book);
        let mut replayed = Book::default();
        ledger.events.iter().for_each(|proposed| replayed.evolve(&proposed.event));
        prop_assert!(bytes(&replayed) == live, "replay = live");
        let (restored, _) = snapshot::decode(&live).unwrap();
        prop_assert!(bytes(&restored) == live, "a snapshot restores everything");
        let mut one = Ledger { book: restored, events: ledger.events.clone(), history: ledger.history.clone(), ..Ledger::default() };
        let mut other = ledger;
        let mut dice = Dice(seed ^ 1);
        for _ in 0..40 {
            let (who, asked) = (dice.of(&["tester", "a", "b"]), step(&mut dice, &other));
            for ledger in [&mut one, &mut other] {
                attempt(ledger, &format!("as {who}")).unwrap();
                drop(attempt(ledger, &asked));
            }
        }
        prop_assert_eq!(one.events, other.events);
    }
}

/// The random histories reach what they are to test.
#[test]
fn histories_have_every_kind_of_event() {
    let mut seen = std::collections::BTreeMap::<String, usize>::new();
    for seed in 0..100 {
        for proposed in &history(seed, 200).events {
            let name = match &proposed.event {
                Event::DraftPosted(posted) => format!("DraftPosted {} {}", posted.route.as_str(), posted.four_eyes),
                event => event.type_name().to_owned(),
            };
            *seen.entry(name).or_default() += 1;
        }
    }
    for name in [
        "AgentChanged",
        "AgentStatusSet",
        "AgentRan",
        "AgentCostsBooked",
        "AutoPostingStopped",
        "EntryDrafted",
        "PolicyDrafted",
        "DraftCorrected",
        "DraftRejected",
        "DraftWithdrawn",
        "DraftPosted direct false",
        "DraftPosted approved true",
        "DraftPosted approved false",
        "DraftPosted overridden true",
        "DraftPosted auto false",
        "ApprovalPolicySet",
        "ApprovalRequested",
        "ApprovalVoted",
        "ApprovalDelegated",
        "ApprovalEscalated",
        "ApprovalReminded",
        "ApprovalExpired",
        "ApprovalCompleted",
        "ApprovalInvalidated",
        "ApprovalOverridden",
    ] {
        assert!(seen.get(name).is_some_and(|count| *count >= 2), "{name}: {seen:?}");
    }
}
