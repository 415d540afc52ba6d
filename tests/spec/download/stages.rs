//! The stages of a download that know neither a network nor a disk: the very files of `src/download`,
//! asked one by one.
//!
//! <https://www.rfc-editor.org/rfc/rfc3986#section-5.4> for redirects,
//! <https://www.rfc-editor.org/rfc/rfc9110#name-range-requests> for answers to requests for a rest.

#![allow(
    dead_code,
    unreachable_pub,
    reason = "the library has more use for these files"
)]

#[path = "../../../src/download/address.rs"]
mod address;
#[path = "../../../src/download/head.rs"]
mod head;
#[path = "../../../src/download/plan.rs"]
mod plan;
#[path = "../../../src/download/proxy.rs"]
mod proxy;
#[path = "../../../src/download/redirect.rs"]
mod redirect;
#[path = "../../../src/download/version.rs"]
mod version;

use std::ffi::OsString;

use rstest::rstest;
use threadproof::DownloadError;
use ureq::http::Response;

use address::{Address, without_credentials};
use head::{End, Head, Range};
use plan::{Limits, Plan, Refusal, plan};
use proxy::{Form, Proxies};
use redirect::{Lead, lead};
use version::Version;

fn at(url: &str) -> Address {
    Address::read(url).unwrap()
}

/// An answer's head: a status, and `Name: value` lines.
fn answer(status: u16, lines: &[&str]) -> Head {
    let mut response = Response::builder().status(status);
    for line in lines {
        let (name, value) = line.split_once(": ").unwrap();
        response = response.header(name, value.as_bytes());
    }
    Head::of(&response.body(()).unwrap())
}

// Redirects.

/// The reference examples of §5.4.1 and §5.4.2, from `http://a/b/c/d;p?q`: all but `g:h`, which is
/// refused below.
#[rstest]
#[case("g", "http://a/b/c/g")]
#[case("./g", "http://a/b/c/g")]
#[case("g/", "http://a/b/c/g/")]
#[case("/g", "http://a/g")]
#[case("//g", "http://g/")]
#[case("?y", "http://a/b/c/d;p?y")]
#[case("g?y", "http://a/b/c/g?y")]
#[case("#s", "http://a/b/c/d;p?q")]
#[case("g#s", "http://a/b/c/g")]
#[case("g?y#s", "http://a/b/c/g?y")]
#[case(";x", "http://a/b/c/;x")]
#[case("g;x", "http://a/b/c/g;x")]
#[case("g;x?y#s", "http://a/b/c/g;x?y")]
#[case("", "http://a/b/c/d;p?q")]
#[case(".", "http://a/b/c/")]
#[case("./", "http://a/b/c/")]
#[case("..", "http://a/b/")]
#[case("../", "http://a/b/")]
#[case("../g", "http://a/b/g")]
#[case("../..", "http://a/")]
#[case("../../", "http://a/")]
#[case("../../g", "http://a/g")]
#[case("../../../g", "http://a/g")]
#[case("../../../../g", "http://a/g")]
#[case("/./g", "http://a/g")]
#[case("/../g", "http://a/g")]
#[case("g.", "http://a/b/c/g.")]
#[case(".g", "http://a/b/c/.g")]
#[case("g..", "http://a/b/c/g..")]
#[case("..g", "http://a/b/c/..g")]
#[case("./../g", "http://a/b/g")]
#[case("./g/.", "http://a/b/c/g/")]
#[case("g/./h", "http://a/b/c/g/h")]
#[case("g/../h", "http://a/b/c/h")]
#[case("g;x=1/./y", "http://a/b/c/g;x=1/y")]
#[case("g;x=1/../y", "http://a/b/c/y")]
#[case("g?y/./x", "http://a/b/c/g?y/./x")]
#[case("g?y/../x", "http://a/b/c/g?y/../x")]
#[case("g#s/./x", "http://a/b/c/g")]
#[case("g#s/../x", "http://a/b/c/g")]
// "For backward compatibility", as browsers do.
#[case("http:g", "http://a/b/c/g")]
fn a_redirect_is_resolved_as_the_rfc_says(#[case] reference: &str, #[case] target: &str) {
    let next = at("http://a/b/c/d;p?q").redirected(reference.as_bytes());
    assert_eq!(next.unwrap().to_ask(), target);
}

