//! What is believed of somebody, and which question would tell most.

use recloop_env::Grid;

use crate::AgentError;
use crate::error::check_share;

/// Probabilities of finitely many hypotheses.
///
/// ```
/// use recloop_agents::agentic::{Belief, Question};
/// let mut belief = Belief::new(&[1.0; 8])?;
/// let halves = Question::whether(8, &[0, 1, 2, 3], 0.0)?;
/// let one = Question::whether(8, &[5], 0.0)?;
/// assert!((belief.gain(&halves) - 1.0).abs() < 1e-12 && belief.gain(&one) < 0.55);
/// belief.hear(&halves, 0); // no
/// assert!((belief.of(5) - 0.25).abs() < 1e-12 && belief.of(0) == 0.0);
/// # Ok::<(), recloop_agents::AgentError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Belief {
    chances: Vec<f64>,
}

impl Belief {
    /// In proportion to these weights, finite and not below 0, some of them above.
    pub fn new(weights: &[f64]) -> Result<Self, AgentError> {
        let sum: f64 = weights.iter().sum();
        if !(sum.is_finite() && sum > 0.0) || weights.iter().any(|weight| *weight < 0.0) {
            return Err(AgentError::Setting { name: "weights of a belief", value: sum as f32 });
        }
        Ok(Self { chances: weights.iter().map(|weight| weight / sum).collect() })
    }

    /// How likely a hypothesis is.
    #[must_use]
    pub fn of(&self, hypothesis: usize) -> f64 {
        self.chances.get(hypothesis).copied().unwrap_or(0.0)
    }

    /// The likeliest hypothesis and its probability; the first of equal ones.
    #[must_use]
    pub fn best(&self) -> (usize, f64) {
        let better = |best: (usize, f64), (at, chance): (usize, &f64)| {
            if *chance > best.1 { (at, *chance) } else { best }
        };
        self.chances.iter().enumerate().fold((0, 0.0), better)
    }

    /// What is not known, in bits.
    #[must_use]
    pub fn entropy(&self) -> f64 {
        self.chances.iter().map(|chance| bits(*chance)).sum()
    }

    /// What an answer is expected to tell, in bits: `I(H; A) = H(A) − Σ_h p(h) H(A | h)`.
    #[must_use]
    pub fn gain(&self, question: &Question) -> f64 {
        let n_answers = question.law.width();
        let answers = (0..n_answers).map(|answer| self.chance_of(question, answer));
        let within = |h: usize| question.law.row(h).iter().map(|chance| bits(*chance)).sum::<f64>();
        let expected: f64 = (0..self.chances.len()).map(|h| self.chances[h] * within(h)).sum();
        (answers.map(bits).sum::<f64>() - expected).max(0.0)
    }

    /// The question that would tell most; the first of equal ones, none if no answer would tell anything.
    #[must_use]
    pub fn best_question(&self, questions: &[Question]) -> Option<usize> {
        let mut best = None;
        for (at, gain) in questions.iter().map(|question| self.gain(question)).enumerate() {
            if gain > best.map_or(1e-12, |(_, most)| most) {
                best = Some((at, gain));
            }
        }
        best.map(|(at, _)| at)
    }

    /// Takes in an answer, by Bayes; one that was held impossible changes nothing.
    ///
    /// # Panics
    /// If the question has no such answer.
    pub fn hear(&mut self, question: &Question, answer: usize) {
        let sum = self.chance_of(question, answer);
        if sum > 0.0 {
            let rows = self.chances.iter_mut().enumerate();
            rows.for_each(|(h, chance)| *chance *= question.law.row(h)[answer] / sum);
        }
    }

    fn chance_of(&self, question: &Question, answer: usize) -> f64 {
        self.chances.iter().enumerate().map(|(h, chance)| chance * question.law.row(h)[answer]).sum()
    }
}

fn bits(chance: f64) -> f64 {
    if chance > 0.0 { -chance * chance.log2() } else { 0.0 }
}

/// How likely each answer is under each hypothesis.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// `[H, A]`, rows sum to 1.
    law: Grid<f64>,
}

impl Question {
    /// Whether it is one of `members` out of `n` hypotheses: answer 1 is yes, 0 no, and wrong with probability `noise`.
    pub fn whether(n: usize, members: &[usize], noise: f64) -> Result<Self, AgentError> {
        check_share("noise", noise)?;
        let mut law = Grid::zeros(n, 2);
        for h in 0..n {
            let yes = if members.contains(&h) { 1.0 - noise } else { noise };
            law.row_mut(h).copy_from_slice(&[1.0 - yes, yes]);
        }
        Ok(Self { law })
    }

