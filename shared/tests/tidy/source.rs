//! Rules about what a file says.

use crate::Complaint;
use crate::tree::File;

const MAX_LINES: usize = 400;
const MAX_COLUMNS: usize = 120;
const MAX_ENTRY_POINT_LINES: usize = 30;

/// Files that may be longer than [`MAX_LINES`], each with the reason.
const MAY_BE_LONG: [(&str, &str); 0] = [];

/// Extensions of what people write as programs; prose and data may speak of anything.
const PROGRAMS: [&str; 10] = ["rs", "lua", "sql", "py", "sh", "js", "ts", "html", "css", "toml"];

pub(crate) fn files_are_short(file: &File) -> Vec<Complaint> {
    let lines = file.text.lines().count();
    let excepted = MAY_BE_LONG.iter().any(|(path, _)| *path == file.path);
    if !file.is_rust() || lines <= MAX_LINES || excepted {
        return Vec::new();
    }
    vec![format!("{}: {lines} lines; split it by concept into files of at most {MAX_LINES}", file.path)]
}

pub(crate) fn lines_are_short(file: &File) -> Vec<Complaint> {
    // Addresses cannot be broken, and samples in string literals read better whole.
    let is_long = |line: &str| line.chars().count() > MAX_COLUMNS && !line.contains("://") && !line.contains('"');
    each_line(file.is_rust(), file.lines(), file, is_long, "break it: lines have at most 120 columns")
}

pub(crate) fn entry_points_are_thin(file: &File) -> Vec<Complaint> {
    let is_entry_point = file.path.ends_with("src/main.rs") || file.path.contains("src/bin/");
    let lines = file.text.lines().count();
    if !file.is_rust() || !is_entry_point || lines <= MAX_ENTRY_POINT_LINES {
        return Vec::new();
    }
    let advice = "move what it does to the library, where tests reach it";
    vec![format!("{}: {lines} lines, more than {MAX_ENTRY_POINT_LINES}; {advice}", file.path)]
}

pub(crate) fn nothing_is_left_undone(file: &File) -> Vec<Complaint> {
    // In pieces, so that this file does not complain of itself.
    let words = [concat!("FIX", "ME"), concat!("TO", "DO"), concat!("X", "XX")];
    let calls = [concat!("to", "do!"), concat!("db", "g!"), concat!("unimpl", "emented!")];
    let is_undone = |line: &str| {
        words.iter().any(|word| has_word(line, word)) || file.is_rust() && calls.iter().any(|call| has_word(line, call))
    };
    let is_program = PROGRAMS.iter().any(|extension| file.has_extension(extension));
    each_line(is_program, file.lines(), file, is_undone, "do it now, or write it down where work is planned")
}

pub(crate) fn nothing_is_switched_off(file: &File) -> Vec<Complaint> {
    let attributes = [concat!("[ign", "ore"), concat!("[should_", "panic"), concat!("[al", "low(")];
    let is_off = |line: &str| attributes.iter().any(|attribute| line.contains(attribute));
    let advice = "tests run or go, assert on the error, and lints are #[expect]ed with a reason";
    each_line(file.is_rust(), file.lines(), file, is_off, advice)
}

pub(crate) fn money_is_no_float(file: &File) -> Vec<Complaint> {
    let money = ["usd", "price", "cost", "balance", "amount"];
    let is_float_money = |line: &str| {
        let is_float = has_word(line, "f64") || has_word(line, "f32");
        is_float && money.iter().any(|word| line.to_lowercase().contains(word))
    };
    let advice = "money is NanoUsd, a price PicoUsdPerToken: integers";
    each_line(file.is_rust_source(), file.code(), file, is_float_money, advice)
}

pub(crate) fn settings_are_read_in_one_place(file: &File) -> Vec<Complaint> {
    let applies = file.is_rust_source() && file.path != "shared/src/config.rs";
    let reads = |line: &str| line.contains("env::var") || line.contains("env::remove_var");
    each_line(applies, file.code(), file, reads, "read it through shared::config::Reader, which reports every mistake")
}

pub(crate) fn scripts_have_a_header(file: &File) -> Vec<Complaint> {
    if !file.has_extension("lua") {
        return Vec::new();
    }
    let is_header = |line: &&str| line.starts_with("--") || line.starts_with("#!");
    let header: String = file.text.lines().take_while(is_header).collect::<Vec<_>>().join("\n").to_lowercase();
    let missing = ["keys", "argv", "returns"].into_iter().filter(|word| !has_word(&header, word));
    missing.map(|word| format!("{}: begin with a comment that says what its {word} are", file.path)).collect()
}

pub(crate) fn no_path_of_a_machine(file: &File) -> Vec<Complaint> {
    let folders = [concat!("/wo", "rk/"), concat!("/tm", "p/wt"), concat!("/ro", "ot/"), concat!("/ho", "me/")];
    let names_a_machine = |line: &str| folders.iter().any(|folder| begins_a_path(line, folder));
    each_line(true, file.lines(), file, names_a_machine, "say it relative to the repository, or make it a setting")
}

/// A complaint for each line that `is_wrong`, where the rule `applies` to the file.
fn each_line<'a>(
    applies: bool,
    lines: impl Iterator<Item = (usize, &'a str)>,
    file: &File,
    is_wrong: impl Fn(&str) -> bool,
    advice: &str,
) -> Vec<Complaint> {
    let wrong = lines.filter(|(_, line)| applies && is_wrong(line));
    wrong.map(|(number, line)| format!("{}:{number}: {advice}: {}", file.path, line.trim())).collect()
}

