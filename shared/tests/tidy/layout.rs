//! Rules about which files there are, and where.

use std::collections::{BTreeMap, BTreeSet};

use crate::Complaint;
use crate::tree::{File, Tree};

const MAX_BYTES: u64 = 1024 * 1024;
const PROVIDERS: &str = "gateway/src/providers/";
const PARTS_OF_A_PROVIDER: [&str; 4] = ["error.rs", "request.rs", "response.rs", "stream.rs"];

/// Crates that people run or build on; `shared` is explained by its modules.
const EXPLAINED_CRATES: [&str; 5] = ["chaos", "gateway", "ledger", "loadtest", "ratelimiter"];

pub(crate) fn no_module_file_hides_its_name(file: &File) -> Vec<Complaint> {
    let hides = file.name() == "mod.rs";
    hides.then(|| format!("{}: name it after its folder, and put it beside that", file.path)).into_iter().collect()
}

pub(crate) fn files_are_small(file: &File) -> Vec<Complaint> {
    let is_big = file.bytes > MAX_BYTES;
    let complaint = || format!("{}: {} bytes; generate or fetch what is over 1 MiB", file.path, file.bytes);
    is_big.then(complaint).into_iter().collect()
}

pub(crate) fn crates_explain_themselves(tree: &Tree) -> Vec<Complaint> {
    let silent = EXPLAINED_CRATES.iter().filter(|name| !tree.has(&format!("{name}/README.md")));
    silent.map(|name| format!("{name}/README.md is missing: say what it is and how to run it")).collect()
}

pub(crate) fn providers_are_symmetric(tree: &Tree) -> Vec<Complaint> {
    let mut providers: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    // A part may have a folder of its own, which its file tells of.
    let is_within_part = |path: &str| {
        path.split_once('/').is_some_and(|(part, _)| PARTS_OF_A_PROVIDER.iter().any(|known| stem(known) == part))
    };
    let paths = tree.below(PROVIDERS).filter_map(|path| path.split_once('/'));
    for (provider, path) in paths.filter(|(_, path)| !is_within_part(path)) {
        providers.entry(provider).or_default().insert(path);
    }
    let expected = BTreeSet::from(PARTS_OF_A_PROVIDER);
    let odd = providers.iter().filter(|(provider, parts)| {
        let has_face = tree.has(&format!("{PROVIDERS}{provider}.rs"));
        !has_face || **parts != expected
    });
    odd.map(|(provider, parts)| {
        format!(
            "{PROVIDERS}{provider}/ has {parts:?}: a provider is {provider}.rs and the files {PARTS_OF_A_PROVIDER:?}"
        )
    })
    .collect()
}

fn stem(file: &str) -> &str {
    file.trim_end_matches(".rs")
}

/// What a crate reads from the environment stands in its README. Names are read as `reader.value("NAME", …)`; those that
/// only say which settings belong to others stand in lists.
pub(crate) fn settings_are_explained(tree: &Tree) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for name in EXPLAINED_CRATES {
        let readme = tree.text(&format!("{name}/README.md"));
        let config = format!("{name}/src/config");
        let code = tree.files.iter().filter(|file| file.path.starts_with(&config)).flat_map(File::code);
        let settings: BTreeSet<_> = code.flat_map(|(_, line)| settings_in(line)).collect();
        let silent = settings.into_iter().filter(|setting| !readme.contains(&format!("`{setting}`")));
        complaints.extend(silent.map(|setting| format!("{name}/README.md: say what {setting} is in the settings")));
    }
    complaints
}

fn settings_in(line: &str) -> impl Iterator<Item = &str> {
    let quoted = line.split("(\"").skip(1).filter_map(|rest| rest.split_once('"').map(|(name, _)| name));
    quoted.filter(|name| name.starts_with("SYNTOPEN_") || name.starts_with("STRIPE_"))
}

