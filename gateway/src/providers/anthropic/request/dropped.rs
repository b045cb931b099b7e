//! The names of what is left out of a request.

/// What the client sent and the upstream is not told, each name once.
#[derive(Debug, Default)]
pub(super) struct Dropped(Vec<String>);

impl Dropped {
    /// Notes a name.
    pub(super) fn note(&mut self, name: &str) {
        if !self.0.iter().any(|noted| noted == name) {
            self.0.push(name.to_owned());
        }
    }

    /// All names, in the order in which they were noted.
    pub(super) fn into_names(self) -> Vec<String> {
        self.0
    }
}
