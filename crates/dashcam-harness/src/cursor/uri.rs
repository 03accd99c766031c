//! Folders that Cursor writes as addresses.

/// The path of a `file:` address, or of a remote one. What is no address is a
/// path already.
pub(super) fn path(uri: &str) -> String {
    let Some((scheme, rest)) = uri.split_once("://") else {
        return uri.to_owned();
    };
    // `file:///home/dev`, `vscode-remote://wsl+ubuntu/home/dev`.
    let path = rest.find('/').map_or("", |slash| &rest[slash..]);
    let path = decoded(path);
    // `file:///c%3A/work`.
    let drive = path.as_bytes();
    if scheme == "file" && drive.len() > 2 && drive[2] == b':' && drive[1].is_ascii_alphabetic() {
        return path[1..].to_owned();
    }
    path
}

fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let digits = bytes
            .get(at + 1..at + 3)
            .and_then(|digits| std::str::from_utf8(digits).ok());
        let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match (bytes[at], byte) {
            (b'%', Some(byte)) => {
                out.push(byte);
                at += 3;
            }
            (byte, _) => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::path;

    #[test]
    fn an_address_is_a_path() {
        for (uri, expected) in [
            ("file:///home/dev/my%20shop", "/home/dev/my shop"),
            ("file:///c%3A/work/shop", "c:/work/shop"),
            ("vscode-remote://wsl%2Bubuntu/home/dev", "/home/dev"),
            ("/home/dev", "/home/dev"),
            ("file:///a%", "/a%"),
            ("file://", ""),
        ] {
            assert_eq!(path(uri), expected, "{uri}");
        }
    }
}
