//! The part of docs/edr.md that is made from the catalogue.

use std::fmt::Write;

use super::{Beside, Confidence, Permission, Product, Products, Reason, Request, Topic};

/// The tables of products, checks, quick actions and reasons.
pub fn page(products: &Products) -> String {
    let mut out = String::from(
        "| product | id | kind | recognised by | beside it | permission requests | sure by |\n\
         |---|---|---|---|---|---|---|\n",
    );
    for p in &products.all {
        let beside = match p.beside {
            Beside::Observe => "observes only",
            Beside::Nothing => "as always",
        };
        let permission = match p.permission {
            Permission::Yes => "answers",
            Permission::No => "no",
            Permission::Option => "can",
            Permission::Unknown => "?",
        };
        let sure = match p.confidence {
            Confidence::Vendor => "vendor",
            Confidence::Public => "public tools",
            Confidence::Recalled => "nothing yet",
        };
        let _ = writeln!(
            out,
            "| {} | `{}` | {} | {} | {beside} | {permission} | {sure} |",
            p.name,
            p.id,
            p.kind.as_str(),
            recognised_by(p)
        );
    }
    out.push_str("\n| check | product | topic | says |\n|---|---|---|---|\n");
    for p in &products.all {
        for c in &p.checks {
            let _ = writeln!(out, "| `{}` | {} | {} | {} |", c.code, p.name, c.of.as_str(), c.says);
        }
        if p.scans && p.checks.iter().any(|c| c.of == Topic::QuickScan) {
            let _ =
                writeln!(out, "| `scans_old` | {} | scans | Both scans are older than seven days. |", p.name);
        }
    }
    out.push_str("\n| quick action | call | body | does |\n|---|---|---|---|\n");
    for r in Request::every() {
        let body = if r.body.is_null() { String::new() } else { format!("`{}`", r.body) };
        let _ =
            writeln!(out, "| `{}` | `{} {}` | {body} | {} |", r.action.as_str(), r.method, r.path, r.words);
    }
    out.push_str("\n| reason | state | meaning |\n|---|---|---|\n");
    for r in Reason::ALL {
        let _ = writeln!(out, "| `{}` | {} | {} |", r.as_str(), r.state().as_str(), r.words());
    }
    out
}

fn recognised_by(p: &Product) -> String {
    let mut packages: Vec<&String> = p.deb.iter().chain(&p.rpm).collect();
    packages.sort();
    packages.dedup();
    let list = |what: &str, items: Vec<&String>| {
        let items: Vec<String> = items.into_iter().map(|i| format!("`{i}`")).collect();
        if items.is_empty() { String::new() } else { format!("{what} {}", items.join(", ")) }
    };
    let parts = [
        list("packages", packages),
        list("units", p.units.iter().collect()),
        list("processes", p.processes.iter().collect()),
    ];
    parts.into_iter().filter(|p| !p.is_empty()).collect::<Vec<_>>().join("; ")
}
