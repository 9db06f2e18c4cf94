//! Arguments to one line, with secrets masked before anything is stored.

mod glance;
mod mask;
mod names;
mod programs;
mod text;

use super::decode::lossy;
use mask::Masker;

/// What stands in the place of a secret.
const MASK: &str = "********";

/// The command line and how many secrets were masked in it.
pub(crate) fn command_line(argv: &[u8]) -> (String, u32) {
    let argv = argv.strip_suffix(&[0]).unwrap_or(argv);
    if argv.is_empty() {
        return (String::new(), 0);
    }
    let mut line = String::with_capacity(argv.len() + 16);
    // Most command lines are spared the rest.
    let mut masker = glance::may_hold_secret(argv).then(Masker::default);
    let mut arguments = argv.split(|b| *b == 0).enumerate().peekable();
    while let Some((index, argument)) = arguments.next() {
        let text = lossy(argument.to_vec());
        if index > 0 {
            line.push(' ');
        }
        match &mut masker {
            Some(masker) if index > 0 => {
                push_quoted(&mut line, &masker.argument(&text, arguments.peek().is_none()));
            }
            Some(masker) => push_quoted(&mut line, &masker.begin(&text)),
            None => push_quoted(&mut line, &text),
        }
    }
    (line, masker.map_or(0, |m| m.masked))
}

fn push_quoted(line: &mut String, text: &str) {
    let plain = !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || c == '"');
    if plain {
        line.push_str(text);
        return;
    }
    line.push('"');
    for c in text.chars() {
        if c == '"' {
            line.push('\\');
        }
        line.push(c);
    }
    line.push('"');
}

#[cfg(test)]
mod tests;
