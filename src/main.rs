//! The `recloop` command; everything it does is in `recloop_experiments::cli`.

use std::process::ExitCode;

fn main() -> ExitCode {
    recloop_experiments::cli::main(std::env::args_os())
}
