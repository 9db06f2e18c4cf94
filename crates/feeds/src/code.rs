//! Codes that do not change, and the error that carries one.

use std::fmt;
use std::path::Path;

use palisade_advisory::Fault;
use serde::{Deserialize, Serialize};

macro_rules! codes {
    ($($(#[doc = $doc:literal])* $name:ident = $text:literal,)*) => {
        /// Why something was not done or not taken.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Code { $($(#[doc = $doc])* $name,)* }

        impl Code {
            /// All of them, in the order of the page.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The code as it is written everywhere.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// What it means.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc),*).trim_ascii(),)* }
            }
        }
    };
}

codes! {
    /// Another command works on the feeds of this instance.
    Busy = "busy",
    /// A file or folder could not be read or written.
    Io = "io",
    /// What lies in the store is not what was put there.
    StoreDamaged = "store_damaged",
    /// The catalogue or the site's file cannot be understood.
    BadConfig = "bad_config",
    /// There is no feed of that name.
    NoFeed = "no_feed",
    /// The system's certificate authorities cannot be read, so no address can be trusted.
    NoRoots = "no_roots",
    /// No connection to the upstream.
    Unreachable = "unreachable",
    /// The upstream stopped sending.
    TimedOut = "timed_out",
    /// The upstream answered with an error.
    HttpStatus = "http_status",
    /// The address is neither HTTPS nor on this machine.
    InsecureAddress = "insecure_address",
    /// The upstream sent on to an address that is not HTTPS, or too often.
    RedirectRefused = "redirect_refused",
    /// The connection ended before all that was announced had come.
    CutShort = "cut_short",
    /// Larger than the bound.
    TooLarge = "too_large",
    /// The index that names the file cannot be understood.
    BadIndex = "bad_index",
    /// The file does not fit the checksum that its publisher's index gives.
    ChecksumMismatch = "checksum_mismatch",
    /// An archive or compressed stream that ends early, does not fit its checksum or holds no file.
    BadArchive = "bad_archive",
    /// Of no format that is known, such as a page that says sorry.
    UnknownFormat = "unknown_format",
    /// Of a format that this feed does not have.
    WrongFormat = "wrong_format",
    /// Not JSON.
    NotJson = "not_json",
    /// Not XML.
    NotXml = "not_xml",
    /// Not text of the lines that the format asks for.
    NotText = "not_text",
    /// Without what the format asks for.
    BadRecord = "bad_record",
    /// A record names a release, product or version that cannot be understood.
    BadReference = "bad_reference",
    /// Nothing at all is in it.
    Empty = "empty",
    /// More of its records are faulty than is borne.
    TooManyFaults = "too_many_faults",
    /// It holds much fewer records than the one before.
    FeedShrank = "feed_shrank",
    /// It is older than what is here.
    Older = "older",
    /// Nothing tells which feed the file belongs to.
    Unassigned = "unassigned",
    /// The file could belong to several feeds.
    Ambiguous = "ambiguous",
    /// No public key was named or is kept to check a bundle with.
    NoTrustedKey = "no_trusted_key",
    /// The key cannot be understood.
    BadKey = "bad_key",
    /// The bundle is not signed.
    SignatureMissing = "signature_missing",
    /// The bundle was not signed with the trusted key, or was changed since.
    SignatureWrong = "signature_wrong",
    /// The bundle is not of the form that it should have.
    BadBundle = "bad_bundle",
    /// A file in the bundle is not what its signed list says.
    ObjectMismatch = "object_mismatch",
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What went wrong: a code that does not change, where, and the reason in words.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{code}: {}{reason}", self.place())]
pub struct FeedError {
    /// What kind of trouble it is.
    pub code: Code,
    /// The file or address; may be empty.
    pub file: String,
    /// The record within it; may be empty.
    pub record: String,
    /// What is wrong, in words.
    pub reason: String,
}

impl FeedError {
    /// An error about a file or address.
    pub fn new(code: Code, file: impl Into<String>, reason: impl fmt::Display) -> Self {
        Self { code, file: file.into(), record: String::new(), reason: reason.to_string() }
    }

    /// A file that cannot be read or written.
    pub fn io(path: &Path, error: &std::io::Error) -> Self {
        Self::new(Code::Io, path.display().to_string(), error)
    }

    fn place(&self) -> String {
        [&self.file, &self.record].iter().filter(|p| !p.is_empty()).map(|p| format!("{p}: ")).collect()
    }
}

impl From<Fault> for FeedError {
    fn from(fault: Fault) -> Self {
        use palisade_advisory::FaultCode as F;
        let code = match fault.code {
            F::TooLarge => Code::TooLarge,
            F::BadArchive => Code::BadArchive,
            F::UnknownFormat => Code::UnknownFormat,
            F::NotJson => Code::NotJson,
            F::NotXml => Code::NotXml,
            F::NotText => Code::NotText,
            F::BadRecord => Code::BadRecord,
            F::BadReference => Code::BadReference,
        };
        Self { code, file: fault.file, record: fault.record, reason: fault.reason }
    }
}

/// Names the path that an I/O error is about.
pub(crate) trait At<T> {
    fn at(self, path: &Path) -> Result<T, FeedError>;
}

impl<T> At<T> for std::io::Result<T> {
    fn at(self, path: &Path) -> Result<T, FeedError> {
        self.map_err(|e| FeedError::io(path, &e))
    }
}
