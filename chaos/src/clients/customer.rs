//! A customer that asks for one thing after the other, of any gateway.

use std::time::Duration;

use awc::Client;
use awc::http::header::{AUTHORIZATION, CONTENT_TYPE};
use futures_util::StreamExt as _;
use serde_json::json;

use super::{Payer, Plan, Scene, Seen, Told, client};

/// How a customer goes about it.
pub struct Manner<P, G> {
    /// Makes the next request.
    pub plan: P,
    /// Which gateway to ask, by the number of the request.
    pub gateway: G,
    /// How long it rests after an answer.
    pub rest: Duration,
}

/// Someone with a key.
pub struct Customer {
    /// What is shared with others.
    pub scene: Scene,
    /// Whose key.
    pub payer: Payer,
}

impl Customer {
    /// Asks until it is over; everything that was seen.
    pub async fn ask_on<P, G>(self, mut manner: Manner<P, G>) -> Vec<Seen>
    where
        P: FnMut(usize) -> Plan,
        G: Fn(usize) -> usize,
    {
        let (client, mut seen) = (client(), Vec::new());
        while !self.scene.over.get() {
            let number = seen.len();
            let gateway = (manner.gateway)(number) % self.scene.map.gateways.len();
            seen.push(ask(&client, &self.scene, (&self.payer, gateway), (manner.plan)(number)).await);
            actix_rt::time::sleep(manner.rest).await;
        }
        seen
    }
}

/// Asks a gateway once. What is about to be asked, and what was seen, is on the disk before anything follows from it.
pub async fn ask(client: &Client, scene: &Scene, (payer, gateway): (&Payer, usize), plan: Plan) -> Seen {
    scene.journal.write(&json!({"ask": plan.tag, "key": payer.key, "gateway": gateway})).await;
    let sent = scene.journal.now();
    let mut seen = Seen {
        tag: plan.tag.clone(),
        account: payer.account,
        key: payer.key,
        model: plan.model,
        stream: plan.stream,
        gateway,
        sent,
        head: None,
        end: sent,
        waited: Duration::ZERO,
        id: None,
        status: 0,
        told: Told::default(),
    };
    let mut body = Vec::new();
    let reading = Reading { client, scene, payer, plan: &plan };
    // A customer that loses patience drops the connection, wherever the answer stands.
    let read = tokio::time::timeout(plan.patience, reading.read(&mut seen, &mut body)).await;
    let is_whole = matches!(read, Ok(true));
    seen.end = scene.journal.now();
    seen.told = match (seen.status, plan.stream) {
        (200, true) => Told::by_stream(&body),
        _ if is_whole => Told::by_json(&body),
        _ => Told::default(),
    };
    scene.journal.write(&seen).await;
    seen
}

struct Reading<'a> {
    client: &'a Client,
    scene: &'a Scene,
    payer: &'a Payer,
    plan: &'a Plan,
}

impl Reading<'_> {
    /// Reads an answer; whether the connection brought it to its end.
    async fn read(&self, seen: &mut Seen, body: &mut Vec<u8>) -> bool {
        let address = self.scene.map.gateways[seen.gateway];
        let post = self.client.post(format!("http://{address}/api/v1/chat/completions"));
        let post = post.insert_header((AUTHORIZATION, format!("Bearer {}", self.payer.api_key)));
        let post = post.insert_header((CONTENT_TYPE, "application/json"));
        let asked = self.scene.journal.now();
        let Ok(mut response) = post.send_body(self.plan.body.to_string()).await else { return false };
        seen.status = response.status().as_u16();
        seen.id = response.headers().get("x-request-id").and_then(|id| Some(id.to_str().ok()?.to_owned()));
        let mut last = self.scene.journal.now();
        (seen.head, seen.waited) = (Some(last), last - asked);
        while let Some(part) = response.next().await {
            let Ok(part) = part else { return false };
            let now = self.scene.journal.now();
            (seen.waited, last) = (seen.waited.max(now - last), now);
            body.extend_from_slice(&part);
            if !self.plan.pause.is_zero() {
                actix_rt::time::sleep(self.plan.pause).await;
                last = self.scene.journal.now();
            }
        }
        true
    }
}
