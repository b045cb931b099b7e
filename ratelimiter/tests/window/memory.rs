//! The suite for windows in memory, and what only they promise.

use std::sync::Arc;

use proptest::prelude::*;
use syntopen_ratelimiter::window::MemoryWindow;
use syntopen_shared::clock::{Clock, ManualClock, SystemClock};
use syntopen_shared::id::KeyId;
use syntopen_shared::wire::ratelimiter::Check;

use crate::oracle::play;
use crate::suite::conformance;
use crate::traffic;

fn start() -> (Box<MemoryWindow>, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::at(1_800_000_000_000));
    (Box::new(MemoryWindow::new(Arc::clone(&clock) as Arc<dyn Clock>)), clock)
}

conformance!(start);

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn keeps_the_contract_whatever_arrives(script in traffic::arbitrary()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let (window, clock) = start();
            play(&*window, &clock, script).await;
        });
    }
}

#[test]
fn threads_do_not_share_a_slot_twice() {
    let window = MemoryWindow::new(Arc::new(SystemClock::default()));
    let key = KeyId::mint();
    let ask = || (0..500).map(|_| window.decide(&Check { key, limit: 700, count: 1 }).admitted).sum::<u32>();
    let admitted: u32 = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(ask)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(admitted, 700);
}
