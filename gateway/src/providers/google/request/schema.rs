//! JSON Schema → the subset of it that Gemini understands, which has keywords and types of its own.
//!
//! What the subset has no word for is either said in the description or left out; what would then mean something else
//! is refused. References are replaced by what they point at, so that a schema must not be recursive.

use std::borrow::Cow;
use std::collections::HashSet;
use std::io;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::answer::fields::Fields;
use crate::protocol::InvalidRequest;
use crate::providers::google::response::compact::compact;

mod kind;
mod node;
mod notes;
mod references;

use kind::Kind;
use node::Node;
use references::References;

/// What the written-out schemas of a request may take together, in bytes: so much for each that was sent, and so much
/// besides. The client's funds are held for what it sent, so that replacing references must not multiply the prompt.
pub(crate) const WRITTEN_PER_SENT: usize = 3;
pub(crate) const WRITTEN_BESIDES: usize = 2 << 10;
/// How many bytes may be read for each that was sent. Schemas are read once per level, and once more for each time that
/// they are referred to.
const READ_PER_SENT: usize = 3 * MAX_DEPTH;
const READ_BESIDES: usize = 64 << 10;
/// The most bytes that are read to convert all schemas of a request, however large they are.
const MAX_WORK_BYTES: usize = 16 << 20;
/// The deepest nesting, references resolved.
const MAX_DEPTH: usize = 32;

/// A schema for Gemini.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Schema<'a> {
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<Kind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "is_false")]
    nullable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<&'a RawValue>,
    #[serde(rename = "enum", skip_serializing_if = "Vec::is_empty")]
    values: Vec<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pattern: Option<&'a RawValue>,
    #[serde(flatten, serialize_with = "write_bounds")]
    bounds: Vec<(&'static str, &'a RawValue)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    items: Option<Box<Schema<'a>>>,
    #[serde(skip_serializing_if = "Vec::is_empty", serialize_with = "write_properties")]
    properties: Vec<(Cow<'a, str>, Schema<'a>)>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    required: Vec<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    property_ordering: Vec<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    any_of: Vec<Schema<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    default: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    example: Option<&'a RawValue>,
}

/// Why a schema cannot be converted: what would be right.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unfit(&'static str);

const RECURSIVE: Unfit = Unfit("must not be recursive to be understood by this of Google's models");
const TOO_DEEP: Unfit = Unfit("must not be nested deeper than 32 levels to be understood by Google's models");
const TOO_LARGE: Unfit = Unfit(
    "must not repeat its definitions so often: written out at each place that refers to them, as Google's models need \
     it, it is too large",
);
const NO_SCHEMA: Unfit = Unfit("must be a JSON Schema to be understood by Google's models");
const NOTHING_FITS: Unfit = Unfit("must be a schema that something fits to be understood by Google's models");
const NO_TARGET: Unfit = Unfit("must have only references into itself to be understood by Google's models");

impl Unfit {
    pub(super) fn at(&self, param: &str) -> InvalidRequest {
        InvalidRequest::of_param(param, self.0)
    }
}

/// What is left to be read and to be written of a request's schemas.
#[derive(Debug)]
pub(super) struct Work {
    read: usize,
    /// How much more may be read as more schemas come.
    granted_later: usize,
    written: usize,
}

impl Default for Work {
    fn default() -> Self {
        Self { read: READ_BESIDES, granted_later: MAX_WORK_BYTES - READ_BESIDES, written: WRITTEN_BESIDES }
    }
}

impl Work {
    /// A schema comes that was sent. Its whitespace has to be read, but hardly anything is held for it.
    fn grant(&mut self, schema: &str) {
        let read = self.granted_later.min(READ_PER_SENT.saturating_mul(schema.len()));
        self.granted_later -= read;
        self.read += read;
        self.written += WRITTEN_PER_SENT * compact(schema).len();
    }

    fn spend(&mut self, bytes: usize) -> Result<(), Unfit> {
        self.read = self.read.checked_sub(bytes).ok_or(TOO_LARGE)?;
        Ok(())
    }
}

