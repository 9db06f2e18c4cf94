//! Decimal numbers: integers that count units of 10^-38, so that equal numbers are equal cells.

use arrow::datatypes::{DataType, i256};
use datafusion::common::ScalarValue;
use num_bigint::{BigInt, Sign};

/// Digits of the carrier, and those after the point.
const PRECISION: u8 = 76;
const SCALE: i8 = 38;
/// Significant digits of a result, as many as IEEE 754's decimal128 has.
const SIGNIFICANT: usize = 34;

/// The Arrow type that carries a decimal.
pub(crate) const ARROW: DataType = DataType::Decimal256(PRECISION, SCALE);

pub(crate) fn scalar(value: Option<i256>) -> ScalarValue {
    ScalarValue::Decimal256(value, PRECISION, SCALE)
}

/// 10^n for n up to 76.
fn power(n: usize) -> i256 {
    (0..n.min(76)).fold(i256::ONE, |p, _| p.wrapping_mul(i256::from_i128(10)))
}

fn unit() -> i256 {
    power(38)
}

fn bounded(n: i256) -> Option<i256> {
    let limit = power(76);
    (n < limit && n > limit.wrapping_neg()).then_some(n)
}

pub(crate) fn parse(text: &str) -> Option<i256> {
    let canonical = palisade_kql::decimal::canonical(text)?;
    let (whole, fraction) = canonical.split_once('.').unwrap_or((&canonical, ""));
    i256::from_string(&format!("{whole}{fraction:0<38}"))
}

/// Canonical text, without trailing zeros.
pub(crate) fn text(n: i256) -> String {
    let digits = n.to_string();
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits.as_str()), |d| ("-", d));
    let digits = format!("{digits:0>39}");
    let (whole, fraction) = digits.split_at(digits.len() - 38);
    let fraction = fraction.trim_end_matches('0');
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

pub(crate) fn of_long(n: i64) -> i256 {
    i256::from_i128(i128::from(n)).wrapping_mul(unit())
}

/// Towards zero; none beyond the bounds of a long.
pub(crate) fn long(n: i256) -> Option<i64> {
    n.checked_div(unit())?.to_i128().and_then(|n| i64::try_from(n).ok())
}

pub(crate) fn real(n: i256) -> Option<f64> {
    text(n).parse().ok()
}

fn big(n: i256) -> BigInt {
    BigInt::from_signed_bytes_le(&n.to_le_bytes())
}

fn small(n: &BigInt) -> Option<i256> {
    let bytes = n.to_signed_bytes_le();
    let mut whole = [if n.sign() == Sign::Minus { 0xFF } else { 0 }; 32];
    whole.get_mut(..bytes.len())?.copy_from_slice(&bytes);
    bounded(i256::from_le_bytes(whole))
}

/// Rounds to a multiple of a positive step, half to the even multiple.
fn rounded(n: i256, step: i256) -> Option<i256> {
    let (quotient, rest) = (n.checked_div(step)?, n.checked_rem(step)?);
    let twice = rest.wrapping_abs().checked_mul(i256::from_i128(2))?;
    let odd = quotient.wrapping_rem(i256::from_i128(2)) != i256::ZERO;
    let away = twice > step || (twice == step && odd);
    let one = if n.is_negative() { i256::MINUS_ONE } else { i256::ONE };
    let quotient = if away { quotient.checked_add(one)? } else { quotient };
    bounded(quotient.checked_mul(step)?)
}

fn significant(n: i256) -> Option<i256> {
    let digits = n.wrapping_abs().to_string().len();
    if digits <= SIGNIFICANT { Some(n) } else { rounded(n, power(digits - SIGNIFICANT)) }
}

pub(crate) fn add(a: i256, b: i256) -> Option<i256> {
    significant(bounded(a.checked_add(b)?)?)
}

pub(crate) fn subtract(a: i256, b: i256) -> Option<i256> {
    significant(bounded(a.checked_sub(b)?)?)
}

pub(crate) fn multiply(a: i256, b: i256) -> Option<i256> {
    significant(small(&(big(a) * big(b) / big(unit())))?)
}

pub(crate) fn divide(a: i256, b: i256) -> Option<i256> {
    if b == i256::ZERO {
        return None;
    }
    significant(small(&(big(a) * big(unit()) / big(b)))?)
}

/// Never negative.
pub(crate) fn modulo(a: i256, b: i256) -> Option<i256> {
    let rest = a.checked_rem(b)?;
    if rest.is_negative() { rest.checked_add(b.wrapping_abs()) } else { Some(rest) }
}

/// To so many digits after the point; negative ones before it.
pub(crate) fn round(n: i256, digits: i64) -> Option<i256> {
    rounded(n, power(usize::try_from(38i64.saturating_sub(digits).clamp(0, 76)).ok()?))
}

pub(crate) fn ceiling(n: i256) -> Option<i256> {
    let rest = modulo(n, unit())?;
    if rest == i256::ZERO { Some(n) } else { bounded(n.checked_sub(rest)?.checked_add(unit())?) }
}

/// Floors to a multiple of the step, counted from an origin.
pub(crate) fn bin(n: i256, step: i256, origin: i256) -> Option<i256> {
    if step <= i256::ZERO {
        return None;
    }
    let offset = n.checked_sub(origin)?;
    bounded(n.checked_sub(modulo(offset, step)?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calculate(operation: fn(i256, i256) -> Option<i256>, a: &str, b: &str) -> Option<String> {
        operation(parse(a)?, parse(b)?).map(text)
    }

    #[test]
    fn arithmetic_is_exact_to_34_digits() {
        let some = |s: &str| Some(s.to_owned());
        assert_eq!(calculate(add, "0.1", "0.2"), some("0.3"));
        assert_eq!(calculate(subtract, "1", "1.00000000000000000001"), some("-0.00000000000000000001"));
        assert_eq!(calculate(multiply, "1.1", "-1.1"), some("-1.21"));
        assert_eq!(calculate(divide, "7.5", "2.5"), some("3"));
        assert_eq!(calculate(divide, "1", "3"), some(&format!("0.{}", "3".repeat(34))));
        assert_eq!(calculate(divide, "1", "0"), None);
        assert_eq!(calculate(modulo, "-7.5", "2"), some("0.5"));
        assert_eq!(calculate(multiply, &"9".repeat(38), &"9".repeat(38)), None);
    }

    #[test]
    fn rounding_goes_to_the_even_digit() {
        let round =
            |s: &str, digits| round(parse(s).unwrap_or_default(), digits).map(text).unwrap_or_default();
        assert_eq!(round("3.14159", 2), "3.14");
        assert_eq!(round("2.5", 0), "2");
        assert_eq!(round("-3.5", 0), "-4");
        assert_eq!(round("1250", -2), "1200");
        assert_eq!(ceiling(parse("-1.5").unwrap_or_default()).map(text).as_deref(), Some("-1"));
        assert_eq!(long(parse("-1.9").unwrap_or_default()), Some(-1));
    }
}
