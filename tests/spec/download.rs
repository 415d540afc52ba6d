//! <https://requests.readthedocs.io/en/latest/user/quickstart/>: `requests.get(url).content`,
//! written to a file, as in the notebook.
//!
//! The rows D2 to D8, D10 and D11. After every failure the old file is unharmed and alone.

mod connections;
mod parts;
mod proxies;
mod redirects;
mod stages;
mod targets;

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use rstest::rstest;
use tempfile::TempDir;
use threadproof::back_off::BackOff;
use threadproof::download::Update;
use threadproof::local_server::{Fault, Framing, Hangup, LocalServer, Reply, Site};
use threadproof::{DownloadError, Downloader, DownloaderBuilder, Event, Progress, Receipt};

use crate::support::{count, files_in, passes_in_its_own_process, until};

const OLD: &[u8] = b"the good old file";
const HOUR: Duration = Duration::from_secs(3600);

const fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// A server, and a folder in which an old file waits to be replaced.
struct Scene {
    server: LocalServer,
    folder: TempDir,
}

impl Scene {
    fn new(site: Site) -> Self {
        let server = LocalServer::start(site).unwrap();
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.bin"), OLD).unwrap();
        Self { server, folder }
    }

    /// One page, `/a`.
    fn with(reply: Reply) -> Self {
        Self::new(Site::new().page("/a", reply))
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("a.bin")
    }

    fn fetch(&self, settings: DownloaderBuilder) -> Result<Receipt, DownloadError> {
        self.fetch_until(settings, &Event::new())
    }

    fn fetch_until(
        &self,
        settings: DownloaderBuilder,
        stop: &Event,
    ) -> Result<Receipt, DownloadError> {
        settings
            .build()
            .fetch(&self.server.url("/a"), &self.path(), stop)
    }

    #[track_caller]
    fn is_unharmed(&self) {
        assert_eq!(files_in(self.folder.path()), ["a.bin"]);
        assert_eq!(fs::read(self.path()).unwrap(), OLD);
    }

    #[track_caller]
    fn has(&self, body: &[u8]) {
        assert_eq!(files_in(self.folder.path()), ["a.bin"]);
        assert!(
            fs::read(self.path()).unwrap() == body,
            "another file than was sent"
        );
    }
}

/// Short enough for tests; the default would make them wait.
fn settings() -> DownloaderBuilder {
    Downloader::builder().back_off(BackOff::new(ms(1), ms(4)))
}

fn body(length: usize) -> Vec<u8> {
    (0..length).map(|n| (n % 251) as u8).collect()
}

fn truncated(error: DownloadError) -> (Option<u64>, u64) {
    match error {
        DownloadError::Truncated { expected, got, .. } => (expected, got),
        other => panic!("{other}"),
    }
}

// Whole bodies.

#[rstest]
fn a_whole_body_of_any_length_and_framing_replaces_the_file(
    #[values(0, 1, 4096, 4097, 12_000_000)] length: usize,
    #[values(Framing::ContentLength, Framing::Chunked)] framing: Framing,
) {
    let body = body(length);
    let scene = Scene::with(Reply::ok(body.clone()).framing(framing));
    let receipt = scene.fetch(settings()).unwrap();
    assert_eq!((receipt.bytes, receipt.attempts), (length as u64, 1));
    assert_eq!(receipt.path, scene.path());
    scene.has(&body);
}

/// Silence would allow the server to send it in any coding, which would be saved as the file.
#[test]
fn a_download_asks_for_the_file_as_it_is() {
    let scene = Scene::with(Reply::ok(*b"new"));
    scene.fetch(settings()).unwrap();
    let requests = scene.server.requests();
    assert_eq!(requests[0].header("Accept-Encoding"), Some("identity"));
}

#[test]
fn a_plain_download_says_who_asks() {
    let scene = Scene::with(Reply::ok(*b"new"));
    scene.fetch(settings()).unwrap();
    scene.has(b"new");
    let requests = scene.server.requests();
    assert_eq!((requests.len(), &*requests[0].method), (1, "GET"));
    assert!(
        requests[0]
            .header("User-Agent")
            .unwrap()
            .starts_with("threadproof/")
    );
}

#[test]
fn proxies_of_the_environment_are_not_asked() {
    // Nobody listens on port 1.
    let proxies = [
        "http_proxy",
        "HTTP_PROXY",
        "https_proxy",
        "HTTPS_PROXY",
        "all_proxy",
        "ALL_PROXY",
    ];
    let proxies = proxies.map(|name| (name, "http://127.0.0.1:1"));
    let test = "download::a_plain_download_says_who_asks";
    assert!(passes_in_its_own_process(test, |process| {
        process
            .envs(proxies)
            .env_remove("no_proxy")
            .env_remove("NO_PROXY")
    }));
}

// D2: bodies that end early.

/// D2.
#[rstest]
fn a_body_shorter_than_its_length_is_truncated(
    #[values(Hangup::Fin, Hangup::Rst)] how: Hangup,
    #[values(0, 1, 5_000, 9_999)] after: usize,
) {
    let scene = Scene::with(Reply::ok(body(10_000)).fault(Fault::Cut { after, how }));
    let (expected, got) = truncated(scene.fetch(settings()).unwrap_err());
    assert_eq!(expected, Some(10_000));
    match how {
        Hangup::Fin => assert_eq!(got, after as u64),
        Hangup::Rst => assert!(got <= after as u64, "{got}"),
    }
    scene.is_unharmed();
}

