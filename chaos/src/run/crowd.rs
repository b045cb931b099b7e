//! The users of a run: customers of every kind, people who pay, and an administrator.

use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::{LocalBoxFuture, join, join_all};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use syntopen_shared::money::NanoUsd;

use crate::clients::{Customer, Desk, Manner, Payer, Payment, Plan, Revocation, Scene, Seen, pay, revoke_keys, usd};
use crate::cluster::Map;

/// What the customers begin with. The last one is soon refused, and nobody pays for it.
const FUNDS: [&str; 4] = ["1000", "1000", "1000", "0.3"];
/// Connections of one customer.
const VISITS: usize = 3;
/// Requests a minute of the customer whose window is full most of the time, and its connections.
const TIGHT_RPM: u32 = 20;
const TIGHT_VISITS: usize = 2;
const TIGHT_REST: Duration = Duration::from_millis(120);
/// No customer but that one ever fills its window.
const WIDE_RPM: u32 = 100_000;
/// How many people pay at the same time.
const PAYING: u64 = 2;
/// The longest that a customer rests between two requests.
const REST_MAX: u64 = 60;

/// Who they are.
pub(super) struct Crowd {
    seed: u64,
    pub(super) payers: Vec<Payer>,
    pub(super) opening: Vec<NanoUsd>,
}

/// What they remember.
pub(super) struct Memories {
    pub(super) seen: Vec<Seen>,
    pub(super) payments: Vec<Payment>,
    pub(super) revocations: Vec<Revocation>,
}

impl Crowd {
    /// Makes their accounts. The last two are the one with the tight limit, and the one whose keys are revoked.
    pub(super) async fn gather(map: &Map, seed: u64) -> Self {
        let desk = Desk::new(map.clone());
        let (mut payers, mut opening) = (Vec::new(), Vec::new());
        let wide = FUNDS.map(|funds| (funds, WIDE_RPM));
        for (number, (funds, rpm)) in wide.into_iter().chain([("1", TIGHT_RPM), ("1", WIDE_RPM)]).enumerate() {
            payers.push(desk.payer(&format!("payer-{number}"), usd(funds), rpm).await);
            opening.push(usd(funds));
        }
        Self { seed, payers, opening }
    }

    /// Lets them loose for a time, and waits until the last has had its answer.
    pub(super) async fn act(&self, scene: Scene, load: Duration) -> Memories {
        let (customers, [tight, owner]) = self.payers.split_at(FUNDS.len()) else { unreachable!("two more were made") };
        let mut visits: Vec<LocalBoxFuture<'_, Vec<Seen>>> = Vec::new();
        for (number, payer) in customers.iter().enumerate() {
            for visit in 0..VISITS {
                let name = format!("{number}-{visit}");
                visits.push(self.visit(Customer { scene: scene.clone(), payer: payer.clone() }, name).boxed_local());
            }
        }
        for visit in 0..TIGHT_VISITS {
            let customer = Customer { scene: scene.clone(), payer: tight.clone() };
            let plan = move |asked| Plan::plain(format!("tight-{visit}-{asked}"), "test/free", 1);
            visits.push(customer.ask_on(Manner { plan, gateway: |number| number, rest: TIGHT_REST }).boxed_local());
        }
        let paying =
            join_all((0..PAYING).map(|number| {
                pay(scene.clone(), customers[..FUNDS.len() - 1].to_vec(), self.seed.wrapping_add(number))
            }));
        let revoking = revoke_keys(scene.clone(), owner.clone());
        let ending = async {
            actix_rt::time::sleep(load).await;
            scene.over.set(true);
        };
        let work = join(join(join_all(visits), paying), revoking);
        let (((seen, payments), (revocations, probed)), ()) = join(work, ending).await;
        let seen = seen.into_iter().flatten().chain(probed).collect();
        Memories { seen, payments: payments.into_iter().flatten().collect(), revocations }
    }

    async fn visit(&self, customer: Customer, name: String) -> Vec<Seen> {
        let number = name.bytes().fold(0_u64, |sum, byte| sum.rotate_left(8) ^ u64::from(byte));
        let mut random = StdRng::seed_from_u64(self.seed ^ number);
        let rest = Duration::from_millis(random.random_range(0..=REST_MAX));
        let plan = move |asked| Plan::random(&mut random, format!("{name}-{asked}"));
        customer.ask_on(Manner { plan, gateway: |number| number * 7, rest }).await
    }
}
