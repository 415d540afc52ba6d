//! A download goes on where it was cut off. Meanwhile the server has a new version.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use threadproof::local_server::{Fault, Hangup, LocalServer, Reply, Site};

fn main() -> io::Result<()> {
    let version = |body: &[u8], tag| Reply::ok(body).header("ETag", tag).ranges();
    let (after, how) = (9, Hangup::Fin);
    let first = version(b"old: 1111 2222", "\"v1\"").fault(Fault::Cut { after, how });
    let site = Site::new().script("/a", [first, version(b"new: 3333 4444", "\"v2\"")]);
    let server = LocalServer::start(site)?;
    let end = format!("Host: {}\r\nConnection: close\r\n\r\n", server.address());
    let mut file = Vec::new();
    for attempt in 1..=2 {
        let mut stream = TcpStream::connect(server.address())?;
        let got = file.len();
        write!(stream, "GET /a HTTP/1.1\r\nRange: bytes={got}-\r\n{end}")?;
        let mut answer = BufReader::new(stream);
        while answer.read_line(&mut String::new())? > 2 {} // the head: nobody looks
        answer.read_to_end(&mut file)?;
        println!("attempt {attempt}: {:?}", String::from_utf8_lossy(&file));
    }
    Ok(())
}
