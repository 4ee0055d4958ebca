//! What a feed world takes from an import, whichever data set it was made of.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float32Array, StringArray, UInt16Array};
use arrow::datatypes::UInt16Type;
use recloop_env::{Grid, Group, Topics};

use super::ImportError;
use super::parquet_table::{Column, Table, numbered, vectors, write};

/// People and items as `feed-v0` would draw them, made of data instead.
///
/// Row `u` is person `u` of `users.parquet`, row `i` is item `i` of `items.parquet`: films, or artists whose items are to
/// be drawn around them. How the numbers come about is told by [`Geometry`](super::Geometry) and by the importers.
#[derive(Debug, Clone, PartialEq)]
pub struct FeedData {
    /// `[n_users, D]` interest x, rows of length 1.
    pub interest: Grid<f32>,
    /// `[n_users]` activity: how much they did, standardised, within ±3.
    pub activity: Vec<f32>,
    /// `[n_users]` conformity in (0, 1), about .4 ± .2.
    pub conformity: Vec<f32>,
    /// The groups people fall into.
    pub groups: Vec<Group>,
    /// `[n_users, G]` each person's level in each group.
    pub levels: Grid<u16>,
    /// `[n_items, D]` item vector z, no longer than about 1.6; ⟨x, z⟩ is ⟨interest, topic vector⟩ of a feed world.
    pub embedding: Grid<f32>,
    /// `[n_items]` main topic, a row of `topics`.
    pub topic: Vec<u16>,
    /// `[n_items]` quality in [0, 1].
    pub quality: Vec<f32>,
    /// `[n_items]` bait in [0, 1].
    pub bait: Vec<f32>,
    /// Topics with their centres.
    pub topics: Topics,
}

impl FeedData {
    pub(super) fn user_columns(&self) -> Vec<Column> {
        let mut columns = vec![
            Column::new("interest", "x of a feed world, length 1", vectors(&self.interest)),
            Column::new("activity", "how much they did, standardised, within ±3", floats(&self.activity)),
            Column::new("conformity", "in (0, 1)", floats(&self.conformity)),
        ];
        for (g, group) in self.groups.iter().enumerate() {
            let level = |user| &group.levels[self.levels.row(user)[g] as usize];
            let levels = StringArray::from_iter_values((0..self.levels.rows()).map(level));
            columns.push(Column::new(&group_column(group), "level of this group", Arc::new(levels)));
        }
        columns
    }

    pub(super) fn item_columns(&self) -> Vec<Column> {
        let topic = UInt16Array::from_iter_values(self.topic.iter().copied());
        vec![
            Column::new("embedding", "z of a feed world", vectors(&self.embedding)),
            Column::new("topic", "main topic, a row of topics.parquet", Arc::new(topic)),
            Column::new("quality", "in [0, 1]", floats(&self.quality)),
            Column::new("bait", "in [0, 1]", floats(&self.bait)),
        ]
    }

    pub(super) fn write_topics(&self, path: &Path) -> Result<(), ImportError> {
        let Topics { names, centres } = &self.topics;
        let columns = vec![
            Column::new("topic", "row number", numbered(names.len())),
            Column::new(
                "name",
                "in the data set's own words",
                Arc::new(StringArray::from_iter_values(names)),
            ),
            Column::new("centre", "mean direction of its items, length 1", vectors(centres)),
        ];
        write(path, columns)
    }

    /// Reads back what is not particular to a data set; vectors have `width` numbers.
    pub(super) fn read(tables: &Tables, groups: &[Group], width: usize) -> Result<Self, ImportError> {
        let Tables { users, items, topics } = tables;
        topics.check_numbered("topic")?;
        let names = topics.texts("name")?;
        let n_topics = names.len();
        Ok(Self {
            interest: users.vectors("interest", width)?,
            activity: users.within("activity", -3.0, 3.0)?,
            conformity: users.within("conformity", 0.0, 1.0)?,
            groups: groups.to_vec(),
            levels: levels(users, groups)?,
            embedding: items.vectors("embedding", width)?,
            topic: topic(items, n_topics)?,
            quality: items.within("quality", 0.0, 1.0)?,
            bait: items.within("bait", 0.0, 1.0)?,
            topics: Topics { names, centres: topics.vectors("centre", width)? },
        })
    }
}

/// The tables of an import, open.
pub(super) struct Tables {
    pub(super) users: Table,
    pub(super) items: Table,
    pub(super) topics: Table,
}

/// A group may be called like something else that is told of people.
fn group_column(group: &Group) -> String {
    format!("group_{}", group.name)
}

fn levels(users: &Table, groups: &[Group]) -> Result<Grid<u16>, ImportError> {
    let mut levels = Grid::zeros(users.n_rows(), groups.len());
    for (g, group) in groups.iter().enumerate() {
        let column = group_column(group);
        for (user, level) in users.texts(&column)?.iter().enumerate() {
            let at = group.levels.iter().position(|known| known == level).ok_or_else(|| {
                users.damaged(format!("column `{column}`, row {user}: `{level}` is no level of the group"))
            })?;
            levels.row_mut(user)[g] = at as u16;
        }
    }
    Ok(levels)
}

fn topic(items: &Table, n_topics: usize) -> Result<Vec<u16>, ImportError> {
    let topic = items.numbers::<UInt16Type>("topic")?;
    match topic.iter().position(|&topic| topic as usize >= n_topics) {
        Some(at) => Err(items.damaged(format!("column `topic`, row {at}: there are {n_topics} topics"))),
        None => Ok(topic),
    }
}

fn floats(values: &[f32]) -> ArrayRef {
    Arc::new(Float32Array::from_iter_values(values.iter().copied()))
}
