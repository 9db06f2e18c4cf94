//! What dnf and yum print, read. Both wrap rows that do not fit into 80 columns.

use palisade_advisory::Scheme;

use crate::remediate::answer::{Change, Fault};
use crate::remediate::manager::{Candidate, Plan};
use crate::remediate::names;

/// What stands for the repository of an installed package.
pub const INSTALLED: &str = "@installed";

/// Rows `name.arch version repository` of `check-update` and `list`. The repository of an installed package
/// begins with an at sign; [`Candidate::judged`] is then [`INSTALLED`], else the version.
pub fn listed(text: &str) -> Vec<Candidate> {
    let mut all = Vec::new();
    let mut words: Vec<&str> = Vec::new();
    for line in text.lines() {
        // Obsoletes follow, which are other packages.
        if line.starts_with("Obsoleting") {
            break;
        }
        if !line.starts_with(char::is_whitespace) {
            words.clear();
        }
        words.extend(line.split_whitespace());
        let [package, version, repository, ..] = words[..] else { continue };
        let Some((name, arch)) = package.rsplit_once('.') else { continue };
        if names::is_name(Scheme::Rpm, name)
            && names::is_arch(arch)
            && names::is_version(Scheme::Rpm, version)
        {
            let judged = if repository.starts_with('@') { INSTALLED } else { version };
            all.push(Candidate {
                name: name.to_owned(),
                arch: arch.to_owned(),
                version: version.to_owned(),
                judged: judged.to_owned(),
            });
        }
        words.clear();
    }
    all
}

#[derive(Clone, Copy, PartialEq)]
enum Section {
    Change,
    Remove,
    Older,
    Other,
}

/// The table of a transaction that was not gone into.
///
/// # Errors
/// `remediation_failed` for a row that is not understood: what is not understood is not done.
pub fn plan(text: &str) -> Result<Plan, Fault> {
    let mut plan = Plan::default();
    let mut section = Section::Other;
    let mut words: Vec<&str> = Vec::new();
    for line in text.lines() {
        if line.starts_with("Transaction Summary") {
            break;
        }
        if !line.starts_with(' ') {
            unfinished(&words, section)?;
            words.clear();
            if let Some(title) = line.strip_suffix(':') {
                section = section_of(title);
            }
            continue;
        }
        if section == Section::Other {
            continue;
        }
        let mut here = line.split_whitespace().peekable();
        if here.peek() == Some(&"replacing") {
            // dnf5 tells under each package which one it replaces; another name is one that goes.
            let replaced = here.nth(1).unwrap_or_default();
            let replaced = replaced.rsplit_once('.').map_or(replaced, |(name, _)| name);
            let own = |c: &Change| c.name == replaced;
            if !plan.changes.last().is_some_and(own) {
                plan.removed.push(replaced.to_owned());
            }
            continue;
        }
        if !line.starts_with("  ") {
            unfinished(&words, section)?;
            words.clear();
        }
        words.extend(here);
        // Name, architecture, version, repository; a size follows.
        if words.len() < 4 {
            continue;
        }
        let (name, arch, version) = (words[0], words[1], words[2]);
        let sound = names::is_name(Scheme::Rpm, name)
            && names::is_arch(arch)
            && names::is_version(Scheme::Rpm, version);
        if !sound {
            return Err(odd(&words));
        }
        match section {
            Section::Remove => plan.removed.push(name.to_owned()),
            Section::Change | Section::Older => {
                if section == Section::Older {
                    plan.older.push(name.to_owned());
                }
                plan.changes.push(Change {
                    name: name.to_owned(),
                    arch: arch.to_owned(),
                    from: String::new(),
                    to: version.to_owned(),
                });
            }
            Section::Other => {}
        }
        words.clear();
    }
    unfinished(&words, section)?;
    Ok(plan)
}

fn unfinished(words: &[&str], section: Section) -> Result<(), Fault> {
    if words.is_empty() || section == Section::Other { Ok(()) } else { Err(odd(words)) }
}

fn odd(words: &[&str]) -> Fault {
    Fault::failed(format!("a row of the transaction is not understood: {}", names::shown(&words.join(" "))))
}

fn section_of(title: &str) -> Section {
    let first = title.split_whitespace().next().unwrap_or_default();
    match first {
        "Upgrading" | "Updating" | "Installing" | "Reinstalling" if !title.contains("group") => {
            Section::Change
        }
        "Removing" | "Erasing" | "Obsoleting" | "Replacing" => Section::Remove,
        "Downgrading" => Section::Older,
        _ => Section::Other,
    }
}

