//! The commit log on Postgres.
