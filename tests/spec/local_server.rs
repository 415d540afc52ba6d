//! The server of the fault tests says what its script says, byte by byte.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use rstest::rstest;
use threadproof::local_server::{Fault, Framing, Hangup, LocalServer, Reply, Site};

const HOUR: Duration = Duration::from_secs(3600);
/// Expires only when the server is broken.
const FAR: Duration = Duration::from_secs(10);

/// Three chunks, the last one short, and no byte equal to its neighbours.
fn body() -> Vec<u8> {
    (0..10_000_u32).map(|i| (i % 251) as u8).collect()
}

fn serve(site: Site) -> LocalServer {
    LocalServer::start(site).unwrap()
}

fn serve_page(reply: Reply) -> LocalServer {
    serve(Site::new().page("/", reply))
}

fn send(server: &LocalServer, head: impl AsRef<[u8]>) -> TcpStream {
    let mut client = TcpStream::connect(server.address()).unwrap();
    client.set_read_timeout(Some(FAR)).unwrap();
    client.write_all(head.as_ref()).unwrap();
    client
}

fn get(server: &LocalServer, path: &str) -> TcpStream {
    send(server, format!("GET {path} HTTP/1.1\r\n\r\n"))
}

/// Reads to the end: the head with its empty line, what came of the body, and how it ended.
fn read(mut client: TcpStream) -> (String, Vec<u8>, io::Result<usize>) {
    let mut all = Vec::new();
    let end = client.read_to_end(&mut all);
    let split = all.windows(4).position(|four| four == b"\r\n\r\n");
    let body = all.split_off(split.map_or(all.len(), |split| split + 4));
    (String::from_utf8(all).unwrap(), body, end)
}

fn get_close(server: &LocalServer, path: &str) -> (String, Vec<u8>) {
    let head = format!("GET {path} HTTP/1.1\r\nConnection: close\r\n\r\n");
    let (head, body, end) = read(send(server, head));
    end.unwrap();
    (head, body)
}

fn status(server: &LocalServer, path: &str) -> String {
    let (head, _) = get_close(server, path);
    head["HTTP/1.1 ".len()..][..3].to_owned()
}

/// The body bytes in a chunked body that may end anywhere, and whether its end was there.
fn unchunk(mut wire: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    while let Some(line) = wire.windows(2).position(|two| two == b"\r\n") {
        let size = std::str::from_utf8(&wire[..line]).unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        wire = &wire[line + 2..];
        if size == 0 {
            return (body, wire == b"\r\n");
        }
        body.extend_from_slice(&wire[..size.min(wire.len())]);
        wire = wire.get(size + 2..).unwrap_or_default();
    }
    (body, false)
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .proxy(None)
        .http_status_as_error(false)
        .timeout_global(Some(FAR))
        .build()
        .into()
}

fn fetch(server: &LocalServer, path: &str) -> Result<Vec<u8>, ureq::Error> {
    agent()
        .get(server.url(path))
        .call()?
        .body_mut()
        .read_to_vec()
}

/// The port is free again afterwards, unless another test has been given it meanwhile.
#[test]
fn a_server_stands_on_the_port_that_it_was_given_alone() {
    let first = serve(Site::new());
    let port = first.address().port();
    let taken = LocalServer::start_on(port, Site::new()).map(|server| server.address());
    assert_eq!(taken.unwrap_err().kind(), ErrorKind::AddrInUse);
    drop(first);
    match LocalServer::start_on(port, Site::new()) {
        Ok(second) => assert_eq!(second.address().port(), port),
        Err(error) => assert_eq!(error.kind(), ErrorKind::AddrInUse),
    }
}

// https://docs.python.org/3/library/http.server.html

#[rstest]
#[case::content_length(Framing::ContentLength, "Content-Length: 10000")]
#[case::chunked(Framing::Chunked, "Transfer-Encoding: chunked")]
#[case::until_close(Framing::UntilClose, "Connection: close")]
fn a_client_reads_the_body_in_every_framing(#[case] framing: Framing, #[case] says: &str) {
    let server = serve_page(Reply::ok(body()).framing(framing).header("X-Kind", "plain"));
    assert_eq!(fetch(&server, "/").unwrap(), body());

    let (head, raw) = get_close(&server, "/");
    assert!(
        head.starts_with("HTTP/1.1 200 OK\r\nX-Kind: plain\r\n"),
        "{head}"
    );
    assert!(head.contains(&format!("\r\n{says}\r\n")), "{head}");
    let lengths = ["Content-Length", "Transfer-Encoding"].map(|name| head.contains(name));
    let is_until_close = framing == Framing::UntilClose;
    assert_eq!(lengths.iter().any(|has| *has), !is_until_close, "{head}");
    match framing {
        Framing::Chunked => assert_eq!(unchunk(&raw), (body(), true)),
        _ => assert_eq!(raw, body()),
    }
}