/// D2.
#[rstest]
#[case::before_the_first_chunk(0)]
#[case::inside_the_first_chunk(100)]
#[case::at_a_chunk_s_end(4096)]
#[case::at_two_chunks_end(8192)]
#[case::inside_the_last_chunk(9_999)]
#[case::before_the_last_line(10_000)]
fn a_chunked_body_without_its_end_is_truncated(
    #[case] after: usize,
    #[values(Hangup::Fin, Hangup::Rst)] how: Hangup,
) {
    let reply = Reply::ok(body(10_000)).framing(Framing::Chunked);
    let scene = Scene::with(reply.fault(Fault::Cut { after, how }));
    let (expected, got) = truncated(scene.fetch(settings()).unwrap_err());
    assert_eq!(expected, None);
    assert!(got <= after as u64, "{got}");
    scene.is_unharmed();
}

/// D2.
#[test]
fn a_length_that_promises_too_much_is_truncated() {
    let scene = Scene::with(Reply::ok(body(50)).framing(Framing::WrongLength(60)));
    let error = scene.fetch(settings()).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("/a: the body ended after 50 bytes of 60"),
        "{error}"
    );
    assert_eq!(truncated(error), (Some(60), 50));
    scene.is_unharmed();
}

/// D2.
#[rstest]
#[case::no_byte(0)]
#[case::inside_the_first_line(5)]
#[case::inside_the_headers(30)]
fn a_head_that_ends_early_is_a_broken_connection(
    #[case] after: usize,
    #[values(Hangup::Fin, Hangup::Rst)] how: Hangup,
) {
    let scene = Scene::with(Reply::ok(body(10)).fault(Fault::CutHead { after, how }));
    let error = scene.fetch(settings()).unwrap_err();
    assert!(matches!(error, DownloadError::Connect { .. }), "{error}");
    scene.is_unharmed();
}

// D3: bodies of unknown length.

/// D3.
#[rstest]
#[case::no_length_at_all(None)]
#[case::the_identity(Some("identity"))]
fn a_body_of_unknown_length_is_refused_unless_it_is_allowed(#[case] encoding: Option<&str>) {
    let mut reply = Reply::ok(*b"perhaps all").framing(Framing::UntilClose);
    if let Some(encoding) = encoding {
        reply = reply.header("Transfer-Encoding", encoding);
    }
    let scene = Scene::with(reply);
    let error = scene.fetch(settings()).unwrap_err();
    assert!(
        matches!(error, DownloadError::LengthUnknown { .. }),
        "{error}"
    );
    scene.is_unharmed();

    let receipt = scene.fetch(settings().allow_unknown_length(true)).unwrap();
    assert_eq!(receipt.bytes, 11);
    scene.has(b"perhaps all");
}

/// D3. What ends by an error has not come whole, whatever is allowed.
#[rstest]
fn a_body_of_unknown_length_that_is_cut_by_a_reset_is_truncated(
    #[values(1, 5_000, 10_000)] after: usize,
    #[values(false, true)] resume: bool,
) {
    let how = Hangup::Rst;
    let reply = Reply::ok(body(10_000)).framing(Framing::UntilClose);
    let scene = Scene::with(reply.fault(Fault::Cut { after, how }));
    let allowed = settings().allow_unknown_length(true).resume(resume);
    let (expected, got) = truncated(scene.fetch(allowed).unwrap_err());
    assert_eq!(expected, None);
    assert!(got <= after as u64, "{got}");
    scene.is_unharmed();
}

/// D3. What the transfer was coded in would be saved as if it were the file.
#[rstest]
#[case::coded_and_chunked("gzip, chunked", Framing::Chunked)]
#[case::coded_twice("gzip, deflate", Framing::UntilClose)]
#[case::coded("gzip", Framing::UntilClose)]
#[case::chunked_inside("chunked, gzip", Framing::UntilClose)]
#[case::chunked_twice("chunked", Framing::Chunked)]
#[case::unknown("x-rot13", Framing::UntilClose)]
fn a_transfer_that_is_coded_unasked_is_refused(
    #[case] coding: &str,
    #[case] framing: Framing,
    #[values(false, true)] resume: bool,
) {
    let reply = Reply::ok(*b"perhaps all").header("Transfer-Encoding", coding);
    let scene = Scene::with(reply.framing(framing));
    let allowed = settings()
        .allow_unknown_length(true)
        .retries(3)
        .resume(resume);
    let error = scene.fetch(allowed).unwrap_err();
    assert!(matches!(error, DownloadError::BadAnswer { .. }), "{error}");
    assert_eq!(scene.server.requests().len(), 1);
    scene.is_unharmed();
}

// D4: statuses.

/// D4.
#[rstest]
#[case::ok(200, None)]
#[case::created(201, None)]
#[case::not_yet(202, Some(202))]
#[case::what_a_proxy_made_of_it(203, None)]
#[case::no_content(204, Some(204))]
#[case::reset_content(205, Some(205))]
#[case::a_part_that_nobody_asked_for(206, Some(206))]
#[case::several_statuses(207, Some(207))]
#[case::a_difference(226, Some(226))]
#[case::some_success(299, None)]
#[case::not_modified(304, Some(304))]
#[case::bad_request(400, Some(400))]
#[case::not_found(404, Some(404))]
#[case::too_many_requests(429, Some(429))]
#[case::server_error(500, Some(500))]
#[case::unavailable(503, Some(503))]
fn only_a_success_is_written(#[case] code: u16, #[case] expected: Option<u16>) {
    let scene = Scene::with(Reply::status(code).body(*b"an error page"));
    match (scene.fetch(settings()), expected) {
        (Ok(receipt), None) => {
            assert_eq!(receipt.bytes, 13);
            scene.has(b"an error page");
        }
        (Err(DownloadError::Status { code, .. }), Some(expected)) => {
            assert_eq!(code, expected);
            scene.is_unharmed();
        }
        (outcome, _) => panic!("{outcome:?}"),
    }
}

