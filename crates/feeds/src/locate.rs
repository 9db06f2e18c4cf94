//! From a feed's address to the file: by a text that names it, or by an rpm repository's index.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use url::Url;

use crate::catalogue::{Fetch, SourceFile};
use crate::client::{address, upgraded};
use crate::code::{Code, FeedError};
use crate::download::Downloader;
use crate::store::Store;
use crate::writer::part_path;

/// Largest index, bytes.
const MAX_INDEX: u64 = 4 << 20;

/// Where a file is.
#[derive(Debug, PartialEq)]
pub(crate) struct Located {
    pub url: Url,
    /// What its publisher's index says that it hashes to.
    pub sha256: Option<String>,
}

/// Finds a file; nothing if upstream does not have its index.
pub(crate) async fn locate(
    from: &Downloader,
    store: &Store,
    file: &SourceFile,
) -> Result<Option<Located>, FeedError> {
    let url = address(&file.url)?;
    match file.fetch {
        Fetch::File => Ok(Some(Located { url, sha256: None })),
        Fetch::Pointer => {
            let Some(text) = from.text(&url, part_path(store)?, MAX_INDEX).await? else { return Ok(None) };
            pointed(&url, &text).map(Some)
        }
        Fetch::Repomd => of_repository(from, store, &url).await,
        Fetch::Mirrors => {
            let Some(text) = from.text(&url, part_path(store)?, MAX_INDEX).await? else { return Ok(None) };
            of_repository(from, store, &first_mirror(&url, &text)?).await
        }
    }
}

async fn of_repository(from: &Downloader, store: &Store, repomd: &Url) -> Result<Option<Located>, FeedError> {
    let Some(text) = from.text(repomd, part_path(store)?, MAX_INDEX).await? else { return Ok(None) };
    updateinfo(repomd, &text).map(Some)
}

fn bad(url: &Url, reason: impl std::fmt::Display) -> FeedError {
    FeedError::new(Code::BadIndex, url.as_str(), reason)
}

/// A name or path that leads on from an index; it must stay with its publisher.
fn joined(base: &Url, path: &str) -> Result<Url, FeedError> {
    let url = base.join(path).map_err(|e| bad(base, e))?;
    if url.host() != base.host() || url.scheme() != base.scheme() {
        return Err(bad(base, format!("it leads away from its publisher, to {url}")));
    }
    Ok(url)
}

fn pointed(url: &Url, text: &str) -> Result<Located, FeedError> {
    let name = text.lines().map(str::trim).find(|l| !l.is_empty()).unwrap_or_default();
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.+/".contains(&b);
    if name.is_empty() || name.len() > 300 || !name.bytes().all(plain) {
        return Err(bad(url, "its first line is no file's name"));
    }
    Ok(Located { url: joined(url, name)?, sha256: None })
}

fn first_mirror(url: &Url, text: &str) -> Result<Url, FeedError> {
    let line = text.lines().map(str::trim).find(|l| !l.is_empty() && !l.starts_with('#')).unwrap_or_default();
    let base = upgraded(&line.replace("$basearch", "x86_64"));
    address(&format!("{}/repodata/repomd.xml", base.trim_end_matches('/')))
        .map_err(|e| if e.code == Code::BadConfig { bad(url, "its first line is no address") } else { e })
}

