//! `recloop devices`: what networks can be trained on.

use std::io::Write;

use clap::Args;

use super::{CliError, table};

const EXAMPLES: &str = "\
Examples:
  recloop devices
  cargo run --release --features gpu -- devices          in a build that knows graphics processors";

/// Lists the devices networks can be trained on, and what is in the way of the others.
///
/// Each is asked for the product of two small matrices: a driver that answers wrongly is no device. Training takes the
/// processor unless told otherwise, and never another than it was told.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Devices {}

impl Devices {
    pub(super) fn execute(&self, out: &mut dyn Write) -> Result<(), CliError> {
        let mut list = table::list();
        list.set_header(["device", "name", "works"]);
        for device in recloop_nn::devices() {
            let works = device.fault.map_or("yes".into(), |fault| format!("no: {fault}"));
            list.add_row([device.compute.to_string(), device.name, works]);
        }
        Ok(writeln!(out, "{}", list.trim_fmt())?)
    }
}
