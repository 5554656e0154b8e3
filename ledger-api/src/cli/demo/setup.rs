//! What the demo's books have to know before the company's files come in: control accounts, sales tax, everybody it deals
//! with, and who earns commission.

use chrono::{NaiveDate, Utc};
use ledger_core::Command;
use ledger_core::command::{AssignCommission, DefineCommissionPlan, DefineTaxCode, DraftRule, DraftTaxComponent, DraftTier, RegisterParty};
use ledger_core::subledger::commission::Trigger;
use ledger_core::subledger::{Side, Terms};
use ledger_store::bulk::{Bulk, BulkOptions};
use ledger_store::writer::IdempotencyKey;
use ledger_store::{OrgStore, PartyDetails};
use rust_decimal::Decimal;

use super::actor;
use crate::demo::{EXPORT, KEY_ACCOUNTS, activities, contacts, earners, roles};

/// The key under which all of it goes in, as one commit.
const SETUP: &str = "demo:setup";
/// The first day of the commission plans.
const FIRST: NaiveDate = NaiveDate::from_ymd_opt(2024, 1, 1).unwrap();

/// Tells the books, once. Answers how many parties there are.
pub(super) async fn prepare(org: &OrgStore) -> anyhow::Result<usize> {
    let parties = contacts();
    for contact in &parties {
        let details = PartyDetails { party: contact.code.clone(), name: Some(contact.name.clone()), ..PartyDetails::default() };
        org.keep_party_details(&details, Utc::now(), "demo").await?;
    }
    if org.find_keys(&[SETUP]).await?.is_empty() {
        let options = BulkOptions { actor: actor(), correlation: None, atomic: true, soft_closed: false };
        let bulk = Bulk::open(org.clone(), options).await?;
        tokio::task::spawn_blocking(move || decide(bulk)).await??;
    }
    Ok(parties.len())
}

fn decide(mut bulk: Bulk<()>) -> anyhow::Result<()> {
    for command in commands() {
        bulk.decide((), command).map_err(|rejection| anyhow::anyhow!("{rejection}"))?;
    }
    bulk.end_chunk(Some(IdempotencyKey::new(SETUP, b"")))?;
    bulk.finish()?;
    Ok(())
}

fn commands() -> Vec<Command> {
    let roles = roles();
    let control = |account: &'static str, side| Command::DesignateControl { account: account.into(), side };
    let (code, rate, owed) = roles.tax;
    let tax = DefineTaxCode {
        code: code.into(),
        name: "Sales tax".into(),
        components: vec![DraftTaxComponent::new("State and county", rate, owed)],
    };
    let mut commands =
        vec![control(roles.receivables, Side::Receivable), control(roles.payables, Side::Payable), Command::DefineTaxCode(Box::new(tax))];
    commands
        .extend(activities().map(|(account, activity)| Command::SetAccountActivity { account: account.into(), activity: Some(activity) }));
    commands.extend(contacts().into_iter().map(|contact| {
        let currency = Some(contact.currency.code().into());
        let party = RegisterParty { terms: Terms::net(contact.days), currency, ..RegisterParty::new(&contact.code, contact.kind) };
        Command::RegisterParty(Box::new(party))
    }));
    commands.extend(plans().map(|plan| Command::DefineCommissionPlan(Box::new(plan))));
    commands.extend(earners().into_iter().map(|(plan, payee, customer)| {
        let customer = Some(customer.as_str().into());
        Command::AssignCommission(Box::new(AssignCommission { plan: plan.into(), payee: payee.into(), customer, from: FIRST, to: None }))
    }));
    commands
}

/// Key accounts earn more on everything once they were invoiced 400,000; export earns as far as it is paid.
fn plans() -> [DefineCommissionPlan; 2] {
    let (expense, accrued) = roles().commission;
    let tier = |from: i64, percent| DraftTier { from: Decimal::from(from), percent: Decimal::new(percent, 1) };
    let tiers = DraftRule::Tiers { tiers: vec![tier(0, 10), tier(400_000, 15)], retroactive: true };
    let plan = |code: &str, trigger, rule| DefineCommissionPlan {
        code: code.into(),
        trigger,
        rules: vec![(FIRST, None, rule)],
        expense: expense.into(),
        accrued: accrued.into(),
    };
    [plan(KEY_ACCOUNTS, Trigger::Invoice, tiers), plan(EXPORT, Trigger::Cash, DraftRule::Percent(Decimal::new(25, 1)))]
}
