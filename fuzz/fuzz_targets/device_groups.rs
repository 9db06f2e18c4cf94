//! Rules of device groups from bytes to a verdict: no input may crash their reader, an error has a code,
//! and what is read is written so that it is read again and means the same.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use palisade_estate::group::{Rule, Subject};
use palisade_types::SubscriptionId;
use uuid::Uuid;

/// Devices of which most conditions hold for some only.
static SUBJECTS: LazyLock<[Subject; 3]> = LazyLock::new(|| {
    let at = |n| SubscriptionId(Uuid::from_u128(n));
    [
        Subject::new("Web-01.example", ("Linux", "Debian", "12.4"), at(1))
            .with_tags(["env=Prod", "pci"])
            .with_addresses(["10.1.2.3", "fe80::1%eth0", "::ffff:192.0.2.9"]),
        Subject::new("db-ÄRGER", ("Windows", "Windows Server", "2022"), at(2)).with_tags(["env=test"]),
        Subject::new("", ("", "", "rolling"), at(0)),
    ]
});

fuzz_target!(|data: &[u8]| {
    let Ok(json) = serde_json::from_slice::<serde_json::Value>(data) else { return };
    let rule = match Rule::from_json(&json) {
        Ok(rule) => rule,
        Err(error) => {
            assert!(error.code().starts_with("rule_") && !error.to_string().is_empty());
            return;
        }
    };
    assert_eq!(Rule::from_json(&rule.to_json()).as_ref(), Ok(&rule), "what is written is read");
    let canonical = rule.canonical();
    assert_eq!(canonical.canonical(), canonical, "one spelling");
    assert_eq!(Rule::from_json(&canonical.to_json()).as_ref(), Ok(&canonical), "so is the one spelling");
    let not = Rule::Not(Box::new(rule.clone()));
    for subject in &*SUBJECTS {
        let belongs = rule.matches(subject);
        assert_eq!(canonical.matches(subject), belongs, "{rule:?}");
        assert_eq!(not.matches(subject), !belongs);
    }
});
