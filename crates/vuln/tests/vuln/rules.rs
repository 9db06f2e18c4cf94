//! Each rule of matching by a small case.

use palisade_advisory::{Advisory, Affected, Cve, Ecosystem, Named, Range, Record, Remedy, Severity, Status};
use palisade_types::TimeMicros;
use palisade_vuln::{
    Component, Feed, Index, IndexBuilder, Installed, KernelState, Owner, Presence, Ranks, Unassessed,
};

use crate::data::{component, found, index, of};

fn affected(ecosystem: &str, package: &str, named: Named, ranges: Vec<Range>) -> Affected {
    Affected {
        ecosystem: Ecosystem::parse(ecosystem),
        package: package.into(),
        named,
        ranges,
        ..Affected::default()
    }
}

fn fixed(ecosystem: &str, package: &str, named: Named, fix: &str) -> Affected {
    affected(ecosystem, package, named, vec![Range::before_fix(fix)])
}

fn advisory(feed: &str, id: &str, affected: Vec<Affected>) -> Advisory {
    Advisory { id: id.into(), source: feed.into(), covers: vec![id.into()], affected, ..Advisory::default() }
}

fn built(mut of: Component, source: &str, source_version: &str) -> Component {
    of.source = source.into();
    of.source_version = source_version.into();
    of
}

fn fix(index: &Index, component: &Component) -> Option<String> {
    let hits = index.matches(component).hits;
    assert_eq!(hits.len(), 1, "{component:?}");
    index.fix(&hits[0]).map(str::to_owned)
}

const NONE: [String; 0] = [];

#[test]
fn sources_and_binaries_are_told_apart() {
    let index = of([
        advisory("debian-tracker", "CVE-1", vec![fixed("debian:12", "openssl", Named::Source, "3.0.2-1")]),
        advisory(
            "updateinfo",
            "CVE-2",
            vec![fixed("almalinux:9", "openssl", Named::Binary, "1:3.0.7-2.el9")],
        ),
    ]);
    let library = built(component("debian:12", "libssl3", "3.0.1-1"), "openssl", "");
    assert_eq!(found(&index, &library), ["CVE-1"]);
    // A package of that name built from another source is another thing.
    assert_eq!(
        found(&index, &built(component("debian:12", "openssl", "3.0.1-1"), "openssl-compat", "1")),
        NONE
    );
    // The source's version counts, not the package's own.
    assert_eq!(found(&index, &built(component("debian:12", "libssl3", "1-1"), "openssl", "3.0.2-1")), NONE);
    assert_eq!(found(&index, &component("almalinux:9", "openssl", "1:3.0.7-1.el9")), ["CVE-2"]);
    // A binary's name is no source's.
    assert_eq!(
        found(&index, &built(component("almalinux:9", "openssl-libs", "1:3.0.7-1.el9"), "openssl", "")),
        NONE
    );
}

#[test]
fn epochs_rebuilds_and_backports() {
    let index = of([
        advisory("t", "CVE-1", vec![fixed("debian:12", "a", Named::Source, "1:2.0-1")]),
        advisory(
            "t",
            "CVE-2",
            vec![
                fixed("debian:12", "b", Named::Source, "1.0-1+deb12u1"),
                fixed("debian:sid", "b", Named::Source, "2.0-3"),
            ],
        ),
    ]);
    assert_eq!(found(&index, &component("debian:12", "a", "9.0-1")), ["CVE-1"]);
    assert_eq!(found(&index, &component("debian:12", "a", "1:2.0-1+b3")), NONE);
    assert_eq!(found(&index, &component("debian:12", "a", "1:1.9-1+b3")), ["CVE-1"]);
    assert_eq!(found(&index, &component("debian:12", "b", "1.0-1+deb12u1")), NONE);
    // Newer than the release's fix, and yet built from a source that has none.
    assert_eq!(found(&index, &component("debian:12", "b", "2.0-1~bpo12+1")), ["CVE-2"]);
    assert_eq!(found(&index, &component("debian:12", "b", "2.0-2~bpo12+1")), ["CVE-2"]);
    // It was built from the version that has the fix, and sorts before it.
    assert_eq!(found(&index, &component("debian:12", "b", "2.0-3~bpo12+1")), NONE);
    assert_eq!(found(&index, &component("debian:12", "b", "2.0-4~bpo12+1")), NONE);
}

