//! Who asks, and what he may: roles, permissions, API keys, tokens of configured issuers, plans.
//!
//! [`Principal`] is what all of it comes to; [`Identity`] makes it of a request's credentials. Rows are in
//! `ledger-store/src/identity/`, routes in [`super::routes`]; which route asks for which permission stands in
//! `permissions.csv`.

pub mod issuer;
pub mod jwks;
pub mod jwt;
pub mod kept;
pub mod lookup;
pub mod meter;
pub mod permission;
pub mod plan;
pub mod principal;
pub mod role;
pub mod token;

pub use issuer::{Issuer, IssuerConfig, Preset};
pub use lookup::{Credential, Identity};
pub use meter::Meter;
pub use permission::{Action, Permission, Resource};
pub use plan::{Feature, Plan, Seat, Tier};
pub use principal::{Grant, Principal, Subject};
pub use role::{Role, RoleSet};
