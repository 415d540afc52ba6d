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
    let fetch = || downloader.fetch(&url, &path, &Event::new());
    println!("{}", fetch().unwrap_err());
    println!("the second attempt: {} bytes", fetch().unwrap().bytes);
    let request = &server.requests()[1];
    println!("the second asked: Range {:?}", request.header("Range"));
    println!("              If-Range {:?}", request.header("If-Range"));
    println!("the file: {:?}", fs::read_to_string(&path)?);
    Ok(())
}
