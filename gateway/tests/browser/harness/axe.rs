//! axe-core, which finds what keeps people with other senses or other devices out of a page.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;

const PACKAGE: &str = include_str!("../package.json");
const LOCK: &str = include_str!("../package-lock.json");
const SCRIPT: &str = "node_modules/axe-core/axe.min.js";

/// Finds what is wrong with the page, and tells the browser's driver.
pub(super) const RUN: &str = "
    const done = arguments[arguments.length - 1];
    axe.run(document, { resultTypes: ['violations'] }).then(
      (found) => done(found.violations.map(({ id, impact, help, nodes }) =>
        ({ id, impact, help, nodes: nodes.map((node) => node.html + ' ' + node.failureSummary) }))),
      (error) => done([{ id: 'axe', impact: 'critical', help: String(error), nodes: [] }]));
";

/// The script, which is fetched once for a machine.
pub(super) fn script() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| {
        let folder = cache().join("browser").join(digest());
        let script = folder.join(SCRIPT);
        if !script.exists() {
            install(&folder);
        }
        std::fs::read_to_string(script).unwrap()
    })
}

/// What of it must not be: a line for each.
pub(super) fn grave(found: &Value) -> Vec<String> {
    let is_grave = |violation: &&Value| matches!(violation["impact"].as_str(), Some("serious" | "critical"));
    let violations = found.as_array().unwrap().iter().filter(is_grave);
    violations
        .map(|violation| {
            let nodes = violation["nodes"].as_array().unwrap().iter().filter_map(Value::as_str);
            let nodes: Vec<_> = nodes.collect();
            format!(
                "{} ({}): {}\n    {}",
                violation["id"],
                violation["impact"],
                violation["help"],
                nodes.join("\n    ")
            )
        })
        .collect()
}

/// Into a folder beside it first: another test program may do the same at the same time.
fn install(folder: &Path) {
    let parent = folder.parent().unwrap();
    std::fs::create_dir_all(parent).unwrap();
    let fresh = tempfile::TempDir::new_in(parent).unwrap();
    std::fs::write(fresh.path().join("package.json"), PACKAGE).unwrap();
    std::fs::write(fresh.path().join("package-lock.json"), LOCK).unwrap();
    let mut npm = Command::new("npm");
    npm.current_dir(fresh.path()).args(["ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]);
    let status = npm.status().unwrap_or_else(|error| panic!("npm is missing ({error}): install Node.js"));
    assert!(status.success(), "npm could not install axe-core");
    if std::fs::rename(fresh.path(), folder).is_err() {
        assert!(folder.join(SCRIPT).exists(), "axe-core cannot be moved to {}", folder.display());
    }
}

fn cache() -> PathBuf {
    let set = |name| std::env::var_os(name).map(PathBuf::from);
    let usual = || set("XDG_CACHE_HOME").or_else(|| set("HOME").map(|home| home.join(".cache")));
    set("SYNTOPEN_TEST_CACHE").unwrap_or_else(|| usual().unwrap_or_else(std::env::temp_dir).join("syntopen"))
}

/// Another version goes into another folder.
fn digest() -> String {
    let line = LOCK.lines().find_map(|line| line.trim().strip_prefix(r#""integrity": "sha512-"#)).unwrap();
    line.chars().filter(char::is_ascii_alphanumeric).take(16).collect()
}
