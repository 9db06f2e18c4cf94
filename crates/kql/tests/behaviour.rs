//! Behaviour of the compiler as its users see it.
#![allow(clippy::unwrap_used, clippy::print_stderr, clippy::print_stdout)]

#[path = "behaviour/corpus.rs"]
mod corpus;
#[path = "behaviour/diagnostics.rs"]
mod diagnostics;
#[path = "behaviour/names_and_types.rs"]
mod names_and_types;
#[path = "behaviour/robustness.rs"]
mod robustness;
#[path = "behaviour/sources.rs"]
mod sources;
#[path = "behaviour/stored.rs"]
mod stored;

use palisade_kql::{Diagnostic, MemoryCatalogue, Program, Type};

/// 2026-11-23T00:00:00Z.
const NOW: i64 = 1_795_392_000_000_000;

fn catalogue() -> MemoryCatalogue {
    let mut catalogue = MemoryCatalogue::new();
    catalogue.add(
        "DeviceProcessEvents",
        &[
            ("Timestamp", Type::Datetime),
            ("DeviceId", Type::String),
            ("DeviceName", Type::String),
            ("ActionType", Type::String),
            ("FileName", Type::String),
            ("ProcessId", Type::Long),
            ("ProcessCommandLine", Type::String),
            ("LogonId", Type::Long),
            ("AdditionalFields", Type::Dynamic),
            ("ReportId", Type::Long),
        ],
    );
    catalogue.add(
        "DeviceInfo",
        &[("Timestamp", Type::Datetime), ("DeviceId", Type::String), ("OSPlatform", Type::String)],
    );
    catalogue
}

fn compile(text: &str) -> Result<Program, Vec<Diagnostic>> {
    palisade_kql::compile(text, &catalogue(), NOW)
}

fn columns(text: &str) -> Vec<String> {
    match compile(text) {
        Ok(program) => program.schema().columns.iter().map(|c| format!("{}:{}", c.name, c.ty)).collect(),
        Err(diagnostics) => panic!("{text}: {diagnostics:?}"),
    }
}

fn codes(text: &str) -> Vec<String> {
    match compile(text) {
        Ok(_) => Vec::new(),
        Err(diagnostics) => diagnostics.into_iter().map(|d| d.code).collect(),
    }
}
