//! What creators of a feed make.

use std::sync::Arc;

use rand_distr::{Distribution, LogNormal, Normal, StandardNormal};
use recloop_env::{Block, CreatorId, Draws, Layout, NewItem, Topics, below, normalise};

use crate::params::within;
use crate::{CreatorsError, FeedCreatorsParams, titles};

/// Who makes an item, as far as the item depends on it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Maker<'a> {
    /// Whose item it is.
    pub creator: CreatorId,
    /// `[D]` own style, a direction of length 1.
    pub style: &'a [f32],
    /// Mean quality, in \[0, 1\].
    pub quality: f32,
    /// Mean bait, in \[0, 1\].
    pub bait: f32,
}

/// Items of a feed: around a topic, coloured by who makes them.
///
/// With topic centre c, the maker's style s, and g ~ N(0, I) in D dimensions:
///
/// - `z = normalise(c + w·s + spread·g/√D)`
/// - `q = clip(maker's mean + N(0, sd))`, `b = clip(maker's mean + N(0, sd))`, both to \[0, 1\] and independent
/// - `length ~ LogNormal(ln median, sd)`, clipped
/// - a uniform tag of the topic, and a title that tells the tag and how much bait there is, but not the quality
///
/// # Shapes and units
/// - observed: category `topic` \[T\], category `tag` \[8·T\], `embedding` \[D\] = z, `length_secs` \[1\] in seconds
/// - latent: `quality` \[1\], `bait` \[1\], both in \[0, 1\]
///
/// # Numerics
/// Numbers are drawn in an order that does not depend on the topic: another topic makes the same item about something
/// else. Normals are `rand_distr`'s ziggurat.
///
/// ```
/// use std::sync::Arc;
/// use recloop_creators::{FeedCreatorsParams, FeedItems, Maker};
/// use recloop_env::{CreatorId, Streams, Tick, Topics, purpose};
///
/// let items = FeedItems::new(&FeedCreatorsParams::default(), Arc::new(Topics::new(14, 32)))?;
/// let style = [0.0; 32];
/// let maker = Maker { creator: CreatorId(3), style: &style, quality: 0.5, bait: 1.0 };
/// let mut draws = Streams::new(7).at(purpose::CREATOR_ITEM, maker.creator, Tick(0));
/// let item = items.draw(&maker, 2, &mut draws);
/// assert_eq!(item.codes[0], 2);
/// assert_eq!(item.dense.len(), items.observed().dense_width());
/// # Ok::<(), recloop_creators::CreatorsError>(())
/// ```
#[derive(Debug, Clone)]
pub struct FeedItems {
    topics: Arc<Topics>,
    around_mean: Normal<f32>,
    length: LogNormal<f32>,
    length_secs: [f32; 2],
    style_weight: f32,
    spread: f32,
}

/// What its maker knows an item to be about.
pub(crate) struct About {
    pub(crate) topic: u16,
    /// Its tag.
    pub(crate) subject: String,
    /// How much its wrapping promises, in [0, 1].
    pub(crate) bait: f32,
}

/// Topics whose tags a category can still tell apart.
const MAX_TOPICS: usize = u16::MAX as usize / titles::TAGS;

impl FeedItems {
    /// Items about these topics.
    pub fn new(params: &FeedCreatorsParams, topics: Arc<Topics>) -> Result<Self, CreatorsError> {
        params.check()?;
        within("topics", topics.len() as f32, 1.0, MAX_TOPICS as f32)?;
        within("topic dimensions", topics.centres.width() as f32, 1.0, 65_536.0)?;
        let refuse =
            |name, value| CreatorsError::Parameter { name, value, allowed: "a finite number".into() };
        let around_mean = Normal::new(0.0, params.item_sd).map_err(|_| refuse("item_sd", params.item_sd))?;
        let length = LogNormal::new(params.length_median_secs.ln(), params.length_log_sd)
            .map_err(|_| refuse("length_log_sd", params.length_log_sd))?;
        let FeedCreatorsParams { length_secs, style_weight, spread, .. } = *params;
        Ok(Self { topics, around_mean, length, length_secs, style_weight, spread })
    }

