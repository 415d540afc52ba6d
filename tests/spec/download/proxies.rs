//! <https://docs.python.org/3/library/urllib.request.html#urllib.request.ProxyHandler>: servers that
//! are asked through a proxy.
//!
//! Which proxy is for which address is a table of `stages`; here it is asked in the right way.

use std::io::{Write, copy};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use rstest::rstest;
use threadproof::local_server::{LocalServer, Reply, Site};
use threadproof::{DownloadError, Downloader, Event, start_daemon};

use super::{Scene, settings};
use crate::support::{
    AUTHORITY, RawServer, Said, ok, passes_in_its_own_process, read_head, serve_tls, tls_ok,
};

/// What a plain proxy does: it answers in the server's place.
fn proxy() -> RawServer {
    RawServer::start(|_, _| Said::Keep(ok("new")))
}

fn through(proxy: SocketAddr) -> Downloader {
    let url = format!("http://al%40ice:secret@{proxy}");
    settings().proxy(url).build()
}

/// `al@ice:secret`, encoded.
const ALICE: &str = "Basic YWxAaWNlOnNlY3JldA==";

#[test]
fn a_proxy_is_asked_for_http_in_absolute_form() {
    let (proxy, scene) = (proxy(), Scene::new(Site::new()));
    let (downloader, stop) = (through(proxy.address()), Event::new());
    for path in ["/a b?c", "/d"] {
        let url = format!("http://bob:word@no-such-name.invalid:81{path}");
        downloader.fetch(&url, &scene.path(), &stop).unwrap();
        scene.has(b"new");
    }
    let connections = proxy.connections();
    assert_eq!(connections.len(), 1, "used again");
    let lines: Vec<&str> = connections[0][0].split("\r\n").collect();
    assert_eq!(
        lines[0],
        "GET http://no-such-name.invalid:81/a%20b?c HTTP/1.1"
    );
    let has = |line: &str| lines.iter().any(|found| found.eq_ignore_ascii_case(line));
    assert!(has(&format!("Proxy-Authorization: {ALICE}")), "{lines:?}");
    assert!(has("Authorization: Basic Ym9iOndvcmQ="), "{lines:?}");
    assert!(has("Host: no-such-name.invalid:81"), "{lines:?}");
    assert!(connections[0][1].starts_with("GET http://no-such-name.invalid:81/d HTTP/1.1\r\n"));
}

/// A proxy that opens a tunnel to whom it is asked for, and notes what it was told.
fn tunnel(heads: Arc<Mutex<Vec<String>>>) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let serve = move || {
        for client in listener.incoming() {
            let mut client = client.unwrap();
            let Some(head) = read_head(&mut client) else {
                continue;
            };
            let to = head.split(' ').nth(1).unwrap().to_owned();
            heads.lock().unwrap().push(head);
            let server = TcpStream::connect(to).unwrap();
            client
                .write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")
                .unwrap();
            for (from, to) in [(&client, &server), (&server, &client)] {
                let (mut from, mut to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                start_daemon("tunnel", move || {
                    // Until one of them has gone.
                    let _ = copy(&mut from, &mut to);
                })
                .unwrap();
            }
        }
    };
    start_daemon("proxy", serve).unwrap();
    address
}

#[test]
fn a_proxy_opens_a_tunnel_for_https() {
    let (server, heads) = (serve_tls(tls_ok(6, "secret")), Arc::default());
    let proxy = tunnel(Arc::clone(&heads));
    let settings = settings().root_certificates(AUTHORITY).unwrap();
    let downloader = settings
        .proxy(format!("http://al%40ice:secret@{proxy}"))
        .build();
    let (scene, stop) = (Scene::new(Site::new()), Event::new());
    let url = format!("https://bob:word@{server}/a");
    downloader.fetch(&url, &scene.path(), &stop).unwrap();
    scene.has(b"secret");
    let heads = heads.lock().unwrap();
    assert!(
        heads[0].starts_with(&format!("CONNECT {server} HTTP/1.1\r\n")),
        "{heads:?}"
    );
    assert!(
        heads[0].contains(ALICE) && !heads[0].contains("Ym9iOndvcmQ="),
        "{heads:?}"
    );
}

