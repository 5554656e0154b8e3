//! What whoever operates the server sees and sets: configuration, logs, traces, metrics, health.

pub mod file;
pub mod health;
pub mod keys;
pub mod metrics;
pub mod settings;
pub mod telemetry;

pub use health::Health;
pub use settings::{Loaded, Settings};
