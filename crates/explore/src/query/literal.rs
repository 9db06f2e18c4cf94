use palisade_types::TimeMicros;
use serde::{Serialize, Serializer};

/// An instant of a query: fixed, or as long before the time of asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instant {
    /// This one.
    At(TimeMicros),
    /// This many seconds before the query is asked; written `ago(7d)`.
    Ago(u32),
}

const UNITS: [(char, u32); 4] = [('d', 86_400), ('h', 3600), ('m', 60), ('s', 1)];

impl Instant {
    /// Reads RFC 3339, or `ago(` with a number of days, hours, minutes or seconds.
    pub fn read(text: &str) -> Option<Self> {
        let Some(span) = text.strip_prefix("ago(").and_then(|t| t.strip_suffix(')')) else {
            return text.parse().ok().map(Self::At);
        };
        let unit = span.chars().last()?;
        let (_, seconds) = UNITS.into_iter().find(|(u, _)| *u == unit)?;
        let digits = &span[..span.len() - 1];
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        digits.parse::<u32>().ok()?.checked_mul(seconds).map(Self::Ago)
    }

    /// The instant, for a query that is asked now.
    pub fn when(self, now: TimeMicros) -> TimeMicros {
        match self {
            Self::At(time) => time,
            Self::Ago(seconds) => now.plus_micros(-i64::from(seconds) * 1_000_000),
        }
    }

    fn write(self) -> String {
        match self {
            Self::At(time) => time.to_rfc3339(),
            Self::Ago(seconds) => {
                let fits = UNITS.into_iter().find(|(_, s)| seconds > 0 && seconds % s == 0);
                let (unit, size) = fits.unwrap_or(('s', 1));
                format!("ago({}{unit})", seconds / size)
            }
        }
    }
}

/// A value in a query.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// A text, a choice or a version.
    Text(String),
    /// An integer.
    Integer(i64),
    /// A floating-point number.
    Real(f64),
    /// True or false.
    Bool(bool),
    /// An instant.
    Time(Instant),
    /// Several of one kind.
    List(Vec<Literal>),
}

impl Serialize for Literal {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => s.serialize_str(text),
            Self::Integer(n) => s.serialize_i64(*n),
            Self::Real(n) => s.serialize_f64(*n),
            Self::Bool(b) => s.serialize_bool(*b),
            Self::Time(t) => s.serialize_str(&t.write()),
            Self::List(list) => list.serialize(s),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_read_and_written_in_one_way() {
        for (text, written) in [
            ("ago(7d)", "ago(7d)"),
            ("ago(48h)", "ago(2d)"),
            ("ago(90m)", "ago(90m)"),
            ("ago(0h)", "ago(0s)"),
            ("2026-11-24T10:00:00Z", "2026-11-24T10:00:00.000000Z"),
        ] {
            let instant = Instant::read(text).unwrap();
            assert_eq!(instant.write(), written);
            assert_eq!(Instant::read(written), Some(instant));
        }
        for wrong in ["", "ago(7)", "ago(-1d)", "ago(d)", "ago(99999999d)", "ago(1é)", "yesterday"] {
            assert_eq!(Instant::read(wrong), None, "{wrong}");
        }
        assert_eq!(Instant::Ago(1).when(TimeMicros(5_000_000)), TimeMicros(4_000_000));
    }
}
