//! Opening a table: which columns it takes, how wide its lists are, which actions and levels there are.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use arrow::array::{Array, AsArray};
use arrow::datatypes::DataType;
use rayon::prelude::*;

use super::actions::{Actions, Features, Items, listed};
use super::columns::{Column, Id, Lanes, List, Number, Role, is_list, is_text};
use super::files::{self, Chunk, LogFile};
use super::levels::{Found, Levels, MOST};
use super::mapping::{Context, refused};
use super::reward::Reward;
use super::sheet::Sheet;
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
            (Some(mapping), _) => Some(mapping),
            (None, Some(path)) => Some(Mapping::load(&path)?),
            (None, None) => None,
        };
        let apart = mapping.iter().flat_map(|mapping| [&mapping.items, &mapping.logging_table]).flatten();
        let apart: Vec<PathBuf> = apart.map(|file| file.split('?').next().unwrap_or(file).into()).collect();
        let files = files::open(paths, &apart)?;
        let schema = files[0].schema().clone();
        let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        let mut mapping = mapping.unwrap_or_else(|| Mapping::of_names(&names));
        mapping.check()?;
        let kind = |name: &str| schema.column_with_name(name).map(|(_, field)| field.data_type());
        let target_file = retarget(&mut mapping, target, &files[0], kind)?;
        let reward = options.reward.as_ref().or(mapping.reward.as_ref()).ok_or_else(|| {
            refused(
                "the log",
                format!("nothing says what its reward is: name a column of {}", names.join(", ")),
            )
        })?;
        let reward = Reward::read(reward, &names)?;
        let chunks = files.iter().enumerate().flat_map(|(at, file)| file.chunks(at)).collect();
        let predictions = mapping.reward_predictions.as_deref().and_then(kind).is_some_and(is_list);
        let worded = mapping.action.as_deref().and_then(kind).is_some_and(is_text);
        let mut table = Self {
            files,
            chunks,
            target: Target::Logged,
            reward,
            actions: Actions::Unknown,
            features: Features::default(),
            logging: Logging::Unknown,
            levels: None,
            widths: Widths { predictions, ..Widths::default() },
            worded,
            slate: 0,
            shares: OnceLock::new(),
            mapping,
            options,
        };
        table.check_columns()?;
        table.measure()?;
        table.know_actions(target_file.as_deref())?;
        table.levels = table.find_levels()?;
        Ok(table)
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
        self.actions = match (self.widths.actions, &items) {
            (0, _) if target.is_none() => Actions::Unknown,
            (0, _) => {
                let tables = target.iter().chain(&logging);
                Actions::sorted(tables.flat_map(Written::names))
            }
            (n, Some(items)) if self.worded && items.len() == n => Actions::named(items.clone(), true),
            (_, _) if self.worded => {
                let reason = "actions are words, so nothing says in which order lists go over them: name a file of `items` that lists them in that order, one row each";
                return Err(refused("lists over actions", reason.into()));
            }
            (n, _) => Actions::Counted(n),
        };
        if let (Some(sheet), Some(names)) = (&sheet, &items) {
            let items = Items::new(sheet, &key, names, &self.actions)?;
            self.features = Features::new(0, self.actions.len(), items);
        } else {
            self.features = Features::new(0, self.actions.len(), Items::default());
        }
        self.features.context = match &self.mapping.context {
            Some(Context::Columns(columns)) => columns.len(),
            Some(Context::List(_)) => self.widths.context,
            None => 0,
        };
        self.target = self.target_of(target)?;
        self.logging = match (logging, &self.mapping.logging_probs) {
            (_, Some(_)) => Logging::Listed,
            (Some(table), None) if self.actions.len() > 0 => Logging::Placed(table.placed(&self.actions)?),
            _ => Logging::Unknown,
        };
        Ok(())
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
                let whole =
                    arrow::compute::cast(array, &DataType::Int64).map_err(|error| file.damaged(&error))?;
                for logger in whole.as_primitive::<arrow::datatypes::Int64Type>().iter().flatten() {
                    let count = usize::try_from(logger).ok().and_then(|at| counts.get_mut(at));
                    count.map(|count| *count += 1);
                }
                Ok(())
            },
        )?;
        let total = |k: usize| counts.iter().map(|counts| counts[k]).sum::<u64>();
        let all = (0..n).map(total).sum::<u64>().max(1);
        let shares = (0..n).map(|k| total(k) as f64 / all as f64).collect();
        Ok(self.shares.get_or_init(|| shares))
    }

    /// Every column that anything could want.
    pub(super) fn all_columns(&self) -> Vec<Column> {
        self.columns(|_| true)
    }

    /// The columns with these roles, and those of the reward.
    pub(super) fn columns(&self, wanted: impl Fn(Role) -> bool) -> Vec<Column> {
        let m = &self.mapping;
        let number = |which, name: &Option<String>| (Role::Number(which), name.clone());
        let list = |which, name: &Option<String>| (Role::List(which), name.clone());
        let predictions = if self.widths.predictions {
            Role::List(List::Predictions)
        } else {
            Role::Number(Number::Predicted)
        };
        let action =
            if m.target_action.is_some() { Role::Number(Number::Action) } else { Role::Id(Id::Action) };
        let mut roles = vec![
            (Role::Id(Id::User), m.user.clone()),
            (Role::Id(Id::Slate), m.slate.clone()),
            (action, m.action.clone()),
            number(Number::Position, &m.position),
            number(Number::Propensity, &m.propensity),
            number(Number::Target, &m.target_propensity),
            number(Number::Logger, &m.logger),
            number(Number::TargetAction, &m.target_action),
            number(Number::PredictedTarget, &m.reward_prediction_target),
            number(Number::Ended, &m.terminated),
            number(Number::PropensityPosition, &m.propensity_position),
            number(Number::PropensityCascade, &m.propensity_cascade),
            number(Number::TargetPosition, &m.target_propensity_position),
            number(Number::TargetCascade, &m.target_propensity_cascade),
            (predictions, m.reward_predictions.clone()),
            list(List::Target, &m.target_probs),
            list(List::Logging, &m.logging_probs),
            list(List::Loggers, &m.logger_propensities),
            (Role::Level, self.levels.as_ref().map(|levels| levels.column.clone())),
        ];
        match &m.context {
            Some(Context::List(name)) => roles.push((Role::List(List::Context), Some(name.clone()))),
            Some(Context::Columns(names)) => {
                roles.extend(names.iter().enumerate().map(|(at, name)| (Role::Part(at), Some(name.clone()))));
            }
            None => {}
        }
        let named = roles.into_iter().filter(|(role, _)| wanted(*role));
        let named = named.filter_map(|(role, name)| Some(Column { role, name: name? }));
        self.reward.columns().into_iter().chain(named).collect()
    }
}

