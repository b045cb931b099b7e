//! A Redis Cluster of three primaries.

use syntopen_shared::redis::Call;
use syntopen_shared::testing::{RedisCluster, RedisServer};

use crate::{Scripts, answers, numbers, open, recovers, recovers_plainly};

/// Enough keys for every node to have many.
const KEYS: usize = 60;

fn keys() -> Vec<String> {
    (0..KEYS).map(|number| format!("{{k{number}}}:a")).collect()
}

fn add_to_each<'a>(scripts: &'a Scripts, keys: &[String]) -> Vec<Call<'a>> {
    keys.iter().map(|key| scripts.add(key, 1)).collect()
}

#[tokio::test]
async fn reaches_every_node_and_answers_in_order() {
    let (cluster, scripts) = (RedisCluster::start(), Scripts::new());
    let redis = open(&cluster.url());
    let calls: Vec<_> = keys().iter().zip(1..).map(|(key, amount)| scripts.add(key, amount)).collect();
    assert_eq!(numbers(&redis, &calls).await, (1..=KEYS as i64).collect::<Vec<_>>());
    let sizes = cluster.nodes().iter().map(|node| node.command("DBSIZE"));
    assert!(sizes.into_iter().all(|size| size != ":0\r\n"), "some node has no key");
    redis.ping().await.unwrap();
    redis.check_version().await.unwrap().unwrap();
    assert_eq!(redis.info("server").await.unwrap().len(), 3);
}

#[tokio::test]
async fn forgotten_scripts_are_loaded_where_they_are_missing() {
    let (cluster, scripts) = (RedisCluster::start(), Scripts::new());
    let redis = open(&cluster.url());
    let (keys, mut expected) = (keys(), 0);
    for flushed in [&[0][..], &[1, 2], &[0, 1, 2], &[]] {
        for node in flushed {
            assert_eq!(cluster.nodes()[*node].command("SCRIPT FLUSH"), "+OK\r\n");
        }
        expected += 1;
        assert_eq!(numbers(&redis, &add_to_each(&scripts, &keys)).await, [expected; KEYS]);
    }
}

#[tokio::test]
async fn follows_a_slot_that_has_moved_or_is_moving() {
    let (cluster, scripts) = (RedisCluster::start(), Scripts::new());
    let redis = open(&cluster.url());
    let (moved, moving, staying) = ("{moved}", "{moving}", "{staying}");
    // Known to the map, but not to the nodes: a slot with keys cannot be handed over just so.
    numbers(&redis, &[scripts.read(moved), scripts.read(moving)]).await;

    let (from, to) = (cluster.node_of(moved), (cluster.node_of(moved) + 1) % 3);
    cluster.move_slot(moved, to);
    cluster.begin_to_move_slot(moving, (cluster.node_of(moving) + 1) % 3);
    cluster.nodes()[to].command("SCRIPT FLUSH");

    let calls = [scripts.add(staying, 1), scripts.add(moved, 1), scripts.add(moving, 1), scripts.add(moved, 1)];
    assert_eq!(numbers(&redis, &calls).await, [1, 1, 1, 2]);
    assert_eq!(numbers(&redis, &calls).await, [2, 3, 2, 4]);
    assert_eq!((cluster.node_of(moved), from == to), (to, false));
}

#[tokio::test]
async fn a_stopped_node_spoils_only_its_own_calls_until_it_goes_on() {
    let (cluster, scripts) = (RedisCluster::with(&["--cluster-require-full-coverage", "no"]), Scripts::new());
    let redis = open(&cluster.url());
    let keys = keys();
    numbers(&redis, &add_to_each(&scripts, &keys)).await;
    cluster.nodes()[0].pause();
    let served: Vec<_> = keys.iter().map(|key| cluster_without_first(&cluster, key)).collect();
    for _ in 0..3 {
        let answers = answers(&redis, &add_to_each(&scripts, &keys)).await;
        assert_eq!(answers.iter().map(Result::is_ok).collect::<Vec<_>>(), served);
    }
    redis.ping().await.unwrap();
    cluster.nodes()[0].resume();
    recovers(&redis, &add_to_each(&scripts, &keys)).await;
}

/// Whether a node other than the first serves `key`; the first is not asked, for it does not answer.
fn cluster_without_first(cluster: &RedisCluster, key: &str) -> bool {
    cluster.nodes()[1..].iter().any(|node| !node.command(&format!("EXISTS {key}")).starts_with('-'))
}

#[tokio::test]
async fn a_cluster_that_is_silent_is_an_error_until_it_goes_on() {
    let (cluster, scripts) = (RedisCluster::start(), Scripts::new());
    let (redis, unconnected) = (open(&cluster.url()), open(&cluster.url()));
    let calls = add_to_each(&scripts, &keys());
    numbers(&redis, &calls).await;
    cluster.nodes().iter().for_each(RedisServer::pause);
    for redis in [&redis, &unconnected, &redis] {
        assert!(answers(redis, &calls).await.iter().all(Result::is_err));
    }
    assert!(unconnected.connection().await.is_err());
    assert!(redis.ping().await.is_err());
    cluster.nodes().iter().for_each(RedisServer::resume);
    recovers(&redis, &calls).await;
    recovers(&unconnected, &calls).await;
    unconnected.connection().await.unwrap();
}

#[tokio::test]
async fn a_killed_node_is_used_again_when_it_is_back() {
    let (mut cluster, scripts) = (RedisCluster::start(), Scripts::new());
    let redis = open(&cluster.url());
    let keys = keys();
    numbers(&redis, &add_to_each(&scripts, &keys)).await;
    cluster.nodes_mut()[1].kill();
    assert!(answers(&redis, &add_to_each(&scripts, &keys)).await.iter().any(Result::is_err));
    cluster.nodes_mut()[1].restart();
    recovers(&redis, &add_to_each(&scripts, &keys)).await;
}

#[tokio::test]
async fn a_connection_for_plain_commands_mends_itself() {
    let mut cluster = RedisCluster::start();
    let mut connection = open(&cluster.url()).connection().await.unwrap();
    for key in keys() {
        redis::cmd("SET").arg(&key).arg("1").exec_async(&mut connection).await.unwrap();
    }
    let key = &keys()[0];
    let node = cluster.node_of(key);
    cluster.nodes_mut()[node].kill();
    assert!(redis::cmd("INCR").arg(key).exec_async(&mut connection).await.is_err());
    cluster.nodes_mut()[node].restart();
    recovers_plainly(&mut connection).await;
    redis::cmd("INCR").arg(key).exec_async(&mut connection).await.unwrap();
}

#[tokio::test]
async fn a_cluster_is_found_through_any_node_that_lives() {
    let (mut cluster, scripts) = (RedisCluster::with(&["--cluster-require-full-coverage", "no"]), Scripts::new());
    cluster.nodes_mut()[0].kill();
    let redis = open(&cluster.url());
    let keys = keys();
    let alive = keys.iter().find(|key| cluster.nodes()[2].command(&format!("EXISTS {key}")) == ":0\r\n").unwrap();
    recovers(&redis, &[scripts.add(alive, 1)]).await;
}
