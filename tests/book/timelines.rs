//! The pictures of real runs show what their chapters say of them.
//!
//! `BLESS=1 cargo test --test book` draws them anew, by a run of the program.

use std::process::Command;
use std::{fs, iter};

use regex::Regex;
use rstest::rstest;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// A bar: its row from the top, and seconds.
#[derive(Clone, Debug)]
struct Bar {
    row: usize,
    what: String,
    from: f64,
    to: f64,
}

impl Bar {
    fn overlaps(&self, other: &Bar) -> bool {
        self.from < other.to && other.from < self.to
    }
}

struct Picture {
    lanes: Vec<String>,
    bars: Vec<Bar>,
    /// The moments that are marked: what is told of them, and seconds.
    marks: Vec<(String, f64)>,
    /// What the axis ends with.
    axis: f64,
}

impl Picture {
    /// Reads what stands in the picture's marks, not in its words.
    fn parse(svg: &str) -> Self {
        let all = |pattern: &str| {
            let pattern = Regex::new(pattern).unwrap();
            let captured = pattern.captures_iter(svg).map(|found| {
                let parts = found.iter().skip(1).flatten();
                parts
                    .map(|part| part.as_str().to_owned())
                    .collect::<Vec<_>>()
            });
            captured.collect::<Vec<_>>()
        };
        let number = |text: &str| text.parse::<f64>().unwrap();
        let lanes = all(r#"<text x="4" y="[\d.]+">([^<]*)</text>"#);
        let axis = all(r#"class="axis" x="([\d.]+)"[^>]*>([\d.]+) (m?s)<"#);
        let (first, last) = (&axis[0], axis.last().unwrap());
        let end = number(&last[1]) * if last[2] == "ms" { 1e-3 } else { 1.0 };
        let (left, right) = (number(&first[0]), number(&last[0]));
        let seconds = |x: f64| (x - left) / (right - left) * end;
        let rects = all(
            r#"<g class="span[^"]*"><title>([^<]*): [^<]*</title><rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)""#,
        );
        let marks = all(
            r#"<g class="(?:mark|join)" transform="translate\(([\d.]+) [\d.]+\)"><title>([^<]*): [^<]*</title>"#,
        );
        let marks = marks
            .iter()
            .map(|mark| (mark[1].clone(), seconds(number(&mark[0]))));
        let bars = rects.iter().map(|rect| {
            let (x, y, width) = (number(&rect[1]), number(&rect[2]), number(&rect[3]));
            Bar {
                row: (y / 32.0) as usize - 1,
                what: rect[0].clone(),
                from: seconds(x),
                to: seconds(x + width),
            }
        });
        Self {
            lanes: lanes.into_iter().map(|mut lane| lane.remove(0)).collect(),
            bars: bars.collect(),
            marks: marks.collect(),
            axis: end,
        }
    }

    /// Those of all lanes but main's, in the order of their begins.
    fn of_others(&self) -> Vec<Bar> {
        let is_other = |bar: &&Bar| self.lanes[bar.row] != "main";
        let mut bars: Vec<Bar> = self.bars.iter().filter(is_other).cloned().collect();
        bars.sort_by(|a, b| a.from.total_cmp(&b.from));
        bars
    }

    fn marked(&self, what: &str) -> f64 {
        let mark = self.marks.iter().find(|(told, _)| told == what);
        mark.unwrap_or_else(|| panic!("no {what} in {:?}", self.marks))
            .1
    }

    fn end(&self) -> f64 {
        self.bars.iter().map(|bar| bar.to).fold(0.0, f64::max)
    }
}

/// Three answers that the server holds back for 0.1 s each, with room for a slow machine.
const ONE: std::ops::Range<f64> = 0.1..0.25;
const THREE: std::ops::Range<f64> = 0.3..0.5;

/// A tenth of a picture's letter, in seconds of these axes.
const HAIR: f64 = 0.002;

fn one_after_the_other(picture: &Picture) {
    assert_eq!(picture.lanes, ["main"]);
    let pairs = picture.bars.iter().zip(&picture.bars[1..]);
    assert!(pairs.clone().count() == 2, "{:?}", picture.bars);
    assert!(pairs.clone().all(|(one, next)| one.to <= next.from + HAIR));
    assert!(THREE.contains(&picture.end()), "{}", picture.end());
}

fn side_by_side_and_joined(picture: &Picture) {
    let downloads = picture.of_others();
    assert_eq!((downloads.len(), picture.lanes.len()), (3, 4));
    assert!(each_overlaps_each(&downloads));
    let join = picture.bars.iter().find(|bar| bar.what == "join").unwrap();
    assert!(
        downloads
            .iter()
            .all(|download| download.to <= join.to + HAIR)
    );
    assert!(ONE.contains(&picture.end()), "{}", picture.end());
    for download in &downloads {
        let joined = picture.marked(&format!("main joins {}", picture.lanes[download.row]));
        assert!(download.to <= joined + HAIR, "{download:?}");
        assert!(joined <= picture.marked("done") + HAIR);
    }
}

fn the_fourth_waits_for_a_worker(picture: &Picture) {
    assert_eq!(picture.lanes, ["worker-1", "worker-2", "worker-3"]);
    let watchers = picture.of_others();
    let (first, fourth) = (&watchers[..3], &watchers[3]);
    assert!(each_overlaps_each(first));
    let before = first.iter().filter(|bar| bar.to <= fourth.from + HAIR);
    let before: Vec<&Bar> = before.collect();
    assert!(
        before.iter().any(|bar| bar.row == fourth.row),
        "{watchers:?}"
    );
}

fn three_at_once_and_nobody_joins(picture: &Picture) {
    let lanes = ["main", "download-1", "download-2", "download-3"];
    assert_eq!(picture.lanes, lanes);
    assert!(each_overlaps_each(&picture.bars));
    assert!(ONE.contains(&picture.end()), "{}", picture.end());
    assert_eq!(picture.marks.len(), 1, "{:?}", picture.marks);
    assert!(picture.marked("done") < 0.5 * picture.end());
}

fn one_is_cut_off(picture: &Picture) {
    let lasted = |what: &str| {
        let bar = picture.bars.iter().find(|bar| bar.what == what).unwrap();
        bar.to - bar.from
    };
    assert!(lasted("joined") >= ONE.start - HAIR);
    assert!(lasted("cut off") < 0.5 * lasted("joined"));
}

/// The watchers' files are looked at every 0.2 s.
const INTERVAL: f64 = 0.2;

fn a_sleeper_is_woken(picture: &Picture) {
    let [watcher] = &picture.bars[..] else {
        panic!("{:?}", picture.bars);
    };
    // It sees one change, at the end of an interval, and sleeps no second one.
    assert!(
        watcher.to - watcher.from < 2.0 * INTERVAL - 0.05,
        "{watcher:?}"
    );
    let (set, joined) = (
        picture.marked("set()"),
        picture.marked("main joins watcher-1"),
    );
    assert!(joined - set < 0.25 * INTERVAL, "{:?}", picture.marks);
}

fn stopped_in_turn(picture: &Picture) {
    let lanes = ["main", "watcher-1", "watcher-2", "watcher-3"];
    assert_eq!(picture.lanes, lanes);
    let watchers = picture.of_others();
    assert!(each_overlaps_each(&watchers));
    for watcher in &watchers {
        let joined = picture.marked(&format!("main joins {}", lanes[watcher.row]));
        assert!((joined - watcher.to).abs() < 0.1 * INTERVAL, "{watcher:?}");
    }
    let stops = picture.marks.iter().filter(|(what, _)| what == "stop");
    let stops: Vec<f64> = stops.map(|(_, at)| *at).collect();
    assert_eq!(stops.len(), 3, "{:?}", picture.marks);
    let mut ends: Vec<f64> = watchers.iter().map(|bar| bar.to).collect();
    ends.sort_by(f64::total_cmp);
    let late = stops.iter().zip(&ends).map(|(stop, end)| end - stop);
    assert!(
        late.clone().all(|late| late > INTERVAL - 0.05),
        "{stops:?} {ends:?}"
    );
    let gaps = ends.iter().zip(&ends[1..]).map(|(one, next)| next - one);
    assert!(gaps.clone().count() == 2, "{:?}", picture.bars);
    assert!(
        gaps.into_iter().all(|gap| gap > INTERVAL - 0.02),
        "{:?}",
        picture.bars
    );
}

/// Nine rounds of four bars, one after the other; each round begins with the next lane.
fn threads_take_less_in_most_rounds(picture: &Picture) {
    assert_eq!(
        picture.lanes,
        ["sequential", "threads", "rayon", "processes"]
    );
    let bars = picture.of_others();
    assert_eq!(bars.len(), 4 * 9);
    let in_turn = (0..9).flat_map(|round| (0..4).map(move |place| (round + place) % 4));
    let rows = bars.iter().map(|bar| bar.row);
    assert!(rows.eq(in_turn), "{bars:?}");
    let mut pairs = bars.iter().zip(&bars[1..]);
    assert!(pairs.all(|(one, next)| one.to <= next.from + HAIR));
    let median = |row| {
        let of_row = bars.iter().filter(|bar| bar.row == row);
        let mut lasted: Vec<f64> = of_row.map(|bar| bar.to - bar.from).collect();
        lasted.sort_by(f64::total_cmp);
        lasted[4]
    };
    let medians = [0, 1, 2, 3].map(median);
    assert!(
        medians[1..].iter().all(|way| *way < 0.8 * medians[0]),
        "{medians:?}"
    );
}

fn three_processes_at_once(picture: &Picture) {
    assert!(picture.lanes.iter().all(|lane| lane.starts_with("pid ")));
    assert_eq!(picture.lanes.len(), 3);
    assert!(each_overlaps_each(&picture.of_others()));
}

fn each_overlaps_each(bars: &[Bar]) -> bool {
    bars.iter()
        .all(|one| bars.iter().all(|other| one.overlaps(other)))
}

#[rstest]
#[case::sequential("sequential", Some(0.4), one_after_the_other)]
#[case::join("join", Some(0.4), side_by_side_and_joined)]
#[case::thread_pool("thread-pool", None, the_fourth_waits_for_a_worker)]
#[case::processes("processes", None, three_processes_at_once)]
#[case::start("start", Some(0.4), three_at_once_and_nobody_joins)]
#[case::daemon("daemon", None, one_is_cut_off)]
#[case::event("event", Some(1.2), a_sleeper_is_woken)]
#[case::flags("flags", Some(1.2), stopped_in_turn)]
#[case::locked_flags("locked-flags", Some(1.2), stopped_in_turn)]
#[case::compare("compare", None, threads_take_less_in_most_rounds)]
fn a_picture_shows_what_its_chapter_says(
    #[case] section: &str,
    #[case] axis: Option<f64>,
    #[case] shows: fn(&Picture),
) {
    let path = format!("{ROOT}/fixtures/blessed/timelines/{section}.svg");
    if std::env::var_os("BLESS").is_some() {
        let axis = axis.map(|axis| ["--axis".to_owned(), axis.to_string()]);
        let output = Command::new(env!("CARGO_BIN_EXE_threadproof"))
            .args([section, "--timeline", &path])
            .args(axis.into_iter().flatten())
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
    }
    let svg = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        svg.contains("<desc>"),
        "{path}: BLESS=1 cargo test --test book draws it"
    );
    let picture = Picture::parse(&svg);
    shows(&picture);
    let (axis, at_least) = (picture.axis, axis.unwrap_or(0.0));
    assert!((at_least - axis).abs() < 0.01 || axis > at_least, "{axis}");
}

#[test]
fn a_picture_of_other_relations_is_noticed() {
    let bar = |row: usize, from: f64, to: f64| {
        let (x, width) = (100.0 + 1000.0 * from, 1000.0 * (to - from));
        let y = 43 + 32 * row;
        format!(
            r#"<g class="span"><title>x: 1 s</title><rect x="{x:.1}" y="{y}.0" width="{width:.1}"/></g>"#
        )
    };
    let picture = |bars: &[(f64, f64)]| {
        let bars = bars.iter().map(|(from, to)| bar(0, *from, *to));
        let axis = [(100, "0.0 ms"), (600, "0.50 s")]
            .map(|(x, words)| format!(r#"<text class="axis" x="{x}.0" y="9">{words}</text>"#));
        let lane = r#"<text x="4" y="51.0">main</text>"#.to_owned();
        let marks: Vec<String> = iter::once(lane).chain(bars).chain(axis).collect();
        Picture::parse(&marks.join("\n"))
    };
    one_after_the_other(&picture(&[(0.0, 0.1), (0.1, 0.2), (0.2, 0.3)]));
    for wrong in [
        [(0.0, 0.1), (0.05, 0.2), (0.2, 0.3)],
        [(0.0, 0.01), (0.01, 0.02), (0.02, 0.03)],
    ] {
        let picture = picture(&wrong);
        let checked = std::panic::AssertUnwindSafe(|| one_after_the_other(&picture));
        assert!(std::panic::catch_unwind(checked).is_err(), "{wrong:?}");
    }
}
