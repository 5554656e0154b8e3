use super::Measured;
use crate::cli::shell::Shell;
pub(super) async fn run(_shell: &Shell, _entries: usize) -> anyhow::Result<Vec<Measured>> {
    Ok(Vec::new())
}
