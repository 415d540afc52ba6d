//! Downloads from a slow server really wait at the same time.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use threadproof::local_server::{LocalServer, Reply, Site};
use threadproof::{Downloader, Event};

use crate::support::count;

const LATENCY: Duration = Duration::from_millis(100);

fn pages(server: &LocalServer, folder: &tempfile::TempDir) -> Vec<(String, PathBuf)> {
    let page = |name: &str| (server.url(name), folder.path().join(name));
    ["one", "two", "three"].map(page).to_vec()
}

fn site(reply: &Reply) -> Site {
    let pages = ["/one", "/two", "/three"].into_iter();
    pages.fold(Site::new(), |site, path| site.page(path, reply.clone()))
}

#[test]
fn three_downloads_at_once_take_less_than_one_after_the_other() {
    let folder = tempfile::tempdir().unwrap();
    let stop = Event::new();
    let fetch = |server: &LocalServer, workers: usize| {
        let downloader = Downloader::builder().workers(count(workers)).build();
        let start = Instant::now();
        let outcomes = downloader.fetch_all(&pages(server, &folder), &stop);
        assert!(
            outcomes.len() == 3 && outcomes.iter().all(Result::is_ok),
            "{outcomes:?}"
        );
        start.elapsed()
    };
    // The server answers nobody until all three have asked.
    let gated = Reply::ok(*b"page").after_requests_in_flight(3);
    let server = LocalServer::start(site(&gated).gate_patience(Duration::from_secs(60))).unwrap();
    fetch(&server, 3);
    assert_eq!(server.most_at_once(), 3);

    let server = LocalServer::start(site(&Reply::ok(*b"page").latency(LATENCY))).unwrap();
    let one_by_one = fetch(&server, 1);
    assert_eq!(server.most_at_once(), 1);
    // The best of five: a busy machine makes one round late, but never early.
    let at_once = (0..5).map(|_| fetch(&server, 3)).min().unwrap();
    assert!(one_by_one >= 3 * LATENCY, "{one_by_one:?}");
    assert!(at_once >= LATENCY, "{at_once:?}");
    assert!(
        at_once <= one_by_one.mul_f64(0.6),
        "{at_once:?} of {one_by_one:?}"
    );
}
