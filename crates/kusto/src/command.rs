//! Management commands: those that only show something.

/// Longest command, bytes.
const MAX_COMMAND: usize = 64 * 1024;

/// A command that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// `.show databases`.
    Databases,
    /// `.show database [NAME] [details]`; the present one when there is no name.
    Database(Option<String>),
    /// `.show databases schema …` and `.show database [NAME] schema …`.
    Schema {
        /// Which; all that the caller sees when there is none.
        databases: Vec<String>,
        /// The form of the answer.
        form: SchemaForm,
    },
    /// `.show tables [(A, B)] [details]`; all when no name is given.
    Tables {
        /// Which.
        names: Vec<String>,
        /// With figures.
        details: bool,
    },
    /// `.show table NAME`: its columns.
    Table(String),
    /// `.show table NAME schema as json`.
    TableJson(String),
    /// `.show table NAME cslschema`.
    TableCsl(String),
    /// `.show cluster`.
    Cluster,
    /// `.show version`.
    Version,
    /// `.show diagnostics`.
    Diagnostics,
    /// `.show functions`.
    Functions,
    /// `.show function NAME`.
    Function(String),
    /// `.show principal roles`, `.show database [NAME] principals`: the caller's.
    PrincipalRoles,
}

/// How a schema is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchemaForm {
    /// A row for each database, table and column.
    Rows,
    /// One text of JSON.
    Json,
    /// The commands that would make it.
    Script,
}

/// A command, and the operators that stand behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parsed {
    /// The command.
    pub command: Command,
    /// What follows its first pipe, with that pipe.
    pub pipe: Option<String>,
}

/// A command that is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandError {
    /// `not_supported` or `invalid_argument`.
    pub code: &'static str,
    /// One sentence that names it.
    pub message: String,
}

impl std::fmt::Display for CommandError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for CommandError {}

/// Reads a command.
///
/// # Errors
/// A command that is none, or none of those that are here; it is named.
pub fn parse(text: &str) -> Result<Parsed, CommandError> {
    let invalid = |message: String| CommandError { code: "invalid_argument", message };
    if text.len() > MAX_COMMAND {
        return Err(invalid(format!("the command has more than {MAX_COMMAND} bytes")));
    }
    let text = text.trim().trim_end_matches(';').trim_end();
    if !text.starts_with('.') {
        return Err(invalid(
            "a management command begins with a dot; queries go to the query endpoint".to_owned(),
        ));
    }
    let (tokens, pipe) = tokens(text)?;
    let words: Vec<Word<'_>> = tokens.iter().map(Token::word).collect();
    let command = show(&words).ok_or_else(|| {
        let shown: String = text.split('|').next().unwrap_or_default().trim().chars().take(200).collect();
        CommandError { code: "not_supported", message: format!("the command '{shown}' is not supported") }
    })?;
    Ok(Parsed { command, pipe })
}

/// A part of a command.
enum Token {
    /// As it stands.
    Plain(String),
    /// In quotes or brackets: a name, whatever it holds.
    Name(String),
}

/// The same, to match against.
#[derive(Clone, Copy, PartialEq)]
enum Word<'t> {
    /// In lower case where it is a keyword, and as written.
    Plain(&'t str),
    Name(&'t str),
}

impl Token {
    fn word(&self) -> Word<'_> {
        match self {
            Token::Plain(text) => Word::Plain(text),
            Token::Name(text) => Word::Name(text),
        }
    }
}

impl<'t> Word<'t> {
    fn is(self, keyword: &str) -> bool {
        matches!(self, Word::Plain(text) if text.eq_ignore_ascii_case(keyword))
    }

    fn name(self) -> Option<&'t str> {
        match self {
            Word::Plain(text) if text.starts_with(|c: char| c.is_alphanumeric() || c == '_') => Some(text),
            Word::Plain(_) => None,
            Word::Name(text) => Some(text),
        }
    }
}

