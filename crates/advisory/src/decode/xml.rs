//! XML as a flat walk: elements by their local names, attributes decoded, texts joined.

use quick_xml::Reader;
use quick_xml::events::{BytesRef, BytesStart, Event};

use super::{Fault, FaultCode, Origin};

/// Deepest nesting.
const MAX_DEPTH: usize = 200;

/// A step of the walk.
pub(super) enum Step {
    /// An element begins.
    Open(Element),
    /// An element ends; the text directly within it, without white space around.
    Close(String, String),
}

/// An element's name without its prefix, and its attributes.
#[derive(Debug, Default)]
pub(super) struct Element {
    pub name: String,
    attributes: Vec<(String, String)>,
}

impl Element {
    /// An attribute; empty if it is not there.
    pub(super) fn get(&self, name: &str) -> &str {
        self.attributes.iter().find(|(n, _)| n == name).map_or("", |(_, value)| value)
    }
}

/// Walks a document from its first to its last element.
///
/// # Errors
/// `not_xml` with the position, also if it ends too early or nests too deeply.
pub(super) fn walk(origin: Origin<'_>, bytes: &[u8], each: &mut dyn FnMut(Step)) -> Result<(), Fault> {
    let bad = |at: u64, reason: &dyn std::fmt::Display| {
        origin.fault(&format!("byte {at}"), FaultCode::NotXml, reason)
    };
    let mut reader = Reader::from_reader(bytes);
    reader.config_mut().expand_empty_elements = true;
    reader.config_mut().check_end_names = true;
    let mut texts: Vec<String> = Vec::new();
    let mut any = false;
    loop {
        let event = reader.read_event().map_err(|e| bad(reader.error_position(), &e))?;
        match event {
            Event::Start(start) => {
                if texts.len() >= MAX_DEPTH {
                    return Err(bad(reader.buffer_position(), &"it nests too deeply"));
                }
                any = true;
                texts.push(String::new());
                let element = element(&start).map_err(|e| bad(reader.buffer_position(), &e))?;
                each(Step::Open(element));
            }
            Event::End(end) => {
                let text = texts.pop().unwrap_or_default();
                each(Step::Close(local(end.name().as_ref()), text.trim().to_owned()));
            }
            Event::Text(text) => {
                if let Some(open) = texts.last_mut() {
                    open.push_str(&text.decode().map_err(|e| bad(reader.buffer_position(), &e))?);
                }
            }
            Event::CData(text) => {
                if let Some(open) = texts.last_mut() {
                    open.push_str(&text.decode().map_err(|e| bad(reader.buffer_position(), &e))?);
                }
            }
            Event::GeneralRef(reference) => {
                if let Some(open) = texts.last_mut() {
                    open.push_str(&resolved(&reference));
                }
            }
            Event::Eof => break,
            _ => {}
        }
    }
    if !any || !texts.is_empty() {
        let reason = if any { "it ends within an element" } else { "there is no element in it" };
        return Err(origin.fault("", FaultCode::NotXml, reason));
    }
    Ok(())
}

/// A reference as its character; one that is not known stands for itself.
fn resolved(reference: &BytesRef<'_>) -> String {
    if let Ok(Some(c)) = reference.resolve_char_ref() {
        return c.to_string();
    }
    let name = String::from_utf8_lossy(reference).into_owned();
    match name.as_str() {
        "lt" => "<".to_owned(),
        "gt" => ">".to_owned(),
        "amp" => "&".to_owned(),
        "quot" => "\"".to_owned(),
        "apos" => "'".to_owned(),
        _ => format!("&{name};"),
    }
}

fn element(start: &BytesStart<'_>) -> Result<Element, quick_xml::Error> {
    let mut out = Element { name: local(start.name().as_ref()), attributes: Vec::new() };
    for attribute in start.attributes() {
        let attribute = attribute?;
        let value = attribute.decode_and_unescape_value(start.decoder())?;
        out.attributes.push((local(attribute.key.as_ref()), value.into_owned()));
    }
    Ok(out)
}

fn local(name: &[u8]) -> String {
    let at = name.iter().rposition(|b| *b == b':').map_or(0, |at| at + 1);
    String::from_utf8_lossy(&name[at..]).into_owned()
}
