//! Drafts, requests for approval and executions of agents over random histories: what is stored is what history gives, what
//! waits is what the book has waiting, and what the views say adds up to what the events say.

use std::collections::BTreeMap;

use ledger_core::Event;
use ledger_core::approvals::{Cost, Route, Vote};
use ledger_core::money::decimal_of;
use ledger_projections::draft::{about, events_of};
use ledger_projections::{AgentRun, Approval, Draft};
use ledger_store::semantic::{Canonical, Limits, Session};
use rust_decimal::Decimal;

use crate::shelf::{Shelf, events};
use crate::words::Ledger;
use crate::words::approvals::history;
use crate::words::random::Dice;

/// Request, step, approvals needed and given, and when that is overdue.
type Pending = (i64, i32, i32, i32, Option<chrono::DateTime<chrono::Utc>>);

const SEEDS: [u64; 3] = [3, 17, 20_261_121];
const STEPS: usize = 400;

async fn taken(seed: u64) -> (Shelf, Ledger) {
    let mut shelf = Shelf::new().await;
    let ledger = history(seed, STEPS);
    let mut dice = Dice(seed);
    for projection in [Draft::NAME, Approval::NAME, AgentRun::NAME, "reference", "gl_fact"] {
        shelf.take(&ledger, projection, &mut dice).await;
    }
    (shelf, ledger)
}

/// Answers of the views, as an organization's login gets them.
async fn asked(shelf: &Shelf, sql: &str) -> Vec<Vec<Option<String>>> {
    let mut session = Session::open(shelf.org.store(), shelf.org.org(), Limits::default()).await.unwrap();
    let found = session.rows(&Canonical::trusted_by_guard(sql.to_owned()), 100_000, 64 << 20).await;
    session.close().await;
    found.unwrap_or_else(|error| panic!("{sql}\n{error}")).rows
}

fn number(value: Option<&String>) -> Decimal {
    value.unwrap().parse::<Decimal>().unwrap().normalize()
}

#[tokio::test(flavor = "multi_thread")]
async fn drafts_and_requests_are_what_history_and_the_book_say() {
    for seed in SEEDS {
        let (shelf, ledger) = taken(seed).await;
        assert!(shelf.assert_as_history(Draft::NAME).await > 20);
        assert!(shelf.assert_as_history(Approval::NAME).await > 10);
        assert!(shelf.assert_as_history(AgentRun::NAME).await > 10);
        let mut admin = shelf.admin().await;
        let waiting: Vec<(i64, Decimal, i32)> =
            sqlx::query_as("SELECT seq, amount, corrections FROM read.draft WHERE status = 'waiting' ORDER BY seq")
                .fetch_all(&mut admin)
                .await
                .unwrap();
        let expected: Vec<_> =
            ledger.book.drafts().map(|(seq, draft)| (i64::try_from(seq).unwrap(), decimal_of(draft.amount, 2))).collect();
        assert_eq!(waiting.iter().map(|(seq, amount, _)| (*seq, *amount)).collect::<Vec<_>>(), expected, "drafts that wait");
        let pending: Vec<Pending> =
            sqlx::query_as("SELECT seq, step_no, needed, given, due_at FROM read.approval WHERE status = 'pending' ORDER BY seq")
                .fetch_all(&mut admin)
                .await
                .unwrap();
        let open = ledger.book.approval_requests().filter(|(_, request)| !request.approved);
        let expected: Vec<_> = open
            .map(|(seq, request)| {
                let step = request.current().unwrap();
                let due = step.due.map(|due| chrono::DateTime::from_timestamp_micros(due.0).unwrap());
                let given = i32::try_from(step.count(Vote::Approve)).unwrap();
                let (step_no, needed) = (i32::try_from(request.step + 1).unwrap(), i32::try_from(step.needed).unwrap());
                (i64::try_from(seq).unwrap(), step_no, needed, given, due)
            })
            .collect();
        assert_eq!(pending, expected, "requests that wait");
    }
}

