//! Questions in SQL that a language model, or anybody else, wrote: read by the [`guard`], run as the organization's own
//! login, answered with values as text.
//!
//! [`query::ask`] is the whole way. What there is to be asked, the views, is in the migrations; how a question reaches the database is in the store.

pub mod examples;
pub mod guard;
pub mod metrics;
pub mod query;
