//! Folders that others may mount: NFS exports and Samba's shares, from the files that describe them.

use std::collections::BTreeMap;

use crate::limits::Limits;
use crate::model::{Share, Source};
use crate::root::Root;

const EXPORTS: &str = "/etc/exports";
const EXPORTS_FOLDER: &str = "/etc/exports.d";
const SAMBA: &str = "/etc/samba/smb.conf";
/// Files that Samba's may include.
const MAX_INCLUDED: usize = 16;

pub(crate) fn read(root: &Root, limits: &Limits) -> (Vec<Share>, Vec<Source>) {
    let (mut shares, mut sources) = (Vec::new(), Vec::new());
    let more = root.names(EXPORTS_FOLDER).into_iter().filter(|n| n.ends_with(".exports"));
    let files = std::iter::once(EXPORTS.to_owned()).chain(more.map(|n| format!("{EXPORTS_FOLDER}/{n}")));
    for path in files {
        match root.text(&path, limits.text) {
            Ok(text) => {
                let found = exports(&text, &path);
                if !found.is_empty() {
                    sources.push(Source::read("shares", &path, found.len()));
                }
                shares.extend(found);
            }
            Err(e) if e.is_absent() => {}
            Err(e) => sources.push(Source::failed("shares", &path, 0, &e)),
        }
    }
    match samba(root, limits) {
        Ok(found) if found.is_empty() => {}
        Ok(found) => {
            sources.push(Source::read("shares", SAMBA, found.len()));
            shares.extend(found);
        }
        Err(e) if e.is_absent() => {}
        Err(e) => sources.push(Source::failed("shares", SAMBA, 0, &e)),
    }
    shares.truncate(limits.items);
    (shares, sources)
}

/// `path client(options) client2(options)`, `-options` for all clients, lines that go on behind a backslash.
fn exports(text: &str, source: &str) -> Vec<Share> {
    let text = text.replace("\\\n", " ");
    let mut all = Vec::new();
    for line in text.lines().map(|l| l.split('#').next().unwrap_or_default().trim()) {
        let Some((path, rest)) = first_word(line) else { continue };
        let mut share =
            Share { kind: "nfs".into(), name: path.clone(), path, source: source.into(), ..Share::default() };
        let mut general: Vec<String> = Vec::new();
        let mut words = rest.split_whitespace().peekable();
        if words.peek().is_none() {
            words = "*".split_whitespace().peekable();
        }
        for word in words {
            if let Some(options) = word.strip_prefix('-') {
                general = options.split(',').map(str::to_owned).collect();
                continue;
            }
            let (client, options) =
                word.split_once('(').map_or((word, ""), |(c, o)| (c, o.trim_end_matches(')')));
            let own = options.split(',').filter(|o| !o.is_empty()).map(str::to_owned);
            let options: Vec<String> = general.iter().cloned().chain(own).collect();
            // The last of two that say the opposite counts.
            let on = |yes: &str, no: &str, default: bool| {
                options.iter().rev().find(|o| *o == yes || *o == no).map_or(default, |o| o == yes)
            };
            share.writable |= on("rw", "ro", false);
            share.root_kept |= on("no_root_squash", "root_squash", false);
            let anybody = matches!(client, "" | "*" | "0.0.0.0/0" | "::/0");
            // Kerberos asks each user for a name.
            let named = options.iter().any(|o| o.starts_with("sec=krb5") && !o.contains("sys"));
            share.anonymous |= anybody && !named;
            if !anybody {
                share.clients.push(client.to_owned());
            }
            if share.options.is_empty() {
                share.options = options;
            }
        }
        if share.anonymous {
            share.clients.clear();
        }
        all.push(share);
    }
    all
}

/// The first word, which may be in quotes and have blanks as `\040`.
fn first_word(line: &str) -> Option<(String, &str)> {
    let (word, rest) = match line.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"')?,
        None => line.split_once(char::is_whitespace).unwrap_or((line, "")),
    };
    (!word.is_empty()).then(|| (word.replace("\\040", " "), rest))
}

