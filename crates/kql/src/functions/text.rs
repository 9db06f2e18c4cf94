//! Text.

use super::{A, BOOL, D, DYNAMIC, Function, L, LONG, N, R, S, STRING, f, many, opt};

/// The functions of this theme.
pub const TEXT: &[Function] = &[
    many(S, f("strcat", &[S], STRING)),
    many(S, f("strcat_delim", &[S, S], STRING)),
    f("strlen", &[S], LONG),
    opt(2, f("substring", &[S, L, L], STRING)),
    f("tolower", &[S], STRING),
    f("toupper", &[S], STRING),
    f("trim", &[S, S], STRING),
    f("trim_start", &[S, S], STRING),
    f("trim_end", &[S, S], STRING),
    opt(2, f("split", &[S, S, L], DYNAMIC)),
    f("replace_string", &[S, S, S], STRING),
    f("replace_regex", &[S, S, S], STRING),
    f("replace_strings", &[S, D, D], STRING),
    opt(2, f("indexof", &[S, S, L, L, L], LONG)),
    opt(2, f("indexof_regex", &[S, S, L, L, L], LONG)),
    opt(2, f("countof", &[S, S, S], LONG)),
    f("extract", &[S, L, S], STRING),
    f("extract_all", &[S, S], DYNAMIC),
    f("extract_all_groups", &[S, D, S], DYNAMIC),
    f("reverse", &[S], STRING),
    opt(2, f("strrep", &[S, L, S], STRING)),
    opt(1, f("strcat_array", &[D, S], STRING)),
    f("strcmp", &[S, S], LONG),
    f("string_size", &[S], LONG),
    f("translate", &[S, S, S], STRING),
    f("isascii", &[S], BOOL),
    f("regex_quote", &[S], STRING),
    opt(1, f("tohex", &[N, L], STRING)),
    many(A, f("make_string", &[A], STRING)),
    f("unicode_codepoints_from_string", &[S], DYNAMIC),
    many(A, f("unicode_codepoints_to_string", &[A], STRING)),
    opt(1, f("format_bytes", &[R, L, S], STRING)),
];