/// Beyond the RFC, as browsers do.
#[rstest]
#[case::a_space(b"/a b".as_slice(), "http://a/a%20b")]
#[case::utf_8("/büro".as_bytes(), "http://a/b%C3%BCro")]
#[case::utf_8_in_the_query("?ü".as_bytes(), "http://a/b/c/d;p?%C3%BC")]
#[case::utf_8_in_the_host("//bücher.example/".as_bytes(), "http://xn--bcher-kva.example/")]
#[case::another_coding(b"/b\xfcro", "http://a/b%FCro")]
#[case::what_is_encoded_already(b"/a%20b%2Fc", "http://a/a%20b%2Fc")]
#[case::spaces_around(b"  /g  ", "http://a/g")]
#[case::backslashes(b"\\g\\h", "http://a/g/h")]
#[case::quotes(b"/\"<>`{}", "http://a/%22%3C%3E%60%7B%7D")]
#[case::capitals(b"HTTP://EXAMPLE.ORG/A", "http://example.org/A")]
#[case::the_scheme_s_own_port(b"http://example.org:80/", "http://example.org/")]
#[case::dots_that_are_encoded(b"/x/%2e%2E/g", "http://a/g")]
#[case::a_sixth_version(b"//[::1]:8080/g", "http://[::1]:8080/g")]
#[case::to_https(b"https://a/g", "https://a/g")]
fn a_redirect_is_encoded_as_browsers_do_it(#[case] location: &[u8], #[case] target: &str) {
    let next = at("http://a/b/c/d;p?q").redirected(location);
    assert_eq!(next.unwrap().to_ask(), target);
}

#[rstest]
#[case::another_scheme("ftp://a/g", "not http or https")]
#[case::a_file("file:///etc/passwd", "not http or https")]
#[case::data("data:,hello", "not http or https")]
#[case::a_script("javascript:alert(1)", "not http or https")]
#[case::a_letter("g:h", "not http or https")]
#[case::a_port_beyond_all("http://a:99999/g", "port")]
#[case::a_port_that_is_no_number("//a:b/g", "port")]
#[case::a_negative_port("//a:-1/g", "port")]
#[case::no_host("http://", "host")]
#[case::no_host_but_a_port("//:80/g", "host")]
#[case::no_host_but_a_user("http://alice:secret@/g", "host")]
#[case::half_an_address("//[::1/g", "URL")]
#[case::a_space_in_the_host("//a b/g", "URL")]
#[case::a_control_in_the_host("//a\tb/g", "URL")]
#[case::too_large_for_an_address("//1.2.3.4.5/g", "URL")]
fn a_redirect_that_cannot_be_followed_says_why(#[case] location: &str, #[case] why: &str) {
    let error = at("http://a/b/c/d;p?q")
        .redirected(location.as_bytes())
        .unwrap_err();
    assert!(error.contains(why), "{error}");
    assert!(!error.contains("secret"));
}

/// What is an address here is one for the client, too.
#[test]
fn whatever_byte_a_location_holds_the_client_can_ask_for_what_it_means() {
    let base = at("http://a/b");
    for byte in 0..=u8::MAX {
        for (before, behind) in [("/x", "y"), ("/x?", "y"), ("//x", "y/"), ("//x:y", "@z/")] {
            let location = [before.as_bytes(), &[byte], behind.as_bytes()].concat();
            if let Ok(next) = base.redirected(&location) {
                let asked = next.to_ask();
                assert!(asked.parse::<ureq::http::Uri>().is_ok(), "{asked}");
                assert!(asked.is_ascii(), "{asked}");
            }
        }
    }
}

#[test]
fn an_address_that_no_client_could_ask_for_is_too_long() {
    let long = format!("http://a/{}", "x".repeat(65_000));
    assert_eq!(Address::read(&long).unwrap_err(), "it is too long");
    let most = &long[..65_000];
    assert!(at(most).to_ask().parse::<ureq::http::Uri>().is_ok());
}

