//! The binary `ledgerd`.
fn main() {}
