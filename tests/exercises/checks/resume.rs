#[path = "../solutions/resume.rs"]
mod solution;
#[path = "../starters/resume.rs"]
mod starter;

use super::Exercise;

pub(super) const EXERCISE: Exercise = Exercise {
    name: "resume",
    task: "Append only what belongs to what you have.",
    starter: || check(starter::solve),
    solution: || check(solution::solve),
    fails_because: "the end of another",
};

// ANCHOR: types
/// What an earlier attempt has left: so many bytes, of this version.
pub(super) struct Part {
    bytes: u64,
    e_tag: &'static str,
}

/// What the server answers when it is asked for the rest.
pub(super) struct Answer {
    /// 206: a range comes. 200: all of it comes.
    status: u16,
    /// The version that it comes from, if the server says so.
    e_tag: Option<&'static str>,
    /// Where the range begins, if the server says so.
    first_byte: Option<u64>,
}
// ANCHOR_END: types

fn check(may_append: fn(&Part, &Answer) -> bool) {
    let part = Part {
        bytes: 600,
        e_tag: "v1",
    };
    let asked = |status, e_tag, first_byte| {
        let answer = Answer {
            status,
            e_tag,
            first_byte,
        };
        may_append(&part, &answer)
    };
    assert!(
        !asked(206, Some("v2"), Some(600)),
        "the file has the beginning of one version and the end of another"
    );
    assert!(
        !asked(206, None, Some(600)),
        "the server did not say which version it sends, and was believed"
    );
    assert!(
        !asked(206, Some("v1"), Some(599)) && !asked(206, Some("v1"), None),
        "what comes does not begin where the part ends, or nobody knows where"
    );
    assert!(
        !asked(200, Some("v1"), None) && !asked(200, Some("v1"), Some(600)),
        "the whole file comes, and is appended to its own beginning"
    );
    assert!(
        asked(206, Some("v1"), Some(600)),
        "this is the rest of the very version, and is not used"
    );
}
