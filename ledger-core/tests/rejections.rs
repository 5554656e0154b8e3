//! Every reason to refuse, in the order in which the enum lists them.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod words;

use ledger_core::command::{DefineCommodity, ReverseEntry};
use ledger_core::limits::ENTRY_LINES_MAX;
use ledger_core::{Actor, Command, Rejection};
use words::{Ledger, check, dec, draft};

/// Code and script whose last line reaches it. The store alone knows external ids, so their rejection has no script.
const SCRIPTS: &[(&str, &str)] = &[
    ("ORGANIZATION_MISSING", "open cash asset => ORGANIZATION_MISSING"),
    ("ORGANIZATION_EXISTS", "org USD required\n org EUR required => ORGANIZATION_EXISTS"),
    ("LIMIT_EXCEEDED", "org USD required name=N\n open LONG asset => LIMIT_EXCEEDED line 0"),
    ("INVALID_TEXT", "org USD required\n reopen 2026-01 why= => INVALID_TEXT"),
    ("COMMODITY_UNKNOWN", "BOOKS\n post 2026-01-05: cash 1 USD | sales -1 HOURS => COMMODITY_UNKNOWN line 2"),
    ("COMMODITY_DIFFERS", "BOOKS\n commodity TOK 4\n commodity TOK 4\n commodity TOK 5 => COMMODITY_DIFFERS"),
    ("SCALE_TOO_LARGE", "BOOKS\n commodity TOK 18\n commodity BIG 19 => SCALE_TOO_LARGE"),
    ("ACCOUNT_UNKNOWN", "BOOKS\n post 2026-01-05: cash 1 USD | nowhere -1 USD => ACCOUNT_UNKNOWN line 2"),
    ("ACCOUNT_DIFFERS", "BOOKS\n open cash asset\n open cash expense => ACCOUNT_DIFFERS"),
    ("ACCOUNT_CYCLE", "BOOKS\n open a asset\n open b asset under=a\n change a under=b => ACCOUNT_CYCLE"),
    ("ACCOUNT_SUMMARY", "BOOKS\n open all asset summary\n post 2026-01-05: all 1 USD | sales -1 USD => ACCOUNT_SUMMARY line 1"),
    ("ACCOUNT_LOCKED", "BOOKS\n lock cash\n post 2026-01-05: sales -1 USD | cash 1 USD => ACCOUNT_LOCKED line 2"),
    ("ACCOUNT_CLOSED", "BOOKS\n shut cash\n post 2026-01-05: sales -1 USD | cash 1 USD => ACCOUNT_CLOSED line 2"),
    ("ACCOUNT_NOT_EMPTY", "BOOKS\n post 2026-01-05: cash 1 USD | sales -1 USD\n shut cash => ACCOUNT_NOT_EMPTY"),
    ("STATUS_UNCHANGED", "BOOKS\n lock cash\n lock cash => STATUS_UNCHANGED"),
    ("DATE_OUT_OF_RANGE", "BOOKS\n post last-day: cash 1 USD | sales -1 USD => DATE_OUT_OF_RANGE"),
    ("PERIOD_CLOSED", "BOOKS\n close 2026-01 hard\n post 2026-01-05: cash 1 USD | sales -1 USD => PERIOD_CLOSED"),
    ("TOO_FEW_LINES", "BOOKS\n post 2026-01-05: cash 0 USD => TOO_FEW_LINES"),
    ("OVER_PRECISE", "BOOKS\n post 2026-01-05: cash 1.000 USD | sales -1.001 USD => OVER_PRECISE line 2"),
    ("AMOUNT_TOO_LARGE", "BOOKS\n post 2026-01-05: cash 1 USD | sales -10000000000000000000000000.00 USD => AMOUNT_TOO_LARGE line 2"),
    ("RATE_INVALID", "BOOKS\n rate EUR USD 0 2026-01-05 => RATE_INVALID"),
    ("WEIGHT_SIGN", "BOOKS\n post 2026-01-05: cash 1 EUR @@ -1.10 USD | sales 1.10 USD => WEIGHT_SIGN line 1"),
    ("FUNCTIONAL_DIFFERS", "BOOKS\n post 2026-01-05: cash 1 USD = 1.01 | sales -1 USD => FUNCTIONAL_DIFFERS line 1"),
    ("RATE_MISSING", "BOOKS\n rate EUR USD 1.1 2026-01-01\n post 2026-02-02: cash 1 EUR | sales -1 EUR => RATE_MISSING line 1"),
    ("UNBALANCED", "BOOKS\n post 2026-01-05: cash 1 USD | sales -1.01 USD => UNBALANCED"),
    ("UNBALANCED_FUNCTIONAL", "BOOKS\n post 2026-01-05: cash 1 EUR = 1.10 | sales -1 EUR = -1.11 => UNBALANCED_FUNCTIONAL"),
    ("EXCHANGE_UNPRICED", "KEPT\n post 2026-01-05: cash 1 EUR | sales -1.10 USD => EXCHANGE_UNPRICED"),
    ("BALANCE_CONDITION", "BOOKS\n bound cash USD min=0\n post 2026-01-05: sales 1 USD | cash -1 USD => BALANCE_CONDITION line 2"),
    ("BALANCE_TOO_LARGE", "BOOKS\n FULL\n post 2026-01-05: cash MOST USD | sales -MOST USD => BALANCE_TOO_LARGE line 1"),
    ("ENTRY_UNKNOWN", "BOOKS\n reverse #1 => ENTRY_UNKNOWN"),
    ("ALREADY_REVERSED", "BOOKS\n post 2026-01-05: cash 1 USD | sales -1 USD\n reverse #1\n reverse #1 => ALREADY_REVERSED"),
    ("PERIOD_UNCHANGED", "BOOKS\n reopen 2026-01 => PERIOD_UNCHANGED"),
    ("PERIOD_STEP", "BOOKS\n close 2026-01 hard\n close 2026-01 soft => PERIOD_STEP"),
    ("PERIOD_HAS_OPEN_POINTS", "OWED\n SOLD\n close 2026-01 hard => PERIOD_HAS_OPEN_POINTS"),
    ("PARTY_UNKNOWN", "OWED\n post 2026-01-05: ar 1 USD party Y doc 1 | sales -1 USD => PARTY_UNKNOWN line 1"),
    ("PARTY_DIFFERS", "OWED\n party C customer\n party C vendor => PARTY_DIFFERS"),
    ("TERMS_INVALID", "OWED\n party D customer terms=30@10,0@20 => TERMS_INVALID"),
    ("CONTROL_HAS_BALANCE", "BOOKS\n post 2026-01-05: cash 1 USD | sales -1 USD\n control cash receivable => CONTROL_HAS_BALANCE"),
    ("CONTROL_DIFFERS", "OWED\n control ar receivable\n control ar payable => CONTROL_DIFFERS"),
    ("CONTROL_MISSING", "OWED\n party D customer receivable=ar\n change-party D receivable=cash => CONTROL_MISSING"),
    ("CONTROL_NEEDS_PARTY", "OWED\n post 2026-01-05: sales -1 USD | ar 1 USD doc 1 => CONTROL_NEEDS_PARTY line 2"),
    ("CONTROL_NEEDS_DOCUMENT", "OWED\n post 2026-01-05: sales -1 USD | ar 1 USD party C => CONTROL_NEEDS_DOCUMENT line 2"),
    ("CONTROL_NEEDS_AMOUNT", "OWED\n post 2026-01-05: ar 1 EUR = -1 party C doc 1 | sales -1 EUR = 1 => CONTROL_NEEDS_AMOUNT line 1"),
    ("ENTRY_BOUND", "OWED\n SOLD\n PAID\n allocate C:P1\n reverse last-event => ENTRY_BOUND"),
    ("ITEM_UNKNOWN", "OWED\n SOLD\n allocate C:P1 => ITEM_UNKNOWN"),
    ("ITEM_SETTLED", "OWED\n SOLD\n PAID\n allocate C:P1\n allocate C:P1: C:I1 => ITEM_SETTLED"),
    (
        "ALLOCATION_SAME_SIGN",
        "OWED\n SOLD\n post 2026-01-05: ar 1 EUR = 1 party C doc I2 | sales -1 EUR = -1\n allocate C:I2: C:I1 => ALLOCATION_SAME_SIGN",
    ),
    (
        "ALLOCATION_OTHER_PARTY",
        "OWED\n SOLD\n post 2026-01-05: ar -1 EUR = -1 party X doc P1 | sales 1 EUR = 1\n allocate X:P1: C:I1 => ALLOCATION_OTHER_PARTY",
    ),
    ("ALLOCATION_TOO_LARGE", "OWED\n SOLD\n PAID\n allocate C:P1 100.01: C:I1 => ALLOCATION_TOO_LARGE"),
    (
        "ALLOCATION_NEEDS_AMOUNTS",
        "OWED\n SOLD\n post 2026-02-05: ar -9 USD party C doc P1 | cash 9 USD\n allocate C:P1: C:I1 => ALLOCATION_NEEDS_AMOUNTS",
    ),
    ("ALLOCATION_TOO_EARLY", "OWED\n SOLD\n PAID\n allocate C:P1 on=2026-02-04: C:I1 => ALLOCATION_TOO_EARLY"),
    ("ALLOCATION_UNKNOWN", "OWED\n SOLD\n unallocate @1 => ALLOCATION_UNKNOWN"),
    ("NOTHING_TO_ALLOCATE", "OWED\n PAID\n allocate C:P1 => NOTHING_TO_ALLOCATE"),
    (
        "REVALUED_ALREADY",
        "OWED\n SOLD\n rate EUR USD 1.2 2026-01-31\n revalue 2026-01-30 => RATE_MISSING\n revalue 2026-01-31\n revalue 2026-02-01\n revalue 2026-01-31 => REVALUED_ALREADY",
    ),
    ("TAX_CODE_INVALID", "OWED\n tax V: VAT -1 sales => TAX_CODE_INVALID"),
    ("TAX_CODE_UNKNOWN", "OWED\n invoice C 2026-01-05: sales 1 | sales 1 tax V => TAX_CODE_UNKNOWN line 2"),
    ("DOCUMENT_INVALID", "OWED\n invoice C 2026-01-05: sales -1 => DOCUMENT_INVALID"),
    ("DOCUMENT_NUMBER_TAKEN", "OWED\n invoice C 2026-01-05 no=1: sales 1\n invoice C 2026-01-05 no=1: sales 1 => DOCUMENT_NUMBER_TAKEN"),
    ("DOCUMENT_UNKNOWN", "OWED\n credit C 2026-01-05 against=1: sales 1 => DOCUMENT_UNKNOWN"),
    ("CONTROL_UNSET", "BOOKS\n party C customer\n invoice C 2026-01-05: sales 1 => CONTROL_UNSET"),
    (
        "DEFERRAL_RECOGNISED",
        "OWED\n invoice C 2026-01-05: sales 2 defer 2026-01-01 2026-02-28 months cash\n recognise 2026-01-31\n reverse document => DEFERRAL_RECOGNISED",
    ),
    ("PLAN_UNKNOWN", "OWED\n invoice C 2026-01-05: sales 2\n accrue none C INV-1 => PLAN_UNKNOWN"),
    ("PLAN_INVALID", "OWED\n plan P cash cash sales: percent 101 => PLAN_INVALID"),
    ("NOTHING_TO_PAY", "OWED\n open ap liability\n control ap payable\n payout C 2026-01-05 P1 => NOTHING_TO_PAY"),
    ("NOTHING_TO_CLOSE", "OWED\n open re equity\n close-year 2026-12-31 re => NOTHING_TO_CLOSE"),
    ("CLOSE_ACCOUNT", "OWED\n close-year 2026-12-31 cash => CLOSE_ACCOUNT"),
    ("BOOK_MOVED", "OWED\n close-year 2026-12-31 cash seq=1 => BOOK_MOVED"),
];

