//! `fetch` behind a proxy: the one that is named, else those of the environment.
//!
//! <https://docs.python.org/3/library/urllib.request.html#urllib.request.getproxies>: Python looks at the
//! same variables, in every program that opens an address.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::{Arc, Mutex};

use assert_cmd::assert::OutputAssertExt;
use predicates::prelude::*;
use rstest::rstest;
use tempfile::TempDir;
use threadproof::local_server::{LocalServer, Reply, Site};

use crate::support::{files_in, threadproof};

/// Answers everything by itself, and keeps what it was asked.
struct Proxy {
    address: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let heads = Arc::new(Mutex::new(Vec::new()));
        let kept = heads.clone();
        let serve = move || {
            for mut stream in listener.incoming().flatten() {
                let head = read_head(&mut stream);
                let is_tunnel = head.starts_with("CONNECT ");
                kept.lock().unwrap().push(head);
                if is_tunnel {
                    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
                    read_head(&mut stream);
                }
                let head = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\n";
                let _ = write!(stream, "{head}proxy");
            }
        };
        // It listens as long as the tests run.
        threadproof::start_daemon("proxy", serve).unwrap();
        Self { address, heads }
    }

    fn url(&self) -> String {
        format!("http://alice:secret@{}", self.address)
    }

    fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

fn read_head(stream: &mut TcpStream) -> String {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap_or(0) == 1 {
        head.push(byte[0]);
    }
    String::from_utf8_lossy(&head).into_owned()
}

/// A server that is there, so that a request past the proxy is answered, too.
fn scene() -> (Proxy, LocalServer, TempDir) {
    let site = Site::new().page("/a", Reply::ok(*b"server"));
    let server = LocalServer::start(site).unwrap();
    (Proxy::start(), server, tempfile::tempdir().unwrap())
}

fn fetch(url: &str, folder: &TempDir) -> Command {
    threadproof(&["fetch", url, "--dir", folder.path().to_str().unwrap()])
}

fn is_from(folder: &TempDir, whom: &str) {
    let contents = std::fs::read_to_string(folder.path().join("a"));
    assert_eq!(contents.unwrap(), whom);
}

#[rstest]
#[case::named(&["--proxy"], None)]
#[case::of_http(&[], Some("http_proxy"))]
#[case::of_all(&[], Some("all_proxy"))]
fn a_file_comes_through_the_proxy(#[case] option: &[&str], #[case] variable: Option<&str>) {
    let (proxy, _, folder) = scene();
    let mut command = fetch("http://no-such-host.invalid/a", &folder);
    for option in option {
        command.args([option, &*proxy.url()]);
    }
    if let Some(variable) = variable {
        command.env(variable, proxy.url());
    }
    let password = predicate::str::contains("secret").or(predicate::str::contains("alice"));
    let assert = command.assert().success().stderr("");
    assert.stdout(password.not());
    is_from(&folder, "proxy");
    let heads = proxy.heads();
    assert_eq!(heads.len(), 1);
    assert!(heads[0].contains("no-such-host.invalid"), "{heads:?}");
    let credentials = "basic ywxpy2u6c2vjcmv0";
    assert!(heads[0].to_lowercase().contains(credentials), "{heads:?}");
}

/// An option wins over the environment, and an empty one means none.
#[rstest]
#[case::none_is_named(&["--proxy="], "http_proxy", None)]
#[case::this_host_is_excepted(&[], "http_proxy", Some("example.org,127.0.0.1"))]
#[case::every_host_is_excepted(&[], "all_proxy", Some("*"))]
#[case::it_is_for_https(&[], "https_proxy", None)]
fn a_file_comes_directly(
    #[case] option: &[&str],
    #[case] variable: &str,
    #[case] except: Option<&str>,
) {
    let (proxy, server, folder) = scene();
    let mut command = fetch(&server.url("/a"), &folder);
    command.args(option).env(variable, proxy.url());
    if let Some(hosts) = except {
        command.env("no_proxy", hosts);
    }
    command.assert().success().stderr("");
    is_from(&folder, "server");
    assert_eq!(proxy.heads().len(), 0);
}

/// What the notebook's sections download is their own affair.
#[test]
fn a_section_asks_no_proxy() {
    let (proxy, server, folder) = scene();
    let dir = folder.path().to_str().unwrap();
    let mut command = threadproof(&["sequential", "--url", &server.url("/a"), "--dir", dir]);
    command.env("http_proxy", proxy.url()).assert().success();
    assert_eq!(proxy.heads().len(), 0);
}