/// Credentials go to the scheme, host and port that they were given for, and to no other.
#[rstest]
#[case::the_same_host("/g", Some("alice:secret"))]
#[case::the_same_host_in_full("http://a.org/g", Some("alice:secret"))]
#[case::the_same_host_without_a_scheme("//A.ORG:80/g", Some("alice:secret"))]
#[case::another_host("http://b.org/g", None)]
#[case::a_host_below("http://x.a.org/g", None)]
#[case::another_port("http://a.org:8080/g", None)]
#[case::another_scheme("https://a.org/g", None)]
#[case::credentials_of_its_own("http://bob:word@b.org/g", Some("bob:word"))]
#[case::others_for_the_same_host("http://bob:word@a.org/g", Some("bob:word"))]
#[case::a_host_that_looks_like_ours("http://a.org@b.org/g", Some("a.org:"))]
#[case::a_backslash_before_the_host("http:\\\\b.org\\@a.org/g", None)]
fn credentials_stay_with_whom_they_are_for(#[case] location: &str, #[case] sent: Option<&str>) {
    let next = at("http://alice:secret@a.org/f")
        .redirected(location.as_bytes())
        .unwrap();
    let line = sent.map(|who| {
        use base64::Engine;
        format!("Basic {}", base64::prelude::BASE64_STANDARD.encode(who))
    });
    assert_eq!(next.authorization(), line);
    assert!(!next.to_ask().contains("secret") && !format!("{next:?}").contains("secret"));
}

/// To go to another host and come back is no way to get them, either.
#[test]
fn credentials_that_were_left_behind_do_not_come_back() {
    let away = at("http://alice:secret@a.org/f")
        .redirected(b"http://b.org/")
        .unwrap();
    let back = away.redirected(b"http://a.org/f").unwrap();
    assert_eq!(back.authorization(), None);
}

#[rstest]
#[case::percent_signs("http://user%40example.com:p%2Fw@a/", "user@example.com:p/w")]
#[case::no_password("http://alice@a/", "alice:")]
#[case::no_name("http://:secret@a/", ":secret")]
#[case::a_plus("http://a+b:c+d@a/", "a+b:c+d")]
#[case::utf_8("http://j%C3%BCrgen:%FC@a/", "jürgen:\u{fffd}")]
fn credentials_are_sent_as_what_they_stand_for(#[case] url: &str, #[case] sent: &str) {
    use base64::Engine;
    let line = at(url).authorization().unwrap();
    let decoded = base64::prelude::BASE64_STANDARD.decode(line.strip_prefix("Basic ").unwrap());
    assert_eq!(String::from_utf8_lossy(&decoded.unwrap()), sent);
}

#[test]
fn https_is_not_left_for_http() {
    let error = at("https://a/").redirected(b"http://a/").unwrap_err();
    assert_eq!(error, "it redirects from https to http");
    assert!(at("https://a/").redirected(b"//b/").unwrap().is_https());
}

#[rstest]
#[case::a_redirect(302, &["Location: /g"], Ok(Some("http://a/g")))]
#[case::no_location(302, &[], Err("missing a location header"))]
#[case::one_place_said_twice(301, &["Location: /g", "Location: /g"], Ok(Some("http://a/g")))]
#[case::two_places(308, &["Location: /g", "Location: /h"], Err("it redirects to two places at once"))]
#[case::not_modified(304, &["Location: /g"], Ok(None))]
#[case::a_choice(300, &["Location: /g"], Ok(None))]
#[case::created(201, &["Location: /g"], Ok(None))]
#[case::an_error(404, &["Location: /g"], Ok(None))]
fn some_statuses_lead_elsewhere(
    #[case] status: u16,
    #[case] lines: &[&str],
    #[case] expected: Result<Option<&str>, &'static str>,
) {
    let expected = expected.map(|to| to.map_or(Lead::Arrived, |to| Lead::Moved(at(to))));
    assert_eq!(lead(&answer(status, lines), &at("http://a/f")), expected);
}

// Heads.

#[rstest]
#[case::a_length(&["Content-Length: 5"], End::Length(5))]
#[case::chunks(&["Transfer-Encoding: chunked"], End::Chunks)]
#[case::chunks_in_capitals(&["Transfer-Encoding: Chunked"], End::Chunks)]
#[case::the_identity(&["Transfer-Encoding: identity"], End::Connection)]
#[case::the_identity_and_a_length(&["Transfer-Encoding: identity", "Content-Length: 5"], End::Length(5))]
#[case::gzip_and_chunks(&["Transfer-Encoding: gzip, chunked"], End::Coded)]
#[case::gzip_and_chunks_in_two_lines(&["Transfer-Encoding: gzip", "Transfer-Encoding: chunked"], End::Coded)]
#[case::chunks_twice(&["Transfer-Encoding: chunked, chunked"], End::Coded)]
#[case::chunks_inside(&["Transfer-Encoding: chunked, gzip"], End::Coded)]
#[case::gzip(&["Transfer-Encoding: gzip", "Content-Length: 5"], End::Coded)]
#[case::nothing(&[], End::Connection)]
fn a_head_says_where_its_body_ends(#[case] lines: &[&str], #[case] end: End) {
    assert_eq!(answer(200, lines).end, end);
    // These two have none.
    assert_eq!(answer(204, lines).end, End::Length(0));
    assert_eq!(answer(304, lines).end, End::Length(0));
}

