//! MovieLens people and films as a feed world takes them.

use recloop_agents::factorise::BiasedFactors;
use recloop_data::movielens::{Gender, Habits, Person, Ratings};
use recloop_env::Grid;

use super::geometry::Placed;
use super::groups::{Attribute, group};
use super::proxies::{bait, conformity, percentiles, standardised};
use super::{FeedData, Geometry};

/// The topic of films without a genre.
const NO_GENRE: &str = "no genre listed";

/// The age bands that MovieLens-1M asks people for, by the first year of each.
const AGE_BANDS: [(u8, &str); 7] = [
    (0, "under 18"),
    (18, "18-24"),
    (25, "25-34"),
    (35, "35-44"),
    (45, "45-49"),
    (50, "50-55"),
    (56, "56 and over"),
];

/// The people and films of a fit.
///
/// *Activity* is the standardised log of one plus the films rated; *conformity* follows how little somebody's ratings
/// stray from the film's mean (`−√disagreement`). A film's *topic* is the rarest of its genres over the catalogue, which
/// tells the most; its *quality* the percentile of its fitted bias, a mean rating shrunk towards everybody's; its
/// *bait* how far the percentile of its number of ratings exceeds that. Quality and bait are ours: MovieLens
/// measures neither.
pub(super) fn feed(ratings: &Ratings, habits: &[Habits], factors: &BiasedFactors) -> (FeedData, Geometry) {
    let n_films = ratings.films.len();
    let mut placed =
        Placed::new(&grid(habits.len(), |at| factors.user(at).0), &grid(n_films, |at| factors.item(at).0));
    let (names, topic) = main_genres(ratings);
    let topics = placed.topics(names, &topic.iter().copied().map(Some).collect::<Vec<_>>());
    placed.fill(|film| topics.centres.row(topic[film] as usize).to_vec());
    let geometry = placed.measure();

    let n_rated: Vec<f64> = habits.iter().map(|own| own.n_ratings as f64).collect();
    let (groups, levels) = group(&attributes(&ratings.users, &n_rated), habits.len());
    let bias: Vec<f64> = (0..n_films).map(|at| f64::from(factors.item(at).1)).collect();
    let mut n_ratings = vec![0.0; n_films];
    ratings.ratings.iter().for_each(|rating| n_ratings[rating.film as usize] += 1.0);
    let quality = percentiles(&bias);
    let feed = FeedData {
        interest: placed.vectors.users,
        activity: standardised(&n_rated.iter().map(|n| n.ln_1p()).collect::<Vec<_>>()),
        conformity: conformity(&agreement(habits)),
        groups,
        levels,
        embedding: placed.vectors.items,
        topic,
        bait: bait(&percentiles(&n_ratings), &quality),
        quality,
        topics,
    };
    (feed, geometry)
}

fn grid<'a>(n: usize, row: impl Fn(usize) -> &'a [f32]) -> Grid<f32> {
    let mut grid = Grid::new(if n > 0 { row(0).len() } else { 0 });
    (0..n).for_each(|at| grid.push_row(row(at)));
    grid
}

/// `−√disagreement`; whoever rated nothing agrees as much as the others do on average.
fn agreement(habits: &[Habits]) -> Vec<f64> {
    let told: Vec<f64> = habits.iter().filter_map(|own| own.disagreement).map(|gap| -gap.sqrt()).collect();
    let mean = told.iter().sum::<f64>() / told.len().max(1) as f64;
    habits.iter().map(|own| own.disagreement.map_or(mean, |gap| -gap.sqrt())).collect()
}

