//! The checks, checked: a small book that is sound, broken in one place at a time.

use std::fs;
use std::path::{Path, PathBuf};

use super::budgets::questions_are_fair;
use super::built::{check_pages, log_complaints};
use super::checks::*;
use super::examples::programs_are_shown;
use super::pages::Book;

/// A sound book of two sections and a preface.
const SOUND: [(&str, &str); 21] = [
    ("src/cli/notebook.rs", SECTIONS_TABLE),
    (
        "src/event.rs",
        "// ANCHOR: set\npub fn set() {}\n// ANCHOR_END: set\n\n/// ```\n/// set();\n/// ```\npub struct Event;\n",
    ),
    ("src/lifecycle.rs", "pub fn start() {}\n"),
    (
        "tests/loom/event.rs",
        "#[test]\nfn a_set_wakes_all() {}\n// fn no_longer_here() {}\n",
    ),
    (
        "fixtures/python/event.py",
        "import threading\n# ANCHOR: cell\nstop = threading.Event()\n# ANCHOR_END: cell\n",
    ),
    (
        "fixtures/python/thread_pool.py",
        "# ANCHOR: cell\nprint('Hello 1')\n# ANCHOR_END: cell\n",
    ),
    (
        "fixtures/blessed/expected/event.txt",
        "$ threadproof event\nWatching a.txt\n",
    ),
    (
        "fixtures/blessed/expected/thread-pool.txt",
        "$ threadproof thread-pool\nHello 1\n",
    ),
    ("fixtures/mutants/lost.patch", "--- a\n+++ b\n"),
    (
        "fixtures/blessed/timelines/event.svg",
        "<svg>\n<rect/>\n</svg>\n",
    ),
    ("fixtures/site/office.png", "\u{1}"),
    (
        "book/src/SUMMARY.md",
        "# Summary\n\n[Preface](preface.md)\n\n- [Event](event.md)\n  - [Inside](event-inside.md)\n- [Pool](thread-pool.md)\n",
    ),
    (
        "book/src/preface.md",
        "# Preface\n\nSee [Python](https://docs.python.org/3/).\n\n{{#include note.md}}\n\nNext: [Event](event.md)\n",
    ),
    ("book/src/note.md", "A note.\n"),
    ("book/src/event.md", EVENT_CHAPTER),
    (
        "book/src/event-inside.md",
        "# Inside\n\nBack: [Event](event.md)\n",
    ),
    ("book/src/thread-pool.md", POOL_CHAPTER),
    ("README.md", "# Here\n"),
    (
        "Cargo.toml",
        "[package]\n[[example]]\nname = \"one\"\npath = \"book/examples/one.rs\"\n",
    ),
    ("book/examples/one.rs", "//! One thread.\n\nfn main() {}\n"),
    (
        "fixtures/blessed/examples/one.txt",
        "$ cargo run --example one\n",
    ),
];

const SECTIONS_TABLE: &str = r#"pub struct Section {
    pub number: u32,
    pub name: &'static str,
}
pub const SECTIONS: [Section; 2] = [
    Section {
        number: 1,
        name: "event",
        module: "event",
    },
    Section {
        number: 2,
        name: "thread-pool",
        module: "lifecycle",
    },
];
"#;

const EVENT_CHAPTER: &str = "# Event

```python
{{#include ../../fixtures/python/event.py:cell}}
```

```rust
{{#include ../../src/event.rs:set}}
```

```console
{{#include ../../fixtures/blessed/expected/event.txt}}
```

```diff
{{#include ../../fixtures/mutants/lost.patch}}
```

