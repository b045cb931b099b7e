//! The ledger's wire contract over HTTP, carried out by a ledger in this process; it can be told to fail.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use actix_web::dev::{ServerHandle, ServiceRequest, ServiceResponse};
use actix_web::http::header::{AUTHORIZATION, CONTENT_LENGTH};
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{Data, Json};
use actix_web::{App, Error, HttpResponse, HttpServer, body::BoxBody, web};
use syntopen_ledger::Ledger;
use syntopen_shared::id::KeyId;
use syntopen_shared::wire::ledger::{
    Checkpoint, Confirm, Finish, FinishAnswer, Finished, Hold, HoldAnswer, KeyRecord, KeyReport, Report, Resolve,
};

use super::TOKEN;

/// A replica of the ledger.
pub(crate) struct LedgerService {
    pub(crate) control: Arc<Control>,
    book: Arc<Ledger>,
    address: SocketAddr,
    server: Option<(ServerHandle, JoinHandle<()>)>,
}

/// What a replica is told to do, and what it saw.
#[derive(Default)]
pub(crate) struct Control {
    /// Paths that are answered with 503.
    pub(crate) failing: Mutex<Vec<&'static str>>,
    /// Whether no hold can be decided, because what it needs is gone.
    pub(crate) undecided: AtomicBool,
    /// Whether nothing is answered at all, as by a process that was stopped.
    pub(crate) silent: AtomicBool,
    /// Whether finishes are applied and the book does not have them yet.
    pub(crate) unbooked: AtomicBool,
    /// The paths of all requests that came, without those of no commands, which only probe.
    pub(crate) seen: Mutex<Vec<String>>,
    /// All finishes that came.
    pub(crate) finishes: Mutex<Vec<Finish>>,
}

impl Control {
    /// How many requests to `path` came.
    pub(crate) fn seen(&self, path: &str) -> usize {
        self.seen.lock().unwrap().iter().filter(|seen| *seen == path).count()
    }

    pub(crate) fn fail(&self, paths: &[&'static str]) {
        *self.failing.lock().unwrap() = paths.to_vec();
    }
}

impl LedgerService {
    pub(crate) fn start(book: Arc<Ledger>) -> Self {
        let (control, address) = (Arc::new(Control::default()), SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
        let mut service = Self { control, book, address, server: None };
        service.run();
        service
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Runs, on the address that it had before.
    pub(crate) fn run(&mut self) {
        let (book, control, address) = (Arc::clone(&self.book), Arc::clone(&self.control), self.address);
        let (started, parts) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            actix_rt::System::new().block_on(async move {
                let (book, control) = (Data::from(book), Data::from(control));
                let routes = move || {
                    let app = App::new().app_data(book.clone()).app_data(control.clone());
                    app.wrap(from_fn(guard))
                        .configure(routes)
                        .configure(syntopen_ledger::configure_office)
                        .configure(syntopen_ledger::configure)
                };
                let server = HttpServer::new(routes).workers(1).disable_signals().bind(address).unwrap();
                let address = server.addrs()[0];
                let server = server.run();
                started.send((address, server.handle())).unwrap();
                server.await.unwrap();
            });
        });
        let (address, handle) = parts.recv().unwrap();
        (self.address, self.server) = (address, Some((handle, thread)));
    }

