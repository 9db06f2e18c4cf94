//! What each type asks for beyond the general form.

use super::{Purl, PurlError};

pub(super) fn apply(purl: &mut Purl) -> Result<(), PurlError> {
    let kind = purl.kind.clone();
    match kind.as_str() {
        "alpm" | "apk" | "bitbucket" | "bitnami" | "brew" | "composer" | "deb" | "github" | "gitlab"
        | "golang" | "hex" | "luarocks" | "npm" | "vscode-extension" => {
            purl.namespace.make_ascii_lowercase();
            purl.name.make_ascii_lowercase();
        }
        "oci" | "otp" | "pub" | "yocto" => purl.name.make_ascii_lowercase(),
        "rpm" | "qpkg" => purl.namespace.make_ascii_lowercase(),
        "pypi" => purl.name = purl.name.to_ascii_lowercase().replace('_', "-"),
        "huggingface" => purl.version.make_ascii_lowercase(),
        "mlflow" if purl.qualifiers.get("repository_url").is_some_and(|u| u.contains("azuredatabricks")) => {
            purl.name.make_ascii_lowercase();
        }
        // The host is the namespace; a repository's path is its name.
        "git" => {
            if let Some((host, path)) = purl.namespace.clone().split_once('/') {
                purl.name = format!("{path}/{}", purl.name);
                host.clone_into(&mut purl.namespace);
            }
        }
        _ => {}
    }
    let version_parts = purl.version.split('.').count();
    match kind.as_str() {
        "otp" | "vcpkg" | "chrome-extension" if !purl.namespace.is_empty() => {
            Err(PurlError("this type has no namespace"))
        }
        "swift" | "vscode-extension" if purl.namespace.is_empty() => {
            Err(PurlError("this type needs a namespace"))
        }
        "chrome-extension" if purl.name.len() != 32 || version_parts > 4 => {
            Err(PurlError("no identifier or version of a browser extension"))
        }
        "cpan" if purl.namespace.is_empty() && purl.name.contains("::") => {
            Err(PurlError("a module's name is no distribution's name"))
        }
        _ => Ok(()),
    }
}