#[rstest]
#[case::a_range("bytes 3-9/10", Range::Of { first: 3, end: 10, total: 10 })]
#[case::all("bytes 0-9/10", Range::Of { first: 0, end: 10, total: 10 })]
#[case::nothing_there("bytes */10", Range::Unsatisfied { total: 10 })]
#[case::an_unknown_length("bytes 3-9/*", Range::Bad)]
#[case::behind_the_end("bytes 3-10/10", Range::Bad)]
#[case::backwards("bytes 9-3/10", Range::Bad)]
#[case::another_unit("lines 3-9/10", Range::Bad)]
#[case::a_sign("bytes +3-9/10", Range::Bad)]
#[case::no_number("bytes a-b/c", Range::Bad)]
#[case::too_large("bytes 3-18446744073709551615/18446744073709551615", Range::Bad)]
#[case::empty("", Range::Bad)]
fn a_range_is_read_strictly(#[case] value: &str, #[case] range: Range) {
    assert_eq!(
        answer(206, &[&format!("Content-Range: {value}")]).range,
        range
    );
}

#[test]
fn several_ranges_are_none_that_could_be_used() {
    let parts = "Content-Type: multipart/byteranges; boundary=x";
    assert_eq!(answer(206, &[parts]).range, Range::Bad);
    let one = "Content-Range: bytes 3-9/10";
    assert_eq!(answer(206, &[parts, one]).range, Range::Bad);
    assert_eq!(answer(206, &[one, one]).range, Range::Bad);
}

// Plans.

const ETAG: &str = "ETag: \"v1\"";
const OTHER_ETAG: &str = "ETag: \"v2\"";
const DATE: &str = "Last-Modified: Mon, 01 Jan 2024 00:00:00 GMT";
const OTHER_DATE: &str = "Last-Modified: Tue, 02 Jan 2024 00:00:00 GMT";

/// A version of 10 bytes, of which 6 are there.
fn noted(lines: &[&str]) -> Version {
    let lines = [&["Content-Length: 10"], lines].concat();
    let from = at("http://a/f");
    Version::of(&answer(200, &lines), "http://a/f", &from).unwrap()
}

fn plan_of(part: &Version, status: u16, lines: &[&str]) -> Result<Plan, Refusal> {
    let (head, from) = (answer(status, lines), at("http://a/f"));
    plan(&head, &from, Some((part, 6)), Limits::default())
}

