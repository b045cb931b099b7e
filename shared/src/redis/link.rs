//! The way to one node.

use std::sync::Arc;
use std::time::Duration;

use deadpool_redis::{Manager, Pool, PoolError, Runtime};
use futures_util::future::FutureExt as _;
use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::{
    AsyncConnectionConfig, Cmd, ConnectionInfo, ErrorKind, Pipeline, RedisError, RedisFuture, RedisResult, Script,
    Value,
};

use super::per_runtime::{Made, PerRuntime};

/// How long a node may take to answer. Scripts take microseconds, so that a node which is silent for so long is gone,
/// and callers have somewhere else to turn to.
pub(super) const RESPONSE_TIMEOUT: Duration = Duration::from_millis(500);
/// How long it may take to connect and to be greeted.
pub(super) const CONNECTION_TIMEOUT: Duration = Duration::from_millis(500);

/// How many connections to one node are made at once.
const MAKING_MAX: usize = 16;

/// One node and a connection to it from each runtime; a connection that failed is made anew by the next call.
pub(super) struct Link {
    node: ConnectionInfo,
    /// Makes connections, within bounds of time and number. They are multiplexed and shared from then on, rather than
    /// lent and given back, which would cost a round trip each time.
    pool: Pool,
    connections: PerRuntime<MultiplexedConnection>,
}

impl Link {
    /// A way to `node` that nobody has gone yet.
    pub(super) fn to(node: ConnectionInfo) -> RedisResult<Self> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECTION_TIMEOUT))
            .set_response_timeout(Some(RESPONSE_TIMEOUT));
        let pool = Pool::builder(Manager::new_with_config(node.clone(), config)?)
            .max_size(MAKING_MAX)
            .runtime(Runtime::Tokio1)
            // Bounds the making as a whole: a stopped process still accepts, and then never greets.
            .create_timeout(Some(CONNECTION_TIMEOUT))
            .wait_timeout(Some(CONNECTION_TIMEOUT))
            .build()
            .map_err(|error| RedisError::from((ErrorKind::Client, "no pool", error.to_string())))?;
        Ok(Self { node, pool, connections: PerRuntime::default() })
    }

    /// How the node is reached.
    pub(super) const fn node(&self) -> &ConnectionInfo {
        &self.node
    }

    /// Sends a pipeline and returns the answer to each of its commands.
    pub(super) async fn send(&self, pipeline: &Pipeline) -> RedisResult<Vec<Value>> {
        let (mut connection, made) = self.get().await?;
        let answers = connection.send_packed_commands(pipeline, 0, pipeline.len()).await;
        let answers = answers.and_then(|answers| {
            let complete = answers.len() == pipeline.len();
            if complete { Ok(answers) } else { Err((ErrorKind::Client, "answers are missing").into()) }
        });
        answers.inspect_err(|_| self.connections.forget(&made))
    }

    /// Sends one command.
    pub(super) async fn ask(&self, command: Cmd) -> RedisResult<Value> {
        let mut pipeline = Pipeline::with_capacity(1);
        pipeline.add_command(command);
        let answers = self.send(&pipeline).await?;
        answers.into_iter().next().unwrap_or(Value::Nil).extract_error()
    }

    /// Has the node remember a script.
    pub(super) async fn load(&self, script: &Script) -> RedisResult<()> {
        let (mut connection, made) = self.get().await?;
        let loaded = script.load_async(&mut connection).await;
        loaded.map(|_| ()).inspect_err(|_| self.connections.forget(&made))
    }

    /// Whether the node answers.
    pub(super) async fn reach(&self) -> RedisResult<()> {
        self.get().await.map(|_| ())
    }

    /// What a node refuses is no reason to connect again.
    fn forget_if_broken(&self, made: &Made<MultiplexedConnection>, error: &RedisError) {
        if error.is_io_error() || error.is_unrecoverable_error() {
            self.connections.forget(made);
        }
    }

    async fn get(&self) -> RedisResult<(MultiplexedConnection, Made<MultiplexedConnection>)> {
        let connect = || {
            let pool = self.pool.clone();
            async move {
                let made = pool.get().await.map_err(unreachable)?;
                Ok(deadpool_redis::Connection::take(made))
            }
            .boxed()
        };
        self.connections.get(connect).await
    }
}

/// A node as a connection, for commands that are no script calls. It outlives the connections that it goes through.
#[derive(Clone)]
pub struct Node(pub(super) Arc<Link>);

impl ConnectionLike for Node {
    fn req_packed_command<'a>(&'a mut self, cmd: &'a Cmd) -> RedisFuture<'a, Value> {
        Box::pin(async move {
            let (mut connection, made) = self.0.get().await?;
            let answer = connection.req_packed_command(cmd).await;
            answer.inspect_err(|error| self.0.forget_if_broken(&made, error))
        })
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        cmd: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        Box::pin(async move {
            let (mut connection, made) = self.0.get().await?;
            let answers = connection.req_packed_commands(cmd, offset, count).await;
            answers.inspect_err(|error| self.0.forget_if_broken(&made, error))
        })
    }

    fn get_db(&self) -> i64 {
        self.0.node().redis_settings().db()
    }
}

fn unreachable(error: PoolError) -> RedisError {
    match error {
        PoolError::Backend(error) => error,
        PoolError::Timeout(_) => (ErrorKind::Io, "the node did not greet in time").into(),
        other => (ErrorKind::Io, "no connection", other.to_string()).into(),
    }
}

/// Bounds the making of a connection as a whole: a stopped process still accepts, and then never greets.
pub(super) async fn within<T>(limit: Duration, connecting: impl Future<Output = RedisResult<T>>) -> RedisResult<T> {
    let timed_out = |_| RedisError::from((ErrorKind::Io, "the node did not greet in time"));
    tokio::time::timeout(limit, connecting).await.map_err(timed_out)?
}
