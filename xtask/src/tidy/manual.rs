//! Rules for the manual: every page can be reached, every link leads somewhere.

use super::Source;
use std::collections::BTreeSet;

/// Where the manual's pages lie.
const PAGES: &str = "docs/src/";

/// Checks the manual.
pub(super) fn check(sources: &[Source], complaints: &mut Vec<String>) {
    let pages: BTreeSet<&str> = sources
        .iter()
        .filter_map(|source| source.path.strip_prefix(PAGES))
        .filter(|path| is_page(path))
        .collect();
    let Some(contents) = sources
        .iter()
        .find(|source| source.path == format!("{PAGES}SUMMARY.md"))
    else {
        complaints.push(format!(
            "{PAGES}SUMMARY.md: the manual has no table of contents"
        ));
        return;
    };
    let linked: BTreeSet<String> = links(&contents.text).collect();
    for page in pages
        .iter()
        .filter(|page| **page != "SUMMARY.md" && !linked.contains(**page))
    {
        complaints.push(format!(
            "{PAGES}{page}: link it in SUMMARY.md, or nobody finds it"
        ));
    }
    for source in sources {
        let Some(page) = source.path.strip_prefix(PAGES).filter(|path| is_page(path)) else {
            continue;
        };
        let folder = page.rsplit_once('/').map_or("", |(folder, _)| folder);
        for link in links(&source.text).filter(|link| is_page(link)) {
            let target = resolve(folder, &link);
            if !pages.contains(target.as_str()) {
                complaints.push(format!("{}: the link to {link} leads nowhere", source.path));
            }
        }
    }
}

fn is_page(path: &str) -> bool {
    !path.contains("://")
        && path
            .rsplit_once('.')
            .is_some_and(|(_, extension)| extension == "md")
}

/// The targets of `[text](target)`, without anchors.
fn links(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split("](").skip(1).filter_map(|rest| {
        let target = rest.split(')').next()?;
        Some(target.split('#').next().unwrap_or(target).to_owned())
    })
}

fn resolve(folder: &str, link: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in link.split('/') {
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::tests::source;

    #[test]
    fn a_page_nobody_links_and_a_link_to_nowhere_are_found() {
        let sources = [
            source(
                "docs/src/SUMMARY.md",
                "- [One](one.md)\n- [Deep](deep/two.md)\n",
            ),
            source(
                "docs/src/one.md",
                "see [two](deep/two.md#part) and [none](none.md)\n",
            ),
            source(
                "docs/src/deep/two.md",
                "back to [one](../one.md), out to [web](https://example.com/a.md)\n",
            ),
            source("docs/src/lost.md", "nothing\n"),
        ];
        let mut complaints = Vec::new();
        check(&sources, &mut complaints);
        complaints.sort();
        assert_eq!(
            complaints,
            [
                "docs/src/lost.md: link it in SUMMARY.md, or nobody finds it",
                "docs/src/one.md: the link to none.md leads nowhere",
            ]
        );
    }
}
