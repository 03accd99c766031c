//! Images inside transcripts.

use crate::Decoded;
use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use dashcam_trace::Image;

/// Standard base64 with or without its padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Keeps an image that is written in base64. If it is not valid base64, the
/// image is only noted, with the size that so many digits would have.
pub(crate) fn keep_base64(decoded: &mut Decoded, media_type: &str, data: &str) -> Image {
    match BASE64.decode(data) {
        Ok(bytes) => decoded.keep_image(media_type, bytes),
        Err(_) => note(media_type, data.len() as u64 / 4 * 3),
    }
}

/// Keeps an image that is written as a `data:` address; any other address is
/// only noted.
pub(crate) fn keep_url(decoded: &mut Decoded, url: &str) -> Image {
    let inline = url
        .strip_prefix("data:")
        .and_then(|rest| rest.split_once(";base64,"));
    match inline {
        Some((media_type, data)) => keep_base64(decoded, media_type, data),
        None => note("image/*", 0),
    }
}

/// An image whose bytes the evidence does not hold.
pub(crate) fn note(media_type: &str, bytes: u64) -> Image {
    Image {
        media_type: media_type.to_owned(),
        bytes,
        id: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_kept_beside_the_session_once() {
        let mut decoded = Decoded::default();
        let image = keep_base64(&mut decoded, "image/png", "AAEC");
        assert_eq!(keep_url(&mut decoded, "data:image/png;base64,AAEC"), image);
        assert_eq!((image.bytes, image.id.is_some()), (3, true));
        assert_eq!(decoded.images.len(), 1);
        assert_eq!(decoded.images[0].bytes, [0, 1, 2]);
    }

    #[test]
    fn bad_base64_is_noted_without_bytes() {
        let mut decoded = Decoded::default();
        let image = keep_base64(&mut decoded, "image/png", "not base64 at all!!!");
        assert_eq!((image.bytes, image.id), (15, None));
        assert_eq!(keep_url(&mut decoded, "https://example.com/a.png").id, None);
        assert!(decoded.images.is_empty());
    }
}
