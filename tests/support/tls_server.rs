//! A server with TLS, for one answer.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, Stream};
use threadproof::start_daemon;

/// Made for these tests, and good for 127.0.0.1 alone.
pub(crate) const AUTHORITY: &str = include_str!("../../fixtures/tls/authority.pem");
const CERTIFICATE: &[u8] = include_bytes!("../../fixtures/tls/server.pem");
const KEY: &[u8] = include_bytes!("../../fixtures/tls/server.key");

/// Answers every request with these bytes, over TLS, until the tests end.
pub(crate) fn serve_tls(answer: String) -> SocketAddr {
    serve(answer, true)
}

/// The same, and the connection ends as if somebody had cut it.
pub(crate) fn serve_tls_without_goodbye(answer: String) -> SocketAddr {
    serve(answer, false)
}

fn serve(answer: String, says_goodbye: bool) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let certificates = vec![CertificateDer::from_pem_slice(CERTIFICATE).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(KEY).unwrap();
    let config = ServerConfig::builder().with_no_client_auth();
    let config = Arc::new(config.with_single_cert(certificates, key).unwrap());
    let serve_all = move || {
        for stream in listener.incoming() {
            // A client that does not trust us goes away: that is its business.
            let _ = answer_one(stream.unwrap(), config.clone(), &answer, says_goodbye);
        }
    };
    start_daemon("tls-server", serve_all).unwrap();
    address
}

fn answer_one(
    mut tcp: TcpStream,
    config: Arc<ServerConfig>,
    answer: &str,
    says_goodbye: bool,
) -> std::io::Result<()> {
    let mut tls = ServerConnection::new(config).unwrap();
    let mut stream = Stream::new(&mut tls, &mut tcp);
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        head.extend(byte);
    }
    stream.write_all(answer.as_bytes())?;
    if says_goodbye {
        tls.send_close_notify();
        tls.complete_io(&mut tcp)?;
    }
    Ok(())
}

/// A 200 that announces this length.
pub(crate) fn tls_ok(length: usize, body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")
}
