//! What a request is found by.

use std::fmt;

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::ChatRequest;

/// Form of what is digested: raise it if that changes.
const FORM: u32 = 1;

/// SHA-256 of model, template with version, the whole request, seed and sample: whatever can change an answer.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Key([u8; 32]);

impl Key {
    pub(crate) fn of(model: &str, request: &ChatRequest) -> Self {
        #[derive(Serialize)]
        struct Whole<'a>(u32, &'a str, &'a ChatRequest);
        let whole = serde_json::to_vec(&Whole(FORM, model, request)).expect("a request is plain data");
        Self(Sha256::digest(whole).into())
    }

    /// Some of it as a number.
    pub(crate) fn hash(&self) -> u64 {
        self.0.iter().take(8).fold(0, |hash, byte| hash << 8 | u64::from(*byte))
    }

    pub(super) fn parse(hex: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        if hex.len() != 64 || !hex.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        for (i, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).ok()?;
        }
        Some(Self(bytes))
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Charset, Kind, Letters, Payer, Shape, Wanted};

    #[test]
    fn whatever_can_change_an_answer_changes_the_key() {
        let text = |max_chars| Kind::Text { max_chars, charset: Charset::Words };
        let shape = |max_chars| Wanted::Json(Shape::new("s", [("a", text(max_chars))]).unwrap());
        let base =
            || ChatRequest::new("t", 1, Payer::User, shape(5)).system("Rules.").user("Go.").seeded(3, 1);
        let other = |change: fn(&mut ChatRequest)| {
            let mut request = base();
            change(&mut request);
            Key::of("m", &request)
        };
        let all = [
            Key::of("m", &base()),
            Key::of("n", &base()),
            other(|r| r.template.version = 2),
            other(|r| r.template.name = "u".into()),
            other(|r| r.payer = Payer::Creator),
            other(|r| r.seed = 4),
            other(|r| r.sample = 2),
            other(|r| r.max_tokens += 1),
            other(|r| r.temperature = 0.5),
            other(|r| r.turns[1].text.push(' ')),
            other(|r| r.turns.swap(0, 1)),
            other(|r| r.wanted = Wanted::Text),
            other(|r| r.wanted = Wanted::Choice(Letters::first(3).unwrap())),
            Key::of("m", &ChatRequest { wanted: shape(6), ..base() }),
        ];
        for (i, key) in all.iter().enumerate() {
            assert!(!all[..i].contains(key), "{i}");
        }
        assert_eq!(all[0], Key::of("m", &base()));
        assert_eq!(Key::parse(&all[0].to_string()), Some(all[0]));
        assert_eq!(Key::parse("00"), None);
        assert_eq!(Key::parse(&"é".repeat(32)), None);
    }

    #[test]
    fn keys_stay_what_they_are() {
        // Recordings are found by them for years: on purpose by hand, `printf %s … | sha256sum`.
        let request = ChatRequest::new("t", 1, Payer::User, Wanted::Text).user("Go.");
        let whole = concat!(
            r#"[1,"m",{"payer":"user","template":{"name":"t","version":1},"turns":[{"role":"user","content":"Go."}],"#,
            r#""wanted":"text","max_tokens":256,"temperature":1.0,"seed":0,"sample":0}]"#
        );
        let digest: [u8; 32] = Sha256::digest(whole).into();
        assert_eq!(Key::of("m", &request).0, digest);
    }
}
