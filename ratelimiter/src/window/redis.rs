//! Windows in Redis: exact over any number of replicas, which share them.

mod breaches;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use redis::{RedisError, RedisResult, Script, Value, from_redis_value};
use syntopen_shared::clock::Clock;
use syntopen_shared::id::KeyId;
use syntopen_shared::redis::{Call, Redis};
use syntopen_shared::wire::ratelimiter::{Check, Decision};

use super::{Unavailable, Window};
use crate::metrics::Metrics;

/// Failures are logged this often at most.
const TELL_EVERY: Duration = Duration::from_secs(10);

/// The windows of all keys, one string each: `rl:{key}`. Instants are those of Redis' own clock.
///
/// [`Window::check_all`] costs one script call for each key and limit, all calls of a node in one pipeline.
pub struct RedisWindow {
    redis: Redis,
    script: Script,
    metrics: Arc<Metrics>,
    /// A clock that is read instead of Redis' own, for tests.
    clock: Option<Arc<dyn Clock>>,
    /// When a failure was last logged.
    told: Mutex<Option<Instant>>,
}

impl RedisWindow {
    /// The windows in `redis`.
    #[must_use]
    pub fn new(redis: Redis, metrics: Arc<Metrics>) -> Self {
        Self { redis, script: Script::new(&breaches::script()), metrics, clock: None, told: Mutex::default() }
    }

    /// The same windows in the time of `clock`, for tests; Redis forgets silent keys by its own clock all the same.
    #[must_use]
    pub fn in_time_of(self, clock: Arc<dyn Clock>) -> Self {
        Self { clock: Some(clock), ..self }
    }

    async fn call_all(&self, groups: &[Group]) -> Vec<RedisResult<Decision>> {
        let now = self.clock.as_ref().map(|clock| clock.monotonic_us().to_string());
        let calls: Vec<_> = groups.iter().map(|group| self.call(group, now.as_deref())).collect();
        let timer = self.metrics.redis_call();
        let answers = self.redis.call_all(&calls).await;
        timer.observe_duration();
        let decisions: Vec<_> = answers.into_iter().map(|answer| answer.and_then(read)).collect();
        if let Some(Err(error)) = decisions.iter().find(|decision| decision.is_err()) {
            self.tell(error, decisions.iter().filter(|decision| decision.is_err()).count());
        }
        decisions
    }

    /// Counts failed calls and logs them: now and then, for during an outage every batch fails.
    fn tell(&self, error: &RedisError, calls: usize) {
        self.metrics.redis_failed(calls);
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.is_none_or(|told| told.elapsed() > TELL_EVERY) {
            *told = Some(Instant::now());
            tracing::error!(cause = %error, "Redis does not decide; gateways fall back to windows of their own");
        }
    }

    fn call(&self, group: &Group, now: Option<&str>) -> Call<'_> {
        let (limit, count) = (group.limit.to_string(), group.count.to_string());
        let arguments = [limit.as_bytes(), count.as_bytes(), now.unwrap_or_default().as_bytes()];
        let given = if now.is_some() { &arguments[..] } else { &arguments[..2] };
        Call::new(&self.script, &[format!("rl:{{{}}}", group.key)], given)
    }
}

#[async_trait]
impl Window for RedisWindow {
    async fn check(&self, check: Check) -> Result<Decision, Unavailable> {
        let answers = self.call_all(&[Group::of(&check)]).await;
        answers.into_iter().next().unwrap_or_else(|| Err(unanswered())).map_err(unavailable)
    }

    async fn check_all(&self, checks: &[Check]) -> Vec<Result<Decision, Unavailable>> {
        if let [check] = checks {
            return vec![self.check(*check).await];
        }
        let (groups, members) = group(checks);
        let mut answers = self.call_all(&groups).await;
        let answer = |(check, member): (&Check, usize)| match answers.get_mut(member) {
            Some(Ok(decision)) => Ok(share(check, decision)),
            Some(Err(error)) => Err(unavailable(error.clone())),
            None => Err(unavailable(unanswered())),
        };
        checks.iter().zip(members).map(answer).collect()
    }

    async fn ready(&self) -> Result<(), Unavailable> {
        self.redis.ping().await.map_err(unavailable)
    }
}

impl std::fmt::Debug for RedisWindow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisWindow").field("redis", &self.redis).finish_non_exhaustive()
    }
}

/// Checks that follow one another on a key under one limit: one call decides them all.
struct Group {
    key: KeyId,
    limit: u32,
    count: u32,
}

impl Group {
    const fn of(check: &Check) -> Self {
        Self { key: check.key, limit: check.limit, count: check.count }
    }
}

/// Takes the share of the next check out of its group's decision: first come, first served, so that each is told what
/// it would have been told alone.
fn share(check: &Check, decision: &mut Decision) -> Decision {
    let admitted = check.count.min(decision.admitted);
    decision.admitted -= admitted;
    Decision { admitted, remaining: decision.remaining.saturating_add(decision.admitted), ..*decision }
}

/// Groups `checks`, and says of each in which group it is.
///
/// A check joins the latest group of its key if that has its limit, so that the checks of a key keep their order. One
/// that only asks stays alone: what it is told must not depend on who consumes after it.
fn group(checks: &[Check]) -> (Vec<Group>, Vec<usize>) {
    let mut groups: Vec<Group> = Vec::with_capacity(checks.len());
    let mut latest: HashMap<KeyId, usize> = HashMap::with_capacity(checks.len());
    let mut members = Vec::with_capacity(checks.len());
    for check in checks {
        let joins = latest.get(&check.key).copied().filter(|place| {
            let group = &groups[*place];
            group.limit == check.limit && group.count > 0 && check.count > 0
        });
        let place = joins.unwrap_or(groups.len());
        match groups.get_mut(place) {
            // More than fit into the sum are more than any limit admits.
            Some(group) => group.count = group.count.saturating_add(check.count),
            None => groups.push(Group::of(check)),
        }
        latest.insert(check.key, place);
        members.push(place);
    }
    (groups, members)
}

fn read(answer: Value) -> RedisResult<Decision> {
    let (admitted, remaining, next_us) = from_redis_value(answer)?;
    Ok(Decision { admitted, remaining, next_us })
}

fn unanswered() -> RedisError {
    (redis::ErrorKind::Client, "the check was not answered").into()
}

fn unavailable(error: RedisError) -> Unavailable {
    Unavailable(error.into())
}
