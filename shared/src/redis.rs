//! Redis, as services use it: calls of scripts, gathered into one pipeline for each node that they go to.
//!
//! One node or a Redis Cluster, told apart by the address alone: several comma-separated nodes are a cluster.

mod call;
mod cluster;
mod link;
mod per_runtime;
mod rounds;
mod url;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{FutureExt as _, join_all, select_ok, try_join_all};
use redis::aio::ConnectionLike;
use redis::cluster::{ClusterClient, ClusterClientBuilder};
use redis::cluster_async::ClusterConnection;
use redis::{Cmd, ErrorKind, Pipeline, RedisFuture, RedisResult, Value, from_redis_value};

use cluster::Cluster;
use link::{CONNECTION_TIMEOUT, Link, RESPONSE_TIMEOUT, within};
use per_runtime::PerRuntime;
use rounds::{Due, ROUNDS_MAX, add_to};

pub use call::Call;
pub use link::Node;
pub use url::RedisUrl;

/// The oldest Redis whose scripts may do what ours do.
const FLOOR: (u32, u32) = (7, 0);
/// How long it may take to connect to all nodes of a cluster, some of which may be silent.
const CLUSTER_TIMEOUT: Duration = Duration::from_secs(1);
/// How often a command outside of scripts is sent again, and the longest wait before that, in milliseconds.
const RETRIES: u32 = 2;
const RETRY_WAIT_MAX_MS: u64 = 50;

/// Connections to one Redis or one Redis Cluster, made when they are needed, one a node and runtime.
///
/// Whatever happens to a node, a call ends within about a second: with an answer, or with an error, after which it may
/// have been carried out all the same. The next call tries anew, so that nothing needs to be done when a node is back.
pub struct Redis {
    servers: Servers,
}

enum Servers {
    One(Arc<Link>),
    Cluster(Cluster, Box<Commands>),
}

/// The way of commands that are no script calls into a cluster.
struct Commands {
    client: ClusterClient,
    connections: PerRuntime<ClusterConnection>,
}

/// A connection that many may use at once, and that mends itself.
#[derive(Clone)]
pub enum Connection {
    /// To the one node.
    One(Node),
    /// To all nodes of a cluster.
    Cluster(ClusterConnection),
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redis").field("is_cluster", &self.is_cluster()).finish_non_exhaustive()
    }
}

impl Redis {
    /// Connections to `url`, made when they are needed.
    ///
    /// # Errors
    /// When the address is of no known form.
    pub fn open(url: &RedisUrl) -> anyhow::Result<Self> {
        let mut nodes = url.nodes()?;
        let servers = match nodes.len() {
            1 => Servers::One(Arc::new(Link::to(nodes.remove(0))?)),
            _ => {
                let client = ClusterClientBuilder::new(nodes.clone())
                    .connection_timeout(CONNECTION_TIMEOUT)
                    .response_timeout(RESPONSE_TIMEOUT)
                    .retries(RETRIES)
                    .max_retry_wait(RETRY_WAIT_MAX_MS)
                    .build()?;
                let commands = Commands { client, connections: PerRuntime::default() };
                Servers::Cluster(Cluster::open(nodes)?, Box::new(commands))
            }
        };
        Ok(Self { servers })
    }

    /// Whether it is a Redis Cluster.
    #[must_use]
    pub const fn is_cluster(&self) -> bool {
        matches!(self.servers, Servers::Cluster(..))
    }

    /// A connection for commands that are no script calls.
    ///
    /// # Errors
    /// When no node can be reached.
    pub async fn connection(&self) -> RedisResult<Connection> {
        match &self.servers {
            Servers::One(link) => {
                link.reach().await?;
                Ok(Connection::One(Node(Arc::clone(link))))
            }
            Servers::Cluster(_, commands) => {
                let client = commands.client.clone();
                let connect = || async move { within(CLUSTER_TIMEOUT, client.get_async_connection()).await }.boxed();
                let (connection, _) = commands.connections.get(connect).await?;
                Ok(Connection::Cluster(connection))
            }
        }
    }

