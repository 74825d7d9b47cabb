import { RondoError } from "../errors.js";

/** JavaScript engines hold no longer strings (V8: 2^29 - 24 UTF-16 units). */
export const longestText = 2 ** 29 - 24;

/**
 * Text from the bytes of a UTF-8 file: a byte-order mark is dropped and every line ends in "\n".
 *
 * Throws RondoError "data" for empty, binary and wrongly encoded files, naming the first byte at fault. `name` is the
 * file's, for messages.
 *
 * @example decodeText(await readFile("book.txt"), "book.txt")
 */
export function decodeText(bytes: Uint8Array, name: string): string {
  if (bytes.length === 0) {
    throw new RondoError("data", "the file is empty", {
      path: name,
      received: "0 bytes",
      expected: "text",
      fix: "check that it was written, or name another file",
    });
  }
  if (bytes.length > longestText) {
    throw new RondoError("data", "the file is too large to be read as one text", {
      path: name,
      received: `${bytes.length} bytes`,
      expected: `at most ${longestText}`,
      fix: "train on a part of it",
    });
  }
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) {
    throw notUtf8(name, "the byte-order mark of UTF-16", `iconv -f UTF-16 -t UTF-8 "${name}" > utf8.txt`);
  }
  const zero = bytes.indexOf(0);
  if (zero >= 0) {
    throw new RondoError("data", "this is a binary file, not text", {
      path: name,
      received: `a zero byte at offset ${zero}`,
      expected: "UTF-8 text",
      fix: "name a text file; convert documents (PDF, DOCX, EPUB) to .txt first",
    });
  }
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    const at = firstInvalid(bytes);
    const line = bytes.subarray(0, at).reduce((lines, byte) => lines + (byte === 10 ? 1 : 0), 1);
    const shown = bytes[at]!.toString(16).padStart(2, "0");
    const received = `byte 0x${shown} at offset ${at} (line ${line})`;
    throw notUtf8(name, received, `iconv -f WINDOWS-1252 -t UTF-8 "${name}" > utf8.txt, if that is its encoding`);
  }
  return text.replace(/\r\n?/g, "\n");
}

function notUtf8(path: string, received: string, convert: string): RondoError {
  return new RondoError("data", "the file is not UTF-8 text", {
    path,
    received,
    expected: "UTF-8",
    fix: `convert it, for example: ${convert}`,
  });
}

/** Offset of the first sequence that UTF-8 does not allow (RFC 3629). The bytes must hold one. */
function firstInvalid(bytes: Uint8Array): number {
  let at = 0;
  while (at < bytes.length) {
    const lead = bytes[at]!;
    const length = lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
    if (length === 0) return at;
    for (let i = 1; i < length; i++) {
      const byte = bytes[at + i];
      // Overlong forms, surrogates and code points past U+10FFFF are told by the second byte.
      const low = i > 1 ? 0x80 : lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
      const high = i > 1 ? 0xbf : lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
      if (byte === undefined || byte < low || byte > high) return at;
    }
    at += length;
  }
  return at;
}
