import { RondoError } from "../errors.js";

const MAGIC = 0x534e4452; // "RDNS", little-endian
const VERSION = 1;

/**
 * What a stepper remembers between steps, as a value: keep it, copy it, send it, go back to it.
 *
 * @example const before = stepper.state; stepper.step(sample); stepper.rewind(before);
 */
export class StreamState {
  /** What the state belongs to: kinds and sizes of the recurrent layers. States fit where layouts are equal. */
  readonly layout: string;
  /** All states, one after the other. */
  readonly values: Float32Array;

  /** @internal Takes over `values`. */
  constructor(layout: string, values: Float32Array) {
    this.layout = layout;
    this.values = values;
  }

  /** The state as bytes: magic number, version, layout and values, all little-endian. */
  toBytes(): Uint8Array {
    const layout = new TextEncoder().encode(this.layout);
    const bytes = new Uint8Array(16 + layout.length + 4 * this.values.length);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, MAGIC, true);
    view.setUint32(4, VERSION, true);
    view.setUint32(8, layout.length, true);
    view.setUint32(12, this.values.length, true);
    bytes.set(layout, 16);
    for (const [i, value] of this.values.entries()) view.setFloat32(16 + layout.length + 4 * i, value, true);
    return bytes;
  }

  /**
   * The state that `toBytes` wrote. Throws RondoError "format" for anything else. Whether it fits a model is checked by
   * `Stepper.rewind`.
   */
  static fromBytes(bytes: Uint8Array): StreamState {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const bad = (received: string) =>
      new RondoError("format", "these bytes are not the state of a stream", {
        received,
        expected: "what StreamState.toBytes() returned",
      });
    if (bytes.length < 16 || view.getUint32(0, true) !== MAGIC) throw bad(`${bytes.length} bytes of something else`);
    if (view.getUint32(4, true) !== VERSION) throw bad(`version ${view.getUint32(4, true)}`);
    const layoutBytes = view.getUint32(8, true);
    const count = view.getUint32(12, true);
    const length = 16 + layoutBytes + 4 * count;
    if (bytes.length !== length) throw bad(`${bytes.length} bytes instead of ${length}: cut off or damaged`);
    const values = Float32Array.from({ length: count }, (_, i) => view.getFloat32(16 + layoutBytes + 4 * i, true));
    if (!values.every(Number.isFinite)) throw bad("values that are not finite");
    return new StreamState(new TextDecoder().decode(bytes.subarray(16, 16 + layoutBytes)), values);
  }
}