/// Reached elsewhere: by the store, by batches (`batch.rs`), and by agents, drafts and approvals (`approval_laws.rs`).
const ELSEWHERE: [&str; 20] = [
    "EXTERNAL_ID_TAKEN",
    "IN_BATCH",
    "AGENT_UNKNOWN",
    "AGENT_INVALID",
    "AGENT_SUSPENDED",
    "AGENT_MAY_NOT",
    "AGENT_OVER_BUDGET",
    "NOTHING_TO_BOOK",
    "DRAFT_UNKNOWN",
    "DRAFT_INVALID",
    "APPROVAL_NEEDED",
    "POLICY_INVALID",
    "APPROVAL_UNSATISFIABLE",
    "APPROVAL_PENDING",
    "APPROVAL_UNKNOWN",
    "APPROVAL_NOT_ELIGIBLE",
    "APPROVAL_CHANGED",
    "APPROVAL_NOT_DUE",
    "APPROVAL_OVERDUE",
    "APPROVAL_STALE",
];

fn expanded(script: &str) -> String {
    let most = "9999999999999999999999999.99";
    let full = "post 2026-01-05: cash MOST USD | sales -MOST USD\n".repeat(10);
    script
        .replace("OWED", "BOOKS\n open ar asset\n control ar receivable\n party C customer\n party X customer")
        .replace("SOLD", "post 2026-01-05: ar 100 EUR = 110 party C doc I1 due 2026-02-01 | sales -100 EUR = -110")
        .replace("PAID", "post 2026-02-05: ar -100 EUR = -120 party C doc P1 | cash 100 EUR = 120")
        .replace("BOOKS", "org USD required\n open cash asset\n open sales revenue")
        .replace("KEPT", "org USD by-commodity\n open cash asset\n open sales revenue")
        .replace("FULL", &full)
        .replace("MOST", most)
        .replace("LONG", &"x".repeat(256))
}