#[test]
fn a_fix_in_another_release_is_none_here() {
    let index = of([
        advisory("debian-cves", "CVE-1", vec![fixed("debian", "a", Named::Source, "2.0-1")]),
        advisory("debian-cves", "CVE-2", vec![fixed("debian:13", "a", Named::Source, "2.0-1")]),
        advisory(
            "debian-cves",
            "CVE-3",
            vec![
                fixed("debian", "a", Named::Source, "2.0-1"),
                Affected {
                    status: Status::NotAffected,
                    ..affected("debian:12", "a", Named::Source, Vec::new())
                },
            ],
        ),
    ]);
    let one = component("debian:12", "a", "1.0-1");
    assert_eq!(found(&index, &one), ["CVE-1"]);
    let finding = index.explain(&one, &index.matches(&one).hits[0]);
    assert_eq!((finding.fix, finding.fixed_elsewhere.as_deref()), (None, Some("2.0-1")));
    assert_eq!(finding.remedy, Remedy::None);
}

#[test]
fn module_streams() {
    let module = |stream: &str, fix: &str| Affected {
        module: Some(format!("nodejs:{stream}")),
        ..fixed("redhat:8", "nodejs", Named::Binary, fix)
    };
    let titled = Advisory {
        summary: "Important: nodejs:16 security update".into(),
        ..advisory("a", "CVE-3", vec![fixed("redhat:8", "nodejs", Named::Binary, "1:16.9-1.module_el8+1")])
    };
    let index = of([
        advisory(
            "a",
            "CVE-1",
            vec![module("18", "1:18.9-1.module+el8+2"), module("20", "1:20.2-1.module+el8+3")],
        ),
        advisory("a", "CVE-2", vec![fixed("redhat:8", "nodejs", Named::Binary, "1:30-1.el8")]),
        titled,
    ]);
    let of_stream = |stream: &str, version: &str| Component {
        module: stream.into(),
        ..component("redhat:8", "nodejs", version)
    };
    assert_eq!(found(&index, &of_stream("nodejs:18:8080:abc", "1:18.1-1.module+el8+2")), ["CVE-1"]);
    assert_eq!(found(&index, &of_stream("nodejs:18:8080:abc", "1:18.9-1.module+el8+2")), NONE);
    assert_eq!(found(&index, &of_stream("nodejs:20", "1:20.1-1.module+el8+3")), ["CVE-1"]);
    assert_eq!(found(&index, &of_stream("nodejs:16", "1:16.1-1.module+el8+3")), ["CVE-3"]);
    // The stream is not known: the major version tells it.
    assert_eq!(found(&index, &of_stream("", "1:18.9-1.module+el8+2")), NONE);
    assert_eq!(found(&index, &component("redhat:8", "nodejs", "1:10-1.el8")), ["CVE-2"]);
}

#[test]
fn streams_of_fixes_for_subscribers() {
    let open = affected("ubuntu:16.04", "a", Named::Source, vec![Range::all()]);
    let index =
        of([advisory("u", "CVE-1", vec![open, fixed("ubuntu:16.04+esm", "a", Named::Source, "1.0-1+esm2")])]);
    let plain = component("ubuntu:16.04", "a", "1.0-1");
    let finding = index.explain(&plain, &index.matches(&plain).hits[0]);
    assert_eq!((finding.fix.as_deref(), finding.needs.as_deref()), (Some("1.0-1+esm2"), Some("esm")));
    assert_eq!(found(&index, &component("ubuntu:16.04", "a", "1.0-1+esm2")), NONE);
    let with =
        |version: &str| Component { channels: vec!["esm".into()], ..component("ubuntu:16.04", "a", version) };
    assert_eq!(fix(&index, &with("1.0-1+esm1")).as_deref(), Some("1.0-1+esm2"));
    assert_eq!(index.explain(&with("1.0-1"), &index.matches(&with("1.0-1")).hits[0]).needs, None);
    assert_eq!(found(&index, &with("1.0-1+esm2")), NONE);

    // Minor streams of one release have fixes of their own.
    let index = of([
        advisory("r", "CVE-1", vec![fixed("redhat:9", "curl", Named::Binary, "7.76.1-26.el9_3.2")]),
        advisory("r", "CVE-1", vec![fixed("redhat:9", "curl", Named::Binary, "7.76.1-23.el9_2.4")]),
        advisory("r", "CVE-2", vec![fixed("redhat:9.2+eus", "curl", Named::Binary, "7.76.1-23.el9_2.9")]),
    ]);
    assert_eq!(found(&index, &component("redhat:9", "curl", "7.76.1-23.el9_2.4")), NONE);
    assert_eq!(
        fix(&index, &component("redhat:9", "curl", "7.76.1-23.el9_2.3")).as_deref(),
        Some("7.76.1-23.el9_2.4")
    );
    assert_eq!(found(&index, &component("redhat:9", "curl", "7.76.1-24.el9")), ["CVE-1"]);
    let eus = Component {
        channels: vec!["eus".into()],
        minor: "9.2".into(),
        ..component("redhat:9", "curl", "7.76.1-23.el9_2.4")
    };
    assert_eq!(found(&index, &eus), ["CVE-2"]);
}