/// D4.
#[rstest]
fn a_redirect_to_nowhere_makes_no_sense(
    #[values(301, 302, 303, 307, 308)] code: u16,
    #[values(0, 10)] redirects: u32,
) {
    let scene = Scene::with(Reply::status(code));
    let settings = settings().retries(2).redirects(redirects);
    let error = scene.fetch(settings).unwrap_err();
    assert!(matches!(error, DownloadError::BadAnswer { .. }), "{error}");
    assert_eq!(
        scene.server.requests().len(),
        1,
        "it would say the same again"
    );
    scene.is_unharmed();
}

/// D4.
#[test]
fn a_page_that_does_not_exist_is_a_404_and_writes_no_file() {
    let scene = Scene::new(Site::new());
    let path = scene.folder.path().join("new.bin");
    let error = settings()
        .build()
        .fetch(&scene.server.url("/a"), &path, &Event::new());
    assert!(
        error
            .unwrap_err()
            .to_string()
            .ends_with("/a: the server answered with status 404")
    );
    scene.is_unharmed();
}

// D5: silence.

/// D5.
#[rstest]
#[case::before_the_head(Reply::ok(*b"x").latency(HOUR))]
#[case::before_the_body(Reply::ok(body(10_000)).fault(Fault::Stall { after: 0 }))]
#[case::inside_the_body(Reply::ok(body(10_000)).fault(Fault::Stall { after: 5_000 }))]
#[case::inside_a_chunk(
    Reply::ok(body(10_000)).framing(Framing::Chunked).fault(Fault::Stall { after: 5_000 })
)]
fn a_silent_server_is_a_stall(#[case] reply: Reply) {
    let (scene, start) = (Scene::with(reply), Instant::now());
    let error = scene.fetch(settings().stall(ms(200))).unwrap_err();
    assert!(
        matches!(error, DownloadError::Stalled { after, .. } if after == ms(200)),
        "{error}"
    );
    // Ten times the promise of 200 ms + 20 % + 100 ms.
    let took = start.elapsed();
    assert!((ms(200)..ms(3_400)).contains(&took), "{took:?}");
    scene.is_unharmed();
}

/// D5.
#[rstest]
#[case::a_drip_feed(Reply::ok(body(10_000)).fault(Fault::Drip { every: ms(20) }))]
#[case::a_silent_server(Reply::ok(*b"x").latency(HOUR))]
#[case::a_circle_of_redirects(Reply::redirect("/a").latency(ms(20)))]
#[case::a_server_that_is_never_well(Reply::status(503).latency(ms(20)))]
fn the_total_timeout_ends_a_download_that_never_stalls(#[case] reply: Reply) {
    let (scene, start) = (Scene::with(reply), Instant::now());
    let endless = settings().redirects(u32::MAX).retries(u32::MAX);
    let error = scene.fetch(endless.total(ms(300))).unwrap_err();
    match error {
        DownloadError::DeadlineExceeded { after, .. } => {
            assert_eq!(after, ms(300));
            assert!(start.elapsed() >= ms(300));
        }
        // The next attempt would have come too late.
        DownloadError::Status { code: 503, .. } => {}
        other => panic!("{other}"),
    }
    let took = start.elapsed();
    assert!(took < ms(4_600), "{took:?}");
    scene.is_unharmed();
}

/// D5.
#[test]
fn a_wait_that_would_outlast_the_total_timeout_is_not_begun() {
    let scene = Scene::with(Reply::status(503).header("Retry-After", "3600"));
    let error = scene
        .fetch(settings().retries(5).total(Duration::from_secs(60)))
        .unwrap_err();
    assert!(
        matches!(error, DownloadError::Status { code: 503, .. }),
        "{error}"
    );
    assert_eq!(scene.server.requests().len(), 1);
}

// D6: stopping.

/// A stop that is gone before anybody has looked.
fn pulse(stop: &Event) -> bool {
    stop.set() && stop.clear()
}

/// D6.
#[rstest]
#[case::before_the_head(Reply::ok(*b"x").latency(HOUR))]
#[case::inside_the_body(Reply::ok(body(10_000)).fault(Fault::Stall { after: 5_000 }))]
#[case::inside_a_chunk(
    Reply::ok(body(10_000)).framing(Framing::Chunked).fault(Fault::Stall { after: 5_000 })
)]
#[case::inside_a_body_without_an_end(
    Reply::ok(body(10_000)).framing(Framing::UntilClose).fault(Fault::Stall { after: 5_000 })
)]
#[case::in_a_drip_feed(Reply::ok(body(10_000)).fault(Fault::Drip { every: ms(20) }))]
#[case::in_the_wait_before_the_next_attempt(Reply::status(503).header("Retry-After", "3600"))]
fn a_stop_ends_a_download_at_once_and_leaves_nothing(
    #[case] reply: Reply,
    #[values(Event::set, pulse)] stop_it: fn(&Event) -> bool,
) {
    let (scene, stop) = (Scene::with(reply), Event::new());
    let (outcome, took) = thread::scope(|scope| {
        let allowed = settings().allow_unknown_length(true).retries(5);
        let fetch = scope.spawn(|| (scene.fetch_until(allowed, &stop), Instant::now()));
        until(|| scene.server.requests().len() == 1);
        let start = Instant::now();
        stop_it(&stop);
        let (outcome, end) = fetch.join().unwrap();
        (outcome, end - start)
    });
    let error = outcome.unwrap_err();
    assert!(matches!(error, DownloadError::Stopped { .. }), "{error}");
    // Ten times the promise of 100 ms.
    assert!(took < ms(1_000), "{took:?}");
    scene.is_unharmed();
}

