import { RondoError } from "../errors.js";

/**
 * The distinct characters (Unicode code points) of a text, each with a number: its place in code-point order. The same
 * characters always give the same numbers.
 *
 * @example
 * const vocabulary = CharacterVocabulary.of("banana");
 * vocabulary.encode("nab"); // Int32Array [2, 0, 1]
 */
export class CharacterVocabulary {
  readonly characters: readonly string[];
  private readonly ids: ReadonlyMap<number, number>;

  /** `characters` in the order of their numbers. Throws RondoError "value" when one repeats or is not one code point. */
  constructor(characters: readonly string[]) {
    this.characters = [...characters];
    this.ids = new Map(this.characters.map((character, id) => [character.codePointAt(0) ?? -1, id]));
    const odd = this.characters.find((c) => typeof c !== "string" || [...c].length !== 1);
    if (odd !== undefined || this.ids.size !== this.characters.length) {
      throw new RondoError("value", "these are not the characters of a vocabulary", {
        received: odd === undefined ? "a character that appears twice" : JSON.stringify(odd),
        expected: "distinct strings of one character each",
      });
    }
  }

  /** The vocabulary of a text. */
  static of(text: string): CharacterVocabulary {
    const points = new Set<number>();
    for (let i = 0; i < text.length; i++) {
      const point = text.codePointAt(i)!;
      points.add(point);
      if (point > 0xffff) i++;
    }
    return new CharacterVocabulary([...points].sort((a, b) => a - b).map((point) => String.fromCodePoint(point)));
  }

  get size(): number {
    return this.characters.length;
  }

  /** Characters of `text` that have no number, each once, in order of appearance. */
  unknownIn(text: string): string[] {
    return [...new Set(text)].filter((character) => !this.ids.has(character.codePointAt(0)!));
  }

  /** Leaves out the characters that have no number. */
  keepKnown(text: string): string {
    return [...text].filter((character) => this.ids.has(character.codePointAt(0)!)).join("");
  }

  /** Numbers of the characters. Throws RondoError "data" that names those without one. */
  encode(text: string): Int32Array {
    const ids = new Int32Array(text.length);
    let count = 0;
    for (let i = 0; i < text.length; i++) {
      const point = text.codePointAt(i)!;
      const id = this.ids.get(point);
      if (id === undefined) throw this.unknown(text);
      ids[count++] = id;
      if (point > 0xffff) i++;
    }
    return count === ids.length ? ids : ids.slice(0, count);
  }

  /** The text these numbers stand for. Throws RondoError "value" for numbers outside 0 … size - 1. */
  decode(ids: ArrayLike<number>): string {
    return Array.from(ids, (id) => this.character(id)).join("");
  }

  /** The character with this number. */
  character(id: number): string {
    const character = this.characters[id];
    if (character === undefined) {
      throw new RondoError("value", "no character has this number", {
        received: String(id),
        expected: `0 to ${this.size - 1}`,
      });
    }
    return character;
  }

  private unknown(text: string): RondoError {
    const missing = this.unknownIn(text);
    const shown = missing.slice(0, 10).map((character) => JSON.stringify(character));
    const more = missing.length > shown.length ? ` and ${missing.length - shown.length} more` : "";
    return new RondoError("data", "the text has characters the vocabulary does not know", {
      received: shown.join(", ") + more,
      expected: `the ${this.size} characters the model was trained on: ${preview(this.characters)}`,
      fix: "leave these characters out, or train on a text that has them",
    });
  }
}

function preview(characters: readonly string[]): string {
  const shown = characters.slice(0, 80).join("");
  return JSON.stringify(shown) + (characters.length > 80 ? " …" : "");
}
