//! Why a goal is missed, as far as a measurement shows it: most often a row of the same case, in which
//! the part that cannot be spared stands alone.

/// A part of the case's name, a part of the peer's, and the reason.
const REASONS: [(&str, &str, &str); 6] = [
    (
        "jobs of 10 ns",
        "rayon",
        "rayon's outputs are bare numbers of 8 bytes, and a panic ends the map; the row of a rayon that catches shows what a \
         `Result` for each job costs there",
    ),
    (
        "one round trip",
        "bare pipe",
        "whoever waits talks to the worker itself, so no thread is in between; it makes seven system calls where the pipe has \
         four",
    ),
    (
        "squares",
        "Pool.map",
        "to encode and decode inputs and outputs, without a process, takes what the row of one thread says",
    ),
    (
        "1 MiB there and back",
        "",
        "the outputs' memory comes from the system page by page: the row of one thread has nothing else",
    ),
    (
        "one after the other",
        "latency",
        "the limit leaves out the transfer and the file; as many waits and durable files, without a network, have a row",
    ),
    (
        "at a time",
        "",
        "as many waits and durable files, without a network, have a row: what is between that and the peer is all that \
         could be gained",
    ),
];

pub(crate) fn reason(case: &str, peer: &str) -> Option<&'static str> {
    let known = REASONS
        .iter()
        .find(|(part, of_peer, _)| case.contains(part) && peer.contains(of_peer));
    known.map(|(.., reason)| *reason)
}
