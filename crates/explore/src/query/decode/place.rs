use std::fmt::Write as _;

use crate::query::{QueryCode, QueryError};

enum Step {
    Root,
    Field(&'static str),
    Item(usize),
}

/// A place in a document, known without any work until somebody asks for it.
pub(super) struct Place<'p> {
    parent: Option<&'p Place<'p>>,
    step: Step,
}

impl<'p> Place<'p> {
    pub fn root() -> Self {
        Self { parent: None, step: Step::Root }
    }

    pub fn field(&'p self, name: &'static str) -> Self {
        Self { parent: Some(self), step: Step::Field(name) }
    }

    pub fn item(&'p self, at: usize) -> Self {
        Self { parent: Some(self), step: Step::Item(at) }
    }

    pub fn error(&self, code: QueryCode, message: impl Into<String>) -> QueryError {
        let mut error = QueryError::new(code, message);
        self.write(&mut error.pointer);
        error
    }

    fn write(&self, out: &mut String) {
        if let Some(parent) = self.parent {
            parent.write(out);
        }
        // Writing to a text does not fail; names of fields need no escape.
        let _ = match self.step {
            Step::Root => Ok(()),
            Step::Field(name) => write!(out, "/{name}"),
            Step::Item(at) => write!(out, "/{at}"),
        };
    }
}