/// What was noted, against what the answer with the rest says of itself.
#[rstest]
#[case::the_same_etag(&[ETAG], &[ETAG], true)]
#[case::another_etag(&[ETAG], &[OTHER_ETAG], false)]
#[case::a_weak_etag(&[ETAG], &["ETag: W/\"v1\""], false)]
#[case::no_etag(&[ETAG], &[], false)]
#[case::a_date_instead(&[ETAG], &[DATE], false)]
#[case::a_new_date(&[ETAG], &[ETAG, DATE], false)]
#[case::both(&[ETAG, DATE], &[ETAG, DATE], true)]
#[case::the_etag_of_both(&[ETAG, DATE], &[ETAG], true)]
#[case::the_date_of_both(&[ETAG, DATE], &[DATE], false)]
#[case::another_date_of_both(&[ETAG, DATE], &[ETAG, OTHER_DATE], false)]
#[case::another_etag_of_both(&[ETAG, DATE], &[OTHER_ETAG, DATE], false)]
#[case::the_same_date(&[DATE], &[DATE], true)]
#[case::another_date(&[DATE], &[OTHER_DATE], false)]
#[case::no_date(&[DATE], &[], false)]
#[case::an_etag_instead(&[DATE], &[ETAG], false)]
#[case::a_new_etag(&[DATE], &[DATE, ETAG], false)]
#[case::a_date_beside_a_weak_etag(&["ETag: W/\"v1\"", DATE], &["ETag: W/\"v1\"", DATE], true)]
#[case::a_date_beside_another_weak_etag(&["ETag: W/\"v1\"", DATE], &["ETag: W/\"v2\"", DATE], false)]
#[case::the_same_etag_twice(&[ETAG], &[ETAG, ETAG], true)]
#[case::two_etags(&[ETAG], &[ETAG, OTHER_ETAG], false)]
#[case::two_etags_the_other_way_round(&[ETAG], &[OTHER_ETAG, ETAG], false)]
#[case::two_dates(&[ETAG, DATE], &[ETAG, DATE, OTHER_DATE], false)]
#[case::two_dates_and_one_is_noted(&[DATE], &[DATE, OTHER_DATE], false)]
#[case::two_etags_beside_a_date(&[DATE], &[DATE, ETAG, OTHER_ETAG], false)]
#[case::a_second_coding(&[ETAG, "Content-Encoding: gzip"], &[ETAG, "Content-Encoding: gzip", "Content-Encoding: br"], false)]
#[case::another_coding(&[ETAG], &[ETAG, "Content-Encoding: gzip"], false)]
#[case::a_coding_that_nobody_asked_for(&[ETAG, "Content-Encoding: gzip"], &[ETAG, "Content-Encoding: gzip"], false)]
#[case::the_identity_again(&[ETAG, "Content-Encoding: identity"], &[ETAG, "Content-Encoding: identity"], true)]
#[case::no_coding_any_more(&[ETAG, "Content-Encoding: gzip"], &[ETAG], false)]
fn only_an_answer_that_repeats_what_was_noted_is_of_the_same_version(
    #[case] first: &[&str],
    #[case] second: &[&str],
    #[case] is_same: bool,
) {
    let part = noted(first);
    let rest = [
        &["Content-Range: bytes 6-9/10", "Content-Length: 4"],
        second,
    ]
    .concat();
    let rest = plan_of(&part, 206, &rest);
    let complete = |bytes| {
        let head = answer(416, &[&["Content-Range: bytes */10"], second].concat());
        plan(
            &head,
            &at("http://a/f"),
            Some((&part, bytes)),
            Limits::default(),
        )
    };
    match is_same {
        true => {
            assert_eq!(rest, Ok(Plan::Rest { end: 10, total: 10 }));
            assert_eq!(complete(10), Ok(Plan::Complete { total: 10 }));
        }
        false => {
            assert_eq!(rest, Ok(Plan::Again));
            assert_eq!(complete(10), Ok(Plan::Again));
        }
    }
    // A part that is not complete is none, whoever says so.
    assert_eq!(complete(6), Ok(Plan::Again));
}

#[rstest]
#[case::a_whole_file(200, &[OTHER_ETAG, "Content-Length: 10"], Ok(Plan::Whole { total: Some(10) }))]
#[case::a_whole_file_in_chunks(200, &["Transfer-Encoding: chunked"], Ok(Plan::Whole { total: None }))]
#[case::a_200_that_is_a_rest(200, &[ETAG, "Content-Range: bytes 6-9/10", "Content-Length: 4"], Ok(Plan::Again))]
#[case::a_200_with_a_bad_range(200, &[ETAG, "Content-Range: all", "Content-Length: 10"], Ok(Plan::Again))]
#[case::a_rest_of_another_length(206, &[ETAG, "Content-Range: bytes 6-10/11"], Ok(Plan::Again))]
#[case::a_rest_from_elsewhere(206, &[ETAG, "Content-Range: bytes 5-9/10"], Ok(Plan::Again))]
#[case::a_rest_that_contradicts_its_length(206, &[ETAG, "Content-Range: bytes 6-9/10", "Content-Length: 5"], Ok(Plan::Again))]
#[case::a_rest_that_is_coded(206, &[ETAG, "Content-Range: bytes 6-9/10", "Transfer-Encoding: gzip, chunked"], Ok(Plan::Again))]
#[case::a_piece_of_the_rest(206, &[ETAG, "Content-Range: bytes 6-7/10"], Ok(Plan::Rest { end: 8, total: 10 }))]
#[case::bad_request(400, &[], Ok(Plan::Again))]
#[case::forbidden(403, &[], Ok(Plan::Again))]
#[case::precondition_failed(412, &[], Ok(Plan::Again))]
#[case::not_found(404, &[], Err(Refusal::Status(404)))]
#[case::gone(410, &[], Err(Refusal::Status(410)))]
#[case::too_many(429, &[], Err(Refusal::Status(429)))]
#[case::unavailable(503, &[], Err(Refusal::Status(503)))]
fn each_answer_to_a_request_for_the_rest_has_its_plan(
    #[case] status: u16,
    #[case] lines: &[&str],
    #[case] expected: Result<Plan, Refusal>,
) {
    assert_eq!(plan_of(&noted(&[ETAG]), status, lines), expected);
}