#[rstest]
fn an_empty_body_is_whole_in_every_framing(
    #[values(Framing::ContentLength, Framing::Chunked, Framing::UntilClose)] framing: Framing,
) {
    let server = serve_page(Reply::ok([]).framing(framing));
    assert_eq!(fetch(&server, "/").unwrap(), b"");
}

#[rstest]
#[case::too_long(20_000)]
#[case::too_short(5)]
fn a_wrong_length_is_claimed_and_the_body_is_what_it_is(#[case] claimed: u64) {
    let server = serve_page(Reply::ok(body()).framing(Framing::WrongLength(claimed)));
    let (head, raw, end) = read(get(&server, "/"));
    assert!(
        head.contains(&format!("\r\nContent-Length: {claimed}\r\n")),
        "{head}"
    );
    assert_eq!((raw, end.is_ok()), (body(), true));
    match fetch(&server, "/") {
        Ok(got) => assert_eq!(got, b"\0\x01\x02\x03\x04"),
        Err(_) => assert_eq!(claimed, 20_000),
    }
}

#[rstest]
fn head_gets_the_head_of_get_and_no_body(
    #[values(Framing::ContentLength, Framing::Chunked, Framing::UntilClose)] framing: Framing,
) {
    let server = serve_page(Reply::ok(body()).framing(framing));
    let (wanted, _) = get_close(&server, "/");
    let (head, raw, _) = read(send(
        &server,
        "HEAD / HTTP/1.1\r\nConnection: close\r\n\r\n",
    ));
    assert_eq!((head, raw), (wanted, Vec::new()));
}

#[rstest]
fn a_cut_body_has_exactly_its_bytes_and_then_ends(
    #[values(Framing::ContentLength, Framing::Chunked, Framing::UntilClose)] framing: Framing,
    #[values(0, 1, 4095, 4096, 4097, 9999)] after: usize,
) {
    let fault = Fault::Cut {
        after,
        how: Hangup::Fin,
    };
    let server = serve_page(Reply::ok(body()).framing(framing).fault(fault));
    let (head, raw, end) = read(get(&server, "/"));
    assert!(head.ends_with("\r\n\r\n") && end.is_ok(), "{head} {end:?}");
    if framing == Framing::Chunked {
        assert_eq!(unchunk(&raw), (body()[..after].to_vec(), false));
        assert!(
            after == 0 || !raw.ends_with(b"\r\n"),
            "ends between two chunks"
        );
    } else {
        assert_eq!(raw, body()[..after]);
    }
    // Only a body without a length cannot be told from a short one.
    assert_eq!(fetch(&server, "/").is_ok(), framing == Framing::UntilClose);
}

#[rstest]
#[case::at_its_length(10_000)]
#[case::behind_it(usize::MAX)]
fn a_chunked_body_cut_after_its_last_byte_lacks_its_end(#[case] after: usize) {
    let fault = Fault::Cut {
        after,
        how: Hangup::Fin,
    };
    let server = serve_page(Reply::ok(body()).framing(Framing::Chunked).fault(fault));
    let (_, raw, _) = read(get(&server, "/"));
    assert_eq!(unchunk(&raw), (body(), false));
    assert!(fetch(&server, "/").is_err());
}

#[rstest]
#[case::nothing(0)]
#[case::some_of_the_status(5)]
#[case::a_header_line_and_a_half(30)]
fn a_cut_head_has_exactly_its_bytes(#[case] after: usize) {
    let fault = Fault::CutHead {
        after,
        how: Hangup::Fin,
    };
    let server = serve_page(Reply::ok(body()).fault(fault));
    let (head, raw, end) = read(get(&server, "/"));
    assert_eq!(head, "HTTP/1.1 200 OK\r\nContent-Length: 10000"[..after]);
    assert_eq!((raw.len(), end.is_ok()), (0, true));
}

