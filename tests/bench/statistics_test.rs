//! The arithmetic of the tables: `cargo test -p threadproof-bench`.

mod statistics;

use statistics::{compare, figure, median, quantile, quartiles, slope};

#[test]
fn a_ratio_is_the_quotient_of_the_medians_beside_it() {
    // In the rounds ours takes 1/2, 3/1 and 2/4 of the peer's time: the median of those is 0.5.
    let compared = compare(&[1.0, 3.0, 2.0], &[2.0, 1.0, 4.0]);
    assert_eq!((compared.ours, compared.peers), (2.0, 2.0));
    assert_eq!(compared.ratio, 1.0);
    assert_eq!(compared.spread, (0.5, 3.0));
}

#[test]
fn rounds_that_only_one_of_them_ran_do_not_count() {
    let compared = compare(&[1.0, 1.0, 1.0, 50.0, 60.0, 70.0, 80.0], &[2.0, 2.0, 2.0]);
    assert_eq!((compared.ours, compared.ratio), (1.0, 0.5));
    assert_eq!(compared.rounds, 3);
}

#[test]
fn one_slow_round_moves_neither_ratio_nor_spread() {
    let ours = [1.0, 1.0, 1.0, 1.0, 9.0, 1.0, 1.0, 1.0];
    let compared = compare(&ours, &[2.0; 8]);
    assert_eq!((compared.ratio, compared.spread), (0.5, (0.5, 0.5)));
}

#[test]
fn quantiles_are_samples() {
    let samples = [4.0, 1.0, 3.0, 2.0];
    assert_eq!(median(&samples), 2.0);
    assert_eq!(quartiles(&samples), (1.0, 3.0));
    assert_eq!(quantile(&samples, 0.99), 4.0);
    assert!(quantile(&[], 0.5).is_nan());
}

#[test]
fn the_slope_of_the_logarithms_is_the_power() {
    let power = |power: f64| {
        let of = |size: f64| (size.ln(), size.powf(power).ln());
        slope(&[10.0, 100.0, 1000.0].map(of))
    };
    for expected in [0.0, 1.0, 1.5] {
        assert!((power(expected) - expected).abs() < 1e-9);
    }
}

#[test]
fn a_figure_that_is_shown_does_not_contradict_its_verdict() {
    assert_eq!(figure(0.981, Some(1.02)), "0.98");
    // As 1.02 it would look met.
    assert_eq!(figure(1.0231, Some(1.02)), "1.023");
    assert_eq!(figure(0.0504, Some(0.05)), "0.0504");
    assert_eq!(figure(0.0496, Some(0.05)), "0.050");
    assert_eq!(figure(12.34, None), "12.3");
}