/// What names two versions names none that could be asked for again.
#[rstest]
#[case::one_etag(&[ETAG], true)]
#[case::one_etag_twice(&[ETAG, ETAG], true)]
#[case::two_etags(&[ETAG, OTHER_ETAG], false)]
#[case::two_dates(&[DATE, OTHER_DATE], false)]
#[case::an_etag_and_two_dates(&[ETAG, DATE, OTHER_DATE], false)]
#[case::a_date_and_two_etags(&[DATE, ETAG, OTHER_ETAG], false)]
fn a_head_names_at_most_one_version(#[case] lines: &[&str], #[case] is_named: bool) {
    let version = Version::of(&answer(200, lines), "http://a/f", &at("http://a/f"));
    assert_eq!(version.is_some(), is_named, "{version:?}");
}

/// Two mirrors may give the same name to two versions.
#[test]
fn a_rest_from_another_mirror_is_not_used() {
    let head = answer(206, &[ETAG, "Content-Range: bytes 6-9/10"]);
    let part = noted(&[ETAG]);
    for (from, is_same) in [("http://a/f?signed=1", true), ("http://b/f", false)] {
        let plan = plan(&head, &at(from), Some((&part, 6)), Limits::default());
        assert_eq!(plan == Ok(Plan::Rest { end: 10, total: 10 }), is_same);
    }
}

#[rstest]
#[case::a_length(200, &["Content-Length: 10"], Ok(Plan::Whole { total: Some(10) }))]
#[case::chunks(200, &["Transfer-Encoding: chunked"], Ok(Plan::Whole { total: None }))]
#[case::not_yet(202, &["Content-Length: 10"], Err(Refusal::Status(202)))]
#[case::no_content(204, &[], Err(Refusal::Status(204)))]
#[case::reset_content(205, &["Content-Length: 0"], Err(Refusal::Status(205)))]
#[case::no_length(200, &[], Err(Refusal::LengthUnknown))]
#[case::coded(200, &["Transfer-Encoding: gzip, chunked"], Err(Refusal::BadAnswer("")))]
#[case::a_range_of_a_whole(200, &["Content-Length: 10", "Content-Range: bytes 0-9/10"], Ok(Plan::Whole { total: Some(10) }))]
#[case::a_range_of_less(200, &["Content-Length: 4", "Content-Range: bytes 6-9/10"], Err(Refusal::BadAnswer("")))]
#[case::a_part(206, &["Content-Length: 4", "Content-Range: bytes 6-9/10"], Err(Refusal::Status(206)))]
#[case::not_satisfied(416, &["Content-Range: bytes */10"], Err(Refusal::Status(416)))]
#[case::forbidden(403, &[], Err(Refusal::Status(403)))]
#[case::too_large(200, &["Content-Length: 11"], Err(Refusal::TooLarge(10)))]
fn each_answer_to_a_request_for_the_whole_has_its_plan(
    #[case] status: u16,
    #[case] lines: &[&str],
    #[case] expected: Result<Plan, Refusal>,
) {
    let limits = Limits {
        max_bytes: Some(10),
        allow_unknown_length: false,
    };
    let found = plan(&answer(status, lines), &at("http://a/f"), None, limits);
    match (found, expected) {
        (Err(Refusal::BadAnswer(_)), Err(Refusal::BadAnswer(_))) => {}
        (found, expected) => assert_eq!(found, expected),
    }
}

