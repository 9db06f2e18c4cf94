//! Which words are package names, versions and architectures. Nothing else reaches a command line.

use palisade_advisory::Scheme;

/// Longest name or version.
const LONGEST: usize = 200;

/// Whether a package manager takes it as a name and as nothing else.
///
/// Debian Policy 5.6.1 for dpkg; the characters that rpm and apk allow. The last character is never one
/// that apt-get reads as "install" or "remove" behind a name.
pub fn is_name(scheme: Scheme, name: &str) -> bool {
    let upper = scheme != Scheme::Deb;
    let first = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || upper && b.is_ascii_uppercase();
    let more = |b: u8| match b {
        b'+' | b'.' | b'-' => true,
        b'_' => upper,
        _ => first(b),
    };
    let bytes = name.as_bytes();
    (2..=LONGEST).contains(&bytes.len()) && first(bytes[0]) && bytes.iter().all(|b| more(*b)) && !name.ends_with('-')
        // Debian has names that end with a plus (g++, libstdc++); rpm and apk have no such suffix.
        || scheme != Scheme::Deb && bytes.len() == 1 && first(bytes[0])
}

/// Whether it is a version of that order. One that ends with a character which apt-get reads as a suffix
/// is none here, though dpkg would take it.
pub fn is_version(scheme: Scheme, version: &str) -> bool {
    let more = |b: u8| match b {
        b'.' | b'+' | b'~' | b'-' | b':' => true,
        b'_' | b'^' => scheme != Scheme::Deb,
        _ => b.is_ascii_alphanumeric(),
    };
    let bytes = version.as_bytes();
    let (Some(first), Some(last)) = (bytes.first(), bytes.last()) else { return false };
    let begins = if scheme == Scheme::Rpm { first.is_ascii_alphanumeric() } else { first.is_ascii_digit() };
    bytes.len() <= LONGEST
        && begins
        && (last.is_ascii_alphanumeric() || *last == b'~')
        && bytes.iter().all(|b| more(*b))
}

/// Whether it is an architecture.
pub fn is_arch(arch: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-';
    (1..=32).contains(&arch.len()) && !arch.starts_with('-') && arch.bytes().all(plain)
}

/// Somebody else's word, cut for a message.
pub fn shown(text: &str) -> String {
    text.chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn real_names_and_versions_pass() {
        for name in ["libssl3", "g++", "libstdc++6", "python3.11", "0ad", "linux-image-6.1.0-18-amd64"] {
            assert!(is_name(Scheme::Deb, name), "{name}");
        }
        for name in ["NetworkManager", "java-1.8.0-openjdk", "perl-Data_Dumper", "gtk+", "R"] {
            assert!(is_name(Scheme::Rpm, name), "{name}");
        }
        for version in ["3.0.19-1~deb12u2", "1:2.39.5-0+deb12u1", "2.36-9+deb12u10", "1.0~"] {
            assert!(is_version(Scheme::Deb, version), "{version}");
        }
        assert!(is_version(Scheme::Rpm, "1:3.0.7-28.el9_4") && is_version(Scheme::Rpm, "2.0^20240101git-1"));
        assert!(is_version(Scheme::Apk, "3.1.4-r5") && is_version(Scheme::Apk, "1.2.3_p1-r0"));
        assert!(is_arch("amd64") && is_arch("x86_64") && !is_arch("-a") && !is_arch("a b"));
    }

    #[test]
    fn options_and_suffixes_do_not_pass() {
        for scheme in [Scheme::Deb, Scheme::Rpm, Scheme::Apk] {
            for bad in ["", "-y", "foo-", "a b", "a*", "a?", "~a", "a^", "a/b", "a,b", "a\n", "a="] {
                assert!(!is_name(scheme, bad), "{bad:?}");
            }
            for bad in ["", "-1", "1-", "1+", "1 ", "1/", "1*", "1=", "1\0"] {
                assert!(!is_version(scheme, bad), "{bad:?}");
            }
        }
    }
}
