//! Opening a table: which columns it takes, how wide its lists are, which actions and levels there are.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use arrow::array::{Array, AsArray};
use arrow::datatypes::Int64Type;
use rayon::prelude::*;

use super::actions::{Actions, Features, Items, listed};
use super::columns::{Column, Id, Lanes, List, Role, is_list, is_text, whole};
use super::files::{self, Chunk, LogFile};
use super::levels::{Found, Levels, MOST};
use super::mapping::{Context, refused};
use super::reward::Reward;
use super::sheet::Sheet;
use super::taken::retarget;
use super::target::Written;
use super::{Logging, Mapping, Table, TableOptions, Target, TargetSpec, Widths};
use crate::ope::OpeError;

/// The first rows, by which the width of lists and the size of slates are known.
const FIRST_ROWS: usize = 8_192;

/// The mapping that lies beside a log, if there is one.
fn beside(paths: &[PathBuf]) -> Option<PathBuf> {
    let first = paths.first()?;
    let dir = if first.is_dir() { first.as_path() } else { first.parent()? };
    Some(dir.join("columns.toml")).filter(|path| path.is_file())
}

impl Table {
    /// Opens a log: Parquet files, or directories of them. Without a mapping, that of a `columns.toml` beside the first is
    /// taken, or else every column whose name is a key of [`Mapping`] is taken for that.
    ///
    /// Reads no more than the first rows, but for the column of the breakdown, which is read once.
    ///
    /// # Errors
    /// Files that are not there, cut short, or no Parquet; columns that are not there or hold something else, with those
    /// there are; a mapping that contradicts itself; a target that is none; more than 256 levels.
    pub fn open(
        paths: &[PathBuf],
        mapping: Option<Mapping>,
        target: &TargetSpec,
        options: TableOptions,
    ) -> Result<Self, OpeError> {
        let mapping = match (mapping, beside(paths)) {
            (None, Some(path)) => Some(Mapping::load(&path)?),
            (mapping, _) => mapping,
        };
        let apart = mapping.iter().flat_map(|mapping| [&mapping.items, &mapping.logging_table]).flatten();
        let apart: Vec<PathBuf> = apart.map(|file| file.split('?').next().unwrap_or(file).into()).collect();
        let files = files::open(paths, &apart)?;
        let names: Vec<String> =
            files[0].schema().fields().iter().map(|field| field.name().clone()).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut mapping = mapping.unwrap_or_else(|| Mapping::of_names(&names));
        mapping.check()?;
        let target_file = retarget(&mut mapping, target, &files[0])?;
        let Some(reward) = options.reward.as_ref().or(mapping.reward.as_ref()) else {
            let reason = format!("nothing says what its reward is: name a column of {}", names.join(", "));
            return Err(refused("the log", reason));
        };
        let reward = Reward::read(reward, &names)?;
        let mut table = Self::begun(files, mapping, reward, options);
        table.check_columns()?;
        table.measure()?;
        table.know_actions(target_file.as_deref())?;
        table.levels = table.find_levels()?;
        table.count_loggers()?;
        Ok(table)
    }

    /// What can be said before a row is read.
    fn begun(files: Vec<LogFile>, mapping: Mapping, reward: Reward, options: TableOptions) -> Self {
        let chunks = files.iter().enumerate().flat_map(|(at, file)| file.chunks(at)).collect();
        let kind = |name: &Option<String>| files[0].kind(name.as_deref()?);
        let predictions = kind(&mapping.reward_predictions).is_some_and(is_list);
        let worded = kind(&mapping.action).is_some_and(is_text);
        Self {
            target: Target::Logged,
            actions: Actions::Unknown,
            features: Features::default(),
            logging: Logging::Unknown,
            levels: None,
            widths: Widths { predictions, ..Widths::default() },
            slate: 0,
            shares: OnceLock::new(),
            files,
            chunks,
            reward,
            worded,
            mapping,
            options,
        }
    }

    fn check_columns(&self) -> Result<(), OpeError> {
        let mut columns = self.all_columns();
        if let Some((name, _)) = self.by() {
            columns.push(Column { role: Role::Level, name });
        }
        self.files.iter().try_for_each(|file| file.check(&columns))
    }

