//! <https://requests.readthedocs.io/en/latest/user/advanced/#session-objects>: connections that are
//! used again, by a downloader as by a `Session`; and what happens to them.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use rstest::rstest;
use threadproof::local_server::{Fault, Reply, Site};
use threadproof::{DownloadError, Event, start_daemon};

use super::{HOUR, Scene, body, downloads, ms, settings};
use crate::support::{PATIENCE, RawServer, Said, count, ends, files_in, ok, read_head, until};

#[test]
fn three_calls_in_a_row_use_one_connection() {
    let scene = Scene::with(Reply::ok(*b"new"));
    let (downloader, stop) = (settings().build(), Event::new());
    for _ in 0..3 {
        let (url, path) = (scene.server.url("/a"), scene.path());
        downloader.fetch(&url, &path, &stop).unwrap();
    }
    // So does a clone, and a call for many.
    let many = downloads(&scene, ["a".to_owned()]);
    downloader.clone().fetch_all(&many, &stop)[0]
        .as_ref()
        .unwrap();
    assert_eq!(scene.server.requests().len(), 4);
    assert_eq!(scene.server.connections(), 1);
}

/// A 404 or a 503 with its little page does not cost the connection.
#[rstest]
#[case::an_error(Reply::status(404))]
#[case::an_error_in_chunks(Reply::status(503).framing(threadproof::local_server::Framing::Chunked))]
fn an_error_leaves_its_connection(#[case] error: Reply) {
    let scene = Scene::new(Site::new().script("/a", [error, Reply::ok(*b"new")]));
    let (downloader, stop) = (settings().build(), Event::new());
    let fetch = || downloader.fetch(&scene.server.url("/a"), &scene.path(), &stop);
    fetch().unwrap_err();
    fetch().unwrap();
    assert_eq!(scene.server.connections(), 1);
}

/// The other call waits for the same server, by the same downloader.
#[test]
fn a_stop_ends_its_own_call_alone() {
    let site = Site::new().page("/a", Reply::ok(*b"x").latency(HOUR)).page(
        "/b",
        Reply::ok(body(40)).fault(Fault::Drip { every: ms(20) }),
    );
    let scene = Scene::new(site);
    let downloader = settings().workers(count(2)).build();
    let (stop, never) = (Event::new(), Event::new());
    let other = scene.folder.path().join("b.bin");
    let (stopped, goes_on) = (scene.server.url("/a"), scene.server.url("/b"));
    thread::scope(|scope| {
        let first = scope.spawn(|| downloader.fetch(&stopped, &scene.path(), &stop));
        let mut progress = |_| {
            stop.set();
        };
        until(|| scene.server.requests().len() == 1);
        let outcome = downloader.fetch_with(&goes_on, &other, &never, &mut progress);
        assert_eq!(outcome.unwrap().bytes, 40);
        let error = first.join().unwrap().unwrap_err();
        assert!(matches!(error, DownloadError::Stopped { .. }), "{error}");
    });
    assert_eq!(files_in(scene.folder.path()), ["a.bin", "b.bin"]);
    // And the downloader goes on, too.
    downloader
        .fetch(&scene.server.url("/b"), &other, &never)
        .unwrap();
}

/// Whoever is stopped before an answer has come hangs up: the server sees the connection's end.
#[test]
fn a_stopped_call_lets_go_of_its_connection() {
    let (listener, stop) = (
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap(),
        Event::new(),
    );
    let (scene, address) = (Scene::new(Site::new()), listener.local_addr().unwrap());
    // So that it is not the client's own patience that ends it.
    let downloader = settings().stall(HOUR).build();
    thread::scope(|scope| {
        let url = format!("http://{address}/a");
        let (path, downloader, stop) = (scene.path(), &downloader, &stop);
        let fetch = scope.spawn(move || downloader.fetch(&url, &path, stop));
        let (mut stream, _) = listener.accept().unwrap();
        read_head(&mut stream).unwrap();
        stop.set();
        fetch.join().unwrap().unwrap_err();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        assert_eq!(stream.read(&mut [0]).unwrap(), 0);
    });
}

