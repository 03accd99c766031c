//! How projects are named.

/// What sessions outside any folder are filed under.
const UNKNOWN: &str = "unknown";

/// The name of a session's project: the last part of the repository's remote,
/// or else of the working directory.
pub fn project_name(cwd: Option<&str>, remote: Option<&str>) -> String {
    remote
        .and_then(|remote| {
            let name = last_part(remote, &['/', ':', '\\'])?;
            Some(
                name.strip_suffix(".git")
                    .filter(|name| !name.is_empty())
                    .unwrap_or(name),
            )
        })
        .or_else(|| cwd.and_then(|cwd| last_part(cwd, &['/', '\\']).or(Some(cwd.trim()))))
        .filter(|name| !name.is_empty())
        .unwrap_or(UNKNOWN)
        .to_owned()
}

fn last_part<'a>(text: &'a str, separators: &[char]) -> Option<&'a str> {
    text.trim()
        .trim_end_matches(separators)
        .rsplit(separators)
        .next()
        .filter(|part| !part.is_empty())
}

#[cfg(test)]
mod tests {
    use super::project_name;

    #[test]
    fn the_remote_names_the_project_before_the_folder_does() {
        let cwd = Some("/home/kim/work/checkout-2");
        assert_eq!(
            project_name(cwd, Some("git@github.com:acme/shop.git")),
            "shop"
        );
        assert_eq!(
            project_name(cwd, Some("https://github.com/acme/shop")),
            "shop"
        );
        assert_eq!(
            project_name(cwd, Some("https://github.com/acme/shop.git/")),
            "shop"
        );
        assert_eq!(project_name(cwd, Some("host:shop.git")), "shop");
        assert_eq!(project_name(cwd, None), "checkout-2");
    }

    #[test]
    fn odd_folders_still_have_names() {
        assert_eq!(project_name(Some(r"C:\Users\kim\shop\"), None), "shop");
        assert_eq!(project_name(Some("/"), None), "/");
        assert_eq!(project_name(Some(""), Some(" ")), "unknown");
        assert_eq!(project_name(None, None), "unknown");
    }
}