/// Each folder of migrations counts from 1 without a gap, and nothing undoes what ran on somebody's money.
pub(crate) fn migrations_go_forward(tree: &Tree) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    let mut folders: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for file in tree.files.iter().filter(|file| file.path.contains("/migrations/") && file.has_extension("sql")) {
        let (folder, name) = file.path.rsplit_once('/').unwrap_or_default();
        folders.entry(folder).or_default().push(name);
    }
    for (folder, mut names) in folders {
        names.sort_unstable();
        for (number, name) in (1..).zip(names) {
            let goes_back = name.ends_with(".down.sql") || name.ends_with(".up.sql");
            if goes_back || !name.starts_with(&format!("{number:04}_")) {
                let advice = "migrations are numbered 0001_name.sql on and never undone; add another";
                complaints.push(format!("{folder}/{name}: {advice}"));
            }
        }
    }
    complaints
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn module_files_and_sizes() {
        assert_ne!(no_module_file_hides_its_name(&File::sample("a/src/b/mod.rs", "")), [""; 0]);
        assert_eq!(no_module_file_hides_its_name(&File::sample("a/src/b/model.rs", "")), [""; 0]);
        assert_ne!(files_are_small(&File { bytes: 1_048_577, ..File::sample("a.bin", "") }), [""; 0]);
        assert_eq!(files_are_small(&File { bytes: 1_048_576, ..File::sample("a.bin", "") }), [""; 0]);
    }

    #[test]
    fn readmes() {
        let all =
            ["chaos/README.md", "gateway/README.md", "ledger/README.md", "loadtest/README.md", "ratelimiter/README.md"];
        assert_eq!(crates_explain_themselves(&Tree::of_paths(&all)), [""; 0]);
        assert_eq!(crates_explain_themselves(&Tree::of_paths(&all[1..])).len(), 1);
    }

    #[test]
    fn providers() {
        let complaints = |paths: &[&str]| {
            let paths: Vec<_> = paths.iter().map(|path| format!("{PROVIDERS}{path}")).collect();
            providers_are_symmetric(&Tree::of_paths(&paths.iter().map(String::as_str).collect::<Vec<_>>())).len()
        };
        let whole = ["x.rs", "x/error.rs", "x/request.rs", "x/response.rs", "x/stream.rs"];
        assert_eq!(complaints(&[]), 0);
        assert_eq!(complaints(&[&whole[..], &["sse.rs"]].concat()), 0);
        assert_eq!(complaints(&whole[1..]), 1, "nothing names it");
        assert_eq!(complaints(&whole[..4]), 1, "a part is missing");
        assert_eq!(complaints(&[&whole[..], &["x/extra.rs"]].concat()), 1);
        assert_eq!(complaints(&[&whole[..], &["x/request/extra.rs"]].concat()), 0, "a piece of a part");
        assert_eq!(complaints(&[&whole[..], &["x/extra/request.rs"]].concat()), 1);
    }

    #[test]
    fn settings() {
        let code = "fn read() {\n    reader.value(\"SYNTOPEN_A\", 1);\n    reader.optional(\"STRIPE_B\");\n}\n";
        let complaints = |readme: &str| {
            let files = [("ledger/src/config.rs", code), ("ledger/README.md", readme)];
            settings_are_explained(&Tree { files: files.map(|(path, text)| File::sample(path, text)).into() }).len()
        };
        assert_eq!(complaints("| `SYNTOPEN_A` | a | `STRIPE_B` |"), 0);
        assert_eq!(complaints("| `SYNTOPEN_A_LONGER` | a | `STRIPE_B` |"), 1);
        assert_eq!(complaints(""), 2);
    }

    #[test]
    fn migrations() {
        let complaints = |names: &[&str]| {
            let paths: Vec<_> = names.iter().map(|name| format!("a/migrations/{name}")).collect();
            migrations_go_forward(&Tree::of_paths(&paths.iter().map(String::as_str).collect::<Vec<_>>())).len()
        };
        assert_eq!(complaints(&["0001_a.sql", "0002_b.sql", "x/0001_a.sql"]), 0);
        for wrong in [["0001_a.sql", "0003_b.sql"], ["0001_a.sql", "0001_b.sql"], ["0001_a.sql", "b.sql"]] {
            assert_eq!(complaints(&wrong), 1, "{wrong:?}");
        }
        assert_eq!(complaints(&["0001_a.sql", "0002_b.down.sql"]), 1);
    }
}
