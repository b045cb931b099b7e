//! A gateway of its own for each test, with a simulated provider behind it and customers in front of it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use awc::http::header::{AUTHORIZATION, CONTENT_TYPE};
use awc::{Client, ClientResponse};
use futures_util::StreamExt as _;
use serde_json::{Value, json};
use syntopen_gateway::app::App;
use syntopen_gateway::config::Config;
use syntopen_gateway::server::Gateway;
use syntopen_ledger::Ledger;
use syntopen_loadtest::simulator::{Served, Simulator, SimulatorSettings};
use syntopen_shared::config::Environment;
use syntopen_shared::money::NanoUsd;
use syntopen_shared::shutdown::{Shutdown, ShutdownTrigger};
use syntopen_shared::wire::admin::{CreateAccount, CreateKey, CreditAccount, ShowAccount};
use syntopen_shared::wire::ledger::{KeyRecord, SpendLimits};
use tempfile::TempDir;

/// How long anything may take before a test gives up on it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// The credential of the simulated provider: no customer may ever see it.
pub(crate) const UPSTREAM_KEY: &str = "sk-upstream-secret-of-the-operator";

pub(crate) struct TestApp {
    pub(crate) address: SocketAddr,
    pub(crate) ops: SocketAddr,
    pub(crate) simulator: Simulator,
    pub(crate) app: Arc<App>,
    pub(crate) ledger: Arc<Ledger>,
    data_dir: Option<TempDir>,
    pub(crate) client: Client,
    trigger: ShutdownTrigger,
    thread: Option<JoinHandle<anyhow::Result<()>>>,
}

/// How a gateway is to be started.
pub(crate) struct Start<'a> {
    pub(crate) settings: &'a [(&'a str, &'a str)],
    /// Where the money is, if not in the gateway.
    pub(crate) ledger: Option<Arc<Ledger>>,
}

/// A customer with a key.
pub(crate) struct Customer {
    pub(crate) email: String,
    pub(crate) api_key: String,
    pub(crate) record: KeyRecord,
}

impl TestApp {
    /// A gateway with the built-in models, all served by a simulator with its defaults.
    pub(crate) async fn spawn() -> Self {
        Self::spawn_with(&[]).await
    }

    /// The same with other settings.
    pub(crate) async fn spawn_with(settings: &[(&str, &str)]) -> Self {
        let simulator = Simulator::start(SimulatorSettings::default()).unwrap();
        Self::spawn_before(simulator, settings).await
    }

    /// The same before a simulator of the test's own.
    pub(crate) async fn spawn_before(simulator: Simulator, settings: &[(&str, &str)]) -> Self {
        Self::spawn_in(TempDir::new().unwrap(), simulator, settings).await
    }

    /// A new gateway over the data of one that was stopped.
    pub(crate) async fn restart(mut stopped: Self) -> Self {
        stopped.stop();
        let data_dir = stopped.data_dir.take().unwrap();
        drop(stopped);
        Self::spawn_in(data_dir, Simulator::start(SimulatorSettings::default()).unwrap(), &[]).await
    }

    async fn spawn_in(data_dir: TempDir, simulator: Simulator, settings: &[(&str, &str)]) -> Self {
        let book = data_dir.path().to_str().unwrap().to_owned();
        let settings: Vec<_> = [("SYNTOPEN_DATA_DIR", book.as_str())].iter().chain(settings).copied().collect();
        Self::start(data_dir, simulator, Start { settings: &settings, ledger: None }).await
    }

