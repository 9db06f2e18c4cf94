use super::Ecosystem;

fn text(e: Ecosystem) -> String {
    e.to_string()
}

#[test]
fn feeds_and_machines_call_a_release_by_one_name() {
    for (osv, own) in [
        ("Debian:12", "debian:12"),
        ("Ubuntu:22.04:LTS", "ubuntu:22.04"),
        ("Ubuntu:Pro:16.04:LTS", "ubuntu:16.04+esm"),
        ("Ubuntu:Pro:FIPS-updates:22.04:LTS", "ubuntu:22.04+fips-updates"),
        ("Ubuntu:25.04", "ubuntu:25.04"),
        ("Alpine:v3.18", "alpine:3.18"),
        ("Red Hat:enterprise_linux:9::baseos", "redhat:9"),
        ("Red Hat:rhel_eus:9.0::appstream", "redhat:9.0+eus"),
        ("Rocky Linux:8", "rocky:8"),
        ("SUSE:Linux Enterprise Server 15 SP5", "suse:15.5"),
        ("SUSE:Linux Enterprise Server 15 SP1-LTSS", "suse:15.1+ltss"),
        ("openSUSE:Leap 15.5", "opensuse:15.5"),
        ("openSUSE:Tumbleweed", "opensuse:tumbleweed"),
        ("crates.io", "cargo"),
        ("Packagist:https://packages.drupal.org/8", "packagist"),
        ("PyPI", "pypi"),
    ] {
        assert_eq!(text(Ecosystem::of_osv(osv)), own, "{osv}");
        assert_eq!(text(Ecosystem::parse(own)), own);
        assert!(Ecosystem::parse(own).scheme().is_some(), "{own}");
    }
    for (id, version, own) in [
        ("debian", "12", "debian:12"),
        ("debian", "", "debian:sid"),
        ("debian", "bookworm", "debian:12"),
        ("ubuntu", "jammy", "ubuntu:22.04"),
        ("alpine", "3.18.4", "alpine:3.18"),
        ("rhel", "9.4", "redhat:9"),
        ("centos", "7", "redhat:7"),
        ("amzn", "2018.03", "amazon:1"),
        ("amzn", "2023", "amazon:2023"),
        ("sles", "15.3", "suse:15.3"),
        ("opensuse-leap", "15.1", "opensuse:15.1"),
        ("opensuse-tumbleweed", "20240601", "opensuse:tumbleweed"),
        ("wolfi", "20230201", "wolfi"),
    ] {
        assert_eq!(text(Ecosystem::of_host(id, version)), own, "{id} {version}");
    }
    for (cpe, own) in [
        ("cpe:/o:redhat:enterprise_linux:9::baseos", Some("redhat:9")),
        ("cpe:/a:redhat:rhel_eus:8.6::appstream", Some("redhat:8.6+eus")),
        ("cpe:/a:redhat:openshift:4.16::el9", Some("redhat-openshift:4.16")),
        ("cpe:/o:suse:sles-ltss:15:sp1", Some("suse:15.1+ltss")),
        ("cpe:/o:suse:sle-module-basesystem:15:sp4", Some("suse:15.4")),
        ("cpe:/o:opensuse:leap:15.5", Some("opensuse:15.5")),
        ("cpe:/a:example:thing:1", None),
    ] {
        assert_eq!(Ecosystem::of_cpe(cpe).map(text).as_deref(), own, "{cpe}");
    }
}
