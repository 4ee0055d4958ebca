use proptest::prelude::*;
use serde_json::json;

use super::*;

fn shape() -> Shape {
    let item = Shape::new(
        "item",
        [("does", Kind::among(["watch", "skip"])), ("secs", Kind::Integer { min: 0, max: 300 })],
    )
    .unwrap();
    Shape::new(
        "turn",
        [
            ("items", Kind::exactly(2, Kind::Object(item))),
            ("leave", Kind::Bool),
            ("mood", Kind::Number { min: -1.0, max: 1.0 }),
            ("why", Kind::Text { max_chars: 10, charset: Charset::Words }),
        ],
    )
    .unwrap()
}

fn good() -> Value {
    json!({"items": [{"does": "watch", "secs": 12}, {"does": "skip", "secs": 0}], "leave": false, "mood": -0.5, "why": "so, so."})
}

#[test]
fn what_is_of_the_form_is_read_wherever_it_stands() {
    let (shape, good) = (shape(), good());
    for said in [
        good.to_string(),
        serde_json::to_string_pretty(&good).unwrap(),
        format!("<think>{{\"items\": no</think>\n{good}"),
        format!("Sure! Here it is:\n```json\n{good}\n```\nAnything else?"),
        format!("{{not this}} {good}"),
        good.to_string().replace(":12", ":12.0"),
    ] {
        assert_eq!(shape.read(&said).unwrap(), good, "{said}");
    }
    assert!(shape.read(&good.to_string()).unwrap()["items"][0]["secs"].is_i64());
}

#[test]
fn what_is_not_says_what_is_wrong_and_where() {
    let cases = [
        ("/items/0/does", json!("buy"), "`items[0].does` is \"buy\", not \"watch\" | \"skip\""),
        ("/items/1/secs", json!(301), "`items[1].secs` is 301, not whole number from 0 to 300"),
        ("/items/1/secs", json!(-1), "`items[1].secs`"),
        ("/items/1/secs", json!(1.5), "`items[1].secs`"),
        ("/items/1/secs", json!("5"), "`items[1].secs`"),
        ("/items/1/secs", json!(1e300), "`items[1].secs`"),
        ("/items/1", json!(null), "`items[1]` is null, not an object"),
        ("/items", json!([]), "`items` is [], not [exactly 2 of: "),
        ("/items", json!({}), "`items` is {}"),
        ("/leave", json!(0), "`leave` is 0, not true | false"),
        ("/mood", json!(1.01), "`mood` is 1.01, not number from -1 to 1"),
        ("/why", json!("far too long a text"), "`why`"),
        ("/why", json!("<b>"), "`why` is \"<b>\""),
        ("/why", json!("é"), "`why`"),
    ];
    for (at, value, expected) in cases {
        let mut bad = good();
        *bad.pointer_mut(at).unwrap() = value;
        let reason = shape().read(&bad.to_string()).unwrap_err();
        assert!(reason.contains(expected), "{at}: {reason}");
    }
}

#[test]
fn forms_are_closed_and_complete() {
    let mut more = good();
    more["price"] = json!(3);
    assert_eq!(shape().read(&more.to_string()).unwrap_err(), "`price` is no field");
    let mut less = good();
    less.as_object_mut().unwrap().remove("leave");
    assert_eq!(shape().read(&less.to_string()).unwrap_err(), "`leave` is missing");
}

#[test]
fn what_is_no_object_is_refused() {
    for (said, expected) in [
        ("", "no JSON object"),
        ("I would rather not.", "no JSON object"),
        ("[1, 2]", "no JSON object"),
        ("{\"items\": [{\"does\": \"wat", "no JSON: EOF"),
        (&"{".repeat(100_000), "no JSON"),
    ] {
        assert!(shape().read(said).unwrap_err().contains(expected), "{}", shape().read(said).unwrap_err());
    }
}

#[test]
fn the_schema_is_flat_and_closed() {
    let expected = json!({
        "type": "object", "additionalProperties": false, "required": ["items", "leave", "mood", "why"],
        "properties": {
            "items": {"type": "array", "minItems": 2, "maxItems": 2, "items": {
                "type": "object", "additionalProperties": false, "required": ["does", "secs"], "properties": {
                    "does": {"type": "string", "enum": ["watch", "skip"]},
                    "secs": {"type": "integer", "minimum": 0, "maximum": 300}}}},
            "leave": {"type": "boolean"},
            "mood": {"type": "number", "minimum": -1.0, "maximum": 1.0},
            "why": {"type": "string", "pattern": "^[a-zA-Z0-9 .,;:!?'()-]{0,10}$"}}});
    assert_eq!(shape().schema(), expected);
}

#[test]
fn the_grammar_is_what_llama_cpp_reads() {
    let shape = Shape::new(
        "turn",
        [
            ("does", Kind::among(["watch", "say \"no\""])),
            ("likes", Kind::exactly(2, Kind::Bool)),
            ("why", Kind::Text { max_chars: 9, charset: Charset::Name }),
        ],
    )
    .unwrap();
    let expected = r#"root ::= "{" "\"does\":" ("\"watch\"" | "\"say \\\"no\\\"\"") ",\"likes\":" "[" ("true" | "false") ("," ("true" | "false")){1,1} "]" ",\"why\":" "\"" [a-z0-9_-]{0,9} "\"" "}""#;
    assert_eq!(shape.grammar(), expected);
}

#[test]
fn forms_that_hold_nothing_are_refused() {
    let refused =
        |name: &str, field: &str, kind: Kind| Shape::new(name, [(field, kind)]).unwrap_err().to_string();
    let text = |max_chars| Kind::Text { max_chars, charset: Charset::Name };
    assert_eq!(
        refused("x", "a", Kind::Integer { min: 2, max: 1 }),
        "ask for answers of the form `x`: `a`: no integer is in 2..=1"
    );
    for kind in [
        Kind::among(Vec::<String>::new()),
        Kind::among(["a", "a"]),
        Kind::among([""]),
        Kind::among(["a\nb"]),
        Kind::Number { min: f64::NAN, max: 1.0 },
        Kind::Number { min: 0.0, max: f64::INFINITY },
        text(0),
        text(1_000_000),
        Kind::exactly(0, Kind::Bool),
        Kind::exactly(1, Kind::among([""])),
    ] {
        refused("x", "a", kind);
    }
    refused("", "a", Kind::Bool);
    refused("a name", "a", Kind::Bool);
    refused("x", "é", Kind::Bool);
    assert!(Shape::new("x", [("a", Kind::Bool), ("a", Kind::Bool)]).is_err());
    assert!(Shape::new("x", Vec::<(String, Kind)>::new()).is_err());
}

proptest! {
    #[test]
    fn nothing_a_model_says_is_a_crash(said in "\\PC{0,200}") {
        let _ = shape().read(&said);
    }

    #[test]
    fn what_is_read_reads_again_as_itself(secs in 0_i64..=300, mood in -1.0_f64..=1.0, leave: bool, why in "[a-z .,]{0,10}") {
        let mut value = good();
        value["items"][1]["secs"] = json!(secs);
        (value["mood"], value["leave"], value["why"]) = (json!(mood), json!(leave), json!(why));
        let read = shape().read(&value.to_string()).unwrap();
        prop_assert_eq!(shape().read(&read.to_string()).unwrap(), read);
    }
}
