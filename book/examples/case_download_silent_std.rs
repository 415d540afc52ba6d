//! A server sends five bytes and falls silent. Main looks after one second.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;
use threadproof::local_server::{Fault, LocalServer, Reply, Site};

fn main() -> io::Result<()> {
    let silent = Reply::ok(*b"Hello 1, Hello 2").fault(Fault::Stall { after: 5 });
    let server = LocalServer::start(Site::new().page("/silent", silent))?;
    let host = server.address();
    let mut stream = TcpStream::connect(host)?;
    let download = thread::spawn(move || -> io::Result<usize> {
        write!(stream, "GET /silent HTTP/1.1\r\nHost: {host}\r\n\r\n")?;
        stream.read_to_end(&mut Vec::new())
    });
    thread::sleep(Duration::from_secs(1));
    println!("after a second it has ended: {}", download.is_finished());
    Ok(()) // and the thread is cut off
}
