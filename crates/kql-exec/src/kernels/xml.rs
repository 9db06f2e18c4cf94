//! XML as a dynamic: elements are properties, attributes have an `@`, text beside them is `#text`.

use palisade_kql::Type;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use serde_json::{Map, Value as Json};

use super::convert::from_json;
use super::{Call, RowFn, arg};
use crate::value::V;

pub(super) fn lookup(name: &str) -> Option<RowFn> {
    (name == "parse_xml").then_some(parse as RowFn)
}

/// Longest accepted text in bytes, as in the language.
const MAX_XML: usize = 128 * 1024;
/// Deepest nesting.
const MAX_DEPTH: usize = 64;

fn parse(call: &Call<'_>, a: &[V<'_>]) -> V<'static> {
    let text = arg(a, 0).text();
    if call.ty(0) != Type::String || text.len() > MAX_XML {
        return V::Null;
    }
    document(text).map_or(V::Null, |json| from_json(&json))
}

/// An element that is not closed yet.
struct Open {
    name: String,
    content: Map<String, Json>,
    text: String,
}

impl Open {
    fn new(tag: &BytesStart<'_>) -> Option<Self> {
        let name = std::str::from_utf8(tag.name().into_inner()).ok()?.to_owned();
        let mut content = Map::new();
        for attribute in tag.attributes() {
            let attribute = attribute.ok()?;
            let key = std::str::from_utf8(attribute.key.into_inner()).ok()?;
            let value =
                quick_xml::escape::unescape(std::str::from_utf8(&attribute.value).ok()?).ok()?.into_owned();
            content.insert(format!("@{key}"), Json::String(value));
        }
        Some(Self { name, content, text: String::new() })
    }

    /// Elements of one name become an array.
    fn add(&mut self, name: String, value: Json) {
        match self.content.get_mut(&name) {
            None => {
                self.content.insert(name, value);
            }
            Some(Json::Array(items)) => items.push(value),
            Some(one) => {
                let first = one.take();
                *one = Json::Array(vec![first, value]);
            }
        }
    }

    fn value(mut self) -> Json {
        let text = self.text.trim();
        match (self.content.is_empty(), text.is_empty()) {
            (true, true) => Json::Null,
            (true, false) => Json::String(text.to_owned()),
            (false, true) => Json::Object(self.content),
            (false, false) => {
                self.content.insert("#text".to_owned(), Json::String(text.to_owned()));
                Json::Object(self.content)
            }
        }
    }
}

fn document(text: &str) -> Option<Json> {
    let mut reader = Reader::from_str(text);
    let mut open = vec![Open { name: String::new(), content: Map::new(), text: String::new() }];
    loop {
        match reader.read_event().ok()? {
            Event::Decl(declaration) => {
                let tag = Open::new(&BytesStart::from_content(
                    std::str::from_utf8(&declaration).ok()?.to_owned(),
                    3,
                ))?;
                open.last_mut()?.add("?xml".to_owned(), tag.value());
            }
            Event::Start(tag) => {
                if open.len() > MAX_DEPTH {
                    return None;
                }
                open.push(Open::new(&tag)?);
            }
            Event::Empty(tag) => {
                let element = Open::new(&tag)?;
                let (name, value) = (element.name.clone(), element.value());
                open.last_mut()?.add(name, value);
            }
            Event::End(_) => {
                let element = open.pop()?;
                let (name, value) = (element.name.clone(), element.value());
                open.last_mut()?.add(name, value);
            }
            Event::Text(piece) => open.last_mut()?.text.push_str(std::str::from_utf8(&piece).ok()?),
            Event::CData(piece) => open.last_mut()?.text.push_str(std::str::from_utf8(&piece).ok()?),
            Event::GeneralRef(reference) => {
                let name = std::str::from_utf8(&reference).ok()?.to_owned();
                let character = quick_xml::escape::unescape(&format!("&{name};")).ok()?.into_owned();
                open.last_mut()?.text.push_str(&character);
            }
            Event::Eof => break,
            Event::Comment(_) | Event::PI(_) | Event::DocType(_) => {}
        }
    }
    let root = open.pop()?;
    // Unclosed elements, text outside of the root, or no root at all.
    if !open.is_empty() || !root.text.trim().is_empty() || !root.content.keys().any(|k| k != "?xml") {
        return None;
    }
    Some(Json::Object(root.content))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::document;

    #[test]
    fn elements_attributes_and_texts_have_their_places() {
        assert_eq!(
            document("<?xml version=\"1.0\"?><a x='1'><b>t &amp; u</b><b/><c y=\"2\">v</c></a>"),
            Some(json!({"?xml": {"@version": "1.0"},
                "a": {"@x": "1", "b": ["t & u", null], "c": {"@y": "2", "#text": "v"}}}))
        );
        assert_eq!(document("<a><![CDATA[<raw>]]></a>"), Some(json!({"a": "<raw>"})));
    }

    #[test]
    fn what_is_no_document_is_null() {
        for text in ["", "text", "<a>", "<a></b>", "<a/>x", "<a x=1></a>"] {
            assert_eq!(document(text), None, "{text}");
        }
        assert_eq!(document(&"<a>".repeat(1000)), None);
    }
}
