//! The study as a self-contained page.

use super::ImpressionsFound;

pub(super) fn of(_found: &ImpressionsFound) -> Result<String, minijinja::Error> {
    Ok(String::new())
}
