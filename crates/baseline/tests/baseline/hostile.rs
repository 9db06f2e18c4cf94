//! Files that somebody wrote to make the reader fail.

use palisade_baseline::format::{
    accounts, apt, audit, firewall, fstab, grub, keyed, limits, modprobe, pam, shell, sshd, sudoers, sysctl,
};
use palisade_baseline::{Host, Options, builtin, run};
use proptest::prelude::*;

fn every_reader(text: &str) {
    accounts::parse(text, Some(text), text);
    apt::parse(text);
    audit::parse(text);
    firewall::nftables(text);
    firewall::iptables(text);
    fstab::parse(text);
    fstab::mountinfo(text);
    grub::kernel_lines(text);
    grub::has_password(text);
    keyed::parse(text, keyed::Style::Equals);
    keyed::parse(text, keyed::Style::Spaced);
    limits::parse(text);
    modprobe::parse(text);
    pam::parse(text);
    shell::parse(text);
    sshd::parse(text);
    sshd::seconds(text);
    sudoers::parse(text);
    sysctl::parse(text);
}

/// Words that the readers look for, so that random text gets past the first line.
fn text() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "Defaults",
        "!use_pty",
        "@include",
        "#includedir ",
        "Match",
        "Include",
        "=",
        ":",
        "\\\n",
        "\n",
        "\"",
        "'",
        " ",
        "[",
        "]",
        "{",
        "}",
        ";",
        ",",
        "umask",
        "readonly",
        "-a always,exit",
        "-F",
        "perm=",
        "-S",
        "install",
        "blacklist",
        "auth",
        "required",
        "pam_unix.so",
        "*filter",
        ":INPUT",
        "hook input",
        "policy drop",
        "chain",
        "linux",
        "#",
        "/*",
        "//",
        "*",
        "äß",
        "\u{0}",
        "1h99999999999999999999m",
        "root:x:0:0",
        "-",
        "Host_Alias",
        "NOPASSWD:",
        "\t",
        ".",
        "..",
    ]);
    prop_oneof![prop::collection::vec(word, 0..60).prop_map(|w| w.concat()), any::<String>(),]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_a_reader_panic(text in text()) {
        every_reader(&text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn no_root_makes_a_run_panic(texts in prop::collection::vec(text(), 24)) {
        let dir = tempfile::tempdir().expect("a folder");
        let files = [
            "etc/passwd", "etc/shadow", "etc/group", "etc/ssh/sshd_config", "etc/ssh/sshd_config.d/a.conf", "etc/sudoers",
            "etc/sudoers.d/a", "etc/pam.d/common-auth", "etc/pam.d/su", "etc/login.defs", "etc/fstab", "etc/sysctl.conf",
            "etc/sysctl.d/a.conf", "etc/modprobe.d/a.conf", "etc/audit/rules.d/a.rules", "etc/nftables.conf",
            "etc/profile", "etc/bash.bashrc", "etc/apt/apt.conf.d/1", "boot/grub/grub.cfg", "etc/systemd/journald.conf",
            "etc/os-release", "var/lib/dpkg/status", "etc/security/limits.conf",
        ];
        for (path, text) in files.iter().zip(&texts) {
            let at = dir.path().join(path);
            std::fs::create_dir_all(at.parent().expect("a parent")).expect("writable");
            std::fs::write(at, text).expect("writable");
        }
        let host = Host::open(dir.path(), Options::default()).expect("opens");
        let profile = builtin().profile("server-level2").expect("there");
        let report = run(builtin(), profile, &host).expect("runs");
        prop_assert!(!report.live && report.findings.len() > 150);
        let harmless = report.findings.iter().all(|f| f.observed.len() <= 610 && !f.observed.contains(char::is_control));
        prop_assert!(harmless);
    }
}

#[test]
fn what_leads_out_or_does_not_end_is_said_and_harms_nothing() {
    let dir = tempfile::tempdir().expect("a folder");
    let at = |p: &str| dir.path().join(p);
    for folder in ["etc/ssh/sshd_config.d", "etc/pam.d", "etc/sysctl.d", "etc/sudoers.d"] {
        std::fs::create_dir_all(at(folder)).expect("writable");
    }
    let link = |target: &str, path: &str| std::os::unix::fs::symlink(target, at(path)).expect("a link");
    link("../../../../../../etc/shadow", "etc/shadow");
    link("/etc/passwd", "etc/passwd");
    link("/proc/kcore", "etc/login.defs");
    link("etc", "loop");
    std::fs::write(at("etc/ssh/sshd_config"), "Include /etc/ssh/*\n").expect("writable");
    std::fs::write(at("etc/pam.d/su"), "@include su\n").expect("writable");
    std::fs::write(at("etc/sudoers"), "@includedir /etc/sudoers.d\n@include /etc/sudoers\n")
        .expect("writable");
    let big = std::fs::File::create(at("etc/sysctl.conf")).expect("writable");
    big.set_len(1 << 40).expect("a hole");
    let pipe = std::ffi::CString::new(at("etc/fstab").to_str().expect("text")).expect("text");
    // SAFETY: the path ends with a zero byte.
    assert_eq!(unsafe { libc::mkfifo(pipe.as_ptr(), 0o600) }, 0);
    let host = Host::open(dir.path(), Options::default()).expect("opens");
    let report = run(builtin(), builtin().profile("server-level2").expect("there"), &host).expect("runs");
    let reason = |id: &str| {
        let f = report.findings.iter().find(|f| f.id == id).expect("there");
        f.reason.map(|r| r.as_str())
    };
    assert_eq!(reason("network.syncookies"), Some("too_large"));
    assert_eq!(reason("pam.su_restricted"), Some("malformed"));
    assert_eq!(reason("mounts.tmp"), Some("malformed"));
}
