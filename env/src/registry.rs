//! Names for things that are chosen by name, once, at the edge.

/// Entries under unique names, in the order they were added.
#[derive(Debug, Clone)]
pub struct Registry<T> {
    what: &'static str,
    entries: Vec<(String, T)>,
}

/// A name nobody registered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("find {what} `{name}`: there are {}", .known.join(", "))]
pub struct UnknownName {
    /// What was looked for.
    pub what: &'static str,
    /// Under which name.
    pub name: String,
    /// The names there are.
    pub known: Vec<String>,
}

impl<T> Registry<T> {
    /// An empty registry of `what` (a word for messages).
    #[must_use]
    pub fn new(what: &'static str) -> Self {
        Self { what, entries: Vec::new() }
    }

    /// Adds an entry. A name that is taken is a bug of ours and panics.
    #[must_use]
    pub fn with(mut self, name: &str, entry: T) -> Self {
        assert!(self.entries.iter().all(|(taken, _)| taken != name), "{} `{name}` is taken", self.what);
        self.entries.push((name.into(), entry));
        self
    }

    /// The entry called `name`.
    pub fn find(&self, name: &str) -> Result<&T, UnknownName> {
        let entry = self.entries.iter().find(|(known, _)| known == name).map(|(_, entry)| entry);
        entry.ok_or_else(|| UnknownName {
            what: self.what,
            name: name.into(),
            known: self.names().map(str::to_owned).collect(),
        })
    }

    /// Every name, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|(name, _)| name.as_str())
    }

    /// Every entry with its name, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &T)> {
        self.entries.iter().map(|(name, entry)| (name.as_str(), entry))
    }
}
