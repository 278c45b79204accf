//! The generated part of the page, between two comments.

use actionbox_benches::figure::{Figure, Kind};
use anyhow::Context as _;

use crate::table;

const BEGIN: &str = "<!-- figures: begin -->";
const END: &str = "<!-- figures: end -->";

/// Writes the machine and all figures; plots are in a folder beside the page.
pub(crate) fn generate(machine: &[(String, String)], figures: &[Figure], plots: &str) -> String {
    let mut text = "### The machine\n\n| | |\n| --- | --- |\n".to_owned();
    for (name, value) in machine {
        text.push_str(&format!("| {name} | {value} |\n"));
    }
    for figure in figures {
        let body = match figure.kind {
            Kind::Table => table::for_pages(figure),
            _ => format!("![{}: {} over {}]({plots}/{}.svg)\n", figure.title, figure.y, figure.x, figure.id),
        };
        text.push_str(&format!("\n### {}\n\n{}\n\n{body}", figure.title, figure.note));
    }
    text
}

/// Puts text in the place of what is between the comments of a page.
pub(crate) fn replace(page: &str, generated: &str) -> anyhow::Result<String> {
    let (before, rest) = page.split_once(BEGIN).with_context(|| format!("the page has no {BEGIN}"))?;
    let (_, after) = rest.split_once(END).with_context(|| format!("the page has no {END} after {BEGIN}"))?;
    Ok(format!("{before}{BEGIN}\n\n{}\n\n{END}{after}", generated.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_wrote_around_the_figures_stays() {
        let page = format!("# Before\n\n{BEGIN}\nold\n{END}\n\nAfter.\n");
        let once = replace(&page, "new\n").expect("the comments are there");
        assert_eq!(once, format!("# Before\n\n{BEGIN}\n\nnew\n\n{END}\n\nAfter.\n"));
        assert_eq!(replace(&once, "new").expect("they still are"), once);
    }

    #[test]
    fn a_page_without_its_comments_is_not_written() {
        assert!(replace("# Page", "new").is_err());
        assert!(replace(&format!("{END} {BEGIN}"), "new").is_err());
    }
}