/// Puts the target's columns into the mapping; the file of a target by table.
fn retarget<'a>(
    mapping: &mut Mapping,
    target: &TargetSpec,
    file: &LogFile,
    kind: impl Fn(&str) -> Option<&'a DataType>,
) -> Result<Option<String>, OpeError> {
    let told = |reason: &str| Err(refused(&format!("target `{target}`"), reason.into()));
    let target_given = [
        &mapping.target_propensity,
        &mapping.target_probs,
        &mapping.target_action,
        &mapping.target_propensity_cascade,
        &mapping.target_propensity_position,
    ];
    match target {
        TargetSpec::Columns if target_given.iter().all(|column| column.is_none()) => {
            told("the mapping names no column of the target")
        }
        TargetSpec::Columns => Ok(None),
        _ if mapping.slate.is_some() => {
            told("slates need several columns of the target: name them in the mapping and say `columns`")
        }
        TargetSpec::Column(name) => {
            let column = [Column { role: Role::Id(Id::User), name: name.clone() }];
            let Some(kind) = kind(name) else { return file.check(&column).map(|()| None) };
            let own = Some(name.clone());
            (mapping.target_probs, mapping.target_propensity) =
                if is_list(kind) { (own, None) } else { (None, own) };
            mapping.target_action = None;
            Ok(None)
        }
        TargetSpec::Table(path) => {
            (mapping.target_probs, mapping.target_propensity, mapping.target_action) = (None, None, None);
            Ok(Some(path.to_string_lossy().into_owned()))
        }
    }
}

/// Where the columns beside `log` are described, if anywhere.
#[must_use]
pub fn mapping_beside(log: &Path) -> Option<PathBuf> {
    beside(&[log.to_owned()])
}
