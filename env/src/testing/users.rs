//! The laws of user models.

use super::breach::{ContractBreach, Kept, Law};
use super::env::{any_threads, check_world};
use super::play::{Play, SEED, TICKS};
use crate::rows::pick_items;
use crate::{
    BLOCK, Cohort, Crowd, Env, Event, Fate, Grid, ItemView, Objective, Observation, ObservationRows, Part,
    ResetOptions, ResponseRows, Responses, Rows, Scene, Sharded, Shown, Slates, State, Streams, Supply, Tick,
    UserId, UserModel, World,
};

/// Checks a user model in a world with this supply and slate size.
///
/// Laws: all of [`check_world`]; every row answers as if it were alone, wherever it stands; state has a row
/// for every user and names its arrays alike to read and to write.
///
/// ```
/// use recloop_env::Supply;
/// use recloop_env::testing::{ToyItems, ToyUsers, check_users};
/// let supply = || Supply::Redrawn { per_row: 6, law: Box::new(ToyItems) };
/// check_users(&ToyUsers::default(), supply, 2).unwrap();
/// ```
pub fn check_users<M: UserModel>(
    model: &M,
    supply: impl Fn() -> Supply + Sync,
    slate_size: usize,
) -> Result<(), ContractBreach> {
    let law = Law::at("a world of these users can be built", Tick(0));
    let world = |n| {
        World::builder("users under test")
            .cohort(Sharded::new(model.clone(), n))
            .supply(supply())
            .slate_size(slate_size)
            .objective(Objective::new().with(Part::Clicks, 1.0).with(Part::Returns, 1.0))
            .build()
    };
    let straddling = || world(BLOCK + 5).expect("it was built before");
    named(model)?;
    world(BLOCK + 5).map_err(|error| law.breach(None, &error))?;
    check_world(|| world(29).expect("it was built before"))?;
    let options = ResetOptions { renew: true, tell_choice_probs: true, horizon: None };
    any_threads(&straddling, &options)?;
    alone(model, straddling(), &options)
}

fn named<M: UserModel>(model: &M) -> Kept {
    let law = Law::at("state has a named row for every user", Tick(0));
    for n in [0, 3] {
        let mut state = model.blank(n);
        let names: Vec<_> = state.fields().iter().map(|(name, _)| *name).collect();
        for (name, values) in state.fields() {
            law.same(&format!("rows of `{name}`"), None, &n, &values.rows())?;
            let times = names.iter().filter(|other| **other == name).count();
            law.same(&format!("arrays called `{name}`"), None, &1, &times)?;
        }
        let to_write: Vec<_> = state.fields_mut().iter().map(|(name, _)| *name).collect();
        law.same_list("arrays to write", &names, &to_write)?;
    }
    Ok(())
}

/// One user who lives beside the world, in a cohort and a batch of one.
struct Solo<M: UserModel> {
    user: UserId,
    cohort: Sharded<M>,
}

/// What one row was shown, as a tick of its own.
struct Scrap {
    r: usize,
    seen: Observation,
    latent: ItemView,
    crowd: Crowd,
    slates: Slates,
    did: Responses,
}

/// Every row answers as if it were alone: whoever is told of nothing but their own row keeps step with the world.
fn alone<M: UserModel>(model: &M, world: World, options: &ResetOptions) -> Kept {
    let mut play = Play::begin(world, SEED, options)?;
    let (rng, block) = (play.env.streams(), BLOCK as u32);
    let mut solos = Vec::new();
    for user in [0, 1, 17, block - 1, block, block + 4].map(UserId) {
        let mut cohort = Sharded::new(model.clone(), 1);
        cohort.reset(user, &rng).map_err(|error| law(&play.seen).breach(None, &error))?;
        solos.push(Solo { user, cohort });
    }
    for _ in 0..TICKS {
        if play.seen.is_empty() {
            break;
        }
        play.choose();
        let respond = |solo: &mut Solo<M>| solo.respond(&play, &rng);
        let scraps = solos.iter_mut().map(respond).collect::<Result<Vec<_>, _>>()?;
        play.show()?;
        for (solo, scrap) in solos.iter_mut().zip(&scraps) {
            if let Some(scrap) = scrap {
                scrap.compare(&play)?;
                scrap.compare_accounts(&solo.cohort, &play)?;
                solo.advance(scrap, &play, &rng)?;
            }
            solo.observe(&play)?;
        }
        play.turn();
    }
    Ok(())
}

fn law(seen: &Observation) -> Law {
    Law::at("every row answers as if it were alone", seen.tick)
}

