//! Who asks, and what he may: roles, permissions, API keys, tokens of configured issuers, plans.
//!
//! [`Principal`] is what all of it comes to. Routes about members and keys are in [`super::routes`], rows in
//! `ledger-store/src/identity/`; which route asks for which permission stands in `permissions.csv`.

pub mod permission;
pub mod principal;
pub mod role;

pub use permission::{Action, Matrix, Permission, Resource, Row};
pub use principal::{Grant, Principal, Subject};
pub use role::{Role, RoleSet};
