//! Users whom clickbait engages now and exhausts later.

use rand_distr::{Distribution, StandardNormal};
use recloop_env::{
    BlockAt, CohortError, CohortSpec, Fate, Goal, Grid, ItemId, Layout, ObservationRows, ResponseRows,
    Responses, Rows, Scene, Shown, Streams, Tick, UserId, UserModel, purpose,
};

use crate::UserError;

recloop_env::state! {
    /// What a long-term-satisfaction user carries; nothing of it is observed.
    pub struct LongTermSatisfactionState {
        /// `[n, 1]` net positive exposure: what past items did to the user.
        net_positive_exposure,
        /// `[n, 1]` slates left.
        slates_left,
    }
}

/// Parameters of [`LongTermSatisfaction`]; the defaults are the published ones but for κ, see there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LongTermSatisfactionParams {
    /// κ: how strongly net positive exposure shows in satisfaction.
    pub sensitivity: f32,
    /// What remains of net positive exposure after a slate.
    pub memory_discount: f32,
    /// Standard deviation of its innovation.
    pub innovation_sd: f32,
    /// Mean log engagement per unit of satisfaction at clickbait 1.
    pub bait_log_engagement: f32,
    /// The same at clickbait 0.
    pub plain_log_engagement: f32,
    /// Standard deviation of log engagement.
    pub engagement_sd: f32,
    /// Slates until the user is done.
    pub slates: u32,
}

impl LongTermSatisfactionParams {
    /// The published parameters (κ = 0.01), at which always taking the highest clickbait wins even in the long run.
    pub const V0: Self = Self {
        sensitivity: 0.01,
        memory_discount: 0.7,
        innovation_sd: 0.05,
        bait_log_engagement: 5.0,
        plain_log_engagement: 4.0,
        engagement_sd: 1.0,
        slates: 60,
    };

    /// As published but for κ = 0.15 (chosen by us), so that the trade-off the name promises exists: the order of
    /// always-highest and always-lowest clickbait flips near κ = 0.07.
    pub const V1: Self = Self { sensitivity: 0.15, ..Self::V0 };
}

/// A user who consumes whatever is on top.
///
/// With clickbait c of the consumed item and `SAT = σ(κ·NPE)`:
/// `engagement = exp(N((5c + 4(1 − c))·SAT, 1))`, then `NPE ← 0.7·NPE − 2(c − ½) + N(0, 0.05)`. Starts at
/// `NPE₀ = (U[0,1] − ½)/0.3`; done after 60 slates.
///
/// For a constant c: `NPE∞ = −2(c − ½)/0.3` and `E[engagement] = exp((4 + c)·σ(κ·NPE∞) + ½)`, up to the innovation.
///
/// # Shapes and units
/// - observed item block `clickbait [1]` in [0, 1]
/// - signal `engagement` of position 0, dimensionless; every slate counts as a click there, dwell is 0
///
/// # Source
/// Ie et al. (2019), "RecSim: A Configurable Simulation Platform for Recommender Systems" (the "choc/kale" example).
#[derive(Debug, Clone)]
pub struct LongTermSatisfaction {
    params: LongTermSatisfactionParams,
    clickbait: BlockAt,
}

impl LongTermSatisfaction {
    /// Users of items with an observed number `clickbait`.
    pub fn new(params: LongTermSatisfactionParams, observed: &Layout) -> Result<Self, UserError> {
        let refuse = |name, value, allowed| Err(UserError::Parameter { name, value, allowed });
        let discount = params.memory_discount;
        if !(0.0..1.0).contains(&discount) {
            return refuse("memory_discount", discount, "[0, 1)");
        }
        if !(params.sensitivity >= 0.0 && params.sensitivity.is_finite()) {
            return refuse("sensitivity", params.sensitivity, "[0, inf)");
        }
        if params.slates == 0 {
            return refuse("slates", 0.0, "1 or more");
        }
        Ok(Self { params, clickbait: crate::dense_block(observed, "clickbait")? })
    }

    fn satisfaction(&self, exposure: f32) -> f32 {
        1.0 / (1.0 + (-self.params.sensitivity * exposure).exp())
    }

    /// Mean log engagement of an item with clickbait `c` at satisfaction `sat`.
    fn log_engagement(&self, c: f32, sat: f32) -> f32 {
        (c * self.params.bait_log_engagement + (1.0 - c) * self.params.plain_log_engagement) * sat
    }

    /// Net positive exposure after an item with clickbait `c`, given a standard normal `noise`.
    fn exposed(&self, exposure: f32, c: f32, noise: f32) -> f32 {
        self.params.memory_discount * exposure - 2.0 * (c - 0.5) + self.params.innovation_sd * noise
    }
}

impl UserModel for LongTermSatisfaction {
    type State = LongTermSatisfactionState;

    fn spec(&self) -> CohortSpec {
        CohortSpec {
            name: "long-term-satisfaction".into(),
            signals: vec!["engagement".into()],
            ..CohortSpec::default()
        }
    }

