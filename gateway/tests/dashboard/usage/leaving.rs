//! Clients that ask for the file and leave in the middle of it, or stop reading.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;

use sqlx::Connection as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use syntopen_gateway::config::Profile;

use super::{Shopper, buy};
use crate::gateway::{PATIENCE, TestApp, eventually};

/// Their file is larger than what the system keeps for a client that does not read.
const REQUESTS: usize = 20_000;
const CLIENTS: usize = 16;
const CSV: &str = "/dashboard/usage.csv";

/// Copies the only request of the book.
const MULTIPLY: &str = "
    CREATE TEMP TABLE many AS
        WITH RECURSIVE numbers(number) AS (SELECT 2 UNION ALL SELECT number + 1 FROM numbers LIMIT $1)
        SELECT usage.*, number FROM usage, numbers;
    UPDATE many SET id = printf('01900000-0000-7000-8000-%012x', number);
    ALTER TABLE many DROP COLUMN number;
    INSERT INTO usage SELECT * FROM many;";

async fn multiply(app: &TestApp) {
    let Profile::Embedded(dir) = &app.app.config.profile else { panic!("a gateway with a book of its own") };
    let options = SqliteConnectOptions::new().filename(PathBuf::from(dir).join("book.sqlite"));
    let mut book = SqliteConnection::connect_with(&options).await.unwrap();
    let statements = MULTIPLY.replace("$1", &(REQUESTS - 1).to_string());
    for statement in statements.split_terminator(';') {
        sqlx::query(sqlx::AssertSqlSafe(statement.to_owned())).execute(&mut book).await.unwrap();
    }
}

/// Asks for the file and reads how it begins.
fn begin((address, cookies): (SocketAddr, &str)) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(3 * PATIENCE)).unwrap();
    write!(stream, "GET {CSV} HTTP/1.1\r\nHost: x\r\nCookie: {cookies}\r\n\r\n").unwrap();
    let mut head = [0; 1_024];
    stream.read_exact(&mut head).unwrap();
    assert!(head.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&head));
    stream
}

/// How many connections the gateway has that nobody has closed on both sides.
fn connections(app: &TestApp) -> usize {
    let local = format!(":{:04X} ", app.address.port());
    let table = std::fs::read_to_string("/proc/self/net/tcp").unwrap();
    let of_gateway = |line: &&str| line.split(": ").nth(1).is_some_and(|line| line.get(8..14) == Some(&local));
    let (established, close_wait) = (" 01 ", " 08 ");
    table.lines().filter(of_gateway).filter(|line| line.contains(established) || line.contains(close_wait)).count()
}

#[actix_rt::test]
async fn whoever_leaves_or_stops_reading_keeps_nobody_waiting() {
    let mut app = TestApp::spawn().await;
    let ada = Shopper::new(&app, "ada").await;
    buy(&app, &ada.customer, ("openai/gpt-4o-mini", 2)).await;
    app.settled().await;
    multiply(&app).await;
    let cookies = ada.browser.cookie_header().unwrap();
    let (asked, before) = ((app.address, cookies.as_str()), connections(&app));

    let mut held: Vec<TcpStream> = Vec::new();
    for round in 0..2 {
        let begun: Vec<_> = std::thread::scope(|scope| {
            let clients: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(|| begin(asked))).collect();
            clients.into_iter().map(|client| client.join().unwrap()).collect()
        });
        if round == 1 {
            held = begun;
        }
    }
    assert_eq!(ada.browser.get("/dashboard/usage").await.status, 200, "while {CLIENTS} do not read");
    buy(&app, &ada.customer, ("openai/gpt-4o-mini", 2)).await;
    let whole = ada.browser.get(CSV).await;
    assert_eq!(whole.text.lines().count(), 1 + REQUESTS + 1, "the file of one who reads is whole");
    drop(held);

    eventually("the end of every connection", || async { (connections(&app) <= before + 2).then_some(()) }).await;
    app.settled().await;
    app.stop();
}