#[test]
fn not_affected_withdrawn_and_rejected_say_nothing() {
    let not = |ecosystem: &str| Affected {
        status: Status::NotAffected,
        ..affected(ecosystem, "a", Named::Source, Vec::new())
    };
    let withdrawn = Advisory {
        withdrawn: Some(TimeMicros(1)),
        ..advisory("osv", "CVE-3", vec![fixed("debian:12", "a", Named::Source, "2")])
    };
    let rejected = Cve { id: "CVE-4".into(), source: "cve5".into(), rejected: true, ..Cve::default() };
    let index = index([
        Record::Advisory(advisory("osv-Debian", "CVE-1", vec![fixed("debian:12", "a", Named::Source, "2")])),
        Record::Advisory(advisory("debian-tracker", "CVE-1", vec![not("debian:12")])),
        Record::Advisory(advisory(
            "debian-tracker",
            "CVE-2",
            vec![fixed("debian:12", "a", Named::Source, "2")],
        )),
        Record::Advisory(withdrawn),
        Record::Advisory(advisory("osv", "CVE-4", vec![fixed("debian:12", "a", Named::Source, "2")])),
        Record::Cve(rejected),
    ]);
    assert_eq!(found(&index, &component("debian:12", "a", "1")), ["CVE-2"]);
}

#[test]
fn one_vulnerability_has_one_name() {
    let ghsa = Advisory {
        covers: vec!["CVE-2020-1".into()],
        aliases: vec!["CVE-2020-1".into()],
        ..advisory("osv", "GHSA-a", vec![fixed("pypi", "Some.Thing", Named::Either, "2.0")])
    };
    // It knows the other advisory, not the CVE.
    let pysec = Advisory {
        aliases: vec!["GHSA-a".into()],
        ..advisory("osv", "PYSEC-1", vec![fixed("pypi", "some-thing", Named::Either, "2.0")])
    };
    let index = of([pysec, ghsa]);
    let one = component("pypi", "some-thing", "1.0");
    assert_eq!(found(&index, &one), ["CVE-2020-1"]);
    let finding = index.explain(&one, &index.matches(&one).hits[0]);
    assert_eq!(finding.aliases, ["GHSA-a", "PYSEC-1"]);
    assert_eq!(finding.also.len(), 1);
}

#[test]
fn whose_word_counts() {
    let index = of([
        advisory("osv-PyPI", "CVE-1", vec![fixed("pypi", "urllib3", Named::Either, "1.26")]),
        advisory("debian-tracker", "CVE-2", vec![fixed("debian:12", "docker", Named::Source, "9")]),
    ]);
    let python = component("pypi", "urllib3", "1.24.2");
    assert_eq!(found(&index, &python), ["CVE-1"]);
    // The distribution's package brought it: the distribution says whether it is fixed there.
    let owned = Component { owner: Owner::Distribution, ..python.clone() };
    assert_eq!((found(&index, &owned).len(), index.matches(&owned).unassessed), (0, None));
    assert_eq!(found(&index, &Component { owner: Owner::Foreign, ..python }), ["CVE-1"]);
    let foreign = Component { foreign: "Docker".into(), ..component("debian:12", "docker", "1") };
    assert_eq!(found(&index, &foreign), NONE);
    assert_eq!(index.matches(&foreign).unassessed, Some(Unassessed::ForeignOrigin));
    // No feed is about that release: it is not clean.
    assert_eq!(index.matches(&component("debian:13", "docker", "1")).unassessed, Some(Unassessed::NoFeed));
    assert_eq!(index.matches(&component("maven", "guava", "1")).unassessed, Some(Unassessed::NoGroup));
}

