//! The tools that the model may call.

use std::collections::HashSet;

use super::cursor::{At, Checked};
use super::invalid::InvalidRequest;

/// The most tools that one request defines or refers to.
pub(super) const MAX_TOOLS: usize = 1024;

/// The `tools` parameter. An empty list is the same as none.
pub(super) fn check(tools: &At<'_, '_>) -> Checked {
    check_all(tools, |tool| match tool.required("type")?.one_of(&["function", "custom"])? {
        "function" => check_function(&tool.required("function")?),
        _ => check_custom(&tool.required("custom")?),
    })
}

/// The deprecated `functions` parameter.
pub(super) fn check_functions(functions: &At<'_, '_>) -> Checked {
    check_all(functions, check_function)
}

/// Checks each definition, which gives its name, and that no name is given twice.
fn check_all<'v>(tools: &At<'_, 'v>, check: impl Fn(&At<'_, 'v>) -> Result<&'v str, InvalidRequest>) -> Checked {
    let items = tools.items()?;
    if items.len() > MAX_TOOLS {
        return Err(tools.refuse(format!("must have at most {MAX_TOOLS} elements, not {}", items.len())));
    }
    let mut names = HashSet::with_capacity(items.len());
    for tool in items {
        if !names.insert(check(&tool)?) {
            return Err(tool.refuse("must have a name that no other has"));
        }
    }
    Ok(())
}

fn check_function<'v>(function: &At<'_, 'v>) -> Result<&'v str, InvalidRequest> {
    let name = function.required("name")?.identifier()?;
    check_description(function)?;
    if let Some(parameters) = function.optional("parameters")? {
        parameters.object()?;
    }
    if let Some(strict) = function.optional("strict")? {
        strict.boolean()?;
    }
    Ok(name)
}

fn check_custom<'v>(custom: &At<'_, 'v>) -> Result<&'v str, InvalidRequest> {
    let name = custom.required("name")?.identifier()?;
    check_description(custom)?;
    if let Some(format) = custom.optional("format")?
        && format.required("type")?.one_of(&["text", "grammar"])? == "grammar"
    {
        let grammar = format.required("grammar")?;
        grammar.required("definition")?.string()?;
        grammar.required("syntax")?.one_of(&["lark", "regex"])?;
    }
    Ok(name)
}

fn check_description(of: &At<'_, '_>) -> Checked {
    match of.optional("description")? {
        Some(description) => description.string().map(drop),
        None => Ok(()),
    }
}
