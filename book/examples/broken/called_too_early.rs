use std::thread;

fn main() {
    thread::scope(|scope| {
        scope.spawn(count(1_000_000));
    });
}

fn count(steps: u64) -> u64 {
    (0..steps).sum()
}
