use std::thread;

fn main() {
    let mut words = vec!["to", "be"];
    thread::scope(|scope| {
        scope.spawn(|| println!("{words:?}"));
        scope.spawn(|| words.push("or"));
    });
}
