//! What a person may begin with.

use rmcp::ErrorData;
use rmcp::model::{GetPromptResult, Prompt, PromptArgument, PromptMessage, Role};
use serde_json::{Map, Value};

struct Template {
    name: &'static str,
    description: &'static str,
    /// Name and description; all are needed.
    arguments: &'static [(&'static str, &'static str)],
    text: &'static str,
}

const TEMPLATES: [Template; 4] = [
    Template {
        name: "month_end_review",
        description: "Go through a month before it is closed.",
        arguments: &[("period", "The month, YYYY-MM.")],
        text: "Review the month {period} before it is closed. Begin with ledger.context. Then: 1. the trial balance as of its last day, and whether it \
            ties; 2. revenue, expense and net income of the month beside the month before; 3. open receivables and payables by aging bucket; 4. entries \
            of the month that deserve a look: large, round, posted late, or with an author who also approved them; 5. drafts that wait. End with a short \
            list of what a person should do, each with entry ids. Change nothing.",
    },
    Template {
        name: "explain_variance",
        description: "Explain why an account or metric moved between two months.",
        arguments: &[
            ("subject", "An account code or a metric."),
            ("period", "The month, YYYY-MM."),
            ("compared_to", "The month it is compared to."),
        ],
        text: "Explain why {subject} differs between {compared_to} and {period}. Quantify the difference, break it down by party, account and document \
            until most of it is explained, and name the entries behind the largest parts by entry_id. Say what is not explained.",
    },
    Template {
        name: "collections_worklist",
        description: "Whom to ask for money first.",
        arguments: &[],
        text: "Make a worklist for collections: overdue invoices from v_ar_open by customer, largest and oldest first, amounts in base currency and in \
            their own, days overdue, last payment. Leave out what is disputed and list that apart.",
    },
    Template {
        name: "draft_accrual",
        description: "Draft an accrual for an expense that is not billed yet.",
        arguments: &[("what", "What was received and not billed."), ("period", "The month, YYYY-MM.")],
        text: "Draft an accrual for {what} in {period}. Look at what was booked for it in earlier months, choose expense and accrual accounts from the \
            chart, estimate the amount from history and say how, and use ledger.draft_entry with rationale, evidence and an honest confidence. People \
            approve it; you do not.",
    },
];

/// The prompts.
#[must_use]
pub fn all() -> Vec<Prompt> {
    let argument = |(name, description): &(&str, &str)| PromptArgument::new(*name).with_description(*description).with_required(true);
    let prompt = |template: &Template| {
        let arguments = template.arguments.iter().map(argument).collect::<Vec<_>>();
        Prompt::new(template.name, Some(template.description), (!arguments.is_empty()).then_some(arguments))
    };
    TEMPLATES.iter().map(prompt).collect()
}

/// One prompt with its arguments filled in.
///
/// # Errors
/// -32602 for a prompt that there is not, or an argument that is missing or no short text.
pub fn get(name: &str, given: &Map<String, Value>) -> Result<GetPromptResult, ErrorData> {
    let template = TEMPLATES.iter().find(|template| template.name == name);
    let template = template.ok_or_else(|| ErrorData::invalid_params(format!("there is no prompt {name}"), None))?;
    let mut text = template.text.to_owned();
    for (argument, _) in template.arguments {
        let value = given.get(*argument).and_then(Value::as_str).map(str::trim).filter(|value| !value.is_empty() && value.len() <= 200);
        let value = value
            .ok_or_else(|| ErrorData::invalid_params(format!("the prompt {name} needs {argument:?}, a text of at most 200 bytes"), None))?;
        text = text.replace(&format!("{{{argument}}}"), value);
    }
    Ok(GetPromptResult::new(vec![PromptMessage::new_text(Role::User, text)]).with_description(template.description))
}