    /// What the items are about.
    #[must_use]
    pub fn topics(&self) -> &Topics {
        &self.topics
    }

    /// `[8·T]` what the codes of block `tag` mean.
    #[must_use]
    pub fn tags(&self) -> Vec<String> {
        let names = self.topics.names.iter();
        names
            .flat_map(|topic| (0..titles::TAGS).map(move |nth| titles::tag(topic, nth).into_owned()))
            .collect()
    }

    /// What everybody sees of an item.
    #[must_use]
    pub fn observed(&self) -> Layout {
        let n_topics = self.topics.len() as u16;
        let [shortest, longest] = self.length_secs;
        let dim = self.topics.centres.width();
        Layout::new(vec![
            Block::category("topic", n_topics, "what it is about").labelled(self.topics.names.clone()),
            Block::category("tag", n_topics * titles::TAGS as u16, "what it is about, in more detail")
                .labelled(self.tags()),
            Block::dense("embedding", dim, (-1.0, 1.0), "its direction among the topics, of length 1"),
            Block::dense("length_secs", 1, (shortest, longest), "how long it is, in seconds"),
        ])
    }

    /// What only the world knows of it.
    #[must_use]
    pub fn latent(&self) -> Layout {
        Layout::new(vec![
            Block::dense("quality", 1, (0.0, 1.0), "how good it turns out to be"),
            Block::dense("bait", 1, (0.0, 1.0), "how much its wrapping promises"),
        ])
    }

    /// What one of these items is about.
    pub(crate) fn about(&self, item: &NewItem) -> About {
        let (topic, nth_tag) = (item.codes[0], usize::from(item.codes[1]) % titles::TAGS);
        let subject = titles::tag(&self.topics.names[usize::from(topic)], nth_tag).into_owned();
        About { topic, subject, bait: item.latent_dense[1] }
    }