    /// Ends at once, in the middle of whatever it does.
    pub(crate) fn kill(&mut self) {
        if let Some((handle, thread)) = self.server.take() {
            drop(handle.stop(false));
            thread.join().unwrap();
        }
    }
}

impl Drop for LedgerService {
    fn drop(&mut self) {
        self.control.silent.store(false, Ordering::SeqCst);
        self.kill();
    }
}

fn routes(config: &mut web::ServiceConfig) {
    config
        .app_data(web::JsonConfig::default().limit(1 << 20))
        .route("/holds", web::post().to(holds))
        .route("/checkpoints", web::post().to(checkpoints))
        .route("/finishes", web::post().to(finishes))
        .route("/confirm", web::post().to(confirm))
        .route("/keys/resolve", web::post().to(resolve))
        .route("/keys/refresh", web::post().to(refresh))
        .route("/keys/report", web::post().to(report))
        .route("/healthz", web::get().to(HttpResponse::Ok))
        .route("/readyz", web::get().to(HttpResponse::Ok));
}

async fn guard(request: ServiceRequest, next: Next<BoxBody>) -> Result<ServiceResponse<BoxBody>, Error> {
    let control = Data::clone(request.app_data::<Data<Control>>().unwrap());
    let path = request.path().to_owned();
    let is_probe = request.headers().get(CONTENT_LENGTH).is_some_and(|length| length == "2");
    if !is_probe {
        control.seen.lock().unwrap().push(path.clone());
    }
    let refuse = |request: ServiceRequest, response: HttpResponse| Ok(request.into_response(response));
    while control.silent.load(Ordering::SeqCst) {
        actix_rt::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    let authorization = request.headers().get(AUTHORIZATION).map(|value| value.as_bytes().to_vec());
    if !path.ends_with("z") && authorization != Some(format!("Bearer {TOKEN}").into_bytes()) {
        return refuse(request, HttpResponse::Unauthorized().finish());
    }
    if control.failing.lock().unwrap().contains(&path.as_str()) {
        return refuse(request, HttpResponse::ServiceUnavailable().finish());
    }
    next.call(request).await
}

async fn holds(ledger: Data<Ledger>, control: Data<Control>, Json(holds): Json<Vec<Hold>>) -> Json<Vec<HoldAnswer>> {
    if control.undecided.load(Ordering::SeqCst) {
        return Json(vec![None; holds.len()]);
    }
    let answers = holds.into_iter().map(|hold| ledger.hold(hold));
    Json(futures_util::future::join_all(answers).await.into_iter().map(Result::ok).collect())
}

async fn checkpoints(ledger: Data<Ledger>, Json(checkpoints): Json<Vec<Checkpoint>>) -> Json<Vec<bool>> {
    let count = checkpoints.len();
    Json(vec![ledger.checkpoint(checkpoints).await.is_ok(); count])
}

async fn finishes(
    ledger: Data<Ledger>,
    control: Data<Control>,
    Json(finishes): Json<Vec<Finish>>,
) -> Json<Vec<FinishAnswer>> {
    control.finishes.lock().unwrap().extend(finishes.iter().cloned());
    let answers = finishes.into_iter().map(|finish| ledger.finish(finish));
    let booked = !control.unbooked.load(Ordering::SeqCst);
    let answers = futures_util::future::join_all(answers).await.into_iter();
    Json(answers.map(|answer| answer.ok().map(|answer| answer.map(|_| Finished { booked }))).collect())
}

/// A ledger in one process books what it applies: so all that was ever finished is in its book.
async fn confirm(control: Data<Control>, Json(confirms): Json<Vec<Confirm>>) -> Json<Vec<bool>> {
    let booked = !control.unbooked.load(Ordering::SeqCst);
    let finishes = control.finishes.lock().unwrap();
    let is_total =
        |confirm: &Confirm| finishes.iter().any(|finish| finish.id == confirm.id && finish.usage.cost == confirm.total);
    Json(confirms.iter().map(|confirm| booked && is_total(confirm)).collect())
}

async fn resolve(ledger: Data<Ledger>, Json(resolve): Json<Resolve>) -> Json<Option<KeyRecord>> {
    Json(ledger.resolve(resolve.hash).await.unwrap())
}

async fn refresh(ledger: Data<Ledger>, Json(keys): Json<Vec<KeyId>>) -> Json<Vec<KeyRecord>> {
    Json(ledger.refresh(&keys).await.unwrap())
}

async fn report(ledger: Data<Ledger>, Json(report): Json<Report>) -> Json<Option<KeyReport>> {
    Json(ledger.report(report.key).await.unwrap())
}
