//! The program as it is deployed: real processes over a real Redis.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod outage;
mod replicas;
mod start;

use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use actix_web::http::StatusCode;
use syntopen_shared::testing::{Process, free_port};
use syntopen_shared::wire::ratelimiter::{Check, Decision};

const TOKEN: &str = "the-cluster-token";
/// What is to come true must do so within this time.
const PATIENCE: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(20);

/// A replica of the service.
pub(crate) struct Replica {
    address: SocketAddr,
    process: Process,
}

impl Replica {
    /// Starts one over the Redis at `url`, and waits until it is ready.
    async fn start(url: &str) -> Self {
        let replica = Self::launch(("SYNTOPEN_REDIS_URL", url));
        replica.becomes_ready().await;
        replica
    }

    /// Starts one with the setting that says where windows are kept.
    fn launch(store: (&str, &str)) -> Self {
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let settings = [
            ("SYNTOPEN_LISTEN", &*address.to_string()),
            ("SYNTOPEN_CLUSTER_TOKEN", TOKEN),
            ("SYNTOPEN_WORKERS", "2"),
            ("SYNTOPEN_LOG", "off"),
            store,
        ];
        Self { address, process: Process::start(program().envs(settings)) }
    }

    async fn becomes_ready(&self) {
        self.until("/readyz", StatusCode::OK).await;
    }

    /// Polls `path` until it answers with `status`.
    async fn until(&self, path: &str, status: StatusCode) {
        let is_so = async {
            while self.get(path).await.0 != Some(status) {
                actix_web::rt::time::sleep(POLL).await
            }
        };
        actix_web::rt::time::timeout(PATIENCE, is_so).await.unwrap();
    }

    /// The status and the body of `path`; no status where nobody answers.
    async fn get(&self, path: &str) -> (Option<StatusCode>, String) {
        match awc::Client::new().get(format!("http://{}{path}", self.address)).send().await {
            Ok(mut response) => {
                let body = response.body().await.unwrap();
                (Some(response.status()), String::from_utf8(body.to_vec()).unwrap())
            }
            Err(_) => (None, String::new()),
        }
    }

    /// Asks over a connection of `client`, and returns the decisions or the status of the refusal.
    async fn check(&self, client: &awc::Client, checks: &[Check]) -> Result<Vec<Decision>, StatusCode> {
        let request = client.post(format!("http://{}/check", self.address)).bearer_auth(TOKEN).timeout(PATIENCE);
        let mut response = request.send_json(&checks).await.unwrap();
        let body = response.body().await.unwrap();
        if response.status() == StatusCode::OK {
            Ok(serde_json::from_slice(&body).unwrap())
        } else {
            Err(response.status())
        }
    }
}

/// The program in an empty environment.
fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_syntopen-ratelimiter"));
    command.env_clear();
    command
}