/// Whatever goes wrong, nobody reads the proxy's password.
#[rstest]
#[case::nobody_there("http://alice:secret@127.0.0.1:1", "http://127.0.0.1/a", true)]
#[case::nobody_there_for_https("http://alice:secret@127.0.0.1:1", "https://127.0.0.1/a", true)]
#[case::an_unknown_proxy(
    "http://alice:secret@no-such-name.invalid",
    "http://127.0.0.1/a",
    false
)]
#[case::an_unknown_proxy_for_https(
    "http://alice:secret@no-such-name.invalid",
    "https://127.0.0.1/a",
    false
)]
#[case::no_proxy_at_all("socks5://alice:secret@127.0.0.1:1", "http://127.0.0.1/a", false)]
fn no_error_shows_what_a_proxy_is_told(
    #[case] proxy: &str,
    #[case] url: &str,
    #[case] may_pass: bool,
) {
    let scene = Scene::new(Site::new());
    let downloader = settings().proxy(proxy).build();
    let error = downloader
        .fetch(url, &scene.path(), &Event::new())
        .unwrap_err();
    for text in [
        error.to_string(),
        format!("{error:?}"),
        format!("{downloader:?}"),
    ] {
        assert!(
            !text.contains("secret") && !text.contains("alice"),
            "{text}"
        );
    }
    assert_eq!(error.is_transient(), may_pass, "{error}");
    scene.is_unharmed();
}

#[rstest]
#[case::to_http("http", 407)]
#[case::to_https("https", 407)]
#[case::to_http("http", 403)]
#[case::to_https("https", 403)]
fn a_proxy_that_says_no_is_not_asked_again(#[case] scheme: &str, #[case] status: u16) {
    let answer = format!("HTTP/1.1 {status} No\r\nContent-Length: 0\r\n\r\n").into_bytes();
    let proxy = RawServer::start(move |_, _| Said::Close(answer.clone()));
    let scene = Scene::new(Site::new());
    let downloader = settings().retries(3).proxy(proxy.url("")).build();
    let url = format!("{scheme}://127.0.0.1:1/a");
    let error = downloader
        .fetch(&url, &scene.path(), &Event::new())
        .unwrap_err();
    assert!(error.to_string().contains(&status.to_string()), "{error}");
    assert!(!error.is_transient(), "{error}");
    assert_eq!(proxy.requests().len(), 1);
}

/// A redirect to a host that needs no proxy, and from one that does.
#[test]
fn each_hop_has_its_own_proxy() {
    const HERE: &str = "THREADPROOF_TEST_WITH_A_PROXY";
    if let Some(server) = std::env::var_os(HERE) {
        let url = "http://somewhere.invalid/a";
        let (scene, stop) = (Scene::new(Site::new()), Event::new());
        let downloader = settings().proxies_of_environment().build();
        downloader.fetch(url, &scene.path(), &stop).unwrap();
        scene.has(b"direct");
        // Nothing but a caller who says so looks at the environment.
        let direct = settings().build().fetch(url, &scene.path(), &stop);
        assert!(
            matches!(direct, Err(DownloadError::Connect { .. })),
            "{server:?}"
        );
        return;
    }
    let server = LocalServer::start(Site::new().page("/b", Reply::ok(*b"direct"))).unwrap();
    let location = server.url("/b");
    let proxy = RawServer::start(move |_, _| {
        let head =
            format!("HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n");
        Said::Keep(head.into_bytes())
    });
    let this = std::thread::current().name().unwrap().to_owned();
    assert!(passes_in_its_own_process(&this, |test| {
        test.env(HERE, "yes")
            .env("http_proxy", proxy.url(""))
            .env("no_proxy", "127.0.0.1")
    }));
    assert_eq!(proxy.requests().len(), 1);
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn an_empty_proxy_is_none() {
    let scene = Scene::with(Reply::ok(*b"new"));
    scene
        .fetch(settings().proxy("http://127.0.0.1:1").proxy(""))
        .unwrap();
    scene.has(b"new");
}
