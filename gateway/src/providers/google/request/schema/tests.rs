use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

/// The keys that Gemini knows.
const KNOWN: [&str; 21] = [
    "type",
    "format",
    "title",
    "description",
    "nullable",
    "enum",
    "items",
    "minItems",
    "maxItems",
    "properties",
    "required",
    "propertyOrdering",
    "minProperties",
    "maxProperties",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "pattern",
    "anyOf",
    "default",
];
const TYPES: [&str; 6] = ["STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT"];

fn converted(schema: &str) -> Result<Value, Unfit> {
    let schema = convert(schema, &mut Work::default())?;
    Ok(serde_json::from_str(&serde_json::to_string(&schema).unwrap()).unwrap())
}

/// Whether a schema keeps the rules of Gemini's subset.
fn assert_in_subset(schema: &Value) {
    let fields = schema.as_object().unwrap();
    for key in fields.keys() {
        assert!(KNOWN.contains(&key.as_str()) || key == "example", "{key} in {schema}");
    }
    if let Some(branches) = schema.get("anyOf") {
        let beside = |key: &String| ["anyOf", "nullable", "description"].contains(&key.as_str());
        assert!(fields.keys().all(beside) && branches.as_array().unwrap().len() > 1, "{schema}");
        branches.as_array().unwrap().iter().for_each(assert_in_subset);
        return;
    }
    let kind = schema["type"].as_str().unwrap();
    assert!(TYPES.contains(&kind), "{schema}");
    assert_eq!(schema.get("items").is_some(), kind == "ARRAY", "{schema}");
    assert!(schema.get("properties").is_none_or(|properties| kind == "OBJECT" && properties != &json!({})), "{schema}");
    let texts = schema.get("enum").map(|texts| texts.as_array().unwrap());
    assert!(
        texts.is_none_or(|texts| kind == "STRING" && texts.iter().all(|text| text.as_str() != Some(""))),
        "{schema}"
    );
    let properties = schema.get("properties").map(|properties| properties.as_object().unwrap());
    let names: Vec<_> = properties.into_iter().flat_map(|properties| properties.keys()).collect();
    for name in schema.get("required").into_iter().flat_map(|required| required.as_array().unwrap()) {
        assert!(names.iter().any(|known| *known == name.as_str().unwrap()), "{schema}");
    }
    let ordering = schema.get("propertyOrdering").into_iter().flat_map(|names| names.as_array().unwrap());
    assert!(ordering.eq(names), "{schema}");
    schema.get("items").into_iter().for_each(assert_in_subset);
    properties.into_iter().flat_map(|properties| properties.values()).for_each(assert_in_subset);
}

#[test]
fn recursion_is_refused_wherever_it_is() {
    for schema in [
        json!({ "$ref": "#" }),
        json!({ "$ref": "#/$defs/a", "$defs": { "a": { "$ref": "#/$defs/b" }, "b": { "$ref": "#/$defs/a" } } }),
        json!({ "items": { "$ref": "#/$defs/a" }, "$defs": { "a": { "items": { "$ref": "#/$defs/a" } } } }),
        json!({ "properties": { "x": { "$ref": "#/properties/x/items" } , "y": { "properties": { "z": { "$ref": "#/properties/y" } } } } }),
        json!({ "anyOf": [{ "type": "string" }, { "$ref": "#/$defs/a" }], "$defs": { "a": { "type": "array", "items": { "anyOf": [{ "$ref": "#/$defs/a" }] } } } }),
        json!({ "allOf": [{ "$ref": "#/$defs/a" }], "$defs": { "a": { "allOf": [{ "$ref": "#/$defs/a" }] } } }),
        json!({ "$dynamicRef": "#node" }),
        json!({ "items": { "$recursiveRef": "#" } }),
    ] {
        let refused = converted(&schema.to_string()).unwrap_err();
        assert!(refused == RECURSIVE || refused == NO_TARGET, "{schema}");
    }
}

