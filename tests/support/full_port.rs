//! A port whose queue is full: who connects gets no answer.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

/// As long as it lives, connecting to it takes until the caller gives up.
pub(crate) struct FullPort {
    listener: TcpListener,
    _taken: Vec<TcpStream>,
}

impl FullPort {
    pub(crate) fn new() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        rustix::net::listen(&listener, 0).expect("a shorter queue");
        let address = listener.local_addr().expect("it is bound");
        let connect = || TcpStream::connect_timeout(&address, Duration::from_millis(200));
        let taken: Vec<_> = std::iter::from_fn(|| connect().ok()).take(100).collect();
        assert!(taken.len() < 100, "the port is never full");
        Self {
            listener,
            _taken: taken,
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.listener.local_addr().expect("it is bound")
    }

    /// Whether somebody is waiting for the port to answer.
    pub(crate) fn keeps_somebody_waiting(&self) -> bool {
        let port = format!(":{:04X}", self.address().port());
        let connections = fs::read_to_string("/proc/net/tcp").expect("Linux tells");
        connections.lines().any(|line| {
            // Number, own address, other address, state; 2 is SYN-SENT.
            let mut words = line.split_whitespace().skip(2);
            words.next().is_some_and(|other| other.ends_with(&port)) && words.next() == Some("02")
        })
    }
}