/// What the data records of people; activity alone where it records nothing.
fn attributes<'a>(people: &'a [Person], n_rated: &[f64]) -> Vec<Attribute<'a>> {
    let mut attributes = Vec::new();
    if people.iter().any(|person| person.age.is_some()) {
        let band = |age: u8| AGE_BANDS.iter().rev().find(|(from, _)| *from <= age).map(|(_, name)| *name);
        let of = people.iter().map(|person| person.age.and_then(band)).collect();
        attributes.push(Attribute::ordered("age", &AGE_BANDS.map(|(_, name)| name), of));
    }
    if people.iter().any(|person| person.gender.is_some()) {
        let word = |gender| match gender {
            Gender::Female => "female",
            Gender::Male => "male",
        };
        let of = people.iter().map(|person| person.gender.map(word)).collect();
        attributes.push(Attribute::ordered("gender", &["female", "male"], of));
    }
    if people.iter().any(|person| person.occupation.is_some()) {
        let of = people.iter().map(|person| person.occupation.as_deref()).collect();
        attributes.push(Attribute::named("occupation", of));
    }
    attributes.push(Attribute::terciles("activity", n_rated));
    attributes
}

/// Each film's rarest genre, of equals the first; topics are the genres that some film has as its main one.
fn main_genres(ratings: &Ratings) -> (Vec<String>, Vec<u16>) {
    let n_genres = ratings.genre_names.len();
    let mut n_films = vec![0; n_genres];
    ratings.films.iter().flat_map(|film| &film.genres).for_each(|&genre| n_films[genre] += 1);
    let rarest = |genres: &[usize]| genres.iter().copied().min_by_key(|&genre| (n_films[genre], genre));
    let main: Vec<usize> =
        ratings.films.iter().map(|film| rarest(&film.genres).unwrap_or(n_genres)).collect();
    let mut used = main.clone();
    used.sort_unstable();
    used.dedup();
    let name = |&genre: &usize| ratings.genre_names.get(genre).map_or(NO_GENRE, String::as_str).to_owned();
    let place = |genre| used.binary_search(genre).expect("every main genre is used") as u16;
    (used.iter().map(name).collect(), main.iter().map(place).collect())
}

#[cfg(test)]
mod tests {
    use super::super::tests::hundred_k_folder;
    use super::*;

    #[test]
    fn the_main_genre_is_the_rarest_and_films_without_one_share_a_topic() {
        let mut ratings = Ratings::load(hundred_k_folder().path()).unwrap();
        ratings.genre_names = ["unknown", "Drama", "War", "Western"].map(str::to_owned).to_vec();
        let genres: [&[usize]; 8] = [&[1], &[1, 2], &[1, 2], &[], &[2, 3], &[1], &[], &[1]];
        ratings.films.iter_mut().zip(genres).for_each(|(film, genres)| film.genres = genres.to_vec());
        let (names, topic) = main_genres(&ratings);
        assert_eq!(names, ["Drama", "War", "Western", NO_GENRE]);
        assert_eq!(topic, [0, 1, 1, 3, 2, 0, 3, 0]);
    }

    #[test]
    fn groups_are_what_is_recorded() {
        let mut people = Ratings::load(hundred_k_folder().path()).unwrap().users;
        people.truncate(3);
        (people[0].age, people[1].age, people[2].age) = (Some(17), Some(56), None);
        let (groups, levels) = group(&attributes(&people, &[1.0, 2.0, 3.0]), 3);
        let told: Vec<_> = groups.iter().map(|group| (group.name.as_str(), group.levels.join(" "))).collect();
        let expected = [
            ("age", "under 18 56 and over unknown"),
            ("gender", "female male"),
            ("occupation", "writer"),
            ("activity", "low middle high"),
        ];
        assert_eq!(told, expected.map(|(name, levels)| (name, levels.to_owned())));
        assert_eq!(levels.row(2), [2, 0, 0, 2]);
        people
            .iter_mut()
            .for_each(|person| (person.age, person.gender, person.occupation) = (None, None, None));
        assert_eq!(attributes(&people, &[1.0, 2.0, 3.0]).len(), 1);
    }

    #[test]
    fn silence_is_average_agreement() {
        let mut habits = [Habits { n_ratings: 1, disagreement: Some(1.0), n_visits: 1, n_active_days: 1 }; 3];
        (habits[1].disagreement, habits[2].disagreement) = (Some(4.0), None);
        assert_eq!(agreement(&habits), [-1.0, -2.0, -1.5]);
    }
}
