//! Units of measure.

use super::{Function, R, REAL, S, f};

/// The functions of this theme.
pub const CONVERT: &[Function] = &[
    f("convert_angle", &[R, S, S], REAL),
    f("convert_energy", &[R, S, S], REAL),
    f("convert_force", &[R, S, S], REAL),
    f("convert_length", &[R, S, S], REAL),
    f("convert_mass", &[R, S, S], REAL),
    f("convert_speed", &[R, S, S], REAL),
    f("convert_temperature", &[R, S, S], REAL),
    f("convert_volume", &[R, S, S], REAL),
];
