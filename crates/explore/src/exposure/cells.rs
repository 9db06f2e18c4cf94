//! Cells in the form that is cheapest to pass on: the texts of a column one after the other.

/// The cells of one column. All are text; those of a dynamic column are JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextColumn {
    text: String,
    ends: Vec<usize>,
}

/// Some rows by column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextRows {
    /// How many; the columns say the same, unless there is none.
    pub rows: usize,
    /// The columns that were asked for, in that order.
    pub columns: Vec<TextColumn>,
}

impl TextColumn {
    /// Adds a cell.
    pub fn push(&mut self, text: &str) {
        self.push_parts(&[text]);
    }

    /// Adds a cell that is these texts one after the other.
    pub fn push_parts(&mut self, parts: &[&str]) {
        parts.iter().for_each(|p| self.text.push_str(p));
        self.ends.push(self.text.len());
    }

    /// How many cells there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Bytes of all cells.
    pub fn bytes(&self) -> usize {
        self.text.len()
    }

    /// The cells in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> + '_ {
        let mut from = 0;
        self.ends.iter().map(move |end| {
            let cell = &self.text[from..*end];
            from = *end;
            cell
        })
    }

    /// All texts in one piece, and where each ends in it.
    pub fn into_parts(self) -> (String, Vec<usize>) {
        (self.text, self.ends)
    }
}

impl TextRows {
    /// No rows of so many columns.
    pub fn new(columns: usize) -> Self {
        Self { rows: 0, columns: vec![TextColumn::default(); columns] }
    }

    /// Bytes of all cells.
    pub fn bytes(&self) -> usize {
        self.columns.iter().map(TextColumn::bytes).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_what_was_pushed() {
        let mut column = TextColumn::default();
        assert!(column.is_empty());
        for cell in ["", "ä", "b"] {
            column.push(cell);
        }
        column.push_parts(&["x", "|", "y"]);
        assert_eq!(column.iter().collect::<Vec<_>>(), ["", "ä", "b", "x|y"]);
        assert_eq!((column.len(), column.bytes()), (4, 6));
        assert_eq!(column.into_parts(), ("äbx|y".to_owned(), vec![0, 2, 3, 6]));
    }
}
