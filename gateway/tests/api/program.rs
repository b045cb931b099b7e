//! The program as an operator starts it.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, Output, Stdio};

use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_syntopen-gateway");

fn program(data_dir: &TempDir, settings: &[(&str, &str)]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.env_clear().env("SYNTOPEN_DATA_DIR", data_dir.path().join("data"));
    command.env("SYNTOPEN_LISTEN", "127.0.0.1:0").env("SYNTOPEN_OPS_LISTEN", "127.0.0.1:0");
    command.envs(settings.iter().copied()).stderr(Stdio::piped()).stdout(Stdio::piped());
    command
}

fn refused(output: &Output, code: i32, complaints: &[&str]) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{said}");
    for complaint in complaints {
        assert!(said.contains(complaint), "{complaint} in {said}");
    }
}

/// A gateway that runs, and does not outlive its test.
struct Serving(Child);

impl Drop for Serving {
    fn drop(&mut self) {
        // One that has ended in good order is gone already.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Starts the gateway and waits until it is ready; what it logged by then.
fn serve(mut command: Command) -> (Serving, String) {
    let mut serving = Serving(command.spawn().unwrap());
    let mut log = BufReader::new(serving.0.stderr.take().unwrap());
    let mut logged = String::new();
    while !logged.contains("the gateway is ready") {
        assert_ne!(log.read_line(&mut logged).unwrap(), 0, "it ended: {logged}");
    }
    // Goes on reading, so that the program never waits for a full pipe.
    std::thread::spawn(move || drop(log.read_to_string(&mut String::new())));
    (serving, logged)
}

fn terminate(mut serving: Serving) -> Option<i32> {
    let killed = Command::new("kill").args(["-TERM", &serving.0.id().to_string()]).status().unwrap();
    assert!(killed.success());
    serving.0.wait().unwrap().code()
}

#[test]
fn wrong_settings_are_all_told() {
    let wrong = [("SYNTOPEN_WORKERS", "none"), ("SYNTOPEN_DRAIN_SECONDS", "0"), ("SYNTOPEN_PORT", "1")];
    let output = program(&TempDir::new().unwrap(), &wrong).output().unwrap();
    refused(&output, 78, &["SYNTOPEN_WORKERS", "SYNTOPEN_DRAIN_SECONDS", "SYNTOPEN_PORT: there is no such setting"]);
}

#[test]
fn a_wrong_catalog_refuses_the_start_with_every_error() {
    let data_dir = TempDir::new().unwrap();
    let catalog = data_dir.path().join("wrong.toml");
    let text = "[[models]]\nid = \"a\"\ncontext_length = 0\n[[models]]\nid = \"b\"\nprice = { input = 0.15, output = \"1\" }\n";
    std::fs::write(&catalog, text).unwrap();
    let output = program(&data_dir, &[("SYNTOPEN_CATALOG", catalog.to_str().unwrap())]).output().unwrap();
    refused(
        &output,
        1,
        &["9 mistake(s)", "model a: price is missing", "model b: price.input must be written as a string"],
    );
}

#[test]
fn without_a_provider_it_serves_and_says_how_to_switch_one_on() {
    let data_dir = TempDir::new().unwrap();
    let (serving, logged) = serve(program(&data_dir, &[]));
    for expected in ["OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY", "no model can be served yet"] {
        assert!(logged.contains(expected), "{expected} in {logged}");
    }
    assert_eq!(terminate(serving), Some(0));
}

#[test]
fn one_data_directory_has_one_gateway_and_keeps_what_it_is_told() {
    let data_dir = TempDir::new().unwrap();
    let administer = |arguments: &[&str]| {
        let output = program(&data_dir, &[]).args(arguments).output().unwrap();
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{arguments:?}: {err}");
        out.into_owned()
    };
    administer(&["account", "create", "--email", "ada@example.com"]);
    let (serving, _) = serve(program(&data_dir, &[("OPENAI_API_KEY", "sk-hidden")]));
    refused(&program(&data_dir, &[]).output().unwrap(), 1, &["another running process"]);
    let credit = ["account", "credit", "--email", "ada@example.com", "--usd", "5", "--reference", "invoice-17"];
    administer(&credit);
    administer(&credit);
    assert_eq!(terminate(serving), Some(0));
    assert!(administer(&["account", "show", "--email", "ada@example.com"]).contains("$5.00"));
    let unknown = program(&data_dir, &[]).args(["account", "show", "--email", "bob@example.com"]).output().unwrap();
    refused(&unknown, 1, &["bob@example.com"]);
}