/// D6. No answer comes to the connection either; the client alone would wait for 10 s.
#[cfg(target_os = "linux")]
#[test]
fn a_stop_does_not_wait_for_a_connection() {
    let (port, stop) = (crate::support::FullPort::new(), Event::new());
    let folder = tempfile::tempdir().unwrap();
    let (url, path) = (format!("http://{}/a", port.address()), folder.path());
    let start = thread::scope(|scope| {
        let fetch = scope.spawn(|| settings().build().fetch(&url, &path.join("a.bin"), &stop));
        until(|| port.keeps_somebody_waiting());
        let start = Instant::now();
        stop.set();
        let error = fetch.join().unwrap().unwrap_err();
        assert!(matches!(error, DownloadError::Stopped { .. }), "{error}");
        start
    });
    // Ten times the promise of 100 ms.
    assert!(start.elapsed() < ms(1_000), "{:?}", start.elapsed());
    assert!(files_in(path).is_empty());
}

/// D6.
#[test]
fn a_stop_that_is_set_before_sends_no_request() {
    let (scene, stop) = (Scene::with(Reply::ok(*b"new")), Event::new());
    stop.set();
    let error = scene.fetch_until(settings().retries(5), &stop).unwrap_err();
    assert!(error.to_string().ends_with("/a: stopped"), "{error}");
    assert_eq!(scene.server.connections(), 0);
    scene.is_unharmed();
}

/// D6.
#[test]
fn a_stop_from_the_progress_report_is_obeyed_before_the_file_is_in_its_place() {
    let (scene, stop) = (Scene::with(Reply::ok(body(10))), Event::new());
    let (url, path) = (scene.server.url("/a"), scene.path());
    let mut report = |_| {
        stop.set();
    };
    let outcome = settings()
        .build()
        .fetch_with(&url, &path, &stop, &mut report);
    assert!(
        matches!(outcome, Err(DownloadError::Stopped { .. })),
        "{outcome:?}"
    );
    scene.is_unharmed();
}

/// D6.
#[test]
fn a_stop_ends_many_downloads_those_that_wait_their_turn_too() {
    let (scene, stop) = (Scene::with(Reply::ok(*b"x").latency(HOUR)), Event::new());
    let new = scene.folder.path().join("new.bin");
    let downloads = vec![(scene.server.url("/a"), new); 10];
    let outcomes = thread::scope(|scope| {
        let many = settings().workers(count(3)).build();
        let (downloads, stop) = (&downloads, &stop);
        let fetch = scope.spawn(move || many.fetch_all(downloads, stop));
        until(|| scene.server.requests().len() == 3);
        stop.set();
        fetch.join().unwrap()
    });
    let stopped = |outcome: &Result<_, _>| matches!(outcome, Err(DownloadError::Stopped { .. }));
    assert!(
        outcomes.len() == 10 && outcomes.iter().all(stopped),
        "{outcomes:?}"
    );
    assert_eq!(scene.server.requests().len(), 3);
    scene.is_unharmed();
}

// D7: many at once.

/// For each path its URL on the server and its file in the folder, named alike.
fn downloads(scene: &Scene, pages: impl IntoIterator<Item = String>) -> Vec<(String, PathBuf)> {
    let one = |page: String| (scene.server.url(&page), scene.folder.path().join(&page));
    pages.into_iter().map(one).collect()
}

/// D7.
#[rstest]
fn results_come_in_the_order_given_and_a_failure_changes_no_other(
    #[values(1, 3, 20)] workers: usize,
) {
    // The earlier ones take longer.
    let site = (0..12u64).fold(Site::new(), |site, number| {
        let reply = match number {
            // Without a body: a client that gives one up is not gone for the server at once.
            4 => Reply::status(500).body(*b""),
            7 => Reply::ok(body(9)).fault(Fault::Cut {
                after: 2,
                how: Hangup::Rst,
            }),
            _ => Reply::ok(format!("page {number}").into_bytes()),
        };
        site.page(&format!("/{number}"), reply.latency(ms(5 * (12 - number))))
    });
    let scene = Scene::new(site);
    let mut downloads = downloads(&scene, (0..12).map(|number| number.to_string()));
    downloads[2].0 = "ftp://127.0.0.1/2".to_owned();
    let outcomes = settings()
        .workers(count(workers))
        .build()
        .fetch_all(&downloads, &Event::new());
    assert_eq!(outcomes.len(), 12);
    for (number, (outcome, (_, path))) in outcomes.iter().zip(&downloads).enumerate() {
        match (number, outcome) {
            (2, Err(DownloadError::BadUrl { .. }))
            | (4, Err(DownloadError::Status { code: 500, .. }))
            | (7, Err(DownloadError::Truncated { .. })) => assert!(!path.exists()),
            (_, Ok(receipt)) => {
                assert_eq!(receipt.path, *path);
                assert_eq!(
                    fs::read(path).unwrap(),
                    format!("page {number}").into_bytes()
                );
            }
            (_, Err(error)) => panic!("{number}: {error}"),
        }
    }
    assert_eq!(files_in(scene.folder.path()).len(), 1 + 12 - 3);
    assert!(scene.server.most_at_once() <= workers);
}

/// A server that answers nobody until three requests are in flight.
fn gated(pages: usize, patience: Duration) -> Scene {
    let gated =
        |number: usize| Reply::ok(format!("{number}").into_bytes()).after_requests_in_flight(3);
    let site = (0..pages).fold(Site::new(), |site, number| {
        site.page(&format!("/{number}"), gated(number))
    });
    Scene::new(site.gate_patience(patience))
}

