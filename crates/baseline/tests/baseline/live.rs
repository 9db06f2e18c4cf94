//! The same changed roots before OpenSCAP, a definition at a time: `bench/baseline` runs it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use palisade_baseline::{Host, Options, State, builtin, run};
use palisade_testkit::skipped;

use crate::golden::by_rule;
use crate::{mutate, world};

/// Definitions of Debian's packages ssg-debderived and ssg-debian; an earlier file's definition is taken.
const CONTENT: [&str; 3] = [
    "/usr/share/xml/scap/ssg/content/ssg-debian11-oval.xml",
    "/usr/share/xml/scap/ssg/content/ssg-ubuntu2204-oval.xml",
    "/usr/share/xml/scap/ssg/content/ssg-ubuntu2004-oval.xml",
];

/// Differences that are OpenSCAP's: rule, part of the change, reason. They count as differences.
#[rustfmt::skip]
const EXPLAINED: &[(&str, &str, &str)] = &[
    ("sshd_disable_root_login", "sshd_config.d", "this content does not follow Include"),
    ("accounts_password_all_shadowed_sha512", "ann:$y$", "this content knows SHA-512 only, and yescrypt is what Debian 12 makes"),
];

/// Where a definition does not look at what was changed, and so decides nothing: rule, part of the change,
/// reason. They are printed and not counted.
#[rustfmt::skip]
const BLIND: &[(&str, &str, &str)] = &[
    ("no_empty_passwords", "common-auth", "this content reads system-auth and password-auth, not Debian's common-auth"),
    ("apt_conf_disallow_unauthenticated", "", "either of two tests is enough, and one reads a file that never is there"),
    ("accounts_umask_etc_bashrc", "bash.bashrc", "this content reads Red Hat's name of the file only"),
];

/// Rules that ask for the running kernel, which is not the root's.
fn of_what_runs(rule: &str) -> bool {
    rule.starts_with("sysctl_") && !rule.ends_with("_static")
        || rule.starts_with("partition_for_")
        || rule.starts_with("mount_option_")
}

#[test]
fn as_openscap_says_live() {
    if std::env::var_os("PALISADE_OSCAP").is_none() {
        return skipped("needs oscap and its content, and minutes: bench/baseline");
    }
    let files: Vec<(&str, String)> =
        CONTENT.iter().filter_map(|f| Some((*f, std::fs::read_to_string(f).ok()?))).collect();
    if files.is_empty() || !world::is_root() {
        return skipped("needs root, openscap-scanner, ssg-debian and ssg-debderived");
    }
    let content = |rule: &str| {
        let id = format!("\"oval:ssg-{rule}:def:1\"");
        files.iter().find(|(_, text)| text.contains(&id)).map(|(file, _)| *file)
    };
    let mut tally = Tally::default();
    let base = tempfile::tempdir().expect("a folder");
    world::build(base.path());
    let mut rules = BTreeSet::new();
    for change in mutate::CHANGES {
        rules.extend(rules_of(&mutate::concerned(change)));
    }
    tally.compare("base", base.path(), &rules, &content);
    for changed in mutate::CHANGES {
        let (change, _) = changed;
        let root = tempfile::tempdir().expect("a folder");
        world::build(root.path());
        mutate::change(root.path(), change);
        let mut rules = rules_of(&mutate::concerned(changed));
        // Several packages make one check, and each has a rule.
        if let mutate::Change::Install(name) = change {
            rules.retain(|r| *r == format!("package_{name}_removed"));
        }
        tally.compare(&format!("{change:?}"), root.path(), &rules, &content);
    }
    // What is explained is a difference all the same.
    let compared = tally.same + (tally.differ.len() + tally.explained.len()) as u32;
    println!(
        "{} roots, {compared} answers of {} rules compared: {} the same ({:.1} %); differences explained {}, not explained {}; \
         OpenSCAP did not decide {}, did not look at the change in {}, has no definition of {} rules; \
         processor time ours {:.2} s for every check, OpenSCAP {:.0} s for these definitions",
        mutate::CHANGES.len() + 1,
        tally.rules.len(),
        tally.same,
        100.0 * f64::from(tally.same) / f64::from(compared.max(1)),
        tally.explained.len(),
        tally.differ.len(),
        tally.undecided,
        tally.blind.len(),
        tally.unknown.len(),
        tally.cpu_ms as f64 / 1000.0,
        spent_by_children(),
    );
    for line in &tally.explained {
        println!("explained: {line}");
    }
    for line in &tally.blind {
        println!("not looked at: {line}");
    }
    for line in &tally.differ {
        println!("differs: {line}");
    }
    assert!(compared >= 60 && tally.differ.is_empty(), "{:#?}", tally.differ);
    assert!(f64::from(tally.same) >= 0.98 * f64::from(compared));
}

