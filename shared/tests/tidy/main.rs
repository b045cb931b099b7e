//! The house style that clippy and rustfmt cannot check, over the whole repository. Each rule is a function from a
//! file (or from all of them) to complaints, which say what to do instead; each is shown a sample that it must refuse.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

mod layout;
mod source;
mod tree;

use tree::{File, Tree};

/// What is wrong, and where.
type Complaint = String;

/// A rule about one file at a time.
type FileRule = fn(&File) -> Vec<Complaint>;

/// A rule about which files there are.
type TreeRule = fn(&Tree) -> Vec<Complaint>;

const FILE_RULES: [FileRule; 11] = [
    source::files_are_short,
    source::lines_are_short,
    source::entry_points_are_thin,
    source::nothing_is_left_undone,
    source::nothing_is_switched_off,
    source::money_is_no_float,
    source::settings_are_read_in_one_place,
    source::scripts_have_a_header,
    source::no_path_of_a_machine,
    layout::no_module_file_hides_its_name,
    layout::files_are_small,
];

const TREE_RULES: [TreeRule; 4] = [
    layout::crates_explain_themselves,
    layout::providers_are_symmetric,
    layout::settings_are_explained,
    layout::migrations_go_forward,
];

#[test]
fn the_repository_is_tidy() {
    let tree = Tree::of_repository();
    let of_files = FILE_RULES.iter().flat_map(|rule| tree.files.iter().flat_map(rule));
    let complaints: Vec<_> = of_files.chain(TREE_RULES.iter().flat_map(|rule| rule(&tree))).collect();
    assert!(complaints.is_empty(), "{} complaints:\n{}", complaints.len(), complaints.join("\n"));
}

#[test]
fn the_walk_sees_sources_and_tool_files_and_nothing_that_is_built() {
    let tree = Tree::of_repository();
    for path in ["Cargo.toml", ".clippy.toml", "shared/src/lib.rs", "shared/tests/tidy/main.rs"] {
        assert!(tree.has(path), "{path} was not found");
    }
    assert!(!tree.files.iter().any(|file| file.path.starts_with("target/") || file.path.starts_with(".git/")));
}
