//! The administration commands against a cluster.

use std::process::{Command, Output};

use serde_json::Value;

use super::Services;

const PROGRAM: &str = env!("CARGO_BIN_EXE_syntopen-gateway");

async fn told(services: &Services, arguments: &[&str]) -> Output {
    let mut program = Command::new(PROGRAM);
    program.env_clear().envs(services.settings()).args(arguments);
    actix_rt::task::spawn_blocking(move || program.output().unwrap()).await.unwrap()
}

async fn done(services: &Services, arguments: &[&str]) -> String {
    let output = told(services, arguments).await;
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[actix_web::test]
async fn commands_go_to_a_ledger_that_is_there() {
    let mut services = Services::start(2, 1).await;
    services.ledgers[0].kill();
    let email = ["--email", "ada@example.com"];
    done(&services, &[&["account", "create"][..], &email].concat()).await;
    done(&services, &[&["account", "credit", "--usd", "5", "--reference", "r"][..], &email].concat()).await;
    assert!(done(&services, &[&["account", "show"][..], &email].concat()).await.contains("$5.00"));
    assert!(done(&services, &[&["account", "suspend"][..], &email].concat()).await.contains("suspended"));
    assert!(done(&services, &[&["account", "resume"][..], &email].concat()).await.contains("active"));
    let created = done(&services, &[&["key", "create", "--name", "n", "--json"][..], &email].concat()).await;
    let created: Value = serde_json::from_str(&created).unwrap();
    let id = created["record"]["key"].as_str().unwrap();
    assert!(done(&services, &["key", "revoke", "--id", id]).await.contains("revoked"));
    let again = told(&services, &[&["account", "create"][..], &email].concat()).await;
    assert!(String::from_utf8_lossy(&again.stderr).contains("there is a user ada@example.com already"));

    services.ledgers[1].kill();
    let gone = told(&services, &[&["account", "show"][..], &email].concat()).await;
    assert!(!gone.status.success());
    assert!(String::from_utf8_lossy(&gone.stderr).contains("the ledger cannot be reached"));
}
