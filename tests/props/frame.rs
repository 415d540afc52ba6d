//! Frames against the list of messages that went in, however the stream is cut up.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read};

use proptest::prelude::*;
use threadproof::frame::{FrameReader, write_frame};

#[derive(Clone, Copy, Debug)]
enum Step {
    /// The next read gives at most this many bytes.
    Read(usize),
    Fail(ErrorKind),
}

/// A stream that is read in these steps, and in whole pieces when they are used up.
struct Stream<'a> {
    left: &'a [u8],
    steps: VecDeque<Step>,
}

impl Read for Stream<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.steps.pop_front() {
            Some(Step::Fail(kind)) => Err(kind.into()),
            Some(Step::Read(most)) => {
                let most = most.min(buffer.len());
                self.left.read(&mut buffer[..most])
            }
            None => self.left.read(buffer),
        }
    }
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (1usize..20).prop_map(Step::Read),
        1 => prop::sample::select(vec![ErrorKind::WouldBlock, ErrorKind::TimedOut, ErrorKind::Interrupted])
            .prop_map(Step::Fail),
    ];
    prop::collection::vec(step, 0..100)
}

/// All messages until the end or the first error that is no timeout.
fn read_all(stream: &mut Stream, limit: usize) -> (Vec<Vec<u8>>, Option<ErrorKind>) {
    let (mut reader, mut messages) = (FrameReader::new(limit), Vec::new());
    loop {
        match reader.read_frame(stream) {
            Ok(Some(message)) => messages.push(message),
            Ok(None) => return (messages, None),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(error) => return (messages, Some(error.kind())),
        }
    }
}

proptest! {
    #[test]
    fn what_was_written_is_read_however_the_stream_is_cut_up(
        messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..20),
        steps in steps(),
    ) {
        let mut channel = Vec::new();
        for message in &messages {
            write_frame(&mut channel, message, 200).unwrap();
        }
        let mut stream = Stream { left: &channel, steps: steps.into() };
        prop_assert_eq!(read_all(&mut stream, 200), (messages, None));
    }

    #[test]
    fn a_stream_cut_anywhere_gives_the_whole_messages_and_says_so(
        messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..50), 1..10),
        steps in steps(),
        cut in any::<prop::sample::Index>(),
    ) {
        let (mut channel, mut ends) = (Vec::new(), vec![0]);
        for message in &messages {
            write_frame(&mut channel, message, 50).unwrap();
            ends.push(channel.len());
        }
        let cut = cut.index(channel.len() + 1);
        let whole = ends.iter().filter(|end| **end <= cut).count() - 1;
        let error = (!ends.contains(&cut)).then_some(ErrorKind::UnexpectedEof);
        let mut stream = Stream { left: &channel[..cut], steps: steps.into() };
        prop_assert_eq!(read_all(&mut stream, 50), (messages[..whole].to_vec(), error));
    }

    #[test]
    fn garbage_is_never_a_panic_nor_a_message_above_the_limit(
        garbage in prop::collection::vec(prop_oneof![3 => Just(0), 1 => any::<u8>()], 0..300),
        steps in steps(),
        limit in 0usize..100,
    ) {
        let mut stream = Stream { left: &garbage, steps: steps.into() };
        let (messages, _) = read_all(&mut stream, limit);
        prop_assert!(messages.iter().all(|message| message.len() <= limit));
    }
}
