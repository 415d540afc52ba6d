//! <https://docs.python.org/3/library/ssl.html#security-considerations>: a download over TLS, with
//! the server's name checked, and never over anything less.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::time::Duration;

use rstest::rstest;
use tempfile::TempDir;
use threadproof::local_server::{LocalServer, Reply, Site};
use threadproof::{DownloadError, Downloader, Event, Receipt, start_daemon};

use crate::support::{AUTHORITY, files_in, serve_tls, serve_tls_without_goodbye, tls_ok};

const OLD: &[u8] = b"the good old file";

fn redirect(to: &str) -> String {
    format!(
        "HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    )
}

fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.bin"), OLD).unwrap();
    folder
}

fn trusting() -> Downloader {
    let settings = Downloader::builder().root_certificates(AUTHORITY).unwrap();
    // A server that knows no TLS waits for more, and the client for an answer.
    settings.connect(Duration::from_secs(1)).build()
}

fn fetch(downloader: &Downloader, url: &str, folder: &TempDir) -> Result<Receipt, DownloadError> {
    downloader.fetch(url, &folder.path().join("a.bin"), &Event::new())
}

#[track_caller]
fn has(folder: &TempDir, body: &[u8]) {
    assert_eq!(files_in(folder.path()), ["a.bin"]);
    assert_eq!(fs::read(folder.path().join("a.bin")).unwrap(), body);
}

#[test]
fn a_file_comes_over_tls() {
    let (server, folder) = (serve_tls(tls_ok(6, "secret")), folder());
    fetch(&trusting(), &format!("https://{server}/a"), &folder).unwrap();
    has(&folder, b"secret");
}

#[test]
fn a_redirect_to_https_is_followed() {
    let (server, folder) = (serve_tls(tls_ok(6, "secret")), folder());
    let plain = Site::new().page("/a", Reply::redirect(format!("https://{server}/a")));
    let plain = LocalServer::start(plain).unwrap();
    fetch(&trusting(), &plain.url("/a"), &folder).unwrap();
    has(&folder, b"secret");
}

#[test]
fn a_body_that_is_cut_is_truncated_over_tls_too() {
    let (server, folder) = (serve_tls(tls_ok(100, "half")), folder());
    let error = fetch(&trusting(), &format!("https://{server}/a"), &folder).unwrap_err();
    assert!(
        matches!(error, DownloadError::Truncated { got: 4, .. }),
        "{error}"
    );
    has(&folder, OLD);
}

/// A server says by TLS that nothing more comes. Without that anybody on the way may have cut the body.
#[rstest]
fn a_body_without_a_length_needs_the_end_of_tls(#[values(true, false)] says_goodbye: bool) {
    let answer = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhalf".to_owned();
    let server = match says_goodbye {
        true => serve_tls(answer),
        false => serve_tls_without_goodbye(answer),
    };
    let (url, folder) = (format!("https://{server}/a"), folder());
    let settings = Downloader::builder().root_certificates(AUTHORITY).unwrap();
    let outcome = fetch(&settings.allow_unknown_length(true).build(), &url, &folder);
    if says_goodbye {
        assert_eq!(outcome.unwrap().bytes, 4);
        return has(&folder, b"half");
    }
    let error = outcome.unwrap_err();
    assert!(
        matches!(error, DownloadError::Truncated { got: 4, .. }),
        "{error}"
    );
    has(&folder, OLD);
}

/// The certificate is good for 127.0.0.1, and only in the eyes of those who trust its authority.
#[rstest]
#[case::an_authority_that_nobody_knows(Downloader::new(), "127.0.0.1")]
#[case::another_name(trusting(), "localhost")]
fn a_server_that_cannot_say_who_it_is_gets_no_request(
    #[case] downloader: Downloader,
    #[case] host: &str,
) {
    let (server, folder) = (serve_tls(tls_ok(6, "secret")), folder());
    let url = format!("https://{host}:{}/a", server.port());
    let error = fetch(&downloader, &url, &folder).unwrap_err();
    assert!(matches!(error, DownloadError::Connect { .. }), "{error}");
    assert!(error.to_string().contains("ertificate"), "{error}");
    has(&folder, OLD);
}

/// A server that knows HTTP alone complains of what it does not understand.
#[test]
fn a_server_without_tls_is_said_to_speak_none() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let url = format!("https://{}/a", listener.local_addr().unwrap());
    let complain = move || {
        let (mut stream, _) = listener.accept().unwrap();
        let complaint = b"HTTP/1.1 400 Bad Request\r\n\r\n";
        // Until the client has gone, so that nothing is cut.
        drop(stream.write_all(complaint));
        drop(stream.read_to_end(&mut Vec::new()));
    };
    start_daemon("plain-server", complain).unwrap();
    let folder = folder();
    let error = fetch(&trusting(), &url, &folder).unwrap_err();
    assert!(error.to_string().contains("may be http://"), "{error}");
    has(&folder, OLD);
}

/// A server that speaks plain HTTP is asked for https: no request is sent in the clear.
#[test]
fn https_never_falls_back_to_http() {
    let site = Site::new().page("/a", Reply::ok(*b"in the clear"));
    let (server, folder) = (LocalServer::start(site).unwrap(), folder());
    let url = server.url("/a").replace("http:", "https:");
    let error = fetch(&trusting(), &url, &folder).unwrap_err();
    assert!(matches!(error, DownloadError::Connect { .. }), "{error}");
    assert!(server.requests().is_empty());
    has(&folder, OLD);
}

/// Nor by a redirect, which whoever can change an answer could make up.
#[rstest]
fn a_redirect_from_https_to_http_is_not_followed(
    #[values("", "alice:secret@")] user: &str,
    #[values("https", "HTTPS")] scheme: &str,
) {
    let site = Site::new().page("/a", Reply::ok(*b"in the clear"));
    let (plain, folder) = (LocalServer::start(site).unwrap(), folder());
    let server = serve_tls(redirect(
        &plain.url("/a").replace("://", &format!("://{user}")),
    ));
    let error = fetch(&trusting(), &format!("{scheme}://{server}/a"), &folder).unwrap_err();
    assert!(matches!(error, DownloadError::BadAnswer { .. }), "{error}");
    assert!(
        !error.is_transient() && !error.to_string().contains("alice"),
        "{error}"
    );
    assert!(plain.requests().is_empty());
    has(&folder, OLD);
}

#[rstest]
#[case::nothing("")]
#[case::no_certificate("hello")]
#[case::a_key(include_str!("../../fixtures/tls/server.key"))]
fn roots_that_hold_no_certificate_are_an_error_that_says_what_to_give(#[case] pem: &str) {
    let error = Downloader::builder().root_certificates(pem).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidData);
    assert!(error.to_string().contains("PEM"), "{error}");
}
