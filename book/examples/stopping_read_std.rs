//! A thread whose reads end after 50 ms looks at its flag between them.

use std::io::{ErrorKind, Read};
use std::sync::atomic::{AtomicBool, Ordering};

fn main() {
    static STOP: AtomicBool = AtomicBool::new(false);
    let quiet = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut stream = std::net::TcpStream::connect(quiet.local_addr().unwrap()).unwrap();
    let longest = std::time::Duration::from_millis(50);
    stream.set_read_timeout(Some(longest)).unwrap();
    let reader = std::thread::spawn(move || {
        while !STOP.load(Ordering::Acquire) {
            match stream.read(&mut [0; 4096]).map_err(|error| error.kind()) {
                Err(ErrorKind::WouldBlock | ErrorKind::TimedOut) => {} // look again
                Ok(0) => return "the server has closed",
                read => println!("reader: {} bytes", read.unwrap()),
            }
        }
        "I was asked to stop"
    });
    std::thread::sleep(longest); // meanwhile it waits in a read
    STOP.store(true, Ordering::Release);
    println!("reader: {}", reader.join().unwrap());
}