/// D7.
#[test]
fn three_workers_have_three_requests_in_flight_and_two_have_not() {
    for (workers, passes) in [(3, true), (2, false)] {
        let scene = gated(3, if passes { HOUR } else { ms(100) });
        let downloads = downloads(&scene, (0..3).map(|number| number.to_string()));
        let outcomes = settings()
            .workers(count(workers))
            .build()
            .fetch_all(&downloads, &Event::new());
        assert_eq!(outcomes.iter().all(Result::is_ok), passes, "{outcomes:?}");
        assert_eq!(scene.server.most_at_once(), workers);
    }
}

/// D7.
#[test]
fn failures_in_between_keep_no_worker_from_the_next_download() {
    let scene = gated(3, Duration::from_secs(20));
    let mut mixed = vec![("no url".to_owned(), scene.path()); 100];
    mixed.splice(
        60..60,
        downloads(&scene, (0..3).map(|number| number.to_string())),
    );
    let outcomes = settings()
        .workers(count(3))
        .build()
        .fetch_all(&mixed, &Event::new());
    let good: Vec<_> = (0..103)
        .filter(|number| outcomes[*number].is_ok())
        .collect();
    assert_eq!(good, [60, 61, 62]);
}

/// D7: while the first is not done with its file, the second has been asked for.
#[test]
fn a_download_whose_body_has_come_holds_up_no_other() {
    let names = || ["a", "b"].map(str::to_owned).into_iter();
    let page = |site: Site, name: String| site.page(&format!("/{name}"), Reply::ok(*b"x"));
    let scene = Scene::new(names().fold(Site::new(), page));
    let downloads = downloads(&scene, names());
    let report = |number: usize, update: Update<'_>| {
        if number == 0 && matches!(update, Update::Ended(_)) {
            until(|| scene.server.requests().len() == 2);
        }
    };
    let downloader = settings().workers(count(1)).build();
    let outcomes = downloader.fetch_all_with(&downloads, &Event::new(), &report);
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    assert_eq!(scene.server.most_at_once(), 1);
}

/// D7.
#[test]
fn no_downloads_give_no_outcomes() {
    assert!(Downloader::new().fetch_all(&[], &Event::new()).is_empty());
}

/// D7.
#[test]
fn many_downloads_use_each_connection_again() {
    let site = (0..20).fold(Site::new(), |site, number| {
        site.page(&format!("/{number}"), Reply::ok(body(10_000)))
    });
    let scene = Scene::new(site);
    let downloads = downloads(&scene, (0..20).map(|number| number.to_string()));
    let downloader = settings().workers(count(3)).build();
    let outcomes = downloader.fetch_all(&downloads, &Event::new());
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    let connections = scene.server.connections();
    assert!(connections <= 3, "{connections} connections");
}

/// D7.
#[test]
fn updates_of_many_downloads_name_their_download_and_end_with_its_outcome() {
    let site = (0..9).fold(Site::new(), |site, number| {
        let reply = if number == 4 {
            Reply::status(404)
        } else {
            Reply::ok(body(number + 1))
        };
        site.page(&format!("/{number}"), reply)
    });
    let scene = Scene::new(site);
    let downloads = downloads(&scene, (0..9).map(|number| number.to_string()));
    let seen: Mutex<Vec<(usize, Option<u64>, bool)>> = Mutex::default();
    let report = |number: usize, update: Update<'_>| {
        let (bytes, has_ended) = match update {
            Update::Progress(progress) => (Some(progress.bytes), false),
            Update::Ended(outcome) => (outcome.as_ref().ok().map(|receipt| receipt.bytes), true),
        };
        seen.lock().unwrap().push((number, bytes, has_ended));
    };
    let downloader = settings().workers(count(3)).build();
    let outcomes = downloader.fetch_all_with(&downloads, &Event::new(), &report);
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 8);
    let seen = seen.into_inner().unwrap();
    for number in 0..9 {
        let own = seen.iter().filter(|(of, ..)| *of == number);
        let own: Vec<_> = own
            .map(|(_, bytes, has_ended)| (*bytes, *has_ended))
            .collect();
        let expected = match number {
            4 => vec![(None, true)],
            _ => vec![
                (Some(number as u64 + 1), false),
                (Some(number as u64 + 1), true),
            ],
        };
        assert_eq!(own, expected);
    }
}

// D8: redirects.

/// D8.
#[rstest]
fn n_redirects_are_followed_and_one_more_is_too_many(
    #[values(0, 1, 2, 5)] limit: u32,
    #[values(0, 1)] beyond: u32,
    #[values(301, 302, 303, 307, 308)] code: u16,
) {
    let hops = limit + beyond;
    let hop = |to: u32| Reply::status(code).header("Location", &format!("/{to}"));
    let site = (0..hops).fold(Site::new(), |site, number| {
        site.page(&format!("/{number}"), hop(number + 1))
    });
    let scene = Scene::new(site.page(&format!("/{hops}"), Reply::ok(*b"the end")));
    let downloader = settings().redirects(limit).retries(3).build();
    let outcome = downloader.fetch(&scene.server.url("/0"), &scene.path(), &Event::new());
    assert_eq!(scene.server.requests().len() as u32, limit + 1);
    if beyond == 0 {
        assert_eq!(outcome.unwrap().attempts, 1);
        scene.has(b"the end");
    } else {
        let error = outcome.unwrap_err();
        assert!(
            matches!(error, DownloadError::TooManyRedirects { limit: n, .. } if n == limit),
            "{error}"
        );
        scene.is_unharmed();
    }
}

