//! Functions that take a text apart.

use super::{A, DECIMAL, DYNAMIC, Function, S, f, keep};

/// The functions of this theme.
pub const PARSE: &[Function] = &[
    f("parse_path", &[S], DYNAMIC),
    f("parse_url", &[S], DYNAMIC),
    f("parse_urlquery", &[S], DYNAMIC),
    f("parse_command_line", &[S, S], DYNAMIC),
    keep(f("parse_csv", &[S], DYNAMIC)),
    f("parse_user_agent", &[S, A], DYNAMIC),
    f("parse_version", &[S], DECIMAL),
    keep(f("parse_xml", &[S], DYNAMIC)),
];
