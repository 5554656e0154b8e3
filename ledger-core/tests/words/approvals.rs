//! Words for agents, drafts and approvals. Drafts are d1, d2 … and requests r1, r2 … as they are made; times are seconds
//! after 2026-01-01.
//!
//! ```text
//! as NAME | as agent NAME | as key NAME                           (who gives the commands that follow)
//! agent CODE [auto] [cap=N] [confidence=C] [approvals=K] [sample=P] [window=N] [rejected=P] [budget=N] [cur=C]
//!            [expense=CODE] [accrued=CODE] [people=KIND,…]
//! suspend CODE      resume CODE                                   begin CODE [estimate=N] [at=T]
//! ran CODE COST [at=T] [cur=C]                                    book MONTH [expense=CODE] [accrued=CODE]
//! policy CODE SUBJECT,… [from=N] [types=T,…] [source=S] [below=C] [period=soft|hard] [steps=STEP,…] [rank=N] [self] [override] [off]
//!   STEP = MODE[/COUNT][@SECONDS[!reject|!remind|!SECONDS]]       (SECONDS after ! escalate)
//! draft DATE [ai=CODE] [for=NAME] [confidence=C] [kind=K] [at=T] [id=ID]: LINE | …
//! draft-policy CODE …      draft-reopen MONTH      draft-bill PARTY DATE: LINE | …      draft-pay PARTY DATE ACCOUNT AMOUNT
//! fix dN DATE: LINE | …    turn-down dN    withdraw dN    post-draft dN
//! ask dN [at=T]: NAME NAME | NAME                                 (who may vote, for each step)
//! vote rN yes|no [aal=N] [at=T] [post] [other]                    (other: with the hash of something else)
//! hand rN NAME      due rN at=T [: NAME NAME]      override rN
//! drafts COUNT      requests COUNT      posted-by ROUTE [four-eyes]       (how the last draft was carried out)
//! ```

use ledger_core::approvals::{
    AgentNo, AgentRun, AgentType, Autonomy, Mode, OnTimeout, PolicyTerms, Predicate, Proposal, RunOutcome, SourceKind, Step, Subject, Vote,
};
use ledger_core::command::{
    AgentCommand, ApprovalCommand, CastVote, DefineAgent, DraftCommand, DraftOrigin, ProposeDraft, RecordAgentRun, RequestApproval,
};
use ledger_core::{AccountRef, AccountType, Command, Event, Month, Text, Timestamp};

use super::random::Dice;
use super::{Ledger, attempt, check, dec, documents, draft, period};

/// 2026-01-01T00:00:00Z.
const BEGIN: i64 = 1_767_225_600;

fn option<'a>(words: &[&'a str], key: &str) -> Option<&'a str> {
    words.iter().find_map(|word| word.strip_prefix(key)?.strip_prefix('='))
}

fn time(words: &[&str]) -> Timestamp {
    Timestamp((BEGIN + option(words, "at").map_or(0, |at| at.parse::<i64>().unwrap())) * 1_000_000)
}

/// Where the N-th draft or request stands; somewhere without one for those that nobody made.
pub(crate) fn place(ledger: &Ledger, name: &str) -> u64 {
    let (kind, no) = name.split_at(1);
    let is = |event: &Event| match kind {
        "d" => matches!(event, Event::Drafted(_)),
        _ => matches!(event, Event::ApprovalRequested(_)),
    };
    let mut places = (1..).zip(&ledger.events).filter(|(_, proposed)| is(&proposed.event)).map(|(seq, _)| seq);
    no.parse::<usize>().unwrap().checked_sub(1).and_then(|no| places.nth(no)).unwrap_or(u64::from(u32::MAX))
}

fn names(text: &str) -> Vec<Text> {
    text.split_whitespace().map(Text::from).collect()
}

fn policy_step(word: &str) -> Step {
    let (mode, due) = word.split_once('@').map_or((word, None), |(mode, due)| (mode, Some(due)));
    let (mode, count) = mode.split_once('/').map_or((mode, 2), |(mode, count)| (mode, count.parse().unwrap()));
    let mode = match mode {
        "single" => Mode::Single,
        "multiple" => Mode::Multiple(count),
        "unanimous" => Mode::Unanimous,
        "majority" => Mode::Majority,
        "veto" => Mode::Veto,
        other => panic!("{other:?} is no way to vote"),
    };
    let mut step = Step::new(mode, &["role:controller"]);
    if let Some(due) = due {
        let (due, then) = due.split_once('!').unwrap_or((due, "remind"));
        step.due = Some(due.parse().unwrap());
        step.on_timeout = match then {
            "reject" => OnTimeout::Reject,
            "remind" => OnTimeout::Remind,
            due => OnTimeout::Escalate { to: vec!["role:cfo".into()], due: due.parse().unwrap() },
        };
    }
    step
}