/// D8.
#[rstest]
#[case::to_a_scheme_that_is_not_fetched("ftp://127.0.0.1/b")]
#[case::to_half_an_address("//[::1/b")]
fn a_redirect_that_cannot_be_followed_is_not_tried_again(#[case] to: &str) {
    let scene = Scene::with(Reply::redirect(to));
    let error = scene.fetch(settings().retries(3)).unwrap_err();
    assert!(!error.is_transient(), "{error:?}");
    assert_eq!(scene.server.requests().len(), 1);
    scene.is_unharmed();
}

// D10: size limits.

/// D10.
#[rstest]
#[case::announced(Framing::ContentLength, true)]
#[case::a_lie(Framing::WrongLength(1_000_000_000_000), true)]
#[case::chunked(Framing::Chunked, false)]
#[case::without_a_length(Framing::UntilClose, false)]
fn a_body_above_the_limit_is_too_large_before_it_is_on_the_disk(
    #[case] framing: Framing,
    #[case] is_announced: bool,
) {
    let scene = Scene::with(Reply::ok(body(3_000_000)).framing(framing));
    let allowed = settings().max_bytes(1_000_000).allow_unknown_length(true);
    let (url, path, folder) = (scene.server.url("/a"), scene.path(), scene.folder.path());
    let (mut reports, mut largest) = (0, 0);
    let mut report = |progress: Progress| {
        assert!(progress.bytes <= 1_000_000);
        largest = largest.max(largest_file(folder));
        reports += 1;
    };
    let outcome = allowed
        .build()
        .fetch_with(&url, &path, &Event::new(), &mut report);
    let error = outcome.unwrap_err();
    assert!(
        matches!(
            error,
            DownloadError::TooLarge {
                limit: 1_000_000,
                ..
            }
        ),
        "{error}"
    );
    assert!(largest <= 1_000_000, "{largest}");
    assert_eq!(
        reports == 0,
        is_announced,
        "nothing of an announced body is read"
    );
    scene.is_unharmed();
}

fn largest_file(folder: &Path) -> u64 {
    let names = files_in(folder).into_iter();
    let lengths = names.map(|name| fs::metadata(folder.join(name)).unwrap().len());
    lengths.max().unwrap_or(0)
}

/// D10.
#[rstest]
fn a_body_of_just_the_limit_is_not_too_large(
    #[values(Framing::ContentLength, Framing::Chunked)] framing: Framing,
) {
    let scene = Scene::with(Reply::ok(body(1_000)).framing(framing));
    assert_eq!(
        scene.fetch(settings().max_bytes(1_000)).unwrap().bytes,
        1_000
    );
    assert!(scene.fetch(settings().max_bytes(999)).is_err());
    scene.has(&body(1_000));
}

// D11: attempts.

fn cut() -> Reply {
    Reply::ok(body(100)).fault(Fault::Cut {
        after: 50,
        how: Hangup::Fin,
    })
}

/// Longer than a busy machine keeps an honest server from its answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// D11.
#[rstest]
#[case::unavailable(Reply::status(503), PATIENCE)]
#[case::timed_out(Reply::status(408), PATIENCE)]
#[case::too_early(Reply::status(425), PATIENCE)]
#[case::too_many(Reply::status(429), PATIENCE)]
#[case::server_error(Reply::status(500), PATIENCE)]
#[case::bad_gateway(Reply::status(502), PATIENCE)]
#[case::gateway_timed_out(Reply::status(504), PATIENCE)]
#[case::truncated(cut(), PATIENCE)]
#[case::truncated_inside_a_chunk(cut().framing(Framing::Chunked), PATIENCE)]
#[case::broken_head(Reply::ok(body(100)).fault(Fault::CutHead { after: 10, how: Hangup::Rst }), PATIENCE)]
#[case::stalled(Reply::ok(body(100)).fault(Fault::Stall { after: 50 }), ms(500))]
fn what_may_pass_is_tried_again_but_no_more_often_than_allowed(
    #[case] failing: Reply,
    #[case] stall: Duration,
    #[values(0, 1, 2)] failures: usize,
    #[values(0, 1, 2)] retries: u32,
) {
    let replies = vec![failing; failures]
        .into_iter()
        .chain([Reply::ok(body(100))]);
    let scene = Scene::new(Site::new().script("/a", replies));
    let outcome = scene.fetch(settings().retries(retries).stall(stall));
    let needed = failures as u32 + 1;
    assert_eq!(
        scene.server.requests().len() as u32,
        needed.min(retries + 1)
    );
    if needed <= retries + 1 {
        assert_eq!(outcome.unwrap().attempts, needed);
        scene.has(&body(100));
    } else {
        assert!(outcome.unwrap_err().is_transient());
        scene.is_unharmed();
    }
}

/// D11.
#[rstest]
#[case::not_found(Reply::status(404))]
#[case::forbidden(Reply::status(403))]
#[case::not_implemented(Reply::status(501))]
#[case::a_part(Reply::status(206))]
#[case::no_length(Reply::ok(*b"x").framing(Framing::UntilClose))]
#[case::too_large(Reply::ok(body(100)))]
fn what_will_not_pass_is_tried_once(#[case] reply: Reply) {
    let scene = Scene::with(reply);
    let error = scene
        .fetch(settings().retries(5).max_bytes(50))
        .unwrap_err();
    assert!(!error.is_transient(), "{error}");
    assert_eq!(scene.server.requests().len(), 1);
    scene.is_unharmed();
}

