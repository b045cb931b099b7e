//! The administration commands, as the operator of one machine knows them.

use serde_json::Value;

use crate::stage::Stage;

const EMAIL: &str = "customer@example.com";
/// Named as the harness names the money that an account begins with.
const REFERENCE: &str = "opening-customer";

pub(super) async fn commands_work_unchanged(stage: &Stage) {
    let account = run(stage, &["account", "create", "--email", EMAIL]).await;
    let receipt = run(stage, &["account", "credit", "--email", EMAIL, "--usd", "2.5", "--reference", REFERENCE]).await;
    let again = run(stage, &["account", "credit", "--email", EMAIL, "--usd", "2.5", "--reference", REFERENCE]).await;
    assert_eq!(receipt["transfer"], again["transfer"]);
    let shown = run(stage, &["account", "show", "--email", EMAIL]).await;
    assert_eq!((&shown["account"], &shown["balance"]), (&account["account"], &receipt["balance"]));
    let created = run(stage, &["key", "create", "--email", EMAIL, "--name", "first"]).await;
    assert!(created["api_key"].as_str().unwrap().starts_with("sk-syn-"));
    let listed = run(stage, &["key", "list", "--email", EMAIL]).await;
    assert_eq!(listed["keys"][0]["key"], created["record"]["key"]);
}

async fn run(stage: &Stage, words: &[&str]) -> Value {
    let mut command = stage.scene.map.administration();
    command.args(words).arg("--json");
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}