/// The rules that say the same as these checks.
fn rules_of(checks: &[&str]) -> BTreeSet<String> {
    let all = checks.iter().filter_map(|id| builtin().check(id));
    all.flat_map(|c| c.rules.iter().chain(c.aspect_rules.values().flatten())).cloned().collect()
}

#[derive(Default)]
struct Tally {
    same: u32,
    undecided: u32,
    /// Processor time of ours.
    cpu_ms: u64,
    explained: Vec<String>,
    blind: Vec<String>,
    rules: BTreeSet<String>,
    unknown: BTreeSet<String>,
    differ: Vec<String>,
}

impl Tally {
    fn compare(
        &mut self,
        name: &str,
        root: &Path,
        rules: &BTreeSet<String>,
        content: &dyn Fn(&str) -> Option<&'static str>,
    ) {
        let host = Host::open(root, Options::default()).expect("opens");
        let report = run(builtin(), builtin().profile("server-level2").expect("there"), &host).expect("runs");
        self.cpu_ms += report.cpu_ms;
        let ours: BTreeMap<String, (State, String)> = by_rule(&report);
        let mut asked = Vec::new();
        for rule in rules {
            if of_what_runs(rule) {
                continue;
            }
            match content(rule) {
                Some(file) => asked.push((rule.as_str(), file)),
                None => {
                    self.unknown.insert(rule.clone());
                }
            }
        }
        let theirs = oscap(root, &asked);
        for (rule, _) in asked {
            let own = match ours.get(rule).map(|(s, _)| *s) {
                Some(State::Compliant) => "true",
                Some(State::NotCompliant) => "false",
                _ => continue,
            };
            let Some(theirs) = theirs.get(rule) else {
                self.undecided += 1;
                continue;
            };
            self.rules.insert(rule.to_owned());
            if theirs == own {
                self.same += 1;
            } else if let Some((.., why)) =
                BLIND.iter().find(|(r, part, _)| *r == rule && name.contains(part))
            {
                self.blind.push(format!("{name}: {rule}: OpenSCAP {theirs}, ours {own}: {why}"));
            } else if let Some((.., why)) =
                EXPLAINED.iter().find(|(r, part, _)| *r == rule && name.contains(part))
            {
                self.explained.push(format!("{name}: {rule}: OpenSCAP {theirs}, ours {own}: {why}"));
            } else {
                self.differ.push(format!("{name}: {rule}: OpenSCAP {theirs}, ours {own}: {}", ours[rule].1));
            }
        }
    }
}

/// Makes the root's `$R` a file system of its own and mounts this machine's own `/usr` below it, in a mount
/// namespace of its own.
pub const MOUNTS: &str = "set -e\nmount --bind $R $R\nmount -t overlay overlay -o lowerdir=$R/usr:/usr $R/usr\n\
                          mount --bind /proc $R/proc\nmount --bind /dev $R/dev\n";

/// Makes the folders and links that a program needs to run within the root.
pub fn prepare(root: &Path) {
    for folder in ["usr/bin", "usr/sbin", "proc", "dev", "tmp", "var/tmp"] {
        std::fs::create_dir_all(root.join(folder)).expect("writable");
    }
    for folder in ["bin", "sbin", "lib", "lib64"] {
        // It is there already when a root is asked twice.
        let _ = std::os::unix::fs::symlink(format!("usr/{folder}"), root.join(folder));
    }
    let _ = std::os::unix::fs::symlink("/proc/self/mounts", root.join("etc/mtab"));
}