#[test]
fn kernels_count_where_they_run() {
    let index = of([advisory("t", "CVE-1", vec![fixed("debian:12", "linux", Named::Source, "6.1.80-1")])]);
    let kernel =
        |name: &str| built(component("debian:12", name, "6.1.76-1"), "linux-signed-amd64", "6.1.76+1");
    let image = kernel("linux-image-6.1.0-18-amd64");
    assert_eq!(found(&index, &image), ["CVE-1"]);
    assert_eq!(
        found(&index, &built(component("debian:12", "linux-libc-dev", "6.1.76-1"), "linux", "")),
        NONE
    );
    let state = |running| {
        Presence::of(&Installed { component: image.clone(), running, ..Installed::default() }).kernel
    };
    assert_eq!(state(Some(true)), Some(KernelState::Running));
    assert_eq!(state(Some(false)), Some(KernelState::InstalledOnly));
    assert_eq!(state(None), Some(KernelState::Unknown));
}

#[test]
fn architectures_and_repositories() {
    let index = of([
        advisory(
            "a",
            "CVE-1",
            vec![Affected {
                architectures: vec!["aarch64".into()],
                ..fixed("amazon:2", "a", Named::Binary, "2-1")
            }],
        ),
        advisory(
            "a",
            "CVE-2",
            vec![Affected {
                repository: Some("kernel-5.15".into()),
                ..fixed("amazon:2", "kernel", Named::Binary, "5.15.9-1")
            }],
        ),
    ]);
    let arch = |arch: &str| Component { arch: arch.into(), ..component("amazon:2", "a", "1-1") };
    assert_eq!(found(&index, &arch("x86_64")), NONE);
    assert_eq!(found(&index, &arch("aarch64")), ["CVE-1"]);
    assert_eq!(found(&index, &component("amazon:2", "kernel", "5.15.1-1")), ["CVE-2"]);
    assert_eq!(found(&index, &component("amazon:2", "kernel", "4.14.1-1")), NONE);
}

#[test]
fn a_finding_says_why() {
    let mut builder = IndexBuilder::new(Ranks::default());
    builder.feed(Feed { name: "debian-tracker".into(), as_of: Some(TimeMicros(5)), records: 0 });
    let mut affected = fixed("debian:12", "openssl", Named::Source, "3.0.2-1");
    affected.urgency = Some("high".into());
    affected.vendor_ids = vec!["DSA-1".into()];
    builder.add(Record::Advisory(Advisory {
        summary: "a hole".into(),
        references: vec!["https://example.com".into()],
        modified: Some(TimeMicros(3)),
        ..advisory("debian-tracker", "CVE-1", vec![affected])
    }));
    let index = builder.finish();
    let one = built(component("debian:12", "libssl3", "3.0.1-1+b1"), "openssl", "3.0.1-1");
    let finding = index.explain(&one, &index.matches(&one).hits[0]);
    assert_eq!(finding.advisory.id, "CVE-1");
    assert_eq!(
        (finding.advisory.feed_as_of, finding.advisory.dated),
        (Some(TimeMicros(5)), Some(TimeMicros(3)))
    );
    assert_eq!((finding.matched_name.as_str(), finding.by_source), ("openssl", true));
    assert_eq!((finding.installed.as_str(), finding.range.as_str()), ("3.0.1-1", "< 3.0.2-1"));
    assert_eq!((finding.fix.as_deref(), finding.urgency.as_str()), (Some("3.0.2-1"), "high"));
    assert_eq!(finding.vendor_ids, ["DSA-1"]);
    // Nobody said how bad it is.
    assert_eq!(finding.severity, None);
    let mut with = IndexBuilder::new(Ranks::default());
    with.add(Record::Advisory(advisory(
        "debian-tracker",
        "CVE-1",
        vec![fixed("debian:12", "x", Named::Source, "2")],
    )));
    let vector = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H";
    with.add(Record::Cve(Cve {
        id: "CVE-1".into(),
        source: "nvd".into(),
        severities: vec![Severity::vector("nvd", vector).expect("a vector")],
        ..Cve::default()
    }));
    let index = with.finish();
    let one = component("debian:12", "x", "1");
    let severity = index.explain(&one, &index.matches(&one).hits[0]).severity.expect("a severity");
    assert_eq!((severity.score, severity.by.as_str()), (Some(9.8), "nvd"));
}
