//! Random commands against a naive model, with restarts and kills in between.

use std::collections::{HashMap, HashSet};

use proptest::prelude::*;
use syntopen_shared::id::RequestId;
use syntopen_shared::wire::ledger::FinishKind;

use crate::support::Bench;

const REQUESTS: usize = 5;

#[derive(Clone, Copy, Debug)]
enum Step {
    Hold { request: usize, amount: i64 },
    Checkpoint { request: usize, cost: i64 },
    Settle { request: usize, cost: i64 },
    Release { request: usize },
    Credit { amount: i64 },
    Tick { seconds: i64 },
    Restart,
    Kill,
}

fn step() -> impl Strategy<Value = Step> {
    let request = 0..REQUESTS;
    let cost = 0..80_i64;
    prop_oneof![
        6 => (request.clone(), 0..80_i64).prop_map(|(request, amount)| Step::Hold { request, amount }),
        4 => (request.clone(), cost.clone()).prop_map(|(request, cost)| Step::Checkpoint { request, cost }),
        4 => (request.clone(), cost).prop_map(|(request, cost)| Step::Settle { request, cost }),
        2 => request.prop_map(|request| Step::Release { request }),
        2 => (1..100_i64).prop_map(|amount| Step::Credit { amount }),
        2 => (1..70_i64).prop_map(|seconds| Step::Tick { seconds }),
        1 => Just(Step::Restart),
        1 => Just(Step::Kill),
    ]
}

/// What a request is, in the plainest words.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Request {
    Open { amount: i64, cost: i64, checkpointed: bool, age: i64 },
    Settled { total: i64 },
    Released,
    Expired { total: i64 },
}

#[derive(Default)]
struct Model {
    posted: i64,
    credits: usize,
    requests: HashMap<usize, Request>,
    /// Requests that ended in a process before. Their holds are never sent again: who mints the ids ends with it.
    of_before: HashSet<usize>,
}

impl Model {
    fn held(&self) -> i64 {
        self.requests.values().map(|request| if let Request::Open { amount, .. } = request { *amount } else { 0 }).sum()
    }

    /// Whether the hold is granted.
    fn hold(&mut self, request: usize, amount: i64) -> bool {
        match self.requests.get(&request) {
            Some(Request::Open { amount: held, .. }) => *held == amount,
            Some(_) => false,
            None => {
                let granted = amount == 0 || amount <= self.posted - self.held();
                if granted {
                    self.requests.insert(request, Request::Open { amount, cost: 0, checkpointed: false, age: 0 });
                }
                granted
            }
        }
    }

    /// Checkpoints put back what is not known: here a hold of nothing.
    fn checkpoint(&mut self, request: usize, cost: i64) {
        let entry = self.requests.entry(request);
        let known = entry.or_insert(Request::Open { amount: 0, cost: 0, checkpointed: true, age: 0 });
        if let Request::Open { cost: before, checkpointed, age, .. } = known {
            (*before, *checkpointed, *age) = (cost.max(*before), true, 0);
        }
    }

    /// Whether the settlement is accepted.
    fn settle(&mut self, request: usize, total: i64) -> bool {
        match self.requests.get(&request).copied() {
            Some(Request::Settled { total: was }) => return was == total,
            Some(Request::Released) => return false,
            Some(Request::Expired { total: was }) if total <= was => return true,
            Some(Request::Expired { total: was }) => self.posted -= total - was,
            Some(Request::Open { .. }) | None => self.posted -= total,
        }
        self.requests.insert(request, Request::Settled { total });
        true
    }

    /// Whether the release is accepted.
    fn release(&mut self, request: usize) -> bool {
        match self.requests.get(&request).copied() {
            Some(Request::Settled { total } | Request::Expired { total }) => return total == 0,
            Some(Request::Released) => return true,
            Some(Request::Open { .. }) | None => {}
        }
        self.requests.insert(request, Request::Released);
        true
    }

    fn expire(&mut self, overdue: impl Fn(i64) -> bool) {
        for request in self.requests.values_mut() {
            if let Request::Open { cost, age, .. } = *request
                && overdue(age)
            {
                self.posted -= cost;
                *request = Request::Expired { total: cost };
            }
        }
    }

    fn tick(&mut self, seconds: i64) {
        for request in self.requests.values_mut() {
            if let Request::Open { age, .. } = request {
                *age += seconds;
            }
        }
        self.expire(|age| 60 <= age);
    }

    /// Holds that were never checkpointed leave no trace; the others expire.
    fn end_process(&mut self) {
        self.requests.retain(|_, request| !matches!(request, Request::Open { checkpointed: false, .. }));
        self.expire(|_| true);
        self.of_before = self.requests.keys().copied().collect();
    }
}

async fn apply(mut bench: Bench, model: &mut Model, ids: &[RequestId], step: Step) -> Bench {
    match step {
        Step::Hold { request, .. } if model.of_before.contains(&request) => {}
        Step::Hold { request, amount } => {
            let granted = bench.hold(ids[request], amount).await;
            assert_eq!(granted.is_ok(), model.hold(request, amount), "{granted:?}");
        }
        Step::Checkpoint { request, cost } => {
            bench.checkpoint(ids[request], 0, cost).await;
            model.checkpoint(request, cost);
        }
        Step::Settle { request, cost } => {
            let settled = bench.finish(ids[request], FinishKind::Settle, cost).await;
            assert_eq!(settled.is_ok(), model.settle(request, cost), "{settled:?}");
        }
        Step::Release { request } => {
            let released = bench.finish(ids[request], FinishKind::Release, 0).await;
            assert_eq!(released.is_ok(), model.release(request), "{released:?}");
        }
        Step::Credit { amount } => {
            model.credits += 1;
            bench.credit(amount, &format!("credit {}", model.credits)).await;
            model.posted += amount;
        }
        Step::Tick { seconds } => {
            bench.clock.advance_ms(seconds * 1_000);
            bench.ledger.sweep().await.unwrap();
            model.tick(seconds);
        }
        Step::Restart => {
            bench = bench.reopened().await;
            model.end_process();
        }
        Step::Kill => {
            bench = bench.killed().await;
            model.end_process();
        }
    }
    bench
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_scripts_agree_with_a_naive_model(steps in prop::collection::vec(step(), 1..30)) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.block_on(async {
            let mut bench = Bench::with(100).await;
            let mut model = Model { posted: 100, ..Model::default() };
            let ids: Vec<_> = (0..REQUESTS).map(|_| RequestId::mint()).collect();
            for step in steps {
                bench = apply(bench, &mut model, &ids, step).await;
                assert_eq!(bench.balance().await, (model.posted, model.held()), "after {step:?}: {:?}", model.requests);
                bench.assert_no_drift().await;
            }
            bench.ledger.close().await;
        });
    }
}