/// The events that a draft's history is told from, told apart by hand: each names its draft, or a request that names it.
#[tokio::test(flavor = "multi_thread")]
async fn each_event_about_a_draft_is_kept_with_it() {
    for seed in SEEDS {
        let (shelf, ledger) = taken(seed).await;
        let mut of_draft: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
        let mut of_request = BTreeMap::new();
        let mut after_the_end = 0;
        for (seq, event) in events(&ledger) {
            let draft = match event {
                Event::Drafted(_) => Some(seq),
                Event::DraftCorrected(of) => Some(of.draft),
                Event::DraftRejected { draft, .. } | Event::DraftWithdrawn { draft, .. } => Some(*draft),
                Event::DraftPosted(of) => Some(of.draft),
                Event::ApprovalRequested(of) => {
                    of_request.insert(seq, of.draft);
                    Some(of.draft)
                }
                Event::ApprovalVoted(of) => Some(of_request[&of.request]),
                other if other.type_name().starts_with("Approval") => {
                    let (of, request) = about(other);
                    assert!(of.is_none() || request.is_none());
                    request.map(|request| of_request[&request])
                }
                _ => None,
            };
            after_the_end += i32::from(draft.is_none() && about(event) != (None, None));
            if let Some(draft) = draft {
                of_draft.entry(draft).or_default().push(seq);
            }
        }
        assert_eq!(after_the_end, 0);
        assert!(of_draft.values().any(|seqs| seqs.len() > 4), "{of_draft:?}");
        let last = u64::try_from(ledger.events.len()).unwrap();
        for seq in 1..=last {
            let (applied, seqs) = events_of(&shelf.org, seq).await.unwrap().unwrap();
            assert_eq!((applied, seqs), (last, of_draft.get(&seq).cloned().unwrap_or_default()), "draft {seq}");
        }
        shelf
            .assert_edits_are_found(
                Draft::NAME,
                &[
                    ("draft_event", "DELETE FROM read.draft_event WHERE seq = (SELECT max(seq) FROM read.draft_event)"),
                    (
                        "draft_event",
                        "UPDATE read.draft_event SET draft_seq = draft_seq + 1 WHERE seq = (SELECT min(seq) FROM read.draft_event)",
                    ),
                ],
            )
            .await;
        // Rows of an older program say nothing.
        sqlx::query("UPDATE read.projection_checkpoint SET version = 1 WHERE name = 'draft'")
            .execute(&mut shelf.admin().await)
            .await
            .unwrap();
        assert_eq!(events_of(&shelf.org, 1).await.unwrap(), None);
        shelf.catch_up(Draft::NAME).await;
        assert!(events_of(&shelf.org, 1).await.unwrap().is_some(), "they are made anew");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_views_add_up_to_the_events() {
    for seed in SEEDS {
        let (shelf, ledger) = taken(seed).await;
        let (mut cost, mut runs, mut drafts, mut approved, mut auto) = (0, 0, 0, 0, 0);
        let mut by_agent = BTreeMap::new();
        let mut eyes = BTreeMap::new();
        for (seq, event) in events(&ledger) {
            match event {
                Event::AgentRan(run) => (cost, runs) = (cost + Cost::of(run.cost).unwrap().0, runs + 1),
                Event::Drafted(drafted) => {
                    by_agent.insert(seq, drafted.source.ai().is_some());
                    drafts += i32::from(drafted.source.ai().is_some());
                }
                Event::DraftPosted(posted) => {
                    let people = matches!(posted.route, Route::Approved | Route::Overridden);
                    approved += i32::from(people && by_agent[&posted.draft]);
                    auto += i32::from(posted.route == Route::Auto);
                    if matches!(ledger.events[usize::try_from(posted.event - 1).unwrap()].event, Event::EntryPosted(_)) {
                        eyes.insert(posted.event, (posted.draft, posted.four_eyes, by_agent[&posted.draft]));
                    }
                }
                _ => {}
            }
        }
        let sums = asked(
            &shelf,
            "SELECT sum(cost_usd), sum(executions), sum(drafts_created), sum(drafts_approved), sum(drafts_auto_posted) FROM v_agent_metrics",
        )
        .await;
        let found = &sums[0];
        assert_eq!(number(found[0].as_ref()), Cost(cost).decimal().normalize(), "cost");
        for (value, expected) in found[1..].iter().zip([runs, drafts, approved, auto]) {
            assert_eq!(number(value.as_ref()), Decimal::from(expected), "{found:?}");
        }
        let lines = asked(
            &shelf,
            "SELECT DISTINCT entry_id, draft_id, four_eyes, is_ai_drafted FROM v_gl_fact WHERE draft_id IS NOT NULL ORDER BY entry_id",
        )
        .await;
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let found: Vec<_> = lines.iter().map(|row| row.iter().map(text).collect::<Vec<_>>().join(" ")).collect();
        let flag = |flag: bool| if flag { "true" } else { "false" };
        let expected: Vec<_> =
            eyes.iter().map(|(entry, (draft, four_eyes, ai))| format!("{entry} {draft} {} {}", flag(*four_eyes), flag(*ai))).collect();
        assert_eq!(found, expected, "entries that were drafts");
        let requests = asked(&shelf, "SELECT count(*), count(subject_no) FROM v_approval").await;
        let made = events(&ledger).filter(|(_, event)| matches!(event, Event::ApprovalRequested(_))).count().to_string();
        assert_eq!(requests, [[Some(made.clone()), Some(made)]]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_was_changed_is_found() {
    let (shelf, _) = taken(3).await;
    let drafts = [
        "UPDATE read.draft SET amount = amount + 1 WHERE status = 'waiting'",
        "UPDATE read.draft SET status = 'posted' WHERE status = 'waiting'",
        "UPDATE read.draft SET four_eyes = NOT four_eyes WHERE four_eyes IS NOT NULL",
        "UPDATE read.draft SET decided_by = 'nobody' WHERE decided_by IS NOT NULL",
        "DELETE FROM read.draft WHERE source = 'ai'",
    ];
    shelf.assert_edits_are_found(Draft::NAME, &drafts.map(|edit| ("draft", edit))).await;
    let requests = [
        "UPDATE read.approval SET needed = needed - 1",
        "UPDATE read.approval SET status = 'approved' WHERE status <> 'approved'",
        "UPDATE read.approval SET escalations = escalations + 1",
    ];
    shelf.assert_edits_are_found(Approval::NAME, &requests.map(|edit| ("approval", edit))).await;
    let runs = [("agent_run", "UPDATE read.agent_run SET cost = cost / 2"), ("agent", "UPDATE read.agent SET budget = NULL")];
    shelf.assert_edits_are_found(AgentRun::NAME, &runs).await;
}
