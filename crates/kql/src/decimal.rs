//! Decimal numbers as canonical text: a sign, up to 38 digits before and 38 after the point.

/// Most digits on each side of the point.
pub const SIDE_DIGITS: usize = 38;

/// The canonical form of a decimal number: no sign of zero, no leading or trailing zeros, no exponent.
/// Further digits after the point are rounded half to even. None when the text is no number or too great.
pub fn canonical(text: &str) -> Option<String> {
    let text = text.trim();
    let (negative, body) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (mantissa, exponent) = match body.find(['e', 'E']) {
        Some(at) => (&body[..at], body[at + 1..].parse::<i32>().ok()?),
        None => (body, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.len() + fraction.len() == 0 || mantissa.len() > 512 || exponent.unsigned_abs() > 512 {
        return None;
    }
    let mut digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).collect();
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    // Where the point stands among the digits.
    let mut point = i32::try_from(whole.len()).ok()?.checked_add(exponent)?;
    while point < 0 {
        digits.insert(0, b'0');
        point += 1;
    }
    let mut point = usize::try_from(point).ok()?;
    while digits.len() < point {
        digits.push(b'0');
    }
    if digits.len() > point + SIDE_DIGITS {
        let dropped = digits.split_off(point + SIDE_DIGITS);
        if rounds_up(digits.last().copied(), &dropped) && increment(&mut digits) {
            point += 1;
        }
    }
    let leading = digits[..point].iter().take_while(|d| **d == b'0').count();
    digits.drain(..leading);
    point -= leading;
    if point > SIDE_DIGITS {
        return None;
    }
    while digits.len() > point && digits.last() == Some(&b'0') {
        digits.pop();
    }
    if digits.is_empty() {
        return Some("0".to_owned());
    }
    let mut out = String::with_capacity(digits.len() + 3);
    if negative {
        out.push('-');
    }
    if point == 0 {
        out.push('0');
    }
    for (at, digit) in digits.iter().enumerate() {
        if at == point {
            out.push('.');
        }
        out.push(char::from(*digit));
    }
    Some(out)
}

/// Whether what is dropped makes the last digit one more: half goes to the even digit.
fn rounds_up(last: Option<u8>, dropped: &[u8]) -> bool {
    let odd = last.is_some_and(|d| (d - b'0') % 2 == 1);
    match dropped.first() {
        Some(b'6'..=b'9') => true,
        Some(b'5') => odd || dropped.iter().skip(1).any(|d| *d != b'0'),
        _ => false,
    }
}

/// Adds one to the last digit; true when a digit came before the first.
fn increment(digits: &mut Vec<u8>) -> bool {
    for digit in digits.iter_mut().rev() {
        if *digit == b'9' {
            *digit = b'0';
        } else {
            *digit += 1;
            return false;
        }
    }
    digits.insert(0, b'1');
    true
}

#[cfg(test)]
mod tests {
    use super::canonical;

    #[test]
    fn numbers_have_one_form() {
        for (text, wanted) in [
            ("1.50", Some("1.5")),
            ("-0.0", Some("0")),
            ("+007", Some("7")),
            (".5", Some("0.5")),
            ("1e3", Some("1000")),
            ("12.5E-3", Some("0.0125")),
            ("", None),
            (".", None),
            ("1.2.3", None),
            ("1e999999999999", None),
            ("0x10", None),
        ] {
            assert_eq!(canonical(text).as_deref(), wanted, "{text}");
        }
    }

    #[test]
    fn digits_beyond_the_bounds_are_rounded_or_refused() {
        let nines = "9".repeat(38);
        assert_eq!(canonical(&nines).as_deref(), Some(nines.as_str()));
        assert_eq!(canonical(&format!("{nines}9")), None);
        assert_eq!(canonical(&format!("0.{nines}9")).as_deref(), Some("1"));
        assert_eq!(canonical(&format!("{nines}.{nines}9")), None);
        assert_eq!(canonical("1e-38").as_deref(), Some("0.00000000000000000000000000000000000001"));
        assert_eq!(canonical("5e-39").as_deref(), Some("0"));
        assert_eq!(canonical("1.5e-38").as_deref(), Some("0.00000000000000000000000000000000000002"));
    }
}