/// What OpenSCAP says of these definitions where it decides: it runs within the root, with this machine's own
/// `/usr` below the root's, in a mount namespace of its own.
fn oscap(root: &Path, rules: &[(&str, &'static str)]) -> BTreeMap<String, String> {
    prepare(root);
    std::fs::write(root.join("tmp/variables.xml"), variables()).expect("writable");
    // Definitions of ciphers ask besides for a system that is certified for FIPS, and know it by this file.
    let certified = "DISTRIB_ID=Ubuntu\nDISTRIB_CODENAME=focal\n";
    std::fs::write(root.join("etc/lsb-release"), certified).expect("writable");
    // Definitions of root's path ask for that of their process, which a log-in would have set.
    let path = login_path(root);
    assert!(!path.contains('\''), "{path}");
    let mut script = MOUNTS.to_owned();
    for (rule, file) in rules {
        script.push_str(&format!(
            "PATH='{path}' /usr/sbin/chroot $R /usr/bin/oscap oval eval --variables /tmp/variables.xml --id oval:ssg-{rule}:def:1 {file} || true\n"
        ));
    }
    let run =
        Command::new("unshare").args(["-m", "sh", "-c", &script]).env("R", root).output().expect("it runs");
    let text = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let mut out = BTreeMap::new();
    for line in text.lines() {
        let Some(rest) = line.strip_prefix("Definition oval:ssg-") else { continue };
        if let Some((rule, answer)) = rest.split_once(":def:1: ")
            && matches!(answer.trim(), "true" | "false")
        {
            out.insert(rule.to_owned(), answer.trim().to_owned());
        }
    }
    out
}

/// The path that root gets at a log-in.
fn login_path(root: &Path) -> String {
    let text = std::fs::read_to_string(root.join("etc/login.defs")).unwrap_or_default();
    let set = text.lines().find_map(|l| l.strip_prefix("ENV_SUPATH"));
    let set = set.map(|v| v.trim().trim_start_matches("PATH=").to_owned());
    set.unwrap_or_else(|| "/usr/sbin:/usr/bin".to_owned())
}

/// Processor seconds of everything that this process started and waited for.
pub fn spent_by_children() -> f64 {
    // SAFETY: the kernel fills in plain data of ours.
    let spent = unsafe {
        let mut spent: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_CHILDREN, &raw mut spent);
        spent
    };
    let seconds = |t: libc::timeval| t.tv_sec as f64 + t.tv_usec as f64 / 1e6;
    seconds(spent.ru_utime) + seconds(spent.ru_stime)
}

/// Thresholds that a profile gives its definitions: those of ours.
#[rustfmt::skip]
const VARIABLES: &[(&str, &str, &str)] = &[
    ("sshd_required", "int", "0"),
    ("sshd_idle_timeout_value", "int", "900"),
    ("var_sshd_set_keepalive", "int", "3"),
    ("var_sshd_set_login_grace_time", "int", "60"),
    ("sshd_max_auth_tries_value", "int", "4"),
    ("var_sshd_max_sessions", "int", "10"),
    ("var_sshd_set_maxstartups", "string", "10:30:60"),
    ("var_password_pam_minlen", "int", "14"),
    ("var_password_pam_difok", "int", "2"),
    ("var_password_pam_remember", "int", "24"),
    ("var_password_hashing_algorithm", "string", "YESCRYPT"),
    ("var_account_disable_post_pw_expiration", "int", "45"),
    ("var_accounts_maximum_age_login_defs", "int", "365"),
    ("var_accounts_minimum_age_login_defs", "int", "1"),
    ("var_accounts_password_warn_age_login_defs", "int", "7"),
    ("var_accounts_fail_delay", "int", "4"),
    ("var_accounts_tmout", "int", "900"),
    ("var_accounts_user_umask", "string", "027"),
    ("var_auditd_max_log_file", "int", "8"),
    ("var_auditd_max_log_file_action", "string", "keep_logs"),
    ("var_sudo_logfile", "string", "/var/log/sudo.log"),
    ("var_pam_wheel_group_for_su", "string", "sugroup"),
    ("sshd_approved_ciphers", "string", "aes256-gcm@openssh.com,aes256-ctr"),
    ("sshd_approved_macs", "string", "hmac-sha2-512,hmac-sha2-256"),
    ("sysctl_kernel_kptr_restrict_value", "int", "1"),
    ("sysctl_net_ipv4_conf_all_accept_redirects_value", "int", "0"),
    ("sysctl_net_ipv4_conf_default_accept_redirects_value", "int", "0"),
    ("sysctl_net_ipv4_conf_all_rp_filter_value", "int", "1"),
    ("sysctl_net_ipv4_conf_default_rp_filter_value", "int", "1"),
    ("sysctl_net_ipv4_conf_all_log_martians_value", "int", "1"),
    ("sysctl_net_ipv4_conf_all_accept_source_route_value", "int", "0"),
    ("sysctl_net_ipv4_tcp_syncookies_value", "int", "1"),
    ("sysctl_net_ipv4_icmp_echo_ignore_broadcasts_value", "int", "1"),
    ("sysctl_net_ipv4_icmp_ignore_bogus_error_responses_value", "int", "1"),
];

fn variables() -> String {
    let one = |(name, kind, value): &(&str, &str, &str)| {
        format!(
            "<variable id=\"oval:ssg-{name}:var:1\" datatype=\"{kind}\" comment=\"{name}\"><value>{value}</value></variable>\n"
        )
    };
    let all: String = VARIABLES.iter().map(one).collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<oval_variables xmlns=\"http://oval.mitre.org/XMLSchema/oval-variables-5\" \
         xmlns:oval=\"http://oval.mitre.org/XMLSchema/oval-common-5\"><generator><oval:schema_version>5.11.2</oval:schema_version>\
         <oval:timestamp>2026-01-01T00:00:00</oval:timestamp></generator><variables>\n{all}</variables></oval_variables>\n"
    )
}
