//! <https://www.rfc-editor.org/rfc/rfc9110#name-redirection-3xx>: redirects as a server sees them.
//!
//! Where each leads is a table of `stages`; here the right requests reach the right servers.

use rstest::rstest;
use threadproof::DownloadError;
use threadproof::local_server::{LocalServer, Reply, Site};

use super::{Scene, settings};
use crate::support::{RawServer, Said, ok};

fn moved(location: &[u8]) -> Vec<u8> {
    let head = b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: ";
    [head, location, b"\r\n\r\n"].concat()
}

/// The line and the host of each request, where the first answer is a redirect.
fn asked_after(location: &'static [u8]) -> Vec<String> {
    let server = RawServer::start(move |head, _| match head.contains("/from") {
        true => Said::Keep(moved(location)),
        false => Said::Keep(ok("new")),
    });
    let scene = Scene::new(Site::new());
    let downloader = settings().build();
    let (url, stop) = (server.url("/dir/from?v=1"), threadproof::Event::new());
    downloader.fetch(&url, &scene.path(), &stop).unwrap();
    scene.has(b"new");
    let line = |head: String| head.lines().next().unwrap().to_owned();
    server.requests().into_iter().map(line).collect()
}

#[rstest]
#[case::a_query_alone(b"to?v=2".as_slice(), "GET /dir/to?v=2 HTTP/1.1")]
#[case::dots(b"../a/./b/../to", "GET /a/to HTTP/1.1")]
#[case::a_space(b"a to", "GET /dir/a%20to HTTP/1.1")]
#[case::utf_8(b"\xc3\xbcto", "GET /dir/%C3%BCto HTTP/1.1")]
#[case::a_fragment(b"to#part", "GET /dir/to HTTP/1.1")]
fn the_request_that_follows_is_for_what_was_meant(
    #[case] location: &'static [u8],
    #[case] line: &str,
) {
    let asked = asked_after(location);
    assert_eq!(asked, ["GET /dir/from?v=1 HTTP/1.1", line]);
}

/// What the caller writes is encoded in the same way.
#[rstest]
#[case("/a b", "/a%20b")]
#[case("/büro?ü", "/b%C3%BCro?%C3%BC")]
#[case("/a/../b#c", "/b")]
#[case("/a%2Fb%20c", "/a%2Fb%20c")]
fn the_first_request_is_encoded_as_browsers_do_it(#[case] path: &str, #[case] line: &str) {
    let server = RawServer::start(|_, _| Said::Keep(ok("new")));
    let scene = Scene::new(Site::new());
    let (url, stop) = (server.url(path), threadproof::Event::new());
    settings()
        .build()
        .fetch(&url, &scene.path(), &stop)
        .unwrap();
    assert!(server.requests()[0].starts_with(&format!("GET {line} HTTP/1.1\r\n")));
}

/// `alice:secret` and `bob:word`, encoded.
const ALICE: &str = "Basic YWxpY2U6c2VjcmV0";
const BOB: &str = "Basic Ym9iOndvcmQ=";

fn fetch_as_alice(scene: &Scene) {
    let url = scene.server.url("/a").replace("://", "://alice:secret@");
    let stop = threadproof::Event::new();
    settings()
        .build()
        .fetch(&url, &scene.path(), &stop)
        .unwrap();
}

#[test]
fn credentials_are_not_sent_to_another_host() {
    let other = LocalServer::start(Site::new().page("/b", Reply::ok(*b"new"))).unwrap();
    let site = Site::new()
        .page("/a", Reply::redirect("/here"))
        .page("/here", Reply::redirect(other.url("/b")));
    let scene = Scene::new(site);
    fetch_as_alice(&scene);
    let sent = scene.server.requests();
    let sent: Vec<_> = sent
        .iter()
        .map(|request| request.header("Authorization"))
        .collect();
    assert_eq!(sent, [Some(ALICE), Some(ALICE)]);
    assert_eq!(other.requests()[0].header("Authorization"), None);
}

#[test]
fn credentials_of_a_location_are_for_what_it_names() {
    let other = LocalServer::start(Site::new().page("/b", Reply::ok(*b"new"))).unwrap();
    let to = other.url("/b").replace("://", "://bob:word@");
    let scene = Scene::new(Site::new().page("/a", Reply::redirect(to)));
    fetch_as_alice(&scene);
    assert_eq!(other.requests()[0].header("Authorization"), Some(BOB));
}

#[rstest]
#[case::another_scheme("gopher://127.0.0.1/b")]
#[case::a_port_beyond_all("http://127.0.0.1:99999/b")]
#[case::no_host("http:///")]
fn no_hop_is_followed_that_would_not_be_a_first_address(#[case] to: &str) {
    let scene = Scene::new(Site::new().page("/a", Reply::redirect(to)));
    let error = scene.fetch(settings().retries(3)).unwrap_err();
    // Browsers take the last one for a path of the same server, which has no such page.
    let is_told = matches!(
        error,
        DownloadError::BadAnswer { .. } | DownloadError::Status { code: 404, .. }
    );
    assert!(is_told && !error.is_transient(), "{error}");
    scene.is_unharmed();
}

#[test]
fn a_redirect_with_two_places_is_not_followed() {
    let reply = Reply::redirect("/b").header("Location", "/c");
    let scene = Scene::new(Site::new().page("/a", reply));
    let error = scene.fetch(settings().retries(3)).unwrap_err();
    assert!(error.to_string().contains("two places"), "{error}");
    assert_eq!(scene.server.requests().len(), 1);
    scene.is_unharmed();
}

/// A redirect's own little body does not cost the connection.
#[test]
fn a_redirect_goes_on_over_the_same_connection() {
    let site = Site::new()
        .page("/a", Reply::redirect("/b").body(*b"it is over there"))
        .page("/b", Reply::ok(*b"new"));
    let scene = Scene::new(site);
    scene.fetch(settings()).unwrap();
    assert_eq!(scene.server.connections(), 1);
    scene.has(b"new");
}
