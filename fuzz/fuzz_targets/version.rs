//! Versions, package URLs and severity vectors, as packages and feeds write them: an order that
//! contradicts itself, or a text that is read differently the second time, is a fault.
#![no_main]

use libfuzzer_sys::fuzz_target;
use palisade_advisory::{Cvss, Purl, Scheme};

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (a, b) = text.split_once('\n').unwrap_or((text, text));
    for scheme in Scheme::ALL {
        if let Ok(order) = scheme.compare(a, b) {
            assert_eq!(scheme.compare(b, a), Ok(order.reverse()));
            assert_eq!(scheme.compare(a, a).map(std::cmp::Ordering::is_eq), Ok(true));
        }
    }
    if let Ok(purl) = Purl::parse(a) {
        assert_eq!(Purl::parse(&purl.to_string()).as_ref(), Ok(&purl));
    }
    if let Ok(cvss) = Cvss::parse(a) {
        assert!((0.0..=10.0).contains(&cvss.base));
        assert_eq!(Cvss::parse(&cvss.vector), Ok(cvss));
    }
});