    /// Which of some `options` it is: answer i is the i-th, the last one none of them; with probability `noise` any of the others.
    pub fn which(n: usize, options: &[usize], noise: f64) -> Result<Self, AgentError> {
        check_share("noise", noise)?;
        let mut law = Grid::zeros(n, options.len() + 1);
        for h in 0..n {
            let truth = options.iter().position(|option| *option == h).unwrap_or(options.len());
            let row = law.row_mut(h);
            row.fill(noise / options.len().max(1) as f64);
            row[truth] = if options.is_empty() { 1.0 } else { 1.0 - noise };
        }
        Ok(Self { law })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use recloop_env::{Draws, Streams, Tick, UserId, below, purpose};

    fn draws(case: u64) -> Draws {
        Streams::new(case).at(purpose::USER_INIT, UserId(0), Tick(0))
    }

    #[test]
    fn a_gain_is_the_mutual_information_of_the_joint_table() {
        for case in 0..200 {
            let mut draws = draws(case);
            let n = 2 + below(draws.word(), 9) as usize;
            let weights: Vec<f64> = (0..n).map(|_| f64::from(draws.unit())).collect();
            let members: Vec<usize> = (0..n).filter(|_| draws.unit() < 0.4).collect();
            let noise = f64::from(draws.unit()) * 0.3;
            let belief = Belief::new(&weights).unwrap();
            let three: Vec<usize> = members.iter().copied().take(3).collect();
            for question in
                [Question::whether(n, &members, noise).unwrap(), Question::which(n, &three, noise).unwrap()]
            {
                let joint = |h: usize, a: usize| belief.of(h) * question.law.row(h)[a];
                let answers = question.law.width();
                let of_answer = |a: usize| (0..n).map(|h| joint(h, a)).sum::<f64>();
                let cells = (0..n).flat_map(|h| (0..answers).map(move |a| (h, a)));
                let expected: f64 = cells
                    .filter(|(h, a)| joint(*h, *a) > 0.0)
                    .map(|(h, a)| joint(h, a) * (joint(h, a) / (belief.of(h) * of_answer(a))).log2())
                    .sum();
                let gain = belief.gain(&question);
                assert!((gain - expected).abs() < 1e-9, "case {case}: {gain} beside {expected}");
            }
        }
    }

    /// Questions until a hypothesis has 90 %, choosing by gain or at random among the same ones.
    fn asked(case: u64, by_gain: bool) -> f64 {
        const N: usize = 64;
        let mut draws = draws(1_000 + case);
        let truth = below(draws.word(), N as u32) as usize;
        let questions: Vec<(Vec<usize>, Question)> = (0..400)
            .map(|_| {
                // As many narrow questions as broad ones: log-uniform from one hypothesis to all.
                let share = (N as f32).powf(draws.unit() - 1.0);
                let members: Vec<usize> = (0..N).filter(|_| draws.unit() < share).collect();
                let question = Question::whether(N, &members, 0.0).unwrap();
                (members, question)
            })
            .collect();
        let all: Vec<Question> = questions.iter().map(|(_, question)| question.clone()).collect();
        let (mut belief, mut n) = (Belief::new(&[1.0; N]).unwrap(), 0.0);
        while belief.best().1 < 0.9 {
            let random = below(draws.word(), 400) as usize;
            let at = if by_gain { belief.best_question(&all).unwrap() } else { random };
            belief.hear(&all[at], usize::from(questions[at].0.contains(&truth)));
            n += 1.0;
        }
        assert_eq!(belief.best().0, truth);
        n
    }

    #[test]
    #[expect(clippy::print_stdout, reason = "evidence is printed")]
    fn asking_by_gain_comes_near_the_bound_and_beats_asking_at_random() {
        let mean = |by_gain| (0..300).map(|case| asked(case, by_gain)).sum::<f64>() / 300.0;
        let (chosen, random, bound) = (mean(true), mean(false), 64.0_f64.log2());
        println!(
            "evidence: 90 % after {chosen:.2} questions by gain, {random:.2} at random; log2 bound {bound:.2}"
        );
        // A mean of 300 has a standard error below 0.05 by gain (6 or 7 questions) and about 0.3 at random.
        assert!(chosen <= 1.25 * bound && chosen <= 0.5 * random, "{chosen} {random} {bound}");
    }

    #[test]
    fn refuses_what_is_no_belief_and_forgets_nothing_impossible() {
        for weights in [&[][..], &[0.0], &[-1.0, 2.0], &[f64::NAN], &[f64::INFINITY]] {
            assert!(Belief::new(weights).is_err(), "{weights:?}");
        }
        assert!(Question::whether(3, &[0], 1.5).is_err() && Question::which(3, &[0], f64::NAN).is_err());
        let mut belief = Belief::new(&[1.0, 0.0]).unwrap();
        let before = belief.clone();
        belief.hear(&Question::whether(2, &[1], 0.0).unwrap(), 1);
        assert_eq!(belief, before);
        assert_eq!(belief.entropy(), 0.0);
        assert_eq!(belief.best_question(&[Question::which(2, &[], 0.1).unwrap()]), None);
    }
}
