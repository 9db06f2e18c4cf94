//! What a setting should be.

use serde::{Deserialize, Serialize};

use crate::parameter::{Scalar, Values};

/// What a setting should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Want {
    /// This value; words without regard to case, numbers as numbers.
    Is(Scalar),
    /// One of these.
    In(Vec<Scalar>),
    /// Anything but this; also nothing at all.
    Not(Scalar),
    /// A number of at least this.
    Min(Scalar),
    /// A number of at most this.
    Max(Scalar),
    /// A number from one to the other.
    Between(Scalar, Scalar),
    /// Any value, as long as there is one.
    Set,
    /// No value.
    Unset,
    /// A list, separated by commas or blanks, with each of these.
    Has(Vec<Scalar>),
    /// A list with none of these; `*` stands for anything.
    Lacks(Vec<Scalar>),
    /// A list with nothing but these.
    Within(Vec<Scalar>),
    /// An octal number with no bit set beyond this one's.
    ModeWithin(Scalar),
    /// An octal mask that takes away at least these bits.
    MaskHas(Scalar),
}

impl Want {
    /// Every scalar that it names.
    pub(crate) fn scalars(&self) -> Vec<&Scalar> {
        match self {
            Self::Is(s)
            | Self::Not(s)
            | Self::Min(s)
            | Self::Max(s)
            | Self::ModeWithin(s)
            | Self::MaskHas(s) => {
                vec![s]
            }
            Self::Between(a, b) => vec![a, b],
            Self::In(all) | Self::Has(all) | Self::Lacks(all) | Self::Within(all) => all.iter().collect(),
            Self::Set | Self::Unset => vec![],
        }
    }

    /// Whether `value` is what is wanted; no value meets only what asks for none.
    pub(crate) fn met(&self, value: Option<&str>, values: &Values) -> bool {
        let Some(value) = value.map(str::trim) else {
            return matches!(self, Self::Unset | Self::Not(_) | Self::Lacks(_));
        };
        let same = |s: &Scalar| same(&values.of(s), value);
        let number = |s: &Scalar| match values.of(s) {
            Scalar::Int(n) => Some(n),
            Scalar::Text(t) => t.parse().ok(),
        };
        let own = value.parse::<i64>().ok();
        let octal = |s: &Scalar| u32::from_str_radix(&values.of(s).to_string(), 8).ok();
        let list = || value.split([',', ' ', '\t']).filter(|w| !w.is_empty());
        match self {
            Self::Is(s) => same(s),
            Self::In(all) => all.iter().any(same),
            Self::Not(s) => !same(s),
            Self::Min(s) => own.zip(number(s)).is_some_and(|(own, n)| own >= n),
            Self::Max(s) => own.zip(number(s)).is_some_and(|(own, n)| own <= n),
            Self::Between(a, b) => own.is_some_and(|own| {
                number(a).is_some_and(|a| a <= own) && number(b).is_some_and(|b| own <= b)
            }),
            Self::Set => !value.is_empty(),
            Self::Unset => false,
            Self::Has(all) => all.iter().all(|s| {
                let s = values.of(s).to_string();
                list().any(|w| w.eq_ignore_ascii_case(&s))
            }),
            Self::Lacks(all) => !all.iter().any(|s| {
                let s = values.of(s).to_string().to_ascii_lowercase();
                list().any(|w| like(&s, &w.to_ascii_lowercase()))
            }),
            Self::Within(all) => {
                list().all(|w| all.iter().any(|s| values.of(s).to_string().eq_ignore_ascii_case(w)))
            }
            Self::ModeWithin(s) => mode(value).zip(octal(s)).is_some_and(|(own, s)| own & !s == 0),
            Self::MaskHas(s) => mode(value).zip(octal(s)).is_some_and(|(own, s)| own & s == s),
        }
    }

