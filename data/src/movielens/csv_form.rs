//! The form of every MovieLens set since 2015: `ratings.csv` and `movies.csv`.

use std::borrow::Cow;
use std::path::Path;

use super::draft::{self, Draft};
use super::{Film, Ratings, Scale};
use crate::DataError;
use crate::lines::{Encoding, LineFault, Table, exactly, misread, parse_id, present};

const SCALE: Scale = Scale { low: 0.5, step: 0.5, high: 5.0 };
const NO_GENRES: &str = "(no genres listed)";

/// Free-text tags, their scores and links to other catalogues: nothing that a world is built from.
const UNREAD: [&str; 4] = ["tags.csv", "links.csv", "genome-scores.csv", "genome-tags.csv"];

pub(super) fn load(dir: &Path) -> Result<Ratings, DataError> {
    let table = |name| Table::read(dir.join(name), Encoding::Utf8);
    let mut draft = Draft::new(SCALE);
    let mut genre_names = Vec::new();
    table("movies.csv")?
        .each_line_below("movieId,title,genres", |line| draft.list_film(film(line, &mut genre_names)?))?;
    table("ratings.csv")?.each_line_below("userId,movieId,rating,timestamp", |line| {
        let rating = draft::rating(&exactly(cells(line)?)?)?;
        draft.meet_user(rating.user);
        draft.rate(rating)
    })?;
    Ok(draft.finish(genre_names, draft::found(dir, &UNREAD)))
}

fn film(line: &str, genre_names: &mut Vec<String>) -> Result<Film, LineFault> {
    let [id, title, listed] = exactly(cells(line)?)?;
    Ok(Film {
        original_id: parse_id("film id", &id)?,
        title: present("title", &title)?.to_owned(),
        year: draft::year_in_title(&title),
        genres: genres(&listed, genre_names)?,
    })
}

/// Positions of the genres in `A|B|C`, naming those not met before.
fn genres(listed: &str, names: &mut Vec<String>) -> Result<Vec<usize>, LineFault> {
    if listed == NO_GENRES {
        return Ok(Vec::new());
    }
    let mut genres = Vec::new();
    for genre in listed.split('|') {
        let at = names.iter().position(|name| name == genre).unwrap_or(names.len());
        if at == names.len() {
            names.push(present("genre", genre)?.to_owned());
        }
        if genres.contains(&at) {
            return Err(misread("genre", genre, "new to this film"));
        }
        genres.push(at);
    }
    genres.sort_unstable();
    Ok(genres)
}

/// Cuts a line into cells (RFC 4180, one record per line).
///
/// By hand, because an error must name its line: the `csv` crate counts one line too few after `\r\n`, skips
/// blank lines, and lets a stray quote pass or swallow the rest of the file.
fn cells(line: &str) -> Result<Vec<Cow<'_, str>>, LineFault> {
    let mut cells = Vec::new();
    let mut rest = line;
    loop {
        let (cell, after) = match rest.strip_prefix('"') {
            Some(quoted) => quoted_cell(quoted)?,
            None => bare_cell(rest)?,
        };
        cells.push(cell);
        match after.strip_prefix(',') {
            Some(next) => rest = next,
            None if after.is_empty() => return Ok(cells),
            None => return Err(LineFault::Quote),
        }
    }
}

fn bare_cell(text: &str) -> Result<(Cow<'_, str>, &str), LineFault> {
    let (cell, after) = text.split_at(text.find(',').unwrap_or(text.len()));
    if cell.contains('"') { Err(LineFault::Quote) } else { Ok((Cow::Borrowed(cell), after)) }
}

/// Reads on from an opening quote to the one that closes it; a doubled quote stands for itself.
fn quoted_cell(text: &str) -> Result<(Cow<'_, str>, &str), LineFault> {
    let mut from = 0;
    while let Some(offset) = text[from..].find('"') {
        let after = &text[from + offset + 1..];
        if !after.starts_with('"') {
            return Ok((Cow::Owned(text[..from + offset].replace("\"\"", "\"")), after));
        }
        from += offset + 2;
    }
    Err(LineFault::Quote)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_cut_at_commas_outside_quotes() {
        let cut = |line| cells(line).map(|cells| cells.join("¦"));
        assert_eq!(cut("1,Heat (1995),Crime"), Ok("1¦Heat (1995)¦Crime".into()));
        assert_eq!(cut(r#"1,"Net, The (1995)",Crime"#), Ok("1¦Net, The (1995)¦Crime".into()));
        assert_eq!(cut(r#"1,"""Cats"" (1998)","","","x""""#), Ok(r#"1¦"Cats" (1998)¦¦¦x""#.into()));
        assert_eq!(cut(",,"), Ok("¦¦".into()));
        assert_eq!(cut(""), Ok(String::new()));
    }

    #[test]
    fn stray_quotes_are_faults() {
        for line in [r#"1,"open,Crime"#, r#"1,"shut"x,Crime"#, r#"1,in"side,Crime"#, r#"1,"" "#, r#"1,""""#] {
            assert_eq!(cells(line), Err(LineFault::Quote), "{line}");
        }
    }
}
