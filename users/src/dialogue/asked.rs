//! What users answer when a recommender asks.

use recloop_env::{Message, ResponseRows, Said, Shown};

use super::{Dialogue, DialogueState};

/// What a question is about, in places of the topics.
#[derive(Debug, PartialEq, Eq)]
enum Question {
    /// "Do you like cooking?"
    Liked(usize),
    /// "Which of cooking, music or film do you like most, or none of these?"
    Which {
        of: Vec<usize>,
        /// Whether none of them is an answer.
        or_none: bool,
    },
}

/// Understands a question about topics of these names.
fn understood(words: &str, names: &[String]) -> Option<Question> {
    let words = words.trim().trim_end_matches('?').to_lowercase();
    let topic = |name: &str| names.iter().position(|it| it.to_lowercase() == name.trim());
    if let Some(name) = words.strip_prefix("do you like ") {
        return topic(name).map(Question::Liked);
    }
    let (all, or_none) = split_end(words.strip_prefix("which of ")?, ", or none of these");
    let (all, _) = split_end(all, " do you like most");
    let of: Option<Vec<usize>> = all.split(", ").flat_map(|part| part.split(" or ")).map(topic).collect();
    of.map(|of| Question::Which { of, or_none })
}

/// Words without this end, and whether they had it.
fn split_end<'a>(words: &'a str, end: &str) -> (&'a str, bool) {
    words.strip_suffix(end).map_or((words, false), |rest| (rest, true))
}

impl Dialogue {
    /// Answers all questions asked of these rows, by what each user likes.
    pub(crate) fn answer(&self, state: &DialogueState, shown: &Shown<'_>, out: &mut ResponseRows<'_>) {
        let rows = shown.scene.rows;
        let mine = rows.first..rows.first + rows.len();
        let asked =
            shown.slates.messages.iter().filter(|it| it.said == Said::Question && mine.contains(&it.row));
        for question in asked {
            let i = question.row - rows.first;
            let text = self.reply(state.feed.interest.row(rows.at(i)), &question.text);
            out.replies.push(Message { row: i, said: Said::Answer, text });
        }
    }

    /// What somebody with this interest says.
    fn reply(&self, interest: &[f32], question: &str) -> String {
        let names = &self.feed.people.topics().names;
        let liking = self.liking(interest);
        let mean = liking.iter().sum::<f32>() / liking.len() as f32;
        match understood(question, names) {
            None => "I cannot say.".into(),
            Some(Question::Liked(topic)) => if liking[topic] > mean { "Yes." } else { "No." }.into(),
            Some(Question::Which { of, or_none }) => {
                let best = of.into_iter().reduce(|best, t| if liking[t] > liking[best] { t } else { best });
                let best = best.filter(|topic| !or_none || liking[*topic] > mean);
                best.map_or_else(|| "None of these.".into(), |topic| format!("{}.", names[topic]))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dialogue_questions_are_understood_or_not() {
        let names = ["cooking", "Music", "film"].map(String::from);
        let of = |words| understood(words, &names);
        assert_eq!(of("Do you like music?"), Some(Question::Liked(1)));
        let which = |of, or_none| Some(Question::Which { of, or_none });
        assert_eq!(of("Which of film, cooking?"), which(vec![2, 0], false));
        assert_eq!(
            of("Which of film, cooking or Music do you like most, or none of these?"),
            which(vec![2, 0, 1], true)
        );
        for other in ["Do you like me?", "Which of film, chess?", "Which of ?", "", "???"] {
            assert_eq!(of(other), None, "{other}");
        }
    }
}
