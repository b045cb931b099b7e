//! Programs to copy, with the base URL by which the reader reaches us.

/// What stands for the base URL.
const PLACE: &str = "BASE_URL";

/// Programs by the names of their languages.
pub(super) type Programs = [(&'static str, String); 3];

/// All of them.
#[derive(Debug)]
pub(super) struct Snippets {
    pub(super) base: String,
    pub(super) completion: Programs,
    pub(super) stream: Programs,
    pub(super) models: String,
    pub(super) model: String,
    pub(super) key: String,
}

impl Snippets {
    /// For those who reach us at `base`.
    pub(super) fn at(base: &str) -> Self {
        let at_base = |text: &str| text.trim_end().replace(PLACE, base);
        Self {
            base: at_base("BASE_URL/api/v1"),
            completion: [
                ("curl", at_base(include_str!("snippets/completion.sh"))),
                ("Python", at_base(include_str!("snippets/completion.py"))),
                ("Node", at_base(include_str!("snippets/completion.mjs"))),
            ],
            stream: [
                ("curl", at_base(include_str!("snippets/stream.sh"))),
                ("Python", at_base(include_str!("snippets/stream.py"))),
                ("Node", at_base(include_str!("snippets/stream.mjs"))),
            ],
            models: at_base(include_str!("snippets/models.sh")),
            model: at_base(include_str!("snippets/model.sh")),
            key: at_base(include_str!("snippets/key.sh")),
        }
    }
}