/// What is coded is not the file, unless it is called by the coding: then the coded bytes are.
#[rstest]
#[case::gzip("http://a/f.txt", &["Content-Encoding: gzip"], false)]
#[case::in_capitals("http://a/f.txt", &["Content-Encoding: GZIP"], false)]
#[case::unknown("http://a/f.txt", &["Content-Encoding: x-secret"], false)]
#[case::two("http://a/f.gz", &["Content-Encoding: br, gzip"], false)]
#[case::in_two_lines("http://a/f.gz", &["Content-Encoding: gzip", "Content-Encoding: gzip"], false)]
#[case::none("http://a/f.txt", &[], true)]
#[case::empty("http://a/f.txt", &["Content-Encoding: "], true)]
#[case::identity("http://a/f.txt", &["Content-Encoding: identity"], true)]
#[case::identity_twice("http://a/f.txt", &["Content-Encoding: Identity, identity"], true)]
#[case::named_so("http://a/f.tar.gz", &["Content-Encoding: gzip"], true)]
#[case::named_so_in_capitals("http://a/F.TGZ?q=1", &["Content-Encoding: x-gzip"], true)]
#[case::named_by_another("http://a/f.br", &["Content-Encoding: gzip"], false)]
#[case::brotli("http://a/f.br", &["Content-Encoding: br"], true)]
#[case::zstd("http://a/f.zst", &["Content-Encoding: zstd"], true)]
#[case::compress("http://a/f.Z", &["Content-Encoding: compress"], true)]
#[case::a_folder_of_that_name("http://a/f.gz/f", &["Content-Encoding: gzip"], false)]
#[case::a_query_of_that_name("http://a/f?f.gz", &["Content-Encoding: gzip"], false)]
fn content_that_is_coded_unasked_is_no_file(
    #[case] url: &str,
    #[case] lines: &[&str],
    #[case] is_file: bool,
) {
    let (from, limits) = (at(url), Limits::default());
    let first = answer(200, &[&[ETAG, "Content-Length: 10"], lines].concat());
    let part = Version::of(&first, url, &from).unwrap();
    let rest = answer(
        206,
        &[&[ETAG, "Content-Range: bytes 6-9/10"], lines].concat(),
    );
    let rest = plan(&rest, &from, Some((&part, 6)), limits);
    match (plan(&first, &from, None, limits), rest) {
        (Ok(Plan::Whole { .. }), Ok(Plan::Rest { .. })) => assert!(is_file),
        // The whole is asked for then, which is refused.
        (Err(Refusal::BadAnswer(_)), Ok(Plan::Again)) => assert!(!is_file),
        plans => panic!("{plans:?}"),
    }
}

// Proxies.

/// Which proxy is asked for a URL, given `NAME=value` pairs of the environment.
fn proxy_for(url: &str, environment: &[&str]) -> Option<String> {
    let variable = |name: &str| {
        let pairs = environment.iter().map(|pair| pair.split_once('=').unwrap());
        let mut named = pairs.filter(|(found, _)| *found == name);
        named.next().map(|(_, value)| OsString::from(value))
    };
    let proxy = Proxies::of(variable).towards(&at(url));
    let proxy = proxy.unwrap_or_else(|error| panic!("{error}"));
    proxy.map(|proxy| format!("{}:{}", proxy.host(), proxy.port()))
}

#[rstest]
#[case::none("http://a/", &[], None)]
#[case::of_the_scheme("http://a/", &["http_proxy=http://p:1"], Some("p:1"))]
#[case::not_of_the_other("https://a/", &["http_proxy=http://p:1"], None)]
#[case::of_https("https://a/", &["https_proxy=http://p:1"], Some("p:1"))]
#[case::of_all("https://a/", &["all_proxy=http://p:1"], Some("p:1"))]
#[case::the_scheme_s_before_all("https://a/", &["all_proxy=http://p:1", "https_proxy=http://q:2"], Some("q:2"))]
#[case::capitals("https://a/", &["HTTPS_PROXY=http://p:1"], Some("p:1"))]
#[case::small_letters_before_capitals("http://a/", &["HTTP_PROXY=http://p:1", "http_proxy=http://q:2"], Some("q:2"))]
#[case::empty_is_none("http://a/", &["http_proxy=", "all_proxy=http://p:1"], None)]
#[case::a_visitor_s("http://a/", &["HTTP_PROXY=http://p:1", "REQUEST_METHOD=GET"], None)]
#[case::a_script_s_own("http://a/", &["http_proxy=http://p:1", "REQUEST_METHOD=GET"], Some("p:1"))]
#[case::without_a_scheme("http://a/", &["http_proxy=p:1"], Some("p:1"))]
#[case::without_a_port("http://a/", &["http_proxy=http://p"], Some("p:80"))]
#[case::not_for_a_name("http://a.org/", &["all_proxy=p:1", "no_proxy=a.org"], None)]
#[case::nor_below_it("http://x.a.org/", &["all_proxy=p:1", "no_proxy=b.org, a.org"], None)]
#[case::in_lines("http://a.org/", &["all_proxy=p:1", "no_proxy=b.org\ta.org\nc.org"], None)]
#[case::with_a_dot("http://a.org/", &["all_proxy=p:1", "no_proxy=.a.org"], None)]
#[case::with_a_star("http://x.a.org/", &["all_proxy=p:1", "no_proxy=*.a.org"], None)]
#[case::capitals_in_a_name("http://a.org/", &["all_proxy=p:1", "NO_PROXY=A.ORG"], None)]
#[case::no_other_name("http://ba.org/", &["all_proxy=p:1", "no_proxy=a.org"], Some("p:1"))]
#[case::not_for_any("http://a.org/", &["all_proxy=p:1", "no_proxy=*"], None)]
#[case::not_for_an_address("http://127.0.0.1:8/", &["all_proxy=p:1", "no_proxy=localhost,127.0.0.1"], None)]
#[case::not_for_a_sixth("http://[::1]:8/", &["all_proxy=p:1", "no_proxy=::1"], None)]
#[case::another_address("http://10.127.0.0/", &["all_proxy=p:1", "no_proxy=127.0.0.0"], Some("p:1"))]
#[case::not_for_a_port("http://a.org:8/", &["all_proxy=p:1", "no_proxy=a.org:8"], None)]
#[case::but_for_another_port("http://a.org:9/", &["all_proxy=p:1", "no_proxy=a.org:8"], Some("p:1"))]
#[case::an_empty_list("http://a.org/", &["all_proxy=p:1", "no_proxy=,"], Some("p:1"))]
fn the_environment_names_a_proxy(
    #[case] url: &str,
    #[case] environment: &[&str],
    #[case] proxy: Option<&str>,
) {
    assert_eq!(proxy_for(url, environment).as_deref(), proxy);
}

