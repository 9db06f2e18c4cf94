//! Goes through the arguments of a command, and through the commands of a script.

use super::MASK;
use super::names::{is_placeholder, is_secret};
use super::programs::{self, Program, Rule};
use super::text;

/// Scripts within scripts that are looked into.
const DEPTH: u8 = 3;

/// What is known from the arguments so far.
#[derive(Debug, Default)]
pub(super) struct Masker {
    program: Option<&'static Program>,
    previous: String,
    login: bool,
    batch: bool,
    depth: u8,
    /// Secrets masked.
    pub(super) masked: u32,
}

impl Masker {
    /// Takes note of the program's name; what is shown of it. Some programs write a whole title there.
    pub(super) fn begin(&mut self, name: &str) -> String {
        self.program = programs::find(name);
        let (shown, urls) = text::urls(name);
        let (shown, others) = text::inside(&shown);
        self.masked += urls + others;
        shown
    }

    /// What is shown of an argument; `last` says that no other follows.
    pub(super) fn argument(&mut self, argument: &str, last: bool) -> String {
        let shown = self.shown(argument, last);
        if let Some(program) = programs::find(argument) {
            // `sudo mysql`, `docker exec c mysql`
            self.program = Some(program);
        }
        self.login |= argument == "login";
        self.batch |= argument.starts_with('-') && !argument.starts_with("--") && argument.contains('b');
        self.previous.clear();
        self.previous.push_str(argument);
        shown
    }

    fn shown(&mut self, argument: &str, last: bool) -> String {
        if let Some(shown) = self.by_option(argument).or_else(|| self.by_program(argument, last)) {
            self.masked += 1;
            return shown;
        }
        let (mut shown, mut masked) = text::urls(argument);
        match text::whole(&shown).filter(|_| !self.is_script(argument)) {
            Some(whole) => (shown, masked) = (whole, masked + 1),
            None => {
                let n;
                (shown, n) = text::inside(&shown);
                masked += n;
            }
        }
        self.masked += masked;
        if self.depth < DEPTH && shown.contains(char::is_whitespace) {
            shown = self.script(&shown);
        }
        shown
    }

    /// The value of the option before: `--password SECRET`.
    fn by_option(&self, argument: &str) -> Option<String> {
        let option = self.previous.strip_prefix('-')?;
        // `docker build --secret id=…` names one.
        let names_one = option == "-secret" && argument.contains('=');
        let takes = !argument.starts_with('-') && !option.contains('=') && !names_one;
        (takes && is_secret(option, argument)).then(|| MASK.to_owned())
    }

    fn by_program(&self, argument: &str, last: bool) -> Option<String> {
        let program = self.program?;
        program.rules.iter().find_map(|rule| self.by_rule(*rule, argument, last))
    }

    fn by_rule(&self, rule: Rule, argument: &str, last: bool) -> Option<String> {
        let value = !argument.starts_with('-') && !is_placeholder(argument);
        match rule {
            Rule::Glued(option) => {
                let secret = argument.strip_prefix(option)?;
                (!is_placeholder(secret)).then(|| format!("{option}{MASK}"))
            }
            Rule::Next(option) => {
                let assigns = option == "login" && argument.contains('=');
                (value && self.follows(option) && !assigns).then(|| MASK.to_owned())
            }
            Rule::Login(option) => (value && self.login && self.previous == option).then(|| MASK.to_owned()),
            Rule::User(option, sign) => {
                let short = !option.starts_with("--");
                let (glue, rest) = match argument.strip_prefix(option) {
                    Some(rest) if short && !rest.is_empty() => (option, rest),
                    Some(rest) if rest.starts_with('=') => argument.split_at(option.len() + 1),
                    _ if value && self.follows(option) => ("", argument),
                    _ => return None,
                };
                let (user, secret) = rest.split_once(sign)?;
                (!is_placeholder(secret)).then(|| format!("{glue}{user}{sign}{MASK}"))
            }
            Rule::Last => (value && last && self.batch).then(|| MASK.to_owned()),
            Rule::Slash => {
                let (user, rest) = argument.split_once('/')?;
                let (secret, place) = rest.split_once('@').map_or((rest, None), |(s, p)| (s, Some(p)));
                let fits = value && !user.is_empty() && !secret.is_empty() && !user.starts_with('@');
                let place = place.map(|p| format!("@{p}")).unwrap_or_default();
                fits.then(|| format!("{user}/{MASK}{place}"))
            }
        }
    }

