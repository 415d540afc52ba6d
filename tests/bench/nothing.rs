//! The program that costs least.

fn main() {}
