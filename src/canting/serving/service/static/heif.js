// Recognise HEIC and AVIF by content: phones send them under other names and types as well.
const BRANDS = ["heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1", "avif", "avis"];

export async function isHeif(file) {
  try {
    const text = String.fromCharCode(...new Uint8Array(await file.slice(0, 64).arrayBuffer()));
    return text.slice(4, 8) === "ftyp" && BRANDS.some((brand) => text.slice(8).includes(brand));
  } catch {
    return false; // the browser cannot read it any more: sending it will say so
  }
}