{{#include ../../fixtures/blessed/timelines/event.svg}}

| id | promise | proof |
|---|---|---|
| E2 | a set wakes all | every order: [`tests/loom/event.rs::a_set_wakes_all`](x.md) |
| E9 | the second set does not build | the compiler: `src/event.rs::Event` |

See [inside](event-inside.md).

Next: [Pool](thread-pool.md)
";

const POOL_CHAPTER: &str = "# Pool

<span class=\"file\">book/examples/one.rs</span><code>cargo run --example one</code>

```rust
{{#include ../examples/one.rs}}
```

```console
{{#include ../../fixtures/blessed/examples/one.txt}}
```

<div class=\"quiz\" data-quiz=\"pool\">
<details class=\"choice\" name=\"pool\"><summary>yes</summary>
<p>There is one worker, and it waits.</p></details>
<details class=\"choice is-right\" name=\"pool\"><summary>no</summary>
<p>Nobody is left to run the second job.</p></details>
</div>

```python
{{#include ../../fixtures/python/thread_pool.py:cell}}
```

```console
{{#include ../../fixtures/blessed/expected/thread-pool.txt}}
```
";

/// A file, what is replaced in it by what (an empty old text: the whole file; an empty new one: deleted), and the
/// start of the complaint that must come.
type Break = (&'static str, &'static str, &'static str, &'static str);

#[rustfmt::skip]
const BREAKS: [Break; 58] = [
    // Includes.
    ("book/src/event.md", "src/event.rs:set", "src/evnt.rs:set", "book/src/event.md:8: no text file src/evnt.rs"),
    ("book/src/event.md", "src/event.rs:set", "src/event.rs:sett", "book/src/event.md:8: src/event.rs has no anchor `sett`"),
    ("book/src/event.md", "src/event.rs:set", "src/event.rs:1:2", "book/src/event.md:8: src/event.rs is included by line numbers"),
    ("book/src/event.md", "src/event.rs:set", "src/event.rs::2", "book/src/event.md:8: src/event.rs is included by line numbers"),
    ("book/src/event.md", "src/event.rs:set", "src/event.rs", "book/src/event.md:8: all of src/event.rs is included"),
    ("book/src/event.md", "#include ../../src", "#rustdoc_include ../../src", "book/src/event.md:8: `#rustdoc_include` is not used"),
    ("book/src/event.md", "../../fixtures/blessed/timelines/event.svg", "../../src/event.rs:set", "book/src/event.md:19: src/event.rs is included outside a fence"),
    ("book/src/event.md", "fixtures/mutants/lost.patch", "fixtures/site/office.png", "book/src/event.md:16: all of fixtures/site/office.png"),
    ("book/src/note.md", "A note.", "{{#include no.txt}}", "book/src/note.md:1: no text file book/src/no.txt"),
    ("fixtures/blessed/timelines/event.svg", "<rect/>", "\n<rect/>", "book/src/event.md:19: fixtures/blessed/timelines/event.svg has a blank line"),
    // Anchors.
    ("src/event.rs", "// ANCHOR_END: set\n", " ", "src/event.rs:1: anchor `set` is not closed"),
    ("src/event.rs", "// ANCHOR: set\n", " ", "src/event.rs:2: anchor `set` ends but never started"),
    ("src/event.rs", "pub fn set() {}", " ", "src/event.rs:1: anchor `set` is empty"),
    ("src/event.rs", "pub fn set() {}\n", "fn set() {}\n// ANCHOR: set\n", "src/event.rs:3: anchor `set` starts a second time, after line 1"),
    ("src/event.rs", "_END: set\n", "_END: set\n// ANCHOR_END: set\n", "src/event.rs:4: anchor `set` ends a second time"),
    ("tests/loom/event.rs", "#[test]", "// ANCHOR: t\n#[test]\n// ANCHOR_END: t", "tests/loom/event.rs:1: no chapter shows anchor `t`"),
    ("fixtures/python/event.py", "import", "# ANCHOR: i\nimport\n# ANCHOR_END: i\n", "fixtures/python/event.py:1: no chapter shows anchor `i`"),
    // Fences.
    ("book/src/event.md", "```rust\n", "```rust\nlet x = 1;\n", "book/src/event.md:7: the fence holds something written by hand"),
    ("book/src/event.md", "```rust\n{{#include ../../src/event.rs:set}}", "```rust", "book/src/event.md:7: the fence holds something written by hand"),
    ("book/src/event.md", "```rust", "```", "book/src/event.md:7: a fence may not be tagged \"\""),
    ("book/src/event.md", "```rust", "```rust,ignore", "book/src/event.md:7: a fence may not be tagged \"rust,ignore\""),
    ("book/src/event.md", "lost.patch}}
```", "lost.patch}}", "book/src/event.md:15: the fence is not closed"),
    ("book/src/event.md", "```diff", "> ```diff", "book/src/event.md:15: the fence stands in a quote or a list"),
    ("book/src/note.md", "A note.", "~~~bash\nls\n~~~", "book/src/note.md:1: a fence may not be tagged \"bash\""),
    // Contents.
    ("book/src/SUMMARY.md", "", "", "book/src/SUMMARY.md:1: the table of contents is missing"),
    ("book/src/SUMMARY.md", "[Preface](preface.md)", "none", "book/src/preface.md:1: the chapter is not in book/src/SUMMARY.md"),
    ("book/src/SUMMARY.md", "preface.md", "prefaces.md", "book/src/SUMMARY.md:3: there is no chapter book/src/prefaces.md"),
    ("book/src/SUMMARY.md", "- [Pool]", "- [Again](event.md)\n- [Pool]", "book/src/SUMMARY.md:7: book/src/event.md is listed a second time"),
    ("book/src/SUMMARY.md", "- [Event](event.md)\n  - [Inside](event-inside.md)\n- [Pool](thread-pool.md)", "- [Pool](thread-pool.md)\n- [Event](event.md)\n  - [Inside](event-inside.md)", "book/src/preface.md:7: the last line does not lead on; write `Next: [title](thread-pool.md)`"),
    ("book/src/event.md", "\nNext: [Pool]", "\nThen: [Pool]", "book/src/event.md:28: the last line does not lead on"),
    ("book/src/event-inside.md", "Back: [Event]", "Next: [Event]", "book/src/event-inside.md:3: the last line does not lead on; write `Back: [title](event.md)`"),
    ("book/src/event.md", "See [inside](event-inside.md).", "See inside.", "book/src/event.md:1: nothing leads to event-inside.md, which stands below this page"),
    // Sections.
    ("src/cli/notebook.rs", "", "", "src/cli/notebook.rs:1: no section found"),
    ("src/cli/notebook.rs", "number: 2", "number: 3", "src/cli/notebook.rs:12: section 3 stands in place 2"),
    ("src/cli/notebook.rs", "module: \"lifecycle\",", "", "src/cli/notebook.rs:12: section \"thread-pool\" names no module"),
    ("src/lifecycle.rs", "", "", "src/cli/notebook.rs:12: section \"thread-pool\" has no module src/lifecycle.rs"),
    ("book/src/thread-pool.md", "", "", "src/cli/notebook.rs:12: section \"thread-pool\" has no chapter book/src/thread-pool.md"),
    ("fixtures/python/event.py", "", "", "src/cli/notebook.rs:7: section \"event\" has no Python cell fixtures/python/event.py"),
    ("fixtures/blessed/expected/event.txt", "", "", "src/cli/notebook.rs:7: section \"event\" has no transcript fixtures/blessed/expected/event.txt"),
    ("fixtures/blessed/expected/event.txt", "$ threadproof event\n", "", "fixtures/blessed/expected/event.txt:1: the first line is not the command"),
    ("book/src/thread-pool.md", "expected/thread-pool.txt", "expected/event.txt", "book/src/thread-pool.md:1: the chapter does not show fixtures/blessed/expected/thread-pool.txt"),
    ("src/cli/notebook.rs", "\"thread-pool\"", "\"pool\"", "fixtures/python/thread_pool.py:1: no section of src/cli/notebook.rs has this name"),
    // Claims.
    ("book/src/event.md", "a_set_wakes_all`", "a_set_wakes`", "book/src/event.md:23: tests/loom/event.rs holds no `fn a_set_wakes`"),
    ("book/src/event.md", "a_set_wakes_all`", "no_longer_here`", "book/src/event.md:23: tests/loom/event.rs holds no `fn no_longer_here`"),
    ("book/src/event.md", "tests/loom/event.rs::", "tests/lom/event.rs::", "book/src/event.md:23: the proof names tests/lom/event.rs, which"),
    ("book/src/event.md", "`src/event.rs::Event`", "trust me", "book/src/event.md:24: claim E9 has no proof"),
    // Programs and questions.
    ("Cargo.toml", "examples/one.rs", "examples/two.rs", "book/examples/one.rs:1: Cargo.toml does not declare it"),
    ("book/examples/one.rs", "//! One", "// One", "book/examples/one.rs:1: it does not say what it shows"),
    ("book/src/thread-pool.md", "../examples/one.rs", "../../fixtures/blessed/examples/one.txt", "book/examples/one.rs:1: no page shows it"),
    ("book/src/thread-pool.md", "run --example one", "run --example two", "book/src/thread-pool.md:1: above book/examples/one.rs stands no head"),
    ("book/src/thread-pool.md", "{{#include ../../fixtures/blessed/examples/one.txt}}", "{{#include ../../fixtures/blessed/expected/event.txt}}", "book/src/thread-pool.md:1: fixtures/blessed/examples/one.txt is not shown"),
    ("book/examples/one.rs", "", "", "fixtures/blessed/examples/one.txt:1: there is no book/examples/one.rs"),
    ("book/src/thread-pool.md", "choice is-right", "choice", "book/src/thread-pool.md:13: the question pool has 0 right answers"),
    ("book/src/thread-pool.md", "<p>There is one worker, and it waits.</p>", "", "book/src/thread-pool.md:13: an answer of pool has no reason"),
    ("book/src/thread-pool.md", "\"choice\" name=\"pool\"", "\"choice\" name=\"poll\"", "book/src/thread-pool.md:13: an answer of pool has another name"),
    ("book/src/event.md", "# Event", "<div data-quiz=\"pool\">\n</div>", "book/src/thread-pool.md:13: there is another question pool"),
    // Elsewhere.
    ("book/src/note.md", "A note.", "![a cat](https://example.org/cat.png)", "book/src/note.md:1: an image, script or style"),
    ("book/src/note.md", "A note.", "<script src='//example.org/x.js'></script>", "book/src/note.md:1: an image, script or style"),
];

#[test]
fn a_sound_book_gives_no_complaint() {
    let root = fresh("sound");
    assert_eq!(complaints(&root), Vec::<String>::new());
}

#[test]
fn each_break_gives_its_complaint() {
    let mut unnoticed = Vec::new();
    for (number, (file, old, new, expected)) in BREAKS.iter().enumerate() {
        let root = fresh(&format!("broken-{number}"));
        if old.is_empty() {
            fs::remove_file(root.join(file)).unwrap();
        } else {
            let text = fs::read_to_string(root.join(file)).unwrap();
            assert!(text.contains(old), "{file} holds no {old:?}");
            fs::write(root.join(file), text.replacen(old, new, 1)).unwrap();
        }
        let complaints = complaints(&root);
        // Some breaks cause a second complaint elsewhere: a region that is no longer shown, a proof in a lost chapter.
        if !complaints
            .iter()
            .any(|complaint| complaint.starts_with(expected))
        {
            unnoticed.push(format!(
                "{file}: {old:?} as {new:?} should give {expected:?}, gave {complaints:#?}"
            ));
        }
    }
    assert!(unnoticed.is_empty(), "{}", unnoticed.join("\n"));
}

#[test]
fn each_fault_of_a_built_page_gives_its_complaint() {
    let sound = "<html>\n<head><link href=\"a.css\"><script>if (a < b) { '<img src=\"no.png\">' }</script></head>\n<!-- <a href=\"no\"> -->\n\
        <h1 id=\"top\">A</h1><a href=\"https://docs.python.org\">out</a><a href=\"#top\">up</a><a href=\"deep/b%20c.html#end\">on</a>\n@\n</html>";
    let faults = [
        ("", None),
        (
            "{{#include x}}",
            Some("index.html:5: an include was left as it stands"),
        ),
        (
            "<a class=x href='c.html'>",
            Some("index.html:5: c.html leads to no file"),
        ),
        (
            "<a href=\"#bottom\">",
            Some("index.html:5: #bottom leads to no heading or id of index.html"),
        ),
        (
            "<a href=\"deep/b%20c.html#ende\">",
            Some("index.html:5: deep/b%20c.html#ende leads to no heading or id of deep/b c.html"),
        ),
        (
            "<img alt=\"a > b\" src=\"https://example.org/cat.png\">",
            Some("index.html:5: https://example.org/cat.png is loaded from elsewhere"),
        ),
        (
            "<link rel=stylesheet href=//example.org/a.css>",
            Some("index.html:5: //example.org/a.css is loaded from elsewhere"),
        ),
        (
            "<script src=\"gone.js\"></script>",
            Some("index.html:5: gone.js leads to no file"),
        ),
        (
            "<pre class=\"playground\">",
            Some("index.html:5: the block talks to the Rust playground"),
        ),
    ];
    for (number, (fault, expected)) in faults.into_iter().enumerate() {
        let folder = empty(&format!("pages-{number}"));
        write(&folder, "index.html", &sound.replace('@', fault));
        write(
            &folder,
            "deep/b c.html",
            "<p id=end><a href=\"../index.html#top\">",
        );
        write(&folder, "a.css", "p { background: url(cat.png) }");
        let complaints = check_pages(&folder).lines();
        let is_right = match expected {
            None => complaints.is_empty(),
            Some(expected) => matches!(&complaints[..], [only] if only.starts_with(expected)),
        };
        assert!(
            is_right,
            "{fault:?} should give {expected:?}, gave {complaints:#?}"
        );
    }
    let folder = empty("pages-without-a-first");
    write(
        &folder,
        "a.css",
        "@import url(\"https://example.org/font.css\");",
    );
    let complaints = check_pages(&folder).lines();
    assert!(
        matches!(&complaints[..], [a, b] if a.starts_with("a.css:1: a style") && b.starts_with("index.html:1: ")),
        "{complaints:#?}"
    );
}

#[test]
fn a_warning_in_the_log_of_mdbook_is_a_complaint() {
    let log = " INFO Book building has started\nERROR Error updating\n WARN unclosed HTML tag\n2026-01-02 [WARN] (mdbook): old\n INFO no WARN";
    assert_eq!(
        log_complaints(log),
        [
            "ERROR Error updating",
            " WARN unclosed HTML tag",
            "2026-01-02 [WARN] (mdbook): old"
        ]
    );
}

fn complaints(root: &Path) -> Vec<String> {
    let book = Book::read(root);
    let checks = [
        includes_resolve,
        anchors_are_sound_and_used,
        fences_only_include,
        summary_lists_the_chapters,
        pages_lead_on,
        sections_are_complete,
        proofs_exist,
        nothing_is_remote,
        programs_are_shown,
        questions_are_fair,
    ];
    checks
        .iter()
        .flat_map(|check| check(&book).lines())
        .collect()
}

fn fresh(name: &str) -> PathBuf {
    let root = empty(name);
    for (path, text) in SOUND {
        write(&root, path, text);
    }
    root
}

fn empty(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("broken-books")
        .join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}
