//! The binary `ledgerd`. Everything it does is in the library, where tests reach it.

fn main() -> std::process::ExitCode {
    ledger_api::cli::main()
}

/// Entries are made on one thread and dropped on another, which the system's allocator does slowly.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