    /// In words, for a person.
    pub(crate) fn words(&self, values: &Values) -> String {
        let one = |s: &Scalar| values.of(s).to_string();
        let all = |all: &[Scalar]| all.iter().map(one).collect::<Vec<_>>().join(", ");
        match self {
            Self::Is(s) => one(s),
            Self::In(list) => format!("one of {}", all(list)),
            Self::Not(s) => format!("not {}", one(s)),
            Self::Min(s) => format!("at least {}", one(s)),
            Self::Max(s) => format!("at most {}", one(s)),
            Self::Between(a, b) => format!("{} to {}", one(a), one(b)),
            Self::Set => "a value".into(),
            Self::Unset => "no value".into(),
            Self::Has(list) => format!("with {}", all(list)),
            Self::Lacks(list) => format!("without {}", all(list)),
            Self::Within(list) => format!("only {}", all(list)),
            Self::ModeWithin(s) => format!("{} or less", one(s)),
            Self::MaskHas(s) => format!("{} or stricter", one(s)),
        }
    }
}

fn mode(text: &str) -> Option<u32> {
    u32::from_str_radix(text, 8).ok().filter(|m| *m <= 0o7777)
}

fn same(want: &Scalar, value: &str) -> bool {
    match want {
        Scalar::Int(n) => value.parse::<i64>().is_ok_and(|v| v == *n),
        Scalar::Text(t) => t.eq_ignore_ascii_case(value),
    }
}

/// Whether `text` is as `pattern` says, where `*` stands for any run of characters and `?` for one.
pub(crate) fn like(pattern: &str, text: &str) -> bool {
    let (p, t) = (pattern.as_bytes(), text.as_bytes());
    let (mut i, mut j) = (0, 0);
    // Where the last star was, and how much it has taken so far.
    let mut star: Option<(usize, usize)> = None;
    while j < t.len() {
        if i < p.len() && p[i] == b'*' {
            star = Some((i, j));
            i += 1;
        } else if i < p.len() && (p[i] == t[j] || p[i] == b'?') {
            i += 1;
            j += 1;
        } else if let Some((at, taken)) = star {
            i = at + 1;
            j = taken + 1;
            star = Some((at, j));
        } else {
            return false;
        }
    }
    p[i..].iter().all(|c| *c == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is(want: &Want, value: &str) -> bool {
        want.met(Some(value), &Values::default())
    }
    fn text(t: &str) -> Scalar {
        Scalar::Text(t.into())
    }

    #[test]
    fn wants_are_met_as_they_say() {
        assert!(is(&Want::Is(text("no")), "No") && !is(&Want::Is(Scalar::Int(1)), "yes"));
        assert!(is(&Want::Is(Scalar::Int(1)), "01"));
        assert!(is(&Want::Max(Scalar::Int(4)), "4") && !is(&Want::Max(Scalar::Int(4)), "5"));
        assert!(!is(&Want::Max(Scalar::Int(4)), "many"));
        assert!(is(&Want::Between(Scalar::Int(1), Scalar::Int(3)), "3"));
        assert!(is(&Want::Lacks(vec![text("*-cbc")]), "aes256-ctr,aes256-gcm@openssh.com"));
        assert!(!is(&Want::Lacks(vec![text("*-cbc")]), "aes256-ctr,aes128-cbc"));
        assert!(is(&Want::Has(vec![text("nodev")]), "rw,nodev"));
        assert!(is(&Want::MaskHas(text("027")), "077") && !is(&Want::MaskHas(text("027")), "022"));
        assert!(is(&Want::ModeWithin(text("0640")), "0600") && !is(&Want::ModeWithin(text("0640")), "0644"));
        assert!(Want::Unset.met(None, &Values::default()) && !Want::Set.met(None, &Values::default()));
    }

    #[test]
    fn patterns_end_where_the_text_does() {
        for (p, t, yes) in [
            ("*", "", true),
            ("a*c", "abcbc", true),
            ("a*c", "abcb", false),
            ("?b", "ab", true),
            ("", "a", false),
            ("**x", "x", true),
        ] {
            assert_eq!(like(p, t), yes, "{p} {t}");
        }
    }
}
