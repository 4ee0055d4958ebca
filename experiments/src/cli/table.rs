//! Numbers for people.

use comfy_table::{CellAlignment, ContentArrangement, Table, TableComponent, presets};
use indicatif::HumanCount;

use recloop_data::metrics::{Estimate, Named, Section};

/// A table without lines, wrapped at a width that also fits a page.
pub(super) fn list() -> Table {
    let mut list = Table::new();
    list.load_preset(presets::NOTHING).set_width(100).set_content_arrangement(ContentArrangement::Dynamic);
    list
}

/// A table with a line below its header.
pub(super) fn lined() -> Table {
    let mut table = Table::new();
    table.load_preset(presets::UTF8_HORIZONTAL_ONLY);
    table.remove_style(TableComponent::HorizontalLines).remove_style(TableComponent::MiddleIntersections);
    table
}

/// Metrics with mean, 95 % interval and n.
pub(super) fn of(metrics: &[Named]) -> String {
    in_sections(&[Section::new("", metrics.to_vec())])
}

/// The same, each section under its title.
pub(super) fn in_sections(sections: &[Section]) -> String {
    let mut table = lined();
    table.set_header(["metric", "mean", "95 % interval", "n"]);
    for section in sections.iter().filter(|section| !section.metrics.is_empty()) {
        if !section.title.is_empty() {
            table.add_row(["", "", "", ""]);
            table.add_row([section.title.to_uppercase().as_str(), "", "", ""]);
        }
        for metric in &section.metrics {
            table.add_row(row(metric));
        }
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    format!("{table}\nIntervals are over users, within this one run; other seeds vary besides.")
}

fn row(metric: &Named) -> [String; 4] {
    let Estimate { mean, se, n } = metric.estimate;
    let decimals = decimals(se);
    let (low, high) = metric.estimate.interval();
    let interval =
        if se.is_finite() { format!("{low:.decimals$} … {high:.decimals$}") } else { "unknown".into() };
    let mean = match mean {
        f64::INFINITY => "not reached".into(),
        mean if mean.is_finite() => format!("{mean:.decimals$}"),
        _ => "none".into(),
    };
    [metric.name.clone(), mean, interval, HumanCount(n).to_string()]
}

/// As many decimals as give the standard error two digits: more would be noise.
pub(crate) fn decimals(se: f64) -> usize {
    if se > 0.0 && se.is_finite() { (1.0 - se.log10().floor()).clamp(0.0, 6.0) as usize } else { 3 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_shown_as_precisely_as_it_is_known() {
        assert_eq!([decimals(0.37), decimals(12.0), decimals(0.0029), decimals(f64::NAN)], [2, 0, 4, 3]);
        let estimate = Estimate { mean: 160.2134, se: 0.37, n: 2_000 };
        let text = of(&[Named { name: "reward_per_user".into(), estimate }]);
        assert!(
            text.contains("160.21") && text.contains("159.49 … 160.94") && text.contains("2,000"),
            "{text}"
        );
    }

    #[test]
    fn a_missing_number_is_said_to_be_missing() {
        let estimate = Estimate { mean: f64::NAN, se: f64::NAN, n: 0 };
        let text = of(&[Named { name: "ctr".into(), estimate }]);
        assert!(text.contains("none") && text.contains("unknown") && !text.contains("NaN"), "{text}");
    }
}
