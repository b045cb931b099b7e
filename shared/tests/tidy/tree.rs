//! The files of the repository.

use std::fs;
use std::path::{Path, PathBuf};

/// Built, fetched or written by running the program: not part of the repository.
const SKIPPED: [&str; 8] =
    ["target", ".git", "node_modules", "data", ".venv", "__pycache__", ".pytest_cache", ".ruff_cache"];

pub(crate) struct File {
    /// From the root of the repository, with slashes.
    pub(crate) path: String,
    pub(crate) bytes: u64,
    /// Empty where the file is not UTF-8.
    pub(crate) text: String,
}

#[derive(Default)]
pub(crate) struct Tree {
    pub(crate) files: Vec<File>,
}

impl Tree {
    pub(crate) fn of_repository() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let (mut tree, mut folders) = (Self::default(), vec![PathBuf::new()]);
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(root.join(&folder)).expect("the repository is readable") {
                let entry = entry.expect("the repository is readable");
                let name = entry.file_name().into_string().expect("file names are UTF-8");
                let path = folder.join(&name);
                let kind = entry.file_type().expect("the repository is readable");
                if kind.is_dir() && !SKIPPED.contains(&name.as_str()) {
                    folders.push(path);
                } else if kind.is_file() && name != ".git" {
                    tree.files.push(File::read(&root, &path));
                }
            }
        }
        tree.files.sort_by(|a, b| a.path.cmp(&b.path));
        tree
    }

    /// Files that are empty, to try a rule about which files there are.
    pub(crate) fn of_paths(paths: &[&str]) -> Self {
        Self { files: paths.iter().map(|path| File::sample(path, "")).collect() }
    }

    pub(crate) fn has(&self, path: &str) -> bool {
        self.files.iter().any(|file| file.path == path)
    }

    /// What stands in a file; nothing where there is none.
    pub(crate) fn text(&self, path: &str) -> &str {
        self.files.iter().find(|file| file.path == path).map_or("", |file| &file.text)
    }

    /// The paths below `folder`, which ends with a slash, without it.
    pub(crate) fn below<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = &'a str> {
        self.files.iter().filter_map(move |file| file.path.strip_prefix(folder))
    }
}

impl File {
    fn read(root: &Path, path: &Path) -> Self {
        let content = fs::read(root.join(path)).expect("the repository is readable");
        Self {
            path: path.to_str().expect("file names are UTF-8").to_owned(),
            bytes: content.len() as u64,
            text: String::from_utf8(content).unwrap_or_default(),
        }
    }

    /// A file to try a rule on.
    pub(crate) fn sample(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), bytes: text.len() as u64, text: text.to_owned() }
    }

    pub(crate) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    pub(crate) fn has_extension(&self, extension: &str) -> bool {
        Path::new(&self.path).extension().is_some_and(|own| own == extension)
    }

    pub(crate) fn is_rust(&self) -> bool {
        self.has_extension("rs")
    }

    /// Rust that runs in production, as far as the path tells.
    pub(crate) fn is_rust_source(&self) -> bool {
        self.is_rust() && self.path.contains("src/")
    }

    /// The lines, counted from 1.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        (1..).zip(self.text.lines())
    }

    /// The lines of Rust before the file's unit tests, without comments.
    pub(crate) fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let code = self.text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
        (1..).zip(code.lines().map(without_comment))
    }
}

/// Cuts a line at its `//`, except where that stands in an address such as `https://`.
fn without_comment(line: &str) -> &str {
    let starts = line.match_indices("//").map(|(index, _)| index);
    starts.filter(|index| !line[..*index].ends_with(':')).min().map_or(line, |index| &line[..index])
}

#[test]
fn comments_are_not_code() {
    assert_eq!(without_comment("a(); // b"), "a(); ");
    assert_eq!(without_comment("/// A"), "");
    assert_eq!(without_comment("get(\"https://a\") // b"), "get(\"https://a\") ");
    let file = File::sample("a.rs", "fn a() {}\n#[cfg(test)]\nuse b;// c\n#[cfg(test)]\nmod tests {}\n");
    assert_eq!(file.code().collect::<Vec<_>>(), [(1, "fn a() {}"), (2, "#[cfg(test)]"), (3, "use b;")]);
}
