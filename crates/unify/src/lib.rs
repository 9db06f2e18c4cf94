//! Nothing but dependencies: `cargo test -p palisade-kql -p palisade-unify` builds with the same
//! features as `--workspace` and therefore reuses its artefacts.