    /// A gateway as the settings say, whose ledger may run elsewhere.
    pub(crate) async fn start(data_dir: TempDir, simulator: Simulator, start: Start<'_>) -> Self {
        // A second choice of the same cryptography changes nothing.
        let _chosen = rustls::crypto::ring::default_provider().install_default();
        let base_url = simulator.base_url();
        let catalog = data_dir.path().join("catalog.toml");
        std::fs::write(&catalog, CATALOG).unwrap();
        let fixed = [
            ("SYNTOPEN_LISTEN", "127.0.0.1:0"),
            ("SYNTOPEN_OPS_LISTEN", "127.0.0.1:0"),
            ("SYNTOPEN_WORKERS", "2"),
            ("SYNTOPEN_CATALOG", catalog.to_str().unwrap()),
            ("SIMULATOR_BASE_URL", &base_url),
            ("SIMULATOR_API_KEY", UPSTREAM_KEY),
        ];
        let environment: Environment =
            fixed.iter().chain(start.settings).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let config = Config::read(environment).unwrap();
        let (trigger, shutdown) = Shutdown::new();
        let (started, parts) = tokio::sync::oneshot::channel();
        let thread = std::thread::spawn(move || {
            actix_rt::System::new().block_on(async move {
                let gateway = Gateway::start(config, shutdown).await?;
                let parts = (gateway.address, gateway.ops_address, Arc::clone(gateway.app()), gateway.ledger());
                started.send(parts).map_err(|_| anyhow::anyhow!("the test is gone"))?;
                gateway.run().await
            })
        });
        let (address, ops, app, embedded) = parts.await.unwrap();
        let ledger = embedded.or(start.ledger).unwrap();
        let client = Client::builder().disable_timeout().connector(awc::Connector::new().limit(0)).finish();
        Self { address, ops, simulator, app, ledger, data_dir: Some(data_dir), client, trigger, thread: Some(thread) }
    }

    /// A customer with `usd` dollars and a key of 100,000 requests per minute.
    pub(crate) async fn customer(&self, usd: &str) -> Customer {
        self.customer_with(usd, |_| {}).await
    }

    /// The same with other settings of the key.
    pub(crate) async fn customer_with(&self, usd: &str, set: impl FnOnce(&mut CreateKey)) -> Customer {
        let email = format!("{}@example.com", uuid::Uuid::now_v7());
        let account = CreateAccount { email: email.clone(), password: None, operator: false };
        self.ledger.create_account(account).await.unwrap();
        let amount: NanoUsd = usd.parse().unwrap();
        if amount != NanoUsd::ZERO {
            self.credit(&email, amount).await;
        }
        let mut key = CreateKey {
            email: email.clone(),
            name: "test".to_owned(),
            rpm: 100_000,
            limits: SpendLimits::default(),
            expires_ms: None,
            allowed_models: None,
        };
        set(&mut key);
        let created = self.ledger.create_key(key).await.unwrap();
        Customer { email, api_key: created.api_key, record: created.record }
    }

    pub(crate) async fn credit(&self, email: &str, amount: NanoUsd) {
        let credit = CreditAccount { email: email.to_owned(), amount, class: Default::default(), reference: None };
        self.ledger.credit_account(credit).await.unwrap();
    }

    /// The customer's posted balance and what is held of it.
    pub(crate) async fn balance(&self, customer: &Customer) -> (NanoUsd, NanoUsd) {
        let account = self.ledger.show_account(ShowAccount { email: customer.email.clone() }).await.unwrap();
        (account.balance, account.held)
    }