#[test]
fn a_definition_may_be_used_in_several_places() {
    let schema = json!({
        "allOf": [{ "$ref": "#/$defs/a" }, { "$ref": "#/$defs/a" }, { "properties": { "inner": { "$ref": "#/$defs/a" } } }],
        "$defs": { "a": { "type": "object", "properties": { "x": { "type": "integer" } } } },
    });
    let inner = json!({ "type": "OBJECT", "properties": { "x": { "type": "INTEGER" } }, "propertyOrdering": ["x"] });
    let expected = json!({
        "type": "OBJECT",
        "properties": { "x": { "type": "INTEGER" }, "inner": inner },
        "propertyOrdering": ["x", "inner"],
    });
    assert_eq!(converted(&schema.to_string()).unwrap(), expected);
}

#[test]
fn all_schemas_of_a_request_share_one_bound() {
    let schema = format!(r#"{{"type":"string","description":"{}"}}"#, "x".repeat(MAX_WORK_BYTES / 3));
    let mut work = Work::default();
    let results = (0..6).map(|_| convert(&schema, &mut work).map(|_| ()));
    assert_eq!(results.filter(Result::is_ok).count(), 2);
}

/// An object whose definitions each use the one before twice.
fn doubling(levels: usize) -> Value {
    let double = |level: usize| {
        let inner = json!({ "$ref": format!("#/$defs/l{}", level - 1) });
        (format!("l{level}"), json!({ "type": "object", "properties": { "a": inner, "b": inner } }))
    };
    let mut definitions: serde_json::Map<_, _> = (1..=levels).map(double).collect();
    definitions.insert("l0".to_owned(), json!({ "type": "string", "title": "x" }));
    json!({ "$defs": definitions, "$ref": format!("#/$defs/l{levels}") })
}

#[test]
fn references_do_not_multiply_what_was_sent() {
    let mut refused = 0;
    for levels in 1..20 {
        let schema = doubling(levels);
        let (compact, padded) = (schema.to_string(), serde_json::to_string_pretty(&schema).unwrap());
        match converted(&compact) {
            Ok(schema) => assert!(schema.to_string().len() <= 3 * compact.len() + (2 << 10), "{levels}"),
            Err(unfit) => {
                assert_eq!((unfit, converted(&padded).map(|_| ())), (TOO_LARGE, Err(TOO_LARGE)), "{levels}");
                refused += 1;
            }
        }
    }
    assert!((12..17).contains(&refused), "{refused}");
    let mut work = Work::default();
    let schema = doubling(4).to_string();
    let together = (0..40).map_while(|_| convert(&schema, &mut work).ok()).count();
    assert!((1..40).contains(&together), "what is free is free once for all schemas of a request: {together}");
}

#[test]
fn usual_schemas_with_shared_definitions_pass() {
    let text = |title: &str| json!({ "title": title, "type": "string", "description": "As it is on the envelope." });
    let properties: serde_json::Map<_, _> =
        (0..30).map(|number| (format!("field_{number}"), text(&format!("Field {number}")))).collect();
    let required: Vec<_> = properties.keys().cloned().collect();
    let address = json!({ "title": "Address", "type": "object", "properties": properties, "required": required });
    let used = json!({ "$ref": "#/$defs/Address" });
    let schema = json!({
        "$defs": { "Address": address },
        "title": "Order",
        "type": "object",
        "properties": { "from": used, "to": used, "bill_to": { "anyOf": [used, { "type": "null" }], "default": null } },
        "required": ["from", "to"],
    });
    let converted = converted(&schema.to_string()).unwrap();
    for name in ["from", "to", "bill_to"] {
        assert_eq!(converted["properties"][name]["required"].as_array().unwrap().len(), 30, "{name}");
    }
}

#[test]
fn deep_and_wide_schemas_without_references_are_converted() {
    let leaves: serde_json::Map<_, _> =
        (0..200).map(|number| (format!("p{number}"), json!({ "type": "string" }))).collect();
    let wide = json!({ "type": "object", "properties": leaves });
    let deep = (0..30).fold(wide, |inner, _| json!({ "type": "object", "properties": { "a": inner } }));
    assert!(converted(&deep.to_string()).is_ok());
    let bare: serde_json::Map<_, _> = (0..200).map(|number| (format!("p{number}"), json!({}))).collect();
    assert!(converted(&json!({ "type": "object", "properties": bare }).to_string()).is_ok());
}

#[test]
fn blow_ups_of_every_kind_end() {
    let twice = |inner: &Value| json!({ "allOf": [inner, inner] });
    let choices = json!({ "oneOf": [{ "minLength": 1 }, { "minLength": 2 }] });
    let nested = (0..10).fold(choices.clone(), |inner, _| twice(&inner));
    let many = json!({ "allOf": vec![choices; 40] });
    let names: Vec<String> = (0..20_000).map(|number| format!("p{number}")).collect();
    let properties: Value =
        names.iter().map(|name| (name.clone(), json!({}))).collect::<serde_json::Map<_, _>>().into();
    let wide =
        json!({ "anyOf": vec![json!({ "required": ["p1"] }); 200], "properties": properties, "required": names });
    for schema in [nested, many, wide] {
        assert!(matches!(converted(&schema.to_string()), Err(TOO_LARGE | TOO_DEEP)));
    }
}

/// Schemas, and what only looks like one.
fn schemas() -> impl Strategy<Value = Value> {
    let word = prop::sample::select(vec!["string", "number", "integer", "boolean", "array", "object", "null", "any"]);
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3_i64..12).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        word.prop_map(Value::from),
        "[a-z]{0,3}".prop_map(Value::from),
        prop::sample::select(vec!["#/$defs/a", "#/$defs/b", "#", "#/properties/a", "#/$defs/%zz", "date-time", "uri"])
            .prop_map(Value::from),
    ];
    let keys = [
        "type",
        "anyOf",
        "oneOf",
        "allOf",
        "properties",
        "items",
        "required",
        "enum",
        "const",
        "$ref",
        "$defs",
        "description",
        "title",
        "default",
        "format",
        "minimum",
        "minLength",
        "maxItems",
        "nullable",
        "prefixItems",
        "additionalProperties",
        "not",
        "if",
        "example",
        "pattern",
        "exclusiveMinimum",
        "a",
        "b",
        "propertyOrdering",
    ];
    scalar.prop_recursive(6, 60, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((prop::sample::select(keys.to_vec()), inner), 0..6).prop_map(|fields| fields
                .into_iter()
                .map(|(key, value)| (key.to_owned(), value))
                .collect::<serde_json::Map<_, _>>()
                .into()),
        ]
    })
}

