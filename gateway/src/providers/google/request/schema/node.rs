//! What is said about one value: the keywords of a schema, of those that it refers to and of those that hold besides.

use std::borrow::Cow;
use std::rc::Rc;

use serde_json::value::RawValue;

use super::{Converter, MAX_DEPTH, NO_SCHEMA, RECURSIVE, TOO_DEEP, Unfit};
use crate::answer::fields::Fields;

/// The keywords that have a meaning here, apart from those that are resolved as they are read.
const KEYWORDS: [&str; 28] = [
    "additionalProperties",
    "const",
    "default",
    "description",
    "enum",
    "example",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "format",
    "items",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "multipleOf",
    "nullable",
    "pattern",
    "patternProperties",
    "prefixItems",
    "propertyNames",
    "propertyOrdering",
    "title",
    "type",
    "uniqueItems",
];

/// Say nothing about which values fit, so that they stay where they were said.
const ANNOTATIONS: [&str; 5] = ["default", "description", "example", "nullable", "title"];

/// What it takes to look at something that is remembered, in bytes that are read.
pub(super) const STEP: usize = 16;

/// Of a keyword that is said more than once the first counts.
#[derive(Clone, Debug, Default)]
pub(super) struct Node<'a> {
    pub(super) keywords: Vec<(&'static str, &'a str)>,
    pub(super) properties: Vec<Property<'a>>,
    pub(super) required: Vec<Cow<'a, str>>,
    /// One of each of these must hold besides.
    pub(super) choices: Vec<Vec<&'a str>>,
    /// The references that led here.
    pub(super) through: Vec<Rc<str>>,
    /// Nothing fits.
    pub(super) is_never: bool,
}

/// What is said about one property.
#[derive(Clone, Debug)]
pub(super) struct Property<'a> {
    pub(super) name: Cow<'a, str>,
    pub(super) schema: &'a str,
    /// The references that it stands within.
    pub(super) within: Rc<[Rc<str>]>,
}

impl<'a> Node<'a> {
    pub(super) fn get(&self, name: &str) -> Option<&'a str> {
        self.keywords.iter().find(|(keyword, _)| *keyword == name).map(|(_, value)| *value)
    }

    pub(super) fn has(&self, names: &[&str]) -> bool {
        self.keywords.iter().any(|(keyword, _)| names.contains(keyword))
    }

    /// A keyword as it was written, unless it is null.
    pub(super) fn raw(&self, name: &str) -> Option<&'a RawValue> {
        self.get(name).filter(|value| *value != "null").and_then(raw)
    }

    /// A keyword that is a string, as it was written.
    pub(super) fn string(&self, name: &str) -> Option<&'a RawValue> {
        self.raw(name).filter(|value| value.get().starts_with('"'))
    }

    /// A keyword that is a string that says something.
    pub(super) fn text(&self, name: &str) -> Option<Cow<'a, str>> {
        self.get(name).and_then(text).filter(|text| !text.is_empty())
    }

    /// A keyword that is a list.
    pub(super) fn list(&self, name: &str) -> Option<Vec<&'a str>> {
        self.get(name).and_then(list)
    }

    pub(super) fn is_nullable(&self) -> bool {
        self.get("nullable") == Some("true")
    }

    /// The only values that fit; empty where they are not told.
    pub(super) fn values(&self) -> Vec<&'a str> {
        match self.get("const") {
            Some(only) => vec![only],
            None => self.list("enum").unwrap_or_default(),
        }
    }

    /// Those of the values that are texts; none where one of them is empty, which the subset does not allow.
    pub(super) fn texts(&self) -> Vec<&'a RawValue> {
        let texts: Vec<_> = self.values().into_iter().filter(|value| value.starts_with('"')).collect();
        if texts.contains(&"\"\"") { Vec::new() } else { texts.into_iter().filter_map(raw).collect() }
    }

    /// What is said of the value as a whole, and not any more in what is left.
    pub(super) fn take_annotations(&mut self) -> Self {
        let (annotations, rest) =
            std::mem::take(&mut self.keywords).into_iter().partition(|(keyword, _)| ANNOTATIONS.contains(keyword));
        self.keywords = rest;
        Self { keywords: annotations, ..Self::default() }
    }

    /// Adds what holds besides.
    pub(super) fn absorb(&mut self, other: Self) {
        for (keyword, value) in other.keywords {
            self.set(keyword, value);
        }
        self.properties.extend(other.properties);
        self.required.extend(other.required);
        self.choices.extend(other.choices);
        self.through.extend(other.through);
        self.is_never |= other.is_never;
    }

    /// About how many bytes of memory a copy takes.
    pub(super) fn weight(&self) -> usize {
        let lists = self.properties.len() + self.required.len() + self.through.len();
        let choices: usize = self.choices.iter().map(Vec::len).sum();
        4 * STEP + 2 * STEP * (self.keywords.len() + lists + choices)
    }

    fn set(&mut self, keyword: &'static str, value: &'a str) {
        if self.get(keyword).is_none() {
            self.keywords.push((keyword, value));
        }
    }
}