/// Bytes that a transaction says it downloads, by its words `Total download size: 3.1 M`.
pub fn download(text: &str) -> u64 {
    let Some(line) = text.lines().find(|l| l.contains("ownload size:") || l.contains("inbound packages is"))
    else {
        return 0;
    };
    let mut words = line.split_whitespace().skip_while(|w| !w.starts_with(|c: char| c.is_ascii_digit()));
    let (number, unit) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
    let whole: u64 = whole.parse().unwrap_or(0);
    let tenths: u64 = part.get(..1).and_then(|d| d.parse().ok()).unwrap_or(0);
    let factor: u64 = match unit.trim_end_matches('.').chars().next() {
        Some('k' | 'K') => 1 << 10,
        Some('M') => 1 << 20,
        Some('G') => 1 << 30,
        _ => 1,
    };
    whole.saturating_mul(factor).saturating_add(tenths.saturating_mul(factor) / 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    // As dnf 4.14 printed them.
    const UPGRADE: &str = "Last metadata expiration check: 0:00:01 ago on Sun Nov 29 08:28:26 2026.
Dependencies resolved.
================================================================================
 Package          Architecture     Version                  Repository     Size
================================================================================
Upgrading:
 pal              x86_64           1:1.2-1.el9              pal           6.0 k
Installing dependencies:
 newdep           x86_64           1:1.0-1                  pal           5.9 k

Transaction Summary
================================================================================
Install  1 Package
Upgrade  1 Package

Total size: 12 k
";
    const REPLACES: &str = "Dependencies resolved.
================================================================================
 Package            Architecture      Version              Repository      Size
================================================================================
Upgrading:
 removes            x86_64            1:1.2-1              pal            6.0 k
     replacing  oldthing.x86_64 1:1-1

Transaction Summary
================================================================================
Upgrade  1 Package
";
    const SKIPS: &str = "Dependencies resolved.
================================================================================
 Package            Architecture      Version              Repository      Size
================================================================================
Skipping packages with conflicts:
(add '--best --allowerasing' to command line to force their upgrade):
 removes            x86_64            1:1.1-1              pal            6.1 k

Transaction Summary
================================================================================
Skip  1 Package

Nothing to do.
Complete!
";
    const OLDER: &str = "Downgrading:
 pal-libs           x86_64           1:1.0-1.el9            pal           5.9 k

Transaction Summary
";
    // Rows of yum and of older dnf go on in the next line where they are too long.
    const WRAPPED: &str = "Updating:
 a-package-with-a-very-long-name
                     x86_64     1:3.0.7-28.el7_9            baseos        1.9 M
Removing for dependencies:
 gone                x86_64     2-1                         @baseos       100 k

Transaction Summary
Total download size: 3.1 M
";

    #[test]
    fn what_dnf_printed_is_read() {
        let words = |p: &Plan| p.changes.iter().map(|c| format!("{} {}", c.name, c.to)).collect::<Vec<_>>();
        let upgrade = plan(UPGRADE).expect("read");
        assert_eq!(words(&upgrade), ["pal 1:1.2-1.el9", "newdep 1:1.0-1"]);
        assert_eq!((upgrade.removed.len(), upgrade.older.len()), (0, 0));
        assert_eq!(plan(REPLACES).expect("read").removed, ["oldthing"]);
        assert_eq!(plan(SKIPS), Ok(Plan::default()), "what is skipped does not change");
        assert_eq!(plan(OLDER).expect("read").older, ["pal-libs"]);
    }

    #[test]
    fn a_row_may_go_on_in_the_next_line() {
        let plan = plan(WRAPPED).expect("read");
        assert_eq!(plan.changes.len(), 1);
        let c = &plan.changes[0];
        assert_eq!((c.name.as_str(), c.to.as_str()), ("a-package-with-a-very-long-name", "1:3.0.7-28.el7_9"));
        assert_eq!(plan.removed, ["gone"]);
        assert_eq!(download(WRAPPED), (3 << 20) + (1 << 20) / 10);
    }

    #[test]
    fn dnf5_tells_what_each_package_replaces() {
        let text = "Package    Arch   Version    Repository    Size\nUpgrading:\n openssl   x86_64 1:3.2.2-1.fc40 updates  1.1 MiB\n   replacing openssl x86_64 1:3.2.1-1.fc40 fedora 1.1 MiB\n\nTransaction Summary:\n Upgrading: 1 package\n";
        let plan = plan(text).expect("read");
        assert_eq!((plan.changes.len(), plan.removed.len()), (1, 0));
    }

    #[test]
    fn a_row_that_is_not_understood_stops_everything() {
        for bad in [
            "Upgrading:\n --opt x86_64 1-1 repo\n",
            "Upgrading:\n openssl x86_64\nDone\n",
            "Removing:\n a b c\n",
        ] {
            assert_eq!(plan(bad).map_err(|f| f.code), Err("remediation_failed"), "{bad}");
        }
        assert_eq!(plan("Dependencies resolved.\nNothing to do.\n"), Ok(Plan::default()));
    }

    #[test]
    fn lists_are_read_with_wrapped_rows() {
        let text = "\nopenssl.x86_64            1:3.0.7-28.el9_4      baseos\na-package-with-a-very-long-name.x86_64\n                          2-1                   @updates\nObsoleting Packages\nx.noarch 1-1 baseos\n";
        let all = listed(text);
        assert_eq!(all.len(), 2);
        assert_eq!((all[0].name.as_str(), all[0].version.as_str()), ("openssl", "1:3.0.7-28.el9_4"));
        assert_eq!(all[1].judged, INSTALLED);
    }
}
