//! Python's nearest kin is a `Gantt` chart drawn by hand with
//! <https://matplotlib.org/stable/api/_as_gen/matplotlib.axes.Axes.broken_barh.html>.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use rstest::rstest;
use threadproof::{Span, Timeline};

const fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

fn span(from: u64, to: u64) -> Span {
    Span {
        lane: "lane".to_owned(),
        what: "what".to_owned(),
        from: ms(from),
        to: ms(to),
    }
}

#[rstest]
#[case::apart((0, 10), (20, 30), false)]
#[case::meeting_at_one_moment((0, 10), (10, 20), false)]
#[case::crossing((0, 10), (9, 20), true)]
#[case::one_inside_the_other((0, 30), (10, 20), true)]
#[case::the_same((5, 6), (5, 6), true)]
fn two_spans_overlap_if_both_ran_at_some_moment(
    #[case] one: (u64, u64),
    #[case] other: (u64, u64),
    #[case] expected: bool,
) {
    let (one, other) = (span(one.0, one.1), span(other.0, other.1));
    assert_eq!(one.overlaps(&other), expected);
    assert_eq!(other.overlaps(&one), expected);
}

#[test]
fn spans_of_threads_that_meet_overlap() {
    let (timeline, meeting) = (Timeline::new(), Barrier::new(2));
    thread::scope(|scope| {
        for lane in ["one", "two"] {
            let (timeline, meeting) = (&timeline, &meeting);
            scope.spawn(move || timeline.span(lane, "meeting", || meeting.wait().is_leader()));
        }
    });
    let spans = timeline.spans();
    assert!(spans[0].overlaps(&spans[1]), "{spans:?}");
    assert!(spans[0].from <= spans[1].from);
    assert!(spans.iter().all(|span| span.to <= timeline.elapsed()));
}

#[test]
fn a_span_gives_what_its_body_gives_and_one_after_the_other_does_not_overlap() {
    let timeline = Timeline::new();
    assert_eq!(timeline.span("main", "first", || 1), 1);
    assert_eq!(timeline.span("main", "second", || "two"), "two");
    let spans = timeline.spans();
    assert_eq!((&*spans[0].what, &*spans[1].what), ("first", "second"));
    assert!(!spans[0].overlaps(&spans[1]));
}

#[test]
fn a_body_that_panics_is_recorded_too() {
    let timeline = Timeline::new();
    let body = || timeline.span("main", "unlucky", || panic!("no"));
    assert!(catch_unwind(AssertUnwindSafe(body)).is_err());
    assert_eq!(timeline.spans()[0].what, "unlucky");
}

/// Walks the tags: each end tag ends the last one open, each attribute has its quotes, and no
/// other `<` or `&` stands anywhere. Gives the tags' names and the texts.
fn walk(svg: &str) -> (Vec<String>, Vec<String>) {
    let (mut open, mut names, mut texts) = (Vec::new(), Vec::new(), Vec::new());
    let mut rest = svg.trim();
    while let Some(tag) = rest.strip_prefix('<') {
        let (inside, behind) = tag.split_once('>').expect("a tag ends");
        assert!(!inside.contains('<'), "{inside}");
        assert_eq!(inside.matches('"').count() % 2, 0, "{inside}");
        if let Some(name) = inside.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name));
        } else {
            let name = inside.split([' ', '/']).next().unwrap();
            names.push(name.to_owned());
            if !inside.ends_with('/') {
                open.push(name);
            }
        }
        let (text, next) = behind.split_at(behind.find('<').unwrap_or(behind.len()));
        for entity in text.split('&').skip(1) {
            let known = ["amp;", "lt;", "gt;", "quot;"];
            assert!(
                known.iter().any(|known| entity.starts_with(known)),
                "{text}"
            );
        }
        assert!(
            !text.contains(|c: char| c.is_control() && c != '\n'),
            "{text:?}"
        );
        let text = text.trim();
        if !text.is_empty() {
            texts.push(text.to_owned());
        }
        assert!(
            !open.is_empty() || next.is_empty(),
            "something behind the root: {next}"
        );
        rest = next;
    }
    assert!(open.is_empty() && rest.is_empty(), "{open:?} {rest}");
    (names, texts)
}

fn count(names: &[String], name: &str) -> usize {
    names.iter().filter(|found| *found == name).count()
}