#[cfg(unix)]
#[rstest]
#[case::in_the_body(Fault::Cut { after: 7, how: Hangup::Rst })]
#[case::in_the_head(Fault::CutHead { after: 7, how: Hangup::Rst })]
fn a_reset_is_a_reset_for_the_client(
    #[case] fault: Fault,
    #[values(Framing::ContentLength, Framing::Chunked)] framing: Framing,
) {
    let server = serve_page(Reply::ok(body()).framing(framing).fault(fault));
    let (_, _, end) = read(get(&server, "/"));
    assert_eq!(end.unwrap_err().kind(), ErrorKind::ConnectionReset);
}

#[rstest]
fn a_stalled_body_stays_open_and_in_flight_until_the_server_stops() {
    let stalled = Reply::ok(body()).fault(Fault::Stall { after: 6 });
    let pair = Reply::ok([]).after_requests_in_flight(2);
    let server = serve(Site::new().page("/", stalled).page("/pair", pair));
    let mut client = get(&server, "/");
    let mut head_and_six = vec![0; "HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n".len() + 6];
    client.read_exact(&mut head_and_six).unwrap();
    assert!(head_and_six.ends_with(b"\r\n\r\n\x00\x01\x02\x03\x04\x05"));
    assert_eq!(status(&server, "/pair"), "200");

    client.set_nonblocking(true).unwrap();
    let silence = client.read(&mut [0]).unwrap_err();
    assert_eq!(silence.kind(), ErrorKind::WouldBlock);
    client.set_nonblocking(false).unwrap();
    drop(server);
    assert!(matches!(client.read(&mut [0]), Ok(0) | Err(_)));
}

#[rstest]
fn a_drip_gives_no_byte_before_its_time() {
    let every = Duration::from_millis(10);
    let server = serve_page(Reply::ok(*b"Hello 1").fault(Fault::Drip { every }));
    let start = Instant::now();
    let mut client = get(&server, "/");
    let mut head = [0; "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n".len()];
    client.read_exact(&mut head).unwrap();
    for (n, wanted) in (1..).zip(b"Hello 1") {
        let mut byte = [0];
        client.read_exact(&mut byte).unwrap();
        assert_eq!(byte[0], *wanted);
        assert!(
            start.elapsed() >= every * n,
            "byte {n} after {:?}",
            start.elapsed()
        );
    }
}

#[rstest]
fn a_drip_begins_long_before_it_ends() {
    let fault = Fault::Drip {
        every: Duration::from_millis(10),
    };
    let server = serve_page(
        Reply::ok([b'x'; 16])
            .fault(fault)
            .framing(Framing::UntilClose),
    );
    // Both times are from one run; on a busy machine one run of five is enough.
    let begins_early = || {
        let start = Instant::now();
        let mut client = get(&server, "/");
        let mut head_and_one = [0; "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n".len() + 1];
        client.read_exact(&mut head_and_one).unwrap();
        let first = start.elapsed();
        assert_eq!(client.read_to_end(&mut Vec::new()).unwrap(), 15);
        first < start.elapsed() / 2
    };
    assert!((0..5).any(|_| begins_early()));
}

#[rstest]
fn no_byte_is_ahead_of_the_bandwidth() {
    let rate = 50_000;
    let server = serve_page(
        Reply::ok(body())
            .bandwidth(rate)
            .framing(Framing::UntilClose),
    );
    let start = Instant::now();
    let mut client = get(&server, "/");
    let mut head = [0; "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n".len()];
    client.read_exact(&mut head).unwrap();
    let (mut got, mut some) = (0, [0; 4096]);
    loop {
        let n = client.read(&mut some).unwrap();
        if n == 0 {
            break;
        }
        got += n;
        let due = Duration::from_secs_f64(got as f64 / rate as f64);
        assert!(
            start.elapsed() >= due,
            "{got} bytes after {:?}",
            start.elapsed()
        );
    }
    assert_eq!(got, body().len());
}

#[rstest]
fn no_byte_is_ahead_of_the_latency() {
    let latency = Duration::from_millis(50);
    let server = serve_page(Reply::ok(body()).latency(latency));
    let start = Instant::now();
    get(&server, "/").read_exact(&mut [0]).unwrap();
    assert!(start.elapsed() >= latency, "{:?}", start.elapsed());
}

