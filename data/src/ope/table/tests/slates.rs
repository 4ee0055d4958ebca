//! Rows that are positions of slates.

use super::*;

const MAPPING: &str = "slate = 's'\nposition = 'p'\nfirst_position = 1\nreward = 'r'\naction = 'a'\n\
    propensity = 'joint'\ntarget_propensity = 't_joint'\npropensity_position = 'm'\ntarget_propensity_position = 't_m'\n\
    propensity_cascade = 'c'\ntarget_propensity_cascade = 't_c'\ntarget_probs = 'probs'\nreward_predictions = 'q'\n";

/// Slates of two; within a slate rows are in whatever order.
fn three() -> Columns<'static> {
    let probs: [&[f64]; 6] = [&[0.5, 0.5], &[1.0, 0.0], &[0.2, 0.8], &[0.6, 0.4], &[0.0, 1.0], &[0.3, 0.7]];
    let q: [&[f64]; 6] = [&[1.0, 2.0], &[3.0, 0.0], &[0.0, 1.0], &[1.0, 1.0], &[4.0, 5.0], &[10.0, 0.0]];
    vec![
        ("s", i64s(&[4, 4, 9, 9, 2, 2])),
        ("p", i64s(&[1, 2, 2, 1, 1, 2])),
        ("a", i64s(&[0, 0, 1, 0, 1, 1])),
        ("r", f64s(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0])),
        ("joint", f64s(&[0.25, 0.25, 0.5, 0.5, 1.0, 1.0])),
        ("t_joint", f64s(&[0.5, 0.5, 0.5, 0.5, 0.25, 0.25])),
        ("m", f64s(&[0.5, 0.5, 0.25, 0.5, 1.0, 1.0])),
        ("t_m", f64s(&[0.25, 0.5, 0.5, 0.5, 0.5, 0.25])),
        ("c", f64s(&[0.5, 0.25, 0.5, 1.0, 1.0, 1.0])),
        ("t_c", f64s(&[1.0, 0.5, 0.5, 0.5, 0.5, 0.25])),
        ("probs", rows_of(&probs)),
        ("q", rows_of(&q)),
    ]
}

fn wanted() -> Wanted {
    Wanted { slates: true, ..policy() }
}

fn changed(name: &str, array: &ArrayRef) -> (TempDir, PathBuf) {
    let columns = three().into_iter().map(|(own, old)| (own, if own == name { array.clone() } else { old }));
    file(columns.collect())
}

#[test]
fn positions_of_a_slate_become_one_row() {
    let (_dir, path) = file(three());
    let mapping = format!("{MAPPING}position_weights = [1.0, 0.5]\nindependent_positions = true");
    let table = open_by(&path, &mapping, "columns").unwrap();
    assert_eq!(table.slate_size(), 2);
    let (rows, slates, told) = read(&table, &wanted()).unwrap();
    assert_eq!(slates.rewards.as_slice(), [1.0, 1.0, 4.0, 1.5, 5.0, 3.0]);
    assert_eq!(slates.slate, [2.0, 1.0, 0.25]);
    assert_eq!(slates.marginal.as_slice(), [0.5, 1.0, 1.0, 2.0, 0.5, 0.25]);
    assert_eq!(slates.cascade.as_slice(), [2.0, 2.0, 0.5, 1.0, 0.5, 0.25]);
    assert_eq!(slates.pseudo, [0.5, 2.0, -0.25]);
    assert_eq!(slates.logged.as_slice(), [1.0, 3.0, 1.0, 1.0, 5.0, 0.0]);
    let expected = [1.5, 3.0, 1.0, 0.8, 5.0, 3.0];
    assert!(slates.expected.as_slice().iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-15));
    // The same as decisions: whole slates.
    assert_eq!((rows.rewards, rows.weights[0].clone()), (vec![2.0, 5.5, 8.0], vec![2.0, 1.0, 0.25]));
    assert_eq!((told.support.rows, told.support.certain), (3, 1));
    let distinct: std::collections::BTreeSet<_> = slates.users.iter().collect();
    assert_eq!(distinct.len(), 3);
    for allowed in ["sips", "iips", "rips", "cascade-dr", "pseudo-inverse", "snips"] {
        assert_eq!(lacks(&table, allowed), None, "{allowed}");
    }
    assert!(lacks(&table, "dm").unwrap().contains("positions of slates"));
}

