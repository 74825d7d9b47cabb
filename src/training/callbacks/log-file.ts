import { RondoError } from "../../errors.js";
import { files } from "../../util/files.js";

/** The text of a file, empty when there is none. Throws RondoError "file" when there is one that cannot be read. */
export async function readIfAny(path: string): Promise<string> {
  return new TextDecoder().decode((await readBytesIfAny(path)) ?? new Uint8Array());
}

/** The bytes of a file, null when there is none. Throws RondoError "file" when there is one that cannot be read. */
export async function readBytesIfAny(path: string): Promise<Uint8Array | null> {
  try {
    return await files().read(path);
  } catch (error) {
    const missing = error instanceof RondoError && (error.cause as { code?: unknown } | undefined)?.code === "ENOENT";
    if (missing) return null;
    throw error;
  }
}