#[test]
fn a_timeline_is_drawn_with_a_row_a_lane_and_a_bar_a_span() {
    let timeline = Timeline::new();
    timeline.record("main", "join", ms(0), ms(120));
    timeline.record("one", "download", ms(1), ms(100));
    timeline.record("two", "download", ms(2), ms(90));
    timeline.record("one", "download", ms(101), ms(110));
    let svg = timeline.to_svg("Three lanes");
    let (names, texts) = walk(&svg);
    assert!(svg.starts_with(r#"<svg xmlns="http://www.w3.org/2000/svg""#));
    assert_eq!((count(&names, "rect"), count(&names, "line")), (4, 3));
    assert_eq!(texts[0], "Three lanes: 4 spans on 3 lanes, 0.12 s");
    assert_eq!(
        texts[1],
        "main join: 0.0 ms to 0.12 s; one download: 1.0 ms to 0.10 s; \
         two download: 2.0 ms to 0.09 s; one download: 0.10 s to 0.11 s"
    );
}

#[test]
fn lanes_stand_in_the_order_in_which_they_first_appear() {
    let timeline = Timeline::new();
    // Recorded at their ends, so the one that began first comes last.
    timeline.record("third", "c", ms(20), ms(25));
    timeline.record("second", "b", ms(10), ms(30));
    timeline.record("first", "a", ms(0), ms(40));
    timeline.record("second", "d", ms(35), ms(36));
    let (_, texts) = walk(&timeline.to_svg("Order"));
    let lanes: Vec<_> = texts
        .iter()
        .filter(|text| ["first", "second", "third"].contains(&&***text))
        .collect();
    assert_eq!(lanes, ["first", "second", "third"]);
    let begins: Vec<_> = timeline.spans().iter().map(|span| span.from).collect();
    assert_eq!(begins, [ms(0), ms(10), ms(20), ms(35)]);
}

#[rstest]
#[case::markup("<b>&\"")]
#[case::an_entity("&lt;")]
#[case::the_end_of_the_picture("</svg>")]
#[case::control_characters("\u{1b}[31mred\u{0}\u{7}")]
#[case::letters_of_all_kinds("größe 大小 🦀")]
fn any_name_leaves_the_picture_well_formed(#[case] name: &str) {
    let timeline = Timeline::new();
    timeline.record(name, name, ms(0), ms(5));
    let (names, texts) = walk(&timeline.to_svg(name));
    assert_eq!(count(&names, "rect"), 1);
    let visible: String = name.chars().filter(|c| !c.is_control()).collect();
    let escaped = visible
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;");
    assert!(texts[0].starts_with(&escaped), "{}", texts[0]);
}

#[rstest]
#[case::nothing(&[])]
#[case::of_no_length(&[(0, 0)])]
#[case::all_at_one_moment(&[(5, 5), (5, 5)])]
#[case::ending_before_it_begins(&[(9, 3)])]
fn every_timeline_can_be_drawn(#[case] spans: &[(u64, u64)]) {
    let timeline = Timeline::default();
    for (from, to) in spans {
        timeline.record("lane", "what", ms(*from), ms(*to));
    }
    let svg = timeline.to_svg("Edge");
    let (names, _) = walk(&svg);
    assert_eq!(count(&names, "rect"), spans.len());
    assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
}

#[test]
fn no_bar_leaves_the_picture_however_long_the_names_are() {
    let timeline = Timeline::new();
    timeline.record(&"long".repeat(50), "what", ms(10), ms(20));
    let svg = timeline.to_svg("Long");
    walk(&svg);
    let numbers = |name: &str| -> Vec<f64> {
        let begin = format!(" {name}=\"");
        let values = svg.split(&begin).skip(1);
        values
            .map(|value| value.split('"').next().unwrap().parse().unwrap())
            .collect()
    };
    let all = [numbers("x"), numbers("x1"), numbers("x2"), numbers("width")].concat();
    assert!(
        all.iter().all(|number| (0.0..=464.0).contains(number)),
        "{all:?}"
    );
}

/// No duration is too long for an axis, nor for a span.
#[test]
fn the_longest_durations_can_be_drawn() {
    let timeline = Timeline::new();
    timeline.record("lane", "long", Duration::ZERO, Duration::MAX);
    for axis in [Duration::ZERO, Duration::MAX] {
        assert!(timeline.to_svg_until("Long", axis).ends_with("</svg>\n"));
    }
}

#[test]
fn a_mark_has_its_moment_and_a_join_has_an_arrow() {
    let timeline = Timeline::new();
    timeline.record("worker", "job", ms(0), ms(0));
    timeline.mark("worker", "stop");
    timeline.joined("main", "worker");
    // Nobody of this name has a row, so there is no arrow from it.
    timeline.joined("main", "nobody");
    let marks = timeline.marks();
    let told: Vec<&str> = marks.iter().map(|mark| &*mark.what).collect();
    assert_eq!(told, ["stop", "joins worker", "joins nobody"]);
    assert_eq!(marks[0].joined, None);
    assert_eq!(marks[1].joined.as_deref(), Some("worker"));
    assert!(marks[0].at <= marks[1].at && marks[1].at <= timeline.elapsed());
    let svg = timeline.to_svg("Marks");
    let (names, texts) = walk(&svg);
    assert_eq!(
        (
            svg.matches("class=\"mark\"").count(),
            svg.matches("class=\"join\"").count()
        ),
        (1, 1)
    );
    assert_eq!(count(&names, "line"), 2, "main has a row of its own");
    assert!(texts[1].contains("worker stop at "), "{}", texts[1]);
}

#[test]
fn an_axis_has_one_unit() {
    let timeline = Timeline::new();
    timeline.record("lane", "what", ms(0), ms(20));
    let units = |axis| {
        let svg = timeline.to_svg_until("Axis", axis);
        let ticks = svg.split("class=\"axis\"").skip(1);
        let units = ticks.map(|tick| {
            tick.split('<')
                .next()
                .unwrap()
                .rsplit(' ')
                .next()
                .unwrap()
                .to_owned()
        });
        units.collect::<Vec<_>>()
    };
    assert_eq!(units(ms(0)), ["s"; 5]);
    let short = Timeline::new();
    short.record("lane", "what", ms(0), ms(2));
    assert!(short.to_svg("Short").contains(">0.5 ms<"));
}
