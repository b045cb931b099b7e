//! Tools, and choices among them, that are refused.

use super::{Refusal, assert_refused, parse, with};

const TOOLS: &[Refusal<'_>] = &[
    (r#""tools":{}"#, "tools", "must be an array"),
    (r#""tools":[null]"#, "tools[0]", "must be an object, not null"),
    (r#""tools":[{"type":"retrieval"}]"#, "tools[0].type", "one of function, custom"),
    (r#""tools":[{"function":{"name":"f"}}]"#, "tools[0].type", "is required"),
    (r#""tools":[{"type":"function"}]"#, "tools[0].function", "is required"),
    (r#""tools":[{"type":"function","function":{}}]"#, "tools[0].function.name", "is required"),
    (r#""tools":[{"type":"function","function":{"name":""}}]"#, "tools[0].function.name", "1 to 64"),
    (r#""tools":[{"type":"function","function":{"name":"a.b"}}]"#, "tools[0].function.name", r#"not "a.b""#),
    (
        r#""tools":[{"type":"function","function":{"name":"f","parameters":"{}"}}]"#,
        "tools[0].function.parameters",
        "must be an object",
    ),
    (
        r#""tools":[{"type":"function","function":{"name":"f","parameters":{"a":1,"a":1}}}]"#,
        "tools[0].function.parameters.a",
        "must not appear twice",
    ),
    (
        r#""tools":[{"type":"function","function":{"name":"f","description":1}}]"#,
        "tools[0].function.description",
        "string",
    ),
    (r#""tools":[{"type":"function","function":{"name":"f","strict":"y"}}]"#, "tools[0].function.strict", "boolean"),
    (
        r#""tools":[{"type":"function","function":{"name":"f"}},{"type":"custom","custom":{"name":"f"}}]"#,
        "tools[1]",
        "must have a name that no other has",
    ),
    (
        r#""tools":[{"type":"custom","custom":{"name":"c","format":{"type":"grammar"}}}]"#,
        "tools[0].custom.format.grammar",
        "is required",
    ),
    (
        r#""tools":[{"type":"custom","custom":{"name":"c","format":{"type":"grammar","grammar":{"definition":"a","syntax":"bnf"}}}}]"#,
        "tools[0].custom.format.grammar.syntax",
        "one of lark, regex",
    ),
    (r#""tool_choice":"auto""#, "tool_choice", "together with tools"),
    (r#""tool_choice":"auto","tools":[]"#, "tool_choice", "together with tools"),
    (r#""tool_choice":"any""#, "tool_choice", "one of none, auto, required"),
    (r#""tool_choice":1"#, "tool_choice", "or an object that names a tool, not 1"),
    (r#""tool_choice":{"type":"function"}"#, "tool_choice.function", "is required"),
    (
        r#""tool_choice":{"type":"function","function":{"name":"g"},"allowed_tools":{"tools":[]}},"tools":[{"type":"function","function":{"name":"f"}}]"#,
        "tool_choice",
        "must name one of the tools",
    ),
    (r#""tool_choice":{"type":"function","function":{}}"#, "tool_choice.function.name", "is required"),
    (
        r#""tool_choice":{"type":"function","function":{"name":"g"}},"tools":[{"type":"function","function":{"name":"f"}}]"#,
        "tool_choice",
        r#"must name one of the tools, and "g" is none of them"#,
    ),
    (
        r#""tool_choice":{"type":"custom","custom":{"name":"f"}},"tools":[{"type":"function","function":{"name":"f"}}]"#,
        "tool_choice",
        "must name one of the tools",
    ),
    (
        r#""tool_choice":{"type":"allowed_tools","allowed_tools":{"tools":[]}}"#,
        "tool_choice.allowed_tools.mode",
        "required",
    ),
    (
        r#""tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"auto","tools":[{"type":"function","function":{"name":"g"}}]}},"tools":[{"type":"function","function":{"name":"f"}}]"#,
        "tool_choice.allowed_tools.tools[0]",
        "must name one of the tools",
    ),
    (r#""functions":[{"parameters":{}}]"#, "functions[0].name", "is required"),
    (r#""functions":[{"name":"f"},{"name":"f"}]"#, "functions[1]", "no other has"),
    (r#""function_call":"auto""#, "function_call", "together with functions"),
    (r#""function_call":"required""#, "function_call", "one of none, auto"),
    (r#""function_call":{}"#, "function_call.name", "is required"),
    (r#""function_call":{"name":"g"},"functions":[{"name":"f"}]"#, "function_call", "must name one of the functions"),
];

#[test]
fn refuses_tools() {
    for case in TOOLS {
        assert_refused(&with(case.0), *case);
    }
}

#[test]
fn bounds_the_tools() {
    let functions = |count: usize| {
        let functions: Vec<_> = (0..count).map(|index| format!(r#"{{"name":"f{index}"}}"#)).collect();
        with(&format!(r#""functions":[{}]"#, functions.join(",")))
    };
    assert!(parse(&functions(1024)).is_ok());
    assert_refused(&functions(1025), ("1025 functions", "functions", "at most 1024 elements, not 1025"));

    let allowed = vec![r#"{"type":"function","function":{"name":"f"}}"#; 1025].join(",");
    let choice = format!(r#"{{"type":"allowed_tools","allowed_tools":{{"mode":"auto","tools":[{allowed}]}}}}"#);
    let body = with(&format!(r#""tool_choice":{choice},"tools":[{{"type":"function","function":{{"name":"f"}}}}]"#));
    assert_refused(&body, ("1025 allowed", "tool_choice.allowed_tools.tools", "at most 1024 elements"));
}
