//! Functions that take a text apart.

use super::{DYNAMIC, Function, LONG, S, f};

/// The functions of this theme.
pub const PARSE: &[Function] = &[
    f("parse_path", &[S], DYNAMIC),
    f("parse_url", &[S], DYNAMIC),
    f("parse_urlquery", &[S], DYNAMIC),
    f("parse_command_line", &[S, S], DYNAMIC),
    f("parse_csv", &[S], DYNAMIC),
    f("parse_version", &[S], LONG),
];