#[test]
fn what_is_no_http_is_said_to_be_none() {
    let server = RawServer::start(|_, _| Said::Close(b"SSH-2.0-OpenSSH\r\n\r\n".to_vec()));
    let scene = Scene::new(Site::new());
    let fetched = settings()
        .build()
        .fetch(&server.url("/a"), &scene.path(), &Event::new());
    let error = fetched.unwrap_err().to_string();
    assert!(
        error.ends_with("makes no sense: it is no answer of HTTP/1"),
        "{error}"
    );
}

/// Not the first address alone: whom nobody could connect to is named.
#[rstest]
fn who_cannot_be_connected_to_is_named(#[values(false, true)] by_proxy: bool) {
    let dead = format!("127.0.0.1:{}", super::closed_port());
    let scene = Scene::with(Reply::redirect(format!("http://{dead}/b")));
    let (settings, words) = match by_proxy {
        true => (
            settings().proxy(format!("http://{dead}")),
            " through the proxy",
        ),
        false => (settings(), ": redirected to"),
    };
    let error = scene.fetch(settings).unwrap_err().to_string();
    let words = format!("cannot connect{words} {dead}: Connection refused");
    assert!(error.contains(&words), "{error}");
}

/// It is no early end, which might be otherwise the next time: this server does not know how.
#[rstest]
#[case::no_number("zz\r\nhello\r\n0\r\n\r\n")]
#[case::more_than_the_chunk("2\r\nhello\r\n0\r\n\r\n")]
fn chunks_that_cannot_be_read_make_no_sense(
    #[case] chunks: &'static str,
    #[values(false, true)] resume: bool,
) {
    let server = RawServer::start(move |_, _| {
        let head = "HTTP/1.1 200 OK\r\nETag: \"1\"\r\nTransfer-Encoding: chunked\r\n\r\n";
        Said::Close(format!("{head}{chunks}").into_bytes())
    });
    let scene = Scene::new(Site::new());
    let downloader = settings().retries(3).resume(resume).build();
    let error = downloader.fetch(&server.url("/a"), &scene.path(), &Event::new());
    let error = error.unwrap_err();
    assert!(matches!(error, DownloadError::BadAnswer { .. }), "{error}");
    assert_eq!(server.requests().len(), 1);
    scene.is_unharmed();
}

/// A server whose bodies end by trailers that never end, but for that of `/b`.
fn endless_trailers(head: &'static str) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let serve = move |mut stream: TcpStream| {
        let request = read_head(&mut stream).unwrap_or_default();
        if request.starts_with("GET /b ") {
            return drop(stream.write_all(&ok("new")));
        }
        let head = format!("HTTP/1.1 {head}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n");
        let mut written = stream.write_all(head.as_bytes());
        while written.is_ok() {
            written = stream.write_all(&b"X: y\r\n".repeat(500));
        }
    };
    let serve_all = move || {
        for stream in listener.incoming() {
            let serve = move || serve(stream.unwrap());
            start_daemon("endless-connection", serve).unwrap();
        }
    };
    start_daemon("endless-server", serve_all).unwrap();
    format!("http://{address}/a")
}

