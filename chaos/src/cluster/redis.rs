//! Redis and the replica that follows it, and the ways in which their memory is lost.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use syntopen_shared::testing::{RedisServer, wait_until};
use tempfile::TempDir;

use super::{POLL, is_alive};

/// How long a replica may take to follow, before it is taken as it is.
const FOLLOW_MAX: Duration = Duration::from_secs(4);

/// Where a server of version 7 keeps its append-only file, in several parts.
const FILES: &str = "appendonlydir";

/// A Redis that the services talk to, at an address that never changes, and its replica.
pub struct RedisPair {
    pub(super) primary: RedisServer,
    pub(super) replica: RedisServer,
    snapshot: TempDir,
}

impl RedisPair {
    pub(super) fn start() -> Self {
        // A replica that comes back is brought up to date at once, not with others that may come within 5 s.
        let primary = RedisServer::with(&["--appendonly", "yes", "--repl-diskless-sync-delay", "0"]);
        let follow = primary.port().to_string();
        let replica = RedisServer::with(&["--appendonly", "yes", "--replicaof", "127.0.0.1", &follow]);
        Self { primary, replica, snapshot: TempDir::new().unwrap() }
    }

    pub(super) fn begin_primary(&mut self) {
        if !is_alive(self.primary.id()) {
            self.primary.restart();
        }
    }

    pub(super) fn begin_replica(&mut self) {
        if !is_alive(self.replica.id()) {
            self.replica.restart();
        }
    }

    /// Loses all memory while it runs.
    pub fn flush(&mut self) {
        self.begin_primary();
        self.primary.command("FLUSHALL");
    }

    /// Killed, its files removed, started again.
    pub fn remove_files(&mut self) {
        self.primary.kill();
        remove(&files(&self.primary));
        self.primary.restart();
    }

    /// Keeps what it has now. Its file only grows, so that a copy of it is what it was at some moment of the copying.
    pub fn keep(&mut self) {
        let kept = self.snapshot.path().join(FILES);
        remove(&kept);
        copy(&files(&self.primary), &kept);
    }

    /// Killed, and started from what was kept.
    pub fn go_back(&mut self) {
        self.primary.kill();
        replace(&self.snapshot.path().join(FILES), &files(&self.primary));
        self.primary.restart();
    }

    /// From now on the replica falls behind. Whether it had followed up to now: else it is older still.
    pub fn detach(&mut self) -> bool {
        self.begin_replica();
        let follows = self.follows_soon();
        self.replica.command("REPLICAOF NO ONE");
        follows
    }

    /// The primary is killed and the replica takes its address, with what had reached it; another one follows.
    pub fn promote(&mut self) {
        self.primary.kill();
        // Behind a synchronisation its file is not whole before it has been written anew.
        let is_written =
            |told: String| told.contains("aof_rewrite_in_progress:0") && told.contains("aof_rewrite_scheduled:0");
        wait_until("the replica's file is whole", || is_written(self.replica.command("INFO persistence")));
        self.replica.kill();
        replace(&files(&self.replica), &files(&self.primary));
        self.primary.restart();
        remove(&files(&self.replica));
        self.replica.restart();
    }

    fn follows_soon(&self) -> bool {
        let deadline = Instant::now() + FOLLOW_MAX;
        while Instant::now() < deadline {
            let told = self.replica.command("INFO replication");
            if told.contains("master_link_status:up") && told.contains("master_sync_in_progress:0") {
                return true;
            }
            std::thread::sleep(POLL);
        }
        false
    }
}

fn files(server: &RedisServer) -> PathBuf {
    server.dir().join(FILES)
}

fn replace(from: &Path, to: &Path) {
    remove(to);
    copy(from, to);
}

fn remove(folder: &Path) {
    if folder.exists() {
        fs::remove_dir_all(folder).unwrap();
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl RedisPair {
        fn get(&self, key: &str) -> String {
            self.primary.command(&format!("GET {key}"))
        }

        fn replica_has(&self, key: &str) -> bool {
            !self.replica.command(&format!("GET {key}")).starts_with("$-1")
        }
    }

    #[test]
    fn memory_is_lost_in_every_way_and_the_address_stays() {
        let mut redis = RedisPair::start();
        let url = redis.primary.url();
        redis.primary.command("SET a 1");
        redis.keep();
        redis.primary.command("SET b 1");
        redis.go_back();
        assert_eq!((redis.get("a").as_str(), redis.get("b").as_str()), ("$1\r\n1\r\n", "$-1\r\n"));

        wait_until("the replica follows", || redis.replica_has("a"));
        assert!(redis.detach());
        redis.primary.command("SET c 1");
        redis.promote();
        assert_eq!((redis.get("a").as_str(), redis.get("c").as_str()), ("$1\r\n1\r\n", "$-1\r\n"));
        wait_until("a replica follows again", || redis.replica_has("a"));

        redis.flush();
        assert_eq!(redis.get("a"), "$-1\r\n");
        redis.primary.command("SET d 1");
        redis.remove_files();
        assert_eq!((redis.get("d").as_str(), redis.primary.url()), ("$-1\r\n", url));
    }
}
