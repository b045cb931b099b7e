//! A ledger that runs in another process: behind a gateway's socket, or the services of a cluster.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use actix_rt::net::UnixStream;
use actix_service::fn_service;
use actix_tls::connect::{ConnectError, ConnectInfo, Connection};
use anyhow::{Context as _, anyhow, bail};
use awc::error::{ConnectError as Unconnected, SendRequestError};
use awc::http::header::AUTHORIZATION;
use awc::http::{StatusCode, Uri};
use awc::{Client, Connector};
use serde::Serialize;
use serde::de::DeserializeOwned;
use syntopen_shared::wire::admin::Refused;

use crate::clients::address;
use crate::config::Cluster;

/// The socket in the data directory on which a running gateway takes administration commands.
pub(super) const SOCKET_FILE: &str = "admin.sock";
/// A top-up waits for the disk; nothing takes longer than this.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a ledger may take to accept a connection before the next is asked.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// More than the list of all the keys that an account can have.
const MAX_ANSWER_BYTES: usize = 16 * 1024 * 1024;

/// Whoever runs.
pub(super) struct Remote {
    client: Client,
    /// Where it is. A command goes to the first that can be reached.
    addresses: Vec<String>,
    /// What it is called.
    name: String,
}

impl Remote {
    /// The socket of a data directory, where someone listens on it.
    pub(super) async fn of_socket(data_dir: &Path) -> std::io::Result<Self> {
        let path: PathBuf = data_dir.join(SOCKET_FILE);
        // One that a killed gateway left behind refuses.
        drop(UnixStream::connect(&path).await?);
        let name = format!("the gateway at {}", path.display());
        let target: Arc<Path> = path.into();
        let connect = fn_service(move |asked: ConnectInfo<Uri>| {
            let target = Arc::clone(&target);
            async move {
                let stream = UnixStream::connect(&target).await.map_err(ConnectError::Io)?;
                Ok::<_, ConnectError>(Connection::new(asked.request().clone(), stream))
            }
        });
        choose_cryptography();
        let client = Client::builder().connector(Connector::new().connector(connect));
        let client = client.timeout(ANSWER_TIMEOUT).no_default_headers().finish();
        Ok(Self { client, addresses: vec!["localhost".to_owned()], name })
    }

    /// The ledgers of a cluster.
    pub(super) async fn of_cluster(cluster: &Cluster) -> anyhow::Result<Self> {
        let addresses = address::resolve(&cluster.ledger).await.addresses;
        if addresses.is_empty() {
            bail!("SYNTOPEN_LEDGER_URL cannot be resolved");
        }
        choose_cryptography();
        let client = Client::builder()
            .connector(Connector::new().timeout(CONNECT_TIMEOUT))
            .timeout(ANSWER_TIMEOUT)
            .no_default_headers()
            .add_default_header((AUTHORIZATION, format!("Bearer {}", cluster.token.expose())))
            .finish();
        let addresses = addresses.iter().map(ToString::to_string).collect();
        Ok(Self { client, addresses, name: "the ledger".to_owned() })
    }

    pub(super) async fn ask<C: Serialize, A: DeserializeOwned>(&self, command: &str, body: &C) -> anyhow::Result<A> {
        let lost = || format!("{} did not answer: look whether the command took effect", self.name);
        for address in &self.addresses {
            let sent = self.client.post(format!("http://{address}/admin/{command}")).send_json(body).await;
            let mut response = match sent {
                // It has not been told anything, unless the connection was closed in the place of an answer.
                Err(SendRequestError::Connect(error)) if !matches!(error, Unconnected::Disconnected) => continue,
                // The client's errors cannot cross threads, which the caller's may have to.
                sent => sent.map_err(|error| anyhow!("{error}")).with_context(lost)?,
            };
            let status = response.status();
            let answer = response.body().limit(MAX_ANSWER_BYTES).await;
            return self.read(status, &answer.map_err(|error| anyhow!("{error}")).with_context(lost)?);
        }
        bail!("{} cannot be reached", self.name)
    }

    fn read<A: DeserializeOwned>(&self, status: StatusCode, answer: &[u8]) -> anyhow::Result<A> {
        match status {
            StatusCode::OK => {
                return serde_json::from_slice(answer)
                    .with_context(|| format!("the answer of {} is of another version", self.name));
            }
            StatusCode::UNAUTHORIZED => bail!("{} refuses SYNTOPEN_CLUSTER_TOKEN", self.name),
            _ => {}
        }
        match serde_json::from_slice::<Refused>(answer) {
            Ok(refused) => bail!(refused.message),
            Err(_) => bail!("{} answered with status {status}", self.name),
        }
    }
}

/// The client prepares for TLS, which it never speaks here, and panics without this. A second one changes nothing.
fn choose_cryptography() {
    drop(rustls::crypto::ring::default_provider().install_default());
}