    /// Takes the first rows for the width of lists and the size of slates.
    fn measure(&mut self) -> Result<(), OpeError> {
        let columns = self.all_columns();
        let Some(file) = self.files.iter().find(|file| file.n_groups() > 0) else { return Ok(()) };
        let names = columns.iter().map(|column| column.name.as_str());
        let first = file.read(0..file.n_groups(), names, FIRST_ROWS)?.next();
        let Some(first) = first else { return Ok(()) };
        let first = first.map_err(|error| file.damaged(&error))?;
        let mut lanes = Lanes::default();
        lanes.fill(&first, &columns, None).map_err(|error| file.damaged(&error))?;
        let has = |which: List| columns.iter().any(|column| column.role == Role::List(which));
        let width = |which: List| if has(which) { lanes.list(which).row(0).len() } else { 0 };
        self.widths.actions = [List::Target, List::Logging, List::Predictions]
            .into_iter()
            .map(width)
            .find(|n| *n > 0)
            .unwrap_or(0);
        self.widths.loggers = self.mapping.logger_shares.as_ref().map_or(width(List::Loggers), Vec::len);
        self.widths.context = width(List::Context);
        let slates = lanes.id(Id::Slate);
        self.slate =
            slates.first().map_or(0, |first| slates.iter().take_while(|slate| *slate == first).count());
        Ok(())
    }

    fn know_actions(&mut self, target_file: Option<&str>) -> Result<(), OpeError> {
        let key = self.mapping.action.clone().unwrap_or_default();
        let sheet = self.mapping.items.as_deref().map(Sheet::read).transpose()?;
        let items = sheet.as_ref().map(|sheet| listed(sheet, &key, self.worded)).transpose()?;
        let read = |file: &str| Written::read(file, self.worded);
        let target = target_file.map(read).transpose()?;
        let logging = self.mapping.logging_table.as_deref().map(read).transpose()?;
        self.actions = self.actions_of(items.as_deref(), target.iter().chain(&logging))?;
        let described = match (&sheet, &items) {
            (Some(sheet), Some(names)) => Items::new(sheet, &key, names, &self.actions)?,
            _ => Items::default(),
        };
        let context = match &self.mapping.context {
            Some(Context::Columns(columns)) => columns.len(),
            Some(Context::List(_)) => self.widths.context,
            None => 0,
        };
        self.features = Features::new(context, self.actions.len(), described);
        self.target = self.target_of(target)?;
        self.logging = match (logging, &self.mapping.logging_probs) {
            (_, Some(_)) => Logging::Listed,
            (Some(table), None) if self.actions.len() > 0 => Logging::Placed(table.placed(&self.actions)?),
            _ => Logging::Unknown,
        };
        Ok(())
    }

