//! The same server, and a downloader that can be stopped.

use std::thread;
use std::time::{Duration, Instant};
use threadproof::local_server::{Fault, LocalServer, Reply, Site};
use threadproof::{Downloader, Event};

fn main() -> std::io::Result<()> {
    let silent = Reply::ok(*b"Hello 1, Hello 2").fault(Fault::Stall { after: 5 });
    let server = LocalServer::start(Site::new().page("/silent", silent))?;
    let folder = tempfile::tempdir()?;
    let (url, path) = (server.url("/silent"), folder.path().join("a.txt"));
    let (downloader, stop) = (Downloader::new(), Event::new());
    thread::scope(|scope| {
        let download = scope.spawn(|| downloader.fetch(&url, &path, &stop));
        thread::sleep(Duration::from_secs(1));
        let start = Instant::now();
        stop.set();
        println!("{}", download.join().unwrap().unwrap_err());
        println!("at once: {}", start.elapsed() < Duration::from_secs(1));
    });
    println!("files in the folder: {}", folder.path().read_dir()?.count());
    Ok(())
}