#[test]
fn every_code_is_reached_in_the_order_of_the_enum() {
    let scripted: Vec<_> = SCRIPTS.iter().map(|(code, _)| *code).chain(ELSEWHERE).collect();
    assert_eq!(scripted, Rejection::CODES, "one script for every code, in the order of the enum");
    for (code, script) in SCRIPTS {
        assert_eq!(script.matches(code).count(), 1, "the script of {code} ends in it");
        check(&expanded(script));
    }
}

#[test]
fn codes_are_unique_and_hints_begin_with_a_verb() {
    let mut codes = Rejection::CODES.to_vec();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), Rejection::CODES.len());
}

#[test]
fn rules_are_checked_in_order() {
    // Each line breaks all rules to its right as well; the leftmost answers.
    check(&expanded(
        "BOOKS
         open all asset summary
         close 2026-01 soft
         post 2026-01-05: cash 1 USD                                    => TOO_FEW_LINES
         post 2026-01-05: nowhere 1.001 HOURS | cash 1 USD              => PERIOD_CLOSED
         permit soft
         post 2026-01-05: nowhere 1.001 HOURS | cash 1 USD              => ACCOUNT_UNKNOWN line 1
         post 2026-01-05: all 1.001 HOURS | cash 1 USD                  => ACCOUNT_SUMMARY line 1
         post 2026-01-05: cash 1.001 HOURS | cash 1 USD                 => COMMODITY_UNKNOWN line 1
         post 2026-01-05: cash 1.001 USD @@ -1 HOURS | cash 1 USD       => OVER_PRECISE line 1
         post 2026-01-05: cash 1.01 USD @@ -1 HOURS | cash 1 USD        => COMMODITY_UNKNOWN line 1
         post 2026-01-05: cash 1 EUR @@ -1 USD = 0.001 | cash 1 USD     => WEIGHT_SIGN line 1
         post 2026-01-05: cash 1 EUR = 0.001 | cash 1 USD               => OVER_PRECISE line 1
         post 2026-01-05: cash 1 EUR | cash 1 USD                       => RATE_MISSING line 1
         bound cash USD max=0
         post 2026-01-05: cash 1 USD | cash 1 USD                       => UNBALANCED
         post 2026-01-05: cash 1 USD | sales -1 USD                     => BALANCE_CONDITION line 1",
    ));
}

