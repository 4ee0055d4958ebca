//! A form as a grammar: the notation of llama.cpp (GBNF), on one line.

use super::{Kind, Shape};

/// Digits after the point, at most: decisions need no more (chosen by us).
const DECIMALS: usize = 3;

pub(super) fn of_object(shape: &Shape) -> String {
    let mut parts = vec![literal("{")];
    for (i, (name, kind)) in shape.fields.iter().enumerate() {
        let comma = if i == 0 { "" } else { "," };
        parts.push(literal(&format!("{comma}\"{name}\":")));
        parts.push(of_kind(kind));
    }
    parts.push(literal("}"));
    parts.join(" ")
}

fn of_kind(kind: &Kind) -> String {
    match kind {
        Kind::Enum(words) => {
            group(words.iter().map(|word| literal(&serde_json::Value::from(word.as_str()).to_string())))
        }
        Kind::Integer { min, max } => integers(*min, *max),
        Kind::Number { min, max } => numbers(*min, *max),
        Kind::Bool => group(["true", "false"].map(literal)),
        Kind::Text { max_chars, charset } => {
            format!(
                "{quote} [{class}]{{0,{max_chars}}} {quote}",
                quote = literal("\""),
                class = charset.class()
            )
        }
        Kind::List { of, min, max } => list(&of_kind(of), *min, *max),
        Kind::Object(shape) => format!("({})", of_object(shape)),
    }
}

fn list(of: &str, min: usize, max: usize) -> String {
    let (open, close, comma) = (literal("["), literal("]"), literal(","));
    let more = format!("({comma} {of}){{{},{}}}", min.saturating_sub(1), max - 1);
    let some = if max == 1 { of.to_owned() } else { format!("{of} {more}") };
    if min == 0 { format!("{open} ({some})? {close}") } else { format!("{open} {some} {close}") }
}

fn integers(min: i64, max: i64) -> String {
    let mut ways = Vec::new();
    if min < 0 {
        let (least, most) = (max.min(-1).unsigned_abs(), min.unsigned_abs());
        ways.extend(runs(least, most).into_iter().map(|run| format!("{} {run}", literal("-"))));
    }
    if max >= 0 {
        ways.extend(runs(min.max(0).unsigned_abs(), max.unsigned_abs()));
    }
    group(ways)
}

/// Numbers by their whole parts. Bounds that are no whole numbers are widened to the next one; the check knows better.
fn numbers(min: f64, max: f64) -> String {
    let mut ways = Vec::new();
    if min < 0.0 {
        let (least, most) = ((-max).max(0.0), -min);
        ways.extend(fractions(least, most).into_iter().map(|way| format!("{} {way}", literal("-"))));
    }
    if max >= 0.0 {
        ways.extend(fractions(min.max(0.0), max));
    }
    group(ways)
}

fn fractions(least: f64, most: f64) -> Vec<String> {
    let (least, most) = (least.floor() as u64, most.ceil() as u64);
    let fraction = format!("({} [0-9]{{1,{DECIMALS}}})?", literal("."));
    let mut ways = vec![literal(&most.to_string())];
    if least < most {
        ways.extend(runs(least, most - 1).into_iter().map(|run| format!("{run} {fraction}")));
    }
    ways
}

fn runs(min: u64, max: u64) -> Vec<String> {
    let of_digit = |&(low, high): &(u8, u8)| match (char::from(low), char::from(high)) {
        (low, high) if low == high => format!("[{low}]"),
        (low, high) => format!("[{low}-{high}]"),
    };
    spans(min, max).iter().map(|span| span.iter().map(of_digit).collect::<Vec<_>>().join(" ")).collect()
}

/// One digit at a place: from this one to that one.
type Place = (u8, u8);

/// The whole numbers `min..=max` as runs of digits, each number by exactly one run.
fn spans(min: u64, max: u64) -> Vec<Vec<Place>> {
    let mut found = Vec::new();
    let mut low = min;
    loop {
        let digits = low.to_string();
        // The largest number of as many digits, or the end.
        let high = 10_u64.checked_pow(digits.len() as u32).map_or(u64::MAX, |next| next - 1).min(max);
        split(digits.as_bytes(), high.to_string().as_bytes(), &mut Vec::new(), &mut found);
        if high == max {
            return found;
        }
        low = high + 1;
    }
}

