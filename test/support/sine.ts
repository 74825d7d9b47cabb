/** Numbers without pattern and without chance: amplitude · sin(1.7 i + 0.37 i² + phase), as in test/golden. */
export function numbersLike(count: number, phase: number, amplitude = 1): number[] {
  return Array.from({ length: count }, (_, i) => amplitude * Math.sin(1.7 * i + 0.37 * i * i + phase));
}
