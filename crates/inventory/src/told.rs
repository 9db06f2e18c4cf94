//! An inventory that somebody else wrote: by a machine that may be hostile. Its size, the number of its items and the
//! length of what identifies them are bounded before anything is made of it.

use thiserror::Error;

use crate::model::{FORMAT, Inventory, Os, Package};

/// Most bytes of an inventory's JSON.
pub const MAX_TOLD: usize = 32 << 20;
/// Most objects and lists in it: a short text may stand for an object that takes hundreds of bytes.
const MAX_NODES: usize = 150_000;
/// Most values in it.
const MAX_VALUES: usize = 4_000_000;
/// Longest name of a package or of what it was built from, bytes.
const MAX_NAME: usize = 1000;
/// Longest version, bytes.
const MAX_VERSION: usize = 400;
/// Longest word that something is known by: a system's id, a fingerprint, an architecture.
const MAX_WORD: usize = 200;
/// Longest path, bytes; the kernel takes no longer one.
const MAX_PATH: usize = 8192;

/// Why something is no inventory that we take.
#[derive(Debug, Error)]
pub enum ToldError {
    /// More than the bound.
    #[error("it has more than {0}")]
    TooLarge(&'static str),
    /// No JSON, or not of our form.
    #[error("it is not of the form: {0}")]
    Form(String),
    /// Of another format or version.
    #[error("its format is {0:?}, not {FORMAT}")]
    Format(String),
    /// Something in it is longer than any real one, or cannot be one.
    #[error("{0} is longer than any real one, or not of its form")]
    TooLong(&'static str),
}

impl ToldError {
    /// Whether there is too much of it, rather than something wrong.
    pub fn is_too_large(&self) -> bool {
        matches!(self, Self::TooLarge(_))
    }
}

/// Reads an inventory that somebody else wrote.
///
/// # Errors
/// When it is larger than the bounds, not of the form, or something in it is longer than any real one.
pub fn told(json: &[u8]) -> Result<Inventory, ToldError> {
    if json.len() > MAX_TOLD {
        return Err(ToldError::TooLarge("32 MiB"));
    }
    let (mut nodes, mut values) = (0usize, 0usize);
    for byte in json {
        nodes += usize::from(matches!(byte, b'{' | b'['));
        values += usize::from(*byte == b',');
    }
    // Those within texts are counted too: the bounds are far above what a machine has.
    if nodes > MAX_NODES || values > MAX_VALUES {
        return Err(ToldError::TooLarge("150,000 items or 4 million values"));
    }
    let inventory: Inventory = serde_json::from_slice(json).map_err(|e| {
        // The parser's own words hold parts of what was told; its place is enough.
        ToldError::Form(format!("{:?} at line {} column {}", e.classify(), e.line(), e.column()))
    })?;
    if inventory.format != FORMAT {
        return Err(ToldError::Format(inventory.format.chars().take(60).collect()));
    }
    check(&inventory)?;
    Ok(inventory)
}

/// Checks that what identifies the items of an inventory can be kept as it is.
///
/// # Errors
/// With the kind of text that is too long.
pub fn check(inventory: &Inventory) -> Result<(), ToldError> {
    let within = |ok: bool, what| if ok { Ok(()) } else { Err(ToldError::TooLong(what)) };
    within(inventory.host_name.len() <= MAX_WORD * 2, "the host's name")?;
    system(&inventory.os)?;
    packages(&inventory.packages)?;
    for container in &inventory.containers {
        // Parts are named by it: a slash would make one part another.
        let plain = !container.id.contains('/') && !container.id.chars().any(char::is_control);
        within(plain && container.id.len() <= MAX_WORD * 2, "a container's id")?;
        system(&container.os)?;
        packages(&container.packages)?;
    }
    for certificate in &inventory.certificates {
        within(certificate.fingerprint.len() <= MAX_WORD, "a certificate's fingerprint")?;
        within(certificate.subject.len() <= MAX_PATH, "a certificate's subject")?;
    }
    Ok(())
}

fn system(os: &Os) -> Result<(), ToldError> {
    let words = [&os.id, &os.version, &os.codename, &os.point_release, &os.variant];
    if words.iter().any(|w| w.len() > MAX_WORD) || os.name.len() > MAX_NAME || os.pretty_name.len() > MAX_NAME
    {
        return Err(ToldError::TooLong("a word of the operating system"));
    }
    if let Some(end) = &os.end_of_life
        && [&end.standard, &end.extended, &end.data_of].iter().any(|day| day.len() > MAX_WORD)
    {
        return Err(ToldError::TooLong("a day of the operating system's support"));
    }
    Ok(())
}

fn packages(packages: &[Package]) -> Result<(), ToldError> {
    for p in packages {
        if p.name.len() > MAX_NAME || p.source_name.len() > MAX_NAME {
            return Err(ToldError::TooLong("a package's name"));
        }
        if p.version.len() > MAX_VERSION || p.source_version.len() > MAX_VERSION {
            return Err(ToldError::TooLong("a package's version"));
        }
        let words = [&p.distribution, &p.release, &p.arch, &p.origin, &p.module];
        if words.iter().any(|w| w.len() > MAX_NAME) {
            return Err(ToldError::TooLong("a word of a package"));
        }
        if p.path.len() > MAX_PATH || p.database.len() > MAX_PATH {
            return Err(ToldError::TooLong("a package's path"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Ecosystem;

    fn machine() -> Inventory {
        let package = |name: &str| Package {
            ecosystem: Ecosystem::Deb,
            name: name.into(),
            version: "1".into(),
            ..Package::default()
        };
        Inventory {
            format: FORMAT.into(),
            packages: vec![package("a"), package("b")],
            ..Inventory::default()
        }
    }

    fn refused(inventory: &Inventory) -> ToldError {
        told(&serde_json::to_vec(inventory).expect("JSON")).expect_err("it should be refused")
    }

    #[test]
    fn what_a_sensor_writes_is_read() {
        let machine = machine();
        let read = told(&serde_json::to_vec(&machine).expect("JSON")).expect("an inventory");
        assert_eq!(read, machine);
    }

    #[test]
    fn what_is_no_inventory_is_told_without_repeating_it() {
        for text in ["", "{", "[]", "null", "\u{1}", "{\"format\":7}", "{\"format\":\"secret-words"] {
            let error = told(text.as_bytes()).expect_err(text).to_string();
            assert!(error.starts_with("it is not of the form") && !error.contains("secret"), "{error}");
        }
        assert!(told(&[0xff, 0xfe]).is_err());
        let other = Inventory { format: "palisade-inventory/9".into(), ..machine() };
        assert!(matches!(refused(&other), ToldError::Format(_)));
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(told(deep.as_bytes()).is_err());
    }

    #[test]
    fn a_short_text_for_much_memory_is_refused_before_it_is_read() {
        let many = format!("{{\"packages\":[{}{{}}]}}", "{},".repeat(MAX_NODES));
        assert!(told(many.as_bytes()).expect_err("too many").is_too_large());
        let values = format!("{{\"sources\":[{}0]}}", "0,".repeat(MAX_VALUES + 1));
        assert!(told(values.as_bytes()).expect_err("too many").is_too_large());
        assert!(told(&vec![b' '; MAX_TOLD + 1]).expect_err("too large").is_too_large());
    }

    #[test]
    fn names_that_no_table_could_hold_are_refused() {
        let long = |n: usize| "x".repeat(n);
        let mut one = machine();
        one.packages[0].name = long(MAX_NAME + 1);
        assert!(matches!(refused(&one), ToldError::TooLong("a package's name")));
        let mut one = machine();
        one.packages[1].version = long(MAX_VERSION + 1);
        assert!(matches!(refused(&one), ToldError::TooLong("a package's version")));
        let mut one = machine();
        one.os.id = long(MAX_WORD + 1);
        assert!(matches!(refused(&one), ToldError::TooLong("a word of the operating system")));
        let mut one = machine();
        one.certificates.push(crate::Certificate { fingerprint: long(MAX_WORD + 1), ..Default::default() });
        assert!(matches!(refused(&one), ToldError::TooLong("a certificate's fingerprint")));
        let mut one = machine();
        one.containers
            .push(crate::Container { packages: vec![one.packages[0].clone()], ..Default::default() });
        one.containers[0].id = "a/packages/0".into();
        assert!(matches!(refused(&one), ToldError::TooLong("a container's id")));
        one.containers[0].id = "a".into();
        one.containers[0].packages[0].path = long(MAX_PATH + 1);
        assert!(matches!(refused(&one), ToldError::TooLong("a package's path")));
    }
}
