//! The words of what people let programs do: agents, drafts, and approvals.
//!
//! A **draft** is a proposed command that is kept with who proposed it and why; it moves nothing. An **approval request**
//! binds the votes of named people to the hash of a draft. A **policy** says which drafts need one. What was approved is
//! carried out by a command of its own, which is decided again as if it had just been given.
//!
//! Only types and their arithmetic here. What may be asked of them is decided in `book`, their bytes are in `codec`.

mod agent;
mod drafted;
mod fields;
mod policy;
mod request;

pub use agent::{ALWAYS_PEOPLE, Agent, AgentNo, AgentRun, AgentType, Autonomy, Cost, RunOutcome};
pub use drafted::{AiSource, Correction, DraftSource, Drafted, FieldChange, Posted, Proposal, Route, SourceKind, Subject};
pub use policy::{ApprovalPolicy, Facts, Mode, OnTimeout, PolicyTerms, Predicate, Step};
pub use request::{Requested, RequestedStep, Seat, StepState, Vote, Voted};
