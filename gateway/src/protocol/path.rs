//! Where in a request one stands. Written out only when something is wrong there.

use std::fmt;

/// A step on the way from the body to a value, linked to the steps before it.
#[derive(Clone, Copy)]
pub(super) struct Path<'p> {
    parent: Option<&'p Path<'p>>,
    step: Step<'p>,
}

#[derive(Clone, Copy)]
enum Step<'p> {
    Key(&'p str),
    Index(usize),
}

impl<'p> Path<'p> {
    pub(super) const fn root(name: &'p str) -> Self {
        Self { parent: None, step: Step::Key(name) }
    }

    pub(super) const fn key<'q>(&'q self, name: &'q str) -> Path<'q> {
        Path { parent: Some(self), step: Step::Key(name) }
    }

    pub(super) const fn index(&self, index: usize) -> Path<'_> {
        Path { parent: Some(self), step: Step::Index(index) }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            fmt::Display::fmt(parent, f)?;
        }
        match self.step {
            Step::Key(name) if self.parent.is_some() => write!(f, ".{name}"),
            Step::Key(name) => f.write_str(name),
            Step::Index(index) => write!(f, "[{index}]"),
        }
    }
}
