import { RondoError } from "../errors.js";

/** Files by path, as far as the library needs them; an entry point provides them where there are any. */
export interface Files {
  /** The whole file. Throws RondoError "file". */
  read(path: string): Promise<Uint8Array>;
  /**
   * Writes the whole file or nothing: whoever reads `path`, even after a crash, finds the old content or the new.
   * Throws RondoError "file".
   */
  write(path: string, bytes: Uint8Array): Promise<void>;
  /** Adds to the end of a file, making it and its folders where there are none. Throws RondoError "file". */
  append(path: string, bytes: Uint8Array): Promise<void>;
  /** Removes a file, if there is one. Throws RondoError "file". */
  remove(path: string): Promise<void>;
}

let current: Files | undefined;

/** Called once by an entry point. */
export function provideFiles(files: Files): void {
  current = files;
}

/** The files in use. Throws RondoError "file" where there are none, as in a browser. @internal */
export function files(): Files {
  if (current) return current;
  throw new RondoError("file", "there are no files here", {
    received: "a path, in a program without a file system",
    fix: "work on bytes instead: modelToBytes(model) and modelFromBytes(bytes)",
  });
}
