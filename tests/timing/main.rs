//! Is it concurrent, and prompt? Gates first, then ratios within one run, with wide margins.

mod compare;
