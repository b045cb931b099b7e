//! The length of the window, broken on demand to prove that the chaos harness notices (`syntopen_shared::chaos`).

use syntopen_shared::chaos::is_mutant;

const SCRIPT: &str = include_str!("check.lua");
const RULE: &str = "local WINDOW, EXACT_LIMIT, STRETCH = 60000000,";
/// Of each mutant: what stands in the place of the rule.
const BREACHES: [(&str, &str); 2] = [
    ("window_never_expires", "local WINDOW, EXACT_LIMIT, STRETCH = 3600000000,"),
    ("window_expires_early", "local WINDOW, EXACT_LIMIT, STRETCH = 50000000,"),
];

/// The text of the script, unless a mutant is chosen the same.
pub(super) fn script() -> String {
    let chosen = BREACHES.iter().find(|(mutant, _)| is_mutant(mutant));
    chosen.map_or_else(|| SCRIPT.to_owned(), |(_, instead)| SCRIPT.replace(RULE, instead))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rule_stands_in_the_script() {
        assert!(SCRIPT.contains(RULE));
    }
}