#[rstest]
#[case::socks("socks5://alice:secret@p:1", "SOCKS proxies are not supported")]
#[case::another_scheme("ftp://alice:secret@p:1", "scheme")]
#[case::no_host("http://alice:secret@", "host")]
#[case::a_port("http://alice:secret@p:99999", "port")]
#[case::spaces("http://alice:secret@p q", "URL")]
fn a_proxy_that_cannot_be_used_is_named_without_its_password(
    #[case] text: &str,
    #[case] why: &str,
) {
    let proxies = Proxies::all(text);
    let error = proxies.towards(&at("http://a/")).unwrap_err();
    assert!(matches!(error, DownloadError::BadProxy { .. }), "{error}");
    for shown in [
        error.to_string(),
        format!("{error:?}"),
        format!("{proxies:?}"),
    ] {
        assert!(
            !shown.contains("secret") && !shown.contains("alice"),
            "{shown}"
        );
    }
    assert!(error.to_string().contains(why), "{error}");
    assert!(!error.is_transient());
}

/// What the client wrote, and what a proxy is sent.
#[rstest]
#[case::nobody("http://p:1", "")]
#[case::somebody(
    "http://al%40ice:p%2Fw@p:1",
    "Proxy-Authorization: Basic YWxAaWNlOnAvdw==\r\n"
)]
#[case::without_a_password("http://alice@p:1", "Proxy-Authorization: Basic YWxpY2U6\r\n")]
fn a_request_to_a_proxy_has_the_absolute_form(#[case] proxy: &str, #[case] who: &str) {
    let server = "http://a.org:8/x".parse().unwrap();
    let form = Form::of(&server, &ureq::Proxy::new(proxy).unwrap());
    let said = form
        .apply(b"GET /x?y HTTP/1.1\r\nhost: a.org:8\r\n\r\n")
        .unwrap();
    let expected = format!("GET http://a.org:8/x?y HTTP/1.1\r\n{who}host: a.org:8\r\n\r\n");
    assert_eq!(String::from_utf8(said).unwrap(), expected);
    // What is no head of a request stays as it is.
    assert_eq!(form.apply(b"and so on"), None);
}

/// Not even of what is no URL.
#[test]
fn a_terminal_gets_no_control_of_a_url() {
    let shown = without_credentials("http://alice:secret@a.org/\u{1b}[2J\n\u{9b}");
    assert_eq!(shown, "a.org/\\u{1b}[2J\\n\\u{9b}");
    assert_eq!(without_credentials("\u{7}"), "\\u{7}");
}

#[test]
fn what_is_shown_of_a_url_is_what_was_asked() {
    for url in [
        "http://a.org/b c",
        "http://a.org/ü?q#f",
        "HTTP://A.org:8/x/../y",
    ] {
        assert_eq!(without_credentials(url), url);
        let with = url.replace("://", "://alice:se%40cret@");
        assert_eq!(without_credentials(&with), url);
    }
}
