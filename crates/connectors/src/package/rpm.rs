use rpm::{BuildConfig, CompressionWithLevel, FileOptions, PackageBuilder};

use super::{AFTER_INSTALL, BEFORE_REMOVE, DESCRIPTION, NAME, PROGRAM, PackageError, SUMMARY, check_version};

/// Best speed for what is a program and does not shrink much more.
const LEVEL: u32 = 6;

/// An RPM of a sensor for x86_64.
///
/// # Errors
/// When the version cannot be one of a package.
pub fn rpm(sensor: &[u8], version: &str) -> Result<Vec<u8>, PackageError> {
    let bad = |e: rpm::Error| PackageError::Rpm(e.to_string());
    // Version 4 is what every distribution that has RPMs reads; the same input gives the same bytes.
    let config = BuildConfig::v4().compression(CompressionWithLevel::Gzip(LEVEL)).source_date(0);
    let options = FileOptions::new(PROGRAM).permissions(0o755);
    let mut builder = PackageBuilder::new(NAME, check_version(version)?, "Apache-2.0", "x86_64", SUMMARY);
    builder
        .using_config(config)
        .release("1")
        .description(DESCRIPTION)
        .build_host("palisade")
        .with_file_contents(sensor, options)
        .map_err(bad)?
        .post_install_script(AFTER_INSTALL)
        .pre_uninstall_script(BEFORE_REMOVE);
    let mut bytes = Vec::new();
    builder.build().map_err(bad)?.write(&mut bytes).map_err(bad)?;
    Ok(bytes)
}
