//! What makers write, fit to be kept and shown.

/// At most `max_chars` characters of `text`, without control characters and those that turn the direction of writing; breaks of
/// lines become spaces. What is plain stays as it is, so cleaning twice is cleaning once.
pub(super) fn plain(text: &str, max_chars: usize) -> String {
    let kept = text.chars().filter_map(|c| match c {
        '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}' => Some(' '),
        c if c.is_control() || turns_writing(c) => None,
        c => Some(c),
    });
    kept.take(max_chars).collect()
}

/// Marks, embeddings, overrides and isolates of Unicode's bidirectional algorithm.
fn turns_writing(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn plain_words_stay_and_others_become_plain() {
        for (text, expected) in [
            ("Pasta for two — \"al dente\"", "Pasta for two — \"al dente\""),
            ("日本語 שלום", "日本語 שלום"),
            ("\u{0}a\u{7f}\u{9b}b", "ab"),
            ("safe\u{202e}exe.\u{2066}x\u{2069}\u{200f}", "safeexe.x"),
            ("two\nlines\u{2028}more", "two lines more"),
            ("abcdefghijk", "abcdefghij"),
        ] {
            let capped = if expected.len() == 10 { 10 } else { 60 };
            let once = plain(text, capped);
            assert_eq!((once.as_str(), plain(&once, capped)), (expected, once.clone()), "{text:?}");
        }
    }
}
