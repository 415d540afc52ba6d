//! The same server, and a downloader that asks for the rest of *that* version.

use std::fs;
use threadproof::local_server::{Fault, Hangup, LocalServer, Reply, Site};
use threadproof::{Downloader, Event};

fn main() -> std::io::Result<()> {
    let version = |body: &[u8], tag| Reply::ok(body).header("ETag", tag).ranges();
    let (after, how) = (9, Hangup::Fin);
    let first = version(b"old: 1111 2222", "\"v1\"").fault(Fault::Cut { after, how });
    let site = Site::new().script("/a", [first, version(b"new: 3333 4444", "\"v2\"")]);
    let server = LocalServer::start(site)?;
    let folder = tempfile::tempdir()?;
    let (url, path) = (server.url("/a"), folder.path().join("a.txt"));
    let downloader = Downloader::builder().resume(true).build();
    for _attempt in 1..=2 {
        if let Err(error) = downloader.fetch(&url, &path, &Event::new()) {
            println!("{error}");
        }
    }
    let requests = server.requests();
    println!("asked the second time: {:?}", requests[1].header("Range"));
    println!("the file: {:?}", fs::read_to_string(&path)?);
    Ok(())
}