/// D5, D6. They are nothing of the file, so they are silence; and a stop is seen between two of them.
#[rstest]
#[case::a_stall("200 OK", ms(200), HOUR, 6)]
#[case::a_stop("200 OK", HOUR, ms(200), 130)]
#[case::of_a_redirect("302 Found\r\nLocation: /b", HOUR, HOUR, 0)]
#[case::of_an_error("404 Not Found", HOUR, HOUR, 4)]
fn trailers_without_an_end_hold_nobody(
    #[case] head: &'static str,
    #[case] stall: Duration,
    #[case] stop_after: Duration,
    #[case] code: u8,
) {
    let url = endless_trailers(head);
    let outcome = ends(move || {
        let (folder, stop) = (tempfile::tempdir().unwrap(), Event::new());
        let downloader = settings().stall(stall).build();
        let path = folder.path().join("a.bin");
        thread::scope(|scope| {
            let fetch = scope.spawn(|| downloader.fetch(&url, &path, &stop));
            let start = Instant::now();
            until(|| fetch.is_finished() || start.elapsed() >= stop_after.min(HOUR));
            stop.set();
            fetch.join().unwrap()
        })
    });
    match outcome {
        Ok(receipt) => assert_eq!((code, receipt.bytes), (0, 3)),
        Err(DownloadError::Stalled { .. }) => assert_eq!(code, 6),
        Err(DownloadError::Stopped { .. }) => assert_eq!(code, 130),
        Err(DownloadError::Status { .. }) => assert_eq!(code, 4),
        Err(error) => panic!("{error}"),
    }
}

/// The server ends an idle connection just as the next request goes out.
#[rstest]
fn a_connection_that_was_closed_between_two_requests_costs_no_attempt(
    #[values(1, 2, 3)] requests_each: usize,
) {
    let server = RawServer::start(move |_, number| match number < requests_each {
        true => Said::Keep(ok("new")),
        false => Said::Close(Vec::new()),
    });
    let scene = Scene::new(Site::new());
    let (downloader, stop) = (settings().build(), Event::new());
    for _ in 0..7 {
        let receipt = downloader.fetch(&server.url("/a"), &scene.path(), &stop);
        assert_eq!(receipt.unwrap().attempts, 1);
    }
    scene.has(b"new");
}

/// The free attempt is one, is for a connection that was used before, and for no byte of an answer.
#[rstest]
#[case::a_new_connection(|_| Said::Close(Vec::new()), 1)]
#[case::a_byte_of_an_answer(|number| match number {
    0 => Said::Keep(ok("new")),
    _ => Said::Close(b"H".to_vec()),
}, 2)]
fn any_other_end_is_a_failure(#[case] answer: fn(usize) -> Said, #[case] requests: usize) {
    let server = RawServer::start(move |_, number| answer(number));
    let scene = Scene::new(Site::new());
    let (downloader, stop) = (settings().build(), Event::new());
    let fetch = || downloader.fetch(&server.url("/a"), &scene.path(), &stop);
    let mut outcomes = (0..requests).map(|_| fetch());
    let error = outcomes.find_map(Result::err).unwrap();
    assert!(matches!(error, DownloadError::Connect { .. }), "{error}");
    assert!(error.is_transient());
    assert_eq!(server.requests().len(), requests);
}

#[test]
fn a_server_that_always_closes_is_asked_once_more_and_no_oftener() {
    let server = RawServer::start(|head, number| match (head.contains("/good"), number) {
        (true, 0) => Said::Keep(ok("new")),
        _ => Said::Close(Vec::new()),
    });
    let scene = Scene::new(Site::new());
    let (downloader, stop) = (settings().build(), Event::new());
    let fetch = |path| downloader.fetch(&server.url(path), &scene.path(), &stop);
    fetch("/good").unwrap();
    let error = fetch("/bad").unwrap_err();
    assert!(matches!(error, DownloadError::Connect { .. }), "{error}");
    let asked = |connection: &Vec<String>| connection.len();
    let asked: Vec<usize> = server.connections().iter().map(asked).collect();
    assert_eq!(asked, [2, 1]);
}

