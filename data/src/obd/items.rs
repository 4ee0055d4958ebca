//! What describes the items of a campaign.

use std::path::Path;

use crate::DataError;
use crate::lines::{Encoding, LineFault, Table, parse_id};

/// `item_context.csv`: one row per item.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ItemTable {
    /// Ids in the order of the file.
    pub ids: Vec<u32>,
    /// What the other columns are called; a nameless index is left out.
    pub columns: Vec<String>,
    /// By column, as written.
    pub values: Vec<Vec<String>>,
}

impl ItemTable {
    /// Reads the items of a campaign.
    ///
    /// # Errors
    /// A file that is not there; no column `item_id`; lines of another length; an item twice.
    pub fn load(path: &Path) -> Result<Self, DataError> {
        let mut table = Self::default();
        let mut header: Option<(usize, Vec<usize>, usize)> = None;
        Table::read(path.to_owned(), Encoding::Utf8)?.each_line(|line| {
            let fields: Vec<&str> = line.split(',').collect();
            let Some((id, others, n)) = &header else {
                header = Some(table.name(&fields, line)?);
                return Ok(());
            };
            if fields.len() != *n {
                return Err(LineFault::FieldCount { expected: *n, found: fields.len() });
            }
            let id = parse_id("item_id", fields[*id])?;
            if table.ids.contains(&id) {
                return Err(LineFault::Relisted { what: "item", id });
            }
            table.ids.push(id);
            others.iter().zip(&mut table.values).for_each(|(at, own)| own.push(fields[*at].to_owned()));
            Ok(())
        })?;
        if table.ids.is_empty() { Err(DataError::Empty { path: path.to_owned() }) } else { Ok(table) }
    }

    /// Understands the header: where the id is, where the others are, how many fields there are.
    fn name(&mut self, fields: &[&str], line: &str) -> Result<(usize, Vec<usize>, usize), LineFault> {
        let id = fields.iter().position(|name| *name == "item_id");
        let id = id.ok_or_else(|| LineFault::Header { expected: "item_id, …", found: line.to_owned() })?;
        let others: Vec<usize> =
            (0..fields.len()).filter(|at| *at != id && !fields[*at].is_empty()).collect();
        self.columns = others.iter().map(|at| fields[*at].to_owned()).collect();
        self.values = vec![Vec::new(); others.len()];
        Ok((id, others, fields.len()))
    }
}