#[rstest]
#[case::of_no_kind_that_is_known("socks5://alice:secret@127.0.0.1:1")]
#[case::no_host("http://alice:secret@")]
fn what_is_no_proxy_is_exit_code_2_and_shows_no_password(#[case] proxy: &str) {
    let (_, server, folder) = scene();
    let password = predicate::str::contains("secret").or(predicate::str::contains("alice"));
    let words = predicate::str::contains("proxy").and(password.not());
    let mut command = fetch(&server.url("/a"), &folder);
    command
        .args(["--proxy", proxy])
        .assert()
        .code(2)
        .stderr(words);
    assert_eq!(server.requests().len(), 0);
    assert_eq!(files_in(folder.path()).len(), 0);
}

/// Who has forgotten that a variable is set is told which, and how to do without.
#[rstest]
#[case::of_the_scheme("http_proxy", "http")]
#[case::in_capitals("HTTPS_PROXY", "https")]
#[case::of_all("all_proxy", "https")]
fn an_error_of_a_proxy_names_its_variable(#[case] variable: &str, #[case] scheme: &str) {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr();
    let (nobody, folder) = (nobody.unwrap(), tempfile::tempdir().unwrap());
    let url = format!("{scheme}://127.0.0.1:1/a");
    let without = predicate::str::contains("; --proxy '' asks directly\n");
    let named = predicate::str::contains(format!("through the proxy {nobody} ({variable}): "));
    let mut command = fetch(&url, &folder);
    command.env(variable, format!("http://alice:secret@{nobody}"));
    let assert = command.assert().code(3);
    assert.stderr(
        named
            .and(without.clone())
            .and(predicate::str::contains("secret").not()),
    );
    // Nor is it a proxy that anybody could ask.
    let socks = "SOCKS proxies are not supported; give one of http";
    let named =
        predicate::str::contains(format!("({variable})")).and(predicate::str::contains(socks));
    let mut command = fetch(&url, &folder);
    command.env(variable, "socks5h://alice:secret@127.0.0.1:1");
    let assert = command.assert().code(2);
    assert.stderr(
        named
            .and(without)
            .and(predicate::str::contains("secret").not()),
    );
}

/// Who has named it knows.
#[rstest]
#[case::nobody_there("http://127.0.0.1:1", 3)]
#[case::of_another_kind("socks5://127.0.0.1:1", 2)]
fn a_proxy_that_was_named_is_of_no_variable(#[case] proxy: &str, #[case] code: i32) {
    let folder = tempfile::tempdir().unwrap();
    let mut command = fetch("http://127.0.0.1:1/a", &folder);
    let hint = predicate::str::contains("_proxy").or(predicate::str::contains("--proxy"));
    command
        .env("http_proxy", "http://127.0.0.1:2")
        .args(["--proxy", proxy]);
    command.assert().code(code).stderr(hint.not());
}

/// A tunnel that a proxy does not open.
#[test]
fn what_a_proxy_answered_is_said_once() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = format!("http://{}", listener.local_addr().unwrap());
    let refuse = move || {
        for mut stream in listener.incoming().flatten() {
            read_head(&mut stream);
            let _ = stream.write_all(b"HTTP/1.1 502 No\r\nContent-Length: 0\r\n\r\n");
        }
    };
    threadproof::start_daemon("proxy", refuse).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut command = fetch("https://127.0.0.1:1/a", &folder);
    let once = predicate::str::contains(": it answered with status 502\n");
    let twice = predicate::str::contains("502/502");
    let assert = command.args(["--proxy", &proxy]).assert().code(3);
    assert.stderr(once.and(twice.not()));
}

#[test]
fn a_proxy_that_is_not_there_is_exit_code_3() {
    let (_, server, folder) = scene();
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr();
    let proxy = format!("http://alice:secret@{}", nobody.unwrap());
    let password = predicate::str::contains("secret").or(predicate::str::contains("alice"));
    let words = predicate::str::contains("refused").and(password.not());
    let mut command = fetch(&server.url("/a"), &folder);
    command
        .args(["--proxy", &proxy])
        .assert()
        .code(3)
        .stderr(words);
}
