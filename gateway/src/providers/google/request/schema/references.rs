//! What `$ref` points at.

use std::collections::HashMap;
use std::rc::Rc;

use serde_json::value::RawValue;

use super::{NO_TARGET, Unfit, Work};
use crate::answer::fields::Fields;

/// The references of one schema.
pub(super) struct References<'a> {
    root: &'a str,
    /// What was taken apart on the way to a target, by pointer, so that it is read once for all targets within.
    parsed: HashMap<String, HashMap<String, &'a str>>,
    /// The references that are being followed.
    open: Vec<Rc<str>>,
}

impl<'a> References<'a> {
    pub(super) fn new(root: &'a str) -> Self {
        Self { root, parsed: HashMap::new(), open: Vec::new() }
    }

    /// Whether one is within what this reference points at.
    pub(super) fn is_within(&self, reference: &str) -> bool {
        // What stands at the root is always open.
        reference == "#" || self.open.iter().any(|open| **open == *reference)
    }

    /// The references that are being followed.
    pub(super) fn open(&self) -> &[Rc<str>] {
        &self.open
    }

    /// Goes to a place within other references: gives those before.
    pub(super) fn stand_within(&mut self, references: Vec<Rc<str>>) -> Vec<Rc<str>> {
        std::mem::replace(&mut self.open, references)
    }

    /// Remembers that these are followed, until they are left: gives how many there were before.
    pub(super) fn enter(&mut self, references: &[Rc<str>]) -> usize {
        let before = self.open.len();
        self.open.extend_from_slice(references);
        before
    }

    pub(super) fn leave(&mut self, before: usize) {
        self.open.truncate(before);
    }

    /// What a reference such as `#/$defs/a` points at.
    pub(super) fn resolve(&mut self, reference: &str, work: &mut Work) -> Result<&'a str, Unfit> {
        let pointer = reference.strip_prefix("#/").ok_or(NO_TARGET)?;
        let (mut target, mut path) = (self.root, String::from("#"));
        for step in pointer.split('/') {
            let step = unescaped(step).ok_or(NO_TARGET)?;
            if !self.parsed.contains_key(&path) {
                work.spend(target.len())?;
                self.parsed.insert(path.clone(), parts(target));
            }
            target = self.parsed.get(&path).and_then(|parts| parts.get(&step)).copied().ok_or(NO_TARGET)?;
            path.push('/');
            path.push_str(&step.replace('~', "~0").replace('/', "~1"));
        }
        Ok(target)
    }
}

/// The fields of an object, or the elements of an array by their places.
fn parts(value: &str) -> HashMap<String, &str> {
    if let Ok(items) = serde_json::from_str::<Vec<&RawValue>>(value) {
        return items.into_iter().enumerate().map(|(index, item)| (index.to_string(), item.get())).collect();
    }
    let fields = Fields::parse(value);
    fields.iter().flat_map(Fields::iter).map(|field| (field.name.clone().into_owned(), field.value)).collect()
}

/// A step of a pointer within a URL: `a~1b%20c` is `a/b c`.
fn unescaped(step: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(step.len());
    let mut rest = step.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    Some(String::from_utf8(bytes).ok()?.replace("~1", "/").replace("~0", "~"))
}
