use std::net::SocketAddr;
use std::sync::Mutex;
use std::time::Duration;

use actix_web::web::{self, Data, Json};
use actix_web::{App, HttpResponse, HttpServer};
use futures_util::future::join_all;
use tokio::sync::Semaphore;

use super::*;
use crate::clients::service::{Repeat, Watch};
use crate::metrics::Metrics;

/// A service that doubles numbers, and refuses batches with a 13.
#[derive(Default)]
struct Doubler {
    batches: Mutex<Vec<Vec<u64>>>,
    /// Batches may pass as there are permits; without a turnstile all do.
    turnstile: Option<Semaphore>,
}

impl Doubler {
    fn batches(&self) -> Vec<usize> {
        self.batches.lock().unwrap().iter().map(Vec::len).collect()
    }
}

async fn double(doubler: Data<Doubler>, Json(numbers): Json<Vec<u64>>) -> HttpResponse {
    let is_refused = numbers.contains(&13);
    let doubled: Vec<_> = numbers.iter().map(|number| number * 2).collect();
    doubler.batches.lock().unwrap().push(numbers);
    if let Some(turnstile) = &doubler.turnstile {
        turnstile.acquire().await.unwrap().forget();
    }
    if is_refused { HttpResponse::BadRequest().body("an unlucky number") } else { HttpResponse::Ok().json(doubled) }
}

struct Doubles;

impl Command for Doubles {
    type Ask = u64;
    type Answer = u64;
    const ROUTE: Route =
        Route { path: "/double", timeout: Duration::from_secs(20), repeat: Repeat::Always, watch: Watch::Ill };
    const GATHER: Gather = Gather::InBatches;
}

fn serve(doubler: Doubler) -> (SocketAddr, Data<Doubler>) {
    let doubler = Data::new(doubler);
    let data = doubler.clone();
    let server = HttpServer::new(move || App::new().app_data(data.clone()).route("/double", web::post().to(double)));
    let server = server.workers(1).disable_signals().bind("127.0.0.1:0").unwrap();
    let address = server.addrs()[0];
    actix_rt::spawn(server.run());
    (address, doubler)
}

fn batcher(address: SocketAddr) -> Batcher<Doubles> {
    let _chosen = rustls::crypto::ring::default_provider().install_default();
    let settings = ServiceSettings {
        name: "doubler",
        urls: vec![format!("http://{address}").parse().unwrap()],
        token: "t".parse().unwrap(),
        timeout: None,
        metrics: Arc::new(Metrics::new().unwrap()),
    };
    Batcher::start(&Arbiter::new(), settings)
}

async fn ask_all(batcher: &Batcher<Doubles>, numbers: impl Iterator<Item = u64>) -> Vec<Result<u64, Unavailable>> {
    join_all(numbers.map(|number| batcher.ask(number))).await
}

#[actix_rt::test]
async fn answers_find_their_way_back() {
    let (address, doubler) = serve(Doubler::default());
    let answers = ask_all(&batcher(address), 100..1_100).await;
    assert!(answers.iter().zip(100..).all(|(answer, number)| *answer == Ok(number * 2)));
    let batches = doubler.batches();
    assert_eq!(batches.iter().sum::<usize>(), 1_000);
    assert!(batches.iter().all(|size| *size <= BATCH_MAX) && batches.len() < 100, "{batches:?}");
}

#[actix_rt::test]
async fn what_comes_while_a_batch_is_under_way_goes_in_the_next() {
    let (address, doubler) = serve(Doubler { turnstile: Some(Semaphore::new(0)), ..Doubler::default() });
    let batcher = batcher(address);
    let first = batcher.ask(1);
    let rest = async {
        while doubler.batches().is_empty() {
            actix_rt::task::yield_now().await;
        }
        let asked = ask_all(&batcher, 0..10);
        let open = async { doubler.turnstile.as_ref().unwrap().add_permits(100) };
        futures_util::join!(asked, open).0
    };
    let (first, rest) = futures_util::join!(first, rest);
    assert_eq!(first, Ok(2));
    assert!(rest.iter().all(Result::is_ok));
    let batches = doubler.batches();
    assert_eq!((batches[0], batches.iter().sum::<usize>()), (1, 11));
    assert!(batches.len() < 11, "{batches:?}");
}

#[actix_rt::test]
async fn a_batch_that_stalls_does_not_keep_the_next() {
    let (address, doubler) = serve(Doubler { turnstile: Some(Semaphore::new(0)), ..Doubler::default() });
    let batcher = batcher(address);
    let stalled = ask_all(&batcher, 0..5);
    let next = async {
        while doubler.batches().is_empty() {
            actix_rt::task::yield_now().await;
        }
        let asked = batcher.ask(7);
        let both = async {
            while doubler.batches().len() < 2 {
                actix_rt::task::yield_now().await;
            }
            doubler.turnstile.as_ref().unwrap().add_permits(2);
        };
        futures_util::join!(asked, both).0
    };
    let (stalled, next) = futures_util::join!(stalled, next);
    assert_eq!(next, Ok(14));
    assert!(stalled.iter().all(Result::is_ok));
}

#[actix_rt::test]
async fn a_wrong_command_fails_alone() {
    let (address, _doubler) = serve(Doubler::default());
    let answers = ask_all(&batcher(address), 10..20).await;
    for (answer, number) in answers.into_iter().zip(10..) {
        assert_eq!(answer, if number == 13 { Err(Unavailable::Unknown) } else { Ok(number * 2) });
    }
}

#[actix_rt::test]
async fn too_many_are_refused_at_once() {
    let (address, doubler) = serve(Doubler { turnstile: Some(Semaphore::new(0)), ..Doubler::default() });
    let batcher = batcher(address);
    let too_many = u64::try_from(WAITING_MAX).unwrap() + 10;
    let refused = std::cell::Cell::new(0);
    let ask = async |number| {
        let answer = batcher.ask(number).await;
        if answer.is_err() {
            refused.set(refused.get() + 1);
        }
        if refused.get() == 10 {
            doubler.turnstile.as_ref().unwrap().add_permits(10_000);
        }
    };
    join_all((100..100 + too_many).map(ask)).await;
    assert_eq!(refused.get(), 10);
    assert_eq!(batcher.ask(1).await, Ok(2), "there are places again");
}

#[actix_rt::test]
async fn nobody_there_is_told_at_once() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let batcher = batcher(address);
    let answers = ask_all(&batcher, 0..50).await;
    assert!(answers.iter().all(|answer| *answer == Err(Unavailable::Unsent)), "{answers:?}");
    assert!(!batcher.is_up());
}
