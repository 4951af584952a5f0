/** FNV-1a: a seed of any text as 32 bits. */
export const seedOf = (text: string): number => {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
};

/** 32 even bits for each pair; the mixing steps are those of MurmurHash3. */
export const hash = (seed: number, index: number): number => {
  let bits = seed ^ Math.imul(index | 0, 0x9e3779b1);
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
};

const octaves = 9;
const shortestMs = 5_000;
const unit = 2 ** 31;

/**
 * A walk between -1 and 1 that is a function of time alone: steps of many lengths, each twice as high as the one that
 * is four times shorter, as a random walk's are. Only +, -, * and / on it, so every machine computes the same.
 */
export const walkAt = (seed: number, timeMs: number): number => {
  let sum = 0;
  let periodMs = shortestMs;
  for (let octave = 0; octave < octaves; octave += 1) {
    const index = Math.floor(timeMs / periodMs);
    const share = timeMs / periodMs - index;
    const from = hash(seed + octave, index) / unit - 1;
    const to = hash(seed + octave, index + 1) / unit - 1;
    sum = sum / 2 + from + (to - from) * share;
    periodMs *= 4;
  }
  return sum / 2;
};
