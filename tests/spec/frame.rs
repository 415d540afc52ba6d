//! <https://docs.python.org/3/library/multiprocessing.html#multiprocessing.connection.Connection.recv_bytes>

use std::collections::VecDeque;
use std::error::Error;
use std::io::{self, ErrorKind, Read, Write};

use rstest::rstest;
use threadproof::frame::{FrameReader, TooLong, write_frame};

const LIMIT: usize = 1000;

/// A stream that gives these pieces, and between them these errors.
struct Script(VecDeque<Result<Vec<u8>, ErrorKind>>);

impl Read for Script {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(step) = self.0.pop_front() else {
            return Ok(0);
        };
        let piece = step?;
        buffer[..piece.len()].copy_from_slice(&piece);
        Ok(piece.len())
    }
}

fn framed(message: &[u8]) -> Vec<u8> {
    let mut frame = Vec::new();
    write_frame(&mut frame, message, usize::MAX).unwrap();
    frame
}

fn too_long(error: &io::Error) -> Option<(u64, usize)> {
    let inner: &(dyn Error + 'static) = error.get_ref()?;
    inner
        .downcast_ref::<TooLong>()
        .map(|error| (error.length, error.limit))
}

#[rstest]
#[case::empty(0)]
#[case::one_byte(1)]
#[case::at_the_limit(LIMIT)]
fn a_message_arrives_as_it_was_sent(#[case] length: usize) {
    let message = vec![7; length];
    let mut channel = Vec::new();
    write_frame(&mut channel, &message, LIMIT).unwrap();
    assert_eq!(channel.len(), 4 + length);
    let (mut reader, mut channel) = (FrameReader::new(LIMIT), &channel[..]);
    assert_eq!(reader.read_frame(&mut channel).unwrap(), Some(message));
    assert_eq!(reader.read_frame(&mut channel).unwrap(), None);
    assert_eq!(
        reader.read_frame(&mut channel).unwrap(),
        None,
        "the end stays the end"
    );
}

#[test]
fn a_message_longer_than_the_limit_is_not_sent() {
    let mut channel = Vec::new();
    let error = write_frame(&mut channel, &[0; LIMIT + 1], LIMIT).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert_eq!(too_long(&error), Some((1001, 1000)));
    assert_eq!(
        error.to_string(),
        "a message of 1001 bytes is longer than the limit of 1000"
    );
    assert!(channel.is_empty());
}

#[rstest]
#[case::one_too_many(1001)]
#[case::garbage(u32::MAX)]
fn a_length_above_the_limit_is_an_error_before_the_body_is_read(#[case] length: u32) {
    let mut reader = FrameReader::new(LIMIT);
    let mut channel = &length.to_le_bytes()[..];
    // Asked again it says so again: nothing behind a garbage length can be trusted.
    for _ in 0..2 {
        let error = reader.read_frame(&mut channel).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData);
        assert_eq!(too_long(&error), Some((length.into(), LIMIT)));
    }
}

#[test]
fn a_stream_that_ends_inside_a_message_is_an_error_wherever_it_ends() {
    let frame = framed(b"hello");
    for end in 1..frame.len() {
        let mut reader = FrameReader::new(LIMIT);
        let error = reader.read_frame(&mut &frame[..end]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnexpectedEof, "after {end} bytes");
    }
}

#[test]
fn a_whole_message_before_a_cut_one_is_not_lost() {
    let stream = [framed(b"whole"), framed(b"cut")[..6].to_vec()].concat();
    let (mut reader, mut stream) = (FrameReader::new(LIMIT), &stream[..]);
    assert_eq!(reader.read_frame(&mut stream).unwrap().unwrap(), b"whole");
    let error = reader.read_frame(&mut stream).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
}

#[rstest]
fn a_time_out_anywhere_inside_a_message_loses_nothing(
    #[values(ErrorKind::WouldBlock, ErrorKind::TimedOut)] kind: ErrorKind,
) {
    let frame = framed(b"hello");
    for cut in 0..=frame.len() {
        let (before, after) = (frame[..cut].to_vec(), frame[cut..].to_vec());
        let steps: Vec<_> = [Ok(before), Err(kind), Err(kind), Ok(after)]
            .into_iter()
            .filter(|step| !matches!(step, Ok(piece) if piece.is_empty()))
            .collect();
        let mut stream = Script(steps.into());
        let mut reader = FrameReader::new(LIMIT);
        let message = loop {
            match reader.read_frame(&mut stream) {
                Err(error) => assert_eq!(error.kind(), kind),
                Ok(message) => break message,
            }
        };
        assert_eq!(message.unwrap(), b"hello", "cut at {cut}");
    }
}

#[test]
fn an_interrupted_read_is_repeated() {
    let steps = [
        Err(ErrorKind::Interrupted),
        Ok(framed(b"hello")),
        Err(ErrorKind::Interrupted),
    ];
    let (mut reader, mut stream) = (FrameReader::new(LIMIT), Script(steps.into()));
    assert_eq!(reader.read_frame(&mut stream).unwrap().unwrap(), b"hello");
    assert_eq!(reader.read_frame(&mut stream).unwrap(), None);
}

#[test]
fn another_error_comes_through() {
    let mut stream = Script([Err(ErrorKind::ConnectionReset)].into());
    let error = FrameReader::new(LIMIT).read_frame(&mut stream).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

#[test]
fn a_message_goes_out_in_one_write() {
    struct Writes(Vec<Vec<u8>>);
    impl Write for Writes {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.push(bytes.to_vec());
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut writes = Writes(Vec::new());
    write_frame(&mut writes, b"hello", LIMIT).unwrap();
    assert_eq!(writes.0, [framed(b"hello")]);
}

#[test]
fn a_message_of_64_mib_arrives_whole() {
    let message: Vec<u8> = (0..64 << 20).map(|n: u32| (n >> 8) as u8).collect();
    let frame = framed(&message);
    let mut reader = FrameReader::new(1 << 30);
    // No `assert_eq`: it would print both.
    assert!(reader.read_frame(&mut &frame[..]).unwrap() == Some(message));
}