fn policy(words: &[&str]) -> PolicyTerms {
    let list = |key: &str| option(words, key).into_iter().flat_map(|list| list.split(','));
    PolicyTerms {
        code: words[1].into(),
        subjects: words[2].split(',').filter_map(Subject::parse).collect(),
        when: Predicate {
            amount_from: option(words, "from").map(dec),
            account_types: list("types").map(|word| AccountType::parse(word).unwrap()).collect(),
            sources: list("source").map(|word| SourceKind::parse(word).unwrap()).collect(),
            confidence_below: option(words, "below").map(dec),
            periods: list("period").map(period).collect(),
        },
        steps: option(words, "steps").unwrap_or("single").split(',').map(policy_step).collect(),
        rank: option(words, "rank").map_or(0, |rank| rank.parse().unwrap()),
        self_approval: words.contains(&"self"),
        allow_override: words.contains(&"override"),
        active: !words.contains(&"off"),
    }
}

fn agent(words: &[&str]) -> DefineAgent {
    let plain = Autonomy::default();
    let number = |key: &str, otherwise: u32| option(words, key).map_or(otherwise, |number| number.parse().unwrap());
    DefineAgent {
        autonomy: Autonomy {
            auto_post: words.contains(&"auto"),
            cap: option(words, "cap").map_or(plain.cap, dec),
            confidence: option(words, "confidence").map_or(plain.confidence, dec),
            approvals: number("approvals", plain.approvals),
            always_people: option(words, "people").map_or(plain.always_people, |kinds| kinds.split(',').map(Text::from).collect()),
            sample_percent: option(words, "sample").map_or(plain.sample_percent, dec),
            window: number("window", plain.window),
            rejected_percent: option(words, "rejected").map_or(plain.rejected_percent, dec),
        },
        budget: option(words, "budget").map(dec),
        expense: option(words, "expense").map(AccountRef::from),
        accrued: option(words, "accrued").map(AccountRef::from),
        ..DefineAgent::new(words[1], AgentType::Accountant, "model-1", option(words, "cur").unwrap_or("USD"))
    }
}

fn propose(words: &[&str], content: Proposal) -> Command {
    let origin = option(words, "ai").map_or(DraftOrigin::Person, |agent| DraftOrigin::Ai {
        agent: agent.into(),
        model: "model-1".into(),
        prompt_hash: [1; 32],
        evidence: vec!["document:1".into()],
        acted_for: option(words, "for").map(Text::from),
    });
    Command::Draft(Box::new(DraftCommand::Propose(ProposeDraft {
        content,
        origin,
        kind: option(words, "kind").unwrap_or_default().into(),
        confidence: option(words, "confidence").map(dec),
        rationale: "because".into(),
        at: time(words),
    })))
}

fn entry(words: &[&str], lines: &str) -> Proposal {
    Proposal::Entry(Box::new(draft(words[0], None, option(words, "id"), lines)))
}

fn vote(ledger: &Ledger, words: &[&str]) -> ApprovalCommand {
    let request = place(ledger, words[1]);
    let hash = ledger.book.approval_request(request).map_or([0; 32], |kept| kept.requested.hash);
    ApprovalCommand::Vote(CastVote {
        request,
        hash: if words.contains(&"other") { [7; 32] } else { hash },
        vote: if words[2] == "yes" { Vote::Approve } else { Vote::Reject },
        comment: "a reason".into(),
        aal: option(words, "aal").map_or(1, |aal| aal.parse().unwrap()),
        at: time(words),
        then_post: words.contains(&"post"),
    })
}

