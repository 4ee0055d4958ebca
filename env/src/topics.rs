//! What things are about: named directions in the space where interests and items meet.

use rand_distr::{Distribution, StandardNormal};

use crate::{Grid, ItemId, Streams, Tick, purpose};

/// `T` topics in `D` dimensions. Users lean towards them and creators publish around them.
///
/// Centres are random unit vectors, always the same for the same `T` and `D`: topics are part of a world, not of a
/// seed. In 32 dimensions two of them have a cosine of 0 ± 0.18.
///
/// ```
/// use recloop_env::Topics;
/// let topics = Topics::new(14, 32);
/// let length: f32 = topics.centres.row(3).iter().map(|x| x * x).sum();
/// assert!((length - 1.0).abs() < 1e-5 && topics.names[0] == "cooking");
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Topics {
    /// `[T]` what they are called.
    pub names: Vec<String>,
    /// `[T, D]`, rows of length 1.
    pub centres: Grid<f32>,
}

/// The names of the first topics (chosen by us).
const NAMES: [&str; 14] = [
    "cooking", "football", "music", "travel", "comedy", "science", "fashion", "gaming", "news", "fitness",
    "pets", "crafts", "cars", "film",
];
/// The stream the centres come from; any would do.
const SEED: u64 = 14;

impl Topics {
    /// `n` topics in `dim` dimensions.
    #[must_use]
    pub fn new(n: usize, dim: usize) -> Self {
        let name = |t: usize| NAMES.get(t).map_or_else(|| format!("topic {t}"), |name| (*name).to_owned());
        let mut centres = Grid::zeros(n, dim);
        for t in 0..n {
            let mut draws = Streams::new(SEED).at(purpose::MODEL_INIT, ItemId(t as u32), Tick(0));
            let centre = centres.row_mut(t);
            centre.fill_with(|| StandardNormal.sample(&mut draws));
            normalise(centre);
        }
        Self { names: (0..n).map(name).collect(), centres }
    }

    /// How many topics there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }
}

/// Scales a vector to length 1; one without length is left as it is.
pub fn normalise(vector: &mut [f32]) {
    let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    if length > 0.0 && length.is_finite() {
        vector.iter_mut().for_each(|x| *x /= length);
    }
}
