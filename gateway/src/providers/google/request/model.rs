//! What the generations of Gemini can do, by their names.

/// A model, as far as requests to it differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Model {
    /// Major and minor version. A name that tells none counts as the oldest, whose rules all others keep too.
    version: (u32, u32),
    pub(super) size: Size,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Size {
    Pro,
    Flash,
    Lite,
}

impl Model {
    /// Reads a name such as `gemini-2.5-flash-lite`.
    pub(super) fn of(name: &str) -> Self {
        let name = name.rsplit('/').next().unwrap_or_default();
        let version = name.strip_prefix("gemini-").and_then(version).unwrap_or_default();
        let size = match name {
            _ if name.contains("lite") => Size::Lite,
            _ if name.contains("pro") => Size::Pro,
            _ => Size::Flash,
        };
        Self { version, size }
    }

    /// Takes JSON Schema as it is. Older models take some of it too, but not in every field that holds a schema.
    pub(super) fn takes_json_schema(self) -> bool {
        self.version >= (2, 5)
    }

    /// Can call functions where its answer must be JSON.
    pub(super) fn calls_beside_json(self) -> bool {
        self.version >= (3, 0)
    }

    /// Gives its calls ids and reads them; older models refuse them.
    pub(super) fn has_call_ids(self) -> bool {
        self.version >= (3, 0)
    }

    /// Reads the signatures of its thoughts again.
    pub(super) fn has_signatures(self) -> bool {
        self.version >= (2, 5)
    }

    /// Thinks, within a budget of tokens.
    pub(super) fn thinks_by_budget(self) -> bool {
        self.version >= (2, 5) && self.version < (3, 0)
    }

    /// Thinks, at one of several levels.
    pub(super) fn thinks_by_level(self) -> bool {
        self.version >= (3, 0)
    }
}

/// The version at the beginning of `2.5-flash` or `3-pro-preview`.
fn version(rest: &str) -> Option<(u32, u32)> {
    let numbers = rest.split('-').next()?;
    let (major, minor) = numbers.split_once('.').unwrap_or((numbers, "0"));
    Some((major.parse().ok()?, minor.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_versions_and_sizes() {
        for (name, version, size) in [
            ("gemini-1.5-pro", (1, 5), Size::Pro),
            ("gemini-1.5-flash-8b", (1, 5), Size::Flash),
            ("gemini-2.0-flash-exp", (2, 0), Size::Flash),
            ("models/gemini-2.5-flash-lite", (2, 5), Size::Lite),
            ("gemini-3-pro-preview", (3, 0), Size::Pro),
            ("gemini-3.1-flash", (3, 1), Size::Flash),
            ("gemini-flash-latest", (0, 0), Size::Flash),
            ("gemini-99999999999", (0, 0), Size::Flash),
            ("another", (0, 0), Size::Flash),
            ("", (0, 0), Size::Flash),
        ] {
            assert_eq!(Model::of(name), Model { version, size }, "{name}");
        }
    }
}
