/* Pictures from a phone, made small enough for a weak network without losing what the camera wrote into them.
 *
 *   wangge.shrink(file) -> Promise<Blob>   at most 2,000 px along the longer edge, upright, with the Exif data of the
 *                                          original (its orientation reset, as the pixels are upright now); the file
 *                                          itself where that brings nothing or the browser cannot read it
 */
(function () {
  "use strict";
  const EDGE = 2000;
  const QUALITY = 0.85;
  const SMALL = 600 * 1024;

  async function shrink(file) {
    let image;
    try {
      image = await createImageBitmap(file, { imageOrientation: "from-image" });
    } catch (error) {
      return file;
    }
    try {
      const scale = Math.min(1, EDGE / Math.max(image.width, image.height));
      if (scale === 1 && file.size <= SMALL) return file;
      const canvas = document.createElement("canvas");
      canvas.width = Math.round(image.width * scale);
      canvas.height = Math.round(image.height * scale);
      canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
      const small = await new Promise((done) => canvas.toBlob(done, "image/jpeg", QUALITY));
      if (!small || small.size >= file.size) return file;
      const exif = exifOf(new Uint8Array(await file.slice(0, 256 * 1024).arrayBuffer()));
      return exif ? withExif(small, exif) : small;
    } catch (error) {
      return file;
    } finally {
      image.close();
    }
  }

  // The APP1 segment of a JPEG that holds Exif data, marker and length included; null if there is none.
  function exifOf(bytes) {
    if (bytes[0] !== 0xff || bytes[1] !== 0xd8) return null;
    let at = 2;
    while (at + 4 <= bytes.length && bytes[at] === 0xff) {
      const marker = bytes[at + 1];
      const length = bytes[at + 2] * 256 + bytes[at + 3];
      if (marker === 0xda || length < 2) return null;
      const isExif = marker === 0xe1 && String.fromCharCode(...bytes.subarray(at + 4, at + 8)) === "Exif";
      if (isExif && at + 2 + length <= bytes.length) return upright(bytes.slice(at, at + 2 + length));
      at += 2 + length;
    }
    return null;
  }

  // Tag 0x0112 in the first directory says how the camera was held; 1 is upright.
  function upright(segment) {
    const view = new DataView(segment.buffer, segment.byteOffset, segment.byteLength);
    const tiff = 10;
    try {
      const little = view.getUint16(tiff) === 0x4949;
      const first = tiff + view.getUint32(tiff + 4, little);
      const count = view.getUint16(first, little);
      for (let number = 0; number < count; number += 1) {
        const entry = first + 2 + 12 * number;
        if (view.getUint16(entry, little) === 0x0112) view.setUint16(entry + 8, 1, little);
      }
    } catch (error) {
      return null; // a broken directory is left behind
    }
    return segment;
  }

  async function withExif(jpeg, exif) {
    const bytes = new Uint8Array(await jpeg.arrayBuffer());
    return new Blob([bytes.subarray(0, 2), exif, bytes.subarray(2)], { type: "image/jpeg" });
  }

  window.wangge = Object.assign(window.wangge || {}, { shrink });
})();