/// Whether `word` stands in `line` and is not part of a longer one.
fn has_word(line: &str, word: &str) -> bool {
    let is_part = |neighbour: Option<char>| neighbour.is_some_and(|c| c.is_alphanumeric() || c == '_');
    line.match_indices(word).any(|(start, _)| {
        let (before, after) = (&line[..start], &line[start + word.len()..]);
        !is_part(before.chars().next_back()) && !is_part(after.chars().next())
    })
}

/// Whether an absolute path in `line` begins with `folder`.
fn begins_a_path(line: &str, folder: &str) -> bool {
    let within = |c: char| c.is_alphanumeric() || "_-./$}~".contains(c);
    line.match_indices(folder).any(|(start, _)| !line[..start].chars().next_back().is_some_and(within))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FileRule;

    #[track_caller]
    fn assert_refused(rule: FileRule, path: &str, text: &str) {
        assert_ne!(rule(&File::sample(path, text)), [""; 0], "{path}: {text}");
    }

    #[track_caller]
    fn assert_accepted(rule: FileRule, path: &str, text: &str) {
        assert_eq!(rule(&File::sample(path, text)), [""; 0], "{path}: {text}");
    }

    #[test]
    fn sizes() {
        assert_refused(files_are_short, "a/src/b.rs", &"x\n".repeat(401));
        assert_accepted(files_are_short, "a/src/b.rs", &"x\n".repeat(400));
        assert_accepted(files_are_short, "a/b.json", &"x\n".repeat(401));
        assert_refused(lines_are_short, "a/src/b.rs", &"x".repeat(121));
        assert_accepted(lines_are_short, "a/src/b.rs", &"é".repeat(120));
        assert_accepted(lines_are_short, "a/src/b.rs", &format!("https://{}", "x".repeat(120)));
        assert_refused(entry_points_are_thin, "a/src/main.rs", &"x\n".repeat(31));
        assert_refused(entry_points_are_thin, "a/src/bin/b.rs", &"x\n".repeat(31));
        assert_accepted(entry_points_are_thin, "a/src/main.rs", &"x\n".repeat(30));
        assert_accepted(entry_points_are_thin, "a/tests/b/main.rs", &"x\n".repeat(31));
    }

    #[test]
    fn undone_work() {
        for line in
            [concat!("// FIX", "ME: b"), concat!("// TO", "DO b"), concat!("// X", "XX"), concat!("to", "do!()")]
        {
            assert_refused(nothing_is_left_undone, "a/src/b.rs", line);
        }
        assert_refused(nothing_is_left_undone, "a.lua", concat!("-- FIX", "ME"));
        assert_refused(nothing_is_left_undone, "a.rs", concat!("let a = db", "g!(b);"));
        assert_accepted(nothing_is_left_undone, "a.rs", "let todos = \"XXXX\";");
        for line in [concat!("#[ign", "ore]"), concat!("#[should_", "panic]"), concat!("#![al", "low(unused)]")] {
            assert_refused(nothing_is_switched_off, "a/tests/b.rs", line);
        }
        assert_accepted(nothing_is_switched_off, "a/tests/b.rs", "#[expect(unused, reason = \"ignore\")]");
    }

    #[test]
    fn money_and_settings() {
        assert_refused(money_is_no_float, "a/src/b.rs", "fn cost() -> f64 {");
        assert_refused(money_is_no_float, "a/src/b.rs", "let total_usd: f32 = 0.0;");
        assert_accepted(money_is_no_float, "a/src/b.rs", "let cost: NanoUsd; // never an f64");
        assert_accepted(money_is_no_float, "a/src/b.rs", "let seconds: f64 = 0.0;");
        assert_accepted(money_is_no_float, "a/src/b.rs", "#[cfg(test)]\nmod tests {\nlet cost: f64;");
        assert_refused(settings_are_read_in_one_place, "a/src/b.rs", "std::env::var(\"B\")");
        assert_refused(settings_are_read_in_one_place, "a/src/b.rs", "env::vars_os()");
        assert_accepted(settings_are_read_in_one_place, "shared/src/config.rs", "std::env::vars_os()");
        assert_accepted(settings_are_read_in_one_place, "a/tests/b.rs", "std::env::var(\"B\")");
    }

    #[test]
    fn scripts() {
        let header = "#!lua\n-- Adds.\n-- KEYS: 1 a\n-- ARGV: 1 b\n-- Returns c.\n";
        assert_accepted(scripts_have_a_header, "a.lua", &format!("{header}return 1"));
        for word in ["KEYS", "ARGV", "Returns"] {
            assert_refused(scripts_have_a_header, "a.lua", &header.replace(word, "Z"));
        }
        assert_refused(scripts_have_a_header, "a.lua", &format!("local a = 1\n{header}"));
        assert_accepted(scripts_have_a_header, "a.rs", "");
    }

    #[test]
    fn machine_paths() {
        for path in
            [concat!("/ro", "ot/.cargo"), concat!("/ho", "me/me"), concat!("/wo", "rk/x"), concat!("/tm", "p/wt/x")]
        {
            assert_refused(no_path_of_a_machine, "a.md", &format!("see {path}"));
            assert_refused(no_path_of_a_machine, "a.sh", &format!("cd \"{path}\""));
        }
        assert_accepted(no_path_of_a_machine, "a.md", "the home/ of https://example.org/home/a and frame/work/");
    }
}