#[rstest]
fn a_redirect_is_followed_to_a_path_and_to_a_url() {
    let other = serve(Site::new().page("/end", Reply::ok(*b"the end")));
    let site = Site::new()
        .page("/start", Reply::redirect("/middle"))
        .page("/middle", Reply::redirect(other.url("end")));
    let server = serve(site);
    assert_eq!(fetch(&server, "/start").unwrap(), b"the end");
    let paths = server.requests().into_iter().map(|request| request.path);
    assert_eq!(paths.collect::<Vec<_>>(), ["/start", "/middle"]);
    let (head, _) = get_close(&server, "/start");
    assert!(
        head.starts_with("HTTP/1.1 302 Found\r\nLocation: /middle\r\n"),
        "{head}"
    );
}

#[rstest]
fn a_script_gives_its_replies_in_order_and_repeats_the_last() {
    let script = [500, 429, 503]
        .map(Reply::status)
        .into_iter()
        .chain([Reply::ok(*b"works")]);
    let server = serve(
        Site::new()
            .script("/", script)
            .page("/other", Reply::status(403)),
    );
    let codes = ["/", "/other", "/", "/", "/", "/"].map(|path| status(&server, path));
    assert_eq!(codes, ["500", "403", "429", "503", "200", "200"]);
}

#[rstest]
fn every_server_plays_its_own_script() {
    let site = Site::new().script("/", [Reply::status(500), Reply::ok([])]);
    let servers = [serve(site.clone()), serve(site)];
    assert_eq!(
        servers.each_ref().map(|server| status(server, "/")),
        ["500", "500"]
    );
}

#[rstest]
#[case::no_page("/none", "404")]
#[case::no_replies("/empty", "404")]
#[case::a_query_is_not_the_page("/?n=1", "200")]
fn a_path_finds_its_page_or_a_404(#[case] path: &str, #[case] code: &str) {
    let server = serve(Site::new().page("/", Reply::ok([])).script("/empty", []));
    assert_eq!(status(&server, path), code);
    assert_eq!(server.requests()[0].path, path);
}

#[rstest]
#[case::ok(200, "200 OK\n")]
#[case::teapot(418, "418 Status\n")]
#[case::no_content(204, "")]
#[case::not_modified(304, "")]
fn a_status_says_itself_in_its_body(#[case] code: u16, #[case] text: &str) {
    let server = serve_page(Reply::status(code));
    let (head, raw) = get_close(&server, "/");
    assert!(head.starts_with(&format!("HTTP/1.1 {code} ")), "{head}");
    assert_eq!(head.contains("Content-Length"), !text.is_empty(), "{head}");
    assert_eq!(raw, text.as_bytes());
}

#[rstest]
fn another_method_gets_a_405_even_with_a_large_body() {
    let server = serve_page(Reply::ok([]));
    let length = 1 << 25;
    let mut client = send(
        &server,
        format!("PUT / HTTP/1.1\r\nContent-Length: {length}\r\n\r\n"),
    );
    // A close with bytes unread would break this off.
    client.write_all(&vec![b'x'; length]).unwrap();
    let (head, _, end) = read(client);
    assert!(
        head.starts_with("HTTP/1.1 405 Method Not Allowed\r\nAllow: GET, HEAD\r\n"),
        "{head}"
    );
    assert!(
        end.is_ok() && head.contains("Connection: close\r\n"),
        "{end:?} {head}"
    );
    assert_eq!(server.requests()[0].method, "PUT");
}

#[rstest]
#[case::nonsense(b"nonsense", 400)]
#[case::nothing(b"", 400)]
#[case::no_version(b"GET /", 400)]
#[case::another_version(b"GET / HTTP/2.0", 400)]
#[case::two_spaces(b"GET  / HTTP/1.1", 400)]
#[case::no_method(b" / HTTP/1.1", 400)]
#[case::a_whole_url(b"GET http://host/ HTTP/1.1", 400)]
#[case::a_header_without_a_colon(b"GET / HTTP/1.1\r\nAccept", 400)]
#[case::a_header_without_a_name(b"GET / HTTP/1.1\r\n: x", 400)]
#[case::a_space_before_the_colon(b"GET / HTTP/1.1\r\nAccept : x", 400)]
#[case::not_utf8(b"GET /\xff HTTP/1.1", 400)]
#[case::too_large(&[b'x'; 16 * 1024 + 1], 431)]
fn a_head_that_cannot_be_used_is_refused(#[case] head: &[u8], #[case] code: u16) {
    let server = serve_page(Reply::ok([]));
    let (answer, _, end) = read(send(&server, [head, b"\r\n\r\n"].concat()));
    assert!(answer.starts_with(&format!("HTTP/1.1 {code} ")), "{answer}");
    assert!(end.is_ok() && server.requests().is_empty());
    assert_eq!(status(&server, "/"), "200", "the next one is served");
}

