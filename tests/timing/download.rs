//! Downloads from a slow server really wait at the same time.

use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use threadproof::local_server::{LocalServer, Reply, Site};
use threadproof::{DownloadError, Downloader, Event};

use crate::support::{count, until};

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
    let _alone = crate::alone();
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

/// D6: the best of five, since a busy machine makes a round late but never early.
#[test]
fn a_stop_ends_a_silent_download_within_a_tenth_of_a_second() {
    let _alone = crate::alone();
    let silent = Reply::ok(*b"page").latency(Duration::from_secs(3600));
    let round = || {
        let server = LocalServer::start(Site::new().page("/one", silent.clone())).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let (stop, url) = (Event::new(), server.url("/one"));
        let path = folder.path().join("one");
        let took = thread::scope(|scope| {
            let fetch = scope.spawn(|| {
                let outcome = Downloader::new().fetch(&url, &path, &stop);
                assert!(
                    matches!(outcome, Err(DownloadError::Stopped { .. })),
                    "{outcome:?}"
                );
                Instant::now()
            });
            until(|| server.requests().len() == 1);
            let start = Instant::now();
            stop.set();
            fetch.join().unwrap() - start
        });
        assert_eq!(folder.path().read_dir().unwrap().count(), 0);
        took
    };
    let best = (0..5).map(|_| round()).min().unwrap();
    assert!(best < Duration::from_millis(100), "{best:?}");
}
