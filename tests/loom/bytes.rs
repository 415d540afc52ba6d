//! X3: where pipes cannot be polled, what goes through a thread arrives, and what was certainly not sent was not.

use std::io::{self, ErrorKind, Write};

use super::harness::{Bound, Seen, holds};
use crate::bytes::{Bytes, write_to_the_end};
use crate::sync::{Arc, Mutex, thread};

/// X3
#[test]
fn bytes_arrive_in_order_and_whole_and_so_does_their_end() {
    holds(Bound::Exhaustive, || {
        let bytes = Arc::new(Bytes::default());
        let reader = {
            let bytes = bytes.clone();
            thread::spawn(move || {
                // There is room for two.
                assert!(bytes.put_all(b"ab") && bytes.put_all(b"cd"));
                bytes.end();
            })
        };
        let (mut arrived, mut buffer) = (Vec::<u8>::new(), [0; 3]);
        while let Ok(taken @ 1..) = bytes.wait_and_take(&mut buffer) {
            arrived.extend(&buffer[..taken]);
        }
        assert_eq!(arrived, b"abcd");
        reader.join().unwrap();
    });
}

/// X3: a thread that waits for room ends with whoever would have made some.
#[test]
fn nobody_waits_for_room_once_nobody_takes() {
    let answers = Seen::new();
    let seen = answers.clone();
    holds(Bound::Exhaustive, move || {
        let bytes = Arc::new(Bytes::default());
        let reader = {
            let bytes = bytes.clone();
            thread::spawn(move || bytes.put_all(b"ab") && bytes.put_all(b"cd"))
        };
        bytes.leave();
        seen.add(reader.join().unwrap());
    });
    answers.are_exactly([false]);
}

/// A pipe whose reader may die. What it had taken by then does not change any more.
#[derive(Clone)]
struct Pipe(Arc<Mutex<(bool, usize)>>);

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut pipe = self.0.lock();
        if pipe.0 {
            return Err(ErrorKind::BrokenPipe.into());
        }
        pipe.1 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// X3: a job whose input was not written had not begun, and is sent again. Were one that was, it would run twice.
#[test]
fn what_is_certainly_unwritten_was_not_written() {
    let ways = Seen::new();
    let seen = ways.clone();
    holds(Bound::Exhaustive, move || {
        let bytes = Arc::new(Bytes::default());
        let pipe = Pipe(Arc::new(Mutex::new((false, 0))));
        let writer = {
            let (bytes, pipe) = (bytes.clone(), pipe.clone());
            thread::spawn(move || write_to_the_end(pipe, &bytes, || {}))
        };
        assert_eq!(bytes.put(b"ab"), 2);
        pipe.0.lock().0 = true;
        let is_unwritten = bytes.is_unwritten();
        let written = pipe.0.lock().1;
        assert!(!is_unwritten || written < 2, "it would be sent again");
        seen.add((is_unwritten, written));
        bytes.end();
        writer.join().unwrap();
    });
    ways.are_exactly([(false, 0), (false, 2), (true, 0)]);
}