impl<M: UserModel> Solo<M> {
    fn respond(&mut self, play: &Play<World>, rng: &Streams) -> Result<Option<Scrap>, ContractBreach> {
        let Some(r) = play.seen.row_of(self.user) else { return Ok(None) };
        let (k, n_signals) = (play.slates.items.width(), self.cohort.spec().signals.len());
        let mut did = Responses { choice_probs: Some(Grid::default()), ..Responses::default() };
        did.reset(1, k, n_signals);
        let (seen, slates) = (play.seen.with_rows(&[r]), play.slates.with_rows(&[r]));
        let latent = pick_items(play.env.truth().items(), &[r]);
        let crowd = play.env.truth().crowd().clone();
        let mut scrap = Scrap { r, seen, latent, crowd, slates, did };
        let mut did = std::mem::take(&mut scrap.did);
        let mut out = ResponseRows {
            k,
            n_signals,
            click: did.click.as_mut_slice(),
            dwell_secs: did.dwell_secs.as_mut_slice(),
            signals: did.signals.as_mut_slice(),
            choice_probs: did.choice_probs.as_mut().map(Grid::as_mut_slice),
            replies: Vec::new(),
        };
        let answered = self.cohort.respond(&scrap.shown(), rng, &mut out);
        answered.map_err(|error| law(&play.seen).breach(Some(r), &error))?;
        did.replies = out.replies;
        Ok(Some(Scrap { did, ..scrap }))
    }

    fn advance(&mut self, scrap: &Scrap, play: &Play<World>, rng: &Streams) -> Kept {
        let (r, law, mut fate) = (scrap.r, law(&play.seen), [Fate::Gone]);
        let advanced = self.cohort.advance(&scrap.shown(), &scrap.did, rng, &mut fate);
        advanced.map_err(|error| law.breach(Some(r), &error))?;
        law.same("fate", Some(r), &play.step.fate[r], &fate[0])?;
        if play.step.events.contains(&Event::Renew { user: self.user }) {
            let renewed = self.cohort.renew(self.user, play.seen.tick.next(), rng);
            renewed.map_err(|error| law.breach(Some(r), &error))?;
        }
        for field in self.cohort.field_names() {
            let expected = play.env.truth().user(self.user, &field);
            law.same(&format!("`{field}`"), Some(r), &expected, &self.cohort.field(self.user, &field))?;
        }
        Ok(())
    }

    fn observe(&self, play: &Play<World>) -> Kept {
        let next = &play.step.next;
        let Some(r) = next.row_of(self.user) else { return Ok(()) };
        let mut features = vec![0.0; next.user_features.width()];
        let out = ObservationRows { features: &mut features, width: next.user_features.width() };
        let (users, time_secs) = (&[self.user], &[next.time_secs[r]]);
        let rows = Rows { tick: next.tick, first: 0, users, time_secs, base: self.user };
        self.cohort.observe(&rows, out).map_err(|error| law(next).breach(Some(r), &error))?;
        law(next).same("user features", Some(r), next.user_features.row(r), &features[..])
    }
}

impl Scrap {
    fn shown(&self) -> Shown<'_> {
        let seen = &self.seen;
        let (users, time_secs, base) = (&seen.users, &seen.time_secs, seen.users[0]);
        let rows = Rows { tick: seen.tick, first: 0, users, time_secs, base };
        let (candidates, items) = (&*seen.candidates, &*seen.items);
        let scene = Scene { rows, candidates, items, latent: &self.latent, crowd: &self.crowd };
        Shown { scene, slates: &self.slates }
    }

    /// What the slate was really worth, by the user's own account.
    fn compare_accounts<M: UserModel>(&self, cohort: &Sharded<M>, play: &Play<World>) -> Kept {
        let expected = play.env.truth().accounts().row(self.r);
        let mut found = vec![0.0; expected.len()];
        let out = ObservationRows { features: &mut found, width: expected.len() };
        cohort.account(&self.shown(), &self.did, out);
        law(&play.seen).same("accounts", Some(self.r), expected, &found[..])
    }

    fn compare(&self, play: &Play<World>) -> Kept {
        let (r, law, world) = (self.r, law(&play.seen), &play.step.responses);
        law.same("clicks", Some(r), world.click.row(r), self.did.click.row(0))?;
        law.same("dwell", Some(r), world.dwell_secs.row(r), self.did.dwell_secs.row(0))?;
        law.same("signals", Some(r), world.signals.row(r), self.did.signals.row(0))?;
        let probs = |did: &Responses, r| did.choice_probs.as_ref().map(|probs| probs.row(r).to_vec());
        law.same("choice probabilities", Some(r), &probs(world, r), &probs(&self.did, 0))?;
        let said = |did: &Responses, r| {
            did.replies
                .iter()
                .filter(|reply| reply.row == r)
                .map(|reply| reply.text.clone())
                .collect::<Vec<_>>()
        };
        law.same("replies", Some(r), &said(world, r), &said(&self.did, 0))
    }
}