/// Between two numbers of equally many digits.
fn split(low: &[u8], high: &[u8], so_far: &mut Vec<Place>, found: &mut Vec<Vec<Place>>) {
    let all = |digits: &[u8], digit: u8| digits.iter().all(|&d| d == digit);
    let (Some(&l), Some(&h)) = (low.first(), high.first()) else {
        found.push(so_far.clone());
        return;
    };
    let (low, high) = (&low[1..], &high[1..]);
    let from = if all(low, b'0') { l } else { l + 1 };
    let to = if all(high, b'9') { h } else { h - 1 };
    if l == h {
        return under(l, low, high, so_far, found);
    }
    if from > l {
        under(l, low, &vec![b'9'; low.len()], so_far, found);
    }
    if from <= to {
        let mut whole = so_far.clone();
        whole.push((from, to));
        whole.extend(low.iter().map(|_| (b'0', b'9')));
        found.push(whole);
    }
    if to < h {
        under(h, &vec![b'0'; high.len()], high, so_far, found);
    }
}

fn under(digit: u8, low: &[u8], high: &[u8], so_far: &mut Vec<Place>, found: &mut Vec<Vec<Place>>) {
    so_far.push((digit, digit));
    split(low, high, so_far, found);
    so_far.pop();
}

fn group(ways: impl IntoIterator<Item = String>) -> String {
    format!("({})", ways.into_iter().collect::<Vec<_>>().join(" | "))
}

/// A quoted text: quotes, backslashes and what cannot be seen are escaped.
fn literal(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            c => quoted.push(c),
        }
    }
    quoted + "\""
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ways(min: u64, max: u64, n: u64) -> usize {
        let digits = n.to_string();
        let fits = |span: &&Vec<Place>| {
            let within = |(d, &(low, high)): (u8, &Place)| (low..=high).contains(&d);
            span.len() == digits.len() && digits.bytes().zip(span.iter()).all(within)
        };
        spans(min, max).iter().filter(fits).count()
    }

    #[test]
    fn every_number_of_a_range_is_made_in_one_way_and_no_other_in_any() {
        let ranges =
            [(0, 0), (0, 9), (0, 300), (7, 1_203), (10, 10), (99, 101), (0, 86_399), (123, 129), (250, 999)];
        for (min, max) in ranges {
            for n in 0..max + 1_500 {
                let expected = usize::from((min..=max).contains(&n));
                assert_eq!(ways(min, max, n), expected, "{n} in {min}..={max}");
            }
        }
        assert_eq!(ways(0, u64::MAX, u64::MAX), 1);
    }

    #[test]
    fn integers_are_written_as_few_runs_of_digits() {
        assert_eq!(integers(0, 300), "([0-9] | [1-9] [0-9] | [1-2] [0-9] [0-9] | [3] [0] [0])");
        assert_eq!(integers(-3, 5), "(\"-\" [1-3] | [0-5])");
        assert_eq!(integers(-12, -10), "(\"-\" [1] [0-2])");
        assert!(integers(i64::MIN, i64::MAX).starts_with("(\"-\" [1-9] |"));
    }

    #[test]
    fn numbers_keep_to_whole_bounds() {
        let fraction = "(\".\" [0-9]{1,3})?";
        assert_eq!(numbers(0.0, 1.0), format!("(\"1\" | [0] {fraction})"));
        assert_eq!(
            numbers(-1.0, 1.0),
            format!("(\"-\" \"1\" | \"-\" [0] {fraction} | \"1\" | [0] {fraction})")
        );
        assert_eq!(numbers(2.0, 2.0), "(\"2\")");
    }

    #[test]
    fn lists_count_their_commas() {
        assert_eq!(list("x", 1, 1), "\"[\" x \"]\"");
        assert_eq!(list("x", 3, 3), "\"[\" x (\",\" x){2,2} \"]\"");
        assert_eq!(list("x", 0, 2), "\"[\" (x (\",\" x){0,1})? \"]\"");
    }
}