    pub(crate) fn write_catalog(&self, text: &str) {
        std::fs::write(self.data_dir.as_ref().unwrap().path().join("catalog.toml"), text).unwrap();
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Sends a completion request; the answer's head.
    pub(crate) async fn post_chat(&self, customer: &Customer, body: &Value) -> ClientResponse {
        self.post_chat_by(&self.client, customer, body).await
    }

    /// The same through a connection of its own.
    pub(crate) async fn post_chat_by(&self, client: &Client, customer: &Customer, body: &Value) -> ClientResponse {
        let post = client.post(self.url("/api/v1/chat/completions"));
        let post = post.insert_header((AUTHORIZATION, format!("Bearer {}", customer.api_key)));
        post.insert_header((CONTENT_TYPE, "application/json")).send_body(body.to_string()).await.unwrap()
    }

    /// Sends a completion request; the whole answer.
    pub(crate) async fn chat(&self, customer: &Customer, body: &Value) -> Answer {
        Answer::read(self.post_chat(customer, body).await).await
    }

    pub(crate) async fn get(&self, customer: &Customer, path: &str) -> Answer {
        let get = self.client.get(self.url(path));
        let sent = get.insert_header((AUTHORIZATION, format!("Bearer {}", customer.api_key))).send().await;
        Answer::read(sent.unwrap()).await
    }

    /// A line of the gateway's metrics, without its name.
    pub(crate) async fn metric(&self, name: &str) -> Option<String> {
        let answer = Answer::read(self.client.get(format!("http://{}/metrics", self.ops)).send().await.unwrap()).await;
        answer.text().lines().find_map(|line| line.strip_prefix(name).map(|value| value.trim().to_owned()))
    }

    /// The status of `/readyz`.
    pub(crate) async fn readiness(&self) -> u16 {
        self.client.get(format!("http://{}/readyz", self.ops)).send().await.unwrap().status().as_u16()
    }

    /// What the simulator served under `tag`, once it has ended.
    pub(crate) async fn served(&self, tag: &str) -> Served {
        let find = || self.simulator.served().into_iter().rev().find(|served| served.tag.as_deref() == Some(tag));
        eventually("the simulator's record", || async { find().filter(|served| served.ended) }).await
    }

    /// Waits until every hold has ended and every settlement is booked.
    pub(crate) async fn settled(&self) {
        eventually("an empty outbox", || async { self.app.outbox.is_empty().then_some(()) }).await;
    }

    /// The invariants of the money hold.
    pub(crate) async fn assert_books_agree(&self) {
        self.settled().await;
        let report = self.ledger.reconcile().await.unwrap();
        assert_eq!(report.drift, NanoUsd::ZERO, "{report:?}");
    }

    /// Asks the gateway to end, as SIGTERM does.
    pub(crate) fn request_stop(&self) {
        self.trigger.request();
    }

    /// Ends the gateway and waits for its end.
    pub(crate) fn stop(&mut self) {
        self.trigger.request();
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap().unwrap();
        }
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.trigger.request();
        if let Some(thread) = self.thread.take() {
            // A test that has failed already says why.
            let _ = thread.join();
        }
    }
}

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// Whether the body came to its end.
    pub(crate) complete: bool,
}

impl Answer {
    pub(crate) async fn read(mut response: ClientResponse) -> Self {
        let text = |value: &awc::http::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let headers = response.headers().iter().map(|(name, value)| (name.to_string(), text(value))).collect();
        let (mut body, mut complete) = (Vec::new(), true);
        while let Some(part) = response.next().await {
            match part {
                Ok(part) => body.extend_from_slice(&part),
                Err(_) => complete = false,
            }
        }
        Self { status: response.status().as_u16(), headers, body, complete }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The data of a stream's events; `[DONE]` as a string.
    pub(crate) fn events(&self) -> Vec<Value> {
        let text = self.text();
        let data = text.split("\n\n").filter_map(|event| event.strip_prefix("data: "));
        data.map(|data| serde_json::from_str(data).unwrap_or_else(|_| json!(data))).collect()
    }

    /// The text of a stream's first choice.
    pub(crate) fn streamed_text(&self) -> String {
        self.events().iter().filter_map(|event| event["choices"][0]["delta"]["content"].as_str()).collect()
    }

    /// Status and code of an error.
    pub(crate) fn error(&self) -> (u16, String) {
        (self.status, self.json()["error"]["code"].as_str().unwrap_or_default().to_owned())
    }
}

/// Asks again and again until there is an answer.
pub(crate) async fn eventually<T, F: Future<Output = Option<T>>>(what: &str, ask: impl Fn() -> F) -> T {
    let started = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(started.elapsed() < PATIENCE, "waited in vain for {what}");
        actix_rt::time::sleep(Duration::from_millis(2)).await;
    }
}

/// A request for `tokens` tokens of `model`.
pub(crate) fn request(model: &str, tokens: u64) -> Value {
    json!({
        "model": model,
        "messages": [{ "role": "user", "content": "What is the capital of France?" }],
        "max_tokens": tokens,
        "simulator": { "tokens": tokens },
    })
}

/// The same request with more parameters, or others.
pub(crate) fn with(mut request: Value, more: Value) -> Value {
    for (name, value) in more.as_object().unwrap() {
        match (name.as_str(), request.get_mut(name)) {
            ("simulator", Some(simulator)) => {
                let simulator = simulator.as_object_mut().unwrap();
                simulator.extend(value.as_object().unwrap().clone());
            }
            _ => request[name] = value.clone(),
        }
    }
    request
}

/// Prices that make sums easy to check by eye, beside two of the real ones.
pub(crate) const CATALOG: &str = include_str!("catalog.toml");
