//! What each tool asks of the API.

use rmcp::model::Tool;
use serde_json::{Map, Value, json};

use super::house::{Answer, House, failed};

/// Arguments that are in the tool's schema, and no others.
struct Arguments(Map<String, Value>);

impl Arguments {
    fn of(tool: &Tool, given: Map<String, Value>) -> Result<Self, Value> {
        let known = tool.input_schema.get("properties").and_then(Value::as_object);
        let required = tool.input_schema.get("required").and_then(Value::as_array);
        if let Some(unknown) = given.keys().find(|name| !known.is_some_and(|known| known.contains_key(*name))) {
            let names: Vec<&str> = known.into_iter().flat_map(Map::keys).map(String::as_str).collect();
            return Err(failed(&format!("{} takes no argument {unknown:?}; it takes {}", tool.name, names.join(", "))));
        }
        let missing = required.into_iter().flatten().filter_map(Value::as_str).find(|name| !given.contains_key(*name));
        match missing {
            Some(missing) => Err(failed(&format!("{} needs the argument {missing:?}", tool.name))),
            None => Ok(Self(given)),
        }
    }

    fn text(&self, name: &str) -> Result<Option<&str>, Value> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(failed(&format!("the argument {name:?} is a string"))),
        }
    }

    fn number(&self, name: &str) -> Result<Option<u64>, Value> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => {
                value.as_u64().map(Some).ok_or_else(|| failed(&format!("the argument {name:?} is a whole number, zero or more")))
            }
        }
    }

    fn needed(&self, name: &str) -> Result<&str, Value> {
        self.text(name)?.ok_or_else(|| failed(&format!("the argument {name:?} is needed")))
    }

    fn needed_number(&self, name: &str) -> Result<u64, Value> {
        self.number(name)?.ok_or_else(|| failed(&format!("the argument {name:?} is needed")))
    }
}

/// Calls a tool: what the API says, or why it does not.
///
/// # Errors
/// A problem document.
pub async fn call(house: &House, tool: &Tool, given: Map<String, Value>) -> Answer {
    let arguments = Arguments::of(tool, given)?;
    match tool.name.as_ref() {
        "ledger.context" => context(house).await,
        "ledger.list_views" => house.get("/semantic/views", &[]).await,
        "ledger.describe_view" => house.get(&format!("/semantic/views/{}", named(arguments.needed("view")?)?), &[]).await,
        "ledger.list_metrics" => house.get("/semantic/metrics", &[]).await,
        "ledger.query_metric" => house.post("/semantic/metrics/query", None, &Value::Object(arguments.0)).await,
        "ledger.query_sql" => house.post("/semantic/query", None, &Value::Object(arguments.0)).await,
        "ledger.explain_answer" => house.get(&format!("/semantic/queries/{}", named(arguments.needed("query_id")?)?), &[]).await,
        "ledger.financial_statement" => statement(house, &arguments).await,
        "ledger.get_entry" => house.get(&format!("/entries/{}", arguments.needed_number("entry_id")?), &[]).await,
        "ledger.trace_event" => trace(house, arguments.needed_number("seq")?).await,
        "ledger.draft_entry" => draft(house, arguments).await,
        "ledger.list_pending_reviews" => {
            let limit = arguments.number("limit")?.map(|limit| ("limit", limit.to_string()));
            // With what was drafted a moment ago.
            let head = house.get("/head", &[]).await?.get("seq").map(|seq| ("min_seq", seq.to_string()));
            let query: Vec<_> = [("status", "pending".to_owned())].into_iter().chain(limit).chain(head).collect();
            house.get("/drafts", &query).await
        }
        other => Err(failed(&format!("there is no tool {other}"))),
    }
}

/// A name as a part of a path; all that we give have no other letters.
fn named(part: &str) -> Result<&str, Value> {
    let plain = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    plain.then_some(part).ok_or_else(|| failed("names have letters a-z, digits, _ and - only"))
}

async fn context(house: &House) -> Answer {
    let organization = house.get("", &[]).await?;
    let you = house.get("/me", &[]).await?;
    let fresh = json!({ "sql": "SELECT projection FROM v_freshness", "max_rows": 1 });
    let as_of = house.post("/semantic/query", None, &fresh).await?.get("as_of").cloned();
    let today = chrono::Utc::now().date_naive().to_string();
    Ok(json!({ "organization": organization, "you": you, "as_of": as_of, "today": today }))
}

async fn statement(house: &House, arguments: &Arguments) -> Answer {
    let kind = arguments.needed("kind")?;
    let (path, spans) = match kind {
        "trial_balance" => ("/reports/trial-balance", false),
        "balance_sheet" => ("/reports/balance-sheet", false),
        "income_statement" => ("/reports/income-statement", true),
        "cash_flow" => ("/reports/cash-flow", true),
        other => {
            return Err(failed(&format!("there is no statement {other:?}: trial_balance, income_statement, balance_sheet or cash_flow")));
        }
    };
    let (from, to, known_at) = (arguments.text("from")?, arguments.text("to")?, arguments.text("known_at")?);
    if from.is_some() && !spans {
        return Err(failed(&format!("a {kind} is as of a day: give \"to\" alone")));
    }
    let named = [("from", from), (if spans { "to" } else { "as_of" }, to), ("known_at", known_at)];
    let query: Vec<(&str, String)> = named.into_iter().filter_map(|(name, value)| Some((name, value?.to_owned()))).collect();
    house.get(path, &query).await
}

async fn trace(house: &House, seq: u64) -> Answer {
    let after = seq.checked_sub(1).ok_or_else(|| failed("events are numbered from 1"))?;
    let page = house.get("/events", &[("after", after.to_string()), ("limit", "1".to_owned())]).await?;
    let event = page.pointer("/data/0").cloned().ok_or_else(|| failed(&format!("history has no event {seq} yet")))?;
    // A proof of a very long history is refused; the event has its hashes all the same.
    let proof = house.get(&format!("/events/{seq}/proof"), &[]).await.unwrap_or_else(|problem| problem);
    Ok(json!({ "event": event, "proof": proof }))
}

async fn draft(house: &House, arguments: Arguments) -> Answer {
    let key = arguments.needed("idempotency_key")?.to_owned();
    let Arguments(mut body) = arguments;
    let mut take = |name: &str| body.remove(name);
    let entry: Map<String, Value> =
        ["effective_date", "description", "lines"].into_iter().filter_map(|name| Some((name.to_owned(), take(name)?))).collect();
    let draft: Map<String, Value> = ["rationale", "evidence", "confidence", "agent"]
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), take(name)?)))
        .chain([("entry".to_owned(), Value::Object(entry))])
        .collect();
    house.post("/drafts", Some(&key), &Value::Object(draft)).await
}
