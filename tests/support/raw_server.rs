//! A server of bytes: each request's head goes in, and what comes out is sent as it is.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

use threadproof::start_daemon;

/// What is sent, and what happens then.
pub(crate) enum Said {
    /// The next request may come on the same connection.
    Keep(Vec<u8>),
    /// The connection ends.
    Close(Vec<u8>),
}

/// Serves on loopback until the tests end.
#[derive(Clone)]
pub(crate) struct RawServer {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Vec<String>>>>,
}

impl RawServer {
    /// `answer` gets a request's head and its number on its connection, from 0 on.
    pub(crate) fn start(answer: impl Fn(&str, usize) -> Said + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("it has an address");
        let (seen, answer) = (Arc::default(), Arc::new(answer));
        let server = Self { address, seen };
        let shared = server.clone();
        let accept = move || {
            for stream in listener.incoming() {
                let (shared, answer) = (shared.clone(), Arc::clone(&answer));
                let serve = move || shared.serve(stream.expect("a connection"), &*answer);
                start_daemon("raw-connection", serve).expect("a thread");
            }
        };
        start_daemon("raw-server", accept).expect("a thread");
        server
    }

    fn serve(&self, mut stream: TcpStream, answer: &dyn Fn(&str, usize) -> Said) {
        let connection = {
            let mut seen = self.lock();
            seen.push(Vec::new());
            seen.len() - 1
        };
        for number in 0.. {
            let Some(head) = read_head(&mut stream) else {
                return;
            };
            self.lock()[connection].push(head.clone());
            let (bytes, is_last) = match answer(&head, number) {
                Said::Keep(bytes) => (bytes, false),
                Said::Close(bytes) => (bytes, true),
            };
            // A client that has gone is its own business.
            if stream.write_all(&bytes).is_err() || is_last {
                return;
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Vec<String>>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The heads of all requests, connection by connection.
    pub(crate) fn connections(&self) -> Vec<Vec<String>> {
        self.lock().clone()
    }

    /// The heads of all requests.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.connections().concat()
    }
}

/// A head with its empty line; `None` once the client has gone.
pub(crate) fn read_head(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        match stream.read(&mut byte) {
            Ok(1) => head.extend(byte),
            _ => return None,
        }
    }
    Some(String::from_utf8_lossy(&head).into_owned())
}

/// A 200 with this body.
pub(crate) fn ok(body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}").into_bytes()
}
