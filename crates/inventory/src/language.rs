//! Packages of languages, found where they are installed by one walk over the file system.

pub(crate) mod elf;
mod go;
pub(crate) mod java;
mod names;
mod node;
mod python;
mod ruby;
mod rust;
mod tree;
mod walk;
mod zip;

pub(crate) use tree::Tree;
pub(crate) use walk::{differs, walk};

use crate::limits::Limits;
use crate::model::{Ecosystem, Package};

/// Longest name and version that is kept.
const MAX_WORD: usize = 512;

/// A package of a language, if both of its words are words.
fn package(ecosystem: Ecosystem, name: &str, version: &str, path: &str) -> Option<Package> {
    let word = |s: &str| !s.is_empty() && s.len() <= MAX_WORD && !s.chars().any(char::is_control);
    (word(name) && word(version)).then(|| Package {
        ecosystem,
        name: name.to_owned(),
        version: version.to_owned(),
        path: path.to_owned(),
        ..Package::default()
    })
}

/// A file that the walk came upon, and what it is to be read with.
pub(crate) struct Found<'a> {
    /// The folder that it is in.
    pub(crate) folder: i32,
    pub(crate) name: &'a [u8],
    /// The whole path, with a leading slash.
    pub(crate) path: &'a str,
    pub(crate) limits: &'a Limits,
}