impl<'a> Converter<'a, '_> {
    /// Adds what a schema says to `node`, with what it refers to.
    pub(super) fn gather(&mut self, raw: &'a str, node: &mut Node<'a>) -> Result<(), Unfit> {
        self.work.spend(raw.len())?;
        match raw {
            "true" => return Ok(()),
            "false" => {
                node.is_never = true;
                return Ok(());
            }
            _ if self.depth == MAX_DEPTH => return Err(TOO_DEEP),
            _ => {}
        }
        self.depth += 1;
        let gathered = self.gather_object(raw, node);
        self.depth -= 1;
        gathered
    }

    fn gather_object(&mut self, raw: &'a str, node: &mut Node<'a>) -> Result<(), Unfit> {
        let fields = Fields::parse(raw).map_err(|_| NO_SCHEMA)?;
        let (mut reference, mut besides) = (None, Vec::new());
        for field in fields.iter() {
            let value = field.value;
            match field.name.as_ref() {
                "$ref" => reference = Some(Rc::from(text(value).ok_or(NO_SCHEMA)?)),
                "$dynamicRef" | "$recursiveRef" => return Err(RECURSIVE),
                "allOf" => besides.extend(list(value).ok_or(NO_SCHEMA)?),
                "anyOf" | "oneOf" => node.choices.push(list(value).ok_or(NO_SCHEMA)?),
                "properties" => {
                    let properties = Fields::parse(value).map_err(|_| NO_SCHEMA)?;
                    self.work.spend(STEP * self.references.open().len())?;
                    let within: Rc<[_]> = self.references.open().into();
                    node.properties.extend(properties.iter().map(|property| Property {
                        name: property.name.clone(),
                        schema: property.value,
                        within: Rc::clone(&within),
                    }));
                }
                "required" => node.required.extend(list(value).unwrap_or_default().into_iter().filter_map(text)),
                name => {
                    if let Some(keyword) = KEYWORDS.iter().find(|keyword| **keyword == name) {
                        node.set(keyword, value);
                    }
                }
            }
        }
        if let Some(reference) = reference {
            self.follow(reference, node)?;
        }
        besides.into_iter().try_for_each(|raw| self.gather(raw, node))
    }

    /// Adds what a reference points at.
    fn follow(&mut self, reference: Rc<str>, node: &mut Node<'a>) -> Result<(), Unfit> {
        // Each is compared with all that are open, and with all that were followed for this value.
        self.work.spend(STEP * (self.references.open().len() + node.through.len()))?;
        if self.references.is_within(&reference) {
            return Err(RECURSIVE);
        }
        if node.through.contains(&reference) {
            return Ok(());
        }
        let target = self.references.resolve(&reference, self.work)?;
        node.through.push(Rc::clone(&reference));
        let entered = self.references.enter(&[reference]);
        let gathered = self.gather(target, node);
        self.references.leave(entered);
        gathered
    }
}

pub(super) fn raw(value: &str) -> Option<&RawValue> {
    serde_json::from_str(value).ok()
}

fn text(value: &str) -> Option<Cow<'_, str>> {
    serde_json::from_str(value).ok().map(Cow::Owned)
}

fn list(value: &str) -> Option<Vec<&str>> {
    let items: Vec<&RawValue> = serde_json::from_str(value).ok()?;
    Some(items.into_iter().map(RawValue::get).collect())
}
