//! Downloads from a loopback server that waits 20 ms before each small file: curl, aria2c, requests.
//!
//! Many at a time, one after the other on a connection that is kept, and a large one.

use std::io::Write;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use threadproof::local_server::{Reply, Site};
use threadproof::{
    AtomicFile, Downloader, Event, LocalServer, Process, Work, WorkerProgram, scoped_map,
};

use crate::harness::{Group, Unit, timed};
use crate::machine::{first_line, memory};
use crate::python::Python;

const LATENCY: Duration = Duration::from_millis(20);
const SMALL: usize = 100 << 10;

pub(crate) fn run(group: &mut Group) {
    let python = Python::start(group, "bench_downloads.py");
    let requests = python.has("requests");
    let second = |line: &str| line.split(' ').nth(1).unwrap_or_default().to_owned();
    let curl = first_line("curl", &["--version"]).map(|line| second(&line));
    let aria2 = first_line("aria2c", &["--version"]).map(|line| line.replace("aria2 version ", ""));
    for (name, version) in [("curl", &curl), ("aria2c", &aria2)] {
        if let Some(version) = version {
            group.version(name, version.clone());
        }
    }
    let mut site = Site::new();
    for number in 0..200 {
        let reply = Reply::ok(vec![number as u8; SMALL]).latency(LATENCY);
        site = site.page(&format!("/{number}"), reply);
    }
    let server = LocalServer::start(site).expect("a loopback port");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let cases: &[(usize, usize)] = match group.is_quick {
        true => &[(3, 3), (200, 16)],
        false => &[(3, 3), (100, 3), (200, 16)],
    };
    for &(files, workers) in cases {
        let urls: Vec<String> = (0..files).map(|n| server.url(&format!("/{n}"))).collect();
        let to = |name: &str| -> Vec<PathBuf> {
            (0..files)
                .map(|n| folder.path().join(format!("{name}-{n}")))
                .collect()
        };
        // With few at a time the server's latency is nine tenths of what curl takes.
        let many = workers >= 16;
        let list = folder.path().join("list");
        write_list(&list, &urls, folder.path());
        let limit = (LATENCY * files.div_ceil(workers) as u32).as_secs_f64();
        let call = format!(
            "requests {workers} {} {}",
            folder.path().display(),
            urls.join(" ")
        );
        let number = NonZeroUsize::new(workers).unwrap_or(NonZeroUsize::MIN);
        let downloads: Vec<_> = urls.iter().cloned().zip(to("ours")).collect();
        group
            .case(
                format!("{files} files of 100 KiB, {workers} at a time"),
                Duration::from_secs(14),
            )
            .ours("fetch_all", || {
                timed(|| {
                    let downloader = Downloader::builder().workers(number).build();
                    let outcomes = downloader.fetch_all(&downloads, &Event::new());
                    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
                })
            })
            .limit("latency", None, limit)
            .peer("as many waits and durable files", None, || {
                let paths = to("durable");
                timed(|| scoped_map(number, &paths, |path| wait_and_write(path)))
            })
            .peer_if(
                curl.is_some(),
                "curl --parallel",
                many.then_some(0.9),
                || timed(|| curl_all(&urls, &to("curl"), workers)),
            )
            .peer_if(aria2.is_some(), "aria2c", many.then_some(0.75), || {
                timed(|| aria2_all(&list, workers))
            })
            .peer_if(requests, "requests", None, || python.seconds(&call))
            .run();
    }
    one_after_the_other(
        group,
        &server,
        curl.is_some(),
        requests,
        &python,
        folder.path(),
    );
    drop(server);
    large(group, curl.is_some(), requests, &python, folder.path());
}

/// Each in a call of its own, and only what comes after the first one counts: it has opened the
/// connection. The server's latency is what nobody can spare.
fn one_after_the_other(
    group: &mut Group,
    server: &LocalServer,
    curl: bool,
    requests: bool,
    python: &Python,
    folder: &Path,
) {
    const AFTER_THE_FIRST: usize = 20;
    let urls: Vec<String> = (0..=AFTER_THE_FIRST)
        .map(|number| server.url(&format!("/{number}")))
        .collect();
    let to = |number: usize| folder.join(format!("loop-{number}"));
    let call = format!("session {} {}", folder.display(), urls.join(" "));
    let files = || {
        let rest = 1..=AFTER_THE_FIRST;
        timed(|| rest.for_each(|number| wait_and_write(&to(number))))
    };
    group
        .case(
            format!("{AFTER_THE_FIRST} files of 100 KiB, one after the other"),
            Duration::from_secs(20),
        )
        .ours("fetch, one Downloader", || {
            let (downloader, stop) = (Downloader::new(), Event::new());
            let fetch = |(number, url): (usize, &String)| {
                let receipt = downloader.fetch(url, &to(number), &stop);
                receipt.expect("it arrives");
            };
            let before = server.connections();
            let mut urls = urls.iter().enumerate();
            urls.next().into_iter().for_each(fetch);
            let took = timed(|| urls.for_each(fetch));
            assert_eq!(server.connections(), before + 1, "the connection is kept");
            took
        })
        .limit(
            "latency",
            1.05,
            LATENCY.as_secs_f64() * AFTER_THE_FIRST as f64,
        )
        .peer("as many waits and durable files", None, files)
        .peer_if(curl, "curl, one process", None, || {
            curl_after_the_first(&urls, folder)
        })
        .peer_if(requests, "requests.Session", None, || python.seconds(&call))
        .run();
}

