/** A module whose one function multiplies and adds with relaxed SIMD: three zero vectors, f32x4.relaxed_madd, drop. */
const zeroVector = [0xfd, 0x0c, ...new Array<number>(16).fill(0)];
const body = [0x00, ...zeroVector, ...zeroVector, ...zeroVector, 0xfd, 0x85, 0x02, 0x1a, 0x0b];
const probe = [
  ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00], // magic, version 1
  ...[0x01, 0x04, 0x01, 0x60, 0x00, 0x00], // one type: () -> ()
  ...[0x03, 0x02, 0x01, 0x00], // one function of that type
  ...[0x0a, body.length + 2, 0x01, body.length, ...body],
];

/** Whether this engine has relaxed SIMD, i.e. fused multiply-add (Node 22 and browsers since 2023-2025). */
export function supportsRelaxedSimd(): boolean {
  return WebAssembly.validate(new Uint8Array(probe));
}