/// Counts what is written, until there is nothing left.
impl io::Write for Work {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.written = self.written.checked_sub(bytes.len()).ok_or(io::ErrorKind::FileTooLarge)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Whether a schema is `{}`.
pub(super) fn says_nothing(raw: &str) -> bool {
    Fields::parse(raw).is_ok_and(|fields| fields.iter().next().is_none())
}

/// Converts a whole schema.
pub(super) fn convert<'a>(raw: &'a str, work: &mut Work) -> Result<Schema<'a>, Unfit> {
    work.grant(raw);
    let mut converter = Converter { references: References::new(raw), work, depth: 0 };
    let schema = converter.schema(raw)?.ok_or(NOTHING_FITS)?;
    serde_json::to_writer(&mut *work, &schema).map_err(|_| TOO_LARGE)?;
    Ok(schema)
}

impl<'a> Schema<'a> {
    pub(super) fn is_object(&self) -> bool {
        self.kind == Some(Kind::Object)
    }

    pub(super) fn has_properties(&self) -> bool {
        !self.properties.is_empty()
    }

    /// Gives it a description, unless it has one of its own.
    pub(super) fn describe(&mut self, description: &'a str) {
        self.description.get_or_insert(Cow::Borrowed(description));
    }

    /// A value that can only be null.
    fn null() -> Self {
        let description = Some(Cow::Borrowed("Always null."));
        Self { kind: Some(Kind::String), description, nullable: true, ..Self::default() }
    }
}

/// Converts one schema with all that it refers to.
struct Converter<'a, 'w> {
    references: References<'a>,
    work: &'w mut Work,
    depth: usize,
}

/// What a node comes to.
enum Outcome<'a> {
    Some(Box<Schema<'a>>),
    /// Only null fits.
    Null,
    /// Nothing fits.
    Never,
}

