//! What users answer when a recommender asks.

use recloop_env::{Message, ResponseRows, Said, Shown};

use super::{Dialogue, DialogueState};

/// What a question is about, in places of the topics.
#[derive(Debug, PartialEq, Eq)]
enum Question {
    /// "Do you like cooking?"
    Liked(usize),
    /// "Which of cooking, music, film?"
    Which(Vec<usize>),
}

/// Understands a question about topics of these names.
fn understood(words: &str, names: &[String]) -> Option<Question> {
    let words = words.trim().trim_end_matches('?').to_lowercase();
    let topic = |name: &str| names.iter().position(|it| it.to_lowercase() == name.trim());
    if let Some(name) = words.strip_prefix("do you like ") {
        return topic(name).map(Question::Liked);
    }
    let all = words.strip_prefix("which of ")?;
    let all: Option<Vec<usize>> = all.split(',').map(topic).collect();
    all.map(Question::Which)
}

impl Dialogue {
    /// Answers all questions asked of these rows, by what each user likes.
    pub(super) fn answer(&self, state: &DialogueState, shown: &Shown<'_>, out: &mut ResponseRows<'_>) {
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
        match understood(question, names) {
            None => "I cannot say.".into(),
            Some(Question::Liked(topic)) => {
                let mean = liking.iter().sum::<f32>() / liking.len() as f32;
                if liking[topic] > mean { "Yes.".into() } else { "No.".into() }
            }
            Some(Question::Which(of)) => {
                let best = of.into_iter().reduce(|best, t| if liking[t] > liking[best] { t } else { best });
                best.map_or_else(|| "I cannot say.".into(), |topic| format!("{}.", names[topic]))
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
        assert_eq!(of("Which of film, cooking?"), Some(Question::Which(vec![2, 0])));
        for other in ["Do you like me?", "Which of film, chess?", "Which of ?", "", "???"] {
            assert_eq!(of(other), None, "{other}");
        }
    }
}
