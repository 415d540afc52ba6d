use std::sync::mpsc;

fn main() {
    let (sender, receiver) = mpsc::channel();
    let page = String::from("page 1");
    sender.send(page).unwrap();
    println!("sent: {page}");
    println!("got: {}", receiver.recv().unwrap());
}
