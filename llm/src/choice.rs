//! How likely each lettered option is.

use serde::{Deserialize, Serialize};

use crate::LlmError;

/// The letters of the options: the first so many of the alphabet. One letter is one token with every tokenizer we know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Letters(u8);

impl Letters {
    /// The first `n` letters, 1 to 26.
    ///
    /// # Errors
    /// [`LlmError::Shape`] if there are no so many.
    pub fn first(n: usize) -> Result<Self, LlmError> {
        match u8::try_from(n) {
            Ok(n @ 1..=26) => Ok(Self(n)),
            _ => {
                let reason = format!("{n} options cannot be told apart by letters, 1 to 26 can");
                Err(LlmError::Shape { name: "letters".into(), reason })
            }
        }
    }

    /// How many.
    #[must_use]
    pub fn count(self) -> usize {
        usize::from(self.0)
    }

    /// The letter of option `i`.
    #[must_use]
    pub fn letter(self, i: usize) -> Option<char> {
        self.iter().nth(i)
    }

    /// `A`, `B`, …
    pub fn iter(self) -> impl Iterator<Item = char> {
        (b'A'..b'A' + self.0).map(char::from)
    }

    /// Which option a token stands for: its letter, white space aside.
    #[must_use]
    pub fn index(self, token: &str) -> Option<usize> {
        let mut chars = token.trim().chars();
        let letter = chars.next().filter(|_| chars.next().is_none())?;
        self.iter().position(|valid| valid == letter)
    }
}

impl TryFrom<u8> for Letters {
    type Error = LlmError;

    fn try_from(n: u8) -> Result<Self, LlmError> {
        Self::first(n.into())
    }
}

impl From<Letters> for u8 {
    fn from(letters: Letters) -> Self {
        letters.0
    }
}

/// A law over options.
///
/// From the probability `q_i` of the tokens that mean letter *i*, at temperature one, and the temperature *T* asked for:
/// `p_i = q_i^(1/T) / Σ_j q_j^(1/T)`; at *T* = 0 all of it is on the likeliest, the first of equals.
///
/// # Shapes and units
/// - `probabilities`: `[n]`, in the order of the letters, sums to one
/// - `covered`: `Σ q_i` in [0, 1]: how much of what the model would have said were letters at all. Near zero, the law is
///   about noise. One where the server itself allows nothing but letters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// `P(option i)`.
    pub probabilities: Vec<f64>,
    /// Share of the model's own law that this rests on.
    pub covered: f64,
}

impl Choice {
    /// The law from tokens and their probabilities at temperature one; tokens that are no letters count for nothing.
    ///
    /// # Errors
    /// In words: a number that is no probability, or no letter among the tokens.
    pub(crate) fn of<'a>(
        letters: Letters,
        tokens: impl IntoIterator<Item = (&'a str, f64)>,
        temperature: f64,
    ) -> Result<Self, String> {
        let mut law = vec![0.0; letters.count()];
        for (token, probability) in tokens {
            if !(0.0..=1.0 + 1e-6).contains(&probability) {
                return Err(format!("{probability} is no probability"));
            }
            if let Some(i) = letters.index(token) {
                law[i] += probability;
            }
        }
        let covered = law.iter().sum::<f64>().min(1.0);
        let most = law.iter().copied().fold(0.0, f64::max);
        if most <= 0.0 {
            return Err(format!("none of its likeliest tokens is one of {} letters", letters.count()));
        }
        let likeliest = law.iter().position(|&p| p >= most).unwrap_or(0);
        for (i, p) in law.iter_mut().enumerate() {
            // Relative to the largest, so that no temperature underflows all of them.
            *p = if temperature > 0.0 {
                (*p / most).powf(temperature.recip())
            } else {
                f64::from(i == likeliest)
            };
        }
        let total: f64 = law.iter().sum();
        law.iter_mut().for_each(|p| *p /= total);
        Ok(Self { probabilities: law, covered })
    }

    /// The letter of the likeliest option, the first of equals.
    #[must_use]
    pub fn likeliest(&self) -> char {
        let mut best = 0;
        for (i, p) in self.probabilities.iter().enumerate() {
            if *p > self.probabilities[best] {
                best = i;
            }
        }
        char::from(b'A' + best as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_that_mean_a_letter_add_up_and_the_rest_is_not_covered() {
        let letters = Letters::first(3).unwrap();
        let tokens = [("A", 0.3), (" A", 0.1), ("B", 0.2), ("a", 0.15), ("Apple", 0.05), ("D", 0.1)];
        let choice = Choice::of(letters, tokens, 1.0).unwrap();
        let expected = [0.4 / 0.6, 0.2 / 0.6, 0.0];
        for (p, e) in choice.probabilities.iter().zip(expected) {
            assert!((p - e).abs() < 1e-12, "{choice:?}");
        }
        assert!((choice.covered - 0.6).abs() < 1e-12);
        assert_eq!(choice.likeliest(), 'A');
    }

    #[test]
    fn temperature_sharpens_and_flattens() {
        let letters = Letters::first(2).unwrap();
        let law = |t| Choice::of(letters, [("A", 0.2), ("B", 0.6)], t).unwrap().probabilities;
        assert!((law(1.0)[1] - 0.75).abs() < 1e-12);
        // (0.6 / 0.2)² = 9 to one.
        assert!((law(0.5)[1] - 0.9).abs() < 1e-12);
        assert_eq!(law(0.0), [0.0, 1.0]);
        assert!((law(1e-3)[1] - 1.0).abs() < 1e-12, "nothing under- or overflows");
        assert!((law(1e6)[1] - 0.5).abs() < 1e-5);
    }

    #[test]
    fn no_letter_and_no_probability_are_refused() {
        let letters = Letters::first(2).unwrap();
        assert!(Choice::of(letters, [("C", 0.9)], 1.0).unwrap_err().contains("letters"));
        assert!(Choice::of(letters, [("A", f64::NAN)], 1.0).unwrap_err().contains("no probability"));
        assert!(Choice::of(letters, [("A", -0.1)], 1.0).is_err());
        assert!(Letters::first(0).is_err() && Letters::first(27).is_err() && Letters::first(300).is_err());
        assert!(serde_json::from_str::<Letters>("27").is_err());
    }
}
