//! The baseline's readers of configuration, and profiles.
#![no_main]

use libfuzzer_sys::fuzz_target;
use palisade_baseline::format::{
    accounts, apt, audit, firewall, fstab, grub, keyed, limits, modprobe, pam, shell, sshd, sudoers, sysctl,
};
use palisade_baseline::{Profile, builtin};

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let lines = text.lines().count();
    let a = accounts::parse(text, Some(text), text);
    assert!(a.users.len() <= lines && a.groups.len() <= lines);
    apt::parse(text);
    audit::parse(text);
    firewall::nftables(text);
    firewall::iptables(text);
    assert!(fstab::parse(text).len() <= lines);
    fstab::mountinfo(text);
    grub::kernel_lines(text);
    grub::has_password(text);
    for style in [keyed::Style::Equals, keyed::Style::Spaced] {
        for pair in keyed::parse(text, style) {
            assert!(!pair.key.is_empty() && pair.line as usize <= lines);
        }
    }
    limits::parse(text);
    modprobe::parse(text);
    pam::parse(text);
    shell::parse(text);
    assert!(sshd::parse(text).len() <= lines);
    sshd::seconds(text);
    sudoers::parse(text);
    sysctl::parse(text);
    if let Ok(profile) = Profile::import(text) {
        let again = Profile::import(&profile.export().expect("exports")).expect("imports");
        assert_eq!(profile, again);
        let _ = builtin().check_profile(&profile);
    }
});
