//! Things that belong to the runtime that made them: a connection is driven by a task of its runtime and dies with it,
//! and a worker that waits for its own runtime alone wakes no other thread.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_util::future::{BoxFuture, FutureExt as _, Shared};
use redis::RedisResult;
use tokio::runtime::{Handle, Id};

/// A thing, or its making: whoever comes meanwhile waits for the same outcome.
pub(super) type Made<T> = Shared<BoxFuture<'static, RedisResult<T>>>;

/// One thing for each runtime, made when it is needed and kept until it is forgotten.
pub(super) struct PerRuntime<T: Clone> {
    made: Mutex<HashMap<Option<Id>, Made<T>>>,
}

impl<T: Clone> Default for PerRuntime<T> {
    fn default() -> Self {
        Self { made: Mutex::default() }
    }
}

impl<T: Clone> PerRuntime<T> {
    /// The thing of the current runtime, and the handle by which it is forgotten. A failure is not kept.
    pub(super) async fn get(
        &self,
        make: impl FnOnce() -> BoxFuture<'static, RedisResult<T>>,
    ) -> RedisResult<(T, Made<T>)> {
        let runtime = current();
        let made = self.lock().entry(runtime).or_insert_with(|| make().shared()).clone();
        match made.clone().await {
            Ok(thing) => Ok((thing, made)),
            Err(error) => {
                self.forget(&made);
                Err(error)
            }
        }
    }

    /// Forgets this very thing, not what has come in its place.
    pub(super) fn forget(&self, made: &Made<T>) {
        let mut all = self.lock();
        if all.get(&current()).is_some_and(|current| current.ptr_eq(made)) {
            all.remove(&current());
        }
    }

    /// Nothing is awaited while it is held.
    fn lock(&self) -> MutexGuard<'_, HashMap<Option<Id>, Made<T>>> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn current() -> Option<Id> {
    Handle::try_current().ok().map(|runtime| runtime.id())
}
