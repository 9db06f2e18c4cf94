//! Which key signed: the number of the key in an OpenPGP signature.

/// The key's number, from the first packet.
pub(super) fn key_id(packet: &[u8]) -> Option<[u8; 8]> {
    let body = body(packet)?;
    match body.first()? {
        3 => body.get(7..15)?.try_into().ok(),
        4 => {
            let hashed = usize::from(u16::from_be_bytes(body.get(4..6)?.try_into().ok()?));
            let first = body.get(6..6 + hashed)?;
            let rest = &body[6 + hashed..];
            let further = usize::from(u16::from_be_bytes(rest.get(..2)?.try_into().ok()?));
            issuer(rest.get(2..2 + further)?).or_else(|| issuer(first))
        }
        _ => None,
    }
}

/// The body of a signature packet, of the old or the new form.
fn body(packet: &[u8]) -> Option<&[u8]> {
    let (&tag, rest) = packet.split_first()?;
    let (kind, start, length) = if tag & 0xc0 == 0xc0 {
        let (start, length) = new_length(rest)?;
        (tag & 0x3f, start, length)
    } else if tag & 0x80 != 0 {
        let size = match tag & 3 {
            0 => 1,
            1 => 2,
            2 => 4,
            _ => return None,
        };
        let length = rest.get(..size)?.iter().fold(0usize, |n, b| n << 8 | usize::from(*b));
        (tag >> 2 & 0xf, size, length)
    } else {
        return None;
    };
    (kind == 2).then(|| rest.get(start..start.checked_add(length)?))?
}

/// Bytes of the length, and the length.
fn new_length(data: &[u8]) -> Option<(usize, usize)> {
    match *data.first()? {
        n @ 0..192 => Some((1, usize::from(n))),
        n @ 192..=223 => Some((2, (usize::from(n) - 192) * 256 + usize::from(*data.get(1)?) + 192)),
        255 => Some((5, u32::from_be_bytes(data.get(1..5)?.try_into().ok()?) as usize)),
        _ => None,
    }
}

/// Looks through subpackets for the issuer or its fingerprint.
fn issuer(mut data: &[u8]) -> Option<[u8; 8]> {
    while !data.is_empty() {
        let (start, length) = new_length(data)?;
        let sub = data.get(start..start.checked_add(length)?)?;
        match sub.first().map(|t| t & 0x7f) {
            Some(16) => return sub.get(1..9)?.try_into().ok(),
            Some(33) => return sub.last_chunk::<8>().copied(),
            _ => {}
        }
        data = &data[start + length..];
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_versions_of_signatures_name_their_key() {
        let mut v3 = vec![0x88, 19, 3, 5, 0, 1, 2, 3, 4];
        v3.extend([0xaa; 8]);
        v3.extend([1, 8, 0, 0]);
        assert_eq!(key_id(&v3), Some([0xaa; 8]));
        let mut v4 = vec![0xc2, 22, 4, 0, 1, 8, 0, 0, 0, 10, 9, 16];
        v4.extend([0xbb; 8]);
        v4.extend([0, 0, 0, 0]);
        assert_eq!(key_id(&v4), Some([0xbb; 8]));
        assert_eq!(key_id(&v4[..10]), None);
    }
}
