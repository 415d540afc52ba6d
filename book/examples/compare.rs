//! The same count, alone and on two threads.

use std::thread;

fn main() {
    let alone = primes_in(0..40_000);
    let together = thread::scope(|scope| {
        let half = scope.spawn(|| primes_in(0..20_000));
        primes_in(20_000..40_000) + half.join().unwrap()
    });
    println!("alone {alone}, on two threads {together}");
}

fn primes_in(numbers: std::ops::Range<u32>) -> usize {
    let mut count = 0;
    for n in numbers {
        let is_prime = n > 1 && (2..n).take_while(|d| d * d <= n).all(|d| n % d != 0);
        count += usize::from(is_prime);
    }
    count
}
