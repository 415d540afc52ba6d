//! The same three pages, and a downloader that looks at what it gets.

use std::fs;
use threadproof::local_server::{Fault, Hangup, LocalServer, Reply, Site};
use threadproof::{Downloader, Event};

fn main() -> std::io::Result<()> {
    let (page, how) = (Reply::ok(*b"Hello 1, Hello 2"), Hangup::Fin);
    let cut = page.clone().fault(Fault::Cut { after: 5, how });
    let site = Site::new().page("/whole", page).page("/cut", cut);
    let server = LocalServer::start(site)?;
    let folder = tempfile::tempdir()?;
    let downloader = Downloader::new();
    for name in ["whole", "cut", "missing"] {
        let path = folder.path().join(name);
        fs::write(&path, "the old file")?;
        match downloader.fetch(&server.url(name), &path, &Event::new()) {
            Ok(receipt) => println!("{name}: {} bytes", receipt.bytes),
            Err(error) => println!("{error}"),
        }
        println!("    The file: {:?}", fs::read_to_string(&path)?);
    }
    Ok(())
}
