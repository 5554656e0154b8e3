//! The commit log on Postgres.

pub mod embedded;
#[cfg(feature = "testing")]
pub mod testing;