#[test]
fn offers_of_a_slate_know_what_the_positions_below_brought() {
    let (_dir, path) = file(three());
    let table = open_by(&path, MAPPING, "columns").unwrap();
    let mut seen = Vec::new();
    table
        .offers(0, &mut |offer| {
            seen.push((offer.position, offer.reward, offer.to_go, offer.target[0]));
            Ok(())
        })
        .unwrap();
    let expected = [(0, 1.0, 3.0, 0.5), (1, 2.0, 2.0, 1.0), (0, 4.0, 7.0, 0.6), (1, 3.0, 3.0, 0.2)];
    assert_eq!(seen[..4], expected);
}

#[test]
fn what_a_log_of_slates_lacks_is_told() {
    let (_dir, path) = file(three());
    let mapping = "slate = 's'\nposition = 'p'\nfirst_position = 1\nreward = 'r'\npropensity_cascade = 'c'\ntarget_propensity_cascade = 't_c'";
    let table = open_by(&path, mapping, "columns").unwrap();
    assert!(lacks(&table, "iips").unwrap().contains("propensity_position"));
    assert!(lacks(&table, "cascade-dr").unwrap().contains("target_probs"));
    assert!(lacks(&table, "pseudo-inverse").unwrap().contains("independent_positions"));
    assert!(lacks(&table, "balanced-ips").unwrap().contains("positions of slates"));
    // The last of the running products is that of the slate.
    assert_eq!(
        (lacks(&table, "sips"), read(&table, &wanted()).unwrap().1.slate),
        (None, vec![2.0, 1.0, 0.25])
    );
}

#[test]
fn slates_that_are_not_whole_are_told_or_left_out() {
    let cases = [
        ("p", i64s(&[1, 2, 2, 2, 1, 2]), "row 3 of", "the position twice"),
        ("p", i64s(&[1, 2, 2, 1, 1, 3]), "row 5 of", "beyond a slate of 2"),
        ("s", i64s(&[4, 4, 9, 2, 2, 2]), "row 2 of", "not all 2 positions"),
        ("joint", f64s(&[0.25, 0.25, 0.5, 0.25, 1.0, 1.0]), "row 3 of", "differs from that of the row above"),
    ];
    for (name, array, row, reason) in cases {
        let (_dir, path) = changed(name, &array);
        let told = read(&open_by(&path, MAPPING, "columns").unwrap(), &wanted()).unwrap_err().to_string();
        assert!(told.contains(row) && told.contains(reason), "{told}");
    }
    let (_dir, path) = changed("joint", &f64s(&[0.25, 0.25, 0.5, 0.0, 1.0, 1.0]));
    let options = TableOptions { skip_invalid: true, ..TableOptions::default() };
    let mapping = Some(Mapping::parse(MAPPING).unwrap());
    let table = Table::open(&[path], mapping, &target("columns"), options).unwrap();
    let (_, slates, told) = read(&table, &wanted()).unwrap();
    assert_eq!((slates.slate, told.excluded.total()), (vec![2.0, 0.25], 2));
}

#[test]
fn slates_may_straddle_batches_and_chunks() {
    // 131,073 slates of 3 in row groups of 100,000 rows: both chunks and batches of 8,192 rows cut slates.
    let n = 131_073_i64;
    let slates: Vec<i64> = (0..3 * n).map(|row| row / 3).collect();
    let positions: Vec<i64> = (0..3 * n).map(|row| row % 3).collect();
    let rewards: Vec<f64> = (0..3 * n).map(|row| row as f64).collect();
    let half = f64s(&vec![0.5; 3 * n as usize]);
    let columns = vec![
        ("slate", i64s(&slates)),
        ("position", i64s(&positions)),
        ("reward", f64s(&rewards)),
        ("propensity", half.clone()),
        ("target_propensity", half),
    ];
    let dir = tempfile::tempdir().unwrap();
    let path = write(&dir.path().join("log.parquet"), columns, 100_000);
    let table = open(&path, "columns", TableOptions::default()).unwrap();
    assert_eq!(table.n_chunks(), 2);
    let (rows, slates, _) = read(&table, &wanted()).unwrap();
    assert_eq!((rows.rewards.len(), slates.slate.len()), (n as usize, n as usize));
    assert!(rows.rewards.iter().enumerate().all(|(at, reward)| *reward == (9 * at + 3) as f64));
}
