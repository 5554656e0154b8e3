//! Why commands about agents, drafts and approvals are refused, and what needs approval: the last variants of
//! [`Rejection`](super::Rejection), which `rejection` has the others of.

/// Hands the variants of here to a macro, behind others.
macro_rules! with_governed {
    ($rejections:ident, $($others:tt)*) => {
        $rejections! {
            $($others)*
            /// No such agent.
            AgentUnknown {
                /// Its code.
                agent: Text,
            } = "AGENT_UNKNOWN", "agent {agent:?} is not registered", "register the agent first, or correct its code", transient;
            /// An agent, or an execution of one, that cannot be.
            AgentInvalid {
                /// Its code.
                agent: Text,
                /// What is wrong.
                fault: &'static str,
            } = "AGENT_INVALID", "agent {agent:?}: {fault}", "correct what is said of the agent";
            /// A suspended agent does not work.
            AgentSuspended {
                /// Its code.
                agent: Text,
            } = "AGENT_SUSPENDED", "agent {agent:?} is suspended", "let the agent work again first", transient;
            /// Something that only people do.
            AgentMayNot {
                /// Its code.
                agent: Text,
                /// What it may not.
                what: &'static str,
            } = "AGENT_MAY_NOT", "agent {agent:?} may not {what}", "draft it instead, and let a person approve it";
            /// The month's budget is spent.
            AgentOverBudget {
                /// Its code.
                agent: Text,
                /// The month.
                month: Month,
                /// What it may spend.
                budget: Decimal,
                /// What it would have spent.
                spent: Decimal,
            } = "AGENT_OVER_BUDGET", "agent {agent:?} would have spent {spent} of its budget of {budget} in {month}", "wait for the next month, or raise the budget", transient;
            /// No costs wait to be booked, or less than a minor unit.
            NothingToBook {
                /// Up to which month.
                month: Month,
            } = "NOTHING_TO_BOOK", "no costs of agents up to {month} wait to be booked that come to a minor unit", "wait until something was spent", transient;
            /// No draft waits there.
            DraftUnknown {
                /// Where it should be.
                seq: Seq,
            } = "DRAFT_UNKNOWN", "no draft waits at seq {seq}", "look the waiting drafts up: it may have been posted, rejected or withdrawn";
            /// A draft that cannot be.
            DraftInvalid {
                /// What is wrong.
                fault: &'static str,
            } = "DRAFT_INVALID", "the draft cannot be kept: {fault}", "correct the draft";
            /// A policy asks for approval, or the ledger itself does.
            ApprovalNeeded {
                /// What is to be approved.
                subject: &'static str,
                /// The policy; none where the ledger itself asks for it.
                policy: Text,
            } = "APPROVAL_NEEDED", "the {subject} needs approval (policy {policy:?})", "draft it and request its approval; post the draft once it is approved";
            /// A policy that cannot be.
            PolicyInvalid {
                /// Its code.
                policy: Text,
                /// What is wrong.
                fault: &'static str,
            } = "POLICY_INVALID", "approval policy {policy:?}: {fault}", "correct the policy";
            /// Too few people may vote.
            ApprovalUnsatisfiable {
                /// The step, from 1.
                step: usize,
                /// How many approvals it takes.
                needed: u32,
                /// How many may vote.
                eligible: u32,
            } = "APPROVAL_UNSATISFIABLE", "step {step} takes {needed} approvals and {eligible} may vote who did not prepare it", "name more people who may vote, or change the policy", transient;
            /// Approval is being asked for already.
            ApprovalPending {
                /// The request.
                request: Seq,
            } = "APPROVAL_PENDING", "approval was requested at seq {request} and waits for votes", "vote on that request, or correct the draft", transient;
            /// No request waits there.
            ApprovalUnknown {
                /// Where it should be.
                seq: Seq,
            } = "APPROVAL_UNKNOWN", "no request for approval waits at seq {seq}", "look the waiting requests up: it may have ended";
            /// Somebody who may not vote.
            ApprovalNotEligible {
                /// Who.
                by: Text,
                /// Why not.
                fault: &'static str,
            } = "APPROVAL_NOT_ELIGIBLE", "{by:?} may not do this: {fault}", "let somebody vote who may";
            /// What was looked at is not what is to be approved.
            ApprovalChanged {
                /// The request.
                request: Seq,
            } = "APPROVAL_CHANGED", "the hash is not of what is to be approved at seq {request}", "look at the draft as it is now and vote on that";
            /// It is not overdue.
            ApprovalNotDue {
                /// The request.
                request: Seq,
            } = "APPROVAL_NOT_DUE", "the request at seq {request} is not overdue", "report the deadline when it has passed", transient;
            /// The deadline has passed.
            ApprovalOverdue {
                /// The request.
                request: Seq,
            } = "APPROVAL_OVERDUE", "the request at seq {request} is overdue and no longer open to votes", "report its deadline and request approval again";
            /// What was approved counts otherwise by now.
            ApprovalStale {
                /// The request.
                request: Seq,
            } = "APPROVAL_STALE", "what was approved at seq {request} would fall under another policy by now: a rate or a period has changed", "request approval again";
        }
    };
}