    /// The actions there are: those of the lists, or else those of the target's and the logger's tables.
    fn actions_of<'a>(
        &self,
        items: Option<&[u64]>,
        mut tables: impl Iterator<Item = &'a Written>,
    ) -> Result<Actions, OpeError> {
        match (self.widths.actions, items) {
            (0, _) => Ok(tables.next().map_or(Actions::Unknown, |first| {
                Actions::sorted(first.names().chain(tables.flat_map(Written::names)))
            })),
            (n, Some(items)) if self.worded && items.len() == n => Ok(Actions::named(items.to_vec(), true)),
            (_, _) if self.worded => {
                let reason = "actions are words, so nothing says in which order lists go over them: name a file of `items` that lists them in that order, one row each";
                Err(refused("lists over actions", reason.into()))
            }
            (n, _) => Ok(Actions::Counted(n)),
        }
    }

    fn target_of(&self, table: Option<Written>) -> Result<Target, OpeError> {
        let mapping = &self.mapping;
        if mapping.slate.is_some() {
            return Ok(Target::Slates);
        }
        let needs_action = |target| match &mapping.action {
            Some(_) => Ok(target),
            None => Err(refused("the target", "the log does not say which column is the `action`".into())),
        };
        if let Some(table) = table {
            return needs_action(Target::Placed(table.placed(&self.actions)?));
        }
        if mapping.target_action.is_some() {
            return needs_action(Target::Real);
        }
        if mapping.target_probs.is_some() { needs_action(Target::Listed) } else { Ok(Target::Logged) }
    }

    /// The column of the breakdown, and where it counts from.
    fn by(&self) -> Option<(String, u16)> {
        let Mapping { group, position, first_position, .. } = &self.mapping;
        let asked = self.options.by.as_deref().or(group.as_deref())?;
        let known = self.files[0].schema().column_with_name(asked).is_some();
        let name = match asked {
            "group" if !known => group.as_deref().unwrap_or(asked),
            "position" if !known => position.as_deref().unwrap_or(asked),
            asked => asked,
        };
        let first = if Some(name) == position.as_deref() { *first_position } else { 0 };
        Some((name.to_owned(), first))
    }

    fn find_levels(&self) -> Result<Option<Levels>, OpeError> {
        let Some((name, first)) = self.by() else { return Ok(None) };
        let too_many = |file: &LogFile| {
            file.told(format!(
                "column `{name}` has more than {MOST} levels: results cannot be broken down by it"
            ))
        };
        let found = self.over_column(&name, Found::default, |file, found, array| {
            let few = found.take(array).map_err(|error| file.damaged(&error))?;
            if few { Ok(()) } else { Err(too_many(file)) }
        })?;
        let found = found.into_iter().fold(Found::default(), Found::merge);
        if found.len() > MOST {
            return Err(too_many(&self.files[0]));
        }
        Ok(Some(found.levels(&name, first)))
    }

    /// Reads one column alone; what each chunk comes to, in order.
    fn over_column<T: Send>(
        &self,
        name: &str,
        start: impl Fn() -> T + Sync,
        take: impl Fn(&LogFile, &mut T, &dyn Array) -> Result<(), OpeError> + Sync,
    ) -> Result<Vec<T>, OpeError> {
        let over = |Chunk { file, groups }: &Chunk| {
            let (file, mut sum) = (&self.files[*file], start());
            for batch in file.read(groups.clone(), std::iter::once(name), FIRST_ROWS)? {
                let batch = batch.map_err(|error| file.damaged(&error))?;
                batch.column_by_name(name).map_or(Ok(()), |array| take(file, &mut sum, array))?;
            }
            Ok(sum)
        };
        self.chunks.par_iter().map(over).collect()
    }

    /// How many loggers there are, where neither their probabilities nor their shares tell.
    fn count_loggers(&mut self) -> Result<(), OpeError> {
        let Some(name) = self.mapping.logger.clone().filter(|_| self.widths.loggers == 0) else {
            return Ok(());
        };
        let last = self.over_column(
            &name,
            || -1,
            |file, last: &mut i64, array| {
                let loggers = whole(array).map_err(|error| file.damaged(&error))?;
                *last = (*last).max(arrow::compute::max(loggers.as_primitive::<Int64Type>()).unwrap_or(-1));
                Ok(())
            },
        )?;
        let last = last.into_iter().max().unwrap_or(-1);
        self.widths.loggers = usize::try_from(last + 1).unwrap_or(0).min(usize::from(u16::MAX));
        Ok(())
    }

    /// n_k / n of each logger, declared or counted.
    pub(super) fn shares(&self) -> Result<&[f64], OpeError> {
        if let Some(shares) = self.mapping.logger_shares.as_ref().or_else(|| self.shares.get()) {
            return Ok(shares);
        }
        let n = self.widths.loggers;
        let name = self.mapping.logger.as_deref().unwrap_or_default();
        let counts = self.over_column(
            name,
            || vec![0_u64; n],
            |file, counts, array| {
                let whole = whole(array).map_err(|error| file.damaged(&error))?;
                for logger in whole.as_primitive::<Int64Type>().iter().flatten() {
                    let count = usize::try_from(logger).ok().and_then(|at| counts.get_mut(at));
                    count.into_iter().for_each(|count| *count += 1);
                }
                Ok(())
            },
        )?;
        let total = |k: usize| counts.iter().map(|counts| counts[k]).sum::<u64>();
        let all = (0..n).map(total).sum::<u64>().max(1);
        let shares = (0..n).map(|k| total(k) as f64 / all as f64).collect();
        Ok(self.shares.get_or_init(|| shares))
    }
}

/// Where the columns beside `log` are described, if anywhere.
#[must_use]
pub fn mapping_beside(log: &Path) -> Option<PathBuf> {
    beside(&[log.to_owned()])
}