fn refused(ledger: &mut Ledger, command: &Command) -> Rejection {
    ledger.run(command).unwrap_err()
}

#[test]
fn limits_refuse_instead_of_growing() {
    let mut ledger = check(&expanded("BOOKS"));
    let mut long = draft("2026-01-05", None, None, "cash 0 USD | sales 0 USD");
    long.lines = vec![long.lines[0].clone(); ENTRY_LINES_MAX + 1];
    assert_eq!(refused(&mut ledger, &Command::PostEntry(long.clone())).code(), "LIMIT_EXCEEDED");
    long.lines.pop();
    ledger.run(&Command::PostEntry(long.clone())).unwrap();

    // Conversion lines count too: what has ten thousand lines cannot take two more.
    long.lines[0] = draft("2026-01-05", None, None, "cash 1 EUR @@ 1.10 USD").lines[0].clone();
    long.lines[1].amount = dec("-1.10");
    assert_eq!(refused(&mut ledger, &Command::PostEntry(long.clone())).code(), "LIMIT_EXCEEDED");

    // Neither may an entry be larger than an event can be stored.
    let mut heavy = draft("2026-01-05", None, None, "cash 0 USD party p | sales 0 USD");
    heavy.lines[0].detail.as_mut().unwrap().memo = Some("m".repeat(16_000).into());
    heavy.lines.extend(vec![heavy.lines[0].clone(); 300]);
    assert_eq!(refused(&mut ledger, &Command::PostEntry(heavy)).code(), "LIMIT_EXCEEDED");

    for (bytes, code) in [(64, None), (65, Some("LIMIT_EXCEEDED"))] {
        let define = DefineCommodity { code: "C".repeat(bytes).into(), scale: None, name: "".into() };
        assert_eq!(ledger.run(&Command::DefineCommodity(define)).err().map(|rejection| rejection.code()), code);
    }
}

#[test]
fn texts_without_content_or_with_control_characters_are_refused() {
    let mut ledger = check(&expanded("BOOKS"));
    for (reason, ok) in
        [("", true), ("tab\tline\nend", true), ("naïve €", true), ("nul\0", false), ("del\u{7f}", false), ("next\u{85}", false)]
    {
        let original = u64::MAX;
        let reverse = ReverseEntry { original, date: None, reason: reason.into() };
        let code = if ok { "ENTRY_UNKNOWN" } else { "INVALID_TEXT" };
        assert_eq!(refused(&mut ledger, &Command::ReverseEntry(reverse)).code(), code, "{reason:?}");
    }
    for id in ["", "  ", "a\0"] {
        let draft = draft("2026-01-05", None, Some(id), "cash 1 USD | sales -1 USD");
        assert_eq!(refused(&mut ledger, &Command::PostEntry(draft)).code(), "INVALID_TEXT", "{id:?}");
    }
    ledger.actor = Actor::user("");
    let draft = draft("2026-01-05", None, None, "cash 1 USD | sales -1 USD");
    assert_eq!(refused(&mut ledger, &Command::PostEntry(draft)).code(), "INVALID_TEXT");
}
