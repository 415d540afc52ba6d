//! The notebook's cells, run as they stand in the book: what each is to show is there to be seen.
//!
//! <https://docs.python.org/3/library/functions.html#print>: text and line end may come in two pieces,
//! so words are looked for and not lines.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use threadproof::local_server::{LocalServer, Reply, Site};

use crate::needs::Need;
use crate::run::Test;
use crate::support::threadproof;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

pub(crate) fn tests() -> Vec<Test> {
    vec![
        Test::new(
            &[Need::Python],
            downloads_of_cells_overlap_where_they_should,
        ),
        Test::new(&[Need::Python], cells_show_their_contrast_behind_serve).alone(),
        Test::new(&[Need::Python], cells_play_their_roles),
    ]
}

/// What a cell prints; it ends well.
fn printed(cell: &str, url: &str) -> String {
    let mut python = Command::new(Need::Python.program());
    python.arg(format!("{ROOT}/fixtures/python/{cell}.py"));
    python.env("THREADPROOF_URL", url).env("no_proxy", "*");
    let output = python.output().unwrap();
    let cried = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && cried.is_empty(),
        "{cell}: {cried}"
    );
    String::from_utf8(output.stdout).unwrap()
}

/// The server gives no answer before all three are there.
fn downloads_of_cells_overlap_where_they_should() {
    for cell in ["start", "join", "processes"] {
        let gated = Reply::ok(*b"office").after_requests_in_flight(3);
        let server = LocalServer::start(Site::new().page("/office.png", gated)).unwrap();
        let text = printed(cell, &server.url("/office.png"));
        for file in ["office-1.png", "office-2.png", "office-3.png"] {
            assert!(text.contains(&format!("{file}: started")), "{cell}: {text}");
            assert!(
                text.contains(&format!("{file}: 6 bytes, done")),
                "{cell}: {text}"
            );
        }
        let end = text.find("bytes, done");
        assert!(text.rfind("started") < end, "{cell}: {text}");
        let main = text.find("Main program done!!");
        assert_eq!(main < end, cell == "start", "{cell}: {text}");
    }
}

/// `threadproof serve --delay 0.1`, and where it serves.
struct Served(Child, String);

impl Served {
    fn start() -> Self {
        let mut serve = threadproof(&["serve", "--delay", "0.1", "--port", "0"]);
        let mut child = serve.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        let mut said = BufReader::new(child.stdout.take().unwrap());
        said.read_line(&mut line).unwrap();
        Self(child, line.split(',').next().unwrap().to_owned())
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn cells_show_their_contrast_behind_serve() {
    let served = Served::start();
    let total = |cell| {
        let text = printed(cell, &served.1);
        let total = text.split("Total time: ").nth(1).unwrap();
        total.split(' ').next().unwrap().parse::<f64>().unwrap()
    };
    let [sequential, joined, started] = ["sequential", "join", "start"].map(total);
    assert!(sequential >= 0.3 && joined >= 0.1, "{sequential} {joined}");
    assert!(
        joined < sequential && started < joined,
        "{started} {joined} {sequential}"
    );
}

fn cells_play_their_roles() {
    let served = Served::start();
    let said = |cell, words: &str, times| {
        let text = printed(cell, &served.1);
        assert_eq!(text.matches(words).count(), times, "{cell}: {text}");
        text
    };
    let one_by_one = said("sequential", "bytes, done", 3);
    let second = one_by_one.find("office-2.png: started");
    assert!(
        one_by_one.find("office-1.png: 199865 bytes, done") < second,
        "{one_by_one}"
    );
    let cut_off = said("daemon", "png: started", 2);
    assert!(cut_off.contains("joined.png: done") && !cut_off.contains("cut-off.png: done"));
    said("event", "Stopped watching a.txt after ", 1);
    for cell in ["flags", "locked_flags"] {
        let looks = said(cell, "Stopped watching", 3);
        assert!(looks.contains("Watching c.txt: look 2"), "{looks}");
    }
    // The greetings are returned, and nobody looks at them.
    assert!(!said("thread_pool", ": look ", 12).contains("Hello"));
    let squares = said("process_pool", " takes ", 5);
    assert!(squares.contains("Squares: [1, 4, 9, 16, 25]"), "{squares}");
    said("compare", "than threads", 1);
}
