//! Tells the library which revision it is built from, where that is known: run manifests carry it.

use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=../.git/logs/HEAD");
    let git = Command::new("git").args(["rev-parse", "--short=12", "HEAD"]).output();
    if let Some(revision) = git.ok().filter(|git| git.status.success()) {
        println!("cargo:rustc-env=RECLOOP_REVISION={}", String::from_utf8_lossy(&revision.stdout).trim());
    }
}
