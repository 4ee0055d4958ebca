//! Who lives in a world and who makes its items: logged when new or changed, folded again on replay.

use std::cmp::Ordering;

use arrow::datatypes::UInt32Type;
use recloop_env::{
    CreatorFact, CreatorId, EnvSpec, Event, Facts, Fate, Group, Population, Tick, Transition, UserId,
};
use serde::{Deserialize, Serialize};

use super::reader::Run;
use super::schema::TableName;
use super::stream::Stream;

/// What a log has said so far; sink and source keep the same.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Roster {
    /// Of nobody until the first tick is told.
    pub(super) population: Population,
    pub(super) creators: Vec<CreatorFact>,
}

impl Roster {
    /// Logs who is new or changed since the tick before.
    pub(super) fn note(&mut self, facts: &Facts<'_>, t: &Transition<'_>, log: &mut Stream) {
        let (tick, groups) = (t.tick().0, &facts.spec.groups);
        let people = self.fresh_people(facts.population, t);
        let mut to = log.fill(TableName::Groups, people.len());
        to.repeat("tick", tick, people.len());
        to.values("user").extend(people.iter().map(|user| user.0));
        for (g, group) in groups.iter().enumerate() {
            let levels = people.iter().map(|user| self.population.level(*user, g));
            to.values(&format!("group_{}", group.name)).extend(levels);
        }
        to.done();
        let creators = self.fresh_creators(facts.creators, &t.step.events);
        let told = || creators.iter().map(|creator| &self.creators[creator.index()]);
        let mut to = log.fill(TableName::Creators, creators.len());
        to.repeat("tick", tick, creators.len());
        to.values("creator").extend(creators.iter().map(|creator| creator.0));
        to.values("name").extend(told().map(|fact| fact.name.clone()));
        to.values("entered").extend(told().map(|fact| fact.entered.0));
        to.optional("left", told().map(|fact| fact.left.map(|tick| tick.0)));
        to.done();
    }

    /// Everybody at first; then whoever took a place at this tick and differs from who had it.
    fn fresh_people(&mut self, now: &Population, t: &Transition<'_>) -> Vec<UserId> {
        if now.groups().is_empty() {
            return Vec::new();
        }
        if self.population.n_users() == 0 {
            self.population = now.clone();
            return (0..now.n_users() as u32).map(UserId).collect();
        }
        let gone = t.seen.users.iter().zip(&t.step.fate).filter(|(_, fate)| **fate == Fate::Gone);
        let mut fresh = Vec::new();
        for (&user, _) in gone {
            let (levels, known) = (now.levels(user), self.population.levels_mut(user));
            if known != levels {
                known.copy_from_slice(levels);
                fresh.push(user);
            }
        }
        fresh
    }

    /// Those not told of yet, and those who left at this tick.
    fn fresh_creators(&mut self, now: &[CreatorFact], events: &[Event]) -> Vec<CreatorId> {
        let mut fresh: Vec<_> = (self.creators.len() as u32..now.len() as u32).map(CreatorId).collect();
        for event in events {
            if let Event::Exit { creator } = event
                && let Some(known) = self.creators.get_mut(creator.index())
            {
                known.clone_from(&now[creator.index()]);
                fresh.push(*creator);
            }
        }
        self.creators.extend_from_slice(&now[self.creators.len().min(now.len())..]);
        fresh
    }

    /// Makes room for everybody, if this is the first tick.
    pub(super) fn meet(&mut self, spec: &EnvSpec) -> bool {
        let first = self.population.n_users() == 0;
        if first {
            self.population = Population::new(spec.groups.clone(), spec.n_users);
        }
        first
    }

    /// Takes in rows of `groups`; says what contradicts the world.
    pub(super) fn read_groups(&mut self, groups: &[Group], run: &Run<'_>) -> Result<(), String> {
        let users = run.values::<UInt32Type>("user");
        if let Some(stranger) = users.iter().find(|user| **user as usize >= self.population.n_users()) {
            return Err(format!("there are groups of user {stranger}, who does not exist"));
        }
        for (g, group) in groups.iter().enumerate() {
            let levels = run.levels(&format!("group_{}", group.name), &group.levels);
            for (user, level) in users.iter().zip(levels) {
                self.population.levels_mut(UserId(*user))[g] = level;
            }
        }
        Ok(())
    }

    /// Takes in rows of `creators`: one more, or news of one known.
    pub(super) fn read_creators(&mut self, run: &Run<'_>) -> Result<(), String> {
        let facts = run.texts("name").zip(run.values::<UInt32Type>("entered"));
        let facts = facts.zip(run.optional::<UInt32Type>("left"));
        for (creator, ((name, entered), left)) in run.values::<UInt32Type>("creator").iter().zip(facts) {
            let fact = CreatorFact { name: name.into(), entered: Tick(*entered), left: left.map(Tick) };
            let (at, n) = (*creator as usize, self.creators.len());
            match at.cmp(&n) {
                Ordering::Less => self.creators[at] = fact,
                Ordering::Equal => self.creators.push(fact),
                Ordering::Greater => return Err(format!("creator {at} comes before creator {n}")),
            }
        }
        Ok(())
    }
}
