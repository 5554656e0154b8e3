//! Agents, drafts and approvals through the command line, each command a process of its own.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::process::Command as Process;

use ledger_store::testing::{RUNTIME_ROLE, TestDatabase, database};

struct Desk {
    url: String,
    _database: TestDatabase,
}

impl Desk {
    async fn open() -> Self {
        let database = database().await;
        drop(database.store().await); // which makes the runtime's login
        Self { url: database.url_for(RUNTIME_ROLE), _database: database }
    }

    /// What a command of somebody prints: its words, those after `|` with spaces in them.
    async fn says(&self, who: &str, line: &str) -> (i32, String) {
        let (plain, rest) = line.split_once('|').map_or((line, ""), |(plain, rest)| (plain, rest));
        let words = plain.split_whitespace().chain(rest.split('|').map(str::trim).filter(|word| !word.is_empty()));
        let mut command = Process::new(env!("CARGO_BIN_EXE_ledgerd"));
        command.env("DATABASE_URL", &self.url).env("LEDGERD_ACTOR", who).env_remove("LEDGERD_ADMIN_URL").args(words);
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code().unwrap(), text(&output.stdout) + &text(&output.stderr))
    }

    async fn ok(&self, who: &str, line: &str) -> String {
        let (code, said) = self.says(who, line).await;
        assert_eq!(code, 0, "{line}: {said}");
        said
    }

    async fn refused(&self, who: &str, line: &str, code: &str) {
        let (exit, said) = self.says(who, line).await;
        assert!(exit == 1 && said.contains(code), "{line}: {said}");
    }
}

/// The number that follows a word.
fn after(said: &str, word: &str) -> String {
    let rest = said.split_once(word).unwrap().1;
    rest.trim_start().chars().take_while(char::is_ascii_alphanumeric).collect()
}

#[tokio::test]
async fn a_draft_from_its_proposal_to_the_books() {
    let desk = Desk::open().await;
    desk.ok("alice", "org create acme --currency USD --name Acme").await;
    desk.ok("alice", "account open --org acme 1000 --type asset --name Bank").await;
    desk.ok("alice", "account open --org acme 6100 --type expense --name Rent").await;
    desk.ok("alice", "approval policy --org acme large --subject entry --from 1000 --step multiple/2").await;
    let sides = "--debit 6100=1200.00 --credit 1000=1200.00 --date 2026-01-31 --description Rent";
    desk.refused("alice", &format!("entry post --org acme {sides}"), "needs approval").await;
    let draft = after(&desk.ok("alice", &format!("draft entry --org acme {sides} --business rent")).await, "Draft");
    desk.refused("alice", &format!("draft post --org acme {draft}"), "needs approval").await;
    desk.refused("alice", &format!("approval request --org acme {draft} --voters alice,ben"), "takes 2 approvals").await;
    let request = after(&desk.ok("alice", &format!("approval request --org acme {draft} --voters alice,ben,carla")).await, "Request");
    let queue = desk.ok("ben", "approval queue --org acme --format csv").await;
    assert!(queue.contains(&format!("{request},{draft},entry,1200.00,large,multiple,0 of 2,")), "{queue}");
    let shown: serde_json::Value = serde_json::from_str(&desk.ok("ben", &format!("approval show --org acme {request}")).await).unwrap();
    assert_eq!(shown["content"]["fields"]["lines/1/amount"], "1200");
    let hash = shown["hash"].as_str().unwrap();
    desk.refused("ben", &format!("approval approve --org acme {request} --hash 00000000"), "is not about").await;
    desk.ok("ben", &format!("approval approve --org acme {request} --hash {}", &hash[..12])).await;
    let corrected = "--debit 6100=1250.00 --credit 1000=1250.00 --date 2026-01-31 --description Rent --reason indexed";
    let said = desk.ok("dora", &format!("draft correct --org acme {draft} {corrected}")).await;
    assert!(said.contains("2 fields differ") && said.contains("ended: the draft was corrected"), "{said}");
    let request = after(&desk.ok("alice", &format!("approval request --org acme {draft} --voters ben,carla")).await, "Request");
    let shown: serde_json::Value = serde_json::from_str(&desk.ok("ben", &format!("draft show --org acme {draft}")).await).unwrap();
    let vote = format!("approval approve --org acme {request} --hash {}", shown["hash"].as_str().unwrap());
    desk.ok("ben", &vote).await;
    let said = desk.ok("carla", &vote).await;
    assert!(said.contains(&format!("Draft {draft} posted at seq")) && !said.contains("not seen by four eyes"), "{said}");
    let balance = desk.ok("alice", "report trial-balance --org acme --format csv --as-of 2026-12-31").await;
    assert!(balance.contains("1250.00"), "{balance}");
    assert!(desk.ok("alice", "draft list --org acme").await.contains("No drafts wait"));

    // A vote that was to post says why the books refuse that by now; the draft waits, approved.
    let late = desk.ok("alice", &format!("draft entry --org acme {sides}")).await;
    let (draft, hash) = (after(&late, "Draft"), after(&late, "entry"));
    let request = after(&desk.ok("alice", &format!("approval request --org acme {draft} --voters ben,carla")).await, "Request");
    desk.ok("alice", "period close --org acme 2026-01 --reason audited").await;
    let vote = format!("approval approve --org acme {request} --hash {hash}");
    assert!(!desk.ok("ben", &vote).await.contains("not posted"), "not approved yet");
    let said = desk.ok("carla", &vote).await;
    assert!(said.contains(&format!("Draft {draft} was not posted and waits: ")) && said.contains("PERIOD_CLOSED"), "{said}");
    desk.refused("alice", &format!("draft post --org acme {draft}"), "closed").await;
    desk.ok("alice", "period reopen --org acme 2026-01 --reason late").await;
    assert!(desk.ok("alice", &format!("draft post --org acme {draft}")).await.contains("posted at seq"));
    desk.ok("alice", "replay --org acme").await;
}

#[tokio::test]
async fn agents_are_registered_suspended_and_listed() {
    let desk = Desk::open().await;
    desk.ok("alice", "org create acme --currency USD --name Acme").await;
    desk.ok("alice", "agent register --org acme clerk --type accountant --model m-1 --budget 50").await;
    desk.refused("alice", "agent book-costs --org acme 2026-01", "no costs of agents").await;
    desk.ok("alice", "agent suspend --org acme clerk --reason audit").await;
    let list = desk.ok("alice", "agent list --org acme --format csv").await;
    assert!(list.contains("clerk,accountant,m-1,0,50,USD,0,suspended"), "{list}");
    desk.ok("alice", "agent resume --org acme clerk --reason done").await;
    let history = desk.ok("alice", "events --org acme").await;
    assert!(history.contains(r#""type":"AgentRegistered""#) && history.contains(r#""type":"AgentStatusSet""#), "{history}");
}