/// D11.
#[test]
fn of_retry_after_and_the_back_off_the_longer_is_waited_for() {
    let past = "Wed, 21 Oct 2015 07:28:00 GMT";
    for (asked, back_off, least) in [
        ("1", ms(1), ms(1_000)),
        ("0", ms(300), ms(300)),
        (past, ms(300), ms(300)),
    ] {
        let unwell = Reply::status(503).header("Retry-After", asked);
        let scene = Scene::new(Site::new().script("/a", [unwell, Reply::ok(*b"well")]));
        let settings = Downloader::builder()
            .retries(1)
            .back_off(BackOff::new(back_off, back_off));
        let receipt = scene.fetch(settings).unwrap();
        assert_eq!(receipt.attempts, 2);
        assert!(receipt.elapsed >= least, "{asked}: {:?}", receipt.elapsed);
        scene.has(b"well");
    }
}

/// D11: Up to an hour is waited for; beyond that the program would seem to hang.
#[rstest]
#[case::a_second_too_many("3601")]
#[case::a_week("604800")]
#[case::more_than_a_number_holds("99999999999999999999999")]
#[case::a_date_far_away("Fri, 31 Dec 9999 23:59:59 GMT")]
fn a_retry_after_beyond_the_bound_ends_the_download_at_once(#[case] asked: &str) {
    let scene = Scene::with(Reply::status(503).header("Retry-After", asked));
    let error = scene.fetch(settings().retries(5)).unwrap_err();
    assert!(
        matches!(error, DownloadError::Status { code: 503, .. }),
        "{error}"
    );
    assert_eq!(scene.server.requests().len(), 1);
    scene.is_unharmed();
}

/// D11.
#[test]
fn a_retry_after_that_is_a_date_is_waited_for() {
    let soon = std::time::SystemTime::now() + Duration::from_secs(2);
    let unwell = Reply::status(503).header("Retry-After", &httpdate::fmt_http_date(soon));
    let scene = Scene::new(Site::new().script("/a", [unwell, Reply::ok(*b"well")]));
    let receipt = scene.fetch(settings().retries(1)).unwrap();
    // The date has whole seconds, and some time has passed since it was made.
    assert!(receipt.elapsed >= ms(200), "{:?}", receipt.elapsed);
    scene.has(b"well");
}

/// D11.
#[rstest]
#[case::a_date_that_has_passed("Wed, 21 Oct 2015 07:28:00 GMT")]
#[case::garbage("soon")]
#[case::a_negative_number("-1")]
fn a_retry_after_that_says_nothing_leaves_it_to_the_back_off(#[case] asked: &str) {
    let unwell = Reply::status(503).header("Retry-After", asked);
    let scene = Scene::new(Site::new().script("/a", [unwell, Reply::ok(*b"well")]));
    assert_eq!(scene.fetch(settings().retries(1)).unwrap().attempts, 2);
}

/// D11.
#[test]
fn waits_between_attempts_are_at_least_those_of_the_back_off() {
    let unwell = Reply::status(503);
    let scene = Scene::new(Site::new().script("/a", [unwell.clone(), unwell, Reply::ok(*b"well")]));
    let settings = Downloader::builder()
        .retries(2)
        .back_off(BackOff::new(ms(40), ms(60)));
    let receipt = scene.fetch(settings).unwrap();
    assert!(
        receipt.elapsed >= ms(100),
        "40 ms, then 60 and not 80: {:?}",
        receipt.elapsed
    );
}

// What never reaches a server, or a disk.

/// A port on which nobody listens.
fn closed_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}

#[test]
fn a_port_on_which_nobody_listens_cannot_be_connected_to() {
    let scene = Scene::new(Site::new());
    let url = format!("http://127.0.0.1:{}/a", closed_port());
    let error = settings()
        .build()
        .fetch(&url, &scene.path(), &Event::new())
        .unwrap_err();
    assert!(matches!(error, DownloadError::Connect { .. }), "{error}");
    assert!(error.is_transient());
    scene.is_unharmed();
}

#[rstest]
#[case::nothing("")]
#[case::no_scheme("example.com/a.txt")]
#[case::only_a_path("/a.txt")]
#[case::half_a_scheme("http:/example.com")]
#[case::another_scheme("ftp://example.com/a.txt")]
#[case::a_file("file:///etc/passwd")]
#[case::no_host("http://")]
#[case::an_empty_host("http:///a.txt")]
#[case::an_empty_host_with_a_port("http://:80/a.txt")]
#[case::a_port_that_is_none("http://127.0.0.1:99999/a.txt")]
#[case::a_port_that_is_no_number("http://127.0.0.1:http/a.txt")]
#[case::spaces("http://exa mple.com/")]
#[case::half_an_address("http://[::1/a.txt")]
#[case::garbage("\u{0}\u{1}")]
fn what_is_no_url_is_said_to_be_none(#[case] url: &str) {
    let scene = Scene::new(Site::new());
    let downloader = settings().retries(3).build();
    let error = downloader
        .fetch(url, &scene.path(), &Event::new())
        .unwrap_err();
    assert!(matches!(error, DownloadError::BadUrl { .. }), "{error}");
    assert!(!error.is_transient());
    scene.is_unharmed();
}

#[test]
fn a_folder_that_does_not_exist_cannot_be_written_to_and_is_named() {
    let scene = Scene::with(Reply::ok(*b"new"));
    let path = scene.folder.path().join("missing").join("a.bin");
    let downloader = settings().retries(3).build();
    let error = downloader
        .fetch(&scene.server.url("/a"), &path, &Event::new())
        .unwrap_err();
    assert!(matches!(&error, DownloadError::Write { path: named, .. } if *named == path));
    assert!(
        error.to_string().contains(&path.display().to_string()),
        "{error}"
    );
    assert_eq!(scene.server.requests().len(), 1);
    scene.is_unharmed();
}

