import { imageAddress } from "../api/client";
import type { Image } from "../api/vocabulary";
import { bytes } from "./format";

/** Images of a transcript, from the store only; those not kept are noted. */
export function TranscriptImages({ images }: { images: Image[] }) {
  if (images.length === 0) return null;
  return (
    <div className="images">
      {images.map((image, index) =>
        image.id ? (
          <a key={index} href={imageAddress(image.id)} target="_blank" rel="noopener noreferrer">
            <img
              src={imageAddress(image.id)}
              alt={`${image.media_type}, ${bytes(image.bytes)}`}
              loading="lazy"
              width={240}
              height={150}
            />
          </a>
        ) : (
          <span key={index} className="tag">
            {image.media_type}, {bytes(image.bytes)}, not kept
          </span>
        ),
      )}
    </div>
  );
}
