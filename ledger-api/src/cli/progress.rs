//! Progress of long work: on standard error, only for a terminal, gone when the work is done.

use std::borrow::Cow;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

const BAR: &str = "{msg:24} [{bar:30}] {human_pos}/{human_len} {per_sec} {eta}";
const COUNT: &str = "{msg:24} {spinner} {human_pos} {per_sec} {elapsed}";
const BYTES: &str = "{msg:24} [{bar:30}] {bytes}/{total_bytes} {bytes_per_sec} {eta}";
/// How often a bar is drawn when its work is silent.
const TICK: Duration = Duration::from_millis(120);

/// A bar towards a known number of things (events, entries).
#[must_use]
pub fn bar(quiet: bool, length: u64, message: impl Into<Cow<'static, str>>) -> ProgressBar {
    made(quiet, Some(length), BAR, message)
}

/// A bar towards a known number of bytes.
#[must_use]
pub fn bytes(quiet: bool, length: u64, message: impl Into<Cow<'static, str>>) -> ProgressBar {
    made(quiet, Some(length), BYTES, message)
}

/// A counter of things whose number is not known.
#[must_use]
pub fn counter(quiet: bool, message: impl Into<Cow<'static, str>>) -> ProgressBar {
    made(quiet, None, COUNT, message)
}

fn made(quiet: bool, length: Option<u64>, template: &str, message: impl Into<Cow<'static, str>>) -> ProgressBar {
    // Indicatif draws nothing where standard error is no terminal.
    let target = if quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> ");
    let bar = ProgressBar::with_draw_target(length, target).with_style(style).with_message(message);
    bar.enable_steady_tick(TICK);
    bar
}