/// A head that will not end is no reason to ask again.
#[rstest]
#[case::one_long_line(format!("X: {}\r\n", "a".repeat(100_000)))]
#[case::many_lines("X: a\r\n".repeat(20_000))]
#[case::too_many_lines("X: a\r\n".repeat(1_000))]
fn a_head_that_is_too_long_makes_no_sense_and_is_not_asked_for_again(#[case] lines: String) {
    let head = format!("HTTP/1.1 200 OK\r\n{lines}Content-Length: 1\r\n\r\nx");
    let server = RawServer::start(move |_, _| Said::Close(head.clone().into_bytes()));
    let scene = Scene::new(Site::new());
    let (downloader, stop) = (settings().retries(3).build(), Event::new());
    let error = downloader
        .fetch(&server.url("/a"), &scene.path(), &stop)
        .unwrap_err();
    assert!(matches!(error, DownloadError::BadAnswer { .. }), "{error}");
    assert_eq!(server.requests().len(), 1);
    scene.is_unharmed();
}

/// `.invalid` is nobody's, by RFC 6761.
#[test]
fn a_name_that_nobody_knows_is_not_looked_up_again() {
    let scene = Scene::new(Site::new());
    let (downloader, url) = (settings().build(), "http://no-such-name.invalid/a");
    let error = downloader
        .fetch(url, &scene.path(), &Event::new())
        .unwrap_err();
    assert!(matches!(error, DownloadError::Connect { .. }), "{error}");
    assert!(!error.is_transient(), "{error}");
    scene.is_unharmed();
}

/// What waits for its `Retry-After` keeps nobody off the network: neither its permit nor its thread.
#[rstest]
fn what_waits_for_its_next_attempt_lets_the_others_go_first(#[values(1, 2)] workers: usize) {
    // More of them than there are threads.
    let busy = (0..9).map(|number| format!("busy{number}"));
    let site = busy.clone().fold(Site::new(), |site, name| {
        let unwell = Reply::status(503).header("Retry-After", "2");
        site.script(&format!("/{name}"), [unwell, Reply::ok(*b"well")])
    });
    let scene = Scene::new(site.page("/ready", Reply::ok(*b"ready")));
    let downloads = downloads(&scene, busy.chain(["ready".to_owned()]));
    let (start, ready) = (Instant::now(), std::sync::Mutex::new(None));
    let report = |number: usize, update: super::Update<'_>| {
        if number == 9 && matches!(update, super::Update::Ended(Ok(_))) {
            *ready.lock().unwrap() = Some(start.elapsed());
        }
    };
    let downloader = settings().retries(1).workers(count(workers)).build();
    let outcomes = downloader.fetch_all_with(&downloads, &Event::new(), &report);
    for (number, outcome) in outcomes.iter().enumerate() {
        let receipt = outcome.as_ref().unwrap();
        assert_eq!(receipt.path, downloads[number].1);
        assert_eq!(receipt.attempts, if number == 9 { 1 } else { 2 });
    }
    let ready = ready.into_inner().unwrap().unwrap();
    assert!(
        ready < Duration::from_secs(2),
        "the file that was ready came after {ready:?}"
    );
    assert!(start.elapsed() >= Duration::from_secs(2));
    assert!(scene.server.most_at_once() <= workers);
}

#[test]
fn a_stop_ends_those_that_wait_for_their_next_attempt() {
    let unwell = Reply::status(503).header("Retry-After", "3600").body(*b"");
    let site = (0..9).fold(Site::new(), |site, number| {
        site.page(&format!("/{number}"), unwell.clone())
    });
    let (scene, stop) = (Scene::new(site), Event::new());
    let downloads = downloads(&scene, (0..9).map(|number| number.to_string()));
    let outcomes = thread::scope(|scope| {
        let downloader = settings().retries(1).workers(count(2)).build();
        let (downloads, stop) = (&downloads, &stop);
        let fetch = scope.spawn(move || downloader.fetch_all(downloads, stop));
        until(|| scene.server.requests().len() == 9);
        stop.set();
        fetch.join().unwrap()
    });
    let is_stopped = |outcome: &Result<_, _>| matches!(outcome, Err(DownloadError::Stopped { .. }));
    let told = outcomes
        .iter()
        .filter(|outcome| is_stopped(outcome))
        .count();
    assert_eq!(told, 9, "{outcomes:?}");
    assert_eq!(scene.server.requests().len(), 9);
}
