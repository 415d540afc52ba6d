use std::sync::Mutex;
use std::thread;

fn main() {
    let lock = Mutex::new(7);
    let guard = lock.lock().unwrap();
    thread::scope(|scope| {
        scope.spawn(move || drop(guard));
    });
}
