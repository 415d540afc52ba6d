//! Three files on three threads, two at a time, and one event that would end all.

use std::num::NonZeroUsize;
use std::thread;
use threadproof::local_server::{LocalServer, Reply, Site};
use threadproof::{Downloader, Event, Semaphore};

fn main() -> std::io::Result<()> {
    let [a, c] = [b"Hello 1", b"Hello 3"].map(|body| Reply::ok(*body));
    let server = LocalServer::start(Site::new().page("/a", a).page("/c", c))?;
    let folder = tempfile::tempdir()?;
    let (downloader, stop) = (Downloader::new(), Event::new());
    let places = Semaphore::new(NonZeroUsize::new(2).unwrap());
    let fetch = |name| {
        let _place = places.acquire(); // it comes back however this ends
        downloader.fetch(&server.url(name), &folder.path().join(name), &stop)
    };
    thread::scope(|scope| {
        let running = ["a", "b", "c"].map(|name| scope.spawn(move || fetch(name)));
        for outcome in running.map(|thread| thread.join().unwrap()) {
            println!("{:?}", outcome.map(|receipt| receipt.bytes));
        }
    });
    Ok(())
}