/// The commands of this module; nothing for any other word.
pub(crate) fn command(ledger: &Ledger, words: &[&str], lines: &str) -> Option<Command> {
    let reason = || Text::from("a reason");
    let about_agent = |command| Some(Command::Agent(Box::new(command)));
    let about_draft = |command| Some(Command::Draft(Box::new(command)));
    let about_approval = |command| Some(Command::Approval(Box::new(command)));
    match words[0] {
        "agent" => about_agent(AgentCommand::Define(agent(words))),
        "suspend" | "resume" => {
            about_agent(AgentCommand::SetStatus { agent: words[1].into(), suspended: words[0] == "suspend", reason: reason() })
        }
        "begin" => {
            about_agent(AgentCommand::Begin { agent: words[1].into(), at: time(words), estimate: option(words, "estimate").map(dec) })
        }
        "ran" => about_agent(AgentCommand::Record(RecordAgentRun {
            agent: words[1].into(),
            currency: option(words, "cur").unwrap_or("USD").into(),
            run: AgentRun {
                agent: AgentNo::new(1),
                model: "model-1".into(),
                at: time(words),
                tokens_in: 10,
                tokens_out: 20,
                cost: dec(words[2]),
                latency_ms: 5,
                outcome: RunOutcome::Succeeded,
                error: None,
                confidence: None,
                evidence: Vec::new(),
                acted_for: None,
                conversation: None,
            },
        })),
        "book" => about_agent(AgentCommand::BookCosts {
            month: Month::parse(words[1]).unwrap(),
            date: None,
            expense: option(words, "expense").map(AccountRef::from),
            accrued: option(words, "accrued").map(AccountRef::from),
        }),
        "policy" => about_approval(ApprovalCommand::SetPolicy(Box::new(policy(words)))),
        "draft" => Some(propose(words, entry(&words[1..], lines))),
        "draft-policy" => Some(propose(words, Proposal::Policy(Box::new(policy(words))))),
        "draft-reopen" => Some(propose(words, Proposal::Reopening { month: Month::parse(words[1]).unwrap(), reason: reason() })),
        "draft-bill" => match documents::command(ledger, &[&["bill"], &words[1..]].concat(), lines) {
            Some(Command::RecordDocument(bill)) => Some(propose(words, Proposal::Bill(bill))),
            _ => None,
        },
        "draft-pay" => match documents::command(ledger, &[&["send"], &words[1..]].concat(), lines) {
            Some(Command::RecordPayment(payment)) => Some(propose(words, Proposal::Payment(payment))),
            _ => None,
        },
        "draft-payout" => match documents::command(ledger, &[&["payout"], &words[1..]].concat(), lines) {
            Some(Command::PayOutCommissions(pay)) => Some(propose(words, Proposal::Payout(pay))),
            _ => None,
        },
        "fix" => {
            about_draft(DraftCommand::Correct { draft: place(ledger, words[1]), content: entry(&words[2..], lines), reason: reason() })
        }
        "turn-down" => about_draft(DraftCommand::Reject { draft: place(ledger, words[1]), reason: reason() }),
        "withdraw" => about_draft(DraftCommand::Withdraw { draft: place(ledger, words[1]), reason: reason() }),
        "post-draft" => about_draft(DraftCommand::Post { draft: place(ledger, words[1]) }),
        "ask" => about_approval(ApprovalCommand::Request(RequestApproval {
            draft: place(ledger, words[1]),
            eligible: lines.split('|').map(names).collect(),
            at: time(words),
        })),
        "vote" => about_approval(vote(ledger, words)),
        "hand" => about_approval(ApprovalCommand::Delegate { request: place(ledger, words[1]), to: words[2].into(), at: time(words) }),
        "due" => about_approval(ApprovalCommand::Deadline { request: place(ledger, words[1]), eligible: names(lines), at: time(words) }),
        "override" => {
            let request = place(ledger, words[1]);
            let hash = ledger.book.approval_request(request).map_or([0; 32], |kept| kept.requested.hash);
            about_approval(ApprovalCommand::Override { request, hash, reason: reason(), at: time(words) })
        }
        _ => None,
    }
}

/// What the last carried out draft says of itself.
pub(crate) fn last_posted(ledger: &Ledger) -> String {
    let posted = ledger.events.iter().rev().find_map(|proposed| match &proposed.event {
        Event::DraftPosted(posted) => Some(posted),
        _ => None,
    });
    posted
        .map_or_else(|| "nothing".into(), |posted| format!("{}{}", posted.route.as_str(), if posted.four_eyes { " four-eyes" } else { "" }))
}

/// Books with an agent whose costs have a place, for random histories.
pub(crate) fn begin() -> Ledger {
    check(
        "org USD required
         open cash asset
         open rent expense
         open usage expense
         open owed liability
         agent clerk budget=20 expense=usage accrued=owed",
    )
}

/// Mostly one that waits, now and then any.
fn waiting(dice: &mut Dice, ledger: &Ledger, kind: char, waiting: Vec<u64>, is: impl Fn(&Event) -> bool) -> String {
    let made: Vec<u64> = (1..).zip(&ledger.events).filter(|(_, proposed)| is(&proposed.event)).map(|(seq, _)| seq).collect();
    let any = dice.below(made.len() as u64 + 1);
    let place = match waiting.get(usize::try_from(dice.below(5)).unwrap()) {
        Some(seq) if dice.below(6) > 0 => made.iter().position(|made| made == seq).unwrap() as u64 + 1,
        _ => any,
    };
    format!("{kind}{place}")
}