/// What curl itself says of each transfer.
fn curl_after_the_first(urls: &[String], folder: &Path) -> f64 {
    let mut command = curl_for(urls.iter().enumerate().map(|(number, url)| {
        let to = folder.join(format!("curl-{number}"));
        (url, to)
    }));
    let output = command
        .args(["--write-out", "%{time_total}\n"])
        .stdout(Stdio::piped())
        .output()
        .expect("it is installed");
    assert!(output.status.success(), "{command:?}: {}", output.status);
    let text = String::from_utf8_lossy(&output.stdout);
    let seconds = text
        .lines()
        .skip(1)
        .filter_map(|line| line.parse::<f64>().ok());
    seconds.sum()
}

/// What is left of a download without a network.
fn wait_and_write(path: &Path) {
    thread::sleep(LATENCY);
    durable(path, &[7; SMALL]);
}

fn durable(path: &Path, bytes: &[u8]) {
    let mut file = AtomicFile::create(path).expect("a file in the temporary folder");
    file.write_all(bytes).expect("there is space");
    file.commit().expect("there is space");
}

fn write_list(list: &Path, urls: &[String], folder: &Path) {
    let entry = |(number, url): (usize, &String)| {
        let folder = folder.display();
        format!("{url}\n  dir={folder}\n  out=aria2-{number}\n")
    };
    let text: String = urls.iter().enumerate().map(entry).collect();
    std::fs::write(list, text).expect("a file in the temporary folder");
}

fn quiet(program: &str) -> Command {
    let mut command = Command::new(program);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

#[track_caller]
fn succeed(mut command: Command) {
    let status = command.status().expect("it is installed");
    assert!(status.success(), "{command:?}: {status}");
}

fn curl_for<'a>(pairs: impl Iterator<Item = (&'a String, PathBuf)>) -> Command {
    let mut command = quiet("curl");
    command.args(["--no-progress-meter", "--fail", "--noproxy", "*"]);
    for (url, to) in pairs {
        command.arg("--output").arg(to).arg(url);
    }
    command
}

fn curl_all(urls: &[String], to: &[PathBuf], workers: usize) {
    let mut command = curl_for(urls.iter().zip(to.iter().cloned()));
    if workers > 1 {
        command.args(["--parallel", "--parallel-max", &workers.to_string()]);
    }
    succeed(command);
}

fn aria2_all(list: &Path, workers: usize) {
    let mut command = quiet("aria2c");
    command
        .args([
            "--quiet",
            "--allow-overwrite=true",
            "--no-conf",
            "--no-proxy=127.0.0.1",
        ])
        .args(["--file-allocation=none", "--split=1"])
        .arg(format!("--max-concurrent-downloads={workers}"))
        .arg("--input-file")
        .arg(list);
    succeed(command);
}

fn large(group: &mut Group, curl: bool, requests: bool, python: &Python, folder: &Path) {
    let mib = if group.is_quick { 64 } else { 256 };
    let body = vec![7; mib << 20];
    let copied = body.clone();
    let server = LocalServer::start(Site::new().page("/large", Reply::ok(body)));
    let server = server.expect("a loopback port");
    let url = server.url("/large");
    let (ours, curls) = (folder.join("ours"), folder.join("curl"));
    let call = format!("requests 1 {} {url}", folder.display());
    group
        .case(format!("one file of {mib} MiB"), Duration::from_secs(20))
        .ours("fetch", || {
            timed(|| {
                Downloader::new()
                    .fetch(&url, &ours, &Event::new())
                    .expect("it arrives")
            })
        })
        .peer_if(curl, "curl", None, || {
            let (urls, to) = ([url.clone()], [curls.clone()]);
            timed(|| curl_all(&urls, &to, 1))
        })
        .peer_if(requests, "requests", None, || python.seconds(&call))
        .peer("a durable file", None, || {
            timed(|| durable(&folder.join("durable"), &copied))
        })
        .peer("a copy in memory", None, || timed(|| copied.clone()))
        .run();
    let Ok(program) = WorkerProgram::current() else {
        return;
    };
    let job = Fetch {
        url,
        to: folder.join("peak"),
    };
    if let Ok(Some(peak)) = Process::start(&program, job).and_then(Process::join) {
        let case = format!("one file of {mib} MiB");
        group.value(case, "fetch, peak memory of the process", peak, Unit::Bytes);
    }
}

/// One download in a process of its own, which says how much memory it needed at most.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Fetch {
    url: String,
    to: PathBuf,
}

impl Work for Fetch {
    type Output = Option<f64>;
    const NAME: &'static str = "fetch";

    fn run(self) -> Option<f64> {
        let receipt = Downloader::new().fetch(&self.url, &self.to, &Event::new());
        let (peak, _) = memory()?;
        receipt.is_ok().then_some(peak)
    }
}
