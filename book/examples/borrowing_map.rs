//! A function for each input, on two threads; a panic costs one output.

use std::num::NonZeroUsize;
use threadproof::scoped_map;

fn main() {
    let words = ["office", "", "png"];
    let workers = NonZeroUsize::new(2).unwrap();
    let firsts = scoped_map(workers, &words, |word| word.chars().next().unwrap());
    for (word, first) in words.iter().zip(firsts) {
        match first {
            Ok(letter) => println!("{word:?} begins with {letter}"),
            Err(panicked) => println!("{word:?}: {}", panicked.message()),
        }
    }
}
