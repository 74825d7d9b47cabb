/** The parts of a comment. */
export interface Documentation {
  readonly text: string;
  /** [name, text] of every tag. */
  readonly tags: readonly (readonly [string, string])[];
}

export interface PublicName {
  readonly name: string;
  readonly file: string;
  readonly doc?: Documentation;
}

export const root: string;
export function tagsOf(doc: Documentation | undefined, name: string): string[];
export function firstSentence(doc: Documentation): string;
export function publicApi(entry?: string): (PublicName & {
  readonly kind: "function" | "class" | "type" | "value" | "table";
  readonly members?: readonly PublicName[];
})[];