/// Where `updateinfo` is, by the index of a repository.
fn updateinfo(repomd: &Url, text: &str) -> Result<Located, FeedError> {
    let mut reader = Reader::from_str(text);
    let (mut kind, mut href, mut sum, mut in_sum) = (String::new(), String::new(), None, false);
    loop {
        match reader.read_event().map_err(|e| bad(repomd, e))? {
            Event::Start(e) if e.local_name().as_ref() == b"data" => {
                kind = attribute(&e, "type").unwrap_or_default();
                (href, sum) = (String::new(), None);
            }
            Event::Start(e) if e.local_name().as_ref() == b"checksum" => {
                in_sum = attribute(&e, "type").as_deref() == Some("sha256");
            }
            Event::Text(t) if in_sum => {
                sum = Some(t.decode().map_err(|e| bad(repomd, e))?.trim().to_owned());
            }
            Event::End(e) if e.local_name().as_ref() == b"checksum" => in_sum = false,
            Event::Empty(e) | Event::Start(e) if e.local_name().as_ref() == b"location" => {
                href = attribute(&e, "href").unwrap_or_default();
            }
            Event::End(e) if e.local_name().as_ref() == b"data" && kind == "updateinfo" => break,
            Event::Eof => return Err(bad(repomd, "the repository has no updateinfo")),
            _ => {}
        }
    }
    if href.is_empty() || href.len() > 300 {
        return Err(bad(repomd, "it does not say where updateinfo is"));
    }
    // Paths count from the folder above `repodata`.
    let root = repomd.join("../").map_err(|e| bad(repomd, e))?;
    let sha256 = sum.filter(|s| s.len() == 64 && s.bytes().all(|b| b.is_ascii_hexdigit()));
    Ok(Located { url: joined(&root, &href)?, sha256: sha256.map(|s| s.to_ascii_lowercase()) })
}

fn attribute(element: &BytesStart<'_>, name: &str) -> Option<String> {
    let attribute = element.try_get_attribute(name).ok()??;
    Some(String::from_utf8_lossy(&attribute.value).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).expect("an address")
    }

    #[test]
    fn a_repository_says_where_its_updateinfo_is() {
        let sum = "ab".repeat(32);
        let text = format!(
            "<?xml version=\"1.0\"?><repomd><data type=\"primary\"><checksum type=\"sha256\">{0}</checksum>\
             <location href=\"repodata/p.xml.gz\"/></data><data type=\"updateinfo\">\
             <checksum type=\"sha256\">{sum}</checksum><open-checksum type=\"sha256\">{0}</open-checksum>\
             <location href=\"repodata/u-updateinfo.xml.gz\"/></data></repomd>",
            "cd".repeat(32)
        );
        let repomd = url("https://example.org/9/BaseOS/repodata/repomd.xml");
        let located = updateinfo(&repomd, &text).expect("found");
        assert_eq!(located.url, url("https://example.org/9/BaseOS/repodata/u-updateinfo.xml.gz"));
        assert_eq!(located.sha256, Some(sum));
        for bad in [
            text.replace("updateinfo\"", "other\""),
            text.replace("repodata/u-", "https://elsewhere.example/u-"),
            text.replace("repodata/u-updateinfo.xml.gz", ""),
            text[..text.len() / 2].to_owned(),
            "<html>sorry</html>".to_owned(),
        ] {
            assert_eq!(updateinfo(&repomd, &bad).map_err(|e| e.code), Err(Code::BadIndex), "{bad}");
        }
    }

    #[test]
    fn a_text_names_the_file() {
        let base = url("https://example.org/vex/archive_latest.txt");
        let located = pointed(&base, "csaf_vex_2026-11-20.tar.zst\n").expect("found");
        assert_eq!(located.url, url("https://example.org/vex/csaf_vex_2026-11-20.tar.zst"));
        for bad in ["", "<html>", "//elsewhere.example/x", "https://elsewhere.example/x", &"a".repeat(400)] {
            assert_eq!(pointed(&base, bad).map_err(|e| e.code), Err(Code::BadIndex), "{bad}");
        }
        let list = url("https://example.org/mirror.list");
        let repomd = first_mirror(&list, "http://example.org/2/$basearch/abc\n").expect("found");
        assert_eq!(repomd, url("https://example.org/2/x86_64/abc/repodata/repomd.xml"));
        assert_eq!(first_mirror(&list, "sorry").map_err(|e| e.code), Err(Code::BadIndex));
    }
}