#[rstest]
fn a_head_without_an_end_is_refused_once_it_is_too_large() {
    let server = serve_page(Reply::ok([]));
    let (answer, _, _) = read(send(&server, [b'x'; 16 * 1024 + 1]));
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
}

#[rstest]
fn a_request_is_kept_as_it_was_sent() {
    let server = serve_page(Reply::ok([]));
    let head = "GET /?q HTTP/1.1\r\nRange: bytes=1-\r\nConnection:close\r\nrange:  2 \r\n\r\n";
    read(send(&server, head)).2.unwrap();
    let request = &server.requests()[0];
    assert_eq!((&*request.method, &*request.path), ("GET", "/?q"));
    let headers = [
        ("Range", "bytes=1-"),
        ("Connection", "close"),
        ("range", "2"),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(request.headers, headers);
    assert_eq!(request.header("RANGE"), Some("bytes=1-"));
    assert_eq!(request.header("Accept"), None);
}

#[rstest]
#[case::content_length(Framing::ContentLength, 1)]
#[case::chunked(Framing::Chunked, 1)]
#[case::until_close(Framing::UntilClose, 3)]
#[case::wrong_length(Framing::WrongLength(10_000), 3)]
fn a_pool_reuses_its_connection_where_the_framing_allows(
    #[case] framing: Framing,
    #[case] connections: usize,
) {
    let server = serve_page(Reply::ok(body()).framing(framing));
    let pool = agent();
    for _ in 0..3 {
        let mut reply = pool.get(server.url("/")).call().unwrap();
        assert_eq!(reply.body_mut().read_to_vec().unwrap(), body());
    }
    assert_eq!(
        (server.requests().len(), server.connections()),
        (3, connections)
    );
}

#[rstest]
fn requests_sent_ahead_are_answered_in_order() {
    let site = Site::new().page("/1", Reply::ok(*b"Hello 1").latency(HOUR / 90_000));
    let server = serve(site.page("/2", Reply::ok(*b"Hello 2")));
    let ahead = "GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\nConnection: close\r\n\r\n";
    let (_, rest, _) = read(send(&server, ahead));
    let rest = String::from_utf8(rest).unwrap();
    assert!(
        rest.starts_with("Hello 1HTTP/1.1 200") && rest.ends_with("\r\n\r\nHello 2"),
        "{rest}"
    );
    assert_eq!(server.connections(), 1);
}

#[rstest]
#[case::an_old_client("GET / HTTP/1.0\r\n\r\n")]
#[case::a_client_that_says_close("GET / HTTP/1.1\r\nconnection: Close\r\n\r\n")]
fn a_client_that_wants_the_end_gets_it(#[case] head: &str) {
    let server = serve_page(Reply::ok(*b"Hello 1"));
    let (head, raw, end) = read(send(&server, head));
    assert!(head.contains("Connection: close\r\n") && end.is_ok());
    assert_eq!(raw, b"Hello 1");
}

#[rstest]
fn a_gate_of_three_lets_three_pass_on_any_page() {
    let gated = Reply::ok([]).after_requests_in_flight(3);
    let server = serve(Site::new().page("/a", gated.clone()).page("/b", gated));
    thread::scope(|scope| {
        let clients = ["/a", "/a", "/b"].map(|path| scope.spawn(|| status(&server, path)));
        assert_eq!(
            clients.map(|client| client.join().unwrap()),
            ["200", "200", "200"]
        );
    });
    assert_eq!(server.most_at_once(), 3);
}

#[rstest]
fn a_gate_of_three_refuses_two() {
    let patience = Duration::from_millis(50);
    let site = Site::new().page("/", Reply::ok([]).after_requests_in_flight(3));
    let server = serve(site.gate_patience(patience));
    let start = Instant::now();
    thread::scope(|scope| {
        let clients = [(); 2].map(|()| scope.spawn(|| status(&server, "/")));
        assert_eq!(clients.map(|client| client.join().unwrap()), ["503", "503"]);
    });
    assert!(start.elapsed() >= patience, "{:?}", start.elapsed());
}

#[rstest]
fn a_sequential_client_is_never_seen_as_two() {
    let server = serve_page(Reply::ok(*b"Hello 1"));
    let mut reply = [0; "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nHello 1".len()];
    let mut clients = [(); 2].map(|()| TcpStream::connect(server.address()).unwrap());
    for turn in 0..2000 {
        // The next request leaves at the very moment at which the last byte is here.
        let client = &mut clients[turn % 2];
        client.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
        client.read_exact(&mut reply).unwrap();
    }
    assert!(reply.ends_with(b"Hello 1"));
    assert_eq!((server.connections(), server.most_at_once()), (2, 1));
}

#[rstest]
#[case::in_a_stall(Reply::ok(body()).fault(Fault::Stall { after: 1 }))]
#[case::in_the_latency(Reply::ok([]).latency(HOUR))]
#[case::at_a_gate(Reply::ok([]).after_requests_in_flight(9))]
#[case::in_a_drip(Reply::ok(body()).fault(Fault::Drip { every: HOUR }))]
#[case::in_a_write(Reply::ok(vec![0; 1 << 25]))]
fn a_client_that_goes_away_is_forgotten(#[case] reply: Reply) {
    let pair = Reply::ok([]).after_requests_in_flight(2);
    let site = Site::new().page("/", reply).page("/pair", pair);
    let server = serve(site.gate_patience(Duration::from_millis(30)));
    let client = get(&server, "/");
    while server.requests().is_empty() {
        thread::yield_now();
    }
    drop(client);
    // As long as the request that was given up counts, it opens the gate for this one.
    let end = Instant::now() + FAR;
    while status(&server, "/pair") == "200" {
        assert!(Instant::now() < end, "still in flight");
    }
}

#[rstest]
#[case::in_a_stall(Reply::ok(body()).fault(Fault::Stall { after: 1 }))]
#[case::in_a_drip(Reply::ok(body()).fault(Fault::Drip { every: HOUR }))]
#[case::in_the_latency(Reply::ok([]).latency(Duration::MAX))]
#[case::at_a_gate(Reply::ok([]).after_requests_in_flight(9))]
#[case::in_the_bandwidth(Reply::ok(body()).bandwidth(0))]
#[case::in_a_write_that_nobody_reads(Reply::ok(vec![0; 1 << 25]))]
#[case::waiting_for_the_next_request(Reply::ok([]))]
#[case::hung_up_before_the_client(Reply::ok([]).framing(Framing::UntilClose))]
fn a_server_stops_promptly_whatever_it_does(
    #[case] reply: Reply,
    #[values(0, 20_000)] bytes_ahead: usize,
) {
    let request = format!("GET / HTTP/1.1\r\n\r\n{}", "x".repeat(bytes_ahead));
    let site = Site::new().page("/", reply).gate_patience(HOUR);
    let time_to_stop = || {
        let server = serve(site.clone());
        let clients = [(); 3].map(|()| send(&server, &request));
        while server.requests().len() < clients.len() {
            thread::yield_now();
        }
        let start = Instant::now();
        drop(server);
        start.elapsed()
    };
    // On a busy machine one run of five is enough; what holds a thread holds it in each.
    assert!((0..5).any(|_| time_to_stop() < Duration::from_millis(200)));
}

#[rstest]
fn a_stopped_server_frees_its_port() {
    let server = serve(Site::new());
    let address = server.address();
    assert_eq!(server.url("file.txt"), format!("http://{address}/file.txt"));
    assert_eq!(server.url("/file.txt"), server.url("file.txt"));
    let client = TcpStream::connect(address).unwrap();
    drop(server);
    let refused = TcpStream::connect(address).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    drop(client);
}

#[rstest]
fn a_server_is_shared_between_threads_and_a_body_is_not_printed() {
    fn is_shared<T: Send + Sync + std::fmt::Debug>(_: &T) {}
    let reply = Reply::ok(body());
    assert!(format!("{reply:?}").contains("10000 bytes"), "{reply:?}");
    is_shared(&serve_page(reply));
}