proptest! {
    #[test]
    fn whatever_is_converted_is_in_the_subset(schema in schemas()) {
        if let Ok(converted) = converted(&schema.to_string()) {
            assert_in_subset(&converted);
        }
    }

    #[test]
    fn sound_schemas_are_converted(
        names in prop::collection::btree_set("[a-z]{1,3}", 1..5),
        kinds in prop::collection::vec(prop::sample::select(vec!["string", "number", "integer", "boolean", "object", "array"]), 5),
        nullable: bool,
    ) {
        let property = |kind: &str| if nullable { json!({ "type": [kind, "null"] }) } else { json!({ "$ref": format!("#/$defs/{kind}") }) };
        let properties = names.iter().zip(&kinds).map(|(name, kind)| (name.clone(), property(kind)));
        let properties: serde_json::Map<_, _> = properties.collect();
        let definitions: serde_json::Map<_, _> = kinds.iter().map(|kind| ((*kind).to_owned(), json!({ "type": kind }))).collect();
        let schema = json!({ "type": "object", "properties": properties, "required": names, "$defs": definitions });
        let converted = converted(&schema.to_string()).unwrap();
        assert_in_subset(&converted);
        for (name, kind) in names.iter().zip(&kinds) {
            prop_assert_eq!(&converted["properties"][name]["type"], &kind.to_uppercase());
            prop_assert_eq!(converted["properties"][name].get("nullable").is_some(), nullable);
        }
        prop_assert_eq!(converted["required"].as_array().unwrap().len(), names.len());
    }

    #[test]
    fn broken_schemas_never_panic(edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..5)) {
        let mut schema = br##"{"type":["object","null"],"properties":{"a":{"$ref":"#/$defs/x"},"b":{"enum":["a",1]}},"required":["a"],"$defs":{"x":{"anyOf":[{"type":"null"},{"const":1.10}]}}}"##.to_vec();
        for (at, byte) in edits {
            let at = at.index(schema.len());
            schema[at] = byte;
        }
        if let Ok(converted) = converted(&String::from_utf8_lossy(&schema)) {
            assert_in_subset(&converted);
        }
    }
}
