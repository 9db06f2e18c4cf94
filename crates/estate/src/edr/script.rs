//! The script that gathers facts where there is no sensor.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::Products;

/// The script, ready to be sent to `sh -s`.
pub const SCRIPT: &str = include_str!("../../data/edr-facts.sh");

/// What the kernel keeps of a process's own name.
const COMM: usize = 15;
const BEGIN: &str = "# >>> made from security-products.toml\n";
const END: &str = "# <<<\n";

/// The part of the script that is made from the catalogue. Nothing in the catalogue can end a quoted
/// text of the shell; a test holds it to that.
pub fn lists(products: &Products) -> String {
    let all = &products.all;
    let mut out = String::new();
    let mut words = |name: &str, words: BTreeSet<&String>| {
        let words: Vec<&str> = words.into_iter().map(String::as_str).collect();
        let _ = writeln!(out, "{name}='{}'", words.join(" "));
    };
    words("DEB", all.iter().flat_map(|p| &p.deb).collect());
    words("RPM", all.iter().flat_map(|p| &p.rpm).collect());
    words("UNITS", all.iter().flat_map(|p| &p.units).collect());
    words("MODULES", all.iter().flat_map(|p| &p.modules).collect());
    words("PATHS", all.iter().flat_map(|p| &p.paths).collect());
    words("NEWEST", all.iter().flat_map(|p| &p.checks).flat_map(|c| &c.newest).collect());
    let sources =
        || all.iter().flat_map(|p| p.sources.iter().map(move |s| (format!("{}.{}", p.id, s.id), s)));
    let (mut files, mut commands, mut values) = (Vec::new(), Vec::new(), Vec::new());
    for (id, source) in sources() {
        files.extend(source.file.iter().map(|file| format!("{id}|{file}")));
        let root = if source.root { "root" } else { "any" };
        commands.extend(source.run.iter().map(|run| format!("{id}|{root}|{run}")));
        values.extend(source.values.iter().map(|v| {
            let place = if v.anywhere { "in" } else { "start" };
            format!("{id}|{}|{place}|{}|{}|{}", v.key, v.after, v.until, v.when)
        }));
    }
    for (name, lines) in [("FILES", files), ("COMMANDS", commands), ("VALUES", values)] {
        let _ = writeln!(out, "{name}='{}'", lines.join("\n"));
    }
    let cut = |name: &String| name.chars().take(COMM).collect::<String>();
    let names: BTreeSet<String> =
        all.iter().flat_map(|p| &p.processes).flat_map(|name| [name.clone(), cut(name)]).collect();
    let names: Vec<String> = names.into_iter().collect();
    let _ = write!(
        out,
        "named() {{\n  case $1 in\n    {}) return 0 ;;\n  esac\n  return 1\n}}\n",
        names.join(" | ")
    );
    out
}

/// A script with that part made anew; `None` if it has no place for it.
pub fn with_lists(script: &str, products: &Products) -> Option<String> {
    let (head, rest) = script.split_once(BEGIN)?;
    let (_, tail) = rest.split_once(END)?;
    Some(format!("{head}{BEGIN}{}{END}{tail}", lists(products)))
}