    fn blank(&self, n: usize) -> LongTermSatisfactionState {
        LongTermSatisfactionState { net_positive_exposure: Grid::zeros(n, 1), slates_left: Grid::zeros(n, 1) }
    }

    fn begin(
        &self,
        state: &mut LongTermSatisfactionState,
        at: usize,
        user: UserId,
        tick: Tick,
        rng: &Streams,
    ) {
        let spread = rng.at(purpose::USER_INIT, user, tick).unit() - 0.5;
        state.net_positive_exposure.row_mut(at)[0] = spread / (1.0 - self.params.memory_discount);
        state.slates_left.row_mut(at)[0] = self.params.slates as f32;
    }

    fn observe(&self, _state: &LongTermSatisfactionState, _rows: &Rows<'_>, _out: &mut ObservationRows<'_>) {}

    fn respond(
        &self,
        state: &mut LongTermSatisfactionState,
        shown: &Shown<'_>,
        rng: &Streams,
        out: &mut ResponseRows<'_>,
    ) -> Result<(), CohortError> {
        let rows = shown.scene.rows;
        for i in 0..rows.len() {
            let c = shown.dense(self.clickbait, i, shown.slate(i)[0])[0];
            let sat = self.satisfaction(state.net_positive_exposure.row(rows.at(i))[0]);
            let noise: f32 =
                StandardNormal.sample(&mut rng.at(purpose::CONSUME, rows.users[i], shown.scene.rows.tick));
            let engagement = (self.log_engagement(c, sat) + self.params.engagement_sd * noise).exp();
            out.click(i, 0, 0.0);
            out.signal(0, i, 0, engagement);
            if let Some(probs) = out.probs(i) {
                probs[0] = 1.0;
            }
        }
        Ok(())
    }

    fn advance(
        &self,
        state: &mut LongTermSatisfactionState,
        shown: &Shown<'_>,
        _did: &Responses,
        rng: &Streams,
        out: &mut [Fate],
    ) -> Result<(), CohortError> {
        let rows = shown.scene.rows;
        for (i, fate) in out.iter_mut().enumerate() {
            let c = shown.dense(self.clickbait, i, shown.slate(i)[0])[0];
            let noise =
                StandardNormal.sample(&mut rng.at(purpose::DRIFT, rows.users[i], shown.scene.rows.tick));
            let exposure = &mut state.net_positive_exposure.row_mut(rows.at(i))[0];
            *exposure = self.exposed(*exposure, c, noise);
            let left = &mut state.slates_left.row_mut(rows.at(i))[0];
            *left -= 1.0;
            *fate = if *left <= 0.0 { Fate::Gone } else { Fate::Stays(1.0) };
        }
        Ok(())
    }

    fn appraise(
        &self,
        state: &LongTermSatisfactionState,
        scene: &Scene<'_>,
        i: usize,
        goal: Goal,
        items: &[ItemId],
        out: &mut [f32],
    ) -> bool {
        let sat = self.satisfaction(state.net_positive_exposure.row(scene.rows.at(i))[0]);
        for (score, &item) in out.iter_mut().zip(items) {
            let c = scene.items.dense(self.clickbait, scene.rows.row(i), item)[0];
            *score = match goal {
                // Whatever is on top is consumed: what can be won is engagement.
                Goal::Click | Goal::Dwell => self.log_engagement(c, sat),
                Goal::Utility => -2.0 * (c - 0.5),
            };
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use recloop_env::Block;

    fn users(params: LongTermSatisfactionParams) -> LongTermSatisfaction {
        let layout = Layout::new(vec![Block::dense("clickbait", 1, (0.0, 1.0), "")]);
        LongTermSatisfaction::new(params, &layout).unwrap()
    }

    #[test]
    fn one_slate_by_hand() {
        let users = users(LongTermSatisfactionParams::V1);
        // 0.7·1 − 2·(0.9 − 0.5) + 0.05·2 = 0.7 − 0.8 + 0.1
        assert!(users.exposed(1.0, 0.9, 2.0).abs() < 1e-6);
        // σ(0.15·2) = 1/(1 + e^−0.3)
        assert!((users.satisfaction(2.0) - 0.574_442_5).abs() < 1e-6);
        // (5·0.25 + 4·0.75)·0.5
        assert!((users.log_engagement(0.25, 0.5) - 2.125).abs() < 1e-6);
    }

    #[test]
    fn refuses_what_has_no_steady_state() {
        let layout = Layout::new(vec![Block::dense("clickbait", 1, (0.0, 1.0), "")]);
        let forever = LongTermSatisfactionParams { memory_discount: 1.0, ..LongTermSatisfactionParams::V0 };
        assert!(matches!(LongTermSatisfaction::new(forever, &layout), Err(UserError::Parameter { .. })));
        let params = LongTermSatisfactionParams::V0;
        assert!(matches!(
            LongTermSatisfaction::new(params, &Layout::default()),
            Err(UserError::Block { name: "clickbait", .. })
        ));
    }
}