/// A random command in the ledger's words; many are refused, as they should be.
pub(crate) fn step(dice: &mut Dice, ledger: &Ledger) -> String {
    let who = ["tester", "a", "b", "c", "d"];
    let (drafts, requests) = (ledger.book.drafts().map(|(seq, _)| seq), ledger.book.approval_requests().map(|(seq, _)| seq));
    let draft = waiting(dice, ledger, 'd', drafts.collect(), |event| matches!(event, Event::Drafted(_)));
    let request = waiting(dice, ledger, 'r', requests.collect(), |event| matches!(event, Event::ApprovalRequested(_)));
    let at = format!("at={}", dice.below(500));
    let amount = dice.of(&["10", "100", "100", "1000"]);
    let lines = format!("rent {amount} USD party V | cash -{amount} USD");
    let voters = |dice: &mut Dice| (0..=dice.below(4)).map(|_| dice.of(&who)).collect::<Vec<_>>().join(" ");
    let policy = |dice: &mut Dice| {
        let steps = dice.of(&["single", "multiple/2", "majority", "unanimous@50!60", "veto@80!reject", "single,multiple/2@50!remind"]);
        let flags = dice.of(&["", "", "", "self", "override", "off"]);
        let when = dice.of(&["from=100", "from=1000", "source=ai", "", "types=expense", "below=0.8"]);
        format!("{} entry,policy {when} steps={steps} rank={} {flags}", dice.of(&["p", "q"]), dice.below(3))
    };
    match dice.below(40) {
        0 => format!("policy {}", policy(dice)),
        1 => format!("draft-policy {}", policy(dice)),
        2 => {
            let auto = dice.of(&["", "auto"]);
            let sample = dice.of(&["0", "30", "100"]);
            format!(
                "agent clerk {auto} cap=500 confidence=0.8 approvals=1 sample={sample} window=4 rejected=50 budget=20 expense=usage accrued=owed"
            )
        }
        3 => format!("{} clerk", dice.of(&["suspend", "resume"])),
        4 | 5 => format!("ran clerk 0.{:09}{:03} at={}", dice.below(1_000_000_000), dice.below(1_000), dice.below(3) * 2_678_400),
        6 => format!("book 2026-0{}", dice.below(3) + 1),
        7 | 8 => format!("post 2026-01-05: {lines}"),
        9..=12 => format!("draft 2026-01-05 {at}: {lines}"),
        13..=16 => {
            let source = dice.of(&["for=a", "for=tester", ""]);
            format!("draft 2026-01-05 {at} ai=clerk {source} kind=rent confidence=0.{}: {lines}", dice.below(3) + 7)
        }
        17 => format!("fix {draft} 2026-01-06: {lines}"),
        18 => format!("{} {draft}", dice.of(&["turn-down", "withdraw"])),
        19 | 20 => format!("post-draft {draft}"),
        21..=25 => {
            let lists = (0..=dice.below(2)).map(|_| voters(dice)).collect::<Vec<_>>().join(" | ");
            format!("ask {draft} {at}: {lists}")
        }
        26..=35 => {
            let (vote, post, other) = (dice.of(&["yes", "yes", "yes", "no"]), dice.of(&["", "post"]), dice.of(&["", "", "", "other"]));
            format!("vote {request} {vote} {at} {post} {other}")
        }
        36 => format!("hand {request} {}", dice.of(&who)),
        37 | 38 => format!("due {request} {at}: {}", voters(dice)),
        _ => format!("override {request}"),
    }
}

/// Who gives the next command: half of the time somebody who is asked for a vote.
pub(crate) fn actor(dice: &mut Dice, ledger: &Ledger) -> String {
    let asked = ledger.book.approval_requests().filter_map(|(_, request)| request.current()).flat_map(|step| &step.seats);
    let asked: Vec<_> = asked.filter(|seat| seat.vote.is_none()).filter_map(|seat| seat.holder()).collect();
    let any = dice.of(&["tester", "a", "b", "c", "d", "agent clerk", "key k"]).to_owned();
    let one = usize::try_from(dice.below(asked.len() as u64 + 1)).unwrap();
    if dice.below(2) == 0 { any } else { asked.get(one).map_or(any, ToString::to_string) }
}

/// What random commands leave.
pub(crate) fn history(seed: u64, steps: usize) -> Ledger {
    let mut ledger = begin();
    let mut dice = Dice(seed);
    for _ in 0..steps {
        let who = actor(&mut dice, &ledger);
        attempt(&mut ledger, &format!("as {who}")).unwrap();
        let asked = step(&mut dice, &ledger);
        drop(attempt(&mut ledger, &asked));
    }
    ledger
}
