//! The form in which the model must answer.

use super::cursor::{At, Checked};

pub(super) fn check(format: &At<'_, '_>) -> Checked {
    if format.required("type")?.one_of(&["text", "json_object", "json_schema"])? != "json_schema" {
        return Ok(());
    }
    let named = format.required("json_schema")?;
    named.required("name")?.identifier()?;
    if let Some(description) = named.optional("description")? {
        description.string()?;
    }
    if let Some(schema) = named.optional("schema")? {
        schema.object()?;
    }
    match named.optional("strict")? {
        Some(strict) => strict.boolean(),
        None => Ok(()),
    }
}