    /// Calls scripts, those of one node in one pipeline, and answers in their order. Calls over the same key are
    /// carried out in their order.
    ///
    /// A script that a node has forgotten is sent along with only the calls that lacked it, and a call that came to a
    /// node which no longer serves its slot goes to the one that does. An error says that the call was refused, or
    /// that nobody knows whether it was carried out.
    pub async fn call_all(&self, calls: &[Call<'_>]) -> Vec<RedisResult<Value>> {
        let mut answers: Vec<RedisResult<Value>> = calls.iter().map(|_| Err(unanswered())).collect();
        let mut due: Vec<_> = (0..calls.len()).map(Due::first).collect();
        for _ in 0..ROUNDS_MAX {
            if due.is_empty() {
                break;
            }
            due = self.round(calls, due, &mut answers).await;
        }
        answers
    }

    /// Calls one script.
    ///
    /// # Errors
    /// What Redis or the way to it says.
    pub async fn call(&self, call: Call<'_>) -> RedisResult<Value> {
        let answers = self.call_all(&[call]).await;
        answers.into_iter().next().unwrap_or_else(|| Err(unanswered()))
    }

    /// Whether any node answers.
    ///
    /// # Errors
    /// When none does.
    pub async fn ping(&self) -> RedisResult<()> {
        let ping = |node: Arc<Link>| async move { node.ask(command(&["PING"])).await.map(|_| ()) }.boxed();
        select_ok(self.nodes().await?.into_iter().map(ping)).await.map(|_| ())
    }

    /// The section `name` of what each primary says of itself.
    ///
    /// # Errors
    /// When one of them cannot be asked.
    pub async fn info(&self, name: &str) -> RedisResult<Vec<String>> {
        let ask = |node: Arc<Link>| async move { Ok(from_redis_value(node.ask(command(&["INFO", name])).await?)?) };
        try_join_all(self.nodes().await?.into_iter().map(ask)).await
    }

    /// Whether every primary is new enough for the scripts of this program, Redis 7.0 or later.
    ///
    /// # Errors
    /// When one cannot be asked. The inner error names the version that is too old.
    pub async fn check_version(&self) -> RedisResult<Result<(), TooOld>> {
        let infos = self.info("server").await?;
        let too_old = infos.iter().map(|info| version_of(info)).find(|version| parse(version) < FLOOR);
        Ok(too_old.map_or(Ok(()), |version| Err(TooOld { version: version.to_owned() })))
    }

    /// Every primary; never none.
    async fn nodes(&self) -> RedisResult<Vec<Arc<Link>>> {
        match &self.servers {
            Servers::One(link) => Ok(vec![Arc::clone(link)]),
            Servers::Cluster(cluster, _) => {
                let primaries = cluster.map().await?.0.primaries();
                if primaries.is_empty() { Err(no_node()) } else { Ok(primaries) }
            }
        }
    }

    /// Sends what is due, files the answers, and returns what is due next.
    async fn round(&self, calls: &[Call<'_>], due: Vec<Due>, answers: &mut [RedisResult<Value>]) -> Vec<Due> {
        let mut groups = Vec::new();
        let mut used_map = None;
        match &self.servers {
            Servers::One(link) => due.into_iter().for_each(|due| add_to(&mut groups, link, due)),
            Servers::Cluster(cluster, _) => {
                let (map, made) = match cluster.map().await {
                    Ok(map) => map,
                    Err(error) => {
                        due.iter().for_each(|due| answers[due.place()] = Err(error.clone()));
                        return Vec::new();
                    }
                };
                for due in due {
                    match due.link(cluster).or_else(|| map.primary_of(calls[due.place()].slot()).cloned()) {
                        Some(link) => add_to(&mut groups, &link, due),
                        None => answers[due.place()] = Err(no_node()),
                    }
                }
                used_map = Some((cluster, made));
            }
        }
        let answered = join_all(groups.into_iter().map(|group| group.send(calls))).await;
        let (mut next, mut is_wrong) = (Vec::new(), false);
        for (due, answer) in answered.into_iter().flatten() {
            let place = due.place();
            if let Err(error) = &answer {
                is_wrong |= error.is_io_error() || error.is_cluster_error();
                next.extend(due.again(error));
            }
            answers[place] = answer;
        }
        if let Some((cluster, map)) = used_map.filter(|_| is_wrong) {
            cluster.forget(&map);
        }
        next
    }
}

/// A Redis that lacks what the scripts need.
#[derive(Debug, thiserror::Error)]
#[error("Redis {version} is too old: 7.0 is the oldest that is supported")]
pub struct TooOld {
    /// What it says that it is.
    version: String,
}

fn command(words: &[&str]) -> Cmd {
    let mut command = Cmd::new();
    words.iter().for_each(|word| {
        command.arg(*word);
    });
    command
}

fn version_of(info: &str) -> &str {
    info.lines().find_map(|line| line.strip_prefix("redis_version:")).map_or("of unknown version", str::trim)
}

fn parse(version: &str) -> (u32, u32) {
    let mut parts = version.split('.').map(|part| part.parse().unwrap_or(0));
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0))
}

fn unanswered() -> redis::RedisError {
    (ErrorKind::Client, "the call was not answered").into()
}

fn no_node() -> redis::RedisError {
    (ErrorKind::ClusterConnectionNotFound, "no node serves the slot").into()
}

impl ConnectionLike for Connection {
    fn req_packed_command<'a>(&'a mut self, cmd: &'a Cmd) -> RedisFuture<'a, Value> {
        match self {
            Self::One(connection) => connection.req_packed_command(cmd),
            Self::Cluster(connection) => connection.req_packed_command(cmd),
        }
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        cmd: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        match self {
            Self::One(connection) => connection.req_packed_commands(cmd, offset, count),
            Self::Cluster(connection) => connection.req_packed_commands(cmd, offset, count),
        }
    }

    fn get_db(&self) -> i64 {
        match self {
            Self::One(connection) => connection.get_db(),
            Self::Cluster(connection) => connection.get_db(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_is_a_node_and_several_are_a_cluster() {
        let open = |url: &str| Redis::open(&url.parse().unwrap()).unwrap();
        assert!(!open("redis://127.0.0.1:6379").is_cluster());
        assert!(open("redis://a:1, redis://b:2,redis://c:3").is_cluster());
    }

    #[test]
    fn versions_are_compared_as_numbers() {
        for (info, new_enough) in [
            ("redis_version:7.0.15\r\n", true),
            ("# Server\r\nredis_version:10.1.0\r\n", true),
            ("redis_version:6.2.14\r\n", false),
            ("server_name:x\r\n", false),
        ] {
            assert_eq!(parse(version_of(info)) >= FLOOR, new_enough, "{info}");
        }
    }
}