fn samba(root: &Root, limits: &Limits) -> crate::error::Result<Vec<Share>> {
    let mut sections: Vec<(String, BTreeMap<String, String>)> = Vec::new();
    let mut files = vec![SAMBA.to_owned()];
    let mut read = 0;
    while let Some(path) = files.pop() {
        read += 1;
        if read > MAX_INCLUDED {
            break;
        }
        match root.text(&path, limits.text) {
            Ok(text) => settings(&text, &mut sections, &mut files),
            Err(e) if path == SAMBA => return Err(e),
            Err(_) => {}
        }
    }
    let global = sections.iter().find(|(n, _)| n == "global").map(|(_, s)| s.clone()).unwrap_or_default();
    let guests = global.get("maptoguest").is_some_and(|v| !v.eq_ignore_ascii_case("never"));
    let mut all = Vec::new();
    for (name, own) in sections.iter().filter(|(n, _)| n != "global") {
        let get = |key: &str| own.get(key).or_else(|| global.get(key)).map(String::as_str);
        let on = |key: &str| get(key).map(is_yes);
        if on("printable") == Some(true) || on("printok") == Some(true) {
            continue;
        }
        let path = match get("path").or_else(|| get("directory")) {
            Some(path) => path.to_owned(),
            // Each user's own folder.
            None if name == "homes" => "%H".into(),
            None => continue,
        };
        let writable = ["writeable", "writable", "writeok"]
            .iter()
            .find_map(|k| on(k))
            .or_else(|| on("readonly").map(|r| !r));
        let allowed = get("hostsallow").or_else(|| get("allowhosts")).unwrap_or_default();
        all.push(Share {
            kind: "smb".into(),
            name: name.clone(),
            path,
            clients: allowed.split([' ', ',', '\t']).filter(|c| !c.is_empty()).map(str::to_owned).collect(),
            writable: writable.unwrap_or(false),
            anonymous: guests && (on("guestok").or_else(|| on("public")) == Some(true)),
            options: own
                .iter()
                .filter(|(k, _)| k.as_str() != "path")
                .map(|(k, v)| format!("{k}={v}"))
                .collect(),
            source: SAMBA.into(),
            ..Share::default()
        });
    }
    Ok(all)
}

fn is_yes(value: &str) -> bool {
    matches!(value.to_ascii_lowercase().as_str(), "yes" | "true" | "1" | "on")
}

/// Keys are the same with and without blanks and capitals, as Samba has it.
fn settings(text: &str, sections: &mut Vec<(String, BTreeMap<String, String>)>, files: &mut Vec<String>) {
    for line in text.replace("\\\n", " ").lines().map(str::trim) {
        if line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            let name = if name.eq_ignore_ascii_case("global") { "global" } else { name };
            sections.push((name.to_owned(), BTreeMap::new()));
        } else if let Some((key, value)) = line.split_once('=') {
            let key: String =
                key.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_ascii_lowercase();
            let value = value.trim();
            if key == "include" {
                files.push(value.to_owned());
            } else if let Some((_, section)) = sections.last_mut() {
                section.insert(key, value.to_owned());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exports_say_who_may_do_what() {
        let text = "# c\n/srv/all *(rw,no_root_squash) \\\n  10.0.0.0/8(ro)\n\"/srv/a b\" -sync,ro host1 host2(rw)\n/srv/bare\n/srv/k *(sec=krb5p,rw)\n";
        let all = exports(text, EXPORTS);
        assert_eq!(all.len(), 4);
        assert!(all[0].writable && all[0].anonymous && all[0].root_kept && all[0].clients.is_empty());
        assert_eq!(all[1].path, "/srv/a b");
        assert!(all[1].writable && !all[1].anonymous && !all[1].root_kept);
        assert_eq!(all[1].clients, ["host1", "host2"]);
        assert!(all[2].anonymous && !all[2].writable);
        assert!(!all[3].anonymous && all[3].writable);
    }

    #[test]
    fn samba_shares_are_read_as_samba_does() {
        let dir = tempfile::tempdir().expect("a folder");
        let etc = dir.path().join("etc/samba");
        std::fs::create_dir_all(&etc).expect("writable");
        std::fs::write(etc.join("smb.conf"), "[Global]\n Map To Guest = Bad User\n include = /etc/samba/more.conf\n[data]\n path = /srv/data\n Read Only = no\n guest ok = yes\n[ro]\npath=/srv/ro\nhosts allow = 10. 192.168.\n[printers]\nprintable = yes\npath=/var/spool\n[homes]\nwriteable=yes\n").expect("writable");
        std::fs::write(etc.join("more.conf"), "[more]\npath = /srv/more\n").expect("writable");
        let root = Root::open(dir.path()).expect("opens");
        let (all, sources) = read(&root, &Limits::default());
        let said: Vec<_> = all.iter().map(|s| (s.name.as_str(), s.writable, s.anonymous)).collect();
        assert_eq!(
            said,
            [("data", true, true), ("ro", false, false), ("homes", true, false), ("more", false, false)]
        );
        assert_eq!(all[1].clients, ["10.", "192.168."]);
        assert_eq!(sources.len(), 1);
    }
}