    /// Draws an item about a topic.
    ///
    /// # Panics
    /// On a topic there is none of, or a style of other dimensions than the topics'.
    #[must_use]
    pub fn draw(&self, maker: &Maker<'_>, topic: u16, draws: &mut Draws) -> NewItem {
        let centre = self.topics.centres.row(usize::from(topic));
        assert_eq!(centre.len(), maker.style.len(), "a style has as many dimensions as the topics");
        let nth_tag = below(draws.word(), titles::TAGS as u32) as u16;
        let title_word = draws.word();
        let quality = (maker.quality + self.around_mean.sample(draws)).clamp(0.0, 1.0);
        let bait = (maker.bait + self.around_mean.sample(draws)).clamp(0.0, 1.0);
        let [shortest, longest] = self.length_secs;
        let length = self.length.sample(draws).clamp(shortest, longest);
        let noise = self.spread / (centre.len() as f32).sqrt();
        let coloured = centre.iter().zip(maker.style).map(|(c, s)| c + self.style_weight * s);
        let mut dense = Vec::with_capacity(centre.len() + 1);
        dense.extend(coloured.map(|x| {
            let g: f32 = StandardNormal.sample(draws);
            x + noise * g
        }));
        normalise(&mut dense);
        dense.push(length);
        let name = &self.topics.names[usize::from(topic)];
        let tag = titles::tag(name, usize::from(nth_tag));
        NewItem {
            creator: maker.creator,
            title: titles::title(name, &tag, bait, title_word),
            dense,
            codes: vec![topic, topic * titles::TAGS as u16 + nth_tag],
            latent_dense: vec![quality, bait],
            ..NewItem::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use recloop_env::{Streams, Tick, purpose};

    fn items(params: &FeedCreatorsParams) -> FeedItems {
        FeedItems::new(params, Arc::new(Topics::new(14, 32))).unwrap()
    }

    fn drawn(items: &FeedItems, maker: &Maker<'_>, topic: u16, n: u32) -> Vec<NewItem> {
        let rng = Streams::new(5);
        let draw = |at| items.draw(maker, topic, &mut rng.at(purpose::CREATOR_ITEM, maker.creator, Tick(at)));
        (0..n).map(draw).collect()
    }

    const PLAIN: [f32; 32] = [0.0; 32];

    #[test]
    fn items_have_the_moments_they_should() {
        let items = items(&FeedCreatorsParams::default());
        let maker = Maker { creator: CreatorId(1), style: &PLAIN, quality: 0.5, bait: 0.5 };
        let drawn = drawn(&items, &maker, 3, 10_000);
        // Means of 10,000 draws: quality has se 0.15/100, log length (clipped) at most 0.8/100; 6 se each allows one false
        // alarm in 10⁸. Clipping 0.5 ± 0.15·N at 0 and 1 is symmetric; the log length's clips at −1.61 and +1.97 move its
        // mean by less than 0.005.
        let mean = |of: &dyn Fn(&NewItem) -> f32| drawn.iter().map(of).sum::<f32>() / 10_000.0;
        assert!((mean(&|item| item.latent_dense[0]) - 0.5).abs() < 0.009);
        assert!((mean(&|item| item.latent_dense[1]) - 0.5).abs() < 0.009);
        assert!((mean(&|item| item.dense[32].ln()) - 25.0_f32.ln()).abs() < 0.053);
        for item in &drawn {
            let (z, length) = item.dense.split_at(32);
            assert!((z.iter().map(|x| x * x).sum::<f32>() - 1.0).abs() < 1e-5);
            assert!((5.0..=180.0).contains(&length[0]) && item.codes[1] / 8 == 3);
        }
    }

    #[test]
    fn without_noise_an_item_lies_between_its_topic_and_its_style() {
        let params =
            FeedCreatorsParams { spread: 0.0, item_sd: 0.0, style_weight: 1.0, ..Default::default() };
        let items = items(&params);
        let style = items.topics().centres.row(9).to_vec();
        let maker = Maker { creator: CreatorId(1), style: &style, quality: 0.25, bait: 0.75 };
        let item = &drawn(&items, &maker, 2, 1)[0];
        let mut between: Vec<f32> =
            items.topics().centres.row(2).iter().zip(&style).map(|(c, s)| c + s).collect();
        normalise(&mut between);
        assert_eq!(item.dense[..32], between[..]);
        assert_eq!(item.latent_dense, [0.25, 0.75]);
    }

    #[test]
    fn another_topic_is_the_same_item_about_something_else() {
        let items = items(&FeedCreatorsParams::default());
        let maker = Maker { creator: CreatorId(1), style: &PLAIN, quality: 0.5, bait: 0.5 };
        let (one, other) = (drawn(&items, &maker, 0, 20), drawn(&items, &maker, 7, 20));
        for (one, other) in one.iter().zip(&other) {
            assert_eq!(one.latent_dense, other.latent_dense);
            assert_eq!((one.dense[32], one.codes[1] % 8), (other.dense[32], other.codes[1] % 8));
            assert_ne!(one.dense[..32], other.dense[..32]);
        }
    }

    #[test]
    fn tags_are_named_in_the_order_of_their_codes() {
        let items = items(&FeedCreatorsParams::default());
        let tags = items.tags();
        assert_eq!((tags.len(), tags[0].as_str(), tags[8].as_str()), (112, "pasta", "penalties"));
        assert_eq!(items.observed().find("tag").unwrap().length(), 112);
    }

    #[test]
    fn refuses_to_draw_about_nothing() {
        let none = Arc::new(Topics::new(0, 32));
        let said = FeedItems::new(&FeedCreatorsParams::default(), none).unwrap_err().to_string();
        assert_eq!(said, "set `topics` to 0: allowed is [1, 8191]");
    }
}
