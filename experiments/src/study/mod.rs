//! Ready studies: a question about ecosystems, the runs that answer it, and a page that shows the answer.

mod chart;
mod creators;

pub use creators::{
    Bounds, Corner, CreatorStudy, CreatorStudyConfig, KindFound, PAGE, RESULTS, RerankFound, Share,
    study_creators,
};
