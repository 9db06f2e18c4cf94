//! The discrete Fourier transform of any length.
//!
//! Cooley and Tukey's algorithm (1965) for powers of two; other lengths by Bluestein's algorithm (1970),
//! which turns them into a convolution: <https://en.wikipedia.org/wiki/Chirp_Z-transform>.

use std::f64::consts::PI;

use super::numbers::{count, reals, write_reals};
use super::{Call, V};
use crate::kernels::arg;

/// A complex number: real and imaginary part.
pub(super) type Complex = (f64, f64);

fn times(a: Complex, b: Complex) -> Complex {
    (a.0 * b.0 - a.1 * b.1, a.0 * b.1 + a.1 * b.0)
}

/// The transform of a list whose length is a power of two, in place.
fn radix2(data: &mut [Complex], inverse: bool) {
    let n = data.len();
    let mut to = 0;
    for from in 1..n {
        let mut bit = n >> 1;
        while to & bit != 0 {
            to ^= bit;
            bit >>= 1;
        }
        to |= bit;
        if from < to {
            data.swap(from, to);
        }
    }
    let sign = if inverse { 2.0 } else { -2.0 };
    let mut size = 2;
    while size <= n {
        let half = size / 2;
        let turns: Vec<Complex> = (0..half)
            .map(|k| {
                let (sin, cos) = (sign * PI * count(k) / count(size)).sin_cos();
                (cos, sin)
            })
            .collect();
        for block in data.chunks_exact_mut(size) {
            let (low, high) = block.split_at_mut(half);
            for ((a, b), turn) in low.iter_mut().zip(high).zip(&turns) {
                let t = times(*b, *turn);
                *b = (a.0 - t.0, a.1 - t.1);
                *a = (a.0 + t.0, a.1 + t.1);
            }
        }
        size *= 2;
    }
}

/// The transform of a list of any length. The inverse is not divided by the length.
pub(super) fn transform(data: &[Complex], inverse: bool) -> Vec<Complex> {
    let n = data.len();
    if n <= 1 {
        return data.to_vec();
    }
    if n.is_power_of_two() {
        let mut out = data.to_vec();
        radix2(&mut out, inverse);
        return out;
    }
    let sign = if inverse { 1.0 } else { -1.0 };
    // k * k modulo 2n keeps the angle exact for long series.
    let chirp: Vec<Complex> = (0..n)
        .map(|k| {
            let (sin, cos) = (sign * PI * count(k * k % (2 * n)) / count(n)).sin_cos();
            (cos, sin)
        })
        .collect();
    let size = (2 * n - 1).next_power_of_two();
    let mut a = vec![(0.0, 0.0); size];
    let mut b = vec![(0.0, 0.0); size];
    for (k, (x, c)) in data.iter().zip(&chirp).enumerate() {
        a[k] = times(*x, *c);
        let conjugate = (c.0, -c.1);
        b[k] = conjugate;
        if k > 0 {
            b[size - k] = conjugate;
        }
    }
    radix2(&mut a, false);
    radix2(&mut b, false);
    for (x, y) in a.iter_mut().zip(&b) {
        *x = times(*x, *y);
    }
    radix2(&mut a, true);
    let scale = 1.0 / count(size);
    a.iter().zip(&chirp).map(|(x, c)| times((x.0 * scale, x.1 * scale), *c)).collect()
}

fn columns(args: &[V<'_>], inverse: bool) -> Option<Vec<V<'static>>> {
    let real = reals(arg(args, 0))?;
    let imaginary = match arg(args, 1) {
        V::Null => vec![0.0; real.len()],
        other => reals(other)?,
    };
    if imaginary.len() != real.len() {
        return None;
    }
    let data: Vec<Complex> = real.into_iter().zip(imaginary).collect();
    let scale = if inverse && !data.is_empty() { 1.0 / count(data.len()) } else { 1.0 };
    let (real, imaginary): (Vec<f64>, Vec<f64>) =
        transform(&data, inverse).into_iter().map(|(re, im)| (re * scale, im * scale)).unzip();
    Some(vec![write_reals(&real), write_reals(&imaginary)])
}

/// `series_fft(real, imaginary)`
pub(super) fn forward_columns(_: &Call<'_>, args: &[V<'_>]) -> Option<Vec<V<'static>>> {
    columns(args, false)
}

/// `series_ifft(real, imaginary)`
pub(super) fn inverse_columns(_: &Call<'_>, args: &[V<'_>]) -> Option<Vec<V<'static>>> {
    columns(args, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition, term by term.
    fn slow(data: &[Complex], inverse: bool) -> Vec<Complex> {
        let n = data.len();
        let sign = if inverse { 2.0 } else { -2.0 };
        (0..n)
            .map(|k| {
                data.iter().enumerate().fold((0.0, 0.0), |sum, (t, x)| {
                    let (sin, cos) = (sign * PI * count(k * t % n) / count(n)).sin_cos();
                    let term = times(*x, (cos, sin));
                    (sum.0 + term.0, sum.1 + term.1)
                })
            })
            .collect()
    }

    #[test]
    fn every_length_agrees_with_the_definition() {
        for n in 1..40usize {
            let data: Vec<Complex> = (0..n).map(|k| (count(k * k % 7), count(k % 3) - 1.0)).collect();
            for inverse in [false, true] {
                for (a, b) in transform(&data, inverse).iter().zip(slow(&data, inverse)) {
                    assert!((a.0 - b.0).abs() < 1e-9 && (a.1 - b.1).abs() < 1e-9, "{n} {inverse}");
                }
            }
        }
    }
}
