//! Three pages, fetched by hand. An old file lies at each path.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Write};
use std::net::TcpStream;
use threadproof::local_server::{Fault, Hangup, LocalServer, Reply, Site};

fn main() -> io::Result<()> {
    let (page, how) = (Reply::ok(*b"Hello 1, Hello 2"), Hangup::Fin);
    let cut = page.clone().fault(Fault::Cut { after: 5, how });
    let site = Site::new().page("/whole", page).page("/cut", cut);
    let (server, folder) = (LocalServer::start(site)?, tempfile::tempdir()?);
    let end = format!("Host: {}\r\nConnection: close\r\n\r\n", server.address());
    for name in ["whole", "cut", "missing"] {
        let path = folder.path().join(name);
        fs::write(&path, "the old file")?;
        let mut stream = TcpStream::connect(server.address())?;
        write!(stream, "GET /{name} HTTP/1.1\r\n{end}")?;
        let mut answer = BufReader::new(stream);
        while answer.read_line(&mut String::new())? > 2 {} // the head: nobody looks
        io::copy(&mut answer, &mut File::create(&path)?)?;
        println!("{name}: done. The file: {:?}", fs::read_to_string(&path)?);
    }
    Ok(())
}
