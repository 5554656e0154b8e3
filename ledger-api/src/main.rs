//! The binary `ledgerd`. Everything it does is in the library, where tests reach it.

fn main() -> std::process::ExitCode {
    ledger_api::cli::main()
}