#[test]
fn a_folder_in_the_place_of_the_file_cannot_be_written_to() {
    let scene = Scene::with(Reply::ok(*b"new"));
    let path = scene.folder.path().join("folder");
    fs::create_dir(&path).unwrap();
    let error = settings()
        .build()
        .fetch(&scene.server.url("/a"), &path, &Event::new())
        .unwrap_err();
    assert!(matches!(error, DownloadError::Write { .. }), "{error}");
    assert_eq!(files_in(scene.folder.path()), ["a.bin", "folder"]);
    assert!(files_in(&path).is_empty());
}

#[rstest]
#[case::a_status("http://alice:secret@HOST/missing")]
#[case::a_cut_body("http://alice:secret@HOST/cut")]
#[case::a_stall("http://alice:secret@HOST/stall")]
#[case::a_circle("http://alice:secret@HOST/circle")]
#[case::an_unknown_length("http://alice:secret@HOST/unknown")]
#[case::an_at_sign_in_the_path("http://alice:secret@HOST/missing/@alpha")]
#[case::an_at_sign_in_the_password("http://alice:se@secret@HOST/missing")]
#[case::a_closed_port("http://alice:secret@127.0.0.1:1/a")]
#[case::another_scheme("ftp://alice:secret@HOST/a")]
#[case::no_scheme("alice:secret@HOST/a")]
#[case::half_a_scheme("http:/alice:secret@HOST/a")]
#[case::a_slash_in_the_password("http://alice:/secret@HOST/a")]
#[case::a_question_mark_in_the_password("http://alice:?secret@HOST/a")]
#[case::a_space_in_the_password("http://alice: secret@HOST/a")]
#[case::no_host("http://alice:secret@/a")]
fn no_error_shows_a_user_s_name_or_password(#[case] url: &str) {
    let site = Site::new()
        .page("/cut", cut())
        .page("/stall", Reply::ok(*b"x").latency(HOUR))
        .page("/circle", Reply::redirect("/circle"))
        .page("/unknown", Reply::ok(*b"x").framing(Framing::UntilClose));
    let scene = Scene::new(site);
    let url = url.replace("HOST", &scene.server.address().to_string());
    let downloader = settings().stall(ms(50)).build();
    let error = downloader
        .fetch(&url, &scene.path(), &Event::new())
        .unwrap_err();
    for text in [error.to_string(), format!("{error:?}")] {
        assert!(
            !text.contains("secret") && !text.contains("alice"),
            "{text}"
        );
    }
    scene.is_unharmed();
}

/// What the server redirects to may carry a password as well.
#[rstest]
#[case::another_scheme("ftp://alice:secret@127.0.0.1/b")]
#[case::half_an_address("//alice:secret@[::1/b")]
#[case::no_host("http://alice:secret@/b")]
#[case::spaces("http://alice:secret@exa mple/b")]
#[case::garbage("http://alice:secret@\u{1}/b")]
#[case::nobody_there("http://alice:secret@127.0.0.1:1/b")]
fn no_error_shows_the_password_of_a_redirect(#[case] to: &str) {
    let scene = Scene::with(Reply::redirect(to));
    let error = scene.fetch(settings()).unwrap_err();
    for text in [error.to_string(), format!("{error:?}")] {
        assert!(
            !text.contains("secret") && !text.contains("alice"),
            "{text}"
        );
    }
    scene.is_unharmed();
}

/// A logger that whoever uses the library may have; the client tells it what it does.
struct Lines;

static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());

impl log::Log for Lines {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        LINES.lock().unwrap().push(record.args().to_string());
    }

    fn flush(&self) {}
}

/// At the level of traces the client logs the very bytes that it sends, encoded: that is not meant.
#[test]
fn no_line_of_a_log_shows_a_user_s_name_or_password() {
    const HERE: &str = "THREADPROOF_TEST_WITH_A_LOGGER";
    if std::env::var_os(HERE).is_none() {
        let test = "download::no_line_of_a_log_shows_a_user_s_name_or_password";
        return assert!(passes_in_its_own_process(test, |process| process.env(HERE, "yes")));
    }
    log::set_logger(&Lines).unwrap();
    log::set_max_level(log::LevelFilter::Debug);
    let site = Site::new()
        .page("/good", Reply::ok(*b"new"))
        .page("/moved", Reply::redirect("/good"))
        .page(
            "/away",
            Reply::redirect("http://alice:secret@127.0.0.1:1/b"),
        );
    let scene = Scene::new(site);
    for page in ["/good", "/moved", "/missing", "/away"] {
        let url = scene.server.url(page).replace("://", "://alice:secret@");
        let downloader = settings().retries(1).resume(true).build();
        let _ = downloader.fetch(&url, &scene.path(), &Event::new());
    }
    let lines = LINES.lock().unwrap();
    assert!(lines.len() > 10, "the client is silent: {lines:?}");
    for line in &*lines {
        assert!(
            !line.contains("secret") && !line.contains("alice"),
            "{line}"
        );
    }
}

#[test]
fn a_downloader_may_be_used_again_and_from_many_threads() {
    let scene = Scene::with(Reply::ok(*b"new"));
    let downloader = settings().workers(NonZeroUsize::MIN).build();
    thread::scope(|scope| {
        for _ in 0..4 {
            let (downloader, scene) = (&downloader, &scene);
            scope.spawn(move || {
                for _ in 0..5 {
                    let (url, path) = (scene.server.url("/a"), scene.path());
                    assert_eq!(
                        downloader.fetch(&url, &path, &Event::new()).unwrap().bytes,
                        3
                    );
                }
            });
        }
    });
    scene.has(b"new");
}
