//! Studies: questions that take many runs of one world, each with an answer in numbers, a table and a page.

mod chart;
pub mod creators;
pub mod impressions;