impl<'a> Converter<'a, '_> {
    /// A schema by itself; `None` where nothing fits it.
    fn schema(&mut self, raw: &'a str) -> Result<Option<Schema<'a>>, Unfit> {
        let mut node = Node::default();
        self.gather(raw, &mut node)?;
        Ok(match self.node(node)? {
            Outcome::Some(schema) => Some(*schema),
            Outcome::Null => Some(Schema::null()),
            Outcome::Never => None,
        })
    }

    fn node(&mut self, mut node: Node<'a>) -> Result<Outcome<'a>, Unfit> {
        if self.depth == MAX_DEPTH {
            return Err(TOO_DEEP);
        }
        self.depth += 1;
        let entered = self.references.enter(&node.through);
        let outcome = match node.choices.pop() {
            _ if node.is_never => Ok(Outcome::Never),
            Some(choice) => self.choice(node, &choice),
            None => self.typed(&node),
        };
        self.references.leave(entered);
        self.depth -= 1;
        outcome
    }

    /// A node of which one of several schemas holds besides.
    fn choice(&mut self, mut node: Node<'a>, choice: &[&'a str]) -> Result<Outcome<'a>, Unfit> {
        let whole = node.take_annotations();
        let (mut branches, mut nullable) = (Vec::new(), whole.is_nullable());
        for raw in choice {
            self.work.spend(node.weight())?;
            let mut branch = Node::default();
            self.gather(raw, &mut branch)?;
            branch.absorb(node.clone());
            match self.node(branch)? {
                Outcome::Some(schema) => branches.push(*schema),
                Outcome::Null => nullable = true,
                Outcome::Never => {}
            }
        }
        Ok(one_of(branches, nullable, &whole))
    }

    /// A node that is said by its type.
    fn typed(&mut self, node: &Node<'a>) -> Result<Outcome<'a>, Unfit> {
        let kinds = Kind::of(node);
        let nullable = node.is_nullable() || kinds.contains(&Kind::Null);
        let mut branches = Vec::with_capacity(1);
        for kind in kinds.into_iter().filter(|kind| *kind != Kind::Null) {
            self.work.spend(node.weight())?;
            branches.push(self.of_kind(node, kind)?);
        }
        Ok(one_of(branches, nullable, node))
    }

    fn of_kind(&mut self, node: &Node<'a>, kind: Kind) -> Result<Schema<'a>, Unfit> {
        let mut schema = Schema { kind: Some(kind), bounds: kind.bounds(node), ..Schema::default() };
        schema.format = kind.format(node);
        schema.values = if kind == Kind::String { node.texts() } else { Vec::new() };
        schema.pattern = node.string("pattern").filter(|_| kind == Kind::String);
        match kind {
            Kind::Array => schema.items = Some(Box::new(self.items(node)?)),
            Kind::Object => self.add_properties(node, &mut schema)?,
            _ => {}
        }
        schema.description = notes::of(node, kind, &schema.values).map(Cow::Owned);
        Ok(schema)
    }

    fn items(&mut self, node: &Node<'a>) -> Result<Schema<'a>, Unfit> {
        let anything = || Schema { kind: Some(Kind::String), ..Schema::default() };
        // The elements of a tuple have no order in the subset, so that each may be what any of them is.
        let tuple = ["prefixItems", "items"].into_iter().find_map(|name| node.list(name));
        if let Some(choice) = tuple.filter(|choice| !choice.is_empty()) {
            let node = Node { choices: vec![choice], ..Node::default() };
            return Ok(match self.node(node)? {
                Outcome::Some(schema) => *schema,
                Outcome::Null => Schema::null(),
                Outcome::Never => anything(),
            });
        }
        match node.get("items").filter(|items| items.starts_with('{')) {
            Some(items) => Ok(self.schema(items)?.unwrap_or_else(anything)),
            None => Ok(anything()),
        }
    }

    fn add_properties(&mut self, node: &Node<'a>, schema: &mut Schema<'a>) -> Result<(), Unfit> {
        let mut seen = HashSet::new();
        for property in node.properties.iter().filter(|property| seen.insert(property.name.as_ref())) {
            self.work.spend(node::STEP * property.within.len())?;
            let before = self.references.stand_within(property.within.to_vec());
            let converted = self.schema(property.schema);
            self.references.stand_within(before);
            if let Some(converted) = converted? {
                schema.properties.push((property.name.clone(), converted));
            }
        }
        schema.property_ordering = schema.properties.iter().map(|(name, _)| name.clone()).collect();
        let names: HashSet<&str> = schema.properties.iter().map(|(name, _)| name.as_ref()).collect();
        let mut required = HashSet::new();
        for name in node.required.iter().filter(|name| names.contains(name.as_ref())) {
            if required.insert(name.as_ref()) {
                schema.required.push(name.clone());
            }
        }
        Ok(())
    }
}

/// One schema for whatever fits one of `branches`, under the title and the description of `whole`.
fn one_of<'a>(mut branches: Vec<Schema<'a>>, nullable: bool, whole: &Node<'a>) -> Outcome<'a> {
    let description = whole.text("description");
    let only = if branches.len() == 1 { branches.pop() } else { None };
    if let Some(mut only) = only {
        only.nullable |= nullable;
        only.title = whole.string("title").or(only.title);
        only.default = whole.raw("default").or(only.default);
        only.example = whole.raw("example").or(only.example);
        only.description = match (description, only.description) {
            (Some(description), Some(notes)) if !notes.is_empty() => Some(format!("{description}\n{notes}").into()),
            (description, notes) => description.or(notes),
        };
        return Outcome::Some(Box::new(only));
    }
    match (branches.is_empty(), nullable) {
        (true, true) => Outcome::Null,
        (true, false) => Outcome::Never,
        (false, _) => Outcome::Some(Box::new(Schema { any_of: branches, nullable, description, ..Schema::default() })),
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
const fn is_false(value: &bool) -> bool {
    !*value
}

fn write_properties<S: Serializer>(properties: &[(Cow<'_, str>, Schema<'_>)], to: S) -> Result<S::Ok, S::Error> {
    to.collect_map(properties.iter().map(|(name, schema)| (name, schema)))
}

fn write_bounds<S: Serializer>(bounds: &[(&'static str, &RawValue)], to: S) -> Result<S::Ok, S::Error> {
    let mut map = to.serialize_map(Some(bounds.len()))?;
    for (name, bound) in bounds {
        map.serialize_entry(name, bound)?;
    }
    map.end()
}

#[cfg(test)]
mod tests;