fn tokens(text: &str) -> Result<(Vec<Token>, Option<String>), CommandError> {
    let unclosed =
        || CommandError { code: "invalid_argument", message: "a quoted name has no end".to_owned() };
    let mut found = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        if let Some(comment) = rest.strip_prefix("//") {
            rest = comment.split_once('\n').map_or("", |(_, after)| after);
            continue;
        }
        let Some(first) = rest.chars().next() else { return Ok((found, None)) };
        match first {
            '|' => return Ok((found, Some(rest.to_owned()))),
            '"' | '\'' => {
                let within = rest.get(1..).unwrap_or_default();
                let (name, after) = within.split_once(first).ok_or_else(unclosed)?;
                found.push(Token::Name(name.to_owned()));
                rest = after;
            }
            '[' => {
                let (within, after) = rest.get(1..).and_then(|r| r.split_once(']')).ok_or_else(unclosed)?;
                found.push(Token::Name(within.trim().trim_matches(['"', '\'']).to_owned()));
                rest = after;
            }
            _ => {
                let part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
                let end = rest.find(|c: char| !part(c)).filter(|end| *end > 0).unwrap_or(if part(first) {
                    rest.len()
                } else {
                    first.len_utf8()
                });
                let (one, after) = rest.split_at(end);
                found.push(Token::Plain(one.to_owned()));
                rest = after;
            }
        }
    }
}