    /// Whether the argument before was `option`, or short options of which it is the last.
    fn follows(&self, option: &str) -> bool {
        let previous = self.previous.as_str();
        let cluster = option.len() == 2
            && previous.len() > 2
            && previous.starts_with('-')
            && previous[1..].bytes().all(|b| b.is_ascii_alphabetic())
            && previous.ends_with(&option[1..]);
        previous == option || cluster
    }

    /// Whether an argument is commands, not one value with spaces in it.
    fn is_script(&self, argument: &str) -> bool {
        let previous = self.previous.as_str();
        let by_option = previous.starts_with('-') && !previous.starts_with("--") && previous.ends_with('c');
        argument.contains(char::is_whitespace)
            && !argument.starts_with('-')
            && (by_option
                || argument.contains([';', '|', '`', '\n'])
                || argument.contains("&&")
                || argument.contains("$("))
    }

    /// Masks in the words of commands as a shell would see them.
    fn script(&mut self, script: &str) -> String {
        let mut inner = Self { depth: self.depth + 1, ..Self::default() };
        let mut out = String::with_capacity(script.len());
        let mut rest = script;
        let mut first = true;
        while let Some(c) = rest.chars().next() {
            if c.is_whitespace() || is_end(c) || matches!(c, '<' | '>') {
                if is_end(c) || c == '\n' {
                    inner = Self { depth: inner.depth, masked: inner.masked, ..Self::default() };
                    first = true;
                }
                out.push(c);
                rest = &rest[c.len_utf8()..];
                continue;
            }
            let (raw, after) = rest.split_at(word_length(rest));
            let (word, quote) = unquoted(raw);
            let before = inner.masked;
            let last = after.trim_start_matches([' ', '\t']).chars().next().is_none_or(is_end);
            let shown = if first { inner.begin(&word) } else { inner.argument(&word, last) };
            // `NAME=value command`
            first = first && word.contains('=') && !word.starts_with('-');
            if inner.masked == before {
                out.push_str(raw);
            } else {
                let quote = quote.filter(|_| shown.contains(char::is_whitespace));
                out.extend(quote);
                out.push_str(&shown);
                out.extend(quote);
            }
            rest = after;
        }
        self.masked += inner.masked;
        out
    }
}

/// Whether a command ends here.
fn is_end(c: char) -> bool {
    matches!(c, ';' | '|' | '&' | '(' | ')' | '\n')
}

/// Bytes of the word at the beginning, quoted parts included.
fn word_length(text: &str) -> usize {
    let mut quote = None;
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        if escaped {
            escaped = false;
        } else if c == '\\' && quote != Some('\'') {
            escaped = true;
        } else if quote == Some(c) {
            quote = None;
        } else if quote.is_none() {
            match c {
                '"' | '\'' => quote = Some(c),
                c if at > 0 && (c.is_whitespace() || is_end(c) || matches!(c, '<' | '>')) => return at,
                _ => {}
            }
        }
    }
    text.len()
}

/// A word without its quotes, and the first of them.
fn unquoted(raw: &str) -> (String, Option<char>) {
    let mut word = String::with_capacity(raw.len());
    let (mut quote, mut first, mut escaped) = (None, None, false);
    for c in raw.chars() {
        if escaped {
            escaped = false;
            word.push(c);
        } else if c == '\\' && quote != Some('\'') {
            escaped = true;
        } else if quote == Some(c) {
            quote = None;
        } else if quote.is_none() && matches!(c, '"' | '\'') {
            quote = Some(c);
            first = first.or(Some(c));
        } else {
            word.push(c);
        }
    }
    (word, first)
}
