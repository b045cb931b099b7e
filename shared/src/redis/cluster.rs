//! A Redis Cluster: which node serves which slots.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::{FutureExt as _, select_ok};
use redis::{Cmd, ConnectionAddr, ConnectionInfo, ErrorKind, RedisResult, Value, from_redis_value};

use super::link::Link;
use super::per_runtime::{Made, PerRuntime};

/// The nodes of a cluster.
pub(super) struct Cluster {
    nodes: Arc<Nodes>,
    map: PerRuntime<Arc<Map>>,
}

/// Who serves what, as a node told it.
#[derive(Default)]
pub(super) struct Map {
    /// Ordered by their slots.
    ranges: Vec<Range>,
}

struct Range {
    first: u16,
    last: u16,
    primary: Arc<Link>,
}

struct Nodes {
    /// The nodes of the setting, which are asked for the others.
    seeds: Vec<Arc<Link>>,
    /// By their addresses, so that a connection outlives the map it was found by.
    known: Mutex<HashMap<String, Arc<Link>>>,
}

impl Cluster {
    /// A cluster that is found through `seeds`.
    pub(super) fn open(seeds: Vec<ConnectionInfo>) -> RedisResult<Self> {
        let seeds = seeds.into_iter().map(|seed| Link::to(seed).map(Arc::new)).collect::<RedisResult<Vec<_>>>()?;
        Ok(Self { nodes: Arc::new(Nodes { seeds, known: Mutex::default() }), map: PerRuntime::default() })
    }

    /// The map, asked for when there is none.
    pub(super) async fn map(&self) -> RedisResult<(Arc<Map>, Made<Arc<Map>>)> {
        let nodes = Arc::clone(&self.nodes);
        self.map.get(|| async move { nodes.find_map().await }.boxed()).await
    }

    /// Has the next call ask for a new map, unless somebody has asked for one since `map`.
    pub(super) fn forget(&self, map: &Made<Arc<Map>>) {
        self.map.forget(map);
    }

    /// The way to the node at `address`, which another node pointed to; none where it named no host.
    pub(super) fn link_to(&self, address: &str) -> Option<Arc<Link>> {
        let (host, port) = address.rsplit_once(':')?;
        let named = !host.is_empty() && host != "?";
        self.nodes.link(host, port.parse().ok().filter(|_| named)?).ok()
    }
}

impl Map {
    /// The primary of `slot`; none where no node serves it.
    pub(super) fn primary_of(&self, slot: u16) -> Option<&Arc<Link>> {
        let place = self.ranges.partition_point(|range| range.last < slot);
        self.ranges.get(place).filter(|range| range.first <= slot).map(|range| &range.primary)
    }

    /// Every primary, once.
    pub(super) fn primaries(&self) -> Vec<Arc<Link>> {
        let mut primaries: Vec<Arc<Link>> = Vec::new();
        for range in &self.ranges {
            if !primaries.iter().any(|known| Arc::ptr_eq(known, &range.primary)) {
                primaries.push(Arc::clone(&range.primary));
            }
        }
        primaries
    }
}

impl Nodes {
    /// Asks every node there is, and believes the first that answers: one that is behind sends a call to the wrong
    /// node, which says so.
    async fn find_map(self: Arc<Self>) -> RedisResult<Arc<Map>> {
        let known: Vec<_> = self.known().values().cloned().collect();
        let asked = self.seeds.iter().cloned().chain(known).map(|link| ask_for_slots(link).boxed());
        let ((slots, asked), _) = select_ok(asked).await?;
        let mut map = Map::default();
        for range in slots {
            let (first, last, host, port) = read_range(range, asked.node())?;
            map.ranges.push(Range { first, last, primary: self.link(&host, port)? });
        }
        map.ranges.sort_by_key(|range| range.first);
        let primaries = map.primaries();
        self.known().retain(|_, link| primaries.iter().any(|primary| Arc::ptr_eq(primary, link)));
        Ok(Arc::new(map))
    }

    /// The way to a node, with the credentials and the TLS of the setting.
    fn link(&self, host: &str, port: u16) -> RedisResult<Arc<Link>> {
        let mut known = self.known();
        let address = format!("{host}:{port}");
        if let Some(link) = known.get(&address) {
            return Ok(Arc::clone(link));
        }
        let Some(seed) = self.seeds.first() else {
            return Err((ErrorKind::InvalidClientConfig, "the cluster has no nodes").into());
        };
        let node = match seed.node().addr() {
            ConnectionAddr::TcpTls { insecure, tls_params, .. } => ConnectionAddr::TcpTls {
                host: host.to_owned(),
                port,
                insecure: *insecure,
                tls_params: tls_params.clone(),
            },
            _ => ConnectionAddr::Tcp(host.to_owned(), port),
        };
        let link = Arc::new(Link::to(seed.node().clone().set_addr(node))?);
        known.insert(address, Arc::clone(&link));
        Ok(link)
    }

    /// Nothing is awaited while it is held.
    fn known(&self) -> MutexGuard<'_, HashMap<String, Arc<Link>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The answer to `CLUSTER SLOTS`: for each range its first slot, its last, its primary, and any replicas.
type Slots = Vec<Vec<Value>>;

async fn ask_for_slots(link: Arc<Link>) -> RedisResult<(Slots, Arc<Link>)> {
    let mut command = Cmd::new();
    command.arg("CLUSTER").arg("SLOTS");
    let slots = from_redis_value(link.ask(command).await?)?;
    Ok((slots, link))
}

/// A range and where its primary is. A node that does not know its own host leaves it out: it is where it was asked.
fn read_range(range: Vec<Value>, asked: &ConnectionInfo) -> RedisResult<(u16, u16, String, u16)> {
    let mut parts = range.into_iter();
    let mut next = || parts.next().unwrap_or(Value::Nil);
    let (first, last): (u16, u16) = (from_redis_value(next())?, from_redis_value(next())?);
    let primary: Vec<Value> = from_redis_value(next())?;
    let mut parts = primary.into_iter();
    let mut next = || parts.next().unwrap_or(Value::Nil);
    let (host, port): (Option<String>, u16) = (from_redis_value(next())?, from_redis_value(next())?);
    let own_host = match asked.addr() {
        ConnectionAddr::Tcp(host, _) | ConnectionAddr::TcpTls { host, .. } => host.as_str(),
        _ => "127.0.0.1",
    };
    let host = host.filter(|host| !host.is_empty() && host != "?").unwrap_or_else(|| own_host.to_owned());
    Ok((first, last, host, port))
}
