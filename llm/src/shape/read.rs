//! What came back, checked.

use serde_json::{Map, Value};

use super::{Kind, Shape};

/// Braces at which an object is looked for, at most: hostile text is not read in quadratic time.
const STARTS: usize = 16;

/// The first object in a text.
pub(super) fn object_in(said: &str) -> Result<Value, String> {
    let answer = said.rsplit_once("</think>").map_or(said, |(_, after)| after);
    let mut reason = "there is no JSON object in it".to_owned();
    for (start, _) in answer.match_indices('{').take(STARTS) {
        match serde_json::Deserializer::from_str(&answer[start..]).into_iter::<Value>().next() {
            Some(Ok(value)) => return Ok(value),
            Some(Err(error)) => reason = format!("it is no JSON: {error}"),
            None => {}
        }
    }
    Err(reason)
}

/// `value` as an object of this form.
pub(super) fn of_shape(shape: &Shape, value: &Value, at: &str) -> Result<Value, String> {
    let Value::Object(object) = value else { return Err(wrong(at, "an object", value)) };
    let known = |key: &String| shape.fields.iter().any(|(name, _)| name == key);
    if let Some(key) = object.keys().find(|key| !known(key)) {
        let key: String = key.chars().take(40).collect();
        return Err(format!("`{}` is no field", path(at, &key)));
    }
    let mut read = Map::new();
    for (name, kind) in &shape.fields {
        let at = path(at, name);
        let value = object.get(name).ok_or_else(|| format!("`{at}` is missing"))?;
        read.insert(name.clone(), of_kind(kind, value, &at)?);
    }
    Ok(Value::Object(read))
}

fn of_kind(kind: &Kind, value: &Value, at: &str) -> Result<Value, String> {
    let as_wanted = match kind {
        Kind::Enum(words) => value.as_str().filter(|word| words.iter().any(|w| w == word)).map(Value::from),
        Kind::Integer { min, max } => whole(value).filter(|n| (min..=max).contains(&n)).map(Value::from),
        Kind::Number { min, max } => value.as_f64().filter(|x| (min..=max).contains(&x)).map(Value::from),
        Kind::Bool => value.as_bool().map(Value::from),
        Kind::Text { max_chars, charset } => value
            .as_str()
            .filter(|text| text.chars().all(|c| charset.has(c)) && text.len() <= *max_chars)
            .map(Value::from),
        Kind::List { of, min, max } => match value.as_array() {
            Some(list) if (*min..=*max).contains(&list.len()) => {
                let read: Result<Vec<Value>, String> =
                    list.iter().enumerate().map(|(i, v)| of_kind(of, v, &format!("{at}[{i}]"))).collect();
                Some(Value::Array(read?))
            }
            _ => None,
        },
        Kind::Object(shape) => return of_shape(shape, value, at),
    };
    as_wanted.ok_or_else(|| wrong(at, &kind.words(), value))
}

/// A whole number, however it is written: `3` and `3.0` are the same to a schema.
fn whole(value: &Value) -> Option<i64> {
    let exact = |x: f64| (x.fract() == 0.0 && x.abs() < 9e15).then_some(x as i64);
    value.as_i64().or_else(|| value.as_f64().and_then(exact))
}

fn path(at: &str, name: &str) -> String {
    if at.is_empty() { name.into() } else { format!("{at}.{name}") }
}

fn wrong(at: &str, wanted: &str, value: &Value) -> String {
    let found: String = value.to_string().chars().take(60).collect();
    let at = if at.is_empty() { "it".into() } else { format!("`{at}`") };
    format!("{at} is {found}, not {wanted}")
}