fn show(words: &[Word<'_>]) -> Option<Command> {
    let (first, rest) = words.split_first()?;
    if !first.is(".show") {
        return None;
    }
    let (what, rest) = rest.split_first()?;
    let is = |at: usize, keyword: &str| rest.get(at).is_some_and(|w| w.is(keyword));
    let none = rest.is_empty();
    match () {
        () if what.is("databases") => match schema(rest) {
            Some(form) => Some(Command::Schema { databases: Vec::new(), form }),
            None if none => Some(Command::Databases),
            None => {
                let (databases, rest) = names(rest)?;
                Some(Command::Schema { databases, form: schema(rest)? })
            }
        },
        () if what.is("database") || what.is("databaseschema") => database(rest),
        () if what.is("schema") => schema_of_all(rest),
        () if what.is("tables") => {
            let (names, rest) = names(rest).unwrap_or((Vec::new(), rest));
            let details = rest.first().is_some_and(|w| w.is("details"));
            (rest.is_empty() || (details && rest.len() == 1)).then_some(Command::Tables { names, details })
        }
        () if what.is("table") => {
            let name = rest.first()?.name()?.to_owned();
            match rest.len() {
                1 => Some(Command::Table(name)),
                2 if is(1, "details") => Some(Command::Tables { names: vec![name], details: true }),
                2 if is(1, "cslschema") => Some(Command::TableCsl(name)),
                4 if is(1, "schema") && is(2, "as") && is(3, "json") => Some(Command::TableJson(name)),
                4 if is(1, "schema") && is(2, "as") && is(3, "csl") => Some(Command::TableCsl(name)),
                _ => None,
            }
        }
        () if what.is("function") => match rest {
            [name] => Some(Command::Function(name.name()?.to_owned())),
            _ => None,
        },
        () if what.is("principal") => (none || (rest.len() == 1 && (is(0, "roles") || is(0, "access"))))
            .then_some(Command::PrincipalRoles),
        () if !none => None,
        () if what.is("cluster") => Some(Command::Cluster),
        () if what.is("version") => Some(Command::Version),
        () if what.is("diagnostics") => Some(Command::Diagnostics),
        () if what.is("functions") => Some(Command::Functions),
        () => None,
    }
}

fn database(rest: &[Word<'_>]) -> Option<Command> {
    match rest {
        [] => Some(Command::Database(None)),
        [one] if one.is("details") || one.is("identity") => Some(Command::Database(None)),
        [one] if one.is("principals") => Some(Command::PrincipalRoles),
        [one, ..] if one.is("schema") || one.is("cslschema") => {
            Some(Command::Schema { databases: Vec::new(), form: schema(rest)? })
        }
        [name, more @ ..] => {
            let name = name.name()?.to_owned();
            match more {
                [] => Some(Command::Database(Some(name))),
                [one] if one.is("details") || one.is("identity") => Some(Command::Database(Some(name))),
                [one] if one.is("principals") => Some(Command::PrincipalRoles),
                more => schema(more).map(|form| Command::Schema { databases: vec![name], form }),
            }
        }
    }
}

/// `.show schema [as json]`, of all databases.
fn schema_of_all(rest: &[Word<'_>]) -> Option<Command> {
    let form = match rest {
        [] => SchemaForm::Rows,
        [a, b] if a.is("as") && b.is("json") => SchemaForm::Json,
        _ => return None,
    };
    Some(Command::Schema { databases: Vec::new(), form })
}

/// `schema [details] [as json|csl script]`.
fn schema(words: &[Word<'_>]) -> Option<SchemaForm> {
    let (first, rest) = words.split_first()?;
    if first.is("cslschema") && rest.is_empty() {
        return Some(SchemaForm::Script);
    }
    if !first.is("schema") {
        return None;
    }
    let rest = match rest.split_first() {
        Some((details, rest)) if details.is("details") => rest,
        _ => rest,
    };
    match rest {
        [] => Some(SchemaForm::Rows),
        [a, b] if a.is("as") && b.is("json") => Some(SchemaForm::Json),
        [a, b] if a.is("as") && b.is("csl") => Some(SchemaForm::Script),
        [a, b, c] if a.is("as") && b.is("csl") && c.is("script") => Some(SchemaForm::Script),
        _ => None,
    }
}

/// `(A, B)`, and what follows.
fn names<'w, 't>(words: &'w [Word<'t>]) -> Option<(Vec<String>, &'w [Word<'t>])> {
    let (first, rest) = words.split_first()?;
    if !first.is("(") {
        return None;
    }
    let end = rest.iter().position(|w| w.is(")"))?;
    let (within, after) = rest.split_at(end);
    let names = within.iter().filter(|w| !w.is(",")).map(|w| w.name().map(str::to_owned));
    Some((names.collect::<Option<Vec<_>>>()?, after.get(1..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Command, CommandError> {
        parse(text).map(|parsed| parsed.command)
    }

    #[test]
    fn what_clients_ask_is_known() {
        let json = |databases: &[&str]| Command::Schema {
            databases: databases.iter().map(|d| (*d).to_owned()).collect(),
            form: SchemaForm::Json,
        };
        for (text, command) in [
            (".show databases", Command::Databases),
            (" .SHOW Databases ; ", Command::Databases),
            (".show database", Command::Database(None)),
            (".show database ['my db']", Command::Database(Some("my db".to_owned()))),
            (".show databases schema as json", json(&[])),
            (".show schema as json", json(&[])),
            (".show database schema as json", json(&[])),
            (".show database ['a-b'] schema as json", json(&["a-b"])),
            (".show databases (a, [\"b\"]) schema as json", json(&["a", "b"])),
            (
                ".show database x schema",
                Command::Schema { databases: vec!["x".to_owned()], form: SchemaForm::Rows },
            ),
            (
                ".show databases schema details",
                Command::Schema { databases: Vec::new(), form: SchemaForm::Rows },
            ),
            (
                ".show database x cslschema",
                Command::Schema { databases: vec!["x".to_owned()], form: SchemaForm::Script },
            ),
            (".show tables", Command::Tables { names: Vec::new(), details: false }),
            (
                ".show tables (A, B) details",
                Command::Tables { names: vec!["A".to_owned(), "B".to_owned()], details: true },
            ),
            (".show table T", Command::Table("T".to_owned())),
            (".show table ['T'] schema as json", Command::TableJson("T".to_owned())),
            (".show table T cslschema // why", Command::TableCsl("T".to_owned())),
            (".show table T details", Command::Tables { names: vec!["T".to_owned()], details: true }),
            (".show cluster", Command::Cluster),
            (".show version", Command::Version),
            (".show functions", Command::Functions),
            (".show function ['My f']", Command::Function("My f".to_owned())),
            (".show diagnostics", Command::Diagnostics),
            (".show principal roles", Command::PrincipalRoles),
            (".show database x principals", Command::PrincipalRoles),
        ] {
            assert_eq!(read(text), Ok(command), "{text}");
        }
    }

    #[test]
    fn operators_may_follow() -> Result<(), CommandError> {
        let parsed = parse(".show tables | where TableName has 'x' | count")?;
        assert_eq!(parsed.pipe.as_deref(), Some("| where TableName has 'x' | count"));
        Ok(())
    }

    #[test]
    fn everything_else_is_named() {
        for text in [
            ".create table T (a:int)",
            ".drop table T",
            ".ingest inline into table T <| 1",
            ".show queries",
            ".show tables whatever",
            ".show",
            ".",
            ".show table",
            ".show databases (a",
            ".set T <| print 1",
        ] {
            let error = read(text).err();
            assert_eq!(error.as_ref().map(|e| e.code), Some("not_supported"), "{text}");
            let first = text.split('|').next().unwrap_or_default().trim();
            assert!(error.is_some_and(|e| e.message.contains(first)), "{text}");
        }
        assert_eq!(read("print 1").err().map(|e| e.code), Some("invalid_argument"));
        assert_eq!(read(".show table 'x").err().map(|e| e.code), Some("invalid_argument"));
        assert!(read(&".".repeat(100_000)).is_err());
    }
}
