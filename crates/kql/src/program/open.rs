//! Programs whose columns depend on rows.

use std::sync::Arc;

use super::Program;
use crate::catalogue::Recorded;
use crate::diagnostic::Diagnostic;
use crate::types::Schema;

/// Most times that one query may ask its rows for columns.
pub const MAX_QUESTIONS: usize = 8;

/// What the rows of a stage are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// The properties of the bags in the column, with one type each where all its values have
    /// one (numbers of both kinds are reals), else dynamic; in the order of their names.
    Keys,
    /// The texts of the column, each once and in order; a column of the answer for each.
    Values,
}

/// A stage that must run before the columns after it are known.
///
/// An executor runs the stages up to [`Open::stage`], answers the question and goes on with what
/// [`Open::again`] gives. The stages up to this one are the same there, so their results stay good.
#[derive(Clone, Debug)]
pub struct Open {
    /// The stage whose rows are asked.
    pub stage: usize,
    /// Which of its columns.
    pub column: usize,
    /// What they are asked.
    pub question: Question,
    /// The answers to the questions before this one.
    pub(crate) answers: Vec<Schema>,
    pub(crate) text: Arc<str>,
    pub(crate) catalogue: Arc<Recorded>,
    pub(crate) now: i64,
}

impl PartialEq for Open {
    fn eq(&self, other: &Self) -> bool {
        self.stage == other.stage
            && self.column == other.column
            && self.question == other.question
            && self.answers == other.answers
    }
}

impl Open {
    /// How many questions were answered before this one.
    pub fn answered(&self) -> usize {
        self.answers.len()
    }

    /// The program with one more answer.
    ///
    /// # Errors
    /// What is wrong with the rest of the query now that the columns are known.
    pub fn again(&self, answer: Schema) -> Result<Program, Vec<Diagnostic>> {
        let mut answers = self.answers.clone();
        answers.push(answer);
        crate::compile_with(&self.text, self.catalogue.as_ref(), self.now, &answers)
    }
}
