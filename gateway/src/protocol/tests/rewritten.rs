//! Single fields changed, everything else as it was sent.

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Map, Value};

use super::super::{Edit, rewrite_object};
use super::{parse, with};

fn rewritten(body: &str, edits: &[Edit<'_>]) -> String {
    String::from_utf8(parse(body).unwrap().rewrite(edits).to_vec()).unwrap()
}

#[test]
fn changes_what_is_named_and_nothing_else() {
    let object = " { \"a\" : 1.10 ,\n \"b\":[ 1 ] , \"c\" :12345678901234567890}\n";
    for (edits, expected) in [
        (&[][..], object),
        (&[Edit::Set("b", "2")], " { \"a\" : 1.10 ,\n \"b\":2 , \"c\" :12345678901234567890}\n"),
        (&[Edit::Remove("a")], " {\n \"b\":[ 1 ] , \"c\" :12345678901234567890}\n"),
        (&[Edit::Remove("b")], " { \"a\" : 1.10 , \"c\" :12345678901234567890}\n"),
        (&[Edit::Remove("c")], " { \"a\" : 1.10 ,\n \"b\":[ 1 ]}\n"),
        (&[Edit::Remove("a"), Edit::Remove("b")], " { \"c\" :12345678901234567890}\n"),
        (&[Edit::Remove("a"), Edit::Remove("b"), Edit::Remove("c")], " {}\n"),
        (
            &[Edit::Remove("a"), Edit::Remove("b"), Edit::Remove("c"), Edit::Set("d", "[]"), Edit::Set("e", "0")],
            " {\"d\":[],\"e\":0}\n",
        ),
        (
            &[Edit::Set("c", "1"), Edit::Set("c", "2"), Edit::Remove("x")],
            " { \"a\" : 1.10 ,\n \"b\":[ 1 ] , \"c\" :2}\n",
        ),
        (
            &[Edit::Set("d", "1"), Edit::Set("d", "2"), Edit::Set("e", "1"), Edit::Remove("e")],
            " { \"a\" : 1.10 ,\n \"b\":[ 1 ] , \"c\" :12345678901234567890,\"d\":2}\n",
        ),
    ] {
        assert_eq!(rewrite_object(object, edits).unwrap(), expected);
    }
    assert_eq!(rewrite_object("{ }", &[Edit::Set("q\"", "1")]).unwrap(), "{\"q\\\"\":1 }");
    assert_eq!(rewrite_object(r#"{"\u0061,":1,"b":2}"#, &[Edit::Remove("a,")]).unwrap(), r#"{"b":2}"#);
    assert!(rewrite_object("[]", &[]).is_err());
}

#[test]
fn keeps_numbers_as_they_were_sent() {
    let body = with(r#""seed":9007199254740993,"temperature":1.10,"x":12345678901234567890123,"y":[0.1e-7,-0]"#);
    let changed = rewritten(&body, &[Edit::Set("model", "\"other\"")]);
    assert_eq!(changed, body.replace(r#""m""#, r#""other""#));
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".*".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        let field = (".*", inner.clone());
        prop_oneof![
            vec(inner, 0..6).prop_map(Value::from),
            vec(field, 0..6).prop_map(|fields| Value::Object(Map::from_iter(fields))),
        ]
    })
}

proptest! {
    #[test]
    fn passes_unknown_parameters_on(values in vec((".*", json()), 0..6)) {
        let params = Map::from_iter(values.into_iter().map(|(name, value)| (format!("x{name}"), value)));
        let sent: Vec<_> = params.iter().map(|(name, value)| format!("{} : {value}", Value::from(name.as_str()))).collect();
        let body = with(&format!("\"temperature\":0.70,{}\"user\":\"u\"", sent.iter().fold(String::new(), |all, one| all + one + " ,")));
        let request = parse(&body).unwrap();
        let names: Vec<_> = params.keys().map(String::as_str).collect();
        prop_assert_eq!(request.unknown_params().collect::<Vec<_>>(), names);
        prop_assert_eq!(rewritten(&body, &[]), body.as_str());
        let (before, after) = body.rsplit_once(r#""user":"u""#).unwrap();
        prop_assert_eq!(rewritten(&body, &[Edit::Set("user", "\"v\"")]), format!(r#"{before}"user":"v"{after}"#));
    }

    #[test]
    fn reads_back_what_was_changed(
        values in vec((0_u8..12, json()), 0..8),
        edits in vec((0_u8..12, proptest::option::of(json())), 0..8),
    ) {
        let mut expected = Map::from_iter(values.into_iter().map(|(name, value)| (format!("k\"{name}"), value)));
        let object = serde_json::to_string_pretty(&expected).unwrap();
        // Reading changes the last digit of some floats, so both sides are read.
        expected = serde_json::from_str(&object).unwrap();
        let edits: Vec<_> = edits.into_iter().map(|(name, json)| (format!("k\"{name}"), json.map(|json| json.to_string()))).collect();
        for (name, json) in &edits {
            match json {
                Some(json) => drop(expected.insert(name.clone(), serde_json::from_str(json).unwrap())),
                None => drop(expected.shift_remove(name)),
            }
        }
        let edits: Vec<_> = edits.iter().map(|(name, json)| match json {
            Some(json) => Edit::Set(name, json),
            None => Edit::Remove(name),
        }).collect();
        let changed: Value = serde_json::from_str(&rewrite_object(&object, &edits).unwrap()).unwrap();
        prop_assert_eq!(changed, Value::Object(expected));
    }
}
